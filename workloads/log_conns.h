/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which requests of a log came on the same connection.
 *
 * Exactly, where the log tells: by the connection's own number ($connection,
 * %{c}L), or by %k, the number of requests before this one, among those of
 * the client (told apart by its port and by the server's process where these
 * are logged). Else it is an estimate: a client's request comes on the
 * connection it used last that is not busy and was used not longer ago than
 * KeepAliveTimeout.
 *
 * The log is read only so far ahead as is needed to tell whether a connection
 * carries another request: memory follows the connections open at once. */
#ifndef WORKLOADS_LOG_CONNS_H
#define WORKLOADS_LOG_CONNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "workloads/log_file.h"

struct log_conns_opts {
    simtime_t keepalive_gap; /* longest gap between requests of a connection */
    simtime_t linger; /* a connection left open keeps its thread so long */
    simtime_t busy; /* a request without a service time keeps its connection */
};

struct log_conns;

/* Those of F from its beginning; *E as for log_reader_new(). */
struct log_conns *log_conns_new(const struct log_file *f,
                                const struct log_conns_opts *o, struct err *e);
void log_conns_free(struct log_conns *c);

/* Do the fields of F tell connections exactly? */
bool log_conns_exact(const struct log_file *f);

/* How many connections F makes; reads it from end to end. */
uint32_t log_conns_total(const struct log_file *f,
                         const struct log_conns_opts *o);

/* The next connection, numbered 0, 1, … in the order of first requests, if it
 * begins before or at T: its time in *AT. False when there is none; *AT is
 * then when to ask again, or SIM_NEVER. */
bool log_conns_next(struct log_conns *c, simtime_t t, uint32_t *number,
                    simtime_t *at);
/* Request N of connection NUMBER, or NULL when it has no such one. Those
 * before N are forgotten. */
const struct log_item *log_conns_request(struct log_conns *c, uint32_t number,
                                         uint32_t n);
/* Whether the client may have left it open at its end: its protocol lets it,
 * it was not closed by %X, and its thread, if that is logged, served nobody
 * else for the time that it would have waited. */
bool log_conns_persistent(const struct log_conns *c, uint32_t number);
/* Its first request is known to have used HTTPS. */
bool log_conns_tls(const struct log_conns *c, uint32_t number);
/* Nothing more will be asked about the connection. */
void log_conns_ended(struct log_conns *c, uint32_t number);

/* Connections so far; requests read so far; bytes held. */
uint32_t log_conns_count(const struct log_conns *c);
size_t log_conns_requests(const struct log_conns *c);
size_t log_conns_bytes(const struct log_conns *c);

#endif
