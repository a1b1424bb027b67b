/* SPDX-License-Identifier: GPL-3.0-or-later */
/* event: processes of threads whose connections need a thread only while
 * something happens (httpd 2.4, server/mpm/event/event.c; rules E-1 … E-37).
 *
 * Each process has a listener thread that polls the listening sockets and
 * every connection that is waiting: in keep-alive, for room in the socket
 * buffer, for the client's FIN. What becomes ready goes to an idle worker.
 * A process accepts only while its open connections are fewer than
 * ThreadsPerChild + AsyncRequestWorkerFactor x idle workers; beyond that it
 * stops listening until the number has fallen. A process that has to do
 * something and finds all its workers busy closes its keep-alive connections.
 * Once a second the parent counts idle threads, leaving out the processes that
 * do not accept, and forks or stops whole processes. */
#include "models/decide.h"
#include "server/mpm.h"

#define MAX_RATE          32
#define BUSY_RATE         8
#define V_TLS_ASYNC       HTTPD_VERSION(2, 4, 7)  /* D-1 */
#define V_LIMIT_STRICT    HTTPD_VERSION(2, 4, 33) /* E-13, E-16 */
#define V_KILL_ANYTIME    HTTPD_VERSION(2, 4, 52) /* E-4 */
#define V_LIMIT_LINGER    HTTPD_VERSION(2, 4, 3)
#define V_LIMIT_KILLS_END HTTPD_VERSION(2, 4, 47) /* E-19 */
#define V_REACHED_IDLE    HTTPD_VERSION(2, 4, 38)

/* E-29, with its measurements in docs/mpm-behaviour.md: the odds in the race
 * for a connection of a listener woken on another core, of one that has to
 * make a pool first, of the last winner when a handshake begins; how often a
 * loser calls accept as well; how long after a connection all are awake. */
#define FAR_CORE_ODDS 0.14
#define NO_POOL_ODDS  0.05
#define WON_LAST_ODDS 0.3
#define LOSER_TRIES   0.4
#define STAY_AWAKE    (200 * SIM_US)

static void listener_event(struct server *s, uint32_t child);
static void begin_exit(struct server *s, uint32_t child);
static void maybe_enable_listensocks(struct server *s, uint32_t child);

/* ---- the connection limit ---- */

/* E-13, E-15: whether one more connection may be accepted with C open, L of
 * them lingering, IDLE workers free; DISABLED while listening is off. */
bool event_may_accept(const struct settings *set, int64_t c, int64_t l,
                      int64_t idle, bool disabled)
{
    int64_t tpc = set->threads_per_child;
    if (idle <= 0) /* before 2.4.33 the listener then waits for a worker */
        return false;
    if (set->version < V_LIMIT_STRICT) {
        int64_t open = set->version < V_LIMIT_LINGER ? c : c - l;
        int64_t sixteenths = set->async_sixteenths;
        if (disabled)
            return open < tpc + (idle - 1) * sixteenths / 16;
        return open <= tpc + idle * sixteenths / 16;
    }
    return c <= l || c - l < tpc + (idle - disabled) * set->async_factor;
}

/* The listener's worker, or the next: E-12. */
static uint32_t pop_idle(struct server *s, uint32_t child)
{
    child_at(s, child)->reserved = false;
    return mpm_pop_idle(s, child);
}

static bool connections_above_limit(const struct server *s,
                                    const struct child *ch)
{
    return !event_may_accept(s->set, ch->conns, ch->lingering,
                             (int64_t)ch->nidle - ch->reserved,
                             ch->not_accepting);
}

/* ---- closing ---- */

/* E-26: FIN, then the connection waits for the client's without a worker. */
static void start_lingering(struct server *s, uint32_t conn)
{
    struct conn *c = conn_at(s, conn);
    struct child *ch = child_at(s, c->child);
    mpm_send_fin(s, conn);
    if (c->flags & CF_CFIN) {
        mpm_close(s, conn);
        return;
    }
    mpm_set_lingering(s, conn);
    ch->lingering++;
    s->conns_lingering++;
    c->flags |= CF_LINGERING;
    mpm_wait(s, conn,
             c->flags & CF_SHORT || ch->dying ? WAIT_LINGER_SHORT
                                              : WAIT_LINGER);
}

