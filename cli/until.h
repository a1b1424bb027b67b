/* SPDX-License-Identifier: GPL-3.0-or-later */
/* --until 'p99 ±5%': how tight an interval has to become before a run with
 * replications may end. METRIC is a dotted path in a server's part of
 * summary.json, or its last word ("p99"), for every server, or
 * SERVER.METRIC for one; "±" may be written "+-". */
#ifndef CLI_UNTIL_H
#define CLI_UNTIL_H

#include "outputs/report.h"
#include "sim/err.h"

/* Replications to begin with, and at most unless --replications says so. */
#define UNTIL_FIRST 5
#define UNTIL_MOST  200

struct until {
    char server[64]; /* "" = all */
    char path[64];
    double share; /* of the mean: 0.05 */
};

/* Reads TEXT; R has the scenario's servers (their numbers are not looked at).
 * ERR_USAGE says what is wrong and what is known. */
bool until_parse(const char *text, const struct report *r, struct until *u,
                 struct err *e);

struct until_state {
    bool reached;
    bool hopeless;      /* a server has too few samples for the metric */
    const char *server; /* the one that is farthest off */
    double share;       /* half-width over mean, there */
    int64_t next;       /* replications to have made before asking again */
};

/* How far R, with intervals, is; N replications are made, at most MOST wanted.
 */
void until_look(const struct until *u, const struct report *r, int64_t n,
                int64_t most, struct until_state *s);

#endif
