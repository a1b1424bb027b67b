/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What sim/evq*.c and the engine's loop share; nobody else includes it. */
#ifndef SIM_EVQ_IMPL_H
#define SIM_EVQ_IMPL_H

#include "sim/evq.h"
#include "sim/evq_heap4.h"

__extension__ typedef unsigned __int128 evq_wide;

/* The total order. The time's sign bit is turned so that one unsigned
 * comparison of 128 bits does, which compiles without branches. */
static inline size_t entry_before(const struct evq_entry *a,
                                  const struct evq_entry *b)
{
    uint64_t ta = (uint64_t)a->t ^ (uint64_t)1 << 63;
    uint64_t tb = (uint64_t)b->t ^ (uint64_t)1 << 63;
    return ((evq_wide)ta << 64 | a->key) < ((evq_wide)tb << 64 | b->key);
}

#endif
