/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What happened at one server, read back from its folder: series.csv,
 * requests.csv and events.csv as metrics.h writes them, or as somebody recorded
 * them from a real server. A recording may lack files and columns, and columns
 * that nobody knows are left alone; what is there has to be well-formed.
 *
 * All memory is the recording's. Reading is linear in the size of the files. */
#ifndef OUTPUTS_RECORDING_H
#define OUTPUTS_RECORDING_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/err.h"

/* The columns that are read, then those that follow from them. */
enum recording_column {
    RECORDING_PROCESSES,
    RECORDING_THREADS,
    RECORDING_READY,
    RECORDING_READING,
    RECORDING_WRITING,
    RECORDING_LOGGING,
    RECORDING_KEEPALIVE,
    RECORDING_GRACEFUL,
    RECORDING_ESTABLISHED,
    RECORDING_CLOSE_WAIT,
    RECORDING_ACCEPTQ,
    RECORDING_OVERFLOWS,
    RECORDING_PRIVATE_KIB,
    RECORDING_CPU_S,
    RECORDING_READ,                  /* how many are columns of the file */
    RECORDING_BUSY = RECORDING_READ, /* reading + writing + logging */
    RECORDING_CONNS,                 /* established + close_wait - acceptq */
    RECORDING_IDLE_CONNS,            /* conns - busy */
    RECORDING_COLUMNS
};

/* Times in seconds, NAN for what did not happen. */
struct recording_request {
    double start, connected, first_byte, done, server_close;
    int status;   /* 0 = none */
    bool close;   /* the response said Connection: close */
    char err[16]; /* "" = fine */
};

struct recording_event {
    double t_s;
    char module[24], code[12];
};

struct recording {
    size_t n;  /* rows of series.csv, in order of time */
    double *t; /* seconds */
    double *column[RECORDING_COLUMNS]; /* NULL: nothing there; NAN: blank */
    bool has_requests, has_events;     /* the file is there */
    struct recording_request *requests;
    size_t nrequests;
    struct recording_event *events;
    size_t nevents;
};

/* Reads DIR into *R (overwritten). False: ERR_IO when DIR holds neither a
 * series.csv nor a requests.csv or a file cannot be read, ERR_CONTENT with file
 * and line for what is malformed; nothing has to be freed then. */
bool recording_read(struct recording *r, const char *dir, struct err *e);
void recording_free(struct recording *r);

/* The time of the last row, or of the last request; 0 for an empty one. */
double recording_end(const struct recording *r);

/* OUT[k], k < N: the mean of column C's samples in [k, k+1) x WIDTH seconds; a
 * bin without any repeats the one before it, 0 at first. C must be there. */
void recording_means(const struct recording *r, enum recording_column c,
                     double width, size_t n, double *out);

#endif
