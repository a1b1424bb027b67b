/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "sim/err.h"

Suite *suite_err(void);

static void check_format(const struct err *e, const char *want)
{
    char *text = err_format(e);
    ck_assert_str_eq(text, want);
    free(text);
}

START_TEST(the_first_error_wins)
{
    struct err e;
    err_init(&e);
    ck_assert(!err_set(&e, ERR_USAGE, "no verb \"%s\"", "rnu"));
    ck_assert(!err_set(&e, ERR_IO, "later"));
    ck_assert(!err_at(&e, ERR_IO, "f", 1, 1, NULL, "later"));
    ck_assert_int_eq(e.kind, ERR_USAGE);
    check_format(&e, "no verb \"rnu\"");
    err_clear(&e);
    ck_assert_int_eq(e.kind, ERR_NONE);
    ck_assert(!err_set(&e, ERR_IO, "now"));
    check_format(&e, "now");
    err_clear(&e);
}
END_TEST

START_TEST(a_place_is_written_as_compilers_do)
{
    static const struct {
        const char *file;
        long line, col;
        const char *path, *want;
    } cases[] = {
        { "a.json", 13, 9, "$.x", "a.json:13:9: $.x: bad" },
        { "a.json", 13, 9, NULL, "a.json:13:9: bad" },
        { "a.json", 13, 0, NULL, "a.json:13: bad" },
        { "a.json", 0, 0, "$.x", "a.json: $.x: bad" },
        { NULL, 4, 5, "$.x", "$.x: bad" },
        { NULL, 0, 0, NULL, "bad" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err e;
        err_init(&e);
        err_at(&e, ERR_CONTENT, cases[i].file, cases[i].line, cases[i].col,
               cases[i].path, "%s", "bad");
        check_format(&e, cases[i].want);
        err_clear(&e);
    }
}
END_TEST

START_TEST(the_nearest_name_is_found)
{
    static const char *const names[] = {
        "KeepAliveTimeout",
        "KeepAlive",
        "MinSpareThreads",
        "MaxSpareThreads",
        "MaxRequestWorkers",
        "run",
        "seed",
        "Timeout",
        "mpm",
    };
    static const struct {
        const char *name, *want;
    } cases[] = {
        { "KeepAliveTimeOut", "KeepAliveTimeout" },
        { "MinSpareThread", "MinSpareThreads" },
        { "maxspareThreads", "MaxSpareThreads" },
        { "MaxRequestWorker", "MaxRequestWorkers" },
        { "rnu", "run" },
        { "sed", "seed" },
        { "Tiemout", "Timeout" },
        { "mpn", "mpm" },
        { "frobnicate", NULL },
        { "xyz", NULL },
        { "", NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *got =
            err_nearest(cases[i].name, names, sizeof names / sizeof *names);
        if (cases[i].want)
            ck_assert_msg(got && strcmp(got, cases[i].want) == 0, "%s gives %s",
                          cases[i].name, got ? got : "nothing");
        else
            ck_assert_msg(!got, "%s gives %s", cases[i].name, got);
    }
    char huge[1001];
    memset(huge, 'a', 1000);
    huge[1000] = '\0';
    ck_assert_ptr_null(err_nearest(huge, names, 3));
    ck_assert_ptr_null(err_nearest("run", names, 0));
}
END_TEST

Suite *suite_err(void)
{
    Suite *s = suite_create("err");
    TCase *c = tcase_create("err");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, the_first_error_wins);
    tcase_add_test(c, a_place_is_written_as_compilers_do);
    tcase_add_test(c, the_nearest_name_is_found);
    suite_add_tcase(s, c);
    return s;
}
