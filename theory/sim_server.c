/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "theory/sim_server.h"

#include "config/reader.h"
#include "models/models.h"
#include "outputs/metrics.h"
#include "server/net.h"
#include "sim/must.h"
#include "workloads/workload.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A server that is up before the first request comes. */
#define HEAD_START (-2 * SIM_S)

struct world {
    struct sim *sim;
    struct arena *arena;
    struct reader reader;
    struct server_conf conf;
    struct server *server;
    struct metrics *metrics;
    const struct observer *inner; /* metrics' */
    struct observer observer;
    simtime_t from;                        /* of the window */
    double served, lost, response, square; /* ns, ns^2 */
};

/* -- set-up -----------------------------------------------------------------
 */

/* TEXT is ours: one directive a line, and none of them wrong. */
static void set_directives(struct world *w, struct directives *d,
                           const char *text)
{
    char line[128];
    for (; *text != '\0'; text += strcspn(text, "\n") + 1) {
        size_t n = strcspn(text, "\n"), name = strcspn(text, " ");
        must(name < n && n < sizeof line && text[n] == '\n');
        memcpy(line, text, n);
        line[name] = line[n] = '\0';
        struct err e;
        err_init(&e);
        int i = directive_find(line, NULL);
        must(i >= 0 && directives_set(d, (enum directive)i, line + name + 1,
                                      true, false, NULL, 0, 0, w->arena, &e));
    }
}

static void open_world(struct world *w, const char *mpm, const char *directives,
                       uint64_t seed, uint64_t replication)
{
    static const char always[] = "KeepAlive Off\nAcceptFilter http none\n";
    struct directives d = { .reqtimeout_loaded = false };
    struct settings_notes notes;
    struct err e;
    err_init(&e);
    w->sim = sim_new(EVQ_WHEEL, HEAD_START);
    w->arena = arena_new();
    w->reader = (struct reader){ .arena = w->arena, .dir = "" };
    w->conf = (struct server_conf){ .name = mpm,
                                    .model = model_find(mpm),
                                    .start = HEAD_START,
                                    .seed = seed,
                                    .replication = replication };
    must(w->conf.model != NULL);
    params_default(&w->reader, machine_params, &w->conf.machine);
    params_default(&w->reader, network_params, &w->conf.network);
    host_ideal(&w->conf.machine, &w->conf.network);
    w->conf.machine.cpus = 1;
    w->conf.network.tcp_syn_retries = 0;
    w->conf.network.tcp_syn_linear_timeouts = 0;
    set_directives(w, &d, always);
    set_directives(w, &d, directives);
    must(settings_resolve(&d, w->conf.model->kind, HTTPD_BASELINE, 1, false,
                          w->arena, &w->conf.settings, &notes, &e));
}

static void close_world(struct world *w)
{
    server_free(w->server);
    metrics_free(w->metrics);
    sim_free(w->sim);
    arena_free(w->arena);
}

/* -- listening --------------------------------------------------------------
 */

static void on_request(void *ctx, const struct request_record *r)
{
    struct world *w = ctx;
    w->inner->request(w->inner->ctx, r);
    if (sim_now(w->sim) < w->from || r->err == REQ_UNFINISHED)
        return;
    if (r->err != REQ_OK) {
        w->lost++;
        return;
    }
    double d = (double)(r->t_done - r->t_start);
    w->served++;
    w->response += d;
    w->square += d * d;
}

static void on_logged(void *ctx, simtime_t d)
{
    struct world *w = ctx;
    w->inner->logged(w->inner->ctx, d);
}

static void on_connected(void *ctx, simtime_t d)
{
    struct world *w = ctx;
    w->inner->connected(w->inner->ctx, d);
}

static void on_arrival(void *ctx)
{
    struct world *w = ctx;
    w->inner->arrival(w->inner->ctx);
}

static void on_message(void *ctx, simtime_t t, const char *module,
                       const char *level, const char *code, const char *text)
{
    struct world *w = ctx;
    w->inner->message(w->inner->ctx, t, module, level, code, text);
}

