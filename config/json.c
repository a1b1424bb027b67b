/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Three passes over the text, each linear and without recursion: decode()
 * checks the bytes, blank_comments() turns comments into spaces so that
 * positions survive, check_grammar() accepts exactly JSON and knows what to
 * say otherwise. Only then does cJSON build the tree: its own errors have no
 * positions and it is lenient where a user's slip should be named. */
#include "config/json.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/sha256.h"
#include "sim/must.h"

struct origin {
    const cJSON *node;
    const char *arg;
};

struct json {
    char *name;
    char *text; /* comments blanked */
    size_t len;
    cJSON *root;
    struct origin *origins;
    size_t norigins;
    char sha256[SHA256_HEX_SIZE];
};

static const cJSON *node_c(const struct json_node *n)
{
    return (const cJSON *)(const void *)n;
}

static cJSON *node_m(struct json_node *n)
{
    return (cJSON *)(void *)n;
}

static struct json_node *wrap(cJSON *c)
{
    return (struct json_node *)(void *)c;
}

/* ---- positions ---- */

static void place(const struct json *j, size_t at, long *line, long *col)
{
    *line = 1;
    *col = 1;
    for (size_t i = 0; i < at && i < j->len; i++) {
        if (j->text[i] == '\n') {
            ++*line;
            *col = 1;
        } else if (((unsigned char)j->text[i] & 0xc0) != 0x80) {
            ++*col;
        }
    }
}

__attribute__((format(printf, 4, 5))) static bool
fail(const struct json *j, size_t at, struct err *e, const char *fmt, ...)
{
    char text[400];
    long line, col;
    va_list ap;

    place(j, at, &line, &col);
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return err_at(e, ERR_CONTENT, j->name, line, col, NULL, "%s", text);
}

/* ---- bytes ---- */

/* Length of the UTF-8 sequence at P (N bytes left), 0 when it is none. */
static size_t utf8_len(const unsigned char *p, size_t n)
{
    size_t len = *p < 0x80   ? 1
                 : *p < 0xc2 ? 0
                 : *p < 0xe0 ? 2
                 : *p < 0xf0 ? 3
                 : *p < 0xf5 ? 4
                             : 0;

    if (len == 0 || len > n)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    /* overlong forms, surrogates, above U+10FFFF */
    if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) ||
        (*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] > 0x8f))
        return 0;
    return len;
}

void json_mend(char *text)
{
    size_t left = strlen(text), n;

    for (; left > 0; text += n, left -= n) {
        n = utf8_len((const unsigned char *)text, left);
        if (n == 0) {
            *text = '?';
            n = 1;
        }
    }
}

static bool decode(const struct json *j, struct err *e)
{
    const unsigned char *p = (const unsigned char *)j->text;

    if (j->len >= 2 &&
        ((p[0] == 0xff && p[1] == 0xfe) || (p[0] == 0xfe && p[1] == 0xff)))
        return fail(j, 0, e, "the file is UTF-16; save it as UTF-8");
    for (size_t i = 0; i < j->len;) {
        size_t n = utf8_len(p + i, j->len - i);
        if (p[i] == 0)
            return fail(j, i, e, "a NUL byte; the file must be text in UTF-8");
        if (n == 0)
            return fail(j, i, e,
                        "byte 0x%02x is not valid UTF-8; save the file as "
                        "UTF-8",
                        p[i]);
        i += n;
    }
    return true;
}

/* The end of the string that opens at I: behind its closing quote, or at the
 * end of the line where that is missing. */
static size_t skip_string(const struct json *j, size_t i)
{
    for (i++; i < j->len && j->text[i] != '\n'; i++) {
        if (j->text[i] == '"')
            return i + 1;
        if (j->text[i] == '\\')
            i++;
    }
    return i < j->len ? i : j->len;
}

