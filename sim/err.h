/* SPDX-License-Identifier: GPL-3.0-or-later */
/* User errors: what was wrong with a command line, scenario, configuration,
 * log or trace. A function that can meet one returns bool and fills its last
 * parameter; the first error wins and callers pass it up untouched. Only cli/
 * prints and exits. Outcomes of the simulated world are data, never errors;
 * bugs go to must(). */
#ifndef SIM_ERR_H
#define SIM_ERR_H

#include <stdbool.h>
#include <stddef.h>

/* The values are the exit codes of the contract. */
enum err_kind {
    ERR_NONE = 0,
    ERR_CHECK = 1,        /* an expectation does not hold */
    ERR_USAGE = 2,        /* command line, refused output folder */
    ERR_CONTENT = 3,      /* content of a file is invalid */
    ERR_IO = 4,           /* cannot open, read, write; no memory; no gnuplot */
    ERR_INTERRUPTED = 130 /* by SIGINT or SIGTERM */
};

struct err {
    enum err_kind kind;
    char *file;     /* owned; NULL when no file is concerned */
    long line, col; /* 1-based; 0 = unknown */
    char *path;     /* owned; JSON path such as $.servers[0].mpm, or NULL */
    char *text;     /* owned; the message, without place */
};

/* Prepares an empty error; err_clear() frees what it holds and empties it. */
void err_init(struct err *e);
void err_clear(struct err *e);

/* Fills E unless it already holds an error (the first wins). Always returns
 * false, so that callers can write `return err_set(...)`. */
bool err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with a place. FILE is copied; LINE and COL may be 0; PATH (copied)
 * may be NULL. */
bool err_at(struct err *e, enum err_kind kind, const char *file, long line,
            long col, const char *path, const char *fmt, ...)
    __attribute__((format(printf, 7, 8)));

/* Formats "file:line:col: path: text" (absent parts left out) into a new
 * string; caller frees. */
char *err_format(const struct err *e);

/* The known name nearest to NAME (edit distance, case ignored) among the N
 * strings at NAMES, or NULL when none is near enough to be a suggestion. */
const char *err_nearest(const char *name, const char *const *names, size_t n);

/* The same among names that need not be all there are: only what can hardly be
 * anything but a misspelling, one letter wrong or, in long names, two. */
const char *err_misspelt(const char *name, const char *const *names, size_t n);

#endif
