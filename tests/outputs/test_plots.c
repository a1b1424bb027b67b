/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outputs/plots.h"

#include "outputs/plots_script.h"
#include "outputs/sink.h"

#include "sim/must.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const pictures[] = { "overview", "processes", "accept-queue",
                                        "latency-cdf" };
enum { PICTURES = 4, POINTS = 30, SERVERS = 2 };

static char folder[64];
static struct hist *latency[SERVERS];
static struct curve_point curve[SERVERS][POINTS];
static struct plot_server servers[SERVERS];
static struct plot_run run;

static char *path_of(const char *name, const char *kind)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/plots/%s.%s", folder, name, kind);
    return path;
}

static void setup(void)
{
    static const char *const names[] = { "a_1", "it's" };
    strcpy(folder, "/tmp/mpmsim-plots-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    for (int i = 0; i < SERVERS; i++) {
        latency[i] = must_alloc(sizeof *latency[i]);
        hist_init(latency[i]);
        for (int k = 0; k < POINTS; k++) {
            curve[i][k] = (struct curve_point){
                .t_s = k,
                .throughput_rps = 100 + k * (i + 1),
                .p50_s = k % 3 ? (double)NAN : 0.02,
                .p99_s = k % 3 ? (double)NAN : 0.02 * (k + 1),
                .busy = 5,
                .keepalive = k,
                .processes = 3 + k / 10,
                .accept_queue = k > 20 ? 7 : 0,
                .pss_bytes = 1e7,
            };
            hist_record(latency[i], (k + 1) * 20 * SIM_MS);
        }
        servers[i] = (struct plot_server){ names[i], 40,     curve[i],  NULL,
                                           NULL,     POINTS, latency[i] };
    }
    run = (struct plot_run){ "What's \"this\"\\n", 29 * SIM_S, 5 * SIM_S,
                             servers, SERVERS };
}

static void teardown(void)
{
    static const char *const kinds[] = { "gp", "png", "svg" };
    char path[128];
    for (int i = 0; i < PICTURES; i++)
        for (int k = 0; k < 3; k++)
            unlink(path_of(pictures[i], kinds[k]));
    unlink(path_of("zz", "gp"));
    snprintf(path, sizeof path, "%s/plots", folder);
    rmdir(path);
    rmdir(folder);
    for (int i = 0; i < SERVERS; i++)
        free(latency[i]);
}

static char *content(const char *name)
{
    FILE *f = fopen(path_of(name, "gp"), "r");
    ck_assert_ptr_nonnull(f);
    char *text = must_zalloc(1, 1 << 20);
    ck_assert_uint_gt(fread(text, 1, (1 << 20) - 1, f), 0);
    fclose(f);
    return text;
}

static void write_scripts(void)
{
    struct err e;
    err_init(&e);
    ck_assert(plots_write(folder, &run, &e));
}

START_TEST(scripts_carry_their_data_and_are_the_same_each_time)
{
    char *first[PICTURES];
    write_scripts();
    for (int i = 0; i < PICTURES; i++) {
        first[i] = content(pictures[i]);
        ck_assert_ptr_nonnull(strstr(first[i], "\n$s2 << EOD\n"));
        ck_assert_ptr_nonnull(strstr(first[i], "'it''s'"));
    }
    ck_assert_ptr_nonnull(strstr(first[0], "\n3 103 0.02 0.08 9.53674 5 3\n"));
    ck_assert_ptr_nonnull(strstr(first[0], "\n4 104 NaN NaN 9.53674 5 4\n"));
    ck_assert_ptr_nonnull(strstr(first[1], "\n12 4\n"));
    write_scripts();
    for (int i = 0; i < PICTURES; i++) {
        char *again = content(pictures[i]);
        ck_assert_str_eq(first[i], again);
        free(again);
        free(first[i]);
    }
}
END_TEST

/* A panel for each server: none hides another, none sets another's scale. */
START_TEST(processes_have_an_axis_for_each_server)
{
    write_scripts();
    char *text = content("processes");
    int axes = 0;
    for (const char *p = text; (p = strstr(p, "set yrange [0:")); p++)
        axes++;
    ck_assert_int_eq(axes, SERVERS);
    ck_assert_ptr_null(strstr(text, ", $s2"));
    ck_assert_ptr_nonnull(
        strstr(text, "\nplot $s2 using 1:2 with fsteps ls 2"));
    free(text);
}
END_TEST

