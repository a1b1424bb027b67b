/* SPDX-License-Identifier: GPL-3.0-or-later */
#define FAKE_PREFIX client_test_
#include "tests/workloads/fake_net.h"

#include "workloads/client.c" /* after fake_net.h: against its functions */

#include <check.h> /* last: it has a macro fail() */

/* ---- a run with a table of requests ---- */

struct req_line {
    simtime_t think;
    simtime_t sleep;
};

struct conn_line {
    simtime_t start;
    bool tls, hold;
    int n;
    struct req_line req[4];
};

static bool list_open; /* the clients go on after errors, as synthetic ones */

static simtime_t list_arrive(void *state, const void *conf, const void *shared,
                             uint32_t k)
{
    const struct conn_line *c = conf;
    (void)state;
    (void)shared;
    return c[k].n ? c[k].start : SIM_NEVER;
}

static void list_link(void *state, const void *conf, const void *shared,
                      uint32_t client, struct link *link)
{
    const struct conn_line *c = conf;
    (void)state;
    (void)shared;
    link->tls = c[client].tls;
}

static bool list_next(void *state, const void *conf, const void *shared,
                      uint32_t client, uint32_t n, struct demand *d,
                      simtime_t *think)
{
    const struct conn_line *c = conf;
    (void)state;
    (void)shared;
    if ((int)n >= c[client].n)
        return false;
    if (think)
        *think = c[client].req[n].think;
    if (d) {
        d->sleep = c[client].req[n].sleep;
        d->bytes = 1000;
    }
    return true;
}

static bool list_hold(void *state, const void *conf, const void *shared,
                      uint32_t client)
{
    const struct conn_line *c = conf;
    (void)state;
    (void)shared;
    return c[client].hold;
}

static uint32_t list_number(const void *conf, const void *shared,
                            uint32_t client)
{
    (void)conf;
    (void)shared;
    return client + 100;
}

static const struct workload list_fixed = {
    .name = "list",
    .arrive = list_arrive,
    .link = list_link,
    .next = list_next,
    .hold = list_hold,
    .number = list_number,
    .fixed_list = true,
};
static const struct workload list_going_on = {
    .name = "list",
    .arrive = list_arrive,
    .link = list_link,
    .next = list_next,
    .hold = list_hold,
    .number = list_number,
};

#define MAX_ROWS 64
static struct request_record row[MAX_ROWS];
static int nrow, arrivals, connects;
static struct sim *sim;
static struct server srv;
static struct population *pop;

static void on_request(void *ctx, const struct request_record *r)
{
    (void)ctx;
    if (nrow < MAX_ROWS)
        row[nrow] = *r;
    nrow++;
}

static void on_conn(void *ctx, simtime_t d)
{
    (void)ctx;
    (void)d;
    connects++;
}

static void on_due(void *ctx)
{
    (void)ctx;
    arrivals++;
}

static const struct observer observer = {
    .request = on_request,
    .connected = on_conn,
    .arrival = on_due,
};

static void begin(simtime_t end)
{
    sim = sim_new(EVQ_WHEEL, 0);
    fake_init(&srv, sim);
    pop = population_new(sim, &srv, &observer, end);
    nrow = arrivals = connects = 0;
    list_open = false;
}

static void finish(void)
{
    population_finish(pop);
    population_free(pop);
    fake_done(&srv);
    sim_free(sim);
}

/* Runs LIST to END. */
static void run_list(const struct conn_line *list, simtime_t end)
{
    struct workload_conf w = {
        .name = "list",
        .type = list_open ? &list_going_on : &list_fixed,
        .conf = (void *)(uintptr_t)list,
    };
    clients_start(clients_new(pop, &w, 0, 1, 0));
    sim_run(sim, end, NULL);
    finish();
}

static void setup(void)
{
    begin(1000 * SIM_S);
}

#define MS(x) ((simtime_t)(x)*SIM_MS)
#define check_row(i, no, what)                                                 \
    do {                                                                       \
        ck_assert_int_eq(row[i].req, (no));                                    \
        ck_assert_int_eq(row[i].err, (what));                                  \
    } while (0)

