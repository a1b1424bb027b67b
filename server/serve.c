/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A thread and its connection: TLS handshake, reading the head, the handler,
 * writing, keep-alive, lingering close (C-9, C-29 … C-39, E-22 … E-27). What
 * a response's end means, and what happens to a connection without a thread,
 * is the model's business. */
#include "server/flight.h"
#include "server/inside.h"
#include "server/sockbuf.h"
#include "sim/must.h"

#include <math.h>

/* Of a request line, as the recordings' client sends it: 56 to 64. */
#define LINE_BYTES 60

/* What TLS 1.3 adds to a record: header 5, content type 1, tag 16 (RFC 8446,
 * 5.2). */
#define TLS_RECORD 22

/* USER ns of the program's own work and MIXED ns, half of them the kernel's. */
static void work(struct server *s, uint32_t id, simtime_t user, simtime_t mixed,
                 sim_fn then)
{
    struct txn *t = conn_txn(s, id);
    simtime_t demand = user + mixed;
    t->demand = demand;
    t->user = user;
    if (demand <= 0)
        then(s, id);
    else
        t->job = cpu_submit(s->cpu, demand, then, s, id);
}

/* What waking the thread costs beyond its work: nothing on busy cores. */
static simtime_t wakeup(const struct server *s)
{
    return cpu_running(s->cpu) < s->conf.machine.cpus
               ? s->conf.machine.cpu_wakeup
               : 0;
}

/* First thing a CPU callback does. */
static struct txn *worked(struct server *s, uint32_t id)
{
    struct txn *t = conn_txn(s, id);
    process_spent(s, conn_at(s, id)->child, t->user, t->demand - t->user);
    t->job = CPU_NONE;
    t->demand = t->user = 0;
    return t;
}

static int64_t taken(const struct server *s, uint32_t id);

static simtime_t slack(const struct server *s, simtime_t d)
{
    return d + (simtime_t)((double)d * s->conf.machine.timer_slack);
}

static void arm(struct server *s, uint32_t id, simtime_t when)
{
    sim_timer_arm(s->sim, &conn_txn(s, id)->stimer, when);
}

/* The thread waits for the client, or a backend, at most LIMIT, or Timeout if
 * that is 0. */
static void await(struct server *s, uint32_t id, simtime_t limit)
{
    arm(s, id, now_of(s) + slack(s, limit ? limit : s->set->timeout));
}

/* Whether a response of C says close (C-43): its process has noted that it is
 * to stop (W-25), though its listener may not have noticed (W-21). */
static bool is_stopping(const struct server *s, const struct conn *c)
{
    const struct child *ch = child_at(s, c->child);
    return ch->dying || ch->quiescing || ch->stop_pending;
}

/* ---- letting go ---- */

void mpm_let_go(struct server *s, uint32_t id)
{
    struct txn *t = conn_txn(s, id);
    thread_at(s, t->thread)->conn = NONE;
    t->thread = NONE;
}

/* Takes everything from a connection; returns the thread it had, or NONE. */
static uint32_t take_down(struct server *s, uint32_t id)
{
    struct conn *c = conn_at(s, id);
    struct child *ch = child_at(s, c->child);
    uint32_t thread = NONE;
    if (c->wait == WAIT_CHAIN)
        c->wait = WAIT_NONE;
    mpm_unwait(s, id);
    memory_pool_give(s, id);
    if (c->txn != NONE) {
        struct txn *t = conn_txn(s, id);
        memory_backend_done(s, id);
        sim_timer_disarm(s->sim, &t->stimer);
        if (t->job != CPU_NONE) {
            process_spent(s, c->child, 0, cpu_cancel(s->cpu, t->job));
            t->job = CPU_NONE;
        }
        if (t->backend != NONE)
            backend_abandon(s, t->backend);
        t->backend = NONE;
        thread = t->thread;
        if (thread != NONE)
            mpm_let_go(s, id);
    }
    if (c->flags & CF_COUNTED) {
        ch->conns--;
        s->conns_total--;
    }
    if (c->flags & CF_LINGERING) {
        ch->lingering--;
        s->conns_lingering--;
    }
    conn_set_state(s, id, CONN_CLOSED);
    s->released++;
    if (!(c->flags & CF_SFIN)) {
        c->flags |= CF_SFIN;
        net_fin_from_server(s, id, NET_FIN);
    }
    conn_count_tcp(s, id);
    conn_reap(s, id);
    return thread;
}

/* K-22: the kernel resets a connection whose data nobody has read; what its
 * socket has taken of a response reaches the client before the FIN. */
