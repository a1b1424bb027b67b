/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The defaults against the measured table: private dirty kB of httpd 2.4.71
 * on Debian 12, whole server, idle and after load (M-16). */
#include "server/inside.h"
#include "tests/timelines/rig.h"

#include <check.h>
#include <math.h>
#include <stdio.h>

struct figure {
    const char *mpm;
    int children, tpc;
    bool tls;
    int idle, loaded; /* recorded sums over parent and children, kB */
};

static int64_t private_kb(struct rig *r)
{
    struct snapshot o;
    server_snapshot(r->srv, &o);
    return o.private_dirty / 1024;
}

static struct rig *farm(const struct figure *f, const char *more)
{
    char text[400];
    if (f->mpm[0] == 'p')
        snprintf(text, sizeof text,
                 "StartServers %d\nMaxSpareServers 1000\n"
                 "MinSpareServers 1\nMaxRequestWorkers %d\n",
                 f->children, f->children);
    else
        snprintf(text, sizeof text,
                 "StartServers %d\nThreadsPerChild %d\nMinSpareThreads 1\n"
                 "MaxSpareThreads 10000\nMaxRequestWorkers %d\n",
                 f->children, f->tpc, f->children * f->tpc);
    struct rig *r = rig_new(f->mpm, text);
    r->conf.machine.cpus = 2; /* as where all this was measured: M-23 */
    rig_set(r, more);
    if (f->tls)
        rig_set(r, "Listen 80\nListen 443 https");
    rig_start(r);
    rig_run(r, SIM_S / 2);
    return r;
}

/* Twelve responses by every thread, all of them at a time: what the pools hold
 * depends on that (M-25). */
static void load(struct rig *r, const struct figure *f)
{
    int n = f->children * f->tpc;
    for (int i = 0; i < 12; i++)
        rig_crowd(r, n, 0,
                  &(struct guest){ .at = SIM_S + i * 40 * SIM_MS,
                                   .link.tls = f->tls,
                                   .d.bytes = 10000,
                                   .d.sleep = 20 * SIM_MS });
    rig_run(r, 3 * SIM_S);
    ck_assert_int_eq(rig_answered(r), 12 * n);
}

START_TEST(m16_whole_servers_idle_and_after_load)
{
    static const struct figure figures[] = {
        { "prefork", 1, 1, false, 352, 384 },
        { "prefork", 5, 1, false, 1076, 1284 },
        { "prefork", 20, 1, false, 3756, 4624 },
        { "prefork", 50, 1, false, 9356, 11544 },
        { "prefork", 100, 1, false, 18156, 22544 },
        { "prefork", 20, 1, true, 4848, 11092 },
        { "worker", 2, 25, false, 1336, 3780 },
        { "worker", 4, 25, false, 2536, 7432 },
        { "worker", 4, 5, false, 1404, 2404 },
        /* loaded: not compared, its 256 threads had hardly been used */
        { "worker", 4, 64, false, 4684, 0 },
        { "event", 2, 25, false, 1344, 3240 },
        { "event", 4, 25, false, 2552, 6320 },
        { "event", 4, 5, false, 1404, 2120 },
        { "event", 4, 64, false, 4684, 13872 }
    };
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        const struct figure *f = &figures[i];
        struct rig *r = farm(f, "KeepAlive Off");
        double idle = (double)private_kb(r);
        ck_assert_msg(idle > 0.92 * f->idle && idle < 1.08 * f->idle,
                      "%s %dx%d idle: %d, recorded %d", f->mpm, f->children,
                      f->tpc, (int)idle, f->idle);
        if (f->loaded)
            load(r, f);
        double loaded = (double)private_kb(r);
        /* M-17: 20 % */
        ck_assert_msg(!f->loaded || (loaded > 0.8 * f->loaded &&
                                     loaded < 1.2 * f->loaded),
                      "%s %dx%d loaded: %d, recorded %d", f->mpm, f->children,
                      f->tpc, (int)loaded, f->loaded);
        rig_free(r);
    }
}
END_TEST

