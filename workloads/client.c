/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workloads/client.h"

#include <assert.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/lane.h"
#include "sim/must.h"
#include "sim/pool.h"
#include "sim/rng.h"

/* Where a client is. ST_FIRST is the pause between the connection and the
 * first request; ST_THINK the pause after a response. */
enum state {
    ST_FREE,
    ST_NEW,
    ST_CONNECT,
    ST_TLS,
    ST_FIRST,
    ST_WAIT, /* request sent, no byte of the response yet */
    ST_BODY,
    ST_HOLD,
    ST_THINK
};

enum flag {
    FL_USED = 1,   /* this connection has carried a response */
    FL_CLOSED = 2, /* the server closed it while the client was thinking */
    FL_LATE = 4,   /* the time-out passed in ST_FIRST */
    FL_TLS = 8
};

#define CONN_NONE 0xffffffu

/* An idle client: all there is of it. */
struct cold {
    uint32_t conn : 24; /* net.h's, or CONN_NONE */
    uint32_t state : 4;
    uint32_t flags : 4;
    uint32_t n; /* number of the request in progress or next */
    union {
        simtime_t due; /* ST_NEW; ST_THINK without FL_CLOSED */
        struct {
            uint32_t id; /* hot record; ST_THINK with FL_CLOSED: note; free
                            slot: the next free one */
        } ref;
    } u;
};
static_assert(sizeof(struct cold) == 16, "ten million of these");

/* A request in progress. */
struct hot {
    struct request_record r;
    struct lane_link link;
    uint32_t client;
    bool armed;
    simtime_t give_up; /* SIM_NEVER: not */
};

/* What must be remembered of a connection that the server closed while the
 * client was thinking. */
struct note {
    simtime_t due, server_close;
};

#define CHUNK_BITS 12
#define CHUNK      (1u << CHUNK_BITS)
#define CHUNKS     (1u << (SIM_ID_BITS - CHUNK_BITS))
#define NONE       UINT32_MAX

struct chunk {
    struct clients *owner;
    struct cold *cold;
    uint32_t *key;  /* NULL while keys are first + offset */
    uint32_t first; /* key of the first client */
    bool begun;     /* first is known */
};

struct clients {
    struct population *p;
    const struct workload_conf *w;
    const struct workload *type;
    void *state;
    uint32_t index;
    uint64_t seed, replication;
    simtime_t until;
    bool patient;           /* the hook `patience` need not be asked */
    struct sim_timer timer; /* the next arrival: */
    simtime_t next_due;
    uint32_t next_key;
    uint32_t free_head;        /* ids used before */
    uint32_t fresh, fresh_end; /* ids of the current chunk never used */
};

struct population {
    struct sim *sim;
    struct server *srv;
    const struct observer *obs;
    simtime_t end;
    int net, wake_class, quit_class;
    struct net_client net_client;
    struct lane timeouts;
    struct pool hot, notes;
    struct clients **workloads;
    size_t nworkloads;
    struct chunk chunk[CHUNKS];
    uint32_t nchunks;
    size_t live, keys; /* chunks that carry keys */
    bool finished;
};

/* ---- finding things ---- */

static struct cold *cold_at(const struct population *p, uint32_t id)
{
    return &p->chunk[id >> CHUNK_BITS].cold[id & (CHUNK - 1)];
}

static struct clients *owner_of(const struct population *p, uint32_t id)
{
    return p->chunk[id >> CHUNK_BITS].owner;
}

static uint32_t key_of(const struct population *p, uint32_t id)
{
    const struct chunk *k = &p->chunk[id >> CHUNK_BITS];
    uint32_t i = id & (CHUNK - 1);
    return k->key ? k->key[i] : k->first + i;
}

static struct hot *hot_at(const struct population *p, uint32_t id)
{
    return POOL_AT(&p->hot, id, struct hot);
}

static struct hot *hot_of(const struct population *p, const struct cold *c)
{
    return hot_at(p, c->u.ref.id);
}

