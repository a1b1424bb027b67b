/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The statistics of one run of one server: every number that summary.json has
 * under servers.<name>, as plain doubles, so that replications are averaged by
 * one loop over a table. A number that cannot be given (a percentile of too
 * few samples) is NAN here and null in JSON.
 *
 * The window of all statistics is [warm_up, end of the run]. */
#ifndef OUTPUTS_SUMMARY_H
#define OUTPUTS_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>

#include "outputs/hist.h"
#include "server/observe.h"

/* A percentile p needs this many samples beyond it, else it is null: 20
 * samples for p50, 1,000 for p99, 10,000 for p99.9. */
#define SUMMARY_BEYOND 10

#define SUMMARY_MESSAGES 64 /* different codes kept */

#define SUMMARY_LASTING 0.9

struct summary_latency {
    double count, mean_s, p50_s, p90_s, p95_s, p99_s, p999_s, max_s;
};

/* Fills *L from H by the rule of SUMMARY_BEYOND. */
void summary_latency(const struct hist *h, struct summary_latency *l);

struct summary_message {
    char code[12], level[12], text[256]; /* text: of the first one */
    double first_s, count;
};

struct summary {
    double completed;        /* responses with status 200, whole */
    double errors[REQ_ERRS]; /* by enum req_err; [REQ_OK] stays 0 */
    double failed;           /* requests that came to nothing: errors without
                                `skipped`, `unfinished`, and a `closed` that
                                the client sent again */
    double throughput_rps;   /* completed per second of the window */
    struct summary_latency latency;        /* t_done - t_start */
    struct summary_latency latency_server; /* %D */
    struct summary_latency connect;
    struct {
        double peak, mean, overflows, drops;
    } accept_queue;
    struct {
        double limit, busy_mean, busy_peak, keepalive_mean, keepalive_peak;
        /* beyond the contract's keys: */
        double reading_mean, writing_mean;
        double full_share;   /* share of the window with no idle worker though
                                all that MaxRequestWorkers allows exist */
        double full_first_s; /* first instant of it in the run, NAN: never */
        double full_from_s;  /* since when it was so SUMMARY_LASTING of the
                                time until the end; NAN: not at the end */
        /* what they do meanwhile, NAN when never */
        double full_keepalive_mean, full_reading_mean, full_writing_mean;
        /* shares of the window in which connections wait in the accept queue
         * although not all workers are taken: none is idle, but more are
         * allowed than exist; some are idle, but a process of event has as
         * many connections as AsyncRequestWorkerFactor lets it have (E-16) */
        double short_share, held_share;
    } workers;
    struct {
        double mean, peak, end, started, ended;
        double killed; /* of these, by the kernel for want of memory */
    } processes;
    struct {
        double private_peak_bytes, pss_peak_bytes, pss_mean_bytes;
    } memory;
    struct {
        double seconds, utilisation;
        double busy_share; /* of the window: no core is without work */
    } cpu;
    struct summary_message message[SUMMARY_MESSAGES]; /* in order of first_s */
    size_t nmessages;
};

/* The ends of the 95 % intervals, as two summaries. No number here can be
 * negative but the instants of messages, so that `low` stops at 0. */
struct summary_ci {
    struct summary low, high;
};

/* Mean over N replications (N >= 1) and, for N >= 2 and CI not NULL, the
 * Student-t 95 % interval of each number. A number that is NAN in one
 * replication is NAN in the mean; but full_… and a message's first_s are
 * averaged over the replications in which it happened, and the count of a
 * message that did not appear is 0. MEAN and CI must not be among REPS. */
void summary_aggregate(const struct summary *reps, size_t n,
                       struct summary *mean, struct summary_ci *ci);

/* The number at dotted PATH within a server's part of summary.json, such as
 * "latency.p99_s", "requests.errors.timeout", "messages.AH00484.count",
 * "messages.AH00484.first_s"; "requests.errors" alone is the sum of all kinds.
 * A kind of error or a message that did not occur is 0 (its first_s NAN).
 * False when there is no such number; *VALUE may be NAN (null). */
bool summary_lookup(const struct summary *s, const char *path, double *value);

/* The known path that PATH may have been meant for ("p99" -> "latency.p99_s"),
 * or NULL. */
const char *summary_nearest(const char *path);

/* The table behind aggregation, lookup and JSON. Fields of one group follow
 * each other; the group of a bare number is "". */
enum summary_kind {
    SUMMARY_COUNT, /* a count or bytes: printed in full when whole */
    SUMMARY_STAT   /* 6 significant digits */
};
struct summary_field {
    const char *path;         /* "latency.p99_s" */
    const char *group, *name; /* "latency", "p99_s" */
    enum summary_kind kind;
    size_t offset;
    bool sparse; /* averaged over the replications that have it */
};
extern const struct summary_field summary_fields[];
extern const size_t summary_nfields;

/* CPU seconds for each completed request, NAN without any; and whether that
 * says anything: httpd's CPU time is counted in whole ticks for each process,
 * so that little of it is chance. */
double summary_cpu_per_request(const struct summary *s);
bool summary_cpu_matters(const struct summary *s);

static inline double summary_value(const struct summary *s,
                                   const struct summary_field *f)
{
    return *(const double *)(const void *)((const char *)s + f->offset);
}

#endif
