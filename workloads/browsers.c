/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Browsers that look at one page after the other. A page is a document and the
 * objects in it. The document comes on an open connection, or else on a new
 * one; then the objects are fetched over all open connections and new ones, up
 * to `connections` at a time, each taking the next object when it is free.
 * When the last has come, the reader thinks; connections stay open until the
 * server closes them, and the next document goes over the one that was busy
 * last. With the document a browser may open a second connection in advance
 * (`preconnect`), which stays silent unless the page has objects for it: an
 * httpd of prefork or worker keeps a worker for it meanwhile.
 *
 * A connection is a client of client.h; its key is its place among those of
 * all browsers plus a multiple of their number, new each time it is opened. */
#include <math.h>
#include <stdlib.h>

#include "sim/must.h"
#include "workloads/traffic.h"
#include "workloads/workload.h"

#define MAX_LANES 16

struct browsers_conf {
    struct traffic traffic; /* of documents */
    struct dist object_service, object_bytes, objects, think;
    bool object_file;
    int64_t clients, connections;
    double preconnect;
    simtime_t parse, spread;
};

/* A connection of a browser. */
struct lane {
    uint32_t key, id;
    bool open;             /* it is a client */
    bool idle;             /* it holds its connection and has nothing to send */
    bool advance;          /* opened in advance, and not used yet */
    uint32_t page, object; /* its request: object 0 is the document */
};

struct browser {
    uint32_t page;    /* number of the page, from 0 */
    uint32_t objects; /* of it, */
    uint32_t given;   /* given to connections, */
    uint32_t done;    /* and ended; all without the document */
};

struct browsers_state {
    struct traffic_streams streams;
    struct rng begin;
    uint64_t objects;
    struct clients *cl;
    struct sim *sim;
    struct browser *browser;
    struct lane *lane;  /* connections of each */
    uint32_t *next_key; /* of each lane */
};

#define AT(field) offsetof(struct browsers_conf, field)
/* clang-format off */
static const struct param params[] = {
    { "clients", PARAM_INT, AT(clients), NULL, 1, 1000000, NULL,
      "number of browsers" },
    { "objects", PARAM_DIST_REAL, AT(objects), "10", 0, 0, NULL,
      "objects of a page besides its document, rounded" },
    { "connections", PARAM_INT, AT(connections), "6", 1, MAX_LANES, NULL,
      "most connections of a browser at a time" },
    { "think", PARAM_DIST_TIME, AT(think), "10s", 0, 0, NULL,
      "time with a complete page until the next is asked for" },
    { "preconnect", PARAM_REAL, AT(preconnect), "0", 0, 1, NULL,
      "share of pages for which a second connection is opened in advance" },
    { "parse", PARAM_TIME, AT(parse), "20ms", 1, 9.2e18, NULL,
      "from the document's end to the first requests for objects" },
    { "spread", PARAM_TIME, AT(spread), "10s", 0, 9.2e18, NULL,
      "time over which the browsers begin" },
    { "object_service", PARAM_DIST_TIME, AT(object_service), "1ms", 0, 0, NULL,
      "as service, of objects" },
    { "object_bytes", PARAM_DIST_SIZE, AT(object_bytes), "20KiB", 0, 0, NULL,
      "as bytes, of objects" },
    { "object_file", PARAM_BOOL, AT(object_file), "true", 0, 0, NULL,
      "objects are files (sendfile)" },
    TRAFFIC_PARAMS(struct browsers_conf, traffic),
    { .name = NULL }
};
/* clang-format on */

static bool uses_tls(const void *conf, const void *shared)
{
    const struct browsers_conf *c = conf;
    (void)shared;
    return traffic_uses_tls(&c->traffic);
}

/* ---- finding things ---- */

static uint32_t lanes(const struct browsers_conf *c)
{
    return (uint32_t)(c->clients * c->connections);
}

static uint32_t place_of(const struct browsers_conf *c, uint32_t key)
{
    return key % lanes(c);
}

static uint32_t browser_of(const struct browsers_conf *c, uint32_t key)
{
    return place_of(c, key) / (uint32_t)c->connections;
}

