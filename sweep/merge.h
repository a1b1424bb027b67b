/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shards of a sweep, put together. They may come from any machine, in any
 * order and more than once, as long as program, scenario and plan are the
 * same. */
#ifndef SWEEP_MERGE_H
#define SWEEP_MERGE_H

#include "sweep/journal.h"

struct merge {
    struct arena *arena;
    struct points points;
    const char *const *dirs;
    size_t ndirs;
};

/* Looks at the N folders DIRS (kept). ERR_USAGE: not the folder of a sweep.
 * ERR_CONTENT: they are of different sweeps (says what differs), a point is in
 * none of them, or two of them have it differently. On error M is closed. */
bool merge_open(struct merge *m, const char *const *dirs, size_t n,
                struct err *e);
void merge_close(struct merge *m);

/* Copies all points into J. ERR_IO. */
bool merge_copy(const struct merge *m, const struct journal *j, struct err *e);

#endif