START_TEST(m16_idle_keepalive_connections_of_event)
{
    static const int conns[] = { 250, 500, 1000 };
    static const int recorded[] = { 11744, 20796, 38892 };
    static const int recorded_tls[] = { 24068, 41200, 72372 };
    for (int tls = 0; tls < 2; tls++) {
        double before = 0;
        for (int i = 0; i < 3; i++) {
            const struct figure f = {
                .mpm = "event", .children = 4, .tpc = 25, .tls = tls
            };
            struct rig *r = farm(&f, "KeepAliveTimeout 600\n"
                                     "AsyncRequestWorkerFactor 20");
            rig_crowd(r, conns[i], SIM_MS,
                      &(struct guest){ .at = SIM_S,
                                       .hold = true,
                                       .link.tls = tls,
                                       .d.bytes = 1000 });
            rig_run(r, 3 * SIM_S);
            ck_assert_int_eq(r->srv->conns_keepalive, conns[i]);
            double kb = (double)private_kb(r);
            int want = tls ? recorded_tls[i] : recorded[i];
            ck_assert_msg(kb > 0.8 * want && kb < 1.2 * want,
                          "%d connections, tls %d: %d, recorded %d", conns[i],
                          tls, (int)kb, want);
            if (before > 0) /* per connection: the slopes of the table */
                ck_assert_double_eq_tol((kb - before) /
                                            (conns[i] - conns[i - 1]),
                                        tls ? 64.4 : 36.2, 3);
            before = kb;
            rig_free(r);
        }
    }
}
END_TEST

START_TEST(m20_no_pool_is_smaller_than_nothing)
{
    /* a plain pool may be larger than a TLS one, and an old one smaller */
    for (int tls = 0; tls < 2; tls++) {
        const struct figure f = {
            .mpm = "event", .children = 1, .tpc = 5, .tls = tls
        };
        struct rig *r = farm(&f, "");
        r->srv->conf.machine.mem_conn = 100 << 20;
        int64_t idle = r->srv->memory;
        rig_crowd(r, 3, 0,
                  &(struct guest){ .at = SIM_S,
                                   .requests = 20,
                                   .think = 10 * SIM_MS,
                                   .link.tls = tls,
                                   .d.sleep = 10 * SIM_MS });
        for (int i = 0; i < 60; i++) {
            rig_run(r, SIM_S + i * 10 * SIM_MS);
            ck_assert_int_ge(r->srv->memory, idle);
        }
        ck_assert_int_eq(rig_answered(r), 60);
        rig_free(r);
    }
}
END_TEST

/* M-20, C-23: a handler that a restart finds running ends, and its response is
 * never written; its connection has a pool like others. */
START_TEST(m20_a_response_never_written_gives_back_what_it_took)
{
    const struct figure f = { .mpm = "event", .children = 1, .tpc = 5 };
    struct rig *r = farm(&f, "");
    r->srv->conf.machine.mem_conn = 100 << 20;
    rig_crowd(r, 3, 200 * SIM_MS,
              &(struct guest){ .at = SIM_S, .d.sleep = SIM_S });
    rig_run(r, 3 * SIM_S / 2);
    ck_assert(server_action(r->srv, ACTION_RESTART));
    for (int t = 15; t < 40; t++) {
        rig_run(r, t * SIM_S / 10);
        for (uint32_t i = 0; i < r->srv->children.used; i++)
            ck_assert_int_ge(child_at(r->srv, i)->memory, 0);
    }
    ck_assert_int_eq(rig_answered(r), 0);
    rig_free(r);
}
END_TEST

START_TEST(m16_what_a_process_holds_goes_with_it)
{
    struct rig *r = rig_new("prefork", "StartServers 5\nKeepAlive Off\n"
                                       "MaxConnectionsPerChild 1\n"
                                       "MinSpareServers 1");
    rig_start(r);
    rig_crowd(r, 5, 0, &(struct guest){ .at = 1 });
    rig_run(r, SIM_S / 2);
    ck_assert_int_eq(rig_children(r), 0);
    ck_assert_int_eq(private_kb(r), 150); /* the parent */
    rig_free(r);
}
END_TEST

/* M-1 */
START_TEST(m4_rss_counts_shared_pages_in_every_process_and_pss_once)
{
    const struct figure f = { .mpm = "prefork", .children = 100, .tpc = 1 };
    struct rig *r = farm(&f, "KeepAlive Off");
    struct snapshot o;
    server_snapshot(r->srv, &o);
    /* memory.csv: 381944 and 22074 kB */
    ck_assert_double_eq_tol((double)o.rss / 1024, 381944, 0.08 * 381944);
    ck_assert_double_eq_tol((double)o.pss / 1024, 22074, 0.08 * 22074);
    ck_assert_int_le(o.private_dirty, o.pss);
    rig_free(r);
}
END_TEST

