/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bursts: clients arrive in a Poisson process whose rate changes between a
 * quiet and a busy one, each kept for a random time. With exponential times
 * (the default) this is the Markov-modulated Poisson process of two states.
 * What a client does is in visit.h. */
#include "workloads/visit.h"

struct mmpp_conf {
    struct visit_conf visit; /* first */
    double rate, burst_rate; /* clients per second */
    double scale;            /* times both */
    struct dist quiet, burst;
};

struct mmpp_state {
    struct visit_state visit; /* first */
    struct rng arrivals, phases;
    double t, until; /* ns; the last arrival, the end of the phase */
    bool busy;
};

#define AT(field) offsetof(struct mmpp_conf, field)
/* clang-format off */
static const struct param params[] = {
    { "rate", PARAM_RATE, AT(rate), NULL, 0, 1e7, NULL,
      "new clients per second in quiet times" },
    { "burst_rate", PARAM_RATE, AT(burst_rate), NULL, 1e-9, 1e7, NULL,
      "the same in bursts" },
    { "scale", PARAM_REAL, AT(scale), "1", 1e-6, 1e6, NULL,
      "times both rates: 2 is twice the load" },
    { "quiet", PARAM_DIST_TIME, AT(quiet), "60s", 0, 0, NULL,
      "how long quiet times last; the first begins at from. A bare time is "
      "the mean of an exponential law" },
    { "burst", PARAM_DIST_TIME, AT(burst), "5s", 0, 0, NULL,
      "how long bursts last; as quiet" },
    VISIT_PARAMS(struct mmpp_conf, visit),
    { .name = NULL }
};
/* clang-format on */

static void start(void *state, const void *conf, const void *shared,
                  struct clients *cl)
{
    struct mmpp_state *s = state;
    const struct mmpp_conf *c = conf;
    (void)shared;
    visit_start(&c->visit, &s->visit, cl);
    clients_stream(cl, "arrivals", &s->arrivals);
    clients_stream(cl, "phases", &s->phases);
    s->busy = true; /* and over: see arrive() */
}

/* The next phase, of at least 1 us, lest no time passes. */
static void change(struct mmpp_state *s, const struct mmpp_conf *c)
{
    const struct dist *d = s->busy ? &c->quiet : &c->burst;
    double length = d->kind == DIST_CONSTANT
                        ? rng_exp(&s->phases) * dist_mean(d)
                        : dist_draw(d, &s->phases);
    s->busy = !s->busy;
    s->until += length > 1e3 ? length : 1e3;
}

/* What is left of a gap at the end of a phase is stretched by the ratio of the
 * rates. */
static simtime_t arrive(void *state, const void *conf, const void *shared,
                        uint32_t k)
{
    struct mmpp_state *s = state;
    const struct mmpp_conf *c = conf;
    double left = rng_exp(&s->arrivals);
    (void)shared;
    (void)k;
    for (;;) {
        double rate = (s->busy ? c->burst_rate : c->rate) * c->scale * 1e-9;
        if ((s->until - s->t) * rate > left) {
            s->t += left / rate;
            return c->visit.traffic.from + (simtime_t)s->t;
        }
        left -= (s->until - s->t) * rate;
        s->t = s->until;
        if (s->t > 9e18)
            return SIM_NEVER;
        change(s, c);
    }
}

const struct workload workload_mmpp = {
    .name = "mmpp",
    .summary = "bursts: a Poisson process with a quiet and a busy rate (MMPP)",
    .params = params,
    .conf_size = sizeof(struct mmpp_conf),
    .uses_tls = visit_uses_tls,
    .state_size = sizeof(struct mmpp_state),
    .start = start,
    .arrive = arrive,
    .link = visit_link,
    .next = visit_next,
    .patience = visit_patience,
    .hold = visit_hold,
};
