/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Restarts and stops: G-5, G-23, and the rules they rest on (C-12 (a), C-19 …
 * C-23, C-44, C-46, C-49, C-50, K-7). */
#include "tests/timelines/rig.h"

#include <check.h>
#include <stdio.h>

#define WHEN       (SIM_S / 2) /* of the action, half way between two ticks */
#define MINUTES(n) ((n)*60 * SIM_S)

static const char *const mpms[] = { "prefork", "worker", "event" };

/* Five prefork children; two processes of five threads. */
static struct rig *server(const char *mpm, const char *text)
{
    struct rig *r =
        rig_new(mpm, mpm[0] == 'p' ? "StartServers 5\nMinSpareServers 5\n"
                                     "MaxSpareServers 10\n"
                                   : "StartServers 2\nThreadsPerChild 5\n"
                                     "MinSpareThreads 5\n"
                                     "MaxSpareThreads 100\n");
    r->conf.machine.reread = 1; /* so that who ends at once is reaped */
    rig_set(r, text);
    return r;
}

static void act(struct rig *r, simtime_t t, enum action_kind what)
{
    rig_run(r, t);
    ck_assert(server_action(r->srv, what));
}

static bool has_ended(struct rig *r)
{
    struct snapshot o;
    server_snapshot(r->srv, &o);
    return o.ended;
}

/* ---- graceful restart ---- */

/* Time 0 of the timeline is 1 s here, when the new children are up. */
START_TEST(g5_hold_off_keeps_the_rate_at_1_for_ten_ticks)
{
    static const int want[] = { 5,  6,  7,  8,  9,  10, 11, 12,  13, 14,
                                15, 16, 18, 22, 30, 46, 78, 110, 110 };
    struct rig *r = server("prefork", "MaxRequestWorkers 150\nKeepAlive Off");
    rig_start(r);
    rig_crowd(r, 100, 0,
              &(struct guest){ .at = SIM_S + 1, .d.sleep = 60 * SIM_S });
    act(r, SIM_S - 1, ACTION_GRACEFUL_RESTART);
    for (int t = 0; t <= 18; t++) {
        rig_run(r, (t + 1) * SIM_S);
        ck_assert_msg(rig_children(r) == want[t],
                      "t = %d: %d children, want %d", t, (int)rig_children(r),
                      want[t]);
    }
    ck_assert_int_eq(rig_idle(r, r->nticks), 10);
    rig_free(r);
}
END_TEST

START_TEST(c12_the_first_sleep_without_a_death_starts_all_that_are_missing)
{
    struct rig *r = server("prefork", "KeepAlive Off\nMinSpareServers 1");
    rig_start(r);
    rig_crowd(r, 3, 0, &(struct guest){ .at = 1, .d.sleep = MINUTES(1) });
    act(r, WHEN, ACTION_GRACEFUL_RESTART);
    int ticks = r->nticks; /* C-3: one more, since the sleep was cut short */
    ck_assert_int_eq(ticks, 1);
    rig_run(r, WHEN + SIM_MS); /* the two that were idle, one for one */
    ck_assert_int_eq(rig_children(r), 5);
    ck_assert_int_eq(r->srv->parent.remaining, 3);
    rig_run(r, WHEN + SIM_S + SIM_MS);
    ck_assert_int_eq(rig_children(r), 8);
    ck_assert_int_eq(r->srv->parent.remaining, 0);
    ck_assert_int_eq(r->nticks, ticks); /* instead of maintenance */
    rig_run(r, WHEN + 2 * SIM_S + SIM_MS);
    ck_assert_int_eq(r->nticks, ticks + 1);
    rig_free(r);
}
END_TEST

START_TEST(c19_a_graceful_restart_loses_nobody)
{
    struct rig *r = server(mpms[_i], "KeepAlive Off\nMaxRequestWorkers 10");
    rig_set(r, _i ? "MinSpareThreads 1" : "StartServers 10");
    rig_start(r);
    /* all ten busy, ten more in the kernel's queue */
    rig_crowd(r, 20, 0, &(struct guest){ .at = 1, .d.sleep = 2 * SIM_S });
    act(r, WHEN, ACTION_GRACEFUL_RESTART);
    struct snapshot o;
    server_snapshot(r->srv, &o);
    ck_assert_int_eq(o.generation, 1);
    ck_assert_int_eq(o.accept_queue, 10);
    ck_assert_int_eq(o.processes_old_generation, _i ? 2 : 10);
    ck_assert_int_eq(rig_slot(r, SLOT_GRACEFUL), _i == 1 ? 0 : 10);
    rig_run(r, 20 * SIM_S);
    ck_assert_int_eq(rig_answered(r), 20);
    server_snapshot(r->srv, &o);
    ck_assert_int_eq(o.processes_old_generation, 0);
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(r->guests[i]->failed, 0);
    rig_free(r);
}
END_TEST

