/* SPDX-License-Identifier: GPL-3.0-or-later */
#define FAKE_PREFIX workload_test_
#include "tests/workloads/fake_net.h"

#include "workloads/client.c" /* after fake_net.h: against its functions */

#include "sim/arena.h"
#include "sim/dist.h"
#include "sim/err.h"
#include "workloads/curve.h"

#include <check.h> /* after client.c: it has a macro fail() */
#include <math.h>

/* ---- configurations, through the tables ---- */

static void *field(const struct workload *w, void *conf, const char *name)
{
    for (const struct param *p = w->params; p->name; p++) {
        if (strcmp(p->name, name) == 0)
            return (char *)conf + p->offset;
    }
    ck_abort_msg("%s has no key %s", w->name, name);
    return NULL;
}

static const struct workload *type;
static void *conf;

static void set_real(const char *name, double v)
{
    *(double *)field(type, conf, name) = v;
}

static void set_int(const char *name, int64_t v)
{
    *(int64_t *)field(type, conf, name) = v;
}

static void set_constant(const char *name, double v)
{
    *(struct dist *)field(type, conf, name) = dist_constant(v);
}

static void set_exponential(const char *name, double mean)
{
    struct dist d = { .kind = DIST_EXPONENTIAL, .mean = mean };
    struct err e;
    err_init(&e);
    ck_assert(dist_prepare(&d, &e));
    *(struct dist *)field(type, conf, name) = d;
}

/* A configuration of NAME, with the defaults that are not 0. */
static void choose(const char *name)
{
    type = workload_find(name);
    ck_assert_ptr_nonnull(type);
    free(conf);
    conf = must_zalloc(1, type->conf_size);
    set_constant("service", 20e6);
    set_real("slow_share", 1);
    set_int("head", 256);
}

/* ---- runs ---- */

#define MAX_SEEN 20000
static struct request_record row[MAX_SEEN];
static struct seen_demand {
    uint32_t conn, req;
    struct demand d;
} seen[MAX_SEEN];
static int nrow, nseen, ntls, nresumed, ncrash, nslow;
static enum fate (*run_fate)(uint32_t client, int conn, int request);
static struct sim *sim;
static struct server srv;
static struct population *pop;

static void on_request(void *ctx, const struct request_record *r)
{
    (void)ctx;
    ck_assert_int_lt(nrow, MAX_SEEN);
    row[nrow++] = *r;
}

static void on_conn(void *ctx, simtime_t d)
{
    (void)ctx;
    (void)d;
}

static void on_due(void *ctx)
{
    (void)ctx;
}

static void on_sent(uint32_t client, const struct demand *d)
{
    const struct request_record *r = &hot_of(pop, cold_at(pop, client))->r;
    ck_assert_int_lt(nseen, MAX_SEEN);
    ncrash += d->crash;
    seen[nseen++] = (struct seen_demand){ r->conn, r->req, *d };
}

static void on_link(uint32_t client, const struct link *l)
{
    (void)client;
    ntls += l->tls;
    nresumed += l->tls && l->resumed;
    nslow += l->down > 0;
    ck_assert((l->down > 0) == (l->up > 0));
}

static const struct observer observer = {
    .request = on_request,
    .connected = on_conn,
    .arrival = on_due,
};

/* Runs the chosen configuration to END on a server that closes idle
 * connections after KEEPALIVE. */
static void run(const void *shared, uint64_t seed, simtime_t keepalive,
                simtime_t end)
{
    struct workload_conf w = { "w", type, conf, (void *)(uintptr_t)shared, 0 };
    nrow = nseen = ntls = nresumed = ncrash = nslow = 0;
    sim = sim_new(EVQ_WHEEL, 0);
    fake_init(&srv, sim);
    srv.sent = on_sent;
    srv.linked = on_link;
    srv.fate = run_fate;
    srv.keepalive = keepalive;
    pop = population_new(sim, &srv, &observer, end);
    clients_start(clients_new(pop, &w, 0, seed, 0));
    sim_run(sim, end, NULL);
}

