/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workloads/fit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/must.h"

/* An empirical law of so many values or fewer is the sample, value by value;
 * else groups of it: 99 of 1 %, and ten each of the last 1 % and 0.1 %. */
#define ATOMS  100
#define GROUPS 118
/* Steps that halve an interval down to the last digits of a double. */
#define HALVINGS 60

/* ---- samples ---- */

void fit_sample_init(struct fit_sample *s, const char *name)
{
    *s = (struct fit_sample){ .min = INFINITY };
    rng_init(&s->rng, 1, 0, name);
}

void fit_sample_free(struct fit_sample *s)
{
    free(s->v);
    s->v = NULL;
}

void fit_sample_add(struct fit_sample *s, double x)
{
    s->count++;
    s->zeros += x <= 0;
    s->sum += x;
    s->sum2 += x * x;
    s->min = fmin(s->min, x);
    s->max = fmax(s->max, x);
    if (s->n == FIT_KEEP) {
        uint64_t i = rng_below(&s->rng, s->count);
        if (i < FIT_KEEP)
            s->v[i] = x;
        return;
    }
    if (s->n == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 256;
        s->v = must_realloc(s->v, s->cap, sizeof *s->v);
    }
    s->v[s->n++] = x;
}

double fit_sample_mean(const struct fit_sample *s)
{
    return s->sum / (double)s->count;
}