/* The configuration with TEXT in it is what the next restart reads. */
static void edit(struct rig *r, const char *text, bool graceful)
{
    struct settings set;
    struct settings_notes notes;
    struct err e;
    err_init(&e);
    rig_set(r, text);
    ck_assert(settings_restart(&r->dirs, &r->conf.settings, graceful, 4,
                               r->arena, &set, &notes, &e));
    server_reconfigure(r->srv, &set);
}

START_TEST(c19_the_configuration_is_read_again)
{
    struct rig *r = server(mpms[_i], "KeepAlive Off\nMaxRequestWorkers 10");
    rig_set(r, _i ? "MinSpareThreads 1" : "StartServers 10");
    rig_start(r);
    rig_crowd(r, 20, 0, &(struct guest){ .at = 1, .d.sleep = 9 * SIM_S });
    rig_run(r, WHEN);
    ck_assert_int_eq(r->srv->queue_len, 10);
    edit(r, "MaxRequestWorkers 20\nKeepAlive On", true);
    act(r, WHEN, ACTION_GRACEFUL_RESTART);
    rig_run(r, 8 * SIM_S); /* ten old requests, and ten beside them */
    ck_assert_int_eq(r->srv->queue_len, 0);
    ck_assert_int_eq(rig_answered(r), 0);
    rig_run(r, 20 * SIM_S);
    ck_assert_int_eq(rig_answered(r), 20);
    for (int i = 0; i < 20; i++) /* the new generation keeps alive */
        ck_assert(r->guests[i]->close == (i < 10));
    rig_free(r);
}
END_TEST

/* Old children keep their threads, new ones have as many as it says. */
START_TEST(c49_new_children_have_the_new_number_of_threads)
{
    static const uint32_t to[] = { 3, 8 };
    for (int k = 0; k < 2; k++) {
        struct rig *r = server(mpms[_i], "KeepAlive Off");
        r->conf.most_threads_per_child = 8;
        rig_start(r);
        rig_crowd(r, 4, 0, &(struct guest){ .at = 1, .d.sleep = 9 * SIM_S });
        rig_run(r, WHEN);
        char text[40];
        snprintf(text, sizeof text, "ThreadsPerChild %u\nMinSpareThreads 1",
                 to[k]);
        edit(r, text, true);
        ck_assert_uint_eq(r->srv->per_child, 5); /* not yet */
        act(r, WHEN, ACTION_GRACEFUL_RESTART);
        rig_run(r, 5 * SIM_S);
        struct snapshot o;
        server_snapshot(r->srv, &o);
        int old = 0, young = 0;
        for (uint32_t i = 0; i < r->srv->children.used; i++) {
            const struct child *ch = child_at(r->srv, i);
            if (ch->state != CHILD_LIVE)
                continue;
            ck_assert_uint_eq(ch->per, ch->generation ? to[k] : 5);
            ck_assert_uint_le(ch->nthreads, ch->per);
            old += ch->generation == 0;
            young += ch->generation == 1;
        }
        ck_assert_int_ge(old, 1);
        ck_assert_int_ge(young, 2);
        ck_assert_int_eq(rig_slot(r, SLOT_READY), young * (int)to[k]);
        rig_run(r, 20 * SIM_S);
        ck_assert_int_eq(rig_answered(r), 4);
        ck_assert_int_eq(rig_children(r), young);
        rig_free(r);
    }
}
END_TEST

/* C-21: a connection of the old generation waits as long as it was told. */
START_TEST(c49_old_children_keep_their_keepalive_timeout)
{
    struct rig *r = server(mpms[_i], "KeepAliveTimeout 8");
    rig_start(r);
    struct guest *old = rig_add(r, &(struct guest){ .hold = true });
    struct guest *young =
        rig_add(r, &(struct guest){ .at = 3 * SIM_S, .hold = true });
    rig_run(r, WHEN);
    edit(r, "KeepAliveTimeout 2", true);
    act(r, WHEN, ACTION_GRACEFUL_RESTART);
    rig_run(r, 20 * SIM_S);
    /* prefork begins its wait anew (C-50), event closes its idle connections
     * when it is told to end (E-31) */
    static const simtime_t closed[] = { WHEN + 8 * SIM_S, 8 * SIM_S, WHEN };
    ck_assert(old->t_closed == closed[_i]);
    ck_assert(young->t_closed == 5 * SIM_S);
    ck_assert(rig_is_empty(r));
    rig_free(r);
}
END_TEST

