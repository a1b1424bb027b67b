/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <stddef.h>
#include <stdlib.h>

#include "sim/lane.h"
#include "sim/rng.h"

Suite *suite_lane(void);

#define N   50
#define LOG 200

struct world {
    struct sim *sim;
    struct lane lane;
    struct lane_link link[N];
    int n, cls;
    uint32_t id[LOG];
    simtime_t t[LOG];
};

static struct lane_link *link_of(void *ctx, uint32_t id)
{
    struct world *w = ctx;
    return &w->link[id];
}

static void note(void *ctx, uint32_t id)
{
    struct world *w = ctx;
    ck_assert_int_lt(w->n, LOG);
    w->id[w->n] = id;
    w->t[w->n++] = sim_now(w->sim);
}

static struct world *world_new(simtime_t delay)
{
    struct world *w = calloc(1, sizeof *w);
    w->sim = sim_new(EVQ_WHEEL, 0);
    w->cls = sim_class(w->sim, note, w);
    lane_init(&w->lane, w->sim, delay, link_of, w, note, w);
    return w;
}

static void world_free(struct world *w)
{
    lane_done(&w->lane);
    sim_free(w->sim);
    free(w);
}

START_TEST(elements_expire_in_the_order_of_arming)
{
    struct world *w = world_new(100);
    lane_arm(&w->lane, 3);
    sim_run(w->sim, 10, NULL);
    lane_arm(&w->lane, 1);
    lane_arm(&w->lane, 2);
    ck_assert_uint_eq(lane_len(&w->lane), 3);
    ck_assert_uint_eq(lane_head(&w->lane), 3);
    ck_assert_uint_eq(lane_next(&w->lane, 3), 1);
    ck_assert_int_eq(lane_due(&w->lane, 2), 110);
    ck_assert_uint_eq(sim_pending(w->sim), 1); /* the head alone */
    sim_run(w->sim, 200, NULL);
    ck_assert_int_eq(w->n, 3);
    ck_assert_uint_eq(w->id[0], 3);
    ck_assert_int_eq(w->t[0], 100);
    ck_assert_uint_eq(w->id[1], 1);
    ck_assert_uint_eq(w->id[2], 2);
    ck_assert_int_eq(w->t[2], 110);
    ck_assert_uint_eq(lane_head(&w->lane), LANE_NONE);
    ck_assert_uint_eq(sim_event_count(w->sim), 3);
    world_free(w);
}
END_TEST

START_TEST(ties_with_other_events_go_in_the_order_of_arming)
{
    struct world *w = world_new(100);
    lane_arm(&w->lane, 1);
    sim_at(w->sim, 100, w->cls, 40);
    lane_arm(&w->lane, 2);
    sim_at(w->sim, 100, w->cls, 41);
    lane_arm(&w->lane, 3);
    sim_at(w->sim, 50, w->cls, 42);
    sim_run(w->sim, 50, NULL);
    sim_at(w->sim, 100, w->cls, 43);
    lane_disarm(&w->lane, 1); /* the head: the next one takes its place */
    sim_run(w->sim, 100, NULL);
    static const uint32_t want[] = { 42, 40, 2, 41, 3, 43 };
    ck_assert_int_eq(w->n, 6);
    for (int i = 0; i < 6; i++)
        ck_assert_uint_eq(w->id[i], want[i]);
    world_free(w);
}
END_TEST

START_TEST(a_lane_can_be_emptied_and_used_again)
{
    struct world *w = world_new(10);
    lane_arm(&w->lane, 1);
    lane_disarm(&w->lane, 1);
    ck_assert_uint_eq(lane_len(&w->lane), 0);
    sim_run(w->sim, 5, NULL);
    lane_arm(&w->lane, 1);
    lane_rearm(&w->lane, 1);
    sim_run(w->sim, 12, NULL);
    ck_assert_int_eq(w->n, 0);
    sim_run(w->sim, 15, NULL);
    ck_assert_int_eq(w->n, 1);
    ck_assert_uint_eq(sim_pending(w->sim), 0);
    world_free(w);
}
END_TEST