/* ---- rows ---- */

START_TEST(a_request_has_all_its_times)
{
    static const struct conn_line list[] = {
        { MS(500), false, false, 1, { { 0, MS(20) } } }, { .n = 0 }
    };
    run_list(list, 10 * SIM_S);
    ck_assert_int_eq(nrow, 1);
    check_row(0, 0, REQ_OK);
    ck_assert_int_eq(row[0].conn, 100);
    ck_assert_int_eq(row[0].attempt, 0);
    ck_assert_int_eq(row[0].t_sched, MS(500));
    ck_assert_int_eq(row[0].t_start, MS(500));
    ck_assert_int_eq(row[0].t_connected, MS(501));
    ck_assert(row[0].t_tls == SIM_NEVER);
    ck_assert_int_eq(row[0].t_sent, MS(501));
    ck_assert_int_eq(row[0].t_first_byte, MS(521));
    ck_assert_int_eq(row[0].t_done, MS(522));
    ck_assert_int_eq(row[0].bytes, 1000);
    ck_assert_int_eq(row[0].status, 200);
    ck_assert(!row[0].close && row[0].t_server_close == SIM_NEVER);
    ck_assert_int_eq(srv.open, 0); /* closed after the last response */
    ck_assert_int_eq(arrivals, 1);
    ck_assert_int_eq(connects, 1);
}
END_TEST

START_TEST(a_tls_client_sends_after_the_handshake)
{
    static const struct conn_line list[] = {
        { 0, true, false, 1, { { 0, MS(20) } } }, { .n = 0 }
    };
    srv.handshake = MS(3);
    run_list(list, 10 * SIM_S);
    ck_assert_int_eq(row[0].t_connected, MS(1));
    ck_assert_int_eq(row[0].t_tls, MS(4));
    ck_assert_int_eq(row[0].t_sent, MS(4));
    check_row(0, 0, REQ_OK);
}
END_TEST

static enum fate rst_in_handshake(uint32_t client, int conn, int request)
{
    (void)client;
    (void)conn;
    return request < 0 ? FATE_RST : FATE_ANSWER;
}

START_TEST(a_close_in_the_handshake_is_a_tls_error)
{
    static const struct conn_line list[] = {
        { 0, true, false, 1, { { 0, MS(20) } } }, { .n = 0 }
    };
    srv.fate = rst_in_handshake;
    run_list(list, 10 * SIM_S);
    ck_assert_int_eq(nrow, 1);
    check_row(0, 0, REQ_TLS);
    ck_assert(row[0].t_tls == SIM_NEVER);
}
END_TEST

START_TEST(the_first_think_time_runs_from_the_connection)
{
    static const struct conn_line list[] = {
        { 0, false, false, 1, { { MS(300), MS(20) } } }, { .n = 0 }
    };
    run_list(list, 10 * SIM_S);
    ck_assert_int_eq(row[0].t_sched, 0);
    ck_assert_int_eq(row[0].t_connected, MS(1));
    ck_assert_int_eq(row[0].t_sent, MS(301));
}
END_TEST

START_TEST(a_kept_alive_request_starts_when_it_is_sent)
{
    static const struct conn_line list[] = {
        { 0, false, false, 2, { { 0, MS(20) }, { MS(700), MS(5) } } },
        { .n = 0 }
    };
    run_list(list, 10 * SIM_S);
    ck_assert_int_eq(nrow, 2);
    check_row(1, 1, REQ_OK);
    ck_assert_int_eq(row[1].t_sched, MS(722));
    ck_assert_int_eq(row[1].t_start, MS(722));
    ck_assert_int_eq(row[1].t_sent, MS(722));
    ck_assert(row[1].t_connected == SIM_NEVER);
    ck_assert_int_eq(row[1].t_done, MS(728));
    ck_assert_int_eq(srv.connects, 1);
    ck_assert_int_eq(arrivals, 2);
}
END_TEST

