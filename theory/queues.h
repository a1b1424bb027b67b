/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Closed forms of queueing theory: what a simulation of these systems must
 * give. Rates are per second, times in seconds, `load` is the offered load in
 * erlangs (arrival rate times mean service). All systems are in steady state;
 * arrivals are Poisson unless said. O(capacity) or better.
 *
 * Sources, named at each formula in queues.c: Kleinrock, Queueing Systems I
 * (1975); Gross and Harris, Fundamentals of Queueing Theory (1985); Erlang
 * (1917); Pollaczek (1930) and Khinchine (1932); Kelly, Reversibility and
 * Stochastic Networks (1979); Cao, Andersson, Nyberg and Kihl, Web Server
 * Performance Modeling Using an M/G/1/K*PS Queue (ICT 2003); Hunter,
 * Mathematical Techniques of Applied Probability II (1983). */
#ifndef THEORY_QUEUES_H
#define THEORY_QUEUES_H

/* What is known of a system. Times are those of customers who are let in. */
struct queue_figures {
    double lost;     /* share of arrivals turned away */
    double rate;     /* customers served per second */
    double wait;     /* mean time before service */
    double response; /* mean time in the system */
    double square;   /* mean of the square of the time in the system, first
                        come first served; NAN where it is not known */
    double busy;     /* mean number of busy servers */
    double number;   /* mean number in the system */
    double delayed;  /* share of customers who have to wait */
};

/* Share of calls lost by C lines at LOAD (M/G/c/c, any law of service), and
 * share of customers delayed by C < LOAD servers (M/M/c). */
double erlang_b(int c, double load);
double erlang_c(int c, double load);

/* M/M/c/K: C servers, at most ROOM >= C customers in the system; ROOM 0: no
 * limit (M/M/c, RATE * SERVICE < C). */
void queue_mmck(double rate, double service, int c, int room,
                struct queue_figures *f);

/* Share of the customers let in who wait longer than T there, first come first
 * served. */
double queue_mmck_late(double rate, double service, int c, int room, double t);

/* The time below which the share P of responses of M/M/1 lies. */
double queue_mm1_quantile(double rate, double service, double p);

/* M/G/1, first come first served: mean and variance of the service. */
void queue_mg1(double rate, double mean, double variance,
               struct queue_figures *f);

/* M/G/1 with processor sharing, at most ROOM customers (0: no limit). The law
 * of service does not matter. */
void queue_mg1_ps(double rate, double mean, int room, struct queue_figures *f);

/* M/G/infinity: `number` has the law of Poisson, so its variance is the same.
 */
void queue_mg_inf(double rate, double mean, struct queue_figures *f);

/* The machine repairman: N customers who think (any law, mean THINK) and are
 * served by C servers (exponential). */
void queue_repairman(int n, double think, double service, int c,
                     struct queue_figures *f);

/* Geo/Geo/1 on a lattice: in each slot one arrives with probability A and the
 * one in service leaves with probability B > A. Mean number behind each slot,
 * when departures come before arrivals of the same instant, and the other way
 * round. */
double queue_geo1_departures_first(double a, double b);
double queue_geo1_arrivals_first(double a, double b);

#endif
