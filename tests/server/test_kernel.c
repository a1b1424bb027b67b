/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Listening sockets: retransmission timers, SYN and accept queues, who is
 * served in which order (K-1 … K-21, C-25 … C-27, C-40). */
#include "server/inside.h"
#include "tests/timelines/rig.h"

#include <check.h>
#include <stdio.h>

#define ONE                                                                    \
    "StartServers 1\nMinSpareServers 1\nMaxRequestWorkers 1\nKeepAlive Off\n"

START_TEST(k20_timers_fire_on_the_wheel_of_250_hz)
{
    static const struct {
        int64_t delay_ms, due_ms;
    } t[] = { { 200, 204 },   { 251, 252 },     { 252, 256 },
              { 1000, 1024 }, { 2000, 2016 },   { 3000, 3072 },
              { 7000, 7168 }, { 16000, 16128 }, { 32000, 32768 } };
    struct rig *r = rig_new("prefork", ONE);
    r->conf.network.timer_grid = true;
    r->conf.network.hz = 250;
    rig_start(r);
    r->srv->timer_phase = 0;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++)
        ck_assert_int_eq(kernel_timer(r->srv, 0, t[i].delay_ms * SIM_MS),
                         t[i].due_ms * SIM_MS);
    /* what is dropped within 256 ms retries together */
    ck_assert_int_eq(kernel_timer(r->srv, 30 * SIM_MS, 4 * SIM_S),
                     kernel_timer(r->srv, 80 * SIM_MS, 4 * SIM_S));
    /* before t = 0 the grid is the same */
    ck_assert_int_eq(kernel_timer(r->srv, -SIM_S, 200 * SIM_MS), -796 * SIM_MS);
    /* ... and it lies anywhere: 5 ms further back, say */
    r->srv->timer_phase = 5 * SIM_MS;
    ck_assert_int_eq(kernel_timer(r->srv, 0, 200 * SIM_MS), 203 * SIM_MS);
    ck_assert_int_eq(kernel_timer(r->srv, 0, 3 * SIM_S), 3067 * SIM_MS);
    rig_free(r);
}
END_TEST

START_TEST(k20_timers_fire_on_the_wheel_of_1000_hz)
{
    static const struct {
        int64_t delay_ms, due_ms;
    } t[] = { { 50, 51 },
              { 200, 208 },
              { 1000, 1024 },
              { 8000, 8192 },
              { 32000, 32256 } };
    struct rig *r = rig_new("prefork", ONE);
    r->conf.network.timer_grid = true;
    r->conf.network.hz = 1000;
    rig_start(r);
    r->srv->timer_phase = 0;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++)
        ck_assert_int_eq(kernel_timer(r->srv, 0, t[i].delay_ms * SIM_MS),
                         t[i].due_ms * SIM_MS);
    r->srv->conf.network.timer_grid = false;
    ck_assert_int_eq(kernel_timer(r->srv, 5, SIM_S), SIM_S + 5);
    rig_free(r);
}
END_TEST

START_TEST(k1_the_queue_takes_one_more_than_its_limit)
{
    static const struct {
        int backlog, somaxconn, fits;
    } t[] = { { 16, 4096, 17 }, { 511, 128, 129 }, { 1, 4096, 2 } };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct rig *r = rig_new("prefork", ONE);
        r->conf.network.somaxconn = t[i].somaxconn;
        rig_start(r);
        r->srv->conf.settings.listen_backlog = t[i].backlog;
        rig_add(r, &(struct guest){ .d.sleep = 100 * SIM_S });
        rig_crowd(r, 200, 1, &(struct guest){ .at = SIM_MS });
        rig_run(r, SIM_S / 2);
        ck_assert_int_eq(r->srv->queue_len, t[i].fits);
        ck_assert_int_eq(r->srv->queue_peak, t[i].fits);
        ck_assert_int_eq(r->srv->now.overflows, 200 - t[i].fits);
        ck_assert_int_eq(r->srv->now.drops, r->srv->now.overflows);
        rig_free(r);
    }
}
END_TEST

