/* SPDX-License-Identifier: GPL-3.0-or-later */
/* K-24: round trips of responses, against a real httpd 2.4.71 (worker, cubic)
 * at 80 ms from its clients, and what follows for the models. */
#include "server/inside.h"
#include "tests/timelines/rig.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>

#define RTT (80 * SIM_MS)

static struct rig *far_away(const char *mpm, const char *text)
{
    struct rig *r = rig_new(mpm, text);
    r->conf.network.rtt = RTT;
    r->conf.machine.response_head = 150;
    rig_set(r, "Listen 80\nListen 443 https");
    return r;
}

/* Of the last response, after its first byte. */
static int trips(const struct guest *g)
{
    ck_assert_int_eq((g->t_done - g->t_first_byte) % RTT, 0);
    return (int)((g->t_done - g->t_first_byte) / RTT);
}

/* Until the socket has taken it. */
static int held(const struct rig *r)
{
    return (int)((r->last_logged + RTT / 2) / RTT);
}

/* Recorded: of bodies from memory, and the worker's %D. */
START_TEST(k24_the_first_response_starts_slowly)
{
    static const struct {
        int64_t bytes;
        int read, held, read_tls, read_file;
    } t[] = {
        { 1000, 0, 0, 0, 0 },    { 10000, 0, 0, 0, 0 },
        { 14000, 1, 0, 1, 0 },   { 20000, 1, 0, 1, 1 },
        { 30000, 1, 0, 1, 1 },   { 43000, 2, 0, 2, 1 },
        { 80000, 2, 1, 2, 2 },   { 100000, 2, 2, 3, 2 },
        { 150000, 3, 3, 4, 3 },  { 200000, 4, 3, 4, 4 },
        { 300000, 5, 4, 5, 4 },  { 500000, 6, 4, 6, 7 },
        { 1000000, 8, 5, 8, 7 }, { 3000000, 10, 9, 11, 9 },
    };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++)
        for (int how = 0; how < 3; how++) {
            struct rig *r = far_away("worker", "StartServers 1");
            rig_start(r);
            struct guest *g =
                rig_add(r, &(struct guest){ .at = SIM_S,
                                            .link.tls = how == 1,
                                            .d.file = how == 2,
                                            .d.bytes = t[i].bytes });
            rig_run(r, 10 * SIM_S);
            ck_assert_int_eq(g->answered, 1);
            int want = how == 0   ? t[i].read
                       : how == 1 ? t[i].read_tls
                                  : t[i].read_file;
            /* memory, TLS and file differ by one from 150,000 on */
            int off = t[i].bytes < 150000 ? 0 : t[i].bytes < 3000000 ? 1 : 2;
            ck_assert_msg(abs(trips(g) - want) <= off,
                          "%d bytes (%d): %d, recorded %d", (int)t[i].bytes,
                          how, trips(g), want);
            off = t[i].bytes < 100000 ? 0 : 1;
            ck_assert_msg(how > 0 || abs(held(r) - t[i].held) <= off,
                          "%d bytes: held %d, recorded %d", (int)t[i].bytes,
                          held(r), t[i].held);
            rig_free(r);
        }
}
END_TEST

/* Recorded: the second of two responses on a connection. */
START_TEST(k24_a_window_stays_open_for_a_while)
{
    static const struct {
        int64_t bytes;
        int think_ms, read;
    } t[] = {
        { 30000, 50, 0 },    { 30000, 300, 1 },   { 30000, 2000, 1 },
        { 100000, 300, 1 },  { 100000, 600, 2 },  { 100000, 1000, 2 },
        { 300000, 50, 1 },   { 300000, 300, 1 },  { 300000, 600, 2 },
        { 300000, 1000, 3 }, { 300000, 2000, 4 },
    };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++)
        for (int always = 0; always < 2; always++) {
            struct rig *r = far_away("event", "StartServers 1");
            r->conf.network.tcp_slow_start_after_idle = !always;
            rig_start(r);
            struct guest *g =
                rig_add(r, &(struct guest){ .at = SIM_S,
                                            .requests = 2,
                                            .think = t[i].think_ms * SIM_MS,
                                            .d.sleep = 10 * SIM_MS,
                                            .d.bytes = t[i].bytes });
            rig_run(r, 20 * SIM_S);
            ck_assert_int_eq(g->answered, 2);
            ck_assert_msg(always ? trips(g) <= 1 : trips(g) == t[i].read,
                          "%d after %d ms: %d, recorded %d", (int)t[i].bytes,
                          t[i].think_ms, trips(g), t[i].read);
            rig_free(r);
        }
}
END_TEST

