/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outputs/stats.h"

#ifndef NO_GSL
#include <gsl/gsl_cdf.h>
#endif
#include <math.h>

double stats_mean(const double *v, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += v[i];
    return sum / (double)n;
}

#ifdef NO_GSL
/* The Cornish-Fisher expansion of Student's t about the normal quantile
 * (Abramowitz and Stegun 26.7.5, through 1/nu^4); exact for 1 and 2 degrees
 * of freedom, where the expansion is poor. */
static double student_t(double p, double nu)
{
    if (nu == 1)
        return tan(acos(-1.0) * (p - 0.5));
    if (nu == 2)
        return (2 * p - 1) * sqrt(2 / (4 * p * (1 - p)));
    double z = 0;
    for (int i = 0; i < 60; i++) /* Newton on the normal distribution */
        z -= (0.5 * erfc(-z / sqrt(2.0)) - p) /
             (exp(-z * z / 2) / sqrt(2 * acos(-1.0)));
    double z2 = z * z;
    double g1 = z * (z2 + 1) / 4;
    double g2 = z * ((5 * z2 + 16) * z2 + 3) / 96;
    double g3 = z * (((3 * z2 + 19) * z2 + 17) * z2 - 15) / 384;
    double g4 =
        z * ((((79 * z2 + 776) * z2 + 1482) * z2 - 1920) * z2 - 945) / 92160;
    return z + (g1 + (g2 + (g3 + g4 / nu) / nu) / nu) / nu;
}
#else
static double student_t(double p, double nu)
{
    return gsl_cdf_tdist_Pinv(p, nu);
}
#endif

double stats_error(const double *v, size_t n)
{
    double mean = stats_mean(v, n), squares = 0;
    for (size_t i = 0; i < n; i++)
        squares += (v[i] - mean) * (v[i] - mean);
    return sqrt(squares / (double)(n - 1) / (double)n);
}

double stats_half_width(const double *v, size_t n, double confidence)
{
    return student_t(0.5 + confidence / 2, (double)(n - 1)) * stats_error(v, n);
}
