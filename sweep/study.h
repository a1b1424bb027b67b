/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A few metrics of every server at every point of a sweep, side by side: what
 * the curves and the ranking are made of. */
#ifndef SWEEP_STUDY_H
#define SWEEP_STUDY_H

#include "sweep/points.h"
#include "sweep/result.h"

#define STUDY_SERVERS 64

struct study_cell {
    double mean, low, high; /* NAN: none */
    const double *runs;     /* of each replication */
    size_t nruns;
};

struct study {
    const struct points *points;
    const char *const *metrics;
    size_t nmetrics;
    const char *servers[STUDY_SERVERS]; /* in order of first appearance */
    size_t nservers;
    struct arena *arena;
    struct study_cell **cells; /* [server][point * nmetrics + metric] */
};

/* The metrics that are looked at when nobody names any; NULL at the end. */
extern const char *const study_metrics[];

/* Prepares S for the N METRICS (kept, as is P). */
void study_init(struct study *s, const struct points *p,
                const char *const *metrics, size_t n);
void study_free(struct study *s);

/* Takes what it wants of the results R of point I. */
void study_add(struct study *s, size_t i, const struct result *r);

/* Never NULL. */
const struct study_cell *study_get(const struct study *s, size_t point,
                                   size_t server, size_t metric);

#endif
