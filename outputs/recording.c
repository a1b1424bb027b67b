/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outputs/recording.h"

#include "sim/must.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More columns than any recording has. */
#define FIELDS_MAX 128

static const char *const names[RECORDING_READ] = {
    [RECORDING_PROCESSES] = "processes",
    [RECORDING_THREADS] = "threads",
    [RECORDING_READY] = "slots_ready",
    [RECORDING_READING] = "slots_reading",
    [RECORDING_WRITING] = "slots_writing",
    [RECORDING_LOGGING] = "slots_logging",
    [RECORDING_KEEPALIVE] = "slots_keepalive",
    [RECORDING_GRACEFUL] = "slots_finishing",
    [RECORDING_ESTABLISHED] = "sockets_established",
    [RECORDING_CLOSE_WAIT] = "sockets_close_wait",
    [RECORDING_ACCEPTQ] = "accept_queue",
    [RECORDING_OVERFLOWS] = "listen_overflows",
    [RECORDING_PRIVATE_KIB] = "private_dirty_kib",
    [RECORDING_CPU_S] = "cpu_s",
};

/* -- tables of comma separated values ---------------------------------------
 */

struct table {
    FILE *f;
    char *path;
    char *line, *head; /* the present line and the header, cut into fields */
    size_t size;
    long lineno;
    char *field[FIELDS_MAX], *name[FIELDS_MAX];
    size_t nfields, nnames;
};

/* Cuts TEXT at its commas, takes quotes away; false with too many fields. */
static bool cut(char *text, char **field, size_t *n)
{
    *n = 0;
    for (char *in = text;; in++) {
        char *out = in;
        if (*n == FIELDS_MAX)
            return false;
        field[(*n)++] = out;
        if (*in == '"') {
            for (in++; *in != '\0'; in++) {
                if (*in == '"' && *++in != '"')
                    break;
                *out++ = *in;
            }
        }
        while (*in != ',' && *in != '\0')
            *out++ = *in++;
        bool last = *in == '\0';
        *out = '\0';
        if (last)
            return true;
    }
}

static bool table_wrong(const struct table *t, struct err *e, const char *what)
{
    return err_at(e, ERR_CONTENT, t->path, t->lineno, 0, NULL, "%s", what);
}

/* The next line that is not empty. False at the end and, with E filled, on an
 * error. */
static bool next_line(struct table *t, struct err *e)
{
    ssize_t len;
    do {
        errno = 0;
        len = getline(&t->line, &t->size, t->f);
        t->lineno++;
        if (len < 0) {
            if (ferror(t->f))
                err_at(e, ERR_IO, t->path, 0, 0, NULL, "%s", strerror(errno));
            return false;
        }
        if (memchr(t->line, '\0', (size_t)len) != NULL)
            return table_wrong(t, e, "holds a NUL byte");
        while (len > 0 &&
               (t->line[len - 1] == '\n' || t->line[len - 1] == '\r'))
            t->line[--len] = '\0';
    } while (len == 0);
    return true;
}

/* Opens DIR/FILE; *THERE false, and no error, when there is none. */
static bool table_open(struct table *t, const char *dir, const char *file,
                       bool *there, struct err *e)
{
    size_t size = strlen(dir) + strlen(file) + 2;
    *t = (struct table){ .path = must_alloc(size) };
    snprintf(t->path, size, "%s/%s", dir, file);
    t->f = fopen(t->path, "r");
    *there = t->f != NULL;
    if (t->f == NULL)
        return errno == ENOENT || errno == ENOTDIR ||
               err_at(e, ERR_IO, t->path, 0, 0, NULL, "%s", strerror(errno));
    if (!next_line(t, e))
        return table_wrong(t, e, "is empty: a line of column names is missing");
    t->head = must_strdup(t->line);
    if (!cut(t->head, t->name, &t->nnames))
        return table_wrong(t, e, "has too many columns");
    return true;
}

static void table_close(struct table *t)
{
    if (t->f != NULL)
        fclose(t->f);
    free(t->path);
    free(t->line);
    free(t->head);
}

/* The next row, in t->field. */
static bool table_row(struct table *t, struct err *e)
{
    if (!next_line(t, e))
        return false;
    if (!cut(t->line, t->field, &t->nfields))
        return table_wrong(t, e, "has too many fields");
    if (t->nfields != t->nnames)
        return err_at(e, ERR_CONTENT, t->path, t->lineno, 0, NULL,
                      "has %zu fields, but line 1 names %zu columns",
                      t->nfields, t->nnames);
    return true;
}

