/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Golden timelines of single connections in all MPMs: G-15, G-17, G-18, G-20,
 * G-21, G-22. */
#include "tests/timelines/rig.h"

#include <check.h>

static const char *const mpms[] = { "prefork", "worker", "event" };
#define PREFORK 0
#define EVENT   2

static struct rig *rig_of(int mpm, const char *text)
{
    struct rig *r = rig_new(
        mpms[mpm], mpm == PREFORK ? "StartServers 1\nMinSpareServers 1\n"
                                  : "StartServers 1\nServerLimit 1\n"
                                    "ThreadsPerChild 25\n"
                                    "MaxRequestWorkers 25\n"
                                    "MinSpareThreads 1\n");
    rig_set(r, text);
    return r;
}

/* Threads that serve somebody (idle children of prefork that the first ticks
 * fork do not count). */
static int64_t held(const struct rig *r)
{
    int64_t n = 0;
    for (int st = SLOT_READING; st <= SLOT_CLOSING; st++)
        n += rig_slot(r, (enum slot_state)st);
    return n;
}

/* The worker is held at T - 1 ns and free just after T, or never. */
static void held_until(struct rig *r, simtime_t t)
{
    rig_run(r, t - 1);
    ck_assert_int_eq(held(r), 1);
    rig_run(r, t);
    ck_assert_int_eq(held(r), 0);
}

/* G-15: the response is finished at 10.000. */
static struct rig *ten_seconds(int mpm, const char *text, bool silent)
{
    struct rig *r = rig_of(mpm, text);
    rig_start(r);
    rig_add(r, &(struct guest){ .d.sleep = 10 * SIM_S,
                                .hold = true,
                                .link.ignores_fin = silent });
    rig_run(r, 9 * SIM_S);
    ck_assert_int_eq(held(r), 1);
    return r;
}

START_TEST(g15_a_client_that_closes_on_fin_is_gone_at_15)
{
    struct rig *r = ten_seconds(_i, "KeepAliveTimeout 5", false);
    if (_i == EVENT) {
        held_until(r, 10 * SIM_S);
        rig_run(r, 15 * SIM_S - 1);
        ck_assert_int_eq(r->srv->conns_keepalive, 1);
        rig_run(r, 15 * SIM_S + 100 * SIM_MS); /* E-21 */
    } else {
        rig_run(r, 12 * SIM_S);
        ck_assert_int_eq(rig_slot(r, SLOT_KEEPALIVE), 1); /* C-32 */
        held_until(r, 15 * SIM_S);
    }
    ck_assert(r->guests[0]->t_closed == 15 * SIM_S);
    ck_assert(rig_is_empty(r));
    rig_free(r);
}
END_TEST

START_TEST(g15_a_client_that_ignores_fin_is_gone_at_17)
{
    struct rig *r = ten_seconds(_i, "KeepAliveTimeout 5", true);
    if (_i == EVENT) {
        held_until(r, 10 * SIM_S);
        rig_run(r, 16 * SIM_S);
        ck_assert_int_eq(held(r), 0);
        ck_assert_int_eq(r->srv->conns_lingering, 1);
        rig_run(r, 17 * SIM_S - 1);
        ck_assert_int_eq(r->srv->conns_total, 1);
        rig_run(r, 17 * SIM_S);
        ck_assert_int_eq(r->srv->conns_total, 0);
    } else {
        rig_run(r, 16 * SIM_S);
        ck_assert_int_eq(rig_slot(r, SLOT_CLOSING), 1); /* C-35 */
        held_until(r, 17 * SIM_S);
    }
    rig_free(r);
}
END_TEST

START_TEST(g15_connection_close_to_a_silent_peer_takes_2_or_30_s)
{
    struct rig *r = ten_seconds(_i, "KeepAlive Off", true);
    if (_i == EVENT) { /* E-27 */
        held_until(r, 10 * SIM_S);
        rig_run(r, 40 * SIM_S - 1);
        ck_assert_int_eq(r->srv->conns_total, 1);
        ck_assert_int_eq(r->srv->conns_lingering, 1);
        rig_run(r, 40 * SIM_S);
        ck_assert_int_eq(r->srv->conns_total, 0);
    } else {
        held_until(r, 12 * SIM_S);
    }
    rig_free(r);
}
END_TEST

