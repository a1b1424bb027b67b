/* SPDX-License-Identifier: GPL-3.0-or-later */
/* G-19 with its exact numbers, then every T rule with its correction, its note
 * and httpd's code. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/settings.h"

#define V(a, b, c) HTTPD_VERSION(a, b, c)

static struct arena *arena;
static struct directives given;
static struct settings out;
static struct settings_notes notes;

static void begin(void)
{
    arena = arena_new();
    memset(&given, 0, sizeof given);
    given.reqtimeout_loaded = true;
}

static void end(void)
{
    arena_free(arena);
}

/* Writes "Name value" lines of an httpd.conf, separated by ';'. */
static void conf(const char *lines)
{
    char text[600], *save = NULL;

    (void)snprintf(text, sizeof text, "%s", lines);
    for (char *l = strtok_r(text, ";", &save); l != NULL;
         l = strtok_r(NULL, ";", &save)) {
        char *value = strchr(l, ' ');
        bool old;
        struct err e;
        int d;
        err_init(&e);
        *value++ = '\0';
        d = directive_find(l, &old);
        ck_assert_msg(d >= 0, "%s is not known", l);
        ck_assert_msg(directives_set(&given, (enum directive)d, value, true,
                                     old, "httpd.conf", 7, 1, arena, &e),
                      "%s", e.text);
    }
}

static bool resolve_at(enum mpm_kind mpm, int version, int cpus, char **error)
{
    struct err e;
    bool ok;

    err_init(&e);
    ok = settings_resolve(&given, mpm, version, cpus, false, arena, &out,
                          &notes, &e);
    if (error != NULL)
        *error = ok ? NULL : err_format(&e);
    else
        ck_assert_msg(ok, "%s", e.text);
    err_clear(&e);
    return ok;
}

/* Resolves the lines of an httpd.conf for MPM. */
static void resolve(enum mpm_kind mpm, const char *lines)
{
    memset(&given, 0, sizeof given);
    given.reqtimeout_loaded = true;
    conf(lines);
    (void)resolve_at(mpm, HTTPD_BASELINE, 4, NULL);
}

/* The one note there is, and its code ("" when httpd is silent). */
static void noted(const char *code, const char *rule, const char *text)
{
    ck_assert_uint_eq(notes.n, 1);
    ck_assert_str_eq(notes.v[0].text, text);
    ck_assert_str_eq(notes.v[0].code, code);
    ck_assert_str_eq(notes.v[0].rule, rule);
    ck_assert_int_eq(notes.v[0].logged, code[0] != '\0');
    ck_assert_str_eq(notes.v[0].file, "httpd.conf");
    ck_assert_int_eq(notes.v[0].line, 7);
}

#define EQ(field, want) ck_assert_int_eq(out.field, want)

START_TEST(g19_spare_servers_keep_their_distance)
{
    resolve(MPM_PREFORK, "MinSpareServers 10;MaxSpareServers 4");
    EQ(max_spare, 11);
    noted("", "T-9",
          "MaxSpareServers 4 is less than MinSpareServers 10 + 1; httpd "
          "silently uses 11. Set MaxSpareServers to 11 or more.");
}
END_TEST

START_TEST(g19_prefork_workers_stop_at_server_limit)
{
    resolve(MPM_PREFORK, "MaxRequestWorkers 300");
    EQ(max_request_workers, 256);
    EQ(process_limit, 256);
    noted("AH00180", "T-5",
          "MaxRequestWorkers 300 is more than ServerLimit 256 (default); "
          "httpd would start with 256. Raise ServerLimit to 300.");
}
END_TEST

START_TEST(g19_spare_threads_keep_their_distance)
{
    resolve(MPM_WORKER,
            "MinSpareThreads 100;MaxSpareThreads 50;ThreadsPerChild 25");
    EQ(max_spare, 126);
    noted("", "T-11",
          "MaxSpareThreads 50 is less than MinSpareThreads 100 + "
          "ThreadsPerChild 25 + 1; httpd silently uses 126. Set "
          "MaxSpareThreads to 126 or more.");
}
END_TEST

