/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/host.h"

/* Sources of the defaults: costs.csv and memory.csv of the recordings of
 * Apache 2.4.71 on Debian 12 (docs/validation.md says how they were made), and
 * the rules of docs/mpm-behaviour.md. */

#define M(field) offsetof(struct machine, field)
#define N(field) offsetof(struct network, field)

/* clang-format off */
const struct param machine_params[] = {
    { "cpus", PARAM_INT, M(cpus), "4", 1, 4096, NULL, "cores shared by all runnable threads" },
    { "ram", PARAM_SIZE, M(ram), "8GiB", 1, 1e15, NULL, "memory of the machine" },
    { "swap", PARAM_SIZE, M(swap), "0", 0, 1e15, NULL, "swap space (H-2)" },
    { "oom_killer", PARAM_BOOL, M(oom_killer), "true", 0, 1, NULL, "beyond ram + swap the kernel kills the largest child (H-1); false: memory is only counted" },
    { "swap_read", PARAM_TIME, M(swap_read), "100us", 0, 1e10, NULL, "one 4 KiB page read back from swap: a random read of a SATA SSD (H-2)" },
    { "nofile", PARAM_INT, M(nofile), "8192", 16, 1e9, NULL, "descriptors per process, ulimit -n (Debian's apache2ctl sets 8192) (H-3)" },
    { "file_max", PARAM_INT, M(file_max), "1000000000", 16, 1e15, NULL, "open files of all processes, fs.file-max (systemd: no limit) (H-3)" },
    { "cpu_switch", PARAM_TIME, M(cpu_switch), "160us", 0, 1e9, NULL, "lost per time slice while threads outnumber cores (C-42: 3 to 4 % of a core)" },
    { "cpu_slice", PARAM_TIME, M(cpu_slice), "4ms", 1, 1e9, NULL, "time slice of the scheduler: one kernel tick at HZ=250 (K-20)" },
    { "cpu_accept", PARAM_TIME, M(cpu_accept), "4us", 0, 1e9, NULL, "accept and connection set-up (costs.csv: prefork's request_cpu, new-connection minus keepalive)" },
    { "cpu_queue", PARAM_TIME, M(cpu_queue), "20us", 0, 1e9, NULL, "worker, event: a new connection on its way from the listener to a worker (costs.csv: new-connection minus keepalive, 24 and 27 us, less accept)" },
    { "cpu_read", PARAM_TIME, M(cpu_read), "25us", 0, 1e9, NULL, "each further piece of a head that trickles in (recordings: slow-senders, 0.1 s for 4,000 pieces)" },
    { "cpu_read_tls", PARAM_TIME, M(cpu_read_tls), "50us", 0, 1e9, NULL, "the same when each piece is a TLS record (host-costs.md: twice as much)" },
    { "cpu_request", PARAM_TIME, M(cpu_request), "33us", 0, 1e9, NULL, "one small request (costs.csv: request_cpu keepalive, 30 to 38 us)" },
    { "cpu_wakeup", PARAM_TIME, M(cpu_wakeup), "80us", 0, 1e9, NULL, "a sleeping thread woken while a core is idle: cold caches (recordings: 0.2 ms of CPU per sleeping request at low load, two wake-ups, against 0.03 ms at saturation)" },
    { "cpu_tls_wakeup", PARAM_TIME, M(cpu_tls_wakeup), "900us", 0, 1e9, NULL, "the same for a handshake (recordings: 2.1 to 2.3 ms of CPU per TLS connection at low load, against 1.2 ms at saturation)" },
    { "cpu_handoff", PARAM_TIME, M(cpu_handoff), "5us", 0, 1e9, NULL, "event: one more pass through the listener (costs.csv: request_cpu event minus prefork)" },
    { "cpu_proxy", PARAM_TIME, M(cpu_proxy), "80us", 0, 1e9, NULL, "httpd's part in handing a request to a proxied application (recordings: proxied-backend, 0.07 to 0.09 ms more per request)" },
    { "cpu_fcgi", PARAM_TIME, M(cpu_fcgi), "200us", 0, 1e9, NULL, "the same to PHP-FPM, a new connection each time (recordings: php-fpm-*, 0.2 ms more per request)" },
    { "cpu_tls", PARAM_TIME, M(cpu_tls), "1200us", 0, 1e10, NULL, "full TLS 1.3 handshake, RSA-2048 (costs.csv: tls_handshake_cpu; ECDSA-P256: 790us)" },
    { "cpu_tls_resumed", PARAM_TIME, M(cpu_tls_resumed), "690us", 0, 1e10, NULL, "TLS 1.3 handshake that resumes a session: without the signature (host-costs.md: RSA-2048 saves 510us; ECDSA-P256: 680us)" },
    { "cpu_per_mb", PARAM_TIME, M(cpu_per_mb), "800us", 0, 1e10, NULL, "10^6 body bytes, plain (costs.csv: bulk_cpu_per_MB)" },
    { "cpu_per_mb_tls", PARAM_TIME, M(cpu_per_mb_tls), "1700us", 0, 1e10, NULL, "10^6 body bytes, TLS (costs.csv: bulk_cpu_per_MB)" },
    { "cpu_fork", PARAM_TIME, M(cpu_fork), "120us", 0, 1e10, NULL, "parent's part of one fork (O-1: 0.08 to 0.15 ms)" },
    { "cpu_child_init", PARAM_TIME, M(cpu_child_init), "720us", 0, 1e11, NULL, "prefork child from fork to ready (costs.csv: spawn_to_first_ready single, 0.84 ms)" },
    { "cpu_child_init_tls", PARAM_TIME, M(cpu_child_init_tls), "2600us", 0, 1e11, NULL, "the same with mod_ssl (recordings: a tick grows by 1.4 ms per fork on two cores)" },
    { "cpu_process_init", PARAM_TIME, M(cpu_process_init), "1700us", 0, 1e11, NULL, "worker, event process from fork to its first thread (costs.csv: 1.7 to 1.9 ms)" },
    { "cpu_thread", PARAM_TIME, M(cpu_thread), "12us", 0, 1e9, NULL, "creation of one thread (costs.csv: spawn_to_all_ready minus first, 0.26 to 0.38 ms for 25)" },
    { "cpu_exit", PARAM_TIME, M(cpu_exit), "300us", 0, 1e9, NULL, "end of a child (costs.csv: spawn_plus_exit_cpu 1.17 ms less fork, start and one request)" },
    { "cpu_exit_tls", PARAM_TIME, M(cpu_exit_tls), "660us", 0, 1e9, NULL, "the same with mod_ssl (host-costs.md: 2.2 times as much, prefork children that have served; taken for all)" },
    { "response_head", PARAM_SIZE, M(response_head), "150B", 0, 65536, NULL, "head of a response (recordings: about 150 bytes)" },
    { "cpu_thread_exit", PARAM_TIME, M(cpu_thread_exit), "270us", 0, 1e9, NULL, "waking and ending one thread of a stopping process (recordings: recycle, 4.9 ms of CPU per process of 10 threads, 2.2 ms of them accounted for)" },
    { "ready", PARAM_TIME, M(ready), "16ms", 0, 1e12, NULL, "exec of httpd to 'resuming normal operations' (C-2: mean of 64 recorded starts, 6 to 88 ms, less the first forks)" },
    { "ready_tls", PARAM_TIME, M(ready_tls), "38ms", 0, 1e12, NULL, "the same with mod_ssl (C-2: 24 to 53 ms)" },
    { "reread", PARAM_TIME, M(reread), "3ms", 0, 1e12, NULL, "reading the configuration again at a restart (recordings: 2 to 5 ms)" },
    { "reread_tls", PARAM_TIME, M(reread_tls), "8ms", 0, 1e12, NULL, "the same with mod_ssl and one key (host-costs.md: 2.1 to 3 times as long)" },
    { "tick", PARAM_TIME, M(tick), "1001ms", 1, 1e12, NULL, "the parent's one-second sleep with its timer slack (C-2, C-41)" },
    { "pickup", PARAM_TIME, M(pickup), "100us", 0, 1e9, NULL, "event: accept until a worker counts the connection (E-37)" },
    { "timer_slack", PARAM_REAL, M(timer_slack), "0.0008", 0, 1, NULL, "share by which a blocking wait ends late (C-41)" },
    { "mem_parent", PARAM_SIZE, M(mem_parent), "150KiB", 0, 1e12, NULL, "private memory of the parent (M-16)" },
    { "mem_parent_tls", PARAM_SIZE, M(mem_parent_tls), "200KiB", 0, 1e12, NULL, "the same with mod_ssl, before the first handshake (memory.csv)" },
    { "mem_parent_tls_used", PARAM_SIZE, M(mem_parent_tls_used), "340KiB", 0, 1e12, NULL, "the same after children have served TLS (M-16)" },
    { "mem_child", PARAM_SIZE, M(mem_child), "183KiB", 0, 1e12, NULL, "prefork child that has served nothing (M-16)" },
    { "mem_child_tls", PARAM_SIZE, M(mem_child_tls), "232KiB", 0, 1e12, NULL, "the same with mod_ssl (M-16)" },
    { "mem_child_used", PARAM_SIZE, M(mem_child_used), "45KiB", 0, 1e12, NULL, "added by a prefork child's first response (M-16: 228 - 183)" },
    { "mem_child_used_tls", PARAM_SIZE, M(mem_child_used_tls), "308KiB", 0, 1e12, NULL, "added by a prefork child's first TLS connection (M-16: 540 - 232)" },
    { "mem_process", PARAM_SIZE, M(mem_process), "250KiB", 0, 1e12, NULL, "worker, event process without its threads (M-16)" },
    { "mem_process_tls", PARAM_SIZE, M(mem_process_tls), "290KiB", 0, 1e12, NULL, "the same with mod_ssl (M-16)" },
    { "mem_process_tls_used", PARAM_SIZE, M(mem_process_tls_used), "460KiB", 0, 1e12, NULL, "the same after its first TLS connection (M-23)" },
    { "mem_thread", PARAM_SIZE, M(mem_thread), "14KiB", 0, 1e12, NULL, "thread never used (M-16)" },
    { "mem_thread_event", PARAM_SIZE, M(mem_thread_event), "19KiB", 0, 1e12, NULL, "thread of event that has served, without pools (M-25)" },
    { "mem_pool_request", PARAM_SIZE, M(mem_pool_request), "20KiB", 0, 1e12, NULL, "worker: transaction pool in its first request (M-16, M-25)" },
    { "mem_pool_first", PARAM_SIZE, M(mem_pool_first), "37KiB", 0, 1e12, NULL, "the same after one response (M-16, M-25)" },
    { "mem_pool_used", PARAM_SIZE, M(mem_pool_used), "49KiB", 0, 1e12, NULL, "the same after about eight responses (M-16, M-25)" },
    { "mem_pool_full", PARAM_SIZE, M(mem_pool_full), "8KiB", 0, 1e12, NULL, "added to a pool, or a prefork child, by the third request of one connection or an error page (M-25)" },
    { "mem_pool_tls", PARAM_SIZE, M(mem_pool_tls), "12KiB", 0, 1e12, NULL, "added to worker's pool by TLS (M-23)" },
    { "mem_tls_thread", PARAM_SIZE, M(mem_tls_thread), "42KiB", 0, 1e12, NULL, "added to a thread of worker or event that has served TLS (M-23)" },
    { "mem_tls_reader", PARAM_SIZE, M(mem_tls_reader), "15KiB", 0, 1e12, NULL, "added to a thread of event that has only read from TLS connections (M-23)" },
    { "mem_tls_cache", PARAM_SIZE, M(mem_tls_cache), "45KiB", 0, 1e12, NULL, "added to event's in the long run, half of it after 16 handshakes (M-23)" },
    { "mem_tls_conn", PARAM_SIZE, M(mem_tls_conn), "17KiB", 0, 1e12, NULL, "of a TLS connection in its thread's arena, worker and event (M-23)" },
    { "mem_tls_handshake", PARAM_SIZE, M(mem_tls_handshake), "38KiB", 0, 1e12, NULL, "the same, in addition during its handshake (M-23)" },
    { "mem_thread_gone", PARAM_SIZE, M(mem_thread_gone), "23KiB", 0, 1e12, NULL, "what a thread leaves in its process when it ends (M-22)" },
    { "mem_proxy_module", PARAM_SIZE, M(mem_proxy_module), "60KiB", 0, 1e12, NULL, "added to a process by mod_proxy_http (M-26)" },
    { "mem_proxy_conn", PARAM_SIZE, M(mem_proxy_conn), "30KiB", 0, 1e12, NULL, "a process's connection to a proxied application (M-26)" },
    { "mem_proxy_thread", PARAM_SIZE, M(mem_proxy_thread), "4KiB", 0, 1e12, NULL, "added to a thread that has used one (M-26)" },
    { "mem_proxy_big", PARAM_SIZE, M(mem_proxy_big), "42KiB", 0, 1e12, NULL, "added to such a connection by a large body (M-26)" },
    { "mem_fcgi_module", PARAM_SIZE, M(mem_fcgi_module), "40KiB", 0, 1e12, NULL, "added to a process by mod_proxy_fcgi (M-26)" },
    { "mem_fcgi_conn", PARAM_SIZE, M(mem_fcgi_conn), "24KiB", 0, 1e12, NULL, "a process's connection to PHP-FPM (M-26)" },
    { "mem_fcgi_thread", PARAM_SIZE, M(mem_fcgi_thread), "8KiB", 0, 1e12, NULL, "added to a thread that has used one (M-26)" },
    { "mem_big_body", PARAM_SIZE, M(mem_big_body), "90KiB", 0, 1e12, NULL, "kept for good after a memory body larger than the send buffer (M-16)" },
    { "mem_conn", PARAM_SIZE, M(mem_conn), "36KiB", 0, 1e12, NULL, "event: transaction pool of a connection (M-7, M-20)" },
    { "mem_conn_new", PARAM_SIZE, M(mem_conn_new), "19KiB", 0, 1e12, NULL, "event: the same until its first response (recordings: spawn-ramp, 22 KiB per first request, the thread's part included)" },
    { "mem_conn_old", PARAM_SIZE, M(mem_conn_old), "48KiB", 0, 1e12, NULL, "the same when it is used again (M-25)" },
    { "mem_conn_tls", PARAM_SIZE, M(mem_conn_tls), "48KiB", 0, 1e12, NULL, "event: the same of a TLS connection (M-23)" },
    { "mem_php_parent", PARAM_SIZE, M(mem_php_parent), "2420KiB", 0, 1e12, NULL, "added to the parent by mod_php (memory.csv: php, 2570 - 150)" },
    { "mem_php_child", PARAM_SIZE, M(mem_php_child), "25KiB", 0, 1e12, NULL, "added to a child by mod_php (memory.csv: php, 208 - 183)" },
    { "mem_php_used", PARAM_SIZE, M(mem_php_used), "582KiB", 0, 1e12, NULL, "added by its first PHP request (memory.csv: php, 835 - 208 - 45)" },
    { "mem_php_shared", PARAM_SIZE, M(mem_php_shared), "15MiB", 0, 1e12, NULL, "pages of PHP that all processes share (memory.csv: php, total_pss - total_pdirty, less the same without)" },
    { "mem_leak", PARAM_SIZE, M(mem_leak), "0", 0, 1e12, NULL, "what each response leaves behind in its process, a leaking module's (H-4)" },
    { "mem_shared_parent", PARAM_SIZE, M(mem_shared_parent), "3600KiB", 0, 1e12, NULL, "pages the parent maps but shares (memory.csv: parent_rss - parent_pdirty)" },
    { "mem_shared_child", PARAM_SIZE, M(mem_shared_child), "3700KiB", 0, 1e12, NULL, "pages a child maps but shares (memory.csv: child_rss - child_pdirty)" },
    { NULL, 0, 0, NULL, 0, 0, NULL, NULL }
};

