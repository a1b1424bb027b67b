/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What recording one latency costs: lognormal times with a mean of some 16 ms,
 * drawn beforehand, go into the histogram that every run uses. */
#include "bench/bench.h"

#include "outputs/hist.h"
#include "sim/must.h"
#include "sim/rng.h"
#include "sim/simtime.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

/* As many as the reference program has: they do not fit into a cache, nor do
 * a run's latencies come from one. */
#define SAMPLES 4000000u

static int run(const struct bench_opts *o, FILE *out);

const struct bench bench_record = {
    .name = "record",
    .summary = "latencies recorded into the histogram",
    .default_n = 100000000,
    .max_n = UINT64_C(1) << 40,
    .run = run,
};

static int run(const struct bench_opts *o, FILE *out)
{
    uint64_t left = bench_n(&bench_record, o), n = left;
    struct hist *h = must_alloc(sizeof *h);
    simtime_t *v = must_zalloc(SAMPLES, sizeof *v);
    struct rng r;

    rng_init(&r, bench_seed(o), 0, "bench:record");
    for (uint32_t i = 0; i < SAMPLES; i++)
        v[i] = simtime_from_s(0.01 * exp(rng_normal(&r)));
    hist_init(h);
    double start = bench_now();
    while (left > 0) {
        uint32_t part = left < SAMPLES ? (uint32_t)left : SAMPLES;
        for (uint32_t i = 0; i < part; i++)
            hist_record(h, v[i]);
        left -= part;
    }
    double seconds = bench_now() - start;

    static const double p[] = { 0.5, 0.99 };
    simtime_t q[2];
    hist_quantiles(h, p, q, 2);
    fprintf(out,
            "record: %" PRIu64 " samples, p50 %.6f s, p99 %.6f s, "
            "%.2f ns each\n",
            hist_count(h), simtime_to_s(q[0]), simtime_to_s(q[1]),
            seconds * 1e9 / (double)n);
    free(v);
    free(h);
    return bench_result(out, n, seconds);
}
