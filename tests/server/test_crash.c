/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Children that a signal ends: what the parent does about it (C-12 (b), C-47),
 * what their clients see (K-22). */
#include "server/inside.h"
#include "tests/timelines/rig.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>

#define WHEN (SIM_S / 2) /* half way between two ticks */

static const char *const mpms[] = { "prefork", "worker", "event" };

/* As many processes, and nothing for maintenance to do. */
static struct rig *server(const char *mpm, int processes)
{
    char text[160];
    snprintf(text, sizeof text,
             mpm[0] == 'p' ? "StartServers %d\nMinSpareServers 1\n"
                             "MaxSpareServers 20"
                           : "StartServers %d\nThreadsPerChild 5\n"
                             "MinSpareThreads 1\nMaxSpareThreads 100",
             processes);
    return rig_new(mpm, text);
}

static void crash(struct rig *r, int n)
{
    for (uint32_t i = 0; i < r->srv->children.used && n > 0; i++)
        if (child_at(r->srv, i)->state == CHILD_LIVE) {
            process_crash(r->srv, i, SIGSEGV);
            n--;
        }
    hook_drain(r->srv);
}

/* ---- the parent ---- */

/* Processes after CRASHES of six at 0.5 s and the tick at 1 s. */
static int64_t after_crashes(const char *mpm, int version, int crashes)
{
    struct rig *r = server(mpm, 6);
    r->conf.settings.version = version;
    rig_start(r);
    rig_run(r, WHEN);
    crash(r, crashes);
    ck_assert_int_eq(rig_children(r), 6 - crashes);
    ck_assert_int_eq(rig_logged(r, "AH00052"), 0); /* nobody knows yet */
    rig_run(r, SIM_S);
    ck_assert_int_eq(rig_logged(r, "AH00052"), crashes);
    ck_assert_int_eq(rig_logged(r, mpm[0] == 'w' ? "AH10393" : "AH10392"),
                     crashes > 2 && mpm[0] != 'p' && version == HTTPD_BASELINE);
    int64_t n = rig_children(r);
    rig_run(r, 5 * SIM_S);
    ck_assert_int_eq(rig_children(r), n);
    rig_free(r);
    return n;
}

START_TEST(c12_two_crashed_processes_are_replaced_without_a_tick)
{
    static const char *const threaded[] = { "worker", "event" };
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(after_crashes(threaded[i], HTTPD_BASELINE, 1), 6);
        ck_assert_int_eq(after_crashes(threaded[i], HTTPD_BASELINE, 2), 6);
        ck_assert_int_eq(after_crashes(threaded[i], HTTPD_BASELINE, 4), 4);
        int old = HTTPD_VERSION(2, 4, 53);
        ck_assert_int_eq(after_crashes(threaded[i], old, 2), 4);
    }
    ck_assert_int_eq(after_crashes("prefork", HTTPD_BASELINE, 2), 4);
}
END_TEST

START_TEST(c12_the_count_of_crashes_begins_anew_with_each_sleep)
{
    struct rig *r = server("worker", 6);
    rig_start(r);
    for (int t = 0; t < 4; t++) {
        rig_run(r, t * SIM_S + WHEN);
        crash(r, 2);
        rig_run(r, (t + 1) * SIM_S);
        ck_assert_int_eq(rig_children(r), 6);
    }
    rig_free(r);
}
END_TEST

START_TEST(c47_a_replacement_takes_the_lowest_empty_slot)
{
    struct rig *r = server("event", 3);
    rig_start(r);
    rig_run(r, WHEN);
    ck_assert(server_crash(r->srv, 1));
    ck_assert(server_crash(r->srv, 2));
    ck_assert(!server_crash(r->srv, 2)); /* is dead */
    ck_assert(!server_crash(r->srv, 7)); /* empty */
    ck_assert(!server_crash(r->srv, 1000));
    rig_run(r, SIM_S);
    ck_assert_uint_ne(r->srv->pslots[1].child, NONE);
    ck_assert_uint_ne(r->srv->pslots[2].child, NONE);
    ck_assert_uint_eq(r->srv->pslots[3].child, NONE);
    rig_free(r);
}
END_TEST

