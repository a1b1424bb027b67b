/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/reader.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/quantity.h"
#include "server/settings.h"
#include "sim/dist.h"
#include "sim/must.h"

#define SHOWN   64
#define EXACT   9007199254740992.0 /* 2^53: whole numbers JSON carries */
#define TOO_BIG 1e18

/* ---- errors ---- */

static void add(struct reader *r, const struct json_node *n, bool key,
                const char *text)
{
    char path[200];
    long line = 0, col = 0;
    const char *origin;

    if (r->nerrors == READER_MAX_ERRORS)
        return;
    origin = json_origin(r->json, n);
    if (origin == NULL)
        (void)json_locate(r->json, n, key, &line, &col);
    err_init(&r->errors[r->nerrors]);
    (void)err_at(&r->errors[r->nerrors++],
                 origin != NULL ? ERR_USAGE : ERR_CONTENT,
                 origin != NULL ? origin : json_name(r->json), line, col,
                 json_path(r->json, n, path, sizeof path), "%s", text);
}

bool reader_fail(struct reader *r, const struct json_node *n, bool key,
                 const char *fmt, ...)
{
    char text[600];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    add(r, n, key, text);
    return false;
}

static bool is_told(const struct reader *r, const struct err *e)
{
    for (size_t i = 0; i < r->nerrors; i++) {
        const struct err *k = &r->errors[i];
        if (k->file != NULL && e->file != NULL &&
            strcmp(k->file, e->file) == 0 && k->line == e->line &&
            k->col == e->col && strcmp(k->text, e->text) == 0)
            return true;
    }
    return false;
}

bool reader_take(struct reader *r, const struct json_node *n, struct err *inner)
{
    if (inner->file == NULL && n != NULL && inner->kind == ERR_CONTENT) {
        add(r, n, false, inner->text);
        err_clear(inner);
    } else if (r->nerrors > 0 && is_told(r, inner)) {
        err_clear(inner); /* a file that is read twice */
    } else if (r->nerrors < READER_MAX_ERRORS) {
        r->errors[r->nerrors++] = *inner;
        err_init(inner);
    } else {
        err_clear(inner);
    }
    return false;
}

static bool before(const struct reader *r, const struct err *a,
                   const struct err *b)
{
    const char *name = r->json != NULL ? json_name(r->json) : "";
    bool ours_a = a->file != NULL && strcmp(a->file, name) == 0;
    bool ours_b = b->file != NULL && strcmp(b->file, name) == 0;

    if (ours_a != ours_b)
        return ours_a;
    if (!ours_a)
        return false;
    return a->line != b->line ? a->line < b->line : a->col < b->col;
}

void reader_sort(struct reader *r)
{
    for (size_t i = 1; i < r->nerrors; i++) {
        struct err e = r->errors[i];
        size_t k = i;
        for (; k > 0 && before(r, &e, &r->errors[k - 1]); k--)
            r->errors[k] = r->errors[k - 1];
        r->errors[k] = e;
    }
}

void reader_clear(struct reader *r)
{
    for (size_t i = 0; i < r->nerrors; i++)
        err_clear(&r->errors[i]);
    r->nerrors = 0;
    json_free(r->json);
    r->json = NULL;
}

/* ---- keys and types ---- */

/* "a, b, c" of the names, when they are few enough to read. */
static const char *listed(const char *const *names, size_t n, char *buf,
                          size_t size)
{
    size_t used = 0;

    buf[0] = '\0';
    for (size_t i = 0; i < n && used < size; i++)
        used += (size_t)snprintf(buf + used, size - used, "%s%s",
                                 i > 0 ? ", " : "", names[i]);
    return buf;
}

static bool is_known(const char *key, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(key, names[i]) == 0)
            return true;
    }
    return false;
}

static bool is_misspelt(const struct reader *r, const struct json_node *m)
{
    for (size_t i = 0; i < r->nmisspelt; i++) {
        if (r->misspelt[i] == m)
            return true;
    }
    return false;
}

/* The key of M is a slip for MEANT. */
static bool misspelt(struct reader *r, const struct json_node *m,
                     const char *meant)
{
    if (r->nmisspelt < READER_MAX_ERRORS)
        r->misspelt[r->nmisspelt++] = m;
    return reader_fail(r, m, true, "unknown key; did you mean \"%s\"?", meant);
}

