/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sentence of verdict. Each server is held against the best of them in
 * three figures that a visitor of the site would notice: requests that failed,
 * the tail of the latency, requests served. Those that fall behind in one are
 * named with the cause that the counters show; if none does, the sentence says
 * that there is no difference. */
#include "outputs/report.h"

#include "outputs/num.h"
#include "outputs/paired.h"
#include "outputs/sink.h"
#include "sim/must.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What stands in a server's way, in the order in which it is looked for. */
enum cause {
    CAUSE_NONE,
    CAUSE_CPU,       /* the processors are used up */
    CAUSE_KEEPALIVE, /* all workers taken, most of them in K */
    CAUSE_READING,   /* … most of them reading a request */
    CAUSE_WRITING,   /* … most of them working or sending */
    CAUSE_WORKERS,   /* … no state stands out */
    CAUSE_OVERFLOW,  /* the accept queue was full */
    CAUSE_SPAWNING,  /* too few processes at first */
    CAUSE_CONNLIMIT, /* event: connections per process */
    CAUSE_RECYCLING  /* processes end and are replaced */
};

/* A difference smaller than this is none: of latency both, of failures and of
 * requests served the share. */
#define TAIL_RATIO   1.2
#define TAIL_SECONDS 0.005
#define FAIL_SHARE   0.01
#define SERVED_SHARE 0.05

struct opinion {
    const struct report_server *s;
    enum cause cause;
    double fail_share;
    bool slow, failing, serving_less;
};

struct verdict {
    const struct report *r;
    struct opinion *o;
    size_t tail;                      /* offset of the percentile compared */
    const char *tail_name;            /* NULL: no percentile that all have */
    const struct report_server *fast; /* who is best there, or NULL */
    struct sink out;
};

/* What is said of several pairs at once holds for all of them with 95 %. */
#define CONFIDENCE 0.95

static bool behind(const struct opinion *o)
{
    return o->slow || o->failing || o->serving_less;
}

/* -- causes -----------------------------------------------------------------
 */

static bool has_message(const struct summary *s, const char *const *codes)
{
    for (; *codes != NULL; codes++)
        for (size_t i = 0; i < s->nmessages; i++)
            if (strcmp(s->message[i].code, *codes) == 0)
                return true;
    return false;
}

/* What most workers do while all are taken. */
static enum cause holder(const struct summary *s)
{
    double half = 0.5 * s->workers.limit;
    if (s->workers.full_keepalive_mean > half)
        return CAUSE_KEEPALIVE;
    if (s->workers.full_reading_mean > half)
        return CAUSE_READING;
    if (s->workers.full_writing_mean > half)
        return CAUSE_WRITING;
    return CAUSE_WORKERS;
}

static enum cause find_cause(const struct report_server *rs)
{
    /* "server seems busy", in prefork, worker, event */
    static const char *const busy[] = { "AH00162", "AH00289", "AH00486", NULL };
    const struct summary *s = rs->sum;

    if (s->cpu.utilisation >= 0.9)
        return CAUSE_CPU;
    /* who is full now and then, but turns clients away */
    if (s->workers.full_share < 0.5 && s->accept_queue.overflows > 0)
        return CAUSE_OVERFLOW;
    if (s->workers.full_share >= 0.05)
        return holder(s);
    if (s->processes.ended >= 3 && s->processes.ended >= s->processes.mean)
        return CAUSE_RECYCLING;
    if (has_message(s, busy) && s->accept_queue.peak >= 10)
        return CAUSE_SPAWNING;
    if (rs->settings != NULL && rs->settings->mpm == MPM_EVENT &&
        s->accept_queue.mean >= 1)
        return CAUSE_CONNLIMIT;
    return CAUSE_NONE;
}

/* -- comparison -------------------------------------------------------------
 */

static double number(const struct summary *s, size_t offset)
{
    const struct summary_field f = { .offset = offset };
    return summary_value(s, &f);
}