void serve_abort(struct server *s, uint32_t id)
{
    struct conn *c = conn_at(s, id);
    bool in_response =
        (c->state == CONN_WRITING || c->state == CONN_WRITE_BLOCKED) &&
        mpm_is_unsent(s, id);
    if (in_response)
        conn_txn(s, id)->written = taken(s, id);
    if (!(c->flags & CF_SFIN) && (c->flags & CF_DATA || in_response)) {
        c->flags |= CF_SFIN;
        if (c->flags & CF_DATA)
            net_fin_from_server(s, id, NET_RST);
        else
            net_fin_behind(s, id);
    }
    take_down(s, id);
}

void mpm_close(struct server *s, uint32_t id)
{
    uint32_t child = conn_at(s, id)->child;
    uint32_t thread = take_down(s, id);
    if (s->model->on_released)
        s->model->on_released(s, child);
    if (thread != NONE)
        hook_put(s, HOOK_IDLE, thread, 0);
}

/* Whether the thread that has connection ID is in poll, waiting for the client
 * to begin something. */
static bool is_in_poll(const struct server *s, uint32_t id)
{
    const struct conn *c = conn_at(s, id);
    const struct txn *t = conn_txn(s, id);
    return c->wait != WAIT_NONE || /* keep-alive, lingering */
           (c->state == CONN_HANDSHAKE && t->job == CPU_NONE) ||
           (c->state == CONN_READING && t->t_first == SIM_NEVER);
}

/* W-20: whether the descriptor of C is closed, though a thread still polls. */
static bool is_cut_off(const struct server *s, const struct conn *c)
{
    return c->txn != NONE && txn_at(s, c->txn)->thread != NONE &&
           child_at(s, c->child)->ungraceful;
}

void mpm_abort_work(struct server *s, uint32_t child)
{
    struct child *ch = child_at(s, child);
    for (uint32_t j = 0; j < ch->per; j++) {
        uint32_t id = thread_at(s, ch->threads + j)->conn;
        if (id == NONE || is_in_poll(s, id))
            continue;
        struct conn *c = conn_at(s, id);
        if (c->state != CONN_PROCESSING || conn_txn(s, id)->in_body) {
            mpm_close(s, id);
        } else if (!(c->flags & CF_SFIN)) {
            mpm_send_fin(s, id);
            c->flags |= CF_CRST; /* nothing can be written any more */
            if (s->model->async)
                mpm_set_slot(s, ch->threads + j, SLOT_GRACEFUL);
        }
    }
}

bool mpm_wake(struct server *s, uint32_t thread)
{
    uint32_t id = thread_at(s, thread)->conn;
    if (id == NONE)
        return true;
    if (!is_in_poll(s, id))
        return false;
    mpm_close(s, id);
    return true;
}

void mpm_hold(struct server *s, uint32_t thread, uint32_t id)
{
    conn_need_txn(s, id)->thread = thread;
    thread_at(s, thread)->conn = id;
    memory_work(s, thread, id);
}

uint32_t mpm_thread_of(const struct server *s, uint32_t id)
{
    return conn_txn(s, id)->thread;
}

void mpm_idle(struct server *s, uint32_t thread)
{
    hook_put(s, HOOK_IDLE, thread, 0);
}

void mpm_response(struct server *s, uint32_t thread, uint32_t id)
{
    hook_put(s, HOOK_RESPONSE, thread, id);
}

/* The connection must end: in order if the peer is still there (C-36). */
static void finish(struct server *s, uint32_t id)
{
    struct conn *c = conn_at(s, id);
    uint32_t thread = conn_txn(s, id)->thread;
    if (c->flags & CF_CRST || is_cut_off(s, c))
        mpm_close(s, id);
    else if (s->model->on_closing && !(c->flags & CF_CLOGGING))
        s->model->on_closing(s, thread, id);
    else
        mpm_linger(s, thread, id);
}

void mpm_send_fin(struct server *s, uint32_t id)
{
    struct conn *c = conn_at(s, id);
    c->flags |= CF_SFIN;
    conn_count_tcp(s, id);
    net_fin_from_server(s, id, NET_FIN);
}

void mpm_linger(struct server *s, uint32_t thread, uint32_t id)
{
    struct conn *c = conn_at(s, id);
    mpm_set_slot(s, thread, SLOT_CLOSING);
    mpm_send_fin(s, id);
    if (c->flags & CF_CFIN) {
        mpm_close(s, id);
        return;
    }
    conn_set_state(s, id, CONN_LINGER);
    mpm_wait(s, id, WAIT_LINGER_SHORT); /* C-35: 2 s without data */
}

/* ---- waiting without a thread, or in keep-alive ---- */

void mpm_wait(struct server *s, uint32_t id, enum conn_wait what)
{
    struct conn *c = conn_at(s, id);
    must(c->wait == WAIT_NONE);
    c->wait = what;
    lane_arm(conn_lane(s, c, what), id);
}