START_TEST(times_before_zero_are_ordinary)
{
    struct world *w = calloc(1, sizeof *w);
    w->sim = sim_new(EVQ_WHEEL, -3 * SIM_S);
    lane_init(&w->lane, w->sim, SIM_S, link_of, w, note, w);
    lane_arm(&w->lane, 0);
    ck_assert_int_eq(lane_due(&w->lane, 0), -2 * SIM_S);
    sim_run(w->sim, 0, NULL);
    ck_assert_int_eq(w->t[0], -2 * SIM_S);
    world_free(w);
}
END_TEST

struct owner {
    uint32_t other[3];
    struct lane_link link;
};

/* A lane and a timer per element must tell the same story. */
struct twin {
    struct sim *sim;
    struct lane lane;
    struct lane_link link[N];
    struct pool pool;
    struct sim_timer timer[N];
    uint32_t lane_says, fired;
    bool armed[N];
};

static struct lane_link *twin_link(void *ctx, uint32_t id)
{
    struct twin *w = ctx;
    return &w->link[id];
}

static void lane_expired(void *ctx, uint32_t id)
{
    struct twin *w = ctx;
    ck_assert_uint_eq(w->lane_says, LANE_NONE);
    w->lane_says = id;
}

static void timer_expired(void *ctx, uint32_t id)
{
    struct twin *w = ctx;
    ck_assert_uint_eq(w->lane_says, id); /* its lane element came just before */
    w->lane_says = LANE_NONE;
    w->armed[id] = false;
    w->fired++;
}

START_TEST(a_lane_does_as_a_timer_each_would)
{
    struct rng r;
    rng_init(&r, (uint64_t)_i, 0, "lane");
    struct twin *w = calloc(1, sizeof *w);
    w->sim = sim_new(EVQ_WHEEL, 0);
    w->lane_says = LANE_NONE;
    /* Links found by a function, or in the objects of a pool. */
    pool_init(&w->pool, sizeof(struct owner));
    for (uint32_t i = 0; i < N; i++)
        ck_assert_uint_eq(pool_get(&w->pool), i);
    if (_i % 2)
        lane_init_pool(&w->lane, w->sim, 20, &w->pool,
                       offsetof(struct owner, link), lane_expired, w);
    else
        lane_init(&w->lane, w->sim, 20, twin_link, w, lane_expired, w);
    for (uint32_t i = 0; i < N; i++)
        sim_timer_init(w->sim, &w->timer[i], timer_expired, w, i);
    for (int k = 0; k < 20000; k++) {
        uint32_t i = (uint32_t)rng_below(&r, N);
        switch (rng_below(&r, 4)) {
        case 0:
            sim_run(w->sim, sim_now(w->sim) + (simtime_t)rng_below(&r, 4),
                    NULL);
            break;
        case 1:
            if (w->armed[i]) {
                lane_disarm(&w->lane, i);
                sim_timer_disarm(w->sim, &w->timer[i]);
                w->armed[i] = false;
            }
            break;
        default:
            if (w->armed[i])
                lane_rearm(&w->lane, i);
            else
                lane_arm(&w->lane, i);
            sim_timer_arm(w->sim, &w->timer[i], sim_now(w->sim) + 20);
            ck_assert_int_eq(lane_due(&w->lane, i), w->timer[i].due);
            w->armed[i] = true;
        }
    }
    sim_run(w->sim, SIM_NEVER, NULL);
    ck_assert_uint_eq(lane_len(&w->lane), 0);
    ck_assert_uint_gt(w->fired, 100);
    lane_done(&w->lane);
    pool_done(&w->pool);
    sim_free(w->sim);
    free(w);
}
END_TEST

Suite *suite_lane(void)
{
    Suite *s = suite_create("lane");
    TCase *c = tcase_create("lane");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, elements_expire_in_the_order_of_arming);
    tcase_add_test(c, ties_with_other_events_go_in_the_order_of_arming);
    tcase_add_test(c, a_lane_can_be_emptied_and_used_again);
    tcase_add_test(c, times_before_zero_are_ordinary);
    tcase_add_loop_test(c, a_lane_does_as_a_timer_each_would, 0, 6);
    suite_add_tcase(s, c);
    return s;
}
