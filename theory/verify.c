/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is verified is listed in the functions add_*(): each adds cases (a
 * system, simulated once per replication) and rows (a figure of a case and its
 * theory). Figures of one replication are means of thousands of customers, so
 * that Student's t may be used far out in its tail. */
#include "theory/verify.h"

#include "outputs/stats.h"
#include "sim/must.h"
#include "theory/queues.h"
#include "theory/sim_lattice.h"
#include "theory/sim_server.h"
#include "theory/sim_station.h"

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#define REPLICATIONS 32

enum kind { STATION, LATTICE, DDONE, TIES, SERVER, BATCHES };

struct system {
    enum kind kind;
    const char *name, *parts, *source;
    union {
        struct station station;
        struct lattice lattice;
        struct served served;
        const char *mpm;
    };
    double figures[REPLICATIONS][FIGURES];
};

struct row {
    size_t system;
    enum figure figure;
    double theory;
    bool exact;
};

#define MAX_SYSTEMS 64
#define MAX_ROWS    192

struct plan {
    struct system *systems;
    struct row *rows;
    size_t nsystems, nrows;
    uint64_t seed;
    atomic_size_t next; /* job: replication x system */
};

static const char *const figure_names[FIGURES] = {
    [FIG_RATE] = "throughput (1/s)",
    [FIG_LOST] = "share turned away",
    [FIG_WAIT] = "mean wait (s)",
    [FIG_RESPONSE] = "mean response (s)",
    [FIG_SQUARE] = "mean squared response",
    [FIG_LATE] = "share that waits long",
    [FIG_P99] = "99th percentile (s)",
    [FIG_NUMBER] = "mean number inside",
    [FIG_VARIANCE] = "variance of number",
    [FIG_BUSY] = "mean busy servers",
    [FIG_LITTLE] = "L / (lambda W)",
    [FIG_WRONG] = "events out of order",
};

/* -- what is verified -------------------------------------------------------
 */

static struct system *add_system(struct plan *p, enum kind kind,
                                 const char *name, const char *parts,
                                 const char *source)
{
    must(p->nsystems < MAX_SYSTEMS);
    struct system *s = &p->systems[p->nsystems++];
    s->kind = kind;
    s->name = name;
    s->parts = parts;
    s->source = source;
    return s;
}

/* A figure of the system added last. */
static void expect(struct plan *p, enum figure figure, double theory)
{
    must(p->nrows < MAX_ROWS);
    p->rows[p->nrows++] = (struct row){ .system = p->nsystems - 1,
                                        .figure = figure,
                                        .theory = theory };
}

static void expect_exactly(struct plan *p, enum figure figure, double theory)
{
    expect(p, figure, theory);
    p->rows[p->nrows - 1].exact = true;
}

#define SECOND 1e9 /* laws are in ns */

static struct dist law(struct dist d)
{
    struct err e;
    err_init(&e);
    must(dist_prepare(&d, &e));
    return d;
}

static struct dist exponential(double mean_s)
{
    return law(
        (struct dist){ .kind = DIST_EXPONENTIAL, .mean = mean_s * SECOND });
}

static double mean_s(const struct dist *d)
{
    return dist_mean(d) / SECOND;
}

static double variance_s2(const struct dist *d)
{
    return dist_variance(d) / (SECOND * SECOND);
}

static const char kleinrock[] = "Kleinrock 1975";
static const char gross[] = "Gross and Harris 1985";

static void add_mm1(struct plan *p)
{
    struct queue_figures f;
    struct system *s =
        add_system(p, STATION, "M/M/1, load 0.8", "engine", kleinrock);
    s->station = (struct station){ .rate = 0.8,
                                   .service = exponential(1),
                                   .servers = 1,
                                   .late = 10,
                                   .warm_up = 2000,
                                   .length = 60000 };
    queue_mmck(0.8, 1, 1, 0, &f);
    expect(p, FIG_RATE, f.rate);
    expect(p, FIG_RESPONSE, f.response);
    expect(p, FIG_SQUARE, f.square);
    expect(p, FIG_LATE, queue_mmck_late(0.8, 1, 1, 0, 10));
    expect(p, FIG_NUMBER, f.number);
    expect(p, FIG_VARIANCE, f.number * (f.number + 1)); /* geometric */
    expect(p, FIG_BUSY, f.busy);
}