/* A client whose SYNs are never answered: their times, and when it fails. */
static void syn_schedule(int linear, const int *s, int n, int fails_s)
{
    struct rig *r = rig_new("prefork", ONE "ListenBacklog 1");
    r->conf.network.tcp_syn_linear_timeouts = linear;
    rig_start(r);
    rig_add(r, &(struct guest){ .d.sleep = 1000 * SIM_S });
    rig_crowd(r, 2, 1, &(struct guest){ .at = 1 }); /* fill the queue */
    struct guest *g = rig_add(r, &(struct guest){ .at = SIM_MS });
    rig_run(r, SIM_MS);
    ck_assert_int_eq(r->srv->now.overflows, 1);
    for (int i = 0; i < n; i++) {
        rig_run(r, s[i] * SIM_S + SIM_MS - 1);
        ck_assert_int_eq(r->srv->now.overflows, i + 1);
        rig_run(r, s[i] * SIM_S + SIM_MS);
        ck_assert_int_eq(r->srv->now.overflows, i + 2);
    }
    rig_run(r, 200 * SIM_S);
    ck_assert_int_eq(g->failed, 1);
    ck_assert_int_eq(g->why, REQ_TIMEOUT);
    ck_assert(g->t_failed == fails_s * SIM_S + SIM_MS);
    rig_free(r);
}

START_TEST(k6_syn_retries_of_kernels_before_6_5)
{
    static const int s[] = { 1, 3, 7, 15, 31, 63 };
    syn_schedule(0, s, 6, 127);
}
END_TEST

START_TEST(k6_syn_retries_of_kernels_from_6_5)
{
    static const int s[] = { 1, 2, 3, 4, 5, 7, 11, 19, 35, 67 };
    syn_schedule(4, s, 10, 131);
}
END_TEST

/* Five SYNs of one instant, 0.2 s from the start, meet room for one: a long
 * request is served and as many wait as the backlog says. */
static struct rig *wave(int backlog, const char *filter, int cookies,
                        int abort_on_overflow)
{
    char conf[120];
    struct rig *r;
    snprintf(conf, sizeof conf, ONE "ListenBacklog %d", backlog);
    r = rig_new("prefork", conf);
    r->conf.network.rtt = 10 * SIM_MS;
    r->conf.network.tcp_syncookies = cookies;
    r->conf.network.tcp_abort_on_overflow = abort_on_overflow;
    rig_set(r, filter);
    rig_start(r);
    rig_add(r, &(struct guest){ .d.sleep = 2 * SIM_S });
    rig_crowd(r, backlog, 0, &(struct guest){ .at = 100 * SIM_MS });
    return r;
}

static void five(struct rig *r)
{
    rig_crowd(r, 5, 0, &(struct guest){ .at = 200 * SIM_MS });
    rig_run(r, 220 * SIM_MS);
    for (uint32_t i = r->nguests - 5; i < r->nguests; i++)
        ck_assert(r->guests[i]->t_connected == 210 * SIM_MS);
}

static int resets(const struct rig *r)
{
    int n = 0;
    for (uint32_t i = 0; i < r->nguests; i++)
        n += r->guests[i]->closed && r->guests[i]->how == NET_RST &&
             r->guests[i]->lost == 1;
    return n;
}

static void all_served(struct rig *r)
{
    rig_run(r, 60 * SIM_S);
    ck_assert_int_eq(rig_answered(r), (int)r->nguests);
    ck_assert(rig_is_empty(r));
    rig_free(r);
}

START_TEST(k21_all_syns_of_a_wave_are_answered_and_one_gets_in)
{
    struct rig *r = wave(4, "AcceptFilter http data", 1, 0);
    five(r);
    ck_assert_int_eq(r->srv->queue_len, 5);
    ck_assert_int_eq(r->srv->half_open, 4);
    ck_assert_int_eq(r->srv->now.overflows, 4); /* the data of four */
    /* K-5: again after 0.21, 0.63 … s */
    rig_run(r, 215 * SIM_MS + 210 * SIM_MS);
    ck_assert_int_eq(r->srv->now.overflows, 8);
    rig_run(r, 215 * SIM_MS + 630 * SIM_MS);
    ck_assert_int_eq(r->srv->now.overflows, 12);
    all_served(r);
}
END_TEST

