/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the models do beyond the golden timelines: pipe of death, stopping
 * processes, squatting, messages, versions. */
#include "tests/timelines/rig.h"

#include <check.h>
#include <string.h>

static struct rig *started(const char *mpm, const char *text)
{
    struct rig *r = rig_new(mpm, text);
    rig_start(r);
    return r;
}

/* ---- prefork ---- */

START_TEST(c16_one_victim_per_tick_is_a_zombie_for_one_more)
{
    struct rig *r = started("prefork", "StartServers 20\nKeepAlive Off");
    for (int t = 1; t <= 10; t++) {
        rig_run(r, t * SIM_S + 50 * SIM_MS);
        ck_assert_int_eq(rig_children(r), 20 - t);
        ck_assert_int_eq(rig_slot(r, SLOT_CLOSING), 1);
        ck_assert_int_eq(r->srv->zombies, 1);
    }
    rig_run(r, 12 * SIM_S);
    ck_assert_int_eq(rig_children(r), 10);
    ck_assert_int_eq(rig_slot(r, SLOT_CLOSING), 0);
    ck_assert_int_eq(r->srv->accepted, 10); /* C-17: by dummies alone */
    ck_assert_int_eq(r->logged, 0);
    rig_free(r);
}
END_TEST

START_TEST(c17_the_dummy_counts_towards_the_connection_limit)
{
    /* every child may serve one connection, and the victim's was the dummy */
    struct rig *r = started("prefork", "StartServers 12\nMinSpareServers 1\n"
                                       "MaxSpareServers 11\nKeepAlive Off\n"
                                       "MaxConnectionsPerChild 1");
    rig_run(r, 1500 * SIM_MS);
    ck_assert_int_eq(rig_children(r), 11);
    ck_assert_int_eq(r->srv->accepted, 1);
    rig_free(r);
}
END_TEST

START_TEST(p17_the_busy_line_names_rate_idle_and_total)
{
    struct rig *r = started("prefork", "StartServers 5\nKeepAlive Off\n"
                                       "MaxRequestWorkers 30");
    rig_crowd(r, 100, 0, &(struct guest){ .at = 1, .d.sleep = 99 * SIM_S });
    rig_run(r, 10 * SIM_S);
    ck_assert_int_eq(rig_logged(r, "AH00162"), 2); /* rates 8 and 16 */
    for (int i = 0; i < r->nnotes; i++)
        if (r->notes[i].t == 5 * SIM_S)
            ck_assert(strstr(r->notes[i].text,
                             "spawning 16 children, there are 0 idle, and 20 "
                             "total children"));
    rig_free(r);
}
END_TEST

/* ---- worker ---- */

START_TEST(w12_a_new_process_squats_on_a_finishing_one)
{
    struct rig *r =
        started("worker", "ThreadsPerChild 2\nStartServers 1\n"
                          "MaxRequestWorkers 2\nServerLimit 1\n"
                          "MinSpareThreads 1\nMaxConnectionsPerChild 1\n"
                          "KeepAlive Off");
    rig_add(r, &(struct guest){ .at = 1, .d.sleep = 10 * SIM_S });
    rig_add(r, &(struct guest){ .at = 2, .d.sleep = 100 * SIM_MS });
    rig_run(r, 500 * SIM_MS);
    ck_assert_int_eq(r->srv->stopping, 1);          /* W-18, W-19 */
    ck_assert(r->srv->buckets[0].pod_head == NONE); /* and reads no byte */
    ck_assert_int_eq(rig_slot(r, SLOT_WRITING), 1);
    ck_assert_int_eq(rig_slot(r, SLOT_DEAD), 1);
    rig_run(r, SIM_S);
    ck_assert_int_eq(rig_children(r), 2); /* more than ServerLimit */
    const struct child *ch = child_at(r->srv, r->srv->pslots[0].child);
    ck_assert_uint_eq(ch->nthreads, 1); /* W-3: the free cell only */
    rig_run(r, 9 * SIM_S);
    ck_assert_uint_eq(ch->nthreads, 1);
    ck_assert_int_eq(rig_slot(r, SLOT_WRITING), 1);
    ck_assert_int_eq(rig_slot(r, SLOT_READY), 1);
    rig_run(r, 12 * SIM_S);
    ck_assert_int_eq(rig_children(r), 1);
    ck_assert_uint_eq(ch->nthreads, 2); /* looked again within a second */
    ck_assert_int_eq(rig_slot(r, SLOT_READY), 2);
    rig_free(r);
}
END_TEST

