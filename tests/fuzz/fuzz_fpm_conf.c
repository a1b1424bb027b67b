/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a configuration of PHP-FPM. Includes are cut out: a fuzzer must
 * not wander through the file system. */
#include "config/fpm_conf.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sim/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hear(void *ctx, const char *file, long line, const char *text)
{
    size_t *notes = ctx;

    must(file != NULL && line > 0 && text[0] != '\0');
    ++*notes;
}

/* What FPM promises of a pool that starts. */
static void look(const struct fpm_conf *c)
{
    must(c->max_children >= 1 && c->start_servers <= c->max_children);
    must(c->max_requests >= 0 && c->listen_backlog >= 0);
    if (c->pm == FPM_STATIC)
        must(c->start_servers == c->max_children);
    if (c->pm == FPM_DYNAMIC)
        must(c->min_spare_servers >= 1 && c->start_servers >= 1 &&
             c->max_spare_servers >= c->min_spare_servers &&
             c->max_spawn_rate >= 1);
    if (c->pm == FPM_ONDEMAND)
        must(c->start_servers == 0 && c->process_idle_timeout >= SIM_S);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fpm_conf c;
    struct arena *a;
    struct err e;
    size_t notes = 0;
    struct fpm_report report = { hear, &notes };
    char path[64];
    int fd;

    if (memmem(data, size, "include", 7) != NULL)
        return 0;
    fd = memfd_create("pool", MFD_CLOEXEC);
    must(fd >= 0);
    if (size > 0)
        must(write(fd, data, size) == (ssize_t)size);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    a = arena_new();
    err_init(&e);
    if (fpm_conf_load(path, NULL, "app", &report, a, &c, &e))
        look(&c);
    else
        must(e.text != NULL);
    arena_free(a);
    err_clear(&e);
    close(fd);
    return 0;
}