static bool has_row(const struct cold *c)
{
    return c->state >= ST_CONNECT && c->state <= ST_HOLD;
}

/* ---- ids ---- */

/* Keys are implied by the place until one is given out of turn. */
static void set_key(struct population *p, uint32_t id, uint32_t key)
{
    struct chunk *k = &p->chunk[id >> CHUNK_BITS];
    uint32_t i = id & (CHUNK - 1);
    if (!k->key) {
        if (!k->begun)
            k->first = key - i;
        k->begun = true;
        if (k->first + i == key)
            return;
        k->key = must_alloc(CHUNK * sizeof *k->key);
        for (uint32_t j = 0; j < CHUNK; j++)
            k->key[j] = k->first + j;
        p->keys++;
    }
    k->key[i] = key;
}

static uint32_t id_get(struct clients *cl)
{
    struct population *p = cl->p;
    uint32_t id = cl->free_head;
    if (id != NONE) {
        cl->free_head = cold_at(p, id)->u.ref.id;
        return id;
    }
    if (cl->fresh == cl->fresh_end) {
        must(p->nchunks < CHUNKS);
        struct chunk *k = &p->chunk[p->nchunks];
        k->owner = cl;
        k->cold = must_zalloc(CHUNK, sizeof *k->cold);
        cl->fresh = p->nchunks++ << CHUNK_BITS;
        cl->fresh_end = cl->fresh + CHUNK;
    }
    return cl->fresh++;
}

static void id_put(struct clients *cl, uint32_t id)
{
    struct cold *c = cold_at(cl->p, id);
    c->state = ST_FREE;
    c->u.ref.id = cl->free_head;
    cl->free_head = id;
    cl->p->live--;
}

/* ---- the workload's answers ---- */

static bool ask_think(struct clients *cl, uint32_t key, uint32_t n,
                      simtime_t *think)
{
    *think = 0;
    return cl->type->next(cl->state, cl->w->conf, cl->w->shared, key, n, NULL,
                          think);
}

static bool ask_demand(struct clients *cl, uint32_t key, uint32_t n,
                       struct demand *d)
{
    *d = (struct demand){ .head = DEMAND_HEAD, .backend = cl->w->backend };
    return cl->type->next(cl->state, cl->w->conf, cl->w->shared, key, n, d,
                          NULL);
}

static bool wants_reconnect(struct clients *cl, uint32_t key, uint32_t n)
{
    return cl->type->reconnect &&
           cl->type->reconnect(cl->state, cl->w->conf, cl->w->shared, key, n);
}

static bool wants_hold(struct clients *cl, uint32_t key)
{
    return cl->type->hold &&
           cl->type->hold(cl->state, cl->w->conf, cl->w->shared, key);
}

/* ---- rows ---- */

static void row_init(const struct clients *cl, struct request_record *r,
                     uint32_t key, uint32_t n, uint32_t attempt,
                     simtime_t sched)
{
    const struct workload *t = cl->type;
    *r = (struct request_record){
        .conn = t->number ? t->number(cl->w->conf, cl->w->shared, key) : key,
        .req = n,
        .attempt = attempt,
        .workload = cl->index,
        .t_sched = sched,
        .t_start = SIM_NEVER,
        .t_connected = SIM_NEVER,
        .t_tls = SIM_NEVER,
        .t_sent = SIM_NEVER,
        .t_first_byte = SIM_NEVER,
        .t_done = SIM_NEVER,
        .t_server_close = SIM_NEVER,
    };
}

static void report(const struct population *p, const struct request_record *r)
{
    p->obs->request(p->obs->ctx, r);
}

/* A record for the request that client ID begins now. */
static struct hot *begin_row(struct population *p, uint32_t id,
                             uint32_t attempt, simtime_t sched)
{
    struct cold *c = cold_at(p, id);
    uint32_t at = pool_get(&p->hot);
    struct hot *h = hot_at(p, at);
    row_init(owner_of(p, id), &h->r, key_of(p, id), c->n, attempt, sched);
    h->client = id;
    h->armed = false;
    h->give_up = SIM_NEVER;
    c->u.ref.id = at;
    return h;
}