/* C-43: KeepAliveTimeout shorter than the think time. */
START_TEST(a_close_while_thinking_is_noticed_when_the_request_is_due)
{
    static const struct conn_line list[] = {
        { 0, false, false, 2, { { 0, MS(20) }, { MS(700), MS(5) } } },
        { .n = 0 }
    };
    srv.keepalive = MS(500);
    run_list(list, 10 * SIM_S);
    ck_assert_int_eq(nrow, 3);
    check_row(1, 1, REQ_CLOSED);
    ck_assert_int_eq(row[1].attempt, 0);
    ck_assert_int_eq(row[1].t_sched, MS(722));
    ck_assert_int_eq(row[1].t_start, MS(722));
    ck_assert_int_eq(row[1].t_done, MS(722));
    ck_assert(row[1].t_sent == SIM_NEVER);
    ck_assert(row[1].t_connected == SIM_NEVER);
    ck_assert_int_eq(row[1].t_server_close, MS(522));
    check_row(2, 1, REQ_OK);
    ck_assert_int_eq(row[2].attempt, 1);
    ck_assert_int_eq(row[2].t_sched, MS(722));
    ck_assert_int_eq(row[2].t_connected, MS(723));
    ck_assert_int_eq(row[2].t_sent, MS(723));
    ck_assert_int_eq(arrivals, 2);
}
END_TEST

START_TEST(a_close_before_the_first_request_is_closed_too)
{
    static const struct conn_line list[] = {
        { 0, false, false, 1, { { MS(700), MS(5) } } }, { .n = 0 }
    };
    srv.keepalive = MS(500);
    run_list(list, 10 * SIM_S);
    ck_assert_int_eq(nrow, 2);
    check_row(0, 0, REQ_CLOSED);
    ck_assert_int_eq(row[0].t_sched, MS(701));
    ck_assert_int_eq(row[0].t_start, MS(701));
    ck_assert_int_eq(row[0].t_server_close, MS(501));
    check_row(1, 0, REQ_OK);
    ck_assert_int_eq(row[1].attempt, 1);
    ck_assert_int_eq(row[1].t_sent, MS(702)); /* no second think time */
    ck_assert_int_eq(arrivals, 1);
}
END_TEST

static enum fate fin_on_second(uint32_t client, int conn, int request)
{
    (void)client;
    (void)conn;
    return request == 1 ? FATE_FIN : FATE_ANSWER;
}

START_TEST(a_close_before_any_byte_repeats_the_request_once)
{
    static const struct conn_line list[] = {
        { 0, false, false, 3, { { 0, MS(20) }, { MS(9), MS(5) }, { 0, 0 } } },
        { .n = 0 }
    };
    srv.fate = fin_on_second;
    run_list(list, 10 * SIM_S);
    /* request 2 meets the same fate: it is the second on its connection */
    ck_assert_int_eq(nrow, 5);
    check_row(1, 1, REQ_CLOSED);
    ck_assert_int_eq(row[1].t_done, MS(36));
    check_row(2, 1, REQ_OK);
    ck_assert_int_eq(row[2].attempt, 1);
    ck_assert_int_eq(row[2].t_sched, MS(36));
    check_row(3, 2, REQ_CLOSED);
    ck_assert_int_eq(row[3].attempt, 0);
    check_row(4, 2, REQ_OK);
    ck_assert_int_eq(row[4].attempt, 1);
}
END_TEST

static enum fate first_fate;
static enum fate fate_of_first(uint32_t client, int conn, int request)
{
    (void)client;
    return conn == 0 && request == 0 ? first_fate : FATE_ANSWER;
}

