/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What ends or slows a process from outside: memory and swap (H-1, H-2),
 * descriptors (H-3); the memory of large bodies, backends
 * and event's pools (M-18, M-20); CPU time as /proc shows it (M-19). */
#include "server/inside.h"
#include "tests/timelines/rig.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>

#define KIB 1024

static int64_t private_kib(struct rig *r)
{
    struct snapshot o;
    server_snapshot(r->srv, &o);
    return o.private_dirty / KIB;
}

/* ---- memory and swap ---- */

/* Three children; one holds the pool of a large body; RAM is full with the
 * first response of another one. */
static struct rig *crowded(int64_t ram, bool killer)
{
    struct rig *r = rig_new("prefork", "StartServers 3\nMinSpareServers 1\n"
                                       "SendBufferSize 65536\nKeepAlive Off");
    r->conf.machine.ram = ram;
    r->conf.machine.oom_killer = killer;
    rig_start(r);
    rig_add(r, &(struct guest){ .d.bytes = 1000000, .link.down = 10000 });
    rig_add(r, &(struct guest){ .at = SIM_S / 4 });
    rig_run(r, SIM_S / 2);
    return r;
}

START_TEST(h1_the_process_that_holds_most_is_killed)
{
    struct machine m = { 0 };
    struct rig *r = crowded(INT64_C(1) << 33, true);
    m = r->conf.machine;
    int64_t all = r->srv->memory + m.mem_shared_parent;
    ck_assert_int_eq(rig_logged(r, "AH00052"), 0);
    ck_assert_int_eq(r->srv->memory, m.mem_parent + 3 * m.mem_child +
                                         m.mem_big_body + m.mem_child_used);
    rig_free(r);

    r = crowded(all - 1, true); /* one byte short */
    ck_assert_int_eq(rig_children(r), 2);
    ck_assert_int_eq(r->guests[1]->answered, 1);
    rig_run(r, 60 * SIM_S); /* K-22: what the socket held has been read */
    ck_assert_int_eq(r->guests[0]->lost, 1); /* the large body's */
    rig_free(r);

    r = crowded(all, true); /* it just fits */
    ck_assert_int_eq(rig_children(r), 3);
    rig_free(r);

    r = crowded(all - 1, false); /* only counted */
    ck_assert_int_eq(rig_children(r), 3);
    ck_assert_int_eq(rig_logged(r, "AH00052"), 0);
    rig_free(r);
}
END_TEST

START_TEST(h1_a_killed_process_is_a_crashed_one)
{
    struct rig *r = rig_new("worker", "StartServers 2\nThreadsPerChild 10\n"
                                      "MinSpareThreads 1\nKeepAlive Off");
    const struct machine *m = &r->conf.machine;
    /* two pools in each process when each has answered two requests (M-25) */
    r->conf.machine.ram = m->mem_shared_parent + m->mem_parent +
                          2 * (m->mem_process + 10 * m->mem_thread) +
                          4 * m->mem_pool_first - 1;
    rig_start(r);
    rig_crowd(r, 4, SIM_MS, &(struct guest){ .at = SIM_MS, .d.sleep = 60 });
    rig_run(r, SIM_S / 2);
    ck_assert_int_eq(rig_children(r), 1);
    rig_run(r, SIM_S); /* C-12 (b): replaced after the sleep, no tick needed */
    ck_assert_int_eq(rig_children(r), 2);
    ck_assert_int_eq(rig_logged(r, "AH00052"), 0); /* C-47: not of SIGKILL */
    rig_free(r);
}
END_TEST

/* A killed process may have had work of this very instant before it: a thread
 * on its way to idle, connections chained for it (E-28). */
