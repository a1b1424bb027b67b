/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sweep/plan.h"

#include "config/json.h"
#include "outputs/num.h"
#include "outputs/sink.h"
#include "sim/must.h"
#include "sweep/inputs.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MAX_KEYS 64 /* varied or set in one sweep */

struct reading {
    struct plan *plan;
    const struct plan_opts *opts;
    struct json *json; /* of a plan; NULL */
    struct factor factors[MAX_KEYS];
    size_t nfactors;
    const char *set[MAX_KEYS]; /* from the plan, then the command line's */
    size_t nset;
    struct err *e;
};

/* -- values -----------------------------------------------------------------
 */

/* The end of the value at P: the first comma outside quotes and brackets. */
static const char *value_end(const char *p)
{
    int depth = 0;
    bool quoted = false;
    for (; *p != '\0' && (*p != ',' || quoted || depth > 0); p++) {
        if (quoted && *p == '\\' && p[1] != '\0')
            p++;
        else if (*p == '"')
            quoted = !quoted;
        else if (!quoted && (*p == '[' || *p == '{'))
            depth++;
        else if (!quoted && (*p == ']' || *p == '}') && depth > 0)
            depth--;
    }
    return p;
}

size_t plan_values(const char *text, const char *const **values,
                   struct arena *a, struct err *e)
{
    size_t room = 1, n = 0;
    for (const char *p = text; *p != '\0'; p++)
        room += *p == ',';
    const char **v = arena_alloc(a, room * sizeof *v);
    for (const char *p = text;; p++) {
        const char *end = value_end(p);
        if (end == p) {
            err_set(e, ERR_USAGE, "an empty value in \"%s\"", text);
            return 0;
        }
        v[n++] = arena_strndup(a, p, (size_t)(end - p));
        p = end;
        if (*p == '\0')
            break;
    }
    *values = v;
    return n;
}

static void put_json_string(struct sink *s, const char *text)
{
    sink_char(s, '"');
    for (const char *p = text; *p != '\0'; p++) {
        unsigned char c = (unsigned char)*p;
        if (c == '"' || c == '\\')
            sink_char(s, '\\');
        if (c < 0x20)
            sink_format(s, "\\u%04x", c);
        else
            sink_char(s, *p);
    }
    sink_char(s, '"');
}

/* N as JSON text in one line. */
static void put_value(struct sink *s, const struct json_node *n)
{
    char buf[NUM_SIZE];
    const char *separator = "";
    bool object = json_type(n) == JSON_OBJECT;
    switch (json_type(n)) {
    case JSON_NULL:
        sink_text(s, "null");
        return;
    case JSON_BOOL:
        sink_text(s, json_bool(n) ? "true" : "false");
        return;
    case JSON_NUMBER:
        sink_text(s, num_digits(json_number(n), 15, buf));
        return;
    case JSON_STRING:
        put_json_string(s, json_string(n));
        return;
    case JSON_LIST:
    case JSON_OBJECT:
        sink_char(s, object ? '{' : '[');
        for (const struct json_node *m = json_first(n); m != NULL;
             m = json_next(m)) {
            sink_text(s, separator);
            separator = ",";
            if (object) {
                put_json_string(s, json_key(m));
                sink_char(s, ':');
            }
            put_value(s, m);
        }
        sink_char(s, object ? '}' : ']');
        return;
    }
}

/* -- the plan file ----------------------------------------------------------
 */

static bool fail(struct reading *r, const struct json_node *n, bool key,
                 const char *what)
{
    char path[200];
    long line = 0, col = 0;
    json_locate(r->json, n, key, &line, &col);
    return err_at(r->e, ERR_CONTENT, json_name(r->json), line, col,
                  json_path(r->json, n, path, sizeof path), "%s", what);
}

