/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the processes hold, in private (copy-on-write broken) bytes: M-1, M-7,
 * M-8, M-16. A thread's part grows with use and is given back only when its
 * process ends; event's part per connection comes and goes. */
#include "server/inside.h"

#include <signal.h>

#define FIRST_RESPONSES 8   /* M-16: full size after about eight responses */
#define OLD_RESPONSES   400 /* and a little more after hundreds */
#define PAGE            4096
#define OLD_CONN        5 /* a connection's pool: full size after so many */

/* Private memory of all processes and what they share, once. */
static int64_t used(const struct server *s)
{
    const struct machine *m = &s->conf.machine;
    return s->memory + m->mem_shared_parent +
           (s->conf.php ? m->mem_php_shared : 0);
}

static void add(struct server *s, struct child *ch, int64_t bytes)
{
    ch->memory += bytes;
    s->memory += bytes;
    const struct machine *m = &s->conf.machine;
    if (m->oom_killer && !s->oom && used(s) > m->ram + m->swap) {
        s->oom = true;
        hook_put(s, HOOK_OOM, 0, 0);
    }
}

/* M-23: what TLS leaves behind in T's process lies in the C library's arenas,
 * of which there are at most eight a core; where threads share them, each has
 * its part of PLAIN to TLS. The listener has one, too. */
static int64_t shared_arenas(const struct server *s, const struct thread *t,
                             int64_t plain, int64_t tls)
{
    int64_t arenas = 8 * s->conf.machine.cpus;
    int64_t threads = child_at(s, t->child)->per + 1;
    if (!t->tls_used || tls <= plain)
        return plain;
    return arenas >= threads ? tls : plain + (tls - plain) * arenas / threads;
}

/* From FIRST after one response to FULL after FIRST_RESPONSES. */
static int64_t grown(int64_t first, int64_t full, int n)
{
    int done = n < 1 ? 1 : n > FIRST_RESPONSES ? FIRST_RESPONSES : n;
    return first + (full - first) * (done - 1) / (FIRST_RESPONSES - 1);
}

/* What a thread holds beyond what it had when it was created. */
static int64_t thread_growth(const struct server *s, const struct thread *t)
{
    const struct machine *m = &s->conf.machine;
    int64_t proxy = s->model->threaded ? m->mem_proxy : m->mem_proxy_child;
    int64_t big =
        (t->big_used ? m->mem_big_body : 0) + (t->proxy_used ? proxy : 0);
    int n = t->responses;
    if (t->php_used)
        big += m->mem_php_used;
    if (!s->model->threaded)
        return big + (t->tls_used ? m->mem_child_used_tls
                      : n > 0     ? m->mem_child_used
                                  : 0);
    /* the pools are counted by themselves (M-20, M-25) */
    int64_t plain = grown(m->mem_thread_first, m->mem_thread_used, n);
    int64_t tls = s->model->async ? grown(m->mem_thread_tls_first_event,
                                          m->mem_thread_tls_event, n)
                                  : m->mem_thread_tls;
    return shared_arenas(s, t, plain, tls) - m->mem_thread + big;
}

/* M-25: what worker's pool P holds. */
static int64_t worker_pool(const struct server *s, const struct thread *p)
{
    const struct machine *m = &s->conf.machine;
    int64_t big = p->pool_big ? m->mem_big_body : 0;
    int n = p->pool_responses;
    if (n == 0)
        return big + m->mem_pool_request;
    if (n < FIRST_RESPONSES)
        return big + grown(m->mem_pool_first, m->mem_pool_used, n);
    int more = n < OLD_RESPONSES ? n - FIRST_RESPONSES
                                 : OLD_RESPONSES - FIRST_RESPONSES;
    return big + m->mem_pool_used +
           (m->mem_pool_old - m->mem_pool_used) * more /
               (OLD_RESPONSES - FIRST_RESPONSES);
}

