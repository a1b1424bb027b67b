/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How each server is built and starts, and what a thread, a listener and the
 * parent do in turn: the rules that no golden timeline names. */
#include "server/inside.h"
#include "tests/timelines/rig.h"

#include <check.h>

static struct rig *started(const char *mpm, const char *text)
{
    struct rig *r = rig_new(mpm, text);
    rig_start(r);
    rig_run(r, 1);
    return r;
}

static struct snapshot look(struct rig *r)
{
    struct snapshot o;
    server_snapshot(r->srv, &o);
    return o;
}

/* ---- the parent's clock and the scoreboard ---- */

START_TEST(c1_a_turn_is_the_sleep_and_the_forks)
{
    struct rig *r = rig_new("prefork", "StartServers 4\nMinSpareServers 5\n"
                                       "MaxRequestWorkers 100");
    r->conf.machine.ready = 10 * SIM_MS;
    r->conf.machine.tick = 1001 * SIM_MS;
    r->conf.machine.cpu_fork = 100 * SIM_MS;
    rig_start(r);
    rig_run(r, 6 * SIM_S);
    /* C-4: the four forks come first; C-2: the tick that forks one more
     * takes longer */
    simtime_t first = 410 * SIM_MS + 1001 * SIM_MS;
    ck_assert_int_eq(r->nticks, 5);
    ck_assert(r->ticks[0].t == first);
    for (int k = 1; k < 5; k++)
        ck_assert(r->ticks[k].t == first + 100 * SIM_MS + k * 1001 * SIM_MS);
    rig_free(r);
}
END_TEST

START_TEST(c3_a_death_does_not_wake_the_parent)
{
    struct rig *r = rig_new("prefork", "StartServers 2\nMinSpareServers 2\n"
                                       "MaxConnectionsPerChild 1");
    rig_start(r);
    rig_add(r, &(struct guest){ .at = 300 * SIM_MS });
    rig_run(r, SIM_S - 1);
    ck_assert_int_eq(r->nticks, 0);
    ck_assert_int_eq(look(r).processes, 1);
    ck_assert_int_eq(look(r).processes_scoreboard, 2); /* C-5 */
    rig_run(r, SIM_S);
    ck_assert_int_eq(r->nticks, 1);
    rig_free(r);
}
END_TEST

START_TEST(c7_the_order_of_the_states_is_httpds)
{
    static const enum slot_state order[] = {
        SLOT_DEAD,    SLOT_STARTING,  SLOT_READY,    SLOT_READING,
        SLOT_WRITING, SLOT_KEEPALIVE, SLOT_LOGGING,  SLOT_DNS,
        SLOT_CLOSING, SLOT_GRACEFUL,  SLOT_IDLE_KILL
    };
    for (int i = 0; i < SLOT_STATES; i++)
        ck_assert_int_eq((int)order[i], i);
}
END_TEST

START_TEST(c8_threads_that_do_not_exist_yet_count_as_idle)
{
    static const char *const threaded[] = { "worker", "event" };
    struct rig *r = rig_new(threaded[_i], "StartServers 3\n"
                                          "ThreadsPerChild 25\n"
                                          "MinSpareThreads 75");
    r->conf.machine.cpu_process_init = SIM_S + SIM_S / 2;
    rig_start(r);
    rig_run(r, SIM_S);
    ck_assert_int_eq(rig_slot(r, SLOT_READY), 0);
    ck_assert_int_eq(rig_idle(r, 1), 75);
    ck_assert_int_eq(rig_children(r), 3); /* nothing is forked */
    rig_run(r, 2 * SIM_S);
    ck_assert_int_eq(rig_slot(r, SLOT_READY), 75);
    rig_free(r);
}
END_TEST

START_TEST(c41_blocking_waits_end_a_little_late)
{
    struct rig *r = rig_new("worker", "StartServers 1\nKeepAliveTimeout 5");
    r->conf.machine.timer_slack = 0.0008;
    rig_start(r);
    struct guest *g = rig_add(r, &(struct guest){ .hold = true });
    rig_run(r, 6 * SIM_S);
    ck_assert(g->t_closed == 5004 * SIM_MS);
    rig_free(r);
}
END_TEST

