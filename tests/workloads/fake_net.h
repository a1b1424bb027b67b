/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A stand-in for the server's end of server/net.h: it does with a request what
 * the test says, without queues and without costs. The file under test is
 * included after this one, so that its calls come here. */
#ifndef TESTS_WORKLOADS_FAKE_NET_H
#define TESTS_WORKLOADS_FAKE_NET_H

#include <stdlib.h>

#include "server/net.h"
#include "sim/must.h"
#include "sim/sim.h"

/* What becomes of a request, or of a connection when asked with request -1. */
enum fate {
    FATE_ANSWER,
    FATE_ANSWER_CLOSE, /* with Connection: close */
    FATE_500,
    FATE_SILENCE,
    FATE_FIN, /* no byte of a response */
    FATE_RST,
    FATE_TRUNC, /* half the body, then FIN */
    FATE_REFUSED,
    FATE_SYN_LOST
};

enum fake_phase {
    FAKE_FREE,
    FAKE_CONNECTING,
    FAKE_HANDSHAKE,
    FAKE_IDLE,
    FAKE_SERVING,
    FAKE_SENDING
};

struct fake_conn {
    struct server *srv;
    enum fake_phase phase;
    enum fate fate;
    uint32_t client;
    struct link link;
    struct demand d;
    int requests; /* so far on this connection */
    struct sim_timer timer;
};

#define FAKE_CONNS 200000

struct server {
    struct sim *sim;
    struct net_client c;
    simtime_t connect, handshake, keepalive; /* keepalive 0: for ever */
    simtime_t transfer;                      /* first byte to last */
    /* number REQUEST (0 …) on a CLIENT's connection, which is number CONN of
     * all; may be NULL */
    enum fate (*fate)(uint32_t client, int conn, int request);
    void (*sent)(uint32_t client, const struct demand *d);
    void (*linked)(uint32_t client, const struct link *link);
    int connects, open, peak;
    uint32_t used, nfree;
    struct fake_conn *conn;
    int *number;
    uint32_t *free_ids;
};

static void fake_timer(void *ctx, uint32_t id);

static void fake_init(struct server *s, struct sim *sim)
{
    *s = (struct server){ .sim = sim, .connect = SIM_MS, .transfer = SIM_MS };
    s->conn = must_zalloc(FAKE_CONNS, sizeof *s->conn);
    s->number = must_zalloc(FAKE_CONNS, sizeof *s->number);
    s->free_ids = must_zalloc(FAKE_CONNS, sizeof *s->free_ids);
}

static void fake_done(struct server *s)
{
    for (uint32_t i = 0; i < s->used; i++)
        sim_timer_done(s->sim, &s->conn[i].timer);
    free(s->conn);
    free(s->number);
    free(s->free_ids);
}

static int fake_register(struct server *s, const struct net_client *c)
{
    s->c = *c;
    return 0;
}

static enum fate fake_ask(struct server *s, uint32_t conn, int request)
{
    return s->fate ? s->fate(s->conn[conn].client, s->number[conn], request)
                   : FATE_ANSWER;
}

static uint32_t fake_connect(struct server *s, int population, uint32_t client,
                             const struct link *link)
{
    uint32_t id = s->nfree ? s->free_ids[--s->nfree] : s->used++;
    struct fake_conn *c;
    (void)population;
    must(id < FAKE_CONNS);
    c = &s->conn[id];
    if (!c->srv)
        sim_timer_init(s->sim, &c->timer, fake_timer, s, id);
    c->srv = s;
    c->phase = FAKE_CONNECTING;
    c->client = client;
    c->link = *link;
    c->requests = 0;
    s->number[id] = s->connects++;
    if (s->linked)
        s->linked(client, link);
    if (++s->open > s->peak)
        s->peak = s->open;
    c->fate = fake_ask(s, id, -1);
    if (c->fate != FATE_SYN_LOST)
        sim_timer_arm(s->sim, &c->timer, sim_now(s->sim) + s->connect);
    return id;
}

static void fake_free(struct server *s, uint32_t id)
{
    must(s->conn[id].phase != FAKE_FREE);
    s->conn[id].phase = FAKE_FREE;
    sim_timer_disarm(s->sim, &s->conn[id].timer);
    s->free_ids[s->nfree++] = id;
    s->open--;
}

static void fake_close(struct server *s, uint32_t conn)
{
    fake_free(s, conn);
}

