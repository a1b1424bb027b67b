/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Processor sharing against calculations by hand (C-42). */
#include "server/cpu.h"

#include <check.h>
#include <stdlib.h>

struct bed {
    struct sim *sim;
    struct cpu *cpu;
    simtime_t end[8];
    uint32_t order[8];
    int n;
};

static void ended(void *ctx, uint32_t id)
{
    struct bed *b = ctx;
    b->end[id] = sim_now(b->sim);
    b->order[b->n++] = id;
}

static struct bed bed(int64_t cores, simtime_t slice, simtime_t cost)
{
    struct bed b = { .sim = sim_new(EVQ_WHEEL, 0) };
    b.cpu = cpu_new(b.sim, cores, slice, cost);
    return b;
}

static void done(struct bed *b)
{
    ck_assert_uint_eq(cpu_running(b->cpu), 0);
    cpu_free(b->cpu);
    sim_free(b->sim);
}

static uint32_t submit(struct bed *b, simtime_t demand, uint32_t id)
{
    return cpu_submit(b->cpu, demand, ended, b, id);
}

START_TEST(a_core_is_shared_equally)
{
    struct bed b = bed(1, 4 * SIM_MS, 0);
    submit(&b, 3 * SIM_S, 0);
    sim_run(b.sim, SIM_S, NULL);
    submit(&b, SIM_S, 1);
    /* from 1 s both advance at one half: 1 is done at 3, 0 at 4 */
    sim_run(b.sim, 10 * SIM_S, NULL);
    ck_assert_int_eq(b.end[1], 3 * SIM_S);
    ck_assert_int_eq(b.end[0], 4 * SIM_S);
    ck_assert_double_eq_tol(cpu_seconds(b.cpu), 4, 1e-9);
    done(&b);
}
END_TEST

START_TEST(three_jobs_on_two_cores_advance_at_two_thirds)
{
    struct bed b = bed(2, 4 * SIM_MS, 0);
    for (uint32_t i = 0; i < 3; i++)
        submit(&b, 2 * SIM_S, i);
    sim_run(b.sim, SIM_S, NULL);
    ck_assert_uint_eq(cpu_running(b.cpu), 3);
    ck_assert_double_eq_tol(cpu_seconds(b.cpu), 2, 1e-9);
    sim_run(b.sim, 10 * SIM_S, NULL);
    for (uint32_t i = 0; i < 3; i++) {
        ck_assert_int_eq(b.end[i], 3 * SIM_S);
        ck_assert_uint_eq(b.order[i], i); /* ties: first come first */
    }
    done(&b);
}
END_TEST

START_TEST(two_jobs_on_two_cores_do_not_meet)
{
    struct bed b = bed(2, 4 * SIM_MS, SIM_MS);
    submit(&b, 2 * SIM_S, 0);
    submit(&b, SIM_S, 1);
    sim_run(b.sim, 10 * SIM_S, NULL);
    ck_assert_int_eq(b.end[0], 2 * SIM_S);
    ck_assert_int_eq(b.end[1], SIM_S);
    done(&b);
}
END_TEST

START_TEST(a_cancelled_job_leaves_the_core_to_others)
{
    struct bed b = bed(1, 4 * SIM_MS, 0);
    submit(&b, 4 * SIM_S, 0);
    uint32_t job = submit(&b, 4 * SIM_S, 1);
    sim_run(b.sim, 2 * SIM_S, NULL);
    ck_assert_int_eq(cpu_cancel(b.cpu, job), SIM_S);
    sim_run(b.sim, 10 * SIM_S, NULL);
    ck_assert_int_eq(b.end[0], 5 * SIM_S);
    ck_assert_int_eq(b.n, 1);
    ck_assert_double_eq_tol(cpu_seconds(b.cpu), 5, 1e-9); /* 4 + 1 */
    done(&b);
}
END_TEST

START_TEST(a_slice_of_4_ms_and_a_switch_of_1_ms_leave_four_fifths)
{
    struct bed b = bed(1, 4 * SIM_MS, SIM_MS);
    submit(&b, SIM_S, 0);
    submit(&b, SIM_S, 1);
    sim_run(b.sim, 10 * SIM_S, NULL);
    ck_assert_int_eq(b.end[0], 2500 * SIM_MS);
    ck_assert_int_eq(b.end[1], 2500 * SIM_MS);
    done(&b);
}
END_TEST

START_TEST(a_charge_slows_others_down)
{
    struct bed b = bed(1, 4 * SIM_MS, 0);
    submit(&b, 2 * SIM_S, 0);
    cpu_charge(b.cpu, SIM_S);
    sim_run(b.sim, 10 * SIM_S, NULL);
    ck_assert_int_eq(b.end[0], 3 * SIM_S);
    ck_assert_double_eq_tol(cpu_seconds(b.cpu), 3, 1e-9);
    done(&b);
}
END_TEST

static void again(void *ctx, uint32_t id)
{
    struct bed *b = ctx;
    ended(ctx, id);
    if (id < 3)
        cpu_submit(b->cpu, SIM_S, again, b, id + 1);
}

START_TEST(a_callback_may_submit)
{
    struct bed b = bed(1, 4 * SIM_MS, 0);
    cpu_submit(b.cpu, SIM_S, again, &b, 0);
    sim_run(b.sim, 10 * SIM_S, NULL);
    for (uint32_t i = 0; i < 4; i++)
        ck_assert_int_eq(b.end[i], (i + 1) * SIM_S);
    done(&b);
}
END_TEST

/* n jobs of demands 1, 2 … n on one core: job k ends when the k shortest are
 * served and the others have had k each: sum over j of min(j, k). */
START_TEST(a_hundred_jobs_end_when_the_formula_says)
{
    struct sim *sim = sim_new(EVQ_WHEEL, 0);
    struct cpu *cpu = cpu_new(sim, 1, 4 * SIM_MS, 0);
    struct bed b = { .sim = sim, .cpu = cpu };
    for (int k = 100; k >= 1; k--)
        cpu_submit(cpu, k * SIM_MS, k == 37 ? ended : NULL, &b, 0);
    int64_t sum = 0;
    for (int j = 1; j <= 100; j++)
        sum += j < 37 ? j : 37;
    sim_run(sim, 100 * SIM_S, NULL);
    ck_assert_int_le(llabs(b.end[0] - sum * SIM_MS), 100);
    ck_assert_double_eq_tol(cpu_seconds(cpu), 5.050, 1e-7);
    done(&b);
}
END_TEST

Suite *suite_cpu(void);
Suite *suite_cpu(void)
{
    Suite *s = suite_create("cpu");
    TCase *t = tcase_create("sharing");
    tcase_add_test(t, a_core_is_shared_equally);
    tcase_add_test(t, three_jobs_on_two_cores_advance_at_two_thirds);
    tcase_add_test(t, two_jobs_on_two_cores_do_not_meet);
    tcase_add_test(t, a_cancelled_job_leaves_the_core_to_others);
    tcase_add_test(t, a_slice_of_4_ms_and_a_switch_of_1_ms_leave_four_fifths);
    tcase_add_test(t, a_charge_slows_others_down);
    tcase_add_test(t, a_callback_may_submit);
    tcase_add_test(t, a_hundred_jobs_end_when_the_formula_says);
    suite_add_tcase(s, t);
    return s;
}
