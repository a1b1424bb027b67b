/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of server/ call of one another. Models use server/mpm.h. */
#ifndef SERVER_INSIDE_H
#define SERVER_INSIDE_H

#include "server/mpm.h"

/* conn.c: connections and their books */
uint32_t conn_new(struct server *s, uint32_t client, const struct link *link);
/* TABLE with entries of SIZE bytes, one for each connection, grown so that CONN
 * has one; new ones are zero, *ROOM is how many there are. */
void *conn_table(const struct server *s, void *table, uint32_t *room,
                 size_t size, uint32_t conn);
void conn_set_state(struct server *s, uint32_t id, enum conn_state st);
const char *conn_state_name(enum conn_state st);
/* Whether a connection may go from one state to another. */
bool conn_may_go(enum conn_state from, enum conn_state to);
/* Recomputes how the server's socket counts in `ss`. */
void conn_count_tcp(struct server *s, uint32_t id);
struct txn *conn_need_txn(struct server *s, uint32_t id);
/* Gives the transaction back when nothing is going on any more. */
void conn_drop_txn(struct server *s, uint32_t id);
/* Frees the connection when both ends are closed and nothing is under way. */
void conn_reap(struct server *s, uint32_t id);
/* Sends a message that takes half a round trip. */
void conn_message(struct server *s, int cls, uint32_t id, simtime_t at);
/* Its link, all zero when unlimited. */
static inline struct link conn_link(const struct server *s, uint32_t id)
{
    const struct conn *c = conn_at(s, id);
    if (c->rate != NONE)
        return *POOL_AT(&s->links, c->rate, struct link);
    return (struct link){ .tls = c->flags & CF_TLS };
}
/* The timeout queues of the server, or of one process of an async model. */
void conn_lanes_init(struct server *s, struct lane *lanes);
void conn_lanes_done(struct lane *lanes);
/* A queue for the present KeepAliveTimeout; all of them go. */
void conn_new_keepalive(struct server *s);
void conn_free_keepalive(struct server *s);
struct lane *conn_lane(struct server *s, const struct conn *c,
                       enum conn_wait what);

/* kernel.c: SYN and accept queues, waiters */
void kernel_init(struct server *s);
void kernel_free(struct server *s);
void kernel_open(struct server *s);
/* Closes the listening sockets: what is in their queues is reset (K-7). */
void kernel_close(struct server *s);
void kernel_syn(void *srv, uint32_t conn);
void kernel_ack(void *srv, uint32_t conn);
/* Data for a connection that is not established at the server yet. */
void kernel_data(struct server *s, uint32_t conn);
/* The client gave up a connection that nobody has accepted. */
void kernel_forget(struct server *s, uint32_t conn);
void kernel_synack_timer(struct server *s, uint32_t conn);
void kernel_pending(struct server *s, uint32_t bucket);
/* The parent's own connection to its listener (C-16). */
void kernel_dummy(struct server *s, uint32_t bucket);
/* When a retransmission timer of DELAY set at T fires (K-20). */
simtime_t kernel_timer(const struct server *s, simtime_t t, simtime_t delay);

/* net.c: the client's end */
void net_init(struct server *s);
void net_answer(struct server *s, uint32_t conn);
void net_fin_from_server(struct server *s, uint32_t conn, enum net_end how);
/* FIN behind what the socket holds of an unfinished response (K-22). */
void net_fin_behind(struct server *s, uint32_t conn);
/* How a client sends at UP bytes a second: PIECE bytes every TICK (K-23). */
void net_pieces(const struct server *s, double up, int64_t *piece,
                simtime_t *tick);
/* When the client will have read all of a rate-limited response. */
void net_schedule_done(struct server *s, uint32_t conn);
int64_t net_bytes_read(const struct server *s, uint32_t conn);
void net_syn_dropped(struct server *s, uint32_t conn);
void net_data_dropped(struct server *s, uint32_t conn);
void net_client_timer(struct server *s, uint32_t conn);
void net_refuse(struct server *s, uint32_t conn);

/* serve.c: a thread and its connection */
void serve_data(struct server *s, uint32_t conn);
void serve_client_gone(struct server *s, uint32_t conn);
/* Closes a connection of a process that is gone: no hooks. */
void serve_abort(struct server *s, uint32_t conn);
void serve_timer(void *srv, uint32_t conn);
void serve_expired(struct server *s, uint32_t conn, enum conn_wait what);

/* The backend has answered the request of CONN. */
void serve_backend_answer(struct server *s, uint32_t conn);

/* backend.c: hands the request of CONN on; NONE when the backend refuses. */
void backend_init(struct server *s);
void backend_free(struct server *s);
uint32_t backend_submit(struct server *s, uint32_t conn);
/* Nobody waits for the answer any more. */
void backend_abandon(struct server *s, uint32_t request);

