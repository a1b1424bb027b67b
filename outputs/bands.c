/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outputs/bands.h"

#include "outputs/stats.h"
#include "sim/must.h"

#include <math.h>
#include <stdlib.h>

/* A point is an array of numbers, the first of them the time. */
#define NUMBERS (sizeof(struct curve_point) / sizeof(double))
_Static_assert(offsetof(struct curve_point, t_s) == 0, "time comes first");
_Static_assert(sizeof(struct curve_point) % sizeof(double) == 0,
               "nothing but doubles");

static double *number_at(struct curve_point *p, size_t k)
{
    return (double *)(void *)p + k;
}

static void add_point(struct bands *b, struct curve_point *const *curves,
                      size_t n, size_t i, double *v)
{
    for (size_t k = 0; k < NUMBERS; k++) {
        size_t kept = 0;
        for (size_t r = 0; r < n; r++) {
            double x = *number_at(&curves[r][i], k);
            if (!isnan(x))
                v[kept++] = x;
        }
        double mean = kept > 0 ? stats_mean(v, kept) : (double)NAN;
        double half = kept >= 2 ? stats_half_width(v, kept, 0.95) : (double)NAN;
        *number_at(&b->mean[i], k) = mean;
        if (b->low != NULL) {
            *number_at(&b->low[i], k) =
                isnan(half) ? half : fmax(0, mean - half);
            *number_at(&b->high[i], k) = mean + half;
        }
    }
    if (b->low != NULL)
        b->low[i].t_s = b->high[i].t_s = b->mean[i].t_s;
}

void bands_init(struct bands *b, struct curve_point *const *curves, size_t n,
                size_t npoints)
{
    must(n >= 1);
    *b = (struct bands){ .npoints = npoints };
    b->mean = must_zalloc(npoints + 1, sizeof *b->mean);
    if (n > 1) {
        b->low = must_zalloc(npoints + 1, sizeof *b->low);
        b->high = must_zalloc(npoints + 1, sizeof *b->high);
    }
    double *v = must_zalloc(n, sizeof *v);
    for (size_t i = 0; i < npoints; i++)
        add_point(b, curves, n, i, v);
    free(v);
}

void bands_free(struct bands *b)
{
    free(b->mean);
    free(b->low);
    free(b->high);
    *b = (struct bands){ .npoints = 0 };
}
