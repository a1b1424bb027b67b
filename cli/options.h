/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Command line options, described by a table per command. The table parses
 * them, prints the help and knows what to suggest for a misspelt one.
 *
 * Options may stand anywhere: --name VALUE, --name=VALUE, -x VALUE, -xVALUE;
 * "--" ends them. What is left over are the command's operands. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "sim/err.h"

enum option_type {
    OPTION_FLAG,  /* bool */
    OPTION_TEXT,  /* const char *; the last one wins */
    OPTION_COUNT, /* int64_t >= 1 */
    OPTION_U64,   /* uint64_t */
    OPTION_LIST,  /* struct text_list; repeatable */
    OPTION_NAMES  /* struct text_list; NAME[,NAME...], repeatable */
};

struct option {
    const char *name; /* without the dashes; NULL ends a table */
    char letter;      /* 0 = none */
    enum option_type type;
    size_t offset;   /* of the value in the command's struct */
    size_t given;    /* of a bool set when present; 0 = not wanted */
    const char *arg; /* what the help calls the value; NULL for flags */
    const char *help;
};

/* Borrowed strings in a list of its own; options_list_free() frees it. */
struct text_list {
    const char **v;
    size_t n;
    char *split; /* OPTION_NAMES: storage of the pieces, concatenated */
    size_t split_len;
    size_t *at; /* OPTION_NAMES: offsets into split */
};

/* Parses the NULL-terminated ARGV into the struct at OUT (zeroed or holding
 * defaults) and the operands into REST. ERR_USAGE names the argument, and the
 * nearest option for an unknown one. */
bool options_parse(const struct option *table, char **argv, void *out,
                   struct text_list *rest, struct err *e);

/* Frees every list that TABLE put into OUT. */
void options_free(const struct option *table, void *out);
void options_list_free(struct text_list *l);

/* One line per option, aligned. */
void options_help(const struct option *table, FILE *f);

#endif
