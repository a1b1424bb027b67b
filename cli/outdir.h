/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The folder of a run's results. Everything is written to a temporary sibling
 * that takes the folder's place in one step when the run is over, so that a
 * folder called DIR is always whole.
 *
 * What may be replaced: a missing or empty folder always; a folder that a run
 * wrote (it holds the file `.mpmsim`) if the caller says so; anything else
 * never.
 *
 * outdir_open, writing under outdir_path(), then outdir_commit or
 * outdir_discard. A program that ends in between through exit() leaves
 * nothing behind either. */
#ifndef CLI_OUTDIR_H
#define CLI_OUTDIR_H

#include <stdbool.h>

#include "sim/err.h"

struct outdir;

/* Makes the temporary folder for DIR, and DIR's parents. REPLACE: an earlier
 * run's folder may be replaced. NULL: ERR_USAGE when DIR may not be used,
 * ERR_IO. DIR is copied. */
struct outdir *outdir_open(const char *dir, bool replace, struct err *e);

/* The temporary folder. */
const char *outdir_path(const struct outdir *o);

/* outdir_path()/A or outdir_path()/A/B (B may be NULL); caller frees. */
char *outdir_join(const struct outdir *o, const char *a, const char *b);

/* Makes the folder A in it. */
bool outdir_mkdir(const struct outdir *o, const char *a, struct err *e);

/* Puts the folder in DIR's place and frees O; on failure nothing is left
 * behind and an earlier DIR stays as it was. */
bool outdir_commit(struct outdir *o, struct err *e);

/* Removes the temporary folder and frees O. */
void outdir_discard(struct outdir *o);

/* Whether a run wrote the folder DIR. */
bool outdir_is_ours(const char *dir);

#endif
