/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/fitted.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "outputs/num.h"
#include "outputs/plots_fit.h"
#include "sim/must.h"

static const struct {
    const char *key, *title;
    char unit; /* t: ns, b: bytes, n: a number */
} parts[LOG_FIT_PARTS] = {
    [LOG_FIT_REQUESTS] = { "requests_per_connection", "Requests per connection",
                           'n' },
    [LOG_FIT_THINK] = { "think", "Think time", 't' },
    [LOG_FIT_SERVICE] = { "service", "Service time", 't' },
    [LOG_FIT_BYTES] = { "bytes", "Response size", 'b' },
    [LOG_FIT_UPLOAD] = { "upload", "Upload size", 'b' },
};

const char *fitted_key(enum log_fit_part part)
{
    return parts[part].key;
}

/* ---- pieces of text ---- */

/* A number of a part, for people. */
static const char *shown(double v, char unit, char *buf)
{
    return unit == 't'   ? num_duration(v / 1e9, buf)
           : unit == 'b' ? num_bytes(v, buf)
                         : num_digits(v, 3, buf);
}

static const char *percent(double share, char *buf)
{
    snprintf(buf, NUM_SIZE, "%.3g %%", 100 * share);
    return buf;
}

static simtime_t step_length(const struct log_fit *f)
{
    return simtime_from_s(f->arrivals.span / (double)f->arrivals.steps);
}

/* "Poisson, rate in 24 steps of 5 min". Writes into BUF and returns it. */
static char *process_text(const struct log_fit *f, char *buf, size_t size)
{
    char step[NUM_SIZE];
    if (!f->fitted)
        snprintf(buf, size, "Poisson, at the rate given");
    else if (f->arrivals.process == FIT_MMPP)
        snprintf(buf, size, "MMPP of two states");
    else if (f->arrivals.process == FIT_PROFILE)
        snprintf(buf, size, "Poisson, rate in %zu steps of %s",
                 f->arrivals.steps,
                 num_duration(simtime_to_s(step_length(f)), step));
    else
        snprintf(buf, size, "Poisson, constant rate");
    return buf;
}

/* ---- arrivals ---- */

static void process_table(struct sink *s, const struct fit_arrivals *a)
{
    static const char *const names[] = { "Poisson, constant rate",
                                         "Poisson, rate in steps",
                                         "MMPP of two states" };
    sink_text(s, "                            BIC, above the best\n");
    for (int i = FIT_POISSON; i <= FIT_MMPP; i++) {
        if (isnan(a->bic[i]))
            sink_format(s, "   %-24s %8s\n", names[i], "-");
        else
            sink_format(s, "%s %-24s %8.0f\n",
                        i == (int)a->process ? "->" : "  ", names[i],
                        a->bic[i] - a->bic[a->process]);
    }
}

static void idc_table(struct sink *s, const struct fit_arrivals *a)
{
    bool mmpp = a->process == FIT_MMPP;
    char w[NUM_SIZE];
    if (a->nidc == 0)
        return;
    sink_format(s, "   window       IDC%s\n",
                mmpp                        ? "  of the MMPP"
                : a->process == FIT_PROFILE ? "  about the fitted rate"
                                            : "");
    for (size_t i = 0; i < a->nidc; i++) {
        const struct fit_idc *d = &a->idc[i];
        sink_format(s, "   %-8s %7.2f", num_duration(d->window, w), d->idc);
        if (mmpp || a->process == FIT_PROFILE)
            sink_format(s, "  %7.2f", mmpp ? d->model : d->residual);
        sink_char(s, '\n');
    }
    sink_text(s, "   (IDC: index of dispersion for counts, variance / mean per "
                 "window; Poisson: 1)\n");
}

