/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outputs/compare.h"

#include "tests/outputs/recorded.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct recording rec, run;
static struct compare c;
static struct compare_opts opts;

static void setup(void)
{
    opts = (struct compare_opts){ .mpm = "event",
                                  .duration_s = 4,
                                  .processes_until_s = 4 };
}

static void teardown(void)
{
    compare_free(&c);
    recording_free(&rec);
    recording_free(&run);
}

/* Reads *R from these three files; NULL = none. */
static void given(struct recording *r, const char *series, const char *requests,
                  const char *events)
{
    struct err e;
    err_init(&e);
    recorded_open();
    if (series != NULL)
        recorded_file("series.csv", series);
    if (requests != NULL)
        recorded_file("requests.csv", requests);
    if (events != NULL)
        recorded_file("events.csv", events);
    bool ok = recording_read(r, recorded_dir(), &e);
    ck_assert_msg(ok, "%s", ok ? "" : e.text);
    recorded_close();
}

static void compared(void)
{
    compare_init(&c, &rec, &run, &opts);
}

static const struct compare_metric *find(const char *name)
{
    for (size_t i = 0; i < c.n; i++)
        if (strcmp(c.metrics[i].name, name) == 0)
            return &c.metrics[i];
    return NULL;
}

static const struct compare_metric *metric(const char *name)
{
    const struct compare_metric *m = find(name);
    ck_assert_msg(m != NULL, "%s is not compared", name);
    return m;
}

#define HEAD "t_s,processes\n"

START_TEST(the_same_is_within)
{
    static const char s[] = HEAD "-1,1\n0,2\n1,4\n2,3\n3,3\n4,3\n";
    given(&rec, s, NULL, NULL);
    given(&run, s, NULL, NULL);
    compared();
    ck_assert_uint_eq(c.n, 7);
    ck_assert_uint_eq(c.within, 7);
    ck_assert_double_eq(metric("nmae_procs")->simulated, 0);
    ck_assert_double_eq(metric("procs_max")->recorded, 4);
    ck_assert_double_eq(metric("procs_min_after_0")->recorded, 2);
    ck_assert_double_eq(metric("procs_end")->recorded, 3);
    ck_assert_double_eq(metric("t_first_spawn")->recorded, 1);
    ck_assert_double_eq(metric("t_procs_max")->recorded, 1);
    ck_assert_double_eq(metric("t_first_kill")->recorded, 2);
    ck_assert_double_eq(metric("procs_max")->off, 0);
}
END_TEST

START_TEST(a_curve_is_measured_against_its_peak)
{
    given(&rec, HEAD "0,10\n1,20\n2,10\n3,10\n", NULL, NULL);
    given(&run, HEAD "0,10\n1,20\n2,14\n3,10\n", NULL, NULL);
    compared();
    /* 4 processes off in one second of four, 20 at most */
    const struct compare_metric *m = metric("nmae_procs");
    ck_assert_double_eq_tol(m->simulated, 0.05, 1e-12);
    ck_assert(m->within);
    ck_assert_double_eq(m->high, 0.05);
}
END_TEST

START_TEST(small_curves_are_measured_against_five)
{
    given(&rec, "t_s,accept_queue\n0,0\n1,0\n2,0\n3,0\n", NULL, NULL);
    given(&run, "t_s,accept_queue\n0,0\n1,4\n2,0\n3,0\n", NULL, NULL);
    compared();
    ck_assert_double_eq_tol(metric("nmae_acceptq")->simulated, 0.2, 1e-12);
    ck_assert(!metric("nmae_acceptq")->within);
    /* 0.12 beyond a range of 0.08, whose half is 0.04 */
    ck_assert_double_eq_tol(metric("nmae_acceptq")->off, 3, 1e-9);
    ck_assert_uint_eq(c.within, c.n - 1);
}
END_TEST

START_TEST(what_the_recording_lacks_is_not_compared)
{
    given(&rec, HEAD "0,1\n4,1\n", NULL, NULL);
    given(&run, "t_s,processes,accept_queue,cpu_s\n0,1,3,1\n4,1,3,2\n",
          "t_start,t_done,status\n1,2,200\n",
          "t_s,module,code\n1,mpm_event,AH00484\n");
    compared();
    ck_assert_ptr_null(find("nmae_acceptq"));
    ck_assert_ptr_null(find("cpu_s"));
    ck_assert_ptr_null(find("requests_ok"));
    ck_assert_ptr_null(find("AH00484"));
    /* nothing was spawned or killed: no instants */
    ck_assert_ptr_null(find("t_first_spawn"));
    ck_assert_uint_eq(c.within, c.n);
}
END_TEST

START_TEST(what_the_run_lacks_is_outside)
{
    given(&rec, "t_s,processes,accept_queue,cpu_s\n0,1,3,1\n1,2,3,2\n", NULL,
          NULL);
    given(&run, HEAD "0,1\n1,1\n", NULL, NULL);
    compared();
    const struct compare_metric *m = metric("nmae_acceptq");
    ck_assert(!m->within && isnan(m->simulated) && isinf(m->off));
    ck_assert(!metric("cpu_s")->within);
    ck_assert(isnan(metric("t_first_spawn")->simulated));
    ck_assert(!metric("t_first_spawn")->within);
}
END_TEST

