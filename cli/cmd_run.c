/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mpmsim run: loads a scenario, runs its servers, writes the folder of results
 * and prints the table, the verdict and what was expected but does not hold. */
#include "cli/cli.h"
#include "cli/outdir.h"
#include "cli/runner.h"
#include "cli/until.h"
#include "config/scenario.h"
#include "models/models.h"
#include "outputs/num.h"
#include "outputs/plots.h"
#include "outputs/report.h"
#include "sim/must.h"
#include "theory/beside.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct run_options {
    const char *output;
    struct text_list mpm, set, assertions;
    uint64_t seed;
    bool has_seed;
    int64_t replications, threads;
    const char *until;
    bool independent, lenient, no_plots, json, quiet, verbose, force;
};

#define O(field) offsetof(struct run_options, field)
static const struct option options[] = {
    { "output", 'o', OPTION_TEXT, O(output), 0, "DIR",
      "folder of results (default out/<scenario>)" },
    { "mpm", 0, OPTION_NAMES, O(mpm), 0, "NAME,...",
      "only the servers with these MPMs" },
    { "seed", 0, OPTION_U64, O(seed), O(has_seed), "N",
      "seed of all random streams" },
    { "replications", 0, OPTION_COUNT, O(replications), 0, "N",
      "independent runs; means with 95 % intervals" },
    { "until", 0, OPTION_TEXT, O(until), 0, "'METRIC ±N%'",
      "more replications until the interval is as tight" },
    { "independent", 0, OPTION_FLAG, O(independent), 0, NULL,
      "every server meets requests of its own" },
    { "threads", 0, OPTION_COUNT, O(threads), 0, "N",
      "default: all cores; same results for any number" },
    { "set", 0, OPTION_LIST, O(set), 0, "KEY=VALUE",
      "change a key or a directive; repeatable" },
    { "assert", 0, OPTION_LIST, O(assertions), 0, "EXPR",
      "a further expectation; repeatable" },
    { "lenient", 0, OPTION_FLAG, O(lenient), 0, NULL,
      "accept logs with more than 5 % bad lines" },
    { "no-plots", 0, OPTION_FLAG, O(no_plots), 0, NULL,
      "draw no pictures (the scripts are still written)" },
    { "json", 0, OPTION_FLAG, O(json), 0, NULL,
      "print summary.json instead of the table" },
    { "quiet", 'q', OPTION_FLAG, O(quiet), 0, NULL,
      "no table, no remarks; errors only" },
    { "verbose", 'v', OPTION_FLAG, O(verbose), 0, NULL,
      "say what was read, assumed and corrected" },
    { "force", 0, OPTION_FLAG, O(force), 0, NULL,
      "replace an earlier run's folder" },
    { 0 }
};
#undef O

/* Everything one invocation holds. */
struct run {
    struct run_options opt;
    struct scenario *sc;
    struct outdir *out;
    struct runner_result *results;
    bool partial;
    struct until until;
    struct report report;
    struct report_server *servers; /* those that ran */
    struct summary *means;
    struct summary_ci *cis;
};

static void note(void *ctx, const char *text)
{
    const struct run_options *opt = ctx;
    if (!opt->quiet)
        fprintf(stderr, "%s\n", text);
}

static bool load(struct run *r, const char *path, struct err *e)
{
    struct run_options *o = &r->opt;
    struct scenario_opts so = {
        .set = o->set.v,
        .nset = o->set.n,
        .assertions = o->assertions.v,
        .nassertions = o->assertions.n,
        .mpm = o->mpm.v,
        .nmpm = o->mpm.n,
        .has_seed = o->has_seed,
        .seed = o->seed,
        .has_replications = o->replications > 0,
        .replications = o->replications,
        .lenient = o->lenient,
        .verbose = o->verbose,
        .note = note,
        .note_ctx = o,
    };
    r->sc = scenario_load(path, &so, e);
    return r->sc != NULL;
}