START_TEST(k4_without_deferred_accept_bare_acks_count_as_well)
{
    struct rig *r = wave(4, "AcceptFilter http none", 1, 0);
    five(r);
    ck_assert_int_eq(r->srv->half_open, 4);
    ck_assert_int_eq(r->srv->now.overflows, 8); /* four ACKs, four data */
    all_served(r);
}
END_TEST

START_TEST(k4_abort_on_overflow_resets_at_once)
{
    struct rig *r = wave(4, "AcceptFilter http data", 1, 1);
    five(r);
    ck_assert_int_eq(resets(r), 4);
    rig_run(r, 60 * SIM_S);
    ck_assert_int_eq(rig_answered(r), 6);
    ck_assert(rig_is_empty(r));
    rig_free(r);
}
END_TEST

/* What is half-open after five SYNs: the first of those kept is in the queue
 * by then. */
START_TEST(k3_beyond_the_limit_cookies_are_sent_and_no_state_is_kept)
{
    struct rig *r = wave(1, "AcceptFilter http data", 1, 0);
    five(r);
    ck_assert_int_eq(r->srv->queue_len, 2);
    ck_assert_int_eq(r->srv->half_open, 1);
    ck_assert_int_eq(r->srv->now.overflows, 7); /* data of 4, ACKs of 3 */
    all_served(r);
}
END_TEST

START_TEST(k3_what_has_a_cookie_is_not_reset_by_an_overflow)
{
    struct rig *r = wave(1, "AcceptFilter http data", 1, 1);
    five(r);
    ck_assert_int_eq(resets(r), 1);
    rig_run(r, 60 * SIM_S);
    ck_assert_int_eq(rig_answered(r), 6);
    rig_free(r);
}
END_TEST

START_TEST(k3_without_cookies_the_syn_is_dropped)
{
    static const struct {
        int backlog, max, kept;
    } t[] = { { 1, 2048, 2 }, { 50, 4, 4 }, { 50, 8, 7 } };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        char conf[120];
        struct rig *r;
        snprintf(conf, sizeof conf, ONE "ListenBacklog %d", t[i].backlog);
        r = rig_new("prefork", conf);
        r->conf.network.tcp_syncookies = 0;
        r->conf.network.tcp_max_syn_backlog = t[i].max;
        rig_start(r);
        rig_crowd(r, 10, 0, &(struct guest){ .silent = true });
        rig_run(r, SIM_S - 1);
        ck_assert_int_eq(r->srv->half_open, t[i].kept);
        ck_assert_int_eq(r->srv->now.drops, 10 - t[i].kept);
        ck_assert_int_eq(r->srv->now.overflows, 0);
        rig_free(r);
    }
}
END_TEST

/* K-3: with a cookie the ACK alone makes the connection, deferred accept or
 * not; at a full queue it is lost for good, and so is a client that says
 * nothing more. */
START_TEST(k3_a_cookie_ends_deferred_accept)
{
    struct rig *r = rig_new("prefork", ONE);
    r->conf.network.tcp_syncookies = 2;
    rig_start(r);
    rig_add(r, &(struct guest){ .silent = true });
    rig_run(r, 1);
    ck_assert_int_eq(r->srv->accepted, 1);
    ck_assert_int_eq(r->srv->half_open, 0);
    rig_free(r);

    r = wave(1, "AcceptFilter http data", 2, 0);
    rig_add(r, &(struct guest){ .at = 150 * SIM_MS });
    rig_add(r, &(struct guest){ .at = 155 * SIM_MS, .silent = true });
    rig_run(r, 100 * SIM_S);
    ck_assert_int_eq(r->srv->accepted, 3);
    rig_free(r);
}
END_TEST