static void done(void)
{
    population_finish(pop);
    population_free(pop);
    fake_done(&srv);
    sim_free(sim);
}

static void run_all(const void *shared, uint64_t seed, simtime_t keepalive,
                    simtime_t end)
{
    run(shared, seed, keepalive, end);
    done();
}

/* ---- the registry ---- */

START_TEST(the_registry_finds_each_type_by_name)
{
    static const char *const names[] = { "trace",    "access_log",   "closed",
                                         "poisson",  "connect_hold", "mmpp",
                                         "browsers", "long_poll" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        ck_assert_str_eq(workload_find(names[i])->name, names[i]);
    ck_assert_ptr_null(workload_find("none"));
}
END_TEST

START_TEST(every_type_is_complete_and_every_key_explained)
{
    for (size_t i = 0; workload_table[i]; i++) {
        const struct workload *w = workload_table[i];
        ck_assert(w->summary && w->next && w->uses_tls && w->params);
        for (const struct param *p = w->params; p->name; p++) {
            ck_assert_msg(p->help && *p->help, "%s.%s", w->name, p->name);
            ck_assert_uint_lt(p->offset, w->conf_size);
            for (const struct param *q = w->params; q < p; q++)
                ck_assert_str_ne(q->name, p->name);
            for (const char *c = p->name; *c; c++)
                ck_assert((*c >= 'a' && *c <= 'z') || *c == '_');
        }
    }
}
END_TEST

/* ---- closed ---- */

static void choose_closed(int clients)
{
    choose("closed");
    set_int("clients", clients);
    set_exponential("think", 1e9);
    set_exponential("service", 20e6);
    set_exponential("bytes", 10000);
    set_int("spread", SIM_S);
}

START_TEST(closed_clients_stay_as_many_as_they_are)
{
    choose_closed(50);
    run_all(NULL, 1, 0, 100 * SIM_S);
    ck_assert_int_eq(srv.connects, 50);
    ck_assert_int_eq(srv.peak, 50);
    /* 99.5 s on average, a cycle of 1.021 s: 4870 requests, +-70 */
    ck_assert_int_gt(nrow, 4600);
    ck_assert_int_lt(nrow, 5150);
}
END_TEST

static int by_request(const void *a, const void *b)
{
    const struct seen_demand *x = a, *y = b;
    if (x->conn != y->conn)
        return x->conn < y->conn ? -1 : 1;
    return (x->req > y->req) - (x->req < y->req);
}

/* Common random numbers: the second server keeps nothing alive. */
START_TEST(every_server_meets_the_same_requests)
{
    static struct seen_demand first[MAX_SEEN];
    int n, same = 0;
    choose_closed(20);
    run_all(NULL, 7, 0, 30 * SIM_S);
    memcpy(first, seen, sizeof seen);
    n = nseen;
    qsort(first, (size_t)n, sizeof *first, by_request);
    run_all(NULL, 7, 10 * SIM_MS, 30 * SIM_S);
    ck_assert_int_gt(nseen, 100);
    for (int i = 0; i < nseen; i++) {
        const struct seen_demand *f =
            bsearch(&seen[i], first, (size_t)n, sizeof *first, by_request);
        if (!f)
            continue;
        ck_assert_int_eq(f->d.sleep, seen[i].d.sleep);
        ck_assert_int_eq(f->d.bytes, seen[i].d.bytes);
        same++;
    }
    ck_assert_int_gt(same, nseen / 2);
    /* another seed, other requests */
    run_all(NULL, 8, 0, 30 * SIM_S);
    ck_assert(seen[0].d.sleep != first[0].d.sleep);
}
END_TEST

START_TEST(requests_per_connection_opens_a_new_one)
{
    choose_closed(1);
    set_int("requests_per_connection", 3);
    set_constant("think", 1e9);
    set_constant("service", 0);
    run_all(NULL, 1, 0, 20 * SIM_S);
    for (int i = 0; i < nrow; i++)
        ck_assert_int_eq(row[i].t_connected != SIM_NEVER,
                         row[i].req % 3 == 0 && row[i].t_start != SIM_NEVER);
    ck_assert_int_eq(srv.connects, (nrow + 1) / 3);
}
END_TEST

START_TEST(clients_begin_over_the_spread)
{
    for (int even = 0; even < 2; even++) {
        choose_closed(100);
        *(int *)field(type, conf, "begin") = even;
        set_int("spread", 10 * SIM_S);
        set_int("from", 5 * SIM_S);
        set_constant("think", 1e12);
        set_constant("service", 0);
        run_all(NULL, 1, 0, 20 * SIM_S);
        for (int i = 0; i < 100; i++) {
            simtime_t at = 5 * SIM_S + i * 100 * SIM_MS;
            ck_assert_int_ge(row[i].t_start, at);
            ck_assert_int_lt(row[i].t_start, at + (even ? 1 : 100 * SIM_MS));
        }
    }
}
END_TEST

START_TEST(shares_of_tls_and_slow_links_are_kept)
{
    choose_closed(4000);
    set_real("tls", 0.3);
    set_real("tls_resumed", 0.6);
    set_real("slow_share", 0.1);
    set_real("down", 1e5);
    set_real("up", 1e3);
    run_all(NULL, 1, 0, 2 * SIM_S);
    ck_assert_int_eq(srv.connects, 4000);
    ck_assert_int_lt(abs(ntls - 1200), 120); /* 4 standard deviations */
    ck_assert_int_lt(abs(nresumed - 720), 100);
    ck_assert_int_lt(abs(nslow - 400), 80);
    ck_assert(type->uses_tls(conf, NULL));
}
END_TEST

START_TEST(c47_a_share_of_the_requests_crashes)
{
    choose_closed(4000);
    run_all(NULL, 1, 0, 2 * SIM_S);
    int64_t sent = nseen;
    ck_assert_int_eq(ncrash, 0);
    set_real("crash", 0.1);
    run_all(NULL, 1, 0, 2 * SIM_S);
    ck_assert_int_eq(nseen, sent);
    ck_assert_double_eq_tol((double)ncrash / nseen, 0.1, 0.02);
}
END_TEST

START_TEST(without_a_share_all_links_are_slow)
{
    choose_closed(10);
    set_real("down", 1e5);
    set_real("up", 1e3);
    run_all(NULL, 1, 0, 2 * SIM_S);
    ck_assert_int_eq(nslow, 10);
    ck_assert_int_eq(ntls, 0);
    ck_assert(!type->uses_tls(conf, NULL));
}
END_TEST

/* ---- poisson ---- */

static void choose_poisson(double rate)
{
    choose("poisson");
    set_real("rate", rate);
    set_real("scale", 1);
    set_constant("requests_per_connection", 1);
    set_constant("think", 1e9);
}

START_TEST(arrivals_are_poisson)
{
    double sum = 0, sum2 = 0, gap;
    choose_poisson(100);
    run_all(NULL, 1, 0, 100 * SIM_S);
    ck_assert_int_lt(abs(nrow - 10000), 400); /* 4 standard deviations */
    for (int i = 1; i < nrow; i++) {
        gap = simtime_to_s(row[i].t_sched - row[i - 1].t_sched);
        sum += gap;
        sum2 += gap * gap;
    }
    gap = sum / (nrow - 1);
    ck_assert_double_eq_tol(sqrt(sum2 / (nrow - 1) - gap * gap) / gap, 1, 0.05);
    ck_assert_int_eq(srv.connects, nrow);
    for (int i = 1; i < nrow; i++) /* numbered as they come */
        ck_assert_uint_eq(row[i].conn, row[i - 1].conn + 1);
}
END_TEST

START_TEST(arrivals_do_not_depend_on_the_server)
{
    static struct request_record first[MAX_SEEN];
    int n;
    choose_poisson(50);
    run_all(NULL, 1, 0, 20 * SIM_S);
    memcpy(first, row, sizeof row);
    n = nrow;
    set_constant("service", 100 * 1e9); /* nobody is served in time */
    run_all(NULL, 1, 0, 20 * SIM_S);
    ck_assert_int_eq(nrow, n);
    for (int i = 0; i < n; i++)
        ck_assert_int_eq(row[i].t_sched, first[i].t_sched);
}
END_TEST

START_TEST(scale_is_times_the_load)
{
    choose_poisson(100);
    set_real("scale", 2);
    run_all(NULL, 1, 0, 20 * SIM_S);
    ck_assert_int_lt(abs(nrow - 4000), 200);
    choose("mmpp");
    set_constant("requests_per_connection", 1);
    set_real("rate", 100);
    set_real("burst_rate", 100);
    set_real("scale", 2);
    set_constant("quiet", 20e9);
    set_constant("burst", 10e9);
    run_all(NULL, 1, 0, 20 * SIM_S);
    ck_assert_int_lt(abs(nrow - 4000), 200);
}
END_TEST

START_TEST(a_poisson_client_sends_its_requests_and_leaves)
{
    choose_poisson(10);
    set_exponential("requests_per_connection", 4);
    set_constant("think", 1e6);
    run_all(NULL, 1, 0, 100 * SIM_S);
    ck_assert_int_le(srv.open, 10);
    ck_assert_int_gt(srv.connects, 800);
    /* rounded, at least 1: mean 4.03 */
    ck_assert_double_eq_tol((double)nrow / srv.connects, 4.1, 0.5);
}
END_TEST

START_TEST(hold_leaves_a_share_of_connections_to_the_server)
{
    choose_poisson(50);
    set_real("hold", 0.5);
    run(NULL, 1, 0, 20 * SIM_S);
    ck_assert_int_lt(abs(srv.open - srv.connects / 2), 70);
    ck_assert_int_ge(nrow, srv.connects - 5); /* reported at once */
    done();
    run(NULL, 1, 2 * SIM_S, 20 * SIM_S);
    ck_assert_int_lt(srv.open, 80);
    done();
}
END_TEST

START_TEST(until_ends_the_load)
{
    choose_poisson(50);
    set_int("until", 10 * SIM_S);
    set_constant("requests_per_connection", 100);
    run(NULL, 1, 0, 20 * SIM_S);
    ck_assert_int_eq(srv.open, 0);
    done();
    ck_assert_int_lt(abs(srv.connects - 500), 90);
    for (int i = 0; i < nrow; i++)
        ck_assert_int_lt(row[i].t_sched, 10 * SIM_S);
}
END_TEST

/* Clients that came in each of the first N tens of seconds. */
static void count_tens(int *tens, int n)
{
    memset(tens, 0, (size_t)n * sizeof *tens);
    for (int i = 0; i < nrow; i++) {
        int k = (int)(row[i].t_sched / (10 * SIM_S));
        if (k < n)
            tens[k]++;
    }
}

static const void *load_points(struct arena *a, const char *points, int profile,
                               simtime_t period)
{
    void *shared = NULL;
    struct err err;
    err_init(&err);
    *(int *)field(type, conf, "profile") = profile;
    *(const char **)field(type, conf, "points") = points;
    set_int("period", period);
    ck_assert_msg(type->load(conf, a, false, NULL, NULL, &shared, &err), "%s",
                  err.text);
    return shared;
}

START_TEST(a_profile_changes_the_rate_in_steps)
{
    struct arena *a = arena_new();
    int tens[4];
    choose_poisson(50);
    run_all(load_points(a, "0s 1, 10s 4, 20s 0, 30s 0.5", 1, 0), 1, 0,
            40 * SIM_S);
    count_tens(tens, 4); /* 500, 2000, 0, 250: 4 standard deviations */
    ck_assert_int_lt(abs(tens[0] - 500), 90);
    ck_assert_int_lt(abs(tens[1] - 2000), 180);
    ck_assert_int_eq(tens[2], 0);
    ck_assert_int_lt(abs(tens[3] - 250), 64);
    arena_free(a);
}
END_TEST

START_TEST(a_ramp_is_straight_and_may_begin_again)
{
    struct arena *a = arena_new();
    int tens[4];
    choose_poisson(100);
    run_all(load_points(a, "0s 0, 20s 2", 2, 20 * SIM_S), 1, 0, 40 * SIM_S);
    count_tens(tens, 4); /* 500, 1500, and again */
    for (int i = 0; i < 4; i++)
        ck_assert_int_lt(abs(tens[i] - (i % 2 ? 1500 : 500)), i % 2 ? 155 : 90);
    arena_free(a);
}
END_TEST

START_TEST(a_day_has_its_mean_and_its_night)
{
    struct arena *a = arena_new();
    int tens[24];
    choose_poisson(40);
    run_all(load_points(a, "0s 1", 3, 240 * SIM_S), 1, 0, 240 * SIM_S);
    count_tens(tens, 24);
    ck_assert_int_lt(abs(nrow - 9600), 400);
    ck_assert_int_lt(tens[3], tens[10] / 3);
    arena_free(a);
}
END_TEST

/* Whole periods are stepped over at once: a rate of next to nothing waits for
 * billions of them. */
START_TEST(a_curve_goes_on_over_any_number_of_periods)
{
    struct arena *a = arena_new();
    struct err e;
    err_init(&e);
    for (int straight = 0; straight < 2; straight++) {
        const struct curve *c =
            curve_parse("0s 1, 1s 4, 2s 0, 3s 2", straight, 4 * SIM_S, a, &e);
        double all = (straight ? 7.5 : 7) * 1e9;
        ck_assert_ptr_nonnull(c);
        for (double n = 1; n < 1e12; n *= 10)
            ck_assert_double_eq_tol(curve_area(c, 1e9, n * all), 1e9 + n * 4e9,
                                    n * 4 + 4);
    }
    err_clear(&e);
    arena_free(a);
}
END_TEST

START_TEST(wrong_points_are_refused_with_the_reason)
{
    static const struct {
        const char *points, *text;
    } cases[] = {
        { "", "points: \"\" is no time; points are pairs of a time and a "
              "factor: \"0s 1, 30s 4, 1min 1\"" },
        { "0s", "points: no factor behind \"0s\"; points are pairs of a time "
                "and a factor: \"0s 1, 30s 4, 1min 1\"" },
        { "1s 1", "points: the first time must be 0s" },
        { "0s 1, 5s 1, 4s 1",
          "points: 4s comes before the time in front of it" },
        { "0s 0, 5s 0", "points: all factors are 0" },
        { "0s 1, 30s 1", "points: the last time is beyond the period" },
    };
    struct arena *a = arena_new();
    void *shared = NULL;
    struct err err;
    err_init(&err);
    choose_poisson(40);
    *(int *)field(type, conf, "profile") = 1;
    *(const char **)field(type, conf, "points") = cases[_i].points;
    set_int("period", 20 * SIM_S);
    ck_assert(!type->load(conf, a, false, NULL, NULL, &shared, &err));
    ck_assert_str_eq(err.text, cases[_i].text);
    err_clear(&err);
    arena_free(a);
}
END_TEST

START_TEST(impatient_clients_give_up_and_go_on)
{
    int gave_up = 0, ok = 0;
    choose_closed(20);
    set_exponential("service", 1e9);
    set_constant("patience", 500e6);
    run_all(NULL, 1, 0, 100 * SIM_S);
    for (int i = 0; i < nrow; i++) {
        simtime_t t = row[i].t_done - row[i].t_start;
        if (row[i].err == REQ_GAVE_UP)
            ck_assert_int_eq(t, 500 * SIM_MS);
        else if (row[i].err == REQ_OK)
            ck_assert_int_le(t, 500 * SIM_MS);
        gave_up += row[i].err == REQ_GAVE_UP;
        ok += row[i].err == REQ_OK;
    }
    /* P(service > 0.5 s) = 0.61 */
    ck_assert_int_gt(ok, 300);
    ck_assert_int_gt(gave_up, ok);
    ck_assert_int_lt(gave_up, 2 * ok);
}
END_TEST

START_TEST(uploads_are_part_of_the_demand)
{
    choose_closed(3);
    set_exponential("upload", 5000);
    run_all(NULL, 1, 0, 10 * SIM_S);
    ck_assert_int_gt(nseen, 10);
    for (int i = 0; i < nseen; i++)
        ck_assert_int_gt(seen[i].d.body, 0);
}
END_TEST

/* ---- mmpp ---- */

START_TEST(bursts_have_both_rates)
{
    int per[200] = { 0 }, busy = 0;
    choose("mmpp");
    set_constant("requests_per_connection", 1);
    set_real("rate", 2);
    set_real("burst_rate", 100);
    set_real("scale", 1);
    set_constant("quiet", 20e9);
    set_constant("burst", 10e9);
    run_all(NULL, 3, 0, 200 * SIM_S);
    for (int i = 0; i < nrow; i++)
        per[row[i].t_sched / SIM_S]++;
    for (int i = 0; i < 200; i++) {
        busy += per[i] > 40;
        ck_assert_int_lt(per[i], 150);
    }
    ck_assert_int_gt(busy, 20);
    ck_assert_int_lt(busy, 140);
    /* more than that are halves of seconds at the ends of bursts */
    ck_assert_int_lt(abs(nrow - (busy * 100 + (200 - busy) * 2)), 1200);
}
END_TEST

/* ---- long_poll ---- */

START_TEST(news_answer_all_polls_at_once)
{
    int together = 0;
    choose("long_poll");
    set_int("clients", 30);
    set_real("news", 0.2);
    set_int("timeout", 10 * SIM_S);
    set_int("spread", SIM_S);
    set_constant("service", 0);
    run_all(NULL, 1, 0, 100 * SIM_S);
    ck_assert_int_eq(srv.connects, 30);
    for (int i = 0; i < nrow; i++) {
        if (row[i].err != REQ_OK)
            continue;
        ck_assert_int_le(row[i].t_first_byte - row[i].t_sent, 10 * SIM_S);
        together += i > 0 && row[i].t_done == row[i - 1].t_done;
    }
    ck_assert_int_gt(together, nrow / 2);
}
END_TEST

/* ---- browsers ---- */

static void choose_browsers(int n)
{
    choose("browsers");
    set_int("clients", n);
    set_int("connections", 6);
    set_constant("objects", 10);
    set_constant("think", 20e9);
    set_int("parse", 20 * SIM_MS);
    set_int("spread", 10 * SIM_S);
    set_constant("object_service", 5e6);
    set_constant("object_bytes", 1000);
    set_constant("bytes", 9000);
}

START_TEST(a_page_comes_over_six_connections)
{
    int documents = 0;
    choose_browsers(1);
    run_all(NULL, 1, 0, 100 * SIM_S);
    ck_assert_int_eq(srv.connects, 6); /* and none of them ends */
    ck_assert_int_eq(srv.peak, 6);
    if (row[nrow - 1].err == REQ_UNFINISHED)
        nrow--;
    ck_assert_int_eq(nrow % 11, 0);
    for (int i = 0; i < nrow; i++)
        documents += row[i].bytes == 9000;
    ck_assert_int_eq(documents, nrow / 11);
    ck_assert_int_gt(documents, 3);
    for (int i = 0; i + 11 <= nrow; i += 11) /* ten objects in two rounds */
        ck_assert_int_lt(row[i + 10].t_done - row[i].t_done, 50 * SIM_MS);
}
END_TEST

START_TEST(browsers_notice_that_connections_were_closed)
{
    choose_browsers(5);
    run_all(NULL, 1, 5 * SIM_S, 100 * SIM_S);
    ck_assert_int_gt(nrow, 100);
    for (int i = 0; i < nrow; i++)
        ck_assert(row[i].err == REQ_OK || row[i].err == REQ_UNFINISHED);
    ck_assert_int_gt(srv.connects, 80); /* six for every page */
}
END_TEST

START_TEST(a_connection_in_advance_is_silent)
{
    choose_browsers(1);
    set_constant("objects", 0);
    set_real("preconnect", 1);
    run(NULL, 1, 0, 50 * SIM_S);
    ck_assert_int_eq(srv.connects, 2);
    ck_assert_int_eq(srv.open, 2);
    done();
    for (int i = 0; i < nrow; i++)
        ck_assert_uint_eq(row[i].conn, 0);
    choose_browsers(1); /* used when there are objects */
    set_constant("objects", 3);
    set_real("preconnect", 1);
    run_all(NULL, 1, 0, 5 * SIM_S);
    ck_assert_int_eq(srv.connects, 3);
    ck_assert_int_eq(nrow, 5);
    ck_assert_int_eq(row[4].err, REQ_UNFINISHED); /* the next document */
}
END_TEST

static enum fate every_third_fails(uint32_t client, int conn, int request)
{
    (void)client;
    return (conn * 7 + request) % 3 == 2 ? FATE_500 : FATE_ANSWER;
}

START_TEST(pages_go_on_after_failures)
{
    int documents = 0, failed = 0;
    choose_browsers(3);
    set_constant("think", 1e9);
    set_real("preconnect", 0.5);
    run_fate = every_third_fails;
    run_all(NULL, 1, 3 * SIM_S, 200 * SIM_S);
    run_fate = NULL;
    for (int i = 0; i < nrow; i++) {
        documents += row[i].bytes == 9000;
        failed += row[i].err == REQ_HTTP;
    }
    ck_assert_int_gt(documents, 450); /* a page a second, and some */
    ck_assert_int_gt(failed, 300);
}
END_TEST

/* ---- connect_hold ---- */

START_TEST(connect_hold_connects_evenly_and_then_is_silent)
{
    choose("connect_hold");
    set_int("clients", 1000);
    set_int("spread", 10 * SIM_S);
    run(NULL, 1, 0, 100 * SIM_S);
    ck_assert_int_eq(srv.open, 1000);
    ck_assert_int_eq(nrow, 1000);
    for (int i = 0; i < nrow; i++)
        ck_assert_int_eq(row[i].t_start, i * 10 * SIM_MS);
    done();
    ck_assert_int_eq(nrow, 1000);
}
END_TEST

/* ---- trace and access_log, from file to rows ---- */

static struct err e;

static void *load(struct arena *a, const char *file)
{
    void *shared = NULL;
    err_init(&e);
    *(const char **)field(type, conf, "file") = file;
    ck_assert(type->load(conf, a, false, NULL, NULL, &shared, &e));
    ck_assert_ptr_nonnull(shared);
    return shared;
}

START_TEST(a_trace_is_replayed_row_by_row)
{
    struct arena *a = arena_new();
    type = workload_find("trace");
    conf = must_zalloc(1, type->conf_size);
    run_all(load(a, "tests/data/small-trace.csv"), 1, 0, 20 * SIM_S);
    ck_assert_int_eq(nrow, 5);
    ck_assert_int_eq(ntls, 1);
    ck_assert_int_eq(nslow, 1);
    ck_assert_uint_eq(row[0].conn, 4);
    ck_assert_int_eq(row[0].t_sched, 500 * SIM_MS);
    ck_assert_int_eq(row[0].bytes, 1000);
    ck_assert_int_eq(row[0].t_first_byte - row[0].t_sent, 25340 * SIM_US);
    arena_free(a);
}
END_TEST

START_TEST(a_log_is_replayed_at_its_own_times)
{
    struct arena *a = arena_new();
    int64_t bytes = 0;
    choose("access_log");
    *(const char **)field(type, conf, "log_format") = "auto";
    set_int("keepalive_gap", 5 * SIM_S);
    set_int("spread_seed", 1);
    run_all(load(a, "tests/data/nasa-common.log"), 1, 0, 120 * SIM_S);
    ck_assert_int_eq(nrow, 60);
    for (int i = 0; i < nrow; i++) {
        ck_assert_int_eq(row[i].err, REQ_OK);
        bytes += row[i].bytes;
        ck_assert(i == 0 || row[i].t_done >= row[i - 1].t_done);
    }
    ck_assert_int_eq(row[0].t_sched, 0);
    ck_assert_int_eq(bytes, 886130);
    arena_free(a);
}
END_TEST

START_TEST(the_end_of_the_run_cuts_a_log)
{
    struct arena *a = arena_new();
    choose("access_log");
    *(const char **)field(type, conf, "log_format") = "auto";
    set_int("keepalive_gap", 5 * SIM_S);
    run_all(load(a, "tests/data/nasa-common.log"), 1, 0, 30 * SIM_S);
    ck_assert_int_gt(nrow, 5);
    ck_assert_int_lt(nrow, 40);
    for (int i = 0; i < nrow; i++)
        ck_assert_int_le(row[i].t_sched, 30 * SIM_S);
    arena_free(a);
}
END_TEST

static void teardown(void)
{
    free(conf);
    conf = NULL;
}

Suite *suite_workload(void);
Suite *suite_workload(void)
{
    Suite *s = suite_create("workloads/workload");
    TCase *t = tcase_create("workload");
    tcase_add_checked_fixture(t, NULL, teardown);
    tcase_add_test(t, the_registry_finds_each_type_by_name);
    tcase_add_test(t, every_type_is_complete_and_every_key_explained);
    tcase_add_test(t, closed_clients_stay_as_many_as_they_are);
    tcase_add_test(t, every_server_meets_the_same_requests);
    tcase_add_test(t, requests_per_connection_opens_a_new_one);
    tcase_add_test(t, clients_begin_over_the_spread);
    tcase_add_test(t, shares_of_tls_and_slow_links_are_kept);
    tcase_add_test(t, c47_a_share_of_the_requests_crashes);
    tcase_add_test(t, without_a_share_all_links_are_slow);
    tcase_add_test(t, arrivals_are_poisson);
    tcase_add_test(t, arrivals_do_not_depend_on_the_server);
    tcase_add_test(t, scale_is_times_the_load);
    tcase_add_test(t, a_poisson_client_sends_its_requests_and_leaves);
    tcase_add_test(t, hold_leaves_a_share_of_connections_to_the_server);
    tcase_add_test(t, until_ends_the_load);
    tcase_add_test(t, a_profile_changes_the_rate_in_steps);
    tcase_add_test(t, a_ramp_is_straight_and_may_begin_again);
    tcase_add_test(t, a_day_has_its_mean_and_its_night);
    tcase_add_test(t, a_curve_goes_on_over_any_number_of_periods);
    tcase_add_loop_test(t, wrong_points_are_refused_with_the_reason, 0, 6);
    tcase_add_test(t, impatient_clients_give_up_and_go_on);
    tcase_add_test(t, uploads_are_part_of_the_demand);
    tcase_add_test(t, bursts_have_both_rates);
    tcase_add_test(t, news_answer_all_polls_at_once);
    tcase_add_test(t, a_page_comes_over_six_connections);
    tcase_add_test(t, browsers_notice_that_connections_were_closed);
    tcase_add_test(t, a_connection_in_advance_is_silent);
    tcase_add_test(t, pages_go_on_after_failures);
    tcase_add_test(t, connect_hold_connects_evenly_and_then_is_silent);
    tcase_add_test(t, a_trace_is_replayed_row_by_row);
    tcase_add_test(t, a_log_is_replayed_at_its_own_times);
    tcase_add_test(t, the_end_of_the_run_cuts_a_log);
    suite_add_tcase(s, t);
    return s;
}
