/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/httpd_advice.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sim/must.h"

__attribute__((format(printf, 5, 6))) static void
warn(struct httpd_conf *c, struct arena *a, const char *file, long line,
     const char *fmt, ...)
{
    char text[500];
    va_list ap;

    if ((c->nwarn & (c->nwarn - 1)) == 0) {
        struct httpd_conf_warning *v =
            arena_alloc(a, (c->nwarn == 0 ? 1 : 2 * c->nwarn) * sizeof *v);
        if (c->nwarn > 0)
            memcpy(v, c->warn, c->nwarn * sizeof *v);
        c->warn = v;
    }
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    c->warn[c->nwarn++] =
        (struct httpd_conf_warning){ file, line, arena_strdup(a, text) };
}

/* ---- what is not modelled ---- */

#define MAX_JOIN 1000 /* bytes of one host's RequestReadTimeout lines */

#define HTTP2_TEXT                                                             \
    "HTTP/2 is not modelled: its requests are taken as HTTP/1.1, one at a "    \
    "time on a connection, by the threads of the MPM"
#define PHP_TEXT                                                               \
    "PHP inside httpd makes every child larger; say by how much with "         \
    "\"mem_child_used\" of the machine"
#define DNS_TEXT                                                               \
    "HostnameLookups makes each request wait for the name service; add that "  \
    "to \"service\" of the workload"
#define BACKEND_TEXT                                                           \
    " hands requests to a backend; describe it in \"backends\" of the "        \
    "scenario and name it in the workload"

/* A directive NAME with an argument that begins with WORD (NULL: any). One
 * text is told once. */
static const struct {
    const char *name, *word;
    const char *text;
} unmodelled[] = {
    { "Protocols", "h2", HTTP2_TEXT }, /* also h2c */
    { "LoadModule", "qos_module",
      "mod_qos limits connections and requests by rules of its own, which are "
      "not modelled" },
    { "LoadModule", "evasive20_module",
      "mod_evasive turns away clients that ask too often, which is not "
      "modelled" },
    { "LoadModule", "evasive_module",
      "mod_evasive turns away clients that ask too often, which is not "
      "modelled" },
    { "LoadModule", "security2_module",
      "mod_security looks into every request; the CPU time that takes belongs "
      "into \"cpu\" of the workload" },
    { "LoadModule", "limitipconn_module",
      "mod_limitipconn limits connections per client, which is not modelled" },
    { "LoadModule", "bw_module",
      "mod_bw limits the speed of responses, which is not modelled" },
    { "LoadModule", "cband_module",
      "mod_cband limits the speed of responses, which is not modelled" },
    { "LoadModule", "mpm_itk_module",
      "mpm_itk changes the user in every request; it is taken for mpm_prefork "
      "without that" },
    { "LoadModule", "php_module", PHP_TEXT },
    { "LoadModule", "php7_module", PHP_TEXT },
    { "LoadModule", "php5_module", PHP_TEXT },
    { "SetOutputFilter", "RATE_LIMIT",
      "mod_ratelimit slows responses down, which is not modelled" },
    { "HostnameLookups", "On", DNS_TEXT },
    { "HostnameLookups", "Double", DNS_TEXT },
    { "ProxyPass", NULL, "ProxyPass" BACKEND_TEXT },
    { "ProxyPassMatch", NULL, "ProxyPassMatch" BACKEND_TEXT },
    { "SetHandler", "proxy:", "SetHandler" BACKEND_TEXT },
    { "CacheEnable", NULL,
      "mod_cache answers some requests itself; \"service\" of the workload "
      "must say how long requests take with it" },
};
#define UNMODELLED (sizeof unmodelled / sizeof unmodelled[0])

static_assert(UNMODELLED <= ADVICE_MAX, "a place for each");

/* Whether one of the words in ARGS begins with WORD. */
static bool has_word(const char *args, const char *word)
{
    while (*args != '\0') {
        args += strspn(args, " \t\"'");
        if (strncasecmp(args, word, strlen(word)) == 0)
            return true;
        args += strcspn(args, " \t\"'");
    }
    return false;
}

void advice_see(struct advice *ad, const char *name, const char *args,
                const char *file, long line)
{
    for (size_t i = 0; i < UNMODELLED; i++) {
        const char *word = unmodelled[i].word;
        if (ad->at[i].file != NULL || strcasecmp(name, unmodelled[i].name) != 0)
            continue;
        if (word != NULL && !has_word(args, word))
            continue;
        ad->at[i].file = file;
        ad->at[i].line = line;
    }
}

