/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The inside of a simulated server: the structs that server/ and models/
 * share. Nothing outside those two folders includes this file.
 *
 * Ownership: a struct server owns everything. Connections, transactions,
 * children and thread blocks live in pools and are known by number.
 *  - struct conn: one TCP connection, both ends, small: ten million idle ones
 *    must fit (48 bytes).
 *  - struct txn: what a connection needs only while something happens on it
 *    (connecting, queued, held by a thread, writing): timers, the demand,
 *    what is in the buffers. Taken from a pool, given back when idle.
 *  - struct child: one process, from fork until the parent has reaped it.
 *  - struct thread: what serves. A prefork child has one.
 *  - a cell is one entry of the scoreboard (process slot x thread). */
#ifndef SERVER_CORE_H
#define SERVER_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/cpu.h"
#include "server/net.h"
#include "server/server.h"
#include "sim/lane.h"
#include "sim/pool.h"
#include "sim/rng.h"
#include "sim/sim.h"

#define NONE UINT32_MAX

/* ---- connections ---- */

/* Where a connection is, as the server sees it. The legal moves are a table
 * in conn.c; conn_set_state() is the only door. */
enum conn_state {
    CONN_CONNECTING,    /* SYN on its way, or half-open (K-2 … K-6, K-12) */
    CONN_QUEUED,        /* in an accept queue */
    CONN_ACCEPTED,      /* accepted, no worker has picked it up yet */
    CONN_HANDSHAKE,     /* a thread shakes hands (TLS) */
    CONN_READING,       /* a thread waits for or reads a request */
    CONN_PROCESSING,    /* a thread runs the handler */
    CONN_WRITING,       /* a thread waits until the response is in the buffer */
    CONN_WRITE_BLOCKED, /* event: write completion, no thread */
    CONN_KEEPALIVE,     /* waiting for the next request */
    CONN_LINGER,        /* FIN sent, waiting for the client's */
    CONN_CLOSED,        /* the server has let go */
    CONN_STATES
};

/* Which timeout a connection's lane link is in. */
enum conn_wait {
    WAIT_NONE,
    WAIT_QUEUE,        /* in an accept queue, not a lane */
    WAIT_KEEPALIVE,    /* KeepAliveTimeout */
    WAIT_WRITE,        /* event: Timeout in write completion */
    WAIT_LINGER,       /* 30 s */
    WAIT_LINGER_SHORT, /* 2 s */
    WAIT_CHAIN,        /* event: deferred closing, a list, not a lane */
    WAITS
};

/* How the server's socket counts in `ss`. */
enum tcp_class {
    TCP_NONE,
    TCP_SYN_RECV,
    TCP_ESTABLISHED,
    TCP_CLOSE_WAIT,
    TCP_CLOSING,
    TCP_CLASSES
};

enum conn_flag {
    CF_TLS = 1 << 0,
    CF_TLS_DONE = 1 << 1,   /* handshake over */
    CF_CONNECTED = 1 << 2,  /* the client believes it is connected */
    CF_DATA = 1 << 3,       /* unread bytes from the client are here */
    CF_CFIN = 1 << 4,       /* the client's FIN or RST has arrived */
    CF_CCLOSED = 1 << 5,    /* the client has closed: call it no more */
    CF_SFIN = 1 << 6,       /* the server has sent FIN */
    CF_SRST = 1 << 7,       /* the server has reset the connection */
    CF_DUMMY = 1 << 8,      /* the parent's own wake-up connection (C-16) */
    CF_CLOSE = 1 << 9,      /* the response said, or will say, close */
    CF_SHORT = 1 << 10,     /* short linger was asked for (E-27) */
    CF_COUNTED = 1 << 11,   /* event: in its process's connection count */
    CF_LINGERING = 1 << 12, /* event: in its process's lingering count */
    CF_CLOGGING = 1 << 13,  /* E-24: processed as in worker */
    CF_POOL = 1 << 14,      /* event: its transaction pool is counted (M-20) */
    CF_CRST = 1 << 15       /* the client closed with data unread */
};

struct conn {
    struct lane_link link; /* lane, accept queue or chain */
    uint32_t client;       /* population << 24 | client; NONE for dummies */
    uint32_t txn;          /* NONE while idle */
    uint32_t child;        /* process that accepted it, or NONE */
    uint32_t rate;         /* struct link in srv->links, NONE = no limits */
    uint16_t flags;
    uint16_t served; /* responses on this connection, saturating */
    uint8_t state, tcp, inflight;
    enum conn_wait wait : 5;
    uint8_t pool_use : 2; /* event: an enum pool_use, … */
    bool big_pool : 1;    /* … and a large body has grown its pool (M-18) */
};

