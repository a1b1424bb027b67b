/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One pass over the files in the order httpd reads them. Every file is cut
 * into logical lines (continuation lines joined), a line is a comment, the
 * start or end of a section, or a directive. Sections form a stack; what lies
 * in a condition that does not hold is skipped, as are the contents of
 * sections about directories, locations and the like. */
#include "config/httpd_conf.h"

#include <glob.h>
#include <limits.h>
#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "config/httpd_advice.h"
#include "config/text_file.h"
#include "sim/must.h"

#define MAX_FILE_BYTES ((size_t)16 << 20)
#define MAX_ALL_BYTES  ((size_t)16 << 20) /* read and put in for variables */
#define MAX_LINE_BYTES ((size_t)1 << 20)
#define MAX_FILES      5000
#define MAX_INCLUDES   32  /* files open at once */
#define MAX_SECTIONS   200 /* sections open at once */
#define MAX_DIR_DEPTH  20  /* folders in folders of one Include */
#define MAX_VALUE      4096
#define MAX_NAMES      20000 /* Defines, modules, uses */

enum section_kind {
    SECTION_IF, /* a condition, decided when it opens */
    SECTION_VHOST,
    SECTION_OTHER, /* its contents do not concern the main server */
    SECTION_RAW    /* not even httpd's syntax inside */
};

struct section {
    const char *name; /* as written */
    const char *args;
    enum section_kind kind;
    bool holds; /* SECTION_IF */
    int host;   /* SECTION_VHOST: its number */
    long line, col;
};

struct pair {
    const char *name, *value;
};

struct names {
    struct pair *v;
    size_t n;
};

struct parser {
    const struct httpd_conf_opts *opts;
    struct arena *a;
    struct httpd_conf *out;
    struct err *e;
    struct names defines, modules;
    struct advice advice;
    bool ssl_main;
    int loaded_mpm;   /* by LoadModule, -1 none */
    const char *root; /* ServerRoot or NULL */
    const char *dir;  /* of the first file, with its slash, or "" */
    size_t bytes;
    struct section sections[MAX_SECTIONS];
    int nsections;
    const char *open[MAX_INCLUDES];
    int nopen;
    /* the logical line being read */
    const char *file;
    long line, col;
};

__attribute__((format(printf, 2, 3))) static bool wrong(struct parser *p,
                                                        const char *fmt, ...)
{
    char text[600];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return err_at(p->e, ERR_CONTENT, p->file, p->line, p->col, NULL, "%s",
                  text);
}

static bool same(const char *a, const char *b)
{
    return strcasecmp(a, b) == 0;
}

static bool space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

/* S cut to what a message can show, without control characters. */
static const char *shown(struct parser *p, const char *s)
{
    size_t n = strlen(s);
    char *copy = arena_strndup(p->a, s, n > 60 ? 60 : n);

    for (char *c = copy; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    }
    return n > 60 ? arena_printf(p->a, "%s...", copy) : copy;
}

/* ---- lists of names (defines, modules) ---- */

static void names_add(struct parser *p, struct names *l, const char *name,
                      const char *value)
{
    if ((l->n & (l->n - 1)) == 0) { /* full at the powers of two */
        struct pair *v =
            arena_alloc(p->a, (l->n == 0 ? 1 : 2 * l->n) * sizeof *v);
        if (l->n > 0)
            memcpy(v, l->v, l->n * sizeof *v);
        l->v = v;
    }
    l->v[l->n++] =
        (struct pair){ arena_strdup(p->a, name), arena_strdup(p->a, value) };
}

static struct pair *names_find_n(const struct names *l, const char *name,
                                 size_t len)
{
    for (size_t i = l->n; i-- > 0;) {
        const char *have = l->v[i].name;
        if (have != NULL && strncmp(have, name, len) == 0 && have[len] == '\0')
            return &l->v[i];
    }
    return NULL;
}

static struct pair *names_find(const struct names *l, const char *name)
{
    return names_find_n(l, name, strlen(name));
}

/* ---- words ---- */

/* The next word of *TEXT, quotes and their escapes removed; NULL at the end. */
static char *next_word(struct parser *p, const char **text)
{
    const char *s = *text;
    const char *start;
    char *word;
    size_t n = 0;
    char quote = 0;

    while (space(*s))
        s++;
    if (*s == '\0')
        return NULL;
    if (*s == '"' || *s == '\'')
        quote = *s++;
    start = s;
    while (*s != '\0' && (quote != 0 ? *s != quote : !space(*s))) {
        if (quote != 0 && *s == '\\' && (s[1] == quote || s[1] == '\\'))
            s++;
        s++;
    }
    word = arena_alloc(p->a, (size_t)(s - start) + 1);
    for (const char *c = start; c < s; c++) {
        if (quote != 0 && *c == '\\' && (c[1] == quote || c[1] == '\\'))
            c++;
        word[n++] = *c;
    }
    if (quote != 0 && *s == quote)
        s++;
    *text = s;
    return word;
}

/* Puts the value of each Define named in LINE into OUT (NULL: only counts);
 * returns the length, at most LIMIT. Unknown names stay as they are. */
static size_t put_in(const struct parser *p, const char *line, size_t limit,
                     char *out)
{
    size_t n = 0;

    while (*line != '\0' && n < limit) {
        const char *end =
            strncmp(line, "${", 2) == 0 ? strchr(line, '}') : NULL;
        const struct pair *def = NULL;
        if (end != NULL)
            def = names_find_n(&p->defines, line + 2, (size_t)(end - line) - 2);
        if (def == NULL) {
            if (out != NULL)
                out[n] = *line;
            n++;
            line++;
            continue;
        }
        for (const char *v = def->value; *v != '\0' && n < limit; v++, n++) {
            if (out != NULL)
                out[n] = *v;
        }
        line = end + 1;
    }
    return n;
}

/* LINE with ${NAME} of every Define put in; NULL with an error when it grows
 * out of bounds. */
