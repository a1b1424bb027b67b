/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/dist.h"

#include <math.h>
#include <string.h>
#ifndef NO_GSL
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#endif

#define MAX_KEYS 4

static const struct {
    const char *name;
    const char *keys[MAX_KEYS];
} laws[DIST_KINDS] = {
    [DIST_CONSTANT] = { "constant", { "value" } },
    [DIST_UNIFORM] = { "uniform", { "min", "max" } },
    [DIST_EXPONENTIAL] = { "exponential", { "mean" } },
    [DIST_LOGNORMAL] = { "lognormal", { "mean", "cv" } },
    [DIST_GAMMA] = { "gamma", { "mean", "cv" } },
    [DIST_WEIBULL] = { "weibull", { "mean", "shape" } },
    [DIST_PARETO] = { "pareto", { "min", "max", "alpha" } },
    [DIST_HYPEREXPONENTIAL] = { "hyperexponential", { "mean", "cv" } },
    [DIST_EMPIRICAL] = { "empirical", { "values", "weights" } },
};

const char *dist_name(enum dist_kind k)
{
    return laws[k].name;
}

int dist_find(const char *name)
{
    for (int k = 0; k < DIST_KINDS; k++)
        if (strcmp(name, laws[k].name) == 0)
            return k;
    return -1;
}

const char *const *dist_keys(enum dist_kind k)
{
    return laws[k].keys;
}

double *dist_field(struct dist *d, const char *key)
{
    if (strcmp(key, "value") == 0 || strcmp(key, "mean") == 0)
        return &d->mean;
    if (strcmp(key, "cv") == 0)
        return &d->cv;
    if (strcmp(key, "min") == 0)
        return &d->min;
    if (strcmp(key, "max") == 0)
        return &d->max;
    if (strcmp(key, "shape") == 0)
        return &d->shape;
    if (strcmp(key, "alpha") == 0)
        return &d->alpha;
    return NULL;
}

struct dist dist_constant(double value)
{
    return (struct dist){ .kind = DIST_CONSTANT, .mean = value };
}

/* --- checking and deriving --- */

static bool not_negative(double x, const char *key, struct err *e)
{
    if (x >= 0 && isfinite(x))
        return true;
    return err_set(e, ERR_CONTENT, "%s is %g; it must be 0 or more", key, x);
}

static bool positive(double x, const char *key, struct err *e)
{
    if (x > 0 && isfinite(x))
        return true;
    return err_set(e, ERR_CONTENT, "%s is %g; it must be more than 0", key, x);
}

static bool prepare_lognormal(struct dist *d, struct err *e)
{
    if (!positive(d->mean, "mean", e) || !not_negative(d->cv, "cv", e))
        return false;
    double var = log1p(d->cv * d->cv); /* of the logarithm */
    d->a = log(d->mean) - var / 2;
    d->b = sqrt(var);
    return true;
}

static bool prepare_gamma(struct dist *d, struct err *e)
{
    if (!not_negative(d->mean, "mean", e) || !not_negative(d->cv, "cv", e))
        return false;
    if (d->cv > 0) {
        d->a = 1 / (d->cv * d->cv); /* shape */
        d->b = d->mean / d->a;      /* scale */
    }
    return true;
}

static bool prepare_weibull(struct dist *d, struct err *e)
{
    if (!not_negative(d->mean, "mean", e) || !positive(d->shape, "shape", e))
        return false;
    d->a = 1 / d->shape;
    d->b = d->mean / tgamma(1 + d->a); /* scale */
    if (!isfinite(tgamma(1 + 2 * d->a)))
        return err_set(e, ERR_CONTENT, "shape is %g; it is too near 0",
                       d->shape);
    return true;
}

static bool prepare_pareto(struct dist *d, struct err *e)
{
    if (!positive(d->min, "min", e) || !positive(d->max, "max", e) ||
        !positive(d->alpha, "alpha", e))
        return false;
    if (d->max < d->min)
        return err_set(e, ERR_CONTENT, "max is less than min");
    d->a = -1 / d->alpha;
    d->b = -expm1(d->alpha * log(d->min / d->max)); /* 1 - (min/max)^alpha */
    return true;
}

