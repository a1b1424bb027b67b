/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/rng.h"

Suite *suite_rng(void);

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* sqrt(n) times the Kolmogorov-Smirnov distance; above 1.95 once in 1000. */
static double ks(double *x, size_t n, double (*cdf)(double))
{
    qsort(x, n, sizeof *x, by_value);
    double worst = 0;
    for (size_t i = 0; i < n; i++) {
        double f = cdf(x[i]);
        double d =
            fmax(f - (double)i / (double)n, (double)(i + 1) / (double)n - f);
        worst = fmax(worst, d);
    }
    return worst * sqrt((double)n);
}

static double exp_cdf(double x)
{
    return -expm1(-x);
}

static double normal_cdf(double x)
{
    return 0.5 * erfc(-x * sqrt(0.5));
}

static double unit_cdf(double x)
{
    return x;
}

static double exp_density(double x)
{
    return exp(-x);
}

static double normal_density(double x)
{
    return exp(-0.5 * x * x);
}

static void check_table(const struct zig_layer *layer, const double *f,
                        double tail, double area, int bits,
                        double (*density)(double), double (*inverse)(double))
{
    double x[257];
    x[0] = area / density(tail);
    x[1] = tail;
    for (int i = 2; i < 256; i++)
        x[i] = inverse(area / x[i - 1] + density(x[i - 1]));
    x[256] = 0;
    for (int i = 0; i < 256; i++) {
        double inside = ldexp(x[i + 1] / x[i], bits);
        ck_assert_double_eq_tol((double)layer[i].inside, inside,
                                ldexp(1, bits - 40));
        ck_assert_double_eq_tol(ldexp(layer[i].scale, bits), x[i], 1e-11);
        if (i > 0)
            ck_assert_double_eq_tol(f[i], density(x[i]), 1e-11);
    }
    ck_assert(f[0] == 0 && f[256] == 1);
}

static double exp_inverse(double y)
{
    return -log(y);
}

static double normal_inverse(double y)
{
    return sqrt(-2 * log(y));
}

START_TEST(the_ziggurat_tables_are_what_they_say)
{
    check_table(zig_exp, zig_exp_f, 7.6971174701310497, 0.0039496598225815572,
                56, exp_density, exp_inverse);
    check_table(zig_normal, zig_normal_f, 3.6541528853610088,
                0.0049286732339746552, 55, normal_density, normal_inverse);
}
END_TEST

START_TEST(draws_follow_their_laws)
{
    size_t n = 1000000;
    double *x = malloc(n * sizeof *x);
    struct rng r;
    rng_init(&r, (uint64_t)_i, 0, "exp");
    for (size_t i = 0; i < n; i++)
        x[i] = rng_exp(&r);
    ck_assert_double_lt(ks(x, n, exp_cdf), 1.95);
    ck_assert_double_gt(x[n - 1], 10.5); /* the tail is there */
    rng_init(&r, (uint64_t)_i, 0, "normal");
    for (size_t i = 0; i < n; i++)
        x[i] = rng_normal(&r);
    ck_assert_double_lt(ks(x, n, normal_cdf), 1.95);
    ck_assert(x[0] < -4.2 && x[n - 1] > 4.2);
    rng_init(&r, (uint64_t)_i, 0, "unit");
    for (size_t i = 0; i < n; i++)
        x[i] = rng_unit(&r);
    ck_assert_double_lt(ks(x, n, unit_cdf), 1.95);
    free(x);
}
END_TEST

START_TEST(moments_are_right)
{
    struct rng r;
    rng_init(&r, 7, 0, "moments");
    double n = 4e6, e[4] = { 0 }, g[4] = { 0 };
    for (int i = 0; i < 4000000; i++) {
        double x = rng_exp(&r), y = rng_normal(&r), px = 1, py = 1;
        for (int k = 0; k < 4; k++) {
            e[k] += px *= x;
            g[k] += py *= y;
        }
    }
    /* Five standard errors: sqrt((m[2k] - m[k]^2) / n). */
    static const double em[] = { 1, 2, 6, 24, 0, 720, 0, 40320 };
    static const double gm[] = { 0, 1, 0, 3, 0, 15, 0, 105 };
    for (int k = 0; k < 4; k++) {
        double e2 = k == 0 ? 2 : k == 1 ? 24 : em[2 * k + 1];
        double g2 = k == 0 ? 1 : k == 1 ? 3 : gm[2 * k + 1];
        ck_assert_double_eq_tol(e[k] / n, em[k],
                                5 * sqrt((e2 - em[k] * em[k]) / n));
        ck_assert_double_eq_tol(g[k] / n, gm[k],
                                5 * sqrt((g2 - gm[k] * gm[k]) / n));
    }
}
END_TEST