/* A process that still waits for cells of the one before it stops when it next
 * looks at them, a second after the time before. */
START_TEST(w25_who_is_making_threads_obeys_a_second_later)
{
    struct rig *r = started("worker", "ThreadsPerChild 2\nStartServers 1\n"
                                      "MaxRequestWorkers 2\nServerLimit 1\n"
                                      "MinSpareThreads 1");
    rig_add(r, &(struct guest){ .at = 1, .d.sleep = 10 * SIM_S });
    rig_run(r, 500 * SIM_MS);
    ck_assert(server_action(r->srv, ACTION_GRACEFUL_RESTART));
    rig_run(r, 3 * SIM_S); /* a new process beside the old one, W-12 */
    const struct child *ch = child_at(r->srv, r->srv->pslots[0].child);
    ck_assert_uint_eq(ch->nthreads, 1);
    simtime_t look = ch->timer.due;
    ck_assert(look > 3 * SIM_S && look <= 4 * SIM_S);
    struct guest *kept = rig_add(
        r, &(struct guest){ .at = 3 * SIM_S + 1, .requests = 2, .think = 1 });
    ck_assert(server_action(r->srv, ACTION_GRACEFUL_RESTART));
    ck_assert(r->srv->buckets[0].pod_head == NONE); /* nor takes another's */
    rig_run(r, look - 1);
    ck_assert_int_eq(kept->answered, 2); /* it still accepts and keeps alive */
    ck_assert_int_eq(rig_slot(r, SLOT_READY), 1);
    ck_assert_int_eq(r->srv->stopping, 1);
    rig_run(r, look);
    ck_assert_int_eq(rig_slot(r, SLOT_READY), 0);
    ck_assert_int_eq(r->srv->live_children, 1); /* the one in its handler */
    rig_free(r);
}
END_TEST

#define FIVE                                                                   \
    "ThreadsPerChild 5\nStartServers 5\nMaxRequestWorkers 25\n"                \
    "MinSpareThreads 1\nMaxSpareThreads 7\nKeepAlive Off\n"

START_TEST(w21_kills_pile_up_until_the_mutex_comes_round)
{
    struct rig *r = started("worker", FIVE "Listen 80\nListen 443 https");
    /* the oldest process accepts and goes to the end of the line */
    rig_add(r, &(struct guest){ .at = SIM_S / 2 });
    static const int want[] = { 5, 5, 4, 3, 2, 0, 1 };
    for (int t = 0; t < 7; t++) {
        rig_run(r, t * SIM_S);
        ck_assert_msg(rig_children(r) == want[t], "t = %d: %d", t,
                      (int)rig_children(r));
    }
    ck_assert_int_eq(rig_idle(r, 2), 25); /* the first victim still counts */
    rig_free(r);
}
END_TEST

/* Who has a byte and waits for the mutex gets it when the others have gone. */
START_TEST(w21_a_stop_reaches_who_waits_for_the_mutex)
{
    struct rig *r = started("worker", FIVE "Listen 80\nListen 443 https");
    rig_add(r, &(struct guest){ .at = SIM_S / 2 });
    rig_run(r, SIM_S + SIM_S / 2);
    int pending = 0;
    for (uint32_t i = 0; i < r->srv->children.used; i++)
        pending += child_at(r->srv, i)->stop_pending;
    ck_assert_int_eq(pending, 1);
    ck_assert_int_eq(rig_children(r), 5);
    ck_assert(server_action(r->srv, ACTION_STOP));
    rig_run(r, SIM_S + SIM_S / 2 + 20 * SIM_MS);
    ck_assert_int_eq(rig_children(r), 0);
    rig_free(r);
}
END_TEST

