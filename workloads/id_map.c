/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workloads/id_map.h"

#include <stdlib.h>

#include "sim/must.h"

/* Keys are hashes, or small numbers nearly in a row: these then lie in every
 * other cell, near each other in memory and without runs of full cells. */
static size_t place(const struct id_map *m, uint64_t key)
{
    return (size_t)(2 * key + (key >> 32)) & (m->cap - 1);
}

static size_t find(const struct id_map *m, uint64_t key)
{
    size_t i = place(m, key);
    while (m->cell[i].value != ID_MAP_NONE && m->cell[i].key != key)
        i = (i + 1) & (m->cap - 1);
    return i;
}

void id_map_free(struct id_map *m)
{
    free(m->cell);
    *m = (struct id_map){ NULL, 0, 0 };
}

uint32_t id_map_get(const struct id_map *m, uint64_t key)
{
    return m->cap ? m->cell[find(m, key)].value : ID_MAP_NONE;
}

static void grow(struct id_map *m)
{
    struct id_map old = *m;
    m->cap = old.cap ? old.cap * 2 : 256;
    m->cell = must_alloc(m->cap * sizeof *m->cell);
    for (size_t i = 0; i < m->cap; i++)
        m->cell[i] = (struct id_cell){ 0, ID_MAP_NONE };
    for (size_t i = 0; i < old.cap; i++) {
        if (old.cell[i].value != ID_MAP_NONE)
            m->cell[find(m, old.cell[i].key)] = old.cell[i];
    }
    free(old.cell);
}

/* Takes the cell I out and moves those behind it up that would not be found
 * across the gap. */
static void take_out(struct id_map *m, size_t i)
{
    size_t mask = m->cap - 1, j = i;
    for (;;) {
        j = (j + 1) & mask;
        if (m->cell[j].value == ID_MAP_NONE)
            break;
        size_t home = place(m, m->cell[j].key);
        if (((j - home) & mask) >= ((j - i) & mask)) {
            m->cell[i] = m->cell[j];
            i = j;
        }
    }
    m->cell[i].value = ID_MAP_NONE;
    m->n--;
}

void id_map_put(struct id_map *m, uint64_t key, uint32_t value)
{
    size_t i;
    if (m->n * 2 >= m->cap)
        grow(m);
    i = find(m, key);
    if (m->cell[i].value == ID_MAP_NONE) {
        if (value == ID_MAP_NONE)
            return;
        m->n++;
    } else if (value == ID_MAP_NONE) {
        take_out(m, i);
        return;
    }
    m->cell[i].key = key;
    m->cell[i].value = value;
}