/* G-17: the client says nothing after the handshake. */
static void silent_client(int mpm, const char *text, bool reqtimeout,
                          simtime_t accepted, simtime_t fin, simtime_t gone)
{
    struct rig *r = rig_of(mpm, text);
    r->dirs.reqtimeout_loaded = reqtimeout;
    rig_start(r);
    rig_add(r, &(struct guest){ .silent = true, .link.ignores_fin = true });
    if (accepted > 0) {
        rig_run(r, accepted - 1);
        ck_assert_int_eq(held(r), 0);
        ck_assert_int_eq(r->srv->half_open, 1); /* K-12 */
        ck_assert_int_eq(r->srv->queue_len, 0);
    }
    rig_run(r, accepted);
    ck_assert_int_eq(held(r), 1);
    if (mpm == EVENT) {
        held_until(r, fin);
        rig_run(r, gone - 1);
        ck_assert_int_eq(r->srv->conns_total, 1);
        rig_run(r, gone);
        ck_assert_int_eq(r->srv->conns_total, 0);
    } else {
        rig_run(r, fin - 1);
        ck_assert_int_eq(rig_slot(r, SLOT_READING), 1);
        rig_run(r, fin);
        ck_assert_int_eq(rig_slot(r, SLOT_CLOSING), 1);
        held_until(r, gone);
    }
    rig_free(r);
}

START_TEST(g17_a_silent_client_holds_nothing_for_31_s)
{
    silent_client(_i, "Timeout 60", true, 31 * SIM_S, 51 * SIM_S, 53 * SIM_S);
}
END_TEST

START_TEST(g17_without_mod_reqtimeout_it_holds_a_worker_for_timeout)
{
    silent_client(_i, "Timeout 60", false, 31 * SIM_S, 91 * SIM_S,
                  (_i == EVENT ? 121 : 93) * SIM_S);
}
END_TEST

START_TEST(g17_with_accept_filter_none_all_is_31_s_earlier)
{
    silent_client(_i, "Timeout 60\nAcceptFilter http none", true, 0, 20 * SIM_S,
                  22 * SIM_S);
    silent_client(_i, "Timeout 60\nAcceptFilter http none", false, 0,
                  60 * SIM_S, (_i == EVENT ? 90 : 62) * SIM_S);
}
END_TEST

static struct guest *sender(struct rig *r, float up, uint16_t head)
{
    r->dirs.reqtimeout_loaded = true;
    rig_start(r);
    return rig_add(r, &(struct guest){ .link.up = up, .d.head = head });
}

START_TEST(g18_a_trickling_head_is_cut_between_20_and_21_s)
{
    struct rig *r = rig_of(_i, "Timeout 60");
    struct guest *g = sender(r, 0.2F, 256); /* 1 byte every 5 s */
    rig_run(r, 20 * SIM_S - 1);
    ck_assert_int_eq(rig_slot(r, SLOT_READING), 1);
    rig_run(r, 21 * SIM_S);
    ck_assert_int_eq(held(r), 0);
    /* five bytes are no request line yet: nothing is answered */
    ck_assert_int_eq(g->answered, 0);
    ck_assert_int_eq(g->closed, 1);
    ck_assert(rig_is_empty(r));
    rig_free(r);
}
END_TEST

START_TEST(g18_a_steady_head_gets_the_maximum_of_40_s)
{
    struct rig *r = rig_of(_i, "Timeout 60");
    struct guest *g = sender(r, 1000, 60000);
    rig_run(r, 40 * SIM_S - 1);
    ck_assert_int_eq(rig_slot(r, SLOT_READING), 1);
    rig_run(r, 41 * SIM_S);
    ck_assert_int_eq(held(r), 0);
    ck_assert_int_eq(g->status, 408);
    rig_free(r);
    r = rig_of(_i, "Timeout 60"); /* a head of 39 s is served */
    g = sender(r, 1000, 39000);
    rig_run(r, 41 * SIM_S);
    ck_assert_int_eq(g->status, 200);
    rig_free(r);
}
END_TEST

START_TEST(g20_max_keepalive_requests_3_allows_4_requests)
{
    struct rig *r = rig_of(_i, "MaxKeepAliveRequests 3");
    rig_start(r);
    struct guest *g =
        rig_add(r, &(struct guest){ .requests = 10, .think = SIM_MS });
    rig_run(r, 2 * SIM_MS);
    ck_assert_int_eq(g->answered, 3);
    ck_assert(!g->close);
    rig_run(r, SIM_S);
    ck_assert_int_eq(g->answered, 4);
    ck_assert(g->close);
    ck_assert_int_eq(g->closed, 1);
    rig_free(r);
}
END_TEST

#define BODY     10485760
#define CAPACITY 65536
#define DRAIN    125000.0
#define WAKE_S   ((CAPACITY / 3) / DRAIN) /* K-15: a third at a time */

