/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the synthetic workloads have in common: the keys that say what a
 * request demands and what a client's link is like, and how both are drawn.
 * Every draw is a function of (stream, client, request), so that all servers
 * of a scenario meet the same requests. */
#ifndef WORKLOADS_TRAFFIC_H
#define WORKLOADS_TRAFFIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/net.h"
#include "sim/dist.h"
#include "sim/param.h"
#include "workloads/client.h"

struct traffic {
    struct dist service, cpu; /* ns */
    struct dist bytes, upload;
    struct dist patience; /* 0: without end */
    bool file;
    int64_t head;
    double tls, tls_resumed, slow_share;
    double crash;
    double down, up;       /* bytes per second, 0 = no limit */
    simtime_t from, until; /* 0 = to the end */
};

/* Rows of a parameter table for a struct traffic that lies at FIELD of T. */
/* clang-format off */
#define TRAFFIC_SERVICE_PARAMS(T, field)                                      \
    { "service", PARAM_DIST_TIME, offsetof(T, field.service), "20ms", 0, 0,   \
      NULL, "time a request waits in its handler without using CPU; the "     \
      "default is a guess, give your own" },                                  \
    { "cpu", PARAM_DIST_TIME, offsetof(T, field.cpu), "0", 0, 0, NULL,        \
      "CPU time of a request, after the wait" },                              \
    { "crash", PARAM_REAL, offsetof(T, field.crash), "0", 0, 1, NULL,         \
      "share of requests at whose end the thread crashes instead of "         \
      "answering (C-47)" }
#define TRAFFIC_BODY_PARAMS(T, field)                                         \
    { "bytes", PARAM_DIST_SIZE, offsetof(T, field.bytes), "10KiB", 0, 0,      \
      NULL, "size of a response body; the default is a guess" },              \
    { "file", PARAM_BOOL, offsetof(T, field.file), "false", 0, 0, NULL,       \
      "bodies are files (sendfile) instead of generated in memory" },         \
    { "upload", PARAM_DIST_SIZE, offsetof(T, field.upload), "0", 0, 0, NULL,  \
      "size of a request body; it takes time only where up limits the link" }
#define TRAFFIC_LINK_PARAMS(T, field)                                         \
    { "head", PARAM_SIZE, offsetof(T, field.head), "256B", 1, 65535, NULL,    \
      "size of a request head" },                                             \
    { "tls", PARAM_REAL, offsetof(T, field.tls), "0", 0, 1, NULL,             \
      "share of clients that use HTTPS" },                                    \
    { "tls_resumed", PARAM_REAL, offsetof(T, field.tls_resumed), "0", 0, 1,   \
      NULL, "share of these that resume a session of an earlier visit, each " \
      "time they connect (C-48)" },                                           \
    { "slow_share", PARAM_REAL, offsetof(T, field.slow_share), "1", 0, 1,     \
      NULL, "share of clients to which down and up apply" },                  \
    { "down", PARAM_BYTERATE, offsetof(T, field.down), "0", 0, 1e12, NULL,    \
      "slow readers: bytes per second a client reads; 0 = no limit" },        \
    { "up", PARAM_BYTERATE, offsetof(T, field.up), "0", 0, 1e12, NULL,        \
      "slow senders: bytes per second a client sends; 0 = no limit" }
#define TRAFFIC_TIME_PARAMS(T, field)                                         \
    { "from", PARAM_TIME, offsetof(T, field.from), "0", 0, 9.2e18, NULL,      \
      "when the first client connects" },                                     \
    { "until", PARAM_TIME, offsetof(T, field.until), "0", 0, 9.2e18, NULL,    \
      "no request is sent from here on; 0 = to the end of the run" },         \
    { "patience", PARAM_DIST_TIME, offsetof(T, field.patience), "0", 0, 0,    \
      NULL, "how long a client waits for a response before it gives up; 0 = " \
      "60 s, as all do" }
#define TRAFFIC_PARAMS(T, field)                                              \
    TRAFFIC_SERVICE_PARAMS(T, field),                                         \
    TRAFFIC_BODY_PARAMS(T, field),                                            \
    TRAFFIC_LINK_PARAMS(T, field),                                            \
    TRAFFIC_TIME_PARAMS(T, field)
/* clang-format on */

/* The streams of one workload in one run. */
struct traffic_streams {
    uint64_t demand, link, think, patience, crash, resumed;
    bool same;          /* every request demands the same: */
    struct demand each; /* its times and sizes */
};

/* Takes the streams and sets the workload's end. */
void traffic_start(const struct traffic *t, struct traffic_streams *s,
                   struct clients *cl);

/* Whether some client uses TLS. */
bool traffic_uses_tls(const struct traffic *t);

/* The demand of request N of CLIENT; the CLIENT's link; the pause before
 * request N, drawn from THINK. */
void traffic_demand(const struct traffic *t, const struct traffic_streams *s,
                    uint32_t client, uint32_t n, struct demand *d);
void traffic_link(const struct traffic *t, const struct traffic_streams *s,
                  uint32_t client, struct link *link);
simtime_t traffic_think(const struct dist *think,
                        const struct traffic_streams *s, uint32_t client,
                        uint32_t n);
/* How long CLIENT waits for request N, as the hook of that name. */
simtime_t traffic_patience(const struct traffic *t,
                           const struct traffic_streams *s, uint32_t client,
                           uint32_t n);
/* Uniform on [0, 1): number N of the CLIENT's own draws, N >= 2 (0 and 1 are
 * those of its link). */
double traffic_unit(const struct traffic_streams *s, uint32_t client,
                    uint32_t n);

#endif
