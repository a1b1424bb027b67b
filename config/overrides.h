/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `--set KEY=VALUE`: changes to a scenario's JSON before it is read. KEY is a
 * dotted path from the root; list elements go by their name or index, keys
 * that are missing are created. A bare directive (KeepAliveTimeout or
 * keep_alive_timeout) is given to every server. VALUE is JSON, or else a
 * string. */
#ifndef CONFIG_OVERRIDES_H
#define CONFIG_OVERRIDES_H

#include "config/reader.h"
#include "sim/param.h"

/* Applies ARG to R's document. *BARE is set to the origin its values carry
 * (json_origin()) when it was a bare directive, else to NULL. Errors go to R
 * and name the argument. TOP are the N keys a scenario may have. */
bool override_apply(struct reader *r, const char *arg, const char *const *top,
                    size_t n, const char **bare);

/* How messages and --set call element N of a list: its "name", else what it
 * would be named by default; or NULL. */
const char *element_name(const struct json_node *n);

/* What KEY of a workload with the parameters TABLE may be called too, or NULL:
 * `clients` and `connections`, where each client has one connection. */
const char *workload_other_key(const struct param *table, const char *key);

#endif
