/* SPDX-License-Identifier: GPL-3.0-or-later */
/* httpd's directives. The table says what exists; directive_parse() reads one
 * value in the spelling of a scenario or of an httpd.conf; settings_resolve()
 * then does what the *_check_config() and *_run() functions of prefork.c,
 * worker.c and event.c do to the values, in their order, with the code of the
 * message each of them logs. Rules: T-1 … T-24, C-24, C-25, C-33, C-40. */
#include "server/settings.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/must.h"

#define ALL_MPMS (1u << MPM_PREFORK | 1u << MPM_WORKER | 1u << MPM_EVENT)
#define PREFORK  (1u << MPM_PREFORK)
#define THREADED (1u << MPM_WORKER | 1u << MPM_EVENT)
#define EVENT    (1u << MPM_EVENT)

/* clang-format off */
const struct directive_info directive_table[DIR_COUNT] = {
    [DIR_ServerLimit] = { "ServerLimit", NULL, DIRT_INT, ALL_MPMS,
        "256; worker, event: 16", "T-1",
        "highest number of child processes (T-1, T-2)" },
    [DIR_ThreadLimit] = { "ThreadLimit", NULL, DIRT_INT, THREADED,
        "64", "T-3", "highest ThreadsPerChild the scoreboard has room for" },
    [DIR_ThreadsPerChild] = { "ThreadsPerChild", NULL, DIRT_INT, THREADED,
        "25", "T-4", "worker threads in each child process" },
    [DIR_MaxRequestWorkers] = { "MaxRequestWorkers", "MaxClients", DIRT_INT,
        ALL_MPMS, "256; worker, event: 400", "T-5",
        "most requests served at once (T-5, T-6)" },
    [DIR_StartServers] = { "StartServers", NULL, DIRT_INT, ALL_MPMS,
        "5; worker, event: 3", "T-7", "children forked at start-up" },
    [DIR_MinSpareServers] = { "MinSpareServers", NULL, DIRT_INT, PREFORK,
        "5", "T-8", "fork when fewer children than this are idle" },
    [DIR_MaxSpareServers] = { "MaxSpareServers", NULL, DIRT_INT, PREFORK,
        "10", "T-9", "end one child when more than this are idle" },
    [DIR_MinSpareThreads] = { "MinSpareThreads", NULL, DIRT_INT, THREADED,
        "75", "T-10", "fork when fewer threads than this are idle" },
    [DIR_MaxSpareThreads] = { "MaxSpareThreads", NULL, DIRT_INT, THREADED,
        "250", "T-11", "end one process when more threads are idle" },
    [DIR_AsyncRequestWorkerFactor] = { "AsyncRequestWorkerFactor", NULL,
        DIRT_REAL, EVENT, "2", "T-12",
        "further connections a process accepts per idle worker (E-13)" },
    [DIR_MaxConnectionsPerChild] = { "MaxConnectionsPerChild",
        "MaxRequestsPerChild", DIRT_INT, ALL_MPMS, "0", "T-13",
        "connections after which a child ends; 0 = never" },
    [DIR_ListenBacklog] = { "ListenBacklog", NULL, DIRT_INT, ALL_MPMS,
        "511", "T-14", "length of the accept queue asked of the kernel" },
    [DIR_KeepAlive] = { "KeepAlive", NULL, DIRT_ONOFF, ALL_MPMS,
        "On", "T-15", "several requests on one connection" },
    [DIR_MaxKeepAliveRequests] = { "MaxKeepAliveRequests", NULL, DIRT_INT,
        ALL_MPMS, "100", "T-15",
        "N allows N + 1 requests on a connection; 0 = no limit" },
    [DIR_KeepAliveTimeout] = { "KeepAliveTimeout", NULL, DIRT_SECONDS,
        ALL_MPMS, "5s", "T-15", "wait for the next request" },
    [DIR_Timeout] = { "Timeout", NULL, DIRT_SECONDS, ALL_MPMS,
        "60s", "T-16", "longest silence while reading or writing (C-31)" },
    [DIR_GracefulShutdownTimeout] = { "GracefulShutdownTimeout", NULL,
        DIRT_SECONDS, ALL_MPMS, "0", "T-17",
        "end of a graceful stop; 0 = wait for ever" },
    [DIR_SendBufferSize] = { "SendBufferSize", NULL, DIRT_SIZE, ALL_MPMS,
        "0", "T-18", "socket send buffer; 0 = the kernel's default" },
    [DIR_ReceiveBufferSize] = { "ReceiveBufferSize", NULL, DIRT_SIZE,
        ALL_MPMS, "0", "T-18",
        "socket receive buffer; 0 = the kernel's default" },
    [DIR_MaxMemFree] = { "MaxMemFree", NULL, DIRT_SIZE, ALL_MPMS,
        "2MiB", "T-19", "free memory each allocator keeps; 0 = no limit" },
    [DIR_ThreadStackSize] = { "ThreadStackSize", NULL, DIRT_SIZE, ALL_MPMS,
        "0", "T-20", "address space of a thread's stack; 0 = the system's" },
    [DIR_FlushMaxThreshold] = { "FlushMaxThreshold", NULL, DIRT_SIZE,
        ALL_MPMS, "65535B", "T-21",
        "unsent bytes from memory above which a worker waits (C-37)" },
    [DIR_FlushMaxPipelined] = { "FlushMaxPipelined", NULL, DIRT_INT,
        ALL_MPMS, "4", "T-21",
        "finished responses kept back while pipelining (C-37)" },
    [DIR_ListenCoresBucketsRatio] = { "ListenCoresBucketsRatio", NULL,
        DIRT_INT, ALL_MPMS, "0", "C-40",
        "cores per set of SO_REUSEPORT listeners; 0 = one set" },
    [DIR_RequestReadTimeout] = { "RequestReadTimeout", NULL, DIRT_TEXT,
        ALL_MPMS,
        "handshake=0 header=20-40,MinRate=500 body=20,MinRate=500", "C-33",
        "limits of mod_reqtimeout for slow senders" },
    [DIR_AcceptFilter] = { "AcceptFilter", NULL, DIRT_TEXT, ALL_MPMS,
        "http data, https data", "C-25",
        "\"none\" switches TCP_DEFER_ACCEPT off for a protocol" },
    [DIR_Listen] = { "Listen", NULL, DIRT_TEXT, ALL_MPMS,
        "80", "C-26", "port to listen on; several make several listeners" },
};
/* clang-format on */

