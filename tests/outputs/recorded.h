/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A folder for a test that reads recordings. */
#ifndef TESTS_OUTPUTS_RECORDED_H
#define TESTS_OUTPUTS_RECORDED_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char recorded_folder[40] = "/tmp/mpmsim-recorded-XXXXXX";

static inline const char *recorded_dir(void)
{
    return recorded_folder;
}

static inline void recorded_open(void)
{
    snprintf(recorded_folder, sizeof recorded_folder,
             "/tmp/mpmsim-recorded-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(recorded_folder));
}

/* Writes TEXT to the file NAME of the folder. */
static inline void recorded_file(const char *name, const char *text)
{
    char path[80];
    snprintf(path, sizeof path, "%s/%s", recorded_folder, name);
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
}

static inline void recorded_close(void)
{
    static const char *const names[] = { "series.csv", "requests.csv",
                                         "events.csv" };
    char path[80];
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", recorded_folder, names[i]);
        unlink(path);
    }
    rmdir(recorded_folder);
}

#endif
