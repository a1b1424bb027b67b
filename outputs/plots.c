/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every script sets all its axis ranges itself: gnuplot stops at an axis that
 * it would have to scale by data that is not there. The same colour and dash
 * stand for a server in every picture; in the overview a thin line is the
 * second figure of a panel. */
#include "outputs/plots.h"

#include "outputs/num.h"
#include "outputs/plots_script.h"
#include "outputs/sink.h"
#include "sim/must.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* At most this many points of a distribution function. */
#define CDF_POINTS 400

/* A column of the data blocks: where the number lies and by what it is
 * divided. */
struct column {
    size_t offset;
    double unit;
};
#define COLUMN(member, unit)                                                   \
    {                                                                          \
        offsetof(struct curve_point, member), unit                             \
    }

static double value(const struct curve_point *p, const struct column *c)
{
    return *(const double *)(const void *)((const char *)p + c->offset) /
           c->unit;
}

/* -- pieces of a script -----------------------------------------------------
 */

static bool has_bands(const struct plot_server *p)
{
    return p->low != NULL && p->high != NULL;
}

/* $s1, $s2 …: one block per server, time and then the N columns; behind them,
 * with replications, the lower and upper end of the interval of each. */
static void data_blocks(struct sink *s, const struct plot_run *run,
                        const struct column *columns, size_t n)
{
    for (size_t i = 0; i < run->n; i++) {
        const struct plot_server *p = &run->servers[i];
        sink_format(s, "$s%zu << EOD\n", i + 1);
        for (size_t k = 0; k < p->npoints; k++) {
            script_number(s, p->curve[k].t_s);
            for (size_t c = 0; c < n; c++) {
                sink_char(s, ' ');
                script_number(s, value(&p->curve[k], &columns[c]));
            }
            for (size_t c = 0; c < n && has_bands(p); c++) {
                sink_char(s, ' ');
                script_number(s, value(&p->low[k], &columns[c]));
                sink_char(s, ' ');
                script_number(s, value(&p->high[k], &columns[c]));
            }
            sink_char(s, '\n');
        }
        sink_text(s, "EOD\n");
    }
}

/* The axis of time, with the warm-up in grey. */
static void time_axis(struct sink *s, const struct plot_run *run)
{
    double from = 0, to = simtime_to_s(run->duration);
    for (size_t i = 0; i < run->n; i++)
        if (run->servers[i].npoints > 0)
            from = fmin(from, run->servers[i].curve[0].t_s);
    sink_text(s, "set format x '%g'\nset xlabel 'time (s)'\nset xrange [");
    script_number(s, from);
    sink_char(s, ':');
    script_number(s, to > from ? to : from + 1);
    sink_text(s, "]\n");
    if (run->warm_up > 0) {
        sink_text(s, "set object 1 rectangle from 0, graph 0 to ");
        script_number(s, simtime_to_s(run->warm_up));
        sink_text(s, ", graph 1 fc rgb '#EEEEEE' fs solid noborder behind\n"
                     "set label 1 'warm-up' at 0, graph 0.85 offset 0.5,0 "
                     "tc rgb '#777777'\n");
    }
}

static double maximum(const struct plot_run *run, const struct column *c,
                      double at_least)
{
    double max = at_least;
    for (size_t i = 0; i < run->n; i++)
        for (size_t k = 0; k < run->servers[i].npoints; k++)
            max = fmax(max, value(has_bands(&run->servers[i])
                                      ? &run->servers[i].high[k]
                                      : &run->servers[i].curve[k],
                                  c));
    return max;
}

/* The curve of server number I: column COL of its block. STYLE is the gnuplot
 * style, TITLED whether it gets a line in the key, SECOND the thin line. */
static void curve(struct sink *s, const struct plot_run *run, size_t i, int col,
                  const char *style, bool titled, bool second)
{
    sink_format(s, "$s%zu using 1:%d with %s ls %zu ", i + 1, col, style,
                second ? i + 1 + run->n : i + 1);
    if (titled) {
        sink_text(s, "title ");
        script_quoted(s, run->servers[i].name);
    } else {
        sink_text(s, "notitle");
    }
}

/* Those of all servers. */
static void curves(struct sink *s, const struct plot_run *run, int col,
                   const char *style, bool titles, bool second)
{
    for (size_t i = 0; i < run->n; i++) {
        sink_text(s, i > 0 ? ", \\\n     " : "");
        curve(s, run, i, col, style, titles, second);
    }
}

/* The interval of column number COL (0 …) of N, as a pale area below the
 * curve of server number I. */
