/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/backend.h"

#include "server/inside.h"
#include "sim/must.h"

#include <stdio.h>
#include <stdlib.h>

/* A request at a backend. */
struct request {
    uint32_t next; /* first: in the FIFO, or in the pool's free list */
    uint32_t conn; /* NONE: httpd has given it up; it is served all the same */
    uint32_t backend, child;
    simtime_t sleep, cpu;
    struct sim_timer timer;
};

enum fpm_state { FPM_GONE, FPM_STARTING, FPM_IDLE, FPM_BUSY };

struct fpm_child {
    enum fpm_state state;
    simtime_t started, idle_since;
    int64_t served;
    uint32_t next; /* idle children: woken in turn */
};

struct backend {
    struct server *srv;
    const struct backend_conf *conf;
    uint32_t number;
    uint32_t head, tail, queued;
    int64_t in_service;
    size_t hang; /* the next or present one */
    bool hung;
    struct sim_timer timer; /* hangs; the pool's one-second check */
    /* php_fpm */
    struct fpm_child *children; /* max_children */
    uint32_t idle_head, idle_tail;
    int64_t running, idle;
    int rate;
    bool warned;
};

struct backends {
    struct backend *v;
    size_t n;
    struct pool requests;
};

static struct request *req_at(const struct server *s, uint32_t id)
{
    return pool_at(&s->backends->requests, id);
}

static void serve_next(struct backend *b);

/* ---- requests ---- */

static uint32_t take(struct backend *b)
{
    uint32_t id = b->head;
    b->head = req_at(b->srv, id)->next;
    if (b->head == NONE)
        b->tail = NONE;
    b->queued--;
    return id;
}

static void release_child(struct backend *b, uint32_t child);

/* The service is over: the slot is free, the answer goes to httpd. */
static void served(struct server *s, uint32_t id)
{
    struct request *r = req_at(s, id);
    struct backend *b = &s->backends->v[r->backend];
    uint32_t conn = r->conn, child = r->child;
    sim_timer_done(s->sim, &r->timer);
    pool_put(&s->backends->requests, id);
    b->in_service--;
    if (b->conf->type == BACKEND_PHP_FPM)
        release_child(b, child);
    if (conn != NONE)
        serve_backend_answer(s, conn);
    serve_next(b);
}

static void worked(void *srv, uint32_t id)
{
    served(srv, id);
    hook_drain(srv);
}

static void slept(void *srv, uint32_t id)
{
    struct server *s = srv;
    struct request *r = req_at(s, id);
    struct backend *b = &s->backends->v[r->backend];
    if (b->hung) { /* completes when it moves again */
        sim_timer_arm(s->sim, &r->timer, b->conf->hang[b->hang].to);
        return;
    }
    if (r->cpu > 0)
        cpu_submit(s->cpu, r->cpu, worked, s, id);
    else
        served(s, id);
    hook_drain(s);
}

static void begin(struct backend *b, uint32_t id)
{
    struct server *s = b->srv;
    struct request *r = req_at(s, id);
    b->in_service++;
    sim_timer_arm(s->sim, &r->timer, now_of(s) + r->sleep);
}

/* ---- PHP-FPM (F-1 … F-6) ---- */

#define FPM_CHECK     (SIM_S + 600 * SIM_US) /* F-1 */
#define FPM_START     (30 * SIM_MS)
#define FPM_BUSY_RATE 8

/* A line of FPM's own log. */
static void fpm_log(struct backend *b, const char *text)
{
    const struct observer *o = b->srv->obs;
    if (o->message)
        o->message(o->ctx, now_of(b->srv), "php-fpm", "warning", "", text);
}

static void log_limit(struct backend *b)
{
    char text[256];
    snprintf(text, sizeof text,
             "[pool %s] server reached pm.max_children setting (%d), consider "
             "raising it",
             b->conf->name, (int)b->conf->fpm.max_children);
    fpm_log(b, text);
}

static void log_busy(struct backend *b)
{
    char text[256];
    snprintf(text, sizeof text,
             "[pool %s] seems busy (you may need to increase "
             "pm.start_servers, or pm.min/max_spare_servers), spawning %d "
             "children, there are %d idle, and %d total children",
             b->conf->name, b->rate, (int)b->idle, (int)b->running);
    fpm_log(b, text);
}

static void go_idle(struct backend *b, uint32_t i)
{
    struct fpm_child *c = &b->children[i];
    c->state = FPM_IDLE;
    c->idle_since = now_of(b->srv);
    c->next = NONE;
    if (b->idle_tail == NONE)
        b->idle_head = i;
    else
        b->children[b->idle_tail].next = i;
    b->idle_tail = i;
    b->idle++;
}

