/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/overrides.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/settings.h"
#include "workloads/workload.h"

#define MAX_STEPS 24
#define MAX_STEP  128

struct override {
    struct reader *r;
    const char *origin; /* "--set KEY=VALUE", the arena's */
    char step[MAX_STEPS][MAX_STEP];
    int nsteps;
    const char *value;
};

__attribute__((format(printf, 2, 3))) static bool refuse(struct override *o,
                                                         const char *fmt, ...)
{
    char text[600];
    va_list ap;
    struct err e;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    err_init(&e);
    (void)err_at(&e, ERR_USAGE, o->origin, 0, 0, NULL, "%s", text);
    return reader_take(o->r, NULL, &e);
}

const char *element_name(const struct json_node *n)
{
    static const char *const named_by[] = { "name", "mpm", "type" };
    static const char *const shortcut[] = { "trace", "access_log" };

    if (json_type(n) != JSON_OBJECT)
        return NULL;
    for (size_t i = 0; i < 3; i++) {
        const struct json_node *m = json_get(n, named_by[i]);
        if (m != NULL && json_string(m) != NULL)
            return json_string(m);
    }
    for (size_t i = 0; i < 2; i++) {
        if (json_get(n, shortcut[i]) != NULL)
            return shortcut[i];
    }
    return NULL;
}

const char *workload_other_key(const struct param *table, const char *key)
{
    static const char clients[] = "clients", connections[] = "connections";

    if (table == NULL || param_find(table, clients) == NULL ||
        param_find(table, connections) != NULL)
        return NULL;
    return strcmp(key, clients) == 0       ? connections
           : strcmp(key, connections) == 0 ? clients
                                           : NULL;
}

/* KEY as the workload O has it. */
static const char *workload_key(const struct json_node *o, const char *key)
{
    const struct json_node *type = json_get(o, "type");
    const char *name = type != NULL ? json_string(type) : NULL;
    const struct workload *w = name != NULL ? workload_find(name) : NULL;
    const char *other = w != NULL ? workload_other_key(w->params, key) : NULL;

    return other != NULL && json_get(o, other) != NULL ? other : key;
}

/* Cuts KEY at dots and brackets: "servers[0].mpm" is servers, 0, mpm. */
static bool split(struct override *o, const char *key, size_t len)
{
    size_t n = 0;

    o->nsteps = 0;
    for (size_t i = 0; i <= len; i++) {
        bool end = i == len || key[i] == '.' || key[i] == '[';
        if (!end && key[i] == ']')
            continue;
        if (!end) {
            if (n + 1 == MAX_STEP)
                return refuse(o, "a name of more than %d characters",
                              MAX_STEP - 1);
            o->step[o->nsteps][n++] = key[i];
            continue;
        }
        if (n == 0)
            return refuse(o, "takes KEY=VALUE, such as "
                             "--set workload.clients=500");
        o->step[o->nsteps][n] = '\0';
        n = 0;
        if (++o->nsteps == MAX_STEPS && i < len)
            return refuse(o, "more than %d names in one key", MAX_STEPS);
    }
    return true;
}

/* Element STEP of LIST by name or index, as its index; -1 if none. */
static long find_element(const struct json_node *list, const char *step)
{
    long i = 0;
    char *end;
    unsigned long k;

    for (struct json_node *m = json_first(list); m != NULL;
         m = json_next(m), i++) {
        const char *name = element_name(m);
        if (name != NULL && strcmp(name, step) == 0)
            return i;
    }
    k = strtoul(step, &end, 10);
    if (*end == '\0' && step[0] >= '0' && step[0] <= '9' && k < json_len(list))
        return (long)k;
    return -1;
}

