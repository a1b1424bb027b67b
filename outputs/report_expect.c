/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Metrics by name, and whether what a scenario expects of them holds. */
#include "outputs/report.h"

#include "outputs/num.h"
#include "outputs/sink.h"
#include "sim/must.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool unknown_server(const struct report *r, const char *path,
                           const char *name, struct err *e)
{
    const char **names = must_zalloc(r->n + 1, sizeof *names);
    for (size_t i = 0; i < r->n; i++)
        names[i] = r->servers[i].name;
    const char *near = err_nearest(name, names, r->n);
    if (near != NULL) {
        err_set(e, ERR_CONTENT, "%s: no server \"%s\"; did you mean \"%s\"?",
                path, name, near);
    } else {
        struct sink list;
        sink_string(&list);
        for (size_t i = 0; i < r->n; i++) {
            sink_text(&list, i > 0 ? ", " : "");
            sink_text(&list, names[i]);
        }
        char *text = sink_take(&list);
        err_set(e, ERR_CONTENT, "%s: no server \"%s\"; there are: %s", path,
                name, text);
        free(text);
    }
    free(names);
    return false;
}

bool report_lookup(const struct report *r, const char *path, double *value,
                   struct err *e)
{
    const char *metric = NULL;
    for (size_t i = 0; i < r->n; i++) {
        /* a server's name may hold dots itself */
        size_t len = strlen(r->servers[i].name);
        if (strcmp(path, r->servers[i].name) == 0)
            return err_set(e, ERR_CONTENT,
                           "%s: names a server but no metric; write "
                           "%s.latency.p99_s, for instance",
                           path, path);
        if (strncmp(path, r->servers[i].name, len) == 0 && path[len] == '.') {
            metric = path + len + 1;
            if (summary_lookup(r->servers[i].sum, metric, value))
                return true;
        }
    }
    if (metric == NULL) {
        const char *dot = strchr(path, '.');
        size_t len = dot != NULL ? (size_t)(dot - path) : strlen(path);
        char *name = must_strdup(path);
        name[len] = '\0';
        unknown_server(r, path, name, e);
        free(name);
        return false;
    }
    const char *near = summary_nearest(metric);
    if (near != NULL)
        return err_set(e, ERR_CONTENT,
                       "%s: no metric \"%s\"; did you mean \"%s\"?", path,
                       metric, near);
    return err_set(e, ERR_CONTENT,
                   "%s: no metric \"%s\"; the metrics are the paths below "
                   "servers.NAME in summary.json",
                   path, metric);
}

static void put_value(struct sink *s, double v)
{
    if (isnan(v))
        sink_text(s, "null, too few samples");
    else
        sink_count(s, v);
}

enum report_outcome report_expect(const struct report *r, const char *text,
                                  const char *path, int op,
                                  const char *rhs_path, double rhs, char **line)
{
    struct err e;
    double left = 0, right = rhs;
    struct sink s;

    err_init(&e);
    sink_string(&s);
    if (!report_lookup(r, path, &left, &e) ||
        (rhs_path != NULL && !report_lookup(r, rhs_path, &right, &e))) {
        sink_format(&s, "cannot be checked: %s (%s)", text, e.text);
        err_clear(&e);
        *line = sink_take(&s);
        return REPORT_UNKNOWN;
    }
    /* a comparison with NAN is false, == included */
    const bool holds[] = { left<right, left <= right, left> right,
                           left >= right,
                           !(left < right) && !(left > right) && !isnan(left) &&
                               !isnan(right) };
    must(op >= 0 && op < 5);
    sink_format(&s, "%s: %s (found ", holds[op] ? "holds" : "does not hold",
                text);
    put_value(&s, left);
    if (rhs_path != NULL) {
        sink_text(&s, " and ");
        put_value(&s, right);
    }
    sink_char(&s, ')');
    *line = sink_take(&s);
    return holds[op] ? REPORT_HOLDS : REPORT_FAILS;
}
