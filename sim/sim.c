/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Timers are lazy. A timer owns a slot; the slot knows the one queue entry that
 * counts for it, by sequence number. Moving a timer to a later time only writes
 * the timer: when the entry surfaces it is queued again for the new time with
 * the sequence number that arming took, so the order is as if it had been
 * there all along. Only a move to an earlier time queues a second entry and
 * leaves the first one out of date; a disarmed timer's entry is kept for the
 * next arming and counts as out of date meanwhile. */
#include "sim/sim.h"

#include <stddef.h>
#include <stdlib.h>

#include "sim/evq_impl.h"
#include "sim/must.h"

#define SEQ_MAX     (UINT64_C(1) << EVQ_SEQ_BITS)
#define TIMER_CLASS 0
#define NO_SLOT     UINT32_MAX
#define NO_SEQ      UINT64_MAX
#define BREAK_EVERY 4096
/* Fewer out-of-date entries than this are not worth a sweep. */
#define SWEEP_MIN 1024

struct timer_slot {
    struct sim_timer *timer; /* borrowed; NULL when the slot is free */
    simtime_t queued;        /* time of the entry that counts */
    uint64_t seq;            /* its number, NO_SEQ: none; free slots: next */
};

struct handler {
    sim_fn fn;
    void *ctx;
};

struct sim {
    struct sim_head head; /* first, for the inline functions of sim.h */
    uint64_t done;
    bool stop;
    int classes;
    struct handler handler[SIM_CLASSES];
    struct timer_slot *slots;
    uint32_t nslots, cap_slots, free_slot;
    size_t stale; /* timer entries in the queue that will not fire */
    struct evq q;
};

_Static_assert(offsetof(struct sim, head) == 0, "sim_now() reads it there");

struct sim *sim_new(enum evq_kind kind, simtime_t from)
{
    struct sim *s = must_zalloc(1, sizeof *s);
    s->head.now = from;
    evq_init(&s->q, kind, from);
    s->classes = 1;
    s->free_slot = NO_SLOT;
    return s;
}

void sim_free(struct sim *s)
{
    if (!s)
        return;
    evq_done(&s->q);
    free(s->slots);
    free(s);
}

int sim_class(struct sim *s, sim_fn fn, void *ctx)
{
    must(s->classes < SIM_CLASSES);
    s->handler[s->classes] = (struct handler){ fn, ctx };
    return s->classes++;
}

static inline struct evq_entry entry(simtime_t t, uint64_t seq, int cls,
                                     uint32_t id)
{
    uint64_t payload = (uint64_t)cls << SIM_ID_BITS | id;
    return (struct evq_entry){ t, seq << EVQ_PAYLOAD_BITS | payload };
}

static inline void push(struct sim *s, simtime_t t, uint64_t seq, int cls,
                        uint32_t id)
{
    evq_push_inline(&s->q, entry(t, seq, cls, id));
}

__attribute__((noinline)) static void push_many(struct sim *s, simtime_t t,
                                                uint64_t key)
{
    evq_push_inline(&s->q, (struct evq_entry){ t, key });
}

void sim_at_seq(struct sim *s, simtime_t t, uint64_t seq, int cls, uint32_t id)
{
    must(t >= s->head.now);
    push(s, t, seq, cls, id);
}

void sim_at(struct sim *s, simtime_t t, int cls, uint32_t id)
{
    must(t >= s->head.now);
    struct evq_entry e = entry(t, s->head.seq++, cls, id);
    /* where next to nothing is pending, no call and no register saved */
    if (s->q.kind == EVQ_WHEEL && wheel_has_few(&s->q.wheel, t))
        wheel_insert_few(&s->q.wheel, e);
    else
        push_many(s, e.t, e.key);
}

/* --- timers --- */

void sim_timer_init(struct sim *s, struct sim_timer *t, sim_fn fn, void *ctx,
                    uint32_t id)
{
    uint32_t slot = s->free_slot;
    if (slot != NO_SLOT) {
        s->free_slot = (uint32_t)s->slots[slot].seq;
    } else {
        if (s->nslots == s->cap_slots) {
            s->cap_slots = s->cap_slots ? 2 * s->cap_slots : 64;
            s->slots = must_realloc(s->slots, s->cap_slots, sizeof *s->slots);
        }
        must(s->nslots < SIM_IDS);
        slot = s->nslots++;
    }
    s->slots[slot] = (struct timer_slot){ .timer = t, .seq = NO_SEQ };
    *t = (struct sim_timer){
        .fn = fn, .ctx = ctx, .due = SIM_NEVER, .id = id, .slot = slot
    };
}