static void band(struct sink *s, const struct plot_run *run, size_t i, int col,
                 int n)
{
    if (has_bands(&run->servers[i]))
        sink_format(s,
                    "$s%zu using 1:%d:%d with filledcurves fc rgb '%s' fs "
                    "transparent solid 0.2 noborder notitle, \\\n     ",
                    i + 1, n + 2 + 2 * col, n + 3 + 2 * col, script_colour(i));
}

static void bands(struct sink *s, const struct plot_run *run, int col, int n)
{
    for (size_t i = 0; i < run->n; i++)
        band(s, run, i, col, n);
}

static void heading(struct sink *s, const struct plot_run *run,
                    const char *what)
{
    struct sink t;
    sink_string(&t);
    sink_text(&t, what);
    if (run->title != NULL)
        sink_format(&t, ": %s", run->title);
    char *text = sink_take(&t);
    script_quoted(s, text);
    free(text);
}

/* A picture of its own: key below. */
static void single(struct sink *s, const struct plot_run *run,
                   const char *title)
{
    script_styles(s, run);
    sink_text(s, "set bmargin at screen 0.2\n"
                 "set key at screen 0.5, screen 0.05 center center horizontal "
                 "maxrows 1 samplen 5 width 2\n");
    sink_text(s, "set title ");
    heading(s, run, title);
    sink_char(s, '\n');
}

/* -- the pictures -----------------------------------------------------------
 */

enum { C_THROUGHPUT, C_P50, C_P99, C_PSS, C_BUSY, C_KEEPALIVE, C_COUNT };

static const struct column overview_columns[C_COUNT] = {
    [C_THROUGHPUT] = COLUMN(throughput_rps, 1),
    [C_P50] = COLUMN(p50_s, 1),
    [C_P99] = COLUMN(p99_s, 1),
    [C_PSS] = COLUMN(pss_bytes, 1048576),
    [C_BUSY] = COLUMN(busy, 1),
    [C_KEEPALIVE] = COLUMN(keepalive, 1),
};

static double minimum_latency(const struct plot_run *run)
{
    double min = INFINITY;
    for (size_t i = 0; i < run->n; i++)
        for (size_t k = 0; k < run->servers[i].npoints; k++)
            if (run->servers[i].curve[k].p50_s > 0)
                min = fmin(min, run->servers[i].curve[k].p50_s);
    return isinf(min) ? 0 : min;
}

/* The limit that all servers share, or 0. */
static double common_limit(const struct plot_run *run)
{
    double limit = run->n > 0 ? run->servers[0].worker_limit : 0;
    for (size_t i = 0; i < run->n; i++)
        if (run->servers[i].worker_limit != limit)
            return 0;
    return limit;
}

static void plot_workers(struct sink *s, const struct plot_run *run)
{
    double busy = maximum(run, &overview_columns[C_BUSY], 1);
    double kept = maximum(run, &overview_columns[C_KEEPALIVE], 1);
    double max = fmax(fmax(busy, kept), 10), limit = common_limit(run);

    if (limit > 0 && limit < 3 * max)
        max = fmax(max, limit);
    sink_text(s, "set title 'Workers: busy (thick), in keep-alive (thin)'\n");
    script_linear_axis(s, "workers", 1.1 * max); /* room for a label */
    if (limit > 0 && limit <= max) {
        sink_text(s, "set arrow 2 from graph 0, first ");
        script_number(s, limit);
        sink_text(s, " to graph 1, first ");
        script_number(s, limit);
        sink_text(s, " nohead lc rgb '#777777' lw 1 dt (2,3)\n"
                     "set label 2 'MaxRequestWorkers' at graph 0.99, first ");
        script_number(s, limit);
        sink_text(s, " right offset 0,0.6 tc rgb '#777777'\n");
    }
    sink_text(s, "plot ");
    bands(s, run, C_BUSY, C_COUNT);
    curves(s, run, C_BUSY + 2, "lines", false, false);
    sink_text(s, ", \\\n     ");
    curves(s, run, C_KEEPALIVE + 2, "lines", false, true);
    sink_char(s, '\n');
}

