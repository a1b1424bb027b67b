/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sweep/result.h"

#include "outputs/sink.h"
#include "sim/must.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A server's means and intervals beside its runs. */
struct rows {
    struct sink out;
    const struct result_server *server;
    struct summary mean;
    struct summary_ci ci;
};

static void put(struct sink *s, double v, enum summary_kind kind)
{
    if (kind == SUMMARY_COUNT)
        sink_count(s, v);
    else
        sink_stat(s, v);
}

/* The number METRIC of a run: what did not happen is 0 where that is true. */
static double number(const struct summary *s, const char *metric)
{
    double v;
    return summary_lookup(s, metric, &v) ? v : (double)NAN;
}

static void add_row(struct rows *r, const char *metric, double mean, double low,
                    double high, enum summary_kind kind)
{
    const struct result_server *sv = r->server;
    sink_format(&r->out, "%s,%s,%zu,%s,", sv->name, sv->mpm, sv->nruns, metric);
    put(&r->out, mean, kind);
    sink_char(&r->out, ',');
    if (sv->nruns > 1 && !isnan(mean))
        put(&r->out, low, kind);
    sink_char(&r->out, ',');
    if (sv->nruns > 1 && !isnan(mean))
        put(&r->out, high, kind);
    sink_char(&r->out, ',');
    for (size_t i = 0; i < sv->nruns; i++) {
        double v = number(&sv->runs[i], metric);
        if (i > 0)
            sink_char(&r->out, ' ');
        if (isnan(v))
            sink_char(&r->out, '-');
        else
            put(&r->out, v, kind);
    }
    sink_char(&r->out, '\n');
}

static void add_field(struct rows *r, const struct summary_field *f)
{
    add_row(r, f->path, summary_value(&r->mean, f),
            summary_value(&r->ci.low, f), summary_value(&r->ci.high, f),
            f->kind);
}

static void add_errors(struct rows *r)
{
    for (int k = 0; k < REQ_ERRS; k++) {
        char metric[80];
        if (k == REQ_OK)
            continue;
        snprintf(metric, sizeof metric, "requests.errors.%s", req_err_name[k]);
        add_row(r, metric, r->mean.errors[k], r->ci.low.errors[k],
                r->ci.high.errors[k], SUMMARY_COUNT);
    }
}

/* httpd's messages that appeared, by their codes. */
static void add_messages(struct rows *r)
{
    for (size_t i = 0; i < r->mean.nmessages; i++) {
        const struct summary_message *m = &r->mean.message[i];
        char metric[80];
        if (m->code[0] == '\0')
            continue;
        snprintf(metric, sizeof metric, "messages.%s.count", m->code);
        add_row(r, metric, m->count, r->ci.low.message[i].count,
                r->ci.high.message[i].count, SUMMARY_COUNT);
    }
}

static void add_server(struct rows *r, const struct result_server *sv)
{
    r->server = sv;
    summary_aggregate(sv->runs, sv->nruns, &r->mean, &r->ci);
    for (size_t i = 0; i < summary_nfields; i++) {
        add_field(r, &summary_fields[i]);
        if (strcmp(summary_fields[i].path, "requests.failed") == 0)
            add_errors(r);
    }
    add_messages(r);
}

char *result_text(const struct result_server *servers, size_t n)
{
    struct rows *r = must_zalloc(1, sizeof *r);
    sink_string(&r->out);
    for (size_t i = 0; i < n; i++)
        add_server(r, &servers[i]);
    char *text = sink_take(&r->out);
    free(r);
    return text;
}

/* -- reading ----------------------------------------------------------------
 */

/* The number at *P up to one of ENDS; "" and "-" are NAN. Moves *P there. */
static bool read_number(char **p, const char *ends, double *v)
{
    char *end = *p;
    *v = (double)NAN;
    if (*end == '-' && strchr(ends, end[1]) != NULL)
        end++;
    else if (strchr(ends, *end) == NULL)
        *v = strtod(*p, &end);
    if (strchr(ends, *end) == NULL)
        return false;
    *p = end;
    return true;
}

/* Ends the field at *P at the next comma and moves *P behind it. */
static const char *cut(char **p)
{
    char *start = *p;
    char *comma = strchr(start, ',');
    if (comma == NULL)
        return NULL;
    *comma = '\0';
    *p = comma + 1;
    return start;
}

/* One LINE; its own copy of it, FIELDS, is cut up for the names. */
static bool read_row(struct result_row *row, char *line, char *copy,
                     double *runs)
{
    char *p = copy;
    row->fields = line;
    row->server = cut(&p);
    row->mpm = row->server != NULL ? cut(&p) : NULL;
    const char *count = row->mpm != NULL ? cut(&p) : NULL;
    row->metric = count != NULL ? cut(&p) : NULL;
    if (row->metric == NULL || !read_number(&p, ",", &row->mean) ||
        *p++ != ',' || !read_number(&p, ",", &row->low) || *p++ != ',' ||
        !read_number(&p, ",", &row->high) || *p != ',')
        return false;
    row->len = (size_t)(p - copy);
    size_t n = strtoul(count, NULL, 10);
    row->runs = runs;
    for (row->nruns = 0; row->nruns < n; row->nruns++) {
        p++;
        if (!read_number(&p, " ", &runs[row->nruns]))
            return false;
    }
    return *p == '\0' && n > 0;
}

bool result_parse(struct result *r, const char *text)
{
    size_t size = strlen(text) + 1, lines = 0, numbers = 1;
    for (const char *p = text; *p != '\0'; p++) {
        lines += *p == '\n';
        numbers += *p == ' ' || *p == '\n';
    }
    *r = (struct result){ 0 };
    r->rows = must_zalloc(lines + 1, sizeof *r->rows);
    r->runs = must_alloc(numbers * sizeof *r->runs);
    r->text = must_alloc(2 * size);
    char *copy = r->text + size;
    memcpy(r->text, text, size);
    memcpy(copy, text, size);
    double *runs = r->runs;
    for (char *line = r->text; *line != '\0';) {
        char *end = strchr(line, '\n');
        size_t at = (size_t)(line - r->text), room = 1;
        if (end == NULL)
            break;
        *end = '\0';
        copy[end - r->text] = '\0';
        for (const char *c = line; *c != '\0'; c++)
            room += *c == ' ';
        const char *count = line; /* no row may claim more than it has */
        for (int i = 0; i < 2 && count != NULL; i++)
            count = strchr(count, ',') != NULL ? strchr(count, ',') + 1 : NULL;
        if (count == NULL || strtoul(count, NULL, 10) != room ||
            !read_row(&r->rows[r->n], line, copy + at, runs))
            break;
        runs += r->rows[r->n++].nruns;
        line = end + 1;
    }
    if (r->n == lines && size > 1 && text[size - 2] == '\n')
        return true;
    result_free(r);
    return false;
}

void result_free(struct result *r)
{
    free(r->rows);
    free(r->runs);
    free(r->text);
    *r = (struct result){ 0 };
}

const struct result_row *result_find(const struct result *r, const char *server,
                                     const char *metric)
{
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->rows[i].metric, metric) == 0 &&
            strcmp(r->rows[i].server, server) == 0)
            return &r->rows[i];
    return NULL;
}
