/* SPDX-License-Identifier: GPL-3.0-or-later */
/* First both sides become lists of named numbers; then every name that has a
 * tolerance becomes a metric. Names, order and arithmetic are those of the
 * script that the recordings came with, so that its tables and ours can be
 * laid side by side. */
#include "outputs/compare.h"

#include "outputs/num.h"
#include "outputs/sink.h"
#include "sim/must.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const compare_kind_names[] = { "recycle", "backlog", "cpu-bound",
                                           "mix",     "action",  "php-fpm",
                                           NULL };

unsigned compare_kinds(const char *case_name)
{
    static const struct {
        const char *part;
        unsigned kind;
    } parts[] = {
        { "recycle", COMPARE_RECYCLE },     { "backlog", COMPARE_BACKLOG },
        { "cpu-bound", COMPARE_CPU },       { "mix", COMPARE_MIX },
        { "restart", COMPARE_ACTION },      { "stop", COMPARE_ACTION },
        { "php-fpm-dynamic", COMPARE_FPM },
    };
    unsigned kinds = 0;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (strstr(case_name, parts[i].part) != NULL)
            kinds |= parts[i].kind;
    return kinds;
}

/* Worker with two listening sockets: listeners that wait for the accept mutex
 * do not notice that they shall stop, and processes go in heaps (W-21). Event:
 * a hard restart while children start. */
double compare_processes_until(const char *case_name, const char *mpm,
                               double duration_s)
{
    static const struct {
        const char *name, *mpm;
        double until_s;
    } races[] = {
        { "tls-keepalive", "worker", 34 },
        { "poisson-mix", "worker", 40 },
        { "hard-restart", "event", 15 },
    };
    for (size_t i = 0; i < sizeof races / sizeof races[0]; i++)
        if (strcmp(races[i].name, case_name) == 0 && mpm != NULL &&
            strcmp(races[i].mpm, mpm) == 0)
            return fmin(races[i].until_s, duration_s);
    return duration_s;
}

/* -- tolerances -------------------------------------------------------------
 */

struct range {
    double low, high;
};
static const struct range not_compared = { (double)NAN, (double)NAN };

static bool is_compared(struct range r)
{
    return !isnan(r.low);
}

static bool starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* What depends on the kind of traffic, asked often. */
struct kind {
    bool recycle, backlog, cpu, mix, action, fpm, worker, prefork;
    bool race; /* processes are compared for a part of the run only */
};

static struct kind kind_of(const struct compare_opts *o)
{
    return (struct kind){
        .recycle = o->kinds & COMPARE_RECYCLE,
        .backlog = o->kinds & COMPARE_BACKLOG,
        .cpu = o->kinds & COMPARE_CPU,
        .mix = o->kinds & COMPARE_MIX,
        .action = o->kinds & COMPARE_ACTION,
        .fpm = o->kinds & COMPARE_FPM,
        .worker = o->mpm != NULL && strcmp(o->mpm, "worker") == 0,
        .prefork = o->mpm != NULL && strcmp(o->mpm, "prefork") == 0,
        .race = o->processes_until_s < o->duration_s,
    };
}

static struct range around(double v, double d)
{
    return (struct range){ v - d, v + d };
}

/* LOW to HIGH times V, and at least SLACK to both sides. */
static struct range ratio(double v, double low, double high, double slack)
{
    return (struct range){ fmin(v * low, v - slack),
                           fmax(v * high, v + slack) };
}

static struct range curve_range(const char *curve, const struct kind *k)
{
    double high = 0;
    if (strcmp(curve, "procs") == 0)
        high = k->recycle                 ? 0.20
               : k->cpu || k->mix         ? 0.12
               : k->action && !k->prefork ? 0.12
               : k->action                ? 0.06
                                          : 0.05;
    else if (strcmp(curve, "busy") == 0 || strcmp(curve, "keepalive") == 0 ||
             strcmp(curve, "conns") == 0 || strcmp(curve, "idle_conns") == 0)
        high = k->recycle ? 0.16 : k->action ? 0.12 : k->cpu ? 0.10 : 0.06;
    else if (strcmp(curve, "ready") == 0)
        high = k->recycle ? 0.25 : k->cpu ? 0.15 : 0.10;
    else if (strcmp(curve, "graceful") == 0 && !k->recycle)
        high = k->worker ? 0.20 : 0.10;
    else if (strcmp(curve, "acceptq") == 0)
        high = k->recycle ? 0.35 : k->backlog ? 0.20 : k->action ? 0.12 : 0.08;
    return high > 0 ? (struct range){ 0, high } : not_compared;
}

