/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Clients that connect evenly over a period, send one request, and then keep
 * their connection without a word: the C10K picture in its purest form, and
 * the load of the `c10m` benchmark.
 */
#include "workloads/traffic.h"
#include "workloads/workload.h"

struct connect_hold_conf {
    struct traffic traffic;
    int64_t clients;
    simtime_t spread;
};

struct connect_hold_state {
    struct traffic_streams streams;
};

/* clang-format off */
static const struct param params[] = {
    { "clients", PARAM_INT, offsetof(struct connect_hold_conf, clients), NULL,
      1, 16000000, NULL, "number of clients" },
    { "spread", PARAM_TIME, offsetof(struct connect_hold_conf, spread), "60s",
      0, 9.2e18, NULL, "time over which they connect, at equal distances" },
    TRAFFIC_PARAMS(struct connect_hold_conf, traffic),
    { .name = NULL }
};
/* clang-format on */

static bool uses_tls(const void *conf, const void *shared)
{
    const struct connect_hold_conf *c = conf;
    (void)shared;
    return traffic_uses_tls(&c->traffic);
}

static void start(void *state, const void *conf, const void *shared,
                  struct clients *cl)
{
    struct connect_hold_state *s = state;
    const struct connect_hold_conf *c = conf;
    (void)shared;
    traffic_start(&c->traffic, &s->streams, cl);
}

static simtime_t arrive(void *state, const void *conf, const void *shared,
                        uint32_t k)
{
    const struct connect_hold_conf *c = conf;
    (void)state;
    (void)shared;
    if (k >= c->clients)
        return SIM_NEVER;
    return c->traffic.from +
           (simtime_t)((double)c->spread * k / (double)c->clients);
}

static void link_of(void *state, const void *conf, const void *shared,
                    uint32_t client, struct link *link)
{
    const struct connect_hold_state *s = state;
    const struct connect_hold_conf *c = conf;
    (void)shared;
    traffic_link(&c->traffic, &s->streams, client, link);
}

static simtime_t patience(void *state, const void *conf, const void *shared,
                          uint32_t client, uint32_t n)
{
    const struct connect_hold_state *s = state;
    const struct connect_hold_conf *c = conf;
    (void)shared;
    return traffic_patience(&c->traffic, &s->streams, client, n);
}

static bool next(void *state, const void *conf, const void *shared,
                 uint32_t client, uint32_t n, struct demand *d,
                 simtime_t *think)
{
    const struct connect_hold_state *s = state;
    const struct connect_hold_conf *c = conf;
    (void)shared;
    (void)think;
    if (d)
        traffic_demand(&c->traffic, &s->streams, client, n, d);
    return n == 0;
}

static bool hold(void *state, const void *conf, const void *shared,
                 uint32_t client)
{
    (void)state;
    (void)conf;
    (void)shared;
    (void)client;
    return true;
}

const struct workload workload_connect_hold = {
    .name = "connect_hold",
    .summary = "clients that send one request and keep the connection open",
    .params = params,
    .conf_size = sizeof(struct connect_hold_conf),
    .uses_tls = uses_tls,
    .state_size = sizeof(struct connect_hold_state),
    .start = start,
    .arrive = arrive,
    .link = link_of,
    .next = next,
    .patience = patience,
    .hold = hold,
};