/* The client's patience with the request that begins now. */
static void set_patience(struct population *p, uint32_t id)
{
    struct clients *cl = owner_of(p, id);
    const struct cold *c = cold_at(p, id);
    simtime_t t, now = sim_now(p->sim);
    if (cl->patient)
        return;
    t = cl->type->patience(cl->state, cl->w->conf, cl->w->shared, key_of(p, id),
                           c->n);
    if (t > p->end - now)
        return;
    hot_of(p, c)->give_up = now + t;
    sim_at(p->sim, now + t, p->quit_class, id);
}

static void arm(struct population *p, struct cold *c)
{
    lane_arm(&p->timeouts, c->u.ref.id);
    hot_of(p, c)->armed = true;
}

static void disarm(struct population *p, struct cold *c)
{
    struct hot *h = hot_of(p, c);
    if (h->armed)
        lane_disarm(&p->timeouts, c->u.ref.id);
    h->armed = false;
}

static void drop_row(struct population *p, struct cold *c)
{
    disarm(p, c);
    pool_put(&p->hot, c->u.ref.id);
}

static void emit_row(struct population *p, struct cold *c)
{
    report(p, &hot_of(p, c)->r);
    drop_row(p, c);
}

static void close_conn(struct population *p, struct cold *c)
{
    if (c->conn != CONN_NONE)
        net_close(p->srv, c->conn);
    c->conn = CONN_NONE;
    c->flags = 0;
}

/* ---- a client's life ---- */

/* The client is done; it has neither row nor connection. */
static void end_client(struct population *p, uint32_t id)
{
    struct clients *cl = owner_of(p, id);
    uint32_t key = key_of(p, id);
    id_put(cl, id);
    if (cl->type->ended)
        cl->type->ended(cl->state, cl->w->conf, cl->w->shared, cl, key);
}

static void open_conn(struct population *p, uint32_t id, uint32_t attempt,
                      simtime_t sched)
{
    struct clients *cl = owner_of(p, id);
    struct cold *c = cold_at(p, id);
    struct link link = { 0 };
    if (cl->type->link)
        cl->type->link(cl->state, cl->w->conf, cl->w->shared, key_of(p, id),
                       &link);
    struct hot *h = begin_row(p, id, attempt, sched);
    h->r.t_start = sim_now(p->sim);
    if (attempt == 0)
        p->obs->arrival(p->obs->ctx);
    c->state = ST_CONNECT;
    c->flags = link.tls ? FL_TLS : 0;
    arm(p, c);
    set_patience(p, id);
    c->conn = net_connect(p->srv, p->net, id, &link) & CONN_NONE;
}

/* Waits until the request number c->n is due, after THINK. The client has no
 * row; its connection may be gone. */
static void think(struct population *p, uint32_t id, simtime_t pause)
{
    struct cold *c = cold_at(p, id);
    simtime_t due;
    if (pause == SIM_NEVER ||
        __builtin_add_overflow(sim_now(p->sim), pause, &due))
        due = SIM_NEVER;
    if (due != SIM_NEVER && due >= owner_of(p, id)->until) {
        close_conn(p, c);
        end_client(p, id);
        return;
    }
    c->state = ST_THINK;
    c->u.due = due;
    /* An engine never gets beyond the end of its run. */
    if (due <= p->end)
        sim_at(p->sim, due, p->wake_class, id);
}

/* What is left of a fixed list after a failure. */
static void skip_rest(struct population *p, uint32_t id)
{
    struct clients *cl = owner_of(p, id);
    uint32_t key = key_of(p, id);
    struct request_record r;
    simtime_t unused;
    for (uint32_t n = cold_at(p, id)->n + 1; ask_think(cl, key, n, &unused);
         n++) {
        row_init(cl, &r, key, n, 0, SIM_NEVER);
        r.err = REQ_SKIPPED;
        report(p, &r);
    }
    end_client(p, id);
}

