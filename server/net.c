/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The client's end of a connection and the wire between. There is no random
 * loss: segments are lost only where the server's kernel drops them, so a
 * client's retransmission timer is armed when that happens, with the time it
 * would have had all along. */
#include "server/flight.h"
#include "server/inside.h"
#include "sim/must.h"

#include <math.h>

/* The recordings' client as a slow reader: its pause, and its first read,
 * before it slows down. */
#define READ_TICK     (20 * SIM_MS)
#define FIRST_READ    512
#define RTO_MIN       (200 * SIM_MS) /* K-5 */
#define MAX_RTO_SHIFT 9

int net_register(struct server *s, const struct net_client *c)
{
    must(s->npops < (int)(sizeof s->pops / sizeof s->pops[0]));
    s->pops[s->npops].c = c;
    return s->npops++;
}

static const struct net_client *peer(const struct server *s,
                                     const struct conn *c, uint32_t *client)
{
    *client = c->client & (SIM_IDS - 1);
    return s->pops[c->client >> SIM_ID_BITS].c;
}

/* Calls FN of the population that the connection C belongs to. */
#define TELL(s, c, fn)                                                         \
    do {                                                                       \
        uint32_t who_;                                                         \
        const struct net_client *p_ = peer(s, c, &who_);                       \
        p_->fn(p_->ctx, who_);                                                 \
    } while (0)

static void tell_failed(struct server *s, const struct conn *c,
                        enum req_err why)
{
    uint32_t who;
    const struct net_client *p = peer(s, c, &who);
    p->on_failed(p->ctx, who, why);
}

/* ---- connecting ---- */

uint32_t net_connect(struct server *s, int population, uint32_t client,
                     const struct link *link)
{
    uint32_t id =
        conn_new(s, (uint32_t)population << SIM_ID_BITS | client, link);
    s->now.clients++;
    conn_message(s, s->cls_syn, id, now_of(s) + s->half_rtt);
    return id;
}

/* The client's n-th wait for an answer to its SYN (K-6). */
static simtime_t syn_timeout(const struct network *n, int tries)
{
    int shift = tries - (int)n->tcp_syn_linear_timeouts;
    return SIM_S << (shift < 0 ? 0 : shift > 30 ? 30 : shift);
}

void net_syn_dropped(struct server *s, uint32_t id)
{
    struct txn *t = conn_txn(s, id);
    simtime_t sent = now_of(s) - s->half_rtt;
    sim_timer_arm(
        s->sim, &t->ctimer,
        kernel_timer(s, sent, syn_timeout(&s->conf.network, t->syn_tries)));
}

void net_refuse(struct server *s, uint32_t id)
{
    conn_set_state(s, id, CONN_CLOSED);
    net_fin_from_server(s, id, NET_RST);
}

void net_data_dropped(struct server *s, uint32_t id)
{
    struct txn *t = conn_txn(s, id);
    if (sim_timer_armed(&t->ctimer))
        return;
    simtime_t sent = now_of(s) - s->half_rtt;
    simtime_t rto =
        (RTO_MIN + s->conf.network.rtt)
        << (t->data_tries < MAX_RTO_SHIFT ? t->data_tries : MAX_RTO_SHIFT);
    t->retrying = true;
    sim_timer_arm(s->sim, &t->ctimer, kernel_timer(s, sent, rto));
}

static void done_reading(struct server *s, uint32_t id);

void net_client_timer(struct server *s, uint32_t id)
{
    struct conn *c = conn_at(s, id);
    struct txn *t = conn_txn(s, id);
    if (c->flags & CF_CCLOSED)
        return;
    if (!(c->flags & CF_CONNECTED)) { /* the SYN again */
        const struct network *n = &s->conf.network;
        if (t->syn_tries++ >= n->tcp_syn_retries + n->tcp_syn_linear_timeouts) {
            c->flags |= CF_CCLOSED;
            s->now.clients--;
            conn_set_state(s, id, CONN_CLOSED);
            tell_failed(s, c, REQ_TIMEOUT);
            conn_reap(s, id);
            return;
        }
        conn_message(s, s->cls_syn, id, now_of(s) + s->half_rtt);
    } else if (t->retrying) { /* the data again (K-5) */
        t->retrying = false;
        t->data_tries++;
        simtime_t late = now_of(s) + s->half_rtt - t->t_first;
        t->t_first += late;
        t->t_head += late;
        conn_message(s, s->cls_data, id, t->t_first);
    } else {
        done_reading(s, id);
    }
}

/* A message to the client: it is connected, or its handshake is done. */
static void on_connected(void *srv, uint32_t id)
{
    struct server *s = srv;
    struct conn *c = conn_at(s, id);
    c->inflight--;
    if (c->flags & CF_CCLOSED) {
        conn_reap(s, id);
        return;
    }
    if (!(c->flags & CF_CONNECTED)) {
        c->flags |= CF_CONNECTED;
        struct txn *t = conn_txn(s, id);
        conn_message(s, s->cls_ack, id, now_of(s) + s->half_rtt);
        if (c->flags & CF_TLS) { /* ClientHello */
            t->t_first = t->t_head = now_of(s) + s->half_rtt;
            conn_message(s, s->cls_data, id, t->t_first);
        }
        TELL(s, c, on_connected);
    } else {
        TELL(s, c, on_tls);
    }
    hook_drain(s);
}

