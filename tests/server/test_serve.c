/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A thread and its connection: keep-alive, time-outs, closing, buffers
 * (C-29 … C-39, K-15, K-19). */
#include "server/inside.h"
#include "server/sockbuf.h"
#include "tests/timelines/rig.h"

#include <check.h>
#include <math.h>

static struct rig *one(const char *mpm, const char *text)
{
    struct rig *r = rig_new(mpm, "StartServers 1\n");
    rig_set(r, text);
    return r;
}

static struct guest *ask(struct rig *r, const char *text, int requests)
{
    rig_set(r, text);
    rig_start(r);
    struct guest *g =
        rig_add(r, &(struct guest){ .requests = requests, .think = SIM_MS });
    rig_run(r, SIM_S / 2);
    return g;
}

START_TEST(c29_what_keeps_a_connection_open)
{
    static const struct {
        const char *text;
        int answered;
        bool close;
    } t[] = { { "KeepAlive On", 5, false },
              { "KeepAlive Off", 1, true },
              { "KeepAliveTimeout 0", 1, true },
              { "MaxKeepAliveRequests 0", 5, false },
              { "MaxKeepAliveRequests 1", 2, true }, /* C-30 */
              { "MaxKeepAliveRequests 4", 5, true },
              { "MaxKeepAliveRequests 5", 5, false } };
    static const char *const mpms[] = { "prefork", "worker", "event" };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct rig *r = one(mpms[_i], "Timeout 60");
        struct guest *g = ask(r, t[i].text, 5);
        ck_assert_int_eq(g->answered, t[i].answered);
        ck_assert(g->close == t[i].close);
        ck_assert(rig_is_empty(r));
        rig_free(r);
    }
}
END_TEST

START_TEST(c35_closing_costs_one_round_trip)
{
    struct rig *r = one("prefork", "KeepAlive Off");
    r->conf.network.rtt = 40 * SIM_MS;
    rig_start(r);
    struct guest *g = rig_add(r, &(struct guest){ .d.sleep = SIM_S / 10 });
    /* SYN 20, SYN-ACK 40, request 60, answered 160, seen 180, FIN back 200 */
    rig_run(r, 160 * SIM_MS);
    ck_assert_int_eq(rig_slot(r, SLOT_CLOSING), 1);
    rig_run(r, 200 * SIM_MS - 1);
    ck_assert_int_eq(rig_slot(r, SLOT_CLOSING), 1);
    rig_run(r, 200 * SIM_MS);
    ck_assert_int_eq(rig_slot(r, SLOT_CLOSING), 0);
    ck_assert(g->t_connected == 40 * SIM_MS);
    ck_assert(g->t_done == 180 * SIM_MS);
    ck_assert(g->t_closed == 180 * SIM_MS);
    rig_free(r);
}
END_TEST

START_TEST(c36_a_reset_connection_is_not_lingered_on)
{
    struct rig *r = one("prefork", "KeepAlive Off");
    rig_start(r);
    struct guest *g = rig_add(
        r, &(struct guest){ .d.sleep = 10 * SIM_S, .leave = SIM_S / 2 });
    rig_run(r, 9 * SIM_S);
    ck_assert_int_eq(rig_slot(r, SLOT_WRITING), 1); /* it does not look */
    rig_run(r, 10 * SIM_S);
    ck_assert_int_eq(rig_slot(r, SLOT_WRITING), 0);
    ck_assert_int_eq(rig_slot(r, SLOT_CLOSING), 0);
    ck_assert_int_eq(g->answered, 0);
    ck_assert_int_eq(g->lost, 1);
    ck_assert(rig_is_empty(r));
    rig_free(r);
}
END_TEST

START_TEST(c31_timeout_ends_a_write_without_progress)
{
    struct rig *r = one("worker", "KeepAlive Off\nTimeout 10");
    r->conf.network.send_capacity = 60000;
    rig_start(r);
    /* a third of the buffer takes 20 s */
    struct guest *g =
        rig_add(r, &(struct guest){ .d.bytes = 1000000, .link.down = 1000 });
    rig_run(r, 10 * SIM_S - 1);
    ck_assert_int_eq(rig_slot(r, SLOT_WRITING), 1);
    rig_run(r, 10 * SIM_S);
    ck_assert_int_eq(rig_slot(r, SLOT_WRITING), 0);
    rig_run(r, 200 * SIM_S);
    ck_assert_int_eq(g->answered, 0);
    ck_assert_int_eq(g->closed, 1);
    rig_free(r);
}
END_TEST

