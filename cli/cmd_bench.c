/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mpmsim bench NAME: one of the engine's own benchmarks. */
#include "bench/bench.h"
#include "cli/cli.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct bench_args {
    uint64_t n, seed;
    const char *dist;
    bool has_n;
};

#define O(field) offsetof(struct bench_args, field)
static const struct option options[] = {
    { "n", 0, OPTION_U64, O(n), O(has_n), "N", "size" },
    { "dist", 0, OPTION_TEXT, O(dist), 0, "D", "law of the delays" },
    { "seed", 0, OPTION_U64, O(seed), 0, "N", "seed (default 1)" },
    { 0 }
};
#undef O

static void list_benches(FILE *f)
{
    const struct bench *b;
    for (size_t i = 0; (b = bench_at(i)) != NULL; i++) {
        fprintf(f, "  %-10s %s", b->name, b->summary);
        if (b->default_n > 0)
            fprintf(f, " (--n %" PRIu64 ")", b->default_n);
        if (b->dists != NULL)
            fprintf(f, " (--dist");
        for (size_t d = 0; b->dists != NULL && b->dists[d] != NULL; d++)
            fprintf(f, "%c%s", d == 0 ? ' ' : '|', b->dists[d]);
        fprintf(f, "%s\n", b->dists != NULL ? ")" : "");
    }
}

static bool find(const char *name, const struct bench **b, struct err *e)
{
    const char *names[64];
    size_t n = 0;
    for (; n < 64 && bench_at(n) != NULL; n++)
        names[n] = bench_at(n)->name;
    *b = bench_find(name);
    if (*b != NULL)
        return true;
    const char *near = err_nearest(name, names, n);
    return err_set(e, ERR_USAGE, "there is no benchmark \"%s\"%s%s%s", name,
                   near ? "; did you mean \"" : "", near ? near : "",
                   near ? "\"?" : "");
}

/* The options against what the benchmark takes. */
static bool check(const struct bench *b, const struct bench_args *a,
                  struct err *e)
{
    if (a->has_n && b->default_n == 0)
        return err_set(e, ERR_USAGE, "%s takes no --n", b->name);
    if (a->has_n && (a->n == 0 || a->n > b->max_n))
        return err_set(e, ERR_USAGE,
                       "--n of %s is from 1 to %" PRIu64 ", not %" PRIu64,
                       b->name, b->max_n, a->n);
    if (a->dist == NULL)
        return true;
    if (b->dists == NULL)
        return err_set(e, ERR_USAGE, "%s takes no --dist", b->name);
    size_t n = 0;
    for (; b->dists[n] != NULL; n++)
        if (strcmp(b->dists[n], a->dist) == 0)
            return true;
    const char *near = err_nearest(a->dist, b->dists, n);
    return err_set(e, ERR_USAGE, "%s has no --dist \"%s\"%s%s%s", b->name,
                   a->dist, near ? "; did you mean \"" : "", near ? near : "",
                   near ? "\"?" : "");
}

static int bench_run(char **argv)
{
    struct bench_args a = { 0 };
    struct text_list rest = { 0 };
    const struct bench *b = NULL;
    struct err e;
    err_init(&e);
    int status;
    bool ok = options_parse(options, argv, &a, &rest, &e);
    if (ok && rest.n != 1)
        ok = err_set(&e, ERR_USAGE, "bench needs one name");
    if (ok && find(rest.v[0], &b, &e) && check(b, &a, &e)) {
        struct bench_opts o = { .n = a.n, .seed = a.seed, .dist = a.dist };
        status = b->run(&o, stdout);
    } else {
        status = cli_usage("bench", &e);
        fprintf(stderr, "Benchmarks:\n");
        list_benches(stderr);
    }
    options_list_free(&rest);
    return status;
}

const struct command command_bench = {
    .usage = "NAME [--n N] [--dist D] [--seed N]",
    .about =
        "Runs one benchmark on one thread and prints COUNT SECONDS RATE on "
        "its last\nline. \"mpmsim list benchmarks\" shows the names.",
    .options = options,
    .run = bench_run,
};
