/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a HAR file; every second input is put where its entries would
 * be, so that requests are reached. */
#include "workloads/har_file.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sim/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct har *h)
{
    must(h->n > 0 && h->host != NULL);
    for (size_t i = 0; i < h->n; i++) {
        const struct log_item *r = &h->item[i];
        must(r->service >= -1 && r->bytes >= 0 && r->in >= -1);
        must(!h->conns || r->conn != 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char head[] = "{\"log\": {\"entries\": [{", tail[] = "}]}}";
    char path[64];
    struct har h = { .n = 0 };
    struct err e;
    int fd = memfd_create("har", MFD_CLOEXEC);
    bool inside = size > 0 && data[0] % 2 == 0;

    must(fd >= 0);
    if (inside)
        must(write(fd, head, sizeof head - 1) > 0);
    if (size > 1)
        must(write(fd, data + 1, size - 1) == (ssize_t)(size - 1));
    if (inside)
        must(write(fd, tail, sizeof tail - 1) > 0);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    err_init(&e);
    (void)har_looks_like(path);
    if (har_read(path, &h, &e)) {
        check(&h);
        free(h.item);
        free(h.host);
    } else {
        must(e.kind != ERR_NONE && e.text != NULL);
    }
    err_clear(&e);
    close(fd);
    return 0;
}