static int lower(int c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

static bool same_name(const char *a, const char *b)
{
    for (; *a != '\0' && lower(*a) == lower(*b); a++, b++)
        ;
    return *a == *b;
}

static char *snake(const char *name, char *buf, size_t size)
{
    size_t n = 0;

    for (const char *p = name; *p != '\0' && n + 2 < size; p++) {
        if (*p >= 'A' && *p <= 'Z' && p != name)
            buf[n++] = '_';
        buf[n++] = (char)lower(*p);
    }
    buf[n] = '\0';
    return buf;
}

char *directive_snake(enum directive d, char *buf, size_t size)
{
    return snake(directive_table[d].name, buf, size);
}

int directive_find(const char *name, bool *old)
{
    char buf[48];

    for (int i = 0; i < DIR_COUNT; i++) {
        const char *names[2] = { directive_table[i].name,
                                 directive_table[i].old_name };
        for (int k = 0; k < 2; k++) {
            if (names[k] == NULL)
                continue;
            if (!same_name(name, names[k]) &&
                !same_name(name, snake(names[k], buf, sizeof buf)))
                continue;
            if (old != NULL)
                *old = k == 1;
            return i;
        }
    }
    return -1;
}

/* ---- values ---- */

/* A whole number with an optional sign and nothing after it. */
static bool parse_int64(const char *s, int64_t *out)
{
    uint64_t n = 0;
    bool neg = *s == '-';

    if (*s == '-' || *s == '+')
        s++;
    if (*s == '\0')
        return false;
    for (; *s != '\0'; s++) {
        if (*s < '0' || *s > '9' || n > INT64_MAX / 10 - 1)
            return false;
        n = n * 10 + (uint64_t)(*s - '0');
    }
    *out = neg ? -(int64_t)n : (int64_t)n;
    return true;
}

/* httpd keeps such values in an int. */
static bool parse_count(const char *name, const char *s, int64_t *out,
                        struct err *e)
{
    int64_t n;

    if (!parse_int64(s, &n))
        return err_set(e, ERR_CONTENT, "%s takes a whole number, found \"%s\"",
                       name, s);
    if (n > INT_MAX || n < INT_MIN)
        return err_set(e, ERR_CONTENT,
                       "%s %s is out of range; httpd counts up to %d", name, s,
                       INT_MAX);
    *out = n;
    return true;
}

/* A decimal number in thousandths, cut after the third place; *EXACT tells
 * whether nothing was lost (may be NULL). */
static bool parse_milli(const char *s, int64_t *out, bool *exact)
{
    int64_t n = 0;
    int64_t place = 100;
    bool digits = false, lost = false;
    bool neg = *s == '-';

    if (*s == '-' || *s == '+')
        s++;
    for (; *s >= '0' && *s <= '9'; s++) {
        digits = true;
        n = n * 10 + (*s - '0');
        if (n > INT_MAX)
            return false;
    }
    n *= 1000;
    if (*s == '.') {
        for (s++; *s >= '0' && *s <= '9'; s++, place /= 10) {
            digits = true;
            n += (*s - '0') * place;
            lost = lost || (place == 0 && *s != '0');
        }
    }
    if (exact != NULL)
        *exact = !lost;
    *out = neg ? -n : n;
    return digits && *s == '\0';
}

bool size_parse(const char *text, int64_t *bytes)
{
    static const struct {
        const char *unit;
        int64_t size;
    } units[] = {
        { "B", 1 },         { "kB", 1000 },        { "KB", 1000 },
        { "MB", 1000000 },  { "GB", 1000000000 },  { "KiB", 1024 },
        { "MiB", 1048576 }, { "GiB", 1073741824 },
    };
    const char *unit = text;
    char number[32];
    int64_t milli;
    bool exact;

    while ((*unit >= '0' && *unit <= '9') || *unit == '.')
        unit++;
    if (unit == text || (size_t)(unit - text) >= sizeof number)
        return false;
    memcpy(number, text, (size_t)(unit - text));
    number[unit - text] = '\0';
    if (strcmp(text, "0") == 0) {
        *bytes = 0;
        return true;
    }
    if (!parse_milli(number, &milli, &exact) || !exact)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        int64_t n;
        if (strcmp(unit, units[i].unit) != 0)
            continue;
        if (__builtin_mul_overflow(milli, units[i].size, &n))
            return false;
        *bytes = n / 1000;
        return n % 1000 == 0;
    }
    return false;
}

/* KeepAliveTimeout in httpd.conf: seconds, or with s, ms, mi(n), h. */
static bool parse_conf_time(const char *s, simtime_t *out)
{
    static const struct {
        const char *unit;
        simtime_t ns;
    } units[] = {
        { "", SIM_S },        { "s", SIM_S },        { "ms", SIM_MS },
        { "mi", 60 * SIM_S }, { "min", 60 * SIM_S }, { "h", 3600 * SIM_S },
    };
    int64_t n = 0;
    const char *p = s;

    for (; *p >= '0' && *p <= '9'; p++) {
        n = n * 10 + (*p - '0');
        if (n > INT_MAX)
            return false;
    }
    if (p == s)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (same_name(p, units[i].unit))
            return !__builtin_mul_overflow(n, units[i].ns, out);
    }
    return false;
}

/* KeepAliveTimeout has no word for "not at all": httpd refuses to start. */
static const char *keepalive_hint(enum directive d, const char *s)
{
    bool word = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z');
    return d == DIR_KeepAliveTimeout && word
               ? "; to close after each response, use KeepAlive Off"
               : "";
}

static bool parse_seconds(enum directive d, const char *name, const char *s,
                          bool httpd_conf, int64_t *out, struct err *e)
{
    simtime_t t;

    if (!httpd_conf) {
        if (!simtime_parse(s, &t)) {
            if (parse_int64(s, &t))
                return err_set(e, ERR_CONTENT,
                               "%s needs a unit: write \"%ss\" or \"%sms\"",
                               name, s, s);
            return err_set(e, ERR_CONTENT,
                           "%s takes a time such as \"5s\" or \"250ms\", "
                           "found \"%s\"%s",
                           name, s, keepalive_hint(d, s));
        }
        if (t < 0)
            return err_set(e, ERR_CONTENT, "%s cannot be negative (%s)", name,
                           s);
        /* T-16: httpd reads these two in whole seconds. */
        if (d != DIR_KeepAliveTimeout && t % SIM_S != 0)
            return err_set(e, ERR_CONTENT,
                           "%s takes whole seconds in httpd, found \"%s\"",
                           name, s);
    } else if (d == DIR_KeepAliveTimeout) {
        if (!parse_conf_time(s, &t))
            return err_set(e, ERR_CONTENT,
                           "%s takes seconds, or a number with s, ms, min or "
                           "h; found \"%s\"%s",
                           name, s, keepalive_hint(d, s));
    } else {
        if (!parse_int64(s, &t) || t < 0 || t > INT_MAX)
            return err_set(e, ERR_CONTENT,
                           "%s takes a whole number of seconds, found \"%s\"",
                           name, s);
        t *= SIM_S;
    }
    *out = t;
    return true;
}