static void process_lingering_close(struct server *s, uint32_t thread,
                                    uint32_t conn)
{
    mpm_set_slot(s, thread, SLOT_CLOSING);
    mpm_let_go(s, conn);
    start_lingering(s, conn);
    mpm_idle(s, thread);
}

/* E-28: closes decided by the listener are chained for a worker. */
static void run_chain(struct server *s, uint32_t child)
{
    struct child *ch = child_at(s, child);
    uint32_t conn;
    while ((conn = ch->chain_head) != NONE) {
        struct conn *c = conn_at(s, conn);
        ch->chain_head = c->link.next;
        if (ch->chain_head == NONE)
            ch->chain_tail = NONE;
        c->wait = WAIT_NONE;
        start_lingering(s, conn);
    }
}

static void defer_lingering_close(struct server *s, uint32_t conn)
{
    struct conn *c = conn_at(s, conn);
    struct child *ch = child_at(s, c->child);
    mpm_unwait(s, conn);
    c->flags |= CF_SHORT; /* E-27: shutdown_connection() */
    c->wait = WAIT_CHAIN;
    c->link.next = NONE;
    if (ch->chain_tail == NONE)
        ch->chain_head = conn;
    else
        conn_at(s, ch->chain_tail)->link.next = conn;
    ch->chain_tail = conn;
}

/* Whether a worker is there to close what has been chained. */
static void push_chain(struct server *s, uint32_t child)
{
    if (child_at(s, child)->nidle > 0)
        run_chain(s, child);
}

/* E-19, E-31: all of the process's keep-alive connections are shut down. */
static void kill_keepalives(struct server *s, uint32_t child)
{
    struct lane *ka = &child_at(s, child)->lanes[WAIT_KEEPALIVE];
    while (lane_head(ka) != LANE_NONE)
        defer_lingering_close(s, lane_head(ka));
    push_chain(s, child);
}

/* ---- workers ---- */

/* What a worker does when it has been given a connection with data. */
static void process_socket(struct server *s, uint32_t thread, uint32_t conn)
{
    struct conn *c = conn_at(s, conn);
    if (c->flags & CF_DATA) {
        mpm_read(s, thread, conn);
    } else { /* the client's FIN */
        mpm_hold(s, thread, conn);
        mpm_close(s, conn);
    }
}

static void write_on(struct server *s, uint32_t thread, uint32_t conn)
{
    mpm_hold(s, thread, conn);
    mpm_set_slot(s, thread, SLOT_WRITING);
    mpm_write_more(s, conn);
    mpm_response(s, thread, conn);
}

/* E-23: after a request, or a further portion of its response. */
static void on_response(struct server *s, uint32_t thread, uint32_t conn)
{
    struct conn *c = conn_at(s, conn);
    struct child *ch = child_at(s, c->child);
    if (c->flags & CF_CLOGGING) { /* E-24 */
        mpm_sync_response(s, thread, conn);
    } else if (c->flags & CF_CRST) {
        mpm_close(s, conn);
    } else if (mpm_is_unsent(s, conn)) {
        mpm_let_go(s, conn);
        mpm_wait_writable(s, conn);
        mpm_idle(s, thread);
    } else if (c->flags & CF_CLOSE || ch->dying) {
        process_lingering_close(s, thread, conn);
    } else if (c->flags & CF_DATA) {
        mpm_read(s, thread, conn);
    } else {
        mpm_let_go(s, conn);
        mpm_wait_request(s, conn);
        mpm_idle(s, thread);
    }
}

/* E-31: a stopping process keeps only the threads its connections need. */
static void shed_threads(struct server *s, uint32_t child)
{
    struct child *ch = child_at(s, child);
    if (ch->state != CHILD_LIVE && ch->state != CHILD_STARTING)
        return;
    while (ch->nidle > 0 && (ch->ungraceful || ch->conns < ch->nthreads))
        mpm_thread_exit(s, pop_idle(s, child), true);
    if (ch->nthreads == 0)
        mpm_child_kill(s, child); /* with what is still open, if ungraceful */
}

/* E-10: the listener held something that could not wait; now it can go on.
 * That it had to wait makes it close the keep-alive connections (E-19). */
