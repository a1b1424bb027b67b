/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every script sets all its ranges itself, for gnuplot stops at an axis that
 * it would have to scale by data that is not there. */
#include "sweep/curves.h"

#include "config/quantity.h"
#include "outputs/num.h"
#include "outputs/sink.h"
#include "sim/must.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Okabe and Ito's palette, which most colour-blind people can tell apart. */
static const char *const colours[] = { "#D55E00", "#0072B2", "#009E73",
                                       "#CC79A7", "#E69F00", "#56B4E9",
                                       "#000000" };
static const char *const dashes[] = { "solid", "(14,6)", "(4,8)",
                                      "(16,5,3,5)" };
#define NCOLOURS (sizeof colours / sizeof colours[0])
#define NDASHES  (sizeof dashes / sizeof dashes[0])
#define MAX_TICS 12
/* A wider range of values than this gets a logarithmic axis. */
#define LOG_FROM 20.0

/* The x axis: where each choice stands. */
struct axis {
    double *at;
    size_t n;
    bool numbers, log;
    double low, high;
};

struct picture {
    const struct study *study;
    size_t x, metric;
    struct axis axis;
    struct arena *arena;
    size_t panels, rows, columns;
    double unit; /* of the y axis */
    double ymin, ymax;
    bool ylog, intervals;
};

/* -- the axes ---------------------------------------------------------------
 */

static bool numeric(const struct factor *f, double *at, struct arena *a)
{
    if (f->nkeys > 1)
        return false;
    for (size_t k = 0; k < f->nchoices; k++)
        if (!quantity_any(factor_label(f, k, a), &at[k]) || !isfinite(at[k]))
            return false;
    return true;
}

size_t curves_axis(const struct points *p)
{
    struct arena *a = arena_new();
    size_t best = 0, most = 0;
    for (size_t f = 0; f < p->nfactors; f++) {
        size_t n = p->factors[f].nchoices;
        double *at = arena_alloc(a, n * sizeof *at);
        size_t score = n > 1 ? 2 * n + 1 : 0;
        if (n > 1 && numeric(&p->factors[f], at, a))
            score += 2 * POINTS_MAX;
        if (score > most) {
            most = score;
            best = f;
        }
    }
    arena_free(a);
    return best;
}

static void make_axis(struct picture *p)
{
    const struct factor *f = &p->study->points->factors[p->x];
    struct axis *x = &p->axis;
    x->n = f->nchoices;
    x->at = arena_alloc(p->arena, x->n * sizeof *x->at);
    x->numbers = numeric(f, x->at, p->arena);
    if (!x->numbers)
        for (size_t k = 0; k < x->n; k++)
            x->at[k] = (double)k;
    x->low = x->high = x->at[0];
    for (size_t k = 1; k < x->n; k++) {
        x->low = fmin(x->low, x->at[k]);
        x->high = fmax(x->high, x->at[k]);
    }
    x->log = x->numbers && x->low > 0 && x->high / x->low >= LOG_FROM;
}

static bool ends_in(const char *text, const char *end)
{
    size_t n = strlen(text), k = strlen(end);
    return n >= k && strcmp(text + n - k, end) == 0;
}

/* The range of the metric, over all panels. */
static bool make_range(struct picture *p)
{
    const struct study *s = p->study;
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < s->points->n; i++)
        for (size_t k = 0; k < s->nservers; k++) {
            const struct study_cell *c = study_get(s, i, k, p->metric);
            if (isnan(c->mean))
                continue;
            low = fmin(low, c->mean);
            high = fmax(high, isnan(c->high) ? c->mean : c->high);
            p->intervals = p->intervals || !isnan(c->low);
        }
    const char *name = s->metrics[p->metric];
    bool time = ends_in(name, "_s");
    p->unit = ends_in(name, "_bytes") ? 1048576 : 1;
    p->ylog = time && low > 0 && high / low >= LOG_FROM;
    if (time && !p->ylog && high < 1)
        p->unit = 0.001;
    p->ymin = low;
    p->ymax = high;
    return low <= high;
}

/* -- pieces of a script -----------------------------------------------------
 */

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

static void number(struct sink *s, double v)
{
    sink_char(s, ' ');
    if (isnan(v))
        sink_text(s, "NaN");
    else
        sink_stat(s, v);
}

/* The points of panel PANEL: those whose other factors have the combination of
 * this number. */