static void add_mmck(struct plan *p, const char *name, const char *source,
                     double rate, int c, int room, double late)
{
    struct queue_figures f;
    struct system *s = add_system(p, STATION, name, "engine", source);
    s->station = (struct station){ .rate = rate,
                                   .service = exponential(1),
                                   .servers = c,
                                   .room = room,
                                   .late = late,
                                   .warm_up = 1000,
                                   .length = 60000 / rate };
    queue_mmck(rate, 1, c, room, &f);
    expect(p, FIG_RATE, f.rate);
    if (room > 0)
        expect(p, FIG_LOST, f.lost);
    if (room != c) {
        expect(p, FIG_WAIT, f.wait);
        expect(p, FIG_LATE, queue_mmck_late(rate, 1, c, room, late));
        expect(p, FIG_SQUARE, f.square);
    }
    expect(p, FIG_NUMBER, f.number);
    expect(p, FIG_BUSY, f.busy);
    expect(p, FIG_LITTLE, 1);
}

/* Erlang's loss formula holds for any law of service. */
static void add_erlang_b(struct plan *p)
{
    struct system *s = add_system(p, STATION, "M/G/10/10 (hyperexponential)",
                                  "engine", "Erlang 1917, Takacs 1962");
    s->station = (struct station){
        .rate = 8,
        .service = law((struct dist){
            .kind = DIST_HYPEREXPONENTIAL, .mean = SECOND, .cv = 2 }),
        .servers = 10,
        .room = 10,
        .warm_up = 1000,
        .length = 8000,
    };
    double lost = erlang_b(10, 8);
    expect(p, FIG_LOST, lost);
    expect(p, FIG_BUSY, 8 * (1 - lost));
}

/* Laws of service with a mean of about one second. */
static size_t laws(struct dist d[8], const char *fifo[8], const char *ps[8],
                   const char *kps[8])
{
    const struct {
        const char *fifo, *ps, *kps;
        struct dist d;
    } list[] = {
#define LAW(name)                                                              \
    "M/G/1 (" name ")", "M/G/1-PS (" name ")", "M/G/1/K*PS (" name ")"
        { LAW("constant"), { .kind = DIST_CONSTANT, .mean = SECOND } },
        { LAW("uniform"),
          { .kind = DIST_UNIFORM, .min = 0.2 * SECOND, .max = 1.8 * SECOND } },
        { LAW("exponential"), { .kind = DIST_EXPONENTIAL, .mean = SECOND } },
        { LAW("gamma"), { .kind = DIST_GAMMA, .mean = SECOND, .cv = 0.5 } },
        { LAW("Weibull"),
          { .kind = DIST_WEIBULL, .mean = SECOND, .shape = 1.5 } },
        { LAW("lognormal"),
          { .kind = DIST_LOGNORMAL, .mean = SECOND, .cv = 0.8 } },
        { LAW("hyperexponential"),
          { .kind = DIST_HYPEREXPONENTIAL, .mean = SECOND, .cv = 2 } },
        { LAW("bounded Pareto"),
          { .kind = DIST_PARETO,
            .min = 0.4 * SECOND,
            .max = 20 * SECOND,
            .alpha = 1.8 } },
#undef LAW
    };
    size_t n = sizeof list / sizeof list[0];
    for (size_t i = 0; i < n; i++) {
        d[i] = law(list[i].d);
        fifo[i] = list[i].fifo;
        ps[i] = list[i].ps;
        kps[i] = list[i].kps;
    }
    return n;
}