START_TEST(streams_depend_on_all_that_names_them)
{
    struct rng a, b;
    rng_init(&a, 1, 0, "arrivals");
    rng_init(&b, 1, 0, "arrivals");
    ck_assert_int_eq(memcmp(&a, &b, sizeof a), 0);
    rng_init(&b, 2, 0, "arrivals");
    ck_assert_int_ne(memcmp(&a, &b, sizeof a), 0);
    rng_init(&b, 1, 1, "arrivals");
    ck_assert_int_ne(memcmp(&a, &b, sizeof a), 0);
    rng_init(&b, 1, 0, "service");
    ck_assert_int_ne(memcmp(&a, &b, sizeof a), 0);
    /* Seed and replication do not stand for each other. */
    rng_init(&a, 1, 2, "x");
    rng_init(&b, 2, 1, "x");
    ck_assert_int_ne(memcmp(&a, &b, sizeof a), 0);
}
END_TEST

START_TEST(streams_are_the_same_on_every_machine)
{
    struct rng r;
    rng_init(&r, 1, 0, "golden");
    uint64_t sum = 0;
    double total = 0;
    for (int i = 0; i < 1000; i++) {
        sum = sum * 31 + rng_u64(&r);
        total += floor(rng_exp(&r) * 1e9) + floor(rng_normal(&r) * 1e9);
    }
    ck_assert_uint_eq(sum, UINT64_C(0x4b0c48e5f57c78b8));
    ck_assert_double_eq(total, 960521709111.0);
}
END_TEST

START_TEST(draws_without_state_are_independent)
{
    size_t n = 300000;
    double *x = malloc(n * sizeof *x);
    for (size_t i = 0; i < n; i++) {
        struct rng r = rng_at(99, i / 100, i % 100);
        x[i] = rng_unit(&r);
    }
    double corr = 0;
    for (size_t i = 1; i < n; i++)
        corr += (x[i] - 0.5) * (x[i - 1] - 0.5) * 12;
    ck_assert_double_lt(fabs(corr / (double)n), 5 / sqrt((double)n));
    ck_assert_double_lt(ks(x, n, unit_cdf), 1.95);
    free(x);
    struct rng a = rng_at(1, 2, 3), b = rng_at(1, 2, 3), c = rng_at(1, 3, 2);
    ck_assert_int_eq(memcmp(&a, &b, sizeof a), 0);
    ck_assert_int_ne(memcmp(&a, &c, sizeof a), 0);
}
END_TEST

START_TEST(whole_numbers_are_drawn_evenly)
{
    struct rng r;
    rng_init(&r, 1, 0, "below");
    int seen[7] = { 0 };
    for (int i = 0; i < 70000; i++)
        seen[rng_below(&r, 7)]++;
    for (int i = 0; i < 7; i++)
        ck_assert_int_lt(abs(seen[i] - 10000), 500);
    ck_assert_uint_eq(rng_below(&r, 1), 0);
    for (int i = 0; i < 100; i++)
        ck_assert_uint_lt(rng_below(&r, UINT64_C(3) << 62), UINT64_C(3) << 62);
}
END_TEST

Suite *suite_rng(void)
{
    Suite *s = suite_create("rng");
    TCase *c = tcase_create("rng");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, the_ziggurat_tables_are_what_they_say);
    tcase_add_loop_test(c, draws_follow_their_laws, 1, 4);
    tcase_add_test(c, moments_are_right);
    tcase_add_test(c, streams_depend_on_all_that_names_them);
    tcase_add_test(c, streams_are_the_same_on_every_machine);
    tcase_add_test(c, draws_without_state_are_independent);
    tcase_add_test(c, whole_numbers_are_drawn_evenly);
    suite_add_tcase(s, c);
    return s;
}
