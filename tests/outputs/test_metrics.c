/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outputs/metrics.h"

#include "config/scenario.h"
#include "models/models.h"
#include "sim/must.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/mpmsim-metrics-XXXXXX";

static void make_folder(void)
{
    strcpy(folder, "/tmp/mpmsim-metrics-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void remove_folder(void)
{
    static const char *const files[] = { "series.csv", "events.csv",
                                         "requests.csv", "s.json" };
    char path[128];
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        unlink(path);
    }
    rmdir(folder);
}

/* The whole of a file of the folder; caller frees. */
static char *content(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "r");
    ck_assert_ptr_nonnull(f);
    size_t cap = 1 << 20;
    char *text = must_alloc(cap);
    size_t n = fread(text, 1, cap - 1, f);
    text[n] = '\0';
    fclose(f);
    return text;
}

static struct metrics_opts opts(void)
{
    return (struct metrics_opts){ .dir = folder,
                                  .start = 0,
                                  .duration = 10 * SIM_S,
                                  .warm_up = 2 * SIM_S,
                                  .interval = SIM_S,
                                  .requests = true,
                                  .worker_limit = 5,
                                  .cpus = 2 };
}

static struct request_record record(uint32_t conn, uint32_t req,
                                    enum req_err err, simtime_t from,
                                    simtime_t latency)
{
    return (struct request_record){ .conn = conn,
                                    .req = req,
                                    .t_sched = from,
                                    .t_start = from,
                                    .t_connected = SIM_NEVER,
                                    .t_tls = SIM_NEVER,
                                    .t_sent = from,
                                    .t_first_byte = from + latency / 2,
                                    .t_done = from + latency,
                                    .t_server_close = SIM_NEVER,
                                    .bytes = 1000,
                                    .status = err == REQ_OK ? 200 : 0,
                                    .err = err };
}

static void finish(struct metrics *m, struct summary *s)
{
    struct err e;
    err_init(&e);
    ck_assert(metrics_finish(m, s, &e));
    metrics_free(m);
}

START_TEST(requests_are_sorted_and_blank_where_nothing_happened)
{
    struct sim *sim = sim_new(EVQ_WHEEL, 0);
    struct metrics_opts o = opts();
    struct err e;
    struct summary *s = must_alloc(sizeof *s);
    err_init(&e);
    struct metrics *m = metrics_new(sim, &o, &e);
    ck_assert_ptr_nonnull(m);
    const struct observer *obs = metrics_observer(m);
    struct request_record r =
        record(2, 0, REQ_OK, 2 * SIM_S + 499, 20 * SIM_MS + 1);
    r.t_connected = 2 * SIM_S + 500;
    r.close = true;
    r.t_server_close = 8 * SIM_S;
    obs->request(obs->ctx, &r);
    r = record(1, 1, REQ_CLOSED, 3 * SIM_S, 0);
    r.t_first_byte = SIM_NEVER;
    r.bytes = 0;
    obs->request(obs->ctx, &r);
    r.attempt = 1;
    r.err = REQ_SKIPPED;
    r.t_sched = r.t_start = r.t_sent = r.t_done = SIM_NEVER;
    obs->request(obs->ctx, &r);
    r = record(1, 0, REQ_OK, -SIM_MS / 2, SIM_MS);
    obs->request(obs->ctx, &r);
    finish(m, s);
    char *text = content("requests.csv");
    ck_assert_str_eq(
        text,
        "conn,req,attempt,t_sched,t_start,t_connected,t_tls,t_sent,"
        "t_first_byte,t_done,bytes,status,close,err,t_server_close\n"
        "1,0,0,-0.000500,-0.000500,,,-0.000500,0.000000,0.000500,1000,200,0,"
        ",\n"
        "1,1,0,3.000000,3.000000,,,3.000000,,3.000000,0,0,0,closed,\n"
        "1,1,1,,,,,,,,0,0,0,skipped,\n"
        "2,0,0,2.000000,2.000000,2.000001,,2.000000,2.010000,2.020001,1000,"
        "200,1,,8.000000\n");
    free(text);
    free(s);
    sim_free(sim);
}
END_TEST