static bool blank_comments(struct json *j, struct err *e)
{
    char *t = j->text;

    for (size_t i = 0; i < j->len;) {
        size_t end;
        if (t[i] == '"') {
            i = skip_string(j, i);
            continue;
        }
        if (t[i] != '/' || i + 1 >= j->len) {
            i++;
            continue;
        }
        if (t[i + 1] == '/') {
            for (end = i; end < j->len && t[end] != '\n'; end++)
                ;
        } else if (t[i + 1] == '*') {
            for (end = i + 2;
                 end + 1 < j->len && (t[end] != '*' || t[end + 1] != '/');
                 end++)
                ;
            if (end + 1 >= j->len)
                return fail(j, i, e, "this comment is never closed with */");
            end += 2;
        } else {
            return fail(j, i, e, "unexpected \"/\"");
        }
        for (; i < end; i++) {
            /* one blank for each character keeps the columns */
            if (t[i] != '\n')
                t[i] = ((unsigned char)t[i] & 0xc0) == 0x80 ? t[i] : ' ';
        }
    }
    return true;
}

/* ---- grammar ---- */

enum want {
    WANT_VALUE,
    WANT_VALUE_OR_END,
    WANT_KEY,
    WANT_KEY_OR_END,
    WANT_COLON,
    WANT_COMMA_OR_END,
    WANT_NOTHING
};

struct grammar {
    const struct json *j;
    size_t i;
    enum want want;
    size_t depth;
    char open[JSON_MAX_DEPTH];     /* '{' or '[' */
    size_t opened[JSON_MAX_DEPTH]; /* where */
    size_t values;
    struct err *e;
};

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' ||
           ((unsigned char)c & 0xc0) == 0x80; /* left of a blanked comment */
}

static bool word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '/' ||
           c == '%' || ((unsigned char)c & 0x80) != 0;
}

/* The word at I as a message shows it. */
static const char *word_at(const struct json *j, size_t i, char *buf,
                           size_t size)
{
    char raw[64];
    size_t n = 0;

    if (i >= j->len)
        return "the end of the file";
    if (j->text[i] == '"')
        return "a string";
    if (word_char(j->text[i]) || j->text[i] == '-') {
        do {
            raw[n++] = j->text[i++];
        } while (n < sizeof raw - 1 && i < j->len && word_char(j->text[i]));
    } else {
        raw[n++] = j->text[i];
    }
    raw[n] = '\0';
    buf[0] = '"';
    json_clean(raw, buf + 1, size - 2);
    n = strlen(buf);
    buf[n] = '"';
    buf[n + 1] = '\0';
    return buf;
}

static int hex4(const char *p)
{
    int v = 0;

    for (int k = 0; k < 4; k++) {
        char c = p[k];
        int d = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
        if (d < 0)
            return -1;
        v = v * 16 + d;
    }
    return v;
}

/* An escape; I at the backslash, moved to its last character. */
static bool check_escape(struct grammar *g)
{
    const struct json *j = g->j;
    const char *t = j->text;
    size_t at = g->i;
    int v;

    if (at + 1 < j->len && t[at + 1] != '\0' &&
        strchr("\"\\/bfnrt", t[at + 1]) != NULL) {
        g->i++;
        return true;
    }
    if (at + 5 >= j->len || t[at + 1] != 'u')
        return fail(j, at, g->e,
                    "unknown escape in a string; write \\\\ for a backslash");
    v = hex4(t + at + 2);
    if (v < 0)
        return fail(j, at, g->e, "\\u needs four hexadecimal digits");
    if (v == 0)
        return fail(j, at, g->e, "a string cannot hold a NUL character");
    g->i += 5;
    if (v < 0xd800 || v > 0xdfff)
        return true;
    if (v > 0xdbff || at + 11 >= j->len || t[at + 6] != '\\' ||
        t[at + 7] != 'u' || hex4(t + at + 8) < 0xdc00 ||
        hex4(t + at + 8) > 0xdfff)
        return fail(j, at, g->e, "half of a surrogate pair");
    g->i += 6;
    return true;
}