START_TEST(other_failures_end_a_fixed_list)
{
    static const struct {
        enum fate fate;
        enum req_err err;
        int64_t bytes;
    } cases[] = {
        { FATE_FIN, REQ_EOF, 0 },         { FATE_RST, REQ_RESET, 0 },
        { FATE_TRUNC, REQ_TRUNC, 500 },   { FATE_500, REQ_HTTP, 1000 },
        { FATE_SILENCE, REQ_TIMEOUT, 0 },
    };
    static const struct conn_line list[] = {
        { 0, false, true, 3, { { 0, MS(20) }, { 0, 0 }, { 0, 0 } } }, { .n = 0 }
    };
    srv.fate = fate_of_first;
    first_fate = cases[_i].fate;
    run_list(list, 100 * SIM_S);
    ck_assert_int_eq(nrow, 3);
    check_row(0, 0, cases[_i].err);
    ck_assert_int_eq(row[0].bytes, cases[_i].bytes);
    ck_assert_int_eq(srv.open, 0);
    for (int i = 1; i < 3; i++) {
        check_row(i, i, REQ_SKIPPED);
        ck_assert(row[i].t_sched == SIM_NEVER && row[i].t_start == SIM_NEVER &&
                  row[i].t_done == SIM_NEVER);
    }
}
END_TEST

START_TEST(other_failures_cost_a_synthetic_client_only_its_connection)
{
    static const struct conn_line list[] = {
        { 0, false, false, 2, { { 0, MS(20) }, { MS(50), 0 } } }, { .n = 0 }
    };
    srv.fate = fate_of_first;
    first_fate = FATE_500;
    list_open = true;
    run_list(list, 100 * SIM_S);
    ck_assert_int_eq(nrow, 2);
    check_row(0, 0, REQ_HTTP);
    check_row(1, 1, REQ_OK);
    ck_assert_int_eq(row[1].attempt, 0);
    ck_assert_int_eq(row[1].t_sched, MS(72));
    ck_assert_int_eq(row[1].t_connected, MS(73));
}
END_TEST

static enum fate refuse(uint32_t client, int conn, int request)
{
    (void)client;
    (void)conn;
    return request < 0 ? FATE_REFUSED : FATE_ANSWER;
}

START_TEST(a_refused_connection_ends_the_client)
{
    static const struct conn_line list[] = {
        { 0, false, false, 2, { { 0, MS(20) }, { 0, 0 } } }, { .n = 0 }
    };
    srv.fate = refuse;
    run_list(list, 100 * SIM_S);
    ck_assert_int_eq(nrow, 2);
    check_row(0, 0, REQ_REFUSED);
    ck_assert_int_eq(row[0].t_done, MS(1));
    ck_assert(row[0].t_connected == SIM_NEVER);
    check_row(1, 1, REQ_SKIPPED);
}
END_TEST

START_TEST(a_client_refused_at_once_does_not_come_back_at_the_same_instant)
{
    static const struct conn_line list[] = {
        { 0, false, false, 2, { { 0, 0 }, { 0, 0 } } }, { .n = 0 }
    };
    srv.fate = refuse;
    srv.connect = 0;
    list_open = true;
    run_list(list, 100 * SIM_S);
    ck_assert_int_eq(nrow, 2);
    check_row(0, 0, REQ_REFUSED);
    check_row(1, 1, REQ_REFUSED);
    ck_assert_int_eq(row[0].t_done, 0);
    ck_assert_int_eq(row[1].t_start, 10 * SIM_US);
}
END_TEST

static enum fate close_first(uint32_t client, int conn, int request)
{
    (void)client;
    return conn == 0 && request == 0 ? FATE_ANSWER_CLOSE : FATE_ANSWER;
}

START_TEST(connection_close_opens_a_new_one_when_the_next_is_due)
{
    static const struct conn_line list[] = {
        { 0, false, false, 2, { { 0, MS(20) }, { MS(50), 0 } } }, { .n = 0 }
    };
    srv.fate = close_first;
    run_list(list, 100 * SIM_S);
    ck_assert_int_eq(nrow, 2);
    ck_assert(row[0].close && row[0].err == REQ_OK);
    check_row(1, 1, REQ_OK);
    ck_assert_int_eq(row[1].attempt, 0);
    ck_assert_int_eq(row[1].t_sched, MS(72));
    ck_assert_int_eq(row[1].t_start, MS(72));
    ck_assert_int_eq(row[1].t_connected, MS(73));
    ck_assert_int_eq(srv.connects, 2);
}
END_TEST

