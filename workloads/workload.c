/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workloads/workload.h"

#include <string.h>

#include "workloads/client.h"

#define WORKLOAD(type) extern const struct workload workload_##type;
#include "workloads/workloads.def"
#undef WORKLOAD

#define WORKLOAD(type) &workload_##type,
const struct workload *const workload_table[] = {
#include "workloads/workloads.def"
    NULL
};
#undef WORKLOAD

const struct workload *workload_find(const char *name)
{
    for (size_t i = 0; workload_table[i]; i++) {
        if (strcmp(workload_table[i]->name, name) == 0)
            return workload_table[i];
    }
    return NULL;
}

/* The workloads of a run are one population of clients. */
static struct workloads *as_workloads(struct population *p)
{
    return (struct workloads *)(void *)p;
}

static struct population *as_population(struct workloads *w)
{
    return (struct population *)(void *)w;
}

struct workloads *workloads_start(struct sim *s, struct server *srv,
                                  const struct workload_conf *w, size_t n,
                                  const struct observer *obs, uint64_t seed,
                                  uint64_t replication, simtime_t end)
{
    struct population *p = population_new(s, srv, obs, end);
    for (size_t i = 0; i < n; i++)
        clients_start(clients_new(p, &w[i], (uint32_t)i, seed, replication));
    return as_workloads(p);
}

void workloads_finish(struct workloads *w)
{
    population_finish(as_population(w));
}

bool workloads_failed(const struct workloads *w, struct err *e)
{
    return population_failed((const struct population *)(const void *)w, e);
}

void workloads_free(struct workloads *w)
{
    population_free(as_population(w));
}
