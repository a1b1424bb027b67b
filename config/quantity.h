/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Quantities of scenarios that are not times (sim/simtime.h) or sizes
 * (server/settings.h): rates, rates of bytes, and whatever stands on the right
 * of an expectation. */
#ifndef CONFIG_QUANTITY_H
#define CONFIG_QUANTITY_H

#include <stdbool.h>

/* A plain decimal number ("12", "0.5", "1e6") and nothing else. */
bool quantity_number(const char *text, double *value);
/* "150/s", "20/min", "3600/h", "0": per second. */
bool quantity_rate(const char *text, double *per_s);
/* "300kB/s", "1MiB/s", "10Mbit/s", "0": bytes per second. */
bool quantity_byterate(const char *text, double *bytes_per_s);
/* Any quantity in base units: seconds, bytes, per second, bytes per second,
 * a bare number, or a percentage as a share. */
bool quantity_any(const char *text, double *value);

#endif
