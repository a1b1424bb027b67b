/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which closed form a scenario's server qualifies for, if any: what `run`
 * prints beside the simulation. */
#ifndef THEORY_BESIDE_H
#define THEORY_BESIDE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/scenario.h"
#include "theory/queues.h"

struct beside {
    char system[48];              /* "M/M/8/520" */
    struct queue_figures figures; /* response: as the client sees it */
    double neglected; /* s of a request that the closed form leaves out */
    bool queue;       /* the closed form speaks of lost and waiting requests */
};

/* True when server I of SC is, up to BESIDE_NEGLECT of the mean service, a
 * system with a closed form: one Poisson workload of one request a connection,
 * a pool that is whole from the start and stays, nothing but waiting or nothing
 * but CPU time of one core in a request. */
#define BESIDE_NEGLECT 0.02
bool beside_find(const struct scenario *sc, size_t i, struct beside *b);

#endif