static struct range process_range(const char *name, double v,
                                  const struct kind *k)
{
    if (name[0] == 't')
        return k->recycle || k->cpu || k->mix || k->action ? not_compared
                                                           : around(v, 1.1);
    if (k->race && strcmp(name, "procs_end") == 0)
        return not_compared;
    return around(v, k->recycle ? 3 : fmax(1, 0.05 * v));
}

static struct range latency_range(const char *name, double v,
                                  const struct kind *k)
{
    if (k->fpm) /* the one check of FPM's master decides about a process */
        return ratio(v, 0.6, 1.6, 0);
    if (starts(name, "ttfb_") && strcmp(name, "ttfb_p99") != 0)
        return not_compared;
    if (strcmp(name, "latency_p50") == 0)
        return k->recycle   ? ratio(v, 0.6, 1.6, 0)
               : k->cpu     ? ratio(v, 0.75, 1.33, 0)
               : k->backlog ? ratio(v, 0.8, 1.25, 0)
                            : ratio(v, 0.95, 1.05, 0.003);
    if (k->recycle)
        return ratio(v, 0.4, 2.5, 0);
    if (strcmp(name, "latency_p90") == 0)
        return k->cpu || k->backlog ? ratio(v, 0.75, 1.33, 0)
                                    : ratio(v, 0.93, 1.07, 0.005);
    return k->cpu       ? ratio(v, 0.8, 1.25, 0)
           : k->backlog ? ratio(v, 0.75, 1.33, 0)
                        : ratio(v, 0.9, 1.1, 0.02);
}

static struct range error_range(const char *name, double v,
                                const struct kind *k)
{
    bool close = strcmp(name, "conn_close_header") == 0;
    double least = close || k->action ? 5 : 3, share = 0.05;
    if (k->recycle && close)
        share = 0.4;
    else if (k->recycle || k->action || (k->worker && close))
        share = 0.25;
    return around(v, fmax(least, share * v));
}

/* What is allowed for NAME, of which the recording has V. */
static struct range tolerance(const char *name, double v, const struct kind *k)
{
    if (starts(name, "nmae_"))
        return curve_range(name + 5, k);
    if (isnan(v))
        return not_compared;
    if (starts(name, "procs_") || starts(name, "t_"))
        return process_range(name, v, k);
    if (starts(name, "latency_") || starts(name, "ttfb_"))
        return latency_range(name, v, k);
    if (starts(name, "connect_"))
        return k->recycle || strcmp(name, "connect_p50") == 0
                   ? not_compared
                   : ratio(v, 0.85, 1.15, 0.05);
    if (starts(name, "err_") || strcmp(name, "conn_close_header") == 0)
        return error_range(name, v, k);
    if (strcmp(name, "requests_ok") == 0)
        return k->action ? ratio(v, 0.96, 1.04, 0) : ratio(v, 0.98, 1.02, 0);
    if (strcmp(name, "overflows") == 0)
        return k->recycle ? not_compared : ratio(v, 1 / 1.5, 1.5, 3);
    if (strcmp(name, "hold_close_p50") == 0)
        return around(v, 0.15);
    if (strcmp(name, "pdirty_kb_max") == 0)
        return k->recycle ? ratio(v, 0.75, 1.25, 0) : ratio(v, 0.8, 1.2, 0);
    if (strcmp(name, "cpu_s") == 0)
        return ratio(v, 0.7, 1.3, 0.1);
    return not_compared;
}

/* -- the numbers of one side ------------------------------------------------
 */

struct figure {
    char name[24];
    double v;
};
struct figures {
    struct figure *v;
    size_t n, cap;
};