START_TEST(h1_a_killed_process_does_nothing_more)
{
    static const char *const mpm[] = { "prefork", "worker", "event" };
    struct rig *r = rig_new(mpm[_i], _i == 0 ? "StartServers 1"
                                             : "StartServers 1\n"
                                               "ThreadsPerChild 2\n"
                                               "MinSpareThreads 1");
    rig_start(r);
    struct guest *g = rig_add(r, &(struct guest){ .d.sleep = SIM_S });
    rig_run(r, SIM_S / 2);
    uint32_t child = 0;
    while (child_at(r->srv, child)->state != CHILD_LIVE)
        child++;
    uint32_t thread = child_at(r->srv, child)->threads;
    hook_put(r->srv, HOOK_IDLE, thread, 0);
    process_crash(r->srv, child, SIGKILL);
    uint32_t idle = child_at(r->srv, child)->nidle;
    hook_drain(r->srv);
    ck_assert_int_eq(child_at(r->srv, child)->nidle, idle);
    ck_assert(!child_at(r->srv, child)->in_line);
    rig_run(r, 5 * SIM_S);
    ck_assert_int_eq(g->lost, 1);
    ck_assert_int_ge(rig_children(r), 1);
    rig_free(r);
}
END_TEST

START_TEST(h2_a_request_waits_for_its_pages_in_swap)
{
    struct rig *r = rig_new("prefork", "StartServers 1\nMinSpareServers 1");
    struct machine *m = &r->conf.machine;
    int64_t used = m->mem_shared_parent + m->mem_parent + m->mem_child;
    m->swap = INT64_C(1) << 30;
    m->ram = used / 2; /* half of all pages are out */
    m->swap_read = SIM_MS;
    rig_start(r);
    struct guest *g = rig_add(r, &(struct guest){ .d.sleep = SIM_S });
    rig_run(r, 2 * SIM_S);
    double pages = (double)m->mem_child / 4096;
    ck_assert_int_eq(g->answered, 1);
    ck_assert_double_eq_tol(simtime_to_s(g->t_done - SIM_S), pages / 2 / 1000,
                            1e-5);
    rig_free(r);
}
END_TEST

START_TEST(h2_without_need_nobody_waits)
{
    for (int swap = 0; swap < 2; swap++) {
        struct rig *r = rig_new("event", "StartServers 1");
        r->conf.machine.swap = swap ? INT64_C(1) << 30 : 0;
        rig_start(r);
        struct guest *g = rig_add(r, &(struct guest){ .d.sleep = SIM_S });
        rig_run(r, 2 * SIM_S);
        ck_assert(g->t_done == SIM_S);
        rig_free(r);
    }
}
END_TEST

/* ---- descriptors ---- */

/* C-28 */
START_TEST(h3_without_descriptors_a_threaded_process_stops_gracefully)
{
    static const char *const threaded[] = { "worker", "event" };
    const char *mpm = threaded[_i];
    struct rig *r = rig_new(mpm, "StartServers 1\nThreadsPerChild 25\n"
                                 "MinSpareThreads 20\nMaxSpareThreads 100");
    r->conf.machine.nofile = 20; /* 10 of its own, 1 listener, 9 clients */
    rig_start(r);
    rig_crowd(r, 12, SIM_MS, &(struct guest){ .at = 1, .d.sleep = 3 * SIM_S });
    rig_run(r, SIM_S - 1);
    ck_assert_int_eq(r->srv->stopping, 1);
    ck_assert_int_eq(rig_logged(r, "AH02179"), 1);
    /* the others wait in the kernel for the process of the next tick */
    ck_assert_int_eq(r->srv->queue_len, 3);
    rig_run(r, SIM_S);
    ck_assert_int_eq(rig_children(r), 2);
    ck_assert_int_eq(r->srv->queue_len, 0);
    rig_run(r, 10 * SIM_S);
    ck_assert_int_eq(rig_answered(r), 12); /* gracefully */
    rig_free(r);
}
END_TEST

