/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outputs/metrics.h"

#include "outputs/num.h"
#include "outputs/sink.h"
#include "sim/must.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The statistics look at the server at least this often, however long the
 * interval of series.csv is: a mean over 1 s samples of a burst is luck. */
#define LOOK_AT_LEAST (100 * SIM_MS)

/* Sums over the looks that fall into the window. */
struct window {
    int64_t looks;
    double accept_queue, busy, keepalive, reading, writing, processes, pss;
    int64_t full; /* looks without an idle worker, and what all do then */
    double full_keepalive, full_reading, full_writing;
    int64_t cpu_busy;
    int64_t few, held; /* looks at which connections wait all the same */
    int64_t accept_queue_peak, busy_peak, keepalive_peak, processes_peak;
    int64_t private_peak, pss_peak;
};

/* Since when all workers have been taken, over the whole run. */
struct onset {
    simtime_t first, from; /* SIM_NEVER: not yet, not now */
    int64_t looks, full;   /* since `from` */
};

/* Sums over the looks of one step of the curve. */
struct step {
    int64_t looks;
    double busy, keepalive, ready, processes, connections, pss, private;
    double offered, memory_full;
    int64_t accept_queue_peak;
    int64_t overflows, killed;               /* cumulative, at the last look */
    int64_t overflows_before, killed_before; /* at its beginning */
};

/* The block of steps that rates and latencies of the curve are for. */
struct block {
    uint64_t completions, errors; /* at its beginning */
    simtime_t since, length;      /* length: a multiple of the step's */
    struct hist latency;
};

struct metrics {
    struct sim *sim;
    struct metrics_opts o;
    struct observer observer;
    struct server *server; /* NULL before attach */
    struct sim_timer look, warm;
    simtime_t period;      /* between looks; interval is a multiple of it */
    simtime_t step_length; /* a multiple of interval */
    simtime_t row_since;   /* instant of the previous row */
    bool warmed, finished;

    struct sink series, events, requests, *backends;
    bool writing;

    uint64_t arrivals, completions, errors; /* cumulative: series.csv */
    uint64_t row_completions;               /* at the previous row */
    bool row_any;                           /* the interval has latencies */

    struct window w;
    double completed, errs[REQ_ERRS], failed;
    struct onset onset;
    struct snapshot base; /* at warm_up; zero when there is no warm-up */
    double cpu_at_window; /* cpu_s when the window begins */
    struct hist latency, latency_server, connect, row;

    struct summary_message message[SUMMARY_MESSAGES];
    size_t nmessages;

    struct step step;
    struct block block;
    struct curve_point *curve; /* CURVE_POINTS */
    size_t ncurve;

    struct settle_bin *bins;
    size_t nbins;

    struct request_record *records; /* with outputs.requests */
    size_t nrecords, cap;
};

static int64_t busy_of(const struct snapshot *n)
{
    return n->slots[SLOT_READING] + n->slots[SLOT_WRITING] +
           n->slots[SLOT_LOGGING];
}

/* -- what the observer hears ------------------------------------------------
 */

static void keep_record(struct metrics *m, const struct request_record *r)
{
    if (m->nrecords == m->cap) {
        m->cap = m->cap > 0 ? m->cap * 2 : 4096;
        m->records = must_realloc(m->records, m->cap, sizeof *m->records);
    }
    m->records[m->nrecords++] = *r;
}

/* Whether a request came to nothing. One whose kept-alive connection was
 * closed under it is sent again as attempt 1, and what becomes of that counts;
 * rows that are `skipped` or `unfinished` were never tried or cut off by the
 * end of the run. */
static bool is_failure(const struct request_record *r)
{
    return r->err != REQ_OK && r->err != REQ_SKIPPED &&
           r->err != REQ_UNFINISHED && (r->err != REQ_CLOSED || r->attempt > 0);
}

