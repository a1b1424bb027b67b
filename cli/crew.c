/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/crew.h"

#include "cli/progress.h"
#include "sim/must.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

struct post {
    void (*work)(void *ctx);
    void *ctx;
    int done_fd; /* a thread that has no more to do writes one byte */
};

/* The engine reads the flag as a signal handler's; here a thread sets it. */
void crew_stop(struct crew *c)
{
    __atomic_store_n(&c->stop, 1, __ATOMIC_RELAXED);
}

bool crew_stopped(const struct crew *c)
{
    return __atomic_load_n(&c->stop, __ATOMIC_RELAXED) != 0;
}

size_t crew_size(int64_t threads, size_t limit)
{
    size_t n = (size_t)threads;
    if (n == 0) {
        cpu_set_t set;
        n = sched_getaffinity(0, sizeof set, &set) == 0
                ? (size_t)CPU_COUNT(&set)
                : 1;
    }
    return n < limit ? n : limit;
}

static void *run_post(void *arg)
{
    const struct post *p = arg;
    p->work(p->ctx);
    must(write(p->done_fd, "", 1) == 1);
    return NULL;
}

/* Waits until NTHREADS threads are through, hearing signals and showing
 * progress meanwhile. True when interrupted. */
static bool supervise(struct crew *c, int done_fd, int signal_fd,
                      size_t nthreads, bool allowed)
{
    bool interrupted = false;
    struct progress p;
    progress_start(&p, allowed);
    while (nthreads > 0) {
        struct pollfd fds[] = { { .fd = done_fd, .events = POLLIN },
                                { .fd = signal_fd, .events = POLLIN } };
        if (poll(fds, 2, PROGRESS_PERIOD_MS) == 0)
            progress_show(&p, atomic_load(&c->steps), c->total);
        char byte;
        if (fds[0].revents & POLLIN && read(done_fd, &byte, 1) == 1)
            nthreads--;
        struct signalfd_siginfo info;
        if (fds[1].revents & POLLIN &&
            read(signal_fd, &info, sizeof info) == sizeof info) {
            interrupted = true;
            crew_stop(c);
        }
    }
    progress_end(&p);
    return interrupted;
}

static void signals_heard(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
}

void crew_hold_signals(void)
{
    sigset_t set;
    signals_heard(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

bool crew_heard_signal(void)
{
    const struct timespec now = { 0, 0 };
    sigset_t set;
    bool heard = false;
    signals_heard(&set);
    while (sigtimedwait(&set, NULL, &now) > 0)
        heard = true;
    return heard;
}

/* Fewer threads if the system gives no more; at worst the caller's own. */
bool crew_work(struct crew *c, int64_t threads, size_t limit, bool progress,
               void (*work)(void *ctx), void *ctx)
{
    sigset_t set, old;
    signals_heard(&set);
    pthread_sigmask(SIG_BLOCK, &set, &old);
    int signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
    int done[2];
    must(signal_fd >= 0 && pipe(done) == 0);
    struct post post = { .work = work, .ctx = ctx, .done_fd = done[1] };
    size_t want = crew_size(threads, limit), n = 0;
    pthread_t *thread = must_zalloc(want, sizeof *thread);
    while (n < want && pthread_create(&thread[n], NULL, run_post, &post) == 0)
        n++;
    if (n == 0)
        run_post(&post);
    bool interrupted =
        supervise(c, done[0], signal_fd, n > 0 ? n : 1, progress);
    for (size_t i = 0; i < n; i++)
        pthread_join(thread[i], NULL);
    free(thread);
    close(signal_fd);
    close(done[0]);
    close(done[1]);
    /* a signal that came too late to stop anything is dropped here */
    interrupted = crew_heard_signal() || interrupted;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return interrupted;
}
