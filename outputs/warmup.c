/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outputs/warmup.h"

#include <math.h>

#define BATCH 5

static double batch_mean(const double *x, size_t batch)
{
    double sum = 0;
    for (size_t i = 0; i < BATCH; i++)
        sum += x[batch * BATCH + i];
    return sum / BATCH;
}

/* From the end to the beginning, so that mean and squares of the rest grow by
 * one batch at a time (Welford). Of equal errors the longer rest wins. */
struct warmup warmup_mser5(const double *x, size_t n)
{
    struct warmup w = { .cut = 0 };
    size_t batches = n / BATCH, best = 0;
    double mean = 0, squares = 0, least = (double)INFINITY;
    if (n < WARMUP_MIN) {
        w.too_short = true;
        return w;
    }
    for (size_t d = batches; d-- > 0;) {
        double rest = (double)(batches - d), v = batch_mean(x, d);
        double off = v - mean;
        mean += off / rest;
        squares += off * (v - mean);
        double error = squares / (rest * rest);
        if (d <= batches / 2 && error <= least) {
            least = error;
            best = d;
        }
    }
    w.cut = best * BATCH;
    /* the best place is the last that was allowed, or nearly so */
    w.too_short = best >= batches / 2 - batches / 40;
    return w;
}