static struct lane *lanes_of(const struct browsers_state *s,
                             const struct browsers_conf *c, uint32_t browser)
{
    return s->lane + (size_t)browser * (size_t)c->connections;
}

/* ---- pages ---- */

static uint32_t objects_of(const struct browsers_state *s,
                           const struct browsers_conf *c, uint32_t browser,
                           uint32_t page)
{
    struct rng r = rng_at(s->objects, browser, page);
    double n = floor(dist_draw(&c->objects, &r) + 0.5);
    return n < 1000000 ? (uint32_t)n : 1000000;
}

/* Opens the connection L of a browser at time T. */
static void open_lane(struct browsers_state *s, const struct browsers_conf *c,
                      struct lane *l, simtime_t t)
{
    uint32_t place = (uint32_t)(l - s->lane), step = lanes(c);
    uint32_t key = s->next_key[place];
    s->next_key[place] = key < UINT32_MAX - 2 * step ? key + step : place;
    l->key = key;
    l->idle = false;
    l->id = clients_add(s->cl, key, t);
    l->open = l->id != CLIENTS_NONE;
}

/* Gives the next object to L, whose turn it is. */
static void give(struct lane *l, struct browser *b)
{
    l->page = b->page;
    l->object = ++b->given;
    l->advance = false;
}

/* The document is there: other connections for its objects, but one, which
 * goes to the connection that asks. */
static void fetch_objects(struct browsers_state *s,
                          const struct browsers_conf *c, uint32_t browser,
                          const struct lane *own)
{
    struct browser *b = &s->browser[browser];
    struct lane *v = lanes_of(s, c, browser);
    simtime_t t = sim_now(s->sim) + c->parse;
    for (int fresh = 0; fresh < 2; fresh++) {
        for (int64_t i = 0; i < c->connections; i++) {
            struct lane *l = &v[i];
            if (b->given + 1 >= b->objects)
                return;
            if (l == own || (fresh ? l->open : !l->open || !l->idle))
                continue;
            if (fresh) {
                give(l, b);
                open_lane(s, c, l, t);
                if (!l->open) /* too late: as good as done */
                    b->done++;
            } else if (clients_wake(s->cl, l->id, t)) {
                give(l, b);
                l->idle = false;
            }
        }
    }
}

/* A connection in advance, with a page's document. */
static void preconnect(struct browsers_state *s, const struct browsers_conf *c,
                       uint32_t browser, simtime_t t)
{
    const struct browser *b = &s->browser[browser];
    struct lane *v = lanes_of(s, c, browser);
    if (c->preconnect <= 0 ||
        traffic_unit(&s->streams, browser, b->page + 2) >= c->preconnect)
        return;
    for (int64_t i = 0; i < c->connections; i++) {
        if (v[i].open && v[i].idle)
            return; /* there is one already */
    }
    for (int64_t i = 0; i < c->connections; i++) {
        if (!v[i].open) {
            v[i].advance = true;
            open_lane(s, c, &v[i], t);
            return;
        }
    }
}

/* The page B->page begins on L, at time T. */
static void begin_page(struct browsers_state *s, const struct browsers_conf *c,
                       uint32_t browser, struct lane *l, simtime_t t)
{
    struct browser *b = &s->browser[browser];
    b->objects = objects_of(s, c, browser, b->page);
    b->given = b->done = 0;
    l->page = b->page;
    l->object = 0;
    l->advance = l->idle = false;
    preconnect(s, c, browser, t);
}

/* ---- hooks ---- */

static void start(void *state, const void *conf, const void *shared,
                  struct clients *cl)
{
    struct browsers_state *s = state;
    const struct browsers_conf *c = conf;
    uint32_t n = lanes(c);
    (void)shared;
    traffic_start(&c->traffic, &s->streams, cl);
    s->streams.same = false; /* a document is not an object */
    s->objects = clients_base(cl, "objects");
    clients_stream(cl, "begin", &s->begin);
    s->cl = cl;
    s->sim = clients_sim(cl);
    s->browser = must_zalloc((size_t)c->clients, sizeof *s->browser);
    s->lane = must_zalloc(n, sizeof *s->lane);
    s->next_key = must_zalloc(n, sizeof *s->next_key);
    for (uint32_t i = 0; i < n; i++)
        s->next_key[i] = i;
    for (uint32_t i = 0; i < c->clients; i++) {
        struct lane *l = lanes_of(s, c, i);
        simtime_t t = c->traffic.from + (simtime_t)((double)c->spread *
                                                    (i + rng_unit(&s->begin)) /
                                                    (double)c->clients);
        open_lane(s, c, l, t);
        begin_page(s, c, i, l, t);
    }
}

