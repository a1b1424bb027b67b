/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workloads/log_conns.h"

#include <stdlib.h>

#include "sim/must.h"
#include "sim/pool.h"
#include "workloads/id_map.h"

#define NONE UINT32_MAX
/* Connections of a client that are looked at for an idle one. */
#define OPEN_LOOK 64
/* Where connections are told exactly, how long one may be silent and still be
 * gone on with: beyond what servers keep. */
#define EXACT_GAP (300 * SIM_S)

struct request {
    uint32_t next; /* of its connection */
    struct log_item item;
};

struct conn {
    uint32_t number;        /* as its users know it */
    uint32_t head, tail;    /* requests */
    uint32_t head_n, n;     /* number of the head; of requests in all */
    uint32_t older, newer;  /* of the same client or key, the last used first */
    uint32_t before, after; /* all that may be used again, the last used last */
    uint32_t queue;         /* the next that has not been asked for */
    uint64_t key;
    simtime_t start;     /* its first request */
    simtime_t last;      /* when the last request came, */
    simtime_t idle;      /* and was answered */
    int32_t next_number; /* %k of the next one */
    bool left;           /* its thread has served somebody else since */
    bool persistent, over, expired, ended, tls;
};

struct log_conns {
    const struct log_file *f;
    struct log_conns_opts o;
    struct log_reader *reader;
    bool exact, by_conn;
    simtime_t horizon; /* all before it has been read */
    struct pool conns, requests;
    struct id_map by_key, by_number;
    struct id_map by_thread; /* the connection it served last */
    uint32_t oldest, newest; /* ends of before/after */
    uint32_t queue_head, queue_tail;
    uint32_t count;
    size_t read;
};

static struct conn *conn_at(const struct log_conns *c, uint32_t id)
{
    return pool_at(&c->conns, id);
}

static struct request *request_at(const struct log_conns *c, uint32_t id)
{
    return pool_at(&c->requests, id);
}

bool log_conns_exact(const struct log_file *f)
{
    return (f->tells & (LOG_TELLS_CONN | LOG_TELLS_NUMBER)) != 0;
}

struct log_conns *log_conns_new(const struct log_file *f,
                                const struct log_conns_opts *o, struct err *e)
{
    struct log_conns *c = must_zalloc(1, sizeof *c);
    c->f = f;
    c->o = *o;
    c->exact = log_conns_exact(f);
    c->by_conn = (f->tells & LOG_TELLS_CONN) != 0;
    if (c->exact)
        c->o.keepalive_gap = EXACT_GAP;
    c->reader = log_reader_new(f, e);
    c->horizon = INT64_MIN;
    c->oldest = c->newest = c->queue_head = c->queue_tail = NONE;
    pool_init(&c->conns, sizeof(struct conn));
    pool_init(&c->requests, sizeof(struct request));
    return c;
}

void log_conns_free(struct log_conns *c)
{
    if (!c)
        return;
    log_reader_free(c->reader);
    pool_done(&c->conns);
    pool_done(&c->requests);
    id_map_free(&c->by_key);
    id_map_free(&c->by_number);
    id_map_free(&c->by_thread);
    free(c);
}

/* ---- connections that may be used again ---- */

static void unlink_use(struct log_conns *c, struct conn *x)
{
    if (x->before != NONE)
        conn_at(c, x->before)->after = x->after;
    else
        c->oldest = x->after;
    if (x->after != NONE)
        conn_at(c, x->after)->before = x->before;
    else
        c->newest = x->before;
    if (x->older != NONE)
        conn_at(c, x->older)->newer = x->newer;
    if (x->newer != NONE)
        conn_at(c, x->newer)->older = x->older;
    else
        id_map_put(&c->by_key, x->key, x->older);
}

/* As the one used last. */
static void link_use(struct log_conns *c, uint32_t id)
{
    struct conn *x = conn_at(c, id);
    x->before = c->newest;
    x->after = NONE;
    if (c->newest != NONE)
        conn_at(c, c->newest)->after = id;
    else
        c->oldest = id;
    c->newest = id;
    x->newer = NONE;
    x->older = id_map_get(&c->by_key, x->key);
    if (x->older != NONE)
        conn_at(c, x->older)->newer = id;
    id_map_put(&c->by_key, x->key, id);
}

static void forget_if_done(struct log_conns *c, uint32_t id)
{
    struct conn *x = conn_at(c, id);
    uint32_t next;
    if (!x->expired || !x->ended)
        return;
    for (uint32_t r = x->head; r != NONE; r = next) {
        next = request_at(c, r)->next;
        pool_put(&c->requests, r);
    }
    id_map_put(&c->by_number, x->number, ID_MAP_NONE);
    pool_put(&c->conns, id);
}

/* Nothing that comes at T or later belongs to those that have been silent for
 * so long. */
static void expire(struct log_conns *c, simtime_t t)
{
    while (c->oldest != NONE) {
        uint32_t id = c->oldest;
        struct conn *x = conn_at(c, id);
        if (!x->over && t - x->idle <= c->o.keepalive_gap)
            return;
        if (x->after != NONE) /* most likely the next to go */
            __builtin_prefetch(conn_at(c, x->after));
        unlink_use(c, x);
        x->expired = true;
        forget_if_done(c, id);
    }
}

/* The connection that the request Q comes on, or NONE: a new one. */
static uint32_t find_conn(const struct log_conns *c, const struct log_item *q,
                          uint64_t key)
{
    uint32_t id = id_map_get(&c->by_key, key);
    if (c->by_conn && q->conn)
        return id;
    if (q->number == 0 || (q->number < 0 && q->http < 11))
        return NONE;
    for (int i = 0; id != NONE && i < OPEN_LOOK; i++) {
        const struct conn *x = conn_at(c, id);
        if (q->number > 0) {
            if (x->next_number == q->number && !x->over)
                return id;
        } else if (x->persistent && !x->over && q->t >= x->idle &&
                   q->t >= x->last + (q->service < 0 ? c->o.busy : 0) &&
                   q->t - x->idle <= c->o.keepalive_gap) {
            return id;
        }
        id = x->older;
    }
    return NONE;
}

