/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/options.h"

#include "sim/must.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MAX_OPTIONS 64

static void *field(void *out, size_t offset)
{
    return (char *)out + offset;
}

static void list_add(struct text_list *l, const char *s)
{
    l->v = must_realloc(l->v, l->n + 1, sizeof *l->v);
    l->v[l->n++] = s;
}

/* The pieces of "a,b,c" are copied behind those already there; as the copy may
 * move, the pointers are set anew from the offsets. */
static bool list_split(struct text_list *l, const char *s, struct err *e)
{
    size_t len = strlen(s) + 1;
    l->split = must_realloc(l->split, l->split_len + len, 1);
    memcpy(l->split + l->split_len, s, len);
    size_t at = l->split_len;
    l->split_len += len;
    for (;;) {
        char *piece = l->split + at;
        size_t n = strcspn(piece, ",");
        if (n == 0)
            return err_set(e, ERR_USAGE, "empty name in \"%s\"", s);
        bool last = piece[n] == '\0';
        piece[n] = '\0';
        l->at = must_realloc(l->at, l->n + 1, sizeof *l->at);
        l->at[l->n] = at;
        list_add(l, NULL);
        if (last)
            break;
        at += n + 1;
    }
    for (size_t i = 0; i < l->n; i++)
        l->v[i] = l->split + l->at[i];
    return true;
}

static bool parse_u64(const char *text, uint64_t *v)
{
    if (*text < '0' || *text > '9')
        return false;
    char *end;
    errno = 0;
    *v = strtoull(text, &end, 10);
    return errno == 0 && *end == '\0';
}

static bool set_value(const struct option *o, const char *text, void *out,
                      struct err *e)
{
    uint64_t n = 0;
    if (o->given != 0)
        *(bool *)field(out, o->given) = true;
    switch (o->type) {
    case OPTION_FLAG:
        *(bool *)field(out, o->offset) = true;
        return true;
    case OPTION_TEXT:
        *(const char **)field(out, o->offset) = text;
        return true;
    case OPTION_COUNT:
        if (!parse_u64(text, &n) || n < 1 || n > INT32_MAX)
            return err_set(e, ERR_USAGE,
                           "--%s takes a whole number from 1 to %" PRId32
                           ", not \"%s\"",
                           o->name, INT32_MAX, text);
        *(int64_t *)field(out, o->offset) = (int64_t)n;
        return true;
    case OPTION_U64:
        if (!parse_u64(text, &n))
            return err_set(e, ERR_USAGE,
                           "--%s takes a whole number from 0 to %" PRIu64
                           ", not \"%s\"",
                           o->name, UINT64_MAX, text);
        *(uint64_t *)field(out, o->offset) = n;
        return true;
    case OPTION_LIST:
        list_add(field(out, o->offset), text);
        return true;
    case OPTION_NAMES:
        return list_split(field(out, o->offset), text, e);
    }
    return false;
}

static bool unknown(const struct option *table, const char *arg, size_t len,
                    struct err *e)
{
    const char *names[MAX_OPTIONS];
    size_t n = 0;
    for (const struct option *o = table; o->name != NULL; o++)
        if (n < MAX_OPTIONS)
            names[n++] = o->name;
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)len - 2, arg + 2);
    const char *near = len > 2 ? err_nearest(name, names, n) : NULL;
    if (near != NULL)
        return err_set(e, ERR_USAGE,
                       "unknown option \"%.*s\"; did you mean \"--%s\"?",
                       (int)len, arg, near);
    return err_set(e, ERR_USAGE, "unknown option \"%.*s\"", (int)len, arg);
}

static const struct option *find_long(const struct option *table,
                                      const char *name, size_t len)
{
    for (const struct option *o = table; o->name != NULL; o++)
        if (strlen(o->name) == len && memcmp(o->name, name, len) == 0)
            return o;
    return NULL;
}

static const struct option *find_letter(const struct option *table, char c)
{
    for (const struct option *o = table; o->name != NULL; o++)
        if (o->letter == c)
            return o;
    return NULL;
}

/* Handles the option at **ARGV; moves *ARGV on if its value is the next
 * argument. */
static bool parse_one(const struct option *table, char ***argv, void *out,
                      struct err *e)
{
    const char *arg = **argv;
    const struct option *o;
    const char *value = NULL;
    size_t len;
    if (arg[1] == '-') {
        len = strcspn(arg, "=");
        o = find_long(table, arg + 2, len - 2);
        if (arg[len] == '=')
            value = arg + len + 1;
    } else {
        len = 2;
        o = find_letter(table, arg[1]);
        if (arg[2] != '\0')
            value = arg + 2;
    }
    if (o == NULL)
        return unknown(table, arg, len, e);
    if (o->type == OPTION_FLAG) {
        if (value != NULL)
            return err_set(e, ERR_USAGE, "%.*s takes no value, found \"%s\"",
                           (int)len, arg, value);
    } else if (value == NULL) {
        value = *++*argv;
        if (value == NULL)
            return err_set(e, ERR_USAGE, "%s needs a value: %s %s", arg, arg,
                           o->arg);
    }
    return set_value(o, value, out, e);
}

bool options_parse(const struct option *table, char **argv, void *out,
                   struct text_list *rest, struct err *e)
{
    bool only_operands = false;
    for (; *argv != NULL; argv++) {
        if (only_operands || (*argv)[0] != '-' || (*argv)[1] == '\0')
            list_add(rest, *argv);
        else if (strcmp(*argv, "--") == 0)
            only_operands = true;
        else if (!parse_one(table, &argv, out, e))
            return false;
    }
    return true;
}

void options_list_free(struct text_list *l)
{
    free(l->v);
    free(l->split);
    free(l->at);
    *l = (struct text_list){ 0 };
}

void options_free(const struct option *table, void *out)
{
    for (const struct option *o = table; o->name != NULL; o++)
        if (o->type == OPTION_LIST || o->type == OPTION_NAMES)
            options_list_free(field(out, o->offset));
}

void options_help(const struct option *table, FILE *f)
{
    for (const struct option *o = table; o->name != NULL; o++) {
        char left[64];
        snprintf(left, sizeof left, "%c%c%s--%s%s%s", o->letter ? '-' : ' ',
                 o->letter ? o->letter : ' ', o->letter ? ", " : "  ", o->name,
                 o->arg ? " " : "", o->arg ? o->arg : "");
        fprintf(f, "  %-26s %s\n", left, o->help);
    }
}
