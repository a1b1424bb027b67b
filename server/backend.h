/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Backends: where the requests of a workload are really served. A thread of
 * httpd that has read such a request hands it on and waits for the answer
 * (C-37); the backend has a concurrency limit of its own and a queue.
 *
 *  - proxy: one FIFO of requests, at most `concurrency` in service; a request
 *    spends its demand (sleep, then CPU) there. During a hang nothing moves:
 *    services that end within it complete when it is over.
 *  - php_fpm: a PHP-FPM pool, its process manager, one-second checks and
 *    listen queue (rules F-1 … F-6 of docs/mpm-behaviour.md). */
#ifndef SERVER_BACKEND_H
#define SERVER_BACKEND_H

#include <stddef.h>
#include <stdint.h>

#include "sim/simtime.h"

struct server;

enum backend_type { BACKEND_PROXY, BACKEND_PHP_FPM };
enum fpm_pm { FPM_STATIC, FPM_DYNAMIC, FPM_ONDEMAND };

/* A pool's settings under FPM's own names, with FPM's defaults. */
struct fpm_conf {
    enum fpm_pm pm;
    int64_t max_children;           /* pm.max_children, required */
    int64_t start_servers;          /* pm.start_servers; dynamic: default
                                       min + (max - min) / 2 of the spares */
    int64_t min_spare_servers;      /* pm.min_spare_servers */
    int64_t max_spare_servers;      /* pm.max_spare_servers */
    int64_t max_spawn_rate;         /* pm.max_spawn_rate, 32 */
    int64_t max_requests;           /* pm.max_requests, 0 = never */
    simtime_t process_idle_timeout; /* pm.process_idle_timeout, 10 s */
    int64_t listen_backlog;         /* listen.backlog, 511 */
};

struct backend_hang {
    simtime_t from, to;
};

struct backend_conf {
    const char *name;
    enum backend_type type;
    int64_t concurrency;             /* proxy; >= 1 */
    const struct backend_hang *hang; /* in time order, not overlapping */
    size_t nhang;
    struct fpm_conf fpm;
};

/* What backend-<name>.csv shows at one instant. */
struct backend_snapshot {
    int64_t processes; /* php_fpm: children; proxy: the concurrency limit */
    int64_t active, idle;
    int64_t queue; /* waiting for a child or slot */
};

/* Number of backends of a server; the state of one. */
size_t server_backends(const struct server *s);
const char *server_backend_name(const struct server *s, size_t i);
void server_backend_snapshot(const struct server *s, size_t i,
                             struct backend_snapshot *out);

#endif