static void gaps_text(struct sink *s, const struct log_fit *f)
{
    const struct fit_arrivals *a = &f->arrivals;
    if (!a->gaps && !f->counts.seconds) {
        sink_text(s, "   There are too few interarrival times to judge.\n");
        return;
    }
    if (!a->gaps) {
        sink_text(s, "   Interarrival times within a second cannot be seen in "
                     "this log: counts per\n   second and longer were fitted "
                     "instead.\n");
        return;
    }
    sink_format(s,
                "   Interarrival times: SCV %.2f (exponential: 1), "
                "autocorrelation at lag 1 %.2f (none: 0)\n",
                a->scv, a->lag1);
    if (a->process == FIT_PROFILE)
        sink_format(s,
                    "   on the time scale of the fitted rate: SCV %.2f, lag 1 "
                    "%.2f\n",
                    a->scaled_scv, a->scaled_lag1);
    if (a->process != FIT_MMPP)
        sink_format(s, "   against the exponential law: D %.3f\n", a->ks);
}

/* The largest dispersion that the process does not account for: about its
 * rate, or over that of the MMPP. */
static double unexplained(const struct fit_arrivals *a, double *window)
{
    double worst = 1;
    *window = 0;
    for (size_t i = 0; i < a->nidc; i++) {
        const struct fit_idc *d = &a->idc[i];
        double v = a->process == FIT_MMPP ? d->idc / d->model : d->residual;
        if (fabs(log(v)) > fabs(log(worst))) {
            worst = v;
            *window = d->window;
        }
    }
    return worst;
}

/* IDC over n windows scatters by sqrt(2 / n), 0.3 for the 20 of the longest
 * window: beyond twice as much it is another process. */
#define IDC_HIGH 1.6
#define IDC_LOW  0.6
/* Beyond what neighbours of 500 pairs show by chance (1.96 / sqrt(n) = 0.09),
 * and strong enough to matter. */
#define LAG_HIGH 0.2

static void verdict(struct sink *s, const struct fit_arrivals *a)
{
    double window, d = unexplained(a, &window);
    const char *name =
        a->process == FIT_MMPP ? "This MMPP" : "This Poisson process";
    bool gaps = a->gaps && a->process != FIT_MMPP;
    double bound = fmax(FIT_KS, FIT_KS_NOISE * a->noise);
    char w[NUM_SIZE];
    if (d > IDC_HIGH)
        sink_format(s,
                    "   %s is smoother than the log: counts per %s of the log "
                    "have %.3g times its\n   variance. What builds up over "
                    "such times will be too small in the imported workload;\n"
                    "   a replay (workload.access_log) shows it.\n",
                    name, num_duration(window, w), d);
    else if (d < IDC_LOW || (gaps && a->scaled_scv < IDC_LOW))
        sink_format(s,
                    "   %s is burstier than the log, whose arrivals are more "
                    "regular (a load generator?):\n   queues of the imported "
                    "workload will be longer; a replay (workload.access_log) "
                    "shows it.\n",
                    name);
    else if (gaps && (a->ks > bound || a->scaled_scv > IDC_HIGH ||
                      fabs(a->scaled_lag1) > LAG_HIGH))
        sink_format(s,
                    "   %s has the log's counts, but below the windows above "
                    "the log's arrivals are\n   not independent (bursts of a "
                    "client's connections?).\n",
                    name);
    else if (a->nidc == 0 && !a->gaps)
        sink_format(s, "   %s cannot be judged by so few arrivals.\n", name);
    else
        sink_format(s, "   %s is adequate: nothing speaks against it.\n", name);
}

/* Beyond this share of the log the two ends weigh: load is lost there. */
#define LIFETIME_HIGH 0.1

static void ends_text(struct sink *s, const struct log_fit *f)
{
    char b[NUM_SIZE];
    if (f->lifetime <= LIFETIME_HIGH * simtime_to_s(f->span))
        return;
    sink_format(s,
                "   Connections last %s on average, %.0f %% of the log: those "
                "open at its ends were cut, and\n   in the imported workload "
                "so are those open at its end: it has less load. Import a "
                "longer log.\n",
                num_duration(f->lifetime, b),
                100 * f->lifetime / simtime_to_s(f->span));
}

