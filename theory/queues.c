/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "theory/queues.h"

#include "sim/must.h"

#include <math.h>

/* Erlang (1917), by the recursion on the number of lines, which neither
 * overflows nor cancels. */
double erlang_b(int c, double load)
{
    double b = 1;
    for (int n = 1; n <= c; n++)
        b = load * b / (n + load * b);
    return b;
}

/* Erlang (1917), from Erlang B (Kleinrock, chapter 3). */
double erlang_c(int c, double load)
{
    double b = erlang_b(c, load);
    return b / (1 - load / c * (1 - b));
}

/* Kleinrock, chapter 3; Gross and Harris, chapter 2. A customer who waits does
 * so for an exponential time of rate c mu - lambda. */
static void mmc(double rate, double service, int c, struct queue_figures *f)
{
    double load = rate * service, drain = c / service - rate;
    must(drain > 0);
    double delayed = erlang_c(c, load);
    *f = (struct queue_figures){
        .rate = rate, .wait = delayed / drain, .busy = load, .delayed = delayed
    };
    f->response = f->wait + service;
    f->number = rate * f->response;
    f->square = 2 * delayed / (drain * drain) + 2 * f->wait * service +
                2 * service * service;
}

/* The birth-death chain of M/M/c/K (Gross and Harris, chapter 2):
 * p(n) up to a factor, scaled so that no term overflows. */
struct chain {
    double p; /* of n, relative to the state of n = 0 */
    double load;
    int c, n;
};

static void chain_step(struct chain *k)
{
    k->n++;
    k->p *= k->load / (k->n < k->c ? k->n : k->c);
}

void queue_mmck(double rate, double service, int c, int room,
                struct queue_figures *f)
{
    if (room == 0) {
        mmc(rate, service, c, f);
        return;
    }
    must(room >= c && c >= 1);
    struct chain k = { .p = 1, .load = rate * service, .c = c };
    double turn = service / c; /* between two departures while all are busy */
    double sum = 0, number = 0, busy = 0, wait = 0, square = 0, delayed = 0;
    for (;;) {
        sum += k.p;
        number += k.p * k.n;
        busy += k.p * (k.n < c ? k.n : c);
        if (k.n >= c && k.n < room) { /* who comes now waits for ahead turns */
            double ahead = k.n - c + 1;
            delayed += k.p;
            wait += k.p * ahead * turn;
            square += k.p * ahead * (ahead + 1) * turn * turn;
        }
        if (k.n == room)
            break;
        chain_step(&k);
    }
    double in = sum - k.p; /* states that let a customer in */
    *f = (struct queue_figures){ .lost = k.p / sum,
                                 .rate = rate * in / sum,
                                 .wait = wait / in,
                                 .response = wait / in + service,
                                 .busy = busy / sum,
                                 .number = number / sum,
                                 .delayed = delayed / in };
    f->square = square / in + 2 * f->wait * service + 2 * service * service;
}

/* Who finds n >= c others waits for n - c + 1 departures, each exponential with
 * rate c mu: an Erlang law (Gross and Harris, chapter 2). */
double queue_mmck_late(double rate, double service, int c, int room, double t)
{
    double x = c * t / service;
    if (room == 0)
        return erlang_c(c, rate * service) * exp(-(c / service - rate) * t);
    struct chain k = { .p = 1, .load = rate * service, .c = c };
    double in = 0, late = 0;
    double term = exp(-x), tail = 0; /* P(n - c + 1 phases last beyond t) */
    for (; k.n < room; chain_step(&k)) {
        in += k.p;
        if (k.n < c)
            continue;
        if (k.n > c)
            term *= x / (k.n - c);
        tail += term;
        late += k.p * tail;
    }
    return late / in;
}

/* The time in M/M/1 is exponential with rate mu - lambda (Kleinrock,
 * chapter 5). */
double queue_mm1_quantile(double rate, double service, double p)
{
    return -log(1 - p) / (1 / service - rate);
}

/* Pollaczek (1930), Khinchine (1932); Kleinrock, chapter 5. */
void queue_mg1(double rate, double mean, double variance,
               struct queue_figures *f)
{
    double load = rate * mean;
    must(load < 1);
    *f = (struct queue_figures){
        .rate = rate,
        .wait = rate * (variance + mean * mean) / (2 * (1 - load)),
        .square = (double)NAN,
        .busy = load,
        .delayed = load,
    };
    f->response = f->wait + mean;
    f->number = rate * f->response;
}

/* Kelly (1979, chapter 3): the number in a processor-sharing queue is
 * geometric, whatever the law of service. With room for K: Cao et al. (2003),
 * equations for blocking and response of M/G/1/K*PS, here summed over the
 * truncated geometric law so that a load of 1 needs no case of its own. */
void queue_mg1_ps(double rate, double mean, int room, struct queue_figures *f)
{
    double load = rate * mean;
    if (room == 0) {
        must(load < 1);
        *f = (struct queue_figures){ .rate = rate,
                                     .response = mean / (1 - load),
                                     .busy = load,
                                     .number = load / (1 - load),
                                     .delayed = load };
    } else {
        double p = 1, sum = 0, number = 0;
        for (int n = 0; n <= room; n++) {
            sum += p;
            number += n * p;
            p *= n < room ? load : 1;
        }
        *f = (struct queue_figures){ .lost = p / sum,
                                     .rate = rate * (1 - p / sum),
                                     .busy = 1 - 1 / sum,
                                     .number = number / sum };
        f->response = f->number / f->rate; /* Little (1961) */
        f->delayed = (sum - 1 - p) / (sum - p);
    }
    f->wait = f->response - mean;
    f->square = (double)NAN;
}

/* Kleinrock, chapter 3, for exponential service; Takacs (1962) for any law. */
void queue_mg_inf(double rate, double mean, struct queue_figures *f)
{
    *f = (struct queue_figures){ .rate = rate,
                                 .response = mean,
                                 .square = (double)NAN,
                                 .busy = rate * mean,
                                 .number = rate * mean };
}

/* Gross and Harris, chapter 2 (finite source queues); the law of thinking does
 * not matter (Kelly 1979, chapter 3). */
void queue_repairman(int n, double think, double service, int c,
                     struct queue_figures *f)
{
    double p = 1, sum = 0, number = 0, busy = 0;
    for (int k = 0;; k++) {
        sum += p;
        number += p * k;
        busy += p * (k < c ? k : c);
        if (k == n)
            break;
        p *= (n - k) * service / think / (k + 1 < c ? k + 1 : c);
    }
    *f = (struct queue_figures){ .rate = busy / sum / service,
                                 .square = (double)NAN,
                                 .busy = busy / sum,
                                 .number = number / sum,
                                 .delayed = (double)NAN };
    f->response = f->number / f->rate;
    f->wait = f->response - service;
}

/* Hunter (1983, chapter 9), late arrivals with delayed access: one step up from
 * n has the weight a (1 - b) (from 0: a), one step down b (1 - a). */
double queue_geo1_departures_first(double a, double b)
{
    return a * (1 - a) / (b - a);
}

/* Hunter (1983, chapter 9), early arrivals: who arrives may leave in the same
 * slot. */
double queue_geo1_arrivals_first(double a, double b)
{
    return a * (1 - b) / (b - a);
}
