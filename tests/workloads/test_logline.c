/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workloads/logline.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct logline l;

static enum logline_why parse(const char *text)
{
    memset(&l, 0, sizeof l);
    return logline_parse(text, strlen(text), &l);
}

START_TEST(a_common_line_is_read)
{
    ck_assert_int_eq(parse("199.72.81.55 - - [01/Jul/1995:00:00:01 -0400] "
                           "\"GET /history/apollo/ HTTP/1.0\" 200 6245"),
                     LOGLINE_OK);
    ck_assert_int_eq(l.t, 804571201);
    ck_assert_int_eq(l.status, 200);
    ck_assert_int_eq(l.bytes, 6245);
    ck_assert_int_eq(l.http, 10);
}
END_TEST

START_TEST(a_combined_line_is_read)
{
    ck_assert_int_eq(
        parse("83.149.9.216 - frank [17/May/2015:10:05:03 +0000] \"GET "
              "/a.png HTTP/1.1\" 304 - \"http://x/ \\\"y\\\"\" \"Mozilla\""),
        LOGLINE_OK);
    ck_assert_int_eq(l.t, 1431857103);
    ck_assert_int_eq(l.status, 304);
    ck_assert_int_eq(l.bytes, 0);
    ck_assert_int_eq(l.http, 11);
}
END_TEST

START_TEST(odd_requests_are_read)
{
    static const struct {
        const char *request;
        int http;
    } cases[] = {
        { "GET /~scottp/publish.html", 9 }, /* HTTP/0.9 */
        { "GET", 9 },
        { "GET / HTTP/2.0", 20 },
        { "GET / HTTP/2", 20 },
        { "GET / HTTP/1.1x", 11 },
        { "GET /a b c HTTP/1.1", 11 },
        { "GET /?q=\\\"x\\\" 200 5\\\" HTTP/1.1", 11 }, /* escaped */
        { "GET /\"fran\"cois\" HTTP/1.0", 10 },         /* not escaped */
        { "GET /c:\\dir\\", 9 },  /* a backslash before the closing quote */
        { "\\x16\\x03\\x01", 9 }, /* TLS spoken to a plain port */
    };
    char line[256];
    snprintf(line, sizeof line,
             "::1 - - [01/Jan/2024:00:00:00 +0000] \"%s\" 200 17",
             cases[_i].request);
    ck_assert_msg(parse(line) == LOGLINE_OK, "%s", line);
    ck_assert_int_eq(l.http, cases[_i].http);
    ck_assert_int_eq(l.bytes, 17);
}
END_TEST

START_TEST(hosts_of_any_kind_are_told_apart)
{
    static const char rest[] = " - - [01/Jan/2024:00:00:00 +0000] \"GET / "
                               "HTTP/1.1\" 200 1";
    static const char *const hosts[] = { "2001:db8::1",
                                         "2001:db8::2",
                                         "10.0.0.1",
                                         "10.0.0.10",
                                         "a.example",
                                         "b.example",
                                         "averylongnameofahost.example.org",
                                         "averylongnameofahost.example.com" };
    uint64_t seen[8];
    char line[256];
    for (size_t i = 0; i < 8; i++) {
        snprintf(line, sizeof line, "%s%s", hosts[i], rest);
        ck_assert_int_eq(parse(line), LOGLINE_OK);
        seen[i] = l.host;
        for (size_t j = 0; j < i; j++)
            ck_assert(seen[i] != seen[j]);
        ck_assert_int_eq(parse(line), LOGLINE_OK);
        ck_assert(seen[i] == l.host);
    }
}
END_TEST

START_TEST(users_may_have_spaces_and_brackets)
{
    ck_assert_int_eq(parse("h - Jane [x] Doe[1] [01/Jan/2024:00:00:00 +0000] "
                           "\"GET / HTTP/1.1\" 200 1"),
                     LOGLINE_BAD_TIME); /* " [" opens the time */
    ck_assert_int_eq(parse("h - Jane Doe[1] [01/Jan/2024:00:00:00 +0000] "
                           "\"GET / HTTP/1.1\" 200 1"),
                     LOGLINE_OK);
}
END_TEST

START_TEST(time_zones_and_leap_days_count)
{
    static const struct {
        const char *time;
        int64_t t;
    } cases[] = {
        { "01/Jan/1970:00:00:00 +0000", 0 },
        { "01/Jan/1970:01:30:00 +0130", 0 },
        { "31/Dec/1969:19:00:00 -0500", 0 },
        { "29/Feb/2000:12:00:00 +0000", 951825600 },
        { "01/Mar/2000:00:00:00 +0000", 951868800 },
        { "01/Mar/2100:00:00:00 +0000", 4107542400 },
        { "31/Dec/2016:23:59:60 +0000", 1483228800 },
        { "30/Oct/1938:20:00:00 -0500", -983660400 },
    };
    char line[256];
    snprintf(line, sizeof line, "h - - [%s] \"GET /\" 200 1", cases[_i].time);
    ck_assert_int_eq(parse(line), LOGLINE_OK);
    ck_assert_int_eq(l.t, cases[_i].t);
}
END_TEST