START_TEST(h3_prefork_needs_two)
{
    struct rig *r = rig_new("prefork", "StartServers 12\nKeepAlive Off");
    r->conf.machine.nofile = 16;
    rig_start(r);
    rig_crowd(r, 12, SIM_MS, &(struct guest){ .at = 1, .d.sleep = SIM_S / 2 });
    rig_run(r, SIM_S - 1);
    ck_assert_int_eq(rig_answered(r), 12);
    ck_assert_int_eq(rig_children(r), 12);
    rig_free(r);
}
END_TEST

/* C-13, C-28: at the system's limit a child that wants to accept ends, and the
 * parent forks one at a time again. Each child has 10 files of its own and a
 * listener, like the parent. */
START_TEST(h3_the_limit_of_the_system_makes_prefork_children_sick)
{
    struct rig *r = rig_new("prefork", "StartServers 4\nMinSpareServers 4\n"
                                       "KeepAlive Off");
    r->conf.machine.file_max = 5 * 11 + 3; /* three clients beside them */
    rig_start(r);
    rig_crowd(r, 4, 0, &(struct guest){ .at = 1, .d.sleep = SIM_S / 10 });
    rig_run(r, SIM_S / 2); /* the first that is done finds 59 files */
    ck_assert_int_eq(rig_answered(r), 4);
    ck_assert_int_eq(rig_children(r), 3);
    ck_assert_int_eq(rig_logged(r, "AH02179"), 1);
    r->srv->buckets[0].rate = 16;
    rig_run(r, SIM_S - 1);
    ck_assert_int_eq(r->srv->buckets[0].rate, 16);
    rig_run(r, SIM_S);
    ck_assert_int_eq(rig_children(r), 4); /* one, not sixteen */
    rig_free(r);
}
END_TEST

START_TEST(h3_the_limit_of_the_system_counts_all_processes)
{
    static const char *const threaded[] = { "worker", "event" };
    struct rig *r =
        rig_new(threaded[_i], "StartServers 2\nThreadsPerChild 25\n"
                              "MinSpareThreads 1\nMaxSpareThreads 100");
    r->conf.machine.file_max = 3 * 11 + 9; /* nine clients, wherever */
    rig_start(r);
    rig_crowd(r, 20, SIM_MS, &(struct guest){ .at = 1, .d.sleep = 3 * SIM_S });
    rig_run(r, SIM_S - 1);
    ck_assert_int_ge(r->srv->stopping, 1);
    ck_assert_int_le(20 - r->srv->queue_len, 9 + 1);
    rig_free(r);
}
END_TEST

/* ---- leaks ---- */

START_TEST(h4_a_leak_grows_until_its_process_ends)
{
    static const int recycled[] = { 0, 5 };
    for (int i = 0; i < 2; i++) {
        char conf[200];
        struct rig *r;
        snprintf(conf, sizeof conf,
                 "StartServers 1\nMinSpareServers 1\nMaxRequestWorkers 1\n"
                 "KeepAlive Off\nMaxConnectionsPerChild %d",
                 recycled[i]);
        r = rig_new("prefork", conf);
        r->conf.machine.mem_leak = 100 * KIB;
        rig_start(r);
        int64_t most = 0;
        for (int n = 1; n <= 20; n++) {
            rig_add(r, &(struct guest){ .at = n * 2 * SIM_S });
            rig_run(r, n * 2 * SIM_S + 1);
            ck_assert_int_eq(rig_answered(r), n);
            if (private_kib(r) > most)
                most = private_kib(r);
        }
        int64_t grown = most - 150 - 228; /* M-16 */
        ck_assert_int_eq(grown / 100, i == 0 ? 20 : 4);
        rig_free(r);
    }
}
END_TEST

/* ---- memory of bodies, backends and pools ---- */

/* Private KiB beyond a run whose bodies come from files, while twenty large
 * ones are under way and when all are done. */