void mpm_unwait(struct server *s, uint32_t id)
{
    struct conn *c = conn_at(s, id);
    if (c->wait == WAIT_NONE)
        return;
    lane_disarm(conn_lane(s, c, c->wait), id);
    c->wait = WAIT_NONE;
}

void mpm_keep_alive(struct server *s, uint32_t thread, uint32_t id)
{
    mpm_set_slot(s, thread, SLOT_KEEPALIVE);
    conn_set_state(s, id, CONN_KEEPALIVE);
    mpm_wait(s, id, WAIT_KEEPALIVE);
}

void serve_expired(struct server *s, uint32_t id, enum conn_wait what)
{
    struct conn *c = conn_at(s, id);
    if (c->txn == NONE || conn_txn(s, id)->thread == NONE)
        s->model->on_expired(s, id, what);
    else if (what == WAIT_KEEPALIVE)
        finish(s, id);
    else
        mpm_close(s, id);
}

void mpm_pick_up_later(struct server *s, uint32_t id)
{
    simtime_t d = s->conf.machine.pickup;
    if (d == 0)
        s->model->on_pickup(s, id);
    else
        conn_message(s, s->cls_pickup, id, now_of(s) + d);
}

/* P-10, W-8: what a thread does with its connection after a response. */
void mpm_sync_response(struct server *s, uint32_t thread, uint32_t id)
{
    const struct conn *c = conn_at(s, id);
    if (c->flags & CF_CRST)
        mpm_close(s, id);
    else if (c->flags & CF_CLOSE)
        mpm_linger(s, thread, id);
    else if (c->flags & CF_DATA)
        mpm_read(s, thread, id);
    else if (c->flags & CF_CFIN)
        mpm_close(s, id);
    else
        mpm_keep_alive(s, thread, id);
}

void mpm_interrupt(struct server *s, uint32_t thread)
{
    uint32_t id = thread_at(s, thread)->conn;
    if (id == NONE)
        return;
    const struct conn *c = conn_at(s, id);
    const struct txn *t = conn_txn(s, id);
    const struct reqtimeout *r = &s->set->reqtimeout;
    if (c->wait != WAIT_NONE)
        lane_rearm(conn_lane(s, c, c->wait), id);
    else if (is_in_poll(s, id))
        await(s, id, c->state == CONN_READING ? r->header : r->handshake);
    else if (t->backend != NONE || (c->state == CONN_WRITING && t->cut))
        await(s, id, 0);
}

void mpm_wait_request(struct server *s, uint32_t id)
{
    conn_set_state(s, id, CONN_KEEPALIVE);
    mpm_wait(s, id, WAIT_KEEPALIVE);
    conn_drop_txn(s, id);
    if (conn_at(s, id)->flags & CF_CFIN)
        hook_put(s, HOOK_READABLE, id, 0);
}

void mpm_take_pool(struct server *s, uint32_t id)
{
    memory_pool_take(s, id);
}

void mpm_set_lingering(struct server *s, uint32_t id)
{
    conn_set_state(s, id, CONN_LINGER);
    conn_drop_txn(s, id);
}

/* ---- reading ---- */

static void request_read(void *srv, uint32_t id);
static void handshake_done(void *srv, uint32_t id);

static void shake_hands(struct server *s, uint32_t id)
{
    struct conn *c = conn_at(s, id);
    c->flags &= (uint16_t)~CF_DATA;
    sim_timer_disarm(s->sim, &conn_txn(s, id)->stimer);
    memory_handshake(s, conn_txn(s, id)->thread, id);
    const struct machine *m = &s->conf.machine;
    simtime_t cold = wakeup(s) ? m->cpu_tls_wakeup : 0;
    simtime_t cost = /* C-48 */
        conn_txn(s, id)->resumed ? m->cpu_tls_resumed : m->cpu_tls;
    work(s, id, cost + cold, wakeup(s), handshake_done);
}

static void handshake_done(void *srv, uint32_t id)
{
    struct server *s = srv;
    struct txn *t = worked(s, id);
    struct conn *c = conn_at(s, id);
    c->flags |= CF_TLS_DONE;
    memory_shaken(s, id);
    if (!(c->flags & CF_CCLOSED))
        conn_message(s, s->cls_connected, id, now_of(s) + s->half_rtt);
    mpm_read(s, t->thread, id);
    hook_drain(s);
}

void mpm_process(struct server *s, uint32_t thread, uint32_t id)
{
    struct conn *c = conn_at(s, id);
    struct txn *t = conn_need_txn(s, id);
    t->thread = thread;
    thread_at(s, thread)->conn = id;
    mpm_set_slot(s, thread, SLOT_READING);
    if (!(c->flags & CF_TLS)) {
        mpm_read(s, thread, id);
        return;
    }
    conn_set_state(s, id, CONN_HANDSHAKE);
    if (c->flags & CF_DATA)
        shake_hands(s, id);
    else if (c->flags & CF_CFIN)
        mpm_close(s, id);
    else
        await(s, id, s->set->reqtimeout.handshake);
}

