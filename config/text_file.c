/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/text_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/must.h"

/* The bytes of F, at most one block more than MAX; a NUL behind. */
static char *slurp(FILE *f, size_t max, size_t *len)
{
    char *text = NULL;
    size_t size = 0, got;

    *len = 0;
    do {
        if (*len + 1 >= size)
            text = must_realloc(text, 1, size = size == 0 ? 16384 : 2 * size);
        errno = 0;
        got = fread(text + *len, 1, size - 1 - *len, f);
        *len += got;
    } while (got > 0 && *len <= max);
    text[*len] = '\0';
    return text;
}

static bool check(const char *path, const char *text, size_t len, size_t max,
                  const char *what, struct err *e)
{
    const char *nul = memchr(text, '\0', len);
    long line = 1;

    if (len > max)
        return err_at(e, ERR_CONTENT, path, 0, 0, NULL,
                      "larger than %zu MiB; is this %s?", max >> 20, what);
    if (nul == NULL)
        return true;
    for (const char *c = text; c < nul; c++)
        line += *c == '\n';
    return err_at(e, ERR_CONTENT, path, line, 0, NULL,
                  "a NUL byte; the file must be plain text");
}

char *text_load(const char *path, size_t max, const char *what, size_t *len,
                struct err *e)
{
    FILE *f = fopen(path, "rb");
    char *text;
    bool ok;

    *len = 0;
    if (f == NULL) {
        (void)err_at(e, ERR_IO, path, 0, 0, NULL, "cannot open: %s",
                     strerror(errno));
        return NULL;
    }
    text = slurp(f, max, len);
    if (ferror(f))
        ok = err_at(e, ERR_IO, path, 0, 0, NULL, "cannot read: %s",
                    strerror(errno));
    else
        ok = check(path, text, *len, max, what, e);
    (void)fclose(f);
    if (ok)
        return text;
    free(text);
    return NULL;
}
