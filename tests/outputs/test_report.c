/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outputs/report.h"

#include "sim/must.h"
#include "tests/outputs/sample.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX = 3 };
static const char *const names[MAX] = { "prefork", "worker", "event" };

/* The verdict over the N summaries at S; caller frees. */
static char *verdict(const struct summary *s, size_t n)
{
    struct report_server servers[MAX];
    for (size_t i = 0; i < n; i++)
        servers[i] = (struct report_server){ names[i], names[i], NULL, &s[i],
                                             NULL,     NULL,     0 };
    struct report r = sample_report(servers, n);
    return report_verdict(&r);
}

static void expect_verdict(const struct summary *s, size_t n, const char *want)
{
    char *got = verdict(s, n);
    ck_assert_str_eq(got, want);
    free(got);
}

START_TEST(equal_servers_make_no_difference)
{
    struct summary *s = must_zalloc(MAX, sizeof *s);
    for (size_t i = 0; i < MAX; i++)
        sample_summary(&s[i]);
    s[1].latency.p99_s = 0.0222; /* not worth a word */
    expect_verdict(s, 3,
                   "No difference here: prefork, worker and event answer at "
                   "p99 21 ms, 22.2 ms and 21 ms with 12 of 150 workers busy "
                   "on average; none of them runs short of workers or CPU.");
    free(s);
}
END_TEST

START_TEST(starving_in_keep_alive_is_named)
{
    struct summary *s = must_zalloc(MAX, sizeof *s);
    sample_full(&s[0], 12)->workers.full_keepalive_mean = 149.4;
    sample_full(&s[1], 4)->workers.full_keepalive_mean = 148.2;
    s[1].latency.p99_s = 26.8;
    sample_summary(&s[2]);
    expect_verdict(
        s, 3,
        "prefork and worker starve: all 150 workers are taken from 12 s and "
        "4 s on, 149 and 148 of them in keep-alive (K), waiting for clients "
        "that say nothing (p99 28.6 s and 26.8 s), while event answers at "
        "p99 21 ms with 12 of 150 workers busy on average.");
    free(s);
}
END_TEST

START_TEST(all_starving_alike_is_no_difference)
{
    struct summary *s = must_zalloc(MAX, sizeof *s);
    for (size_t i = 0; i < MAX; i++) {
        sample_full(&s[i], 12)->workers.full_reading_mean = 150;
        s[i].failed = 1000;
    }
    expect_verdict(
        s, 3,
        "No difference here: prefork, worker and event all starve: all 150 "
        "workers are taken from 12 s on, 150 of them reading (R) requests "
        "that come in slowly (p99 28.6 s, 1000 failed requests).");
    free(s);
}
END_TEST

START_TEST(workers_taken_at_times_are_not_taken_from_then_on)
{
    struct summary *s = must_zalloc(MAX, sizeof *s);
    sample_full(&s[0], 12)->workers.full_writing_mean = 150;
    s[0].workers.full_share = 0.25;
    sample_summary(&s[1]);
    expect_verdict(
        s, 2,
        "prefork runs out of workers: all 150 workers are taken 25 % of the "
        "time, 150 of them working on a response or sending it (W) (p99 28.6 "
        "s), while worker answers at p99 21 ms with 12 of 150 workers busy on "
        "average.");
    free(s);
}
END_TEST

START_TEST(other_causes_are_told_apart)
{
    struct summary *s = must_zalloc(MAX, sizeof *s);
    for (size_t i = 0; i < MAX; i++)
        sample_summary(&s[i]);
    s[0].cpu.utilisation = 0.97;
    s[0].completed = 5000;
    s[0].throughput_rps = 83.33;
    s[1].accept_queue.overflows = 151;
    s[1].latency.p99_s = 3.2;
    s[1].failed = 500;
    expect_verdict(
        s, 3,
        "prefork runs out of CPU, 97 % used (83.3 requests/s); worker lets "
        "its accept queue overflow 151 times, so that clients must knock "
        "again (p99 3.2 s, 500 failed requests), while event answers at p99 "
        "21 ms with 12 of 150 workers busy on average.");
    free(s);
}
END_TEST

