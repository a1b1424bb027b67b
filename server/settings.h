/* SPDX-License-Identifier: GPL-3.0-or-later */
/* httpd's directives: what an administrator wrote (struct directives) and what
 * httpd makes of it (struct settings), with httpd's own corrections and
 * warnings (rules T-1 … T-24). Directives keep httpd's spelling. */
#ifndef SERVER_SETTINGS_H
#define SERVER_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/arena.h"
#include "sim/err.h"
#include "sim/simtime.h"

enum mpm_kind { MPM_PREFORK, MPM_WORKER, MPM_EVENT, MPM_KINDS };

/* 2.4.63 is written 20463. */
#define HTTPD_VERSION(major, minor, patch)                                     \
    ((major)*10000 + (minor)*100 + (patch))
#define HTTPD_BASELINE HTTPD_VERSION(2, 4, 63)

enum directive {
    DIR_ServerLimit,
    DIR_ThreadLimit,
    DIR_ThreadsPerChild,
    DIR_MaxRequestWorkers, /* also MaxClients, T-24 */
    DIR_StartServers,
    DIR_MinSpareServers,
    DIR_MaxSpareServers,
    DIR_MinSpareThreads,
    DIR_MaxSpareThreads,
    DIR_AsyncRequestWorkerFactor,
    DIR_MaxConnectionsPerChild, /* also MaxRequestsPerChild, T-13 */
    DIR_ListenBacklog,
    DIR_KeepAlive,
    DIR_MaxKeepAliveRequests,
    DIR_KeepAliveTimeout,
    DIR_Timeout,
    DIR_GracefulShutdownTimeout,
    DIR_SendBufferSize,
    DIR_ReceiveBufferSize,
    DIR_MaxMemFree,
    DIR_ThreadStackSize,
    DIR_FlushMaxThreshold,
    DIR_FlushMaxPipelined,
    DIR_ListenCoresBucketsRatio,
    DIR_RequestReadTimeout,
    DIR_AcceptFilter, /* "http data", "https none": may be given per protocol */
    DIR_Listen,       /* may be given several times */
    DIR_COUNT
};

enum directive_type {
    DIRT_INT,     /* int64 */
    DIRT_REAL,    /* in thousandths, int64 */
    DIRT_SECONDS, /* ns; httpd.conf: bare seconds, KeepAliveTimeout also "ms";
                     scenario: "5s" */
    DIRT_SIZE,    /* bytes; MaxMemFree counts KiB in httpd.conf */
    DIRT_ONOFF,   /* 0, 1 */
    DIRT_TEXT     /* kept as text, checked by settings_resolve() */
};

struct directive_info {
    const char *name;     /* httpd's spelling */
    const char *old_name; /* accepted alias or NULL */
    enum directive_type type;
    unsigned mpms;    /* bit (1 << MPM_…) where it exists */
    const char *def;  /* default as text, for lists and manual */
    const char *rule; /* "T-6" */
    const char *help;
};
extern const struct directive_info directive_table[DIR_COUNT];

/* Index of NAME (httpd's spelling in any case, or snake case such as
 * keep_alive_timeout; old names too), or -1. *OLD tells whether an old name
 * was used (may be NULL). */
int directive_find(const char *name, bool *old);

struct directive_value {
    bool given;
    bool old;            /* written by its old name (T-13, T-24) */
    int64_t n;           /* by type; unused for DIRT_TEXT */
    const char *text;    /* as written; arena's */
    const char *misread; /* the number httpd takes text for, or NULL */
    const char *file;    /* where; arena's, NULL when from a command line (then
                            line and col are 0); "--set KEY=VALUE" is possible */
    long line, col;
};

/* One listening socket the configuration asks for. */
struct listen_spec {
    int port;
    bool tls;
    bool https; /* its protocol for AcceptFilter: port 443, or "Listen N https";
                   a TLS listener on another port is "http" to httpd (C-25) */
};
#define SETTINGS_MAX_LISTEN 8

struct directives {
    struct directive_value v[DIR_COUNT];
    /* RequestReadTimeout exists only if mod_reqtimeout is loaded (C-33);
     * scenarios without an httpd_conf load it. */
    bool reqtimeout_loaded;
    struct listen_spec listen[SETTINGS_MAX_LISTEN];
    int nlisten; /* 0: one plain listener (plus one TLS one if TLS is used) */
    bool filter_none[2]; /* AcceptFilter http none, https none */
};