static void arrivals_text(struct sink *s, const struct log_fit *f)
{
    const struct fit_arrivals *a = &f->arrivals;
    char name[128], q[NUM_SIZE], b[NUM_SIZE], rate[NUM_SIZE];
    sink_format(s, "\nArrivals of connections: %s, %s per second on average\n",
                process_text(f, name, sizeof name),
                num_digits(a->rate, 4, rate));
    ends_text(s, f);
    if (!f->fitted)
        return;
    if (a->process == FIT_MMPP) {
        sink_format(s, "   quiet: %.4g per second for %s; ", a->quiet_rate,
                    num_duration(a->quiet, q));
        sink_format(s, "bursts: %.4g per second for %s, on average\n",
                    a->burst_rate, num_duration(a->burst, b));
    }
    process_table(s, a);
    idc_table(s, a);
    gaps_text(s, f);
    verdict(s, a);
}

/* ---- laws ---- */

static void law_row(struct sink *s, const struct fit_laws *l, size_t i)
{
    const struct fit_law *w = &l->law[i];
    char ad[NUM_SIZE] = "-";
    if (isfinite(w->ad))
        num_digits(w->ad, 3, ad);
    sink_format(s, "%s %-17s %9.0f %9.0f %8.3f %9s %7.2f %7.2f\n",
                (int)i == l->best ? "->" : "  ", dist_name(w->law.kind),
                w->aic - l->law[0].aic, w->bic - l->law[0].bic, w->ks, ad,
                w->mean, l->p99 > 0 ? w->p99 / l->p99 : NAN);
}

static void law_verdict(struct sink *s, const struct fit_laws *l)
{
    const struct fit_law *near = &l->law[0];
    if (l->best >= 0)
        return;
    for (size_t i = 1; i < l->n; i++)
        if (l->law[i].ks < near->ks)
            near = &l->law[i];
    if (near->ks > l->limit)
        sink_format(s,
                    "-> empirical: no law fits (the nearest is %s, D %.3f > "
                    "%.3f)\n",
                    dist_name(near->law.kind), near->ks, l->limit);
    else
        sink_format(s,
                    "-> empirical: no law that is near enough (D) has the "
                    "log's mean within %.0f %%\n",
                    100 * FIT_MEAN);
}

static void part_text(struct sink *s, const struct log_fit *f,
                      enum log_fit_part part)
{
    const struct fit_sample *x = &f->sample[part];
    const struct fit_laws *l = &f->laws[part];
    char unit = parts[part].unit, b[4][NUM_SIZE];
    sink_format(s, "\n%s (%s): %zu values, ", parts[part].title,
                parts[part].key, x->count);
    if (l->chosen.kind == DIST_CONSTANT) {
        sink_format(s, "all %s\n", shown(x->min, unit, b[0]));
        return;
    }
    sink_format(s, "mean %s, CV %.2f, median %s, p99 %s, max %s\n",
                shown(fit_sample_mean(x), unit, b[0]), fit_sample_cv(x),
                shown(l->p50, unit, b[1]), shown(l->p99, unit, b[2]),
                shown(x->max, unit, b[3]));
    if (part == LOG_FIT_REQUESTS) {
        sink_format(s, "-> empirical, as counted\n");
        return;
    }
    if (x->zeros > 0)
        sink_format(s, "   %s of them are 0\n",
                    percent((double)x->zeros / (double)x->count, b[0]));
    if (l->n == 0) {
        sink_text(s,
                  "-> empirical: no law can be fitted, the values above 0 are "
                  "all alike\n");
        return;
    }
    sink_format(s, "   %-17s %9s %9s %8s %9s %7s %7s\n", "law", "AIC", "BIC",
                "D", "A2", "mean", "p99");
    for (size_t i = 0; i < l->n; i++)
        law_row(s, l, i);
    law_verdict(s, l);
}

