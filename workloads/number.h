/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Decimal numbers of input files, read exactly and quickly into integers. */
#ifndef WORKLOADS_NUMBER_H
#define WORKLOADS_NUMBER_H

#include <stddef.h>
#include <stdint.h>

enum number_fault {
    NUMBER_OK,
    NUMBER_EMPTY,
    NUMBER_BAD, /* not a decimal number */
    NUMBER_NEGATIVE,
    NUMBER_LARGE /* beyond the range of the result */
};

/* Reads all of TEXT, LEN bytes such as "12", "0.25" or "1e-3", as a number
 * times 10^SCALE, rounded to the nearest: "0.25" at scale 9 is 250000000. Of
 * more than 18 significant digits the rest counts as zeros.
 * *OUT is left alone on a fault; -0 is 0. */
enum number_fault number_parse(const char *text, size_t len, int scale,
                               int64_t *out);

/* What is wrong, for messages: "is not a number". */
const char *number_fault_text(enum number_fault f);

#endif
