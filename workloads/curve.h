/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A factor that changes over time: in steps, along straight lines between
 * points, or as visitors of a web site over a day. */
#ifndef WORKLOADS_CURVE_H
#define WORKLOADS_CURVE_H

#include "sim/arena.h"
#include "sim/err.h"
#include "sim/simtime.h"

struct curve {
    size_t n;
    double *t, *f; /* ns, not decreasing, the first 0; factors */
    bool straight; /* lines between points, else steps */
    double period; /* ns after which it begins again, 0 = never */
};

/* From "0s 1, 30s 4, 1min 1"; STRAIGHT and PERIOD (0, or at least the last
 * time) as above. NULL with ERR_CONTENT (text only). From A. */
struct curve *curve_parse(const char *text, bool straight, simtime_t period,
                          struct arena *a, struct err *e);
/* A day's: least at four in the morning, most about noon and in the evening,
 * 1 on average over PERIOD. */
struct curve *curve_day(simtime_t period, struct arena *a);

/* The time T' >= T (ns) at which the area under the curve since T is AREA;
 * INFINITY when it never will be. */
double curve_area(const struct curve *c, double t, double area);

#endif
