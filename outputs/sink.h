/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where text goes: a file written through a buffer, or a string. An error
 * (full disk, no permission) is remembered and reported once, by sink_close();
 * what is written after it is dropped. The event loop never waits for more
 * than one write() per 64 KiB. */
#ifndef OUTPUTS_SINK_H
#define OUTPUTS_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/err.h"
#include "sim/simtime.h"

struct sink {
    char *buf; /* owned */
    size_t len, cap;
    int fd;     /* -1: a string */
    int error;  /* errno of the first failure, 0 = none */
    char *path; /* owned; NULL for a string */
};

/* A new or emptied file at PATH (copied); false with ERR_IO. */
bool sink_open(struct sink *s, const char *path, struct err *e);

/* A string that grows. */
void sink_string(struct sink *s);

/* Ends a string: its text, which the caller frees. */
char *sink_take(struct sink *s);

/* Writes what is left and closes the file; false with ERR_IO (path, reason)
 * if anything could not be written. S is empty afterwards. */
bool sink_close(struct sink *s, struct err *e);

void sink_bytes(struct sink *s, const char *p, size_t n);
void sink_text(struct sink *s, const char *text);
void sink_char(struct sink *s, char c);
void sink_int(struct sink *s, int64_t v);
void sink_stat(struct sink *s, double v);  /* NAN: nothing */
void sink_count(struct sink *s, double v); /* NAN: nothing */
/* Seconds with exactly DECIMALS decimals; SIM_NEVER: nothing. */
void sink_time(struct sink *s, simtime_t t, int decimals);
void sink_format(struct sink *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