/* How long a thread writes the body of G-21, in seconds. */
static double writing_s(int mpm, bool file, bool tls, int64_t *wakeups)
{
    struct rig *r = rig_of(mpm, "KeepAlive Off\nListen 80\n"
                                "Listen 443 https");
    r->conf.network.send_capacity = CAPACITY;
    rig_start(r);
    struct guest *g = rig_add(r, &(struct guest){ .d.bytes = BODY,
                                                  .d.file = file,
                                                  .link.tls = tls,
                                                  .link.down = 125000 });
    double w = 0;
    simtime_t step = 10 * SIM_MS;
    for (simtime_t t = 0; t < 100 * SIM_S; t += step) {
        rig_run(r, t);
        w += rig_slot(r, SLOT_WRITING) ? simtime_to_s(step) : 0;
    }
    ck_assert_int_eq(g->answered, 1);
    ck_assert_int_eq(g->bytes, BODY);
    /* K-19: the transfer takes R / r as the client sees it */
    ck_assert_double_eq_tol(simtime_to_s(g->t_done), BODY / DRAIN, 0.04);
    *wakeups = r->writable;
    rig_free(r);
    return w;
}

START_TEST(g21_a_slow_download_holds_a_sync_worker_for_83_s)
{
    int64_t n;
    double w = writing_s(_i, true, false, &n);
    ck_assert_double_eq_tol(w, 83.36, WAKE_S + 0.02);
    w = writing_s(_i, false, true, &n);
    ck_assert_double_eq_tol(w, 83.36, WAKE_S + 0.02);
}
END_TEST

START_TEST(g21_event_writes_a_file_without_a_worker)
{
    int64_t n;
    double w = writing_s(EVENT, true, false, &n);
    ck_assert_double_eq_tol(w, 0, 0.02);
    ck_assert_int_ge(n, 476);
    ck_assert_int_le(n, 478);
}
END_TEST

START_TEST(g21_event_holds_a_worker_for_tls_and_generated_bodies)
{
    int64_t n;
    double w = writing_s(EVENT, true, true, &n);
    ck_assert_double_eq_tol(w, 82.84, WAKE_S + 0.02);
    w = writing_s(EVENT, false, false, &n);
    ck_assert_double_eq_tol(w, 82.84, WAKE_S + 0.02);
    ck_assert_int_le(n, 4); /* the 65535 bytes that may be set aside */
}
END_TEST

START_TEST(g22_an_upload_holds_a_worker_for_its_100_s)
{
    struct rig *r = rig_of(_i, "Timeout 60");
    r->dirs.reqtimeout_loaded = true;
    rig_start(r);
    struct guest *g = rig_add(
        r, &(struct guest){ .d.body = 1000000, .d.head = 1, .link.up = 10000 });
    held_until(r, 100 * SIM_S);
    ck_assert_int_eq(g->status, 200);
    ck_assert(g->t_done == 100 * SIM_S);
    rig_free(r);
}
END_TEST

Suite *suite_timeline_clients(void);
Suite *suite_timeline_clients(void)
{
    Suite *s = suite_create("timeline_clients");
    TCase *t = tcase_create("clients");
    tcase_set_timeout(t, 60);
#define ALL(name)  tcase_add_loop_test(t, name, 0, 3)
#define SYNC(name) tcase_add_loop_test(t, name, 0, EVENT)
    ALL(g15_a_client_that_closes_on_fin_is_gone_at_15);
    ALL(g15_a_client_that_ignores_fin_is_gone_at_17);
    ALL(g15_connection_close_to_a_silent_peer_takes_2_or_30_s);
    ALL(g17_a_silent_client_holds_nothing_for_31_s);
    ALL(g17_without_mod_reqtimeout_it_holds_a_worker_for_timeout);
    ALL(g17_with_accept_filter_none_all_is_31_s_earlier);
    ALL(g18_a_trickling_head_is_cut_between_20_and_21_s);
    ALL(g18_a_steady_head_gets_the_maximum_of_40_s);
    ALL(g20_max_keepalive_requests_3_allows_4_requests);
    SYNC(g21_a_slow_download_holds_a_sync_worker_for_83_s);
    tcase_add_test(t, g21_event_writes_a_file_without_a_worker);
    tcase_add_test(t, g21_event_holds_a_worker_for_tls_and_generated_bodies);
    ALL(g22_an_upload_holds_a_worker_for_its_100_s);
#undef ALL
#undef SYNC
    suite_add_tcase(s, t);
    return s;
}
