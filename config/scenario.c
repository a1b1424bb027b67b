/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From JSON to a checked struct scenario. Each read_…() function reads one
 * object, adds an error for everything wrong in it and goes on, so that one
 * pass finds all errors; scenario_load() reports the first by place,
 * scenario_check() up to twenty. What needs a sound base (loading traces,
 * resolving settings) is done only where its own part had no error. */
#include "config/scenario.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/fpm_conf.h"
#include "config/httpd_conf.h"
#include "config/json.h"
#include "config/overrides.h"
#include "config/reader.h"
#include "config/scenario_build.h"
#include "sim/must.h"

static_assert(SCENARIO_MAX_ERRORS == READER_MAX_ERRORS,
              "the reader keeps what the check reports");

#define MAX_EXPECT 1000
#define MAX_HANGS  1000

static const char *const top_keys[] = {
    "$schema",  "title",   "about",        "expect",   "duration",
    "warm_up",  "seed",    "replications", "machine",  "network",
    "workload", "servers", "actions",      "backends", "outputs",
};

static const char *const mpm_names[] = { "prefork", "worker", "event", NULL };

void build_warn(struct build *b, const char *file, long line, long col,
                const char *text)
{
    if (b->nwarnings == b->room) {
        b->room = b->room == 0 ? 16 : 2 * b->room;
        b->warnings = must_realloc(b->warnings, b->room, sizeof *b->warnings);
    }
    b->warnings[b->nwarnings++] = (struct warning){ file, line, col, text };
}

void build_tell(const struct build *b, const char *text)
{
    if (b->opts->note != NULL)
        b->opts->note(b->opts->note_ctx, text);
}

/* "FILE:LINE:COL: " or "". */
static const char *place_of(struct arena *a, const char *file, long line,
                            long col)
{
    if (file == NULL)
        return "";
    if (line == 0)
        return arena_printf(a, "%s: ", file);
    if (col == 0)
        return arena_printf(a, "%s:%ld: ", file, line);
    return arena_printf(a, "%s:%ld:%ld: ", file, line, col);
}

const char *build_note_text(const struct settings_note *note, const char *name,
                            struct arena *a)
{
    bool code = note->code[0] != '\0';

    return arena_printf(a, "%s: %s [%s]%s%s%s", name, note->text, note->rule,
                        code ? " (" : "", note->code, code ? ")" : "");
}

const char *settings_note_line(const struct settings_note *note,
                               const char *name, struct arena *a)
{
    return arena_printf(a, "%swarning: %s",
                        place_of(a, note->file, note->line, note->col),
                        build_note_text(note, name, a));
}

bool build_wanted(const struct scenario_opts *o, enum mpm_kind mpm)
{
    for (size_t i = 0; i < o->nmpm; i++) {
        if (strcmp(o->mpm[i], mpm_names[mpm]) == 0)
            return true;
    }
    return o->nmpm == 0;
}

bool build_missing(struct build *b, const char *key, const char *what)
{
    return reader_missing(&b->r, json_root(b->r.json), key, top_keys,
                          COUNT(top_keys), "%s", what);
}

/* ---- names ---- */

/* A name becomes a folder and the head of a metric's path. */
static bool check_name(struct build *b, const struct json_node *n,
                       const char *name)
{
    size_t len = strlen(name);
    char shown[80];

    for (size_t i = 0; i < len; i++) {
        char c = name[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
            !(c >= '0' && c <= '9') && c != '_' && (c != '-' || i == 0))
            len = 0;
    }
    if (len >= 1 && len <= 60 && strcmp(name, "plots") != 0)
        return true;
    (void)json_clean(name, shown, sizeof shown);
    if (strcmp(name, "plots") == 0)
        return reader_fail(&b->r, n, false,
                           "the name \"plots\" is taken by the folder of the "
                           "pictures");
    return reader_fail(&b->r, n, false,
                       "the name \"%s\" cannot be used; take up to 60 letters, "
                       "digits, _ and -",
                       shown);
}

bool build_name(struct build *b, const struct json_node *object,
                const char *def, const char *const *before, size_t n,
                const char **out)
{
    const struct json_node *m = json_get(object, "name");
    const char *name = def;

    if (m != NULL && !read_text(&b->r, m, &name))
        return false;
    if (m == NULL && name == NULL)
        return reader_missing(&b->r, object, "name", NULL, 0, "%s", "");
    if (m != NULL && !check_name(b, m, name))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (before[i] == NULL || strcmp(before[i], name) != 0)
            continue;
        if (m == NULL)
            return reader_fail(&b->r, object, false,
                               "a second \"%s\"; give each a \"name\" of its "
                               "own",
                               name);
        return reader_fail(&b->r, m, false, "the name \"%s\" is taken", name);
    }
    *out = name;
    return true;
}

