/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The loop, classes and timers. */
#include <check.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/rng.h"
#include "sim/sim.h"

Suite *suite_sim(void);

#define LOG 64

struct log {
    struct sim *sim;
    int n;
    uint32_t id[LOG];
    simtime_t t[LOG];
};

static void note(void *ctx, uint32_t id)
{
    struct log *l = ctx;
    ck_assert_int_lt(l->n, LOG);
    l->id[l->n] = id;
    l->t[l->n++] = sim_now(l->sim);
}

static void stop(void *ctx, uint32_t id)
{
    struct log *l = ctx;
    note(ctx, id);
    sim_stop(l->sim);
}

START_TEST(events_of_one_time_go_in_the_order_of_scheduling)
{
    struct log l = { .sim = sim_new(EVQ_WHEEL, -5) };
    int cls = sim_class(l.sim, note, &l);
    ck_assert_int_eq(cls, 1);
    struct sim_timer t;
    sim_timer_init(l.sim, &t, note, &l, 99);
    sim_at(l.sim, 7, cls, 1);
    sim_timer_arm(l.sim, &t, 7);
    sim_at(l.sim, 7, cls, SIM_IDS - 1);
    sim_at(l.sim, -5, cls, 3);
    ck_assert(sim_run(l.sim, 6, NULL));
    ck_assert_int_eq(sim_now(l.sim), 6);
    ck_assert_int_eq(l.n, 1);
    ck_assert(sim_run(l.sim, 7, NULL));
    ck_assert_int_eq(l.n, 4);
    ck_assert_uint_eq(l.id[0], 3);
    ck_assert_uint_eq(l.id[1], 1);
    ck_assert_uint_eq(l.id[2], 99);
    ck_assert_uint_eq(l.id[3], SIM_IDS - 1);
    ck_assert_uint_eq(sim_event_count(l.sim), 4);
    ck_assert(!sim_timer_armed(&t));
    sim_timer_done(l.sim, &t);
    sim_free(l.sim);
}
END_TEST

START_TEST(a_kept_sequence_number_keeps_its_place)
{
    struct log l = { .sim = sim_new(EVQ_WHEEL, 0) };
    int cls = sim_class(l.sim, note, &l);
    uint64_t seq = sim_seq(l.sim);
    sim_at(l.sim, 10, cls, 2);
    sim_at_seq(l.sim, 10, seq, cls, 1);
    sim_run(l.sim, SIM_NEVER, NULL);
    ck_assert_int_eq(sim_now(l.sim), 10);
    ck_assert_uint_eq(l.id[0], 1);
    ck_assert_uint_eq(l.id[1], 2);
    sim_free(l.sim);
}
END_TEST

START_TEST(a_run_can_be_stopped_and_continued)
{
    struct log l = { .sim = sim_new(EVQ_WHEEL, 0) };
    int cls = sim_class(l.sim, stop, &l);
    sim_at(l.sim, 1, cls, 1);
    sim_at(l.sim, 2, cls, 2);
    ck_assert(!sim_run(l.sim, 10, NULL));
    ck_assert_int_eq(sim_now(l.sim), 1);
    ck_assert(!sim_run(l.sim, 10, NULL));
    ck_assert_int_eq(l.n, 2);
    ck_assert(sim_run(l.sim, 10, NULL));
    ck_assert_int_eq(sim_now(l.sim), 10);
    sim_free(l.sim);
}
END_TEST

struct ticker {
    struct sim *sim;
    int cls;
};

static void tick(void *ctx, uint32_t id)
{
    struct ticker *k = ctx;
    sim_at(k->sim, sim_now(k->sim) + 1, k->cls, id);
}

START_TEST(the_break_flag_ends_an_endless_run)
{
    struct ticker k = { .sim = sim_new(EVQ_WHEEL, 0) };
    k.cls = sim_class(k.sim, tick, &k);
    sim_at(k.sim, 0, k.cls, 0);
    volatile sig_atomic_t flag = 1;
    ck_assert(!sim_run(k.sim, SIM_NEVER, &flag));
    ck_assert_uint_le(sim_event_count(k.sim), 4096);
    sim_free(k.sim);
}
END_TEST