const struct param network_params[] = {
    { "rtt", PARAM_TIME, N(rtt), "20ms", 0, 1e9, NULL, "round trip between client and server; at most 1s, after which a client repeats its SYN (K-6)" },
    { "bandwidth", PARAM_BYTERATE, N(bandwidth), "0", 0, 1e15, NULL, "each client's link; 0 = no limit" },
    { "mtu", PARAM_INT, N(mtu), "1500", 68, 65536, NULL, "bytes per packet" },
    { "hz", PARAM_INT, N(hz), "250", 100, 1000, NULL, "kernel timer frequency (K-20)" },
    { "timer_grid", PARAM_BOOL, N(timer_grid), "true", 0, 1, NULL, "retransmission timers fire on the kernel's timer wheel (K-20)" },
    { "somaxconn", PARAM_INT, N(somaxconn), "4096", 1, 1e9, NULL, "net.core.somaxconn (K-1; 128 before Linux 5.4)" },
    { "tcp_syn_retries", PARAM_INT, N(tcp_syn_retries), "6", 0, 127, NULL, "the clients' (K-6)" },
    { "tcp_syn_linear_timeouts", PARAM_INT, N(tcp_syn_linear_timeouts), "4", 0, 127, NULL, "the clients' (K-6; 0 = kernels before 6.5)" },
    { "tcp_abort_on_overflow", PARAM_INT, N(tcp_abort_on_overflow), "0", 0, 1, NULL, "1: a full accept queue answers RST (K-4)" },
    { "tcp_max_syn_backlog", PARAM_INT, N(tcp_max_syn_backlog), "2048", 1, 1e9, NULL, "half-open connections without cookies (K-3)" },
    { "tcp_syncookies", PARAM_INT, N(tcp_syncookies), "1", 0, 2, NULL, "K-3" },
    { "tcp_synack_retries", PARAM_INT, N(tcp_synack_retries), "5", 0, 255, NULL, "SYN-ACKs at 1, 3, 7, 15, 31 s; given up at 63 s (K-4)" },
    { "tcp_slow_start_after_idle", PARAM_BOOL, N(tcp_slow_start_after_idle), "true", 0, 1, NULL, "a window shrinks while nothing is sent (K-24)" },
    { "tcp_wmem_default", PARAM_SIZE, N(tcp_wmem_default), "1600KiB", 2048, 1e9, NULL, "payload to which the send buffer grows without SendBufferSize (K-19)" },
    { "send_capacity", PARAM_SIZE, N(send_capacity), "0", 0, 1e15, NULL, "send buffer and client's buffer as one fixed number; 0 = by K-19" },
    { "client_rcvbuf", PARAM_SIZE, N(client_rcvbuf), "64KiB", 2048, 1e9, NULL, "SO_RCVBUF of a client that reads at a limited rate (K-19)" },
    { "client_late", PARAM_TIME, N(client_late), "90us", 0, 1e9, NULL, "how late the timer of a client that sends a head in pieces fires (K-23: 80 to 100 us)" },
    { NULL, 0, 0, NULL, 0, 0, NULL, NULL }
};
/* clang-format on */

void host_ideal(struct machine *m, struct network *n)
{
    m->cpu_switch = 0;
    m->cpu_accept = m->cpu_queue = m->cpu_request = m->cpu_wakeup =
        m->cpu_tls_wakeup = 0;
    m->cpu_proxy = m->cpu_fcgi = 0;
    m->cpu_handoff = m->cpu_tls = m->cpu_tls_resumed = 0;
    m->cpu_per_mb = m->cpu_per_mb_tls = 0;
    m->cpu_fork = m->cpu_child_init = m->cpu_process_init = 0;
    m->cpu_child_init_tls = m->cpu_read = m->cpu_read_tls = 0;
    m->cpu_thread = m->cpu_exit = m->cpu_exit_tls = m->cpu_thread_exit = 0;
    m->ready = m->ready_tls = m->reread = m->reread_tls = 0;
    m->tick = SIM_S;
    m->pickup = 0;
    m->timer_slack = 0;
    m->response_head = 0;
    n->rtt = 0;
    n->client_late = 0;
    n->timer_grid = false;
}
