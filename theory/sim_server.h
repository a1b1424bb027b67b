/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A whole simulated server as a queueing system: one of the models, Linux's
 * accept queue, a workload and the statistics of outputs/, on an ideal host
 * (no costs, no round trip). Without keep-alive and without SYN retries a pool
 * of c workers whose accept queue holds q connections is M/M/c/(c + q).
 * Figures as in theory/sim_station.h; a request that finds the accept queue
 * full is lost. */
#ifndef THEORY_SIM_SERVER_H
#define THEORY_SIM_SERVER_H

#include <stdint.h>

#include "theory/sim_station.h"

struct served {
    const char *mpm;        /* "prefork", "worker", "event" */
    const char *directives; /* lines as in httpd.conf */
    double rate;            /* poisson: requests per second; 0: closed */
    int population;         /* closed: clients */
    struct dist think;      /* closed; prepared, ns */
    struct dist service;    /* prepared, ns */
    bool cpu;               /* service is CPU time of one core, not waiting */
    double warm_up, length; /* s */
};

/* One replication; settings and workload must be valid (they are ours). */
void served_run(const struct served *sv, uint64_t seed, uint64_t replication,
                double figures[FIGURES]);

/* Batches of 20 requests at one instant, each of 10 ms, for one worker that is
 * idle again before the next batch: the n-th of a batch must be answered n x 10
 * ms later, to the nanosecond. FIG_WAIT, FIG_RESPONSE, and FIG_WRONG: answers
 * at another time. */
void served_batches_run(const char *mpm, uint64_t seed, uint64_t replication,
                        double figures[FIGURES]);

#endif