START_TEST(a_moved_timer_fires_once_at_its_last_time)
{
    struct log l = { .sim = sim_new(EVQ_WHEEL, 0) };
    int cls = sim_class(l.sim, note, &l);
    struct sim_timer t;
    sim_timer_init(l.sim, &t, note, &l, 7);
    sim_timer_arm(l.sim, &t, 50);
    sim_timer_arm(l.sim, &t, 80); /* later */
    sim_at(l.sim, 60, cls, 1);
    sim_at(l.sim, 40, cls, 2);
    sim_timer_arm(l.sim, &t, 60); /* after the event of the same time */
    sim_run(l.sim, 55, NULL);
    sim_at(l.sim, 60, cls, 3);
    sim_run(l.sim, 100, NULL);
    static const uint32_t want[] = { 2, 1, 7, 3 };
    ck_assert_int_eq(l.n, 4);
    for (int i = 0; i < 4; i++)
        ck_assert_uint_eq(l.id[i], want[i]);

    sim_timer_arm(l.sim, &t, 200);
    sim_timer_arm(l.sim, &t, 150); /* earlier */
    sim_run(l.sim, 300, NULL);
    ck_assert_int_eq(l.n, 5);
    ck_assert_int_eq(l.t[4], 150);
    ck_assert_uint_eq(sim_pending(l.sim), 0);
    ck_assert_uint_eq(sim_event_count(l.sim), 5);
    sim_timer_done(l.sim, &t);
    sim_free(l.sim);
}
END_TEST

START_TEST(a_disarmed_timer_never_fires)
{
    struct log l = { .sim = sim_new(EVQ_WHEEL, 0) };
    struct sim_timer t, other;
    sim_timer_init(l.sim, &t, note, &l, 1);
    sim_timer_disarm(l.sim, &t); /* idle: allowed */
    sim_timer_arm(l.sim, &t, 10);
    sim_timer_disarm(l.sim, &t);
    ck_assert(!sim_timer_armed(&t));
    sim_timer_arm(l.sim, &t, 30);
    sim_timer_done(l.sim, &t);
    /* The slot's next owner hears nothing of the old entry. */
    sim_timer_init(l.sim, &other, note, &l, 2);
    ck_assert_uint_eq(other.slot, t.slot);
    sim_timer_arm(l.sim, &other, 20);
    sim_run(l.sim, 100, NULL);
    ck_assert_int_eq(l.n, 1);
    ck_assert_uint_eq(l.id[0], 2);
    ck_assert_int_eq(l.t[0], 20);
    sim_timer_done(l.sim, &other);
    sim_free(l.sim);
}
END_TEST

START_TEST(entries_out_of_date_are_swept)
{
    struct log l = { .sim = sim_new((enum evq_kind)_i, 0) };
    struct sim_timer t;
    sim_timer_init(l.sim, &t, note, &l, 1);
    /* Every move to an earlier time leaves an entry behind. */
    for (int i = 0; i < 100000; i++)
        sim_timer_arm(l.sim, &t, 2000000 - i);
    ck_assert_uint_lt(sim_pending(l.sim), 3000);
    sim_run(l.sim, 3000000, NULL);
    ck_assert_int_eq(l.n, 1);
    ck_assert_int_eq(l.t[0], 2000000 - 99999);

    /* Disarmed ones too, and they can be armed again afterwards. */
    enum { N = 5000 };
    struct sim_timer *many = calloc(N, sizeof *many);
    for (uint32_t i = 0; i < N; i++) {
        sim_timer_init(l.sim, &many[i], note, &l, i);
        sim_timer_arm(l.sim, &many[i], 5000000 + i);
    }
    for (uint32_t i = 0; i < N; i++)
        if (i != 17)
            sim_timer_disarm(l.sim, &many[i]);
    ck_assert_uint_lt(sim_pending(l.sim), 2100);
    sim_timer_arm(l.sim, &many[20], 5000001);
    sim_run(l.sim, 6000000, NULL);
    ck_assert_int_eq(l.n, 3);
    ck_assert_uint_eq(l.id[1], 20);
    ck_assert_uint_eq(l.id[2], 17);
    ck_assert_uint_eq(sim_pending(l.sim), 0);
    for (uint32_t i = 0; i < N; i++)
        sim_timer_done(l.sim, &many[i]);
    free(many);
    sim_timer_done(l.sim, &t);
    sim_free(l.sim);
}
END_TEST

/* Timers against a plain list of what is due. */
struct model {
    struct sim *sim;
    struct sim_timer timer[40];
    simtime_t due[40]; /* SIM_NEVER: not armed */
    uint64_t order[40], next;
    int fired;
};

static void model_fires(void *ctx, uint32_t id)
{
    struct model *m = ctx;
    ck_assert_int_eq(m->due[id], sim_now(m->sim));
    for (int i = 0; i < 40; i++) {
        ck_assert_int_ge(m->due[i], m->due[id]);
        if (m->due[i] == m->due[id])
            ck_assert_uint_ge(m->order[i], m->order[id]);
    }
    m->due[id] = SIM_NEVER;
    m->fired++;
}