static bool in_panel(const struct picture *p, size_t i, size_t panel)
{
    const struct points *pt = p->study->points;
    size_t n = 0;
    for (size_t f = 0; f < pt->nfactors; f++)
        if (f != p->x)
            n = n * pt->factors[f].nchoices + points_choice(pt, i, f);
    return n == panel;
}

static const char *panel_title(const struct picture *p, size_t panel)
{
    const struct points *pt = p->study->points;
    const char *title = "";
    for (size_t f = pt->nfactors; f-- > 0;) {
        const struct factor *x = &pt->factors[f];
        if (f == p->x)
            continue;
        size_t k = panel % x->nchoices;
        panel /= x->nchoices;
        if (x->nchoices < 2)
            continue;
        const char *label = factor_label(x, k, p->arena);
        if (x->nkeys == 1)
            label = arena_printf(p->arena, "%s=%s", x->keys[0], label);
        title = arena_printf(p->arena, "%s%s%s", label,
                             *title != '\0' ? ", " : "", title);
    }
    return title;
}

static int by_place(const void *a, const void *b)
{
    const double *x = a, *y = b; /* the place lies first */
    return (x[0] > y[0]) - (x[0] < y[0]);
}

/* $pP_S: x, mean, low, high of server S in panel P, from left to right. What
 * are no numbers stands side by side. */
static void data_block(struct sink *s, const struct picture *p, size_t panel,
                       size_t server)
{
    const struct study *st = p->study;
    double(*v)[4] = must_alloc(p->axis.n * sizeof *v);
    size_t n = 0;
    double aside = p->axis.numbers
                       ? 0
                       : ((double)server - (double)(st->nservers - 1) / 2) *
                             0.5 / (double)st->nservers;
    for (size_t i = 0; i < st->points->n; i++) {
        const struct study_cell *c = study_get(st, i, server, p->metric);
        if (!in_panel(p, i, panel))
            continue;
        v[n][0] = p->axis.at[points_choice(st->points, i, p->x)] + aside;
        v[n][1] = c->mean / p->unit;
        v[n][2] = (isnan(c->low) ? c->mean : c->low) / p->unit;
        v[n][3] = (isnan(c->high) ? c->mean : c->high) / p->unit;
        if (p->ylog) /* an interval that reaches 0 ends at the axis */
            v[n][2] = fmax(v[n][2], p->ymin / 10);
        n++;
    }
    qsort(v, n, sizeof *v, by_place);
    sink_format(s, "$p%zu_%zu << EOD\n", panel + 1, server + 1);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < 4; k++)
            number(s, v[i][k]);
        sink_char(s, '\n');
    }
    sink_text(s, "EOD\n");
    free(v);
}

static void styles(struct sink *s, const struct picture *p)
{
    static const int marks[] = { 7, 5, 9, 13, 11, 6, 4 };
    sink_text(s, "set encoding utf8\nset datafile missing 'NaN'\n"
                 "set border 3 lc rgb '#444444'\nset tics nomirror out\n"
                 "set grid lc rgb '#CCCCCC' lw 0.7 dt solid\n"
                 "set style fill transparent solid 0.2 noborder\n");
    for (size_t i = 0; i < p->study->nservers; i++)
        sink_format(s,
                    "set style line %zu lc rgb '%s' lw 2.6 dt %s pt %d ps "
                    "1.1\n",
                    i + 1, colours[i % NCOLOURS], dashes[i % NDASHES],
                    marks[i % NCOLOURS]);
}

static void x_axis(struct sink *s, const struct picture *p)
{
    const struct axis *x = &p->axis;
    const struct factor *f = &p->study->points->factors[p->x];
    double low = x->low, high = x->high, room;
    sink_text(s, x->log ? "set logscale x\n" : "unset logscale x\n");
    if (x->log) {
        room = pow(high / low, 0.04);
        low /= room;
        high *= room;
    } else {
        room = high > low ? (high - low) * 0.04 : 0.5;
        room = x->numbers ? room : 0.5;
        low -= room;
        high += room;
    }
    sink_text(s, "set xrange [");
    number(s, low);
    sink_text(s, " :");
    number(s, high);
    sink_text(s, "]\nset xtics (");
    size_t step = (x->n + MAX_TICS - 1) / MAX_TICS;
    for (size_t k = 0; k < x->n; k += step) {
        if (k > 0)
            sink_text(s, ", ");
        quoted(s, factor_label(f, k, p->arena));
        number(s, x->at[k]);
    }
    sink_text(s, ")\n");
}

