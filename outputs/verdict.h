/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the parts of the verdict share: what is thought of each server, and
 * the words for several servers at once. Used by outputs/verdict*.c alone. */
#ifndef OUTPUTS_VERDICT_H
#define OUTPUTS_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "outputs/report.h"
#include "outputs/sink.h"
#include "outputs/units.h"

/* What stands in a server's way, in the order in which it is said. */
enum cause {
    CAUSE_CPU,       /* the processors are used up */
    CAUSE_COST,      /* a request costs more CPU time than elsewhere */
    CAUSE_SLOTS,     /* the scoreboard has no room for a process */
    CAUSE_KILLED,    /* the kernel kills processes for want of memory */
    CAUSE_FILES,     /* accept fails for want of a descriptor */
    CAUSE_CRASH,     /* processes end by a signal of their own making */
    CAUSE_RESTART,   /* the server is restarted */
    CAUSE_RECYCLING, /* processes end at MaxConnectionsPerChild */
    CAUSE_KEEPALIVE, /* all workers taken, most of them in K */
    CAUSE_READING,   /* … most of them reading a request */
    CAUSE_WRITING,   /* … most of them working or sending */
    CAUSE_WORKERS,   /* … no state stands out */
    CAUSE_OVERFLOW,  /* the accept queue was full */
    CAUSE_SHORT,     /* connections wait for processes to be started */
    CAUSE_HELD,      /* event: connections per process */
    CAUSE_CLOSED,    /* kept-alive connections closed under a request */
    CAUSES
};

/* The percentiles of the table. */
enum { TAILS = 4 };

struct opinion {
    const struct report_server *s;
    double strength[CAUSES]; /* 0: the cause does not hold for this server */
    double fail_share;
    bool slow[TAILS], failing, serving_less;
    bool behind;    /* any of these */
    bool explained; /* a cause holds */
};

struct verdict {
    const struct report *r;
    struct opinion *o;
    size_t tail;                      /* farthest percentile that all have */
    bool has_tail;                    /* there is one */
    const struct report_server *fast; /* who is best there, or NULL */
    struct sink out;
};

/* The servers a phrase is about. */
struct group {
    const struct opinion **o;
    size_t n;
};

/* Fills in o->strength; `behind` and its parts are set already. */
void verdict_find_causes(struct verdict *v);

/* Every cause that holds for somebody, each with all the servers it holds for,
 * joined by "; " after BEFORE. Returns whether there was any. */
bool verdict_put_causes(struct verdict *v, const char *before, struct group *g);

/* Whether those that are behind and those that are not share a want of
 * workers, of processes or of room in the accept queue. */
bool verdict_all_suffer(const struct verdict *v);

double verdict_number(const struct opinion *o, size_t offset);

/* ", " between, " and " before the last. */
void verdict_separate(struct sink *s, size_t i, size_t n);
void verdict_put_names(struct sink *s, const struct group *g);
const char *verdict_verb(const struct group *g, const char *one,
                         const char *many);

/* One number per server, as the table has it: "21 ms", or "28.6 s and 26.8 s",
 * or "21 ms" once when all read the same. */
void verdict_put_each(struct sink *s, const struct group *g, size_t offset,
                      enum unit unit);
/* The same of numbers that are not in the summary. */
void verdict_put_values(struct sink *s, size_t n, const double *values,
                        enum unit unit);

#endif
