/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mpmsim: finds the command and hands the rest of the command line to it. */
#include "cli/cli.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int print_version(void)
{
    printf("mpmsim %s (build %s)\n", MPMSIM_VERSION, MPMSIM_BUILD);
    return EXIT_OK;
}

static int dispatch(char **argv)
{
    struct err e;
    err_init(&e);
    const char *verb = argv[0];
    if (verb == NULL) {
        cli_help(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(verb, "--version") == 0 || strcmp(verb, "-V") == 0)
        return print_version();
    if (strcmp(verb, "--help") == 0 || strcmp(verb, "-h") == 0) {
        cli_help(stdout);
        return EXIT_OK;
    }
    const struct command_entry *c = cli_find(verb, &e);
    if (c == NULL)
        return cli_usage(NULL, &e);
    for (char **arg = argv + 1; *arg != NULL && strcmp(*arg, "--") != 0; arg++)
        if (strcmp(*arg, "--help") == 0 || strcmp(*arg, "-h") == 0) {
            cli_help_command(c, stdout);
            return EXIT_OK;
        }
    return c->command->run(argv + 1);
}

int main(int argc, char **argv)
{
    /* a closed pipe is a write error like any other, to be reported */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* so is a file that grows too large */
    /* scripts start background jobs with SIGINT ignored; we want to hear it */
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    int status = dispatch(argc > 0 ? argv + 1 : argv);
    errno = 0;
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "mpmsim: cannot write to standard output%s%s\n",
                errno ? ": " : "", errno ? strerror(errno) : "");
        if (status == EXIT_OK)
            status = ERR_IO;
    }
    return status;
}
