/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A hierarchical timing wheel (Varghese and Lauck 1987) that keeps the exact
 * order: sixteen levels of 16 slots, where the highest bit in which an entry's
 * time differs from the wheel's own gives the level and four bits of the time
 * the slot. A slot is an unsorted bag. Like a rung of a ladder queue (Tang, Goh
 * and Thng 2005) the earliest slot is either sorted as a whole into the *run*,
 * from which entries are popped, or, when it holds too many, spread over the
 * level below. There is nothing to tune or to resize.
 *
 * Bags are chains of 1-KiB chunks, filled through a pointer to the next free
 * entry: a push touches that pointer and the entry, nothing else. Chains keep
 * the order of pushing, so that entries of one time arrive sorted.
 *
 * What makes it fast where slots and populations do not fit each other:
 * - neighbouring slots with few entries are sorted into one run together;
 * - a run may be long, up to a thousand entries, as long as few pushes fall
 * into it and have to be inserted: the length follows what insertions have
 * cost;
 * - a small population lives in the run alone;
 * - the next slot is prefetched while the run is popped.
 *
 * Invariants: entries in slots are not before `lim`, except those of time
 * `tie`; entries in slots are not before `cur`; every entry in the run is
 * before every entry in a slot. `cur` goes back only while the slots are empty.
 */
#include "sim/evq_wheel.h"

#include <stdlib.h>
#include <string.h>

#include "sim/must.h"

/* A population up to this lives in the run. */
#define SMALL 24
/* Neighbouring slots are added to a run until it has this many. */
#define JOIN_MAX 16
/* A run of up to this many is sorted by counting ranks. */
#define RANK_MAX 64
/* A slot with more than the wheel's `wish` is not sorted as a whole (unless all
 * are of one time). The wish lies between these two. */
#define WISH_MIN 8
#define SORT_MAX 1024
/* It is halved when insertions moved more entries than this for each one that
 * went through the run; spreading a slot instead costs about as much. */
#define DEAR_MOVES 4
/* ... and at once, with a split of the run, when they moved so many more. */
#define SLACK 512
/* A run grown to this by insertions gives its later part to the slots; while
 * the slots are empty, one of WHEEL_SHORT. */
#define SPLIT 1024

#define FIRST_RUN 1280

void wheel_init(struct wheel *w, simtime_t from)
{
    memset(w, 0, sizeof *w);
    w->cur = wheel_turned(from);
    w->lim = SIM_NEVER;
    w->last = from;
    w->tie = SIM_NEVER;
    w->wish = JOIN_MAX;
    w->cap = FIRST_RUN;
    w->run = must_alloc(w->cap * sizeof *w->run);
    w->scratch = must_alloc((SORT_MAX + JOIN_MAX) * sizeof *w->scratch);
}

void wheel_done(struct wheel *w)
{
    for (size_t i = 0; i < w->nslabs; i++)
        free(w->slabs[i]);
    free(w->slabs);
    free(w->scratch);
    free(w->run);
}

size_t wheel_bytes(const struct wheel *w)
{
    return w->chunks * sizeof(struct chunk) + w->cap * sizeof *w->run +
           (SORT_MAX + JOIN_MAX) * sizeof *w->scratch +
           w->cap_slabs * sizeof *w->slabs;
}

/* --- chunks --- */

/* Slabs grow with what is held already, by a sixteenth: memory stays near the
 * need, and the number of slabs small. */
static void add_slab(struct wheel *w)
{
    size_t n = w->chunks / 16;
    if (n < 16)
        n = 16;
    if (w->nslabs == w->cap_slabs) {
        w->cap_slabs = w->cap_slabs ? 2 * w->cap_slabs : 32;
        w->slabs = must_realloc(w->slabs, w->cap_slabs, sizeof *w->slabs);
    }
    struct chunk *slab = aligned_alloc(CHUNK_BYTES, n * sizeof *slab);
    if (!slab)
        must_oom();
    w->slabs[w->nslabs++] = slab;
    w->slab = slab;
    w->slab_end = slab + n;
    w->chunks += n;
}

