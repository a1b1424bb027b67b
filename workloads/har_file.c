/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workloads/har_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "sim/must.h"
#include "workloads/log_format.h"
#include "workloads/number.h"

#define MAX_DEPTH   100
#define MAX_ENTRIES 10000000
#define TEXT        512 /* of a string or number, the rest is read past */
#define BUFFER      65536

/* Where values of interest lie: $.log.entries[i] is at depth 4. */
#define ENTRY 4

struct entry {
    struct log_item item;
    uint64_t host;
    char name[128];                      /* of the host */
    int64_t started, time, wait, before; /* ns; time and wait -1 */
    int64_t head, body, sent, content;   /* -1: not known */
    bool has_start;
};

struct reader {
    const char *path;
    gzFile in;
    struct err *e;
    unsigned char buf[BUFFER];
    int at, have;
    long line;
    int depth;
    char key[MAX_DEPTH + 2][32]; /* of the member that is being read */
    char text[TEXT];             /* the last string or number */
    size_t len;
    struct entry entry;
    struct entry *v;
    size_t n, cap;
    int conns;
};

/* ---- bytes ---- */

static int peek(struct reader *r)
{
    if (r->at == r->have) {
        r->have = gzread(r->in, r->buf, BUFFER);
        r->at = 0;
        if (r->have <= 0) {
            int code;
            const char *text = gzerror(r->in, &code);
            r->have = 0;
            if (code != Z_OK && code != Z_STREAM_END)
                err_at(r->e, ERR_IO, r->path, r->line, 0, NULL,
                       "cannot read: %s",
                       code == Z_ERRNO ? strerror(errno) : text);
            return -1;
        }
    }
    return r->buf[r->at];
}

static int take(struct reader *r)
{
    int c = peek(r);
    if (c >= 0)
        r->at++;
    if (c == '\n')
        r->line++;
    return c;
}

static int skip_space(struct reader *r)
{
    int c;
    while ((c = peek(r)) == ' ' || c == '\t' || c == '\n' || c == '\r')
        (void)take(r);
    return c;
}

static bool broken(struct reader *r, const char *what)
{
    return err_at(r->e, ERR_CONTENT, r->path, r->line, 0, NULL,
                  "not a HAR file: %s", what);
}

/* ---- values ---- */

static void put(struct reader *r, int c)
{
    if (r->len + 1 < TEXT)
        r->text[r->len++] = (char)c;
}

/* A string, behind its opening quote. Escapes of characters beyond ASCII
 * become '?': nothing that is kept has any. */
static bool read_string(struct reader *r)
{
    r->len = 0;
    for (;;) {
        int c = take(r);
        if (c < 0)
            return broken(r, "the file ends inside a string");
        if (c == '"')
            break;
        if (c == '\\') {
            c = take(r);
            if (c == 'u') {
                for (int i = 0; i < 4; i++)
                    (void)take(r);
                c = '?';
            }
        }
        put(r, c);
    }
    r->text[r->len] = '\0';
    return true;
}

/* A number or true, false, null. */
static bool read_word(struct reader *r)
{
    int c;
    r->len = 0;
    while ((c = peek(r)) > ' ' && c != ',' && c != '}' && c != ']' && c != ':')
        put(r, take(r));
    r->text[r->len] = '\0';
    return r->len > 0 || broken(r, "a value is missing");
}

static bool path_is(const struct reader *r, int depth, const char *a,
                    const char *b)
{
    return r->depth == depth && strcmp(r->key[ENTRY], a) == 0 &&
           (!b || strcmp(r->key[ENTRY + 1], b) == 0);
}

static bool in_entry(const struct reader *r)
{
    return r->depth >= ENTRY && strcmp(r->key[1], "log") == 0 &&
           strcmp(r->key[2], "entries") == 0;
}

/* ---- entries ---- */

static void put_start(struct reader *r)
{
    struct err e;
    struct arena *a = arena_new();
    const struct log_format *f;
    struct logline l;
    char *dot = memchr(r->text, '.', r->len);
    int64_t ns = 0, scale = SIM_S;
    err_init(&e);
    if (dot) { /* the fraction lies in front of the zone */
        char *s = dot + 1;
        for (; *s >= '0' && *s <= '9'; s++) {
            scale /= 10;
            ns += (*s - '0') * scale;
        }
        memmove(dot, s, strlen(s) + 1);
    }
    f = log_format_new("$time_iso8601", a, &e);
    if (f && log_format_parse(f, r->text, strlen(r->text), &l) == LOGLINE_OK) {
        r->entry.started = l.t * SIM_S + ns;
        r->entry.has_start = true;
    }
    err_clear(&e);
    arena_free(a);
}