START_TEST(events_are_quoted_and_counted_by_code)
{
    struct sim *sim = sim_new(EVQ_WHEEL, 0);
    struct metrics_opts o = opts();
    struct err e;
    struct summary *s = must_alloc(sizeof *s);
    err_init(&e);
    o.requests = false;
    struct metrics *m = metrics_new(sim, &o, &e);
    const struct observer *obs = metrics_observer(m);
    obs->message(obs->ctx, -SIM_S, "mpm_prefork", "info", "AH00162",
                 "server \"seems\" busy, 1");
    obs->message(obs->ctx, SIM_S, "mpm_prefork", "info", "AH00162",
                 "server seems busy, 2");
    obs->message(obs->ctx, SIM_S, "mpm_prefork", "error", "AH00161", "full");
    for (int i = 0; i < 2 * SUMMARY_MESSAGES; i++) {
        char code[12];
        snprintf(code, sizeof code, "AH%05d", i % 90000);
        obs->message(obs->ctx, SIM_S, "core", "info", code, "x");
    }
    finish(m, s);
    char *text = content("events.csv");
    static const char head[] =
        "t_s,module,level,code,message\n"
        "-1.000000,mpm_prefork,info,AH00162,\"server \"\"seems\"\" busy, 1\"\n"
        "1.000000,mpm_prefork,info,AH00162,\"server seems busy, 2\"\n"
        "1.000000,mpm_prefork,error,AH00161,\"full\"\n";
    ck_assert(strncmp(text, head, sizeof head - 1) == 0);
    ck_assert_uint_eq(s->nmessages, SUMMARY_MESSAGES); /* bounded */
    ck_assert_str_eq(s->message[0].text, "server \"seems\" busy, 1");
    ck_assert(s->message[0].count >= 2 && s->message[0].count <= 2);
    ck_assert(s->message[0].first_s >= -1 && s->message[0].first_s <= -1);
    free(text);
    free(s);
    sim_free(sim);
}
END_TEST

START_TEST(the_warm_up_is_left_out)
{
    struct sim *sim = sim_new(EVQ_WHEEL, 0);
    struct metrics_opts o = opts();
    struct err e;
    struct summary *s = must_alloc(sizeof *s);
    err_init(&e);
    o.dir = NULL;
    struct metrics *m = metrics_new(sim, &o, &e);
    const struct observer *obs = metrics_observer(m);
    for (uint32_t i = 0; i < 100; i++) { /* one ends every 100 ms */
        struct request_record r =
            record(i, 0, i % 10 == 9 ? REQ_TIMEOUT : REQ_OK,
                   (simtime_t)i * 100 * SIM_MS - SIM_S, SIM_S);
        obs->request(obs->ctx, &r);
    }
    struct request_record r = record(100, 0, REQ_CLOSED, 5 * SIM_S, 0);
    obs->request(obs->ctx, &r); /* is sent again: no failure */
    r.attempt = 1;
    obs->request(obs->ctx, &r);    /* is one */
    obs->logged(obs->ctx, SIM_MS); /* now = 0 */
    sim_run(sim, 10 * SIM_S, NULL);
    obs->logged(obs->ctx, SIM_MS);
    finish(m, s);
    ck_assert(fabs(s->completed - 72) < 1e-9);
    ck_assert(fabs(s->errors[REQ_TIMEOUT] - 8) < 1e-9);
    ck_assert(fabs(s->errors[REQ_CLOSED] - 2) < 1e-9);
    ck_assert(fabs(s->failed - 9) < 1e-9);
    ck_assert(fabs(s->throughput_rps - 9) < 1e-9);
    ck_assert(fabs(s->latency.count - 72) < 1e-9);
    ck_assert(fabs(s->latency.mean_s - 1) < 1e-9);
    ck_assert(fabs(s->latency_server.count - 1) < 1e-9);
    free(s);
    sim_free(sim);
}
END_TEST

/* -- with a server ----------------------------------------------------------
 */

static const char scenario_text[] =
    "{ \"duration\": \"4s\", \"warm_up\": \"1s\",\n"
    "  \"workload\": { \"type\": \"poisson\", \"rate\": \"50/s\" },\n"
    "  \"servers\": [ { \"name\": \"a\", \"mpm\": \"@\",\n"
    "                 \"start\": \"-1.1s\" } ],\n"
    "  \"outputs\": { \"interval\": \"250ms\", \"requests\": true } }\n";

