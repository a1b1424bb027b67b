/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Threads that share one heap of work until nothing is left of it, with the
 * calling thread as their supervisor: it hears SIGINT and SIGTERM, which end
 * the work cleanly, and shows progress. Nothing that is computed depends on
 * the number of threads as long as results are kept by the number of their
 * job. */
#ifndef CLI_CREW_H
#define CLI_CREW_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct crew {
    volatile sig_atomic_t stop; /* work is to end; given to sim_run() */
    atomic_size_t steps;        /* done so far, for the line of progress */
    size_t total;               /* steps in all */
};

/* WORK is called once in each of at most THREADS (0 = one per core this
 * process may use) and LIMIT threads; it returns when there is nothing left
 * or crew_stopped(). Returns whether a signal arrived meanwhile. PROGRESS:
 * may be shown. C starts zeroed but for `total`. */
bool crew_work(struct crew *c, int64_t threads, size_t limit, bool progress,
               void (*work)(void *ctx), void *ctx);

/* Holds SIGINT and SIGTERM back from here on, so that what has been made finds
 * its place whatever comes; and whether one has come since, or since the last
 * call. For the calling thread, which is the only one. */
void crew_hold_signals(void);
bool crew_heard_signal(void);

/* How many threads crew_work() would use. */
size_t crew_size(int64_t threads, size_t limit);

/* Ends the work; and whether somebody did. For the threads. */
void crew_stop(struct crew *c);
bool crew_stopped(const struct crew *c);

#endif