/* "KEY=VALUE" of the member N; NULL on error. */
static const char *member_set(struct reading *r, const char *key,
                              const struct json_node *n)
{
    if (*key == '\0' || strchr(key, '=') != NULL) {
        fail(r, n, true, "is not the key of a scenario");
        return NULL;
    }
    if (json_type(n) == JSON_NULL) {
        fail(r, n, false, "null is no value; leave the key out");
        return NULL;
    }
    struct sink s;
    sink_string(&s);
    sink_format(&s, "%s=", key);
    put_value(&s, n);
    char *text = sink_take(&s);
    const char *copy = arena_strdup(r->plan->arena, text);
    free(text);
    return copy;
}

static struct factor *new_factor(struct reading *r)
{
    if (r->nfactors == MAX_KEYS) {
        err_set(r->e, ERR_USAGE, "more than %d keys are varied", MAX_KEYS);
        return NULL;
    }
    return &r->factors[r->nfactors++];
}

static bool has_twins(const struct factor *f, struct reading *r)
{
    for (size_t i = 0; i < f->nchoices; i++)
        for (size_t k = 0; k < i && f->nkeys == 1; k++)
            if (strcmp(f->sets[i], f->sets[k]) == 0)
                return !err_set(r->e, ERR_USAGE, "%s is given twice",
                                f->sets[i]);
    return false;
}

static bool read_param(struct reading *r, const struct json_node *n)
{
    struct arena *a = r->plan->arena;
    struct factor *f = new_factor(r);
    if (f == NULL)
        return false;
    if (json_type(n) != JSON_LIST || json_len(n) == 0)
        return fail(r, n, false, "needs a list of values: [1, 2, 5]");
    const char **keys = arena_alloc(a, sizeof *keys);
    const char **sets = arena_alloc(a, json_len(n) * sizeof *sets);
    keys[0] = arena_strdup(a, json_key(n));
    for (const struct json_node *m = json_first(n); m != NULL;
         m = json_next(m)) {
        sets[f->nchoices] = member_set(r, keys[0], m);
        if (sets[f->nchoices++] == NULL)
            return false;
    }
    f->keys = keys;
    f->nkeys = 1;
    f->sets = sets;
    return !has_twins(f, r);
}

static bool read_params(struct reading *r, const struct json_node *n)
{
    if (json_type(n) != JSON_OBJECT)
        return fail(r, n, false, "must be an object: { \"KEY\": [1, 2] }");
    for (const struct json_node *m = json_first(n); m != NULL; m = json_next(m))
        if (!read_param(r, m))
            return false;
    return true;
}

static long find_key(const struct factor *f, const char *key)
{
    for (size_t k = 0; k < f->nkeys; k++)
        if (strcmp(f->keys[k], key) == 0)
            return (long)k;
    return -1;
}

/* The list's factor: its keys are all that its elements have, in order of
 * first appearance. */
static bool read_list(struct reading *r, const struct json_node *list)
{
    struct arena *a = r->plan->arena;
    struct factor *f = new_factor(r);
    if (f == NULL)
        return false;
    if (json_type(list) != JSON_LIST || json_len(list) == 0)
        return fail(r, list, false, "must be a list of { \"KEY\": value }");
    const char **keys = arena_alloc(a, MAX_KEYS * sizeof *keys);
    f->keys = keys;
    for (const struct json_node *n = json_first(list); n != NULL;
         n = json_next(n)) {
        if (json_type(n) != JSON_OBJECT)
            return fail(r, n, false, "must be an object: { \"KEY\": value }");
        for (const struct json_node *m = json_first(n); m != NULL;
             m = json_next(m)) {
            if (find_key(f, json_key(m)) >= 0)
                continue;
            if (f->nkeys == MAX_KEYS)
                return fail(r, m, true, "more than 64 keys are varied");
            keys[f->nkeys++] = arena_strdup(a, json_key(m));
        }
    }
    if (f->nkeys == 0)
        return fail(r, list, false, "varies nothing");
    f->nchoices = json_len(list);
    const char **sets = arena_alloc(a, f->nchoices * f->nkeys * sizeof *sets);
    f->sets = sets;
    for (const struct json_node *n = json_first(list); n != NULL;
         n = json_next(n), sets += f->nkeys)
        for (const struct json_node *m = json_first(n); m != NULL;
             m = json_next(m)) {
            long k = find_key(f, json_key(m));
            sets[k] = member_set(r, json_key(m), m);
            if (sets[k] == NULL)
                return false;
        }
    return true;
}

