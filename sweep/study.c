/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sweep/study.h"

#include "sim/must.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const study_metrics[] = { "latency.p99_s",
                                      "latency.p50_s",
                                      "latency.mean_s",
                                      "throughput_rps",
                                      "requests.failed",
                                      "workers.busy_mean",
                                      "workers.keepalive_mean",
                                      "accept_queue.peak",
                                      "memory.pss_peak_bytes",
                                      "cpu.utilisation",
                                      NULL };

void study_init(struct study *s, const struct points *p,
                const char *const *metrics, size_t n)
{
    *s = (struct study){ .points = p, .metrics = metrics, .nmetrics = n };
    s->arena = arena_new();
    s->cells = must_zalloc(STUDY_SERVERS, sizeof *s->cells);
}

void study_free(struct study *s)
{
    for (size_t i = 0; i < s->nservers; i++)
        free(s->cells[i]);
    free(s->cells);
    arena_free(s->arena);
}

static const struct study_cell nothing = { .mean = (double)NAN,
                                           .low = (double)NAN,
                                           .high = (double)NAN };

static size_t find_server(struct study *s, const char *name)
{
    size_t i = 0;
    while (i < s->nservers && strcmp(s->servers[i], name) != 0)
        i++;
    if (i < s->nservers || i == STUDY_SERVERS)
        return i;
    size_t n = s->points->n * s->nmetrics;
    s->servers[i] = arena_strdup(s->arena, name);
    s->cells[i] = must_alloc((n + 1) * sizeof **s->cells);
    for (size_t k = 0; k < n; k++)
        s->cells[i][k] = nothing;
    return s->nservers++;
}

void study_add(struct study *s, size_t i, const struct result *r)
{
    for (size_t k = 0; k < r->n; k++) {
        const struct result_row *row = &r->rows[k];
        size_t server = find_server(s, row->server);
        for (size_t m = 0; m < s->nmetrics && server < STUDY_SERVERS; m++) {
            if (strcmp(s->metrics[m], row->metric) != 0)
                continue;
            double *runs = arena_alloc(s->arena, row->nruns * sizeof *runs);
            memcpy(runs, row->runs, row->nruns * sizeof *runs);
            s->cells[server][i * s->nmetrics + m] =
                (struct study_cell){ .mean = row->mean,
                                     .low = row->low,
                                     .high = row->high,
                                     .runs = runs,
                                     .nruns = row->nruns };
        }
    }
}

const struct study_cell *study_get(const struct study *s, size_t point,
                                   size_t server, size_t metric)
{
    return &s->cells[server][point * s->nmetrics + metric];
}