/* Four responses of 300,000 bytes open the window so far that the fifth is one
 * flight, unless the connection was idle in between; a small response at the
 * end of that time finds the window smaller itself. */
START_TEST(k24_a_small_response_halves_a_window_too)
{
    static const struct demand large = { .head = 256, .bytes = 300000 },
                               small = { .head = 256, .bytes = 1000 };
    for (int idle = 0; idle < 2; idle++) {
        struct rig *r = far_away("event", "StartServers 1");
        rig_start(r);
        struct guest *g = rig_add(
            r, &(struct guest){ .at = SIM_S, .hold = true, .d = large });
        rig_run(r, 2 * SIM_S);
        for (int k = 0; k < 3; k++) { /* one after the other */
            rig_ask(g, &large);
            rig_run(r, g->t_sent + 3 * RTT);
        }
        ck_assert_int_eq(g->answered, 4);
        ck_assert_int_eq(trips(g), 0);
        if (idle)
            rig_run(r, g->t_sent + 10 * RTT);
        rig_ask(g, &small);
        rig_run(r, g->t_sent + 2 * RTT);
        rig_ask(g, &large);
        rig_run(r, g->t_sent + SIM_S);
        ck_assert_int_eq(g->answered, 6);
        ck_assert_int_eq(trips(g), idle);
        rig_free(r);
    }
}
END_TEST

/* Recorded with SendBufferSize 65536: whatever its window, a connection has
 * no more under way than the buffer holds. */
START_TEST(k24_a_fixed_send_buffer_limits_what_is_under_way)
{
    static const struct {
        int64_t bytes;
        int held;
    } t[] = {
        { 100000, 0 },   { 200000, 3 },   { 300000, 4 },
        { 1000000, 11 }, { 3000000, 28 },
    };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct rig *r = far_away("worker", "StartServers 1");
        rig_set(r, "SendBufferSize 65536");
        rig_start(r);
        rig_add(r, &(struct guest){ .at = SIM_S, .d.bytes = t[i].bytes });
        rig_run(r, 10 * SIM_S);
        ck_assert_int_eq(rig_answered(r), 1);
        ck_assert_msg(abs(held(r) - t[i].held) <= 1, "%d: %d, recorded %d",
                      (int)t[i].bytes, held(r), t[i].held);
        rig_free(r);
    }
}
END_TEST

/* C-37: worker writes all the time, event as long as more than 65535 bytes are
 * left of a body from memory, and not at all of a file. */
START_TEST(k24_event_waits_without_a_worker)
{
    int as_worker = 0;
    for (int how = 0; how < 3; how++) {
        struct rig *r = far_away(how ? "event" : "worker", "StartServers 1");
        rig_start(r);
        struct guest *g = rig_add(r, &(struct guest){ .at = SIM_S,
                                                      .d.file = how == 2,
                                                      .d.bytes = 300000 });
        simtime_t from = SIM_S + 3 * RTT / 2, step = RTT;
        int busy = 0, waiting = 0;
        struct snapshot o;
        for (int k = 0; k < 8; k++) {
            rig_run(r, from + k * step + RTT / 4);
            server_snapshot(r->srv, &o);
            busy += (int)rig_slot(r, SLOT_WRITING);
            waiting += (int)o.async_writing;
        }
        if (how == 0)
            as_worker = busy;
        ck_assert_int_ge(busy, how < 2 ? 2 : 0);
        ck_assert_int_le(busy, how < 2 ? 4 - how : 0);
        ck_assert_int_eq(busy + waiting, as_worker);
        ck_assert(how > 0 || waiting == 0);
        ck_assert_int_eq(g->answered, 1);
        ck_assert_int_eq(g->bytes, 300000);
        rig_free(r);
    }
}
END_TEST

/* C-45: what a log says of a response contains writing it. */
START_TEST(k24_a_logged_time_is_not_prolonged)
{
    for (int how = 0; how < 4; how++) {
        struct rig *r =
            far_away(how & 1 ? "event" : "worker", "StartServers 1");
        rig_start(r);
        rig_add(r, &(struct guest){ .at = SIM_S,
                                    .d.sleep = SIM_S,
                                    .d.to_log = how & 2,
                                    .d.bytes = 300000 });
        rig_run(r, 10 * SIM_S);
        ck_assert_int_eq(rig_answered(r), 1);
        ck_assert_int_eq(r->last_logged, SIM_S + (how & 2 ? 0 : 3 * RTT));
        rig_free(r);
    }
}
END_TEST

/* M-18: what the socket does not take at once is set aside, and that is sooner
 * the case across a network. */
