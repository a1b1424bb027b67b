/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the rest of the program may hear and see of a running server. The
 * server and the clients call the functions of one struct observer; outputs/
 * implements it. snapshot is a plain copy of the counters at one instant. */
#ifndef SERVER_OBSERVE_H
#define SERVER_OBSERVE_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/simtime.h"

/* Scoreboard states in httpd's order (C-7). */
enum slot_state {
    SLOT_DEAD,
    SLOT_STARTING,
    SLOT_READY,
    SLOT_READING,
    SLOT_WRITING,
    SLOT_KEEPALIVE,
    SLOT_LOGGING,
    SLOT_DNS,
    SLOT_CLOSING,
    SLOT_GRACEFUL,
    SLOT_IDLE_KILL,
    SLOT_STATES
};

/* How a request ended, as the client saw it; names as in requests.csv. */
enum req_err {
    REQ_OK,
    REQ_HTTP, /* a status other than 200 */
    REQ_REFUSED,
    REQ_RESET,
    REQ_EOF,
    REQ_TRUNC,
    REQ_TIMEOUT,
    REQ_CLOSED,
    REQ_TLS,
    REQ_SKIPPED,
    REQ_UNFINISHED,
    REQ_GAVE_UP, /* the client lost patience */
    REQ_ERRS
};
extern const char *const req_err_name[REQ_ERRS];

/* One row of requests.csv; times SIM_NEVER when they did not happen. */
struct request_record {
    uint32_t conn, req, attempt;
    uint32_t workload;
    simtime_t t_sched, t_start, t_connected, t_tls, t_sent, t_first_byte,
        t_done, t_server_close;
    int64_t bytes;
    int16_t status;
    bool close;
    enum req_err err;
};

struct observer {
    void *ctx;
    /* A client is done with a request (any outcome except that rows of a
     * `hold` connection come once it is over). */
    void (*request)(void *ctx, const struct request_record *r);
    /* The server logged a response whose %D was D. */
    void (*logged)(void *ctx, simtime_t d);
    /* A client's connect() succeeded after D. */
    void (*connected)(void *ctx, simtime_t d);
    /* A request was due (open) or sent (closed): for `arrivals`. */
    void (*arrival)(void *ctx);
    /* httpd's error log at LogLevel info: MODULE "mpm_event", LEVEL "error",
     * CODE "AH00484", TEXT the message. Strings live for the call only. */
    void (*message)(void *ctx, simtime_t t, const char *module,
                    const char *level, const char *code, const char *text);
};

/* The state of a server at one instant: series.csv's columns. */
struct snapshot {
    int64_t processes;            /* live children */
    int64_t processes_scoreboard; /* slots with a pid, zombies included */
    int64_t threads;
    int64_t slots[SLOT_STATES];
    int64_t processes_stopping, processes_not_accepting;
    /* of slots[SLOT_READY] and processes_not_accepting, those of processes
     * that have ended and are not reaped yet: nobody is there (C-47) */
    int64_t ready_gone, not_accepting_gone;
    bool ended; /* the parent has gone: there is nothing to look at */
    bool async; /* event: the async_ columns mean something */
    int64_t async_connections, async_wait_io, async_writing, async_keepalive,
        async_closing, async_suspended;
    int64_t clients; /* connections the clients have, or are opening */
    int64_t accept_queue, syn_queue;
    int64_t established, close_wait, closing;
    int64_t overflows, drops;        /* cumulative */
    double cpu_s;                    /* cumulative */
    bool cpu_busy;                   /* no core is without work */
    int64_t rss, pss, private_dirty; /* bytes */
    int64_t accept_queue_peak;       /* since the previous snapshot */
    int64_t processes_started, processes_ended; /* cumulative */
    int64_t processes_killed; /* of these, for want of memory (H-1) */
    bool memory_full;         /* more is used than `ram` holds (H-1, H-2) */
    bool has_old_generation;  /* worker, prefork, event after restarts */
    int64_t generation, processes_old_generation;
};

#endif
