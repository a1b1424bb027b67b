/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the processes hold, in private (copy-on-write broken) bytes: M-1, M-7,
 * M-8, M-16. A thread's part grows with use and is given back only when its
 * process ends; event's part per connection comes and goes. */
#include "server/inside.h"

#include <signal.h>

#define FIRST_RESPONSES 8 /* M-16: full size after about eight responses */
#define PAGE            4096
#define HALF_CACHE      16 /* M-23: TLS handshakes that fill half of it */
#define FULL_REQUESTS   3  /* M-25: of one connection, that fill a pool; … */
#define FIRST_FULL      5  /* … a new one */

/* Private memory of all processes and what they share, once. */
static int64_t used(const struct server *s)
{
    const struct machine *m = &s->conf.machine;
    return s->memory + m->mem_shared_parent +
           (s->conf.php ? m->mem_php_shared : 0);
}

void memory_add(struct server *s, struct child *ch, int64_t bytes)
{
    ch->memory += bytes;
    s->memory += bytes;
    const struct machine *m = &s->conf.machine;
    if (m->oom_killer && !s->oom && used(s) > m->ram + m->swap) {
        s->oom = true;
        hook_put(s, HOOK_OOM, 0, 0);
    }
}

/* From FIRST after one response to FULL after FIRST_RESPONSES. */
static int64_t grown(int64_t first, int64_t full, int n)
{
    int done = n < 1 ? 1 : n > FIRST_RESPONSES ? FIRST_RESPONSES : n;
    return first + (full - first) * (done - 1) / (FIRST_RESPONSES - 1);
}

/* M-25: worker's transaction pools lie on a stack. */
static bool stacks_pools(const struct server *s)
{
    return s->model->threaded && !s->model->async;
}

/* M-23: what OpenSSL keeps for a thread of worker or event; event's also fills
 * its cache with what others had allocated, as connections change hands. */
static int64_t tls_part(const struct server *s, const struct thread *t)
{
    const struct machine *m = &s->conf.machine;
    int64_t n = t->tls_uses;
    if (n == 0)
        return t->tls_read ? m->mem_tls_reader : 0;
    return m->mem_tls_thread +
           (s->model->async ? m->mem_tls_cache * n / (n + HALF_CACHE) : 0);
}

/* What a thread holds beyond what it had when it was created. */
static int64_t thread_growth(const struct server *s, const struct thread *t)
{
    const struct machine *m = &s->conf.machine;
    int64_t big = (t->big_used ? m->mem_big_body : 0) +
                  (t->proxy_used ? m->mem_proxy_thread : 0) +
                  (t->fcgi_used ? m->mem_fcgi_thread : 0);
    int n = t->responses;
    if (t->php_used)
        big += m->mem_php_used;
    if (!s->model->threaded)
        return big + (t->pool_full ? m->mem_pool_full : 0) +
               (t->tls_uses ? m->mem_child_used_tls
                : n > 0     ? m->mem_child_used
                            : 0);
    /* the pools are counted by themselves (M-20, M-25) */
    return (s->model->async ? m->mem_thread_event - m->mem_thread : 0) +
           tls_part(s, t) + big;
}

/* M-25: what worker's pool P holds. */
static int64_t worker_pool(const struct server *s, const struct thread *p)
{
    const struct machine *m = &s->conf.machine;
    int64_t more = (p->pool_big ? m->mem_big_body : 0) +
                   (p->pool_tls ? m->mem_pool_tls : 0) +
                   (p->pool_full ? m->mem_pool_full : 0);
    int n = p->pool_responses;
    return more + (n == 0 ? m->mem_pool_request
                          : grown(m->mem_pool_first, m->mem_pool_used, n));
}

/* The last one put back, or a new one; NONE if every thread may have one. */
static uint32_t pop_pool(struct server *s, struct child *ch)
{
    uint32_t pool = ch->pool_free;
    if (pool != NONE)
        ch->pool_free = thread_at(s, pool)->next_pool;
    else if (ch->pools_made < ch->per)
        pool = ch->threads + ch->pools_made++;
    return pool;
}