static bool check_string(struct grammar *g)
{
    const struct json *j = g->j;
    size_t start = g->i;

    for (g->i++; g->i < j->len; g->i++) {
        unsigned char c = (unsigned char)j->text[g->i];
        if (c == '"') {
            g->i++;
            return true;
        }
        if (c == '\n' || c == '\r')
            break;
        if (c < 0x20)
            return fail(j, g->i, g->e,
                        "a control character in a string; write it as "
                        "\\u%04x",
                        c);
        if (c == '\\' && !check_escape(g))
            return false;
    }
    return fail(j, start, g->e, "this string is not closed on its line");
}

static bool digit(const struct grammar *g)
{
    return g->i < g->j->len && g->j->text[g->i] >= '0' &&
           g->j->text[g->i] <= '9';
}

static bool check_number(struct grammar *g)
{
    const struct json *j = g->j;
    size_t start = g->i;
    bool good = true;
    char word[80], number[64];

    g->i += j->text[g->i] == '-';
    if (g->i + 1 < j->len && j->text[g->i] == '0' && j->text[g->i + 1] >= '0' &&
        j->text[g->i + 1] <= '9')
        return fail(j, start, g->e, "a number cannot start with 0");
    good = digit(g);
    while (digit(g))
        g->i++;
    if (good && g->i < j->len && j->text[g->i] == '.') {
        g->i++;
        good = digit(g);
        while (digit(g))
            g->i++;
    }
    if (good && g->i < j->len && (j->text[g->i] | 0x20) == 'e') {
        g->i++;
        if (g->i < j->len && (j->text[g->i] == '+' || j->text[g->i] == '-'))
            g->i++;
        good = digit(g);
        while (digit(g))
            g->i++;
    }
    if (good && g->i < j->len && word_char(j->text[g->i]))
        return fail(j, start, g->e,
                    "a value with a unit needs quotes: write %s",
                    word_at(j, start, word, sizeof word));
    if (!good)
        return fail(j, start, g->e, "%s is not a number",
                    word_at(j, start, word, sizeof word));
    if (g->i - start >= sizeof number)
        return fail(j, start, g->e, "a number of more than %zu digits",
                    sizeof number - 1);
    memcpy(number, j->text + start, g->i - start);
    number[g->i - start] = '\0';
    if (!isfinite(strtod(number, NULL)))
        return fail(j, start, g->e, "the number %s is out of range", number);
    return true;
}

static bool check_literal(struct grammar *g)
{
    static const char *const literals[] = { "true", "false", "null" };
    const struct json *j = g->j;
    const char *near;
    char word[80];

    for (size_t k = 0; k < 3; k++) {
        size_t n = strlen(literals[k]);
        if (j->len - g->i >= n && memcmp(j->text + g->i, literals[k], n) == 0 &&
            (g->i + n == j->len || !word_char(j->text[g->i + n]))) {
            g->i += n;
            return true;
        }
    }
    (void)word_at(j, g->i, word, sizeof word);
    if (j->text[g->i] == '\'')
        return fail(j, g->i, g->e, "strings take double quotes, found %s",
                    word);
    if (j->text[g->i] == '#')
        return fail(j, g->i, g->e, "unexpected \"#\"; comments start with //");
    if (!word_char(j->text[g->i]))
        return fail(j, g->i, g->e, "expected a value, found %s", word);
    word[strlen(word) - 1] = '\0';
    near = err_nearest(word + 1, literals, 3);
    if (near != NULL)
        return fail(j, g->i, g->e,
                    "expected a value, found %s\"; did you mean \"%s\"?", word,
                    near);
    return fail(j, g->i, g->e,
                "expected a value, found %s\"; a string needs double quotes",
                word);
}

static enum want after_value(const struct grammar *g)
{
    return g->depth == 0 ? WANT_NOTHING : WANT_COMMA_OR_END;
}

