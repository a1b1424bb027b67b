/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workloads/log_file.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/must.h"
#include "sim/rng.h"
#include "workloads/gzread.h"
#include "workloads/logline.h"

#define BAD_SHOWN    3
#define BAD_LIMIT    0.05
#define NONE         UINT32_MAX
#define OPEN_LOOK    64 /* connections of a client looked at for an idle one */
#define MAX_REQUESTS LOG_CONN_FIRST
#define MAX_SPAN     (100LL * 366 * 86400) /* s */

/* A request while reading. */
struct item {
    int64_t t;     /* s since 1970, later ns since the first */
    uint64_t host; /* a hash, later the next item: see link_items() */
    uint64_t word; /* bytes, and above them the flags */
};
#define ITEM_PERSISTENT (1ull << 63) /* HTTP/1.1 or later */
#define ITEM_LATER      (1ull << 62) /* not the first of its connection */
#define ITEM_TAIL       (1ull << 61) /* the last of its connection */
#define ITEM_BYTES      (ITEM_TAIL - 1)

struct bad_line {
    long line;
    size_t column;
    enum logline_why why;
};

struct reader {
    const char *path;
    const struct log_opts *o;
    struct arena *a;
    struct err *e;
    struct item *item;
    size_t n, cap;
    size_t lines, bad, silent, disordered;
    int64_t back; /* the largest step back, s */
    struct bad_line shown[BAD_SHOWN];
    size_t hosts;
    size_t crowd; /* requests of the busiest client */
};

