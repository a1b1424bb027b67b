/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mpmsim sweep: a scenario at many points. What is run are the replications of
 * the servers of the points, one after the other, by as many threads as there
 * are cores; the thread that finishes a point puts it into the journal. What
 * is in the journal already is not run again. */
#include "cli/cli.h"
#include "cli/runner.h"
#include "cli/swept.h"
#include "sim/must.h"
#include "sweep/plan.h"
#include "sweep/result.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct sweep_options {
    struct text_list param, set, mpm;
    const char *output, *shard;
    int64_t threads, replications;
    uint64_t seed;
    bool has_seed, lenient;
    struct swept_options swept;
};

#define O(field) offsetof(struct sweep_options, field)
static const struct option options[] = {
    { "param", 0, OPTION_LIST, O(param), 0, "KEY=V,...",
      "vary a key or a directive; repeatable: every combination" },
    { "set", 0, OPTION_LIST, O(set), 0, "KEY=VALUE",
      "change a key or a directive at all points; repeatable" },
    { "output", 'o', OPTION_TEXT, O(output), 0, "DIR",
      "folder of results (default out/<file>-sweep)" },
    { "shard", 0, OPTION_TEXT, O(shard), 0, "I/N",
      "only every Nth point, from the Ith on" },
    { "threads", 0, OPTION_COUNT, O(threads), 0, "N",
      "default: all cores; same results for any number" },
    { "mpm", 0, OPTION_NAMES, O(mpm), 0, "NAME,...",
      "only the servers with these MPMs" },
    { "replications", 0, OPTION_COUNT, O(replications), 0, "N",
      "independent runs at each point; means with intervals" },
    { "seed", 0, OPTION_U64, O(seed), O(has_seed), "N",
      "seed of all random streams" },
    { "lenient", 0, OPTION_FLAG, O(lenient), 0, NULL,
      "accept logs with more than 5 % bad lines" },
    SWEPT_OPTIONS(struct sweep_options, swept),
    { 0 }
};
#undef O

/* A point under way: its scenario and the runs of it, by replication and then
 * server, as they are handed out. */
struct open_point {
    size_t point;
    struct scenario *sc;
    struct summary *runs; /* [server * replications + replication] */
    size_t nunits, next, left;
    struct open_point *link;
};

struct sweep {
    struct sweep_options opt;
    struct plan *plan;
    struct journal *journal;
    size_t shard, nshards; /* from 0 */
    size_t *pending;       /* points to run, in order */
    size_t npending, next;
    struct crew crew;
    pthread_mutex_t lock;   /* of all below, and of `next` */
    pthread_cond_t changed; /* a point was opened, or could not be */
    struct open_point *open;
    size_t opening, done;
    atomic_bool heard; /* a signal, by a thread of the crew */
    struct err err;    /* of the first point that has one */
    size_t err_point;
};

/* -- points under way -------------------------------------------------------
 */

static void fail_point(struct sweep *s, size_t point, struct err *e)
{
    pthread_mutex_lock(&s->lock);
    if (e->kind != ERR_NONE &&
        (s->err.kind == ERR_NONE || point < s->err_point)) {
        err_clear(&s->err);
        s->err = *e; /* taken over, with what it owns */
        s->err_point = point;
        err_init(e);
    }
    pthread_mutex_unlock(&s->lock);
    err_clear(e);
    crew_stop(&s->crew);
}

static void free_point(struct open_point *p)
{
    scenario_free(p->sc);
    free(p->runs);
    free(p);
}

static struct open_point *load_point(struct sweep *s, size_t point)
{
    struct err e;
    err_init(&e);
    struct scenario *sc = plan_point(s->plan, point, &e);
    if (sc == NULL) {
        fail_point(s, point, &e);
        return NULL;
    }
    bool partial = false, too_short;
    struct runner_opts ro = { .threads = 1 };
    if (sc->warm_up_auto &&
        !runner_warm_up(sc, &ro, &sc->warm_up, &too_short, &partial, &e)) {
        fail_point(s, point, &e);
        s->heard = s->heard || partial; /* the signal went to the pilots */
        scenario_free(sc);
        return NULL;
    }
    struct open_point *p = must_zalloc(1, sizeof *p);
    p->point = point;
    p->sc = sc;
    p->nunits = p->left = sc->nservers * (size_t)sc->replications;
    p->runs = must_zalloc(p->nunits, sizeof *p->runs);
    return p;
}

/* A point that has runs left to hand out; opens the next one if there is none.
 * NULL: nothing is left to do. Locked before and after. */
static struct open_point *find_point(struct sweep *s)
{
    for (;;) {
        struct open_point *p = s->open;
        while (p != NULL && p->next == p->nunits)
            p = p->link;
        if (p != NULL || crew_stopped(&s->crew))
            return p;
        if (s->next < s->npending) {
            size_t point = s->pending[s->next++];
            s->opening++;
            pthread_mutex_unlock(&s->lock);
            p = load_point(s, point);
            pthread_mutex_lock(&s->lock);
            s->opening--;
            if (p != NULL) {
                p->link = s->open;
                s->open = p;
            }
            pthread_cond_broadcast(&s->changed);
        } else if (s->opening > 0) {
            pthread_cond_wait(&s->changed, &s->lock);
        } else {
            return NULL;
        }
    }
}