bool reader_missing(struct reader *r, const struct json_node *object,
                    const char *key, const char *const *names, size_t n,
                    const char *fmt, ...)
{
    char text[300];
    va_list ap;

    for (struct json_node *m = json_first(object); m != NULL;
         m = json_next(m)) {
        if (is_known(json_key(m), names, n) ||
            err_nearest(json_key(m), &key, 1) == NULL)
            continue;
        return is_misspelt(r, m) ? false : misspelt(r, m, key);
    }
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return reader_fail(r, object, false, "missing key \"%s\"%s", key, text);
}

bool reader_keys(struct reader *r, const struct json_node *object,
                 const char *const *names, size_t n)
{
    bool ok = true;
    char list[400];

    for (struct json_node *m = json_first(object); m != NULL;
         m = json_next(m)) {
        const char *near;
        bool known = false;
        known = is_misspelt(r, m) || is_known(json_key(m), names, n);
        if (known)
            continue;
        near = err_nearest(json_key(m), names, n);
        if (near != NULL)
            ok = misspelt(r, m, near);
        else if (n <= 16)
            ok = reader_fail(r, m, true, "unknown key; known here: %s",
                             listed(names, n, list, sizeof list));
        else
            ok = reader_fail(r, m, true,
                             "unknown key; `mpmsim list` names those there "
                             "are");
    }
    return ok;
}

static const char *type_name(enum json_type t)
{
    static const char *const names[] = {
        [JSON_NULL] = "null",       [JSON_BOOL] = "true or false",
        [JSON_NUMBER] = "a number", [JSON_STRING] = "a string",
        [JSON_LIST] = "a list [ ]", [JSON_OBJECT] = "an object { }",
    };

    return names[t];
}

bool reader_type(struct reader *r, const struct json_node *n,
                 enum json_type want)
{
    char shown[SHOWN];

    if (json_type(n) == want)
        return true;
    return reader_fail(r, n, false, "expected %s, found %s", type_name(want),
                       json_show(n, shown, sizeof shown));
}

/* ---- plain values ---- */

bool read_text(struct reader *r, const struct json_node *n, const char **out)
{
    if (!reader_type(r, n, JSON_STRING))
        return false;
    *out = arena_strdup(r->arena, json_string(n));
    return true;
}

bool read_bool(struct reader *r, const struct json_node *n, bool *out)
{
    if (!reader_type(r, n, JSON_BOOL))
        return false;
    *out = json_bool(n);
    return true;
}

/* A number as text, as a message would show it. */
static const char *plain(double x, char buf[32])
{
    (void)snprintf(buf, 32, "%.15g", x);
    return buf;
}

static bool in_range(struct reader *r, const struct json_node *n, double x,
                     double min, double max)
{
    char a[32], b[32], shown[SHOWN];

    if (x >= min && x <= max)
        return true;
    (void)json_show(n, shown, sizeof shown);
    if (max >= TOO_BIG)
        return reader_fail(r, n, false, "%s is out of range; at least %s",
                           shown, plain(min, a));
    return reader_fail(r, n, false, "%s is out of range; allowed: %s to %s",
                       shown, plain(min, a), plain(max, b));
}

static bool read_number(struct reader *r, const struct json_node *n,
                        const char *what, double *out)
{
    char shown[SHOWN];
    double x;

    if (json_type(n) == JSON_NUMBER) {
        *out = json_number(n);
        return true;
    }
    (void)json_show(n, shown, sizeof shown);
    if (json_type(n) == JSON_STRING && quantity_number(json_string(n), &x))
        return reader_fail(r, n, false,
                           "expected %s, found the string %s; remove the "
                           "quotes",
                           what, shown);
    return reader_fail(r, n, false, "expected %s, found %s", what, shown);
}

bool read_real(struct reader *r, const struct json_node *n, double min,
               double max, double *out)
{
    double x = 0;

    if (!read_number(r, n, "a number", &x) || !in_range(r, n, x, min, max))
        return false;
    *out = x;
    return true;
}

