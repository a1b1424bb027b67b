/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workloads/log_file.h"

#include "tests/workloads/scratch.h"

static struct err e;
static struct arena *arena;
static char notes[8192];

static void note(void *ctx, const char *text)
{
    size_t n = strlen(notes);
    (void)ctx;
    snprintf(notes + n, sizeof notes - n, "%s\n", text);
}

static struct log_opts opts;

static void setup(void)
{
    err_init(&e);
    arena = arena_new();
    notes[0] = '\0';
    opts = (struct log_opts){
        .keepalive_gap = 5 * SIM_S,
        .busy = 20 * SIM_MS,
        .spread_seed = 1,
        .note = note,
    };
}

static void teardown(void)
{
    err_clear(&e);
    arena_free(arena);
    scratch_remove();
}

/* A line of HOST at second T of a day. */
static size_t add_line(char *at, const char *host, int t, const char *http)
{
    return (size_t)sprintf(at,
                           "%s - - [01/Jan/2024:%02d:%02d:%02d +0000] \"GET "
                           "/%s\" 200 %d\n",
                           host, t / 3600, t / 60 % 60, t % 60, http, t);
}

static struct log_file *read_text(const char *text)
{
    scratch_text(text);
    return log_read(scratch, &opts, arena, &e);
}

static bool noted(const char *text)
{
    return strstr(notes, text) != NULL;
}

START_TEST(requests_close_together_share_a_connection)
{
    char text[2048];
    size_t n = 0;
    n += add_line(text + n, "a", 10, " HTTP/1.1");
    n += add_line(text + n, "b", 12, " HTTP/1.1");
    n += add_line(text + n, "a", 13, " HTTP/1.1");
    n += add_line(text + n, "a", 30, " HTTP/1.1"); /* too late */
    n += add_line(text + n, "b", 40, " HTTP/1.0"); /* one request each */
    n += add_line(text + n, "b", 42, " HTTP/1.0");
    struct log_file *f = read_text(text);
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(f->nconn, 5);
    ck_assert_uint_eq(f->nreq, 6);
    ck_assert_uint_eq(log_conn_first(f, 1) - log_conn_first(f, 0), 2);
    ck_assert_int_eq(f->req[0].t, 0); /* time counts from the first */
    ck_assert_int_eq(f->req[0].bytes, 10);
    ck_assert_int_eq(f->req[1].bytes, 13);
    ck_assert_int_eq(f->req[2].bytes, 12);
    ck_assert(log_conn_persistent(f, 0));
    ck_assert(!log_conn_persistent(f, 4));
    ck_assert(noted("5 connections, an estimate"));
}
END_TEST

START_TEST(a_busy_connection_takes_no_second_request)
{
    char text[2048];
    size_t n = 0;
    for (int i = 0; i < 3; i++)
        n += add_line(text + n, "a", 10, " HTTP/1.1");
    opts.busy = 2 * SIM_S;
    struct log_file *f = read_text(text);
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(f->nconn, 3);
    n += add_line(text + n, "a", 13, " HTTP/1.1");
    n += add_line(text + n, "a", 13, " HTTP/1.1");
    n += add_line(text + n, "a", 13, " HTTP/1.1");
    n += add_line(text + n, "a", 13, " HTTP/1.1");
    scratch_remove();
    f = read_text(text);
    ck_assert_uint_eq(f->nconn, 4); /* three of the four find one idle */
    ck_assert_uint_eq(f->nreq, 7);
}
END_TEST

START_TEST(stamps_are_spread_within_their_second_in_order)
{
    char text[16384];
    size_t n = 0;
    for (int i = 0; i < 100; i++)
        n += add_line(text + n, "a", 10 + i / 50, " HTTP/1.0");
    struct log_file *f = read_text(text);
    simtime_t gap = 0;
    ck_assert_ptr_nonnull(f);
    ck_assert(noted("random instant of its second (spread_seed 1)"));
    for (size_t i = 1; i < f->nreq; i++) {
        ck_assert_int_ge(f->req[i].t, f->req[i - 1].t);
        if (f->req[i].t - f->req[i - 1].t > gap)
            gap = f->req[i].t - f->req[i - 1].t;
    }
    ck_assert_int_le(f->req[49].t, SIM_S);
    ck_assert_int_gt(f->req[49].t, SIM_S / 2);
    ck_assert_int_le(f->req[99].t, 2 * SIM_S);
    ck_assert_int_lt(gap, SIM_S / 4);
    /* the same seed gives the same instants, another others */
    simtime_t t = f->req[30].t;
    ck_assert_int_eq(log_read(scratch, &opts, arena, &e)->req[30].t, t);
    opts.spread_seed = 2;
    ck_assert_int_ne(log_read(scratch, &opts, arena, &e)->req[30].t, t);
}
END_TEST