static bool parse_bytes(enum directive d, const char *name, const char *s,
                        bool httpd_conf, int64_t *out, struct err *e)
{
    int64_t n;

    if (!httpd_conf) {
        if (!size_parse(s, &n)) {
            if (parse_int64(s, &n))
                return err_set(e, ERR_CONTENT,
                               "%s needs a unit: write \"%sB\" or \"%sKiB\"",
                               name, s, s);
            return err_set(e, ERR_CONTENT,
                           "%s takes a size such as \"64KiB\", found \"%s\"",
                           name, s);
        }
    } else {
        if (!parse_int64(s, &n))
            return err_set(e, ERR_CONTENT,
                           "%s takes a whole number%s, found \"%s\"", name,
                           d == DIR_MaxMemFree ? " of KiB" : " of bytes", s);
        if (n < 0)
            return err_set(e, ERR_CONTENT, "%s cannot be negative (%s)", name,
                           s);
        if (d == DIR_MaxMemFree)
            n = n > INT64_MAX / 1024 ? INT64_MAX : n * 1024;
    }
    /* T-18 */
    if ((d == DIR_SendBufferSize || d == DIR_ReceiveBufferSize) && n != 0 &&
        n < 512)
        return err_set(e, ERR_CONTENT,
                       "%s %s is too small; httpd takes 512 bytes or more, or "
                       "0 for the system's default",
                       name, s);
    if (n > UINT32_MAX)
        return err_set(e, ERR_CONTENT, "%s %s is too large; at most 4 GiB",
                       name, s);
    *out = n;
    return true;
}

static bool parse_onoff(const char *name, const char *s, int64_t *out,
                        struct err *e)
{
    if (same_name(s, "on") || same_name(s, "off")) {
        *out = same_name(s, "on");
        return true;
    }
    return err_set(e, ERR_CONTENT, "%s takes On or Off, found \"%s\"", name, s);
}

static bool parse_whole(enum directive d, const char *name, const char *s,
                        int64_t *out, struct err *e)
{
    if (!parse_count(name, s, out, e))
        return false;
    /* T-14, C-24, C-40: refused by httpd */
    if ((d == DIR_ListenBacklog || d == DIR_ListenCoresBucketsRatio) &&
        *out < 1)
        return err_set(e, ERR_CONTENT,
                       "%s %s is refused by httpd; it must be 1 or more", name,
                       s);
    if (d == DIR_FlushMaxPipelined && *out < -1)
        return err_set(e, ERR_CONTENT,
                       "%s %s is refused by httpd; it must be -1 or more", name,
                       s);
    return true;
}

/* The next blank-separated word of *TEXT into WORD; false at the end. */
static bool next_word(const char **text, char *word, size_t size)
{
    const char *p = *text;
    size_t n = 0;

    while (*p == ' ' || *p == '\t')
        p++;
    while (*p != '\0' && *p != ' ' && *p != '\t') {
        if (n + 1 < size)
            word[n++] = *p;
        p++;
    }
    word[n] = '\0';
    *text = p;
    return n > 0;
}

/* One stage: "20", "20,MinRate=500", "20-40,MinRate=500". */
static const char *parse_stage(const char *s, simtime_t *start, simtime_t *max,
                               int64_t *rate)
{
    char head[32];
    const char *comma = strchr(s, ',');
    size_t len = comma != NULL ? (size_t)(comma - s) : strlen(s);
    int64_t n;
    char *dash;

    *start = *max = *rate = 0;
    if (len >= sizeof head)
        return "has a number that is too long";
    memcpy(head, s, len);
    head[len] = '\0';
    dash = strchr(head, '-');
    if (dash != NULL && dash != head)
        *dash++ = '\0';
    else
        dash = NULL;
    if (!parse_int64(head, &n) || n < 0 || n > INT_MAX)
        return "takes seconds, such as header=20 or header=20-40,MinRate=500";
    *start = n * SIM_S;
    if (comma != NULL) {
        char key[9] = "";
        strncpy(key, comma + 1, 8);
        if (!same_name(key, "minrate=") || !parse_int64(comma + 9, &n) ||
            n < 0 || n > INT_MAX)
            return "takes only MinRate=BYTES after the comma";
        if (n == 0)
            return "needs a MinRate above 0";
        *rate = n;
    }
    if (dash == NULL)
        return NULL;
    if (*rate == 0)
        return "has a range, which needs ,MinRate=BYTES";
    if (!parse_int64(dash, &n) || n < 0 || n > INT_MAX)
        return "takes seconds, such as header=20 or header=20-40,MinRate=500";
    *max = n * SIM_S;
    if (*max != 0 && *start >= *max)
        return "needs an upper limit above the first";
    return NULL;
}

bool reqtimeout_parse(const char *text, struct reqtimeout *r, struct err *e)
{
    char word[80];

    while (next_word(&text, word, sizeof word)) {
        char *value = strchr(word, '=');
        simtime_t start, max;
        int64_t rate;
        const char *wrong;
        bool handshake, header;

        if (value == NULL)
            return err_set(e, ERR_CONTENT,
                           "RequestReadTimeout takes STAGE=SECONDS, found "
                           "\"%s\"",
                           word);
        *value++ = '\0';
        handshake = same_name(word, "handshake");
        header = same_name(word, "header");
        if (!handshake && !header && !same_name(word, "body"))
            return err_set(e, ERR_CONTENT,
                           "RequestReadTimeout has the stages handshake, "
                           "header and body, found \"%s\"",
                           word);
        wrong = parse_stage(value, &start, &max, &rate);
        if (wrong != NULL)
            return err_set(e, ERR_CONTENT, "RequestReadTimeout %s=%s: %s %s",
                           word, value, word, wrong);
        if (handshake) {
            r->handshake = start;
        } else if (header) {
            r->header = start;
            r->header_max = max;
            r->header_rate = rate;
        } else {
            r->body = start;
            r->body_max = max;
            r->body_rate = rate;
        }
    }
    return true;
}

/* "80", "127.0.0.1:8080", "[::1]:443 https". */
static bool parse_listen(const char *text, struct listen_spec *l, struct err *e)
{
    char addr[300], proto[16], rest[4];
    const char *p = text;
    const char *digits;
    int64_t port;

    if (!next_word(&p, addr, sizeof addr))
        return err_set(e, ERR_CONTENT, "Listen needs a port");
    proto[0] = '\0';
    (void)next_word(&p, proto, sizeof proto);
    if (next_word(&p, rest, sizeof rest))
        return err_set(e, ERR_CONTENT,
                       "Listen takes an address and a protocol, found \"%s\"",
                       text);
    digits = strrchr(addr, ':');
    digits = digits != NULL ? digits + 1 : addr;
    if (*digits == '-' || *digits == '+' || !parse_int64(digits, &port) ||
        port < 1 || port > 65535)
        return err_set(e, ERR_CONTENT,
                       "Listen takes [ADDRESS:]PORT with a port from 1 to "
                       "65535, found \"%s\"",
                       addr);
    l->port = (int)port;
    l->https = proto[0] != '\0' ? same_name(proto, "https") : port == 443;
    l->tls = l->https;
    return true;
}

