/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How much of a response the buffers at both ends take (K-15, K-19): those of
 * the server's socket and of a client that reads at a limited rate. All in
 * bytes of payload; "drained" is what the client program has read. */
#ifndef SERVER_SOCKBUF_H
#define SERVER_SOCKBUF_H

#include <stdbool.h>
#include <stdint.h>

/* The server can write when the client has drained early[i].drained, then BASE
 * and every STEP after it; by then early[i].taken, later ROOM beyond what has
 * been drained, are in the socket or gone. */
struct sockbuf {
    int nearly;
    struct {
        double drained, taken;
    } early[3];
    double room, base, step;
};

/* Bytes that the buffers of a new connection take before anybody on the other
 * side has read: they grow while the response is written, too late for a body
 * larger than this, which is set aside in the process for a moment (K-19:
 * between 180,000 and 260,000; half of the bodies of 215,000). */
#define SOCKBUF_FIRST 215000.0

/* A client with SO_RCVBUF of RCVBUF bytes and a server's send buffer that takes
 * SNDBUF; AUTO_TUNED: it grows to that as the connection goes on. FILE: the
 * body is sent from a file by the kernel. The numbers are K-19's. */
struct sockbuf sockbuf_of(double rcvbuf, double sndbuf, bool auto_tuned,
                          bool file);
/* Buffers that take CAPACITY bytes at any time and are written to when a third
 * of them is free (K-15). */
struct sockbuf sockbuf_fixed(int64_t capacity);

/* Taken when the client has drained DRAINED: by sockbuf_of() at least RCVBUF
 * from the start. */
double sockbuf_taken(const struct sockbuf *b, double drained);
/* What it must have drained before BYTES have been taken: 0 or a wake-up. */
double sockbuf_drained(const struct sockbuf *b, double bytes);
/* The first wake-up after DRAINED. */
double sockbuf_next(const struct sockbuf *b, double drained);
/* The longest way from one wake-up to the next. */
double sockbuf_longest(const struct sockbuf *b);

#endif
