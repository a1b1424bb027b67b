/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outputs/paired.h"

#include "outputs/stats.h"
#include "sim/must.h"

#include <math.h>
#include <stdlib.h>

struct paired paired_difference(const struct summary *a,
                                const struct summary *b, size_t n,
                                size_t offset, double confidence)
{
    const struct summary_field f = { .offset = offset };
    struct paired p = { .mean = (double)NAN, .half = (double)NAN };
    double *d = must_zalloc(n + 1, sizeof *d);
    for (size_t i = 0; i < n; i++) {
        double v = summary_value(&b[i], &f) - summary_value(&a[i], &f);
        if (!isnan(v))
            d[p.n++] = v;
    }
    if (p.n >= 1)
        p.mean = stats_mean(d, p.n);
    if (p.n >= 2)
        p.half = stats_half_width(d, p.n, confidence);
    free(d);
    return p;
}

bool paired_is_shown(const struct paired *p)
{
    return !isnan(p->half) && fabs(p->mean) > p->half;
}