/* AcceptFilter: WHICH 0 http, 1 https, -1 another protocol. */
static bool parse_accept_filter(const char *text, int *which, bool *none,
                                struct err *e)
{
    char proto[32], filter[32], rest[4];
    const char *p = text;

    if (!next_word(&p, proto, sizeof proto) ||
        !next_word(&p, filter, sizeof filter) ||
        next_word(&p, rest, sizeof rest))
        return err_set(e, ERR_CONTENT,
                       "AcceptFilter takes a protocol and a filter, such as "
                       "\"http none\", found \"%s\"",
                       text);
    *which = same_name(proto, "http") ? 0 : same_name(proto, "https") ? 1 : -1;
    *none = same_name(filter, "none");
    return true;
}

static bool parse_text(enum directive d, const char *s, struct err *e)
{
    struct reqtimeout r = { 0 };
    struct listen_spec l;
    int which;
    bool none;

    if (d == DIR_RequestReadTimeout)
        return reqtimeout_parse(s, &r, e);
    if (d == DIR_AcceptFilter)
        return parse_accept_filter(s, &which, &none, e);
    return parse_listen(s, &l, e);
}

/* How httpd reads the number that VALUE should be: what does not begin with
 * digits is 0, what follows them is passed over, and 32 bits are kept. NULL
 * when that is VALUE itself, or D is read with care. */
static const char *misread(enum directive d, const char *value, struct arena *a)
{
    enum directive_type type = directive_table[d].type;
    bool any_base = d == DIR_MaxMemFree || d == DIR_ThreadStackSize;
    int64_t n;

    if (type != DIRT_INT && type != DIRT_SECONDS && type != DIRT_SIZE)
        return NULL;
    if (d == DIR_KeepAliveTimeout || d == DIR_FlushMaxPipelined ||
        d == DIR_FlushMaxThreshold)
        return NULL;
    if (parse_int64(value, &n) && n >= INT_MIN && n <= INT_MAX)
        return NULL;
    n = strtol(value, NULL, any_base ? 0 : 10);
    return arena_printf(a, "%d", (int)(uint32_t)(uint64_t)n);
}

bool directive_parse(enum directive d, const char *value, bool httpd_conf,
                     struct arena *a, struct directive_value *v, struct err *e)
{
    const struct directive_info *info = &directive_table[d];
    struct directive_value out = { .given = true };
    const char *text = arena_strdup(a, value);
    bool ok = false;

    out.misread = httpd_conf ? misread(d, value, a) : NULL;
    if (out.misread != NULL)
        value = out.misread;

    switch (info->type) {
    case DIRT_INT:
        ok = parse_whole(d, info->name, value, &out.n, e);
        break;
    case DIRT_REAL: /* T-12 */
        ok = parse_milli(value, &out.n, NULL) && strtod(value, NULL) > 0;
        if (!ok)
            err_set(e, ERR_CONTENT, "%s takes a number above 0, found \"%s\"",
                    info->name, value);
        break;
    case DIRT_SECONDS:
        ok = parse_seconds(d, info->name, value, httpd_conf, &out.n, e);
        break;
    case DIRT_SIZE:
        ok = parse_bytes(d, info->name, value, httpd_conf, &out.n, e);
        break;
    case DIRT_ONOFF:
        ok = parse_onoff(info->name, value, &out.n, e);
        break;
    case DIRT_TEXT:
        ok = parse_text(d, value, e);
        break;
    }
    if (!ok)
        return false;
    out.text = text;
    *v = out;
    return true;
}

#define MAX_JOIN 4000 /* bytes of all RequestReadTimeout lines */

bool directives_set(struct directives *d, enum directive i, const char *value,
                    bool httpd_conf, bool old, const char *file, long line,
                    long col, struct arena *a, struct err *e)
{
    struct directive_value v;

    if (!directive_parse(i, value, httpd_conf, a, &v, e))
        return false;
    if (i == DIR_Listen) {
        if (d->nlisten == SETTINGS_MAX_LISTEN)
            return err_set(e, ERR_CONTENT,
                           "more than %d Listen; this many are modelled",
                           SETTINGS_MAX_LISTEN);
        (void)parse_listen(value, &d->listen[d->nlisten++], e);
    } else if (i == DIR_AcceptFilter) {
        int which;
        bool none;
        (void)parse_accept_filter(value, &which, &none, e);
        if (which >= 0)
            d->filter_none[which] = none;
    } else if (i == DIR_RequestReadTimeout && d->v[i].given) {
        /* the stages not named now stay as they were */
        if (strlen(d->v[i].text) > MAX_JOIN)
            return err_set(e, ERR_CONTENT,
                           "RequestReadTimeout adds up to more than %d bytes",
                           MAX_JOIN);
        v.text = arena_printf(a, "%s %s", d->v[i].text, value);
    }
    v.old = old;
    v.file = file != NULL ? arena_strdup(a, file) : NULL;
    v.line = line;
    v.col = col;
    d->v[i] = v;
    return true;
}

/* ---- what httpd makes of them ---- */

#define MAX_NOTES 80

struct resolve {
    const struct directives *d;
    const struct settings *before; /* at a restart: what it ran with */
    struct settings *out;
    struct arena *a;
    struct settings_notes *notes;
};

/* Adds a note about directive I, or about BY when I was left at its default
 * and BY (the one that made the default wrong) was given. LOG names the code
 * of httpd's message, NULL when httpd says nothing. */
__attribute__((format(printf, 6, 7))) static void
remark(struct resolve *r, enum directive i, enum directive by, const char *rule,
       const char *log, const char *fmt, ...)
{
    const struct directive_value *v = &r->d->v[i];
    struct settings_note *n;
    char text[400];
    va_list ap;

    if (r->notes->v == NULL)
        r->notes->v = arena_alloc(r->a, MAX_NOTES * sizeof *r->notes->v);
    must(r->notes->n < MAX_NOTES);
    if (!v->given)
        v = &r->d->v[by];
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    n = &r->notes->v[r->notes->n++];
    n->logged = log != NULL;
    /* numbered messages came with 2.4 */
    n->code =
        log != NULL && r->out->version >= HTTPD_VERSION(2, 3, 0) ? log : "";
    n->text = arena_strdup(r->a, text);
    n->rule = rule;
    n->file = v->file;
    n->line = v->line;
    n->col = v->col;
}

static int64_t value_or(const struct resolve *r, enum directive i, int64_t def)
{
    return r->d->v[i].given ? r->d->v[i].n : def;
}

/* " (default)" behind a value nobody wrote. */
static const char *unsaid(const struct resolve *r, enum directive i)
{
    return r->d->v[i].given ? "" : " (default)";
}

