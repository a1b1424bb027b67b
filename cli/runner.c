/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/runner.h"

#include "models/models.h"
#include "outputs/warmup.h"
#include "sim/must.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define STEPS RUNNER_STEPS

struct job {
    size_t server;
    uint64_t replication;
    bool independent;
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
    struct crew crew;
    pthread_mutex_t lock; /* of the results while jobs run */
    struct runner_result *results;
};

/* An action of the scenario, waiting for its time. */
struct action {
    struct server *server;
    const struct scenario_action *what;
    struct sim_timer timer;
    struct job *job;
    struct sim *sim;
    struct rng rng; /* of one that comes at a rate */
};

/* Arms the timer of an action that comes at a rate. */
static void arm_next(struct action *a)
{
    double gap = rng_exp(&a->rng) * 1e9 / a->what->rate;
    simtime_t now = sim_now(a->sim), from = a->what->at;
    if (now < from)
        now = from;
    if (gap < (double)(SIM_NEVER / 4))
        sim_timer_arm(a->sim, &a->timer, now + (simtime_t)gap);
}

static void do_action(void *ctx, uint32_t id)
{
    struct action *a = (struct action *)ctx + id;
    const struct settings *to = a->what->settings;
    if (a->what->rate > 0)
        arm_next(a);
    if (to != NULL)
        server_reconfigure(a->server, &to[a->job->server]);
    if (a->what->what == ACTION_CRASH)
        server_crash(a->server, a->what->slot);
    else
        server_action(a->server, a->what->what);
}

/* One server, and the clients that meet it, in a world of their own. */
struct world {
    struct sim *sim;
    struct metrics *metrics;
    struct server *server;
    struct workloads *workloads;
    struct action *actions;
};

static uint64_t seed_of(const struct scenario *sc, const struct job *job)
{
    struct rng r = rng_at(sc->seed, job->server, 0);
    return job->independent ? rng_u64(&r) : sc->seed;
}

/* Each action is for one server or for all; SS is this world's. */
static void arm_action(struct action *a, const struct scenario_server *ss,
                       uint64_t seed, uint32_t number)
{
    const struct scenario_action *what = a->what;
    if (what->server != NULL && strcmp(what->server, ss->name) != 0)
        return;
    if (what->rate <= 0) {
        sim_timer_arm(a->sim, &a->timer, what->at);
        return;
    }
    struct rng base;
    rng_init(&base, seed, a->job->replication, "actions");
    a->rng = rng_at(rng_u64(&base), number, 0);
    arm_next(a);
}

/* The most threads a process may have, of what restarts say. */
static int64_t most_threads(const struct scenario *sc, size_t server)
{
    int64_t most = 0;
    for (size_t i = 0; i < sc->nactions; i++) {
        const struct settings *to = sc->actions[i].settings;
        if (to != NULL && to[server].threads_per_child > most)
            most = to[server].threads_per_child;
    }
    return most;
}