static void add_mg1(struct plan *p)
{
    struct dist d[8];
    const char *fifo[8], *ps[8], *kps[8];
    struct queue_figures f;
    size_t n = laws(d, fifo, ps, kps);
    for (size_t i = 0; i < n; i++) {
        double rate = 0.6 / mean_s(&d[i]);
        struct system *s = add_system(p, STATION, fifo[i], "engine",
                                      "Pollaczek 1930, Khinchine 1932");
        s->station = (struct station){ .rate = rate,
                                       .service = d[i],
                                       .servers = 1,
                                       .warm_up = 2000,
                                       .length = 40000 };
        queue_mg1(rate, mean_s(&d[i]), variance_s2(&d[i]), &f);
        expect(p, FIG_WAIT, f.wait);
        expect(p, FIG_BUSY, f.busy);
    }
}

static void add_sharing(struct plan *p)
{
    struct dist d[8];
    const char *fifo[8], *ps[8], *kps[8];
    struct queue_figures f;
    size_t n = laws(d, fifo, ps, kps);
    for (size_t i = 0; i < n; i += 2) {
        double mean = mean_s(&d[i]), rate = 0.7 / mean;
        struct system *s =
            add_system(p, STATION, ps[i], "processors", "Kelly 1979");
        s->station = (struct station){ .rate = rate,
                                       .service = d[i],
                                       .shared = true,
                                       .warm_up = 2000,
                                       .length = 20000 };
        queue_mg1_ps(rate, mean, 0, &f);
        expect(p, FIG_RESPONSE, f.response);
        expect(p, FIG_NUMBER, f.number);
    }
    for (size_t i = 0; i < n; i += 2) {
        double mean = mean_s(&d[i]), rate = 1.1 / mean;
        struct system *s =
            add_system(p, STATION, kps[i], "processors", "Cao et al. 2003");
        s->station = (struct station){ .rate = rate,
                                       .service = d[i],
                                       .shared = true,
                                       .room = 8,
                                       .warm_up = 1000,
                                       .length = 15000 };
        queue_mg1_ps(rate, mean, 8, &f);
        expect(p, FIG_LOST, f.lost);
        expect(p, FIG_RESPONSE, f.response);
        expect(p, FIG_NUMBER, f.number);
    }
}

static void add_closed(struct plan *p)
{
    struct queue_figures f;
    struct system *s =
        add_system(p, STATION, "machine repairman, 20 by 3", "engine", gross);
    s->station = (struct station){ .population = 20,
                                   .think = exponential(5),
                                   .service = exponential(1),
                                   .servers = 3,
                                   .warm_up = 1000,
                                   .length = 15000 };
    queue_repairman(20, 5, 1, 3, &f);
    expect(p, FIG_RATE, f.rate);
    expect(p, FIG_RESPONSE, f.response);
    expect(p, FIG_NUMBER, f.number);
    expect(p, FIG_BUSY, f.busy);
}

static void add_mg_inf(struct plan *p)
{
    struct queue_figures f;
    struct system *s = add_system(p, STATION, "M/G/inf (lognormal), load 20",
                                  "engine", "Takacs 1962");
    s->station = (struct station){
        .rate = 20,
        .service = law(
            (struct dist){ .kind = DIST_LOGNORMAL, .mean = SECOND, .cv = 1 }),
        .warm_up = 200,
        .length = 2000,
    };
    queue_mg_inf(20, 1, &f);
    expect(p, FIG_RESPONSE, f.response);
    expect(p, FIG_NUMBER, f.number);
    expect(p, FIG_VARIANCE, f.number);
}