START_TEST(a_cause_that_others_share_is_not_put_on_one)
{
    struct summary *s = must_zalloc(MAX, sizeof *s);
    for (size_t i = 0; i < MAX; i++)
        sample_summary(&s[i]);
    s[0].accept_queue.overflows = 1166;
    s[0].latency.p99_s = 9.5;
    s[2].accept_queue.overflows = 1048;
    s[2].latency.p99_s = 7.5;
    s[1] = s[2];
    expect_verdict(
        s, 2,
        "prefork and worker let their accept queues overflow 1166 and 1048 "
        "times, so that clients must knock again; prefork suffers more (p99 "
        "9.5 s), while worker answers at p99 7.5 s with 12 of 150 workers "
        "busy on average.");
    free(s);
}
END_TEST

START_TEST(spawning_recycling_and_no_known_cause)
{
    struct summary *s = must_zalloc(MAX, sizeof *s);
    for (size_t i = 0; i < MAX; i++) {
        sample_summary(&s[i]);
        s[i].latency.p99_s = 2;
    }
    sample_message(&s[0], "AH00162", "info", "server seems busy", 4, 3);
    s[0].accept_queue.peak = 94;
    s[1].processes.ended = 23;
    s[2].latency.p99_s = 0.02;
    expect_verdict(
        s, 3,
        "prefork has to start processes first: up to 94 connections wait in "
        "the accept queue meanwhile (p99 2 s); worker keeps replacing its "
        "processes, 23 of them so far (p99 2 s), while event answers at p99 "
        "20 ms with 12 of 150 workers busy on average.");
    s[1].processes.ended = 0;
    s[0] = s[2];
    expect_verdict(s, 2,
                   "worker falls behind (p99 2 s), while prefork answers at "
                   "p99 20 ms with 12 of 150 workers busy on average.");
    free(s);
}
END_TEST

START_TEST(each_may_be_behind_in_something)
{
    struct summary *s = must_zalloc(MAX, sizeof *s);
    sample_summary(&s[0])->failed = 3000;
    sample_summary(&s[1])->latency.p99_s = 0.5;
    expect_verdict(s, 2,
                   "prefork and worker fall behind (p99 21 ms and 500 ms, "
                   "3000 and 0 failed requests).");
    free(s);
}
END_TEST

START_TEST(a_tail_is_compared_only_where_all_have_it)
{
    struct summary *s = must_zalloc(MAX, sizeof *s);
    sample_summary(&s[0])->latency.p99_s = (double)NAN;
    sample_summary(&s[1]);
    char *got = verdict(s, 2);
    ck_assert_ptr_nonnull(strstr(got, "at p95 17.1 ms"));
    free(got);
    for (size_t i = 0; i < 2; i++) {
        s[i].latency.p50_s = s[i].latency.p90_s = s[i].latency.p95_s =
            s[i].latency.p99_s = (double)NAN;
        s[i].completed = 15;
        s[i].throughput_rps = 0.25;
    }
    expect_verdict(s, 2,
                   "No difference here: prefork and worker serve 0.25 "
                   "requests/s with 12 of 150 workers busy on average; none "
                   "of them runs short of workers or CPU.");
    free(s);
}
END_TEST

START_TEST(one_server_or_nothing_at_all)
{
    struct summary *s = must_zalloc(MAX, sizeof *s);
    sample_summary(&s[0]);
    expect_verdict(s, 1,
                   "prefork answers at p99 21 ms with 12 of 150 workers busy "
                   "on average; it runs short of neither workers nor CPU.");
    s[0].completed = 0;
    expect_verdict(s, 1,
                   "No request was answered, so there is nothing to compare.");
    free(s);
}
END_TEST

START_TEST(overlapping_intervals_are_no_difference)
{
    struct summary *s = must_zalloc(2, sizeof *s);
    struct summary_ci *ci = must_zalloc(2, sizeof *ci);
    struct report_server servers[2];
    for (size_t i = 0; i < 2; i++) {
        sample_summary(&s[i]);
        sample_summary(&ci[i].low)->latency.p99_s = 0.01;
        sample_summary(&ci[i].high)->latency.p99_s = 0.09;
        servers[i] = (struct report_server){ names[i], names[i], NULL, &s[i],
                                             &ci[i],   NULL,     0 };
    }
    s[0].latency.p99_s = 0.06;
    struct report r = sample_report(servers, 2);
    char *got = report_verdict(&r);
    ck_assert(strncmp(got, "No difference here: ", 20) == 0);
    free(got);
    ci[0].low.latency.p99_s = 0.091;
    got = report_verdict(&r);
    ck_assert(strncmp(got, "prefork falls behind (p99 60 ms)", 32) == 0);
    free(got);
    free(s);
    free(ci);
}
END_TEST

