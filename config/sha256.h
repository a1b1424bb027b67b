/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SHA-256 (FIPS 180-4), to name the exact bytes of a scenario in results. */
#ifndef CONFIG_SHA256_H
#define CONFIG_SHA256_H

#include <stddef.h>

#define SHA256_HEX_SIZE 65

/* The digest of the LEN bytes at DATA as 64 lower-case hex digits and a NUL
 * in HEX. O(LEN). */
void sha256_hex(const void *data, size_t len, char hex[SHA256_HEX_SIZE]);

#endif
