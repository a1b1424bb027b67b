/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/fitted.h"

#include <math.h>
#include <string.h>

#include "outputs/num.h"

static void number(struct sink *s, double v)
{
    if (isfinite(v))
        sink_stat(s, v);
    else
        sink_text(s, "null");
}

static void field(struct sink *s, const char *indent, const char *key, double v,
                  bool last)
{
    sink_format(s, "%s\"%s\": ", indent, key);
    number(s, v);
    sink_text(s, last ? "\n" : ",\n");
}

static void arrivals(struct sink *s, const struct log_fit *f)
{
    static const char *const process[] = { "poisson", "poisson_steps", "mmpp" };
    static const char in[] = "    ";
    const struct fit_arrivals *a = &f->arrivals;
    sink_format(s, "  \"arrivals\": {\n    \"process\": \"%s\",\n",
                f->fitted ? process[a->process] : "given");
    if (f->fitted) {
        for (int i = FIT_POISSON; i <= FIT_MMPP; i++) {
            sink_format(s, "    \"bic_%s\": ", process[i]);
            number(s, a->bic[i]);
            sink_text(s, ",\n");
        }
        field(s, in, "steps", (double)a->steps, false);
        field(s, in, "scv", a->gaps ? a->scv : NAN, false);
        field(s, in, "lag1", a->gaps ? a->lag1 : NAN, false);
        field(s, in, "ks", a->gaps ? a->ks : NAN, false);
        if (a->process == FIT_MMPP) {
            field(s, in, "quiet_rate_per_s", a->quiet_rate, false);
            field(s, in, "burst_rate_per_s", a->burst_rate, false);
            field(s, in, "quiet_s", a->quiet, false);
            field(s, in, "burst_s", a->burst, false);
        }
        sink_text(s, "    \"idc\": [");
        for (size_t i = 0; i < a->nidc; i++) {
            sink_format(s, "%s\n      { \"window_s\": ", i > 0 ? "," : "");
            number(s, a->idc[i].window);
            sink_text(s, ", \"idc\": ");
            number(s, a->idc[i].idc);
            sink_text(s, ", \"residual\": ");
            number(s, a->idc[i].residual);
            sink_text(s, " }");
        }
        sink_text(s, " ],\n");
    }
    field(s, in, "rate_per_s", a->rate, true);
    sink_text(s, "  },\n");
}

static void law(struct sink *s, const struct fit_law *l)
{
    sink_format(s, "      { \"law\": \"%s\"", dist_name(l->law.kind));
    const struct {
        const char *key;
        double v;
    } fields[] = { { "aic", l->aic },
                   { "bic", l->bic },
                   { "ks", l->ks },
                   { "ad", l->ad },
                   { "mean_ratio", l->mean } };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        sink_format(s, ", \"%s\": ", fields[i].key);
        number(s, fields[i].v);
    }
    sink_format(s, ", \"fits\": %s }", l->fits ? "true" : "false");
}

static void part(struct sink *s, const struct log_fit *f,
                 enum log_fit_part which)
{
    static const char in[] = "      ";
    const struct fit_sample *x = &f->sample[which];
    const struct fit_laws *l = &f->laws[which];
    bool time = which == LOG_FIT_THINK || which == LOG_FIT_SERVICE;
    double unit = time ? 1e-9 : 1;
    sink_format(s, "    \"%s\": {\n      \"unit\": \"%s\",\n",
                fitted_key(which),
                time                        ? "s"
                : which == LOG_FIT_REQUESTS ? "count"
                                            : "bytes");
    sink_format(s, "      \"law\": \"%s\",\n", dist_name(l->chosen.kind));
    field(s, in, "count", (double)x->count, false);
    field(s, in, "mean", fit_sample_mean(x) * unit, false);
    field(s, in, "cv", fit_sample_cv(x), false);
    field(s, in, "p50", l->p50 * unit, false);
    field(s, in, "p99", l->p99 * unit, false);
    field(s, in, "max", x->max * unit, false);
    sink_text(s, "      \"candidates\": [");
    for (size_t i = 0; i < l->n; i++) {
        sink_text(s, i > 0 ? ",\n" : "\n");
        law(s, &l->law[i]);
    }
    sink_text(s, " ]\n    }");
}

void fitted_json(struct sink *s, const struct fitted *f)
{
    const struct log_fit *l = f->fit;
    bool first = true;
    sink_text(s, "{\n  \"schema_version\": 1,\n");
    field(s, "  ", "requests", (double)l->requests, false);
    field(s, "  ", "connections", (double)l->conns, false);
    field(s, "  ", "span_s", simtime_to_s(l->span), false);
    field(s, "  ", "service_assumed", (double)l->assumed, false);
    sink_format(s, "  \"connections_estimated\": %s,\n",
                l->exact ? "false" : "true");
    sink_text(s, "  \"scale_key\": \"workload.scale\",\n");
    arrivals(s, l);
    sink_text(s, "  \"laws\": {\n");
    for (int i = 0; i < LOG_FIT_PARTS; i++) {
        if (!log_fit_has(l, (enum log_fit_part)i))
            continue;
        sink_text(s, first ? "" : ",\n");
        part(s, l, (enum log_fit_part)i);
        first = false;
    }
    sink_text(s, "\n  }\n}\n");
}