/* The bin of T, or NULL when it lies outside the run. */
static struct settle_bin *bin_of(struct metrics *m, simtime_t t)
{
    if (t < 0 || t >= m->o.duration || m->nbins == 0)
        return NULL;
    double share = (double)t / (double)m->o.duration;
    return &m->bins[(size_t)(share * (double)m->nbins)];
}

static void settle_request(struct metrics *m, const struct request_record *r)
{
    struct settle_bin *b = bin_of(m, r->t_done);
    if (b == NULL)
        return;
    b->completed++;
    b->latency += (double)(r->t_done - r->t_start);
}

static void settle_look(struct metrics *m, const struct snapshot *n)
{
    struct settle_bin *b = bin_of(m, sim_now(m->sim));
    if (b == NULL)
        return;
    b->looks++;
    b->inside +=
        (double)(busy_of(n) + n->slots[SLOT_KEEPALIVE] + n->accept_queue);
}

static void on_request(void *ctx, const struct request_record *r)
{
    struct metrics *m = ctx;
    simtime_t end = r->t_done != SIM_NEVER ? r->t_done : sim_now(m->sim);
    bool counts = end >= m->o.warm_up;

    if (r->err == REQ_OK) {
        m->completions++;
        hist_record(&m->row, r->t_done - r->t_start);
        m->row_any = true;
        settle_request(m, r);
        if (counts) {
            m->completed++;
            hist_record(&m->latency, r->t_done - r->t_start);
        }
    } else {
        m->errors += r->err != REQ_SKIPPED && r->err != REQ_UNFINISHED;
        if (counts) {
            m->errs[r->err]++;
            m->failed += is_failure(r);
        }
    }
    if (m->writing && m->o.requests)
        keep_record(m, r);
}

static void on_logged(void *ctx, simtime_t d)
{
    struct metrics *m = ctx;
    if (sim_now(m->sim) >= m->o.warm_up)
        hist_record(&m->latency_server, d);
}

static void on_connected(void *ctx, simtime_t d)
{
    struct metrics *m = ctx;
    if (sim_now(m->sim) >= m->o.warm_up)
        hist_record(&m->connect, d);
}

static void on_arrival(void *ctx)
{
    struct metrics *m = ctx;
    m->arrivals++;
}

/* Copies as much of FROM as fits, never half a UTF-8 character. */
static void copy_text(char *to, size_t size, const char *from)
{
    size_t n = strlen(from);
    if (n >= size) {
        n = size - 1;
        while (n > 0 && ((unsigned char)from[n] & 0xC0) == 0x80)
            n--;
    }
    memcpy(to, from, n);
    to[n] = '\0';
}

static void count_message(struct metrics *m, simtime_t t, const char *level,
                          const char *code, const char *text)
{
    struct summary_message *s = m->message;
    for (size_t i = 0; i < m->nmessages; i++, s++) {
        if (strcmp(s->code, code) == 0 &&
            (code[0] != '\0' || strcmp(s->text, text) == 0)) {
            s->count++;
            return;
        }
    }
    if (m->nmessages == SUMMARY_MESSAGES)
        return;
    m->nmessages++;
    copy_text(s->code, sizeof s->code, code);
    copy_text(s->level, sizeof s->level, level);
    copy_text(s->text, sizeof s->text, text);
    s->first_s = simtime_to_s(t);
    s->count = 1;
}

static void on_message(void *ctx, simtime_t t, const char *module,
                       const char *level, const char *code, const char *text)
{
    struct metrics *m = ctx;
    count_message(m, t, level, code, text);
    if (!m->writing)
        return;
    struct sink *s = &m->events;
    sink_time(s, t, 6);
    sink_char(s, ',');
    sink_text(s, module);
    sink_char(s, ',');
    sink_text(s, level);
    sink_char(s, ',');
    sink_text(s, code);
    sink_text(s, ",\"");
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '"')
            sink_char(s, '"');
        sink_char(s, *p);
    }
    sink_text(s, "\"\n");
}

/* -- series.csv -------------------------------------------------------------
 */

