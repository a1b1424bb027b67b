/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A map from 64-bit keys to numbers, by open addressing: look-up and removal
 * leave no traces, so memory follows the largest number of keys held at once.
 * Its order is never looked at. */
#ifndef WORKLOADS_ID_MAP_H
#define WORKLOADS_ID_MAP_H

#include <stddef.h>
#include <stdint.h>

#define ID_MAP_NONE UINT32_MAX

struct id_map {
    struct id_cell {
        uint64_t key;
        uint32_t value; /* ID_MAP_NONE = empty */
    } * cell;
    size_t cap, n;
};

void id_map_free(struct id_map *m);
/* The number of KEY, or ID_MAP_NONE. */
uint32_t id_map_get(const struct id_map *m, uint64_t key);
/* Puts or changes it; VALUE ID_MAP_NONE removes it. */
void id_map_put(struct id_map *m, uint64_t key, uint32_t value);

#endif