static double *figure(struct figures *f, const char *name)
{
    for (size_t i = 0; i < f->n; i++)
        if (strcmp(f->v[i].name, name) == 0)
            return &f->v[i].v;
    return NULL;
}

static double *figure_add(struct figures *f, const char *name, double v)
{
    if (f->n == f->cap) {
        f->cap = f->cap > 0 ? 2 * f->cap : 64;
        f->v = must_realloc(f->v, f->cap, sizeof *f->v);
    }
    snprintf(f->v[f->n].name, sizeof f->v->name, "%s", name);
    f->v[f->n].v = v;
    return &f->v[f->n++].v;
}

/* The last value of V at or before T. */
static double value_at(const struct recording *r, const double *v, double t)
{
    double last = v[0];
    for (size_t i = 0; i < r->n && r->t[i] <= t; i++)
        if (!isnan(v[i]))
            last = v[i];
    return last;
}

/* When V first rises above (falls below) its value at T0; NAN = never. */
static double first_change(const struct recording *r, const double *v,
                           double t0, bool up)
{
    double v0 = value_at(r, v, t0);
    for (size_t i = 0; i < r->n; i++)
        if (r->t[i] > t0 && (up ? v[i] > v0 : v[i] < v0))
            return r->t[i];
    return (double)NAN;
}

static void process_figures(struct figures *f, const struct recording *r,
                            double duration_s)
{
    const double *v = r->column[RECORDING_PROCESSES];
    if (v == NULL)
        return;
    double max = -INFINITY, min = INFINITY, t_max = (double)NAN;
    for (size_t i = 0; i < r->n; i++) {
        if (v[i] > max) {
            max = v[i];
            t_max = r->t[i];
        }
        if (r->t[i] >= 0 && v[i] < min)
            min = v[i];
    }
    figure_add(f, "procs_end", value_at(r, v, duration_s));
    figure_add(f, "procs_max", max);
    figure_add(f, "procs_min_after_0", isinf(min) ? (double)NAN : min);
    figure_add(f, "t_first_kill", first_change(r, v, t_max, false));
    figure_add(f, "t_first_spawn", first_change(r, v, 0, true));
    figure_add(f, "t_procs_max", t_max);
}

static void counter_figures(struct figures *f, const struct recording *r)
{
    const double *memory = r->column[RECORDING_PRIVATE_KIB];
    if (r->column[RECORDING_OVERFLOWS] != NULL)
        figure_add(f, "overflows", r->column[RECORDING_OVERFLOWS][r->n - 1]);
    if (r->column[RECORDING_CPU_S] != NULL)
        figure_add(f, "cpu_s", r->column[RECORDING_CPU_S][r->n - 1]);
    if (memory == NULL)
        return;
    double max = 0;
    for (size_t i = 0; i < r->n; i++)
        if (memory[i] > max)
            max = memory[i];
    figure_add(f, "pdirty_kb_max", max);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Quantile P of the N sorted numbers at V. */
static double quantile(const double *v, size_t n, double p)
{
    if (n == 0)
        return (double)NAN;
    size_t i = (size_t)(p * (double)n);
    return v[i < n ? i : n - 1];
}

static bool is_ok(const struct recording_request *q)
{
    return q->status == 200 && q->err[0] == '\0';
}

/* Kinds of durations of a request; NAN when Q has none. */
static double latency_of(const struct recording_request *q)
{
    return is_ok(q) ? q->done - q->start : (double)NAN;
}
static double ttfb_of(const struct recording_request *q)
{
    return is_ok(q) ? q->first_byte - q->start : (double)NAN;
}
static double connect_of(const struct recording_request *q)
{
    return q->connected - q->start;
}
static double hold_of(const struct recording_request *q)
{
    return q->err[0] == '\0' ? q->server_close - q->done : (double)NAN;
}

static void duration_figures(struct figures *f, const struct recording *r,
                             const char *name,
                             double (*of)(const struct recording_request *))
{
    static const struct {
        const char *name;
        double p;
    } points[] = {
        { "p50", 0.5 }, { "p90", 0.9 }, { "p99", 0.99 }, { "max", 1 }
    };
    double *v = must_alloc((r->nrequests + 1) * sizeof *v);
    size_t n = 0;
    for (size_t i = 0; i < r->nrequests; i++) {
        v[n] = of(&r->requests[i]);
        if (!isnan(v[n]))
            n++;
    }
    qsort(v, n, sizeof *v, by_value);
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        char full[24];
        snprintf(full, sizeof full, "%s_%s", name, points[i].name);
        figure_add(f, full, quantile(v, n, points[i].p));
    }
    free(v);
}

