/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/options.h"

#include <check.h>
#include <stddef.h>
#include <string.h>

struct target {
    bool flag, has_seed;
    const char *text;
    int64_t count;
    uint64_t seed;
    struct text_list list, names;
};

#define O(field) offsetof(struct target, field)
static const struct option table[] = {
    { "flag", 'f', OPTION_FLAG, O(flag), 0, NULL, "a flag" },
    { "text", 't', OPTION_TEXT, O(text), 0, "TEXT", "a text" },
    { "count", 0, OPTION_COUNT, O(count), 0, "N", "a count" },
    { "seed", 0, OPTION_U64, O(seed), O(has_seed), "N", "a number" },
    { "set", 0, OPTION_LIST, O(list), 0, "K=V", "a list" },
    { "names", 0, OPTION_NAMES, O(names), 0, "A,B", "names" },
    { 0 }
};

static struct target got;
static struct text_list rest;
static struct err e;

static void setup(void)
{
    memset(&got, 0, sizeof got);
    memset(&rest, 0, sizeof rest);
    err_init(&e);
}

static void teardown(void)
{
    options_free(table, &got);
    options_list_free(&rest);
    err_clear(&e);
}

static bool parse(const char *a, const char *b, const char *c, const char *d)
{
    const char *given[] = { a, b, c, d };
    static char kept[4][64];
    char *argv[5] = { NULL };
    for (int i = 0; i < 4 && given[i] != NULL; i++) {
        strcpy(kept[i], given[i]);
        argv[i] = kept[i];
    }
    return options_parse(table, argv, &got, &rest, &e);
}

START_TEST(options_and_operands_may_be_mixed)
{
    ck_assert(parse("a.json", "--flag", "b", "--text=x=y"));
    ck_assert(got.flag);
    ck_assert_str_eq(got.text, "x=y");
    ck_assert_uint_eq(rest.n, 2);
    ck_assert_str_eq(rest.v[0], "a.json");
    ck_assert_str_eq(rest.v[1], "b");
}
END_TEST

START_TEST(a_letter_takes_its_value_joined_or_not)
{
    ck_assert(parse("-tone", "-t", "two", NULL));
    ck_assert_str_eq(got.text, "two");
}
END_TEST

START_TEST(two_dashes_end_the_options)
{
    ck_assert(parse("--", "--flag", "-", NULL));
    ck_assert(!got.flag);
    ck_assert_uint_eq(rest.n, 2);
}
END_TEST

START_TEST(lists_keep_their_order_and_names_are_split)
{
    ck_assert(parse("--set=a=1", "--names=p,q", "--set=b=2", "--names=r"));
    ck_assert_uint_eq(got.list.n, 2);
    ck_assert_str_eq(got.list.v[1], "b=2");
    ck_assert_uint_eq(got.names.n, 3);
    ck_assert_str_eq(got.names.v[0], "p");
    ck_assert_str_eq(got.names.v[1], "q");
    ck_assert_str_eq(got.names.v[2], "r");
}
END_TEST

START_TEST(numbers_are_whole_and_in_range)
{
    ck_assert(parse("--seed=18446744073709551615", "--count=1", NULL, NULL));
    ck_assert(got.has_seed && got.seed == UINT64_MAX);
    ck_assert(!parse("--count=0", NULL, NULL, NULL));
    ck_assert_int_eq(e.kind, ERR_USAGE);
    err_clear(&e);
    ck_assert(!parse("--seed=-1", NULL, NULL, NULL));
    err_clear(&e);
    ck_assert(!parse("--seed=1e3", NULL, NULL, NULL));
}
END_TEST

START_TEST(a_misspelt_option_is_answered_with_the_nearest)
{
    ck_assert(!parse("--sed=1", NULL, NULL, NULL));
    ck_assert_str_eq(e.text,
                     "unknown option \"--sed\"; did you mean \"--seed\"?");
}
END_TEST

START_TEST(a_missing_or_superfluous_value_is_an_error)
{
    ck_assert(!parse("--text", NULL, NULL, NULL));
    ck_assert_str_eq(e.text, "--text needs a value: --text TEXT");
    err_clear(&e);
    ck_assert(!parse("--flag=yes", NULL, NULL, NULL));
    ck_assert_str_eq(e.text, "--flag takes no value, found \"yes\"");
    err_clear(&e);
    ck_assert(!parse("--names=a,,b", NULL, NULL, NULL));
    ck_assert_str_eq(e.text, "empty name in \"a,,b\"");
}
END_TEST

Suite *suite_options(void);
Suite *suite_options(void)
{
    Suite *s = suite_create("options");
    TCase *t = tcase_create("options");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, options_and_operands_may_be_mixed);
    tcase_add_test(t, a_letter_takes_its_value_joined_or_not);
    tcase_add_test(t, two_dashes_end_the_options);
    tcase_add_test(t, lists_keep_their_order_and_names_are_split);
    tcase_add_test(t, numbers_are_whole_and_in_range);
    tcase_add_test(t, a_misspelt_option_is_answered_with_the_nearest);
    tcase_add_test(t, a_missing_or_superfluous_value_is_an_error);
    suite_add_tcase(s, t);
    return s;
}
