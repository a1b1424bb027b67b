/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Backends: a PHP-FPM pool's process manager (F-1 … F-6), a proxied
 * application's limit and hangs, and the thread that waits for them (C-37). */
#include "tests/timelines/rig.h"

#include <check.h>
#include <string.h>

#define READY (30 * SIM_MS) /* the pool's own start-up */
#define LOOK  (1000600 * SIM_US)
#define AFTER (50 * SIM_MS) /* requests that come when the pool is up */

static const struct fpm_conf dynamic = { .pm = FPM_DYNAMIC,
                                         .max_children = 100,
                                         .start_servers = 5,
                                         .min_spare_servers = 5,
                                         .max_spare_servers = 10,
                                         .max_spawn_rate = 32,
                                         .process_idle_timeout = 10 * SIM_S,
                                         .listen_backlog = 511 };

/* A server with threads enough and the backend B behind it. */
static struct rig *server(const struct backend_conf *b)
{
    struct rig *r = rig_new("worker", "StartServers 4\nThreadsPerChild 50\n"
                                      "MaxRequestWorkers 800\n"
                                      "MaxSpareThreads 1000");
    r->conf.backends = b;
    r->conf.nbackends = 1;
    rig_start(r);
    return r;
}

static struct rig *pool(struct backend_conf *b, const struct fpm_conf *f)
{
    *b = (struct backend_conf){ .name = "www",
                                .type = BACKEND_PHP_FPM,
                                .fpm = *f };
    return server(b);
}

static struct backend_snapshot state(const struct rig *r)
{
    struct backend_snapshot o;
    server_backend_snapshot(r->srv, 0, &o);
    return o;
}

static void ask(struct rig *r, int n, simtime_t at, simtime_t service)
{
    rig_crowd(r, n, 0,
              &(struct guest){ .at = at, .d.backend = 1, .d.sleep = service });
}

static int lines_with(const struct rig *r, const char *words)
{
    int n = 0;
    for (int i = 0; i < r->nnotes; i++)
        n += strstr(r->notes[i].text, words) != NULL;
    return n;
}

START_TEST(f1_looks_drift_by_600_us)
{
    struct backend_conf b;
    struct fpm_conf f = dynamic;
    f.max_spawn_rate = 1;
    struct rig *r = pool(&b, &f);
    ask(r, 100, AFTER, 600 * SIM_S); /* nobody is idle: one fork a look */
    for (int k = 1; k <= 20; k++) {
        rig_run(r, READY + k * LOOK - 1);
        ck_assert_int_eq(state(r).processes, 5 + k - 1);
        rig_run(r, READY + k * LOOK);
        ck_assert_int_eq(state(r).processes, 5 + k);
    }
    rig_free(r);
}
END_TEST

START_TEST(f2_one_idle_child_too_many_ends_a_look)
{
    struct backend_conf b;
    struct fpm_conf f = dynamic;
    f.start_servers = 14;
    struct rig *r = pool(&b, &f);
    for (int k = 1; k <= 6; k++) {
        rig_run(r, READY + k * LOOK);
        ck_assert_int_eq(state(r).processes, k < 4 ? 14 - k : 10);
    }
    rig_free(r);
}
END_TEST

/* The spare limits are as one: a look ends a child, the next forks one. */
START_TEST(f2_the_child_that_was_started_first_ends)
{
    struct backend_conf b;
    struct fpm_conf f = dynamic;
    f.start_servers = 2;
    f.min_spare_servers = 1;
    f.max_spare_servers = 2;
    f.max_requests = 2;
    struct rig *r = rig_new("worker", "StartServers 4");
    /* a replaced child is not idle for a tenth of a second: that tells it */
    r->conf.machine.cpu_child_init = SIM_S / 10;
    b = (struct backend_conf){ .name = "www",
                               .type = BACKEND_PHP_FPM,
                               .fpm = f };
    r->conf.backends = &b;
    r->conf.nbackends = 1;
    rig_start(r);
    /* both busy at the first look: a third child; then each of the old ones
     * has served one of its two requests, and one look ends one of them */
    ask(r, 2, 500 * SIM_MS, SIM_S);
    rig_run(r, READY + LOOK + SIM_S / 5);
    ck_assert_int_eq(state(r).processes, 3);
    rig_run(r, READY + 2 * LOOK);
    ck_assert_int_eq(state(r).processes, 2);
    ck_assert_int_eq(state(r).idle, 2);
    /* one old child and the young one are left: of two requests, served in
     * turn, one ends its child */
    ask(r, 2, 3 * SIM_S, 0);
    rig_run(r, 3 * SIM_S + SIM_MS);
    ck_assert_int_eq(rig_answered(r), 4);
    ck_assert_int_eq(state(r).processes, 2);
    ck_assert_int_eq(state(r).idle, 1);
    rig_free(r);
}
END_TEST