/* C-33: what mod_reqtimeout counts for PIECE bytes of C's client: with TLS a
 * record, with its header, content type and tag. */
static int64_t read_bytes(const struct conn *c, int64_t piece)
{
    return c->flags & CF_TLS ? piece + TLS_RECORD : piece;
}

/* C-33: when a time-out will cut off the head that is arriving in pieces, or
 * SIM_NEVER. The limit grows with every byte read; it is looked at when a
 * piece arrives, or a second after the last one if none does. */
static simtime_t head_cut(const struct server *s, uint32_t id)
{
    const struct reqtimeout *r = &s->set->reqtimeout;
    const struct conn *c = conn_at(s, id);
    const struct txn *t = txn_at(s, c->txn);
    struct link l = conn_link(s, id);
    if (l.up <= 0)
        return SIM_NEVER;
    int64_t piece;
    simtime_t tick;
    net_pieces(s, (double)l.up, &piece, &tick);
    if (r->header == 0)
        return tick > s->set->timeout ? t->t_first + s->set->timeout
                                      : SIM_NEVER;
    simtime_t now = now_of(s);
    /* a kept-alive connection's clock starts with the first byte */
    simtime_t from = c->served ? t->t_first : t->t_read;
    simtime_t per_byte = r->header_rate ? SIM_S / r->header_rate : 0;
    simtime_t limit = from + r->header;
    simtime_t most = r->header_max ? from + r->header_max : SIM_NEVER;
    int64_t got = 0;
    for (simtime_t at = t->t_first; got < t->d.head; at += tick) {
        simtime_t seen = at > now ? at : now;
        if (seen > limit)
            return seen;
        got += piece;
        if (per_byte)
            limit += read_bytes(c, piece) * per_byte;
        if (limit > most)
            limit = most;
        simtime_t left = limit - seen;
        simtime_t patience = left < SIM_S ? SIM_S : left;
        if (got < t->d.head && at + tick > seen + patience)
            return seen + patience;
    }
    return SIM_NEVER;
}

static void head_arrives(struct server *s, uint32_t id)
{
    struct conn *c = conn_at(s, id);
    struct txn *t = conn_txn(s, id);
    c->flags &= (uint16_t)~CF_DATA;
    sim_timer_disarm(s->sim, &t->stimer);
    int64_t line = t->d.head < 2 * LINE_BYTES ? t->d.head / 2 : LINE_BYTES;
    simtime_t complete = t->t_first + (t->t_head - t->t_first) /
                                          (t->d.head > 0 ? t->d.head : 1) *
                                          line;
    t->t_line = complete > t->t_read ? complete : t->t_read;
    simtime_t cut = head_cut(s, id);
    if (t->t_head <= now_of(s) && cut > now_of(s)) {
        request_read(s, id);
        return;
    }
    t->cut = cut < t->t_head;
    memory_slow_head(s, id);
    arm(s, id, t->cut ? cut : t->t_head);
}

void mpm_read(struct server *s, uint32_t thread, uint32_t id)
{
    struct conn *c = conn_at(s, id);
    struct txn *t = conn_need_txn(s, id);
    t->thread = thread;
    thread_at(s, thread)->conn = id;
    t->t_read = now_of(s);
    t->cut = false;
    memory_work(s, thread, id);
    conn_set_state(s, id, CONN_READING);
    mpm_set_slot(s, thread, SLOT_READING);
    if (c->flags & CF_DATA) {
        head_arrives(s, id);
    } else if (c->flags & CF_CFIN) {
        mpm_close(s, id);
    } else {
        t->cut = true;
        t->t_first = SIM_NEVER; /* nothing has come */
        await(s, id, s->set->reqtimeout.header);
    }
}

/* ---- the buffers of a response ---- */

static struct sockbuf buffers(const struct server *s, uint32_t id)
{
    const struct network *n = &s->conf.network;
    if (n->send_capacity)
        return sockbuf_fixed(n->send_capacity);
    int64_t fixed = 2 * s->set->send_buffer;
    double send = (double)(fixed ? fixed : n->tcp_wmem_default);
    bool grows = !fixed && s->conf.network.rtt <= LOOPBACK;
    if (!fixed && !grows) /* K-24: with the window, which the client limits */
        send = fmin(send, flight_buffer(s, (double)n->client_rcvbuf));
    return sockbuf_of((double)n->client_rcvbuf, send, grows,
                      conn_txn(s, id)->d.file &&
                          !(conn_at(s, id)->flags & CF_TLS));
}