START_TEST(m5_threads_of_a_process)
{
    struct rig *r = started("prefork", "StartServers 5");
    ck_assert_int_eq(look(r).threads, 5);
    rig_free(r);
    r = started("worker", "StartServers 2\nThreadsPerChild 25"); /* W-1 */
    ck_assert_int_eq(look(r).threads, 2 * (25 + 2));
    rig_free(r);
    r = started("event", "StartServers 2\nThreadsPerChild 25"); /* E-1 */
    ck_assert_int_eq(look(r).threads, 2 * (25 + 2));
    rig_free(r);
}
END_TEST

/* ---- prefork ---- */

START_TEST(p1_the_first_children_are_forked_back_to_back)
{
    struct rig *r = started("prefork", "StartServers 7");
    for (int i = 0; i < 7; i++)
        ck_assert_uint_ne(r->srv->pslots[i].child, NONE);
    ck_assert_uint_eq(r->srv->pslots[7].child, NONE);
    rig_free(r);
}
END_TEST

START_TEST(p2_a_child_is_starting_until_it_is_ready)
{
    struct rig *r = rig_new("prefork", "StartServers 6\nMinSpareServers 5");
    r->conf.machine.cpus = 6;
    r->conf.machine.cpu_child_init = 1500 * SIM_MS;
    rig_start(r);
    rig_run(r, SIM_S);
    ck_assert_int_eq(rig_slot(r, SLOT_STARTING), 6);
    ck_assert_int_eq(rig_idle(r, 1), 6); /* P-16 */
    ck_assert_int_eq(rig_children(r), 6);
    rig_run(r, 1500 * SIM_MS);
    ck_assert_int_eq(rig_slot(r, SLOT_STARTING), 0);
    ck_assert_int_eq(rig_slot(r, SLOT_READY), 6);
    rig_free(r);
}
END_TEST

START_TEST(p10_a_child_keeps_its_connection_to_the_end)
{
    struct rig *r = started("prefork", "StartServers 1\nMaxRequestWorkers 1\n"
                                       "KeepAliveTimeout 3");
    rig_add(r, &(struct guest){ .at = SIM_MS, .hold = true });
    struct guest *next = rig_add(r, &(struct guest){ .at = 2 * SIM_MS });
    rig_run(r, 3 * SIM_S);
    ck_assert_int_eq(rig_slot(r, SLOT_KEEPALIVE), 1);
    ck_assert_int_eq(next->answered, 0);
    rig_run(r, 4 * SIM_S);
    ck_assert(next->t_done == 3 * SIM_S + SIM_MS);
    rig_free(r);
}
END_TEST

START_TEST(p15_a_signalled_child_leaves_at_once_or_after_its_connection)
{
    struct rig *r = started("prefork", "StartServers 2\nMinSpareServers 1");
    rig_add(r, &(struct guest){ .at = SIM_MS, .d.sleep = SIM_S });
    rig_run(r, 10 * SIM_MS);
    ck_assert(server_action(r->srv, ACTION_GRACEFUL_STOP));
    ck_assert_int_eq(rig_children(r), 1);
    rig_run(r, SIM_S);
    ck_assert_int_eq(rig_children(r), 1);
    rig_run(r, SIM_S + SIM_MS);
    ck_assert_int_eq(rig_children(r), 0);
    rig_free(r);
}
END_TEST

/* ---- worker ---- */

START_TEST(w2_no_more_processes_start_than_fit)
{
    struct rig *r = started("worker", "StartServers 40\nThreadsPerChild 25\n"
                                      "MaxRequestWorkers 100");
    ck_assert_int_eq(rig_children(r), 4);
    rig_free(r);
}
END_TEST

START_TEST(w4_creating_threads_takes_its_time)
{
    struct rig *r = rig_new("worker", "StartServers 1\nThreadsPerChild 10");
    r->conf.machine.cpu_thread = 10 * SIM_MS;
    rig_start(r);
    rig_run(r, 100 * SIM_MS - 1);
    ck_assert_int_eq(rig_slot(r, SLOT_READY), 0);
    rig_run(r, 100 * SIM_MS);
    ck_assert_int_eq(rig_slot(r, SLOT_READY), 10);
    rig_free(r);
}
END_TEST