START_TEST(g19_workers_are_a_multiple_of_threads)
{
    resolve(MPM_WORKER, "MaxRequestWorkers 110;ThreadsPerChild 25");
    EQ(max_request_workers, 100);
    EQ(process_limit, 4);
    noted("AH00316", "T-6",
          "MaxRequestWorkers 110 is not a multiple of ThreadsPerChild 25; "
          "httpd would start with 100 (4 processes). Set MaxRequestWorkers to "
          "100 or 125.");
}
END_TEST

START_TEST(g19_threads_stop_at_thread_limit)
{
    resolve(MPM_WORKER, "ThreadsPerChild 100");
    EQ(threads_per_child, 64);
    EQ(max_request_workers, 384);
    ck_assert_uint_eq(notes.n, 2);
    ck_assert_str_eq(notes.v[0].code, "AH00310");
    ck_assert_str_eq(notes.v[0].text,
                     "ThreadsPerChild 100 is more than ThreadLimit 64 "
                     "(default); httpd would start with 64. Raise ThreadLimit "
                     "to 100.");
    ck_assert_str_eq(notes.v[1].code, "AH00316");
    ck_assert_str_eq(notes.v[1].text,
                     "MaxRequestWorkers 400 (default) is not a multiple of "
                     "ThreadsPerChild 64; httpd would start with 384 (6 "
                     "processes). Set MaxRequestWorkers to 384 or 448.");
}
END_TEST

START_TEST(g19_workers_fill_one_process)
{
    resolve(MPM_WORKER, "MaxRequestWorkers 10;ThreadsPerChild 25");
    EQ(max_request_workers, 25);
    EQ(process_limit, 1);
    noted("AH00314", "T-6",
          "MaxRequestWorkers 10 is less than ThreadsPerChild 25; httpd would "
          "start with 25. Raise MaxRequestWorkers to 25 or lower "
          "ThreadsPerChild.");
}
END_TEST

START_TEST(g19_processes_stop_at_server_limit_but_workers_do_not)
{
    resolve(MPM_WORKER, "MaxRequestWorkers 800;ThreadsPerChild 25");
    EQ(process_limit, 16);
    EQ(max_request_workers, 800); /* W-14 */
    noted("AH00318", "T-6",
          "MaxRequestWorkers 800 is more than ServerLimit 16 x "
          "ThreadsPerChild 25 = 400; httpd would start with 400. Raise "
          "ServerLimit to 32.");
}
END_TEST

START_TEST(g19_start_servers_stop_at_the_process_limit)
{
    resolve(MPM_PREFORK, "StartServers 40;MaxRequestWorkers 20");
    EQ(start_servers, 20);
    noted("", "T-7",
          "StartServers 40 is more than the 20 processes that "
          "MaxRequestWorkers allows; httpd silently starts 20. Set "
          "StartServers to 20 or less.");
}
END_TEST

START_TEST(t1_t2_server_limit)
{
    resolve(MPM_PREFORK, "ServerLimit 300000");
    EQ(server_limit, 200000);
    noted("AH00175", "T-1",
          "ServerLimit 300000 is more than httpd was compiled for; httpd "
          "would start with 200000. Lower ServerLimit to 200000.");
    resolve(MPM_WORKER, "ServerLimit 20001");
    EQ(server_limit, 20000);
    ck_assert_str_eq(notes.v[0].code, "AH00300");
    resolve(MPM_EVENT, "ServerLimit 20001");
    ck_assert_str_eq(notes.v[0].code, "AH00497");
    resolve(MPM_PREFORK, "ServerLimit 0;MaxRequestWorkers 1");
    EQ(server_limit, 1);
    noted("AH00177", "T-1",
          "ServerLimit 0 is not allowed; httpd would start with 1. Set "
          "ServerLimit to 1 or more.");
    resolve(MPM_EVENT, "ServerLimit -1;MaxRequestWorkers 25");
    EQ(server_limit, 1);
    ck_assert_str_eq(notes.v[0].code, "AH00499");
}
END_TEST

START_TEST(t3_thread_limit)
{
    resolve(MPM_WORKER, "ThreadLimit 20001");
    EQ(thread_limit, 20000);
    ck_assert_str_eq(notes.v[0].code, "AH00305");
    resolve(MPM_EVENT, "ThreadLimit 100001");
    EQ(thread_limit, 100000);
    ck_assert_str_eq(notes.v[0].code, "AH00502");
    resolve(MPM_EVENT, "ThreadLimit 0;ThreadsPerChild 1");
    EQ(thread_limit, 1);
    ck_assert_str_eq(notes.v[0].code, "AH00504");
}
END_TEST