static bool read_set(struct reading *r, const struct json_node *n)
{
    if (json_type(n) != JSON_OBJECT)
        return fail(r, n, false, "must be an object: { \"KEY\": value }");
    for (const struct json_node *m = json_first(n); m != NULL;
         m = json_next(m)) {
        if (r->nset == MAX_KEYS)
            return fail(r, m, true, "more than 64 keys are set");
        r->set[r->nset] = member_set(r, json_key(m), m);
        if (r->set[r->nset++] == NULL)
            return false;
    }
    return true;
}

static bool read_scenario(struct reading *r, const struct json_node *n)
{
    if (json_type(n) != JSON_STRING || *json_string(n) == '\0')
        return fail(r, n, false, "must name a file: \"x.json\"");
    r->plan->scenario =
        inputs_beside(json_name(r->json), json_string(n), r->plan->arena);
    return true;
}

static bool whole(struct reading *r, const struct json_node *n, double least,
                  double *v)
{
    *v = json_number(n);
    if (json_type(n) != JSON_NUMBER || *v < least || *v > 1e9 ||
        *v != (double)(int64_t)*v)
        return fail(r, n, false, "must be a whole number up to 1000000000");
    return true;
}

static bool read_replications(struct reading *r, const struct json_node *n)
{
    double v;
    if (!whole(r, n, 1, &v))
        return false;
    if (!r->plan->common.has_replications) {
        r->plan->common.has_replications = true;
        r->plan->common.replications = (int64_t)v;
    }
    return true;
}

static bool read_seed(struct reading *r, const struct json_node *n)
{
    double v;
    if (!whole(r, n, 0, &v))
        return false;
    if (!r->plan->common.has_seed) {
        r->plan->common.has_seed = true;
        r->plan->common.seed = (uint64_t)v;
    }
    return true;
}

static bool read_title(struct reading *r, const struct json_node *n)
{
    if (json_type(n) != JSON_STRING)
        return fail(r, n, false, "must be text");
    r->plan->points.origin.title = arena_strdup(r->plan->arena, json_string(n));
    return true;
}

/* `list` before `params`: the list changes slowest. */
static const struct {
    const char *key;
    bool (*read)(struct reading *r, const struct json_node *n);
} plan_keys[] = {
    { "title", read_title }, { "scenario", read_scenario },
    { "list", read_list },   { "params", read_params },
    { "set", read_set },     { "replications", read_replications },
    { "seed", read_seed },
};
#define NKEYS (sizeof plan_keys / sizeof plan_keys[0])

static bool read_plan(struct reading *r)
{
    const struct json_node *root = json_root(r->json);
    const char *names[NKEYS];
    for (size_t i = 0; i < NKEYS; i++)
        names[i] = plan_keys[i].key;
    for (const struct json_node *m = json_first(root); m != NULL;
         m = json_next(m)) {
        const char *key = json_key(m);
        size_t i = 0;
        while (i < NKEYS && strcmp(key, names[i]) != 0)
            i++;
        if (i < NKEYS || strcmp(key, "about") == 0 ||
            strcmp(key, "$schema") == 0)
            continue;
        const char *near = err_nearest(key, names, NKEYS);
        return fail(r, m, true,
                    near != NULL
                        ? arena_printf(r->plan->arena,
                                       "unknown key of a plan; did you mean "
                                       "\"%s\"?",
                                       near)
                        : "unknown key of a plan; there are: title, scenario, "
                          "list, params, set, replications, seed");
    }
    for (size_t i = 0; i < NKEYS; i++) {
        const struct json_node *n = json_get(root, names[i]);
        if (n != NULL && !plan_keys[i].read(r, n))
            return false;
    }
    return true;
}

