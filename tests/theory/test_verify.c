/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "theory/verify.h"

#include "theory/sim_lattice.h"
#include "theory/sim_server.h"
#include "theory/sim_station.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

START_TEST(every_figure_agrees_with_theory)
{
    struct verify v;
    verify_run(1, 0, &v);
    for (size_t i = 0; i < v.n; i++) {
        const struct verify_row *r = &v.rows[i];
        if (!r->holds)
            fprintf(stderr, "%s by %s, %s: theory %g, simulated %g\n",
                    r->system, r->parts, r->figure, r->theory, r->simulated);
        ck_assert(r->exact || r->half_width > 0);
    }
    ck_assert_uint_gt(v.n, 100);
    ck_assert_uint_eq(v.failed, 0);
    verify_free(&v);
}
END_TEST

static struct dist exponential_law(double mean_s)
{
    struct dist d = { .kind = DIST_EXPONENTIAL, .mean = mean_s * 1e9 };
    struct err e;
    err_init(&e);
    ck_assert(dist_prepare(&d, &e));
    return d;
}

START_TEST(a_replication_is_given_by_its_numbers)
{
    struct station st = { .rate = 0.5,
                          .service = exponential_law(1),
                          .servers = 1,
                          .warm_up = 10,
                          .length = 1000 };
    double a[FIGURES], b[FIGURES], other[FIGURES];
    station_run(&st, 7, 3, a);
    station_run(&st, 7, 3, b);
    station_run(&st, 7, 4, other);
    ck_assert(memcmp(&a[FIG_RESPONSE], &b[FIG_RESPONSE], sizeof a[0]) == 0);
    ck_assert(memcmp(&a[FIG_RESPONSE], &other[FIG_RESPONSE], sizeof a[0]) != 0);
}
END_TEST

START_TEST(a_full_server_turns_requests_away)
{
    /* one worker and two places in the accept queue (K-1), ten times too much:
     * nine of ten are lost */
    struct served sv = { .mpm = "prefork",
                         .directives = "StartServers 1\nMaxRequestWorkers 1\n"
                                       "ListenBacklog 1\n",
                         .rate = 500,
                         .service = exponential_law(0.02),
                         .warm_up = 5,
                         .length = 20 };
    double f[FIGURES];
    served_run(&sv, 1, 0, f);
    ck_assert(fabs(f[FIG_LOST] - 0.9) < 0.02);
    ck_assert(fabs(f[FIG_RATE] - 50) < 5);
}
END_TEST

START_TEST(batches_are_served_in_order)
{
    static const char *const mpms[] = { "prefork", "worker", "event" };
    double f[FIGURES];
    served_batches_run(mpms[_i], 1, 0, f);
    ck_assert_int_eq((int)f[FIG_WRONG], 0);
}
END_TEST

START_TEST(ties_go_in_the_order_of_scheduling)
{
    double f[FIGURES];
    for (uint64_t rep = 0; rep < 20; rep++) {
        lattice_ties_run(1, rep, f);
        ck_assert_int_eq((int)f[FIG_WRONG], 0);
    }
}
END_TEST

Suite *suite_verify(void);
Suite *suite_verify(void)
{
    Suite *s = suite_create("verify");
    TCase *t = tcase_create("verify");
    tcase_set_timeout(t, 600);
    tcase_add_test(t, every_figure_agrees_with_theory);
    tcase_add_test(t, a_replication_is_given_by_its_numbers);
    tcase_add_test(t, a_full_server_turns_requests_away);
    tcase_add_loop_test(t, batches_are_served_in_order, 0, 3);
    tcase_add_test(t, ties_go_in_the_order_of_scheduling);
    suite_add_tcase(s, t);
    return s;
}
