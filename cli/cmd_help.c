/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mpmsim help [COMMAND] */
#include "cli/cli.h"

static const struct option options[] = { { 0 } };

static int help_operands(const struct text_list *rest, struct err *e)
{
    if (rest->n == 0) {
        cli_help(stdout);
        return EXIT_OK;
    }
    if (rest->n > 1) {
        err_set(e, ERR_USAGE, "help takes one command, found \"%s\" too",
                rest->v[1]);
        return cli_usage("help", e);
    }
    const struct command_entry *c = cli_find(rest->v[0], e);
    if (c == NULL)
        return cli_usage(NULL, e);
    cli_help_command(c, stdout);
    return EXIT_OK;
}

static int help_run(char **argv)
{
    struct text_list rest = { 0 };
    struct err e;
    err_init(&e);
    int status = options_parse(options, argv, NULL, &rest, &e)
                     ? help_operands(&rest, &e)
                     : cli_usage("help", &e);
    options_list_free(&rest);
    return status;
}

const struct command command_help = {
    .usage = "[COMMAND]",
    .about = "Without COMMAND: the list of commands.",
    .options = options,
    .run = help_run,
};
