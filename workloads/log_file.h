/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An access log, read into connections and requests. A log in Common or
 * Combined format tells neither: connections are rebuilt from the client's
 * address and the gaps between its requests, which is an estimate, and is said
 * to be one. Stamps have whole seconds: requests are placed at random instants
 * of their second, in their order. Time counts from the first request.
 *
 * Memory: 16 bytes a request and 4 a connection, and while reading 24 a
 * request and 32 a client. */
#ifndef WORKLOADS_LOG_FILE_H
#define WORKLOADS_LOG_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/arena.h"
#include "sim/err.h"
#include "sim/simtime.h"

struct log_opts {
    simtime_t keepalive_gap; /* longest gap between requests of a connection */
    simtime_t busy;          /* a request keeps its connection for so long */
    simtime_t skip;          /* the replay begins so long after the first */
    uint64_t spread_seed;
    bool lenient; /* also when more than 5 % of lines are bad */
    void (*note)(void *ctx, const char *text); /* may be NULL */
    void *note_ctx;
};

struct log_req {
    simtime_t t;
    int64_t bytes;
};

struct log_file {
    struct log_req *req;       /* by connection, in order of time in each */
    uint32_t *first;           /* of each connection, nconn + 1 of them */
    size_t nconn, nreq;        /* connections in order of their first request */
    size_t lines, bad, silent; /* read, not understood, without a request */
    size_t disordered;         /* stamped earlier than the line before */
    bool clumped;              /* no arrival process: see the note */
};

/* The bit in conn's first word: did it speak HTTP/1.1 or later? Such
 * connections are left open by browsers. */
#define LOG_CONN_PERSISTENT 0x80000000u
#define LOG_CONN_FIRST      0x7fffffffu

static inline size_t log_conn_first(const struct log_file *f, size_t conn)
{
    return f->first[conn] & LOG_CONN_FIRST;
}

static inline bool log_conn_persistent(const struct log_file *f, size_t conn)
{
    return (f->first[conn] & LOG_CONN_PERSISTENT) != 0;
}

/* Reads PATH, plain or gzip; memory from A. NULL with E filled: ERR_IO, or
 * ERR_CONTENT when more than 5 % of the lines are bad or nothing is left. */
struct log_file *log_read(const char *path, const struct log_opts *o,
                          struct arena *a, struct err *e);

#endif
