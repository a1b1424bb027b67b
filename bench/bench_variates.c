/* SPDX-License-Identifier: GPL-3.0-or-later */
/* 100 million exponential variates of one stream. Prints their mean (1). */
#include "bench/bench.h"

#include "sim/rng.h"

#define DRAWS 100000000

extern const struct bench bench_variates;

static int run(const struct bench_opts *o, FILE *out)
{
    uint64_t n = bench_n(&bench_variates, o);
    struct rng r;
    rng_init(&r, bench_seed(o), 0, "variates");
    double start = bench_now(), sum = 0;
    for (uint64_t i = 0; i < n; i++)
        sum += rng_exp(&r);
    double seconds = bench_now() - start;
    fprintf(out, "variates: %.2f ns each, mean %.5f\n",
            seconds * 1e9 / (double)n, sum / (double)n);
    return bench_result(out, n, seconds);
}

const struct bench bench_variates = {
    .name = "variates",
    .summary = "exponential random variates",
    .default_n = DRAWS,
    .max_n = UINT64_C(100000000000),
    .run = run,
};
