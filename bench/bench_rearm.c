/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keep-alive timeouts that are nearly always cancelled: N connections, Poisson
 * requests at 1/s each; a request cancels its connection's timeout and arms it
 * again, 5 s long, in a lane. A timeout that expires is armed again at once.
 * Prints the share that expired: exp(-5) in theory, 0.67 %. */
#include "bench/bench.h"

#include "sim/lane.h"
#include "sim/must.h"
#include "sim/pool.h"
#include "sim/rng.h"
#include "sim/sim.h"

#define REARMINGS 5000000
#define DELAY     (5 * SIM_S)

extern const struct bench bench_rearm;

struct rearm {
    struct sim *sim;
    struct lane lane;
    struct pool conns; /* just the links */
    struct rng rng;
    double now_ns, gap_ns;
    uint64_t n, expired;
};

static void expired(void *ctx, uint32_t id)
{
    struct rearm *m = ctx;
    m->expired++;
    lane_arm(&m->lane, id);
}

static void requests(struct rearm *m, uint64_t count)
{
    must(m->n > 0);
    for (uint64_t i = 0; i < count; i++) {
        m->now_ns += rng_exp(&m->rng) * m->gap_ns;
        uint32_t id = (uint32_t)rng_below(&m->rng, m->n);
        sim_run(m->sim, (simtime_t)m->now_ns, NULL);
        lane_rearm(&m->lane, id);
    }
}

static int run(const struct bench_opts *o, FILE *out)
{
    struct rearm m = { .n = bench_n(&bench_rearm, o) };
    m.gap_ns = 1e9 / (double)m.n;
    m.sim = sim_new(EVQ_WHEEL, 0);
    pool_init(&m.conns, sizeof(struct lane_link));
    rng_init(&m.rng, bench_seed(o), 0, "requests");
    lane_init_pool(&m.lane, m.sim, DELAY, &m.conns, 0, expired, &m);
    for (uint32_t i = 0; i < m.n; i++) {
        m.now_ns = (double)(i + 1) / (double)m.n * (double)DELAY;
        sim_run(m.sim, (simtime_t)m.now_ns, NULL);
        lane_arm(&m.lane, pool_get(&m.conns));
    }
    uint64_t warm_up = 6 * m.n;
    if (warm_up < REARMINGS)
        warm_up = REARMINGS;
    if (warm_up > 20000000)
        warm_up = 20000000;
    requests(&m, warm_up);

    m.expired = 0;
    double start = bench_now();
    requests(&m, REARMINGS);
    double seconds = bench_now() - start;
    fprintf(out,
            "rearm n=%llu: %.1f ns a request, %.3f %% expired, peak "
            "%.1f MiB\n",
            (unsigned long long)m.n, seconds * 1e9 / REARMINGS,
            100.0 * (double)m.expired / REARMINGS, bench_peak_mib());
    lane_done(&m.lane);
    sim_free(m.sim);
    pool_done(&m.conns);
    return bench_result(out, REARMINGS, seconds);
}

const struct bench bench_rearm = {
    .name = "rearm",
    .summary = "timeouts of one length, cancelled and armed again (a lane)",
    .default_n = 1000000,
    .max_n = SIM_IDS,
    .run = run,
};