START_TEST(t4_threads_per_child)
{
    resolve(MPM_EVENT, "ThreadsPerChild 0;MaxRequestWorkers 16");
    EQ(threads_per_child, 1);
    ck_assert_str_eq(notes.v[0].code, "AH00509");
    resolve(MPM_EVENT, "ThreadsPerChild 65;MaxRequestWorkers 64");
    EQ(threads_per_child, 64);
    ck_assert_str_eq(notes.v[0].code, "AH00507");
}
END_TEST

START_TEST(t5_prefork_needs_a_worker)
{
    resolve(MPM_PREFORK, "MaxRequestWorkers 0");
    EQ(max_request_workers, 1);
    noted("AH00182", "T-5",
          "MaxRequestWorkers 0 is not allowed; httpd would start with 1. Set "
          "MaxRequestWorkers to 1 or more.");
}
END_TEST

START_TEST(t6_event_has_codes_of_its_own)
{
    resolve(MPM_EVENT, "MaxRequestWorkers 10");
    ck_assert_str_eq(notes.v[0].code, "AH00511");
    resolve(MPM_EVENT, "MaxRequestWorkers 410");
    EQ(max_request_workers, 400);
    noted("AH00513", "T-6",
          "MaxRequestWorkers 410 is not a multiple of ThreadsPerChild 25; "
          "httpd would start with 400 (16 processes). Set MaxRequestWorkers "
          "to 400 or 425.");
    resolve(MPM_EVENT, "MaxRequestWorkers 1000");
    noted("AH00515", "T-6",
          "MaxRequestWorkers 1000 is more than ServerLimit 16 x "
          "ThreadsPerChild 25 = 400; httpd would start with 400. Raise "
          "ServerLimit to 40.");
}
END_TEST

START_TEST(t7_at_least_one_server_starts)
{
    resolve(MPM_PREFORK, "StartServers 0");
    EQ(start_servers, 1);
    ck_assert_str_eq(notes.v[0].code, "AH00184");
    resolve(MPM_WORKER, "StartServers 0");
    ck_assert_str_eq(notes.v[0].code, "AH00320");
    resolve(MPM_EVENT, "StartServers 0");
    ck_assert_str_eq(notes.v[0].code, "AH00517");
    /* a default above the limit is nobody's mistake */
    resolve(MPM_EVENT, "MaxRequestWorkers 50");
    EQ(start_servers, 2);
    ck_assert_uint_eq(notes.n, 0);
}
END_TEST

START_TEST(t8_t10_at_least_one_spare)
{
    resolve(MPM_PREFORK, "MinSpareServers 0");
    EQ(min_spare, 1);
    ck_assert_str_eq(notes.v[0].code, "AH00186");
    resolve(MPM_WORKER, "MinSpareThreads 0");
    EQ(min_spare, 1);
    ck_assert_str_eq(notes.v[0].code, "AH00322");
    resolve(MPM_EVENT, "MinSpareThreads 0");
    ck_assert_str_eq(notes.v[0].code, "AH00519");
}
END_TEST

START_TEST(t12_the_factor_loses_its_fraction)
{
    resolve(MPM_EVENT, "AsyncRequestWorkerFactor 1.5");
    EQ(async_factor, 1);
    EQ(async_sixteenths, 24);
    noted("", "T-12",
          "AsyncRequestWorkerFactor 1.5 acts as 1: httpd drops the fraction "
          "since 2.4.30. Set it to 1 or 2.");
    (void)resolve_at(MPM_EVENT, V(2, 4, 29), 4, NULL);
    EQ(async_sixteenths, 24); /* E-16: it counted until 2.4.29 */
    ck_assert_uint_eq(notes.n, 0);
    resolve(MPM_EVENT, "AsyncRequestWorkerFactor 1.0625");
    EQ(async_sixteenths, 17);
    resolve(MPM_EVENT, "AsyncRequestWorkerFactor 0.5");
    EQ(async_factor, 1);
    EQ(async_sixteenths, 16);
    ck_assert_uint_eq(notes.n, 1);
}
END_TEST

