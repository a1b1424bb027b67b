/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A lane: a FIFO of timeouts that all have the same length, as httpd's event
 * MPM keeps one queue per timeout value. Append and unlink are O(1); only the
 * head is known to the event queue. Each element's link lives in its owner, an
 * object addressed by a 24-bit id, found through the lane's `link` function.
 * The sequence number is taken when the timeout is armed (its low 32 bits are
 * kept), so ties with other events stay in the order of arming.
 *
 * Example: KeepAliveTimeout of 5 s for connections:
 *   lane_init(&lane, sim, 5 * SIM_S, conn_link, server, on_expired, server);
 *   lane_arm(&lane, conn_id); ... lane_disarm(&lane, conn_id); */
#ifndef SIM_LANE_H
#define SIM_LANE_H

#include "sim/pool.h"
#include "sim/sim.h"

#define LANE_NONE UINT32_MAX

/* 20 bytes in the owner, packed to 4-byte alignment so that it costs no
 * padding there. */
struct lane_link {
    uint32_t prev, next; /* LANE_NONE at the ends */
    uint32_t due_lo, due_hi;
    uint32_t seq_lo;
};

typedef struct lane_link *(*lane_link_fn)(void *ctx, uint32_t id);

struct lane {
    struct sim *sim;
    simtime_t delay;
    const struct pool *pool; /* where the owners lie, or NULL: ask `link` */
    size_t offset;           /* of the link in its owner */
    lane_link_fn link;
    void *link_ctx;
    sim_fn expired; /* called with the element already unlinked */
    void *ctx;
    uint32_t head, tail;
    size_t len;
    struct sim_timer timer; /* armed for the head */
};

void lane_init(struct lane *l, struct sim *s, simtime_t delay,
               lane_link_fn link, void *link_ctx, sim_fn expired, void *ctx);
/* The same for owners that are objects of POOL (kept), each with its link
 * OFFSET bytes from its start: no call is needed to find one, which is faster.
 * Example:
 *   lane_init_pool(&lane, sim, 5 * SIM_S, &conns, offsetof(struct conn, link),
 *                  on_expired, server); */
void lane_init_pool(struct lane *l, struct sim *s, simtime_t delay,
                    const struct pool *pool, size_t offset, sim_fn expired,
                    void *ctx);
/* Forgets all elements and gives the timer back. */
void lane_done(struct lane *l);

/* Appends ID (not in any lane) to expire at now + delay. */
void lane_arm(struct lane *l, uint32_t id);
/* Unlinks ID, which must be in this lane. */
void lane_disarm(struct lane *l, uint32_t id);
/* Both in one: ID, which must be in this lane, expires at now + delay. */
void lane_rearm(struct lane *l, uint32_t id);
/* When ID, in this lane, will expire. */
simtime_t lane_due(struct lane *l, uint32_t id);

/* The first (oldest) element, or LANE_NONE; the one after ID. */
static inline uint32_t lane_head(const struct lane *l)
{
    return l->head;
}
static inline struct lane_link *lane_link(const struct lane *l, uint32_t id)
{
    if (l->pool)
        return (struct lane_link *)(void *)((char *)pool_at(l->pool, id) +
                                            l->offset);
    return l->link(l->link_ctx, id);
}
static inline uint32_t lane_next(struct lane *l, uint32_t id)
{
    return lane_link(l, id)->next;
}
static inline size_t lane_len(const struct lane *l)
{
    return l->len;
}

#endif