static struct scenario *load(const char *scenario, const char *mpm)
{
    char path[128];
    struct scenario_opts so = { .nset = 0 };
    struct err e;
    snprintf(path, sizeof path, "%s/s.json", folder);
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    for (const char *p = scenario; *p != '\0'; p++) {
        if (*p == '@')
            fputs(mpm, f);
        else
            fputc(*p, f);
    }
    fclose(f);
    err_init(&e);
    struct scenario *sc = scenario_load(path, &so, &e);
    ck_assert_msg(sc != NULL, "%s", e.text != NULL ? e.text : "");
    return sc;
}

/* Runs SCENARIO with MPM in place of @ until UNTIL; the metrics, finished. */
static struct metrics *play_scenario(const char *scenario, const char *mpm,
                                     simtime_t until, struct sim **sim,
                                     struct summary *out)
{
    struct scenario *sc = load(scenario, mpm);
    const struct scenario_server *ss = &sc->servers[0];
    struct err e;
    err_init(&e);
    *sim = sim_new(EVQ_WHEEL, ss->start);
    struct metrics_opts o = { .dir = folder,
                              .start = ss->start,
                              .duration = sc->duration,
                              .warm_up = sc->warm_up,
                              .interval = sc->interval,
                              .requests = true,
                              .worker_limit = ss->settings.max_request_workers,
                              .cpus = sc->machine.cpus };
    struct metrics *m = metrics_new(*sim, &o, &e);
    struct server_conf conf = { .name = "a",
                                .model = model_find(mpm),
                                .settings = ss->settings,
                                .machine = sc->machine,
                                .network = sc->network,
                                .start = ss->start,
                                .seed = 1 };
    const struct observer *obs = metrics_observer(m);
    struct server *srv = server_new(*sim, &conf, obs);
    metrics_attach(m, srv);
    struct workloads *w = workloads_start(
        *sim, srv, sc->workloads, sc->nworkloads, obs, 1, 0, sc->duration);
    sim_run(*sim, until, NULL);
    workloads_finish(w);
    ck_assert(metrics_finish(m, out, &e));
    workloads_free(w);
    server_free(srv);
    scenario_free(sc);
    return m;
}

static struct metrics *play(const char *mpm, simtime_t until, struct sim **sim,
                            struct summary *out)
{
    return play_scenario(scenario_text, mpm, until, sim, out);
}

/* What 20 s with the statistics from 10 s on say of one server with these
 * WORKLOADS and DIRECTIVES; caller frees. */
static struct summary *sum_up(const char *mpm, const char *directives,
                              const char *workloads)
{
    char text[1000];
    struct summary *s = must_alloc(sizeof *s);
    struct sim *sim;
    snprintf(text, sizeof text,
             "{ \"duration\": \"20s\", \"warm_up\": \"10s\",\n"
             "  \"machine\": { \"cpus\": 1 },\n"
             "  \"workload\": [ %s ],\n"
             "  \"servers\": [ { \"name\": \"a\", \"mpm\": \"@\", "
             "\"start\": \"-2s\",\n  \"directives\": { %s } } ] }\n",
             workloads, directives);
    struct metrics *m = play_scenario(text, mpm, 20 * SIM_S, &sim, s);
    metrics_free(m);
    sim_free(sim);
    return s;
}

/* Field COLUMN (from 0) of LINE (0 is the header), as text into BUF. */
static void field(const char *text, int line, int column, char *buf)
{
    while (line-- > 0)
        text = strchr(text, '\n') + 1;
    while (column-- > 0)
        text += strcspn(text, ",\n") + 1;
    size_t n = strcspn(text, ",\n");
    ck_assert_uint_lt(n, 40);
    memcpy(buf, text, n);
    buf[n] = '\0';
}

enum {
    ROWS = 21, /* -1, -0.75 … 4 */
    COLUMNS = 39
};