/* ---- machine, network ---- */

static bool read_params(struct build *b, const char *key,
                        const struct param *table, void *base)
{
    const struct json_node *o = json_get(json_root(b->r.json), key);
    const char *names[128];
    size_t n = 0;
    bool ok = true;

    params_default(&b->r, table, base);
    if (o == NULL)
        return true;
    if (!reader_type(&b->r, o, JSON_OBJECT))
        return false;
    for (const struct param *p = table; p->name != NULL && n < COUNT(names);
         p++)
        names[n++] = p->name;
    ok = reader_keys(&b->r, o, names, n);
    for (struct json_node *m = json_first(o); m != NULL; m = json_next(m)) {
        const struct param *p = param_find(table, json_key(m));
        if (p != NULL)
            ok = param_read(&b->r, m, p, base) && ok;
    }
    return ok;
}

/* ---- servers ---- */

/* The text directives_set() reads for the value N of directive D. */
static const char *directive_text(struct build *b, const struct json_node *n,
                                  enum directive d)
{
    enum directive_type type = directive_table[d].type;
    char shown[80];
    bool number = type == DIRT_INT || type == DIRT_REAL;

    if (json_type(n) == JSON_STRING && !number)
        return json_string(n);
    if (json_type(n) == JSON_NUMBER && type != DIRT_ONOFF &&
        (type != DIRT_TEXT || d == DIR_Listen))
        return arena_printf(b->r.arena, "%.15g", json_number(n));
    if (json_type(n) == JSON_BOOL && type == DIRT_ONOFF)
        return json_bool(n) ? "On" : "Off";
    (void)json_show(n, shown, sizeof shown);
    switch (type) {
    case DIRT_INT:
    case DIRT_REAL:
        (void)reader_fail(
            &b->r, n, false, "expected a number, found %s%s", shown,
            json_type(n) == JSON_STRING ? "; write it without quotes" : "");
        break;
    case DIRT_SECONDS:
        (void)reader_fail(&b->r, n, false,
                          "expected a time such as \"5s\", found %s", shown);
        break;
    case DIRT_SIZE:
        (void)reader_fail(&b->r, n, false,
                          "expected a size such as \"64KiB\", found %s", shown);
        break;
    case DIRT_ONOFF:
        (void)reader_fail(&b->r, n, false,
                          "expected \"On\" or \"Off\", found %s", shown);
        break;
    case DIRT_TEXT:
        (void)reader_fail(&b->r, n, false,
                          "expected a string as in httpd.conf, found %s",
                          shown);
        break;
    }
    return NULL;
}

static bool set_directive(struct build *b, const struct json_node *n,
                          enum directive d, bool old, struct directives *out)
{
    const char *text = directive_text(b, n, d);
    const char *origin = json_origin(b->r.json, n);
    struct err e;
    long line, col;

    if (text == NULL)
        return false;
    (void)json_locate(b->r.json, n, false, &line, &col);
    err_init(&e);
    if (directives_set(out, d, text, false, old,
                       origin != NULL ? origin : json_name(b->r.json), line,
                       col, b->r.arena, &e))
        return true;
    return reader_take(&b->r, n, &e);
}

bool build_unknown_directive(struct build *b, const struct json_node *m)
{
    const char *names[2 * DIR_COUNT];
    char snake[DIR_COUNT][48];
    const char *near;
    bool has_underscore = strchr(json_key(m), '_') != NULL;
    size_t n = 0;

    for (int d = 0; d < DIR_COUNT; d++) {
        names[n++] = has_underscore ? directive_snake((enum directive)d,
                                                      snake[d], sizeof snake[d])
                                    : directive_table[d].name;
    }
    near = err_nearest(json_key(m), names, n);
    if (near != NULL)
        return reader_fail(&b->r, m, true,
                           "unknown directive; did you mean \"%s\"?", near);
    return reader_fail(&b->r, m, true,
                       "unknown directive; `mpmsim list` names those there "
                       "are");
}

/* Whether a directive that MPM lacks may be passed over: it came from a bare
 * --set, which is meant for the servers that have it. */
static bool passed_over(struct build *b, const struct json_node *m,
                        enum directive d, enum mpm_kind mpm)
{
    const char *origin = json_origin(b->r.json, m);
    bool has = (directive_table[d].mpms & 1u << mpm) != 0;

    for (size_t i = 0; i < b->nbare; i++) {
        if (b->bare[i].origin == origin) {
            b->bare[i].reached = b->bare[i].reached || has;
            return !has;
        }
    }
    return false;
}

bool build_directive(struct build *b, const struct json_node *m,
                     enum mpm_kind mpm, const struct json_node **seen,
                     struct directives *out)
{
    bool old = false, ok = true;
    int found = directive_find(json_key(m), &old);
    enum directive d = (enum directive)found;