static void unblock_listener(struct server *s, uint32_t child)
{
    struct child *ch = child_at(s, child);
    while (ch->nidle > 0 && ch->blocked_head != NONE) {
        uint32_t conn = ch->blocked_head;
        struct conn *c = conn_at(s, conn);
        ch->blocked_head = c->link.next;
        if (ch->blocked_head == NONE)
            ch->blocked_tail = NONE;
        c->wait = WAIT_NONE;
        if (c->flags & CF_CRST || c->state == CONN_LINGER)
            mpm_close(s, conn);
        else if (c->state == CONN_WRITE_BLOCKED)
            write_on(s, pop_idle(s, child), conn);
        else
            process_socket(s, pop_idle(s, child), conn);
    }
    if (ch->blocked_head == NONE) {
        ch->listener = ch->dying ? LISTENER_STOPPED : LISTENER_POLL;
        kill_keepalives(s, child);
        mpm_poll_again(s, ch->bucket);
    }
}

static void block_listener(struct server *s, uint32_t conn)
{
    struct conn *c = conn_at(s, conn);
    struct child *ch = child_at(s, c->child);
    mpm_unwait(s, conn);
    c->wait = WAIT_CHAIN;
    c->link.next = NONE;
    if (ch->blocked_tail == NONE)
        ch->blocked_head = conn;
    else
        conn_at(s, ch->blocked_tail)->link.next = conn;
    ch->blocked_tail = conn;
    ch->listener = LISTENER_BLOCKED;
}

static void on_idle(struct server *s, uint32_t thread)
{
    uint32_t child = thread_at(s, thread)->child;
    struct child *ch = child_at(s, child);
    run_chain(s, child); /* E-28: before it goes idle */
    mpm_set_slot(s, thread, SLOT_READY);
    mpm_push_idle(s, thread);
    if (ch->listener == LISTENER_BLOCKED)
        unblock_listener(s, child);
    if (ch->dying)
        shed_threads(s, child);
    else
        maybe_enable_listensocks(s, child);
}

static void on_released(struct server *s, uint32_t child)
{
    if (child_at(s, child)->dying)
        shed_threads(s, child);
    else
        maybe_enable_listensocks(s, child);
}

/* ---- the listener ---- */

static void disable_listensocks(struct server *s, uint32_t child)
{
    struct child *ch = child_at(s, child);
    mpm_set_accepting(s, child, false); /* E-14 */
    mpm_leave_accept(s, ch->bucket, child);
}

/* E-15: evaluated whenever a worker or a connection is done. */
static void maybe_enable_listensocks(struct server *s, uint32_t child)
{
    struct child *ch = child_at(s, child);
    if (!ch->not_accepting || ch->dying || connections_above_limit(s, ch))
        return;
    mpm_set_accepting(s, child, true);
    mpm_wait_accept(s, ch->bucket, child);
}

/* E-11: the listening socket is readable. False: it is not listened to any
 * more. */
static bool wants_connection(struct server *s, uint32_t child)
{
    struct child *ch = child_at(s, child);
    if (!connections_above_limit(s, ch))
        return true;
    bool busy = ch->nidle - ch->reserved == 0;
    disable_listensocks(s, child);
    if (busy || (s->set->version >= V_LIMIT_STRICT &&
                 s->set->version < V_LIMIT_KILLS_END))
        kill_keepalives(s, child); /* E-19 */
    maybe_enable_listensocks(s, child);
    return false;
}

/* … and this process was first. */
static void listener_event(struct server *s, uint32_t child)
{
    struct child *ch = child_at(s, child);
    if (!wants_connection(s, child))
        return;
    if (mpm_out_of_files(s, child)) { /* C-28: it stops gracefully */
        begin_exit(s, child);
        return;
    }
    uint32_t conn = mpm_accept(s, ch->bucket, child);
    if (conn == NONE)
        return;
    ch->budget--;
    if (ch->kept == 0)
        ch->spare_pool = false;
    mpm_hold(s, pop_idle(s, child), conn);
    mpm_pick_up_later(s, conn);
    if (ch->budget <= 0) /* E-30: the top of the next iteration */
        begin_exit(s, child);
}

/* E-18, E-37: only the worker's pick-up counts the connection. */
static void on_pickup(struct server *s, uint32_t conn)
{
    struct conn *c = conn_at(s, conn);
    struct child *ch = child_at(s, c->child);
    ch->conns++;
    s->conns_total++;
    c->flags |= CF_COUNTED;
    mpm_take_pool(s, conn);
    if ((c->flags & CF_TLS && s->set->version < V_TLS_ASYNC) ||
        (s->conf.clogging > 0 && rng_unit(&s->clog_rng) < s->conf.clogging))
        c->flags |= CF_CLOGGING;
    mpm_process(s, mpm_thread_of(s, conn), conn);
}

