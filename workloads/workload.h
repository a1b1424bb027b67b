/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Workloads: where the requests come from. A workload is one .c file that
 * defines a `const struct workload` and one line in workloads.def. All
 * clients behave as groundtruth's driver does (client.c): a workload only
 * says when connections start and which requests they carry.
 *
 * Every server of a scenario meets exactly the same requests: all draws come
 * from named streams or from (client, request) numbers, never from the order
 * in which the server happened to answer. */
#ifndef WORKLOADS_WORKLOAD_H
#define WORKLOADS_WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/net.h"
#include "server/server.h"
#include "sim/arena.h"
#include "sim/err.h"
#include "sim/param.h"
#include "sim/sim.h"

struct clients; /* workloads/client.h: the population this workload feeds */

struct workload {
    const char *name;    /* the scenario's "type" */
    const char *summary; /* one line for `mpmsim list` */
    const struct param *params; /* of conf; NULL-name terminated */
    size_t conf_size;

    /* Reads the files CONF names, once per scenario, before any run: fills
     * *SHARED (memory from A), which all runs then read. Remarks for the
     * user's terminal (assumptions, bad lines) are added by NOTE. LENIENT:
     * accept more than 5 % bad log lines. May be NULL. */
    bool (*load)(const void *conf, struct arena *a, bool lenient,
                 void (*note)(void *ctx, const char *text), void *note_ctx,
                 void **shared, struct err *e);

    /* Whether some connection uses TLS. */
    bool (*uses_tls)(const void *conf, const void *shared);

    /* Bytes of per-run state; start() schedules the first connections. */
    size_t state_size;
    void (*start)(void *state, const void *conf, const void *shared,
                  struct clients *cl);

    /* The next request of CLIENT, number N (0, 1, …) on this client: fills
     * *D and *THINK, the pause before it is sent (for N = 0: after the
     * connection or handshake). Returns false when the client has no further
     * request. Called when the previous response is complete. */
    bool (*next)(void *state, const void *conf, const void *shared,
                 uint32_t client, uint32_t n, struct demand *d,
                 simtime_t *think);

    /* After its last request: keep the connection idle until the server
     * closes it? May be NULL (false). */
    bool (*hold)(const void *conf, const void *shared, uint32_t client);

    /* The client has ended (normally or by an error). May be NULL. */
    void (*ended)(void *state, const void *conf, const void *shared,
                  struct clients *cl, uint32_t client);

    void (*stop)(void *state); /* frees what start() got; may be NULL */
};

extern const struct workload *const workload_table[]; /* NULL-terminated */
const struct workload *workload_find(const char *name);

/* One configured workload of a scenario. */
struct workload_conf {
    const char *name; /* the scenario's "name", default the type */
    const struct workload *type;
    void *conf;   /* type->conf_size bytes */
    void *shared; /* by load() */
};

/* Starts all workloads of a scenario against SRV. REQUESTS_FROM .. are the
 * observer's; SEED and REPLICATION name the random streams; END is the end of
 * the run. The result is freed by workloads_free(). */
struct workloads;
struct workloads *workloads_start(struct sim *s, struct server *srv,
                                  const struct workload_conf *w, size_t n,
                                  const struct observer *obs, uint64_t seed,
                                  uint64_t replication, simtime_t end);
/* At the end of the run: reports every connection still busy as one
 * `unfinished` record and held ones as they are, in connection order. */
void workloads_finish(struct workloads *w);
void workloads_free(struct workloads *w);

#endif