static const char series_header[] =
    "t_s,processes,processes_scoreboard,threads,slots_dead,slots_starting,"
    "slots_ready,slots_reading,slots_writing,slots_keepalive,slots_logging,"
    "slots_closing,slots_finishing,slots_idle_kill,processes_stopping,"
    "processes_not_accepting,async_connections,async_wait_io,async_writing,"
    "async_keepalive,async_closing,async_suspended,accept_queue,syn_queue,"
    "sockets_established,sockets_close_wait,sockets_closing,"
    "listen_overflows,listen_drops,cpu_s,rss_kib,pss_kib,private_dirty_kib,"
    "arrivals,completions,errors,throughput_rps,latency_p50_s,"
    "latency_p99_s\n";

static void cell(struct sink *s, int64_t v)
{
    sink_char(s, ',');
    sink_int(s, v);
}

static void cell_if(struct sink *s, bool have, int64_t v)
{
    sink_char(s, ',');
    if (have)
        sink_int(s, v);
}

/* The server's own columns. */
static void write_state(struct sink *s, const struct snapshot *n)
{
    static const enum slot_state slots[] = { SLOT_DEAD,     SLOT_STARTING,
                                             SLOT_READY,    SLOT_READING,
                                             SLOT_WRITING,  SLOT_KEEPALIVE,
                                             SLOT_LOGGING,  SLOT_CLOSING,
                                             SLOT_GRACEFUL, SLOT_IDLE_KILL };
    cell(s, n->processes);
    cell(s, n->processes_scoreboard);
    cell(s, n->threads);
    for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++)
        cell(s, n->slots[slots[i]]);
    cell(s, n->processes_stopping);
    cell(s, n->processes_not_accepting);
    cell_if(s, n->async, n->async_connections);
    cell_if(s, n->async, n->async_wait_io);
    cell_if(s, n->async, n->async_writing);
    cell_if(s, n->async, n->async_keepalive);
    cell_if(s, n->async, n->async_closing);
    cell_if(s, n->async, n->async_suspended);
    cell(s, n->accept_queue);
    cell(s, n->syn_queue);
    cell(s, n->established);
    cell(s, n->close_wait);
    cell(s, n->closing);
    cell(s, n->overflows);
    cell(s, n->drops);
    sink_char(s, ',');
    sink_time(s, simtime_from_s(n->cpu_s), 6);
    cell(s, (n->rss + 512) / 1024);
    cell(s, (n->pss + 512) / 1024);
    cell(s, (n->private_dirty + 512) / 1024);
}

static void write_row(struct metrics *m, const struct snapshot *n,
                      simtime_t now)
{
    static const double p[] = { 0.5, 0.99 };
    char buf[NUM_SIZE];
    struct sink *s = &m->series;
    double length = simtime_to_s(now - m->row_since);

    sink_text(s, num_time_exact(now, 3, buf));
    write_state(s, n);
    cell(s, (int64_t)m->arrivals);
    cell(s, (int64_t)m->completions);
    cell(s, (int64_t)m->errors);
    sink_char(s, ',');
    sink_stat(s, length > 0
                     ? (double)(m->completions - m->row_completions) / length
                     : 0);
    sink_char(s, ',');
    if (m->row_any) {
        simtime_t v[2];
        hist_quantiles(&m->row, p, v, 2);
        sink_stat(s, simtime_to_s(v[0]));
        sink_char(s, ',');
        sink_stat(s, simtime_to_s(v[1]));
    } else {
        sink_char(s, ',');
    }
    sink_char(s, '\n');
}

/* -- looking at the server --------------------------------------------------
 */

static void add_peak(int64_t *peak, int64_t v)
{
    if (v > *peak)
        *peak = v;
}

