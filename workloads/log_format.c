/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workloads/log_format.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "sim/simtime.h"

#define MAX_PARTS 64
#define MAX_TEXT  4096
/* What stands in front of a body on the wire, where only the sum is logged. */
#define HEAD_BYTES 150
/* Numbers beyond this are none: nothing here lasts or is as long. */
#define MAX_NUMBER 100000000000000000
#define MAX_BYTES  1000000000000000

/* Kinds of fields. */
enum {
    K_TEXT, /* passed over */
    K_HOST,
    K_REQUEST,
    K_METHOD,
    K_PROTOCOL,
    K_STATUS,
    K_BYTES,
    K_OUT,
    K_IN,
    K_BOTH,    /* %S */
    K_SERVICE, /* a decimal number in units of `scale` ns */
    K_NUMBER,
    K_NUMBER1, /* counts from 1 */
    K_CONN,
    K_PID,
    K_THREAD,
    K_PEER_PORT,
    K_PORT,
    K_AFTER,
    K_TLS,   /* "-" or empty: plain */
    K_WORD,  /* nginx's $https, $scheme */
    K_CLF,   /* [01/Jul/1995:00:00:01 -0400] */
    K_LOCAL, /* the same without brackets */
    K_ISO,
    K_EPOCH,    /* in units of `scale` ns, with a fraction */
    K_FRACTION, /* of a second, in units of `scale` ns */
    K_STRFTIME
};

struct part {
    int kind;
    int64_t scale;
    const char *strftime; /* K_STRFTIME */
    const char *text;     /* stands behind the field; for a field that is
                             text, up to and with what follows at once */
    size_t len;
};

struct log_format {
    const char *name, *service;
    unsigned tells;
    bool simple; /* logline_parse() does it */
    const char *front;
    size_t front_len;
    struct part part[MAX_PARTS];
    size_t n;
};

/* ---- the formats that have names ---- */

static const char *const named[][2] = {
    { "common", "%h %l %u %t \"%r\" %>s %b" },
    { "combined", "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" "
                  "\"%{User-Agent}i\"" },
    { "vhost_common", "%v:%p %h %l %u %t \"%r\" %>s %b" },
    { "vhost_combined", "%v:%p %h %l %u %t \"%r\" %>s %O \"%{Referer}i\" "
                        "\"%{User-Agent}i\"" },
    { "combinedio", "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" "
                    "\"%{User-Agent}i\" %I %O" },
};
#define NAMED (sizeof named / sizeof *named)

/* ---- the fields of httpd ---- */

struct field {
    const char *name;
    int kind;
    int64_t scale;
    unsigned tells;
};

/* %X and %{...}X: a name alone, or the letter in front of its argument. */
static const struct field httpd_fields[] = {
    { "h", K_HOST, 0, LOG_TELLS_HOST },
    { "a", K_HOST, 0, LOG_TELLS_HOST },
    { "a:c", K_HOST, 0, LOG_TELLS_HOST },
    { "h:c", K_HOST, 0, LOG_TELLS_HOST },
    { "r", K_REQUEST, 0, LOG_TELLS_PROTOCOL },
    { "m", K_METHOD, 0, 0 },
    { "H", K_PROTOCOL, 0, LOG_TELLS_PROTOCOL },
    { "s", K_STATUS, 0, 0 },
    { "b", K_BYTES, 0, LOG_TELLS_BYTES },
    { "B", K_BYTES, 0, LOG_TELLS_BYTES },
    { "O", K_OUT, 0, LOG_TELLS_OUT },
    { "I", K_IN, 0, LOG_TELLS_IN },
    { "S", K_BOTH, 0, LOG_TELLS_OUT },
    { "D", K_SERVICE, SIM_US, LOG_TELLS_SERVICE },
    { "T", K_SERVICE, SIM_S, LOG_TELLS_SERVICE_S },
    { "T:s", K_SERVICE, SIM_S, LOG_TELLS_SERVICE_S },
    { "T:ms", K_SERVICE, SIM_MS, LOG_TELLS_SERVICE },
    { "T:us", K_SERVICE, SIM_US, LOG_TELLS_SERVICE },
    { "k", K_NUMBER, 0, LOG_TELLS_NUMBER },
    { "X", K_AFTER, 0, LOG_TELLS_AFTER },
    { "P", K_PID, 0, 0 },
    { "P:pid", K_PID, 0, 0 },
    { "P:tid", K_THREAD, 0, LOG_TELLS_THREAD },
    { "P:hextid", K_THREAD, 0, LOG_TELLS_THREAD },
    { "L", K_TEXT, 0, 0 },
    { "L:c", K_CONN, 0, LOG_TELLS_CONN },
    { "p", K_PORT, 0, 0 },
    { "p:canonical", K_PORT, 0, 0 },
    { "p:local", K_PORT, 0, 0 },
    { "p:remote", K_PEER_PORT, 0, LOG_TELLS_PEER },
    { "x:SSL_PROTOCOL", K_TLS, 0, 0 },
    { "c:SSL_PROTOCOL", K_TLS, 0, 0 },
    { "c:version", K_TLS, 0, 0 },
    { "t", K_CLF, 0, 0 },
    { NULL, K_TEXT, 0, 0 }
};