static void listen_in(struct world *w)
{
    w->inner = metrics_observer(w->metrics);
    w->observer = (struct observer){ .ctx = w,
                                     .request = on_request,
                                     .logged = on_logged,
                                     .connected = on_connected,
                                     .arrival = on_arrival,
                                     .message = on_message };
}

/* -- a workload -------------------------------------------------------------
 */

static void *field(const struct workload_conf *wl, const char *key)
{
    const struct param *p = param_find(wl->type->params, key);
    must(p != NULL);
    return (char *)wl->conf + p->offset;
}

static void set_law(const struct workload_conf *wl, const char *key,
                    struct dist d)
{
    *(struct dist *)field(wl, key) = d;
}

static struct workload_conf make_workload(struct world *w,
                                          const struct served *sv)
{
    const char *type = sv->rate > 0 ? "poisson" : "closed";
    struct workload_conf wl = { .name = type, .type = workload_find(type) };
    must(wl.type != NULL);
    wl.conf = arena_alloc(w->arena, wl.type->conf_size);
    params_default(&w->reader, wl.type->params, wl.conf);
    if (sv->rate > 0) {
        *(double *)field(&wl, "rate") = sv->rate;
    } else {
        *(int64_t *)field(&wl, "clients") = sv->population;
        set_law(&wl, "think", sv->think);
    }
    set_law(&wl, "service", sv->cpu ? dist_constant(0) : sv->service);
    set_law(&wl, "cpu", sv->cpu ? sv->service : dist_constant(0));
    set_law(&wl, "bytes", dist_constant(1));
    return wl;
}

static void report(const struct world *w, const struct served *sv,
                   const struct summary *sum, double f[FIGURES])
{
    for (int i = 0; i < FIGURES; i++)
        f[i] = (double)NAN;
    f[FIG_RATE] = sum->throughput_rps;
    f[FIG_LOST] = w->lost / (w->lost + w->served);
    f[FIG_RESPONSE] = w->response / w->served * 1e-9;
    f[FIG_WAIT] = f[FIG_RESPONSE] - dist_mean(&sv->service) * 1e-9;
    f[FIG_SQUARE] = w->square / w->served * 1e-18;
    f[FIG_P99] = sum->latency.p99_s;
    f[FIG_BUSY] = sum->workers.busy_mean;
    f[FIG_NUMBER] = sum->workers.busy_mean + sum->accept_queue.mean;
    f[FIG_LITTLE] = f[FIG_NUMBER] / (sum->throughput_rps * sum->latency.mean_s);
}

void served_run(const struct served *sv, uint64_t seed, uint64_t replication,
                double figures[FIGURES])
{
    struct world w = { .served = 0 };
    struct err e;
    err_init(&e);
    open_world(&w, sv->mpm, sv->directives, seed, replication);
    w.from = simtime_from_s(sv->warm_up);
    simtime_t end = simtime_from_s(sv->warm_up + sv->length);
    struct metrics_opts mo = {
        .start = HEAD_START,
        .duration = end,
        .warm_up = w.from,
        .interval = 100 * SIM_MS,
        .worker_limit = w.conf.settings.max_request_workers,
        .cpus = w.conf.machine.cpus,
    };
    w.metrics = metrics_new(w.sim, &mo, &e);
    must(w.metrics != NULL);
    listen_in(&w);
    w.server = server_new(w.sim, &w.conf, &w.observer);
    metrics_attach(w.metrics, w.server);
    struct workload_conf wl = make_workload(&w, sv);
    struct workloads *ws = workloads_start(w.sim, w.server, &wl, 1, &w.observer,
                                           seed, replication, end);
    must(sim_run(w.sim, end, NULL));
    server_check(w.server);
    struct summary *sum = must_zalloc(1, sizeof *sum);
    must(metrics_finish(w.metrics, sum, &e));
    report(&w, sv, sum, figures);
    free(sum);
    workloads_finish(ws);
    workloads_free(ws);
    close_world(&w);
}

