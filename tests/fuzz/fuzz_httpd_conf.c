/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as an httpd configuration, resolved for each MPM. The Include
 * family is cut out: a fuzzer must not wander through the file system. */
#include "config/httpd_conf.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sim/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool includes(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i + 7 <= size; i++) {
        if (strncasecmp((const char *)data + i, "include", 7) == 0)
            return true;
    }
    return false;
}

/* A restart that changes nothing. */
static void again(const struct httpd_conf *c, const struct settings *s,
                  struct arena *a)
{
    struct settings after;
    struct settings_notes notes;
    struct err e;

    err_init(&e);
    must(settings_restart(&c->directives, s, false, 4, a, &after, &notes, &e));
    must(after.process_limit == s->process_limit &&
         after.thread_limit == s->thread_limit &&
         after.listen_backlog == s->listen_backlog &&
         after.nlisten == s->nlisten);
}

static void settle(const struct httpd_conf *c, struct arena *a)
{
    for (int mpm = 0; mpm < MPM_KINDS; mpm++) {
        struct settings s;
        struct settings_notes notes;
        struct err e;
        err_init(&e);
        if (settings_resolve(&c->directives, (enum mpm_kind)mpm, HTTPD_BASELINE,
                             4, true, a, &s, &notes, &e)) {
            must(s.process_limit >= 1 && s.threads_per_child >= 1);
            must(s.max_spare > s.min_spare && s.min_spare >= 1);
            must(s.start_servers <= s.process_limit && s.nlisten >= 1);
            again(c, &s, a);
        }
        err_clear(&e);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct httpd_conf_opts o = { .mpm = -1 };
    struct httpd_conf c;
    struct arena *a;
    struct err e;
    char path[64];
    int fd;

    if (includes(data, size))
        return 0;
    fd = memfd_create("conf", MFD_CLOEXEC);
    must(fd >= 0);
    if (size > 0)
        must(write(fd, data, size) == (ssize_t)size);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    a = arena_new();
    err_init(&e);
    if (httpd_conf_load(path, &o, a, &c, &e))
        settle(&c, a);
    else
        must(e.text != NULL);
    arena_free(a);
    err_clear(&e);
    close(fd);
    return 0;
}
