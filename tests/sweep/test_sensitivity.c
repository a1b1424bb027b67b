/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sweep/sensitivity.h"
#include "sweep/table.h"

Suite *suite_sensitivity(void);

static const char *const x_keys[] = { "x" }, *const y_keys[] = { "y" },
                         *const z_keys[] = { "z" };
static const char *const x_sets[] = { "x=1", "x=2", "x=3" };
static const char *const y_sets[] = { "y=a", "y=\"b,c\"" };
static const char *const z_sets[] = { "z=0" };
static const struct factor factors[] = { { x_keys, 1, x_sets, 3 },
                                         { y_keys, 1, y_sets, 2 },
                                         { z_keys, 1, z_sets, 1 } };
static const char *const metrics[] = { "throughput_rps", "latency.p99_s" };

static void make(struct study *s, struct points *p, struct arena *a,
                 double (*f)(size_t x, size_t y, int run))
{
    struct points_origin o = { "", "", "", "", "", "" };
    struct err e;
    err_init(&e);
    ck_assert(points_init(p, &o, factors, 3, a, &e));
    study_init(s, p, metrics, 2);
    for (size_t i = 0; i < p->n; i++) {
        char text[300], run[2][40];
        double mean = 0;
        struct result r;
        for (int k = 0; k < 2; k++) {
            double v = f(points_choice(p, i, 0), points_choice(p, i, 1), k);
            mean += v / 2;
            if (isnan(v))
                strcpy(run[k], "-");
            else
                snprintf(run[k], sizeof run[k], "%g", v);
        }
        if (isnan(mean))
            snprintf(text, sizeof text, "s,event,2,throughput_rps,,,,%s %s\n",
                     run[0], run[1]);
        else
            snprintf(text, sizeof text,
                     "s,event,2,throughput_rps,%g,%g,%g,%s %s\n", mean,
                     mean - 1, mean + 1, run[0], run[1]);
        ck_assert_msg(result_parse(&r, text), "%s", text);
        study_add(s, i, &r);
        result_free(&r);
    }
}

/* Replications differ a lot, and alike at all points. */
static double additive(size_t x, size_t y, int run)
{
    return 10 * (double)x + 3 * (double)y + (run ? 100 : 0);
}

static double with_gaps(size_t x, size_t y, int run)
{
    return x == 0 ? (double)NAN : additive(x, y, run);
}

static double flat(size_t x, size_t y, int run)
{
    return (double)(x + y) * 0 + run;
}

START_TEST(the_largest_effect_comes_first_with_its_paired_interval)
{
    struct arena *a = arena_new();
    struct study s;
    struct points p;
    struct effect x[3];
    make(&s, &p, a, additive);
    ck_assert_uint_eq(sensitivity_rank(&s, 0, 0, x), 2);
    ck_assert_uint_eq(x[0].factor, 0);
    ck_assert_double_eq_tol(x[0].size, 20, 1e-12);
    ck_assert_uint_eq(x[0].lowest, 0);
    ck_assert_uint_eq(x[0].highest, 2);
    /* the noise is common to all points and cancels out */
    ck_assert_double_eq_tol(x[0].low, 20, 1e-12);
    ck_assert_double_eq_tol(x[0].high, 20, 1e-12);
    ck_assert_double_eq_tol(x[1].size, 3, 1e-12);
    /* variances 200/3 and 9/4 of an additive function */
    ck_assert_double_eq_tol(x[0].share, (200. / 3) / (200. / 3 + 9. / 4),
                            1e-12);
    ck_assert_double_eq_tol(x[0].share + x[1].share, 1, 1e-12);
    ck_assert_uint_eq(x[0].points, 6);
    ck_assert_uint_eq(sensitivity_rank(&s, 0, 1, x), 0);
    study_free(&s);
    arena_free(a);
}
END_TEST

