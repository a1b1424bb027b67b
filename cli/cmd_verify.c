/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mpmsim verify: the simulator against queueing theory, as a table or as JSON.
 */
#include "cli/cli.h"
#include "outputs/num.h"
#include "outputs/sink.h"
#include "theory/verify.h"

#include <math.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct verify_options {
    uint64_t seed;
    bool has_seed, json;
    int64_t threads;
};

#define O(field) offsetof(struct verify_options, field)
static const struct option options[] = {
    { "seed", 0, OPTION_U64, O(seed), O(has_seed), "N",
      "seed of all random streams (default 1)" },
    { "threads", 0, OPTION_COUNT, O(threads), 0, "N",
      "default: all cores; same results for any number" },
    { "json", 0, OPTION_FLAG, O(json), 0, NULL, "print JSON, not the table" },
    { 0 }
};
#undef O

static void print_table(const struct verify *v, bool colour)
{
    char theory[NUM_SIZE], found[NUM_SIZE], half[NUM_SIZE], dev[NUM_SIZE];
    printf("%zu replications of each system, seed %llu; intervals of "
           "%g %% for the family of %zu figures\n\n",
           v->replications, (unsigned long long)v->seed,
           100 * VERIFY_CONFIDENCE, v->n);
    printf("%-35s %-10s %-22s %11s %11s %10s %6s\n", "system", "served by",
           "figure", "theory", "simulated", "+-", "sigma");
    const char *system = "", *parts = "";
    for (size_t i = 0; i < v->n; i++) {
        const struct verify_row *r = &v->rows[i];
        bool again =
            strcmp(system, r->system) == 0 && strcmp(parts, r->parts) == 0;
        printf("%-35s %-10s %-22s %11s %11s %10s %6s  %s%s%s\n",
               again ? "" : r->system, again ? "" : r->parts, r->figure,
               num_stat(r->theory, theory),
               isnan(r->simulated) ? "-" : num_stat(r->simulated, found),
               r->exact ? "exact" : num_digits(r->half_width, 2, half),
               isfinite(r->deviation) && !r->exact
                   ? num_digits(round(r->deviation * 100) / 100, 3, dev)
                   : "",
               r->holds || !colour ? "" : "\033[31m", r->holds ? "ok" : "FAILS",
               r->holds || !colour ? "" : "\033[0m");
        system = r->system;
        parts = r->parts;
    }
    if (v->failed == 0)
        printf("\nAll %zu figures agree with theory.\n", v->n);
    else
        printf("\n%zu of %zu figures do not agree with theory.\n", v->failed,
               v->n);
}

static void put_number(struct sink *s, const char *key, double v)
{
    sink_format(s, ", \"%s\": ", key);
    if (isfinite(v))
        sink_stat(s, v);
    else
        sink_text(s, "null");
}

/* Our own names: nothing in them needs escaping. */
static void print_json(const struct verify *v)
{
    struct sink s;
    sink_string(&s);
    sink_format(&s,
                "{\n  \"schema_version\": 1,\n  \"mpmsim_version\": "
                "\"%s\",\n  \"seed\": %llu,\n  \"replications\": %zu,\n"
                "  \"confidence\": %g,\n  \"holds\": %s,\n  \"figures\": [\n",
                MPMSIM_VERSION, (unsigned long long)v->seed, v->replications,
                VERIFY_CONFIDENCE, v->failed == 0 ? "true" : "false");
    for (size_t i = 0; i < v->n; i++) {
        const struct verify_row *r = &v->rows[i];
        sink_format(&s,
                    "    {\"system\": \"%s\", \"served_by\": \"%s\", "
                    "\"figure\": \"%s\", \"source\": \"%s\"",
                    r->system, r->parts, r->figure, r->source);
        put_number(&s, "theory", r->theory);
        put_number(&s, "simulated", r->simulated);
        put_number(&s, "half_width", r->half_width);
        put_number(&s, "sigma", r->deviation);
        sink_format(&s, ", \"exact\": %s, \"holds\": %s}%s\n",
                    r->exact ? "true" : "false", r->holds ? "true" : "false",
                    i + 1 < v->n ? "," : "");
    }
    sink_text(&s, "  ]\n}\n");
    char *text = sink_take(&s);
    fputs(text, stdout);
    free(text);
}

static int run_verify(char **argv)
{
    struct verify_options o = { .seed = 1 };
    struct text_list rest = { 0 };
    struct err e;
    err_init(&e);
    int status = EXIT_OK;
    if (!options_parse(options, argv, &o, &rest, &e) || rest.n > 0) {
        err_set(&e, ERR_USAGE, "verify takes no operand, found \"%s\"",
                rest.n > 0 ? rest.v[0] : "");
        status = cli_usage("verify", &e);
    } else {
        struct verify v;
        verify_run(o.seed, o.threads, &v);
        if (o.json)
            print_json(&v);
        else
            print_table(&v, cli_colour(stdout));
        status = v.failed == 0 ? EXIT_OK : EXIT_CHECK;
        verify_free(&v);
    }
    options_list_free(&rest);
    return status;
}

const struct command command_verify = {
    .usage = "[options]",
    .about =
        "Simulates systems whose answer is known in closed form, from M/M/1 "
        "to\nprefork as M/M/c/K, with the simulator's own parts, and holds "
        "every figure\nagainst its theory. Exit 1 when one does not hold; a "
        "correct simulator fails\nwith at most one seed in a thousand.",
    .options = options,
    .run = run_verify,
};
