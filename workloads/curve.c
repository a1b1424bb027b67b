/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workloads/curve.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "workloads/number.h"

#define MAX_POINTS 1000

static struct curve *curve_new(size_t n, bool straight, simtime_t period,
                               struct arena *a)
{
    struct curve *c = arena_alloc(a, sizeof *c);
    c->t = arena_alloc(a, (n + 1) * sizeof *c->t);
    c->f = arena_alloc(a, (n + 1) * sizeof *c->f);
    c->straight = straight;
    c->period = (double)period;
    return c;
}

/* "30s 4" without blanks around it. */
static bool add_point(struct curve *c, const char *s, size_t len, struct err *e)
{
    char text[64];
    size_t n = 0;
    simtime_t t;
    int64_t f;
    while (n < len && s[n] != ' ')
        n++;
    snprintf(text, sizeof text, "%.*s", (int)(n < 60 ? n : 60), s);
    while (n < len && s[n] == ' ')
        n++;
    if (!simtime_parse(text, &t) || t < 0)
        return err_set(e, ERR_CONTENT,
                       "points: \"%s\" is no time; points are pairs of a time "
                       "and a factor: \"0s 1, 30s 4, 1min 1\"",
                       text);
    if (number_parse(s + n, len - n, 9, &f) != NUMBER_OK)
        return err_set(e, ERR_CONTENT,
                       "points: no factor behind \"%s\"; points are pairs of a "
                       "time and a factor: \"0s 1, 30s 4, 1min 1\"",
                       text);
    if (c->n == 0 && t != 0)
        return err_set(e, ERR_CONTENT, "points: the first time must be 0s");
    if (c->n > 0 && (double)t < c->t[c->n - 1])
        return err_set(e, ERR_CONTENT,
                       "points: %s comes before the time in front of it", text);
    c->t[c->n] = (double)t;
    c->f[c->n++] = (double)f * 1e-9;
    return true;
}

struct curve *curve_parse(const char *text, bool straight, simtime_t period,
                          struct arena *a, struct err *e)
{
    struct curve *c;
    size_t n = 1;
    double sum = 0;
    for (const char *s = text; *s; s++)
        n += *s == ',';
    if (n > MAX_POINTS) {
        err_set(e, ERR_CONTENT, "points: more than %d", MAX_POINTS);
        return NULL;
    }
    c = curve_new(n, straight, period, a);
    for (const char *s = text;; s++) {
        const char *end = strchrnul(s, ',');
        size_t len = (size_t)(end - s);
        while (len > 0 && *s == ' ')
            s++, len--;
        while (len > 0 && s[len - 1] == ' ')
            len--;
        if (!add_point(c, s, len, e))
            return NULL;
        sum += c->f[c->n - 1];
        if (!*end)
            break;
        s = end;
    }
    if (sum <= 0) {
        err_set(e, ERR_CONTENT, "points: all factors are 0");
        return NULL;
    }
    if (period > 0 && (double)period < c->t[c->n - 1]) {
        err_set(e, ERR_CONTENT, "points: the last time is beyond the period");
        return NULL;
    }
    if (period > 0 && (double)period <= c->t[c->n - 1] && c->n == 1) {
        err_set(e, ERR_CONTENT, "points: one point makes no period");
        return NULL;
    }
    return c;
}

struct curve *curve_day(simtime_t period, struct arena *a)
{
    static const double hour[24] = { 0.55, 0.40, 0.30, 0.25, 0.25, 0.30,
                                     0.45, 0.70, 1.00, 1.25, 1.40, 1.45,
                                     1.40, 1.40, 1.45, 1.45, 1.40, 1.30,
                                     1.25, 1.30, 1.35, 1.25, 1.00, 0.75 };
    struct curve *c = curve_new(25, true, period, a);
    double sum = 0;
    for (int i = 0; i < 24; i++)
        sum += hour[i];
    for (int i = 0; i < 25; i++) {
        c->t[i] = (double)period * i / 24;
        c->f[i] = hour[i % 24] * 24 / sum;
    }
    c->n = 25;
    return c;
}

/* Where on a line that has the height F now and rises by SLOPE per ns the AREA
 * is reached; the caller knows that it is. */
static double within(double f, double slope, double area)
{
    double root = f * f + 2 * slope * area;
    if (fabs(slope) * area < 1e-12 * f * f)
        return area / f;
    return 2 * area / (f + sqrt(root > 0 ? root : 0));
}

/* The area of one period, from its beginning to its end. */
static double period_area(const struct curve *c)
{
    double sum = 0;
    for (size_t i = 0; i < c->n; i++) {
        bool last = i + 1 == c->n;
        double width = (last ? c->period : c->t[i + 1]) - c->t[i];
        double next = c->straight && !last ? c->f[i + 1] : c->f[i];
        sum += width * (c->f[i] + next) / 2;
    }
    return sum;
}

double curve_area(const struct curve *c, double t, double area)
{
    double cycle = c->period > 0 ? floor(t / c->period) * c->period : 0;
    double at = t - cycle;
    size_t i = c->n - 1;
    while (i > 0 && c->t[i] > at)
        i--;
    for (;;) {
        bool last = i + 1 == c->n;
        double end = !last ? c->t[i + 1] : c->period > 0 ? c->period : INFINITY;
        double slope = c->straight && !last && end > c->t[i]
                           ? (c->f[i + 1] - c->f[i]) / (end - c->t[i])
                           : 0;
        double f = c->f[i] + slope * (at - c->t[i]);
        double width = end - at;
        double whole = width == INFINITY ? (f > 0 ? INFINITY : 0)
                                         : width * (f + slope * width / 2);
        if (area < whole)
            return cycle + at + within(f, slope, area);
        if (width == INFINITY)
            return INFINITY;
        area -= whole;
        at = end;
        if (++i == c->n) {
            double all = period_area(c);
            double skipped = floor(area / all); /* a rate of next to nothing */
            cycle += c->period * (1 + skipped);
            area = fmax(area - all * skipped, 0);
            at = 0;
            i = 0;
        }
    }
}