/* C-43: the victim's responses say close from the byte on. */
START_TEST(w21_a_victim_that_waits_says_close)
{
    struct rig *r = started("worker", FIVE "KeepAlive On\nListen 80\n"
                                           "Listen 443 https");
    struct guest *g =
        rig_add(r, &(struct guest){
                       .at = SIM_S / 2, .think = 300 * SIM_MS, .requests = 3 });
    rig_run(r, 900 * SIM_MS);
    ck_assert_int_eq(g->on_this, 2);
    ck_assert(!g->close);
    rig_run(r, 1300 * SIM_MS); /* the byte came at 1 s */
    ck_assert_int_eq(g->on_this, 3);
    ck_assert(g->close);
    ck_assert_int_eq(rig_children(r), 5);
    ck_assert_int_eq(r->srv->stopping, 0);
    rig_free(r);
}
END_TEST

START_TEST(w17_with_one_listener_victims_go_at_once_oldest_first)
{
    struct rig *r = started("worker", FIVE);
    rig_add(r, &(struct guest){ .at = SIM_S / 2 });
    static const int want[] = { 5, 4, 3, 2, 1, 1, 1 };
    for (int t = 0; t < 7; t++) {
        rig_run(r, t * SIM_S);
        ck_assert_int_eq(rig_children(r), want[t]);
        if (t > 0 && t < 5) /* C-18 */
            ck_assert(child_at(r->srv, r->srv->pslots[t - 1].child)->state ==
                      CHILD_ZOMBIE);
    }
    rig_free(r);
}
END_TEST

START_TEST(w23_busy_processes_are_stopped_while_idle_exceeds_max)
{
    struct rig *r = started("worker", FIVE);
    /* round-robin (W-7): two clients each in the five processes; 15 idle */
    rig_crowd(r, 10, 1, &(struct guest){ .at = 1, .d.sleep = 30 * SIM_S });
    rig_run(r, 3500 * SIM_MS);
    /* 15 > 7, 12 > 7, 9 > 7, then 6 */
    ck_assert_int_eq(r->srv->stopping, 3);
    ck_assert_int_eq(rig_children(r), 5);
    ck_assert_int_eq(rig_idle(r, 1), 15);
    ck_assert_int_eq(rig_idle(r, 2), 12);
    ck_assert_int_eq(rig_idle(r, 3), 9);
    rig_run(r, 20 * SIM_S);
    ck_assert_int_eq(r->srv->stopping, 3);
    rig_run(r, 40 * SIM_S);
    ck_assert_int_eq(rig_answered(r), 10); /* W-16: busy ones finish */
    rig_free(r);
}
END_TEST

START_TEST(w16_keep_alive_is_refused_by_a_stopping_process)
{
    struct rig *r = started("worker", "ThreadsPerChild 5\nStartServers 1\n"
                                      "MinSpareThreads 1\n"
                                      "MaxConnectionsPerChild 1\n"
                                      "KeepAliveTimeout 5");
    struct guest *busy = rig_add(
        r, &(struct guest){ .at = 1, .requests = 5, .d.sleep = 2 * SIM_S });
    struct guest *idle =
        rig_add(r, &(struct guest){ .at = 2, .requests = 5, .think = SIM_S });
    struct guest *waits = rig_add(r, &(struct guest){ .at = 3, .hold = true });
    /* W-18: the budget ends with one, the listener takes one more */
    rig_crowd(r, 2, SIM_S / 10, &(struct guest){ .at = SIM_S / 2 });
    rig_run(r, 700 * SIM_MS);
    ck_assert_int_eq(r->srv->stopping, 1);
    rig_run(r, 4 * SIM_S);
    ck_assert_int_eq(busy->answered, 1); /* C-29 */
    ck_assert(busy->close);
    ck_assert_int_eq(idle->answered, 2); /* C-21: at its next request */
    ck_assert(idle->close);
    rig_run(r, 6 * SIM_S);
    ck_assert(waits->t_closed == 5 * SIM_S + 3); /* or at KeepAliveTimeout */
    rig_free(r);
}
END_TEST

/* ---- event ---- */