/* The pool of worker's thread T: the one its listener had when it accepted. A
 * listener that need not poll, as it has one socket only, takes the next one
 * at once and waits in accept with it. */
static struct thread *pool_of(struct server *s, struct thread *t)
{
    struct child *ch = child_at(s, t->child);
    if (t->pool == NONE) {
        t->pool = ch->pool_held != NONE ? ch->pool_held : pop_pool(s, ch);
        ch->pool_held = s->buckets[ch->bucket].nl == 1 ? pop_pool(s, ch) : NONE;
    }
    return thread_at(s, t->pool);
}

static void grow_pool(struct server *s, struct thread *t, struct thread *p)
{
    int64_t to = worker_pool(s, p);
    memory_add(s, child_at(s, t->child), to - p->pool_grown);
    p->pool_grown = to;
}

static void grow(struct server *s, struct thread *t, int64_t to)
{
    memory_add(s, child_at(s, t->child), to - t->grown);
    t->grown = to;
}

static bool is_fcgi(const struct server *s, const struct txn *t)
{
    return s->conf.backends[t->d.backend - 1].type == BACKEND_PHP_FPM;
}

/* What the modules that a child has beyond the usual ones add (M-21, M-26). */
static int64_t modules(const struct server *s)
{
    const struct machine *m = &s->conf.machine;
    int64_t php = s->conf.php ? m->mem_php_child : 0, proxy = 0;
    for (size_t i = 0; i < s->conf.nbackends; i++)
        if (s->conf.backends[i].type == BACKEND_PROXY)
            proxy = m->mem_proxy_module;
        else if (!s->conf.php && proxy == 0)
            proxy = m->mem_fcgi_module;
    return php + proxy;
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
    memory_add(s, ch, base + modules(s) - ch->memory);
}

void memory_child_gone(struct server *s, uint32_t id)
{
    struct child *ch = child_at(s, id);
    memory_add(s, ch, -ch->memory);
}

void memory_thread_gone(struct server *s, uint32_t thread)
{
    struct thread *t = thread_at(s, thread);
    const struct machine *m = &s->conf.machine;
    if (!s->model->threaded)
        return;
    grow(s, t, m->mem_thread_gone - m->mem_thread + tls_part(s, t));
    memory_add(s, child_at(s, t->child), -t->pool_grown);
    t->pool_grown = 0;
}

void memory_work(struct server *s, uint32_t thread, uint32_t conn)
{
    struct thread *t = thread_at(s, thread);
    if (!s->model->threaded)
        return;
    bool reads = conn_at(s, conn)->flags & CF_TLS_DONE && !t->tls_read;
    t->tls_read |= reads;
    if (t->grown == 0 || reads)
        grow(s, t, thread_growth(s, t));
}

void memory_request(struct server *s, uint32_t thread)
{
    struct thread *t = thread_at(s, thread);
    if (stacks_pools(s))
        grow_pool(s, t, pool_of(s, t));
}

static int64_t pool_size(const struct server *s, bool tls)
{
    return tls ? s->conf.machine.mem_conn_tls : s->conf.machine.mem_conn;
}

/* M-20, M-25: a pool of event on a connection that has had N responses: a TLS
 * connection's grows as much as another's, as far as it is that large. */
static int64_t held_bytes(const struct server *s, bool tls, enum pool_use use,
                          int n)
{
    const struct machine *m = &s->conf.machine;
    int64_t size = pool_size(s, tls);
    int64_t first = m->mem_conn - m->mem_conn_new;
    int64_t again = m->mem_conn_old - m->mem_conn;
    if (again < -size)
        again = -size;
    int64_t full = again + m->mem_pool_full;
    if (use == POOL_USED)
        return size + (n < FULL_REQUESTS ? again : full);
    if (use == POOL_FULL || n >= FIRST_FULL)
        return size + full;
    return n < 1 ? size - (first < size ? first : size)
                 : size + full * (n - 1) / (FIRST_FULL - 1);
}

/* What a pool is that is kept for the next connection, and its size. */
static enum pool_use use_after(enum pool_use use, int n)
{
    return n >= (use == POOL_NEW ? FIRST_FULL : FULL_REQUESTS) ? POOL_FULL
           : use == POOL_NEW && n > 1                          ? POOL_USED
                                                               : use;
}

