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

#include <stdbool.h>
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
    LOGLINE_OTHER,      /* not what the log format says comes here */
    LOGLINE_BAD_NUMBER, /* a number should be here */
    LOGLINE_WHYS
};

/* What is wrong with such a line, for messages. */
extern const char *const logline_why_text[LOGLINE_WHYS];

struct logline {
    uint64_t host; /* a hash of the client: its name or address, and of its
                      port and the server's process where these are told */
    int64_t t;     /* seconds since 1970-01-01 UTC */
    int64_t bytes; /* of the body; "-" is 0 */
    int status;
    int http;      /* 9, 10, 11, 20: the protocol times 10 */
    size_t column; /* where a bad line stops making sense, from 1 */

    /* What other formats may tell (log_format.h); logline_parse() does not. */
    int64_t ns;      /* beyond t */
    int64_t service; /* ns; -1: not told */
    int64_t in;      /* bytes received, head and body; -1: not told */
    int64_t number;  /* requests before it on its connection; -1: not told */
    uint64_t thread; /* a hash of the server's thread, or 0 */
    uint64_t conn;   /* a hash of the connection's own number, or 0 */
    char after;      /* %X: + kept alive, - closed, X broken off; 0: not told */
    bool post;       /* a method that uploads: POST, PUT, PATCH */
    bool tls;        /* certainly HTTPS */
};

/* The defaults of what is not told. */
#define LOGLINE_UNTOLD                                                         \
    {                                                                          \
        .service = -1, .in = -1, .number = -1, .column = 1                     \
    }

/* Reads TEXT (LEN bytes; TEXT[LEN] need not exist). *OUT is complete when
 * LOGLINE_OK or LOGLINE_SILENT is returned, else only its column is set. */
enum logline_why logline_parse(const char *text, size_t len,
                               struct logline *out);

/* ---- the parts of a line, for log_format.c ---- */

/* Of N bytes: quick, and the same on every run. Two of ten million hosts meet
 * with probability 3e-6. Never 0. */
uint64_t logline_hash(const char *s, size_t n);
/* "01/Jul/1995:00:00:01 -0400", 26 bytes, as seconds since 1970. */
bool logline_stamp(const char *s, int64_t *t);
/* Seconds since 1970 of a date and time in UTC; false when there is none such
 * or its year is not 1700 ... 2199. A second of 60 is the next one. */
bool logline_date(unsigned year, unsigned month, unsigned day, unsigned hour,
                  unsigned minute, unsigned second, int64_t *t);
/* 1 ... 12 for the English name of a month cut to three letters, else 0. */
unsigned logline_month(const char *s);
/* The protocol at the end of the request in S up to END, times 10; 9 when
 * there is none. */
int logline_protocol(const char *s, const char *end);
/* Is the method that the request in S up to END begins with one that uploads?
 */
bool logline_uploads(const char *s, const char *end);

#endif
