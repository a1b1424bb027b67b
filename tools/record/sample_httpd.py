#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records a running Apache httpd as the series that mpmsim compares with.

    sample_httpd.py [-o DIR] [--pidfile FILE | --pid PID] [--duration 60]

Writes DIR/series.csv (processes, worker slots by state, sockets, accept queue,
CPU time and memory; a row every 50 ms), DIR/connections.csv (clients, and when
each connection was open) and DIR/meta.json. docs/record.md says what each
column means and how to go on from here.

No httpd worker takes part: the scoreboard is read from the parent process's
memory, the rest from /proc and the kernel's socket diagnostics. That needs
root. Without it, or for a server elsewhere, --status URL asks mod_status'
machine-readable page instead, which takes a worker for each sample.

Ends after --duration seconds, when httpd ends, or at Ctrl-C; the rows so far
are kept (SIGTERM does the same). Linux, Python 3.9 or later, nothing else.
"""

import argparse
import collections
import errno
import glob
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

COLUMNS = """t_s processes processes_scoreboard threads slots_dead
slots_starting slots_ready slots_reading slots_writing slots_keepalive
slots_logging slots_closing slots_finishing slots_idle_kill processes_stopping
processes_not_accepting async_connections async_wait_io async_writing
async_keepalive async_closing async_suspended accept_queue syn_queue
sockets_established sockets_close_wait sockets_closing listen_overflows
listen_drops cpu_s rss_kib pss_kib private_dirty_kib""".split()

# the letters of mod_status, and the scoreboard's numbers for them
SLOTS = [("slots_dead", ".", 0), ("slots_starting", "S", 1),
         ("slots_ready", "_", 2), ("slots_reading", "R", 3),
         ("slots_writing", "W", 4), ("slots_keepalive", "K", 5),
         ("slots_logging", "L", 6), ("slots_closing", "C", 8),
         ("slots_finishing", "G", 9), ("slots_idle_kill", "I", 10)]


class Trouble(Exception):
    """Something the user can do something about."""


def read(path):
    with open(path, "rb", buffering=0) as f:
        pieces = []
        while True:
            piece = f.read(1 << 20)
            if not piece:
                return b"".join(pieces)
            pieces.append(piece)


# -- the scoreboard -----------------------------------------------------------

class Scoreboard:
    """The scoreboard of httpd 2.4 on a 64-bit machine.

    It lies in shared memory, whether ScoreBoardFile names a file or not: a
    size_t with the size of the whole, then one global record, ServerLimit
    process records and ServerLimit x ThreadLimit worker records. Their sizes
    changed over time; LAYOUTS has all of 2.4.1 to 2.4.71, rounded up to 8.
    Which one it is follows from the size of the whole."""

    HEADER = 8
    LAYOUTS = [  # global, process, worker record; the first version that has it
        (56, 40, 336, "2.4.37"), (56, 40, 272, "2.4.34"),
        (24, 40, 264, "2.4.24"), (24, 40, 248, "2.4.17"),
        (24, 32, 248, "2.4.1")]
    STATUS = 20  # of a worker record
    PROCESS = struct.Struct("=ii??2x5I")  # pid, generation, two flags, counts
    WAIT_IO = 36  # of a process record, since 2.4.63

    def __init__(self, memory, address, layout, processes, threads):
        self.memory, self.address = memory, address
        self.layout, self.processes, self.threads = layout, processes, threads
        self.size = self.total(layout, processes, threads)

    @classmethod
    def total(cls, layout, processes, threads):
        return cls.HEADER + layout[0] + processes * (
            layout[1] + threads * layout[2])

    @classmethod
    def parse_head(cls, head, room):
        """(layout, ServerLimit, ThreadLimit) if HEAD, the first bytes of a
        shared mapping of ROOM bytes, begins a scoreboard, else None."""
        if len(head) < 24:
            return None
        size, processes, threads = struct.unpack_from("=Qii", head)
        if not (0 < processes <= 200000 and 0 < threads <= 100000):
            return None
        for layout in cls.LAYOUTS:
            need = cls.total(layout, processes, threads)
            if size == need <= room:
                return layout, processes, threads
        return None

    @classmethod
    def find(cls, pid):
        """The scoreboard among the shared mappings of process PID."""
        memory = os.open(f"/proc/{pid}/mem", os.O_RDONLY)
        for line in read(f"/proc/{pid}/maps").decode().splitlines():
            field = line.split()
            if field[1] != "rw-s":
                continue
            low, high = (int(x, 16) for x in field[0].split("-"))
            try:
                found = cls.parse_head(os.pread(memory, 24, low), high - low)
            except OSError:
                continue
            if found:
                return cls(memory, low, *found)
        os.close(memory)
        return None

    def restarted(self):
        """When httpd was started or last restarted, seconds since 1970."""
        head = os.pread(self.memory, 32, self.address)
        return struct.unpack_from("=q", head, self.HEADER + 16)[0] / 1e6

    def sample(self):
        """Columns, and the pids of the process slots."""
        data = os.pread(self.memory, self.size, self.address)
        if len(data) < self.size or not self.parse_head(data, self.size):
            raise OSError(errno.EFAULT, "the scoreboard is gone")
        return self.count(data)

    def count(self, data):
        layout, n = self.layout, self.processes
        at = self.HEADER + layout[0]
        first = at + n * layout[1]
        states = collections.Counter(data[first + self.STATUS::layout[2]])
        row = {name: states[number] for name, _, number in SLOTS}
        sums, pids, stopping, deaf = [0] * 6, set(), 0, 0
        for i in range(n):
            here = at + i * layout[1]
            (pid, _, quiescing, not_accepting, connections, writing, closing,
             keepalive, suspended) = self.PROCESS.unpack_from(data, here)
            if not pid:
                continue
            pids.add(pid)
            stopping += quiescing
            deaf += not_accepting
            wait_io = 0
            if layout[1] > self.WAIT_IO:
                wait_io, = struct.unpack_from("=I", data, here + self.WAIT_IO)
            for k, v in enumerate((connections, wait_io, writing, keepalive,
                                   closing, suspended)):
                sums[k] += v
        row.update(processes_scoreboard=len(pids), processes_stopping=stopping,
                   processes_not_accepting=deaf, async_connections=sums[0],
                   async_wait_io=sums[1], async_writing=sums[2],
                   async_keepalive=sums[3], async_closing=sums[4],
                   async_suspended=sums[5])
        return row, pids


# -- mod_status ---------------------------------------------------------------

def parse_status(text):
    """The columns that a page of mod_status with ?auto holds. The worker that
    wrote the page shows itself as W: it is counted as ready instead."""
    field = {}
    for line in text.splitlines():
        name, colon, value = line.partition(": ")
        if colon:
            field[name.strip()] = value.strip()
    if "Scoreboard" not in field:
        raise Trouble('the page has no line "Scoreboard:"; is it the '
                      "machine-readable one (URL?auto)?")
    letters = collections.Counter(field["Scoreboard"])
    row = {name: letters[letter] for name, letter, _ in SLOTS}
    if row["slots_writing"] > 0:
        row["slots_writing"] -= 1
        row["slots_ready"] += 1
    for column, key in (("processes", "Processes"),
                        ("processes_stopping", "Stopping"),
                        ("async_connections", "ConnsTotal"),
                        ("async_wait_io", "ConnsAsyncWaitIO"),
                        ("async_writing", "ConnsAsyncWriting"),
                        ("async_keepalive", "ConnsAsyncKeepAlive"),
                        ("async_closing", "ConnsAsyncClosing")):
        if field.get(key, "").isdigit():
            row[column] = int(field[key])
    return row


def fetch_status(url, timeout):
    import urllib.request  # only here: it takes long to load
    request = urllib.request.Request(url, headers={"Connection": "close"})
    with urllib.request.urlopen(request, timeout=timeout) as page:
        return parse_status(page.read().decode("latin-1"))


# -- the kernel ---------------------------------------------------------------

ESTABLISHED, SYN_RECV, CLOSE_WAIT, LISTEN, NEW_SYN_RECV = 1, 3, 8, 10, 12
WANTED = (ESTABLISHED, SYN_RECV, 4, 5, CLOSE_WAIT, 9, LISTEN, 11, NEW_SYN_RECV)


class Sockets:
    """Counts the server's sockets by state, by socket diagnostics where
    httpd shares our network namespace, else from /proc/PID/net."""

    def __init__(self, pid, ports):
        self.pid, self.ports, self.netlink = pid, set(ports), None
        self.open, self.turn, self.out = {}, 0, None
        try:
            if os.readlink("/proc/self/ns/net") == os.readlink(
                    f"/proc/{pid}/ns/net"):
                self.netlink = socket.socket(socket.AF_NETLINK,
                                             socket.SOCK_RAW, 4)
        except OSError:
            self.netlink = None

    def dump(self, family):
        """(state, local port, receive queue, peer) of the sockets of FAMILY;
        the peer is its port and its address."""
        states = sum(1 << s for s in WANTED)
        self.netlink.send(struct.pack("=IHHIIBBBxI48x", 72, 20, 0x301, 0, 0,
                                      family, socket.IPPROTO_TCP, 0, states))
        size_of = 4 if family == socket.AF_INET else 16
        while True:
            data, at = self.netlink.recv(1 << 18), 0
            while at + 16 <= len(data):
                size, kind = struct.unpack_from("=IH", data, at)
                if kind == 3:  # done
                    return
                if kind == 2 or size < 16:
                    raise OSError("socket diagnostics refused")
                port, peer = struct.unpack_from("!HH", data, at + 20)
                yield (data[at + 17], port,
                       struct.unpack_from("=I", data, at + 16 + 56)[0],
                       (peer, data[at + 40:at + 40 + size_of]))
                at += (size + 3) & ~3

    def listing(self):
        if self.netlink:
            for family in (socket.AF_INET, socket.AF_INET6):
                yield from self.dump(family)
            return
        for name in ("tcp", "tcp6"):
            yield from parse_proc_net(
                read(f"/proc/{self.pid}/net/{name}").decode())

    def sample(self, t):
        """Columns at time T; notes which connections there are."""
        count, queue = collections.Counter(), 0
        for state, port, receive, peer in self.listing():
            if port not in self.ports:
                continue
            count[state] += 1
            if state == LISTEN:
                queue += receive
            elif state in (ESTABLISHED, CLOSE_WAIT):
                times = self.open.get((peer, port))
                if times:
                    times[1], times[2] = t, self.turn
                else:
                    self.open[peer, port] = [t, t, self.turn]
        for key in [k for k, v in self.open.items() if v[2] != self.turn]:
            self.write(key)
        self.turn += 1
        return {"accept_queue": queue,
                "syn_queue": count[SYN_RECV] + count[NEW_SYN_RECV],
                "sockets_established": count[ESTABLISHED],
                "sockets_close_wait": count[CLOSE_WAIT],
                "sockets_closing": sum(count[s] for s in (4, 5, 9, 11))}

    def write(self, key):
        first, last, _ = self.open.pop(key)
        (peer, address), port = key
        self.out.write(f"{address_text(address)},{peer},{port},{first:.3f},"
                       f"{last:.3f}\n")

    def finish(self):
        for key in list(self.open):
            self.write(key)


def address_text(address):
    """As httpd logs it: IPv4 also where the socket is of IPv6."""
    if len(address) == 16 and address[:12] == bytes(10) + b"\xff\xff":
        address = address[12:]
    return socket.inet_ntop(socket.AF_INET if len(address) == 4
                            else socket.AF_INET6, address)


def parse_proc_net(text):
    """(state, local port, receive queue, peer) of the rows of /proc/net/tcp;
    the receive queue of a listening socket is its accept queue."""
    for line in text.splitlines()[1:]:
        field = line.split()
        address, port = field[2].rsplit(":", 1)
        words = struct.unpack(f">{len(address) // 8}I", bytes.fromhex(address))
        yield (int(field[3], 16), int(field[1].rsplit(":", 1)[1], 16),
               int(field[4].split(":")[1], 16),
               (int(port, 16), struct.pack(f"={len(words)}I", *words)))


def parse_netstat(text):
    """(ListenOverflows, ListenDrops) of /proc/net/netstat."""
    rows = [line.split() for line in text.splitlines()
            if line.startswith("TcpExt:")]
    value = dict(zip(rows[0][1:], rows[1][1:])) if len(rows) > 1 else {}
    return (int(value.get("ListenOverflows", 0)),
            int(value.get("ListenDrops", 0)))


def listening_ports(pid):
    """The ports on which process PID listens."""
    inodes = set()
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            target = os.readlink(f"/proc/{pid}/fd/{name}")
        except OSError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    ports = set()
    for name in ("tcp", "tcp6"):
        for line in read(f"/proc/{pid}/net/{name}").decode().splitlines()[1:]:
            field = line.split()
            if int(field[3], 16) == LISTEN and field[9] in inodes:
                ports.add(int(field[1].rsplit(":", 1)[1], 16))
    return sorted(ports)


# -- processes ----------------------------------------------------------------

TICK = os.sysconf("SC_CLK_TCK")


def parse_stat(text):
    """State, parent, own and reaped children's CPU seconds, threads and start
    time in ticks, from /proc/PID/stat."""
    field = text[text.rindex(")") + 2:].split()
    return (field[0], int(field[1]), (int(field[11]) + int(field[12])) / TICK,
            (int(field[13]) + int(field[14])) / TICK, int(field[17]),
            int(field[19]))


def stat_of(pid):
    try:
        return parse_stat(read(f"/proc/{pid}/stat").decode("latin-1"))
    except OSError:
        return None


def children_of(pid):
    try:
        return [int(x) for x in
                read(f"/proc/{pid}/task/{pid}/children").split()]
    except OSError:  # a kernel without that file
        found = []
        for path in glob.glob("/proc/[0-9]*"):
            child = int(path[6:])
            stat = stat_of(child)
            if stat and stat[1] == pid:
                found.append(child)
        return found


class Processes:
    """The parent and those children that serve: loggers behind a pipe and
    mod_cgid's daemon are children too, but not counted."""

    def __init__(self, pid):
        self.pid, self.name = pid, self.comm(pid)
        self.serves, self.reaped0 = {}, 0.0

    @staticmethod
    def comm(pid):
        try:
            return read(f"/proc/{pid}/comm")
        except OSError:
            return None

    def helper(self, pid, slots):
        """Was PID, when first seen, something else than a server? What is on
        the scoreboard serves; else what listens on no socket does not."""
        if pid not in self.serves:
            serves = self.comm(pid) == self.name
            if serves and slots is not None and pid not in slots:
                try:
                    serves = bool(listening_ports(pid))
                except OSError:
                    serves = True
            self.serves[pid] = serves
        return not self.serves[pid]

    def sample(self, slots):
        parent = stat_of(self.pid)
        if not parent or parent[0] in "ZX":
            return None
        cpu, live, threads, pids = parent[2] + parent[3], 0, 0, []
        for pid in children_of(self.pid):
            if self.helper(pid, slots):
                continue
            stat = stat_of(pid)
            if not stat:
                continue
            cpu += stat[2]
            if stat[0] not in "ZX":
                live += 1
                threads += stat[4]
                pids.append(pid)
        self.serves = {p: s for p, s in self.serves.items()
                       if not s or p in pids}
        return {"processes": live, "threads": threads, "cpu_s": cpu}, pids


