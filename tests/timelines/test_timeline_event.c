/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Golden timelines of event: G-11 … G-13, event's part of G-10 and G-14. */
#include "tests/timelines/rig.h"

#include <check.h>
#include <stdio.h>

#define SMALL                                                                  \
    "StartServers 1\nServerLimit 1\nThreadsPerChild 4\nMaxRequestWorkers 4\n"  \
    "MinSpareThreads 1\nMaxSpareThreads 6\nKeepAliveTimeout 600\n"
#define G14                                                                    \
    "StartServers 16\nMinSpareThreads 75\nMaxSpareThreads 250\n"               \
    "ThreadsPerChild 25\nMaxRequestWorkers 400\n"

static const struct child *only_child(const struct rig *r)
{
    return child_at(r->srv, r->srv->pslots[0].child);
}

START_TEST(g10_an_event_process_serves_exactly_n_connections)
{
    struct rig *r = rig_new("event", "StartServers 1\nThreadsPerChild 25\n"
                                     "MinSpareThreads 25\nMaxSpareThreads 250\n"
                                     "MaxConnectionsPerChild 3\nKeepAlive Off");
    rig_start(r);
    struct guest *g = rig_add(
        r,
        &(struct guest){ .at = 1, .connections = 20, .d.sleep = 10 * SIM_MS });
    rig_run(r, SIM_S - 1);
    ck_assert_int_eq(g->answered, 3); /* E-30 */
    ck_assert_int_eq(rig_children(r), 0);
    rig_run(r, SIM_S);
    ck_assert_int_eq(rig_children(r), 1);
    rig_run(r, SIM_S + 10 * SIM_MS);
    ck_assert_int_eq(g->answered, 4);
    rig_free(r);
}
END_TEST

/* STUCK clients whose requests never end, then N idle ones, 10 ms apart. */
static struct rig *limit(const char *text, int version, int stuck, int n)
{
    struct rig *r = rig_new("event", SMALL);
    rig_set(r, text);
    r->conf.settings.version = version;
    rig_start(r);
    rig_crowd(r, stuck, 0, &(struct guest){ .at = 1, .d.sleep = 1000 * SIM_S });
    rig_crowd(r, n, 10 * SIM_MS,
              &(struct guest){ .at = 10 * SIM_MS, .hold = true });
    rig_run(r, 900 * SIM_MS);
    return r;
}

/* Lets one client go at a time until the process accepts again; returns how
 * many connections were left then. */
static int resumes_at(struct rig *r)
{
    for (uint32_t i = 0; only_child(r)->not_accepting; i++) {
        int64_t before = r->srv->conns_total;
        if (!r->guests[i]->open || r->guests[i]->answered == 0)
            continue;
        net_close(r->srv, r->guests[i]->conn);
        r->guests[i]->open = false;
        rig_run(r, sim_now(r->sim) + SIM_MS);
        if (!only_child(r)->not_accepting)
            return (int)before - 1;
    }
    return -1;
}

START_TEST(g11_twelve_idle_connections_fit_into_four_threads)
{
    struct rig *r = limit("AsyncRequestWorkerFactor 2", HTTPD_BASELINE, 0, 12);
    ck_assert_int_eq(r->srv->conns_total, 12);
    ck_assert(!only_child(r)->not_accepting);
    rig_add(r, &(struct guest){ .at = 950 * SIM_MS, .hold = true });
    rig_run(r, 2 * SIM_S);
    ck_assert_int_eq(r->srv->conns_total, 12);
    ck_assert(only_child(r)->not_accepting);       /* E-14 */
    ck_assert_int_eq(r->srv->conns_keepalive, 12); /* E-35: none is killed */
    ck_assert_int_eq(r->srv->queue_len, 1);
    /* E-8: logged although all four workers are free */
    ck_assert_int_eq(rig_logged(r, "AH00484"), 1);
    rig_free(r);
}
END_TEST

