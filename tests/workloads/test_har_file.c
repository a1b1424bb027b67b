/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workloads/har_file.h"

#include "tests/workloads/scratch.h"

static struct err e;

static void setup(void)
{
    err_init(&e);
}

static void teardown(void)
{
    err_clear(&e);
    scratch_remove();
}

#define REQUEST(start, url, more, response)                                    \
    "{ \"startedDateTime\": \"" start "\", \"time\": 55.5, " more              \
    "\"request\": { \"method\": \"GET\", \"url\": \"" url "\", "               \
    "\"headers\": [ { \"name\": \"x\", \"value\": \"\\u00e4\" } ], "           \
    "\"headersSize\": 300, \"bodySize\": 0 }, \"response\": { " response       \
    " }, \"timings\": { \"blocked\": 1, \"dns\": -1, \"connect\": 10, "        \
    "\"ssl\": 5, \"send\": 0.5, \"wait\": 40, \"receive\": 4 } }"

START_TEST(requests_to_the_main_host_are_read)
{
    struct har h;
    scratch_text(" { \"log\": { \"version\": \"1.2\", \"entries\": [ " REQUEST(
        "2024-01-01T10:00:00.100Z", "https://a.example/x?y",
        "\"connection\": \"443\", ",
        "\"content\": { \"size\": 5000, \"text\": \"}]\\\"\" }, "
        "\"bodySize\": 1200, \"httpVersion\": \"HTTP/1.1\"") ",\n" REQUEST("202"
                                                                           "4-"
                                                                           "01-"
                                                                           "01T"
                                                                           "11:"
                                                                           "00:"
                                                                           "00+"
                                                                           "01:"
                                                                           "00",
                                                                           "htt"
                                                                           "p:/"
                                                                           "/b."
                                                                           "exa"
                                                                           "mpl"
                                                                           "e:"
                                                                           "80"
                                                                           "/",
                                                                           "",
                                                                           "") ", " REQUEST("2024-01-01T11:00:00.5+01:00",
                                                                                            "https://a.example",
                                                                                            "",
                                                                                            "\"content\": { \"size\": 70 }, \"bodySize\": -1, "
                                                                                            "\"httpVersion\": \"h2\"") " ] } }");
    ck_assert(har_looks_like(scratch));
    ck_assert_msg(har_read(scratch, &h, &e), "%s", e.text);
    ck_assert_uint_eq(h.n, 2);
    ck_assert_uint_eq(h.others, 1);
    ck_assert_str_eq(h.host, "a.example");
    ck_assert(!h.conns && h.multiplexed);
    /* 11.5 ms until it was sent */
    ck_assert_int_eq(h.item[0].t, 1704103200 * SIM_S + 111500000);
    ck_assert_int_eq(h.item[0].service, 40 * SIM_MS);
    ck_assert_int_eq(h.item[0].bytes, 1200);
    ck_assert_int_eq(h.item[0].in, 300);
    ck_assert(h.item[0].tls && h.item[0].conn != 0);
    ck_assert_int_eq(h.item[1].t, 1704103200 * SIM_S + 511500000);
    ck_assert_int_eq(h.item[1].bytes, 70);
    ck_assert_int_eq(h.item[1].http, 20);
    free(h.item);
    free(h.host);
}
END_TEST

START_TEST(broken_files_are_named_with_their_line)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        { "{ \"log\": {\n \"entries\": [", "a value is missing" },
        { "{ \"log\" 1 }", "\":\" is missing" },
        { "{ \"log\": \"abc", "the file ends inside a string" },
        { "{ \"log\": [ 1 2 ] }", "\",\" is missing" },
        { "{ log: 1 }", "a key must come here" },
    };
    struct har h;
    scratch_text(cases[_i].text);
    ck_assert(!har_read(scratch, &h, &e));
    ck_assert_int_eq(e.kind, ERR_CONTENT);
    ck_assert_int_eq(e.line, _i == 0 ? 2 : 1);
    ck_assert_msg(strstr(e.text, cases[_i].message) != NULL, "%s", e.text);
}
END_TEST

START_TEST(deep_nesting_is_refused)
{
    struct har h;
    char text[20001];
    memset(text, '[', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    scratch_text(text);
    ck_assert(!har_read(scratch, &h, &e));
    ck_assert_ptr_nonnull(strstr(e.text, "100 deep"));
}
END_TEST

START_TEST(a_har_without_requests_is_an_error)
{
    struct har h;
    scratch_text("{ \"log\": { \"entries\": [ {}, { \"time\": 1 } ] } }");
    ck_assert(!har_read(scratch, &h, &e));
    ck_assert_str_eq(e.text, "the HAR file holds no requests");
    ck_assert(!har_looks_like("/no/such/file"));
}
END_TEST

Suite *suite_har_file(void);
Suite *suite_har_file(void)
{
    Suite *s = suite_create("workloads/har_file");
    TCase *t = tcase_create("har_file");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, requests_to_the_main_host_are_read);
    tcase_add_loop_test(t, broken_files_are_named_with_their_line, 0, 5);
    tcase_add_test(t, deep_nesting_is_refused);
    tcase_add_test(t, a_har_without_requests_is_an_error);
    suite_add_tcase(s, t);
    return s;
}