/* The farthest percentile, up to p99, that every server has. */
static void choose_tail(struct verdict *v)
{
    static const struct {
        size_t offset;
        const char *name;
    } tails[] = {
        { offsetof(struct summary, latency.p99_s), "p99" },
        { offsetof(struct summary, latency.p95_s), "p95" },
        { offsetof(struct summary, latency.p90_s), "p90" },
        { offsetof(struct summary, latency.p50_s), "p50" },
    };
    for (size_t k = 0; k < sizeof tails / sizeof tails[0]; k++) {
        bool all = true;
        for (size_t i = 0; i < v->r->n; i++) {
            const struct summary *s = v->r->servers[i].sum;
            /* who serves next to nothing has no tail to compare */
            all = all && (!isnan(number(s, tails[k].offset)) ||
                          s->completed < SUMMARY_BEYOND);
        }
        for (size_t i = 0; all && i < v->r->n; i++) {
            if (!isnan(number(v->r->servers[i].sum, tails[k].offset))) {
                v->tail = tails[k].offset;
                v->tail_name = tails[k].name;
                return;
            }
        }
    }
}

static bool are_paired(const struct report_server *a,
                       const struct report_server *b)
{
    return a->runs != NULL && b->runs != NULL && a->nruns >= 2 && b->nruns >= 2;
}

/* A - B of the number at OFFSET, with an interval that allows for all pairs
 * there are (Bonferroni). */
static struct paired difference(const struct report *r,
                                const struct report_server *a,
                                const struct report_server *b, size_t offset)
{
    double pairs = (double)(r->n * (r->n - 1)) / 2;
    return paired_difference(b->runs, a->runs,
                             a->nruns < b->nruns ? a->nruns : b->nruns, offset,
                             1 - (1 - CONFIDENCE) / pairs);
}

/* Whether A's number is above B's beyond what replications scatter. */
static bool above(const struct report *r, const struct report_server *a,
                  const struct report_server *b, size_t offset)
{
    if (a != b && are_paired(a, b)) {
        struct paired p = difference(r, a, b, offset);
        return paired_is_shown(&p) && p.mean > 0;
    }
    if (a->ci == NULL || b->ci == NULL)
        return number(a->sum, offset) > number(b->sum, offset);
    double low = number(&a->ci->low, offset);
    double high = number(&b->ci->high, offset);
    return !isnan(low) && !isnan(high) && low > high;
}

static double fail_share(const struct summary *s)
{
    double all = s->completed + s->failed;
    return all > 0 ? s->failed / all : 0;
}

static void judge(struct verdict *v)
{
    size_t n = v->r->n;
    const struct report_server *fast = NULL, *most = v->r->servers,
                               *clean = v->r->servers;
    for (size_t i = 0; i < n; i++) {
        const struct report_server *s = &v->r->servers[i];
        v->o[i] = (struct opinion){ .s = s,
                                    .cause = find_cause(s),
                                    .fail_share = fail_share(s->sum) };
        if (v->tail_name != NULL && !isnan(number(s->sum, v->tail)) &&
            (fast == NULL ||
             number(s->sum, v->tail) < number(fast->sum, v->tail)))
            fast = s;
        if (s->sum->completed > most->sum->completed)
            most = s;
        if (fail_share(s->sum) < fail_share(clean->sum))
            clean = s;
    }
    v->fast = fast;
    for (size_t i = 0; i < n; i++) {
        struct opinion *o = &v->o[i];
        const struct summary *s = o->s->sum;
        if (fast != NULL) {
            double mine = number(s, v->tail), best = number(fast->sum, v->tail);
            o->slow = mine > TAIL_RATIO * best && mine > best + TAIL_SECONDS &&
                      above(v->r, o->s, fast, v->tail);
        }
        o->failing = o->fail_share > fail_share(clean->sum) + FAIL_SHARE &&
                     above(v->r, o->s, clean, offsetof(struct summary, failed));
        o->serving_less =
            s->completed < (1 - SERVED_SHARE) * most->sum->completed &&
            above(v->r, most, o->s, offsetof(struct summary, completed));
    }
}

/* -- words ------------------------------------------------------------------
 */

/* Picks the servers a phrase is about. */
typedef bool (*pick_fn)(const struct opinion *o, enum cause cause);

static bool is_behind(const struct opinion *o, enum cause cause)
{
    return behind(o) && o->cause == cause;
}

static bool is_ahead(const struct opinion *o, enum cause cause)
{
    (void)cause;
    return !behind(o);
}

static bool has_cause(const struct opinion *o, enum cause cause)
{
    return o->cause == cause;
}

struct group {
    const struct opinion **o;
    size_t n;
};

