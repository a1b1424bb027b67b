/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COMMAND(name, summary) extern const struct command command_##name;
#include "cli/commands.def"
#undef COMMAND

const struct command_entry command_table[] = {
#define COMMAND(name, summary) { #name, summary, &command_##name },
#include "cli/commands.def"
#undef COMMAND
    { NULL, NULL, NULL }
};

/* Verbs whose names are taken but that this version does not have. */
static const char *const later[] = { "compare", "recommend", "headroom",
                                     "explain", "watch",     "report",
                                     "init",    "schema",    "completion",
                                     NULL };

int cli_fail(struct err *e)
{
    char *text = err_format(e);
    fflush(stdout);
    fprintf(stderr, "%s%s\n", e->file == NULL ? "mpmsim: " : "", text);
    free(text);
    int status = (int)e->kind;
    err_clear(e);
    return status;
}

int cli_usage(const char *verb, struct err *e)
{
    bool usage = e->kind == ERR_USAGE;
    int status = cli_fail(e);
    if (usage)
        fprintf(stderr, "Try \"mpmsim %s%s\".\n", verb ? "help " : "--help",
                verb ? verb : "");
    return status;
}

bool cli_colour(FILE *f)
{
    const char *no = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    return isatty(fileno(f)) && (no == NULL || *no == '\0') &&
           (term == NULL || strcmp(term, "dumb") != 0);
}

void cli_help_command(const struct command_entry *c, FILE *f)
{
    fprintf(f, "mpmsim %s: %s\n\nUsage: mpmsim %s %s\n\n%s\n", c->name,
            c->summary, c->name, c->command->usage, c->command->about);
    if (c->command->options[0].name != NULL) {
        fprintf(f, "\nOptions:\n");
        options_help(c->command->options, f);
    }
}

void cli_help(FILE *f)
{
    fprintf(f, "mpmsim simulates Apache httpd's MPMs (prefork, worker, event) "
               "under load.\n\nUsage: mpmsim COMMAND [options] [file]\n\n");
    for (const struct command_entry *c = command_table; c->name != NULL; c++)
        fprintf(f, "  %-8s %s\n", c->name, c->summary);
    fprintf(f, "\nExamples:\n"
               "  mpmsim run scenarios/keepalive-heavy.json\n"
               "  mpmsim run scenarios/first.json --set keep_alive_timeout=2s\n"
               "  mpmsim check /etc/apache2/apache2.conf\n"
               "\n\"mpmsim help COMMAND\" says more; so does \"man mpmsim\".\n"
               "Exit codes: 0 done, 1 an expectation does not hold, 2 usage,\n"
               "3 invalid content, 4 input or output failed, 70 a bug,\n"
               "130 interrupted (partial results are written).\n");
}

const struct command_entry *cli_find(const char *name, struct err *e)
{
    const char *names[32];
    size_t n = 0;
    for (const struct command_entry *c = command_table; c->name != NULL; c++) {
        if (strcmp(name, c->name) == 0)
            return c;
        names[n++] = c->name;
    }
    for (size_t i = 0; later[i] != NULL; i++)
        if (strcmp(name, later[i]) == 0) {
            err_set(e, ERR_USAGE, "\"%s\" is not in this version (%s)", name,
                    MPMSIM_VERSION);
            return NULL;
        }
    const char *near = err_nearest(name, names, n);
    if (near != NULL)
        err_set(e, ERR_USAGE,
                "there is no command \"%s\"; did you mean \"%s\"?", name, near);
    else
        err_set(e, ERR_USAGE, "there is no command \"%s\"", name);
    return NULL;
}
