/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers as text, the same bytes in every locale and at every optimisation
 * level: the shortest plain decimal, no trailing zeros, "." as decimal sign,
 * an exponent only for the very small and the very large. */
#ifndef OUTPUTS_NUM_H
#define OUTPUTS_NUM_H

#include <stdint.h>

#include "sim/simtime.h"

#define NUM_SIZE 40 /* bytes that are enough for any of them */

/* V (finite) with at most DIGITS (1 … 15) significant digits: 0.0213, 150,
 * 1.5e-09. Returns BUF. */
char *num_digits(double v, int digits, char *buf);

/* A statistic: 6 significant digits. */
char *num_stat(double v, char *buf);

/* A count or a number of bytes: in full when whole, else as a statistic but
 * never without its last digit before the decimal point. */
char *num_count(double v, char *buf);

char *num_int(int64_t v, char *buf);

/* T in seconds with exactly DECIMALS (0 … 9) decimals, rounded half up. */
char *num_time(simtime_t t, int decimals, char *buf);

/* T in seconds exactly, with at least DECIMALS decimals: 2.000, 0.0125. */
char *num_time_exact(simtime_t t, int decimals, char *buf);

/* For people: 3 significant digits and the unit that suits, "21.3 ms",
 * "1.02 s"; "0.12 GiB" never, but "123 MiB". NAN gives "-". */
char *num_duration(double seconds, char *buf);
char *num_bytes(double bytes, char *buf);

#endif