START_TEST(g11_listening_resumes_at_nine_and_fills_to_twelve)
{
    struct rig *r = limit("AsyncRequestWorkerFactor 2", HTTPD_BASELINE, 0, 13);
    ck_assert(only_child(r)->not_accepting);
    ck_assert_int_eq(resumes_at(r), 9);
    ck_assert_int_eq(r->srv->conns_total, 10); /* the 13th has come in */
    rig_crowd(r, 5, 10 * SIM_MS,
              &(struct guest){ .at = sim_now(r->sim) + SIM_MS, .hold = true });
    rig_run(r, 3 * SIM_S);
    ck_assert_int_eq(r->srv->conns_total, 12);
    ck_assert_int_eq(r->srv->queue_len, 3);
    rig_free(r);
}
END_TEST

/* In a backlog the listener takes as many as in a row: a request of 0 s makes
 * no worker busy. */
START_TEST(g11_a_backlog_fills_to_twelve_as_well)
{
    struct rig *r = limit("AsyncRequestWorkerFactor 2", HTTPD_BASELINE, 0, 20);
    ck_assert_int_eq(r->srv->conns_total, 12);
    for (uint32_t i = 0; i < 12; i++) {
        net_close(r->srv, r->guests[i]->conn);
        r->guests[i]->open = false;
    }
    rig_run(r, 2 * SIM_S);
    ck_assert_int_eq(r->srv->conns_total, 8);
    rig_crowd(r, 20, 0, &(struct guest){ .at = 3 * SIM_S, .hold = true });
    rig_run(r, 4 * SIM_S);
    ck_assert_int_eq(r->srv->conns_total, 12);
    rig_free(r);
}
END_TEST

START_TEST(g11_stuck_workers_lower_the_limit)
{
    static const int held[] = { 12, 10, 8, 6, 4 };
    for (int b = 1; b <= 4; b++) {
        struct rig *r =
            limit("AsyncRequestWorkerFactor 2", HTTPD_BASELINE, b, 14);
        ck_assert_int_eq(r->srv->conns_total, held[b]);
        ck_assert(only_child(r)->not_accepting);
        rig_free(r);
    }
}
END_TEST

START_TEST(g11_a_fraction_of_the_factor_is_discarded)
{
    struct rig *r = limit("AsyncRequestWorkerFactor 1.9", HTTPD_BASELINE, 0, 9);
    ck_assert_int_eq(r->srv->conns_total, 8);
    ck_assert_int_eq(resumes_at(r), 6);
    rig_free(r);
}
END_TEST

START_TEST(g11_versions_to_2_4_29_accept_thirteen)
{
    struct rig *r =
        limit("AsyncRequestWorkerFactor 2", HTTPD_VERSION(2, 4, 29), 0, 16);
    ck_assert_int_eq(r->srv->conns_total, 13);
    rig_free(r);
}
END_TEST

START_TEST(g12_a_new_client_of_a_busy_process_ends_its_keepalives)
{
    struct rig *r = rig_new("event", SMALL);
    rig_set(r, "KeepAliveTimeout 60\nAsyncRequestWorkerFactor 2\n"
               "MaxKeepAliveRequests 1");
    rig_start(r);
    /* seven idle connections; the second request is the last (C-30) */
    rig_crowd(r, 7, 0, &(struct guest){ .hold = true });
    rig_run(r, SIM_MS);
    ck_assert_int_eq(r->srv->conns_keepalive, 7);
    for (int i = 0; i < 4; i++)
        rig_ask(r->guests[i],
                &(struct demand){ .head = 256, .sleep = 5 * SIM_S - SIM_MS });
    struct guest *n = rig_add(r, &(struct guest){ .at = SIM_S });
    rig_run(r, SIM_S - 1);
    ck_assert(!only_child(r)->not_accepting);
    rig_run(r, SIM_S + 1);
    ck_assert(only_child(r)->not_accepting);
    rig_run(r, 3 * SIM_S);
    rig_ask(r->guests[5], &(struct demand){ .head = 256 });
    rig_run(r, 5 * SIM_S - 1);
    for (int i = 4; i < 7; i++)
        ck_assert_int_eq(r->guests[i]->closed, 0);
    ck_assert_int_eq(r->guests[5]->answered, 1);
    rig_run(r, 6 * SIM_S);
    for (int i = 4; i < 7; i++) {
        /* E-28: closed by the first worker to be free */
        ck_assert(r->guests[i]->t_closed == 5 * SIM_S);
        ck_assert_int_eq(r->guests[i]->answered, 1);
        ck_assert_int_eq(r->guests[i]->cut_bytes, -1);
    }
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(r->guests[i]->answered, 2);
    ck_assert(n->t_done == 5 * SIM_S); /* it waited 4 s */
    rig_free(r);
}
END_TEST

