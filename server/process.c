/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Children, their threads, the scoreboard and the pipe of death. */
#include "server/inside.h"
#include "sim/must.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

void process_init(struct server *s)
{
    const struct settings *set = s->set;
    int64_t most = s->conf.most_threads_per_child;
    s->per_child = s->model->threaded ? (uint32_t)set->threads_per_child : 1;
    s->width = s->per_child;
    if (s->model->threaded && most > set->threads_per_child)
        s->width = (uint32_t)most;
    s->nslots = set->server_limit;
    if (s->nslots < set->process_limit) /* as many as buckets, C-40 */
        s->nslots = set->process_limit;
    s->pslots = must_alloc((size_t)s->nslots * sizeof *s->pslots);
    s->condemned = must_alloc((size_t)s->nslots * sizeof *s->condemned);
    for (int64_t i = 0; i < s->nslots; i++)
        s->pslots[i].child = NONE;
    size_t cells = (size_t)s->nslots * s->width;
    s->cells = must_zalloc(cells, 1);
    s->cell_owned = must_zalloc(cells, 1);
    s->counts[SLOT_DEAD] = (int64_t)cells;
    pool_init(&s->children, sizeof(struct child));
}

void process_free(struct server *s)
{
    for (uint32_t i = 0; i < s->children.used; i++) {
        free(child_at(s, i)->lanes);
        free(child_at(s, i)->tls_arenas);
    }
    free(s->arena_of_conn);
    pool_done(&s->children);
    free(s->threads);
    free(s->free_blocks);
    free(s->pslots);
    free(s->condemned);
    free(s->cells);
    free(s->cell_owned);
}

/* ---- scoreboard ---- */

static void set_cell(struct server *s, uint32_t cell, enum slot_state st)
{
    if (s->cells[cell] == st)
        return;
    s->counts[s->cells[cell]]--;
    s->counts[st]++;
    s->cells[cell] = (uint8_t)st;
}

void mpm_set_slot(struct server *s, uint32_t thread, enum slot_state st)
{
    struct thread *t = thread_at(s, thread);
    /* E-31: whatever a thread of a stopping event process does, its cell
     * says G */
    if (s->model->async && child_at(s, t->child)->dying && st != SLOT_DEAD)
        st = SLOT_GRACEFUL;
    set_cell(s, t->cell, st);
}

void mpm_count_threads(const struct server *s, uint32_t slot, int64_t *idle,
                       int64_t *active)
{
    const uint8_t *cell = s->cells + (size_t)slot * s->width;
    *idle = *active = 0;
    for (uint32_t j = 0; j < s->per_child; j++) {
        *idle += cell[j] <= SLOT_READY;                              /* C-8 */
        *active += cell[j] >= SLOT_READY && cell[j] < SLOT_GRACEFUL; /* W-9 */
    }
}

void mpm_set_quiescing(struct server *s, uint32_t child)
{
    struct child *ch = child_at(s, child);
    if (!ch->quiescing) {
        ch->quiescing = 1;
        s->stopping++;
        memory_pools_free(s, child);
    }
}

void mpm_set_accepting(struct server *s, uint32_t child, bool accepting)
{
    struct child *ch = child_at(s, child);
    if (ch->not_accepting == !accepting)
        return;
    ch->not_accepting = !accepting;
    s->not_accepting += accepting ? -1 : 1;
}

/* ---- CPU time ---- */

#define CLOCK_TICK (10 * SIM_MS)

/* User and system time are each shown in whole ticks. */
static int64_t shown_ticks(const struct child *ch)
{
    return ch->user / CLOCK_TICK + ch->sys / CLOCK_TICK;
}

void process_spent(struct server *s, uint32_t child, simtime_t user,
                   simtime_t mixed)
{
    if (user == 0 && mixed == 0)
        return;
    struct child *ch = child_at(s, child);
    s->cpu_ticks -= shown_ticks(ch);
    ch->user += user + mixed / 2;
    ch->sys += mixed - mixed / 2;
    s->cpu_ticks += shown_ticks(ch);
}

double process_cpu_s(const struct server *s)
{
    return simtime_to_s(s->cpu_ticks * CLOCK_TICK +
                        s->cpu_reaped / CLOCK_TICK * CLOCK_TICK);
}

/* ---- threads ---- */

void mpm_push_idle(struct server *s, uint32_t thread)
{
    struct child *ch = child_at(s, thread_at(s, thread)->child);
    thread_at(s, thread)->next_idle = NONE;
    if (ch->idle_tail == NONE)
        ch->idle_head = thread;
    else
        thread_at(s, ch->idle_tail)->next_idle = thread;
    ch->idle_tail = thread;
    ch->nidle++;
}