/* A buffer too small for a third of it still drains byte by byte. */
START_TEST(k19_a_buffer_of_one_byte_drains)
{
    static const char *const mpm[] = { "prefork", "worker", "event" };
    for (int i = 0; i < 3; i++) {
        struct rig *r = one(mpm[i], "KeepAlive Off");
        r->conf.network.send_capacity = 1;
        rig_start(r);
        struct guest *g =
            rig_add(r, &(struct guest){ .d.bytes = 100, .link.down = 10 });
        rig_run(r, 60 * SIM_S);
        ck_assert_int_eq(g->answered, 1);
        rig_free(r);
    }
}
END_TEST

START_TEST(c33_a_slow_body_is_cut_with_408)
{
    struct rig *r = one("worker", "KeepAlive Off");
    r->dirs.reqtimeout_loaded = true;
    rig_start(r);
    /* 250 bytes a second: 20 s + half a second per second, cut at 40 s */
    struct guest *g = rig_add(
        r, &(struct guest){ .d.body = 20000, .d.head = 1, .link.up = 250 });
    rig_run(r, 40 * SIM_S - SIM_MS);
    ck_assert_int_eq(g->answered, 0);
    rig_run(r, 41 * SIM_S + SIM_MS);
    ck_assert_int_eq(g->status, 408);
    rig_free(r);
}
END_TEST

START_TEST(c33_a_trickling_head_is_cut_at_the_first_byte_after_20_33_s)
{
    struct rig *r = one("worker", "KeepAlive Off");
    r->dirs.reqtimeout_loaded = true;
    rig_start(r);
    struct guest *g =
        rig_add(r, &(struct guest){ .d.head = 256, .link.up = 8 });
    rig_run(r, 30 * SIM_S);
    ck_assert_int_eq(g->status, 408); /* recorded at 20.387 … 20.404 */
    ck_assert(g->t_done > 20330 * SIM_MS && g->t_done < 20500 * SIM_MS);
    rig_free(r);
}
END_TEST

/* A byte a TLS record of 23: 5 a second are cut off at 20 s / (1 - 0.23) + the
 * last piece (recorded 26.06), 12 a second never (recorded 21.36 … 21.42). */
START_TEST(c33_tls_records_count_with_all_their_bytes)
{
    struct rig *r = one("worker", "KeepAlive Off\nListen 80\n"
                                  "Listen 443 https");
    r->dirs.reqtimeout_loaded = true;
    rig_start(r);
    struct guest *slow = rig_add(
        r, &(struct guest){ .d.head = 256, .link = { .up = 5, .tls = true } });
    struct guest *faster = rig_add(
        r, &(struct guest){ .d.head = 256, .link = { .up = 12, .tls = true } });
    struct guest *plain =
        rig_add(r, &(struct guest){ .d.head = 256, .link.up = 12 });
    rig_run(r, 40 * SIM_S);
    ck_assert_int_eq(slow->status, 408);
    ck_assert(slow->t_done > 25970 * SIM_MS && slow->t_done < 26200 * SIM_MS);
    ck_assert_int_eq(faster->status, 200);
    ck_assert_int_eq(plain->status, 408);
    rig_free(r);
}
END_TEST

/* 163 pieces after the first, each 90 us late. */
START_TEST(k23_the_pieces_of_a_slow_head_drift)
{
    simtime_t cut[2];
    for (int late = 0; late < 2; late++) {
        struct rig *r = one("worker", "KeepAlive Off");
        r->dirs.reqtimeout_loaded = true;
        r->conf.network.client_late = late * 90 * SIM_US;
        rig_start(r);
        struct guest *g =
            rig_add(r, &(struct guest){ .d.head = 256, .link.up = 8 });
        rig_run(r, 30 * SIM_S);
        ck_assert_int_eq(g->status, 408);
        cut[late] = g->t_done;
        rig_free(r);
    }
    ck_assert_int_eq(cut[1] - cut[0], 163 * 90 * SIM_US);
}
END_TEST