START_TEST(c20_the_rate_survives_and_stays_for_ten_spawning_ticks)
{
    struct rig *r = server("prefork", "MaxRequestWorkers 250\nKeepAlive Off");
    rig_start(r);
    rig_crowd(r, 400, 0, &(struct guest){ .at = 1, .d.sleep = MINUTES(5) });
    act(r, 2 * SIM_S + WHEN, ACTION_GRACEFUL_RESTART);
    ck_assert_int_eq(rig_rate(r), 8); /* after ticks at 1, 2 and 2.5 */
    ck_assert_int_eq(r->srv->parent.hold_off, 10);
    rig_run(r, 3 * SIM_S + WHEN + SIM_MS); /* StartServers, no tick */
    int64_t children = rig_children(r);
    for (int t = 1; t <= 10; t++) {
        rig_run(r, (t + 3) * SIM_S + WHEN + SIM_MS);
        ck_assert_int_eq(rig_children(r), children + 8 * t);
        ck_assert_int_eq(rig_rate(r), 8);
    }
    ck_assert_int_eq(r->srv->parent.hold_off, 0);
    rig_run(r, 14 * SIM_S + WHEN + SIM_MS);
    ck_assert_int_eq(rig_rate(r), 16);
    rig_free(r);
}
END_TEST

START_TEST(c21_old_children_finish_their_request_and_refuse_keep_alive)
{
    struct rig *r = server("prefork", "KeepAliveTimeout 5");
    rig_start(r);
    struct guest *busy =
        rig_add(r, &(struct guest){ .requests = 2, .d.sleep = 2 * SIM_S });
    struct guest *idle = rig_add(r, &(struct guest){ .hold = true });
    struct guest *again =
        rig_add(r, &(struct guest){ .requests = 3, .think = 3 * SIM_S });
    act(r, WHEN, ACTION_GRACEFUL_RESTART);
    rig_run(r, 2 * SIM_S);
    ck_assert_int_eq(busy->answered, 1);
    ck_assert(busy->close);
    rig_run(r, 3 * SIM_S);
    ck_assert_int_eq(again->answered, 2);
    ck_assert(again->close);
    ck_assert_int_eq(idle->closed, 0);
    rig_run(r, 6 * SIM_S); /* at KeepAliveTimeout, counted anew (C-50) */
    ck_assert(idle->t_closed == WHEN + 5 * SIM_S);
    rig_free(r);
}
END_TEST

/* Two at a time on two cores: nearly half of forty have ended when the parent
 * has read its configuration, and are replaced at once; the others with its
 * next look (C-12). */
START_TEST(c46_idle_children_leave_in_turn_the_oldest_first)
{
    struct rig *r = server("prefork", "StartServers 40\nMinSpareServers 40\n"
                                      "MaxSpareServers 50");
    r->conf.machine.cpus = 2;
    r->conf.machine.cpu_exit = 300 * SIM_US;
    r->conf.machine.reread = 3 * SIM_MS;
    rig_start(r);
    act(r, WHEN, ACTION_GRACEFUL_RESTART);
    rig_run(r, WHEN + SIM_MS);
    int64_t gone = 0;
    for (uint32_t i = 0; i < 40; i++) {
        const struct child *ch = child_at(r->srv, i);
        bool ended = ch->state == CHILD_ZOMBIE || ch->state == CHILD_EXITING;
        ck_assert(!ended || ch->number < 8);
        gone += ch->state == CHILD_ZOMBIE;
    }
    ck_assert_int_eq(gone, 6);
    rig_run(r, WHEN + 3 * SIM_MS + SIM_MS / 2);
    ck_assert_int_eq(r->srv->now.processes_started, 58);
    rig_run(r, WHEN + 2 * SIM_S);
    ck_assert_int_eq(rig_children(r), 40);
    rig_free(r);
}
END_TEST

