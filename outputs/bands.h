/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The curves of several replications as one: its mean and the 95 % interval
 * at each point, for the pictures. */
#ifndef OUTPUTS_BANDS_H
#define OUTPUTS_BANDS_H

#include <stddef.h>

#include "outputs/metrics.h"

struct bands {
    struct curve_point *mean, *low, *high; /* owned; low, high: NULL with one */
    size_t npoints;
};

/* The N (>= 1) curves of at least NPOINTS points each. A number that some
 * replications do not have is the mean of those that do, without an interval
 * when that is only one. Ends are cut off at 0. Caller frees with bands_free().
 */
void bands_init(struct bands *b, struct curve_point *const *curves, size_t n,
                size_t npoints);
void bands_free(struct bands *b);

#endif
