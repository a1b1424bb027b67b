/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The picture of the C10K lecture: what happens while the number of client
 * connections climbs, one curve per server, with the points marked and named
 * at which something of it is used up: workers, accept queue, memory. */
#include "outputs/plots_script.h"

#include <math.h>
#include <stdlib.h>

#define LEAST_CLIENTS 500 /* fewer are no climb worth a picture */

/* Pixels: of the picture without the lines that name the marks, of one such
 * line, and of what is below the lowest panel and below the lines. */
enum { PANELS = 1300, LINE = 34, BELOW_PANELS = 172, BELOW_LINES = 86 };

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

/* The number hardly ever falls before its peak, unless processes die for want
 * of memory, and the climb takes at least a third of the run. */
bool climb_applies(const struct plot_run *run)
{
    if (run->n == 0 || largest(run, offered, 0) < LEAST_CLIENTS)
        return false;
    for (size_t i = 0; i < run->n; i++) {
        const struct plot_server *p = &run->servers[i];
        double top = 0, before = 0, half = NAN, full = NAN;
        bool died = false;
        for (size_t k = 0; k < p->npoints; k++)
            top = fmax(top, p->curve[k].offered);
        for (size_t k = 0; k < p->npoints && isnan(full); k++) {
            double v = p->curve[k].offered;
            died = died || p->curve[k].memory_full > 0;
            if (v < 0.97 * before && !died)
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

/* What of a server can be used up. */
enum limit {
    LIMIT_WORKERS,
    LIMIT_CONNECTIONS,
    LIMIT_QUEUE,
    LIMIT_MEMORY,
    LIMITS,
};

/* Its name; gnuplot's point type and the same as a character. */
static const struct {
    const char *name, *sign;
    int point;
} limits[LIMITS] = {
    [LIMIT_WORKERS] = { "MaxRequestWorkers", "\u25cf", 7 },
    [LIMIT_CONNECTIONS] = { "connection limit", "\u25c6", 13 },
    [LIMIT_QUEUE] = { "accept queue full", "\u25a0", 5 },
    [LIMIT_MEMORY] = { "memory full", "\u25b2", 9 },
};

struct mark {
    enum limit limit;
    const struct curve_point *at; /* the first point at which it is reached */
    double clients;               /* the most there have been by then */
};

/* P's limits in the order in which they are reached; returns their number.
 * All workers are taken; the accept queue turns clients away; memory has run
 * out; or, where it is neither workers nor memory, the server holds as many
 * connections as it ever will although more clients come. */
static size_t marks_of(const struct plot_server *p, struct mark marks[LIMITS])
{
    double held = 0, top = 0, come = 0;
    bool workers = false, memory = false, seen[LIMITS] = { false };
    size_t n = 0;
    for (size_t k = 0; k < p->npoints; k++) {
        const struct curve_point *c = &p->curve[k];
        held = fmax(held, c->connections);
        top = fmax(top, c->offered);
        workers |= c->busy + c->keepalive >= 0.99 * p->worker_limit;
        memory |= c->memory_full > 0;
    }
    bool connections = !workers && !memory && held < 0.95 * top - 20;
    for (size_t k = 0; k < p->npoints; k++) {
        const struct curve_point *c = &p->curve[k];
        const bool reached[LIMITS] = {
            [LIMIT_WORKERS] = c->busy + c->keepalive >= 0.99 * p->worker_limit,
            [LIMIT_CONNECTIONS] = connections && c->connections >= 0.99 * held,
            [LIMIT_QUEUE] = c->overflows > 0,
            [LIMIT_MEMORY] = c->memory_full > 0,
        };
        come = fmax(come, c->offered);
        for (int i = 0; i < LIMITS; i++) {
            if (reached[i] && !seen[i])
                marks[n++] = (struct mark){ (enum limit)i, c, come };
            seen[i] |= reached[i];
        }
    }
    return n;
}

/* The next point of P's climb behind *K, which starts at 0, with the most
 * clients there have been in *COME; NULL when the climb is over, or when those
 * who had come are cut off because memory was full. */
static const struct curve_point *climb_next(const struct plot_server *p,
                                            double top, size_t *k, double *come)
{
    while (*k < p->npoints) {
        const struct curve_point *c = &p->curve[(*k)++];
        if (c->t_s < 0)
            continue;
        if (*come >= 0.999 * top || c->offered < 0.9 * *come)
            return NULL;
        *come = fmax(*come, c->offered);
        return c;
    }
    return NULL;
}

static void blocks(struct sink *s, const struct plot_run *run)
{
    double top = largest(run, offered, 0);
    for (size_t i = 0; i < run->n; i++) {
        const struct plot_server *p = &run->servers[i];
        const struct curve_point *c;
        double come = 0;
        size_t k = 0;
        sink_format(s, "$s%zu << EOD\n", i + 1);
        while ((c = climb_next(p, top, &k, &come)) != NULL) {
            script_number(s, come);
            sink_char(s, ' ');
            script_number(s, c->throughput_rps);
            sink_char(s, ' ');
            script_number(s, c->p99_s);
            sink_char(s, ' ');
            script_number(s, memory(c));
            sink_char(s, '\n');
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
        const struct curve_point *c;
        double come = 0;
        size_t k = 0;
        sink_format(s, "$p%zu << EOD\n", i + 1);
        while ((c = climb_next(p, top, &k, &come)) != NULL) {
            if (isnan(c->throughput_rps))
                continue;
            if (!isnan(c->p99_s)) {
                script_number(s, come);
                sink_char(s, ' ');
                script_number(s, c->p99_s);
            }
            sink_char(s, '\n');
        }
        sink_text(s, "EOD\n");
    }
}

static double height_of(const struct plot_run *run)
{
    return PANELS + LINE * (double)run->n;
}

/* A line that names what of server I is used up, and when. */
static void name_marks(struct sink *s, const struct plot_run *run, size_t i,
                       const struct mark *marks, size_t n)
{
    struct sink t;
    sink_string(&t);
    sink_text(&t, run->servers[i].name);
    for (size_t k = 0; k < n; k++)
        sink_format(&t, "%s %s %s at %.0f%s", k == 0 ? ":" : ",",
                    limits[marks[k].limit].sign, limits[marks[k].limit].name,
                    marks[k].clients, k == 0 ? " clients" : "");
    if (n == 0)
        sink_text(&t, " takes all of them");
    char *text = sink_take(&t);
    sink_format(s, "set label %zu ", 10 + i);
    script_quoted(s, text);
    sink_text(s, " at screen 0.1, screen ");
    script_number(s, (BELOW_LINES + LINE * (double)(run->n - 1 - i)) /
                         height_of(run));
    sink_format(s, " tc rgb '%s'\n", script_colour(i));
    free(text);
}

/* Marks and their names, on the curves in the panel of memory. */
static void marks(struct sink *s, const struct plot_run *run, double high)
{
    size_t label = 10 + run->n;
    for (size_t i = 0; i < run->n; i++) {
        struct mark marks[LIMITS];
        size_t n = marks_of(&run->servers[i], marks);
        name_marks(s, run, i, marks, n);
        for (size_t k = 0; k < n; k++) {
            sink_format(s, "set label %zu '' at first ", label++);
            script_number(s, marks[k].clients);
            sink_text(s, ", first ");
            script_number(s, fmin(memory(marks[k].at), high));
            sink_format(s, " point pt %d ps 1.8 lc rgb '%s' front\n",
                        limits[marks[k].limit].point, script_colour(i));
        }
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
    script_open(s, name, 1280, (int)height_of(run), 17);
    sink_text(s, "reset\n");
    script_styles(s, run);
    sink_text(s, "set multiplot layout 3,1 margins 0.1,0.97,");
    script_number(s, (BELOW_PANELS + LINE * (double)run->n) / height_of(run));
    sink_text(s, ",0.91 spacing 0,0.09 title ");
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
    sink_text(s, "unset label\n");
    script_key(s, run);
    sink_text(s, "unset multiplot\n");
    script_close(s);
}
