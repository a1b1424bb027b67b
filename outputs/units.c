/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outputs/units.h"

#include <math.h>
#include <string.h>

char *unit_text(double v, enum unit unit, char *buf)
{
    if (isnan(v)) {
        strcpy(buf, "-");
        return buf;
    }
    switch (unit) {
    case UNIT_TIME:
        return num_duration(v, buf);
    case UNIT_BYTES:
        return num_bytes(v, buf);
    case UNIT_SHARE:
        num_digits(round(v * 1e4) / 100, v >= 0.9995 ? 4 : 3, buf);
        strcat(buf, " %");
        return buf;
    case UNIT_PER_S:
    case UNIT_RATE:
        num_digits(v, fabs(v) >= 1000 ? 4 : 3, buf);
        if (unit == UNIT_RATE)
            strcat(buf, " /s");
        return buf;
    case UNIT_COUNT:
        break;
    }
    if (v == trunc(v))
        return num_count(v, buf);
    return num_digits(v, fabs(v) >= 1000 ? (int)log10(fabs(v)) + 1 : 3, buf);
}
