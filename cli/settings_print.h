/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The settings that httpd would really run with, as a table with a column per
 * server. */
#ifndef CLI_SETTINGS_PRINT_H
#define CLI_SETTINGS_PRINT_H

#include <stddef.h>
#include <stdio.h>

#include "server/settings.h"

/* Column I is headed by NAMES[I] and shows S[I]; a directive that no server
 * has is left out, one that a server's MPM does not have is "-" there. */
void settings_print(FILE *f, const char *const *names,
                    const struct settings *const *s, size_t n);

#endif