double fit_sample_cv(const struct fit_sample *s)
{
    double m = fit_sample_mean(s);
    double var = s->sum2 / (double)s->count - m * m;
    return var > 0 && m > 0 ? sqrt(var) / m : 0;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

void fit_sort(double *v, size_t n)
{
    qsort(v, n, sizeof *v, by_size);
}

/* The share P (0 < P < 1) of the N sorted numbers at V lies below. */
static double quantile(const double *v, size_t n, double p)
{
    size_t i = (size_t)(p * (double)n);
    return v[i < n ? i : n - 1];
}

/* ---- special functions ---- */

/* Derivative of lgamma, x > 0: recurrence, then the asymptotic series
 * (Abramowitz and Stegun 6.3.5, 6.3.18); 1e-12. */
static double digamma(double x)
{
    double sum = 0, r;
    while (x < 10)
        sum -= 1 / x++;
    r = 1 / (x * x);
    return sum + log(x) - 0.5 / x -
           r * (1.0 / 12 - r * (1.0 / 120 - r * (1.0 / 252 - r / 240)));
}

/* The regularised incomplete gamma function P(k, x): its series (A&S 6.5.29)
 * below k + 1, else Lentz's form of the continued fraction (6.5.31). */
static double gamma_p(double k, double x)
{
    double front = exp(k * log(x) - x - lgamma(k));
    double term = 1 / k, sum = term, b = x + 1 - k, c = 1e300, d = 1 / b, h = d;
    if (x < k + 1) {
        for (double i = k + 1; term > sum * 1e-15; i++)
            sum += term *= x / i;
        return fmin(front * sum, 1);
    }
    for (int i = 1; i < 10000; i++) {
        double an = -i * (i - k), step;
        b += 2;
        d = an * d + b;
        c = b + an / c;
        d = 1 / (fabs(d) < 1e-300 ? 1e-300 : d);
        c = fabs(c) < 1e-300 ? 1e-300 : c;
        step = c * d;
        h *= step;
        if (fabs(step - 1) < 1e-15)
            break;
    }
    return fmax(1 - front * h, 0);
}

/* ---- laws ---- */

double fit_cdf(const struct dist *d, double x)
{
    if (x <= 0)
        return d->kind == DIST_CONSTANT && d->mean <= x ? 1 : 0;
    switch (d->kind) {
    case DIST_CONSTANT:
        return x >= d->mean;
    case DIST_UNIFORM:
        return x <= d->min   ? 0
               : x >= d->max ? 1
                             : (x - d->min) / (d->max - d->min);
    case DIST_EXPONENTIAL:
        return -expm1(-x / d->mean);
    case DIST_LOGNORMAL:
        return 0.5 * erfc((d->a - log(x)) / (d->b * M_SQRT2));
    case DIST_GAMMA:
        return gamma_p(d->a, x / d->b);
    case DIST_WEIBULL:
        return -expm1(-pow(x / d->b, 1 / d->a));
    case DIST_PARETO:
        return x <= d->min   ? 0
               : x >= d->max ? 1
                             : -expm1(d->alpha * log(d->min / x)) / d->b;
    case DIST_HYPEREXPONENTIAL:
        return 1 - d->p * exp(-x / d->a) - (1 - d->p) * exp(-x / d->b);
    case DIST_EMPIRICAL:
    case DIST_KINDS:
        break;
    }
    return NAN;
}

/* Logarithm of the density at X > 0. */
static double log_density(const struct dist *d, double x)
{
    double z;
    switch (d->kind) {
    case DIST_EXPONENTIAL:
        return -log(d->mean) - x / d->mean;
    case DIST_LOGNORMAL:
        z = (log(x) - d->a) / d->b;
        return -log(x * d->b * sqrt(2 * M_PI)) - z * z / 2;
    case DIST_GAMMA:
        return (d->a - 1) * log(x / d->b) - x / d->b - log(d->b) - lgamma(d->a);
    case DIST_WEIBULL:
        z = log(x / d->b) / d->a;
        return -log(d->a) - log(x) + z - exp(z);
    case DIST_PARETO:
        return log(d->alpha / (x * d->b)) + d->alpha * log(d->min / x);
    case DIST_HYPEREXPONENTIAL:
        return log(d->p / d->a * exp(-x / d->a) +
                   (1 - d->p) / d->b * exp(-x / d->b));
    case DIST_CONSTANT:
    case DIST_UNIFORM:
    case DIST_EMPIRICAL:
    case DIST_KINDS:
        break;
    }
    return NAN;
}

/* What the estimates need of the numbers above 0, sorted. */
struct positive {
    const double *v;
    size_t n;
    double mean, log_mean, log_var;
    double min, max;
};

static double log_likelihood(const struct positive *x, const struct dist *d)
{
    double sum = 0;
    for (size_t i = 0; i < x->n; i++)
        sum += log_density(d, x->v[i]);
    return sum;
}

/* log k - digamma(k) falls with k: halve towards log mean - mean of logs. */
static double gamma_shape(const struct positive *x)
{
    double want = log(x->mean) - x->log_mean, low = 1e-3, high = 1e6;
    for (int i = 0; i < HALVINGS; i++) {
        double k = sqrt(low * high);
        if (log(k) - digamma(k) > want)
            low = k;
        else
            high = k;
    }
    return sqrt(low * high);
}

/* Where the derivative of the likelihood in the shape is 0; the scale of each
 * shape is known. */
static double weibull_shape(const struct positive *x)
{
    double low = 0.05, high = 100;
    for (int i = 0; i < HALVINGS / 2; i++) {
        double k = sqrt(low * high), sum = 0, logs = 0;
        for (size_t j = 0; j < x->n; j++) {
            double l = log(x->v[j] / x->mean), p = exp(k * l);
            sum += p;
            logs += p * l;
        }
        if (logs / sum - 1 / k < x->log_mean - log(x->mean))
            low = k;
        else
            high = k;
    }
    return sqrt(low * high);
}

static double weibull_mean(const struct positive *x, double k)
{
    double sum = 0;
    for (size_t i = 0; i < x->n; i++)
        sum += pow(x->v[i] / x->mean, k);
    return x->mean * pow(sum / (double)x->n, 1 / k) * tgamma(1 + 1 / k);
}

/* Aban, Meerschaert and Panorska 2006, Parameter estimation for the truncated
 * Pareto distribution: the bounds are the extremes. */
static double pareto_alpha(const struct positive *x)
{
    double l = log(x->min / x->max), low = 1e-3, high = 100;
    double want = x->log_mean - log(x->min);
    for (int i = 0; i < HALVINGS; i++) {
        double k = sqrt(low * high), r = exp(k * l);
        if (1 / k + r * l / (1 - r) > want)
            low = k;
        else
            high = k;
    }
    return sqrt(low * high);
}

/* The coefficient of variation of greatest likelihood for the mean of the
 * sample: golden section over log(cv^2 - 1). */
static double hyper_cv(const struct positive *x)
{
    const double step = (sqrt(5) - 1) / 2;
    double low = log(1e-3), high = log(1e4), best = 0;
    double at[2] = { high - step * (high - low), low + step * (high - low) };
    double l[2] = { NAN, NAN };
    for (int i = 0; i < 30; i++) {
        for (int k = 0; k < 2; k++) {
            struct dist d = { .kind = DIST_HYPEREXPONENTIAL, .mean = x->mean };
            struct err e;
            if (!isnan(l[k]))
                continue;
            err_init(&e);
            d.cv = sqrt(1 + exp(at[k]));
            l[k] = dist_prepare(&d, &e) ? log_likelihood(x, &d) : -INFINITY;
            err_clear(&e);
        }
        best = l[0] > l[1] ? at[0] : at[1];
        if (l[0] > l[1]) {
            high = at[1];
            at[1] = at[0];
            l[1] = l[0];
            at[0] = high - step * (high - low);
            l[0] = NAN;
        } else {
            low = at[0];
            at[0] = at[1];
            l[0] = l[1];
            at[1] = low + step * (high - low);
            l[1] = NAN;
        }
    }
    return sqrt(1 + exp(best));
}

static struct dist estimate(enum dist_kind kind, const struct positive *x)
{
    struct dist d = { .kind = kind, .mean = x->mean };
    if (kind == DIST_LOGNORMAL) {
        d.mean = exp(x->log_mean + x->log_var / 2);
        d.cv = sqrt(expm1(x->log_var));
    } else if (kind == DIST_GAMMA) {
        d.cv = 1 / sqrt(gamma_shape(x));
    } else if (kind == DIST_WEIBULL) {
        d.shape = weibull_shape(x);
        d.mean = weibull_mean(x, d.shape);
    } else if (kind == DIST_PARETO) {
        d = (struct dist){ .kind = kind, .min = x->min, .max = x->max };
        d.alpha = pareto_alpha(x);
    } else if (kind == DIST_HYPEREXPONENTIAL) {
        d.cv = hyper_cv(x);
    }
    return d;
}

/* ---- how near a law comes ---- */

static double law_quantile(const struct dist *d, double p, double high)
{
    double low = 0;
    while (fit_cdf(d, high) < p && high < 1e300)
        high *= 2;
    for (int i = 0; i < HALVINGS; i++) {
        double m = (low + high) / 2;
        if (fit_cdf(d, m) < p)
            low = m;
        else
            high = m;
    }
    return high;
}

/* D and A2 of the sorted sample. Equal numbers are one step of its
 * distribution function; log(0) of A2 is what it is. */
static void distances(const struct fit_sample *s, struct fit_law *f)
{
    double n = (double)s->n, sum = 0;
    f->ks = 0;
    for (size_t i = 0; i < s->n;) {
        double p = fit_cdf(&f->law, s->v[i]);
        size_t end = i;
        while (end < s->n && s->v[end] == s->v[i])
            end++;
        f->ks = fmax(f->ks, fmax(p - (double)i / n, (double)end / n - p));
        for (size_t j = i; j < end; j++)
            sum += (2 * (double)j + 1) * log(p) +
                   (2 * (n - (double)j) - 1) * log1p(-p);
        i = end;
    }
    f->ad = isfinite(sum) ? -n - sum / n : INFINITY;
}

static bool fit_one(enum dist_kind kind, int params, const struct fit_sample *s,
                    const struct positive *x, double limit, struct fit_law *f)
{
    struct err e;
    double l;
    bool ok;
    *f = (struct fit_law){ .law = estimate(kind, x), .params = params };
    err_init(&e);
    ok = dist_prepare(&f->law, &e);
    err_clear(&e);
    l = ok ? log_likelihood(x, &f->law) : NAN;
    if (!isfinite(l) || !isfinite(dist_mean(&f->law)))
        return false;
    f->aic = 2 * params - 2 * l;
    f->bic = params * log((double)x->n) - 2 * l;
    f->mean = dist_mean(&f->law) / fit_sample_mean(s);
    f->p99 = law_quantile(&f->law, 0.99, s->max);
    distances(s, f);
    f->fits = f->ks <= limit && fabs(f->mean - 1) <= FIT_MEAN;
    return true;
}

/* ---- the sample as its own law ---- */

static void empirical_new(struct dist *d, size_t cap, struct arena *a)
{
    *d = (struct dist){ .kind = DIST_EMPIRICAL };
    d->values = arena_alloc(a, cap * sizeof *d->values);
    d->cum = arena_alloc(a, cap * sizeof *d->cum);
}

/* Value by value; false when there are more than ATOMS. */
static bool atoms(const struct fit_sample *s, struct dist *d)
{
    d->n = 0;
    for (size_t i = 0; i < s->n; i++) {
        if (d->n == 0 || s->v[i] != d->values[d->n - 1]) {
            if (d->n == ATOMS)
                return false;
            d->values[d->n] = s->v[i];
            d->cum[d->n++] = 0;
        }
        d->cum[d->n - 1]++;
    }
    return true;
}

/* Means of groups that become smaller towards the end: the mean of all stays,
 * and the tail shows. */
static void groups(const struct fit_sample *s, struct dist *d)
{
    double done = 0;
    size_t i = 0;
    for (d->n = 0; i < s->n;) {
        double left = 1 - done;
        double share = left > 0.0101 ? 0.01 : left > 0.00101 ? 1e-3 : 1e-4;
        size_t end, begin = i;
        double sum = 0;
        done += share;
        end = (size_t)(done * (double)s->n + 0.5);
        if (end > s->n || d->n + 1 == GROUPS)
            end = s->n;
        for (; i < end; i++)
            sum += s->v[i];
        if (i == begin)
            continue;
        d->values[d->n] = sum / (double)(i - begin);
        d->cum[d->n++] = (double)(i - begin);
    }
}

static void empirical(const struct fit_sample *s, struct arena *a,
                      struct dist *d)
{
    empirical_new(d, GROUPS, a);
    if (!atoms(s, d))
        groups(s, d);
}

/* ---- all of them ---- */

static void measure(struct fit_sample *s, struct fit_laws *out)
{
    fit_sort(s->v, s->n);
    *out = (struct fit_laws){
        .best = -1,
        .limit = fmax(FIT_KS, FIT_KS_NOISE / sqrt((double)s->n)),
        .p50 = quantile(s->v, s->n, 0.5),
        .p99 = quantile(s->v, s->n, 0.99),
    };
}

static struct positive positive(const struct fit_sample *s)
{
    struct positive x = { .v = s->v, .n = s->n, .max = s->max };
    double sum = 0, logs = 0, squares = 0, n;
    while (x.n > 0 && *x.v <= 0) {
        x.v++;
        x.n--;
    }
    n = (double)x.n;
    for (size_t i = 0; i < x.n; i++) {
        sum += x.v[i];
        logs += log(x.v[i]);
    }
    x.mean = sum / n;
    x.log_mean = logs / n;
    for (size_t i = 0; i < x.n; i++)
        squares += pow(log(x.v[i]) - x.log_mean, 2);
    x.log_var = squares / n;
    x.min = x.n > 0 ? x.v[0] : NAN;
    x.max = x.n > 0 ? x.v[x.n - 1] : NAN;
    return x;
}

void fit_laws(struct fit_sample *s, struct arena *a, struct fit_laws *out)
{
    static const struct {
        enum dist_kind kind;
        int params;
    } laws[FIT_LAWS] = { { DIST_EXPONENTIAL, 1 },
                         { DIST_LOGNORMAL, 2 },
                         { DIST_GAMMA, 2 },
                         { DIST_WEIBULL, 2 },
                         { DIST_HYPEREXPONENTIAL, 2 },
                         { DIST_PARETO, 3 } };
    struct positive x;
    measure(s, out);
    if (s->min == s->max) {
        out->chosen = dist_constant(s->min);
        return;
    }
    x = positive(s);
    for (size_t i = 0; i < FIT_LAWS && x.min < x.max; i++) {
        struct fit_law f;
        size_t at = out->n;
        if (!fit_one(laws[i].kind, laws[i].params, s, &x, out->limit, &f))
            continue;
        for (; at > 0 && out->law[at - 1].bic > f.bic; at--)
            out->law[at] = out->law[at - 1];
        out->law[at] = f;
        out->n++;
    }
    for (size_t i = out->n; i-- > 0;)
        if (out->law[i].fits)
            out->best = (int)i;
    if (out->best >= 0)
        out->chosen = out->law[out->best].law;
    else
        empirical(s, a, &out->chosen);
}

void fit_count(struct fit_sample *s, struct arena *a, struct fit_laws *out)
{
    measure(s, out);
    if (s->min == s->max)
        out->chosen = dist_constant(s->min);
    else
        empirical(s, a, &out->chosen);
}
