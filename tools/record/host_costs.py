#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures what the `machine` object of a scenario needs to know of this host.

    host_costs.py [-n REPEATS] [-o FILE] [MEASUREMENT ...]

Starts httpd processes of its own, on loopback, with a configuration in a
temporary folder, and stops them again; nothing of an installed server is
touched. Every figure is taken -n times (default 5) and told as median and
range; CPU time is counted, not elapsed time, so that other work on the machine
disturbs little. docs/host-costs.md says how each figure comes about.

Needs Linux, Python 3, apache2 and, for the figures at saturation, wrk. As root
the servers live in a network namespace of their own. --handler names a
compiled handler module (mod_work.c beside this file) for what a static file
cannot show: sleeping requests and bodies written from memory.

Measurements (default: all): MEASUREMENTS
Ctrl-C ends it; what is measured so far is written.
"""

import argparse
import csv
import functools
import glob
import json
import os
import shutil
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time

PORT, TLS_PORT = 18080, 18443

CONF = """
ServerName 127.0.0.1
DefaultRuntimeDir .
PidFile httpd.pid
ErrorLog error.log
LogLevel warn
Listen 127.0.0.1:{port}
DocumentRoot docs
{user}
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule reqtimeout_module {modules}/mod_reqtimeout.so
LoadModule mpm_{mpm}_module {modules}/mod_mpm_{mpm}.so
{handler}
{tls}
KeepAliveTimeout 300
MaxKeepAliveRequests 0
{directives}
"""

TLS_CONF = """
LoadModule socache_shmcb_module {modules}/mod_socache_shmcb.so
LoadModule ssl_module {modules}/mod_ssl.so
SSLSessionCache none
Listen 127.0.0.1:{port}
<VirtualHost 127.0.0.1:{port}>
  SSLEngine on
  SSLCertificateFile {key}.crt
  SSLCertificateKeyFile {key}.key
</VirtualHost>
"""

# Writes when each fork() of the parent began and ended, and its CPU time.
SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
static long long ns(clockid_t c)
{
    struct timespec t;
    clock_gettime(c, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}
pid_t fork(void)
{
    pid_t (*real)(void) = (pid_t (*)(void))dlsym(RTLD_NEXT, "fork");
    long long t = ns(CLOCK_MONOTONIC), c = ns(CLOCK_PROCESS_CPUTIME_ID);
    pid_t pid = real();
    if (pid > 0) {
        char line[99];
        int n = snprintf(line, sizeof line, "%lld,%lld,%lld\n", t,
                         ns(CLOCK_MONOTONIC), ns(CLOCK_PROCESS_CPUTIME_ID) - c);
        int fd = open(getenv("FORK_LOG"), O_WRONLY | O_APPEND | O_CREAT, 0600);
        if (write(fd, line, (size_t)n) < 0)
            return pid;
        close(fd);
    }
    return pid;
}
"""


def process_cpu(pid):
    """CPU seconds of a process and its threads, also the ended ones."""
    try:
        return time.clock_gettime_ns((~pid << 3) | 2) / 1e9
    except OSError:
        return 0.0


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return [int(x) for x in f.read().split()]


