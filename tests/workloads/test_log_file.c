/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workloads/log_file.h"

#include "sim/must.h"
#include "tests/workloads/scratch.h"
#include "workloads/log_conns.h"

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
static struct log_conns_opts conns_opts;

/* A log, its connections and their requests. */
static struct view {
    size_t nconn, nreq;
    size_t first[20001];
    struct log_item req[20000];
    bool persistent[20000];
} v;

static void look(const struct log_file *f)
{
    struct log_conns *c = log_conns_new(f, &conns_opts, &e);
    uint32_t number;
    simtime_t at;
    v.nconn = v.nreq = 0;
    while (log_conns_next(c, SIM_NEVER - 1, &number, &at)) {
        const struct log_item *q;
        ck_assert_uint_eq(number, v.nconn);
        v.first[v.nconn] = v.nreq;
        for (uint32_t n = 0; (q = log_conns_request(c, number, n)); n++) {
            ck_assert(n > 0 || q->t == at);
            v.req[v.nreq++] = *q;
        }
        v.persistent[v.nconn++] = log_conns_persistent(c, number);
        log_conns_ended(c, number);
    }
    v.first[v.nconn] = v.nreq;
    ck_assert_uint_eq(log_conns_requests(c), v.nreq);
    ck_assert_uint_eq(log_conns_count(c), v.nconn);
    log_conns_free(c);
}

