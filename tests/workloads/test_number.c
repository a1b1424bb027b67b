/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workloads/number.h"

#include <check.h>
#include <string.h>

static int64_t value(const char *text, int scale)
{
    int64_t v = -1;
    ck_assert_int_eq(number_parse(text, strlen(text), scale, &v), NUMBER_OK);
    return v;
}

static enum number_fault fault(const char *text, int scale)
{
    int64_t v = -1;
    enum number_fault f = number_parse(text, strlen(text), scale, &v);
    ck_assert_int_eq(v, -1);
    return f;
}

START_TEST(decimals_are_read_exactly)
{
    ck_assert_int_eq(value("0", 9), 0);
    ck_assert_int_eq(value("1", 9), 1000000000);
    ck_assert_int_eq(value("0.5102", 9), 510200000);
    ck_assert_int_eq(value(".5", 9), 500000000);
    ck_assert_int_eq(value("7.", 0), 7);
    ck_assert_int_eq(value("+3", 0), 3);
    ck_assert_int_eq(value("-0.0", 9), 0);
    ck_assert_int_eq(value("25.34", 6), 25340000);
    ck_assert_int_eq(value("000000000000000000000000012", 0), 12);
    ck_assert_int_eq(value("92233720.3685477580", 9),
                     INT64_C(92233720368547758));
}
END_TEST

START_TEST(results_are_rounded_to_the_nearest)
{
    ck_assert_int_eq(value("0.0000000004", 9), 0);
    ck_assert_int_eq(value("0.0000000005", 9), 1);
    ck_assert_int_eq(value("1.2345", 3), 1235);
    ck_assert_int_eq(value("1.23449999999999999999", 3), 1234);
}
END_TEST

START_TEST(exponents_are_understood)
{
    ck_assert_int_eq(value("1e-3", 9), 1000000);
    ck_assert_int_eq(value("2.5E+2", 0), 250);
    ck_assert_int_eq(value("1e-400", 9), 0);
    ck_assert_int_eq(value("0e999999999999", 9), 0);
    ck_assert_int_eq(fault("1e400", 9), NUMBER_LARGE);
    ck_assert_int_eq(fault("1e", 9), NUMBER_BAD);
    ck_assert_int_eq(fault("1e5x", 9), NUMBER_BAD);
}
END_TEST

START_TEST(what_is_no_number_is_said_to_be_none)
{
    static const char *const bad[] = { "-",    "abc", "1,5", "1 ",    " 1",
                                       "0x10", "nan", "inf", "1.2.3", "." };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(fault(bad[i], 9) == NUMBER_BAD, "%s", bad[i]);
    ck_assert_int_eq(fault("", 9), NUMBER_EMPTY);
    ck_assert_int_eq(fault("-1", 9), NUMBER_NEGATIVE);
    ck_assert_int_eq(fault("99999999999", 9), NUMBER_LARGE);
    ck_assert_int_eq(fault("99999999999999999999", 0), NUMBER_LARGE);
}
END_TEST

Suite *suite_number(void);
Suite *suite_number(void)
{
    Suite *s = suite_create("workloads/number");
    TCase *t = tcase_create("number");
    tcase_add_test(t, decimals_are_read_exactly);
    tcase_add_test(t, results_are_rounded_to_the_nearest);
    tcase_add_test(t, exponents_are_understood);
    tcase_add_test(t, what_is_no_number_is_said_to_be_none);
    suite_add_tcase(s, t);
    return s;
}
