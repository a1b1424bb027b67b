/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an access log costs before any server has seen it. A log of --n lines
 * in Combined format, in order of time, 10,000 clients, some 1,000 requests a
 * second, is written to a file without a name; then it is read twice, as a run
 * does it: once to judge it, once to replay it, when the requests are put on
 * connections and each becomes due as an event of the engine. The clock starts
 * when the file has been written. The peak of memory does not grow with --n. */

#include "bench/bench.h"

#include "sim/must.h"
#include "sim/rng.h"
#include "sim/sim.h"
#include "workloads/log_conns.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CLIENTS 10000
#define RATE    1000 /* lines a second */

static int run(const struct bench_opts *o, FILE *out);

const struct bench bench_log = {
    .name = "log",
    .summary = "lines of an access log, read and replayed",
    .default_n = 10000000,
    .max_n = 2147483647,
    .run = run,
};

/* The log as a file that goes away with its descriptor; NULL on an error. */
static FILE *write_log(uint64_t n, uint64_t seed)
{
    char path[] = "/tmp/mpmsim-bench-XXXXXX";
    int fd = mkstemp(path);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
    struct rng r;
    if (!f)
        return NULL;
    unlink(path);
    rng_init(&r, seed, 0, "bench:log");
    for (uint64_t i = 0; i < n; i++) {
        unsigned client = (unsigned)rng_below(&r, CLIENTS);
        unsigned t = (unsigned)(i / RATE);
        fprintf(f,
                "10.0.%u.%u - - [%02u/%s/2024:%02u:%02u:%02u +0000] \"GET "
                "/p/%u.html HTTP/1.1\" 200 %u \"-\" \"Mozilla/5.0\"\n",
                client >> 8, client & 255, 1 + t / 86400 % 28,
                t / 86400 < 28 ? "Jan" : "Mar", t / 3600 % 24, t / 60 % 60,
                t % 60, client % 977, (unsigned)rng_below(&r, 20000));
    }
    if (fflush(f) == 0 && !ferror(f))
        return f;
    fclose(f);
    return NULL;
}

/* Clients without a server: a request is answered at once. */
struct replay {
    struct sim *sim;
    struct log_conns *conns;
    struct sim_timer timer;
    uint32_t *number; /* of a connection's next request, by its slot */
    uint32_t *slot_conn;
    uint32_t *free_slot;
    uint32_t slots, cap, nfree;
    int cls;
    uint64_t requests;
};

static uint32_t slot_get(struct replay *p)
{
    if (p->nfree > 0)
        return p->free_slot[--p->nfree];
    if (p->slots == p->cap) {
        p->cap = p->cap ? p->cap * 2 : 1024;
        p->number = must_realloc(p->number, p->cap, sizeof *p->number);
        p->slot_conn = must_realloc(p->slot_conn, p->cap, sizeof *p->number);
        p->free_slot = must_realloc(p->free_slot, p->cap, sizeof *p->number);
    }
    return p->slots++;
}

/* A request of the connection in SLOT is due: when is the next? */
static void on_request(void *ctx, uint32_t slot)
{
    struct replay *p = ctx;
    uint32_t conn = p->slot_conn[slot];
    const struct log_item *q =
        log_conns_request(p->conns, conn, ++p->number[slot]);
    p->requests++;
    if (q) {
        simtime_t now = sim_now(p->sim);
        sim_at(p->sim, q->t > now ? q->t : now, p->cls, slot);
        return;
    }
    log_conns_ended(p->conns, conn);
    p->free_slot[p->nfree++] = slot;
}

static void on_connection(void *ctx, uint32_t id)
{
    struct replay *p = ctx;
    simtime_t now = sim_now(p->sim), at;
    uint32_t number;
    (void)id;
    while (log_conns_next(p->conns, now, &number, &at)) {
        uint32_t slot = slot_get(p);
        p->slot_conn[slot] = number;
        p->number[slot] = 0;
        sim_at(p->sim, now, p->cls, slot);
    }
    if (at != SIM_NEVER)
        sim_timer_arm(p->sim, &p->timer, at);
}

static uint64_t replay(const struct log_file *f, struct err *e, FILE *out)
{
    struct log_conns_opts o = { .keepalive_gap = 5 * SIM_S,
                                .linger = 5 * SIM_S,
                                .busy = 20 * SIM_MS };
    struct replay p = { .sim = sim_new(EVQ_WHEEL, 0) };
    p.conns = log_conns_new(f, &o, e);
    p.cls = sim_class(p.sim, on_request, &p);
    sim_timer_init(p.sim, &p.timer, on_connection, &p, 0);
    sim_timer_arm(p.sim, &p.timer, 0);
    sim_run(p.sim, SIM_NEVER, NULL);
    fprintf(out,
            "log: %" PRIu64 " requests on %" PRIu32
            " connections, %.1f MiB for them at the end, peak %.1f MiB\n",
            p.requests, log_conns_count(p.conns),
            (double)log_conns_bytes(p.conns) / 1048576, bench_peak_mib());
    sim_timer_done(p.sim, &p.timer);
    log_conns_free(p.conns);
    sim_free(p.sim);
    free(p.number);
    free(p.slot_conn);
    free(p.free_slot);
    return p.requests;
}

static int run(const struct bench_opts *o, FILE *out)
{
    uint64_t n = bench_n(&bench_log, o), seen = 0;
    FILE *log = write_log(n, bench_seed(o));
    struct arena *a = arena_new();
    struct log_opts lo = { .spread_seed = 1, .keep = 100000 };
    struct err e;
    char path[64], *text;
    double start, read;

    err_init(&e);
    if (!log) {
        fprintf(stderr, "mpmsim: bench log: cannot write a log to /tmp\n");
        arena_free(a);
        return 4;
    }
    snprintf(path, sizeof path, "/proc/self/fd/%d", fileno(log));
    start = bench_now();
    struct log_file *f = log_read(path, &lo, a, &e);
    read = bench_now() - start;
    if (f)
        seen = replay(f, &e, out);
    double seconds = bench_now() - start;
    fprintf(out, "log: reading once %.0f lines/s\n", (double)n / read);
    if (e.kind != ERR_NONE) {
        text = err_format(&e);
        fprintf(stderr, "mpmsim: %s\n", text);
        free(text);
        err_clear(&e);
        arena_free(a);
        fclose(log);
        return 4;
    }
    must(seen == n);
    arena_free(a);
    fclose(log);
    return bench_result(out, n, seconds);
}
