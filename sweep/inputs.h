/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The files a sweep depends on besides its scenario, as one digest: traces,
 * access logs, httpd and PHP-FPM configurations that the scenario or a varied
 * value names, and the program itself. Files that a configuration includes
 * are not followed. */
#ifndef SWEEP_INPUTS_H
#define SWEEP_INPUTS_H

#include "sim/arena.h"
#include "sim/err.h"

struct inputs;

/* The files that the scenario at PATH names. NULL on error; caller frees. */
struct inputs *inputs_new(const char *path, struct err *e);
/* Adds those that SET ("KEY=VALUE") names. */
void inputs_add(struct inputs *in, const char *set);
/* SHA-256 over all of them; memory from A. O(bytes). */
const char *inputs_digest(const struct inputs *in, struct arena *a);
void inputs_free(struct inputs *in);

/* What identifies the running executable: the build id its linker made of its
 * content, else its SHA-256. Memory from A. */
const char *inputs_program(struct arena *a);

/* NAME as seen from the file FROM: absolute, or beside it. Memory from A. */
const char *inputs_beside(const char *from, const char *name, struct arena *a);

#endif