static bool no_element(struct override *o, const struct json_node *list,
                       const char *step)
{
    char have[300], path[120];
    const char *names[16];
    const char *near;
    size_t n = 0, used = 0;

    (void)json_path(o->r->json, list, path, sizeof path);
    have[0] = '\0';
    for (struct json_node *m = json_first(list); m != NULL && n < 16;
         m = json_next(m)) {
        const char *name = element_name(m);
        if (name == NULL)
            continue;
        names[n++] = name;
        if (used < sizeof have)
            used += (size_t)snprintf(have + used, sizeof have - used, "%s%s",
                                     n > 1 ? ", " : "", name);
    }
    near = err_nearest(step, names, n);
    if (near != NULL)
        return refuse(o, "%s has no element \"%s\"; did you mean \"%s\"?", path,
                      step, near);
    if (n == 0)
        return refuse(o, "%s has no element \"%s\"; name one by its index",
                      path, step);
    return refuse(o, "%s has no element \"%s\"; there are: %s", path, step,
                  have);
}

/* The key that the directive NAME has or gets in the object DIRECTIVES. */
static const char *directive_key(const struct json_node *directives,
                                 const char *name)
{
    int d = directive_find(name, NULL);

    if (d < 0)
        return name;
    for (struct json_node *m = json_first(directives); m != NULL;
         m = json_next(m)) {
        if (directive_find(json_key(m), NULL) == d)
            return json_key(m);
    }
    return directive_table[d].name;
}

static struct json_node *new_object(struct override *o,
                                    struct json_node *parent, const char *key)
{
    struct json_node *n = json_object();

    json_put(o->r->json, parent, key, n, o->origin);
    return n;
}

static bool put_last(struct override *o, struct json_node *n, bool directives)
{
    const char *step = o->step[o->nsteps - 1];
    char key[MAX_STEP];
    long i;

    if (json_type(n) == JSON_LIST) {
        i = find_element(n, step);
        if (i < 0)
            return no_element(o, n, step);
        json_put_at(o->r->json, n, (size_t)i, json_value(o->value), o->origin);
        return true;
    }
    /* the key may lie in the node that is about to be replaced */
    (void)snprintf(key, sizeof key, "%s",
                   directives ? directive_key(n, step) : workload_key(n, step));
    json_put(o->r->json, n, key, json_value(o->value), o->origin);
    return true;
}

/* From N on, by the steps from FIRST on. */
static bool put_at_path(struct override *o, struct json_node *n, int first)
{
    bool directives = false;
    char shown[64], path[120];

    for (int i = first; i < o->nsteps; i++) {
        const char *step = o->step[i];
        bool last = i == o->nsteps - 1;
        const char *name;
        struct json_node *next;
        long k;

        if (json_type(n) != JSON_OBJECT && json_type(n) != JSON_LIST)
            return refuse(o, "%s is %s and has no \"%s\"",
                          json_path(o->r->json, n, path, sizeof path),
                          json_show(n, shown, sizeof shown), step);
        if (last)
            return put_last(o, n, directives);
        if (json_type(n) == JSON_LIST) {
            k = find_element(n, step);
            if (k < 0)
                return no_element(o, n, step);
            n = json_at(n, (size_t)k);
            continue;
        }
        next = json_get(n, step);
        if (next == NULL) {
            /* a single workload may be named although it is in no list */
            name = i > 0 ? element_name(n) : NULL;
            if (name != NULL && strcmp(name, step) == 0)
                continue;
            next = new_object(o, n, step);
        }
        directives = strcmp(step, "directives") == 0;
        n = next;
    }
    return true;
}

#define MAX_NAMED 64

/* The workloads, servers and backends there are; returns their number. */
static size_t named_elements(const struct json_node *root,
                             struct json_node *found[MAX_NAMED])
{
    static const char *const lists[] = { "workload", "servers", "backends" };
    size_t n = 0;

    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct json_node *list = json_get(root, lists[i]);
        bool is_list = list != NULL && json_type(list) == JSON_LIST;
        struct json_node *m = is_list ? json_first(list) : list;
        for (; m != NULL && n < MAX_NAMED; m = is_list ? json_next(m) : NULL) {
            if (element_name(m) != NULL)
                found[n++] = m;
        }
    }
    return n;
}

/* How many of them are called NAME; *FOUND is the last. */
static size_t find_named(const struct json_node *root, const char *name,
                         struct json_node **found)
{
    struct json_node *all[MAX_NAMED];
    size_t n = named_elements(root, all), called = 0;

