/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The priority queue of the engine, and nothing else: entries of 16 bytes,
 * popped in the total order (time, then sequence number). Two structures
 * stand behind the interface: EVQ_WHEEL, the default, and EVQ_HEAP4, the
 * reference of the tests; both pop exactly the same order.
 *
 * An entry carries a 28-bit payload and a 36-bit sequence number (6.8e10
 * entries a run). Times may not lie before the last popped one. */
#ifndef SIM_EVQ_H
#define SIM_EVQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/simtime.h"

enum evq_kind { EVQ_WHEEL, EVQ_HEAP4 };

#define EVQ_PAYLOAD_BITS 28
#define EVQ_SEQ_BITS     36

struct evq_entry {
    simtime_t t;
    uint64_t key; /* sequence << EVQ_PAYLOAD_BITS | payload */
};

struct evq;

/* A new empty queue whose clock starts at FROM (no entry may be earlier).
 * Caller frees with evq_free(). */
struct evq *evq_new(enum evq_kind kind, simtime_t from);
void evq_free(struct evq *q);

/* Adds an entry; amortised O(1) (wheel), O(log n) (heap). */
void evq_push(struct evq *q, simtime_t t, uint64_t key);

/* Takes the first entry into *E if its time is <= LIMIT; false when there is
 * none. */
bool evq_pop(struct evq *q, simtime_t limit, struct evq_entry *e);

/* Removes every entry for which KEEP says no; O(n). */
typedef bool (*evq_keep_fn)(void *ctx, const struct evq_entry *e);
void evq_sweep(struct evq *q, evq_keep_fn keep, void *ctx);

/* Number of entries; bytes of memory held. */
size_t evq_len(const struct evq *q);
size_t evq_bytes(const struct evq *q);

#endif