/* The tick at 1 s still counts the dead threads, as they were (C-5). */
START_TEST(c47_cells_keep_their_letters_until_the_process_is_reaped)
{
    struct rig *r = server(mpms[_i], 2);
    bool prefork = _i == 0;
    rig_start(r);
    rig_crowd(r, 2, 0, &(struct guest){ .at = 1, .d.sleep = 60 * SIM_S });
    rig_run(r, WHEN);
    crash(r, 2);
    ck_assert_int_eq(rig_children(r), 0);
    ck_assert_int_eq(rig_slot(r, SLOT_WRITING), 2);
    ck_assert_int_eq(rig_slot(r, SLOT_READY), prefork ? 0 : 8);
    rig_run(r, SIM_S);
    ck_assert_int_eq(rig_idle(r, 1), prefork ? 0 : 8);
    ck_assert_int_eq(rig_slot(r, SLOT_WRITING), 0);
    /* prefork's tick has forked for want of idle children, the others'
     * parent for the deaths */
    ck_assert_int_eq(rig_children(r), prefork ? 1 : 2);
    rig_free(r);
}
END_TEST

/* C-12 (a) and (b) together: two idle processes have ended and been replaced
 * when the crash is noticed; it brings the third and its own replacement. */
START_TEST(c47_a_crash_during_a_graceful_restart_starts_all_that_are_missing)
{
    struct rig *r = server("worker", 3);
    r->conf.machine.reread = 1;
    rig_start(r);
    rig_add(r, &(struct guest){ .at = 1, .d.sleep = 60 * SIM_S });
    rig_run(r, WHEN);
    server_action(r->srv, ACTION_GRACEFUL_RESTART);
    rig_run(r, WHEN + SIM_MS);
    ck_assert_int_eq(rig_children(r), 3);
    ck_assert_uint_eq(r->srv->parent.remaining, 1);
    for (uint32_t i = 0; i < r->srv->children.used; i++)
        if (child_at(r->srv, i)->state == CHILD_LIVE &&
            child_at(r->srv, i)->generation == 1) {
            process_crash(r->srv, i, SIGSEGV);
            break;
        }
    hook_drain(r->srv);
    rig_run(r, WHEN + SIM_S + SIM_MS); /* the sleep starts the one missing */
    ck_assert_int_eq(rig_children(r), 4);
    ck_assert_uint_eq(r->srv->parent.remaining, 0);
    ck_assert_int_eq(rig_logged(r, "AH00052"), 1);
    rig_free(r);
}
END_TEST

/* ---- which process ---- */

START_TEST(c47_the_process_of_a_running_handler_crashes)
{
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct rig *r = server(mpms[_i], 4);
        r->conf.seed = seed;
        rig_start(r);
        struct guest *g =
            rig_add(r, &(struct guest){ .at = 1, .d.sleep = 60 * SIM_S });
        rig_run(r, WHEN);
        ck_assert(server_action(r->srv, ACTION_CRASH));
        rig_run(r, WHEN + SIM_MS);
        ck_assert_int_eq(g->lost, 1);
        ck_assert(server_action(r->srv, ACTION_CRASH)); /* any */
        ck_assert_int_eq(rig_children(r), 2);
        rig_free(r);
    }
}
END_TEST

START_TEST(c47_a_request_may_bring_its_thread_down)
{
    struct rig *r = server(mpms[_i], _i == 0 ? 3 : 1);
    rig_start(r);
    struct guest *idle = rig_add(r, &(struct guest){ .hold = true });
    struct guest *bad = rig_add(
        r, &(struct guest){ .at = 1, .d.sleep = WHEN, .d.crash = true });
    struct guest *good = rig_add(r, &(struct guest){ .at = SIM_S / 4 });
    rig_run(r, WHEN + SIM_MS);
    ck_assert_int_eq(bad->lost, 1);
    ck_assert_int_eq(bad->answered, 0);
    ck_assert_int_eq(good->answered, 1);
    ck_assert_int_eq(idle->closed, _i == 0 ? 0 : 1);
    ck_assert_int_eq(rig_children(r), _i == 0 ? 2 : 0);
    rig_free(r);
}
END_TEST

