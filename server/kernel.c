/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The kernel's side of a listening socket: SYN queue, accept queue, who is
 * woken (K-1 … K-14, K-20, K-21, C-24 … C-28). */
#include "server/inside.h"
#include "sim/must.h"

#include <stdlib.h>
#include <string.h>

/* ---- timers (K-20) ---- */

simtime_t kernel_timer(const struct server *s, simtime_t t, simtime_t delay)
{
    if (!s->conf.network.timer_grid)
        return t + delay;
    simtime_t jiffy = SIM_S / s->conf.network.hz, grain = jiffy;
    /* the timer wheel: 64 slots a level, each level eight times coarser */
    for (simtime_t reach = 63 * jiffy; delay >= reach; reach *= 8)
        grain *= 8;
    simtime_t due = t + delay + s->timer_phase, q = due / grain;
    if (due < 0 && due % grain)
        q--;
    return (q + 1) * grain - s->timer_phase;
}

/* ---- set-up ---- */

void kernel_init(struct server *s)
{
    const struct settings *set = s->set;
    struct rng r;
    /* the same for all servers of a replication: they share the machine */
    rng_init(&r, s->conf.seed, s->conf.replication, "kernel:timer grid");
    s->timer_phase = (simtime_t)rng_below(
        &r, (uint64_t)(4096 * (SIM_S / s->conf.network.hz)));
    s->nbuckets = set->buckets;
    s->buckets = must_zalloc((size_t)s->nbuckets, sizeof *s->buckets);
    for (int b = 0; b < s->nbuckets; b++) {
        struct bucket *k = &s->buckets[b];
        k->nl = set->nlisten;
        k->wait_head = k->wait_tail = NONE;
        k->pod_head = k->pod_tail = NONE;
        k->rate = 1;
        for (int i = 0; i < k->nl; i++) {
            struct listener *l = &k->l[i];
            l->head = l->tail = NONE;
            l->port = set->listen[i].port;
            l->tls = set->listen[i].tls;
            l->defer = set->defer_accept[l->tls];
        }
    }
    /* C-26 */
    s->use_mutex = set->nlisten > 1 && !s->model->polls;
}

void kernel_free(struct server *s)
{
    free(s->buckets);
}

void kernel_open(struct server *s)
{
    for (int b = 0; b < s->nbuckets; b++)
        for (int i = 0; i < s->buckets[b].nl; i++)
            s->buckets[b].l[i].open = true;
}

void kernel_close(struct server *s)
{
    for (int b = 0; b < s->nbuckets; b++)
        for (int i = 0; i < s->buckets[b].nl; i++) {
            struct listener *l = &s->buckets[b].l[i];
            l->open = false;
            for (uint32_t id = l->head, next; id != NONE; id = next) {
                next = conn_at(s, id)->link.next;
                conn_at(s, id)->wait = WAIT_NONE;
                conn_set_state(s, id, CONN_CLOSED);
                net_fin_from_server(s, id, NET_RST);
                conn_reap(s, id);
            }
            s->queue_len -= l->len;
            l->head = l->tail = NONE;
            l->len = 0;
        }
}

/* K-1: the test is "length > limit", so limit + 1 fit. */
static int64_t backlog_limit(const struct server *s)
{
    int64_t b = s->set->listen_backlog, max = s->conf.network.somaxconn;
    return b < max ? b : max;
}

static bool is_full(const struct server *s, const struct listener *l)
{
    return (int64_t)l->len > backlog_limit(s);
}

/* The listener a connection belongs to, fixed by its number (K-11: a hash). */
static struct listener *listener_of(const struct server *s, uint32_t id,
                                    uint32_t *bucket)
{
    const struct conn *c = conn_at(s, id);
    uint32_t b = 0;
    if (s->nbuckets > 1) {
        struct rng r = rng_at(s->conf.seed, c->client, 0);
        b = (uint32_t)rng_below(&r, (uint64_t)s->nbuckets);
    }
    struct bucket *k = &s->buckets[b];
    if (bucket)
        *bucket = b;
    bool tls = c->flags & CF_TLS;
    for (int i = 0; i < k->nl; i++)
        if (k->l[i].tls == tls)
            return &k->l[i];
    return NULL;
}

static void count_overflow(struct server *s)
{
    s->now.overflows++;
    s->now.drops++;
}

/* ---- half-open ---- */

#define DEFER_PERIODS 5   /* K-12: of TCP_DEFER_ACCEPT 30 */
#define COOKIE_AGE    60  /* K-3: the cookies' clock, s; two ticks are valid */
#define RTO_MAX       120 /* s; TCP_RTO_MAX */

