/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Figures with their units, as the table on the terminal shows them. The
 * verdict quotes them in the same form, so that they can be found there. */
#ifndef OUTPUTS_UNITS_H
#define OUTPUTS_UNITS_H

#include "outputs/num.h"

enum unit {
    UNIT_COUNT,
    UNIT_RATE,  /* with "/s" behind it … */
    UNIT_PER_S, /* … or without */
    UNIT_TIME,
    UNIT_BYTES,
    UNIT_SHARE
};

/* V with its unit: "150", "16630 /s", "16630", "21 ms", "39 MiB", "92.5 %"; "-"
 * for NAN. BUF has NUM_SIZE bytes. Returns BUF. */
char *unit_text(double v, enum unit unit, char *buf);

#endif