/* OUT bytes, whatever else the buffers at both ends are (sockbuf.h). */
static bool fits_anyway(const struct server *s, int64_t out)
{
    const struct network *n = &s->conf.network;
    return n->send_capacity == 0 && out <= n->client_rcvbuf &&
           (double)out <= SOCKBUF_FIRST;
}

/* M-18: OUT bytes from memory are more than buffers like B take at once. */
static bool outgrows(const struct server *s, const struct txn *t, int64_t out,
                     const struct sockbuf *b)
{
    double first =
        s->conf.network.rtt > LOOPBACK ? FLIGHT_FIRST : SOCKBUF_FIRST;
    return !t->d.file && (double)out > fmin(sockbuf_taken(b, 0), first);
}

/* ---- the handler ---- */

static void handler(void *srv, uint32_t id);
static void handler_slept(struct server *s, uint32_t id);
static void respond(void *srv, uint32_t id);

static simtime_t bytes_cost(const struct server *s, const struct conn *c,
                            const struct txn *t)
{
    const struct machine *m = &s->conf.machine;
    simtime_t per_mb = c->flags & CF_TLS ? m->cpu_per_mb_tls : m->cpu_per_mb;
    return (simtime_t)((double)per_mb * (double)t->d.bytes * 1e-6);
}

/* Pieces of the head after the first: each wakes the thread once more. */
static int64_t extra_reads(const struct server *s, uint32_t id)
{
    const struct txn *t = conn_txn(s, id);
    struct link l = conn_link(s, id);
    if (l.up <= 0)
        return 0;
    int64_t piece;
    simtime_t tick;
    net_pieces(s, (double)l.up, &piece, &tick);
    return (t->d.head - 1) / piece;
}

static void request_read(void *srv, uint32_t id)
{
    struct server *s = srv;
    const struct machine *m = &s->conf.machine;
    struct conn *c = conn_at(s, id);
    struct txn *t = conn_txn(s, id);
    conn_set_state(s, id, CONN_PROCESSING);
    mpm_set_slot(s, t->thread, SLOT_WRITING);
    memory_request(s, t->thread);
    simtime_t cost = m->cpu_request +
                     extra_reads(s, id) *
                         (c->flags & CF_TLS ? m->cpu_read_tls : m->cpu_read) +
                     (c->served ? 0 : m->cpu_accept) +
                     (c->served || !s->model->threaded ? 0 : m->cpu_queue) +
                     (s->model->async ? m->cpu_handoff : 0) + wakeup(s);
    if (t->d.cpu == 0)
        cost += bytes_cost(s, c, t);
    work(s, id, 0, cost, handler);
}

/* C-33 for C's upload at a steady rate: when it is cut off, or SIM_NEVER. */
static simtime_t body_cut(const struct server *s, const struct conn *c,
                          simtime_t from, double up)
{
    const struct reqtimeout *r = &s->set->reqtimeout;
    int64_t piece;
    simtime_t tick;
    net_pieces(s, up, &piece, &tick);
    up *= (double)read_bytes(c, piece) / (double)piece;
    if (r->body == 0 || (r->body_rate && up >= (double)r->body_rate))
        return SIM_NEVER;
    double share = r->body_rate ? up / (double)r->body_rate : 0;
    double cut = (double)r->body / (1 - share);
    if (r->body_max && cut > (double)r->body_max)
        cut = (double)r->body_max;
    return from + (simtime_t)cut;
}

static void handler(void *srv, uint32_t id)
{
    struct server *s = srv;
    struct txn *t = worked(s, id);
    struct link l = conn_link(s, id);
    if (t->d.body > 0 && l.up > 0) { /* C-34: the handler reads the body */
        simtime_t now = now_of(s);
        simtime_t end =
            t->t_head + simtime_from_s((double)t->d.body / (double)l.up);
        simtime_t cut = body_cut(s, conn_at(s, id), now, (double)l.up);
        if (end > now) {
            t->cut = cut < end;
            t->in_body = true;
            arm(s, id, t->cut ? cut : end);
            hook_drain(s);
            return;
        }
    }
    handler_slept(s, id);
    hook_drain(s);
}

static void respond_with(struct server *s, uint32_t id, int status);

/* M-21: PHP runs in this very child. */
static bool is_embedded(const struct server *s, const struct txn *t)
{
    return s->conf.php &&
           s->conf.backends[t->d.backend - 1].type == BACKEND_PHP_FPM;
}

/* C-37: the thread waits for the backend, at most Timeout. */
static void ask_backend(struct server *s, uint32_t id)
{
    int64_t out = s->conf.machine.response_head + conn_txn(s, id)->d.bytes;
    bool big = false;
    if (!fits_anyway(s, out)) {
        struct sockbuf b = buffers(s, id);
        big = outgrows(s, conn_txn(s, id), out, &b);
    }
    memory_backend(s, id, big);
    uint32_t request = backend_submit(s, id);
    if (request == NONE) {
        respond_with(s, id, 503);
        return;
    }
    /* unless it has been answered already */
    struct txn *t = conn_txn(s, id);
    if (conn_at(s, id)->state == CONN_PROCESSING) {
        t->backend = request;
        await(s, id, 0);
    }
}

