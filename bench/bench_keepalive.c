/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The whole simulator at 36,000 requests a second: N clients of an event MPM
 * that think exponentially (mean N/36,000 s) and keep their connections; 60 s
 * of simulated time. They begin over one mean pause, so that the rate is there
 * from the start. MaxKeepAliveRequests is httpd's 100: few clients come back
 * on new connections, a million hardly do. */
#include "bench/bench.h"
#include "bench/whole.h"
#include "sim/must.h"

#include <inttypes.h>
#include <stdlib.h>

#define RATE   36000
#define LENGTH (60 * SIM_S)

static int run(const struct bench_opts *o, FILE *out);

const struct bench bench_keepalive = {
    .name = "keepalive",
    .summary = "the whole simulator: 36,000 requests a second, kept alive",
    .default_n = 10000,
    .max_n = 16000000,
    .run = run,
};

static int run(const struct bench_opts *o, FILE *out)
{
    uint64_t n = bench_n(&bench_keepalive, o);
    double pause = (double)n / RATE * 1e9;
    struct summary *sum = must_zalloc(1, sizeof *sum);
    struct whole *w =
        whole_open("closed", n, (simtime_t)pause, LENGTH, bench_seed(o));
    whole_law(w, "think",
              (struct dist){ .kind = DIST_EXPONENTIAL, .mean = pause });
    double seconds = whole_run(w, sum);
    double done = sum->completed > 0 ? sum->completed : 1;
    fprintf(out,
            "keepalive n=%" PRIu64 ", no CPU costs: %.1f x real time, %.0f ns "
            "and %.2f events a request, %.0f requests/s, mean latency %.4f ms, "
            "%.0f failed, peak %.1f MiB\n",
            n, simtime_to_s(LENGTH) / seconds, seconds * 1e9 / done,
            (double)whole_events(w) / done, sum->throughput_rps,
            sum->latency.mean_s * 1e3, sum->failed, bench_peak_mib());
    uint64_t count = (uint64_t)sum->completed;
    whole_close(w);
    free(sum);
    return bench_result(out, count, seconds);
}
