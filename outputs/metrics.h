/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The measuring instrument of one run of one server. It hears the server and
 * the clients through a struct observer, looks at the server's counters at
 * regular instants, and writes series.csv, events.csv and requests.csv while
 * the run goes on. Memory does not grow with simulated time, except for
 * requests.csv, whose records are kept until they can be sorted.
 *
 * Order of calls: metrics_new, server_new (given metrics_observer),
 * metrics_attach, the run, workloads_finish, metrics_finish, then what
 * metrics_latency and metrics_curve give, metrics_free. */
#ifndef OUTPUTS_METRICS_H
#define OUTPUTS_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "outputs/hist.h"
#include "outputs/summary.h"
#include "server/server.h"
#include "sim/err.h"
#include "sim/sim.h"

struct metrics;

struct metrics_opts {
    const char *dir; /* DIR/<server>, which exists; NULL = write nothing */
    simtime_t start; /* when the server is executed */
    simtime_t duration, warm_up;
    simtime_t interval;                  /* outputs.interval, > 0 */
    bool requests;                       /* write requests.csv */
    int64_t worker_limit;                /* settings.max_request_workers */
    int64_t cpus;                        /* machine.cpus */
    const struct backend_conf *backends; /* a backend-<name>.csv each */
    size_t nbackends;
};

/* Opens the files. NULL on error (ERR_IO with path and reason). OPTS is
 * copied, dir too. Caller frees. */
struct metrics *metrics_new(struct sim *s, const struct metrics_opts *opts,
                            struct err *e);

/* What to give to server_new() and workloads_start(); lives as long as M. */
const struct observer *metrics_observer(struct metrics *m);

/* Begins to sample SRV: at k x interval, from the first at or after start,
 * until the end of the run. Keeps SRV until metrics_finish(). */
void metrics_attach(struct metrics *m, struct server *srv);

/* A file could not be written; the run may as well be stopped. */
bool metrics_failed(const struct metrics *m);

/* Ends measuring at the clock's present time (before `duration` when the run
 * was interrupted), closes the files and fills *OUT. False on a write error
 * (ERR_IO); OUT is filled all the same. Call once, before server_free(). */
bool metrics_finish(struct metrics *m, struct summary *out, struct err *e);

/* All latencies of the window; M's. */
const struct hist *metrics_latency(const struct metrics *m);

/* The run in at most CURVE_POINTS equal steps, for pictures; M's. States are
 * means over their step, accept_queue is the peak. Rates and latencies need
 * more requests than a step has: they stand at the end of each block of some
 * steps (at most CURVE_BLOCKS of them) for the whole block and are NAN in
 * between, and so is the latency of a block without any. */
#define CURVE_POINTS 200
#define CURVE_BLOCKS 40
struct curve_point {
    double t_s; /* end of the step */
    double throughput_rps, p50_s, p99_s, errors_rps;
    double busy, keepalive, ready, processes, accept_queue, connections;
    double offered;     /* client connections, open or being opened */
    double overflows;   /* of the accept queue, within the step */
    double memory_full; /* share of the step beyond ram, 1 when a process was
                           killed for want of memory (H-1, H-2) */
    double pss_bytes, private_bytes;
};
const struct curve_point *metrics_curve(const struct metrics *m, size_t *n);

/* The run from t = 0 in at most SETTLE_BINS equal bins, each with at least one
 * look: sums, from which a series is made to see when the run has settled
 * (outputs/warmup.h). M's. */
#define SETTLE_BINS 1000
struct settle_bin {
    double looks, inside;      /* connections served or waiting, summed */
    double completed, latency; /* requests, and their latencies in ns, summed:
                                  whole numbers, exact in any order */
};
const struct settle_bin *metrics_settling(const struct metrics *m, size_t *n);

void metrics_free(struct metrics *m);

#endif
