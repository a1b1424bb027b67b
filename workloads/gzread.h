/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines of a text file, plain or gzip (told by its first bytes, any number of
 * members), one at a time in bounded memory. */
#ifndef WORKLOADS_GZREAD_H
#define WORKLOADS_GZREAD_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/err.h"

/* Longer lines are cut, and said to be. */
#define GZREAD_LINE_MAX 65536

struct gzread;

/* NULL with ERR_IO when PATH cannot be opened or read. Caller closes. */
struct gzread *gzread_open(const char *path, struct err *e);
void gzread_close(struct gzread *g);

/* The next line, without its newline (LF or CRLF) and with a NUL behind it,
 * valid until the next call. *CUT: only its first GZREAD_LINE_MAX bytes. False
 * at the end of the file, and on an error, when E is filled: ERR_IO for a read
 * error, damaged or truncated gzip. */
bool gzread_line(struct gzread *g, char **line, size_t *len, bool *cut,
                 struct err *e);

/* The number of the line read last, from 1. */
long gzread_lineno(const struct gzread *g);

#endif
