/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Simulated time: a signed 64-bit count of nanoseconds on the scenario's axis,
 * where t = 0 is the instant the load starts. A server may be started earlier,
 * so times before 0 are ordinary. Never a double, never wall time. Durations
 * in files are strings with a unit; they are parsed exactly, not through a
 * double. */
#ifndef SIM_SIMTIME_H
#define SIM_SIMTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int64_t simtime_t;

#define SIM_NS    ((simtime_t)1)
#define SIM_US    ((simtime_t)1000)
#define SIM_MS    ((simtime_t)1000000)
#define SIM_S     ((simtime_t)1000000000)
#define SIM_NEVER INT64_MAX

/* Parses "5s", "-3s", "250ms", "1.5h", "50us", "10ns", "2min", "1d" exactly
 * (more than nanosecond precision is an error). "0" alone needs no unit.
 * Returns false, leaving *t alone, when TEXT is not a duration, has no unit or
 * overflows. */
bool simtime_parse(const char *text, simtime_t *t);

/* Writes T with its largest exact unit ("1.5s", "250ms") into BUF, at most
 * SIZE bytes with the final NUL; returns BUF. 32 bytes are always enough. */
char *simtime_format(simtime_t t, char *buf, size_t size);

/* Rounds to the nearest nanosecond; saturates at +-SIM_NEVER. */
simtime_t simtime_from_s(double s);

/* Seconds as a double, for statistics and reports only. */
double simtime_to_s(simtime_t t);

#endif
