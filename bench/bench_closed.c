/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A closed network through the public interface of the engine: N clients think
 * (exponentially, mean n/360 - 1 seconds), queue first come first served for
 * 400 servers (exponential, 1 s), and think again; 5 million requests, two
 * events each. Prints the mean response and the mean number of busy servers
 * (360 at any n, by the law of the bottleneck) and the bytes a client costs. */
#include "bench/bench.h"

#include <stdlib.h>

#include "sim/must.h"
#include "sim/rng.h"
#include "sim/sim.h"

#define REQUESTS 5000000
#define SERVERS  400
#define NOBODY   UINT32_MAX

extern const struct bench bench_closed;

struct client {
    simtime_t since; /* when the present request was made */
    uint32_t next;   /* behind it in the queue, or NOBODY */
    uint32_t served;
};

struct closed {
    struct sim *sim;
    struct rng think, service;
    double think_ns;
    struct client *clients;
    uint32_t head, tail, busy;
    int on_request, on_served;
    /* Statistics. */
    uint64_t done;
    double response_ns, area;
    simtime_t changed;
};

static void busy_changes(struct closed *m, int by)
{
    simtime_t now = sim_now(m->sim);
    m->area += (double)m->busy * (double)(now - m->changed);
    m->changed = now;
    m->busy = (uint32_t)((int)m->busy + by);
}

static void think(struct closed *m, uint32_t id)
{
    simtime_t t = (simtime_t)(rng_exp(&m->think) * m->think_ns);
    sim_at(m->sim, sim_now(m->sim) + t, m->on_request, id);
}

static void serve(struct closed *m, uint32_t id)
{
    simtime_t t = (simtime_t)(rng_exp(&m->service) * 1e9);
    sim_at(m->sim, sim_now(m->sim) + t, m->on_served, id);
}

static void request(void *ctx, uint32_t id)
{
    struct closed *m = ctx;
    struct client *c = &m->clients[id];
    c->since = sim_now(m->sim);
    if (m->busy < SERVERS) {
        busy_changes(m, 1);
        serve(m, id);
        return;
    }
    c->next = NOBODY;
    if (m->head == NOBODY)
        m->head = id;
    else
        m->clients[m->tail].next = id;
    m->tail = id;
}

static void served(void *ctx, uint32_t id)
{
    struct closed *m = ctx;
    struct client *c = &m->clients[id];
    m->response_ns += (double)(sim_now(m->sim) - c->since);
    c->served++;
    think(m, id);
    if (m->head != NOBODY) {
        uint32_t next = m->head;
        m->head = m->clients[next].next;
        serve(m, next);
    } else {
        busy_changes(m, -1);
    }
    if (++m->done == REQUESTS)
        sim_stop(m->sim);
}

static int run(const struct bench_opts *o, FILE *out)
{
    uint64_t n = bench_n(&bench_closed, o);
    struct closed m = { .think_ns = ((double)n / 360 - 1) * 1e9,
                        .head = NOBODY };
    if (m.think_ns < 0)
        m.think_ns = 0;
    m.sim = sim_new(EVQ_WHEEL, 0);
    m.clients = must_zalloc(n, sizeof *m.clients);
    rng_init(&m.think, bench_seed(o), 0, "think");
    rng_init(&m.service, bench_seed(o), 0, "service");
    m.on_request = sim_class(m.sim, request, &m);
    m.on_served = sim_class(m.sim, served, &m);
    for (uint32_t i = 0; i < n; i++)
        think(&m, i);

    double start = bench_now();
    sim_run(m.sim, SIM_NEVER, NULL);
    double seconds = bench_now() - start;
    fprintf(out,
            "closed n=%llu: mean response %.4f s, %.2f servers busy, peak "
            "%.1f MiB\n",
            (unsigned long long)n, m.response_ns / REQUESTS * 1e-9,
            m.area / (double)sim_now(m.sim), bench_peak_mib());
    sim_free(m.sim);
    free(m.clients);
    return bench_result(out, 2 * (uint64_t)REQUESTS, seconds);
}

const struct bench bench_closed = {
    .name = "closed",
    .summary = "clients that think and queue for 400 servers",
    .default_n = 1000000,
    .max_n = SIM_IDS,
    .run = run,
};