/* M-21: memory.csv, php with 10 children, idle 4656 kB, after load 9504. */
START_TEST(m21_embedded_php_is_in_every_child_for_good)
{
    const struct backend_conf fpm = { .name = "fpm",
                                      .type = BACKEND_PHP_FPM,
                                      .fpm.max_children = 1 };
    struct rig *r = rig_new("prefork", "StartServers 10\nKeepAlive Off\n"
                                       "MinSpareServers 1\n"
                                       "MaxSpareServers 100");
    r->conf.php = true;
    r->conf.backends = &fpm;
    r->conf.nbackends = 1;
    rig_start(r);
    rig_run(r, SIM_S / 2);
    ck_assert_double_eq_tol((double)private_kb(r), 4656, 0.08 * 4656);
    rig_crowd(
        r, 10, 0,
        &(struct guest){ .at = SIM_S, .d.backend = 1, .d.sleep = SIM_S / 10 });
    rig_run(r, 3 * SIM_S);
    ck_assert_int_eq(rig_answered(r), 10);
    ck_assert_double_eq_tol((double)private_kb(r), 9504, 0.2 * 9504);
    rig_free(r);
}
END_TEST

/* M-22: one process of twenty threads, all used or none, one in a long request
 * when the others end after a graceful restart (docs/host-costs.md). */
START_TEST(m22_threads_that_end_leave_little_behind)
{
    static const struct {
        const char *mpm;
        int waves;
        bool tls;
        int measured; /* of the process, kB */
    } t[] = {
        { "worker", 0, false, 748 }, { "worker", 1, false, 798 },
        { "worker", 8, false, 840 }, { "worker", 8, true, 2800 },
        { "event", 0, false, 756 },  { "event", 1, false, 792 },
        { "event", 8, false, 808 },  { "event", 8, true, 3052 },
    };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        const struct figure f = {
            .mpm = t[i].mpm, .children = 1, .tpc = 20, .tls = t[i].tls
        };
        struct rig *r = farm(&f, "ServerLimit 1\nKeepAlive Off");
        struct guest g = { .at = SIM_S,
                           .link.tls = f.tls,
                           .d.bytes = 1000,
                           .d.sleep = 150 * SIM_MS };
        for (int w = 0; w < t[i].waves; w++, g.at += 300 * SIM_MS)
            rig_crowd(r, 20, 0, &g);
        g.at = 5 * SIM_S;
        g.d.sleep = 5 * SIM_S;
        rig_add(r, &g);
        rig_run(r, 6 * SIM_S);
        ck_assert_int_eq(rig_answered(r), 20 * t[i].waves);
        ck_assert(server_action(r->srv, ACTION_GRACEFUL_RESTART));
        rig_run(r, 8 * SIM_S);
        const struct child *old = child_at(r->srv, 0); /* the new one: 1 */
        ck_assert_int_eq(old->state, CHILD_LIVE);
        ck_assert_int_eq(old->nthreads, 1);
        double kb = (double)old->memory / 1024;
        ck_assert_msg(kb > 0.85 * t[i].measured && kb < 1.15 * t[i].measured,
                      "%s after %d waves, tls %d: %d, measured %d", f.mpm,
                      t[i].waves, f.tls, (int)kb, t[i].measured);
        rig_free(r);
    }
}
END_TEST

/* M-24: ten heads of 256 bytes at 8 bytes a second hold ten pools of full size
 * and ten threads in their first request; no more when they have been
 * answered than if they had come at once, and nothing but the threads' part
 * and what is kept when one is given up. */
