/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sweep/sensitivity.h"

#include "outputs/stats.h"
#include "sim/must.h"
#include "sweep/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct marginal {
    double sum;
    size_t n;
};

/* Mean and variance of the points that have the number. */
struct spread {
    double mean, variance;
    size_t n;
};

static struct spread spread_of(const struct study *s, size_t server,
                               size_t metric)
{
    struct spread sp = { 0 };
    for (size_t i = 0; i < s->points->n; i++) {
        double v = study_get(s, i, server, metric)->mean;
        if (!isnan(v)) {
            sp.mean += v;
            sp.n++;
        }
    }
    if (sp.n == 0)
        return sp;
    sp.mean /= (double)sp.n;
    for (size_t i = 0; i < s->points->n; i++) {
        double v = study_get(s, i, server, metric)->mean;
        if (!isnan(v))
            sp.variance += (v - sp.mean) * (v - sp.mean);
    }
    sp.variance /= (double)sp.n;
    return sp;
}

/* The mean over the points with choice K of factor F, in replication RUN. */
static double marginal_run(const struct study *s, size_t server, size_t metric,
                           size_t f, size_t k, size_t run)
{
    double sum = 0;
    size_t n = 0;
    for (size_t i = 0; i < s->points->n; i++) {
        const struct study_cell *c = study_get(s, i, server, metric);
        if (points_choice(s->points, i, f) != k || isnan(c->mean))
            continue;
        sum += c->runs[run];
        n++;
    }
    return sum / (double)n;
}

/* The number of replications that all points share. */
static size_t common_runs(const struct study *s, size_t server, size_t metric)
{
    size_t n = SIZE_MAX;
    for (size_t i = 0; i < s->points->n; i++) {
        const struct study_cell *c = study_get(s, i, server, metric);
        if (!isnan(c->mean) && c->nruns < n)
            n = c->nruns;
    }
    return n == SIZE_MAX ? 0 : n;
}

static void add_interval(const struct study *s, size_t server, size_t metric,
                         struct effect *x)
{
    size_t n = common_runs(s, server, metric);
    x->low = x->high = (double)NAN;
    if (n < 2)
        return;
    double *d = must_alloc(n * sizeof *d);
    for (size_t run = 0; run < n; run++)
        d[run] = marginal_run(s, server, metric, x->factor, x->highest, run) -
                 marginal_run(s, server, metric, x->factor, x->lowest, run);
    double half = stats_half_width(d, n, 0.95);
    free(d);
    if (isnan(half))
        return;
    x->low = x->size - half;
    x->high = x->size + half;
}

/* The effect of factor F; false when fewer than two choices have numbers. */
static bool measure(const struct study *s, size_t server, size_t metric,
                    size_t f, const struct spread *all, struct effect *x)
{
    size_t n = s->points->factors[f].nchoices, seen = 0;
    struct marginal *m = must_zalloc(n, sizeof *m);
    *x = (struct effect){ .factor = f, .points = all->n };
    for (size_t i = 0; i < s->points->n; i++) {
        double v = study_get(s, i, server, metric)->mean;
        struct marginal *k = &m[points_choice(s->points, i, f)];
        if (!isnan(v)) {
            k->sum += v;
            k->n++;
        }
    }
    double lowest = 0, highest = 0, between = 0;
    for (size_t k = 0; k < n; k++) {
        if (m[k].n == 0)
            continue;
        double v = m[k].sum / (double)m[k].n;
        between += (double)m[k].n * (v - all->mean) * (v - all->mean);
        if (seen == 0 || v < lowest) {
            lowest = v;
            x->lowest = k;
        }
        if (seen++ == 0 || v > highest) {
            highest = v;
            x->highest = k;
        }
    }
    free(m);
    if (seen < 2)
        return false;
    x->size = highest - lowest;
    x->relative = all->mean > 0 ? x->size / all->mean : (double)NAN;
    x->share = all->variance > 0 && x->size > 0
                   ? between / (double)all->n / all->variance
                   : 0;
    add_interval(s, server, metric, x);
    return true;
}

static int by_size(const void *a, const void *b)
{
    const struct effect *x = a, *y = b;
    if (x->size != y->size)
        return x->size > y->size ? -1 : 1;
    return (x->factor > y->factor) - (x->factor < y->factor);
}

size_t sensitivity_rank(const struct study *s, size_t server, size_t metric,
                        struct effect *out)
{
    struct spread all = spread_of(s, server, metric);
    size_t n = 0;
    for (size_t f = 0; f < s->points->nfactors; f++)
        n += measure(s, server, metric, f, &all, &out[n]);
    qsort(out, n, sizeof *out, by_size);
    return n;
}

static void put_row(struct sink *out, const struct study *s, size_t server,
                    size_t metric, size_t rank, const struct effect *x)
{
    struct arena *a = arena_new();
    const struct factor *f = &s->points->factors[x->factor];
    sink_format(out, "%s,%s,%zu,", s->metrics[metric], s->servers[server],
                rank);
    table_field(out, factor_name(f, a));
    const double numbers[] = { x->size, x->low, x->high, x->relative,
                               x->share };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        sink_char(out, ',');
        sink_stat(out, numbers[i]);
    }
    sink_char(out, ',');
    if (x->size > 0)
        table_field(out, factor_label(f, x->lowest, a));
    sink_char(out, ',');
    if (x->size > 0)
        table_field(out, factor_label(f, x->highest, a));
    sink_format(out, ",%zu\n", x->points);
    arena_free(a);
}

void sensitivity_table(struct sink *out, const struct study *s)
{
    struct effect *x = must_alloc((s->points->nfactors + 1) * sizeof *x);
    sink_text(out, "metric,server,rank,key,effect,ci95_low,ci95_high,"
                   "effect_relative,share,lowest_at,highest_at,points\n");
    for (size_t m = 0; m < s->nmetrics; m++)
        for (size_t k = 0; k < s->nservers; k++) {
            size_t n = sensitivity_rank(s, k, m, x);
            for (size_t i = 0; i < n; i++)
                put_row(out, s, k, m, i + 1, &x[i]);
        }
    free(x);
}
