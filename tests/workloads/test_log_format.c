/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workloads/log_format.h"

#include <check.h>
#include <string.h>

#include "sim/simtime.h"

static struct arena *arena;
static struct err e;
static struct logline l;

static void setup(void)
{
    arena = arena_new();
    err_init(&e);
}

static void teardown(void)
{
    arena_free(arena);
    err_clear(&e);
}

static enum logline_why parse(const char *format, const char *line)
{
    const struct log_format *f = log_format_new(format, arena, &e);
    ck_assert_msg(f != NULL, "%s", e.text);
    return log_format_parse(f, line, strlen(line), &l);
}

START_TEST(names_stand_for_the_usual_formats)
{
    static const char line[] =
        "h - - [01/Jan/2024:00:00:00 +0000] \"GET / HTTP/1.1\" 200 17 \"-\" "
        "\"x \\\" y\"";
    ck_assert_int_eq(parse("common", line), LOGLINE_OK);
    ck_assert_int_eq(parse("combined", line), LOGLINE_OK);
    ck_assert_int_eq(parse("vhost_combined",
                           "www.example:443 h - - [01/Jan/2024:00:00:00 "
                           "+0000] \"GET / HTTP/1.1\" 200 1150 \"-\" \"x\""),
                     LOGLINE_OK);
    ck_assert_int_eq(l.bytes, 1000);
    ck_assert(l.tls);
    ck_assert_int_eq(parse("combinedio",
                           "h - - [01/Jan/2024:00:00:00 +0000] \"POST / "
                           "HTTP/1.1\" 200 17 \"-\" \"x\" 5000 300"),
                     LOGLINE_OK);
    ck_assert_int_eq(l.in, 5000);
    ck_assert_int_eq(l.bytes, 17);
    ck_assert(l.post);
}
END_TEST

/* The same line by the quick way and by the list of fields. */
START_TEST(both_ways_to_read_agree)
{
    static const char *const lines[] = {
        "1.2.3.4 - a b [01/Feb/2024:01:02:03 -0130] \"GET /\\\"a\\\" HTTP/1.0\""
        " 304 -",
        "h - - [01/Jan/2024:00:00:00 +0000] \"GET /\"x\" y HTTP/1.1\" 200 5",
        "h - - [01/Jan/2024:00:00:00 +0000] \"-\" 408 -",
        "h - - [01/Jan/2024:00:00:00 +0000] \"GET /c:\\dir\\\" 200 1",
    };
    struct logline quick;
    enum logline_why why = logline_parse(lines[_i], strlen(lines[_i]), &quick);
    /* a ! makes no difference but that the string is another */
    ck_assert_int_eq(parse("%h %l %u %t \"%r\" %!200>s %b", lines[_i]), why);
    ck_assert(l.host == quick.host);
    ck_assert_int_eq(l.t, quick.t);
    ck_assert_int_eq(l.status, quick.status);
    ck_assert_int_eq(l.bytes, quick.bytes);
    ck_assert_int_eq(l.http, quick.http);
}
END_TEST

START_TEST(every_kind_of_stamp_is_read)
{
    static const struct {
        const char *format, *line;
        int64_t t, ns;
    } cases[] = {
        { "%t", "[01/Jul/1995:00:00:01 -0400]", 804571201, 0 },
        { "%{sec}t", "1704067200", 1704067200, 0 },
        { "%{msec}t", "1704067200123", 1704067200, 123000000 },
        { "%{usec}t", "1704067200123456", 1704067200, 123456000 },
        { "%{sec}t.%{usec_frac}t", "1704067200.000120", 1704067200, 120000 },
        { "%{begin:%s}t.%{usec_frac}t", "1704067200.000120", 1704067200,
          120000 },
        { "%{sec}t %{msec_frac}t", "1704067200 120", 1704067200, 120000000 },
        { "[%{%d/%b/%Y %T}t.%{msec_frac}t %{%z}t]",
          "[01/Jan/2024 01:00:00.250 +0100]", 1704067200, 250000000 },
        { "%{%d/%b/%Y %T}t.%{msec_frac}t", "01/Jan/2024 00:00:00.250",
          1704067200, 250000000 },
        { "%{%d/%b/%Y:%H:%M:%S %z}t", "01/Jan/2024:01:00:00 +0100", 1704067200,
          0 },
        { "%{%m/%d/%y %I:%M:%S %p}t", "01/01/24 12:00:00 PM", 1704110400, 0 },
        { "%{%a %b %e %H:%M:%S %Y}t", "Mon Jan  1 00:00:00 2024", 1704067200,
          0 },
        { "%{%FT%T%z}t", "2024-01-01T00:00:00+00:00", 1704067200, 0 },
        { "[$time_local]", "[01/Jan/2024:00:00:00 +0000]", 1704067200, 0 },
        { "$time_iso8601", "2024-01-01T02:00:00+02:00", 1704067200, 0 },
        { "$msec", "1704067200.123", 1704067200, 123000000 },
        { "$msec $request_time", "1704067200.123 0.223", 1704067199,
          900000000 },
        { "$time_iso8601 $request_time", "2024-01-01T00:00:10Z 3.600",
          1704067206, 0 },
    };
    ck_assert_msg(parse(cases[_i].format, cases[_i].line) == LOGLINE_OK, "%s",
                  cases[_i].format);
    ck_assert_int_eq(l.t, cases[_i].t);
    ck_assert_int_eq(l.ns, cases[_i].ns);
}
END_TEST