/* The pool of worker's THREAD: the last one put back, or a new one. */
static struct thread *pool_of(struct server *s, struct thread *t)
{
    struct child *ch = child_at(s, t->child);
    if (t->pool == NONE && ch->pool_free != NONE) {
        t->pool = ch->pool_free;
        ch->pool_free = thread_at(s, t->pool)->next_pool;
    } else if (t->pool == NONE) {
        t->pool = ch->threads + ch->pools_made++;
    }
    return thread_at(s, t->pool);
}

static void grow_pool(struct server *s, struct thread *t, struct thread *p)
{
    int64_t to = worker_pool(s, p);
    add(s, child_at(s, t->child), to - p->pool_grown);
    p->pool_grown = to;
}

static void grow(struct server *s, struct thread *t, int64_t to)
{
    add(s, child_at(s, t->child), to - t->grown);
    t->grown = to;
}

void memory_child(struct server *s, uint32_t id)
{
    struct child *ch = child_at(s, id);
    const struct machine *m = &s->conf.machine;
    int64_t base = s->model->threaded
                       ? (s->mod_ssl ? m->mem_process_tls : m->mem_process) +
                             (int64_t)ch->nthreads * m->mem_thread
                   : s->mod_ssl ? m->mem_child_tls
                                : m->mem_child;
    if (s->conf.php)
        base += m->mem_php_child;
    add(s, ch, base - ch->memory);
}

void memory_child_gone(struct server *s, uint32_t id)
{
    struct child *ch = child_at(s, id);
    add(s, ch, -ch->memory);
}

void memory_thread_gone(struct server *s, uint32_t thread)
{
    struct thread *t = thread_at(s, thread);
    const struct machine *m = &s->conf.machine;
    if (!s->model->threaded)
        return;
    grow(s, t,
         shared_arenas(s, t, m->mem_thread_gone, m->mem_thread_gone_tls) -
             m->mem_thread);
    add(s, child_at(s, t->child), -t->pool_grown);
    t->pool_grown = 0;
}

void memory_request(struct server *s, uint32_t thread)
{
    struct thread *t = thread_at(s, thread);
    if (s->model->threaded && t->grown == 0)
        grow(s, t, thread_growth(s, t));
    if (s->model->threaded && !s->model->async)
        grow_pool(s, t, pool_of(s, t));
}

static int64_t pool_size(const struct server *s, bool tls)
{
    return tls ? s->conf.machine.mem_conn_tls : s->conf.machine.mem_conn;
}

/* What its pool has grown by over N requests (M-20): a TLS connection's as
 * much as another's, as far as it is that large. One that has served other
 * connections has grown before (M-25). */
static int64_t pool_growth(const struct server *s, bool tls, bool old, int n)
{
    const struct machine *m = &s->conf.machine;
    int64_t size = pool_size(s, tls);
    int64_t most = m->mem_conn_old - m->mem_conn;
    int64_t first = m->mem_conn - m->mem_conn_new;
    if (first > size)
        first = size;
    if (most < -size)
        most = -size;
    if (old)
        n = FIRST_RESPONSES + (n < 1 ? 1 : n);
    return n < 1           ? 0
           : n >= OLD_CONN ? first + most
                           : first + most * (n - 1) / (OLD_CONN - 1);
}

/* A pool that is kept for the next connection. */
static int64_t kept_size(const struct server *s, bool tls, bool old)
{
    return pool_size(s, tls) - pool_growth(s, tls, false, 1) +
           pool_growth(s, tls, old, 1);
}

void memory_slow_head(struct server *s, uint32_t conn)
{
    struct conn *c = conn_at(s, conn);
    struct txn *t = conn_txn(s, conn);
    if (!s->model->threaded || t->early || c->served > 0)
        return;
    memory_request(s, t->thread);
    if (!s->model->async) {
        struct thread *p = thread_at(s, thread_at(s, t->thread)->pool);
        if (p->pool_responses == 0)
            p->pool_responses = 1;
        grow_pool(s, thread_at(s, t->thread), p);
    } else if (c->flags & CF_POOL && !c->old_pool) {
        t->early = true;
        add(s, child_at(s, c->child),
            pool_growth(s, c->flags & CF_TLS, false, 1));
    }
}