START_TEST(series_has_a_row_per_instant_of_the_grid)
{
    static const char *const models[] = { "prefork", "event" };
    struct summary *s = must_alloc(sizeof *s);
    struct sim *sim;
    struct metrics *m = play(models[_i], 4 * SIM_S, &sim, s);
    char *text = content("series.csv"), buf[40], want[40];
    int lines = 0, commas = 0;
    for (const char *p = text; *p != '\0'; p++) {
        commas += *p == ',';
        if (*p == '\n') {
            ck_assert_int_eq(commas, COLUMNS - 1);
            commas = 0;
            lines++;
        }
    }
    ck_assert_int_eq(lines, ROWS + 1);
    for (int k = 0; k < ROWS; k++) {
        snprintf(want, sizeof want, "%.3f", -1 + 0.25 * k);
        field(text, k + 1, 0, buf);
        ck_assert_str_eq(buf, want);
        field(text, k + 1, 16, buf); /* async_connections */
        ck_assert_int_eq(buf[0] == '\0', _i == 0);
        field(text, k + 1, 31, buf); /* pss_kib, in every row */
        ck_assert_int_ne(buf[0], '\0');
        field(text, k + 1, 37, buf); /* latency: none before the load */
        ck_assert_int_eq(buf[0] == '\0', k <= 4);
    }
    /* the rate of a row is the growth of completions */
    for (int k = 5; k < ROWS; k++) {
        field(text, k, 34, buf);
        double before = atof(buf);
        field(text, k + 1, 34, buf);
        double grown = atof(buf) - before;
        field(text, k + 1, 36, buf);
        ck_assert(fabs(atof(buf) - grown / 0.25) < 1e-9);
    }
    /* what the summary says is what requests.csv has after the warm-up */
    char *rows = content("requests.csv");
    int ok = 0;
    for (const char *p = strchr(rows, '\n') + 1; *p != '\0';
         p = strchr(p, '\n') + 1) {
        field(p, 0, 13, buf);
        bool good = buf[0] == '\0';
        field(p, 0, 9, buf);
        ok += good && atof(buf) >= 1;
    }
    ck_assert_int_gt(ok, 100);
    ck_assert_int_eq((int)s->completed, ok);
    ck_assert(s->memory.pss_peak_bytes > 0);
    ck_assert(s->workers.full_share >= 0 && s->workers.full_share <= 0);
    ck_assert(isnan(s->workers.full_first_s));
    free(rows);
    free(text);
    free(s);
    metrics_free(m);
    sim_free(sim);
}
END_TEST

/* More requests than five workers can serve, between two instants. */
#define FLOOD(name, from, until)                                               \
    "{ \"name\": \"" name "\", \"type\": \"poisson\", \"rate\": \"40/s\","     \
    " \"from\": \"" from "\", \"until\": \"" until "\", \"service\": \"1s\" }"
#define FIVE_WORKERS                                                           \
    "\"StartServers\": 5, \"MinSpareServers\": 1, \"MaxRequestWorkers\": 5"

START_TEST(the_onset_is_found_where_it_is)
{
    /* a short flood, then a lasting one that begins within the warm-up */
    struct summary *s =
        sum_up("prefork", FIVE_WORKERS,
               FLOOD("blip", "1s", "1.3s") ", " FLOOD("flood", "6s", "20s"));
    ck_assert(s->workers.full_first_s > 1 && s->workers.full_first_s < 2);
    ck_assert(s->workers.full_from_s > 6 && s->workers.full_from_s < 7);
    ck_assert(s->workers.full_share > 0.95);
    free(s);
    /* all is over long before the end */
    s = sum_up("prefork", FIVE_WORKERS, FLOOD("flood", "9s", "9.5s"));
    ck_assert(s->workers.full_share > 0.1 && s->workers.full_share < 0.9);
    ck_assert(s->workers.full_first_s > 9 && s->workers.full_first_s < 10);
    ck_assert(isnan(s->workers.full_from_s));
    free(s);
}
END_TEST

START_TEST(why_connections_wait_is_told_apart)
{
    /* far fewer processes than allowed, one more a second at first */
    struct summary *s =
        sum_up("prefork", "\"StartServers\": 1, \"MinSpareServers\": 1",
               FLOOD("flood", "10s", "20s"));
    ck_assert(s->workers.short_share > 0.1);
    ck_assert(s->workers.full_share <= 0 && s->workers.held_share <= 0);
    free(s);
    /* all there may be are taken: nothing is short */
    s = sum_up("prefork", FIVE_WORKERS, FLOOD("flood", "1s", "20s"));
    ck_assert(s->workers.full_share > 0.95 && s->workers.short_share < 0.05);
    ck_assert(s->accept_queue.mean > 10);
    free(s);
    /* idle workers, but 5 + 1 x 5 connections is all that one process takes */
    s = sum_up("event",
               "\"StartServers\": 1, \"ServerLimit\": 1, "
               "\"ThreadsPerChild\": 5, \"MaxRequestWorkers\": 5, "
               "\"AsyncRequestWorkerFactor\": 1, "
               "\"KeepAliveTimeout\": \"60s\"",
               "{ \"name\": \"idle\", \"type\": \"closed\", \"clients\": 30, "
               "\"think\": \"4s\", \"service\": \"10ms\" }");
    ck_assert(s->workers.held_share > 0.5);
    ck_assert(s->workers.full_share <= 0 && s->workers.short_share <= 0);
    free(s);
}
END_TEST