START_TEST(t13_t24_old_names_are_remarked_on)
{
    resolve(MPM_PREFORK, "MaxClients 100");
    EQ(max_request_workers, 100);
    noted("AH00188", "T-24",
          "MaxClients is the old name of MaxRequestWorkers; httpd still takes "
          "it. Write MaxRequestWorkers.");
    resolve(MPM_WORKER, "MaxClients 100");
    ck_assert_str_eq(notes.v[0].code, "AH00324");
    resolve(MPM_EVENT, "MaxClients 100");
    ck_assert_str_eq(notes.v[0].code, "AH00521");
    resolve(MPM_EVENT, "MaxRequestsPerChild 1000");
    EQ(max_connections_per_child, 1000);
    noted("AH00545", "T-13",
          "MaxRequestsPerChild is the old name of MaxConnectionsPerChild; "
          "httpd still takes it. Write MaxConnectionsPerChild.");
    (void)resolve_at(MPM_EVENT, V(2, 2, 34), 4, NULL);
    ck_assert_uint_eq(notes.n, 0); /* the only name there was */
}
END_TEST

START_TEST(t14_to_t21_defaults)
{
    resolve(MPM_EVENT, "");
    EQ(listen_backlog, 511); /* C-24 */
    EQ(keepalive, true);
    EQ(max_keepalive_requests, 100);
    EQ(keepalive_timeout, 5 * SIM_S);
    EQ(timeout, 60 * SIM_S);
    EQ(graceful_shutdown_timeout, 0);
    EQ(send_buffer, 0);
    EQ(max_mem_free, 2048 * 1024);
    EQ(flush_max_threshold, 65535);
    EQ(flush_max_pipelined, 4);
    EQ(max_connections_per_child, 0);
    EQ(async_factor, 2);
    EQ(buckets, 1);
    EQ(nlisten, 1);
    ck_assert_uint_eq(notes.n, 0);
    (void)resolve_at(MPM_PREFORK, V(2, 2, 34), 4, NULL);
    EQ(timeout, 300 * SIM_S);
    EQ(max_connections_per_child, 10000);
    EQ(reqtimeout.header, 0); /* off unless configured, before 2.3.14 */
}
END_TEST

START_TEST(t15_keepalive_timeout_0_means_off)
{
    resolve(MPM_EVENT, "KeepAliveTimeout 0");
    EQ(keepalive, false);
    resolve(MPM_EVENT, "KeepAliveTimeout 250ms");
    EQ(keepalive_timeout, 250 * SIM_MS);
    resolve(MPM_EVENT, "MaxKeepAliveRequests -1");
    EQ(keepalive, false);
    ck_assert_uint_eq(notes.n, 1);
}
END_TEST

START_TEST(t22_defaults_do_not_follow_other_directives)
{
    resolve(MPM_EVENT, "ThreadsPerChild 64");
    EQ(max_request_workers, 384);
    EQ(process_limit, 6);
    EQ(min_spare, 75);
    EQ(max_spare, 250);
    noted("AH00513", "T-6",
          "MaxRequestWorkers 400 (default) is not a multiple of "
          "ThreadsPerChild 64; httpd would start with 384 (6 processes). Set "
          "MaxRequestWorkers to 384 or 448.");
    resolve(MPM_EVENT, "ServerLimit 100");
    EQ(process_limit, 16);
}
END_TEST

START_TEST(t23_the_distance_of_spares_depends_on_the_version)
{
    conf("MinSpareThreads 100;MaxSpareThreads 50");
    (void)resolve_at(MPM_WORKER, V(2, 2, 34), 4, NULL);
    EQ(max_spare, 125);
    (void)resolve_at(MPM_WORKER, V(2, 4, 20), 4, NULL);
    EQ(max_spare, 125);
    (void)resolve_at(MPM_WORKER, V(2, 4, 23), 4, NULL);
    EQ(max_spare, 126);
    conf("ListenCoresBucketsRatio 2");
    (void)resolve_at(MPM_WORKER, V(2, 4, 20), 4, NULL);
    EQ(max_spare, 150);
    (void)resolve_at(MPM_WORKER, V(2, 4, 23), 4, NULL);
    EQ(max_spare, 152);
}
END_TEST

