/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading typed values out of a JSON document, with all the errors on the way
 * collected: each read_…() returns false after adding one error with the place
 * of the value, and its caller goes on with the next key. */
#ifndef CONFIG_READER_H
#define CONFIG_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/json.h"
#include "sim/arena.h"
#include "sim/err.h"
#include "sim/param.h"
#include "sim/simtime.h"

#define READER_MAX_ERRORS 20

struct reader {
    struct json *json; /* NULL until parsed */
    struct arena *arena;
    const char *dir; /* of the document, "" or with its final slash */
    struct err errors[READER_MAX_ERRORS];
    size_t nerrors; /* further ones are dropped */
    const struct json_node *misspelt[READER_MAX_ERRORS];
    size_t nmisspelt; /* keys already reported as a slip for a missing one */
};

/* Adds an error at node N (its key if KEY). Always false. Values of --set
 * name their argument instead of a place and are ERR_USAGE. */
bool reader_fail(struct reader *r, const struct json_node *n, bool key,
                 const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Adds INNER, placing it at N if it has no place of its own; clears it. */
bool reader_take(struct reader *r, const struct json_node *n,
                 struct err *inner);
/* Sorts the errors of the document by place; others keep their order behind
 * them. */
void reader_sort(struct reader *r);
void reader_clear(struct reader *r);

/* Every key of OBJECT must be among the N names; one error for each other. */
bool reader_keys(struct reader *r, const struct json_node *object,
                 const char *const *names, size_t n);
/* KEY is missing from OBJECT, which may have the N keys NAMES (NULL: not known
 * yet): adds the error FMT, unless one of its keys is a slip for KEY, which is
 * then said instead. Always false. */
bool reader_missing(struct reader *r, const struct json_node *object,
                    const char *key, const char *const *names, size_t n,
                    const char *fmt, ...) __attribute__((format(printf, 6, 7)));
/* N must be of that type ("an object", …). */
bool reader_type(struct reader *r, const struct json_node *n,
                 enum json_type want);

bool read_text(struct reader *r, const struct json_node *n, const char **out);
bool read_bool(struct reader *r, const struct json_node *n, bool *out);
bool read_real(struct reader *r, const struct json_node *n, double min,
               double max, double *out);
bool read_count(struct reader *r, const struct json_node *n, int64_t min,
                int64_t max, int64_t *out);
bool read_time(struct reader *r, const struct json_node *n, simtime_t min,
               simtime_t max, simtime_t *out);
/* One of NAMES (NULL-terminated), as its index. */
bool read_choice(struct reader *r, const struct json_node *n,
                 const char *const *names, int *out);

/* The file name in TEXT as it can be opened: relative to the document. */
const char *reader_file(const struct reader *r, const char *text);

/* The row of TABLE called NAME, or NULL. */
const struct param *param_find(const struct param *table, const char *name);
/* Fills BASE with the defaults of TABLE; required ones stay zero. The tables
 * are ours: a default that does not parse is a bug. */
void params_default(struct reader *r, const struct param *table, void *base);
/* Reads N into the field of BASE that P describes. */
bool param_read(struct reader *r, const struct json_node *n,
                const struct param *p, void *base);

#endif
