/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The total order of queue entries: time, then sequence number. */
#ifndef SIM_EVQ_ORDER_H
#define SIM_EVQ_ORDER_H

#include <stddef.h>
#include <stdint.h>

#include "sim/evq.h"

__extension__ typedef __int128 evq_wide;
__extension__ typedef unsigned __int128 evq_uwide;

/* 1 if A comes before B, else 0. As one comparison of 128 bits it compiles
 * without branches. */
static inline size_t entry_before(const struct evq_entry *a,
                                  const struct evq_entry *b)
{
    evq_uwide wa = (evq_uwide)(uint64_t)a->t << 64 | a->key;
    evq_uwide wb = (evq_uwide)(uint64_t)b->t << 64 | b->key;
    return (evq_wide)wa < (evq_wide)wb;
}

#endif