/* ---- sending ---- */

/* The recordings' client: pieces of max(1, up * tick) bytes, each a tick after
 * the one before was sent. */
void net_pieces(const struct server *s, double up, int64_t *piece,
                simtime_t *tick)
{
    double t = 1 / up > 0.05 ? 1 / up : 0.05;
    *tick = simtime_from_s(t) + s->conf.network.client_late;
    *piece = (int64_t)(up * t + 0.5);
    if (*piece < 1)
        *piece = 1;
}

void net_send(struct server *s, uint32_t id, const struct demand *d)
{
    struct conn *c = conn_at(s, id);
    must(!(c->flags & CF_CCLOSED) && (c->flags & CF_CONNECTED));
    struct txn *t = conn_need_txn(s, id);
    t->d = *d;
    t->requested = true;
    t->answered = false;
    t->t_first = t->t_head = now_of(s) + s->half_rtt;
    struct link l = conn_link(s, id);
    if (l.up > 0) {
        int64_t piece;
        simtime_t tick;
        net_pieces(s, (double)l.up, &piece, &tick);
        t->t_head += (d->head - 1) / piece * tick;
    }
    conn_message(s, s->cls_data, id, t->t_first);
    hook_drain(s);
}

/* Bytes of the client have reached the server's kernel. */
static void on_data(void *srv, uint32_t id)
{
    struct server *s = srv;
    struct conn *c = conn_at(s, id);
    c->inflight--;
    if (c->state == CONN_CLOSED) {
        if (!(c->flags & (CF_SFIN | CF_SRST))) /* K-4: it was forgotten */
            net_fin_from_server(s, id, NET_RST);
        conn_reap(s, id);
        return;
    }
    if (c->state == CONN_CONNECTING)
        kernel_data(s, id);
    else
        serve_data(s, id);
    hook_drain(s);
}

/* ---- receiving ---- */

static double down_rate(const struct server *s, uint32_t id, bool *slow)
{
    struct link l = conn_link(s, id);
    double bw = s->conf.network.bandwidth;
    *slow = l.down > 0 && (bw <= 0 || (double)l.down <= bw);
    return *slow ? (double)l.down : bw;
}

void net_answer(struct server *s, uint32_t id)
{
    struct conn *c = conn_at(s, id);
    if (c->flags & CF_CCLOSED)
        return;
    conn_message(s, s->cls_answer, id, now_of(s) + s->half_rtt);
}

/* How long the client needs for N bytes of a response. */
static simtime_t reading_time(double rate, bool slow, int64_t n)
{
    double s = (double)n / rate;
    if (slow) {
        n -= FIRST_READ;
        double tick = simtime_to_s(READ_TICK);
        s = n <= 0 ? 0 : tick * ceil((double)n / (rate * tick));
    }
    return simtime_from_s(s);
}

/* The same for N bytes of the connection's response, however it is read. */
static simtime_t reading_all(const struct server *s, uint32_t id, int64_t n)
{
    const struct txn *t = conn_txn(s, id);
    bool slow;
    double rate = down_rate(s, id, &slow);
    return rate > 0 ? reading_time(rate, slow, n) /* K-24 */
                    : t->read * n / t->out * s->conf.network.rtt;
}

void net_schedule_done(struct server *s, uint32_t id)
{
    struct conn *c = conn_at(s, id);
    struct txn *t = conn_txn(s, id);
    if (c->flags & CF_CCLOSED)
        return;
    simtime_t due = t->t_drain + reading_all(s, id, t->out);
    simtime_t first = now_of(s) + s->half_rtt;
    sim_timer_arm(s->sim, &t->ctimer, due > first ? due : first);
}

int64_t net_bytes_read(const struct server *s, uint32_t id)
{
    const struct conn *c = conn_at(s, id);
    if (c->txn == NONE)
        return 0;
    const struct txn *t = txn_at(s, c->txn);
    bool slow;
    double rate = down_rate(s, id, &slow);
    if (rate <= 0)
        return t->written;
    double n = simtime_to_s(now_of(s) - t->t_drain) * rate;
    return n < 0 ? 0 : n < (double)t->written ? (int64_t)n : t->written;
}

static void done_reading(struct server *s, uint32_t id)
{
    struct conn *c = conn_at(s, id);
    struct txn *t = conn_txn(s, id);
    int status = t->status;
    int64_t bytes = status == 200 ? t->d.bytes : 0;
    t->requested = false;
    bool close = c->flags & CF_CLOSE;
    uint32_t who;
    const struct net_client *p = peer(s, c, &who);
    p->on_response(p->ctx, who, status, close, bytes);
    c = conn_at(s, id);
    if (c->txn != NONE && !(c->flags & CF_CCLOSED))
        conn_drop_txn(s, id);
}

