/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A picture of a simulated server with a recording of a real one over it:
 * processes, busy workers, connections, accept queue, private memory and the
 * distribution of latencies, each where both have it. */
#ifndef OUTPUTS_OVERLAY_H
#define OUTPUTS_OVERLAY_H

#include "outputs/recording.h"
#include "sim/err.h"

struct overlay {
    const char *server; /* of the run */
    const char *title;  /* of the recording; may be NULL */
    const struct recording *run, *recording;
    double duration_s; /* from 0; 0 = until the recording ends */
};

/* Writes DIR/plots/recording-SERVER.gp, a script that runs alone and that
 * plots_draw() draws; makes the folder if need be. ERR_IO. */
bool overlay_write(const char *dir, const struct overlay *o, struct err *e);

#endif