def rollup(pid):
    """Private dirty KiB of a process."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
        return next(int(x.split()[1]) for x in f
                    if x.startswith("Private_Dirty"))


def wait_for(what, seconds=10.0):
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            raise TimeoutError("httpd did not get there in time")
        time.sleep(0.02)


class Httpd:
    """A server of our own; `with Httpd(...) as h`. After the block h.cpu is
    the CPU time of the parent and of all its children."""

    def __init__(self, mpm, directives, tls=None, preload=None):
        self.mpm, self.cpu = mpm, 0.0
        self.root = tempfile.mkdtemp(prefix="httpd-costs-")
        modules, env = OPT.modules, dict(os.environ)
        os.mkdir(f"{self.root}/docs")
        with open(f"{self.root}/docs/1k.txt", "w", encoding="ascii") as f:
            f.write("x" * 1024)
        with open(f"{self.root}/bodies", "wb") as f:
            f.truncate(8_000_000)
        if tls:
            for end in ("crt", "key"):
                shutil.copy(f"{OPT.scratch}/{tls}.{end}", self.root)
            tls = TLS_CONF.format(modules=modules, port=TLS_PORT, key=tls)
        handler = ""
        if OPT.handler:
            handler = (f"LoadModule {OPT.handler_name}_module {OPT.handler}\n"
                       f"<Location /work>\nSetHandler {OPT.handler_name}\n"
                       "</Location>")
        with open(f"{self.root}/httpd.conf", "w", encoding="ascii") as f:
            f.write(CONF.format(
                port=PORT, modules=modules, mpm=mpm, tls=tls or "",
                user="User www-data\nGroup www-data" if os.geteuid() == 0
                else "", handler=handler, directives=directives))
        os.chmod(self.root, 0o755)
        if preload:
            env.update(LD_PRELOAD=preload, FORK_LOG=f"{self.root}/forks")
        command = [OPT.httpd, "-d", self.root, "-f", f"{self.root}/httpd.conf",
                   "-DFOREGROUND"]
        # httpd signals its process group when it ends: give it its own
        self.process = subprocess.Popen(command, env=env,
                                        start_new_session=True,
                                        stderr=subprocess.PIPE)
        self.pid = self.process.pid

    def __enter__(self):
        try:
            wait_for(lambda: self.process.poll() is not None or
                     listening(PORT))
        except TimeoutError:
            self.__exit__()
            raise
        if self.process.returncode is not None:
            said = self.process.stderr.read().decode(errors="replace")
            shutil.rmtree(self.root, ignore_errors=True)
            raise SystemExit(f"host_costs: httpd does not start: {said}")
        return self

    def __exit__(self, *_):
        if self.process.returncode is None:
            try:
                os.kill(self.pid, signal.SIGTERM)
                _, _, usage = os.wait4(self.pid, 0)
                self.cpu = usage.ru_utime + usage.ru_stime
            except (ProcessLookupError, ChildProcessError):
                pass
            self.process.returncode = 0
        self.process.stderr.close()
        shutil.rmtree(self.root, ignore_errors=True)

    def settle(self, n, threads=1):
        """Waits until there are N children of at least THREADS threads."""
        def there():
            pids = children(self.pid)
            try:
                return len(pids) == n and all(
                    len(os.listdir(f"/proc/{p}/task")) >= threads
                    for p in pids)
            except FileNotFoundError:
                return False
        wait_for(there, 20)
        time.sleep(0.3)

    def restart(self, n, threads=1):
        old = set(children(self.pid))
        os.kill(self.pid, signal.SIGUSR1)
        wait_for(lambda: not old & set(children(self.pid)), 20)
        self.settle(n, threads)

    def living_cpu(self):
        return process_cpu(self.pid) + sum(map(process_cpu,
                                               children(self.pid)))


def listening(port):
    with open("/proc/net/tcp", encoding="ascii") as f:
        return any(f":{port:04X} 00000000:0000 0A" in line for line in f)


# -- clients ------------------------------------------------------------------

def head(path, close=False):
    text = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    if close:
        text += "Connection: close\r\n"
    text += "X-Pad: "
    return (text + "p" * (252 - len(text)) + "\r\n\r\n").encode()


def open_conn(tls=None, session=None):
    s = socket.create_connection(("127.0.0.1", TLS_PORT if tls else PORT), 20)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if tls:
        s = tls.wrap_socket(s, session=session)
    return s


def ask(s, request):
    """One request, its whole response; returns the body's length."""
    s.sendall(request)
    return answer(s)


