/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Replay of an access log in any format (log_format.h). Requests come at the
 * times of the log, later only when the connection's previous response is not
 * complete by then. httpd stamps a request when its line is complete and
 * writes its line when it is over (C-45).
 *
 * Each thing that the log does not say is assumed, and said on the terminal to
 * be: the service time (`service`), which requests shared a connection
 * (`keepalive_gap`), and whether clients left it open afterwards (`hold`;
 * browsers do). Responses are those of a server that works: statuses are not
 * replayed, the time a failed request took is. */
#include "workloads/log_tells.h"
#include "workloads/traffic.h"
#include "workloads/workload.h"

/* Longer logs are read again by each run, and not kept in memory. */
#define KEEP 250000

struct access_log_conf {
    struct traffic traffic; /* without bytes, file, from */
    const char *file, *log_format;
    simtime_t keepalive_gap, skip, overhead;
    double hold;
    bool file_bodies;
    int64_t spread_seed;
};

struct access_log_state {
    struct traffic_streams streams;
    struct clients *cl;
    struct sim *sim;
    struct sim_timer timer; /* the next connection */
    struct log_conns *conns;
    struct err err;
    simtime_t until;
};

#define AT(field) offsetof(struct access_log_conf, field)
/* clang-format off */
static const struct param params[] = {
    { "file", PARAM_STRING, AT(file), NULL, 0, 0, NULL,
      "access log, plain or gzip; with * or ? a set of them, put in order of "
      "time; - is standard input" },
    { "log_format", PARAM_STRING, AT(log_format), "auto", 0, 0, NULL,
      "httpd's LogFormat or nginx's log_format string, or common, combined, "
      "vhost_combined, combinedio, har; httpd_conf: the LogFormat that the "
      "servers' httpd_conf has for this file; auto: the one of these that the "
      "file looks like" },
    { "keepalive_gap", PARAM_TIME, AT(keepalive_gap), "5s", 0, 9.2e18, NULL,
      "requests of a client no further apart share a connection (HTTP/1.1 "
      "and later); default as KeepAliveTimeout; not used when the log tells "
      "connections (%k, $connection)" },
    { "hold", PARAM_REAL, AT(hold), "1", 0, 1, NULL,
      "share of HTTP/1.1 connections that the client leaves open after its "
      "last request, as browsers do" },
    { "overhead", PARAM_TIME, AT(overhead), "200us", 0, 1e9, NULL,
      "httpd's own part of a logged service time, which the simulated server "
      "adds again" },
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

static struct log_assumed assumed(const struct access_log_conf *c)
{
    return (struct log_assumed){
        .file = c->file,
        .service = &c->traffic.service,
        .cpu = &c->traffic.cpu,
        .keepalive_gap = c->keepalive_gap,
        .overhead = c->overhead,
    };
}

static bool load(const void *conf, struct arena *a, bool lenient,
                 void (*note)(void *ctx, const char *text), void *note_ctx,
                 void **shared, struct err *e)
{
    const struct access_log_conf *c = conf;
    struct log_opts o = {
        .format = c->log_format,
        .skip = c->skip,
        .spread_seed = (uint64_t)c->spread_seed,
        .keep = KEEP,
        .lenient = lenient,
        .note = note,
        .note_ctx = note_ctx,
    };
    struct log_file *f = log_read(c->file, &o, a, e);
    struct log_assumed m = assumed(c);
    if (!f)
        return false;
    if (note) {
        log_note_conns(&m, f, a, note, note_ctx);
        log_note_service(&m, f, a, note, note_ctx);
    }
    *shared = f;
    return true;
}

static bool uses_tls(const void *conf, const void *shared)
{
    const struct access_log_conf *c = conf;
    const struct log_file *f = shared;
    return traffic_uses_tls(&c->traffic) || (f && f->tls);
}

/* ---- a run ---- */

/* Connects those who are due, and waits for the next. */
static void on_due(void *ctx, uint32_t id)
{
    struct access_log_state *s = ctx;
    simtime_t now = sim_now(s->sim), at;
    uint32_t number;
    (void)id;
    while (log_conns_next(s->conns, now, &number, &at))
        clients_add(s->cl, number, now);
    if (at < s->until && at <= clients_end(s->cl))
        sim_timer_arm(s->sim, &s->timer, at);
}

static void start(void *state, const void *conf, const void *shared,
                  struct clients *cl)
{
    struct access_log_state *s = state;
    const struct access_log_conf *c = conf;
    struct log_assumed m = assumed(c);
    struct log_conns_opts o = log_assumed_conns(&m);
    traffic_start(&c->traffic, &s->streams, cl);
    s->cl = cl;
    s->sim = clients_sim(cl);
    s->until = c->traffic.until > 0 ? c->traffic.until : SIM_NEVER;
    err_init(&s->err);
    s->conns = log_conns_new(shared, &o, &s->err);
    sim_timer_init(s->sim, &s->timer, on_due, s, 0);
    sim_timer_arm(s->sim, &s->timer, 0);
}

static void link_of(void *state, const void *conf, const void *shared,
                    uint32_t client, struct link *link)
{
    const struct access_log_state *s = state;
    const struct access_log_conf *c = conf;
    (void)shared;
    traffic_link(&c->traffic, &s->streams, client, link);
    link->tls = link->tls || log_conns_tls(s->conns, client);
}

/* The logged time of Q, as far as it is known, in place of the assumed one.
 * The part of it that is CPU is that of the law. */
static void put_service(const struct access_log_conf *c,
                        const struct log_file *f, const struct log_item *q,
                        struct demand *d)
{
    struct log_assumed m = assumed(c);
    simtime_t left = log_handler_time(&m, f, q);
    if (left < 0)
        return;
    if (d->cpu > left)
        d->cpu = left;
    d->sleep = left - d->cpu;
    d->to_log = true;
}

static void put_sizes(const struct access_log_conf *c, const struct log_item *q,
                      struct demand *d)
{
    d->bytes = q->bytes;
    d->file = c->file_bodies;
    log_request_bytes(q, &d->head, &d->body);
}

static bool next(void *state, const void *conf, const void *shared,
                 uint32_t client, uint32_t n, struct demand *d,
                 simtime_t *think)
{
    const struct access_log_state *s = state;
    const struct access_log_conf *c = conf;
    const struct log_item *q = log_conns_request(s->conns, client, n);
    if (!q)
        return false;
    if (think && n > 0) {
        simtime_t now = sim_now(s->sim);
        *think = q->t > now ? q->t - now : 0;
    }
    if (d) {
        traffic_demand(&c->traffic, &s->streams, client, n, d);
        put_service(c, shared, q, d);
        put_sizes(c, q, d);
    }
    return true;
}

static bool hold(void *state, const void *conf, const void *shared,
                 uint32_t client)
{
    const struct access_log_state *s = state;
    const struct access_log_conf *c = conf;
    (void)shared;
    return log_conns_persistent(s->conns, client) &&
           traffic_unit(&s->streams, client, 2) < c->hold;
}

static void ended(void *state, const void *conf, const void *shared,
                  struct clients *cl, uint32_t client)
{
    struct access_log_state *s = state;
    (void)conf;
    (void)shared;
    (void)cl;
    log_conns_ended(s->conns, client);
}

static bool failed(const void *state, struct err *e)
{
    const struct access_log_state *s = state;
    if (s->err.kind == ERR_NONE)
        return false;
    err_at(e, s->err.kind, s->err.file, s->err.line, s->err.col, NULL, "%s",
           s->err.text);
    return true;
}

static void stop(void *state)
{
    struct access_log_state *s = state;
    if (!s->conns)
        return;
    sim_timer_done(s->sim, &s->timer);
    log_conns_free(s->conns);
    err_clear(&s->err);
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
    .link = link_of,
    .next = next,
    .hold = hold,
    .ended = ended,
    .failed = failed,
    .stop = stop,
};
