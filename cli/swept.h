/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `sweep` and `merge` do with finished points: sweep.csv, and when no
 * point is missing sensitivity.csv, the curves and what the terminal shows. */
#ifndef CLI_SWEPT_H
#define CLI_SWEPT_H

#include "cli/options.h"
#include "sweep/journal.h"

/* The options both have; a member of theirs. */
struct swept_options {
    struct text_list metrics;
    const char *x; /* key of the x axis; NULL = chosen */
    bool no_plots, quiet;
};

#define SWEPT_OPTIONS(type, member)                                            \
    { "metric",                                                                \
      0,                                                                       \
      OPTION_NAMES,                                                            \
      offsetof(type, member.metrics),                                          \
      0,                                                                       \
      "NAME,...",                                                              \
      "metrics to draw and rank (default: ten usual ones)" },                  \
        { "x",                                                                 \
          0,                                                                   \
          OPTION_TEXT,                                                         \
          offsetof(type, member.x),                                            \
          0,                                                                   \
          "KEY",                                                               \
          "the key along the x axis of the curves" },                          \
        { "no-plots",                                                          \
          0,                                                                   \
          OPTION_FLAG,                                                         \
          offsetof(type, member.no_plots),                                     \
          0,                                                                   \
          NULL,                                                                \
          "draw no pictures (the scripts are still written)" },                \
    {                                                                          \
        "quiet", 'q', OPTION_FLAG, offsetof(type, member.quiet), 0, NULL,      \
            "no table, no remarks; errors only"                                \
    }

/* Whether O fits the points P: metrics that exist, a key that is varied.
 * ERR_USAGE. */
bool swept_check(const struct swept_options *o, const struct points *p,
                 struct err *e);

/* Writes what can be made of the points in J's folder and prints it; *MISSING
 * is how many there are not. False on error; without gnuplot the data are
 * written all the same. */
bool swept_finish(const struct swept_options *o, const struct journal *j,
                  const struct points *p, size_t *missing, struct err *e);

#endif
