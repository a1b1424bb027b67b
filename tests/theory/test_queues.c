/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "theory/queues.h"

#include <check.h>
#include <math.h>

static void near_enough(double got, double want)
{
    ck_assert_msg(fabs(got - want) <= 1e-6 * fmax(1, fabs(want)),
                  "%.10g, not %.10g", got, want);
}

START_TEST(erlangs_formulas_give_tabulated_values)
{
    /* 10 lines at 8 erlangs lose 12.2 %, 2 at 1 lose 1/5 */
    near_enough(erlang_b(10, 8), 0.1216610643);
    near_enough(erlang_b(2, 1), 0.2);
    near_enough(erlang_b(0, 3), 1);
    near_enough(erlang_c(1, 0.7), 0.7);
    near_enough(erlang_c(2, 1), 1.0 / 3);
    ck_assert(erlang_b(1000, 900) > 0 && erlang_b(1000, 900) < 1e-3);
}
END_TEST

START_TEST(mm1_by_hand)
{
    struct queue_figures f;
    queue_mmck(0.5, 1, 1, 0, &f);
    near_enough(f.wait, 1);
    near_enough(f.response, 2);
    near_enough(f.square, 8); /* exponential, mean 2 */
    near_enough(f.number, 1);
    near_enough(queue_mmck_late(0.5, 1, 1, 0, 2), 0.5 * exp(-1));
    near_enough(queue_mm1_quantile(0.5, 1, 0.5), 2 * log(2));
}
END_TEST

START_TEST(room_for_servers_alone_is_erlang_b)
{
    struct queue_figures f;
    queue_mmck(8, 1, 10, 10, &f);
    near_enough(f.lost, erlang_b(10, 8));
    near_enough(f.wait, 0);
    near_enough(f.number, 8 * (1 - f.lost));
}
END_TEST

START_TEST(plenty_of_room_is_no_limit)
{
    struct queue_figures with, without;
    queue_mmck(3, 1, 4, 400, &with);
    queue_mmck(3, 1, 4, 0, &without);
    near_enough(with.lost, 0);
    near_enough(with.wait, without.wait);
    near_enough(with.square, without.square);
    near_enough(with.number, without.number);
    near_enough(with.delayed, without.delayed);
    near_enough(queue_mmck_late(3, 1, 4, 400, 0.7),
                queue_mmck_late(3, 1, 4, 0, 0.7));
}
END_TEST

START_TEST(a_huge_room_under_overload_stays_finite)
{
    struct queue_figures f;
    queue_mmck(20, 1, 10, 523, &f);
    near_enough(f.lost, 0.5);
    ck_assert(fabs(f.number - 522) < 1);
}
END_TEST

START_TEST(pollaczek_and_khinchine)
{
    struct queue_figures f;
    queue_mg1(0.5, 1, 0, &f); /* M/D/1 waits half as long as M/M/1 */
    near_enough(f.wait, 0.5);
    queue_mg1(0.5, 1, 1, &f);
    near_enough(f.wait, 1);
}
END_TEST

START_TEST(sharing_with_room_is_caos_formula)
{
    struct queue_figures f;
    double rate = 0.8, mean = 1.1, rho = rate * mean;
    int k = 7;
    queue_mg1_ps(rate, mean, k, &f);
    near_enough(f.lost, (1 - rho) * pow(rho, k) / (1 - pow(rho, k + 1)));
    near_enough(f.response, (pow(rho, k + 1) * (k * rho - k - 1) + rho) /
                                (rate * (1 - pow(rho, k)) * (1 - rho)));
    queue_mg1_ps(1, 1, 9, &f); /* load 1: all ten states alike */
    near_enough(f.lost, 0.1);
    near_enough(f.number, 4.5);
}
END_TEST

START_TEST(one_machine_and_one_repairman)
{
    struct queue_figures f;
    queue_repairman(1, 4, 1, 1, &f);
    near_enough(f.rate, 0.2);
    near_enough(f.response, 1);
    queue_repairman(5, 4, 1, 5, &f); /* nobody waits */
    near_enough(f.wait, 0);
    near_enough(f.rate, 1);
}
END_TEST

START_TEST(the_order_within_a_slot_matters)
{
    near_enough(queue_geo1_departures_first(0.3, 0.5), 1.05);
    near_enough(queue_geo1_arrivals_first(0.3, 0.5), 0.75);
}
END_TEST

Suite *suite_queues(void);
Suite *suite_queues(void)
{
    Suite *s = suite_create("queues");
    TCase *t = tcase_create("queues");
    tcase_add_test(t, erlangs_formulas_give_tabulated_values);
    tcase_add_test(t, mm1_by_hand);
    tcase_add_test(t, room_for_servers_alone_is_erlang_b);
    tcase_add_test(t, plenty_of_room_is_no_limit);
    tcase_add_test(t, a_huge_room_under_overload_stays_finite);
    tcase_add_test(t, pollaczek_and_khinchine);
    tcase_add_test(t, sharing_with_room_is_caos_formula);
    tcase_add_test(t, one_machine_and_one_repairman);
    tcase_add_test(t, the_order_within_a_slot_matters);
    suite_add_tcase(s, t);
    return s;
}