static void overview(struct sink *s, const struct plot_run *run,
                     const char *name)
{
    script_preamble(s, name,
                    "throughput, latency, memory and workers of every server\n"
                    "# columns: t_s throughput_rps p50_s p99_s pss_mib busy "
                    "keepalive");
    data_blocks(s, run, overview_columns, C_COUNT);
    script_open(s, name, 1600, 1000, 17);
    sink_text(s, "reset\n");
    script_styles(s, run);
    time_axis(s, run);
    sink_text(s, "set multiplot layout 2,2 margins 0.08,0.98,0.16,0.89 "
                 "spacing 0.1,0.15 title ");
    script_quoted(s, run->title != NULL ? run->title : "mpmsim");
    sink_text(s, " font ',22'\nunset key\nset title 'Throughput'\n");
    script_linear_axis(s, "requests per second",
                       maximum(run, &overview_columns[C_THROUGHPUT], 1));
    sink_text(s, "plot ");
    bands(s, run, C_THROUGHPUT, C_COUNT);
    curves(s, run, C_THROUGHPUT + 2, "lines", false, false);
    sink_text(s, "\nset title 'Latency: p99 (thick), p50 (thin)'\n");
    script_log_axis(s, 'y', "seen by the client", minimum_latency(run),
                    maximum(run, &overview_columns[C_P99], 0));
    sink_text(s, "plot ");
    bands(s, run, C_P99, C_COUNT);
    curves(s, run, C_P99 + 2, "lines", false, false);
    sink_text(s, ", \\\n     ");
    curves(s, run, C_P50 + 2, "lines", false, true);
    sink_text(s, "\nset title 'Memory'\n");
    script_linear_axis(s, "PSS of all processes (MiB)",
                       maximum(run, &overview_columns[C_PSS], 1));
    sink_text(s, "plot ");
    bands(s, run, C_PSS, C_COUNT);
    curves(s, run, C_PSS + 2, "lines", false, false);
    sink_char(s, '\n');
    plot_workers(s, run);
    script_key(s, run);
    sink_text(s, "unset multiplot\n");
    script_close(s);
}

/* A single curve per server over time. */
static void over_time(struct sink *s, const struct plot_run *run,
                      const char *name, const char *title, const char *label,
                      const char *names, const struct column *c, double least)
{
    script_preamble(s, name, names);
    data_blocks(s, run, c, 1);
    single(s, run, title);
    time_axis(s, run);
    script_linear_axis(s, label, maximum(run, c, least));
    script_open(s, name, 1280, 760, 18);
    sink_text(s, "plot ");
    bands(s, run, 0, 1);
    curves(s, run, 2, "fsteps", true, false);
    sink_char(s, '\n');
    script_close(s);
}

/* The largest value of one server. */
static double own_maximum(const struct plot_server *p, const struct column *c,
                          double at_least)
{
    const struct plot_run alone = { .servers = p, .n = 1 };
    return maximum(&alone, c, at_least);
}

/* Whole numbers to write at an axis that ends at MAX: at most five steps. */
static double whole_step(double max)
{
    double unit = pow(10, floor(log10(max / 5)));
    for (int k = 0;; k++) {
        static const double nice[] = { 1, 2, 5 };
        double step = nice[k % 3] * unit * pow(10, floor(k / 3.0));
        if (step >= 1 && max / step <= 5)
            return step;
    }
}

/* A panel per server, each with an axis of its own: prefork needs a process
 * where the others need a thread, and two that have the same number would hide
 * each other. */
static void processes(struct sink *s, const struct plot_run *run,
                      const char *name)
{
    static const struct column c = COLUMN(processes, 1);
    const int above = 100, below = 95;
    int n = run->n > 0 ? (int)run->n : 1;
    int each = n < 3 ? 630 / n : n > 8 ? 120 : 210;
    int height = above + below + n * each;

    script_preamble(s, name,
                    "child processes over time, a panel for each server\n"
                    "# columns: t_s processes");
    data_blocks(s, run, &c, 1);
    script_open(s, name, 1280, height, 18);
    sink_text(s, "reset\n");
    script_styles(s, run);
    time_axis(s, run);
    sink_format(s,
                "set multiplot layout %d,1 margins 0.09,0.97,%.4f,%.4f "
                "spacing 0,%.4f title ",
                n, (double)below / height, 1 - (double)above / height,
                48.0 / height);
    heading(s, run, "Processes");
    sink_text(s, "\nunset key\nset xlabel ''\nset format x ''\n"
                 "set label 3 'child processes' at screen 0.02, screen 0.5 "
                 "center rotate\n");
    for (size_t i = 0; i < run->n; i++) {
        double max = own_maximum(&run->servers[i], &c, 4);
        if (i > 0) /* said once */
            sink_text(s, "unset label 1\nunset label 3\n");
        if (i + 1 == run->n)
            sink_text(s, "set format x '%g'\nset xlabel 'time (s)'\n");
        script_linear_axis(s, "", max);
        sink_format(s, "set ytics %.0f\nset label 2 ", whole_step(max));
        script_quoted(s, run->servers[i].name);
        sink_format(
            s, " at graph 1, graph 1 right offset 0,0.6 tc rgb '%s'\nplot ",
            script_colour(i));
        band(s, run, i, 0, 1);
        curve(s, run, i, 2, "fsteps", false, false);
        sink_char(s, '\n');
    }
    sink_text(s, "unset multiplot\n");
    script_close(s);
}