static const struct field nginx_fields[] = {
    { "remote_addr", K_HOST, 0, LOG_TELLS_HOST },
    { "binary_remote_addr", K_HOST, 0, LOG_TELLS_HOST },
    { "remote_port", K_PEER_PORT, 0, LOG_TELLS_PEER },
    { "time_local", K_LOCAL, 0, LOG_STAMPS_END },
    { "time_iso8601", K_ISO, 0, LOG_STAMPS_END },
    { "msec", K_EPOCH, SIM_S, LOG_STAMPS_END | LOG_TELLS_FRACTION },
    { "request", K_REQUEST, 0, LOG_TELLS_PROTOCOL },
    { "request_method", K_METHOD, 0, 0 },
    { "server_protocol", K_PROTOCOL, 0, LOG_TELLS_PROTOCOL },
    { "status", K_STATUS, 0, 0 },
    { "body_bytes_sent", K_BYTES, 0, LOG_TELLS_BYTES },
    { "bytes_sent", K_OUT, 0, LOG_TELLS_OUT },
    { "request_length", K_IN, 0, LOG_TELLS_IN },
    { "request_time", K_SERVICE, SIM_S, LOG_TELLS_SERVICE },
    { "connection", K_CONN, 0, LOG_TELLS_CONN },
    { "connection_requests", K_NUMBER1, 0, LOG_TELLS_NUMBER },
    { "server_port", K_PORT, 0, 0 },
    { "ssl_protocol", K_TLS, 0, 0 },
    { "https", K_WORD, 0, 0 },
    { "scheme", K_WORD, 0, 0 },
    { NULL, K_TEXT, 0, 0 }
};

static const struct field *find_field(const struct field *table,
                                      const char *name)
{
    while (table->name && strcmp(table->name, name) != 0)
        table++;
    return table->name ? table : NULL;
}

/* ---- reading a format ---- */

struct build {
    struct log_format *f;
    struct arena *a;
    struct err *e;
    char text[MAX_TEXT]; /* what stands behind the last part so far */
    size_t len;
    bool failed;
};

static void fail(struct build *b, const char *what, const char *which)
{
    b->failed = true;
    err_set(b->e, ERR_CONTENT, "log_format: %s%s", what, which);
}

static void add_char(struct build *b, char c)
{
    if (b->len + 1 >= sizeof b->text)
        fail(b, "too long", "");
    else
        b->text[b->len++] = c;
}

/* The text collected belongs behind the last field. */
static void end_text(struct build *b)
{
    struct log_format *f = b->f;
    const char *text = arena_strndup(b->a, b->text, b->len);
    if (f->n == 0) {
        f->front = text;
        f->front_len = b->len;
    } else {
        f->part[f->n - 1].text = text;
        f->part[f->n - 1].len = b->len;
    }
    b->len = 0;
}

static bool is_number(int k)
{
    return k == K_STATUS || (k >= K_BYTES && k <= K_SERVICE) || k == K_NUMBER ||
           k == K_NUMBER1 || k == K_EPOCH || k == K_FRACTION || k == K_PID ||
           k == K_PORT || k == K_PEER_PORT;
}

static bool is_time(int k)
{
    return k >= K_CLF;
}

/* Fields that know by themselves where they end. */
static bool ends_itself(int k)
{
    return is_number(k) || is_time(k) || k == K_AFTER;
}

