/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The cores of the simulated machine, shared equally by all runnable threads
 * (processor sharing, C-42). With n jobs on c cores each job advances at
 * min(1, c/n); while n > c every time slice also pays one context switch.
 *
 * A job is a demand of CPU time with a callback for its end. The engine works
 * in virtual time: a job that comes at virtual time v with demand d ends at
 * v + d, so an arrival or end costs O(log n) however many share the cores. */
#ifndef SERVER_CPU_H
#define SERVER_CPU_H

#include <stdint.h>

#include "sim/sim.h"

struct cpu;

#define CPU_NONE UINT32_MAX

struct cpu *cpu_new(struct sim *s, int64_t cores, simtime_t slice,
                    simtime_t switch_cost);
void cpu_free(struct cpu *c);

/* Starts DEMAND > 0 ns of work; FN(CTX, ID) is called when it is done. The
 * number returned is valid until then. */
uint32_t cpu_submit(struct cpu *c, simtime_t demand, sim_fn fn, void *ctx,
                    uint32_t id);
/* Takes a job away; its callback is never called. Returns how much of its
 * demand was done, in ns. */
simtime_t cpu_cancel(struct cpu *c, uint32_t job);
/* Charges DEMAND without anybody waiting for its end. */
void cpu_charge(struct cpu *c, simtime_t demand);

/* Jobs running; CPU seconds spent so far, unfinished jobs' shares included. */
uint32_t cpu_running(const struct cpu *c);
double cpu_seconds(const struct cpu *c);

#endif