START_TEST(points_without_the_number_are_left_out)
{
    struct arena *a = arena_new();
    struct study s;
    struct points p;
    struct effect x[3];
    make(&s, &p, a, with_gaps);
    ck_assert_uint_eq(sensitivity_rank(&s, 0, 0, x), 2);
    ck_assert_double_eq_tol(x[0].size, 10, 1e-12);
    ck_assert_uint_eq(x[0].lowest, 1);
    ck_assert_uint_eq(x[0].points, 4);
    study_free(&s);
    arena_free(a);
}
END_TEST

START_TEST(no_effect_is_no_effect)
{
    struct arena *a = arena_new();
    struct study s;
    struct points p;
    struct effect x[3];
    make(&s, &p, a, flat);
    ck_assert_uint_eq(sensitivity_rank(&s, 0, 0, x), 2);
    ck_assert_uint_eq(x[0].factor, 0);
    ck_assert_double_eq(x[0].size, 0);
    ck_assert_double_eq(x[0].share, 0);
    study_free(&s);
    arena_free(a);
}
END_TEST

START_TEST(the_table_has_a_row_per_factor)
{
    struct arena *a = arena_new();
    struct study s;
    struct points p;
    struct sink out;
    make(&s, &p, a, additive);
    sink_string(&out);
    sensitivity_table(&out, &s);
    char *text = sink_take(&out);
    ck_assert_str_eq(
        text,
        "metric,server,rank,key,effect,ci95_low,ci95_high,effect_relative,"
        "share,lowest_at,highest_at,points\n"
        "throughput_rps,s,1,x,20,20,20,0.325203,0.967352,1,3,6\n"
        "throughput_rps,s,2,y,3,3,3,0.0487805,0.0326481,a,\"b,c\",6\n");
    free(text);
    study_free(&s);
    arena_free(a);
}
END_TEST

START_TEST(results_that_are_not_whole_are_refused)
{
    static const char good[] = "s,event,2,a.b,1.5,1,2,1 2\nt,event,1,c,,,,-\n";
    static const char *const bad[] = {
        "",
        "s,event,2,a.b,1.5,1,2,1 2",
        "s,event,2,a.b,1.5,1,2,1\n",
        "s,event,99,a.b,1.5,1,2,1 2\n",
        "s,event,2,a.b,x,1,2,1 2\n",
        "s,event,2,a.b,1.5,1\n",
        "\n",
        "s,event\n",
    };
    struct result r;
    ck_assert(result_parse(&r, good));
    ck_assert_uint_eq(r.n, 2);
    const struct result_row *row = result_find(&r, "s", "a.b");
    ck_assert_ptr_nonnull(row);
    ck_assert_double_eq(row->mean, 1.5);
    ck_assert_double_eq(row->runs[1], 2);
    row = result_find(&r, "t", "c");
    ck_assert(isnan(row->mean) && isnan(row->low) && isnan(row->runs[0]));
    ck_assert_ptr_null(result_find(&r, "t", "a.b"));
    result_free(&r);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!result_parse(&r, bad[i]), "%s", bad[i]);
}
END_TEST

START_TEST(fields_are_quoted_when_they_must_be)
{
    struct sink out;
    sink_string(&out);
    table_field(&out, "1s");
    table_field(&out, "a,b");
    table_field(&out, "say \"x\"");
    char *text = sink_take(&out);
    ck_assert_str_eq(text, "1s\"a,b\"\"say \"\"x\"\"\"");
    free(text);
}
END_TEST

Suite *suite_sensitivity(void)
{
    Suite *s = suite_create("sensitivity");
    TCase *t = tcase_create("sensitivity");
    tcase_add_test(t, the_largest_effect_comes_first_with_its_paired_interval);
    tcase_add_test(t, points_without_the_number_are_left_out);
    tcase_add_test(t, no_effect_is_no_effect);
    tcase_add_test(t, the_table_has_a_row_per_factor);
    tcase_add_test(t, results_that_are_not_whole_are_refused);
    tcase_add_test(t, fields_are_quoted_when_they_must_be);
    tcase_set_timeout(t, 60);
    suite_add_tcase(s, t);
    return s;
}