/* What a transaction pool of event has been used for (M-25). */
enum pool_use { POOL_NEW, POOL_USED, POOL_FULL, POOL_USES };

/* Work in progress on a connection. */
struct txn {
    struct demand d;
    simtime_t t_syn;   /* connect() */
    simtime_t t_first; /* first byte of the request at the server */
    simtime_t t_head;  /* its head is complete there */
    simtime_t t_line;  /* %t: the request line was read (C-45); before that,
                          a SYN cookie was sent (K-3) */
    simtime_t t_read;  /* a thread began to read (C-33) */
    simtime_t t_drain; /* the client began to read the response */
    int64_t out;       /* bytes of the response, head included */
    int64_t written;   /* of these, given to the socket */
    uint32_t thread;   /* that holds the connection, or NONE */
    uint32_t job;      /* on the CPU, or CPU_NONE */
    simtime_t demand;  /* of that job */
    simtime_t user;    /* the part of it that is all user time */
    uint32_t backend;  /* its request there, or NONE */
    uint32_t taken;    /* K-24: round trips until the socket has taken the
                          response, … */
    uint32_t read;     /* … until the last of it leaves for the client */
    int16_t status;
    uint8_t syn_tries, data_tries, synack_timeouts;
    bool early;     /* its pool is counted as after a response (M-24) */
    bool requested; /* the client has a request outstanding */
    bool answered;  /* its first byte has reached the client */
    bool retrying;  /* data is being retransmitted (K-5) */
    bool cut;       /* stimer is a time-out, not progress (C-31, C-33) */
    bool asking;    /* has a connection to a backend, … */
    bool asks_big;  /* … which a large body comes through (M-26) */
    bool acked;     /* half-open: the client's ACK has been seen (K-12) */
    bool in_body;   /* the handler reads the request's body (C-34) */
    bool resumed;   /* the handshake resumes a session (C-48) */
    bool unbooked;  /* `served` counts a response memory_response() has not
                       heard of (M-20) */
    /* Kept from one use to the next, initialised at the first; idle between. */
    struct sim_timer stimer; /* the server's: waits, sleeps, write wake-ups */
    struct sim_timer ctimer; /* the client's: retries, end of a response */
};
#define TXN_KEPT (sizeof(struct txn) - offsetof(struct txn, stimer))

/* ---- processes ---- */

enum child_state {
    CHILD_FREE,
    CHILD_STARTING, /* forked, not ready yet */
    CHILD_LIVE,
    CHILD_EXITING, /* its threads have ended, the process not yet */
    CHILD_ZOMBIE   /* exited, not reaped (C-5) */
};

/* What the listener thread of a worker or event process is doing. */
enum listener_state {
    LISTENER_NONE,
    LISTENER_IDLER,   /* worker: waits for an idle worker (W-5) */
    LISTENER_ACCEPT,  /* waits in accept or for the mutex */
    LISTENER_POLL,    /* event: in poll */
    LISTENER_BLOCKED, /* event: waits for a worker (E-10) */
    LISTENER_STOPPED
};

struct thread {
    uint32_t child, cell, conn;
    uint32_t next_idle; /* FIFO of idle threads of the child */
    uint16_t responses; /* saturating: memory growth (M-16); … */
    uint16_t tls_uses;  /* … TLS handshakes (M-23) */
    bool tls_read, big_used, proxy_used, fcgi_used, php_used, gone;
    int64_t grown; /* bytes beyond a new thread's */
    /* worker (M-25): the transaction pool it has, or NONE; and of the pool
     * that was made as this one is numbered, its part */
    uint32_t pool, next_pool;
    uint16_t pool_responses;
    bool pool_big, pool_tls, pool_full; /* the last: prefork's too */
    int64_t pool_grown;
};

