/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outputs/num.h"

#include <check.h>
#include <locale.h>
#include <math.h>

static const struct {
    double v;
    const char *text;
} stats[] = {
    { 0, "0" },
    { -0.0, "0" },
    { 1, "1" },
    { 150, "150" },
    { 0.0213, "0.0213" },
    { 0.1 + 0.2, "0.3" },
    { 1.0 / 3, "0.333333" },
    { -2.5, "-2.5" },
    { 123456.7, "123457" },
    { 1234567, "1234570" },
    { 999999.5, "1000000" },
    { 0.9999996, "1" },
    { 1e-7, "0.0000001" },
    { 1.5e-9, "1.5e-09" },
    { 2e-9, "2e-09" },
    { 1e18, "1e+18" },
    { 1.25e300, "1.25e+300" },
    { 5e-324, "4.94066e-324" },
};

START_TEST(statistics_have_six_digits_and_no_trailing_zeros)
{
    char buf[NUM_SIZE];
    ck_assert_str_eq(num_stat(stats[_i].v, buf), stats[_i].text);
}
END_TEST

START_TEST(counts_are_printed_in_full)
{
    char buf[NUM_SIZE];
    ck_assert_str_eq(num_count(1234567, buf), "1234567");
    ck_assert_str_eq(num_count(123456789012345, buf), "123456789012345");
    ck_assert_str_eq(num_count(0, buf), "0");
    ck_assert_str_eq(num_count(2.5, buf), "2.5");
    ck_assert_str_eq(num_count(1234567.4, buf), "1234567");
    ck_assert_str_eq(num_count(98765.4321, buf), "98765.4");
    ck_assert_str_eq(num_count(-3, buf), "-3");
    ck_assert_str_eq(num_int(INT64_MIN, buf), "-9223372036854775808");
}
END_TEST

START_TEST(times_round_half_up)
{
    char buf[NUM_SIZE];
    ck_assert_str_eq(num_time(0, 6, buf), "0.000000");
    ck_assert_str_eq(num_time(1234567500, 6, buf), "1.234568");
    ck_assert_str_eq(num_time(1234567499, 6, buf), "1.234567");
    ck_assert_str_eq(num_time(-1234567500, 6, buf), "-1.234567");
    ck_assert_str_eq(num_time(-1234567501, 6, buf), "-1.234568");
    ck_assert_str_eq(num_time(-400, 6, buf), "0.000000");
    ck_assert_str_eq(num_time(-3 * SIM_S, 3, buf), "-3.000");
    ck_assert_str_eq(num_time(999999999, 3, buf), "1.000");
    ck_assert_str_eq(num_time(1500 * SIM_MS, 0, buf), "2");
}
END_TEST

START_TEST(exact_times_keep_what_they_need)
{
    char buf[NUM_SIZE];
    ck_assert_str_eq(num_time_exact(2 * SIM_S, 3, buf), "2.000");
    ck_assert_str_eq(num_time_exact(12500 * SIM_US, 3, buf), "0.0125");
    ck_assert_str_eq(num_time_exact(1, 3, buf), "0.000000001");
    ck_assert_str_eq(num_time_exact(60 * SIM_S, 0, buf), "60");
    ck_assert_str_eq(num_time_exact(-50 * SIM_MS, 3, buf), "-0.050");
}
END_TEST

START_TEST(people_read_three_digits_and_a_unit)
{
    char buf[NUM_SIZE];
    ck_assert_str_eq(num_duration(0.02134, buf), "21.3 ms");
    ck_assert_str_eq(num_duration(1.0249, buf), "1.02 s");
    ck_assert_str_eq(num_duration(0.99961, buf), "1 s");
    ck_assert_str_eq(num_duration(0.00034, buf), "340 us");
    ck_assert_str_eq(num_duration(1234.5, buf), "1234 s");
    ck_assert_str_eq(num_duration(0, buf), "0 s");
    ck_assert_str_eq(num_duration((double)NAN, buf), "-");
    ck_assert_str_eq(num_bytes(512, buf), "512 B");
    ck_assert_str_eq(num_bytes(123.4 * 1048576, buf), "123 MiB");
    ck_assert_str_eq(num_bytes(1023.9 * 1024, buf), "1 MiB");
    ck_assert_str_eq(num_bytes(0, buf), "0 B");
}
END_TEST

START_TEST(a_comma_locale_changes_nothing)
{
    static const char *const commas[] = { "de_DE.UTF-8", "de_DE.utf8",
                                          "fr_FR.UTF-8", "de_DE" };
    char buf[NUM_SIZE];
    for (size_t i = 0; i < sizeof commas / sizeof commas[0]; i++)
        if (setlocale(LC_ALL, commas[i]) != NULL)
            break;
    ck_assert_str_eq(num_stat(0.0213, buf), "0.0213");
    ck_assert_str_eq(num_time(1500 * SIM_MS, 3, buf), "1.500");
    setlocale(LC_ALL, "C");
}
END_TEST

Suite *suite_num(void);
Suite *suite_num(void)
{
    Suite *s = suite_create("num");
    TCase *t = tcase_create("num");
    tcase_add_loop_test(t, statistics_have_six_digits_and_no_trailing_zeros, 0,
                        sizeof stats / sizeof stats[0]);
    tcase_add_test(t, counts_are_printed_in_full);
    tcase_add_test(t, times_round_half_up);
    tcase_add_test(t, exact_times_keep_what_they_need);
    tcase_add_test(t, people_read_three_digits_and_a_unit);
    tcase_add_test(t, a_comma_locale_changes_nothing);
    suite_add_tcase(s, t);
    return s;
}
