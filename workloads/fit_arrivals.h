/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How do clients arrive? From the instants, or from the seconds, at which
 * connections begin, one of three processes: Poisson, Poisson with a rate that
 * changes in steps, or a Markov-modulated Poisson process of two states
 * (MMPP, bursts), whichever has the smallest BIC on the counts per window.
 *
 * Whether a Poisson or a renewal process is adequate shows in the index of
 * dispersion for counts (IDC, variance / mean of the counts per window: 1 for
 * Poisson at every window), the squared coefficient of variation of the
 * interarrival times (SCV: 1) and their autocorrelation at lag 1 (0).
 *
 * Memory is constant: windows are doubled when there are too many, and of the
 * interarrival times a random part is kept. */
#ifndef WORKLOADS_FIT_ARRIVALS_H
#define WORKLOADS_FIT_ARRIVALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/rng.h"
#include "sim/simtime.h"

/* Windows at most; even. */
#define FIT_WINDOWS 65536
/* Neighbouring interarrival times kept, as pairs. */
#define FIT_PAIRS 20000
/* Steps of a profile at most. */
#define FIT_STEPS 288
#define FIT_IDC   6

struct fit_counts {
    simtime_t width, last; /* of a window; of the last arrival, ns */
    uint32_t *count;       /* per window; owned */
    size_t windows, n;     /* in use; arrivals */
    bool seconds;          /* the stamps are whole seconds */
    simtime_t before[2];   /* the last two arrivals */
    simtime_t (*pair)[3];  /* three arrivals in succession; owned */
    size_t pairs, seen;
    struct rng rng;
};

/* SECONDS: only the second of an arrival is known, so interarrival times are
 * not looked at. */
void fit_counts_init(struct fit_counts *c, bool seconds);
void fit_counts_free(struct fit_counts *c);
/* The next one, T ns (not before the last) after the log's begin. */
void fit_counts_add(struct fit_counts *c, simtime_t t);

enum fit_process { FIT_POISSON, FIT_PROFILE, FIT_MMPP };

/* Windows of one length. */
struct fit_idc {
    double window;   /* s */
    double idc;      /* variance / mean of the counts */
    double residual; /* squared distances from the fitted rate / mean */
    double model;    /* what the fitted process has: of `residual` for the
                        Poisson ones (1), of `idc` for MMPP */
};

struct fit_arrivals {
    enum fit_process process;
    double rate;              /* per s, on average */
    double span;              /* s */
    size_t steps;             /* of the profile, 1: none; each span / steps */
    double factor[FIT_STEPS]; /* of the rate */
    double quiet_rate, burst_rate, quiet, burst; /* MMPP: per s; s */
    double bic[3]; /* by process; NAN: cannot be fitted */
    struct fit_idc idc[FIT_IDC];
    size_t nidc;
    bool gaps;        /* the following are known */
    double scv, lag1; /* of interarrival times */
    /* Those of the time-changed process, whose interarrival times are
     * exponential if the profile is right (not for MMPP), and D. */
    double scaled_scv, scaled_lag1, ks;
    double noise; /* of lag1 and of ks: 1.96, 1.36 / sqrt(pairs) */
};

/* Needs at least two arrivals at different times. SPAN: how long was watched,
 * ns, at least up to the last. */
void fit_arrivals(const struct fit_counts *c, simtime_t span,
                  struct fit_arrivals *out);

#endif