static enum fate syn_lost(uint32_t client, int conn, int request)
{
    (void)client;
    (void)conn;
    return request < 0 ? FATE_SYN_LOST : FATE_ANSWER;
}

START_TEST(the_time_out_runs_from_connect)
{
    static const struct conn_line list[] = {
        { MS(10), false, false, 1, { { 0, MS(20) } } }, { .n = 0 }
    };
    srv.fate = syn_lost;
    run_list(list, 100 * SIM_S);
    ck_assert_int_eq(nrow, 1);
    check_row(0, 0, REQ_TIMEOUT);
    ck_assert_int_eq(row[0].t_done, MS(60010));
    ck_assert_int_eq(srv.open, 0);
}
END_TEST

static enum fate silent_second(uint32_t client, int conn, int request)
{
    (void)client;
    (void)conn;
    return request == 1 ? FATE_SILENCE : FATE_ANSWER;
}

START_TEST(the_time_out_runs_from_sending_on_a_kept_alive_connection)
{
    static const struct conn_line list[] = {
        { 0, false, false, 2, { { 0, MS(20) }, { MS(5000), 0 } } }, { .n = 0 }
    };
    srv.fate = silent_second;
    run_list(list, 100 * SIM_S);
    ck_assert_int_eq(nrow, 2);
    check_row(1, 1, REQ_TIMEOUT);
    ck_assert_int_eq(row[1].t_done, MS(65022));
}
END_TEST

START_TEST(the_time_out_strikes_no_client_that_thinks)
{
    static const struct conn_line list[] = {
        { 0, false, false, 2, { { MS(70000), MS(20) }, { 0, 0 } } }, { .n = 0 }
    };
    run_list(list, 100 * SIM_S);
    /* but the one of connect() is over when the request is sent */
    ck_assert_int_eq(nrow, 2);
    check_row(0, 0, REQ_TIMEOUT);
    ck_assert_int_eq(row[0].t_sent, MS(70001));
    ck_assert_int_eq(row[0].t_done, MS(70001));
}
END_TEST

START_TEST(a_held_connection_waits_for_the_server)
{
    static const struct conn_line list[] = {
        { 0, false, true, 1, { { 0, MS(20) } } }, { .n = 0 }
    };
    srv.keepalive = MS(5000);
    run_list(list, 100 * SIM_S);
    ck_assert_int_eq(nrow, 1);
    check_row(0, 0, REQ_OK);
    ck_assert_int_eq(row[0].t_done, MS(22));
    ck_assert_int_eq(row[0].t_server_close, MS(5022));
}
END_TEST

START_TEST(connection_close_ends_a_client_that_would_hold)
{
    static const struct conn_line list[] = {
        { 0, false, true, 1, { { 0, MS(20) } } }, { .n = 0 }
    };
    srv.fate = close_first;
    run_list(list, 100 * SIM_S);
    ck_assert_int_eq(nrow, 1);
    ck_assert(row[0].t_server_close == SIM_NEVER);
    ck_assert_int_eq(srv.open, 0);
}
END_TEST

START_TEST(what_is_not_over_at_the_end_is_unfinished)
{
    static const struct conn_line list[] = {
        { 0, false, false, 1, { { 0, MS(90000) } } },          /* served */
        { 1, false, false, 2, { { 0, 0 }, { MS(9000), 0 } } }, /* thinks */
        { 2, false, true, 1, { { 0, 0 } } },                   /* holds */
        { 3, false, false, 1, { { MS(8000), 0 } } },           /* connected */
        { MS(7000), false, false, 2, { { 0, 0 }, { 0, 0 } } }, /* to come */
        { .n = 0 }
    };
    run_list(list, 5 * SIM_S);
    ck_assert_int_eq(nrow, 6);
    check_row(0, 0, REQ_OK); /* of the one that thinks now */
    for (int i = 1; i < 6; i++)
        ck_assert_int_eq(row[i].conn, 99 + i);
    check_row(1, 0, REQ_UNFINISHED);
    ck_assert_int_eq(row[1].t_sent, MS(1));
    ck_assert(row[1].t_done == SIM_NEVER);
    check_row(2, 1, REQ_UNFINISHED);
    ck_assert_int_eq(row[2].t_sched, MS(9002) + 1);
    ck_assert(row[2].t_start == SIM_NEVER);
    check_row(3, 0, REQ_OK);
    ck_assert(row[3].t_server_close == SIM_NEVER);
    check_row(4, 0, REQ_UNFINISHED);
    ck_assert_int_eq(row[4].t_connected, MS(1) + 3);
    ck_assert(row[4].t_sent == SIM_NEVER);
    check_row(5, 0, REQ_UNFINISHED);
    ck_assert_int_eq(row[5].t_sched, MS(7000));
    ck_assert(row[5].t_start == SIM_NEVER);
}
END_TEST

