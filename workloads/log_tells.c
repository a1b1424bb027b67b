/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workloads/log_tells.h"

#include <stdio.h>

struct log_conns_opts log_assumed_conns(const struct log_assumed *m)
{
    return (struct log_conns_opts){
        .keepalive_gap = m->keepalive_gap,
        .linger = m->keepalive_gap,
        .busy = (simtime_t)(dist_mean(m->service) + dist_mean(m->cpu)),
    };
}

int64_t log_handler_time(const struct log_assumed *m, const struct log_file *f,
                         const struct log_item *q)
{
    simtime_t left = q->service - m->overhead;
    if (q->service < 0)
        return -1;
    if (!(f->tells & LOG_TELLS_SERVICE)) {
        if (q->service == 0)
            return -1;
        left += SIM_S / 2;
    }
    return left > 0 ? left : 0;
}

void log_request_bytes(const struct log_item *q, uint16_t *head, int64_t *body)
{
    if (q->in <= 0)
        return;
    if (q->post)
        *body = q->in > *head ? q->in - *head : 0;
    else
        *head = (uint16_t)(q->in < UINT16_MAX ? q->in : UINT16_MAX);
}

void log_note_service(const struct log_assumed *m, const struct log_file *f,
                      struct arena *a,
                      void (*note)(void *ctx, const char *text), void *ctx)
{
    const struct dist *d = m->service;
    const char *field = log_format_service(f->set->format);
    char mean[32];
    simtime_format((simtime_t)dist_mean(d), mean, sizeof mean);
    if (f->tells & LOG_TELLS_SERVICE) {
        note(ctx, arena_printf(a,
                               "%s: service times are those of the log (%s), "
                               "less overhead",
                               m->file, field));
        return;
    }
    if (f->tells & LOG_TELLS_SERVICE_S)
        note(ctx,
             arena_printf(a,
                          "%s: %s has whole seconds: half a second is added "
                          "from 1 s on; below:",
                          m->file, field));
    note(ctx, arena_printf(a,
                           "%s: the log has no service times: %s%s assumed for "
                           "each request (key service); to log them: LogFormat "
                           "\"%%h %%l %%u %%t \\\"%%r\\\" %%>s %%b "
                           "\\\"%%{Referer}i\\\" \\\"%%{User-Agent}i\\\" "
                           "%%D %%k\" timed",
                           m->file,
                           d->kind == DIST_CONSTANT ? "" : dist_name(d->kind),
                           d->kind == DIST_CONSTANT
                               ? mean
                               : arena_printf(a, ", on average %s", mean)));
}

void log_note_conns(const struct log_assumed *m, const struct log_file *f,
                    struct arena *a, void (*note)(void *ctx, const char *text),
                    void *ctx)
{
    struct log_conns_opts o = log_assumed_conns(m);
    char gap[32], busy[32], count[32] = "";
    if (f->item)
        snprintf(count, sizeof count, "%lu ",
                 (unsigned long)log_conns_total(f, &o));
    if (log_conns_exact(f)) {
        note(ctx,
             arena_printf(a, "%s: %sconnections, as the log tells them%s",
                          m->file, count,
                          f->tells & (LOG_TELLS_CONN | LOG_TELLS_PEER)
                              ? ""
                              : " (by the number of requests before on the "
                                "connection)"));
        return;
    }
    note(ctx,
         arena_printf(a,
                      "%s: %sconnections, an estimate: a client's request "
                      "comes on a connection it used at most %s "
                      "(keepalive_gap) and at least %s (service) before, else "
                      "on a new one; HTTP/1.0 and older: one request each",
                      m->file, count,
                      simtime_format(o.keepalive_gap, gap, sizeof gap),
                      f->tells & LOG_TELLS_SERVICE
                          ? "its service time"
                          : simtime_format(o.busy, busy, sizeof busy)));
}