static void request_figures(struct figures *f, const struct recording *r)
{
    double ok = 0, closes = 0;
    for (size_t i = 0; i < r->nrequests; i++) {
        const struct recording_request *q = &r->requests[i];
        char name[24] = "err_";
        ok += is_ok(q);
        closes += q->close;
        if (q->err[0] == '\0')
            continue;
        snprintf(name + 4, sizeof name - 4, "%s", q->err);
        if (strcmp(q->err, "http") == 0)
            snprintf(name, sizeof name, "err_http%d", q->status);
        double *count = figure(f, name);
        if (count == NULL)
            count = figure_add(f, name, 0);
        ++*count;
    }
    figure_add(f, "conn_close_header", closes);
    figure_add(f, "requests_ok", ok);
    duration_figures(f, r, "connect", connect_of);
    duration_figures(f, r, "hold_close", hold_of);
    duration_figures(f, r, "latency", latency_of);
    duration_figures(f, r, "ttfb", ttfb_of);
}

static int by_name(const void *a, const void *b)
{
    const struct figure *x = a, *y = b;
    return strcmp(x->name, y->name);
}

/* Everything about R that has a name, in order of names. */
static struct figures figures_of(const struct recording *r, double duration_s,
                                 bool requests)
{
    struct figures f = { 0 };
    if (r->n > 0) {
        process_figures(&f, r, duration_s);
        counter_figures(&f, r);
    }
    if (requests)
        request_figures(&f, r);
    if (f.n > 0)
        qsort(f.v, f.n, sizeof *f.v, by_name);
    return f;
}

/* -- metrics ----------------------------------------------------------------
 */

static void add(struct compare *c, const char *name, double recorded,
                double simulated, struct range allowed)
{
    c->metrics = must_realloc(c->metrics, c->n + 1, sizeof *c->metrics);
    struct compare_metric *m = &c->metrics[c->n++];
    *m = (struct compare_metric){
        .recorded = recorded,
        .simulated = simulated,
        .low = allowed.low,
        .high = allowed.high,
        .within =
            simulated >= allowed.low - 1e-9 && simulated <= allowed.high + 1e-9,
    };
    snprintf(m->name, sizeof m->name, "%s", name);
    if (isnan(simulated) || allowed.low > allowed.high)
        m->off = INFINITY;
    else
        m->off = fmax(0, simulated > allowed.high ? simulated - allowed.high
                                                  : allowed.low - simulated) /
                 fmax((allowed.high - allowed.low) / 2, 1e-6);
    c->within += m->within;
}

static const struct {
    const char *name;
    enum recording_column column;
    double least; /* smallest denominator */
    bool processes;
} series[] = {
    { "procs", RECORDING_PROCESSES, 1, true },
    { "threads", RECORDING_THREADS, 1, true },
    { "ready", RECORDING_READY, 1, true },
    { "busy", RECORDING_BUSY, 5, false },
    { "keepalive", RECORDING_KEEPALIVE, 5, false },
    { "graceful", RECORDING_GRACEFUL, 5, true },
    { "conns", RECORDING_CONNS, 5, false },
    { "idle_conns", RECORDING_IDLE_CONNS, 5, false },
    { "acceptq", RECORDING_ACCEPTQ, 5, false },
};
#define NSERIES (sizeof series / sizeof series[0])

static double nmae(const struct recording *rec, const struct recording *run,
                   enum recording_column column, double least, double until_s)
{
    size_t n = until_s > 0 ? (size_t)until_s : 0;
    if (n == 0)
        return 0;
    double *x = must_alloc(n * sizeof *x), *y = must_alloc(n * sizeof *y);
    double sum = 0, max = least;
    recording_means(rec, column, 1, n, x);
    recording_means(run, column, 1, n, y);
    for (size_t i = 0; i < n; i++) {
        sum += fabs(x[i] - y[i]);
        max = fmax(max, x[i]);
    }
    free(x);
    free(y);
    return sum / (double)n / max;
}

