/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outputs/summary.h"

#include "outputs/stats.h"
#include "sim/err.h"
#include "sim/must.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* In the order of summary.json. `requests.errors` has keys that depend on the
 * run and is handled beside the table. */
#define F(group, name, kind, sparse)                                           \
    {                                                                          \
#group "." #name, #group, #name, kind,                                 \
            offsetof(struct summary, group.name), sparse                       \
    }
#define LATENCY(group)                                                         \
    F(group, count, SUMMARY_COUNT, false),                                     \
        F(group, mean_s, SUMMARY_STAT, false),                                 \
        F(group, p50_s, SUMMARY_STAT, false),                                  \
        F(group, p90_s, SUMMARY_STAT, false),                                  \
        F(group, p95_s, SUMMARY_STAT, false),                                  \
        F(group, p99_s, SUMMARY_STAT, false),                                  \
        F(group, p999_s, SUMMARY_STAT, false),                                 \
        F(group, max_s, SUMMARY_STAT, false)

const struct summary_field summary_fields[] = {
    { "requests.completed", "requests", "completed", SUMMARY_COUNT,
      offsetof(struct summary, completed), false },
    { "requests.failed", "requests", "failed", SUMMARY_COUNT,
      offsetof(struct summary, failed), false },
    { "throughput_rps", "", "throughput_rps", SUMMARY_STAT,
      offsetof(struct summary, throughput_rps), false },
    LATENCY(latency),
    LATENCY(latency_server),
    LATENCY(connect),
    F(accept_queue, peak, SUMMARY_COUNT, false),
    F(accept_queue, mean, SUMMARY_STAT, false),
    F(accept_queue, overflows, SUMMARY_COUNT, false),
    F(accept_queue, drops, SUMMARY_COUNT, false),
    F(workers, limit, SUMMARY_COUNT, false),
    F(workers, busy_mean, SUMMARY_STAT, false),
    F(workers, busy_peak, SUMMARY_COUNT, false),
    F(workers, keepalive_mean, SUMMARY_STAT, false),
    F(workers, keepalive_peak, SUMMARY_COUNT, false),
    F(workers, reading_mean, SUMMARY_STAT, false),
    F(workers, writing_mean, SUMMARY_STAT, false),
    F(workers, full_share, SUMMARY_STAT, false),
    F(workers, full_first_s, SUMMARY_STAT, true),
    F(workers, full_from_s, SUMMARY_STAT, true),
    F(workers, full_keepalive_mean, SUMMARY_STAT, true),
    F(workers, full_reading_mean, SUMMARY_STAT, true),
    F(workers, full_writing_mean, SUMMARY_STAT, true),
    F(workers, short_share, SUMMARY_STAT, false),
    F(workers, held_share, SUMMARY_STAT, false),
    F(processes, mean, SUMMARY_STAT, false),
    F(processes, peak, SUMMARY_COUNT, false),
    F(processes, end, SUMMARY_COUNT, false),
    F(processes, started, SUMMARY_COUNT, false),
    F(processes, ended, SUMMARY_COUNT, false),
    F(processes, killed, SUMMARY_COUNT, false),
    F(memory, private_peak_bytes, SUMMARY_COUNT, false),
    F(memory, pss_peak_bytes, SUMMARY_COUNT, false),
    F(memory, pss_mean_bytes, SUMMARY_COUNT, false),
    F(cpu, seconds, SUMMARY_STAT, false),
    F(cpu, utilisation, SUMMARY_STAT, false),
    F(cpu, busy_share, SUMMARY_STAT, false),
};
const size_t summary_nfields = sizeof summary_fields / sizeof summary_fields[0];

double summary_cpu_per_request(const struct summary *s)
{
    return s->completed > 0 ? s->cpu.seconds / s->completed : (double)NAN;
}

bool summary_cpu_matters(const struct summary *s)
{
    return s->cpu.utilisation >= 0.5 || s->cpu.busy_share >= 0.5;
}

static double *value_at(struct summary *s, const struct summary_field *f)
{
    return (double *)(void *)((char *)s + f->offset);
}

void summary_latency(const struct hist *h, struct summary_latency *l)
{
    static const double p[] = { 0.5, 0.9, 0.95, 0.99, 0.999 };
    enum { N = sizeof p / sizeof p[0] };
    simtime_t v[N];
    double *const out[N] = { &l->p50_s, &l->p90_s, &l->p95_s, &l->p99_s,
                             &l->p999_s };

    l->count = (double)hist_count(h);
    l->mean_s = l->count > 0 ? hist_mean(h) / 1e9 : (double)NAN;
    l->max_s = l->count > 0 ? simtime_to_s(h->max) : (double)NAN;
    hist_quantiles(h, p, v, N);
    for (unsigned i = 0; i < N; i++) {
        /* n (1 - p) >= 10, where 1 - 0.99 is not exactly 0.01 */
        bool enough = l->count * (1 - p[i]) > SUMMARY_BEYOND - 1e-6;
        *out[i] = enough ? simtime_to_s(v[i]) : (double)NAN;
    }
}

