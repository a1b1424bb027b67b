/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "theory/sim_lattice.h"

#include "sim/lane.h"
#include "sim/must.h"
#include "sim/rng.h"
#include "sim/sim.h"

#include <math.h>
#include <stdlib.h>

static void forget(double f[FIGURES])
{
    for (int i = 0; i < FIGURES; i++)
        f[i] = (double)NAN;
}

/* -- Geo/Geo/1 --------------------------------------------------------------
 */

struct slots {
    const struct lattice *l;
    struct sim *sim;
    struct rng arrivals, departures;
    int on_arrival, on_departure, on_end;
    uint64_t n; /* slots over */
    int64_t inside;
    double sum;
};

static void slot_arrival(void *ctx, uint32_t id)
{
    struct slots *s = ctx;
    (void)id;
    s->inside += rng_unit(&s->arrivals) < s->l->arrive;
    sim_at(s->sim, sim_now(s->sim) + SIM_MS, s->on_arrival, 0);
}

static void slot_departure(void *ctx, uint32_t id)
{
    struct slots *s = ctx;
    (void)id;
    bool leaves = rng_unit(&s->departures) < s->l->leave;
    s->inside -= leaves && s->inside > 0;
    sim_at(s->sim, sim_now(s->sim) + SIM_MS, s->on_departure, 0);
}

static void slot_end(void *ctx, uint32_t id)
{
    struct slots *s = ctx;
    (void)id;
    if (s->n++ >= s->l->warm_up)
        s->sum += (double)s->inside;
    if (s->n == s->l->warm_up + s->l->slots)
        sim_stop(s->sim);
    sim_at(s->sim, sim_now(s->sim) + SIM_MS, s->on_end, 0);
}

void lattice_run(const struct lattice *l, uint64_t seed, uint64_t replication,
                 double figures[FIGURES])
{
    struct slots s = { .l = l, .sim = sim_new(EVQ_WHEEL, 0) };
    rng_init(&s.arrivals, seed, replication, "lattice:arrivals");
    rng_init(&s.departures, seed, replication, "lattice:departures");
    s.on_arrival = sim_class(s.sim, slot_arrival, &s);
    s.on_departure = sim_class(s.sim, slot_departure, &s);
    s.on_end = sim_class(s.sim, slot_end, &s);
    sim_at(s.sim, SIM_MS, l->departures_first ? s.on_departure : s.on_arrival,
           0);
    sim_at(s.sim, SIM_MS, l->departures_first ? s.on_arrival : s.on_departure,
           0);
    sim_at(s.sim, SIM_MS, s.on_end, 0);
    sim_run(s.sim, SIM_NEVER, NULL);
    forget(figures);
    figures[FIG_NUMBER] = s.sum / (double)l->slots;
    sim_free(s.sim);
}

/* -- D/D/1 ------------------------------------------------------------------
 */

#define DD_CUSTOMERS 10000
#define DD_SERVICE   (10 * SIM_MS)

struct ddone {
    struct sim *sim;
    int on_arrival, on_departure;
    simtime_t came[2]; /* of the one in service, of the next */
    int inside;
    int left;
    simtime_t wait, began;
    double number, met;
    simtime_t since;
};

static void dd_area(struct ddone *d)
{
    d->number += (double)(sim_now(d->sim) - d->since) * d->inside;
    d->since = sim_now(d->sim);
}

static void dd_serve(struct ddone *d)
{
    d->wait += sim_now(d->sim) - d->came[0];
    sim_at(d->sim, sim_now(d->sim) + DD_SERVICE, d->on_departure, 0);
}

static void dd_arrival(void *ctx, uint32_t id)
{
    struct ddone *d = ctx;
    (void)id;
    d->met += d->inside > 0;
    dd_area(d);
    must(d->inside < 2);
    d->came[d->inside++] = sim_now(d->sim);
    if (d->inside == 1)
        dd_serve(d);
    if (--d->left > 0)
        sim_at(d->sim, sim_now(d->sim) + DD_SERVICE, d->on_arrival, 0);
}

static void dd_departure(void *ctx, uint32_t id)
{
    struct ddone *d = ctx;
    (void)id;
    dd_area(d);
    d->inside--;
    d->came[0] = d->came[1];
    if (d->inside > 0)
        dd_serve(d);
}