static void add_lattices(struct plan *p)
{
    struct system *s = add_system(p, TIES, "events of one instant", "engine",
                                  "order of scheduling");
    expect_exactly(p, FIG_WRONG, 0);
    s = add_system(p, DDONE, "D/D/1, load 1", "engine", "order of scheduling");
    expect_exactly(p, FIG_WAIT, 0);
    expect_exactly(p, FIG_RESPONSE, 0.01);
    expect_exactly(p, FIG_LATE, 0);
    expect_exactly(p, FIG_NUMBER, 1);
    for (int first = 1; first >= 0; first--) {
        s = add_system(p, LATTICE,
                       first ? "Geo/Geo/1, departures first"
                             : "Geo/Geo/1, arrivals first",
                       "engine", "Hunter 1983");
        s->lattice = (struct lattice){ .departures_first = first,
                                       .arrive = 0.3,
                                       .leave = 0.5,
                                       .warm_up = 1000,
                                       .slots = 20000 };
        expect(p, FIG_NUMBER,
               first ? queue_geo1_departures_first(0.3, 0.5)
                     : queue_geo1_arrivals_first(0.3, 0.5));
    }
    static const char *const mpms[] = { "prefork", "worker", "event" };
    for (size_t i = 0; i < sizeof mpms / sizeof mpms[0]; i++) {
        s = add_system(p, BATCHES, "D[20]/D/1, first come first served",
                       mpms[i], "lattice");
        s->mpm = mpms[i];
        expect_exactly(p, FIG_WRONG, 0);
        expect_exactly(p, FIG_WAIT, 0.095);
    }
}

/* -- whole servers ----------------------------------------------------------
 */

/* A pool of eight workers that is there from the start and stays. */
static const char prefork8[] =
    "StartServers 8\nMinSpareServers 1\nMaxSpareServers 8\n"
    "MaxRequestWorkers 8\n";
static const char threads8[] =
    "StartServers 1\nServerLimit 1\nThreadsPerChild 8\nMaxRequestWorkers 8\n"
    "MinSpareThreads 1\nMaxSpareThreads 16\n";
static const char short_queue[] =
    "StartServers 3\nMinSpareServers 1\nMaxSpareServers 3\n"
    "MaxRequestWorkers 3\nListenBacklog 6\n";
static const char one_worker[] =
    "StartServers 1\nMaxRequestWorkers 1\nListenBacklog 4000\n";
static const char many_threads[] =
    "StartServers 4\nServerLimit 4\nThreadLimit 100\nThreadsPerChild 100\n"
    "MaxRequestWorkers 400\nMinSpareThreads 1\nMaxSpareThreads 400\n";

/* The mean service of servers, s. */
#define SERVICE 0.02

static struct served *add_server(struct plan *p, const char *name,
                                 const char *mpm, const char *directives,
                                 const char *source)
{
    struct system *s = add_system(p, SERVER, name, mpm, source);
    s->served = (struct served){ .mpm = mpm,
                                 .directives = directives,
                                 .service = exponential(SERVICE),
                                 .warm_up = 10,
                                 .length = 60 };
    return &s->served;
}

static void add_server_mmc(struct plan *p, const char *mpm)
{
    double rate = 0.75 * 8 / SERVICE;
    struct queue_figures f;
    struct served *s =
        add_server(p, "M/M/8, load 6", mpm, mpm[0] == 'p' ? prefork8 : threads8,
                   "Erlang 1917");
    s->rate = rate;
    queue_mmck(rate, SERVICE, 8, 0, &f);
    expect(p, FIG_RATE, f.rate);
    expect(p, FIG_RESPONSE, f.response);
    expect(p, FIG_SQUARE, f.square);
    expect(p, FIG_BUSY, f.busy);
    if (mpm[0] != 'e') { /* event accepts before it has a worker */
        expect(p, FIG_NUMBER, f.number);
        expect(p, FIG_LITTLE, 1);
    }
}