/* All runs of P are over: out of the list and into the journal. */
static void close_point(struct sweep *s, struct open_point *p)
{
    static const char *const mpm[MPM_KINDS] = { "prefork", "worker", "event" };
    const struct scenario *sc = p->sc;
    size_t reps = (size_t)sc->replications;
    struct result_server *sv = must_zalloc(sc->nservers, sizeof *sv);
    for (size_t i = 0; i < sc->nservers; i++)
        sv[i] = (struct result_server){ .name = sc->servers[i].name,
                                        .mpm = mpm[sc->servers[i].mpm],
                                        .runs = p->runs + i * reps,
                                        .nruns = reps };
    char *text = result_text(sv, sc->nservers);
    struct err e;
    err_init(&e);
    bool kept = journal_put(s->journal, p->point, text, &e);
    if (!kept)
        fail_point(s, p->point, &e);
    free(text);
    free(sv);
    free_point(p);
    pthread_mutex_lock(&s->lock);
    s->done += kept;
    pthread_mutex_unlock(&s->lock);
}

static void unlink_point(struct sweep *s, const struct open_point *p)
{
    struct open_point **at = &s->open;
    while (*at != p)
        at = &(*at)->link;
    *at = p->link;
}

/* A thread of the crew. */
static void work(void *ctx)
{
    struct sweep *s = ctx;
    pthread_mutex_lock(&s->lock);
    for (;;) {
        struct open_point *p = find_point(s);
        if (p == NULL)
            break;
        size_t unit = p->next++;
        pthread_mutex_unlock(&s->lock);
        size_t server = unit % p->sc->nservers;
        size_t replication = unit / p->sc->nservers;
        size_t at = server * (size_t)p->sc->replications + replication;
        struct err e;
        err_init(&e);
        bool whole =
            runner_once(p->sc, server, replication, &s->crew, &p->runs[at], &e);
        if (!whole)
            fail_point(s, p->point, &e);
        pthread_mutex_lock(&s->lock);
        if (whole && --p->left == 0) {
            unlink_point(s, p);
            pthread_mutex_unlock(&s->lock);
            close_point(s, p);
            pthread_mutex_lock(&s->lock);
        }
    }
    pthread_mutex_unlock(&s->lock);
}

/* -- the sweep --------------------------------------------------------------
 */

static void note(void *ctx, const char *text)
{
    const struct sweep_options *o = ctx;
    if (!o->swept.quiet)
        fprintf(stderr, "%s\n", text);
}

static bool parse_shard(struct sweep *s, struct err *e)
{
    unsigned i, n;
    int end = 0;
    s->nshards = 1;
    if (s->opt.shard == NULL)
        return true;
    if (strspn(s->opt.shard, "0123456789/") != strlen(s->opt.shard) ||
        sscanf(s->opt.shard, "%9u/%9u%n", &i, &n, &end) != 2 ||
        s->opt.shard[end] != '\0' || i < 1 || i > n)
        return err_set(e, ERR_USAGE,
                       "--shard takes I/N with I from 1 to N, such as 3/16, "
                       "not \"%s\"",
                       s->opt.shard);
    s->shard = i - 1;
    s->nshards = n;
    return true;
}

static bool load(struct sweep *s, const char *path, struct err *e)
{
    struct sweep_options *o = &s->opt;
    struct plan_opts po = {
        .params = o->param.v,
        .nparams = o->param.n,
        .version = MPMSIM_VERSION,
        .scenario = { .set = o->set.v,
                      .nset = o->set.n,
                      .mpm = o->mpm.v,
                      .nmpm = o->mpm.n,
                      .has_seed = o->has_seed,
                      .seed = o->seed,
                      .has_replications = o->replications > 0,
                      .replications = o->replications,
                      .lenient = o->lenient,
                      .note = note,
                      .note_ctx = o },
    };
    s->plan = plan_load(path, &po, e);
    if (s->plan == NULL)
        return false;
    if (s->plan->points.nfactors == 0)
        return err_set(e, ERR_USAGE,
                       "nothing is varied; give at least one --param "
                       "KEY=VALUE,VALUE,...");
    return swept_check(&o->swept, &s->plan->points, e);
}

/* "out/first-sweep" for ".../first.json", with the shard if there is one, so
 * that shards do not meet. Caller frees. */
static char *default_dir(const struct sweep *s, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash != NULL ? slash + 1 : path;
    size_t n = strlen(base);
    if (n > 5 && strcmp(base + n - 5, ".json") == 0)
        n -= 5;
    char *dir = must_alloc(n + 64);
    int len = snprintf(dir, n + 64, "out/%.*s-sweep", (int)n, base);
    if (s->nshards > 1)
        snprintf(dir + len, n + 64 - (size_t)len, "-%zu-of-%zu", s->shard + 1,
                 s->nshards);
    return dir;
}

