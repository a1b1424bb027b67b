/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The verdict: who does best, in the figures of the table, and then what the
 * counters show to stand in the servers' way. Each server is held against the
 * best of them in what its visitors would notice: every percentile of the
 * latency that the table has, requests that failed, requests served. If nobody
 * falls behind in any of them there is no difference to them, and what
 * differs otherwise (memory, CPU, messages) is said instead. */
#include "outputs/verdict.h"

#include "outputs/paired.h"
#include "sim/must.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FIELD(member) offsetof(struct summary, member)

/* A difference smaller than this is none: of latency both, of failures and of
 * requests served the share. */
#define TAIL_RATIO   1.2
#define TAIL_SECONDS 0.005
#define FAIL_SHARE   0.01
#define SERVED_SHARE 0.05
/* The same of what only the server's owner notices. */
#define MEMORY_RATIO 1.2
#define MEMORY_BYTES 1048576.0
#define CPU_SHARE    0.05

static const struct {
    size_t offset;
    const char *name;
} tails[TAILS] = {
    { FIELD(latency.p50_s), "p50" },
    { FIELD(latency.p90_s), "p90" },
    { FIELD(latency.p99_s), "p99" },
    { FIELD(latency.p999_s), "p99.9" },
};

/* What is said of several pairs at once holds for all of them with 95 %. */
#define CONFIDENCE 0.95

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
    for (size_t k = 3; k-- > 0 && !v->has_tail;) {
        bool all = true, any = false;
        for (size_t i = 0; i < v->r->n; i++) {
            const struct summary *s = v->r->servers[i].sum;
            bool has = !isnan(number(s, tails[k].offset));
            any = any || has;
            /* who serves next to nothing has no tail to compare */
            all = all && (has || s->completed < SUMMARY_BEYOND);
        }
        v->tail = k;
        v->has_tail = all && any;
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

/* Who is fastest at percentile K, or NULL. */
static const struct report_server *fastest(const struct report *r, size_t k)
{
    const struct report_server *best = NULL;
    for (size_t i = 0; i < r->n; i++) {
        double mine = number(r->servers[i].sum, tails[k].offset);
        if (!isnan(mine) &&
            (best == NULL || mine < number(best->sum, tails[k].offset)))
            best = &r->servers[i];
    }
    return best;
}

static bool is_slow(const struct report *r, const struct report_server *s,
                    size_t k)
{
    const struct report_server *best = fastest(r, k);
    if (best == NULL)
        return false;
    double mine = number(s->sum, tails[k].offset);
    double least = number(best->sum, tails[k].offset);
    return mine > TAIL_RATIO * least && mine > least + TAIL_SECONDS &&
           above(r, s, best, tails[k].offset);
}

static void judge(struct verdict *v)
{
    size_t n = v->r->n;
    const struct report_server *most = v->r->servers, *clean = v->r->servers;
    for (size_t i = 0; i < n; i++) {
        const struct report_server *s = &v->r->servers[i];
        if (s->sum->throughput_rps > most->sum->throughput_rps)
            most = s;
        if (fail_share(s->sum) < fail_share(clean->sum))
            clean = s;
    }
    v->fast = v->has_tail ? fastest(v->r, v->tail) : NULL;
    for (size_t i = 0; i < n; i++) {
        struct opinion *o = &v->o[i];
        *o = (struct opinion){ .s = &v->r->servers[i] };
        o->fail_share = fail_share(o->s->sum);
        o->failing = o->fail_share > fail_share(clean->sum) + FAIL_SHARE &&
                     above(v->r, o->s, clean, FIELD(failed));
        o->serving_less = o->s->sum->throughput_rps <
                              (1 - SERVED_SHARE) * most->sum->throughput_rps &&
                          above(v->r, most, o->s, FIELD(throughput_rps));
        o->behind = o->failing || o->serving_less;
        for (size_t k = 0; k < TAILS; k++) {
            o->slow[k] = is_slow(v->r, o->s, k);
            o->behind = o->behind || o->slow[k];
        }
    }
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
    *p = difference(v->r, s, v->fast, tails[v->tail].offset);
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
    sink_format(&v->out, "%s answers %s ", v->fast->name, tails[v->tail].name);
    for (size_t i = 0; i < v->r->n; i++) {
        if (!tail_difference(v, i, &p) || !paired_is_shown(&p))
            continue;
        verdict_separate(&v->out, k++, n);
        put_paired(&v->out, &p);
        sink_format(&v->out, " faster than %s", v->r->servers[i].name);
    }
    return true;
}

/* -- a difference -----------------------------------------------------------
 */

/* Figures in which somebody is behind: one of the percentiles, or … */
enum { FIGURE_FAILED = TAILS, FIGURE_SERVED, FIGURES };

static bool is_behind_in(const struct opinion *o, size_t figure)
{
    return figure < TAILS            ? o->slow[figure]
           : figure == FIGURE_FAILED ? o->failing
                                     : o->serving_less;
}

static size_t figure_offset(size_t figure)
{
    return figure < TAILS            ? tails[figure].offset
           : figure == FIGURE_FAILED ? FIELD(failed)
                                     : FIELD(throughput_rps);
}

static enum unit figure_unit(size_t figure)
{
    return figure < TAILS            ? UNIT_TIME
           : figure == FIGURE_FAILED ? UNIT_COUNT
                                     : UNIT_PER_S;
}

static bool is_named(const struct opinion *o, const bool said[FIGURES])
{
    for (size_t f = 0; f < FIGURES; f++)
        if (said[f] && is_behind_in(o, f))
            return true;
    return false;
}

/* Which figures are said: what failed and what was served, of the percentiles
 * p50 and the farthest up to p99 in which somebody is behind; and those that a
 * server needs in order to be named. */
static void choose_figures(const struct verdict *v, bool said[FIGURES])
{
    static const size_t order[FIGURES] = {
        FIGURE_FAILED, FIGURE_SERVED, 2, 1, 0, 3
    };
    bool far = false;
    memset(said, 0, FIGURES * sizeof said[0]);
    for (size_t k = 0; k < FIGURES; k++) {
        size_t f = order[k];
        bool any = false, unnamed = false;
        for (size_t i = 0; i < v->r->n; i++) {
            const struct opinion *o = &v->o[i];
            any = any || is_behind_in(o, f);
            unnamed = unnamed || (is_behind_in(o, f) && !is_named(o, said));
        }
        bool farthest = any && !far && f < 3;
        said[f] = unnamed || farthest || (any && (f == 0 || f >= TAILS));
        far = far || farthest;
    }
}

/* Who G is held against where nobody is best in everything. */
static const struct opinion *best_in(const struct verdict *v, size_t figure)
{
    const struct opinion *best = NULL;
    for (size_t i = 0; i < v->r->n; i++) {
        const struct opinion *o = &v->o[i];
        double x = verdict_number(o, figure_offset(figure));
        if (figure == FIGURE_FAILED)
            x = o->fail_share;
        if (isnan(x))
            continue;
        double b = best == NULL ? 0
                   : figure == FIGURE_FAILED
                       ? best->fail_share
                       : verdict_number(best, figure_offset(figure));
        if (best == NULL || (figure == FIGURE_SERVED ? x > b : x < b))
            best = o;
    }
    return best;
}

/* "18.2 s (prefork and worker)" */
static void put_figure(struct sink *s, const struct group *g, size_t figure,
                       const char *what, bool names)
{
    verdict_put_each(s, g, figure_offset(figure), figure_unit(figure));
    sink_text(s, what);
    if (names) {
        sink_text(s, " (");
        verdict_put_names(s, g);
        sink_char(s, ')');
    }
}

/* Those who are behind in FIGURE and read the same as server I there; none if
 * one before I does. */
static void pick_like(const struct verdict *v, size_t figure, size_t i,
                      struct group *g)
{
    char mine[NUM_SIZE], its[NUM_SIZE];
    unit_text(verdict_number(&v->o[i], figure_offset(figure)),
              figure_unit(figure), mine);
    g->n = 0;
    for (size_t k = 0; k < v->r->n && is_behind_in(&v->o[i], figure); k++) {
        unit_text(verdict_number(&v->o[k], figure_offset(figure)),
                  figure_unit(figure), its);
        if (!is_behind_in(&v->o[k], figure) || strcmp(mine, its) != 0)
            continue;
        if (k < i)
            return;
        g->o[g->n++] = &v->o[k];
    }
}

/* "p99 119 ms against 18.2 s (prefork) and 16.2 s (worker)"; AHEAD are those
 * that are behind in nothing. */
static void put_figure_of_all(struct verdict *v, const struct group *ahead,
                              size_t figure)
{
    struct sink *s = &v->out;
    struct group g = { must_zalloc(v->r->n + 1, sizeof *g.o), 0 };
    const char *what = figure < TAILS            ? ""
                       : figure == FIGURE_FAILED ? " failed requests"
                                                 : " requests/s";
    if (figure < TAILS)
        sink_format(s, "%s ", tails[figure].name);
    if (ahead->n > 0) {
        put_figure(s, ahead, figure, what, false);
    } else {
        g.o[g.n++] = best_in(v, figure);
        put_figure(s, &g, figure, what, true);
    }
    size_t n = 0, put = 0;
    for (size_t i = 0; i < v->r->n; i++) {
        pick_like(v, figure, i, &g);
        n += g.n > 0;
    }
    sink_text(s, " against ");
    for (size_t i = 0; i < v->r->n; i++) {
        pick_like(v, figure, i, &g);
        if (g.n == 0)
            continue;
        verdict_separate(s, put++, n);
        put_figure(s, &g, figure, "", v->r->n > 2 || ahead->n == 0);
    }
    free(g.o);
}

/* What fails with those who are behind in nothing, if it is much. */
static void put_failures(struct verdict *v, struct group *g)
{
    g->n = 0;
    for (size_t i = 0; i < v->r->n; i++)
        if (v->o[i].fail_share >= FAIL_SHARE)
            g->o[g->n++] = &v->o[i];
    if (g->n == 0)
        return;
    sink_text(&v->out, "; requests fail with ");
    verdict_put_names(&v->out, g);
    sink_text(&v->out, ": ");
    verdict_put_each(&v->out, g, FIELD(failed), UNIT_COUNT);
}

/* Who does best and by how much. */
static void put_outcome(struct verdict *v, struct group *g)
{
    struct sink *s = &v->out;
    bool said[FIGURES];
    const char *sep = ": ";
    choose_figures(v, said);
    g->n = 0;
    for (size_t i = 0; i < v->r->n; i++)
        if (!v->o[i].behind)
            g->o[g->n++] = &v->o[i];
    if (g->n == 0) {
        sink_text(s, "None does best in everything");
    } else {
        verdict_put_names(s, g);
        if (verdict_all_suffer(v))
            sink_format(s, " %s %s", verdict_verb(g, "suffers", "suffer"),
                        v->r->n > 2 ? "least" : "less");
        else
            sink_format(s, " %s best", verdict_verb(g, "does", "do"));
    }
    for (size_t f = 0; f < FIGURES; f++) {
        if (!said[f])
            continue;
        sink_text(s, sep);
        put_figure_of_all(v, g, f);
        sep = ", ";
    }
    if (!said[FIGURE_FAILED])
        put_failures(v, g);
    put_faster(v, "; ");
}

/* Those who are behind for no cause that is known. */
static void put_unexplained(struct verdict *v, struct group *g)
{
    bool cpu = false;
    g->n = 0;
    for (size_t i = 0; i < v->r->n; i++) {
        if (!v->o[i].behind || v->o[i].explained)
            continue;
        g->o[g->n++] = &v->o[i];
        cpu = cpu || summary_cpu_matters(v->o[i].s->sum);
    }
    if (g->n == 0)
        return;
    sink_text(&v->out, ". ");
    verdict_put_names(&v->out, g);
    sink_text(&v->out, verdict_verb(g, " runs", " run"));
    sink_text(&v->out, " short of neither workers nor CPU");
    if (cpu) {
        sink_text(&v->out, ", though all cores are busy ");
        verdict_put_each(&v->out, g, FIELD(cpu.busy_share), UNIT_SHARE);
        sink_text(&v->out, " of the time");
    }
    sink_text(&v->out, "; no counter shows the reason");
}

static void say_difference(struct verdict *v, struct group *g)
{
    put_outcome(v, g);
    verdict_put_causes(v, ". ", g);
    put_unexplained(v, g);
}

/* -- no difference ----------------------------------------------------------
 */

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
        sink_format(&v->out, "No difference can be shown (%s %s",
                    tails[v->tail].name, pairs > 1 ? "at most " : "");
        put_paired(&v->out, &most);
        sink_text(&v->out, "): ");
    } else {
        sink_text(&v->out, "No difference to clients: ");
    }
}