static void y_axis(struct sink *s, const struct picture *p)
{
    if (!p->ylog) {
        double high = p->ymax / p->unit;
        sink_text(s, "unset logscale y\nset ytics auto\nset yrange [0:");
        number(s, high > 0 ? high * 1.08 : 1);
        sink_text(s, "]\n");
        return;
    }
    int low = (int)floor(log10(p->ymin) + 1e-9);
    int high = (int)ceil(log10(p->ymax) - 1e-9);
    if (high <= low)
        high = low + 1;
    sink_format(s, "set logscale y\nset yrange [1e%d:1e%d]\nset ytics (", low,
                high);
    for (int d = low; d <= high; d++) {
        char buf[NUM_SIZE];
        sink_format(s, "%s'%s' 1e%d", d > low ? ", " : "",
                    num_duration(pow(10, d), buf), d);
        for (int k = 2; k < 10 && d < high; k++)
            sink_format(s, ", '' %de%d 1", k, d);
    }
    sink_text(s, ")\n");
}

/* The x axis is named below only; a panel without a point says so. */
static void panel_frame(struct sink *s, const struct picture *p, size_t k,
                        size_t shown)
{
    const struct points *pt = p->study->points;
    bool any = false;
    for (size_t i = 0; i < pt->n && !any; i++)
        for (size_t v = 0; v < p->study->nservers && in_panel(p, i, k); v++)
            any = any || !isnan(study_get(p->study, i, v, p->metric)->mean);
    sink_text(s, any ? "unset label 1\n"
                     : "set label 1 'too few samples' at graph 0.5, graph 0.5 "
                       "center tc rgb '#777777'\n");
    sink_text(s, "set title ");
    quoted(s, panel_title(p, k));
    sink_text(s, "\nset xlabel ");
    quoted(s, k + p->columns >= shown
                  ? factor_name(&pt->factors[p->x], p->arena)
                  : "");
    sink_text(s, "\nplot ");
}

static void panel(struct sink *s, const struct picture *p, size_t number_of,
                  size_t shown)
{
    size_t n = p->study->nservers;
    panel_frame(s, p, number_of, shown);
    for (size_t i = 0; i < n && p->intervals; i++) {
        if (p->axis.numbers)
            sink_format(s,
                        "$p%zu_%zu using 1:3:4 with filledcurves lc rgb '%s' "
                        "notitle, \\\n     ",
                        number_of + 1, i + 1, colours[i % NCOLOURS]);
        else
            sink_format(s,
                        "$p%zu_%zu using 1:2:3:4 with yerrorbars lc rgb '%s' "
                        "lw 1.6 ps 0 notitle, \\\n     ",
                        number_of + 1, i + 1, colours[i % NCOLOURS]);
    }
    for (size_t i = 0; i < n; i++)
        sink_format(s, "%s$p%zu_%zu using 1:2 with %s ls %zu notitle",
                    i > 0 ? ", \\\n     " : "", number_of + 1, i + 1,
                    p->axis.numbers ? "linespoints" : "points", i + 1);
    sink_char(s, '\n');
}

/* The key of all panels: a plot without axes at the foot. */
static void key(struct sink *s, const struct picture *p)
{
    sink_text(s, "unset title\nunset xlabel\nunset ylabel\nunset tics\n"
                 "unset border\nunset grid\nunset logscale\nunset label 1\n"
                 "set lmargin at screen 0.02\nset rmargin at screen 0.98\n"
                 "set bmargin at screen 0.005\nset tmargin at screen 0.06\n"
                 "set key at screen 0.5, screen 0.03 center center horizontal "
                 "maxrows 2 samplen 5 width 2\nplot [0:1] [0:1] NaN notitle");
    for (size_t i = 0; i < p->study->nservers; i++) {
        sink_format(s, ", \\\n     keyentry with %s ls %zu title ",
                    p->axis.numbers ? "linespoints" : "points", i + 1);
        quoted(s, p->study->servers[i]);
    }
    sink_char(s, '\n');
}

/* What is shown, and in what. */
static const char *y_label(const struct picture *p)
{
    const char *name = p->study->metrics[p->metric];
    const char *unit = "";
    if (p->unit != 1)
        unit = p->unit < 1 ? " (ms)" : " (MiB)";
    else if (ends_in(name, "_s") && !p->ylog)
        unit = " (s)";
    else if (ends_in(name, "_rps"))
        unit = " (requests per second)";
    return arena_printf(p->arena, "%s%s", name, unit);
}

