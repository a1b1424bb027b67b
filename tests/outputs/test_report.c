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

/* N servers with nothing in their way; caller frees. */
static struct summary *samples(size_t n)
{
    struct summary *s = must_zalloc(n, sizeof *s);
    for (size_t i = 0; i < n; i++)
        sample_summary(&s[i]);
    return s;
}

static void expect_verdict(const struct summary *s, size_t n, const char *want)
{
    char *got = verdict(s, n);
    ck_assert_str_eq(got, want);
    free(got);
}

static void expect_no_word_of(const struct summary *s, size_t n,
                              const char *word)
{
    char *got = verdict(s, n);
    ck_assert_ptr_null(strstr(got, word));
    free(got);
}

#define ALL_WELL                                                               \
    " with 12 of 150 workers busy on average; none of them runs short of "     \
    "workers or CPU."

START_TEST(equal_servers_make_no_difference)
{
    struct summary *s = samples(MAX);
    s[1].latency.p99_s = 0.0222; /* not worth a word */
    expect_verdict(s, 3,
                   "No difference to clients: prefork, worker and event answer "
                   "at p99 21 ms, 22.2 ms and 21 ms" ALL_WELL);
    free(s);
}
END_TEST

/* No difference is claimed only where every percentile of the table, the
 * failures and the throughput are alike. */
static const struct {
    size_t offset;
    double value;
    const char *want;
} differences[] = {
    { offsetof(struct summary, latency.p50_s), 0.02,
      "p50 10 ms against 20 ms" },
    { offsetof(struct summary, latency.p90_s), 0.03,
      "p90 15 ms against 30 ms" },
    { offsetof(struct summary, latency.p99_s), 0.05,
      "p99 21 ms against 50 ms" },
    { offsetof(struct summary, latency.p999_s), 0.05,
      "p99.9 25 ms against 50 ms" },
    { offsetof(struct summary, failed), 200, "0 failed requests against 200" },
    { offsetof(struct summary, throughput_rps), 150,
      "167 requests/s against 150" },
    /* within the noise */
    { offsetof(struct summary, latency.p50_s), 0.0125, NULL },
    { offsetof(struct summary, failed), 90, NULL },
    { offsetof(struct summary, throughput_rps), 160, NULL },
    /* of an interrupted run each server has simulated another time */
    { offsetof(struct summary, completed), 5000, NULL },
    { offsetof(struct summary, latency.p95_s), 5, NULL }, /* not printed */
};

START_TEST(no_difference_needs_every_figure_of_the_table)
{
    struct summary *s = samples(2);
    *(double *)(void *)((char *)&s[0] + differences[_i].offset) =
        differences[_i].value;
    char *got = verdict(s, 2);
    char want[200] = "No difference to clients: ";
    if (differences[_i].want != NULL)
        snprintf(want, sizeof want,
                 "worker does best: %s. prefork runs short of neither workers "
                 "nor CPU; no counter shows the reason.",
                 differences[_i].want);
    ck_assert_msg(strncmp(got, want, strlen(want)) == 0, "%s", got);
    free(got);
    free(s);
}
END_TEST

START_TEST(what_only_the_owner_notices_is_a_remark)
{
    struct summary *s = samples(MAX);
    s[0].memory.private_peak_bytes = 6 * 33554432.0;
    s[0].cpu.utilisation = 0.1;
    sample_message(&s[1], "AH00286", "error", "server reached it", 4, 1);
    expect_verdict(
        s, 3,
        "No difference to clients: prefork, worker and event answer at p99 21 "
        "ms with 12 of 150 workers busy on average; their memory (private) "
        "differs: 192 MiB, 32 MiB and 32 MiB; CPU used: 10 %, 0.63 % and 0.63 "
        "%; only worker reaches MaxRequestWorkers; none of them runs short of "
        "workers or CPU.");
    free(s);
}
END_TEST

