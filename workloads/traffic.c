/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workloads/traffic.h"

#include <math.h>

#include "sim/rng.h"

/* No body is larger than a petabyte, whatever a heavy tail says. */
#define MAX_BYTES 1e15

/* The times and sizes of the demand that R gives. */
static void draw(const struct traffic *t, struct rng *r, struct demand *d)
{
    d->sleep = dist_draw_time(&t->service, r);
    d->cpu = dist_draw_time(&t->cpu, r);
    d->bytes = (int64_t)fmin(dist_draw(&t->bytes, r) + 0.5, MAX_BYTES);
    d->body = (int64_t)fmin(dist_draw(&t->upload, r) + 0.5, MAX_BYTES);
}

void traffic_start(const struct traffic *t, struct traffic_streams *s,
                   struct clients *cl)
{
    struct rng unused = rng_at(0, 0, 0);
    s->same = t->service.kind == DIST_CONSTANT &&
              t->cpu.kind == DIST_CONSTANT && t->bytes.kind == DIST_CONSTANT &&
              t->upload.kind == DIST_CONSTANT;
    if (s->same)
        draw(t, &unused, &s->each);
    s->demand = clients_base(cl, "demand");
    s->link = clients_base(cl, "link");
    s->think = clients_base(cl, "think");
    s->patience = clients_base(cl, "patience");
    s->crash = clients_base(cl, "crash");
    s->resumed = clients_base(cl, "resumed");
    if (t->until > 0)
        clients_until(cl, t->until);
    if (t->patience.kind == DIST_CONSTANT && dist_mean(&t->patience) <= 0)
        clients_patient(cl);
}

bool traffic_uses_tls(const struct traffic *t)
{
    return t->tls > 0;
}

void traffic_demand(const struct traffic *t, const struct traffic_streams *s,
                    uint32_t client, uint32_t n, struct demand *d)
{
    if (s->same) {
        d->sleep = s->each.sleep;
        d->cpu = s->each.cpu;
        d->bytes = s->each.bytes;
        d->body = s->each.body;
    } else {
        struct rng r = rng_at(s->demand, client, n);
        draw(t, &r, d);
    }
    if (t->crash > 0) {
        struct rng r = rng_at(s->crash, client, n);
        d->crash = rng_unit(&r) < t->crash;
    }
    d->file = t->file;
    d->head = (uint16_t)t->head;
}

double traffic_unit(const struct traffic_streams *s, uint32_t client,
                    uint32_t n)
{
    struct rng r = rng_at(s->link, client, n);
    return rng_unit(&r);
}

void traffic_link(const struct traffic *t, const struct traffic_streams *s,
                  uint32_t client, struct link *link)
{
    if (t->tls > 0)
        link->tls = traffic_unit(s, client, 0) < t->tls;
    if (t->tls_resumed > 0) {
        struct rng r = rng_at(s->resumed, client, 0);
        link->resumed = rng_unit(&r) < t->tls_resumed;
    }
    if (t->down <= 0 && t->up <= 0)
        return;
    if (t->slow_share < 1 && traffic_unit(s, client, 1) >= t->slow_share)
        return;
    link->down = (float)t->down;
    link->up = (float)t->up;
}

simtime_t traffic_patience(const struct traffic *t,
                           const struct traffic_streams *s, uint32_t client,
                           uint32_t n)
{
    struct rng r = rng_at(s->patience, client, n);
    simtime_t p = dist_draw_time(&t->patience, &r);
    return p > 0 ? p : 1;
}

simtime_t traffic_think(const struct dist *think,
                        const struct traffic_streams *s, uint32_t client,
                        uint32_t n)
{
    return dist_draw_time_at(think, s->think, client, n);
}