void advice_warn(const struct advice *ad, bool http2, struct httpd_conf *c,
                 struct arena *a)
{
    for (size_t i = 0; i < UNMODELLED; i++) {
        const char *text = unmodelled[i].text;
        bool told = strcmp(text, HTTP2_TEXT) == 0 && !http2;
        for (size_t k = 0; k < i; k++)
            told = told || (ad->at[k].file != NULL &&
                            strcmp(unmodelled[k].text, text) == 0);
        if (ad->at[i].file != NULL && !told)
            warn(c, a, ad->at[i].file, ad->at[i].line, "%s", text);
    }
}

/* ---- virtual hosts ---- */

bool httpd_per_host(enum directive d)
{
    return d == DIR_KeepAlive || d == DIR_KeepAliveTimeout ||
           d == DIR_MaxKeepAliveRequests || d == DIR_Timeout ||
           d == DIR_RequestReadTimeout || d == DIR_FlushMaxThreshold ||
           d == DIR_FlushMaxPipelined;
}

/* Splits the N bytes at S, "ADDR:PORT"; the port is 0 for none or "*". ADDR is
 * cut at SIZE. */
static int split_address(const char *s, size_t n, char *addr, size_t size)
{
    char text[300];
    char *colon;

    (void)snprintf(text, sizeof text, "%.*s", (int)(n < 299 ? n : 299), s);
    colon = strrchr(text, ':');
    if (colon != NULL && strchr(colon, ']') != NULL)
        colon = NULL; /* [::1] without a port */
    if (colon != NULL)
        *colon = '\0';
    (void)snprintf(addr, size, "%.*s", (int)size - 1, text);
    return colon != NULL ? atoi(colon + 1) : 0;
}

static bool any_address(const char *a)
{
    return *a == '\0' || strcmp(a, "*") == 0 ||
           strcasecmp(a, "_default_") == 0 || strcmp(a, "0.0.0.0") == 0 ||
           strcmp(a, "[::]") == 0;
}

/* The address of listener I of C, "" when it has none. */
static void listen_address(const struct httpd_conf *c, int i, char *addr,
                           size_t size)
{
    const struct httpd_conf_use *use = c->use;
    const char *value;
    size_t n;

    for (;; use++) {
        if (use->directive == DIR_Listen && use->skipped == NULL && i-- == 0)
            break;
    }
    value = use->value;
    n = strcspn(value, " ");
    *addr = '\0';
    if (memchr(value, ':', n) != NULL)
        (void)split_address(value, n, addr, size);
}

bool httpd_host_reached(const struct httpd_conf *c, size_t h, int i)
{
    const char *s = c->hosts[h].addresses;
    char la[256], ha[256];

    if (i >= c->directives.nlisten)
        return true; /* none is configured: all lead there */
    listen_address(c, i, la, sizeof la);
    while (*(s += strspn(s, " \t\"'")) != '\0') {
        size_t n = strcspn(s, " \t\"'");
        int port = split_address(s, n, ha, sizeof ha);
        if ((port == 0 || port == c->directives.listen[i].port) &&
            (any_address(la) || any_address(ha) || strcasecmp(la, ha) == 0))
            return true;
        s += n;
    }
    return false;
}

/* What each virtual host says of directive D, all lines of it as one text;
 * NULL: nothing. */
static const char **host_values(const struct httpd_conf *c, enum directive d,
                                struct arena *a)
{
    const char **values = arena_alloc(a, (c->nhosts + 1) * sizeof *values);

    for (size_t i = 0; i < c->nuse; i++) {
        const struct httpd_conf_use *use = &c->use[i];
        const char **v = &values[use->host >= 0 ? use->host : 0];
        if (use->directive != d || use->host < 0)
            continue;
        if (*v != NULL && d == DIR_RequestReadTimeout && strlen(*v) < MAX_JOIN)
            *v = arena_printf(a, "%s %s", *v, use->value);
        else
            *v = use->value;
    }
    return values;
}

/* The value of D that holds on every connection, or NULL. */
static const char *common_value(const struct httpd_conf *c, enum directive d,
                                struct arena *a)
{
    const char **values = host_values(c, d, a);
    const char *common = NULL;
    int n = c->directives.nlisten > 0 ? c->directives.nlisten : 1;

