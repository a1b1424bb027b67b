/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The files of a log as one run of lines: one file, a set that a pattern
 * names (access.log*, rotated, some packed), in the order of their first
 * stamps, or standard input ("-"). */
#ifndef WORKLOADS_LOG_SET_H
#define WORKLOADS_LOG_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/arena.h"
#include "sim/err.h"
#include "workloads/log_format.h"

struct log_set {
    const char **path; /* in order of time */
    size_t n;
    bool once;                       /* a pipe: can be read but once */
    const struct log_format *format; /* NULL: by the first line, of a pipe */
};

/* The files that PATTERN names; FORMAT as log_format_new() takes it, or
 * "auto": by the first line. Memory from A. NULL with E filled. */
struct log_set *log_set_open(const char *pattern, const char *format,
                             struct arena *a, struct err *e);

/* The lines of a set, one after the other. */
struct log_lines;
struct log_lines *log_lines_open(const struct log_set *set, struct err *e);
void log_lines_close(struct log_lines *l);
/* As gzread_line(). */
bool log_lines_next(struct log_lines *l, char **line, size_t *len, bool *cut,
                    struct err *e);
/* Where the line read last lies. */
const char *log_lines_path(const struct log_lines *l);
long log_lines_lineno(const struct log_lines *l);

#endif