START_TEST(c33_who_has_not_sent_the_request_line_gets_no_answer)
{
    struct rig *r = one("worker", "KeepAlive Off\n"
                                  "RequestReadTimeout header=5");
    r->dirs.reqtimeout_loaded = true;
    rig_start(r);
    /* the line, a quarter of the head, takes 8 s, or 4 s */
    struct guest *slow =
        rig_add(r, &(struct guest){ .d.head = 256, .link.up = 8 });
    struct guest *faster =
        rig_add(r, &(struct guest){ .d.head = 256, .link.up = 16 });
    rig_run(r, 7 * SIM_S);
    ck_assert_int_eq(slow->answered, 0);
    ck_assert_int_eq(slow->closed, 1);
    ck_assert_int_eq(slow->cut_bytes, -1);
    ck_assert_int_eq(faster->status, 408);
    rig_free(r);
}
END_TEST

START_TEST(c34_a_slow_head_occupies_a_worker_of_event)
{
    struct rig *r = one("event", "KeepAlive Off");
    rig_start(r);
    struct guest *g =
        rig_add(r, &(struct guest){ .d.head = 256, .link.up = 8 });
    rig_run(r, 31 * SIM_S);
    ck_assert_int_eq(rig_slot(r, SLOT_READING), 1);
    rig_run(r, 33 * SIM_S); /* recorded: 31.92 s */
    ck_assert_int_eq(g->status, 200);
    ck_assert(g->t_done > 31700 * SIM_MS && g->t_done < 32100 * SIM_MS);
    rig_free(r);
}
END_TEST

/* Seconds in W for a response of BYTES at RATE, SendBufferSize SNDBUF. */
static double writing_s(const char *mpm, int64_t bytes, float rate,
                        const char *sndbuf, bool file)
{
    struct rig *r = one(mpm, "KeepAlive Off");
    rig_set(r, sndbuf);
    rig_start(r);
    rig_add(r, &(struct guest){
                   .d.bytes = bytes, .d.file = file, .link.down = rate });
    double w = 0;
    for (simtime_t t = 0; t < 60 * SIM_S; t += 10 * SIM_MS) {
        rig_run(r, t);
        w += rig_slot(r, SLOT_WRITING) ? 0.01 : 0;
    }
    rig_free(r);
    return w;
}

/* How long a client of 100 kB/s needs until BYTES are off httpd's hands. */
static double held_s(double bytes, bool file)
{
    struct sockbuf b = sockbuf_of(65536, 262144, false, file);
    return sockbuf_drained(&b, bytes) / 100000;
}

START_TEST(k19_a_worker_writes_until_the_buffers_have_the_rest)
{
    const double r = 100000;
    double w = writing_s("worker", 1000000, r, "SendBufferSize 131072", false);
    ck_assert_double_eq_tol(w, held_s(1e6, false), 0.03);
    w = writing_s("prefork", 1500000, r, "SendBufferSize 131072", true);
    ck_assert_double_eq_tol(w, held_s(1.5e6, true), 0.03);
    w = writing_s("event", 1000000, r, "SendBufferSize 131072", true);
    ck_assert_double_eq_tol(w, 0, 0.02); /* C-39 */
    w = writing_s("event", 1000000, r, "SendBufferSize 131072", false);
    ck_assert_double_eq_tol(w, held_s(1e6 - 65535, false), 0.03); /* C-37 */
    w = writing_s("worker", 300000, r, "SendBufferSize 131072", false);
    ck_assert_double_eq_tol(w, 0, 0.02); /* fits */
}
END_TEST

START_TEST(c9_states_of_a_tls_connection)
{
    struct rig *r = one("worker", "KeepAlive On\nListen 443 https");
    r->conf.machine.cpu_tls = SIM_S;
    rig_start(r);
    struct guest *g = rig_add(r, &(struct guest){ .link.tls = true,
                                                  .hold = true,
                                                  .wait = SIM_S,
                                                  .d.sleep = SIM_S });
    rig_run(r, SIM_S / 2); /* a handshake is busy already */
    ck_assert_int_eq(rig_slot(r, SLOT_READING), 1);
    rig_run(r, 1500 * SIM_MS);
    ck_assert(g->t_tls == SIM_S);
    ck_assert_int_eq(rig_slot(r, SLOT_READING), 1);
    rig_run(r, 2500 * SIM_MS);
    ck_assert_int_eq(rig_slot(r, SLOT_WRITING), 1);
    rig_run(r, 3500 * SIM_MS);
    ck_assert_int_eq(rig_slot(r, SLOT_KEEPALIVE), 1);
    rig_run(r, 9 * SIM_S);
    ck_assert_int_eq(rig_slot(r, SLOT_KEEPALIVE), 0);
    ck_assert(g->t_closed == 8 * SIM_S);
    rig_free(r);
}
END_TEST