struct child {
    uint32_t slot; /* first: a pool overwrites it when the child is put back,
                      and `state` must go on saying CHILD_FREE */
    enum child_state state;
    enum listener_state listener;
    uint32_t bucket, generation;
    uint32_t threads;  /* first thread: block * width */
    uint32_t per;      /* ThreadsPerChild when it was forked */
    uint32_t nthreads; /* that exist */
    uint32_t idle_head, idle_tail, nidle;
    uint32_t conns, lingering;           /* event: c and l of E-13 */
    uint32_t blocked_head, blocked_tail; /* event: what waits behind a
                                            blocked listener (E-10) */
    uint32_t chain_head, chain_tail;     /* event: deferred closes (E-28) */
    uint32_t wait_prev, wait_next; /* accept waiters, for process waiters */
    uint32_t pod_next; /* readers of the pipe, oldest first (C-18) */
    int64_t budget;    /* MaxConnectionsPerChild left */
    int64_t memory;    /* private bytes */
    uint32_t job;      /* start-up work or the exit, on the CPU, … */
    simtime_t demand;  /* … and how much that is */
    uint8_t quiescing; /* 0, 1, 2 as in httpd's process_score */
    uint8_t polled[SETTINGS_MAX_LISTEN]; /* the listeners that its last poll
                                            returned, … */
    uint8_t npolled, last_poll_idx; /* … and which of them is next (C-26) */
    bool not_accepting;             /* E-14 */
    uint32_t ready_gone;            /* its cells that say `_` after its end */
    bool in_line;                   /* waits in accept or for the mutex */
    bool ungraceful;   /* C-23: ends with its last running handler */
    uint32_t joined;   /* worker: threads its main thread has seen end (W-20) */
    uint8_t signal;    /* that ended it (C-12), or 0 */
    bool stop_pending; /* W-21: waits for the mutex before it reacts */
    uint8_t told;      /* W-25: 1 + what it is to do once it has done with
                          making threads (enum stop_kind), or 0 */
    bool dying;
    bool condemned, in_accept, ending; /* C-46: has a signal to die of; waited
                                            in accept; its turn has come */
    int64_t number; /* how many the server had forked before it */
    bool sick;      /* ended for want of descriptors (C-13) */
    bool tls_used;
    struct tls_arena *tls_arenas; /* of malloc, once TLS has come (M-23) */
    simtime_t user, sys;          /* CPU time spent by this process */
    /* event: transaction pools kept for reuse (E-33), in all, plain and TLS by
     * their use, and how many a large body has grown */
    uint32_t kept, pools[2][POOL_USES], big_pools;
    uint32_t asking, backend_conns; /* requests at a backend, and the most there
                                       have been: connections to it (M-26); … */
    uint32_t asking_big, big_conns; /* … with large bodies */
    bool reserved, spare_pool;      /* the listener has a worker, a pool from an
                                       accept that came too late (E-12, E-29); the
                                       pool's 8 KiB are not booked */
    uint32_t pools_made, pool_free; /* worker: pools, the stack of those that
                                       are free, … */
    uint32_t pool_held;     /* … the one its listener waits with (M-25) */
    simtime_t died;         /* when it exited */
    struct sim_timer timer; /* retry of thread creation (W-3) */
    struct lane *lanes;     /* async: its own queues, by WAIT_KEEPALIVE … */
    struct lane *keepalive; /* of connections that hold a thread */
};

/* One process slot of the scoreboard. */
struct pslot {
    uint32_t child; /* NONE = empty */
};

/* ---- kernel ---- */

struct listener {
    uint32_t head, tail, len;  /* accept queue, through conn links */
    uint32_t half_open, young; /* young: no time-out yet (K-4) */
    int port;
    bool tls, defer, open;
};

/* One set of listening sockets (C-40) with its waiters: threads for prefork,
 * processes for worker, by number, first come first served (K-8, C-27); for
 * event the processes that listen, in the order in which they began (E-29). */
struct bucket {
    struct listener l[SETTINGS_MAX_LISTEN];
    int nl;
    uint32_t wait_head, wait_tail, waiters;
    uint32_t pod_head, pod_tail; /* worker, event: pipe readers */
    uint32_t pod_bytes;
    int rate;        /* idle spawn rate */
    bool poll;       /* a HOOK_PENDING waits */
    simtime_t woken; /* event: when its pollers last were, … */
    uint32_t won;    /* … and who was first (E-29) */
};

/* Hooks wait here until the current one returns: no verb calls back. */
enum hook_kind {
    HOOK_IDLE,     /* thread */
    HOOK_ACCEPTED, /* waiter, conn */
    HOOK_PENDING,  /* bucket */
    HOOK_READABLE, /* conn */
    HOOK_RESPONSE, /* thread, conn */
    HOOK_CRASH,    /* thread (C-47) */
    HOOK_OOM       /* no more memory (H-1) */
};
struct hook {
    uint8_t kind;
    uint32_t a, b;
};

enum parent_phase {
    PARENT_STARTING, /* before "resuming normal operations" */
    PARENT_SLEEPING,
    PARENT_FORKING,
    PARENT_REREADING, /* reads its configuration again */
    PARENT_LADDER,    /* waits for children that were told to end (C-23) */
    PARENT_STOPPING,  /* graceful stop: looks once a second (C-22) */
    PARENT_ENDED
};

/* How a child is told to end. */
enum stop_kind {
    STOP_GRACEFUL, /* finish what is in progress */
    STOP_NOW,      /* shut sockets; only running handlers go on (C-23) */
    STOP_KILL      /* SIGKILL */
};

