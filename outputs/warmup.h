/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a series has settled: MSER-5 (White, Cobb and Spratt 2000). The series
 * is cut into batches of five; of all beginnings that may be left out, up to
 * half of the series, the one is chosen that leaves the smallest standard error
 * of the mean of the rest. */
#ifndef OUTPUTS_WARMUP_H
#define OUTPUTS_WARMUP_H

#include <stdbool.h>
#include <stddef.h>

/* A series shorter than this says nothing. */
#define WARMUP_MIN 100

struct warmup {
    size_t cut;     /* observations to leave out, a multiple of 5 */
    bool too_short; /* it is still changing in its middle: no steady state */
};

/* The N numbers at X, equally far apart in time. O(N). */
struct warmup warmup_mser5(const double *x, size_t n);

#endif