/* "out/first" for ".../first.json", "out/stdin" for "-". Caller frees. */
static char *default_dir(const char *scenario)
{
    const char *slash = strrchr(scenario, '/');
    const char *base = slash ? slash + 1 : scenario;
    if (strcmp(scenario, "-") == 0)
        base = "stdin";
    size_t n = strlen(base);
    if (n > 5 && strcmp(base + n - 5, ".json") == 0)
        n -= 5;
    char *dir = must_alloc(n + 5);
    snprintf(dir, n + 5, "out/%.*s", (int)n, base);
    return dir;
}

static void fill_report(struct run *r)
{
    const struct scenario *sc = r->sc;
    r->servers = must_zalloc(sc->nservers, sizeof *r->servers);
    r->means = must_zalloc(sc->nservers, sizeof *r->means);
    r->cis = must_zalloc(sc->nservers, sizeof *r->cis);
    r->report = (struct report){
        .version = MPMSIM_VERSION,
        .title = sc->title,
        .file = sc->file,
        .sha256 = sc->sha256,
        .seed = sc->seed,
        .duration = sc->duration,
        .warm_up = sc->warm_up,
        .replications = sc->replications,
        .servers = r->servers,
    };
    for (size_t i = 0; i < sc->nworkloads; i++) {
        const struct workload_conf *w = &sc->workloads[i];
        r->report.tls =
            r->report.tls || (w->type->uses_tls != NULL &&
                              w->type->uses_tls(w->conf, w->shared));
    }
}

static void add_server(struct run *r, size_t i, bool ci)
{
    static const char *const mpm[MPM_KINDS] = { "prefork", "worker", "event" };
    const struct scenario_server *ss = &r->sc->servers[i];
    r->servers[r->report.n++] = (struct report_server){
        .name = ss->name,
        .mpm = mpm[ss->mpm],
        .settings = &ss->settings,
        .sum = &r->means[i],
        .ci = ci ? &r->cis[i] : NULL,
        .runs = r->results != NULL ? r->results[i].runs : NULL,
        .nruns = r->results != NULL ? r->results[i].nruns : 0,
    };
}

/* Whether SERVER of "SERVER.METRIC" runs here. With --mpm, what is expected
 * of the servers left out does not apply. */
static bool runs(const struct run *r, const char *path)
{
    size_t n = strcspn(path, ".");
    for (size_t i = 0; i < r->sc->nservers; i++) {
        const char *name = r->sc->servers[i].name;
        if (strlen(name) == n && memcmp(name, path, n) == 0)
            return true;
    }
    return false;
}

/* Whether X is to be judged. What the file expects is written for the scenario
 * as it stands; `--set` makes it another one. */
static bool applies(const struct run *r, const struct expectation *x)
{
    size_t own = r->sc->nexpect - r->opt.assertions.n; /* those of the file */
    if (r->opt.set.n > 0 && x < r->sc->expect + own)
        return false;
    return r->opt.mpm.n == 0 ||
           (runs(r, x->path) && (!x->is_path || runs(r, x->rhs_path)));
}

/* Expectations of metrics that do not exist are found before the run, with
 * numbers that are all 0. */
static bool check_names(struct run *r, struct err *e)
{
    fill_report(r);
    for (size_t i = 0; i < r->sc->nservers; i++)
        add_server(r, i, false);
    bool ok = true;
    size_t own = r->sc->nexpect - r->opt.assertions.n; /* those of the file */
    for (size_t i = 0; ok && i < r->sc->nexpect; i++) {
        const struct expectation *x = &r->sc->expect[i];
        struct err inner;
        double v;
        err_init(&inner);
        if (!applies(r, x) ||
            (report_lookup(&r->report, x->path, &v, &inner) &&
             (!x->is_path ||
              report_lookup(&r->report, x->rhs_path, &v, &inner))))
            continue;
        if (i < own)
            ok = err_at(e, ERR_CONTENT, r->sc->file, 0, 0, NULL,
                        "expect \"%s\": %s", x->text, inner.text);
        else
            ok = err_set(e, ERR_USAGE, "--assert \"%s\": %s", x->text,
                         inner.text);
        err_clear(&inner);
    }
    if (ok && r->opt.until != NULL)
        ok = until_parse(r->opt.until, &r->report, &r->until, e);
    r->report.n = 0;
    return ok;
}