static bool begin_value(struct grammar *g)
{
    const struct json *j = g->j;
    char c = j->text[g->i];

    if (++g->values > JSON_MAX_VALUES)
        return fail(j, g->i, g->e, "more than %d values in one file",
                    JSON_MAX_VALUES);
    if (c == '{' || c == '[') {
        if (g->depth == JSON_MAX_DEPTH)
            return fail(j, g->i, g->e, "nested more than %d levels deep",
                        JSON_MAX_DEPTH);
        g->open[g->depth] = c;
        g->opened[g->depth++] = g->i++;
        g->want = c == '{' ? WANT_KEY_OR_END : WANT_VALUE_OR_END;
        return true;
    }
    if (c == '"') {
        if (!check_string(g))
            return false;
    } else if (c == '-' || (c >= '0' && c <= '9')) {
        if (!check_number(g))
            return false;
    } else if (!check_literal(g)) {
        return false;
    }
    g->want = after_value(g);
    return true;
}

static void end_container(struct grammar *g)
{
    g->depth--;
    g->i++;
    g->want = after_value(g);
}

/* The file ends although something is missing. */
static bool cut_short(struct grammar *g)
{
    long line, col;

    if (g->depth == 0)
        return fail(g->j, g->i, g->e,
                    "the file holds no value; a scenario is an object in { }");
    place(g->j, g->opened[g->depth - 1], &line, &col);
    return fail(g->j, g->i, g->e,
                "the file ends, but the \"%c\" of line %ld is not closed",
                g->open[g->depth - 1], line);
}

static bool check_key(struct grammar *g)
{
    char word[80];
    char c = g->j->text[g->i];

    if (c == '}' && g->want == WANT_KEY)
        return fail(g->j, g->i, g->e,
                    "expected a key after the comma; remove the comma");
    if (c != '"')
        return fail(g->j, g->i, g->e,
                    "expected a key in double quotes, found %s%s",
                    word_at(g->j, g->i, word, sizeof word),
                    c == '#' ? "; comments start with //" : "");
    if (!check_string(g))
        return false;
    g->want = WANT_COLON;
    return true;
}

static bool check_separator(struct grammar *g)
{
    char word[80];
    char c = g->j->text[g->i];
    char open = g->open[g->depth - 1];
    char close = open == '{' ? '}' : ']';

    if (c == close) {
        end_container(g);
        return true;
    }
    if (c != ',')
        return fail(g->j, g->i, g->e,
                    "expected \",\" or \"%c\", found %s; is a comma missing?",
                    close, word_at(g->j, g->i, word, sizeof word));
    g->i++;
    g->want = open == '{' ? WANT_KEY : WANT_VALUE;
    return true;
}

static bool check_token(struct grammar *g)
{
    const struct json *j = g->j;
    char word[80];
    char c = j->text[g->i];

    switch (g->want) {
    case WANT_KEY_OR_END:
    case WANT_VALUE_OR_END:
        if (c == (g->want == WANT_KEY_OR_END ? '}' : ']')) {
            end_container(g);
            return true;
        }
        return g->want == WANT_KEY_OR_END ? check_key(g) : begin_value(g);
    case WANT_KEY:
        return check_key(g);
    case WANT_VALUE:
        if (c == ']' && g->depth > 0 && g->open[g->depth - 1] == '[')
            return fail(j, g->i, g->e,
                        "expected a value after the comma; remove the comma");
        return begin_value(g);
    case WANT_COLON:
        if (c != ':')
            return fail(j, g->i, g->e, "expected \":\" after the key, found %s",
                        word_at(j, g->i, word, sizeof word));
        g->i++;
        g->want = WANT_VALUE;
        return true;
    case WANT_COMMA_OR_END:
        return check_separator(g);
    case WANT_NOTHING:
        break;
    }
    return fail(j, g->i, g->e, "text after the end: %s",
                word_at(j, g->i, word, sizeof word));
}

