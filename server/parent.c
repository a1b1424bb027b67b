/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parent: start-up, its one-second clock, forking, reaping (C-1 … C-6).
 * Each turn: reap every zombie, sleep, run the model's maintenance, fork what
 * it asked for, reap again. Forks take the parent's CPU time one after the
 * other and so stretch the turn (C-2). */
#include "server/inside.h"
#include "sim/must.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void fork_next(void *srv, uint32_t unused);
static void on_tick(void *srv, uint32_t unused);

static void sleep_a_turn(struct server *s)
{
    s->parent.phase = PARENT_SLEEPING;
    sim_timer_arm(s->sim, &s->parent.timer,
                  now_of(s) + s->conf.machine.tick);
}

/* C-5: all that have exited, one per iteration, without sleeping. A child
 * that this very tick told to go needs a moment, and the parent sleeps then. */
static void reap_all(struct server *s)
{
    struct parent *p = &s->parent;
    uint32_t n = 0, i = 0;
    while (i < p->nzombies && child_at(s, p->zombies[i])->died < now_of(s))
        process_reap(s, p->zombies[i++]);
    while (i < p->nzombies)
        p->zombies[n++] = p->zombies[i++];
    p->nzombies = n;
}

void parent_died(struct server *s, uint32_t child)
{
    struct parent *p = &s->parent;
    if (p->nzombies == p->zcap) {
        p->zcap = p->zcap ? p->zcap * 2 : 64;
        p->zombies = must_realloc(p->zombies, p->zcap, sizeof *p->zombies);
    }
    child_at(s, child)->died = now_of(s);
    p->zombies[p->nzombies++] = child;
}

static void turn_over(struct server *s)
{
    struct parent *p = &s->parent;
    p->ntodo = p->done = 0;
    if (!p->running) { /* the initial children are there */
        p->running = true;
        mpm_log(s, "notice", s->model->kind == MPM_PREFORK ? "AH00163"
                : s->model->kind == MPM_WORKER             ? "AH00292"
                                                           : "AH00489",
                "Apache/%d.%d.%d (mpmsim) configured -- resuming normal "
                "operations",
                s->set->version / 10000, s->set->version / 100 % 100,
                s->set->version % 100);
    }
    reap_all(s);
    sleep_a_turn(s);
}

static void forked(struct server *s)
{
    struct parent *p = &s->parent;
    process_fork(s, p->todo[p->done++]);
}

/* One fork has cost its CPU time: there is a child; on to the next. */
static void fork_next(void *srv, uint32_t unused)
{
    struct server *s = srv;
    struct parent *p = &s->parent;
    (void)unused;
    forked(s);
    if (p->done < p->ntodo)
        cpu_submit(s->cpu, s->conf.machine.cpu_fork, fork_next, s, 0);
    else
        turn_over(s);
    hook_drain(s);
}

static void fork_all(struct server *s)
{
    struct parent *p = &s->parent;
    p->phase = PARENT_FORKING;
    if (p->ntodo > 0 && s->conf.machine.cpu_fork > 0) {
        cpu_submit(s->cpu, s->conf.machine.cpu_fork, fork_next, s, 0);
        return;
    }
    while (p->done < p->ntodo)
        forked(s);
    turn_over(s);
}

void mpm_make_children(struct server *s, const uint32_t *slots, size_t n)
{
    struct parent *p = &s->parent;
    if (p->ntodo + n > p->cap) {
        p->cap = (uint32_t)(p->ntodo + n) * 2;
        p->todo = must_realloc(p->todo, p->cap, sizeof *p->todo);
    }
    for (size_t i = 0; i < n; i++)
        p->todo[p->ntodo++] = slots[i];
}

static void on_tick(void *srv, uint32_t unused)
{
    struct server *s = srv;
    (void)unused;
    s->model->on_maintenance(s);
    hook_drain(s);
    fork_all(s);
    hook_drain(s);
}

/* httpd has read its configuration: listen, fork StartServers children into
 * the lowest slots (P-1, W-2); the first tick comes a turn later (C-4). */
static void on_ready(void *srv, uint32_t unused)
{
    struct server *s = srv;
    (void)unused;
    kernel_open(s);
    sim_timer_init(s->sim, &s->parent.timer, on_tick, s, 0);
    int64_t n = s->set->start_servers;
    for (int64_t i = 0; i < n; i++) {
        uint32_t slot = (uint32_t)i;
        mpm_make_children(s, &slot, 1);
    }
    fork_all(s);
    hook_drain(s);
}

void parent_start(void *srv, uint32_t unused)
{
    struct server *s = srv;
    const struct machine *m = &s->conf.machine;
    (void)unused;
    simtime_t ready = s->mod_ssl ? m->ready_tls : m->ready;
    if (ready == 0) {
        on_ready(s, 0);
        return;
    }
    sim_timer_init(s->sim, &s->parent.timer, on_ready, s, 0);
    sim_timer_arm(s->sim, &s->parent.timer, now_of(s) + ready);
}

void parent_free(struct server *s)
{
    free(s->parent.todo);
    free(s->parent.zombies);
}

void mpm_log(struct server *s, const char *level, const char *code,
             const char *fmt, ...)
{
    if (!s->obs->message)
        return;
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    s->obs->message(s->obs->ctx, now_of(s), s->model->module, level, code,
                    text);
}
