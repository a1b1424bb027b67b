/* SPDX-License-Identifier: GPL-3.0-or-later */
/* prefork: one process per connection (httpd 2.4, server/mpm/prefork/prefork.c;
 * rules P-1 … P-17).
 *
 * The parent keeps a herd of children. Each child waits in accept, serves one
 * connection from its first byte to the client's FIN, keep-alive waits
 * included, looks at the pipe of death and waits again. Once a second the
 * parent counts the idle ones: too few, and it forks 1, 2, 4 … 32 children, as
 * many as its rate says, not as many as are missing; too many, and one child
 * is told to go. */
#include "models/decide.h"
#include "server/mpm.h"

#define MAX_RATE  32
#define BUSY_RATE 8

static bool is_stale(const struct server *s, const struct child *ch)
{
    return ch->dying || ch->generation != s->parent.generation;
}

/* The top of child_main's loop: MaxConnectionsPerChild is tested before
 * accept (P-11). */
static void child_main(struct server *s, uint32_t thread)
{
    struct thread *t = thread_at(s, thread);
    struct child *ch = child_at(s, t->child);
    if (ch->budget-- <= 0 || is_stale(s, ch) || mpm_out_of_files(s, t->child)) {
        mpm_child_exit(s, t->child); /* P-14: the cell stays C; or C-28 */
        return;
    }
    mpm_set_slot(s, thread, SLOT_READY);
    mpm_wait_accept(s, ch->bucket, thread);
}

static void on_child_ready(struct server *s, uint32_t child)
{
    child_main(s, child_at(s, child)->threads);
}

static void on_accepted(struct server *s, uint32_t thread, uint32_t conn)
{
    mpm_process(s, thread, conn);
}

/* After a connection a child looks at the pipe; one byte, one death (C-16). */
static void on_idle(struct server *s, uint32_t thread)
{
    struct child *ch = child_at(s, thread_at(s, thread)->child);
    struct bucket *b = &s->buckets[ch->bucket];
    mpm_set_slot(s, thread, SLOT_CLOSING);
    if (b->pod_bytes > 0) {
        b->pod_bytes--;
        ch->dying = true;
    }
    child_main(s, thread);
}

/* P-15: SIGUSR1 ends a child that waits in accept at once, others after their
 * connection, for which they wait as long again (C-50); every other signal ends
 * it as it is. */
static void on_stop(struct server *s, uint32_t child, enum stop_kind how)
{
    struct child *ch = child_at(s, child);
    if (how != STOP_GRACEFUL) {
        mpm_child_condemn(s, child);
        return;
    }
    ch->dying = true;
    if (s->parent.action == ACTION_GRACEFUL_RESTART) /* C-19, C-46 */
        mpm_set_slot(s, ch->threads, SLOT_GRACEFUL);
    if (ch->in_line)
        mpm_child_dismiss(s, child);
    else
        mpm_interrupt(s, ch->threads);
}

/* P-3: idle children, and the lowest empty slots, at most `rate`. */
static int64_t count_idle(const struct server *s, uint32_t *free_slots,
                          int rate, int *nfree, int64_t *total)
{
    int64_t idle = 0, limit = s->set->process_limit;
    *nfree = 0;
    *total = 0;
    for (int64_t i = 0; i < limit; i++) {
        enum slot_state st = s->cells[i];
        if (s->pslots[i].child == NONE) {
            if (*nfree < rate)
                free_slots[(*nfree)++] = (uint32_t)i;
            continue;
        }
        ++*total;
        idle += st == SLOT_STARTING || st == SLOT_READY;
    }
    return idle;
}

/* What a tick decides (P-4 … P-8): pure, so that it can be tested alone. */
enum prefork_move prefork_decide(int64_t idle, int64_t min, int64_t max,
                                 int nfree)
{
    if (idle > max)
        return PREFORK_KILL;
    if (idle >= min)
        return PREFORK_STAY;
    return nfree > 0 ? PREFORK_SPAWN : PREFORK_LIMIT;
}

static void perform_idle_server_maintenance(struct server *s)
{
    struct parent *p = &s->parent;
    struct bucket *b = &s->buckets[0]; /* C-40: one global count and rate */
    uint32_t slots[MAX_RATE];
    int nfree;
    int64_t total;
    int64_t idle = count_idle(s, slots, b->rate, &nfree, &total);
    switch (prefork_decide(idle, s->set->min_spare, s->set->max_spare, nfree)) {
    case PREFORK_KILL: /* P-4; buckets take turns (C-40) */
        mpm_pod_signal(s, p->next_bucket);
        p->next_bucket = (p->next_bucket + 1) % (uint32_t)s->nbuckets;
        b->rate = 1;
        break;
    case PREFORK_STAY: /* P-7 */
        b->rate = 1;
        break;
    case PREFORK_LIMIT: /* P-6 */
        if (!p->limit_logged)
            mpm_log(s, "error", "AH00161",
                    "server reached MaxRequestWorkers setting, consider "
                    "raising the MaxRequestWorkers setting");
        p->limit_logged = true;
        b->rate = 1;
        break;
    case PREFORK_SPAWN:           /* P-5 */
        if (b->rate >= BUSY_RATE) /* P-8, P-17 */
            mpm_log(s, "info", "AH00162",
                    "server seems busy, (you may need to increase "
                    "StartServers, or Min/MaxSpareServers), spawning %d "
                    "children, there are %d idle, and %d total children",
                    b->rate, (int)idle, (int)total);
        mpm_make_children(s, slots, (size_t)nfree);
        if (p->hold_off > 0)
            p->hold_off--;
        else if (b->rate < MAX_RATE)
            b->rate *= 2;
        break;
    }
}

const struct mpm_model mpm_prefork = {
    .name = "prefork",
    .summary = "one process per connection",
    .module = "mpm_prefork",
    .kind = MPM_PREFORK,
    .on_child_ready = on_child_ready,
    .on_accepted = on_accepted,
    .on_response = mpm_sync_response,
    .on_idle = on_idle,
    .on_stop = on_stop,
    .on_maintenance = perform_idle_server_maintenance,
};
