/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One simulated server: host, kernel, parent, children and the MPM model that
 * drives them. This is the face shown to config/, outputs/ and cli/; clients
 * use server/net.h, models use server/mpm.h. */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include "server/backend.h"
#include "server/host.h"
#include "server/observe.h"
#include "server/settings.h"
#include "sim/sim.h"

struct mpm_model;
struct server;

enum action_kind {
    ACTION_GRACEFUL_RESTART, /* SIGUSR1 */
    ACTION_RESTART,          /* SIGHUP */
    ACTION_GRACEFUL_STOP,    /* SIGWINCH */
    ACTION_STOP,             /* SIGTERM */
    ACTION_CRASH             /* of a child: server_crash() */
};

struct server_conf {
    const char *name;
    const struct mpm_model *model;
    struct settings settings;
    struct machine machine;
    struct network network;
    simtime_t start; /* when httpd is executed */
    bool php;        /* mod_php: requests for a php_fpm backend run in the
                        child itself, and it has PHP's memory (M-21) */
    double
        clogging; /* share of connections whose filters are clogging (E-24) */
    int64_t most_threads_per_child; /* that a restart may ask for; 0: no more
                                       than now */
    const struct backend_conf *backends; /* must outlive the server */
    size_t nbackends;
    uint64_t seed, replication;
};

/* A server in S that will start at conf->start; CONF is copied, OBS must
 * outlive the server. Caller frees. */
struct server *server_new(struct sim *s, const struct server_conf *conf,
                          const struct observer *obs);
void server_free(struct server *srv);

/* Sends the parent a signal now, or has a child crash; false if there is
 * nothing it could do. */
bool server_action(struct server *srv, enum action_kind what);

/* A segmentation fault ends the child in process slot SLOT; SLOT < 0: that of
 * a thread in a handler, else any, drawn (C-47). False when there is none. */
bool server_crash(struct server *srv, int64_t slot);

/* What the configuration says when it is read next: at the restart asked for
 * after this call. *SET (copied; by settings_restart()) has the listeners,
 * limits and buckets the server has, and at most conf.most_threads_per_child
 * threads. */
void server_reconfigure(struct server *srv, const struct settings *set);

/* Copies the counters; resets the peak of the accept queue. */
void server_snapshot(struct server *srv, struct snapshot *out);

/* Checks every internal invariant (limits, counts, conservation); must(). */
void server_check(const struct server *srv);

#endif