/* E-29: the cores a wake-up finds idle, besides the one it comes from. */
static uint64_t idle_cores(const struct server *s)
{
    int64_t n = s->conf.machine.cpus - 1 - (int64_t)cpu_running(s->cpu);
    return n > 0 ? (uint64_t)n : 0;
}

/* E-29: a client that has begun a TLS handshake stays on its core. */
static bool handshake_waits(const struct bucket *b)
{
    for (int i = 0; i < b->nl; i++)
        if (b->l[i].tls && b->l[i].head != NONE)
            return true;
    return false;
}

/* The next before CHILD in line whose listener polls. */
static uint32_t polling_before(const struct server *s, uint32_t child)
{
    while (child != NONE && child_at(s, child)->listener != LISTENER_POLL)
        child = child_at(s, child)->wait_prev;
    return child;
}

static bool has_pool(const struct child *ch)
{
    return ch->spare_pool || ch->kept > 0;
}

/* E-29: how likely CHILD's listener is to be the first to call accept, as odds
 * against one on the core of the sender with a pool ready. */
static double race_odds(const struct server *s, const struct bucket *b,
                        uint32_t child, bool far, bool handshake)
{
    double odds = has_pool(child_at(s, child)) ? 1 : NO_POOL_ODDS;
    if (handshake)
        return child == b->won ? odds * WON_LAST_ODDS : odds;
    return far ? odds * FAR_CORE_ODDS : odds;
}

/* E-12: what it takes for a connection that another process has, it keeps for
 * the next. */
static void accept_in_vain(struct server *s, uint32_t child)
{
    struct child *ch = child_at(s, child);
    if (wants_connection(s, child))
        ch->reserved = ch->spare_pool = true;
}

/* E-29: all polling processes wake; one wins. Those at the end of the line are
 * woken first, on idle cores, and mostly come too late. */
static void on_pending(struct server *s, uint32_t bucket)
{
    struct bucket *b = &s->buckets[bucket];
    uint64_t n = 0, far = idle_cores(s);
    bool asleep = far > 0 && sim_now(s->sim) - b->woken > STAY_AWAKE;
    bool handshake = handshake_waits(b);
    uint32_t winner = NONE;
    double sum = 0;
    for (uint32_t id = polling_before(s, b->wait_tail); id != NONE;
         id = polling_before(s, child_at(s, id)->wait_prev)) {
        double w = asleep ? race_odds(s, b, id, n++ < far, handshake) : 1;
        sum += w;
        if (rng_unit(&s->race) * sum < w)
            winner = id;
    }
    if (winner == NONE)
        return;
    for (uint32_t id = polling_before(s, b->wait_tail), before; id != NONE;
         id = before) {
        before = polling_before(s, child_at(s, id)->wait_prev);
        if (id != winner && rng_unit(&s->race) < LOSER_TRIES)
            accept_in_vain(s, id);
    }
    b->woken = sim_now(s->sim);
    b->won = winner;
    listener_event(s, winner);
    mpm_poll_again(s, bucket);
}

static void on_readable(struct server *s, uint32_t conn)
{
    struct conn *c = conn_at(s, conn);
    uint32_t child = c->child;
    struct child *ch = child_at(s, child);
    if (c->wait == WAIT_CHAIN || ch->ungraceful)
        return; /* out of the poll set, or nobody polls any more */
    if (c->state == CONN_LINGER && !(c->flags & CF_CFIN))
        return; /* data, read and discarded */
    if (ch->listener == LISTENER_BLOCKED) {
        block_listener(s, conn); /* behind what it waits for */
        return;
    }
    bool busy = ch->nidle == 0;
    mpm_unwait(s, conn);
    if (c->state == CONN_LINGER || c->flags & CF_CRST) {
        mpm_close(s, conn); /* E-10: by a worker, or outright */
    } else if (busy) {
        defer_lingering_close(s, conn); /* the request is never read */
    } else if (c->state == CONN_WRITE_BLOCKED) {
        mpm_close(s, conn); /* a FIN while the response is going out */
    } else {
        process_socket(s, pop_idle(s, child), conn);
    }
    if (busy)
        kill_keepalives(s, child);
}

