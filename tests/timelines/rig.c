/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/timelines/rig.h"

#include "config/reader.h"
#include "sim/must.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- clients ---- */

static void go(void *ctx, uint32_t unused);

static void ask(struct guest *g)
{
    g->asking = true;
    g->sent++;
    g->t_sent = sim_now(g->rig->sim);
    net_send(g->rig->srv, g->conn, &g->d);
}

/* The connection is over: another one, at this instant, or the end. */
static void over(struct guest *g)
{
    g->lost += g->asking;
    g->open = g->asking = false;
    sim_timer_disarm(g->rig->sim, &g->timer);
    if (g->opened < (g->connections ? g->connections : 1))
        sim_timer_arm(g->rig->sim, &g->timer, sim_now(g->rig->sim));
}

static void hang_up(struct guest *g)
{
    net_close(g->rig->srv, g->conn);
    over(g);
}

static void go(void *ctx, uint32_t unused)
{
    struct guest *g = ctx;
    (void)unused;
    if (g->open) {
        ask(g);
        return;
    }
    g->open = true;
    g->opened++;
    g->on_this = 0;
    g->t_connected = g->t_tls = g->t_sent = g->t_first_byte = g->t_done =
        g->t_closed = g->t_failed = SIM_NEVER;
    g->conn = net_connect(g->rig->srv, g->rig->population,
                          (uint32_t)g->timer.id, &g->link);
}

static void leave(void *ctx, uint32_t unused)
{
    struct guest *g = ctx;
    (void)unused;
    g->connections = g->opened;
    if (g->open)
        hang_up(g);
}

static struct guest *guest_at(void *ctx, uint32_t client)
{
    struct rig *r = ctx;
    return r->guests[client];
}

static void may_ask(struct guest *g, simtime_t pause)
{
    if (g->silent)
        return;
    if (pause == 0)
        ask(g);
    else
        sim_timer_arm(g->rig->sim, &g->timer, sim_now(g->rig->sim) + pause);
}

static void on_connected(void *ctx, uint32_t client)
{
    struct guest *g = guest_at(ctx, client);
    g->connected++;
    g->t_connected = sim_now(g->rig->sim);
    if (!g->link.tls)
        may_ask(g, g->wait);
}

static void on_tls(void *ctx, uint32_t client)
{
    struct guest *g = guest_at(ctx, client);
    g->tls++;
    g->t_tls = sim_now(g->rig->sim);
    may_ask(g, g->wait);
}

static void on_failed(void *ctx, uint32_t client, enum req_err why)
{
    struct guest *g = guest_at(ctx, client);
    g->failed++;
    g->why = why;
    g->t_failed = sim_now(g->rig->sim);
    over(g);
}

static void on_first_byte(void *ctx, uint32_t client)
{
    struct guest *g = guest_at(ctx, client);
    g->t_first_byte = sim_now(g->rig->sim);
}

static void on_response(void *ctx, uint32_t client, int status, bool close,
                        int64_t bytes)
{
    struct guest *g = guest_at(ctx, client);
    g->answered++;
    g->on_this++;
    g->asking = false;
    g->status = status;
    g->rejected += status != 200;
    g->close = close;
    g->bytes += bytes;
    g->t_done = sim_now(g->rig->sim);
    if (close) /* the server's FIN follows */
        return;
    if (g->on_this < (g->requests ? g->requests : 1))
        may_ask(g, g->think);
    else if (!g->hold)
        hang_up(g);
}

static void on_server_close(void *ctx, uint32_t client, enum net_end how,
                            int64_t bytes)
{
    struct guest *g = guest_at(ctx, client);
    g->closed++;
    g->how = how;
    g->cut_bytes = bytes;
    g->t_closed = sim_now(g->rig->sim);
    over(g);
}

