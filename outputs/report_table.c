/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table on the terminal: a row per figure, a column per server, then what
 * httpd would have written to its error log. */
#include "outputs/report.h"

#include "outputs/num.h"
#include "outputs/sink.h"
#include "outputs/units.h"
#include "sim/must.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct table {
    const struct report *r;
    FILE *f;
    bool colour;
    bool few;     /* a percentile was left out */
    int label;    /* width of the first column */
    int *width;   /* of each server's column */
    bool measure; /* first pass: only find the widths */
};

/* Columns that TEXT takes on the screen. */
static int columns(const char *text)
{
    int n = 0;
    for (const char *p = text; *p != '\0'; p++)
        n += ((unsigned char)*p & 0xC0) != 0x80;
    return n;
}

static void widen(int *width, int n)
{
    if (n > *width)
        *width = n;
}

static void pad(FILE *f, int n)
{
    fprintf(f, "%*s", n > 0 ? n : 0, "");
}

static void start_row(struct table *t, int indent, const char *label)
{
    if (t->measure) {
        widen(&t->label, indent + columns(label));
        return;
    }
    pad(t->f, indent);
    fputs(label, t->f);
    pad(t->f, t->label - indent - columns(label));
}

static void put_cell(struct table *t, size_t col, const char *text, bool alarm)
{
    if (t->measure) {
        widen(&t->width[col], columns(text));
        return;
    }
    pad(t->f, 2 + t->width[col] - columns(text));
    if (alarm && t->colour)
        fputs("\033[31m", t->f);
    fputs(text, t->f);
    if (alarm && t->colour)
        fputs("\033[0m", t->f);
}

static void end_row(struct table *t)
{
    if (!t->measure)
        fputc('\n', t->f);
}

static void heading(struct table *t, const char *label)
{
    if (!t->measure)
        fprintf(t->f, "%s\n", label);
}

/* By what a number was multiplied to be shown with UNIT (" ms"). */
static double scale_of(const char *unit)
{
    static const struct {
        const char *unit;
        double scale;
    } scales[] = {
        { " ms", 1e3 },
        { " us", 1e6 },
        { " %", 100 },
        { " KiB", 1.0 / 1024 },
        { " MiB", 1 / 1048576.0 },
        { " GiB", 1 / 1073741824.0 },
    };
    for (size_t i = 0; i < sizeof scales / sizeof scales[0]; i++)
        if (strcmp(unit, scales[i].unit) == 0)
            return scales[i].scale;
    return 1;
}

/* Puts "±HALF" with two digits before the unit of TEXT: "42.9 ±0.65 ms". */
static void add_half_width(char *text, double half)
{
    char unit[NUM_SIZE] = "", number[NUM_SIZE];
    char *space = strchr(text, ' ');
    if (space != NULL)
        strcpy(unit, space);
    else
        space = text + strlen(text);
    sprintf(space, " ±%s%s", num_digits(half * scale_of(unit), 2, number),
            unit);
}

/* The number at OFFSET of server COL, with its interval if there is one. */
static void put_number(struct table *t, size_t col, size_t offset,
                       enum unit unit, bool alarm)
{
    const struct report_server *s = &t->r->servers[col];
    const struct summary_field f = { .offset = offset };
    double v = summary_value(s->sum, &f);
    char text[3 * NUM_SIZE];

    unit_text(v, unit, text);
    if (s->ci != NULL && !isnan(v)) {
        /* the upper half: the lower end may have been cut off at 0 */
        double half = summary_value(&s->ci->high, &f) - v;
        if (half > 1e-9 * fabs(v))
            add_half_width(text, half);
    }
    put_cell(t, col, text, alarm && v > 0);
}

static void row(struct table *t, int indent, const char *label, size_t offset,
                enum unit unit)
{
    start_row(t, indent, label);
    for (size_t i = 0; i < t->r->n; i++)
        put_number(t, i, offset, unit, false);
    end_row(t);
}

#define FIELD(member) offsetof(struct summary, member)

static void latency_rows(struct table *t, const char *title, size_t group)
{
    static const struct {
        const char *label;
        size_t offset;
    } rows[] = {
        { "p50", offsetof(struct summary_latency, p50_s) },
        { "p90", offsetof(struct summary_latency, p90_s) },
        { "p99", offsetof(struct summary_latency, p99_s) },
        { "p99.9", offsetof(struct summary_latency, p999_s) },
        { "max", offsetof(struct summary_latency, max_s) },
    };
    heading(t, title);
    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
        row(t, 2, rows[k].label, group + rows[k].offset, UNIT_TIME);
        for (size_t i = 0; i < t->r->n; i++) {
            const struct summary_field f = { .offset = group + rows[k].offset };
            t->few = t->few || isnan(summary_value(t->r->servers[i].sum, &f));
        }
    }
}

