/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SERVER.METRIC OP VALUE */
#include <stdio.h>
#include <string.h>

#include "config/json.h"
#include "config/quantity.h"
#include "config/scenario.h"

#define MAX_TEXT 500

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool path_char(char c)
{
    return c != '\0' && !blank(c) && strchr("<>=!", c) == NULL;
}

/* The operator at S: its code and length; -1 if there is none. */
static int find_op(const char *s, size_t *len)
{
    static const char *const ops[] = { "<", "<=", ">", ">=", "==" };
    int best = -1;

    *len = 0;
    for (int i = 0; i < 5; i++) {
        size_t n = strlen(ops[i]);
        if (n > *len && strncmp(s, ops[i], n) == 0) {
            best = i;
            *len = n;
        }
    }
    return best;
}

static bool is_path(const char *s)
{
    return strchr("0123456789+-.", *s) == NULL && strchr(s, '.') != NULL;
}

bool expectation_parse(const char *text, struct arena *a, struct expectation *x,
                       struct err *e)
{
    const char *s = text, *rhs;
    const char *left;
    size_t n = 0;
    char shown[120];

    (void)json_clean(text, shown, sizeof shown);
    if (strlen(text) > MAX_TEXT)
        return err_set(e, ERR_CONTENT,
                       "an expectation of more than %d characters", MAX_TEXT);
    while (blank(*s))
        s++;
    while (path_char(s[n]))
        n++;
    left = arena_strndup(a, s, n);
    if (n == 0 || strchr(left, '.') == NULL || left[0] == '.' ||
        left[n - 1] == '.')
        return err_set(e, ERR_CONTENT,
                       "\"%s\" is not SERVER.METRIC OP VALUE, such as "
                       "\"event.latency.p99_s < 200ms\"",
                       shown);
    for (s += n; blank(*s); s++)
        ;
    x->op = find_op(s, &n);
    if (x->op < 0)
        return err_set(e, ERR_CONTENT,
                       "\"%s\" needs one of < <= > >= == after %s", shown,
                       left);
    for (s += n; blank(*s); s++)
        ;
    n = strlen(s);
    while (n > 0 && blank(s[n - 1]))
        n--;
    rhs = arena_strndup(a, s, n);
    if (n == 0)
        return err_set(e, ERR_CONTENT,
                       "\"%s\" has nothing to compare with; give a quantity "
                       "or SERVER.METRIC",
                       shown);
    x->text = arena_strdup(a, text);
    x->path = left;
    x->is_path = is_path(rhs) && strpbrk(rhs, " \t<>=!") == NULL;
    x->rhs_path = x->is_path ? rhs : NULL;
    x->rhs = 0;
    if (x->is_path || quantity_any(rhs, &x->rhs))
        return true;
    return err_set(e, ERR_CONTENT,
                   "\"%s\" is neither a quantity (200ms, 64MiB, 150/s, 5%%) "
                   "nor SERVER.METRIC",
                   json_clean(rhs, shown, sizeof shown));
}
