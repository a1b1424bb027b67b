/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outputs/summary.h"

#include "outputs/stats.h"
#include "sim/must.h"
#include "tests/outputs/sample.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static struct summary_latency after(int samples)
{
    struct hist *h = must_alloc(sizeof *h);
    struct summary_latency l;
    hist_init(h);
    for (int i = 0; i < samples; i++)
        hist_record(h, 20 * SIM_MS);
    summary_latency(h, &l);
    free(h);
    return l;
}

START_TEST(a_percentile_needs_ten_samples_beyond_it)
{
    ck_assert(isnan(after(0).mean_s) && isnan(after(0).max_s));
    ck_assert(isnan(after(19).p50_s) && !isnan(after(20).p50_s));
    ck_assert(isnan(after(99).p90_s) && !isnan(after(100).p90_s));
    ck_assert(isnan(after(199).p95_s) && !isnan(after(200).p95_s));
    ck_assert(isnan(after(999).p99_s) && !isnan(after(1000).p99_s));
    ck_assert(isnan(after(9999).p999_s) && !isnan(after(10000).p999_s));
    ck_assert(!isnan(after(1).max_s) && !isnan(after(1).mean_s));
}
END_TEST

START_TEST(one_value_is_every_percentile)
{
    struct summary_latency l = after(10000);
    ck_assert(fabs(l.p50_s - 0.02) < 1e-4);
    ck_assert(fabs(l.max_s - 0.02) < 1e-15);
    ck_assert(fabs(l.p999_s - 0.02) < 1e-4);
    ck_assert(fabs(l.mean_s - 0.02) < 1e-12);
    ck_assert(!(fabs(l.count - 10000) > 0));
}
END_TEST

START_TEST(every_path_of_the_table_is_found)
{
    struct summary s;
    memset(&s, 0, sizeof s);
    for (size_t i = 0; i < summary_nfields; i++) {
        const struct summary_field *f = &summary_fields[i];
        double v = -1;
        char path[80];
        *(double *)(void *)((char *)&s + f->offset) = (double)(i + 1);
        snprintf(path, sizeof path, "%s%s%s", f->group,
                 f->group[0] != '\0' ? "." : "", f->name);
        ck_assert_str_eq(path, f->path);
        ck_assert(summary_lookup(&s, path, &v));
        ck_assert_msg(!(fabs(v - (double)(i + 1)) > 0), "%s", path);
    }
    /* no two fields share a place */
    for (size_t i = 0; i < summary_nfields; i++)
        ck_assert(!(
            fabs(summary_value(&s, &summary_fields[i]) - (double)(i + 1)) > 0));
}
END_TEST

START_TEST(errors_and_messages_are_found_by_name)
{
    struct summary s;
    double v;
    sample_summary(&s);
    s.errors[REQ_TIMEOUT] = 5;
    s.errors[REQ_REFUSED] = 2;
    sample_message(&s, "AH00484", "error", "full", 3.5, 1);
    ck_assert(summary_lookup(&s, "requests.errors", &v) && v >= 7 && v <= 7);
    ck_assert(summary_lookup(&s, "requests.errors.timeout", &v));
    ck_assert(v >= 5 && v <= 5);
    ck_assert(summary_lookup(&s, "requests.errors.tls", &v));
    ck_assert(v >= 0 && v <= 0);
    ck_assert(!summary_lookup(&s, "requests.errors.timeouts", &v));
    ck_assert(!summary_lookup(&s, "requests.errors.", &v));
    ck_assert(summary_lookup(&s, "messages.AH00484.first_s", &v));
    ck_assert(v >= 3.5 && v <= 3.5);
    ck_assert(summary_lookup(&s, "messages.AH00161.count", &v));
    ck_assert(v >= 0 && v <= 0);
    ck_assert(summary_lookup(&s, "messages.AH00161.first_s", &v));
    ck_assert(isnan(v));
    ck_assert(!summary_lookup(&s, "messages.AH00484", &v));
    ck_assert(!summary_lookup(&s, "latency", &v));
    ck_assert(!summary_lookup(&s, "", &v));
}
END_TEST

START_TEST(short_names_lead_to_the_path_meant)
{
    ck_assert_str_eq(summary_nearest("p99"), "latency.p99_s");
    ck_assert_str_eq(summary_nearest("refused"), "requests.errors.refused");
    ck_assert_str_eq(summary_nearest("errors"), "requests.errors");
    ck_assert_str_eq(summary_nearest("throughput"), "throughput_rps");
    ck_assert_str_eq(summary_nearest("latency.p99"), "latency.p99_s");
    ck_assert_ptr_null(summary_nearest("zzzzzzzzzzzzzzzz"));
}
END_TEST

