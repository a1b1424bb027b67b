/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/flight.h"
#include "server/inside.h"
#include "sim/must.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static_assert(sizeof(struct conn) <= 48, "ten million must fit in 640 MiB");

#define B(st) (1u << CONN_##st)
/* The legal moves. */
static const uint16_t moves[CONN_STATES] = {
    [CONN_CONNECTING] = B(QUEUED) | B(CLOSED),
    [CONN_QUEUED] = B(ACCEPTED) | B(CLOSED),
    [CONN_ACCEPTED] = B(HANDSHAKE) | B(READING) | B(CLOSED),
    [CONN_HANDSHAKE] = B(READING) | B(LINGER) | B(CLOSED),
    [CONN_READING] = B(PROCESSING) | B(WRITING) | B(LINGER) | B(CLOSED),
    [CONN_PROCESSING] = B(WRITING) | B(LINGER) | B(CLOSED),
    [CONN_WRITING] =
        B(WRITE_BLOCKED) | B(KEEPALIVE) | B(READING) | B(LINGER) | B(CLOSED),
    [CONN_WRITE_BLOCKED] = B(WRITING) | B(LINGER) | B(CLOSED),
    [CONN_KEEPALIVE] = B(READING) | B(LINGER) | B(CLOSED),
    [CONN_LINGER] = B(CLOSED),
    [CONN_CLOSED] = 0,
};
#undef B

static const char *const state_names[CONN_STATES] = {
    "CONNECTING", "QUEUED",     "ACCEPTED", "HANDSHAKE",
    "READING",    "PROCESSING", "WRITING",  "WRITE_BLOCKED",
    "KEEPALIVE",  "LINGER",     "CLOSED"
};

const char *conn_state_name(enum conn_state st)
{
    return state_names[st];
}

bool conn_may_go(enum conn_state from, enum conn_state to)
{
    return (moves[from] >> to) & 1;
}

uint32_t conn_new(struct server *s, uint32_t client, const struct link *link)
{
    uint32_t id = pool_get(&s->conns);
    struct conn *c = conn_at(s, id);
    c->client = client;
    c->txn = NONE;
    c->child = NONE;
    c->rate = NONE;
    c->state = CONN_CONNECTING;
    flight_forget(s, id);
    if (link) {
        if (link->tls)
            c->flags |= CF_TLS;
        if (link->down > 0 || link->up > 0 || link->ignores_fin) {
            c->rate = pool_get(&s->links);
            struct link *l = pool_at(&s->links, c->rate);
            *l = *link;
            if (l->down > s->window_rate)
                l->down = s->window_rate;
        }
    }
    struct txn *t = conn_need_txn(s, id);
    t->t_syn = now_of(s);
    t->resumed = link && link->resumed;
    return id;
}

void *conn_table(const struct server *s, void *table, uint32_t *room,
                 size_t size, uint32_t conn)
{
    if (conn < *room)
        return table;
    uint32_t n = s->conns.used > conn ? s->conns.used : conn + 1, old = *room;
    *room = n += n / 2;
    table = must_realloc(table, n, size);
    memset((char *)table + old * size, 0, (n - old) * size);
    return table;
}

static void client_timer(void *srv, uint32_t conn);

struct txn *conn_need_txn(struct server *s, uint32_t id)
{
    struct conn *c = conn_at(s, id);
    if (c->txn == NONE) {
        c->txn = pool_get(&s->txns);
        struct txn *t = txn_at(s, c->txn);
        t->thread = NONE;
        t->job = CPU_NONE;
        t->backend = NONE;
        if (t->stimer.fn == NULL) {
            sim_timer_init(s->sim, &t->stimer, serve_timer, s, id);
            sim_timer_init(s->sim, &t->ctimer, client_timer, s, id);
        }
        sim_timer_set_id(&t->stimer, id);
        sim_timer_set_id(&t->ctimer, id);
    }
    return txn_at(s, c->txn);
}

static void free_txn(struct server *s, uint32_t id)
{
    struct conn *c = conn_at(s, id);
    struct txn *t = txn_at(s, c->txn);
    memory_backend_done(s, id);
    if (t->job != CPU_NONE)
        cpu_cancel(s->cpu, t->job);
    sim_timer_disarm(s->sim, &t->stimer);
    sim_timer_disarm(s->sim, &t->ctimer);
    pool_put(&s->txns, c->txn);
    c->txn = NONE;
}

void conn_drop_txn(struct server *s, uint32_t id)
{
    struct conn *c = conn_at(s, id);
    if (c->txn == NONE ||
        (c->state != CONN_KEEPALIVE && c->state != CONN_LINGER))
        return;
    struct txn *t = txn_at(s, c->txn);
    if (t->thread == NONE && !t->requested && !t->unbooked &&
        t->job == CPU_NONE && !sim_timer_armed(&t->stimer) &&
        !sim_timer_armed(&t->ctimer))
        free_txn(s, id);
}

void conn_reap(struct server *s, uint32_t id)
{
    struct conn *c = conn_at(s, id);
    if (c->state != CONN_CLOSED || !(c->flags & CF_CCLOSED) || c->inflight)
        return;
    if (c->txn != NONE)
        free_txn(s, id);
    if (c->rate != NONE)
        pool_put(&s->links, c->rate);
    must(c->wait == WAIT_NONE);
    s->tcp[c->tcp]--;
    pool_put(&s->conns, id);
}