struct guest *rig_add(struct rig *r, const struct guest *script)
{
    if (r->nguests == r->cap) {
        r->cap = r->cap ? 2 * r->cap : 64;
        r->guests = must_realloc(r->guests, r->cap, sizeof *r->guests);
    }
    uint32_t id = r->nguests++;
    struct guest *g = r->guests[id] = must_alloc(sizeof *g);
    *g = *script;
    g->rig = r;
    g->t_connected = g->t_tls = g->t_sent = g->t_first_byte = g->t_done =
        g->t_closed = g->t_failed = SIM_NEVER;
    if (g->d.head == 0)
        g->d.head = 256;
    sim_timer_init(r->sim, &g->timer, go, g, id);
    sim_timer_init(r->sim, &g->leaver, leave, g, id);
    sim_timer_arm(r->sim, &g->timer, g->at);
    if (g->leave)
        sim_timer_arm(r->sim, &g->leaver, g->leave);
    return g;
}

uint32_t rig_crowd(struct rig *r, int n, simtime_t step,
                   const struct guest *script)
{
    uint32_t first = r->nguests;
    struct guest g = *script;
    for (int i = 0; i < n; i++, g.at += step)
        rig_add(r, &g);
    return first;
}

void rig_ask(struct guest *g, const struct demand *d)
{
    g->d = *d;
    ask(g);
}

/* ---- listening ---- */

static void message(void *ctx, simtime_t t, const char *module,
                    const char *level, const char *code, const char *text)
{
    struct rig *r = ctx;
    (void)module;
    (void)level;
    if (r->nnotes == RIG_NOTES)
        return;
    r->notes[r->nnotes].t = t;
    snprintf(r->notes[r->nnotes].code, sizeof r->notes[0].code, "%s", code);
    snprintf(r->notes[r->nnotes].text, sizeof r->notes[0].text, "%s", text);
    r->nnotes++;
}

static void logged(void *ctx, simtime_t d)
{
    struct rig *r = ctx;
    r->logged++;
    r->last_logged = d;
}

/* P-3, W-9, E-3, counted independently of the models. */
static int64_t count_idle(const struct server *s)
{
    int64_t idle = 0;
    for (int64_t i = 0; i < s->nslots; i++) {
        uint32_t id = s->pslots[i].child;
        if (id == NONE || child_at(s, id)->quiescing ||
            child_at(s, id)->not_accepting)
            continue;
        for (uint32_t j = 0; j < s->per_child; j++) {
            uint8_t st = s->cells[(size_t)i * s->per_child + j];
            idle += st <= SLOT_READY && (s->per_child > 1 || st != SLOT_DEAD);
        }
    }
    return idle;
}

static void on_maintenance(struct server *s)
{
    struct rig *r = s->obs->ctx;
    if (r->nticks < RIG_TICKS) {
        r->ticks[r->nticks].t = sim_now(s->sim);
        r->ticks[r->nticks++].idle = count_idle(s);
    }
    r->real->on_maintenance(s);
}

static void on_writable(struct server *s, uint32_t conn)
{
    struct rig *r = s->obs->ctx;
    r->writable++;
    r->real->on_writable(s, conn);
}

/* ---- life ---- */

void rig_set(struct rig *r, const char *text)
{
    while (*text) {
        char name[64], value[128];
        size_t n = strcspn(text, " ");
        must(n < sizeof name && text[n]);
        memcpy(name, text, n);
        name[n] = '\0';
        text += n + 1;
        n = strcspn(text, "\n");
        must(n < sizeof value);
        memcpy(value, text, n);
        value[n] = '\0';
        text += n + (text[n] == '\n');
        struct err e;
        err_init(&e);
        int d = directive_find(name, NULL);
        if (d < 0 || !directives_set(&r->dirs, (enum directive)d, value, true,
                                     false, NULL, 0, 0, r->arena, &e)) {
            fprintf(stderr, "%s %s: %s\n", name, value, e.text);
            must(0 && "the rig's configuration");
        }
    }
}

void rig_real_host(struct rig *r)
{
    struct reader own = { .arena = r->arena, .dir = "" };
    params_default(&own, machine_params, &r->conf.machine);
    params_default(&own, network_params, &r->conf.network);
}

