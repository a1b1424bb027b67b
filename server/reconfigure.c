/* SPDX-License-Identifier: GPL-3.0-or-later */
/* New settings at a restart. The parent reads its configuration milliseconds
 * after it has told its children and forks nobody in between, so the new
 * values may hold from then on; not before, for the tick that the signal
 * causes (C-3) still goes by the old ones. Children that are told to end see
 * no difference but in the length of a Timeout that has not begun. They keep
 * their threads and their KeepAliveTimeout. */
#include "server/inside.h"
#include "sim/must.h"

void server_reconfigure(struct server *s, const struct settings *set)
{
    const struct parent *p = &s->parent;

    must(!s->model->threaded || set->threads_per_child <= s->width);
    /* a parent that is not listening to signals reads nothing */
    if (p->phase == PARENT_SLEEPING || p->phase == PARENT_FORKING) {
        s->next = *set;
        s->has_next = true;
    }
}