uint32_t mpm_pop_idle(struct server *s, uint32_t child)
{
    struct child *ch = child_at(s, child);
    uint32_t th = ch->idle_head;
    if (th == NONE)
        return NONE;
    ch->idle_head = thread_at(s, th)->next_idle;
    if (ch->idle_head == NONE)
        ch->idle_tail = NONE;
    ch->nidle--;
    return th;
}

static uint32_t take_block(struct server *s)
{
    if (s->nfree_blocks > 0)
        return s->free_blocks[--s->nfree_blocks];
    if (s->nblocks == s->blocks_cap) {
        s->blocks_cap = s->blocks_cap ? s->blocks_cap * 2 : 64;
        s->threads = must_realloc(s->threads, (size_t)s->blocks_cap * s->width,
                                  sizeof *s->threads);
        s->free_blocks =
            must_realloc(s->free_blocks, s->blocks_cap, sizeof *s->free_blocks);
    }
    return s->nblocks++;
}

/* W-3: makes the threads whose cells are free; true when all exist. */
static bool make_threads(struct server *s, struct child *ch, uint32_t id,
                         enum slot_state st)
{
    uint32_t made = 0;
    for (uint32_t j = 0; j < ch->per; j++) {
        struct thread *th = thread_at(s, ch->threads + j);
        uint32_t cell = ch->slot * s->width + j;
        if (th->child != NONE) {
            made++;
            continue;
        }
        if (s->cell_owned[cell])
            continue;
        s->cell_owned[cell] = 1;
        th->child = id;
        th->cell = cell;
        ch->nthreads++;
        set_cell(s, cell, st);
        made++;
        if (st == SLOT_READY)
            mpm_push_idle(s, ch->threads + j);
    }
    return made == ch->per;
}

static void child_init_done(void *srv, uint32_t child);

/* W-3: some cells still belong to a predecessor: look again in a second. */
static void retry_threads(void *srv, uint32_t id)
{
    struct server *s = srv;
    struct child *ch = child_at(s, id);
    if (ch->dying || ch->quiescing)
        return;
    uint32_t before = ch->nthreads;
    bool all = make_threads(s, ch, id, SLOT_READY);
    if (!all && !ch->told)
        sim_timer_arm(s->sim, &ch->timer, now_of(s) + SIM_S);
    memory_child(s, id);
    if (ch->state == CHILD_STARTING && ch->nthreads > 0)
        child_init_done(s, id);
    else if (ch->nthreads > before)
        s->model->on_child_ready(s, id);
    if (ch->told)
        s->model->on_stop(s, id, (enum stop_kind)(ch->told - 1));
    hook_drain(s);
}

void process_stop(struct server *s, uint32_t id, enum stop_kind how)
{
    struct child *ch = child_at(s, id);
    if (s->model->threaded && how != STOP_KILL) {
        mpm_unwatch_pod(s, id);
        if (ch->dying || ch->stop_pending || ch->told)
            return; /* C-23: its main thread reads no second byte */
    }
    if (how == STOP_KILL || !sim_timer_armed(&ch->timer))
        s->model->on_stop(s, id, how);
    else
        ch->told = (uint8_t)(1 + how);
}

uint32_t process_fork(struct server *s, uint32_t slot)
{
    uint32_t id = pool_get(&s->children);
    struct child *ch = child_at(s, id);
    ch->state = CHILD_STARTING;
    ch->slot = slot;
    ch->bucket = slot % (uint32_t)s->nbuckets; /* C-40 */
    ch->generation = s->parent.generation;
    ch->per = s->per_child;
    ch->threads = take_block(s) * s->width;
    ch->idle_head = ch->idle_tail = NONE;
    ch->chain_head = ch->chain_tail = NONE;
    ch->pool_free = ch->pool_held = NONE;
    ch->blocked_head = ch->blocked_tail = NONE;
    ch->wait_prev = ch->wait_next = ch->pod_next = NONE;
    if (s->model->async) {
        ch->lanes = must_zalloc(WAITS, sizeof *ch->lanes);
        conn_lanes_init(s, ch->lanes);
    }
    ch->keepalive = &s->keepalive->lane;
    ch->budget = s->set->max_connections_per_child
                     ? s->set->max_connections_per_child
                     : INT64_MAX;
    sim_timer_init(s->sim, &ch->timer, retry_threads, s, id);
    for (uint32_t j = 0; j < s->width; j++)
        *thread_at(s, ch->threads + j) = (struct thread){ .child = NONE,
                                                          .conn = NONE,
                                                          .next_idle = NONE,
                                                          .pool = NONE,
                                                          .next_pool = NONE };
    s->pslots[slot].child = id;
    s->live_children++;
    ch->number = s->now.processes_started++;
    if (!s->model->threaded) /* P-2: the parent writes STARTING */
        make_threads(s, ch, id, SLOT_STARTING);
    memory_child(s, id);
    if (s->model->on_forked)
        s->model->on_forked(s, id);
    const struct machine *m = &s->conf.machine;
    simtime_t init = s->model->threaded ? m->cpu_process_init +
                                              m->cpu_thread * (simtime_t)ch->per
                     : s->mod_ssl ? m->cpu_child_init_tls
                                  : m->cpu_child_init;
    ch->job = CPU_NONE;
    s->cpu_reaped += m->cpu_fork;
    ch->demand = init;
    if (init > 0)
        ch->job = cpu_submit(s->cpu, init, child_init_done, s, id);
    else
        child_init_done(s, id);
    return id;
}

