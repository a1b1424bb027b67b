/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bytes as a sequence of calls of the event queue, to the wheel and to the
 * heap: both must pop the same entries in the same order.
 *
 * A step is one byte, its low three bits what is done and the others, N, how
 * much or how far; further bytes where a time is built of more. Cancelling is
 * what the engine does: the sequence number is noted down, its entry is popped
 * and passed over, or swept away with others. */
#include "sim/evq.h"

#include <stdint.h>
#include <stdlib.h>

#include "sim/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_ENTRIES 8192 /* scheduled in all */
#define LATEST      (SIM_NEVER - 1)

struct queues {
    const uint8_t *at, *end;
    struct evq *wheel, *heap;
    simtime_t now;
    uint64_t seq;                    /* the next number */
    size_t len;                      /* entries that were not cancelled */
    bool over[MAX_ENTRIES];          /* popped or cancelled */
    bool in_queue[MAX_ENTRIES];      /* pushed and not popped */
    uint64_t reserved[4], nreserved; /* numbers taken to be used later */
};

static uint8_t byte(struct queues *q)
{
    return q->at < q->end ? *q->at++ : 0;
}

/* NOW and then some, up to the far end of time. */
static simtime_t later(const struct queues *q, uint64_t mantissa,
                       unsigned shift)
{
    uint64_t room = (uint64_t)LATEST - (uint64_t)q->now;
    uint64_t gap = mantissa << shift;
    return (simtime_t)((uint64_t)q->now + (gap < room ? gap : room));
}

static uint64_t key_of(uint64_t seq)
{
    return seq << EVQ_PAYLOAD_BITS | seq * 77 % (1u << EVQ_PAYLOAD_BITS);
}

static void schedule(struct queues *q, simtime_t t, uint64_t seq)
{
    evq_push(q->wheel, t, key_of(seq));
    evq_push(q->heap, t, key_of(seq));
    q->in_queue[seq] = true;
    q->len++;
}

/* One entry that is due up to LIMIT, from both; cancelled ones are passed
 * over. */
static bool pop(struct queues *q, simtime_t limit)
{
    struct evq_entry a = { 0, 0 }, b = { 0, 0 };
    for (;;) {
        bool got = evq_pop(q->wheel, limit, &a);
        must(evq_pop(q->heap, limit, &b) == got);
        if (!got)
            return false;
        must(a.t == b.t && a.key == b.key);
        must(a.t >= q->now && a.t <= limit);
        uint64_t seq = a.key >> EVQ_PAYLOAD_BITS;
        must(seq < q->seq && q->in_queue[seq]);
        q->now = a.t;
        q->in_queue[seq] = false;
        if (!q->over[seq])
            break;
    }
    q->over[a.key >> EVQ_PAYLOAD_BITS] = true;
    q->len--;
    return true;
}

/* The entry of number SEQ is not wanted any more, or its timer is moved. */
static void cancel(struct queues *q, uint64_t seq)
{
    if (!q->in_queue[seq] || q->over[seq])
        return;
    q->over[seq] = true;
    q->len--;
}

static bool is_wanted(void *ctx, const struct evq_entry *e)
{
    const struct queues *q = ctx;
    return !q->over[e->key >> EVQ_PAYLOAD_BITS];
}

static void sweep(struct queues *q)
{
    evq_sweep(q->wheel, is_wanted, q);
    evq_sweep(q->heap, is_wanted, q);
    for (uint64_t i = 0; i < q->seq; i++)
        q->in_queue[i] = q->in_queue[i] && !q->over[i];
    must(evq_len(q->heap) == q->len);
}

/* Numbers taken now for entries that come later, as lanes do. */
static void reserve_or_use(struct queues *q, unsigned n)
{
    if (q->nreserved > 0 && n % 2 != 0)
        schedule(q, later(q, n, byte(q) % 40), q->reserved[--q->nreserved]);
    else if (q->nreserved < 4 && q->seq < MAX_ENTRIES)
        q->reserved[q->nreserved++] = q->seq++;
}

static void step(struct queues *q)
{
    enum { PUSH, PUSH_FAR, PUSH_MANY, POP, POP_UNTIL, CANCEL, SWEEP, RESERVE };
    unsigned op = byte(q), n = op >> 3;
    uint64_t m = n;
    switch (op & 7) {
    case PUSH:
        if (q->seq < MAX_ENTRIES)
            schedule(q, later(q, n, 0), q->seq++);
        break;
    case PUSH_FAR:
        m = m << 8 | byte(q);
        if (q->seq < MAX_ENTRIES)
            schedule(q, later(q, m, byte(q) % 51), q->seq++);
        break;
    case PUSH_MANY: { /* evenly apart */
        uint64_t gap = byte(q);
        unsigned shift = byte(q) % 40;
        for (uint64_t i = 0; i <= 8 * m && q->seq < MAX_ENTRIES; i++)
            schedule(q, later(q, i * gap, shift), q->seq++);
        break;
    }
    case POP:
        for (uint64_t i = 0; i <= m && pop(q, SIM_NEVER); i++)
            ;
        break;
    case POP_UNTIL: { /* the clock moves on to the limit */
        simtime_t limit = later(q, m, byte(q) % 58);
        while (pop(q, limit))
            ;
        q->now = limit;
        break;
    }
    case CANCEL: /* a recent one, or any */
        m = n < 16 ? n : (m << 8 | byte(q)) % MAX_ENTRIES;
        if (m < q->seq)
            cancel(q, q->seq - 1 - m);
        break;
    case SWEEP:
        sweep(q);
        break;
    case RESERVE:
        reserve_or_use(q, n);
        break;
    default:
        break;
    }
    must(evq_len(q->wheel) == evq_len(q->heap));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const simtime_t begin[] = { 0, -SIM_S, -(SIM_NEVER / 2), 1 };
    struct queues *q = must_zalloc(1, sizeof *q);
    q->at = data;
    q->end = data + size;
    q->now = begin[byte(q) % 4];
    q->wheel = evq_new(EVQ_WHEEL, q->now);
    q->heap = evq_new(EVQ_HEAP4, q->now);
    while (q->at < q->end)
        step(q);
    while (pop(q, SIM_NEVER))
        ;
    must(q->len == 0 && evq_len(q->wheel) == 0 && evq_len(q->heap) == 0);
    evq_free(q->wheel);
    evq_free(q->heap);
    free(q);
    return 0;
}