/* A refused connection over loopback: socket(), connect() and close() together
 * (docs/host-costs.md). */
#define LEAST_TURN (10 * SIM_US)

/* After a failure of what BEGAN then: the list is over, or the next request
 * gets a new connection. The client has neither row nor connection. Where the
 * round trip takes no time, what fails at once would fail again for ever at
 * the same instant; a client's program takes a moment. */
static void go_on(struct population *p, uint32_t id, simtime_t began)
{
    struct clients *cl = owner_of(p, id);
    struct cold *c = cold_at(p, id);
    simtime_t pause;
    if (cl->type->fixed_list) {
        skip_rest(p, id);
        return;
    }
    if (!ask_think(cl, key_of(p, id), ++c->n, &pause)) {
        end_client(p, id);
        return;
    }
    if (pause == 0 && began == sim_now(p->sim))
        pause = LEAST_TURN;
    think(p, id, pause);
}

/* The request in progress has failed, with BYTES of its body received. */
static void fail(struct population *p, uint32_t id, enum req_err why,
                 int64_t bytes)
{
    struct cold *c = cold_at(p, id);
    struct hot *h = hot_of(p, c);
    uint32_t attempt = h->r.attempt;
    simtime_t now = sim_now(p->sim), began = h->r.t_start;
    h->r.err = why;
    h->r.t_done = now;
    h->r.bytes = bytes;
    emit_row(p, c);
    close_conn(p, c);
    if (why == REQ_CLOSED && attempt == 0)
        open_conn(p, id, 1, now);
    else
        go_on(p, id, began);
}

static void send_request(struct population *p, uint32_t id)
{
    struct cold *c = cold_at(p, id);
    struct hot *h = hot_of(p, c);
    struct demand d;
    must(ask_demand(owner_of(p, id), key_of(p, id), c->n, &d));
    h->r.t_sent = sim_now(p->sim);
    c->state = ST_WAIT;
    net_send(p->srv, c->conn, &d);
    if (c->flags & FL_LATE)
        fail(p, id, REQ_TIMEOUT, 0);
}

/* Connected, and the handshake done. */
static void ready(struct population *p, uint32_t id)
{
    struct clients *cl = owner_of(p, id);
    struct cold *c = cold_at(p, id);
    simtime_t pause = 0, due;
    if (c->n > 0 || hot_of(p, c)->r.attempt > 0) {
        send_request(p, id);
        return;
    }
    if (!ask_think(cl, key_of(p, id), 0, &pause)) {
        /* a client that connects and has nothing to say */
        drop_row(p, c);
        if (wants_hold(cl, key_of(p, id))) {
            think(p, id, SIM_NEVER);
        } else {
            close_conn(p, c);
            end_client(p, id);
        }
        return;
    }
    if (pause <= 0) {
        send_request(p, id);
        return;
    }
    /* The time-out runs on from connect(), but strikes only once the request
     * has been sent. */
    c->state = ST_FIRST;
    if (pause != SIM_NEVER &&
        !__builtin_add_overflow(sim_now(p->sim), pause, &due) && due <= p->end)
        sim_at(p->sim, due, p->wake_class, id);
}

