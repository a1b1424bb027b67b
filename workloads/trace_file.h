/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Trace files: which connections are opened when, and what is asked on them.
 * CSV with the header TRACE_HEADER and one row per request; a connection's
 * rows stand together, connections in the order of their start times. */
#ifndef WORKLOADS_TRACE_FILE_H
#define WORKLOADS_TRACE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/arena.h"
#include "sim/err.h"
#include "sim/simtime.h"

#define TRACE_HEADER                                                           \
    "conn,start_s,tls,down_Bps,up_Bps,req,think_s,sleep_ms,cpu_ms,bytes,"      \
    "file,hold"
#define TRACE_COLUMNS 12

struct trace_req {
    simtime_t think, sleep, cpu;
    uint64_t body; /* bytes * 2, plus 1 for a file */
};

struct trace_conn {
    simtime_t start;
    uint32_t id;    /* as in the file */
    uint32_t first; /* its first request */
    uint32_t n;     /* its requests */
    float down, up; /* bytes per second, 0 = no limit */
    bool tls, hold;
};

struct trace {
    struct trace_conn *conn;
    struct trace_req *req;
    size_t nconn, nreq;
    bool tls; /* some connection uses it */
};

/* Reads PATH, plain or gzip; memory from A. NULL with E filled: ERR_IO, or
 * ERR_CONTENT with line, column, what was found and what is allowed. */
struct trace *trace_read(const char *path, struct arena *a, struct err *e);

#endif
