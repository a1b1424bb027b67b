/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "theory/sim_station.h"

#include "server/cpu.h"
#include "sim/must.h"
#include "sim/pool.h"
#include "sim/sim.h"

#include <math.h>

#define NOBODY UINT32_MAX

struct customer {
    simtime_t came, service;
    uint32_t next; /* behind it in the queue */
};

/* Sums over the window. */
struct sums {
    double served, arrived, lost, late;
    double wait, response, square;       /* ns, ns^2 */
    double number, number_squared, busy; /* times ns */
};

struct world {
    const struct station *st;
    struct sim *sim;
    struct cpu *cpu;
    struct rng arrivals, service, think;
    struct pool customers;
    uint32_t head, tail;
    int inside, busy;
    int on_arrival, on_departure;
    struct sim_timer warm;
    simtime_t since; /* of the present state, within the window */
    struct sums sums;
};

static struct customer *customer_at(const struct world *w, uint32_t id)
{
    return pool_at(&w->customers, id);
}

/* The state lasted until now. */
static void state_ends(struct world *w)
{
    simtime_t now = sim_now(w->sim);
    double d = (double)(now - w->since), n = w->inside;
    w->sums.number += d * n;
    w->sums.number_squared += d * n * n;
    w->sums.busy += d * w->busy;
    w->since = now;
}

static void begin_window(void *ctx, uint32_t id)
{
    struct world *w = ctx;
    (void)id;
    w->sums = (struct sums){ 0 };
    w->since = sim_now(w->sim);
}

static void think(struct world *w, uint32_t id)
{
    sim_at(w->sim, sim_now(w->sim) + dist_draw_time(&w->st->think, &w->think),
           w->on_arrival, id);
}

static void next_arrival(struct world *w)
{
    double pause = rng_exp(&w->arrivals) * (1e9 / w->st->rate);
    sim_at(w->sim, sim_now(w->sim) + (simtime_t)(pause + 0.5), w->on_arrival,
           0);
}

static void departure(void *ctx, uint32_t id);

/* The wait of a customer is over. */
static void serve(struct world *w, uint32_t id)
{
    struct customer *c = customer_at(w, id);
    w->busy++;
    if (w->cpu != NULL)
        cpu_submit(w->cpu, c->service > 0 ? c->service : 1, departure, w, id);
    else
        sim_at(w->sim, sim_now(w->sim) + c->service, w->on_departure, id);
}

static bool has_idle_server(const struct world *w)
{
    return w->st->servers == 0 || w->st->shared || w->busy < w->st->servers;
}

static void arrival(void *ctx, uint32_t id)
{
    struct world *w = ctx;
    w->sums.arrived++;
    if (w->st->population == 0) {
        next_arrival(w);
        if (w->st->room > 0 && w->inside >= w->st->room) {
            w->sums.lost++;
            return;
        }
        id = pool_get(&w->customers);
    }
    state_ends(w);
    w->inside++;
    struct customer *c = customer_at(w, id);
    c->came = sim_now(w->sim);
    c->service = dist_draw_time(&w->st->service, &w->service);
    c->next = NOBODY;
    if (has_idle_server(w)) {
        serve(w, id);
        return;
    }
    if (w->head == NOBODY)
        w->head = id;
    else
        customer_at(w, w->tail)->next = id;
    w->tail = id;
}

static void count(struct world *w, const struct customer *c)
{
    double response = (double)(sim_now(w->sim) - c->came);
    double wait = response - (double)c->service;
    w->sums.served++;
    w->sums.response += response;
    w->sums.square += response * response;
    w->sums.wait += wait;
    w->sums.late += wait > w->st->late * 1e9;
}

static void departure(void *ctx, uint32_t id)
{
    struct world *w = ctx;
    state_ends(w);
    w->inside--;
    w->busy--;
    count(w, customer_at(w, id));
    if (w->st->population > 0)
        think(w, id);
    else
        pool_put(&w->customers, id);
    if (w->head != NOBODY && has_idle_server(w)) {
        uint32_t first = w->head;
        w->head = customer_at(w, first)->next;
        serve(w, first);
    }
}

static void report(const struct world *w, double f[FIGURES])
{
    const struct sums *s = &w->sums;
    double ns = w->st->length * 1e9;
    for (int i = 0; i < FIGURES; i++)
        f[i] = (double)NAN;
    f[FIG_RATE] = s->served / w->st->length;
    f[FIG_LOST] = s->lost / s->arrived;
    f[FIG_WAIT] = s->wait / s->served * 1e-9;
    f[FIG_RESPONSE] = s->response / s->served * 1e-9;
    f[FIG_SQUARE] = s->square / s->served * 1e-18;
    f[FIG_LATE] = s->late / s->served;
    f[FIG_NUMBER] = s->number / ns;
    f[FIG_VARIANCE] = s->number_squared / ns - f[FIG_NUMBER] * f[FIG_NUMBER];
    f[FIG_BUSY] = s->busy / ns;
    f[FIG_LITTLE] = f[FIG_NUMBER] / (f[FIG_RATE] * f[FIG_RESPONSE]);
}

void station_run(const struct station *st, uint64_t seed, uint64_t replication,
                 double figures[FIGURES])
{
    struct world w = { .st = st, .head = NOBODY };
    w.sim = sim_new(EVQ_WHEEL, 0);
    pool_init(&w.customers, sizeof(struct customer));
    rng_init(&w.arrivals, seed, replication, "arrivals");
    rng_init(&w.service, seed, replication, "service");
    rng_init(&w.think, seed, replication, "think");
    w.on_arrival = sim_class(w.sim, arrival, &w);
    w.on_departure = sim_class(w.sim, departure, &w);
    if (st->shared)
        w.cpu = cpu_new(w.sim, 1, 4 * SIM_MS, 0);
    sim_timer_init(w.sim, &w.warm, begin_window, &w, 0);
    sim_timer_arm(w.sim, &w.warm, simtime_from_s(st->warm_up));
    for (int i = 0; i < st->population; i++)
        think(&w, pool_get(&w.customers));
    if (st->population == 0)
        next_arrival(&w);
    must(sim_run(w.sim, simtime_from_s(st->warm_up + st->length), NULL));
    state_ends(&w);
    report(&w, figures);
    sim_timer_done(w.sim, &w.warm);
    cpu_free(w.cpu);
    pool_done(&w.customers);
    sim_free(w.sim);
}