static void pick(const struct verdict *v, pick_fn fn, enum cause cause,
                 struct group *g)
{
    g->n = 0;
    for (size_t i = 0; i < v->r->n; i++)
        if (fn(&v->o[i], cause))
            g->o[g->n++] = &v->o[i];
}

/* ", " between, " and " before the last. */
static void separate(struct sink *s, size_t i, size_t n)
{
    if (i > 0)
        sink_text(s, i + 1 == n ? " and " : ", ");
}

static void put_names(struct sink *s, const struct group *g)
{
    for (size_t i = 0; i < g->n; i++) {
        separate(s, i, g->n);
        sink_text(s, g->o[i]->s->name);
    }
}

static void put_duration(struct sink *s, double v)
{
    char buf[NUM_SIZE];
    sink_text(s, isnan(v) ? "unknown" : num_duration(v, buf));
}

static void put_whole(struct sink *s, double v)
{
    char buf[NUM_SIZE];
    sink_text(s, num_count(round(v), buf));
}

static void put_percent(struct sink *s, double share)
{
    char buf[NUM_SIZE];
    sink_text(s, num_digits(share * 100, share >= 0.1 ? 3 : 2, buf));
    sink_text(s, " %");
}

/* One number per server: "21 ms", or "28.6 s and 26.8 s", or "21 ms" once
 * when all read the same. */
static void put_each(struct sink *s, const struct group *g, size_t offset,
                     void (*put)(struct sink *, double))
{
    char *first = NULL;
    bool same = true;
    for (size_t i = 0; i < g->n; i++) {
        struct sink one;
        sink_string(&one);
        put(&one, number(g->o[i]->s->sum, offset));
        char *text = sink_take(&one);
        if (first == NULL) {
            first = text;
            continue;
        }
        same = same && strcmp(first, text) == 0;
        free(text);
    }
    if (same) {
        sink_text(s, first != NULL ? first : "");
    } else {
        for (size_t i = 0; i < g->n; i++) {
            separate(s, i, g->n);
            put(s, number(g->o[i]->s->sum, offset));
        }
    }
    free(first);
}

#define FIELD(member) offsetof(struct summary, member)

static void put_moment(struct sink *s, double t)
{
    char buf[NUM_SIZE];
    sink_text(s, num_digits(round(t * 10) / 10, 6, buf));
    sink_text(s, " s");
}

/* "all 150 workers are taken from 12 s on", or a share of the time when they
 * are not taken until the end. */
static void put_taken(struct verdict *v, const struct group *g)
{
    struct sink *s = &v->out;
    double end = simtime_to_s(v->r->duration);
    double window = end - simtime_to_s(v->r->warm_up);
    bool lasting = !v->r->partial;
    for (size_t i = 0; i < g->n; i++) {
        const struct summary *m = g->o[i]->s->sum;
        double rest = (end - m->workers.full_first_s) / window;
        lasting = lasting && m->workers.full_share >= 0.9 * rest;
    }
    sink_text(s, "all ");
    put_each(s, g, FIELD(workers.limit), put_whole);
    sink_text(s, " workers are taken ");
    if (lasting) {
        sink_text(s, "from ");
        put_each(s, g, FIELD(workers.full_first_s), put_moment);
        sink_text(s, " on");
    } else {
        put_each(s, g, FIELD(workers.full_share), put_percent);
        sink_text(s, " of the time");
    }
}

static void put_verb(struct sink *s, const struct group *g, const char *one,
                     const char *many)
{
    sink_text(s, g->n == 1 ? one : many);
}

/* "all 150 workers are taken from 12 s on, 149 of them in keep-alive (K)" */
static void put_holders(struct verdict *v, const struct group *g, size_t offset,
                        const char *doing)
{
    put_taken(v, g);
    sink_text(&v->out, ", ");
    put_each(&v->out, g, offset, put_whole);
    sink_text(&v->out, doing);
}

