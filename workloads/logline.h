/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One line of an access log in Common or Combined Log Format:
 *
 *   host ident user [day/Mon/year:hh:mm:ss +zone] "request" status bytes ...
 *
 * Old and odd logs are read too: requests without a protocol (HTTP/0.9),
 * quotes inside the request, escaped or not, sizes given as "-", IPv6
 * addresses, users with spaces. What follows the size is not looked at. */
#ifndef WORKLOADS_LOGLINE_H
#define WORKLOADS_LOGLINE_H

#include <stddef.h>
#include <stdint.h>

enum logline_why {
    LOGLINE_OK,
    LOGLINE_SILENT, /* well-formed, but the client sent no request ("-") */
    LOGLINE_EMPTY,
    LOGLINE_NO_HOST,
    LOGLINE_NO_TIME,
    LOGLINE_BAD_TIME,
    LOGLINE_NO_REQUEST,
    LOGLINE_BAD_STATUS,
    LOGLINE_BAD_BYTES,
    LOGLINE_NUL,
    LOGLINE_LONG,
    LOGLINE_WHYS
};

/* What is wrong with such a line, for messages. */
extern const char *const logline_why_text[LOGLINE_WHYS];

struct logline {
    uint64_t host; /* a hash of the host's name or address */
    int64_t t;     /* seconds since 1970-01-01 UTC */
    int64_t bytes; /* of the body; "-" is 0 */
    int status;
    int http;      /* 9, 10, 11, 20: the protocol times 10 */
    size_t column; /* where a bad line stops making sense, from 1 */
};

/* Reads TEXT (LEN bytes; TEXT[LEN] need not exist). *OUT is complete when
 * LOGLINE_OK or LOGLINE_SILENT is returned, else only its column is set. */
enum logline_why logline_parse(const char *text, size_t len,
                               struct logline *out);

#endif
