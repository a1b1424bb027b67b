/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a log tells and what is assumed instead: the same for its replay
 * (access_log.c) and for what is fitted to it (log_fit.c). */
#ifndef WORKLOADS_LOG_TELLS_H
#define WORKLOADS_LOG_TELLS_H

#include "sim/arena.h"
#include "sim/dist.h"
#include "workloads/log_conns.h"

struct log_assumed {
    const char *file;           /* as messages name it */
    const struct dist *service; /* where the log has no service time, and */
    const struct dist *cpu;     /* its part that is CPU time */
    simtime_t keepalive_gap;    /* where it tells no connections */
    simtime_t overhead;         /* httpd's own part of a logged time */
};

/* How connections are told or estimated. */
struct log_conns_opts log_assumed_conns(const struct log_assumed *m);

/* How long the handler of Q took, ns >= 0; -1: assume it. */
int64_t log_handler_time(const struct log_assumed *m, const struct log_file *f,
                         const struct log_item *q);

/* Puts the bytes that Q received, if they are told, into *HEAD (bytes of a
 * request head) or, of an upload, into *BODY what is beyond *HEAD. */
void log_request_bytes(const struct log_item *q, uint16_t *head, int64_t *body);

/* Remarks on F's connections and service times, to NOTE; text from A. */
void log_note_conns(const struct log_assumed *m, const struct log_file *f,
                    struct arena *a, void (*note)(void *ctx, const char *text),
                    void *ctx);
void log_note_service(const struct log_assumed *m, const struct log_file *f,
                      struct arena *a,
                      void (*note)(void *ctx, const char *text), void *ctx);

#endif
