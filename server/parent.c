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
static void fork_all(struct server *s);
static void obey(struct server *s);

static void wait_for(struct server *s, enum parent_phase phase, simtime_t d)
{
    s->parent.phase = phase;
    sim_timer_arm(s->sim, &s->parent.timer, now_of(s) + d);
}

#define V_REPLACE_CRASHED HTTPD_VERSION(2, 4, 54)
#define MAX_REPLACED      2
#define WARN_EVERY        10

static bool is_asked_for(const struct parent *p, uint32_t slot)
{
    for (uint32_t i = p->done; i < p->ntodo; i++)
        if (p->todo[i] == slot)
            return true;
    return false;
}

/* startup_children(): N processes in the lowest empty slots (P-1, W-2). */
static void ask_for_children(struct server *s, uint32_t n)
{
    int64_t limit = s->model->async ? s->nslots : s->set->process_limit;
    for (int64_t i = 0; i < limit && n > 0; i++) {
        uint32_t slot = (uint32_t)i;
        if (s->pslots[i].child != NONE || is_asked_for(&s->parent, slot))
            continue;
        mpm_make_children(s, &slot, 1);
        n--;
    }
}

/* C-12 (b): a process that a signal has ended, and with it all that are still
 * missing after a graceful restart. */
static void replace_crashed(struct server *s)
{
    struct parent *p = &s->parent;
    if (++p->crashes > MAX_REPLACED) {
        if (p->crashes % WARN_EVERY == MAX_REPLACED + 1)
            mpm_log(s, "warn", s->model->async ? "AH10392" : "AH10393",
                    "children are killed successively!");
        return;
    }
    ask_for_children(s, p->remaining + 1);
    p->remaining = 0;
}

/* C-5: all that have exited, one per iteration, without sleeping. A child
 * that this very tick told to go needs a moment, and the parent sleeps then. */
