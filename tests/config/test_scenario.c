/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Good scenarios, --set, --assert, --mpm and the collecting check. Bad
 * scenarios: tests/invalid. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/reader.h"
#include "config/scenario.h"
#include "sim/dist.h"

static char folder[64];
static char path[100];

static const char *const two_servers =
    "{ \"$schema\": \"s\", \"title\": \"T\", \"about\": \"A\",\n"
    "  \"duration\": \"2min\", \"warm_up\": \"10s\", \"seed\": 7,\n"
    "  \"machine\": { \"cpus\": 2, \"ram\": \"2GiB\" },\n"
    "  \"network\": { \"rtt\": \"50us\" },\n"
    "  \"workload\": { \"type\": \"closed\", \"name\": \"load\",\n"
    "    \"clients\": 100, \"think\": { \"dist\": \"lognormal\",\n"
    "    \"mean\": \"4s\", \"cv\": 1.5 } },\n"
    "  \"servers\": [\n"
    "    { \"mpm\": \"prefork\", \"directives\":\n"
    "      { \"MaxRequestWorkers\": 150, \"KeepAlive\": \"Off\" } },\n"
    "    { \"name\": \"ev\", \"mpm\": \"event\", \"start\": \"-3s\",\n"
    "      \"httpd_version\": \"2.4.10\", \"clogging\": 0.5,\n"
    "      \"directives\": { \"max_request_workers\": 50,\n"
    "        \"Listen\": [ 80, \"8443 https\" ],\n"
    "        \"MaxMemFree\": \"1MiB\" } } ],\n"
    "  \"actions\": [ { \"at\": \"20s\", \"do\": \"stop\" },\n"
    "    { \"at\": \"10s\", \"do\": \"graceful_restart\" } ],\n"
    "  \"backends\": [],\n"
    "  \"outputs\": { \"interval\": \"50ms\", \"requests\": true },\n"
    "  \"expect\": [ \"ev.latency.p99_s < 200ms\",\n"
    "    \"prefork.requests.errors.timeout >= ev.throughput_rps\" ] }\n";

static void file(const char *name, const char *text)
{
    char full[160];
    FILE *f;

    (void)snprintf(full, sizeof full, "%s/%s", folder, name);
    f = fopen(full, "wb");
    ck_assert_ptr_nonnull(f);
    (void)fputs(text, f);
    ck_assert_int_eq(fclose(f), 0);
}

static void begin(void)
{
    (void)strcpy(folder, "/tmp/mpmsim-scenario-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/two.json", folder);
    file("two.json", two_servers);
}

