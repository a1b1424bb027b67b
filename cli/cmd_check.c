/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mpmsim check FILE: reads a scenario, an httpd.conf, a trace or an access log
 * as a run would and says what is wrong with it and what httpd would make of
 * it. What kind of file it is shows at its beginning. */
#include "cli/cli.h"
#include "cli/settings_print.h"
#include "config/httpd_conf.h"
#include "config/scenario.h"
#include "sim/arena.h"
#include "sim/must.h"
#include "workloads/gzread.h"
#include "workloads/logline.h"
#include "workloads/trace_file.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct check_options {
    const char *mpm;
    struct text_list set;
    bool lenient, verbose;
};

#define O(field) offsetof(struct check_options, field)
static const struct option options[] = {
    { "mpm", 0, OPTION_TEXT, O(mpm), 0, "NAME",
      "httpd.conf: the MPM, whatever LoadModule says" },
    { "set", 0, OPTION_LIST, O(set), 0, "KEY=VALUE",
      "scenario: change a key or a directive; repeatable" },
    { "lenient", 0, OPTION_FLAG, O(lenient), 0, NULL,
      "accept logs with more than 5 % bad lines" },
    { "verbose", 'v', OPTION_FLAG, O(verbose), 0, NULL,
      "httpd.conf: every directive used, with its line" },
    { 0 }
};
#undef O

static const char *const mpm_name[MPM_KINDS] = { "prefork", "worker", "event" };

/* --- scenarios ------------------------------------------------------------ */

static void report(void *ctx, bool warning, const struct err *e)
{
    int *worst = ctx;
    char *text = err_format(e);
    fprintf(stderr, "%s%s%s\n", e->file == NULL ? "mpmsim: " : "", text,
            warning ? " (warning)" : "");
    free(text);
    if (!warning && (int)e->kind > *worst)
        *worst = (int)e->kind;
}

static void note(void *ctx, const char *text)
{
    (void)ctx;
    fprintf(stderr, "%s\n", text);
}

static int check_scenario(const struct check_options *o, const char *path)
{
    struct scenario_opts so = { .set = o->set.v,
                                .nset = o->set.n,
                                .lenient = o->lenient,
                                .verbose = o->verbose,
                                .note = note };
    int worst = EXIT_OK;
    struct scenario *sc = scenario_check(path, &so, report, &worst);
    if (sc == NULL)
        return worst;
    const char **names = must_alloc(sc->nservers * sizeof *names);
    const struct settings **s = must_alloc(sc->nservers * sizeof *s);
    for (size_t i = 0; i < sc->nservers; i++) {
        names[i] = sc->servers[i].name;
        s[i] = &sc->servers[i].settings;
    }
    printf("%s: %s\n\n", path, sc->title ? sc->title : "a scenario");
    settings_print(stdout, names, s, sc->nservers);
    free(names);
    free(s);
    scenario_free(sc);
    return worst;
}

/* --- httpd.conf ----------------------------------------------------------- */

static bool mpm_find(const char *name, int *mpm, struct err *e)
{
    for (int i = 0; i < MPM_KINDS; i++)
        if (strcmp(name, mpm_name[i]) == 0) {
            *mpm = i;
            return true;
        }
    return err_set(e, ERR_USAGE,
                   "there is no MPM \"%s\"; known: prefork worker event", name);
}

static void print_uses(const struct httpd_conf *c)
{
    for (size_t i = 0; i < c->nuse; i++) {
        const struct httpd_conf_use *u = &c->use[i];
        fprintf(stderr, "%s:%ld: %s %s%s%s\n", u->file, u->line,
                directive_table[u->directive].name, u->value,
                u->skipped ? ": not used, " : "", u->skipped ? u->skipped : "");
    }
}

static void print_warning(const struct httpd_conf_warning *w)
{
    if (w->line > 0)
        fprintf(stderr, "%s:%ld: warning: %s\n", w->file, w->line, w->text);
    else
        fprintf(stderr, "%s: warning: %s\n", w->file, w->text);
}

static bool check_conf(const struct check_options *o, const char *path,
                       struct arena *a, struct err *e)
{
    struct httpd_conf_opts ho = { .mpm = -1 };
    struct httpd_conf conf;
    if (o->mpm != NULL && !mpm_find(o->mpm, &ho.mpm, e))
        return false;
    if (!httpd_conf_load(path, &ho, a, &conf, e))
        return false;
    if (conf.mpm < 0)
        return err_at(e, ERR_CONTENT, conf.file, 0, 0, NULL,
                      "loads no MPM that is known here (LoadModule "
                      "mpm_prefork_module, mpm_worker_module or "
                      "mpm_event_module); say which with --mpm");
    struct settings s;
    struct settings_notes notes;
    if (!settings_resolve(&conf.directives, (enum mpm_kind)conf.mpm,
                          HTTPD_BASELINE, 4, false, a, &s, &notes, e))
        return false;
    if (o->verbose)
        print_uses(&conf);
    for (size_t i = 0; i < conf.nwarn; i++)
        print_warning(&conf.warn[i]);
    for (size_t i = 0; i < notes.n; i++)
        fprintf(stderr, "%s\n",
                settings_note_line(&notes.v[i], mpm_name[conf.mpm], a));
    printf("%s", conf.file);
    if (conf.nfiles > 1)
        printf(" (+%zu included)", conf.nfiles - 1);
    printf(": mpm_%s, %lld workers; %s\n\n", mpm_name[conf.mpm],
           (long long)s.max_request_workers,
           notes.n      ? "httpd would correct what is said above"
           : conf.nwarn ? "see the warnings above"
                        : "no problem found");
    const struct settings *column = &s;
    settings_print(stdout, &mpm_name[conf.mpm], &column, 1);
    return true;
}

