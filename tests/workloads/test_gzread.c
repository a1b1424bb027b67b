/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workloads/gzread.h"

#include "tests/workloads/scratch.h"

#include <stdint.h>
#include <zlib.h>

static unsigned char packed[1 << 20];

/* Appends TEXT as a gzip member at PACKED + AT; returns the new end. */
static size_t pack(size_t at, const char *text, size_t len)
{
    z_stream z = { 0 };
    ck_assert_int_eq(
        deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (Bytef *)(uintptr_t)text;
    z.avail_in = (uInt)len;
    z.next_out = packed + at;
    z.avail_out = (uInt)(sizeof packed - at);
    ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    at = sizeof packed - z.avail_out;
    deflateEnd(&z);
    return at;
}

/* The lines of the scratch file joined with '|', or the error's kind. */
static char *joined(enum err_kind *kind, char **message)
{
    static char all[4096];
    struct err e;
    struct gzread *g;
    char *line;
    size_t len, at = 0;
    bool cut;
    err_init(&e);
    all[0] = '\0';
    g = gzread_open(scratch, &e);
    while (g && gzread_line(g, &line, &len, &cut, &e)) {
        ck_assert_int_eq(line[len], 0);
        if (at + len + 2 < sizeof all)
            at += (size_t)sprintf(all + at, "%s%s", at ? "|" : "", line);
    }
    gzread_close(g);
    *kind = e.kind;
    *message = err_format(&e);
    err_clear(&e);
    scratch_remove();
    return all;
}

static void check_lines(const char *want)
{
    enum err_kind kind;
    char *message, *got = joined(&kind, &message);
    ck_assert_str_eq(got, want);
    ck_assert_int_eq(kind, ERR_NONE);
    free(message);
}

START_TEST(plain_lines_come_one_by_one)
{
    scratch_text("a\nbc\n\nlast");
    check_lines("a|bc||last");
}
END_TEST

START_TEST(crlf_ends_a_line_too)
{
    scratch_text("a\r\nb\rc\r\n");
    check_lines("a|b\rc");
}
END_TEST

START_TEST(an_empty_file_has_no_lines)
{
    scratch_text("");
    check_lines("");
}
END_TEST

START_TEST(gzip_is_told_by_its_first_bytes_and_may_have_members)
{
    size_t n = pack(0, "one\ntw", 6);
    n = pack(n, "o\nthree\n", 8);
    memset(packed + n, 0, 500); /* padding as of tapes */
    scratch_write(packed, n + 500);
    check_lines("one|two|three");
}
END_TEST

START_TEST(a_truncated_gzip_is_an_error_after_its_last_line)
{
    enum err_kind kind;
    char *message, text[3000];
    size_t n, i;
    for (i = 0; i < sizeof text; i++)
        text[i] =
            (char)(i % 10 == 9 ? '\n' : 'a' + (int)(i * i * i % 997 % 26));
    n = pack(0, text, sizeof text);
    scratch_write(packed, n - 40);
    (void)joined(&kind, &message);
    ck_assert_int_eq(kind, ERR_IO);
    ck_assert_ptr_nonnull(strstr(message, "truncated"));
    free(message);
}
END_TEST

START_TEST(damage_inside_a_gzip_is_an_error)
{
    enum err_kind kind;
    char *message;
    size_t n = pack(0, "some text that is packed\n", 25);
    packed[n - 6] ^= 1; /* its check sum */
    scratch_write(packed, n);
    (void)joined(&kind, &message);
    ck_assert_int_eq(kind, ERR_IO);
    ck_assert_ptr_nonnull(strstr(message, "damaged"));
    free(message);
    n = pack(0, "x\n", 2);
    memcpy(packed + n, "garbage", 7);
    scratch_write(packed, n + 7);
    (void)joined(&kind, &message);
    ck_assert_int_eq(kind, ERR_IO);
    free(message);
}
END_TEST

START_TEST(a_missing_file_is_named_with_the_reason)
{
    struct err e;
    char *m;
    err_init(&e);
    ck_assert_ptr_null(gzread_open("no/such/file.log", &e));
    ck_assert_int_eq(e.kind, ERR_IO);
    m = err_format(&e);
    ck_assert_str_eq(m, "no/such/file.log: cannot open: "
                        "No such file or directory");
    free(m);
    err_clear(&e);
}
END_TEST

START_TEST(a_folder_is_no_file)
{
    struct err e;
    err_init(&e);
    ck_assert_ptr_null(gzread_open("/tmp", &e));
    ck_assert_int_eq(e.kind, ERR_IO);
    err_clear(&e);
}
END_TEST

/* Lengths round the limit and round the buffer, with a short line behind. */
START_TEST(long_lines_are_cut_and_the_next_is_whole)
{
    static const size_t lengths[] = { 65535,  65536,  65537,  65538,  131072,
                                      262143, 262144, 262145, 3000000 };
    size_t n = lengths[_i], len;
    char *text = malloc(n + 6), *line;
    struct err e;
    bool cut;
    ck_assert_ptr_nonnull(text);
    memcpy(text, "hi\n", 3);
    memset(text + 3, 'x', n);
    memcpy(text + 3 + n, "\nhe", 3);
    scratch_write(text, n + 6);
    free(text);
    err_init(&e);
    struct gzread *g = gzread_open(scratch, &e);
    ck_assert(gzread_line(g, &line, &len, &cut, &e));
    ck_assert_str_eq(line, "hi");
    ck_assert(gzread_line(g, &line, &len, &cut, &e));
    ck_assert_uint_eq(len, n < GZREAD_LINE_MAX ? n : GZREAD_LINE_MAX);
    ck_assert_int_eq(cut, n > GZREAD_LINE_MAX);
    ck_assert_int_eq(line[0], 'x');
    ck_assert_int_eq(line[len - 1], 'x');
    ck_assert(gzread_line(g, &line, &len, &cut, &e));
    ck_assert_str_eq(line, "he");
    ck_assert(!cut);
    ck_assert_int_eq(gzread_lineno(g), 3);
    ck_assert(!gzread_line(g, &line, &len, &cut, &e));
    ck_assert_int_eq(e.kind, ERR_NONE);
    gzread_close(g);
    scratch_remove();
}
END_TEST

Suite *suite_gzread(void);
Suite *suite_gzread(void)
{
    Suite *s = suite_create("workloads/gzread");
    TCase *t = tcase_create("gzread");
    tcase_add_test(t, plain_lines_come_one_by_one);
    tcase_add_test(t, crlf_ends_a_line_too);
    tcase_add_test(t, an_empty_file_has_no_lines);
    tcase_add_test(t, gzip_is_told_by_its_first_bytes_and_may_have_members);
    tcase_add_test(t, a_truncated_gzip_is_an_error_after_its_last_line);
    tcase_add_test(t, damage_inside_a_gzip_is_an_error);
    tcase_add_test(t, a_missing_file_is_named_with_the_reason);
    tcase_add_test(t, a_folder_is_no_file);
    tcase_add_loop_test(t, long_lines_are_cut_and_the_next_is_whole, 0, 9);
    suite_add_tcase(s, t);
    return s;
}