START_TEST(a_thinking_client_whose_connection_is_gone_is_unfinished_once)
{
    static const struct conn_line list[] = {
        { 0, false, false, 2, { { 0, 0 }, { MS(9000), 0 } } }, { .n = 0 }
    };
    srv.keepalive = MS(1000);
    run_list(list, 5 * SIM_S);
    ck_assert_int_eq(nrow, 2);
    check_row(1, 1, REQ_UNFINISHED);
    ck_assert_int_eq(row[1].t_sched, MS(9002));
}
END_TEST

/* ---- what it costs ---- */

static simtime_t many_arrive(void *state, const void *conf, const void *shared,
                             uint32_t k)
{
    const int *n = conf;
    (void)state;
    (void)shared;
    return (int)k < *n ? (simtime_t)k * SIM_US : SIM_NEVER;
}

static bool one_request(void *state, const void *conf, const void *shared,
                        uint32_t client, uint32_t n, struct demand *d,
                        simtime_t *think)
{
    (void)state;
    (void)conf;
    (void)shared;
    (void)client;
    (void)d;
    (void)think;
    return n == 0;
}

static bool always_hold(void *state, const void *conf, const void *shared,
                        uint32_t client)
{
    (void)state;
    (void)conf;
    (void)shared;
    (void)client;
    return true;
}

START_TEST(an_idle_client_costs_16_bytes)
{
    static const struct workload type = {
        .name = "many",
        .arrive = many_arrive,
        .next = one_request,
        .hold = always_hold,
    };
    int n = 40 * (int)CHUNK;
    struct workload_conf w = { "many", &type, &n, NULL, 0 };
    size_t all;
    clients_start(clients_new(pop, &w, 0, 1, 0));
    sim_run(sim, 10 * SIM_S, NULL);
    ck_assert_int_eq(nrow, n);
    ck_assert_uint_eq(population_live(pop), (size_t)n);
    ck_assert_int_eq(pop->hot.live, 0);
    all = population_bytes(pop) - pool_bytes(&pop->hot);
    ck_assert_uint_eq(all, (size_t)n * 16);
    finish();
    ck_assert_int_eq(nrow, n); /* nothing is unfinished about them */
}
END_TEST

START_TEST(memory_follows_the_clients_alive_not_those_seen)
{
    static const struct workload type = {
        .name = "many",
        .arrive = many_arrive,
        .next = one_request,
    };
    int n = 100000;
    size_t bytes;
    struct workload_conf w = { "many", &type, &n, NULL, 0 };
    clients_start(clients_new(pop, &w, 0, 1, 0));
    sim_run(sim, n / 2 * SIM_US, NULL);
    bytes = population_bytes(pop);
    sim_run(sim, 10 * SIM_S, NULL);
    ck_assert_int_eq(nrow, n);
    ck_assert_uint_eq(population_bytes(pop), bytes);
    ck_assert_uint_eq(population_live(pop), 0);
    finish();
}
END_TEST

