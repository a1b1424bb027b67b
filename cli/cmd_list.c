/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mpmsim list [TOPIC]: what a scenario may name, straight from the tables that
 * the program itself works with. */
#include "bench/bench.h"
#include "cli/cli.h"
#include "models/models.h"
#include "outputs/summary.h"
#include "server/host.h"
#include "server/settings.h"
#include "sim/dist.h"
#include "workloads/workload.h"

#include <string.h>

static const struct option options[] = { { 0 } };

static const char *param_type_name(const struct param *p)
{
    switch (p->type) {
    case PARAM_INT:
        return "whole number";
    case PARAM_REAL:
        return "number";
    case PARAM_TIME:
        return "time";
    case PARAM_SIZE:
        return "size";
    case PARAM_BYTERATE:
        return "bytes per second";
    case PARAM_RATE:
        return "rate";
    case PARAM_BOOL:
        return "true or false";
    case PARAM_STRING:
        return "text";
    case PARAM_CHOICE:
        return "one of";
    case PARAM_DIST_TIME:
        return "time or law";
    case PARAM_DIST_SIZE:
        return "size or law";
    case PARAM_DIST_REAL:
        return "number or law";
    }
    return "";
}

static void list_params(const struct param *p)
{
    for (; p->name != NULL; p++) {
        printf("    %-24s %s", p->name, param_type_name(p));
        for (size_t i = 0; p->type == PARAM_CHOICE && p->choices[i]; i++)
            printf(" %s", p->choices[i]);
        if (p->def == NULL)
            printf(", required\n");
        else if (*p->def != '\0')
            printf(", default %s\n", p->def);
        else
            printf("\n");
        printf("      %s\n", p->help);
    }
}

static void list_models(void)
{
    for (size_t i = 0; model_table[i] != NULL; i++)
        printf("  %-12s %s\n", model_table[i]->name, model_table[i]->summary);
}

static void list_workloads(void)
{
    for (size_t i = 0; workload_table[i] != NULL; i++) {
        printf("  %-12s %s\n", workload_table[i]->name,
               workload_table[i]->summary);
        list_params(workload_table[i]->params);
    }
}

static void list_distributions(void)
{
    for (int k = 0; k < DIST_KINDS; k++) {
        printf("  %-18s", dist_name((enum dist_kind)k));
        const char *const *key = dist_keys((enum dist_kind)k);
        for (size_t i = 0; key[i] != NULL; i++)
            printf("%s%s", i ? ", " : "", key[i]);
        printf("\n");
    }
    printf("  Written { \"dist\": \"lognormal\", \"mean\": \"4s\", \"cv\": 1.5 "
           "}; a bare quantity is constant.\n");
}

static void list_outputs(void)
{
    static const char *const files[][2] = {
        { "summary.json", "every number of the table, and more" },
        { "SERVER/series.csv", "one row per outputs.interval" },
        { "SERVER/requests.csv", "one row per request, if outputs.requests" },
        { "SERVER/events.csv", "httpd's own messages at LogLevel info" },
        { "SERVER/backend-NAME.csv", "one row per outputs.interval" },
        { "plots/overview", "throughput, latency, memory, workers by state" },
        { "plots/processes", "child processes over time" },
        { "plots/accept-queue", "connections waiting to be accepted" },
        { "plots/latency-cdf", "distribution of latency" },
        { "plots/connections",
          "all against the number of clients, if it climbs" },
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        printf("  %-23s %s\n", files[i][0], files[i][1]);
    printf("  Each picture is a .gp script with its data, a .png and a "
           ".svg.\n");
}

static void list_directives(void)
{
    static const char *const mpm[MPM_KINDS] = { "prefork", "worker", "event" };
    for (int d = 0; d < DIR_COUNT; d++) {
        const struct directive_info *i = &directive_table[d];
        printf("  %-26s default %s;", i->name, i->def);
        for (int m = 0; m < MPM_KINDS; m++)
            if (i->mpms & 1u << m)
                printf(" %s", mpm[m]);
        printf("\n    %s%s%s%s%s\n", i->help, i->old_name ? " Also " : "",
               i->old_name ? i->old_name : "", i->old_name ? "." : "", "");
    }
}

static void list_machine(void)
{
    list_params(machine_params);
}

static void list_network(void)
{
    list_params(network_params);
}

static void list_metrics(void)
{
    for (size_t i = 0; i < summary_nfields; i++)
        printf("  %s%s%s\n", summary_fields[i].group,
               *summary_fields[i].group ? "." : "", summary_fields[i].name);
    printf("  requests.errors (all kinds), requests.errors.KIND with KIND one "
           "of\n   ");
    for (int k = REQ_OK + 1; k < REQ_ERRS; k++)
        printf(" %s", req_err_name[k]);
    printf("\n  messages.CODE.count, messages.CODE.first_s, such as "
           "messages.AH00484.count\n");
}

static void list_benchmarks(void)
{
    for (size_t i = 0; bench_at(i) != NULL; i++)
        printf("  %-12s %s\n", bench_at(i)->name, bench_at(i)->summary);
}

static const struct {
    const char *name, *title;
    void (*print)(void);
} topics[] = {
    { "models", "Models (\"mpm\" of a server)", list_models },
    { "workloads", "Workloads (\"type\" of a workload) and their keys",
      list_workloads },
    { "distributions", "Distributions and their keys", list_distributions },
    { "outputs", "Files of a run", list_outputs },
    { "metrics", "Metrics for \"expect\" and --assert, after SERVER.",
      list_metrics },
    { "directives", "httpd's directives", list_directives },
    { "machine", "Keys of \"machine\"", list_machine },
    { "network", "Keys of \"network\"", list_network },
    { "benchmarks", "Benchmarks (mpmsim bench NAME)", list_benchmarks },
};
#define NTOPICS (sizeof topics / sizeof *topics)

/* The topic NAME; NTOPICS, with E filled, if there is none. */
static size_t find_topic(const char *name, struct err *e)
{
    const char *names[NTOPICS];
    for (size_t i = 0; i < NTOPICS; i++) {
        names[i] = topics[i].name;
        if (strcmp(name, topics[i].name) == 0)
            return i;
    }
    const char *near = err_nearest(name, names, NTOPICS);
    if (near != NULL)
        err_set(e, ERR_USAGE, "there is no topic \"%s\"; did you mean \"%s\"?",
                name, near);
    else
        err_set(e, ERR_USAGE, "there is no topic \"%s\"", name);
    return NTOPICS;
}

static int list_run(char **argv)
{
    struct text_list rest = { 0 };
    struct err e;
    err_init(&e);
    bool ok = options_parse(options, argv, NULL, &rest, &e);
    for (size_t i = 0; ok && i < rest.n; i++)
        ok = find_topic(rest.v[i], &e) < NTOPICS;
    for (size_t i = 0; ok && i < rest.n; i++)
        topics[find_topic(rest.v[i], &e)].print();
    for (size_t i = 0; ok && rest.n == 0 && i < NTOPICS; i++) {
        printf("%s%s (%s):\n", i ? "\n" : "", topics[i].title, topics[i].name);
        topics[i].print();
    }
    options_list_free(&rest);
    return ok ? EXIT_OK : cli_usage("list", &e);
}

const struct command command_list = {
    .usage = "[TOPIC...]",
    .about = "What a scenario may name. Topics: models workloads distributions "
             "outputs\nmetrics directives machine network benchmarks; without "
             "one: all of them.",
    .options = options,
    .run = list_run,
};
