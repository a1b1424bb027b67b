/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The client's end of the simulated network: connect, send a request, close,
 * and what the client hears back. Times already include the network: a
 * callback happens at the instant the client's program would see it.
 *
 * A client is known by a 24-bit id of its owner's choosing; a connection by
 * the 24-bit id net_connect() returns. After on_failed(), after net_close(),
 * and after on_server_close() the connection id is void. */
#ifndef SERVER_NET_H
#define SERVER_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "server/observe.h"
#include "sim/simtime.h"

struct server;

#define NET_NONE UINT32_MAX

/* What one request asks of the server, drawn by the workload when the client
 * makes it. */
struct demand {
    simtime_t sleep; /* the handler waits, without CPU */
    simtime_t cpu;   /* then burns CPU */
    int64_t bytes;   /* response body */
    int64_t body;    /* request body (upload), 0 = none */
    uint16_t head;   /* bytes of the request head (traces: 256) */
    bool file;       /* body is file-backed (sendfile), else from memory */
    bool to_log;     /* SLEEP ends when the response is logged: what writing it
                        takes is part of it (C-45, K-24) */
    bool crash;      /* the thread dies of it instead of answering (C-47) */
    uint8_t backend; /* 0 = served by httpd itself, else backend number */
};

/* Properties of a client's link, fixed for a connection. 0 = no limit. */
struct link {
    float down, up; /* bytes per second the client reads and sends */
    bool tls;
    bool resumed;     /* its TLS handshake resumes a session */
    bool ignores_fin; /* a silent peer: never answers the server's FIN */
};

enum net_end { NET_FIN, NET_RST };

/* One per kind of client population; all functions are required. CLIENT is
 * the id given to net_connect(). */
struct net_client {
    void *ctx;
    void (*on_connected)(void *ctx, uint32_t client);
    void (*on_tls)(void *ctx, uint32_t client);
    /* connect() failed: REQ_REFUSED (RST), or REQ_TIMEOUT when all SYN
     * retries went unanswered */
    void (*on_failed)(void *ctx, uint32_t client, enum req_err why);
    void (*on_first_byte)(void *ctx, uint32_t client);
    /* the last byte of the response has been read by the client program */
    void (*on_response)(void *ctx, uint32_t client, int status, bool close,
                        int64_t bytes);
    /* FIN or RST from the server, seen by the client program after everything
     * sent before it has been read; BYTES of body read in an unfinished
     * response, -1 when no byte of a response has come */
    void (*on_server_close)(void *ctx, uint32_t client, enum net_end how,
                            int64_t bytes);
};

/* Registers a population of clients; returns its number. C must outlive the
 * server. */
int net_register(struct server *s, const struct net_client *c);

/* connect() now; on_connected() follows (TLS: then on_tls()), or on_failed().
 */
uint32_t net_connect(struct server *s, int population, uint32_t client,
                     const struct link *link);

/* Sends a request on an established (and TLS-ready) connection that has no
 * request in progress. D is copied. */
void net_send(struct server *s, uint32_t conn, const struct demand *d);

/* close() now, at any time, also before on_connected(). */
void net_close(struct server *s, uint32_t conn);

#endif
