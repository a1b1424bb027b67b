/* SPDX-License-Identifier: GPL-3.0-or-later */
/* FPM reads its files line by line: sections in brackets, "key = value",
 * comments behind a semicolon, and includes at the place where they stand.
 * Each pool keeps the last value of a key and its place; what FPM checks of
 * them is checked at the end, in FPM's order. */
#include "config/fpm_conf.h"

#include <glob.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/text_file.h"
#include "sim/must.h"

#define MAX_FILE_BYTES ((size_t)4 << 20)
#define MAX_FILES      1000
#define MAX_DEPTH      5 /* includes in includes, as FPM */
#define MAX_POOLS      1000
#define MAX_NUMBER     1000000
#define BACKLOG        511

enum key {
    KEY_pm,
    KEY_max_children,
    KEY_start_servers,
    KEY_min_spare_servers,
    KEY_max_spare_servers,
    KEY_max_spawn_rate,
    KEY_max_requests,
    KEY_process_idle_timeout,
    KEY_backlog,
    KEY_listen,
    KEY_terminate_timeout,
    KEY_process_max, /* of [global]; the keys above are a pool's */
    KEY_COUNT
};

enum key_type { TYPE_PM, TYPE_NUMBER, TYPE_TIME, TYPE_TEXT };

static const struct {
    const char *name;
    enum key_type type;
    int64_t def; /* seconds for times */
} keys[KEY_COUNT] = {
    [KEY_pm] = { "pm", TYPE_PM, -1 },
    [KEY_max_children] = { "pm.max_children", TYPE_NUMBER, 0 },
    [KEY_start_servers] = { "pm.start_servers", TYPE_NUMBER, 0 },
    [KEY_min_spare_servers] = { "pm.min_spare_servers", TYPE_NUMBER, 0 },
    [KEY_max_spare_servers] = { "pm.max_spare_servers", TYPE_NUMBER, 0 },
    [KEY_max_spawn_rate] = { "pm.max_spawn_rate", TYPE_NUMBER, 32 },
    [KEY_max_requests] = { "pm.max_requests", TYPE_NUMBER, 0 },
    [KEY_process_idle_timeout] = { "pm.process_idle_timeout", TYPE_TIME, 10 },
    [KEY_backlog] = { "listen.backlog", TYPE_NUMBER, BACKLOG },
    [KEY_listen] = { "listen", TYPE_TEXT, 0 },
    [KEY_terminate_timeout] = { "request_terminate_timeout", TYPE_TIME, 0 },
    [KEY_process_max] = { "process.max", TYPE_NUMBER, 0 },
};

struct place {
    const char *file;
    long line; /* 0: not given */
};

struct pool {
    const char *name;
    struct place at; /* its section */
    int64_t v[KEY_COUNT];
    struct place given[KEY_COUNT];
};

struct parser {
    struct arena *a;
    const struct fpm_report *report;
    struct err *e;
    struct pool global;
    struct pool **pools;
    size_t npools;
    struct pool *now; /* whose section this is */
    int depth, nfiles;
    struct place at;
};

__attribute__((format(printf, 3, 4))) static bool
wrong(struct parser *p, struct place at, const char *fmt, ...)
{
    char text[400];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return err_at(p->e, ERR_CONTENT, at.file, at.line, 0, NULL, "%s", text);
}

__attribute__((format(printf, 3, 4))) static void
note(struct parser *p, struct place at, const char *fmt, ...)
{
    char text[400];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (p->report != NULL)
        p->report->note(p->report->ctx, at.file, at.line, text);
}

/* S cut to what a message can show, without control characters. */
static const char *shown(struct parser *p, const char *s)
{
    char *copy = arena_strndup(p->a, s, strnlen(s, 60));

    for (char *c = copy; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    }
    return copy;
}

static bool space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static char *trim(char *s)
{
    size_t n;

    while (space(*s))
        s++;
    n = strlen(s);
    while (n > 0 && space(s[n - 1]))
        n--;
    s[n] = '\0';
    return s;
}

/* The value that TEXT, what follows the "=", writes: quotes and the comment
 * removed. */
static char *value_of(char *text)
{
    char *end;

    text = trim(text);
    if (*text == '"' || *text == '\'') {
        end = strchr(text + 1, *text);
        if (end != NULL) {
            *end = '\0';
            return text + 1;
        }
    }
    text[strcspn(text, ";")] = '\0';
    return trim(text);
}

/* ---- values ---- */

/* Digits with an optional sign, at END of them; false when out of bounds. */
static bool digits(const char *s, const char **end, int64_t *out)
{
    bool negative = *s == '-';
    int64_t n = 0;

    s += negative;
    *end = s;
    for (; **end >= '0' && **end <= '9'; ++*end) {
        n = 10 * n + (**end - '0');
        if (n > INT32_MAX)
            return false;
    }
    *out = negative ? -n : n;
    return *end != s;
}

