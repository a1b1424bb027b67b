/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON with comments, read strictly and with positions. A document is checked
 * byte by byte before it is parsed: UTF-8, no NUL, bounded size, depth and
 * number of values, the grammar of RFC 8259 plus comments as in C and C++, no
 * duplicate keys. Errors say file, line and column (1-based; columns count
 * characters, not bytes).
 *
 * Nodes belong to their document and live as long as it does. Positions of
 * nodes are found again by rescanning the text, so they cost nothing until
 * there is an error. Values put in later (`--set`) have no position but the
 * argument they came from. */
#ifndef CONFIG_JSON_H
#define CONFIG_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/err.h"

/* Larger documents are refused: memory stays below about 150 MiB. */
#define JSON_MAX_BYTES  ((size_t)8 << 20)
#define JSON_MAX_VALUES 1000000
#define JSON_MAX_DEPTH  100

enum json_type {
    JSON_NULL,
    JSON_BOOL,
    JSON_NUMBER,
    JSON_STRING,
    JSON_LIST,
    JSON_OBJECT
};

struct json;
struct json_node;

/* Reads and checks the file PATH ("-": standard input). NULL on error: ERR_IO
 * when it cannot be read, else ERR_CONTENT with the place. Caller frees with
 * json_free(). */
struct json *json_load(const char *path, struct err *e);
/* The same for the LEN bytes at TEXT, called NAME in messages. */
struct json *json_parse(const char *name, const char *text, size_t len,
                        struct err *e);
void json_free(struct json *j);

/* SHA-256 of the bytes as they were read, 64 hex digits; the document's. */
const char *json_sha256(const struct json *j);
/* The name it was loaded by. */
const char *json_name(const struct json *j);

struct json_node *json_root(const struct json *j);
enum json_type json_type(const struct json_node *n);
/* The key N has in its object, or NULL. */
const char *json_key(const struct json_node *n);
/* Members of an object or elements of a list, in order; NULL at the end. */
struct json_node *json_first(const struct json_node *n);
struct json_node *json_next(const struct json_node *n);
size_t json_len(const struct json_node *n);
/* The member KEY of an object (case-sensitive), element I of a list; or NULL.
 * O(members). */
struct json_node *json_get(const struct json_node *n, const char *key);
struct json_node *json_at(const struct json_node *n, size_t i);
/* The value of a string (else NULL), number (else 0), boolean (else false). */
const char *json_string(const struct json_node *n);
double json_number(const struct json_node *n);
bool json_bool(const struct json_node *n);

/* "$.servers[0].mpm" for N into BUF of SIZE bytes (cut to fit); returns BUF.
 * O(document). */
char *json_path(const struct json *j, const struct json_node *n, char *buf,
                size_t size);
/* Line and column of N in the text, of its key if KEY and it has one. False
 * for nodes put in later. O(document). */
bool json_locate(const struct json *j, const struct json_node *n, bool key,
                 long *line, long *col);
/* N as a message would show it: "\"5s\"", "12", "a list"; cut to fit and free
 * of control characters. Returns BUF. */
char *json_show(const struct json_node *n, char *buf, size_t size);
/* Copies S into BUF without control characters, cut to SIZE with "..."; for
 * messages about hostile input. Returns BUF. */
char *json_clean(const char *s, char *buf, size_t size);
/* Puts a question mark for every byte of TEXT that is no part of UTF-8, so that
 * it can be read again. */
void json_mend(char *text);

/* ---- putting values in (--set) ---- */

/* The value TEXT writes: a JSON value if it is one, else TEXT as a string.
 * The caller owns it until json_put() or json_put_at() takes it. */
struct json_node *json_value(const char *text);
struct json_node *json_object(void);
/* Gives VALUE to OBJECT under KEY, in the place of a member of that name, and
 * remembers ORIGIN (kept, not copied) as where it came from. */
void json_put(struct json *j, struct json_node *object, const char *key,
              struct json_node *value, const char *origin);
/* The same for element I (which exists) of LIST. */
void json_put_at(struct json *j, struct json_node *list, size_t i,
                 struct json_node *value, const char *origin);
/* The origin of N or of what it lies in; NULL when it stood in the text. */
const char *json_origin(const struct json *j, const struct json_node *n);

#endif
