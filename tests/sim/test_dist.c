/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The laws, with GSL's distribution functions as the oracle. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#ifndef NO_GSL
#include <gsl/gsl_cdf.h>
#endif

#include "sim/dist.h"

Suite *suite_dist(void);

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void prepare(struct dist *d)
{
    struct err e;
    err_init(&e);
    bool ok = dist_prepare(d, &e);
    ck_assert_msg(ok, "%s: %s", dist_name(d->kind), e.text ? e.text : "");
}

static const struct dist laws[] = {
    { .kind = DIST_UNIFORM, .min = 2, .max = 5 },
    { .kind = DIST_EXPONENTIAL, .mean = 3 },
    { .kind = DIST_LOGNORMAL, .mean = 4, .cv = 0.5 },
    { .kind = DIST_LOGNORMAL, .mean = 4, .cv = 1.5 },
    { .kind = DIST_GAMMA, .mean = 2, .cv = 0.5 },
    { .kind = DIST_GAMMA, .mean = 2, .cv = 1.5 },
    { .kind = DIST_WEIBULL, .mean = 5, .shape = 0.8 },
    { .kind = DIST_WEIBULL, .mean = 5, .shape = 2 },
    { .kind = DIST_PARETO, .min = 1, .max = 100, .alpha = 1.2 },
    { .kind = DIST_PARETO, .min = 1, .max = 100, .alpha = 1 },
    { .kind = DIST_PARETO, .min = 1, .max = 100, .alpha = 2 },
    { .kind = DIST_HYPEREXPONENTIAL, .mean = 2, .cv = 2 },
    { .kind = DIST_HYPEREXPONENTIAL, .mean = 2, .cv = 1 },
};
#define LAWS ((int)(sizeof laws / sizeof *laws))

#ifndef NO_GSL
static double cdf(const struct dist *d, double x)
{
    double cv2 = d->cv * d->cv;
    switch (d->kind) {
    case DIST_UNIFORM:
        return gsl_cdf_flat_P(x, d->min, d->max);
    case DIST_EXPONENTIAL:
        return gsl_cdf_exponential_P(x, d->mean);
    case DIST_LOGNORMAL:
        return gsl_cdf_lognormal_P(x, log(d->mean / sqrt(1 + cv2)),
                                   sqrt(log(1 + cv2)));
    case DIST_GAMMA:
        return gsl_cdf_gamma_P(x, 1 / cv2, d->mean * cv2);
    case DIST_WEIBULL:
        return gsl_cdf_weibull_P(x, d->mean / tgamma(1 + 1 / d->shape),
                                 d->shape);
    case DIST_PARETO:
        return gsl_cdf_pareto_P(x, d->alpha, d->min) /
               gsl_cdf_pareto_P(d->max, d->alpha, d->min);
    case DIST_HYPEREXPONENTIAL: {
        double p = 0.5 * (1 + sqrt((cv2 - 1) / (cv2 + 1)));
        return p * gsl_cdf_exponential_P(x, d->mean / (2 * p)) +
               (1 - p) * gsl_cdf_exponential_P(x, d->mean / (2 * (1 - p)));
    }
    case DIST_CONSTANT:
    case DIST_EMPIRICAL:
    case DIST_KINDS:
        break;
    }
    return 0;
}

START_TEST(draws_follow_the_distribution_function)
{
    struct dist d = laws[_i];
    prepare(&d);
    size_t n = 200000;
    double *x = malloc(n * sizeof *x), worst = 0;
    struct rng r;
    rng_init(&r, 11, (uint64_t)_i, "dist");
    for (size_t i = 0; i < n; i++)
        x[i] = dist_draw(&d, &r);
    qsort(x, n, sizeof *x, by_value);
    for (size_t i = 0; i < n; i++) {
        double f = cdf(&d, x[i]);
        worst = fmax(worst, fabs(f - ((double)i + 0.5) / (double)n));
    }
    ck_assert_msg(worst * sqrt((double)n) < 1.95, "%s: KS %g",
                  dist_name(d.kind), worst * sqrt((double)n));
    free(x);
}
END_TEST
#endif

START_TEST(mean_and_variance_are_those_of_the_draws)
{
    struct dist d = laws[_i];
    prepare(&d);
    struct rng r;
    rng_init(&r, 12, (uint64_t)_i, "dist");
    double n = 2e6, sum = 0, sum2 = 0, sum4 = 0, m = dist_mean(&d);
    for (int i = 0; i < 2000000; i++) {
        double x = dist_draw(&d, &r) - m;
        sum += x;
        sum2 += x * x;
        sum4 += x * x * x * x;
    }
    double var = dist_variance(&d);
    ck_assert_double_eq_tol(sum / n, 0, 5 * sqrt(var / n));
    ck_assert_double_eq_tol(sum2 / n, var,
                            6 * sqrt((sum4 / n - var * var) / n) + 1e-12);
}
END_TEST

START_TEST(names_and_keys_are_known)
{
    for (int k = 0; k < DIST_KINDS; k++) {
        ck_assert_int_eq(dist_find(dist_name((enum dist_kind)k)), k);
        const char *const *key = dist_keys((enum dist_kind)k);
        ck_assert_ptr_nonnull(key[0]);
        struct dist d = { .kind = (enum dist_kind)k };
        for (; *key; key++)
            ck_assert(dist_field(&d, *key) || k == DIST_EMPIRICAL);
    }
    ck_assert_int_eq(dist_find("Exponential"), -1);
    struct dist d;
    ck_assert_ptr_eq(dist_field(&d, "alpha"), &d.alpha);
    ck_assert_ptr_null(dist_field(&d, "values"));
}
END_TEST