void serve_backend_answer(struct server *s, uint32_t id)
{
    struct txn *t = conn_txn(s, id);
    t->backend = NONE;
    sim_timer_disarm(s->sim, &t->stimer);
    const struct machine *m = &s->conf.machine;
    const struct backend_conf *b = &s->conf.backends[t->d.backend - 1];
    simtime_t cost = b->type == BACKEND_PHP_FPM ? m->cpu_fcgi : m->cpu_proxy;
    work(s, id, 0, wakeup(s) + cost, respond);
}

static double drain_rate(const struct server *s, uint32_t id)
{
    struct link l = conn_link(s, id);
    double bw = s->conf.network.bandwidth;
    if (l.down > 0 && (bw <= 0 || (double)l.down < bw))
        return (double)l.down;
    return bw;
}

/* C-45: a logged time contains the round trips that writing takes (K-24). */
static simtime_t asleep(const struct server *s, uint32_t id)
{
    const struct txn *t = conn_txn(s, id);
    int64_t out = s->conf.machine.response_head + t->d.bytes;
    if (!t->d.to_log || out <= s->one_flight || drain_rate(s, id) > 0)
        return t->d.sleep;
    simtime_t hold = flight_hold(s, id, out, now_of(s) + t->d.sleep);
    return t->d.sleep > hold ? t->d.sleep - hold : 0;
}

/* The body, if any, has been read: now the work itself. */
static void handler_slept(struct server *s, uint32_t id)
{
    struct txn *t = conn_txn(s, id);
    t->in_body = false;
    t->d.sleep = asleep(s, id) + memory_swap_wait(s, t->thread);
    if (t->d.backend > 0 && !is_embedded(s, t))
        ask_backend(s, id);
    else if (t->d.sleep > 0)
        arm(s, id, now_of(s) + t->d.sleep);
    else if (t->d.cpu > 0)
        work(s, id, t->d.cpu, bytes_cost(s, conn_at(s, id), t), respond);
    else
        respond(s, id);
}

/* ---- writing ---- */

/* C-29, C-30 */
static bool keeps_alive(const struct server *s, const struct conn *c)
{
    const struct settings *set = s->set;
    return set->keepalive && set->keepalive_timeout > 0 &&
           !(c->flags & CF_DUMMY) &&
           (set->max_keepalive_requests == 0 ||
            c->served < set->max_keepalive_requests) &&
           !is_stopping(s, c);
}

static void written(struct server *s, uint32_t id);

static simtime_t time_to_drain(double bytes, double rate)
{
    return (simtime_t)ceil(bytes / rate * 1e9);
}

/* C-37: how much of a response its thread writes, less than 1 if it need not
 * wait; event leaves the rest to write completion. */
static double written_here(const struct server *s, uint32_t id)
{
    const struct conn *c = conn_at(s, id);
    const struct txn *t = conn_txn(s, id);
    if (!s->model->async || c->flags & CF_CLOGGING)
        return (double)t->out;
    if (t->d.backend) /* a proxied body is flushed as it comes */
        return (double)t->out;
    if (t->d.file && !(c->flags & CF_TLS))
        return 0;
    return (double)(t->out - s->set->flush_max_threshold);
}

/* The thread is rid of the response after TRIPS round trips (K-24). */
static void write_for(struct server *s, uint32_t id, uint32_t trips)
{
    if (trips == 0) {
        written(s, id);
        return;
    }
    conn_txn(s, id)->cut = false;
    arm(s, id, now_of(s) + trips * s->conf.network.rtt);
}

/* The buffers have room for all that the thread writes, once they have grown:
 * that takes round trips (K-24). */
static void grow_buffers(struct server *s, uint32_t id, int64_t enough)
{
    struct flights f = { 0, 0, 0 };
    if (s->conf.network.rtt > LOOPBACK)
        f = flight_send(s, id, conn_txn(s, id)->out, enough);
    write_for(s, id, f.enough);
}

/* K-24: the client reads as fast as it can. */
static void respond_in_rounds(struct server *s, uint32_t id)
{
    struct txn *t = conn_txn(s, id);
    struct flights f = { 0, 0, 0 };
    if (s->half_rtt > 0)
        f = flight_send(s, id, t->out, (int64_t)written_here(s, id));
    t->taken = f.taken;
    t->read = f.read;
    if (f.taken > 0)
        t->written = 0; /* told by the time */
    if (f.read > 0)
        net_schedule_done(s, id);
    write_for(s, id, f.enough);
}