    if (found < 0)
        return build_unknown_directive(b, m);
    if (passed_over(b, m, d, mpm))
        return true;
    if (seen[d] != NULL)
        return reader_fail(&b->r, m, true, "the same directive as \"%s\"",
                           json_key(seen[d]));
    seen[d] = m;
    if ((directive_table[d].mpms & 1u << mpm) == 0)
        return reader_fail(&b->r, m, true,
                           "%s does not exist in mpm_%s; httpd would not start",
                           directive_table[d].name, mpm_names[mpm]);
    if (d == DIR_Listen)
        out->nlisten = 0; /* takes the place of httpd_conf's */
    if (json_type(m) != JSON_LIST)
        return set_directive(b, m, d, old, out);
    if (d != DIR_Listen && d != DIR_AcceptFilter)
        return set_directive(b, m, d, old, out); /* says what is expected */
    for (struct json_node *k = json_first(m); k != NULL; k = json_next(k))
        ok = set_directive(b, k, d, old, out) && ok;
    return ok;
}

static bool read_directives(struct build *b, const struct json_node *o,
                            enum mpm_kind mpm, struct directives *out)
{
    const struct json_node *seen[DIR_COUNT] = { NULL };
    bool ok = true;

    if (!reader_type(&b->r, o, JSON_OBJECT))
        return false;
    for (struct json_node *m = json_first(o); m != NULL; m = json_next(m))
        ok = build_directive(b, m, mpm, seen, out) && ok;
    return ok;
}

bool build_version(struct build *b, const struct json_node *n, int *out)
{
    int part[3] = { 0, 0, 0 };
    int end = 0;
    char shown[80];
    const char *s;

    if (!reader_type(&b->r, n, JSON_STRING))
        return false;
    s = json_string(n);
    if (s[0] >= '0' && s[0] <= '9' &&
        sscanf(s, "%1d.%2d.%2d%n", &part[0], &part[1], &part[2], &end) == 3 &&
        end > 0 && s[end] == '\0' && part[0] == 2 && part[1] >= 2 &&
        part[1] <= 4 && part[2] >= 0) {
        *out = HTTPD_VERSION(part[0], part[1], part[2]);
        return true;
    }
    return reader_fail(&b->r, n, false,
                       "expected a version of httpd from 2.2.0 to 2.4.99 such "
                       "as \"2.4.63\", found %s",
                       json_show(n, shown, sizeof shown));
}

/* What an httpd_conf said: -v lists all of it. */
static void report_conf(struct build *b, const struct httpd_conf *c)
{
    for (size_t i = 0; i < c->nuse; i++) {
        const struct httpd_conf_use *u = &c->use[i];
        const char *name = directive_table[u->directive].name;
        if (b->opts->verbose)
            build_tell(b, arena_printf(b->r.arena, "%s:%ld: %s %s%s%s%s",
                                       u->file, u->line, name, u->value,
                                       u->skipped != NULL ? " (not used: " : "",
                                       u->skipped != NULL ? u->skipped : "",
                                       u->skipped != NULL ? ")" : ""));
    }
    for (size_t i = 0; i < c->nwarn; i++)
        build_warn(b, c->warn[i].file, c->warn[i].line, 0, c->warn[i].text);
}

static bool read_conf(struct build *b, const struct json_node *n, int mpm,
                      struct scenario_server *s, int *loaded)
{
    struct httpd_conf_opts o = { .mpm = mpm, .version = s->version };
    struct httpd_conf c;
    const char *name;
    struct err e;

    if (!read_text(&b->r, n, &name))
        return false;
    err_init(&e);
    if (!httpd_conf_load(reader_file(&b->r, name), &o, b->r.arena, &c, &e))
        return reader_take(&b->r, n, &e);
    s->directives = c.directives;
    *loaded = c.mpm;
    report_conf(b, &c);
    return true;
}

static bool resolve(struct build *b, const struct json_node *o,
                    struct scenario_server *s)
{
    struct err e;
    bool tls = false;

    err_init(&e);
    if (!settings_resolve(&s->directives, s->mpm, s->version,
                          (int)b->sc->machine.cpus, b->tls_used, b->r.arena,
                          &s->settings, &s->notes, &e)) {
        if (e.file != NULL && strncmp(e.file, "--", 2) == 0)
            e.kind = ERR_USAGE;
        return reader_take(&b->r, o, &e);
    }
    for (int i = 0; i < s->settings.nlisten; i++)
        tls = tls || s->settings.listen[i].tls;
    if (b->tls_used && !tls)
        return reader_fail(&b->r, o, false,
                           "workload \"%s\" uses HTTPS, but this server has "
                           "no TLS listener; add \"443 https\" to Listen, or "
                           "SSLEngine on for a <VirtualHost>",
                           b->tls_workload);
    return true;
}

