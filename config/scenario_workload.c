/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The workloads of a scenario: their types, keys, mixes and files. */
#include "config/scenario_build.h"

#include <stdio.h>
#include <string.h>

#include "config/httpd_conf.h"
#include "config/json.h"
#include "config/overrides.h"

static const char *const shortcuts[] = { "trace", "access_log" };

static const struct workload *workload_type(struct build *b,
                                            const struct json_node *o,
                                            const struct json_node **file)
{
    const struct json_node *type = json_get(o, "type");
    const struct workload *w, *found = NULL;
    const char *names[64];
    const char *near;
    char shown[80], list[400];
    size_t n = 0, used = 0;

    *file = NULL;
    for (size_t i = 0; i < COUNT(shortcuts); i++) {
        const struct json_node *m = json_get(o, shortcuts[i]);
        if (m == NULL)
            continue;
        if (*file != NULL) {
            (void)reader_fail(&b->r, m, true,
                              "a workload has one source; \"%s\" is given "
                              "too",
                              json_key(*file));
            return NULL;
        }
        *file = m;
        found = workload_find(shortcuts[i]);
    }
    if (type == NULL && found == NULL) {
        (void)reader_missing(&b->r, o, "type", NULL, 0,
                             " (or \"trace\", \"access_log\")");
        return NULL;
    }
    if (type == NULL)
        return found;
    if (!reader_type(&b->r, type, JSON_STRING))
        return NULL;
    w = workload_find(json_string(type));
    if (w != NULL && found != NULL && w != found) {
        (void)reader_fail(&b->r, type, false,
                          "type \"%s\" does not go with \"%s\"", w->name,
                          json_key(*file));
        return NULL;
    }
    if (w != NULL)
        return w;
    list[0] = '\0';
    for (size_t i = 0; workload_table[i] != NULL && n < COUNT(names); i++) {
        names[n++] = workload_table[i]->name;
        if (used < sizeof list)
            used +=
                (size_t)snprintf(list + used, sizeof list - used, "%s%s",
                                 i > 0 ? ", " : "", workload_table[i]->name);
    }
    near = err_nearest(json_string(type), names, n);
    (void)json_show(type, shown, sizeof shown);
    if (near != NULL)
        (void)reader_fail(&b->r, type, false,
                          "%s is no kind of workload; did you mean \"%s\"?",
                          shown, near);
    else
        (void)reader_fail(&b->r, type, false,
                          "%s is no kind of workload; there are: %s", shown,
                          list);
    return NULL;
}

/* "file" and names ending so are files beside the scenario. */
static bool names_a_file(const struct param *p)
{
    size_t n = strlen(p->name);

    return p->type == PARAM_STRING &&
           (strcmp(p->name, "file") == 0 ||
            (n > 5 && strcmp(p->name + n - 5, "_file") == 0));
}

static bool read_workload_param(struct build *b, const struct json_node *m,
                                const struct param *p, void *conf)
{
    const char **text;

    if (!param_read(&b->r, m, p, conf))
        return false;
    if (!names_a_file(p))
        return true;
    text = (const char **)(void *)((char *)conf + p->offset);
    if (**text == '\0')
        return reader_fail(&b->r, m, false, "a file needs a name");
    *text = reader_file(&b->r, *text);
    return true;
}

/* What the classes of a mix divide among them. */
static bool is_divided(const char *key)
{
    static const char *const keys[] = { "rate", "clients" };

    for (size_t i = 0; i < COUNT(keys); i++) {
        if (strcmp(key, keys[i]) == 0)
            return true;
    }
    return false;
}

/* What O says for P. */
static const struct json_node *given(const struct json_node *o,
                                     const struct param *table,
                                     const struct param *p)
{
    const struct json_node *m = json_get(o, p->name);
    const char *other = workload_other_key(table, p->name);
    return m == NULL && other != NULL ? json_get(o, other) : m;
}

#define MAX_KEYS 128

/* The keys of a workload, or of a class of its mix, which says only what
 * differs; returns their number. */
