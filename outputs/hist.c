/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outputs/hist.h"

#include <assert.h>
#include <string.h>

static_assert(HIST_BUCKETS == 7296, "one bucket per index of a simtime_t");

void hist_init(struct hist *h)
{
    memset(h, 0, sizeof *h);
}

void hist_reset(struct hist *h)
{
    size_t used = hist_index((uint64_t)h->max) + 1u;
    memset(h->bucket, 0, used * sizeof h->bucket[0]);
    h->sum_lo = h->sum_hi = 0;
    h->max = 0;
}

void hist_merge(struct hist *to, const struct hist *from)
{
    unsigned last = hist_index((uint64_t)from->max);
    for (unsigned i = 0; i <= last; i++)
        to->bucket[i] += from->bucket[i];
    to->sum_lo += from->sum_lo;
    to->sum_hi += from->sum_hi + (to->sum_lo < from->sum_lo);
    if (from->max > to->max)
        to->max = from->max;
}

uint64_t hist_count(const struct hist *h)
{
    uint64_t n = 0;
    unsigned last = hist_index((uint64_t)h->max);
    for (unsigned i = 0; i <= last; i++)
        n += h->bucket[i];
    return n;
}

double hist_mean(const struct hist *h)
{
    uint64_t n = hist_count(h);
    if (n == 0)
        return 0;
    return ((double)h->sum_hi * 0x1p64 + (double)h->sum_lo) / (double)n;
}

void hist_bounds(unsigned i, uint64_t *low, uint64_t *high)
{
    if (i < 2 * HIST_SUB) {
        *low = *high = i;
        return;
    }
    unsigned shift = (i >> HIST_BITS) - 1;
    *low = (uint64_t)(i - (shift << HIST_BITS)) << shift;
    *high = *low + (((uint64_t)1 << shift) - 1);
}

/* The rank (1 … n) of quantile P: the smallest K with K/N >= P. The product is
 * off by a few units in its last place, so that a K/N that is P in exact
 * arithmetic must be recognised with a small allowance. */
static uint64_t rank_of(double p, uint64_t n)
{
    double exact = p * (double)n * (1 - 0x1p-50);
    uint64_t k = (uint64_t)exact;
    if ((double)k < exact)
        k++;
    return k < 1 ? 1 : k > n ? n : k;
}

void hist_quantiles(const struct hist *h, const double *p, simtime_t *v,
                    unsigned n)
{
    uint64_t count = hist_count(h), seen = 0;
    unsigned i = 0;
    for (unsigned k = 0; k < n; k++) {
        if (count == 0) {
            v[k] = 0;
            continue;
        }
        uint64_t rank = rank_of(p[k], count), low, high;
        while (seen + h->bucket[i] < rank)
            seen += h->bucket[i++];
        hist_bounds(i, &low, &high);
        simtime_t mid = (simtime_t)(low + (high - low) / 2);
        v[k] = rank == count || mid > h->max ? h->max : mid;
    }
}