/* -- the command line -------------------------------------------------------
 */

/* --param KEY=v1,v2,…: in the place of the plan's values of KEY, if any. */
static bool add_param(struct reading *r, const char *param)
{
    struct arena *a = r->plan->arena;
    const char *eq = strchr(param, '=');
    if (eq == NULL || eq == param || eq[1] == '\0')
        return err_set(r->e, ERR_USAGE,
                       "--param takes KEY=VALUE,VALUE,… such as "
                       "keep_alive_timeout=1s,5s,15s, not \"%s\"",
                       param);
    const char **keys = arena_alloc(a, sizeof *keys);
    keys[0] = arena_strndup(a, param, (size_t)(eq - param));
    struct factor *f = NULL;
    for (size_t i = 0; i < r->nfactors && f == NULL; i++)
        if (r->factors[i].nkeys == 1 &&
            strcmp(r->factors[i].keys[0], keys[0]) == 0)
            f = &r->factors[i];
    if (f == NULL)
        f = new_factor(r);
    if (f == NULL)
        return false;
    const char *const *values;
    size_t n = plan_values(eq + 1, &values, a, r->e);
    if (n == 0)
        return false;
    const char **sets = arena_alloc(a, n * sizeof *sets);
    for (size_t i = 0; i < n; i++)
        sets[i] = arena_printf(a, "%s=%s", keys[0], values[i]);
    *f = (struct factor){
        .keys = keys, .nkeys = 1, .sets = sets, .nchoices = n
    };
    return !has_twins(f, r);
}

static bool add_options(struct reading *r)
{
    const struct scenario_opts *so = &r->opts->scenario;
    for (size_t i = 0; i < so->nset; i++) {
        if (r->nset == MAX_KEYS)
            return err_set(r->e, ERR_USAGE, "more than %d keys are set",
                           MAX_KEYS);
        r->set[r->nset++] = so->set[i];
    }
    const char **set = arena_alloc(r->plan->arena, (r->nset + 1) * sizeof *set);
    memcpy(set, r->set, r->nset * sizeof *set);
    r->plan->common.set = set;
    r->plan->common.nset = r->nset;
    for (size_t i = 0; i < r->opts->nparams; i++)
        if (!add_param(r, r->opts->params[i]))
            return false;
    return true;
}

/* -- origin -----------------------------------------------------------------
 */

/* What the scenario says itself is in its digest. */
static const char *options_text(struct reading *r)
{
    const struct scenario_opts *o = &r->plan->common;
    struct sink s;
    sink_string(&s);
    if (o->has_seed)
        sink_format(&s, " seed=%" PRIu64, o->seed);
    if (o->has_replications)
        sink_format(&s, " replications=%" PRId64, o->replications);
    if (o->lenient)
        sink_text(&s, " lenient");
    for (size_t i = 0; i < o->nmpm; i++)
        sink_format(&s, " mpm=%s", o->mpm[i]);
    for (size_t i = 0; i < o->nset; i++)
        sink_format(&s, " set %s", o->set[i]);
    char *text = sink_take(&s);
    const char *copy = arena_strdup(r->plan->arena, text);
    free(text);
    return copy;
}

static bool hash_inputs(struct reading *r, const char **digest)
{
    struct plan *p = r->plan;
    struct inputs *in = inputs_new(p->scenario, r->e);
    if (in == NULL)
        return false;
    for (size_t i = 0; i < p->common.nset; i++)
        inputs_add(in, p->common.set[i]);
    for (size_t f = 0; f < r->nfactors; f++)
        for (size_t k = 0; k < r->factors[f].nchoices * r->factors[f].nkeys;
             k++)
            if (r->factors[f].sets[k] != NULL)
                inputs_add(in, r->factors[f].sets[k]);
    *digest = inputs_digest(in, p->arena);
    inputs_free(in);
    return true;
}