/* What a client waited for is due. */
static void on_wake(void *ctx, uint32_t id)
{
    struct population *p = ctx;
    struct cold *c = cold_at(p, id);
    simtime_t now = sim_now(p->sim);
    struct hot *h;
    struct note note = { .due = now };

    must(c->state == ST_NEW || c->state == ST_FIRST || c->state == ST_THINK);
    switch ((enum state)c->state) {
    case ST_NEW:
        open_conn(p, id, 0, c->u.due);
        return;
    case ST_FIRST:
        if (c->conn != CONN_NONE) {
            send_request(p, id);
            return;
        }
        /* Closed before the first request: the row of the connect gives way
         * to one that begins when the request was due. */
        h = hot_of(p, c);
        note.server_close = h->r.t_server_close;
        drop_row(p, c);
        h = begin_row(p, id, 0, now);
        break;
    case ST_THINK:
        if (c->flags & FL_CLOSED) {
            note = *(struct note *)pool_at(&p->notes, c->u.ref.id);
            pool_put(&p->notes, c->u.ref.id);
            h = begin_row(p, id, 0, note.due);
            p->obs->arrival(p->obs->ctx);
            break;
        }
        if (c->conn == CONN_NONE) {
            open_conn(p, id, 0, c->u.due);
            return;
        }
        h = begin_row(p, id, 0, c->u.due);
        h->r.t_start = now;
        p->obs->arrival(p->obs->ctx);
        arm(p, c);
        set_patience(p, id);
        send_request(p, id);
        return;
    case ST_FREE:
    case ST_CONNECT:
    case ST_TLS:
    case ST_WAIT:
    case ST_BODY:
    case ST_HOLD:
    default:
        return;
    }
    h->r.t_start = now;
    h->r.t_server_close = note.server_close;
    c->state = ST_WAIT;
    fail(p, id, REQ_CLOSED, 0);
}

static void on_timeout(void *ctx, uint32_t hot)
{
    struct population *p = ctx;
    struct hot *h = hot_at(p, hot);
    struct cold *c = cold_at(p, h->client);
    h->armed = false;
    if (c->state == ST_FIRST)
        c->flags |= FL_LATE;
    else
        fail(p, h->client, REQ_TIMEOUT, 0);
}

/* The patience of client ID with some request is over; by now it may have
 * another one, or be another client. */
static void on_quit(void *ctx, uint32_t id)
{
    struct population *p = ctx;
    const struct cold *c = cold_at(p, id);
    if (has_row(c) && c->state != ST_HOLD && c->state != ST_FIRST &&
        hot_of(p, c)->give_up == sim_now(p->sim))
        fail(p, id, REQ_GAVE_UP, 0);
}

/* ---- what the network says (struct net_client) ---- */

static void on_connected(void *ctx, uint32_t id)
{
    struct population *p = ctx;
    struct cold *c = cold_at(p, id);
    struct hot *h = hot_of(p, c);
    must(c->state == ST_CONNECT);
    h->r.t_connected = sim_now(p->sim);
    p->obs->connected(p->obs->ctx, h->r.t_connected - h->r.t_start);
    if (c->flags & FL_TLS)
        c->state = ST_TLS;
    else
        ready(p, id);
}

static void on_tls(void *ctx, uint32_t id)
{
    struct population *p = ctx;
    struct cold *c = cold_at(p, id);
    must(c->state == ST_TLS);
    hot_of(p, c)->r.t_tls = sim_now(p->sim);
    ready(p, id);
}

static void on_failed(void *ctx, uint32_t id, enum req_err why)
{
    struct population *p = ctx;
    struct cold *c = cold_at(p, id);
    must(c->state == ST_CONNECT);
    c->conn = CONN_NONE;
    fail(p, id, why, 0);
}

static void on_first_byte(void *ctx, uint32_t id)
{
    struct population *p = ctx;
    struct cold *c = cold_at(p, id);
    must(c->state == ST_WAIT);
    hot_of(p, c)->r.t_first_byte = sim_now(p->sim);
    c->state = ST_BODY;
}