struct rig *rig_new(const char *mpm, const char *text)
{
    struct rig *r = must_zalloc(1, sizeof *r);
    r->sim = sim_new(EVQ_WHEEL, 0);
    r->arena = arena_new();
    r->real = model_find(mpm);
    must(r->real);
    r->model = *r->real;
    r->model.on_maintenance = on_maintenance;
    if (r->model.on_writable)
        r->model.on_writable = on_writable;
    r->conf.name = mpm;
    r->conf.model = &r->model;
    r->conf.settings.version = HTTPD_BASELINE;
    r->conf.seed = 1;
    rig_real_host(r);
    host_ideal(&r->conf.machine, &r->conf.network);
    rig_set(r, text);
    r->obs.ctx = r;
    r->obs.message = message;
    r->obs.logged = logged;
    return r;
}

void rig_start(struct rig *r)
{
    struct settings_notes notes;
    struct err e;
    err_init(&e);
    bool tls = false;
    if (!settings_resolve(&r->dirs, r->model.kind, r->conf.settings.version,
                          (int)r->conf.machine.cpus, tls, r->arena,
                          &r->conf.settings, &notes, &e)) {
        fprintf(stderr, "%s\n", e.text);
        must(0 && "the rig's settings");
    }
    r->srv = server_new(r->sim, &r->conf, &r->obs);
    r->face = (struct net_client){
        .ctx = r,
        .on_connected = on_connected,
        .on_tls = on_tls,
        .on_failed = on_failed,
        .on_first_byte = on_first_byte,
        .on_response = on_response,
        .on_server_close = on_server_close,
    };
    r->population = net_register(r->srv, &r->face);
}

void rig_free(struct rig *r)
{
    for (uint32_t i = 0; i < r->nguests; i++) {
        sim_timer_done(r->sim, &r->guests[i]->timer);
        sim_timer_done(r->sim, &r->guests[i]->leaver);
        free(r->guests[i]);
    }
    free(r->guests);
    server_free(r->srv);
    sim_free(r->sim);
    arena_free(r->arena);
    free(r);
}

void rig_run(struct rig *r, simtime_t t)
{
    simtime_t step = 100 * SIM_MS, at = sim_now(r->sim);
    if (t < at)
        return;
    do {
        at += step - at % step;
        (void)sim_run(r->sim, at < t ? at : t, NULL);
        server_check(r->srv);
    } while (at < t);
}

/* ---- looking ---- */

int64_t rig_children(const struct rig *r)
{
    return r->srv->live_children;
}

int64_t rig_slot(const struct rig *r, enum slot_state st)
{
    return r->srv->counts[st];
}

int64_t rig_idle(const struct rig *r, int n)
{
    must(n >= 1 && n <= r->nticks);
    return r->ticks[n - 1].idle;
}

int64_t rig_rate(const struct rig *r)
{
    return r->srv->buckets[0].rate;
}

int rig_logged(const struct rig *r, const char *code)
{
    int n = 0;
    for (int i = 0; i < r->nnotes; i++)
        n += strcmp(r->notes[i].code, code) == 0;
    return n;
}

simtime_t rig_first(const struct rig *r, const char *code)
{
    for (int i = 0; i < r->nnotes; i++)
        if (strcmp(r->notes[i].code, code) == 0)
            return r->notes[i].t;
    return SIM_NEVER;
}

int rig_began(const struct rig *r, simtime_t t)
{
    int n = 0;
    for (uint32_t i = 0; i < r->nguests; i++) {
        const struct guest *g = r->guests[i];
        n += g->t_done != SIM_NEVER && g->t_done - g->d.sleep == t;
    }
    return n;
}

int rig_connected(const struct rig *r, simtime_t t)
{
    int n = 0;
    for (uint32_t i = 0; i < r->nguests; i++)
        n += r->guests[i]->t_connected == t;
    return n;
}

int64_t rig_answered(const struct rig *r)
{
    int64_t n = 0;
    for (uint32_t i = 0; i < r->nguests; i++)
        n += r->guests[i]->answered;
    return n;
}

int64_t rig_open(const struct rig *r)
{
    int64_t n = 0;
    for (uint32_t i = 0; i < r->nguests; i++)
        n += r->guests[i]->open;
    return n;
}

bool rig_is_empty(const struct rig *r)
{
    return r->srv->conns.live == 0 && r->srv->txns.live == 0 &&
           r->srv->links.live == 0;
}