static const char *const server_keys[] = {
    "name",  "mpm",           "directives", "httpd_conf",
    "start", "httpd_version", "clogging",   "php",
};

/* The keys of server O; a directive among them is sent to its place. */
static bool check_server_keys(struct build *b, const struct json_node *o)
{
    const char *known[COUNT(server_keys) + DIR_COUNT];
    size_t n = COUNT(server_keys);
    bool ok = true;

    memcpy(known, server_keys, sizeof server_keys);
    for (const struct json_node *m = json_first(o); m != NULL;
         m = json_next(m)) {
        int d = directive_find(json_key(m), NULL);
        if (d < 0 || n == COUNT(known))
            continue;
        ok = reader_fail(&b->r, m, true,
                         "a directive of httpd has its place in "
                         "\"directives\": directives.%s",
                         directive_table[d].name);
        known[n++] = json_key(m);
    }
    return reader_keys(&b->r, o, known, n) && ok;
}

bool build_mpm(struct build *b, const struct json_node *n, int *out)
{
    return read_choice(&b->r, n, mpm_names, out);
}

/* The MPM of server O: its "mpm", else what its httpd_conf loads. Reads the
 * conf on the way. */
static bool read_mpm(struct build *b, const struct json_node *o,
                     struct scenario_server *s)
{
    const struct json_node *m = json_get(o, "mpm");
    const struct json_node *conf = json_get(o, "httpd_conf");
    int asked = -1, loaded = -1;

    if (m != NULL && !build_mpm(b, m, &asked))
        return false;
    s->directives.reqtimeout_loaded = conf == NULL;
    if (conf != NULL && !read_conf(b, conf, asked, s, &loaded))
        return false;
    if (asked < 0)
        asked = loaded;
    if (asked < 0 && conf != NULL)
        return reader_fail(&b->r, conf, false,
                           "this configuration loads no MPM; add \"mpm\": "
                           "\"prefork\", \"worker\" or \"event\" to the "
                           "server");
    if (asked < 0)
        return reader_missing(&b->r, o, "mpm", server_keys, COUNT(server_keys),
                              ": \"prefork\", \"worker\" or \"event\"");
    s->mpm = (enum mpm_kind)asked;
    return true;
}

static bool read_server(struct build *b, const struct json_node *o,
                        struct scenario_server *s, size_t n)
{
    const char *before[MAX_SERVERS] = { NULL };
    const struct json_node *m;
    bool ok;

    s->version = HTTPD_BASELINE;
    if (!reader_type(&b->r, o, JSON_OBJECT))
        return false;
    ok = check_server_keys(b, o);
    if ((m = json_get(o, "httpd_version")) != NULL)
        ok = build_version(b, m, &s->version) && ok;
    if ((m = json_get(o, "start")) != NULL)
        ok = read_time(&b->r, m, -LONGEST, LONGEST, &s->start) && ok;
    if ((m = json_get(o, "clogging")) != NULL)
        ok = read_real(&b->r, m, 0, 1, &s->clogging) && ok;
    if ((m = json_get(o, "php")) != NULL)
        ok = read_bool(&b->r, m, &s->php) && ok;
    if (!read_mpm(b, o, s)) {
        if ((m = json_get(o, "name")) != NULL)
            (void)read_text(&b->r, m, &s->name);
        return false;
    }
    for (size_t i = 0; i < n; i++)
        before[i] = b->sc->servers[i].name;
    ok = build_name(b, o, mpm_names[s->mpm], before, n, &s->name) && ok;
    if ((m = json_get(o, "directives")) != NULL)
        ok = read_directives(b, m, s->mpm, &s->directives) && ok;
    return ok && resolve(b, o, s);
}

static void check_bare(struct build *b)
{
    for (size_t i = 0; i < b->nbare; i++) {
        struct err e;
        if (b->bare[i].reached)
            continue;
        err_init(&e);
        (void)err_at(&e, ERR_USAGE, b->bare[i].origin, 0, 0, NULL,
                     "no server of this scenario has that directive");
        (void)reader_take(&b->r, NULL, &e);
    }
}

static void read_servers(struct build *b)
{
    const struct json_node *root = json_root(b->r.json);
    const struct json_node *list = json_get(root, "servers");
    struct scenario *sc = b->sc;
    size_t i = 0;
    bool ok = true;

    if (list == NULL) {
        (void)build_missing(b, "servers", ": the servers to compare");
        return;
    }
    if (!reader_type(&b->r, list, JSON_LIST))
        return;
    if (json_len(list) == 0 || json_len(list) > MAX_SERVERS) {
        (void)reader_fail(&b->r, list, false, "%zu servers; allowed: 1 to %d",
                          json_len(list), MAX_SERVERS);
        return;
    }
    sc->nservers = json_len(list);
    sc->servers = arena_alloc(sc->arena, sc->nservers * sizeof *sc->servers);
    for (struct json_node *m = json_first(list); m != NULL;
         m = json_next(m), i++)
        ok = read_server(b, m, &sc->servers[i], i) && ok;
    if (ok)
        check_bare(b);
}

