/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How close is a run to a recording of a real server? Both are read by
 * recording.h; what comes out is a list of metrics with the value of each side
 * and the range within which the simulated one is called equal. Curves are
 * compared as nMAE: the mean absolute difference of the means over each second
 * divided by the highest of the recorded ones (at least 1 process, at least 5
 * of anything else). What the recording does not have is not compared.
 *
 * The tolerances are no tighter than what repeats of the same recording by the
 * same server scatter; where a kind of traffic scatters more, they are wider
 * for that kind. docs/validation.md has the table. */
#ifndef OUTPUTS_COMPARE_H
#define OUTPUTS_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "outputs/recording.h"
#include "sim/err.h"

/* Kinds of traffic that scatter, as bits. */
enum compare_kind {
    COMPARE_RECYCLE = 1, /* MaxConnectionsPerChild is reached again and again */
    COMPARE_BACKLOG = 2, /* the accept queue overflows */
    COMPARE_CPU = 4,     /* the CPU is used up */
    COMPARE_MIX = 8,     /* several kinds of requests at random instants */
    COMPARE_ACTION = 16, /* the parent gets signals */
    COMPARE_FPM = 32     /* requests wait for processes of PHP-FPM */
};

/* One name per kind: "recycle", "backlog", "cpu-bound", "mix", "action",
 * "php-fpm"; NULL at the end. */
extern const char *const compare_kind_names[];

/* The kinds that the name of a case tells: "recycle-short" is COMPARE_RECYCLE.
 */
unsigned compare_kinds(const char *case_name);

struct compare_opts {
    const char *mpm;          /* "worker"; NULL = not known */
    unsigned kinds;           /* of enum compare_kind */
    double duration_s;        /* the curves are compared from 0 to here */
    double processes_until_s; /* the same for those of processes and threads */
};

/* Until when the processes of CASE_NAME and MPM can be compared: the real ones
 * race from there on (repeats of the recording differ); otherwise DURATION_S.
 */
double compare_processes_until(const char *case_name, const char *mpm,
                               double duration_s);

struct compare_metric {
    char name[24];
    double recorded, simulated; /* NAN = did not happen */
    double low, high;           /* allowed; low > high: nothing is */
    bool within;
    double off; /* how far outside, in half-widths of the range; INFINITY */
};

struct compare {
    struct compare_metric *metrics; /* owned */
    size_t n, within;
};

/* Compares RUN with REC. */
void compare_init(struct compare *c, const struct recording *rec,
                  const struct recording *run, const struct compare_opts *o);
void compare_free(struct compare *c);

/* A line per metric; ALL, or only those outside, worst first. COLOUR: what is
 * outside in red. */
void compare_table(FILE *f, const struct compare *c, bool all, bool colour);

/* {"metrics": [{"name", "real", "sim", "low", "high", "ok", "off"}, …],
 * "compared", "within"} with NAME, MPM (may be NULL) as "case" and "mpm"; with
 * a final newline. Caller frees. */
char *compare_json(const struct compare *c, const char *name, const char *mpm);

#endif
