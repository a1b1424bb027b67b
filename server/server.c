/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/server.h"

#include "server/flight.h"
#include "server/inside.h"
#include "sim/must.h"

#include <signal.h>
#include <stdlib.h>

const char *const req_err_name[REQ_ERRS] = {
    "",        "http",   "refused", "reset",   "eof",        "trunc",
    "timeout", "closed", "tls",     "skipped", "unfinished", "gave_up"
};

/* ---- hooks ---- */

void hook_grow(struct server *s)
{
    uint32_t cap = s->hook_cap ? s->hook_cap * 2 : 256;
    struct hook *h = must_alloc(cap * sizeof *h);
    for (uint32_t i = 0; i < s->hook_len; i++)
        h[i] = s->hooks[(s->hook_head + i) % s->hook_cap];
    free(s->hooks);
    s->hooks = h;
    s->hook_head = 0;
    s->hook_cap = cap;
}

static void hook_run(struct server *s, const struct hook *h)
{
    switch ((enum hook_kind)h->kind) {
    case HOOK_IDLE:
        /* ended with its process meanwhile? (H-1) */
        if (!thread_at(s, h->a)->gone)
            s->model->on_idle(s, h->a);
        break;
    case HOOK_ACCEPTED:
        if (conn_at(s, h->b)->state == CONN_ACCEPTED)
            s->model->on_accepted(s, h->a, h->b);
        break;
    case HOOK_PENDING: /* never in the ring */
        break;
    case HOOK_READABLE: {
        /* it may have been dealt with since */
        const struct conn *c = conn_at(s, h->a);
        if (c->state == CONN_KEEPALIVE || c->state == CONN_LINGER ||
            c->state == CONN_WRITE_BLOCKED)
            s->model->on_readable(s, h->a);
        break;
    }
    case HOOK_CRASH:
        if (!thread_at(s, h->a)->gone)
            process_crash(s, thread_at(s, h->a)->child, SIGSEGV);
        break;
    case HOOK_OOM:
        memory_kill(s);
        break;
    case HOOK_RESPONSE:
        /* closed meanwhile? then the thread has moved on */
        if (thread_at(s, h->a)->conn == h->b)
            s->model->on_response(s, h->a, h->b);
        break;
    }
}

/* The next bucket whose listening sockets have to be looked at. */
static void poll_next(struct server *s)
{
    uint32_t b = 0;
    while (!s->buckets[b].poll)
        b++;
    s->buckets[b].poll = false;
    s->npolls--;
    kernel_pending(s, b);
}

void hook_run_all(struct server *s)
{
    s->draining = true;
    while (s->hook_len > 0 || s->npolls > 0) {
        if (s->hook_len == 0) {
            /* G-13: work of no duration is over before the next accept */
            poll_next(s);
            continue;
        }
        struct hook h = s->hooks[s->hook_head];
        s->hook_head = (s->hook_head + 1) & (s->hook_cap - 1);
        s->hook_len--;
        hook_run(s, &h);
    }
    s->draining = false;
}

static void pick_up(void *srv, uint32_t id)
{
    struct server *s = srv;
    conn_at(s, id)->inflight--;
    if (conn_at(s, id)->state == CONN_ACCEPTED)
        s->model->on_pickup(s, id);
    else
        conn_reap(s, id);
    hook_drain(s);
}

/* ---- life ---- */

static void on_start(void *srv, uint32_t unused)
{
    parent_start(srv, unused);
}

struct server *server_new(struct sim *sim, const struct server_conf *conf,
                          const struct observer *obs)
{
    struct server *s = must_zalloc(1, sizeof *s);
    s->sim = sim;
    s->conf = *conf;
    s->set = &s->conf.settings;
    s->model = conf->model;
    s->obs = obs;
    const struct machine *m = &s->conf.machine;
    s->cpu = cpu_new(sim, m->cpus, m->cpu_slice, m->cpu_switch);
    rng_init(&s->race, conf->seed, conf->replication, "server:race");
    rng_init(&s->clog_rng, conf->seed, conf->replication, "server:clogging");
    rng_init(&s->crash_rng, conf->seed, conf->replication, "server:crash");
    pool_init(&s->conns, sizeof(struct conn));
    pool_init_kept(&s->txns, sizeof(struct txn), TXN_KEPT);
    pool_init(&s->links, sizeof(struct link));
    for (int i = 0; i < s->set->nlisten; i++)
        s->mod_ssl |= s->set->listen[i].tls;
    s->memory = s->mod_ssl ? m->mem_parent_tls : m->mem_parent;
    if (conf->php)
        s->memory += m->mem_php_parent;
    process_init(s);
    kernel_init(s);
    net_init(s);
    s->cls_pickup = sim_class(sim, pick_up, s);
    conn_lanes_init(s, s->waits);
    conn_new_keepalive(s);
    backend_init(s);
    sim_timer_init(sim, &s->start, on_start, s, 0);
    sim_timer_arm(sim, &s->start, conf->start);
    return s;
}

