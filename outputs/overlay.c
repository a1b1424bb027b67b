/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The simulation is a broad coloured line and the recording a thin dashed
 * black one on top: where they agree both are seen. Curves are means over half
 * a second, or over a 240th of long runs. */
#include "outputs/overlay.h"

#include "outputs/sink.h"
#include "sim/must.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define BINS_MAX   240
#define CDF_POINTS 400

static const struct {
    const char *title, *label;
    enum recording_column column;
    double unit, least; /* the axis shows at least this much */
} panels[] = {
    { "Processes", "child processes", RECORDING_PROCESSES, 1, 5 },
    { "Busy workers", "slots R, W, L", RECORDING_BUSY, 1, 5 },
    { "Connections", "accepted and open", RECORDING_CONNS, 1, 5 },
    { "Accept queue", "waiting to be accepted", RECORDING_ACCEPTQ, 1, 5 },
    { "Private memory", "MiB, all processes", RECORDING_PRIVATE_KIB, 1024, 1 },
};
#define NPANELS (sizeof panels / sizeof panels[0])

static bool has(const struct overlay *o, size_t panel)
{
    return o->run->column[panels[panel].column] != NULL &&
           o->recording->column[panels[panel].column] != NULL;
}

static void quoted(struct sink *s, const char *text)
{
    sink_char(s, '\'');
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '\'')
            sink_char(s, '\'');
        sink_char(s, (unsigned char)*p < 0x20 ? ' ' : *p);
    }
    sink_char(s, '\'');
}