static int64_t kept_bytes(const struct server *s, bool tls, enum pool_use use)
{
    return held_bytes(s, tls, use, 1);
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
    } else if (c->flags & CF_POOL && c->pool_use == POOL_NEW) {
        bool tls = c->flags & CF_TLS;
        t->early = true;
        memory_add(s, child_at(s, c->child),
                   held_bytes(s, tls, POOL_NEW, 1) -
                       held_bytes(s, tls, POOL_NEW, 0));
    }
}

void memory_handshake(struct server *s, uint32_t thread, uint32_t conn)
{
    struct thread *t = thread_at(s, thread);
    struct child *ch = child_at(s, t->child);
    const struct machine *m = &s->conf.machine;
    if (!s->tls_seen)
        s->memory += m->mem_parent_tls_used - m->mem_parent_tls;
    if (s->model->threaded && !ch->tls_used)
        memory_add(s, ch, m->mem_process_tls_used - m->mem_process_tls);
    s->tls_seen = ch->tls_used = true;
    if (t->tls_uses < UINT16_MAX)
        t->tls_uses++;
    grow(s, t, thread_growth(s, t));
    if (stacks_pools(s)) {
        struct thread *p = pool_of(s, t);
        p->pool_tls = true;
        grow_pool(s, t, p);
    }
    if (s->model->threaded)
        arenas_open(s, thread, conn);
}

void memory_shaken(struct server *s, uint32_t conn)
{
    if (s->model->threaded)
        arenas_shaken(s, conn);
}

/* The pool of event's connection C, with another response. */
static void grow_conn_pool(struct server *s, struct conn *c, struct txn *x,
                           bool full)
{
    struct child *ch = child_at(s, c->child);
    bool tls = c->flags & CF_TLS;
    x->unbooked = false;
    if (x->early)
        x->early = false;
    else if (c->served <= FIRST_FULL)
        memory_add(s, ch,
                   held_bytes(s, tls, c->pool_use, c->served) -
                       held_bytes(s, tls, c->pool_use, c->served - 1));
    if (full)
        memory_add(s, ch,
                   held_bytes(s, tls, POOL_FULL, c->served) -
                       held_bytes(s, tls, c->pool_use, c->served));
    if (full)
        c->pool_use = POOL_FULL;
}

void memory_response(struct server *s, uint32_t thread, uint32_t conn)
{
    struct thread *t = thread_at(s, thread);
    struct conn *c = conn_at(s, conn);
    struct txn *x = conn_txn(s, conn);
    bool error = x->status >= 400;
    if (t->responses < UINT16_MAX)
        t->responses++;
    if (x->d.backend) {
        if (!is_fcgi(s, x))
            t->proxy_used = true;
        else if (s->conf.php)
            t->php_used = true;
        else
            t->fcgi_used = true;
    }
    memory_backend_done(s, conn);
    struct thread *p = stacks_pools(s) ? pool_of(s, t) : t;
    if (error || c->served >= FULL_REQUESTS)
        p->pool_full = true;
    grow(s, t, thread_growth(s, t));
    if (stacks_pools(s)) {
        if (p->pool_responses < UINT16_MAX)
            p->pool_responses++;
        grow_pool(s, t, p);
    }
    if (s->conf.machine.mem_leak > 0) /* H-4 */
        memory_add(s, child_at(s, t->child), s->conf.machine.mem_leak);
    if (c->flags & CF_POOL)
        grow_conn_pool(s, c, x, error);
    else
        x->unbooked = x->early = false;
}

void memory_backend(struct server *s, uint32_t conn, bool big)
{
    const struct machine *m = &s->conf.machine;
    struct txn *x = conn_txn(s, conn);
    struct child *ch = child_at(s, conn_at(s, conn)->child);
    bool fcgi = is_fcgi(s, x);
    x->asking = true;
    x->asks_big = big && !fcgi;
    if (++ch->asking > ch->backend_conns) {
        ch->backend_conns = ch->asking;
        memory_add(s, ch, fcgi ? m->mem_fcgi_conn : m->mem_proxy_conn);
    }
    ch->asking_big += x->asks_big;
    if (ch->asking_big > ch->big_conns) {
        ch->big_conns = ch->asking_big;
        memory_add(s, ch, m->mem_proxy_big);
    }
}

