/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Closed clients: a fixed number of them, each of which sends a request,
 * reads the response, thinks, and sends the next on the same connection as
 * long as the server keeps it. The slower the server, the fewer requests.
 *
 * Clients begin one after the other over `spread`, evenly or each at a random
 * instant of its share of it; then nobody leaves before `until`. */
#include "workloads/traffic.h"
#include "workloads/workload.h"

struct closed_conf {
    struct traffic traffic;
    int64_t clients, requests_per_connection;
    struct dist think;
    simtime_t spread;
    int begin; /* index into begins */
};

enum { BEGIN_RANDOM, BEGIN_EVEN };
static const char *const begins[] = { "random", "even", NULL };

struct closed_state {
    struct traffic_streams streams;
    struct rng begin;
};

/* clang-format off */
static const struct param params[] = {
    { "clients", PARAM_INT, offsetof(struct closed_conf, clients), NULL,
      1, 16000000, NULL, "number of clients" },
    { "think", PARAM_DIST_TIME, offsetof(struct closed_conf, think), "1s",
      0, 0, NULL, "pause between a response and the next request" },
    { "requests_per_connection", PARAM_INT,
      offsetof(struct closed_conf, requests_per_connection), "0",
      0, 1e9, NULL, "the client opens a new connection after so many; "
      "0 = only when the server closes" },
    { "spread", PARAM_TIME, offsetof(struct closed_conf, spread), "1s",
      0, 9.2e18, NULL, "time over which the clients begin" },
    { "begin", PARAM_CHOICE, offsetof(struct closed_conf, begin), "random",
      0, 0, begins, "when each client begins: at a random instant of its "
      "share of spread, or at equal distances" },
    TRAFFIC_PARAMS(struct closed_conf, traffic),
    { .name = NULL }
};
/* clang-format on */

static bool uses_tls(const void *conf, const void *shared)
{
    const struct closed_conf *c = conf;
    (void)shared;
    return traffic_uses_tls(&c->traffic);
}

static void start(void *state, const void *conf, const void *shared,
                  struct clients *cl)
{
    struct closed_state *s = state;
    const struct closed_conf *c = conf;
    (void)shared;
    traffic_start(&c->traffic, &s->streams, cl);
    clients_stream(cl, "begin", &s->begin);
}

static simtime_t arrive(void *state, const void *conf, const void *shared,
                        uint32_t k)
{
    struct closed_state *s = state;
    const struct closed_conf *c = conf;
    double place = k;
    (void)shared;
    if (k >= c->clients)
        return SIM_NEVER;
    if (c->begin == BEGIN_RANDOM)
        place += rng_unit(&s->begin);
    return c->traffic.from +
           (simtime_t)((double)c->spread * place / (double)c->clients);
}

static void link_of(void *state, const void *conf, const void *shared,
                    uint32_t client, struct link *link)
{
    const struct closed_state *s = state;
    const struct closed_conf *c = conf;
    (void)shared;
    traffic_link(&c->traffic, &s->streams, client, link);
}

static simtime_t patience(void *state, const void *conf, const void *shared,
                          uint32_t client, uint32_t n)
{
    const struct closed_state *s = state;
    const struct closed_conf *c = conf;
    (void)shared;
    return traffic_patience(&c->traffic, &s->streams, client, n);
}

static bool next(void *state, const void *conf, const void *shared,
                 uint32_t client, uint32_t n, struct demand *d,
                 simtime_t *think)
{
    const struct closed_state *s = state;
    const struct closed_conf *c = conf;
    (void)shared;
    if (d)
        traffic_demand(&c->traffic, &s->streams, client, n, d);
    if (think && n > 0)
        *think = traffic_think(&c->think, &s->streams, client, n);
    return true;
}

static bool reconnect(void *state, const void *conf, const void *shared,
                      uint32_t client, uint32_t n)
{
    const struct closed_conf *c = conf;
    (void)state;
    (void)shared;
    (void)client;
    return c->requests_per_connection > 0 &&
           n % c->requests_per_connection == 0;
}

const struct workload workload_closed = {
    .name = "closed",
    .summary = "a fixed number of clients that think between requests",
    .params = params,
    .conf_size = sizeof(struct closed_conf),
    .uses_tls = uses_tls,
    .state_size = sizeof(struct closed_state),
    .start = start,
    .arrive = arrive,
    .link = link_of,
    .next = next,
    .patience = patience,
    .reconnect = reconnect,
};
