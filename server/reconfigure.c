/* SPDX-License-Identifier: GPL-3.0-or-later */
/* New settings at a restart. The parent reads its configuration milliseconds
 * after it has told its children and forks nobody in between, so the new
 * values may hold from then on; not before, for the tick that the signal
 * causes (C-3) still goes by the old ones. Children that are told to end see
 * no difference but in the length of a Timeout that has not begun. What the
 * tables of processes and the queues of waiting connections were built for
 * has to stay. */
#include "server/inside.h"

/* Whether the queues of waiting connections fit KeepAliveTimeout KA: those of
 * event are its processes' own, made when they start. */
static bool fits_queues(const struct server *s, simtime_t ka)
{
    return ka == s->set->keepalive_timeout ||
           (s->model->async && s->conf.clogging <= 0);
}

bool server_reconfigure(struct server *s, const struct settings *set)
{
    const struct parent *p = &s->parent;

    if (set->threads_per_child != s->set->threads_per_child ||
        !fits_queues(s, set->keepalive_timeout))
        return false;
    /* a parent that is not listening to signals reads nothing */
    if (p->phase == PARENT_SLEEPING || p->phase == PARENT_FORKING) {
        s->next = *set;
        s->has_next = true;
    }
    return true;
}
