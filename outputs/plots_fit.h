/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The picture of a workload that was fitted to a log: arrivals over time with
 * the fitted rate, and for each kind of number its distribution function and
 * what is above it, sample against law. One script, FOLDER/fit.gp, that
 * carries its data and leaves fit.png and fit.svg. */
#ifndef OUTPUTS_PLOTS_FIT_H
#define OUTPUTS_PLOTS_FIT_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/err.h"

/* A sample, sorted, and the law that stands for it. */
struct plot_fit_sample {
    const char *title, *label; /* "Service time"; of the x axis */
    const char *law;           /* its name in the key, if there is a cdf */
    const double *v;
    size_t n;
    double unit; /* of v in seconds; 0: bytes */
    /* P(X <= x); NULL: the sample is its own law. */
    double (*cdf)(const void *law, double x);
    const void *ctx;
};

struct plot_fit {
    const char *title;
    /* arrivals per second in so many windows of so many seconds */
    const double *arrivals;
    size_t windows;
    double window;
    const char *process; /* its name in the key; NULL: not fitted */
    /* the fitted rate, per s, in so many steps of equal length */
    const double *rate;
    size_t steps;
    double quiet, burst; /* rates of an MMPP, else 0 */
    const struct plot_fit_sample *sample;
    size_t samples;
};

/* Makes FOLDER if need be and writes the script; ERR_IO. */
bool plots_fit_write(const char *folder, const struct plot_fit *p,
                     struct err *e);

#endif
