/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Do intervals hold what they say they hold? Too long for every check: `make
 * check-long`. */
#include "outputs/paired.h"
#include "outputs/report.h"
#include "outputs/stats.h"
#include "sim/must.h"
#include "theory/queues.h"
#include "theory/sim_server.h"
#include "theory/sim_station.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct dist exponential_law(double mean_s)
{
    struct dist d = { .kind = DIST_EXPONENTIAL, .mean = mean_s * 1e9 };
    struct err e;
    err_init(&e);
    ck_assert(dist_prepare(&d, &e));
    return d;
}

/* 1,000 runs of ten replications of M/M/4: the interval of the mean response
 * holds the closed form 930 to 970 times. */
START_TEST(of_1000_intervals_950_hold_the_truth)
{
    struct station st = { .rate = 2.8,
                          .service = exponential_law(1),
                          .servers = 4,
                          .warm_up = 200,
                          .length = 2000 };
    struct queue_figures truth;
    int held = 0;
    queue_mmck(st.rate, 1, st.servers, 0, &truth);
    for (uint64_t seed = 1; seed <= 1000; seed++) {
        double v[10], f[FIGURES];
        for (uint64_t rep = 0; rep < 10; rep++) {
            station_run(&st, seed, rep, f);
            v[rep] = f[FIG_RESPONSE];
        }
        held += fabs(stats_mean(v, 10) - truth.response) <=
                stats_half_width(v, 10, 0.95);
    }
    printf("%d of 1000 intervals hold the truth\n", held);
    ck_assert_int_ge(held, 930);
    ck_assert_int_le(held, 970);
}
END_TEST

#define REPLICATIONS 12

static void measure(struct summary *runs, double service, uint64_t seed)
{
    struct served sv = {
        .mpm = "prefork",
        .directives = "StartServers 8\nMinSpareServers 1\nMaxSpareServers 8\n"
                      "MaxRequestWorkers 8\n",
        .rate = 200,
        .service = exponential_law(service),
        .warm_up = 2,
        .length = 20,
    };
    for (uint64_t rep = 0; rep < REPLICATIONS; rep++) {
        double f[FIGURES];
        served_run(&sv, seed, rep, f);
        runs[rep] = (struct summary){ .completed = f[FIG_RATE] * sv.length,
                                      .throughput_rps = f[FIG_RATE] };
        runs[rep].latency.p99_s = f[FIG_P99];
        runs[rep].latency.mean_s = f[FIG_RESPONSE];
    }
}

/* The sentence on two servers with such replications. */
static char *verdict_of(const struct summary *a, const struct summary *b)
{
    struct summary *mean = must_zalloc(2, sizeof *mean);
    struct summary_ci *ci = must_zalloc(2, sizeof *ci);
    summary_aggregate(a, REPLICATIONS, &mean[0], &ci[0]);
    summary_aggregate(b, REPLICATIONS, &mean[1], &ci[1]);
    struct report_server s[] = {
        { "a", "prefork", NULL, &mean[0], &ci[0], a, REPLICATIONS },
        { "b", "prefork", NULL, &mean[1], &ci[1], b, REPLICATIONS },
    };
    struct report r = { .version = "0",
                        .file = "x.json",
                        .sha256 = "",
                        .duration = 22 * SIM_S,
                        .warm_up = 2 * SIM_S,
                        .replications = REPLICATIONS,
                        .servers = s,
                        .n = 2 };
    char *text = report_verdict(&r);
    free(mean);
    free(ci);
    return text;
}

/* Two servers that meet different requests: alike, no difference is claimed in
 * at least 88 of 100 seeds; one whose requests take 10 % longer is found out
 * in at least 95. */
START_TEST(independent_servers_are_compared_soundly)
{
    struct summary *runs = must_zalloc(3 * REPLICATIONS, sizeof *runs);
    struct summary *a = runs, *same = runs + REPLICATIONS;
    struct summary *slower = runs + 2 * REPLICATIONS;
    int alike = 0, found = 0;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        measure(a, 0.02, 3 * seed);
        measure(same, 0.02, 3 * seed + 1);
        measure(slower, 0.022, 3 * seed + 2);
        char *text = verdict_of(a, same);
        alike += strstr(text, "No difference") != NULL;
        free(text);
        text = verdict_of(a, slower);
        found += strstr(text, "a answers") != NULL &&
                 strstr(text, "faster than b") != NULL;
        free(text);
    }
    free(runs);
    printf("no difference claimed: %d of 100; 10 %% found: %d of 100\n", alike,
           found);
    ck_assert_int_ge(alike, 88);
    ck_assert_int_ge(found, 95);
}
END_TEST

Suite *suite_coverage(void);
Suite *suite_coverage(void)
{
    Suite *s = suite_create("coverage");
    TCase *t = tcase_create("coverage");
    tcase_set_timeout(t, 3600);
    tcase_add_test(t, of_1000_intervals_950_hold_the_truth);
    tcase_add_test(t, independent_servers_are_compared_soundly);
    suite_add_tcase(s, t);
    return s;
}
