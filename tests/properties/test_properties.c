/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random small scenarios in every MPM and several versions: whatever the
 * settings and the clients, the books must balance. */
#include "tests/timelines/rig.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEEDS 150
#define LEAVE (20 * SIM_S)  /* by then every client has gone home */
#define QUIET (500 * SIM_S) /* and by then everything has ended */

static const char *const mpms[] = { "prefork", "worker", "event" };

static int64_t pick(struct rng *r, int64_t lo, int64_t hi)
{
    return lo + (int64_t)rng_below(r, (uint64_t)(hi - lo + 1));
}

static bool chance(struct rng *r, double p)
{
    return rng_unit(r) < p;
}

static void set(struct rig *r, const char *name, int64_t n)
{
    char line[96];
    snprintf(line, sizeof line, "%s %lld", name, (long long)n);
    rig_set(r, line);
}

static void random_host(struct rig *r, struct rng *g)
{
    struct network *n = &r->conf.network;
    if (chance(g, 0.5))
        rig_real_host(r);
    n->rtt = chance(g, 0.3) ? 0 : pick(g, 0, 60) * SIM_MS;
    n->tcp_abort_on_overflow = chance(g, 0.3);
    n->tcp_syncookies = chance(g, 0.5);
    n->tcp_syn_linear_timeouts = chance(g, 0.5) ? 4 : 0;
    n->bandwidth = chance(g, 0.2) ? (double)pick(g, 10000, 1000000) : 0;
    n->send_capacity = chance(g, 0.3) ? pick(g, 3000, 100000) : 0;
    r->conf.machine.cpus = pick(g, 1, 4);
    r->conf.clogging = chance(g, 0.2) ? 0.3 : 0;
}

static void random_settings(struct rig *r, struct rng *g, bool tls)
{
    static const int versions[] = {
        HTTPD_BASELINE,          HTTPD_VERSION(2, 4, 63),
        HTTPD_VERSION(2, 4, 46), HTTPD_VERSION(2, 4, 29),
        HTTPD_VERSION(2, 4, 6),  HTTPD_VERSION(2, 4, 1)
    };
    char line[160];
    r->conf.settings.version = versions[pick(g, 0, 5)];
    r->conf.settings.version =
        chance(g, 0.5) ? HTTPD_BASELINE : r->conf.settings.version;
    if (r->model.threaded) {
        /* at least four workers: with fewer than buckets, MaxRequestWorkers
         * divided by them is 0 and nothing is ever forked (C-40) */
        int64_t tpc = pick(g, 1, 6), n = pick(g, tpc > 3 ? 1 : 5 - tpc, 5);
        set(r, "ThreadsPerChild", tpc);
        set(r, "MaxRequestWorkers", tpc * n);
        set(r, "ServerLimit", chance(g, 0.5) ? n : pick(g, 1, 12));
        set(r, "MinSpareThreads", pick(g, 1, 10));
        set(r, "MaxSpareThreads", pick(g, 1, 20));
    } else {
        set(r, "MaxRequestWorkers", pick(g, 1, 20));
        set(r, "MinSpareServers", pick(g, 1, 5));
        set(r, "MaxSpareServers", pick(g, 1, 10));
    }
    if (!strcmp(r->conf.name, "event"))
        set(r, "AsyncRequestWorkerFactor", pick(g, 1, 3));
    set(r, "StartServers", pick(g, 1, 4));
    set(r, "MaxConnectionsPerChild", chance(g, 0.5) ? 0 : pick(g, 1, 6));
    set(r, "ListenBacklog", pick(g, 1, 20));
    set(r, "MaxKeepAliveRequests", pick(g, 0, 3));
    set(r, "Timeout", pick(g, 1, 5));
    rig_set(r, chance(g, 0.3) ? "KeepAlive Off" : "KeepAlive On");
    snprintf(line, sizeof line, "KeepAliveTimeout %dms", (int)pick(g, 1, 3000));
    rig_set(r, line);
    if (chance(g, 0.3))
        rig_set(r, "AcceptFilter http none\nAcceptFilter https none");
    /* prefork counts idle children over all buckets (C-40): one bucket may be
     * left with clients and no child, rightly */
    if (r->conf.settings.version >= HTTPD_VERSION(2, 4, 17) &&
        r->model.threaded && chance(g, 0.3))
        set(r, "ListenCoresBucketsRatio", pick(g, 1, 2));
    rig_set(r, "Listen 80");
    if (tls || chance(g, 0.3))
        rig_set(r, "Listen 443 https");
    r->dirs.reqtimeout_loaded = chance(g, 0.5);
    if (r->dirs.reqtimeout_loaded && chance(g, 0.5))
        rig_set(r, "RequestReadTimeout header=1-3,MinRate=500 "
                   "body=1,MinRate=500");
}