/* Whether all workers that may exist do, and none of them is idle. */
static bool all_taken(const struct metrics *m, const struct snapshot *n)
{
    int64_t taken = busy_of(n) + n->slots[SLOT_KEEPALIVE] +
                    n->slots[SLOT_CLOSING] + n->slots[SLOT_GRACEFUL] +
                    n->slots[SLOT_DNS];
    return n->slots[SLOT_READY] == 0 && n->slots[SLOT_STARTING] == 0 &&
           taken >= m->o.worker_limit && m->o.worker_limit > 0;
}

/* Begins to count anew whenever what has been counted is not lasting. */
static void look_for_onset(struct onset *o, simtime_t now, bool full)
{
    if (full && o->first == SIM_NEVER)
        o->first = now;
    if (full && o->from == SIM_NEVER) {
        o->from = now;
        o->looks = o->full = 0;
    }
    o->looks++;
    o->full += full;
    if ((double)o->full < SUMMARY_LASTING * (double)o->looks)
        o->from = SIM_NEVER;
}

/* One look inside the window. */
static void add_to_window(struct metrics *m, const struct snapshot *n)
{
    struct window *w = &m->w;
    int64_t busy = busy_of(n), kept = n->slots[SLOT_KEEPALIVE];

    w->looks++;
    w->accept_queue += (double)n->accept_queue;
    w->busy += (double)busy;
    w->keepalive += (double)kept;
    w->reading += (double)n->slots[SLOT_READING];
    w->writing += (double)n->slots[SLOT_WRITING];
    w->processes += (double)n->processes;
    w->pss += (double)n->pss;
    w->cpu_busy += n->cpu_busy;
    add_peak(&w->accept_queue_peak, n->accept_queue_peak);
    add_peak(&w->accept_queue_peak, n->accept_queue);
    add_peak(&w->busy_peak, busy);
    add_peak(&w->keepalive_peak, kept);
    add_peak(&w->processes_peak, n->processes);
    add_peak(&w->private_peak, n->private_dirty);
    add_peak(&w->pss_peak, n->pss);
    if (all_taken(m, n)) {
        w->full++;
        w->full_keepalive += (double)kept;
        w->full_reading += (double)n->slots[SLOT_READING];
        w->full_writing += (double)n->slots[SLOT_WRITING];
    } else if (n->accept_queue > 0 && n->slots[SLOT_READY] <= n->ready_gone) {
        w->few++;
    } else if (n->accept_queue > 0 && n->async &&
               n->processes_not_accepting > n->not_accepting_gone) {
        w->held++;
    }
}

static void add_to_step(struct step *st, const struct snapshot *n)
{
    int64_t conns = n->established + n->close_wait - n->accept_queue;
    st->looks++;
    st->busy += (double)busy_of(n);
    st->keepalive += (double)n->slots[SLOT_KEEPALIVE];
    st->ready += (double)n->slots[SLOT_READY];
    st->processes += (double)n->processes;
    st->connections += (double)(conns > 0 ? conns : 0);
    st->offered += (double)n->clients;
    st->memory_full += n->memory_full;
    st->overflows = n->overflows;
    st->killed = n->processes_killed;
    st->pss += (double)n->pss;
    st->private += (double)n->private_dirty;
    add_peak(&st->accept_queue_peak, n->accept_queue_peak);
    add_peak(&st->accept_queue_peak, n->accept_queue);
}

/* Fills in what C says of the block that ends at NOW; begins the next. */
static void end_block(struct metrics *m, struct curve_point *c, simtime_t now)
{
    struct block *b = &m->block;
    double length = simtime_to_s(now - b->since);

    if (length > 0) {
        c->throughput_rps = (double)(m->completions - b->completions) / length;
        c->errors_rps = (double)(m->errors - b->errors) / length;
    }
    if (hist_count(&b->latency) > 0) {
        static const double p[] = { 0.5, 0.99 };
        simtime_t v[2];
        hist_quantiles(&b->latency, p, v, 2);
        c->p50_s = simtime_to_s(v[0]);
        c->p99_s = simtime_to_s(v[1]);
        hist_reset(&b->latency);
    }
    b->since = now;
    b->completions = m->completions;
    b->errors = m->errors;
}