START_TEST(f3_the_spawn_rate_doubles_up_to_what_is_missing)
{
    static const int want[] = { 1, 2, 4, 8, 16, 26, 36, 40, 40 };
    struct backend_conf b;
    struct fpm_conf f = dynamic;
    f.start_servers = 1;
    f.min_spare_servers = 10;
    f.max_spare_servers = 20;
    f.max_children = 40;
    struct rig *r = pool(&b, &f);
    ask(r, 60, AFTER, 600 * SIM_S);
    for (int k = 0; k < 9; k++) {
        rig_run(r, READY + k * LOOK + AFTER);
        ck_assert_msg(state(r).processes == want[k],
                      "look %d: %d children, want %d", k,
                      (int)state(r).processes, want[k]);
        ck_assert_int_eq(state(r).active, want[k]);
        ck_assert_int_eq(state(r).queue, 60 - want[k]);
    }
    rig_run(r, 20 * SIM_S);
    ck_assert_int_eq(lines_with(r, "reached pm.max_children setting (40)"), 1);
    ck_assert_int_eq(lines_with(r, "seems busy"), 4); /* rate 8 … 32, 32 */
    rig_free(r);
}
END_TEST

START_TEST(f3_waiting_connections_do_not_count)
{
    struct backend_conf b;
    struct fpm_conf f = dynamic;
    f.start_servers = 1;
    f.min_spare_servers = 1;
    f.max_spare_servers = 2;
    struct rig *r = pool(&b, &f);
    ask(r, 50, AFTER, 600 * SIM_S);
    for (int k = 1; k <= 5; k++) { /* one is missing, not fifty */
        rig_run(r, READY + k * LOOK);
        ck_assert_int_eq(state(r).processes, 1 + k);
    }
    rig_free(r);
}
END_TEST

START_TEST(f4_ondemand_forks_at_once_up_to_its_limit)
{
    struct backend_conf b;
    struct fpm_conf f = dynamic;
    f.pm = FPM_ONDEMAND;
    f.max_children = 6;
    struct rig *r = pool(&b, &f);
    ask(r, 4, SIM_S, 10 * SIM_S);
    ask(r, 6, 2 * SIM_S, 10 * SIM_S);
    rig_run(r, SIM_S - 1);
    ck_assert_int_eq(state(r).processes, 0);
    rig_run(r, SIM_S);
    ck_assert_int_eq(state(r).processes, 4);
    ck_assert_int_eq(state(r).active, 4);
    rig_run(r, 2 * SIM_S);
    ck_assert_int_eq(state(r).processes, 6);
    ck_assert_int_eq(state(r).queue, 4);
    rig_run(r, 30 * SIM_S);
    ck_assert_int_eq(rig_answered(r), 10);
    rig_free(r);
}
END_TEST

START_TEST(f5_ondemand_ends_one_idle_child_a_look)
{
    struct backend_conf b;
    struct fpm_conf f = dynamic;
    f.pm = FPM_ONDEMAND;
    f.process_idle_timeout = 3 * SIM_S;
    struct rig *r = pool(&b, &f);
    ask(r, 4, AFTER, 500 * SIM_MS); /* idle from 0.55 on */
    rig_run(r, READY + 4 * LOOK - 1);
    ck_assert_int_eq(state(r).processes, 4);
    for (int k = 4; k <= 8; k++) { /* at 4.03 for the first time */
        rig_run(r, READY + k * LOOK);
        ck_assert_int_eq(state(r).processes, k < 8 ? 7 - k : 0);
    }
    rig_free(r);
}
END_TEST

START_TEST(f6_max_requests_replaces_at_once_and_children_take_turns)
{
    struct rig *r = rig_new("worker", "StartServers 4");
    struct fpm_conf f = dynamic;
    f.pm = FPM_STATIC;
    f.max_children = 3;
    f.max_requests = 3;
    struct backend_conf b = { .name = "www",
                              .type = BACKEND_PHP_FPM,
                              .fpm = f };
    r->conf.machine.cpu_child_init = SIM_S;
    r->conf.backends = &b;
    r->conf.nbackends = 1;
    rig_start(r);
    rig_run(r, 2 * SIM_S);
    ck_assert_int_eq(state(r).idle, 3);
    for (int i = 1; i <= 9; i++) {
        ask(r, 1, 2 * SIM_S + i * 10 * SIM_MS, 0);
        rig_run(r, 2 * SIM_S + i * 10 * SIM_MS + SIM_MS);
        ck_assert_int_eq(rig_answered(r), i);
        ck_assert_int_eq(state(r).processes, 3);
        ck_assert_int_eq(state(r).idle, i > 6 ? 9 - i : 3);
    }
    rig_run(r, 4 * SIM_S);
    ck_assert_int_eq(state(r).idle, 3);
    rig_free(r);
}
END_TEST

