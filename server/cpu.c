/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cpu.h"

#include "sim/must.h"

#include <math.h>
#include <stdlib.h>

struct job {
    double end; /* virtual time at which the demand is met */
    uint64_t seq;
    double demand;
    sim_fn fn;
    void *ctx;
    uint32_t id;
    uint32_t pos; /* in the heap; CPU_NONE when free */
};

struct cpu {
    struct sim *sim;
    double cores, efficiency;
    double vtime; /* virtual time at `last` */
    simtime_t last;
    double done;        /* CPU ns of finished and cancelled work */
    double running_ns;  /* sum of demands of running jobs */
    double running_end; /* sum of their ends: for the share already done */
    struct job *jobs;
    uint32_t njobs, cap, free_head;
    uint32_t *heap, len;
    uint64_t seq;
    struct sim_timer timer;
};

static void next_end(void *ctx, uint32_t id);

struct cpu *cpu_new(struct sim *s, int64_t cores, simtime_t slice,
                    simtime_t switch_cost)
{
    struct cpu *c = must_zalloc(1, sizeof *c);
    c->sim = s;
    c->cores = (double)cores;
    c->efficiency = (double)slice / (double)(slice + switch_cost);
    c->last = sim_now(s);
    c->free_head = CPU_NONE;
    sim_timer_init(s, &c->timer, next_end, c, 0);
    return c;
}

void cpu_free(struct cpu *c)
{
    if (!c)
        return;
    sim_timer_done(c->sim, &c->timer);
    free(c->jobs);
    free(c->heap);
    free(c);
}

/* How fast virtual time runs with the jobs there are now. */
static double rate(const struct cpu *c)
{
    if ((double)c->len <= c->cores)
        return 1.0;
    return c->cores / (double)c->len * c->efficiency;
}

static void advance(struct cpu *c)
{
    simtime_t now = sim_now(c->sim);
    if (c->len > 0)
        c->vtime += (double)(now - c->last) * rate(c);
    c->last = now;
}

static bool before(const struct cpu *c, uint32_t a, uint32_t b)
{
    const struct job *x = &c->jobs[a], *y = &c->jobs[b];
    return x->end < y->end || (x->end == y->end && x->seq < y->seq);
}

static void place(struct cpu *c, uint32_t pos, uint32_t job)
{
    c->heap[pos] = job;
    c->jobs[job].pos = pos;
}

static void sift_up(struct cpu *c, uint32_t pos)
{
    uint32_t job = c->heap[pos];
    while (pos > 0 && before(c, job, c->heap[(pos - 1) / 2])) {
        place(c, pos, c->heap[(pos - 1) / 2]);
        pos = (pos - 1) / 2;
    }
    place(c, pos, job);
}

static void sift_down(struct cpu *c, uint32_t pos)
{
    uint32_t job = c->heap[pos];
    for (;;) {
        uint32_t k = 2 * pos + 1;
        if (k >= c->len)
            break;
        if (k + 1 < c->len && before(c, c->heap[k + 1], c->heap[k]))
            k++;
        if (!before(c, c->heap[k], job))
            break;
        place(c, pos, c->heap[k]);
        pos = k;
    }
    place(c, pos, job);
}

static void heap_remove(struct cpu *c, uint32_t pos)
{
    uint32_t job = c->heap[pos], last = c->heap[--c->len];
    c->jobs[job].pos = CPU_NONE;
    if (job == last)
        return;
    place(c, pos, last);
    sift_up(c, pos);
    sift_down(c, c->jobs[last].pos);
}

static void rearm(struct cpu *c)
{
    if (c->len == 0) {
        sim_timer_disarm(c->sim, &c->timer);
        return;
    }
    double left = c->jobs[c->heap[0]].end - c->vtime;
    double wait = left <= 0 ? 0 : ceil(left / rate(c));
    simtime_t due = sim_now(c->sim) + (simtime_t)wait;
    if (c->timer.due != due)
        sim_timer_arm(c->sim, &c->timer, due);
}

static void put_job(struct cpu *c, uint32_t j)
{
    c->jobs[j].id = c->free_head;
    c->free_head = j;
    c->njobs--;
}

uint32_t cpu_submit(struct cpu *c, simtime_t demand, sim_fn fn, void *ctx,
                    uint32_t id)
{
    advance(c);
    if (c->free_head == CPU_NONE) {
        uint32_t old = c->cap;
        c->cap = old ? old * 2 : 64;
        c->jobs = must_realloc(c->jobs, c->cap, sizeof *c->jobs);
        c->heap = must_realloc(c->heap, c->cap, sizeof *c->heap);
        for (uint32_t i = c->cap; i-- > old;) {
            c->jobs[i].id = c->free_head;
            c->free_head = i;
        }
    }
    uint32_t j = c->free_head;
    struct job *job = &c->jobs[j];
    c->free_head = job->id;
    c->njobs++;
    if (c->len == 0)
        c->vtime = 0; /* nobody is measured against it: stay precise */
    *job = (struct job){ .end = c->vtime + (double)demand,
                         .seq = c->seq++,
                         .demand = (double)demand,
                         .fn = fn,
                         .ctx = ctx,
                         .id = id };
    c->running_ns += job->demand;
    c->running_end += job->end;
    place(c, c->len++, j);
    sift_up(c, c->len - 1);
    rearm(c);
    return j;
}

static void account(struct cpu *c, const struct job *job, double spent)
{
    c->done += spent;
    c->running_ns -= job->demand;
    c->running_end -= job->end;
    if (c->len == 0)
        c->running_ns = c->running_end = 0;
}

simtime_t cpu_cancel(struct cpu *c, uint32_t j)
{
    advance(c);
    struct job *job = &c->jobs[j];
    must(job->pos != CPU_NONE);
    heap_remove(c, job->pos);
    double done = fmax(0, job->demand - fmax(0, job->end - c->vtime));
    account(c, job, done);
    put_job(c, j);
    rearm(c);
    return (simtime_t)done;
}

void cpu_charge(struct cpu *c, simtime_t demand)
{
    if (demand > 0)
        cpu_submit(c, demand, NULL, NULL, 0);
}

/* Ends every job whose demand is met, then calls back: callbacks may submit. */
static void next_end(void *ctx, uint32_t unused)
{
    struct cpu *c = ctx;
    (void)unused;
    advance(c);
    /* half a nanosecond: the rounding of the timer, never a whole one */
    while (c->len > 0 && c->jobs[c->heap[0]].end <= c->vtime + 0.5) {
        uint32_t j = c->heap[0];
        struct job job = c->jobs[j];
        heap_remove(c, 0);
        account(c, &job, job.demand);
        put_job(c, j);
        if (job.fn)
            job.fn(job.ctx, job.id);
        advance(c);
    }
    rearm(c);
}

uint32_t cpu_running(const struct cpu *c)
{
    return c->len;
}

double cpu_seconds(const struct cpu *c)
{
    double v = c->vtime;
    if (c->len > 0)
        v += (double)(sim_now(c->sim) - c->last) * rate(c);
    /* sum over running jobs of demand - (end - v) */
    double part = c->running_ns - (c->running_end - v * (double)c->len);
    return (c->done + fmax(0, part)) * 1e-9;
}
