/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workloads/fit_arrivals.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/must.h"
#include "workloads/fit.h"

/* Bins of the hidden Markov model that stands for an MMPP, and how often it is
 * improved. */
#define HMM_BINS   8192
#define HMM_ROUNDS 100

/* ---- counts ---- */

void fit_counts_init(struct fit_counts *c, bool seconds)
{
    *c = (struct fit_counts){ .width = seconds ? SIM_S : SIM_MS,
                              .seconds = seconds };
    c->count = must_zalloc(FIT_WINDOWS, sizeof *c->count);
    c->pair = must_zalloc(FIT_PAIRS, sizeof *c->pair);
    rng_init(&c->rng, 1, 0, "fit arrivals");
}

void fit_counts_free(struct fit_counts *c)
{
    free(c->count);
    free(c->pair);
}

static void coarsen(struct fit_counts *c)
{
    for (size_t i = 0; i < FIT_WINDOWS / 2; i++)
        c->count[i] = c->count[2 * i] + c->count[2 * i + 1];
    memset(c->count + FIT_WINDOWS / 2, 0, FIT_WINDOWS / 2 * sizeof *c->count);
    c->width *= 2;
}

static void keep_pair(struct fit_counts *c, simtime_t t)
{
    size_t i = c->seen++;
    if (i >= FIT_PAIRS)
        i = rng_below(&c->rng, c->seen);
    if (i >= FIT_PAIRS)
        return;
    c->pair[i][0] = c->before[0];
    c->pair[i][1] = c->before[1];
    c->pair[i][2] = t;
    if (c->pairs < FIT_PAIRS)
        c->pairs++;
}

void fit_counts_add(struct fit_counts *c, simtime_t t)
{
    while (t / c->width >= FIT_WINDOWS)
        coarsen(c);
    c->count[t / c->width]++;
    if (c->n >= 2)
        keep_pair(c, t);
    c->before[0] = c->before[1];
    c->before[1] = t;
    c->last = t;
    c->n++;
}

/* ---- Poisson, with and without steps ---- */

/* Counts over a number of windows each, and how much of the span they are. */
struct bins {
    size_t n;
    double width, span; /* s */
    double *count;
};

static struct bins bins_new(const struct fit_counts *c, double span,
                            size_t group)
{
    struct bins b = { .width = simtime_to_s(c->width) * (double)group,
                      .span = span };
    b.n = (size_t)ceil(span / b.width - 1e-9);
    if (b.n == 0)
        b.n = 1;
    b.count = must_zalloc(b.n, sizeof *b.count);
    for (size_t i = 0; i < FIT_WINDOWS; i++)
        if (c->count[i] > 0)
            b.count[i / group < b.n ? i / group : b.n - 1] += c->count[i];
    return b;
}

static double bin_end(const struct bins *b, size_t i)
{
    return fmin((double)i * b->width, b->span);
}

/* The number expected up to T seconds by the profile. */
static double expected(const struct fit_arrivals *f, double t)
{
    double at = t / f->span * (double)f->steps, sum = 0;
    size_t whole = at < (double)f->steps ? (size_t)at : f->steps;
    for (size_t i = 0; i < whole; i++)
        sum += f->factor[i];
    if (whole < f->steps)
        sum += (at - (double)whole) * f->factor[whole];
    return sum * f->rate * f->span / (double)f->steps;
}

/* As above at every bin's end; caller frees. */
static double *expected_all(const struct fit_arrivals *f, const struct bins *b)
{
    double *m = must_alloc((b->n + 1) * sizeof *m);
    for (size_t i = 0; i <= b->n; i++)
        m[i] = expected(f, bin_end(b, i));
    return m;
}

/* Without the part that all processes share. */
static double poisson_likelihood(const struct fit_arrivals *f,
                                 const struct bins *b)
{
    double *m = expected_all(f, b), sum = 0;
    for (size_t i = 0; i < b->n; i++) {
        double mean = m[i + 1] - m[i];
        if (b->count[i] > 0)
            sum += b->count[i] * log(mean);
        sum -= mean;
    }
    free(m);
    return sum;
}