START_TEST(g13_idle_connections_alone_make_the_parent_fork)
{
    struct rig *r =
        rig_new("event", "StartServers 3\nMinSpareThreads 75\n"
                         "MaxSpareThreads 250\nThreadsPerChild 25\n"
                         "MaxRequestWorkers 400\nServerLimit 16\n"
                         "AsyncRequestWorkerFactor 2\n"
                         "KeepAliveTimeout 600\nListenBacklog 2000");
    rig_start(r);
    rig_crowd(r, 1000, 99 * SIM_US, &(struct guest){ .at = 1, .hold = true });
    static const int processes[] = { 3, 4, 6, 10, 16, 16, 16 };
    static const int held[] = { 225, 300, 450, 750, 1000, 1000, 1000 };
    rig_run(r, 900 * SIM_MS);
    ck_assert_int_eq(rig_children(r), 3);
    ck_assert_int_eq(r->srv->conns_total, held[0]);
    for (int t = 1; t <= 6; t++) {
        rig_run(r, t * SIM_S);
        ck_assert_int_eq(rig_children(r), processes[t]);
        ck_assert_int_eq(r->srv->conns_total, held[t]);
        ck_assert_int_eq(r->srv->conns_keepalive, held[t]);
    }
    rig_free(r);
}
END_TEST

START_TEST(g14_with_spare_slots_event_stops_one_process_per_tick)
{
    struct rig *r = rig_new("event", G14 "ServerLimit 40");
    rig_start(r);
    for (int t = 1; t <= 10; t++) {
        rig_run(r, t * SIM_S);
        ck_assert_int_eq(rig_children(r), t <= 6 ? 16 - t : 10);
    }
    rig_free(r);
}
END_TEST

START_TEST(g14_without_them_it_stops_one_in_two_ticks)
{
    struct rig *r = rig_new("event", G14 "ServerLimit 16");
    rig_start(r);
    for (int t = 1; t <= 14; t++) {
        rig_run(r, t * SIM_S);
        ck_assert_int_eq(rig_children(r), t <= 11 ? 16 - (t + 1) / 2 : 10);
    }
    rig_free(r);
}
END_TEST

START_TEST(g14_a_busy_victim_holds_up_all_further_kills)
{
    struct rig *r = rig_new("event", G14 "ServerLimit 16");
    rig_start(r);
    /* about six requests of 600 s in every process, the victim's too */
    rig_crowd(r, 100, 0,
              &(struct guest){ .at = 1, .d.sleep = 600 * SIM_S + SIM_S / 2 });
    for (int t = 1; t <= 600; t++) {
        rig_run(r, t * SIM_S);
        ck_assert_int_eq(r->srv->stopping, 1);
        ck_assert_int_eq(rig_children(r), 16);
    }
    rig_run(r, 602 * SIM_S);
    ck_assert_int_lt(rig_children(r), 16);
    rig_free(r);
}
END_TEST

