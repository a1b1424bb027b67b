/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workloads/trace_file.h"

#include <stdlib.h>
#include <string.h>

#include "sim/must.h"
#include "workloads/gzread.h"
#include "workloads/number.h"

enum column {
    COL_CONN,
    COL_START,
    COL_TLS,
    COL_DOWN,
    COL_UP,
    COL_REQ,
    COL_THINK,
    COL_SLEEP,
    COL_CPU,
    COL_BYTES,
    COL_FILE,
    COL_HOLD
};

/* What a column may hold: a number times 10^scale, up to max. */
static const struct {
    const char *name;
    int scale;
    bool whole;
    int64_t max;
    const char *limit; /* said when it is beyond max */
} columns[TRACE_COLUMNS] = {
    { "conn", 0, true, UINT32_MAX - 1, "at most 4294967294" },
    { "start_s", 9, false, INT64_MAX / 4, "at most 73 years" },
    { "tls", 0, true, 1, "0 or 1" },
    { "down_Bps", 3, false, 1000000000000000, "at most 1e12" },
    { "up_Bps", 3, false, 1000000000000000, "at most 1e12" },
    { "req", 0, true, UINT32_MAX - 1, "at most 4294967294" },
    { "think_s", 9, false, INT64_MAX / 4, "at most 73 years" },
    { "sleep_ms", 6, false, INT64_MAX / 4, "at most 73 years" },
    { "cpu_ms", 6, false, INT64_MAX / 4, "at most 73 years" },
    { "bytes", 0, true, 1000000000000000, "at most 1e15" },
    { "file", 0, true, 1, "0 or 1" },
    { "hold", 0, true, 1, "0 or 1" },
};

struct reader {
    const char *path;
    struct gzread *in;
    struct err *e;
    struct trace_conn *conn;
    struct trace_req *req;
    long *line; /* of each connection's first row */
    size_t nconn, capconn, nreq, capreq;
    bool ascending; /* ids have only grown so far: none can be double */
};

