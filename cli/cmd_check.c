/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mpmsim check FILE: reads a scenario, an httpd.conf, a trace or an access log
 * as a run would and says what is wrong with it and what httpd would make of
 * it. What kind of file it is shows at its beginning. */
#include "cli/cli.h"
#include "cli/settings_print.h"
#include "config/httpd_conf.h"
#include "config/reader.h"
#include "config/scenario.h"
#include "outputs/num.h"
#include "sim/arena.h"
#include "sim/must.h"
#include "workloads/gzread.h"
#include "workloads/har_file.h"
#include "workloads/log_conns.h"
#include "workloads/log_file.h"
#include "workloads/trace_file.h"
#include "workloads/workload.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

struct check_options {
    const char *mpm, *log_format;
    struct text_list set;
    bool lenient, verbose;
};

#define O(field) offsetof(struct check_options, field)
static const struct option options[] = {
    { "mpm", 0, OPTION_TEXT, O(mpm), 0, "NAME",
      "httpd.conf: the MPM, whatever LoadModule says" },
    { "set", 0, OPTION_LIST, O(set), 0, "KEY=VALUE",
      "scenario: change a key or a directive; repeatable" },
    { "log-format", 0, OPTION_TEXT, O(log_format), 0, "FORMAT",
      "log: a LogFormat of httpd, a log_format of nginx or the name of one" },
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
                      "mpm_event_module); say which with --mpm%s",
                      conf.nuse == 0 ? "; if this is a log, say with "
                                       "--log-format what its lines look like"
                                     : "");
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

/* Longer logs are read again for each question. */
#define KEEP 250000
/* More bad lines than one in so many are an error. */
#define BAD_LIMIT 20

/* The default of the access_log workload's KEY, as it is written. */
static const char *assumed(const char *key)
{
    return param_find(workload_find("access_log")->params, key)->def;
}

static simtime_t assumed_time(const char *key)
{
    simtime_t t = 0;
    must(simtime_parse(assumed(key), &t));
    return t;
}

static void print_stamp(simtime_t t)
{
    time_t s = (time_t)(t / SIM_S);
    struct tm tm;
    char text[32];
    if (gmtime_r(&s, &tm) != NULL &&
        strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm) > 0)
        printf("%s", text);
}

static void print_lines(const struct log_file *f)
{
    printf("%s       %zu, of them %zu good", f->har ? "entries" : "lines  ",
           f->lines, f->nreq);
    if (f->silent > 0)
        printf(", %zu without a request", f->silent);
    printf(", %zu bad", f->bad);
    if (f->bad > 0)
        printf(" (%.3g %%), first:", 100.0 * (double)f->bad / (double)f->lines);
    printf("\n");
    for (size_t i = 0; i < f->bad && i < LOG_BAD_SHOWN; i++) {
        const struct log_bad *b = &f->bad_line[i];
        printf("              %s:%ld:%zu: %s\n", b->path, b->line, b->column,
               logline_why_text[b->why]);
    }
    if (f->set->n > 1)
        printf("files         %zu, from %s to %s\n", f->set->n, f->set->path[0],
               f->set->path[f->set->n - 1]);
}

static void print_span(const struct log_file *f)
{
    char span[NUM_SIZE];
    printf("span          %s, from ",
           num_duration(simtime_to_s(f->last - f->first), span));
    print_stamp(f->first);
    printf(" to ");
    print_stamp(f->last);
    printf(" UTC\n");
    if (f->tells & (LOG_TELLS_PEER | LOG_TELLS_CONN))
        return; /* hosts are counted with their ports */
    printf("clients       %zu\n", f->hosts);
}

static void print_conns(const struct log_file *f)
{
    struct log_conns_opts o = { .keepalive_gap = assumed_time("keepalive_gap"),
                                .linger = assumed_time("keepalive_gap"),
                                .busy = assumed_time("service") };
    printf("connections   %lu, ", (unsigned long)log_conns_total(f, &o));
    if (!log_conns_exact(f))
        printf("an estimate: a client's requests at most %s apart share one "
               "(keepalive_gap); %%k or $connection would tell\n",
               assumed("keepalive_gap"));
    else if (f->tells & (LOG_TELLS_CONN | LOG_TELLS_PEER))
        printf("as the log tells them\n");
    else
        printf("as the log tells them, by the number of requests before\n");
}

static void print_service(const struct log_file *f)
{
    const char *field = log_format_service(f->set->format);
    if (f->har)
        printf("service time  told: the waits for the first byte\n");
    else if (f->tells & LOG_TELLS_SERVICE)
        printf("service time  told (%s)\n", field);
    else if (f->tells & LOG_TELLS_SERVICE_S)
        printf("service time  told in whole seconds (%s); below one, %s "
               "is assumed\n",
               field, assumed("service"));
    else
        printf("service time  not told: %s assumed for each request (key "
               "service); %%D or $request_time would tell\n",
               assumed("service"));
}

static void print_stamps(const struct log_file *f)
{
    char back[32];
    printf("stamps        %s",
           f->tells & LOG_TELLS_FRACTION
               ? "finer than a second"
               : "whole seconds: requests are placed at random in theirs");
    printf("; %s\n", f->clumped ? "clumped, no arrival process" : "no clumps");
    if (f->disordered == 0)
        printf("order         by time\n");
    else
        printf("order         %zu lines are stamped earlier than the line "
               "before, by up to %s; sorted\n",
               f->disordered, simtime_format(f->back, back, sizeof back));
}

