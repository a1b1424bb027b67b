/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a trace file, plain or gzip; every second input gets the right
 * header, so that rows are reached. */
#include "workloads/trace_file.h"

#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sim/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct trace *t)
{
    simtime_t last = 0;
    size_t n = 0;
    for (size_t i = 0; i < t->nconn; i++) {
        const struct trace_conn *c = &t->conn[i];
        must(c->start >= last && c->first == n && c->n >= 1);
        must(c->down >= 0 && c->up >= 0);
        last = c->start;
        n += c->n;
    }
    must(n == t->nreq);
    for (size_t i = 0; i < n; i++)
        must(t->req[i].think >= 0 && t->req[i].sleep >= 0 &&
             t->req[i].cpu >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char header[] = TRACE_HEADER "\n";
    char path[64];
    struct err e;
    struct arena *a;
    struct trace *t;
    int fd = memfd_create("trace", MFD_CLOEXEC);
    must(fd >= 0);
    if (size > 0 && data[0] % 2 == 0)
        must(write(fd, header, sizeof header - 1) > 0);
    if (size > 1)
        must(write(fd, data + 1, size - 1) == (ssize_t)(size - 1));
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    err_init(&e);
    a = arena_new();
    t = trace_read(path, a, &e);
    must((t != NULL) == (e.kind == ERR_NONE));
    if (t)
        check(t);
    arena_free(a);
    err_clear(&e);
    close(fd);
    return 0;
}