static void unlink_idle(struct backend *b, uint32_t i)
{
    uint32_t prev = NONE;
    for (uint32_t k = b->idle_head; k != i; k = b->children[k].next)
        prev = k;
    if (prev == NONE)
        b->idle_head = b->children[i].next;
    else
        b->children[prev].next = b->children[i].next;
    if (b->idle_tail == i)
        b->idle_tail = prev;
    b->idle--;
}

static void child_started(void *ctx, uint32_t i)
{
    struct backend *b = ctx;
    go_idle(b, i);
    serve_next(b);
    hook_drain(b->srv);
}

static void fork_child(struct backend *b)
{
    for (uint32_t i = 0; i < (uint32_t)b->conf->fpm.max_children; i++) {
        struct fpm_child *c = &b->children[i];
        if (c->state != FPM_GONE)
            continue;
        const struct machine *m = &b->srv->conf.machine;
        simtime_t init = m->cpu_fork + m->cpu_child_init;
        *c = (struct fpm_child){ .state = FPM_STARTING,
                                 .started = now_of(b->srv),
                                 .next = NONE };
        b->running++;
        if (init > 0)
            cpu_submit(b->srv->cpu, init, child_started, b, i);
        else
            child_started(b, i);
        return;
    }
}

static void end_child(struct backend *b, uint32_t i)
{
    b->children[i].state = FPM_GONE;
    b->running--;
}

static void release_child(struct backend *b, uint32_t i)
{
    const struct fpm_conf *f = &b->conf->fpm;
    if (f->max_requests > 0 && ++b->children[i].served >= f->max_requests) {
        end_child(b, i);
        fork_child(b); /* F-6: replaced at once */
    } else {
        go_idle(b, i);
    }
}

/* The idle child that was started first (dynamic). */
static uint32_t oldest_idle(const struct backend *b)
{
    uint32_t best = NONE;
    for (uint32_t i = b->idle_head; i != NONE; i = b->children[i].next)
        if (best == NONE || b->children[i].started < b->children[best].started)
            best = i;
    return best;
}

/* F-2, F-3: pm = dynamic. */
static void check_dynamic(struct backend *b)
{
    const struct fpm_conf *f = &b->conf->fpm;
    if (b->idle > f->max_spare_servers) {
        uint32_t victim = oldest_idle(b);
        unlink_idle(b, victim);
        end_child(b, victim);
        b->rate = 1;
        return;
    }
    if (b->idle >= f->min_spare_servers) {
        b->rate = 1;
        return;
    }
    int64_t room = f->max_children - b->running;
    if (room <= 0) {
        if (!b->warned)
            log_limit(b);
        b->warned = true;
        b->rate = 1;
        return;
    }
    if (b->rate >= FPM_BUSY_RATE)
        log_busy(b);
    int64_t n = f->min_spare_servers - b->idle;
    if (n > b->rate)
        n = b->rate;
    if (n > room)
        n = room;
    b->warned = false;
    for (int64_t i = 0; i < n; i++)
        fork_child(b);
    if (b->rate < f->max_spawn_rate)
        b->rate *= 2;
}

/* F-5: pm = ondemand: one child a second that has been idle too long. */
static void check_ondemand(struct backend *b)
{
    uint32_t i = b->idle_head; /* idle for the longest time */
    if (i == NONE || now_of(b->srv) - b->children[i].idle_since <
                         b->conf->fpm.process_idle_timeout)
        return;
    unlink_idle(b, i);
    end_child(b, i);
}

static void on_check(void *ctx, uint32_t unused)
{
    struct backend *b = ctx;
    (void)unused;
    if (b->conf->fpm.pm == FPM_DYNAMIC)
        check_dynamic(b);
    else if (b->conf->fpm.pm == FPM_ONDEMAND)
        check_ondemand(b);
    sim_timer_arm(b->srv->sim, &b->timer, now_of(b->srv) + FPM_CHECK);
    hook_drain(b->srv);
}

static void on_fpm_ready(void *ctx, uint32_t unused)
{
    struct backend *b = ctx;
    (void)unused;
    const struct fpm_conf *f = &b->conf->fpm;
    int64_t n = f->pm == FPM_STATIC    ? f->max_children
                : f->pm == FPM_DYNAMIC ? f->start_servers
                                       : 0;
    for (int64_t i = 0; i < n; i++)
        fork_child(b);
    sim_timer_done(b->srv->sim, &b->timer);
    sim_timer_init(b->srv->sim, &b->timer, on_check, b, 0);
    sim_timer_arm(b->srv->sim, &b->timer, now_of(b->srv) + FPM_CHECK);
    hook_drain(b->srv);
}

