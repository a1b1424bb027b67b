/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The whole simulator for the benchmarks `keepalive` and `c10m`: an event MPM
 * of 16 x 100 threads that keeps connections open for 300 s, one synthetic
 * workload, and the statistics of every run. The machine is the default one
 * except for what would limit it: CPU costs are 0 (a request waits 1 ms and
 * burns nothing), and memory and descriptors are without a limit.
 *
 * Order of calls: whole_open, the workload's keys, whole_run, whole_close. */
#ifndef BENCH_WHOLE_H
#define BENCH_WHOLE_H

#include "outputs/summary.h"
#include "sim/dist.h"
#include "sim/simtime.h"

#include <stdint.h>

struct whole;

/* WORKLOAD is the type of the workload, CLIENTS how many it has, each of which
 * begins at an equal distance from the one before within SPREAD. The server is
 * up before they come. END is the end of the run. Caller closes. */
struct whole *whole_open(const char *workload, uint64_t clients,
                         simtime_t spread, simtime_t end, uint64_t seed);
/* A law of the workload, by its key. */
void whole_law(struct whole *w, const char *key, struct dist law);
/* Runs to the end, fills *OUT and returns how many seconds that took, set-up
 * not counted. */
double whole_run(struct whole *w, struct summary *out);
/* Events handled. */
uint64_t whole_events(const struct whole *w);
void whole_close(struct whole *w);

#endif