static bool check_grammar(const struct json *j, struct err *e)
{
    struct grammar g = { .j = j, .want = WANT_VALUE, .e = e };

    for (;;) {
        while (g.i < j->len && blank(j->text[g.i]))
            g.i++;
        if (g.i == j->len)
            return g.want == WANT_NOTHING || cut_short(&g);
        if (!check_token(&g))
            return false;
    }
}

/* ---- duplicate keys ---- */

struct member {
    const cJSON *c;
    size_t i;
};

static int by_key(const void *a, const void *b)
{
    const struct member *x = a, *y = b;
    int c = strcmp(x->c->string, y->c->string);

    return c != 0 ? c : x->i < y->i ? -1 : x->i > y->i;
}

/* The first member of OBJECT whose key stood before, or NULL. */
static const cJSON *find_duplicate(const cJSON *object)
{
    struct member *m;
    size_t n = 0;
    const struct member *best = NULL;
    const cJSON *found;

    for (const cJSON *c = object->child; c != NULL; c = c->next)
        n++;
    if (n < 2)
        return NULL;
    m = must_alloc(n * sizeof *m);
    n = 0;
    for (const cJSON *c = object->child; c != NULL; c = c->next, n++)
        m[n] = (struct member){ c, n };
    qsort(m, n, sizeof *m, by_key);
    for (size_t i = 1; i < n; i++) {
        if (strcmp(m[i - 1].c->string, m[i].c->string) == 0 &&
            (best == NULL || m[i].i < best->i))
            best = &m[i];
    }
    found = best != NULL ? best->c : NULL;
    free(m);
    return found;
}

/* Depth is bounded by JSON_MAX_DEPTH. */
static bool check_duplicates(const struct json *j, const cJSON *n,
                             struct err *e)
{
    const cJSON *twice = cJSON_IsObject(n) ? find_duplicate(n) : NULL;

    if (twice != NULL) {
        char path[200], key[80];
        long line, col;
        const struct json_node *w =
            (const struct json_node *)(const void *)twice;
        (void)json_locate(j, w, true, &line, &col);
        return err_at(e, ERR_CONTENT, j->name, line, col,
                      json_path(j, w, path, sizeof path),
                      "the key \"%s\" is given twice; keep one of them",
                      json_clean(twice->string, key, sizeof key));
    }
    for (const cJSON *c = n->child; c != NULL; c = c->next) {
        if (!check_duplicates(j, c, e))
            return false;
    }
    return true;
}

/* ---- documents ---- */

static struct json *document(const char *name, const char *text, size_t len)
{
    struct json *j = must_zalloc(1, sizeof *j);

    sha256_hex(text, len, j->sha256);
    /* a byte order mark is no part of the text */
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        len -= 3;
    }
    j->name = must_strdup(name);
    j->text = must_alloc(len + 1);
    memcpy(j->text, text, len);
    j->text[len] = '\0';
    j->len = len;
    return j;
}

/* Bytes left of the characters in blanked comments become blanks too, now
 * that nothing is placed by them any more: cJSON knows four blanks only. */
static char *for_cjson(const struct json *j)
{
    char *t = must_alloc(j->len + 1);
    size_t i = 0;

    memcpy(t, j->text, j->len + 1);
    while (i < j->len) {
        if (t[i] == '"') {
            i = skip_string(j, i);
        } else {
            if (((unsigned char)t[i] & 0x80) != 0)
                t[i] = ' ';
            i++;
        }
    }
    return t;
}

struct json *json_parse(const char *name, const char *text, size_t len,
                        struct err *e)
{
    struct json *j;
    char *clean;