START_TEST(a_connection_without_a_request_is_told_apart)
{
    ck_assert_int_eq(parse("h - - [01/Jan/2024:00:00:00 +0000] \"-\" 408 -"),
                     LOGLINE_SILENT);
    ck_assert_int_eq(parse("h - - [01/Jan/2024:00:00:00 +0000] \"\" - -"),
                     LOGLINE_SILENT);
}
END_TEST

static const struct {
    const char *line;
    enum logline_why why;
    size_t column;
} bad[] = {
    { "", LOGLINE_EMPTY, 1 },
    { "word", LOGLINE_NO_HOST, 1 },
    { " - - [01/Jan/2024:00:00:00 +0000] \"GET /\" 200 1", LOGLINE_NO_HOST, 1 },
    { "a plain sentence", LOGLINE_NO_TIME, 1 },
    { "h - - [", LOGLINE_BAD_TIME, 7 },
    { "h - - [01/Jan/2024:00:00:00] \"GET /\" 200 1", LOGLINE_BAD_TIME, 7 },
    { "h - - [01/Foo/2024:00:00:00 +0000] \"GET /\" 200 1", LOGLINE_BAD_TIME,
      7 },
    { "h - - [29/Feb/2023:00:00:00 +0000] \"GET /\" 200 1", LOGLINE_BAD_TIME,
      7 },
    { "h - - [01/Jan/2200:00:00:00 +0000] \"GET /\" 200 1", LOGLINE_BAD_TIME,
      7 },
    { "h - - [31/Dec/1699:00:00:00 +0000] \"GET /\" 200 1", LOGLINE_BAD_TIME,
      7 },
    { "h - - [01/Jan/2024:24:00:00 +0000] \"GET /\" 200 1", LOGLINE_BAD_TIME,
      7 },
    { "h - - [01/Jan/2024:00:00:00 +0000] GET / 200 1", LOGLINE_NO_REQUEST,
      35 },
    { "h - - [01/Jan/2024:00:00:00 +0000]", LOGLINE_NO_REQUEST, 35 },
    { "h - - [01/Jan/2024:00:00:00 +0000] \"GET /", LOGLINE_NO_REQUEST, 37 },
    { "h - - [01/Jan/2024:00:00:00 +0000] \"GET /\" 20", LOGLINE_NO_REQUEST,
      37 },
    { "h - - [01/Jan/2024:00:00:00 +0000] \"GET /\" 600 1", LOGLINE_BAD_STATUS,
      44 },
    { "h - - [01/Jan/2024:00:00:00 +0000] \"GET /\" - 1", LOGLINE_BAD_STATUS,
      44 },
    { "h - - [01/Jan/2024:00:00:00 +0000] \"GET /\" 200", LOGLINE_BAD_BYTES,
      47 },
    { "h - - [01/Jan/2024:00:00:00 +0000] \"GET /\" 200 ", LOGLINE_BAD_BYTES,
      47 },
    { "h - - [01/Jan/2024:00:00:00 +0000] \"GET /\" 200 x", LOGLINE_BAD_BYTES,
      48 },
    { "h - - [01/Jan/2024:00:00:00 +0000] \"GET /\" 200 1x", LOGLINE_BAD_BYTES,
      48 },
    { "h - - [01/Jan/2024:00:00:00 +0000] \"GET /\" 200 99999999999999999999",
      LOGLINE_BAD_BYTES, 48 },
};

START_TEST(bad_lines_are_refused_with_reason_and_column)
{
    ck_assert_msg(parse(bad[_i].line) == bad[_i].why, "%s", bad[_i].line);
    ck_assert_uint_eq(l.column, bad[_i].column);
    ck_assert_ptr_nonnull(logline_why_text[bad[_i].why]);
}
END_TEST

/* Cut anywhere, and with any byte replaced, a line is read or refused. */
START_TEST(no_damage_leads_beyond_the_line)
{
    static const char line[] =
        "10.0.0.1 - - [01/Jan/2024:00:00:00 +0000] \"GET /\\\" HTTP/1.1\" "
        "200 123";
    static const char odd[] = "\"\\[] -0\xff";
    for (size_t n = 0; n < sizeof line; n++) {
        char *copy = malloc(n + 1);
        ck_assert_ptr_nonnull(copy);
        for (size_t i = 0; i < n; i++) {
            for (const char *o = odd; *o; o++) {
                memcpy(copy, line, n);
                copy[i] = *o;
                (void)logline_parse(copy, n, &l);
            }
        }
        free(copy);
    }
}
END_TEST

#define N(a) ((int)(sizeof(a) / sizeof(a)[0]))

Suite *suite_logline(void);
Suite *suite_logline(void)
{
    Suite *s = suite_create("workloads/logline");
    TCase *t = tcase_create("logline");
    tcase_add_test(t, a_common_line_is_read);
    tcase_add_test(t, a_combined_line_is_read);
    tcase_add_loop_test(t, odd_requests_are_read, 0, 10);
    tcase_add_test(t, hosts_of_any_kind_are_told_apart);
    tcase_add_test(t, users_may_have_spaces_and_brackets);
    tcase_add_loop_test(t, time_zones_and_leap_days_count, 0, 8);
    tcase_add_test(t, a_connection_without_a_request_is_told_apart);
    tcase_add_loop_test(t, bad_lines_are_refused_with_reason_and_column, 0,
                        N(bad));
    tcase_add_test(t, no_damage_leads_beyond_the_line);
    suite_add_tcase(s, t);
    return s;
}