static bool read_number(struct parser *p, enum key k, const char *text,
                        int64_t *out)
{
    const char *end;

    if (!digits(text, &end, out) || *end != '\0')
        return wrong(p, p->at, "%s is \"%s\"; expected a whole number up to %d",
                     keys[k].name, shown(p, text), INT32_MAX);
    return true;
}

/* Seconds, or a number with s, m, h or d. */
static bool read_duration(struct parser *p, enum key k, const char *text,
                          int64_t *out)
{
    static const char units[] = "smhd";
    static const int64_t seconds[] = { 1, 60, 3600, 86400 };
    const char *end, *unit;

    if (!digits(text, &end, out))
        return wrong(p, p->at, "%s is \"%s\"; expected a time such as 10s",
                     keys[k].name, shown(p, text));
    if (*end == '\0')
        return true;
    unit = strchr(units, *end);
    if (unit == NULL || end[1] != '\0' ||
        *out * seconds[unit - units] > INT32_MAX)
        return wrong(p, p->at,
                     "%s is \"%s\"; FPM knows whole numbers with s, m, h or d",
                     keys[k].name, shown(p, text));
    *out *= seconds[unit - units];
    return true;
}

static bool read_pm(struct parser *p, const char *text, int64_t *out)
{
    static const char *const names[] = { "static", "dynamic", "ondemand" };
    const char *near;

    for (int i = 0; i < 3; i++) {
        if (strcasecmp(text, names[i]) == 0) {
            *out = i;
            return true;
        }
    }
    near = err_nearest(text, names, 3);
    if (near != NULL)
        return wrong(p, p->at, "pm is \"%s\"; did you mean \"%s\"?",
                     shown(p, text), near);
    return wrong(p, p->at, "pm is \"%s\"; allowed: static, dynamic, ondemand",
                 shown(p, text));
}

static bool set(struct parser *p, enum key k, const char *text)
{
    struct pool *to = p->now;
    int64_t *v = &to->v[k];
    bool ok = true;

    switch (keys[k].type) {
    case TYPE_PM:
        ok = read_pm(p, text, v);
        break;
    case TYPE_NUMBER:
        ok = read_number(p, k, text, v);
        break;
    case TYPE_TIME:
        ok = read_duration(p, k, text, v);
        break;
    case TYPE_TEXT:
        *v = *text != '\0';
        break;
    }
    to->given[k] = p->at;
    return ok;
}

/* ---- lines ---- */

static void defaults(struct pool *pool)
{
    for (int k = 0; k < KEY_COUNT; k++)
        pool->v[k] = keys[k].def;
}

static bool section(struct parser *p, char *line)
{
    char *end = strchr(line, ']');
    char *name;
    struct pool *pool;

    if (end == NULL)
        return wrong(p, p->at, "a section without its \"]\"");
    *end = '\0';
    name = trim(line + 1);
    if (strcasecmp(name, "global") == 0) {
        p->now = &p->global;
        return true;
    }
    for (size_t i = 0; i < p->npools; i++) {
        if (strcasecmp(p->pools[i]->name, name) == 0) {
            p->now = p->pools[i];
            return true;
        }
    }
    if (p->npools == MAX_POOLS)
        return wrong(p, p->at, "more than %d pools", MAX_POOLS);
    pool = arena_alloc(p->a, sizeof *pool);
    defaults(pool);
    pool->name = arena_strdup(p->a, name);
    pool->at = p->at;
    p->pools[p->npools++] = pool;
    p->now = pool;
    return true;
}

static bool read_file(struct parser *p, const char *path);

static bool include(struct parser *p, const char *pattern)
{
    const char *slash = strrchr(p->at.file, '/');
    glob_t g;
    bool ok = true;

    if (*pattern != '/' && slash != NULL)
        pattern = arena_printf(p->a, "%.*s%s", (int)(slash - p->at.file) + 1,
                               p->at.file, pattern);
    if (p->depth == MAX_DEPTH)
        return wrong(p, p->at, "files included more than %d deep", MAX_DEPTH);
    if (glob(pattern, GLOB_MARK, NULL, &g) != 0) {
        note(p, p->at, "nothing matches the include %s", shown(p, pattern));
        return true;
    }
    for (size_t i = 0; i < g.gl_pathc && ok; i++) {
        const char *path = g.gl_pathv[i];
        if (path[strlen(path) - 1] != '/')
            ok = read_file(p, arena_strdup(p->a, path));
    }
    globfree(&g);
    return ok;
}

