/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a tick decides, as pure functions. */
#include "models/decide.h"

#include <check.h>

START_TEST(p4_to_p7_prefork)
{
    ck_assert_int_eq(prefork_decide(11, 5, 10, 3), PREFORK_KILL);
    ck_assert_int_eq(prefork_decide(11, 5, 10, 0), PREFORK_KILL);
    ck_assert_int_eq(prefork_decide(10, 5, 10, 3), PREFORK_STAY);
    ck_assert_int_eq(prefork_decide(5, 5, 10, 3), PREFORK_STAY);
    ck_assert_int_eq(prefork_decide(4, 5, 10, 1), PREFORK_SPAWN);
    ck_assert_int_eq(prefork_decide(0, 5, 10, 0), PREFORK_LIMIT);
}
END_TEST

static struct settings event(int version, int tpc, int sixteenths)
{
    return (struct settings){ .mpm = MPM_EVENT,
                              .version = version,
                              .threads_per_child = tpc,
                              .async_factor = sixteenths / 16,
                              .async_sixteenths = sixteenths };
}

START_TEST(e13_limit_of_the_baseline)
{
    struct settings s = event(HTTPD_BASELINE, 4, 32);
    ck_assert(event_may_accept(&s, 11, 0, 4, false));
    ck_assert(!event_may_accept(&s, 12, 0, 4, false));
    ck_assert(event_may_accept(&s, 12, 1, 4, false)); /* lingering ones */
    for (int b = 1; b <= 3; b++) {                    /* E-17: b workers busy */
        ck_assert(event_may_accept(&s, 12 - 2 * b - 1, 0, 4 - b, false));
        ck_assert(!event_may_accept(&s, 12 - 2 * b, 0, 4 - b, false));
    }
    ck_assert(!event_may_accept(&s, 4, 0, 0, false));
    ck_assert(!event_may_accept(&s, 0, 0, 0, false));
    ck_assert(event_may_accept(&s, 3, 3, 1, false)); /* c <= l */
}
END_TEST

START_TEST(e15_one_worker_of_hysteresis)
{
    struct settings s = event(HTTPD_BASELINE, 4, 32);
    ck_assert(event_may_accept(&s, 9, 0, 4, true));
    ck_assert(!event_may_accept(&s, 10, 0, 4, true));
    ck_assert(event_may_accept(&s, 3, 0, 1, true));
    ck_assert(!event_may_accept(&s, 4, 0, 1, true));
}
END_TEST

START_TEST(e16_factor_1_5_is_1_since_2_4_33)
{
    struct settings s = event(HTTPD_BASELINE, 4, 24);
    ck_assert(event_may_accept(&s, 7, 0, 4, false));
    ck_assert(!event_may_accept(&s, 8, 0, 4, false));
    s = event(HTTPD_VERSION(2, 4, 29), 4, 24); /* <= 4 + 6 */
    ck_assert(event_may_accept(&s, 10, 0, 4, false));
    ck_assert(!event_may_accept(&s, 11, 0, 4, false));
}
END_TEST

START_TEST(e13_limit_of_older_versions)
{
    struct settings s = event(HTTPD_VERSION(2, 4, 29), 4, 32);
    ck_assert(event_may_accept(&s, 12, 0, 4, false));
    ck_assert(!event_may_accept(&s, 13, 0, 4, false));
    ck_assert(event_may_accept(&s, 13, 1, 4, false));
    ck_assert(event_may_accept(&s, 9, 0, 4, true));
    ck_assert(!event_may_accept(&s, 10, 0, 4, true));
    s.version = HTTPD_VERSION(2, 4, 1); /* lingering ones count to 2.4.2 */
    ck_assert(!event_may_accept(&s, 13, 1, 4, false));
    ck_assert(!event_may_accept(&s, 0, 0, 0, false));
    ck_assert(!event_may_accept(&s, 0, 0, 0, true));
}
END_TEST

START_TEST(e4_kills)
{
    /* default limits: nobody else may be stopping */
    ck_assert(event_may_kill(HTTPD_BASELINE, 16, 16, 16, 16));
    ck_assert(!event_may_kill(HTTPD_BASELINE, 15, 16, 16, 16));
    /* enough spare slots: every tick */
    ck_assert(event_may_kill(HTTPD_BASELINE, 15, 16, 16, 33));
    ck_assert(!event_may_kill(HTTPD_BASELINE, 15, 16, 16, 32));
    /* 2.4.25 to 2.4.51 */
    ck_assert(!event_may_kill(HTTPD_VERSION(2, 4, 51), 16, 16, 16, 16));
    ck_assert(event_may_kill(HTTPD_VERSION(2, 4, 51), 15, 15, 16, 16));
    ck_assert(!event_may_kill(HTTPD_VERSION(2, 4, 51), 17, 17, 16, 40));
}
END_TEST

START_TEST(e6_forks_up_to_the_limit)
{
    bool room;
    ck_assert_int_eq(event_spawn_count(8, 3, 16, &room), 8);
    ck_assert(room);
    ck_assert_int_eq(event_spawn_count(8, 10, 16, &room), 6);
    ck_assert(room);
    ck_assert_int_eq(event_spawn_count(8, 16, 16, &room), 0);
    ck_assert(!room);
    ck_assert_int_eq(event_spawn_count(8, 17, 16, &room), 0);
    ck_assert(!room);
}
END_TEST

Suite *suite_decide(void);
Suite *suite_decide(void)
{
    Suite *s = suite_create("decide");
    TCase *t = tcase_create("ticks");
    tcase_add_test(t, p4_to_p7_prefork);
    tcase_add_test(t, e13_limit_of_the_baseline);
    tcase_add_test(t, e15_one_worker_of_hysteresis);
    tcase_add_test(t, e16_factor_1_5_is_1_since_2_4_33);
    tcase_add_test(t, e13_limit_of_older_versions);
    tcase_add_test(t, e4_kills);
    tcase_add_test(t, e6_forks_up_to_the_limit);
    suite_add_tcase(s, t);
    return s;
}
