/* SPDX-License-Identifier: GPL-3.0-or-later */
/* summary.json: keys in the order of the contract, two spaces an indent,
 * numbers by outputs/num.h. */
#include "outputs/report.h"

#include "outputs/num.h"
#include "outputs/paired.h"
#include "outputs/sink.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A document being written: whether the open object or list is still empty
 * and how deep it lies. */
struct json {
    struct sink out;
    int depth;
    bool empty;
};

static void line(struct json *j)
{
    sink_char(&j->out, '\n');
    for (int i = 0; i < j->depth; i++)
        sink_text(&j->out, "  ");
}

static void string(struct json *j, const char *text)
{
    struct sink *s = &j->out;
    sink_char(s, '"');
    for (const char *p = text; *p != '\0'; p++) {
        unsigned char c = (unsigned char)*p;
        if (c == '"' || c == '\\') {
            sink_char(s, '\\');
            sink_char(s, *p);
        } else if (c < 0x20 || c == 0x7F) {
            sink_format(s, "\\u%04x", c);
        } else {
            sink_char(s, *p);
        }
    }
    sink_char(s, '"');
}

/* Begins a member (KEY) or an element (KEY NULL). */
static void item(struct json *j, const char *key)
{
    if (!j->empty)
        sink_char(&j->out, ',');
    j->empty = false;
    line(j);
    if (key != NULL) {
        string(j, key);
        sink_text(&j->out, ": ");
    }
}

static void begin(struct json *j, char bracket)
{
    sink_char(&j->out, bracket);
    j->depth++;
    j->empty = true;
}

static void end(struct json *j, char bracket)
{
    j->depth--;
    if (!j->empty)
        line(j);
    sink_char(&j->out, bracket);
    j->empty = false;
}

static void put_text(struct json *j, const char *key, const char *text)
{
    item(j, key);
    if (text != NULL)
        string(j, text);
    else
        sink_text(&j->out, "null");
}

static void put_int(struct json *j, const char *key, int64_t v)
{
    item(j, key);
    sink_int(&j->out, v);
}

static void put_time(struct json *j, const char *key, simtime_t t)
{
    char buf[NUM_SIZE];
    item(j, key);
    sink_text(&j->out, num_time_exact(t, 0, buf));
}

static void bare(struct json *j, double v, enum summary_kind kind)
{
    if (isnan(v))
        sink_text(&j->out, "null");
    else if (kind == SUMMARY_COUNT)
        sink_count(&j->out, v);
    else
        sink_stat(&j->out, v);
}

/* A number, or with CI the pair [low, high]. */
static void put_number(struct json *j, const char *key, double low, double high,
                       bool pair, enum summary_kind kind)
{
    item(j, key);
    if (!pair) {
        bare(j, low, kind);
    } else if (isnan(low) || isnan(high)) {
        sink_text(&j->out, "null");
    } else {
        sink_char(&j->out, '[');
        bare(j, low, kind);
        sink_text(&j->out, ", ");
        bare(j, high, kind);
        sink_char(&j->out, ']');
    }
}

static void put_errors(struct json *j, const struct summary *a,
                       const struct summary *b, bool pair)
{
    item(j, "errors");
    begin(j, '{');
    for (int k = 0; k < REQ_ERRS; k++)
        if (k != REQ_OK && (a->errors[k] != 0 || b->errors[k] != 0))
            put_number(j, req_err_name[k], a->errors[k], b->errors[k], pair,
                       SUMMARY_COUNT);
    end(j, '}');
}

static void put_messages(struct json *j, const struct summary *a,
                         const struct summary *b, bool pair)
{
    item(j, "messages");
    begin(j, '[');
    for (size_t i = 0; i < a->nmessages; i++) {
        const struct summary_message *m = &a->message[i];
        item(j, NULL);
        begin(j, '{');
        put_text(j, "code", m->code);
        if (!pair) {
            put_text(j, "level", m->level);
            put_text(j, "text", m->text);
        }
        put_number(j, "first_s", m->first_s, b->message[i].first_s, pair,
                   SUMMARY_STAT);
        put_number(j, "count", m->count, b->message[i].count, pair,
                   SUMMARY_COUNT);
        end(j, '}');
    }
    end(j, ']');
}

/* All numbers of a server. PAIR: [A, B], the ends of intervals; else A, and B
 * is A again. */
