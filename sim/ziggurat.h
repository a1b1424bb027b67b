/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Exponential and normal variates by the ziggurat method of Marsaglia and
 * Tsang (2000): 256 layers of equal area cover the density; one 64-bit draw
 * gives the layer (low 8 bits) and the place in it (the others), and in 98 to
 * 99 of 100 cases one comparison says that the place lies under the curve.
 * Part of sim/rng.h, which includes it; not to be included alone. */
#ifndef SIM_ZIGGURAT_H
#define SIM_ZIGGURAT_H

#include "sim/rng.h"

/* Side by side, so that a draw touches one cache line. */
struct zig_layer {
    uint64_t inside; /* places below this lie under the curve */
    double scale;    /* place to abscissa */
};

extern const struct zig_layer zig_exp[256], zig_normal[256];
extern const double zig_exp_f[257], zig_normal_f[257]; /* density at x[i] */

/* The rest of a draw U whose place is not plainly under the curve. */
double zig_exp_slow(struct rng *r, uint64_t u);
double zig_normal_slow(struct rng *r, uint64_t u);

static inline double rng_exp(struct rng *r)
{
    uint64_t u = rng_u64(r);
    const struct zig_layer *l = &zig_exp[u & 255];
    if (__builtin_expect(u >> 8 < l->inside, 1))
        return (double)(int64_t)(u >> 8) * l->scale;
    return zig_exp_slow(r, u);
}

static inline double rng_normal(struct rng *r)
{
    uint64_t u = rng_u64(r);
    const struct zig_layer *l = &zig_normal[u & 255];
    int64_t place = (int64_t)u >> 8; /* 55 bits and a sign */
    uint64_t size = (uint64_t)(place < 0 ? -place : place);
    if (__builtin_expect(size < l->inside, 1))
        return (double)place * l->scale;
    return zig_normal_slow(r, u);
}

#endif