/* Which points of the shard are not in the journal. */
static size_t find_pending(struct sweep *s)
{
    size_t mine = 0;
    const struct points *p = &s->plan->points;
    s->pending = must_alloc((p->n / s->nshards + 1) * sizeof *s->pending);
    for (size_t i = s->shard; i < p->n; i += s->nshards, mine++) {
        char *text = journal_get(s->journal, i);
        if (text == NULL)
            s->pending[s->npending++] = i;
        free(text);
    }
    return mine;
}

/* Runs what is pending. False on error; *INTERRUPTED: not all was done. */
static bool run_pending(struct sweep *s, bool *interrupted, struct err *e)
{
    s->crew.total = s->npending * s->plan->runs * RUNNER_STEPS;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    err_init(&s->err);
    *interrupted = s->npending > 0 && crew_work(&s->crew, s->opt.threads,
                                                s->npending * s->plan->runs,
                                                !s->opt.swept.quiet, work, s);
    *interrupted = (*interrupted || s->heard) && s->done < s->npending;
    while (s->open != NULL) {
        struct open_point *p = s->open;
        s->open = p->link;
        free_point(p);
    }
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    if (s->err.kind == ERR_NONE)
        return true;
    *e = s->err; /* taken over */
    return false;
}

static int sweep_in(struct sweep *s, struct err *e)
{
    const struct points *p = &s->plan->points;
    bool quiet = s->opt.swept.quiet, interrupted;
    size_t mine = find_pending(s), missing;
    size_t before = mine - s->npending;
    if (!quiet && before > 0)
        fprintf(stderr, "%zu of %zu points are there already\n", before, mine);
    if (!run_pending(s, &interrupted, e)) {
        int status = cli_fail(e);
        if (before + s->done > 0)
            fprintf(stderr,
                    "%zu of %zu points are done and kept; the same command "
                    "goes on from there\n",
                    before + s->done, mine);
        return status;
    }
    bool ok = swept_finish(&s->opt.swept, s->journal, p, &missing, e);
    int status = ok ? EXIT_OK : cli_fail(e);
    if (interrupted) {
        fprintf(stderr,
                "mpmsim: interrupted with %zu of %zu points done; the same "
                "command goes on from there\n",
                before + s->done, mine);
        return EXIT_INTERRUPTED;
    }
    if (!quiet && missing > 0 && status == EXIT_OK)
        fprintf(stderr,
                "Shard %zu/%zu is done: %zu of %zu points in %s. When all "
                "shards are: mpmsim merge DIR... -o DIR\n",
                s->shard + 1, s->nshards, mine, p->n, journal_dir(s->journal));
    else if (!quiet && status == EXIT_OK)
        fprintf(stderr, "Results of %zu points in %s%s\n", p->n,
                journal_dir(s->journal),
                s->opt.swept.no_plots ? "" : ", pictures in its plots folder");
    return status;
}

static int sweep_file(struct sweep *s, const char *path, struct err *e)
{
    if (!parse_shard(s, e) || !load(s, path, e))
        return cli_usage("sweep", e);
    char *dir = s->opt.output != NULL ? must_strdup(s->opt.output)
                                      : default_dir(s, path);
    s->journal = journal_open(dir, &s->plan->points, e);
    free(dir);
    return s->journal != NULL ? sweep_in(s, e) : cli_fail(e);
}

static int sweep_run(char **argv)
{
    struct sweep *s = must_zalloc(1, sizeof *s);
    struct text_list rest = { 0 };
    struct err e;
    err_init(&e);
    int status;
    bool ok = options_parse(options, argv, &s->opt, &rest, &e);
    if (ok && rest.n != 1)
        ok = err_set(&e, ERR_USAGE,
                     rest.n == 0 ? "sweep needs a scenario or a plan: mpmsim "
                                   "sweep FILE.json --param KEY=V,..."
                                 : "sweep takes one scenario or plan");
    if (ok && strcmp(rest.v[0], "-") == 0)
        ok = err_set(&e, ERR_USAGE,
                     "sweep takes a file, not standard input: it can go on "
                     "where it stopped");
    status = ok ? sweep_file(s, rest.v[0], &e) : cli_usage("sweep", &e);
    journal_close(s->journal);
    if (s->plan != NULL)
        plan_free(s->plan);
    free(s->pending);
    options_free(options, &s->opt);
    options_list_free(&rest);
    free(s);
    return status;
}

const struct command command_sweep = {
    .usage = "SCENARIO.json|PLAN.json [--param KEY=V,...]... [options]",
    .about =
        "Runs the scenario at every combination of the values given, on all "
        "cores, and\nwrites sweep.csv (a row per point, server and metric), "
        "sensitivity.csv (which\nkey moves a metric most) and a picture per "
        "metric. KEY is as in --set: a dotted\npath or a directive for all "
        "servers. A plan is a JSON file with \"scenario\",\n\"params\", "
        "\"list\", \"set\", \"replications\"; see docs/sweeps.md.\n\nKilled "
        "or interrupted at any moment, the same command goes on where it "
        "stopped.\n--shard 3/16 runs every 16th point, for many machines; "
        "`mpmsim merge` puts the\nshards together.",
    .options = options,
    .run = sweep_run,
};