static void on_response(void *ctx, uint32_t id, int status, bool close,
                        int64_t bytes)
{
    struct population *p = ctx;
    struct clients *cl = owner_of(p, id);
    struct cold *c = cold_at(p, id);
    struct hot *h = hot_of(p, c);
    uint32_t key = key_of(p, id);
    simtime_t pause;

    must(c->state == ST_BODY || c->state == ST_WAIT);
    h->r.t_done = sim_now(p->sim);
    if (h->r.t_first_byte == SIM_NEVER)
        h->r.t_first_byte = h->r.t_done;
    h->r.bytes = bytes;
    h->r.status = (int16_t)status;
    h->r.close = close;
    c->flags |= FL_USED;
    if (status != 200) {
        simtime_t began = h->r.t_start;
        h->r.err = REQ_HTTP;
        emit_row(p, c);
        close_conn(p, c);
        go_on(p, id, began);
        return;
    }
    if (!ask_think(cl, key, c->n + 1, &pause)) {
        if (!close && wants_hold(cl, key)) {
            disarm(p, c);
            c->state = ST_HOLD;
            if (!cl->type->fixed_list) {
                emit_row(p, c);
                think(p, id, SIM_NEVER);
            }
            return;
        }
        emit_row(p, c);
        close_conn(p, c);
        end_client(p, id);
        return;
    }
    emit_row(p, c);
    c->n++;
    if (close || wants_reconnect(cl, key, c->n))
        close_conn(p, c);
    think(p, id, pause);
}

static void on_server_close(void *ctx, uint32_t id, enum net_end how,
                            int64_t bytes)
{
    struct population *p = ctx;
    struct cold *c = cold_at(p, id);
    simtime_t now = sim_now(p->sim);
    uint32_t note;
    struct note *v;

    must(c->conn != CONN_NONE && c->state != ST_FREE && c->state != ST_NEW);
    c->conn = CONN_NONE;
    switch ((enum state)c->state) {
    case ST_HOLD:
        hot_of(p, c)->r.t_server_close = now;
        emit_row(p, c);
        end_client(p, id);
        return;
    case ST_FIRST:
        hot_of(p, c)->r.t_server_close = now;
        return;
    case ST_THINK:
        if (c->u.due == SIM_NEVER) {
            /* it has nothing more to send: this was the end of it */
            end_client(p, id);
            return;
        }
        if (owner_of(p, id)->type->watches) {
            c->flags = 0;
            return;
        }
        note = pool_get(&p->notes);
        v = pool_at(&p->notes, note);
        *v = (struct note){ .due = c->u.due, .server_close = now };
        c->u.ref.id = note;
        c->flags = FL_CLOSED;
        return;
    case ST_TLS:
        fail(p, id, REQ_TLS, 0);
        return;
    case ST_WAIT:
    case ST_BODY:
        if (bytes >= 0)
            fail(p, id, REQ_TRUNC, bytes);
        else if (c->flags & FL_USED)
            fail(p, id, REQ_CLOSED, 0);
        else
            fail(p, id, how == NET_RST ? REQ_RESET : REQ_EOF, 0);
        return;
    case ST_CONNECT:
        fail(p, id, how == NET_RST ? REQ_RESET : REQ_EOF, 0);
        return;
    case ST_FREE:
    case ST_NEW:
    default:
        return;
    }
}

/* ---- arrivals ---- */

static uint32_t new_client(struct clients *cl, uint32_t key, simtime_t at)
{
    struct population *p = cl->p;
    uint32_t id = id_get(cl);
    struct cold *c = cold_at(p, id);
    set_key(p, id, key);
    p->live++;
    *c = (struct cold){ .conn = CONN_NONE, .state = ST_NEW };
    c->u.due = at;
    return id;
}

uint32_t clients_add(struct clients *cl, uint32_t key, simtime_t at)
{
    struct population *p = cl->p;
    uint32_t id;
    if (at >= cl->until)
        return CLIENTS_NONE;
    id = new_client(cl, key, at);
    if (at <= p->end)
        sim_at(p->sim, at, p->wake_class, id);
    return id;
}

bool clients_wake(struct clients *cl, uint32_t id, simtime_t at)
{
    struct population *p = cl->p;
    struct cold *c = cold_at(p, id);
    must(c->state == ST_THINK && c->u.due == SIM_NEVER &&
         !(c->flags & FL_CLOSED) && owner_of(p, id) == cl);
    if (at >= cl->until)
        return false;
    if (c->flags & FL_USED)
        c->n++;
    c->u.due = at;
    if (at <= p->end)
        sim_at(p->sim, at, p->wake_class, id);
    return true;
}

