/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A pool of equal objects addressed by number, 0 … 2^24-1. Objects are kept in
 * chunks that never move, so pointers stay valid until the object is put back,
 * and growth costs no copying. The number put back last is reused first. */
#ifndef SIM_POOL_H
#define SIM_POOL_H

#include <stddef.h>
#include <stdint.h>

#define POOL_CHUNK_BITS 12
#define POOL_CHUNK      (1u << POOL_CHUNK_BITS)

struct pool {
    size_t size;   /* bytes per object, a multiple of 4, >= 4 */
    size_t kept;   /* of these, at the end: see pool_init_kept() */
    char **chunks; /* owned */
    uint32_t nchunks, cap;
    uint32_t used;      /* objects ever handed out */
    uint32_t live;      /* handed out now */
    uint32_t free_head; /* list through the first 4 bytes; UINT32_MAX = none */
};

void pool_init(struct pool *p, size_t size);
/* The last KEPT bytes of an object, at most size - 4, are zero when it is
 * handed out for the first time and from then on stay as they were left: for
 * what is dear to set up, such as timers. */
void pool_init_kept(struct pool *p, size_t size, size_t kept);
void pool_done(struct pool *p);
/* The number of an object, zeroed but for what is kept. */
uint32_t pool_get(struct pool *p);
void pool_put(struct pool *p, uint32_t id);
static inline void *pool_at(const struct pool *p, uint32_t id)
{
    return p->chunks[id >> POOL_CHUNK_BITS] +
           (size_t)(id & (POOL_CHUNK - 1)) * p->size;
}
/* The same as a pointer to TYPE, whose size the pool was made for: a constant
 * for the compiler. */
#define POOL_AT(pool, id, type)                                                \
    ((type *)(void *)(pool)->chunks[(id) >> POOL_CHUNK_BITS] +                 \
     ((id) & (POOL_CHUNK - 1)))
/* Bytes held. */
size_t pool_bytes(const struct pool *p);

#endif
