/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Open arrivals: clients connect in a Poisson process, however the server
 * fares. Its rate is constant, or follows a profile: steps, straight lines
 * between points, or a day's curve. What a client does is in visit.h. */
#include <math.h>

#include "workloads/curve.h"
#include "workloads/visit.h"

struct poisson_conf {
    struct visit_conf visit; /* first */
    double rate, scale;      /* clients per second; times this */
    int profile;             /* index into profiles */
    const char *points;
    simtime_t period;
};

enum { PROFILE_CONSTANT, PROFILE_STEPS, PROFILE_RAMP, PROFILE_DAY };
static const char *const profiles[] = { "constant", "steps", "ramp", "day",
                                        NULL };

struct poisson_state {
    struct visit_state visit; /* first */
    struct rng arrivals;
    double t; /* ns; the last arrival */
};

#define AT(field) offsetof(struct poisson_conf, field)
/* clang-format off */
static const struct param params[] = {
    { "rate", PARAM_RATE, AT(rate), NULL, 1e-9, 1e7, NULL,
      "new clients per second, \"150/s\"" },
    { "scale", PARAM_REAL, AT(scale), "1", 1e-6, 1e6, NULL,
      "times rate: 2 is twice the load" },
    { "profile", PARAM_CHOICE, AT(profile), "constant", 0, 0, profiles,
      "how the rate changes: in steps or along lines between points (ramp), "
      "or as over a day, when rate is its mean" },
    { "points", PARAM_STRING, AT(points), "0s 1", 0, 0, NULL,
      "steps, ramp: times and factors of rate, \"0s 1, 30s 4, 1min 1\"" },
    { "period", PARAM_TIME, AT(period), "0", 0, 9.2e18, NULL,
      "the profile begins again after so long; 0 = never, day: 24 h" },
    VISIT_PARAMS(struct poisson_conf, visit),
    { .name = NULL }
};
/* clang-format on */

static bool load(const void *conf, struct arena *a, bool lenient,
                 void (*note)(void *ctx, const char *text), void *note_ctx,
                 void **shared, struct err *e)
{
    const struct poisson_conf *c = conf;
    struct curve *curve;
    (void)lenient;
    (void)note;
    (void)note_ctx;
    if (c->profile == PROFILE_CONSTANT)
        return true;
    if (c->profile == PROFILE_DAY)
        curve = curve_day(c->period > 0 ? c->period : 24 * 3600 * SIM_S, a);
    else
        curve =
            curve_parse(c->points, c->profile == PROFILE_RAMP, c->period, a, e);
    *shared = curve;
    return curve != NULL;
}

static void start(void *state, const void *conf, const void *shared,
                  struct clients *cl)
{
    struct poisson_state *s = state;
    const struct poisson_conf *c = conf;
    (void)shared;
    visit_start(&c->visit, &s->visit, cl);
    clients_stream(cl, "arrivals", &s->arrivals);
}

/* The sum is kept in ns since `from`, exact to 0.1 us after a day. */
static simtime_t arrive(void *state, const void *conf, const void *shared,
                        uint32_t k)
{
    struct poisson_state *s = state;
    const struct poisson_conf *c = conf;
    double gap = rng_exp(&s->arrivals) * (1e9 / (c->rate * c->scale));
    (void)k;
    s->t = shared ? curve_area(shared, s->t, gap) : s->t + gap;
    return s->t < 9e18 ? c->visit.traffic.from + (simtime_t)s->t : SIM_NEVER;
}

const struct workload workload_poisson = {
    .name = "poisson",
    .summary = "clients that arrive in a Poisson process, whatever happens",
    .params = params,
    .conf_size = sizeof(struct poisson_conf),
    .load = load,
    .uses_tls = visit_uses_tls,
    .state_size = sizeof(struct poisson_state),
    .start = start,
    .arrive = arrive,
    .link = visit_link,
    .next = visit_next,
    .patience = visit_patience,
    .hold = visit_hold,
};
