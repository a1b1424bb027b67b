/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sweep/points.h"

#include "config/json.h"
#include "outputs/sink.h"
#include "sim/must.h"

#include <stdlib.h>
#include <string.h>

/* Changes whenever the content of a point's file does. */
#define FORMAT "mpmsim-point 1"

static const char *const origin_names[] = { "title",    "version", "program",
                                            "scenario", "inputs",  "options" };
#define NORIGIN (sizeof origin_names / sizeof origin_names[0])

static const char **origin_field(struct points_origin *o, size_t i)
{
    const char **const fields[NORIGIN] = { &o->title,   &o->version,
                                           &o->program, &o->scenario,
                                           &o->inputs,  &o->options };
    return fields[i];
}

static const char *origin_text(const struct points *p, size_t i)
{
    struct points_origin o = p->origin;
    return *origin_field(&o, i);
}

/* The title is not part of it: nothing depends on it. */
static void make_base(struct points *p)
{
    struct sink s;
    sink_string(&s);
    sink_text(&s, FORMAT "\n");
    for (size_t i = 1; i < NORIGIN; i++)
        sink_format(&s, "%s %s\n", origin_names[i], origin_text(p, i));
    char *text = sink_take(&s);
    sha256_hex(text, strlen(text), p->base);
    free(text);
}

static bool add_columns(struct points *p, struct arena *a, struct err *e)
{
    size_t n = 0;
    for (size_t f = 0; f < p->nfactors; f++)
        n += p->factors[f].nkeys;
    const char **columns = arena_alloc(a, (n + 1) * sizeof *columns);
    for (size_t f = 0; f < p->nfactors; f++)
        for (size_t k = 0; k < p->factors[f].nkeys; k++) {
            const char *key = p->factors[f].keys[k];
            for (size_t c = 0; c < p->ncolumns; c++)
                if (strcmp(columns[c], key) == 0)
                    return err_set(e, ERR_USAGE,
                                   "\"%s\" is given twice; a key can be "
                                   "varied once",
                                   key);
            columns[p->ncolumns++] = key;
        }
    p->columns = columns;
    return true;
}

bool points_init(struct points *p, const struct points_origin *origin,
                 const struct factor *f, size_t n, struct arena *a,
                 struct err *e)
{
    *p = (struct points){
        .origin = *origin, .factors = f, .nfactors = n, .n = 1
    };
    for (size_t i = 0; i < n; i++) {
        must(f[i].nchoices > 0 && f[i].nkeys > 0);
        if (f[i].nchoices > POINTS_MAX / p->n)
            return err_set(e, ERR_USAGE,
                           "the sweep has more than %d points; vary less at "
                           "once",
                           POINTS_MAX);
        p->n *= f[i].nchoices;
    }
    make_base(p);
    return add_columns(p, a, e);
}

size_t points_choice(const struct points *p, size_t i, size_t f)
{
    for (size_t k = p->nfactors - 1; k > f; k--)
        i /= p->factors[k].nchoices;
    return i % p->factors[f].nchoices;
}

const char *points_set(const struct points *p, size_t i, size_t c)
{
    for (size_t f = 0; f < p->nfactors; f++) {
        const struct factor *x = &p->factors[f];
        if (c < x->nkeys)
            return x->sets[points_choice(p, i, f) * x->nkeys + c];
        c -= x->nkeys;
    }
    return NULL;
}

size_t points_sets(const struct points *p, size_t i, const char **set)
{
    size_t n = 0;
    for (size_t c = 0; c < p->ncolumns; c++) {
        const char *s = points_set(p, i, c);
        if (s != NULL)
            set[n++] = s;
    }
    return n;
}

void points_id(const struct points *p, size_t i, char id[SHA256_HEX_SIZE])
{
    struct sink s;
    sink_string(&s);
    sink_text(&s, p->base);
    for (size_t c = 0; c < p->ncolumns; c++) {
        const char *set = points_set(p, i, c);
        if (set != NULL)
            sink_format(&s, "\n%s", set);
    }
    char *text = sink_take(&s);
    sha256_hex(text, strlen(text), id);
    free(text);
}

/* -- names for people -------------------------------------------------------
 */

const char *points_label(const char *set, struct arena *a)
{
    if (set == NULL)
        return "";
    const char *value = strchr(set, '=') + 1;
    if (*value != '"')
        return value;
    struct err e;
    err_init(&e);
    struct json *j = json_parse("value", value, strlen(value), &e);
    const char *text = j != NULL ? json_string(json_root(j)) : NULL;
    if (text != NULL)
        value = arena_strdup(a, text);
    if (j != NULL)
        json_free(j);
    err_clear(&e);
    return value;
}

const char *factor_name(const struct factor *f, struct arena *a)
{
    const char *name = f->keys[0];
    for (size_t k = 1; k < f->nkeys; k++)
        name = arena_printf(a, "%s + %s", name, f->keys[k]);
    return name;
}

const char *factor_label(const struct factor *f, size_t k, struct arena *a)
{
    const char *const *sets = f->sets + k * f->nkeys;
    if (f->nkeys == 1)
        return points_label(sets[0], a);
    const char *label = "";
    for (size_t i = 0; i < f->nkeys; i++)
        if (sets[i] != NULL)
            label =
                arena_printf(a, "%s%s%s=%s", label, *label != '\0' ? ", " : "",
                             f->keys[i], points_label(sets[i], a));
    return *label != '\0' ? label : "(as it is)";
}

/* -- as a document ----------------------------------------------------------
 */

