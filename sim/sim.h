/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The engine: a clock, a queue of simulation events, and the loop.
 *
 * Three ways to make something happen later, cheapest first:
 *  - a *class* (sim_class) is a handler for many like objects, told apart by
 *    a 24-bit id: 16 bytes a pending event, no cancel. An owner that may
 *    change its mind keeps the deadline in the object and lets the handler
 *    drop what is out of date.
 *  - a *lane* (sim/lane.h) for timeouts of one constant length.
 *  - a *timer* (struct sim_timer), embedded in its owner: arm, move and disarm
 *    in O(1); what is out of date is dropped when it surfaces, and swept when
 *    it outnumbers the living.
 *
 * Ties in time go in the order of scheduling (sequence number), always.
 * The loop allocates nothing once the queue has reached its size. */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "sim/evq.h"
#include "sim/simtime.h"

#define SIM_CLASSES 16
#define SIM_ID_BITS 24
#define SIM_IDS     (1u << SIM_ID_BITS)

struct sim;

/* CTX is what was given with the handler, ID the object's number. */
typedef void (*sim_fn)(void *ctx, uint32_t id);

/* A timer, embedded in its owner, who must disarm it before going away.
 * Fields are the engine's. */
struct sim_timer {
    sim_fn fn;
    void *ctx;
    simtime_t due; /* SIM_NEVER when not armed */
    uint64_t seq;
    uint32_t id, slot;
};

/* FROM is where the clock starts (it may be negative). Caller frees. */
struct sim *sim_new(enum evq_kind kind, simtime_t from);
void sim_free(struct sim *s);

static inline simtime_t sim_now(const struct sim *s);

/* Registers a class; returns its number (1 … 15). */
int sim_class(struct sim *s, sim_fn fn, void *ctx);

/* Calls the class's handler with ID at time T >= now. */
void sim_at(struct sim *s, simtime_t t, int cls, uint32_t id);

/* A sequence number for an event that will be queued later but must keep the
 * place in the order that it has now; used by lanes. */
static inline uint64_t sim_seq(struct sim *s);
/* The number that the next event will get, without taking it. */
static inline uint64_t sim_seq_now(const struct sim *s);
void sim_at_seq(struct sim *s, simtime_t t, uint64_t seq, int cls, uint32_t id);

/* Timers. Init once; arming an armed timer moves it; disarming an idle one is
 * allowed. The timer is idle again when its handler is called. */
void sim_timer_init(struct sim *s, struct sim_timer *t, sim_fn fn, void *ctx,
                    uint32_t id);
void sim_timer_arm(struct sim *s, struct sim_timer *t, simtime_t when);
void sim_timer_disarm(struct sim *s, struct sim_timer *t);
/* Disarms and gives the slot back: call before the owner's memory goes. */
void sim_timer_done(struct sim *s, struct sim_timer *t);
/* Changes the id that the handler of an idle timer will be given. */
static inline void sim_timer_set_id(struct sim_timer *t, uint32_t id)
{
    t->id = id;
}
static inline bool sim_timer_armed(const struct sim_timer *t)
{
    return t->due != SIM_NEVER;
}

/* The same with a sequence number from sim_seq(), used by lanes. */
void sim_timer_arm_seq(struct sim *s, struct sim_timer *t, simtime_t when,
                       uint64_t seq);

/* Runs every event up to and including UNTIL, then sets the clock to UNTIL.
 * Returns false when it was stopped early by sim_stop() or because *BREAK_FLAG
 * (may be NULL; looked at every few thousand events) became nonzero; the clock
 * then stays at the last event, as it does when UNTIL is SIM_NEVER. */
bool sim_run(struct sim *s, simtime_t until,
             const volatile sig_atomic_t *break_flag);
void sim_stop(struct sim *s);

/* Events handled so far (out-of-date ones not counted); entries pending. */
uint64_t sim_event_count(const struct sim *s);
size_t sim_pending(const struct sim *s);

/* How struct sim begins: what is asked for all the time costs one load. */
struct sim_head {
    simtime_t now;
    uint64_t seq; /* of the next event */
};

static inline simtime_t sim_now(const struct sim *s)
{
    return ((const struct sim_head *)(const void *)s)->now;
}

static inline uint64_t sim_seq(struct sim *s)
{
    return ((struct sim_head *)(void *)s)->seq++;
}

static inline uint64_t sim_seq_now(const struct sim *s)
{
    return ((const struct sim_head *)(const void *)s)->seq;
}

#endif
