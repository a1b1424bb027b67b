/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The models, one per MPM; a line in models.def declares and lists each. */
#ifndef MODELS_MODELS_H
#define MODELS_MODELS_H

#include "server/mpm.h"

extern const struct mpm_model *const model_table[]; /* NULL-terminated */

/* The model called NAME ("prefork"), or NULL. */
const struct mpm_model *model_find(const char *name);

#endif
