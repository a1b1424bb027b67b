/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/settings_print.h"

#include <inttypes.h>
#include <string.h>

#define CELL 48

static bool has(const struct settings *s, enum directive d)
{
    return directive_table[d].mpms & 1u << s->mpm;
}

static void put_count(char *cell, int64_t n)
{
    snprintf(cell, CELL, "%" PRId64, n);
}

/* A count whose 0 has a name. */
static void put_limit(char *cell, int64_t n, const char *zero)
{
    if (n == 0)
        snprintf(cell, CELL, "%s", zero);
    else
        put_count(cell, n);
}

static void put_stage(char *cell, const char *name, simtime_t from,
                      simtime_t to, int64_t rate)
{
    size_t n = strlen(cell);
    char a[32], b[32];
    snprintf(cell + n, CELL - n, "%s%s=%s", n ? " " : "", name,
             simtime_format(from, a, sizeof a));
    n = strlen(cell);
    if (to > from)
        snprintf(cell + n, CELL - n, "-%s", simtime_format(to, b, sizeof b));
    n = strlen(cell);
    if (rate > 0)
        snprintf(cell + n, CELL - n, ",%" PRId64 "B/s", rate);
}

static void put_reqtimeout(char *cell, const struct reqtimeout *r)
{
    *cell = '\0';
    if (r->handshake > 0)
        put_stage(cell, "handshake", r->handshake, 0, 0);
    if (r->header > 0)
        put_stage(cell, "header", r->header, r->header_max, r->header_rate);
    if (r->body > 0)
        put_stage(cell, "body", r->body, r->body_max, r->body_rate);
    if (*cell == '\0')
        snprintf(cell, CELL, "off");
}

static void put_listen(char *cell, const struct settings *s)
{
    *cell = '\0';
    for (int i = 0; i < s->nlisten; i++) {
        size_t n = strlen(cell);
        snprintf(cell + n, CELL - n, "%s%d%s", i ? " " : "", s->listen[i].port,
                 s->listen[i].tls ? " (TLS)" : "");
    }
}

static void put_factor(char *cell, const struct settings *s)
{
    if (s->async_sixteenths % 16 != 0 && s->async_sixteenths != 0)
        snprintf(cell, CELL, "%.4g", (double)s->async_sixteenths / 16);
    else
        put_count(cell, s->async_factor);
}

/* The value of directive D, or false when it says nothing of interest. */
static bool put_value(char *cell, const struct settings *s, enum directive d)
{
    bool prefork = s->mpm == MPM_PREFORK;
    switch (d) {
    case DIR_ServerLimit:
        put_count(cell, s->server_limit);
        return true;
    case DIR_ThreadLimit:
        put_count(cell, s->thread_limit);
        return true;
    case DIR_ThreadsPerChild:
        put_count(cell, s->threads_per_child);
        return true;
    case DIR_MaxRequestWorkers:
        put_count(cell, s->max_request_workers);
        return true;
    case DIR_StartServers:
        put_count(cell, s->start_servers);
        return true;
    case DIR_MinSpareServers:
    case DIR_MinSpareThreads:
        put_count(cell, s->min_spare);
        return prefork == (d == DIR_MinSpareServers);
    case DIR_MaxSpareServers:
    case DIR_MaxSpareThreads:
        put_count(cell, s->max_spare);
        return prefork == (d == DIR_MaxSpareServers);
    case DIR_AsyncRequestWorkerFactor:
        put_factor(cell, s);
        return true;
    case DIR_MaxConnectionsPerChild:
        put_limit(cell, s->max_connections_per_child, "no limit");
        return true;
    case DIR_ListenBacklog:
        put_count(cell, s->listen_backlog);
        return true;
    case DIR_KeepAlive:
        snprintf(cell, CELL, s->keepalive ? "On" : "Off");
        return true;
    case DIR_MaxKeepAliveRequests:
        put_limit(cell, s->max_keepalive_requests, "no limit");
        return true;
    case DIR_KeepAliveTimeout:
        simtime_format(s->keepalive_timeout, cell, CELL);
        return true;
    case DIR_Timeout:
        simtime_format(s->timeout, cell, CELL);
        return true;
    case DIR_SendBufferSize:
        put_limit(cell, s->send_buffer, "kernel's");
        return true;
    case DIR_RequestReadTimeout:
        put_reqtimeout(cell, &s->reqtimeout);
        return true;
    case DIR_AcceptFilter:
        snprintf(cell, CELL, "http %s, https %s",
                 s->defer_accept[0] ? "data" : "none",
                 s->defer_accept[1] ? "data" : "none");
        return true;
    case DIR_Listen:
        put_listen(cell, s);
        return true;
    case DIR_ListenCoresBucketsRatio:
        put_count(cell, s->buckets);
        return s->buckets > 1;
    case DIR_GracefulShutdownTimeout:
    case DIR_ReceiveBufferSize:
    case DIR_MaxMemFree:
    case DIR_ThreadStackSize:
    case DIR_FlushMaxThreshold:
    case DIR_FlushMaxPipelined:
    case DIR_COUNT:
        break;
    }
    return false;
}

void settings_print(FILE *f, const char *const *names,
                    const struct settings *const *s, size_t n)
{
    static const char *const mpm[MPM_KINDS] = { "prefork", "worker", "event" };
    fprintf(f, "%-26s", "");
    for (size_t i = 0; i < n; i++)
        fprintf(f, " %-*s", i + 1 < n ? 16 : 0, names[i]);
    fprintf(f, "\n%-26s", "MPM");
    for (size_t i = 0; i < n; i++)
        fprintf(f, " %-*s", i + 1 < n ? 16 : 0, mpm[s[i]->mpm]);
    fprintf(f, "\n");
    for (int d = 0; d < DIR_COUNT; d++) {
        char cell[CELL];
        bool any = false;
        for (size_t i = 0; i < n; i++)
            any = any || (has(s[i], (enum directive)d) &&
                          put_value(cell, s[i], (enum directive)d));
        if (!any)
            continue;
        fprintf(f, "%-26s", directive_table[d].name);
        for (size_t i = 0; i < n; i++) {
            bool shown = has(s[i], (enum directive)d) &&
                         put_value(cell, s[i], (enum directive)d);
            fprintf(f, " %-*s", i + 1 < n ? 16 : 0, shown ? cell : "-");
        }
        fprintf(f, "\n");
    }
}