/* What the servers of G, who share CAUSE, do: "starve: all 150 …". */
static void put_cause(struct verdict *v, const struct group *g,
                      enum cause cause)
{
    struct sink *s = &v->out;
    switch (cause) {
    case CAUSE_CPU:
        put_verb(s, g, "runs out of CPU, ", "run out of CPU, ");
        put_each(s, g, FIELD(cpu.utilisation), put_percent);
        sink_text(s, " used");
        break;
    case CAUSE_KEEPALIVE:
        put_verb(s, g, "starves: ", "starve: ");
        put_holders(v, g, FIELD(workers.full_keepalive_mean),
                    " of them in keep-alive (K), waiting for clients that say"
                    " nothing");
        break;
    case CAUSE_READING:
        put_verb(s, g, "starves: ", "starve: ");
        put_holders(v, g, FIELD(workers.full_reading_mean),
                    " of them reading (R) requests that come in slowly");
        break;
    case CAUSE_WRITING:
        put_verb(s, g, "runs out of workers: ", "run out of workers: ");
        put_holders(v, g, FIELD(workers.full_writing_mean),
                    " of them working on a response or sending it (W)");
        break;
    case CAUSE_WORKERS:
        put_verb(s, g, "runs out of workers: ", "run out of workers: ");
        put_taken(v, g);
        break;
    case CAUSE_OVERFLOW:
        put_verb(s, g, "lets its accept queue overflow ",
                 "let their accept queues overflow ");
        put_each(s, g, FIELD(accept_queue.overflows), put_whole);
        sink_text(s, " times, so that clients must knock again");
        break;
    case CAUSE_SPAWNING:
        put_verb(s, g, "has to start processes first: up to ",
                 "have to start processes first: up to ");
        put_each(s, g, FIELD(accept_queue.peak), put_whole);
        sink_text(s, " connections wait in the accept queue meanwhile");
        break;
    case CAUSE_CONNLIMIT:
        put_verb(s, g, "stops", "stop");
        sink_text(s, " accepting at the limit of connections per process "
                     "(AsyncRequestWorkerFactor): up to ");
        put_each(s, g, FIELD(accept_queue.peak), put_whole);
        sink_text(s, " connections wait");
        break;
    case CAUSE_RECYCLING:
        put_verb(s, g, "keeps replacing its processes, ",
                 "keep replacing their processes, ");
        put_each(s, g, FIELD(processes.ended), put_whole);
        sink_text(s, " of them so far");
        break;
    case CAUSE_NONE:
        put_verb(s, g, "falls behind", "fall behind");
        break;
    }
}

static void put_rate(struct sink *s, double v)
{
    char buf[NUM_SIZE];
    sink_text(s, isnan(v) ? "no" : num_digits(v, v >= 1000 ? 5 : 3, buf));
}

static void put_tail(struct verdict *v, const struct group *g)
{
    sink_text(&v->out, v->tail_name);
    sink_char(&v->out, ' ');
    put_each(&v->out, g, v->tail, put_duration);
}

/* " (p99 28.6 s, 82 failed requests)": where the servers of G are behind. */
static void put_figures(struct verdict *v, const struct group *g)
{
    struct sink *s = &v->out;
    const char *sep = " (";
    bool slow = false, failing = false, less = false;
    for (size_t i = 0; i < g->n; i++) {
        slow = slow || g->o[i]->slow;
        failing = failing || g->o[i]->failing;
        less = less || g->o[i]->serving_less;
    }
    if (slow) {
        sink_text(s, sep);
        put_tail(v, g);
        sep = ", ";
    }
    if (failing) {
        sink_text(s, sep);
        put_each(s, g, FIELD(failed), put_whole);
        sink_text(s, " failed requests");
        sep = ", ";
    }
    if (less) {
        sink_text(s, sep);
        put_each(s, g, FIELD(throughput_rps), put_rate);
        sink_text(s, " requests/s");
        sep = ", ";
    }
    if (sep[0] == ',')
        sink_char(s, ')');
}

static bool same_limit(const struct group *g)
{
    for (size_t i = 1; i < g->n; i++)
        if (g->o[i]->s->sum->workers.limit != g->o[0]->s->sum->workers.limit)
            return false;
    return g->o[0]->s->sum->workers.limit > 0;
}

/* "event answers at p99 21 ms with 12 of 150 workers busy on average" */
static void put_doing_well(struct verdict *v, const struct group *g)
{
    struct sink *s = &v->out;
    put_names(s, g);
    sink_char(s, ' ');
    if (v->tail_name != NULL) {
        put_verb(s, g, "answers at ", "answer at ");
        put_tail(v, g);
    } else {
        put_verb(s, g, "serves ", "serve ");
        put_each(s, g, FIELD(throughput_rps), put_rate);
        sink_text(s, " requests/s");
    }
    sink_text(s, " with ");
    put_each(s, g, FIELD(workers.busy_mean), put_whole);
    if (same_limit(g)) {
        sink_text(s, " of ");
        put_whole(s, g->o[0]->s->sum->workers.limit);
    }
    sink_text(s, " workers busy on average");
}