static void on_writable(struct server *s, uint32_t conn)
{
    uint32_t child = conn_at(s, conn)->child;
    struct child *ch = child_at(s, child);
    if (ch->ungraceful)
        return;
    if (ch->nidle == 0 || ch->listener == LISTENER_BLOCKED)
        block_listener(s, conn);
    else
        write_on(s, pop_idle(s, child), conn);
}

/* E-21 */
static void on_expired(struct server *s, uint32_t conn, enum conn_wait what)
{
    uint32_t child = conn_at(s, conn)->child;
    if (child_at(s, child)->ungraceful)
        return;
    if (what == WAIT_KEEPALIVE) {
        defer_lingering_close(s, conn);
        push_chain(s, child);
    } else {
        mpm_close(s, conn);
    }
}

/* ---- the life of a process ---- */

static void on_forked(struct server *s, uint32_t child)
{
    (void)child;
    s->parent.active_daemons++;
    s->parent.total_daemons++;
}

static void on_child_ready(struct server *s, uint32_t child)
{
    struct child *ch = child_at(s, child);
    if (ch->listener == LISTENER_NONE) {
        ch->listener = LISTENER_POLL;
        mpm_watch_pod(s, child);
        if (!ch->dying)
            mpm_wait_accept(s, ch->bucket, child);
    }
}

/* E-31: listeners closed, cells G, keep-alives shut down, surplus threads
 * leave; the process ends with its last connection. */
static void begin_exit(struct server *s, uint32_t child)
{
    struct child *ch = child_at(s, child);
    if (ch->dying)
        return;
    ch->dying = true;
    mpm_set_quiescing(s, child);
    mpm_unwatch_pod(s, child);
    if (ch->in_line)
        mpm_leave_accept(s, ch->bucket, child);
    if (ch->listener != LISTENER_BLOCKED)
        ch->listener = LISTENER_STOPPED;
    for (uint32_t j = 0; j < ch->per; j++) {
        struct thread *t = thread_at(s, ch->threads + j);
        if (t->child != NONE && !t->gone)
            mpm_set_slot(s, ch->threads + j, SLOT_GRACEFUL);
    }
    kill_keepalives(s, child);
    struct lane *slow = &ch->lanes[WAIT_LINGER];
    while (lane_head(slow) != LANE_NONE) { /* 30 s become 2 s */
        uint32_t conn = lane_head(slow);
        mpm_unwait(s, conn);
        mpm_wait(s, conn, WAIT_LINGER_SHORT);
    }
    shed_threads(s, child);
}

/* C-23: idle keep-alive connections stay open, unserved, to the end. */
static void on_stop(struct server *s, uint32_t child, enum stop_kind how)
{
    struct child *ch = child_at(s, child);
    if (how == STOP_KILL) {
        mpm_child_kill(s, child);
    } else if (how == STOP_GRACEFUL) {
        begin_exit(s, child);
    } else {
        ch->dying = ch->ungraceful = true;
        mpm_set_quiescing(s, child);
        if (ch->in_line)
            mpm_leave_accept(s, ch->bucket, child);
        ch->listener = LISTENER_STOPPED;
        mpm_abort_work(s, child);
        shed_threads(s, child);
    }
}

static void on_reaped(struct server *s, uint32_t child)
{
    if (child_at(s, child)->quiescing != 2)
        s->parent.active_daemons--;
    s->parent.total_daemons--;
}

/* ---- the parent ---- */

struct count {
    int64_t idle, active;
    uint32_t slots[MAX_RATE];
    int nfree;
};

/* E-3 */
static void count_idle(struct server *s, uint32_t bucket, int rate,
                       struct count *c)
{
    *c = (struct count){ 0 };
    for (int64_t i = bucket; i < s->nslots; i += s->nbuckets) {
        uint32_t id = s->pslots[i].child;
        if (id == NONE) {
            if (c->nfree < rate)
                c->slots[c->nfree++] = (uint32_t)i;
            continue;
        }
        struct child *ch = child_at(s, id);
        int64_t idle, active;
        if (ch->quiescing == 1) {
            ch->quiescing = 2;
            s->parent.active_daemons--;
        }
        mpm_count_threads(s, (uint32_t)i, &idle, &active);
        c->active += active;
        if (!ch->quiescing && !ch->not_accepting &&
            ch->generation == s->parent.generation)
            c->idle += idle;
    }
}