/* -- replications -----------------------------------------------------------
 */

struct estimate {
    double mean, low, high;
};

/* The mean of the N numbers at V and its interval, which stops at FLOOR.
 * SPARSE: those that are NAN are left out; else one NAN makes all NAN. V is
 * changed. */
static struct estimate estimate(double *v, size_t n, bool sparse, double floor)
{
    struct estimate est = { (double)NAN, (double)NAN, (double)NAN };
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(v[i]))
            v[kept++] = v[i];
    if (kept == 0 || (!sparse && kept < n))
        return est;
    est.mean = stats_mean(v, kept);
    if (kept >= 2) {
        double half = stats_half_width(v, kept, 0.95);
        est.low = fmax(est.mean - half, floor);
        est.high = est.mean + half;
    }
    return est;
}

static const struct summary_message *
find_message(const struct summary *s, const struct summary_message *like)
{
    for (size_t i = 0; i < s->nmessages; i++) {
        const struct summary_message *m = &s->message[i];
        if (strcmp(m->code, like->code) == 0 &&
            (like->code[0] != '\0' || strcmp(m->text, like->text) == 0))
            return m;
    }
    return NULL;
}

struct message_estimate {
    struct summary_message mean, low, high;
};

static int by_first(const void *a, const void *b)
{
    const struct summary_message *x = a, *y = b; /* `mean` lies first */
    if (x->first_s != y->first_s)
        return x->first_s < y->first_s ? -1 : 1;
    int c = strcmp(x->code, y->code);
    return c != 0 ? c : strcmp(x->text, y->text);
}

/* The messages of all replications, text and level from the first that has
 * them, in the order of their mean first appearance. */
static void aggregate_messages(const struct summary *reps, size_t n,
                               struct summary *mean, struct summary_ci *ci,
                               double *first, double *count)
{
    for (size_t r = 0; r < n; r++)
        for (size_t i = 0; i < reps[r].nmessages; i++)
            if (mean->nmessages < SUMMARY_MESSAGES &&
                find_message(mean, &reps[r].message[i]) == NULL)
                mean->message[mean->nmessages++] = reps[r].message[i];

    struct message_estimate *all =
        must_zalloc(mean->nmessages + 1, sizeof *all);
    for (size_t i = 0; i < mean->nmessages; i++) {
        struct message_estimate *me = &all[i];
        me->mean = me->low = me->high = mean->message[i];
        for (size_t r = 0; r < n; r++) {
            const struct summary_message *m = find_message(&reps[r], &me->mean);
            first[r] = m != NULL ? m->first_s : (double)NAN;
            count[r] = m != NULL ? m->count : 0;
        }
        struct estimate f = estimate(first, n, true, -(double)INFINITY);
        struct estimate c = estimate(count, n, false, 0);
        me->mean.first_s = f.mean;
        me->low.first_s = f.low;
        me->high.first_s = f.high;
        me->mean.count = c.mean;
        me->low.count = c.low;
        me->high.count = c.high;
    }
    qsort(all, mean->nmessages, sizeof *all, by_first);
    for (size_t i = 0; i < mean->nmessages; i++) {
        mean->message[i] = all[i].mean;
        if (ci != NULL) {
            ci->low.message[i] = all[i].low;
            ci->high.message[i] = all[i].high;
        }
    }
    if (ci != NULL)
        ci->low.nmessages = ci->high.nmessages = mean->nmessages;
    free(all);
}

/* One number of N replications, read at OFFSET, into MEAN and CI. */
static void aggregate_value(const struct summary *reps, size_t n, size_t offset,
                            bool sparse, struct summary *mean,
                            struct summary_ci *ci, double *v)
{
    const struct summary_field f = { .offset = offset };
    for (size_t r = 0; r < n; r++)
        v[r] = summary_value(&reps[r], &f);
    /* the server may start before t = 0, and no number is below 0 else */
    bool instant = offset == offsetof(struct summary, workers.full_first_s) ||
                   offset == offsetof(struct summary, workers.full_from_s);
    struct estimate est =
        estimate(v, n, sparse, instant ? -(double)INFINITY : 0);
    *value_at(mean, &f) = est.mean;
    if (ci != NULL) {
        *value_at(&ci->low, &f) = est.low;
        *value_at(&ci->high, &f) = est.high;
    }
}

