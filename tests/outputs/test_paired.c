/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outputs/paired.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>

#define P99 offsetof(struct summary, latency.p99_s)

static struct summary *with_p99(const double *v, size_t n)
{
    struct summary *s = calloc(n, sizeof *s);
    ck_assert_ptr_nonnull(s);
    for (size_t i = 0; i < n; i++)
        s[i].latency.p99_s = v[i];
    return s;
}

static struct paired compare(const double *x, const double *y, size_t n)
{
    struct summary *a = with_p99(x, n), *b = with_p99(y, n);
    struct paired p = paired_difference(a, b, n, P99, 0.95);
    free(a);
    free(b);
    return p;
}

START_TEST(what_both_share_cancels_out)
{
    static const double x[] = { 1, 5, 2, 9 }, y[] = { 2.1, 6, 2.9, 10 };
    struct paired p = compare(x, y, 4);
    ck_assert_uint_eq(p.n, 4);
    ck_assert(fabs(p.mean - 1) < 1e-12);
    /* s = 0.0816, t(0.975, 3) = 3.182 */
    ck_assert(fabs(p.half - 0.1299) < 1e-3);
    ck_assert(paired_is_shown(&p));
}
END_TEST

START_TEST(noise_shows_nothing)
{
    static const double x[] = { 1, 2, 3, 4 }, y[] = { 2, 1, 4, 3 };
    struct paired p = compare(x, y, 4);
    ck_assert(!paired_is_shown(&p));
}
END_TEST

START_TEST(pairs_without_a_number_are_left_out)
{
    const double x[] = { 1, (double)NAN, 3 }, y[] = { 2, 7, (double)NAN };
    struct paired p = compare(x, y, 3);
    ck_assert_uint_eq(p.n, 1);
    ck_assert(isnan(p.half));
    ck_assert(!paired_is_shown(&p));
}
END_TEST

Suite *suite_paired(void);
Suite *suite_paired(void)
{
    Suite *s = suite_create("paired");
    TCase *t = tcase_create("paired");
    tcase_add_test(t, what_both_share_cancels_out);
    tcase_add_test(t, noise_shows_nothing);
    tcase_add_test(t, pairs_without_a_number_are_left_out);
    suite_add_tcase(s, t);
    return s;
}
