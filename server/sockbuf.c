/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/sockbuf.h"

#include <math.h>

/* Positions are sums of steps: a wake-up that is due has been reached. */
#define NEARLY 1.0

struct sockbuf sockbuf_fixed(int64_t capacity)
{
    double room = (double)capacity;
    return (struct sockbuf){
        .nearly = 1,
        .early = { { 0, room } },
        .room = room,
        .step = room > 3 ? floor(room / 3) : 1,
    };
}

static struct sockbuf from_file(double r, double snd, bool auto_tuned)
{
    struct sockbuf b = { .room = 2.14 * r + 0.76 * snd, .step = r / 2 };
    double at_first = b.room - (auto_tuned ? 0.38 * snd : 0);
    b.early[b.nearly++].taken = at_first + 0.54 * r;
    if (auto_tuned) {
        b.base = 2 * 0.96 * r;
        b.early[b.nearly].drained = b.base;
        b.early[b.nearly++].taken = b.base + b.room;
    }
    return b;
}

static struct sockbuf from_memory(double r, double snd, bool auto_tuned)
{
    double window = 0.96 * r; /* opens the client's window again */
    double third = fmax(1, round(snd / 3 / window));
    struct sockbuf b = { .room = r + 0.93 * snd,
                         .base = (auto_tuned ? 7 : 2) * window,
                         .step = third * window };
    double at_first = b.room - (auto_tuned ? 0.465 * snd : 0);
    b.early[b.nearly++].taken = at_first + 0.46 * r;
    if (snd / 3 <= 1.07 * r) { /* the first opening frees a third */
        b.early[b.nearly].drained = r / 8;
        b.early[b.nearly++].taken = at_first + 1.63 * r;
    }
    b.early[b.nearly].drained = 2 * window;
    b.early[b.nearly++].taken = 2 * window + at_first + 1.3 * r;
    return b;
}

struct sockbuf sockbuf_of(double rcvbuf, double sndbuf, bool auto_tuned,
                          bool file)
{
    return file ? from_file(rcvbuf, sndbuf, auto_tuned)
                : from_memory(rcvbuf, sndbuf, auto_tuned);
}

double sockbuf_taken(const struct sockbuf *b, double drained)
{
    double taken = 0;
    for (int i = 0; i < b->nearly; i++)
        if (b->early[i].drained <= drained + NEARLY)
            taken = b->early[i].taken;
    if (drained + NEARLY >= b->base) {
        double steps = floor((drained + NEARLY - b->base) / b->step);
        taken = fmax(taken, b->base + steps * b->step + b->room);
    }
    return taken;
}

double sockbuf_drained(const struct sockbuf *b, double bytes)
{
    for (int i = 0; i < b->nearly; i++)
        if (b->early[i].taken >= bytes - NEARLY)
            return b->early[i].drained;
    double steps = ceil((bytes - NEARLY - b->room - b->base) / b->step);
    return b->base + fmax(steps, 0) * b->step;
}

double sockbuf_next(const struct sockbuf *b, double drained)
{
    for (int i = 0; i < b->nearly; i++)
        if (b->early[i].drained > drained + NEARLY)
            return b->early[i].drained;
    if (b->base > drained + NEARLY)
        return b->base;
    double steps = floor((drained + NEARLY - b->base) / b->step);
    return b->base + (steps + 1) * b->step;
}

double sockbuf_longest(const struct sockbuf *b)
{
    double longest = b->step, at = 0;
    for (int i = 0; i < b->nearly; i++) {
        longest = fmax(longest, b->early[i].drained - at);
        at = b->early[i].drained;
    }
    return fmax(longest, b->base - at);
}