/* Ends the step of the curve at NOW and begins the next. LAST: the run ends. */
static void end_step(struct metrics *m, simtime_t now, bool last)
{
    struct step *st = &m->step;
    double n = (double)st->looks;

    if (st->looks > 0 && m->ncurve < CURVE_POINTS) {
        struct curve_point *c = &m->curve[m->ncurve++];
        *c = (struct curve_point){
            .t_s = simtime_to_s(now),
            .throughput_rps = (double)NAN,
            .errors_rps = (double)NAN,
            .p50_s = (double)NAN,
            .p99_s = (double)NAN,
            .busy = st->busy / n,
            .keepalive = st->keepalive / n,
            .ready = st->ready / n,
            .processes = st->processes / n,
            .connections = st->connections / n,
            .offered = st->offered / n,
            .overflows = (double)(st->overflows - st->overflows_before),
            .memory_full =
                st->killed > st->killed_before ? 1 : st->memory_full / n,
            .accept_queue = (double)st->accept_queue_peak,
            .pss_bytes = st->pss / n,
            .private_bytes = st->private / n,
        };
        /* t = 0 ends a block too, so that none mixes in the time before */
        if (now % m->block.length == 0 || last)
            end_block(m, c, now);
    }
    *st = (struct step){
        .overflows = st->overflows,
        .overflows_before = st->overflows,
        .killed = st->killed,
        .killed_before = st->killed,
    };
}

static void write_backend(struct metrics *m, size_t i, simtime_t now)
{
    char buf[NUM_SIZE];
    struct sink *s = &m->backends[i];
    struct backend_snapshot b;
    server_backend_snapshot(m->server, i, &b);
    sink_text(s, num_time_exact(now, 3, buf));
    cell(s, b.processes);
    cell(s, b.active);
    cell(s, b.idle);
    cell(s, b.queue);
    sink_char(s, '\n');
}

/* Ends the interval of series.csv at NOW. */
static void end_row(struct metrics *m, const struct snapshot *n, simtime_t now)
{
    if (m->writing && !n->ended)
        write_row(m, n, now);
    for (size_t i = 0; i < m->o.nbackends && m->writing; i++)
        write_backend(m, i, now);
    if (m->row_any) {
        hist_merge(&m->block.latency, &m->row);
        hist_reset(&m->row);
        m->row_any = false;
    }
    m->row_completions = m->completions;
    m->row_since = now;
}

static void on_look(void *ctx, uint32_t id)
{
    (void)id;
    struct metrics *m = ctx;
    simtime_t now = sim_now(m->sim);
    struct snapshot n;

    server_snapshot(m->server, &n);
    add_to_step(&m->step, &n);
    settle_look(m, &n);
    look_for_onset(&m->onset, now, all_taken(m, &n));
    if (now >= m->o.warm_up)
        add_to_window(m, &n);
    if (now % m->o.interval == 0)
        end_row(m, &n, now);
    if (now % m->step_length == 0)
        end_step(m, now, now == m->o.duration);
    if (now <= m->o.duration - m->period)
        sim_timer_arm(m->sim, &m->look, now + m->period);
}

/* The window begins. With a warm-up, what has been counted so far is not part
 * of it; without one, the counters include the start of the server. */
static void on_warm(void *ctx, uint32_t id)
{
    (void)id;
    struct metrics *m = ctx;
    struct snapshot n;
    server_snapshot(m->server, &n);
    add_peak(&m->step.accept_queue_peak, n.accept_queue_peak);
    m->cpu_at_window = n.cpu_s;
    if (m->o.warm_up > 0)
        m->base = n;
    m->warmed = true;
}

/* -- life -------------------------------------------------------------------
 */