static void heading(struct sink *s, const struct picture *p)
{
    const char *title = p->study->points->origin.title;
    quoted(s,
           arena_printf(p->arena, "%s%s%s%s", title, *title != '\0' ? ": " : "",
                        y_label(p), p->intervals ? ", 95 % intervals" : ""));
}

static void draw(struct sink *s, const struct picture *p, const char *name)
{
    size_t shown = p->panels < CURVES_PANELS ? p->panels : CURVES_PANELS;
    int width = p->columns == 1 ? 1280 : p->columns == 2 ? 1500 : 1900;
    int height = p->rows == 1 ? 800 : p->rows == 2 ? 1100 : 1500;
    sink_format(s,
                "# %s over %s\n# `gnuplot %s.gp` leaves %s.png and %s.svg "
                "here; the data is in this file.\n"
                "# columns: x mean ci95_low ci95_high\n",
                p->study->metrics[p->metric],
                factor_name(&p->study->points->factors[p->x], p->arena), name,
                name, name);
    for (size_t k = 0; k < shown; k++)
        for (size_t i = 0; i < p->study->nservers; i++)
            data_block(s, p, k, i);
    sink_format(
        s,
        "do for [i=1:2] {\nif (i == 1) {\n"
        "set terminal pngcairo noenhanced size %d,%d font 'Sans,17' lw 1.5\n"
        "set output '%s.png'\n} else {\n"
        "set terminal svg noenhanced size %d,%d dynamic font 'sans-serif,17' "
        "lw 1.5 background rgb 'white'\nset output '%s.svg'\n}\nreset\n",
        width, height, name, width, height, name);
    styles(s, p);
    const char *left = p->columns == 1   ? "0.1"
                       : p->columns == 2 ? "0.08"
                                         : "0.06";
    const char *foot = p->rows == 1 ? "0.19" : p->rows == 2 ? "0.15" : "0.12";
    sink_format(s,
                "set multiplot layout %zu,%zu margins %s,0.97,%s,%s spacing "
                "0.08,0.1 title ",
                p->rows, p->columns, left, foot,
                p->panels == 1 ? "0.91"
                : p->rows == 1 ? "0.85"
                               : "0.89");
    heading(s, p);
    sink_text(s, " font ',20'\nunset key\n");
    x_axis(s, p);
    y_axis(s, p);
    for (size_t k = 0; k < shown; k++)
        panel(s, p, k, shown);
    key(s, p);
    sink_text(s, "unset multiplot\nunset output\n}\n");
}

/* -- files ------------------------------------------------------------------
 */

static bool write_picture(const struct picture *p, const char *folder,
                          struct err *e)
{
    char *name = arena_strdup(p->arena, p->study->metrics[p->metric]);
    for (char *c = name; *c != '\0'; c++)
        if (*c == '.')
            *c = '-';
    struct sink s;
    if (!sink_open(&s, arena_printf(p->arena, "%s/%s.gp", folder, name), e))
        return false;
    draw(&s, p, name);
    return sink_close(&s, e);
}

static void lay_out(struct picture *p)
{
    const struct points *pt = p->study->points;
    p->panels = pt->n / pt->factors[p->x].nchoices;
    size_t shown = p->panels < CURVES_PANELS ? p->panels : CURVES_PANELS;
    p->columns = shown <= 1 ? 1 : shown <= 4 ? 2 : shown <= 9 ? 3 : 4;
    p->rows = (shown + p->columns - 1) / p->columns;
}

bool curves_write(const char *dir, const struct study *s, size_t x,
                  size_t *panels, struct err *e)
{
    struct arena *a = arena_new();
    const char *folder = arena_printf(a, "%s/plots", dir);
    bool ok = true;
    *panels = 1;
    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        ok = err_at(e, ERR_IO, folder, 0, 0, NULL,
                    "cannot make this folder: %s", strerror(errno));
    for (size_t m = 0; ok && m < s->nmetrics; m++) {
        struct picture p = { .study = s, .x = x, .metric = m, .arena = a };
        make_axis(&p);
        lay_out(&p);
        *panels = p.panels;
        if (make_range(&p))
            ok = write_picture(&p, folder, e);
    }
    arena_free(a);
    return ok;
}
