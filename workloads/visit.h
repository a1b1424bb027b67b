/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Clients that come, send a few requests over their connection with pauses in
 * between, and leave; a share of them leaves the connection open instead and
 * waits for the server to close it. What the workloads with open arrivals have
 * in common: they differ in when the next client comes.
 *
 * A workload's conf begins with a struct visit_conf and its state with a
 * struct visit_state; the hooks below are then its own. */
#ifndef WORKLOADS_VISIT_H
#define WORKLOADS_VISIT_H

#include "workloads/traffic.h"
#include "workloads/workload.h"

struct visit_conf {
    struct traffic traffic;
    struct dist requests, think;
    double hold;
};

struct visit_state {
    struct traffic_streams streams;
    uint64_t requests;
};

/* clang-format off */
#define VISIT_PARAMS(T, field)                                                \
    { "requests_per_connection", PARAM_DIST_REAL,                             \
      offsetof(T, field.requests), "1", 0, 0, NULL,                           \
      "requests of a client, rounded, at least 1" },                          \
    { "think", PARAM_DIST_TIME, offsetof(T, field.think), "1s", 0, 0, NULL,   \
      "pause between a response and the client's next request" },             \
    { "hold", PARAM_REAL, offsetof(T, field.hold), "0", 0, 1, NULL,           \
      "share of clients that leave their connection open after the last "     \
      "response, until the server closes it" },                               \
    TRAFFIC_PARAMS(T, field.traffic)
/* clang-format on */

void visit_start(const struct visit_conf *c, struct visit_state *s,
                 struct clients *cl);
bool visit_uses_tls(const void *conf, const void *shared);
void visit_link(void *state, const void *conf, const void *shared,
                uint32_t client, struct link *link);
bool visit_next(void *state, const void *conf, const void *shared,
                uint32_t client, uint32_t n, struct demand *d,
                simtime_t *think);
simtime_t visit_patience(void *state, const void *conf, const void *shared,
                         uint32_t client, uint32_t n);
bool visit_hold(void *state, const void *conf, const void *shared,
                uint32_t client);

#endif
