/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/progress.h"

#include <stdio.h>
#include <unistd.h>

#define QUIET_S 2.0
#define WIDTH   30

void progress_start(struct progress *p, bool allowed)
{
    p->on = allowed && isatty(STDERR_FILENO);
    p->shown = false;
    clock_gettime(CLOCK_MONOTONIC, &p->start);
}

static double elapsed_s(const struct progress *p)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - p->start.tv_sec) +
           (double)(now.tv_nsec - p->start.tv_nsec) * 1e-9;
}

void progress_show(struct progress *p, size_t done, size_t total)
{
    double t = elapsed_s(p);
    if (!p->on || t < QUIET_S || total == 0)
        return;
    double share = (double)done / (double)total;
    char bar[WIDTH + 1];
    for (int i = 0; i < WIDTH; i++)
        bar[i] = i < (int)(share * WIDTH) ? '#' : '.';
    bar[WIDTH] = '\0';
    fprintf(stderr, "\r[%s] %3.0f %%", bar, share * 100);
    if (share > 0.02)
        fprintf(stderr, ", about %.0f s left ", t / share - t);
    fflush(stderr);
    p->shown = true;
}

void progress_end(struct progress *p)
{
    if (p->shown)
        fprintf(stderr, "\r%*s\r", WIDTH + 34, "");
    p->shown = false;
}