START_TEST(several_workloads_share_the_population)
{
    static const struct conn_line a[] = {
        { 0, false, false, 1, { { 0, MS(90000) } } }, { .n = 0 }
    };
    static const struct conn_line b[] = {
        { 0, true, false, 1, { { 0, MS(90000) } } }, { .n = 0 }
    };
    struct workload_conf w[2] = {
        { "a", &list_fixed, (void *)(uintptr_t)a, NULL, 0 },
        { "b", &list_fixed, (void *)(uintptr_t)b, NULL, 0 },
    };
    struct clients *x = clients_new(pop, &w[0], 0, 1, 0);
    struct clients *y = clients_new(pop, &w[1], 1, 1, 0);
    clients_start(x);
    clients_start(y);
    ck_assert(clients_base(x, "demand") != clients_base(y, "demand"));
    ck_assert(clients_base(x, "demand") == clients_base(x, "demand"));
    sim_run(sim, SIM_S, NULL);
    finish();
    ck_assert_int_eq(nrow, 2);
    ck_assert_int_eq(row[0].workload, 0);
    ck_assert(row[0].t_tls == SIM_NEVER);
    ck_assert_int_eq(row[1].workload, 1);
    ck_assert(row[1].t_tls != SIM_NEVER);
}
END_TEST

START_TEST(until_ends_clients_whose_next_request_is_later)
{
    static const struct conn_line list[] = {
        { 0, false, false, 3, { { 0, 0 }, { MS(500), 0 }, { MS(500), 0 } } },
        { MS(900), false, false, 1, { { 0, 0 } } },
        { .n = 0 }
    };
    struct workload_conf w = { "list", &list_fixed, (void *)(uintptr_t)list,
                               NULL, 0 };
    struct clients *cl = clients_new(pop, &w, 0, 1, 0);
    clients_until(cl, MS(800));
    clients_start(cl);
    sim_run(sim, 10 * SIM_S, NULL);
    ck_assert_int_eq(srv.open, 0);
    finish();
    ck_assert_int_eq(nrow, 2);
}
END_TEST

Suite *suite_client(void);
Suite *suite_client(void)
{
    Suite *s = suite_create("workloads/client");
    TCase *t = tcase_create("rules");
    tcase_add_checked_fixture(t, setup, NULL);
    tcase_add_test(t, a_request_has_all_its_times);
    tcase_add_test(t, a_tls_client_sends_after_the_handshake);
    tcase_add_test(t, a_close_in_the_handshake_is_a_tls_error);
    tcase_add_test(t, the_first_think_time_runs_from_the_connection);
    tcase_add_test(t, a_kept_alive_request_starts_when_it_is_sent);
    tcase_add_test(t,
                   a_close_while_thinking_is_noticed_when_the_request_is_due);
    tcase_add_test(t, a_close_before_the_first_request_is_closed_too);
    tcase_add_test(t, a_close_before_any_byte_repeats_the_request_once);
    tcase_add_loop_test(t, other_failures_end_a_fixed_list, 0, 5);
    tcase_add_test(t,
                   other_failures_cost_a_synthetic_client_only_its_connection);
    tcase_add_test(t, a_refused_connection_ends_the_client);
    tcase_add_test(
        t, a_client_refused_at_once_does_not_come_back_at_the_same_instant);
    tcase_add_test(t, connection_close_opens_a_new_one_when_the_next_is_due);
    tcase_add_test(t, the_time_out_runs_from_connect);
    tcase_add_test(t,
                   the_time_out_runs_from_sending_on_a_kept_alive_connection);
    tcase_add_test(t, the_time_out_strikes_no_client_that_thinks);
    tcase_add_test(t, a_held_connection_waits_for_the_server);
    tcase_add_test(t, connection_close_ends_a_client_that_would_hold);
    tcase_add_test(t, what_is_not_over_at_the_end_is_unfinished);
    tcase_add_test(
        t, a_thinking_client_whose_connection_is_gone_is_unfinished_once);
    tcase_add_test(t, an_idle_client_costs_16_bytes);
    tcase_add_test(t, memory_follows_the_clients_alive_not_those_seen);
    tcase_add_test(t, several_workloads_share_the_population);
    tcase_add_test(t, until_ends_clients_whose_next_request_is_later);
    suite_add_tcase(s, t);
    return s;
}