void summary_aggregate(const struct summary *reps, size_t n,
                       struct summary *mean, struct summary_ci *ci)
{
    must(n >= 1);
    if (n == 1) {
        *mean = reps[0];
        return;
    }
    double *v = must_zalloc(2 * n, sizeof *v);
    memset(mean, 0, sizeof *mean);
    if (ci != NULL)
        memset(ci, 0, sizeof *ci);
    for (size_t i = 0; i < summary_nfields; i++)
        aggregate_value(reps, n, summary_fields[i].offset,
                        summary_fields[i].sparse, mean, ci, v);
    for (size_t k = 0; k < REQ_ERRS; k++)
        aggregate_value(reps, n,
                        offsetof(struct summary, errors) + k * sizeof(double),
                        false, mean, ci, v);
    aggregate_messages(reps, n, mean, ci, v, v + n);
    free(v);
}

/* -- lookup -----------------------------------------------------------------
 */

static bool lookup_error(const struct summary *s, const char *kind,
                         double *value)
{
    for (int k = 0; k < REQ_ERRS; k++) {
        if (k != REQ_OK && strcmp(kind, req_err_name[k]) == 0) {
            *value = s->errors[k];
            return true;
        }
    }
    return false;
}

/* PATH is what follows "messages.": CODE.first_s or CODE.count. */
static bool lookup_message(const struct summary *s, const char *path,
                           double *value)
{
    const char *dot = strchr(path, '.');
    if (dot == NULL || dot == path ||
        (strcmp(dot, ".first_s") != 0 && strcmp(dot, ".count") != 0))
        return false;
    bool first = dot[1] == 'f';
    size_t len = (size_t)(dot - path);
    *value = first ? (double)NAN : 0;
    for (size_t i = 0; i < s->nmessages; i++) {
        const struct summary_message *m = &s->message[i];
        if (strlen(m->code) == len && memcmp(m->code, path, len) == 0) {
            *value = first ? m->first_s : m->count;
            break;
        }
    }
    return true;
}

bool summary_lookup(const struct summary *s, const char *path, double *value)
{
    for (size_t i = 0; i < summary_nfields; i++) {
        if (strcmp(path, summary_fields[i].path) == 0) {
            *value = summary_value(s, &summary_fields[i]);
            return true;
        }
    }
    if (strcmp(path, "requests.errors") == 0) {
        *value = 0;
        for (int k = 0; k < REQ_ERRS; k++)
            *value += s->errors[k];
        return true;
    }
    if (strncmp(path, "requests.errors.", 16) == 0)
        return lookup_error(s, path + 16, value);
    if (strncmp(path, "messages.", 9) == 0)
        return lookup_message(s, path + 9, value);
    return false;
}

static const char *const error_paths[] = {
    "requests.errors",
    "requests.errors.http",
    "requests.errors.refused",
    "requests.errors.reset",
    "requests.errors.eof",
    "requests.errors.trunc",
    "requests.errors.timeout",
    "requests.errors.closed",
    "requests.errors.tls",
    "requests.errors.skipped",
    "requests.errors.unfinished",
    "requests.errors.gave_up",
};
#define NERROR_PATHS (sizeof error_paths / sizeof error_paths[0])

/* Whether the last part of PATH is NAME, perhaps followed by a unit. */
static bool ends_in(const char *path, const char *name)
{
    const char *dot = strrchr(path, '.');
    const char *last = dot != NULL ? dot + 1 : path;
    size_t len = strlen(name);
    return strncmp(last, name, len) == 0 &&
           (last[len] == '\0' || strcmp(last + len, "_s") == 0 ||
            strcmp(last + len, "_rps") == 0);
}

const char *summary_nearest(const char *path)
{
    for (size_t i = 0; i < summary_nfields; i++)
        if (ends_in(summary_fields[i].path, path))
            return summary_fields[i].path;
    for (size_t i = 0; i < NERROR_PATHS; i++)
        if (ends_in(error_paths[i], path))
            return error_paths[i];

    const char **all = must_zalloc(summary_nfields + NERROR_PATHS, sizeof *all);
    size_t n = 0;
    for (size_t i = 0; i < summary_nfields; i++)
        all[n++] = summary_fields[i].path;
    for (size_t i = 0; i < NERROR_PATHS; i++)
        all[n++] = error_paths[i];
    const char *near = err_nearest(path, all, n);
    free(all);
    return near;
}