/* What the servers of G are behind for. If others have the same trouble and
 * are not behind, it is said of all of them: "prefork and event let their
 * accept queues overflow 1166 and 1048 times …; prefork suffers more (p95 9.5
 * s)". */
static void put_behind(struct verdict *v, struct group *g, enum cause cause)
{
    size_t behind_n = g->n;
    pick(v, has_cause, cause, g);
    bool shared = cause != CAUSE_NONE && g->n > behind_n;
    if (!shared)
        pick(v, is_behind, cause, g);
    put_names(&v->out, g);
    sink_char(&v->out, ' ');
    put_cause(v, g, cause);
    if (shared) {
        pick(v, is_behind, cause, g);
        sink_text(&v->out, "; ");
        put_names(&v->out, g);
        put_verb(&v->out, g, " suffers more", " suffer more");
    }
    put_figures(v, g);
}

/* Each cause with the servers that FN picks for it, joined by "; ". The order
 * is that of the weight of causes; those from CAUSE_SPAWNING on are left out
 * unless MINOR. Returns whether there was any. */
static bool put_causes(struct verdict *v, pick_fn fn, struct group *g,
                       bool minor)
{
    static const enum cause order[] = { CAUSE_KEEPALIVE, CAUSE_READING,
                                        CAUSE_WRITING,   CAUSE_WORKERS,
                                        CAUSE_CPU,       CAUSE_OVERFLOW,
                                        CAUSE_SPAWNING,  CAUSE_CONNLIMIT,
                                        CAUSE_RECYCLING, CAUSE_NONE };
    bool any = false;
    for (size_t k = 0; k < sizeof order / sizeof order[0]; k++) {
        if (order[k] == CAUSE_SPAWNING && !minor)
            break;
        pick(v, fn, order[k], g);
        if (g->n == 0)
            continue;
        if (any)
            sink_text(&v->out, "; ");
        any = true;
        if (minor) {
            put_behind(v, g, order[k]);
            continue;
        }
        put_names(&v->out, g);
        sink_char(&v->out, ' ');
        put_cause(v, g, order[k]);
    }
    return any;
}

/* -- differences between pairs ----------------------------------------------
 */

/* V with as many decimals as two digits of HALF have. */
static void put_rounded(struct sink *s, double v, double half)
{
    char buf[NUM_SIZE];
    double step = half > 0 ? pow(10, floor(log10(half)) - 1) : 0;
    if (step > 0)
        v = round(v / step) * step;
    sink_text(s, num_digits(v, 6, buf));
}

/* "41 ms ± 6.2": the size of a difference of times. */
static void put_paired(struct sink *s, const struct paired *p)
{
    static const struct {
        double from, scale;
        const char *unit;
    } units[] = { { 0.5, 1, "s" }, { 5e-5, 1e3, "ms" }, { 0, 1e6, "us" } };
    double size = fabs(p->mean), half = p->half;
    size_t i = 0;
    while (fmax(size, half) < units[i].from)
        i++;
    put_rounded(s, size * units[i].scale, half * units[i].scale);
    sink_format(s, " %s ± ", units[i].unit);
    char buf[NUM_SIZE];
    sink_text(s, num_digits(half * units[i].scale, 2, buf));
}

/* How the tail of server I differs from that of the fastest; false when there
 * are no pairs, or I is the fastest. */
static bool tail_difference(const struct verdict *v, size_t i, struct paired *p)
{
    const struct report_server *s = &v->r->servers[i];
    if (v->fast == NULL || s == v->fast || !are_paired(s, v->fast))
        return false;
    *p = difference(v->r, s, v->fast, v->tail);
    return p->n >= 2;
}

/* "event answers p99 41 ms ± 6 faster than worker and …", of those pairs where
 * it is shown; false, and nothing, when there is none. */
static bool put_faster(struct verdict *v, const char *before)
{
    struct paired p;
    size_t n = 0, k = 0;
    for (size_t i = 0; i < v->r->n; i++)
        n += tail_difference(v, i, &p) && paired_is_shown(&p);
    if (n == 0)
        return false;
    sink_text(&v->out, before);
    sink_format(&v->out, "%s answers %s ", v->fast->name, v->tail_name);
    for (size_t i = 0; i < v->r->n; i++) {
        if (!tail_difference(v, i, &p) || !paired_is_shown(&p))
            continue;
        separate(&v->out, k++, n);
        put_paired(&v->out, &p);
        sink_format(&v->out, " faster than %s", v->r->servers[i].name);
    }
    return true;
}