static const char ten[] = "t_start,t_connected,t_first_byte,t_done,status,"
                          "close,err,t_server_close\n"
                          "0,0.01,0.5,1,200,0,,\n0,0.01,0.5,2,200,0,,\n"
                          "0,0.01,0.5,3,200,0,,\n0,0.01,0.5,4,200,0,,\n"
                          "0,0.01,0.5,5,200,0,,\n0,0.01,0.5,6,200,0,,\n"
                          "0,0.01,0.5,7,200,0,,\n0,0.01,0.5,8,200,0,,\n"
                          "0,0.01,0.5,9,200,0,,\n0,3.01,0.7,10,200,1,,15\n"
                          "0,,,,,0,timeout,\n0,,,1,408,0,http,\n";

START_TEST(quantiles_of_requests)
{
    given(&rec, NULL, ten, NULL);
    given(&run, NULL, ten, NULL);
    compared();
    ck_assert_uint_eq(c.within, c.n);
    ck_assert_double_eq(metric("requests_ok")->recorded, 10);
    ck_assert_double_eq(metric("latency_p50")->recorded, 6);
    ck_assert_double_eq(metric("latency_p90")->recorded, 10);
    ck_assert_double_eq(metric("latency_max")->recorded, 10);
    ck_assert_double_eq(metric("ttfb_p99")->recorded, 0.7);
    ck_assert_double_eq(metric("connect_max")->recorded, 3.01);
    ck_assert_double_eq(metric("conn_close_header")->recorded, 1);
    ck_assert_double_eq(metric("hold_close_p50")->recorded, 5);
    ck_assert_double_eq(metric("err_timeout")->recorded, 1);
    ck_assert_double_eq(metric("err_http408")->recorded, 1);
    /* within 5 per cent */
    ck_assert_double_eq_tol(metric("latency_p50")->low, 5.7, 1e-12);
    ck_assert_double_eq_tol(metric("latency_p50")->high, 6.3, 1e-12);
    /* a few errors come and go */
    ck_assert_double_eq(metric("err_timeout")->high, 4);
}
END_TEST

START_TEST(errors_of_one_side_only_count)
{
    static const char none[] = "t_start,t_done,status,err\n0,1,200,\n";
    static const char five[] = "t_start,t_done,status,err\n0,1,200,\n"
                               "0,,,reset\n0,,,reset\n0,,,reset\n0,,,reset\n";
    given(&rec, NULL, none, NULL);
    given(&run, NULL, five, NULL);
    compared();
    ck_assert_double_eq(metric("err_reset")->recorded, 0);
    ck_assert_double_eq(metric("err_reset")->simulated, 4);
    ck_assert(!metric("err_reset")->within);
}
END_TEST

START_TEST(messages_have_codes_and_first_times)
{
    static const char head[] = HEAD "0,1\n";
    given(&rec, head, NULL,
          "t_s,module,code\n-3,mpm_event,AH00489\n2,mpm_event,AH00484\n"
          "9,mpm_event,AH00484\n1,reqtimeout,AH01382\n"
          "5,mpm_event,AH00045\n");
    given(&run, head, NULL,
          "t_s,module,code\n3,mpm_event,AH00484\n4,mpm_event,AH00485\n");
    compared();
    ck_assert(metric("AH00484")->within);
    ck_assert_double_eq(metric("AH00484")->recorded, 2);
    ck_assert(!metric("AH00045")->within); /* not simulated */
    ck_assert(!metric("AH00485")->within); /* not recorded */
    ck_assert(isnan(metric("AH00485")->recorded));
    ck_assert_ptr_null(find("AH00489")); /* of every start */
    ck_assert_ptr_null(find("AH01382")); /* of another module */
}
END_TEST

START_TEST(kinds_of_traffic_by_name)
{
    ck_assert_uint_eq(compare_kinds("spawn-ramp"), 0);
    ck_assert_uint_eq(compare_kinds("recycle-short"), COMPARE_RECYCLE);
    ck_assert_uint_eq(compare_kinds("backlog-defer"), COMPARE_BACKLOG);
    ck_assert_uint_eq(compare_kinds("cpu-bound"), COMPARE_CPU);
    ck_assert_uint_eq(compare_kinds("poisson-mix"), COMPARE_MIX);
    ck_assert_uint_eq(compare_kinds("graceful-restart"), COMPARE_ACTION);
    ck_assert_uint_eq(compare_kinds("graceful-stop"), COMPARE_ACTION);
    ck_assert_uint_eq(compare_kinds("php-fpm-dynamic"), COMPARE_FPM);
    ck_assert_uint_eq(compare_kinds("php-fpm-static"), 0);
}
END_TEST

/* The highest nMAE of processes that is allowed for these kinds. */
static double allowed(unsigned kinds, const char *mpm)
{
    compare_free(&c);
    opts.kinds = kinds;
    opts.mpm = mpm;
    compared();
    return metric("nmae_procs")->high;
}

