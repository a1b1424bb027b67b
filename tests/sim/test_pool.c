/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pools and arenas. */
#include <check.h>
#include <stdint.h>
#include <string.h>

#include "sim/arena.h"
#include "sim/pool.h"

Suite *suite_pool(void);

START_TEST(objects_are_zeroed_and_stay_where_they_are)
{
    struct pool p;
    pool_init(&p, 12);
    uint32_t *first = NULL;
    for (uint32_t i = 0; i < 3 * POOL_CHUNK + 5; i++) {
        uint32_t id = pool_get(&p);
        ck_assert_uint_eq(id, i);
        uint32_t *o = pool_at(&p, id);
        if (i == 0)
            first = o;
        ck_assert(o[0] == 0 && o[1] == 0 && o[2] == 0);
        o[0] = o[1] = o[2] = i + 1;
    }
    ck_assert_ptr_eq(pool_at(&p, 0), first);
    for (uint32_t i = 0; i < 3 * POOL_CHUNK + 5; i++)
        ck_assert_uint_eq(((uint32_t *)pool_at(&p, i))[2], i + 1);
    ck_assert_uint_ge(pool_bytes(&p), (3 * POOL_CHUNK + 5) * 12);
    pool_done(&p);
}
END_TEST

START_TEST(the_number_put_back_last_is_reused_first)
{
    struct pool p;
    pool_init(&p, 8);
    for (int i = 0; i < 10; i++)
        memset(pool_at(&p, pool_get(&p)), 0xff, 8);
    pool_put(&p, 3);
    pool_put(&p, 7);
    ck_assert_uint_eq(p.live, 8);
    uint32_t id = pool_get(&p);
    ck_assert_uint_eq(id, 7);
    uint64_t value;
    memcpy(&value, pool_at(&p, id), sizeof value);
    ck_assert_uint_eq(value, 0);
    ck_assert_uint_eq(pool_get(&p), 3);
    ck_assert_uint_eq(pool_get(&p), 10);
    ck_assert_uint_eq(p.live, 11);
    pool_done(&p);
}
END_TEST

START_TEST(what_is_kept_survives_from_one_use_to_the_next)
{
    struct pool p;
    pool_init_kept(&p, 12, 4);
    uint32_t *o = pool_at(&p, pool_get(&p));
    ck_assert(o[0] == 0 && o[1] == 0 && o[2] == 0);
    o[0] = o[1] = o[2] = 7;
    pool_put(&p, 0);
    ck_assert_uint_eq(pool_get(&p), 0);
    ck_assert(o[0] == 0 && o[1] == 0 && o[2] == 7);
    pool_done(&p);
    pool_get(&p); /* a pool that was emptied begins anew, and keeps as before */
    o = pool_at(&p, 0);
    ck_assert(o[0] == 0 && o[1] == 0 && o[2] == 0);
    pool_done(&p);
}
END_TEST

START_TEST(an_arena_gives_zeroed_aligned_memory)
{
    struct arena *a = arena_new();
    for (size_t size = 0; size < 100000; size = size * 3 + 1) {
        char *m = arena_alloc(a, size);
        ck_assert_uint_eq((uintptr_t)m % 16, 0);
        for (size_t i = 0; i < size; i++)
            ck_assert_int_eq(m[i], 0);
        memset(m, 0xa5, size);
    }
    ck_assert_str_eq(arena_strdup(a, "text"), "text");
    ck_assert_str_eq(arena_strndup(a, "text", 2), "te");
    ck_assert_str_eq(arena_strndup(a, "te", 20), "te");
    ck_assert_str_eq(arena_printf(a, "%s-%d", "x", 5), "x-5");
    arena_free(a);
    arena_free(NULL);
}
END_TEST

Suite *suite_pool(void)
{
    Suite *s = suite_create("pool");
    TCase *c = tcase_create("memory");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, objects_are_zeroed_and_stay_where_they_are);
    tcase_add_test(c, the_number_put_back_last_is_reused_first);
    tcase_add_test(c, what_is_kept_survives_from_one_use_to_the_next);
    tcase_add_test(c, an_arena_gives_zeroed_aligned_memory);
    suite_add_tcase(s, c);
    return s;
}