static void assumed_text(struct sink *s, const struct log_fit *f)
{
    char b[NUM_SIZE], c[NUM_SIZE];
    sink_text(s, "\nAssumed, because the log does not tell it:\n");
    if (f->assumed > 0)
        sink_format(s, "   service time of %s requests: %s (key service)\n",
                    f->assumed == f->requests
                        ? "all"
                        : num_count((double)f->assumed, c),
                    simtime_format(f->service, b, sizeof b));
    if (!f->exact)
        sink_format(s,
                    "   which requests shared a connection: an estimate, by "
                    "client and a gap of at most %s\n",
                    simtime_format(f->gap, b, sizeof b));
    sink_format(s,
                "   round trip %s (think times are without it), no CPU in "
                "the handler (key cpu),\n   clients that the log does not "
                "show to leave keep their connection open (key hold)\n",
                simtime_format(f->rtt, b, sizeof b));
    sink_text(s, "   times and sizes independent of each other and of the "
                 "time of day\n");
}

static bool any_law(const struct log_fit *f)
{
    for (int i = 0; i < LOG_FIT_PARTS; i++)
        if (f->laws[i].n > 0)
            return true;
    return false;
}

void fitted_text(struct sink *s, const struct fitted *f)
{
    const struct log_fit *l = f->fit;
    char span[NUM_SIZE];
    sink_format(s, "%s: %zu requests on %zu connections in %s\n", f->log,
                l->requests, l->conns,
                num_duration(simtime_to_s(l->span), span));
    arrivals_text(s, l);
    for (int i = 0; i < LOG_FIT_PARTS; i++)
        if (log_fit_has(l, (enum log_fit_part)i))
            part_text(s, l, (enum log_fit_part)i);
    if (any_law(l))
        sink_format(s,
                    "\nAIC, BIC: above those of the law with the least BIC. "
                    "D: Kolmogorov-Smirnov distance, A2:\nAnderson-Darling. "
                    "mean, p99: the law's over the log's. A law fits when D "
                    "is at most %.2f (or\n%.2f / sqrt(n)) and its mean within "
                    "%.0f %%; of those that fit, the least BIC. With many\n"
                    "values every test rejects every law: judge by D, not by "
                    "a p-value.\n",
                    FIT_KS, FIT_KS_NOISE, 100 * FIT_MEAN);
    assumed_text(s, l);
}

/* ---- the scenario ---- */

static void json_text(struct sink *s, const char *text)
{
    sink_char(s, '"');
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p == '"' || *p == '\\')
            sink_char(s, '\\');
        sink_char(s, *p < 0x20 ? ' ' : (char)*p);
    }
    sink_char(s, '"');
}

static void comment(struct sink *s, const char *text)
{
    bool begin = true;
    for (const char *p = text; *p; p++) {
        if (begin)
            sink_text(s, *p == '\n' ? "//" : "// ");
        begin = *p == '\n';
        sink_char(s, *p);
    }
}

/* V rounded to six digits, as a scenario has it. */
static void quantity(struct sink *s, double v, char unit)
{
    char b[NUM_SIZE];
    if (unit == 'n') {
        sink_text(s, num_digits(v, 6, b));
        return;
    }
    v = strtod(num_digits(v, 6, b), NULL);
    if (unit == 'b')
        sink_format(s, "\"%.0fB\"", v);
    else
        sink_format(s, "\"%s\"",
                    simtime_format((simtime_t)(v + 0.5), b, sizeof b));
}

/* Starts a new line of a list when this one is full. */
static void wrap(struct sink *s, size_t *at, const char *indent)
{
    if (s->len - *at < 70)
        return;
    sink_format(s, "\n%s", indent);
    *at = s->len;
}

static void empirical(struct sink *s, const struct dist *d, char unit)
{
    static const char indent[] = "                ";
    size_t at;
    bool equal = true;
    sink_format(s, "{ \"dist\": \"empirical\", \"values\": [\n%s", indent);
    at = s->len;
    for (size_t i = 0; i < d->n; i++) {
        quantity(s, d->values[i], unit);
        sink_text(s, i + 1 < d->n ? ", " : " ]");
        wrap(s, &at, indent);
        equal = equal && d->cum[i] == d->cum[0];
    }
    if (equal) {
        sink_text(s, " }");
        return;
    }
    sink_format(s, ",\n            \"weights\": [\n%s", indent);
    at = s->len;
    for (size_t i = 0; i < d->n; i++) {
        sink_format(s, "%.0f%s", d->cum[i], i + 1 < d->n ? ", " : " ] }");
        wrap(s, &at, indent);
    }
}

