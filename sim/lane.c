/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/lane.h"

#include "sim/must.h"

static simtime_t due_of(const struct lane_link *k)
{
    return (simtime_t)((uint64_t)k->due_hi << 32 | k->due_lo);
}

/* Arms the timer for the head, with the place that the head's arming took. Of
 * the sequence number 32 bits are kept: it is the newest one with these bits,
 * as no timeout outlives 2^32 events. */
static void watch_head(struct lane *l, const struct lane_link *k, uint64_t seq)
{
    uint64_t full = (seq & ~(uint64_t)UINT32_MAX) | k->seq_lo;
    if (full > seq)
        full -= (uint64_t)1 << 32;
    sim_timer_arm_seq(l->sim, &l->timer, due_of(k), full);
}

/* Takes ID, whose link is K, out of the list; the timer is left alone. */
static inline void unlink_id(struct lane *l, struct lane_link *k)
{
    if (k->prev == LANE_NONE)
        l->head = k->next;
    else
        lane_link(l, k->prev)->next = k->next;
    if (k->next == LANE_NONE)
        l->tail = k->prev;
    else
        lane_link(l, k->next)->prev = k->prev;
}

static void on_head_due(void *ctx, uint32_t unused)
{
    struct lane *l = ctx;
    (void)unused;
    uint32_t id = l->head;
    unlink_id(l, lane_link(l, id));
    l->len--;
    if (l->head != LANE_NONE)
        watch_head(l, lane_link(l, l->head), sim_seq_now(l->sim));
    l->expired(l->ctx, id);
}

void lane_init(struct lane *l, struct sim *s, simtime_t delay,
               lane_link_fn link, void *link_ctx, sim_fn expired, void *ctx)
{
    must(delay >= 0);
    *l = (struct lane){ .sim = s,
                        .delay = delay,
                        .link = link,
                        .link_ctx = link_ctx,
                        .expired = expired,
                        .ctx = ctx,
                        .head = LANE_NONE,
                        .tail = LANE_NONE };
    sim_timer_init(s, &l->timer, on_head_due, l, 0);
}

void lane_init_pool(struct lane *l, struct sim *s, simtime_t delay,
                    const struct pool *pool, size_t offset, sim_fn expired,
                    void *ctx)
{
    must(offset % 4 == 0 && offset + sizeof(struct lane_link) <= pool->size);
    lane_init(l, s, delay, NULL, NULL, expired, ctx);
    l->pool = pool;
    l->offset = offset;
}

void lane_done(struct lane *l)
{
    sim_timer_done(l->sim, &l->timer);
    l->head = l->tail = LANE_NONE;
    l->len = 0;
}

/* Puts ID, whose link is K and unlinked, at the end. */
static inline void append(struct lane *l, struct lane_link *k, uint32_t id)
{
    uint64_t seq = sim_seq(l->sim);
    uint64_t due = (uint64_t)(sim_now(l->sim) + l->delay);
    uint32_t tail = l->tail;
    *k = (struct lane_link){ .prev = tail,
                             .next = LANE_NONE,
                             .due_lo = (uint32_t)due,
                             .due_hi = (uint32_t)(due >> 32),
                             .seq_lo = (uint32_t)seq };
    l->tail = id;
    if (tail != LANE_NONE) {
        lane_link(l, tail)->next = id;
    } else {
        l->head = id;
        sim_timer_arm_seq(l->sim, &l->timer, (simtime_t)due, seq);
    }
}

void lane_arm(struct lane *l, uint32_t id)
{
    append(l, lane_link(l, id), id);
    l->len++;
}

/* The head has gone: the timer is for the new one, if any. */
static void head_changed(struct lane *l)
{
    if (l->head == LANE_NONE)
        sim_timer_disarm(l->sim, &l->timer);
    else
        watch_head(l, lane_link(l, l->head), sim_seq_now(l->sim));
}

void lane_disarm(struct lane *l, uint32_t id)
{
    bool was_head = l->head == id;
    unlink_id(l, lane_link(l, id));
    l->len--;
    if (was_head)
        head_changed(l);
}

/* From the middle to the end, where PREV and NEXT are not ends. In a pool this
 * makes no call and saves no register: what counts with a million connections
 * is how many such moves the processor can have under way at once. */
static inline void move_to_end(struct lane *l, struct lane_link *k,
                               uint32_t prev, uint32_t next, uint32_t id)
{
    uint64_t seq = sim_seq(l->sim);
    uint64_t due = (uint64_t)(sim_now(l->sim) + l->delay);
    uint32_t tail = l->tail;
    lane_link(l, prev)->next = next;
    lane_link(l, next)->prev = prev;
    lane_link(l, tail)->next = id;
    l->tail = id;
    *k = (struct lane_link){ .prev = tail,
                             .next = LANE_NONE,
                             .due_lo = (uint32_t)due,
                             .due_hi = (uint32_t)(due >> 32),
                             .seq_lo = (uint32_t)seq };
}

__attribute__((noinline)) static void rearm_any(struct lane *l, uint32_t id)
{
    struct lane_link *k = lane_link(l, id);
    if (k->prev != LANE_NONE && k->next != LANE_NONE) {
        move_to_end(l, k, k->prev, k->next, id);
    } else {
        lane_disarm(l, id);
        lane_arm(l, id);
    }
}

void lane_rearm(struct lane *l, uint32_t id)
{
    if (l->pool) {
        struct lane_link *k = lane_link(l, id);
        uint32_t prev = k->prev, next = k->next;
        if (prev != LANE_NONE && next != LANE_NONE && l->pool) {
            move_to_end(l, k, prev, next, id);
            return;
        }
    }
    rearm_any(l, id);
}

simtime_t lane_due(struct lane *l, uint32_t id)
{
    return due_of(lane_link(l, id));
}