static void child_init_done(void *srv, uint32_t id)
{
    struct server *s = srv;
    struct child *ch = child_at(s, id);
    ch->job = CPU_NONE;
    process_spent(s, id, 0, ch->demand);
    if (s->model->threaded) {
        bool all = make_threads(s, ch, id, SLOT_READY);
        memory_child(s, id);
        if (!all && !ch->told)
            sim_timer_arm(s->sim, &ch->timer, now_of(s) + SIM_S);
        if (ch->nthreads == 0)
            return; /* the listener comes with the first thread */
    } else {
        set_cell(s, thread_at(s, ch->threads)->cell, SLOT_READY);
    }
    ch->state = CHILD_LIVE;
    s->model->on_child_ready(s, id);
    hook_drain(s);
}

void mpm_thread_exit(struct server *s, uint32_t thread, bool dead)
{
    struct thread *t = thread_at(s, thread);
    struct child *ch = child_at(s, t->child);
    must(!t->gone && t->conn == NONE);
    t->gone = true;
    if (dead)
        set_cell(s, t->cell, SLOT_DEAD);
    s->cell_owned[t->cell] = 0;
    ch->nthreads--;
    memory_thread_gone(s, thread);
}

static void end_some(struct server *s);

/* The process has ended: the parent can find it. */
static void exited(void *srv, uint32_t id)
{
    struct server *s = srv;
    struct child *ch = child_at(s, id);
    ch->job = CPU_NONE;
    process_spent(s, id, 0, ch->demand);
    ch->state = CHILD_ZOMBIE;
    memory_child_gone(s, id);
    s->live_children--;
    s->zombies++;
    s->now.processes_ended++;
    parent_died(s, id);
    s->ending -= ch->ending;
    end_some(s);
}

void mpm_child_exit(struct server *s, uint32_t id)
{
    struct child *ch = child_at(s, id);
    must(ch->state == CHILD_LIVE || ch->state == CHILD_STARTING);
    const struct machine *m = &s->conf.machine;
    simtime_t cost = s->mod_ssl ? m->cpu_exit_tls : m->cpu_exit;
    /* C-47: a signal ends the threads where they are; their cells stay */
    bool orderly = s->model->threaded && ch->signal == 0;
    if (orderly)
        cost += m->cpu_thread_exit * (simtime_t)ch->per;
    for (uint32_t j = 0; j < ch->per; j++) {
        struct thread *t = thread_at(s, ch->threads + j);
        if (t->child == NONE || t->gone)
            continue;
        mpm_thread_exit(s, ch->threads + j, orderly);
        ch->ready_gone += s->cells[t->cell] == SLOT_READY;
    }
    s->ready_gone += ch->ready_gone;
    s->not_accepting_gone += ch->not_accepting;
    sim_timer_done(s->sim, &ch->timer);
    if (ch->job != CPU_NONE)
        process_spent(s, id, 0, cpu_cancel(s->cpu, ch->job));
    mpm_unwatch_pod(s, id);
    ch->demand = cost;
    ch->state = CHILD_EXITING;
    if (cost > 0)
        ch->job = cpu_submit(s->cpu, cost, exited, s, id);
    else
        exited(s, id);
}