static bool prepare_hyperexponential(struct dist *d, struct err *e)
{
    if (!not_negative(d->mean, "mean", e))
        return false;
    if (!(d->cv >= 1) || !isfinite(d->cv))
        return err_set(e, ERR_CONTENT, "cv is %g; it must be 1 or more", d->cv);
    double cv2 = d->cv * d->cv;
    d->p = 0.5 * (1 + sqrt((cv2 - 1) / (cv2 + 1)));
    /* Balanced means: either phase carries half of the mean. 1 - p would lose
     * its digits for large cv. */
    double q = 1 / ((cv2 + 1) * 2 * d->p);
    d->a = d->mean / (2 * d->p);
    d->b = d->mean / (2 * q);
    return true;
}

static bool prepare_empirical(struct dist *d, struct err *e)
{
    if (d->n == 0)
        return err_set(e, ERR_CONTENT, "values is empty");
    for (size_t i = 0; i < d->n; i++)
        if (!(d->values[i] >= 0) || !isfinite(d->values[i]))
            return err_set(e, ERR_CONTENT,
                           "values[%zu] is %g; it must be 0 or more", i,
                           d->values[i]);
    if (!d->cum)
        return true;
    double sum = 0;
    for (size_t i = 0; i < d->n; i++) {
        if (!(d->cum[i] >= 0) || !isfinite(d->cum[i]))
            return err_set(e, ERR_CONTENT,
                           "weights[%zu] is %g; it must be 0 or more", i,
                           d->cum[i]);
        sum += d->cum[i];
        d->cum[i] = sum;
    }
    if (!(sum > 0) || !isfinite(sum))
        return err_set(e, ERR_CONTENT, "weights add up to %g", sum);
    for (size_t i = 0; i < d->n; i++)
        d->cum[i] /= sum;
    return true;
}

bool dist_prepare(struct dist *d, struct err *e)
{
    switch (d->kind) {
    case DIST_CONSTANT:
        return not_negative(d->mean, "value", e);
    case DIST_UNIFORM:
        if (!not_negative(d->min, "min", e) || !not_negative(d->max, "max", e))
            return false;
        if (d->max < d->min)
            return err_set(e, ERR_CONTENT, "max is less than min");
        return true;
    case DIST_EXPONENTIAL:
        return not_negative(d->mean, "mean", e);
    case DIST_LOGNORMAL:
        return prepare_lognormal(d, e);
    case DIST_GAMMA:
        return prepare_gamma(d, e);
    case DIST_WEIBULL:
        return prepare_weibull(d, e);
    case DIST_PARETO:
        return prepare_pareto(d, e);
    case DIST_HYPEREXPONENTIAL:
        return prepare_hyperexponential(d, e);
    case DIST_EMPIRICAL:
        return prepare_empirical(d, e);
    case DIST_KINDS:
        break;
    }
    return err_set(e, ERR_CONTENT, "no such distribution");
}

/* --- draws --- */

#ifndef NO_GSL
static void stream_set(void *state, unsigned long seed)
{
    rng_init(state, seed, 0, "gsl");
}

static unsigned long stream_get(void *state)
{
    return (unsigned long)rng_u64(state);
}

static double stream_unit(void *state)
{
    return rng_unit(state);
}

/* Our stream as GSL sees it. The full 64-bit range from 0 keeps the fast
 * paths of GSL's samplers. */
static const gsl_rng_type stream_type = {
    .name = "xoshiro256++",
    .max = ~0UL,
    .min = 0,
    .size = sizeof(struct rng),
    .set = stream_set,
    .get = stream_get,
    .get_double = stream_unit,
};

static double gamma_variate(struct rng *r, double shape, double scale)
{
    gsl_rng g = { .type = &stream_type, .state = r };
    return gsl_ran_gamma(&g, shape, scale);
}
#else
/* Marsaglia and Tsang 2000, A simple method for generating gamma variables. */
static double gamma_variate(struct rng *r, double shape, double scale)
{
    double boost = 1;
    if (shape < 1) {
        boost = exp(-rng_exp(r) / shape);
        shape += 1;
    }
    double d = shape - 1.0 / 3, c = 1 / sqrt(9 * d);
    for (;;) {
        double x = rng_normal(r), v = 1 + c * x;
        if (v <= 0)
            continue;
        v = v * v * v;
        if (rng_exp(r) > -0.5 * x * x - d * (1 - v + log(v)))
            return d * v * boost * scale;
    }
}
#endif

