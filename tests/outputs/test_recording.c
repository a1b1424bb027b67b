/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outputs/recording.h"

#include "tests/outputs/recorded.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct recording r;
static struct err e;

static void setup(void)
{
    recorded_open();
    err_init(&e);
}

static void teardown(void)
{
    recording_free(&r);
    err_clear(&e);
    recorded_close();
}

/* What reading the folder fails with. */
static void fails(const char *want)
{
    ck_assert(!recording_read(&r, recorded_dir(), &e));
    char *text = err_format(&e);
    ck_assert_msg(strstr(text, want) != NULL, "\"%s\" lacks \"%s\"", text,
                  want);
    free(text);
    err_clear(&e);
}

START_TEST(columns_are_found_by_name)
{
    recorded_file("series.csv", "accept_queue,new_one,t_s,processes\n"
                                "3,x,0.5,2\n"
                                ",,1.5,4\n");
    ck_assert(recording_read(&r, recorded_dir(), &e));
    ck_assert_uint_eq(r.n, 2);
    ck_assert_double_eq(r.t[1], 1.5);
    ck_assert_double_eq(r.column[RECORDING_PROCESSES][1], 4);
    ck_assert_double_eq(r.column[RECORDING_ACCEPTQ][0], 3);
    ck_assert(isnan(r.column[RECORDING_ACCEPTQ][1]));
    ck_assert_ptr_null(r.column[RECORDING_THREADS]);
    ck_assert(!r.has_requests && !r.has_events);
    ck_assert_double_eq(recording_end(&r), 1.5);
}
END_TEST

START_TEST(a_column_of_blanks_is_not_recorded)
{
    recorded_file("series.csv", "t_s,processes,threads\n1,2,\n2,3,\n");
    ck_assert(recording_read(&r, recorded_dir(), &e));
    ck_assert_ptr_null(r.column[RECORDING_THREADS]);
    ck_assert_ptr_nonnull(r.column[RECORDING_PROCESSES]);
}
END_TEST

START_TEST(busy_and_connections_follow)
{
    recorded_file("series.csv",
                  "t_s,slots_reading,slots_writing,slots_logging,"
                  "sockets_established,sockets_close_wait,accept_queue\n"
                  "0,1,2,3,10,2,4\n"
                  "1,0,1,0,3,0,5\n");
    ck_assert(recording_read(&r, recorded_dir(), &e));
    ck_assert_double_eq(r.column[RECORDING_BUSY][0], 6);
    ck_assert_double_eq(r.column[RECORDING_CONNS][0], 8);
    ck_assert_double_eq(r.column[RECORDING_IDLE_CONNS][0], 2);
    /* never below nothing */
    ck_assert_double_eq(r.column[RECORDING_CONNS][1], 0);
    ck_assert_double_eq(r.column[RECORDING_IDLE_CONNS][1], 0);
}
END_TEST

START_TEST(busy_needs_all_three_slots)
{
    recorded_file("series.csv", "t_s,slots_reading,slots_writing\n0,1,2\n");
    ck_assert(recording_read(&r, recorded_dir(), &e));
    ck_assert_ptr_null(r.column[RECORDING_BUSY]);
}
END_TEST

START_TEST(requests_may_lack_what_did_not_happen)
{
    recorded_file("requests.csv",
                  "t_start,t_done,status,close,err,t_server_close\n"
                  "0.5,0.75,200,1,,6\n"
                  "1,,,,timeout,\n");
    ck_assert(recording_read(&r, recorded_dir(), &e));
    ck_assert(r.has_requests);
    ck_assert_uint_eq(r.nrequests, 2);
    ck_assert_int_eq(r.requests[0].status, 200);
    ck_assert(r.requests[0].close && !r.requests[1].close);
    ck_assert_double_eq(r.requests[0].server_close, 6);
    ck_assert(isnan(r.requests[0].connected));
    ck_assert_str_eq(r.requests[1].err, "timeout");
    ck_assert_int_eq(r.requests[1].status, 0);
    ck_assert(isnan(r.requests[1].done));
    /* without a series the requests say when it ended */
    ck_assert_double_eq(recording_end(&r), 0.75);
}
END_TEST

