/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outputs/overlay.h"

#include "outputs/plots.h"
#include "tests/outputs/recorded.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct recording run, rec;
static char text[200000];

static void read_into(struct recording *r)
{
    struct err e;
    err_init(&e);
    ck_assert(recording_read(r, recorded_dir(), &e));
}

static void setup(void)
{
    char series[4000], *p = series;
    p += sprintf(p, "t_s,processes,accept_queue,private_dirty_kib\n");
    for (int i = 0; i < 60; i++)
        p += sprintf(p, "%g,%d,%d,\n", i * 0.25, 1 + i / 20, i % 7);
    recorded_open();
    recorded_file("series.csv", series);
    recorded_file("requests.csv", "t_start,t_done,status\n1,1.02,200\n"
                                  "2,2.5,200\n3,4,500\n");
    read_into(&run);
    read_into(&rec);
}

static void teardown(void)
{
    static const char *const names[] = { "recording-it's.gp",
                                         "recording-it's.png",
                                         "recording-it's.svg" };
    char path[100];
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/plots/%s", recorded_dir(), names[i]);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/plots", recorded_dir());
    rmdir(path);
    recording_free(&run);
    recording_free(&rec);
    recorded_close();
}

static void write_script(const struct overlay *o)
{
    char path[100];
    struct err e;
    err_init(&e);
    ck_assert(overlay_write(recorded_dir(), o, &e));
    snprintf(path, sizeof path, "%s/plots/recording-%s.gp", recorded_dir(),
             o->server);
    FILE *f = fopen(path, "r");
    ck_assert_ptr_nonnull(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
}

START_TEST(panels_are_what_both_have)
{
    struct overlay o = { "event", "a case", &run, &rec, 15 };
    write_script(&o);
    ck_assert_ptr_nonnull(strstr(text, "'a case: event, simulated"));
    ck_assert_ptr_nonnull(strstr(text, "set title 'Processes'"));
    ck_assert_ptr_nonnull(strstr(text, "set title 'Accept queue'"));
    ck_assert_ptr_nonnull(strstr(text, "set title 'Latency'"));
    ck_assert_ptr_nonnull(strstr(text, "set xrange [0:15]"));
    ck_assert_ptr_null(strstr(text, "set title 'Busy workers'"));
    ck_assert_ptr_null(strstr(text, "set title 'Private memory'"));
    /* half seconds: two samples each */
    ck_assert_ptr_nonnull(strstr(text, "\n0.5 1 NaN NaN 2.5 NaN\n"));
    char path[100];
    snprintf(path, sizeof path, "%s/plots/recording-event.gp", recorded_dir());
    unlink(path);
}
END_TEST

START_TEST(latencies_are_of_good_requests)
{
    struct overlay o = { "it's", NULL, &run, &rec, 0 };
    write_script(&o);
    ck_assert_ptr_nonnull(
        strstr(text, "$lrec << EOD\n0.02 50\n0.5 100\nEOD\n"));
    ck_assert_ptr_nonnull(strstr(text, "set xrange [0.01:1]"));
}
END_TEST

START_TEST(gnuplot_takes_it)
{
    struct overlay o = { "it's", "case", &run, &rec, 0 };
    struct err e;
    char path[100];
    if (system("command -v gnuplot >/dev/null 2>&1") != 0)
        return;
    err_init(&e);
    write_script(&o);
    bool ok = plots_draw(recorded_dir(), recorded_dir(), &e);
    ck_assert_msg(ok, "%s", ok ? "" : e.text);
    snprintf(path, sizeof path, "%s/plots/recording-it's.png", recorded_dir());
    struct stat st;
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert(st.st_size > 5000);
}
END_TEST

START_TEST(a_folder_that_cannot_be_written)
{
    struct overlay o = { "event", NULL, &run, &rec, 0 };
    struct err e;
    err_init(&e);
    ck_assert(!overlay_write("/proc/nowhere", &o, &e));
    ck_assert_int_eq(e.kind, ERR_IO);
    err_clear(&e);
}
END_TEST

Suite *suite_overlay(void);
Suite *suite_overlay(void)
{
    Suite *s = suite_create("overlay");
    TCase *tc = tcase_create("overlay");
    tcase_set_timeout(tc, 30);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, panels_are_what_both_have);
    tcase_add_test(tc, latencies_are_of_good_requests);
    tcase_add_test(tc, gnuplot_takes_it);
    tcase_add_test(tc, a_folder_that_cannot_be_written);
    suite_add_tcase(s, tc);
    return s;
}
