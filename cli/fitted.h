/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `mpmsim import` says about a log and the workload fitted to it: a text
 * for people, the scenario with that text as its comments, a JSON document,
 * and a picture. */
#ifndef CLI_FITTED_H
#define CLI_FITTED_H

#include "outputs/sink.h"
#include "workloads/log_fit.h"

struct fitted {
    const struct log_fit *fit;
    const char *log, *output; /* names, as given */
};

/* How a part is called in a scenario ("think"). */
const char *fitted_key(enum log_fit_part part);

/* The tables and what they mean. */
void fitted_text(struct sink *s, const struct fitted *f);
void fitted_json(struct sink *s, const struct fitted *f);
/* A complete scenario. TEXT: its opening comment. */
void fitted_scenario(struct sink *s, const struct fitted *f, const char *text);
/* The picture's script in FOLDER. */
bool fitted_plot(const struct fitted *f, const char *folder, struct err *e);

#endif