START_TEST(w5_a_process_without_an_idle_thread_does_not_accept)
{
    struct rig *r = started("worker", "StartServers 2\nThreadsPerChild 2\n"
                                      "MaxRequestWorkers 4\nMinSpareThreads 1\n"
                                      "KeepAlive Off");
    /* W-7: in turn; two long ones fill the first process */
    static const simtime_t sleep[] = { 9 * SIM_S, 1, 9 * SIM_S, 1, 1, 1, 1 };
    for (int i = 0; i < 7; i++)
        rig_add(r,
                &(struct guest){ .at = (i + 1) * SIM_MS, .d.sleep = sleep[i] });
    rig_run(r, SIM_S);
    ck_assert_int_eq(rig_answered(r), 5);
    const struct child *a = child_at(r->srv, r->srv->pslots[0].child);
    const struct child *b = child_at(r->srv, r->srv->pslots[1].child);
    ck_assert_uint_eq(a->nidle, 0);
    ck_assert_int_eq((int)a->listener, LISTENER_IDLER);
    ck_assert_uint_eq(b->nidle, 2);
    ck_assert_int_eq((int)b->listener, LISTENER_ACCEPT);
    /* W-6: nobody waits inside a process, all in the kernel */
    rig_crowd(r, 5, 0, &(struct guest){ .at = 2 * SIM_S, .d.sleep = SIM_S });
    rig_run(r, 2 * SIM_S);
    ck_assert_int_eq(look(r).accept_queue, 3);
    rig_free(r);
}
END_TEST

START_TEST(w8_a_thread_keeps_its_connection_to_the_end)
{
    struct rig *r = started("worker", "StartServers 1\nThreadsPerChild 2\n"
                                      "MaxRequestWorkers 2\n"
                                      "KeepAliveTimeout 3");
    rig_crowd(r, 2, 0, &(struct guest){ .at = SIM_MS, .hold = true });
    struct guest *next = rig_add(r, &(struct guest){ .at = 2 * SIM_MS });
    rig_run(r, SIM_S);
    ck_assert_int_eq(rig_slot(r, SLOT_KEEPALIVE), 2);
    rig_run(r, 4 * SIM_S);
    ck_assert(next->t_done == 3 * SIM_S + SIM_MS);
    rig_free(r);
}
END_TEST

START_TEST(w10_w15_one_process_a_tick_until_few_enough_are_idle)
{
    struct rig *r = started("worker", "StartServers 6\nThreadsPerChild 5\n"
                                      "MinSpareThreads 5\nMaxSpareThreads 17");
    static const int want[] = { 6, 5, 4, 3, 3, 3 };
    for (int t = 0; t < 6; t++) {
        rig_run(r, t ? t * SIM_S : 1);
        ck_assert_int_eq(rig_children(r), want[t]);
        ck_assert_int_eq(rig_rate(r), 1);
    }
    rig_free(r);
}
END_TEST

START_TEST(w11_w13_the_rate_doubles_to_the_limit_which_is_logged_once)
{
    struct rig *r =
        started("worker", "StartServers 1\nThreadsPerChild 5\n"
                          "MaxRequestWorkers 30\nMinSpareThreads 5\n"
                          "MaxSpareThreads 30\nKeepAlive Off");
    rig_crowd(r, 40, 0, &(struct guest){ .at = 1, .d.sleep = 60 * SIM_S });
    static const int want[] = { 1, 2, 4, 6, 6, 6 };
    for (int t = 0; t < 6; t++) {
        rig_run(r, t ? t * SIM_S : 1);
        ck_assert_int_eq(rig_children(r), want[t]);
    }
    ck_assert_int_eq(rig_logged(r, "AH00286"), 1);
    ck_assert_int_eq(rig_logged(r, "AH00287"), 0);
    rig_free(r);
}
END_TEST

/* Threads are woken in the order of their cells, up to the first that is in a
 * handler; who is behind it waits on, with a closed descriptor. */
