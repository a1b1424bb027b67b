/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a sweep is asked to do: a scenario and the keys to vary, from the
 * command line, from a plan, or both. A plan is a JSON file:
 *
 *   { "scenario": "x.json",           // beside the plan
 *     "params": { "KEY": [v, …], … }, // every combination of them
 *     "list": [ { "KEY": v, … }, … ], // these together, with each of those
 *     "set": { "KEY": v, … },         // the same for all points
 *     "replications": 10, "seed": 1 }
 *
 * Keys are those of --set. */
#ifndef SWEEP_PLAN_H
#define SWEEP_PLAN_H

#include "config/scenario.h"
#include "sweep/points.h"

struct plan_opts {
    const char *const *params; /* "KEY=v1,v2,…", as written */
    size_t nparams;
    struct scenario_opts scenario; /* of the command line */
    const char *version;           /* of mpmsim */
};

struct plan {
    struct arena *arena;
    const char *scenario;        /* path */
    struct scenario_opts common; /* of all points, but for their own `set` */
    struct points points;
    size_t runs; /* replications x servers of the first point */
};

/* Reads PATH, a plan or a scenario, and tries the scenario with each value
 * that is varied. NULL on error. Caller frees. */
struct plan *plan_load(const char *path, const struct plan_opts *opts,
                       struct err *e);
void plan_free(struct plan *p);

/* The scenario at point I. NULL on error; caller frees with scenario_free().
 * Thread-safe. */
struct scenario *plan_point(const struct plan *p, size_t i, struct err *e);

/* The values of "v1,v2,…", cut at commas outside quotes and brackets, into
 * *VALUES (from A); how many. 0 with ERR_USAGE for an empty one. */
size_t plan_values(const char *text, const char *const **values,
                   struct arena *a, struct err *e);

#endif