static void big_bodies(const char *mpm, int64_t *during, int64_t *after)
{
    for (int file = 1; file >= 0; file--) {
        struct rig *r = rig_new(mpm, "StartServers 1\nThreadsPerChild 20\n"
                                     "MaxRequestWorkers 20\n"
                                     "MinSpareThreads 1\n"
                                     "MaxSpareThreads 100\n"
                                     "SendBufferSize 65536");
        rig_start(r);
        rig_crowd(r, 20, 0,
                  &(struct guest){ .d.bytes = 1000000,
                                   .d.file = file,
                                   .link.down = 100000 });
        rig_run(r, 8400 * SIM_MS); /* the last 65535 bytes are set aside */
        *during = private_kib(r) - (file ? 0 : *during);
        rig_run(r, 60 * SIM_S);
        ck_assert_int_eq(rig_answered(r), 20);
        ck_assert(rig_is_empty(r));
        *after = private_kib(r) - (file ? 0 : *after);
        rig_free(r);
    }
}

START_TEST(m18_event_keeps_the_pools_of_large_bodies_for_three_quarters)
{
    int64_t during, after;
    big_bodies("event", &during, &after);
    ck_assert_int_eq(during, 20 * 90);
    ck_assert_int_eq(after, 15 * 90);
}
END_TEST

START_TEST(m18_worker_keeps_them_all)
{
    int64_t during = 0, after = 0;
    big_bodies("worker", &during, &after);
    ck_assert_int_eq(after, 20 * 90);
}
END_TEST

/* Private KiB that a backend adds to TEXT when COUNT requests, EACH apart, ask
 * it for BYTES. */
static int64_t backend_kib(const char *mpm, enum backend_type type, int count,
                           simtime_t each, int64_t bytes)
{
    int64_t kib[2];
    for (int backend = 0; backend < 2; backend++) {
        struct backend_conf b = { .name = "app",
                                  .type = type,
                                  .concurrency = 100,
                                  .fpm = { .pm = FPM_STATIC,
                                           .max_children = 100,
                                           .listen_backlog = 511 } };
        struct rig *r = rig_new(mpm, "StartServers 1\nKeepAlive Off");
        if (backend) {
            r->conf.backends = &b;
            r->conf.nbackends = 1;
        }
        rig_start(r);
        rig_crowd(r, count, each,
                  &(struct guest){ .at = SIM_MS,
                                   .d.backend = (uint8_t)backend,
                                   .d.sleep = 5 * SIM_MS,
                                   .d.bytes = bytes });
        rig_run(r, SIM_S / 2);
        ck_assert_int_eq(rig_answered(r), count);
        ck_assert(rig_is_empty(r));
        kib[backend] = private_kib(r);
        rig_free(r);
    }
    return kib[1] - kib[0];
}

/* The module, a connection for each request at a time, and the threads. */
START_TEST(m26_what_a_backend_costs)
{
    ck_assert_int_eq(backend_kib("worker", BACKEND_PROXY, 4, 0, 1000),
                     60 + 4 * 30 + 4 * 4);
    ck_assert_int_eq(backend_kib("worker", BACKEND_PROXY, 4, 20 * SIM_MS, 1000),
                     60 + 30 + 4 * 4);
    ck_assert_int_eq(backend_kib("event", BACKEND_PROXY, 4, 0, 1000),
                     60 + 4 * 30 + 4 * 4);
    ck_assert_int_eq(backend_kib("prefork", BACKEND_PROXY, 1, 0, 1000),
                     60 + 30 + 4);
    ck_assert_int_eq(backend_kib("event", BACKEND_PHP_FPM, 4, 0, 1000),
                     40 + 4 * 24 + 4 * 8);
    /* a large body grows connections, too */
    ck_assert_int_eq(backend_kib("event", BACKEND_PROXY, 4, 0, 300000),
                     60 + 4 * (30 + 42) + 4 * 4);
}
END_TEST

/* M-7: one pool per connection; M-8, E-33: the high-water mark stays, as far
 * as pools are kept. */
