/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sweep/journal.h"

Suite *suite_journal(void);

static char folder[64], dir[80];
static struct arena *arena;
static struct points points;

static const char *const keys[] = { "seed" };
static const char *const sets[] = { "seed=1", "seed=2", "seed=3" };
static const struct factor factor = { keys, 1, sets, 3 };
static const char text[] = "p,prefork,1,throughput_rps,12.5,,,12.5\n";

static void make_points(const char *scenario)
{
    struct points_origin o = { "t", "1", "p", scenario, "i", "o" };
    struct err e;
    err_init(&e);
    ck_assert(points_init(&points, &o, &factor, 1, arena, &e));
}

static void set_up(void)
{
    strcpy(folder, "/tmp/test_journal-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(dir, sizeof dir, "%s/a/b", folder);
    arena = arena_new();
    make_points("s");
}

static void tear_down(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
    arena_free(arena);
}

static struct journal *open_journal(void)
{
    struct err e;
    err_init(&e);
    struct journal *j = journal_open(dir, &points, &e);
    ck_assert_msg(j != NULL, "%s", e.text);
    return j;
}

static void put_point(size_t i)
{
    struct journal *j = open_journal();
    struct err e;
    err_init(&e);
    ck_assert(journal_put(j, i, text, &e));
    journal_close(j);
}

static char *point_path(size_t i)
{
    char id[SHA256_HEX_SIZE];
    char *path = malloc(200);
    points_id(&points, i, id);
    snprintf(path, 200, "%s/points/%s", dir, id);
    return path;
}

static void put_file(const char *path, const char *bytes, size_t n)
{
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(bytes, 1, n, f), n);
    fclose(f);
}

static size_t get_file(const char *path, char *buf, size_t size)
{
    FILE *f = fopen(path, "r");
    ck_assert_ptr_nonnull(f);
    size_t n = fread(buf, 1, size, f);
    fclose(f);
    return n;
}

START_TEST(what_was_put_is_there_when_it_is_opened_again)
{
    put_point(1);
    struct journal *j = open_journal();
    char *got = journal_get(j, 1);
    ck_assert_str_eq(got, text);
    free(got);
    ck_assert_ptr_null(journal_get(j, 0));
    journal_close(j);
    ck_assert(journal_is_sweep(dir));
    ck_assert(!journal_is_sweep(folder));
}
END_TEST

START_TEST(nothing_cut_short_or_changed_is_trusted)
{
    char good[1024], bad[1024];
    put_point(0);
    char *path = point_path(0);
    size_t n = get_file(path, good, sizeof good);
    struct journal *j = open_journal();
    for (size_t k = 0; k < n; k++) {
        put_file(path, good, k);
        ck_assert_msg(journal_get(j, 0) == NULL, "%zu bytes are enough", k);
    }
    for (size_t k = 0; k < n; k++)
        for (int bit = 0; bit < 8; bit += 3) {
            memcpy(bad, good, n);
            bad[k] = (char)(bad[k] ^ (1 << bit));
            put_file(path, bad, n);
            ck_assert_msg(journal_get(j, 0) == NULL, "byte %zu may change", k);
        }
    memset(bad, 0, sizeof bad); /* as a file system may leave it */
    put_file(path, bad, n);
    ck_assert_ptr_null(journal_get(j, 0));
    put_file(path, good, n);
    char *got = journal_get(j, 0);
    ck_assert_str_eq(got, text);
    free(got);
    /* a good file under another point's name */
    char *other = point_path(1);
    put_file(other, good, n);
    ck_assert_ptr_null(journal_get(j, 1));
    free(other);
    free(path);
    journal_close(j);
}
END_TEST

START_TEST(leftovers_of_a_killed_sweep_are_removed)
{
    char part[240];
    put_point(0);
    char *path = point_path(2);
    snprintf(part, sizeof part, "%s.part", path);
    put_file(part, "mpmsim-po", 9);
    struct journal *j = open_journal();
    ck_assert_int_ne(access(part, F_OK), 0);
    char *got = journal_get(j, 0);
    ck_assert_str_eq(got, text);
    free(got);
    free(path);
    journal_close(j);
}
END_TEST

START_TEST(tables_go_with_the_plan_they_belong_to_and_points_stay)
{
    char table[120];
    put_point(0);
    snprintf(table, sizeof table, "%s/sweep.csv", dir);
    put_file(table, "x\n", 2);
    journal_close(open_journal());
    ck_assert_int_eq(access(table, F_OK), 0);
    make_points("another scenario");
    struct journal *j = open_journal();
    ck_assert_int_ne(access(table, F_OK), 0);
    ck_assert_ptr_null(journal_get(j, 0));
    journal_close(j);
    make_points("s");
    j = open_journal();
    char *got = journal_get(j, 0);
    ck_assert_str_eq(got, text);
    free(got);
    journal_close(j);
}
END_TEST

static void refuse(enum err_kind kind)
{
    struct err e;
    err_init(&e);
    ck_assert_ptr_null(journal_open(dir, &points, &e));
    ck_assert_int_eq(e.kind, kind);
    err_clear(&e);
}

START_TEST(somebody_elses_folder_is_left_alone)
{
    char path[120];
    snprintf(dir, sizeof dir, "%s/mine", folder);
    ck_assert_int_eq(mkdir(dir, 0777), 0);
    journal_close(open_journal()); /* an empty one may be used */
    snprintf(path, sizeof path, "%s/.mpmsim-sweep", dir);
    ck_assert_int_eq(unlink(path), 0);
    refuse(ERR_USAGE);
    put_file(path, "", 0); /* killed right after making it */
    journal_close(open_journal());
    snprintf(dir, sizeof dir, "%s/file", folder);
    put_file(dir, "x", 1);
    refuse(ERR_USAGE);
    strcpy(dir, "");
    refuse(ERR_USAGE);
    strcpy(dir, "/proc/nowhere");
    refuse(ERR_IO);
}
END_TEST

START_TEST(two_cannot_work_in_one_folder)
{
    struct journal *j = open_journal();
    refuse(ERR_USAGE);
    journal_close(j);
    /* and one that is killed does not lock others out */
    pid_t child = fork();
    if (child == 0) {
        struct err e;
        err_init(&e);
        if (journal_open(dir, &points, &e) == NULL)
            _exit(1);
        pause();
    }
    usleep(50000);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    journal_close(open_journal());
}
END_TEST

Suite *suite_journal(void)
{
    Suite *s = suite_create("journal");
    TCase *t = tcase_create("journal");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, what_was_put_is_there_when_it_is_opened_again);
    tcase_add_test(t, nothing_cut_short_or_changed_is_trusted);
    tcase_add_test(t, leftovers_of_a_killed_sweep_are_removed);
    tcase_add_test(t, tables_go_with_the_plan_they_belong_to_and_points_stay);
    tcase_add_test(t, somebody_elses_folder_is_left_alone);
    tcase_add_test(t, two_cannot_work_in_one_folder);
    tcase_set_timeout(t, 60);
    suite_add_tcase(s, t);
    return s;
}