START_TEST(starving_in_keep_alive_is_named)
{
    struct summary *s = samples(MAX);
    sample_full(&s[0], 12)->workers.full_keepalive_mean = 149.4;
    sample_full(&s[1], 4)->workers.full_keepalive_mean = 148.2;
    s[1].latency.p99_s = 26.8;
    expect_verdict(
        s, 3,
        "event does best: p99 21 ms against 28.6 s (prefork) and 26.8 s "
        "(worker). prefork and worker starve: all 150 workers are taken from "
        "12 s and 4 s on, 149 and 148 of them in keep-alive (K), waiting for "
        "clients that say nothing.");
    free(s);
}
END_TEST

START_TEST(all_starving_alike_is_no_difference)
{
    struct summary *s = samples(MAX);
    for (size_t i = 0; i < MAX; i++) {
        sample_full(&s[i], 12)->workers.full_reading_mean = 150;
        s[i].failed = 1000;
    }
    expect_verdict(
        s, 3,
        "No difference to clients: prefork, worker and event answer at p99 "
        "28.6 s with 12 of 150 workers busy on average; requests fail with "
        "prefork, worker and event: 1000. prefork, worker and event starve: "
        "all 150 workers are taken from 12 s on, 150 of them reading (R): no "
        "complete request has come yet.");
    free(s);
}
END_TEST

START_TEST(workers_taken_at_times_are_not_taken_from_then_on)
{
    struct summary *s = samples(2);
    sample_full(&s[0], 12)->workers.full_writing_mean = 150;
    static const char rest[] = " of them working on a response or sending it "
                               "(W).";
    char want[300];
    /* until the end, but that is not when most of it happened */
    s[0].workers.full_share = 0.25;
    s[0].workers.full_from_s = 58;
    snprintf(want, sizeof want,
             "worker does best: p99 21 ms against 28.6 s. prefork runs out of "
             "workers: all 150 workers are taken 25 %% of the time, 150%s",
             rest);
    expect_verdict(s, 2, want);
    s[0].workers.full_from_s = (double)NAN;
    expect_verdict(s, 2, want);
    free(s);
}
END_TEST

/* A server that was full before the statistics began was full since then, not
 * since the end of the warm-up. */
START_TEST(the_onset_may_lie_in_the_warm_up)
{
    struct summary *s = samples(1);
    sample_full(s, 4)->workers.full_writing_mean = 150;
    s->workers.full_share = 1;
    struct report_server server = {
        "prefork", "prefork", NULL, s, NULL, NULL, 0
    };
    struct report r = sample_report(&server, 1);
    r.warm_up = 30 * SIM_S;
    char *got = report_verdict(&r);
    ck_assert_msg(strstr(got, "taken from 4 s on") != NULL, "%s", got);
    free(got);
    free(s);
}
END_TEST

START_TEST(other_causes_are_told_apart)
{
    struct summary *s = samples(MAX);
    s[0].cpu.busy_share = 0.97;
    s[0].completed = 5000;
    s[0].throughput_rps = 83.33;
    s[1].accept_queue.overflows = 151;
    s[1].latency.p99_s = 3.2;
    s[1].failed = 500;
    expect_verdict(
        s, 3,
        "event does best: p99 21 ms against 3.2 s (worker), 0 failed requests "
        "against 500 (worker), 167 requests/s against 83.3 (prefork). prefork "
        "runs out of CPU: all cores are busy 97 % of the time; worker lets its "
        "accept queue overflow "
        "151 times, so that clients must knock again.");
    free(s);
}
END_TEST

START_TEST(a_cause_that_others_share_is_not_put_on_one)
{
    struct summary *s = samples(2);
    s[0].accept_queue.overflows = 1166;
    s[0].latency.p99_s = 9.5;
    s[1].accept_queue.overflows = 1048;
    s[1].latency.p99_s = 7.5;
    expect_verdict(
        s, 2,
        "worker suffers less: p99 7.5 s against 9.5 s. prefork and worker let "
        "their accept queues overflow 1166 and 1048 times, so that clients "
        "must knock again.");
    free(s);
}
END_TEST

START_TEST(what_only_the_best_has_is_no_cause)
{
    struct summary *s = samples(2);
    s[0].latency.p99_s = 9.5;
    s[1].workers.held_share = 0.02;
    expect_verdict(s, 2,
                   "worker does best: p99 21 ms against 9.5 s. prefork runs "
                   "short of neither workers nor CPU; no counter shows the "
                   "reason.");
    free(s);
}
END_TEST