void memory_backend_done(struct server *s, uint32_t conn)
{
    struct txn *x = conn_txn(s, conn);
    if (!x->asking) /* nor is there always a child */
        return;
    struct child *ch = child_at(s, conn_at(s, conn)->child);
    ch->asking--;
    ch->asking_big -= x->asks_big;
    x->asking = x->asks_big = false;
}

void memory_big_body(struct server *s, uint32_t conn)
{
    struct conn *c = conn_at(s, conn);
    struct thread *t = thread_at(s, conn_txn(s, conn)->thread);
    if (!s->model->threaded) {
        t->big_used = true;
        grow(s, t, thread_growth(s, t));
    } else if (!s->model->async) {
        struct thread *p = pool_of(s, t);
        p->pool_big = true;
        grow_pool(s, t, p);
    } else if (c->flags & CF_POOL && !c->big_pool) {
        c->big_pool = true;
        memory_add(s, child_at(s, c->child), s->conf.machine.mem_big_body);
    }
}

/* E-33; a process that stops keeps none (M-22). */
static bool keeps_pool(const struct child *ch)
{
    return !ch->quiescing && ch->kept < ch->per * 3 / 4;
}

/* Takes a pool of CH that is kept: of its own kind and the most used there is.
 * Returns its size, 0 if there is none. */
static int64_t take_kept(const struct server *s, struct child *ch, bool tls,
                         enum pool_use *use)
{
    for (int i = 0; i < 2; i++, tls = !tls)
        for (int u = POOL_USES - 1; u >= 0; u--)
            if (ch->pools[tls][u] > 0) {
                ch->pools[tls][u]--;
                ch->kept--;
                *use = u > POOL_USED ? POOL_FULL : POOL_USED;
                return kept_bytes(s, tls, (enum pool_use)u);
            }
    *use = POOL_NEW;
    return 0;
}

void memory_pool_take(struct server *s, uint32_t conn)
{
    struct conn *c = conn_at(s, conn);
    struct child *ch = child_at(s, c->child);
    bool tls = c->flags & CF_TLS;
    enum pool_use use;
    int64_t kept = take_kept(s, ch, tls, &use);
    c->flags |= CF_POOL;
    c->pool_use = use & 3;
    c->big_pool = use != POOL_NEW && ch->big_pools > 0;
    ch->big_pools -= c->big_pool;
    memory_add(s, ch, held_bytes(s, tls, use, 0) - kept);
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
    arenas_close(s, conn);
    if (stacks_pools(s) && t && t->thread != NONE)
        put_back(s, thread_at(s, t->thread));
    if (!(c->flags & CF_POOL))
        return;
    c->flags &= (uint16_t)~CF_POOL;
    struct child *ch = child_at(s, c->child);
    bool tls = c->flags & CF_TLS;
    int n = c->served - (t && t->unbooked) + (t && t->early);
    enum pool_use use = use_after(c->pool_use, n);
    int64_t big = c->big_pool ? s->conf.machine.mem_big_body : 0;
    int64_t held = held_bytes(s, tls, c->pool_use, n);
    if (keeps_pool(ch)) {
        ch->kept++;
        ch->pools[tls][use]++;
        ch->big_pools += c->big_pool;
        memory_add(s, ch, kept_bytes(s, tls, use) - held);
    } else {
        memory_add(s, ch, -held - big);
    }
    c->big_pool = false;
}

void memory_pools_free(struct server *s, uint32_t child)
{
    struct child *ch = child_at(s, child);
    for (int tls = 0; tls < 2; tls++)
        for (int u = 0; u < POOL_USES; u++) {
            memory_add(s, ch,
                       -(int64_t)ch->pools[tls][u] *
                           kept_bytes(s, tls, (enum pool_use)u));
            ch->pools[tls][u] = 0;
        }
    memory_add(s, ch, -(int64_t)ch->big_pools * s->conf.machine.mem_big_body);
    ch->kept = ch->big_pools = 0;
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