static void end(void)
{
    char command[120];

    (void)snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static struct scenario *load(const struct scenario_opts *o)
{
    struct err e;
    struct scenario *sc;

    err_init(&e);
    sc = scenario_load(path, o, &e);
    ck_assert_msg(sc != NULL, "%s", sc != NULL ? "" : err_format(&e));
    return sc;
}

static struct scenario *load_set(const char *a, const char *b)
{
    const char *const set[] = { a, b };
    struct scenario_opts o = { .set = set, .nset = b != NULL ? 2 : 1 };

    return load(&o);
}

/* KEY of workload number I. */
static const void *conf_of(const struct scenario *sc, size_t i, const char *key)
{
    const struct workload_conf *w = &sc->workloads[i];

    return (const char *)w->conf + param_find(w->type->params, key)->offset;
}

static int64_t clients_of(const struct scenario *sc, size_t i)
{
    return *(const int64_t *)conf_of(sc, i, "clients");
}

static void refuse(const struct scenario_opts *o, const char *message)
{
    struct err e;
    char *got;

    err_init(&e);
    ck_assert_ptr_null(scenario_load(path, o, &e));
    ck_assert_int_eq(e.kind, ERR_USAGE);
    got = err_format(&e);
    ck_assert_str_eq(got, message);
    free(got);
    err_clear(&e);
}

static void refuse_set(const char *set, const char *message)
{
    struct scenario_opts o = { .set = &set, .nset = 1 };

    refuse(&o, message);
}

START_TEST(every_key_arrives)
{
    struct scenario *sc = load(NULL);
    const struct settings *s = &sc->servers[1].settings;

    ck_assert_str_eq(sc->title, "T");
    ck_assert_str_eq(sc->about, "A");
    ck_assert_int_eq(sc->duration, 120 * SIM_S);
    ck_assert_int_eq(sc->warm_up, 10 * SIM_S);
    ck_assert_uint_eq(sc->seed, 7);
    ck_assert_int_eq(sc->replications, 1);
    ck_assert_int_eq(sc->machine.cpus, 2);
    ck_assert_int_eq(sc->machine.ram, (int64_t)2 << 30);
    ck_assert_int_eq(sc->network.rtt, 50 * SIM_US);
    ck_assert_uint_eq(sc->nworkloads, 1);
    ck_assert_str_eq(sc->workloads[0].name, "load");
    ck_assert_uint_eq(sc->nservers, 2);
    ck_assert_str_eq(sc->servers[0].name, "prefork");
    ck_assert_int_eq(sc->servers[0].settings.max_request_workers, 150);
    ck_assert(!sc->servers[0].settings.keepalive);
    ck_assert(sc->servers[0].directives.reqtimeout_loaded);
    ck_assert_int_eq(sc->servers[1].start, -3 * SIM_S);
    ck_assert_int_eq(sc->servers[1].version, 20410);
    ck_assert_double_eq(sc->servers[1].clogging, 0.5);
    ck_assert_int_eq(s->max_request_workers, 50);
    ck_assert_int_eq(s->max_mem_free, 1 << 20);
    ck_assert_int_eq(s->nlisten, 2);
    ck_assert(s->listen[1].tls && s->listen[1].port == 8443);
    ck_assert_uint_eq(sc->nactions, 2);
    ck_assert_int_eq(sc->actions[0].at, 10 * SIM_S);
    ck_assert_int_eq(sc->actions[0].what, ACTION_GRACEFUL_RESTART);
    ck_assert_int_eq(sc->actions[1].what, ACTION_STOP);
    ck_assert_int_eq(sc->interval, 50 * SIM_MS);
    ck_assert(sc->requests && sc->plots);
    ck_assert_uint_eq(strlen(sc->sha256), 64);
    ck_assert_uint_eq(sc->nexpect, 2);
    ck_assert_str_eq(sc->expect[0].path, "ev.latency.p99_s");
    ck_assert_int_eq(sc->expect[0].op, 0);
    ck_assert_double_eq(sc->expect[0].rhs, 0.2);
    ck_assert_int_eq(sc->expect[1].op, 3);
    ck_assert_str_eq(sc->expect[1].rhs_path, "ev.throughput_rps");
    scenario_free(sc);
}
END_TEST

START_TEST(actions_may_come_at_a_rate_for_one_server)
{
    struct scenario *sc = load_set(
        "actions=[{\"rate\":\"6/h\",\"do\":\"crash\"},"
        "{\"at\":\"5s\",\"do\":\"crash\",\"slot\":2,\"server\":\"ev\"}]",
        "expect=[]");

    ck_assert_uint_eq(sc->nactions, 2);
    ck_assert_int_eq(sc->actions[0].what, ACTION_CRASH);
    ck_assert_double_eq_tol(sc->actions[0].rate, 6.0 / 3600, 1e-12);
    ck_assert_int_eq(sc->actions[0].slot, -1);
    ck_assert_ptr_null(sc->actions[0].server);
    ck_assert_double_eq(sc->actions[1].rate, 0);
    ck_assert_int_eq(sc->actions[1].slot, 2);
    ck_assert_str_eq(sc->actions[1].server, "ev");
    scenario_free(sc);
}
END_TEST

START_TEST(a_mix_divides_the_clients_by_weight)
{
    struct scenario *sc = load_set(
        "workload={\"name\":\"web\",\"type\":\"closed\",\"clients\":10,"
        "\"bytes\":\"1KiB\",\"mix\":[{\"weight\":1},{\"weight\":1},"
        "{\"weight\":1,\"name\":\"big\",\"bytes\":\"1MiB\"}]}",
        "expect=[]");
    static const int64_t clients[] = { 3, 3, 4 };
    static const char *const names[] = { "web-1", "web-2", "big" };

    ck_assert_uint_eq(sc->nworkloads, 3);
    for (size_t i = 0; i < 3; i++) {
        ck_assert_str_eq(sc->workloads[i].name, names[i]);
        ck_assert_int_eq(clients_of(sc, i), clients[i]);
        ck_assert_double_eq(dist_mean(conf_of(sc, i, "bytes")),
                            i < 2 ? 1024 : 1048576);
    }
    scenario_free(sc);
    sc = load_set("workload={\"type\":\"poisson\",\"rate\":\"8/s\","
                  "\"mix\":[{\"weight\":0.3},{\"weight\":0.1}]}",
                  "expect=[]");
    for (size_t i = 0; i < 2; i++)
        ck_assert_double_eq_tol(*(const double *)conf_of(sc, i, "rate"),
                                i ? 2 : 6, 1e-9);
    scenario_free(sc);
}
END_TEST

START_TEST(warm_up_may_be_found_by_itself)
{
    struct scenario *sc = load_set("warm_up=auto", NULL);

    ck_assert(sc->warm_up_auto);
    scenario_free(sc);
}
END_TEST

START_TEST(set_reaches_any_key)
{
    struct scenario *sc =
        load_set("servers.ev.directives.KeepAliveTimeout=2s",
                 "servers[0].directives.max_request_workers=20");

    ck_assert_int_eq(sc->servers[1].settings.keepalive_timeout, 2 * SIM_S);
    ck_assert_int_eq(sc->servers[0].settings.max_request_workers, 20);
    scenario_free(sc);
    sc = load_set("machine.cpus=8", "outputs.plots=false");
    ck_assert_int_eq(sc->machine.cpus, 8);
    ck_assert(!sc->plots);
    scenario_free(sc);
    sc = load_set("workload.load.think=1s", "workload.clients=3");
    ck_assert_uint_eq(sc->nworkloads, 1);
    scenario_free(sc);
    sc = load_set("ev.directives.KeepAliveTimeout=4s", "load.clients=5");
    ck_assert_int_eq(sc->servers[1].settings.keepalive_timeout, 4 * SIM_S);
    scenario_free(sc);
    sc = load_set("actions=[]", "expect=[]");
    ck_assert_uint_eq(sc->nactions, 0);
    ck_assert_uint_eq(sc->nexpect, 0);
    scenario_free(sc);
}
END_TEST

START_TEST(a_bare_directive_is_set_for_every_server_that_has_it)
{
    struct scenario *sc = load_set("keep_alive_timeout=9s", "KeepAlive=off");

    for (size_t i = 0; i < 2; i++) {
        ck_assert_int_eq(sc->servers[i].settings.keepalive_timeout, 9 * SIM_S);
        ck_assert(!sc->servers[i].settings.keepalive);
    }
    scenario_free(sc);
    sc = load_set("threads_per_child=10", "MaxRequestWorkers=30");
    ck_assert_int_eq(sc->servers[1].settings.threads_per_child, 10);
    ck_assert_int_eq(sc->servers[1].settings.max_request_workers, 30);
    ck_assert_int_eq(sc->servers[0].settings.max_request_workers, 30);
    scenario_free(sc);
}
END_TEST

START_TEST(bad_sets_name_their_argument)
{
    refuse_set("machine", "--set machine: takes KEY=VALUE, such as --set "
                          "workload.clients=500");
    refuse_set("machin.cpus=2",
               "--set machin.cpus=2: \"machin\" is neither a key of a "
               "scenario nor a directive; did you mean \"machine\"?");
    refuse_set("keep_alive_timout=2s",
               "--set keep_alive_timout=2s: \"keep_alive_timout\" is neither "
               "a key of a scenario nor a directive; did you mean "
               "\"keep_alive_timeout\"?");
    refuse_set("servers.event.directives.KeepAlive=off",
               "--set servers.event.directives.KeepAlive=off: $.servers has "
               "no element \"event\"; there are: prefork, ev");
    refuse_set("servers.9.mpm=event",
               "--set servers.9.mpm=event: $.servers has no element \"9\"; "
               "there are: prefork, ev");
    refuse_set("laod.clients=3",
               "--set laod.clients=3: \"laod\" is neither a key of a scenario "
               "nor a directive; did you mean \"load\"?");
    refuse_set("load.client=3", "--set load.client=3: $.workload.client: "
                                "unknown key; did you mean \"clients\"?");
    refuse_set("keep_alive_timeout=2",
               "--set keep_alive_timeout=2: "
               "$.servers[0].directives.KeepAliveTimeout: KeepAliveTimeout "
               "needs a unit: write \"2s\" or \"2ms\"");
    refuse_set("machine.cpu=2", "--set machine.cpu=2: $.machine.cpu: unknown "
                                "key; did you mean \"cpus\"?");
    refuse_set("duration.x=2s", "--set duration.x=2s: $.duration is "
                                "\"2min\" and has no \"x\"");
    refuse_set("=1", "--set =1: takes KEY=VALUE, such as --set "
                     "workload.clients=500");
}
END_TEST

/* A name that several have is not guessed at. */
START_TEST(a_set_by_the_name_of_several_says_so)
{
    file("two.json",
         "{ \"duration\": \"1s\", \"workload\": { \"type\": \"closed\", "
         "\"name\": \"event\", \"clients\": 4 }, \"servers\": [ { \"mpm\": "
         "\"event\" } ] }");
    refuse_set("event.clients=2",
               "--set event.clients=2: 2 of the workloads, servers and "
               "backends are called \"event\"; begin with the list, such as "
               "servers.event or workload[0]");
    scenario_free(load_set("workload.event.clients=2", NULL));
}
END_TEST

/* The number of clients with one connection each may be called so, and --set
 * finds it by either name. */
START_TEST(clients_may_be_called_connections)
{
    struct scenario_opts o = { .set = NULL };
    struct scenario *sc;
    struct err e;
    char *got;

    file("two.json", "{ \"duration\": \"1s\", \"workload\": { \"type\": "
                     "\"closed\", \"name\": \"load\", \"connections\": 4 "
                     "}, \"servers\": [ { \"mpm\": \"prefork\" } ] }");
    sc = load_set("load.connections=7", NULL);
    ck_assert_int_eq(clients_of(sc, 0), 7);
    scenario_free(sc);
    sc = load_set("load.clients=9", NULL);
    ck_assert_int_eq(clients_of(sc, 0), 9);
    scenario_free(sc);
    file("two.json", "{ \"duration\": \"1s\", \"workload\": { \"type\": "
                     "\"closed\", \"clients\": 3, \"connections\": 4 "
                     "}, \"servers\": [ { \"mpm\": \"prefork\" } ] }");
    err_init(&e);
    ck_assert_ptr_null(scenario_load(path, &o, &e));
    got = err_format(&e);
    ck_assert_ptr_nonnull(strstr(got, "$.workload.connections: is "
                                      "another name of \"clients\", which is "
                                      "given too"));
    free(got);
    err_clear(&e);
}
END_TEST

START_TEST(a_bare_directive_nobody_has_is_refused)
{
    const char *const set[] = { "min_spare_threads=5" };
    struct scenario_opts o = { .set = set, .nset = 1 };

    file("two.json", "{ \"duration\": \"1s\", \"workload\": { \"type\": "
                     "\"closed\", \"clients\": 1 }, \"servers\": [ { "
                     "\"mpm\": \"prefork\" } ] }");
    refuse(&o, "--set min_spare_threads=5: no server of this scenario has "
               "that directive");
}
END_TEST

START_TEST(mpm_keeps_servers_and_what_is_expected_of_them)
{
    const char *const event[] = { "event" };
    const char *const worker[] = { "worker" };
    const char *const typo[] = { "evnt" };
    struct scenario_opts o = { .mpm = event, .nmpm = 1 };
    struct scenario *sc = load(&o);

    ck_assert_uint_eq(sc->nservers, 1);
    ck_assert_str_eq(sc->servers[0].name, "ev");
    ck_assert_uint_eq(sc->nexpect, 1);
    scenario_free(sc);
    o.mpm = worker;
    refuse(&o, "--mpm worker: no server of this scenario runs it; there are: "
               "prefork, event");
    o.mpm = typo;
    refuse(&o, "--mpm evnt: not known; did you mean \"event\"?");
}
END_TEST

START_TEST(assertions_join_the_expectations)
{
    const char *good = "ev.memory.pss_peak_bytes <= 64MiB";
    const char *bad = "evv.x < 1";
    struct scenario_opts o = { .assertions = &good, .nassertions = 1 };
    struct scenario *sc = load(&o);

    ck_assert_uint_eq(sc->nexpect, 3);
    ck_assert_double_eq(sc->expect[2].rhs, 64.0 * 1048576);
    scenario_free(sc);
    o.assertions = &bad;
    refuse(&o, "--assert evv.x < 1: no server is called \"evv\"; did you mean "
               "\"ev\"?");
}
END_TEST

START_TEST(seed_and_replications_of_the_command_line_win)
{
    struct scenario_opts o = { .has_seed = true,
                               .seed = UINT64_MAX,
                               .has_replications = true,
                               .replications = 12 };
    struct scenario *sc = load(&o);

    ck_assert(sc->seed == UINT64_MAX);
    ck_assert_int_eq(sc->replications, 12);
    scenario_free(sc);
}
END_TEST

START_TEST(httpd_conf_lies_beside_the_scenario_and_is_overridden)
{
    struct scenario *sc;

    file("a.conf", "LoadModule mpm_worker_module x\nMaxRequestWorkers 50\n"
                   "KeepAliveTimeout 3\nListen 80\nListen 81\n");
    file("two.json",
         "{ \"duration\": \"1s\", \"workload\": { \"type\": \"closed\", "
         "\"clients\": 1 }, \"servers\": [ { \"httpd_conf\": \"a.conf\", "
         "\"directives\": { \"KeepAliveTimeout\": \"4s\", \"Listen\": 8080 "
         "} } ] }");
    sc = load(NULL);
    ck_assert_int_eq(sc->servers[0].mpm, MPM_WORKER);
    ck_assert_str_eq(sc->servers[0].name, "worker");
    ck_assert_int_eq(sc->servers[0].settings.max_request_workers, 50);
    ck_assert_int_eq(sc->servers[0].settings.keepalive_timeout, 4 * SIM_S);
    ck_assert_int_eq(sc->servers[0].settings.nlisten, 1);
    ck_assert(!sc->servers[0].directives.reqtimeout_loaded);
    scenario_free(sc);
}
END_TEST

START_TEST(a_trace_lies_beside_the_scenario)
{
    struct scenario *sc;

    file("t.csv", "conn,start_s,tls,down_Bps,up_Bps,req,think_s,sleep_ms,"
                  "cpu_ms,bytes,file,hold\n0,0,1,0,0,0,0,20,0,100,0,0\n");
    file("two.json",
         "{ \"duration\": \"1s\", \"workload\": { \"trace\": \"t.csv\" }, "
         "\"servers\": [ { \"mpm\": \"event\" } ] }");
    sc = load(NULL);
    ck_assert_str_eq(sc->workloads[0].type->name, "trace");
    ck_assert_int_eq(sc->servers[0].settings.nlisten, 2); /* it uses TLS */
    ck_assert(sc->servers[0].settings.listen[1].tls);
    scenario_free(sc);
}
END_TEST

struct heard {
    int errors, warnings;
    long lines[32];
    char text[2000];
};

static void hear(void *ctx, bool warning, const struct err *e)
{
    struct heard *h = ctx;

    if (warning)
        h->warnings++;
    else
        h->lines[h->errors++] = e->line;
    (void)snprintf(h->text, sizeof h->text, "%s", e->text);
}

static void hear_note(void *ctx, const char *text)
{
    (void)snprintf(ctx, 2000, "%s", text);
}

START_TEST(backends_reach_their_workload)
{
    struct scenario *sc;

    file("pool.conf",
         "; what a distribution ships\n[global]\npid = /run/fpm.pid\n"
         "include = more-*.conf\n");
    file("more-1.conf", "[WWW]\nlisten = 9000 ; a comment\n"
                        "pm = \"ondemand\"\npm.max_children=8\n"
                        "pm.process_idle_timeout = 2m\n"
                        "listen.backlog = 100\nphp_value[a] = b\n");
    file("more-2.conf", "[api]\nlisten = 9001\npm = dynamic\n"
                        "pm.max_children = 50\npm.min_spare_servers = 5\n"
                        "pm.max_spare_servers = 10\n"
                        "pm.max_requests = 500\nlisten.backlog = -1\n");
    sc = load_set(
        "backends=[{\"name\":\"app\",\"type\":\"proxy\",\"concurrency\":10,"
        "\"hang\":[[\"30s\",\"40s\"],[\"12s\",\"20s\"]]},"
        "{\"name\":\"php\",\"type\":\"php_fpm\",\"pool_conf\":\"pool.conf\"},"
        "{\"name\":\"api\",\"type\":\"php_fpm\",\"pool_conf\":\"pool.conf\"}]",
        "workload.backend=php");
    ck_assert_uint_eq(sc->nbackends, 3);
    ck_assert_uint_eq(sc->workloads[0].backend, 2);
    ck_assert_int_eq(sc->backends[0].type, BACKEND_PROXY);
    ck_assert_int_eq(sc->backends[0].concurrency, 10);
    ck_assert_uint_eq(sc->backends[0].nhang, 2);
    ck_assert_int_eq(sc->backends[0].hang[0].from, 12 * SIM_S);
    ck_assert_int_eq(sc->backends[0].hang[1].to, 40 * SIM_S);
    ck_assert_int_eq(sc->backends[1].fpm.pm, FPM_ONDEMAND);
    ck_assert_int_eq(sc->backends[1].fpm.max_children, 8);
    ck_assert_int_eq(sc->backends[1].fpm.start_servers, 0);
    ck_assert_int_eq(sc->backends[1].fpm.listen_backlog, 511);
    ck_assert_int_eq(sc->backends[1].fpm.process_idle_timeout, 120 * SIM_S);
    ck_assert_int_eq(sc->backends[2].fpm.pm, FPM_DYNAMIC);
    ck_assert_int_eq(sc->backends[2].fpm.start_servers, 7);
    ck_assert_int_eq(sc->backends[2].fpm.max_requests, 500);
    ck_assert_int_eq(sc->backends[2].fpm.max_spawn_rate, 32);
    ck_assert_int_eq(sc->backends[2].fpm.listen_backlog, INT32_MAX);
    scenario_free(sc);
}
END_TEST

START_TEST(process_max_caps_a_static_pool)
{
    struct scenario *sc;

    file("pool.conf", "[global]\nprocess.max = 4\n[www]\nlisten = 9000\n"
                      "pm = static\npm.max_children = 9\n");
    sc = load_set("backends=[{\"name\":\"php\",\"type\":\"php_fpm\","
                  "\"pool_conf\":\"pool.conf\"}]",
                  NULL);
    ck_assert_int_eq(sc->backends[0].fpm.max_children, 4);
    ck_assert_int_eq(sc->backends[0].fpm.start_servers, 4);
    ck_assert_uint_eq(sc->workloads[0].backend, 0);
    scenario_free(sc);
}
END_TEST

START_TEST(changes_at_restarts_add_up)
{
    static const char *const mpm[] = { "event" };
    const char *const set[] = {
        "actions=[{\"at\":\"9s\",\"do\":\"restart\",\"directives\":"
        "{\"Timeout\":\"7s\"}},{\"at\":\"4s\",\"do\":\"restart\"},"
        "{\"at\":\"3s\",\"do\":\"graceful_restart\",\"directives\":"
        "{\"MaxRequestWorkers\":75,\"ThreadLimit\":128}}]"
    };
    struct scenario_opts o = { .set = set, .nset = 1 };
    struct scenario *sc = load(&o);

    ck_assert_uint_eq(sc->nactions, 3);
    ck_assert_int_eq(sc->actions[0].settings[0].max_request_workers, 75);
    ck_assert_int_eq(sc->actions[0].settings[1].max_request_workers, 75);
    ck_assert_int_eq(sc->actions[0].settings[1].thread_limit, 64);
    ck_assert_ptr_null(sc->actions[1].settings);
    ck_assert_int_eq(sc->actions[2].settings[1].max_request_workers, 75);
    ck_assert_int_eq(sc->actions[2].settings[1].timeout, 7 * SIM_S);
    ck_assert(!sc->actions[2].settings[0].keepalive);
    scenario_free(sc);
    o.mpm = mpm;
    o.nmpm = 1;
    sc = load(&o);
    ck_assert_int_eq(sc->actions[2].settings[0].mpm, MPM_EVENT);
    scenario_free(sc);
}
END_TEST

START_TEST(check_reports_all_errors_in_the_order_of_lines)
{
    struct heard h = { 0 };

    file("two.json", "{ \"sed\": 1,\n"
                     "  \"servers\": [ { \"mpm\": \"evnt\" },\n"
                     "    { \"mpm\": \"event\",\n"
                     "      \"directives\": { \"Tmeout\": 1,\n"
                     "        \"KeepAlive\": 3 } } ],\n"
                     "  \"workload\": { \"type\": \"closed\",\n"
                     "    \"thnk\": \"1s\" },\n"
                     "  \"machine\": { \"cpus\": \"2\" },\n"
                     "  \"duration\": 5 }\n");
    ck_assert_ptr_null(scenario_check(path, NULL, hear, &h));
    ck_assert_int_eq(h.errors, 8);
    for (int i = 1; i < h.errors; i++)
        ck_assert_int_le(h.lines[i - 1], h.lines[i]);
    ck_assert_int_eq(h.lines[0], 1);
    ck_assert_int_eq(h.lines[7], 9);
}
END_TEST

START_TEST(check_stops_at_twenty)
{
    struct heard h = { 0 };
    char text[2000];
    size_t n = (size_t)sprintf(text, "{\n");

    for (int i = 0; i < 40; i++)
        n += (size_t)sprintf(text + n, "\"x%d\": 1%s\n", i, i < 39 ? "," : "}");
    file("two.json", text);
    ck_assert_ptr_null(scenario_check(path, NULL, hear, &h));
    ck_assert_int_eq(h.errors, SCENARIO_MAX_ERRORS);
}
END_TEST

START_TEST(warnings_say_where_and_which_rule)
{
    char text[2000] = "";
    struct heard h = { 0 };
    const char *set = "servers.ev.directives.MaxRequestWorkers=410";
    struct scenario_opts o = {
        .set = &set, .nset = 1, .note = hear_note, .note_ctx = text
    };
    struct scenario *sc = load(&o);

    ck_assert_str_eq(text,
                     "--set servers.ev.directives.MaxRequestWorkers=410: "
                     "warning: ev: MaxRequestWorkers 410 is not a multiple of "
                     "ThreadsPerChild 25; httpd would start with 400 (16 "
                     "processes). Set MaxRequestWorkers to 400 or 425. [T-6] "
                     "(AH00513)");
    scenario_free(sc);
    sc = scenario_check(path, &o, hear, &h);
    ck_assert_ptr_nonnull(sc);
    ck_assert_int_eq(h.errors, 0);
    ck_assert_int_eq(h.warnings, 1);
    scenario_free(sc);
}
END_TEST

Suite *suite_scenario(void);

Suite *suite_scenario(void)
{
    Suite *s = suite_create("scenario");
    TCase *tc = tcase_create("reading");

    tcase_add_checked_fixture(tc, begin, end);
    tcase_add_test(tc, every_key_arrives);
    tcase_add_test(tc, a_mix_divides_the_clients_by_weight);
    tcase_add_test(tc, actions_may_come_at_a_rate_for_one_server);
    tcase_add_test(tc, warm_up_may_be_found_by_itself);
    tcase_add_test(tc, set_reaches_any_key);
    tcase_add_test(tc, a_bare_directive_is_set_for_every_server_that_has_it);
    tcase_add_test(tc, bad_sets_name_their_argument);
    tcase_add_test(tc, a_set_by_the_name_of_several_says_so);
    tcase_add_test(tc, clients_may_be_called_connections);
    tcase_add_test(tc, a_bare_directive_nobody_has_is_refused);
    tcase_add_test(tc, mpm_keeps_servers_and_what_is_expected_of_them);
    tcase_add_test(tc, assertions_join_the_expectations);
    tcase_add_test(tc, seed_and_replications_of_the_command_line_win);
    tcase_add_test(tc, httpd_conf_lies_beside_the_scenario_and_is_overridden);
    tcase_add_test(tc, a_trace_lies_beside_the_scenario);
    tcase_add_test(tc, backends_reach_their_workload);
    tcase_add_test(tc, process_max_caps_a_static_pool);
    tcase_add_test(tc, changes_at_restarts_add_up);
    tcase_add_test(tc, check_reports_all_errors_in_the_order_of_lines);
    tcase_add_test(tc, check_stops_at_twenty);
    tcase_add_test(tc, warnings_say_where_and_which_rule);
    suite_add_tcase(s, tc);
    return s;
}
