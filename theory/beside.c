/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "theory/beside.h"

#include "config/reader.h"
#include "sim/dist.h"
#include "sim/must.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A chance smaller than this is none. */
#define NEVER 1e-4

static const void *field(const struct workload_conf *w, const char *key)
{
    const struct param *p = param_find(w->type->params, key);
    must(p != NULL);
    return (const char *)w->conf + p->offset;
}

static double real(const struct workload_conf *w, const char *key)
{
    return *(const double *)field(w, key);
}

static const struct dist *law(const struct workload_conf *w, const char *key)
{
    return field(w, key);
}

static simtime_t time_of(const struct workload_conf *w, const char *key)
{
    return *(const simtime_t *)field(w, key);
}

/* Whether W is a plain Poisson stream of single requests. */
static bool is_plain(const struct workload_conf *w)
{
    if (strcmp(w->type->name, "poisson") != 0 || w->backend != 0)
        return false;
    const struct dist *n = law(w, "requests_per_connection");
    return n->kind == DIST_CONSTANT && n->mean < 1.5 &&
           !(real(w, "hold") > 0) && !(real(w, "tls") > 0) &&
           !(real(w, "down") > 0) && !(real(w, "up") > 0) &&
           time_of(w, "from") == 0 && time_of(w, "until") == 0;
}

/* The number of workers, or 0 when they are not there from the start for good.
 */
static int whole_pool(const struct scenario_server *s)
{
    const struct settings *c = &s->settings;
    int64_t each = s->mpm == MPM_PREFORK ? 1 : c->threads_per_child;
    int64_t workers = c->process_limit * each;
    bool stays = c->max_connections_per_child == 0 &&
                 c->start_servers >= c->process_limit &&
                 (c->max_spare >= workers || s->mpm != MPM_PREFORK);
    return stays && s->start < 0 && workers < 100000 ? (int)workers : 0;
}

/* What a request costs beside its own demand, s. */
static double overhead(const struct scenario *sc)
{
    const struct machine *m = &sc->machine;
    return simtime_to_s(m->cpu_accept + m->cpu_request + 2 * m->cpu_wakeup +
                        m->cpu_handoff);
}

static bool find_sharing(const struct scenario *sc,
                         const struct workload_conf *w, int workers,
                         struct beside *b)
{
    const struct machine *m = &sc->machine;
    double mean = dist_mean(law(w, "cpu")) * 1e-9,
           rate = real(w, "rate") * real(w, "scale");
    double load = rate * mean;
    if (m->cpus != 1 || load >= 1 || pow(load, workers) > NEVER ||
        (double)m->cpu_switch > BESIDE_NEGLECT * (double)m->cpu_slice)
        return false;
    queue_mg1_ps(rate, mean, 0, &b->figures);
    b->figures.busy = b->figures.number; /* all of them hold a worker */
    snprintf(b->system, sizeof b->system, "M/G/1-PS");
    b->neglected = overhead(sc);
    return b->neglected <= BESIDE_NEGLECT * mean;
}

static bool find_waiting(const struct scenario *sc,
                         const struct workload_conf *w,
                         const struct settings *set, int c, struct beside *b)
{
    const struct dist *d = law(w, "service");
    double mean = dist_mean(d) * 1e-9,
           rate = real(w, "rate") * real(w, "scale");
    double load = rate * mean;
    int64_t queue = set->listen_backlog < sc->network.somaxconn
                        ? set->listen_backlog
                        : sc->network.somaxconn;
    int room = c + (int)queue + 1; /* K-1 */
    bool retries = sc->network.tcp_syn_retries > 0 ||
                   sc->network.tcp_syn_linear_timeouts > 0;
    /* a worker is held until the client has closed, one round trip more */
    b->neglected = overhead(sc) + simtime_to_s(sc->network.rtt);
    b->queue = true;
    if (d->kind == DIST_EXPONENTIAL) {
        queue_mmck(rate, mean, c, room, &b->figures);
        if (b->figures.lost > NEVER && retries)
            return false;
        snprintf(b->system, sizeof b->system, "M/M/%d/%d", c, room);
    } else if (c == 1 && load < 0.9) {
        double variance = dist_variance(d) * 1e-18;
        if (isinf(variance))
            return false;
        queue_mg1(rate, mean, variance, &b->figures);
        snprintf(b->system, sizeof b->system, "M/G/1");
    } else if (load < c && erlang_c(c, load) < NEVER) {
        queue_mg_inf(rate, mean, &b->figures);
        snprintf(b->system, sizeof b->system, "M/G/inf");
        b->queue = false;
    } else {
        return false;
    }
    return b->neglected <= BESIDE_NEGLECT * mean;
}

bool beside_find(const struct scenario *sc, size_t i, struct beside *b)
{
    *b = (struct beside){ .neglected = 0 };
    if (sc->nworkloads != 1 || sc->nactions > 0 || !is_plain(&sc->workloads[0]))
        return false;
    const struct workload_conf *w = &sc->workloads[0];
    const struct scenario_server *s = &sc->servers[i];
    int workers = whole_pool(s);
    bool waits = dist_mean(law(w, "service")) > 0;
    bool computes = dist_mean(law(w, "cpu")) > 0;
    if (workers == 0 || waits == computes)
        return false;
    bool found = waits ? find_waiting(sc, w, &s->settings, workers, b)
                       : find_sharing(sc, w, workers, b);
    /* connect() and the request itself take a round trip each */
    b->figures.response += 2 * simtime_to_s(sc->network.rtt);
    return found;
}