START_TEST(w20_an_ungraceful_end_wakes_one_thread_after_the_other)
{
    struct rig *r = started("worker", "StartServers 1\nThreadsPerChild 7\n"
                                      "KeepAliveTimeout 2");
    struct guest *before =
        rig_add(r, &(struct guest){ .at = SIM_MS, .hold = true });
    rig_crowd(r, 3, 0,
              &(struct guest){ .at = 2 * SIM_MS, .d.sleep = 9 * SIM_S });
    struct guest *behind =
        rig_add(r, &(struct guest){ .at = 3 * SIM_MS, .hold = true });
    struct guest *asks = rig_add(
        r, &(struct guest){ .at = 4 * SIM_MS, .requests = 2, .think = SIM_S });
    rig_run(r, 10 * SIM_MS);
    ck_assert(server_action(r->srv, ACTION_RESTART));
    rig_run(r, 11 * SIM_MS);
    for (int i = 1; i <= 3; i++) /* at once, though their handlers go on */
        ck_assert(r->guests[i]->t_closed == 10 * SIM_MS);
    ck_assert(before->t_closed == 10 * SIM_MS);
    ck_assert_int_eq(behind->closed, 0);
    ck_assert_int_eq(rig_slot(r, SLOT_KEEPALIVE), 2);
    rig_run(r, 3 * SIM_S);
    ck_assert(behind->t_closed == 3 * SIM_MS + 2 * SIM_S); /* its time-out */
    ck_assert(asks->t_closed == 4 * SIM_MS + SIM_S); /* its next request */
    ck_assert_int_eq(asks->how, NET_RST);
    ck_assert_int_eq(asks->answered, 1);
    ck_assert_int_eq(rig_slot(r, SLOT_KEEPALIVE), 0);
    rig_free(r);
}
END_TEST

/* A process that is stopping gracefully reads no second byte. */
START_TEST(c23_who_stops_gracefully_does_not_hear_of_a_hard_restart)
{
    struct rig *r =
        started(_i ? "event" : "worker", "StartServers 1\nThreadsPerChild 5");
    struct guest *g =
        rig_add(r, &(struct guest){ .at = SIM_MS, .d.sleep = 3 * SIM_S });
    rig_run(r, 10 * SIM_MS);
    ck_assert(server_action(r->srv, ACTION_GRACEFUL_RESTART));
    rig_run(r, SIM_S / 2);
    ck_assert(server_action(r->srv, ACTION_RESTART));
    rig_run(r, 4 * SIM_S);
    ck_assert_int_eq(g->answered, 1);
    ck_assert(g->close);
    rig_free(r);
}
END_TEST

START_TEST(w22_idle_threads_of_a_stopping_process_are_dead)
{
    struct rig *r = started("worker", "StartServers 3\nThreadsPerChild 5\n"
                                      "MinSpareThreads 1\nMaxSpareThreads 7\n"
                                      "KeepAlive Off");
    rig_crowd(r, 3, 0, &(struct guest){ .at = SIM_MS, .d.sleep = 9 * SIM_S });
    rig_run(r, SIM_S); /* 12 are idle: the first process stops */
    ck_assert_int_eq(look(r).processes_stopping, 1);
    ck_assert_int_eq(rig_slot(r, SLOT_WRITING), 3);
    ck_assert_int_eq(rig_slot(r, SLOT_READY), 8);
    ck_assert_int_eq(rig_slot(r, SLOT_GRACEFUL), 0);
    ck_assert_int_eq(rig_idle(r, 1), 12);
    rig_run(r, 2 * SIM_S); /* neither idle nor active: 8 are left, one more */
    ck_assert_int_eq(rig_idle(r, 2), 8);
    ck_assert_int_eq(look(r).processes_stopping, 2);
    rig_free(r);
}
END_TEST