static size_t workload_keys(const struct param *table, bool is_class,
                            const char *names[MAX_KEYS])
{
    static const char *const whole[] = { "name",       "type",    "trace",
                                         "access_log", "backend", "mix" };
    static const char *const class[] = { "name", "weight", "backend" };
    size_t n = 0;

    for (size_t i = 0; i < (is_class ? COUNT(class) : COUNT(whole)); i++)
        names[n++] = is_class ? class[i] : whole[i];
    for (const struct param *p = table;
         p != NULL && p->name != NULL && n < MAX_KEYS; p++) {
        if (!is_class || !is_divided(p->name))
            names[n++] = p->name;
    }
    if (!is_class && n < MAX_KEYS &&
        workload_other_key(table, "clients") != NULL)
        names[n++] = workload_other_key(table, "clients");
    return n;
}

static bool check_workload_keys(struct build *b, const struct json_node *o,
                                const struct param *table, bool is_class)
{
    const char *names[MAX_KEYS];
    size_t n = workload_keys(table, is_class, names);

    return reader_keys(&b->r, o, names, n);
}

/* CLASS, or NULL, overrides what O says. */
static bool read_workload_params(struct build *b, const struct json_node *o,
                                 const struct json_node *class,
                                 const struct json_node *file,
                                 struct workload_conf *w)
{
    const struct param *table = w->type->params;
    const char *names[MAX_KEYS];
    size_t n = workload_keys(table, false, names);
    bool ok = true;

    params_default(&b->r, table, w->conf);
    for (const struct param *p = table; p != NULL && p->name != NULL; p++) {
        const struct json_node *m =
            class != NULL ? json_get(class, p->name) : NULL;
        if (m == NULL || is_divided(p->name))
            m = given(o, table, p);
        if (m == NULL && file != NULL && strcmp(p->name, "file") == 0)
            m = file;
        if (m != NULL)
            ok = read_workload_param(b, m, p, w->conf) && ok;
        else if (p->def == NULL)
            ok = reader_missing(&b->r, o, p->name, names, n, ": %s", p->help);
    }
    return ok;
}

/* `backend` must name one of the `backends`. */
static bool find_backend(struct build *b, const struct json_node *o,
                         struct workload_conf *w)
{
    const struct json_node *m = json_get(o, "backend");
    const struct json_node *list = json_get(json_root(b->r.json), "backends");
    const char *names[MAX_BACKENDS];
    const char *near;
    char shown[80];
    size_t n = 0;

    if (m == NULL)
        return true;
    if (!reader_type(&b->r, m, JSON_STRING))
        return false;
    for (struct json_node *k = list != NULL ? json_first(list) : NULL;
         k != NULL && n < COUNT(names); k = json_next(k)) {
        const char *name = element_name(k);
        names[n++] = name != NULL ? name : "";
        if (name == NULL || strcmp(name, json_string(m)) != 0)
            continue;
        w->backend = (uint8_t)n;
        return true;
    }
    near = err_nearest(json_string(m), names, n);
    (void)json_show(m, shown, sizeof shown);
    if (near != NULL && *near != '\0')
        return reader_fail(&b->r, m, false,
                           "no backend is called %s; did you mean \"%s\"?",
                           shown, near);
    return reader_fail(&b->r, m, false,
                       "no backend is called %s; describe it in \"backends\"",
                       shown);
}

/* The configuration of the first server that has one; *NODE names it. */
static bool first_conf(struct build *b, struct httpd_conf *c,
                       const struct json_node **node)
{
    const struct json_node *list = json_get(json_root(b->r.json), "servers");
    struct httpd_conf_opts o = { .mpm = -1 };
    const struct json_node *m;
    const char *name;
    struct err e;

    *node = NULL;
    if (list == NULL || json_type(list) != JSON_LIST)
        return true;
    for (struct json_node *k = json_first(list); k != NULL; k = json_next(k)) {
        if (json_type(k) != JSON_OBJECT ||
            (m = json_get(k, "httpd_conf")) == NULL)
            continue;
        *node = m;
        if (!read_text(&b->r, m, &name) ||
            ((m = json_get(k, "mpm")) != NULL && !build_mpm(b, m, &o.mpm)) ||
            ((m = json_get(k, "httpd_version")) != NULL &&
             !build_version(b, m, &o.version)))
            return false;
        err_init(&e);
        return httpd_conf_load(reader_file(&b->r, name), &o, b->r.arena, c,
                               &e) ||
               reader_take(&b->r, *node, &e);
    }
    return true;
}

/* log_format "httpd_conf": the LogFormat that the servers' configuration has
 * for this log. */
