/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Long polls: each client keeps one request waiting until there is news, then
 * asks again. News come for all at once, in a Poisson process, so that all
 * requests are answered in one instant and return together; a request that
 * has waited for `timeout` is answered without news. The instants of news are
 * the same for every server, how long a request waits for them is not.
 *
 * A waiting request occupies a thread of httpd, also of event: `backend` puts
 * the waiting elsewhere, the thread waits with it. */
#include "workloads/traffic.h"
#include "workloads/workload.h"

struct long_poll_conf {
    struct traffic traffic;
    int64_t clients;
    double news; /* per second */
    simtime_t timeout, spread;
    struct dist think;
};

struct long_poll_state {
    struct traffic_streams streams;
    struct rng news, begin;
    double next_news; /* ns */
    struct sim *sim;
};

#define AT(field) offsetof(struct long_poll_conf, field)
/* clang-format off */
static const struct param params[] = {
    { "clients", PARAM_INT, AT(clients), NULL, 1, 16000000, NULL,
      "number of clients" },
    { "news", PARAM_RATE, AT(news), "1/min", 0, 1e6, NULL,
      "how often there is news, which answers all waiting requests" },
    { "timeout", PARAM_TIME, AT(timeout), "30s", 1e6, 9.2e18, NULL,
      "a request is answered after so long at the latest" },
    { "think", PARAM_DIST_TIME, AT(think), "0", 0, 0, NULL,
      "pause between a response and the next request" },
    { "spread", PARAM_TIME, AT(spread), "1s", 0, 9.2e18, NULL,
      "time over which the clients begin" },
    TRAFFIC_PARAMS(struct long_poll_conf, traffic),
    { .name = NULL }
};
/* clang-format on */

static bool uses_tls(const void *conf, const void *shared)
{
    const struct long_poll_conf *c = conf;
    (void)shared;
    return traffic_uses_tls(&c->traffic);
}

static void start(void *state, const void *conf, const void *shared,
                  struct clients *cl)
{
    struct long_poll_state *s = state;
    const struct long_poll_conf *c = conf;
    (void)shared;
    traffic_start(&c->traffic, &s->streams, cl);
    clients_stream(cl, "news", &s->news);
    clients_stream(cl, "begin", &s->begin);
    s->sim = clients_sim(cl);
    s->next_news = c->news > 0 ? rng_exp(&s->news) * (1e9 / c->news) : 9e18;
}

static simtime_t arrive(void *state, const void *conf, const void *shared,
                        uint32_t k)
{
    struct long_poll_state *s = state;
    const struct long_poll_conf *c = conf;
    (void)shared;
    if (k >= c->clients)
        return SIM_NEVER;
    return c->traffic.from +
           (simtime_t)((double)c->spread * ((double)k + rng_unit(&s->begin)) /
                       (double)c->clients);
}

static void link_of(void *state, const void *conf, const void *shared,
                    uint32_t client, struct link *link)
{
    const struct long_poll_state *s = state;
    const struct long_poll_conf *c = conf;
    (void)shared;
    traffic_link(&c->traffic, &s->streams, client, link);
}

/* How long a request that is sent now waits. */
static simtime_t wait(struct long_poll_state *s, const struct long_poll_conf *c)
{
    simtime_t now = sim_now(s->sim), left;
    while (s->next_news <= (double)now)
        s->next_news += rng_exp(&s->news) * (1e9 / c->news);
    left = (simtime_t)s->next_news - now;
    return left < c->timeout ? left : c->timeout;
}

static bool next(void *state, const void *conf, const void *shared,
                 uint32_t client, uint32_t n, struct demand *d,
                 simtime_t *think)
{
    struct long_poll_state *s = state;
    const struct long_poll_conf *c = conf;
    (void)shared;
    if (d) {
        traffic_demand(&c->traffic, &s->streams, client, n, d);
        d->sleep += wait(s, c);
    }
    if (think && n > 0)
        *think = traffic_think(&c->think, &s->streams, client, n);
    return true;
}

static simtime_t patience(void *state, const void *conf, const void *shared,
                          uint32_t client, uint32_t n)
{
    const struct long_poll_state *s = state;
    const struct long_poll_conf *c = conf;
    (void)shared;
    return traffic_patience(&c->traffic, &s->streams, client, n);
}

const struct workload workload_long_poll = {
    .name = "long_poll",
    .summary = "clients whose requests wait for news, which come for all",
    .params = params,
    .conf_size = sizeof(struct long_poll_conf),
    .uses_tls = uses_tls,
    .state_size = sizeof(struct long_poll_state),
    .start = start,
    .arrive = arrive,
    .link = link_of,
    .next = next,
    .patience = patience,
};