START_TEST(service_times_have_units)
{
    static const struct {
        const char *format, *line;
        int64_t service;
    } cases[] = {
        { "%{sec}t %D", "1 1500", 1500 * SIM_US },
        { "%{sec}t %T", "1 2", 2 * SIM_S },
        { "%{sec}t %{s}T", "1 2", 2 * SIM_S },
        { "%{sec}t %{ms}T", "1 250", 250 * SIM_MS },
        { "%{sec}t %{us}T", "1 250", 250 * SIM_US },
        { "%{sec}t %D %T", "1 1500 0", 1500 * SIM_US },
        { "%{sec}t %T %D", "1 0 1500", 1500 * SIM_US },
        { "%{sec}t **%T/%D**", "1 **0/1500**", 1500 * SIM_US },
        { "$msec $request_time", "5.000 0.042", 42 * SIM_MS },
        { "$msec $request_time", "5.000 -", -1 },
    };
    ck_assert_msg(parse(cases[_i].format, cases[_i].line) == LOGLINE_OK, "%s",
                  cases[_i].format);
    ck_assert_int_eq(l.service, cases[_i].service);
}
END_TEST

START_TEST(a_long_format_of_httpd_is_read)
{
    uint64_t host;
    ck_assert_int_eq(
        parse("LogFormat \"%V:%p %h %a %{X-Forwarded-For}i %l %u %t "
              "\\\"%m %U%q %H\\\" %>s %I %O %S %D %^FB %k %X %P %{tid}P %L "
              "%{c}L %{remote}p \\\"%{User-Agent}i\\\" %{Location}o\" full",
              "www:80 h 1.2.3.4 5.6.7.8, 9.9.9.9 - - [01/Jan/2024:00:00:00 "
              "+0000] \"PUT /a?b=c HTTP/1.1\" 201 9000 450 9450 1234 - 7 - "
              "4242 140123 Zab Zcd 51000 \"Mozilla \\\"x\\\"\" -"),
        LOGLINE_OK);
    ck_assert_int_eq(l.in, 9000);
    ck_assert_int_eq(l.bytes, 300);
    ck_assert_int_eq(l.service, 1234000);
    ck_assert_int_eq(l.number, 7);
    ck_assert_int_eq(l.after, '-');
    ck_assert_int_eq(l.http, 11);
    ck_assert_int_eq(l.status, 201);
    ck_assert(l.post && l.conn != 0 && l.thread != 0 && !l.tls);
    host = l.host;
    ck_assert_int_eq(parse("%{sec}t %h %{remote}p %P", "1 h 51000 4242"),
                     LOGLINE_OK);
    ck_assert(l.host == host);
    ck_assert_int_eq(parse("%{sec}t %h %{remote}p %P", "1 h 51001 4242"),
                     LOGLINE_OK);
    ck_assert(l.host != host);
}
END_TEST

