/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The simulated host: what the machine costs and how its kernel and network
 * are set. Scenario objects `machine` and `network`; every constant has its
 * source in the help text of its row in host.c. */
#ifndef SERVER_HOST_H
#define SERVER_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/param.h"
#include "sim/simtime.h"

struct machine {
    int64_t cpus, ram, swap;
    bool oom_killer;     /* the kernel kills a child beyond ram + swap */
    simtime_t swap_read; /* one page from the swap device */
    int64_t nofile;      /* descriptors a process may have */
    int64_t file_max;    /* and all together */
    /* CPU time */
    simtime_t cpu_switch;     /* context switch at each time slice */
    simtime_t cpu_slice;      /* time slice while threads outnumber cores */
    simtime_t cpu_accept;     /* accept and set up a connection */
    simtime_t cpu_queue;      /* worker, event: from the listener to a worker */
    simtime_t cpu_read;       /* each further piece of a head */
    simtime_t cpu_read_tls;   /* each a TLS record */
    simtime_t cpu_request;    /* one small request, beside its own demand */
    simtime_t cpu_wakeup;     /* a thread woken while a core is idle */
    simtime_t cpu_tls_wakeup; /* more of that for a handshake */
    simtime_t cpu_handoff;    /* worker, event: queue to a worker and back */
    simtime_t cpu_proxy;      /* handing a request to a backend and back */
    simtime_t cpu_fcgi;       /* the same to PHP-FPM, with a new connection */
    simtime_t cpu_tls;        /* full TLS handshake */
    simtime_t cpu_tls_resumed;
    simtime_t cpu_per_mb;         /* per 10^6 body bytes, plain */
    simtime_t cpu_per_mb_tls;     /* per 10^6 body bytes, TLS */
    simtime_t cpu_fork;           /* in the parent, per fork */
    simtime_t cpu_child_init;     /* in a prefork child until it is ready */
    simtime_t cpu_child_init_tls; /* the same with mod_ssl */
    simtime_t cpu_process_init;   /* in a worker or event process likewise */
    simtime_t cpu_thread;         /* creation of one thread */
    simtime_t cpu_exit;           /* end of a child */
    simtime_t cpu_exit_tls;       /* the same with mod_ssl */
    simtime_t cpu_thread_exit;    /* and of each of its threads */
    int64_t response_head;        /* bytes of a response's head */
    /* the parent */
    simtime_t ready;      /* exec to "resuming normal operations" */
    simtime_t ready_tls;  /* the same with mod_ssl */
    simtime_t reread;     /* reading the configuration at a restart */
    simtime_t reread_tls; /* the same with mod_ssl */
    simtime_t tick;       /* the parent's one-second sleep, C-2 */
    simtime_t pickup;     /* event: accept until counted, E-37 */
    double timer_slack;   /* share by which blocking waits end late, C-41 */
    /* memory, bytes private unless said (M-16) */
    int64_t mem_parent, mem_parent_tls, mem_parent_tls_used;
    int64_t mem_child, mem_child_tls;           /* prefork child, never used */
    int64_t mem_child_used, mem_child_used_tls; /* added by first use */
    int64_t mem_process,
        mem_process_tls;          /* worker, event, without threads; … */
    int64_t mem_process_tls_used; /* … when it has served TLS */
    int64_t mem_thread;           /* per thread, never used */
    int64_t mem_thread_event;     /* event's that has served, without pools */
    /* worker's pools: in the first request, after one, eight, many responses */
    int64_t mem_pool_request, mem_pool_first, mem_pool_used, mem_pool_full,
        mem_pool_tls;
    int64_t mem_leak;        /* per response, for good */
    int64_t mem_thread_gone; /* left when it has ended */
    int64_t mem_tls_thread, mem_tls_reader, mem_tls_cache, mem_tls_conn,
        mem_tls_handshake; /* M-23 */
    /* kept by a thread, a prefork child that has used a backend */
    int64_t mem_proxy_module, mem_proxy_conn, mem_proxy_thread, mem_proxy_big;
    int64_t mem_fcgi_module, mem_fcgi_conn, mem_fcgi_thread;
    int64_t mem_big_body; /* for good, after a large body from memory */
    int64_t mem_conn_new, mem_conn, mem_conn_old,
        mem_conn_tls; /* event, idle keep-alive */
    int64_t mem_php_parent, mem_php_child, mem_php_used; /* mod_php, added */
    int64_t mem_php_shared;
    int64_t mem_shared_parent, mem_shared_child; /* for rss and pss */
};

struct network {
    simtime_t rtt;
    double bandwidth; /* bytes per second each way per client; 0 = no limit */
    int64_t mtu;
    int64_t hz;      /* kernel timer frequency, K-20 */
    bool timer_grid; /* K-20 rounding on */
    /* sysctls, by their own names */
    bool tcp_slow_start_after_idle;
    int64_t somaxconn, tcp_syn_retries, tcp_syn_linear_timeouts,
        tcp_abort_on_overflow, tcp_max_syn_backlog, tcp_syncookies,
        tcp_synack_retries, tcp_wmem_default;
    int64_t send_capacity; /* both ends' buffers as one fixed number, 0: K-19 */
    int64_t client_rcvbuf; /* SO_RCVBUF of a rate-limited client */
    simtime_t client_late; /* of its timer for the next piece, K-23 */
};

/* Sets every cost, wait and slack of M to 0 and the tick to exactly 1 s, and
 * switches N's timer grid off and its RTT to 0: the assumptions of the golden
 * timelines (section 9 of the specification). */
void host_ideal(struct machine *m, struct network *n);

extern const struct param machine_params[];
extern const struct param network_params[];

#endif