/* What a child of prefork waits for begins anew with every signal. */
START_TEST(c50_two_signals_begin_every_wait_of_prefork_anew)
{
    struct rig *r = server("prefork", "KeepAliveTimeout 5\nTimeout 20\n"
                                      "AcceptFilter http none");
    rig_start(r);
    struct guest *idle = rig_add(r, &(struct guest){ .hold = true });
    struct guest *later =
        rig_add(r, &(struct guest){ .requests = 2, .think = 8 * SIM_S });
    struct guest *silent = rig_add(r, &(struct guest){ .silent = true });
    struct guest *stuck =
        rig_add(r, &(struct guest){ .d.bytes = 10000000, .link.down = 1000 });
    act(r, WHEN, ACTION_GRACEFUL_RESTART);
    act(r, 4 * SIM_S, ACTION_GRACEFUL_RESTART);
    rig_run(r, 30 * SIM_S);
    ck_assert(idle->t_closed == 9 * SIM_S);
    ck_assert_int_eq(later->answered, 2); /* think time beyond the timeout */
    ck_assert(later->close);
    ck_assert(silent->t_closed == 24 * SIM_S);
    ck_assert(stuck->t_closed == 24 * SIM_S);
    rig_free(r);
}
END_TEST

/* When the request sent a tenth of a second after the restart is answered,
 * counted from the restart, on the host whose costs were measured. */
static simtime_t served_after(const char *mpm)
{
    struct rig *r = server(mpm, "KeepAlive Off");
    if (mpm[0] != 'p') /* ending 25 threads takes longer than reading */
        rig_set(r, "ThreadsPerChild 25\nMinSpareThreads 25");
    rig_real_host(r);
    r->conf.network.rtt = 0;
    rig_start(r);
    act(r, 20 * SIM_S + WHEN, ACTION_GRACEFUL_RESTART);
    struct guest *g =
        rig_add(r, &(struct guest){ .at = 20 * SIM_S + WHEN + 5 * SIM_MS });
    rig_run(r, 23 * SIM_S);
    ck_assert_int_eq(g->answered, 1);
    simtime_t t = g->t_done - (20 * SIM_S + WHEN);
    rig_free(r);
    return t;
}

START_TEST(c44_threaded_servers_serve_nobody_for_up_to_a_second)
{
    ck_assert_int_le(served_after("prefork"), 10 * SIM_MS);
    for (int i = 1; i < 3; i++) {
        simtime_t t = served_after(mpms[i]);
        ck_assert_msg(t > 900 * SIM_MS && t < 1050 * SIM_MS, "%s: %g s",
                      mpms[i], simtime_to_s(t));
    }
}
END_TEST

/* Three idle children are being replaced when the second restart comes; the
 * two busy ones, which end only then, are not replaced as well. */
START_TEST(c12_a_restart_while_a_graceful_one_forks)
{
    struct rig *r = server("prefork", "MinSpareServers 1");
    r->conf.machine.cpu_fork = SIM_S / 10;
    rig_start(r);
    rig_crowd(r, 2, 0, &(struct guest){ .at = SIM_S, .d.sleep = 60 * SIM_S });
    act(r, 20 * SIM_S + WHEN, ACTION_GRACEFUL_RESTART);
    act(r, 20 * SIM_S + WHEN + SIM_S / 20, ACTION_RESTART);
    rig_run(r, 23 * SIM_S);
    int64_t slots = 0;
    for (uint32_t i = 0; i < (uint32_t)r->srv->nslots; i++)
        slots += r->srv->pslots[i].child != NONE;
    ck_assert_int_eq(slots, 5);
    ck_assert_int_eq(rig_children(r), 5);
    rig_free(r);
}
END_TEST

/* ---- graceful stop ---- */

START_TEST(k7_what_waits_in_the_accept_queue_is_reset_at_a_stop)
{
    static const enum action_kind how[] = { ACTION_GRACEFUL_STOP, ACTION_STOP };
    struct rig *r = server("prefork", "KeepAlive Off\nMaxRequestWorkers 5");
    rig_start(r);
    rig_crowd(r, 8, 0, &(struct guest){ .at = 1, .d.sleep = SIM_S });
    act(r, WHEN, how[_i]);
    struct guest *late = rig_add(r, &(struct guest){ .at = WHEN + SIM_MS });
    rig_run(r, WHEN + SIM_MS);
    for (int i = 5; i < 8; i++) {
        ck_assert_int_eq(r->guests[i]->closed, 1);
        ck_assert(r->guests[i]->how == NET_RST);
    }
    ck_assert_int_eq(r->srv->queue_len, 0);
    ck_assert_int_eq(late->failed, 1);
    ck_assert(late->why == REQ_REFUSED);
    rig_run(r, 5 * SIM_S);
    ck_assert_int_eq(rig_answered(r), how[_i] == ACTION_STOP ? 0 : 5);
    ck_assert(has_ended(r));
    rig_free(r);
}
END_TEST

