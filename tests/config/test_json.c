/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/json.h"
#include "sim/must.h"

static struct json *parse(const char *text)
{
    struct err e;
    struct json *j;

    err_init(&e);
    j = json_parse("x.json", text, strlen(text), &e);
    ck_assert_msg(j != NULL, "%s", e.text);
    return j;
}

static void refuse(const char *text, size_t len, const char *message)
{
    struct err e;
    char *got;

    err_init(&e);
    ck_assert_ptr_null(json_parse("x.json", text, len, &e));
    ck_assert_int_eq(e.kind, ERR_CONTENT);
    got = err_format(&e);
    ck_assert_str_eq(got, message);
    free(got);
    err_clear(&e);
}

START_TEST(values_keep_type_and_order)
{
    struct json *j = parse("{ \"a\": [ 1, -2.5e1, true, null, \"x\" ],"
                           " \"b\": {} } // end");
    struct json_node *a = json_first(json_root(j));

    ck_assert_str_eq(json_key(a), "a");
    ck_assert_int_eq(json_type(a), JSON_LIST);
    ck_assert_uint_eq(json_len(a), 5);
    ck_assert_double_eq(json_number(json_at(a, 1)), -25);
    ck_assert(json_bool(json_at(a, 2)));
    ck_assert_int_eq(json_type(json_at(a, 3)), JSON_NULL);
    ck_assert_str_eq(json_string(json_at(a, 4)), "x");
    ck_assert_ptr_null(json_at(a, 5));
    ck_assert_int_eq(json_type(json_next(a)), JSON_OBJECT);
    ck_assert_ptr_null(json_get(json_root(j), "A"));
    json_free(j);
}
END_TEST

START_TEST(comments_move_nothing)
{
    struct json *j = parse("/* é\n */ { // \"{\" grüße\n"
                           "  \"url\": \"http://x/*y*/\", /* a */ \"b\": 1 }");
    long line, col;
    const struct json_node *b = json_get(json_root(j), "b");

    ck_assert_str_eq(json_string(json_first(json_root(j))), "http://x/*y*/");
    ck_assert(json_locate(j, b, true, &line, &col));
    ck_assert_int_eq(line, 3);
    ck_assert_int_eq(col, 35);
    ck_assert(json_locate(j, b, false, &line, &col));
    ck_assert_int_eq(col, 40);
    json_free(j);
}
END_TEST

START_TEST(paths_name_nodes)
{
    struct json *j = parse("{ \"s\": [ {}, { \"a b\": [ [ 1, 2 ] ] } ] }");
    const struct json_node *n = json_at(json_first(json_root(j)), 1);
    char path[100], cut[12];
    long line, col;

    n = json_at(json_at(json_first(n), 0), 1);
    ck_assert_str_eq(json_path(j, n, path, sizeof path),
                     "$.s[1][\"a b\"][0][1]");
    ck_assert_str_eq(json_path(j, n, cut, sizeof cut), "$.s[1][\"a b");
    ck_assert_str_eq(json_path(j, json_root(j), path, sizeof path), "$");
    ck_assert(json_locate(j, n, false, &line, &col));
    ck_assert_int_eq(col, 30);
    json_free(j);
}
END_TEST

START_TEST(deep_nesting_is_refused_at_its_place)
{
    char *text = must_alloc(20001);

    memset(text, '[', 10000);
    memset(text + 10000, ']', 10000);
    text[20000] = '\0';
    refuse(text, 20000, "x.json:1:101: nested more than 100 levels deep");
    memset(text, '[', 100);
    memset(text + 100, ']', 100);
    text[200] = '\0';
    json_free(parse(text));
    free(text);
}
END_TEST

START_TEST(a_line_of_100_mb_is_refused_unread)
{
    size_t len = (size_t)100 << 20;
    char *text = must_alloc(len);

    memset(text, 'x', len);
    refuse(text, len,
           "x.json: the file is larger than 8 MiB; a scenario is small, "
           "traces and logs are files it names");
    free(text);
}
END_TEST

START_TEST(too_many_values_are_refused)
{
    size_t n = 1100000, len = 0;
    char *text = must_alloc(2 * n + 2);

    text[len++] = '[';
    for (size_t i = 0; i < n; i++) {
        text[len++] = '1';
        text[len++] = i + 1 < n ? ',' : ']';
    }
    refuse(text, len,
           "x.json:1:2000000: more than 1000000 values in one "
           "file");
    free(text);
}
END_TEST

START_TEST(a_million_keys_are_checked_for_duplicates_in_time)
{
    char *text = must_alloc(8 << 20);
    size_t len = 0;

    text[len++] = '{';
    for (int i = 0; i < 300000; i++)
        len += (size_t)sprintf(text + len, "\"k%d\":1,", i);
    len += (size_t)sprintf(text + len, "\"k7\":1}");
    refuse(text, len,
           "x.json:1:3488892: $.k7: the key \"k7\" is given twice; keep one "
           "of them");
    free(text);
}
END_TEST

START_TEST(bytes_that_are_no_text_are_refused)
{
    refuse("{\0}", 3,
           "x.json:1:2: a NUL byte; the file must be text in "
           "UTF-8");
    refuse("\"\xed\xa0\x80\"", 5,
           "x.json:1:2: byte 0xed is not valid UTF-8; save the file as "
           "UTF-8");
    refuse("\"\xc0\xaf\"", 4,
           "x.json:1:2: byte 0xc0 is not valid UTF-8; save the file as "
           "UTF-8");
    refuse("\"\xe2\x82\"", 4,
           "x.json:1:2: byte 0xe2 is not valid UTF-8; save the file as "
           "UTF-8");
    refuse("\xff\xfe{", 3,
           "x.json:1:1: the file is UTF-16; save it as "
           "UTF-8");
}
END_TEST