/* The place of column NAME, -1 = there is none. */
static int table_column(const struct table *t, const char *name)
{
    for (size_t i = 0; i < t->nnames; i++)
        if (strcmp(t->name[i], name) == 0)
            return (int)i;
    return -1;
}

static bool need_column(const struct table *t, const char *name, int *place,
                        struct err *e)
{
    *place = table_column(t, name);
    return *place >= 0 || err_at(e, ERR_CONTENT, t->path, 1, 0, NULL,
                                 "there is no column \"%s\"", name);
}

/* The number in field I, NAN when that is blank or not there. */
static bool number(const struct table *t, int i, double *out, struct err *e)
{
    char *end;
    *out = (double)NAN;
    if (i < 0 || t->field[i][0] == '\0')
        return true;
    *out = strtod(t->field[i], &end);
    if (*end != '\0' || !isfinite(*out))
        return err_at(e, ERR_CONTENT, t->path, t->lineno, 0, NULL,
                      "%s is \"%.40s\", which is not a number", t->name[i],
                      t->field[i]);
    return true;
}

static void text(const struct table *t, int i, char *out, size_t size)
{
    snprintf(out, size, "%s", i < 0 ? "" : t->field[i]);
}

/* Makes room for element N of V. */
static void *room(void *v, size_t n, size_t size)
{
    if (n != 0 && (n < 64 || (n & (n - 1)) != 0))
        return v;
    return must_realloc(v, n == 0 ? 64 : 2 * n, size);
}

/* -- the three files --------------------------------------------------------
 */

static bool series_row(struct recording *r, const struct table *t, int time,
                       const int *place, struct err *e)
{
    double *column[RECORDING_READ];
    r->t = room(r->t, r->n, sizeof *r->t);
    for (int c = 0; c < RECORDING_READ; c++)
        if (place[c] >= 0)
            r->column[c] = room(r->column[c], r->n, sizeof **r->column);
    memcpy(column, r->column, sizeof column);
    if (!number(t, time, &r->t[r->n], e))
        return false;
    if (isnan(r->t[r->n]))
        return table_wrong(t, e, "t_s is empty");
    if (r->n > 0 && r->t[r->n] < r->t[r->n - 1])
        return table_wrong(t, e, "t_s is less than in the line before");
    for (int c = 0; c < RECORDING_READ; c++)
        if (place[c] >= 0 && !number(t, place[c], &column[c][r->n], e))
            return false;
    r->n++;
    return true;
}

static bool read_series(struct recording *r, struct table *t, struct err *e)
{
    int time, place[RECORDING_READ];
    if (!need_column(t, "t_s", &time, e))
        return false;
    for (int c = 0; c < RECORDING_READ; c++)
        place[c] = table_column(t, names[c]);
    while (table_row(t, e))
        if (!series_row(r, t, time, place, e))
            return false;
    return e->kind == ERR_NONE;
}

static bool read_requests(struct recording *r, struct table *t, struct err *e)
{
    int start, done, status;
    if (!need_column(t, "t_start", &start, e) ||
        !need_column(t, "t_done", &done, e) ||
        !need_column(t, "status", &status, e))
        return false;
    int connected = table_column(t, "t_connected"),
        first = table_column(t, "t_first_byte"),
        close = table_column(t, "close"), err = table_column(t, "err"),
        server = table_column(t, "t_server_close");
    while (table_row(t, e)) {
        struct recording_request q = { 0 };
        double code, says;
        if (!number(t, start, &q.start, e) || !number(t, done, &q.done, e) ||
            !number(t, connected, &q.connected, e) ||
            !number(t, first, &q.first_byte, e) ||
            !number(t, server, &q.server_close, e) ||
            !number(t, status, &code, e) || !number(t, close, &says, e))
            return false;
        q.status = code >= 0 && code < 1000 ? (int)code : 0;
        q.close = says == 1;
        text(t, err, q.err, sizeof q.err);
        r->requests = room(r->requests, r->nrequests, sizeof q);
        r->requests[r->nrequests++] = q;
    }
    return e->kind == ERR_NONE;
}