START_TEST(k7_a_graceful_restart_resets_nobody)
{
    struct rig *r = server("prefork", "KeepAlive Off\nMaxRequestWorkers 5");
    rig_start(r);
    rig_crowd(r, 8, 0, &(struct guest){ .at = 1, .d.sleep = SIM_S });
    act(r, WHEN, ACTION_GRACEFUL_RESTART);
    ck_assert_int_eq(r->srv->queue_len, 3);
    rig_run(r, 8 * SIM_S);
    ck_assert_int_eq(rig_answered(r), 8);
    rig_free(r);
}
END_TEST

START_TEST(c22_a_graceful_stop_without_a_deadline_waits_for_ever)
{
    struct rig *r = server(mpms[_i], "KeepAlive Off");
    rig_start(r);
    struct guest *g =
        rig_add(r, &(struct guest){ .at = 1, .d.sleep = 100 * SIM_S });
    act(r, WHEN, ACTION_GRACEFUL_STOP);
    rig_run(r, 100 * SIM_S);
    ck_assert_int_eq(rig_children(r), 1);
    ck_assert(!has_ended(r));
    rig_run(r, 101 * SIM_S); /* it looks once a second */
    ck_assert_int_eq(g->answered, 1);
    ck_assert_int_eq(rig_children(r), 0);
    ck_assert(has_ended(r));
    rig_free(r);
}
END_TEST

START_TEST(c22_at_the_deadline_prefork_is_gone_at_once)
{
    struct rig *r =
        server("prefork", "KeepAlive Off\nGracefulShutdownTimeout 3");
    rig_start(r);
    struct guest *g =
        rig_add(r, &(struct guest){ .at = 1, .d.sleep = MINUTES(1) });
    act(r, WHEN, ACTION_GRACEFUL_STOP);
    rig_run(r, WHEN + 3 * SIM_S - 1);
    ck_assert_int_eq(rig_children(r), 1);
    rig_run(r, WHEN + 3 * SIM_S);
    ck_assert_int_eq(rig_children(r), 0);
    ck_assert_int_eq(g->answered, 0);
    ck_assert_int_eq(g->lost, 1);
    rig_run(r, WHEN + 4 * SIM_S);
    ck_assert(has_ended(r));
    rig_free(r);
}
END_TEST

START_TEST(c22_at_the_deadline_threaded_servers_begin_the_ladder)
{
    struct rig *r =
        server(mpms[_i], "KeepAlive Off\nGracefulShutdownTimeout 3");
    rig_start(r);
    struct guest *soon =
        rig_add(r, &(struct guest){ .at = 1, .d.sleep = 10 * SIM_S });
    struct guest *late =
        rig_add(r, &(struct guest){ .at = 1, .d.sleep = MINUTES(1) });
    act(r, WHEN, ACTION_GRACEFUL_STOP);
    simtime_t deadline = WHEN + 3 * SIM_S;
    rig_run(r, 11 * SIM_S); /* within the ladder: still answered */
    ck_assert_int_eq(soon->answered, 1);
    rig_run(r, deadline + 9350 * SIM_MS);
    ck_assert_int_eq(late->closed, 0);
    rig_run(r, deadline + 9360 * SIM_MS); /* SIGKILL */
    ck_assert_int_eq(late->closed, 1);
    ck_assert_int_eq(rig_children(r), 0);
    rig_run(r, deadline + 10300 * SIM_MS);
    ck_assert(!has_ended(r));
    rig_run(r, deadline + 10400 * SIM_MS);
    ck_assert(has_ended(r));
    rig_free(r);
}
END_TEST

START_TEST(c46_a_graceful_stop_leaves_the_slots_as_they_were)
{
    struct rig *r = server("prefork", "KeepAlive Off\nMinSpareServers 1");
    rig_start(r);
    rig_crowd(r, 2, 0, &(struct guest){ .at = 1, .d.sleep = 2 * SIM_S });
    act(r, WHEN, ACTION_GRACEFUL_STOP);
    rig_run(r, SIM_S);
    ck_assert_int_eq(rig_children(r), 2);
    ck_assert_int_eq(rig_slot(r, SLOT_READY), 3);
    ck_assert_int_eq(rig_slot(r, SLOT_WRITING), 2);
    ck_assert_int_eq(rig_slot(r, SLOT_GRACEFUL), 0);
    rig_run(r, 4 * SIM_S);
    ck_assert_int_eq(rig_children(r), 0);
    ck_assert_int_eq(rig_slot(r, SLOT_READY), 3);
    ck_assert_int_eq(rig_slot(r, SLOT_CLOSING), 2);
    rig_free(r);
}
END_TEST

