/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/pool.h"

#include <stdlib.h>
#include <string.h>

#include "sim/must.h"

#define POOL_MAX (1u << 24)
#define NO_ID    UINT32_MAX

void pool_init(struct pool *p, size_t size)
{
    must(size >= 4 && size % 4 == 0);
    memset(p, 0, sizeof *p);
    p->size = size;
    p->free_head = NO_ID;
}

void pool_init_kept(struct pool *p, size_t size, size_t kept)
{
    must(kept + 4 <= size);
    pool_init(p, size);
    p->kept = kept;
}

void pool_done(struct pool *p)
{
    for (uint32_t i = 0; i < p->nchunks; i++)
        free(p->chunks[i]);
    free(p->chunks);
    pool_init_kept(p, p->size, p->kept);
}

static void add_chunk(struct pool *p)
{
    if (p->nchunks == p->cap) {
        p->cap = p->cap ? 2 * p->cap : 8;
        p->chunks = must_realloc(p->chunks, p->cap, sizeof *p->chunks);
    }
    p->chunks[p->nchunks++] = must_zalloc(POOL_CHUNK, p->size);
}

uint32_t pool_get(struct pool *p)
{
    uint32_t id = p->free_head;
    p->live++;
    if (id != NO_ID) {
        char *object = pool_at(p, id);
        memcpy(&p->free_head, object, sizeof p->free_head);
        memset(object, 0, p->size - p->kept);
        return id;
    }
    id = p->used;
    must(id < POOL_MAX);
    if (id == p->nchunks * POOL_CHUNK)
        add_chunk(p);
    p->used++;
    return id; /* a new chunk is zeroed */
}

void pool_put(struct pool *p, uint32_t id)
{
    must(id < p->used && p->live > 0);
    memcpy(pool_at(p, id), &p->free_head, sizeof p->free_head);
    p->free_head = id;
    p->live--;
}

size_t pool_bytes(const struct pool *p)
{
    return p->nchunks * POOL_CHUNK * p->size + p->cap * sizeof *p->chunks;
}