static void add_part(struct build *b, struct part p, unsigned tells)
{
    struct log_format *f = b->f;
    struct part *last = f->n > 0 ? &f->part[f->n - 1] : NULL;
    if (last && b->len == 0 && !ends_itself(last->kind)) {
        /* such as %U%q: two texts are one */
        if (last->kind == K_TEXT && !ends_itself(p.kind)) {
            *last = p;
            f->tells |= tells;
            return;
        }
        if (p.kind == K_TEXT)
            return;
        fail(b, "two fields with nothing between them cannot be told apart",
             "");
        return;
    }
    end_text(b);
    if (f->n == MAX_PARTS) {
        fail(b, "too many fields", "");
        return;
    }
    f->part[f->n++] = p;
    f->tells |= tells;
}

static void add_field(struct build *b, const struct field *x, const char *name)
{
    struct part p = { .kind = K_TEXT };
    if (!x) {
        add_part(b, p, 0);
        return;
    }
    p.kind = x->kind;
    p.scale = x->scale;
    if (x->tells & (LOG_TELLS_SERVICE | LOG_TELLS_SERVICE_S)) {
        /* the finer of two */
        if (b->f->tells & LOG_TELLS_SERVICE)
            p.kind = K_TEXT;
        else
            b->f->service = arena_strdup(b->a, name);
    }
    add_part(b, p, x->tells);
}

/* %{ARG}t. */
static void add_time(struct build *b, const char *arg)
{
    static const struct field epochs[] = {
        { "msec", K_EPOCH, SIM_MS, LOG_TELLS_FRACTION },
        { "usec", K_EPOCH, SIM_US, LOG_TELLS_FRACTION },
        { "msec_frac", K_FRACTION, SIM_MS, LOG_TELLS_FRACTION },
        { "usec_frac", K_FRACTION, SIM_US, LOG_TELLS_FRACTION },
        { NULL, K_TEXT, 0, 0 }
    };
    const struct field *x;
    unsigned end = 0;
    if (strncmp(arg, "begin:", 6) == 0)
        arg += 6;
    else if (strncmp(arg, "end:", 4) == 0) {
        arg += 4;
        end = LOG_STAMPS_END;
    }
    if (strcmp(arg, "sec") == 0)
        arg = "%s"; /* whole: a fraction may be a field of its own */
    x = find_field(epochs, arg);
    if (x)
        add_part(b, (struct part){ .kind = x->kind, .scale = x->scale },
                 x->tells | end);
    else if (*arg == '\0')
        add_part(b, (struct part){ .kind = K_CLF }, end);
    else
        add_part(b,
                 (struct part){ .kind = K_STRFTIME,
                                .strftime = arena_strdup(b->a, arg) },
                 end);
}

/* One field of httpd, of which S is the % in front; returns what is behind. */
static const char *httpd_field(struct build *b, const char *s)
{
    static const char letters[] = "aABbCDefHhIikLlmnoOpPqrRsSTtUuvVXx";
    const char *begin = s++;
    char arg[256] = "", name[300];
    if (*s == '%') {
        add_char(b, '%');
        return s + 1;
    }
    while (*s && strchr("!,<>0123456789", *s))
        s++;
    if (*s == '{') {
        const char *end = strchr(s, '}');
        if (!end || (size_t)(end - s) >= sizeof arg) {
            fail(b, "no } behind ", begin);
            return "";
        }
        memcpy(arg, s + 1, (size_t)(end - s - 1));
        arg[end - s - 1] = '\0';
        s = end + 1;
        while (*s && strchr("<>", *s))
            s++;
    }
    if (*s == '^') { /* %^FB and the trailers */
        if (!s[1] || !s[2]) {
            fail(b, "no such field: ", begin);
            return "";
        }
        add_field(b, NULL, "");
        return s + 3;
    }
    if (!*s || (!strchr(letters, *s) && *s != 'c')) {
        fail(b, "httpd has no field ", begin);
        return "";
    }
    if (*s == 't' && arg[0]) {
        add_time(b, arg);
        return s + 1;
    }
    snprintf(name, sizeof name, arg[0] ? "%c:%s" : "%c", *s, arg);
    {
        const struct field *x = find_field(httpd_fields, name);
        if (!x && arg[0] && strchr("TP", *s)) {
            fail(b, "no such argument: ", begin);
            return "";
        }
        snprintf(name, sizeof name, arg[0] ? "%%{%s}%c" : "%%%.0s%c", arg, *s);
        add_field(b, x, name);
    }
    return s + 1;
}

