/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workloads/visit.h"

#include <math.h>

void visit_start(const struct visit_conf *c, struct visit_state *s,
                 struct clients *cl)
{
    traffic_start(&c->traffic, &s->streams, cl);
    s->requests = clients_base(cl, "requests");
}

bool visit_uses_tls(const void *conf, const void *shared)
{
    const struct visit_conf *c = conf;
    (void)shared;
    return traffic_uses_tls(&c->traffic);
}

void visit_link(void *state, const void *conf, const void *shared,
                uint32_t client, struct link *link)
{
    const struct visit_state *s = state;
    const struct visit_conf *c = conf;
    (void)shared;
    traffic_link(&c->traffic, &s->streams, client, link);
}

bool visit_next(void *state, const void *conf, const void *shared,
                uint32_t client, uint32_t n, struct demand *d, simtime_t *think)
{
    const struct visit_state *s = state;
    const struct visit_conf *c = conf;
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

simtime_t visit_patience(void *state, const void *conf, const void *shared,
                         uint32_t client, uint32_t n)
{
    const struct visit_state *s = state;
    const struct visit_conf *c = conf;
    (void)shared;
    return traffic_patience(&c->traffic, &s->streams, client, n);
}

bool visit_hold(void *state, const void *conf, const void *shared,
                uint32_t client)
{
    const struct visit_state *s = state;
    const struct visit_conf *c = conf;
    (void)shared;
    return c->hold > 0 && traffic_unit(&s->streams, client, 2) < c->hold;
}
