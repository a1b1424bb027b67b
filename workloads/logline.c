/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workloads/logline.h"

#include <stdbool.h>
#include <string.h>

/* Bodies beyond this are no bodies. */
#define MAX_BYTES 1000000000000000

const char *const logline_why_text[LOGLINE_WHYS] = {
    [LOGLINE_OK] = "a good line",
    [LOGLINE_SILENT] = "no request was sent",
    [LOGLINE_EMPTY] = "the line is empty",
    [LOGLINE_NO_HOST] = "no client address in front",
    [LOGLINE_NO_TIME] = "no time stamp in brackets",
    [LOGLINE_BAD_TIME] = ("the time stamp is not of the form "
                          "[01/Jul/1995:00:00:01 -0400]"),
    [LOGLINE_NO_REQUEST] = "no request in quotes with a status behind it",
    [LOGLINE_BAD_STATUS] = "the status is not three digits",
    [LOGLINE_BAD_BYTES] = "the size is neither a number nor \"-\"",
    [LOGLINE_NUL] = "a NUL byte: not a text file?",
    [LOGLINE_LONG] = "the line is longer than 65536 bytes",
    [LOGLINE_OTHER] = "not what log_format says comes here",
    [LOGLINE_BAD_NUMBER] = "log_format says that a number comes here",
};

/* Multiplication and fold of 8 bytes at a time. */
uint64_t logline_hash(const char *s, size_t n)
{
    uint64_t h = 0x9e3779b97f4a7c15u ^ n;
    while (n > 0) {
        uint64_t w = 0;
        size_t k = n < 8 ? n : 8;
        memcpy(&w, s, k);
        h = (h ^ w) * 0xd6e8feb86659fd93u;
        h ^= h >> 32;
        s += k;
        n -= k;
    }
    h *= 0xd6e8feb86659fd93u;
    h ^= h >> 29;
    return h ? h : 1;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Two digits, or something >= 100. */
static unsigned two(const char *s)
{
    unsigned a = (unsigned)(s[0] - '0'), b = (unsigned)(s[1] - '0');
    return a > 9 || b > 9 ? 100 : a * 10 + b;
}

/* 1 ... 12 in English, the only language logs are written in; else 0. */
unsigned logline_month(const char *s)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (unsigned i = 0; i < 12; i++) {
        if (memcmp(s, names + 3 * i, 3) == 0)
            return i + 1;
    }
    return 0;
}

static bool leap(unsigned y)
{
    return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

/* Days from 1970-01-01 to the first of a month, in the Gregorian calendar. */
static int64_t days_to(unsigned y, unsigned m)
{
    static const short before[] = { 0,   31,  59,  90,  120, 151,
                                    181, 212, 243, 273, 304, 334 };
    int64_t p = (int64_t)y - 1;
    return p * 365 + p / 4 - p / 100 + p / 400 - 719162 + before[m - 1] +
           (m > 2 && leap(y));
}

bool logline_date(unsigned year, unsigned month, unsigned day, unsigned hour,
                  unsigned minute, unsigned second, int64_t *t)
{
    static const char days[] = {
        31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
    };
    if (year < 1700 || year > 2199 || month == 0 || month > 12 || day == 0 ||
        day > (unsigned)days[month - 1] + (month == 2 && leap(year)))
        return false;
    if (hour > 23 || minute > 59 || second > 60)
        return false;
    *t = (days_to(year, month) + day - 1) * 86400 + hour * 3600 + minute * 60 +
         second;
    return true;
}

bool logline_stamp(const char *s, int64_t *t)
{
    unsigned zh = two(s + 22), zm = two(s + 24);
    int64_t zone;
    if (s[2] != '/' || s[6] != '/' || s[11] != ':' || s[14] != ':' ||
        s[17] != ':' || s[20] != ' ' || (s[21] != '+' && s[21] != '-'))
        return false;
    if (two(s + 7) > 99 || two(s + 9) > 99 || zh > 15 || zm > 59 ||
        !logline_date(two(s + 7) * 100 + two(s + 9), logline_month(s + 3),
                      two(s), two(s + 12), two(s + 15), two(s + 18), t))
        return false;
    zone = (int64_t)(zh * 3600 + zm * 60);
    *t += s[21] == '-' ? zone : -zone;
    return true;
}

/* Is Q, a quote, followed by a space and a status? */
static bool ends_request(const char *q, const char *end)
{
    if (end - q < 3 || q[1] != ' ')
        return false;
    if (q[2] == '-')
        return end - q == 3 || q[3] == ' ';
    return end - q >= 5 && is_digit(q[2]) && is_digit(q[3]) && is_digit(q[4]) &&
           (end - q == 5 || q[5] == ' ');
}

/* The quote that closes the request that begins at S. Servers that escape
 * leave no bare quote inside; older ones did, and backslashes before the
 * closing one, hence the second look. */
static const char *closing_quote(const char *s, const char *end)
{
    for (int escapes = 1; escapes >= 0; escapes--) {
        const char *q = s;
        while ((q = memchr(q, '"', (size_t)(end - q))) != NULL) {
            const char *b = q;
            while (b > s && b[-1] == '\\')
                b--;
            if ((!escapes || (q - b) % 2 == 0) && ends_request(q, end))
                return q;
            q++;
        }
    }
    return NULL;
}

int logline_protocol(const char *s, const char *end)
{
    const char *p = memrchr(s, ' ', (size_t)(end - s));
    if (!p || end - p < 7 || memcmp(p + 1, "HTTP/", 5) != 0 || !is_digit(p[6]))
        return 9;
    if (end - p >= 9 && p[7] == '.' && is_digit(p[8]))
        return (p[6] - '0') * 10 + (p[8] - '0');
    return (p[6] - '0') * 10;
}

bool logline_uploads(const char *s, const char *end)
{
    static const char *const methods[] = { "POST ", "PUT ", "PATCH " };
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        size_t n = strlen(methods[i]);
        if ((size_t)(end - s) >= n && memcmp(s, methods[i], n) == 0)
            return true;
    }
    return false;
}

