/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads a PHP-FPM configuration (php-fpm.conf with what it includes, or one
 * file of a pool) as far as a simulation needs it, with the defaults,
 * corrections and refusals FPM has when it starts. Keys that do not matter
 * here are passed over, so users, sockets and paths they name need not exist.
 * An `include` is looked for relative to the file it stands in. */
#ifndef CONFIG_FPM_CONF_H
#define CONFIG_FPM_CONF_H

#include <stdbool.h>

#include "server/backend.h"
#include "sim/arena.h"
#include "sim/err.h"

/* Told of each correction FPM makes, and of keys that would change what is
 * simulated but are not modelled. */
struct fpm_report {
    void (*note)(void *ctx, const char *file, long line, const char *text);
    void *ctx;
};

/* Reads PATH and fills *OUT with the pool called POOL. If POOL is NULL it is
 * the only one, or else the one called PREFER or "www". REPORT may be NULL.
 * False with the place on error: ERR_IO when a file cannot be read, else
 * ERR_CONTENT. */
bool fpm_conf_load(const char *path, const char *pool, const char *prefer,
                   const struct fpm_report *report, struct arena *a,
                   struct fpm_conf *out, struct err *e);

#endif
