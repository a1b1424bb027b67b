/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A scenario, read and checked: everything cli/ needs to run it. All memory
 * is in the scenario's arena. */
#ifndef CONFIG_SCENARIO_H
#define CONFIG_SCENARIO_H

#include "server/server.h"
#include "workloads/workload.h"

struct scenario_server {
    const char *name;
    enum mpm_kind mpm;
    int version;
    simtime_t start;
    double clogging;
    bool php; /* PHP inside: serves what goes to a php_fpm backend itself */
    struct directives directives; /* httpd_conf, then overrides */
    struct settings settings;     /* resolved */
    struct settings_notes notes;
};

struct scenario_action {
    simtime_t at; /* with a rate: the earliest */
    double rate;  /* per second, a Poisson process; 0: once, at `at` */
    enum action_kind what;
    const char *server; /* NULL: all */
    int64_t slot;       /* of a crash; -1: drawn */
    /* of each server from this restart on, in the order of servers; NULL: as
     * before */
    struct settings *settings;
};

/* One `expect` or --assert: SERVER.METRIC OP VALUE. */
struct expectation {
    const char *text; /* as written */
    const char *path; /* left side, "event.latency.p99_s" */
    int op;           /* 0 <, 1 <=, 2 >, 3 >=, 4 == */
    bool is_path;     /* right side names a metric too */
    const char *rhs_path;
    double rhs; /* in base SI units: seconds, bytes, 1/s, counts */
};

struct scenario {
    struct arena *arena;
    const char *file;   /* as given on the command line */
    const char *sha256; /* of the file's bytes, 64 hex digits */
    const char *title, *about;
    simtime_t duration, warm_up;
    bool warm_up_auto;
    uint64_t seed;
    int64_t replications;
    struct machine machine;
    struct network network;
    struct workload_conf *workloads;
    size_t nworkloads;
    struct scenario_server *servers;
    size_t nservers;
    struct scenario_action *actions; /* in time order */
    size_t nactions;
    struct backend_conf *backends;
    size_t nbackends;
    struct expectation *expect;
    size_t nexpect;
    simtime_t interval; /* outputs.interval */
    bool requests, plots;
};

struct scenario_opts {
    const char *const *set; /* "KEY=VALUE", applied in order */
    size_t nset;
    const char *const *assertions;
    size_t nassertions;
    const char *const *mpm; /* names of --mpm, keep only servers of these */
    size_t nmpm;
    bool has_seed, has_replications;
    uint64_t seed;
    int64_t replications;
    bool lenient;
    bool verbose;
    /* remarks and warnings for stderr, one line each, without newline */
    void (*note)(void *ctx, const char *text);
    void *note_ctx;
};

/* Reads PATH. NULL on error (E filled: file, line, column, JSON path, what
 * is wrong, did-you-mean). Workloads' files are loaded too. Caller frees. */
struct scenario *scenario_load(const char *path,
                               const struct scenario_opts *opts, struct err *e);
void scenario_free(struct scenario *sc);

/* Reads PATH as scenario_load() does, but reports every error it can find, up
 * to SCENARIO_MAX_ERRORS, ordered by line, and then the warnings, each through
 * REPORT. Returns the scenario, or NULL when there was an error. */
#define SCENARIO_MAX_ERRORS 20
typedef void (*scenario_report_fn)(void *ctx, bool warning,
                                   const struct err *e);
struct scenario *scenario_check(const char *path,
                                const struct scenario_opts *opts,
                                scenario_report_fn report, void *ctx);

/* The warning of NOTE for the server NAME, as one line: place, what, rule and
 * httpd's code. Memory from A. */
const char *settings_note_line(const struct settings_note *note,
                               const char *name, struct arena *a);

/* Parses "SERVER.METRIC OP VALUE" into *X (memory from A); ERR_CONTENT with
 * text only. Whether SERVER exists is not looked at. */
bool expectation_parse(const char *text, struct arena *a, struct expectation *x,
                       struct err *e);

#endif
