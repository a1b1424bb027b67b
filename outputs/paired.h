/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Differences between two servers, replication by replication. Both meet the
 * same requests in each, so that what the requests do to both cancels out and
 * the interval of the difference is narrower, often much, than those of the two
 * numbers let one think. With independent requests it is still right. */
#ifndef OUTPUTS_PAIRED_H
#define OUTPUTS_PAIRED_H

#include <stdbool.h>
#include <stddef.h>

#include "outputs/summary.h"

struct paired {
    size_t n;    /* pairs of replications that both have the number */
    double mean; /* of B - A; NAN without pairs */
    double half; /* half-width of its interval; NAN with fewer than two */
};

/* B - A of the number at OFFSET of struct summary over N replications of each,
 * with the Student-t interval of CONFIDENCE. */
struct paired paired_difference(const struct summary *a,
                                const struct summary *b, size_t n,
                                size_t offset, double confidence);

/* Whether the interval leaves 0 out: there is a difference. */
bool paired_is_shown(const struct paired *p);

#endif