START_TEST(lines_out_of_order_are_sorted_and_counted)
{
    char text[4096];
    size_t n = 0;
    n += add_line(text + n, "a", 20, " HTTP/1.0");
    n += add_line(text + n, "b", 15, " HTTP/1.0");
    n += add_line(text + n, "c", 25, " HTTP/1.0");
    struct log_file *f = read_text(text);
    ck_assert_uint_eq(f->disordered, 1);
    ck_assert_int_eq(f->req[0].bytes, 15);
    ck_assert_int_eq(f->req[1].bytes, 20);
    ck_assert(noted("warning: 1 lines are stamped earlier than the line "
                    "before, by up to 5 s"));
}
END_TEST

START_TEST(a_few_bad_lines_are_named_and_left_out)
{
    char text[16384];
    size_t n = 0;
    for (int i = 0; i < 100; i++) {
        if (i % 25 == 20)
            n += (size_t)sprintf(text + n, "nonsense number %d\n", i);
        n += add_line(text + n, "a", i, " HTTP/1.0");
    }
    n += (size_t)sprintf(text + n,
                         "h - - [01/Jan/2024:00:01:00 +0000] \"-\" 408 -\n");
    struct log_file *f = read_text(text);
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(f->bad, 4);
    ck_assert_uint_eq(f->silent, 1);
    ck_assert_uint_eq(f->nreq, 100);
    ck_assert(noted("warning: 4 of 105 lines"));
    ck_assert(noted(":21:1: no time stamp in brackets"));
    ck_assert(noted(":47:1: no time stamp"));
    ck_assert(noted(":73:1: no time stamp"));
    ck_assert(!noted(":99:1:")); /* only the first three */
    ck_assert(noted("1 connections on which no request was sent"));
}
END_TEST

START_TEST(more_than_5_percent_bad_lines_are_an_error_unless_lenient)
{
    char text[16384];
    size_t n = 0;
    for (int i = 0; i < 20; i++) {
        if (i % 10 == 5)
            n += (size_t)sprintf(text + n, "nonsense number %d\n", i);
        n += add_line(text + n, "a", i, " HTTP/1.0");
    }
    ck_assert_ptr_null(read_text(text));
    ck_assert_int_eq(e.kind, ERR_CONTENT);
    ck_assert_int_eq(e.line, 6);
    ck_assert_str_eq(e.text, "no time stamp in brackets; 2 of 22 lines are "
                             "not in Common or Combined Log Format (5 % are "
                             "let pass; --lenient reads the good lines)");
    err_clear(&e);
    err_init(&e);
    opts.lenient = true;
    ck_assert_ptr_nonnull(log_read(scratch, &opts, arena, &e));
}
END_TEST

START_TEST(a_log_without_requests_is_an_error)
{
    ck_assert_ptr_null(read_text(""));
    ck_assert_str_eq(e.text, "the log is empty");
    err_clear(&e);
    err_init(&e);
    scratch_remove();
    opts.lenient = true;
    ck_assert_ptr_null(read_text("one\ntwo\n"));
    ck_assert_int_eq(e.kind, ERR_CONTENT);
}
END_TEST

START_TEST(nul_bytes_and_long_lines_are_bad_lines)
{
    size_t n = 0, big = 200000;
    char *text = malloc(big + 65536);
    ck_assert_ptr_nonnull(text);
    for (int i = 0; i < 100; i++)
        n += add_line(text + n, "a", i, " HTTP/1.0");
    memset(text + n, 'x', big);
    n += big;
    text[n++] = '\n';
    memcpy(text + n, "a \0b\n", 5);
    n += 5;
    scratch_write(text, n);
    free(text);
    struct log_file *f = log_read(scratch, &opts, arena, &e);
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(f->bad, 2);
    ck_assert(noted(":101:1: the line is longer than 65536 bytes"));
    ck_assert(noted(":102:1: a NUL byte"));
}
END_TEST

