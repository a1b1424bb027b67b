/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Systems whose events fall on the same instants, so that the answer hangs on
 * the order in which the engine takes events of one time: that of scheduling.
 * Figures as in theory/sim_station.h. */
#ifndef THEORY_SIM_LATTICE_H
#define THEORY_SIM_LATTICE_H

#include <stdbool.h>
#include <stdint.h>

#include "theory/sim_station.h"

/* Geo/Geo/1: in each slot of 1 ms, in the order given, one arrives with
 * probability ARRIVE and the one in service leaves with probability LEAVE. */
struct lattice {
    bool departures_first;
    double arrive, leave;
    uint64_t warm_up, slots;
};

/* FIG_NUMBER: mean number behind each slot. */
void lattice_run(const struct lattice *l, uint64_t seed, uint64_t replication,
                 double figures[FIGURES]);

/* D/D/1 at a load of 1: one customer every 10 ms, service 10 ms, so that each
 * departure meets an arrival. It was scheduled first, so that nobody ever
 * waits and nobody finds another there. FIG_WAIT, FIG_RESPONSE, FIG_NUMBER;
 * FIG_LATE is the share of arrivals that find somebody. */
void lattice_ddone_run(uint64_t seed, uint64_t replication,
                       double figures[FIGURES]);

/* Some thousand events of a few instants, scheduled from random places as
 * classes, timers (armed, moved and disarmed) and lanes. FIG_WRONG counts those
 * that come out of the order of time and scheduling, or not at all, or though
 * they were disarmed. */
void lattice_ties_run(uint64_t seed, uint64_t replication,
                      double figures[FIGURES]);

#endif
