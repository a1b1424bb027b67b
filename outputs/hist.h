/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A log-linear histogram of durations: every power of two is cut into 128
 * equal buckets, values below 128 ns are kept exactly. A quantile read from it
 * is within 0.4 % of the sample of that rank (half a bucket), the mean and the
 * maximum are exact, and two histograms merge without any loss, so that the
 * result does not depend on how the samples were shared out.
 *
 * 58 KiB, no allocation, hist_record() is a handful of instructions. The
 * structure is open so that recording can be inline; fields are hist's own. */
#ifndef OUTPUTS_HIST_H
#define OUTPUTS_HIST_H

#include <stdint.h>

#include "sim/simtime.h"

#define HIST_BITS    7
#define HIST_SUB     (1u << HIST_BITS)
#define HIST_BUCKETS ((63u - HIST_BITS + 1u) << HIST_BITS)

struct hist {
    uint64_t sum_lo, sum_hi; /* 128-bit sum of all samples, ns */
    int64_t max;             /* 0 when empty */
    uint64_t bucket[HIST_BUCKETS];
};

/* Empties H; needed once before use. */
void hist_init(struct hist *h);

/* Empties H, touching only the buckets in use. */
void hist_reset(struct hist *h);

/* The bucket of V (>= 0). */
static inline unsigned hist_index(uint64_t v)
{
    if (v < HIST_SUB)
        return (unsigned)v;
    unsigned shift = 63u - HIST_BITS - (unsigned)__builtin_clzll(v);
    return (shift << HIST_BITS) + (unsigned)(v >> shift);
}

/* Adds one sample; a negative one counts as 0. */
static inline void hist_record(struct hist *h, simtime_t d)
{
    /* the hints make it branches that are never taken instead of a chain of
     * dependent moves: half the time */
    uint64_t v = __builtin_expect(d < 0, 0) ? 0 : (uint64_t)d;
    h->bucket[hist_index(v)]++;
    h->sum_lo += v;
    if (__builtin_expect(h->sum_lo < v, 0))
        h->sum_hi++;
    if (__builtin_expect((int64_t)v > h->max, 0))
        h->max = (int64_t)v;
}

/* Adds all samples of FROM to TO; exact. */
void hist_merge(struct hist *to, const struct hist *from);

/* Number of samples. Looks at every bucket. */
uint64_t hist_count(const struct hist *h);

/* Exact mean in ns; 0 when empty. */
double hist_mean(const struct hist *h);

/* Quantiles in ns at the N probabilities P (ascending, 0 < p <= 1), by nearest
 * rank, in one pass. Values of an empty histogram are 0; the value at the rank
 * of the largest sample is exact. */
void hist_quantiles(const struct hist *h, const double *p, simtime_t *v,
                    unsigned n);

/* Smallest and largest value that bucket I holds. */
void hist_bounds(unsigned i, uint64_t *low, uint64_t *high);

#endif
