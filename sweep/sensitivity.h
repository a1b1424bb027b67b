/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which key moves a metric most? For each factor of a sweep the metric is
 * averaged over all points with the same choice; the effect of the factor is
 * the highest of these means less the lowest. All points meet the same random
 * numbers, so the difference is taken in each replication by itself and its
 * Student-t interval is that of paired differences. The share is the variance
 * of those means divided by the variance of all points: what this factor alone
 * explains (a first-order index). Shares that do not add up to 1 leave the
 * rest to factors acting together.
 *
 * Points without the number (a percentile of too few samples) are left out and
 * the number of points that remain is told. */
#ifndef SWEEP_SENSITIVITY_H
#define SWEEP_SENSITIVITY_H

#include "outputs/sink.h"
#include "sweep/study.h"

struct effect {
    size_t factor;
    size_t lowest, highest; /* choices */
    double size, low, high; /* interval: NAN with one replication */
    double relative;        /* to the mean of all points; NAN when that is 0 */
    double share;           /* 0 … 1 */
    size_t points;          /* that have the number */
};

/* The factors with more than one choice, largest effect first, into *OUT,
 * which has room for all factors; how many. 0 when no point has the number. */
size_t sensitivity_rank(const struct study *s, size_t server, size_t metric,
                        struct effect *out);

/* sensitivity.csv: a row per metric, server and factor. */
void sensitivity_table(struct sink *out, const struct study *s);

#endif
