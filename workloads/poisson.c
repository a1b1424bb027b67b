/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Open arrivals: clients connect in a Poisson process of a given rate, however
 * the server fares. Each sends a few requests over its connection, thinking in
 * between, and leaves; a share of them leaves the connection open instead and
 * waits for the server to close it. */
#include <math.h>

#include "workloads/traffic.h"
#include "workloads/workload.h"

struct poisson_conf {
    struct traffic traffic;
    double rate; /* clients per second */
    struct dist requests, think;
    double hold;
};

struct poisson_state {
    struct traffic_streams streams;
    uint64_t requests;
    struct rng arrivals;
    double t; /* ns; the last arrival */
};

/* clang-format off */
static const struct param params[] = {
    { "rate", PARAM_RATE, offsetof(struct poisson_conf, rate), NULL,
      1e-9, 1e7, NULL, "new clients per second, \"150/s\"" },
    { "requests_per_connection", PARAM_DIST_REAL,
      offsetof(struct poisson_conf, requests), "1", 0, 0, NULL,
      "requests of a client, rounded, at least 1" },
    { "think", PARAM_DIST_TIME, offsetof(struct poisson_conf, think), "1s",
      0, 0, NULL, "pause between a response and the client's next request" },
    { "hold", PARAM_REAL, offsetof(struct poisson_conf, hold), "0",
      0, 1, NULL, "share of clients that leave their connection open after "
      "the last response, until the server closes it" },
    TRAFFIC_PARAMS(struct poisson_conf, traffic),
    { .name = NULL }
};
/* clang-format on */

static bool uses_tls(const void *conf, const void *shared)
{
    const struct poisson_conf *c = conf;
    (void)shared;
    return traffic_uses_tls(&c->traffic);
}

static void start(void *state, const void *conf, const void *shared,
                  struct clients *cl)
{
    struct poisson_state *s = state;
    const struct poisson_conf *c = conf;
    (void)shared;
    traffic_start(&c->traffic, &s->streams, cl);
    s->requests = clients_base(cl, "requests");
    clients_stream(cl, "arrivals", &s->arrivals);
}

/* The sum is kept in ns since `from`, exact to 0.1 us after a day. */
static simtime_t arrive(void *state, const void *conf, const void *shared,
                        uint32_t k)
{
    struct poisson_state *s = state;
    const struct poisson_conf *c = conf;
    (void)shared;
    (void)k;
    s->t += rng_exp(&s->arrivals) * (1e9 / c->rate);
    return s->t < 9e18 ? c->traffic.from + (simtime_t)s->t : SIM_NEVER;
}

static void link_of(void *state, const void *conf, const void *shared,
                    uint32_t client, struct link *link)
{
    const struct poisson_state *s = state;
    const struct poisson_conf *c = conf;
    (void)shared;
    traffic_link(&c->traffic, &s->streams, client, link);
}

static bool next(void *state, const void *conf, const void *shared,
                 uint32_t client, uint32_t n, struct demand *d,
                 simtime_t *think)
{
    const struct poisson_state *s = state;
    const struct poisson_conf *c = conf;
    struct rng r;
    (void)shared;
    if (n > 0) {
        r = rng_at(s->requests, client, 0);
        if (n >= floor(dist_draw(&c->requests, &r) + 0.5))
            return false;
        if (think)
            *think = traffic_think(&c->think, &s->streams, client, n);
    }
    if (d)
        traffic_demand(&c->traffic, &s->streams, client, n, d);
    return true;
}

static bool hold(void *state, const void *conf, const void *shared,
                 uint32_t client)
{
    const struct poisson_state *s = state;
    const struct poisson_conf *c = conf;
    (void)shared;
    return c->hold > 0 && traffic_unit(&s->streams, client, 2) < c->hold;
}

const struct workload workload_poisson = {
    .name = "poisson",
    .summary = "clients that arrive in a Poisson process, whatever happens",
    .params = params,
    .conf_size = sizeof(struct poisson_conf),
    .uses_tls = uses_tls,
    .state_size = sizeof(struct poisson_state),
    .start = start,
    .arrive = arrive,
    .link = link_of,
    .next = next,
    .hold = hold,
};
