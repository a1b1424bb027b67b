/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outputs/num.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Splits |v| into its decimal digits (no sign, no point) and the exponent of
 * the first. printf rounds exactly; whatever the locale puts between the first
 * digit and the second is passed over. */
static int decimal_digits(double v, int digits, char *out)
{
    char text[NUM_SIZE];
    snprintf(text, sizeof text, "%.*e", digits - 1, fabs(v));
    int n = 0;
    const char *p = text;
    for (; *p != '\0' && *p != 'e'; p++)
        if (*p >= '0' && *p <= '9')
            out[n++] = *p;
    while (n > 1 && out[n - 1] == '0')
        n--;
    out[n] = '\0';
    return *p == 'e' ? (int)strtol(p + 1, NULL, 10) : 0;
}

char *num_digits(double v, int digits, char *buf)
{
    char dig[NUM_SIZE];
    int exp = decimal_digits(v, digits, dig);
    int n = (int)strlen(dig);
    char *p = buf;

    if (dig[0] == '0') { /* also -0 */
        strcpy(buf, "0");
        return buf;
    }
    if (v < 0)
        *p++ = '-';
    if (exp < -7 || exp > 17) {
        *p++ = dig[0];
        if (n > 1) {
            *p++ = '.';
            memcpy(p, dig + 1, (size_t)(n - 1));
            p += n - 1;
        }
        sprintf(p, "e%c%02d", exp < 0 ? '-' : '+', abs(exp));
        return buf;
    }
    if (exp < 0) {
        *p++ = '0';
        *p++ = '.';
        for (int i = -1; i > exp; i--)
            *p++ = '0';
        memcpy(p, dig, (size_t)n);
        p += n;
    } else {
        for (int i = 0; i < n || i <= exp; i++) {
            if (i == exp + 1)
                *p++ = '.';
            *p++ = i < n ? dig[i] : '0';
        }
    }
    *p = '\0';
    return buf;
}

char *num_stat(double v, char *buf)
{
    return num_digits(v, 6, buf);
}

char *num_count(double v, char *buf)
{
    if (fabs(v) < 1e15 && v == trunc(v))
        return num_int((int64_t)v, buf);
    if (fabs(v) >= 1e5 && fabs(v) < 1e15)
        return num_int((int64_t)round(v), buf);
    return num_stat(v, buf);
}

char *num_int(int64_t v, char *buf)
{
    char rev[24];
    int n = 0;
    char *p = buf;
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

    do
        rev[n++] = (char)('0' + u % 10);
    while ((u /= 10) != 0);
    if (v < 0)
        *p++ = '-';
    while (n > 0)
        *p++ = rev[--n];
    *p = '\0';
    return buf;
}

char *num_time(simtime_t t, int decimals, char *buf)
{
    static const uint64_t pow10[] = { 1,         10,        100,     1000,
                                      10000,     100000,    1000000, 10000000,
                                      100000000, 1000000000 };
    uint64_t unit = pow10[9 - decimals];
    uint64_t u = t < 0 ? 0 - (uint64_t)t : (uint64_t)t;
    /* half up on the axis: -0.5 goes to 0, 0.5 to 1 */
    u = t < 0 ? (u + (unit - 1) / 2) / unit : (u + unit / 2) / unit;
    char *p = buf;

    if (t < 0 && u != 0)
        *p++ = '-';
    num_int((int64_t)(u / pow10[decimals]), p);
    if (decimals > 0) {
        p += strlen(p);
        *p++ = '.';
        uint64_t frac = u % pow10[decimals];
        for (int i = decimals - 1; i >= 0; i--) {
            p[i] = (char)('0' + frac % 10);
            frac /= 10;
        }
        p[decimals] = '\0';
    }
    return buf;
}

char *num_time_exact(simtime_t t, int decimals, char *buf)
{
    num_time(t, 9, buf);
    size_t len = strlen(buf);
    for (int d = 9; d > decimals && buf[len - 1] == '0'; d--)
        buf[--len] = '\0';
    if (buf[len - 1] == '.')
        buf[--len] = '\0';
    return buf;
}

/* V with 3 significant digits, but no digit lost before the decimal point. */
static char *three_digits(double v, char *buf)
{
    return num_digits(v, fabs(v) >= 1000 ? (int)log10(fabs(v)) + 1 : 3, buf);
}

char *num_duration(double seconds, char *buf)
{
    static const struct {
        double scale;
        const char *unit;
    } units[] = { { 1, " s" }, { 1e3, " ms" }, { 1e6, " us" } };

    if (isnan(seconds)) {
        strcpy(buf, "-");
        return buf;
    }
    if (seconds == 0) {
        strcpy(buf, "0 s");
        return buf;
    }
    size_t i = 0;
    /* 0.9996 s would be shown as 1,000 ms */
    while (i < 2 && fabs(seconds) * units[i].scale < 0.9995)
        i++;
    three_digits(seconds * units[i].scale, buf);
    strcat(buf, units[i].unit);
    return buf;
}

char *num_bytes(double bytes, char *buf)
{
    static const char *const units[] = { " B", " KiB", " MiB", " GiB", " TiB" };
    if (isnan(bytes)) {
        strcpy(buf, "-");
        return buf;
    }
    size_t i = 0;
    while (i < 4 && fabs(bytes) >= 1023.5) {
        bytes /= 1024;
        i++;
    }
    three_digits(bytes, buf);
    strcat(buf, units[i]);
    return buf;
}