static bool world_open(struct world *w, const struct scenario *sc,
                       struct job *job, const char *dir)
{
    const struct scenario_server *ss = &sc->servers[job->server];
    uint64_t seed = seed_of(sc, job);
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
        .backends = sc->backends,
        .nbackends = sc->nbackends,
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
        .php = ss->php,
        .most_threads_per_child = most_threads(sc, job->server),
        .backends = sc->backends,
        .nbackends = sc->nbackends,
        .seed = seed,
        .replication = job->replication,
    };
    must(conf.model != NULL);
    const struct observer *obs = metrics_observer(w->metrics);
    w->server = server_new(w->sim, &conf, obs);
    metrics_attach(w->metrics, w->server);
    w->workloads =
        workloads_start(w->sim, w->server, sc->workloads, sc->nworkloads, obs,
                        seed, job->replication, sc->duration);
    w->actions = must_zalloc(sc->nactions, sizeof *w->actions);
    for (size_t i = 0; i < sc->nactions; i++) {
        w->actions[i] = (struct action){ .server = w->server,
                                         .what = &sc->actions[i],
                                         .job = job,
                                         .sim = w->sim };
        sim_timer_init(w->sim, &w->actions[i].timer, do_action, w->actions,
                       (uint32_t)i);
        arm_action(&w->actions[i], ss, seed, (uint32_t)i);
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
static bool world_play(struct world *w, simtime_t to, struct crew *crew,
                       size_t *steps)
{
    simtime_t from = sim_now(w->sim);
    for (int i = 1; i <= STEPS; i++) {
        simtime_t until = i == STEPS ? to : from + (to - from) / STEPS * i;
        if (!sim_run(w->sim, until, &crew->stop) || metrics_failed(w->metrics))
            return false;
        atomic_fetch_add_explicit(&crew->steps, 1, memory_order_relaxed);
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
    size_t n;
    const struct curve_point *c = metrics_curve(m, &n);
    struct curve_point *copy = must_alloc(n * sizeof *c);
    memcpy(copy, c, n * sizeof *c);
    res->curves[job->replication] = copy;
    if (res->npoints == 0 || n < res->npoints)
        res->npoints = n;
    const struct settle_bin *bin = metrics_settling(m, &res->nbins);
    for (size_t i = 0; i < res->nbins; i++) {
        res->bins[i].looks += bin[i].looks;
        res->bins[i].inside += bin[i].inside;
        res->bins[i].completed += bin[i].completed;
        res->bins[i].latency += bin[i].latency;
    }
    pthread_mutex_unlock(&r->lock);
}

/* Runs JOB and fills *OUT, with its files in DIR (NULL: none). KEEP (may be
 * NULL) takes what else there is to keep of it. */
static void play_job(const struct scenario *sc, struct job *job,
                     const char *dir, struct crew *crew, struct summary *out,
                     struct runner *keep)
{
    struct world w = { 0 };
    size_t steps = 0;
    if (world_open(&w, sc, job, dir)) {
        job->whole = world_play(&w, sc->duration, crew, &steps) &&
                     !workloads_failed(w.workloads, &job->err);
        server_check(w.server);
        workloads_finish(w.workloads);
        /* when interrupted: at least the first, as far as it came */
        job->ran = job->whole || job->replication == 0;
        if (metrics_finish(w.metrics, out, &job->err) && job->ran &&
            keep != NULL)
            keep_results(keep, job, w.metrics);
    }
    world_close(&w, sc);
    if (job->err.kind != ERR_NONE)
        crew_stop(crew);
    atomic_fetch_add_explicit(&crew->steps, STEPS - steps,
                              memory_order_relaxed);
}

bool runner_once(const struct scenario *sc, size_t server, uint64_t replication,
                 struct crew *crew, struct summary *out, struct err *e)
{
    struct job job = { .server = server, .replication = replication };
    err_init(&job.err);
    play_job(sc, &job, NULL, crew, out, NULL);
    if (job.err.kind == ERR_NONE)
        return job.whole;
    err_clear(e);
    *e = job.err; /* taken over, with what it owns */
    return false;
}

static void run_job(struct runner *r, struct job *job)
{
    const char *name = r->sc->servers[job->server].name;
    char *dir = job->replication == 0 && r->opts->server_dir != NULL
                    ? r->opts->server_dir(r->opts->ctx, name)
                    : NULL;
    play_job(r->sc, job, dir, &r->crew,
             &r->results[job->server].runs[job->replication], r);
    free(dir);
}

static void run_jobs(void *arg)
{
    struct runner *r = arg;
    while (!crew_stopped(&r->crew)) {
        size_t i = atomic_fetch_add(&r->next, 1);
        if (i >= r->njobs)
            break;
        run_job(r, &r->jobs[i]);
    }
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
        if (res->nruns != j->replication) {
            res->runs[res->nruns] = res->runs[j->replication];
            res->curves[res->nruns] = res->curves[j->replication];
            res->curves[j->replication] = NULL;
        }
        res->nruns++;
    }
    for (size_t i = 0; i < r->sc->nservers; i++) {
        struct runner_result *res = &r->results[i];
        bands_free(&res->bands);
        if (res->nruns > 0)
            bands_init(&res->bands, res->curves, res->nruns, res->npoints);
    }
    return e->kind == ERR_NONE;
}

/* Room for REPS replications of each server, behind what there is. */
static struct runner_result *make_room(const struct scenario *sc,
                                       struct runner_result *res, size_t reps)
{
    bool fresh = res == NULL;
    if (fresh)
        res = must_zalloc(sc->nservers, sizeof *res);
    for (size_t i = 0; i < sc->nservers; i++) {
        struct runner_result *s = &res[i];
        if (fresh)
            hist_init(&s->latency);
        s->runs = must_realloc(s->runs, reps, sizeof *s->runs);
        s->curves = must_realloc(s->curves, reps, sizeof *s->curves);
        for (size_t k = s->nruns; k < reps; k++)
            s->curves[k] = NULL;
    }
    return res;
}

struct runner_result *runner_run(const struct scenario *sc,
                                 const struct runner_opts *opts, bool *partial,
                                 struct err *e)
{
    size_t reps = (size_t)sc->replications;
    size_t first = opts->so_far != NULL ? opts->so_far[0].nruns : 0;
    struct runner r = { .sc = sc,
                        .opts = opts,
                        .njobs = (reps - first) * sc->nservers };
    pthread_mutex_init(&r.lock, NULL);
    r.jobs = must_zalloc(r.njobs, sizeof *r.jobs);
    r.results = make_room(sc, opts->so_far, reps);
    struct job *job = r.jobs;
    for (size_t rep = first; rep < reps; rep++)
        for (size_t i = 0; i < sc->nservers; i++, job++) {
            job->server = i;
            job->replication = rep;
            job->independent = opts->independent;
            err_init(&job->err);
        }
    r.crew.total = r.njobs * STEPS;
    *partial = crew_work(&r.crew, opts->threads, r.njobs, opts->progress,
                         run_jobs, &r);
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

/* -- warm-up ----------------------------------------------------------------
 */

#define PILOTS 5

/* One of the series of RES: the mean number inside, the requests completed, or
 * their mean latency (where there is none, the one before). */
static double series_value(const struct settle_bin *b, int which, double before)
{
    switch (which) {
    case 0:
        return b->looks > 0 ? b->inside / b->looks : before;
    case 1:
        return b->completed;
    default:
        return b->completed > 0 ? b->latency / b->completed : before;
    }
}

static void settle(const struct runner_result *res, size_t *cut,
                   bool *too_short)
{
    double *x = must_alloc((res->nbins + 1) * sizeof *x);
    for (int which = 0; which < 3; which++) {
        double before = 0;
        for (size_t i = 0; i < res->nbins; i++)
            before = x[i] = series_value(&res->bins[i], which, before);
        struct warmup w = warmup_mser5(x, res->nbins);
        *too_short = *too_short || w.too_short;
        if (w.cut > *cut)
            *cut = w.cut;
    }
    free(x);
}

bool runner_warm_up(const struct scenario *sc, const struct runner_opts *opts,
                    simtime_t *warm_up, bool *too_short, bool *partial,
                    struct err *e)
{
    struct scenario pilot = *sc;
    struct runner_opts po = *opts;
    size_t cut = 0, nbins = 1;
    if (pilot.replications > PILOTS)
        pilot.replications = PILOTS;
    pilot.warm_up = 0;
    po.server_dir = NULL;
    po.so_far = NULL;
    *too_short = false;
    struct runner_result *res = runner_run(&pilot, &po, partial, e);
    if (res == NULL)
        return false;
    for (size_t i = 0; i < sc->nservers && !*partial; i++) {
        settle(&res[i], &cut, too_short);
        nbins = res[i].nbins;
    }
    for (size_t i = 0; i < sc->nservers && !*partial; i++) {
        double left = 0;
        for (size_t k = cut; k < res[i].nbins; k++)
            left += res[i].bins[k].completed;
        if (left > 0)
            continue;
        *too_short = true; /* it has settled where nothing is left to do */
        cut = 0;
    }
    /* whole intervals of series.csv */
    simtime_t t = (simtime_t)((double)sc->duration * (double)cut /
                              (double)(nbins > 0 ? nbins : 1));
    t += (sc->interval - t % sc->interval) % sc->interval;
    *warm_up = t < sc->duration ? t : 0;
    runner_free(res, sc->nservers);
    return !*partial;
}

void runner_free(struct runner_result *r, size_t nservers)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < nservers; i++) {
        for (size_t k = 0; k < r[i].nruns; k++)
            free(r[i].curves[k]);
        free(r[i].curves);
        free(r[i].runs);
        bands_free(&r[i].bands);
    }
    free(r);
}
