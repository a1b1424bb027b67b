/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Golden timelines of worker: G-8, G-9 and worker's part of G-10 and G-14. */
#include "tests/timelines/rig.h"

#include <check.h>

#define MINUTE (60 * SIM_S + 1) /* ends after the tick it would end with */
#define G8                                                                     \
    "StartServers 3\nMinSpareThreads 75\nMaxSpareThreads 250\n"                \
    "ThreadsPerChild 25\nMaxRequestWorkers 400\nKeepAlive Off"

START_TEST(g8_four_hundred_clients_fill_sixteen_processes)
{
    struct rig *r = rig_new("worker", G8);
    rig_start(r);
    rig_crowd(r, 400, 0, &(struct guest){ .at = 1, .d.sleep = MINUTE });
    static const int want[] = { 3, 4, 6, 10, 16, 16 };
    for (int t = 0; t <= 5; t++) {
        rig_run(r, t * SIM_S);
        ck_assert_int_eq(rig_children(r), want[t]);
    }
    ck_assert(rig_first(r, "AH00286") == 5 * SIM_S);
    static const int idle[] = { 75, 100, 150, 250, 400 };
    for (int t = 61; t <= 65; t++) {
        rig_run(r, t * SIM_S);
        ck_assert_int_eq(rig_idle(r, t), idle[t - 61]);
        ck_assert_int_eq(rig_children(r), t == 65 ? 15 : 16);
    }
    static const int began[] = { 75, 25, 50, 100, 150 };
    for (int t = 0; t < 5; t++)
        ck_assert_int_eq(rig_began(r, t ? t * SIM_S : 1), began[t]);
    static const int down[] = { 15, 14, 13, 12, 11, 10, 10, 10 };
    for (int t = 65; t <= 72; t++) {
        rig_run(r, t * SIM_S);
        ck_assert_int_eq(rig_children(r), down[t - 65]);
    }
    ck_assert_int_eq(rig_idle(r, 71), 250);
    ck_assert_int_eq(rig_logged(r, "AH00286"), 1);
    ck_assert_int_eq(rig_logged(r, "AH00288"), 0);
    rig_free(r);
}
END_TEST

START_TEST(g9_two_hundred_clients_get_sixteen_processes_as_well)
{
    struct rig *r = rig_new("worker", G8);
    rig_start(r);
    rig_crowd(r, 200, 0, &(struct guest){ .at = 1, .d.sleep = MINUTE });
    static const int want[] = { 3, 4, 6, 10, 16, 16, 16 };
    for (int t = 0; t <= 6; t++) {
        rig_run(r, t * SIM_S);
        ck_assert_int_eq(rig_children(r), want[t]);
    }
    ck_assert_int_eq(rig_idle(r, 4), 50);
    ck_assert_int_eq(rig_idle(r, 5), 200);
    rig_free(r);
}
END_TEST

START_TEST(g10_a_worker_process_serves_n_plus_one_connections)
{
    struct rig *r =
        rig_new("worker", "StartServers 1\nThreadsPerChild 25\n"
                          "MinSpareThreads 25\nMaxSpareThreads 250\n"
                          "MaxConnectionsPerChild 3\nKeepAlive Off");
    rig_start(r);
    struct guest *g = rig_add(
        r,
        &(struct guest){ .at = 1, .connections = 20, .d.sleep = 10 * SIM_MS });
    rig_run(r, SIM_S - 1);
    ck_assert_int_eq(g->answered, 4); /* W-18 */
    ck_assert_int_eq(rig_children(r), 0);
    rig_run(r, SIM_S);
    ck_assert_int_eq(rig_children(r), 1);
    rig_run(r, SIM_S + 10 * SIM_MS);
    ck_assert_int_eq(g->answered, 5);
    rig_free(r);
}
END_TEST

START_TEST(g14_worker_stops_one_process_per_tick)
{
    struct rig *r = rig_new("worker", G8);
    rig_set(r, "StartServers 16");
    rig_start(r);
    for (int t = 1; t <= 10; t++) {
        rig_run(r, t * SIM_S);
        ck_assert_int_eq(rig_children(r), t <= 6 ? 16 - t : 10);
    }
    rig_free(r);
}
END_TEST

Suite *suite_timeline_worker(void);
Suite *suite_timeline_worker(void)
{
    Suite *s = suite_create("timeline_worker");
    TCase *t = tcase_create("worker");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, g8_four_hundred_clients_fill_sixteen_processes);
    tcase_add_test(t, g9_two_hundred_clients_get_sixteen_processes_as_well);
    tcase_add_test(t, g10_a_worker_process_serves_n_plus_one_connections);
    tcase_add_test(t, g14_worker_stops_one_process_per_tick);
    suite_add_tcase(s, t);
    return s;
}