/* Asks when the client numbered next_key comes, and waits for it. */
static void await_arrival(struct clients *cl)
{
    simtime_t t =
        cl->type->arrive(cl->state, cl->w->conf, cl->w->shared, cl->next_key);
    cl->next_due = t >= cl->until ? SIM_NEVER : t;
    if (cl->next_due <= cl->p->end)
        sim_timer_arm(cl->p->sim, &cl->timer, cl->next_due);
}

static void on_arrival(void *ctx, uint32_t id)
{
    struct clients *cl = ctx;
    (void)id;
    open_conn(cl->p, new_client(cl, cl->next_key++, cl->next_due), 0,
              cl->next_due);
    await_arrival(cl);
}

/* ---- set-up, end ---- */

struct population *population_new(struct sim *s, struct server *srv,
                                  const struct observer *obs, simtime_t end)
{
    struct population *p = must_zalloc(1, sizeof *p);
    p->sim = s;
    p->srv = srv;
    p->obs = obs;
    p->end = end;
    p->net_client = (struct net_client){
        .ctx = p,
        .on_connected = on_connected,
        .on_tls = on_tls,
        .on_failed = on_failed,
        .on_first_byte = on_first_byte,
        .on_response = on_response,
        .on_server_close = on_server_close,
    };
    /* begin_row() fills in all of it */
    pool_init_kept(&p->hot, sizeof(struct hot), sizeof(struct hot) - 4);
    pool_init(&p->notes, sizeof(struct note));
    p->wake_class = sim_class(s, on_wake, p);
    p->quit_class = sim_class(s, on_quit, p);
    lane_init_pool(&p->timeouts, s, CLIENT_TIMEOUT, &p->hot,
                   offsetof(struct hot, link), on_timeout, p);
    p->net = net_register(srv, &p->net_client);
    return p;
}

struct clients *clients_new(struct population *p, const struct workload_conf *w,
                            uint32_t index, uint64_t seed, uint64_t replication)
{
    struct clients *cl = must_zalloc(1, sizeof *cl);
    cl->p = p;
    cl->w = w;
    cl->type = w->type;
    cl->state = must_zalloc(1, w->type->state_size ? w->type->state_size : 1);
    cl->index = index;
    cl->seed = seed;
    cl->replication = replication;
    cl->until = SIM_NEVER;
    cl->patient = !w->type->patience;
    cl->next_due = SIM_NEVER;
    cl->free_head = NONE;
    sim_timer_init(p->sim, &cl->timer, on_arrival, cl, 0);
    p->workloads =
        must_realloc(p->workloads, p->nworkloads + 1, sizeof(struct clients *));
    p->workloads[p->nworkloads++] = cl;
    return cl;
}

void clients_start(struct clients *cl)
{
    const struct workload *t = cl->type;
    if (t->start)
        t->start(cl->state, cl->w->conf, cl->w->shared, cl);
    if (t->arrive)
        await_arrival(cl);
}

/* The row of client ID as it is at the end of the run; false when there is
 * none to show. */
static bool last_row(struct population *p, uint32_t id,
                     struct request_record *r)
{
    const struct cold *c = cold_at(p, id);
    simtime_t due;
    if (has_row(c)) {
        *r = hot_of(p, c)->r;
        if (c->state != ST_HOLD)
            r->err = REQ_UNFINISHED;
        return true;
    }
    due = c->u.due;
    if (c->flags & FL_CLOSED)
        due = ((struct note *)pool_at(&p->notes, c->u.ref.id))->due;
    if (due == SIM_NEVER)
        return false;
    row_init(owner_of(p, id), r, key_of(p, id), c->n, 0, due);
    r->err = REQ_UNFINISHED;
    return true;
}