bool read_count(struct reader *r, const struct json_node *n, int64_t min,
                int64_t max, int64_t *out)
{
    char shown[SHOWN];
    double x = 0;

    if (!read_number(r, n, "a whole number", &x))
        return false;
    if (x != floor(x))
        return reader_fail(r, n, false, "expected a whole number, found %s",
                           json_show(n, shown, sizeof shown));
    if (fabs(x) > EXACT)
        return reader_fail(r, n, false,
                           "%s is out of range; whole numbers go to 2^53",
                           json_show(n, shown, sizeof shown));
    if (!in_range(r, n, x, (double)min, (double)max))
        return false;
    *out = (int64_t)x;
    return true;
}

/* The text of a quantity: a string, or a bare 0. WHAT and EXAMPLE (units put
 * behind a number that lacks one) are for the message. */
static const char *quantity_text(struct reader *r, const struct json_node *n,
                                 const char *what, const char *unit1,
                                 const char *unit2)
{
    char shown[SHOWN];

    if (json_type(n) == JSON_STRING)
        return json_string(n);
    (void)json_show(n, shown, sizeof shown);
    if (json_type(n) != JSON_NUMBER) {
        (void)reader_fail(r, n, false, "expected %s, found %s", what, shown);
        return NULL;
    }
    if (json_number(n) == 0)
        return "0";
    (void)reader_fail(r, n, false,
                      "%s needs a unit: write \"%s%s\" or \"%s%s\"", shown,
                      shown, unit1, shown, unit2);
    return NULL;
}

/* TEXT is no quantity of that kind. */
static bool bad_quantity(struct reader *r, const struct json_node *n,
                         const char *what, const char *unit1, const char *unit2)
{
    char shown[SHOWN], bare[SHOWN];
    double x;

    (void)json_show(n, shown, sizeof shown);
    if (json_type(n) == JSON_STRING && quantity_number(json_string(n), &x)) {
        (void)json_clean(json_string(n), bare, sizeof bare);
        return reader_fail(r, n, false,
                           "%s needs a unit: write \"%s%s\" or \"%s%s\"", shown,
                           bare, unit1, bare, unit2);
    }
    return reader_fail(r, n, false, "expected %s, found %s", what, shown);
}

#define A_TIME     "a time such as \"5s\" or \"250ms\""
#define A_SIZE     "a size such as \"64KiB\""
#define A_RATE     "a rate such as \"150/s\""
#define A_BYTERATE "a rate such as \"300kB/s\" or \"10Mbit/s\""

bool read_time(struct reader *r, const struct json_node *n, simtime_t min,
               simtime_t max, simtime_t *out)
{
    const char *text = quantity_text(r, n, A_TIME, "s", "ms");
    char a[32], b[32], shown[SHOWN];
    simtime_t t;

    if (text == NULL)
        return false;
    if (!simtime_parse(text, &t))
        return bad_quantity(r, n, A_TIME, "s", "ms");
    if (t < min || t > max) {
        (void)json_show(n, shown, sizeof shown);
        if (max > (simtime_t)1e18)
            return reader_fail(r, n, false, "%s is out of range; at least %s",
                               shown, simtime_format(min, a, sizeof a));
        return reader_fail(r, n, false, "%s is out of range; allowed: %s to %s",
                           shown, simtime_format(min, a, sizeof a),
                           simtime_format(max, b, sizeof b));
    }
    *out = t;
    return true;
}

bool read_choice(struct reader *r, const struct json_node *n,
                 const char *const *names, int *out)
{
    const char *near;
    char shown[SHOWN], list[300];
    size_t count = 0;

    if (!reader_type(r, n, JSON_STRING))
        return false;
    for (; names[count] != NULL; count++) {
        if (strcmp(json_string(n), names[count]) == 0) {
            *out = (int)count;
            return true;
        }
    }
    (void)json_show(n, shown, sizeof shown);
    near = err_nearest(json_string(n), names, count);
    if (near != NULL)
        return reader_fail(r, n, false, "%s is not known; did you mean \"%s\"?",
                           shown, near);
    return reader_fail(r, n, false, "%s is not known; allowed: %s", shown,
                       listed(names, count, list, sizeof list));
}

const char *reader_file(const struct reader *r, const char *text)
{
    if (text[0] == '/')
        return arena_strdup(r->arena, text);
    return arena_printf(r->arena, "%s%s", r->dir, text);
}

/* ---- parameters ---- */