void memory_response(struct server *s, uint32_t thread, uint32_t conn)
{
    struct thread *t = thread_at(s, thread);
    if (t->responses < UINT16_MAX)
        t->responses++;
    if (conn_txn(s, conn)->d.backend) {
        if (s->conf.php)
            t->php_used = true;
        else
            t->proxy_used = true;
    }
    if (conn_at(s, conn)->flags & CF_TLS) {
        t->tls_used = true;
        if (!s->tls_seen)
            s->memory += s->conf.machine.mem_parent_tls_used -
                         s->conf.machine.mem_parent_tls;
        s->tls_seen = true;
    }
    grow(s, t, thread_growth(s, t));
    if (s->model->threaded && !s->model->async) {
        struct thread *p = pool_of(s, t);
        if (p->pool_responses < UINT16_MAX)
            p->pool_responses++;
        grow_pool(s, t, p);
    }
    if (s->conf.machine.mem_leak > 0) /* H-4 */
        add(s, child_at(s, t->child), s->conf.machine.mem_leak);
    struct conn *c = conn_at(s, conn);
    struct txn *x = conn_txn(s, conn);
    x->unbooked = false;
    if (x->early)
        x->early = false;
    else if (c->flags & CF_POOL && c->served <= OLD_CONN)
        add(s, child_at(s, t->child),
            pool_growth(s, c->flags & CF_TLS, c->old_pool, c->served) -
                pool_growth(s, c->flags & CF_TLS, c->old_pool, c->served - 1));
}

void memory_big_body(struct server *s, uint32_t conn)
{
    struct txn *x = conn_txn(s, conn);
    struct thread *t = thread_at(s, x->thread);
    struct child *ch = child_at(s, t->child);
    if (!s->model->threaded) {
        t->big_used = true;
        grow(s, t, thread_growth(s, t));
    } else if (!s->model->async) {
        struct thread *p = pool_of(s, t);
        p->pool_big = true;
        grow_pool(s, t, p);
    } else if (!x->big) {
        x->big = true;
        if (ch->big_pools > 0)
            ch->big_pools--;
        else
            add(s, ch, s->conf.machine.mem_big_body);
    }
}

/* E-33; a process that stops keeps none (M-22). */
static bool keeps_pool(const struct child *ch, uint32_t kept)
{
    return !ch->quiescing && kept < ch->per * 3 / 4;
}

void memory_big_done(struct server *s, uint32_t conn)
{
    struct txn *x = conn_txn(s, conn);
    if (!x->big) /* nor is there always a child: not accepted, or gone */
        return;
    struct child *ch = child_at(s, conn_at(s, conn)->child);
    x->big = false;
    if (keeps_pool(ch, ch->big_pools))
        ch->big_pools++;
    else
        add(s, ch, -s->conf.machine.mem_big_body);
}

/* Takes a pool of C's process that is kept: of its own kind and an old one if
 * there is one. Returns its size, 0 if there is none. */
static int64_t take_kept(const struct server *s, struct child *ch, bool tls)
{
    for (int i = 0; i < 2; i++, tls = !tls) {
        if (ch->pools[tls] == 0)
            continue;
        ch->pools[tls]--;
        bool old = ch->old_pools[tls] > 0;
        ch->old_pools[tls] -= old;
        return kept_size(s, tls, old);
    }
    return 0;
}

