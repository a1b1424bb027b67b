/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The hold model (Jones 1986) on the engine's event queue alone: N entries
 * pending; one hold takes the first and puts it back later by a random
 * increment of mean 1 s. Prints bytes per pending entry and a digest of the
 * popped order before the result; the digest is that of any exact queue for the
 * same n and dist with seed 1. */
#include "bench/bench.h"

#include <math.h>
#include <stdlib.h>

#include "sim/evq.h"
#include "sim/must.h"
#include "sim/rng.h"

#define HOLDS 2000000
#define TABLE (1u << 16) /* increments are drawn beforehand */

extern const struct bench bench_hold;

static const char *const dists[] = { "exp", "uniform", "bimodal", "pareto",
                                     NULL };

static double increment(const char *dist, struct rng *r)
{
    switch (dist[0]) {
    case 'u':
        return 2 * rng_unit(r);
    case 'b':
        return rng_unit(r) < 0.9 ? 0.1 * rng_unit(r) : 9.05 + 1.8 * rng_unit(r);
    case 'p':
        return 0.2 * pow(1 - rng_unit(r), -1 / 1.25);
    default:
        return rng_exp(r);
    }
}

struct hold {
    struct evq *q;
    simtime_t *table;
    uint64_t seq, digest;
    unsigned at;
};

static void hold(struct hold *h, uint64_t times)
{
    struct evq_entry e;
    for (uint64_t i = 0; i < times; i++) {
        if (!evq_pop(h->q, SIM_NEVER, &e))
            must_fail("the queue has an entry", __FILE__, __LINE__, __func__);
        h->digest = (h->digest ^ e.key) * UINT64_C(0x9e3779b97f4a7c15);
        uint64_t payload = e.key & ((1u << EVQ_PAYLOAD_BITS) - 1);
        evq_push(h->q, e.t + h->table[h->at++ & (TABLE - 1)],
                 h->seq++ << EVQ_PAYLOAD_BITS | payload);
    }
}

static int run(const struct bench_opts *o, FILE *out)
{
    uint64_t n = bench_n(&bench_hold, o);
    const char *dist = bench_dist(&bench_hold, o);
    struct rng r;
    struct hold h = { .q = evq_new(EVQ_WHEEL, 0),
                      .table = must_alloc(TABLE * sizeof *h.table) };
    rng_init(&r, bench_seed(o), 0, "increments");
    for (unsigned i = 0; i < TABLE; i++)
        h.table[i] = (simtime_t)(increment(dist, &r) * 1e9) + 1;
    rng_init(&r, bench_seed(o), 0, "start");
    for (uint64_t i = 0; i < n; i++)
        evq_push(h.q, (simtime_t)(rng_exp(&r) * 1e9),
                 h.seq++ << EVQ_PAYLOAD_BITS | i);

    uint64_t warm_up = 3 * n;
    if (warm_up < 100000)
        warm_up = 100000;
    if (warm_up > 10000000)
        warm_up = 10000000;
    hold(&h, warm_up);
    h.digest = 0;
    double start = bench_now();
    hold(&h, HOLDS);
    double seconds = bench_now() - start;
    fprintf(out,
            "hold n=%llu dist=%s: %.1f ns a hold, %.1f bytes an entry, "
            "digest %016llx\n",
            (unsigned long long)n, dist, seconds * 1e9 / HOLDS,
            (double)evq_bytes(h.q) / (double)n, (unsigned long long)h.digest);
    evq_free(h.q);
    free(h.table);
    return bench_result(out, HOLDS, seconds);
}

const struct bench bench_hold = {
    .name = "hold",
    .summary = "the event queue alone: take the first entry, put it back later",
    .default_n = 1000000,
    .max_n = UINT64_C(100000000),
    .dists = dists,
    .run = run,
};
