/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "models/models.h"

#include <string.h>

#define MODEL(name) extern const struct mpm_model mpm_##name;
#include "models/models.def"
#undef MODEL

const struct mpm_model *const model_table[] = {
#define MODEL(name) &mpm_##name,
#include "models/models.def"
#undef MODEL
    NULL
};

const struct mpm_model *model_find(const char *name)
{
    for (size_t i = 0; model_table[i]; i++)
        if (strcmp(model_table[i]->name, name) == 0)
            return model_table[i];
    return NULL;
}
