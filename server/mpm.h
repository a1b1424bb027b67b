/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The model interface. A model is one MPM: which resource holds a connection
 * in each state, and how the supply of those resources follows the load.
 * Everything all MPMs share lives in server/; a model is a constant struct of
 * hooks, named after what happens to the server, that answer with the verbs
 * below.
 *
 * No verb calls back into the model: the hooks it causes wait in a FIFO that
 * is drained, at the same instant, when the current one returns. A NULL hook
 * means "this server does nothing here". */
#ifndef SERVER_MPM_H
#define SERVER_MPM_H

#include "server/core.h"

struct mpm_model {
    const char *name;    /* "event" */
    const char *summary; /* one line for `mpmsim list` */
    const char *module;  /* "mpm_event", as in the error log */
    enum mpm_kind kind;
    bool threaded; /* processes with a listener and worker threads */
    bool polls;    /* accepts by polling, not by waiting in line (K-10) */
    bool async;    /* connections may live without a thread */

    /* The parent has forked a child (E-2). */
    void (*on_forked)(struct server *s, uint32_t child);
    /* The threads of a new process exist (prefork: the child is ready). */
    void (*on_child_ready)(struct server *s, uint32_t child);
    /* A waiter in accept got a connection. WAITER is a thread for prefork, a
     * child for worker. */
    void (*on_accepted)(struct server *s, uint32_t waiter, uint32_t conn);
    /* Polling models: a listening socket of BUCKET is readable. */
    void (*on_pending)(struct server *s, uint32_t bucket);
    /* A connection without a thread has data or the client's FIN. */
    void (*on_readable)(struct server *s, uint32_t conn);
    /* A connection in write completion has room again (K-15). */
    void (*on_writable)(struct server *s, uint32_t conn);
    /* A timeout of a connection without a thread is over. */
    void (*on_expired)(struct server *s, uint32_t conn, enum conn_wait what);
    /* A connection whose pick-up was delayed (mpm_pick_up_later). */
    void (*on_pickup)(struct server *s, uint32_t conn);
    /* A thread is done with the response: it is in the socket buffer, or
     * (async only) the rest of it has been set aside. */
    void (*on_response)(struct server *s, uint32_t thread, uint32_t conn);
    /* The connection of THREAD has to be closed in order: flush, FIN, linger.
     * NULL: the thread lingers itself (C-35). */
    void (*on_closing)(struct server *s, uint32_t thread, uint32_t conn);
    /* A connection of a child was cleaned up. */
    void (*on_released)(struct server *s, uint32_t child);
    /* A thread is done with its connection. */
    void (*on_idle)(struct server *s, uint32_t thread);
    /* A waiter that must stop has reached the head of the line (W-21). */
    void (*on_mutex)(struct server *s, uint32_t child);
    /* A child must end: it has read a byte from the pipe (C-18), or all have
     * been told (C-19 … C-23). */
    void (*on_stop)(struct server *s, uint32_t child, enum stop_kind how);
    /* perform_idle_server_maintenance (C-1). */
    void (*on_maintenance)(struct server *s);
    /* The parent has reaped a child (C-5); its slot is empty now. */
    void (*on_reaped)(struct server *s, uint32_t child);
};

/* ---- verbs: processes and threads (process.c, parent.c) ---- */

/* Forks the N slots at SLOTS, one after the other, in the parent's time; only
 * from on_maintenance. */
