/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files that a test writes for the reader under test, and takes away. */
#ifndef TESTS_WORKLOADS_SCRATCH_H
#define TESTS_WORKLOADS_SCRATCH_H

#include <check.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char scratch[64];

static void scratch_write(const void *data, size_t size)
{
    int fd;
    FILE *f;
    strcpy(scratch, "/tmp/mpmsim-test-XXXXXX");
    fd = mkstemp(scratch);
    ck_assert_int_ge(fd, 0);
    f = fdopen(fd, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(data, 1, size, f), size);
    ck_assert_int_eq(fclose(f), 0);
}

static inline void scratch_text(const char *text)
{
    scratch_write(text, strlen(text));
}

static void scratch_remove(void)
{
    if (scratch[0])
        unlink(scratch);
    scratch[0] = '\0';
}

#endif