/* -- expectations -----------------------------------------------------------
 */

static const struct {
    const char *path;
    int op;
    const char *rhs_path;
    double rhs;
    enum report_outcome outcome;
    const char *line;
} expectations[] = {
    { "event.latency.p99_s", 0, NULL, 0.2, REPORT_HOLDS,
      "holds: TEXT (found 0.021)" },
    { "event.latency.p99_s", 2, NULL, 0.2, REPORT_FAILS,
      "does not hold: TEXT (found 0.021)" },
    { "event.requests.completed", 4, NULL, 10000, REPORT_HOLDS,
      "holds: TEXT (found 10000)" },
    { "event.requests.completed", 3, NULL, 10001, REPORT_FAILS,
      "does not hold: TEXT (found 10000)" },
    { "a.b.requests.completed", 1, "event.requests.completed", 0, REPORT_HOLDS,
      "holds: TEXT (found 10000 and 10000)" },
    { "a.b.latency.p99_s", 0, NULL, 1, REPORT_FAILS,
      "does not hold: TEXT (found null, too few samples)" },
    { "evnt.latency.p99_s", 0, NULL, 1, REPORT_UNKNOWN,
      "cannot be checked: TEXT (evnt.latency.p99_s: no server \"evnt\"; did "
      "you mean \"event\"?)" },
    { "event.p99", 0, NULL, 1, REPORT_UNKNOWN,
      "cannot be checked: TEXT (event.p99: no metric \"p99\"; did you mean "
      "\"latency.p99_s\"?)" },
    { "event", 0, NULL, 1, REPORT_UNKNOWN,
      "cannot be checked: TEXT (event: names a server but no metric; write "
      "event.latency.p99_s, for instance)" },
    { "qqqqqqqqq.x", 0, NULL, 1, REPORT_UNKNOWN,
      "cannot be checked: TEXT (qqqqqqqqq.x: no server \"qqqqqqqqq\"; there "
      "are: event, a.b)" },
};

START_TEST(expectations_are_compared_and_explained)
{
    struct summary *s = must_zalloc(2, sizeof *s);
    sample_summary(&s[0]);
    sample_summary(&s[1])->latency.p99_s = (double)NAN;
    struct report_server servers[] = {
        { "event", "event", NULL, &s[0], NULL, NULL, 0 },
        { "a.b", "event", NULL, &s[1], NULL, NULL, 0 },
    };
    struct report r = sample_report(servers, 2);
    char *line = NULL;
    enum report_outcome got =
        report_expect(&r, "TEXT", expectations[_i].path, expectations[_i].op,
                      expectations[_i].rhs_path, expectations[_i].rhs, &line);
    ck_assert_str_eq(line, expectations[_i].line);
    ck_assert_int_eq(got, expectations[_i].outcome);
    free(line);
    free(s);
}
END_TEST

/* -- summary.json -----------------------------------------------------------
 */

/* Whether the strings of WANT follow each other in TEXT. */
static void in_order(const char *text, const char *const *want)
{
    for (; *want != NULL; want++) {
        const char *at = strstr(text, *want);
        ck_assert_msg(at != NULL, "\"%s\" is missing or out of order", *want);
        text = at + strlen(*want);
    }
}