void lattice_ddone_run(uint64_t seed, uint64_t replication,
                       double figures[FIGURES])
{
    struct ddone d = { .sim = sim_new(EVQ_WHEEL, 0), .left = DD_CUSTOMERS };
    struct rng r;
    rng_init(&r, seed, replication, "lattice:first");
    simtime_t first = (simtime_t)rng_below(&r, SIM_S);
    d.on_arrival = sim_class(d.sim, dd_arrival, &d);
    d.on_departure = sim_class(d.sim, dd_departure, &d);
    sim_at(d.sim, first, d.on_arrival, 0);
    sim_run(d.sim, SIM_NEVER, NULL);
    double wait = (double)d.wait / DD_CUSTOMERS;
    forget(figures);
    figures[FIG_WAIT] = wait * 1e-9;
    figures[FIG_RESPONSE] = (wait + (double)DD_SERVICE) * 1e-9;
    figures[FIG_NUMBER] = d.number / (double)(sim_now(d.sim) - first);
    figures[FIG_LATE] = d.met / DD_CUSTOMERS;
    sim_free(d.sim);
}

/* -- ties -------------------------------------------------------------------
 */

#define TIES     4096
#define INSTANTS 32

/* How an event is scheduled. */
enum { BY_CLASS, BY_TIMER, BY_MOVED_TIMER, BY_DISARMED_TIMER, BY_LANE, WAYS };

struct tie {
    simtime_t due;
    struct sim_timer timer;
    struct lane_link link;
    uint64_t order; /* number of the scheduling that counts */
    uint8_t way;
    bool fired;
};

struct ties {
    struct sim *sim;
    struct tie *v;
    struct lane lane;
    int on_tie;
    struct rng r;
    uint32_t next; /* to be scheduled */
    uint64_t orders;
    simtime_t last_due;
    uint64_t last_order;
    uint64_t wrong;
};

#define LANE_DELAY (8 * SIM_MS)

static struct lane_link *tie_link(void *ctx, uint32_t id)
{
    struct ties *t = ctx;
    return &t->v[id].link;
}

/* Schedules one more event, at an instant that others share. */
static void schedule(struct ties *t)
{
    uint32_t id = t->next++;
    struct tie *e = &t->v[id];
    simtime_t now = sim_now(t->sim);
    simtime_t later = (simtime_t)rng_below(&t->r, INSTANTS) * SIM_MS;
    e->way = (uint8_t)rng_below(&t->r, WAYS);
    if (e->way == BY_LANE)
        later = LANE_DELAY;
    e->due = now + later;
    if (e->way == BY_MOVED_TIMER)
        sim_timer_arm(t->sim, &e->timer,
                      now + (simtime_t)rng_below(&t->r, INSTANTS) * SIM_MS);
    e->order = t->orders++;
    if (e->way == BY_CLASS) {
        sim_at(t->sim, e->due, t->on_tie, id);
    } else if (e->way == BY_LANE) {
        lane_arm(&t->lane, id);
    } else {
        sim_timer_arm(t->sim, &e->timer, e->due);
        if (e->way == BY_DISARMED_TIMER)
            sim_timer_disarm(t->sim, &e->timer);
    }
}

static void tie_fires(void *ctx, uint32_t id)
{
    struct ties *t = ctx;
    struct tie *e = &t->v[id];
    simtime_t now = sim_now(t->sim);
    bool behind = t->last_due < e->due ||
                  (t->last_due == e->due && t->last_order < e->order);
    t->wrong +=
        e->fired || e->way == BY_DISARMED_TIMER || now != e->due || !behind;
    e->fired = true;
    t->last_due = e->due;
    t->last_order = e->order;
    for (int i = 0; i < 2 && t->next < TIES; i++)
        schedule(t);
}

void lattice_ties_run(uint64_t seed, uint64_t replication,
                      double figures[FIGURES])
{
    struct ties t = { .sim = sim_new(EVQ_WHEEL, 0), .last_due = -1 };
    t.v = must_zalloc(TIES, sizeof *t.v);
    rng_init(&t.r, seed, replication, "lattice:ties");
    t.on_tie = sim_class(t.sim, tie_fires, &t);
    lane_init(&t.lane, t.sim, LANE_DELAY, tie_link, &t, tie_fires, &t);
    for (uint32_t i = 0; i < TIES; i++)
        sim_timer_init(t.sim, &t.v[i].timer, tie_fires, &t, i);
    while (t.next < TIES) { /* those before may all have been disarmed */
        for (int i = 0; i < 64 && t.next < TIES; i++)
            schedule(&t);
        sim_run(t.sim, SIM_NEVER, NULL);
    }
    for (uint32_t i = 0; i < TIES; i++) {
        t.wrong += !t.v[i].fired && t.v[i].way != BY_DISARMED_TIMER;
        sim_timer_done(t.sim, &t.v[i].timer);
    }
    lane_done(&t.lane);
    forget(figures);
    figures[FIG_WRONG] = (double)t.wrong;
    sim_free(t.sim);
    free(t.v);
}
