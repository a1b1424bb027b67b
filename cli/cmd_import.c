/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mpmsim import LOG -o FILE.json: a synthetic workload fitted to an access
 * log, as a scenario whose load one key scales. */
#include "cli/cli.h"
#include "cli/fitted.h"
#include "config/json.h"
#include "config/quantity.h"
#include "outputs/plots.h"
#include "outputs/report.h"
#include "sim/must.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct import_options {
    const char *output, *format, *rate;
    bool lenient, force, no_plots, json, quiet;
};

#define O(field) offsetof(struct import_options, field)
static const struct option options[] = {
    { "output", 'o', OPTION_TEXT, O(output), 0, "FILE",
      "the scenario to write; the picture goes beside it" },
    { "log-format", 0, OPTION_TEXT, O(format), 0, "STRING",
      "LogFormat, log_format, or common, combined, har ..." },
    { "rate", 0, OPTION_TEXT, O(rate), 0, "RATE",
      "new clients, \"10/s\", whatever the stamps say" },
    { "lenient", 0, OPTION_FLAG, O(lenient), 0, NULL,
      "accept logs with more than 5 % bad lines" },
    { "force", 0, OPTION_FLAG, O(force), 0, NULL, "replace FILE" },
    { "no-plots", 0, OPTION_FLAG, O(no_plots), 0, NULL, "draw no picture" },
    { "json", 0, OPTION_FLAG, O(json), 0, NULL,
      "print the figures as JSON instead of tables" },
    { "quiet", 'q', OPTION_FLAG, O(quiet), 0, NULL, "errors only" },
    { 0 }
};
#undef O

static void note(void *ctx, const char *text)
{
    (void)ctx;
    fprintf(stderr, "%s\n", text);
}

/* FILE without .json, and SUFFIX. */
static char *beside(const char *file, const char *suffix)
{
    struct sink s;
    size_t n = strlen(file);
    if (n > 5 && strcmp(file + n - 5, ".json") == 0)
        n -= 5;
    sink_string(&s);
    sink_bytes(&s, file, n);
    sink_text(&s, suffix);
    return sink_take(&s);
}

/* Whether FILE can be made where it is to be, found before a long log is
 * read. */
static bool has_place(const char *file, struct err *e)
{
    const char *slash = strrchr(file, '/');
    char *folder = must_strdup(slash != NULL ? file : ".");
    struct stat st;
    bool ok = true;
    if (slash != NULL)
        folder[slash > file ? slash - file : 1] = '\0';
    if (*file == '\0')
        ok = err_set(e, ERR_USAGE, "the scenario to write has an empty name");
    else if (stat(folder, &st) != 0)
        ok =
            err_at(e, ERR_IO, folder, 0, 0, NULL,
                   "the scenario cannot be written there: %s", strerror(errno));
    free(folder);
    return ok;
}

static bool is_stdout(const char *file)
{
    return strcmp(file, "-") == 0;
}

static bool may_write(const struct import_options *o, const char *file,
                      struct err *e)
{
    struct stat st;
    if (is_stdout(file))
        return !o->json || err_set(e, ERR_USAGE,
                                   "-o - and --json both go to standard "
                                   "output; name a file with -o");
    if (!has_place(file, e))
        return false;
    if (stat(file, &st) == 0 && S_ISDIR(st.st_mode))
        return err_at(e, ERR_USAGE, file, 0, 0, NULL,
                      "is a folder; name the scenario to write, such as "
                      "-o %s/my.json",
                      file);
    if (o->force || access(file, F_OK) != 0)
        return true;
    return err_at(e, ERR_USAGE, file, 0, 0, NULL,
                  "is there already; --force replaces it");
}

/* Not even --force replaces the log that is read. */
static bool is_no_log(const struct log_set *set, const char *file,
                      struct err *e)
{
    struct stat log, out;
    bool there = stat(file, &out) == 0;
    for (size_t i = 0; i < set->n && there; i++)
        if (stat(set->path[i], &log) == 0 && log.st_dev == out.st_dev &&
            log.st_ino == out.st_ino)
            return err_at(e, ERR_USAGE, file, 0, 0, NULL,
                          "is the log; name another file with -o");
    return true;
}

/* A name in single quotes for a shell, if it needs them. */
static void shell_word(struct sink *s, const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ._/,:+=@%-";
    if (*text && text[strspn(text, plain)] == '\0') {
        sink_text(s, text);
        return;
    }
    sink_char(s, '\'');
    for (; *text; text++)
        sink_text(s, *text == '\'' ? "'\\''" : (char[]){ *text, '\0' });
    sink_char(s, '\'');
}

static char *next_command(const char *file)
{
    struct sink s;
    sink_string(&s);
    sink_text(&s, "mpmsim run ");
    shell_word(&s, file);
    sink_text(&s, " --set workload.scale=2");
    return sink_take(&s);
}

/* Through a temporary sibling, so that FILE is always whole. */
static bool write_file(const struct fitted *f, const char *scenario,
                       struct err *e)
{
    struct sink s;
    struct err why;
    char *temporary;
    bool ok;
    sink_string(&s);
    sink_format(&s, "%s.%ld.tmp", f->output, (long)getpid());
    temporary = sink_take(&s);
    err_init(&why);
    ok = report_write(temporary, scenario, &why);
    if (ok && rename(temporary, f->output) != 0)
        ok = err_set(&why, ERR_IO, "cannot write: %s", strerror(errno));
    if (!ok) {
        unlink(temporary);
        (void)err_at(e, why.kind, f->output, 0, 0, NULL, "%s", why.text);
    }
    err_clear(&why);
    free(temporary);
    return ok;
}

