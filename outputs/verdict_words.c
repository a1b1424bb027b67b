/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names and figures of several servers in one phrase. */
#include "outputs/verdict.h"

#include "sim/must.h"

#include <stdlib.h>
#include <string.h>

double verdict_number(const struct opinion *o, size_t offset)
{
    const struct summary_field f = { .offset = offset };
    return summary_value(o->s->sum, &f);
}

void verdict_separate(struct sink *s, size_t i, size_t n)
{
    if (i > 0)
        sink_text(s, i + 1 == n ? " and " : ", ");
}

void verdict_put_names(struct sink *s, const struct group *g)
{
    for (size_t i = 0; i < g->n; i++) {
        verdict_separate(s, i, g->n);
        sink_text(s, g->o[i]->s->name);
    }
}

const char *verdict_verb(const struct group *g, const char *one,
                         const char *many)
{
    return g->n == 1 ? one : many;
}

void verdict_put_values(struct sink *s, size_t n, const double *values,
                        enum unit unit)
{
    char first[NUM_SIZE], text[NUM_SIZE];
    bool same = true;
    for (size_t i = 0; i < n; i++) {
        unit_text(values[i], unit, i == 0 ? first : text);
        same = same && (i == 0 || strcmp(first, text) == 0);
    }
    for (size_t i = 0; i < (same && n > 0 ? 1 : n); i++) {
        verdict_separate(s, i, n);
        sink_text(s, unit_text(values[i], unit, text));
    }
}

void verdict_put_each(struct sink *s, const struct group *g, size_t offset,
                      enum unit unit)
{
    double *values = must_zalloc(g->n + 1, sizeof *values);
    for (size_t i = 0; i < g->n; i++)
        values[i] = verdict_number(g->o[i], offset);
    verdict_put_values(s, g->n, values, unit);
    free(values);
}
