/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The points of a sweep: the product of its factors. A factor is one key with
 * its values, or several keys that change together (a plan's `list`). Points
 * are numbered from 0, the last factor changing fastest.
 *
 * Every point has an id, the SHA-256 of all that its results depend on: the
 * program, the scenario and the files it names, the options, and the values of
 * this point. What is found under an id can therefore be used whoever made it,
 * and a changed plan finds again what it has in common with the earlier one.
 *
 * Memory is in the arena the points were made with. */
#ifndef SWEEP_POINTS_H
#define SWEEP_POINTS_H

#include <stdbool.h>
#include <stddef.h>

#include "config/sha256.h"
#include "sim/arena.h"
#include "sim/err.h"

/* More are refused. */
#define POINTS_MAX 100000

struct factor {
    const char *const *keys;
    size_t nkeys;
    /* nchoices x nkeys of "KEY=VALUE", as --set takes it; NULL: this choice
     * leaves the key as the scenario has it */
    const char *const *sets;
    size_t nchoices;
};

/* What all points have in common, each as a SHA-256 or text. */
struct points_origin {
    const char *title;    /* of the scenario */
    const char *version;  /* of mpmsim */
    const char *program;  /* the executable */
    const char *scenario; /* the file's bytes */
    const char *inputs;   /* traces, logs and configurations it names */
    const char *options;  /* --set, --mpm, --seed, --replications … */
};

struct points {
    struct points_origin origin;
    const struct factor *factors;
    size_t nfactors;
    const char *const *columns; /* the keys of all factors */
    size_t ncolumns;
    size_t n;
    char base[SHA256_HEX_SIZE]; /* digest of the origin */
};

/* Makes *P of the N factors at F (kept). ERR_USAGE: a key in two factors, too
 * many points. */
bool points_init(struct points *p, const struct points_origin *origin,
                 const struct factor *f, size_t n, struct arena *a,
                 struct err *e);

/* Which choice of factor F point I has. */
size_t points_choice(const struct points *p, size_t i, size_t f);

/* The settings of point I into SET, which has room for p->ncolumns; how many.
 */
size_t points_sets(const struct points *p, size_t i, const char **set);

/* The setting of point I for column C: "KEY=VALUE", or NULL. */
const char *points_set(const struct points *p, size_t i, size_t c);

void points_id(const struct points *p, size_t i, char id[SHA256_HEX_SIZE]);

/* How tables and pictures show the value of SET ("KEY=VALUE"): a JSON string
 * without its quotes. "" for NULL. Memory from A. */
const char *points_label(const char *set, struct arena *a);

/* The name of factor F, its keys joined by " + ", and of its choice K: the
 * value, or "KEY=VALUE, …" for several keys. Memory from A. */
const char *factor_name(const struct factor *f, struct arena *a);
const char *factor_label(const struct factor *f, size_t k, struct arena *a);

/* P as a JSON document, which points_read() makes the same points of. Caller
 * frees. */
char *points_json(const struct points *p);
bool points_read(struct points *p, const char *path, struct arena *a,
                 struct err *e);

/* NULL when A and B are the same points, else what differs: "the scenario". */
const char *points_difference(const struct points *a, const struct points *b);

#endif