static const char *expand(struct parser *p, const char *line)
{
    size_t limit = strlen(line) + MAX_LINE_BYTES, n;
    char *out;

    if (strstr(line, "${") == NULL)
        return line;
    n = put_in(p, line, limit, NULL);
    p->bytes += n;
    if (n == limit || p->bytes > MAX_ALL_BYTES) {
        (void)wrong(p, "variables make this configuration larger than %zu MiB",
                    MAX_ALL_BYTES >> 20);
        return NULL;
    }
    out = arena_alloc(p->a, n + 1);
    (void)put_in(p, line, limit, out);
    return out;
}

/* ---- modules ---- */

static const char *const mpm_names[MPM_KINDS] = { "prefork", "worker",
                                                  "event" };

/* Which MPM the module ID is: -1 none, MPM_KINDS one that is not modelled. */
static int mpm_of_module(const char *id)
{
    static const char *const others[] = {
        "mpm_winnt_module", "mpm_motorz_module", "mpm_simple_module",
        "mpm_netware_module", "mpmt_os2_module"
    };

    for (int k = 0; k < MPM_KINDS; k++) {
        size_t n = strlen(mpm_names[k]);
        if (strncmp(id, "mpm_", 4) == 0 &&
            strncmp(id + 4, mpm_names[k], n) == 0 &&
            strcmp(id + 4 + n, "_module") == 0)
            return k;
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (strcmp(id, others[i]) == 0)
            return MPM_KINDS;
    }
    return -1;
}

static void add_mpm_module(struct parser *p, int mpm)
{
    names_add(p, &p->modules,
              arena_printf(p->a, "mpm_%s_module", mpm_names[mpm]), "");
    names_add(p, &p->modules, arena_printf(p->a, "%s.c", mpm_names[mpm]), "");
}

static bool load_module(struct parser *p, const char *args)
{
    const char *id = next_word(p, &args);
    const char *so = id != NULL ? next_word(p, &args) : NULL;
    const char *base;
    size_t n;
    int mpm;

    if (so == NULL)
        return wrong(p, "LoadModule takes a module and a file");
    mpm = mpm_of_module(id);
    if (mpm == MPM_KINDS && p->opts->mpm < 0)
        return wrong(p,
                     "%s is not modelled; there are mpm_prefork, "
                     "mpm_worker and mpm_event",
                     shown(p, id));
    if (mpm >= 0 && mpm < MPM_KINDS) {
        if (p->loaded_mpm >= 0 && p->loaded_mpm != mpm)
            return wrong(p,
                         "a second MPM, %s, after mpm_%s; httpd would not "
                         "start",
                         id, mpm_names[p->loaded_mpm]);
        p->loaded_mpm = mpm;
        if (p->opts->mpm < 0)
            add_mpm_module(p, mpm);
    }
    if (mpm >= 0)
        return true;
    if (strcmp(id, "reqtimeout_module") == 0)
        p->out->directives.reqtimeout_loaded = true; /* C-33 */
    /* IfModule may name the identifier or the source file */
    names_add(p, &p->modules, id, "");
    n = strlen(id);
    if (n > 7 && strcmp(id + n - 7, "_module") == 0)
        names_add(p, &p->modules,
                  arena_printf(p->a, "mod_%.*s.c", (int)(n - 7), id), "");
    base = strrchr(so, '/');
    base = base != NULL ? base + 1 : so;
    n = strlen(base);
    if (n > 3 && strcmp(base + n - 3, ".so") == 0)
        names_add(p, &p->modules,
                  arena_printf(p->a, "%.*s.c", (int)(n - 3), base), "");
    return true;
}

static bool has_module(const struct parser *p, const char *name)
{
    static const char *const built_in[] = {
        "core.c",           "core_module",
        "http_core.c",      "http_module",
        "mod_so.c",         "so_module",
        "mod_unixd.c",      "unixd_module",
        "mod_log_config.c", "log_config_module",
        "mod_logio.c",      "logio_module",
        "mod_version.c",    "version_module",
        "mod_watchdog.c",   "watchdog_module",
    };

    for (size_t i = 0; i < sizeof built_in / sizeof built_in[0]; i++) {
        if (strcmp(name, built_in[i]) == 0)
            return true;
    }
    return names_find(&p->modules, name) != NULL;
}

/* ---- files ---- */

static bool is_file(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && !S_ISDIR(st.st_mode);
}

