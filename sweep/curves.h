/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pictures of a sweep: one per metric, a curve per server over one of the
 * factors, with the 95 % interval as a band where there are replications. The
 * other factors' combinations get a panel each, with the same axes. Written as
 * gnuplot scripts that carry their data and run alone; plots_draw() of
 * outputs/plots.h draws them. */
#ifndef SWEEP_CURVES_H
#define SWEEP_CURVES_H

#include "sweep/study.h"

/* More panels than this are not drawn. */
#define CURVES_PANELS 12

/* The factor that makes the best x axis: the one with the most choices, those
 * that are numbers first. */
size_t curves_axis(const struct points *p);

/* Makes the folder DIR/plots if need be and writes a script for every metric
 * that some point has, over factor X. *PANELS: how many combinations of the
 * other factors there are. ERR_IO. */
bool curves_write(const char *dir, const struct study *s, size_t x,
                  size_t *panels, struct err *e);

#endif
