/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The picture of the C10K lecture: what happens while the number of client
 * connections climbs, one curve per server, with the point where each stops
 * accepting more marked and named. */
#include "outputs/plots_script.h"

#include <math.h>
#include <stdlib.h>

#define LEAST_CLIENTS 500 /* fewer are no climb worth a picture */

static double offered(const struct curve_point *p)
{
    return p->offered;
}

static double throughput(const struct curve_point *p)
{
    return p->throughput_rps;
}

static double p99(const struct curve_point *p)
{
    return p->p99_s;
}

static double memory(const struct curve_point *p)
{
    return p->pss_bytes / 1048576;
}

typedef double (*reader_fn)(const struct curve_point *p);

static double largest(const struct plot_run *run, reader_fn of, double least)
{
    double max = least;
    for (size_t i = 0; i < run->n; i++)
        for (size_t k = 0; k < run->servers[i].npoints; k++) {
            double v = of(&run->servers[i].curve[k]);
            if (v > max) /* false for NaN */
                max = v;
        }
    return max;
}

static double smallest(const struct plot_run *run, reader_fn of)
{
    double min = INFINITY;
    for (size_t i = 0; i < run->n; i++)
        for (size_t k = 0; k < run->servers[i].npoints; k++) {
            double v = of(&run->servers[i].curve[k]);
            if (v > 0 && v < min)
                min = v;
        }
    return isinf(min) ? 0 : min;
}

/* The number hardly ever falls before its peak, and the climb takes at least
 * a third of the run. */
bool climb_applies(const struct plot_run *run)
{
    if (run->n == 0 || largest(run, offered, 0) < LEAST_CLIENTS)
        return false;
    for (size_t i = 0; i < run->n; i++) {
        const struct plot_server *p = &run->servers[i];
        double top = 0, before = 0, half = NAN, full = NAN;
        for (size_t k = 0; k < p->npoints; k++)
            top = fmax(top, p->curve[k].offered);
        for (size_t k = 0; k < p->npoints && isnan(full); k++) {
            double v = p->curve[k].offered;
            if (v < 0.97 * before)
                return false;
            before = fmax(before, v);
            if (isnan(half) && v >= 0.1 * top)
                half = p->curve[k].t_s;
            if (v >= 0.99 * top)
                full = p->curve[k].t_s;
        }
        if (!(full - half > simtime_to_s(run->duration) / 3))
            return false;
    }
    return true;
}

/* Where a server stops: the point at which it holds as many connections as it
 * ever will although more clients come, and why. NULL when it takes all. */
static const struct curve_point *stop_of(const struct plot_server *p,
                                         const char **why)
{
    double held = 0, top = 0;
    for (size_t k = 0; k < p->npoints; k++) {
        held = fmax(held, p->curve[k].connections);
        top = fmax(top, p->curve[k].offered);
    }
    if (held >= 0.95 * top - 20)
        return NULL;
    for (size_t k = 0; k < p->npoints; k++) {
        const struct curve_point *c = &p->curve[k];
        if (c->connections < 0.99 * held)
            continue;
        *why = c->busy + c->keepalive >= 0.95 * p->worker_limit
                   ? "MaxRequestWorkers"
                   : "connection limit";
        return c;
    }
    return NULL;
}

static void blocks(struct sink *s, const struct plot_run *run)
{
    for (size_t i = 0; i < run->n; i++) {
        const struct plot_server *p = &run->servers[i];
        sink_format(s, "$s%zu << EOD\n", i + 1);
        double top = largest(run, offered, 0);
        for (size_t k = 0; k < p->npoints; k++) {
            const struct curve_point *c = &p->curve[k];
            if (c->t_s < 0)
                continue;
            script_number(s, c->offered);
            sink_char(s, ' ');
            script_number(s, c->throughput_rps);
            sink_char(s, ' ');
            script_number(s, c->p99_s);
            sink_char(s, ' ');
            script_number(s, memory(c));
            sink_char(s, '\n');
            if (c->offered >= 0.999 * top)
                break; /* the climb is over */
        }
        sink_text(s, "EOD\n");
    }
}

/* The latencies again, where a block in which nothing was answered, an empty
 * line here, interrupts the curve. */