static struct guest random_guest(struct rng *g, bool tls)
{
    struct guest k = { 0 };
    k.at = pick(g, 0, 10000) * SIM_MS;
    if (chance(g, 0.4)) /* bursts */
        k.at -= k.at % (2 * SIM_S);
    k.leave = chance(g, 0.2) ? k.at + pick(g, 1, 4000) * SIM_MS : LEAVE;
    k.wait = chance(g, 0.3) ? pick(g, 0, 2000) * SIM_MS : 0;
    k.think = chance(g, 0.7) ? pick(g, 0, 3000) * SIM_MS : 0;
    k.requests = (int)pick(g, 1, 5);
    k.connections = (int)pick(g, 1, 4);
    k.silent = chance(g, 0.1);
    k.hold = chance(g, 0.2);
    k.d.sleep = chance(g, 0.6) ? pick(g, 0, 2000) * SIM_MS : 0;
    k.d.cpu = chance(g, 0.3) ? pick(g, 0, 200) * SIM_MS : 0;
    k.d.bytes = chance(g, 0.7) ? pick(g, 0, 2000) : pick(g, 0, 400000);
    k.d.body = chance(g, 0.2) ? pick(g, 0, 20000) : 0;
    k.d.head = (uint16_t)pick(g, 1, 600);
    k.d.file = chance(g, 0.3);
    k.link.tls = tls && chance(g, 0.5);
    k.link.down = chance(g, 0.2) ? (float)pick(g, 1000, 200000) : 0;
    k.link.up = chance(g, 0.2) ? (float)pick(g, 50, 20000) : 0;
    k.link.ignores_fin = chance(g, 0.1);
    return k;
}

static struct rig *scenario(const char *mpm, uint64_t seed)
{
    struct rng g;
    rng_init(&g, seed, 0, mpm);
    struct rig *r = rig_new(mpm, "");
    bool tls = chance(&g, 0.4);
    r->conf.seed = seed;
    random_host(r, &g);
    random_settings(r, &g, tls);
    rig_start(r);
    int64_t n = pick(&g, 1, 80);
    for (int64_t i = 0; i < n; i++) {
        struct guest k = random_guest(&g, tls);
        rig_add(r, &k);
    }
    return r;
}

/* No limit is exceeded, no cell has two owners. */
static void limits_hold(const struct rig *r)
{
    const struct server *s = r->srv;
    const struct settings *set = s->set;
    int64_t cells = s->nslots * (int64_t)s->per_child;
    int64_t squatted = 0;
    uint8_t *owners = calloc((size_t)cells, 1);
    for (uint32_t t = 0; t < s->nblocks * s->per_child; t++) {
        const struct thread *th = thread_at(s, t);
        if (th->child == NONE || th->gone)
            continue;
        const struct child *ch = child_at(s, th->child);
        ck_assert_int_eq(owners[th->cell]++, 0);
        squatted += s->pslots[ch->slot].child != th->child;
        ck_assert_uint_eq(th->cell / s->per_child, ch->slot);
    }
    free(owners);
    if (s->model->kind == MPM_EVENT) {
        ck_assert_int_le(s->live_children, s->nslots);
        ck_assert_int_eq(squatted, 0);
    } else {
        /* W-12: beyond the limit only processes that have been squatted on */
        ck_assert_int_le(s->live_children - s->stopping, set->process_limit);
    }
    int64_t busy = 0;
    for (int st = SLOT_READING; st < SLOT_GRACEFUL; st++)
        busy += s->counts[st];
    if (s->model->kind != MPM_PREFORK) /* zombies of prefork show C */
        ck_assert_int_le(busy, set->process_limit * (int64_t)s->per_child);
    int64_t limit = set->listen_backlog + 1;
    for (int b = 0; b < s->nbuckets; b++)
        for (int i = 0; i < s->buckets[b].nl; i++)
            ck_assert_int_le(s->buckets[b].l[i].len, limit);
}

static uint64_t mix(uint64_t h, int64_t x)
{
    return (h ^ (uint64_t)x) * UINT64_C(0x100000001b3);
}

/* A row of series.csv, digested. */
static uint64_t row(uint64_t h, struct rig *r)
{
    struct snapshot o;
    server_snapshot(r->srv, &o);
    const int64_t v[] = { o.processes,
                          o.processes_scoreboard,
                          o.threads,
                          o.processes_stopping,
                          o.async_connections,
                          o.async_keepalive,
                          o.accept_queue,
                          o.syn_queue,
                          o.established,
                          o.close_wait,
                          o.closing,
                          o.overflows,
                          o.drops,
                          o.private_dirty,
                          o.accept_queue_peak,
                          (int64_t)(o.cpu_s * 1e6) };
    for (size_t i = 0; i < sizeof v / sizeof v[0]; i++)
        h = mix(h, v[i]);
    for (int i = 0; i < SLOT_STATES; i++)
        h = mix(h, o.slots[i]);
    return h;
}

static uint64_t run(struct rig *r)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (simtime_t t = 0; t <= LEAVE + 10 * SIM_S; t += 100 * SIM_MS) {
        rig_run(r, t);
        limits_hold(r);
        h = row(h, r);
    }
    rig_run(r, QUIET);
    for (uint32_t i = 0; i < r->nguests; i++) {
        const struct guest *g = r->guests[i];
        h = mix(mix(mix(h, g->t_done), g->answered), g->t_closed);
    }
    return row(h, r);
}