static bool take_log_format(struct build *b, const struct json_node *o,
                            struct workload_conf *w)
{
    const struct param *p =
        w->type->params ? param_find(w->type->params, "log_format") : NULL;
    const struct param *file = p ? param_find(w->type->params, "file") : NULL;
    const struct json_node *m = json_get(o, "log_format"), *node;
    const char **text, *log, *where;
    struct httpd_conf c;
    struct err e;

    if (file == NULL)
        return true;
    text = (const char **)(void *)((char *)w->conf + p->offset);
    log = *(const char **)(void *)((char *)w->conf + file->offset);
    if (strcmp(*text, "httpd_conf") != 0)
        return true;
    if (!first_conf(b, &c, &node))
        return false;
    if (node == NULL)
        return reader_fail(&b->r, m, false,
                           "no server has an httpd_conf to take the LogFormat "
                           "from");
    err_init(&e);
    if (!httpd_conf_log_format(&c, log, b->r.arena, text, &where, &e))
        return reader_take(&b->r, m, &e);
    build_tell(b, where);
    return true;
}

static bool load_workload(struct build *b, const struct json_node *o,
                          struct workload_conf *w)
{
    struct err e;

    err_init(&e);
    if (w->type->load != NULL &&
        !w->type->load(w->conf, b->r.arena, b->opts->lenient, b->opts->note,
                       b->opts->note_ctx, &w->shared, &e))
        return reader_take(&b->r, o, &e);
    if (w->type->uses_tls != NULL && w->type->uses_tls(w->conf, w->shared) &&
        !b->tls_used) {
        b->tls_used = true;
        b->tls_workload = w->name;
    }
    return true;
}

static bool name_workload(struct build *b, const struct json_node *o,
                          const char *def, const char **name)
{
    const struct scenario *sc = b->sc;
    const char *before[MAX_WORKLOADS] = { NULL };

    for (size_t i = 0; i < sc->nworkloads; i++)
        before[i] = sc->workloads[i].name;
    return build_name(b, o, def, before, sc->nworkloads, name);
}

/* Room for one more workload of TYPE. */
static struct workload_conf *add_workload(struct build *b,
                                          const struct json_node *o,
                                          const struct workload *type)
{
    struct scenario *sc = b->sc;
    struct workload_conf *w = &sc->workloads[sc->nworkloads];

    if (sc->nworkloads == MAX_WORKLOADS) {
        (void)reader_fail(&b->r, o, false, "more than %d workloads",
                          MAX_WORKLOADS);
        return NULL;
    }
    w->type = type;
    w->conf = arena_alloc(sc->arena, type->conf_size + 1);
    return w;
}

/* Its part, from BEFORE to AFTER of SUM, of what the workload O has. Whole
 * clients are given out so that all parts together are what there is. */
static bool divide(struct build *b, const struct json_node *o,
                   const struct workload_conf *w, double before, double after,
                   double sum)
{
    for (const struct param *p = w->type->params; p->name != NULL; p++) {
        void *field = (char *)w->conf + p->offset;
        if (!is_divided(p->name))
            continue;
        if (p->type == PARAM_INT) {
            int64_t all = *(int64_t *)field;
            int64_t n = (int64_t)((double)all * after / sum + 1e-9) -
                        (int64_t)((double)all * before / sum + 1e-9);
            if (n == 0)
                return reader_fail(&b->r, o, false,
                                   "none of the %lld clients is of this "
                                   "class; raise its weight or their number",
                                   (long long)all);
            *(int64_t *)field = n;
        } else {
            *(double *)field *= (after - before) / sum;
        }
    }
    return true;
}

/* Not mmpp: each class would have bursts of its own. */
static bool can_be_mixed(const struct workload *type)
{
    return type->params != NULL &&
           param_find(type->params, "burst_rate") == NULL &&
           (param_find(type->params, "rate") != NULL ||
            param_find(type->params, "clients") != NULL);
}

/* Sums the weights of the classes of a mix. */
static bool read_weights(struct build *b, const struct json_node *list,
                         double *weight, double *sum)
{
    static const char *const keys[] = { "weight" };
    bool ok = true;
    size_t i = 0;

    for (struct json_node *k = json_first(list); k != NULL;
         k = json_next(k), i++) {
        const struct json_node *m;
        if (!reader_type(&b->r, k, JSON_OBJECT))
            return false;
        if ((m = json_get(k, "weight")) == NULL)
            ok = reader_missing(&b->r, k, "weight", keys, COUNT(keys),
                                ": the share of its clients");
        else
            ok = read_real(&b->r, m, 1e-9, 1e9, &weight[i]) && ok;
        *sum += weight[i];
    }
    return ok;
}

