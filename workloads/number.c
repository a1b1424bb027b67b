/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workloads/number.h"

#include <stdbool.h>

/* More digits than these cannot change a result that fits 64 bits. */
#define DIGITS 18

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The exponent behind an 'e', all of it; false when it is none. */
static bool parse_exponent(const char *s, const char *end, int *exponent)
{
    bool minus = false;
    int x = 0;
    if (s < end && (*s == '-' || *s == '+'))
        minus = *s++ == '-';
    if (s == end)
        return false;
    for (; s < end; s++) {
        if (!is_digit(*s))
            return false;
        if (x < 10000)
            x = x * 10 + (*s - '0');
    }
    *exponent = minus ? -x : x;
    return true;
}

/* M x 10^X, rounded; INT64_MAX is beyond the range. */
static int64_t scaled(int64_t m, int x)
{
    for (; x > 0 && m > 0; x--) {
        if (__builtin_mul_overflow(m, (int64_t)10, &m))
            return INT64_MAX;
    }
    for (; x < -1 && m > 0; x++)
        m /= 10;
    return x < 0 ? (m + 5) / 10 : m;
}

enum number_fault number_parse(const char *text, size_t len, int scale,
                               int64_t *out)
{
    const char *s = text, *end = text + len;
    int64_t m = 0;
    int digits = 0, x = 0, exponent = 0;
    bool minus = false, any = false, point = false;

    if (s == end)
        return NUMBER_EMPTY;
    if (*s == '-' || *s == '+')
        minus = *s++ == '-';
    for (; s < end; s++) {
        if (*s == '.' && !point) {
            point = true;
            continue;
        }
        if (!is_digit(*s))
            break;
        any = true;
        if (digits < DIGITS) {
            m = m * 10 + (*s - '0');
            digits += m > 0;
            x -= point;
        } else {
            x += !point;
        }
        if (x > 10000 || x < -10000)
            return NUMBER_BAD;
    }
    if (!any)
        return NUMBER_BAD;
    if (s < end) {
        if ((*s != 'e' && *s != 'E') || !parse_exponent(s + 1, end, &exponent))
            return NUMBER_BAD;
    }
    if (minus && m > 0)
        return NUMBER_NEGATIVE;
    m = scaled(m, x + exponent + scale);
    if (m == INT64_MAX)
        return NUMBER_LARGE;
    *out = m;
    return NUMBER_OK;
}

const char *number_fault_text(enum number_fault f)
{
    switch (f) {
    case NUMBER_EMPTY:
        return "is missing";
    case NUMBER_BAD:
        return "is not a number";
    case NUMBER_NEGATIVE:
        return "must not be negative";
    case NUMBER_LARGE:
        return "is too large";
    case NUMBER_OK:
    default:
        return "is right";
    }
}