static char *server_dir(void *ctx, const char *server)
{
    return outdir_join(ctx, server, NULL);
}

/* What the replications made so far say. */
static void sum_up(struct run *r)
{
    const struct scenario *sc = r->sc;
    r->report.n = 0;
    for (size_t i = 0; i < sc->nservers; i++) {
        const struct runner_result *res = &r->results[i];
        if (res->nruns == 0)
            continue;
        summary_aggregate(res->runs, res->nruns, &r->means[i], &r->cis[i]);
        add_server(r, i, res->nruns > 1);
    }
}

/* warm_up "auto": finds it, says so, and applies it. False without an error
 * when interrupted: there is nothing to write yet. */
static bool find_warm_up(struct run *r, const struct runner_opts *ro,
                         struct err *e)
{
    struct scenario *sc = r->sc;
    bool too_short;
    char buf[NUM_SIZE];
    if (!runner_warm_up(sc, ro, &sc->warm_up, &too_short, &r->partial, e))
        return false;
    r->report.warm_up = sc->warm_up;
    if (r->opt.quiet)
        return true;
    fprintf(stderr, "warm_up auto: statistics from %s s on (MSER-5)\n",
            num_time_exact(sc->warm_up, 0, buf));
    if (too_short)
        fprintf(stderr,
                "%s: warning: the run is too short for a steady state: it is "
                "still changing after %s s of %s s; give it a longer "
                "duration, or warm_up \"0s\" if the change is what you are "
                "after\n",
                sc->file, num_time_exact(sc->warm_up, 0, buf),
                num_time_exact(sc->duration, 0, (char[NUM_SIZE]){ 0 }));
    return true;
}

/* How --until ended. */
static void tell_until(const struct run *r, const struct until_state *s)
{
    const struct until *u = &r->until;
    char buf[NUM_SIZE];
    if (r->opt.quiet || r->partial)
        return;
    if (s->reached)
        fprintf(stderr, "--until: %s within ±%s %% after %lld replications\n",
                u->path, num_digits(u->share * 100, 3, buf),
                (long long)r->sc->replications);
    else if (s->hopeless)
        fprintf(stderr,
                "mpmsim: warning: --until: %s has too few samples for %s in a "
                "run of this length\n",
                s->server, u->path);
    else
        fprintf(stderr,
                "mpmsim: warning: --until: %s of %s is still within ±%s %% "
                "only after %lld replications, the most allowed; "
                "--replications allows more\n",
                u->path, s->server, num_digits(s->share * 100, 3, buf),
                (long long)r->sc->replications);
}

static bool replicate(struct run *r, struct runner_opts *ro, struct err *e)
{
    struct scenario *sc = r->sc;
    struct until_state s = { .next = sc->replications };
    int64_t most = r->opt.replications > 0 ? r->opt.replications : UNTIL_MOST;
    if (r->opt.until != NULL)
        s.next = most < UNTIL_FIRST ? most : UNTIL_FIRST;
    do {
        sc->replications = r->report.replications = s.next;
        ro->so_far = r->results;
        r->results = runner_run(sc, ro, &r->partial, e);
        if (r->results == NULL)
            return false;
        sum_up(r);
        if (r->opt.until != NULL)
            until_look(&r->until, &r->report, sc->replications, most, &s);
    } while (r->opt.until != NULL && !r->partial && !s.reached && !s.hopeless &&
             s.next > sc->replications);
    if (r->opt.until != NULL)
        tell_until(r, &s);
    return true;
}

static bool simulate(struct run *r, struct err *e)
{
    struct scenario *sc = r->sc;
    for (size_t i = 0; i < sc->nservers; i++)
        if (!outdir_mkdir(r->out, sc->servers[i].name, e))
            return false;
    struct runner_opts ro = { .threads = r->opt.threads,
                              .progress = !r->opt.quiet,
                              .independent = r->opt.independent,
                              .server_dir = server_dir,
                              .ctx = r->out };
    if (sc->warm_up_auto && !find_warm_up(r, &ro, e))
        return false;
    if (!replicate(r, &ro, e))
        return false;
    r->report.partial = r->partial;
    for (size_t i = 0; i < sc->nservers; i++)
        if (r->results[i].nruns == 0)
            fprintf(stderr, "mpmsim: interrupted before %s ran\n",
                    sc->servers[i].name);
    return true;
}