static void add_servers(struct plan *p)
{
    struct queue_figures f;
    struct served *s;
    add_server_mmc(p, "prefork");
    add_server_mmc(p, "worker");
    add_server_mmc(p, "event");

    /* K-1: a ListenBacklog of 6 holds 7 */
    s = add_server(p, "M/M/3/10, load 3.3", "prefork", short_queue, gross);
    s->rate = 3.3 / SERVICE;
    queue_mmck(s->rate, SERVICE, 3, 10, &f);
    expect(p, FIG_RATE, f.rate);
    expect(p, FIG_LOST, f.lost);
    expect(p, FIG_RESPONSE, f.response);
    expect(p, FIG_SQUARE, f.square);
    expect(p, FIG_NUMBER, f.number);
    expect(p, FIG_BUSY, f.busy);

    s = add_server(p, "M/M/1, load 0.6", "prefork", one_worker, kleinrock);
    s->rate = 0.6 / SERVICE;
    s->length = 200;
    queue_mmck(s->rate, SERVICE, 1, 0, &f);
    expect(p, FIG_RESPONSE, f.response);
    expect(p, FIG_SQUARE, f.square);
    expect(p, FIG_P99, queue_mm1_quantile(s->rate, SERVICE, 0.99));
    expect(p, FIG_LITTLE, 1);

    s = add_server(p, "M/G/1 (hyperexponential)", "worker",
                   "StartServers 1\nServerLimit 1\nThreadsPerChild 1\n"
                   "MaxRequestWorkers 1\nListenBacklog 4000\n",
                   "Pollaczek 1930, Khinchine 1932");
    s->service = law((struct dist){
        .kind = DIST_HYPEREXPONENTIAL, .mean = SERVICE * SECOND, .cv = 1.5 });
    s->rate = 0.5 / SERVICE;
    s->length = 200;
    queue_mg1(s->rate, SERVICE, variance_s2(&s->service), &f);
    expect(p, FIG_RESPONSE, f.response);
    expect(p, FIG_BUSY, f.busy);

    s = add_server(p, "M/G/1-PS (gamma)", "event", many_threads, "Kelly 1979");
    s->cpu = true;
    s->service = law((struct dist){
        .kind = DIST_GAMMA, .mean = SERVICE * SECOND, .cv = 0.5 });
    s->rate = 0.6 / SERVICE;
    s->length = 200;
    queue_mg1_ps(s->rate, SERVICE, 0, &f);
    expect(p, FIG_RESPONSE, f.response);
    expect(p, FIG_BUSY, f.number);

    s = add_server(p, "M/G/inf (lognormal), load 20", "event", many_threads,
                   "Takacs 1962");
    s->service = law((struct dist){
        .kind = DIST_LOGNORMAL, .mean = SERVICE * SECOND, .cv = 1 });
    s->rate = 20 / SERVICE;
    s->length = 20;
    queue_mg_inf(s->rate, SERVICE, &f);
    expect(p, FIG_RESPONSE, f.response);
    expect(p, FIG_BUSY, f.busy);
    expect(p, FIG_LITTLE, 1);

    s = add_server(p, "machine repairman, 40 by 8", "prefork", prefork8, gross);
    s->population = 40;
    s->think = exponential(5 * SERVICE);
    queue_repairman(40, 5 * SERVICE, SERVICE, 8, &f);
    expect(p, FIG_RATE, f.rate);
    expect(p, FIG_RESPONSE, f.response);
    expect(p, FIG_BUSY, f.busy);
}

static void add_all(struct plan *p)
{
    add_lattices(p);
    add_mm1(p);
    add_mmck(p, "M/M/8, load 6.8", "Erlang 1917", 6.8, 8, 0, 1);
    add_mmck(p, "M/M/10/10, load 8", "Erlang 1917", 8, 10, 10, 0);
    add_mmck(p, "M/M/3/10, load 3.3", gross, 3.3, 3, 10, 2);
    add_erlang_b(p);
    add_mg1(p);
    add_sharing(p);
    add_mg_inf(p);
    add_closed(p);
    add_servers(p);
}

/* -- running ----------------------------------------------------------------
 */

/* Systems draw from streams of their own, though they share the names. */
static uint64_t seed_of(const struct plan *p, size_t system)
{
    struct rng r = rng_at(p->seed, system, 0);
    return rng_u64(&r);
}

