/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the processes hold, in private (copy-on-write broken) bytes: M-1, M-7,
 * M-8, M-16. A thread's part grows with use and is given back only when its
 * process ends; event's part per connection comes and goes. */
#include "server/inside.h"

#include <signal.h>

#define FIRST_RESPONSES 8   /* M-16: full size after about eight responses */
#define OLD_RESPONSES   400 /* and a little more after hundreds */
#define PAGE            4096
#define OLD_CONN        15 /* a connection's pool: full size after so many */

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
    int64_t big = (t->big_used ? m->mem_big_body : 0) +
                  (t->proxy_used ? m->mem_proxy : 0);
    int n = t->responses;
    if (t->php_used)
        big += m->mem_php_used;
    if (!s->model->threaded)
        return big + (t->tls_used ? m->mem_child_used_tls
                      : n > 0     ? m->mem_child_used
                                  : 0);
    if (s->model->async) { /* the pools are counted with the connections */
        int64_t plain =
            grown(m->mem_thread_first_event, m->mem_thread_used_event, n);
        int64_t tls =
            grown(m->mem_thread_tls_first_event, m->mem_thread_tls_event, n);
        return shared_arenas(s, t, plain, tls) - m->mem_thread + big;
    }
    int64_t used = m->mem_thread_used;
    int64_t size;
    if (n >= OLD_RESPONSES)
        size = m->mem_thread_old;
    else if (n >= FIRST_RESPONSES)
        size = used + (m->mem_thread_old - used) * (n - FIRST_RESPONSES) /
                          (OLD_RESPONSES - FIRST_RESPONSES);
    else
        size = n == 0 ? m->mem_thread_request
                      : grown(m->mem_thread_first, used, n);
    size = shared_arenas(s, t, size, m->mem_thread_tls);
    return size - m->mem_thread + big;
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
    if (s->model->threaded)
        grow(s, t,
             shared_arenas(s, t, m->mem_thread_gone, m->mem_thread_gone_tls) -
                 m->mem_thread);
}

void memory_request(struct server *s, uint32_t thread)
{
    struct thread *t = thread_at(s, thread);
    const struct machine *m = &s->conf.machine;
    if (s->model->threaded && t->grown == 0)
        grow(s, t,
             s->model->async ? thread_growth(s, t)
                             : m->mem_thread_request - m->mem_thread);
}

static int64_t pool_size(const struct server *s, bool tls)
{
    return tls ? s->conf.machine.mem_conn_tls : s->conf.machine.mem_conn;
}

/* What its pool has grown by over N requests (M-20): a TLS connection's as
 * much as another's, as far as it is that large. */
static int64_t pool_growth(const struct server *s, bool tls, int n)
{
    const struct machine *m = &s->conf.machine;
    int64_t size = pool_size(s, tls);
    int64_t most = m->mem_conn_old - m->mem_conn;
    int64_t first = m->mem_conn - m->mem_conn_new;
    if (first > size)
        first = size;
    if (most < -size)
        most = -size;
    return n < 1           ? 0
           : n >= OLD_CONN ? first + most
                           : first + most * (n - 1) / (OLD_CONN - 1);
}

void memory_slow_head(struct server *s, uint32_t conn)
{
    struct conn *c = conn_at(s, conn);
    struct txn *t = conn_txn(s, conn);
    if (!s->model->async || t->early || c->served > 0 || !(c->flags & CF_POOL))
        return;
    memory_request(s, t->thread);
    t->early = true;
    add(s, child_at(s, c->child), pool_growth(s, c->flags & CF_TLS, 1));
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
    if (s->conf.machine.mem_leak > 0) /* H-4 */
        add(s, child_at(s, t->child), s->conf.machine.mem_leak);
    struct conn *c = conn_at(s, conn);
    struct txn *x = conn_txn(s, conn);
    x->unbooked = false;
    if (x->early)
        x->early = false;
    else if (c->flags & CF_POOL && c->served <= OLD_CONN)
        add(s, child_at(s, t->child),
            pool_growth(s, c->flags & CF_TLS, c->served) -
                pool_growth(s, c->flags & CF_TLS, c->served - 1));
}

void memory_big_body(struct server *s, uint32_t conn)
{
    struct txn *x = conn_txn(s, conn);
    struct thread *t = thread_at(s, x->thread);
    struct child *ch = child_at(s, t->child);
    if (!s->model->async) {
        t->big_used = true;
        grow(s, t, thread_growth(s, t));
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

void memory_pool_take(struct server *s, uint32_t conn)
{
    struct conn *c = conn_at(s, conn);
    struct child *ch = child_at(s, c->child);
    bool tls = c->flags & CF_TLS;
    c->flags |= CF_POOL;
    /* a pool that is used again is booked as new until it has been filled */
    int64_t fresh = pool_size(s, tls) - pool_growth(s, tls, 1);
    if (ch->pools[tls] > 0) {
        ch->pools[tls]--;
        fresh -= pool_size(s, tls);
    } else if (ch->pools[!tls] > 0) {
        ch->pools[!tls]--;
        fresh -= pool_size(s, !tls);
    }
    add(s, ch, fresh);
}

void memory_pool_give(struct server *s, uint32_t conn)
{
    struct conn *c = conn_at(s, conn);
    struct child *ch = child_at(s, c->child);
    bool tls = c->flags & CF_TLS;
    if (!(c->flags & CF_POOL))
        return;
    c->flags &= (uint16_t)~CF_POOL;
    const struct txn *t = c->txn != NONE ? conn_txn(s, conn) : NULL;
    int n = c->served - (t != NULL && t->unbooked) + (t != NULL && t->early);
    add(s, ch, pool_growth(s, tls, 1) - pool_growth(s, tls, n));
    if (keeps_pool(ch, ch->pools[0] + ch->pools[1]))
        ch->pools[tls]++;
    else
        add(s, ch, -pool_size(s, tls));
}

void memory_pools_free(struct server *s, uint32_t child)
{
    struct child *ch = child_at(s, child);
    for (int tls = 0; tls < 2; tls++)
        add(s, ch, -(int64_t)ch->pools[tls] * pool_size(s, tls));
    add(s, ch, -(int64_t)ch->big_pools * s->conf.machine.mem_big_body);
    ch->pools[0] = ch->pools[1] = ch->big_pools = 0;
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
        t->grown +
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
