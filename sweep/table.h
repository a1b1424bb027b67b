/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sweep.csv: a row per point, server and metric.
 *
 *   point,KEY…,server,mpm,runs,metric,mean,ci95_low,ci95_high
 *
 * Points count from 1; a key that a point leaves as the scenario has it, a
 * number there is none of, and the interval of a single run are empty. */
#ifndef SWEEP_TABLE_H
#define SWEEP_TABLE_H

#include "outputs/sink.h"
#include "sweep/points.h"
#include "sweep/result.h"

/* The header row. */
void table_begin(struct sink *s, const struct points *p);
/* The rows of point I. */
void table_add(struct sink *s, const struct points *p, size_t i,
               const struct result *r);
/* TEXT as a field: quoted when it must be. */
void table_field(struct sink *s, const char *text);

#endif