    if (len > JSON_MAX_BYTES) {
        err_at(e, ERR_CONTENT, name, 0, 0, NULL,
               "the file is larger than %zu MiB; a scenario is small, traces "
               "and logs are files it names",
               JSON_MAX_BYTES >> 20);
        return NULL;
    }
    j = document(name, text, len);
    if (!decode(j, e) || !blank_comments(j, e) || !check_grammar(j, e)) {
        json_free(j);
        return NULL;
    }
    clean = for_cjson(j);
    j->root = cJSON_ParseWithLength(clean, j->len + 1);
    free(clean);
    if (j->root == NULL)
        must_oom();
    if (!check_duplicates(j, j->root, e)) {
        json_free(j);
        return NULL;
    }
    return j;
}

struct json *json_load(const char *path, struct err *e)
{
    bool is_stdin = strcmp(path, "-") == 0;
    FILE *f = is_stdin ? stdin : fopen(path, "rb");
    char *text = NULL;
    size_t len = 0, size = 0, got;
    struct json *j;

    if (f == NULL) {
        err_at(e, ERR_IO, path, 0, 0, NULL, "cannot open: %s", strerror(errno));
        return NULL;
    }
    do {
        if (len == size)
            text = must_realloc(text, 1, size = size == 0 ? 16384 : 2 * size);
        errno = 0;
        got = fread(text + len, 1, size - len, f);
        len += got;
    } while (got > 0 && len <= JSON_MAX_BYTES);
    if (ferror(f)) {
        err_at(e, ERR_IO, path, 0, 0, NULL, "cannot read: %s", strerror(errno));
        j = NULL;
    } else {
        j = json_parse(path, text, len, e);
    }
    if (!is_stdin)
        (void)fclose(f);
    free(text);
    return j;
}

void json_free(struct json *j)
{
    if (j == NULL)
        return;
    cJSON_Delete(j->root);
    free(j->origins);
    free(j->text);
    free(j->name);
    free(j);
}

const char *json_sha256(const struct json *j)
{
    return j->sha256;
}

const char *json_name(const struct json *j)
{
    return j->name;
}

/* ---- nodes ---- */

struct json_node *json_root(const struct json *j)
{
    return wrap(j->root);
}

enum json_type json_type(const struct json_node *n)
{
    const cJSON *c = node_c(n);

    return cJSON_IsObject(c)   ? JSON_OBJECT
           : cJSON_IsArray(c)  ? JSON_LIST
           : cJSON_IsString(c) ? JSON_STRING
           : cJSON_IsNumber(c) ? JSON_NUMBER
           : cJSON_IsBool(c)   ? JSON_BOOL
                               : JSON_NULL;
}

const char *json_key(const struct json_node *n)
{
    return node_c(n)->string;
}

struct json_node *json_first(const struct json_node *n)
{
    return wrap(node_c(n)->child);
}

struct json_node *json_next(const struct json_node *n)
{
    return wrap(node_c(n)->next);
}

size_t json_len(const struct json_node *n)
{
    size_t k = 0;

    for (const cJSON *c = node_c(n)->child; c != NULL; c = c->next)
        k++;
    return k;
}

struct json_node *json_get(const struct json_node *n, const char *key)
{
    for (cJSON *c = node_c(n)->child; c != NULL; c = c->next) {
        if (c->string != NULL && strcmp(c->string, key) == 0)
            return wrap(c);
    }
    return NULL;
}

struct json_node *json_at(const struct json_node *n, size_t i)
{
    cJSON *c = node_c(n)->child;

    for (; c != NULL && i > 0; i--)
        c = c->next;
    return wrap(c);
}

const char *json_string(const struct json_node *n)
{
    return cJSON_IsString(node_c(n)) ? node_c(n)->valuestring : NULL;
}

double json_number(const struct json_node *n)
{
    return cJSON_IsNumber(node_c(n)) ? node_c(n)->valuedouble : 0;
}

bool json_bool(const struct json_node *n)
{
    return cJSON_IsTrue(node_c(n));
}

/* ---- where a node is ---- */

#define CHAIN_MAX (JSON_MAX_DEPTH + 40)

/* The nodes from below the root to TARGET in CHAIN; its length, or -1. The
 * root's chain is empty. Depth is bounded. */
