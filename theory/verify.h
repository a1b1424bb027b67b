/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The simulator against queueing theory. Every system whose answer is known in
 * closed form (theory/queues.h) is simulated in independent replications with
 * the simulator's own parts; each measured figure is held against its theory.
 *
 * The criterion: with m figures and n replications, a figure holds when the
 * theory lies within the Student-t interval of confidence 1 - 0.001/m
 * (Bonferroni), so that a correct simulator fails in at most one of a thousand
 * seeds; a figure that theory fixes in every replication must be met exactly
 * (to 1e-9 of it). */
#ifndef THEORY_VERIFY_H
#define THEORY_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VERIFY_CONFIDENCE 0.999 /* of the family */

struct verify_row {
    const char *system; /* "M/M/8" */
    const char *parts;  /* what served it: "engine", "prefork" … */
    const char *figure; /* "mean wait (s)" */
    const char *source; /* of the closed form */
    double theory, simulated;
    double half_width; /* of the interval; 0 for exact figures */
    double deviation;  /* in standard errors; 0 or INFINITY when exact */
    bool exact, holds;
};

struct verify {
    uint64_t seed;
    size_t replications;
    struct verify_row *rows; /* owned */
    size_t n, failed;
};

/* Runs everything on THREADS threads (0: one per core) with SEED; the result
 * does not depend on THREADS. Caller frees with verify_free(). */
void verify_run(uint64_t seed, int64_t threads, struct verify *v);
void verify_free(struct verify *v);

#endif