START_TEST(json_has_the_contracts_keys_in_order)
{
    static const char *const keys[] = {
        "{\n  \"schema_version\": 1,\n",
        "\"mpmsim_version\": \"1.2.3\"",
        "\"scenario\": {",
        "\"title\": \"A \\\"title\\\"\"",
        "\"file\": \"x.json\"",
        "\"sha256\": \"00ff\"",
        "\"seed\": 1",
        "\"duration_s\": 60,",
        "\"warm_up_s\": 0,",
        "\"replications\": 1",
        "\"partial\": false",
        "\"servers\": {",
        "\"event\": {",
        "\"mpm\": \"event\"",
        "\"httpd_version\": \"2.4.63\"",
        "\"directives\": {",
        "\"MaxRequestWorkers\": 150",
        "\"KeepAlive\": \"On\"",
        "\"KeepAliveTimeout\": \"5s\"",
        "\"RequestReadTimeout\": \"handshake=0 header=20-40,MinRate=500 "
        "body=20,MinRate=500\"",
        "\"requests\": {",
        "\"completed\": 10000",
        "\"errors\": {",
        "\"timeout\": 3",
        "}",
        "\"throughput_rps\": 166.667",
        "\"latency\": {",
        "\"count\": 10000",
        "\"mean_s\": 0.0105",
        "\"p50_s\": 0.01",
        "\"p90_s\": 0.015",
        "\"p95_s\": 0.0171",
        "\"p99_s\": 0.021",
        "\"p999_s\": null",
        "\"max_s\": 0.03",
        "\"latency_server\": {",
        "\"connect\": {",
        "\"accept_queue\": {",
        "\"peak\": 0",
        "\"mean\": 0",
        "\"overflows\": 0",
        "\"drops\": 0",
        "\"workers\": {",
        "\"limit\": 150",
        "\"busy_mean\": 12",
        "\"busy_peak\": 20",
        "\"keepalive_mean\": 0",
        "\"keepalive_peak\": 0",
        "\"processes\": {",
        "\"mean\": 6",
        "\"peak\": 6",
        "\"end\": 6",
        "\"started\": 0",
        "\"ended\": 0",
        "\"memory\": {",
        "\"private_peak_bytes\": 33554432",
        "\"pss_peak_bytes\": 40000000",
        "\"pss_mean_bytes\": 39000001",
        "\"cpu\": {",
        "\"seconds\": 1.5",
        "\"utilisation\": 0.00625",
        "\"messages\": [",
        "\"code\": \"AH00484\"",
        "\"level\": \"error\"",
        "\"text\": \"server reached \\u0009 it\"",
        "\"first_s\": 3.25",
        "\"count\": 1",
        NULL
    };
    struct summary *s = must_zalloc(1, sizeof *s);
    struct settings c = {
        .mpm = MPM_EVENT,
        .version = HTTPD_VERSION(2, 4, 63),
        .max_request_workers = 150,
        .keepalive = true,
        .keepalive_timeout = 5 * SIM_S,
        .reqtimeout = { 0, 20 * SIM_S, 40 * SIM_S, 20 * SIM_S, 20 * SIM_S, 500,
                        500 },
    };
    sample_summary(s)->errors[REQ_TIMEOUT] = 3;
    s->latency.p999_s = (double)NAN;
    sample_message(s, "AH00484", "error", "server reached \t it", 3.25, 1);
    struct report_server server = { "event", "event", &c, s, NULL, NULL, 0 };
    struct report r = sample_report(&server, 1);
    char *text = report_json(&r);
    in_order(text, keys);
    ck_assert_ptr_null(strstr(text, "ci95"));
    ck_assert_str_eq(text + strlen(text) - 3, "\n}\n");
    free(text);
    free(s);
}
END_TEST

START_TEST(json_gives_intervals_beside_the_means)
{
    static const char *const keys[] = { "\"throughput_rps\": 166.667",
                                        "\"ci95\": {",
                                        "\"requests\": {",
                                        "\"completed\": [9000, 11000]",
                                        "\"throughput_rps\": [150, 183.333]",
                                        "\"p999_s\": null",
                                        "\"messages\": []",
                                        NULL };
    struct summary *s = must_zalloc(1, sizeof *s);
    struct summary_ci *ci = must_alloc(sizeof *ci);
    sample_summary(s);
    sample_summary(&ci->low)->completed = 9000;
    sample_summary(&ci->high)->completed = 11000;
    ci->low.throughput_rps = 150;
    ci->high.throughput_rps = 183.3333333;
    ci->low.latency.p999_s = (double)NAN;
    struct report_server server = { "event", "event", NULL, s, ci, NULL, 0 };
    struct report r = sample_report(&server, 1);
    r.replications = 5;
    char *text = report_json(&r);
    in_order(text, keys);
    free(text);
    free(s);
    free(ci);
}
END_TEST

/* -- the table --------------------------------------------------------------
 */

static char *table(const struct report *r, bool colour)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    report_table(f, r, colour);
    fclose(f);
    return text;
}

