/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/whole.h"

#include "bench/bench.h"
#include "config/reader.h"
#include "models/models.h"
#include "outputs/metrics.h"
#include "sim/must.h"
#include "workloads/workload.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_START (-5 * SIM_S)
#define PER_FACTOR 1000 /* clients to one of AsyncRequestWorkerFactor */

struct whole {
    struct sim *sim;
    struct arena *arena;
    struct server_conf conf;
    struct workload_conf workload;
    struct metrics *metrics;
    struct server *server;
    struct workloads *workloads;
    simtime_t end;
    uint64_t seed;
};

static void set_directive(struct whole *w, struct directives *d,
                          enum directive i, const char *value)
{
    struct err e;
    err_init(&e);
    must(directives_set(d, i, value, true, false, NULL, 0, 0, w->arena, &e));
}

static void set_server(struct whole *w, uint64_t clients)
{
    struct directives d = { .reqtimeout_loaded = true };
    struct settings_notes notes;
    struct err e;
    char factor[24];
    err_init(&e);
    (void)snprintf(factor, sizeof factor, "%" PRIu64,
                   (clients + PER_FACTOR - 1) / PER_FACTOR);
    set_directive(w, &d, DIR_ServerLimit, "16");
    set_directive(w, &d, DIR_StartServers, "16");
    set_directive(w, &d, DIR_ThreadLimit, "100");
    set_directive(w, &d, DIR_ThreadsPerChild, "100");
    set_directive(w, &d, DIR_MaxRequestWorkers, "1600");
    set_directive(w, &d, DIR_MinSpareThreads, "1600");
    set_directive(w, &d, DIR_MaxSpareThreads, "1600");
    set_directive(w, &d, DIR_AsyncRequestWorkerFactor, factor);
    set_directive(w, &d, DIR_KeepAliveTimeout, "300");
    must(settings_resolve(&d, MPM_EVENT, HTTPD_BASELINE,
                          (int)w->conf.machine.cpus, false, w->arena,
                          &w->conf.settings, &notes, &e));
}

/* The machine of the defaults, without what it costs and what it limits. */
static void set_machine(struct reader *r, struct machine *m)
{
    params_default(r, machine_params, m);
    for (const struct param *p = machine_params; p->name != NULL; p++)
        if (strncmp(p->name, "cpu_", 4) == 0 &&
            strcmp(p->name, "cpu_slice") != 0)
            *(simtime_t *)(void *)((char *)m + p->offset) = 0;
    m->oom_killer = false;
    m->nofile = m->file_max = INT32_MAX;
}

static void *field(struct whole *w, const char *key)
{
    const struct param *p = param_find(w->workload.type->params, key);
    must(p != NULL);
    return (char *)w->workload.conf + p->offset;
}

void whole_law(struct whole *w, const char *key, struct dist law)
{
    struct err e;
    err_init(&e);
    must(dist_prepare(&law, &e));
    *(struct dist *)field(w, key) = law;
}

struct whole *whole_open(const char *workload, uint64_t clients,
                         simtime_t spread, simtime_t end, uint64_t seed)
{
    struct whole *w = must_zalloc(1, sizeof *w);
    w->arena = arena_new();
    w->end = end;
    w->seed = seed;
    struct reader r = { .arena = w->arena, .dir = "" };
    w->conf = (struct server_conf){ .name = "event",
                                    .model = model_find("event"),
                                    .start = HEAD_START,
                                    .seed = seed };
    must(w->conf.model != NULL);
    set_machine(&r, &w->conf.machine);
    params_default(&r, network_params, &w->conf.network);
    set_server(w, clients);
    w->workload = (struct workload_conf){ .name = workload,
                                          .type = workload_find(workload) };
    must(w->workload.type != NULL);
    w->workload.conf = arena_alloc(w->arena, w->workload.type->conf_size);
    params_default(&r, w->workload.type->params, w->workload.conf);
    *(int64_t *)field(w, "clients") = (int64_t)clients;
    *(simtime_t *)field(w, "spread") = spread;
    whole_law(w, "service", dist_constant((double)SIM_MS));
    return w;
}

double whole_run(struct whole *w, struct summary *out)
{
    struct err e;
    err_init(&e);
    struct metrics_opts mo = {
        .start = HEAD_START,
        .duration = w->end,
        .interval = SIM_S,
        .worker_limit = w->conf.settings.max_request_workers,
        .cpus = w->conf.machine.cpus,
    };
    w->sim = sim_new(EVQ_WHEEL, HEAD_START);
    w->metrics = metrics_new(w->sim, &mo, &e);
    must(w->metrics != NULL);
    const struct observer *obs = metrics_observer(w->metrics);
    w->server = server_new(w->sim, &w->conf, obs);
    metrics_attach(w->metrics, w->server);
    w->workloads = workloads_start(w->sim, w->server, &w->workload, 1, obs,
                                   w->seed, 0, w->end);
    double start = bench_now();
    must(sim_run(w->sim, w->end, NULL));
    double seconds = bench_now() - start;
    server_check(w->server);
    must(metrics_finish(w->metrics, out, &e));
    return seconds;
}

uint64_t whole_events(const struct whole *w)
{
    return sim_event_count(w->sim);
}

void whole_close(struct whole *w)
{
    workloads_free(w->workloads);
    server_free(w->server);
    metrics_free(w->metrics);
    sim_free(w->sim);
    arena_free(w->arena);
    free(w);
}