/* What a kind of error means, for people who see it for the first time. */
static const char *const error_help[REQ_ERRS] = {
    [REQ_HTTP] = "status other than 200",
    [REQ_REFUSED] = "connection refused",
    [REQ_RESET] = "connection reset",
    [REQ_EOF] = "closed without an answer",
    [REQ_TRUNC] = "answer cut short",
    [REQ_TIMEOUT] = "client's time-out",
    [REQ_CLOSED] = "keep-alive closed, sent again",
    [REQ_TLS] = "TLS handshake failed",
    [REQ_SKIPPED] = "never sent",
    [REQ_UNFINISHED] = "under way at the end",
    [REQ_GAVE_UP] = "client gave up",
};

static void error_rows(struct table *t)
{
    start_row(t, 0, "failed requests");
    for (size_t i = 0; i < t->r->n; i++)
        put_number(t, i, FIELD(failed), UNIT_COUNT, true);
    end_row(t);
    for (int k = 0; k < REQ_ERRS; k++) {
        bool occurs = false;
        char label[64];
        if (k == REQ_OK)
            continue;
        for (size_t i = 0; i < t->r->n; i++)
            occurs = occurs || t->r->servers[i].sum->errors[k] > 0;
        if (!occurs)
            continue;
        snprintf(label, sizeof label, "%s: %s", req_err_name[k],
                 error_help[k] != NULL ? error_help[k] : "");
        start_row(t, 2, label);
        for (size_t i = 0; i < t->r->n; i++)
            put_number(
                t, i, FIELD(errors) + (size_t)k * sizeof(double), UNIT_COUNT,
                k != REQ_SKIPPED && k != REQ_UNFINISHED && k != REQ_CLOSED);
        end_row(t);
    }
}

/* How long all workers are taken, and what they do then. */
static void full_rows(struct table *t)
{
    bool ever = false;
    for (size_t i = 0; i < t->r->n; i++)
        ever = ever || t->r->servers[i].sum->workers.full_share > 0;
    row(t, 2, "all taken, share of time", FIELD(workers.full_share),
        UNIT_SHARE);
    if (!ever)
        return;
    row(t, 4, "then in K", FIELD(workers.full_keepalive_mean), UNIT_COUNT);
    row(t, 4, "then in R", FIELD(workers.full_reading_mean), UNIT_COUNT);
    row(t, 4, "then in W", FIELD(workers.full_writing_mean), UNIT_COUNT);
    row(t, 4, "to the end, from", FIELD(workers.full_from_s), UNIT_TIME);
}

/* A row where it is more than 0 for somebody. */
static void row_if_any(struct table *t, const char *label, size_t offset,
                       enum unit unit)
{
    const struct summary_field f = { .offset = offset };
    for (size_t i = 0; i < t->r->n; i++) {
        if (summary_value(t->r->servers[i].sum, &f) > 0) {
            row(t, 2, label, offset, unit);
            return;
        }
    }
}

/* Only where CPU time matters: it is counted in ticks of a clock, so that
 * little of it says nothing. */
static void cost_row(struct table *t)
{
    char text[NUM_SIZE];
    bool matters = false;
    for (size_t i = 0; i < t->r->n; i++)
        matters = matters || summary_cpu_matters(t->r->servers[i].sum);
    if (!matters)
        return;
    row(t, 2, "all cores busy, share of time", FIELD(cpu.busy_share),
        UNIT_SHARE);
    start_row(t, 2, "per request");
    for (size_t i = 0; i < t->r->n; i++)
        put_cell(t, i,
                 unit_text(summary_cpu_per_request(t->r->servers[i].sum),
                           UNIT_TIME, text),
                 false);
    end_row(t);
}

