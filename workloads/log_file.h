/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An access log as a sequence of requests in order of time. log_read() goes
 * through it once, counts and judges: bad lines, order, stamps that are no
 * arrival process. A short log stays in memory. A long one does not: every
 * run reads it again as it goes on (struct log_reader), in memory that depends
 * on how far lines are out of order, not on how many there are.
 *
 * Stamps of whole seconds: requests are placed at random instants of their
 * second, in their order. Time counts from the first request. */
#ifndef WORKLOADS_LOG_FILE_H
#define WORKLOADS_LOG_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/arena.h"
#include "sim/err.h"
#include "sim/simtime.h"
#include "workloads/log_set.h"

struct log_opts {
    const char *format; /* as log_format_new(), or "auto"; NULL: "auto" */
    simtime_t skip;     /* the replay begins so long after the first */
    uint64_t spread_seed;
    size_t keep;  /* requests kept in memory, more are read again; 0: all */
    bool lenient; /* also when more than 5 % of lines are bad */
    void (*note)(void *ctx, const char *text); /* may be NULL */
    void *note_ctx;
};

/* One request. */
struct log_item {
    simtime_t t;     /* while reading: ns since 1970 */
    uint64_t host;   /* the client */
    uint64_t conn;   /* its connection, or 0 when that is not told */
    uint64_t thread; /* the server's, or 0 */
    int64_t service; /* ns; -1: not told */
    int64_t bytes;
    int64_t in;     /* bytes received; -1 */
    int32_t number; /* requests before it on its connection; -1 */
    uint8_t http;   /* the protocol times 10 */
    char after;     /* %X, or 0 */
    bool post, tls;
};

#define LOG_BAD_SHOWN 3

/* A line that was not understood. */
struct log_bad {
    const char *path;
    long line;
    size_t column;
    enum logline_why why;
};

struct log_file {
    struct log_set *set;
    struct log_opts o;
    unsigned tells;            /* of its format */
    struct log_item *item;     /* in order, placed; NULL: read again */
    size_t nreq;               /* before skip */
    size_t n;                  /* of item */
    size_t lines, bad, silent; /* read, not understood, without a request */
    struct log_bad bad_line[LOG_BAD_SHOWN]; /* the first of them */
    simtime_t first, last;                  /* stamps, ns since 1970 */
    size_t disordered; /* stamped earlier than the line before */
    simtime_t back;    /* the furthest that a line comes too late */
    size_t hosts;
    bool clumped; /* no arrival process: see the note */
    bool har;     /* a HAR file */
    bool jumbled; /* not in order of time: see the note */
    bool tls;     /* some request is known to have used HTTPS */
};

/* Reads the files that PATTERN names (log_set_open()); memory from A. NULL
 * with E filled: ERR_IO, or ERR_CONTENT when more than 5 % of the lines are
 * bad or nothing is left. */
struct log_file *log_read(const char *pattern, const struct log_opts *o,
                          struct arena *a, struct err *e);

/* What the lines are taken to be, for messages. */
const char *log_file_format(const struct log_file *f);

/* The requests of F in order, for one run. Any number of readers may be at
 * work at once. What goes wrong later is kept in *E, which must outlive it. */
struct log_reader;
struct log_reader *log_reader_new(const struct log_file *f, struct err *e);
void log_reader_free(struct log_reader *r);
/* The next one, valid until the next call; NULL at the end and on an error. */
const struct log_item *log_reader_next(struct log_reader *r);
/* Bytes held. */
size_t log_reader_bytes(const struct log_reader *r);

#endif