START_TEST(m24_a_head_in_pieces_holds_a_full_pool)
{
    const struct figure f = { .mpm = "event", .children = 1, .tpc = 20 };
    struct rig *slow = farm(&f, "KeepAliveTimeout 100\nRequestReadTimeout "
                                "header=0");
    struct rig *fast = farm(&f, "KeepAliveTimeout 100");
    double idle = (double)private_kb(slow);
    struct guest g = { .at = SIM_S, .hold = true };
    rig_crowd(fast, 10, 0, &g);
    g.link.up = 8;
    rig_crowd(slow, 10, 0, &g);
    rig_run(slow, 10 * SIM_S);
    ck_assert_double_eq_tol(((double)private_kb(slow) - idle) / 10, 36 + 5,
                            0.2);
    rig_run(slow, 60 * SIM_S);
    rig_run(fast, 60 * SIM_S);
    ck_assert_int_eq(rig_answered(slow), 10);
    ck_assert_int_eq(private_kb(slow), private_kb(fast));
    rig_free(fast);
    rig_free(slow);
    /* cut off at 40 s (C-33), and its pool kept (E-33) */
    slow = farm(&f, "RequestReadTimeout header=40");
    rig_crowd(slow, 1, 0, &(struct guest){ .at = SIM_S, .link.up = 1 });
    rig_run(slow, 30 * SIM_S);
    ck_assert_double_eq_tol((double)private_kb(slow) - idle, 41, 0.5);
    rig_run(slow, 60 * SIM_S);
    ck_assert_int_eq(rig_answered(slow), 0);
    ck_assert_double_eq_tol((double)private_kb(slow) - idle, 41, 0.5);
    rig_free(slow);
}
END_TEST

/* M-25, M-18, as recorded: one process answers so many connections at a time,
 * so often, each with so many requests; kB beyond an idle one. */
START_TEST(m25_memory_follows_concurrency_not_threads_used)
{
    static const struct {
        const char *mpm;
        int tpc, at_a_time, times, requests;
        int64_t bytes;
        double recorded;
    } t[] = {
        { "worker", 25, 1, 300, 1, 0, 108 },
        { "worker", 25, 1, 30, 1, 0, 100 },
        { "worker", 25, 2, 30, 1, 0, 152 },
        { "worker", 25, 4, 30, 1, 0, 248 },
        { "worker", 25, 8, 30, 1, 0, 440 },
        { "worker", 25, 16, 30, 1, 0, 824 },
        { "worker", 25, 24, 30, 1, 0, 1212 },
        { "worker", 25, 25, 12, 1, 0, 1316 },
        { "worker", 25, 8, 500, 1, 0, 468 },
        { "worker", 60, 24, 30, 1, 0, 1204 },
        { "worker", 8, 1, 600, 1, 0, 108 },
        { "event", 25, 1, 300, 1, 0, 168 },
        { "event", 25, 1, 30, 1, 0, 172 },
        { "event", 25, 2, 30, 1, 0, 220 },
        { "event", 25, 4, 30, 1, 0, 320 },
        { "event", 25, 8, 30, 1, 0, 512 },
        { "event", 25, 16, 30, 1, 0, 896 },
        { "event", 25, 24, 30, 1, 0, 980 },
        { "event", 25, 25, 12, 1, 0, 1072 },
        { "event", 60, 24, 30, 1, 0, 1420 },
        { "event", 8, 1, 600, 1, 0, 88 },
        /* kept alive */
        { "worker", 25, 24, 3, 8, 0, 1436 },
        { "event", 25, 24, 3, 8, 0, 1120 },
        /* large bodies */
        { "worker", 25, 1, 20, 1, 640000, 288 },
        { "worker", 25, 8, 20, 1, 640000, 1192 },
        { "worker", 25, 16, 20, 1, 640000, 2232 },
        { "event", 25, 1, 20, 1, 640000, 240 },
        { "event", 25, 8, 20, 1, 640000, 1180 },
        { "event", 25, 16, 20, 1, 640000, 2212 },
    };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        const struct figure f = { t[i].mpm, 1, t[i].tpc, false, 0, 0 };
        struct rig *r = farm(&f, "KeepAlive On");
        double idle = (double)private_kb(r);
        for (int k = 0; k < t[i].times; k++)
            rig_crowd(r, t[i].at_a_time, 0,
                      &(struct guest){ .at = SIM_S + k * 200 * SIM_MS,
                                       .requests = t[i].requests,
                                       .d.bytes = t[i].bytes,
                                       .d.sleep = 10 * SIM_MS });
        rig_run(r, 200 * SIM_S);
        ck_assert(rig_is_empty(r));
        double grown = (double)private_kb(r) - idle;
        ck_assert_msg(fabs(grown - t[i].recorded) < 0.1 * t[i].recorded + 10,
                      "%s, %d of %d at a time: %d, recorded %d", t[i].mpm,
                      t[i].at_a_time, t[i].tpc, (int)grown, (int)t[i].recorded);
        rig_free(r);
    }
}
END_TEST

