/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/until.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool wrong(struct err *e, const char *text, const char *what)
{
    return err_set(e, ERR_USAGE,
                   "--until \"%s\": %s; it reads METRIC ±N%%, such as "
                   "'p99 ±5%%'",
                   text, what);
}

static const char *skip_spaces(const char *p)
{
    return p + strspn(p, " \t");
}

/* The share behind "±". */
static bool read_share(const char *text, const char *p, double *share,
                       struct err *e)
{
    static const char *const signs[] = { "±", "+-", "+/-" };
    p = skip_spaces(p);
    bool found = false;
    for (size_t i = 0; !found && i < sizeof signs / sizeof signs[0]; i++) {
        size_t n = strlen(signs[i]);
        found = strncmp(p, signs[i], n) == 0;
        p += found ? n : 0;
    }
    if (!found)
        return wrong(e, text, "no \"±\" behind the metric");
    p = skip_spaces(p);
    if (*p < '0' || *p > '9')
        return wrong(e, text, "no number behind \"±\"");
    char *end;
    double v = strtod(p, &end);
    p = skip_spaces(end);
    if (*p != '%' || *skip_spaces(p + 1) != '\0')
        return wrong(e, text, "the width is given in per cent");
    if (!(v > 0) || v >= 100)
        return wrong(e, text, "the width lies between 0 and 100 %");
    *share = v / 100;
    return true;
}

/* "event.latency.p99_s", "latency.p99_s" or "p99". */
static bool find_metric(const char *text, const struct report *r,
                        struct until *u, struct err *e)
{
    static const struct summary none;
    double v;
    const char *dot = strchr(u->path, '.');
    for (size_t i = 0; dot != NULL && i < r->n; i++) {
        size_t n = (size_t)(dot - u->path);
        const char *name = r->servers[i].name;
        if (strlen(name) == n && memcmp(name, u->path, n) == 0) {
            if (n >= sizeof u->server)
                return wrong(e, text, "the server's name is too long");
            memcpy(u->server, name, n + 1);
            memmove(u->path, dot + 1, strlen(dot + 1) + 1);
            break;
        }
    }
    if (summary_lookup(&none, u->path, &v))
        return true;
    const char *near = summary_nearest(u->path);
    const char *last = near != NULL ? strrchr(near, '.') : NULL;
    size_t n = strlen(u->path);
    if (last != NULL && strncmp(last + 1, u->path, n) == 0 &&
        (last[1 + n] == '\0' || last[1 + n] == '_')) {
        memcpy(u->path, near, strlen(near) + 1);
        return true;
    }
    return err_set(e, ERR_USAGE,
                   "--until \"%s\": there is no metric \"%s\"%s%s%s", text,
                   u->path, near ? "; did you mean \"" : "", near ? near : "",
                   near ? "\"?" : "");
}

bool until_parse(const char *text, const struct report *r, struct until *u,
                 struct err *e)
{
    *u = (struct until){ .share = 0 };
    const char *p = skip_spaces(text);
    size_t n = strcspn(p, " \t+\xC2"); /* "±" begins with C2 */
    if (n == 0)
        return wrong(e, text, "no metric");
    if (n >= sizeof u->path)
        return wrong(e, text, "no metric is as long as that");
    memcpy(u->path, p, n);
    return read_share(text, p + n, &u->share, e) && find_metric(text, r, u, e);
}

void until_look(const struct until *u, const struct report *r, int64_t n,
                int64_t most, struct until_state *s)
{
    *s = (struct until_state){ .reached = true };
    for (size_t i = 0; i < r->n; i++) {
        const struct report_server *rs = &r->servers[i];
        double mean = 0, high = 0;
        if (u->server[0] != '\0' && strcmp(u->server, rs->name) != 0)
            continue;
        if (rs->ci != NULL) {
            summary_lookup(rs->sum, u->path, &mean);
            summary_lookup(&rs->ci->high, u->path, &high);
        }
        if (isnan(mean) || rs->ci == NULL) {
            s->hopeless = isnan(mean);
            s->reached = false;
            s->server = rs->name;
            break;
        }
        double share = high > mean ? (high - mean) / fabs(mean) : 0;
        if (share > u->share && share > s->share) {
            s->reached = false;
            s->server = rs->name;
            s->share = share;
        }
    }
    /* widths shrink with the root of n; a tenth more saves a round */
    double ratio = s->share / u->share;
    double want = (double)n * ratio * ratio * 1.1 + 1;
    s->next = want < 2 * (double)n ? (int64_t)want : 2 * n;
    if (s->next <= n)
        s->next = n + 1;
    if (s->next > most)
        s->next = most;
}
