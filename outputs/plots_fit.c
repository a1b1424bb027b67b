/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outputs/plots_fit.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "outputs/num.h"
#include "outputs/plots_script.h"

#define POINTS 200
#define NAME   "fit"
#define ROW    420 /* pixels */

/* ---- data ---- */

static void sample_block(struct sink *s, const struct plot_fit_sample *p,
                         size_t id)
{
    double unit = p->unit > 0 ? p->unit : 1;
    size_t shown = 0;
    sink_format(s, "$s%zu << EOD\n", id);
    for (size_t i = 1; i <= p->n; i++) {
        if (i < p->n && p->v[i] <= p->v[i - 1])
            continue; /* equal ones are one step */
        if ((i - shown) * POINTS < p->n && i + 100 < p->n)
            continue; /* the last hundred in full */
        shown = i;
        script_number(s, p->v[i - 1] * unit);
        sink_char(s, ' ');
        script_number(s, (double)i / (double)p->n);
        sink_char(s, ' ');
        /* above the last there is none: below the axis */
        script_number(s, i < p->n ? 1 - (double)i / (double)p->n : 1e-12);
        sink_char(s, '\n');
    }
    sink_text(s, "EOD\n");
}

static double first_above_0(const struct plot_fit_sample *p)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->v[i] > 0)
            return p->v[i];
    return 1;
}

static void law_block(struct sink *s, const struct plot_fit_sample *p,
                      size_t id)
{
    double unit = p->unit > 0 ? p->unit : 1;
    double low = log(first_above_0(p)), high = log(p->v[p->n - 1]);
    sink_format(s, "$l%zu << EOD\n", id);
    for (int i = 0; i <= POINTS && high > low; i++) {
        double x = exp(low + (high - low) * i / POINTS);
        double f = p->cdf(p->ctx, x);
        script_number(s, x * unit);
        sink_char(s, ' ');
        script_number(s, f);
        sink_char(s, ' ');
        script_number(s, f < 1 ? 1 - f : NAN);
        sink_char(s, '\n');
    }
    sink_text(s, "EOD\n");
}

static double time_unit(double span, const char **name)
{
    static const struct {
        double s;
        const char *name;
    } units[] = { { 86400, "days" }, { 3600, "hours" }, { 60, "minutes" } };
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (span >= 3 * units[i].s) {
            *name = units[i].name;
            return units[i].s;
        }
    *name = "seconds";
    return 1;
}

static void arrivals_block(struct sink *s, const struct plot_fit *p,
                           double unit)
{
    double span = p->window * (double)p->windows;
    sink_text(s, "$a << EOD\n");
    for (size_t i = 0; i < p->windows; i++) {
        script_number(s, p->window * (double)i / unit);
        sink_char(s, ' ');
        script_number(s, p->arrivals[i]);
        sink_char(s, '\n');
    }
    sink_text(s, "EOD\n$r << EOD\n");
    for (size_t i = 0; i <= p->steps && p->steps > 0; i++) {
        script_number(s, span * (double)i / (double)p->steps / unit);
        sink_char(s, ' ');
        script_number(s, p->rate[i < p->steps ? i : p->steps - 1]);
        sink_char(s, '\n');
    }
    sink_text(s, "EOD\n");
}

/* ---- panels ---- */

static void place(struct sink *s, size_t row, size_t rows, bool left, bool wide)
{
    double high = 0.93 / (double)rows;
    double bottom = 0.93 - high * (double)(row + 1);
    sink_format(s, "set tmargin at screen %.4f\nset bmargin at screen %.4f\n",
                bottom + 0.84 * high, bottom + 0.22 * high);
    sink_format(s, "set lmargin at screen %s\nset rmargin at screen %s\n",
                left ? "0.08" : "0.57", left && !wide ? "0.47" : "0.965");
}

static void arrivals_panel(struct sink *s, const struct plot_fit *p,
                           size_t rows, double unit, const char *unit_name)
{
    double max = 0;
    for (size_t i = 0; i < p->windows; i++)
        max = fmax(max, p->arrivals[i]);
    for (size_t i = 0; i < p->steps; i++)
        max = fmax(max, p->rate[i]);
    place(s, 0, rows, true, true);
    sink_text(s, "set title 'Connections that begin'\nset key top right\n");
    /* room for the key */
    script_linear_axis(s, "per second", 1.25 * fmax(max, p->burst));
    sink_format(s, "set xlabel 'time (%s)'\nset xrange [0:", unit_name);
    script_number(s, p->window * (double)p->windows / unit);
    sink_text(s, "]\nset format '%g'\n");
    sink_format(s, "plot $a using 1:2 with steps lc rgb '#999999' lw 1.2 "
                   "title 'log'");
    if (p->burst > 0) {
        sink_text(s, ", ");
        script_number(s, p->quiet);
        sink_format(s, " with lines lc rgb '%s' lw 2.5 dt (14,6) title ",
                    script_colour(1));
        script_quoted(s, "MMPP, quiet rate");
        sink_text(s, ", ");
        script_number(s, p->burst);
        sink_format(s, " with lines lc rgb '%s' lw 2.5 title ",
                    script_colour(0));
        script_quoted(s, "MMPP, burst rate");
    } else if (p->steps > 0) {
        sink_format(s, ", $r using 1:2 with steps lc rgb '%s' lw 3 title ",
                    script_colour(1));
        script_quoted(s, p->process);
    }
    sink_char(s, '\n');
}