static void put_url(struct reader *r)
{
    const char *s = strstr(r->text, "://");
    size_t n;
    r->entry.item.tls =
        strncmp(r->text, "https", 5) == 0 || strncmp(r->text, "wss", 3) == 0;
    s = s ? s + 3 : r->text;
    n = strcspn(s, "/?#");
    r->entry.host = logline_hash(s, n);
    if (n >= sizeof r->entry.name)
        n = sizeof r->entry.name - 1;
    memcpy(r->entry.name, s, n);
    r->entry.name[n] = '\0';
}

static int protocol(const char *s)
{
    if ((s[0] | 32) == 'h' && s[1] >= '2' && s[1] <= '3')
        return (s[1] - '0') * 10;
    if (strncmp(s, "HTTP/", 5) == 0 || strncmp(s, "http/", 5) == 0)
        return (s[5] - '0') * 10 + (s[5] && s[6] == '.' ? s[7] - '0' : 0);
    return 11;
}

/* The number read last times 10^SCALE; -1 when it is none, or negative. */
static int64_t number(const struct reader *r, int scale)
{
    int64_t v;
    return number_parse(r->text, r->len, scale, &v) == NUMBER_OK ? v : -1;
}

static void add_before(struct reader *r)
{
    int64_t v = number(r, 6);
    if (v > 0 && v < 3600 * SIM_S)
        r->entry.before += v;
}

/* A string, number or word has been read. */
static void put_value(struct reader *r)
{
    struct entry *x = &r->entry;
    const char *sub = r->key[ENTRY + 1];
    if (!in_entry(r))
        return;
    if (path_is(r, ENTRY, "startedDateTime", NULL)) {
        put_start(r);
    } else if (path_is(r, ENTRY, "time", NULL)) {
        x->time = number(r, 6);
    } else if (path_is(r, ENTRY, "connection", NULL)) {
        if (r->len > 0 && strcmp(r->text, "0") != 0 &&
            strcmp(r->text, "null") != 0)
            x->item.conn = logline_hash(r->text, r->len);
    } else if (path_is(r, ENTRY + 1, "request", NULL)) {
        if (strcmp(sub, "url") == 0)
            put_url(r);
        else if (strcmp(sub, "method") == 0)
            x->item.post = strcmp(r->text, "POST") == 0 ||
                           strcmp(r->text, "PUT") == 0 ||
                           strcmp(r->text, "PATCH") == 0;
        else if (strcmp(sub, "headersSize") == 0)
            x->head = number(r, 0);
        else if (strcmp(sub, "bodySize") == 0)
            x->body = number(r, 0);
    } else if (path_is(r, ENTRY + 1, "response", NULL)) {
        if (strcmp(sub, "bodySize") == 0)
            x->sent = number(r, 0);
        else if (strcmp(sub, "httpVersion") == 0)
            x->item.http = (uint8_t)protocol(r->text);
    } else if (path_is(r, ENTRY + 2, "response", "content")) {
        if (strcmp(r->key[ENTRY + 2], "size") == 0)
            x->content = number(r, 0);
    } else if (path_is(r, ENTRY + 1, "timings", NULL)) {
        if (strcmp(sub, "wait") == 0)
            x->wait = number(r, 6);
        else if (strcmp(sub, "blocked") == 0 || strcmp(sub, "dns") == 0 ||
                 strcmp(sub, "connect") == 0 || strcmp(sub, "send") == 0)
            add_before(r);
    }
}

static void begin_entry(struct reader *r)
{
    r->entry = (struct entry){ .time = -1,
                               .wait = -1,
                               .head = -1,
                               .body = -1,
                               .sent = -1,
                               .content = -1 };
    r->entry.item =
        (struct log_item){ .service = -1, .in = -1, .number = -1, .http = 11 };
}

static bool end_entry(struct reader *r)
{
    struct entry *x = &r->entry;
    if (!x->has_start || x->name[0] == '\0')
        return true; /* a request that was never sent */
    if (r->n == MAX_ENTRIES)
        return broken(r, "more than 10 million requests");
    if (r->n == r->cap) {
        r->cap = r->cap ? r->cap * 2 : 256;
        r->v = must_realloc(r->v, r->cap, sizeof *r->v);
    }
    x->item.t = x->started + x->before;
    x->item.service = x->wait >= 0 ? x->wait : x->time;
    x->item.bytes = x->sent > 0 ? x->sent : x->content > 0 ? x->content : 0;
    if (x->head > 0)
        x->item.in = x->head + (x->body > 0 ? x->body : 0);
    x->item.host = x->host;
    r->v[r->n++] = *x;
    return true;
}

/* ---- the document ---- */