static void set_steps(struct fit_arrivals *f, const struct bins *b,
                      size_t steps)
{
    double n = 0;
    memset(f->factor, 0, sizeof f->factor);
    f->steps = steps;
    for (size_t i = 0; i < b->n; i++) {
        /* a bin may reach over several steps */
        double from = bin_end(b, i), to = bin_end(b, i + 1), width = to - from;
        double step = b->span / (double)steps;
        n += b->count[i];
        while (from < to) {
            size_t k = (size_t)(from / step + 1e-9);
            double end = fmin(to, (double)(k + 1) * step);
            if (k >= steps - 1) {
                k = steps - 1;
                end = to;
            }
            f->factor[k] += b->count[i] * (end - from) / width;
            from = end;
        }
    }
    for (size_t k = 0; k < steps; k++)
        f->factor[k] *= (double)steps / n;
}

/* Steps of equal length, of a number such that the BIC is least; at least 20
 * arrivals and 4 windows in each on average. */
static void fit_profile(struct fit_arrivals *f, const struct bins *b, double n)
{
    static const size_t tries[] = { 1,  2,  3,  4,  6,  8,   12,  16,
                                    24, 32, 48, 64, 96, 144, 192, FIT_STEPS };
    size_t best = 1;
    f->bic[FIT_PROFILE] = NAN;
    for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
        size_t k = tries[i];
        double bic;
        if (k > 1 && (k > b->n / 4 || (double)k > n / 20))
            break;
        set_steps(f, b, k);
        bic = (double)k * log(n) - 2 * poisson_likelihood(f, b);
        if (k == 1) {
            f->bic[FIT_POISSON] = bic;
        } else if (!(bic >= f->bic[FIT_PROFILE])) {
            f->bic[FIT_PROFILE] = bic;
            best = k;
        }
    }
    set_steps(f, b, best);
}

/* ---- MMPP ---- */

/* Two states, Poisson counts of `mean` per bin, left with probability `leave`
 * per bin. */
struct hmm {
    double mean[2], leave[2];
};

/* Densities of a count in both states, less what they share. */
static void emit(const struct hmm *h, double count, double p[2])
{
    double l[2], top;
    for (int s = 0; s < 2; s++)
        l[s] = count * log(h->mean[s] + 1e-300) - h->mean[s];
    top = fmax(l[0], l[1]);
    p[0] = exp(l[0] - top);
    p[1] = exp(l[1] - top);
}

static double emit_top(const struct hmm *h, double count)
{
    return fmax(count * log(h->mean[0] + 1e-300) - h->mean[0],
                count * log(h->mean[1] + 1e-300) - h->mean[1]);
}

/* The forward pass (Rabiner 1989), scaled; probabilities into ALPHA. Returns
 * the log likelihood. */
static double forward(const struct hmm *h, const struct bins *b,
                      double (*alpha)[2])
{
    double both = h->leave[0] + h->leave[1], sum = 0;
    double now[2] = { h->leave[1] / both, h->leave[0] / both };
    for (size_t i = 0; i < b->n; i++) {
        double p[2], total;
        emit(h, b->count[i], p);
        total = now[0] * p[0] + now[1] * p[1];
        sum += log(total) + emit_top(h, b->count[i]);
        for (int s = 0; s < 2; s++)
            alpha[i][s] = now[s] * p[s] / total;
        now[0] = alpha[i][0] * (1 - h->leave[0]) + alpha[i][1] * h->leave[1];
        now[1] = 1 - now[0];
    }
    return sum;
}

/* One round of Baum and Welch: the backward pass gathers what the next
 * estimates need. Returns the log likelihood of H as it was. */