static void set_tcp(struct server *s, struct conn *c, enum tcp_class k)
{
    s->tcp[c->tcp]--;
    s->tcp[k]++;
    c->tcp = (uint8_t)k;
}

/* A request is kept for connection ID: a SYN-ACK without a cookie was sent. */
static bool is_half_open(const struct server *s, uint32_t id)
{
    return conn_at(s, id)->tcp == TCP_SYN_RECV;
}

static void half_open(struct server *s, uint32_t id, struct listener *l)
{
    struct txn *t = conn_txn(s, id);
    l->half_open++;
    l->young++;
    s->half_open++;
    set_tcp(s, conn_at(s, id), TCP_SYN_RECV);
    t->synack_timeouts = 0;
    t->acked = false;
    sim_timer_arm(s->sim, &t->stimer, kernel_timer(s, now_of(s), SIM_S));
}

static void drop_half_open(struct server *s, uint32_t id, struct listener *l)
{
    if (!is_half_open(s, id))
        return;
    struct txn *t = conn_txn(s, id);
    l->half_open--;
    l->young -= t->synack_timeouts == 0;
    s->half_open--;
    set_tcp(s, conn_at(s, id), TCP_NONE);
    sim_timer_disarm(s->sim, &t->stimer);
}

/* K-3: what a SYN that has passed K-2 meets. */
enum syn_fate { SYN_KEPT, SYN_COOKIE, SYN_DROPPED };

static enum syn_fate syn_fate(const struct server *s, const struct listener *l)
{
    const struct network *n = &s->conf.network;
    bool full = (int64_t)l->half_open > backlog_limit(s);
    if (n->tcp_syncookies)
        return full || n->tcp_syncookies == 2 ? SYN_COOKIE : SYN_KEPT;
    int64_t max = n->tcp_max_syn_backlog;
    return full || max - (int64_t)l->half_open < max / 4 ? SYN_DROPPED
                                                         : SYN_KEPT;
}

void kernel_syn(void *srv, uint32_t id)
{
    struct server *s = srv;
    struct conn *c = conn_at(s, id);
    c->inflight--;
    if (c->flags & CF_CCLOSED) {
        conn_set_state(s, id, CONN_CLOSED);
        conn_reap(s, id);
        return;
    }
    struct listener *l = listener_of(s, id, NULL);
    enum syn_fate fate;
    if (!l || !l->open) {
        net_refuse(s, id);
    } else if (is_full(s, l)) { /* K-2 */
        count_overflow(s);
        net_syn_dropped(s, id);
    } else if ((fate = syn_fate(s, l)) == SYN_DROPPED) {
        s->now.drops++;
        net_syn_dropped(s, id);
    } else {
        if (fate == SYN_KEPT)
            half_open(s, id, l);
        else
            conn_txn(s, id)->t_line = now_of(s);
        conn_message(s, s->cls_connected, id, now_of(s) + s->half_rtt);
    }
    hook_drain(s);
}

/* The handshake is complete and there is room: into the accept queue. */
static void enqueue(struct server *s, uint32_t id, struct listener *l,
                    uint32_t bucket)
{
    struct conn *c = conn_at(s, id);
    drop_half_open(s, id, l);
    conn_set_state(s, id, CONN_QUEUED);
    c->wait = WAIT_QUEUE;
    c->link.prev = l->tail;
    c->link.next = NONE;
    if (l->tail == NONE)
        l->head = id;
    else
        conn_at(s, l->tail)->link.next = id;
    l->tail = id;
    l->len++;
    s->queue_len++;
    if (s->queue_len > s->queue_peak)
        s->queue_peak = s->queue_len;
    hook_put(s, HOOK_PENDING, bucket, 0);
}

/* The client is told that its connection does not exist. */
static void reset(struct server *s, uint32_t id, struct listener *l)
{
    drop_half_open(s, id, l);
    conn_set_state(s, id, CONN_CLOSED);
    net_fin_from_server(s, id, NET_RST);
    conn_reap(s, id);
}

/* K-3: a cookie is good for the minute it was made in and the next. */
static bool is_stale(const struct server *s, uint32_t id)
{
    simtime_t age = COOKIE_AGE * SIM_S;
    return !is_half_open(s, id) &&
           now_of(s) / age - conn_txn(s, id)->t_line / age > 1;
}

/* A segment that would complete the connection: does it? If it met a full
 * queue (K-4, K-14), the request stays, or what had a cookie stays unknown. */