/* ---- the queue ---- */

static void serve_next(struct backend *b)
{
    if (b->conf->type == BACKEND_PROXY) {
        while (!b->hung && b->head != NONE &&
               b->in_service < b->conf->concurrency)
            begin(b, take(b));
        return;
    }
    while (b->head != NONE && b->idle > 0) {
        uint32_t child = b->idle_head, id = take(b);
        unlink_idle(b, child);
        b->children[child].state = FPM_BUSY;
        req_at(b->srv, id)->child = child;
        begin(b, id);
    }
    /* F-4: pm = ondemand forks on a connection nobody is idle for */
    if (b->conf->fpm.pm == FPM_ONDEMAND && b->head != NONE &&
        b->running < b->conf->fpm.max_children &&
        b->running - b->idle - b->in_service < (int64_t)b->queued)
        fork_child(b);
}

uint32_t backend_submit(struct server *s, uint32_t conn)
{
    const struct demand *d = &conn_txn(s, conn)->d;
    must(d->backend <= s->backends->n);
    struct backend *b = &s->backends->v[d->backend - 1];
    if (b->conf->type == BACKEND_PHP_FPM &&
        (int64_t)b->queued > b->conf->fpm.listen_backlog)
        return NONE;
    uint32_t id = pool_get(&s->backends->requests);
    struct request *r = req_at(s, id);
    *r = (struct request){ .next = NONE,
                           .conn = conn,
                           .backend = b->number,
                           .child = NONE,
                           .sleep = d->sleep,
                           .cpu = d->cpu };
    sim_timer_init(s->sim, &r->timer, slept, s, id);
    if (b->tail == NONE)
        b->head = id;
    else
        req_at(s, b->tail)->next = id;
    b->tail = id;
    b->queued++;
    serve_next(b);
    return id;
}

void backend_abandon(struct server *s, uint32_t request)
{
    req_at(s, request)->conn = NONE;
}

/* ---- hangs ---- */

static void on_hang(void *ctx, uint32_t unused)
{
    struct backend *b = ctx;
    const struct backend_hang *h = &b->conf->hang[b->hang];
    (void)unused;
    if (!b->hung) {
        b->hung = true;
        sim_timer_arm(b->srv->sim, &b->timer, h->to);
        return;
    }
    b->hung = false;
    if (++b->hang < b->conf->nhang)
        sim_timer_arm(b->srv->sim, &b->timer, b->conf->hang[b->hang].from);
    serve_next(b);
    hook_drain(b->srv);
}

/* ---- life ---- */

void backend_init(struct server *s)
{
    struct backends *bs = must_zalloc(1, sizeof *bs);
    s->backends = bs;
    bs->n = s->conf.nbackends;
    bs->v = must_zalloc(bs->n ? bs->n : 1, sizeof *bs->v);
    pool_init(&bs->requests, sizeof(struct request));
    for (size_t i = 0; i < bs->n; i++) {
        struct backend *b = &bs->v[i];
        b->srv = s;
        b->conf = &s->conf.backends[i];
        b->number = (uint32_t)i;
        b->head = b->tail = b->idle_head = b->idle_tail = NONE;
        b->rate = 1;
        if (b->conf->type == BACKEND_PHP_FPM) {
            b->children = must_zalloc((size_t)b->conf->fpm.max_children,
                                      sizeof *b->children);
            sim_timer_init(s->sim, &b->timer, on_fpm_ready, b, 0);
            sim_timer_arm(s->sim, &b->timer, s->conf.start + FPM_START);
        } else {
            sim_timer_init(s->sim, &b->timer, on_hang, b, 0);
            if (b->conf->nhang > 0)
                sim_timer_arm(s->sim, &b->timer, b->conf->hang[0].from);
        }
    }
}

void backend_free(struct server *s)
{
    for (size_t i = 0; i < s->backends->n; i++)
        free(s->backends->v[i].children);
    pool_done(&s->backends->requests);
    free(s->backends->v);
    free(s->backends);
}

size_t server_backends(const struct server *s)
{
    return s->backends->n;
}

const char *server_backend_name(const struct server *s, size_t i)
{
    return s->backends->v[i].conf->name;
}

void server_backend_snapshot(const struct server *s, size_t i,
                             struct backend_snapshot *o)
{
    const struct backend *b = &s->backends->v[i];
    bool fpm = b->conf->type == BACKEND_PHP_FPM;
    o->processes = fpm ? b->running : b->conf->concurrency;
    o->active = b->in_service;
    o->idle = fpm ? b->idle : b->conf->concurrency - b->in_service;
    o->queue = b->queued;
}
