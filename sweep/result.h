/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The results of one point: a row per server and metric with mean, 95 %
 * interval and the number of each replication. As text it is what the journal
 * keeps; the same numbers, as they are printed, go into every table, so that
 * nothing depends on whether a point was computed now, before or elsewhere. */
#ifndef SWEEP_RESULT_H
#define SWEEP_RESULT_H

#include <stdbool.h>
#include <stddef.h>

#include "outputs/summary.h"

struct result_row {
    const char *server, *mpm, *metric;
    const char *fields;     /* "server,mpm,runs,metric,mean,low,high" */
    size_t len;             /* of fields */
    double mean, low, high; /* NAN: none */
    const double *runs;     /* each replication; NAN: none */
    size_t nruns;
};

struct result {
    struct result_row *rows;
    size_t n;
    char *text; /* names lie in it */
    double *runs;
};

/* What one server did at a point. */
struct result_server {
    const char *name, *mpm;
    const struct summary *runs; /* one per replication */
    size_t nruns;
};

/* The rows of N servers as text, a line each. Caller frees. */
char *result_text(const struct result_server *servers, size_t n);

/* Reads what result_text() made; false for anything else. TEXT is copied. */
bool result_parse(struct result *r, const char *text);
void result_free(struct result *r);

/* The row of SERVER and METRIC, or NULL. O(rows). */
const struct result_row *result_find(const struct result *r, const char *server,
                                     const char *metric);

#endif