/* The round trips are the same. */
START_TEST(c48_a_resumed_handshake_costs_less_cpu)
{
    for (int resumed = 0; resumed < 2; resumed++) {
        struct rig *r = one("worker", "Listen 443 https");
        r->conf.machine.cpu_tls = SIM_S;
        r->conf.machine.cpu_tls_resumed = SIM_S / 2;
        r->conf.network.rtt = 20 * SIM_MS;
        rig_start(r);
        struct guest *g = rig_add(
            r, &(struct guest){ .link.tls = true, .link.resumed = resumed });
        rig_run(r, 2 * SIM_S);
        ck_assert(g->t_tls == 40 * SIM_MS + (resumed ? SIM_S / 2 : SIM_S));
        ck_assert_int_eq(g->answered, 1);
        rig_free(r);
    }
}
END_TEST

START_TEST(c45_the_logged_duration_leaves_the_queue_out)
{
    struct rig *r = one("prefork", "MaxRequestWorkers 1\nKeepAlive Off");
    rig_start(r);
    rig_crowd(r, 2, 1, &(struct guest){ .d.sleep = SIM_S });
    rig_run(r, 3 * SIM_S);
    ck_assert_int_eq(r->logged, 2);
    ck_assert_int_eq(r->last_logged, SIM_S);
    ck_assert(r->guests[1]->t_done == 2 * SIM_S);
    rig_free(r);
}
END_TEST

START_TEST(conn_states_may_not_be_skipped)
{
    ck_assert(conn_may_go(CONN_CONNECTING, CONN_QUEUED));
    ck_assert(!conn_may_go(CONN_QUEUED, CONN_READING));
    ck_assert(!conn_may_go(CONN_LINGER, CONN_READING));
    for (int st = 0; st < CONN_CLOSED; st++) {
        ck_assert(conn_may_go((enum conn_state)st, CONN_CLOSED));
        ck_assert(!conn_may_go(CONN_CLOSED, (enum conn_state)st));
        ck_assert_ptr_nonnull(conn_state_name((enum conn_state)st));
    }
}
END_TEST

Suite *suite_serve(void);
Suite *suite_serve(void)
{
    Suite *s = suite_create("serve");
    TCase *t = tcase_create("connections");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, c29_what_keeps_a_connection_open, 0, 3);
    tcase_add_test(t, c35_closing_costs_one_round_trip);
    tcase_add_test(t, c36_a_reset_connection_is_not_lingered_on);
    tcase_add_test(t, c31_timeout_ends_a_write_without_progress);
    tcase_add_test(t, k19_a_buffer_of_one_byte_drains);
    tcase_add_test(t, c33_a_slow_body_is_cut_with_408);
    tcase_add_test(t,
                   c33_a_trickling_head_is_cut_at_the_first_byte_after_20_33_s);
    tcase_add_test(t, c33_tls_records_count_with_all_their_bytes);
    tcase_add_test(t, k23_the_pieces_of_a_slow_head_drift);
    tcase_add_test(t, c33_who_has_not_sent_the_request_line_gets_no_answer);
    tcase_add_test(t, c34_a_slow_head_occupies_a_worker_of_event);
    tcase_add_test(t, k19_a_worker_writes_until_the_buffers_have_the_rest);
    tcase_add_test(t, c9_states_of_a_tls_connection);
    tcase_add_test(t, c48_a_resumed_handshake_costs_less_cpu);
    tcase_add_test(t, c45_the_logged_duration_leaves_the_queue_out);
    tcase_add_test(t, conn_states_may_not_be_skipped);
    suite_add_tcase(s, t);
    return s;
}
