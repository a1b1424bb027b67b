/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workloads/log_set.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/must.h"
#include "workloads/gzread.h"

/* Lines looked at for the first stamp of a file. */
#define LOOK_LINES 100

struct log_lines {
    const struct log_set *set;
    size_t at;
    struct gzread *in;
};

static bool is_stdin(const char *path)
{
    size_t n = strlen(path);
    return path[n - 1] == '-' && (n == 1 || path[n - 2] == '/');
}

static bool is_pattern(const char *path)
{
    return strpbrk(path, "*?[") && access(path, F_OK) != 0;
}

struct file {
    const char *path;
    bool stamped;
    int64_t t, ns;
};

/* The first stamp of a file, and the format of its first line if it is not
 * known yet. */
static bool look_into(struct file *file, const struct log_format **format,
                      struct arena *a, struct err *e)
{
    struct gzread *in = gzread_open(file->path, e);
    char *line;
    size_t len;
    bool cut;
    if (!in)
        return false;
    for (int i = 0; i < LOOK_LINES && gzread_line(in, &line, &len, &cut, e);
         i++) {
        const struct log_format *f = *format;
        struct logline l;
        enum logline_why why;
        if (!f)
            f = log_format_of_line(line, len, a);
        why = log_format_parse(f, line, len, &l);
        if (why != LOGLINE_OK && why != LOGLINE_SILENT)
            continue;
        *format = f;
        file->stamped = true;
        file->t = l.t;
        file->ns = l.ns;
        break;
    }
    gzread_close(in);
    return e->kind == ERR_NONE;
}

/* By the first stamp; those without one stay in front, in the order of names.
 */
static int by_time(const void *a, const void *b)
{
    const struct file *x = a, *y = b;
    if (x->stamped != y->stamped)
        return x->stamped ? 1 : -1;
    if (x->t != y->t)
        return x->t < y->t ? -1 : 1;
    if (x->ns != y->ns)
        return x->ns < y->ns ? -1 : 1;
    return strcmp(x->path, y->path);
}

static bool order_files(struct log_set *set, struct arena *a, struct err *e)
{
    struct file *file = must_zalloc(set->n, sizeof *file);
    bool ok = true;
    for (size_t i = 0; ok && i < set->n; i++) {
        file[i].path = set->path[i];
        ok = look_into(&file[i], &set->format, a, e);
    }
    if (ok && set->n > 1)
        qsort(file, set->n, sizeof *file, by_time);
    for (size_t i = 0; ok && i < set->n; i++)
        set->path[i] = file[i].path;
    free(file);
    return ok;
}

static bool match(struct log_set *set, const char *pattern, struct arena *a,
                  struct err *e)
{
    glob_t g = { 0 };
    int rc = glob(pattern, 0, NULL, &g);
    if (rc == GLOB_NOSPACE)
        must_oom();
    if (rc != 0 || g.gl_pathc == 0) {
        globfree(&g);
        return err_at(e, ERR_IO, pattern, 0, 0, NULL, "no file is called so");
    }
    set->n = g.gl_pathc;
    set->path = arena_alloc(a, set->n * sizeof *set->path);
    for (size_t i = 0; i < set->n; i++)
        set->path[i] = arena_strdup(a, g.gl_pathv[i]);
    globfree(&g);
    return true;
}

struct log_set *log_set_open(const char *pattern, const char *format,
                             struct arena *a, struct err *e)
{
    struct log_set *set = arena_alloc(a, sizeof *set);
    struct stat st;
    if (strcmp(format, "auto") != 0) {
        set->format = log_format_new(format, a, e);
        if (!set->format)
            return NULL;
    }
    if (is_pattern(pattern)) {
        if (!match(set, pattern, a, e))
            return NULL;
    } else {
        set->n = 1;
        set->path = arena_alloc(a, sizeof *set->path);
        set->path[0] = pattern;
        if (is_stdin(pattern))
            set->path[0] = "/dev/stdin";
        set->once = stat(set->path[0], &st) == 0 && !S_ISREG(st.st_mode) &&
                    !S_ISDIR(st.st_mode);
    }
    if (!set->once && !order_files(set, a, e))
        return NULL;
    return set;
}

struct log_lines *log_lines_open(const struct log_set *set, struct err *e)
{
    struct gzread *in = gzread_open(set->path[0], e);
    struct log_lines *l;
    if (!in)
        return NULL;
    l = must_zalloc(1, sizeof *l);
    l->set = set;
    l->in = in;
    return l;
}

void log_lines_close(struct log_lines *l)
{
    if (!l)
        return;
    gzread_close(l->in);
    free(l);
}

bool log_lines_next(struct log_lines *l, char **line, size_t *len, bool *cut,
                    struct err *e)
{
    for (;;) {
        if (gzread_line(l->in, line, len, cut, e))
            return true;
        if (e->kind != ERR_NONE || l->at + 1 == l->set->n)
            return false;
        struct gzread *in = gzread_open(l->set->path[l->at + 1], e);
        if (!in)
            return false;
        gzread_close(l->in);
        l->in = in;
        l->at++;
    }
}

const char *log_lines_path(const struct log_lines *l)
{
    return l->set->path[l->at];
}

long log_lines_lineno(const struct log_lines *l)
{
    return gzread_lineno(l->in);
}