/* Processes end for many reasons; only MaxConnectionsPerChild is recycling. */
START_TEST(processes_that_end_are_told_apart)
{
    static const struct settings plain = { .mpm = MPM_WORKER }, recycling = {
        .mpm = MPM_WORKER,
        .threads_per_child = 25,
        .max_connections_per_child = 200,
    };
    static const struct {
        const struct settings *settings;
        const char *code, *text, *want;
    } cases[] = {
        { &plain, NULL, NULL,
          "worker runs short of neither workers nor CPU; no counter shows the "
          "reason." },
        { &recycling, NULL, NULL,
          "worker ends a process after 200 connections "
          "(MaxConnectionsPerChild), 23 of them ended, each with 25 of the "
          "workers." },
        { &plain, "AH00052",
          "child process exit signal Segmentation fault (11)",
          "worker has processes crash (AH00052), 4 times." },
        { &plain, "AH02179", "apr_socket_accept: (client socket)",
          "worker runs out of descriptors (AH02179), 4 times, and each time "
          "the process ends." },
        { &plain, "AH00297", "SIGUSR1 received.  Doing graceful restart",
          "worker is restarted 4 times." },
        { &plain, "AH00288", "scoreboard is full, not at MaxRequestWorkers",
          "worker finds the scoreboard full 4 times: processes that stop keep "
          "their places until their last request is done." },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct summary *s = samples(2);
        s[1].latency.p99_s = 2;
        s[1].processes.ended = 23;
        if (cases[i].code != NULL)
            sample_message(&s[1], cases[i].code, "notice", cases[i].text, 20,
                           4);
        struct report_server servers[2] = {
            { names[0], names[0], &plain, &s[0], NULL, NULL, 0 },
            { names[1], names[1], cases[i].settings, &s[1], NULL, NULL, 0 },
        };
        struct report r = sample_report(servers, 2);
        char *got = report_verdict(&r), want[300];
        snprintf(want, sizeof want,
                 "prefork does best: p99 21 ms against 2 s. %s", cases[i].want);
        ck_assert_str_eq(got, want);
        free(got);
        free(s);
    }
    struct summary *s = samples(2);
    s[1].latency.p99_s = 2;
    s[1].processes.ended = s[1].processes.killed = 1660;
    expect_verdict(s, 2,
                   "prefork does best: p99 21 ms against 2 s. worker has "
                   "processes killed for want of memory: 1660.");
    free(s);
}
END_TEST

START_TEST(waiting_for_processes_and_for_connections)
{
    struct summary *s = samples(MAX);
    s[0].workers.short_share = 0.0786;
    s[0].accept_queue.peak = 312;
    s[1].workers.held_share = 0.03;
    s[1].workers.short_share = 0.001; /* little beside the other */
    s[0].latency.p99_s = s[1].latency.p99_s = 2;
    expect_verdict(
        s, 3,
        "event does best: p99 21 ms against 2 s (prefork and worker). "
        "Connections wait for prefork to start processes, 7.86 % of the time, "
        "up to 312 at once; worker accepts no more connections than "
        "AsyncRequestWorkerFactor allows: they wait 3 % of the time though "
        "workers are idle.");
    free(s);
}
END_TEST

START_TEST(connections_closed_under_a_request_are_named)
{
    struct summary *s = samples(2);
    s[0].latency.p50_s = 0.04;
    s[0].errors[REQ_CLOSED] = 762;
    s[1].errors[REQ_CLOSED] = 90;
    expect_verdict(
        s, 2,
        "worker does best: p50 10 ms against 40 ms. prefork and worker close "
        "kept-alive connections before the next request comes, 762 and 90 "
        "times (closed): the client has to connect and ask again, and a proxy "
        "may answer 502.");
    /* as many on both sides are not what makes the difference */
    s[1].errors[REQ_CLOSED] = 750;
    expect_no_word_of(s, 2, "closed");
    free(s);
}
END_TEST