static struct chunk *chunk_get(struct wheel *w)
{
    struct chunk *c = w->free;
    if (c) {
        w->free = c->next;
    } else {
        if (w->slab == w->slab_end)
            add_slab(w);
        c = w->slab++;
    }
    return c;
}

static void chunk_put(struct wheel *w, struct chunk *c)
{
    c->next = w->free;
    w->free = c;
}

/* The chunk that POS, behind an entry just written, lies in or ends. */
static struct chunk *chunk_of(struct evq_entry *pos)
{
    char *last = (char *)(pos - 1);
    return (struct chunk *)(void *)(last -
                                    ((uintptr_t)last & (CHUNK_BYTES - 1)));
}

void wheel_push_room(struct wheel *w, unsigned level, unsigned slot,
                     struct evq_entry e)
{
    struct bag *b = &w->bag[level][slot];
    struct chunk *c = chunk_get(w);
    if (b->pos) {
        chunk_of(b->pos)->next = c;
    } else {
        b->first = c;
        w->slots[level] |= (uint16_t)(1u << slot);
        w->levels |= 1u << level;
    }
    c->e[0] = e;
    b->pos = &c->e[1];
}

/* --- the run --- */

static void run_room(struct wheel *w, size_t n)
{
    if (n <= w->cap)
        return;
    while (w->cap < n)
        w->cap *= 2;
    w->run = must_realloc(w->run, w->cap, sizeof *w->run);
}

static void shorter_wish(struct wheel *w)
{
    w->wish = w->wish / 2 < WISH_MIN ? WISH_MIN : w->wish / 2;
}

/* Gives the later part of the run to the slots. */
static void run_split(struct wheel *w)
{
    struct evq_entry *run = w->run;
    simtime_t keep = run[w->n - w->n / 4].t;
    size_t moved = 0;
    if (w->far == 0)
        w->cur = wheel_turned(w->last);
    while (moved < w->n && run[moved].t > keep &&
           wheel_turned(run[moved].t) >= w->cur)
        moved++;
    if (moved > 0) {
        w->lim = run[moved - 1].t;
        w->tie = SIM_NEVER;
    } else if (wheel_turned(keep) >= w->cur && run[0].t == keep) {
        /* All of one time from there on. */
        moved = w->n - w->n / 4;
        w->lim = keep + 1;
        w->tie = keep;
    }
    for (size_t i = moved; i-- > 0;)
        wheel_place(w, run[i]);
    w->n -= moved;
    memmove(run, run + moved, w->n * sizeof *run);
    w->loaded = w->inserted = w->moves = 0;
}

void wheel_push_near(struct wheel *w, struct evq_entry e)
{
    bool is_last = w->n == 0 || entry_before(&w->run[0], &e);
    if (e.t == w->tie && is_last) {
        wheel_place(w, e);
        return;
    }
    if (w->n >= WHEEL_SHORT) {
        bool can_place = w->far == 0 || wheel_turned(e.t) >= w->cur;
        if (is_last && can_place) {
            /* Behind the whole run: no reason to make it longer. */
            if (w->far == 0)
                w->cur = wheel_turned(w->last);
            simtime_t end = w->run[0].t, cur = wheel_time(w->cur);
            w->lim = end < cur ? cur : end + 1;
            w->tie = e.t == end ? end : SIM_NEVER;
            wheel_place(w, e);
            return;
        }
        if (w->far == 0 || w->n >= SPLIT ||
            w->moves > DEAR_MOVES * (w->loaded + w->inserted) + SLACK) {
            if (w->far)
                shorter_wish(w);
            run_split(w);
            if (e.t >= w->lim) {
                wheel_place(w, e);
                return;
            }
            if (e.t == w->tie && entry_before(&w->run[0], &e)) {
                wheel_place(w, e);
                return;
            }
        }
    }
    run_room(w, w->n + 1);
    wheel_insert(w, e);
}

/* --- sorting a gathered slot into the run --- */

typedef int32_t ranks __attribute__((vector_size(16)));

