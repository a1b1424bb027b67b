/* SPDX-License-Identifier: GPL-3.0-or-later */
/* docs/scenario.md and docs/scenario.schema.json name every key there is, with
 * its default. A failure prints what to add. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/json.h"
#include "server/host.h"
#include "server/settings.h"
#include "sim/must.h"
#include "workloads/workload.h"

static char *manual;
static char *schema;

static char *slurp(const char *path)
{
    FILE *f = fopen(path, "rb");
    char *text = must_zalloc(1, 1 << 20);

    ck_assert_msg(f != NULL, "run the tests from the top of the tree");
    ck_assert_uint_lt(fread(text, 1, (1 << 20) - 1, f), (1 << 20) - 1);
    fclose(f);
    return text;
}

static void begin(void)
{
    manual = slurp("docs/scenario.md");
    schema = slurp("docs/scenario.schema.json");
}

static void end(void)
{
    free(manual);
    free(schema);
}

/* Whether a row of the manual for NAME, from FROM on, gives the default DEF. */
static bool has_row(const char *from, const char *name, const char *def)
{
    char start[100], value[100];
    size_t n = (size_t)snprintf(start, sizeof start, "| `%s`", name);

    (void)snprintf(value, sizeof value, def != NULL ? "| `%s` |" : "| %s |",
                   def != NULL ? def : "required");
    for (; (from = strstr(from, start)) != NULL; from += n) {
        const char *line_end = strchr(from, '\n');
        const char *found = strstr(from, value);
        if (found != NULL && found < line_end)
            return true;
    }
    return false;
}

static size_t missing(const char *section, const struct param *table)
{
    const char *from = strstr(manual, section);
    size_t n = 0;

    if (from == NULL) {
        fprintf(stderr, "docs/scenario.md: no section %s\n", section);
        return 1;
    }
    for (; table != NULL && table->name != NULL; table++) {
        char key[100];
        (void)snprintf(key, sizeof key, "\"%s\": {", table->name);
        if (!has_row(from, table->name, table->def)) {
            fprintf(stderr, "docs/scenario.md, %s: | `%s` | … | %s | %s |\n",
                    section, table->name,
                    table->def != NULL ? table->def : "required", table->help);
            n++;
        }
        if (strstr(schema, key) == NULL) {
            fprintf(stderr, "docs/scenario.schema.json: %s\n", key);
            n++;
        }
    }
    return n;
}

START_TEST(every_parameter_is_documented)
{
    size_t n = missing("### machine", machine_params) +
               missing("### network", network_params);

    for (size_t i = 0; workload_table[i] != NULL; i++) {
        char section[80];
        (void)snprintf(section, sizeof section, "### `%s`",
                       workload_table[i]->name);
        n += missing(section, workload_table[i]->params);
    }
    ck_assert_uint_eq(n, 0);
}
END_TEST

/* Rows of SECTION's table that no parameter in TABLE has. */
static size_t obsolete(const char *section, const struct param *table)
{
    const char *row = strstr(manual, section), *end = strstr(row + 1, "\n##");
    size_t n = 0;
    while ((row = strstr(row + 1, "\n| `")) != NULL && row < end) {
        const struct param *p = table;
        size_t len = strcspn(row + 4, "`");
        while (p->name != NULL &&
               (strlen(p->name) != len || strncmp(p->name, row + 4, len) != 0))
            p++;
        if (p->name == NULL) {
            fprintf(stderr, "docs/scenario.md, %s: no parameter %.*s\n",
                    section, (int)len, row + 4);
            n++;
        }
    }
    return n;
}

START_TEST(no_parameter_is_documented_that_is_none)
{
    ck_assert_uint_eq(obsolete("### machine", machine_params) +
                          obsolete("### network", network_params),
                      0);
}
END_TEST

START_TEST(every_directive_is_documented)
{
    for (int d = 0; d < DIR_COUNT; d++) {
        const struct directive_info *info = &directive_table[d];
        char snake[40], key[60], row[60];
        (void)snprintf(row, sizeof row, "| `%s`", info->name);
        ck_assert_msg(strstr(manual, row) != NULL, "%s", row);
        (void)snprintf(key, sizeof key, "\"%s\": {", info->name);
        ck_assert_msg(strstr(schema, key) != NULL, "%s", key);
        (void)snprintf(key, sizeof key, "\"%s\": {",
                       directive_snake((enum directive)d, snake, sizeof snake));
        ck_assert_msg(strstr(schema, key) != NULL, "%s", key);
    }
}
END_TEST

START_TEST(the_schema_is_json)
{
    struct err e;
    struct json *j;

    err_init(&e);
    j = json_load("docs/scenario.schema.json", &e);
    ck_assert_msg(j != NULL, "%ld:%ld: %s", e.line, e.col, e.text);
    json_free(j);
}
END_TEST

Suite *suite_scenario_docs(void);

Suite *suite_scenario_docs(void)
{
    Suite *s = suite_create("scenario_docs");
    TCase *tc = tcase_create("docs");

    tcase_add_checked_fixture(tc, begin, end);
    tcase_add_test(tc, every_parameter_is_documented);
    tcase_add_test(tc, no_parameter_is_documented_that_is_none);
    tcase_add_test(tc, every_directive_is_documented);
    tcase_add_test(tc, the_schema_is_json);
    suite_add_tcase(s, tc);
    return s;
}