/* ---- backends ---- */

/* One of the pairs of `hang`, put in its place by time. */
static bool read_hang(struct build *b, const struct json_node *m,
                      struct backend_hang *list, size_t n)
{
    struct backend_hang h = { 0, 0 };

    if (!reader_type(&b->r, m, JSON_LIST))
        return false;
    if (json_len(m) != 2)
        return reader_fail(&b->r, m, false,
                           "expected a pair of times, [\"12s\", \"20s\"]");
    if (!read_time(&b->r, json_at(m, 0), 0, LONGEST, &h.from) ||
        !read_time(&b->r, json_at(m, 1), 0, LONGEST, &h.to))
        return false;
    if (h.to <= h.from)
        return reader_fail(&b->r, m, false, "ends before it begins");
    for (size_t i = 0; i < n; i++) {
        if (h.from < list[i].to && list[i].from < h.to)
            return reader_fail(&b->r, m, false,
                               "overlaps another of these times; write both "
                               "as one");
    }
    for (; n > 0 && h.from < list[n - 1].from; n--)
        list[n] = list[n - 1];
    list[n] = h;
    return true;
}

static bool read_hangs(struct build *b, const struct json_node *list,
                       struct backend_conf *c)
{
    struct backend_hang *hang;
    bool ok = true;

    if (!reader_type(&b->r, list, JSON_LIST))
        return false;
    if (json_len(list) > MAX_HANGS)
        return reader_fail(&b->r, list, false, "more than %d hangs", MAX_HANGS);
    hang = arena_alloc(b->r.arena, (json_len(list) + 1) * sizeof *hang);
    for (struct json_node *m = json_first(list); m != NULL; m = json_next(m)) {
        if (read_hang(b, m, hang, c->nhang))
            c->nhang++;
        else
            ok = false;
    }
    c->hang = hang;
    return ok;
}

static void note_pool(void *ctx, const char *file, long line, const char *text)
{
    struct build *b = ctx;

    build_warn(b, arena_strdup(b->r.arena, file), line, 0,
               arena_strdup(b->r.arena, text));
}

static bool read_pool(struct build *b, const struct json_node *o,
                      struct backend_conf *c)
{
    const struct json_node *m = json_get(o, "pool_conf");
    const struct json_node *pool = json_get(o, "pool");
    struct fpm_report report = { note_pool, b };
    const char *file, *name = NULL;
    struct err e;

    if (m == NULL)
        return reader_missing(&b->r, o, "pool_conf", NULL, 0, "%s", "");
    if (!read_text(&b->r, m, &file) ||
        (pool != NULL && !read_text(&b->r, pool, &name)))
        return false;
    err_init(&e);
    if (fpm_conf_load(reader_file(&b->r, file), name, c->name, &report,
                      b->r.arena, &c->fpm, &e))
        return true;
    return reader_take(&b->r, m, &e);
}

static bool read_proxy(struct build *b, const struct json_node *o,
                       struct backend_conf *c)
{
    const struct json_node *m = json_get(o, "concurrency");
    bool ok;

    if (m != NULL)
        ok = read_count(&b->r, m, 1, 1000000, &c->concurrency);
    else
        ok = reader_missing(&b->r, o, "concurrency", NULL, 0,
                            ": how many requests it serves at once");
    if ((m = json_get(o, "hang")) != NULL)
        ok = read_hangs(b, m, c) && ok;
    return ok;
}

static bool read_backend(struct build *b, const struct json_node *o,
                         struct backend_conf *c, size_t n)
{
    static const char *const types[] = { "proxy", "php_fpm", NULL };
    static const char *const keys[2][4] = {
        { "name", "type", "concurrency", "hang" },
        { "name", "type", "pool_conf", "pool" },
    };
    const char *before[MAX_BACKENDS] = { NULL };
    const struct json_node *m;
    int type;
    bool ok;

    if (!reader_type(&b->r, o, JSON_OBJECT))
        return false;
    if ((m = json_get(o, "type")) == NULL)
        return reader_missing(&b->r, o, "type", NULL, 0,
                              ": \"proxy\" or \"php_fpm\"");
    if (!read_choice(&b->r, m, types, &type))
        return false;
    c->type = (enum backend_type)type;
    ok = reader_keys(&b->r, o, keys[type], COUNT(keys[type]));
    for (size_t i = 0; i < n; i++)
        before[i] = b->sc->backends[i].name;
    ok = build_name(b, o, NULL, before, n, &c->name) && ok;
    if (c->type == BACKEND_PROXY)
        return read_proxy(b, o, c) && ok;
    return read_pool(b, o, c) && ok;
}