static void write_law(struct sink *s, const struct dist *d, char unit)
{
    struct dist copy = *d;
    if (d->kind == DIST_CONSTANT) {
        quantity(s, d->mean, unit);
        return;
    }
    if (d->kind == DIST_EMPIRICAL) {
        empirical(s, d, unit);
        return;
    }
    sink_format(s, "{ \"dist\": \"%s\"", dist_name(d->kind));
    for (const char *const *k = dist_keys(d->kind); *k; k++) {
        bool number = strcmp(*k, "cv") == 0 || strcmp(*k, "shape") == 0 ||
                      strcmp(*k, "alpha") == 0;
        sink_format(s, ", \"%s\": ", *k);
        quantity(s, *dist_field(&copy, *k), number ? 'n' : unit);
    }
    sink_text(s, " }");
}

/* Small rates per second would need an exponent. */
static void rate(struct sink *s, const char *key, double per_s)
{
    char b[NUM_SIZE];
    bool slow = per_s > 0 && per_s < 0.01;
    sink_format(s, "        \"%s\": \"%s%s\",\n", key,
                num_digits(slow ? per_s * 86400 : per_s, 6, b),
                slow ? "/d" : "/s");
}

static void points(struct sink *s, const struct log_fit *f)
{
    const struct fit_arrivals *a = &f->arrivals;
    char b[NUM_SIZE];
    sink_text(s, "        \"profile\": \"steps\",\n        \"points\": \"");
    for (size_t i = 0; i < a->steps; i++) {
        simtime_t t = simtime_from_s(a->span / (double)a->steps * (double)i);
        sink_format(s, "%s%s %.4f", i > 0 ? ", " : "",
                    i > 0 ? simtime_format(t, b, sizeof b) : "0s",
                    a->factor[i]);
    }
    sink_text(s, "\",\n");
}

static void arrivals_keys(struct sink *s, const struct log_fit *f)
{
    const struct fit_arrivals *a = &f->arrivals;
    bool mmpp = f->fitted && a->process == FIT_MMPP;
    sink_format(s,
                "        \"type\": \"%s\",\n"
                "        \"scale\": 1, // times the log's load\n",
                mmpp ? "mmpp" : "poisson");
    rate(s, "rate", mmpp ? a->quiet_rate : a->rate);
    if (mmpp) {
        rate(s, "burst_rate", a->burst_rate);
        sink_text(s, "        \"quiet\": ");
        quantity(s, a->quiet * 1e9, 't');
        sink_text(s, ",\n        \"burst\": ");
        quantity(s, a->burst * 1e9, 't');
        sink_text(s, ",\n");
    } else if (a->steps > 1) {
        points(s, f);
    }
}

static void share(struct sink *s, const char *key, size_t part, size_t whole)
{
    char b[NUM_SIZE];
    if (part > 0)
        sink_format(s, ",\n        \"%s\": %s", key,
                    num_digits((double)part / (double)whole, 3, b));
}

static void parts_keys(struct sink *s, const struct log_fit *f)
{
    bool first = true;
    for (int i = 0; i < LOG_FIT_PARTS; i++) {
        if (!log_fit_has(f, (enum log_fit_part)i))
            continue;
        sink_format(s, "%s        \"%s\": ", first ? "" : ",\n", parts[i].key);
        write_law(s, &f->laws[i].chosen, parts[i].unit);
        first = false;
    }
}