/* Exit status of the shell's search for gnuplot. */
static bool have_gnuplot(void)
{
    return system("command -v gnuplot >/dev/null 2>&1") == 0;
}

static void drawn(void)
{
    struct err e;
    struct stat st;
    err_init(&e);
    if (!have_gnuplot())
        return;
    ck_assert_msg(plots_draw(folder, folder, &e), "%s", e.text);
    for (int i = 0; i < PICTURES; i++) {
        ck_assert_int_eq(stat(path_of(pictures[i], "png"), &st), 0);
        ck_assert_int_gt(st.st_size, 5000);
        ck_assert_int_eq(stat(path_of(pictures[i], "svg"), &st), 0);
        ck_assert_int_gt(st.st_size, 5000);
    }
}

START_TEST(gnuplot_draws_them)
{
    write_scripts();
    drawn();
}
END_TEST

START_TEST(a_run_without_any_request_can_be_drawn)
{
    for (int i = 0; i < SERVERS; i++) {
        hist_init(latency[i]);
        for (int k = 0; k < POINTS; k++)
            curve[i][k] = (struct curve_point){ .t_s = k,
                                                .p50_s = (double)NAN,
                                                .p99_s = (double)NAN,
                                                .throughput_rps = (double)NAN };
    }
    write_scripts();
    drawn();
    servers[0].npoints = servers[1].npoints = 0;
    run.title = NULL;
    write_scripts();
    drawn();
}
END_TEST

/* Against the number of clients: a curve of latency is interrupted where
 * nothing is answered, not drawn through. */
START_TEST(nothing_answered_is_a_gap_in_the_climb)
{
    struct sink s;
    for (int i = 0; i < SERVERS; i++) {
        for (int k = 0; k < POINTS; k++) {
            bool answers = k != POINTS / 2;
            curve[i][k] = (struct curve_point){
                .t_s = k,
                .offered = 100.0 * (k + 1),
                .throughput_rps = answers ? 10 : 0,
                .p99_s = answers ? 0.5 : (double)NAN,
            };
        }
    }
    sink_string(&s);
    climb_write(&s, &run, "connections");
    char *text = sink_take(&s), want[80];
    snprintf(want, sizeof want, "\n%d 0.5\n\n%d 0.5\n", 100 * (POINTS / 2),
             100 * (POINTS / 2 + 2));
    ck_assert_ptr_nonnull(strstr(text, want));
    free(text);
}
END_TEST

/* The first server's queue overflows before all its workers are taken, and
 * then a process is killed (H-1), which cuts its clients off; the second keeps
 * out of trouble. */
START_TEST(what_is_used_up_is_marked_in_the_climb)
{
    struct sink s;
    for (int i = 0; i < SERVERS; i++)
        for (int k = 0; k < POINTS; k++)
            curve[i][k] = (struct curve_point){
                .t_s = k,
                .offered = 100.0 * (k + 1),
                .connections = 100.0 * (k + 1),
                .busy = i == 0 && k >= 8 ? servers[0].worker_limit : 0,
                .overflows = i == 0 && k >= 5 ? 3 : 0,
                .throughput_rps = 10,
                .p99_s = 0.5,
            };
    curve[0][11].memory_full = 0.5;
    for (int k = 12; k < 20; k++)
        curve[0][k].offered = 700;
    ck_assert(climb_applies(&run));
    sink_string(&s);
    climb_write(&s, &run, "connections");
    char *text = sink_take(&s);
    ck_assert_ptr_nonnull(
        strstr(text, ": \u25a0 accept queue full at 600 clients, \u25cf "
                     "MaxRequestWorkers at 900, \u25b2 memory full at 1200'"));
    ck_assert_ptr_nonnull(strstr(text, " takes all of them'"));
    ck_assert_ptr_nonnull(strstr(text, "\n1200 10 0.5 0\nEOD\n"));
    free(text);
    /* with nothing to blame, a fall is no climb */
    curve[0][11].memory_full = 0;
    ck_assert(!climb_applies(&run));
}
END_TEST

