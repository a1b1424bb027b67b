/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pictures of a run. plots_write() makes DIR/plots/NAME.gp: gnuplot scripts
 * that carry their data and run alone (`gnuplot overview.gp`), the same bytes
 * on every machine. plots_draw() runs gnuplot on them, which leaves NAME.png
 * and NAME.svg beside each. Names: overview, processes, accept-queue,
 * latency-cdf, and connections when their number climbs. */
#ifndef OUTPUTS_PLOTS_H
#define OUTPUTS_PLOTS_H

#include <stdbool.h>
#include <stddef.h>

#include "outputs/hist.h"
#include "outputs/metrics.h"
#include "sim/err.h"

struct plot_server {
    const char *name;
    double worker_limit;
    const struct curve_point *curve;      /* mean of the replications */
    const struct curve_point *low, *high; /* 95 % interval, or NULL */
    size_t npoints;
    const struct hist *latency; /* merged over the replications */
};

struct plot_run {
    const char *title; /* may be NULL */
    simtime_t duration, warm_up;
    const struct plot_server *servers;
    size_t n;
};

/* Makes the folder DIR/plots if need be and writes the scripts; ERR_IO. */
bool plots_write(const char *dir, const struct plot_run *run, struct err *e);

/* Runs gnuplot on every script of DIR/plots. ERR_IO when there is none, when
 * gnuplot is missing (names the package) or fails (its first line of
 * complaint), or when a picture is not whole, the disk being full; pictures of
 * a script that fails are removed. ERR_INTERRUPTED when SIGINT or SIGTERM came
 * before all were drawn; whole pictures stay. NAME: what messages call DIR. */
bool plots_draw(const char *dir, const char *name, struct err *e);
/* The same for the scripts of FOLDER itself. */
bool plots_draw_folder(const char *folder, const char *name, struct err *e);

#endif