/* ---- stop and restart by force ---- */

START_TEST(g23_the_ladder_of_a_hard_stop)
{
    struct rig *r = server(mpms[_i], "KeepAlive Off");
    rig_start(r);
    /* SIGTERM does not interrupt a thread inside a handler */
    rig_add(r, &(struct guest){ .at = 1, .d.sleep = MINUTES(1) });
    act(r, WHEN, ACTION_STOP);
    static const int term[] = { 3349, 5352, 7356 };
    for (int i = 0; i < 3; i++) {
        rig_run(r, WHEN + term[i] * SIM_MS - 1);
        ck_assert_int_eq(rig_logged(r, "AH00045"), i);
        rig_run(r, WHEN + term[i] * SIM_MS);
        ck_assert_int_eq(rig_logged(r, "AH00045"), i + 1);
    }
    rig_run(r, WHEN + 9358 * SIM_MS - 1);
    ck_assert_int_eq(rig_children(r), 1);
    rig_run(r, WHEN + 9358 * SIM_MS);
    ck_assert_int_eq(rig_children(r), 0);
    ck_assert(rig_first(r, "AH00046") == WHEN + 9358 * SIM_MS);
    ck_assert(!has_ended(r)); /* it looks a second later */
    rig_run(r, WHEN + 10365 * SIM_MS);
    ck_assert(has_ended(r));
    ck_assert_int_eq(rig_logged(r, "AH00046"), 1);
    rig_free(r);
}
END_TEST

START_TEST(c23_a_hard_stop_ends_prefork_at_once)
{
    struct rig *r = server("prefork", "KeepAlive Off");
    rig_start(r);
    struct guest *g =
        rig_add(r, &(struct guest){ .at = 1, .d.sleep = MINUTES(1) });
    act(r, WHEN, ACTION_STOP);
    ck_assert_int_eq(rig_children(r), 0);
    rig_run(r, WHEN + 16 * SIM_MS);
    ck_assert(has_ended(r));
    ck_assert_int_eq(g->closed, 1);
    ck_assert_int_eq(rig_logged(r, "AH00169"), 1);
    ck_assert_int_eq(rig_logged(r, "AH00045"), 0);
    rig_free(r);
}
END_TEST

START_TEST(c23_a_hard_restart_serves_nobody_until_the_last_handler_is_done)
{
    struct rig *r = server(mpms[_i], "KeepAlive On");
    rig_start(r);
    struct guest *busy =
        rig_add(r, &(struct guest){ .at = 1, .d.sleep = 2 * SIM_S });
    struct guest *idle = rig_add(r, &(struct guest){ .at = 1, .hold = true });
    struct guest *next =
        rig_add(r, &(struct guest){ .at = SIM_S, .d.sleep = SIM_MS });
    /* busy and idle in one process: W-7, and E-29's choice with this seed */
    act(r, WHEN, ACTION_RESTART);
    rig_run(r, WHEN + SIM_MS);
    ck_assert_int_eq(busy->closed, 1); /* eof at once */
    ck_assert(busy->t_closed == WHEN);
    rig_run(r, 2 * SIM_S - SIM_MS);
    ck_assert_int_eq(rig_children(r), 1); /* the handler goes on */
    ck_assert_int_eq(next->answered, 0);
    rig_run(r, 3 * SIM_S);
    /* gone at 2.0, seen at the look of 0.5 + 2.348 */
    ck_assert(next->t_done == WHEN + 2348 * SIM_MS + 1 + SIM_MS);
    ck_assert_int_eq(idle->closed, 1);
    ck_assert_int_eq(r->srv->parent.generation, 1);
    ck_assert_int_eq(rig_children(r), 2);
    rig_free(r);
}
END_TEST

/* Ten idle connections and one busy in the only process; the threads of worker
 * that come before the busy one are woken at once, the others after it. */