static void put_numbers(struct json *j, const struct summary *a,
                        const struct summary *b, bool pair)
{
    const char *open = "";
    for (size_t i = 0; i < summary_nfields; i++) {
        const struct summary_field *f = &summary_fields[i];
        if (strcmp(open, f->group) != 0) {
            if (open[0] != '\0')
                end(j, '}');
            open = f->group;
            if (open[0] != '\0') {
                item(j, open);
                begin(j, '{');
            }
        }
        put_number(j, f->name, summary_value(a, f), summary_value(b, f), pair,
                   f->kind);
        if (strcmp(f->path, "requests.completed") == 0)
            put_errors(j, a, b, pair);
    }
    if (open[0] != '\0')
        end(j, '}');
    put_messages(j, a, b, pair);
}

/* -- effective directives ---------------------------------------------------
 */

static void put_duration(struct json *j, const char *key, simtime_t t)
{
    char buf[NUM_SIZE];
    put_text(j, key, simtime_format(t, buf, sizeof buf));
}

/* One stage of RequestReadTimeout as httpd.conf has it: "header=20-40,
 * MinRate=500". */
static void reqtimeout_stage(struct sink *s, const char *stage, simtime_t t,
                             simtime_t max, int64_t rate)
{
    sink_format(s, "%s%s=%" PRId64, s->len > 0 ? " " : "", stage, t / SIM_S);
    if (max > t)
        sink_format(s, "-%" PRId64, max / SIM_S);
    if (rate > 0)
        sink_format(s, ",MinRate=%" PRId64, rate);
}

static void put_reqtimeout(struct json *j, const struct reqtimeout *r)
{
    struct sink s;
    sink_string(&s);
    reqtimeout_stage(&s, "handshake", r->handshake, 0, 0);
    reqtimeout_stage(&s, "header", r->header, r->header_max, r->header_rate);
    reqtimeout_stage(&s, "body", r->body, r->body_max, r->body_rate);
    char *text = sink_take(&s);
    put_text(j, "RequestReadTimeout", text);
    free(text);
}

static void put_listeners(struct json *j, const struct settings *c)
{
    item(j, "Listen");
    begin(j, '[');
    for (int i = 0; i < c->nlisten; i++) {
        item(j, NULL);
        sink_format(&j->out, "\"%d%s\"", c->listen[i].port,
                    c->listen[i].tls ? " https" : "");
    }
    end(j, ']');
}

static void put_async_factor(struct json *j, const struct settings *c)
{
    item(j, "AsyncRequestWorkerFactor");
    if (c->async_factor != 0)
        sink_int(&j->out, c->async_factor);
    else
        sink_stat(&j->out, (double)c->async_sixteenths / 16);
}

static void put_spares(struct json *j, const struct settings *c)
{
    bool servers = c->mpm == MPM_PREFORK;
    put_int(j, servers ? "MinSpareServers" : "MinSpareThreads", c->min_spare);
    put_int(j, servers ? "MaxSpareServers" : "MaxSpareThreads", c->max_spare);
}

static void put_directives(struct json *j, const struct settings *c)
{
    item(j, "directives");
    begin(j, '{');
    if (c != NULL) {
        put_int(j, "ServerLimit", c->server_limit);
        if (c->mpm != MPM_PREFORK) {
            put_int(j, "ThreadLimit", c->thread_limit);
            put_int(j, "ThreadsPerChild", c->threads_per_child);
        }
        put_int(j, "MaxRequestWorkers", c->max_request_workers);
        put_int(j, "StartServers", c->start_servers);
        put_spares(j, c);
        if (c->mpm == MPM_EVENT)
            put_async_factor(j, c);
        put_int(j, "MaxConnectionsPerChild", c->max_connections_per_child);
        put_int(j, "ListenBacklog", c->listen_backlog);
        put_text(j, "KeepAlive", c->keepalive ? "On" : "Off");
        put_int(j, "MaxKeepAliveRequests", c->max_keepalive_requests);
        put_duration(j, "KeepAliveTimeout", c->keepalive_timeout);
        put_duration(j, "Timeout", c->timeout);
        put_duration(j, "GracefulShutdownTimeout",
                     c->graceful_shutdown_timeout);
        put_int(j, "SendBufferSize", c->send_buffer);
        put_int(j, "ReceiveBufferSize", c->receive_buffer);
        put_int(j, "MaxMemFree", c->max_mem_free);
        put_int(j, "FlushMaxThreshold", c->flush_max_threshold);
        put_int(j, "FlushMaxPipelined", c->flush_max_pipelined);
        put_reqtimeout(j, &c->reqtimeout);
        if (c->nlisten > 0)
            put_listeners(j, c);
    }
    end(j, '}');
}

