/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Replay of an access log in Common or Combined Log Format. Requests come at
 * the times of the log, later only when the connection's previous response is
 * not complete by then. In a real log the stamp is the moment the request line
 * was complete and lines are in order of completion (C-45).
 *
 * What such a log does not say is assumed, and each assumption is said on the
 * terminal: the service time (`service`), which requests shared a connection
 * (`keepalive_gap`), and whether clients left it open afterwards (`hold`;
 * browsers do). */
#include <stdio.h>

#include "workloads/log_file.h"
#include "workloads/traffic.h"
#include "workloads/workload.h"

struct access_log_conf {
    struct traffic traffic; /* without bytes, file, from */
    const char *file;
    simtime_t keepalive_gap, skip;
    double hold;
    bool file_bodies;
    int64_t spread_seed;
};

struct access_log_state {
    struct traffic_streams streams;
    struct sim *sim;
};

#define AT(field) offsetof(struct access_log_conf, field)
/* clang-format off */
static const struct param params[] = {
    { "file", PARAM_STRING, AT(file), NULL, 0, 0, NULL,
      "access log in Common or Combined Log Format, plain or gzip" },
    { "keepalive_gap", PARAM_TIME, AT(keepalive_gap), "5s", 0, 9.2e18, NULL,
      "requests of a client no further apart share a connection (HTTP/1.1 "
      "and later); default as KeepAliveTimeout" },
    { "hold", PARAM_REAL, AT(hold), "1", 0, 1, NULL,
      "share of HTTP/1.1 connections that the client leaves open after its "
      "last request, as browsers do" },
    { "file_bodies", PARAM_BOOL, AT(file_bodies), "false", 0, 0, NULL,
      "bodies are files (sendfile) instead of generated in memory" },
    { "skip", PARAM_TIME, AT(skip), "0", 0, 9.2e18, NULL,
      "leave out so much of the beginning" },
    { "until", PARAM_TIME, AT(traffic.until), "0", 0, 9.2e18, NULL,
      "no request is sent from here on; 0 = to the end of the run" },
    { "spread_seed", PARAM_INT, AT(spread_seed), "1", 0, 9e15, NULL,
      "seed of the instants within each second" },
    TRAFFIC_SERVICE_PARAMS(struct access_log_conf, traffic),
    TRAFFIC_LINK_PARAMS(struct access_log_conf, traffic),
    { .name = NULL }
};
/* clang-format on */

/* The assumption about service times, and what would make it needless. */
static void note_service(const struct access_log_conf *c, struct arena *a,
                         void (*note)(void *ctx, const char *text),
                         void *note_ctx)
{
    const struct dist *d = &c->traffic.service;
    char mean[32];
    simtime_format((simtime_t)dist_mean(d), mean, sizeof mean);
    note(note_ctx,
         arena_printf(a,
                      "%s: the log has no service times: %s%s assumed for "
                      "each request (key service); to log them: LogFormat "
                      "\"%%h %%l %%u %%t \\\"%%r\\\" %%>s %%b "
                      "\\\"%%{Referer}i\\\" \\\"%%{User-Agent}i\\\" %%D %%k\" "
                      "timed",
                      c->file,
                      d->kind == DIST_CONSTANT ? "" : dist_name(d->kind),
                      d->kind == DIST_CONSTANT
                          ? mean
                          : arena_printf(a, ", on average %s", mean)));
}

static bool load(const void *conf, struct arena *a, bool lenient,
                 void (*note)(void *ctx, const char *text), void *note_ctx,
                 void **shared, struct err *e)
{
    const struct access_log_conf *c = conf;
    struct log_opts o = {
        .keepalive_gap = c->keepalive_gap,
        .busy = (simtime_t)(dist_mean(&c->traffic.service) +
                            dist_mean(&c->traffic.cpu)),
        .skip = c->skip,
        .spread_seed = (uint64_t)c->spread_seed,
        .lenient = lenient,
        .note = note,
        .note_ctx = note_ctx,
    };
    struct log_file *f = log_read(c->file, &o, a, e);
    if (!f)
        return false;
    if (note)
        note_service(c, a, note, note_ctx);
    *shared = f;
    return true;
}

static bool uses_tls(const void *conf, const void *shared)
{
    const struct access_log_conf *c = conf;
    (void)shared;
    return traffic_uses_tls(&c->traffic);
}

static void start(void *state, const void *conf, const void *shared,
                  struct clients *cl)
{
    struct access_log_state *s = state;
    const struct access_log_conf *c = conf;
    (void)shared;
    traffic_start(&c->traffic, &s->streams, cl);
    s->sim = clients_sim(cl);
}

static simtime_t arrive(void *state, const void *conf, const void *shared,
                        uint32_t k)
{
    const struct log_file *f = shared;
    (void)state;
    (void)conf;
    return k < f->nconn ? f->req[log_conn_first(f, k)].t : SIM_NEVER;
}

static void link_of(void *state, const void *conf, const void *shared,
                    uint32_t client, struct link *link)
{
    const struct access_log_state *s = state;
    const struct access_log_conf *c = conf;
    (void)shared;
    traffic_link(&c->traffic, &s->streams, client, link);
}

static bool next(void *state, const void *conf, const void *shared,
                 uint32_t client, uint32_t n, struct demand *d,
                 simtime_t *think)
{
    const struct access_log_state *s = state;
    const struct access_log_conf *c = conf;
    const struct log_file *f = shared;
    size_t first = log_conn_first(f, client);
    if (n >= log_conn_first(f, client + 1) - first)
        return false;
    if (think && n > 0) {
        simtime_t due = f->req[first + n].t, now = sim_now(s->sim);
        *think = due > now ? due - now : 0;
    }
    if (d) {
        traffic_demand(&c->traffic, &s->streams, client, n, d);
        d->bytes = f->req[first + n].bytes;
        d->file = c->file_bodies;
    }
    return true;
}

static bool hold(void *state, const void *conf, const void *shared,
                 uint32_t client)
{
    const struct access_log_state *s = state;
    const struct access_log_conf *c = conf;
    return log_conn_persistent(shared, client) &&
           traffic_unit(&s->streams, client, 2) < c->hold;
}

const struct workload workload_access_log = {
    .name = "access_log",
    .summary = "the requests of an access log, at the times of the log",
    .params = params,
    .conf_size = sizeof(struct access_log_conf),
    .load = load,
    .uses_tls = uses_tls,
    .state_size = sizeof(struct access_log_state),
    .start = start,
    .arrive = arrive,
    .link = link_of,
    .next = next,
    .hold = hold,
};