static void setup(void)
{
    err_init(&e);
    arena = arena_new();
    notes[0] = '\0';
    opts = (struct log_opts){
        .spread_seed = 1,
        .note = note,
    };
    conns_opts = (struct log_conns_opts){
        .keepalive_gap = 5 * SIM_S,
        .linger = 5 * SIM_S,
        .busy = 20 * SIM_MS,
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
    struct log_file *f = log_read(scratch, &opts, arena, &e);
    if (f)
        look(f);
    return f;
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
    ck_assert_uint_eq(v.nconn, 5);
    ck_assert_uint_eq(f->nreq, 6);
    ck_assert_uint_eq(v.first[1] - v.first[0], 2);
    ck_assert_int_eq(v.req[0].t, 0); /* time counts from the first */
    ck_assert_int_eq(v.req[0].bytes, 10);
    ck_assert_int_eq(v.req[1].bytes, 13);
    ck_assert_int_eq(v.req[2].bytes, 12);
    ck_assert(v.persistent[0]);
    ck_assert(!v.persistent[4]);
}
END_TEST

START_TEST(a_busy_connection_takes_no_second_request)
{
    char text[2048];
    size_t n = 0;
    for (int i = 0; i < 3; i++)
        n += add_line(text + n, "a", 10, " HTTP/1.1");
    conns_opts.busy = 2 * SIM_S;
    struct log_file *f = read_text(text);
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(v.nconn, 3);
    n += add_line(text + n, "a", 13, " HTTP/1.1");
    n += add_line(text + n, "a", 13, " HTTP/1.1");
    n += add_line(text + n, "a", 13, " HTTP/1.1");
    n += add_line(text + n, "a", 13, " HTTP/1.1");
    scratch_remove();
    f = read_text(text);
    ck_assert_uint_eq(v.nconn, 4); /* three of the four find one idle */
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
    for (size_t i = 1; i < v.nreq; i++) {
        ck_assert_int_ge(v.req[i].t, v.req[i - 1].t);
        if (v.req[i].t - v.req[i - 1].t > gap)
            gap = v.req[i].t - v.req[i - 1].t;
    }
    ck_assert_int_le(v.req[49].t, SIM_S);
    ck_assert_int_gt(v.req[49].t, SIM_S / 2);
    ck_assert_int_le(v.req[99].t, 2 * SIM_S);
    ck_assert_int_lt(gap, SIM_S / 4);
    /* the same seed gives the same instants, another others */
    simtime_t t = v.req[30].t;
    ck_assert_int_eq(log_read(scratch, &opts, arena, &e)->item[30].t, t);
    opts.spread_seed = 2;
    ck_assert_int_ne(log_read(scratch, &opts, arena, &e)->item[30].t, t);
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
    ck_assert_int_eq(v.req[0].bytes, 15);
    ck_assert_int_eq(v.req[1].bytes, 20);
    ck_assert(noted("warning: 1 lines are stamped earlier than the line "
                    "before, by up to 5s"));
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
    ck_assert_ptr_nonnull(read_text(text));
    ck_assert_uint_eq(v.nreq, 1);
    ck_assert_int_ge(v.req[0].t, 9 * SIM_S);
    ck_assert_int_le(v.req[0].t, 11 * SIM_S);
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
    look(f);
    ck_assert_uint_eq(f->nreq, 60);
    ck_assert_uint_eq(v.nconn, 60);
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
    look(f);
    ck_assert_uint_eq(f->nreq, 40);
    ck_assert_uint_eq(v.nconn, 40);
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

/* ---- formats that tell more ---- */

START_TEST(connections_are_told_by_k_and_port)
{
    opts.format = "%h %{usec}t \"%r\" %>s %B %D %k %X %{remote}p";
    ck_assert_ptr_nonnull(
        read_text("a 1000000 \"GET / HTTP/1.1\" 200 5 10000 0 + 1\n"
                  "a 1005000 \"GET / HTTP/1.1\" 200 6 20000 0 + 2\n"
                  "a 1100000 \"GET / HTTP/1.1\" 200 7 30000 1 - 2\n"
                  "a 1050000 \"GET / HTTP/1.1\" 200 8 90000 1 + 1\n"
                  "a 1200000 \"GET / HTTP/1.1\" 200 9 1 0 + 2\n"));
    ck_assert_uint_eq(v.nconn, 3);
    ck_assert_int_eq(v.req[0].t, 0);
    ck_assert_int_eq(v.req[1].bytes, 8);
    ck_assert_int_eq(v.req[1].t, 50 * SIM_MS);
    ck_assert_int_eq(v.req[3].bytes, 7);
    ck_assert_int_eq(v.req[3].service, 30 * SIM_MS);
    ck_assert(v.persistent[0] && !v.persistent[1] && v.persistent[2]);
    ck_assert(!noted("whole seconds"));
}
END_TEST

START_TEST(k_alone_chains_requests_of_a_client)
{
    opts.format = "%h %{msec}t %k %D \"%r\"";
    ck_assert_ptr_nonnull(read_text("a 1000 0 1000 \"GET /\"\n"
                                    "b 1001 0 1000 \"GET /\"\n"
                                    "a 1002 1 1000 \"GET /\"\n"
                                    "a 1003 0 1000 \"GET /\"\n"
                                    "a 1004 2 1000 \"GET /\"\n"
                                    "a 1005 1 1000 \"GET /\"\n"
                                    "b 9005 9 1000 \"GET /\"\n"));
    ck_assert_uint_eq(v.nconn, 4); /* the last one's beginning is missing */
    ck_assert_uint_eq(v.first[1], 3);
    ck_assert_uint_eq(v.first[3] - v.first[2], 2);
}
END_TEST

START_TEST(nginx_tells_connections_and_stamps_the_end)
{
    opts.format = "$remote_addr $msec $connection $connection_requests "
                  "$request_time \"$request\" $status $body_bytes_sent";
    ck_assert_ptr_nonnull(
        read_text("a 100.500 7 1 0.400 \"GET / HTTP/1.1\" 200 5\n"
                  "b 100.600 8 1 0.550 \"GET / HTTP/1.1\" 200 6\n"
                  "a 100.700 7 2 0.100 \"GET / HTTP/1.1\" 200 7\n"));
    ck_assert_uint_eq(v.nconn, 2);
    ck_assert_int_eq(v.req[0].bytes, 6); /* began first */
    ck_assert_int_eq(v.req[1].t, 50 * SIM_MS);
    ck_assert_int_eq(v.req[2].bytes, 7);
    ck_assert_int_eq(v.req[2].t, 550 * SIM_MS);
}
END_TEST

/* A thread that serves another client does not wait for the one before. */
START_TEST(a_thread_used_again_was_left)
{
    opts.format = "%h %{msec}t %k %X %P %{tid}P";
    ck_assert_ptr_nonnull(read_text("a 1000 0 + 5 50\n"
                                    "b 2000 0 + 5 50\n"
                                    "c 3000 0 + 6 50\n"
                                    "d 9000 0 + 5 50\n"));
    ck_assert_uint_eq(v.nconn, 4);
    ck_assert(!v.persistent[0] && v.persistent[1] && v.persistent[2]);
}
END_TEST

/* The same from memory and read again, also out of order. */
START_TEST(a_long_log_is_read_again_with_the_same_result)
{
    char *text = must_alloc(1 << 20);
    size_t n = 0, nreq, nconn;
    static struct log_item kept[20000];
    for (int i = 0; i < 9000; i++) {
        char host[16];
        snprintf(host, sizeof host, "h%d", i * i % 97);
        n += add_line(text + n, host, i / 3 + (i % 50 == 7 ? 2 : 5),
                      " HTTP/1.1");
    }
    if (_i == 1)
        opts.skip = 100 * SIM_S;
    ck_assert_ptr_nonnull(read_text(text));
    free(text);
    nreq = v.nreq;
    nconn = v.nconn;
    ck_assert_uint_gt(nreq, 8000);
    memcpy(kept, v.req, sizeof kept);
    opts.keep = 1000;
    struct log_file *f = log_read(scratch, &opts, arena, &e);
    ck_assert_ptr_nonnull(f);
    ck_assert_ptr_null(f->item);
    ck_assert(noted("each run reads it again"));
    look(f);
    ck_assert_uint_eq(v.nreq, nreq);
    ck_assert_uint_eq(v.nconn, nconn);
    for (size_t i = 0; i < nreq; i++) {
        ck_assert_int_eq(kept[i].t, v.req[i].t);
        ck_assert_int_eq(kept[i].bytes, v.req[i].bytes);
    }
}
END_TEST

START_TEST(rotated_files_come_in_order_of_time)
{
    char folder[] = "/tmp/mpmsim-test-XXXXXX", path[3][64], line[256];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    for (int i = 0; i < 3; i++) { /* .log is the newest */
        static const char *const names[] = { "a.log", "a.log.1", "a.log.2" };
        snprintf(path[i], sizeof path[i], "%s/%s", folder, names[i]);
        FILE *out = fopen(path[i], "w");
        ck_assert_ptr_nonnull(out);
        add_line(line, "h", 1000 * (3 - i), " HTTP/1.0");
        fputs(line, out);
        fclose(out);
    }
    snprintf(line, sizeof line, "%s/a.log*", folder);
    struct log_file *f = log_read(line, &opts, arena, &e);
    for (int i = 0; i < 3; i++)
        unlink(path[i]);
    rmdir(folder);
    ck_assert_ptr_nonnull(f);
    look(f);
    ck_assert_uint_eq(v.nreq, 3);
    ck_assert_uint_eq(f->disordered, 0);
    ck_assert_int_eq(v.req[0].bytes, 1000);
    ck_assert(noted("3 files, from "));
    err_clear(&e);
    err_init(&e);
    ck_assert_ptr_null(log_read("/no/such/log*", &opts, arena, &e));
    ck_assert_int_eq(e.kind, ERR_IO);
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
    tcase_add_test(t, connections_are_told_by_k_and_port);
    tcase_add_test(t, k_alone_chains_requests_of_a_client);
    tcase_add_test(t, nginx_tells_connections_and_stamps_the_end);
    tcase_add_test(t, a_thread_used_again_was_left);
    tcase_add_loop_test(t, a_long_log_is_read_again_with_the_same_result, 0, 2);
    tcase_add_test(t, rotated_files_come_in_order_of_time);
    suite_add_tcase(s, t);
    return s;
}