START_TEST(w24_the_first_new_processes_take_all_that_wait)
{
    struct rig *r = rig_new("worker", "StartServers 1\nThreadsPerChild 10\n"
                                      "MinSpareThreads 10\n"
                                      "MaxSpareThreads 100\nKeepAlive Off");
    r->conf.machine.cpu_fork = SIM_MS;
    r->conf.machine.cpu_process_init = 6 * SIM_MS;
    rig_start(r);
    /* 15 wait at the first tick that forks two */
    rig_crowd(r, 20, 0,
              &(struct guest){ .at = 20 * SIM_MS, .d.sleep = 60 * SIM_S });
    rig_crowd(r, 15, 0,
              &(struct guest){ .at = 1500 * SIM_MS, .d.sleep = 60 * SIM_S });
    rig_run(r, 3 * SIM_S - 100 * SIM_MS);
    ck_assert_int_eq(rig_children(r), 4);
    static const uint32_t idle[] = { 0, 0, 0, 5 };
    for (int i = 0; i < 4; i++)
        ck_assert_uint_eq(child_at(r->srv, r->srv->pslots[i].child)->nidle,
                          idle[i]);
    rig_free(r);
}
END_TEST

/* ---- event ---- */

/* One process of four threads. */
#define FOUR                                                                   \
    "StartServers 1\nThreadsPerChild 4\nServerLimit 1\n"                       \
    "MaxRequestWorkers 4\nMinSpareThreads 1\n"

static const struct child *only(const struct rig *r)
{
    return child_at(r->srv, r->srv->pslots[0].child);
}

START_TEST(e1_no_process_takes_the_slots_of_a_finishing_one)
{
    struct rig *r = started("event", "ThreadsPerChild 2\nStartServers 1\n"
                                     "MaxRequestWorkers 2\nServerLimit 1\n"
                                     "MinSpareThreads 1\n"
                                     "MaxConnectionsPerChild 1\n"
                                     "KeepAlive Off");
    rig_add(r, &(struct guest){ .at = SIM_MS, .d.sleep = 10 * SIM_S });
    for (int t = 1; t <= 10; t++) { /* W-12 would fork at the first tick */
        rig_run(r, t * SIM_S);
        ck_assert_int_eq(rig_children(r), 1);
        ck_assert_int_eq(look(r).processes_stopping, 1);
    }
    rig_run(r, 12 * SIM_S);
    ck_assert_int_eq(look(r).processes_stopping, 0);
    ck_assert_int_eq(rig_children(r), 1);
    rig_free(r);
}
END_TEST

START_TEST(e2_slots_range_over_the_server_limit)
{
    /* at most two processes are active, but a third finds a slot while one
     * is finishing */
    struct rig *r = started("event", "ThreadsPerChild 4\nStartServers 2\n"
                                     "MaxRequestWorkers 8\nServerLimit 3\n"
                                     "MinSpareThreads 4\n"
                                     "MaxConnectionsPerChild 4\n"
                                     "KeepAlive Off");
    rig_crowd(r, 8, SIM_MS,
              &(struct guest){ .at = SIM_MS, .d.sleep = 20 * SIM_S });
    rig_run(r, 3 * SIM_S);
    ck_assert_int_eq(look(r).processes_stopping, 2);
    ck_assert_int_eq(rig_children(r), 3);
    rig_free(r);
}
END_TEST

START_TEST(e10_a_blocked_listener_accepts_nobody)
{
    struct rig *r = rig_new("event", FOUR "KeepAlive Off");
    r->conf.network.send_capacity = 30000;
    rig_start(r);
    /* a slow reader in write completion, its next portion due at 1 s */
    struct guest *slow =
        rig_add(r, &(struct guest){
                       .d.file = true, .d.bytes = 100000, .link.down = 10000 });
    rig_crowd(r, 4, 0,
              &(struct guest){ .at = 900 * SIM_MS, .d.sleep = 5 * SIM_S });
    rig_run(r, 1100 * SIM_MS);
    ck_assert_int_eq((int)only(r)->listener, LISTENER_BLOCKED);
    struct guest *late = rig_add(r, &(struct guest){ .at = 2 * SIM_S });
    rig_run(r, 5900 * SIM_MS - 1);
    ck_assert_int_eq(late->answered, 0);
    ck_assert(!only(r)->not_accepting); /* it does not even look */
    rig_run(r, 5900 * SIM_MS);
    ck_assert_int_eq(late->answered, 1);
    ck_assert_int_eq((int)only(r)->listener, LISTENER_POLL);
    rig_run(r, 30 * SIM_S);
    ck_assert_int_eq(slow->answered, 1);
    rig_free(r);
}
END_TEST

