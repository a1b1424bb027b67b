/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/err.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/must.h"

void err_init(struct err *e)
{
    memset(e, 0, sizeof *e);
}

void err_clear(struct err *e)
{
    free(e->file);
    free(e->path);
    free(e->text);
    err_init(e);
}

__attribute__((format(printf, 1, 0))) static char *format_text(const char *fmt,
                                                               va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (n < 0)
        return must_strdup(fmt);
    char *text = must_alloc((size_t)n + 1);
    vsnprintf(text, (size_t)n + 1, fmt, ap);
    return text;
}

bool err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
{
    if (e->kind != ERR_NONE)
        return false;
    va_list ap;
    va_start(ap, fmt);
    e->text = format_text(fmt, ap);
    va_end(ap);
    e->kind = kind;
    return false;
}

bool err_at(struct err *e, enum err_kind kind, const char *file, long line,
            long col, const char *path, const char *fmt, ...)
{
    if (e->kind != ERR_NONE)
        return false;
    va_list ap;
    va_start(ap, fmt);
    e->text = format_text(fmt, ap);
    va_end(ap);
    e->kind = kind;
    e->file = file ? must_strdup(file) : NULL;
    e->line = line;
    e->col = col;
    e->path = path ? must_strdup(path) : NULL;
    return false;
}

char *err_format(const struct err *e)
{
    char place[64] = "";
    if (e->line > 0 && e->col > 0)
        snprintf(place, sizeof place, ":%ld:%ld", e->line, e->col);
    else if (e->line > 0)
        snprintf(place, sizeof place, ":%ld", e->line);

    const char *file = e->file ? e->file : "";
    const char *path = e->path ? e->path : "";
    const char *text = e->text ? e->text : "";
    size_t size = strlen(file) + strlen(place) + strlen(path) + strlen(text) +
                  sizeof ": : ";
    char *out = must_alloc(size);
    snprintf(out, size, "%s%s%s%s%s%s", file, e->file ? place : "",
             e->file ? ": " : "", path, e->path ? ": " : "", text);
    return out;
}

/* Names longer than this are no misspelling of anything we know. */
#define NAME_MAX_LEN 63

/* From this length on two wrong letters are still a misspelling. */
#define MISSPELT_TWICE 10

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Edit distance where an insertion, a deletion, a replacement and a swap of
 * neighbours cost 1 each (optimal string alignment); case does not count. */
static int edit_distance(const char *a, int na, const char *b, int nb)
{
    int row[3][NAME_MAX_LEN + 1];
    for (int j = 0; j <= nb; j++)
        row[0][j] = j;
    for (int i = 1; i <= na; i++) {
        int *cur = row[i % 3];
        const int *up = row[(i + 2) % 3];
        const int *up2 = row[(i + 1) % 3];
        cur[0] = i;
        for (int j = 1; j <= nb; j++) {
            int same = lower(a[i - 1]) == lower(b[j - 1]);
            int best = up[j - 1] + !same;
            if (up[j] + 1 < best)
                best = up[j] + 1;
            if (cur[j - 1] + 1 < best)
                best = cur[j - 1] + 1;
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                lower(a[i - 2]) == lower(b[j - 1]) && up2[j - 2] + 1 < best)
                best = up2[j - 2] + 1;
            cur[j] = best;
        }
    }
    return row[na % 3][nb];
}

/* How many letters of the longer of two names may differ: of a suggestion a
 * third, in short names one; of a misspelling two, in short names one. */
static int allowed_of(size_t longer, bool misspelt)
{
    if (longer <= 2)
        return 0;
    if (misspelt)
        return longer < MISSPELT_TWICE ? 1 : 2;
    return longer < 6 ? 1 : (int)(longer / 3);
}

static const char *nearest_of(const char *name, const char *const *names,
                              size_t n, bool misspelt)
{
    size_t len = strlen(name);
    if (len == 0 || len > NAME_MAX_LEN)
        return NULL;
    const char *nearest = NULL;
    int best = INT_MAX;
    for (size_t i = 0; i < n; i++) {
        size_t other = strlen(names[i]);
        if (other == 0 || other > NAME_MAX_LEN)
            continue;
        int allowed = allowed_of(len > other ? len : other, misspelt);
        if (abs((int)len - (int)other) > allowed)
            continue; /* one letter more or less costs 1 */
        int d = edit_distance(name, (int)len, names[i], (int)other);
        if (d <= allowed && d < best) {
            best = d;
            nearest = names[i];
        }
    }
    return nearest;
}

const char *err_nearest(const char *name, const char *const *names, size_t n)
{
    return nearest_of(name, names, n, false);
}

const char *err_misspelt(const char *name, const char *const *names, size_t n)
{
    return nearest_of(name, names, n, true);
}