void fitted_scenario(struct sink *s, const struct fitted *f, const char *text)
{
    const struct log_fit *l = f->fit;
    char b[NUM_SIZE];
    simtime_t whole = (l->span + SIM_S - 1) / SIM_S * SIM_S;
    comment(s, text);
    sink_text(s, "{\n    \"title\": ");
    json_text(s, f->log);
    sink_format(s,
                ",\n    \"about\": \"Traffic fitted to a log. What if there "
                "is more of it? Set workload.scale.\",\n"
                "    \"duration\": \"%s\",\n",
                simtime_format(whole > 0 ? whole : SIM_S, b, sizeof b));
    sink_format(s,
                "    \"network\": { \"rtt\": \"%s\" },\n"
                "    \"workload\": {\n",
                simtime_format(l->rtt, b, sizeof b));
    arrivals_keys(s, l);
    parts_keys(s, l);
    if (!log_fit_has(l, LOG_FIT_SERVICE)) {
        sink_text(s, ",\n        // assumed: the log has none\n"
                     "        \"service\": ");
        quantity(s, (double)l->service, 't');
    }
    share(s, "hold", l->persistent, l->conns);
    share(s, "tls", l->tls, l->conns);
    if (l->head >= 1)
        sink_format(s, ",\n        \"head\": \"%.0fB\"", l->head);
    sink_text(s, "\n    },\n    // yours: \"httpd_conf\": \"/etc/apache2\"\n"
                 "    \"servers\": [ { \"mpm\": \"event\" } ]\n}\n");
}

/* ---- the picture ---- */

#define PICTURE_WINDOWS 240

static double *arrivals_of(const struct log_fit *f, size_t *n, double *window)
{
    double span = f->arrivals.span, width = simtime_to_s(f->counts.width);
    double *v;
    *n = (size_t)fmax(1, fmin(PICTURE_WINDOWS, span / width));
    *window = span / (double)*n;
    v = must_zalloc(*n, sizeof *v);
    for (size_t i = 0; i < FIT_WINDOWS; i++) {
        size_t at = (size_t)(((double)i + 0.5) * width / *window);
        v[at < *n ? at : *n - 1] += f->counts.count[i] / *window;
    }
    return v;
}

static double law_cdf(const void *law, double x)
{
    return fit_cdf(law, x);
}

static size_t plot_samples(const struct log_fit *f, struct plot_fit_sample *out)
{
    static const enum log_fit_part shown_parts[] = { LOG_FIT_SERVICE,
                                                     LOG_FIT_BYTES,
                                                     LOG_FIT_THINK };
    size_t n = 0;
    for (size_t i = 0; i < sizeof shown_parts / sizeof *shown_parts; i++) {
        enum log_fit_part part = shown_parts[i];
        const struct fit_laws *l = &f->laws[part];
        bool law = l->best >= 0;
        if (!log_fit_has(f, part) || l->chosen.kind == DIST_CONSTANT)
            continue;
        out[n++] = (struct plot_fit_sample){
            .title = parts[part].title,
            .label = parts[part].key,
            .law = dist_name(l->chosen.kind),
            .v = f->sample[part].v,
            .n = f->sample[part].n,
            .unit = parts[part].unit == 't' ? 1e-9 : 0,
            .cdf = law ? law_cdf : NULL,
            .ctx = &l->chosen,
        };
    }
    return n;
}

bool fitted_plot(const struct fitted *f, const char *folder, struct err *e)
{
    const struct fit_arrivals *a = &f->fit->arrivals;
    struct plot_fit_sample sample[LOG_FIT_PARTS];
    double steps[FIT_STEPS];
    char name[128];
    bool mmpp = f->fit->fitted && a->process == FIT_MMPP;
    struct plot_fit p = { .title = basename(f->log),
                          .process = process_text(f->fit, name, sizeof name),
                          .rate = steps,
                          .steps = mmpp ? 0 : a->steps,
                          .quiet = a->quiet_rate,
                          .burst = mmpp ? a->burst_rate : 0,
                          .sample = sample };
    double *arrivals = arrivals_of(f->fit, &p.windows, &p.window);
    bool ok;
    p.arrivals = arrivals;
    for (size_t i = 0; i < a->steps; i++)
        steps[i] = a->rate * (f->fit->fitted ? a->factor[i] : 1);
    p.samples = plot_samples(f->fit, sample);
    ok = plots_fit_write(folder, &p, e);
    free(arrivals);
    return ok;
}