static int by_number(const void *a, const void *b)
{
    const struct request_record *x = a, *y = b;
    if (x->workload != y->workload)
        return x->workload < y->workload ? -1 : 1;
    if (x->conn != y->conn)
        return x->conn < y->conn ? -1 : 1;
    return (x->req > y->req) - (x->req < y->req);
}

struct rows {
    struct request_record *v;
    size_t n, cap;
};

static struct request_record *rows_next(struct rows *r)
{
    if (r->n == r->cap) {
        r->cap = r->cap ? r->cap * 2 : 1024;
        r->v = must_realloc(r->v, r->cap, sizeof *r->v);
    }
    return &r->v[r->n];
}

/* Clients of a fixed list that were due after the end. */
static void never_started(struct clients *cl, struct rows *rows)
{
    if (!cl->type->fixed_list || !cl->type->arrive)
        return;
    for (; cl->next_due != SIM_NEVER; await_arrival(cl)) {
        struct request_record *r = rows_next(rows);
        row_init(cl, r, cl->next_key++, 0, 0, cl->next_due);
        r->err = REQ_UNFINISHED;
        rows->n++;
    }
}

void population_finish(struct population *p)
{
    struct rows rows = { NULL, 0, 0 };
    must(!p->finished);
    p->finished = true;
    for (uint32_t id = 0; id < p->nchunks << CHUNK_BITS; id++) {
        if (cold_at(p, id)->state != ST_FREE &&
            last_row(p, id, rows_next(&rows)))
            rows.n++;
    }
    for (size_t i = 0; i < p->nworkloads; i++)
        never_started(p->workloads[i], &rows);
    if (rows.n > 0)
        qsort(rows.v, rows.n, sizeof *rows.v, by_number);
    for (size_t i = 0; i < rows.n; i++)
        report(p, &rows.v[i]);
    free(rows.v);
}

bool population_failed(const struct population *p, struct err *e)
{
    for (size_t i = 0; i < p->nworkloads; i++) {
        const struct clients *cl = p->workloads[i];
        if (cl->type->failed && cl->type->failed(cl->state, e))
            return true;
    }
    return false;
}

void population_free(struct population *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->nworkloads; i++) {
        struct clients *cl = p->workloads[i];
        if (cl->type->stop)
            cl->type->stop(cl->state);
        sim_timer_done(p->sim, &cl->timer);
        free(cl->state);
        free(cl);
    }
    for (uint32_t i = 0; i < p->nchunks; i++) {
        free(p->chunk[i].cold);
        free(p->chunk[i].key);
    }
    lane_done(&p->timeouts);
    pool_done(&p->hot);
    pool_done(&p->notes);
    free(p->workloads);
    free(p);
}

size_t population_live(const struct population *p)
{
    return p->live;
}

size_t population_bytes(const struct population *p)
{
    return p->nchunks * (CHUNK * sizeof(struct cold)) +
           p->keys * (CHUNK * sizeof(uint32_t)) + pool_bytes(&p->hot) +
           pool_bytes(&p->notes);
}

/* ---- for workloads ---- */

struct sim *clients_sim(const struct clients *cl)
{
    return cl->p->sim;
}

simtime_t clients_end(const struct clients *cl)
{
    return cl->p->end;
}

void clients_until(struct clients *cl, simtime_t t)
{
    cl->until = t;
}

void clients_patient(struct clients *cl)
{
    cl->patient = true;
}

void clients_stream(const struct clients *cl, const char *purpose,
                    struct rng *r)
{
    /* named by the workload's place, so that two of one type differ and a new
     * name changes nothing */
    char name[128];
    snprintf(name, sizeof name, "workload %" PRIu32 ":%s", cl->index, purpose);
    rng_init(r, cl->seed, cl->replication, name);
}

uint64_t clients_base(const struct clients *cl, const char *purpose)
{
    struct rng r;
    clients_stream(cl, purpose, &r);
    return rng_u64(&r);
}
