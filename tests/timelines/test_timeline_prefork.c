/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Golden timelines of prefork: G-1 … G-4, G-6, G-7 and prefork's part of G-10
 * and G-16. */
#include "tests/timelines/rig.h"

#include <check.h>

#define MINUTE (60 * SIM_S + 1) /* ends after the tick it would end with */
#define G1                                                                     \
    "StartServers 5\nMinSpareServers 5\nMaxSpareServers 10\nKeepAlive Off\n"

static struct rig *start(const char *text, int clients, simtime_t service)
{
    struct rig *r = rig_new("prefork", G1);
    rig_set(r, text);
    rig_start(r);
    rig_crowd(r, clients, 0, &(struct guest){ .at = 1, .d.sleep = service });
    rig_run(r, 0);
    return r;
}

/* Children just after the ticks 0 … n-1. */
static void children_are(struct rig *r, const int *want, int n)
{
    for (int t = 0; t < n; t++) {
        rig_run(r, t * SIM_S);
        ck_assert_msg(rig_children(r) == want[t],
                      "t = %d: %d children, want %d", t, (int)rig_children(r),
                      want[t]);
    }
}

/* What the ticks FIRST … counted as idle; runs up to each. */
static void idle_is(struct rig *r, int first, const int *want, int n)
{
    for (int i = 0; i < n; i++) {
        rig_run(r, (first + i) * SIM_S);
        ck_assert_msg(rig_idle(r, first + i) == want[i],
                      "tick %d: %d idle, want %d", first + i,
                      (int)rig_idle(r, first + i), want[i]);
    }
}

START_TEST(g1_hundred_clients_get_132_children)
{
    struct rig *r = start("MaxRequestWorkers 150", 100, MINUTE);
    static const int want[] = { 5, 6, 8, 12, 20, 36, 68, 100, 132, 131, 130 };
    static const int rate[] = { 1, 2, 4, 8, 16, 32, 32, 32, 32, 1, 1 };
    static const int idle[] = { 0, 0, 0, 0, 0, 0, 0, 0, 32, 31 };
    static const int later[] = { 15, 15, 16, 19, 26, 41, 72, 103 };
    for (int t = 0; t <= 10; t++) {
        rig_run(r, t * SIM_S);
        ck_assert_int_eq(rig_children(r), want[t]);
        ck_assert_int_eq(rig_rate(r), rate[t]);
        if (t > 0)
            ck_assert_int_eq(rig_idle(r, t), idle[t - 1]);
    }
    rig_run(r, 30 * SIM_S);
    ck_assert_int_eq(rig_idle(r, 30), 11);
    ck_assert_int_eq(rig_children(r), 110);
    rig_run(r, 60 * SIM_S);
    ck_assert_int_eq(rig_idle(r, 31), 10);
    ck_assert_int_eq(rig_children(r), 110);
    idle_is(r, 61, later, 8);
    ck_assert_int_eq(rig_children(r), 102);
    static const int began[] = { 5, 1, 2, 4, 8, 16, 32, 32 };
    for (int t = 0; t < 8; t++)
        ck_assert_int_eq(rig_began(r, t ? t * SIM_S : 1), began[t]);
    rig_run(r, 159 * SIM_S);
    ck_assert_int_eq(rig_children(r), 11);
    rig_run(r, 160 * SIM_S);
    ck_assert_int_eq(rig_children(r), 10);
    rig_run(r, 170 * SIM_S);
    ck_assert_int_eq(rig_children(r), 10);
    ck_assert_int_eq(rig_logged(r, "AH00161"), 0);
    /* P-8: ticks 4 … 8 fork at a rate of 8 and more */
    ck_assert_int_eq(rig_logged(r, "AH00162"), 5);
    rig_free(r);
}
END_TEST

START_TEST(g2_limit_of_20_is_reached_and_logged_once)
{
    struct rig *r = start("MaxRequestWorkers 20", 100, MINUTE);
    static const int want[] = { 5, 6, 8, 12, 20, 20, 20, 20, 20 };
    children_are(r, want, 9);
    ck_assert_int_eq(rig_idle(r, 5), 0);
    ck_assert_int_eq(rig_rate(r), 1);
    ck_assert(rig_first(r, "AH00161") == 5 * SIM_S);
    rig_run(r, 60 * SIM_S);
    ck_assert_int_eq(rig_children(r), 20);
    ck_assert_int_eq(r->srv->queue_len, 80);
    ck_assert_int_eq(rig_logged(r, "AH00161"), 1);
    rig_free(r);
}
END_TEST

START_TEST(g3_one_excess_client_makes_seven_forks)
{
    struct rig *r = start("MaxRequestWorkers 150", 6, MINUTE);
    static const int want[] = { 5, 6, 8, 12, 12, 12, 12 };
    static const int idle[] = { 0, 0, 2, 6 };
    children_are(r, want, 7);
    idle_is(r, 1, idle, 4);
    rig_free(r);
}
END_TEST

