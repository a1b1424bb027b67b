/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files that read a scenario share: config/scenario.c (the whole,
 * servers, backends, expectations), scenario_workload.c and
 * scenario_actions.c; nobody else includes it. A build_…() function that
 * returns bool has added an error to b->r when it is false. */
#ifndef CONFIG_SCENARIO_BUILD_H
#define CONFIG_SCENARIO_BUILD_H

#include <stdbool.h>
#include <stddef.h>

#include "config/reader.h"
#include "config/scenario.h"

#define MAX_SERVERS   64
#define MAX_WORKLOADS 64
#define MAX_BACKENDS  64
#define LONGEST       (SIM_NEVER / 4)
#define COUNT(a)      (sizeof(a) / sizeof(a)[0])

/* A warning to be told once everything is read. */
struct warning {
    const char *file; /* NULL: no place */
    long line, col;
    const char *text;
};

/* A bare directive of --set: it must reach at least one server. */
struct bare {
    const char *origin;
    bool reached;
};

struct build {
    struct reader r;
    const struct scenario_opts *opts;
    struct scenario *sc;
    struct warning *warnings;
    size_t nwarnings, room;
    struct bare *bare;
    size_t nbare;
    bool tls_used;
    const char *tls_workload; /* the first that uses TLS */
};

/* A warning to be told once everything is read; FILE may be NULL. */
void build_warn(struct build *b, const char *file, long line, long col,
                const char *text);
/* A remark for the terminal, at once. */
void build_tell(const struct build *b, const char *text);
/* What httpd would correct, as a warning says it of the server NAME. */
const char *build_note_text(const struct settings_note *note, const char *name,
                            struct arena *a);
/* Whether --mpm keeps servers of MPM. */
bool build_wanted(const struct scenario_opts *o, enum mpm_kind mpm);

/* The scenario lacks KEY: an error, ended by WHAT. Always false. */
bool build_missing(struct build *b, const char *key, const char *what);
/* The "name" of OBJECT, else DEF; must differ from the N names before. */
bool build_name(struct build *b, const struct json_node *object,
                const char *def, const char *const *before, size_t n,
                const char **out);
/* The directive M of a server that runs MPM. SEEN: where each directive was
 * given so far, DIR_COUNT of them. */
bool build_directive(struct build *b, const struct json_node *m,
                     enum mpm_kind mpm, const struct json_node **seen,
                     struct directives *out);
/* Adds the error that there is no directive M. Always false. */
bool build_unknown_directive(struct build *b, const struct json_node *m);

/* A server's "mpm" and "httpd_version". */
bool build_mpm(struct build *b, const struct json_node *n, int *out);
bool build_version(struct build *b, const struct json_node *n, int *out);

/* "workload", once "backends" may be looked at. */
void build_workloads(struct build *b);
/* "actions", once the servers are known. */
void build_actions(struct build *b);

#endif