def parse_rollup(text):
    """Rss, Pss and Private_Dirty in KiB of a smaps_rollup file."""
    value = dict(re.findall(r"^(Rss|Pss|Private_Dirty): +(\d+) kB", text,
                            re.M))
    return [int(value.get(k, 0)) for k in ("Rss", "Pss", "Private_Dirty")]


class Memory(threading.Thread):
    """Sums the memory of all processes now and then, beside the sampling:
    with hundreds of processes that takes longer than a sample may."""

    def __init__(self, pid, period):
        super().__init__(daemon=True)
        self.pid, self.period, self.pids = pid, period, []
        self.latest, self.ended = None, threading.Event()

    def run(self):
        while not self.ended.is_set():
            sums, seen = [0, 0, 0], 0
            for pid in [self.pid, *self.pids]:
                try:
                    one = parse_rollup(read(f"/proc/{pid}/smaps_rollup")
                                       .decode())
                except OSError:
                    continue
                sums, seen = [a + b for a, b in zip(sums, one)], seen + 1
            if seen:
                self.latest = sums
            self.ended.wait(self.period)

    def take(self):
        sums, self.latest = self.latest, None
        return dict(zip(("rss_kib", "pss_kib", "private_dirty_kib"),
                        sums or ("", "", "")))


# -- the recording ------------------------------------------------------------

