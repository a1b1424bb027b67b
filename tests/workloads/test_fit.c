/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Laws and processes are recovered from samples drawn of them. */
#include "workloads/fit.h"

#include <check.h>
#include <math.h>
#ifndef NO_GSL
#include <gsl/gsl_cdf.h>
#endif

#include "workloads/fit_arrivals.h"

static struct arena *arena;
static struct fit_sample sample;
static struct fit_laws laws;
static struct err e;

static void setup(void)
{
    arena = arena_new();
    err_init(&e);
    fit_sample_init(&sample, "test");
}

static void teardown(void)
{
    fit_sample_free(&sample);
    err_clear(&e);
    arena_free(arena);
}

/* N draws of D, to SAMPLE, fitted. */
static void draw(struct dist d, size_t n)
{
    struct rng r;
    ck_assert(dist_prepare(&d, &e));
    rng_init(&r, 7, 0, "draws");
    for (size_t i = 0; i < n; i++)
        fit_sample_add(&sample, dist_draw(&d, &r));
    fit_laws(&sample, arena, &laws);
}

static const struct dist *chosen(enum dist_kind kind)
{
    ck_assert_int_ge(laws.best, 0);
    ck_assert_int_eq(laws.chosen.kind, kind);
    ck_assert(laws.law[laws.best].ks < 0.015);
    return &laws.chosen;
}

#define NEAR(x, y, share) ck_assert_double_eq_tol(x, y, (share) * (y))

START_TEST(an_exponential_sample_is_exponential)
{
    draw((struct dist){ .kind = DIST_EXPONENTIAL, .mean = 2e7 }, 20000);
    NEAR(chosen(DIST_EXPONENTIAL)->mean, 2e7, 0.02);
}
END_TEST

START_TEST(a_lognormal_sample_gives_its_parameters_back)
{
    draw((struct dist){ .kind = DIST_LOGNORMAL, .mean = 2e7, .cv = 1.5 },
         20000);
    NEAR(chosen(DIST_LOGNORMAL)->mean, 2e7, 0.04);
    NEAR(laws.chosen.cv, 1.5, 0.05);
}
END_TEST

START_TEST(a_gamma_sample_gives_its_parameters_back)
{
    draw((struct dist){ .kind = DIST_GAMMA, .mean = 100, .cv = 0.5 }, 20000);
    NEAR(chosen(DIST_GAMMA)->mean, 100, 0.02);
    NEAR(laws.chosen.cv, 0.5, 0.02);
}
END_TEST

START_TEST(a_weibull_sample_gives_its_parameters_back)
{
    draw((struct dist){ .kind = DIST_WEIBULL, .mean = 100, .shape = 0.6 },
         20000);
    NEAR(chosen(DIST_WEIBULL)->mean, 100, 0.04);
    NEAR(laws.chosen.shape, 0.6, 0.03);
}
END_TEST

START_TEST(a_bounded_pareto_sample_gives_its_parameters_back)
{
    draw(
        (struct dist){
            .kind = DIST_PARETO, .min = 1000, .max = 1e7, .alpha = 1.2 },
        20000);
    NEAR(chosen(DIST_PARETO)->alpha, 1.2, 0.03);
    NEAR(laws.chosen.min, 1000, 0.01);
}
END_TEST

START_TEST(a_hyperexponential_sample_gives_its_parameters_back)
{
    draw((struct dist){ .kind = DIST_HYPEREXPONENTIAL, .mean = 50, .cv = 3 },
         20000);
    NEAR(chosen(DIST_HYPEREXPONENTIAL)->mean, 50, 0.05);
    NEAR(laws.chosen.cv, 3, 0.1);
}
END_TEST

START_TEST(what_no_law_fits_is_empirical_and_keeps_its_mean)
{
    struct dist d;
    struct rng r;
    rng_init(&r, 1, 0, "two humps");
    for (int i = 0; i < 10000; i++)
        fit_sample_add(&sample, (i % 2 ? 1000 : 1e6) * (1 + rng_unit(&r)));
    fit_laws(&sample, arena, &laws);
    ck_assert_int_eq(laws.best, -1);
    ck_assert(laws.law[0].ks > laws.limit);
    d = laws.chosen;
    ck_assert_int_eq(d.kind, DIST_EMPIRICAL);
    ck_assert(dist_prepare(&d, &e));
    NEAR(dist_mean(&d), fit_sample_mean(&sample), 1e-9);
    NEAR(sqrt(dist_variance(&d)) / dist_mean(&d), fit_sample_cv(&sample),
         0.001);
}
END_TEST