START_TEST(a_line_of_nginx_is_read)
{
    ck_assert_int_eq(
        parse("log_format main '$remote_addr - $remote_user [$time_local] '\n"
              "    '\"$request\" $status $body_bytes_sent \"$http_referer\" '\n"
              "    '$request_time ${connection} $connection_requests $scheme';",
              "1.2.3.4 - - [01/Jan/2024:00:00:00 +0000] \"GET / HTTP/2.0\" "
              "200 612 \"-\" 0.000 31 2 https"),
        LOGLINE_OK);
    ck_assert_int_eq(l.http, 20);
    ck_assert_int_eq(l.bytes, 612);
    ck_assert_int_eq(l.service, 0);
    ck_assert_int_eq(l.number, 1);
    ck_assert(l.conn != 0 && l.tls);
}
END_TEST

START_TEST(what_is_no_format_is_refused_with_the_reason)
{
    static const struct {
        const char *format, *text;
    } cases[] = {
        { "combned", "log_format: there is no \"combned\"; did you mean "
                     "\"combined\"?" },
        { "%h %Z", "log_format: httpd has no field %Z" },
        { "%h %{x", "log_format: no } behind %{x" },
        { "%h %>s", "log_format: no stamp: when requests came must be logged, "
                    "such as by %t or $time_local" },
        { "%h%r %t", "log_format: two fields with nothing between them cannot "
                     "be told apart" },
        { "%t %{hours}T", "log_format: no such argument: %{hours}T" },
        { "$msec $", "log_format: no name of a variable behind $" },
    };
    ck_assert_ptr_null(log_format_new(cases[_i].format, arena, &e));
    ck_assert_int_eq(e.kind, ERR_CONTENT);
    ck_assert_str_eq(e.text, cases[_i].text);
}
END_TEST

START_TEST(bad_lines_say_where)
{
    static const struct {
        const char *line;
        enum logline_why why;
        size_t column;
    } cases[] = {
        { "", LOGLINE_EMPTY, 1 },
        { "h", LOGLINE_NO_HOST, 1 },
        { "h [01/Jan/2024:00:00:00]", LOGLINE_BAD_TIME, 3 },
        { "h [01/Jan/2024:00:00:00 +0000]", LOGLINE_OTHER, 31 },
        { "h [01/Jan/2024:00:00:00 +0000] 20", LOGLINE_BAD_STATUS, 34 },
        { "h [01/Jan/2024:00:00:00 +0000] 200 x", LOGLINE_BAD_NUMBER, 36 },
        { "h [01/Jan/2024:00:00:00 +0000] 200 1x", LOGLINE_OTHER, 37 },
        { "h [01/Jan/2024:00:00:00 +0000] 200 99999999999999999999",
          LOGLINE_BAD_NUMBER, 54 },
    };
    ck_assert_int_eq(parse("%h %t %>s %D", cases[_i].line), cases[_i].why);
    ck_assert_uint_eq(l.column, cases[_i].column);
}
END_TEST

START_TEST(the_first_line_tells_the_usual_ones_apart)
{
    static const char vhost[] = "www:443 ::1 - - [01/Jan/2024:00:00:00 +0000] "
                                "\"GET /\" 200 1";
    static const char plain[] = "::1 - - [01/Jan/2024:00:00:00 +0000] \"GET "
                                "/\" 200 1";
    ck_assert_str_eq(
        log_format_name(log_format_of_line(vhost, strlen(vhost), arena)),
        "vhost_combined");
    ck_assert_str_eq(
        log_format_name(log_format_of_line(plain, strlen(plain), arena)),
        "combined");
}
END_TEST

Suite *suite_log_format(void);
Suite *suite_log_format(void)
{
    Suite *s = suite_create("workloads/log_format");
    TCase *t = tcase_create("log_format");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, names_stand_for_the_usual_formats);
    tcase_add_loop_test(t, both_ways_to_read_agree, 0, 4);
    tcase_add_loop_test(t, every_kind_of_stamp_is_read, 0, 17);
    tcase_add_loop_test(t, service_times_have_units, 0, 10);
    tcase_add_test(t, a_long_format_of_httpd_is_read);
    tcase_add_test(t, a_line_of_nginx_is_read);
    tcase_add_loop_test(t, what_is_no_format_is_refused_with_the_reason, 0, 7);
    tcase_add_loop_test(t, bad_lines_say_where, 0, 8);
    tcase_add_test(t, the_first_line_tells_the_usual_ones_apart);
    suite_add_tcase(s, t);
    return s;
}