static void respond_with(struct server *s, uint32_t id, int status)
{
    struct conn *c = conn_at(s, id);
    struct txn *t = conn_txn(s, id);
    mpm_set_slot(s, t->thread, SLOT_WRITING);
    t->status = (int16_t)status;
    if (status != 200)
        t->d.bytes = 0;
    if (!keeps_alive(s, c))
        c->flags |= CF_CLOSE;
    if (c->served < UINT16_MAX)
        c->served++;
    t->unbooked = true;
    conn_set_state(s, id, CONN_WRITING);
    t->out = s->conf.machine.response_head + t->d.bytes;
    t->t_drain = now_of(s) + s->half_rtt;
    t->written = t->out;
    if (c->flags & CF_CRST) { /* C-36: nobody is there any more */
        mpm_close(s, id);
        return;
    }
    t->taken = t->read = 0;
    net_answer(s, id);
    bool fits = fits_anyway(s, t->out);
    if (fits && t->out <= s->one_flight) {
        flight_small(s, id);
        written(s, id);
        return;
    }
    double rate = drain_rate(s, id);
    if (fits) {
        if (rate > 0)
            written(s, id);
        else
            respond_in_rounds(s, id);
        return;
    }
    struct sockbuf b = buffers(s, id);
    if (outgrows(s, t, t->out, &b))
        memory_big_body(s, id);
    if (rate <= 0) {
        respond_in_rounds(s, id);
        return;
    }
    double room = sockbuf_taken(&b, 0), rest = written_here(s, id);
    if ((double)t->out > room)
        t->written = (int64_t)room;
    if (rest <= room) {
        grow_buffers(s, id, (int64_t)rest);
        return;
    }
    if (sockbuf_longest(&b) / rate * 1e9 > (double)s->set->timeout) {
        t->cut = true; /* C-31: no progress for Timeout */
        await(s, id, 0);
        return;
    }
    t->cut = false;
    t->written = 0; /* told by the time: see serve_timer */
    arm(s, id, now_of(s) + time_to_drain(sockbuf_drained(&b, rest), rate));
}

static void respond(void *srv, uint32_t id)
{
    struct server *s = srv;
    const struct txn *t = worked(s, id);
    if (t->d.crash) /* instead */
        hook_put(s, HOOK_CRASH, t->thread, 0);
    else
        respond_with(s, id, 200);
    hook_drain(s);
}

static double drained(const struct server *s, uint32_t id)
{
    return simtime_to_s(now_of(s) + s->half_rtt - conn_txn(s, id)->t_drain) *
           drain_rate(s, id);
}

/* When the socket will have taken all of a response in round trips (K-24). */
static simtime_t all_taken(const struct server *s, uint32_t id)
{
    const struct txn *t = conn_txn(s, id);
    return t->t_drain - s->half_rtt + t->taken * s->conf.network.rtt;
}

/* What the socket has taken by now (K-19; K-24). */
static int64_t taken(const struct server *s, uint32_t id)
{
    const struct txn *t = conn_txn(s, id);
    if (drain_rate(s, id) <= 0) {
        simtime_t left = all_taken(s, id) - now_of(s);
        int64_t trips = left > 0 ? 1 + left / s->conf.network.rtt : 0;
        return t->out - t->out * trips / (t->taken + 1);
    }
    struct sockbuf b = buffers(s, id);
    double n = sockbuf_taken(&b, drained(s, id));
    return n < (double)t->out ? (int64_t)n : t->out;
}

/* The response is out of the handler's hands. */
static void written(struct server *s, uint32_t id)
{
    struct conn *c = conn_at(s, id);
    struct txn *t = conn_txn(s, id);
    memory_response(s, t->thread, id);
    if (t->written >= t->out) {
        if (s->obs->logged && !(c->flags & CF_DUMMY))
            s->obs->logged(s->obs->ctx, now_of(s) - t->t_line);
        if (drain_rate(s, id) > 0)
            net_schedule_done(s, id);
    }
    hook_put(s, HOOK_RESPONSE, t->thread, id);
}

bool mpm_is_unsent(const struct server *s, uint32_t id)
{
    const struct txn *t = conn_txn(s, id);
    return t->written < t->out;
}

bool mpm_write_more(struct server *s, uint32_t id)
{
    struct txn *t = conn_txn(s, id);
    conn_set_state(s, id, CONN_WRITING);
    t->written = taken(s, id);
    if (t->written < t->out)
        return false;
    if (s->obs->logged)
        s->obs->logged(s->obs->ctx, now_of(s) - t->t_line);
    if (drain_rate(s, id) > 0)
        net_schedule_done(s, id);
    return true;
}