START_TEST(g14_versions_2_4_25_to_2_4_51_never_stop_one)
{
    static const int versions[] = { HTTPD_VERSION(2, 4, 25),
                                    HTTPD_VERSION(2, 4, 51) };
    for (int i = 0; i < 2; i++) {
        struct rig *r = rig_new("event", G14 "ServerLimit 16");
        r->conf.settings.version = versions[i];
        rig_start(r);
        rig_run(r, 60 * SIM_S);
        ck_assert_int_eq(rig_children(r), 16);
        rig_free(r);
    }
}
END_TEST

/* ---- the race for a connection: E-12, E-29 ---- */

#define RACES 4000

/* PROCESSES processes of THREADS on a machine of CPUS cores. */
static struct rig *racers(int processes, int threads, int64_t cpus)
{
    char text[300];
    snprintf(text, sizeof text,
             "StartServers %d\nServerLimit %d\nThreadsPerChild %d\n"
             "MaxRequestWorkers %d\nMinSpareThreads 1\n"
             "MaxSpareThreads %d\nMaxConnectionsPerChild 1000000\n"
             "KeepAliveTimeout 600\nListen 80\nListen 443 https",
             processes, processes, threads, processes * threads,
             processes * threads);
    struct rig *r = rig_new("event", text);
    r->conf.machine.cpus = cpus;
    rig_start(r);
    return r;
}

static struct child *racer(const struct rig *r, int slot)
{
    return child_at(r->srv, r->srv->pslots[slot].child);
}

static double races_won(const struct rig *r, int slot)
{
    return 1e6 - (double)racer(r, slot)->budget;
}

/* The share of RACES connections like SCRIPT, STEP apart, that the process
 * takes which was the last of PROCESSES to listen. */
static double share_of_the_last(int processes, int64_t cpus, simtime_t step,
                                const struct guest *script)
{
    struct rig *r = racers(processes, 25, cpus);
    struct guest g = *script;
    g.at = SIM_S;
    rig_crowd(r, RACES, step, &g);
    rig_run(r, SIM_S + RACES * step + SIM_S);
    double all = 0;
    for (int i = 0; i < processes; i++)
        all += races_won(r, i);
    ck_assert(all == RACES);
    double share = races_won(r, processes - 1) / all;
    rig_free(r);
    return share;
}

/* Odds of 0.14 to 1 for each of the others; tolerances are three standard
 * deviations of the draw. */
START_TEST(e29_who_listens_last_is_woken_on_the_other_core_and_too_late)
{
    struct guest g = { .d.sleep = 5 * SIM_MS };
    ck_assert_double_eq_tol(share_of_the_last(2, 2, 20 * SIM_MS, &g), 0.123,
                            0.016);
    ck_assert_double_eq_tol(share_of_the_last(4, 2, 20 * SIM_MS, &g), 0.045,
                            0.010);
}
END_TEST

START_TEST(e29_the_race_is_even_with_one_core_many_or_all_awake)
{
    struct guest g = { .d.sleep = 5 * SIM_MS }, short_one = { 0 };
    ck_assert_double_eq_tol(share_of_the_last(2, 1, 20 * SIM_MS, &g), 0.5,
                            0.024);
    ck_assert_double_eq_tol(share_of_the_last(2, 3, 20 * SIM_MS, &g), 0.5,
                            0.024);
    ck_assert_double_eq_tol(share_of_the_last(2, 2, 150 * SIM_US, &short_one),
                            0.5, 0.024);
}
END_TEST

START_TEST(e29_a_tls_client_keeps_its_core_and_favours_nobody)
{
    struct guest g = { .link.tls = true };
    ck_assert_double_eq_tol(share_of_the_last(2, 2, 20 * SIM_MS, &g), 0.5,
                            0.024);
}
END_TEST

