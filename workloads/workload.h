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

/* Bytes of a request head, where a workload does not say. */
#define DEMAND_HEAD 256

struct clients; /* workloads/client.h: the population this workload feeds */

struct workload {
    const char *name;           /* the scenario's "type" */
    const char *summary;        /* one line for `mpmsim list` */
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

    /* When client number K connects: called for K = 0, 1, … in turn, once
     * each, with times that never decrease; SIM_NEVER ends it. NULL when
     * start() adds its clients by clients_add(). */
    simtime_t (*arrive)(void *state, const void *conf, const void *shared,
                        uint32_t k);

    /* The link of CLIENT: fills *LINK (zeroed before), the same at each call.
     * NULL: no limits, no TLS. */
    void (*link)(void *state, const void *conf, const void *shared,
                 uint32_t client, struct link *link);

    /* The next request of CLIENT, number N (0, 1, …) on this client: fills
     * *D (zeroed before, a head of DEMAND_HEAD) and *THINK, the pause before it
     * is sent (for N = 0: after the connection or handshake; SIM_NEVER: the
     * client stays idle for good). Returns false when the client has no
     * further request. *THINK is asked when the previous response is complete,
     * *D when the request is sent: the other pointer is NULL then, and *D must
     * be the same at each call for the same CLIENT and N. */
    bool (*next)(void *state, const void *conf, const void *shared,
                 uint32_t client, uint32_t n, struct demand *d,
                 simtime_t *think);

    /* Is request N > 0 to be sent on a new connection, the old one closed
     * when response N - 1 is complete? May be NULL (false). */
    bool (*reconnect)(void *state, const void *conf, const void *shared,
                      uint32_t client, uint32_t n);

    /* After its last request: keep the connection idle until the server
     * closes it? May be NULL (false). */
    bool (*hold)(void *state, const void *conf, const void *shared,
                 uint32_t client);

    /* How long CLIENT waits for the response to request N, from its connect()
     * or, on a kept connection, from sending, before it gives up; SIM_NEVER:
     * only by the time-out that all clients have. NULL: never. */
    simtime_t (*patience)(void *state, const void *conf, const void *shared,
                          uint32_t client, uint32_t n);

    /* The connection number shown in requests.csv; NULL: the client's. */
    uint32_t (*number)(const void *conf, const void *shared, uint32_t client);

    /* The requests are a fixed list (a trace): an error ends the client, its
     * further requests are reported as `skipped`, and clients due after the
     * end as `unfinished`. When false, an error costs the connection and the
     * client goes on with its next request on a new one. */
    bool fixed_list;

    /* An idle client notices at once that the server has closed its
     * connection, as browsers do: its next request goes over a new one. When
     * false, the request finds out, and is repeated. */
    bool watches;

    /* The client has ended (normally or by an error). May be NULL. */
    void (*ended)(void *state, const void *conf, const void *shared,
                  struct clients *cl, uint32_t client);

    /* Whether something went wrong during the run, such as a log that could
     * not be read on: fills *E then. May be NULL. */
    bool (*failed)(const void *state, struct err *e);

    void (*stop)(void *state); /* frees what start() got; may be NULL */
};

extern const struct workload *const workload_table[]; /* NULL-terminated */
const struct workload *workload_find(const char *name);

/* One configured workload of a scenario. */
struct workload_conf {
    const char *name; /* the scenario's "name", default the type */
    const struct workload *type;
    void *conf;      /* type->conf_size bytes */
    void *shared;    /* by load() */
    uint8_t backend; /* 0 = httpd itself, else number of the backend + 1 */
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
/* Whether a workload failed during the run: what was simulated is less than
 * was asked for. Fills *E then. */
bool workloads_failed(const struct workloads *w, struct err *e);
void workloads_free(struct workloads *w);

#endif