/* M-23, as recorded (docs/host-costs.md): TLS connections of one process, a
 * wave every 0.2 s; kB beyond an idle one. */
START_TEST(m23_tls_memory_lies_in_arenas)
{
    static const struct {
        const char *mpm;
        int tpc, waves[6], recorded[6]; /* of 1, 2, 4, 8, 16, 24 at a time */
    } t[] = {
        /* 0: recorded with hiccups, two at a time */
        { "worker", 8, { 90, 45, 25, 25 }, { 1152, 1228, 1332, 1544 } },
        { "worker",
          16,
          { 90, 45, 25, 25, 25 },
          { 1876, 1956, 2120, 2376, 2836 } },
        { "worker",
          25,
          { 90, 45, 25, 25, 25, 25 },
          { 2336, 2516, 2768, 3196, 3824, 4288 } },
        { "worker",
          60,
          { 90, 45, 25, 25, 25, 25 },
          { 3752, 3880, 4168, 4776, 6024, 6936 } },
        { "event", 8, { 90, 45, 25, 25 }, { 0, 0, 1680, 1808 } },
        { "event", 16, { 90, 45, 25, 25, 25 }, { 0, 0, 2644, 2924, 3252 } },
        { "event",
          25,
          { 90, 45, 25, 25, 25, 25 },
          { 2480, 2840, 3164, 3800, 4436, 4668 } },
        { "event",
          60,
          { 90, 45, 25, 25, 25, 25 },
          { 0, 4404, 4792, 5652, 7104, 8032 } },
    };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        const struct figure f = { t[i].mpm, 1, t[i].tpc, true, 0, 0 };
        struct rig *r = farm(&f, "KeepAlive On");
        r->srv->conf.machine.cpu_tls = 1200 * SIM_US;
        double idle = (double)private_kb(r);
        simtime_t at = SIM_S;
        for (int n = 0; n < 6; n++) {
            for (int k = 0; k < t[i].waves[n]; k++, at += 200 * SIM_MS)
                rig_crowd(r, 1 << n > 16 ? 24 : 1 << n, 0,
                          &(struct guest){ .at = at,
                                           .link.tls = true,
                                           .d.bytes = 1000,
                                           .d.sleep = 50 * SIM_MS });
            rig_run(r, at);
            double kb = (double)private_kb(r) - idle;
            int want = t[i].recorded[n];
            ck_assert_msg(want == 0 || fabs(kb - want) < 0.12 * (idle + want),
                          "%s of %d, %d at a time: %d, recorded %d", t[i].mpm,
                          t[i].tpc, 1 << n, (int)kb, want);
        }
        rig_free(r);
    }
}
END_TEST

/* M-23: of what closed connections had, an arena keeps 128 KiB. */
START_TEST(m23_an_arena_gives_back_what_is_over)
{
    const struct figure f = { "event", 1, 4, true, 0, 0 };
    struct rig *r = farm(&f, "KeepAliveTimeout 5\nAsyncRequestWorkerFactor 20");
    struct machine *m = &r->srv->conf.machine;
    m->mem_conn_new = m->mem_conn = m->mem_conn_old = m->mem_conn_tls = 0;
    m->mem_pool_full = m->mem_tls_cache = 0;
    int64_t kb[3];
    for (int i = 0; i < 3; i++) { /* ten in each arena, in between */
        rig_crowd(r, i == 1 ? 40 : 4, 20 * SIM_MS,
                  &(struct guest){ .at = (1 + 10 * i) * SIM_S,
                                   .link.tls = true,
                                   .hold = true });
        rig_run(r, (10 + 10 * i) * SIM_S);
        ck_assert_int_eq(r->srv->tcp[TCP_ESTABLISHED], 0);
        kb[i] = private_kb(r);
    }
    ck_assert_int_eq(kb[1] - kb[0], 4 * (128 - (17 + 38)));
    ck_assert_int_eq(kb[2], kb[1]);
    rig_free(r);
}
END_TEST

