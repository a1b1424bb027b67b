/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Confidence intervals for means over independent replications. */
#ifndef OUTPUTS_STATS_H
#define OUTPUTS_STATS_H

#include <stddef.h>

/* Mean of the N (>= 1) numbers at V. */
double stats_mean(const double *v, size_t n);

/* The standard error of that mean, N >= 2. */
double stats_error(const double *v, size_t n);

/* Half-width of the Student-t interval round the mean of the N (>= 2) numbers
 * at V that holds the true mean with probability CONFIDENCE (0.95). */
double stats_half_width(const double *v, size_t n, double confidence);

#endif