static double improve(struct hmm *h, const struct bins *b, double (*alpha)[2])
{
    double l = forward(h, b, alpha), beta[2] = { 1, 1 };
    double weight[2] = { 0 }, count[2] = { 0 }, moved[2] = { 0 };
    double stayed[2] = { 0 };
    for (size_t i = b->n; i-- > 0;) {
        double g[2] = { alpha[i][0] * beta[0], alpha[i][1] * beta[1] };
        double total = g[0] + g[1], p[2], back[2];
        for (int s = 0; s < 2; s++) {
            weight[s] += g[s] / total;
            count[s] += b->count[i] * g[s] / total;
        }
        if (i == 0)
            break;
        emit(h, b->count[i], p);
        back[0] = p[0] * beta[0];
        back[1] = p[1] * beta[1];
        total = 0;
        for (int s = 0; s < 2; s++)
            total += alpha[i - 1][s] *
                     ((1 - h->leave[s]) * back[s] + h->leave[s] * back[1 - s]);
        for (int s = 0; s < 2; s++) {
            double a = alpha[i - 1][s] / total;
            stayed[s] += a * (1 - h->leave[s]) * back[s];
            moved[s] += a * h->leave[s] * back[1 - s];
            beta[s] =
                ((1 - h->leave[s]) * back[s] + h->leave[s] * back[1 - s]) /
                total;
        }
    }
    for (int s = 0; s < 2; s++) {
        h->mean[s] = count[s] / fmax(weight[s], 1e-9);
        h->leave[s] =
            fmin(fmax(moved[s] / fmax(moved[s] + stayed[s], 1e-9), 1e-9), 0.5);
    }
    return l;
}

static double train(struct hmm *h, const struct bins *b, double (*alpha)[2])
{
    double before = -INFINITY, l = 0;
    for (int i = 0; i < HMM_ROUNDS; i++) {
        l = improve(h, b, alpha);
        if (l - before < 1e-4)
            break;
        before = l;
    }
    return forward(h, b, alpha);
}

/* Rates and mean times of the states from probabilities per bin. Bursts that
 * are not longer than two bins, and states that come fewer than four times,
 * are no MMPP that these data can tell. */
static bool take_hmm(struct fit_arrivals *f, const struct hmm *h,
                     const struct bins *b)
{
    int busy = h->mean[1] > h->mean[0];
    double both = h->leave[0] + h->leave[1];
    double fall = -log1p(-fmin(both, 1 - 1e-9)) / b->width; /* per s */
    f->quiet_rate = h->mean[!busy] / b->width;
    f->burst_rate = h->mean[busy] / b->width;
    f->quiet = both / h->leave[!busy] / fall;
    f->burst = both / h->leave[busy] / fall;
    return fmin(f->quiet, f->burst) >= 2 * b->width &&
           f->quiet + f->burst <= b->span / 4;
}

/* From several beginnings; the likeliest of those that are an MMPP is taken. */
static void fit_mmpp(struct fit_arrivals *f, const struct bins *b, double n)
{
    static const double lengths[] = { 10, 100, 1000 }; /* bins, to begin with */
    double(*alpha)[2] = must_zalloc(b->n, sizeof *alpha);
    double mean = n / (double)b->n, best = -INFINITY;
    f->bic[FIT_MMPP] = NAN;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct hmm h = { { 0.5 * mean, 2 * mean },
                         { 0.5 / lengths[i], 1 / lengths[i] } };
        struct fit_arrivals try = *f;
        double l;
        if (lengths[i] * 3 > (double)b->n)
            break;
        l = train(&h, b, alpha);
        if (l > best && take_hmm(&try, &h, b)) {
            best = l;
            *f = try;
            f->bic[FIT_MMPP] = 4 * log(n) - 2 * l;
        }
    }
    free(alpha);
}

/* IDC of an MMPP of two states over windows of T seconds (Heffes and Lucantoni
 * 1986). */
static double mmpp_idc(const struct fit_arrivals *f, double t)
{
    double a = 1 / f->quiet, b = 1 / f->burst, c = a + b;
    double d = f->quiet_rate - f->burst_rate;
    double mean = f->quiet_rate * b + f->burst_rate * a;
    return 1 +
           2 * a * b * d * d / (c * c * mean) * (1 + expm1(-c * t) / (c * t));
}

/* ---- dispersion and interarrival times ---- */