START_TEST(e6_no_slot_for_another_process_logs_ah03490)
{
    struct rig *r = started("event", "ThreadsPerChild 2\nStartServers 1\n"
                                     "ServerLimit 1\nMaxRequestWorkers 2\n"
                                     "MinSpareThreads 1\n"
                                     "MaxConnectionsPerChild 1");
    rig_add(r, &(struct guest){ .at = 1, .d.sleep = 10 * SIM_S });
    rig_run(r, 5 * SIM_S);
    ck_assert_int_eq(r->srv->stopping, 1);
    ck_assert_int_eq(rig_slot(r, SLOT_GRACEFUL), 1); /* E-31 */
    ck_assert_int_eq(rig_children(r), 1);
    ck_assert(rig_first(r, "AH03490") == SIM_S);
    ck_assert_int_eq(rig_logged(r, "AH03490"), 5);
    rig_run(r, 13 * SIM_S);
    ck_assert_int_eq(rig_answered(r), 1);
    ck_assert_int_eq(r->srv->stopping, 0);
    rig_free(r);
}
END_TEST

START_TEST(e31_a_stopping_process_cuts_long_lingering_to_2_s)
{
    struct rig *r = started("event", "ThreadsPerChild 4\nStartServers 1\n"
                                     "MinSpareThreads 1\n"
                                     "MaxConnectionsPerChild 2\n"
                                     "KeepAlive Off");
    rig_add(r, &(struct guest){ .link.ignores_fin = true });
    rig_run(r, 5 * SIM_S - 1);
    ck_assert_int_eq(r->srv->conns_lingering, 1);
    rig_add(r, &(struct guest){ .at = 5 * SIM_S });
    rig_run(r, 7 * SIM_S - 1);
    ck_assert_int_eq(r->srv->conns_lingering, 1);
    rig_run(r, 7 * SIM_S);
    ck_assert_int_eq(r->srv->conns_lingering, 0);
    rig_free(r);
}
END_TEST

START_TEST(e36_stopping_closes_idle_keepalives_at_once)
{
    struct rig *r = started("event", "ThreadsPerChild 4\nStartServers 1\n"
                                     "MinSpareThreads 1\n"
                                     "MaxConnectionsPerChild 3\n"
                                     "KeepAliveTimeout 60");
    rig_crowd(r, 2, 0, &(struct guest){ .hold = true });
    rig_add(r, &(struct guest){ .at = SIM_S / 2 });
    rig_run(r, 900 * SIM_MS);
    for (int i = 0; i < 2; i++)
        ck_assert(r->guests[i]->t_closed == SIM_S / 2);
    ck_assert_int_eq(rig_children(r), 0);
    rig_free(r);
}
END_TEST

/* A TLS client idle in keep-alive at VERSION; K slots it holds. */
static int64_t idle_tls(int version)
{
    struct rig *r = rig_new("event", "ThreadsPerChild 4\nStartServers 1\n"
                                     "MinSpareThreads 1\n"
                                     "Listen 443 https\n"
                                     "KeepAliveTimeout 60");
    r->conf.settings.version = version;
    rig_start(r);
    rig_add(r, &(struct guest){ .hold = true, .link.tls = true });
    rig_run(r, 2 * SIM_S);
    ck_assert_int_eq(r->guests[0]->tls, 1);
    ck_assert_int_eq(r->guests[0]->answered, 1);
    ck_assert_int_eq(r->srv->conns_keepalive, 1);
    int64_t n = rig_slot(r, SLOT_KEEPALIVE);
    rig_run(r, 70 * SIM_S);
    ck_assert(r->guests[0]->t_closed == 60 * SIM_S);
    ck_assert(rig_is_empty(r));
    rig_free(r);
    return n;
}

START_TEST(e25_tls_keep_alive_holds_a_worker_before_2_4_7)
{
    ck_assert_int_eq(idle_tls(HTTPD_VERSION(2, 4, 6)), 1);
    ck_assert_int_eq(idle_tls(HTTPD_VERSION(2, 4, 7)), 0);
    ck_assert_int_eq(idle_tls(HTTPD_BASELINE), 0);
}
END_TEST

START_TEST(e24_a_clogging_filter_makes_event_work_like_worker)
{
    struct rig *r = rig_new("event", "ThreadsPerChild 4\nStartServers 1\n"
                                     "MinSpareThreads 1\n"
                                     "KeepAliveTimeout 5");
    r->conf.clogging = 1;
    rig_start(r);
    rig_crowd(r, 6, 0, &(struct guest){ .hold = true });
    rig_run(r, SIM_S / 2);
    ck_assert_int_eq(rig_slot(r, SLOT_KEEPALIVE), 4);
    ck_assert_int_eq(r->srv->queue_len, 2);
    rig_run(r, 5 * SIM_S);
    ck_assert_int_eq(rig_answered(r), 6);
    rig_free(r);
}
END_TEST