/* E-19 by way of E-10: that the listener had to wait for a worker counts as
 * busy, so the keep-alive connections go when it has got one. */
START_TEST(e19_a_listener_that_waited_closes_keepalives)
{
    struct rig *r = rig_new("event", FOUR "KeepAliveTimeout 60");
    r->conf.network.send_capacity = 30000;
    rig_start(r);
    rig_add(r, &(struct guest){
                   .d.file = true, .d.bytes = 100000, .link.down = 10000 });
    rig_add(r, &(struct guest){ .at = 1, .hold = true });
    rig_crowd(r, 4, 0,
              &(struct guest){ .at = 900 * SIM_MS, .d.sleep = 5 * SIM_S });
    rig_run(r, 1100 * SIM_MS);
    ck_assert_int_eq((int)only(r)->listener, LISTENER_BLOCKED);
    rig_run(r, 5900 * SIM_MS - 1);
    ck_assert_int_eq(look(r).async_keepalive, 1);
    rig_run(r, 6 * SIM_S);
    ck_assert_int_eq((int)only(r)->listener, LISTENER_POLL);
    ck_assert_int_eq(look(r).async_keepalive, 0);
    rig_free(r);
}
END_TEST

START_TEST(e11_a_busy_process_stops_listening)
{
    struct rig *r = rig_new("event", FOUR "KeepAlive Off");
    rig_start(r);
    rig_crowd(r, 4, 0, &(struct guest){ .at = 1, .d.sleep = SIM_S });
    rig_run(r, SIM_S / 2);
    ck_assert(!only(r)->not_accepting); /* nobody has come since */
    rig_add(r, &(struct guest){ .at = 600 * SIM_MS });
    rig_run(r, 600 * SIM_MS);
    ck_assert(only(r)->not_accepting);
    ck_assert_int_eq(look(r).accept_queue, 1);
    rig_run(r, SIM_S + 1);
    ck_assert(!only(r)->not_accepting); /* E-15 */
    ck_assert_int_eq(rig_answered(r), 5);
    rig_free(r);
}
END_TEST

START_TEST(e18_a_connection_counts_from_its_pick_up)
{
    struct rig *r = rig_new("event", FOUR "KeepAliveTimeout 60");
    r->conf.machine.pickup = 10 * SIM_MS;
    rig_start(r);
    rig_add(r, &(struct guest){ .at = SIM_MS, .hold = true });
    rig_run(r, 5 * SIM_MS);
    ck_assert_uint_eq(only(r)->conns, 0);
    ck_assert_uint_eq(only(r)->nidle, 3); /* but its worker is taken */
    rig_run(r, 11 * SIM_MS);
    ck_assert_uint_eq(only(r)->conns, 1);
    rig_free(r);
}
END_TEST

START_TEST(e37_a_backlog_is_accepted_before_it_is_counted)
{
    int64_t held[2];
    for (int late = 0; late < 2; late++) {
        struct rig *r = rig_new("event", FOUR "KeepAliveTimeout 60");
        r->conf.machine.pickup = late ? SIM_S / 10000 : 0;
        rig_start(r);
        rig_crowd(r, 3, SIM_MS, &(struct guest){ .at = 1, .hold = true });
        rig_crowd(r, 8, 0, &(struct guest){ .at = SIM_S / 2, .hold = true });
        rig_run(r, SIM_S);
        held[late] = look(r).async_keepalive;
        rig_free(r);
    }
    ck_assert_int_eq(held[0], 11);
    /* four in one go; the fifth finds no idle worker: E-19 */
    ck_assert_int_le(held[1], 8);
}
END_TEST

