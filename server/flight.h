/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The round trips of a response to a client that reads as fast as it can
 * (K-24). Only for responses of more than s->one_flight bytes: smaller ones
 * leave at once, whatever was before. */
#ifndef SERVER_FLIGHT_H
#define SERVER_FLIGHT_H

#include "sim/simtime.h"

#include <stdint.h>

struct server;

struct flights {
    uint32_t enough, taken; /* round trips until the server's socket has taken
                               ENOUGH bytes, all of them, … */
    uint32_t read;          /* … and until the last leaves for the client */
};

/* Up to this round trip client and server are taken to be on one machine, where
 * K-19 was recorded: the send buffer then grows to tcp_wmem_default. */
#define LOOPBACK (100 * SIM_US)

/* Segments of a new connection's window (include/net/tcp.h: TCP_INIT_CWND),
 * what the send buffer has for each (tcp_input.c: tcp_sndbuf_expand), and what
 * a new connection's therefore takes at once: room for two such windows, in
 * bytes. */
#define FLIGHT_CWND    10
#define FLIGHT_SEGMENT 2304.0
#define FLIGHT_FIRST   (2 * FLIGHT_CWND * FLIGHT_SEGMENT)

void flight_init(struct server *s);
void flight_free(struct server *s);
/* A new connection has this number. */
void flight_forget(struct server *s, uint32_t conn);
/* CONN sends a small response. That its window may grow a little, too, is
 * passed over: a small response after it goes out at once all the same. */
void flight_small(struct server *s, uint32_t conn);
/* To how many bytes the send buffer grows when the client never lets more than
 * WINDOW be under way: the congestion window doubles as long as half of it is
 * used. */
double flight_buffer(const struct server *s, double window);
/* CONN sends OUT bytes, now: tells how long that takes, and remembers. ENOUGH
 * <= OUT. */
struct flights flight_send(struct server *s, uint32_t conn, int64_t out,
                           int64_t enough);

/* How long the socket would take for OUT bytes from NOW on: a guess, nothing is
 * sent. */
simtime_t flight_hold(const struct server *s, uint32_t conn, int64_t out,
                      simtime_t now);

#endif
