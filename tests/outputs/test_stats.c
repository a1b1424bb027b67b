/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outputs/stats.h"

#ifndef NO_GSL
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_statistics_double.h>
#endif
#include <check.h>
#include <math.h>
#include <stdlib.h>

START_TEST(the_interval_of_a_textbook_sample)
{
    /* mean 5, s = 2.7613, t(0.975, 4) = 2.7764: 3.4287 */
    static const double v[] = { 2, 3.5, 4, 6.5, 9 };
    double mean = stats_mean(v, 5);
    ck_assert(fabs(mean - 5) < 1e-12);
    ck_assert(fabs(stats_half_width(v, 5, 0.95) - 3.4287) < 1e-3);
}
END_TEST

START_TEST(equal_values_have_no_width)
{
    static const double v[] = { 3, 3, 3 };
    ck_assert(!(stats_half_width(v, 3, 0.95) > 0));
}
END_TEST

#ifndef NO_GSL
START_TEST(the_interval_is_gsls)
{
    double v[50];
    size_t n = (size_t)_i;
    for (size_t i = 0; i < n; i++)
        v[i] = sin((double)(i * i + 1)) * 10 + (double)i;
    double want = gsl_cdf_tdist_Pinv(0.975, (double)(n - 1)) *
                  gsl_stats_sd(v, 1, n) / sqrt((double)n);
    ck_assert(fabs(stats_mean(v, n) - gsl_stats_mean(v, 1, n)) < 1e-12);
    ck_assert(fabs(stats_half_width(v, n, 0.95) - want) <= 1e-4 * want);
}
END_TEST
#endif

Suite *suite_stats(void);
Suite *suite_stats(void)
{
    Suite *s = suite_create("stats");
    TCase *t = tcase_create("stats");
    tcase_add_test(t, the_interval_of_a_textbook_sample);
    tcase_add_test(t, equal_values_have_no_width);
#ifndef NO_GSL
    tcase_add_loop_test(t, the_interval_is_gsls, 2, 50);
#endif
    suite_add_tcase(s, t);
    return s;
}
