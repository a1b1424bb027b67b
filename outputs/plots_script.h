/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pieces that all gnuplot scripts of a run are made of: the palette, the
 * terminals, axes and the key. */
#ifndef OUTPUTS_PLOTS_SCRIPT_H
#define OUTPUTS_PLOTS_SCRIPT_H

#include "outputs/plots.h"
#include "outputs/sink.h"

/* The colour of server number I, "#rrggbb". */
const char *script_colour(size_t i);
/* TEXT in single quotes, as gnuplot reads them. */
void script_quoted(struct sink *s, const char *text);
/* A number of a data block; NaN for missing. */
void script_number(struct sink *s, double v);
/* The opening comment: what picture NAME shows. */
void script_preamble(struct sink *s, const char *name, const char *what);
/* Line styles 1 … n of the servers, n + 1 … 2n thinner. */
void script_styles(struct sink *s, const struct plot_run *run);
/* The loop that draws everything between for PNG and SVG. */
void script_open(struct sink *s, const char *name, int width, int height,
                 int font);
void script_close(struct sink *s);
/* A y axis from 0 to a little over MAX. */
void script_linear_axis(struct sink *s, const char *label, double max);
/* A logarithmic axis of durations, whole decades round MIN … MAX. */
void script_log_axis(struct sink *s, char axis, const char *label, double min,
                     double max);
/* The key of all panels of a multiplot: a plot without axes below them. */
void script_key(struct sink *s, const struct plot_run *run);

/* plots_climb.c: throughput, p99 and memory against the number of client
 * connections. Worth drawing only when that number climbs. */
bool climb_applies(const struct plot_run *run);
void climb_write(struct sink *s, const struct plot_run *run, const char *name);

#endif
