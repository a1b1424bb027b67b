/* SPDX-License-Identifier: GPL-3.0-or-later */
/* worker: processes of threads, one thread per connection (httpd 2.4,
 * server/mpm/worker/worker.c; rules W-1 … W-25).
 *
 * Each process has a listener thread and ThreadsPerChild workers. The listener
 * first makes sure that a worker is idle, then waits in accept; a process
 * whose workers are all busy does not accept, and its share waits in the
 * kernel's queue for the others. A worker keeps its connection to the end,
 * keep-alive waits included. Once a second the parent counts idle threads and
 * forks or stops whole processes. */
#include "server/mpm.h"

#define MAX_RATE  32
#define BUSY_RATE 8

static void begin_graceful_exit(struct server *s, uint32_t child);

/* W-5: budget, an idle worker, then accept. */
static void listener_thread(struct server *s, uint32_t child)
{
    struct child *ch = child_at(s, child);
    if (ch->dying)
        return;
    if (ch->budget <= 0 || mpm_out_of_files(s, child)) { /* W-18, C-28 */
        begin_graceful_exit(s, child);
    } else if (ch->nidle == 0) {
        ch->listener = LISTENER_IDLER;
    } else {
        ch->listener = LISTENER_ACCEPT;
        mpm_wait_accept(s, ch->bucket, child);
    }
}

static void on_child_ready(struct server *s, uint32_t child)
{
    struct child *ch = child_at(s, child);
    if (ch->listener == LISTENER_NONE) {
        mpm_watch_pod(s, child);
        if (ch->dying) /* a byte was waiting in the pipe */
            return;
        listener_thread(s, child);
    } else if (ch->listener == LISTENER_IDLER && ch->nidle > 0) {
        listener_thread(s, child);
    }
}

static void on_accepted(struct server *s, uint32_t child, uint32_t conn)
{
    child_at(s, child)->listener = LISTENER_IDLER; /* out of the line */
    mpm_process(s, mpm_pop_idle(s, child), conn);  /* W-6 */
    listener_thread(s, child);
}

/* W-16: idle threads leave at once, busy ones when they are done. */
static void leave(struct server *s, uint32_t child)
{
    uint32_t thread;
    bool now = child_at(s, child)->ungraceful;
    while ((thread = mpm_pop_idle(s, child)) != NONE) {
        if (now)
            mpm_set_slot(s, thread, SLOT_GRACEFUL);
        mpm_thread_exit(s, thread, !now); /* W-22 */
    }
    if (child_at(s, child)->nthreads == 0)
        mpm_child_exit(s, child);
}

static void begin_graceful_exit(struct server *s, uint32_t child)
{
    struct child *ch = child_at(s, child);
    if (ch->dying)
        return;
    ch->dying = true;
    ch->stop_pending = false;
    mpm_set_quiescing(s, child); /* W-19 */
    mpm_unwatch_pod(s, child);
    if (ch->listener == LISTENER_ACCEPT)
        mpm_leave_accept(s, ch->bucket, child);
    ch->listener = LISTENER_STOPPED;
    leave(s, child);
}

/* The next in line may have to stop too (W-21). */
static void hand_mutex_on(struct server *s, const struct bucket *b)
{
    while (b->wait_head != NONE && child_at(s, b->wait_head)->stop_pending)
        begin_graceful_exit(s, b->wait_head);
}

/* W-21: a listener that is waiting for the accept mutex does not notice. */
static void take_byte(struct server *s, uint32_t child)
{
    struct child *ch = child_at(s, child);
    struct bucket *b = &s->buckets[ch->bucket];
    if (s->use_mutex && ch->listener == LISTENER_ACCEPT &&
        !mpm_first_in_line(s, ch->bucket, child)) {
        ch->stop_pending = true;
        return;
    }
    begin_graceful_exit(s, child);
    hand_mutex_on(s, b);
}

/* W-20: the main thread signals one thread after the other, in the order of
 * their cells, and waits for each to end before it turns to the next. */
static void join_workers(struct server *s, uint32_t child)
{
    struct child *ch = child_at(s, child);
    while (ch->joined < ch->per && mpm_wake(s, ch->threads + ch->joined))
        ch->joined++;
}

/* C-19: every process reads a byte; C-23: or its sockets are closed. */
static void on_stop(struct server *s, uint32_t child, enum stop_kind how)
{
    if (how == STOP_KILL) {
        mpm_child_kill(s, child);
    } else if (how == STOP_GRACEFUL) {
        take_byte(s, child);
    } else {
        child_at(s, child)->ungraceful = true;
        begin_graceful_exit(s, child);
        if (child_at(s, child)->state == CHILD_LIVE) {
            mpm_abort_work(s, child);
            join_workers(s, child);
        }
        hand_mutex_on(s, &s->buckets[child_at(s, child)->bucket]);
    }
}

