/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sweep/plan.h"

Suite *suite_plan(void);

static char folder[64];

static const char scenario[] =
    "{ \"duration\": \"1s\", \"title\": \"tiny\",\n"
    "  \"workload\": { \"type\": \"closed\", \"clients\": 2,\n"
    "    \"think\": \"100ms\", \"service\": \"1ms\", \"bytes\": \"1KiB\" },\n"
    "  \"servers\": [ { \"name\": \"p\", \"mpm\": \"prefork\" } ] }\n";

static void put(const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    ck_assert(f != NULL && fputs(text, f) >= 0);
    fclose(f);
}

static void set_up(void)
{
    strcpy(folder, "/tmp/test_plan-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    put("s.json", scenario);
}

static void tear_down(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static struct plan *load(const char *name, const struct plan_opts *opts,
                         struct err *e)
{
    char path[128];
    struct plan_opts o = opts != NULL ? *opts : (struct plan_opts){ 0 };
    o.version = "1";
    snprintf(path, sizeof path, "%s/%s", folder, name);
    err_init(e);
    return plan_load(path, &o, e);
}

START_TEST(values_are_cut_at_outer_commas)
{
    static const struct {
        const char *text;
        size_t n;
        const char *last;
    } cases[] = {
        { "1s", 1, "1s" },
        { "1s,2s,5s", 3, "5s" },
        { "{\"dist\":\"exponential\",\"mean\":\"1s\"},2s", 2, "2s" },
        { "2s,[1,[2,3]]", 2, "[1,[2,3]]" },
        { "\"a,b\",\"c\\\",d\"", 2, "\"c\\\",d\"" },
        { "a]b,c", 2, "c" },
        { ",a", 0, NULL },
        { "a,", 0, NULL },
        { "a,,b", 0, NULL },
        { "", 0, NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena *a = arena_new();
        const char *const *v = NULL;
        struct err e;
        err_init(&e);
        size_t n = plan_values(cases[i].text, &v, a, &e);
        ck_assert_msg(n == cases[i].n, "%s: %zu", cases[i].text, n);
        if (n > 0)
            ck_assert_str_eq(v[n - 1], cases[i].last);
        else
            ck_assert_int_eq(e.kind, ERR_USAGE);
        err_clear(&e);
        arena_free(a);
    }
}
END_TEST

START_TEST(a_plan_is_list_by_grid_by_command_line)
{
    static const char *const params[] = { "keep_alive_timeout=1s,2s",
                                          "seed=7,8,9" };
    struct plan_opts o = { .params = params, .nparams = 2 };
    const char *set[8];
    struct err e;
    put("p.json",
        "// a plan\n"
        "{ \"scenario\": \"s.json\", \"replications\": 3,\n"
        "  \"params\": { \"workload.clients\": [1, 2.5e1],\n"
        "                \"keep_alive_timeout\": [\"5s\"] },\n"
        "  \"list\": [ { \"workload.think\": {\"dist\":\"exponential\","
        "\"mean\":\"1s\"} }, { \"workload.bytes\": \"2KiB\" } ],\n"
        "  \"set\": { \"title\": \"x\" } }");
    struct plan *p = load("p.json", &o, &e);
    ck_assert_msg(p != NULL, "%s", e.text);
    ck_assert_uint_eq(p->points.n, 2 * 2 * 2 * 3);
    ck_assert_uint_eq(p->runs, 3);
    ck_assert_uint_eq(points_sets(&p->points, 23, set), 4);
    ck_assert_str_eq(set[0], "workload.bytes=\"2KiB\"");
    ck_assert_str_eq(set[1], "workload.clients=25");
    ck_assert_str_eq(set[2], "keep_alive_timeout=2s");
    ck_assert_str_eq(set[3], "seed=9");
    ck_assert_str_eq(points_set(&p->points, 0, 0),
                     "workload.think={\"dist\":\"exponential\","
                     "\"mean\":\"1s\"}");
    struct scenario *sc = plan_point(p, 23, &e);
    ck_assert_ptr_nonnull(sc);
    ck_assert_uint_eq(sc->seed, 9);
    ck_assert_int_eq(sc->replications, 3);
    ck_assert_str_eq(sc->title, "x");
    scenario_free(sc);
    plan_free(p);
}
END_TEST

START_TEST(what_is_wrong_is_found_before_anything_runs)
{
    static const struct {
        const char *plan, *param, *found;
    } cases[] = {
        { "{\"scenario\":\"s.json\",\"parms\":{}}", NULL,
          "did you mean \"params\"?" },
        { "{\"scenario\":\"s.json\",\"params\":{\"seed\":3}}", NULL,
          "needs a list of values" },
        { "{\"scenario\":\"s.json\",\"params\":{\"seed\":[1,null]}}", NULL,
          "null is no value" },
        { "{\"scenario\":\"s.json\",\"params\":{\"seed\":[1,1]}}", NULL,
          "seed=1 is given twice" },
        { "{\"scenario\":\"s.json\",\"list\":[{}]}", NULL, "varies nothing" },
        { "{\"scenario\":\"s.json\",\"list\":[3]}", NULL, "must be an object" },
        { "{\"scenario\":3}", NULL, "must name a file" },
        { "{\"scenario\":\"s.json\",\"replications\":0}", NULL,
          "must be a whole number" },
        { "{\"scenario\":\"s.json\",\"params\":{\"seed\":[1]},"
          "\"list\":[{\"seed\":2}]}",
          NULL, "\"seed\" is given twice" },
        { "{\"scenario\":\"s.json\",\"params\":{\"seed\":[1,2,\"x\"]}}", NULL,
          "seed" },
        { "{\"scenario\":\"s.json\"}", "workload.clients=1,2,none",
          "workload.clients=none" },
        { "{\"scenario\":\"s.json\"}", "keep_alive_timout=1s",
          "did you mean \"keep_alive_timeout\"?" },
        { "{\"scenario\":\"s.json\"}", "seed", "KEY=VALUE" },
        { "{\"scenario\":\"s.json\"}",
          "title=a\xff"
          "b",
          "UTF-8" },
        { "{\"scenario\":\"none.json\",\"params\":{\"seed\":[1]}}", NULL,
          "No such file" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct plan_opts o = { .params = &cases[i].param,
                               .nparams = cases[i].param != NULL };
        struct err e;
        put("p.json", cases[i].plan);
        struct plan *p = load("p.json", &o, &e);
        ck_assert_msg(p == NULL, "%zu is accepted", i);
        char *text = err_format(&e);
        ck_assert_msg(strstr(text, cases[i].found) != NULL, "%zu: %s", i, text);
        free(text);
        err_clear(&e);
    }
}
END_TEST

/* The base digest that comes of loading s.json with one param. */
static void base(char out[SHA256_HEX_SIZE], const char *param, const char *set)
{
    struct plan_opts o = { .params = &param, .nparams = 1 };
    struct err e;
    o.scenario.set = &set;
    o.scenario.nset = set != NULL;
    struct plan *p = load("s.json", &o, &e);
    ck_assert_msg(p != NULL, "%s", e.text);
    memcpy(out, p->points.base, SHA256_HEX_SIZE);
    plan_free(p);
}

START_TEST(files_that_a_scenario_names_are_part_of_what_it_is)
{
    char first[SHA256_HEX_SIZE], other[SHA256_HEX_SIZE];
    static const char conf[] = "servers.p.httpd_conf=a.conf,b.conf";
    put("a.conf", "KeepAliveTimeout 3\n");
    put("b.conf", "KeepAliveTimeout 4\n");
    base(first, conf, NULL);
    base(other, conf, NULL);
    ck_assert_str_eq(first, other);
    put("b.conf", "KeepAliveTimeout 5\n");
    base(other, conf, NULL);
    ck_assert_str_ne(first, other);
    base(first, "seed=1,2", NULL);
    base(other, "seed=1,2", "servers.p.httpd_conf=a.conf");
    ck_assert_str_ne(first, other);
    base(first, "seed=1,2", "servers.p.httpd_conf=a.conf");
    ck_assert_str_eq(first, other);
    put("a.conf", "KeepAliveTimeout 6\n");
    base(first, "seed=1,2", "servers.p.httpd_conf=a.conf");
    ck_assert_str_ne(first, other);
}
END_TEST

Suite *suite_plan(void)
{
    Suite *s = suite_create("plan");
    TCase *t = tcase_create("plan");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, values_are_cut_at_outer_commas);
    tcase_add_test(t, a_plan_is_list_by_grid_by_command_line);
    tcase_add_test(t, what_is_wrong_is_found_before_anything_runs);
    tcase_add_test(t, files_that_a_scenario_names_are_part_of_what_it_is);
    tcase_set_timeout(t, 60);
    suite_add_tcase(s, t);
    return s;
}