START_TEST(e34_around_the_limit_the_lower_number_is_held)
{
    struct rig *r = rig_new("event", FOUR "KeepAliveTimeout 60\n"
                                          "AsyncRequestWorkerFactor 2");
    rig_start(r);
    /* clients of which one leaves every 100 ms, and a queue of others */
    for (int i = 0; i < 52; i++)
        rig_add(r, &(struct guest){ .at = i < 12 ? i * SIM_MS + 1 : SIM_S,
                                    .hold = true,
                                    .leave = (i + 20) * 100 * SIM_MS,
                                    .d.sleep = i < 12 ? 0 : 20 * SIM_MS });
    rig_run(r, SIM_S + SIM_S / 2);
    ck_assert_int_eq(look(r).async_connections, 12);
    int at[16] = { 0 };
    for (simtime_t t = 3 * SIM_S; t < 6 * SIM_S; t += 5 * SIM_MS) {
        rig_run(r, t);
        ck_assert_int_ge(look(r).async_connections, 9);
        ck_assert_int_le(look(r).async_connections, 10);
        at[look(r).async_connections]++;
    }
    ck_assert_int_gt(at[10], 4 * at[9]);
    rig_free(r);
}
END_TEST

START_TEST(e20_write_completion_ends_after_timeout)
{
    struct rig *r = rig_new("event", FOUR "KeepAlive Off\nTimeout 5");
    r->conf.network.send_capacity = 60000;
    rig_start(r);
    /* a third of the buffer takes 20 s */
    struct guest *g =
        rig_add(r, &(struct guest){
                       .d.bytes = 1000000, .d.file = true, .link.down = 1000 });
    rig_run(r, 5 * SIM_S - 1);
    ck_assert_int_eq(look(r).async_writing, 1);
    rig_run(r, 5 * SIM_S);
    ck_assert_int_eq(look(r).async_writing, 0);
    ck_assert_int_eq(rig_slot(r, SLOT_WRITING), 0);
    rig_run(r, 200 * SIM_S);
    ck_assert_int_eq(g->answered, 0);
    ck_assert_int_eq(g->closed, 1);
    rig_free(r);
}
END_TEST

START_TEST(e22_handshake_and_first_request_hold_a_worker)
{
    struct rig *r = rig_new("event", FOUR "Listen 443 https\nTimeout 60\n"
                                          "KeepAliveTimeout 60");
    r->conf.machine.cpu_tls = SIM_S / 2;
    rig_start(r);
    rig_add(r, &(struct guest){ .link.tls = true,
                                .wait = 3 * SIM_S,
                                .hold = true,
                                .d.sleep = SIM_S });
    rig_run(r, SIM_S / 4); /* shaking hands */
    ck_assert_int_eq(rig_slot(r, SLOT_READING), 1);
    rig_run(r, 3 * SIM_S); /* waiting for the first request */
    ck_assert_int_eq(rig_slot(r, SLOT_READING), 1);
    rig_run(r, 4 * SIM_S);
    ck_assert_int_eq(rig_slot(r, SLOT_WRITING), 1);
    rig_run(r, 5 * SIM_S); /* and none for the second */
    ck_assert_int_eq(rig_slot(r, SLOT_READY), 4);
    ck_assert_int_eq(look(r).async_keepalive, 1);
    rig_free(r);
}
END_TEST

START_TEST(e23_a_drained_response_of_a_stopping_process_is_closed)
{
    struct rig *r = rig_new("event", FOUR "KeepAliveTimeout 60\n"
                                          "MaxConnectionsPerChild 2");
    r->conf.network.send_capacity = 30000;
    rig_start(r);
    struct guest *g = rig_add(r, &(struct guest){ .d.file = true,
                                                  .d.bytes = 100000,
                                                  .link.down = 50000,
                                                  .hold = true });
    rig_run(r, SIM_S / 2);
    ck_assert_int_eq(look(r).async_writing, 1); /* no worker */
    ck_assert_int_eq(rig_slot(r, SLOT_READY), 4);
    rig_add(r, &(struct guest){ .at = 600 * SIM_MS }); /* E-30: the last */
    rig_run(r, 20 * SIM_S);
    ck_assert_int_eq(g->answered, 1);
    ck_assert_int_eq(g->closed, 1);
    rig_free(r);
}
END_TEST