START_TEST(what_makes_no_law_is_refused)
{
    static const struct dist bad[] = {
        { .kind = DIST_CONSTANT, .mean = -1 },
        { .kind = DIST_UNIFORM, .min = 3, .max = 2 },
        { .kind = DIST_UNIFORM, .min = -3, .max = 2 },
        { .kind = DIST_EXPONENTIAL, .mean = -2 },
        { .kind = DIST_LOGNORMAL, .mean = 0, .cv = 1 },
        { .kind = DIST_LOGNORMAL, .mean = 1, .cv = -1 },
        { .kind = DIST_GAMMA, .mean = 1, .cv = -1 },
        { .kind = DIST_WEIBULL, .mean = 1, .shape = 0 },
        { .kind = DIST_WEIBULL, .mean = 1, .shape = 0.001 },
        { .kind = DIST_PARETO, .min = 0, .max = 2, .alpha = 1 },
        { .kind = DIST_PARETO, .min = 3, .max = 2, .alpha = 1 },
        { .kind = DIST_PARETO, .min = 1, .max = 2, .alpha = 0 },
        { .kind = DIST_HYPEREXPONENTIAL, .mean = 1, .cv = 0.5 },
        { .kind = DIST_EMPIRICAL },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct dist d = bad[i];
        struct err e;
        err_init(&e);
        ck_assert_msg(!dist_prepare(&d, &e), "%zu", i);
        ck_assert_int_eq(e.kind, ERR_CONTENT);
        err_clear(&e);
    }
}
END_TEST

START_TEST(empirical_values_are_drawn_by_weight)
{
    double values[] = { 10, 20, 30 }, weights[] = { 1, 0, 3 };
    struct dist d = {
        .kind = DIST_EMPIRICAL, .n = 3, .values = values, .cum = weights
    };
    prepare(&d);
    ck_assert_double_eq_tol(dist_mean(&d), 25, 1e-12);
    ck_assert_double_eq_tol(dist_variance(&d), 75, 1e-12);
    struct rng r;
    rng_init(&r, 1, 0, "empirical");
    int seen[3] = { 0 };
    for (int i = 0; i < 40000; i++)
        seen[(int)(dist_draw(&d, &r) / 10) - 1]++;
    ck_assert_int_eq(seen[1], 0);
    ck_assert_int_lt(abs(seen[0] - 10000), 500);

    struct dist even = { .kind = DIST_EMPIRICAL, .n = 3, .values = values };
    prepare(&even);
    ck_assert_double_eq_tol(dist_mean(&even), 20, 1e-12);
    memset(seen, 0, sizeof seen);
    for (int i = 0; i < 30000; i++)
        seen[(int)(dist_draw(&even, &r) / 10) - 1]++;
    for (int i = 0; i < 3; i++)
        ck_assert_int_lt(abs(seen[i] - 10000), 500);
}
END_TEST

START_TEST(times_are_rounded_once_and_never_negative)
{
    struct dist d = dist_constant(2.6);
    struct rng r;
    rng_init(&r, 1, 0, "x");
    ck_assert_int_eq(dist_draw_time(&d, &r), 3);
    struct dist zero = { .kind = DIST_EXPONENTIAL, .mean = 0 };
    prepare(&zero);
    ck_assert_int_eq(dist_draw_time(&zero, &r), 0);
    struct dist wide = { .kind = DIST_LOGNORMAL, .mean = 1e18, .cv = 100 };
    prepare(&wide);
    for (int i = 0; i < 100000; i++)
        ck_assert_int_ge(dist_draw_time(&wide, &r), 0);
}
END_TEST

START_TEST(a_constant_gamma_and_lognormal_are_allowed)
{
    struct dist g = { .kind = DIST_GAMMA, .mean = 7 };
    struct dist l = { .kind = DIST_LOGNORMAL, .mean = 7 };
    struct rng r;
    rng_init(&r, 1, 0, "x");
    prepare(&g);
    prepare(&l);
    ck_assert_double_eq(dist_draw(&g, &r), 7);
    ck_assert_double_eq_tol(dist_draw(&l, &r), 7, 1e-12);
}
END_TEST

START_TEST(one_purpose_leaves_the_draws_of_others_alone)
{
    struct dist d = laws[4];
    prepare(&d);
    struct rng a, b, other;
    rng_init(&a, 1, 0, "service");
    rng_init(&b, 1, 0, "service");
    rng_init(&other, 1, 0, "size");
    for (int i = 0; i < 1000; i++) {
        if (i % 3 == 0)
            dist_draw(&d, &other);
        ck_assert_double_eq(dist_draw(&d, &a), dist_draw(&d, &b));
    }
}
END_TEST

Suite *suite_dist(void)
{
    Suite *s = suite_create("dist");
    TCase *c = tcase_create("dist");
    tcase_set_timeout(c, 60);
#ifndef NO_GSL
    tcase_add_loop_test(c, draws_follow_the_distribution_function, 0, LAWS);
#endif
    tcase_add_loop_test(c, mean_and_variance_are_those_of_the_draws, 0, LAWS);
    tcase_add_test(c, names_and_keys_are_known);
    tcase_add_test(c, what_makes_no_law_is_refused);
    tcase_add_test(c, empirical_values_are_drawn_by_weight);
    tcase_add_test(c, times_are_rounded_once_and_never_negative);
    tcase_add_test(c, a_constant_gamma_and_lognormal_are_allowed);
    tcase_add_test(c, one_purpose_leaves_the_draws_of_others_alone);
    suite_add_tcase(s, c);
    return s;
}
