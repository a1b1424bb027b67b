/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outputs/plots_script.h"

#include "outputs/num.h"

#include <math.h>

/* Okabe and Ito's palette, which most colour-blind people can tell apart. */
static const char *const colours[] = { "#D55E00", "#0072B2", "#009E73",
                                       "#CC79A7", "#E69F00", "#56B4E9",
                                       "#000000" };
static const char *const dashes[] = { "solid", "(14,6)", "(4,8)", "(16,5,3,5)",
                                      "(16,5,3,5,3,5)" };
#define NCOLOURS (sizeof colours / sizeof colours[0])
#define NDASHES  (sizeof dashes / sizeof dashes[0])

const char *script_colour(size_t i)
{
    return colours[i % NCOLOURS];
}

/* TEXT in single quotes, as gnuplot reads them. */
void script_quoted(struct sink *s, const char *text)
{
    sink_char(s, '\'');
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '\'')
            sink_char(s, '\'');
        sink_char(s, (unsigned char)*p < 0x20 ? ' ' : *p);
    }
    sink_char(s, '\'');
}

void script_number(struct sink *s, double v)
{
    if (isnan(v))
        sink_text(s, "NaN");
    else
        sink_stat(s, v);
}

void script_preamble(struct sink *s, const char *name, const char *what)
{
    sink_format(s,
                "# %s: %s\n"
                "# `gnuplot %s.gp` leaves %s.png and %s.svg here; the data "
                "is in this file.\n",
                name, what, name, name, name);
}

void script_styles(struct sink *s, const struct plot_run *run)
{
    sink_text(s, "set encoding utf8\n"
                 "set datafile missing 'NaN'\n"
                 "set border 3 lc rgb '#444444'\n"
                 "set tics nomirror out\n"
                 "set grid lc rgb '#CCCCCC' lw 0.7 dt solid\n");
    for (size_t i = 0; i < run->n; i++) {
        const char *colour = script_colour(i);
        const char *dash = dashes[i % NDASHES];
        /* thinner from server to server, so that of equal curves the one
         * below still shows */
        const char *width = i == 0 ? "3.4" : i == 1 ? "3" : "2.6";
        sink_format(s, "set style line %zu lc rgb '%s' lw %s dt %s\n", i + 1,
                    colour, width, dash);
        sink_format(s, "set style line %zu lc rgb '%s' lw 1.4 dt %s\n",
                    i + 1 + run->n, colour, dash);
    }
}

/* Opens the loop that draws for both terminals. */
void script_open(struct sink *s, const char *name, int width, int height,
                 int font)
{
    sink_format(
        s,
        "do for [i=1:2] {\n"
        "if (i == 1) {\n"
        "set terminal pngcairo noenhanced size %d,%d font 'Sans,%d' lw 1.5\n"
        "set output '%s.png'\n"
        "} else {\n"
        "set terminal svg noenhanced size %d,%d dynamic font "
        "'sans-serif,%d' lw 1.5 background rgb 'white'\n"
        "set output '%s.svg'\n"
        "}\n",
        width, height, font, name, width, height, font, name);
}

void script_close(struct sink *s)
{
    sink_text(s, "unset output\n}\n");
}

void script_linear_axis(struct sink *s, const char *label, double max)
{
    sink_format(s, "unset logscale y\nset ytics auto\nset ylabel '%s'\n",
                label);
    sink_text(s, "set yrange [0:");
    script_number(s, max * 1.08);
    sink_text(s, "]\n");
}

/* A logarithmic axis of durations, whole decades round MIN … MAX. */
void script_log_axis(struct sink *s, char axis, const char *label, double min,
                     double max)
{
    if (!(min > 0) || !(max > 0)) {
        min = 0.001;
        max = 1;
    }
    int low = (int)floor(log10(min) + 1e-9);
    int high = (int)ceil(log10(max) - 1e-9);
    if (high <= low)
        high = low + 1;
    sink_format(s, "set logscale %c\nset %clabel '%s'\n", axis, axis, label);
    sink_format(s, "set %crange [1e%d:1e%d]\nset %ctics (", axis, low, high,
                axis);
    for (int e = low; e <= high; e++) {
        char buf[NUM_SIZE];
        sink_format(s, "%s'%s' 1e%d", e > low ? ", " : "",
                    num_duration(pow(10, e), buf), e);
        for (int k = 2; k < 10 && e < high; k++)
            sink_format(s, ", '' %de%d 1", k, e);
    }
    sink_text(s, ")\n");
}

/* The key of all four panels: a plot without axes across the whole width. */
void script_key(struct sink *s, const struct plot_run *run)
{
    sink_text(s, "unset title\nunset xlabel\nunset ylabel\nunset tics\n"
                 "unset border\nunset grid\nunset object 1\n"
                 "unset label 1\nunset label 2\nunset arrow 2\n"
                 "set lmargin at screen 0.02\nset rmargin at screen 0.98\n"
                 "set bmargin at screen 0.01\nset tmargin at screen 0.07\n"
                 "set key at screen 0.5, screen 0.035 center center "
                 "horizontal maxrows 2 samplen 5 width 2\n"
                 "plot [0:1] [0:1] NaN notitle");
    for (size_t i = 0; i < run->n; i++) {
        sink_format(s, ", \\\n     keyentry with lines ls %zu title ", i + 1);
        script_quoted(s, run->servers[i].name);
    }
    sink_char(s, '\n');
}