/* A block of R's curves: the time, then each panel. Returns the maxima. */
static void curves_block(struct sink *s, const char *name,
                         const struct overlay *o, const struct recording *r,
                         double width, size_t n, double *max)
{
    double *v = must_alloc(NPANELS * n * sizeof *v + 1);
    for (size_t p = 0; p < NPANELS; p++)
        if (has(o, p))
            recording_means(r, panels[p].column, width, n, v + p * n);
    sink_format(s, "$%s << EOD\n", name);
    for (size_t k = 0; k < n; k++) {
        sink_stat(s, (double)k * width);
        for (size_t p = 0; p < NPANELS; p++) {
            sink_char(s, ' ');
            if (!has(o, p)) {
                sink_text(s, "NaN");
                continue;
            }
            double y = v[p * n + k] / panels[p].unit;
            sink_stat(s, y);
            max[p] = fmax(max[p], y);
        }
        sink_char(s, '\n');
    }
    sink_text(s, "EOD\n");
    free(v);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* R's latencies, sorted; caller frees. */
static double *latencies(const struct recording *r, size_t *n)
{
    double *v = must_alloc((r->nrequests + 1) * sizeof *v);
    *n = 0;
    for (size_t i = 0; i < r->nrequests; i++) {
        const struct recording_request *q = &r->requests[i];
        double d = q->done - q->start;
        if (q->status == 200 && q->err[0] == '\0' && !isnan(d))
            v[(*n)++] = fmax(d, 1e-6);
    }
    qsort(v, *n, sizeof *v, by_value);
    return v;
}

/* A block of the distribution of R's latencies: seconds, per cent. Widens the
 * range LOW … HIGH. */
static void latency_block(struct sink *s, const char *name,
                          const struct recording *r, double *low, double *high)
{
    size_t n;
    double *v = latencies(r, &n);
    size_t step = n > CDF_POINTS ? n / CDF_POINTS : 1;
    sink_format(s, "$%s << EOD\n", name);
    for (size_t i = 0; i < n; i++) {
        /* the tail in full */
        if (i % step != 0 && i < n - n / 100 && i + 1 < n)
            continue;
        sink_stat(s, v[i]);
        sink_char(s, ' ');
        sink_stat(s, 100 * (double)(i + 1) / (double)n);
        sink_char(s, '\n');
    }
    if (n > 0) {
        *low = fmin(*low, v[0]);
        *high = fmax(*high, v[n - 1]);
    } else {
        sink_text(s, "NaN NaN\n");
    }
    sink_text(s, "EOD\n");
    free(v);
}

static void heading(struct sink *s, const struct overlay *o)
{
    struct sink t;
    sink_string(&t);
    if (o->title != NULL)
        sink_format(&t, "%s: ", o->title);
    sink_format(&t, "%s, simulated and recorded", o->server);
    char *text = sink_take(&t);
    quoted(s, text);
    free(text);
}

/* "set output" of KIND, a file beside the script. */
static void output(struct sink *s, const struct overlay *o, const char *kind)
{
    struct sink t;
    sink_string(&t);
    sink_format(&t, "recording-%s.%s", o->server, kind);
    char *file = sink_take(&t);
    sink_text(s, "set output ");
    quoted(s, file);
    sink_char(s, '\n');
    free(file);
}

static void terminals(struct sink *s, const struct overlay *o)
{
    sink_text(s, "do for [i=1:2] {\n"
                 "if (i == 1) {\n"
                 "set terminal pngcairo noenhanced size 1280,1200 font "
                 "'Sans,15' lw 1.4\n");
    output(s, o, "png");
    sink_text(s, "} else {\n"
                 "set terminal svg noenhanced size 1280,1200 dynamic font "
                 "'sans-serif,15' lw 1.4 background rgb 'white'\n");
    output(s, o, "svg");
    sink_text(s, "}\n");
    sink_text(s, "reset\n"
                 "set encoding utf8\n"
                 "set datafile missing 'NaN'\n"
                 "set border 3 lc rgb '#444444'\n"
                 "set tics nomirror out\n"
                 "set grid lc rgb '#CCCCCC' lw 0.7 dt solid\n"
                 "set style line 1 lc rgb '#E69F00' lw 4.5 dt solid\n"
                 "set style line 2 lc rgb '#000000' lw 1.3 dt (7,4)\n"
                 "unset key\nset xlabel offset 0,0.4\nset title offset 0,-0.4\n"
                 "set multiplot layout 3,2 margins 0.09,0.975,0.115,0.925 "
                 "spacing 0.115,0.115 title ");
    heading(s, o);
    sink_text(s, " font ',20'\nset format x '%g'\n");
}

static void time_panel(struct sink *s, size_t p, double end, double max)
{
    sink_format(s, "set title '%s'\nset ylabel '%s'\nset xlabel 'time (s)'\n",
                panels[p].title, panels[p].label);
    sink_text(s, "unset logscale x\nset xtics auto\nset xrange [0:");
    sink_stat(s, end);
    sink_text(s, "]\nset yrange [0:");
    sink_stat(s, 1.08 * fmax(max, panels[p].least));
    sink_format(s,
                "]\nplot $run using 1:%zu with steps ls 1, \\\n"
                "     $rec using 1:%zu with steps ls 2\n",
                p + 2, p + 2);
}

static void latency_panel(struct sink *s, double low, double high)
{
    if (!(low <= high)) {
        low = 0.001;
        high = 1;
    }
    sink_text(s, "set title 'Latency'\nset ylabel 'answered within (%)'\n"
                 "set xlabel 'seen by the client (s)'\n"
                 "set logscale x\nset xrange [");
    sink_stat(s, pow(10, floor(log10(low))));
    sink_char(s, ':');
    sink_stat(s, pow(10, ceil(log10(high) + 1e-9)));
    sink_text(s, "]\nset yrange [0:102]\n"
                 "plot $lrun using 1:2 with steps ls 1, \\\n"
                 "     $lrec using 1:2 with steps ls 2\n");
}

static void key(struct sink *s)
{
    sink_text(s, "unset title\nunset xlabel\nunset ylabel\nunset tics\n"
                 "unset border\nunset grid\nunset logscale x\n"
                 "set lmargin at screen 0.02\nset rmargin at screen 0.98\n"
                 "set bmargin at screen 0.005\nset tmargin at screen 0.04\n"
                 "set key at screen 0.5, screen 0.022 center center "
                 "horizontal samplen 5 width 2\n"
                 "plot [0:1] [0:1] NaN notitle, \\\n"
                 "     keyentry with lines ls 1 title 'simulated', \\\n"
                 "     keyentry with lines ls 2 title 'recorded'\n"
                 "unset multiplot\nunset output\n}\n");
}

static void script(struct sink *s, const struct overlay *o)
{
    double end = o->duration_s;
    double max[NPANELS] = { 0 }, low = INFINITY, high = 0;
    if (!(end > 0))
        end = recording_end(o->recording);
    double width = fmax(0.5, end / BINS_MAX);
    size_t n = (size_t)fmin(ceil(end / width - 1e-9), BINS_MAX);
    bool any = o->run->nrequests > 0 && o->recording->nrequests > 0;

    sink_text(s, "# A simulated server and a recording of a real one.\n"
                 "# gnuplot leaves a PNG and an SVG here; the data is in this "
                 "file.\n"
                 "# columns: t_s processes busy connections accept_queue "
                 "private_mib; latency_s per_cent\n");
    curves_block(s, "run", o, o->run, width, n, max);
    curves_block(s, "rec", o, o->recording, width, n, max);
    if (any) {
        latency_block(s, "lrun", o->run, &low, &high);
        latency_block(s, "lrec", o->recording, &low, &high);
    }
    terminals(s, o);
    for (size_t p = 0; p < NPANELS; p++)
        if (has(o, p))
            time_panel(s, p, end > 0 ? end : 1, max[p]);
        else
            sink_text(s, "set multiplot next\n");
    if (any)
        latency_panel(s, low, high);
    else
        sink_text(s, "set multiplot next\n");
    key(s);
}

bool overlay_write(const char *dir, const struct overlay *o, struct err *e)
{
    struct sink s;
    sink_string(&s);
    sink_format(&s, "%s/plots", dir);
    char *folder = sink_take(&s);
    sink_string(&s);
    sink_format(&s, "%s/recording-%s.gp", folder, o->server);
    char *path = sink_take(&s);
    bool ok = true;
    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        ok = err_at(e, ERR_IO, folder, 0, 0, NULL, "cannot create: %s",
                    strerror(errno));
    if (ok)
        ok = sink_open(&s, path, e);
    if (ok) {
        script(&s, o);
        ok = sink_close(&s, e);
    }
    free(path);
    free(folder);
    return ok;
}