START_TEST(escapes_are_checked)
{
    struct json *j = parse("\"\\u00e9 \\ud83d\\ude00 \\n\"");

    ck_assert_str_eq(json_string(json_root(j)), "é 😀 \n");
    json_free(j);
    refuse("\"\\ud83d\"", 8, "x.json:1:2: half of a surrogate pair");
    refuse("\"\\u0000\"", 8,
           "x.json:1:2: a string cannot hold a NUL character");
    refuse("\"\\u12g4\"", 8, "x.json:1:2: \\u needs four hexadecimal digits");
    refuse("\"\\", 2,
           "x.json:1:2: unknown escape in a string; write \\\\ "
           "for a backslash");
}
END_TEST

START_TEST(every_cut_of_a_document_is_refused)
{
    const char *whole = "{\"a\":[1,{\"b\":\"c\\u00e9\"},true],\"d\":-1.5e3}";

    for (size_t n = 0; n < strlen(whole); n++) {
        struct err e;
        err_init(&e);
        ck_assert_ptr_null(json_parse("x.json", whole, n, &e));
        ck_assert(e.text != NULL && e.line >= 1 && e.col >= 1);
        err_clear(&e);
    }
    json_free(parse(whole));
}
END_TEST

START_TEST(values_put_in_remember_their_origin)
{
    struct json *j = parse("{ \"a\": { \"b\": 1 }, \"l\": [ 1, 2 ] }");
    struct json_node *a = json_get(json_root(j), "a");
    struct json_node *l = json_get(json_root(j), "l");
    long line, col;

    json_put(j, a, "b", json_value("2s"), "--set a.b=2s");
    json_put(j, a, "c", json_value("[1]"), "--set a.c=[1]");
    json_put_at(j, l, 1, json_value("true"), "--set l.1=true");
    ck_assert_str_eq(json_string(json_get(a, "b")), "2s");
    ck_assert_int_eq(json_type(json_get(a, "c")), JSON_LIST);
    ck_assert_str_eq(json_origin(j, json_at(json_get(a, "c"), 0)),
                     "--set a.c=[1]");
    ck_assert_str_eq(json_origin(j, json_at(l, 1)), "--set l.1=true");
    ck_assert_ptr_null(json_origin(j, json_at(l, 0)));
    ck_assert(!json_locate(j, json_get(a, "c"), false, &line, &col));
    ck_assert(json_locate(j, json_at(l, 0), false, &line, &col));
    ck_assert_int_eq(col, 27);
    json_put(j, json_root(j), "a", json_value("1"), "--set a=1");
    ck_assert_str_eq(json_origin(j, json_get(json_root(j), "a")), "--set a=1");
    json_free(j);
}
END_TEST

START_TEST(messages_show_values_cleaned)
{
    struct json *j = parse("[ \"a\\u0007b\", \"éééééééééééééééééééé\" ]");
    char buf[24];

    ck_assert_str_eq(json_show(json_at(json_root(j), 0), buf, sizeof buf),
                     "\"a?b\"");
    ck_assert_str_eq(json_show(json_at(json_root(j), 1), buf, sizeof buf),
                     "\"ééééééééé...\"");
    json_free(j);
}
END_TEST

START_TEST(a_file_that_is_not_there_is_named)
{
    struct err e;

    err_init(&e);
    ck_assert_ptr_null(json_load("tests/none.json", &e));
    ck_assert_int_eq(e.kind, ERR_IO);
    ck_assert_str_eq(e.text, "cannot open: No such file or directory");
    err_clear(&e);
    ck_assert_ptr_null(json_load("tests", &e));
    ck_assert_int_eq(e.kind, ERR_IO);
    err_clear(&e);
}
END_TEST

START_TEST(what_is_no_text_is_mended)
{
    char text[] = "{ \"a\": \"tw\xe9.log \xc3\xa9 \xe2\x82\" }";
    struct err e;
    struct json *j;

    json_mend(text);
    err_init(&e);
    j = json_parse("x.json", text, strlen(text), &e);
    ck_assert_ptr_nonnull(j);
    ck_assert_str_eq(json_string(json_get(json_root(j), "a")),
                     "tw?.log \xc3\xa9 ??");
    json_free(j);
}
END_TEST

Suite *suite_json(void);

Suite *suite_json(void)
{
    Suite *s = suite_create("json");
    TCase *tc = tcase_create("documents");

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, values_keep_type_and_order);
    tcase_add_test(tc, comments_move_nothing);
    tcase_add_test(tc, paths_name_nodes);
    tcase_add_test(tc, deep_nesting_is_refused_at_its_place);
    tcase_add_test(tc, a_line_of_100_mb_is_refused_unread);
    tcase_add_test(tc, too_many_values_are_refused);
    tcase_add_test(tc, a_million_keys_are_checked_for_duplicates_in_time);
    tcase_add_test(tc, bytes_that_are_no_text_are_refused);
    tcase_add_test(tc, what_is_no_text_is_mended);
    tcase_add_test(tc, escapes_are_checked);
    tcase_add_test(tc, every_cut_of_a_document_is_refused);
    tcase_add_test(tc, values_put_in_remember_their_origin);
    tcase_add_test(tc, messages_show_values_cleaned);
    tcase_add_test(tc, a_file_that_is_not_there_is_named);
    suite_add_tcase(s, tc);
    return s;
}