static enum logline_why bad(struct logline *out, const char *text,
                            const char *at, enum logline_why why)
{
    out->column = (size_t)(at - text) + 1;
    return why;
}

enum logline_why logline_parse(const char *text, size_t len,
                               struct logline *out)
{
    const char *end = text + len, *s, *q;
    bool silent;

    *out = (struct logline)LOGLINE_UNTOLD;
    if (len == 0)
        return bad(out, text, text, LOGLINE_EMPTY);
    s = memchr(text, ' ', len);
    if (!s || s == text)
        return bad(out, text, text, LOGLINE_NO_HOST);
    out->host = logline_hash(text, (size_t)(s - text));

    /* ident and user lie between; a user may hold anything but " [" */
    for (;;) {
        s = memchr(s, '[', (size_t)(end - s));
        if (!s)
            return bad(out, text, text, LOGLINE_NO_TIME);
        if (s[-1] == ' ')
            break;
        s++;
    }
    if (end - s < 28 || s[27] != ']' || !logline_stamp(s + 1, &out->t))
        return bad(out, text, s, LOGLINE_BAD_TIME);
    s += 28;
    if (end - s < 2 || s[0] != ' ' || s[1] != '"')
        return bad(out, text, s, LOGLINE_NO_REQUEST);
    s += 2;
    q = closing_quote(s, end);
    if (!q)
        return bad(out, text, s, LOGLINE_NO_REQUEST);
    silent = q == s || (q == s + 1 && *s == '-');
    out->http = logline_protocol(s, q);

    s = q + 2;
    if (*s == '-') {
        if (!silent)
            return bad(out, text, s, LOGLINE_BAD_STATUS);
        out->status = 0;
        s++;
    } else {
        out->status = (s[0] - '0') * 100 + (s[1] - '0') * 10 + (s[2] - '0');
        if (out->status < 100 || out->status > 599)
            return bad(out, text, s, LOGLINE_BAD_STATUS);
        s += 3;
    }
    if (end - s < 2)
        return bad(out, text, s, LOGLINE_BAD_BYTES);
    q = ++s; /* behind the space */
    out->bytes = 0;
    if (*s == '-') {
        s++;
    } else {
        for (; s < end && is_digit(*s) && out->bytes < MAX_BYTES; s++)
            out->bytes = out->bytes * 10 + (*s - '0');
        if (s == q)
            return bad(out, text, q, LOGLINE_BAD_BYTES);
    }
    if (s < end && *s != ' ')
        return bad(out, text, q, LOGLINE_BAD_BYTES);
    return silent ? LOGLINE_SILENT : LOGLINE_OK;
}