/* K-3: a cookie is good for this minute and the next. */
START_TEST(k3_a_stale_cookie_is_reset)
{
    static const struct {
        int says_s, resets;
    } t[] = { { 119, 0 }, { 120, 1 } };
    for (size_t i = 0; i < 2; i++) {
        struct rig *r = rig_new("prefork", ONE "ListenBacklog 1");
        r->conf.network.tcp_syncookies = 2;
        r->conf.network.rtt = 2; /* the ACK finds the queue full */
        rig_start(r);
        rig_add(r, &(struct guest){ .d.sleep = 100 * SIM_S });
        rig_crowd(r, 2, 1000, &(struct guest){ .at = 1000 });
        rig_add(r, &(struct guest){ .at = 2000,
                                    .wait = t[i].says_s * SIM_S - 2000 });
        rig_run(r, 130 * SIM_S);
        ck_assert_int_eq(resets(r), t[i].resets);
        ck_assert_int_eq(rig_answered(r), 4 - t[i].resets);
        rig_free(r);
    }
}
END_TEST

/* K-4: five that stay half-open because a request takes forever. The SYN-ACKs
 * go out again after 1, 3, 7, 15 and 31 s; what is then sent is reset. */
START_TEST(k4_a_request_is_given_up_after_63_s)
{
    static const int again[] = { 1, 3, 7, 15, 31 };
    struct rig *r = rig_new("prefork", ONE "ListenBacklog 4");
    r->conf.network.rtt = 10 * SIM_MS;
    rig_set(r, "AcceptFilter http none");
    rig_start(r);
    rig_add(r, &(struct guest){ .d.sleep = 1000 * SIM_S });
    rig_crowd(r, 4, 0, &(struct guest){ .at = 100 * SIM_MS });
    rig_crowd(r, 3, 0,
              &(struct guest){ .at = 195 * SIM_MS, .wait = 100 * SIM_S });
    rig_run(r, 220 * SIM_MS);
    ck_assert_int_eq(r->srv->half_open, 2);
    for (int i = 0; i < 5; i++) { /* ACKs of the two, a round trip later */
        rig_run(r, 210 * SIM_MS - 1 + again[i] * SIM_S);
        ck_assert_int_eq(r->srv->now.overflows, 2 + 2 * i);
        rig_run(r, 210 * SIM_MS + again[i] * SIM_S);
        ck_assert_int_eq(r->srv->now.overflows, 4 + 2 * i);
    }
    rig_run(r, 63 * SIM_S + 199 * SIM_MS);
    ck_assert_int_eq(r->srv->half_open, 2);
    rig_run(r, 63 * SIM_S + 200 * SIM_MS);
    ck_assert_int_eq(r->srv->half_open, 0);
    rig_run(r, 101 * SIM_S);
    ck_assert_int_eq(resets(r), 2);
    rig_free(r);
}
END_TEST

/* K-4: half of the room is for the young. Fourteen old ones of sixteen live
 * 7 s instead of 63, until no more than half of the room is taken. */
START_TEST(k4_old_requests_make_way)
{
    struct rig *r = rig_new("prefork", ONE "ListenBacklog 16");
    r->conf.network.rtt = 10 * SIM_MS;
    rig_set(r, "AcceptFilter http none");
    rig_start(r);
    rig_add(r, &(struct guest){ .d.sleep = 1000 * SIM_S });
    rig_crowd(r, 16, 0, &(struct guest){ .at = 100 * SIM_MS });
    rig_crowd(r, 15, 0, &(struct guest){ .at = 195 * SIM_MS, .silent = true });
    rig_run(r, 7 * SIM_S + 199 * SIM_MS);
    ck_assert_int_eq(r->srv->half_open, 14);
    rig_run(r, 7 * SIM_S + 200 * SIM_MS);
    ck_assert_int_eq(r->srv->half_open, 8);
    rig_run(r, 63 * SIM_S + 199 * SIM_MS);
    ck_assert_int_eq(r->srv->half_open, 8);
    rig_run(r, 63 * SIM_S + 200 * SIM_MS);
    ck_assert_int_eq(r->srv->half_open, 0);
    rig_free(r);
}
END_TEST