START_TEST(g4_the_rate_stays_at_32_and_the_last_step_is_22)
{
    struct rig *r = start("MaxRequestWorkers 250", 300, MINUTE);
    static const int want[] = { 5,   6,   8,   12,  20,  36,  68,
                                100, 132, 164, 196, 228, 250, 250 };
    children_are(r, want, 14);
    ck_assert(rig_first(r, "AH00161") == 13 * SIM_S);
    rig_free(r);
}
END_TEST

START_TEST(g6_synchronised_recycling_empties_the_pool)
{
    struct rig *r = rig_new("prefork", "StartServers 5\nMinSpareServers 3\n"
                                       "MaxSpareServers 10\nKeepAlive Off\n"
                                       "MaxConnectionsPerChild 3");
    rig_start(r);
    struct guest *g =
        rig_add(r, &(struct guest){
                       .at = 1, .connections = 100, .d.sleep = 100 * SIM_MS });
    static const int served[] = { 9, 15, 18, 24, 33 };
    static const int idle[] = { 4, 0, 0, 0, 2 };
    static const int started[] = { 5, 6, 8, 12, 20 }; /* +1, +2, +4, +8 */
    for (int t = 1; t <= 5; t++) {
        rig_run(r, t * SIM_S - 1);
        ck_assert_int_eq(g->answered, served[t - 1]);
        rig_run(r, t * SIM_S);
        ck_assert_int_eq(rig_idle(r, t), idle[t - 1]);
        ck_assert_int_eq(r->srv->now.processes_started, started[t - 1]);
    }
    rig_free(r);
}
END_TEST

START_TEST(g6_children_leave_after_their_third_connection)
{
    struct rig *r = rig_new("prefork", "StartServers 5\nMinSpareServers 3\n"
                                       "MaxSpareServers 10\nKeepAlive Off\n"
                                       "MaxConnectionsPerChild 3");
    rig_start(r);
    struct guest *g =
        rig_add(r, &(struct guest){
                       .at = 1, .connections = 100, .d.sleep = 100 * SIM_MS });
    for (int k = 0; k < 5; k++) { /* at 1.1, 1.2 … 1.5 */
        rig_run(r, SIM_S + (k + 1) * 100 * SIM_MS);
        ck_assert_int_eq(rig_children(r), 5 - k);
        rig_run(r, SIM_S + (k + 1) * 100 * SIM_MS + 1);
        ck_assert_int_eq(rig_children(r), 4 - k);
    }
    ck_assert_int_eq(g->answered, 15);
    rig_run(r, 2 * SIM_S + 100 * SIM_MS); /* connection 16 waited 0.5 s */
    ck_assert_int_eq(g->answered, 16);
    rig_run(r, 3 * SIM_S - 1);
    ck_assert_int_eq(g->answered, 18);
    rig_run(r, 3 * SIM_S + 100 * SIM_MS); /* connection 19 waited 0.7 s */
    ck_assert_int_eq(g->answered, 19);
    rig_run(r, 4 * SIM_S + 100 * SIM_MS); /* connection 25 waited 0.4 s */
    ck_assert_int_eq(g->answered, 25);
    rig_free(r);
}
END_TEST

#define G7                                                                     \
    "StartServers 5\nMinSpareServers 5\nMaxRequestWorkers 5\nKeepAlive Off\n"  \
    "MaxConnectionsPerChild 1"

START_TEST(g7_zombies_hold_their_slots_for_one_more_tick)
{
    struct rig *r = rig_new("prefork", G7);
    rig_start(r);
    rig_crowd(r, 5, 0, &(struct guest){ .at = 1, .d.sleep = SIM_S / 2 });
    rig_run(r, SIM_S / 2 + 1);
    ck_assert_int_eq(rig_children(r), 0);
    ck_assert_int_eq(rig_slot(r, SLOT_CLOSING), 5); /* P-14 */
    static const int want[] = { 0, 1, 3, 5, 5 };
    for (int t = 1; t <= 5; t++) {
        rig_run(r, t * SIM_S);
        ck_assert_int_eq(rig_children(r), want[t - 1]);
    }
    ck_assert(rig_first(r, "AH00161") == SIM_S);
    ck_assert_int_eq(rig_idle(r, 1), 0);
    rig_free(r);
}
END_TEST

START_TEST(g7_a_client_at_600_ms_starts_at_2_s)
{
    struct rig *r = rig_new("prefork", G7);
    rig_start(r);
    rig_crowd(r, 5, 0, &(struct guest){ .at = 1, .d.sleep = SIM_S / 2 });
    struct guest *g =
        rig_add(r, &(struct guest){ .at = 600 * SIM_MS, .d.sleep = SIM_S / 4 });
    rig_run(r, 4 * SIM_S);
    ck_assert(g->t_done == 2 * SIM_S + SIM_S / 4);
    rig_free(r);
}
END_TEST

