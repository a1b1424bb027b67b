/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every bad scenario and configuration of this folder, beside the exact
 * message expected: NAME.json or NAME.conf is read and what is wrong with it
 * must be the text of NAME.txt, byte for byte. */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/httpd_conf.h"
#include "config/scenario.h"
#include "sim/must.h"

#define FOLDER "tests/invalid"

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in FOLDER that end in SUFFIX, in order; caller frees. */
static char **list(const char *suffix, size_t *n)
{
    DIR *d = opendir(FOLDER);
    struct dirent *entry;
    char **names = NULL;

    *n = 0;
    ck_assert_msg(d != NULL, "run the tests from the top of the tree");
    while ((entry = readdir(d)) != NULL) {
        size_t len = strlen(entry->d_name), end = strlen(suffix);
        if (len <= end || strcmp(entry->d_name + len - end, suffix) != 0)
            continue;
        names = must_realloc(names, *n + 1, sizeof *names);
        names[(*n)++] = must_strdup(entry->d_name);
    }
    closedir(d);
    qsort(names, *n, sizeof *names, by_name);
    return names;
}

static char *expected(const char *name)
{
    char path[300], *text = must_zalloc(1, 4096);
    size_t n;
    FILE *f;

    (void)snprintf(path, sizeof path, FOLDER "/%s", name);
    (void)strcpy(strrchr(path, '.'), ".txt");
    f = fopen(path, "rb");
    ck_assert_msg(f != NULL, "%s is missing", path);
    n = fread(text, 1, 4095, f);
    fclose(f);
    ck_assert_msg(n > 0 && text[n - 1] == '\n', "%s has no line", path);
    text[n - 1] = '\0';
    return text;
}

static void read_scenario(const char *path, struct err *e)
{
    struct scenario *sc = scenario_load(path, NULL, e);

    ck_assert_msg(sc == NULL, "%s was accepted", path);
}

static void read_conf(const char *path, struct err *e)
{
    struct arena *a = arena_new();
    struct httpd_conf c;

    ck_assert_msg(!httpd_conf_load(path, NULL, a, &c, e), "%s was accepted",
                  path);
    arena_free(a);
}

static void each(const char *suffix, size_t least,
                 void (*reads)(const char *, struct err *))
{
    size_t n, wrong = 0;
    char **names = list(suffix, &n);

    ck_assert_uint_ge(n, least);
    for (size_t i = 0; i < n; i++) {
        char path[300], *want = expected(names[i]), *got;
        struct err e;
        err_init(&e);
        (void)snprintf(path, sizeof path, FOLDER "/%s", names[i]);
        reads(path, &e);
        got = err_format(&e);
        if (strcmp(got, want) != 0) {
            fprintf(stderr, "%s\n  expected %s\n  found    %s\n", path, want,
                    got);
            wrong++;
        }
        free(got);
        free(want);
        err_clear(&e);
        free(names[i]);
    }
    free(names);
    ck_assert_uint_eq(wrong, 0);
}

START_TEST(bad_scenarios_get_the_message_beside_them)
{
    each(".json", 100, read_scenario);
}
END_TEST

START_TEST(bad_configurations_get_the_message_beside_them)
{
    each(".conf", 30, read_conf);
}
END_TEST

Suite *suite_invalid(void);

Suite *suite_invalid(void)
{
    Suite *s = suite_create("invalid");
    TCase *tc = tcase_create("messages");

    tcase_add_test(tc, bad_scenarios_get_the_message_beside_them);
    tcase_add_test(tc, bad_configurations_get_the_message_beside_them);
    suite_add_tcase(s, tc);
    return s;
}