/* Of the remarks of a run only the warnings: the report says the others, and
 * which lines are bad. */
static void note_warning(void *ctx, const char *text)
{
    (void)ctx;
    if (strstr(text, ": warning: ") != NULL &&
        strstr(text, "were left out:") == NULL)
        note(NULL, text);
}

static bool check_log(const struct check_options *o, const char *path,
                      struct arena *a, struct err *e)
{
    const struct log_opts lo = { .format = o->log_format,
                                 .keep = KEEP,
                                 .spread_seed = 1,
                                 .lenient = true,
                                 .note = note_warning };
    const struct log_file *f = log_read(path, &lo, a, e);
    if (f == NULL)
        return false;
    printf(
        "%s: an access log\n\nformat        %s, %s\n", path, log_file_format(f),
        o->log_format != NULL ? "by --log-format" : "as its first line looks");
    print_lines(f);
    print_span(f);
    print_conns(f);
    print_service(f);
    print_stamps(f);
    if (f->bad * BAD_LIMIT > f->lines && !o->lenient) {
        const struct log_bad *b = &f->bad_line[0];
        return err_at(e, ERR_CONTENT, b->path, b->line, (long)b->column, NULL,
                      "more than 5 %% of the lines are bad: say with "
                      "--log-format what they look like, or --lenient leaves "
                      "them out");
    }
    return true;
}

/* --- which of them -------------------------------------------------------- */

/* Lines looked at to find out. */
#define LOOK_LINES 100

enum file_kind { FILE_SCENARIO, FILE_CONF, FILE_TRACE, FILE_LOG, FILE_TABLE };

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);
    return n >= m && strcmp(s + n - m, end) == 0;
}

/* Whether a file whose first line is LINE is a table of comma-separated
 * values, which no configuration begins like. */
static bool is_table(const char *path, const char *line)
{
    static const char names[] = "abcdefghijklmnopqrstuvwxyz0123456789"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ_.\"%-,\r";
    return strchr(line, ',') != NULL &&
           (ends_with(path, ".csv") || line[strspn(line, names)] == '\0');
}

static bool check_table(const char *path, struct err *e)
{
    return err_at(e, ERR_CONTENT, path, 1, 1, NULL,
                  "looks like CSV, but its header is not that of a trace: "
                  "%s (docs/scenario.md, trace)",
                  TRACE_HEADER);
}

/* By name, else by its first lines. What may be read but once is a log. */
static bool detect(const char *path, enum file_kind *kind, struct arena *a,
                   struct err *e)
{
    struct stat st;
    bool there = stat(path, &st) == 0;
    *kind = FILE_CONF;
    if (there && S_ISDIR(st.st_mode))
        return true; /* a tree of configuration files */
    *kind = FILE_LOG;
    if (strcmp(path, "-") == 0 || (there && S_ISFIFO(st.st_mode)) ||
        (!there && strpbrk(path, "*?[") != NULL) || har_looks_like(path))
        return true;
    *kind = FILE_SCENARIO;
    if (ends_with(path, ".json"))
        return true;
    struct gzread *g = gzread_open(path, e);
    if (g == NULL)
        return false;
    char *line;
    size_t len;
    bool cut, first = true;
    *kind = FILE_CONF;
    for (int i = 0; i < LOOK_LINES && gzread_line(g, &line, &len, &cut, e);
         i++) {
        const char *p = line + strspn(line, " \t\r");
        struct logline l;
        if (*p == '\0')
            continue;
        if (first &&
            (*p == '{' || strncmp(p, "//", 2) == 0 || strncmp(p, "/*", 2) == 0))
            *kind = FILE_SCENARIO;
        else if (first && strncmp(p, "conn,", 5) == 0)
            *kind = FILE_TRACE;
        else if (log_format_parse(log_format_of_line(line, len, a), line, len,
                                  &l) <= LOGLINE_SILENT)
            *kind = FILE_LOG;
        else if (first && is_table(path, p))
            *kind = FILE_TABLE;
        first = false;
        if (*kind != FILE_CONF && *kind != FILE_TABLE)
            break;
    }
    gzread_close(g);
    return e->kind == ERR_NONE;
}

static int check_file(const struct check_options *o, const char *path,
                      struct err *e)
{
    enum file_kind kind = FILE_LOG;
    struct arena *a = arena_new();
    bool ok = o->log_format != NULL || detect(path, &kind, a, e);
    if (ok && kind == FILE_SCENARIO) {
        arena_free(a);
        return check_scenario(o, path);
    }
    ok = ok && (kind == FILE_CONF    ? check_conf(o, path, a, e)
                : kind == FILE_TRACE ? check_trace(path, a, e)
                : kind == FILE_TABLE ? check_table(path, e)
                                     : check_log(o, path, a, e));
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
        "corrections. For a log (also a HAR file, a pattern\nof rotated logs, "
        "or - for standard input): its format, bad lines, connections and\n"
        "whatever the replay would have to assume. Exit 0 without errors "
        "(warnings are\nallowed), 3 with.",
    .options = options,
    .run = check_run,
};