/* The curves that both have, or those that only the recording has. */
static void compare_curves(struct compare *c, const struct recording *rec,
                           const struct recording *run,
                           const struct compare_opts *o, const struct kind *k,
                           bool both)
{
    for (size_t i = 0; i < NSERIES; i++) {
        enum recording_column col = series[i].column;
        char name[24];
        snprintf(name, sizeof name, "nmae_%s", series[i].name);
        struct range allowed = tolerance(name, 0, k);
        if (rec->column[col] == NULL || (run->column[col] != NULL) != both ||
            !is_compared(allowed))
            continue;
        double until_s =
            series[i].processes ? o->processes_until_s : o->duration_s;
        double v = (double)NAN;
        if (both)
            v = nmae(rec, run, col, series[i].least, until_s);
        add(c, name, 0, v, allowed);
    }
}

/* A kind of error that a side does not have happened 0 times there; anything
 * else it does not have did not happen. */
static void compare_figure(struct compare *c, const char *name, double recorded,
                           double simulated, const struct kind *k)
{
    if (starts(name, "err_")) {
        recorded = isnan(recorded) ? 0 : recorded;
        simulated = isnan(simulated) ? 0 : simulated;
    }
    struct range allowed = tolerance(name, recorded, k);
    if (is_compared(allowed))
        add(c, name, recorded, simulated, allowed);
}

static void compare_figures(struct compare *c, const struct recording *rec,
                            const struct recording *run,
                            const struct compare_opts *o, const struct kind *k)
{
    struct figures a = figures_of(rec, o->duration_s, rec->has_requests),
                   b = figures_of(run, o->duration_s, rec->has_requests);
    size_t i = 0, j = 0;
    while (i < a.n || j < b.n) {
        int order = i == a.n   ? 1
                    : j == b.n ? -1
                               : strcmp(a.v[i].name, b.v[j].name);
        const char *name = order <= 0 ? a.v[i].name : b.v[j].name;
        double x = order <= 0 ? a.v[i++].v : (double)NAN;
        double y = order >= 0 ? b.v[j++].v : (double)NAN;
        compare_figure(c, name, x, y, k);
    }
    free(a.v);
    free(b.v);
}

/* Messages of every start and stop say nothing about load. */
static bool is_routine(const struct recording_event *v)
{
    static const char *const codes[] = { "",        "AH00163", "AH00164",
                                         "AH00169", "AH00489", "AH00490",
                                         "AH00491", "AH00292", "AH00293",
                                         "AH00295" };
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (strcmp(v->code, codes[i]) == 0)
            return true;
    return !starts(v->module, "mpm_");
}

/* When each message of the MPM came first, in order of codes. */
static struct figures first_messages(const struct recording *r)
{
    struct figures f = { 0 };
    for (size_t i = 0; i < r->nevents; i++)
        if (!is_routine(&r->events[i]) && figure(&f, r->events[i].code) == NULL)
            figure_add(&f, r->events[i].code, r->events[i].t_s);
    if (f.n > 0)
        qsort(f.v, f.n, sizeof *f.v, by_name);
    return f;
}

static void compare_messages(struct compare *c, const struct recording *rec,
                             const struct recording *run)
{
    static const struct range nothing = { INFINITY, -INFINITY };
    struct figures a = first_messages(rec), b = first_messages(run);
    size_t i = 0, j = 0;
    while (i < a.n || j < b.n) {
        int order = i == a.n   ? 1
                    : j == b.n ? -1
                               : strcmp(a.v[i].name, b.v[j].name);
        const char *name = order <= 0 ? a.v[i].name : b.v[j].name;
        double x = order <= 0 ? a.v[i++].v : (double)NAN;
        double y = order >= 0 ? b.v[j++].v : (double)NAN;
        add(c, name, x, y, order > 0 ? nothing : around(x, 1.1));
    }
    free(a.v);
    free(b.v);
}

