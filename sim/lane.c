/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/lane.h"

#include "sim/must.h"

static struct lane_link *link_of(struct lane *l, uint32_t id)
{
    return l->link(l->link_ctx, id);
}

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
static void unlink_id(struct lane *l, struct lane_link *k)
{
    if (k->prev == LANE_NONE)
        l->head = k->next;
    else
        link_of(l, k->prev)->next = k->next;
    if (k->next == LANE_NONE)
        l->tail = k->prev;
    else
        link_of(l, k->next)->prev = k->prev;
    k->prev = k->next = LANE_NONE;
    l->len--;
}

static void on_head_due(void *ctx, uint32_t unused)
{
    struct lane *l = ctx;
    (void)unused;
    uint32_t id = l->head;
    unlink_id(l, link_of(l, id));
    if (l->head != LANE_NONE)
        watch_head(l, link_of(l, l->head), sim_seq_now(l->sim));
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

void lane_done(struct lane *l)
{
    sim_timer_done(l->sim, &l->timer);
    l->head = l->tail = LANE_NONE;
    l->len = 0;
}

void lane_arm(struct lane *l, uint32_t id)
{
    struct lane_link *k = link_of(l, id);
    uint64_t seq = sim_seq(l->sim);
    uint64_t due = (uint64_t)(sim_now(l->sim) + l->delay);
    *k = (struct lane_link){ .prev = l->tail,
                             .next = LANE_NONE,
                             .due_lo = (uint32_t)due,
                             .due_hi = (uint32_t)(due >> 32),
                             .seq_lo = (uint32_t)seq };
    if (l->tail != LANE_NONE) {
        link_of(l, l->tail)->next = id;
    } else {
        l->head = id;
        sim_timer_arm_seq(l->sim, &l->timer, (simtime_t)due, seq);
    }
    l->tail = id;
    l->len++;
}

void lane_disarm(struct lane *l, uint32_t id)
{
    bool was_head = l->head == id;
    unlink_id(l, link_of(l, id));
    if (!was_head)
        return;
    if (l->head == LANE_NONE)
        sim_timer_disarm(l->sim, &l->timer);
    else
        watch_head(l, link_of(l, l->head), sim_seq_now(l->sim));
}

simtime_t lane_due(struct lane *l, uint32_t id)
{
    return due_of(link_of(l, id));
}
