/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What sim/evq*.c and the engine's loop share; nobody else includes it. */
#ifndef SIM_EVQ_IMPL_H
#define SIM_EVQ_IMPL_H

#include "sim/evq.h"
#include "sim/evq_heap4.h"
#include "sim/evq_wheel.h"

struct evq {
    enum evq_kind kind;
    union {
        struct wheel wheel;
        struct heap4 heap;
    };
};

/* evq_new() and evq_free() for a queue that lies in something else. */
void evq_init(struct evq *q, enum evq_kind kind, simtime_t from);
void evq_done(struct evq *q);

static inline void evq_push_inline(struct evq *q, struct evq_entry e)
{
    if (__builtin_expect(q->kind == EVQ_WHEEL, 1))
        wheel_push(&q->wheel, e);
    else
        heap4_push(&q->heap, e);
}

static inline bool evq_pop_inline(struct evq *q, simtime_t limit,
                                  struct evq_entry *e)
{
    if (__builtin_expect(q->kind == EVQ_WHEEL, 1))
        return wheel_pop(&q->wheel, limit, e);
    if (!q->heap.n || q->heap.a[0].t > limit)
        return false;
    *e = heap4_pop(&q->heap);
    return true;
}

/* False if plainly nothing is due up to LIMIT: the cheap question before the
 * expensive one. */
static inline bool evq_may_pop(const struct evq *q, simtime_t limit)
{
    if (q->kind != EVQ_WHEEL || q->wheel.n == 0)
        return true;
    return q->wheel.run[q->wheel.n - 1].t <= limit;
}

#endif