static bool open_file(struct sink *s, const char *dir, const char *name,
                      const char *header, struct err *e)
{
    struct sink path;
    sink_string(&path);
    sink_format(&path, "%s/%s", dir, name);
    char *text = sink_take(&path);
    bool ok = sink_open(s, text, e);
    free(text);
    if (ok)
        sink_text(s, header);
    return ok;
}

static bool open_files(struct metrics *m, const char *dir, struct err *e)
{
    if (!open_file(&m->series, dir, "series.csv", series_header, e) ||
        !open_file(&m->events, dir, "events.csv",
                   "t_s,module,level,code,message\n", e))
        return false;
    for (size_t i = 0; i < m->o.nbackends; i++) {
        struct sink name;
        sink_string(&name);
        sink_format(&name, "backend-%s.csv", m->o.backends[i].name);
        char *text = sink_take(&name);
        bool ok = open_file(&m->backends[i], dir, text,
                            "t_s,processes,active,idle,queue\n", e);
        free(text);
        if (!ok)
            return false;
    }
    return !m->o.requests ||
           open_file(&m->requests, dir, "requests.csv",
                     "conn,req,attempt,t_sched,t_start,t_connected,t_tls,"
                     "t_sent,t_first_byte,t_done,bytes,status,close,err,"
                     "t_server_close\n",
                     e);
}

struct metrics *metrics_new(struct sim *s, const struct metrics_opts *opts,
                            struct err *e)
{
    struct metrics *m = must_zalloc(1, sizeof *m);
    m->sim = s;
    m->o = *opts;
    m->o.dir = NULL; /* not needed after this function */
    m->series.fd = m->events.fd = m->requests.fd = -1;
    m->backends = must_zalloc(opts->nbackends, sizeof *m->backends);
    for (size_t i = 0; i < opts->nbackends; i++)
        m->backends[i].fd = -1;
    m->onset.first = m->onset.from = SIM_NEVER;
    m->observer = (struct observer){
        .ctx = m,
        .request = on_request,
        .logged = on_logged,
        .connected = on_connected,
        .arrival = on_arrival,
        .message = on_message,
    };
    sim_timer_init(s, &m->look, on_look, m, 0);
    sim_timer_init(s, &m->warm, on_warm, m, 0);
    m->curve = must_zalloc(CURVE_POINTS, sizeof *m->curve);
    m->bins = must_zalloc(SETTLE_BINS, sizeof *m->bins);
    if (opts->dir != NULL) {
        m->writing = true;
        if (!open_files(m, opts->dir, e)) {
            metrics_free(m);
            return NULL;
        }
    }
    return m;
}

const struct observer *metrics_observer(struct metrics *m)
{
    return &m->observer;
}

/* The first multiple of STEP at or after T. */
static simtime_t ceil_to(simtime_t t, simtime_t step)
{
    simtime_t rest = t % step;
    return rest == 0 ? t : rest > 0 ? t - rest + step : t - rest;
}

void metrics_attach(struct metrics *m, struct server *srv)
{
    simtime_t interval = m->o.interval;
    int64_t parts = (interval + LOOK_AT_LEAST - 1) / LOOK_AT_LEAST;
    while (interval % parts != 0)
        parts++;
    m->server = srv;
    m->period = interval / parts;
    m->nbins = m->o.duration / m->period < SETTLE_BINS
                   ? (size_t)(m->o.duration / m->period)
                   : SETTLE_BINS;

    simtime_t first = ceil_to(m->o.start, interval);
    simtime_t now = sim_now(m->sim);
    while (first < now)
        first += interval;
    /* two steps fewer than there is room for: the first and the last may be
     * cut off by the grid */
    int64_t rows = (m->o.duration - first) / interval + 1;
    m->step_length =
        interval * ((rows + CURVE_POINTS - 3) / (CURVE_POINTS - 2));
    if (m->step_length < interval)
        m->step_length = interval;
    int64_t steps = (m->o.duration - first) / m->step_length + 1;
    m->block.length =
        m->step_length * ((steps + CURVE_BLOCKS - 1) / CURVE_BLOCKS);
    if (m->block.length < m->step_length)
        m->block.length = m->step_length;
    m->row_since = first - interval > now ? first - interval : now;
    m->block.since = m->row_since;
    if (first <= m->o.duration)
        sim_timer_arm(m->sim, &m->look, first);
    sim_timer_arm(m->sim, &m->warm, m->o.warm_up);
}

