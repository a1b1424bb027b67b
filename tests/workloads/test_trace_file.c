/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workloads/trace_file.h"

#include "tests/workloads/scratch.h"

static struct err e;
static struct arena *arena;

static void setup(void)
{
    err_init(&e);
    arena = arena_new();
}

static void teardown(void)
{
    err_clear(&e);
    arena_free(arena);
    scratch_remove();
}

static struct trace *read_rows(const char *rows)
{
    char text[4096];
    snprintf(text, sizeof text, "%s\n%s", TRACE_HEADER, rows);
    scratch_text(text);
    return trace_read(scratch, arena, &e);
}

/* The message without the name of the file. */
static const char *said(void)
{
    static char text[1024];
    char *m = err_format(&e);
    snprintf(text, sizeof text, "%s", m + strlen(scratch) + 1);
    free(m);
    return text;
}

START_TEST(rows_become_connections_and_requests)
{
    struct trace *t = read_rows("7,0.5102,1,150000,8.5,0,0.25,20,1.5,1000,0,0\n"
                                "7,0.5102,1,150000,8.5,1,3,0,0,69000000,1,1\n"
                                "3,0.5102,0,0,0,0,0,0,0,0,0,0\n");
    ck_assert_ptr_nonnull(t);
    ck_assert_uint_eq(t->nconn, 2);
    ck_assert_uint_eq(t->nreq, 3);
    ck_assert(t->tls);
    ck_assert_uint_eq(t->conn[0].id, 7);
    ck_assert_int_eq(t->conn[0].start, 510200000);
    ck_assert(t->conn[0].tls && t->conn[0].hold && t->conn[0].n == 2);
    ck_assert(t->conn[0].down == 150000.0f && t->conn[0].up == 8.5f);
    ck_assert_int_eq(t->req[0].think, 250000000);
    ck_assert_int_eq(t->req[0].sleep, 20 * SIM_MS);
    ck_assert_int_eq(t->req[0].cpu, 1500 * SIM_US);
    ck_assert_uint_eq(t->req[0].body, 2000);
    ck_assert_uint_eq(t->req[1].body, 138000001);
    ck_assert_uint_eq(t->conn[1].first, 2);
    ck_assert(!t->conn[1].tls && !t->conn[1].hold);
}
END_TEST

START_TEST(an_empty_trace_is_a_trace)
{
    struct trace *t = read_rows("");
    ck_assert_ptr_nonnull(t);
    ck_assert_uint_eq(t->nconn, 0);
}
END_TEST

START_TEST(crlf_is_allowed)
{
    scratch_text(TRACE_HEADER "\r\n0,1,0,0,0,0,0,0,0,0,0,0\r\n");
    ck_assert_ptr_nonnull(trace_read(scratch, arena, &e));
}
END_TEST

static const struct {
    const char *rows, *message;
} bad[] = {
    { "0,1,0,0,0,0,0,0,0,0,0\n",
      "2:1: 11 columns where 12 are wanted: " TRACE_HEADER },
    { "\n", "2:1: 1 column where 12 are wanted: " TRACE_HEADER },
    { "0,1,0,0,0,0,0,0,0,0,0,0,0\n",
      "2:1: 13 columns where 12 are wanted: " TRACE_HEADER },
    { "x,1,0,0,0,0,0,0,0,0,0,0\n", "2:1: conn: \"x\" is not a number" },
    { "0,1,0,0,0,0,0,,0,0,0,0\n", "2:15: sleep_ms is missing" },
    { "0,-1,0,0,0,0,0,0,0,0,0,0\n",
      "2:3: start_s: \"-1\" must not be negative" },
    { "0,1,2,0,0,0,0,0,0,0,0,0\n",
      "2:5: tls: 2 is not allowed; it must be 0 or 1" },
    { "0,1,0,0,0,0,0,0,0,1.5,0,0\n",
      "2:19: bytes: \"1.5\" is not a whole number" },
    { "0,1e30,0,0,0,0,0,0,0,0,0,0\n",
      "2:3: start_s: 1e30 is not allowed; it must be at most 73 years" },
    { "0,1,0,0,0,1,0,0,0,0,0,0\n",
      "2:11: conn 0 begins with req 1; its first row must be req 0, and its "
      "rows must stand together" },
    { "0,1,0,0,0,0,0,0,0,0,0,0\n0,1,0,0,0,2,0,0,0,0,0,0\n",
      "3:11: req is 2 where 1 is next; a connection's requests are numbered "
      "0, 1, 2 ... in turn" },
    { "0,1,0,0,0,0,0,0,0,0,0,0\n0,2,0,0,0,1,0,0,0,0,0,0\n",
      "3:3: start_s differs from the row above; all rows of conn 0 must "
      "repeat its fields" },
    { "0,1,0,0,0,0,0,0,0,0,0,0\n0,1,0,5,0,1,0,0,0,0,0,0\n",
      "3:7: down_Bps differs from the row above; all rows of conn 0 must "
      "repeat its fields" },
    { "0,2,0,0,0,0,0,0,0,0,0,0\n1,1.5,0,0,0,0,0,0,0,0,0,0\n",
      "3:3: conn 1 starts at 1.5s, before conn 0 on line 2 (2s); sort the "
      "connections by start_s" },
    { "5,1,0,0,0,0,0,0,0,0,0,0\n6,1,0,0,0,0,0,0,0,0,0,0\n"
      "5,1,0,0,0,0,0,0,0,0,0,0\n",
      "4:1: conn 5 was on line 2 already; the rows of a connection must stand "
      "together" },
};

