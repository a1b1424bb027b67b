/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/runner.h"

#include "cli/progress.h"
#include "models/models.h"
#include "sim/must.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* A run is made in this many steps, between which progress is counted. */
#define STEPS 100

struct job {
    size_t server;
    uint64_t replication;
    bool ran;   /* measured, at least in part */
    bool whole; /* to the end of the scenario */
    struct err err;
};

struct runner {
    const struct scenario *sc;
    const struct runner_opts *opts;
    struct job *jobs;
    size_t njobs;
    atomic_size_t next;
    atomic_size_t steps; /* of njobs x STEPS */
    volatile sig_atomic_t stop;
    int done_fd;          /* a thread that has no more to do writes one byte */
    pthread_mutex_t lock; /* of the results while jobs run */
    struct runner_result *results;
};

/* The engine reads the flag as a signal handler's; here a thread sets it. */
static void stop_all(struct runner *r)
{
    __atomic_store_n(&r->stop, 1, __ATOMIC_RELAXED);
}

/* An action of the scenario, waiting for its time. */
struct action {
    struct server *server;
    const struct scenario_action *what;
    struct sim_timer timer;
    struct job *job;
    struct sim *sim;
};

static const char *action_name(enum action_kind k)
{
    static const char *const names[] = { "graceful_restart", "restart",
                                         "graceful_stop", "stop" };
    return names[k];
}

static void do_action(void *ctx, uint32_t id)
{
    struct action *a = (struct action *)ctx + id;
    if (server_action(a->server, a->what->what))
        return;
    err_set(&a->job->err, ERR_CONTENT,
            "actions: \"%s\" is not modelled in this version",
            action_name(a->what->what));
    sim_stop(a->sim);
}

/* One server, and the clients that meet it, in a world of their own. */
struct world {
    struct sim *sim;
    struct metrics *metrics;
    struct server *server;
    struct workloads *workloads;
    struct action *actions;
};

static bool world_open(struct world *w, const struct scenario *sc,
                       struct job *job, const char *dir)
{
    const struct scenario_server *ss = &sc->servers[job->server];
    w->sim = sim_new(EVQ_WHEEL, ss->start < 0 ? ss->start : 0);
    struct metrics_opts mo = {
        .dir = dir,
        .start = ss->start,
        .duration = sc->duration,
        .warm_up = sc->warm_up,
        .interval = sc->interval,
        .requests = sc->requests && dir != NULL,
        .worker_limit = ss->settings.max_request_workers,
        .cpus = sc->machine.cpus,
    };
    w->metrics = metrics_new(w->sim, &mo, &job->err);
    if (w->metrics == NULL)
        return false;
    static const char *const model[MPM_KINDS] = { "prefork", "worker",
                                                  "event" };
    struct server_conf conf = {
        .name = ss->name,
        .model = model_find(model[ss->mpm]),
        .settings = ss->settings,
        .machine = sc->machine,
        .network = sc->network,
        .start = ss->start,
        .clogging = ss->clogging,
        .seed = sc->seed,
        .replication = job->replication,
    };
    must(conf.model != NULL);
    const struct observer *obs = metrics_observer(w->metrics);
    w->server = server_new(w->sim, &conf, obs);
    metrics_attach(w->metrics, w->server);
    w->workloads =
        workloads_start(w->sim, w->server, sc->workloads, sc->nworkloads, obs,
                        sc->seed, job->replication, sc->duration);
    w->actions = must_zalloc(sc->nactions, sizeof *w->actions);
    for (size_t i = 0; i < sc->nactions; i++) {
        w->actions[i] = (struct action){ .server = w->server,
                                         .what = &sc->actions[i],
                                         .job = job,
                                         .sim = w->sim };
        sim_timer_init(w->sim, &w->actions[i].timer, do_action, w->actions,
                       (uint32_t)i);
        sim_timer_arm(w->sim, &w->actions[i].timer, sc->actions[i].at);
    }
    return true;
}