static void run_one(struct plan *p, size_t job)
{
    uint64_t rep = job / p->nsystems;
    size_t i = job % p->nsystems;
    struct system *s = &p->systems[i];
    double *f = s->figures[rep];
    uint64_t seed = seed_of(p, i);
    switch (s->kind) {
    case STATION:
        station_run(&s->station, seed, rep, f);
        break;
    case LATTICE:
        lattice_run(&s->lattice, seed, rep, f);
        break;
    case DDONE:
        lattice_ddone_run(seed, rep, f);
        break;
    case TIES:
        lattice_ties_run(seed, rep, f);
        break;
    case SERVER:
        served_run(&s->served, seed, rep, f);
        break;
    case BATCHES:
        served_batches_run(s->mpm, seed, rep, f);
        break;
    }
}

static void *run_some(void *arg)
{
    struct plan *p = arg;
    for (;;) {
        size_t job = atomic_fetch_add(&p->next, 1);
        if (job >= REPLICATIONS * p->nsystems)
            break;
        run_one(p, job);
    }
    return NULL;
}

static void run_all(struct plan *p, int64_t threads)
{
    size_t n = (size_t)threads, started = 0;
    if (n == 0) {
        cpu_set_t set;
        n = sched_getaffinity(0, sizeof set, &set) == 0
                ? (size_t)CPU_COUNT(&set)
                : 1;
    }
    pthread_t *t = must_zalloc(n, sizeof *t);
    while (started + 1 < n &&
           pthread_create(&t[started], NULL, run_some, p) == 0)
        started++;
    run_some(p);
    for (size_t i = 0; i < started; i++)
        pthread_join(t[i], NULL);
    free(t);
}

/* -- judging ----------------------------------------------------------------
 */

static void judge_exactly(const double v[REPLICATIONS], struct verify_row *r)
{
    r->exact = r->holds = true;
    for (int i = 0; i < REPLICATIONS; i++)
        if (!(fabs(v[i] - r->theory) <= 1e-9 * fabs(r->theory))) {
            if (r->holds)
                r->simulated = v[i];
            r->holds = false;
        }
    r->deviation = r->holds ? 0 : (double)INFINITY;
}

static void judge(const struct plan *p, const struct row *row,
                  struct verify_row *r)
{
    const struct system *s = &p->systems[row->system];
    double v[REPLICATIONS];
    for (int i = 0; i < REPLICATIONS; i++)
        v[i] = s->figures[i][row->figure];
    *r = (struct verify_row){ .system = s->name,
                              .parts = s->parts,
                              .figure = figure_names[row->figure],
                              .source = s->source,
                              .theory = row->theory,
                              .simulated = stats_mean(v, REPLICATIONS) };
    if (row->exact) {
        judge_exactly(v, r);
        return;
    }
    double each = 1 - (1 - VERIFY_CONFIDENCE) / (double)p->nrows;
    r->half_width = stats_half_width(v, REPLICATIONS, each);
    r->deviation = (r->simulated - r->theory) / stats_error(v, REPLICATIONS);
    r->holds = fabs(r->simulated - r->theory) <= r->half_width;
}

void verify_run(uint64_t seed, int64_t threads, struct verify *v)
{
    struct plan p = { .seed = seed };
    p.systems = must_zalloc(MAX_SYSTEMS, sizeof *p.systems);
    p.rows = must_zalloc(MAX_ROWS, sizeof *p.rows);
    add_all(&p);
    run_all(&p, threads);
    *v = (struct verify){ .seed = seed,
                          .replications = REPLICATIONS,
                          .n = p.nrows };
    v->rows = must_zalloc(v->n, sizeof *v->rows);
    for (size_t i = 0; i < v->n; i++) {
        judge(&p, &p.rows[i], &v->rows[i]);
        v->failed += !v->rows[i].holds;
    }
    free(p.systems);
    free(p.rows);
}

void verify_free(struct verify *v)
{
    free(v->rows);
    v->rows = NULL;
}