/* Turns A[0 .. n-1] into the order of the run where a sort by truncated times
 * has left entries of one cell side by side: nearly nothing to do. */
static void finish_order(struct evq_entry *a, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        if (!entry_before(&a[i - 1], &a[i]))
            continue;
        struct evq_entry e = a[i];
        size_t j = i;
        do {
            a[j] = a[j - 1];
            j--;
        } while (j > 0 && entry_before(&a[j - 1], &e));
        a[j] = e;
    }
}

/* Few entries: every one's rank is the number of smaller keys, counted without
 * branches, four at a time. A key is the time's 24 leading bits within the
 * slot and the place in SRC, so no two are equal. */
static void sort_by_rank(struct evq_entry *run, const struct evq_entry *src,
                         size_t n, uint64_t lo, unsigned shift)
{
    union {
        ranks v[RANK_MAX / 4];
        int32_t k[RANK_MAX];
    } keys;
    for (size_t i = 0; i < n; i++)
        keys.k[i] = (int32_t)((wheel_turned(src[i].t) - lo) >> shift << 6 | i);
    size_t blocks = (n + 3) / 4;
    for (size_t i = n; i < 4 * blocks; i++)
        keys.k[i] = INT32_MAX;
    for (size_t i = 0; i < n; i++) {
        int32_t k = keys.k[i];
        ranks mine = { k, k, k, k }, smaller = { 0, 0, 0, 0 };
        for (size_t j = 0; j < blocks; j++)
            smaller += keys.v[j] < mine; /* -1 where it holds */
        run[(ptrdiff_t)n - 1 + smaller[0] + smaller[1] + smaller[2] +
            smaller[3]] = src[i];
    }
    finish_order(run, n);
}

/* More: a distribution by the time's leading bits, about one entry a cell. */
static void sort_by_cell(struct evq_entry *run, const struct evq_entry *src,
                         size_t n, uint64_t lo, unsigned width)
{
    uint16_t end[SORT_MAX + 1];
    unsigned bits = 64u - (unsigned)__builtin_clzll(n - 1);
    unsigned shift = width > bits ? width - bits : 0;
    size_t cells = (size_t)1 << (width > bits ? bits : width);
    memset(end, 0, cells * sizeof *end);
    for (size_t i = 0; i < n; i++)
        end[(wheel_turned(src[i].t) - lo) >> shift]++;
    /* The earliest cell comes last in the run. */
    uint16_t sum = 0;
    for (size_t c = cells; c-- > 0;)
        end[c] = sum = (uint16_t)(sum + end[c]);
    for (size_t i = 0; i < n; i++)
        run[--end[(wheel_turned(src[i].t) - lo) >> shift]] = src[i];
    finish_order(run, n);
}

static void sift(struct evq_entry *a, size_t i, size_t n)
{
    struct evq_entry e = a[i];
    for (size_t c; (c = 2 * i + 1) < n; i = c) {
        if (c + 1 < n && entry_before(&a[c + 1], &a[c]))
            c++;
        if (!entry_before(&a[c], &e))
            break;
        a[i] = a[c];
    }
    a[i] = e;
}

/* Any number of any order, in place: for entries of one time that were not
 * pushed in the order of their sequence numbers. */
static void sort_any(struct evq_entry *a, size_t n)
{
    size_t i = 1;
    while (i < n && !entry_before(&a[i - 1], &a[i]))
        i++;
    if (i >= n)
        return;
    for (i = n / 2; i-- > 0;)
        sift(a, i, n);
    for (i = n; i-- > 1;) {
        struct evq_entry e = a[i];
        a[i] = a[0];
        a[0] = e;
        sift(a, 0, i);
    }
}

/* --- refilling the run --- */

static void prefetch_chunk(const struct chunk *c)
{
    for (size_t i = 0; i < CHUNK_BYTES; i += 64)
        __builtin_prefetch((const char *)c + i);
}

/* Number of entries in B, or any number above MAX if there are more. */
static size_t bag_len(const struct bag *b, size_t max)
{
    const struct chunk *last = chunk_of(b->pos);
    size_t n = (size_t)(b->pos - last->e);
    for (const struct chunk *c = b->first; c != last && n <= max; c = c->next)
        n += CHUNK_ENTRIES;
    return n;
}