/* ---- the clients ---- */

START_TEST(c47_prefork_loses_one_connection_the_others_a_process)
{
    struct rig *r = server(mpms[_i], _i == 0 ? 3 : 1);
    rig_start(r);
    rig_crowd(r, 3, SIM_MS, &(struct guest){ .d.sleep = 10 * SIM_S });
    rig_run(r, WHEN);
    ck_assert(server_crash(r->srv, 0));
    rig_run(r, 20 * SIM_S);
    ck_assert_int_eq(rig_answered(r), _i == 0 ? 2 : 0);
    ck_assert(rig_is_empty(r));
    rig_free(r);
}
END_TEST

START_TEST(c12_a_crash_cuts_the_connections_of_its_process)
{
    struct rig *r = server("event", 1);
    rig_start(r);
    struct guest *busy = rig_add(r, &(struct guest){ .d.sleep = 10 * SIM_S });
    struct guest *idle = rig_add(r, &(struct guest){ .hold = true });
    rig_run(r, WHEN);
    crash(r, 1);
    rig_run(r, WHEN + SIM_MS);
    ck_assert_int_eq(busy->lost, 1);
    ck_assert_int_eq(busy->how, NET_FIN); /* K-22: its request was read */
    ck_assert_int_eq(idle->closed, 1);
    ck_assert_int_eq(idle->how, NET_FIN);
    ck_assert(rig_is_empty(r));
    rig_free(r);
}
END_TEST

/* Accepted, but no worker has looked at it. */
START_TEST(k22_unread_data_makes_it_a_reset)
{
    struct rig *r = server("event", 1);
    r->conf.machine.pickup = SIM_S;
    rig_start(r);
    struct guest *g = rig_add(r, &(struct guest){ .at = 1 });
    rig_run(r, WHEN);
    crash(r, 1);
    rig_run(r, WHEN + SIM_MS);
    ck_assert_int_eq(g->lost, 1);
    ck_assert_int_eq(g->how, NET_RST);
    rig_free(r);
}
END_TEST

/* 10,000 bytes a second for half a second, and what the buffers hold. */
START_TEST(k22_the_client_reads_what_the_socket_holds)
{
    struct rig *r = server(mpms[_i], 1);
    r->conf.network.send_capacity = 20000;
    rig_start(r);
    struct guest *g =
        rig_add(r, &(struct guest){ .d.bytes = 1000000, .link.down = 10000 });
    rig_run(r, WHEN);
    crash(r, 1);
    rig_run(r, 10 * SIM_S);
    ck_assert_int_eq(g->lost, 1);
    ck_assert_int_eq(g->how, NET_FIN);
    ck_assert_int_ge(g->cut_bytes, 19000);
    ck_assert_int_le(g->cut_bytes, 25000);
    ck_assert_int_ge(g->t_closed, 1900 * SIM_MS);
    ck_assert_int_le(g->t_closed, 2500 * SIM_MS);
    rig_free(r);
}
END_TEST

START_TEST(c47_what_waits_in_the_accept_queue_waits_on)
{
    struct rig *r = server(mpms[_i], 1);
    rig_start(r);
    rig_crowd(r, _i == 0 ? 1 : 5, 0, &(struct guest){ .d.sleep = 60 * SIM_S });
    struct guest *g = rig_add(r, &(struct guest){ .at = SIM_S / 4 });
    rig_run(r, WHEN);
    crash(r, 1);
    rig_run(r, 5 * SIM_S);
    ck_assert_int_eq(g->lost, 0);
    ck_assert_int_eq(g->answered, 1);
    rig_free(r);
}
END_TEST

/* ---- memory ---- */