START_TEST(the_price_of_a_request_is_named_where_cpu_is_scarce)
{
    struct summary *s = samples(2);
    s[1].completed = 5000;
    s[1].throughput_rps = 83.33;
    for (size_t i = 0; i < 2; i++) {
        s[i].cpu.utilisation = 0.8;
        s[i].cpu.seconds = 2;
    }
    expect_verdict(s, 2,
                   "prefork does best: 167 requests/s against 83.3. A request "
                   "costs prefork 200 us and worker 400 us of CPU time.");
    s[0].cpu.utilisation = s[1].cpu.utilisation = 0.1;
    expect_no_word_of(s, 2, "costs");
    free(s);
}
END_TEST

START_TEST(each_may_be_behind_in_something)
{
    struct summary *s = samples(2);
    s[0].failed = 3000;
    s[1].latency.p99_s = 0.5;
    expect_verdict(s, 2,
                   "None does best in everything: p99 21 ms (prefork) against "
                   "500 ms (worker), 0 failed requests (worker) against 3000 "
                   "(prefork). prefork and worker run short of neither "
                   "workers nor CPU; no counter shows the reason.");
    free(s);
}
END_TEST

START_TEST(a_tail_is_compared_only_where_all_have_it)
{
    struct summary *s = samples(2);
    s[0].latency.p99_s = s[0].latency.p999_s = (double)NAN;
    char *got = verdict(s, 2);
    ck_assert_ptr_nonnull(
        strstr(got, "at p90 15 ms")); /* the table has no p95 */
    free(got);
    for (size_t i = 0; i < 2; i++) {
        s[i].latency.p50_s = s[i].latency.p90_s = s[i].latency.p95_s =
            s[i].latency.p99_s = s[i].latency.p999_s = (double)NAN;
        s[i].completed = 15;
        s[i].throughput_rps = 0.25;
    }
    expect_verdict(s, 2,
                   "No difference to clients: prefork and worker serve 0.25 "
                   "requests/s" ALL_WELL);
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
    ck_assert(strncmp(got, "No difference to clients: ", 26) == 0);
    free(got);
    ci[0].low.latency.p99_s = 0.091;
    got = report_verdict(&r);
    ck_assert_ptr_nonnull(
        strstr(got, "worker does best: p99 21 ms against 60 ms"));
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
    sample_summary(&s[1])->workers.held_share = 0.03;
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
        "                                prefork   event\n"
        "throughput                       167 /s  167 /s\n"
        "latency, as the client sees it\n"
        "  p50                             10 ms   10 ms\n",
        "  p99.9                               -   25 ms\n",
        "latency, as the server logs it (%D)\n",
        "failed requests                      82       0\n"
        "  timeout: client's time-out         82       0\n"
        "accept queue, peak                    0       0\n",
        "workers allowed                     150     150\n",
        "  idle ones held back, share        0 %     3 %\n",
        "memory (private), peak           32 MiB  32 MiB\n"
        "CPU used                         0.63 %  0.63 %\n",
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
    tcase_add_loop_test(t, no_difference_needs_every_figure_of_the_table, 0,
                        sizeof differences / sizeof differences[0]);
    tcase_add_test(t, what_only_the_owner_notices_is_a_remark);
    tcase_add_test(t, the_onset_may_lie_in_the_warm_up);
    tcase_add_test(t, what_only_the_best_has_is_no_cause);
    tcase_add_test(t, processes_that_end_are_told_apart);
    tcase_add_test(t, waiting_for_processes_and_for_connections);
    tcase_add_test(t, connections_closed_under_a_request_are_named);
    tcase_add_test(t, the_price_of_a_request_is_named_where_cpu_is_scarce);
    tcase_add_test(t, starving_in_keep_alive_is_named);
    tcase_add_test(t, all_starving_alike_is_no_difference);
    tcase_add_test(t, workers_taken_at_times_are_not_taken_from_then_on);
    tcase_add_test(t, other_causes_are_told_apart);
    tcase_add_test(t, a_cause_that_others_share_is_not_put_on_one);
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
