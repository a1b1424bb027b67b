/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/evq.h"

#include <stdlib.h>

#include "sim/evq_impl.h"
#include "sim/must.h"

void evq_init(struct evq *q, enum evq_kind kind, simtime_t from)
{
    q->kind = kind;
    if (kind == EVQ_WHEEL)
        wheel_init(&q->wheel, from);
    else
        heap4_init(&q->heap);
}

void evq_done(struct evq *q)
{
    if (q->kind == EVQ_WHEEL)
        wheel_done(&q->wheel);
    else
        heap4_done(&q->heap);
}

struct evq *evq_new(enum evq_kind kind, simtime_t from)
{
    struct evq *q = must_zalloc(1, sizeof *q);
    evq_init(q, kind, from);
    return q;
}

void evq_free(struct evq *q)
{
    if (!q)
        return;
    evq_done(q);
    free(q);
}

void evq_push(struct evq *q, simtime_t t, uint64_t key)
{
    evq_push_inline(q, (struct evq_entry){ t, key });
}

bool evq_pop(struct evq *q, simtime_t limit, struct evq_entry *e)
{
    return evq_pop_inline(q, limit, e);
}

void evq_sweep(struct evq *q, evq_keep_fn keep, void *ctx)
{
    if (q->kind == EVQ_WHEEL)
        wheel_sweep(&q->wheel, keep, ctx);
    else
        heap4_sweep(&q->heap, keep, ctx);
}

size_t evq_len(const struct evq *q)
{
    return q->kind == EVQ_WHEEL ? q->wheel.n + q->wheel.far : q->heap.n;
}

size_t evq_bytes(const struct evq *q)
{
    return sizeof *q + (q->kind == EVQ_WHEEL ? wheel_bytes(&q->wheel)
                                             : heap4_bytes(&q->heap));
}