/* The first byte of a response has reached the client; without a limit on its
 * reading, all of it. */
static void on_answer(void *srv, uint32_t id)
{
    struct server *s = srv;
    struct conn *c = conn_at(s, id);
    c->inflight--;
    if (c->flags & CF_CCLOSED) {
        conn_reap(s, id);
        return;
    }
    struct txn *t = conn_txn(s, id);
    t->answered = true;
    bool slow;
    bool all = down_rate(s, id, &slow) <= 0 && t->read == 0;
    c->inflight++; /* keeps it while the client is told */
    TELL(s, c, on_first_byte);
    c->inflight--;
    if (!(c->flags & CF_CCLOSED) && all)
        done_reading(s, id);
    hook_drain(s);
}

/* ---- closing ---- */

void net_fin_from_server(struct server *s, uint32_t id, enum net_end how)
{
    struct conn *c = conn_at(s, id);
    if (c->flags & CF_CCLOSED)
        return;
    if (how == NET_RST)
        c->flags |= CF_SRST;
    simtime_t at = now_of(s) + s->half_rtt;
    /* seen after everything sent before it has been read */
    if (how == NET_FIN && c->txn != NONE) {
        const struct txn *t = conn_txn(s, id);
        if (sim_timer_armed(&t->ctimer) && t->written >= t->out &&
            t->ctimer.due > at)
            at = t->ctimer.due;
    }
    conn_message(s, s->cls_closed, id, at);
}

void net_fin_behind(struct server *s, uint32_t id)
{
    const struct txn *t = conn_txn(s, id);
    if (conn_at(s, id)->flags & CF_CCLOSED)
        return;
    simtime_t read = t->t_drain + reading_all(s, id, t->written);
    sim_timer_disarm(s->sim, &conn_txn(s, id)->ctimer);
    simtime_t first = now_of(s) + s->half_rtt;
    conn_message(s, s->cls_closed, id, read > first ? read : first);
}

static void close_client(struct server *s, uint32_t id)
{
    struct conn *c = conn_at(s, id);
    c->flags |= CF_CCLOSED;
    s->now.clients--;
    if (c->txn != NONE)
        sim_timer_disarm(s->sim, &conn_txn(s, id)->ctimer);
    conn_message(s, s->cls_fin, id, now_of(s) + s->half_rtt);
}

static void on_server_closed(void *srv, uint32_t id)
{
    struct server *s = srv;
    struct conn *c = conn_at(s, id);
    c->inflight--;
    if (c->flags & CF_CCLOSED) {
        conn_reap(s, id);
        return;
    }
    struct link l = conn_link(s, id);
    if (l.ignores_fin && !(c->flags & CF_SRST))
        return;
    enum net_end how = c->flags & CF_SRST ? NET_RST : NET_FIN;
    bool connected = c->flags & CF_CONNECTED;
    int64_t bytes = -1;
    if (c->txn != NONE && conn_txn(s, id)->requested &&
        conn_txn(s, id)->answered) {
        bytes = net_bytes_read(s, id) - s->conf.machine.response_head;
        bytes = bytes < 0 ? 0 : bytes;
    }
    close_client(s, id);
    uint32_t who;
    const struct net_client *p = peer(s, c, &who);
    if (connected)
        p->on_server_close(p->ctx, who, how, bytes);
    else
        tell_failed(s, c, REQ_REFUSED);
    hook_drain(s);
}

void net_close(struct server *s, uint32_t id)
{
    struct conn *c = conn_at(s, id);
    if (c->flags & CF_CCLOSED)
        return;
    /* closing with data unread, or still to come, resets the connection */
    if (c->txn != NONE && conn_txn(s, id)->requested)
        c->flags |= CF_CRST;
    close_client(s, id);
    hook_drain(s);
}

/* The client's FIN or RST at the server. */
static void on_fin(void *srv, uint32_t id)
{
    struct server *s = srv;
    struct conn *c = conn_at(s, id);
    c->inflight--;
    c->flags |= CF_CFIN;
    if (c->state == CONN_CONNECTING)
        kernel_forget(s, id);
    else if (c->state == CONN_CLOSED) {
        conn_count_tcp(s, id);
        conn_reap(s, id);
    } else {
        conn_count_tcp(s, id);
        serve_client_gone(s, id);
    }
    hook_drain(s);
}

void net_init(struct server *s)
{
    s->half_rtt = s->conf.network.rtt / 2;
    flight_init(s);
    s->cls_syn = sim_class(s->sim, kernel_syn, s);
    s->cls_ack = sim_class(s->sim, kernel_ack, s);
    s->cls_data = sim_class(s->sim, on_data, s);
    s->cls_fin = sim_class(s->sim, on_fin, s);
    s->cls_connected = sim_class(s->sim, on_connected, s);
    s->cls_answer = sim_class(s->sim, on_answer, s);
    s->cls_closed = sim_class(s->sim, on_server_closed, s);
}