    for (int i = 0; i < n; i++) {
        bool reached = false;
        for (size_t h = 0; h < c->nhosts; h++) {
            const char *v = values[h];
            if (!httpd_host_reached(c, h, i))
                continue;
            if (v == NULL || (common != NULL && strcasecmp(common, v) != 0))
                return NULL;
            reached = true;
            common = v;
        }
        if (!reached)
            return NULL;
    }
    return common;
}

/* The value COMMON of all virtual hosts becomes the server's. */
static bool take_common(struct httpd_conf *c, enum directive d,
                        const char *common, struct arena *a)
{
    const struct httpd_conf_use *last = NULL;
    struct err e;
    bool ok;

    for (size_t i = 0; i < c->nuse; i++) {
        if (c->use[i].directive == d && c->use[i].host >= 0)
            last = &c->use[i];
    }
    must(last != NULL); /* what is common was said by somebody */
    err_init(&e);
    ok = directives_set(&c->directives, d, common, true, false, last->file,
                        last->line, 0, a, &e);
    err_clear(&e);
    if (ok && d == DIR_RequestReadTimeout)
        c->directives.reqtimeout_loaded = true;
    for (size_t i = 0; ok && i < c->nuse; i++) {
        if (c->use[i].directive == d && c->use[i].host >= 0)
            c->use[i].skipped = NULL;
    }
    return ok;
}

void httpd_settle_hosts(struct httpd_conf *c, struct arena *a)
{
    for (int d = 0; d < DIR_COUNT; d++) {
        const struct directive_info *info = &directive_table[d];
        const char *common;
        if (!httpd_per_host((enum directive)d))
            continue;
        common = common_value(c, (enum directive)d, a);
        if (common != NULL && take_common(c, (enum directive)d, common, a))
            continue;
        for (size_t i = 0; i < c->nuse; i++) {
            const struct httpd_conf_use *use = &c->use[i];
            if ((int)use->directive == d && use->host >= 0)
                warn(c, a, use->file, use->line,
                     "%s %s %s is not used, for other connections do without "
                     "it; all meet the main server's %s",
                     info->name, use->value, use->skipped,
                     c->directives.v[d].given ? c->directives.v[d].text
                                              : "default");
        }
    }
}

/* ---- contradictions ---- */

/* Whether every line of D counts. */
static bool adds_up(enum directive d)
{
    return d == DIR_Listen || d == DIR_AcceptFilter ||
           d == DIR_RequestReadTimeout;
}

/* Values that a later line replaces by another. */
static void overridden(struct httpd_conf *c, struct arena *a)
{
    const struct httpd_conf_use *last[DIR_COUNT] = { NULL };

    for (size_t i = c->nuse; i-- > 0;) {
        const struct httpd_conf_use *use = &c->use[i];
        const struct httpd_conf_use *by = last[use->directive];
        if (use->skipped != NULL || use->host >= 0 || adds_up(use->directive))
            continue;
        if (by == NULL)
            last[use->directive] = use;
        else if (strcasecmp(by->value, use->value) != 0)
            warn(c, a, use->file, use->line,
                 "%s %s has no effect: %s:%ld says %s",
                 directive_table[use->directive].name, use->value, by->file,
                 by->line, by->value);
    }
}

void httpd_contradictions(struct httpd_conf *c, struct arena *a)
{
    static const enum directive idle[] = { DIR_KeepAliveTimeout,
                                           DIR_MaxKeepAliveRequests };
    const struct directive_value *v = c->directives.v;
    const struct directive_value *off = &v[DIR_KeepAlive];

    overridden(c, a);
    if (c->directives.nlisten == 0)
        warn(c, a, c->file, 0,
             "no Listen; httpd would not start. Port 80 is taken");
    for (size_t i = 0; i < 2 && off->given && off->n == 0; i++) {
        const struct directive_value *k = &v[idle[i]];
        if (k->given)
            warn(c, a, k->file, k->line,
                 "%s %s has no effect: KeepAlive is Off at %s:%ld",
                 directive_table[idle[i]].name, k->text, off->file, off->line);
    }
    if (c->mpm == MPM_EVENT && v[DIR_ThreadsPerChild].given &&
        v[DIR_ThreadsPerChild].n <= 1)
        warn(c, a, v[DIR_ThreadsPerChild].file, v[DIR_ThreadsPerChild].line,
             "ThreadsPerChild 1 with mpm_event: a process that is second to "
             "accept a connection keeps its only thread reserved and never "
             "accepts again (E-12); give it at least 2");
}
