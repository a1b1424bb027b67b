/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The engine's own benchmarks, as `mpmsim bench NAME` runs them. Each is one
 * file bench/bench_NAME.c that defines `const struct bench bench_NAME`, and one
 * line BENCH(NAME) in bench/benches.def. Every one runs on one thread and
 * prints `COUNT SECONDS RATE` alone on its last line; other figures stand on
 * lines before it. The clock starts after set-up and warm-up.
 *
 * Example, from cli/:
 *   const struct bench *b = bench_find("hold");
 *   struct bench_opts o = { .n = 1000000, .dist = "exp" };
 *   return b->run(&o, stdout); */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What the command line gave. */
struct bench_opts {
    uint64_t n;       /* size; 0 = the benchmark's own default */
    uint64_t seed;    /* 0 = 1 */
    const char *dist; /* NULL = the first of the benchmark's dists */
};

struct bench {
    const char *name;
    const char *summary;      /* one line for help and `mpmsim list` */
    uint64_t default_n;       /* 0: takes no --n */
    uint64_t max_n;           /* largest --n it can do */
    const char *const *dists; /* NULL-terminated; NULL: takes no --dist */
    /* Runs and prints to OUT; returns an exit status (0, or 4 when OUT cannot
     * be written). The caller has checked n and dist against the fields
     * above. */
    int (*run)(const struct bench_opts *o, FILE *out);
};

/* The registry, in the order of benches.def: number I, or NULL behind the
 * last; by name, or NULL. */
const struct bench *bench_at(size_t i);
const struct bench *bench_find(const char *name);

/* --- for the benchmarks themselves --- */

/* Seconds on a clock that never goes back; those of processor time when the
 * environment has BENCH_CLOCK=cpu, for machines that do other work too. */
double bench_now(void);
/* The option, or the benchmark's default where it was left out. */
uint64_t bench_n(const struct bench *b, const struct bench_opts *o);
const char *bench_dist(const struct bench *b, const struct bench_opts *o);
uint64_t bench_seed(const struct bench_opts *o);
/* Peak resident memory of this process in MiB. */
double bench_peak_mib(void);
/* The last line. Returns the status for run(). */
int bench_result(FILE *out, uint64_t count, double seconds);

#endif