static void read_backends(struct build *b)
{
    const struct json_node *list = json_get(json_root(b->r.json), "backends");
    struct scenario *sc = b->sc;

    if (list == NULL || !reader_type(&b->r, list, JSON_LIST))
        return;
    if (json_len(list) > MAX_BACKENDS) {
        (void)reader_fail(&b->r, list, false, "more than %d backends",
                          MAX_BACKENDS);
        return;
    }
    sc->backends =
        arena_alloc(sc->arena, (json_len(list) + 1) * sizeof *sc->backends);
    for (struct json_node *m = json_first(list); m != NULL; m = json_next(m)) {
        (void)read_backend(b, m, &sc->backends[sc->nbackends], sc->nbackends);
        sc->nbackends++;
    }
}

/* ---- expectations ---- */

/* The server that PATH begins with, among all of the scenario. */
static const struct scenario_server *server_of(const struct scenario *sc,
                                               const char *path)
{
    size_t n = strcspn(path, ".");

    for (size_t i = 0; i < sc->nservers; i++) {
        const char *name = sc->servers[i].name;
        if (name != NULL && strlen(name) == n && strncmp(name, path, n) == 0)
            return &sc->servers[i];
    }
    return NULL;
}

static bool check_server(struct build *b, const char *path, struct err *e)
{
    const char *names[MAX_SERVERS];
    const char *name = arena_strndup(b->r.arena, path, strcspn(path, "."));
    const char *near;
    size_t n = 0;

    if (server_of(b->sc, path) != NULL)
        return true;
    for (size_t i = 0; i < b->sc->nservers; i++) {
        if (b->sc->servers[i].name != NULL)
            names[n++] = b->sc->servers[i].name;
    }
    near = err_nearest(name, names, n);
    if (near != NULL)
        return err_set(e, ERR_CONTENT,
                       "no server is called \"%s\"; did you mean \"%s\"?", name,
                       near);
    return err_set(e, ERR_CONTENT, "no server is called \"%s\"", name);
}

/* JUDGED: it names servers that there are. What the file expects is not
 * judged after --set, which may have renamed them. */
static bool add_expectation(struct build *b, const char *text, bool judged,
                            struct err *e)
{
    struct expectation x = { 0 };

    if (!expectation_parse(text, b->r.arena, &x, e))
        return false;
    if (judged && (!check_server(b, x.path, e) ||
                   (x.is_path && !check_server(b, x.rhs_path, e))))
        return false;
    b->sc->expect[b->sc->nexpect++] = x;
    return true;
}

static void read_expect(struct build *b)
{
    const struct json_node *list = json_get(json_root(b->r.json), "expect");
    struct scenario *sc = b->sc;
    size_t room = b->opts->nassertions + 1;
    struct err e;

    err_init(&e);
    if (list != NULL && !reader_type(&b->r, list, JSON_LIST))
        list = NULL;
    if (list != NULL && json_len(list) > MAX_EXPECT) {
        (void)reader_fail(&b->r, list, false, "more than %d expectations",
                          MAX_EXPECT);
        list = NULL;
    }
    room += list != NULL ? json_len(list) : 0;
    sc->expect = arena_alloc(sc->arena, room * sizeof *sc->expect);
    for (struct json_node *m = list != NULL ? json_first(list) : NULL;
         m != NULL; m = json_next(m)) {
        if (reader_type(&b->r, m, JSON_STRING) &&
            !add_expectation(b, json_string(m), b->opts->nset == 0, &e))
            (void)reader_take(&b->r, m, &e);
    }
    for (size_t i = 0; i < b->opts->nassertions; i++) {
        char shown[160];
        struct err named;
        if (add_expectation(b, b->opts->assertions[i], true, &e))
            continue;
        err_init(&named);
        (void)err_at(&named, ERR_USAGE,
                     arena_printf(b->r.arena, "--assert %s",
                                  json_clean(b->opts->assertions[i], shown,
                                             sizeof shown)),
                     0, 0, NULL, "%s", e.text);
        err_clear(&e);
        (void)reader_take(&b->r, NULL, &named);
    }
}

/* ---- --mpm ---- */

