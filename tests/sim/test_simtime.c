/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <math.h>

#include "sim/simtime.h"

Suite *suite_simtime(void);

START_TEST(durations_are_parsed_exactly)
{
    static const struct {
        const char *text;
        simtime_t t;
    } cases[] = {
        { "5s", 5 * SIM_S },
        { "-3s", -3 * SIM_S },
        { "+3s", 3 * SIM_S },
        { "250ms", 250 * SIM_MS },
        { "1.5h", 5400 * SIM_S },
        { "50us", 50 * SIM_US },
        { "10ns", 10 },
        { "2min", 120 * SIM_S },
        { "1d", 86400 * SIM_S },
        { "0", 0 },
        { "0.0", 0 },
        { "0s", 0 },
        { "0.1s", 100 * SIM_MS },
        { "0.123456789s", 123456789 },
        { "1.2300000000000000000000s", 1230 * SIM_MS },
        { "0.000000000005d", 432 },
        { "9223372036.854775806s", INT64_MAX - 1 },
        { "-9223372036.854775806s", -(INT64_MAX - 1) },
        { "3h", 10800 * SIM_S },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        simtime_t t = -1;
        ck_assert_msg(simtime_parse(cases[i].text, &t), "%s", cases[i].text);
        ck_assert_int_eq(t, cases[i].t);
    }
}
END_TEST

START_TEST(what_is_no_duration_is_refused)
{
    static const char *const cases[] = {
        "",
        "5",
        "s",
        "5 s",
        "5sec",
        "5S",
        " 5s",
        "5s ",
        "--5s",
        "-",
        "1e3s",
        ".5s",
        "5.s",
        "1.5ns",
        "0.1ns",
        "0x5s",
        "1,5s",
        "0.0000000001s",
        "nans",
        "infs",
        "5m",
        "1.2.3s",
        "-5",
        "0.5",
        "9223372036.854775807s",
        "99999999999999999999s",
        "0.12345678901234567s",
        "106752d",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        simtime_t t = 42;
        ck_assert_msg(!simtime_parse(cases[i], &t), "%s", cases[i]);
        ck_assert_int_eq(t, 42);
    }
}
END_TEST

START_TEST(durations_are_written_with_their_largest_exact_unit)
{
    static const struct {
        simtime_t t;
        const char *text;
    } cases[] = {
        { 0, "0s" },
        { 1500 * SIM_MS, "1.5s" },
        { 250 * SIM_MS, "250ms" },
        { -3 * SIM_S, "-3s" },
        { 90 * SIM_S, "90s" },
        { 120 * SIM_S, "2min" },
        { 7200 * SIM_S, "2h" },
        { 86400 * SIM_S, "1d" },
        { 1, "1ns" },
        { 1001, "1.001us" },
        { SIM_S + 1, "1.000000001s" },
        { SIM_NEVER, "never" },
        { INT64_MIN, "-9223372036.854775808s" },
    };
    char buf[32];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_str_eq(simtime_format(cases[i].t, buf, sizeof buf),
                         cases[i].text);
}
END_TEST

START_TEST(what_is_written_is_read_back)
{
    char buf[32];
    simtime_t t = 1;
    for (int i = 0; i < 200; i++) {
        simtime_t back;
        ck_assert(simtime_parse(simtime_format(t, buf, sizeof buf), &back));
        ck_assert_int_eq(back, t);
        t = (simtime_t)((uint64_t)t * 6364136223846793005u >> (i % 60));
        if (t < 0)
            t = -(t + 1);
        if (t == 0 || t == SIM_NEVER)
            t = i + 1;
    }
}
END_TEST

START_TEST(seconds_are_rounded_and_saturate)
{
    ck_assert_int_eq(simtime_from_s(1.5), 1500 * SIM_MS);
    ck_assert_int_eq(simtime_from_s(0.4e-9), 0);
    ck_assert_int_eq(simtime_from_s(0.6e-9), 1);
    ck_assert_int_eq(simtime_from_s(-0.6e-9), -1);
    ck_assert_int_eq(simtime_from_s(1e12), SIM_NEVER);
    ck_assert_int_eq(simtime_from_s(-1e12), -SIM_NEVER);
    ck_assert_int_eq(simtime_from_s((double)INFINITY), SIM_NEVER);
    ck_assert(simtime_to_s(1500 * SIM_MS) == 1.5);
}
END_TEST

Suite *suite_simtime(void)
{
    Suite *s = suite_create("simtime");
    TCase *c = tcase_create("simtime");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, durations_are_parsed_exactly);
    tcase_add_test(c, what_is_no_duration_is_refused);
    tcase_add_test(c, durations_are_written_with_their_largest_exact_unit);
    tcase_add_test(c, what_is_written_is_read_back);
    tcase_add_test(c, seconds_are_rounded_and_saturate);
    suite_add_tcase(s, c);
    return s;
}