START_TEST(c23_event_leaves_idle_connections_open_worker_some_of_them)
{
    struct rig *r = server(mpms[_i], "KeepAlive On\nThreadsPerChild 25");
    rig_set(r, "StartServers 1\nKeepAliveTimeout 100");
    rig_start(r);
    rig_crowd(r, 6, 0, &(struct guest){ .at = 1, .hold = true });
    rig_add(r, &(struct guest){ .at = 2, .d.sleep = 3 * SIM_S });
    rig_crowd(r, 4, 0, &(struct guest){ .at = 3, .hold = true });
    act(r, WHEN, ACTION_RESTART);
    rig_run(r, WHEN + SIM_MS);
    bool worker = _i == 1;
    for (int i = 0; i < 11; i++)
        ck_assert_int_eq(r->guests[i]->closed, worker ? i <= 6 : i == 6);
    rig_run(r, 4 * SIM_S);
    for (int i = 0; i < 11; i++) {
        const struct guest *g = r->guests[i];
        bool at_once = i == 6 || (worker && i < 6);
        ck_assert(g->t_closed == (at_once ? WHEN : 3 * SIM_S + 2));
    }
    rig_free(r);
}
END_TEST

/* Of prefork, on two cores, where an exit takes 1 ms. */
static struct rig *six_children(const char *text)
{
    struct rig *r = rig_new("prefork", "StartServers 6\nMinSpareServers 1\n"
                                       "KeepAliveTimeout 100");
    rig_set(r, text);
    r->conf.machine.cpus = 2;
    r->conf.machine.cpu_exit = r->conf.machine.cpu_exit_tls = SIM_MS;
    r->conf.machine.reread_tls = 50 * SIM_MS;
    rig_start(r);
    rig_run(r, 1);
    return r;
}

/* Four children hold a connection each, two are idle. */
START_TEST(c46_prefork_ends_the_youngest_first_as_many_as_there_are_cores)
{
    struct rig *r = six_children("Listen 80");
    rig_crowd(r, 4, SIM_MS, &(struct guest){ .at = SIM_MS, .hold = true });
    /* the idle ones are the youngest: nobody takes this one to its grave */
    struct guest *late = rig_add(r, &(struct guest){ .at = WHEN + SIM_MS / 2 });
    act(r, WHEN, ACTION_RESTART);
    rig_run(r, WHEN + SIM_S);
    for (int i = 0; i < 4; i++)
        ck_assert(r->guests[i]->t_closed == WHEN + (2 - i / 2) * SIM_MS);
    ck_assert_int_eq(late->answered, 1);
    ck_assert_int_eq(rig_children(r), 6);
    rig_free(r);
}
END_TEST

/* As above, but the oldest two are the idle ones: whoever comes meanwhile is
 * accepted by the first of them that runs, and reset. */
START_TEST(c46_a_condemned_child_takes_a_connection_to_its_grave)
{
    struct rig *r = six_children("Listen 80");
    rig_crowd(r, 2, SIM_MS, &(struct guest){ .at = SIM_MS });
    rig_crowd(r, 4, SIM_MS, &(struct guest){ .at = 3 * SIM_MS, .hold = true });
    struct guest *late = rig_add(r, &(struct guest){ .at = WHEN + SIM_MS / 2 });
    struct guest *after =
        rig_add(r, &(struct guest){ .at = WHEN + 3 * SIM_MS });
    act(r, WHEN, ACTION_RESTART);
    rig_run(r, WHEN + SIM_S);
    ck_assert_int_eq(late->answered, 0);
    ck_assert_int_eq(late->lost, 1);
    ck_assert(late->t_closed == WHEN + 2 * SIM_MS);
    ck_assert_int_eq(late->how, NET_RST);
    ck_assert_int_eq(after->answered, 1); /* by the next generation */
    rig_free(r);
}
END_TEST

/* As above, but nobody waits in accept where there are two listeners (C-26). */
START_TEST(c46_with_two_listeners_it_stays_in_the_queue)
{
    struct rig *r = six_children("Listen 80\nListen 443 https");
    rig_crowd(r, 2, SIM_MS, &(struct guest){ .at = SIM_MS });
    rig_crowd(r, 4, SIM_MS, &(struct guest){ .at = 3 * SIM_MS, .hold = true });
    struct guest *late = rig_add(r, &(struct guest){ .at = WHEN + SIM_MS / 2 });
    act(r, WHEN, ACTION_RESTART);
    rig_run(r, WHEN + 60 * SIM_MS); /* looks after 16 ms, then reads (C-23) */
    ck_assert_int_eq(rig_children(r), 0);
    rig_run(r, WHEN + 70 * SIM_MS);
    ck_assert_int_eq(rig_children(r), 6);
    rig_run(r, WHEN + SIM_S);
    ck_assert_int_eq(late->lost, 0);
    ck_assert_int_eq(late->answered, 1);
    for (int i = 2; i < 6; i++) /* in turn, as ever */
        ck_assert(r->guests[i]->t_closed == WHEN + (5 - i) / 2 * SIM_MS);
    rig_free(r);
}
END_TEST

