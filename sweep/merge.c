/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sweep/merge.h"

#include "outputs/sink.h"

#include <stdlib.h>
#include <string.h>

#define SHOW_MISSING 10

static bool read_plans(struct merge *m, struct err *e)
{
    for (size_t i = 0; i < m->ndirs; i++) {
        const char *dir = m->dirs[i];
        struct points other = { 0 }, *p = i == 0 ? &m->points : &other;
        if (!journal_is_sweep(dir))
            return err_at(e, ERR_USAGE, dir, 0, 0, NULL,
                          "is not the folder of a sweep (it holds no "
                          ".mpmsim-sweep)");
        if (!points_read(p, arena_printf(m->arena, "%s/plan.json", dir),
                         m->arena, e))
            return false;
        const char *what = points_difference(&m->points, p);
        if (what != NULL)
            return err_at(e, ERR_CONTENT, dir, 0, 0, NULL,
                          "is of another sweep than %s; what differs: %s",
                          m->dirs[0], what);
    }
    return true;
}

/* The text of point I, from the first folder that has it; NULL if none has.
 * Caller frees. */
static char *find(const struct merge *m, size_t i)
{
    char id[SHA256_HEX_SIZE];
    char *text = NULL;
    points_id(&m->points, i, id);
    for (size_t k = 0; k < m->ndirs && text == NULL; k++)
        text = journal_read(m->dirs[k], id);
    return text;
}

/* Whoever has point I must have the same. */
static bool agree(const struct merge *m, size_t i, bool *found, struct err *e)
{
    char id[SHA256_HEX_SIZE];
    char *first = NULL;
    size_t from = 0;
    bool ok = true;
    points_id(&m->points, i, id);
    for (size_t k = 0; k < m->ndirs && ok; k++) {
        char *text = journal_read(m->dirs[k], id);
        if (text != NULL && first != NULL && strcmp(text, first) != 0)
            ok = err_at(e, ERR_CONTENT, m->dirs[k], 0, 0, NULL,
                        "has other results for point %zu than %s", i + 1,
                        m->dirs[from]);
        if (text != NULL && first == NULL) {
            first = text;
            from = k;
        } else {
            free(text);
        }
    }
    *found = first != NULL;
    free(first);
    return ok;
}

static bool check_points(const struct merge *m, struct err *e)
{
    struct sink list;
    size_t missing = 0;
    bool ok = true;
    sink_string(&list);
    for (size_t i = 0; ok && i < m->points.n; i++) {
        bool found;
        ok = agree(m, i, &found, e);
        if (found)
            continue;
        if (missing++ < SHOW_MISSING)
            sink_format(&list, "%s%zu", missing > 1 ? ", " : "", i + 1);
    }
    char *text = sink_take(&list);
    if (ok && missing > 0)
        ok = err_set(e, ERR_CONTENT,
                     "%zu of %zu points are in none of the folders: %s%s. Run "
                     "the missing shards, or those that were interrupted "
                     "again, and merge then",
                     missing, m->points.n, text,
                     missing > SHOW_MISSING ? ", ..." : "");
    free(text);
    return ok;
}

bool merge_open(struct merge *m, const char *const *dirs, size_t n,
                struct err *e)
{
    *m = (struct merge){ .arena = arena_new(), .dirs = dirs, .ndirs = n };
    if (read_plans(m, e) && check_points(m, e))
        return true;
    merge_close(m);
    return false;
}

void merge_close(struct merge *m)
{
    arena_free(m->arena);
}

bool merge_copy(const struct merge *m, const struct journal *j, struct err *e)
{
    for (size_t i = 0; i < m->points.n; i++) {
        char *text = journal_get(j, i);
        bool ok = text != NULL;
        free(text);
        if (ok)
            continue;
        text = find(m, i);
        ok = text != NULL ? journal_put(j, i, text, e)
                          : err_set(e, ERR_IO,
                                    "point %zu has gone while merging", i + 1);
        free(text);
        if (!ok)
            return false;
    }
    return true;
}
