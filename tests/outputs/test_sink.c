/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outputs/sink.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

START_TEST(a_string_grows)
{
    struct sink s;
    sink_string(&s);
    for (int i = 0; i < 1000; i++) {
        sink_int(&s, i % 10);
        sink_char(&s, ',');
    }
    sink_format(&s, "%s=%d", "end", 7);
    char *text = sink_take(&s);
    ck_assert_uint_eq(strlen(text), 2005);
    ck_assert_str_eq(text + 1996, "8,9,end=7");
    free(text);
}
END_TEST

START_TEST(long_formats_are_not_cut)
{
    struct sink s;
    char want[1201];
    memset(want, 'x', 1200);
    want[1200] = '\0';
    sink_string(&s);
    sink_format(&s, "%s", want);
    char *text = sink_take(&s);
    ck_assert_str_eq(text, want);
    free(text);
}
END_TEST

START_TEST(what_did_not_happen_is_blank)
{
    struct sink s;
    sink_string(&s);
    sink_time(&s, SIM_NEVER, 6);
    sink_char(&s, '|');
    sink_stat(&s, (double)NAN);
    sink_char(&s, '|');
    sink_count(&s, (double)NAN);
    char *text = sink_take(&s);
    ck_assert_str_eq(text, "||");
    free(text);
}
END_TEST

START_TEST(a_file_holds_what_was_written)
{
    char path[] = "/tmp/mpmsim-sink-XXXXXX", line[32];
    struct err e;
    struct sink s;
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    err_init(&e);
    ck_assert(sink_open(&s, path, &e));
    for (int i = 0; i < 50000; i++) /* several buffers */
        sink_format(&s, "%d\n", i);
    ck_assert(sink_close(&s, &e));
    FILE *f = fopen(path, "r");
    ck_assert_ptr_nonnull(f);
    for (int i = 0; i < 50000; i++) {
        ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
        ck_assert_int_eq(atoi(line), i);
    }
    ck_assert_int_eq(fgetc(f), EOF);
    fclose(f);
    unlink(path);
}
END_TEST

START_TEST(a_full_disk_is_reported_once_with_its_path)
{
    struct err e;
    struct sink s;
    err_init(&e);
    ck_assert(sink_open(&s, "/dev/full", &e));
    for (int i = 0; i < 100000; i++)
        sink_text(&s, "0123456789\n");
    ck_assert_int_ne(s.error, 0);
    ck_assert(!sink_close(&s, &e));
    ck_assert_int_eq(e.kind, ERR_IO);
    char *text = err_format(&e);
    ck_assert_str_eq(text, "/dev/full: cannot write: No space left on device");
    free(text);
    err_clear(&e);
}
END_TEST

START_TEST(a_full_disk_is_noticed_even_at_the_end)
{
    struct err e;
    struct sink s;
    err_init(&e);
    ck_assert(sink_open(&s, "/dev/full", &e));
    sink_text(&s, "x");
    ck_assert(!sink_close(&s, &e));
    ck_assert_int_eq(e.kind, ERR_IO);
    err_clear(&e);
}
END_TEST

START_TEST(a_missing_folder_is_named)
{
    struct err e;
    struct sink s;
    err_init(&e);
    ck_assert(!sink_open(&s, "/nonexistent/x.csv", &e));
    char *text = err_format(&e);
    ck_assert_str_eq(text, "/nonexistent/x.csv: cannot create: No such file "
                           "or directory");
    free(text);
    err_clear(&e);
}
END_TEST

Suite *suite_sink(void);
Suite *suite_sink(void)
{
    Suite *s = suite_create("sink");
    TCase *t = tcase_create("sink");
    tcase_add_test(t, a_string_grows);
    tcase_add_test(t, long_formats_are_not_cut);
    tcase_add_test(t, what_did_not_happen_is_blank);
    tcase_add_test(t, a_file_holds_what_was_written);
    tcase_add_test(t, a_full_disk_is_reported_once_with_its_path);
    tcase_add_test(t, a_full_disk_is_noticed_even_at_the_end);
    tcase_add_test(t, a_missing_folder_is_named);
    suite_add_tcase(s, t);
    return s;
}