START_TEST(m18_a_body_is_set_aside_if_the_first_buffer_is_too_small)
{
    for (int how = 0; how < 4; how++) {
        struct rig *r = far_away("worker", "StartServers 1\nMinSpareThreads 1\n"
                                           "KeepAlive Off");
        if (how == 1)
            r->conf.network.rtt = 50 * SIM_US;
        rig_start(r);
        rig_run(r, SIM_S / 2);
        const struct machine *m = &r->srv->conf.machine;
        int64_t before = r->srv->memory;
        rig_add(r, &(struct guest){ .at = SIM_S,
                                    .d.file = how == 2,
                                    .d.bytes = how == 3 ? 40000 : 100000 });
        rig_run(r, 10 * SIM_S);
        ck_assert_int_eq(rig_answered(r), 1);
        ck_assert_int_eq(r->srv->memory - before,
                         m->mem_pool_first + (how ? 0 : m->mem_big_body));
        rig_free(r);
    }
}
END_TEST

/* A process that dies takes with it what its socket had not taken; the client
 * reads the rest. */
START_TEST(k24_a_crash_cuts_a_response_short)
{
    struct rig *r = far_away("worker", "StartServers 1");
    rig_start(r);
    struct guest *g =
        rig_add(r, &(struct guest){ .at = SIM_S, .d.bytes = 3000000 });
    rig_run(r, SIM_S + 4 * RTT);
    ck_assert(server_crash(r->srv, 0));
    rig_run(r, 10 * SIM_S);
    ck_assert_int_eq(g->lost, 1);
    ck_assert_int_gt(g->cut_bytes, 0);
    ck_assert_int_lt(g->cut_bytes, 3000000);
    rig_free(r);
}
END_TEST

/* Recorded: %D of bodies that the buffers take, whatever the client's rate, and
 * of one that they do not. */
START_TEST(k24_the_buffers_of_a_slow_client_grow_first)
{
    static const struct {
        int64_t bytes;
        float down;
        double held, off;
    } t[] = {
        { 100000, 50e3F, 2, 0 },    { 100000, 1e6F, 2, 0 },
        { 400000, 50e3F, 3, 1 },    { 400000, 1e6F, 3, 1 },
        { 1000000, 50e3F, 153, 4 }, { 1000000, 200e3F, 40, 3 },
    };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct rig *r = far_away("worker", "StartServers 1");
        rig_start(r);
        rig_add(r, &(struct guest){ .at = SIM_S,
                                    .link.down = t[i].down,
                                    .d.bytes = t[i].bytes });
        rig_run(r, 60 * SIM_S);
        ck_assert_int_eq(rig_answered(r), 1);
        ck_assert_msg(fabs(held(r) - t[i].held) <= t[i].off,
                      "%d bytes at %d: %d, recorded %d", (int)t[i].bytes,
                      (int)t[i].down, held(r), (int)t[i].held);
        rig_free(r);
    }
}
END_TEST

/* Recorded: 1 MB at 1 and at 3 MB/s by a client with SO_RCVBUF 65536 takes
 * 1.53 s; without a way to go, as long as it reads. */
START_TEST(k24_a_slow_client_reads_a_window_a_round_trip)
{
    for (int far = 0; far < 2; far++) {
        struct rig *r = far_away("event", "StartServers 1");
        if (!far)
            r->conf.network.rtt = 50 * SIM_US;
        rig_start(r);
        struct guest *g = rig_add(r, &(struct guest){ .at = SIM_S,
                                                      .link.down = 3e6F,
                                                      .d.bytes = 1000000 });
        rig_run(r, 10 * SIM_S);
        ck_assert_double_eq_tol(simtime_to_s(g->t_done - g->t_first_byte),
                                far ? 1.53 : 0.33, far ? 0.12 : 0.03);
        rig_free(r);
    }
}
END_TEST

Suite *suite_flight(void);
Suite *suite_flight(void)
{
    Suite *s = suite_create("flight");
    TCase *t = tcase_create("flight");
    tcase_add_test(t, k24_the_first_response_starts_slowly);
    tcase_add_test(t, k24_a_window_stays_open_for_a_while);
    tcase_add_test(t, k24_a_small_response_halves_a_window_too);
    tcase_add_test(t, k24_a_fixed_send_buffer_limits_what_is_under_way);
    tcase_add_test(t, k24_event_waits_without_a_worker);
    tcase_add_test(t, m18_a_body_is_set_aside_if_the_first_buffer_is_too_small);
    tcase_add_test(t, k24_a_logged_time_is_not_prolonged);
    tcase_add_test(t, k24_a_crash_cuts_a_response_short);
    tcase_add_test(t, k24_the_buffers_of_a_slow_client_grow_first);
    tcase_add_test(t, k24_a_slow_client_reads_a_window_a_round_trip);
    suite_add_tcase(s, t);
    return s;
}