static bool entry(struct parser *p, const char *name, const char *value)
{
    bool in_pool = p->now != &p->global;

    if (strcmp(name, "include") == 0)
        return include(p, value);
    for (int k = 0; k < KEY_COUNT; k++) {
        if (strcasecmp(name, keys[k].name) == 0 &&
            in_pool == (k != KEY_process_max))
            return set(p, (enum key)k, value);
    }
    return true;
}

static bool one_line(struct parser *p, char *line)
{
    char *equals;

    line = trim(line);
    if (*line == '\0' || *line == ';')
        return true;
    if (*line == '[')
        return section(p, line);
    equals = strchr(line, '=');
    if (*line == '#')
        return wrong(p, p->at, "comments begin with \";\" here");
    if (equals == NULL)
        return wrong(p, p->at, "expected \"key = value\", found \"%s\"",
                     shown(p, line));
    *equals = '\0';
    return entry(p, trim(line), value_of(equals + 1));
}

static bool read_file(struct parser *p, const char *path)
{
    struct place before = p->at;
    char *text, *line, *next;
    size_t len;
    bool ok = true;

    if (p->nfiles++ == MAX_FILES)
        return wrong(p, p->at, "more than %d files are included", MAX_FILES);
    text = text_load(path, MAX_FILE_BYTES, "a configuration of PHP-FPM", &len,
                     p->e);
    if (text == NULL)
        return false;
    p->depth++;
    p->at = (struct place){ path, 0 };
    line = strncmp(text, "\xef\xbb\xbf", 3) == 0 ? text + 3 : text;
    for (; ok && line != NULL; line = next) {
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        p->at.line++;
        ok = one_line(p, line);
    }
    free(text);
    p->depth--;
    p->at = before;
    return ok;
}

/* ---- what FPM checks when it starts ---- */

static struct place place_of(const struct pool *pool, enum key k)
{
    return pool->given[k].line > 0 ? pool->given[k] : pool->at;
}

static bool above_zero(struct parser *p, const struct pool *pool, enum key k)
{
    if (pool->v[k] > 0)
        return true;
    if (pool->given[k].line == 0)
        return wrong(p, pool->at, "pool %s: %s is missing", pool->name,
                     keys[k].name);
    return wrong(p, pool->given[k], "pool %s: %s is %lld, FPM wants 1 or more",
                 pool->name, keys[k].name, (long long)pool->v[k]);
}

static bool check_dynamic(struct parser *p, struct pool *pool)
{
    int64_t max = pool->v[KEY_max_children];
    int64_t low = pool->v[KEY_min_spare_servers];
    int64_t high = pool->v[KEY_max_spare_servers];
    int64_t *start = &pool->v[KEY_start_servers];
    enum key above = low > max ? KEY_min_spare_servers : KEY_max_spare_servers;

    if (!above_zero(p, pool, KEY_min_spare_servers) ||
        !above_zero(p, pool, KEY_max_spare_servers))
        return false;
    if (low > max || high > max)
        return wrong(p, place_of(pool, above),
                     "pool %s: %s is %lld and cannot be above "
                     "pm.max_children, %lld",
                     pool->name, keys[above].name, (long long)pool->v[above],
                     (long long)max);
    if (high < low)
        return wrong(p, place_of(pool, KEY_max_spare_servers),
                     "pool %s: pm.max_spare_servers is %lld and cannot be "
                     "below pm.min_spare_servers, %lld",
                     pool->name, (long long)high, (long long)low);
    if (*start <= 0)
        *start = low + (high - low) / 2;
    if (*start < low || *start > high)
        return wrong(p, place_of(pool, KEY_start_servers),
                     "pool %s: pm.start_servers is %lld and must lie between "
                     "pm.min_spare_servers, %lld, and pm.max_spare_servers, "
                     "%lld",
                     pool->name, (long long)*start, (long long)low,
                     (long long)high);
    return above_zero(p, pool, KEY_max_spawn_rate);
}

static bool check_ondemand(struct parser *p, struct pool *pool)
{
    int64_t *backlog = &pool->v[KEY_backlog];

    if (!above_zero(p, pool, KEY_process_idle_timeout))
        return false;
    if (*backlog < BACKLOG) {
        note(p, place_of(pool, KEY_backlog),
             "pool %s: listen.backlog is %lld; FPM makes it %d for pm = "
             "ondemand",
             pool->name, (long long)*backlog, BACKLOG);
        *backlog = BACKLOG;
    }
    pool->v[KEY_start_servers] = 0;
    pool->v[KEY_min_spare_servers] = 0;
    pool->v[KEY_max_spare_servers] = 0;
    return true;
}

static void cap_children(struct parser *p, struct pool *pool)
{
    int64_t most = p->global.v[KEY_process_max];

    if (most <= 0 || pool->v[KEY_max_children] <= most)
        return;
    note(p, p->global.given[KEY_process_max],
         "pool %s: process.max, %lld, lies below pm.max_children, %lld; no "
         "more children are started",
         pool->name, (long long)most, (long long)pool->v[KEY_max_children]);
}