static bool write_summary(struct run *r, struct err *e)
{
    char *json = report_json(&r->report);
    char *path = outdir_join(r->out, "summary.json", NULL);
    bool ok = report_write(path, json, e);
    if (ok && r->opt.json)
        fputs(json, stdout);
    free(path);
    free(json);
    return ok;
}

static bool write_plots(struct run *r, struct err *e)
{
    const struct scenario *sc = r->sc;
    struct plot_server *ps = must_zalloc(sc->nservers, sizeof *ps);
    size_t n = 0;
    for (size_t i = 0; i < sc->nservers; i++) {
        const struct runner_result *res = &r->results[i];
        if (res->nruns > 0)
            ps[n++] = (struct plot_server){
                .name = sc->servers[i].name,
                .worker_limit =
                    (double)sc->servers[i].settings.max_request_workers,
                .curve = res->bands.mean,
                .low = res->bands.low,
                .high = res->bands.high,
                .npoints = res->npoints,
                .latency = &res->latency,
            };
    }
    struct plot_run pr = { .title = sc->title,
                           .duration = sc->duration,
                           .warm_up = sc->warm_up,
                           .servers = ps,
                           .n = n };
    bool ok = plots_write(outdir_path(r->out), &pr, e);
    free(ps);
    return ok;
}

/* Prints what does not hold; true when everything does. */
static bool check_expectations(struct run *r)
{
    bool all = true;
    if (r->opt.set.n > 0 && r->sc->nexpect > r->opt.assertions.n &&
        !r->opt.quiet)
        fprintf(stderr,
                "expectations of the file not judged: changed by --set\n");
    for (size_t i = 0; i < r->sc->nexpect; i++) {
        const struct expectation *x = &r->sc->expect[i];
        if (!applies(r, x))
            continue;
        char *line;
        enum report_outcome o =
            report_expect(&r->report, x->text, x->path, x->op,
                          x->is_path ? x->rhs_path : NULL, x->rhs, &line);
        if (o != REPORT_HOLDS || r->opt.verbose)
            fprintf(stderr, "%s\n", line);
        free(line);
        all = all && o == REPORT_HOLDS;
    }
    return all;
}

/* One figure of theory, and what was simulated with its interval. */
static void print_beside(const struct report_server *s, const char *what,
                         double theory, const char *path, bool duration)
{
    char a[NUM_SIZE], b[NUM_SIZE], h[NUM_SIZE] = "";
    double v = 0, high = 0;
    if (!summary_lookup(s->sum, path, &v))
        return;
    if (s->ci != NULL && summary_lookup(&s->ci->high, path, &high) && high > v)
        duration ? num_duration(high - v, h) : num_digits(high - v, 2, h);
    printf("    %-24s theory %s, simulated %s%s%s\n", what,
           duration ? num_duration(theory, a) : num_digits(theory, 4, a),
           duration   ? num_duration(v, b)
           : isnan(v) ? "-"
                      : num_digits(v, 4, b),
           h[0] != '\0' ? " ± " : "", h);
}

/* Where a server is a system with a closed form, that beside the results. */
static void print_theory(const struct run *r)
{
    bool any = false;
    for (size_t i = 0, k = 0; i < r->sc->nservers; i++) {
        struct beside b;
        char buf[NUM_SIZE];
        if (r->results[i].nruns == 0)
            continue;
        const struct report_server *s = &r->servers[k++];
        if (!beside_find(r->sc, i, &b))
            continue;
        if (!any)
            printf("\nIn theory:\n");
        any = true;
        printf("  %s is %s (neglecting %s a request)\n", s->name, b.system,
               num_duration(b.neglected, buf));
        print_beside(s, "mean latency", b.figures.response, "latency.mean_s",
                     true);
        print_beside(s, "throughput (1/s)", b.figures.rate, "throughput_rps",
                     false);
        print_beside(s, "busy workers", b.figures.busy, "workers.busy_mean",
                     false);
        if (b.queue)
            print_beside(s, "waiting to be accepted",
                         b.figures.number - b.figures.busy, "accept_queue.mean",
                         false);
    }
}

