/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which law do these numbers follow? Laws of sim/dist.h are fitted to a sample
 * by maximum likelihood and compared: Akaike's and Schwarz's information
 * criteria (AIC, BIC), the Kolmogorov-Smirnov distance D, the
 * Anderson-Darling statistic A2, and how the law's mean compares with the
 * sample's, which is what a server's utilisation depends on.
 *
 * A law is judged by the size of D and of the error of its mean, not by a
 * test's p-value: with enough data every test rejects every law. When none is
 * near enough, the sample itself is the law (empirical). */
#ifndef WORKLOADS_FIT_H
#define WORKLOADS_FIT_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/arena.h"
#include "sim/dist.h"
#include "sim/rng.h"

/* A law fits when its distribution function is nowhere further than this from
 * the sample's, or than the noise of a sample of n, FIT_KS_NOISE / sqrt(n)
 * (the 95 % point of D for a law given in advance) ... */
#define FIT_KS       0.05
#define FIT_KS_NOISE 1.36
/* ... and its mean is within this share of the sample's. */
#define FIT_MEAN 0.1
/* Numbers kept of a sample: D is then known to 1.36 / sqrt(50000) = 0.006. */
#define FIT_KEEP 50000

/* Numbers >= 0. All count in the moments and extremes; at most FIT_KEEP,
 * drawn at random (reservoir sampling, Vitter 1985), are kept. */
struct fit_sample {
    double *v; /* kept, n of them; owned */
    size_t n, cap, count, zeros;
    double sum, sum2, min, max;
    struct rng rng;
};

/* An empty sample; NAME is that of its random stream. */
void fit_sample_init(struct fit_sample *s, const char *name);
void fit_sample_free(struct fit_sample *s);
void fit_sample_add(struct fit_sample *s, double x);
/* Of a sample that is not empty: mean, standard deviation / mean. */
double fit_sample_mean(const struct fit_sample *s);
double fit_sample_cv(const struct fit_sample *s);

/* One law and how near it comes. */
struct fit_law {
    struct dist law; /* prepared */
    int params;      /* estimated from the sample */
    double aic, bic; /* of the numbers above 0 */
    double ks, ad;   /* of all; ad is INFINITY for a law that rules some out */
    double mean;     /* the law's over the sample's */
    double p99;      /* of the law */
    bool fits;
};

#define FIT_LAWS 6

struct fit_laws {
    struct fit_law
        law[FIT_LAWS]; /* those that could be fitted, best BIC first */
    size_t n;
    int best;           /* of law; -1: none fits */
    double limit;       /* of D, for this sample */
    double p50, p99;    /* of the sample */
    struct dist chosen; /* constant, law[best], or empirical with weights in
                           cum, not prepared; from the arena */
};

/* Fits every law to S (sorted by this; at least one number). */
void fit_laws(struct fit_sample *s, struct arena *a, struct fit_laws *out);
/* The same for counts 1, 2, ...: constant or empirical only. */
void fit_count(struct fit_sample *s, struct arena *a, struct fit_laws *out);

/* P(X <= X) of a prepared law that is not empirical. */
double fit_cdf(const struct dist *d, double x);
/* Sorts N numbers at V, the smallest first. */
void fit_sort(double *v, size_t n);

#endif
