/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs every server of a scenario as often as it asks for, on several threads.
 * Each (replication, server) is a job with a struct sim of its own; results
 * are kept by job number and added up in that order, so that they do not
 * depend on the number of threads. The first replication writes the files of
 * each server; the others are kept as numbers only.
 *
 * While jobs run, SIGINT and SIGTERM are held back and end the run cleanly:
 * jobs under way are measured up to where they are. */
#ifndef CLI_RUNNER_H
#define CLI_RUNNER_H

#include "cli/crew.h"
#include "config/scenario.h"
#include "outputs/bands.h"
#include "outputs/metrics.h"

struct runner_opts {
    int64_t threads; /* 0 = one per core */
    bool progress;   /* may show progress on stderr */
    /* the folder for SERVER's files, or NULL for none; caller frees */
    char *(*server_dir)(void *ctx, const char *server);
    void *ctx;
    bool independent; /* every server meets requests of its own */
    /* Replications already made of the same scenario, to be added to, or
     * NULL; taken over, whatever happens. */
    struct runner_result *so_far;
};

/* What one server did. */
struct runner_result {
    size_t nruns;                /* replications that count; 0 = it never ran */
    struct summary *runs;        /* in order of replication */
    struct hist latency;         /* of all of them */
    struct curve_point **curves; /* of each */
    size_t npoints;              /* that all of them have */
    struct bands bands;          /* made of them */
    struct settle_bin bins[SETTLE_BINS]; /* summed over them */
    size_t nbins;
};

/* Runs SC. *PARTIAL tells whether it was interrupted. One result per server,
 * or NULL on error (ERR_IO, ERR_CONTENT). Caller frees. */
struct runner_result *runner_run(const struct scenario *sc,
                                 const struct runner_opts *opts, bool *partial,
                                 struct err *e);
void runner_free(struct runner_result *r, size_t nservers);

/* How much of SC to leave out as its warm-up, by MSER-5 on the number of
 * connections inside, the throughput and the mean latency of a few pilot
 * replications: the longest that any server needs. *TOO_SHORT: some server has
 * not settled in half of the run. False when interrupted (*PARTIAL) or on
 * error. */
bool runner_warm_up(const struct scenario *sc, const struct runner_opts *opts,
                    simtime_t *warm_up, bool *too_short, bool *partial,
                    struct err *e);

/* A run is made in this many steps, between which progress is counted. */
#define RUNNER_STEPS 100

/* Runs one server of SC in one replication in this thread, writes no files and
 * fills *OUT. False when CREW was stopped meanwhile, or on error (E filled).
 * Counts RUNNER_STEPS steps of CREW; O(simulation). */
bool runner_once(const struct scenario *sc, size_t server, uint64_t replication,
                 struct crew *crew, struct summary *out, struct err *e);

#endif
