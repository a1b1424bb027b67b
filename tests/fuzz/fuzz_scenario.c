/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a scenario; what is behind a NUL byte is given to --set. */
#include "config/scenario.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sim/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hear(void *ctx, bool warning, const struct err *e)
{
    size_t *errors = ctx;

    must(e->text != NULL);
    *errors += !warning;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *nul = size > 0 ? memchr(data, 0, size) : NULL;
    size_t len = nul != NULL ? (size_t)(nul - data) : size;
    size_t rest = nul != NULL ? size - len - 1 : 0;
    char *set = must_zalloc(rest + 1, 1);
    const char *const sets[] = { set };
    struct scenario_opts o = { .set = sets, .nset = rest > 0 };
    struct scenario *sc;
    size_t errors = 0;
    char path[64];
    int fd = memfd_create("scenario", MFD_CLOEXEC);

    must(fd >= 0);
    if (rest > 0)
        memcpy(set, nul + 1, rest);
    if (len > 0)
        must(write(fd, data, len) == (ssize_t)len);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    sc = scenario_check(path, &o, hear, &errors);
    must((sc == NULL) == (errors > 0));
    scenario_free(sc);
    close(fd);
    free(set);
    return 0;
}