START_TEST(g10_a_prefork_child_serves_exactly_n_connections)
{
    struct rig *r =
        rig_new("prefork", "StartServers 1\nMinSpareServers 1\n"
                           "MaxConnectionsPerChild 3\nKeepAlive Off");
    rig_start(r);
    struct guest *g = rig_add(
        r,
        &(struct guest){ .at = 1, .connections = 9, .d.sleep = 10 * SIM_MS });
    rig_run(r, SIM_S - 1);
    ck_assert_int_eq(g->answered, 3);
    ck_assert_int_eq(rig_children(r), 0);
    /* C-11: the next one starts at the next tick that forks */
    rig_run(r, SIM_S);
    ck_assert_int_eq(rig_children(r), 1);
    rig_run(r, SIM_S + 10 * SIM_MS);
    ck_assert_int_eq(g->answered, 4);
    rig_free(r);
}
END_TEST

static struct rig *overflow(int linear)
{
    struct rig *r = rig_new("prefork", "StartServers 10\nMinSpareServers 1\n"
                                       "MaxRequestWorkers 10\nKeepAlive Off\n"
                                       "ListenBacklog 511");
    r->conf.network.tcp_syn_linear_timeouts = linear;
    rig_start(r);
    rig_crowd(r, 10, 0, &(struct guest){ .d.sleep = 10 * SIM_S });
    /* SYNs of one instant would be answered in waves (K-21): they follow each
     * other by a nanosecond */
    rig_crowd(r, 600, 1, &(struct guest){ .at = SIM_MS, .d.sleep = SIM_S });
    return r;
}

/* Clients of the crowd that connected within a millisecond after T. */
static int connected_after(const struct rig *r, simtime_t t)
{
    int n = 0;
    for (uint32_t i = 10; i < r->nguests; i++)
        n += r->guests[i]->t_connected >= t + SIM_MS &&
             r->guests[i]->t_connected < t + 2 * SIM_MS;
    return n;
}

START_TEST(g16_overflow_and_syn_retries_of_kernels_before_6_5)
{
    struct rig *r = overflow(0);
    rig_run(r, 9 * SIM_S);
    ck_assert_int_eq(connected_after(r, 0), 512);
    ck_assert_int_eq(r->srv->queue_len, 512);
    ck_assert_int_eq(r->srv->now.overflows, 88 * 4); /* 0, 1, 3, 7 s */
    rig_run(r, 15 * SIM_S);
    ck_assert_int_eq(r->srv->queue_len, 452);
    rig_run(r, 16 * SIM_S - 1);
    ck_assert_int_eq(connected_after(r, 15 * SIM_S), 60);
    rig_run(r, 31 * SIM_S);
    ck_assert_int_eq(r->srv->queue_len, 352);
    rig_run(r, 80 * SIM_S);
    ck_assert_int_eq(connected_after(r, 31 * SIM_S), 28);
    ck_assert_int_eq(r->srv->now.overflows, 88 * 4 + 28);
    ck_assert_int_eq(rig_answered(r), 610);
    rig_free(r);
}
END_TEST

START_TEST(g16_overflow_and_syn_retries_of_kernels_from_6_5)
{
    struct rig *r = overflow(4);
    rig_run(r, 11 * SIM_S);
    ck_assert_int_eq(connected_after(r, 0), 512);
    /* 0 and the retries at 1, 2, 3, 4, 5, 7 */
    ck_assert_int_eq(r->srv->now.overflows, 88 * 7);
    ck_assert_int_eq(r->srv->queue_len, 492);
    rig_run(r, 12 * SIM_S - 1);
    ck_assert_int_eq(connected_after(r, 11 * SIM_S), 20);
    rig_run(r, 19 * SIM_S);
    ck_assert_int_eq(r->srv->queue_len, 432);
    rig_run(r, 80 * SIM_S);
    ck_assert_int_eq(connected_after(r, 19 * SIM_S), 68);
    ck_assert_int_eq(rig_answered(r), 610);
    rig_free(r);
}
END_TEST

Suite *suite_timeline_prefork(void);
Suite *suite_timeline_prefork(void)
{
    Suite *s = suite_create("timeline_prefork");
    TCase *t = tcase_create("prefork");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, g1_hundred_clients_get_132_children);
    tcase_add_test(t, g2_limit_of_20_is_reached_and_logged_once);
    tcase_add_test(t, g3_one_excess_client_makes_seven_forks);
    tcase_add_test(t, g4_the_rate_stays_at_32_and_the_last_step_is_22);
    tcase_add_test(t, g6_synchronised_recycling_empties_the_pool);
    tcase_add_test(t, g6_children_leave_after_their_third_connection);
    tcase_add_test(t, g7_zombies_hold_their_slots_for_one_more_tick);
    tcase_add_test(t, g7_a_client_at_600_ms_starts_at_2_s);
    tcase_add_test(t, g10_a_prefork_child_serves_exactly_n_connections);
    tcase_add_test(t, g16_overflow_and_syn_retries_of_kernels_before_6_5);
    tcase_add_test(t, g16_overflow_and_syn_retries_of_kernels_from_6_5);
    suite_add_tcase(s, t);
    return s;
}