/* What the three MPMs call the same correction. */
enum fix {
    FIX_SL_HIGH,
    FIX_SL_LOW,
    FIX_TL_HIGH,
    FIX_TL_LOW,
    FIX_TPC_HIGH,
    FIX_TPC_LOW,
    FIX_MRW_HIGH,
    FIX_MRW_LOW,
    FIX_MRW_MULTIPLE,
    FIX_START_LOW,
    FIX_SPARE_LOW,
    FIX_OLD_NAME,
    FIX_SL_CHANGE,
    FIX_TL_CHANGE,
    FIX_COUNT
};

static const char *const fix_code[MPM_KINDS][FIX_COUNT] = {
    [MPM_PREFORK] = {
        [FIX_SL_HIGH] = "AH00175", [FIX_SL_LOW] = "AH00177",
        [FIX_MRW_HIGH] = "AH00180", [FIX_MRW_LOW] = "AH00182",
        [FIX_START_LOW] = "AH00184", [FIX_SPARE_LOW] = "AH00186",
        [FIX_OLD_NAME] = "AH00188",   [FIX_SL_CHANGE] = "AH00179",
    },
    [MPM_WORKER] = {
        [FIX_SL_HIGH] = "AH00300", [FIX_SL_LOW] = "AH00302",
        [FIX_TL_HIGH] = "AH00305", [FIX_TL_LOW] = "AH00307",
        [FIX_TPC_HIGH] = "AH00310", [FIX_TPC_LOW] = "AH00312",
        [FIX_MRW_LOW] = "AH00314", [FIX_MRW_MULTIPLE] = "AH00316",
        [FIX_MRW_HIGH] = "AH00318", [FIX_START_LOW] = "AH00320",
        [FIX_SPARE_LOW] = "AH00322", [FIX_OLD_NAME] = "AH00324",
        [FIX_SL_CHANGE] = "AH00304", [FIX_TL_CHANGE] = "AH00309",
    },
    [MPM_EVENT] = {
        [FIX_SL_HIGH] = "AH00497", [FIX_SL_LOW] = "AH00499",
        [FIX_TL_HIGH] = "AH00502", [FIX_TL_LOW] = "AH00504",
        [FIX_TPC_HIGH] = "AH00507", [FIX_TPC_LOW] = "AH00509",
        [FIX_MRW_LOW] = "AH00511", [FIX_MRW_MULTIPLE] = "AH00513",
        [FIX_MRW_HIGH] = "AH00515", [FIX_START_LOW] = "AH00517",
        [FIX_SPARE_LOW] = "AH00519", [FIX_OLD_NAME] = "AH00521",
        [FIX_SL_CHANGE] = "AH00501", [FIX_TL_CHANGE] = "AH00506",
    },
};

static const char *code(const struct resolve *r, enum fix f)
{
    return fix_code[r->out->mpm][f];
}

/* VALUE of directive I, at least 1. */
static int64_t at_least_one(struct resolve *r, enum directive i, int64_t value,
                            const char *rule, enum fix f)
{
    const char *name = directive_table[i].name;

    if (value >= 1)
        return value;
    remark(r, i, i, rule, code(r, f),
           "%s %lld is not allowed; httpd would start with 1. Set %s to 1 or "
           "more.",
           name, (long long)value, name);
    return 1;
}

/* VALUE of directive I, at most the LIMIT that httpd was compiled with. */
static int64_t compiled_limit(struct resolve *r, enum directive i,
                              int64_t value, int64_t limit, const char *rule,
                              enum fix f)
{
    const char *name = directive_table[i].name;

    if (value <= limit)
        return value;
    remark(r, i, i, rule, code(r, f),
           "%s %lld is more than httpd was compiled for; httpd would start "
           "with %lld. Lower %s to %lld.",
           name, (long long)value, (long long)limit, name, (long long)limit);
    return limit;
}

/* VALUE of directive I, or at a restart BEFORE: the scoreboard has its size
 * from the start (T-1 to T-3). */
static int64_t as_at_start(struct resolve *r, enum directive i, int64_t value,
                           int64_t before, const char *rule, enum fix f)
{
    const char *name = directive_table[i].name;

    if (value == before)
        return value;
    remark(r, i, i, rule, code(r, f),
           "%s cannot change from %lld to %lld at a restart; httpd goes on "
           "with %lld. Stop and start it instead.",
           name, (long long)before, (long long)value, (long long)before);
    return before;
}

/* T-1, T-5: prefork_check_config() */
static void check_prefork(struct resolve *r)
{
    struct settings *s = r->out;
    int64_t mrw = value_or(r, DIR_MaxRequestWorkers, 256);

    s->server_limit =
        compiled_limit(r, DIR_ServerLimit, value_or(r, DIR_ServerLimit, 256),
                       200000, "T-1", FIX_SL_HIGH);
    s->server_limit =
        at_least_one(r, DIR_ServerLimit, s->server_limit, "T-1", FIX_SL_LOW);
    if (r->before != NULL)
        s->server_limit =
            as_at_start(r, DIR_ServerLimit, s->server_limit,
                        r->before->server_limit, "T-1", FIX_SL_CHANGE);
    s->thread_limit = 1;
    s->threads_per_child = 1;
    if (mrw > s->server_limit) {
        remark(r, DIR_MaxRequestWorkers, DIR_ServerLimit, "T-5",
               code(r, FIX_MRW_HIGH),
               "MaxRequestWorkers %lld%s is more than ServerLimit %lld%s; "
               "httpd would start with %lld. Raise ServerLimit to %lld.",
               (long long)mrw, unsaid(r, DIR_MaxRequestWorkers),
               (long long)s->server_limit, unsaid(r, DIR_ServerLimit),
               (long long)s->server_limit, (long long)mrw);
        mrw = s->server_limit;
    }
    s->max_request_workers =
        at_least_one(r, DIR_MaxRequestWorkers, mrw, "T-5", FIX_MRW_LOW);
    s->process_limit = s->max_request_workers;
}