static bool complete(struct server *s, uint32_t id)
{
    uint32_t bucket;
    struct listener *l = listener_of(s, id, &bucket);
    if (!l->open || is_stale(s, id)) {
        reset(s, id, l);
    } else if (!is_full(s, l)) {
        enqueue(s, id, l, bucket);
        return true;
    } else {
        count_overflow(s);
        if (is_half_open(s, id) && s->conf.network.tcp_abort_on_overflow)
            reset(s, id, l);
        else
            conn_txn(s, id)->acked = true;
    }
    return false;
}

/* K-4: how many time-outs a request survives. Half of the room is for the
 * young, those whose first second is not over: the more the old ones crowd
 * them, the shorter these live. */
static int64_t synack_limit(const struct server *s, const struct listener *l)
{
    int64_t limit = s->conf.network.tcp_synack_retries;
    int64_t room = backlog_limit(s) > 8 ? backlog_limit(s) : 8;
    if (2 * (int64_t)l->half_open <= room)
        return limit;
    for (int64_t young = 2 * (int64_t)l->young;
         limit > 2 && (int64_t)l->half_open >= young; young *= 2)
        limit--;
    return limit;
}

/* K-4, K-12: a request's timer, 1, 3, 7, 15, 31, 63 s after its SYN. The
 * SYN-ACK goes out again, and a client that believes it is connected answers
 * with an ACK one round trip later; with deferred accept, when an ACK has been
 * seen, only at the end of the period. */
void kernel_synack_timer(struct server *s, uint32_t id)
{
    struct conn *c = conn_at(s, id);
    struct txn *t = conn_txn(s, id);
    struct listener *l = listener_of(s, id, NULL);
    int defer = l->defer && t->acked ? DEFER_PERIODS : 0;
    if (t->synack_timeouts >= synack_limit(s, l) &&
        t->synack_timeouts >= defer) {
        kernel_forget(s, id);
        return;
    }
    if (t->synack_timeouts >= defer - 1 && !(c->flags & CF_CCLOSED))
        conn_message(s, s->cls_ack, id, now_of(s) + 2 * s->half_rtt);
    l->young -= t->synack_timeouts == 0;
    int n = ++t->synack_timeouts;
    simtime_t wait = (n < 7 ? 1 << n : RTO_MAX) * SIM_S;
    sim_timer_arm(s->sim, &t->stimer, kernel_timer(s, now_of(s), wait));
}

void kernel_ack(void *srv, uint32_t id)
{
    struct server *s = srv;
    struct conn *c = conn_at(s, id);
    c->inflight--;
    if (c->state != CONN_CONNECTING) {
        conn_reap(s, id);
        return;
    }
    /* K-12: with deferred accept a bare ACK is ignored (and not counted) until
     * the period is over */
    struct txn *t = conn_txn(s, id);
    const struct listener *l = listener_of(s, id, NULL);
    if (l->open && l->defer && is_half_open(s, id) &&
        t->synack_timeouts < DEFER_PERIODS)
        t->acked = true;
    else
        complete(s, id);
    hook_drain(s);
}

void kernel_data(struct server *s, uint32_t id)
{
    if (complete(s, id))
        conn_at(s, id)->flags |= CF_DATA;
    else if (conn_at(s, id)->state == CONN_CONNECTING)
        net_data_dropped(s, id);
}

void kernel_forget(struct server *s, uint32_t id)
{
    drop_half_open(s, id, listener_of(s, id, NULL));
    conn_set_state(s, id, CONN_CLOSED);
    conn_reap(s, id);
}

/* ---- accept ---- */

/* C-26: which of the ready listeners CH's next poll leads to, or -1. What the
 * poll before returned comes first and in the same order, as epoll keeps it;
 * else the last Listen line is the first of the list. */
static int poll_listeners(const struct bucket *k, struct child *ch)
{
    uint8_t ready[SETTINGS_MAX_LISTEN];
    int n = 0;
    bool listed[SETTINGS_MAX_LISTEN] = { false };
    for (int i = 0; i < ch->npolled; i++) {
        uint8_t l = ch->polled[i];
        listed[l] = true;
        if (k->l[l].head != NONE)
            ready[n++] = l;
    }
    for (int l = k->nl - 1; l >= 0; l--)
        if (k->l[l].head != NONE && !listed[l])
            ready[n++] = (uint8_t)l;
    if (n == 0)
        return -1;
    memcpy(ch->polled, ready, (size_t)n);
    ch->npolled = (uint8_t)n;
    if (ch->last_poll_idx >= n)
        ch->last_poll_idx = 0;
    return ready[ch->last_poll_idx++];
}

