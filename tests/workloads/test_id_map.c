/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workloads/id_map.h"

#include <check.h>

#include "sim/rng.h"

#define KEYS 3000

/* Against a plain table: small keys in a row, and hashes. */
START_TEST(a_map_agrees_with_a_table)
{
    static uint32_t table[KEYS];
    struct id_map m = { NULL, 0, 0 };
    struct rng r;
    size_t n = 0;
    rng_init(&r, 1, 0, "test");
    for (int i = 0; i < KEYS; i++)
        table[i] = ID_MAP_NONE;
    for (int step = 0; step < 200000; step++) {
        uint32_t k = (uint32_t)rng_below(&r, KEYS);
        uint64_t key = _i ? k * 0x9e3779b97f4a7c15u : k;
        ck_assert_uint_eq(id_map_get(&m, key), table[k]);
        n -= table[k] != ID_MAP_NONE;
        table[k] = rng_below(&r, 2) ? (uint32_t)step : ID_MAP_NONE;
        n += table[k] != ID_MAP_NONE;
        id_map_put(&m, key, table[k]);
        ck_assert_uint_eq(m.n, n);
    }
    ck_assert_uint_le(m.cap, 4 * KEYS);
    id_map_free(&m);
    ck_assert_uint_eq(id_map_get(&m, 5), ID_MAP_NONE);
}
END_TEST

Suite *suite_id_map(void);
Suite *suite_id_map(void)
{
    Suite *s = suite_create("workloads/id_map");
    TCase *t = tcase_create("id_map");
    tcase_add_loop_test(t, a_map_agrees_with_a_table, 0, 2);
    suite_add_tcase(s, t);
    return s;
}