static void world_close(struct world *w, const struct scenario *sc)
{
    if (w->actions != NULL)
        for (size_t i = 0; i < sc->nactions; i++)
            sim_timer_done(w->sim, &w->actions[i].timer);
    free(w->actions);
    if (w->workloads != NULL)
        workloads_free(w->workloads);
    if (w->server != NULL)
        server_free(w->server);
    if (w->metrics != NULL)
        metrics_free(w->metrics);
    sim_free(w->sim);
}

/* Runs to the end of the scenario; false when stopped before. */
static bool world_play(struct world *w, struct runner *r, size_t *steps)
{
    simtime_t from = sim_now(w->sim);
    simtime_t to = r->sc->duration;
    for (int i = 1; i <= STEPS; i++) {
        simtime_t until = i == STEPS ? to : from + (to - from) / STEPS * i;
        if (!sim_run(w->sim, until, &r->stop) || metrics_failed(w->metrics))
            return false;
        atomic_fetch_add_explicit(&r->steps, 1, memory_order_relaxed);
        ++*steps;
    }
    return true;
}

static void keep_results(struct runner *r, const struct job *job,
                         const struct metrics *m)
{
    pthread_mutex_lock(&r->lock);
    struct runner_result *res = &r->results[job->server];
    hist_merge(&res->latency, metrics_latency(m));
    if (job->replication == 0) {
        size_t n;
        const struct curve_point *c = metrics_curve(m, &n);
        res->curve = must_alloc(n * sizeof *c);
        memcpy(res->curve, c, n * sizeof *c);
        res->npoints = n;
    }
    pthread_mutex_unlock(&r->lock);
}

static void run_job(struct runner *r, struct job *job)
{
    const struct scenario *sc = r->sc;
    const char *name = sc->servers[job->server].name;
    char *dir = job->replication == 0 && r->opts->server_dir != NULL
                    ? r->opts->server_dir(r->opts->ctx, name)
                    : NULL;
    struct world w = { 0 };
    size_t steps = 0;
    if (world_open(&w, sc, job, dir)) {
        job->whole = world_play(&w, r, &steps);
        server_check(w.server);
        workloads_finish(w.workloads);
        /* when interrupted: at least the first, as far as it came */
        job->ran = job->whole || job->replication == 0;
        struct summary *out = &r->results[job->server].runs[job->replication];
        if (metrics_finish(w.metrics, out, &job->err) && job->ran)
            keep_results(r, job, w.metrics);
    }
    world_close(&w, sc);
    free(dir);
    if (job->err.kind != ERR_NONE)
        stop_all(r);
    atomic_fetch_add_explicit(&r->steps, STEPS - steps, memory_order_relaxed);
}

static void *run_jobs(void *arg)
{
    struct runner *r = arg;
    while (!__atomic_load_n(&r->stop, __ATOMIC_RELAXED)) {
        size_t i = atomic_fetch_add(&r->next, 1);
        if (i >= r->njobs)
            break;
        run_job(r, &r->jobs[i]);
    }
    must(write(r->done_fd, "", 1) == 1);
    return NULL;
}

static size_t count_threads(const struct runner *r)
{
    size_t n = (size_t)r->opts->threads;
    if (n == 0) {
        cpu_set_t set;
        n = sched_getaffinity(0, sizeof set, &set) == 0
                ? (size_t)CPU_COUNT(&set)
                : 1;
    }
    return n < r->njobs ? n : r->njobs;
}

/* Waits until NTHREADS threads are through, hearing signals and showing
 * progress meanwhile. True when interrupted. */