static void log_x(struct sink *s, const struct plot_fit_sample *p)
{
    double unit = p->unit > 0 ? p->unit : 1;
    double low = first_above_0(p) * unit, high = p->v[p->n - 1] * unit;
    if (p->unit > 0) {
        script_log_axis(s, 'x', p->label, low, high);
        return;
    }
    int from = (int)floor(log10(low) + 1e-9);
    int to = (int)ceil(log10(high) - 1e-9);
    sink_format(s,
                "set logscale x\nset xlabel '%s'\nset xrange [1e%d:1e%d]\n"
                "set xtics auto\nset format x '%%.0s %%cB'\n",
                p->label, from, to > from ? to : from + 1);
}

static void sample_panel(struct sink *s, const struct plot_fit_sample *p,
                         size_t row, size_t rows, bool above)
{
    size_t id = row;
    place(s, row, rows, !above, false);
    sink_text(s, "set title ");
    script_quoted(s, p->title);
    sink_char(s, '\n');
    log_x(s, p);
    if (above)
        sink_format(s,
                    "set logscale y\nset ylabel 'share above (CCDF)'\n"
                    "set yrange [%g:1]\nset ytics auto\nset format y '%%g'\n"
                    "set key bottom left\n",
                    pow(10, floor(-log10((double)p->n))));
    else
        sink_text(s, "unset logscale y\nset ylabel 'share below (CDF)'\n"
                     "set yrange [0:1]\nset ytics 0,0.2,1\nset format y "
                     "'%g'\nset key top left\n");
    sink_format(s, "plot $s%zu using 1:%d with steps lc rgb '%s' lw 3 title ",
                id, above ? 3 : 2, script_colour(0));
    script_quoted(s, p->cdf ? "log" : "log, as it is");
    if (p->cdf) {
        sink_format(s,
                    ", $l%zu using 1:%d with lines lc rgb '%s' lw 2.5 dt "
                    "(14,6) title ",
                    id, above ? 3 : 2, script_colour(1));
        script_quoted(s, p->law);
    }
    sink_text(s, "\nunset logscale\n");
}

static void script(struct sink *s, const struct plot_fit *p)
{
    const char *unit_name;
    double unit = time_unit(p->window * (double)p->windows, &unit_name);
    size_t rows = p->samples + 1;
    script_preamble(s, NAME,
                    "a log and the workload fitted to it\n"
                    "# $a: time, connections per second; $r: the fitted rate\n"
                    "# $s (log), $l (law): value, share up to it, share above");
    arrivals_block(s, p, unit);
    for (size_t i = 0; i < p->samples; i++) {
        sample_block(s, &p->sample[i], i + 1);
        if (p->sample[i].cdf)
            law_block(s, &p->sample[i], i + 1);
    }
    script_open(s, NAME, 1280, (int)(ROW * rows), 16);
    sink_text(s, "reset\n");
    script_styles(s, &(struct plot_run){ 0 });
    sink_text(s, "set multiplot title ");
    script_quoted(s, p->title);
    sink_text(s, " font ',20'\n");
    arrivals_panel(s, p, rows, unit, unit_name);
    for (size_t i = 0; i < p->samples; i++) {
        sample_panel(s, &p->sample[i], i + 1, rows, false);
        sample_panel(s, &p->sample[i], i + 1, rows, true);
    }
    sink_text(s, "unset multiplot\n");
    script_close(s);
}

bool plots_fit_write(const char *folder, const struct plot_fit *p,
                     struct err *e)
{
    struct sink path, s;
    char *name;
    bool ok;
    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return err_at(e, ERR_IO, folder, 0, 0, NULL, "cannot create: %s",
                      strerror(errno));
    sink_string(&path);
    sink_format(&path, "%s/" NAME ".gp", folder);
    name = sink_take(&path);
    ok = sink_open(&s, name, e);
    if (ok) {
        script(&s, p);
        ok = sink_close(&s, e);
    }
    free(name);
    return ok;
}