START_TEST(the_table_has_a_column_per_server)
{
    struct summary *s = must_zalloc(2, sizeof *s);
    sample_summary(&s[0])->failed = 82;
    s[0].errors[REQ_TIMEOUT] = 82;
    s[0].latency.p999_s = (double)NAN;
    sample_summary(&s[1]);
    sample_message(&s[0], "AH00161", "error", "server reached it", 5.0201, 2);
    sample_message(&s[1], "AH00489", "notice", "configured", 0, 1);
    struct report_server servers[] = {
        { "prefork", "prefork", NULL, &s[0], NULL, NULL, 0 },
        { "event", "event", NULL, &s[1], NULL, NULL, 0 },
    };
    struct report r = sample_report(servers, 2);
    char *text = table(&r, false);
    static const char *const want[] = {
        "A \"title\"\n60 s simulated, seed 1\n\n"
        "                              prefork   event\n"
        "throughput                     167 /s  167 /s\n"
        "latency, as the client sees it\n"
        "  p50                           10 ms   10 ms\n",
        "  p99.9                             -   25 ms\n",
        "latency, as the server logs it (%D)\n",
        "failed requests                    82       0\n"
        "  timeout: client's time-out       82       0\n"
        "accept queue, peak                  0       0\n",
        "workers allowed                   150     150\n",
        "memory (private), peak         32 MiB  32 MiB\n"
        "CPU used                       0.63 %  0.63 %\n",
        "-: too few samples",
        "\nIn the error log, when it first appears:\n"
        "      5.02 s  prefork  error AH00161: server reached it (2 times)\n",
        NULL
    };
    in_order(text, want);
    ck_assert_ptr_null(strstr(text, "AH00489"));
    ck_assert_ptr_null(strchr(text, '\033'));
    free(text);
    text = table(&r, true);
    ck_assert_ptr_nonnull(strstr(text, "\033[31m82\033[0m"));
    ck_assert_ptr_null(strstr(text, "\033[31m0"));
    free(text);
    free(s);
}
END_TEST

START_TEST(intervals_stand_beside_the_numbers)
{
    struct summary *s = must_zalloc(1, sizeof *s);
    struct summary_ci *ci = must_alloc(sizeof *ci);
    sample_summary(s);
    sample_summary(&ci->low);
    sample_summary(&ci->high);
    ci->high.latency.p50_s = 0.01065;
    ci->low.processes.mean = 0; /* cut off */
    ci->high.processes.mean = 14.3;
    ci->high.memory.private_peak_bytes += 1048576 * 1.5;
    ci->high.cpu.utilisation += 0.001;
    struct report_server server = { "event", "event", NULL, s, ci, NULL, 0 };
    struct report r = sample_report(&server, 1);
    r.replications = 5;
    char *text = table(&r, false);
    static const char *const want[] = { "mean of 5 replications",
                                        "167 /s\n",
                                        "10 ±0.65 ms\n",
                                        "6 ±8.3\n",
                                        "32 ±1.5 MiB\n",
                                        "0.63 ±0.1 %\n",
                                        NULL };
    in_order(text, want);
    free(text);
    free(s);
    free(ci);
}
END_TEST

Suite *suite_report(void);
Suite *suite_report(void)
{
    Suite *s = suite_create("report");
    TCase *t = tcase_create("verdict");
    tcase_add_test(t, equal_servers_make_no_difference);
    tcase_add_test(t, starving_in_keep_alive_is_named);
    tcase_add_test(t, all_starving_alike_is_no_difference);
    tcase_add_test(t, workers_taken_at_times_are_not_taken_from_then_on);
    tcase_add_test(t, other_causes_are_told_apart);
    tcase_add_test(t, a_cause_that_others_share_is_not_put_on_one);
    tcase_add_test(t, spawning_recycling_and_no_known_cause);
    tcase_add_test(t, each_may_be_behind_in_something);
    tcase_add_test(t, a_tail_is_compared_only_where_all_have_it);
    tcase_add_test(t, one_server_or_nothing_at_all);
    tcase_add_test(t, overlapping_intervals_are_no_difference);
    suite_add_tcase(s, t);
    t = tcase_create("expect");
    tcase_add_loop_test(t, expectations_are_compared_and_explained, 0,
                        sizeof expectations / sizeof expectations[0]);
    suite_add_tcase(s, t);
    t = tcase_create("json");
    tcase_add_test(t, json_has_the_contracts_keys_in_order);
    tcase_add_test(t, json_gives_intervals_beside_the_means);
    suite_add_tcase(s, t);
    t = tcase_create("table");
    tcase_add_test(t, the_table_has_a_column_per_server);
    tcase_add_test(t, intervals_stand_beside_the_numbers);
    suite_add_tcase(s, t);
    return s;
}