START_TEST(one_replication_is_its_own_mean)
{
    struct summary one, mean;
    sample_summary(&one);
    sample_message(&one, "AH00161", "error", "full", 3, 1);
    summary_aggregate(&one, 1, &mean, NULL);
    ck_assert_mem_eq(&one, &mean, sizeof one);
}
END_TEST

START_TEST(replications_are_averaged_with_t_intervals)
{
    static const double rates[] = { 90, 100, 104, 110 };
    struct summary *r = must_zalloc(4, sizeof *r), mean;
    struct summary_ci *ci = must_alloc(sizeof *ci);
    double half = stats_half_width(rates, 4, 0.95);

    for (size_t i = 0; i < 4; i++) {
        sample_summary(&r[i]);
        r[i].throughput_rps = rates[i];
        r[i].errors[REQ_RESET] = i == 0 ? 4 : 0;
    }
    r[1].latency.p999_s = (double)NAN;
    r[2].workers.full_first_s = 7;
    r[3].workers.full_first_s = 9;
    r[0].workers.full_from_s = -30;
    r[1].workers.full_from_s = -10;
    r[0].workers.full_keepalive_mean = 0;
    r[1].workers.full_keepalive_mean = 4;
    summary_aggregate(r, 4, &mean, ci);
    ck_assert(fabs(mean.throughput_rps - 101) < 1e-9);
    ck_assert(fabs(ci->low.throughput_rps - (101 - half)) < 1e-9);
    ck_assert(fabs(ci->high.throughput_rps - (101 + half)) < 1e-9);
    ck_assert(fabs(mean.errors[REQ_RESET] - 1) < 1e-12);
    /* no negative counts */
    ck_assert(!(fabs(ci->low.errors[REQ_RESET]) > 0));
    ck_assert(!(fabs(ci->low.workers.full_keepalive_mean) > 0));
    ck_assert(ci->high.workers.full_keepalive_mean > 4);
    ck_assert(ci->low.workers.full_from_s < -30); /* before t = 0 */
    /* one null makes null, but "when" asks only those where it happened */
    ck_assert(isnan(mean.latency.p999_s) && isnan(ci->low.latency.p999_s));
    ck_assert(fabs(mean.workers.full_first_s - 8) < 1e-12);
    free(r);
    free(ci);
}
END_TEST

START_TEST(messages_of_replications_are_joined)
{
    struct summary *r = must_zalloc(3, sizeof *r), mean;
    struct summary_ci *ci = must_alloc(sizeof *ci);

    for (size_t i = 0; i < 3; i++)
        sample_summary(&r[i]);
    sample_message(&r[0], "AH00484", "error", "full", 9, 1);
    sample_message(&r[1], "AH10159", "error", "nearly", 2, 1);
    sample_message(&r[1], "AH00484", "error", "full, later", 11, 2);
    summary_aggregate(r, 3, &mean, ci);
    ck_assert_uint_eq(mean.nmessages, 2);
    ck_assert_str_eq(mean.message[0].code, "AH10159");
    ck_assert(fabs(mean.message[0].count - 1.0 / 3) < 1e-12);
    ck_assert_str_eq(mean.message[1].text, "full");
    ck_assert(fabs(mean.message[1].first_s - 10) < 1e-12);
    ck_assert(fabs(mean.message[1].count - 1) < 1e-12);
    ck_assert_str_eq(ci->low.message[1].code, "AH00484");
    ck_assert(isnan(ci->low.message[0].first_s)); /* seen once only */
    free(r);
    free(ci);
}
END_TEST

Suite *suite_summary(void);
Suite *suite_summary(void)
{
    Suite *s = suite_create("summary");
    TCase *t = tcase_create("summary");
    tcase_add_test(t, a_percentile_needs_ten_samples_beyond_it);
    tcase_add_test(t, one_value_is_every_percentile);
    tcase_add_test(t, every_path_of_the_table_is_found);
    tcase_add_test(t, errors_and_messages_are_found_by_name);
    tcase_add_test(t, short_names_lead_to_the_path_meant);
    tcase_add_test(t, one_replication_is_its_own_mean);
    tcase_add_test(t, replications_are_averaged_with_t_intervals);
    tcase_add_test(t, messages_of_replications_are_joined);
    suite_add_tcase(s, t);
    return s;
}