static void print_results(struct run *r)
{
    if (r->opt.quiet || r->opt.json || r->report.n == 0)
        return;
    report_table(stdout, &r->report, cli_colour(stdout));
    print_theory(r);
    char *verdict = report_verdict(&r->report);
    printf("\n%s\n", verdict);
    free(verdict);
    fflush(stdout);
}

/* The run proper, from the checked scenario to the folder in its place.
 * Returns the exit code. */
static int play(struct run *r, const char *dir, struct err *e)
{
    if (!simulate(r, e) || !write_summary(r, e) || !write_plots(r, e)) {
        outdir_discard(r->out);
        return e->kind != ERR_NONE ? cli_fail(e) : EXIT_INTERRUPTED;
    }
    print_results(r);
    int status = EXIT_OK;
    if (r->partial || crew_heard_signal())
        status = EXIT_INTERRUPTED;
    else if (!check_expectations(r))
        status = EXIT_CHECK;
    bool draw = r->sc->plots && !r->opt.no_plots && status != EXIT_INTERRUPTED;
    /* the data are whole without pictures: a failure here costs no results */
    if (draw && !plots_draw(outdir_path(r->out), dir, e)) {
        int failed = cli_fail(e);
        if (status == EXIT_OK || failed == EXIT_INTERRUPTED)
            status = failed;
        draw = false;
    }
    if (!outdir_commit(r->out, e))
        return cli_fail(e);
    if (!r->opt.quiet)
        fprintf(stderr, "%s in %s%s\n",
                r->partial ? "Partial results" : "Results", dir,
                draw ? ", pictures in its plots folder" : "");
    return status;
}

static int run_scenario(struct run *r, const char *path, struct err *e)
{
    if (!load(r, path, e) || !check_names(r, e))
        return cli_fail(e);
    char *dir = r->opt.output ? must_strdup(r->opt.output) : default_dir(path);
    crew_hold_signals(); /* until the folder is in its place */
    r->out = outdir_open(dir, r->opt.force || r->opt.output == NULL, e);
    int status = r->out != NULL ? play(r, dir, e) : cli_fail(e);
    free(dir);
    runner_free(r->results, r->sc->nservers);
    return status;
}

static int run_run(char **argv)
{
    struct run *r = must_zalloc(1, sizeof *r);
    struct text_list rest = { 0 };
    struct err e;
    err_init(&e);
    int status;
    if (!options_parse(options, argv, &r->opt, &rest, &e))
        status = cli_usage("run", &e);
    else if (rest.n != 1) {
        if (rest.n == 0)
            err_set(&e, ERR_USAGE,
                    "run needs a scenario: mpmsim run FILE.json");
        else
            err_set(&e, ERR_USAGE, "run takes one scenario, found \"%s\" too",
                    rest.v[1]);
        status = cli_usage("run", &e);
    } else
        status = run_scenario(r, rest.v[0], &e);
    if (r->sc != NULL)
        scenario_free(r->sc);
    free(r->servers);
    free(r->means);
    free(r->cis);
    options_free(options, &r->opt);
    options_list_free(&rest);
    free(r);
    return status;
}

const struct command command_run = {
    .usage = "SCENARIO.json|- [options]",
    .about =
        "Runs every server of the scenario against the same requests, writes\n"
        "the folder of results and prints a table with a column per server, "
        "their\nmessages, and a verdict. KEY is a dotted path "
        "(servers.event.\ndirectives.KeepAliveTimeout=2s, "
        "workload.attack.clients=500) or a\ndirective for all servers "
        "(keep_alive_timeout=2s). EXPR is\n\"SERVER.METRIC OP VALUE\", such "
        "as \"event.latency.p99_s < 200ms\".",
    .options = options,
    .run = run_run,
};