void compare_init(struct compare *c, const struct recording *rec,
                  const struct recording *run, const struct compare_opts *o)
{
    struct kind k = kind_of(o);
    *c = (struct compare){ 0 };
    compare_curves(c, rec, run, o, &k, true);
    compare_figures(c, rec, run, o, &k);
    compare_curves(c, rec, run, o, &k, false);
    if (rec->has_events && !k.recycle)
        compare_messages(c, rec, run);
}

void compare_free(struct compare *c)
{
    free(c->metrics);
    *c = (struct compare){ 0 };
}

/* -- for people and programs ------------------------------------------------
 */

/* V as the table shows it: 4 digits, "-" for what did not happen. */
static const char *shown(double v, char *buf)
{
    return isfinite(v) ? num_digits(v, 4, buf) : "-";
}

static void table_line(FILE *f, const struct compare_metric *m, bool colour)
{
    char a[NUM_SIZE], b[NUM_SIZE], low[NUM_SIZE], high[NUM_SIZE];
    bool red = colour && !m->within;
    bool curve = starts(m->name, "nmae_");
    fprintf(f, "%s%-18s %10s %10s %11s .. ", red ? "\033[31m" : "", m->name,
            curve ? "" : shown(m->recorded, a), shown(m->simulated, b),
            shown(m->low, low));
    fprintf(f, m->within ? "%s" : "%-10s outside", shown(m->high, high));
    fprintf(f, "%s\n", red ? "\033[0m" : "");
}

static int worst_first(const void *a, const void *b)
{
    const struct compare_metric *const *x = a, *const *y = b;
    if ((*x)->off != (*y)->off)
        return (*x)->off < (*y)->off ? 1 : -1;
    return strcmp((*x)->name, (*y)->name);
}

void compare_table(FILE *f, const struct compare *c, bool all, bool colour)
{
    const struct compare_metric **m = must_alloc((c->n + 1) * sizeof *m);
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++)
        if (all || !c->metrics[i].within)
            m[n++] = &c->metrics[i];
    if (!all)
        qsort(m, n, sizeof *m, worst_first);
    if (n > 0)
        fprintf(f, "%-18s %10s %10s %11s\n", "metric", "recorded", "simulated",
                "allowed");
    for (size_t i = 0; i < n; i++)
        table_line(f, m[i], colour);
    free(m);
}

static void json_number(struct sink *s, const char *key, double v)
{
    sink_format(s, ", \"%s\": ", key);
    if (isfinite(v))
        sink_stat(s, v);
    else
        sink_text(s, "null");
}

static void json_text(struct sink *s, const char *key, const char *v)
{
    sink_format(s, "  \"%s\": ", key);
    if (v == NULL) {
        sink_text(s, "null,\n");
        return;
    }
    sink_char(s, '"');
    for (; *v != '\0'; v++) {
        if ((unsigned char)*v < 0x20) {
            sink_format(s, "\\u%04x", (unsigned)(unsigned char)*v);
            continue;
        }
        if (*v == '"' || *v == '\\')
            sink_char(s, '\\');
        sink_char(s, *v);
    }
    sink_text(s, "\",\n");
}

char *compare_json(const struct compare *c, const char *name, const char *mpm)
{
    struct sink s;
    sink_string(&s);
    sink_text(&s, "{\n");
    json_text(&s, "case", name);
    json_text(&s, "mpm", mpm);
    sink_format(&s, "  \"compared\": %zu,\n  \"within\": %zu,\n", c->n,
                c->within);
    sink_text(&s, "  \"metrics\": [");
    for (size_t i = 0; i < c->n; i++) {
        const struct compare_metric *m = &c->metrics[i];
        sink_format(&s, "%s\n    {\"name\": \"%s\"", i > 0 ? "," : "", m->name);
        json_number(&s, "real", m->recorded);
        json_number(&s, "sim", m->simulated);
        json_number(&s, "low", m->low);
        json_number(&s, "high", m->high);
        sink_format(&s, ", \"ok\": %s", m->within ? "true" : "false");
        json_number(&s, "off", m->off);
        sink_char(&s, '}');
    }
    sink_text(&s, "\n  ]\n}\n");
    return sink_take(&s);
}