START_TEST(e26_a_worker_is_free_while_the_peer_has_not_closed)
{
    struct rig *r = rig_new("event", FOUR "KeepAlive Off");
    rig_start(r);
    rig_add(r, &(struct guest){ .at = 1, .link.ignores_fin = true });
    rig_run(r, SIM_MS);
    ck_assert_int_eq(look(r).async_closing, 1);
    ck_assert_int_eq(rig_slot(r, SLOT_READY), 4);
    rig_run(r, 31 * SIM_S);
    ck_assert_int_eq(look(r).async_closing, 0);
    rig_free(r);
}
END_TEST

START_TEST(e32_an_idle_process_is_gone_at_once)
{
    struct rig *r = started("event", "StartServers 3\nThreadsPerChild 5\n"
                                     "MinSpareThreads 1\nMaxSpareThreads 10");
    rig_run(r, SIM_S);
    ck_assert_int_eq(rig_children(r), 2);
    ck_assert_int_eq(look(r).processes_scoreboard, 3);
    rig_free(r);
}
END_TEST

Suite *suite_structure(void);
Suite *suite_structure(void)
{
    Suite *s = suite_create("structure");
    TCase *t = tcase_create("parent");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, c1_a_turn_is_the_sleep_and_the_forks);
    tcase_add_test(t, c3_a_death_does_not_wake_the_parent);
    tcase_add_test(t, c7_the_order_of_the_states_is_httpds);
    tcase_add_loop_test(t, c8_threads_that_do_not_exist_yet_count_as_idle, 0,
                        2);
    tcase_add_test(t, c41_blocking_waits_end_a_little_late);
    tcase_add_test(t, m5_threads_of_a_process);
    suite_add_tcase(s, t);

    t = tcase_create("prefork");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, p1_the_first_children_are_forked_back_to_back);
    tcase_add_test(t, p2_a_child_is_starting_until_it_is_ready);
    tcase_add_test(t, p10_a_child_keeps_its_connection_to_the_end);
    tcase_add_test(
        t, p15_a_signalled_child_leaves_at_once_or_after_its_connection);
    suite_add_tcase(s, t);

    t = tcase_create("worker");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, w2_no_more_processes_start_than_fit);
    tcase_add_test(t, w4_creating_threads_takes_its_time);
    tcase_add_test(t, w5_a_process_without_an_idle_thread_does_not_accept);
    tcase_add_test(t, w8_a_thread_keeps_its_connection_to_the_end);
    tcase_add_test(t, w10_w15_one_process_a_tick_until_few_enough_are_idle);
    tcase_add_test(t,
                   w11_w13_the_rate_doubles_to_the_limit_which_is_logged_once);
    tcase_add_test(t, w20_an_ungraceful_end_wakes_one_thread_after_the_other);
    tcase_add_loop_test(
        t, c23_who_stops_gracefully_does_not_hear_of_a_hard_restart, 0, 2);
    tcase_add_test(t, w22_idle_threads_of_a_stopping_process_are_dead);
    tcase_add_test(t, w24_the_first_new_processes_take_all_that_wait);
    suite_add_tcase(s, t);

    t = tcase_create("event");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, e1_no_process_takes_the_slots_of_a_finishing_one);
    tcase_add_test(t, e2_slots_range_over_the_server_limit);
    tcase_add_test(t, e10_a_blocked_listener_accepts_nobody);
    tcase_add_test(t, e19_a_listener_that_waited_closes_keepalives);
    tcase_add_test(t, e11_a_busy_process_stops_listening);
    tcase_add_test(t, e18_a_connection_counts_from_its_pick_up);
    tcase_add_test(t, e37_a_backlog_is_accepted_before_it_is_counted);
    tcase_add_test(t, e34_around_the_limit_the_lower_number_is_held);
    tcase_add_test(t, e20_write_completion_ends_after_timeout);
    tcase_add_test(t, e22_handshake_and_first_request_hold_a_worker);
    tcase_add_test(t, e23_a_drained_response_of_a_stopping_process_is_closed);
    tcase_add_test(t, e26_a_worker_is_free_while_the_peer_has_not_closed);
    tcase_add_test(t, e32_an_idle_process_is_gone_at_once);
    suite_add_tcase(s, t);
    return s;
}
