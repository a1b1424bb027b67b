/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The wheel pops exactly what the reference heap pops, whatever is pushed. */
#include <check.h>
#include <math.h>

#include "sim/evq.h"
#include "sim/rng.h"

Suite *suite_evq(void);

/* For what is asked millions of times: Check notes down every ck_assert() it
 * passes. */
#define check(cond)                                                            \
    do {                                                                       \
        if (!(cond))                                                           \
            ck_abort_msg("%s", #cond);                                         \
    } while (0)

#define PAYLOAD_MASK ((UINT64_C(1) << EVQ_PAYLOAD_BITS) - 1)

/* How much later than now the next entry is. */
enum gap {
    GAP_EXP,
    GAP_UNIFORM,
    GAP_BIMODAL,
    GAP_PARETO,
    GAP_NOW,
    GAP_TINY,
    GAP_ANY_SCALE,
    GAP_WHOLE_SECONDS,
    GAP_FAR,
    GAPS
};

static simtime_t draw_gap(struct rng *r, enum gap gap)
{
    switch (gap) {
    case GAP_EXP:
        return (simtime_t)(rng_exp(r) * 1e9);
    case GAP_UNIFORM:
        return (simtime_t)(rng_unit(r) * 2e9);
    case GAP_BIMODAL:
        return (simtime_t)((rng_unit(r) < 0.9 ? 0.1 * rng_unit(r)
                                              : 9.05 + 1.8 * rng_unit(r)) *
                           1e9);
    case GAP_PARETO:
        return (simtime_t)(0.2e9 * pow(1 - rng_unit(r), -0.8));
    case GAP_NOW:
        return 0;
    case GAP_TINY:
        return (simtime_t)rng_below(r, 3);
    case GAP_ANY_SCALE:
        return (simtime_t)rng_below(r, UINT64_C(1) << rng_below(r, 48));
    case GAP_WHOLE_SECONDS:
        return (simtime_t)rng_below(r, 4) * SIM_S;
    case GAP_FAR:
        return rng_below(r, 8) ? (simtime_t)rng_below(r, 1000)
                               : (simtime_t)1 << 56;
    case GAPS:
        break;
    }
    return 0;
}

struct pair {
    struct evq *wheel, *heap;
    uint64_t seq;
    simtime_t now;
};

static struct pair pair_new(simtime_t from)
{
    return (struct pair){ .wheel = evq_new(EVQ_WHEEL, from),
                          .heap = evq_new(EVQ_HEAP4, from),
                          .now = from };
}

static void pair_push_seq(struct pair *p, simtime_t t, uint64_t seq)
{
    uint64_t key = seq << EVQ_PAYLOAD_BITS | (seq * 77 & PAYLOAD_MASK);
    evq_push(p->wheel, t, key);
    evq_push(p->heap, t, key);
}

static void pair_push(struct pair *p, simtime_t t)
{
    pair_push_seq(p, t, p->seq++);
}

/* Pops from both and compares; false when both are empty up to LIMIT. */
static bool pair_pop(struct pair *p, simtime_t limit)
{
    struct evq_entry a = { 0, 0 }, b = { 0, 0 };
    bool got_a = evq_pop(p->wheel, limit, &a);
    bool got_b = evq_pop(p->heap, limit, &b);
    check(got_a == got_b);
    check(a.t == b.t);
    check(a.key == b.key);
    if (got_a) {
        check(a.t >= p->now);
        p->now = a.t;
    }
    return got_a;
}

static void pair_end(struct pair *p)
{
    while (pair_pop(p, SIM_NEVER)) {
    }
    ck_assert_uint_eq(evq_len(p->wheel), 0);
    ck_assert_uint_eq(evq_len(p->heap), 0);
    evq_free(p->wheel);
    evq_free(p->heap);
}

START_TEST(wheel_pops_as_the_heap_in_a_hold_model)
{
    static const int populations[] = { 1, 3, 10, 30, 70, 100, 1000, 20000 };
    for (size_t i = 0; i < sizeof populations / sizeof *populations; i++) {
        struct rng r;
        rng_init(&r, (uint64_t)_i, i, "hold");
        struct pair p = pair_new(0);
        for (int k = 0; k < populations[i]; k++)
            pair_push(&p, draw_gap(&r, (enum gap)_i));
        for (int k = 0; k < 3 * populations[i] + 5000; k++) {
            check(pair_pop(&p, SIM_NEVER));
            simtime_t gap = draw_gap(&r, (enum gap)_i);
            if (p.now > SIM_NEVER / 2)
                gap = 1;
            pair_push(&p, p.now + gap);
        }
        pair_end(&p);
    }
}
END_TEST

START_TEST(wheel_pops_as_the_heap_in_a_random_mix)
{
    for (uint64_t round = 0; round < 10; round++) {
        struct rng r;
        rng_init(&r, (uint64_t)_i, round, "mix");
        struct pair p = pair_new(((simtime_t)rng_below(&r, 3) - 2) * SIM_S);
        size_t target = (size_t)1 << rng_below(&r, 13);
        bool one_gap = rng_below(&r, 2);
        enum gap gap = (enum gap)rng_below(&r, GAPS);
        for (int k = 0; k < 10000; k++) {
            size_t len = evq_len(p.heap);
            check(evq_len(p.wheel) == len);
            if (!one_gap)
                gap = (enum gap)rng_below(&r, GAP_FAR);
            if (rng_below(&r, 10) < (len < target ? 7 : 4)) {
                simtime_t t = p.now + draw_gap(&r, gap);
                pair_push(&p, t > SIM_NEVER / 2 || t < p.now ? p.now : t);
            } else if (rng_below(&r, 4) > 0) {
                pair_pop(&p, SIM_NEVER);
            } else {
                /* As sim_run() with an end: the clock moves on to it. */
                simtime_t limit = p.now + draw_gap(&r, GAP_ANY_SCALE);
                if (!pair_pop(&p, limit) && limit > p.now)
                    p.now = limit;
            }
        }
        pair_end(&p);
    }
}
END_TEST

START_TEST(sequence_numbers_taken_earlier_keep_their_place)
{
    struct rng r;
    rng_init(&r, 5, 0, "early numbers");
    struct pair p = pair_new(0);
    uint64_t kept[100];
    for (int round = 0; round < 300; round++) {
        size_t n = 1 + rng_below(&r, 100);
        for (size_t i = 0; i < n; i++)
            kept[i] = p.seq++;
        for (size_t i = 0; i < 100; i++)
            pair_push(&p, p.now + (simtime_t)rng_below(&r, 2));
        for (size_t i = 0; i < rng_below(&r, 60); i++)
            pair_pop(&p, SIM_NEVER);
        for (size_t i = n; i-- > 0;)
            pair_push_seq(&p, p.now + 1 + (simtime_t)rng_below(&r, 2), kept[i]);
        for (size_t i = 0; i < n; i++)
            pair_pop(&p, SIM_NEVER);
    }
    pair_end(&p);
}
END_TEST

START_TEST(many_entries_of_one_time_stay_cheap_and_in_order)
{
    struct pair p = pair_new(-SIM_S);
    for (int i = 0; i < 100000; i++)
        pair_push(&p, 0);
    /* Everyone schedules again at the same instant. */
    for (int i = 0; i < 200000; i++) {
        check(pair_pop(&p, 0));
        if (i < 100000)
            pair_push(&p, 0);
    }
    ck_assert(!pair_pop(&p, SIM_NEVER));
    pair_end(&p);
}
END_TEST

START_TEST(nothing_is_popped_beyond_the_limit)
{
    struct pair p = pair_new(0);
    pair_push(&p, 100);
    ck_assert(!pair_pop(&p, 99));
    pair_push(&p, 99); /* earlier than what was looked at */
    ck_assert(pair_pop(&p, 99));
    ck_assert(pair_pop(&p, 100));
    ck_assert(!pair_pop(&p, SIM_NEVER));
    pair_push(&p, SIM_NEVER - 1);
    pair_push(&p, SIM_NEVER);
    ck_assert(!pair_pop(&p, SIM_NEVER - 2));
    ck_assert(pair_pop(&p, SIM_NEVER - 1));
    ck_assert(pair_pop(&p, SIM_NEVER));
    pair_end(&p);
}
END_TEST

static bool keep_even(void *ctx, const struct evq_entry *e)
{
    (void)ctx;
    return (e->key >> EVQ_PAYLOAD_BITS) % 2 == 0;
}

START_TEST(sweeping_removes_what_is_not_wanted)
{
    struct rng r;
    rng_init(&r, 3, 0, "sweep");
    for (int n = 1; n < 50000; n *= 7) {
        struct pair p = pair_new(0);
        for (int i = 0; i < n; i++)
            pair_push(&p, draw_gap(&r, GAP_EXP));
        for (int i = 0; i < n / 10; i++)
            pair_pop(&p, SIM_NEVER);
        evq_sweep(p.wheel, keep_even, NULL);
        evq_sweep(p.heap, keep_even, NULL);
        ck_assert_uint_eq(evq_len(p.wheel), evq_len(p.heap));
        for (int i = 0; i < n; i++)
            pair_push(&p, p.now + draw_gap(&r, GAP_EXP));
        pair_end(&p);
    }
}
END_TEST

START_TEST(an_entry_costs_at_most_20_bytes_among_many)
{
    static const enum gap gaps[] = { GAP_EXP, GAP_UNIFORM, GAP_BIMODAL,
                                     GAP_PARETO };
    for (size_t g = 0; g < 4; g++) {
        struct rng r;
        rng_init(&r, 4, g, "bytes");
        struct evq *q = evq_new(EVQ_WHEEL, 0);
        uint64_t n = 100000, seq = 0;
        for (uint64_t i = 0; i < n; i++)
            evq_push(q, draw_gap(&r, GAP_EXP), seq++ << EVQ_PAYLOAD_BITS);
        struct evq_entry e;
        for (uint64_t i = 0; i < 3 * n; i++) {
            check(evq_pop(q, SIM_NEVER, &e));
            evq_push(q, e.t + draw_gap(&r, gaps[g]), seq++ << EVQ_PAYLOAD_BITS);
        }
        ck_assert_uint_le(evq_bytes(q), 20 * n);
        evq_free(q);
    }
}
END_TEST

Suite *suite_evq(void)
{
    Suite *s = suite_create("evq");
    TCase *c = tcase_create("order");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, wheel_pops_as_the_heap_in_a_hold_model, 0,
                        GAP_FAR + 1);
    tcase_add_loop_test(c, wheel_pops_as_the_heap_in_a_random_mix, 0, 20);
    tcase_add_test(c, sequence_numbers_taken_earlier_keep_their_place);
    tcase_add_test(c, many_entries_of_one_time_stay_cheap_and_in_order);
    tcase_add_test(c, nothing_is_popped_beyond_the_limit);
    tcase_add_test(c, sweeping_removes_what_is_not_wanted);
    tcase_add_test(c, an_entry_costs_at_most_20_bytes_among_many);
    suite_add_tcase(s, c);
    return s;
}