/* T-6: MaxRequestWorkers against ThreadsPerChild and ServerLimit */
static void check_max_workers(struct resolve *r)
{
    struct settings *s = r->out;
    int64_t tpc = s->threads_per_child;
    int64_t mrw = value_or(r, DIR_MaxRequestWorkers, 400);
    const char *said = unsaid(r, DIR_MaxRequestWorkers);

    if (mrw < tpc) {
        remark(r, DIR_MaxRequestWorkers, DIR_ThreadsPerChild, "T-6",
               code(r, FIX_MRW_LOW),
               "MaxRequestWorkers %lld%s is less than ThreadsPerChild %lld; "
               "httpd would start with %lld. Raise MaxRequestWorkers to %lld "
               "or lower ThreadsPerChild.",
               (long long)mrw, said, (long long)tpc, (long long)tpc,
               (long long)tpc);
        mrw = tpc;
    }
    s->process_limit = mrw / tpc;
    if (mrw % tpc != 0) {
        int64_t down = s->process_limit * tpc;
        remark(r, DIR_MaxRequestWorkers, DIR_ThreadsPerChild, "T-6",
               code(r, FIX_MRW_MULTIPLE),
               "MaxRequestWorkers %lld%s is not a multiple of ThreadsPerChild "
               "%lld; httpd would start with %lld (%lld process%s). Set "
               "MaxRequestWorkers to %lld or %lld.",
               (long long)mrw, said, (long long)tpc, (long long)down,
               (long long)s->process_limit, s->process_limit == 1 ? "" : "es",
               (long long)down, (long long)(down + tpc));
        mrw = down;
    }
    if (s->process_limit > s->server_limit) {
        remark(r, DIR_MaxRequestWorkers, DIR_ServerLimit, "T-6",
               code(r, FIX_MRW_HIGH),
               "MaxRequestWorkers %lld%s is more than ServerLimit %lld x "
               "ThreadsPerChild %lld = %lld; httpd would start with %lld. "
               "Raise ServerLimit to %lld.",
               (long long)mrw, said, (long long)s->server_limit, (long long)tpc,
               (long long)(s->server_limit * tpc),
               (long long)(s->server_limit * tpc), (long long)s->process_limit);
        s->process_limit = s->server_limit;
    }
    /* W-14: MaxRequestWorkers itself stays as it is. */
    s->max_request_workers = mrw;
}

/* T-2 … T-4: worker_check_config(), event_check_config() */
static void check_threaded(struct resolve *r)
{
    struct settings *s = r->out;
    int64_t tpc = value_or(r, DIR_ThreadsPerChild, 25);

    s->server_limit =
        compiled_limit(r, DIR_ServerLimit, value_or(r, DIR_ServerLimit, 16),
                       20000, "T-2", FIX_SL_HIGH);
    s->server_limit =
        at_least_one(r, DIR_ServerLimit, s->server_limit, "T-2", FIX_SL_LOW);
    if (r->before != NULL)
        s->server_limit =
            as_at_start(r, DIR_ServerLimit, s->server_limit,
                        r->before->server_limit, "T-2", FIX_SL_CHANGE);
    s->thread_limit = compiled_limit(
        r, DIR_ThreadLimit, value_or(r, DIR_ThreadLimit, 64),
        s->mpm == MPM_EVENT ? 100000 : 20000, "T-3", FIX_TL_HIGH);
    s->thread_limit =
        at_least_one(r, DIR_ThreadLimit, s->thread_limit, "T-3", FIX_TL_LOW);
    if (r->before != NULL)
        s->thread_limit =
            as_at_start(r, DIR_ThreadLimit, s->thread_limit,
                        r->before->thread_limit, "T-3", FIX_TL_CHANGE);
    if (tpc > s->thread_limit) {
        remark(r, DIR_ThreadsPerChild, DIR_ThreadLimit, "T-4",
               code(r, FIX_TPC_HIGH),
               "ThreadsPerChild %lld%s is more than ThreadLimit %lld%s; httpd "
               "would start with %lld. Raise ThreadLimit to %lld.",
               (long long)tpc, unsaid(r, DIR_ThreadsPerChild),
               (long long)s->thread_limit, unsaid(r, DIR_ThreadLimit),
               (long long)s->thread_limit, (long long)tpc);
        tpc = s->thread_limit;
    }
    s->threads_per_child =
        at_least_one(r, DIR_ThreadsPerChild, tpc, "T-4", FIX_TPC_LOW);
    check_max_workers(r);
}

/* Raises *VALUE of directive I to LEAST without a message, as httpd does. */
static void raise_silently(struct resolve *r, enum directive i, int64_t *value,
                           int64_t least, const char *rule, const char *why)
{
    const char *name = directive_table[i].name;

    if (*value >= least)
        return;
    remark(r, i, i, rule, NULL,
           "%s %lld%s is less than %s; httpd silently uses %lld. Set %s to "
           "%lld or more.",
           name, (long long)*value, unsaid(r, i), why, (long long)least, name,
           (long long)least);
    *value = least;
}

/* The lowest MaxSpare httpd accepts: T-9, T-11, by version T-23. */
static int64_t least_max_spare(const struct settings *s)
{
    int64_t b = s->buckets;
    int64_t tpc = s->threads_per_child;

    if (s->mpm == MPM_PREFORK)
        return s->min_spare + b;
    if (s->version < HTTPD_VERSION(2, 4, 21))
        return s->min_spare + tpc * b;
    return s->min_spare + (tpc + 1) * b;
}

static void check_spares(struct resolve *r)
{
    struct settings *s = r->out;
    bool prefork = s->mpm == MPM_PREFORK;
    enum directive min = prefork ? DIR_MinSpareServers : DIR_MinSpareThreads;
    enum directive max = prefork ? DIR_MaxSpareServers : DIR_MaxSpareThreads;
    int64_t b = s->buckets;
    int64_t tpc = s->threads_per_child;
    int64_t start = value_or(r, DIR_StartServers, prefork ? 5 : 3);
    char why[120];

    start = at_least_one(r, DIR_StartServers, start, "T-7", FIX_START_LOW);
    s->min_spare = at_least_one(r, min, value_or(r, min, prefork ? 5 : 75),
                                prefork ? "T-8" : "T-10", FIX_SPARE_LOW);
    s->max_spare = value_or(r, max, prefork ? 10 : 250);

    /* From here on prefork_run(), worker_run(), event_run(). */
    (void)snprintf(why, sizeof why, "the %d listener buckets", s->buckets);
    if (s->process_limit < b) {
        remark(r, DIR_MaxRequestWorkers, DIR_ListenCoresBucketsRatio,
               prefork ? "T-5" : "C-40", NULL,
               "MaxRequestWorkers %lld%s makes fewer processes than %s; httpd "
               "silently allows %lld. Raise MaxRequestWorkers or "
               "ListenCoresBucketsRatio.",
               (long long)s->max_request_workers,
               unsaid(r, DIR_MaxRequestWorkers), why, (long long)b);
        s->process_limit = b;
        if (prefork)
            s->max_request_workers = b;
    }
    raise_silently(r, DIR_StartServers, &start, b, "T-7", why);
    if (prefork) {
        raise_silently(r, min, &s->min_spare, b, "T-8", why);
        (void)snprintf(why, sizeof why, "MinSpareServers %lld + %lld",
                       (long long)s->min_spare, (long long)b);
    } else {
        bool exact = s->version >= HTTPD_VERSION(2, 4, 21);
        raise_silently(r, min, &s->min_spare, tpc * (b - 1) + b, "T-10", why);
        if (b == 1)
            (void)snprintf(why, sizeof why,
                           "MinSpareThreads %lld + ThreadsPerChild %lld%s",
                           (long long)s->min_spare, (long long)tpc,
                           exact ? " + 1" : "");
        else
            (void)snprintf(why, sizeof why,
                           "MinSpareThreads %lld + (ThreadsPerChild %lld%s) x "
                           "%lld",
                           (long long)s->min_spare, (long long)tpc,
                           exact ? " + 1" : "", (long long)b);
    }
    raise_silently(r, max, &s->max_spare, least_max_spare(s),
                   prefork ? "T-9" : "T-11", why);
    if (start > s->process_limit) {
        if (r->d->v[DIR_StartServers].given)
            remark(r, DIR_StartServers, DIR_StartServers, "T-7", NULL,
                   "StartServers %lld is more than the %lld process%s that "
                   "MaxRequestWorkers allows; httpd silently starts %lld. Set "
                   "StartServers to %lld or less.",
                   (long long)start, (long long)s->process_limit,
                   s->process_limit == 1 ? "" : "es",
                   (long long)s->process_limit, (long long)s->process_limit);
        start = s->process_limit;
    }
    s->start_servers = start;
}