void server_free(struct server *s)
{
    if (!s)
        return;
    cpu_free(s->cpu);
    conn_free_keepalive(s);
    pool_done(&s->conns);
    pool_done(&s->txns);
    pool_done(&s->links);
    process_free(s);
    flight_free(s);
    backend_free(s);
    kernel_free(s);
    parent_free(s);
    free(s->hooks);
    free(s);
}

bool server_action(struct server *s, enum action_kind what)
{
    if (what == ACTION_CRASH)
        return server_crash(s, -1);
    parent_signal(s, what);
    hook_drain(s);
    return true;
}

/* Workers, and in a threaded process its main thread, its listener (M-5), which
 * in worker is the first to leave (W-16), and the one that makes the others,
 * while it waits for cells (W-3). */
static int64_t count_threads(const struct server *s)
{
    int64_t n = 0;
    for (uint32_t i = 0; i < s->children.used; i++) {
        const struct child *ch = child_at(s, i);
        if (ch->state == CHILD_FREE || ch->state == CHILD_ZOMBIE)
            continue;
        n += ch->nthreads;
        if (!s->model->threaded)
            continue;
        n += s->model->async || ch->listener != LISTENER_STOPPED ? 2 : 1;
        n += sim_timer_armed(&ch->timer);
    }
    return n;
}

void server_snapshot(struct server *s, struct snapshot *o)
{
    *o = s->now;
    o->processes = s->live_children;
    o->processes_scoreboard = s->live_children + s->zombies;
    o->threads = count_threads(s);
    for (int i = 0; i < SLOT_STATES; i++)
        o->slots[i] = s->counts[i];
    o->processes_stopping = s->stopping;
    o->processes_not_accepting = s->not_accepting;
    o->ready_gone = s->ready_gone;
    o->not_accepting_gone = s->not_accepting_gone;
    o->ended = s->parent.phase == PARENT_ENDED;
    o->has_old_generation = true;
    o->generation = s->parent.generation;
    o->processes_old_generation = s->parent.old_generation;
    o->async = s->model->async;
    o->async_connections = s->conns_total;
    o->async_writing = s->conns_writing;
    o->async_keepalive = s->conns_keepalive;
    o->async_closing = s->conns_lingering;
    o->accept_queue = s->queue_len;
    o->accept_queue_peak = s->queue_peak;
    s->queue_peak = s->queue_len;
    o->syn_queue = s->half_open;
    o->established = s->tcp[TCP_ESTABLISHED];
    o->close_wait = s->tcp[TCP_CLOSE_WAIT];
    o->closing = s->tcp[TCP_CLOSING];
    o->cpu_s = process_cpu_s(s);
    o->cpu_busy = cpu_running(s->cpu) >= s->conf.machine.cpus;
    memory_snapshot(s, o);
}

void server_check(const struct server *s)
{
    int64_t cells = 0, queued = 0;
    for (int i = 0; i < SLOT_STATES; i++) {
        must(s->counts[i] >= 0);
        cells += s->counts[i];
    }
    must(cells == s->nslots * (int64_t)s->width);
    for (int b = 0; b < s->nbuckets; b++)
        for (int i = 0; i < s->buckets[b].nl; i++)
            queued += s->buckets[b].l[i].len;
    must(queued == s->queue_len && queued >= 0);
    for (int i = 1; i < TCP_CLASSES; i++)
        must(s->tcp[i] >= 0);
    must(s->half_open >= 0 && s->half_open == s->tcp[TCP_SYN_RECV]);
    must(s->accepted >= s->released);
    must(s->live_children >= 0 && s->memory >= 0);
    int64_t held = 0;
    for (uint32_t b = 0; b < s->nblocks * s->width; b++) {
        const struct thread *t = thread_at(s, b);
        if (t->child == NONE || t->gone || t->conn == NONE)
            continue;
        const struct conn *c = conn_at(s, t->conn);
        must(c->txn != NONE && txn_at(s, c->txn)->thread == b);
        held++;
    }
    must(held <= s->accepted - s->released);
}