static void answered(struct sink *s, const struct plot_run *run)
{
    double top = largest(run, offered, 0);
    for (size_t i = 0; i < run->n; i++) {
        const struct plot_server *p = &run->servers[i];
        sink_format(s, "$p%zu << EOD\n", i + 1);
        for (size_t k = 0; k < p->npoints; k++) {
            const struct curve_point *c = &p->curve[k];
            if (c->t_s < 0 || isnan(c->throughput_rps))
                continue;
            if (!isnan(c->p99_s)) {
                script_number(s, c->offered);
                sink_char(s, ' ');
                script_number(s, c->p99_s);
            }
            sink_char(s, '\n');
            if (c->offered >= 0.999 * top)
                break;
        }
        sink_text(s, "EOD\n");
    }
}

/* A dot and its name where each server stops, beside its curve in the panel
 * of memory. */
static void marks(struct sink *s, const struct plot_run *run, double high)
{
    double line = 0.93;
    for (size_t i = 0; i < run->n; i++) {
        const char *why = "";
        const struct curve_point *c = stop_of(&run->servers[i], &why);
        struct sink t;
        sink_string(&t);
        if (c != NULL)
            sink_format(&t, "%s is full (%s) when %.0f clients have come",
                        run->servers[i].name, why, c->offered);
        else
            sink_format(&t, "%s takes all of them", run->servers[i].name);
        char *text = sink_take(&t);
        sink_format(s, "set label %zu ", 10 + i);
        script_quoted(s, text);
        sink_format(s, " at graph 0.015, graph %.2f tc rgb '%s'\n", line,
                    script_colour(i));
        free(text);
        line -= 0.11;
        if (c == NULL)
            continue;
        sink_format(s, "set object %zu circle at first ", 10 + i);
        script_number(s, c->offered);
        sink_text(s, ", first ");
        script_number(s, fmin(memory(c), high));
        sink_format(s, " size graph 0.006 fc rgb '%s' fs solid front\n",
                    script_colour(i));
    }
}

static void panel(struct sink *s, const struct plot_run *run, char data,
                  int column)
{
    sink_text(s, "plot ");
    for (size_t i = 0; i < run->n; i++)
        sink_format(s, "%s$%c%zu using 1:%d with lines ls %zu notitle",
                    i > 0 ? ", \\\n     " : "", data, i + 1, column, i + 1);
    sink_char(s, '\n');
}

void climb_write(struct sink *s, const struct plot_run *run, const char *name)
{
    script_preamble(s, name,
                    "throughput, p99 and memory against the number of client "
                    "connections\n"
                    "# columns: clients throughput_rps p99_s pss_mib");
    blocks(s, run);
    answered(s, run);
    script_open(s, name, 1280, 1300, 17);
    sink_text(s, "reset\n");
    script_styles(s, run);
    sink_text(s, "set multiplot layout 3,1 margins 0.1,0.97,0.12,0.91 "
                 "spacing 0,0.09 title ");
    script_quoted(s, run->title != NULL ? run->title : "mpmsim");
    sink_text(s, " font ',22'\nunset key\nset format x \"%'.0f\"\n"
                 "set xrange [0:");
    script_number(s, largest(run, offered, 1));
    sink_text(s, "]\nset title 'Throughput' offset 0,-0.4\n");
    script_linear_axis(s, "requests per second", largest(run, throughput, 1));
    panel(s, run, 's', 2);
    sink_text(s, "set title 'Latency, p99 of what was answered'"
                 " offset 0,-0.4\n");
    script_log_axis(s, 'y', "seen by the client", smallest(run, p99),
                    largest(run, p99, 0));
    panel(s, run, 'p', 2);
    double high = largest(run, memory, 1);
    sink_text(s, "set title 'Memory' offset 0,-0.4\n");
    script_linear_axis(s, "PSS of all processes (MiB)", high);
    marks(s, run, high);
    sink_text(s, "set xlabel 'client connections, open or waiting'\n");
    panel(s, run, 's', 4);
    for (size_t i = 0; i < run->n; i++)
        sink_format(s, "unset label %zu\nunset object %zu\n", 10 + i, 10 + i);
    script_key(s, run);
    sink_text(s, "unset multiplot\n");
    script_close(s);
}