const struct param *param_find(const struct param *table, const char *name)
{
    for (; table != NULL && table->name != NULL; table++) {
        if (strcmp(table->name, name) == 0)
            return table;
    }
    return NULL;
}

static bool has_range(const struct param *p)
{
    return p->min != 0 || p->max != 0;
}

static bool read_size(struct reader *r, const struct json_node *n, double min,
                      double max, int64_t *out)
{
    const char *text = quantity_text(r, n, A_SIZE, "KiB", "MiB");
    char a[32], b[32], shown[SHOWN];
    int64_t bytes;

    if (text == NULL)
        return false;
    if (!size_parse(text, &bytes))
        return bad_quantity(r, n, A_SIZE, "KiB", "MiB");
    if ((double)bytes < min || (double)bytes > max)
        return reader_fail(
            r, n, false, "%s is out of range; allowed: %sB to %sB",
            json_show(n, shown, sizeof shown), plain(min, a), plain(max, b));
    *out = bytes;
    return true;
}

static bool read_rate(struct reader *r, const struct json_node *n, bool bytes,
                      const struct param *p, double *out)
{
    const char *what = bytes ? A_BYTERATE : A_RATE;
    const char *u1 = bytes ? "kB/s" : "/s", *u2 = bytes ? "Mbit/s" : "/min";
    const char *text = quantity_text(r, n, what, u1, u2);
    double x;

    if (text == NULL)
        return false;
    if (!(bytes ? quantity_byterate(text, &x) : quantity_rate(text, &x)))
        return bad_quantity(r, n, what, u1, u2);
    if (has_range(p) && !in_range(r, n, x, p->min, p->max))
        return false;
    if (x < 0)
        return reader_fail(r, n, false, "a rate cannot be negative");
    *out = x;
    return true;
}

/* One quantity of a law in its base unit. */
static bool read_base(struct reader *r, const struct json_node *n,
                      enum param_type type, double *out)
{
    simtime_t t = 0;
    int64_t bytes = 0;
    bool ok;

    if (type == PARAM_DIST_TIME) {
        ok = read_time(r, n, 0, SIM_NEVER - 1, &t);
        *out = (double)t;
    } else if (type == PARAM_DIST_SIZE) {
        ok = read_size(r, n, 0, TOO_BIG, &bytes);
        *out = (double)bytes;
    } else {
        ok = read_real(r, n, 0, TOO_BIG, out);
    }
    return ok;
}

static bool read_values(struct reader *r, const struct json_node *list,
                        enum param_type type, double **out, size_t *n)
{
    size_t i = 0;

    if (!reader_type(r, list, JSON_LIST))
        return false;
    *n = json_len(list);
    *out = arena_alloc(r->arena, (*n + 1) * sizeof **out);
    for (struct json_node *m = json_first(list); m != NULL; m = json_next(m)) {
        if (!read_base(r, m, type, &(*out)[i++]))
            return false;
    }
    return true;
}

static bool read_law_key(struct reader *r, const struct json_node *m,
                         enum param_type type, struct dist *d)
{
    const char *key = json_key(m);
    size_t n;

    if (strcmp(key, "cv") == 0)
        return read_real(r, m, 0, 1e6, &d->cv);
    if (strcmp(key, "shape") == 0)
        return read_real(r, m, 0, 1e6, &d->shape);
    if (strcmp(key, "alpha") == 0)
        return read_real(r, m, 0, 1e6, &d->alpha);
    if (strcmp(key, "min") == 0)
        return read_base(r, m, type, &d->min);
    if (strcmp(key, "max") == 0)
        return read_base(r, m, type, &d->max);
    if (strcmp(key, "values") == 0)
        return read_values(r, m, type, &d->values, &d->n);
    if (strcmp(key, "weights") == 0)
        return read_values(r, m, PARAM_DIST_REAL, &d->cum, &n);
    return read_base(r, m, type, &d->mean); /* mean, value */
}

/* { "dist": NAME, … } */
static bool read_law(struct reader *r, const struct json_node *n,
                     enum param_type type, struct dist *out)
{
    const struct json_node *name = json_get(n, "dist");
    const char *kinds[DIST_KINDS + 1] = { NULL };
    const char *names[12] = { "dist" };
    const char *const *keys;
    const struct json_node *weights = json_get(n, "weights");
    struct dist d = { 0 };
    struct err e;
    int kind;
    size_t count = 1;
    bool ok = true;