static void reap_all(struct server *s)
{
    struct parent *p = &s->parent;
    uint32_t n = 0, i = 0;
    while (i < p->nzombies && child_at(s, p->zombies[i])->died < now_of(s)) {
        uint32_t slot = child_at(s, p->zombies[i])->slot;
        bool crashed = child_at(s, p->zombies[i])->signal != 0;
        bool sick = child_at(s, p->zombies[i])->sick; /* C-13 */
        process_reap(s, p->zombies[i++]);
        if (p->remaining > 0 && !sick && s->pslots[slot].child == NONE &&
            (s->model->async || slot < s->set->process_limit)) {
            p->remaining--; /* C-12 (a): one for one */
            mpm_make_children(s, &slot, 1);
        }
        if (crashed && s->model->threaded && p->action < 0 &&
            s->set->version >= V_REPLACE_CRASHED)
            replace_crashed(s);
    }
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

static const char *resuming_code(const struct server *s)
{
    return s->model->kind == MPM_PREFORK  ? "AH00163"
           : s->model->kind == MPM_WORKER ? "AH00292"
                                          : "AH00489";
}

static void log_resuming(struct server *s)
{
    int v = s->set->version;
    mpm_log(s, "notice", resuming_code(s),
            "Apache/%d.%d.%d (mpmsim) configured -- resuming normal "
            "operations",
            v / 10000, v / 100 % 100, v % 100);
}

/* Everything asked for has been forked: reap, then sleep. */
static void turn_over(struct server *s)
{
    struct parent *p = &s->parent;
    p->ntodo = p->done = 0;
    if (!p->running) { /* the initial children are there */
        p->running = true;
        log_resuming(s);
    }
    reap_all(s);
    if (p->ntodo > 0)
        fork_all(s);
    else if (p->signal >= 0)
        obey(s);
    else
        wait_for(s, PARENT_SLEEPING, s->conf.machine.tick);
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

static void startup_children(struct server *s, uint32_t n)
{
    ask_for_children(s, n);
    fork_all(s);
}

/* The sleep is over without a death: maintenance, or, after a graceful
 * restart, the children still missing (C-12). */
static void end_of_sleep(struct server *s)
{
    struct parent *p = &s->parent;
    p->crashes = 0;
    if (p->remaining > 0) {
        uint32_t n = p->remaining;
        p->remaining = 0;
        startup_children(s, n);
        return;
    }
    s->model->on_maintenance(s);
    hook_drain(s);
    fork_all(s);
}

/* ---- signals (C-3, C-12, C-19 … C-23, C-44) ---- */

/* When the parent looks whether its children have ended, after telling them,
 * and what it does then to those that have not. */
static const struct {
    simtime_t at;
    enum { LOOK, SEND_TERM, SEND_KILL, GIVE_UP } then;
} ladder[] = {
    { 16 * SIM_MS, LOOK },       { 82 * SIM_MS, LOOK },
    { 344 * SIM_MS, LOOK },      { 1348 * SIM_MS, LOOK },
    { 2348 * SIM_MS, LOOK },     { 3349 * SIM_MS, SEND_TERM },
    { 4350 * SIM_MS, LOOK },     { 5352 * SIM_MS, SEND_TERM },
    { 6353 * SIM_MS, LOOK },     { 7356 * SIM_MS, SEND_TERM },
    { 8357 * SIM_MS, LOOK },     { 9358 * SIM_MS, SEND_KILL },
    { 10365 * SIM_MS, GIVE_UP },
};

/* httpd's words for what came in, by MPM and action. */
static const struct {
    const char *code, *text;
} signal_log[MPM_KINDS][4] = {
    [MPM_PREFORK] = { { "AH00171",
                        "Graceful restart requested, doing restart" },
                      { "AH00173", "SIGHUP received.  Attempting to restart" },
                      { "AH00170",
                        "caught SIGWINCH, shutting down gracefully" },
                      { "AH00169", "caught SIGTERM, shutting down" } },
    [MPM_WORKER] = { { "AH00297", "SIGUSR1 received.  Doing graceful restart" },
                     { "AH00298", "SIGHUP received.  Attempting to restart" },
                     { "AH00296", "caught SIGWINCH, shutting down gracefully" },
                     { "AH00295", "caught SIGTERM, shutting down" } },
    [MPM_EVENT] = { { "AH00493", "SIGUSR1 received.  Doing graceful restart" },
                    { "AH00494", "SIGHUP received.  Attempting to restart" },
                    { "AH00492", "caught SIGWINCH, shutting down gracefully" },
                    { "AH00491", "caught SIGTERM, shutting down" } },
};

static void log_signal(struct server *s)
{
    mpm_log(s, "notice", signal_log[s->model->kind][s->parent.action].code,
            "%s", signal_log[s->model->kind][s->parent.action].text);
}

/* Tells every child; oldest slots first. */
static void tell_children(struct server *s, enum stop_kind how)
{
    for (uint32_t i = 0; i < s->children.used; i++) {
        const struct child *ch = child_at(s, i);
        if (ch->state == CHILD_STARTING || ch->state == CHILD_LIVE)
            process_stop(s, i, how);
    }
    process_end_condemned(s, how == STOP_GRACEFUL);
}

static void new_generation(struct server *s)
{
    struct parent *p = &s->parent;
    p->old_generation = s->live_children + s->zombies;
    p->generation++;
    for (int b = 0; b < s->nbuckets; b++)
        s->buckets[b].pod_bytes = 0; /* a fresh pipe */
}

static void climb(struct server *s)
{
    s->parent.step = 0;
    s->parent.since = now_of(s);
    wait_for(s, PARENT_LADDER, ladder[0].at);
}

/* C-49: the new number of threads is that of children forked from now on, and
 * what the parent's maintenance looks at in all of them. */
static void take_settings(struct server *s)
{
    simtime_t ka = s->set->keepalive_timeout;
    s->conf.settings = s->next;
    if (s->set->keepalive_timeout != ka)
        conn_new_keepalive(s);
    if (s->model->threaded)
        s->per_child = (uint32_t)s->next.threads_per_child;
}

static void read_again(struct server *s)
{
    const struct machine *m = &s->conf.machine;
    wait_for(s, PARENT_REREADING, s->mod_ssl ? m->reread_tls : m->reread);
}

static void obey(struct server *s)
{
    struct parent *p = &s->parent;
    p->action = p->signal;
    p->signal = -1;
    if (s->has_next &&
        (p->action == ACTION_GRACEFUL_RESTART || p->action == ACTION_RESTART))
        take_settings(s);
    s->has_next = false;
    p->remaining = 0; /* those that end on the way down are not replaced */
    switch ((enum action_kind)p->action) {
    case ACTION_GRACEFUL_RESTART:
        log_signal(s);
        new_generation(s);
        tell_children(s, STOP_GRACEFUL);
        p->hold_off = 10; /* C-20 */
        p->remaining = (uint32_t)s->set->start_servers;
        read_again(s);
        break;
    case ACTION_RESTART:
        if (s->model->async)
            log_signal(s); /* the others do when it is over */
        tell_children(s, STOP_NOW);
        climb(s);
        break;
    case ACTION_GRACEFUL_STOP:
        log_signal(s);
        kernel_close(s);
        tell_children(s, STOP_GRACEFUL);
        p->deadline = s->set->graceful_shutdown_timeout
                          ? now_of(s) + s->set->graceful_shutdown_timeout
                          : SIM_NEVER;
        wait_for(s, PARENT_STOPPING, s->conf.machine.tick);
        break;
    case ACTION_STOP:
        log_signal(s);
        kernel_close(s);
        tell_children(s, STOP_NOW);
        climb(s);
        break;
    case ACTION_CRASH: /* no signal to the parent */
        break;
    }
}

/* All children have ended. */
static void all_gone(struct server *s)
{
    struct parent *p = &s->parent;
    if (p->action != ACTION_RESTART) {
        p->phase = PARENT_ENDED;
        s->memory = 0;
        return;
    }
    if (!s->model->async)
        log_signal(s);
    new_generation(s);
    read_again(s);
}

static void look(struct server *s)
{
    struct parent *p = &s->parent;
    reap_all(s);
    if (s->live_children == 0 && p->nzombies == 0) {
        all_gone(s);
        return;
    }
    int then = (int)ladder[p->step].then;
    for (int64_t i = 0; i < s->live_children && then >= SEND_TERM; i++)
        if (then != GIVE_UP && s->obs->message)
            s->obs->message(s->obs->ctx, now_of(s), "core",
                            then == SEND_TERM ? "warn" : "error",
                            then == SEND_TERM ? "AH00045" : "AH00046",
                            then == SEND_TERM
                                ? "child process still did not exit, sending "
                                  "a SIGTERM"
                                : "child process still did not exit, sending "
                                  "a SIGKILL");
    if (then == SEND_KILL)
        tell_children(s, STOP_KILL);
    simtime_t next = p->since + ladder[++p->step].at;
    wait_for(s, PARENT_LADDER, next - now_of(s));
}

/* C-22: once a second, until nobody is left or the deadline has come. */
static void look_while_stopping(struct server *s)
{
    struct parent *p = &s->parent;
    reap_all(s);
    if (s->live_children == 0 && p->nzombies == 0) {
        all_gone(s);
    } else if (now_of(s) >= p->deadline) {
        if (!s->model->threaded)
            tell_children(s, STOP_NOW);
        climb(s);
    } else {
        wait_for(s, PARENT_STOPPING, s->conf.machine.tick);
    }
}

static void reread(struct server *s)
{
    struct parent *p = &s->parent;
    bool hard = p->action == ACTION_RESTART;
    log_resuming(s);
    p->action = -1; /* back to ordinary life */
    if (hard)
        startup_children(s, (uint32_t)s->set->start_servers);
    else
        turn_over(s);
}

void parent_signal(struct server *s, enum action_kind what)
{
    struct parent *p = &s->parent;
    if (p->phase != PARENT_SLEEPING && p->phase != PARENT_FORKING)
        return; /* not running yet, or already on its way down */
    p->signal = (int)what;
    if (p->phase == PARENT_SLEEPING) { /* C-3: the sleep is cut short */
        /* it takes the parent a moment to wake up */
        simtime_t wake = s->conf.machine.cpu_wakeup;
        sim_timer_disarm(s->sim, &p->timer);
        if (wake > 0)
            wait_for(s, PARENT_SLEEPING, wake);
        else
            end_of_sleep(s);
    }
}

/* httpd has read its configuration: listen, fork StartServers children; the
 * first tick comes a turn later (C-4). */
static void on_ready(struct server *s)
{
    s->parent.phase = PARENT_FORKING;
    kernel_open(s);
    startup_children(s, (uint32_t)s->set->start_servers);
}

static void on_timer(void *srv, uint32_t unused)
{
    struct server *s = srv;
    (void)unused;
    switch (s->parent.phase) {
    case PARENT_STARTING:
        on_ready(s);
        break;
    case PARENT_SLEEPING:
        end_of_sleep(s);
        break;
    case PARENT_REREADING:
        reread(s);
        break;
    case PARENT_LADDER:
        look(s);
        break;
    case PARENT_STOPPING:
        look_while_stopping(s);
        break;
    case PARENT_FORKING:
    case PARENT_ENDED:
        break;
    }
    hook_drain(s);
}

void parent_start(void *srv, uint32_t unused)
{
    struct server *s = srv;
    const struct machine *m = &s->conf.machine;
    (void)unused;
    s->parent.signal = s->parent.action = -1;
    sim_timer_init(s->sim, &s->parent.timer, on_timer, s, 0);
    simtime_t ready = s->mod_ssl ? m->ready_tls : m->ready;
    if (ready > 0) {
        wait_for(s, PARENT_STARTING, ready);
        return;
    }
    on_ready(s);
    hook_drain(s);
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