static bool is_dir(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool wildcard(const char *s)
{
    return strpbrk(s, "*?[") != NULL;
}

/* Whether the first file lies below ServerRoot on this machine. */
static bool below_root(const struct parser *p)
{
    char file[PATH_MAX], root[PATH_MAX];
    size_t n;

    if (p->root == NULL || realpath(p->root, root) == NULL ||
        realpath(p->out->file, file) == NULL)
        return false;
    n = strlen(root);
    return strncmp(file, root, n) == 0 && file[n] == '/';
}

/* NAME as it lies in its tree: what follows the folder configurations usually
 * are in, when this one has been copied from there; or NULL. */
static const char *in_tree(const struct parser *p, const char *name)
{
    const char *const roots[] = { p->root, "/etc/apache2", "/etc/httpd" };
    char real[PATH_MAX];

    if (realpath(p->out->file, real) == NULL)
        return NULL;
    for (size_t i = 0; i < 3; i++) {
        size_t n = roots[i] != NULL ? strlen(roots[i]) : 0;
        if (n < 2 || strncmp(name, roots[i], n) != 0 || name[n] != '/')
            continue;
        if (strncmp(real, roots[i], n) == 0 && real[n] == '/')
            return NULL;
        return name + n + 1;
    }
    return NULL;
}

/* The names NAME may stand for, in the order to try; returns how many. */
static size_t candidates(struct parser *p, const char *name, const char *out[3])
{
    const char *root = NULL;
    size_t n = 0;

    if (name[0] == '/') {
        const char *inner = below_root(p) ? NULL : in_tree(p, name);
        if (inner != NULL) {
            out[n++] = arena_printf(p->a, "%s%s", p->dir, inner);
            out[n++] = arena_printf(p->a, "%s../%s", p->dir, inner);
        }
        out[n++] = name;
        return n;
    }
    if (p->root != NULL)
        root = arena_printf(p->a, "%s/%s", p->root, name);
    if (root != NULL && below_root(p)) {
        out[0] = root;
        return 1;
    }
    out[n++] = arena_printf(p->a, "%s%s", p->dir, name);
    out[n++] = arena_printf(p->a, "%s../%s", p->dir, name);
    if (root != NULL)
        out[n++] = root;
    return n;
}

static bool read_file(struct parser *p, const char *path);

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Reads what PATTERN matches, in the order of names; *N counts the matches. */
static bool read_matches(struct parser *p, const char *pattern, int depth,
                         size_t *n)
{
    glob_t g;
    bool ok = true;

    *n = 0;
    if (depth > MAX_DIR_DEPTH)
        return wrong(p, "folders nested more than %d deep", MAX_DIR_DEPTH);
    if (glob(pattern, GLOB_NOSORT, NULL, &g) != 0)
        return true;
    qsort(g.gl_pathv, g.gl_pathc, sizeof *g.gl_pathv, by_name);
    *n = g.gl_pathc;
    for (size_t i = 0; i < g.gl_pathc && ok; i++) {
        size_t inner;
        const char *path = arena_strdup(p->a, g.gl_pathv[i]);
        if (is_dir(path))
            ok = read_matches(p, arena_printf(p->a, "%s/*", path), depth + 1,
                              &inner);
        else
            ok = read_file(p, path);
    }
    globfree(&g);
    return ok;
}

static bool include(struct parser *p, const char *directive, const char *args,
                    bool optional)
{
    const char *name = next_word(p, &args);
    const char *names[3];
    size_t count, n;

    if (name == NULL)
        return wrong(p, "%s needs a file", directive);
    if (strstr(name, "${") != NULL)
        return optional || wrong(p,
                                 "%s names \"%s\", and no Define before "
                                 "this line sets that variable",
                                 directive, shown(p, name));
    count = candidates(p, name, names);
    for (size_t i = 0; i < count; i++) {
        if (!wildcard(name)) {
            if (is_file(names[i]))
                return read_file(p, names[i]);
            if (is_dir(names[i]))
                return read_matches(p, arena_printf(p->a, "%s/*", names[i]), 0,
                                    &n);
            continue;
        }
        if (!read_matches(p, names[i], 0, &n))
            return false;
        if (n > 0)
            return true;
    }
    if (optional)
        return true;
    return err_at(p->e, ERR_IO, p->file, p->line, p->col, NULL,
                  wildcard(name)
                      ? "nothing matches %s; IncludeOptional would allow that"
                      : "cannot find the file %s",
                  shown(p, names[0]));
}

/* ---- conditions ---- */

static bool if_module(const struct parser *p, const char *name)
{
    return *name == '!' ? !has_module(p, name + 1) : has_module(p, name);
}

static bool if_define(const struct parser *p, const char *name)
{
    bool negated = *name == '!';

    return (names_find(&p->defines, name + negated) != NULL) != negated;
}

static bool if_file(struct parser *p, const char *name)
{
    bool negated = *name == '!';
    const char *names[3];
    size_t n = candidates(p, name + negated, names);
    bool found = false;

    for (size_t i = 0; i < n; i++)
        found = found || is_file(names[i]) || is_dir(names[i]);
    return found != negated;
}

static int version_number(const char *s)
{
    int part[3] = { 0, 0, 0 };

    if (sscanf(s, "%3d.%3d.%3d", &part[0], &part[1], &part[2]) < 1)
        return -1;
    return HTTPD_VERSION(part[0], part[1], part[2]);
}

#define MAX_PATTERN 200 /* characters; a version has twelve */

/* What lies between brackets or braces from S on, up to the closing CLOSE. */
static size_t enclosed(const char *s, char close)
{
    const char *end = strchr(s + 1 + (s[1] == close), close);
    return end != NULL ? (size_t)(end - s) : strlen(s) - 1;
}

static bool is_long_number(const char *s, size_t n)
{
    size_t digits = 0;
    for (size_t i = 0; i < n && digits < 3; i++)
        digits = s[i] >= '0' && s[i] <= '9' ? digits + 1 : 0;
    return digits == 3;
}

/* The C library needs time and memory without bound for repetitions of
 * repetitions, for many of them and for back-references. No version needs
 * them. */
static bool is_plain_pattern(const char *s)
{
    bool repeats[MAX_PATTERN] = { false }; /* within each open group */
    bool before = false;                   /* what precedes S repeats */
    size_t depth = 0, n;

    if (strlen(s) >= MAX_PATTERN)
        return false;
    for (; *s != '\0'; s++) {
        switch (*s) {
        case '?':
            break;
        case '*':
        case '+':
        case '{':
            n = *s == '{' ? enclosed(s, '}') : 0;
            if (before || is_long_number(s, n))
                return false;
            before = repeats[depth] = true;
            s += n;
            break;
        case '(':
            repeats[++depth] = before = false;
            break;
        case ')':
            before = repeats[depth];
            depth -= depth > 0;
            repeats[depth] = repeats[depth] || before;
            break;
        case '[':
            before = false;
            s += enclosed(s, ']');
            break;
        case '\\':
            if (s[1] >= '0' && s[1] <= '9')
                return false;
            before = false;
            s += s[1] != '\0';
            break;
        default:
            before = false;
        }
    }
    return true;
}

/* 1 if VERSION matches PATTERN, 0 if not, -1 if that is no pattern. */
static int version_matches(int version, const char *pattern)
{
    char text[32];
    regex_t re;
    bool match;

    (void)snprintf(text, sizeof text, "%d.%d.%d", version / 10000,
                   version / 100 % 100, version % 100);
    if (!is_plain_pattern(pattern) ||
        regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return -1;
    match = regexec(&re, text, 0, NULL, 0) == 0;
    regfree(&re);
    return match;
}

static bool if_version(struct parser *p, const char *args, bool *holds)
{
    const char *op = next_word(p, &args);
    const char *v = next_word(p, &args);
    bool negated;
    int have = p->opts->version, want, matches;
    size_t n;

    if (op == NULL)
        return wrong(p, "<IfVersion> needs a version");
    if (v == NULL) {
        v = op;
        op = "=";
    }
    negated = *op == '!';
    op += negated;
    n = strlen(v);
    if (strcmp(op, "~") == 0 || (n > 1 && v[0] == '/' && v[n - 1] == '/')) {
        if (v[0] == '/' && n > 1)
            v = arena_strndup(p->a, v + 1, n - 2);
        matches = version_matches(have, v);
        *holds = matches != negated;
        if (matches < 0)
            return wrong(p,
                         "mpmsim reads POSIX regular expressions without "
                         "repeated repetitions after <IfVersion ~>, such as "
                         "\"^2\\.[46]\", found \"%s\"",
                         v);
        return true;
    }
    want = version_number(v);
    if (want < 0)
        return wrong(p,
                     "<IfVersion> takes a version such as 2.4.10, found "
                     "\"%s\"",
                     shown(p, v));
    if (strcmp(op, "=") == 0 || strcmp(op, "==") == 0)
        *holds = have == want;
    else if (strcmp(op, ">") == 0)
        *holds = have > want;
    else if (strcmp(op, ">=") == 0)
        *holds = have >= want;
    else if (strcmp(op, "<") == 0)
        *holds = have < want;
    else if (strcmp(op, "<=") == 0)
        *holds = have <= want;
    else
        return wrong(p, "<IfVersion> takes one of = < <= > >= ~, found \"%s\"",
                     shown(p, op));
    *holds = *holds != negated;
    return true;
}

/* ---- sections ---- */

static const struct {
    const char *name;
    enum section_kind kind;
} known_sections[] = {
    { "IfModule", SECTION_IF },
    { "IfDefine", SECTION_IF },
    { "IfVersion", SECTION_IF },
    { "IfFile", SECTION_IF },
    { "IfDirective", SECTION_IF },
    { "IfSection", SECTION_IF },
    { "VirtualHost", SECTION_VHOST },
    { "Directory", SECTION_OTHER },
    { "DirectoryMatch", SECTION_OTHER },
    { "Location", SECTION_OTHER },
    { "LocationMatch", SECTION_OTHER },
    { "Files", SECTION_OTHER },
    { "FilesMatch", SECTION_OTHER },
    { "If", SECTION_OTHER },
    { "ElseIf", SECTION_OTHER },
    { "Else", SECTION_OTHER },
    { "Limit", SECTION_OTHER },
    { "LimitExcept", SECTION_OTHER },
    { "Proxy", SECTION_OTHER },
    { "ProxyMatch", SECTION_OTHER },
    { "RequireAll", SECTION_OTHER },
    { "RequireAny", SECTION_OTHER },
    { "RequireNone", SECTION_OTHER },
    { "AuthnProviderAlias", SECTION_OTHER },
    { "AuthzProviderAlias", SECTION_OTHER },
    { "MDomainSet", SECTION_OTHER },
    { "Macro", SECTION_RAW },
    { "Perl", SECTION_RAW },
};
#define KNOWN_SECTIONS (sizeof known_sections / sizeof known_sections[0])

static bool skipping(const struct parser *p)
{
    for (int i = 0; i < p->nsections; i++) {
        if (p->sections[i].kind == SECTION_IF && !p->sections[i].holds)
            return true;
        if (p->sections[i].kind == SECTION_RAW)
            return true;
    }
    return false;
}

static struct section *inside(struct parser *p, enum section_kind kind)
{
    for (int i = p->nsections; i-- > 0;) {
        if (p->sections[i].kind == kind)
            return &p->sections[i];
    }
    return NULL;
}

/* Whether one of the words is known: IfDirective, IfSection. */
static bool if_known(struct parser *p, const char *name, bool section)
{
    bool negated = *name == '!';
    bool found = false;

    (void)p;
    name += negated;
    for (size_t i = 0; section && i < KNOWN_SECTIONS; i++)
        found = found || same(name, known_sections[i].name);
    /* most directives of httpd are none of ours, but exist */
    return (section ? found : true) != negated;
}

static bool decide(struct parser *p, struct section *s)
{
    const char *args = s->args;
    const char *word;

    if (same(s->name, "IfVersion"))
        return if_version(p, args, &s->holds);
    word = next_word(p, &args);
    if (word == NULL)
        return wrong(p, "<%s> needs an argument", s->name);
    if (same(s->name, "IfModule"))
        s->holds = if_module(p, word);
    else if (same(s->name, "IfDefine"))
        s->holds = if_define(p, word);
    else if (same(s->name, "IfFile"))
        s->holds = if_file(p, word);
    else
        s->holds = if_known(p, word, same(s->name, "IfSection"));
    return true;
}

static int add_host(struct parser *p, const char *addresses)
{
    struct httpd_conf *c = p->out;

    if ((c->nhosts & (c->nhosts - 1)) == 0) {
        struct httpd_conf_host *v =
            arena_alloc(p->a, (c->nhosts == 0 ? 1 : 2 * c->nhosts) * sizeof *v);
        if (c->nhosts > 0)
            memcpy(v, c->hosts, c->nhosts * sizeof *v);
        c->hosts = v;
    }
    c->hosts[c->nhosts] = (struct httpd_conf_host){ addresses, false };
    return (int)c->nhosts++;
}

static bool open_section(struct parser *p, const char *raw)
{
    const char *line = expand(p, raw);
    const char *end = line != NULL ? line + strcspn(line, " \t>") : raw;
    const char *near;
    const char *names[KNOWN_SECTIONS];
    struct section s = { .kind = SECTION_OTHER,
                         .line = p->line,
                         .col = p->col };
    size_t n = strlen(end);
    bool skip = skipping(p), known = false;

    if (line == NULL)
        return false;
    s.name = arena_strndup(p->a, line, (size_t)(end - line));
    for (size_t i = 0; i < KNOWN_SECTIONS; i++) {
        names[i] = known_sections[i].name;
        if (same(s.name, names[i])) {
            s.kind = known_sections[i].kind;
            known = true;
        }
    }
    if (!known && !skip) {
        near = err_nearest(s.name, names, KNOWN_SECTIONS);
        if (near != NULL)
            return wrong(p, "unknown section <%s>; did you mean \"<%s>\"?",
                         shown(p, s.name), near);
        return wrong(p, "unknown section <%s>", shown(p, s.name));
    }
    if (n == 0 || end[n - 1] != '>')
        return wrong(p, "<%s is not closed with \">\"", shown(p, s.name));
    if (p->nsections == MAX_SECTIONS)
        return wrong(p, "sections nested more than %d deep", MAX_SECTIONS);
    s.args = arena_strndup(p->a, end, n - 1);
    while (space(*s.args))
        s.args++;
    if (skip && s.kind == SECTION_IF)
        s.holds = true; /* the outer one decides */
    else if (s.kind == SECTION_IF && !decide(p, &s))
        return false;
    if (s.kind == SECTION_VHOST && !skip) {
        if (inside(p, SECTION_VHOST) != NULL)
            return wrong(p, "<VirtualHost> inside <VirtualHost>");
        if (*s.args == '\0')
            return wrong(p, "<VirtualHost> needs an address");
        s.host = add_host(p, s.args);
    }
    p->sections[p->nsections++] = s;
    return true;
}

/* FIRST: the sections below it were opened in other files. */
static bool close_section(struct parser *p, const char *line, int first)
{
    size_t n = strcspn(line, " \t>");
    const char *name = arena_strndup(p->a, line, n);
    struct section *s;

    if (line[n] != '>')
        return wrong(p, "</%s is not closed with \">\"", shown(p, name));
    if (p->nsections == first)
        return wrong(p, "</%s> without <%s>", shown(p, name), shown(p, name));
    s = &p->sections[p->nsections - 1];
    if (!same(s->name, name))
        return wrong(p,
                     "</%s> where </%s> is needed: <%s> of line %ld is "
                     "still open",
                     shown(p, name), s->name, s->name, s->line);
    p->nsections--;
    return true;
}

/* ---- directives ---- */

static struct httpd_conf_use *add_use(struct parser *p, enum directive d,
                                      const char *value)
{
    struct httpd_conf *c = p->out;

    if ((c->nuse & (c->nuse - 1)) == 0) {
        struct httpd_conf_use *v =
            arena_alloc(p->a, (c->nuse == 0 ? 1 : 2 * c->nuse) * sizeof *v);
        if (c->nuse > 0)
            memcpy(v, c->use, c->nuse * sizeof *v);
        c->use = v;
    }
    c->use[c->nuse] =
        (struct httpd_conf_use){ d, value, p->file, p->line, NULL, -1 };
    return &c->use[c->nuse++];
}

/* The arguments as one text, words apart by one blank. */
static bool value_of(struct parser *p, enum directive d, const char *args,
                     const char **out)
{
    const char *name = directive_table[d].name;
    char value[MAX_VALUE];
    size_t used = 0;
    int count = 0;
    const char *word;

    value[0] = '\0';
    while ((word = next_word(p, &args)) != NULL) {
        int n = snprintf(value + used, sizeof value - used, "%s%s",
                         used > 0 ? " " : "", word);
        used += (size_t)n;
        if (used >= sizeof value)
            return wrong(p, "%s has a value of more than %d bytes", name,
                         MAX_VALUE);
        count++;
    }
    if (count == 0)
        return wrong(p, "%s needs a value", name);
    if (count > 1 && directive_table[d].type != DIRT_TEXT)
        return wrong(p, "%s takes one value, found \"%s\"", name,
                     shown(p, value));
    if (strstr(value, "${") != NULL)
        return wrong(p,
                     "%s is \"%s\", and no Define before this line sets "
                     "that variable",
                     name, shown(p, value));
    *out = arena_strdup(p->a, value);
    return true;
}

static bool take(struct parser *p, enum directive d, bool old, const char *args)
{
    const struct section *host = inside(p, SECTION_VHOST);
    const struct section *other = inside(p, SECTION_OTHER);
    struct httpd_conf_use *use;
    const char *value;
    struct err inner;

    if (!value_of(p, d, args, &value))
        return false;
    use = add_use(p, d, value);
    if (other != NULL) {
        use->skipped = arena_printf(p->a, "in <%s>", other->name);
        return true;
    }
    if (host != NULL) {
        if (!httpd_per_host(d))
            return wrong(p,
                         "%s cannot stand in <VirtualHost>; httpd would "
                         "not start",
                         directive_table[d].name);
        use->host = host->host;
        use->skipped =
            arena_printf(p->a, "in <VirtualHost %s>", shown(p, host->args));
        return true;
    }
    err_init(&inner);
    if (!directives_set(&p->out->directives, d, value, true, old, p->file,
                        p->line, p->col, p->a, &inner)) {
        (void)wrong(p, "%s", inner.text);
        err_clear(&inner);
        return false;
    }
    if (d == DIR_RequestReadTimeout)
        p->out->directives.reqtimeout_loaded = true;
    return true;
}

static bool define(struct parser *p, const char *args)
{
    const char *name = next_word(p, &args);
    const char *value = name != NULL ? next_word(p, &args) : NULL;
    struct pair *old;

    if (name == NULL)
        return wrong(p, "Define needs a name");
    old = names_find(&p->defines, name);
    if (old != NULL)
        old->value = arena_strdup(p->a, value != NULL ? value : "");
    else
        names_add(p, &p->defines, name, value != NULL ? value : "");
    return true;
}

static bool undefine(struct parser *p, const char *args)
{
    const char *name = next_word(p, &args);
    struct pair *old = name != NULL ? names_find(&p->defines, name) : NULL;

    if (name == NULL)
        return wrong(p, "UnDefine needs a name");
    if (old != NULL)
        old->name = NULL;
    return true;
}

/* LIST, of N elements of SIZE bytes, with room for one more. */
static void *grown(struct parser *p, void *list, size_t n, size_t size)
{
    void *v;

    if ((n & (n - 1)) != 0) /* full at the powers of two */
        return list;
    v = arena_alloc(p->a, (n == 0 ? 1 : 2 * n) * size);
    if (n > 0)
        memcpy(v, list, n * size);
    return v;
}

static int host_number(struct parser *p)
{
    const struct section *host = inside(p, SECTION_VHOST);

    return host != NULL ? host->host : -1;
}

/* Without a nickname it is that of later TransferLogs. */
static bool log_format(struct parser *p, const char *args)
{
    struct httpd_conf *c = p->out;
    const char *format = next_word(p, &args);
    const char *name = format != NULL ? next_word(p, &args) : NULL;

    if (format == NULL)
        return wrong(p, "LogFormat needs a format");
    c->formats = grown(p, c->formats, c->nformats, sizeof *c->formats);
    c->formats[c->nformats++] =
        (struct httpd_conf_format){ name != NULL ? name : "", format, p->file,
                                    p->line, host_number(p) };
    return true;
}

static bool custom_log(struct parser *p, const char *directive,
                       const char *args)
{
    struct httpd_conf *c = p->out;
    const char *target = next_word(p, &args);
    const char *format = "";

    if (target == NULL)
        return wrong(p, "%s needs a file", directive);
    if (same(directive, "CustomLog"))
        format = next_word(p, &args);
    if (format == NULL)
        return wrong(p, "CustomLog needs a format behind the file");
    c->logs = grown(p, c->logs, c->nlogs, sizeof *c->logs);
    c->logs[c->nlogs++] = (struct httpd_conf_log){ target, format, p->file,
                                                   p->line, host_number(p) };
    return true;
}

static void ssl_engine(struct parser *p, const char *args)
{
    const char *word = next_word(p, &args);
    struct section *host = inside(p, SECTION_VHOST);
    bool on = word != NULL && same(word, "on");

    if (inside(p, SECTION_OTHER) != NULL)
        return;
    if (host != NULL)
        p->out->hosts[host->host].ssl = on;
    else
        p->ssl_main = on;
}

/* A directive that is none of ours: true unless it can only be one of ours
 * misspelt. */
static bool foreign(struct parser *p, const char *name)
{
    static const char *const others[] = { "LoadModule",      "Include",
                                          "IncludeOptional", "Define",
                                          "UnDefine",        "ServerRoot" };
    const size_t nothers = sizeof others / sizeof others[0];
    const char *names[2 * DIR_COUNT + sizeof others / sizeof others[0]];
    const char *near;
    size_t n = 0;

    for (size_t d = 0; d < DIR_COUNT; d++) {
        names[n++] = directive_table[d].name;
        if (directive_table[d].old_name != NULL)
            names[n++] = directive_table[d].old_name;
    }
    for (size_t i = 0; i < nothers; i++)
        names[n++] = others[i];
    near = err_misspelt(name, names, n);
    /* httpd's own, two letters from SendBufferSize */
    if (near == NULL || same(name, "ReadBufferSize"))
        return true;
    return wrong(p,
                 "unknown directive %s; did you mean \"%s\"? httpd would not "
                 "start",
                 shown(p, name), near);
}

static bool directive(struct parser *p, const char *line)
{
    const char *args = line;
    const char *name;
    bool old = false;
    int d;

    line = expand(p, line);
    if (line == NULL)
        return false;
    args = line;
    name = next_word(p, &args);
    if (name == NULL)
        return true;
    if (p->defines.n + p->modules.n + p->out->nuse + p->out->nhosts +
            p->out->nlogs + p->out->nformats >
        MAX_NAMES)
        return wrong(p, "more than %d definitions, modules and directives",
                     MAX_NAMES);
    advice_see(&p->advice, name, args, p->file, p->line);
    if (same(name, "LoadModule"))
        return load_module(p, args);
    if (same(name, "Define"))
        return define(p, args);
    if (same(name, "UnDefine"))
        return undefine(p, args);
    if (same(name, "Include"))
        return include(p, "Include", args, false);
    if (same(name, "IncludeOptional"))
        return include(p, "IncludeOptional", args, true);
    if (same(name, "ServerRoot")) {
        const char *root = next_word(p, &args);
        if (root == NULL)
            return wrong(p, "ServerRoot needs a folder");
        p->root = root;
        return true;
    }
    if (same(name, "SSLEngine")) {
        ssl_engine(p, args);
        return true;
    }
    if (same(name, "LogFormat"))
        return log_format(p, args);
    if (same(name, "CustomLog") || same(name, "TransferLog"))
        return custom_log(p, name, args);
    /* httpd's spelling only: snake_case is the scenario's */
    if (strchr(name, '_') != NULL)
        return true;
    d = directive_find(name, &old);
    return d < 0 ? foreign(p, name) : take(p, (enum directive)d, old, args);
}

/* ---- reading ---- */

static bool one_line(struct parser *p, const char *line, int first)
{
    const struct section *top =
        p->nsections > first ? &p->sections[p->nsections - 1] : NULL;

    if (*line == '\0' || *line == '#')
        return true;
    if (strncmp(line, "</", 2) == 0) {
        if (top != NULL && top->kind == SECTION_RAW &&
            strncasecmp(line + 2, top->name, strlen(top->name)) != 0)
            return true;
        return close_section(p, line + 2, first);
    }
    if (top != NULL && top->kind == SECTION_RAW)
        return true;
    if (*line == '<')
        return open_section(p, line + 1);
    return skipping(p) || directive(p, line);
}

/* The logical line at *AT of TEXT into BUF: continuation lines joined, blanks
 * at both ends removed; moves *AT and *NEXT_LINE behind it. */
static bool logical_line(struct parser *p, const char *text, size_t len,
                         size_t *at, long *next_line, char *buf)
{
    size_t n = 0, lead = 0;
    bool more = true;

    p->line = *next_line;
    while (more && *at < len) {
        size_t start = *at, end;
        const char *nl = memchr(text + start, '\n', len - start);
        end = nl != NULL ? (size_t)(nl - text) : len;
        *at = nl != NULL ? end + 1 : len;
        ++*next_line;
        if (end > start && text[end - 1] == '\r')
            end--;
        more = end > start && text[end - 1] == '\\';
        end -= more;
        if (n + (end - start) > MAX_LINE_BYTES) {
            p->col = 1;
            return wrong(p, "a line of more than %zu KiB",
                         MAX_LINE_BYTES >> 10);
        }
        memcpy(buf + n, text + start, end - start);
        n += end - start;
    }
    while (n > 0 && space(buf[n - 1]))
        n--;
    while (lead < n && space(buf[lead]))
        lead++;
    memmove(buf, buf + lead, n - lead);
    buf[n - lead] = '\0';
    p->col = (long)lead + 1;
    return true;
}

static bool read_lines(struct parser *p, const char *text, size_t len)
{
    char *buf = must_alloc((len < MAX_LINE_BYTES ? len : MAX_LINE_BYTES) + 1);
    size_t at = 0;
    long next = 1;
    int first = p->nsections;
    bool ok = true;

    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        at = 3;
    while (ok && at < len)
        ok = logical_line(p, text, len, &at, &next, buf) &&
             one_line(p, buf, first);
    free(buf);
    if (ok && p->nsections > first) {
        const struct section *s = &p->sections[p->nsections - 1];
        p->line = s->line;
        p->col = s->col;
        return wrong(p, "<%s> is never closed; </%s> is missing", s->name,
                     s->name);
    }
    return ok;
}

/* The bytes of PATH; NULL with E filled. Caller frees. */
static char *slurp(struct parser *p, const char *path, size_t *len)
{
    static const char what[] = "an httpd configuration";
    char *text = text_load(path, MAX_FILE_BYTES, what, len, p->e);

    p->bytes += *len;
    if (text == NULL || p->bytes <= MAX_ALL_BYTES)
        return text;
    free(text);
    (void)err_at(p->e, ERR_CONTENT, path, 0, 0, NULL,
                 "all files together are larger than %zu MiB; is this %s?",
                 MAX_ALL_BYTES >> 20, what);
    return NULL;
}

static void add_file(struct parser *p, const char *path)
{
    struct httpd_conf *c = p->out;

    if ((c->nfiles & (c->nfiles - 1)) == 0) {
        const char **v =
            arena_alloc(p->a, (c->nfiles == 0 ? 1 : 2 * c->nfiles) * sizeof *v);
        for (size_t i = 0; i < c->nfiles; i++)
            v[i] = c->files[i];
        c->files = v;
    }
    c->files[c->nfiles++] = path;
}

static bool read_file(struct parser *p, const char *path)
{
    const char *file = p->file;
    long line = p->line, col = p->col;
    char *text;
    size_t len;
    bool ok;

    for (int i = 0; i < p->nopen; i++) {
        if (strcmp(p->open[i], path) == 0)
            return wrong(p, "%s includes itself", shown(p, path));
    }
    if (p->nopen == MAX_INCLUDES)
        return wrong(p, "files included more than %d deep", MAX_INCLUDES);
    if (p->out->nfiles == MAX_FILES)
        return wrong(p, "more than %d files are included", MAX_FILES);
    text = slurp(p, path, &len);
    if (text == NULL)
        return false;
    p->open[p->nopen++] = path;
    p->file = path;
    add_file(p, path);
    ok = read_lines(p, text, len);
    free(text);
    p->nopen--;
    p->file = file;
    p->line = line;
    p->col = col;
    return ok;
}

/* ---- afterwards ---- */

/* A listener speaks TLS when a <VirtualHost> with SSLEngine on is reached by
 * it, or the main server has it on. */
static void find_tls(struct parser *p)
{
    struct directives *d = &p->out->directives;

    for (int i = 0; i < d->nlisten; i++) {
        d->listen[i].tls = p->ssl_main;
        for (size_t h = 0; h < p->out->nhosts; h++) {
            if (p->out->hosts[h].ssl && httpd_host_reached(p->out, h, i))
                d->listen[i].tls = true;
        }
    }
}

/* Directives of the MPM that LoadModule chose mean nothing to the other one
 * that was asked for. */
static void drop_foreign(struct parser *p)
{
    struct httpd_conf *c = p->out;
    int asked = p->opts->mpm;

    if (asked < 0 || p->loaded_mpm < 0 || asked == p->loaded_mpm)
        return;
    for (size_t i = 0; i < c->nuse; i++) {
        enum directive d = c->use[i].directive;
        if ((directive_table[d].mpms & 1u << asked) != 0)
            continue;
        c->directives.v[d] = (struct directive_value){ .given = false };
        if (c->use[i].skipped == NULL)
            c->use[i].skipped =
                arena_printf(p->a, "not known to mpm_%s", mpm_names[asked]);
    }
}

/* The configuration in the folder PATH. */
static const char *of_folder(struct parser *p, const char *path)
{
    static const char *const names[] = { "apache2.conf", "httpd.conf",
                                         "conf/httpd.conf" };

    for (size_t i = 0; i < 3; i++) {
        const char *file = arena_printf(p->a, "%s/%s", path, names[i]);
        if (is_file(file))
            return file;
    }
    (void)err_at(p->e, ERR_IO, path, 0, 0, NULL,
                 "a folder without apache2.conf, httpd.conf or "
                 "conf/httpd.conf");
    return NULL;
}

bool httpd_conf_load(const char *path, const struct httpd_conf_opts *opts,
                     struct arena *a, struct httpd_conf *out, struct err *e)
{
    static const struct httpd_conf_opts none = { .mpm = -1 };
    struct httpd_conf_opts o = opts != NULL ? *opts : none;
    const char *slash;
    struct parser *p = must_zalloc(1, sizeof *p);
    bool ok;

    if (o.version == 0)
        o.version = HTTPD_BASELINE;
    memset(out, 0, sizeof *out);
    p->opts = &o;
    p->a = a;
    p->out = out;
    p->e = e;
    path = is_dir(path) ? of_folder(p, path) : arena_strdup(a, path);
    if (path == NULL) {
        free(p);
        return false;
    }
    out->file = path;
    slash = strrchr(path, '/');
    p->loaded_mpm = -1;
    p->dir =
        slash == NULL ? "" : arena_strndup(a, path, (size_t)(slash - path) + 1);
    for (size_t i = 0; i < o.ndefines; i++)
        names_add(p, &p->defines, o.defines[i], "");
    if (o.mpm >= 0)
        add_mpm_module(p, o.mpm);
    p->file = out->file;
    ok = read_file(p, out->file);
    if (ok) {
        find_tls(p);
        drop_foreign(p);
        out->mpm = o.mpm >= 0 ? o.mpm : p->loaded_mpm;
        httpd_settle_hosts(out, a);
        httpd_contradictions(out, a);
        advice_warn(&p->advice, has_module(p, "http2_module"), out, a);
    }
    free(p);
    return ok;
}

/* ---- the format of a log ---- */

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

/* How many bytes the name of the file that L writes has in common with NAME;
 * 0 unless it is all of it, up to what a program puts in (%). */
static size_t match_of(const struct httpd_conf_log *l, const char *name)
{
    const char *end = l->target + strlen(l->target), *file;
    size_t n;

    if (l->target[0] == '|') { /* the first argument that is a path */
        const char *s = strchr(l->target, ' ');
        if (s == NULL || (s = strchr(s, '/')) == NULL)
            return 0;
        end = s + strcspn(s, " ");
    }
    for (file = end; file > l->target && file[-1] != '/'; file--)
        ;
    n = strcspn(file, "% \"'");
    if (n > (size_t)(end - file))
        n = (size_t)(end - file);
    return strncmp(file, name, n) == 0 ? n : 0;
}

static const struct httpd_conf_log *log_of(const struct httpd_conf *c,
                                           const char *name)
{
    const struct httpd_conf_log *found = NULL;
    size_t best = 0;

    for (size_t i = 0; i < c->nlogs; i++) {
        size_t n = match_of(&c->logs[i], name);
        if (n > best) {
            best = n;
            found = &c->logs[i];
        }
    }
    for (size_t i = 0; i < c->nlogs && found == NULL; i++) {
        if (c->logs[i].host < 0)
            found = &c->logs[i];
    }
    return found != NULL ? found : c->nlogs > 0 ? &c->logs[0] : NULL;
}

/* The LogFormat NAME as the host of L sees it: its own, else the main
 * server's. */
static const struct httpd_conf_format *format_of(const struct httpd_conf *c,
                                                 const struct httpd_conf_log *l,
                                                 const char *name)
{
    const struct httpd_conf_format *found = NULL;

    for (size_t i = 0; i < c->nformats; i++) {
        const struct httpd_conf_format *f = &c->formats[i];
        if (strcmp(f->name, name) == 0 &&
            (f->host == l->host ||
             (f->host < 0 && (found == NULL || found->host < 0))))
            found = f;
    }
    return found;
}

/* L names the format NAME, and there is none. */
static bool no_format(const struct httpd_conf *c,
                      const struct httpd_conf_log *l, struct err *e)
{
    const char **names = must_alloc((c->nformats + 1) * sizeof *names);
    const char *near;
    size_t n = 0;

    for (size_t i = 0; i < c->nformats; i++) {
        if (c->formats[i].name[0] != '\0')
            names[n++] = c->formats[i].name;
    }
    near = err_nearest(l->format, names, n);
    free(names);
    if (near != NULL)
        return err_at(e, ERR_CONTENT, l->file, l->line, 0, NULL,
                      "no LogFormat is called \"%.60s\" (httpd would write "
                      "that word into every line); did you mean \"%s\"?",
                      l->format, near);
    return err_at(e, ERR_CONTENT, l->file, l->line, 0, NULL,
                  "no LogFormat is called \"%.60s\"; httpd would write that "
                  "word into every line",
                  l->format);
}

bool httpd_conf_log_format(const struct httpd_conf *c, const char *log,
                           struct arena *a, const char **format,
                           const char **where, struct err *e)
{
    static const char clf[] = "%h %l %u %t \"%r\" %>s %b";
    const struct httpd_conf_log *l = log_of(c, base_of(log));
    const struct httpd_conf_format *f;
    const char *from;

    if (l == NULL)
        return err_at(e, ERR_CONTENT, c->file, 0, 0, NULL,
                      "no CustomLog says what its logs look like; give "
                      "log_format");
    f = format_of(c, l, l->format);
    if (f != NULL) {
        *format = f->format;
        from = arena_printf(a, "LogFormat %s of %s:%ld", f->name, f->file,
                            f->line);
    } else if (strchr(l->format, '%') != NULL) {
        *format = l->format;
        from = "the format there";
    } else if (l->format[0] == '\0' || strcmp(l->format, "CLF") == 0) {
        *format = clf; /* httpd's own */
        from = "httpd's default, Common Log Format";
    } else {
        return no_format(c, l, e);
    }
    if (where != NULL)
        *where = arena_printf(a, "%s:%ld: CustomLog %s: %s", l->file, l->line,
                              l->target, from);
    return true;
}