    for (int k = 0; k < DIST_KINDS; k++)
        kinds[k] = dist_name((enum dist_kind)k);
    if (name == NULL)
        return reader_missing(r, n, "dist", NULL, 0, ", the name of the law");
    if (!read_choice(r, name, kinds, &kind))
        return false;
    d.kind = (enum dist_kind)kind;
    keys = dist_keys(d.kind);
    for (; keys[count - 1] != NULL && count < 12; count++)
        names[count] = keys[count - 1];
    if (!reader_keys(r, n, names, count))
        return false;
    for (size_t i = 1; i < count; i++) {
        const struct json_node *m = json_get(n, names[i]);
        if (m != NULL)
            ok = read_law_key(r, m, type, &d) && ok;
        else if (strcmp(names[i], "weights") != 0)
            ok = reader_missing(r, n, names[i], names, count, " of the law %s",
                                kinds[kind]);
    }
    if (!ok)
        return false;
    if (weights != NULL && json_len(weights) != d.n)
        return reader_fail(r, weights, false,
                           "%zu weights for %zu values; give one for each",
                           json_len(weights), d.n);
    err_init(&e);
    if (!dist_prepare(&d, &e))
        return reader_take(r, n, &e);
    *out = d;
    return true;
}

static bool read_dist(struct reader *r, const struct json_node *n,
                      enum param_type type, struct dist *out)
{
    double x;

    if (json_type(n) == JSON_OBJECT)
        return read_law(r, n, type, out);
    if (!read_base(r, n, type, &x))
        return false;
    *out = dist_constant(x);
    return true;
}

bool param_read(struct reader *r, const struct json_node *n,
                const struct param *p, void *base)
{
    void *field = (char *)base + p->offset;
    bool range = has_range(p);
    double min = range ? p->min : -TOO_BIG;
    double max = range ? p->max : TOO_BIG;

    switch (p->type) {
    case PARAM_INT:
        return read_count(r, n, (int64_t)min, (int64_t)fmin(max, TOO_BIG),
                          field);
    case PARAM_REAL:
        return read_real(r, n, min, max, field);
    case PARAM_TIME:
        return read_time(
            r, n, range ? (simtime_t)p->min : INT64_MIN,
            range && p->max < 9e18 ? (simtime_t)p->max : SIM_NEVER - 1, field);
    case PARAM_SIZE:
        return read_size(r, n, min, max, field);
    case PARAM_BYTERATE:
        return read_rate(r, n, true, p, field);
    case PARAM_RATE:
        return read_rate(r, n, false, p, field);
    case PARAM_BOOL:
        return read_bool(r, n, field);
    case PARAM_STRING:
        return read_text(r, n, field);
    case PARAM_CHOICE:
        return read_choice(r, n, p->choices, field);
    case PARAM_DIST_TIME:
    case PARAM_DIST_SIZE:
    case PARAM_DIST_REAL:
        return read_dist(r, n, p->type, field);
    }
    return false;
}

/* The document a default would be written in: { "NAME": DEFAULT }. */
static struct json *default_json(const struct param *p)
{
    bool text = p->type == PARAM_STRING || p->type == PARAM_CHOICE;
    char first = p->def[0];
    double x;
    bool bare = first == '{' || first == '"' || strcmp(p->def, "true") == 0 ||
                strcmp(p->def, "false") == 0 || quantity_number(p->def, &x);
    size_t size = strlen(p->name) + strlen(p->def) + 16;
    char *doc = must_alloc(size);
    struct json *j;
    struct err e;

    (void)snprintf(doc, size, bare && !text ? "{\"%s\":%s}" : "{\"%s\":\"%s\"}",
                   p->name, p->def);
    err_init(&e);
    j = json_parse(p->name, doc, strlen(doc), &e);
    must(j != NULL);
    err_clear(&e);
    free(doc);
    return j;
}

void params_default(struct reader *r, const struct param *table, void *base)
{
    for (; table != NULL && table->name != NULL; table++) {
        struct reader own = { .arena = r->arena, .dir = "" };
        if (table->def == NULL)
            continue;
        own.json = default_json(table);
        (void)param_read(&own, json_first(json_root(own.json)), table, base);
        must(own.nerrors == 0);
        reader_clear(&own);
    }
}