static struct bag bag_take(struct wheel *w, unsigned level, unsigned slot)
{
    struct bag b = w->bag[level][slot];
    w->bag[level][slot] = (struct bag){ NULL, NULL };
    w->slots[level] &= (uint16_t) ~(1u << slot);
    if (!w->slots[level])
        w->levels &= ~(1u << level);
    return b;
}

/* Turned time at which slot SLOT of LEVEL begins. */
static uint64_t slot_start(const struct wheel *w, unsigned level, unsigned slot)
{
    unsigned above = (level + 1) * WHEEL_BITS;
    uint64_t prefix = above < 64 ? w->cur >> above << above : 0;
    return prefix | (uint64_t)slot << (level * WHEEL_BITS);
}

/* Copies the entries of B to TO and frees its chunks. Returns their number. */
static size_t bag_copy(struct wheel *w, struct bag b, struct evq_entry *to)
{
    struct chunk *last = chunk_of(b.pos);
    size_t n = 0;
    for (struct chunk *c = b.first;;) {
        size_t k = c == last ? (size_t)(b.pos - c->e) : CHUNK_ENTRIES;
        struct chunk *next = c->next;
        if (c != last)
            prefetch_chunk(next);
        memcpy(to + n, c->e, k * sizeof *to);
        n += k;
        chunk_put(w, c);
        if (c == last)
            return n;
        c = next;
    }
}

/* Spreads slot SLOT of LEVEL over the level below. Also the first of the slots
 * there is filled, although what it holds differs from the new `cur` in lower
 * bits only: it is the next to be taken, before anything is pushed. */
static void cascade(struct wheel *w, unsigned level, unsigned slot)
{
    struct bag b = bag_take(w, level, slot);
    unsigned below = level - 1, shift = below * WHEEL_BITS;
    struct chunk *last = chunk_of(b.pos);
    for (struct chunk *c = b.first;;) {
        const struct evq_entry *end = c == last ? b.pos : c->e + CHUNK_ENTRIES;
        struct chunk *next = c->next;
        if (c != last)
            prefetch_chunk(next);
        for (const struct evq_entry *e = c->e; e < end; e++) {
            unsigned s =
                (unsigned)(wheel_turned(e->t) >> shift) & (WHEEL_SLOTS - 1);
            struct evq_entry *pos = w->bag[below][s].pos;
            if (((uintptr_t)pos & (CHUNK_BYTES - 1)) == 0) {
                wheel_push_room(w, below, s, *e);
            } else {
                *pos = *e;
                w->bag[below][s].pos = pos + 1;
            }
        }
        chunk_put(w, c);
        if (c == last)
            return;
        c = next;
    }
}

/* A slot of level 0: one time only, any number. */
static void load_one_time(struct wheel *w, unsigned slot)
{
    w->cur = slot_start(w, 0, slot);
    simtime_t t = wheel_time(w->cur);
    size_t n = bag_len(&w->bag[0][slot], SIZE_MAX - 1);
    struct bag b = bag_take(w, 0, slot);
    run_room(w, n);
    w->n = bag_copy(w, b, w->run);
    w->far -= n;
    for (size_t i = 0, j = n - 1; i < j; i++, j--) {
        struct evq_entry e = w->run[i];
        w->run[i] = w->run[j];
        w->run[j] = e;
    }
    sort_any(w->run, n);
    w->lim = t + 1;
}