/* --- traces and logs ------------------------------------------------------ */

static bool check_trace(const char *path, struct arena *a, struct err *e)
{
    const struct trace *t = trace_read(path, a, e);
    if (t == NULL)
        return false;
    char last[32];
    simtime_format(t->nconn ? t->conn[t->nconn - 1].start : 0, last,
                   sizeof last);
    printf("%s: a trace of %zu connections with %zu requests, the last one "
           "begins at %s%s\n",
           path, t->nconn, t->nreq, last, t->tls ? ", some over TLS" : "");
    return true;
}

#define BAD_SHOWN 3
#define BAD_LIMIT 20 /* 1 of so many lines may be bad */

struct log_count {
    unsigned long lines, bad;
    int64_t first, last;
};

static void count_line(struct log_count *n, const char *path, long lineno,
                       const char *line, size_t len)
{
    struct logline l;
    enum logline_why why = logline_parse(line, len, &l);
    n->lines++;
    if (why == LOGLINE_OK || why == LOGLINE_SILENT) {
        if (n->lines - n->bad == 1 || l.t < n->first)
            n->first = l.t;
        if (n->lines - n->bad == 1 || l.t > n->last)
            n->last = l.t;
        return;
    }
    if (n->bad++ < BAD_SHOWN)
        fprintf(stderr, "%s:%ld:%zu: %s\n", path, lineno, l.column,
                logline_why_text[why]);
}

static bool check_log(const struct check_options *o, const char *path,
                      struct err *e)
{
    struct gzread *g = gzread_open(path, e);
    if (g == NULL)
        return false;
    struct log_count n = { 0 };
    char *line;
    size_t len;
    bool cut;
    while (gzread_line(g, &line, &len, &cut, e))
        count_line(&n, path, gzread_lineno(g), line, len);
    gzread_close(g);
    if (e->kind != ERR_NONE)
        return false;
    printf("%s: an access log of %lu lines, %lu of them bad (%.2g %%), over "
           "%lld s\n",
           path, n.lines, n.bad,
           n.lines ? 100.0 * (double)n.bad / (double)n.lines : 0.0,
           (long long)(n.last - n.first));
    if (n.bad * BAD_LIMIT > n.lines && !o->lenient)
        return err_at(e, ERR_CONTENT, path, 0, 0, NULL,
                      "more than 5 %% of its lines are bad; --lenient accepts "
                      "them");
    return true;
}

/* --- which of them -------------------------------------------------------- */

enum file_kind { FILE_SCENARIO, FILE_CONF, FILE_TRACE, FILE_LOG };

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);
    return n >= m && strcmp(s + n - m, end) == 0;
}

/* By name, else by the first line that is not empty. */
static bool detect(const char *path, enum file_kind *kind, struct err *e)
{
    struct stat st;
    *kind = FILE_CONF;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return true; /* a tree of configuration files */
    if (ends_with(path, ".json")) {
        *kind = FILE_SCENARIO;
        return true;
    }
    struct gzread *g = gzread_open(path, e);
    if (g == NULL)
        return false;
    char *line;
    size_t len;
    bool cut;
    while (gzread_line(g, &line, &len, &cut, e)) {
        const char *p = line + strspn(line, " \t\r");
        struct logline l;
        if (*p == '\0')
            continue;
        if (*p == '{' || strncmp(p, "//", 2) == 0 || strncmp(p, "/*", 2) == 0)
            *kind = FILE_SCENARIO;
        else if (strncmp(p, "conn,", 5) == 0)
            *kind = FILE_TRACE;
        else if (logline_parse(line, len, &l) == LOGLINE_OK)
            *kind = FILE_LOG;
        break;
    }
    gzread_close(g);
    return e->kind == ERR_NONE;
}

static int check_file(const struct check_options *o, const char *path,
                      struct err *e)
{
    enum file_kind kind;
    if (!detect(path, &kind, e))
        return cli_fail(e);
    if (kind == FILE_SCENARIO)
        return check_scenario(o, path);
    struct arena *a = arena_new();
    bool ok = kind == FILE_CONF    ? check_conf(o, path, a, e)
              : kind == FILE_TRACE ? check_trace(path, a, e)
                                   : check_log(o, path, e);
    arena_free(a);
    return ok ? EXIT_OK : cli_fail(e);
}

static int check_run(char **argv)
{
    struct check_options o = { 0 };
    struct text_list rest = { 0 };
    struct err e;
    err_init(&e);
    int status;
    bool ok = options_parse(options, argv, &o, &rest, &e);
    if (ok && rest.n != 1)
        ok = err_set(&e, ERR_USAGE, "check needs one file");
    status = ok ? check_file(&o, rest.v[0], &e) : cli_usage("check", &e);
    options_free(options, &o);
    options_list_free(&rest);
    return status;
}

const struct command command_check = {
    .usage = "FILE [options]",
    .about =
        "Looks over a scenario, an httpd.conf or the folder it is in, a trace "
        "or an access\nlog without running anything. For a scenario and an "
        "httpd.conf: the settings httpd\nwould really run with, and its "
        "corrections. Exit 0 without errors (warnings are\nallowed), 3 with.",
    .options = options,
    .run = check_run,
};
