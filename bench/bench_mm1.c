/* SPDX-License-Identifier: GPL-3.0-or-later */
/* M/M/1 at utilisation 0.9 through the public interface of the engine, as a
 * model would be written: two classes, a ring of arrival times, and statistics
 * of the time in the system. Counts two events a customer. Prints the mean time
 * in the system (10 s in theory, service 1 s). */
#include "bench/bench.h"

#include <stdlib.h>

#include "sim/must.h"
#include "sim/rng.h"
#include "sim/sim.h"

#define CUSTOMERS  10000000
#define SERVICE_NS 1e9 /* means */
#define BETWEEN_NS (1e9 / 0.9)

extern const struct bench bench_mm1;

struct mm1 {
    struct sim *sim;
    struct rng arrivals, service;
    simtime_t *arrived; /* ring of the customers in the system */
    size_t mask, head, tail;
    uint64_t left;
    int on_arrival, on_departure;
    /* Statistics. */
    uint64_t done;
    double in_system_ns; /* sum over customers */
};

static void widen(struct mm1 *m)
{
    size_t mask = 2 * m->mask + 1;
    simtime_t *ring = must_alloc((mask + 1) * sizeof *ring);
    for (size_t i = m->head; i < m->tail; i++)
        ring[i & mask] = m->arrived[i & m->mask];
    free(m->arrived);
    m->arrived = ring;
    m->mask = mask;
}

static void serve(struct mm1 *m)
{
    double time = rng_exp(&m->service) * SERVICE_NS;
    sim_at(m->sim, sim_now(m->sim) + (simtime_t)time, m->on_departure, 0);
}

static void next_arrival(struct mm1 *m)
{
    double gap = rng_exp(&m->arrivals) * BETWEEN_NS;
    sim_at(m->sim, sim_now(m->sim) + (simtime_t)gap, m->on_arrival, 0);
}

static void arrival(void *ctx, uint32_t id)
{
    struct mm1 *m = ctx;
    (void)id;
    if (m->tail - m->head > m->mask)
        widen(m);
    m->arrived[m->tail++ & m->mask] = sim_now(m->sim);
    if (m->tail - m->head == 1)
        serve(m);
    if (--m->left > 0)
        next_arrival(m);
}

static void departure(void *ctx, uint32_t id)
{
    struct mm1 *m = ctx;
    (void)id;
    m->in_system_ns +=
        (double)(sim_now(m->sim) - m->arrived[m->head++ & m->mask]);
    m->done++;
    if (m->head != m->tail)
        serve(m);
}

static int run(const struct bench_opts *o, FILE *out)
{
    struct mm1 m = { .mask = 1023, .left = bench_n(&bench_mm1, o) };
    m.sim = sim_new(EVQ_WHEEL, 0);
    m.arrived = must_alloc((m.mask + 1) * sizeof *m.arrived);
    rng_init(&m.arrivals, bench_seed(o), 0, "arrivals");
    rng_init(&m.service, bench_seed(o), 0, "service");
    m.on_arrival = sim_class(m.sim, arrival, &m);
    m.on_departure = sim_class(m.sim, departure, &m);

    double start = bench_now();
    next_arrival(&m);
    sim_run(m.sim, SIM_NEVER, NULL);
    double seconds = bench_now() - start;
    fprintf(out, "mm1: mean time in the system %.3f s\n",
            m.in_system_ns / (double)m.done * 1e-9);
    uint64_t events = sim_event_count(m.sim);
    sim_free(m.sim);
    free(m.arrived);
    return bench_result(out, events, seconds);
}

const struct bench bench_mm1 = {
    .name = "mm1",
    .summary = "M/M/1 at 0.9 through the engine, statistics on",
    .default_n = CUSTOMERS,
    .max_n = UINT64_C(10000000000),
    .run = run,
};