/* How a sentence on servers begins none of which is far behind: what their
 * replications show. Exactly equal ones need no interval. */
static void put_no_difference(struct verdict *v)
{
    struct paired p, most = { .mean = 0, .half = 0 };
    size_t pairs = 0;
    for (size_t i = 0; i < v->r->n; i++) {
        if (!tail_difference(v, i, &p))
            continue;
        pairs++;
        if (fabs(p.mean) >= fabs(most.mean))
            most = p;
    }
    if (put_faster(v, "Hardly a difference (")) {
        sink_text(&v->out, "): ");
    } else if (pairs > 0 && most.half > 0) {
        sink_format(&v->out, "No difference can be shown (%s %s", v->tail_name,
                    pairs > 1 ? "at most " : "");
        put_paired(&v->out, &most);
        sink_text(&v->out, "): ");
    } else {
        sink_text(&v->out, "No difference here: ");
    }
}

static void say_difference(struct verdict *v, struct group *g)
{
    put_causes(v, is_behind, g, true);
    pick(v, is_ahead, CAUSE_NONE, g);
    if (g->n > 0) {
        sink_text(&v->out, ", while ");
        put_doing_well(v, g);
    }
    put_faster(v, "; ");
}

/* All servers meet the same obstacle: it comes first, then what it does. */
static void say_all_alike(struct verdict *v, struct group *g, double failing)
{
    struct sink *s = &v->out;
    put_names(s, g);
    sink_text(s, g->n == 1 ? " " : g->n == 2 ? " both " : " all ");
    put_cause(v, g, g->o[0]->cause);
    if (v->tail_name != NULL) {
        sink_text(s, " (");
        put_tail(v, g);
        if (failing >= FAIL_SHARE) {
            sink_text(s, ", ");
            put_each(s, g, FIELD(failed), put_whole);
            sink_text(s, " failed requests");
        }
        sink_char(s, ')');
    }
}

static void say_no_difference(struct verdict *v, struct group *g)
{
    struct sink *s = &v->out;
    double failing = 0;
    bool alike = v->o[0].cause != CAUSE_NONE;
    for (size_t i = 0; i < v->r->n; i++) {
        failing = fmax(failing, v->o[i].fail_share);
        alike = alike && v->o[i].cause == v->o[0].cause;
    }
    pick(v, is_ahead, CAUSE_NONE, g);
    size_t servers = g->n;
    if (servers > 1)
        put_no_difference(v);
    if (alike) {
        say_all_alike(v, g, failing);
        return;
    }
    put_doing_well(v, g);
    if (failing >= FAIL_SHARE) {
        sink_text(s, ", but ");
        put_each(s, g, FIELD(failed), put_whole);
        sink_text(s, " requests fail");
    }
    size_t mark = s->len;
    sink_text(s, "; ");
    if (!put_causes(v, has_cause, g, false)) {
        s->len = mark;
        sink_text(s, servers > 1
                         ? "; none of them runs short of workers or CPU"
                         : "; it runs short of neither workers nor CPU");
    }
}

char *report_verdict(const struct report *r)
{
    struct verdict v = { .r = r };
    struct group g = { .n = 0 };
    bool any_behind = false;
    double tried = 0;

    v.o = must_zalloc(r->n + 1, sizeof *v.o);
    g.o = must_zalloc(r->n + 1, sizeof *g.o);
    sink_string(&v.out);
    for (size_t i = 0; i < r->n; i++)
        tried += r->servers[i].sum->completed + r->servers[i].sum->failed;
    if (tried > 0) {
        choose_tail(&v);
        judge(&v);
        for (size_t i = 0; i < r->n; i++)
            any_behind = any_behind || behind(&v.o[i]);
        if (any_behind)
            say_difference(&v, &g);
        else
            say_no_difference(&v, &g);
        sink_char(&v.out, '.');
    } else {
        sink_text(&v.out, "No request was answered, so there is nothing to "
                          "compare.");
    }
    free(v.o);
    free(g.o);
    return sink_take(&v.out);
}
