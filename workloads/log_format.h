/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the lines of an access log look like: a LogFormat of httpd, a
 * log_format of nginx, or the name of a usual one. A format is read once into
 * a list of parts, each a text that must stand there or a field that is kept
 * or passed over, and lines are read along that list, without going back
 * except to the end of a quoted field.
 *
 * Fields that are used: the client, the stamp, the request or its parts, the
 * status, sizes, service time (%D, %T, $request_time), and what tells
 * connections apart (%k, %X, %P, the client's port, %{c}L, $connection). All
 * others are known and passed over. */
#ifndef WORKLOADS_LOG_FORMAT_H
#define WORKLOADS_LOG_FORMAT_H

#include "sim/arena.h"
#include "sim/err.h"
#include "workloads/logline.h"

struct log_format;

/* What the lines of a format tell; bits. */
enum {
    LOG_TELLS_HOST = 1,
    LOG_TELLS_SERVICE = 2,   /* finer than a second */
    LOG_TELLS_SERVICE_S = 4, /* %T: in whole seconds */
    LOG_TELLS_FRACTION = 8,  /* stamps finer than a second */
    LOG_TELLS_NUMBER = 16,   /* %k, $connection_requests */
    LOG_TELLS_CONN = 32,     /* %{c}L, $connection */
    LOG_TELLS_AFTER = 64,    /* %X */
    LOG_TELLS_PEER = 128,    /* the client's port */
    LOG_TELLS_BYTES = 256,   /* the body's; else made from %O */
    LOG_TELLS_OUT = 512,     /* %O or %S, heads included */
    LOG_TELLS_IN = 1024,     /* %I, $request_length */
    LOG_STAMPS_END = 2048,   /* nginx stamps the end of a request */
    LOG_TELLS_PROTOCOL = 4096,
    LOG_TELLS_THREAD = 8192 /* %{tid}P */
};

/* TEXT is "common", "combined", "vhost_combined", "combinedio" …, a format
 * with % (httpd) or $ (nginx), or a whole line LogFormat "…" or log_format
 * name '…'. NULL with ERR_CONTENT (text only) when it is none. From A. */
const struct log_format *log_format_new(const char *text, struct arena *a,
                                        struct err *e);
/* The usual format that LINE looks like: vhost_combined, or else one that
 * begins as common does. */
const struct log_format *log_format_of_line(const char *line, size_t len,
                                            struct arena *a);

/* Bits of the enum above. */
unsigned log_format_tells(const struct log_format *f);
/* Its name, or "log_format"; for messages. */
const char *log_format_name(const struct log_format *f);
/* The field that gives the service time ("%D"), or NULL. */
const char *log_format_service(const struct log_format *f);

/* Reads a line as logline_parse() does. The stamp is that of the request's
 * begin: where the end is stamped, less the service time. */
enum logline_why log_format_parse(const struct log_format *f, const char *text,
                                  size_t len, struct logline *out);

#endif
