/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outputs/hist.h"

#include "sim/must.h"
#include "sim/rng.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct hist *new_hist(void)
{
    struct hist *h = must_alloc(sizeof *h);
    hist_init(h);
    return h;
}

static int by_value(const void *a, const void *b)
{
    const simtime_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* The sample of rank ceil(p n), counted in whole numbers: p = PPM / 1e6. */
static simtime_t exact(const simtime_t *v, size_t n, size_t ppm)
{
    size_t rank = (ppm * n + 999999) / 1000000;
    return v[rank > 0 ? rank - 1 : 0];
}

START_TEST(buckets_follow_each_other_without_gap)
{
    uint64_t low, high, next = 0;
    for (unsigned i = 0; i < HIST_BUCKETS; i++) {
        hist_bounds(i, &low, &high);
        ck_assert_uint_eq(low, next);
        ck_assert_uint_ge(high, low);
        ck_assert_uint_eq(hist_index(low), i);
        ck_assert_uint_eq(hist_index(high), i);
        if (low >= HIST_SUB)
            ck_assert(((double)high - (double)low) / (double)low < 0.008);
        next = high + 1;
    }
    ck_assert_uint_eq(next, (uint64_t)1 << 63);
}
END_TEST

/* Four laws, among them one that spans nine decades. */
static simtime_t draw(int law, struct rng *r)
{
    switch (law) {
    case 0:
        return (simtime_t)(rng_exp(r) * 2e7);
    case 1:
        return (simtime_t)(1e7 * exp(rng_normal(r)));
    case 2:
        return (simtime_t)pow(10, 10 * rng_unit(r));
    default:
        return 20 * SIM_MS;
    }
}

START_TEST(quantiles_are_within_half_a_bucket_of_the_exact_ones)
{
    enum { N = 50000 };
    static const size_t ppm[] = { 1,      10000,  100000, 500000, 900000,
                                  950000, 990000, 999000, 999990, 1000000 };
    enum { P = sizeof ppm / sizeof ppm[0] };
    simtime_t *v = must_zalloc(N, sizeof *v), got[P];
    struct hist *h = new_hist();
    struct rng r;
    double p[P], sum = 0;

    rng_init(&r, (uint64_t)_i + 1, 0, "test");
    for (size_t i = 0; i < N; i++) {
        v[i] = draw(_i, &r);
        hist_record(h, v[i]);
        sum += (double)v[i];
    }
    qsort(v, N, sizeof *v, by_value);
    for (size_t k = 0; k < P; k++)
        p[k] = (double)ppm[k] / 1e6;
    hist_quantiles(h, p, got, P);
    for (size_t k = 0; k < P; k++) {
        double want = (double)exact(v, N, ppm[k]);
        ck_assert_msg(fabs((double)got[k] - want) <= 0.004 * want + 0.5,
                      "p = %g: %lld, exact %g", p[k], (long long)got[k], want);
    }
    ck_assert_int_eq(got[P - 1], v[N - 1]);
    ck_assert_uint_eq(hist_count(h), N);
    ck_assert(fabs(hist_mean(h) - sum / N) <= 1e-9 * sum / N);
    free(v);
    free(h);
}
END_TEST

START_TEST(merging_equals_recording_in_one)
{
    struct hist *part[3], *all = new_hist(), *sum = new_hist();
    struct rng r;
    rng_init(&r, 7, 0, "test");
    for (int k = 0; k < 3; k++)
        part[k] = new_hist();
    for (int i = 0; i < 30000; i++) {
        simtime_t v = draw(2, &r);
        hist_record(part[i % 7 % 3], v);
        hist_record(all, v);
    }
    for (int k = 2; k >= 0; k--)
        hist_merge(sum, part[k]);
    ck_assert_mem_eq(sum, all, sizeof *all);
    for (int k = 0; k < 3; k++)
        free(part[k]);
    free(all);
    free(sum);
}
END_TEST

START_TEST(the_sum_carries_beyond_64_bits)
{
    struct hist *h = new_hist(), *twice = new_hist();
    for (int i = 0; i < 5; i++)
        hist_record(h, INT64_MAX);
    ck_assert_uint_eq(h->sum_hi, 2);
    ck_assert(fabs(hist_mean(h) - 0x1p63) < 1e4);
    hist_merge(twice, h);
    hist_merge(twice, h);
    ck_assert_uint_eq(hist_count(twice), 10);
    ck_assert(fabs(hist_mean(twice) - 0x1p63) < 1e4);
    free(h);
    free(twice);
}
END_TEST

START_TEST(reset_leaves_nothing_behind)
{
    struct hist *h = new_hist(), *empty = new_hist();
    hist_record(h, 0);
    hist_record(h, 5 * SIM_S);
    hist_record(h, INT64_MAX);
    hist_reset(h);
    ck_assert_mem_eq(h, empty, sizeof *h);
    free(h);
    free(empty);
}
END_TEST

START_TEST(an_empty_histogram_gives_zeros_and_negatives_count_as_zero)
{
    static const double p[] = { 0.5, 1 };
    struct hist *h = new_hist();
    simtime_t v[2] = { 1, 1 };
    hist_quantiles(h, p, v, 2);
    ck_assert_int_eq(v[0], 0);
    ck_assert_int_eq(v[1], 0);
    ck_assert(!(fabs(hist_mean(h)) > 0));
    hist_record(h, -5);
    ck_assert_uint_eq(hist_count(h), 1);
    ck_assert_int_eq(h->max, 0);
    free(h);
}
END_TEST

START_TEST(ranks_are_not_disturbed_by_rounding)
{
    /* 0.95 x 20 is a hair above 19 in binary; rank 19 is meant */
    static const double p[] = { 0.5, 0.95 };
    struct hist *h = new_hist();
    simtime_t v[2];
    for (simtime_t i = 1; i <= 20; i++)
        hist_record(h, i);
    hist_quantiles(h, p, v, 2);
    ck_assert_int_eq(v[0], 10);
    ck_assert_int_eq(v[1], 19);
    free(h);
}
END_TEST

Suite *suite_hist(void);
Suite *suite_hist(void)
{
    Suite *s = suite_create("hist");
    TCase *t = tcase_create("hist");
    tcase_add_test(t, buckets_follow_each_other_without_gap);
    tcase_add_loop_test(t, quantiles_are_within_half_a_bucket_of_the_exact_ones,
                        0, 4);
    tcase_add_test(t, merging_equals_recording_in_one);
    tcase_add_test(t, the_sum_carries_beyond_64_bits);
    tcase_add_test(t, reset_leaves_nothing_behind);
    tcase_add_test(t,
                   an_empty_histogram_gives_zeros_and_negatives_count_as_zero);
    tcase_add_test(t, ranks_are_not_disturbed_by_rounding);
    suite_add_tcase(s, t);
    return s;
}
