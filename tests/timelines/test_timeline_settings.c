/* SPDX-License-Identifier: GPL-3.0-or-later */
/* G-19: what httpd makes of odd configurations, and how they then run. */
#include "tests/timelines/rig.h"

#include <check.h>

static struct rig *resolved(const char *mpm, const char *text)
{
    struct rig *r = rig_new(mpm, text);
    rig_start(r);
    return r;
}

START_TEST(g19_prefork_max_spare_below_min_becomes_min_plus_1)
{
    struct rig *r =
        resolved("prefork", "MinSpareServers 10\nMaxSpareServers 4");
    ck_assert_int_eq(r->srv->set->max_spare, 11);
    rig_free(r);
}
END_TEST

START_TEST(g19_prefork_more_workers_than_the_server_limit)
{
    struct rig *r = resolved("prefork", "MaxRequestWorkers 300");
    ck_assert_int_eq(r->srv->set->max_request_workers, 256);
    rig_free(r);
}
END_TEST

START_TEST(g19_worker_max_spare_below_min)
{
    struct rig *r = resolved("worker", "MinSpareThreads 100\n"
                                       "MaxSpareThreads 50\n"
                                       "ThreadsPerChild 25");
    ck_assert_int_eq(r->srv->set->max_spare, 126);
    rig_free(r);
}
END_TEST

START_TEST(g19_worker_workers_are_whole_processes)
{
    struct rig *r =
        resolved("worker", "MaxRequestWorkers 110\nThreadsPerChild 25");
    ck_assert_int_eq(r->srv->set->max_request_workers, 100);
    ck_assert_int_eq(r->srv->set->process_limit, 4);
    rig_free(r);
    r = resolved("worker", "ThreadsPerChild 100"); /* ThreadLimit 64 */
    ck_assert_int_eq(r->srv->set->threads_per_child, 64);
    ck_assert_int_eq(r->srv->set->max_request_workers, 384);
    rig_free(r);
    r = resolved("worker", "MaxRequestWorkers 10\nThreadsPerChild 25");
    ck_assert_int_eq(r->srv->set->max_request_workers, 25);
    rig_free(r);
}
END_TEST

START_TEST(g19_worker_beyond_its_server_limit_logs_scoreboard_is_full)
{
    struct rig *r = resolved("worker", "MaxRequestWorkers 800\n"
                                       "ThreadsPerChild 25\nKeepAlive Off");
    ck_assert_int_eq(r->srv->set->process_limit, 16);
    rig_crowd(r, 450, 0, &(struct guest){ .at = 1, .d.sleep = 60 * SIM_S });
    rig_run(r, 20 * SIM_S);
    ck_assert_int_eq(rig_children(r), 16);
    ck_assert_int_eq(rig_slot(r, SLOT_WRITING), 400);
    ck_assert_int_eq(rig_logged(r, "AH00286"), 0);
    ck_assert(rig_first(r, "AH00288") == 5 * SIM_S); /* W-14 */
    ck_assert_int_eq(rig_logged(r, "AH00288"), 16);  /* each such tick */
    rig_free(r);
}
END_TEST

START_TEST(g19_prefork_starts_no_more_than_its_limit)
{
    struct rig *r =
        resolved("prefork", "StartServers 40\nMaxRequestWorkers 20");
    rig_run(r, 0);
    ck_assert_int_eq(rig_children(r), 20);
    rig_free(r);
}
END_TEST

Suite *suite_timeline_settings(void);
Suite *suite_timeline_settings(void)
{
    Suite *s = suite_create("timeline_settings");
    TCase *t = tcase_create("settings");
    tcase_add_test(t, g19_prefork_max_spare_below_min_becomes_min_plus_1);
    tcase_add_test(t, g19_prefork_more_workers_than_the_server_limit);
    tcase_add_test(t, g19_worker_max_spare_below_min);
    tcase_add_test(t, g19_worker_workers_are_whole_processes);
    tcase_add_test(t,
                   g19_worker_beyond_its_server_limit_logs_scoreboard_is_full);
    tcase_add_test(t, g19_prefork_starts_no_more_than_its_limit);
    suite_add_tcase(s, t);
    return s;
}
