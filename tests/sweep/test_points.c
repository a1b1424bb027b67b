/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sweep/points.h"

Suite *suite_points(void);

static const char *const list_keys[] = { "a", "b.c" };
static const char *const list_sets[] = { "a=1", NULL, NULL,
                                         "b.c={\"x\":[1,2]}" };
static const char *const grid_keys[] = { "d" };
static const char *const grid_sets[] = { "d=1s", "d=\"5s, \\\"q\\\"\"", "d=3" };
static const struct factor factors[] = {
    { .keys = list_keys, .nkeys = 2, .sets = list_sets, .nchoices = 2 },
    { .keys = grid_keys, .nkeys = 1, .sets = grid_sets, .nchoices = 3 },
};

static struct points_origin origin(void)
{
    return (struct points_origin){ .title = "T \"t\"",
                                   .version = "1",
                                   .program = "p",
                                   .scenario = "s",
                                   .inputs = "i",
                                   .options = "o" };
}

static void make(struct points *p, struct arena *a)
{
    struct points_origin o = origin();
    struct err e;
    err_init(&e);
    ck_assert(points_init(p, &o, factors, 2, a, &e));
}

START_TEST(the_last_factor_changes_fastest)
{
    struct arena *a = arena_new();
    struct points p;
    const char *set[3];
    make(&p, a);
    ck_assert_uint_eq(p.n, 6);
    ck_assert_uint_eq(p.ncolumns, 3);
    ck_assert_str_eq(p.columns[1], "b.c");
    ck_assert_uint_eq(points_sets(&p, 0, set), 2);
    ck_assert_str_eq(set[0], "a=1");
    ck_assert_str_eq(set[1], "d=1s");
    ck_assert_uint_eq(points_sets(&p, 2, set), 2);
    ck_assert_str_eq(set[1], "d=3");
    ck_assert_uint_eq(points_sets(&p, 3, set), 2);
    ck_assert_str_eq(set[0], "b.c={\"x\":[1,2]}");
    ck_assert_uint_eq(points_choice(&p, 5, 0), 1);
    ck_assert_uint_eq(points_choice(&p, 5, 1), 2);
    ck_assert_ptr_null(points_set(&p, 0, 1));
    arena_free(a);
}
END_TEST

START_TEST(an_id_depends_on_all_that_results_depend_on)
{
    struct arena *a = arena_new();
    char id[7][SHA256_HEX_SIZE];
    struct err e;
    for (size_t i = 0; i < 7; i++) {
        struct points_origin o = origin();
        const char **const field[] = { &o.version, &o.program, &o.scenario,
                                       &o.inputs, &o.options };
        struct points p;
        err_init(&e);
        if (i < 5)
            *field[i] = "another";
        ck_assert(points_init(&p, &o, factors, 2, a, &e));
        points_id(&p, i == 5 ? 1 : 0, id[i]);
    }
    for (size_t i = 0; i < 7; i++)
        for (size_t k = 0; k < i; k++)
            ck_assert_str_ne(id[i], id[k]);
    arena_free(a);
}
END_TEST

START_TEST(an_id_does_not_depend_on_the_rest_of_the_plan)
{
    struct arena *a = arena_new();
    struct points whole, part;
    struct points_origin o = origin();
    char x[SHA256_HEX_SIZE], y[SHA256_HEX_SIZE];
    static const char *const fewer[] = { "d=3" };
    struct factor f[2] = { factors[0], factors[1] };
    struct err e;
    err_init(&e);
    make(&whole, a);
    f[1].sets = fewer;
    f[1].nchoices = 1;
    o.title = "another title";
    ck_assert(points_init(&part, &o, f, 2, a, &e));
    points_id(&whole, 5, x);
    points_id(&part, 1, y);
    ck_assert_str_eq(x, y);
    ck_assert_str_eq(points_difference(&whole, &part),
                     "the values that are varied");
    o.scenario = "another";
    ck_assert(points_init(&part, &o, factors, 2, a, &e));
    ck_assert_str_eq(points_difference(&whole, &part), "the scenario");
    arena_free(a);
}
END_TEST

START_TEST(what_is_written_is_read_again)
{
    struct arena *a = arena_new();
    struct points p, q;
    struct err e;
    char path[] = "/tmp/test_points-XXXXXX";
    int fd = mkstemp(path);
    err_init(&e);
    make(&p, a);
    char *text = points_json(&p);
    ck_assert(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    ck_assert(points_read(&q, path, a, &e));
    ck_assert_ptr_null(points_difference(&p, &q));
    char *again = points_json(&q);
    ck_assert_str_eq(text, again);
    /* cut anywhere, it is refused and nothing worse */
    for (size_t n = strlen(text) - 3; n > 0; n -= n > 7 ? 7 : n) {
        ck_assert(ftruncate(fd, (off_t)n) == 0);
        ck_assert(!points_read(&q, path, a, &e));
        ck_assert_int_eq(e.kind, ERR_CONTENT);
        err_clear(&e);
    }
    free(text);
    free(again);
    close(fd);
    unlink(path);
    arena_free(a);
}
END_TEST

START_TEST(labels_are_for_people)
{
    struct arena *a = arena_new();
    ck_assert_str_eq(points_label("d=1s", a), "1s");
    ck_assert_str_eq(points_label("d=\"5s\"", a), "5s");
    ck_assert_str_eq(points_label("d=\"5s, \\\"q\\\"\"", a), "5s, \"q\"");
    ck_assert_str_eq(points_label("d=\"open", a), "\"open");
    ck_assert_str_eq(points_label("d=a=b", a), "a=b");
    ck_assert_str_eq(points_label(NULL, a), "");
    ck_assert_str_eq(factor_name(&factors[0], a), "a + b.c");
    ck_assert_str_eq(factor_label(&factors[0], 0, a), "a=1");
    ck_assert_str_eq(factor_label(&factors[1], 2, a), "3");
    arena_free(a);
}
END_TEST

START_TEST(a_key_is_varied_once_and_points_are_bounded)
{
    struct arena *a = arena_new();
    struct points p;
    struct points_origin o = origin();
    struct factor twice[] = { factors[1], factors[1] };
    struct factor many[8];
    struct err e;
    err_init(&e);
    ck_assert(!points_init(&p, &o, twice, 2, a, &e));
    ck_assert_int_eq(e.kind, ERR_USAGE);
    err_clear(&e);
    const char **sets = arena_alloc(a, 1000 * sizeof *sets);
    for (size_t i = 0; i < 8; i++)
        many[i] = (struct factor){ grid_keys, 1, sets, 1000 };
    ck_assert(!points_init(&p, &o, many, 8, a, &e));
    ck_assert_int_eq(e.kind, ERR_USAGE);
    err_clear(&e);
    arena_free(a);
}
END_TEST

Suite *suite_points(void)
{
    Suite *s = suite_create("points");
    TCase *t = tcase_create("points");
    tcase_add_test(t, the_last_factor_changes_fastest);
    tcase_add_test(t, an_id_depends_on_all_that_results_depend_on);
    tcase_add_test(t, an_id_does_not_depend_on_the_rest_of_the_plan);
    tcase_add_test(t, what_is_written_is_read_again);
    tcase_add_test(t, labels_are_for_people);
    tcase_add_test(t, a_key_is_varied_once_and_points_are_bounded);
    tcase_set_timeout(t, 60);
    suite_add_tcase(s, t);
    return s;
}
