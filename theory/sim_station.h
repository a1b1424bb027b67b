/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One queueing station, made of what the simulator itself is made of: the
 * engine's clock, events and pools (sim/), its random streams and laws, and
 * for processor sharing the cores of server/cpu.c. The figures it measures are
 * held against the closed forms of theory/queues.h. */
#ifndef THEORY_SIM_STATION_H
#define THEORY_SIM_STATION_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/dist.h"

/* What one replication of a system measures; NAN where it does not. The same
 * names serve all simulations of theory/. */
enum figure {
    FIG_RATE,     /* customers served per second */
    FIG_LOST,     /* share of arrivals turned away */
    FIG_WAIT,     /* mean time before service, s */
    FIG_RESPONSE, /* mean time in the system, s */
    FIG_SQUARE,   /* mean of its square, s^2 */
    FIG_LATE,     /* share of customers who wait longer than `late` */
    FIG_P99,      /* 99 % of the times in the system are shorter, s */
    FIG_NUMBER,   /* mean number in the system */
    FIG_VARIANCE, /* variance of that number over time */
    FIG_BUSY,     /* mean number of busy servers */
    FIG_LITTLE,   /* number / (rate x response) */
    FIG_WRONG,    /* things that must not happen at all */
    FIGURES
};

struct station {
    double rate;       /* Poisson arrivals per second; 0: a closed population */
    int population;    /* of customers who think … */
    struct dist think; /* … between two services (prepared, ns) */
    struct dist service; /* prepared, ns */
    int servers;         /* 0: one for every customer */
    int room;            /* customers in the system at most; 0: no limit */
    bool shared;         /* one core of server/cpu.c serves all at once */
    double late;         /* s */
    double warm_up;      /* s; not counted */
    double length;       /* s; counted */
};

/* One replication of ST, first come first served unless shared; the streams
 * are those of (SEED, REPLICATION). */
void station_run(const struct station *st, uint64_t seed, uint64_t replication,
                 double figures[FIGURES]);

#endif
