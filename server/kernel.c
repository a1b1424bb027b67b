/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The kernel's side of a listening socket: SYN queue, accept queue, who is
 * woken (K-1 … K-14, K-20, K-21, C-24 … C-28). */
#include "server/inside.h"
#include "sim/must.h"

#include <stdlib.h>

/* ---- timers (K-20) ---- */

simtime_t kernel_timer(const struct server *s, simtime_t t, simtime_t delay)
{
    if (!s->conf.network.timer_grid)
        return t + delay;
    simtime_t jiffy = SIM_S / s->conf.network.hz, grain = jiffy;
    /* the timer wheel: 64 slots a level, each level eight times coarser */
    for (simtime_t reach = 63 * jiffy; delay >= reach; reach *= 8)
        grain *= 8;
    simtime_t due = t + delay, q = due / grain;
    if (due < 0 && due % grain)
        q--;
    return (q + 1) * grain;
}

/* ---- set-up ---- */

void kernel_init(struct server *s)
{
    const struct settings *set = s->set;
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

static void set_tcp(struct server *s, struct conn *c, enum tcp_class k)
{
    s->tcp[c->tcp]--;
    s->tcp[k]++;
    c->tcp = (uint8_t)k;
}

static void half_open(struct server *s, struct conn *c, struct listener *l,
                      int delta)
{
    l->half_open += (uint32_t)delta;
    s->half_open += delta;
    set_tcp(s, c, delta > 0 ? TCP_SYN_RECV : TCP_NONE);
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
    if (!l || !l->open) {
        net_refuse(s, id);
    } else if (is_full(s, l)) { /* K-2 */
        count_overflow(s);
        net_syn_dropped(s, id);
    } else if (!s->conf.network.tcp_syncookies &&
               (int64_t)l->half_open > backlog_limit(s)) { /* K-3 */
        s->now.drops++;
        net_syn_dropped(s, id);
    } else {
        half_open(s, c, l, +1);
        conn_txn(s, id)->synack_tries = 0;
        if (l->defer) {
            c->wait = WAIT_DEFER;
            lane_arm(&s->waits[WAIT_DEFER], id);
        }
        conn_message(s, s->cls_connected, id, now_of(s) + s->half_rtt);
    }
    hook_drain(s);
}

static void leave_defer(struct server *s, uint32_t id)
{
    struct conn *c = conn_at(s, id);
    if (c->wait == WAIT_DEFER) {
        lane_disarm(&s->waits[WAIT_DEFER], id);
        c->wait = WAIT_NONE;
    }
}

/* The handshake is complete and there is room: into the accept queue. */
static void enqueue(struct server *s, uint32_t id, struct listener *l,
                    uint32_t bucket)
{
    struct conn *c = conn_at(s, id);
    if (c->tcp == TCP_SYN_RECV)
        half_open(s, c, l, -1);
    leave_defer(s, id);
    if (c->txn != NONE)
        sim_timer_disarm(s->sim, &conn_txn(s, id)->stimer);
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
static void reset_half_open(struct server *s, uint32_t id)
{
    struct conn *c = conn_at(s, id);
    leave_defer(s, id);
    if (c->txn != NONE)
        sim_timer_disarm(s->sim, &conn_txn(s, id)->stimer);
    if (c->tcp == TCP_SYN_RECV)
        half_open(s, c, listener_of(s, id, NULL), -1);
    conn_set_state(s, id, CONN_CLOSED);
    net_fin_from_server(s, id, NET_RST);
    conn_reap(s, id);
}

/* K-4, K-14: the segment that would complete the connection met a full
 * queue. */
static void overflow(struct server *s, uint32_t id)
{
    count_overflow(s);
    if (s->conf.network.tcp_abort_on_overflow)
        reset_half_open(s, id);
}

/* K-4: SYN-ACKs go out again at 1, 3, 7, 15, 31 s after the first. */
static void arm_synack(struct server *s, uint32_t id)
{
    struct txn *t = conn_txn(s, id);
    if (!sim_timer_armed(&t->stimer))
        sim_timer_arm(s->sim, &t->stimer,
                      kernel_timer(s, now_of(s), SIM_S << t->synack_tries));
}

void kernel_synack_timer(struct server *s, uint32_t id)
{
    struct conn *c = conn_at(s, id);
    struct txn *t = conn_txn(s, id);
    if ((int64_t)t->synack_tries++ >= s->conf.network.tcp_synack_retries) {
        kernel_forget(s, id);
        return;
    }
    /* the client answers with an ACK one round trip later */
    if (!(c->flags & CF_CCLOSED))
        conn_message(s, s->cls_ack, id, now_of(s) + 2 * s->half_rtt);
    arm_synack(s, id);
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
    uint32_t bucket;
    struct listener *l = listener_of(s, id, &bucket);
    /* K-12: with deferred accept a bare ACK is ignored (and not counted) until
     * the period is over; then the lane has let go of the connection */
    if (!l->open) {
        reset_half_open(s, id);
    } else if (c->wait != WAIT_DEFER) {
        if (is_full(s, l)) {
            overflow(s, id);
            if (conn_at(s, id)->state == CONN_CONNECTING)
                arm_synack(s, id);
        } else {
            enqueue(s, id, l, bucket);
        }
    }
    hook_drain(s);
}

/* K-12: the SYN-ACK is sent once more; the client's ACK now counts. */
void kernel_defer_expired(void *srv, uint32_t id)
{
    struct server *s = srv;
    struct conn *c = conn_at(s, id);
    c->wait = WAIT_NONE;
    if (c->flags & CF_CCLOSED)
        kernel_forget(s, id);
    else
        conn_message(s, s->cls_ack, id, now_of(s) + 2 * s->half_rtt);
    hook_drain(s);
}

void kernel_data(struct server *s, uint32_t id)
{
    uint32_t bucket;
    struct listener *l = listener_of(s, id, &bucket);
    if (!l->open) {
        reset_half_open(s, id);
    } else if (is_full(s, l)) {
        overflow(s, id);
        if (conn_at(s, id)->state == CONN_CONNECTING)
            net_data_dropped(s, id);
    } else {
        conn_at(s, id)->flags |= CF_DATA;
        enqueue(s, id, l, bucket);
    }
}

void kernel_forget(struct server *s, uint32_t id)
{
    struct conn *c = conn_at(s, id);
    leave_defer(s, id);
    if (c->txn != NONE)
        sim_timer_disarm(s->sim, &conn_txn(s, id)->stimer);
    if (c->tcp == TCP_SYN_RECV)
        half_open(s, c, listener_of(s, id, NULL), -1);
    conn_set_state(s, id, CONN_CLOSED);
    conn_reap(s, id);
}

/* ---- accept ---- */

/* Takes the oldest connection of the next ready listener. */
static uint32_t take(struct server *s, struct bucket *k)
{
    for (int i = 0; i < k->nl; i++) {
        int n = (k->turn + i) % k->nl;
        struct listener *l = &k->l[n];
        if (l->head == NONE)
            continue;
        k->turn = (n + 1) % k->nl; /* C-26: round-robin */
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
        conn_set_state(s, id, CONN_ACCEPTED);
        s->accepted++;
        return id;
    }
    return NONE;
}

bool mpm_is_pending(const struct server *s, uint32_t bucket)
{
    const struct bucket *k = &s->buckets[bucket];
    for (int i = 0; i < k->nl; i++)
        if (k->l[i].head != NONE)
            return true;
    return false;
}

uint32_t mpm_accept(struct server *s, uint32_t bucket, uint32_t child)
{
    uint32_t id = take(s, &s->buckets[bucket]);
    if (id != NONE)
        conn_at(s, id)->child = child;
    return id;
}

void mpm_poll_again(struct server *s, uint32_t bucket)
{
    hook_put(s, HOOK_PENDING, bucket, 0);
}

/* Waiters are threads (prefork) or processes (worker): both are linked
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
        uint32_t id = take(s, k);
        conn_at(s, id)->child = s->model->threaded ? w : thread_at(s, w)->child;
        hook_put(s, HOOK_ACCEPTED, w, id);
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