static int find_chain(const cJSON *from, const cJSON *target,
                      const cJSON **chain, int depth)
{
    if (from == target)
        return depth;
    if (depth == CHAIN_MAX)
        return -1;
    for (const cJSON *c = from->child; c != NULL; c = c->next) {
        int n;
        chain[depth] = c;
        n = find_chain(c, target, chain, depth + 1);
        if (n >= 0)
            return n;
    }
    return -1;
}

static size_t index_of(const cJSON *parent, const cJSON *child)
{
    size_t i = 0;

    for (const cJSON *c = parent->child; c != child; c = c->next)
        i++;
    return i;
}

static bool plain_key(const char *s)
{
    if (*s == '\0')
        return false;
    for (; *s != '\0'; s++) {
        if (!(*s >= 'a' && *s <= 'z') && !(*s >= 'A' && *s <= 'Z') &&
            !(*s >= '0' && *s <= '9') && *s != '_' && *s != '$')
            return false;
    }
    return true;
}

char *json_path(const struct json *j, const struct json_node *n, char *buf,
                size_t size)
{
    const cJSON *chain[CHAIN_MAX];
    int len = find_chain(j->root, node_c(n), chain, 0);
    const cJSON *parent = j->root;
    size_t used = (size_t)snprintf(buf, size, "$");

    for (int i = 0; i < len && used < size; i++) {
        char key[80];
        int more;
        if (!cJSON_IsObject(parent))
            more = snprintf(buf + used, size - used, "[%zu]",
                            index_of(parent, chain[i]));
        else if (plain_key(chain[i]->string) && strlen(chain[i]->string) < 60)
            more = snprintf(buf + used, size - used, ".%s", chain[i]->string);
        else
            more = snprintf(buf + used, size - used, "[\"%s\"]",
                            json_clean(chain[i]->string, key, sizeof key));
        used += (size_t)more;
        parent = chain[i];
    }
    return buf;
}

static size_t skip_blank(const struct json *j, size_t i)
{
    while (i < j->len && blank(j->text[i]))
        i++;
    return i;
}

/* Behind the value that starts at I, in text that passed check_grammar(). */
static size_t skip_value(const struct json *j, size_t i)
{
    size_t depth = 0;

    do {
        char c = j->text[i];
        if (c == '"') {
            i = skip_string(j, i);
        } else if (c == '{' || c == '[') {
            depth++;
            i++;
        } else if (c == '}' || c == ']') {
            depth--;
            i++;
        } else if (depth > 0) {
            i++;
        } else {
            while (i < j->len && strchr(",]} \t\r\n", j->text[i]) == NULL)
                i++;
        }
    } while (depth > 0 && i < j->len);
    return i;
}

bool json_locate(const struct json *j, const struct json_node *n, bool key,
                 long *line, long *col)
{
    const cJSON *chain[CHAIN_MAX];
    int len = find_chain(j->root, node_c(n), chain, 0);
    const cJSON *parent = j->root;
    size_t at = skip_blank(j, 0);
    size_t key_at = at;

    *line = *col = 0;
    if (len < 0 || json_origin(j, n) != NULL)
        return false;
    for (int i = 0; i < len; i++) {
        bool object = j->text[at] == '{';
        at = skip_blank(j, at + 1);
        for (size_t skip = index_of(parent, chain[i]);; skip--) {
            key_at = at;
            if (object) {
                at = skip_blank(j, skip_string(j, at)); /* the colon */
                at = skip_blank(j, at + 1);
            }
            if (skip == 0)
                break;
            at = skip_blank(j, skip_value(j, at)); /* the comma */
            at = skip_blank(j, at + 1);
        }
        parent = chain[i];
    }
    place(j, key ? key_at : at, line, col);
    return true;
}

