/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workloads/log_file.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/must.h"
#include "sim/rng.h"
#include "workloads/har_file.h"

#define BAD_LIMIT    0.05
#define MAX_REQUESTS 2147483647
#define MAX_SPAN     (100LL * 366 * 86400 * SIM_S)
#define MAX_SECONDS  (9000000000LL) /* since 1970: more are no ns in 64 bits */
/* A reader takes so many lines at a time, at least. */
#define BATCH 1024

/* How many requests a client has sent. */
struct host {
    uint64_t hash;
    size_t n; /* 0 = empty cell */
};

struct scan {
    const char *pattern;
    struct log_file *f;
    struct arena *a;
    struct err *e;
    struct log_item *item; /* NULL once there are too many */
    size_t n, cap;
    simtime_t newest; /* the stamp of the line before */
    size_t minute[60], second[60];
    struct host *host;
    size_t hosts_cap;
    size_t crowd; /* requests of the busiest client */
    bool dropped; /* the items, because there are too many */
};

static void note(const struct log_opts *o, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static void note(const struct log_opts *o, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    if (!o->note)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    o->note(o->note_ctx, text);
}

/* ---- lines ---- */

/* The next good line as an item; false at the end and on an error. Lines that
 * are none go to BAD (may be NULL). */
static bool next_item(struct log_lines *in, const struct log_format *format,
                      struct log_item *x,
                      void (*bad)(struct scan *s, const struct log_lines *in,
                                  enum logline_why why, size_t column),
                      struct scan *s, struct err *e)
{
    char *line;
    size_t len;
    bool cut;
    while (log_lines_next(in, &line, &len, &cut, e)) {
        struct logline l;
        enum logline_why why = log_format_parse(format, line, len, &l);
        if (cut)
            why = LOGLINE_LONG;
        else if (why > LOGLINE_SILENT && memchr(line, '\0', len))
            why = LOGLINE_NUL;
        else if (why == LOGLINE_OK && (l.t > MAX_SECONDS || l.t < -MAX_SECONDS))
            why = LOGLINE_BAD_TIME;
        if (why != LOGLINE_OK) {
            if (bad)
                bad(s, in, why, l.column);
            continue;
        }
        *x = (struct log_item){
            .t = l.t * SIM_S + l.ns,
            .host = l.host,
            .conn = l.conn,
            .thread = l.thread,
            .service = l.service,
            .bytes = l.bytes,
            .in = l.in,
            .number = l.number > INT32_MAX ? INT32_MAX : (int32_t)l.number,
            .http = (uint8_t)l.http,
            .after = l.after,
            .post = l.post,
            .tls = l.tls,
        };
        return true;
    }
    return false;
}

static void bad_line(struct scan *s, const struct log_lines *in,
                     enum logline_why why, size_t column)
{
    struct log_file *f = s->f;
    f->lines++;
    if (why == LOGLINE_SILENT) {
        f->silent++;
        return;
    }
    if (f->bad < LOG_BAD_SHOWN)
        f->bad_line[f->bad] =
            (struct log_bad){ log_lines_path(in), log_lines_lineno(in), column,
                              why };
    f->bad++;
}

static struct host *host_cell(const struct scan *s, uint64_t hash)
{
    size_t i = (size_t)(hash & (s->hosts_cap - 1));
    while (s->host[i].n > 0 && s->host[i].hash != hash)
        i = (i + 1) & (s->hosts_cap - 1);
    return &s->host[i];
}

static void count_host(struct scan *s, uint64_t hash)
{
    struct host *c;
    if (s->f->hosts * 2 >= s->hosts_cap) {
        struct host *old = s->host;
        size_t n = s->hosts_cap;
        s->hosts_cap = n ? n * 2 : 1024;
        s->host = must_zalloc(s->hosts_cap, sizeof *s->host);
        for (size_t i = 0; i < n; i++) {
            if (old[i].n > 0)
                *host_cell(s, old[i].hash) = old[i];
        }
        free(old);
    }
    c = host_cell(s, hash);
    s->f->hosts += c->n == 0;
    c->hash = hash;
    if (++c->n > s->crowd)
        s->crowd = c->n;
}

static void keep(struct scan *s, const struct log_item *x)
{
    const struct log_file *f = s->f;
    if (s->dropped)
        return;
    if (f->o.keep > 0 && !f->set->once && s->n >= f->o.keep) {
        free(s->item);
        s->item = NULL;
        s->dropped = true;
        return;
    }
    if (s->n == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 1024;
        s->item = must_realloc(s->item, s->cap, sizeof *s->item);
    }
    s->item[s->n++] = *x;
}

static void count(struct scan *s, const struct log_item *x)
{
    struct log_file *f = s->f;
    simtime_t second = x->t >= 0 ? x->t / SIM_S : -(-x->t / SIM_S);
    int of_hour = (int)(second % 3600);
    if (of_hour < 0)
        of_hour += 3600;
    f->lines++;
    if (f->nreq == 0)
        f->first = f->last = s->newest = x->t;
    if (x->t < s->newest)
        f->disordered++;
    s->newest = x->t;
    if (x->t < f->first)
        f->first = x->t;
    if (x->t > f->last)
        f->last = x->t;
    else if (f->last - x->t > f->back)
        f->back = f->last - x->t;
    s->minute[of_hour / 60]++;
    s->second[of_hour % 60]++;
    f->tls = f->tls || x->tls;
    f->nreq++;
    count_host(s, x->host);
    keep(s, x);
}

/* A pipe: its first line says the format. */
static bool format_of_pipe(struct log_lines *in, struct scan *s)
{
    struct log_file *f = s->f;
    char *line;
    size_t len;
    bool cut;
    if (f->set->format)
        return true;
    if (!log_lines_next(in, &line, &len, &cut, s->e)) {
        f->set->format = log_format_of_line("", 0, s->a);
        return s->e->kind == ERR_NONE;
    }
    f->set->format = log_format_of_line(line, len, s->a);
    struct logline l;
    enum logline_why why = log_format_parse(f->set->format, line, len, &l);
    if (why != LOGLINE_OK || cut) {
        bad_line(s, in, cut ? LOGLINE_LONG : why, l.column);
        return true;
    }
    count(s, &(struct log_item){ .t = l.t * SIM_S,
                                 .host = l.host,
                                 .service = -1,
                                 .bytes = l.bytes,
                                 .in = -1,
                                 .number = -1,
                                 .http = (uint8_t)l.http });
    return true;
}

static bool read_lines(struct scan *s)
{
    struct log_lines *in = log_lines_open(s->f->set, s->e);
    struct log_item x;
    if (!in)
        return false;
    if (format_of_pipe(in, s)) {
        while (next_item(in, s->f->set->format, &x, bad_line, s, s->e)) {
            if (s->f->nreq == MAX_REQUESTS) {
                err_at(s->e, ERR_CONTENT, log_lines_path(in),
                       log_lines_lineno(in), 0, NULL,
                       "more than 2147483647 requests; split the log");
                break;
            }
            count(s, &x);
        }
    }
    log_lines_close(in);
    return s->e->kind == ERR_NONE;
}

const char *log_file_format(const struct log_file *f)
{
    const char *name = log_format_name(f->set->format);
    if (f->har)
        return "HAR";
    return strcmp(name, "combined") == 0 ? "Common or Combined Log Format"
                                         : name;
}

static bool judge_lines(struct scan *s)
{
    const struct log_file *f = s->f;
    const struct log_bad *b = &f->bad_line[0];
    if (f->bad > 0 &&
        ((double)f->bad > BAD_LIMIT * (double)f->lines || f->nreq == 0)) {
        if (!f->o.lenient || f->nreq == 0)
            return err_at(
                s->e, ERR_CONTENT, b->path, b->line, (long)b->column, NULL,
                "%s; %zu of %zu lines are not in %s%s",
                logline_why_text[b->why], f->bad, f->lines, log_file_format(f),
                f->nreq == 0 ? "; log_format (import, check: --log-format) "
                               "says what lines look like"
                             : " (5 % are let pass; --lenient reads "
                               "the good lines)");
    }
    if (f->nreq == 0)
        return err_at(s->e, ERR_CONTENT, s->pattern, 0, 0, NULL,
                      f->lines == 0 ? "the log is empty"
                                    : "the log holds no requests");
    if (f->last - f->first > MAX_SPAN)
        return err_at(s->e, ERR_CONTENT, s->pattern, 0, 0, NULL,
                      "the time stamps span more than 100 years; some must be "
                      "wrong");
    return true;
}

static void note_lines(const struct scan *s)
{
    const struct log_file *f = s->f;
    if (f->bad > 0)
        note(&f->o,
             "%s: warning: %zu of %zu lines (%.3g %%) are not in %s and were "
             "left out:",
             s->pattern, f->bad, f->lines,
             100 * (double)f->bad / (double)f->lines, log_file_format(f));
    for (size_t i = 0; i < f->bad && i < LOG_BAD_SHOWN; i++)
        note(&f->o, "%s:%ld:%zu: %s", f->bad_line[i].path, f->bad_line[i].line,
             f->bad_line[i].column, logline_why_text[f->bad_line[i].why]);
    if (f->silent > 0)
        note(&f->o,
             "%s: %zu connections on which no request was sent (logged "
             "as \"-\") were left out",
             s->pattern, f->silent);
}

/* ---- stamps that are no arrival process ---- */

/* Do 9 of 10 requests share at most a tenth of the BINS? */
static bool crowded(const size_t *bin, size_t bins, size_t n, size_t *fullest)
{
    size_t top[6] = { 0 }, sum = 0, k = bins / 10;
    *fullest = 0;
    for (size_t i = 0; i < bins; i++) {
        size_t v = bin[i];
        if (v > bin[*fullest])
            *fullest = i;
        for (size_t j = 0; j < k; j++) {
            if (v > top[j]) {
                size_t t = top[j];
                top[j] = v;
                v = t;
            }
        }
    }
    for (size_t j = 0; j < k; j++)
        sum += top[j];
    return (double)sum >= 0.9 * (double)n;
}

/* Stamps that fall into few minutes of the hour or few seconds of the minute,
 * over a time in which traffic would have spread. */
static bool note_clumps(const struct scan *s)
{
    const struct log_file *f = s->f;
    simtime_t span = f->last - f->first;
    bool found = false;
    size_t at;
    if (f->nreq < 100)
        return false;
    if (span >= 3 * 3600 * SIM_S && crowded(s->minute, 60, f->nreq, &at)) {
        note(&f->o,
             "%s: warning: %zu of %zu requests fall into minute :%02zu of "
             "an hour: the stamps are no arrival process; do not read "
             "rates, queues or waiting times from this replay",
             s->pattern, s->minute[at], f->nreq, at);
        found = true;
    }
    if (span >= 600 * SIM_S && crowded(s->second, 60, f->nreq, &at)) {
        note(&f->o,
             "%s: warning: %zu of %zu requests fall into second :%02zu of "
             "a minute: the stamps are no arrival process; do not read "
             "rates, queues or waiting times from this replay",
             s->pattern, s->second[at], f->nreq, at);
        found = true;
    }
    return found;
}

static void note_order(const struct scan *s)
{
    struct log_file *f = s->f;
    double share = (double)f->disordered / (double)f->nreq;
    char far[32];
    simtime_t unit = f->back >= SIM_S ? SIM_S : SIM_MS;
    if (f->disordered == 0)
        return;
    simtime_format((f->back + unit - 1) / unit * unit, far, sizeof far);
    /* Lines come in the order of completion, so small steps back are the
     * rule (C-45), and long requests make long ones. */
    f->jumbled = (share > 0.25 && !(f->tells & LOG_TELLS_FRACTION)) ||
                 f->back > 600 * SIM_S;
    if (f->jumbled)
        note(&f->o,
             "%s: warning: %zu lines are stamped earlier than the line "
             "before, by up to %s: the log is not in order of time "
             "and was sorted",
             s->pattern, f->disordered, far);
    else
        note(&f->o,
             "%s: %zu lines are stamped earlier than the line before (by "
             "up to %s), as is usual; sorted",
             s->pattern, f->disordered, far);
}

/* "45 s", "1.5 min", "3 h", "1200 d" */
static const char *span_text(const struct log_file *f, char *buf, size_t size)
{
    double span = simtime_to_s(f->last - f->first);
    double unit = span < 120      ? 1
                  : span < 7200   ? 60
                  : span < 172800 ? 3600
                                  : 86400;
    snprintf(buf, size, span / unit < 999.5 ? "%.3g %s" : "%.0f %s",
             span / unit,
             unit < 2      ? "s"
             : unit < 61   ? "min"
             : unit < 3601 ? "h"
                           : "d");
    return buf;
}

static void note_result(const struct scan *s)
{
    const struct log_file *f = s->f;
    char span[32];
    if (f->set->n > 1)
        note(&f->o, "%s: %zu files, from %s to %s", s->pattern, f->set->n,
             f->set->path[0], f->set->path[f->set->n - 1]);
    if (f->tells & (LOG_TELLS_PEER | LOG_TELLS_CONN))
        note(&f->o, "%s: %zu requests in %s", s->pattern, f->nreq,
             span_text(f, span, sizeof span));
    else
        note(&f->o, "%s: %zu requests of %zu clients in %s", s->pattern,
             f->nreq, f->hosts, span_text(f, span, sizeof span));
    if (!f->item)
        note(&f->o, "%s: long: each run reads it again as it goes on",
             s->pattern);
    if (!(f->tells & LOG_TELLS_FRACTION))
        note(&f->o,
             "%s: stamps have whole seconds: each request is placed at a "
             "random instant of its second (spread_seed %llu)",
             s->pattern, (unsigned long long)f->o.spread_seed);
    if (!(f->tells & (LOG_TELLS_NUMBER | LOG_TELLS_CONN)) && f->nreq >= 100 &&
        (double)s->crowd >= 0.5 * (double)f->nreq)
        note(&f->o,
             "%s: warning: %.0f %% of the requests come from one address "
             "(a proxy, a load balancer?): who shared a connection cannot "
             "be told",
             s->pattern, 100 * (double)s->crowd / (double)f->nreq);
}

/* ---- order, and places within the second ---- */

/* Stable merge sort by time; nearly sorted logs cost little. */
static void sort_items(struct log_item *v, struct log_item *tmp, size_t n)
{
    size_t h = n / 2, i = 0, j = h, k = 0;
    if (n < 2)
        return;
    sort_items(v, tmp, h);
    sort_items(v + h, tmp, n - h);
    if (v[h - 1].t <= v[h].t)
        return;
    memcpy(tmp, v, h * sizeof *v);
    while (i < h && j < n)
        v[k++] = v[j].t < tmp[i].t ? v[j++] : tmp[i++];
    memcpy(v + k, tmp + i, (h - i) * sizeof *v);
}

static void sort_range(struct log_item *v, size_t n)
{
    struct log_item *tmp;
    size_t i = 1;
    while (i < n && v[i - 1].t <= v[i].t)
        i++;
    if (i >= n)
        return;
    tmp = must_alloc((n / 2 + 1) * sizeof *tmp);
    sort_items(v, tmp, n);
    free(tmp);
}

/* The whole second that T lies in. */
static simtime_t second_of(simtime_t t)
{
    simtime_t s = t / SIM_S * SIM_S;
    return s > t ? s - SIM_S : s;
}

/* M requests of one second: the smallest of the M - i that are left is above
 * U as the smallest of so many uniform draws on the rest of the second. V is
 * sorted and ends with a second. */
static void spread(struct rng *g, struct log_item *v, size_t n)
{
    for (size_t i = 0, end; i < n; i = end) {
        simtime_t s = second_of(v[i].t);
        double u = 0;
        for (end = i; end < n && v[end].t < s + SIM_S; end++)
            ;
        for (; i < end; i++) {
            size_t left = end - i;
            double x = rng_unit(g);
            u += (1 - u) * (left == 1 ? x : 1 - pow(x, 1 / (double)left));
            v[i].t = s + (int64_t)(u * 999999999.0);
        }
    }
}

/* ---- the requests of a run ---- */

struct log_reader {
    const struct log_file *f;
    struct err *e;
    struct rng g;
    bool begun, end;
    bool zeroed;
    simtime_t zero;   /* of the log's axis, once zeroed */
    simtime_t newest; /* of the lines read so far */
    size_t at, ready; /* items that are in order and placed: at to ready */
    /* when there is no f->item: */
    struct log_lines *in;
    struct log_item *buf;
    size_t n, cap;
    struct log_item out;
};

static struct log_reader *reader_new(const struct log_file *f, struct err *e)
{
    struct log_reader *r = must_zalloc(1, sizeof *r);
    r->f = f;
    r->e = e;
    rng_init(&r->g, f->o.spread_seed, 0, "access_log:spread");
    return r;
}

struct log_reader *log_reader_new(const struct log_file *f, struct err *e)
{
    struct log_reader *r = reader_new(f, e);
    if (f->item) {
        r->ready = f->n;
        return r;
    }
    r->in = log_lines_open(f->set, e);
    r->end = !r->in;
    return r;
}

void log_reader_free(struct log_reader *r)
{
    if (!r)
        return;
    log_lines_close(r->in);
    free(r->buf);
    free(r);
}

size_t log_reader_bytes(const struct log_reader *r)
{
    return sizeof *r + r->cap * sizeof *r->buf;
}

/* Reads on until at least a batch of lines has come and some of them cannot be
 * overtaken any more: no later line is stamped more than f->back before the
 * newest. */
static void read_batch(struct log_reader *r)
{
    simtime_t mark = r->newest, step = r->f->back;
    size_t fresh = 0;
    if (step < SIM_S)
        step = SIM_S;
    if (r->n > r->at)
        memmove(r->buf, r->buf + r->at, (r->n - r->at) * sizeof *r->buf);
    r->n -= r->at;
    r->at = r->ready = 0;
    for (;;) {
        if (r->n == r->cap) {
            r->cap = r->cap ? r->cap * 2 : 2 * BATCH;
            r->buf = must_realloc(r->buf, r->cap, sizeof *r->buf);
        }
        if (!next_item(r->in, r->f->set->format, &r->buf[r->n], NULL, NULL,
                       r->e)) {
            r->end = true;
            return;
        }
        if (r->n == 0 && !r->begun)
            mark = r->newest = r->buf[0].t;
        r->begun = true;
        if (r->buf[r->n++].t > r->newest)
            r->newest = r->buf[r->n - 1].t;
        if (++fresh >= BATCH && r->newest - mark > step)
            return;
    }
}

/* More items that are in order; false at the end. */
static bool fill(struct log_reader *r)
{
    bool placed = (r->f->tells & LOG_TELLS_FRACTION) != 0;
    simtime_t limit = INT64_MAX;
    while (r->at == r->ready) {
        if (r->f->item || (r->end && r->at == r->n))
            return false;
        if (!r->end)
            read_batch(r);
        sort_range(r->buf + r->at, r->n - r->at);
        if (!r->end)
            limit = second_of(r->newest - r->f->back);
        else
            limit = INT64_MAX;
        while (r->ready < r->n && r->buf[r->ready].t < limit)
            r->ready++;
        if (!placed)
            spread(&r->g, r->buf + r->at, r->ready - r->at);
    }
    return true;
}

/* As it stands in the log, placed. */
static const struct log_item *next_placed(struct log_reader *r)
{
    if (r->at == r->ready && !fill(r))
        return NULL;
    return r->f->item ? &r->f->item[r->at++] : &r->buf[r->at++];
}

const struct log_item *log_reader_next(struct log_reader *r)
{
    const struct log_item *x;
    if (r->f->item)
        return next_placed(r);
    while ((x = next_placed(r)) != NULL) {
        if (!r->zeroed)
            r->zero = x->t;
        r->zeroed = true;
        r->out = *x;
        r->out.t -= r->zero + r->f->o.skip;
        if (r->out.t >= 0)
            return &r->out;
    }
    return NULL;
}

/* ---- reading ---- */

/* A log that stays in memory: sorted, placed, its front left out. */
static void settle(struct scan *s)
{
    struct log_file *f = s->f;
    struct rng g;
    simtime_t zero;
    size_t at = 0;
    sort_range(s->item, s->n);
    rng_init(&g, f->o.spread_seed, 0, "access_log:spread");
    if (!(f->tells & LOG_TELLS_FRACTION))
        spread(&g, s->item, s->n);
    zero = s->item[0].t + f->o.skip;
    while (at < s->n && s->item[at].t < zero)
        at++;
    f->n = s->n - at;
    f->item = arena_alloc(s->a, f->n * sizeof *f->item + 1);
    memcpy(f->item, s->item + at, f->n * sizeof *f->item);
    for (size_t i = 0; i < f->n; i++)
        f->item[i].t -= zero;
}

/* A HAR file instead of a log. */
static bool read_har(struct scan *s)
{
    struct log_file *f = s->f;
    struct har h = { 0 };
    f->set = arena_alloc(s->a, sizeof *f->set);
    f->set->path = arena_alloc(s->a, sizeof *f->set->path);
    f->set->path[0] = s->pattern;
    f->set->n = 1;
    if (!har_read(s->pattern, &h, s->e))
        return false;
    f->set->format = log_format_new(
        h.conns ? "$msec $connection $request_time $body_bytes_sent"
                : "$msec $request_time $body_bytes_sent",
        s->a, s->e);
    f->tells = log_format_tells(f->set->format);
    f->o.keep = 0;
    f->har = true;
    for (size_t i = 0; i < h.n; i++)
        count(s, &h.item[i]);
    f->disordered = 0; /* browsers list requests as they please */
    note(&f->o,
         "%s: a HAR file: the requests to %s; %zu to other hosts were left "
         "out; service times are the waits for the first byte",
         s->pattern, h.host, h.others);
    if (h.multiplexed)
        note(&f->o,
             "%s: warning: some came over HTTP/2, many at a time on one "
             "connection: here they follow one another",
             s->pattern);
    free(h.item);
    free(h.host);
    return true;
}

static bool digest(struct scan *s, const char *format)
{
    struct log_file *f = s->f;
    char buf[32];
    if (strcmp(format, "har") == 0 ||
        (strcmp(format, "auto") == 0 && har_looks_like(s->pattern))) {
        if (!read_har(s) || !judge_lines(s))
            return false;
        settle(s);
        note_result(s);
        return f->n > 0 || err_at(s->e, ERR_CONTENT, s->pattern, 0, 0, NULL,
                                  "skip leaves nothing");
    }
    f->set = log_set_open(s->pattern, format, s->a, s->e);
    if (!f->set)
        return false;
    if (!f->set->format && !f->set->once)
        f->set->format = log_format_of_line("", 0, s->a);
    if (!read_lines(s))
        return false;
    f->tells = log_format_tells(f->set->format);
    if (!judge_lines(s))
        return false;
    if (f->last - f->first < f->o.skip)
        return err_at(s->e, ERR_CONTENT, s->pattern, 0, 0, NULL,
                      "skip leaves nothing: the last request is %s after the "
                      "first",
                      simtime_format((f->last - f->first) / SIM_S * SIM_S, buf,
                                     sizeof buf));
    if (!s->dropped) {
        settle(s);
        if (f->n == 0)
            return err_at(s->e, ERR_CONTENT, s->pattern, 0, 0, NULL,
                          "skip leaves nothing");
    }
    note_lines(s);
    note_order(s);
    f->clumped = note_clumps(s);
    note_result(s);
    return true;
}

struct log_file *log_read(const char *pattern, const struct log_opts *o,
                          struct arena *a, struct err *e)
{
    struct scan s = { .pattern = pattern, .a = a, .e = e };
    bool ok;
    s.f = arena_alloc(a, sizeof *s.f);
    s.f->o = *o;
    ok = digest(&s, o->format ? o->format : "auto");
    s.f->o.note = NULL;
    free(s.item);
    free(s.host);
    return ok ? s.f : NULL;
}