def answer(s):
    got = b""
    while b"\r\n\r\n" not in got:
        piece = s.recv(65536)
        if not piece:
            raise ConnectionError("closed")
        got += piece
    start, _, body = got.partition(b"\r\n\r\n")
    length = int(start.lower().split(b"content-length:")[1].split()[0])
    have = len(body)
    while have < length:
        piece = s.recv(262144)
        if not piece:
            raise ConnectionError("closed")
        have += len(piece)
    return length


def tls_client():
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.check_hostname, c.verify_mode = False, ssl.CERT_NONE
    return c


def paced(n, rate, job):
    """Runs JOB N times at RATE per second, from as many threads as it
    takes for the slowest job not to hold up the next."""
    threads = max(1, min(16, round(rate / 25)))

    def loop(k):
        start = time.monotonic() + k / rate
        for i in range(k, n, threads):
            late = start + (i - k) / rate - time.monotonic()
            if late > 0:
                time.sleep(late)
            job()
    work = [threading.Thread(target=loop, args=(k,)) for k in range(threads)]
    for t in work:
        t.start()
    for t in work:
        t.join()


def one(path, tls=None, session=None):
    s = open_conn(tls, session)
    ask(s, head(path))
    s.close()


def wrk(path, connections, seconds, close=False):
    """Requests done by wrk."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s",
               f"http://127.0.0.1:{PORT}{path}"]
    if close:
        command[1:1] = ["-H", "Connection: close"]
    out = subprocess.run(command, capture_output=True, text=True,
                         check=True).stdout
    return next(int(x.split()[0]) for x in out.splitlines()
                if " requests in " in x)


# -- measurements -------------------------------------------------------------

ROWS = []


def tell(name, variant, values, unit, note=""):
    values = sorted(values)
    row = {"figure": name, "variant": variant,
           "median": round(statistics.median(values), 4),
           "low": round(values[0], 4), "high": round(values[-1], 4),
           "unit": unit, "n": len(values), "note": note}
    ROWS.append(row)
    print(f"{name:28} {variant:28} {row['median']:10.3f}  "
          f"{row['low']:.3f} ... {row['high']:.3f} {unit}", flush=True)


def prefork_conf(n):
    return (f"StartServers {n}\nMinSpareServers 1\nMaxSpareServers {n + 50}\n"
            f"ServerLimit {n + 50}\nMaxRequestWorkers {n + 50}")


def thread_conf(processes, threads):
    n = processes * threads
    return (f"StartServers {processes}\nThreadLimit {threads}\n"
            f"ThreadsPerChild {threads}\nServerLimit {processes + 4}\n"
            f"MaxRequestWorkers {n}\nMinSpareThreads {n}\n"
            f"MaxSpareThreads {n + 4 * threads}")


def life(mpm, conf, few, many, threads, tls, restarts, used):
    """CPU seconds of a child from fork to end, and of its start alone, by
    RESTARTS graceful restarts with MANY and with FEW children: everything
    else is the same in both. USED: each child has worked before it ends;
    what the work itself took is not counted."""
    total, start = {}, 0.0
    for n in (few, many):
        work = 0.0
        with Httpd(mpm, conf(n), tls) as h:
            h.settle(n, threads)
            start = sum(map(process_cpu, children(h.pid))) / n
            for _ in range(restarts):
                if used:
                    before = h.living_cpu()
                    for _ in range(3):
                        touch(n * max(1, threads - 1), tls)
                    work += h.living_cpu() - before
                h.restart(n, threads)
        total[n] = h.cpu - work
    # the children of the first start and of each restart; those of the last
    # one are ended by SIGTERM
    return (total[many] - total[few]) / (many - few) / (restarts + 1), start


def touch(n, tls):
    """N connections at once with a request each, so that all threads work."""
    context = tls_client() if tls else None
    held = []
    try:
        for _ in range(n):
            held.append(open_conn(context))
            ask(held[-1], head("/1k.txt"))
    finally:
        for s in held:
            s.close()


def measure_life():
    """life_cpu, start_cpu: CPU of a prefork child from fork to end"""
    for tls in (None, "rsa"):
        name = "prefork" + (" mod_ssl" if tls else "")
        for used in (False, True):
            values = [life("prefork", prefork_conf, 4, 44, 1, tls, 3, used)
                      for _ in range(OPT.n)]
            tell("life_cpu", name + (" used" if used else ""),
                 [v[0] * 1e3 for v in values], "ms")
            if not used:
                tell("start_cpu", name, [v[1] * 1e3 for v in values], "ms")


def measure_threads():
    """life_cpu, start_cpu of a process with 1 to 100 threads"""
    for mpm in ("worker", "event"):
        for threads in (1, 10, 25, 100):
            def conf(n, t=threads):
                return thread_conf(n, t)
            got = {}
            for _ in range(OPT.n):
                for used in (False, True) if mpm == "worker" else (False,):
                    v = life(mpm, conf, 2, 8, threads + 1, None, 2, used)
                    got.setdefault("life_cpu", {}).setdefault(
                        " used" if used else "", []).append(v[0] * 1e3)
                    got.setdefault("start_cpu", {}).setdefault(
                        "", []).append(v[1] * 1e3)
            for figure, by_use in got.items():
                for use, values in by_use.items():
                    tell(figure, f"{mpm} {threads} threads{use}", values,
                         "ms")


def measure_fork():
    """fork_wall, fork_cpu: the parent's part of one fork, alone and in the
    batches of 8, 16 and 32 of a growing pool"""
    shim = f"{OPT.scratch}/shim.so"
    if not os.path.exists(shim):
        with open(f"{OPT.scratch}/shim.c", "w", encoding="ascii") as f:
            f.write(SHIM)
        subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", shim,
                        f"{OPT.scratch}/shim.c", "-ldl"], check=True)
    cases = [("prefork", None, "StartServers 1\nMinSpareServers 120\n"
              "MaxSpareServers 200\nServerLimit 200\nMaxRequestWorkers 200"),
             ("prefork", "rsa", "StartServers 1\nMinSpareServers 120\n"
              "MaxSpareServers 200\nServerLimit 200\nMaxRequestWorkers 200"),
             ("event", None, "StartServers 1\nThreadsPerChild 25\n"
              "ServerLimit 80\nMaxRequestWorkers 2000\nMinSpareThreads 1575\n"
              "MaxSpareThreads 2000")]
    for mpm, tls, conf in cases:
        got = {}
        for _ in range(OPT.n):
            with Httpd(mpm, conf, tls, preload=shim) as h:
                time.sleep(9.5)
                with open(f"{h.root}/forks", encoding="ascii") as f:
                    rows = [tuple(map(int, r)) for r in csv.reader(f)]
            batch = []
            for r in rows + [(1 << 62, 0, 0)]:
                if batch and r[0] - batch[-1][0] > 300_000_000:
                    n = len(batch)
                    got.setdefault(n, []).append((
                        (batch[-1][1] - batch[0][0]) / n / 1e6,
                        sum(b[2] for b in batch) / n / 1e6))
                    batch = []
                batch.append(r)
        for n in sorted(got):
            if n in (1, 2, 4, 8, 16, 32):
                name = f"{mpm}{' mod_ssl' if tls else ''} batch of {n}"
                tell("fork_wall", name, [v[0] for v in got[n]], "ms",
                     "elapsed in the parent, per fork")
                tell("fork_cpu", name, [v[1] for v in got[n]], "ms",
                     "CPU of the parent inside fork()")


def one_mpm(mpm):
    if mpm == "prefork":
        return ("StartServers 40\nMinSpareServers 40\nMaxSpareServers 60\n"
                "MaxRequestWorkers 60"), 40, 1
    return thread_conf(2, 25), 2, 26


def measure_request():
    """request_cpu: CPU per small request, at rates up to saturation"""
    paths = [("static", "/1k.txt")]
    if OPT.handler:
        paths.append(("20 ms sleep", "/work?sleep_ms=20&bytes=1000"))
    for mpm in ("prefork", "worker", "event"):
        conf, n, threads = one_mpm(mpm)
        for what, path in paths:
            got = {}
            for _ in range(OPT.n):
                with Httpd(mpm, conf) as h:
                    h.settle(n, threads)
                    touch(min(40, n * threads), None)
                    for rate in (10, 50, 200):
                        count = rate * 4
                        before = h.living_cpu()
                        paced(count, rate, lambda: one(path))
                        time.sleep(0.1)
                        got.setdefault(f"{rate}/s new", []).append(
                            (h.living_cpu() - before) / count * 1e6)
                    with open_conn() as s:
                        ask(s, head(path))
                        before = h.living_cpu()
                        paced(100, 25, lambda c=s: ask(c, head(path)))
                        got.setdefault("25/s kept", []).append(
                            (h.living_cpu() - before) / 100 * 1e6)
                    if shutil.which("wrk"):
                        for close in (True, False):
                            before = h.living_cpu()
                            count = wrk(path, 32, 3, close)
                            got.setdefault(
                                "32 at once, " + ("new" if close else "kept"),
                                []).append(
                                (h.living_cpu() - before) / count * 1e6)
            for k, v in got.items():
                tell("request_cpu", f"{mpm} {what} {k}", v, "us")


def measure_tls():
    """tls_cpu: CPU per TLS 1.3 connection with one small request"""
    context = tls_client()
    for key in ("rsa", "ecdsa"):
        for mpm in ("prefork", "event"):
            conf, n, threads = one_mpm(mpm)
            got = {}
            for _ in range(OPT.n):
                with Httpd(mpm, conf, key) as h:
                    h.settle(n, threads)
                    for _ in range(3):
                        touch(40, key)
                    for resumed in (False, True):
                        session = None
                        if resumed:
                            s = open_conn(context)
                            ask(s, head("/1k.txt"))
                            session = s.session
                            s.close()
                        name = "resumed" if resumed else "full"
                        for rate in (10, 50):
                            before = h.living_cpu()
                            paced(rate * 4, rate, functools.partial(
                                one, "/1k.txt", context, session))
                            time.sleep(0.1)
                            got.setdefault(f"{name} {rate}/s", []).append(
                                (h.living_cpu() - before) / rate / 4 * 1e6)
                        before = h.living_cpu()
                        done = flood(2.5, resumed)
                        got.setdefault(f"{name} saturated", []).append(
                            (h.living_cpu() - before) / done * 1e6)
            for k, v in got.items():
                tell("tls_cpu", f"{mpm} {key} {k}", v, "us")


def flood(seconds, resumed):
    """Connections made by 4 processes as fast as they go."""
    readers = []
    for _ in range(4):
        r, w = os.pipe()
        if os.fork() == 0:
            done, context, session = 0, tls_client(), None
            end = time.monotonic() + seconds
            try:
                while time.monotonic() < end:
                    s = open_conn(context, session)
                    ask(s, head("/1k.txt"))
                    if resumed and session is None:
                        session = s.session
                    s.close()
                    done += 1
            finally:
                os.write(w, str(done).encode())
                os._exit(0)
        os.close(w)
        readers.append(r)
    total = sum(int(os.read(r, 20) or b"0") for r in readers)
    for r in readers:
        os.close(r)
        os.wait()
    return max(1, total)


def child_memory(h):
    return statistics.mean(map(rollup, children(h.pid)))


def measure_memory():
    """memory: private dirty KiB of a child, its threads and connections"""
    for tls in (None, "rsa"):
        name = "prefork" + (" mod_ssl" if tls else "")
        got = {}
        for _ in range(OPT.n):
            with Httpd("prefork", prefork_conf(20), tls) as h:
                h.settle(20)
                got.setdefault("parent", []).append(rollup(h.pid))
                got.setdefault("never used", []).append(child_memory(h))
                touch(20, tls)
                got.setdefault("after 1 connection", []).append(
                    child_memory(h))
                for _ in range(20):
                    touch(20, tls)
                got.setdefault("after 21 connections", []).append(
                    child_memory(h))
        for k, v in got.items():
            tell("memory", f"{name} {k}", v, "KiB")
    for mpm in ("worker", "event"):
        for tls in (None, "rsa"):
            name = f"{mpm}{' mod_ssl' if tls else ''}"
            got = {}
            for _ in range(OPT.n):
                for threads in (5, 10, 25, 50, 100):
                    thread_memory(mpm, threads, tls, got)
            for (threads, state), v in sorted(got.items()):
                tell("memory", f"{name} {threads} threads, {state}", v,
                     "KiB", "the process")


def thread_memory(mpm, threads, tls, got):
    context = tls_client() if tls else None

    def note(state):
        got.setdefault((threads, state), []).append(rollup(pid))
    with Httpd(mpm, thread_conf(1, threads), tls) as h:
        h.settle(1, threads + 1)
        pid = children(h.pid)[0]
        note("a idle")
        for _ in range(2 * threads):
            one("/1k.txt", context)
        note("b one at a time, 2 each")
        if OPT.handler:
            together(threads, context)
            note("c all at once, 1 time")
            for _ in range(7):
                together(threads, context)
            note("d all at once, 8 times")
            for _ in range(52):
                together(threads, context)
            note("e all at once, 60 times")
    if mpm == "event" and threads == 100:
        with Httpd(mpm, thread_conf(1, threads), tls) as h:
            h.settle(1, threads + 1)
            pid, held = children(h.pid)[0], []
            for n in (20, 100, 200):
                while len(held) < n:
                    held.append(open_conn(context))
                    ask(held[-1], head("/1k.txt"))
                time.sleep(0.2)
                note(f"f {n} kept connections")
            for _ in range(20):
                for s in held:
                    ask(s, head("/1k.txt"))
            note("g 200 after 21 requests on each")
            for s in held:
                s.close()
            time.sleep(1)
            note("h all closed")


def together(n, context):
    """N new connections, each with a request, all in work at one time."""
    held = [open_conn(context) for _ in range(n)]
    for s in held:
        s.sendall(head("/work?sleep_ms=30&bytes=1000"))
    for s in held:
        answer(s)
        s.close()


def measure_bodies():
    """body_memory: private dirty KiB that bodies written from memory take"""
    if not OPT.handler:
        print("bodies: skipped, they need --handler", file=sys.stderr)
        return
    for mpm in ("prefork", "worker", "event"):
        conf = prefork_conf(8) if mpm == "prefork" else thread_conf(1, 10)
        n, threads = (8, 1) if mpm == "prefork" else (1, 11)
        got = {}
        for _ in range(OPT.n):
            with Httpd(mpm, conf) as h:
                h.settle(n, threads)
                for _ in range(60 if mpm != "prefork" else 3):
                    touch(8, None)
                for file in (1, 0):
                    where = "memory" if file == 0 else "file"
                    for size in (100_000, 8_000_000):
                        before = sum(map(rollup, children(h.pid)))
                        held = []
                        for _ in range(8):
                            s = socket.socket()
                            s.setsockopt(socket.SOL_SOCKET,
                                         socket.SO_RCVBUF, 65536)
                            s.connect(("127.0.0.1", PORT))
                            s.sendall(head(f"/work?bytes={size}&file={file}"))
                            held.append(s)
                        time.sleep(1)
                        now = sum(map(rollup, children(h.pid)))
                        k = f"{mpm} {size // 1000} kB from {where}"
                        got.setdefault(k + ", client stalls", []).append(
                            (now - before) / 8)
                        for s in held:
                            drain(s)
                        time.sleep(0.5)
                        now = sum(map(rollup, children(h.pid)))
                        got.setdefault(k + ", afterwards", []).append(
                            (now - before) / 8)
        for k, v in got.items():
            tell("body_memory", k, v, "KiB", "per connection, of 8 at once")


def drain(s):
    s.settimeout(0.5)
    try:
        while s.recv(1 << 20):
            pass
    except OSError:
        pass
    s.close()


MEASUREMENTS = {"life": measure_life, "threads": measure_threads,
                "fork": measure_fork, "request": measure_request,
                "tls": measure_tls, "memory": measure_memory,
                "bodies": measure_bodies}
OPT = None


def certificates():
    for name, how in (("rsa", ["rsa:2048"]),
                      ("ecdsa", ["ec", "-pkeyopt",
                                 "ec_paramgen_curve:P-256"])):
        subprocess.run(["openssl", "req", "-x509", "-newkey", *how, "-nodes",
                        "-days", "2", "-subj", "/CN=127.0.0.1", "-keyout",
                        f"{OPT.scratch}/{name}.key", "-out",
                        f"{OPT.scratch}/{name}.crt"], check=True,
                       stderr=subprocess.DEVNULL)


def find_modules():
    for pattern in ("/usr/lib/apache2/modules", "/usr/lib64/httpd/modules",
                    "/usr/local/apache2/modules"):
        if glob.glob(pattern + "/mod_mpm_*.so"):
            return pattern
    return None


def main():
    global OPT
    what = "\n".join(f"  {k:8} {v.__doc__}" for k, v in MEASUREMENTS.items())
    p = argparse.ArgumentParser(
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description=__doc__.replace("MEASUREMENTS", "\n" + what))
    p.add_argument("measurement", nargs="*")
    p.add_argument("-n", type=int, default=5, help="repeats of each figure")
    p.add_argument("-o", metavar="FILE", help="write the figures as CSV")
    p.add_argument("--httpd", default=shutil.which("apache2") or
                   shutil.which("httpd"), help="the server's program")
    p.add_argument("--modules", default=find_modules(),
                   help="the folder of its modules")
    p.add_argument("--handler", help="a compiled mod_work.so")
    OPT = p.parse_args()
    for m in OPT.measurement:
        if m not in MEASUREMENTS:
            p.error(f'"{m}" is no measurement; there are '
                    + " ".join(MEASUREMENTS))
    if not OPT.httpd or not OPT.modules:
        p.error("no httpd found; name it with --httpd and --modules")
    if os.geteuid() == 0 and not os.environ.get("HOST_COSTS_NETNS"):
        os.environ["HOST_COSTS_NETNS"] = "1"
        os.execvp("unshare", ["unshare", "-n", sys.executable,
                              os.path.abspath(__file__), *sys.argv[1:]])
    if os.environ.get("HOST_COSTS_NETNS"):
        subprocess.run(["ip", "link", "set", "lo", "mtu", "1500", "up"],
                       check=True)
    if OPT.handler:
        OPT.handler = os.path.abspath(OPT.handler)
        OPT.handler_name = (os.path.basename(OPT.handler)
                            .removeprefix("mod_").removesuffix(".so"))
    OPT.scratch = tempfile.mkdtemp(prefix="host-costs-")
    os.chmod(OPT.scratch, 0o755)
    status = 0
    # also as a background job, which ignores SIGINT
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        certificates()
        for m in OPT.measurement or MEASUREMENTS:
            MEASUREMENTS[m]()
    except KeyboardInterrupt:
        print("host_costs: interrupted; figures so far are kept",
              file=sys.stderr)
        status = 130
    finally:
        shutil.rmtree(OPT.scratch, ignore_errors=True)
        if OPT.o and ROWS:
            with open(OPT.o, "w", newline="", encoding="ascii") as f:
                w = csv.DictWriter(f, list(ROWS[0]), lineterminator="\n")
                w.writeheader()
                w.writerows(ROWS)
    return status


if __name__ == "__main__":
    sys.exit(main())