/* K-4: the time-outs double up to TCP_RTO_MAX: 1, 2, 4 … 64, 120, 120 s. */
START_TEST(k4_synack_timeouts_end_at_two_minutes)
{
    struct rig *r = rig_new("prefork", ONE "ListenBacklog 4");
    r->conf.network.tcp_synack_retries = 70;
    rig_set(r, "AcceptFilter http none");
    rig_start(r);
    rig_add(r, &(struct guest){ .d.sleep = 20000 * SIM_S });
    rig_crowd(r, 4, 0, &(struct guest){ .at = SIM_S / 2, .silent = true });
    rig_crowd(r, 2, 0, &(struct guest){ .at = SIM_S, .silent = true });
    rig_run(r, SIM_S);
    int64_t before = r->srv->now.overflows;
    ck_assert_int_eq(r->srv->half_open, 1);
    rig_run(r, 128 * SIM_S); /* 1 + 127 */
    ck_assert_int_eq(r->srv->now.overflows, before + 7);
    rig_run(r, (128 + 63 * 120) * SIM_S);
    ck_assert_int_eq(r->srv->now.overflows, before + 70);
    ck_assert_int_eq(r->srv->half_open, 1);
    rig_run(r, (128 + 64 * 120) * SIM_S);
    ck_assert_int_eq(r->srv->half_open, 0);
    rig_free(r);
}
END_TEST

/* K-7: the end of the listening socket is the end of what is half-open. */
START_TEST(k12_a_bare_ack_to_a_closed_listener_is_reset)
{
    struct rig *r = rig_new("prefork", ONE);
    r->conf.network.rtt = 100 * SIM_MS;
    rig_start(r);
    struct guest *g =
        rig_add(r, &(struct guest){ .at = SIM_S, .silent = true });
    rig_run(r, SIM_S + 120 * SIM_MS); /* connected, its ACK on the way */
    kernel_close(r->srv);
    rig_run(r, 2 * SIM_S);
    ck_assert_int_eq(g->closed, 1);
    ck_assert_int_eq(g->how, NET_RST);
    ck_assert_int_eq(r->srv->half_open, 0);
    rig_free(r);
}
END_TEST

/* K-12: at 31 s a bare ACK counts, once: what finds the queue full then is
 * forgotten at 63 s. */
START_TEST(k12_one_chance_at_31_s)
{
    struct rig *r = rig_new("prefork", ONE "ListenBacklog 1");
    rig_start(r);
    rig_add(r, &(struct guest){ .silent = true });
    rig_add(r, &(struct guest){ .at = SIM_S, .d.sleep = 1000 * SIM_S });
    rig_crowd(r, 2, 0, &(struct guest){ .at = 2 * SIM_S });
    rig_run(r, 31 * SIM_S - 1);
    ck_assert_int_eq(r->srv->now.overflows, 0);
    rig_run(r, 63 * SIM_S - 1);
    ck_assert_int_eq(r->srv->now.overflows, 1);
    ck_assert_int_eq(r->srv->half_open, 1);
    rig_run(r, 63 * SIM_S);
    ck_assert_int_eq(r->srv->now.overflows, 1);
    ck_assert_int_eq(r->srv->half_open, 0);
    rig_free(r);
}
END_TEST

START_TEST(k8_the_child_that_waited_longest_gets_the_connection)
{
    struct rig *r = rig_new("prefork", "StartServers 3\nMinSpareServers 1\n"
                                       "KeepAlive Off");
    rig_start(r);
    rig_crowd(r, 7, 100 * SIM_MS, &(struct guest){ .d.sleep = 50 * SIM_MS });
    for (uint32_t i = 0; i < 7; i++) {
        rig_run(r, i * 100 * SIM_MS + 10 * SIM_MS);
        ck_assert_uint_eq(r->srv->cells[i % 3], SLOT_WRITING);
    }
    rig_free(r);
}
END_TEST

START_TEST(k9_connections_are_accepted_in_order)
{
    struct rig *r = rig_new("prefork", ONE);
    rig_start(r);
    rig_crowd(r, 20, 1, &(struct guest){ .d.sleep = SIM_MS });
    rig_run(r, SIM_S);
    for (int i = 1; i < 20; i++)
        ck_assert_int_gt(r->guests[i]->t_done, r->guests[i - 1]->t_done);
    rig_free(r);
}
END_TEST