START_TEST(c46_what_the_slots_show_at_a_hard_restart)
{
    struct rig *r = server(mpms[_i], "KeepAlive Off\nStartServers 1");
    rig_start(r);
    rig_add(r, &(struct guest){ .at = 1, .d.sleep = 2 * SIM_S });
    act(r, WHEN, ACTION_RESTART);
    rig_run(r, SIM_S);
    if (_i == 1) { /* worker: 4 idle leave G behind */
        ck_assert_int_eq(rig_slot(r, SLOT_GRACEFUL), 4);
        ck_assert_int_eq(rig_slot(r, SLOT_WRITING), 1);
    } else {
        ck_assert_int_eq(rig_slot(r, SLOT_GRACEFUL), 1);
        ck_assert_int_eq(rig_slot(r, SLOT_WRITING), 0);
    }
    rig_run(r, 4 * SIM_S); /* reaped, and the new process is there */
    ck_assert_int_eq(rig_slot(r, SLOT_GRACEFUL), 0);
    ck_assert_int_eq(rig_slot(r, SLOT_WRITING), 0);
    ck_assert_int_eq(rig_slot(r, SLOT_READY), 5);
    rig_free(r);
}
END_TEST

Suite *suite_timeline_restarts(void);
Suite *suite_timeline_restarts(void)
{
    Suite *s = suite_create("timeline_restarts");
    TCase *t = tcase_create("graceful restart");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, g5_hold_off_keeps_the_rate_at_1_for_ten_ticks);
    tcase_add_test(
        t, c12_the_first_sleep_without_a_death_starts_all_that_are_missing);
    tcase_add_loop_test(t, c19_a_graceful_restart_loses_nobody, 0, 3);
    tcase_add_loop_test(t, c19_the_configuration_is_read_again, 0, 3);
    tcase_add_loop_test(t, c49_new_children_have_the_new_number_of_threads, 1,
                        3);
    tcase_add_loop_test(t, c49_old_children_keep_their_keepalive_timeout, 0, 3);
    tcase_add_test(t, c20_the_rate_survives_and_stays_for_ten_spawning_ticks);
    tcase_add_test(t,
                   c21_old_children_finish_their_request_and_refuse_keep_alive);
    tcase_add_test(t, c46_idle_children_leave_in_turn_the_oldest_first);
    tcase_add_test(t, c50_two_signals_begin_every_wait_of_prefork_anew);
    tcase_add_test(t, c44_threaded_servers_serve_nobody_for_up_to_a_second);
    tcase_add_test(t, c12_a_restart_while_a_graceful_one_forks);
    tcase_add_test(t, k7_a_graceful_restart_resets_nobody);
    suite_add_tcase(s, t);

    t = tcase_create("graceful stop");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, k7_what_waits_in_the_accept_queue_is_reset_at_a_stop,
                        0, 2);
    tcase_add_loop_test(
        t, c22_a_graceful_stop_without_a_deadline_waits_for_ever, 0, 3);
    tcase_add_test(t, c22_at_the_deadline_prefork_is_gone_at_once);
    tcase_add_loop_test(
        t, c22_at_the_deadline_threaded_servers_begin_the_ladder, 1, 3);
    tcase_add_test(t, c46_a_graceful_stop_leaves_the_slots_as_they_were);
    suite_add_tcase(s, t);

    t = tcase_create("by force");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, g23_the_ladder_of_a_hard_stop, 1, 3);
    tcase_add_test(t, c23_a_hard_stop_ends_prefork_at_once);
    tcase_add_loop_test(
        t, c23_a_hard_restart_serves_nobody_until_the_last_handler_is_done, 1,
        3);
    tcase_add_loop_test(
        t, c23_event_leaves_idle_connections_open_worker_some_of_them, 1, 3);
    tcase_add_test(
        t, c46_prefork_ends_the_youngest_first_as_many_as_there_are_cores);
    tcase_add_test(t, c46_a_condemned_child_takes_a_connection_to_its_grave);
    tcase_add_test(t, c46_with_two_listeners_it_stays_in_the_queue);
    tcase_add_loop_test(t, c46_what_the_slots_show_at_a_hard_restart, 1, 3);
    suite_add_tcase(s, t);
    return s;
}