static void stop(void *state)
{
    struct browsers_state *s = state;
    free(s->browser);
    free(s->lane);
    free(s->next_key);
}

/* A browser's connections share its link. */
static void link_of(void *state, const void *conf, const void *shared,
                    uint32_t client, struct link *link)
{
    const struct browsers_state *s = state;
    const struct browsers_conf *c = conf;
    (void)shared;
    traffic_link(&c->traffic, &s->streams, browser_of(c, client), link);
}

static void demand(const struct browsers_state *s,
                   const struct browsers_conf *c, uint32_t browser,
                   const struct lane *l, struct demand *d)
{
    struct traffic t = c->traffic;
    uint32_t n = l->page * 4096 + (l->object < 4095 ? l->object : 4095);
    if (l->object > 0) {
        t.service = c->object_service;
        t.bytes = c->object_bytes;
        t.file = c->object_file;
        t.upload = dist_constant(0);
    }
    traffic_demand(&t, &s->streams, browser, n, d);
}

/* What the connection L, which has ended its request, does next: false when
 * there is nothing for it. */
static bool go_on(struct browsers_state *s, const struct browsers_conf *c,
                  uint32_t browser, struct lane *l, simtime_t *think)
{
    struct browser *b = &s->browser[browser];
    *think = 0;
    if (l->object == 0) {
        *think = c->parse;
        fetch_objects(s, c, browser, l);
    } else {
        b->done++;
    }
    if (b->given < b->objects) {
        give(l, b);
        return true;
    }
    if (b->done < b->objects)
        return false;
    b->page++;
    *think = traffic_think(&c->think, &s->streams, browser, b->page);
    begin_page(s, c, browser, l,
               *think < SIM_NEVER - sim_now(s->sim) ? sim_now(s->sim) + *think
                                                    : SIM_NEVER);
    return true;
}

static bool next(void *state, const void *conf, const void *shared,
                 uint32_t client, uint32_t n, struct demand *d,
                 simtime_t *think)
{
    struct browsers_state *s = state;
    const struct browsers_conf *c = conf;
    struct lane *l = &s->lane[place_of(c, client)];
    uint32_t browser = browser_of(c, client);
    (void)shared;
    if (d)
        demand(s, c, browser, l, d);
    if (!think)
        return true;
    if (l->advance || n == 0) {
        l->idle = l->advance;
        return !l->advance;
    }
    l->idle = !go_on(s, c, browser, l, think);
    return !l->idle;
}

static bool hold(void *state, const void *conf, const void *shared,
                 uint32_t client)
{
    (void)state;
    (void)conf;
    (void)shared;
    (void)client;
    return true;
}

static simtime_t patience(void *state, const void *conf, const void *shared,
                          uint32_t client, uint32_t n)
{
    const struct browsers_state *s = state;
    const struct browsers_conf *c = conf;
    (void)shared;
    return traffic_patience(&c->traffic, &s->streams, client, n);
}

static void ended(void *state, const void *conf, const void *shared,
                  struct clients *cl, uint32_t client)
{
    struct browsers_state *s = state;
    const struct browsers_conf *c = conf;
    struct lane *l = &s->lane[place_of(c, client)];
    (void)shared;
    (void)cl;
    if (l->key == client)
        l->open = l->idle = l->advance = false;
}

const struct workload workload_browsers = {
    .name = "browsers",
    .summary =
        "browsers that fetch pages of many objects over a few connections",
    .params = params,
    .conf_size = sizeof(struct browsers_conf),
    .uses_tls = uses_tls,
    .state_size = sizeof(struct browsers_state),
    .start = start,
    .link = link_of,
    .next = next,
    .hold = hold,
    .patience = patience,
    .watches = true,
    .ended = ended,
    .stop = stop,
};