START_TEST(bad_rows_are_refused_at_their_place)
{
    ck_assert_ptr_null(read_rows(bad[_i].rows));
    ck_assert_int_eq(e.kind, ERR_CONTENT);
    ck_assert_str_eq(said(), bad[_i].message);
}
END_TEST

START_TEST(another_header_is_refused)
{
    scratch_text("conn,start_s,tls,down,up\n");
    ck_assert_ptr_null(trace_read(scratch, arena, &e));
    ck_assert_int_eq(e.kind, ERR_CONTENT);
    ck_assert_str_eq(said(), "1:22: the header must be exactly " TRACE_HEADER
                             "; found \",up\" here");
}
END_TEST

START_TEST(an_empty_file_is_no_trace)
{
    scratch_text("");
    ck_assert_ptr_null(trace_read(scratch, arena, &e));
    ck_assert_int_eq(e.kind, ERR_CONTENT);
}
END_TEST

START_TEST(a_nul_byte_is_refused_at_its_place)
{
    static const char text[] = TRACE_HEADER "\n0,1,0\0,0,0,0";
    scratch_write(text, sizeof text - 1);
    ck_assert_ptr_null(trace_read(scratch, arena, &e));
    ck_assert_int_eq(e.kind, ERR_CONTENT);
    ck_assert_str_eq(said(), "2:6: a NUL byte; a trace is plain text (CSV)");
}
END_TEST

START_TEST(an_endless_line_is_refused)
{
    size_t n = 5000000, h = strlen(TRACE_HEADER "\n");
    char *text = malloc(n);
    ck_assert_ptr_nonnull(text);
    memset(text, '1', n);
    memcpy(text, TRACE_HEADER "\n", h);
    scratch_write(text, n);
    free(text);
    ck_assert_ptr_null(trace_read(scratch, arena, &e));
    ck_assert_int_eq(e.kind, ERR_CONTENT);
    ck_assert_ptr_nonnull(strstr(said(), "2: the line is longer than 65536"));
}
END_TEST

START_TEST(a_missing_trace_is_an_input_error)
{
    ck_assert_ptr_null(trace_read("no/such.csv", arena, &e));
    ck_assert_int_eq(e.kind, ERR_IO);
}
END_TEST

Suite *suite_trace_file(void);
Suite *suite_trace_file(void)
{
    Suite *s = suite_create("workloads/trace_file");
    TCase *t = tcase_create("trace_file");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, rows_become_connections_and_requests);
    tcase_add_test(t, an_empty_trace_is_a_trace);
    tcase_add_test(t, crlf_is_allowed);
    tcase_add_loop_test(t, bad_rows_are_refused_at_their_place, 0,
                        (int)(sizeof bad / sizeof bad[0]));
    tcase_add_test(t, another_header_is_refused);
    tcase_add_test(t, an_empty_file_is_no_trace);
    tcase_add_test(t, a_nul_byte_is_refused_at_its_place);
    tcase_add_test(t, an_endless_line_is_refused);
    tcase_add_test(t, a_missing_trace_is_an_input_error);
    suite_add_tcase(s, t);
    return s;
}
