/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the commands share. A command is one file cmd_<verb>.c that defines a
 * `const struct command command_<verb>`, and one line in commands.def. Only
 * this folder prints and ends the program. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stdio.h>

#include "cli/options.h"
#include "sim/err.h"

/* Exit codes; the others are the values of enum err_kind. */
enum {
    EXIT_OK = 0,
    EXIT_CHECK = ERR_CHECK,
    EXIT_USAGE = ERR_USAGE,
    EXIT_INTERRUPTED = ERR_INTERRUPTED
};

struct command {
    const char *usage; /* after "mpmsim VERB " */
    const char *about; /* for `help VERB` */
    const struct option *options;
    /* ARGV holds what follows the verb, NULL-terminated. Returns the exit
     * code. */
    int (*run)(char **argv);
};

struct command_entry {
    const char *name, *summary;
    const struct command *command;
};
extern const struct command_entry command_table[]; /* NULL-name terminated */

/* Prints E as one line on stderr, empties it and returns its exit code. */
int cli_fail(struct err *e);

/* The same for a wrong command line; adds where to find help on VERB. */
int cli_usage(const char *verb, struct err *e);

/* Colour on F? Only on a terminal, never with NO_COLOR or TERM=dumb. */
bool cli_colour(FILE *f);

/* Prints the help of one command, or of all. */
void cli_help_command(const struct command_entry *c, FILE *f);
void cli_help(FILE *f);

/* The command called NAME; NULL, with E saying what was meant or that this
 * version does not have it. */
const struct command_entry *cli_find(const char *name, struct err *e);

#endif
