/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads an httpd configuration (and what it includes) as far as a simulation
 * needs it: which MPM is loaded and the directives of directive_table, as they
 * apply to the main server. The rest is skipped, so modules, certificates and
 * files it names need not exist. Follows httpd's rules: names in any case,
 * continuation lines, quotes, Define and ${VAR}, IfDefine, IfModule,
 * IfVersion, IfFile, Include and IncludeOptional with wildcards; of a
 * directive given twice the last one wins.
 *
 * Relative names in Include are looked for under ServerRoot if the file lies
 * there, else beside the file and in the folder above it, so that a copied
 * tree reads like the original; so are names below ServerRoot, /etc/apache2
 * and /etc/httpd. Environment variables are not consulted.
 *
 * What a <VirtualHost> says of keep-alive and time-outs becomes the server's
 * where all listeners lead to virtual hosts that agree; else the main server's
 * value is taken, with a warning. */
#ifndef CONFIG_HTTPD_CONF_H
#define CONFIG_HTTPD_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "server/settings.h"

/* A <VirtualHost>. */
struct httpd_conf_host {
    const char *addresses; /* as written */
    bool ssl;              /* SSLEngine on */
};

/* A directive of directive_table met while reading. */
struct httpd_conf_use {
    enum directive directive;
    const char *value;
    const char *file;
    long line;
    const char *skipped; /* why it does not apply ("in <VirtualHost …>", "the
                            server runs mpm_prefork"), or NULL */
    int host;            /* the <VirtualHost> it stands in, or -1 */
};

/* Something worth a word: a contradiction, or a directive that changes the
 * behaviour of a real server in a way that is not modelled. */
struct httpd_conf_warning {
    const char *file;
    long line;
    const char *text;
};

/* A CustomLog or TransferLog. */
struct httpd_conf_log {
    const char *target; /* file as written, or | and a program */
    const char *format; /* as written, a nickname or a format */
    const char *file;   /* where it stands */
    long line;
    int host; /* the <VirtualHost> it stands in, or -1 */
};

/* A LogFormat with a nickname; of two the last one counts. */
struct httpd_conf_format {
    const char *name, *format;
    const char *file;
    long line;
    int host;
};

struct httpd_conf {
    const char *file;
    int mpm; /* enum mpm_kind by LoadModule, or what was asked for; -1: none */
    struct directives directives;
    struct httpd_conf_use *use; /* in the order met */
    size_t nuse;
    const char **files; /* all files read, in order */
    size_t nfiles;
    struct httpd_conf_host *hosts;
    size_t nhosts;
    struct httpd_conf_warning *warn;
    size_t nwarn;
    struct httpd_conf_log *logs; /* in the order met */
    size_t nlogs;
    struct httpd_conf_format *formats;
    size_t nformats;
};

struct httpd_conf_opts {
    int mpm;     /* -1, or the MPM to assume whatever LoadModule says: IfModule
                    sections are judged by it */
    int version; /* for IfVersion; 0 = HTTPD_BASELINE */
    const char *const *defines; /* as -D on httpd's command line */
    size_t ndefines;
};

/* Reads PATH, or the apache2.conf, httpd.conf or conf/httpd.conf of the folder
 * PATH, into *OUT (memory from A). OPTS may be NULL. False with the place
 * on error: ERR_IO when PATH or an Include cannot be read, else ERR_CONTENT. */
bool httpd_conf_load(const char *path, const struct httpd_conf_opts *opts,
                     struct arena *a, struct httpd_conf *out, struct err *e);

/* How C writes the lines of the access log LOG: by the CustomLog whose file
 * has the same name (rotated: LOG may go on behind it), else by the first one
 * of the main server, else by the first of all. *FORMAT is the text of the
 * LogFormat, *WHERE (may be NULL) says which was taken from where. ERR_CONTENT
 * with the place when there is no CustomLog or no LogFormat of its name. */
bool httpd_conf_log_format(const struct httpd_conf *c, const char *log,
                           struct arena *a, const char **format,
                           const char **where, struct err *e);

#endif