static void on_idle(struct server *s, uint32_t thread)
{
    uint32_t child = thread_at(s, thread)->child;
    struct child *ch = child_at(s, child);
    ch->budget--;
    if (ch->dying) {
        mpm_thread_exit(s, thread, true);
        if (ch->ungraceful)
            join_workers(s, child);
        if (ch->nthreads == 0)
            mpm_child_exit(s, child);
        return;
    }
    mpm_set_slot(s, thread, SLOT_READY);
    mpm_push_idle(s, thread);
    if (ch->listener == LISTENER_IDLER)
        listener_thread(s, child);
}

struct count {
    int64_t idle, active, total;
    uint32_t slots[MAX_RATE];
    int nfree;
};

/* W-9, W-12: idle and active threads of one bucket's slots; slots a new
 * process may use, wholly dead ones first. */
static void count_idle(const struct server *s, uint32_t bucket, int rate,
                       struct count *c)
{
    int whole = 0;
    *c = (struct count){ 0 };
    for (int64_t i = bucket; i < s->set->process_limit; i += s->nbuckets) {
        const uint8_t *cell = s->cells + (size_t)i * s->width;
        uint32_t id = s->pslots[i].child;
        const struct child *ch = id == NONE ? NULL : child_at(s, id);
        bool any_dead = false, all_dead = true;
        for (uint32_t j = 0; j < s->per_child; j++) {
            any_dead |= cell[j] == SLOT_DEAD;
            all_dead &= cell[j] == SLOT_DEAD || cell[j] == SLOT_GRACEFUL;
        }
        if (ch) {
            int64_t idle, active;
            mpm_count_threads(s, (uint32_t)i, &idle, &active);
            c->total++;
            c->active += active;
            if (!ch->quiescing && ch->generation == s->parent.generation)
                c->idle += idle;
        }
        if (any_dead && whole < rate && c->nfree < MAX_RATE &&
            (!ch || ch->quiescing)) {
            if (all_dead) {
                c->slots[c->nfree] = c->slots[whole];
                c->slots[whole++] = (uint32_t)i;
            } else {
                c->slots[c->nfree] = (uint32_t)i;
            }
            c->nfree++;
        }
    }
    if (c->nfree > rate)
        c->nfree = rate;
}

/* W-13: nothing can be forked. */
static void log_limit(struct server *s, const struct count *c)
{
    struct parent *p = &s->parent;
    if (c->active < s->set->max_request_workers / s->nbuckets) { /* W-14 */
        mpm_log(s, "error", "AH00288",
                "scoreboard is full, not at MaxRequestWorkers");
    } else if (c->idle == 0 && !p->limit_logged) {
        p->limit_logged = true;
        mpm_log(s, "error", "AH00286",
                "server reached MaxRequestWorkers setting, consider raising "
                "the MaxRequestWorkers setting");
    } else if (c->idle > 0 && !p->near_logged) {
        p->near_logged = true;
        mpm_log(s, "error", "AH00287",
                "server is within MinSpareThreads of MaxRequestWorkers, "
                "consider raising the MaxRequestWorkers setting");
    }
}

static void perform_idle_server_maintenance(struct server *s, uint32_t bucket)
{
    struct parent *p = &s->parent;
    struct bucket *b = &s->buckets[bucket];
    struct count c;
    count_idle(s, bucket, b->rate, &c);
    if (c.idle > s->set->max_spare / s->nbuckets) { /* W-10, W-23 */
        mpm_pod_signal(s, bucket);
        b->rate = 1;
    } else if (c.idle >= s->set->min_spare / s->nbuckets) { /* W-15 */
        b->rate = 1;
    } else if (c.nfree == 0) {
        log_limit(s, &c);
        b->rate = 1;
    } else {                      /* W-11 */
        if (b->rate >= BUSY_RATE) /* P-17 */
            mpm_log(s, "info", "AH00289",
                    "server seems busy, (you may need to increase "
                    "StartServers, ThreadsPerChild or Min/MaxSpareThreads), "
                    "spawning %d children, there are around %d idle threads, "
                    "and %d total children",
                    c.nfree, (int)c.idle, (int)c.total + c.nfree);
        mpm_make_children(s, c.slots, (size_t)c.nfree);
        if (p->hold_off > 0)
            p->hold_off--;
        else if (b->rate < MAX_RATE / s->nbuckets)
            b->rate *= 2;
    }
}

static void on_maintenance(struct server *s)
{
    for (int b = 0; b < s->nbuckets; b++)
        perform_idle_server_maintenance(s, (uint32_t)b);
}

const struct mpm_model mpm_worker = {
    .name = "worker",
    .summary = "processes of threads, one thread per connection",
    .module = "mpm_worker",
    .kind = MPM_WORKER,
    .threaded = true,
    .on_child_ready = on_child_ready,
    .on_accepted = on_accepted,
    .on_response = mpm_sync_response,
    .on_idle = on_idle,
    .on_stop = on_stop,
    .on_mutex = begin_graceful_exit,
    .on_maintenance = on_maintenance,
};