static void accept_queue(struct sink *s, const struct plot_run *run,
                         const char *name)
{
    static const struct column c = COLUMN(accept_queue, 1);
    over_time(s, run, name, "Accept queue",
              "connections waiting to be accepted, peak",
              "connections that wait in the accept queue\n"
              "# columns: t_s accept_queue",
              &c, 10);
}

/* The distribution of H as steps: seconds, per cent; ends at X. */
static void cdf_block(struct sink *s, const struct hist *h, size_t id,
                      double end)
{
    uint64_t count = hist_count(h), seen = 0, low, high;
    double shown = 0;
    sink_format(s, "$s%zu << EOD\n", id);
    for (unsigned i = 0; i < HIST_BUCKETS && seen < count; i++) {
        if (h->bucket[i] == 0)
            continue;
        hist_bounds(i, &low, &high);
        if (high > (uint64_t)h->max)
            high = (uint64_t)h->max;
        double x = fmax((double)high / 1e9, 1e-9);
        if (seen == 0) {
            script_number(s, x);
            sink_text(s, " 0\n");
        }
        seen += h->bucket[i];
        double share = (double)seen / (double)count;
        /* the tail in full, elsewhere what the eye can tell apart */
        if (share - shown < 1.0 / CDF_POINTS && share < 0.99)
            continue;
        shown = share;
        script_number(s, x);
        sink_char(s, ' ');
        script_number(s, 100 * share);
        sink_char(s, '\n');
    }
    if (count > 0) {
        script_number(s, end);
        sink_text(s, " 100\n");
    }
    sink_text(s, "EOD\n");
}

static void latency_cdf(struct sink *s, const struct plot_run *run,
                        const char *name)
{
    static const double tiny[] = { 1e-9 };
    double min = INFINITY, max = 0;
    for (size_t i = 0; i < run->n; i++) {
        simtime_t v;
        if (hist_count(run->servers[i].latency) == 0)
            continue;
        hist_quantiles(run->servers[i].latency, tiny, &v, 1);
        min = fmin(min, fmax(simtime_to_s(v), 1e-9));
        max = fmax(max, simtime_to_s(run->servers[i].latency->max));
    }
    double end = max > 0 ? pow(10, ceil(log10(max) - 1e-9)) : 1;
    script_preamble(s, name,
                    "share of requests answered within a time\n"
                    "# columns: latency_s per_cent");
    for (size_t i = 0; i < run->n; i++)
        cdf_block(s, run->servers[i].latency, i + 1, end);
    single(s, run, "Latency");
    script_log_axis(s, 'x', "latency seen by the client", isinf(min) ? 0 : min,
                    max);
    sink_text(s, "set ylabel 'share of requests answered within (%)'\n"
                 "set yrange [0:100]\nset ytics 0,10,100\n");
    script_open(s, name, 1280, 760, 18);
    sink_text(s, "plot ");
    curves(s, run, 2, "steps", true, false);
    sink_char(s, '\n');
    script_close(s);
}

static const struct {
    const char *name;
    void (*write)(struct sink *s, const struct plot_run *run, const char *name);
} pictures[] = {
    { "overview", overview },         { "processes", processes },
    { "accept-queue", accept_queue }, { "latency-cdf", latency_cdf },
    { "connections", climb_write },
};

bool plots_write(const char *dir, const struct plot_run *run, struct err *e)
{
    struct sink p;
    sink_string(&p);
    sink_format(&p, "%s/plots", dir);
    char *folder = sink_take(&p);
    bool ok = true;

    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        ok = err_at(e, ERR_IO, folder, 0, 0, NULL, "cannot create: %s",
                    strerror(errno));
    for (size_t i = 0; ok && i < sizeof pictures / sizeof pictures[0]; i++) {
        struct sink s;
        if (pictures[i].write == climb_write && !climb_applies(run))
            continue;
        sink_string(&p);
        sink_format(&p, "%s/%s.gp", folder, pictures[i].name);
        char *path = sink_take(&p);
        ok = sink_open(&s, path, e);
        if (ok) {
            pictures[i].write(&s, run, pictures[i].name);
            ok = sink_close(&s, e);
        }
        free(path);
    }
    free(folder);
    return ok;
}