static void all_rows(struct table *t)
{
    start_row(t, 0, "");
    for (size_t i = 0; i < t->r->n; i++)
        put_cell(t, i, t->r->servers[i].name, false);
    end_row(t);
    row(t, 0, "throughput", FIELD(throughput_rps), UNIT_RATE);
    latency_rows(t, "latency, as the client sees it", FIELD(latency));
    latency_rows(t, "latency, as the server logs it (%D)",
                 FIELD(latency_server));
    error_rows(t);
    row(t, 0, "accept queue, peak", FIELD(accept_queue.peak), UNIT_COUNT);
    row(t, 2, "overflows", FIELD(accept_queue.overflows), UNIT_COUNT);
    row(t, 0, "workers allowed", FIELD(workers.limit), UNIT_COUNT);
    row(t, 2, "busy (R W L), mean", FIELD(workers.busy_mean), UNIT_COUNT);
    row(t, 2, "busy, peak", FIELD(workers.busy_peak), UNIT_COUNT);
    row(t, 2, "in keep-alive (K), mean", FIELD(workers.keepalive_mean),
        UNIT_COUNT);
    row(t, 2, "in keep-alive, peak", FIELD(workers.keepalive_peak), UNIT_COUNT);
    full_rows(t);
    row(t, 2, "too few exist, share of time", FIELD(workers.short_share),
        UNIT_SHARE);
    row_if_any(t, "idle ones held back, share", FIELD(workers.held_share),
               UNIT_SHARE);
    row(t, 0, "processes, mean", FIELD(processes.mean), UNIT_COUNT);
    row(t, 2, "peak", FIELD(processes.peak), UNIT_COUNT);
    row(t, 2, "ended", FIELD(processes.ended), UNIT_COUNT);
    row_if_any(t, "killed", FIELD(processes.killed), UNIT_COUNT);
    row(t, 0, "memory (private), peak", FIELD(memory.private_peak_bytes),
        UNIT_BYTES);
    row(t, 0, "CPU used", FIELD(cpu.utilisation), UNIT_SHARE);
    cost_row(t);
}

/* -- messages ---------------------------------------------------------------
 */

struct shown {
    const struct report_server *server;
    const struct summary_message *m;
};

/* What every start and end of a server says is no news. */
static bool is_routine(const struct summary_message *m)
{
    static const char *const codes[] = { "AH00163", "AH00164", "AH00292",
                                         "AH00293", "AH00489", "AH00490" };
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (strcmp(m->code, codes[i]) == 0)
            return true;
    return false;
}

static int by_time(const void *a, const void *b)
{
    const struct shown *x = a, *y = b;
    if (x->m->first_s != y->m->first_s)
        return x->m->first_s < y->m->first_s ? -1 : 1;
    if (x->server != y->server)
        return x->server < y->server ? -1 : 1;
    return x->m < y->m ? -1 : x->m > y->m;
}

static void put_message(const struct table *t, const struct shown *s, int names)
{
    char at[NUM_SIZE], count[NUM_SIZE];
    bool bad = strcmp(s->m->level, "error") == 0 && t->colour;

    num_digits(round(s->m->first_s * 1000) / 1000, 6, at);
    fprintf(t->f, "  %8s s  %-*s  %s%s%s %s: %s", at, names, s->server->name,
            bad ? "\033[31m" : "", s->m->level, bad ? "\033[0m" : "",
            s->m->code, s->m->text);
    if (s->m->count != 1)
        fprintf(t->f, " (%s times%s)",
                unit_text(s->m->count, UNIT_COUNT, count),
                t->r->replications > 1 ? " on average" : "");
    fputc('\n', t->f);
}

static void messages(const struct table *t)
{
    struct shown *list =
        must_zalloc(t->r->n * SUMMARY_MESSAGES + 1, sizeof *list);
    size_t n = 0;
    int names = 0;
    for (size_t i = 0; i < t->r->n; i++) {
        const struct report_server *s = &t->r->servers[i];
        widen(&names, columns(s->name));
        for (size_t k = 0; k < s->sum->nmessages; k++)
            if (!is_routine(&s->sum->message[k]))
                list[n++] = (struct shown){ s, &s->sum->message[k] };
    }
    qsort(list, n, sizeof *list, by_time);
    if (n > 0)
        fputs("\nIn the error log, when it first appears:\n", t->f);
    for (size_t i = 0; i < n; i++)
        put_message(t, &list[i], names);
    free(list);
}

static void title(const struct table *t)
{
    const struct report *r = t->r;
    char buf[NUM_SIZE];

    fprintf(t->f, "%s\n", r->title != NULL ? r->title : r->file);
    fprintf(t->f, "%s s simulated", num_time_exact(r->duration, 0, buf));
    if (r->warm_up > 0)
        fprintf(t->f, ", statistics from %s s on",
                num_time_exact(r->warm_up, 0, buf));
    fprintf(t->f, ", seed %" PRIu64, r->seed);
    if (r->replications > 1)
        fprintf(t->f, ", mean of %" PRId64 " replications with 95 %% intervals",
                r->replications);
    if (r->partial)
        fputs(", INTERRUPTED: the figures cover a part of it", t->f);
    fputs("\n\n", t->f);
}

void report_table(FILE *f, const struct report *r, bool colour)
{
    struct table t = { .r = r, .f = f, .colour = colour, .measure = true };
    t.width = must_zalloc(r->n + 1, sizeof *t.width);
    all_rows(&t);
    t.measure = false;
    t.few = false;
    title(&t);
    all_rows(&t);
    if (t.few)
        fputs("-: too few samples; a percentile needs 10 beyond it\n", f);
    messages(&t);
    free(t.width);
}
