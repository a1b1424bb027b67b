/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The registry of benchmarks and the few things they share. */
#define _DEFAULT_SOURCE
#include "bench/bench.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define BENCH(name) extern const struct bench bench_##name;
#include "bench/benches.def"
#undef BENCH

#define BENCH(name) &bench_##name,
static const struct bench *const benches[] = {
#include "bench/benches.def"
};
#undef BENCH

const struct bench *bench_at(size_t i)
{
    return i < sizeof benches / sizeof *benches ? benches[i] : NULL;
}

const struct bench *bench_find(const char *name)
{
    for (size_t i = 0; i < sizeof benches / sizeof *benches; i++)
        if (strcmp(benches[i]->name, name) == 0)
            return benches[i];
    return NULL;
}

double bench_now(void)
{
    const char *clock = getenv("BENCH_CLOCK");
    bool cpu = clock != NULL && strcmp(clock, "cpu") == 0;
    struct timespec t;
    clock_gettime(cpu ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

uint64_t bench_n(const struct bench *b, const struct bench_opts *o)
{
    return o->n ? o->n : b->default_n;
}

const char *bench_dist(const struct bench *b, const struct bench_opts *o)
{
    if (o->dist)
        return o->dist;
    return b->dists ? b->dists[0] : NULL;
}

uint64_t bench_seed(const struct bench_opts *o)
{
    return o->seed ? o->seed : 1;
}

double bench_peak_mib(void)
{
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (double)r.ru_maxrss / 1024.0;
}

int bench_result(FILE *out, uint64_t count, double seconds)
{
    fprintf(out, "%llu %.6f %.0f\n", (unsigned long long)count, seconds,
            (double)count / seconds);
    return fflush(out) == 0 ? 0 : 4;
}