static uint32_t open_conn(struct log_conns *c, const struct log_item *q,
                          uint64_t key)
{
    uint32_t id = pool_get(&c->conns);
    struct conn *x = conn_at(c, id);
    *x = (struct conn){ .number = c->count++,
                        .head = NONE,
                        .tail = NONE,
                        .queue = NONE,
                        .key = key,
                        .start = q->t,
                        .tls = q->tls };
    if (c->queue_tail == NONE)
        c->queue_head = id;
    else
        conn_at(c, c->queue_tail)->queue = id;
    c->queue_tail = id;
    id_map_put(&c->by_number, x->number, id);
    return id;
}

/* A thread of prefork or worker that serves another connection has been left
 * by the one before. (One of event may be: then it does not matter.) */
static void note_thread(struct log_conns *c, const struct log_item *q,
                        uint32_t number)
{
    uint32_t last = id_map_get(&c->by_thread, q->thread);
    uint32_t id =
        last == NONE || last == number ? NONE : id_map_get(&c->by_number, last);
    if (id != NONE && q->t - conn_at(c, id)->idle <= c->o.linger)
        conn_at(c, id)->left = true;
    id_map_put(&c->by_thread, q->thread, number);
}

/* Reads one request more; false at the end. */
static bool read_one(struct log_conns *c)
{
    const struct log_item *q = log_reader_next(c->reader);
    struct request *r;
    struct conn *x;
    uint64_t key;
    uint32_t id, at;
    if (!q) {
        c->horizon = SIM_NEVER;
        return false;
    }
    c->horizon = q->t;
    c->read++;
    expire(c, q->t);
    key = c->by_conn && q->conn ? q->conn : q->host;
    id = find_conn(c, q, key);
    if (id == NONE)
        id = open_conn(c, q, key);
    else
        unlink_use(c, conn_at(c, id));
    at = pool_get(&c->requests);
    r = request_at(c, at);
    r->next = NONE;
    r->item = *q;
    x = conn_at(c, id);
    if (x->tail == NONE)
        x->head = at;
    else
        request_at(c, x->tail)->next = at;
    x->tail = at;
    if (x->head == at)
        x->head_n = x->n;
    x->n++;
    x->last = q->t;
    x->idle = q->t + (q->service > 0 ? q->service : 0);
    x->persistent = (q->http >= 11 || q->after == '+') && q->after != '-';
    x->over = q->after == '-' || q->after == 'X';
    x->next_number = q->number < 0 ? -1 : q->number + 1;
    x->left = false;
    link_use(c, id);
    if (q->thread)
        note_thread(c, q, x->number);
    return true;
}

/* ---- for the replay ---- */

bool log_conns_next(struct log_conns *c, simtime_t t, uint32_t *number,
                    simtime_t *at)
{
    struct conn *x;
    while (c->queue_head == NONE && c->horizon <= t && read_one(c))
        ;
    if (c->queue_head == NONE) {
        *at = c->horizon;
        return false;
    }
    x = conn_at(c, c->queue_head);
    *at = x->start;
    if (x->start > t)
        return false;
    *number = x->number;
    c->queue_head = x->queue;
    if (c->queue_head == NONE)
        c->queue_tail = NONE;
    return true;
}

const struct log_item *log_conns_request(struct log_conns *c, uint32_t number,
                                         uint32_t n)
{
    uint32_t id = id_map_get(&c->by_number, number);
    struct conn *x = conn_at(c, id);
    while (n >= x->n && !x->over && !x->expired &&
           (c->exact || x->persistent) &&
           c->horizon - x->idle <= c->o.keepalive_gap && read_one(c))
        ;
    if (n >= x->n)
        return NULL;
    while (x->head_n < n) {
        uint32_t old = x->head;
        x->head = request_at(c, old)->next;
        x->head_n++;
        pool_put(&c->requests, old);
    }
    return &request_at(c, x->head)->item;
}

bool log_conns_persistent(const struct log_conns *c, uint32_t number)
{
    const struct conn *x = conn_at(c, id_map_get(&c->by_number, number));
    return x->persistent && !x->left;
}

bool log_conns_tls(const struct log_conns *c, uint32_t number)
{
    return conn_at(c, id_map_get(&c->by_number, number))->tls;
}

void log_conns_ended(struct log_conns *c, uint32_t number)
{
    uint32_t id = id_map_get(&c->by_number, number);
    conn_at(c, id)->ended = true;
    forget_if_done(c, id);
}

uint32_t log_conns_count(const struct log_conns *c)
{
    return c->count;
}

size_t log_conns_requests(const struct log_conns *c)
{
    return c->read;
}

size_t log_conns_bytes(const struct log_conns *c)
{
    return sizeof *c + pool_bytes(&c->conns) + pool_bytes(&c->requests) +
           (c->by_key.cap + c->by_number.cap + c->by_thread.cap) *
               sizeof(struct id_cell) +
           log_reader_bytes(c->reader);
}

uint32_t log_conns_total(const struct log_file *f,
                         const struct log_conns_opts *o)
{
    struct err e;
    struct log_conns *c;
    uint32_t number, n;
    simtime_t at;
    err_init(&e);
    c = log_conns_new(f, o, &e);
    while (log_conns_next(c, SIM_NEVER - 1, &number, &at))
        log_conns_ended(c, number);
    n = log_conns_count(c);
    log_conns_free(c);
    err_clear(&e);
    return n;
}