START_TEST(what_scatters_may_differ_more)
{
    given(&rec, HEAD "0,1\n1,2\n", NULL, NULL);
    given(&run, HEAD "0,1\n1,2\n", NULL, NULL);
    ck_assert_double_eq(allowed(0, "worker"), 0.05);
    ck_assert_double_eq(allowed(COMPARE_RECYCLE, "worker"), 0.20);
    ck_assert_double_eq(allowed(COMPARE_CPU, "worker"), 0.12);
    ck_assert_double_eq(allowed(COMPARE_MIX, NULL), 0.12);
    ck_assert_double_eq(allowed(COMPARE_ACTION, "prefork"), 0.06);
    ck_assert_double_eq(allowed(COMPARE_ACTION, "event"), 0.12);
    allowed(COMPARE_RECYCLE, NULL);
    ck_assert_ptr_null(find("t_first_spawn"));
    ck_assert_double_eq(metric("procs_max")->high, 5);
}
END_TEST

START_TEST(known_races_end_the_comparison_of_processes)
{
    ck_assert_double_eq(compare_processes_until("tls-keepalive", "worker", 45),
                        34);
    ck_assert_double_eq(compare_processes_until("tls-keepalive", "event", 45),
                        45);
    ck_assert_double_eq(compare_processes_until("tls-keepalive", NULL, 45), 45);
    ck_assert_double_eq(compare_processes_until("hard-restart", "event", 9), 9);

    given(&rec, HEAD "0,1\n1,1\n2,1\n3,1\n", NULL, NULL);
    given(&run, HEAD "0,1\n1,1\n2,1\n3,9\n", NULL, NULL);
    opts.processes_until_s = 3;
    compared();
    ck_assert_double_eq(metric("nmae_procs")->simulated, 0);
    ck_assert_ptr_null(find("procs_end"));
}
END_TEST

/* The table into TEXT. */
static void table(bool all, char *text, size_t size)
{
    FILE *f = fmemopen(text, size, "w");
    ck_assert_ptr_nonnull(f);
    compare_table(f, &c, all, false);
    fclose(f);
}

START_TEST(the_table_marks_what_is_outside)
{
    char text[4000];
    given(&rec, "t_s,processes,cpu_s\n0,1,1\n1,1,1\n", NULL, NULL);
    given(&run, "t_s,processes,cpu_s\n0,3,1\n1,3,4\n", NULL, NULL);
    compared();
    table(true, text, sizeof text);
    ck_assert_ptr_nonnull(
        strstr(text, "cpu_s                       1          4         0.7 .. "
                     "1.3        outside\n"));
    /* worst first: nMAE 2 of 0.05, cpu_s 4 of 1.3, processes 3 of 2 */
    table(false, text, sizeof text);
    const char *procs = strstr(text, "nmae_procs");
    ck_assert_ptr_nonnull(procs);
    const char *cpu = strstr(procs, "cpu_s");
    ck_assert_ptr_nonnull(cpu);
    ck_assert_ptr_nonnull(strstr(cpu, "procs_end"));
}
END_TEST

START_TEST(json_has_every_metric)
{
    given(&rec, "t_s,processes,cpu_s\n0,1,1\n", NULL, NULL);
    given(&run, HEAD "0,1\n", NULL, NULL);
    compared();
    char *json = compare_json(&c, "a \"b\"\n", NULL);
    ck_assert_ptr_nonnull(strstr(json, "\"case\": \"a \\\"b\\\"\\u000a\",\n"));
    ck_assert_ptr_nonnull(strstr(json, "\"mpm\": null,\n"));
    ck_assert_ptr_nonnull(
        strstr(json, "{\"name\": \"cpu_s\", \"real\": 1, \"sim\": null, "
                     "\"low\": 0.7, \"high\": 1.3, \"ok\": false, "
                     "\"off\": null}"));
    free(json);
}
END_TEST

Suite *suite_compare(void);
Suite *suite_compare(void)
{
    Suite *s = suite_create("compare");
    TCase *tc = tcase_create("compare");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, the_same_is_within);
    tcase_add_test(tc, a_curve_is_measured_against_its_peak);
    tcase_add_test(tc, small_curves_are_measured_against_five);
    tcase_add_test(tc, what_the_recording_lacks_is_not_compared);
    tcase_add_test(tc, what_the_run_lacks_is_outside);
    tcase_add_test(tc, quantiles_of_requests);
    tcase_add_test(tc, errors_of_one_side_only_count);
    tcase_add_test(tc, messages_have_codes_and_first_times);
    tcase_add_test(tc, kinds_of_traffic_by_name);
    tcase_add_test(tc, what_scatters_may_differ_more);
    tcase_add_test(tc, known_races_end_the_comparison_of_processes);
    tcase_add_test(tc, the_table_marks_what_is_outside);
    tcase_add_test(tc, json_has_every_metric);
    suite_add_tcase(s, tc);
    return s;
}