START_TEST(cores_without_work_are_seen)
{
    struct summary *s =
        sum_up("event", "\"MaxRequestWorkers\": 100",
               "{ \"name\": \"cpu\", \"type\": \"poisson\", \"rate\": "
               "\"20/s\", \"service\": \"0s\", \"cpu\": \"100ms\" }");
    ck_assert(s->cpu.busy_share > 0.95);
    free(s);
    s = sum_up("event", "\"MaxRequestWorkers\": 100",
               "{ \"name\": \"cpu\", \"type\": \"poisson\", \"rate\": "
               "\"2/s\", \"service\": \"0s\", \"cpu\": \"100ms\" }");
    ck_assert(s->cpu.busy_share > 0.05 && s->cpu.busy_share < 0.5);
    free(s);
}
END_TEST

START_TEST(the_curve_covers_the_run)
{
    struct summary *s = must_alloc(sizeof *s);
    struct sim *sim;
    size_t n;
    struct metrics *m = play("event", 4 * SIM_S, &sim, s);
    const struct curve_point *c = metrics_curve(m, &n);
    ck_assert_uint_ge(n, 20);
    ck_assert_uint_le(n, CURVE_POINTS);
    ck_assert(fabs(c[n - 1].t_s - 4) < 1e-9);
    double seen = 0;
    for (size_t i = 0; i < n; i++)
        seen = fmax(seen, c[i].p50_s > 0 ? c[i].p50_s : 0);
    ck_assert(seen > 0);
    ck_assert(hist_count(metrics_latency(m)) >= 100);
    free(s);
    metrics_free(m);
    sim_free(sim);
}
END_TEST

START_TEST(an_interrupted_run_is_measured_as_far_as_it_came)
{
    struct summary *s = must_alloc(sizeof *s);
    struct sim *sim;
    struct metrics *m = play("event", 3 * SIM_S, &sim, s);
    ck_assert(fabs(s->throughput_rps - s->completed / 2) < 1e-9);
    metrics_free(m);
    sim_free(sim);
    /* before the window began there is nothing to say */
    m = play("event", SIM_S / 2, &sim, s);
    ck_assert(isnan(s->throughput_rps));
    ck_assert(isnan(s->processes.mean) && isnan(s->memory.pss_peak_bytes));
    ck_assert(isnan(s->cpu.utilisation));
    free(s);
    metrics_free(m);
    sim_free(sim);
}
END_TEST

START_TEST(a_folder_that_is_not_there_is_an_error)
{
    struct sim *sim = sim_new(EVQ_WHEEL, 0);
    struct metrics_opts o = opts();
    struct err e;
    err_init(&e);
    o.dir = "/nonexistent";
    ck_assert_ptr_null(metrics_new(sim, &o, &e));
    char *text = err_format(&e);
    ck_assert_str_eq(text, "/nonexistent/series.csv: cannot create: No such "
                           "file or directory");
    ck_assert_int_eq(e.kind, ERR_IO);
    free(text);
    err_clear(&e);
    sim_free(sim);
}
END_TEST

Suite *suite_metrics(void);
Suite *suite_metrics(void)
{
    Suite *s = suite_create("metrics");
    TCase *t = tcase_create("metrics");
    tcase_add_checked_fixture(t, make_folder, remove_folder);
    tcase_add_test(t, requests_are_sorted_and_blank_where_nothing_happened);
    tcase_add_test(t, events_are_quoted_and_counted_by_code);
    tcase_add_test(t, the_warm_up_is_left_out);
    tcase_add_loop_test(t, series_has_a_row_per_instant_of_the_grid, 0, 2);
    tcase_add_test(t, the_onset_is_found_where_it_is);
    tcase_add_test(t, why_connections_wait_is_told_apart);
    tcase_add_test(t, cores_without_work_are_seen);
    tcase_add_test(t, the_curve_covers_the_run);
    tcase_add_test(t, an_interrupted_run_is_measured_as_far_as_it_came);
    tcase_add_test(t, a_folder_that_is_not_there_is_an_error);
    suite_add_tcase(s, t);
    return s;
}