START_TEST(a_full_listen_queue_is_answered_503)
{
    struct backend_conf b;
    struct fpm_conf f = dynamic;
    f.pm = FPM_STATIC;
    f.max_children = 1;
    f.listen_backlog = 4;
    struct rig *r = pool(&b, &f);
    ask(r, 8, AFTER, SIM_S);
    rig_run(r, AFTER);
    ck_assert_int_eq(state(r).queue, 5);
    ck_assert_int_eq(rig_answered(r), 2);
    rig_run(r, 20 * SIM_S);
    int rejected = 0;
    for (int i = 0; i < 8; i++)
        rejected += r->guests[i]->status == 503;
    ck_assert_int_eq(rejected, 2);
    ck_assert(rig_is_empty(r));
    rig_free(r);
}
END_TEST

START_TEST(c37_a_thread_waits_for_the_backend_at_most_timeout)
{
    struct backend_conf b = { .name = "app",
                              .type = BACKEND_PROXY,
                              .concurrency = 1 };
    struct rig *r = rig_new("worker", "StartServers 1\nTimeout 5\n"
                                      "KeepAlive Off");
    r->conf.backends = &b;
    r->conf.nbackends = 1;
    rig_start(r);
    ask(r, 2, SIM_S, 4 * SIM_S);
    rig_run(r, 2 * SIM_S);
    ck_assert_int_eq(rig_slot(r, SLOT_WRITING), 2);
    rig_run(r, 5 * SIM_S);
    ck_assert_int_eq(r->guests[0]->status, 200);
    rig_run(r, 6 * SIM_S);
    ck_assert_int_eq(r->guests[1]->status, 504);
    ck_assert_int_eq(state(r).active, 1); /* it is served all the same */
    rig_run(r, 10 * SIM_S);
    ck_assert_int_eq(state(r).active, 0);
    ck_assert(rig_is_empty(r));
    rig_free(r);
}
END_TEST

START_TEST(nothing_moves_while_a_proxied_application_hangs)
{
    static const struct backend_hang hang[] = { { 2 * SIM_S, 5 * SIM_S },
                                                { 7 * SIM_S, 8 * SIM_S } };
    struct backend_conf b = { .name = "app",
                              .type = BACKEND_PROXY,
                              .concurrency = 2,
                              .hang = hang,
                              .nhang = 2 };
    struct rig *r = server(&b);
    ask(r, 3, 1500 * SIM_MS, SIM_S);
    rig_run(r, 3 * SIM_S);
    ck_assert_int_eq(rig_answered(r), 0);
    ck_assert_int_eq(state(r).active, 2);
    ck_assert_int_eq(state(r).queue, 1);
    rig_run(r, 5 * SIM_S); /* those whose service ended within the hang */
    ck_assert_int_eq(rig_answered(r), 2);
    rig_run(r, 6 * SIM_S);
    ck_assert_int_eq(rig_answered(r), 3);
    ask(r, 1, 7 * SIM_S, 0);
    rig_run(r, 8 * SIM_S - 1);
    ck_assert_int_eq(rig_answered(r), 3);
    rig_run(r, 8 * SIM_S);
    ck_assert_int_eq(rig_answered(r), 4);
    ck_assert_str_eq(server_backend_name(r->srv, 0), "app");
    ck_assert_uint_eq(server_backends(r->srv), 1);
    rig_free(r);
}
END_TEST

Suite *suite_backend(void);
Suite *suite_backend(void)
{
    Suite *s = suite_create("backend");
    TCase *t = tcase_create("php-fpm");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, f1_looks_drift_by_600_us);
    tcase_add_test(t, f2_one_idle_child_too_many_ends_a_look);
    tcase_add_test(t, f2_the_child_that_was_started_first_ends);
    tcase_add_test(t, f3_the_spawn_rate_doubles_up_to_what_is_missing);
    tcase_add_test(t, f3_waiting_connections_do_not_count);
    tcase_add_test(t, f4_ondemand_forks_at_once_up_to_its_limit);
    tcase_add_test(t, f5_ondemand_ends_one_idle_child_a_look);
    tcase_add_test(t, f6_max_requests_replaces_at_once_and_children_take_turns);
    tcase_add_test(t, a_full_listen_queue_is_answered_503);
    suite_add_tcase(s, t);

    t = tcase_create("proxy");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, c37_a_thread_waits_for_the_backend_at_most_timeout);
    tcase_add_test(t, nothing_moves_while_a_proxied_application_hangs);
    suite_add_tcase(s, t);
    return s;
}