/* T-12, E-16 */
static void set_worker_factor(struct resolve *r)
{
    struct settings *s = r->out;
    enum directive d = DIR_AsyncRequestWorkerFactor;
    const char *text = r->d->v[d].given ? r->d->v[d].text : "2";

    s->async_sixteenths = (int64_t)(strtod(text, NULL) * 16);
    if (s->async_sixteenths < 16) {
        remark(r, d, d, "T-12", NULL,
               "AsyncRequestWorkerFactor %s is less than 1; httpd silently "
               "uses 1. Set it to 1 or more.",
               text);
        s->async_sixteenths = 16;
    }
    s->async_factor = s->async_sixteenths / 16;
    if (s->version > HTTPD_VERSION(2, 4, 29) && s->async_sixteenths % 16 != 0)
        remark(r, d, d, "T-12", NULL,
               "AsyncRequestWorkerFactor %s acts as %lld: httpd drops the "
               "fraction since 2.4.30. Set it to %lld or %lld.",
               text, (long long)s->async_factor, (long long)s->async_factor,
               (long long)s->async_factor + 1);
}

/* C-33 */
static bool set_reqtimeout(struct resolve *r, struct err *e)
{
    struct settings *s = r->out;
    const struct directive_value *v = &r->d->v[DIR_RequestReadTimeout];
    struct err inner;
    bool ok;

    memset(&s->reqtimeout, 0, sizeof s->reqtimeout);
    if (!r->d->reqtimeout_loaded)
        return true;
    /* 2.2 had the module without limits of its own */
    if (s->version >= HTTPD_VERSION(2, 3, 14)) {
        s->reqtimeout.header = 20 * SIM_S;
        s->reqtimeout.header_max = 40 * SIM_S;
        s->reqtimeout.header_rate = 500;
        s->reqtimeout.body = 20 * SIM_S;
        s->reqtimeout.body_rate = 500;
    }
    if (!v->given)
        return true;
    err_init(&inner);
    ok = reqtimeout_parse(v->text, &s->reqtimeout, &inner);
    if (!ok)
        err_at(e, ERR_CONTENT, v->file, v->line, v->col, NULL, "%s",
               inner.text);
    err_clear(&inner);
    return ok;
}

static void set_listeners(struct resolve *r, bool tls_used)
{
    struct settings *s = r->out;

    s->nlisten = r->d->nlisten;
    memcpy(s->listen, r->d->listen, sizeof s->listen);
    if (s->nlisten == 0) {
        s->listen[s->nlisten++] = (struct listen_spec){ .port = 80 };
        if (tls_used)
            s->listen[s->nlisten++] =
                (struct listen_spec){ .port = 443, .tls = true, .https = true };
    }
    /* C-25: one answer for the plain and one for the TLS listeners */
    for (int tls = 0; tls < 2; tls++) {
        s->defer_accept[tls] = !r->d->filter_none[tls];
        for (int i = s->nlisten - 1; i >= 0; i--) {
            if (s->listen[i].tls == (tls == 1))
                s->defer_accept[tls] =
                    !r->d->filter_none[s->listen[i].https ? 1 : 0];
        }
    }
}

/* Directives without corrections of their own. */
static void set_plain(struct resolve *r)
{
    struct settings *s = r->out;
    bool old = s->version < HTTPD_VERSION(2, 3, 0);
    enum directive k = DIR_MaxKeepAliveRequests;

    /* T-13 */
    s->max_connections_per_child =
        value_or(r, DIR_MaxConnectionsPerChild, old ? 10000 : 0);
    if (s->max_connections_per_child < 0)
        s->max_connections_per_child = 0;
    s->listen_backlog = value_or(r, DIR_ListenBacklog, 511);
    s->keepalive = value_or(r, DIR_KeepAlive, 1) != 0;
    s->max_keepalive_requests = value_or(r, k, 100);
    if (s->max_keepalive_requests < 0) {
        remark(r, k, k, "T-15", NULL,
               "MaxKeepAliveRequests %lld is negative; httpd closes after "
               "every response. Use KeepAlive Off, or 0 for no limit.",
               (long long)s->max_keepalive_requests);
        s->max_keepalive_requests = 0;
        s->keepalive = false;
    }
    s->keepalive_timeout = value_or(r, DIR_KeepAliveTimeout, 5 * SIM_S);
    if (s->keepalive_timeout == 0)
        s->keepalive = false; /* T-15 */
    s->timeout = value_or(r, DIR_Timeout, (old ? 300 : 60) * SIM_S);
    s->graceful_shutdown_timeout = value_or(r, DIR_GracefulShutdownTimeout, 0);
    s->send_buffer = value_or(r, DIR_SendBufferSize, 0);
    s->receive_buffer = value_or(r, DIR_ReceiveBufferSize, 0);
    s->max_mem_free = value_or(r, DIR_MaxMemFree, 2048 * 1024);
    s->flush_max_threshold = value_or(r, DIR_FlushMaxThreshold, 65535);
    s->flush_max_pipelined = value_or(r, DIR_FlushMaxPipelined, 4);
}

/* Old names are remarked on while httpd still reads the file (T-13, T-24). */
static void old_names(struct resolve *r)
{
    static const enum directive renamed[] = { DIR_MaxRequestWorkers,
                                              DIR_MaxConnectionsPerChild };

    if (r->out->version < HTTPD_VERSION(2, 3, 13))
        return;
    for (size_t k = 0; k < 2; k++) {
        enum directive i = renamed[k];
        const struct directive_info *info = &directive_table[i];
        if (!r->d->v[i].given || !r->d->v[i].old)
            continue;
        remark(r, i, i, k == 0 ? "T-24" : "T-13",
               k == 0 ? code(r, FIX_OLD_NAME) : "AH00545",
               "%s is the old name of %s; httpd still takes it. Write %s.",
               info->old_name, info->name, info->name);
    }
}

