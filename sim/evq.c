/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/evq.h"

#include <stdlib.h>

#include "sim/evq_heap4.h"
#include "sim/must.h"

struct evq {
    enum evq_kind kind;
    struct heap4 heap;
};

struct evq *evq_new(enum evq_kind kind, simtime_t from)
{
    (void)from;
    struct evq *q = must_zalloc(1, sizeof *q);
    q->kind = kind;
    heap4_init(&q->heap);
    return q;
}

void evq_free(struct evq *q)
{
    if (!q)
        return;
    heap4_done(&q->heap);
    free(q);
}

void evq_push(struct evq *q, simtime_t t, uint64_t key)
{
    heap4_push(&q->heap, (struct evq_entry){ t, key });
}

bool evq_pop(struct evq *q, simtime_t limit, struct evq_entry *e)
{
    if (!q->heap.n || q->heap.a[0].t > limit)
        return false;
    *e = heap4_pop(&q->heap);
    return true;
}

void evq_sweep(struct evq *q, evq_keep_fn keep, void *ctx)
{
    heap4_sweep(&q->heap, keep, ctx);
}

size_t evq_len(const struct evq *q)
{
    return q->heap.n;
}

size_t evq_bytes(const struct evq *q)
{
    return sizeof *q + heap4_bytes(&q->heap);
}
