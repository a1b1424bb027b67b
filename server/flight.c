/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a response takes on its way when the client reads as fast as it can
 * (K-24): round trips, each with as much as congestion window, receive window
 * and send buffer allow. A connection has a record of its windows once it has
 * sent something that makes them grow. */
#include "server/flight.h"

#include "server/inside.h"

#include <math.h>
#include <stdlib.h>

#define HEADERS     52    /* IP, TCP with time stamps */
#define FIRST_RWND  65535 /* without scaling, in the SYN-ACK's answer */
#define FIXED_SHARE 0.9   /* payload of a fixed buffer, measured (K-24) */
#define WIN_SHARE   0.85  /* of SO_RCVBUF, under way, measured (K-24) */
#define TICKETS     2     /* segments of TLS 1.3's session tickets */
#define STEADY      1000  /* round trips after which nothing changes */
#define MIN_RTO     (200 * SIM_MS)

struct flight {
    uint32_t cwnd; /* segments; 0: no record */
    double rwnd;   /* bytes */
    simtime_t last;
};

static double segment(const struct server *s)
{
    int64_t n = s->conf.network.mtu - HEADERS;
    return n > 1 ? (double)n : 1;
}

void flight_init(struct server *s)
{
    simtime_t rtt = s->conf.network.rtt;
    s->one_flight =
        rtt > 0 ? (int64_t)(segment(s) * (FLIGHT_CWND - TICKETS)) : INT64_MAX;
    double rate =
        WIN_SHARE * (double)s->conf.network.client_rcvbuf / simtime_to_s(rtt);
    s->window_rate = rtt > 0 ? (float)rate : HUGE_VALF;
}

void flight_free(struct server *s)
{
    free(s->flights);
}

void flight_forget(struct server *s, uint32_t conn)
{
    if (conn < s->flight_cap)
        s->flights[conn].cwnd = 0;
}

static struct flight unused(simtime_t now)
{
    return (struct flight){ FLIGHT_CWND, FIRST_RWND, now };
}

static struct flight *record(struct server *s, uint32_t conn)
{
    s->flights =
        conn_table(s, s->flights, &s->flight_cap, sizeof *s->flights, conn);
    struct flight *f = &s->flights[conn];
    if (f->cwnd == 0)
        *f = unused(now_of(s));
    return f;
}

/* tcp_output.c, tcp_cwnd_restart: half for every time-out without a word, up
 * to NOW. */
static void restart(const struct server *s, struct flight *f, simtime_t now)
{
    simtime_t rto = MIN_RTO + s->conf.network.rtt;
    simtime_t idle = now - f->last;
    while (s->conf.network.tcp_slow_start_after_idle && idle > rto &&
           f->cwnd > FLIGHT_CWND) {
        idle -= rto;
        f->cwnd /= 2;
    }
    if (f->cwnd < FLIGHT_CWND)
        f->cwnd = FLIGHT_CWND;
}

void flight_small(struct server *s, uint32_t conn)
{
    if (conn >= s->flight_cap || s->flights[conn].cwnd == 0)
        return;
    restart(s, &s->flights[conn], now_of(s));
    s->flights[conn].last = now_of(s);
}

/* What the send buffer takes: with the window, and half a round behind it. */
static double buffer(const struct server *s, uint32_t before, uint32_t cwnd)
{
    if (s->conf.network.send_capacity)
        return (double)s->conf.network.send_capacity;
    if (s->set->send_buffer)
        return FIXED_SHARE * 2 * (double)s->set->send_buffer;
    double most = (double)s->conf.network.tcp_wmem_default;
    return fmin(most, FLIGHT_SEGMENT * ((double)before + (double)cwnd));
}

double flight_buffer(const struct server *s, double window)
{
    return FLIGHT_SEGMENT * 2 * 2 * ceil(window / segment(s));
}

/* OUT bytes of CONN, from NOW on, with the windows F. FIRST: nothing has been
 * answered before. */
static struct flights travel(const struct server *s, uint32_t conn, bool first,
                             int64_t out, int64_t enough, simtime_t now,
                             struct flight *f)
{
    const struct conn *c = conn_at(s, conn);
    const struct txn *t = conn_txn(s, conn);
    restart(s, f, now);
    double mss = segment(s), acked = 0, last = 0, rest;
    double head = fmin(mss, (double)s->conf.machine.response_head);
    double all = (double)out;
    if (c->flags & CF_TLS && first)
        all += TICKETS * mss; /* sent just before, not acknowledged yet */
    else if (!t->d.file && !(c->flags & CF_TLS))
        all += mss - head; /* the head goes alone */
    struct flights r = { 0, 0, 0 };
    bool taken = false, taken_enough = false;
    uint32_t before = f->cwnd;
    for (uint32_t k = 0;; k++) {
        double room = acked + buffer(s, before, f->cwnd);
        before = f->cwnd;
        if (!taken_enough && room >= (double)enough) {
            taken_enough = true;
            r.enough = k;
        }
        if (!taken && room >= (double)out) {
            taken = true;
            r.taken = k;
        }
        rest = all - acked;
        double sent = fmin(fmin((double)f->cwnd * mss, f->rwnd),
                           fmin(rest, taken ? rest : room - acked));
        /* tcp_is_cwnd_limited: a window that is not used does not grow */
        if (sent > (double)f->cwnd * mss / 2)
            f->cwnd += (uint32_t)ceil(sent / mss);
        /* tcp_rcv_space_adjust: twice what came in a round trip, when the
         * next one has shown it */
        f->rwnd = fmax(f->rwnd, 2 * last);
        last = sent;
        acked += sent;
        r.read = k;
        if (acked >= all - mss / 2)
            break;
        if (k == STEADY) { /* a tiny buffer: it stays as it is */
            uint32_t left = (uint32_t)((all - acked) / sent);
            r.read += left;
            r.taken = taken ? r.taken : r.read;
            r.enough = taken_enough ? r.enough : r.read;
            break;
        }
    }
    f->last = now + r.read * s->conf.network.rtt;
    return r;
}

struct flights flight_send(struct server *s, uint32_t conn, int64_t out,
                           int64_t enough)
{
    struct flight *f = record(s, conn);
    bool first = conn_at(s, conn)->served <= 1;
    return travel(s, conn, first, out, enough, now_of(s), f);
}

simtime_t flight_hold(const struct server *s, uint32_t conn, int64_t out,
                      simtime_t now)
{
    bool known = conn < s->flight_cap && s->flights[conn].cwnd > 0;
    struct flight f = known ? s->flights[conn] : unused(now);
    bool first = conn_at(s, conn)->served == 0;
    return travel(s, conn, first, out, out, now, &f).taken *
           s->conf.network.rtt;
}
