/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The folder of a sweep, made so that a SIGKILL at any instant costs no more
 * than the points under way:
 *
 *   DIR/.mpmsim-sweep   says whose folder it is; locked while one works in it
 *   DIR/plan.json       the points, as points_json() has them
 *   DIR/points/ID       a finished point
 *
 * A point is written under another name, forced to the disk and renamed; it
 * ends with the SHA-256 of all that stands before. What is cut short, changed
 * or of another name is not there. plan.json and the tables are replaced in
 * one step as well. */
#ifndef SWEEP_JOURNAL_H
#define SWEEP_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/err.h"
#include "sweep/points.h"

struct journal;

/* Makes DIR (and its parents) if need be, or goes on in it, with P (kept) as
 * its plan. Tables and pictures of another plan are removed. NULL: ERR_USAGE
 * when DIR holds anything else or somebody works in it; ERR_IO. */
struct journal *journal_open(const char *dir, const struct points *p,
                             struct err *e);
void journal_close(struct journal *j);

const char *journal_dir(const struct journal *j);

/* The text kept for point I, or NULL if there is none to be trusted; caller
 * frees. */
char *journal_get(const struct journal *j, size_t i);

/* Keeps TEXT for point I: once it returns, whatever happens. Thread-safe for
 * different points. ERR_IO. */
bool journal_put(const struct journal *j, size_t i, const char *text,
                 struct err *e);

/* The same for the point called ID in any folder DIR. */
char *journal_read(const char *dir, const char *id);

/* Whether a sweep wrote DIR. */
bool journal_is_sweep(const char *dir);

/* Gives the file PATH the LEN bytes at TEXT, or leaves it as it was. ERR_IO.
 */
bool journal_replace(const char *path, const char *text, size_t len,
                     struct err *e);

/* The same for what has been written to PATH followed by JOURNAL_PART. */
#define JOURNAL_PART ".part"
bool journal_publish(const char *path, struct err *e);

/* "A/B"; caller frees. */
char *journal_join(const char *a, const char *b);

#endif