static void measure_idc(const struct fit_counts *c, struct fit_arrivals *f)
{
    size_t all = (size_t)(f->span / simtime_to_s(c->width) + 1e-9);
    size_t group = 1;
    while (all / group > 20 &&
           simtime_to_s(c->width) * (double)group * f->rate < 0.2)
        group *= 2; /* windows with hardly an arrival tell nothing */
    for (; all / group >= 20 && f->nidc < FIT_IDC; group *= 8) {
        struct fit_idc *d = &f->idc[f->nidc++];
        struct bins b = bins_new(c, f->span, group);
        size_t whole = all / group;
        double *m = expected_all(f, &b), mean = 0, var = 0, res = 0;
        for (size_t i = 0; i < whole; i++)
            mean += b.count[i] / (double)whole;
        for (size_t i = 0; i < whole; i++) {
            var += pow(b.count[i] - mean, 2);
            res += pow(b.count[i] - (m[i + 1] - m[i]), 2);
        }
        d->window = b.width;
        d->idc = var / (double)(whole - 1) / mean;
        /* a step takes a degree of freedom, as the mean does */
        d->residual =
            whole > f->steps ? res / (double)(whole - f->steps) / mean : NAN;
        d->model = f->process == FIT_MMPP ? mmpp_idc(f, b.width) : 1;
        free(m);
        free(b.count);
    }
}

/* SCV and lag 1 of N pairs; G has 2 N numbers. */
static void measure_pairs(const double *g, size_t n, double *scv, double *lag1)
{
    double mean = 0, var = 0, cov = 0;
    for (size_t i = 0; i < 2 * n; i++)
        mean += g[i] / (double)(2 * n);
    for (size_t i = 0; i < n; i++) {
        double x = g[2 * i] - mean, y = g[2 * i + 1] - mean;
        var += (x * x + y * y) / 2;
        cov += x * y;
    }
    *scv = mean > 0 ? var / (double)n / (mean * mean) : 0;
    *lag1 = var > 0 ? cov / var : 0;
}

/* By the time change, interarrival times are exponential of mean 1 if the
 * profile is that of a Poisson process. */
static void measure_gaps(const struct fit_counts *c, struct fit_arrivals *f)
{
    double *g = must_alloc((2 * c->pairs + 1) * sizeof *g);
    size_t n = c->pairs;
    f->gaps = n >= 10;
    f->noise = 1 / sqrt((double)(n ? n : 1));
    for (size_t i = 0; i < n; i++) {
        g[2 * i] = simtime_to_s(c->pair[i][1] - c->pair[i][0]);
        g[2 * i + 1] = simtime_to_s(c->pair[i][2] - c->pair[i][1]);
    }
    measure_pairs(g, n, &f->scv, &f->lag1);
    for (size_t i = 0; i < n; i++) {
        double at[3];
        for (int k = 0; k < 3; k++)
            at[k] = expected(f, simtime_to_s(c->pair[i][k]));
        g[2 * i] = at[1] - at[0];
        g[2 * i + 1] = at[2] - at[1];
    }
    measure_pairs(g, n, &f->scaled_scv, &f->scaled_lag1);
    fit_sort(g, 2 * n);
    for (size_t i = 0; i < 2 * n; i++) {
        double p = -expm1(-g[i]), at = (double)i / (double)(2 * n);
        f->ks = fmax(f->ks, fmax(p - at, at + 0.5 / (double)n - p));
    }
    free(g);
}

void fit_arrivals(const struct fit_counts *c, simtime_t span,
                  struct fit_arrivals *out)
{
    struct bins fine, coarse;
    double n = (double)c->n;
    size_t group = 1;
    memset(out, 0, sizeof *out);
    out->span = simtime_to_s(span);
    out->rate = n / out->span;
    fine = bins_new(c, out->span, 1);
    fit_profile(out, &fine, n);
    while (fine.n / group > HMM_BINS)
        group *= 2;
    coarse = bins_new(c, out->span, group);
    fit_mmpp(out, &coarse, n);
    if (!isnan(out->bic[FIT_MMPP])) {
        /* likelihoods of other bins cannot be compared: the same for all */
        double l = poisson_likelihood(out, &coarse);
        size_t steps = out->steps;
        if (steps > 1)
            out->bic[FIT_PROFILE] = (double)steps * log(n) - 2 * l;
        set_steps(out, &coarse, 1);
        out->bic[FIT_POISSON] = log(n) - 2 * poisson_likelihood(out, &coarse);
        set_steps(out, &fine, steps);
    }
    for (int k = FIT_PROFILE; k <= FIT_MMPP; k++)
        if (out->bic[k] < out->bic[out->process])
            out->process = (enum fit_process)k;
    if (out->process != FIT_PROFILE)
        set_steps(out, &fine, 1);
    measure_idc(c, out);
    if (!c->seconds)
        measure_gaps(c, out);
    free(fine.count);
    free(coarse.count);
}