static bool supervise(struct runner *r, int done_fd, int signal_fd,
                      size_t nthreads)
{
    bool interrupted = false;
    struct progress p;
    progress_start(&p, r->opts->progress);
    while (nthreads > 0) {
        struct pollfd fds[] = { { .fd = done_fd, .events = POLLIN },
                                { .fd = signal_fd, .events = POLLIN } };
        if (poll(fds, 2, PROGRESS_PERIOD_MS) == 0)
            progress_show(&p, atomic_load(&r->steps), r->njobs * STEPS);
        char byte;
        if (fds[0].revents & POLLIN && read(done_fd, &byte, 1) == 1)
            nthreads--;
        struct signalfd_siginfo info;
        if (fds[1].revents & POLLIN &&
            read(signal_fd, &info, sizeof info) == sizeof info) {
            interrupted = true;
            stop_all(r);
        }
    }
    progress_end(&p);
    return interrupted;
}

/* Starts the threads, fewer if the system gives no more, and waits for them.
 */
static bool run_threads(struct runner *r)
{
    sigset_t set, old;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set, &old);
    int signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
    int done[2];
    must(signal_fd >= 0 && pipe(done) == 0);
    r->done_fd = done[1];
    size_t want = count_threads(r), n = 0;
    pthread_t *threads = must_zalloc(want, sizeof *threads);
    while (n < want && pthread_create(&threads[n], NULL, run_jobs, r) == 0)
        n++;
    if (n == 0) {
        run_jobs(r);
        n = 1;
    }
    bool interrupted = supervise(r, done[0], signal_fd, n);
    for (size_t i = 0; i < n && threads[i] != 0; i++)
        pthread_join(threads[i], NULL);
    free(threads);
    close(signal_fd);
    close(done[0]);
    close(done[1]);
    /* a signal that came too late to stop anything is dropped here */
    struct timespec now = { 0, 0 };
    while (sigtimedwait(&set, NULL, &now) > 0)
        interrupted = true;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return interrupted;
}

/* Closes the gaps that jobs which did not run have left among the numbers;
 * the first error in order of jobs is the one to tell. */
static bool collect(struct runner *r, struct err *e)
{
    for (size_t i = 0; i < r->njobs; i++) {
        struct job *j = &r->jobs[i];
        if (j->err.kind != ERR_NONE && e->kind == ERR_NONE) {
            *e = j->err; /* taken over, with what it owns */
            err_init(&j->err);
        }
        err_clear(&j->err);
        if (!j->ran)
            continue;
        struct runner_result *res = &r->results[j->server];
        if (res->nruns != j->replication)
            res->runs[res->nruns] = res->runs[j->replication];
        res->nruns++;
    }
    return e->kind == ERR_NONE;
}

struct runner_result *runner_run(const struct scenario *sc,
                                 const struct runner_opts *opts, bool *partial,
                                 struct err *e)
{
    size_t reps = (size_t)sc->replications;
    struct runner r = { .sc = sc, .opts = opts, .njobs = reps * sc->nservers };
    pthread_mutex_init(&r.lock, NULL);
    r.jobs = must_zalloc(r.njobs, sizeof *r.jobs);
    r.results = must_zalloc(sc->nservers, sizeof *r.results);
    for (size_t i = 0; i < sc->nservers; i++) {
        hist_init(&r.results[i].latency);
        r.results[i].runs = must_zalloc(reps, sizeof *r.results[i].runs);
    }
    struct job *job = r.jobs;
    for (size_t rep = 0; rep < reps; rep++)
        for (size_t i = 0; i < sc->nservers; i++, job++) {
            job->server = i;
            job->replication = rep;
            err_init(&job->err);
        }
    *partial = run_threads(&r);
    bool all_whole = true;
    for (size_t i = 0; i < r.njobs; i++)
        all_whole = all_whole && r.jobs[i].whole;
    *partial = *partial && !all_whole;
    bool ok = collect(&r, e);
    free(r.jobs);
    pthread_mutex_destroy(&r.lock);
    if (ok)
        return r.results;
    runner_free(r.results, sc->nservers);
    return NULL;
}

void runner_free(struct runner_result *r, size_t nservers)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < nservers; i++) {
        free(r[i].runs);
        free(r[i].curve);
    }
    free(r);
}