static bool same_limit(const struct group *g)
{
    for (size_t i = 1; i < g->n; i++)
        if (g->o[i]->s->sum->workers.limit != g->o[0]->s->sum->workers.limit)
            return false;
    return g->o[0]->s->sum->workers.limit > 0;
}

/* "event answers at p99 21 ms with 12 of 150 workers busy on average" */
static void put_answers(struct verdict *v, const struct group *g)
{
    struct sink *s = &v->out;
    verdict_put_names(s, g);
    if (v->has_tail) {
        sink_text(s, verdict_verb(g, " answers at ", " answer at "));
        sink_format(s, "%s ", tails[v->tail].name);
        verdict_put_each(s, g, tails[v->tail].offset, UNIT_TIME);
    } else {
        sink_text(s, verdict_verb(g, " serves ", " serve "));
        verdict_put_each(s, g, FIELD(throughput_rps), UNIT_PER_S);
        sink_text(s, " requests/s");
    }
    sink_text(s, " with ");
    verdict_put_each(s, g, FIELD(workers.busy_mean), UNIT_COUNT);
    if (same_limit(g)) {
        sink_text(s, " of ");
        verdict_put_each(s, &(struct group){ g->o, 1 }, FIELD(workers.limit),
                         UNIT_COUNT);
    }
    sink_text(s, " workers busy on average");
}

