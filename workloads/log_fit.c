/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workloads/log_fit.h"

#include <string.h>

#include "server/host.h"
#include "sim/must.h"
#include "workloads/workload.h"

/* As the replay keeps (access_log.c). */
#define KEEP 250000

extern const struct workload workload_access_log;

/* The default of the replay's, or the network's, parameter NAME. */
static simtime_t default_time(const struct param *p, const char *name)
{
    simtime_t t = 0;
    while (p->name && strcmp(p->name, name) != 0)
        p++;
    must(p->name && simtime_parse(p->def, &t));
    return t;
}

struct reading {
    struct log_fit *out;
    struct log_assumed assumed;
    struct dist service, cpu;
    double head_sum, open_sum;
    size_t heads;
};

/* Returns when it is answered, as far as is known. */
static simtime_t add_request(struct reading *r, const struct log_item *q)
{
    struct log_fit *out = r->out;
    int64_t service = log_handler_time(&r->assumed, out->file, q), body = 0;
    uint16_t head = DEMAND_HEAD;
    if (service < 0) {
        out->assumed++;
        service = (int64_t)dist_mean(&r->service);
    }
    log_request_bytes(q, &head, &body);
    if (q->in > 0 && !q->post) {
        r->head_sum += head;
        r->heads++;
    }
    out->requests++;
    out->uploads = out->uploads || body > 0;
    fit_sample_add(&out->sample[LOG_FIT_SERVICE], (double)service);
    fit_sample_add(&out->sample[LOG_FIT_BYTES], (double)q->bytes);
    fit_sample_add(&out->sample[LOG_FIT_UPLOAD], (double)body);
    return q->t + (q->service > service ? q->service : service);
}

/* The client thinks from the response's arrival to the sending of its next
 * request: the time between them at the server less a round trip. */
static void add_think(struct reading *r, const struct log_item *q,
                      simtime_t answered)
{
    simtime_t gap = q->t - answered - r->out->rtt;
    fit_sample_add(&r->out->sample[LOG_FIT_THINK], gap > 0 ? (double)gap : 0);
}

static void add_conn(struct reading *r, struct log_conns *c, uint32_t number,
                     simtime_t at)
{
    struct log_fit *out = r->out;
    const struct log_item *q;
    simtime_t answered = 0;
    uint32_t n;
    for (n = 0; (q = log_conns_request(c, number, n)); n++) {
        if (n > 0)
            add_think(r, q, answered);
        answered = add_request(r, q);
        if (q->t > out->span)
            out->span = q->t;
    }
    r->open_sum += simtime_to_s(answered - at);
    out->conns++;
    out->persistent += log_conns_persistent(c, number);
    out->tls += log_conns_tls(c, number);
    fit_sample_add(&out->sample[LOG_FIT_REQUESTS], n);
    fit_counts_add(&out->counts, at);
}

static bool read_conns(struct reading *r, struct err *e)
{
    struct log_conns_opts o = log_assumed_conns(&r->assumed);
    struct log_conns *c = log_conns_new(r->out->file, &o, e);
    uint32_t number;
    simtime_t at;
    while (log_conns_next(c, SIM_NEVER - 1, &number, &at)) {
        add_conn(r, c, number, at);
        log_conns_ended(c, number);
    }
    log_conns_free(c);
    r->out->lifetime = r->open_sum / (double)r->out->conns;
    if (r->heads > 0)
        r->out->head = r->head_sum / (double)r->heads;
    return e->kind == ERR_NONE;
}

static bool judge(const char *pattern, const struct log_fit_opts *o,
                  const struct log_fit *f, struct err *e)
{
    if (o->rate <= 0 && (f->file->clumped || f->file->jumbled))
        return err_at(e, ERR_CONTENT, pattern, 0, 0, NULL,
                      "no arrival process: the stamps are %s, so arrivals "
                      "cannot be fitted. Give the rate of new clients "
                      "(--rate 10/s) to fit all the rest, or import the log "
                      "as httpd wrote it",
                      f->file->clumped ? "clumped" : "out of order");
    return true;
}