static bool check_mpm_option(struct build *b, const char *name)
{
    struct err e;
    const char *near;
    char shown[80], have[80];
    size_t used = 0;
    bool known = false, found = false;

    have[0] = '\0';
    for (int k = 0; k < MPM_KINDS; k++) {
        bool here = false;
        known = known || strcmp(name, mpm_names[k]) == 0;
        for (size_t i = 0; i < b->sc->nservers; i++)
            here = here || (int)b->sc->servers[i].mpm == k;
        if (here) {
            used += (size_t)snprintf(have + used, sizeof have - used, "%s%s",
                                     used > 0 ? ", " : "", mpm_names[k]);
            found = found || strcmp(name, mpm_names[k]) == 0;
        }
    }
    if (found)
        return true;
    (void)json_clean(name, shown, sizeof shown);
    near = known ? NULL : err_nearest(name, mpm_names, MPM_KINDS);
    err_init(&e);
    if (near != NULL)
        (void)err_set(&e, ERR_USAGE,
                      "--mpm %s: not known; did you mean \"%s\"?", shown, near);
    else
        (void)err_set(&e, ERR_USAGE,
                      "--mpm %s: no server of this scenario runs it; there "
                      "are: %s",
                      shown, have);
    return reader_take(&b->r, NULL, &e);
}

/* Keeps the servers that --mpm names and what is said about them. */
static void filter_servers(struct build *b)
{
    struct scenario *sc = b->sc;
    size_t n = 0, kept = 0;

    for (size_t i = 0; i < b->opts->nmpm; i++) {
        if (!check_mpm_option(b, b->opts->mpm[i]))
            return;
    }
    for (size_t i = 0; i < sc->nexpect; i++) {
        const struct expectation *x = &sc->expect[i];
        if (build_wanted(b->opts, server_of(sc, x->path)->mpm) &&
            (!x->is_path ||
             build_wanted(b->opts, server_of(sc, x->rhs_path)->mpm)))
            sc->expect[kept++] = *x;
    }
    sc->nexpect = kept;
    for (size_t i = 0; i < sc->nservers; i++) {
        if (!build_wanted(b->opts, sc->servers[i].mpm))
            continue;
        for (size_t k = 0; k < sc->nactions; k++) {
            struct settings *list = sc->actions[k].settings;
            if (list != NULL)
                list[n] = list[i];
        }
        sc->servers[n++] = sc->servers[i];
    }
    sc->nservers = n;
}

/* ---- the rest ---- */

static void read_warm_up(struct build *b, const struct json_node *n)
{
    struct scenario *sc = b->sc;

    if (json_string(n) != NULL && strcmp(json_string(n), "auto") == 0) {
        sc->warm_up_auto = true;
        return;
    }
    if (read_time(&b->r, n, 0, LONGEST, &sc->warm_up) && sc->duration > 0 &&
        sc->warm_up >= sc->duration)
        (void)reader_fail(&b->r, n, false,
                          "warm_up lies inside duration and must be shorter");
}

static void read_outputs(struct build *b, const struct json_node *o)
{
    static const char *const keys[] = { "interval", "requests", "plots" };
    struct scenario *sc = b->sc;
    const struct json_node *m;

    if (!reader_type(&b->r, o, JSON_OBJECT))
        return;
    (void)reader_keys(&b->r, o, keys, COUNT(keys));
    if ((m = json_get(o, "interval")) != NULL)
        (void)read_time(&b->r, m, 10 * SIM_MS, LONGEST, &sc->interval);
    if ((m = json_get(o, "requests")) != NULL)
        (void)read_bool(&b->r, m, &sc->requests);
    if ((m = json_get(o, "plots")) != NULL)
        (void)read_bool(&b->r, m, &sc->plots);
}

static void read_general(struct build *b)
{
    struct scenario *sc = b->sc;
    const struct json_node *root = json_root(b->r.json);
    const struct json_node *m;
    int64_t seed = 1;

    (void)reader_keys(&b->r, root, top_keys, COUNT(top_keys));
    if ((m = json_get(root, "title")) != NULL)
        (void)read_text(&b->r, m, &sc->title);
    if ((m = json_get(root, "about")) != NULL)
        (void)read_text(&b->r, m, &sc->about);
    if ((m = json_get(root, "duration")) == NULL)
        (void)build_missing(b, "duration", ", such as \"60s\"");
    else
        (void)read_time(&b->r, m, SIM_MS, LONGEST, &sc->duration);
    if ((m = json_get(root, "warm_up")) != NULL)
        read_warm_up(b, m);
    if ((m = json_get(root, "seed")) != NULL)
        (void)read_count(&b->r, m, 0, (int64_t)1 << 53, &seed);
    sc->seed = b->opts->has_seed ? b->opts->seed : (uint64_t)seed;
    sc->replications = 1;
    if ((m = json_get(root, "replications")) != NULL)
        (void)read_count(&b->r, m, 1, 100000, &sc->replications);
    if (b->opts->has_replications)
        sc->replications = b->opts->replications;
    sc->interval = SIM_S;
    sc->plots = true;
    if ((m = json_get(root, "outputs")) != NULL)
        read_outputs(b, m);
}