static bool check_pool(struct parser *p, struct pool *pool)
{
    bool ok = true;

    if (pool->v[KEY_listen] == 0)
        note(p, pool->at,
             "pool %s has no \"listen\"; FPM would not start, the simulation "
             "goes on",
             pool->name);
    if (pool->v[KEY_pm] < 0)
        return wrong(p, pool->at,
                     "pool %s: pm is missing; it is static, dynamic or "
                     "ondemand",
                     pool->name);
    if (!above_zero(p, pool, KEY_max_children))
        return false;
    if (pool->v[KEY_max_children] > MAX_NUMBER)
        return wrong(p, pool->given[KEY_max_children],
                     "pool %s: pm.max_children is %lld; up to %d are modelled",
                     pool->name, (long long)pool->v[KEY_max_children],
                     MAX_NUMBER);
    if (pool->v[KEY_pm] == FPM_DYNAMIC)
        ok = check_dynamic(p, pool);
    if (pool->v[KEY_pm] == FPM_ONDEMAND)
        ok = check_ondemand(p, pool);
    if (ok && pool->v[KEY_terminate_timeout] > 0)
        note(p, pool->given[KEY_terminate_timeout],
             "pool %s: request_terminate_timeout is not modelled; no request "
             "is cut off",
             pool->name);
    return ok;
}

/* ---- the pool that is wanted ---- */

static struct pool *find(const struct parser *p, const char *name)
{
    for (size_t i = 0; name != NULL && i < p->npools; i++) {
        if (strcasecmp(p->pools[i]->name, name) == 0)
            return p->pools[i];
    }
    return NULL;
}

static struct pool *choose(struct parser *p, const char *path, const char *name,
                           const char *prefer)
{
    struct place at = { path, 0 };
    struct pool *pool = find(p, name);
    char list[200] = "";
    size_t used = 0;

    if (p->npools == 0) {
        (void)wrong(p, at,
                    "no pool; FPM wants at least one section such as [www]");
        return NULL;
    }
    if (name == NULL)
        pool = p->npools == 1 ? p->pools[0] : find(p, prefer);
    if (name == NULL && pool == NULL)
        pool = find(p, "www");
    if (pool != NULL)
        return pool;
    for (size_t i = 0; i < p->npools && used < sizeof list; i++) {
        must(p->pools[i] != NULL);
        used +=
            (size_t)snprintf(list + used, sizeof list - used, "%s%s",
                             i > 0 ? ", " : "", shown(p, p->pools[i]->name));
    }
    if (name != NULL)
        (void)wrong(p, at, "no pool is called \"%s\"; there are: %s",
                    shown(p, name), list);
    else
        (void)wrong(p, at,
                    "several pools (%s); name one by the backend's \"pool\"",
                    list);
    return NULL;
}

static void fill(const struct parser *p, const struct pool *pool,
                 struct fpm_conf *out)
{
    const int64_t *v = pool->v;
    int64_t most = p->global.v[KEY_process_max];

    out->pm = (enum fpm_pm)v[KEY_pm];
    out->max_children = v[KEY_max_children];
    if (most > 0 && most < out->max_children)
        out->max_children = most;
    out->start_servers =
        out->pm == FPM_STATIC ? out->max_children : v[KEY_start_servers];
    if (out->start_servers > out->max_children)
        out->start_servers = out->max_children;
    out->min_spare_servers = v[KEY_min_spare_servers];
    out->max_spare_servers = v[KEY_max_spare_servers];
    out->max_spawn_rate = v[KEY_max_spawn_rate];
    out->max_requests = v[KEY_max_requests] > 0 ? v[KEY_max_requests] : 0;
    out->process_idle_timeout = v[KEY_process_idle_timeout] * SIM_S;
    /* negative: the kernel's limit alone */
    out->listen_backlog =
        v[KEY_backlog] >= 0 ? v[KEY_backlog] : (int64_t)INT32_MAX;
}

bool fpm_conf_load(const char *path, const char *pool, const char *prefer,
                   const struct fpm_report *report, struct arena *a,
                   struct fpm_conf *out, struct err *e)
{
    struct parser p = { .a = a, .report = report, .e = e };
    struct pool *found;

    defaults(&p.global);
    p.pools = arena_alloc(a, MAX_POOLS * sizeof(struct pool *));
    p.now = &p.global;
    memset(out, 0, sizeof *out);
    path = arena_strdup(a, path);
    if (!read_file(&p, path))
        return false;
    found = choose(&p, path, pool, prefer);
    if (found == NULL || !check_pool(&p, found))
        return false;
    cap_children(&p, found);
    fill(&p, found, out);
    return true;
}
