/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A server on an ideal host (no costs, ticks at whole seconds, no round trip)
 * and clients that follow a script: what the golden timelines and the tests of
 * server/ and models/ need, without scenario files.
 *
 *   struct rig *r = rig_new("prefork", "StartServers 5\nKeepAlive Off");
 *   r->conf.network.rtt = SIM_MS;          (anything, before rig_start)
 *   rig_start(r);
 *   rig_crowd(r, 100, &(struct guest){ .at = 1, .d.sleep = 60 * SIM_S });
 *   rig_run(r, 8 * SIM_S);
 *   ck_assert_int_eq(rig_children(r), 132);
 *   rig_free(r);
 *
 * Work that ends at the instant of a tick must end after it: give it one
 * nanosecond more. */
#ifndef TESTS_TIMELINES_RIG_H
#define TESTS_TIMELINES_RIG_H

#include "models/models.h"
#include "sim/arena.h"

#define RIG_NOTES 512
#define RIG_TICKS 1024

/* What a client does, and what became of it. */
struct guest {
    /* the script */
    simtime_t at;    /* connects */
    simtime_t wait;  /* from connected to the first request */
    simtime_t think; /* from a response to the next request */
    simtime_t leave; /* closes at this time whatever happens; 0: never */
    int requests;    /* per connection, 0 means 1 */
    int connections; /* one after the other, 0 means 1 */
    bool silent;     /* never sends a request */
    bool hold;       /* does not close after its last response */
    struct demand d;
    struct link link;

    /* of the last connection; SIM_NEVER when it did not happen */
    simtime_t t_connected, t_tls, t_sent, t_first_byte, t_done, t_closed,
        t_failed;
    /* over all connections */
    int connected, tls, sent, answered, closed, failed, rejected;
    int lost;   /* requests without an answer when their connection ended */
    int status; /* of the last response */
    bool close; /* it said Connection: close */
    int64_t bytes;
    int64_t cut_bytes; /* on_server_close's */
    enum net_end how;
    enum req_err why;

    /* the rig's */
    struct rig *rig;
    uint32_t conn;
    int on_this; /* responses on this connection */
    int opened;
    bool open, asking;
    struct sim_timer timer, leaver;
};

struct rig {
    struct sim *sim;
    struct arena *arena;
    struct directives dirs;
    struct server_conf conf;
    struct observer obs;
    struct mpm_model model; /* the real one with listening hooks */
    const struct mpm_model *real;
    struct server *srv;
    struct net_client face;
    int population;
    struct guest **guests;
    uint32_t nguests, cap;
    /* the error log */
    struct {
        simtime_t t;
        char code[12], text[300];
    } notes[RIG_NOTES];
    int nnotes;
    /* what each tick counted, before it did anything */
    struct {
        simtime_t t;
        int64_t idle;
    } ticks[RIG_TICKS];
    int nticks;
    int64_t writable; /* wake-ups of connections in write completion */
    int64_t logged;   /* responses in the access log */
    simtime_t last_logged;
};

/* A server of MPM, version 2.4.63, configured by TEXT (lines as in
 * httpd.conf) on an ideal host. */
struct rig *rig_new(const char *mpm, const char *text);
/* More lines of configuration. */
void rig_set(struct rig *r, const char *text);
/* Sets the defaults of the real host instead of the ideal one. */
void rig_real_host(struct rig *r);
/* Resolves the settings and makes the server, which starts at 0. */
void rig_start(struct rig *r);
void rig_free(struct rig *r);

/* One client, or N clients, each STEP after the one before. */
struct guest *rig_add(struct rig *r, const struct guest *script);
uint32_t rig_crowd(struct rig *r, int n, simtime_t step,
                   const struct guest *script);

/* The client, idle on a connection it holds, sends one more request now. */
void rig_ask(struct guest *g, const struct demand *d);

/* Runs up to and including T, checking every invariant on the way; does
 * nothing when that is past. */
void rig_run(struct rig *r, simtime_t t);

int64_t rig_children(const struct rig *r); /* live processes */
int64_t rig_slot(const struct rig *r, enum slot_state st);
/* What the tick number N = 1 … counted as idle. */
int64_t rig_idle(const struct rig *r, int n);
int64_t rig_rate(const struct rig *r);
/* Lines of the error log with CODE; time of the first, SIM_NEVER if none. */
int rig_logged(const struct rig *r, const char *code);
simtime_t rig_first(const struct rig *r, const char *code);
/* Clients whose request began service (their response less D.SLEEP) at T. */
int rig_began(const struct rig *r, simtime_t t);
/* Clients that connected at T. */
int rig_connected(const struct rig *r, simtime_t t);
/* Responses and connections so far, over all clients. */
int64_t rig_answered(const struct rig *r);
int64_t rig_open(const struct rig *r);
/* Every connection and transaction has been given back. */
bool rig_is_empty(const struct rig *r);

#endif
