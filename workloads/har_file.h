/* SPDX-License-Identifier: GPL-3.0-or-later */
/* HAR files (HTTP Archive 1.2), as browsers' network panels save them, read as
 * the requests of a log. The file is read once from front to back, plain or
 * gzip, and only what is needed is kept: bodies inside may be of any size. */
#ifndef WORKLOADS_HAR_FILE_H
#define WORKLOADS_HAR_FILE_H

#include "workloads/log_file.h"

/* Does PATH begin like JSON? False also when it cannot be read. */
bool har_looks_like(const char *path);

/* Fills *ITEM (caller frees) with the *N requests to the host that most go to,
 * their `t` ns since 1970, in the order of the file; *OTHERS: requests to
 * other hosts, left out. *HOST (caller frees) is that host; *CONNS: all
 * requests name their connection. ERR_IO, or ERR_CONTENT with the line. */
struct har {
    struct log_item *item;
    size_t n, others;
    char *host;
    bool conns, multiplexed; /* some over HTTP/2 or later */
};
bool har_read(const char *path, struct har *h, struct err *e);

#endif