START_TEST(few_values_are_drawn_as_often_as_they_came)
{
    for (int i = 0; i < 90; i++)
        fit_sample_add(&sample, i % 3 ? 500 : 20000);
    fit_laws(&sample, arena, &laws);
    ck_assert_int_eq(laws.chosen.kind, DIST_EMPIRICAL);
    ck_assert_uint_eq(laws.chosen.n, 2);
    ck_assert_double_eq(laws.chosen.cum[0], 60);
    ck_assert_double_eq(laws.chosen.values[1], 20000);
}
END_TEST

START_TEST(equal_values_are_a_constant)
{
    fit_sample_add(&sample, 3);
    fit_sample_add(&sample, 3);
    fit_laws(&sample, arena, &laws);
    ck_assert_int_eq(laws.chosen.kind, DIST_CONSTANT);
    ck_assert_double_eq(laws.chosen.mean, 3);
}
END_TEST

START_TEST(of_many_numbers_a_random_part_is_kept)
{
    draw((struct dist){ .kind = DIST_LOGNORMAL, .mean = 10, .cv = 2 }, 200000);
    ck_assert_uint_eq(sample.count, 200000);
    ck_assert_uint_eq(sample.n, FIT_KEEP);
    NEAR(chosen(DIST_LOGNORMAL)->cv, 2, 0.05);
}
END_TEST

#ifndef NO_GSL
START_TEST(distribution_functions_are_those_of_gsl)
{
    static const double shapes[] = { 0.05, 0.5, 1, 3, 40, 1000 };
    for (size_t i = 0; i < 6; i++)
        for (double x = 0.01; x < 3000; x *= 1.7) {
            struct dist g = { .kind = DIST_GAMMA,
                              .mean = shapes[i],
                              .cv = 1 / sqrt(shapes[i]) };
            struct dist l = { .kind = DIST_LOGNORMAL,
                              .mean = 5,
                              .cv = shapes[i] };
            ck_assert(dist_prepare(&g, &e) && dist_prepare(&l, &e));
            ck_assert_double_eq_tol(fit_cdf(&g, x),
                                    gsl_cdf_gamma_P(x, g.a, g.b), 1e-10);
            ck_assert_double_eq_tol(fit_cdf(&l, x),
                                    gsl_cdf_lognormal_P(x, l.a, l.b), 1e-12);
        }
}
END_TEST
#endif

/* ---- arrivals ---- */

static struct fit_counts counts;
static struct fit_arrivals arrivals;

/* Poisson arrivals at the rate that OF says, for SPAN seconds. */
static void arrive(double (*of)(double t, struct rng *r), double span,
                   bool seconds)
{
    struct rng r, phases;
    double t = 0;
    rng_init(&r, 3, 0, "arrivals");
    rng_init(&phases, 3, 0, "phases");
    fit_counts_init(&counts, seconds);
    for (;;) {
        t += rng_exp(&r) / of(t, &phases);
        if (t >= span)
            break;
        fit_counts_add(&counts, simtime_from_s(t));
    }
    fit_arrivals(&counts, simtime_from_s(span), &arrivals);
    fit_counts_free(&counts);
}

static double constant_rate(double t, struct rng *r)
{
    (void)t;
    (void)r;
    return 20;
}

static double two_steps(double t, struct rng *r)
{
    (void)r;
    return t < 500 ? 10 : 30;
}

/* Changes between arrivals only: near enough at these rates. */
static double bursts(double t, struct rng *r)
{
    static double until;
    static bool busy;
    if (t == 0) {
        busy = true;
        until = 0;
    }
    while (t >= until) {
        busy = !busy;
        until += rng_exp(r) * (busy ? 10 : 30);
    }
    return busy ? 60 : 10;
}