void memory_pool_take(struct server *s, uint32_t conn)
{
    struct conn *c = conn_at(s, conn);
    struct child *ch = child_at(s, c->child);
    bool tls = c->flags & CF_TLS;
    c->flags |= CF_POOL;
    int64_t kept = take_kept(s, ch, tls);
    c->old_pool = kept > 0;
    add(s, ch,
        kept > 0 ? kept_size(s, tls, true) - kept
                 : pool_size(s, tls) - pool_growth(s, tls, false, 1));
}

/* Worker's thread puts its pool on the stack. */
static void put_back(struct server *s, struct thread *t)
{
    struct child *ch = child_at(s, t->child);
    if (t->pool == NONE)
        return;
    thread_at(s, t->pool)->next_pool = ch->pool_free;
    ch->pool_free = t->pool;
    t->pool = NONE;
}

void memory_pool_give(struct server *s, uint32_t conn)
{
    struct conn *c = conn_at(s, conn);
    const struct txn *t = c->txn != NONE ? conn_txn(s, conn) : NULL;
    if (s->model->threaded && !s->model->async && t && t->thread != NONE)
        put_back(s, thread_at(s, t->thread));
    if (!(c->flags & CF_POOL))
        return;
    c->flags &= (uint16_t)~CF_POOL;
    struct child *ch = child_at(s, c->child);
    bool tls = c->flags & CF_TLS, old = c->old_pool;
    int n = c->served - (t && t->unbooked) + (t && t->early);
    int64_t size = kept_size(s, tls, old);
    add(s, ch, pool_growth(s, tls, old, 1) - pool_growth(s, tls, old, n));
    if (keeps_pool(ch, ch->pools[0] + ch->pools[1])) {
        ch->pools[tls]++;
        ch->old_pools[tls] += old;
    } else {
        add(s, ch, -size);
    }
}

void memory_pools_free(struct server *s, uint32_t child)
{
    struct child *ch = child_at(s, child);
    for (int tls = 0; tls < 2; tls++)
        add(s, ch,
            -(int64_t)(ch->pools[tls] - ch->old_pools[tls]) *
                    kept_size(s, tls, false) -
                (int64_t)ch->old_pools[tls] * kept_size(s, tls, true));
    add(s, ch, -(int64_t)ch->big_pools * s->conf.machine.mem_big_body);
    ch->pools[0] = ch->pools[1] = ch->big_pools = 0;
    ch->old_pools[0] = ch->old_pools[1] = 0;
}

void memory_kill(struct server *s)
{
    uint32_t victim = NONE;
    s->oom = false;
    const struct machine *m = &s->conf.machine;
    if (used(s) <= m->ram + m->swap)
        return;
    for (uint32_t i = 0; i < s->children.used; i++) {
        const struct child *ch = child_at(s, i);
        if ((ch->state == CHILD_LIVE || ch->state == CHILD_STARTING) &&
            (victim == NONE || ch->memory > child_at(s, victim)->memory))
            victim = i;
    }
    if (victim != NONE)
        process_crash(s, victim, SIGKILL);
}

simtime_t memory_swap_wait(const struct server *s, uint32_t thread)
{
    const struct machine *m = &s->conf.machine;
    int64_t out = used(s) - m->ram;
    if (m->swap == 0 || out <= 0)
        return 0;
    const struct thread *t = thread_at(s, thread);
    int64_t own =
        t->grown + (t->pool != NONE ? thread_at(s, t->pool)->pool_grown : 0) +
        (s->model->threaded ? m->mem_thread : child_at(s, t->child)->memory);
    double pages = (double)own / PAGE * (double)out / (double)used(s);
    return (simtime_t)(pages * (double)m->swap_read);
}

void memory_snapshot(const struct server *s, struct snapshot *o)
{
    const struct machine *m = &s->conf.machine;
    o->private_dirty = s->memory;
    int64_t php = s->conf.php ? m->mem_php_shared : 0;
    o->rss = s->memory + m->mem_shared_parent + php +
             s->live_children * (m->mem_shared_child + php);
    o->pss = used(s);
    o->memory_full = o->pss > m->ram;
}