/* E-4: whether a process may be told to stop while others still are. */
bool event_may_kill(int version, int64_t active, int64_t total, int64_t limit,
                    int64_t server_limit)
{
    if (version < V_KILL_ANYTIME)
        return total <= limit && total < server_limit;
    return active == total || server_limit - total > limit;
}

/* E-6: how many of N to fork; *ROOM false when the limit leaves none. */
int event_spawn_count(int n, int64_t active, int64_t limit, bool *room)
{
    *room = true;
    if (active + n <= limit)
        return n;
    if (active < limit)
        return (int)(limit - active);
    *room = false;
    return 0;
}

static void log_limit(struct server *s, int64_t idle)
{
    struct parent *p = &s->parent;
    bool near = idle > 0 && s->set->version >= V_REACHED_IDLE;
    if (!near && !p->limit_logged) {
        p->limit_logged = true;
        mpm_log(s, "error", "AH00484",
                "server reached MaxRequestWorkers setting, consider raising "
                "the MaxRequestWorkers setting");
    } else if (near && !p->near_logged) {
        p->near_logged = true;
        mpm_log(s, "error", "AH10159",
                "server is within MinSpareThreads of MaxRequestWorkers, "
                "consider raising the MaxRequestWorkers setting");
    }
}

static void spawn(struct server *s, struct bucket *b, struct count *c)
{
    struct parent *p = &s->parent;
    bool room;
    /* with those that other buckets have asked for in this tick */
    int64_t active = p->active_daemons + p->ntodo;
    int n = event_spawn_count(c->nfree, active, s->set->process_limit, &room);
    if (!room)
        b->rate = 1;
    if (b->rate >= BUSY_RATE) /* P-17 */
        mpm_log(s, "info", "AH00486",
                "server seems busy, (you may need to increase StartServers, "
                "ThreadsPerChild or Min/MaxSpareThreads), spawning %d "
                "children, there are around %d idle threads, %d active "
                "children, and %d children that are shutting down",
                n, (int)c->idle, (int)active, (int)p->total_daemons);
    mpm_make_children(s, c->slots, (size_t)n);
    if (!room)
        return;
    if (p->hold_off > 0)
        p->hold_off--;
    else if (b->rate < MAX_RATE / s->nbuckets)
        b->rate *= 2;
}

static void perform_idle_server_maintenance(struct server *s, uint32_t bucket)
{
    struct parent *p = &s->parent;
    struct bucket *b = &s->buckets[bucket];
    const struct settings *set = s->set;
    struct count c;
    count_idle(s, bucket, b->rate, &c);
    if (c.idle > set->max_spare / s->nbuckets) {
        if (event_may_kill(set->version, p->active_daemons, p->total_daemons,
                           set->process_limit, set->server_limit))
            mpm_pod_signal(s, bucket);
        b->rate = 1;
    } else if (c.idle >= set->min_spare / s->nbuckets) {
        b->rate = 1;
    } else if (c.active >= set->max_request_workers / s->nbuckets) { /* E-8 */
        log_limit(s, c.idle);
        b->rate = 1;
    } else if (c.nfree == 0) {
        mpm_log(s, "error", "AH03490",
                "scoreboard is full, not at MaxRequestWorkers.Increase "
                "ServerLimit.");
        b->rate = 1;
    } else {
        spawn(s, b, &c);
    }
}

static void on_maintenance(struct server *s)
{
    for (int b = 0; b < s->nbuckets; b++)
        perform_idle_server_maintenance(s, (uint32_t)b);
}

const struct mpm_model mpm_event = {
    .name = "event",
    .summary = "processes of threads; waiting connections hold no thread",
    .module = "mpm_event",
    .kind = MPM_EVENT,
    .threaded = true,
    .polls = true,
    .async = true,
    .on_forked = on_forked,
    .on_child_ready = on_child_ready,
    .on_pending = on_pending,
    .on_readable = on_readable,
    .on_writable = on_writable,
    .on_expired = on_expired,
    .on_pickup = on_pickup,
    .on_response = on_response,
    .on_closing = process_lingering_close,
    .on_released = on_released,
    .on_idle = on_idle,
    .on_stop = on_stop,
    .on_maintenance = on_maintenance,
    .on_reaped = on_reaped,
};
