/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/must.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void must_fail(const char *cond, const char *file, int line, const char *func)
{
    fprintf(stderr, "mpmsim: bug: %s:%d: %s: %s does not hold\n", file, line,
            func, cond);
    fflush(stderr);
#ifdef MPMSIM_DEBUG
    abort();
#else
    /* Not exit(): what runs at exit may depend on what is broken. */
    _Exit(70);
#endif
}

void must_oom(void)
{
    fputs("mpmsim: out of memory\n", stderr);
    fflush(stderr);
    exit(4);
}

void *must_alloc(size_t size)
{
    void *p = malloc(size ? size : 1);
    if (!p)
        must_oom();
    return p;
}

void *must_zalloc(size_t n, size_t size)
{
    void *p = n && size ? calloc(n, size) : calloc(1, 1);
    if (!p)
        must_oom();
    return p;
}

void *must_realloc(void *p, size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes))
        must_oom();
    p = realloc(p, bytes ? bytes : 1);
    if (!p)
        must_oom();
    return p;
}

char *must_strdup(const char *s)
{
    size_t n = strlen(s) + 1;
    return memcpy(must_alloc(n), s, n);
}