START_TEST(skip_leaves_out_the_beginning)
{
    char text[2048];
    size_t n = 0;
    n += add_line(text + n, "a", 0, " HTTP/1.0");
    n += add_line(text + n, "a", 100, " HTTP/1.0");
    opts.skip = 90 * SIM_S;
    struct log_file *f = read_text(text);
    ck_assert_uint_eq(f->nreq, 1);
    ck_assert_int_ge(f->req[0].t, 9 * SIM_S);
    ck_assert_int_le(f->req[0].t, 11 * SIM_S);
    opts.skip = 200 * SIM_S;
    ck_assert_ptr_null(log_read(scratch, &opts, arena, &e));
    ck_assert_int_eq(e.kind, ERR_CONTENT);
}
END_TEST

START_TEST(one_address_for_all_is_noticed)
{
    char text[16384];
    size_t n = 0;
    for (int i = 0; i < 100; i++)
        n += add_line(text + n, "proxy", i, " HTTP/1.1");
    ck_assert_ptr_nonnull(read_text(text));
    ck_assert(noted("warning: 100 % of the requests come from one address"));
}
END_TEST

/* ---- excerpts of the real ones ---- */

START_TEST(the_nasa_log_is_http_1_0_in_order)
{
    struct log_file *f =
        log_read("tests/data/nasa-common.log", &opts, arena, &e);
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(f->nreq, 60);
    ck_assert_uint_eq(f->nconn, 60);
    ck_assert_uint_eq(f->bad, 0);
    ck_assert_uint_eq(f->disordered, 0);
    ck_assert(!noted("warning"));
}
END_TEST

START_TEST(the_usask_log_has_requests_without_a_protocol)
{
    struct log_file *f =
        log_read("tests/data/usask-common.log", &opts, arena, &e);
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(f->nreq, 40);
    ck_assert_uint_eq(f->nconn, 40);
    ck_assert_uint_eq(f->bad, 0);
}
END_TEST

START_TEST(the_elastic_log_is_no_arrival_process)
{
    struct log_file *f =
        log_read("tests/data/elastic-combined.log.gz", &opts, arena, &e);
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(f->nreq, 400);
    ck_assert_uint_eq(f->bad, 0);
    ck_assert_uint_gt(f->disordered, 100);
    ck_assert(f->clumped);
    ck_assert(noted("warning: 400 of 400 requests fall into minute :05 of an "
                    "hour: the stamps are no arrival process"));
    ck_assert(noted("is not in order of time and was sorted"));
}
END_TEST

START_TEST(stamps_of_whole_minutes_are_no_arrival_process)
{
    char *text = malloc(200000);
    size_t n = 0;
    ck_assert_ptr_nonnull(text);
    for (int i = 0; i < 1000; i++)
        n += add_line(text + n, "a", i * 60 % 80000, " HTTP/1.0");
    struct log_file *f = read_text(text);
    free(text);
    ck_assert_ptr_nonnull(f);
    ck_assert(f->clumped);
    ck_assert(noted("fall into second :00 of a minute"));
}
END_TEST

Suite *suite_log_file(void);
Suite *suite_log_file(void)
{
    Suite *s = suite_create("workloads/log_file");
    TCase *t = tcase_create("log_file");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, requests_close_together_share_a_connection);
    tcase_add_test(t, a_busy_connection_takes_no_second_request);
    tcase_add_test(t, stamps_are_spread_within_their_second_in_order);
    tcase_add_test(t, lines_out_of_order_are_sorted_and_counted);
    tcase_add_test(t, a_few_bad_lines_are_named_and_left_out);
    tcase_add_test(t,
                   more_than_5_percent_bad_lines_are_an_error_unless_lenient);
    tcase_add_test(t, a_log_without_requests_is_an_error);
    tcase_add_test(t, nul_bytes_and_long_lines_are_bad_lines);
    tcase_add_test(t, skip_leaves_out_the_beginning);
    tcase_add_test(t, one_address_for_all_is_noticed);
    tcase_add_test(t, the_nasa_log_is_http_1_0_in_order);
    tcase_add_test(t, the_usask_log_has_requests_without_a_protocol);
    tcase_add_test(t, the_elastic_log_is_no_arrival_process);
    tcase_add_test(t, stamps_of_whole_minutes_are_no_arrival_process);
    suite_add_tcase(s, t);
    return s;
}