START_TEST(c40_buckets_raise_the_limits)
{
    conf("ListenCoresBucketsRatio 2;MaxRequestWorkers 50;StartServers 1;"
         "MinSpareThreads 10;MaxSpareThreads 20");
    (void)resolve_at(MPM_EVENT, HTTPD_BASELINE, 8, NULL);
    EQ(buckets, 4);
    EQ(process_limit, 4);
    EQ(start_servers, 4);
    EQ(min_spare, 25 * 3 + 4);
    EQ(max_spare, 79 + 26 * 4);
    (void)resolve_at(MPM_EVENT, HTTPD_BASELINE, 3, NULL);
    EQ(buckets, 1); /* 3 / 2 = 1 */
    memset(&given, 0, sizeof given);
    conf("ListenCoresBucketsRatio 1;MaxRequestWorkers 2;MinSpareServers 1;"
         "MaxSpareServers 1;StartServers 1");
    (void)resolve_at(MPM_PREFORK, HTTPD_BASELINE, 4, NULL);
    EQ(max_request_workers, 4);
    EQ(start_servers, 4);
    EQ(min_spare, 4);
    EQ(max_spare, 8);
}
END_TEST

START_TEST(c33_request_read_timeout)
{
    resolve(MPM_EVENT, "");
    EQ(reqtimeout.handshake, 0);
    EQ(reqtimeout.header, 20 * SIM_S);
    EQ(reqtimeout.header_max, 40 * SIM_S);
    EQ(reqtimeout.header_rate, 500);
    EQ(reqtimeout.body, 20 * SIM_S);
    EQ(reqtimeout.body_max, 0);
    EQ(reqtimeout.body_rate, 500);
    resolve(MPM_EVENT, "RequestReadTimeout header=10;"
                       "RequestReadTimeout BODY=30-60,minrate=100");
    EQ(reqtimeout.header, 10 * SIM_S);
    EQ(reqtimeout.header_max, 0);
    EQ(reqtimeout.header_rate, 0);
    EQ(reqtimeout.body, 30 * SIM_S);
    EQ(reqtimeout.body_max, 60 * SIM_S);
    EQ(reqtimeout.body_rate, 100);
    given.reqtimeout_loaded = false;
    (void)resolve_at(MPM_EVENT, HTTPD_BASELINE, 4, NULL);
    EQ(reqtimeout.header, 0);
}
END_TEST

START_TEST(c25_accept_filter_goes_by_the_listeners_protocol)
{
    resolve(MPM_EVENT, "Listen 80;Listen 8443");
    given.listen[1].tls = true;
    conf("AcceptFilter http none");
    (void)resolve_at(MPM_EVENT, HTTPD_BASELINE, 4, NULL);
    EQ(defer_accept[0], false);
    EQ(defer_accept[1], false); /* port 8443 is "http" to httpd */
    memset(&given, 0, sizeof given);
    conf("Listen 80;Listen 8443 https;AcceptFilter https none");
    (void)resolve_at(MPM_EVENT, HTTPD_BASELINE, 4, NULL);
    EQ(defer_accept[0], true);
    EQ(defer_accept[1], false);
    EQ(nlisten, 2);
    EQ(listen[1].port, 8443);
}
END_TEST

static void refused(enum mpm_kind mpm, int version, const char *line,
                    const char *message)
{
    char *error;

    memset(&given, 0, sizeof given);
    conf(line);
    ck_assert(!resolve_at(mpm, version, 4, &error));
    ck_assert_str_eq(error, message);
    free(error);
}

START_TEST(directives_httpd_does_not_know_stop_it)
{
    refused(MPM_PREFORK, HTTPD_BASELINE, "ThreadsPerChild 25",
            "httpd.conf:7:1: ThreadsPerChild does not exist in mpm_prefork, "
            "only in mpm_worker and mpm_event; httpd would not start. Remove "
            "it.");
    refused(MPM_WORKER, HTTPD_BASELINE, "MaxSpareServers 25",
            "httpd.conf:7:1: MaxSpareServers does not exist in mpm_worker, "
            "only in mpm_prefork; httpd would not start. Remove it.");
    refused(MPM_WORKER, HTTPD_BASELINE, "AsyncRequestWorkerFactor 2",
            "httpd.conf:7:1: AsyncRequestWorkerFactor does not exist in "
            "mpm_worker, only in mpm_event; httpd would not start. Remove "
            "it.");
    refused(MPM_EVENT, V(2, 4, 16), "ListenCoresBucketsRatio 4",
            "httpd.conf:7:1: ListenCoresBucketsRatio came with httpd 2.4.17; "
            "httpd 2.4.16 would not start. Remove it or raise "
            "httpd_version.");
}
END_TEST