START_TEST(c47_its_memory_is_free_at_once)
{
    struct rig *r = server(mpms[_i], 1);
    rig_start(r);
    rig_run(r, WHEN);
    crash(r, 1);
    ck_assert_int_eq(r->srv->memory, r->conf.machine.mem_parent);
    rig_free(r);
}
END_TEST

/* C-47: a cell that says `_` until its process is reaped is no idle worker. */
START_TEST(c47_nobody_is_idle_in_a_crashed_process)
{
    struct rig *r = server(mpms[_i], 2);
    struct snapshot o;
    rig_start(r);
    rig_run(r, WHEN);
    ck_assert(server_crash(r->srv, 0));
    rig_run(r, WHEN + SIM_MS);
    server_snapshot(r->srv, &o);
    ck_assert_int_eq(o.ready_gone, _i == 0 ? 1 : 5);
    ck_assert_int_eq(o.slots[SLOT_READY], 2 * o.ready_gone);
    rig_run(r, 3 * SIM_S);
    server_snapshot(r->srv, &o);
    ck_assert_int_eq(o.ready_gone, 0);
    rig_free(r);
}
END_TEST

/* C-47: who is killed has used what he has used, no more and no less. */
START_TEST(c47_a_crash_counts_the_cpu_time_used_until_then)
{
    struct rig *r = server(mpms[_i], 1);
    r->conf.machine.cpu_process_init = r->conf.machine.cpu_child_init = SIM_S;
    rig_start(r);
    rig_run(r, WHEN);
    ck_assert(process_cpu_s(r->srv) < 0.01);
    ck_assert(server_crash(r->srv, 0));
    rig_run(r, WHEN + 1);
    ck_assert_double_eq_tol(process_cpu_s(r->srv), 0.5, 0.021);
    rig_free(r);

    r = server(mpms[_i], 1); /* in a request */
    rig_start(r);
    rig_crowd(r, 1, 0, &(struct guest){ .at = SIM_S / 10, .d.cpu = SIM_S });
    rig_run(r, WHEN + SIM_S / 10);
    ck_assert(server_crash(r->srv, 0));
    ck_assert_double_eq_tol(process_cpu_s(r->srv), 0.5, 0.021);
    rig_free(r);
}
END_TEST

Suite *suite_crash(void);

Suite *suite_crash(void)
{
    Suite *s = suite_create("crash");
    TCase *t = tcase_create("crash");
    tcase_add_test(t, c12_two_crashed_processes_are_replaced_without_a_tick);
    tcase_add_test(t, c12_the_count_of_crashes_begins_anew_with_each_sleep);
    tcase_add_test(t, c47_a_replacement_takes_the_lowest_empty_slot);
    tcase_add_loop_test(
        t, c47_cells_keep_their_letters_until_the_process_is_reaped, 0, 3);
    tcase_add_test(
        t, c47_a_crash_during_a_graceful_restart_starts_all_that_are_missing);
    tcase_add_loop_test(t, c47_the_process_of_a_running_handler_crashes, 0, 3);
    tcase_add_loop_test(t, c47_a_request_may_bring_its_thread_down, 0, 3);
    tcase_add_loop_test(
        t, c47_prefork_loses_one_connection_the_others_a_process, 0, 3);
    tcase_add_test(t, c12_a_crash_cuts_the_connections_of_its_process);
    tcase_add_test(t, k22_unread_data_makes_it_a_reset);
    tcase_add_loop_test(t, k22_the_client_reads_what_the_socket_holds, 0, 3);
    tcase_add_loop_test(t, c47_what_waits_in_the_accept_queue_waits_on, 0, 3);
    tcase_add_loop_test(t, c47_its_memory_is_free_at_once, 0, 3);
    tcase_add_loop_test(t, c47_nobody_is_idle_in_a_crashed_process, 0, 3);
    tcase_add_loop_test(t, c47_a_crash_counts_the_cpu_time_used_until_then, 0,
                        3);
    suite_add_tcase(s, t);
    return s;
}
