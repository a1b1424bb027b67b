/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What stands in a server's way. A cause is a fact that the counters show; it
 * is said of every server it holds for, whether that one is behind or not, so
 * that nobody is blamed for what all do. */
#include "outputs/verdict.h"

#include "sim/must.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FIELD(member) offsetof(struct summary, member)

/* Shorter than the last percentile compared can show; where nobody is behind,
 * ten times as much. */
#define SHARE_LEAST 0.001

/* Whose cores are busy for longer is short of CPU time. */
#define CPU_SHARE 0.9

/* Less of the time without a free worker is called by a milder word. */
#define STARVING_SHARE 0.1

/* Fewer closed connections for each request are not worth a word. */
#define CLOSED_SHARE 0.01

/* By how much more those behind have of something that others have too. */
#define TELLING_RATIO 1.2

/* -- facts ------------------------------------------------------------------
 */

/* How often httpd said any of CODES. */
static double said(const struct summary *s, const char *const *codes)
{
    double n = 0;
    for (; *codes != NULL; codes++)
        for (size_t i = 0; i < s->nmessages; i++)
            if (strcmp(s->message[i].code, *codes) == 0)
                n += s->message[i].count;
    return n;
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

/* Of the shares of time in which connections find no worker, those that are
 * worth a word beside the largest of them. */
static void find_waiting(struct opinion *o, bool any_behind)
{
    const struct summary *s = o->s->sum;
    double full = s->workers.full_share, few = s->workers.short_share;
    double held = s->workers.held_share;
    double least = fmax(any_behind ? SHARE_LEAST : 10 * SHARE_LEAST,
                        fmax(fmax(full, few), held) / 10);
    if (full >= least)
        o->strength[holder(s)] = full;
    if (few >= least)
        o->strength[CAUSE_SHORT] = few;
    if (held >= least)
        o->strength[CAUSE_HELD] = held;
}

static void find_facts(struct opinion *o, bool any_behind)
{
    static const char *const restarts[] = {
        "AH00171", "AH00173", /* prefork: SIGUSR1, SIGHUP */
        "AH00297", "AH00298", /* worker */
        "AH00493", "AH00494", /* event */
        NULL
    };
    static const char *const slots[] = { "AH00288", "AH03490", "AH00485",
                                         NULL };
    static const char *const no_accept[] = { "AH02179", NULL };
    static const char *const child_exit[] = { "AH00052", NULL };
    const struct summary *s = o->s->sum;
    double *x = o->strength;

    x[CAUSE_CPU] = s->cpu.busy_share >= CPU_SHARE ? s->cpu.busy_share : 0;
    if (summary_cpu_matters(s) && s->completed > 0)
        x[CAUSE_COST] = summary_cpu_per_request(s);
    x[CAUSE_SLOTS] = said(s, slots);
    x[CAUSE_KILLED] = s->processes.killed;
    x[CAUSE_FILES] = said(s, no_accept);
    x[CAUSE_CRASH] = said(s, child_exit);
    x[CAUSE_RESTART] = said(s, restarts);
    /* without MaxConnectionsPerChild those that end were idle */
    if (o->s->settings != NULL &&
        o->s->settings->max_connections_per_child > 0 &&
        s->processes.ended >= 3 && s->processes.ended >= s->processes.mean)
        x[CAUSE_RECYCLING] = s->processes.ended;
    x[CAUSE_OVERFLOW] = s->accept_queue.overflows;
    x[CAUSE_CLOSED] = s->errors[REQ_CLOSED];
    find_waiting(o, any_behind);
    if (x[CAUSE_CPU] > 0) /* more processes would not help */
        x[CAUSE_SHORT] = 0;
}

static void drop(struct verdict *v, enum cause cause)
{
    for (size_t i = 0; i < v->r->n; i++)
        v->o[i].strength[cause] = 0;
}

/* What nearly every server has some of is named only where it tells those that
 * are behind (or, if nobody is, the worst) from the others. */
static void keep_if_it_tells(struct verdict *v, enum cause cause,
                             bool per_request, double least)
{
    double worst = 0, best = HUGE_VAL;
    size_t n = v->r->n, behind = 0;
    for (size_t i = 0; i < n; i++)
        behind += v->o[i].behind;
    for (size_t i = 0; i < n; i++) {
        const struct opinion *o = &v->o[i];
        double x = o->strength[cause];
        if (per_request)
            x /= fmax(o->s->sum->completed, 1);
        if (o->behind || behind == 0)
            worst = fmax(worst, x);
        if ((!o->behind || behind == n) && n > 1)
            best = fmin(best, x);
    }
    if (worst < least || (best < HUGE_VAL && worst <= TELLING_RATIO * best))
        drop(v, cause);
}

/* Where some are behind, what only the others have is no cause. */
static void keep_if_behind(struct verdict *v, enum cause cause)
{
    bool any_behind = false;
    for (size_t i = 0; i < v->r->n; i++) {
        const struct opinion *o = &v->o[i];
        any_behind = any_behind || o->behind;
        if (o->behind && o->strength[cause] > 0)
            return;
    }
    if (any_behind)
        drop(v, cause);
}

/* What a request costs is said of all servers, or of none. */
static bool all_have(const struct verdict *v, enum cause cause)
{
    for (size_t i = 0; i < v->r->n; i++)
        if (v->o[i].strength[cause] <= 0)
            return false;
    return v->r->n > 1;
}

void verdict_find_causes(struct verdict *v)
{
    bool any_behind = false;
    for (size_t i = 0; i < v->r->n; i++)
        any_behind = any_behind || v->o[i].behind;
    for (size_t i = 0; i < v->r->n; i++)
        find_facts(&v->o[i], any_behind);
    if (!all_have(v, CAUSE_COST))
        drop(v, CAUSE_COST);
    keep_if_it_tells(v, CAUSE_COST, false, 0);
    keep_if_it_tells(v, CAUSE_CLOSED, true, CLOSED_SHARE);
    for (enum cause c = 0; c < CAUSES; c++) {
        keep_if_behind(v, c);
        for (size_t i = 0; i < v->r->n; i++)
            v->o[i].explained = v->o[i].explained || v->o[i].strength[c] > 0;
    }
}

bool verdict_all_suffer(const struct verdict *v)
{
    static const enum cause ills[] = {
        CAUSE_SLOTS,     CAUSE_KILLED,  CAUSE_FILES,   CAUSE_CRASH,
        CAUSE_KEEPALIVE, CAUSE_READING, CAUSE_WRITING, CAUSE_WORKERS,
        CAUSE_OVERFLOW,  CAUSE_SHORT,   CAUSE_HELD
    };
    for (size_t k = 0; k < sizeof ills / sizeof ills[0]; k++) {
        bool behind = false, ahead = false;
        for (size_t i = 0; i < v->r->n; i++) {
            if (v->o[i].strength[ills[k]] <= 0)
                continue;
            behind = behind || v->o[i].behind;
            ahead = ahead || !v->o[i].behind;
        }
        if (behind && ahead)
            return true;
    }
    return false;
}

/* -- words ------------------------------------------------------------------
 */

static void put_strengths(struct sink *s, const struct group *g,
                          enum cause cause, enum unit unit)
{
    double *values = must_zalloc(g->n + 1, sizeof *values);
    for (size_t i = 0; i < g->n; i++)
        values[i] = g->o[i]->strength[cause];
    verdict_put_values(s, g->n, values, unit);
    free(values);
}

/* "once", "4 times", "1166 and 1048 times" */
static void put_times(struct sink *s, const struct group *g, enum cause cause)
{
    bool once = true;
    for (size_t i = 0; i < g->n; i++)
        once = once && g->o[i]->strength[cause] == 1;
    if (once) {
        sink_text(s, "once");
        return;
    }
    put_strengths(s, g, cause, UNIT_COUNT);
    sink_text(s, " times");
}

/* Whether nearly all of the time in which O's workers are taken lies between
 * full_from_s and the end, so that "from 12 s on" says it all. */
static bool is_lasting(const struct report *r, const struct opinion *o)
{
    const struct summary *m = o->s->sum;
    double end = simtime_to_s(r->duration), begin = simtime_to_s(r->warm_up);
    double from = fmax(m->workers.full_from_s, begin);
    return !r->partial && !isnan(m->workers.full_from_s) &&
           end - from >=
               SUMMARY_LASTING * m->workers.full_share * (end - begin);
}

/* "all 150 workers are taken from 12 s on", or a share of the time when they
 * are not taken until the end. */
static void put_taken(struct verdict *v, const struct group *g)
{
    struct sink *s = &v->out;
    bool lasting = true;
    for (size_t i = 0; i < g->n; i++)
        lasting = lasting && is_lasting(v->r, g->o[i]);
    sink_text(s, "all ");
    verdict_put_each(s, g, FIELD(workers.limit), UNIT_COUNT);
    sink_text(s, " workers are taken ");
    if (lasting) {
        sink_text(s, "from ");
        verdict_put_each(s, g, FIELD(workers.full_from_s), UNIT_TIME);
        sink_text(s, " on");
    } else {
        verdict_put_each(s, g, FIELD(workers.full_share), UNIT_SHARE);
        sink_text(s, " of the time");
    }
}

/* "starve: all 150 workers are taken from 12 s on, 149 of them …" */
static void put_full(struct verdict *v, const struct group *g, const char *verb,
                     size_t offset, const char *doing)
{
    sink_format(&v->out, "%s: ", verb);
    put_taken(v, g);
    if (doing == NULL)
        return;
    sink_text(&v->out, ", ");
    verdict_put_each(&v->out, g, offset, UNIT_COUNT);
    sink_text(&v->out, doing);
}

static void put_overflow(struct sink *s, const struct group *g)
{
    sink_text(s, verdict_verb(g, "lets its accept queue overflow ",
                              "let their accept queues overflow "));
    put_times(s, g, CAUSE_OVERFLOW);
    sink_text(s, ", so that clients must knock again");
}

static void put_recycling(struct sink *s, const struct group *g)
{
    double *values = must_zalloc(g->n + 1, sizeof *values);
    for (size_t i = 0; i < g->n; i++)
        values[i] = (double)g->o[i]->s->settings->max_connections_per_child;
    sink_text(s,
              verdict_verb(g, "ends a process after ", "end a process after "));
    verdict_put_values(s, g->n, values, UNIT_COUNT);
    sink_text(s, " connections (MaxConnectionsPerChild), ");
    put_strengths(s, g, CAUSE_RECYCLING, UNIT_COUNT);
    sink_text(s, " of them ended, each with ");
    for (size_t i = 0; i < g->n; i++)
        values[i] = (double)g->o[i]->s->settings->threads_per_child;
    verdict_put_values(s, g->n, values, UNIT_COUNT);
    sink_text(s, " of the workers");
    free(values);
}

/* "connections wait for prefork to start processes 7.86 % of the time"; how
 * many of them is known only where nothing else fills the queue. */
static void put_short(struct sink *s, const struct group *g, bool first)
{
    bool alone = true;
    for (size_t i = 0; i < g->n; i++)
        alone = alone && g->o[i]->s->sum->workers.full_share <= 0 &&
                g->o[i]->s->sum->accept_queue.overflows <= 0;
    sink_text(s, first ? "Connections wait for " : "connections wait for ");
    verdict_put_names(s, g);
    sink_text(s, " to start processes, ");
    put_strengths(s, g, CAUSE_SHORT, UNIT_SHARE);
    sink_text(s, " of the time");
    if (alone) {
        sink_text(s, ", up to ");
        verdict_put_each(s, g, FIELD(accept_queue.peak), UNIT_COUNT);
        sink_text(s, " at once");
    }
}

/* "a request costs event 289 us of CPU time, prefork 146 us" */
static void put_cost(struct sink *s, const struct group *g, bool first)
{
    sink_text(s, first ? "A request costs " : "a request costs ");
    for (size_t i = 0; i < g->n; i++) {
        char buf[NUM_SIZE];
        verdict_separate(s, i, g->n);
        sink_format(s, "%s %s", g->o[i]->s->name,
                    unit_text(g->o[i]->strength[CAUSE_COST], UNIT_TIME, buf));
    }
    sink_text(s, " of CPU time");
}

/* How it is called when idle or slow clients take all workers. */
static const char *starving(const struct group *g)
{
    for (size_t i = 0; i < g->n; i++)
        if (g->o[i]->s->sum->workers.full_share >= STARVING_SHARE)
            return verdict_verb(g, "starves", "starve");
    return verdict_verb(g, "runs out of workers", "run out of workers");
}

/* Whether the same servers have both causes. */
static bool same_servers(const struct verdict *v, enum cause a, enum cause b)
{
    for (size_t i = 0; i < v->r->n; i++)
        if ((v->o[i].strength[a] > 0) != (v->o[i].strength[b] > 0))
            return false;
    return true;
}

/* What the servers of G, who share CAUSE, do. LAST was said before it; CAUSES:
 * nothing. */
static void put_cause(struct verdict *v, const struct group *g,
                      enum cause cause, enum cause last)
{
    struct sink *s = &v->out;
    if (cause == CAUSE_COST) {
        put_cost(s, g, last == CAUSES);
        return;
    }
    if (cause == CAUSE_SHORT) {
        put_short(s, g, last == CAUSES);
        return;
    }
    if (last != CAUSES && same_servers(v, cause, last))
        sink_text(s, verdict_verb(g, "it", "they"));
    else
        verdict_put_names(s, g);
    sink_char(s, ' ');
    switch (cause) {
    case CAUSE_CPU:
        sink_text(s, verdict_verb(g, "runs", "run"));
        sink_text(s, " out of CPU: all cores are busy ");
        put_strengths(s, g, cause, UNIT_SHARE);
        sink_text(s, " of the time");
        break;
    case CAUSE_SLOTS:
        sink_text(s, verdict_verb(g, "finds", "find"));
        sink_text(s, " the scoreboard full ");
        put_times(s, g, cause);
        sink_text(s, ": processes that stop keep their places until their "
                     "last request is done");
        break;
    case CAUSE_KILLED:
        sink_text(s, verdict_verb(g, "has", "have"));
        sink_text(s, " processes killed for want of memory: ");
        put_strengths(s, g, cause, UNIT_COUNT);
        break;
    case CAUSE_FILES:
        sink_text(s, verdict_verb(g, "runs", "run"));
        sink_text(s, " out of descriptors (AH02179), ");
        put_times(s, g, cause);
        sink_text(s, ", and each time the process ends");
        break;
    case CAUSE_CRASH:
        sink_text(s, verdict_verb(g, "has", "have"));
        sink_text(s, " processes crash (AH00052), ");
        put_times(s, g, cause);
        break;
    case CAUSE_RESTART:
        sink_text(s, verdict_verb(g, "is restarted ", "are restarted "));
        put_times(s, g, cause);
        break;
    case CAUSE_RECYCLING:
        put_recycling(s, g);
        break;
    case CAUSE_KEEPALIVE:
        put_full(v, g, starving(g), FIELD(workers.full_keepalive_mean),
                 " of them in keep-alive (K), waiting for clients that say"
                 " nothing");
        break;
    case CAUSE_READING:
        put_full(v, g, starving(g), FIELD(workers.full_reading_mean),
                 v->r->tls ? " of them reading (R): in a TLS handshake, or no "
                             "complete request has come yet"
                           : " of them reading (R): no complete request has "
                             "come yet");
        break;
    case CAUSE_WRITING:
        put_full(v, g,
                 verdict_verb(g, "runs out of workers", "run out of workers"),
                 FIELD(workers.full_writing_mean),
                 " of them working on a response or sending it (W)");
        break;
    case CAUSE_WORKERS:
        put_full(v, g,
                 verdict_verb(g, "runs out of workers", "run out of workers"),
                 0, NULL);
        break;
    case CAUSE_OVERFLOW:
        put_overflow(s, g);
        break;
    case CAUSE_HELD:
        sink_text(s, verdict_verb(g, "accepts", "accept"));
        sink_text(s, " no more connections than AsyncRequestWorkerFactor "
                     "allows: they wait ");
        put_strengths(s, g, cause, UNIT_SHARE);
        sink_text(s, " of the time though workers are idle");
        break;
    case CAUSE_CLOSED:
        sink_text(s, verdict_verb(g, "closes", "close"));
        sink_text(s, " kept-alive connections before the next request "
                     "comes, ");
        put_times(s, g, cause);
        sink_text(s, " (closed): the client has to connect and ask again, and "
                     "a proxy may answer 502");
        break;
    case CAUSE_COST: /* said above */
    case CAUSE_SHORT:
    case CAUSES:
        break;
    }
}

bool verdict_put_causes(struct verdict *v, const char *before, struct group *g)
{
    enum cause last = CAUSES;
    for (enum cause c = 0; c < CAUSES; c++) {
        g->n = 0;
        for (size_t i = 0; i < v->r->n; i++)
            if (v->o[i].strength[c] > 0)
                g->o[g->n++] = &v->o[i];
        if (g->n == 0)
            continue;
        sink_text(&v->out, last == CAUSES ? before : "; ");
        put_cause(v, g, c, last);
        last = c;
    }
    return last != CAUSES;
}
