/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/simtime.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

__extension__ typedef unsigned __int128 wide;

struct unit {
    const char *name;
    simtime_t ns;
    bool fraction; /* simtime_format() writes fractions of it */
};

/* Largest first. */
static const struct unit units[] = {
    { "d", 86400 * SIM_S, false }, { "h", 3600 * SIM_S, false },
    { "min", 60 * SIM_S, false },  { "s", SIM_S, true },
    { "ms", SIM_MS, true },        { "us", SIM_US, true },
    { "ns", SIM_NS, true },
};
#define UNITS (sizeof units / sizeof *units)

static const struct unit *find_unit(const char *name)
{
    for (size_t i = 0; i < UNITS; i++)
        if (strcmp(name, units[i].name) == 0)
            return &units[i];
    return NULL;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* More decimals than this, the last not 0, are never whole nanoseconds: the
 * largest unit, a day, is 2^16 5^11 27 ns. */
#define MAX_DECIMALS 16

bool simtime_parse(const char *text, simtime_t *t)
{
    const char *s = text;
    bool negative = *s == '-';
    if (*s == '-' || *s == '+')
        s++;

    uint64_t whole = 0, part = 0, scale = 1;
    const char *digits = s;
    for (; is_digit(*s); s++)
        if (__builtin_mul_overflow(whole, 10u, &whole) ||
            __builtin_add_overflow(whole, (uint64_t)(*s - '0'), &whole))
            return false;
    if (s == digits)
        return false;
    if (*s == '.') {
        const char *first = ++s;
        while (is_digit(*s))
            s++;
        if (s == first)
            return false;
        const char *last = s;
        while (last > first && last[-1] == '0')
            last--;
        if (last - first > MAX_DECIMALS)
            return false;
        for (const char *p = first; p < last; p++) {
            part = part * 10 + (uint64_t)(*p - '0');
            scale *= 10;
        }
    }

    const struct unit *u = find_unit(s);
    if (!u) {
        if (*s || whole || part)
            return false;
        *t = 0;
        return true;
    }
    wide fraction = (wide)part * (wide)u->ns;
    if (fraction % scale != 0)
        return false;
    wide ns = (wide)whole * (wide)u->ns + fraction / scale;
    if (ns >= (wide)SIM_NEVER) /* SIM_NEVER is no time of a file */
        return false;
    *t = negative ? -(simtime_t)ns : (simtime_t)ns;
    return true;
}

char *simtime_format(simtime_t t, char *buf, size_t size)
{
    if (t == SIM_NEVER) {
        snprintf(buf, size, "never");
        return buf;
    }
    if (t == 0) {
        snprintf(buf, size, "0s");
        return buf;
    }
    uint64_t ns = t < 0 ? 0 - (uint64_t)t : (uint64_t)t;
    const struct unit *u = units;
    while (ns < (uint64_t)u->ns || (!u->fraction && ns % (uint64_t)u->ns))
        u++;
    unsigned long long whole = ns / (uint64_t)u->ns;
    unsigned long long part = ns % (uint64_t)u->ns;
    const char *sign = t < 0 ? "-" : "";
    if (part == 0) {
        snprintf(buf, size, "%s%llu%s", sign, whole, u->name);
        return buf;
    }
    int decimals = 0;
    for (simtime_t k = u->ns; k > 1; k /= 10)
        decimals++;
    while (part % 10 == 0) {
        part /= 10;
        decimals--;
    }
    snprintf(buf, size, "%s%llu.%0*llu%s", sign, whole, decimals, part,
             u->name);
    return buf;
}

simtime_t simtime_from_s(double s)
{
    double ns = s * 1e9;
    if (!(ns < 0x1p63))
        return SIM_NEVER; /* also not-a-number */
    if (ns <= -0x1p63)
        return -SIM_NEVER;
    return (simtime_t)llrint(ns);
}

double simtime_to_s(simtime_t t)
{
    return (double)t * 1e-9;
}