void mpm_make_children(struct server *s, const uint32_t *slots, size_t n);
/* Writes httpd's error log line. */
void mpm_log(struct server *s, const char *level, const char *code,
             const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Puts one byte into the pipe of BUCKET (C-16, C-18). */
void mpm_pod_signal(struct server *s, uint32_t bucket);
/* The child's process ends now; its slot keeps its last state until it is
 * reaped (C-5). */
void mpm_child_exit(struct server *s, uint32_t child);
/* The child's process is ended from outside, with all its connections. */
void mpm_child_kill(struct server *s, uint32_t child);
/* The same for one of many that got the signal at the same instant: each ends
 * when it next runs, the youngest first, as many at a time as there are cores
 * (C-46). Only from on_stop. */
void mpm_child_condemn(struct server *s, uint32_t child);
/* The same for one that waits in accept and has been told to go (P-15); the
 * oldest go first. */
void mpm_child_dismiss(struct server *s, uint32_t child);
/* C-23, W-20: the sockets of the child's threads are closed. A thread inside a
 * handler goes on until it returns, one in poll until somebody wakes it: its
 * client, its timeout, or mpm_wake(); all others become idle. */
void mpm_abort_work(struct server *s, uint32_t child);
/* Wakes THREAD out of poll, whose connection then ends; false if it is in a
 * handler. */
bool mpm_wake(struct server *s, uint32_t thread);
/* H-3: whether one more accept in this process would fail for want of a
 * descriptor; if so httpd logs that (AH02179), and the process is sick (C-13)
 * and has to end (C-28). */
bool mpm_out_of_files(struct server *s, uint32_t child);
/* Marks the process as stopping in the scoreboard (quiescing 1). */
void mpm_set_quiescing(struct server *s, uint32_t child);
void mpm_set_accepting(struct server *s, uint32_t child, bool accepting);
/* Writes a thread's state to its cell. */
void mpm_set_slot(struct server *s, uint32_t thread, enum slot_state state);
/* The thread ends; its cell shows DEAD (C) or stays as it is. */
void mpm_thread_exit(struct server *s, uint32_t thread, bool dead);
/* FIFO of idle threads of a child; NONE when there is none. */
void mpm_push_idle(struct server *s, uint32_t thread);
uint32_t mpm_pop_idle(struct server *s, uint32_t child);
/* Joins the readers of the pipe (worker, event). */
void mpm_watch_pod(struct server *s, uint32_t child);
void mpm_unwatch_pod(struct server *s, uint32_t child);
/* Idle and busy threads among a child's cells, as the parent counts them. */
void mpm_count_threads(const struct server *s, uint32_t slot, int64_t *idle,
                       int64_t *active);

/* ---- verbs: accept (kernel.c) ---- */

/* Waits in accept (or for the accept mutex) at the end of the line; takes the
 * oldest connection at once when there is one and nobody is in front. In a
 * polling model: listens from now on; on_pending() says who takes it. */
void mpm_wait_accept(struct server *s, uint32_t bucket, uint32_t waiter);
/* Leaves the line. */
void mpm_leave_accept(struct server *s, uint32_t bucket, uint32_t waiter);
/* Whether WAITER is first in line: with an accept mutex, its holder. */
bool mpm_first_in_line(const struct server *s, uint32_t bucket,
                       uint32_t waiter);
/* Takes the next connection of the bucket for CHILD, round-robin over ready
 * listeners; NONE when there is none (polling models). */
uint32_t mpm_accept(struct server *s, uint32_t bucket, uint32_t child);
bool mpm_is_pending(const struct server *s, uint32_t bucket);
/* Asks for on_pending once more after the current hook. */
void mpm_poll_again(struct server *s, uint32_t bucket);

/* ---- verbs: connections (serve.c) ---- */

/* THREAD takes CONN and processes it: TLS handshake, then requests. */
void mpm_process(struct server *s, uint32_t thread, uint32_t conn);
/* THREAD reads the next request of a connection it (now) holds. */
void mpm_read(struct server *s, uint32_t thread, uint32_t conn);
/* THREAD waits in keep-alive with CONN (C-32). */
void mpm_keep_alive(struct server *s, uint32_t thread, uint32_t conn);
/* A signal interrupts THREAD's wait for its client or backend, if it is in
 * one: it begins anew, with its whole timeout (C-50). */
void mpm_interrupt(struct server *s, uint32_t thread);
/* THREAD closes CONN: flush, FIN, discard until the client's (C-35). */
void mpm_linger(struct server *s, uint32_t thread, uint32_t conn);
/* What prefork and worker do after a response: close, read on, or wait in
 * keep-alive. */
void mpm_sync_response(struct server *s, uint32_t thread, uint32_t conn);
/* Closes CONN now, with or without a thread; the thread becomes idle. */
void mpm_close(struct server *s, uint32_t conn);
/* CONN lets go of its thread, which is not idle yet. */
void mpm_let_go(struct server *s, uint32_t conn);
/* A connection without a thread waits for WHAT. */
void mpm_wait(struct server *s, uint32_t conn, enum conn_wait what);
/* Ends that wait. */
void mpm_unwait(struct server *s, uint32_t conn);
/* Writes the next portion of a response set aside (the holding thread is in
 * W); true when all is out. */
bool mpm_write_more(struct server *s, uint32_t conn);
/* Waits without a thread until the socket is writable again (K-15). */
void mpm_wait_writable(struct server *s, uint32_t conn);
/* Sends FIN now: half close. */
void mpm_send_fin(struct server *s, uint32_t conn);
/* THREAD holds CONN from now on. */
void mpm_hold(struct server *s, uint32_t thread, uint32_t conn);
uint32_t mpm_thread_of(const struct server *s, uint32_t conn);
/* THREAD has nothing more to do: on_idle follows. */
void mpm_idle(struct server *s, uint32_t thread);
/* THREAD looks again at what became of CONN's response: on_response. */
void mpm_response(struct server *s, uint32_t thread, uint32_t conn);
/* Whether part of the response is still to be given to the socket. */
bool mpm_is_unsent(const struct server *s, uint32_t conn);
/* CONN, without a thread, waits in keep-alive for the next request. */
void mpm_wait_request(struct server *s, uint32_t conn);
/* CONN gets a transaction pool, kept until it is closed (E-33). */
void mpm_take_pool(struct server *s, uint32_t conn);
/* CONN, without a thread, has sent FIN and waits for the client's. */
void mpm_set_lingering(struct server *s, uint32_t conn);
/* Calls on_pickup after the host's pick-up delay (E-37). */
void mpm_pick_up_later(struct server *s, uint32_t conn);

#endif