void process_reap(struct server *s, uint32_t id)
{
    struct child *ch = child_at(s, id);
    must(ch->state == CHILD_ZOMBIE);
    /* SIGKILL is passed over in silence */
    if (ch->signal == SIGSEGV && s->obs->message)
        s->obs->message(s->obs->ctx, now_of(s), "core", "notice", "AH00052",
                        "child process exit signal Segmentation fault (11)");
    s->zombies--;
    if (ch->generation != s->parent.generation)
        s->parent.old_generation--;
    s->cpu_ticks -= shown_ticks(ch);
    s->cpu_reaped += ch->user + ch->sys;
    if (ch->quiescing)
        s->stopping--;
    s->ready_gone -= ch->ready_gone;
    s->not_accepting_gone -= ch->not_accepting;
    mpm_set_accepting(s, id, true);
    if (s->pslots[ch->slot].child == id) {
        s->pslots[ch->slot].child = NONE;
        bool last = s->parent.action == ACTION_GRACEFUL_STOP; /* C-46 */
        uint32_t cell = ch->slot * s->width;
        for (uint32_t j = 0; j < s->width; j++)
            if (!s->cell_owned[cell + j] && !last)
                set_cell(s, cell + j, SLOT_DEAD);
    }
    if (ch->sick) /* C-13 */
        s->buckets[s->model->threaded ? ch->bucket : 0].rate = 1;
    if (s->model->on_reaped)
        s->model->on_reaped(s, id);
    ch->state = CHILD_FREE;
    if (ch->lanes) {
        conn_lanes_done(ch->lanes);
        free(ch->lanes);
        ch->lanes = NULL;
    }
    free(ch->tls_arenas);
    ch->tls_arenas = NULL;
    s->free_blocks[s->nfree_blocks++] = ch->threads / s->width;
    pool_put(&s->children, id);
}

void mpm_child_kill(struct server *s, uint32_t id)
{
    struct child *ch = child_at(s, id);
    if (ch->state == CHILD_EXITING || ch->state == CHILD_ZOMBIE)
        return;
    ch->dying = true;
    if (ch->in_line)
        mpm_leave_accept(s, ch->bucket, s->model->threaded ? id : ch->threads);
    for (uint32_t i = 0; i < s->conns.used; i++) {
        const struct conn *c = conn_at(s, i);
        if (c->state >= CONN_ACCEPTED && c->state < CONN_CLOSED &&
            c->child == id)
            serve_abort(s, i);
    }
    mpm_child_exit(s, id);
}

/* A condemned child runs for the last time. One that waited in accept, which
 * with several listeners nobody does (C-26), takes what has come meanwhile,
 * and with it to its grave (K-22). */
static void end_condemned(struct server *s, uint32_t id)
{
    struct child *ch = child_at(s, id);
    if (ch->in_accept)
        mpm_accept(s, ch->bucket, id);
    ch->ending = true;
    s->ending++;
    mpm_child_kill(s, id);
}

static void end_some(struct server *s)
{
    if (s->ending_some) /* an exit that takes no time comes back here */
        return;
    s->ending_some = true;
    while (s->ncondemned > 0 && s->ending < s->conf.machine.cpus) {
        uint32_t id = s->condemned[--s->ncondemned];
        const struct child *ch = child_at(s, id);
        if (ch->state == CHILD_STARTING || ch->state == CHILD_LIVE)
            end_condemned(s, id);
    }
    s->ending_some = false;
}

void mpm_child_condemn(struct server *s, uint32_t id)
{
    struct child *ch = child_at(s, id);
    if (ch->condemned)
        return;
    ch->dying = ch->condemned = true;
    ch->in_accept = ch->in_line && !s->use_mutex;
    if (ch->in_line)
        mpm_leave_accept(s, ch->bucket, ch->threads);
    s->condemned[s->ncondemned++] = id;
}

void mpm_child_dismiss(struct server *s, uint32_t id)
{
    mpm_child_condemn(s, id);
    child_at(s, id)->in_accept = false;
}

static int youngest_last(const void *a, const void *b, void *srv)
{
    const uint32_t *x = a, *y = b;
    int64_t m = child_at(srv, *x)->number, n = child_at(srv, *y)->number;
    return (m > n) - (m < n);
}

static int oldest_last(const void *a, const void *b, void *srv)
{
    return youngest_last(b, a, srv);
}

void process_end_condemned(struct server *s, bool oldest_first)
{
    if (s->ncondemned > 1) /* the last is taken first */
        qsort_r(s->condemned, s->ncondemned, sizeof *s->condemned,
                oldest_first ? oldest_last : youngest_last, s);
    end_some(s);
}

void process_crash(struct server *s, uint32_t id, int signal)
{
    struct child *ch = child_at(s, id);
    if (ch->state != CHILD_STARTING && ch->state != CHILD_LIVE)
        return;
    ch->signal = (uint8_t)signal;
    s->now.processes_killed += signal == SIGKILL;
    mpm_child_kill(s, id);
}