/* TEXT for a message: printable, not long. */
static const char *shown(char buf[44], const char *text, size_t len)
{
    size_t n = len < 40 ? len : 40;
    for (size_t i = 0; i < n; i++)
        buf[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
    memcpy(buf + n, len > n ? "..." : "", len > n ? 4 : 1);
    return buf;
}

static bool fault(struct reader *r, long col, const char *text)
{
    return err_at(r->e, ERR_CONTENT, r->path, gzread_lineno(r->in), col, NULL,
                  "%s", text);
}

/* The next line, complete and text; false at the end and on an error. */
static bool next_line(struct reader *r, char **line, size_t *len)
{
    bool cut;
    const char *nul;
    if (!gzread_line(r->in, line, len, &cut, r->e))
        return false;
    nul = memchr(*line, '\0', *len);
    if (nul)
        return fault(r, nul - *line + 1,
                     "a NUL byte; a trace is plain text (CSV)");
    if (cut)
        return fault(r, 0,
                     "the line is longer than 65536 bytes; a trace has one "
                     "row of 12 numbers per request");
    return true;
}

static bool read_header(struct reader *r)
{
    static const char header[] = TRACE_HEADER;
    char *line, buf[44];
    size_t len, i = 0;
    if (!next_line(r, &line, &len)) {
        if (r->e->kind == ERR_NONE)
            return err_at(r->e, ERR_CONTENT, r->path, 1, 1, NULL,
                          "the file is empty; its first line must be %s",
                          header);
        return false;
    }
    if (len == sizeof header - 1 && memcmp(line, header, len) == 0)
        return true;
    while (i < len && i < sizeof header - 1 && line[i] == header[i])
        i++;
    return err_at(r->e, ERR_CONTENT, r->path, 1, (long)i + 1, NULL,
                  "the header must be exactly %s; found \"%s\" here", header,
                  shown(buf, line + i, len - i));
}

/* A number of column C; the place is for messages. */
static bool read_number(struct reader *r, int c, const char *line,
                        const char *text, size_t len, int64_t *v)
{
    char buf[44];
    long col = text - line + 1;
    enum number_fault f = number_parse(text, len, columns[c].scale, v);
    if (f == NUMBER_OK && columns[c].whole && memchr(text, '.', len) != NULL)
        return err_at(r->e, ERR_CONTENT, r->path, gzread_lineno(r->in), col,
                      NULL, "%s: \"%s\" is not a whole number", columns[c].name,
                      shown(buf, text, len));
    if (f == NUMBER_LARGE || (f == NUMBER_OK && *v > columns[c].max))
        return err_at(r->e, ERR_CONTENT, r->path, gzread_lineno(r->in), col,
                      NULL, "%s: %s is not allowed; it must be %s",
                      columns[c].name, shown(buf, text, len), columns[c].limit);
    if (f == NUMBER_EMPTY)
        return err_at(r->e, ERR_CONTENT, r->path, gzread_lineno(r->in), col,
                      NULL, "%s is missing", columns[c].name);
    if (f != NUMBER_OK)
        return err_at(r->e, ERR_CONTENT, r->path, gzread_lineno(r->in), col,
                      NULL, "%s: \"%s\" %s", columns[c].name,
                      shown(buf, text, len), number_fault_text(f));
    return true;
}

static bool read_columns(struct reader *r, const char *line, size_t len,
                         int64_t v[TRACE_COLUMNS], long col[TRACE_COLUMNS])
{
    const char *s = line, *end = line + len;
    int n = 1;
    for (const char *p = line; p < end; p++)
        n += *p == ',';
    if (n != TRACE_COLUMNS)
        return err_at(r->e, ERR_CONTENT, r->path, gzread_lineno(r->in), 1, NULL,
                      "%d column%s where %d are wanted: %s", n,
                      n == 1 ? "" : "s", TRACE_COLUMNS, TRACE_HEADER);
    for (int c = 0; c < TRACE_COLUMNS; c++) {
        const char *comma = memchr(s, ',', (size_t)(end - s));
        const char *stop = comma ? comma : end;
        col[c] = s - line + 1;
        if (!read_number(r, c, line, s, (size_t)(stop - s), &v[c]))
            return false;
        s = stop + 1;
    }
    return true;
}

/* A connection's rows repeat its fields. */
static bool same_conn(struct reader *r, const struct trace_conn *c,
                      const int64_t v[TRACE_COLUMNS],
                      const long col[TRACE_COLUMNS])
{
    int at = c->start != v[COL_START]                        ? COL_START
             : c->tls != (v[COL_TLS] != 0)                   ? COL_TLS
             : c->down != (float)((double)v[COL_DOWN] / 1e3) ? COL_DOWN
             : c->up != (float)((double)v[COL_UP] / 1e3)     ? COL_UP
                                                             : -1;
    if (at >= 0)
        return err_at(r->e, ERR_CONTENT, r->path, gzread_lineno(r->in), col[at],
                      NULL,
                      "%s differs from the row above; all rows of conn %u "
                      "must repeat its fields",
                      columns[at].name, c->id);
    if (v[COL_REQ] != c->n)
        return err_at(r->e, ERR_CONTENT, r->path, gzread_lineno(r->in),
                      col[COL_REQ], NULL,
                      "req is %lld where %u is next; a connection's requests "
                      "are numbered 0, 1, 2 ... in turn",
                      (long long)v[COL_REQ], c->n);
    return true;
}

static bool begin_conn(struct reader *r, const int64_t v[TRACE_COLUMNS],
                       const long col[TRACE_COLUMNS])
{
    const struct trace_conn *last = r->nconn ? &r->conn[r->nconn - 1] : NULL;
    char found[32], before[32];
    if (last && v[COL_START] < last->start)
        return err_at(r->e, ERR_CONTENT, r->path, gzread_lineno(r->in),
                      col[COL_START], NULL,
                      "conn %lld starts at %s, before conn %u on line %ld "
                      "(%s); sort the connections by start_s",
                      (long long)v[COL_CONN],
                      simtime_format(v[COL_START], found, sizeof found),
                      last->id, r->line[r->nconn - 1],
                      simtime_format(last->start, before, sizeof before));
    if (v[COL_REQ] != 0)
        return err_at(r->e, ERR_CONTENT, r->path, gzread_lineno(r->in),
                      col[COL_REQ], NULL,
                      "conn %lld begins with req %lld; its first row must be "
                      "req 0, and its rows must stand together",
                      (long long)v[COL_CONN], (long long)v[COL_REQ]);
    if (last && v[COL_CONN] <= last->id)
        r->ascending = false;
    if (r->nconn == r->capconn) {
        r->capconn = r->capconn ? r->capconn * 2 : 1024;
        r->conn = must_realloc(r->conn, r->capconn, sizeof *r->conn);
        r->line = must_realloc(r->line, r->capconn, sizeof *r->line);
    }
    r->line[r->nconn] = gzread_lineno(r->in);
    r->conn[r->nconn++] = (struct trace_conn){
        .start = v[COL_START],
        .id = (uint32_t)v[COL_CONN],
        .first = (uint32_t)r->nreq,
        .down = (float)((double)v[COL_DOWN] / 1e3),
        .up = (float)((double)v[COL_UP] / 1e3),
        .tls = v[COL_TLS] != 0,
    };
    return true;
}

static bool read_row(struct reader *r, const char *line, size_t len)
{
    int64_t v[TRACE_COLUMNS];
    long col[TRACE_COLUMNS];
    struct trace_conn *c;
    if (!read_columns(r, line, len, v, col))
        return false;
    c = r->nconn ? &r->conn[r->nconn - 1] : NULL;
    if (c && v[COL_CONN] == c->id) {
        if (!same_conn(r, c, v, col))
            return false;
    } else {
        if (!begin_conn(r, v, col))
            return false;
        c = &r->conn[r->nconn - 1];
    }
    if (r->nreq == UINT32_MAX - 1)
        return fault(r, 0, "more than 4294967294 requests");
    if (r->nreq == r->capreq) {
        r->capreq = r->capreq ? r->capreq * 2 : 4096;
        r->req = must_realloc(r->req, r->capreq, sizeof *r->req);
    }
    r->req[r->nreq++] = (struct trace_req){
        .think = v[COL_THINK],
        .sleep = v[COL_SLEEP],
        .cpu = v[COL_CPU],
        .body = (uint64_t)v[COL_BYTES] * 2 + (uint64_t)v[COL_FILE],
    };
    c->n++;
    c->hold = v[COL_HOLD] != 0; /* the last row says */
    return true;
}

struct seen {
    uint32_t id, at;
};

static int by_id(const void *a, const void *b)
{
    const struct seen *x = a, *y = b;
    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

/* An id that comes back after other connections: the first such place. */
static bool check_together(struct reader *r)
{
    struct seen *s;
    size_t first = SIZE_MAX, before = 0;
    if (r->ascending || r->nconn < 2)
        return true;
    s = must_alloc(r->nconn * sizeof *s);
    for (size_t i = 0; i < r->nconn; i++)
        s[i] = (struct seen){ r->conn[i].id, (uint32_t)i };
    qsort(s, r->nconn, sizeof *s, by_id);
    for (size_t i = 1; i < r->nconn; i++) {
        if (s[i].id == s[i - 1].id && s[i].at < first) {
            first = s[i].at;
            before = s[i - 1].at;
        }
    }
    free(s);
    if (first == SIZE_MAX)
        return true;
    return err_at(r->e, ERR_CONTENT, r->path, r->line[first], 1, NULL,
                  "conn %u was on line %ld already; the rows of a connection "
                  "must stand together",
                  r->conn[first].id, r->line[before]);
}

static bool read_all(struct reader *r)
{
    char *line;
    size_t len;
    if (!read_header(r))
        return false;
    while (next_line(r, &line, &len)) {
        if (!read_row(r, line, len))
            return false;
    }
    return r->e->kind == ERR_NONE && check_together(r);
}

struct trace *trace_read(const char *path, struct arena *a, struct err *e)
{
    struct reader r = { .path = path, .e = e, .ascending = true };
    struct trace *t = NULL;
    r.in = gzread_open(path, e);
    if (!r.in)
        return NULL;
    if (read_all(&r)) {
        t = arena_alloc(a, sizeof *t);
        t->nconn = r.nconn;
        t->nreq = r.nreq;
        t->conn = arena_alloc(a, (r.nconn + 1) * sizeof *t->conn);
        t->req = arena_alloc(a, (r.nreq + 1) * sizeof *t->req);
        if (r.nconn > 0) {
            memcpy(t->conn, r.conn, r.nconn * sizeof *t->conn);
            memcpy(t->req, r.req, r.nreq * sizeof *t->req);
        }
        for (size_t i = 0; i < t->nconn; i++)
            t->tls |= t->conn[i].tls;
    }
    gzread_close(r.in);
    free(r.conn);
    free(r.req);
    free(r.line);
    return t;
}