START_TEST(timers_do_as_a_list_of_deadlines_does)
{
    struct rng r;
    rng_init(&r, (uint64_t)_i, 0, "timers");
    struct model m = { .sim = sim_new(EVQ_WHEEL, 0) };
    for (uint32_t i = 0; i < 40; i++) {
        sim_timer_init(m.sim, &m.timer[i], model_fires, &m, i);
        m.due[i] = SIM_NEVER;
    }
    for (int k = 0; k < 20000; k++) {
        uint32_t i = (uint32_t)rng_below(&r, 40);
        switch (rng_below(&r, 8)) {
        case 0:
            sim_timer_disarm(m.sim, &m.timer[i]);
            m.due[i] = SIM_NEVER;
            break;
        case 1:
            sim_timer_done(m.sim, &m.timer[i]);
            sim_timer_init(m.sim, &m.timer[i], model_fires, &m, i);
            m.due[i] = SIM_NEVER;
            break;
        case 2:
        case 3:
            sim_run(m.sim, sim_now(m.sim) + (simtime_t)rng_below(&r, 5), NULL);
            break;
        default:
            m.due[i] = sim_now(m.sim) + (simtime_t)rng_below(&r, 30);
            m.order[i] = m.next++;
            sim_timer_arm(m.sim, &m.timer[i], m.due[i]);
        }
        ck_assert_int_eq(sim_timer_armed(&m.timer[i]), m.due[i] != SIM_NEVER);
    }
    sim_run(m.sim, SIM_NEVER, NULL);
    for (int i = 0; i < 40; i++)
        ck_assert_int_eq(m.due[i], SIM_NEVER);
    ck_assert_int_gt(m.fired, 100);
    ck_assert_uint_eq(sim_event_count(m.sim), (uint64_t)m.fired);
    sim_free(m.sim);
}
END_TEST

struct churn {
    struct sim *sim;
    struct rng rng;
    int cls;
    struct sim_timer timer[100];
};

static void churn(void *ctx, uint32_t id)
{
    struct churn *c = ctx;
    simtime_t now = sim_now(c->sim);
    sim_at(c->sim, now + (simtime_t)(rng_exp(&c->rng) * 1e6), c->cls, id);
    sim_timer_arm(c->sim, &c->timer[id % 100],
                  now + (simtime_t)(rng_exp(&c->rng) * 1e6));
    if (id % 7 == 0)
        sim_timer_disarm(c->sim, &c->timer[id / 7 % 100]);
}

static void nothing(void *ctx, uint32_t id)
{
    (void)ctx;
    (void)id;
}

START_TEST(the_loop_allocates_nothing_after_its_warm_up)
{
    struct churn c = { .sim = sim_new((enum evq_kind)_i, 0) };
    rng_init(&c.rng, 1, 0, "churn");
    c.cls = sim_class(c.sim, churn, &c);
    for (uint32_t i = 0; i < 100; i++)
        sim_timer_init(c.sim, &c.timer[i], nothing, NULL, i);
    for (uint32_t i = 0; i < 5000; i++)
        sim_at(c.sim, (simtime_t)i, c.cls, i);
    sim_run(c.sim, 100 * SIM_MS, NULL);
    struct mallinfo2 before = mallinfo2();
    sim_run(c.sim, 200 * SIM_MS, NULL);
    struct mallinfo2 after = mallinfo2();
    ck_assert_uint_eq(before.uordblks, after.uordblks);
    ck_assert_uint_eq(before.hblkhd, after.hblkhd);
    sim_free(c.sim);
}
END_TEST

#ifndef MPMSIM_DEBUG /* there it aborts */
START_TEST(scheduling_in_the_past_is_a_bug)
{
    /* in a process of its own, whose last words nobody needs to read */
    ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
    struct log l = { .sim = sim_new(EVQ_WHEEL, 0) };
    int cls = sim_class(l.sim, note, &l);
    sim_at(l.sim, -1, cls, 0);
}
END_TEST
#endif

Suite *suite_sim(void)
{
    Suite *s = suite_create("sim");
    TCase *c = tcase_create("loop");
    tcase_set_timeout(c, 30);
    tcase_add_test(c, events_of_one_time_go_in_the_order_of_scheduling);
    tcase_add_test(c, a_kept_sequence_number_keeps_its_place);
    tcase_add_test(c, a_run_can_be_stopped_and_continued);
    tcase_add_test(c, the_break_flag_ends_an_endless_run);
    tcase_add_test(c, a_moved_timer_fires_once_at_its_last_time);
    tcase_add_test(c, a_disarmed_timer_never_fires);
    tcase_add_loop_test(c, entries_out_of_date_are_swept, EVQ_WHEEL,
                        EVQ_HEAP4 + 1);
    tcase_add_loop_test(c, timers_do_as_a_list_of_deadlines_does, 0, 5);
    tcase_add_loop_test(c, the_loop_allocates_nothing_after_its_warm_up,
                        EVQ_WHEEL, EVQ_HEAP4 + 1);
#ifndef MPMSIM_DEBUG
    tcase_add_exit_test(c, scheduling_in_the_past_is_a_bug, 70);
#endif
    suite_add_tcase(s, c);
    return s;
}
