/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outputs/warmup.h"

#include "outputs/bands.h"
#include "sim/rng.h"

#include <check.h>
#include <math.h>

#define N 1000

/* Noise round 10, with TREND(i) on top. */
static void series(double *x, double (*trend)(size_t))
{
    struct rng r;
    rng_init(&r, 1, 0, "series");
    for (size_t i = 0; i < N; i++)
        x[i] = 10 + rng_normal(&r) + trend(i);
}

static double flat(size_t i)
{
    (void)i;
    return 0;
}

static double decaying(size_t i)
{
    return 50 * exp(-(double)i / 40);
}

static double growing(size_t i)
{
    return 0.05 * (double)i;
}

START_TEST(nothing_is_cut_from_a_steady_series)
{
    double x[N];
    series(x, flat);
    struct warmup w = warmup_mser5(x, N);
    ck_assert_uint_lt(w.cut, 150);
    ck_assert(!w.too_short);
}
END_TEST

START_TEST(the_beginning_is_cut_where_it_has_died_out)
{
    double x[N];
    series(x, decaying);
    struct warmup w = warmup_mser5(x, N);
    ck_assert_uint_ge(w.cut, 80);
    ck_assert_uint_le(w.cut, 350);
    ck_assert_uint_eq(w.cut % 5, 0);
    ck_assert(!w.too_short);
}
END_TEST

START_TEST(a_trend_to_the_end_is_no_steady_state)
{
    double x[N];
    series(x, growing);
    ck_assert(warmup_mser5(x, N).too_short);
    ck_assert(warmup_mser5(x, WARMUP_MIN - 1).too_short);
}
END_TEST

START_TEST(equal_numbers_need_no_warm_up)
{
    double x[N] = { 0 };
    struct warmup w = warmup_mser5(x, N);
    ck_assert_uint_eq(w.cut, 0);
    ck_assert(!w.too_short);
}
END_TEST

START_TEST(bands_hold_the_mean_of_the_curves)
{
    struct curve_point a[2] = { { .t_s = 1, .busy = 2, .p99_s = (double)NAN },
                                { .t_s = 2, .busy = 4, .p99_s = 1 } };
    struct curve_point b[2] = { { .t_s = 1, .busy = 2, .p99_s = (double)NAN },
                                { .t_s = 2, .busy = 6, .p99_s = (double)NAN } };
    struct curve_point *const curves[] = { a, b };
    struct bands bands;
    bands_init(&bands, curves, 2, 2);
    ck_assert(fabs(bands.mean[1].busy - 5) < 1e-12);
    ck_assert(fabs(bands.low[0].busy - 2) < 1e-12);
    ck_assert(!(bands.low[1].busy > 0)); /* 5 - 12.7, cut off */
    ck_assert(fabs(bands.high[1].busy - 17.706) < 1e-2);
    ck_assert(isnan(bands.mean[0].p99_s));
    ck_assert(fabs(bands.mean[1].p99_s - 1) < 1e-12);
    ck_assert(isnan(bands.high[1].p99_s));
    ck_assert(fabs(bands.high[1].t_s - 2) < 1e-12);
    bands_free(&bands);
    bands_init(&bands, curves, 1, 2);
    ck_assert_ptr_null(bands.low);
    bands_free(&bands);
}
END_TEST

Suite *suite_warmup(void);
Suite *suite_warmup(void)
{
    Suite *s = suite_create("warmup");
    TCase *t = tcase_create("warmup");
    tcase_add_test(t, nothing_is_cut_from_a_steady_series);
    tcase_add_test(t, the_beginning_is_cut_where_it_has_died_out);
    tcase_add_test(t, a_trend_to_the_end_is_no_steady_state);
    tcase_add_test(t, equal_numbers_need_no_warm_up);
    tcase_add_test(t, bands_hold_the_mean_of_the_curves);
    suite_add_tcase(s, t);
    return s;
}
