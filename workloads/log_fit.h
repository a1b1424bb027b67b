/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A synthetic workload like a log: how clients arrive, how many requests they
 * send, how long they think, how long requests take and how large they are,
 * each fitted to a law (fit.h, fit_arrivals.h). The log is read as its replay
 * reads it (access_log.c): connections, service times and heads are the
 * replay's, with the same assumptions. */
#ifndef WORKLOADS_LOG_FIT_H
#define WORKLOADS_LOG_FIT_H

#include "workloads/fit.h"
#include "workloads/fit_arrivals.h"
#include "workloads/log_tells.h"

struct log_fit_opts {
    const char *format; /* as struct log_opts */
    bool lenient;
    double rate; /* clients per s, instead of the stamps'; 0: fit them */
    void (*note)(void *ctx, const char *text); /* may be NULL */
    void *note_ctx;
};

/* What is fitted. */
enum log_fit_part {
    LOG_FIT_REQUESTS, /* per connection */
    LOG_FIT_THINK,    /* ns, between response and next request */
    LOG_FIT_SERVICE,  /* ns in the handler */
    LOG_FIT_BYTES,    /* of a response's body */
    LOG_FIT_UPLOAD,   /* bytes of a request's body */
    LOG_FIT_PARTS
};

struct log_fit {
    const struct log_file *file;
    size_t requests, conns;
    size_t persistent, tls; /* connections: left open at their end; HTTPS */
    size_t assumed;         /* requests whose service time is not told */
    bool exact;             /* connections as the log tells them */
    bool uploads;           /* some request has a body */
    double head;            /* bytes on average; 0: not told */
    simtime_t span;         /* the log's */
    double lifetime;        /* s, of a connection on average */
    simtime_t gap, rtt, overhead, service; /* assumed: defaults */
    bool fitted; /* arrivals; else `arrivals.rate` was given */
    struct fit_counts counts;
    struct fit_arrivals arrivals;
    struct fit_sample sample[LOG_FIT_PARTS];
    struct fit_laws laws[LOG_FIT_PARTS]; /* of parts with a sample */
};

/* Reads the log PATTERN (log_set_open()) and fits it; memory that is not from
 * A is given back by log_fit_free(), always. False with E filled: as
 * log_read(); ERR_CONTENT when its stamps are no arrival process (and no rate
 * is given) or there are too few. */
bool log_fit(const char *pattern, const struct log_fit_opts *o, struct arena *a,
             struct log_fit *out, struct err *e);
void log_fit_free(struct log_fit *f);

/* Is there anything to say about this part? */
bool log_fit_has(const struct log_fit *f, enum log_fit_part part);

#endif
