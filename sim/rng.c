/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/rng.h"

#include <math.h>

/* Where the tails of the two densities begin (x[1] of the tables). */
#define EXP_TAIL    7.69711747013104972
#define NORMAL_TAIL 3.65415288536100877

static void fill(struct rng *r, uint64_t x)
{
    for (int i = 0; i < 4; i++)
        r->s[i] = rng_mix(x += RNG_STEP);
}

/* FNV-1a, 64 bits. */
static uint64_t hash(const char *s)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
    return h;
}

void rng_init(struct rng *r, uint64_t seed, uint64_t replication,
              const char *purpose)
{
    /* One round of mixing for each, so that neighbouring seeds and
     * replications have nothing in common. */
    uint64_t x = rng_mix(seed + RNG_STEP);
    x = rng_mix(x ^ rng_mix(replication + 2 * RNG_STEP));
    fill(r, rng_mix(x ^ hash(purpose)));
}

double zig_exp_slow(struct rng *r, uint64_t u)
{
    double beyond = 0;
    for (;;) {
        unsigned i = u & 255;
        double x = (double)(int64_t)(u >> 8) * zig_exp[i].scale;
        if (u >> 8 < zig_exp[i].inside)
            return beyond + x;
        if (i == 0) /* the tail has the whole law's form: start again there */
            beyond += EXP_TAIL;
        else if (zig_exp_f[i] +
                     rng_unit(r) * (zig_exp_f[i + 1] - zig_exp_f[i]) <
                 exp(-x))
            return beyond + x;
        u = rng_u64(r);
    }
}

double zig_normal_slow(struct rng *r, uint64_t u)
{
    for (;;) {
        unsigned i = u & 255;
        int64_t place = (int64_t)u >> 8;
        uint64_t size = (uint64_t)(place < 0 ? -place : place);
        double x = (double)place * zig_normal[i].scale;
        if (size < zig_normal[i].inside)
            return x;
        if (i == 0) { /* Marsaglia 1964 */
            double a, b;
            do {
                a = rng_exp(r) / NORMAL_TAIL;
                b = rng_exp(r);
            } while (2 * b < a * a);
            return place < 0 ? -NORMAL_TAIL - a : NORMAL_TAIL + a;
        }
        double f = zig_normal_f[i];
        if (f + rng_unit(r) * (zig_normal_f[i + 1] - f) < exp(-0.5 * x * x))
            return x;
        u = rng_u64(r);
    }
}