/* Tries every choice of every factor once, with the first of all others. */
static bool try_choices(struct reading *r, struct scenario **first)
{
    struct plan *p = r->plan;
    size_t stride = p->points.n;
    struct scenario_opts quiet = p->common;
    p->common.note = r->opts->scenario.note;
    p->common.note_ctx = r->opts->scenario.note_ctx;
    *first = plan_point(p, 0, r->e);
    p->common = quiet;
    if (*first == NULL)
        return false;
    for (size_t f = 0; f < r->nfactors; f++) {
        stride /= r->factors[f].nchoices;
        for (size_t k = 1; k < r->factors[f].nchoices; k++) {
            struct scenario *sc = plan_point(p, k * stride, r->e);
            if (sc == NULL)
                return false;
            scenario_free(sc);
        }
    }
    return true;
}

static bool finish(struct reading *r)
{
    struct plan *p = r->plan;
    struct points_origin origin = { .title = p->points.origin.title,
                                    .version = r->opts->version,
                                    .program = "",
                                    .scenario = "",
                                    .inputs = "",
                                    .options = "" };
    struct factor *f = arena_alloc(p->arena, (r->nfactors + 1) * sizeof *f);
    memcpy(f, r->factors, r->nfactors * sizeof *f);
    if (!points_init(&p->points, &origin, f, r->nfactors, p->arena, r->e))
        return false;
    struct scenario *sc;
    if (!try_choices(r, &sc)) {
        if (sc != NULL)
            scenario_free(sc);
        return false;
    }
    if (origin.title == NULL)
        origin.title =
            arena_strdup(p->arena, sc->title != NULL ? sc->title : "");
    origin.program = inputs_program(p->arena);
    origin.scenario = arena_strdup(p->arena, sc->sha256);
    origin.options = options_text(r);
    p->runs = sc->nservers * (size_t)sc->replications;
    scenario_free(sc);
    if (!hash_inputs(r, &origin.inputs) ||
        !points_init(&p->points, &origin, f, r->nfactors, p->arena, r->e))
        return false;
    /* what cannot be read again is refused now: values that are not UTF-8 */
    char *text = points_json(&p->points);
    struct json *again =
        json_parse("the values of the sweep", text, strlen(text), r->e);
    free(text);
    if (again != NULL)
        json_free(again);
    return again != NULL;
}

static bool load(struct reading *r, const char *path)
{
    struct json *j = json_load(path, r->e);
    if (j == NULL)
        return false;
    bool ok = true;
    const struct json_node *root = json_root(j);
    r->plan->scenario = arena_strdup(r->plan->arena, path);
    r->json = j;
    if (json_type(root) == JSON_OBJECT && json_get(root, "scenario") != NULL)
        ok = read_plan(r);
    ok = ok && add_options(r) && finish(r);
    json_free(j);
    return ok;
}

struct plan *plan_load(const char *path, const struct plan_opts *opts,
                       struct err *e)
{
    struct arena *a = arena_new();
    struct plan *p = arena_alloc(a, sizeof *p);
    p->arena = a;
    p->common = opts->scenario;
    p->common.note = NULL; /* said once, not for every point */
    struct reading *r = must_zalloc(1, sizeof *r);
    r->plan = p;
    r->opts = opts;
    r->e = e;
    bool ok = load(r, path);
    free(r);
    if (ok)
        return p;
    arena_free(a);
    return NULL;
}

void plan_free(struct plan *p)
{
    arena_free(p->arena);
}

struct scenario *plan_point(const struct plan *p, size_t i, struct err *e)
{
    struct scenario_opts o = p->common;
    const char **set =
        must_alloc((o.nset + p->points.ncolumns + 1) * sizeof *set);
    memcpy(set, p->common.set, o.nset * sizeof *set);
    o.nset += points_sets(&p->points, i, set + o.nset);
    o.set = set;
    struct scenario *sc = scenario_load(p->scenario, &o, e);
    free(set);
    return sc;
}