static void apply_overrides(struct build *b)
{
    const struct scenario_opts *o = b->opts;

    b->bare = arena_alloc(b->r.arena, (o->nset + 1) * sizeof *b->bare);
    for (size_t i = 0; i < o->nset; i++) {
        const char *origin;
        (void)override_apply(&b->r, o->set[i], top_keys, COUNT(top_keys),
                             &origin);
        if (origin != NULL)
            b->bare[b->nbare++].origin = origin;
    }
}

static const char *folder_of(struct arena *a, const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? ""
                         : arena_strndup(a, path, (size_t)(slash - path) + 1);
}

/* "first" of "scenarios/first.json". */
static const char *bare_name(struct arena *a, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash != NULL ? slash + 1 : path;
    size_t n = strlen(base);

    if (n > 5 && strcmp(base + n - 5, ".json") == 0)
        n -= 5;
    return arena_strndup(a, base, n);
}

static void add_notes(struct build *b)
{
    for (size_t i = 0; i < b->sc->nservers; i++) {
        const struct scenario_server *s = &b->sc->servers[i];
        for (size_t k = 0; k < s->notes.n; k++) {
            const struct settings_note *n = &s->notes.v[k];
            build_warn(b, n->file, n->line, n->col,
                       build_note_text(n, s->name, b->r.arena));
        }
    }
}

/* Reads PATH into B->sc; errors are in B->r. */
static void build(struct build *b, const char *path)
{
    struct scenario *sc = must_zalloc(1, sizeof *sc);
    struct err e;

    b->sc = sc;
    sc->arena = arena_new();
    b->r.arena = sc->arena;
    b->r.dir = folder_of(sc->arena, path);
    sc->file = arena_strdup(sc->arena, path);
    sc->title = bare_name(sc->arena, path);
    sc->about = "";
    err_init(&e);
    b->r.json = json_load(path, &e);
    if (b->r.json == NULL) {
        (void)reader_take(&b->r, NULL, &e);
        return;
    }
    sc->sha256 = arena_strdup(sc->arena, json_sha256(b->r.json));
    apply_overrides(b);
    if (b->r.nerrors > 0 ||
        !reader_type(&b->r, json_root(b->r.json), JSON_OBJECT))
        return;
    read_general(b);
    (void)read_params(b, "machine", machine_params, &sc->machine);
    (void)read_params(b, "network", network_params, &sc->network);
    read_backends(b);
    build_workloads(b);
    read_servers(b);
    build_actions(b);
    read_expect(b);
    if (b->r.nerrors == 0 && b->opts->nmpm > 0)
        filter_servers(b);
    if (b->r.nerrors == 0)
        add_notes(b);
}

static void end_build(struct build *b)
{
    free(b->warnings);
    reader_clear(&b->r);
}

struct scenario *scenario_load(const char *path,
                               const struct scenario_opts *opts, struct err *e)
{
    static const struct scenario_opts none = { 0 };
    struct build b = { .opts = opts != NULL ? opts : &none };
    struct scenario *sc;

    build(&b, path);
    sc = b.sc;
    if (b.r.nerrors > 0) {
        reader_sort(&b.r);
        if (e->kind == ERR_NONE) {
            *e = b.r.errors[0];
            err_init(&b.r.errors[0]);
        }
        scenario_free(sc);
        sc = NULL;
    } else {
        for (size_t i = 0; i < b.nwarnings; i++) {
            const struct warning *w = &b.warnings[i];
            build_tell(
                &b, arena_printf(sc->arena, "%swarning: %s",
                                 place_of(sc->arena, w->file, w->line, w->col),
                                 w->text));
        }
    }
    end_build(&b);
    return sc;
}

struct scenario *scenario_check(const char *path,
                                const struct scenario_opts *opts,
                                scenario_report_fn report, void *ctx)
{
    static const struct scenario_opts none = { 0 };
    struct build b = { .opts = opts != NULL ? opts : &none };
    struct scenario *sc;

    build(&b, path);
    sc = b.sc;
    reader_sort(&b.r);
    for (size_t i = 0; i < b.r.nerrors; i++)
        report(ctx, false, &b.r.errors[i]);
    for (size_t i = 0; i < b.nwarnings; i++) {
        const struct warning *w = &b.warnings[i];
        struct err e;
        err_init(&e);
        (void)err_at(&e, ERR_CONTENT, w->file, w->line, w->col, NULL, "%s",
                     w->text);
        report(ctx, true, &e);
        err_clear(&e);
    }
    if (b.r.nerrors > 0) {
        scenario_free(sc);
        sc = NULL;
    }
    end_build(&b);
    return sc;
}

void scenario_free(struct scenario *sc)
{
    if (sc == NULL)
        return;
    arena_free(sc->arena);
    free(sc);
}