    for (size_t i = 0; i < n; i++) {
        if (strcmp(element_name(all[i]), name) == 0) {
            *found = all[i];
            called++;
        }
    }
    return called;
}

static bool put_for_every_server(struct override *o)
{
    struct json_node *servers = json_get(json_root(o->r->json), "servers");

    if (servers == NULL || json_type(servers) != JSON_LIST)
        return refuse(o, "a bare directive needs servers to be set for");
    for (struct json_node *s = json_first(servers); s != NULL;
         s = json_next(s)) {
        struct json_node *d;
        if (json_type(s) != JSON_OBJECT)
            continue;
        d = json_get(s, "directives");
        if (d == NULL)
            d = new_object(o, s, "directives");
        if (json_type(d) == JSON_OBJECT && !put_last(o, d, true))
            return false;
    }
    return true;
}

/* The key of the single workload that a bare KEY is meant for, as a path from
 * the root; NULL if it has none that is called so. */
static const char *workload_path(struct override *o, const char *key)
{
    const struct json_node *w = json_get(json_root(o->r->json), "workload");

    if (o->nsteps > 1 || w == NULL || json_type(w) != JSON_OBJECT ||
        json_get(w, key) == NULL)
        return NULL;
    return arena_printf(o->r->arena, "workload.%s", key);
}

static bool unknown_key(struct override *o, const char *const *top, size_t n)
{
    const char *names[3 * DIR_COUNT + MAX_NAMED];
    struct json_node *named[MAX_NAMED];
    char snake[DIR_COUNT][48];
    const char *near;
    size_t count = 0;
    size_t nnamed = named_elements(json_root(o->r->json), named);

    for (size_t i = 0; i < n && count < DIR_COUNT; i++)
        names[count++] = top[i];
    for (int d = 0; d < DIR_COUNT; d++) {
        names[count++] = directive_table[d].name;
        names[count++] =
            directive_snake((enum directive)d, snake[d], sizeof snake[d]);
    }
    for (size_t i = 0; i < nnamed && o->nsteps > 1; i++)
        names[count++] = element_name(named[i]);
    near = workload_path(o, o->step[0]);
    if (near == NULL)
        near = err_nearest(o->step[0], names, count);
    if (near != NULL)
        return refuse(o,
                      "\"%s\" is neither a key of a scenario nor a "
                      "directive; did you mean \"%s\"?",
                      o->step[0], near);
    return refuse(o,
                  "\"%s\" is neither a key of a scenario nor a directive; "
                  "`mpmsim list` names them",
                  o->step[0]);
}

bool override_apply(struct reader *r, const char *arg, const char *const *top,
                    size_t n, const char **bare)
{
    struct override o = { .r = r };
    const char *eq = strchr(arg, '=');
    struct json_node *named = NULL;
    size_t called;
    char shown[160];

    *bare = NULL;
    o.origin = arena_printf(r->arena, "--set %s",
                            json_clean(arg, shown, sizeof shown));
    if (eq == NULL)
        return refuse(&o, "takes KEY=VALUE, such as "
                          "--set workload.clients=500");
    o.value = eq + 1;
    if (!split(&o, arg, (size_t)(eq - arg)))
        return false;
    if (json_type(json_root(r->json)) != JSON_OBJECT)
        return true; /* an error of the file, found later */
    for (size_t i = 0; i < n; i++) {
        if (strcmp(o.step[0], top[i]) == 0)
            return put_at_path(&o, json_root(r->json), 0);
    }
    called = find_named(json_root(r->json), o.step[0], &named);
    if (o.nsteps > 1 && called == 1)
        return put_at_path(&o, named, 1);
    if (o.nsteps > 1 && called > 1)
        return refuse(&o,
                      "%zu of the workloads, servers and backends are called "
                      "\"%s\"; begin with the list, such as servers.%s or "
                      "workload[0]",
                      called, o.step[0], o.step[0]);
    if (o.nsteps > 1 || directive_find(o.step[0], NULL) < 0)
        return unknown_key(&o, top, n);
    *bare = o.origin;
    return put_for_every_server(&o);
}