START_TEST(c26_ready_listeners_take_turns)
{
    struct rig *r = rig_new("prefork", ONE "Listen 80\nListen 443 https");
    rig_start(r);
    rig_add(r, &(struct guest){ .d.sleep = SIM_S }); /* from port 80 */
    rig_crowd(r, 3, 0, &(struct guest){ .at = SIM_MS, .d.sleep = 10 * SIM_MS });
    rig_crowd(r, 3, 0,
              &(struct guest){
                  .at = SIM_MS, .link.tls = true, .d.sleep = 10 * SIM_MS });
    rig_run(r, 2 * SIM_S);
    for (int i = 1; i <= 3; i++) { /* 443, 80, 443 … */
        ck_assert(r->guests[i + 3]->t_done ==
                  SIM_S + (2 * i - 1) * 10 * SIM_MS);
        ck_assert(r->guests[i]->t_done == SIM_S + 2 * i * 10 * SIM_MS);
    }
    rig_free(r);
}
END_TEST

/* Whoever polls for the first time finds the last Listen line in front. */
START_TEST(c26_new_children_begin_with_the_last_listener)
{
    struct rig *r = rig_new("prefork", "StartServers 1\nMinSpareServers 1\n"
                                       "MaxRequestWorkers 4\nListen 80\n"
                                       "Listen 443 https");
    rig_start(r);
    rig_add(r, &(struct guest){ .d.sleep = 9 * SIM_S });
    rig_crowd(r, 3, 0, &(struct guest){ .at = SIM_MS, .d.sleep = 9 * SIM_S });
    rig_crowd(r, 3, 0,
              &(struct guest){
                  .at = 2 * SIM_MS, .link.tls = true, .d.sleep = 9 * SIM_S });
    rig_run(r, 3 * SIM_S); /* one child forked, then two */
    ck_assert_int_eq(rig_children(r), 4);
    for (int i = 4; i <= 6; i++)
        ck_assert_int_eq(r->guests[i]->tls, 1);
    rig_run(r, 12 * SIM_S); /* then it is the other's turn */
    for (int i = 1; i <= 3; i++)
        ck_assert(r->guests[i]->t_done == SIM_NEVER);
    ck_assert_int_eq(r->srv->queue_len, 0);
    rig_free(r);
}
END_TEST

START_TEST(c25_tls_and_plain_clients_need_their_listener)
{
    struct rig *r = rig_new("prefork", ONE "Listen 80");
    rig_start(r);
    struct guest *g = rig_add(r, &(struct guest){ .link.tls = true });
    rig_run(r, SIM_S);
    ck_assert_int_eq(g->failed, 1);
    ck_assert_int_eq(g->why, REQ_REFUSED);
    ck_assert(rig_is_empty(r));
    rig_free(r);
}
END_TEST

START_TEST(c40_buckets_divide_slots_queues_and_spare_limits)
{
    struct rig *r = rig_new("worker", "ThreadsPerChild 5\nStartServers 2\n"
                                      "MaxRequestWorkers 100\n"
                                      "ServerLimit 20\nMinSpareThreads 40\n"
                                      "MaxSpareThreads 60\n"
                                      "ListenCoresBucketsRatio 2");
    r->conf.machine.cpus = 4;
    rig_start(r);
    ck_assert_int_eq(r->srv->nbuckets, 2);
    /* each bucket wants 20 idle threads of its own: 1 + 1 + 2 processes */
    static const int want[] = { 2, 4, 8, 8 };
    for (int t = 0; t < 4; t++) {
        rig_run(r, t * SIM_S);
        ck_assert_int_eq(rig_children(r), want[t]);
    }
    for (uint32_t i = 0; i < 8; i++) {
        const struct child *ch = child_at(r->srv, r->srv->pslots[i].child);
        ck_assert_uint_eq(ch->bucket, i % 2);
    }
    /* K-11: clients spread over both, each served by its own bucket */
    rig_crowd(r, 100, 0,
              &(struct guest){ .at = 4 * SIM_S, .d.sleep = 10 * SIM_MS });
    rig_run(r, 5 * SIM_S);
    ck_assert_int_eq(rig_answered(r), 100);
    rig_free(r);
}
END_TEST