uint32_t mpm_accept(struct server *s, uint32_t bucket, uint32_t child)
{
    struct bucket *k = &s->buckets[bucket];
    int n = poll_listeners(k, child_at(s, child));
    if (n < 0)
        return NONE;
    struct listener *l = &k->l[n];
    uint32_t id = l->head;
    struct conn *c = conn_at(s, id);
    l->head = c->link.next;
    if (l->head == NONE)
        l->tail = NONE;
    else
        conn_at(s, l->head)->link.prev = NONE;
    l->len--;
    s->queue_len--;
    c->wait = WAIT_NONE;
    c->child = child;
    conn_set_state(s, id, CONN_ACCEPTED);
    s->accepted++;
    return id;
}

bool mpm_is_pending(const struct server *s, uint32_t bucket)
{
    const struct bucket *k = &s->buckets[bucket];
    for (int i = 0; i < k->nl; i++)
        if (k->l[i].head != NONE)
            return true;
    return false;
}

void mpm_poll_again(struct server *s, uint32_t bucket)
{
    hook_put(s, HOOK_PENDING, bucket, 0);
}

/* Waiters are threads (prefork) or processes (worker, event): all are linked
 * through the child they belong to. */
static struct child *waiter_child(const struct server *s, uint32_t w)
{
    return child_at(s, s->model->threaded ? w : thread_at(s, w)->child);
}

void mpm_wait_accept(struct server *s, uint32_t bucket, uint32_t w)
{
    struct bucket *k = &s->buckets[bucket];
    struct child *ch = waiter_child(s, w);
    ch->wait_prev = k->wait_tail;
    ch->wait_next = NONE;
    ch->in_line = true;
    if (k->wait_tail == NONE)
        k->wait_head = w;
    else
        waiter_child(s, k->wait_tail)->wait_next = w;
    k->wait_tail = w;
    k->waiters++;
    if (mpm_is_pending(s, bucket))
        hook_put(s, HOOK_PENDING, bucket, 0);
}

void mpm_leave_accept(struct server *s, uint32_t bucket, uint32_t w)
{
    struct bucket *k = &s->buckets[bucket];
    struct child *ch = waiter_child(s, w);
    if (ch->wait_prev == NONE)
        k->wait_head = ch->wait_next;
    else
        waiter_child(s, ch->wait_prev)->wait_next = ch->wait_next;
    if (ch->wait_next == NONE)
        k->wait_tail = ch->wait_prev;
    else
        waiter_child(s, ch->wait_next)->wait_prev = ch->wait_prev;
    k->waiters--;
    ch->in_line = false;
}

bool mpm_first_in_line(const struct server *s, uint32_t bucket, uint32_t w)
{
    return s->buckets[bucket].wait_head == w;
}

void kernel_pending(struct server *s, uint32_t bucket)
{
    struct bucket *k = &s->buckets[bucket];
    if (s->model->polls) {
        if (mpm_is_pending(s, bucket))
            s->model->on_pending(s, bucket);
        return;
    }
    /* K-8: the longest waiter first */
    while (k->wait_head != NONE && mpm_is_pending(s, bucket)) {
        uint32_t w = k->wait_head;
        if (waiter_child(s, w)->stop_pending) { /* W-21 */
            s->model->on_mutex(s, w);
            continue;
        }
        mpm_leave_accept(s, bucket, w);
        uint32_t child = s->model->threaded ? w : thread_at(s, w)->child;
        hook_put(s, HOOK_ACCEPTED, w, mpm_accept(s, bucket, child));
        /* the mutex goes on to the next in line, who may have to stop */
        while (k->wait_head != NONE &&
               waiter_child(s, k->wait_head)->stop_pending)
            s->model->on_mutex(s, k->wait_head);
    }
}

/* C-16: connect to the own listener, send a whole request, close. It is in
 * the queue at once: loopback, from a process of this host. */
void kernel_dummy(struct server *s, uint32_t bucket)
{
    struct bucket *k = &s->buckets[bucket];
    int i = 0;
    while (i + 1 < k->nl && k->l[i].tls)
        i++; /* prefers a plain listener */
    uint32_t id = conn_new(s, NONE, NULL);
    struct conn *c = conn_at(s, id);
    c->flags |= CF_DUMMY | CF_DATA | CF_CONNECTED | CF_CCLOSED | CF_CLOSE;
    if (is_full(s, &k->l[i])) {
        count_overflow(s);
        conn_set_state(s, id, CONN_CLOSED);
        conn_reap(s, id);
        return;
    }
    struct txn *t = conn_txn(s, id);
    t->d.head = 100;
    t->t_first = t->t_head = now_of(s);
    enqueue(s, id, &k->l[i], bucket);
    c->flags |= CF_CFIN;
    conn_count_tcp(s, id);
}