START_TEST(e27_silent_peers_take_no_worker_and_no_share_of_the_limit)
{
    struct rig *r = started("event", "ThreadsPerChild 4\nStartServers 1\n"
                                     "ServerLimit 1\nMaxRequestWorkers 4\n"
                                     "MinSpareThreads 1\nKeepAlive Off");
    rig_crowd(r, 100, SIM_MS,
              &(struct guest){ .at = 1, .link.ignores_fin = true });
    rig_run(r, SIM_S);
    ck_assert_int_eq(r->srv->conns_lingering, 100); /* far beyond 12 */
    ck_assert_int_eq(rig_slot(r, SLOT_READY), 4);
    ck_assert_int_eq(r->srv->not_accepting, 0);
    rig_free(r);
}
END_TEST

START_TEST(e19_the_limit_alone_kills_keepalives_from_2_4_33_to_2_4_46)
{
    static const struct {
        int version, kept;
    } t[] = { { HTTPD_BASELINE, 12 },
              { HTTPD_VERSION(2, 4, 47), 12 },
              { HTTPD_VERSION(2, 4, 46), 1 },
              { HTTPD_VERSION(2, 4, 33), 1 },
              { HTTPD_VERSION(2, 4, 29), 13 } };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct rig *r = rig_new("event", "ThreadsPerChild 4\nStartServers 1\n"
                                         "ServerLimit 1\n"
                                         "MaxRequestWorkers 4\n"
                                         "MinSpareThreads 1\n"
                                         "KeepAliveTimeout 60");
        r->conf.settings.version = t[i].version;
        rig_start(r);
        rig_crowd(r, t[i].version < HTTPD_VERSION(2, 4, 33) ? 14 : 13,
                  10 * SIM_MS, &(struct guest){ .at = 1, .hold = true });
        rig_run(r, SIM_S / 2);
        ck_assert_int_eq(r->srv->conns_keepalive, t[i].kept);
        rig_free(r);
    }
}
END_TEST

Suite *suite_mpms(void);
Suite *suite_mpms(void)
{
    Suite *s = suite_create("mpms");
    TCase *t = tcase_create("mpms");
    tcase_add_test(t, c16_one_victim_per_tick_is_a_zombie_for_one_more);
    tcase_add_test(t, c17_the_dummy_counts_towards_the_connection_limit);
    tcase_add_test(t, p17_the_busy_line_names_rate_idle_and_total);
    tcase_add_test(t, w12_a_new_process_squats_on_a_finishing_one);
    tcase_add_test(t, w25_who_is_making_threads_obeys_a_second_later);
    tcase_add_test(t, w21_kills_pile_up_until_the_mutex_comes_round);
    tcase_add_test(t, w21_a_stop_reaches_who_waits_for_the_mutex);
    tcase_add_test(t, w21_a_victim_that_waits_says_close);
    tcase_add_test(t, w17_with_one_listener_victims_go_at_once_oldest_first);
    tcase_add_test(t, w23_busy_processes_are_stopped_while_idle_exceeds_max);
    tcase_add_test(t, w16_keep_alive_is_refused_by_a_stopping_process);
    tcase_add_test(t, e6_no_slot_for_another_process_logs_ah03490);
    tcase_add_test(t, e31_a_stopping_process_cuts_long_lingering_to_2_s);
    tcase_add_test(t, e36_stopping_closes_idle_keepalives_at_once);
    tcase_add_test(t, e25_tls_keep_alive_holds_a_worker_before_2_4_7);
    tcase_add_test(t, e24_a_clogging_filter_makes_event_work_like_worker);
    tcase_add_test(t,
                   e27_silent_peers_take_no_worker_and_no_share_of_the_limit);
    tcase_add_test(t,
                   e19_the_limit_alone_kills_keepalives_from_2_4_33_to_2_4_46);
    suite_add_tcase(s, t);
    return s;
}