START_TEST(names_are_found_in_any_spelling)
{
    bool old = true;
    char buf[40];

    ck_assert_int_eq(directive_find("keepalivetimeout", &old),
                     DIR_KeepAliveTimeout);
    ck_assert(!old);
    ck_assert_int_eq(directive_find("keep_alive_timeout", NULL),
                     DIR_KeepAliveTimeout);
    ck_assert_int_eq(directive_find("max_clients", &old),
                     DIR_MaxRequestWorkers);
    ck_assert(old);
    ck_assert_int_eq(directive_find("keep_alivetimeout", NULL), -1);
    ck_assert_int_eq(directive_find("", NULL), -1);
    ck_assert_str_eq(
        directive_snake(DIR_AsyncRequestWorkerFactor, buf, sizeof buf),
        "async_request_worker_factor");
    for (int d = 0; d < DIR_COUNT; d++) {
        ck_assert_ptr_nonnull(directive_table[d].name);
        ck_assert_ptr_nonnull(directive_table[d].help);
        ck_assert_int_eq(
            directive_find(directive_snake((enum directive)d, buf, sizeof buf),
                           NULL),
            d);
    }
}
END_TEST

START_TEST(sizes_are_exact)
{
    int64_t n;

    ck_assert(size_parse("64KiB", &n) && n == 65536);
    ck_assert(size_parse("1.5MiB", &n) && n == 1572864);
    ck_assert(size_parse("0", &n) && n == 0);
    ck_assert(size_parse("2GB", &n) && n == 2000000000);
    ck_assert(!size_parse("1.0001B", &n));
    ck_assert(!size_parse("64", &n));
    ck_assert(!size_parse("64 KiB", &n));
    ck_assert(!size_parse("-1KiB", &n));
    ck_assert(!size_parse("KiB", &n));
    ck_assert(!size_parse("99999999999999999999GiB", &n));
}
END_TEST

Suite *suite_settings(void);

Suite *suite_settings(void)
{
    Suite *s = suite_create("settings");
    TCase *tc = tcase_create("rules");

    tcase_add_checked_fixture(tc, begin, end);
    tcase_add_test(tc, g19_spare_servers_keep_their_distance);
    tcase_add_test(tc, g19_prefork_workers_stop_at_server_limit);
    tcase_add_test(tc, g19_spare_threads_keep_their_distance);
    tcase_add_test(tc, g19_workers_are_a_multiple_of_threads);
    tcase_add_test(tc, g19_threads_stop_at_thread_limit);
    tcase_add_test(tc, g19_workers_fill_one_process);
    tcase_add_test(tc, g19_processes_stop_at_server_limit_but_workers_do_not);
    tcase_add_test(tc, g19_start_servers_stop_at_the_process_limit);
    tcase_add_test(tc, t1_t2_server_limit);
    tcase_add_test(tc, t3_thread_limit);
    tcase_add_test(tc, t4_threads_per_child);
    tcase_add_test(tc, t5_prefork_needs_a_worker);
    tcase_add_test(tc, t6_event_has_codes_of_its_own);
    tcase_add_test(tc, t7_at_least_one_server_starts);
    tcase_add_test(tc, t8_t10_at_least_one_spare);
    tcase_add_test(tc, t12_the_factor_loses_its_fraction);
    tcase_add_test(tc, t13_t24_old_names_are_remarked_on);
    tcase_add_test(tc, t14_to_t21_defaults);
    tcase_add_test(tc, t15_keepalive_timeout_0_means_off);
    tcase_add_test(tc, t22_defaults_do_not_follow_other_directives);
    tcase_add_test(tc, t23_the_distance_of_spares_depends_on_the_version);
    tcase_add_test(tc, c40_buckets_raise_the_limits);
    tcase_add_test(tc, c33_request_read_timeout);
    tcase_add_test(tc, c25_accept_filter_goes_by_the_listeners_protocol);
    tcase_add_test(tc, directives_httpd_does_not_know_stop_it);
    tcase_add_test(tc, names_are_found_in_any_spelling);
    tcase_add_test(tc, sizes_are_exact);
    suite_add_tcase(s, tc);
    return s;
}
