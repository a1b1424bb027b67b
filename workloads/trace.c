/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Replay of a trace file: every connection and every request as listed. */
#include "workloads/client.h"
#include "workloads/trace_file.h"
#include "workloads/workload.h"

struct trace_conf {
    const char *file;
};

/* clang-format off */
static const struct param params[] = {
    { "file", PARAM_STRING, offsetof(struct trace_conf, file), NULL, 0, 0,
      NULL, "CSV, one row per request: " TRACE_HEADER },
    { .name = NULL }
};
/* clang-format on */

static bool load(const void *conf, struct arena *a, bool lenient,
                 void (*note)(void *ctx, const char *text), void *note_ctx,
                 void **shared, struct err *e)
{
    const struct trace_conf *c = conf;
    struct trace *t = trace_read(c->file, a, e);
    (void)lenient;
    if (!t)
        return false;
    if (t->nconn == 0 && note)
        note(note_ctx,
             arena_printf(a,
                          "%s: the trace has no rows: the servers will "
                          "stand idle",
                          c->file));
    *shared = t;
    return true;
}

static bool uses_tls(const void *conf, const void *shared)
{
    const struct trace *t = shared;
    (void)conf;
    return t->tls;
}

static simtime_t arrive(void *state, const void *conf, const void *shared,
                        uint32_t k)
{
    const struct trace *t = shared;
    (void)state;
    (void)conf;
    return k < t->nconn ? t->conn[k].start : SIM_NEVER;
}

static void link_of(void *state, const void *conf, const void *shared,
                    uint32_t client, struct link *link)
{
    const struct trace *t = shared;
    const struct trace_conn *c = &t->conn[client];
    (void)state;
    (void)conf;
    link->down = c->down;
    link->up = c->up;
    link->tls = c->tls;
}

static bool next(void *state, const void *conf, const void *shared,
                 uint32_t client, uint32_t n, struct demand *d,
                 simtime_t *think)
{
    const struct trace *t = shared;
    const struct trace_conn *c = &t->conn[client];
    const struct trace_req *q;
    (void)state;
    (void)conf;
    if (n >= c->n)
        return false;
    q = &t->req[c->first + n];
    if (think)
        *think = q->think;
    if (d) {
        d->sleep = q->sleep;
        d->cpu = q->cpu;
        d->bytes = (int64_t)(q->body >> 1);
        d->file = q->body & 1;
    }
    return true;
}

static bool hold(void *state, const void *conf, const void *shared,
                 uint32_t client)
{
    const struct trace *t = shared;
    (void)state;
    (void)conf;
    return t->conn[client].hold;
}

static uint32_t number(const void *conf, const void *shared, uint32_t client)
{
    const struct trace *t = shared;
    (void)conf;
    return t->conn[client].id;
}

const struct workload workload_trace = {
    .name = "trace",
    .summary = "connections and requests listed in a CSV file",
    .params = params,
    .conf_size = sizeof(struct trace_conf),
    .load = load,
    .uses_tls = uses_tls,
    .arrive = arrive,
    .link = link_of,
    .next = next,
    .hold = hold,
    .number = number,
    .fixed_list = true,
};