/* M-25: a listener that polls several sockets takes its pool afterwards. */
START_TEST(m25_two_listeners_need_a_pool_less)
{
    int64_t kb[2];
    for (int two = 0; two < 2; two++) {
        struct rig *r = rig_new("worker", "StartServers 1\nKeepAlive Off\n"
                                          "MinSpareThreads 1");
        rig_set(r, two ? "Listen 80\nListen 81" : "Listen 80");
        rig_start(r);
        rig_run(r, 1);
        kb[two] = -private_kb(r);
        for (int k = 0; k < 20; k++)
            rig_add(r, &(struct guest){ .at = SIM_S + k * SIM_S });
        rig_run(r, 30 * SIM_S);
        ck_assert_int_eq(rig_answered(r), 20);
        kb[two] += private_kb(r);
        rig_free(r);
    }
    ck_assert_int_eq(kb[0], 2 * 49);
    ck_assert_int_eq(kb[1], 49);
}
END_TEST

/* A TLS connection's memory is taken by its handshake, not by a response. */
START_TEST(m16_a_handshake_takes_what_tls_keeps)
{
    struct rig *r =
        rig_new("prefork", "StartServers 1\nMinSpareServers 1\n"
                           "MaxRequestWorkers 1\nListen 80\nListen 443 https");
    const struct machine *m = &r->conf.machine;
    rig_start(r);
    rig_run(r, 1);
    int64_t idle = r->srv->memory;
    rig_add(r,
            &(struct guest){ .at = SIM_S, .link.tls = true, .silent = true });
    rig_run(r, 2 * SIM_S);
    ck_assert_int_eq(r->srv->memory - idle, m->mem_child_used_tls +
                                                m->mem_parent_tls_used -
                                                m->mem_parent_tls);
    rig_free(r);
}
END_TEST

/* M-25: an error page grows a pool as the third request of a connection. */
START_TEST(m25_an_error_page_fills_a_pool)
{
    static const char *const mpms[] = { "prefork", "worker", "event" };
    for (int i = 0; i < 3; i++) {
        int64_t kb[2];
        for (int slow = 0; slow < 2; slow++) {
            struct rig *r = rig_new(mpms[i], "StartServers 1");
            r->dirs.reqtimeout_loaded = true;
            rig_start(r);
            struct guest g = { .at = SIM_S, .d.head = 256 };
            g.link.up = slow ? 8 : 0;
            struct guest *of = rig_add(r, &g);
            rig_run(r, 60 * SIM_S);
            ck_assert_int_eq(of->status, slow ? 408 : 200);
            kb[slow] = private_kb(r);
            rig_free(r);
        }
        /* worker's pool: a head in pieces counts as a response; event's has
         * its full size, after one response 36, but one thread less, which
         * reads the other's FIN */
        static const int more[] = { 8, 8 + 1, 48 + 8 - 36 - 5 };
        ck_assert_int_eq(kb[1] - kb[0], more[i]);
    }
}
END_TEST

Suite *suite_memory(void);
Suite *suite_memory(void)
{
    Suite *s = suite_create("memory");
    TCase *t = tcase_create("memory");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, m16_whole_servers_idle_and_after_load);
    tcase_add_test(t, m16_idle_keepalive_connections_of_event);
    tcase_add_test(t, m25_memory_follows_concurrency_not_threads_used);
    tcase_add_test(t, m23_tls_memory_lies_in_arenas);
    tcase_add_test(t, m23_an_arena_gives_back_what_is_over);
    tcase_add_test(t, m25_two_listeners_need_a_pool_less);
    tcase_add_test(t, m25_an_error_page_fills_a_pool);
    tcase_add_test(t, m16_a_handshake_takes_what_tls_keeps);
    tcase_add_test(t, m16_what_a_process_holds_goes_with_it);
    tcase_add_test(t, m20_no_pool_is_smaller_than_nothing);
    tcase_add_test(t, m20_a_response_never_written_gives_back_what_it_took);
    tcase_add_test(t, m4_rss_counts_shared_pages_in_every_process_and_pss_once);
    tcase_add_test(t, m22_threads_that_end_leave_little_behind);
    tcase_add_test(t, m21_embedded_php_is_in_every_child_for_good);
    tcase_add_test(t, m24_a_head_in_pieces_holds_a_full_pool);
    suite_add_tcase(s, t);
    return s;
}