START_TEST(poisson_arrivals_are_told)
{
    arrive(constant_rate, 1000, false);
    ck_assert_int_eq(arrivals.process, FIT_POISSON);
    NEAR(arrivals.rate, 20, 0.02);
    ck_assert_double_eq_tol(arrivals.scv, 1, 0.05);
    ck_assert_double_eq_tol(arrivals.lag1, 0, 0.03);
    ck_assert(arrivals.ks < 0.015);
    ck_assert_double_eq_tol(arrivals.idc[0].idc, 1, 0.05);
}
END_TEST

START_TEST(a_rate_that_changes_is_a_profile)
{
    arrive(two_steps, 1000, false);
    ck_assert_int_eq(arrivals.process, FIT_PROFILE);
    ck_assert_uint_eq(arrivals.steps, 2);
    NEAR(arrivals.factor[0] * arrivals.rate, 10, 0.05);
    NEAR(arrivals.factor[1] * arrivals.rate, 30, 0.05);
    ck_assert(arrivals.scv > 1.2);
    ck_assert_double_eq_tol(arrivals.scaled_scv, 1, 0.05);
}
END_TEST

START_TEST(bursts_are_an_mmpp)
{
    arrive(bursts, 4000, true);
    ck_assert_int_eq(arrivals.process, FIT_MMPP);
    NEAR(arrivals.quiet_rate, 10, 0.05);
    NEAR(arrivals.burst_rate, 60, 0.05);
    NEAR(arrivals.quiet, 30, 0.3);
    NEAR(arrivals.burst, 10, 0.3);
    ck_assert(arrivals.idc[1].idc > 10);
    NEAR(arrivals.idc[1].idc, arrivals.idc[1].model, 0.3);
    ck_assert(!arrivals.gaps);
}
END_TEST

START_TEST(regular_arrivals_have_no_dispersion)
{
    fit_counts_init(&counts, false);
    for (int i = 0; i < 20000; i++)
        fit_counts_add(&counts, i * 50 * SIM_MS);
    fit_arrivals(&counts, 1000 * SIM_S, &arrivals);
    fit_counts_free(&counts);
    ck_assert_int_eq(arrivals.process, FIT_POISSON);
    ck_assert(arrivals.scv < 0.01);
    ck_assert(arrivals.idc[arrivals.nidc - 1].idc < 0.1);
}
END_TEST

START_TEST(windows_are_doubled_for_a_long_log)
{
    fit_counts_init(&counts, true);
    for (int i = 0; i < 1000; i++)
        fit_counts_add(&counts, (simtime_t)i * 3600 * SIM_S);
    ck_assert_int_ge(counts.width, 1000 * 3600 * SIM_S / FIT_WINDOWS);
    ck_assert_uint_eq(counts.n, 1000);
    fit_counts_free(&counts);
}
END_TEST

Suite *suite_fit(void);
Suite *suite_fit(void)
{
    Suite *s = suite_create("workloads/fit");
    TCase *tc = tcase_create("fit");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, an_exponential_sample_is_exponential);
    tcase_add_test(tc, a_lognormal_sample_gives_its_parameters_back);
    tcase_add_test(tc, a_gamma_sample_gives_its_parameters_back);
    tcase_add_test(tc, a_weibull_sample_gives_its_parameters_back);
    tcase_add_test(tc, a_bounded_pareto_sample_gives_its_parameters_back);
    tcase_add_test(tc, a_hyperexponential_sample_gives_its_parameters_back);
    tcase_add_test(tc, what_no_law_fits_is_empirical_and_keeps_its_mean);
    tcase_add_test(tc, few_values_are_drawn_as_often_as_they_came);
    tcase_add_test(tc, equal_values_are_a_constant);
    tcase_add_test(tc, of_many_numbers_a_random_part_is_kept);
#ifndef NO_GSL
    tcase_add_test(tc, distribution_functions_are_those_of_gsl);
#endif
    tcase_add_test(tc, poisson_arrivals_are_told);
    tcase_add_test(tc, a_rate_that_changes_is_a_profile);
    tcase_add_test(tc, bursts_are_an_mmpp);
    tcase_add_test(tc, regular_arrivals_have_no_dispersion);
    tcase_add_test(tc, windows_are_doubled_for_a_long_log);
    suite_add_tcase(s, tc);
    return s;
}