static bool read_class(struct build *b, const struct json_node *o,
                       const struct json_node *class, const char *name,
                       struct workload_conf *w)
{
    bool ok;

    for (struct json_node *m = json_first(class); m != NULL; m = json_next(m)) {
        if (is_divided(json_key(m)))
            return reader_fail(&b->r, m, true,
                               "belongs to the whole workload; a class takes "
                               "its share by \"weight\"");
    }
    ok = check_workload_keys(b, class, w->type->params, true);
    ok = read_workload_params(b, o, class, NULL, w) && ok;
    ok = find_backend(b, json_get(class, "backend") != NULL ? class : o, w) &&
         ok;
    return name_workload(b, class, name, &w->name) && ok;
}

/* Each class of a mix is a workload of its own, of the same type, with its
 * share of the clients. */
static bool read_mix(struct build *b, const struct json_node *o,
                     const struct json_node *list, const struct workload *type)
{
    double weight[MAX_WORKLOADS] = { 0 }, sum = 0, before = 0;
    const char *name;
    size_t i = 0;

    if (!can_be_mixed(type))
        return reader_fail(
            &b->r, list, true,
            "a workload of type \"%s\" cannot be mixed by weight; "
            "give several workloads",
            type->name);
    if (!reader_type(&b->r, list, JSON_LIST))
        return false;
    if (json_len(list) == 0 || json_len(list) > MAX_WORKLOADS)
        return reader_fail(&b->r, list, false,
                           "%zu classes in a mix; allowed: 1 to %d",
                           json_len(list), MAX_WORKLOADS);
    if (!name_workload(b, o, type->name, &name) ||
        !read_weights(b, list, weight, &sum))
        return false;
    for (struct json_node *k = json_first(list); k != NULL;
         k = json_next(k), i++) {
        struct workload_conf *w = add_workload(b, k, type);
        if (w == NULL ||
            !read_class(b, o, k,
                        arena_printf(b->r.arena, "%s-%zu", name, i + 1), w) ||
            !divide(b, k, w, before, before + weight[i], sum) ||
            !load_workload(b, k, w))
            return false;
        before += weight[i];
        b->sc->nworkloads++;
    }
    return true;
}

static bool read_workload(struct build *b, const struct json_node *o)
{
    const struct json_node *file, *mix;
    const struct workload *type;
    struct workload_conf *w;
    const char *other;
    bool ok;

    if (!reader_type(&b->r, o, JSON_OBJECT))
        return false;
    type = workload_type(b, o, &file);
    if (type == NULL)
        return false;
    ok = check_workload_keys(b, o, type->params, false);
    other = workload_other_key(type->params, "clients");
    if (other != NULL && json_get(o, "clients") != NULL &&
        json_get(o, other) != NULL)
        ok = reader_fail(&b->r, json_get(o, other), true,
                         "is another name of \"clients\", which is given too");
    if ((mix = json_get(o, "mix")) != NULL)
        return read_mix(b, o, mix, type) && ok;
    w = add_workload(b, o, type);
    if (w == NULL)
        return false;
    ok = read_workload_params(b, o, NULL, file, w) && ok;
    ok = ok && take_log_format(b, o, w);
    ok = find_backend(b, o, w) && ok;
    ok = name_workload(b, o, w->type->name, &w->name) && ok;
    if (ok)
        ok = load_workload(b, o, w);
    b->sc->nworkloads++;
    return ok;
}

void build_workloads(struct build *b)
{
    const struct json_node *root = json_root(b->r.json);
    const struct json_node *w = json_get(root, "workload");

    if (w == NULL) {
        (void)build_missing(b, "workload", ": where the requests come from");
        return;
    }
    b->sc->workloads =
        arena_alloc(b->sc->arena, MAX_WORKLOADS * sizeof *b->sc->workloads);
    if (json_type(w) != JSON_LIST) {
        (void)read_workload(b, w);
        return;
    }
    if (json_len(w) == 0 || json_len(w) > MAX_WORKLOADS) {
        (void)reader_fail(&b->r, w, false, "%zu workloads; allowed: 1 to %d",
                          json_len(w), MAX_WORKLOADS);
        return;
    }
    for (struct json_node *m = json_first(w); m != NULL; m = json_next(m))
        (void)read_workload(b, m);
}