/* -- the document -----------------------------------------------------------
 */

static void put_server(struct json *j, const struct report_server *s)
{
    item(j, s->name);
    begin(j, '{');
    put_text(j, "mpm", s->mpm);
    item(j, "httpd_version");
    if (s->settings != NULL)
        sink_format(&j->out, "\"%d.%d.%d\"", s->settings->version / 10000,
                    s->settings->version / 100 % 100,
                    s->settings->version % 100);
    else
        sink_text(&j->out, "null");
    put_directives(j, s->settings);
    put_numbers(j, s->sum, s->sum, false);
    if (s->ci != NULL) {
        item(j, "ci95");
        begin(j, '{');
        put_numbers(j, &s->ci->low, &s->ci->high, true);
        end(j, '}');
    }
    end(j, '}');
}

/* -- comparisons ------------------------------------------------------------
 */

static void put_difference(struct json *j, const struct report_server *a,
                           const struct report_server *b,
                           const struct summary_field *f)
{
    size_t n = a->nruns < b->nruns ? a->nruns : b->nruns;
    struct paired p = paired_difference(a->runs, b->runs, n, f->offset, 0.95);
    if (p.n < 2)
        return;
    item(j, NULL);
    begin(j, '{');
    put_text(j, "server", b->name);
    put_text(j, "minus", a->name);
    put_text(j, "metric", f->path);
    item(j, "mean");
    sink_stat(&j->out, p.mean);
    item(j, "ci95");
    begin(j, '[');
    item(j, NULL);
    sink_stat(&j->out, p.mean - p.half);
    item(j, NULL);
    sink_stat(&j->out, p.mean + p.half);
    end(j, ']');
    item(j, "shown");
    sink_text(&j->out, paired_is_shown(&p) ? "true" : "false");
    end(j, '}');
}

static bool has_replications(const struct report_server *s)
{
    return s->runs != NULL && s->nruns >= 2;
}

/* Every pair of servers, in the figures that people compare. */
static void put_comparisons(struct json *j, const struct report *r)
{
    static const char *const metrics[] = {
        "throughput_rps", "latency.mean_s",        "latency.p50_s",
        "latency.p99_s",  "requests.failed",       "workers.busy_mean",
        "cpu.seconds",    "memory.pss_mean_bytes",
    };
    bool any = false;
    for (size_t b = 1; b < r->n; b++)
        any = any || (has_replications(&r->servers[0]) &&
                      has_replications(&r->servers[b]));
    if (!any)
        return;
    item(j, "comparisons");
    begin(j, '[');
    for (size_t a = 0; a < r->n; a++)
        for (size_t b = a + 1; b < r->n; b++)
            for (size_t k = 0; k < summary_nfields; k++)
                for (size_t m = 0; m < sizeof metrics / sizeof metrics[0]; m++)
                    if (has_replications(&r->servers[a]) &&
                        has_replications(&r->servers[b]) &&
                        strcmp(summary_fields[k].path, metrics[m]) == 0)
                        put_difference(j, &r->servers[a], &r->servers[b],
                                       &summary_fields[k]);
    end(j, ']');
}

char *report_json(const struct report *r)
{
    struct json j = { .depth = 0 };
    sink_string(&j.out);
    begin(&j, '{');
    put_int(&j, "schema_version", 1);
    put_text(&j, "mpmsim_version", r->version);
    item(&j, "scenario");
    begin(&j, '{');
    put_text(&j, "title", r->title);
    put_text(&j, "file", r->file);
    put_text(&j, "sha256", r->sha256);
    item(&j, "seed");
    sink_format(&j.out, "%" PRIu64, r->seed);
    put_time(&j, "duration_s", r->duration);
    put_time(&j, "warm_up_s", r->warm_up);
    put_int(&j, "replications", r->replications);
    end(&j, '}');
    item(&j, "partial");
    sink_text(&j.out, r->partial ? "true" : "false");
    item(&j, "servers");
    begin(&j, '{');
    for (size_t i = 0; i < r->n; i++)
        put_server(&j, &r->servers[i]);
    end(&j, '}');
    put_comparisons(&j, r);
    end(&j, '}');
    sink_char(&j.out, '\n');
    return sink_take(&j.out);
}

bool report_write(const char *path, const char *text, struct err *e)
{
    struct sink s;
    if (!sink_open(&s, path, e))
        return false;
    sink_text(&s, text);
    return sink_close(&s, e);
}
