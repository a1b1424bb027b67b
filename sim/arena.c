/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/must.h"

#define BLOCK_SIZE ((size_t)16 * 1024)
#define ALIGN      ((size_t)16)

struct block {
    alignas(16) struct block *next;
    size_t used, size; /* bytes behind this head */
};

/* Blocks newest first; only the newest is allocated from. A request above a
 * quarter of a block gets one of its own, behind the newest, so that the rest
 * of the newest is not lost. */
struct arena {
    struct block *blocks;
};

struct arena *arena_new(void)
{
    return must_zalloc(1, sizeof(struct arena));
}

void arena_free(struct arena *a)
{
    if (!a)
        return;
    for (struct block *b = a->blocks; b;) {
        struct block *next = b->next;
        free(b);
        b = next;
    }
    free(a);
}

static struct block *block_new(size_t size)
{
    if (size > SIZE_MAX - sizeof(struct block))
        must_oom();
    struct block *b = must_zalloc(1, sizeof *b + size);
    b->size = size;
    return b;
}

void *arena_alloc(struct arena *a, size_t size)
{
    if (size > SIZE_MAX - ALIGN)
        must_oom();
    size = (size + ALIGN - 1) & ~(ALIGN - 1);
    struct block *b = a->blocks;
    if (!b || b->size - b->used < size) {
        if (b && size > BLOCK_SIZE / 4) {
            struct block *own = block_new(size);
            own->used = size;
            own->next = b->next;
            b->next = own;
            return own + 1;
        }
        b = block_new(size > BLOCK_SIZE ? size : BLOCK_SIZE);
        b->next = a->blocks;
        a->blocks = b;
    }
    void *p = (char *)(b + 1) + b->used;
    b->used += size;
    return p;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
    size_t len = 0;
    while (len < n && s[len])
        len++;
    char *copy = arena_alloc(a, len + 1);
    memcpy(copy, s, len);
    return copy;
}

char *arena_strdup(struct arena *a, const char *s)
{
    return arena_strndup(a, s, strlen(s));
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    must(n >= 0);
    char *text = arena_alloc(a, (size_t)n + 1);
    va_start(ap, fmt);
    vsnprintf(text, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return text;
}