static void note(const struct reader *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static void note(const struct reader *r, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    if (!r->o->note)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    r->o->note(r->o->note_ctx, text);
}

/* ---- lines ---- */

static void keep(struct reader *r, const struct logline *l)
{
    if (r->n == r->cap) {
        r->cap = r->cap ? r->cap * 2 : 4096;
        r->item = must_realloc(r->item, r->cap, sizeof *r->item);
    }
    if (r->n > 0 && l->t < r->item[r->n - 1].t) {
        r->disordered++;
        if (r->item[r->n - 1].t - l->t > r->back)
            r->back = r->item[r->n - 1].t - l->t;
    }
    r->item[r->n++] = (struct item){
        .t = l->t,
        .host = l->host,
        .word = (uint64_t)l->bytes | (l->http >= 11 ? ITEM_PERSISTENT : 0),
    };
}

static bool read_lines(struct reader *r)
{
    struct gzread *in = gzread_open(r->path, r->e);
    char *line;
    size_t len;
    bool cut;
    if (!in)
        return false;
    while (gzread_line(in, &line, &len, &cut, r->e)) {
        struct logline l = { .column = 1 };
        enum logline_why why = logline_parse(line, len, &l);
        r->lines++;
        if (cut)
            why = LOGLINE_LONG;
        else if (why > LOGLINE_SILENT && memchr(line, '\0', len))
            why = LOGLINE_NUL;
        if (why == LOGLINE_OK) {
            if (r->n == MAX_REQUESTS) {
                err_at(r->e, ERR_CONTENT, r->path, gzread_lineno(in), 0, NULL,
                       "more than 2147483647 requests; split the log");
                break;
            }
            keep(r, &l);
        } else if (why == LOGLINE_SILENT) {
            r->silent++;
        } else {
            if (r->bad < BAD_SHOWN)
                r->shown[r->bad] =
                    (struct bad_line){ gzread_lineno(in), l.column, why };
            r->bad++;
        }
    }
    gzread_close(in);
    return r->e->kind == ERR_NONE;
}

static bool judge_lines(struct reader *r)
{
    const struct bad_line *b = &r->shown[0];
    if (r->bad > 0 &&
        ((double)r->bad > BAD_LIMIT * (double)r->lines || r->n == 0)) {
        if (!r->o->lenient || r->n == 0)
            return err_at(r->e, ERR_CONTENT, r->path, b->line, (long)b->column,
                          NULL,
                          "%s; %zu of %zu lines are not in Common or "
                          "Combined Log Format%s",
                          logline_why_text[b->why], r->bad, r->lines,
                          r->n == 0 ? ""
                                    : " (5 % are let pass; --lenient reads "
                                      "the good lines)");
    }
    if (r->n == 0)
        return err_at(r->e, ERR_CONTENT, r->path, 0, 0, NULL,
                      r->lines == 0 ? "the log is empty"
                                    : "the log holds no requests");
    return true;
}

static void note_lines(const struct reader *r)
{
    if (r->bad > 0)
        note(r,
             "%s: warning: %zu of %zu lines (%.2g %%) are not in Common or "
             "Combined Log Format and were left out:",
             r->path, r->bad, r->lines,
             100 * (double)r->bad / (double)r->lines);
    for (size_t i = 0; i < r->bad && i < BAD_SHOWN; i++)
        note(r, "%s:%ld:%zu: %s", r->path, r->shown[i].line, r->shown[i].column,
             logline_why_text[r->shown[i].why]);
    if (r->silent > 0)
        note(r,
             "%s: %zu connections on which no request was sent (logged "
             "as \"-\") were left out",
             r->path, r->silent);
}

/* ---- order, and places within the second ---- */

/* Stable merge sort by time; nearly sorted logs cost little. */
static void sort_items(struct item *v, struct item *tmp, size_t n)
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

/* M requests of one second: the smallest of the M - i that are left is above
 * U as the smallest of so many uniform draws on the rest of the second. */
static void spread(struct reader *r)
{
    struct rng g;
    int64_t first = r->item[0].t, zero;
    rng_init(&g, r->o->spread_seed, 0, "access_log:spread");
    for (size_t i = 0, end; i < r->n; i = end) {
        int64_t s = r->item[i].t;
        double u = 0;
        for (end = i; end < r->n && r->item[end].t == s; end++)
            ;
        for (; i < end; i++) {
            u += (1 - u) * (1 - pow(rng_unit(&g), 1 / (double)(end - i)));
            r->item[i].t = (s - first) * SIM_S + (int64_t)(u * 999999999.0);
        }
    }
    zero = r->item[0].t;
    for (size_t i = 0; i < r->n; i++)
        r->item[i].t -= zero;
}

/* Drops what lies before `skip`, from where time counts then. */
static bool skip_front(struct reader *r)
{
    size_t i = 0;
    char buf[32];
    if (r->o->skip <= 0)
        return true;
    while (i < r->n && r->item[i].t < r->o->skip)
        i++;
    if (i == r->n)
        return err_at(r->e, ERR_CONTENT, r->path, 0, 0, NULL,
                      "skip leaves nothing: the last request is %s after the "
                      "first",
                      simtime_format(r->item[r->n - 1].t / SIM_S * SIM_S, buf,
                                     sizeof buf));
    r->n -= i;
    memmove(r->item, r->item + i, r->n * sizeof *r->item);
    for (i = 0; i < r->n; i++)
        r->item[i].t -= r->o->skip;
    return true;
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
static bool note_clumps(const struct reader *r)
{
    size_t minute[60] = { 0 }, second[60] = { 0 }, at;
    int64_t span = r->item[r->n - 1].t - r->item[0].t;
    bool found = false;
    if (r->n < 100)
        return false;
    for (size_t i = 0; i < r->n; i++) {
        int64_t t = r->item[i].t;
        minute[((t / 60) % 60 + 60) % 60]++;
        second[(t % 60 + 60) % 60]++;
    }
    if (span >= 3 * 3600 && crowded(minute, 60, r->n, &at)) {
        note(r,
             "%s: warning: %zu of %zu requests fall into minute :%02zu of "
             "an hour: the stamps are no arrival process; do not read "
             "rates, queues or waiting times from this replay",
             r->path, minute[at], r->n, at);
        found = true;
    }
    if (span >= 600 && crowded(second, 60, r->n, &at)) {
        note(r,
             "%s: warning: %zu of %zu requests fall into second :%02zu of "
             "a minute: the stamps are no arrival process; do not read "
             "rates, queues or waiting times from this replay",
             r->path, second[at], r->n, at);
        found = true;
    }
    return found;
}

static void note_order(const struct reader *r)
{
    double share = (double)r->disordered / (double)r->n;
    if (r->disordered == 0)
        return;
    /* Lines come in the order of completion, so small steps back are the
     * rule (C-45). */
    if (share > 0.25 || r->back > 600)
        note(r,
             "%s: warning: %zu lines are stamped earlier than the line "
             "before, by up to %lld s: the log is not in order of time "
             "and was sorted",
             r->path, r->disordered, (long long)r->back);
    else
        note(r,
             "%s: %zu lines are stamped earlier than the line before (by "
             "up to %lld s), as is usual; sorted",
             r->path, r->disordered, (long long)r->back);
}

/* ---- connections ---- */

struct host {
    uint64_t hash;
    uint32_t last; /* its last item; NONE = empty cell */
    uint32_t n;    /* its items */
};

struct hosts {
    struct host *cell;
    size_t cap, n;
};

static struct host *host_cell(const struct hosts *h, uint64_t hash)
{
    size_t i = (size_t)(hash & (h->cap - 1));
    while (h->cell[i].last != NONE && h->cell[i].hash != hash)
        i = (i + 1) & (h->cap - 1);
    return &h->cell[i];
}

static void hosts_grow(struct hosts *h)
{
    struct hosts old = *h;
    h->cap = old.cap ? old.cap * 2 : 1024;
    h->cell = must_alloc(h->cap * sizeof *h->cell);
    for (size_t i = 0; i < h->cap; i++)
        h->cell[i] = (struct host){ 0, NONE, 0 };
    for (size_t i = 0; i < old.cap; i++) {
        if (old.cell[i].last != NONE)
            *host_cell(h, old.cell[i].hash) = old.cell[i];
    }
    free(old.cell);
}

/* The connection of a client on which the request X comes: its last item,
 * taken out of the client's chain of connections that may still be open, the
 * last used first. The most recent one that is not busy will do, if there is
 * one. An HTTP/1.0 client may have asked for keep-alive, but its log line does
 * not say so: one request each. */
static struct item *idle_conn(struct reader *r, struct host *c,
                              const struct item *x)
{
    uint32_t at = c->last, newer = NONE;
    if (!(x->word & ITEM_PERSISTENT))
        return NULL;
    for (int i = 0; at != NONE && i < OPEN_LOOK; i++) {
        struct item *p = &r->item[at];
        uint32_t older = (uint32_t)p->host;
        if (x->t - p->t > r->o->keepalive_gap)
            return NULL;
        if (p->word & ITEM_PERSISTENT && x->t - p->t >= r->o->busy) {
            if (newer == NONE)
                c->last = older;
            else
                r->item[newer].host = older;
            return p;
        }
        newer = at;
        at = older;
    }
    return NULL;
}

/* Puts the requests on connections; returns how many these are. Within a
 * connection an item's `host` is the next one. The `host` of its tail is the
 * tail of the client's connection used before it, or NONE. */
static size_t link_items(struct reader *r)
{
    struct hosts h = { 0 };
    size_t conns = 0;
    for (size_t i = 0; i < r->n; i++) {
        struct item *x = &r->item[i], *before;
        struct host *c;
        if (h.n * 2 >= h.cap)
            hosts_grow(&h);
        c = host_cell(&h, x->host);
        h.n += c->n == 0;
        c->hash = x->host;
        if (++c->n > r->crowd)
            r->crowd = c->n;
        before = idle_conn(r, c, x);
        if (before) {
            before->host = i;
            before->word &= ~ITEM_TAIL;
            x->word |= ITEM_LATER;
        } else {
            conns++;
        }
        x->host = c->last;
        x->word |= ITEM_TAIL;
        c->last = (uint32_t)i;
    }
    r->hosts = h.n;
    free(h.cell);
    return conns;
}

static struct log_file *collect(struct reader *r, size_t conns)
{
    struct log_file *f = arena_alloc(r->a, sizeof *f);
    size_t at = 0;
    f->req = arena_alloc(r->a, r->n * sizeof *f->req);
    f->first = arena_alloc(r->a, (conns + 1) * sizeof *f->first);
    for (size_t i = 0; i < r->n; i++) {
        const struct item *x = &r->item[i];
        if (x->word & ITEM_LATER)
            continue;
        f->first[f->nconn++] =
            (uint32_t)at |
            (x->word & ITEM_PERSISTENT ? LOG_CONN_PERSISTENT : 0);
        for (;;) {
            f->req[at++] =
                (struct log_req){ x->t, (int64_t)(x->word & ITEM_BYTES) };
            if (x->word & ITEM_TAIL)
                break;
            x = &r->item[x->host];
        }
    }
    must(at == r->n && f->nconn == conns);
    f->first[conns] = (uint32_t)at;
    f->nreq = r->n;
    f->lines = r->lines;
    f->bad = r->bad;
    f->silent = r->silent;
    f->disordered = r->disordered;
    return f;
}

static void note_result(const struct reader *r, const struct log_file *f)
{
    char gap[32], busy[32];
    double span = simtime_to_s(r->item[r->n - 1].t - r->item[0].t);
    double unit = span < 120 ? 1 : span < 7200 ? 60 : 3600;
    note(r, "%s: %zu requests of %zu clients in %.3g %s", r->path, f->nreq,
         r->hosts, span / unit,
         unit < 2    ? "s"
         : unit < 61 ? "min"
                     : "h");
    note(r,
         "%s: stamps have whole seconds: each request is placed at a "
         "random instant of its second (spread_seed %llu)",
         r->path, (unsigned long long)r->o->spread_seed);
    note(r,
         "%s: %zu connections, an estimate: a client's request comes on a "
         "connection it used at most %s (keepalive_gap) and at least %s "
         "(service) before, else on a new one; HTTP/1.0 and older: one "
         "request each",
         r->path, f->nconn,
         simtime_format(r->o->keepalive_gap, gap, sizeof gap),
         simtime_format(r->o->busy, busy, sizeof busy));
    if (r->n >= 100 && (double)r->crowd >= 0.5 * (double)r->n)
        note(r,
             "%s: warning: %.0f %% of the requests come from one address "
             "(a proxy, a load balancer?): who shared a connection cannot "
             "be told",
             r->path, 100 * (double)r->crowd / (double)r->n);
}

static struct log_file *digest(struct reader *r)
{
    struct log_file *f;
    bool clumped;
    if (!read_lines(r) || !judge_lines(r))
        return NULL;
    if (r->disordered > 0) {
        struct item *tmp = must_alloc((r->n / 2 + 1) * sizeof *tmp);
        sort_items(r->item, tmp, r->n);
        free(tmp);
    }
    if (r->item[r->n - 1].t - r->item[0].t > MAX_SPAN) {
        err_at(r->e, ERR_CONTENT, r->path, 0, 0, NULL,
               "the time stamps span more than 100 years; some must be "
               "wrong");
        return NULL;
    }
    note_lines(r);
    note_order(r);
    clumped = note_clumps(r);
    spread(r);
    if (!skip_front(r))
        return NULL;
    f = collect(r, link_items(r));
    f->clumped = clumped;
    note_result(r, f);
    return f;
}

struct log_file *log_read(const char *path, const struct log_opts *o,
                          struct arena *a, struct err *e)
{
    struct reader r = { .path = path, .o = o, .a = a, .e = e };
    struct log_file *f = digest(&r);
    free(r.item);
    return f;
}
