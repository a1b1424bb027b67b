/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The buffers of a transfer (K-15, K-19) against recorded transfers: a body of
 * SIZE from a 2.4.71 to a client with SO_RCVBUF 65536, and how much the client
 * had read when httpd was rid of it. Means over clients of 30 to 300 kB/s. */
#include "server/sockbuf.h"

#include <check.h>
#include <math.h>

#define RCVBUF 65536
#define KB     1000.0
/* One opening of the client's window. */
#define STEP (0.96 * RCVBUF)

struct recorded {
    double sndbuf; /* 2 x SendBufferSize, 0: not set */
    bool file;
    double size, drained; /* kB */
};

static const struct recorded transfers[] = {
    { 65536, false, 150, 0 },     { 65536, false, 225, 8 },
    { 65536, false, 300, 123 },   { 65536, false, 700, 601 },
    { 65536, false, 1000, 838 },  { 65536, false, 2000, 1908 },
    { 131072, false, 200, 0 },    { 131072, false, 225, 8 },
    { 131072, false, 275, 8 },    { 131072, false, 300, 125 },
    { 131072, false, 350, 123 },  { 131072, false, 400, 250 },
    { 131072, false, 500, 316 },  { 131072, false, 700, 507 },
    { 131072, false, 1000, 816 }, { 131072, false, 2000, 1822 },
    { 262144, false, 300, 0 },    { 262144, false, 400, 124 },
    { 262144, false, 500, 125 },  { 262144, false, 700, 440 },
    { 262144, false, 1000, 627 }, { 262144, false, 2000, 1721 },
    { 65536, true, 150, 0 },      { 65536, true, 225, 3 },
    { 65536, true, 300, 100 },    { 65536, true, 500, 365 },
    { 65536, true, 1000, 809 },   { 65536, true, 2000, 1810 },
    { 131072, true, 275, 5 },     { 131072, true, 300, 101 },
    { 131072, true, 400, 193 },   { 131072, true, 500, 262 },
    { 131072, true, 700, 467 },   { 131072, true, 1000, 786 },
    { 131072, true, 2000, 1758 }, { 262144, true, 300, 3 },
    { 262144, true, 400, 59 },    { 262144, true, 500, 214 },
    { 262144, true, 700, 358 },   { 262144, true, 1000, 668 },
    { 262144, true, 2000, 1654 }, { 0, false, 700, 3 },
    { 0, false, 1000, 129 },      { 0, false, 1500, 442 },
    { 0, false, 2000, 440 },      { 0, true, 700, 3 },
    { 0, true, 1000, 66 },        { 0, true, 1500, 148 },
    { 0, true, 2000, 662 },       { 0, true, 3000, 1712 },
    { 0, true, 4000, 2717 },      { 0, true, 6000, 4615 },
    { 0, true, 8000, 6860 },
};

static struct sockbuf of(double sndbuf, bool file)
{
    /* tcp_wmem_default */
    return sockbuf_of(RCVBUF, sndbuf > 0 ? sndbuf : 1600 * 1024, sndbuf <= 0,
                      file);
}

START_TEST(k19_recorded_transfers_are_met_to_a_step)
{
    const struct recorded *x = &transfers[_i];
    struct sockbuf b = of(x->sndbuf, x->file);
    double d = sockbuf_drained(&b, x->size * KB);
    double tol = x->sndbuf > 0 ? 1.07 * STEP : 3 * STEP;
    ck_assert_double_eq_tol(d, x->drained * KB,
                            fmax(tol, 0.05 * x->drained * KB));
}
END_TEST

/* Without SendBufferSize the steps are larger, and irregular. */
START_TEST(k19_a_large_body_goes_in_thirds_of_the_grown_buffer)
{
    static const double size[] = { 3000, 4000, 6000, 8000, 12000 };
    static const double drained[] = { 1410, 2600, 4175, 6574, 10170 };
    struct sockbuf b = of(0, false);
    for (int i = 0; i < 5; i++)
        ck_assert_double_eq_tol(sockbuf_drained(&b, size[i] * KB),
                                drained[i] * KB,
                                fmax(1600 * 1024 / 3.0, 0.2 * drained[i] * KB));
}
END_TEST

START_TEST(k15_wakeups_lead_from_nothing_to_all)
{
    static const double sndbuf[] = { 0, 32768, 131072, 262144, 4e6 };
    for (int i = 0; i < 10; i++) {
        struct sockbuf b = of(sndbuf[i / 2], i % 2);
        double at = 0, taken = sockbuf_taken(&b, 0);
        ck_assert_double_gt(taken, 0);
        for (int k = 0; k < 200; k++) {
            double next = sockbuf_next(&b, at);
            ck_assert_double_gt(next, at);
            ck_assert_double_le(next - at, sockbuf_longest(&b) + 1);
            /* nothing is taken between them */
            ck_assert(sockbuf_taken(&b, (at + next) / 2) == taken);
            at = next;
            ck_assert_double_ge(sockbuf_taken(&b, at), taken);
            taken = sockbuf_taken(&b, at);
            /* and it is the first at which so much has been */
            ck_assert_double_le(sockbuf_drained(&b, taken), at + 1);
            ck_assert_double_gt(
                sockbuf_taken(&b, sockbuf_drained(&b, taken + 2)), taken + 1);
        }
    }
}
END_TEST

/* What respond_with() relies on for small responses. */
START_TEST(k19_the_clients_buffer_always_fits)
{
    for (double rcv = 2048; rcv <= 1e9; rcv *= 3)
        for (double snd = 2048; snd <= 1e9; snd *= 3)
            for (int i = 0; i < 4; i++) {
                struct sockbuf b = sockbuf_of(rcv, snd, i & 1, i & 2);
                ck_assert(sockbuf_taken(&b, 0) >= rcv);
            }
}
END_TEST

START_TEST(k15_fixed_buffers_are_written_a_third_at_a_time)
{
    struct sockbuf b = sockbuf_fixed(65536);
    ck_assert(sockbuf_taken(&b, 0) == 65536);
    ck_assert(sockbuf_drained(&b, 65536) == 0);
    ck_assert(sockbuf_drained(&b, 65540) == 21845);
    ck_assert(sockbuf_next(&b, 21845) == 2 * 21845);
    ck_assert(sockbuf_longest(&b) == 21845);
}
END_TEST

Suite *suite_sockbuf(void);
Suite *suite_sockbuf(void)
{
    Suite *s = suite_create("sockbuf");
    TCase *t = tcase_create("buffers");
    tcase_add_loop_test(t, k19_recorded_transfers_are_met_to_a_step, 0,
                        sizeof transfers / sizeof transfers[0]);
    tcase_add_test(t, k19_a_large_body_goes_in_thirds_of_the_grown_buffer);
    tcase_add_test(t, k19_the_clients_buffer_always_fits);
    tcase_add_test(t, k15_wakeups_lead_from_nothing_to_all);
    tcase_add_test(t, k15_fixed_buffers_are_written_a_third_at_a_time);
    suite_add_tcase(s, t);
    return s;
}
