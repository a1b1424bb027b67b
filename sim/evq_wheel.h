/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The hierarchical wheel behind EVQ_WHEEL; sim/evq_wheel.c tells how it works.
 * The two hot paths, popping from the sorted run and dropping an entry into a
 * slot, are inline here for sim/evq.c and the engine's loop. */
#ifndef SIM_EVQ_WHEEL_H
#define SIM_EVQ_WHEEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/evq.h"
#include "sim/evq_order.h"

#define WHEEL_BITS   4
#define WHEEL_SLOTS  (1 << WHEEL_BITS)
#define WHEEL_LEVELS (64 / WHEEL_BITS)

/* A chunk of a slot's bag: CHUNK_BYTES long and aligned, so that a pointer to
 * the next free entry tells by its low bits that the chunk is full. */
#define CHUNK_BYTES   1024
#define CHUNK_ENTRIES (CHUNK_BYTES / sizeof(struct evq_entry) - 1)
struct chunk {
    struct chunk *next;
    uint64_t unused;
    struct evq_entry e[CHUNK_ENTRIES];
};

/* An unsorted bag, oldest chunk first. */
struct bag {
    struct evq_entry *pos; /* next free entry; NULL when empty */
    struct chunk *first;
};

struct wheel {
    /* The run: entries before LIM, latest first, so that the next one is
     * run[n - 1]. */
    struct evq_entry *run;
    size_t n, cap;
    simtime_t lim;  /* no entry in a slot is earlier (but see `tie`) */
    simtime_t last; /* time of the last popped entry */
    simtime_t tie;  /* lim - 1 if the slots hold entries of that time, behind
                     * those of the run; else SIM_NEVER */
    uint64_t cur;   /* the turned time that levels and slots are relative to */
    size_t far;     /* entries in slots */
    size_t wish;    /* how long a run may be when it is loaded */
    size_t loaded, inserted, moves; /* what became of the run since */
    uint32_t levels;                /* bit per level that has entries */
    uint16_t slots[WHEEL_LEVELS];   /* bit per slot that has entries */
    struct bag bag[WHEEL_LEVELS][WHEEL_SLOTS];
    /* Memory. */
    struct chunk *free;
    struct chunk *slab, *slab_end; /* not handed out yet */
    void **slabs;                  /* owned */
    size_t nslabs, cap_slabs, chunks;
    struct evq_entry *scratch; /* where a slot is gathered before sorting */
};

void wheel_init(struct wheel *w, simtime_t from);
void wheel_done(struct wheel *w);
void wheel_sweep(struct wheel *w, evq_keep_fn keep, void *ctx);
size_t wheel_bytes(const struct wheel *w);

/* The rest of a push before LIM, of a push into a bag without room, and of a
 * pop from an empty run. */
void wheel_push_near(struct wheel *w, struct evq_entry e);
void wheel_push_room(struct wheel *w, unsigned level, unsigned slot,
                     struct evq_entry e);
bool wheel_refill(struct wheel *w, simtime_t limit);

/* Times as unsigned numbers in the same order. */
static inline uint64_t wheel_turned(simtime_t t)
{
    return (uint64_t)t ^ (uint64_t)1 << 63;
}

static inline simtime_t wheel_time(uint64_t turned)
{
    return (simtime_t)(turned ^ (uint64_t)1 << 63);
}

/* The level is given by the highest bit in which the time differs from CUR. */
static inline void wheel_place(struct wheel *w, struct evq_entry e)
{
    uint64_t u = wheel_turned(e.t);
    unsigned top = 63u ^ (unsigned)__builtin_clzll((u ^ w->cur) | 1);
    unsigned level = top / WHEEL_BITS;
    unsigned slot = (unsigned)(u >> (level * WHEEL_BITS)) & (WHEEL_SLOTS - 1);
    struct bag *b = &w->bag[level][slot];
    struct evq_entry *pos = b->pos;
    w->far++;
    if (__builtin_expect(((uintptr_t)pos & (CHUNK_BYTES - 1)) == 0, 0)) {
        wheel_push_room(w, level, slot, e);
        return;
    }
    *pos = e;
    b->pos = pos + 1;
}

/* A run shorter than this has room, and takes any entry before LIM. */
#define WHEEL_SHORT 32

/* Whether an entry for time T goes into a run of three or less. */
static inline bool wheel_has_few(const struct wheel *w, simtime_t t)
{
    return w->n <= 3 && t < w->lim && t != w->tie;
}

/* Then it is passed down through them: small models live here, and nobody can
 * predict which is first. */
static inline void wheel_insert_few(struct wheel *w, struct evq_entry e)
{
    struct evq_entry *run = w->run;
    size_t n = w->n++;
    for (size_t i = 0; i < n; i++) {
        struct evq_entry old = run[i];
        if (e.t > old.t || (e.t == old.t && e.key > old.key)) {
            run[i] = e;
            e = old;
        }
    }
    run[n] = e;
}

static inline void wheel_insert(struct wheel *w, struct evq_entry e)
{
    if (w->n <= 3) {
        wheel_insert_few(w, e);
        return;
    }
    struct evq_entry *run = w->run;
    size_t n = w->n++, i = n;
    for (; i > 0; i--) {
        struct evq_entry old = run[i - 1];
        if (old.t > e.t || (old.t == e.t && old.key > e.key))
            break;
        run[i] = old;
    }
    run[i] = e;
    w->inserted++;
    w->moves += n - i;
}

static inline void wheel_push(struct wheel *w, struct evq_entry e)
{
    if (e.t >= w->lim)
        wheel_place(w, e);
    else if (__builtin_expect(w->n < WHEEL_SHORT && e.t != w->tie, 1))
        wheel_insert(w, e);
    else
        wheel_push_near(w, e);
}

static inline bool wheel_pop(struct wheel *w, simtime_t limit,
                             struct evq_entry *e)
{
    if (__builtin_expect(w->n == 0, 0) && !wheel_refill(w, limit))
        return false;
    const struct evq_entry *first = &w->run[w->n - 1];
    if (first->t > limit)
        return false;
    *e = *first;
    w->last = first->t;
    w->n--;
    return true;
}

#endif
