/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random streams. One stream per purpose, seeded from (seed, replication,
 * name), so that changing one part of a scenario leaves the draws of the
 * others alone and every server of a scenario meets the same requests (common
 * random numbers). Generator: xoshiro256++ (Blackman and Vigna 2021), seeded
 * through splitmix64. The exponential and the normal are drawn by a 256-layer
 * ziggurat (Marsaglia and Tsang 2000) here, inline; rarer laws are GSL's over
 * the same stream (sim/dist.h). */
#ifndef SIM_RNG_H
#define SIM_RNG_H

#include <stdint.h>

struct rng {
    uint64_t s[4];
};

/* A stream for PURPOSE. Streams of different names, seeds or replications are
 * independent for all practical purposes. */
void rng_init(struct rng *r, uint64_t seed, uint64_t replication,
              const char *purpose);

/* A stream for draw number N of object ID of a purpose whose base is BASE
 * (rng_u64 of the purpose's stream): no state to keep for ten million clients.
 * Costs a few ns. */
static inline struct rng rng_at(uint64_t base, uint64_t id, uint64_t n);

/* The golden ratio's step and the finaliser of splitmix64 (Steele, Lea and
 * Flood 2014). */
#define RNG_STEP UINT64_C(0x9e3779b97f4a7c15)

static inline uint64_t rng_mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static inline struct rng rng_at(uint64_t base, uint64_t id, uint64_t n)
{
    uint64_t x = rng_mix(base ^ rng_mix(id + RNG_STEP)) +
                 n * UINT64_C(0xd1342543de82ef95);
    return (struct rng){ { rng_mix(x + RNG_STEP), rng_mix(x + 2 * RNG_STEP),
                           rng_mix(x + 3 * RNG_STEP),
                           rng_mix(x + 4 * RNG_STEP) } };
}

/* 64 uniform bits. */
static inline uint64_t rng_u64(struct rng *r)
{
    uint64_t *s = r->s;
    uint64_t sum = s[0] + s[3];
    uint64_t result = ((sum << 23) | (sum >> 41)) + s[0];
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = (s[3] << 45) | (s[3] >> 19);
    return result;
}

/* Uniform on [0, 1), 53 bits. */
static inline double rng_unit(struct rng *r)
{
    return (double)(rng_u64(r) >> 11) * 0x1p-53;
}

/* Uniform on 0 … n-1, n >= 1, without bias (Lemire 2019). */
static inline uint64_t rng_below(struct rng *r, uint64_t n)
{
    __extension__ typedef unsigned __int128 wide;
    wide m = (wide)rng_u64(r) * n;
    if (__builtin_expect((uint64_t)m < n, 0)) {
        uint64_t surplus = (0 - n) % n;
        while ((uint64_t)m < surplus)
            m = (wide)rng_u64(r) * n;
    }
    return (uint64_t)(m >> 64);
}

/* Exponential with mean 1; standard normal. Defined inline in
 * sim/ziggurat.h, which rng.h includes at its end. */
static inline double rng_exp(struct rng *r);
static inline double rng_normal(struct rng *r);

#include "sim/ziggurat.h"

#endif