/* K-11, C-40: the active processes of event are limited over all buckets, so
 * one may be left with clients and no process, rightly. E-12: a process of one
 * thread does not accept again once it has lost a race. */
static bool is_starved(const struct server *s)
{
    if (s->per_child == 1 && s->not_accepting > 0)
        return true;
    int64_t left = s->nbuckets;
    for (int b = 0; b < s->nbuckets; b++)
        for (int64_t i = b; i < s->nslots; i += s->nbuckets)
            if (s->pslots[i].child != NONE) {
                left--;
                break;
            }
    return left > 0;
}

/* Everything has ended and been given back. */
static void books_balance(const struct rig *r)
{
    const struct server *s = r->srv;
    if (is_starved(s))
        return;
    for (uint32_t i = 0; i < r->nguests; i++) {
        const struct guest *g = r->guests[i];
        ck_assert(!g->open);
        ck_assert_int_eq(g->sent, g->answered + g->lost);
        ck_assert_int_le(g->connected + g->failed, g->opened + g->connected);
        ck_assert_int_le(g->connected, g->opened);
    }
    ck_assert_uint_eq(s->conns.live, 0);
    ck_assert_uint_eq(s->txns.live, 0);
    ck_assert_uint_eq(s->links.live, 0);
    ck_assert_int_eq(s->accepted, s->released);
    ck_assert_int_eq(s->queue_len, 0);
    ck_assert_int_eq(s->half_open, 0);
    for (int i = TCP_SYN_RECV; i < TCP_CLASSES; i++)
        ck_assert_int_eq(s->tcp[i], 0);
    ck_assert_int_eq(s->conns_total, 0);
    ck_assert_int_eq(s->conns_lingering, 0);
    ck_assert_int_eq(s->conns_writing, 0);
    ck_assert_int_eq(s->conns_keepalive, 0);
    ck_assert_int_eq(s->not_accepting, 0);
    ck_assert_uint_eq(cpu_running(s->cpu), 0);
    for (int st = SLOT_READING; st < SLOT_CLOSING; st++)
        ck_assert_int_eq(s->counts[st], 0);
    ck_assert_int_eq(s->now.processes_started,
                     s->now.processes_ended + s->live_children);
}

START_TEST(the_books_balance_in_random_scenarios)
{
    struct rig *r = scenario(mpms[_i % 3], (uint64_t)_i);
    (void)run(r);
    books_balance(r);
    rig_free(r);
}
END_TEST

START_TEST(the_same_seed_gives_the_same_series)
{
    struct rig *a = scenario(mpms[_i % 3], 1000 + (uint64_t)_i);
    struct rig *b = scenario(mpms[_i % 3], 1000 + (uint64_t)_i);
    uint64_t first = run(a);
    ck_assert_uint_eq(first, run(b));
    rig_free(a);
    rig_free(b);
}
END_TEST

/* L = lambda W over a long run of Poisson arrivals, queue included. */
START_TEST(littles_law_holds)
{
    struct rig *r = rig_new(mpms[_i], "StartServers 4\nMaxRequestWorkers 40\n"
                                      "KeepAlive Off");
    if (_i > 0)
        rig_set(r, "ThreadsPerChild 10");
    rig_start(r);
    struct rng g;
    rng_init(&g, 7, 0, "little");
    simtime_t at = 0, span = 600 * SIM_S;
    double mean = 35; /* of 40 workers: sometimes there is a queue */
    while (at < span) {
        struct guest k = { .at = at, .d.sleep = simtime_from_s(rng_exp(&g)) };
        rig_add(r, &k);
        at += simtime_from_s(rng_exp(&g) / mean);
    }
    double sum = 0, samples = 0, w = 0;
    simtime_t step = 50 * SIM_MS, end = at + 100 * SIM_S;
    for (simtime_t t = step / 3; t < end; t += step, samples++) {
        (void)sim_run(r->sim, t, NULL);
        int64_t here = r->srv->queue_len;
        for (int st = SLOT_READING; st < SLOT_CLOSING; st++)
            here += rig_slot(r, (enum slot_state)st);
        sum += (double)here;
    }
    server_check(r->srv);
    for (uint32_t i = 0; i < r->nguests; i++)
        w += simtime_to_s(r->guests[i]->t_done - r->guests[i]->t_connected);
    double l = sum / samples, lambda_w = w / simtime_to_s(end);
    ck_assert_int_eq(rig_answered(r), r->nguests);
    ck_assert_double_eq_tol(l, lambda_w, 0.02 * lambda_w);
    rig_free(r);
}
END_TEST

Suite *suite_properties(void);
Suite *suite_properties(void)
{
    Suite *s = suite_create("properties");
    TCase *t = tcase_create("random");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, the_books_balance_in_random_scenarios, 0, SEEDS);
    tcase_add_loop_test(t, the_same_seed_gives_the_same_series, 0, 12);
    tcase_add_loop_test(t, littles_law_holds, 0, 3);
    suite_add_tcase(s, t);
    return s;
}