static bool write_scenario(const struct fitted *f, const char *text,
                           struct err *e)
{
    struct sink s;
    char *scenario;
    bool ok;
    sink_string(&s);
    fitted_scenario(&s, f, text);
    scenario = sink_take(&s);
    json_mend(scenario); /* its own name stands in it */
    if (!is_stdout(f->output))
        ok = write_file(f, scenario, e);
    else if (!(ok = fputs(scenario, stdout) >= 0 && fflush(stdout) == 0))
        (void)err_set(e, ERR_IO, "cannot write to standard output: %s",
                      strerror(errno));
    free(scenario);
    return ok;
}

static void print_result(const struct import_options *o, const struct fitted *f,
                         const char *text)
{
    char *command = next_command(f->output);
    if (o->json) {
        struct sink s;
        char *json;
        sink_string(&s);
        fitted_json(&s, f);
        json = sink_take(&s);
        fputs(json, stdout);
        free(json);
    } else if (!o->quiet) {
        fprintf(is_stdout(f->output) ? stderr : stdout,
                "%s\nTwice the load:\n   %s\n", text, command);
    }
    free(command);
}

static bool picture(const struct import_options *o, const struct fitted *f,
                    struct err *e)
{
    char *folder = beside(f->output, "-fit");
    bool there = fitted_plot(f, folder, e);
    bool drawn = there && !o->no_plots && plots_draw_folder(folder, folder, e);
    if (!o->quiet && there)
        fprintf(stderr, "Scenario in %s, picture in %s/fit.%s\n", f->output,
                folder, drawn ? "png" : "gp");
    else if (!o->quiet)
        fprintf(stderr, "Scenario in %s, no picture\n", f->output);
    free(folder);
    return there && (drawn || o->no_plots);
}

/* What stands at the head of the file. */
static char *head_of(const struct fitted *f, const char *text)
{
    struct sink s;
    char *command = next_command(f->output);
    sink_string(&s);
    sink_format(&s,
                "Fitted to a log by mpmsim import. Twice the load:\n"
                "  %s\nor \"scale\": 2 below.\n\n%s",
                command, text);
    free(command);
    return sink_take(&s);
}

static int write_all(const struct import_options *o, const struct fitted *f,
                     struct err *e)
{
    struct sink s;
    char *text, *head;
    int status = EXIT_OK;
    sink_string(&s);
    fitted_text(&s, f);
    text = sink_take(&s);
    head = head_of(f, text);
    if (!write_scenario(f, head, e)) {
        status = cli_fail(e);
    } else {
        print_result(o, f, text);
        if (!is_stdout(f->output) && !picture(o, f, e))
            status = cli_fail(e);
    }
    free(head);
    free(text);
    return status;
}

static bool look(const struct import_options *o, const struct text_list *rest,
                 double *rate, struct err *e)
{
    if (rest->n != 1)
        return err_set(e, ERR_USAGE,
                       "import needs one log (or - for "
                       "standard input)");
    if (o->output == NULL)
        return err_set(e, ERR_USAGE,
                       "import needs the scenario to write: -o FILE.json");
    if (o->rate != NULL && (!quantity_rate(o->rate, rate) || !(*rate > 0)))
        return err_set(e, ERR_USAGE,
                       "--rate \"%s\" is no rate; write 10/s or 20/min",
                       o->rate);
    return may_write(o, o->output, e);
}

static int import_run(char **argv)
{
    struct import_options o = { 0 };
    struct text_list rest = { 0 };
    struct err e;
    double rate = 0;
    int status;
    err_init(&e);
    if (!options_parse(options, argv, &o, &rest, &e) ||
        !look(&o, &rest, &rate, &e)) {
        status = cli_usage("import", &e);
    } else {
        struct arena *a = arena_new();
        struct log_fit *fit = arena_alloc(a, sizeof *fit);
        struct log_fit_opts lo = { .format = o.format,
                                   .lenient = o.lenient,
                                   .rate = rate,
                                   .note = o.quiet ? NULL : note };
        char *name = arena_strdup(a, rest.v[0]);
        struct fitted f = { fit, name, o.output };
        must(o.output != NULL); /* look() */
        json_mend(name);        /* a file's name is whatever it is */
        if (log_fit(rest.v[0], &lo, a, fit, &e) &&
            (is_stdout(o.output) || is_no_log(fit->file->set, o.output, &e)))
            status = write_all(&o, &f, &e);
        else
            status = cli_fail(&e);
        log_fit_free(fit);
        arena_free(a);
    }
    options_free(options, &o);
    options_list_free(&rest);
    return status;
}

const struct command command_import = {
    .usage = "LOG -o FILE.json [options]",
    .about = "Fits a synthetic workload to an access log (what `run` reads: "
             "any LogFormat, nginx, HAR,\ngzip, a set such as "
             "'access.log*', -): how clients arrive, requests per connection, "
             "think\ntimes, service times, sizes. Each law is chosen by "
             "goodness of fit; the figures are\nprinted and stand in the "
             "file, a picture lies in FILE-fit/fit.png. The file is a\n"
             "scenario (-: to standard output, without a picture); its key "
             "workload.scale is the\nload, times the log's. docs/import.md.",
    .options = options,
    .run = import_run,
};
