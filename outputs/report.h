/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Results for people and programs: summary.json, the table on the terminal,
 * the verdict, and the check of expectations. Nothing here knows
 * of scenarios; cli/ fills a struct report from one. All pointers are
 * borrowed. */
#ifndef OUTPUTS_REPORT_H
#define OUTPUTS_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "outputs/summary.h"
#include "server/settings.h"
#include "sim/err.h"
#include "sim/simtime.h"

struct report_server {
    const char *name;
    const char *mpm; /* the model's name: "prefork", "event", "nginx" … */
    const struct settings *settings; /* effective; NULL = no directives */
    const struct summary *sum;       /* mean over the replications */
    const struct summary_ci *ci;     /* NULL with one replication */
    const struct summary *runs;      /* the replications, in order, or NULL */
    size_t nruns;
};

struct report {
    const char *version; /* of mpmsim */
    const char *title;   /* may be NULL */
    const char *file, *sha256;
    uint64_t seed;
    simtime_t duration, warm_up;
    int64_t replications;
    bool partial;
    bool tls; /* some connections use it */
    const struct report_server *servers;
    size_t n;
};

/* summary.json as text, with a final newline. Caller frees. */
char *report_json(const struct report *r);

/* Writes TEXT to a new file PATH; ERR_IO with the reason. */
bool report_write(const char *path, const char *text, struct err *e);

/* The table with a column per server and the messages below it. COLOUR:
 * errors in red; the caller decides (terminal, NO_COLOR). Write errors are
 * left in F. */
void report_table(FILE *f, const struct report *r, bool colour);

/* Some sentences on one line, without newline: who did best and what was in
 * the servers' way, or that there is no difference to clients. Computed from
 * the results alone; docs/outputs.md has the rules. Caller frees. */
char *report_verdict(const struct report *r);

/* The number at "SERVER.METRIC" ("event.latency.p99_s"). False (ERR_CONTENT,
 * text only, with a suggestion) when there is no such server or metric.
 * *VALUE is NAN for null. */
bool report_lookup(const struct report *r, const char *path, double *value,
                   struct err *e);

/* One expectation: PATH OP RHS, or PATH OP RHS_PATH when that is not NULL. OP
 * as in struct expectation: 0 <, 1 <=, 2 >, 3 >=, 4 ==. Null compares as not
 * holding. */
enum report_outcome { REPORT_HOLDS, REPORT_FAILS, REPORT_UNKNOWN };
/* *LINE (caller frees) says what was found, such as "does not hold:
 * event.latency.p99_s < 0.2 (found 0.31)"; TEXT is the expectation as
 * written. REPORT_UNKNOWN: no such server or metric; *LINE says so. */
enum report_outcome report_expect(const struct report *r, const char *text,
                                  const char *path, int op,
                                  const char *rhs_path, double rhs,
                                  char **line);

#endif