static void fake_send(struct server *s, uint32_t conn, const struct demand *d)
{
    struct fake_conn *c = &s->conn[conn];
    must(c->phase == FAKE_IDLE);
    c->phase = FAKE_SERVING;
    c->d = *d;
    c->fate = fake_ask(s, conn, c->requests++);
    if (s->sent)
        s->sent(c->client, d);
    if (c->fate == FATE_SILENCE)
        sim_timer_disarm(s->sim, &c->timer);
    else
        sim_timer_arm(s->sim, &c->timer, sim_now(s->sim) + d->sleep);
}

static void fake_hang_up(struct server *s, uint32_t id, int64_t bytes)
{
    struct fake_conn *c = &s->conn[id];
    enum net_end how = c->fate == FATE_RST ? NET_RST : NET_FIN;
    uint32_t client = c->client;
    fake_free(s, id);
    s->c.on_server_close(s->c.ctx, client, how, bytes);
}

static void fake_idle(struct server *s, struct fake_conn *c)
{
    c->phase = FAKE_IDLE;
    if (s->keepalive > 0)
        sim_timer_arm(s->sim, &c->timer, sim_now(s->sim) + s->keepalive);
}

static void fake_timer(void *ctx, uint32_t id)
{
    struct server *s = ctx;
    struct fake_conn *c = &s->conn[id];
    uint32_t client = c->client;
    simtime_t now = sim_now(s->sim);
    switch (c->phase) {
    case FAKE_CONNECTING:
        if (c->fate == FATE_REFUSED) {
            fake_free(s, id);
            s->c.on_failed(s->c.ctx, client, REQ_REFUSED);
        } else if (c->link.tls) {
            c->phase = FAKE_HANDSHAKE;
            sim_timer_arm(s->sim, &c->timer, now + s->handshake);
            s->c.on_connected(s->c.ctx, client);
        } else {
            fake_idle(s, c);
            s->c.on_connected(s->c.ctx, client);
        }
        return;
    case FAKE_HANDSHAKE:
        if (c->fate == FATE_RST) {
            fake_hang_up(s, id, -1);
            return;
        }
        fake_idle(s, c);
        s->c.on_tls(s->c.ctx, client);
        return;
    case FAKE_IDLE:
        fake_hang_up(s, id, -1);
        return;
    case FAKE_SERVING:
        if (c->fate == FATE_FIN || c->fate == FATE_RST) {
            fake_hang_up(s, id, -1);
            return;
        }
        c->phase = FAKE_SENDING;
        sim_timer_arm(s->sim, &c->timer, now + s->transfer);
        s->c.on_first_byte(s->c.ctx, client);
        return;
    case FAKE_SENDING:
        if (c->fate == FATE_TRUNC) {
            fake_hang_up(s, id, c->d.bytes / 2);
            return;
        }
        fake_idle(s, c);
        s->c.on_response(s->c.ctx, client, c->fate == FATE_500 ? 500 : 200,
                         c->fate == FATE_ANSWER_CLOSE, c->d.bytes);
        return;
    case FAKE_FREE:
    default:
        must(c->phase != FAKE_FREE);
    }
}

/* workloads/client.c is compiled a second time against this net, under names
 * that begin with FAKE_PREFIX, which differs from one test file to the next. */
#define FAKE_JOIN2(a, b)  a##b
#define FAKE_JOIN(a, b)   FAKE_JOIN2(a, b)
#define FAKE_NAME(name)   FAKE_JOIN(FAKE_PREFIX, name)
#define net_register      fake_register
#define net_connect       fake_connect
#define net_send          fake_send
#define net_close         fake_close
#define population_new    FAKE_NAME(population_new)
#define population_finish FAKE_NAME(population_finish)
#define population_failed FAKE_NAME(population_failed)
#define population_free   FAKE_NAME(population_free)
#define population_bytes  FAKE_NAME(population_bytes)
#define population_live   FAKE_NAME(population_live)
#define clients_new       FAKE_NAME(clients_new)
#define clients_start     FAKE_NAME(clients_start)
#define clients_add       FAKE_NAME(clients_add)
#define clients_wake      FAKE_NAME(clients_wake)
#define clients_sim       FAKE_NAME(clients_sim)
#define clients_end       FAKE_NAME(clients_end)
#define clients_base      FAKE_NAME(clients_base)
#define clients_stream    FAKE_NAME(clients_stream)
#define clients_until     FAKE_NAME(clients_until)
#define clients_patient   FAKE_NAME(clients_patient)

#endif
