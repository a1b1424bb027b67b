/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The four children of a node lie on one cache line, the smallest of them is
 * chosen without branches, and the hole left by a pop walks down to a leaf
 * before the last entry is put there and moved up (Wegener 1993): it belongs
 * near the leaves nearly always. */
#include "sim/evq_heap4.h"

#include <stdlib.h>
#include <string.h>

#include "sim/evq_order.h"
#include "sim/must.h"

#define LINE      64
#define FIRST_CAP 60

void heap4_init(struct heap4 *h)
{
    memset(h, 0, sizeof *h);
}

void heap4_done(struct heap4 *h)
{
    free(h->block);
    heap4_init(h);
}

static void grow(struct heap4 *h)
{
    size_t cap = h->cap ? 2 * h->cap + 4 : FIRST_CAP;
    /* Three entries before a[0] bring a[1], a[5] ... to line starts. */
    void *block = aligned_alloc(LINE, (cap + 4) * sizeof *h->a);
    if (!block)
        must_oom();
    struct evq_entry *a = (struct evq_entry *)block + 3;
    if (h->n)
        memcpy(a, h->a, h->n * sizeof *a);
    free(h->block);
    h->block = block;
    h->a = a;
    h->cap = cap;
}

static void move_up(struct heap4 *h, size_t i, struct evq_entry e)
{
    while (i > 0) {
        size_t parent = (i - 1) / 4;
        if (!entry_before(&e, &h->a[parent]))
            break;
        h->a[i] = h->a[parent];
        i = parent;
    }
    h->a[i] = e;
}

/* Puts E into the hole at I, whose subtree is in order. */
static void fill_hole(struct heap4 *h, size_t i, struct evq_entry e)
{
    struct evq_entry *a = h->a;
    size_t c;
    while ((c = 4 * i + 1) + 4 <= h->n) {
        size_t x = c + entry_before(&a[c + 1], &a[c]);
        size_t y = c + 2 + entry_before(&a[c + 3], &a[c + 2]);
        size_t m = x + (y - x) * entry_before(&a[y], &a[x]);
        a[i] = a[m];
        i = m;
    }
    if (c < h->n) {
        size_t m = c;
        for (size_t j = c + 1; j < h->n; j++)
            if (entry_before(&a[j], &a[m]))
                m = j;
        a[i] = a[m];
        i = m;
    }
    move_up(h, i, e);
}

void heap4_push(struct heap4 *h, struct evq_entry e)
{
    if (h->n == h->cap)
        grow(h);
    move_up(h, h->n++, e);
}

struct evq_entry heap4_pop(struct heap4 *h)
{
    struct evq_entry first = h->a[0];
    struct evq_entry last = h->a[--h->n];
    if (h->n)
        fill_hole(h, 0, last);
    return first;
}

void heap4_sweep(struct heap4 *h, evq_keep_fn keep, void *ctx)
{
    size_t n = h->n;
    h->n = 0;
    /* What is kept moves to the front as a heap of its own: the front never
     * passes the entry being looked at. */
    for (size_t i = 0; i < n; i++) {
        struct evq_entry e = h->a[i];
        if (keep(ctx, &e))
            move_up(h, h->n++, e);
    }
}

size_t heap4_bytes(const struct heap4 *h)
{
    return h->cap ? (h->cap + 4) * sizeof *h->a : 0;
}