START_TEST(one_latency_for_all_can_be_drawn)
{
    for (int i = 0; i < SERVERS; i++) {
        hist_init(latency[i]);
        hist_record(latency[i], 10 * SIM_MS);
    }
    write_scripts();
    drawn();
}
END_TEST

START_TEST(a_missing_gnuplot_is_named_and_the_scripts_stay)
{
    struct err e;
    err_init(&e);
    write_scripts();
    setenv("PATH", "/nonexistent", 1);
    ck_assert(!plots_draw(folder, folder, &e));
    ck_assert_int_eq(e.kind, ERR_IO);
    ck_assert_ptr_nonnull(strstr(e.text, "gnuplot-nox"));
    ck_assert_int_eq(access(path_of("overview", "gp"), R_OK), 0);
    err_clear(&e);
}
END_TEST

START_TEST(what_gnuplot_complains_about_is_passed_on)
{
    struct err e;
    err_init(&e);
    if (!have_gnuplot())
        return;
    write_scripts();
    FILE *f = fopen(path_of("zz", "gp"), "w");
    ck_assert_ptr_nonnull(f);
    fputs("plot nothing_of_this_name\n", f);
    fclose(f);
    ck_assert(!plots_draw(folder, folder, &e));
    ck_assert_int_eq(e.kind, ERR_IO);
    ck_assert_ptr_nonnull(strstr(e.file, "zz.gp"));
    ck_assert_ptr_nonnull(strstr(e.text, "undefined variable"));
    err_clear(&e);
}
END_TEST

/* A full disk: gnuplot says nothing and exits with 0. */
START_TEST(half_a_picture_is_removed)
{
    static const char *const halves[] = { "png", "svg" };
    struct err e;
    if (!have_gnuplot())
        return;
    for (int i = 0; i < 2; i++) {
        err_init(&e);
        write_scripts();
        FILE *f = fopen(path_of("zz", "gp"), "w");
        ck_assert_ptr_nonnull(f);
        fprintf(f, "set print 'zz.%s'\nprint '<svg>'\n", halves[i]);
        fclose(f);
        ck_assert(!plots_draw(folder, "out/x", &e));
        ck_assert_int_eq(e.kind, ERR_IO);
        ck_assert_str_eq(e.file, "out/x/plots/zz.gp");
        ck_assert_ptr_nonnull(strstr(e.text, "is the disk full?"));
        ck_assert_int_ne(access(path_of("zz", halves[i]), F_OK), 0);
        ck_assert_int_eq(access(path_of("overview", halves[i]), F_OK), 0);
        err_clear(&e);
    }
}
END_TEST

START_TEST(a_run_without_scripts_is_an_error)
{
    struct err e;
    err_init(&e);
    ck_assert(!plots_draw(folder, folder, &e));
    ck_assert_int_eq(e.kind, ERR_IO);
    err_clear(&e);
}
END_TEST

Suite *suite_plots(void);
Suite *suite_plots(void)
{
    Suite *s = suite_create("plots");
    TCase *t = tcase_create("plots");
    tcase_set_timeout(t, 30);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, scripts_carry_their_data_and_are_the_same_each_time);
    tcase_add_test(t, processes_have_an_axis_for_each_server);
    tcase_add_test(t, gnuplot_draws_them);
    tcase_add_test(t, a_run_without_any_request_can_be_drawn);
    tcase_add_test(t, nothing_answered_is_a_gap_in_the_climb);
    tcase_add_test(t, what_is_used_up_is_marked_in_the_climb);
    tcase_add_test(t, one_latency_for_all_can_be_drawn);
    tcase_add_test(t, a_missing_gnuplot_is_named_and_the_scripts_stay);
    tcase_add_test(t, what_gnuplot_complains_about_is_passed_on);
    tcase_add_test(t, half_a_picture_is_removed);
    tcase_add_test(t, a_run_without_scripts_is_an_error);
    suite_add_tcase(s, t);
    return s;
}