/* Sorts the slot and, while they are small, those behind it into the run. */
static void load(struct wheel *w, unsigned level, unsigned slot)
{
    bool all = w->far <= SMALL;
    size_t join = w->wish < JOIN_MAX ? w->wish : JOIN_MAX;
    uint64_t lo = slot_start(w, level, slot), end;
    size_t have = 0;
    for (;;) {
        end = slot_start(w, level, slot) + ((uint64_t)1 << level * WHEEL_BITS);
        if (end == 0)
            end = UINT64_MAX;
        have += bag_copy(w, bag_take(w, level, slot), w->scratch + have);
        if (!w->levels || (have >= join && !all))
            break;
        level = (unsigned)__builtin_ctz(w->levels);
        slot = (unsigned)__builtin_ctz(w->slots[level]);
        if (have + bag_len(&w->bag[level][slot], RANK_MAX) > RANK_MAX)
            break;
    }
    if (w->levels) {
        level = (unsigned)__builtin_ctz(w->levels);
        slot = (unsigned)__builtin_ctz(w->slots[level]);
        prefetch_chunk(w->bag[level][slot].first);
    }
    w->far -= have;
    w->cur = lo;
    w->lim = w->levels ? wheel_time(end) : SIM_NEVER;
    w->n = w->loaded = have;
    unsigned width = 64u - (unsigned)__builtin_clzll((end - lo - 1) | 1);
    if (have == 1)
        w->run[0] = w->scratch[0];
    else if (have <= RANK_MAX)
        sort_by_rank(w->run, w->scratch, have, lo, width > 24 ? width - 24 : 0);
    else
        sort_by_cell(w->run, w->scratch, have, lo, width);
}

bool wheel_refill(struct wheel *w, simtime_t limit)
{
    /* The run is used up: was it too long, or may the next one be longer? */
    size_t through = w->loaded + w->inserted;
    if (w->moves > DEAR_MOVES * through)
        shorter_wish(w);
    bool cheap = w->moves < DEAR_MOVES / 2 * through;
    w->loaded = w->inserted = w->moves = 0;
    while (w->far) {
        unsigned level = (unsigned)__builtin_ctz(w->levels);
        unsigned slot = (unsigned)__builtin_ctz(w->slots[level]);
        uint64_t lo = slot_start(w, level, slot);
        if (lo > wheel_turned(limit))
            return false;
        w->tie = SIM_NEVER;
        size_t n = bag_len(&w->bag[level][slot], SORT_MAX);
        if (n > w->wish && cheap && w->wish < SORT_MAX) {
            w->wish += w->wish / 4;
            if (w->wish > SORT_MAX)
                w->wish = SORT_MAX;
            cheap = false;
        }
        if (n <= w->wish) {
            load(w, level, slot);
            return true;
        }
        if (level == 0) {
            load_one_time(w, slot);
            return true;
        }
        cascade(w, level, slot);
        w->cur = lo;
        /* Everything before LO is popped; pushes may go to slots from LO on. */
        w->lim = wheel_time(lo);
    }
    return false;
}

/* --- sweeping --- */

static void sweep_bag(struct wheel *w, unsigned level, unsigned slot,
                      evq_keep_fn keep, void *ctx)
{
    struct bag b = bag_take(w, level, slot);
    struct chunk *last = chunk_of(b.pos);
    for (struct chunk *c = b.first;;) {
        const struct evq_entry *end = c == last ? b.pos : c->e + CHUNK_ENTRIES;
        struct chunk *next = c->next;
        for (const struct evq_entry *e = c->e; e < end; e++) {
            if (!keep(ctx, e)) {
                w->far--;
                continue;
            }
            struct evq_entry *pos = w->bag[level][slot].pos;
            if (((uintptr_t)pos & (CHUNK_BYTES - 1)) == 0) {
                wheel_push_room(w, level, slot, *e);
            } else {
                *pos = *e;
                w->bag[level][slot].pos = pos + 1;
            }
        }
        chunk_put(w, c);
        if (c == last)
            return;
        c = next;
    }
}

void wheel_sweep(struct wheel *w, evq_keep_fn keep, void *ctx)
{
    size_t kept = 0;
    for (size_t i = 0; i < w->n; i++)
        if (keep(ctx, &w->run[i]))
            w->run[kept++] = w->run[i];
    w->n = kept;
    for (unsigned level = 0; level < WHEEL_LEVELS; level++)
        for (unsigned left = w->slots[level]; left; left &= left - 1)
            sweep_bag(w, level, (unsigned)__builtin_ctz(left), keep, ctx);
}