static const char *nginx_field(struct build *b, const char *s)
{
    char name[128];
    size_t n = 0;
    bool braced = s[1] == '{';
    s += braced ? 2 : 1;
    while ((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
           (*s >= '0' && *s <= '9') || *s == '_') {
        if (n + 1 < sizeof name)
            name[n++] = *s;
        s++;
    }
    name[n] = '\0';
    if (n == 0 || (braced && *s != '}')) {
        fail(b, "no name of a variable behind $", "");
        return "";
    }
    {
        char shown[sizeof name + 1];
        snprintf(shown, sizeof shown, "$%s", name);
        add_field(b, find_field(nginx_fields, name), shown);
    }
    return s + (braced ? 1 : 0);
}

/* The words of a whole line LogFormat "..." name or log_format name '...' '...'
 * put together, or TEXT itself. */
static const char *inside(const char *text, struct arena *a)
{
    bool httpd = strncasecmp(text, "LogFormat", 9) == 0;
    char *out;
    size_t n = 0;
    if ((!httpd && strncmp(text, "log_format", 10) != 0) ||
        !strchr(" \t", text[httpd ? 9 : 10]))
        return text;
    out = arena_alloc(a, strlen(text) + 1);
    for (const char *s = text; *s; s++) {
        char quote = *s;
        if (quote != '"' && quote != '\'')
            continue;
        for (s++; *s && *s != quote; s++) {
            if (*s == '\\' && s[1])
                out[n++] = *s++;
            out[n++] = *s;
        }
        if (httpd || !*s)
            break;
    }
    out[n] = '\0';
    return out;
}

static bool has_time(const struct log_format *f)
{
    for (size_t i = 0; i < f->n; i++) {
        if (is_time(f->part[i].kind) && f->part[i].kind != K_FRACTION)
            return true;
    }
    return false;
}

static const struct log_format *finish(struct build *b, const char *name)
{
    struct log_format *f = b->f;
    end_text(b);
    if (b->failed)
        return NULL;
    if (!has_time(f)) {
        fail(b,
             "no stamp: when requests came must be logged, such as by %t "
             "or $time_local",
             "");
        return NULL;
    }
    f->name = name ? name : "log_format";
    f->simple =
        name && (strcmp(name, "common") == 0 || strcmp(name, "combined") == 0);
    return f;
}

const struct log_format *log_format_new(const char *text, struct arena *a,
                                        struct err *e)
{
    struct build b = { .a = a, .e = e };
    const char *name = NULL, *s = inside(text, a);
    b.f = arena_alloc(a, sizeof *b.f);
    b.f->front = "";
    if (!strpbrk(s, "%$")) {
        const char *names[NAMED], *near;
        for (size_t i = 0; i < NAMED; i++) {
            names[i] = named[i][0];
            if (strcmp(s, names[i]) == 0)
                name = names[i], text = named[i][1];
        }
        if (!name) {
            near = err_nearest(s, names, NAMED);
            err_set(e, ERR_CONTENT,
                    near ? "log_format: there is no \"%s\"; did you mean "
                           "\"%s\"?"
                         : "log_format: \"%s\" is neither a LogFormat of httpd "
                           "(\"%%h %%t ...\"), nor a log_format of nginx "
                           "(\"$remote_addr ...\"), nor common, combined, "
                           "vhost_combined or combinedio%.0s",
                    s, near ? near : "");
            return NULL;
        }
        s = text;
    } else {
        for (size_t i = 0; i < NAMED; i++) {
            if (strcmp(s, named[i][1]) == 0)
                name = named[i][0];
        }
    }
    bool httpd = strchr(s, '%') != NULL;
    while (*s && !b.failed) {
        if (*s == '\\' && s[1]) {
            s++;
            add_char(&b, *s == 't' ? '\t' : *s == 'n' ? '\n' : *s);
            s++;
        } else if (httpd && *s == '%') {
            s = httpd_field(&b, s);
        } else if (!httpd && *s == '$') {
            s = nginx_field(&b, s);
        } else {
            add_char(&b, *s++);
        }
    }
    return finish(&b, name);
}

/* host:port in front and then an address: as Debian's other_vhosts_access.log.
 */
static bool looks_vhost(const char *s, size_t len)
{
    const char *end = memchr(s, ' ', len), *p, *bracket;
    int words = 0;
    if (!end || end == s)
        return false;
    for (p = end; p > s && p[-1] >= '0' && p[-1] <= '9'; p--)
        ;
    if (p == end || p == s || p[-1] != ':')
        return false;
    bracket = memmem(s, len, " [", 2);
    if (!bracket)
        return false;
    for (p = s; p <= bracket; p++)
        words += *p == ' ';
    return words >= 4 && end[1] != '-';
}

const struct log_format *log_format_of_line(const char *line, size_t len,
                                            struct arena *a)
{
    struct err e;
    const struct log_format *f;
    err_init(&e);
    f = log_format_new(looks_vhost(line, len) ? "vhost_combined" : "combined",
                       a, &e);
    err_clear(&e);
    return f;
}

unsigned log_format_tells(const struct log_format *f)
{
    return f->tells;
}

const char *log_format_name(const struct log_format *f)
{
    return f->name;
}

const char *log_format_service(const struct log_format *f)
{
    return f->service;
}

/* ---- reading a line ---- */

/* What the parts of a stamp say. */
struct when {
    int year, month, day, hour, minute, second;
    int zone; /* minutes east */
    int pm;   /* 0 AM, 1 PM, -1 not told */
    int64_t epoch;
    bool has_epoch;
};

struct scan {
    const char *text, *s, *end;
    struct logline *l;
    int64_t port, pid, out, both;
    int64_t fraction; /* ns, of a K_FRACTION */
    struct when when; /* of all K_STRFTIME together */
    bool has_when;
    bool request, silent, bytes;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Digits at *S, at most MAX_NUMBER; false when there is none. */
static bool digits(const char **s, const char *end, int64_t *out)
{
    const char *begin = *s;
    int64_t v = 0;
    for (; *s < end && is_digit(**s) && v < MAX_NUMBER; ++*s)
        v = v * 10 + (**s - '0');
    *out = v;
    return *s > begin && !(*s < end && is_digit(**s));
}

/* A number with perhaps a fraction, times SCALE. */
static bool decimal(const char **s, const char *end, int64_t scale,
                    int64_t *out)
{
    int64_t whole;
    if (!digits(s, end, &whole) ||
        __builtin_mul_overflow(whole, scale ? scale : 1, out))
        return false;
    if (*s == end || **s != '.')
        return true;
    for (++*s; *s < end && is_digit(**s); ++*s) {
        scale /= 10;
        *out += (**s - '0') * scale;
    }
    return true;
}

/* N digits as a number, or -1. */
static int fixed(const char **s, const char *end, int n)
{
    int v = 0;
    if (end - *s < n)
        return -1;
    for (; n > 0; n--, ++*s) {
        if (!is_digit(**s))
            return -1;
        v = v * 10 + (**s - '0');
    }
    return v;
}

/* Z, +hh:mm or +hhmm. */
static bool zone(const char **s, const char *end, int *minutes)
{
    int h, m, sign;
    if (*s < end && **s == 'Z') {
        ++*s;
        return true;
    }
    if (*s == end || (**s != '+' && **s != '-'))
        return false;
    sign = **s == '-' ? -1 : 1;
    ++*s;
    h = fixed(s, end, 2);
    if (*s < end && **s == ':')
        ++*s;
    m = fixed(s, end, 2);
    if (h < 0 || m < 0)
        return false;
    *minutes = sign * (h * 60 + m);
    return true;
}

static bool name_of_month(const char **s, const char *end, int *month)
{
    if (end - *s < 3)
        return false;
    *month = (int)logline_month(*s);
    for (*s += 3; *s < end && **s >= 'a' && **s <= 'z'; ++*s)
        ;
    return *month > 0;
}

static bool by_strftime(const char *f, const char **s, const char *end,
                        struct when *w);

static bool one_conversion(char c, const char **s, const char *end,
                           struct when *w)
{
    switch (c) {
    case 'Y':
        return (w->year = fixed(s, end, 4)) >= 0;
    case 'y':
        w->year = fixed(s, end, 2);
        w->year += w->year < 69 ? 2000 : 1900;
        return w->year >= 1969;
    case 'm':
        return (w->month = fixed(s, end, 2)) >= 0;
    case 'e':
        while (*s < end && **s == ' ')
            ++*s;
        w->day = fixed(s, end, *s + 1 < end && is_digit((*s)[1]) ? 2 : 1);
        return w->day >= 0;
    case 'd':
        return (w->day = fixed(s, end, 2)) >= 0;
    case 'b':
    case 'B':
    case 'h':
        return name_of_month(s, end, &w->month);
    case 'a':
    case 'A':
        for (; *s < end && ((**s | 32) >= 'a' && (**s | 32) <= 'z'); ++*s)
            ;
        return true;
    case 'H':
    case 'I':
        return (w->hour = fixed(s, end, 2)) >= 0;
    case 'M':
        return (w->minute = fixed(s, end, 2)) >= 0;
    case 'S':
        return (w->second = fixed(s, end, 2)) >= 0;
    case 'p':
        if (end - *s < 2 || ((**s | 32) != 'a' && (**s | 32) != 'p'))
            return false;
        w->pm = (**s | 32) == 'p';
        *s += 2;
        return true;
    case 'z':
        return zone(s, end, &w->zone);
    case 'Z':
        for (; *s < end && **s >= 'A' && **s <= 'Z'; ++*s)
            ;
        return true;
    case 's':
        w->has_epoch = true;
        return digits(s, end, &w->epoch) && w->epoch < 7000000000;
    case 'j':
        return fixed(s, end, 3) >= 0;
    case 'T':
        return by_strftime("%H:%M:%S", s, end, w);
    case 'R':
        return by_strftime("%H:%M", s, end, w);
    case 'F':
        return by_strftime("%Y-%m-%d", s, end, w);
    case 'D':
        return by_strftime("%m/%d/%y", s, end, w);
    case 'c':
        return by_strftime("%a %b %e %H:%M:%S %Y", s, end, w);
    case 'n':
    case 't':
    case '%':
        return *s < end && *(*s)++ == (c == 'n' ? '\n' : c == 't' ? '\t' : '%');
    default:
        return false;
    }
}

static bool by_strftime(const char *f, const char **s, const char *end,
                        struct when *w)
{
    for (; *f; f++) {
        if (*f == '%' && f[1]) {
            f++;
            if ((*f == 'E' || *f == 'O' || *f == '-') && f[1])
                f++;
            if (!one_conversion(*f, s, end, w))
                return false;
        } else if (*s == end || *(*s)++ != *f) {
            return false;
        }
    }
    return true;
}

static bool when_value(const struct when *w, int64_t *t)
{
    int hour = w->hour;
    if (w->has_epoch) {
        *t = w->epoch;
        return true;
    }
    if (w->pm >= 0)
        hour = hour % 12 + 12 * w->pm;
    if (!logline_date((unsigned)w->year, (unsigned)w->month, (unsigned)w->day,
                      (unsigned)hour, (unsigned)w->minute, (unsigned)w->second,
                      t))
        return false;
    *t -= w->zone * 60;
    return true;
}

static bool read_stamp(const struct part *p, struct scan *x)
{
    struct when w = { .day = 1, .month = 1, .pm = -1 };
    int64_t v;
    switch (p->kind) {
    case K_CLF:
        if (x->end - x->s < 28 || x->s[0] != '[' || x->s[27] != ']' ||
            !logline_stamp(x->s + 1, &x->l->t))
            return false;
        x->s += 28;
        return true;
    case K_LOCAL:
        if (x->end - x->s < 26 || !logline_stamp(x->s, &x->l->t))
            return false;
        x->s += 26;
        return true;
    case K_ISO:
        if (!by_strftime("%Y-%m-%dT%H:%M:%S", &x->s, x->end, &w) ||
            !zone(&x->s, x->end, &w.zone))
            return false;
        return when_value(&w, &x->l->t);
    case K_STRFTIME:
        x->has_when = true;
        return by_strftime(p->strftime, &x->s, x->end, &x->when);
    case K_EPOCH:
        if (!decimal(&x->s, x->end, p->scale, &v))
            return false;
        x->l->t = v / SIM_S;
        x->l->ns = v % SIM_S;
        return true;
    case K_FRACTION:
        if (!digits(&x->s, x->end, &v) || v >= SIM_S / p->scale)
            return false;
        x->fraction = v * p->scale;
        return true;
    default:
        return false;
    }
}

/* A number, or "-". */
static bool read_number(const struct part *p, struct scan *x)
{
    struct logline *l = x->l;
    int64_t v = -1;
    if (x->s < x->end && *x->s == '-') {
        x->s++;
    } else if (p->kind == K_SERVICE) {
        if (!decimal(&x->s, x->end, p->scale, &v))
            return false;
    } else if (!digits(&x->s, x->end, &v)) {
        return false;
    }
    switch (p->kind) {
    case K_STATUS:
        l->status = v < 0 ? 0 : v > 599 ? 1 : (int)v;
        return v < 0 || (v >= 100 && v <= 599);
    case K_BYTES:
        l->bytes = v < 0 ? 0 : v;
        x->bytes = true;
        return v < MAX_BYTES;
    case K_OUT:
        x->out = v;
        return v < MAX_BYTES;
    case K_BOTH:
        x->both = v;
        return v < MAX_BYTES;
    case K_IN:
        l->in = v;
        return v < MAX_BYTES;
    case K_SERVICE:
        l->service = v;
        break;
    case K_NUMBER:
        l->number = v;
        break;
    case K_NUMBER1:
        l->number = v > 0 ? v - 1 : -1;
        break;
    case K_PID:
        x->pid = v;
        break;
    case K_PEER_PORT:
        x->port = v;
        break;
    case K_PORT:
        l->tls = l->tls || v == 443;
        break;
    default:
        break;
    }
    return true;
}

/* May the field NEXT begin at S? */
static bool may_begin(const struct part *next, const char *s, const char *end)
{
    if (!next)
        return true;
    if (next->kind == K_CLF)
        return s < end && *s == '[';
    if (next->kind == K_STATUS)
        return s < end && (*s == '-' || (end - s >= 3 && is_digit(s[0]) &&
                                         is_digit(s[1]) && is_digit(s[2]) &&
                                         (end - s == 3 || !is_digit(s[3]))));
    if (is_number(next->kind))
        return s < end && (*s == '-' || is_digit(*s));
    return true;
}

/* Where the text behind the field P begins, the field being at S. In a quoted
 * field a quote with an odd number of backslashes in front is part of it; old
 * servers did not escape, hence the second look. */
static const char *field_end(const struct part *p, const struct part *next,
                             const char *s, const char *end)
{
    bool quoted = p->len > 0 && p->text[0] == '"';
    if (p->len == 0)
        return next ? s : end;
    for (int escapes = quoted; escapes >= 0; escapes--) {
        const char *q = s;
        while ((q = memmem(q, (size_t)(end - q), p->text, p->len)) != NULL) {
            const char *b = q;
            while (escapes && b > s && b[-1] == '\\')
                b--;
            if ((q - b) % 2 == 0 && may_begin(next, q + p->len, end))
                return q;
            q++;
        }
    }
    return NULL;
}

static void read_text(const struct part *p, struct scan *x, const char *end)
{
    struct logline *l = x->l;
    const char *s = x->s;
    size_t n = (size_t)(end - s);
    switch (p->kind) {
    case K_HOST:
        if (l->host == 0)
            l->host = logline_hash(s, n);
        break;
    case K_REQUEST:
        x->request = true;
        x->silent = n == 0 || (n == 1 && *s == '-');
        l->http = logline_protocol(s, end);
        l->post = logline_uploads(s, end);
        break;
    case K_METHOD:
        x->request = true;
        x->silent = n == 0 || (n == 1 && *s == '-');
        l->post = (n == 4 && memcmp(s, "POST", 4) == 0) ||
                  (n == 3 && memcmp(s, "PUT", 3) == 0) ||
                  (n == 5 && memcmp(s, "PATCH", 5) == 0);
        break;
    case K_PROTOCOL:
        if (n >= 6 && memcmp(s, "HTTP/", 5) == 0 && is_digit(s[5]))
            l->http =
                (s[5] - '0') * 10 + (n >= 8 && is_digit(s[7]) ? s[7] - '0' : 0);
        break;
    case K_CONN:
        if (!(n == 1 && *s == '-'))
            l->conn = logline_hash(s, n);
        break;
    case K_THREAD:
        l->thread = logline_hash(s, n);
        break;
    case K_TLS:
        l->tls = l->tls || (n > 0 && !(n == 1 && *s == '-'));
        break;
    case K_WORD:
        l->tls = l->tls || (n == 5 && memcmp(s, "https", 5) == 0) ||
                 (n == 2 && memcmp(s, "on", 2) == 0);
        break;
    default:
        break;
    }
    x->s = end;
}

static enum logline_why bad(struct scan *x, enum logline_why why)
{
    x->l->column = (size_t)(x->s - x->text) + 1;
    return why;
}

static enum logline_why read_part(const struct log_format *f, size_t i,
                                  struct scan *x)
{
    const struct part *p = &f->part[i];
    const struct part *next = i + 1 < f->n ? p + 1 : NULL;
    const char *end;
    if (is_time(p->kind)) {
        if (!read_stamp(p, x))
            return bad(x, x->s < x->end ? LOGLINE_BAD_TIME : LOGLINE_NO_TIME);
    } else if (is_number(p->kind)) {
        if (!read_number(p, x))
            return bad(x, p->kind == K_STATUS  ? LOGLINE_BAD_STATUS
                          : p->kind == K_BYTES ? LOGLINE_BAD_BYTES
                                               : LOGLINE_BAD_NUMBER);
    } else if (p->kind == K_AFTER) {
        if (x->s == x->end || !strchr("+-X", *x->s))
            return bad(x, LOGLINE_OTHER);
        x->l->after = *x->s++;
    } else {
        end = field_end(p, next, x->s, x->end);
        /* the last field may have lost what closes it */
        if (!end && !next)
            end = x->end;
        if (!end)
            return bad(x, p->kind == K_REQUEST ? LOGLINE_NO_REQUEST
                          : p->kind == K_HOST  ? LOGLINE_NO_HOST
                                               : LOGLINE_OTHER);
        read_text(p, x, end);
    }
    if (x->s == x->end && !next)
        return LOGLINE_OK;
    if ((size_t)(x->end - x->s) < p->len || memcmp(x->s, p->text, p->len) != 0)
        return bad(x, LOGLINE_OTHER);
    x->s += p->len;
    return LOGLINE_OK;
}

/* What several fields make together. */
static enum logline_why put_together(const struct log_format *f, struct scan *x)
{
    struct logline *l = x->l;
    if (x->has_when && !when_value(&x->when, &l->t))
        return bad(x, LOGLINE_BAD_TIME);
    if (f->tells & LOG_TELLS_FRACTION && x->fraction >= 0)
        l->ns = x->fraction;
    if (f->tells & LOG_STAMPS_END && l->service > 0) {
        int64_t back = l->service;
        if (!(f->tells & LOG_TELLS_FRACTION))
            back = (back - SIM_S / 2 < 0 ? 0 : back - SIM_S / 2 + SIM_S - 1) /
                   SIM_S * SIM_S;
        l->ns -= back % SIM_S;
        l->t -= back / SIM_S;
        if (l->ns < 0) {
            l->ns += SIM_S;
            l->t--;
        }
    }
    if (!x->bytes) {
        int64_t sent = x->out;
        if (sent < 0 && x->both >= 0)
            sent = x->both - (l->in > 0 ? l->in : 256);
        l->bytes = sent > HEAD_BYTES ? sent - HEAD_BYTES : 0;
    }
    /* who shares an address is told apart by port and process */
    if (x->port >= 0)
        l->host = (l->host ^ (uint64_t)x->port) * 0xd6e8feb86659fd93u;
    if (x->pid >= 0) {
        l->host = (l->host ^ (uint64_t)x->pid) * 0xd6e8feb86659fd93u;
        l->host ^= l->host >> 32;
        if (l->thread)
            l->thread ^= (uint64_t)x->pid * 0xd6e8feb86659fd93u;
    }
    if (l->http == 0)
        l->http = 11;
    return x->request && x->silent ? LOGLINE_SILENT : LOGLINE_OK;
}

enum logline_why log_format_parse(const struct log_format *f, const char *text,
                                  size_t len, struct logline *out)
{
    if (f->simple)
        return logline_parse(text, len, out);
    struct scan x = { .text = text,
                      .s = text,
                      .end = text + len,
                      .l = out,
                      .port = -1,
                      .pid = -1,
                      .out = -1,
                      .both = -1,
                      .fraction = -1,
                      .when = { .day = 1, .month = 1, .pm = -1 } };
    *out = (struct logline)LOGLINE_UNTOLD;
    if (len == 0)
        return bad(&x, LOGLINE_EMPTY);
    if (len < f->front_len || memcmp(text, f->front, f->front_len) != 0)
        return bad(&x, LOGLINE_OTHER);
    x.s += f->front_len;
    for (size_t i = 0; i < f->n; i++) {
        enum logline_why why = read_part(f, i, &x);
        if (why != LOGLINE_OK)
            return why;
    }
    if (x.s < x.end && *x.s != ' ' && *x.s != '"')
        return bad(&x, LOGLINE_OTHER);
    return put_together(f, &x);
}
