/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What TLS connections hold in the C library's arenas (M-23). OpenSSL takes
 * its memory with malloc, and malloc takes a thread's from the arena that the
 * thread belongs to, of which glibc makes at most eight a core
 * (malloc/arena.c). An arena has as much as its connections have ever needed
 * at a time; beyond 128 KiB the rest goes back to the kernel. */
#include "server/inside.h"
#include "sim/must.h"

#include <stdlib.h>

#define ARENAS_A_CORE  8
#define TRIM_THRESHOLD (128 << 10) /* malloc.c: DEFAULT_TRIM_THRESHOLD */
#define SHAKING        0x8000      /* with the arena: in its handshake */

struct tls_arena {
    int64_t live, held; /* bytes in use, and taken from the kernel */
};

static uint32_t arenas(const struct server *s)
{
    int64_t n = ARENAS_A_CORE * s->conf.machine.cpus;
    return n < SHAKING ? (uint32_t)n : SHAKING - 1;
}

/* The main thread has the first arena, the thread that starts the others the
 * second and the first workers one each. Who comes later joins in turn: the
 * first, then the others, the last one made in front. */
static uint32_t arena_of(const struct server *s, uint32_t thread)
{
    const struct child *ch = child_at(s, thread_at(s, thread)->child);
    uint32_t n = arenas(s), own = n - 2, j = thread - ch->threads;
    if (j < own)
        return j;
    uint32_t k = (j - own) % n;
    return k == 0 ? n - 1 : k <= own ? own - k : n - 2;
}

static void use(struct server *s, struct child *ch, uint32_t arena,
                int64_t bytes)
{
    struct tls_arena *a = &ch->tls_arenas[arena];
    int64_t held = a->held;
    a->live += bytes;
    if (a->held < a->live)
        a->held = a->live;
    else if (a->held > a->live + TRIM_THRESHOLD)
        a->held = a->live + TRIM_THRESHOLD;
    memory_add(s, ch, a->held - held);
}

void arenas_open(struct server *s, uint32_t thread, uint32_t conn)
{
    const struct machine *m = &s->conf.machine;
    struct child *ch = child_at(s, thread_at(s, thread)->child);
    if (!ch->tls_arenas)
        ch->tls_arenas = must_zalloc(arenas(s), sizeof *ch->tls_arenas);
    s->arena_of_conn = conn_table(s, s->arena_of_conn, &s->tls_cap,
                                  sizeof *s->arena_of_conn, conn);
    uint32_t arena = arena_of(s, thread);
    s->arena_of_conn[conn] = (uint16_t)(SHAKING | (arena + 1));
    use(s, ch, arena, m->mem_tls_conn + m->mem_tls_handshake);
}

void arenas_shaken(struct server *s, uint32_t conn)
{
    uint16_t *at = &s->arena_of_conn[conn];
    *at &= (uint16_t)~SHAKING;
    use(s, child_at(s, conn_at(s, conn)->child), *at - 1U,
        -s->conf.machine.mem_tls_handshake);
}

void arenas_close(struct server *s, uint32_t conn)
{
    if (conn >= s->tls_cap || s->arena_of_conn[conn] == 0)
        return;
    if (s->arena_of_conn[conn] & SHAKING)
        arenas_shaken(s, conn);
    use(s, child_at(s, conn_at(s, conn)->child), s->arena_of_conn[conn] - 1U,
        -s->conf.machine.mem_tls_conn);
    s->arena_of_conn[conn] = 0;
}