static bool read_value(struct reader *r);

static bool read_members(struct reader *r, bool object)
{
    bool entry = object && r->depth == ENTRY && in_entry(r);
    int c = skip_space(r);
    if (entry)
        begin_entry(r);
    if (c == (object ? '}' : ']')) {
        (void)take(r);
        return true;
    }
    for (;;) {
        char *key = r->key[r->depth];
        key[0] = '\0';
        if (object) {
            if (skip_space(r) != '"')
                return broken(r, "a key must come here");
            (void)take(r);
            if (!read_string(r))
                return false;
            strncpy(key, r->text, sizeof r->key[0] - 1);
            key[sizeof r->key[0] - 1] = '\0';
            if (skip_space(r) != ':')
                return broken(r, "\":\" is missing");
            (void)take(r);
        }
        if (!read_value(r))
            return false;
        c = skip_space(r);
        (void)take(r);
        if (c == (object ? '}' : ']'))
            break;
        if (c != ',')
            return broken(r, c < 0 ? "the file ends too early"
                                   : "\",\" is missing");
    }
    return !entry || end_entry(r);
}

static bool read_value(struct reader *r)
{
    int c = skip_space(r);
    bool ok;
    if (c == '{' || c == '[') {
        if (r->depth == MAX_DEPTH)
            return broken(r, "nested more than 100 deep");
        (void)take(r);
        r->depth++;
        ok = read_members(r, c == '{');
        r->depth--;
        return ok;
    }
    if (c == '"') {
        (void)take(r);
        ok = read_string(r);
    } else {
        ok = read_word(r);
    }
    if (ok)
        put_value(r);
    return ok;
}

bool har_looks_like(const char *path)
{
    struct stat st;
    unsigned char c[64];
    int n, i = 0;
    gzFile in;
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return false; /* a pipe can be read but once */
    in = gzopen(path, "rb");
    if (!in)
        return false;
    n = gzread(in, c, sizeof c);
    gzclose(in);
    if (n >= 3 && memcmp(c, "\xef\xbb\xbf", 3) == 0)
        i = 3;
    while (i < n &&
           (c[i] == ' ' || c[i] == '\t' || c[i] == '\n' || c[i] == '\r'))
        i++;
    if (i == n || c[i] != '{')
        return false;
    for (i++;
         i < n && (c[i] == ' ' || c[i] == '\t' || c[i] == '\n' || c[i] == '\r');
         i++)
        ;
    return n - i >= 5 && memcmp(c + i, "\"log\"", 5) == 0;
}

/* The host with the most requests; of equal ones the first. */
static size_t main_host(const struct reader *r)
{
    size_t best = 0, most = 0;
    for (size_t i = 0; i < r->n; i++) {
        size_t n = 0;
        bool seen = false;
        if (r->v[i].host == r->v[best].host && most > 0)
            continue;
        for (size_t j = 0; j < r->n; j++) {
            if (r->v[j].host == r->v[i].host) {
                seen = seen || j < i;
                n++;
            }
        }
        if (!seen && n > most) {
            best = i;
            most = n;
        }
        if (i >= 1000)
            break; /* one of the first thousand */
    }
    return best;
}

static bool choose(struct reader *r, struct har *h)
{
    uint64_t host;
    size_t best;
    if (r->n == 0)
        return err_at(r->e, ERR_CONTENT, r->path, 0, 0, NULL,
                      "the HAR file holds no requests");
    best = main_host(r);
    host = r->v[best].host;
    *h = (struct har){ .conns = true, .host = must_strdup(r->v[best].name) };
    h->item = must_alloc(r->n * sizeof *h->item);
    for (size_t i = 0; i < r->n; i++) {
        const struct log_item *x = &r->v[i].item;
        if (r->v[i].host != host) {
            h->others++;
            continue;
        }
        h->conns = h->conns && x->conn != 0;
        h->multiplexed = h->multiplexed || x->http >= 20;
        h->item[h->n++] = *x;
    }
    return true;
}

bool har_read(const char *path, struct har *h, struct err *e)
{
    struct reader *r = must_zalloc(1, sizeof *r);
    bool ok = false;
    r->path = path;
    r->e = e;
    r->line = 1;
    r->in = gzopen(path, "rb");
    if (!r->in) {
        err_at(e, ERR_IO, path, 0, 0, NULL, "cannot open: %s", strerror(errno));
    } else {
        if (peek(r) == 0xef) /* a byte order mark */
            for (int i = 0; i < 3; i++)
                (void)take(r);
        ok = read_value(r) && e->kind == ERR_NONE && choose(r, h);
        gzclose(r->in);
    }
    free(r->v);
    free(r);
    return ok;
}