char *json_clean(const char *s, char *buf, size_t size)
{
    size_t n = 0;

    for (; *s != '\0' && n + 4 < size; s++)
        buf[n++] = (unsigned char)*s < 0x20 || *s == 0x7f ? '?' : *s;
    if (*s != '\0') {
        /* not in the middle of a character */
        while (n > 0 && ((unsigned char)*s & 0xc0) == 0x80) {
            s--;
            n--;
        }
        memcpy(buf + n, "...", 3);
        n += 3;
    }
    buf[n] = '\0';
    return buf;
}

char *json_show(const struct json_node *n, char *buf, size_t size)
{
    const char *s = json_string(n);
    size_t len;

    switch (json_type(n)) {
    case JSON_STRING:
        buf[0] = '"';
        json_clean(s, buf + 1, size - 2);
        len = strlen(buf);
        buf[len] = '"';
        buf[len + 1] = '\0';
        break;
    case JSON_NUMBER:
        (void)snprintf(buf, size, "%.15g", json_number(n));
        break;
    case JSON_BOOL:
        (void)snprintf(buf, size, "%s", json_bool(n) ? "true" : "false");
        break;
    case JSON_NULL:
        (void)snprintf(buf, size, "null");
        break;
    case JSON_LIST:
        (void)snprintf(buf, size, "a list");
        break;
    case JSON_OBJECT:
        (void)snprintf(buf, size, "an object");
        break;
    }
    return buf;
}

/* ---- putting values in ---- */

struct json_node *json_value(const char *text)
{
    size_t len = strlen(text);
    cJSON *c = NULL;
    struct err e;
    struct json *j;

    err_init(&e);
    j = json_parse("", text, len, &e);
    if (j != NULL) {
        c = j->root;
        j->root = NULL;
        json_free(j);
    } else {
        c = cJSON_CreateString(text);
    }
    err_clear(&e);
    if (c == NULL)
        must_oom();
    return wrap(c);
}

struct json_node *json_object(void)
{
    cJSON *c = cJSON_CreateObject();

    if (c == NULL)
        must_oom();
    return wrap(c);
}

/* Forgets the origins of what lies in a node about to be deleted. */
static void forget(struct json *j, const cJSON *gone)
{
    const cJSON *chain[CHAIN_MAX];
    size_t n = 0;

    for (size_t i = 0; i < j->norigins; i++) {
        if (find_chain(gone, j->origins[i].node, chain, 0) < 0)
            j->origins[n++] = j->origins[i];
    }
    j->norigins = n;
}

static void remember(struct json *j, const cJSON *node, const char *arg)
{
    j->origins = must_realloc(j->origins, j->norigins + 1, sizeof *j->origins);
    j->origins[j->norigins++] = (struct origin){ node, arg };
}

void json_put(struct json *j, struct json_node *object, const char *key,
              struct json_node *value, const char *origin)
{
    cJSON *o = node_m(object);
    struct json_node *old = json_get(object, key);

    if (old != NULL) {
        forget(j, node_c(old));
        if (!cJSON_ReplaceItemInObjectCaseSensitive(o, key, node_m(value)))
            must_oom();
    } else if (!cJSON_AddItemToObject(o, key, node_m(value))) {
        must_oom();
    }
    remember(j, node_c(value), origin);
}

void json_put_at(struct json *j, struct json_node *list, size_t i,
                 struct json_node *value, const char *origin)
{
    forget(j, node_c(json_at(list, i)));
    if (!cJSON_ReplaceItemInArray(node_m(list), (int)i, node_m(value)))
        must_oom();
    remember(j, node_c(value), origin);
}

const char *json_origin(const struct json *j, const struct json_node *n)
{
    const cJSON *chain[CHAIN_MAX];
    int len = 0;

    if (j->norigins > 0)
        len = find_chain(j->root, node_c(n), chain, 0);
    for (int k = len; k >= 1; k--) {
        for (size_t i = j->norigins; i-- > 0;) {
            if (j->origins[i].node == chain[k - 1])
                return j->origins[i].arg;
        }
    }
    return NULL;
}