static bool fit_arrival_process(const char *pattern,
                                const struct log_fit_opts *o, struct log_fit *f,
                                struct err *e)
{
    simtime_t unit = f->counts.seconds ? SIM_S : 0;
    /* a second that is over has been watched to its end */
    f->span = unit ? (f->span / unit + 1) * unit : f->span;
    f->fitted = o->rate <= 0;
    if (!f->fitted) {
        if (f->span == 0) /* of one instant: as long as its scenario */
            f->span = SIM_S;
        f->arrivals = (struct fit_arrivals){ .rate = o->rate, .steps = 1 };
        f->arrivals.span = simtime_to_s(f->span);
        return true;
    }
    if (f->conns < 2 || f->counts.last <= unit)
        return err_at(e, ERR_CONTENT, pattern, 0, 0, NULL,
                      "%zu connection%s in %.3g s are too few for an arrival "
                      "process; give the rate of new clients (--rate 10/s), "
                      "or import a longer log",
                      f->conns, f->conns == 1 ? "" : "s",
                      simtime_to_s(f->span));
    fit_arrivals(&f->counts, f->span, &f->arrivals);
    return true;
}

bool log_fit_has(const struct log_fit *f, enum log_fit_part part)
{
    if (part == LOG_FIT_SERVICE)
        return f->assumed < f->requests;
    if (part == LOG_FIT_UPLOAD)
        return f->uploads;
    return f->sample[part].count > 0;
}

static void fit_parts(struct log_fit *f, struct arena *a)
{
    for (int i = 0; i < LOG_FIT_PARTS; i++) {
        if (!log_fit_has(f, (enum log_fit_part)i))
            continue;
        if (i == LOG_FIT_REQUESTS)
            fit_count(&f->sample[i], a, &f->laws[i]);
        else
            fit_laws(&f->sample[i], a, &f->laws[i]);
    }
}

bool log_fit(const char *pattern, const struct log_fit_opts *o, struct arena *a,
             struct log_fit *out, struct err *e)
{
    static const char *const streams[LOG_FIT_PARTS] = {
        "fit requests", "fit think", "fit service", "fit bytes", "fit upload"
    };
    struct log_opts lo = { .format = o->format,
                           .spread_seed = 1,
                           .keep = KEEP,
                           .lenient = o->lenient,
                           .note = o->note,
                           .note_ctx = o->note_ctx };
    const struct param *p = workload_access_log.params;
    struct reading r = { .out = out, .cpu = dist_constant(0) };
    *out = (struct log_fit){
        .gap = default_time(p, "keepalive_gap"),
        .overhead = default_time(p, "overhead"),
        .service = default_time(p, "service"),
        .rtt = default_time(network_params, "rtt"),
    };
    for (int i = 0; i < LOG_FIT_PARTS; i++)
        fit_sample_init(&out->sample[i], streams[i]);
    r.service = dist_constant((double)out->service);
    r.assumed = (struct log_assumed){ pattern, &r.service, &r.cpu, out->gap,
                                      out->overhead };
    out->file = log_read(pattern, &lo, a, e);
    if (!out->file || !judge(pattern, o, out, e))
        return false;
    out->exact = log_conns_exact(out->file);
    fit_counts_init(&out->counts, !(out->file->tells & LOG_TELLS_FRACTION));
    if (o->note) {
        log_note_conns(&r.assumed, out->file, a, o->note, o->note_ctx);
        log_note_service(&r.assumed, out->file, a, o->note, o->note_ctx);
    }
    if (!read_conns(&r, e) || !fit_arrival_process(pattern, o, out, e))
        return false;
    fit_parts(out, a);
    return true;
}

void log_fit_free(struct log_fit *f)
{
    for (int i = 0; i < LOG_FIT_PARTS; i++)
        fit_sample_free(&f->sample[i]);
    fit_counts_free(&f->counts);
}