bool metrics_failed(const struct metrics *m)
{
    for (size_t i = 0; i < m->o.nbackends; i++)
        if (m->backends[i].error != 0)
            return true;
    return m->series.error != 0 || m->events.error != 0 ||
           m->requests.error != 0;
}

/* -- the end ----------------------------------------------------------------
 */

static int by_request(const void *a, const void *b)
{
    const struct request_record *x = a, *y = b;
#define BY(field)                                                              \
    if (x->field != y->field)                                                  \
    return x->field < y->field ? -1 : 1
    BY(conn);
    BY(req);
    BY(attempt);
    BY(workload);
    BY(t_sched);
#undef BY
    return 0;
}

static void write_requests(struct metrics *m)
{
    struct sink *s = &m->requests;
    if (m->nrecords > 0)
        qsort(m->records, m->nrecords, sizeof *m->records, by_request);
    for (size_t i = 0; i < m->nrecords && s->error == 0; i++) {
        const struct request_record *r = &m->records[i];
        const simtime_t t[] = { r->t_sched, r->t_start, r->t_connected,
                                r->t_tls,   r->t_sent,  r->t_first_byte,
                                r->t_done };
        sink_int(s, r->conn);
        cell(s, r->req);
        cell(s, r->attempt);
        for (size_t k = 0; k < sizeof t / sizeof t[0]; k++) {
            sink_char(s, ',');
            sink_time(s, t[k], 6);
        }
        cell(s, r->bytes);
        cell(s, r->status);
        cell(s, r->close);
        sink_char(s, ',');
        if (r->err != REQ_OK)
            sink_text(s, req_err_name[r->err]);
        sink_char(s, ',');
        sink_time(s, r->t_server_close, 6);
        sink_char(s, '\n');
    }
}

static double seconds_or_nan(simtime_t t)
{
    return t != SIM_NEVER ? simtime_to_s(t) : (double)NAN;
}

/* The server's part of the statistics; LAST is its state at the end. */
static void summarise_server(const struct metrics *m,
                             const struct snapshot *last, struct summary *out)
{
    const struct window *w = &m->w;
    const struct snapshot *b = &m->base;
    double n = w->looks > 0 ? (double)w->looks : (double)NAN;
    double full = w->full > 0 ? (double)w->full : (double)NAN;
    bool any = w->looks > 0;
#define PEAK(v) (any ? (double)(v) : (double)NAN)

    out->accept_queue.peak = PEAK(w->accept_queue_peak);
    out->accept_queue.mean = w->accept_queue / n;
    out->accept_queue.overflows = (double)(last->overflows - b->overflows);
    out->accept_queue.drops = (double)(last->drops - b->drops);
    out->workers.limit = (double)m->o.worker_limit;
    out->workers.busy_mean = w->busy / n;
    out->workers.busy_peak = PEAK(w->busy_peak);
    out->workers.keepalive_mean = w->keepalive / n;
    out->workers.keepalive_peak = PEAK(w->keepalive_peak);
    out->workers.reading_mean = w->reading / n;
    out->workers.writing_mean = w->writing / n;
    out->workers.full_share = (double)w->full / n;
    out->workers.full_first_s = seconds_or_nan(m->onset.first);
    out->workers.full_from_s = seconds_or_nan(m->onset.from);
    out->workers.full_keepalive_mean = w->full_keepalive / full;
    out->workers.full_reading_mean = w->full_reading / full;
    out->workers.full_writing_mean = w->full_writing / full;
    out->workers.short_share = (double)w->few / n;
    out->workers.held_share = (double)w->held / n;
    out->cpu.busy_share = (double)w->cpu_busy / n;
    out->processes.mean = w->processes / n;
    out->processes.peak = PEAK(w->processes_peak);
    out->processes.end = (double)last->processes;
    out->processes.started =
        (double)(last->processes_started - b->processes_started);
    out->processes.ended = (double)(last->processes_ended - b->processes_ended);
    out->processes.killed =
        (double)(last->processes_killed - b->processes_killed);
    out->memory.private_peak_bytes = PEAK(w->private_peak);
    out->memory.pss_peak_bytes = PEAK(w->pss_peak);
    out->memory.pss_mean_bytes = any ? round(w->pss / n) : (double)NAN;
#undef PEAK
}

