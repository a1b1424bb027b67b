/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The clients that all workloads feed. A workload says when a client connects
 * and what it asks for (workload.h); how a client behaves is written here
 * once, and it is how the program behaves that made the recordings:
 *
 *  - a request times out 60 s after connect() on a new connection, else after
 *    it was sent;
 *  - a kept-alive connection that the server closed before any byte of the
 *    response gives a row `closed`, and the request is repeated once, as
 *    attempt 1, on a new connection. A close while the client thinks is
 *    noticed only when the next request is due;
 *  - after a response with `Connection: close` the client closes, and its next
 *    request opens a new connection when it is due (attempt 0);
 *  - after its last response the client closes, unless it holds: then the
 *    connection stays idle until the server closes it. The row of a fixed
 *    list's last request waits for that and says when it was; for other
 *    workloads it comes with the response, and the idle client costs no more
 *    than any other;
 *  - a client of limited patience closes the connection when it is over
 *    (`gave_up`);
 *  - any other failure, and any status but 200, closes the connection. Of a
 *    workload that is a fixed list (trace) the client ends there and its other
 *    requests become `skipped` rows. Clients of all other workloads go on:
 *    they think, and send their next request on a new connection.
 *
 * All workloads of a run share one population: clients are told apart by
 * 24-bit ids, given out in chunks, each chunk to one workload. An idle client
 * costs 16 bytes (20 where ids are used again): its connection, the number of
 * its request, and when that is due. What a request in progress needs lies in
 * a pool and goes back when the response is complete. An idle client whose
 * connection the server has closed costs 16 bytes more until its request is
 * due. Memory grows with the largest number of clients, never with time.
 *
 * Nothing in server/net.h may call back from inside net_connect(), net_send()
 * or net_close(). */
#ifndef WORKLOADS_CLIENT_H
#define WORKLOADS_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "sim/rng.h"
#include "workloads/workload.h"

/* The client's patience with one request. */
#define CLIENT_TIMEOUT (60 * SIM_S)

struct population; /* all clients of a run */
struct clients;    /* those of one workload */

/* Clients in S that talk to SRV; OBS and SRV must outlive it. END is the end
 * of the run. Caller frees. */
struct population *population_new(struct sim *s, struct server *srv,
                                  const struct observer *obs, simtime_t end);
/* Reports what is in progress: `unfinished` rows, and held connections as they
 * are, by workload and connection. The clients are gone afterwards. */
void population_finish(struct population *p);
/* As workloads_failed(). */
bool population_failed(const struct population *p, struct err *e);
void population_free(struct population *p);
/* Bytes held; clients alive. */
size_t population_bytes(const struct population *p);
size_t population_live(const struct population *p);

/* The clients of workload W, number INDEX in the scenario, in P, which frees
 * them. W must outlive P. */
struct clients *clients_new(struct population *p, const struct workload_conf *w,
                            uint32_t index, uint64_t seed,
                            uint64_t replication);
/* Calls the workload's start(), then begins to ask its arrive(). */
void clients_start(struct clients *cl);

/* Adds client KEY (the CLIENT of the workload's hooks), who connects at time
 * AT >= now. Keys need not be in order; one key may be alive only once.
 * Returns its id, or CLIENTS_NONE when AT is too late. */
#define CLIENTS_NONE UINT32_MAX
uint32_t clients_add(struct clients *cl, uint32_t key, simtime_t at);
/* The client ID holds its connection and has nothing to send: next() said so
 * and hold() kept it. It sends its next request at AT >= now after all. False
 * when AT is too late: it holds on. */
bool clients_wake(struct clients *cl, uint32_t id, simtime_t at);

/* For start() and the hooks: the engine, the end of the run, and a number from
 * which rng_at() makes the draws of PURPOSE, the same for every server. */
struct sim *clients_sim(const struct clients *cl);
simtime_t clients_end(const struct clients *cl);
uint64_t clients_base(const struct clients *cl, const char *purpose);
void clients_stream(const struct clients *cl, const char *purpose,
                    struct rng *r);

/* No request becomes due at T or later: a client whose next one would closes
 * its connection instead. Default: never. */
void clients_until(struct clients *cl, simtime_t t);

/* None of its clients gives up before the time-out: the hook `patience` is not
 * asked. */
void clients_patient(struct clients *cl);

#endif