static bool read_events(struct recording *r, struct table *t, struct err *e)
{
    int time, module, code;
    if (!need_column(t, "t_s", &time, e) ||
        !need_column(t, "module", &module, e) ||
        !need_column(t, "code", &code, e))
        return false;
    while (table_row(t, e)) {
        struct recording_event v;
        if (!number(t, time, &v.t_s, e))
            return false;
        text(t, module, v.module, sizeof v.module);
        text(t, code, v.code, sizeof v.code);
        r->events = room(r->events, r->nevents, sizeof v);
        r->events[r->nevents++] = v;
    }
    return e->kind == ERR_NONE;
}

static bool read_file(struct recording *r, const char *dir, const char *file,
                      bool (*read)(struct recording *, struct table *,
                                   struct err *),
                      bool *there, struct err *e)
{
    struct table t;
    bool ok =
        table_open(&t, dir, file, there, e) && (!*there || read(r, &t, e));
    table_close(&t);
    return ok;
}

/* -- what follows from the columns ------------------------------------------
 */

/* A column without any number counts as not recorded. */
static void drop_blank(struct recording *r)
{
    for (int c = 0; c < RECORDING_READ; c++) {
        bool any = false;
        for (size_t i = 0; r->column[c] != NULL && !any && i < r->n; i++)
            any = !isnan(r->column[c][i]);
        if (!any) {
            free(r->column[c]);
            r->column[c] = NULL;
        }
    }
}

/* Adds the column TO = A + B + SIGN x C, never below 0. Blanks stay blank. */
static void derive(struct recording *r, enum recording_column to,
                   enum recording_column a, enum recording_column b,
                   double sign, enum recording_column c)
{
    const double *x = r->column[a], *y = r->column[b], *z = r->column[c];
    if (x == NULL || y == NULL || z == NULL)
        return;
    double *v = r->column[to] = must_alloc((r->n + 1) * sizeof *v);
    for (size_t i = 0; i < r->n; i++) {
        v[i] = x[i] + y[i] + sign * z[i];
        if (v[i] < 0)
            v[i] = 0;
    }
}

static void derive_idle(struct recording *r)
{
    const double *conns = r->column[RECORDING_CONNS],
                 *busy = r->column[RECORDING_BUSY];
    if (conns == NULL || busy == NULL)
        return;
    double *v = must_alloc((r->n + 1) * sizeof *v);
    for (size_t i = 0; i < r->n; i++)
        v[i] = conns[i] < busy[i] ? 0 : conns[i] - busy[i];
    r->column[RECORDING_IDLE_CONNS] = v;
}

bool recording_read(struct recording *r, const char *dir, struct err *e)
{
    bool series;
    *r = (struct recording){ 0 };
    bool ok =
        read_file(r, dir, "series.csv", read_series, &series, e) &&
        read_file(r, dir, "requests.csv", read_requests, &r->has_requests, e) &&
        read_file(r, dir, "events.csv", read_events, &r->has_events, e);
    if (ok && !series && !r->has_requests)
        ok = err_at(e, ERR_IO, dir, 0, 0, NULL,
                    "holds neither a series.csv nor a requests.csv");
    if (!ok) {
        recording_free(r);
        return false;
    }
    drop_blank(r);
    derive(r, RECORDING_BUSY, RECORDING_READING, RECORDING_WRITING, 1,
           RECORDING_LOGGING);
    derive(r, RECORDING_CONNS, RECORDING_ESTABLISHED, RECORDING_CLOSE_WAIT, -1,
           RECORDING_ACCEPTQ);
    derive_idle(r);
    return true;
}

void recording_free(struct recording *r)
{
    free(r->t);
    for (int c = 0; c < RECORDING_COLUMNS; c++)
        free(r->column[c]);
    free(r->requests);
    free(r->events);
    *r = (struct recording){ 0 };
}

double recording_end(const struct recording *r)
{
    double end = r->n > 0 ? r->t[r->n - 1] : 0;
    for (size_t i = 0; r->n == 0 && i < r->nrequests; i++)
        if (r->requests[i].done > end)
            end = r->requests[i].done;
    return end;
}

void recording_means(const struct recording *r, enum recording_column c,
                     double width, size_t n, double *out)
{
    const double *v = r->column[c];
    double last = 0;
    size_t i = 0;
    while (i < r->n && r->t[i] < 0)
        i++;
    for (size_t k = 0; k < n; k++) {
        double sum = 0;
        size_t count = 0;
        for (; i < r->n && r->t[i] < (double)(k + 1) * width; i++)
            if (!isnan(v[i])) {
                sum += v[i];
                count++;
            }
        if (count > 0)
            last = sum / (double)count;
        out[k] = last;
    }
}
