/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What there is to say about an httpd configuration once it is read: which
 * values of virtual hosts hold for the server, what contradicts itself, and
 * what changes a real server in a way that is not modelled. */
#ifndef CONFIG_HTTPD_ADVICE_H
#define CONFIG_HTTPD_ADVICE_H

#include "config/httpd_conf.h"

#define ADVICE_MAX 32

/* Where each kind of directive that is not modelled stood first. */
struct advice {
    struct {
        const char *file; /* NULL: nowhere */
        long line;
    } at[ADVICE_MAX];
};

/* Looks at the directive NAME with its ARGS as written. FILE is kept. */
void advice_see(struct advice *ad, const char *name, const char *args,
                const char *file, long line);
/* Adds what was seen to C's warnings; HTTP2: mod_http2 is loaded. */
void advice_warn(const struct advice *ad, bool http2, struct httpd_conf *c,
                 struct arena *a);

/* Whether directive D may stand in a <VirtualHost>. */
bool httpd_per_host(enum directive d);
/* Whether connections to listener I may get to <VirtualHost> H of C. */
bool httpd_host_reached(const struct httpd_conf *c, size_t h, int i);
/* Makes what all reachable virtual hosts agree on the server's, and warns of
 * what they do not. */
void httpd_settle_hosts(struct httpd_conf *c, struct arena *a);

/* Warns of values that others make meaningless. */
void httpd_contradictions(struct httpd_conf *c, struct arena *a);

#endif
