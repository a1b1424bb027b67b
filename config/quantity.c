/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/quantity.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "server/settings.h"
#include "sim/simtime.h"

struct unit {
    const char *name;
    double factor;
};

/* Reads the number at the head of TEXT; the rest of it, or NULL. Only the
 * characters of a decimal number are given to strtod(). */
static const char *number(const char *text, double *value)
{
    char buf[64];
    size_t n = strspn(text, "+-.0123456789");
    char *end;

    if ((text[n] == 'e' || text[n] == 'E') && n > 0) {
        size_t more = strspn(text + n + 1, "+-0123456789");
        if (more > 0)
            n += 1 + more;
    }
    if (n == 0 || n >= sizeof buf)
        return NULL;
    memcpy(buf, text, n);
    buf[n] = '\0';
    *value = strtod(buf, &end);
    return *end == '\0' && isfinite(*value) ? text + n : NULL;
}

static bool with_unit(const char *text, const struct unit *units, double *out)
{
    double value;
    const char *rest = number(text, &value);

    if (rest == NULL)
        return false;
    if (*rest == '\0' && value == 0) {
        *out = 0;
        return true;
    }
    for (; units->name != NULL; units++) {
        if (strcmp(rest, units->name) == 0) {
            *out = value * units->factor;
            return true;
        }
    }
    return false;
}

bool quantity_number(const char *text, double *value)
{
    const char *rest = number(text, value);

    return rest != NULL && *rest == '\0';
}

bool quantity_rate(const char *text, double *per_s)
{
    static const struct unit units[] = {
        { "/s", 1 },           { "/min", 1.0 / 60 }, { "/h", 1.0 / 3600 },
        { "/d", 1.0 / 86400 }, { NULL, 0 },
    };

    return with_unit(text, units, per_s);
}

bool quantity_byterate(const char *text, double *bytes_per_s)
{
    static const struct unit units[] = {
        { "B/s", 1 },         { "kB/s", 1e3 },         { "KB/s", 1e3 },
        { "MB/s", 1e6 },      { "GB/s", 1e9 },         { "KiB/s", 1024 },
        { "MiB/s", 1048576 }, { "GiB/s", 1073741824 }, { "bit/s", 0.125 },
        { "kbit/s", 125 },    { "Mbit/s", 125e3 },     { "Gbit/s", 125e6 },
        { NULL, 0 },
    };

    return with_unit(text, units, bytes_per_s);
}

bool quantity_any(const char *text, double *value)
{
    static const struct unit percent[] = { { "%", 0.01 }, { NULL, 0 } };
    simtime_t t;
    int64_t bytes;

    if (quantity_number(text, value) || quantity_rate(text, value) ||
        quantity_byterate(text, value) || with_unit(text, percent, value))
        return true;
    if (simtime_parse(text, &t)) {
        *value = simtime_to_s(t);
        return true;
    }
    if (size_parse(text, &bytes)) {
        *value = (double)bytes;
        return true;
    }
    return false;
}