/* Those who have the most and the least of the number at OFFSET differ by more
 * than RATIO and AMOUNT. */
static bool differs(const struct verdict *v, size_t offset, double ratio,
                    double amount)
{
    double least = HUGE_VAL, most = 0;
    for (size_t i = 0; i < v->r->n; i++) {
        double x = verdict_number(&v->o[i], offset);
        least = fmin(least, x);
        most = fmax(most, x);
    }
    return most > ratio * least && most > least + amount;
}

/* Whether S has reached MaxRequestWorkers, and said so. */
static bool has_reached_limit(const struct summary *s)
{
    for (size_t i = 0; i < s->nmessages; i++) {
        const char *code = s->message[i].code;
        if (strcmp(code, "AH00161") == 0 || strcmp(code, "AH00286") == 0 ||
            strcmp(code, "AH00484") == 0)
            return true;
    }
    return false;
}

/* What differs though clients do not notice. */
static void put_remarks(struct verdict *v, struct group *all, struct group *g)
{
    struct sink *s = &v->out;
    if (differs(v, FIELD(memory.private_peak_bytes), MEMORY_RATIO,
                MEMORY_BYTES)) {
        sink_text(s, "; their memory (private) differs: ");
        verdict_put_each(s, all, FIELD(memory.private_peak_bytes), UNIT_BYTES);
    }
    if (differs(v, FIELD(cpu.utilisation), 1, CPU_SHARE)) {
        sink_text(s, "; CPU used: ");
        verdict_put_each(s, all, FIELD(cpu.utilisation), UNIT_SHARE);
    }
    g->n = 0;
    for (size_t i = 0; i < v->r->n; i++)
        if (has_reached_limit(v->o[i].s->sum))
            g->o[g->n++] = &v->o[i];
    if (g->n > 0 && g->n < v->r->n) {
        sink_text(s, "; only ");
        verdict_put_names(s, g);
        sink_text(s, verdict_verb(g, " reaches", " reach"));
        sink_text(s, " MaxRequestWorkers");
    }
}

static void say_no_difference(struct verdict *v, struct group *g)
{
    struct sink *s = &v->out;
    struct group all = { must_zalloc(v->r->n + 1, sizeof *all.o), v->r->n };
    for (size_t i = 0; i < v->r->n; i++)
        all.o[i] = &v->o[i];
    if (all.n > 1)
        put_no_difference(v);
    put_answers(v, &all);
    put_failures(v, g);
    if (all.n > 1)
        put_remarks(v, &all, g);
    if (!verdict_put_causes(v, ". ", g))
        sink_text(s, all.n > 1 ? "; none of them runs short of workers or CPU"
                               : "; it runs short of neither workers nor CPU");
    free(all.o);
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
        verdict_find_causes(&v);
        for (size_t i = 0; i < r->n; i++)
            any_behind = any_behind || v.o[i].behind;
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