void mpm_wait_writable(struct server *s, uint32_t id)
{
    struct txn *t = conn_txn(s, id);
    conn_set_state(s, id, CONN_WRITE_BLOCKED);
    if (drain_rate(s, id) <= 0) {
        t->cut = false;
        arm(s, id, all_taken(s, id));
        return;
    }
    struct sockbuf b = buffers(s, id);
    double next = sockbuf_next(&b, drained(s, id));
    simtime_t due =
        t->t_drain - s->half_rtt + time_to_drain(next, drain_rate(s, id));
    t->cut = due - now_of(s) > s->set->timeout;
    arm(s, id, t->cut ? now_of(s) + s->set->timeout : due);
}

/* ---- what happens to a connection ---- */

void serve_data(struct server *s, uint32_t id)
{
    struct conn *c = conn_at(s, id);
    if (is_cut_off(s, c) && is_in_poll(s, id)) { /* nobody can read it, K-22 */
        if (!(c->flags & CF_SFIN))
            net_fin_from_server(s, id, NET_RST);
        c->flags |= CF_SFIN;
        mpm_close(s, id);
        return;
    }
    switch (c->state) {
    case CONN_HANDSHAKE:
        c->flags |= CF_DATA;
        if (conn_txn(s, id)->job == CPU_NONE)
            shake_hands(s, id);
        break;
    case CONN_READING:
        c->flags |= CF_DATA;
        head_arrives(s, id);
        break;
    case CONN_KEEPALIVE:
        c->flags |= CF_DATA;
        if (conn_txn(s, id)->thread != NONE) {
            mpm_unwait(s, id);
            mpm_read(s, conn_txn(s, id)->thread, id);
        } else {
            hook_put(s, HOOK_READABLE, id, 0);
        }
        break;
    case CONN_LINGER: /* discarded */
        break;
    default:
        c->flags |= CF_DATA;
        break;
    }
}

void serve_client_gone(struct server *s, uint32_t id)
{
    struct conn *c = conn_at(s, id);
    bool held = c->txn != NONE && conn_txn(s, id)->thread != NONE;
    switch (c->state) {
    case CONN_HANDSHAKE:
        if (conn_txn(s, id)->job == CPU_NONE)
            mpm_close(s, id);
        break;
    case CONN_READING:
        mpm_close(s, id);
        break;
    case CONN_PROCESSING:
        if (conn_txn(s, id)->in_body) /* the rest will not come (C-34) */
            mpm_close(s, id);
        break;
    case CONN_WRITING:
        if (c->flags & CF_CRST)
            mpm_close(s, id);
        break;
    case CONN_KEEPALIVE:
    case CONN_LINGER:
    case CONN_WRITE_BLOCKED:
        if (held)
            mpm_close(s, id);
        else
            hook_put(s, HOOK_READABLE, id, 0);
        break;
    default: /* noticed when the server next looks */
        break;
    }
}

void serve_timer(void *srv, uint32_t id)
{
    struct server *s = srv;
    struct conn *c = conn_at(s, id);
    struct txn *t = conn_txn(s, id);
    switch (c->state) {
    case CONN_CONNECTING:
        kernel_synack_timer(s, id);
        break;
    case CONN_HANDSHAKE:
        mpm_close(s, id);
        break;
    case CONN_READING:
        if (!t->cut) {
            request_read(s, id);
        } else if (t->t_first == SIM_NEVER || t->t_line > now_of(s)) {
            /* no request: nothing to answer; a short linger is asked for by
             * mod_reqtimeout, not by Timeout (C-33, G-17) */
            if (s->set->reqtimeout.header)
                c->flags |= CF_SHORT;
            finish(s, id);
        } else {
            c->flags |=
                s->set->reqtimeout.header ? CF_SHORT | CF_CLOSE : CF_CLOSE;
            respond_with(s, id, 408);
        }
        break;
    case CONN_PROCESSING:
        if (t->in_body) {
            t->in_body = false;
            if (t->cut) {
                c->flags |= CF_SHORT | CF_CLOSE;
                respond_with(s, id, 408);
            } else {
                handler_slept(s, id);
            }
        } else if (t->backend != NONE) { /* it has not answered in time */
            backend_abandon(s, t->backend);
            t->backend = NONE;
            respond_with(s, id, 504);
        } else { /* the sleep is over */
            simtime_t mixed = wakeup(s);
            if (t->d.cpu > 0)
                mixed += bytes_cost(s, c, t);
            work(s, id, t->d.cpu, mixed, respond);
        }
        break;
    case CONN_WRITING:
        if (t->cut) {
            mpm_close(s, id);
        } else {
            t->written = taken(s, id);
            written(s, id);
        }
        break;
    case CONN_WRITE_BLOCKED:
        if (t->cut)
            s->model->on_expired(s, id, WAIT_WRITE);
        else
            s->model->on_writable(s, id);
        break;
    default:
        must(0 && "a timer nobody armed");
    }
    hook_drain(s);
}
