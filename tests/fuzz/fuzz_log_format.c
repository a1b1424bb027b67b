/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The first line is a log format, all others are lines of such a log. */
#include "workloads/log_format.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sim/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_lines(const struct log_format *f, const char *s,
                       const char *end)
{
    while (s < end) {
        const char *nl = memchr(s, '\n', (size_t)(end - s));
        size_t len = (size_t)((nl ? nl : end) - s);
        char *copy = must_alloc(len + 1); /* reads beyond it are noticed */
        struct logline l;
        enum logline_why why;
        memcpy(copy, s, len);
        copy = must_realloc(copy, len, 1);
        why = log_format_parse(f, copy, len, &l);
        if (why > LOGLINE_SILENT) {
            must(l.column >= 1 && l.column <= len + 1);
            must(logline_why_text[why] != NULL);
        } else {
            must(l.bytes >= 0 && l.service >= -1 && l.in >= -1);
            must(l.ns >= 0 && l.ns < 1000000000);
        }
        free(copy);
        s += len + 1;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    const char *nl = size ? memchr(text, '\n', size) : NULL;
    struct arena *a = arena_new();
    struct err e;
    char *format;
    const struct log_format *f;
    err_init(&e);
    format = arena_strndup(a, text, nl ? (size_t)(nl - text) : size);
    f = log_format_new(format, a, &e);
    must(f != NULL || e.kind == ERR_CONTENT);
    if (f && nl)
        read_lines(f, nl + 1, text + size);
    err_clear(&e);
    arena_free(a);
    return 0;
}