/* mod_reqtimeout (C-33); 0 = stage off. */
struct reqtimeout {
    simtime_t handshake, header, header_max, body, body_max;
    int64_t header_rate, body_rate; /* bytes per added second; 0 = none */
};

/* What the server runs with: every value corrected. */
struct settings {
    enum mpm_kind mpm;
    int version; /* HTTPD_VERSION() */
    int64_t server_limit, thread_limit, threads_per_child;
    int64_t max_request_workers; /* MRW after T-5, T-6 */
    int64_t process_limit;       /* worker, event: min(floor(MRW/TPC), SL);
                                    prefork: MRW */
    int64_t start_servers;
    int64_t min_spare, max_spare; /* servers (prefork) or threads */
    int64_t async_factor;         /* E-16: an integer factor; before 2.4.30 in
                                     sixteenths, see async_sixteenths */
    int64_t async_sixteenths;
    int64_t max_connections_per_child; /* 0 = never */
    int64_t listen_backlog;
    int64_t max_keepalive_requests;      /* 0 = unlimited */
    int64_t send_buffer, receive_buffer; /* 0 = kernel's default */
    int64_t max_mem_free;
    int64_t flush_max_threshold, flush_max_pipelined;
    int buckets; /* C-40 */
    bool keepalive;
    simtime_t keepalive_timeout, timeout, graceful_shutdown_timeout;
    struct reqtimeout reqtimeout; /* all 0 when the module is not loaded */
    struct listen_spec listen[SETTINGS_MAX_LISTEN];
    int nlisten;
    bool defer_accept[2]; /* TCP_DEFER_ACCEPT on http, https listeners (C-25) */
};

/* One correction or remark made while resolving. */
struct settings_note {
    bool logged;      /* httpd itself logs it at start-up */
    const char *code; /* "AH00318" or "" */
    const char *text; /* ours: what, value found, value used, next step */
    const char *rule; /* "T-6" */
    const char *file; /* of the directive concerned, may be NULL */
    long line, col;
};

struct settings_notes {
    struct settings_note *v; /* arena's */
    size_t n;
};

/* Applies T-1 … T-24 in httpd's order for MPM at VERSION on a machine of
 * ONLINE_CPUS. TLS_USED adds a TLS listener when the directives name no
 * listeners at all. Fills *OUT and *NOTES (memory from A). False only for
 * values httpd refuses to start with (ERR_CONTENT with the place). */
bool settings_resolve(const struct directives *d, enum mpm_kind mpm,
                      int version, int online_cpus, bool tls_used,
                      struct arena *a, struct settings *out,
                      struct settings_notes *notes, struct err *e);

/* The same at a restart of a server that has run with *BEFORE: what httpd does
 * not change then stays (ServerLimit and ThreadLimit, T-1 to T-3; what belongs
 * to sockets that are open; the listener buckets at a graceful restart), with
 * a note. False also for a change that is not modelled. */
bool settings_restart(const struct directives *d, const struct settings *before,
                      bool graceful, int online_cpus, struct arena *a,
                      struct settings *out, struct settings_notes *notes,
                      struct err *e);

/* "64KiB", "1.5MB", "512B", "0": whole bytes, exactly. */
bool size_parse(const char *text, int64_t *bytes);

/* Parses VALUE into *V as a scenario ("5s") or as httpd.conf text ("5",
 * HTTPD_CONF true) would write it; ERR_CONTENT with text only (no place). */
bool directive_parse(enum directive d, const char *value, bool httpd_conf,
                     struct arena *a, struct directive_value *v, struct err *e);

/* The snake_case form of directive D ("keep_alive_timeout") into BUF, at most
 * SIZE bytes with the NUL; returns BUF. 40 bytes are always enough. */
char *directive_snake(enum directive d, char *buf, size_t size);

/* Stores VALUE for directive I in *D as httpd's configuration would: the last
 * one wins, except that every Listen adds a listener, AcceptFilter is kept per
 * protocol and RequestReadTimeout per stage. The place (FILE, LINE, COL; FILE
 * is copied) is kept with the value. Errors as directive_parse(). */
bool directives_set(struct directives *d, enum directive i, const char *value,
                    bool httpd_conf, bool old, const char *file, long line,
                    long col, struct arena *a, struct err *e);

/* The stages that the argument list TEXT names, over what *R holds
 * ("header=20-40,MinRate=500 body=20"). */
bool reqtimeout_parse(const char *text, struct reqtimeout *r, struct err *e);

#endif
