/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/outdir.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char base[64];
static struct err e;

static void setup(void)
{
    strcpy(base, "/tmp/outdir-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(base));
    ck_assert_int_eq(chdir(base), 0);
    err_init(&e);
}

static void teardown(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", base);
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert_int_eq(system(command), 0);
    err_clear(&e);
}

static void put(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

/* Entries of the folder PATH, hidden ones too. */
static int count(const char *path)
{
    DIR *d = opendir(path);
    int n = -2;
    while (readdir(d) != NULL)
        n++;
    closedir(d);
    return n;
}

/* A run that leaves the file NAME. */
static bool write_run(const char *dir, bool replace, const char *name)
{
    struct outdir *o = outdir_open(dir, replace, &e);
    if (o == NULL)
        return false;
    char *path = outdir_join(o, name, NULL);
    put(path, "x");
    free(path);
    return outdir_commit(o, &e);
}

START_TEST(a_new_folder_appears_whole_with_its_parents)
{
    struct outdir *o = outdir_open("a/b/c/", false, &e);
    ck_assert_ptr_nonnull(o);
    ck_assert(outdir_mkdir(o, "event", &e));
    ck_assert(!exists("a/b/c"));
    ck_assert(outdir_commit(o, &e));
    ck_assert(exists("a/b/c/event"));
    ck_assert(outdir_is_ours("a/b/c"));
    ck_assert_int_eq(count("a/b"), 1);
}
END_TEST

START_TEST(an_empty_folder_is_used)
{
    ck_assert_int_eq(mkdir("d", 0777), 0);
    ck_assert(write_run("d", false, "x"));
    ck_assert(exists("d/x"));
}
END_TEST

START_TEST(an_earlier_run_is_replaced_only_when_asked_for)
{
    ck_assert(write_run("d", false, "old"));
    ck_assert(!write_run("d", false, "new"));
    ck_assert_int_eq(e.kind, ERR_USAGE);
    ck_assert(exists("d/old"));
    err_clear(&e);
    ck_assert(write_run("d", true, "new"));
    ck_assert(exists("d/new") && !exists("d/old"));
    ck_assert_int_eq(count("."), 1);
}
END_TEST

START_TEST(a_folder_of_somebody_else_is_never_touched)
{
    ck_assert_int_eq(mkdir("d", 0777), 0);
    put("d/thesis.tex", "years");
    ck_assert(!write_run("d", true, "x"));
    ck_assert_int_eq(e.kind, ERR_USAGE);
    ck_assert_int_eq(count("d"), 1);
    ck_assert_int_eq(count("."), 1);
}
END_TEST

START_TEST(a_folder_filled_during_the_run_is_not_touched)
{
    struct outdir *o = outdir_open("d", false, &e);
    ck_assert_int_eq(mkdir("d", 0777), 0);
    put("d/x", "x");
    ck_assert(!outdir_commit(o, &e));
    ck_assert_int_eq(e.kind, ERR_USAGE);
    ck_assert_int_eq(count("d"), 1);
    ck_assert_int_eq(count("."), 1);
}
END_TEST

START_TEST(a_file_is_not_a_folder)
{
    put("d", "x");
    ck_assert(!write_run("d", true, "x"));
    ck_assert_int_eq(e.kind, ERR_USAGE);
}
END_TEST

START_TEST(a_link_to_a_folder_stays_a_link)
{
    ck_assert_int_eq(mkdir("real", 0777), 0);
    ck_assert_int_eq(symlink("real", "link"), 0);
    ck_assert(write_run("link", false, "x"));
    ck_assert(exists("real/x"));
    struct stat st;
    ck_assert(lstat("link", &st) == 0 && S_ISLNK(st.st_mode));
}
END_TEST

START_TEST(discarding_leaves_nothing)
{
    struct outdir *o = outdir_open("d", false, &e);
    ck_assert(outdir_mkdir(o, "event", &e));
    outdir_discard(o);
    ck_assert_int_eq(count("."), 0);
}
END_TEST

START_TEST(a_program_that_exits_early_leaves_nothing)
{
    pid_t pid = fork();
    if (pid == 0) {
        outdir_open("d", false, &e);
        exit(4);
    }
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(count("."), 0);
}
END_TEST

Suite *suite_outdir(void);
Suite *suite_outdir(void)
{
    Suite *s = suite_create("outdir");
    TCase *t = tcase_create("outdir");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_new_folder_appears_whole_with_its_parents);
    tcase_add_test(t, an_empty_folder_is_used);
    tcase_add_test(t, an_earlier_run_is_replaced_only_when_asked_for);
    tcase_add_test(t, a_folder_of_somebody_else_is_never_touched);
    tcase_add_test(t, a_folder_filled_during_the_run_is_not_touched);
    tcase_add_test(t, a_file_is_not_a_folder);
    tcase_add_test(t, a_link_to_a_folder_stays_a_link);
    tcase_add_test(t, discarding_leaves_nothing);
    tcase_add_test(t, a_program_that_exits_early_leaves_nothing);
    suite_add_tcase(s, t);
    return s;
}