START_TEST(k12_data_ends_the_deferral)
{
    struct rig *r = rig_new("prefork", ONE);
    rig_start(r);
    struct guest *g = rig_add(r, &(struct guest){ .wait = 10 * SIM_S });
    rig_run(r, 10 * SIM_S - 1);
    ck_assert_int_eq(r->srv->half_open, 1);
    ck_assert_int_eq(r->srv->accepted, 0);
    rig_run(r, 10 * SIM_S);
    ck_assert(g->t_done == 10 * SIM_S);
    ck_assert_int_eq(r->srv->half_open, 0);
    rig_free(r);
}
END_TEST

START_TEST(k12_a_silent_client_that_leaves_is_forgotten)
{
    struct rig *r = rig_new("prefork", ONE);
    rig_start(r);
    rig_add(r, &(struct guest){ .silent = true, .leave = 10 * SIM_S });
    rig_run(r, 10 * SIM_S);
    ck_assert_int_eq(r->srv->half_open, 0);
    ck_assert(rig_is_empty(r));
    rig_free(r);
}
END_TEST

START_TEST(c4_nobody_listens_before_the_server_is_ready)
{
    struct rig *r = rig_new("prefork", ONE);
    r->conf.machine.ready = 100 * SIM_MS;
    rig_start(r);
    struct guest *early = rig_add(r, &(struct guest){ .at = 50 * SIM_MS });
    struct guest *late = rig_add(r, &(struct guest){ .at = 100 * SIM_MS });
    rig_run(r, SIM_S);
    ck_assert_int_eq(early->why, REQ_REFUSED);
    ck_assert_int_eq(late->answered, 1);
    /* C-4: the first tick comes a second after start-up */
    rig_run(r, 2 * SIM_S);
    ck_assert(r->ticks[0].t == 1100 * SIM_MS);
    rig_free(r);
}
END_TEST

Suite *suite_kernel(void);
Suite *suite_kernel(void)
{
    Suite *s = suite_create("kernel");
    TCase *t = tcase_create("queues");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, k20_timers_fire_on_the_wheel_of_250_hz);
    tcase_add_test(t, k20_timers_fire_on_the_wheel_of_1000_hz);
    tcase_add_test(t, k1_the_queue_takes_one_more_than_its_limit);
    tcase_add_test(t, k6_syn_retries_of_kernels_before_6_5);
    tcase_add_test(t, k6_syn_retries_of_kernels_from_6_5);
    tcase_add_test(t, k21_all_syns_of_a_wave_are_answered_and_one_gets_in);
    tcase_add_test(t, k4_without_deferred_accept_bare_acks_count_as_well);
    tcase_add_test(t, k4_abort_on_overflow_resets_at_once);
    tcase_add_test(t,
                   k3_beyond_the_limit_cookies_are_sent_and_no_state_is_kept);
    tcase_add_test(t, k3_what_has_a_cookie_is_not_reset_by_an_overflow);
    tcase_add_test(t, k3_without_cookies_the_syn_is_dropped);
    tcase_add_test(t, k3_a_cookie_ends_deferred_accept);
    tcase_add_test(t, k3_a_stale_cookie_is_reset);
    tcase_add_test(t, k4_a_request_is_given_up_after_63_s);
    tcase_add_test(t, k4_old_requests_make_way);
    tcase_add_test(t, k12_one_chance_at_31_s);
    tcase_add_test(t, k4_synack_timeouts_end_at_two_minutes);
    tcase_add_test(t, k12_a_bare_ack_to_a_closed_listener_is_reset);
    tcase_add_test(t, k8_the_child_that_waited_longest_gets_the_connection);
    tcase_add_test(t, k9_connections_are_accepted_in_order);
    tcase_add_test(t, c26_ready_listeners_take_turns);
    tcase_add_test(t, c26_new_children_begin_with_the_last_listener);
    tcase_add_test(t, c25_tls_and_plain_clients_need_their_listener);
    tcase_add_test(t, c40_buckets_divide_slots_queues_and_spare_limits);
    tcase_add_test(t, k12_data_ends_the_deferral);
    tcase_add_test(t, k12_a_silent_client_that_leaves_is_forgotten);
    tcase_add_test(t, c4_nobody_listens_before_the_server_is_ready);
    suite_add_tcase(s, t);
    return s;
}
