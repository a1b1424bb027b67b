/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Made-up results for the tests of outputs/. */
#ifndef TESTS_OUTPUTS_SAMPLE_H
#define TESTS_OUTPUTS_SAMPLE_H

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "outputs/report.h"
#include "outputs/summary.h"

/* A server with nothing in its way: 10,000 requests in 60 s, p99 21 ms, 12 of
 * 150 workers busy. */
static inline struct summary *sample_summary(struct summary *s)
{
    memset(s, 0, sizeof *s);
    s->completed = 10000;
    s->throughput_rps = 10000 / 60.0;
    s->latency = (struct summary_latency){ 10000,  0.0105, 0.01,  0.015,
                                           0.0171, 0.021,  0.025, 0.03 };
    s->latency_server = s->latency;
    s->connect = s->latency;
    s->workers.limit = 150;
    s->workers.busy_mean = 12;
    s->workers.busy_peak = 20;
    s->workers.writing_mean = 12;
    s->workers.full_first_s = (double)NAN;
    s->workers.full_from_s = (double)NAN;
    s->workers.full_keepalive_mean = (double)NAN;
    s->workers.full_reading_mean = (double)NAN;
    s->workers.full_writing_mean = (double)NAN;
    s->processes.mean = s->processes.peak = s->processes.end = 6;
    s->memory.private_peak_bytes = 33554432;
    s->memory.pss_peak_bytes = 40000000;
    s->memory.pss_mean_bytes = 39000000.5;
    s->cpu.seconds = 1.5;
    s->cpu.utilisation = 0.00625;
    return s;
}

/* The same with all workers taken from FROM on, in a run of 60 s. */
static inline struct summary *sample_full(struct summary *s, double from)
{
    sample_summary(s);
    s->workers.full_first_s = s->workers.full_from_s = from;
    s->workers.full_share = (60 - from) / 60;
    s->workers.full_keepalive_mean = 0;
    s->workers.full_reading_mean = 0;
    s->workers.full_writing_mean = 0;
    s->latency.p99_s = 28.6;
    return s;
}

static inline void sample_message(struct summary *s, const char *code,
                                  const char *level, const char *text,
                                  double first_s, double count)
{
    struct summary_message *m = &s->message[s->nmessages++];
    strncpy(m->code, code, sizeof m->code - 1);
    strncpy(m->level, level, sizeof m->level - 1);
    strncpy(m->text, text, sizeof m->text - 1);
    m->first_s = first_s;
    m->count = count;
}

static inline struct report sample_report(struct report_server *servers,
                                          size_t n)
{
    return (struct report){ .version = "1.2.3",
                            .title = "A \"title\"",
                            .file = "x.json",
                            .sha256 = "00ff",
                            .seed = 1,
                            .duration = 60 * SIM_S,
                            .warm_up = 0,
                            .replications = 1,
                            .servers = servers,
                            .n = n };
}

#endif