/* Directives that this MPM or version does not know: httpd would not start. */
static bool check_known(const struct directives *d, enum mpm_kind mpm,
                        int version, struct err *e)
{
    static const struct {
        enum directive d;
        int since;
        const char *text;
    } news[] = {
        { DIR_AsyncRequestWorkerFactor, HTTPD_VERSION(2, 3, 13), "2.3.13" },
        { DIR_ListenCoresBucketsRatio, HTTPD_VERSION(2, 4, 17), "2.4.17" },
        { DIR_FlushMaxThreshold, HTTPD_VERSION(2, 4, 47), "2.4.47" },
        { DIR_FlushMaxPipelined, HTTPD_VERSION(2, 4, 47), "2.4.47" },
        { DIR_RequestReadTimeout, HTTPD_VERSION(2, 2, 15), "2.2.15" },
    };
    static const char *const mpm_name[MPM_KINDS] = { "prefork", "worker",
                                                     "event" };

    for (int i = 0; i < DIR_COUNT; i++) {
        const struct directive_value *v = &d->v[i];
        const struct directive_info *info = &directive_table[i];
        if (!v->given)
            continue;
        if ((info->mpms & 1u << mpm) == 0)
            return err_at(e, ERR_CONTENT, v->file, v->line, v->col, NULL,
                          "%s does not exist in mpm_%s, only in %s; httpd "
                          "would not start. Remove it.",
                          info->name, mpm_name[mpm],
                          info->mpms == PREFORK    ? "mpm_prefork"
                          : info->mpms == THREADED ? "mpm_worker and mpm_event"
                                                   : "mpm_event");
        for (size_t k = 0; k < sizeof news / sizeof news[0]; k++) {
            if ((int)news[k].d == i && version < news[k].since)
                return err_at(e, ERR_CONTENT, v->file, v->line, v->col, NULL,
                              "%s came with httpd %s; httpd %d.%d.%d would "
                              "not start. Remove it or raise httpd_version.",
                              info->name, news[k].text, version / 10000,
                              version / 100 % 100, version % 100);
        }
    }
    return true;
}

/* Values that are no numbers. */
static void misreadings(struct resolve *r)
{
    for (int i = 0; i < DIR_COUNT; i++) {
        const struct directive_value *v = &r->d->v[i];
        const struct directive_info *info = &directive_table[i];
        if (v->given && v->misread != NULL)
            remark(r, (enum directive)i, (enum directive)i, info->rule, NULL,
                   "%s %s is no whole number that httpd can read; it silently "
                   "takes %s. Write the number that is meant.",
                   info->name, v->text, v->misread);
    }
}

static bool resolve(struct resolve *r, bool tls_used, struct err *e)
{
    struct settings *s = r->out;

    if (!check_known(r->d, s->mpm, s->version, e))
        return false;
    misreadings(r);
    old_names(r);
    if (s->mpm == MPM_PREFORK)
        check_prefork(r);
    else
        check_threaded(r);
    check_spares(r);
    set_worker_factor(r);
    set_plain(r);
    set_listeners(r, tls_used);
    return set_reqtimeout(r, e);
}

/* C-40 */
static int buckets_of(const struct directives *d, int online_cpus)
{
    int64_t ratio = d->v[DIR_ListenCoresBucketsRatio].n;

    if (ratio > 0 && online_cpus / ratio > 1)
        return (int)(online_cpus / ratio);
    return 1;
}

bool settings_resolve(const struct directives *d, enum mpm_kind mpm,
                      int version, int online_cpus, bool tls_used,
                      struct arena *a, struct settings *out,
                      struct settings_notes *notes, struct err *e)
{
    struct resolve r = { .d = d, .out = out, .a = a, .notes = notes };

    memset(out, 0, sizeof *out);
    notes->v = NULL;
    notes->n = 0;
    out->mpm = mpm;
    out->version = version;
    out->buckets = buckets_of(d, online_cpus);
    return resolve(&r, tls_used, e);
}

/* *VALUE of directive I belongs to sockets that stay open: BEFORE goes on. */
static void keep_socket(struct resolve *r, enum directive i, int64_t *value,
                        int64_t before, const char *rule)
{
    const char *name = directive_table[i].name;

    if (*value == before)
        return;
    remark(r, i, i, rule, NULL,
           "%s %lld is for new sockets; those that are open keep %lld at a "
           "restart. Stop and start httpd instead.",
           name, (long long)*value, (long long)before);
    *value = before;
}

/* What httpd does not touch of listening sockets that are open already. */
static void keep_listeners(struct resolve *r)
{
    struct settings *s = r->out;
    const struct settings *before = r->before;

    s->nlisten = before->nlisten;
    memcpy(s->listen, before->listen, sizeof s->listen);
    keep_socket(r, DIR_ListenBacklog, &s->listen_backlog,
                before->listen_backlog, "T-14");
    keep_socket(r, DIR_SendBufferSize, &s->send_buffer, before->send_buffer,
                "T-18");
    keep_socket(r, DIR_ReceiveBufferSize, &s->receive_buffer,
                before->receive_buffer, "T-18");
    for (int tls = 0; tls < 2; tls++) {
        if (before->defer_accept[tls] && !s->defer_accept[tls])
            remark(r, DIR_AcceptFilter, DIR_AcceptFilter, "C-25", NULL,
                   "AcceptFilter none is for new sockets; those that are open "
                   "keep their filter at a restart. Stop and start httpd "
                   "instead.");
        s->defer_accept[tls] |= before->defer_accept[tls];
    }
}

bool settings_restart(const struct directives *d, const struct settings *before,
                      bool graceful, int online_cpus, struct arena *a,
                      struct settings *out, struct settings_notes *notes,
                      struct err *e)
{
    static const enum directive ratio = DIR_ListenCoresBucketsRatio;
    struct resolve r = { d, before, out, a, notes };
    int buckets = buckets_of(d, online_cpus);

    memset(out, 0, sizeof *out);
    notes->v = NULL;
    notes->n = 0;
    out->mpm = before->mpm;
    out->version = before->version;
    out->buckets = before->buckets;
    if (buckets != before->buckets && !graceful)
        return err_at(e, ERR_CONTENT, d->v[ratio].file, d->v[ratio].line,
                      d->v[ratio].col, NULL,
                      "ListenCoresBucketsRatio would make %d sets of listeners "
                      "out of %d; a restart that does so is not modelled. "
                      "Give it to the server instead.",
                      buckets, before->buckets);
    if (buckets != before->buckets)
        remark(&r, ratio, ratio, "C-40", NULL,
               "ListenCoresBucketsRatio would make %d sets of listeners; a "
               "graceful restart keeps the %d there are.",
               buckets, before->buckets);
    if (!resolve(&r, false, e))
        return false;
    keep_listeners(&r);
    return true;
}