static bool is_wanted(void *ctx, const struct evq_entry *e)
{
    struct sim *s = ctx;
    uint32_t payload = (uint32_t)e->key & ((1u << EVQ_PAYLOAD_BITS) - 1);
    if (payload >> SIM_ID_BITS != TIMER_CLASS)
        return true;
    struct timer_slot *slot = &s->slots[payload];
    if (!slot->timer || slot->seq != e->key >> EVQ_PAYLOAD_BITS)
        return false;
    if (slot->timer->due != SIM_NEVER)
        return true;
    slot->seq = NO_SEQ;
    return false;
}

static void entry_is_stale(struct sim *s)
{
    s->stale++;
    if (s->stale >= SWEEP_MIN && s->stale > evq_len(&s->q) / 2) {
        evq_sweep(&s->q, is_wanted, s);
        s->stale = 0;
    }
}

void sim_timer_arm_seq(struct sim *s, struct sim_timer *t, simtime_t when,
                       uint64_t seq)
{
    must(when >= s->head.now && when < SIM_NEVER);
    struct timer_slot *slot = &s->slots[t->slot];
    bool was_armed = t->due != SIM_NEVER;
    t->due = when;
    t->seq = seq;
    if (slot->seq != NO_SEQ) {
        /* At the same time, the entry's place decides: it must not lie behind
         * the place that SEQ stands for. */
        if (slot->queued < when || (slot->queued == when && slot->seq <= seq)) {
            s->stale -= !was_armed;
            return;
        }
        slot->seq = seq;
        slot->queued = when;
        push(s, when, seq, TIMER_CLASS, t->slot);
        if (was_armed)
            entry_is_stale(s);
        return;
    }
    slot->seq = seq;
    slot->queued = when;
    push(s, when, seq, TIMER_CLASS, t->slot);
}

void sim_timer_arm(struct sim *s, struct sim_timer *t, simtime_t when)
{
    sim_timer_arm_seq(s, t, when, s->head.seq++);
}

void sim_timer_disarm(struct sim *s, struct sim_timer *t)
{
    if (t->due == SIM_NEVER)
        return;
    t->due = SIM_NEVER;
    entry_is_stale(s);
}

void sim_timer_done(struct sim *s, struct sim_timer *t)
{
    sim_timer_disarm(s, t);
    /* An entry still queued was counted as out of date by the disarming. */
    s->slots[t->slot] = (struct timer_slot){ .seq = s->free_slot };
    s->free_slot = t->slot;
}

/* A timer's entry has surfaced. */
static void on_timer(struct sim *s, const struct evq_entry *e, uint32_t id)
{
    struct timer_slot *slot = &s->slots[id];
    if (!slot->timer || slot->seq != e->key >> EVQ_PAYLOAD_BITS) {
        s->stale--;
        return;
    }
    struct sim_timer *t = slot->timer;
    slot->seq = NO_SEQ;
    if (t->due == SIM_NEVER) {
        s->stale--;
        return;
    }
    if (t->due > e->t || t->seq != e->key >> EVQ_PAYLOAD_BITS) {
        slot->seq = t->seq;
        slot->queued = t->due;
        push(s, t->due, t->seq, TIMER_CLASS, id);
        return;
    }
    t->due = SIM_NEVER;
    s->done++;
    t->fn(t->ctx, t->id);
}

/* --- the loop --- */

__attribute__((noinline)) static bool
run_events(struct sim *s, simtime_t until,
           const volatile sig_atomic_t *break_flag)
{
    s->stop = false;
    struct evq_entry e;
    unsigned left = BREAK_EVERY;
    while (evq_pop_inline(&s->q, until, &e)) {
        must(e.t >= s->head.now);
        s->head.now = e.t;
        uint32_t payload = (uint32_t)e.key & ((1u << EVQ_PAYLOAD_BITS) - 1);
        uint32_t cls = payload >> SIM_ID_BITS;
        uint32_t id = payload & (SIM_IDS - 1);
        if (cls != TIMER_CLASS) {
            s->done++;
            s->handler[cls].fn(s->handler[cls].ctx, id);
        } else {
            on_timer(s, &e, id);
        }
        if (s->stop)
            return false;
        if (--left == 0) {
            must(s->head.seq < SEQ_MAX);
            if (break_flag && *break_flag)
                return false;
            left = BREAK_EVERY;
        }
    }
    if (until != SIM_NEVER)
        s->head.now = until;
    return true;
}

bool sim_run(struct sim *s, simtime_t until,
             const volatile sig_atomic_t *break_flag)
{
    must(until >= s->head.now);
    if (evq_may_pop(&s->q, until))
        return run_events(s, until, break_flag);
    s->head.now = until;
    return true;
}

void sim_stop(struct sim *s)
{
    s->stop = true;
}

uint64_t sim_event_count(const struct sim *s)
{
    return s->done;
}

size_t sim_pending(const struct sim *s)
{
    return evq_len(&s->q);
}