struct parent {
    struct sim_timer timer;
    enum parent_phase phase;
    uint32_t *todo; /* slots to fork, in order */
    uint32_t ntodo, done, cap;
    uint32_t *zombies;
    uint32_t nzombies, zcap;
    bool limit_logged, near_logged;        /* once per server lifetime */
    int hold_off;                          /* C-20 */
    uint32_t next_bucket;                  /* whose pipe gets the next kill */
    int64_t active_daemons, total_daemons; /* E-2 */
    uint32_t generation;
    bool running;
    int signal;         /* enum action_kind that came in, or -1 */
    int action;         /* the one being carried out, or -1 */
    uint32_t remaining; /* children to start after a graceful restart */
    uint32_t crashes;   /* replaced at once since the last timeout (C-12) */
    uint32_t step;      /* of the ladder */
    simtime_t since, deadline;
    int64_t old_generation; /* slots with a child of an earlier one */
};

/* Who waits in keep-alive holding a thread: one queue for each
 * KeepAliveTimeout there has been, since a child keeps the one it began with
 * (C-21). */
struct ka_queue {
    struct lane lane;
    struct ka_queue *before;
};

struct backends; /* backend.c */

struct population {
    const struct net_client *c;
};

struct server {
    struct sim *sim;
    struct server_conf conf;
    const struct settings *set; /* &conf.settings */
    struct settings next;       /* read at the restart that comes next */
    bool has_next;
    const struct mpm_model *model;
    const struct observer *obs;
    struct cpu *cpu;
    struct backends *backends;
    struct rng race, buckets_rng, clog_rng, crash_rng;
    simtime_t timer_phase; /* where the grid of K-20 lies */

    struct pool conns, txns, children, links;
    struct thread *threads;
    uint32_t per_child; /* ThreadsPerChild as it is now */
    uint32_t width;     /* cells of a slot, threads of a block */
    uint32_t nblocks, blocks_cap, *free_blocks, nfree_blocks;
    int64_t nslots;
    struct pslot *pslots;
    uint8_t *cells;      /* enum slot_state */
    uint8_t *cell_owned; /* a live thread writes this cell */
    int64_t counts[SLOT_STATES];
    struct bucket *buckets;
    int nbuckets;
    bool use_mutex; /* C-26 */
    bool mod_ssl;
    struct parent parent;
    struct sim_timer start;

    struct lane waits[WAITS];
    struct ka_queue *keepalive;                /* of children forked now */
    int cls_syn, cls_ack, cls_data, cls_fin;   /* at the server */
    int cls_connected, cls_answer, cls_closed; /* at the client */
    int cls_pickup;
    simtime_t half_rtt;
    struct population pops[64];
    int npops;

    struct hook *hooks; /* ring */
    uint32_t hook_head, hook_len, hook_cap;
    uint32_t npolls; /* buckets with `poll` */
    bool draining;

    struct snapshot now; /* counters kept as they change */
    int64_t tcp[TCP_CLASSES];
    int64_t queue_len, queue_peak, half_open;
    int64_t memory;          /* private bytes, parent included */
    uint16_t *arena_of_conn; /* by connection: its arena, 0 = none (M-23) */
    uint32_t tls_cap;        /* connections it has room for */
    struct flight *flights;  /* by connection: its windows (K-24) */
    uint32_t flight_cap;
    int64_t one_flight;   /* bytes of a response that leave at once */
    float window_rate;    /* bytes a second that a slow client's receive buffer
                             lets through, at most (K-24) */
    simtime_t cpu_reaped; /* of the parent and of children it has reaped */
    int64_t cpu_ticks;    /* of living children, as /proc shows them */
    int64_t live_children, zombies;
    uint32_t *condemned, ncondemned; /* prefork: the next to end comes last */
    int64_t ending;                  /* of these, that are at it (C-46) */
    bool ending_some;
    int64_t ready_gone, not_accepting_gone; /* as in struct snapshot */
    int64_t stopping, not_accepting;
    int64_t conns_total, conns_lingering, conns_writing, conns_keepalive;
    int64_t accepted, released; /* conservation */
    bool tls_seen;              /* some TLS connection has been served */
    bool oom;                   /* HOOK_OOM is waiting */
};

static inline struct conn *conn_at(const struct server *s, uint32_t id)
{
    return POOL_AT(&s->conns, id, struct conn);
}
static inline struct txn *txn_at(const struct server *s, uint32_t id)
{
    return POOL_AT(&s->txns, id, struct txn);
}
static inline struct txn *conn_txn(const struct server *s, uint32_t id)
{
    return txn_at(s, conn_at(s, id)->txn);
}
static inline struct child *child_at(const struct server *s, uint32_t id)
{
    return POOL_AT(&s->children, id, struct child);
}
static inline struct thread *thread_at(const struct server *s, uint32_t id)
{
    return &s->threads[id];
}
static inline simtime_t now_of(const struct server *s)
{
    return sim_now(s->sim);
}

#endif
