/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What one run of the parent's maintenance decides, as pure functions of what
 * it counted, so that the rules can be tested without a server. */
#ifndef MODELS_DECIDE_H
#define MODELS_DECIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "server/settings.h"

enum prefork_move { PREFORK_KILL, PREFORK_STAY, PREFORK_LIMIT, PREFORK_SPAWN };

/* P-4 … P-7. */
enum prefork_move prefork_decide(int64_t idle, int64_t min, int64_t max,
                                 int nfree);

/* E-13, E-15: whether an event process may accept one more connection with C
 * open, L of them lingering and IDLE free workers. */
bool event_may_accept(const struct settings *set, int64_t c, int64_t l,
                      int64_t idle, bool disabled);
/* E-4 */
bool event_may_kill(int version, int64_t active, int64_t total, int64_t limit,
                    int64_t server_limit);
/* E-6: how many of N to fork; *ROOM false when the limit leaves none. */
int event_spawn_count(int n, int64_t active, int64_t limit, bool *room);

#endif
