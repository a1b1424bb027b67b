/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One line of progress on stderr, for people: only on a terminal and only
 * when the work lasts longer than two seconds. The one place that looks at
 * the wall clock. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#define PROGRESS_PERIOD_MS 250

struct progress {
    bool on, shown;
    struct timespec start;
};

/* ALLOWED: false keeps silent (-q). */
void progress_start(struct progress *p, bool allowed);
/* DONE of TOTAL steps are behind us. */
void progress_show(struct progress *p, size_t done, size_t total);
/* Wipes the line. */
void progress_end(struct progress *p);

#endif