/* -- batches ----------------------------------------------------------------
 */

#define BATCHES    50
#define BATCH      20
#define BATCH_TIME (10 * SIM_MS)

struct guest {
    simtime_t came;
    uint32_t conn;
};

struct batches {
    struct world *w;
    struct net_client face;
    int population;
    struct sim_timer timer;
    uint32_t next;
    struct guest guests[BATCHES * BATCH];
    double wrong, answered, response;
};

static void batch_comes(void *ctx, uint32_t id)
{
    struct batches *b = ctx;
    const struct link plain = { .tls = false };
    (void)id;
    for (int i = 0; i < BATCH; i++) {
        uint32_t g = b->next++;
        b->guests[g].came = sim_now(b->w->sim);
        b->guests[g].conn = net_connect(b->w->server, b->population, g, &plain);
    }
    if (b->next < BATCHES * BATCH)
        sim_timer_arm(b->w->sim, &b->timer, sim_now(b->w->sim) + SIM_S);
}

static void batch_connected(void *ctx, uint32_t g)
{
    struct batches *b = ctx;
    const struct demand d = { .sleep = BATCH_TIME, .bytes = 1, .head = 256 };
    net_send(b->w->server, b->guests[g].conn, &d);
}

static void batch_response(void *ctx, uint32_t g, int status, bool close,
                           int64_t bytes)
{
    struct batches *b = ctx;
    (void)bytes;
    (void)close;
    simtime_t d = sim_now(b->w->sim) - b->guests[g].came;
    b->wrong += status != 200 || d != (g % BATCH + 1) * BATCH_TIME;
    b->response += (double)d;
    b->answered++;
}

static void batch_failed(void *ctx, uint32_t g, enum req_err why)
{
    struct batches *b = ctx;
    (void)g;
    (void)why;
    b->wrong++;
}

static void batch_closed(void *ctx, uint32_t g, enum net_end how, int64_t bytes)
{
    (void)ctx;
    (void)g;
    (void)how;
    (void)bytes;
}

static void batch_nothing(void *ctx, uint32_t g)
{
    (void)ctx;
    (void)g;
}

void served_batches_run(const char *mpm, uint64_t seed, uint64_t replication,
                        double figures[FIGURES])
{
    bool threaded = strcmp(mpm, "prefork") != 0;
    struct world w = { .served = 0 };
    const struct observer deaf = { .ctx = &w };
    struct batches *b = must_zalloc(1, sizeof *b);
    struct rng r;
    open_world(&w, mpm,
               threaded ? "StartServers 1\nServerLimit 1\nThreadsPerChild 1\n"
                          "MaxRequestWorkers 1\n"
                        : "StartServers 1\nMaxRequestWorkers 1\n",
               seed, replication);
    w.server = server_new(w.sim, &w.conf, &deaf);
    b->w = &w;
    b->face = (struct net_client){ .ctx = b,
                                   .on_connected = batch_connected,
                                   .on_tls = batch_nothing,
                                   .on_failed = batch_failed,
                                   .on_first_byte = batch_nothing,
                                   .on_response = batch_response,
                                   .on_server_close = batch_closed };
    b->population = net_register(w.server, &b->face);
    rng_init(&r, seed, replication, "batches");
    sim_timer_init(w.sim, &b->timer, batch_comes, b, 0);
    sim_timer_arm(w.sim, &b->timer, (simtime_t)rng_below(&r, SIM_S));
    sim_run(w.sim, (BATCHES + 2) * SIM_S, NULL);
    for (int i = 0; i < FIGURES; i++)
        figures[i] = (double)NAN;
    figures[FIG_RESPONSE] = b->response / b->answered * 1e-9;
    figures[FIG_WAIT] = figures[FIG_RESPONSE] - simtime_to_s(BATCH_TIME);
    figures[FIG_WRONG] = b->wrong + (BATCHES * BATCH - b->answered);
    sim_timer_done(w.sim, &b->timer);
    free(b);
    close_world(&w);
}