/* Picks one of what is counted in N, each as likely as the others. */
static bool drawn(struct server *s, uint64_t *n)
{
    return rng_below(&s->crash_rng, ++*n) == 0;
}

/* C-47: the process of a thread that is in a handler; when there is none, of
 * all. */
static uint32_t crash_victim(struct server *s)
{
    uint32_t busy = NONE, any = NONE;
    uint64_t nbusy = 0, nany = 0;
    for (int64_t i = 0; i < s->nslots; i++) {
        uint32_t id = s->pslots[i].child;
        if (id == NONE)
            continue;
        const struct child *ch = child_at(s, id);
        if (ch->state != CHILD_STARTING && ch->state != CHILD_LIVE)
            continue;
        if (drawn(s, &nany))
            any = id;
        for (uint32_t j = 0; j < ch->per; j++) {
            uint32_t conn = thread_at(s, ch->threads + j)->conn;
            if (conn != NONE && conn_at(s, conn)->state == CONN_PROCESSING &&
                drawn(s, &nbusy))
                busy = id;
        }
    }
    return busy != NONE ? busy : any;
}

bool server_crash(struct server *s, int64_t slot)
{
    uint32_t victim = NONE;
    if (slot < 0)
        victim = crash_victim(s);
    else if (slot < s->nslots)
        victim = s->pslots[slot].child;
    if (victim == NONE || child_at(s, victim)->state == CHILD_EXITING ||
        child_at(s, victim)->state == CHILD_ZOMBIE)
        return false;
    process_crash(s, victim, SIGSEGV);
    hook_drain(s);
    return true;
}

/* Descriptors besides connections: standard streams, logs, pipe, epoll. */
#define OWN_FILES 10

/* Files of all processes: what waits in an accept queue has none yet, a child
 * blocked in accept has its own already (Linux takes it first). */
static int64_t open_files(const struct server *s)
{
    int64_t conns = s->tcp[TCP_ESTABLISHED] + s->tcp[TCP_CLOSE_WAIT] +
                    s->tcp[TCP_CLOSING] - s->queue_len;
    return conns +
           (s->live_children + 1) * (int64_t)(s->set->nlisten + OWN_FILES);
}

bool mpm_out_of_files(struct server *s, uint32_t id)
{
    struct child *ch = child_at(s, id);
    int64_t busy = (int64_t)ch->nthreads - ch->nidle;
    int64_t open = ch->conns > busy ? ch->conns : busy;
    ch->sick = open + s->set->nlisten + OWN_FILES >= s->conf.machine.nofile ||
               open_files(s) >= s->conf.machine.file_max;
    if (ch->sick && s->obs->message)
        s->obs->message(s->obs->ctx, now_of(s), "core", "error", "AH02179",
                        "apr_socket_accept: (client socket)");
    return ch->sick;
}

/* ---- pipe of death ---- */

void mpm_watch_pod(struct server *s, uint32_t child)
{
    struct child *ch = child_at(s, child);
    struct bucket *k = &s->buckets[ch->bucket];
    if (ch->dying || ch->told)
        return;
    ch->pod_next = NONE;
    if (k->pod_tail == NONE)
        k->pod_head = child;
    else
        child_at(s, k->pod_tail)->pod_next = child;
    k->pod_tail = child;
    process_pod_poll(s, ch->bucket);
}

void mpm_unwatch_pod(struct server *s, uint32_t child)
{
    struct child *ch = child_at(s, child);
    struct bucket *k = &s->buckets[ch->bucket];
    uint32_t prev = NONE;
    for (uint32_t i = k->pod_head; i != NONE; i = child_at(s, i)->pod_next) {
        if (i == child) {
            if (prev == NONE)
                k->pod_head = ch->pod_next;
            else
                child_at(s, prev)->pod_next = ch->pod_next;
            if (k->pod_tail == child)
                k->pod_tail = prev;
            return;
        }
        prev = i;
    }
}

/* C-18: the reader that has waited longest gets the byte, and only one. */
void process_pod_poll(struct server *s, uint32_t bucket)
{
    struct bucket *k = &s->buckets[bucket];
    while (k->pod_bytes > 0 && k->pod_head != NONE) {
        uint32_t child = k->pod_head;
        k->pod_bytes--;
        process_stop(s, child, STOP_GRACEFUL);
    }
}

void mpm_pod_signal(struct server *s, uint32_t bucket)
{
    s->buckets[bucket].pod_bytes++;
    if (s->model->threaded)
        process_pod_poll(s, bucket);
    else
        kernel_dummy(s, bucket); /* C-16 */
}