START_TEST(m20_a_pool_per_connection_and_three_quarters_kept)
{
    struct rig *r = rig_new("event", "StartServers 1\nThreadsPerChild 8\n"
                                     "MaxRequestWorkers 8\n"
                                     "MinSpareThreads 1\nMaxSpareThreads 100");
    const struct machine *m = &r->conf.machine;
    rig_start(r);
    rig_run(r, 1);
    int64_t idle = r->srv->memory;
    rig_crowd(r, 8, SIM_MS,
              &(struct guest){ .at = 1, .hold = true, .leave = SIM_S });
    rig_run(r, SIM_S / 2);
    ck_assert_int_eq(r->srv->memory - idle,
                     8 * (m->mem_conn + m->mem_thread_event - m->mem_thread));
    rig_run(r, SIM_S);
    ck_assert(rig_is_empty(r));
    ck_assert_int_eq(r->srv->memory - idle,
                     6 * m->mem_conn +
                         8 * (m->mem_thread_event - m->mem_thread));
    /* six find a pool, which grows by its use (M-25), two do not */
    int64_t kept = r->srv->memory;
    rig_crowd(r, 8, SIM_MS,
              &(struct guest){ .at = 2 * SIM_S, .d.sleep = SIM_S });
    rig_run(r, 2500 * SIM_MS);
    ck_assert_int_eq(r->srv->memory - kept,
                     2 * m->mem_conn_new + 6 * (m->mem_conn_old - m->mem_conn));
    rig_free(r);
}
END_TEST

/* ---- CPU time ---- */

START_TEST(m19_living_processes_show_whole_ticks_reaped_ones_all)
{
    struct rig *r = rig_new("prefork", "StartServers 1\nMinSpareServers 1\n"
                                       "KeepAlive Off\n"
                                       "MaxConnectionsPerChild 3");
    rig_start(r);
    struct snapshot o;
    for (int i = 0; i < 3; i++) {
        rig_add(r, &(struct guest){ .at = (i + 1) * 100 * SIM_MS,
                                    .d.cpu = 9 * SIM_MS });
        rig_run(r, (i + 1) * 100 * SIM_MS + 50 * SIM_MS);
        server_snapshot(r->srv, &o); /* 9, 18, 27 ms of user time */
        ck_assert_double_eq_tol(o.cpu_s, i * 0.01, 1e-9);
    }
    rig_run(r, 3 * SIM_S); /* after its third connection, reaped by a tick */
    server_snapshot(r->srv, &o);
    ck_assert_double_eq_tol(o.cpu_s, 0.02, 1e-9);
    rig_free(r);
}
END_TEST

Suite *suite_limits(void);
Suite *suite_limits(void)
{
    Suite *s = suite_create("limits");
    TCase *t = tcase_create("limits");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, h1_the_process_that_holds_most_is_killed);
    tcase_add_test(t, h1_a_killed_process_is_a_crashed_one);
    tcase_add_loop_test(t, h1_a_killed_process_does_nothing_more, 0, 3);
    tcase_add_test(t, h2_a_request_waits_for_its_pages_in_swap);
    tcase_add_test(t, h2_without_need_nobody_waits);
    tcase_add_loop_test(
        t, h3_without_descriptors_a_threaded_process_stops_gracefully, 0, 2);
    tcase_add_test(t, h3_prefork_needs_two);
    tcase_add_test(t, h3_the_limit_of_the_system_makes_prefork_children_sick);
    tcase_add_loop_test(t, h3_the_limit_of_the_system_counts_all_processes, 0,
                        2);
    tcase_add_test(t, h4_a_leak_grows_until_its_process_ends);
    tcase_add_test(
        t, m18_event_keeps_the_pools_of_large_bodies_for_three_quarters);
    tcase_add_test(t, m18_worker_keeps_them_all);
    tcase_add_test(t, m26_what_a_backend_costs);
    tcase_add_test(t, m20_a_pool_per_connection_and_three_quarters_kept);
    tcase_add_test(t, m19_living_processes_show_whole_ticks_reaped_ones_all);
    suite_add_tcase(s, t);
    return s;
}