/* Connections that stay take their pools away: who has just won has none. */
START_TEST(e29_without_a_pool_the_winner_loses_the_next_race)
{
    struct rig *r = racers(2, 25, 2);
    rig_crowd(r, 40, 20 * SIM_MS, &(struct guest){ .at = SIM_S, .hold = true });
    rig_run(r, 3 * SIM_S);
    ck_assert_double_eq(races_won(r, 0) + races_won(r, 1), 40);
    ck_assert_double_ge(races_won(r, 1), 40 / 4);
    rig_free(r);
}
END_TEST

START_TEST(e29_listening_again_is_listening_last)
{
    struct rig *r = racers(2, 25, 2);
    rig_run(r, SIM_S);
    /* E-14, E-15: the older process is full, then empty again */
    struct child *first = racer(r, 0);
    mpm_leave_accept(r->srv, first->bucket, r->srv->pslots[0].child);
    mpm_wait_accept(r->srv, first->bucket, r->srv->pslots[0].child);
    rig_crowd(r, RACES, 20 * SIM_MS,
              &(struct guest){ .at = SIM_S, .d.sleep = 5 * SIM_MS });
    rig_run(r, 100 * SIM_S);
    ck_assert_double_eq_tol(races_won(r, 0) / RACES, 0.123, 0.016);
    rig_free(r);
}
END_TEST

/* As recorded: two processes of one thread; from the first race that it loses
 * on one of them has its only worker reserved and never accepts again. */
START_TEST(e12_a_process_of_one_thread_that_loses_a_race_is_lost)
{
    struct rig *r = racers(2, 1, 2);
    rig_crowd(r, 100, 125 * SIM_MS,
              &(struct guest){ .at = SIM_S, .d.sleep = 5 * SIM_MS });
    rig_run(r, 20 * SIM_S);
    ck_assert_int_eq(rig_answered(r), 100);
    ck_assert(racer(r, 0)->not_accepting != racer(r, 1)->not_accepting);
    const struct child *lost = racer(r, racer(r, 1)->not_accepting);
    ck_assert(lost->reserved);
    ck_assert_uint_eq(lost->nidle, 1);
    ck_assert_double_le(1e6 - (double)lost->budget, 10);
    rig_free(r);
}
END_TEST

Suite *suite_timeline_event(void);
Suite *suite_timeline_event(void)
{
    Suite *s = suite_create("timeline_event");
    TCase *t = tcase_create("event");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, g10_an_event_process_serves_exactly_n_connections);
    tcase_add_test(t, g11_twelve_idle_connections_fit_into_four_threads);
    tcase_add_test(t, g11_listening_resumes_at_nine_and_fills_to_twelve);
    tcase_add_test(t, g11_a_backlog_fills_to_twelve_as_well);
    tcase_add_test(t, g11_stuck_workers_lower_the_limit);
    tcase_add_test(t, g11_a_fraction_of_the_factor_is_discarded);
    tcase_add_test(t, g11_versions_to_2_4_29_accept_thirteen);
    tcase_add_test(t, g12_a_new_client_of_a_busy_process_ends_its_keepalives);
    tcase_add_test(t, g13_idle_connections_alone_make_the_parent_fork);
    tcase_add_test(t, g14_with_spare_slots_event_stops_one_process_per_tick);
    tcase_add_test(t, g14_without_them_it_stops_one_in_two_ticks);
    tcase_add_test(t, g14_a_busy_victim_holds_up_all_further_kills);
    tcase_add_test(t, g14_versions_2_4_25_to_2_4_51_never_stop_one);
    tcase_add_test(
        t, e29_who_listens_last_is_woken_on_the_other_core_and_too_late);
    tcase_add_test(t, e29_the_race_is_even_with_one_core_many_or_all_awake);
    tcase_add_test(t, e29_a_tls_client_keeps_its_core_and_favours_nobody);
    tcase_add_test(t, e29_without_a_pool_the_winner_loses_the_next_race);
    tcase_add_test(t, e29_listening_again_is_listening_last);
    tcase_add_test(t, e12_a_process_of_one_thread_that_loses_a_race_is_lost);
    suite_add_tcase(s, t);
    return s;
}