static void summarise(struct metrics *m, struct summary *out)
{
    simtime_t now = sim_now(m->sim);
    double length = simtime_to_s(now - m->o.warm_up);
    struct snapshot last = { .processes = 0 };

    memset(out, 0, sizeof *out);
    if (m->server != NULL) {
        server_snapshot(m->server, &last);
        if (now >= m->o.warm_up)
            add_peak(&m->w.accept_queue_peak, last.accept_queue_peak);
    }
    if (!m->warmed) /* interrupted before the window began */
        m->base = last;
    summarise_server(m, &last, out);
    out->completed = m->completed;
    memcpy(out->errors, m->errs, sizeof out->errors);
    out->failed = m->failed;
    out->throughput_rps = length > 0 ? m->completed / length : (double)NAN;
    summary_latency(&m->latency, &out->latency);
    summary_latency(&m->latency_server, &out->latency_server);
    summary_latency(&m->connect, &out->connect);
    out->cpu.seconds = last.cpu_s - m->base.cpu_s;
    /* starting up before t = 0 is work, but not use of the window */
    out->cpu.utilisation =
        length > 0 && m->o.cpus > 0
            ? (last.cpu_s - m->cpu_at_window) / length / (double)m->o.cpus
            : (double)NAN;
    out->nmessages = m->nmessages;
    memcpy(out->message, m->message, m->nmessages * sizeof m->message[0]);
}

bool metrics_finish(struct metrics *m, struct summary *out, struct err *e)
{
    must(!m->finished);
    m->finished = true;
    sim_timer_disarm(m->sim, &m->look);
    sim_timer_disarm(m->sim, &m->warm);
    if (m->row_any)
        hist_merge(&m->block.latency, &m->row);
    end_step(m, sim_now(m->sim), true);
    summarise(m, out);
    m->server = NULL;
    if (!m->writing)
        return true;
    if (m->o.requests)
        write_requests(m);
    bool ok = sink_close(&m->series, e);
    ok = sink_close(&m->events, e) && ok;
    for (size_t i = 0; i < m->o.nbackends; i++)
        ok = sink_close(&m->backends[i], e) && ok;
    if (m->o.requests)
        ok = sink_close(&m->requests, e) && ok;
    return ok;
}

const struct hist *metrics_latency(const struct metrics *m)
{
    return &m->latency;
}

const struct curve_point *metrics_curve(const struct metrics *m, size_t *n)
{
    *n = m->ncurve;
    return m->curve;
}

const struct settle_bin *metrics_settling(const struct metrics *m, size_t *n)
{
    *n = m->nbins;
    return m->bins;
}

void metrics_free(struct metrics *m)
{
    if (m == NULL)
        return;
    struct err ignored;
    err_init(&ignored);
    sink_close(&m->series, &ignored);
    sink_close(&m->events, &ignored);
    sink_close(&m->requests, &ignored);
    for (size_t i = 0; i < m->o.nbackends; i++)
        sink_close(&m->backends[i], &ignored);
    free(m->backends);
    err_clear(&ignored);
    sim_timer_done(m->sim, &m->look);
    sim_timer_done(m->sim, &m->warm);
    free(m->records);
    free(m->curve);
    free(m->bins);
    free(m);
}