PIDFILES = ("/run/apache2/apache2.pid", "/var/run/apache2/apache2.pid",
            "/run/httpd/httpd.pid", "/var/run/httpd.pid",
            "/usr/local/apache2/logs/httpd.pid")


def find_parent(o):
    """The pid of httpd's parent; waits for a named pid file up to --wait."""
    end = time.monotonic() + o.wait
    while True:
        if o.pid:
            pid = o.pid
        else:
            pid = None
            for path in [o.pidfile] if o.pidfile else PIDFILES:
                try:
                    pid = int(read(path).split()[0])
                    break
                except (OSError, IndexError, ValueError):
                    continue
        if pid and stat_of(pid):
            return pid
        if time.monotonic() >= end:
            break
        time.sleep(0.002)
    raise Trouble(
        f"no process {o.pid}" if o.pid else
        f"{o.pidfile}: no pid of a running httpd in there" if o.pidfile else
        "no pid file of a running httpd in the usual places; name it with "
        "--pidfile (httpd's directive PidFile) or give --pid")


def mpm_of(pid):
    try:
        for name in re.findall(r"mod_mpm_(\w+)\.so",
                               read(f"/proc/{pid}/maps").decode()):
            return name
    except OSError:
        pass
    said = run(f"/proc/{pid}/exe", "-V")
    found = re.search(r"Server MPM: +(\w+)", said)
    return found.group(1) if found else ""