void conn_message(struct server *s, int cls, uint32_t id, simtime_t at)
{
    struct conn *c = conn_at(s, id);
    must(c->inflight < UINT8_MAX);
    c->inflight++;
    sim_at(s->sim, at, cls, id);
}

static void count_tcp(struct server *s, struct conn *c)
{
    enum tcp_class k;
    if (c->state == CONN_CONNECTING)
        k = c->tcp == TCP_SYN_RECV ? TCP_SYN_RECV : TCP_NONE;
    else if (c->flags & CF_SFIN)
        k = c->flags & CF_CFIN ? TCP_NONE : TCP_CLOSING;
    else if (c->state == CONN_CLOSED)
        k = TCP_NONE;
    else
        k = c->flags & CF_CFIN ? TCP_CLOSE_WAIT : TCP_ESTABLISHED;
    if (k == c->tcp)
        return;
    s->tcp[c->tcp]--;
    s->tcp[k]++;
    c->tcp = (uint8_t)k;
}

void conn_count_tcp(struct server *s, uint32_t id)
{
    count_tcp(s, conn_at(s, id));
}

void conn_set_state(struct server *s, uint32_t id, enum conn_state st)
{
    struct conn *c = conn_at(s, id);
    enum conn_state from = c->state;
    must(conn_may_go(from, st));
    s->conns_keepalive += (st == CONN_KEEPALIVE) - (from == CONN_KEEPALIVE);
    s->conns_writing +=
        (st == CONN_WRITE_BLOCKED) - (from == CONN_WRITE_BLOCKED);
    c->state = (uint8_t)st;
    /* between accept and the end the flags decide, and who sets them counts */
    if (from <= CONN_QUEUED || st == CONN_CLOSED)
        count_tcp(s, c);
}

/* ---- lanes ---- */

#define EXPIRED(name, what)                                                    \
    static void name(void *srv, uint32_t id)                                   \
    {                                                                          \
        struct server *s = srv;                                                \
        conn_at(s, id)->wait = WAIT_NONE;                                      \
        serve_expired(s, id, what);                                            \
        hook_drain(s);                                                         \
    }
EXPIRED(keepalive_expired, WAIT_KEEPALIVE)
EXPIRED(linger_expired, WAIT_LINGER)
EXPIRED(short_expired, WAIT_LINGER_SHORT)
#undef EXPIRED

#define LINGER_S 30 /* C-35, E-20 */
#define SHORT_S  2

/* C-41: a thread's own poll ends late by its slack, the event listener's,
 * woken for other things too, by about a fifth of that. */
static simtime_t keepalive_wait(const struct server *s)
{
    double slack = s->conf.machine.timer_slack;
    simtime_t ka = s->set->keepalive_timeout;
    return ka + (simtime_t)((double)ka * (s->model->async ? slack / 5 : slack));
}

static void lane_set(struct server *s, struct lane *lanes, enum conn_wait what,
                     simtime_t delay, sim_fn expired)
{
    lane_init_pool(&lanes[what], s->sim, delay, &s->conns,
                   offsetof(struct conn, link), expired, s);
}

void conn_lanes_init(struct server *s, struct lane *lanes)
{
    lane_set(s, lanes, WAIT_KEEPALIVE, keepalive_wait(s), keepalive_expired);
    lane_set(s, lanes, WAIT_LINGER, LINGER_S * SIM_S, linger_expired);
    lane_set(s, lanes, WAIT_LINGER_SHORT, SHORT_S * SIM_S, short_expired);
}

void conn_lanes_done(struct lane *lanes)
{
    static const enum conn_wait used[] = { WAIT_KEEPALIVE, WAIT_LINGER,
                                           WAIT_LINGER_SHORT };
    for (size_t i = 0; i < sizeof used / sizeof used[0]; i++)
        lane_done(&lanes[used[i]]);
}

void conn_new_keepalive(struct server *s)
{
    struct ka_queue *q = must_zalloc(1, sizeof *q);
    lane_init_pool(&q->lane, s->sim, keepalive_wait(s), &s->conns,
                   offsetof(struct conn, link), keepalive_expired, s);
    q->before = s->keepalive;
    s->keepalive = q;
}

void conn_free_keepalive(struct server *s)
{
    struct ka_queue *q;
    while ((q = s->keepalive) != NULL) {
        s->keepalive = q->before;
        lane_done(&q->lane);
        free(q);
    }
}

struct lane *conn_lane(struct server *s, const struct conn *c,
                       enum conn_wait what)
{
    if (c->child == NONE)
        return &s->waits[what];
    const struct child *ch = child_at(s, c->child);
    /* E-24: a clogging connection is its thread's, not the listener's */
    if (ch->lanes && !(c->flags & CF_CLOGGING))
        return &ch->lanes[what];
    return what == WAIT_KEEPALIVE ? ch->keepalive : &s->waits[what];
}

static void client_timer(void *srv, uint32_t conn)
{
    struct server *s = srv;
    net_client_timer(s, conn);
    hook_drain(s);
}