static void put_string(struct sink *s, const char *text)
{
    sink_char(s, '"');
    for (const char *p = text; *p != '\0'; p++) {
        unsigned char c = (unsigned char)*p;
        if (c == '"' || c == '\\')
            sink_char(s, '\\');
        if (c < 0x20 || c == 0x7F)
            sink_format(s, "\\u%04x", c);
        else
            sink_char(s, *p);
    }
    sink_char(s, '"');
}

static void put_list(struct sink *s, const char *const *v, size_t n)
{
    sink_char(s, '[');
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            sink_text(s, ", ");
        if (v[i] != NULL)
            put_string(s, v[i]);
        else
            sink_text(s, "null");
    }
    sink_char(s, ']');
}

char *points_json(const struct points *p)
{
    struct sink s;
    sink_string(&s);
    sink_text(&s, "{\n  \"schema_version\": 1");
    for (size_t i = 0; i < NORIGIN; i++) {
        sink_format(&s, ",\n  \"%s\": ", origin_names[i]);
        put_string(&s, origin_text(p, i));
    }
    sink_format(&s, ",\n  \"points\": %zu,\n  \"factors\": [", p->n);
    for (size_t f = 0; f < p->nfactors; f++) {
        const struct factor *x = &p->factors[f];
        sink_text(&s, f > 0 ? ",\n    { \"keys\": " : "\n    { \"keys\": ");
        put_list(&s, x->keys, x->nkeys);
        sink_text(&s, ",\n      \"choices\": [");
        for (size_t k = 0; k < x->nchoices; k++) {
            sink_text(&s, k > 0 ? ",\n        " : "\n        ");
            put_list(&s, x->sets + k * x->nkeys, x->nkeys);
        }
        sink_text(&s, "\n      ] }");
    }
    sink_text(&s, p->nfactors > 0 ? "\n  ]\n}\n" : "]\n}\n");
    return sink_take(&s);
}

static bool malformed(const char *path, struct err *e)
{
    return err_at(e, ERR_CONTENT, path, 0, 0, NULL,
                  "is not what `mpmsim sweep` wrote; run the sweep again");
}

/* The strings of LIST, which must be N or, if N is 0, any number but 0; with
 * NULLS a null is NULL. */
static const char *const *get_list(const struct json_node *list, size_t *n,
                                   bool nulls, struct arena *a)
{
    if (list == NULL || json_type(list) != JSON_LIST || json_len(list) == 0 ||
        (*n != 0 && json_len(list) != *n))
        return NULL;
    *n = json_len(list);
    const char **v = arena_alloc(a, *n * sizeof *v);
    size_t i = 0;
    for (const struct json_node *m = json_first(list); m != NULL;
         m = json_next(m), i++) {
        if (json_type(m) == JSON_STRING)
            v[i] = arena_strdup(a, json_string(m));
        else if (!nulls || json_type(m) != JSON_NULL)
            return NULL;
    }
    return v;
}

static bool get_factor(struct factor *f, const struct json_node *n,
                       struct arena *a)
{
    if (json_type(n) != JSON_OBJECT)
        return false;
    f->keys = get_list(json_get(n, "keys"), &f->nkeys, false, a);
    const struct json_node *choices = json_get(n, "choices");
    if (f->keys == NULL || choices == NULL || json_type(choices) != JSON_LIST)
        return false;
    f->nchoices = json_len(choices);
    const char **sets =
        arena_alloc(a, (f->nchoices * f->nkeys + 1) * sizeof *sets);
    size_t i = 0;
    for (const struct json_node *m = json_first(choices); m != NULL;
         m = json_next(m), i++) {
        const char *const *one = get_list(m, &f->nkeys, true, a);
        if (one == NULL)
            return false;
        for (size_t k = 0; k < f->nkeys; k++) {
            if (one[k] != NULL && strchr(one[k], '=') == NULL)
                return false;
            sets[i * f->nkeys + k] = one[k];
        }
    }
    f->sets = sets;
    return f->nchoices > 0;
}

static bool read_document(struct points *p, const struct json *j,
                          const char *path, struct arena *a, struct err *e)
{
    const struct json_node *root = json_root(j);
    struct points_origin origin = { 0 };
    if (json_type(root) != JSON_OBJECT)
        return malformed(path, e);
    for (size_t i = 0; i < NORIGIN; i++) {
        const struct json_node *m = json_get(root, origin_names[i]);
        if (m == NULL || json_type(m) != JSON_STRING)
            return malformed(path, e);
        *origin_field(&origin, i) = arena_strdup(a, json_string(m));
    }
    const struct json_node *list = json_get(root, "factors");
    if (list == NULL || json_type(list) != JSON_LIST)
        return malformed(path, e);
    size_t n = json_len(list), i = 0;
    struct factor *f = arena_alloc(a, (n + 1) * sizeof *f);
    for (const struct json_node *m = json_first(list); m != NULL;
         m = json_next(m))
        if (!get_factor(&f[i++], m, a))
            return malformed(path, e);
    return points_init(p, &origin, f, n, a, e);
}

bool points_read(struct points *p, const char *path, struct arena *a,
                 struct err *e)
{
    struct json *j = json_load(path, e);
    if (j == NULL)
        return false;
    bool ok = read_document(p, j, path, a, e);
    json_free(j);
    return ok;
}

const char *points_difference(const struct points *a, const struct points *b)
{
    static const char *const what[NORIGIN] = {
        "the title",
        "the version of mpmsim",
        "the build of mpmsim",
        "the scenario",
        "a file that the scenario names",
        "the options (--set, --mpm, --seed, --replications)",
    };
    for (size_t i = 1; i < NORIGIN; i++)
        if (strcmp(origin_text(a, i), origin_text(b, i)) != 0)
            return what[i];
    char *x = points_json(a), *y = points_json(b);
    bool same = strcmp(x, y) == 0;
    free(x);
    free(y);
    return same ? NULL : "the values that are varied";
}