START_TEST(quotes_and_line_ends_of_other_programs)
{
    recorded_file("series.csv", "t_s,processes\r\n1,2\r\n");
    recorded_file("events.csv",
                  "t_s,module,level,code,message\r\n"
                  "1.5,mpm_event,error,AH00484,\"server, \"\"full\"\"\"\r\n\r\n"
                  "2,\"core\",info,,done\n");
    ck_assert(recording_read(&r, recorded_dir(), &e));
    ck_assert_uint_eq(r.nevents, 2);
    ck_assert_str_eq(r.events[0].code, "AH00484");
    ck_assert_str_eq(r.events[1].module, "core");
    ck_assert_str_eq(r.events[1].code, "");
    ck_assert_double_eq(r.column[RECORDING_PROCESSES][0], 2);
}
END_TEST

START_TEST(many_rows)
{
    char *text = malloc(100000), *p = text;
    p += sprintf(p, "t_s,cpu_s\n");
    for (int i = 0; i < 5000; i++)
        p += sprintf(p, "%d.5,%d\n", i, i * 2);
    recorded_file("series.csv", text);
    free(text);
    ck_assert(recording_read(&r, recorded_dir(), &e));
    ck_assert_uint_eq(r.n, 5000);
    for (size_t i = 0; i < r.n; i++)
        ck_assert_double_eq(r.column[RECORDING_CPU_S][i], 2 * (double)i);
}
END_TEST

START_TEST(means_of_seconds)
{
    double v[5];
    recorded_file("series.csv", "t_s,processes\n"
                                "-1,100\n"
                                "0,1\n0.5,3\n"
                                "1.9,\n" /* blank: as before */
                                "3,8\n3.999,10\n4,20\n");
    ck_assert(recording_read(&r, recorded_dir(), &e));
    recording_means(&r, RECORDING_PROCESSES, 1, 5, v);
    ck_assert_double_eq(v[0], 2);
    ck_assert_double_eq(v[1], 2);
    ck_assert_double_eq(v[2], 2);
    ck_assert_double_eq(v[3], 9);
    ck_assert_double_eq(v[4], 20);
    recording_means(&r, RECORDING_PROCESSES, 2, 2, v);
    ck_assert_double_eq(v[0], 2);
    ck_assert_double_eq(v[1], 9);
}
END_TEST

START_TEST(what_is_malformed_is_named)
{
    fails("holds neither a series.csv nor a requests.csv");
    recorded_file("series.csv", "");
    fails("series.csv:1: is empty");
    recorded_file("series.csv", "t,processes\n1,2\n");
    fails("series.csv:1: there is no column \"t_s\"");
    recorded_file("series.csv", "t_s,processes\n1,2\n2\n");
    fails("series.csv:3: has 1 fields, but line 1 names 2 columns");
    recorded_file("series.csv", "t_s,processes\n1,many\n");
    fails("series.csv:2: processes is \"many\", which is not a number");
    recorded_file("series.csv", "t_s,processes\n1,inf\n");
    fails("series.csv:2: processes is \"inf\", which is not a number");
    recorded_file("series.csv", "t_s,processes\n2,1\n1,1\n");
    fails("series.csv:3: t_s is less than in the line before");
    recorded_file("series.csv", "t_s,processes\n,1\n");
    fails("series.csv:2: t_s is empty");
    recorded_file("series.csv", "t_s\n1\n");
    recorded_file("requests.csv", "t_start,t_done\n1,2\n");
    fails("requests.csv:1: there is no column \"status\"");
    recorded_file("requests.csv", "t_start,t_done,status\n1,2,200\n");
    recorded_file("events.csv", "t_s,module,code\nnever,mpm_event,AH1\n");
    fails("events.csv:2: t_s is \"never\"");
}
END_TEST

START_TEST(too_many_columns_are_refused)
{
    char text[1000] = "t_s";
    for (int i = 0; i < 200; i++)
        strcat(text, ",x");
    strcat(text, "\n");
    recorded_file("series.csv", text);
    fails("has too many columns");
}
END_TEST

Suite *suite_recording(void);
Suite *suite_recording(void)
{
    Suite *s = suite_create("recording");
    TCase *tc = tcase_create("recording");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, columns_are_found_by_name);
    tcase_add_test(tc, a_column_of_blanks_is_not_recorded);
    tcase_add_test(tc, busy_and_connections_follow);
    tcase_add_test(tc, busy_needs_all_three_slots);
    tcase_add_test(tc, requests_may_lack_what_did_not_happen);
    tcase_add_test(tc, quotes_and_line_ends_of_other_programs);
    tcase_add_test(tc, many_rows);
    tcase_add_test(tc, means_of_seconds);
    tcase_add_test(tc, what_is_malformed_is_named);
    tcase_add_test(tc, too_many_columns_are_refused);
    suite_add_tcase(s, tc);
    return s;
}
