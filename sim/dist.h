/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Distributions of times and sizes. A law is described in scenarios by
 * { "dist": NAME, ... } or by a bare quantity, which means constant. All
 * quantities are kept in base units (nanoseconds for times, bytes for sizes);
 * draws are rounded once, to whole units.
 *
 * Laws and their keys:
 *   constant      value
 *   uniform       min, max
 *   exponential   mean
 *   lognormal     mean, cv          (cv = standard deviation / mean)
 *   gamma         mean, cv
 *   weibull       mean, shape
 *   pareto        min, max, alpha   (bounded Pareto)
 *   hyperexponential  mean, cv >= 1 (two phases, balanced means)
 *   empirical     values (list), optional weights; draws one of the values
 */
#ifndef SIM_DIST_H
#define SIM_DIST_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/err.h"
#include "sim/rng.h"
#include "sim/simtime.h"

enum dist_kind {
    DIST_CONSTANT,
    DIST_UNIFORM,
    DIST_EXPONENTIAL,
    DIST_LOGNORMAL,
    DIST_GAMMA,
    DIST_WEIBULL,
    DIST_PARETO,
    DIST_HYPEREXPONENTIAL,
    DIST_EMPIRICAL,
    DIST_KINDS
};

struct dist {
    enum dist_kind kind;
    double mean, cv, min, max, shape, alpha; /* as given, base units */
    double p, a, b;                          /* derived by dist_prepare() */
    size_t n;                                /* empirical: number of values */
    double *values, *cum; /* empirical: owned by the scenario's arena */
};

/* Name of a kind as in scenarios; kind of a name, or -1. */
const char *dist_name(enum dist_kind k);
int dist_find(const char *name);
/* The keys a kind takes, NULL-terminated, for messages and `mpmsim list`. */
const char *const *dist_keys(enum dist_kind k);

/* Where the number given under KEY ("mean", "max", "value" ...) belongs, or
 * NULL for keys that are no single number ("values", "weights"). Fields left
 * out are 0. "values" are D->n numbers at D->values; "weights", if given, go to
 * D->cum as they are (else D->cum is NULL). */
double *dist_field(struct dist *d, const char *key);

/* A constant law, ready to draw. */
struct dist dist_constant(double value);
/* Checks the parameters and derives what draws need; ERR_CONTENT when they do
 * not make a law. Once per law: weights are replaced by their running sums. */
bool dist_prepare(struct dist *d, struct err *e);

/* One draw in base units, >= 0; common ones are inline in cost (no GSL). */
double dist_draw(const struct dist *d, struct rng *r);
/* The same rounded to whole ns. */
simtime_t dist_draw_time(const struct dist *d, struct rng *r);
/* The same, the first draw of rng_at(BASE, ID, N). */
simtime_t dist_draw_time_at(const struct dist *d, uint64_t base, uint64_t id,
                            uint64_t n);
/* The law's mean, and variance (INFINITY if none), exactly. */
double dist_mean(const struct dist *d);
double dist_variance(const struct dist *d);

#endif