static double draw_empirical(const struct dist *d, struct rng *r)
{
    if (!d->cum)
        return d->values[rng_below(r, d->n)];
    double u = rng_unit(r);
    size_t lo = 0, hi = d->n - 1; /* the first whose cum is above u */
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (d->cum[mid] > u)
            hi = mid;
        else
            lo = mid + 1;
    }
    return d->values[lo];
}

double dist_draw(const struct dist *d, struct rng *r)
{
    switch (d->kind) {
    case DIST_CONSTANT:
        return d->mean;
    case DIST_UNIFORM:
        return d->min + (d->max - d->min) * rng_unit(r);
    case DIST_EXPONENTIAL:
        return d->mean * rng_exp(r);
    case DIST_LOGNORMAL:
        return exp(d->a + d->b * rng_normal(r));
    case DIST_GAMMA:
        return d->cv > 0 ? gamma_variate(r, d->a, d->b) : d->mean;
    case DIST_WEIBULL:
        return d->b * pow(rng_exp(r), d->a);
    case DIST_PARETO:
        return d->min * pow(1 - d->b * rng_unit(r), d->a);
    case DIST_HYPEREXPONENTIAL: {
        double mean = rng_unit(r) < d->p ? d->a : d->b;
        return mean * rng_exp(r);
    }
    case DIST_EMPIRICAL:
        return draw_empirical(d, r);
    case DIST_KINDS:
        break;
    }
    return 0;
}

static simtime_t whole(double ns)
{
    return ns < 0x1p62 ? (simtime_t)(ns + 0.5) : (simtime_t)1 << 62;
}

simtime_t dist_draw_time(const struct dist *d, struct rng *r)
{
    return whole(dist_draw(d, r));
}

simtime_t dist_draw_time_at(const struct dist *d, uint64_t base, uint64_t id,
                            uint64_t n)
{
    struct rng r = rng_at(base, id, n);
    if (d->kind == DIST_EXPONENTIAL)
        return whole(d->mean * rng_exp(&r));
    return whole(dist_draw(d, &r));
}

/* --- moments --- */

/* E[X^k] of the bounded Pareto law. */
static double pareto_moment(const struct dist *d, double k)
{
    double lo = d->min, hi = d->max, a = d->alpha;
    if (hi <= lo)
        return pow(lo, k);
    double ratio = log(hi / lo);
    /* a lo^k / b times the integral of x^(k-a-1) over [1, hi/lo] */
    double z = (k - a) * ratio;
    double integral = fabs(z) < 1e-12 ? ratio : expm1(z) / (k - a);
    return a * pow(lo, k) / d->b * integral;
}

static double empirical_moment(const struct dist *d, double centre, int k)
{
    double sum = 0, before = 0;
    for (size_t i = 0; i < d->n; i++) {
        double x = d->values[i] - centre;
        double weight = 1 / (double)d->n;
        if (d->cum) {
            weight = d->cum[i] - before;
            before = d->cum[i];
        }
        sum += weight * (k == 2 ? x * x : x);
    }
    return sum;
}

double dist_mean(const struct dist *d)
{
    switch (d->kind) {
    case DIST_UNIFORM:
        return (d->min + d->max) / 2;
    case DIST_PARETO:
        return pareto_moment(d, 1);
    case DIST_EMPIRICAL:
        return empirical_moment(d, 0, 1);
    case DIST_CONSTANT:
    case DIST_EXPONENTIAL:
    case DIST_LOGNORMAL:
    case DIST_GAMMA:
    case DIST_WEIBULL:
    case DIST_HYPEREXPONENTIAL:
    case DIST_KINDS:
        break;
    }
    return d->mean;
}

double dist_variance(const struct dist *d)
{
    double m = dist_mean(d);
    switch (d->kind) {
    case DIST_UNIFORM:
        return (d->max - d->min) * (d->max - d->min) / 12;
    case DIST_EXPONENTIAL:
        return m * m;
    case DIST_LOGNORMAL:
    case DIST_GAMMA:
    case DIST_HYPEREXPONENTIAL:
        return m * m * d->cv * d->cv;
    case DIST_WEIBULL:
        return d->b * d->b * tgamma(1 + 2 * d->a) - m * m;
    case DIST_PARETO:
        return pareto_moment(d, 2) - m * m;
    case DIST_EMPIRICAL:
        return empirical_moment(d, m, 2);
    case DIST_CONSTANT:
    case DIST_KINDS:
        break;
    }
    return 0;
}
