/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A 4-ary heap of queue entries (Johnson 1975: d-ary heaps), the reference
 * order of the tests and the queue of EVQ_HEAP4. Private to sim/evq*.c. Push
 * and pop are O(log n). */
#ifndef SIM_EVQ_HEAP4_H
#define SIM_EVQ_HEAP4_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/evq.h"

struct heap4 {
    struct evq_entry *a; /* owned, as block; a[1] starts a cache line */
    void *block;
    size_t n, cap;
};

void heap4_init(struct heap4 *h);
void heap4_done(struct heap4 *h);
void heap4_push(struct heap4 *h, struct evq_entry e);
/* Takes the first entry; H must not be empty. */
struct evq_entry heap4_pop(struct heap4 *h);
/* Removes the entries that KEEP does not want kept. */
void heap4_sweep(struct heap4 *h, evq_keep_fn keep, void *ctx);
size_t heap4_bytes(const struct heap4 *h);

#endif
