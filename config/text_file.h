/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading a whole configuration file as plain text. */
#ifndef CONFIG_TEXT_FILE_H
#define CONFIG_TEXT_FILE_H

#include <stddef.h>

#include "sim/err.h"

/* The bytes of PATH, *LEN of them and a NUL behind; NULL with E filled: ERR_IO
 * when it cannot be read, ERR_CONTENT when it has more than MAX bytes or a NUL
 * among them. WHAT is what the file should be ("an httpd configuration").
 * Caller frees. */
char *text_load(const char *path, size_t max, const char *what, size_t *len,
                struct err *e);

#endif