def run(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True,
                              timeout=5, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""


def sysctl(name, pid="self"):
    try:
        return int(read(f"/proc/{pid}/root/proc/sys/net/" + name))
    except (OSError, ValueError):
        return None


def busy_ticks():
    v = [int(x) for x in read("/proc/stat").split(b"\n", 1)[0].split()[1:9]]
    return sum(v) - v[3] - v[4], sum(v)


def started_at(pid):
    """When process PID started, in seconds since 1970 (to about 10 ms)."""
    ticks = stat_of(pid)[5]
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + ticks / TICK


class Recorder:
    def __init__(self, o):
        self.o, self.pid, self.board = o, None, None
        self.late, self.missed, self.rows, self.worst = 0, 0, 0, 0.0
        self.cpu0 = self.listen0 = None
        self.t0 = self.origin(o.t0)
        if not o.status or o.pid or o.pidfile:
            self.pid = find_parent(o)
        if self.pid:
            self.processes = Processes(self.pid)
            ports = o.ports or self.wait_ports()
            self.sockets = Sockets(self.pid, ports)
            self.memory = Memory(self.pid, o.memory_interval / 1e3)
        else:
            ports = o.ports or []
        self.meta = {"case": os.path.basename(os.path.abspath(o.output)),
                     "ports": ports}
        if self.pid:
            self.meta["httpd_start_s"] = round(started_at(self.pid) - self.t0,
                                               3)
        if self.pid and not o.status:
            self.find_board()

    def wait_ports(self):
        end = time.monotonic() + 2
        while True:
            try:
                ports = listening_ports(self.pid)
            except PermissionError as e:
                raise Trouble(
                    f"process {self.pid} may not be looked into; run this as "
                    "root, or give --ports, and --status URL for the worker "
                    "slots") from e
            if ports or time.monotonic() > end:
                break
            time.sleep(0.002)
        if not ports:
            raise Trouble(f"process {self.pid} listens on no port; is it "
                          "httpd's parent process? Else give --ports")
        return ports

    def find_board(self):
        end = time.monotonic() + 2
        try:
            while not self.board and time.monotonic() < end:
                self.board = Scoreboard.find(self.pid)
                if not self.board:
                    time.sleep(0.002)
        except PermissionError as e:
            raise Trouble(
                f"the memory of process {self.pid} may not be read; run this "
                "as root, or ask mod_status with --status URL") from e
        if not self.board:
            raise Trouble(
                f"process {self.pid} has no scoreboard of a known layout "
                "(httpd 2.4, 64 bit); ask mod_status with --status URL")

    @staticmethod
    def origin(text):
        if text.startswith("+"):
            return time.time() + float(text[1:])
        return float(text) if float(text) else time.time()

    def describe(self):
        o, m = self.o, self.meta
        m.update(mpm=o.mpm or (mpm_of(self.pid) if self.pid else ""),
                 kernel=os.uname().release, t0_unix_s=round(self.t0, 6),
                 interval_ms=o.interval, source="mod_status" if o.status
                 else "scoreboard", httpd_cpus=os.cpu_count())
        if not self.pid:
            return
        m["httpd_cpus"] = len(os.sched_getaffinity(self.pid))
        said = re.search(r"Server version: (.*)",
                         run(f"/proc/{self.pid}/exe", "-v"))
        m["httpd"] = said.group(1) if said else ""
        for key, name in (("tcp_syn_linear_timeouts",
                           "ipv4/tcp_syn_linear_timeouts"),
                          ("somaxconn", "core/somaxconn"),
                          ("tcp_abort_on_overflow",
                           "ipv4/tcp_abort_on_overflow")):
            m[key] = sysctl(name)
        if self.board:
            m["httpd_restart_s"] = round(self.board.restarted() - self.t0, 3)
            m["scoreboard"] = {"server_limit": self.board.processes,
                               "thread_limit": self.board.threads,
                               "layout_since": self.board.layout[3]}

    def row(self):
        """The columns at this instant; None when httpd has ended, {} when the
        page did not come."""
        o, row, slots = self.o, {}, None
        if self.board:
            try:
                columns, slots = self.board.sample()
                row.update(columns)
            except OSError:  # a hard restart makes a new one
                if not stat_of(self.pid):
                    return None
                self.board = Scoreboard.find(self.pid) or self.board
                return {}
        elif o.status:
            try:
                row.update(fetch_status(o.status, o.status_timeout))
            except OSError:
                return {} if not self.pid or stat_of(self.pid) else None
        if self.pid:
            got = self.processes.sample(slots)
            if got is None:
                return None
            row.update(got[0])
            self.memory.pids = got[1]
            row.update(self.sockets.sample(time.time() - self.t0))
            listen = parse_netstat(read(f"/proc/{self.pid}/net/netstat")
                                   .decode())
            if self.listen0 is None:
                self.listen0, self.cpu0 = listen, row["cpu_s"]
                if self.meta.get("httpd_start_s", -1e9) > -60:
                    self.cpu0 = 0.0
            row["listen_overflows"] = listen[0] - self.listen0[0]
            row["listen_drops"] = listen[1] - self.listen0[1]
            row["cpu_s"] = f"{row['cpu_s'] - self.cpu0:.2f}"
            row.update(self.memory.take())
        return row

    def loop(self, out):
        o, step = self.o, self.o.interval / 1e3
        end = self.t0 + o.duration
        k = int((time.time() - self.t0) / step) + 1
        if self.t0 > time.time():
            k = int((time.time() - self.t0) / step)
        while True:
            due = self.t0 + k * step
            if due > end:
                return "the time is over"
            wait = due - time.time()
            if wait > 0:
                time.sleep(wait)
            now = time.time()
            self.worst = max(self.worst, now - due)
            try:
                row = self.row()
            except OSError:  # it ended while we looked
                if not self.pid or stat_of(self.pid):
                    raise
                row = None
            if row is None:
                return "httpd has ended"
            if row:
                row["t_s"] = f"{now - self.t0:.3f}"
                out.write(",".join(str(row.get(c, "")) for c in COLUMNS)
                          + "\n")
                out.flush()
                self.rows += 1
            else:
                self.missed += 1
            after = int((time.time() - self.t0) / step) + 1
            self.late += max(0, after - k - 1)
            k = max(k + 1, after)

    def record(self):
        o = self.o
        os.makedirs(o.output, exist_ok=True)
        describe = threading.Thread(target=self.describe)
        describe.start()
        if self.pid:
            self.memory.start()
        busy = busy_ticks()
        why = "Ctrl-C"
        with open(f"{o.output}/series.csv", "w", encoding="ascii") as out:
            out.write(",".join(COLUMNS) + "\n")
            try:
                if self.pid:
                    self.sockets.out = self.connections()
                why = self.loop(out)
            except KeyboardInterrupt:
                pass
        if self.pid and self.sockets.out:
            self.sockets.finish()
            self.sockets.out.close()
        describe.join()
        self.save(why, busy)
        print(f"{o.output}: {self.rows} rows; {why}", file=sys.stderr)
        if self.late:
            print(f"sample_httpd: {self.late} samples left out because one "
                  "took too long; try a longer --interval", file=sys.stderr)
        if self.missed:
            print(f"sample_httpd: {self.missed} samples without an answer of "
                  "the server", file=sys.stderr)
        return 130 if why == "Ctrl-C" else 0

    def connections(self):
        """Opens connections.csv: which connections were seen, from when to
        when. A log tells neither when a client connected nor when it left."""
        # kept open for the whole recording
        out = open(f"{self.o.output}/connections.csv", "w", encoding="ascii")
        out.write("address,port,local_port,first_s,last_s\n")
        return out

    def save(self, why, busy):
        now = busy_ticks()
        self.meta.update(
            duration_s=round(max(0.0, min(time.time() - self.t0,
                                          self.o.duration)), 3),
            ended=why, rows=self.rows, samples_left_out=self.late,
            samples_missed=self.missed,
            recorder_cpu_s=round(time.process_time(), 2),
            worst_lateness_ms=round(self.worst * 1e3, 2),
            machine_busy_cores=round((now[0] - busy[0]) / max(
                1, now[1] - busy[1]) * os.cpu_count(), 3))
        with open(f"{self.o.output}/meta.json", "w", encoding="ascii") as f:
            json.dump(self.meta, f, indent=1)
            f.write("\n")


def options(argv):
    p = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("-o", "--output", default="recording", metavar="DIR",
                   help="folder of the recording (default: recording)")
    p.add_argument("--pidfile", help="httpd's PidFile; waited for (--wait)")
    p.add_argument("--pid", type=int, help="pid of httpd's parent process")
    p.add_argument("--wait", type=float, default=0, metavar="S",
                   help="seconds to wait for httpd to start (default 0)")
    p.add_argument("--duration", type=float, default=60, metavar="S",
                   help="seconds to record from t = 0 (default 60)")
    p.add_argument("--t0", default="0", metavar="T",
                   help="what is t = 0: seconds since 1970, or +S for S "
                   "seconds from now (default: now)")
    p.add_argument("--interval", type=float, metavar="MS",
                   help="sampling period (default 50, with --status 1000)")
    p.add_argument("--memory-interval", type=float, default=500,
                   metavar="MS", help="period of the memory columns "
                   "(default 500)")
    p.add_argument("--ports", type=lambda s: [int(x) for x in s.split(",")],
                   help="the server's ports (default: where it listens)")
    p.add_argument("--mpm", choices=("prefork", "worker", "event"),
                   help="if it cannot be told from the process")
    p.add_argument("--nice", type=int, default=-5, metavar="N",
                   help="own priority, where allowed (default -5: samples "
                   "are on time on a busy machine)")
    p.add_argument("--status", metavar="URL", help="mod_status' page with "
                   "?auto instead of the scoreboard, e.g. "
                   "http://127.0.0.1/server-status?auto")
    p.add_argument("--status-timeout", type=float, default=0.9, metavar="S",
                   help="how long to wait for that page (default 0.9)")
    o = p.parse_args(argv)
    if o.interval is None:
        o.interval = 1000 if o.status else 50
    if o.interval < 10:
        p.error("--interval: at least 10 ms")
    if not 0 < o.duration <= 86400:
        p.error("--duration: more than 0, at most 86400 s")
    if o.pid and o.pidfile:
        p.error("--pid or --pidfile, not both")
    if o.status and "auto" not in o.status.partition("?")[2]:
        p.error("--status: the URL must end in ?auto")
    try:
        float(o.t0.lstrip("+"))
    except ValueError:
        p.error(f'--t0: "{o.t0}" is no time; seconds since 1970, or +S')
    return o


def main(argv=None):
    o = options(argv)
    # also as a background job, which ignores SIGINT
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        os.setpriority(os.PRIO_PROCESS, 0, o.nice)
    except OSError:
        pass
    try:
        return Recorder(o).record()
    except (Trouble, OSError) as e:
        print(f"sample_httpd: {e}", file=sys.stderr)
        return 4
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
