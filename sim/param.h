/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parameters described by their owner and parsed by config/. A table of
 * struct param says, per key: name, type, where the value lies in the owner's
 * struct, default, range and help. The scenario parser, `--set`, `mpmsim
 * list`, the manual's tables and the schema all come from these tables; the
 * owner never sees JSON. */
#ifndef SIM_PARAM_H
#define SIM_PARAM_H

#include <stddef.h>
#include <stdint.h>

enum param_type {
    PARAM_INT,       /* int64_t, a bare number */
    PARAM_REAL,      /* double, a bare number: counts and ratios */
    PARAM_TIME,      /* simtime_t, "5s" */
    PARAM_SIZE,      /* int64_t bytes, "64KiB" */
    PARAM_BYTERATE,  /* double bytes per second, "300kB/s", "10Mbit/s"; 0 = none
                      */
    PARAM_RATE,      /* double per second, "150/s" */
    PARAM_BOOL,      /* bool */
    PARAM_STRING,    /* const char *, owned by the scenario's arena */
    PARAM_CHOICE,    /* int, index into choices */
    PARAM_DIST_TIME, /* struct dist in ns: a quantity or { "dist": … } */
    PARAM_DIST_SIZE, /* struct dist in bytes */
    PARAM_DIST_REAL  /* struct dist of bare numbers */
};

struct param {
    const char *name; /* snake_case; NULL ends a table */
    enum param_type type;
    size_t offset;
    const char *def; /* as it would be written in a scenario; NULL = required */
    double min, max; /* in base units; ignored for other than numbers */
    const char *const *choices; /* PARAM_CHOICE: NULL-terminated */
    const char *help;           /* one line: meaning, source of the default */
};

#endif
