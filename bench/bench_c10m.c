/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The whole simulator with ten million connections: N clients of an event MPM
 * connect evenly over 60 s, send one request and stay idle in keep-alive to
 * t = 120 s. Prints peak memory in MiB. */
#include "bench/bench.h"
#include "bench/whole.h"
#include "sim/must.h"

#include <inttypes.h>
#include <stdlib.h>

#define SPREAD (60 * SIM_S)
#define LENGTH (120 * SIM_S)

static int run(const struct bench_opts *o, FILE *out);

const struct bench bench_c10m = {
    .name = "c10m",
    .summary = "the whole simulator: ten million idle connections",
    .default_n = 10000000,
    .max_n = 16000000,
    .run = run,
};

static int run(const struct bench_opts *o, FILE *out)
{
    uint64_t n = bench_n(&bench_c10m, o);
    struct summary *sum = must_zalloc(1, sizeof *sum);
    struct whole *w =
        whole_open("connect_hold", n, SPREAD, LENGTH, bench_seed(o));
    double seconds = whole_run(w, sum);
    double mib = bench_peak_mib();
    fprintf(out,
            "c10m n=%" PRIu64 ", no CPU costs: %.0f answered, %.0f failed, "
            "%.0f ns a connection, %.1f bytes each, peak %.1f MiB\n",
            n, sum->completed, sum->failed, seconds * 1e9 / (double)n,
            mib * 1048576 / (double)n, mib);
    whole_close(w);
    free(sum);
    return bench_result(out, n, seconds);
}