/* process.c: children, threads, scoreboard */
void process_init(struct server *s);
void process_free(struct server *s);
uint32_t process_fork(struct server *s, uint32_t slot);
/* Books CPU time spent by a child: USER alone, MIXED half in the kernel. */
void process_spent(struct server *s, uint32_t child, simtime_t user,
                   simtime_t mixed);
/* CPU seconds of all processes as /proc would add up: a living process's
 * user and system times in whole 10 ms, what has been reaped in full. */
double process_cpu_s(const struct server *s);
/* All who get a signal have it: the first condemned children end, the youngest
 * or the oldest (C-46). */
void process_end_condemned(struct server *s, bool oldest_first);
/* SIGSEGV or SIGKILL ends the child, if it lives, with all its connections
 * (C-47). */
void process_crash(struct server *s, uint32_t child, int signal);
/* Tells a child to stop; one that is still making threads obeys later (W-25).
 */
void process_stop(struct server *s, uint32_t child, enum stop_kind how);
void process_reap(struct server *s, uint32_t child);
void process_pod_poll(struct server *s, uint32_t bucket);

/* memory.c: what the processes hold (M-16) */
void memory_child(struct server *s, uint32_t child);
void memory_child_gone(struct server *s, uint32_t child);
/* Books private bytes of a child; H-1 follows when there are too many. */
void memory_add(struct server *s, struct child *ch, int64_t bytes);
/* A thread has ended, its process goes on (M-22). */
void memory_thread_gone(struct server *s, uint32_t thread);
/* An event process stops: it keeps no pools of closed connections (M-22). */
void memory_pools_free(struct server *s, uint32_t child);
/* A thread has a connection to look at, … a request to read. */
void memory_work(struct server *s, uint32_t thread, uint32_t conn);
void memory_request(struct server *s, uint32_t thread);
/* A TLS handshake begins, … is over. */
void memory_handshake(struct server *s, uint32_t thread, uint32_t conn);
void memory_shaken(struct server *s, uint32_t conn);
void memory_response(struct server *s, uint32_t thread, uint32_t conn);
/* A body from memory that the send buffer does not take at once grows the
 * pool (M-18). */
void memory_big_body(struct server *s, uint32_t conn);
/* A request goes to a backend, over a connection of its process that is free
 * or a new one, until its response is out; BIG: that will be a body of this
 * kind (M-26). */
void memory_backend(struct server *s, uint32_t conn, bool big);
void memory_backend_done(struct server *s, uint32_t conn);
/* A connection of event has a transaction pool from its pick-up on; when it is
 * closed the pool is kept for the next one, or freed (E-33, M-20). */
void memory_pool_take(struct server *s, uint32_t conn);
void memory_pool_give(struct server *s, uint32_t conn);
/* M-24: the head that the connection's thread reads comes in pieces. */
void memory_slow_head(struct server *s, uint32_t conn);
/* H-1: the kernel kills the child that holds most. */
void memory_kill(struct server *s);
/* H-2: how long a thread waits for its pages that are in swap. */
simtime_t memory_swap_wait(const struct server *s, uint32_t thread);
void memory_snapshot(const struct server *s, struct snapshot *o);

/* arenas.c: what TLS connections of worker and event hold (M-23) */
void arenas_open(struct server *s, uint32_t thread, uint32_t conn);
void arenas_shaken(struct server *s, uint32_t conn);
void arenas_close(struct server *s, uint32_t conn);

/* parent.c */
void parent_start(void *srv, uint32_t unused);
void parent_free(struct server *s);
/* A signal to the parent (C-3). */
void parent_signal(struct server *s, enum action_kind what);
void parent_died(struct server *s, uint32_t child);

/* server.c: hooks */
void hook_grow(struct server *s);
static inline void hook_put(struct server *s, enum hook_kind k, uint32_t a,
                            uint32_t b)
{
    if (k == HOOK_PENDING) { /* once per bucket, behind all others */
        s->npolls += !s->buckets[a].poll;
        s->buckets[a].poll = true;
        return;
    }
    if (s->hook_len == s->hook_cap)
        hook_grow(s);
    s->hooks[(s->hook_head + s->hook_len++) & (s->hook_cap - 1)] =
        (struct hook){ .kind = (uint8_t)k, .a = a, .b = b };
}
/* Runs what waits, unless that is being done already. */
void hook_run_all(struct server *s);
static inline void hook_drain(struct server *s)
{
    if (!s->draining && (s->hook_len > 0 || s->npolls > 0))
        hook_run_all(s);
}

#endif
