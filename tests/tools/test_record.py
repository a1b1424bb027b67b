#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of tools/record that need no httpd: canned scoreboards, pages, files
of /proc and logs. With MPMSIM naming the program, a converted log is also run.
Last line: "N passed, N failed"."""

import csv
import io
import json
import os
import struct
import subprocess
import sys
import tempfile
import unittest
from contextlib import redirect_stderr

HERE = os.path.dirname(os.path.abspath(__file__))
TOOLS = os.path.join(HERE, "..", "..", "tools", "record")
sys.dont_write_bytecode = True
sys.path.insert(0, TOOLS)

import log2events  # noqa: E402
import log2requests  # noqa: E402
import sample_httpd as sample  # noqa: E402


def scoreboard(layout, processes, threads, letters, slots):
    """A scoreboard as httpd keeps it: LETTERS as numbers, process by process,
    SLOTS {index: (pid, flags, counts, wait_io)}."""
    total = sample.Scoreboard.total(layout, processes, threads)
    data = bytearray(total)
    struct.pack_into("=Qiiiiq", data, 0, total, processes, threads, 0, 0,
                     1700000000123456)
    for i, (pid, flags, counts, wait_io) in slots.items():
        at = 8 + layout[0] + i * layout[1]
        struct.pack_into("=ii2B2x5I", data, at, pid, 0, *flags, *counts)
        if layout[1] > 36:
            struct.pack_into("=I", data, at + 36, wait_io)
    first = 8 + layout[0] + processes * layout[1]
    for i, n in enumerate(letters):
        data[first + i * layout[2] + 20] = n
    return bytes(data)


class TheScoreboard(unittest.TestCase):
    def test_every_known_layout_is_told_by_its_size(self):
        for layout in sample.Scoreboard.LAYOUTS:
            data = scoreboard(layout, 16, 64, [], {})
            found = sample.Scoreboard.parse_head(data[:24], len(data) + 4096)
            self.assertEqual(found, (layout, 16, 64))

    def test_other_shared_memory_is_none(self):
        layout = sample.Scoreboard.LAYOUTS[0]
        data = scoreboard(layout, 16, 64, [], {})
        wrong = struct.pack("=Q", len(data) + 8) + data[8:24]
        for head, room in ((bytes(24), 4096), (b"", 4096), (data[:24], 4096),
                           (wrong, 1 << 20), (b"\xff" * 24, 1 << 30)):
            self.assertIsNone(sample.Scoreboard.parse_head(head, room))

    def test_slots_and_processes_are_counted(self):
        layout = sample.Scoreboard.LAYOUTS[0]
        letters = [2, 2, 3, 4, 5, 6, 8, 9, 10, 1, 4, 0]
        data = scoreboard(layout, 3, 4, letters, {
            0: (100, (0, 1), (7, 1, 2, 3, 0), 4),
            2: (102, (1, 0), (5, 1, 0, 1, 1), 1)})
        row, pids = sample.Scoreboard(-1, 0, layout, 3, 4).count(data)
        self.assertEqual(pids, {100, 102})
        want = dict(slots_dead=1, slots_starting=1, slots_ready=2,
                    slots_reading=1, slots_writing=2, slots_keepalive=1,
                    slots_logging=1, slots_closing=1, slots_finishing=1,
                    slots_idle_kill=1, processes_scoreboard=2,
                    processes_stopping=1, processes_not_accepting=1,
                    async_connections=12, async_wait_io=5, async_writing=2,
                    async_keepalive=4, async_closing=2, async_suspended=1)
        self.assertEqual(row, want)


class ModStatus(unittest.TestCase):
    PAGE = """127.0.0.1
ServerVersion: Apache/2.4.71 (Debian)
ServerMPM: event
Total Accesses: 12
BusyWorkers: 2
IdleWorkers: 18
Processes: 2
Stopping: 1
ConnsTotal: 9
ConnsAsyncWriting: 1
ConnsAsyncKeepAlive: 6
ConnsAsyncClosing: 0
Scoreboard: __W_K__R____________GG..
"""

    def test_the_page_is_read(self):
        row = sample.parse_status(self.PAGE)
        self.assertEqual(row["slots_ready"], 18)  # the asked one is idle
        self.assertEqual(row["slots_writing"], 0)
        self.assertEqual(row["slots_reading"], 1)
        self.assertEqual(row["slots_keepalive"], 1)
        self.assertEqual(row["slots_finishing"], 2)
        self.assertEqual(row["slots_dead"], 2)
        self.assertEqual(row["processes"], 2)
        self.assertEqual(row["async_keepalive"], 6)
        self.assertNotIn("async_wait_io", row)

    def test_the_page_for_people_is_refused(self):
        with self.assertRaises(sample.Trouble):
            sample.parse_status("<html><h1>Apache Server Status</h1></html>")


class TheKernel(unittest.TestCase):
    def test_proc_net_tcp(self):
        text = (
            "  sl  local_address rem_address   st tx_queue rx_queue\n"
            "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000003 00:0 0 0"
            " 0 4711 1\n"
            "   1: 0100007F:1F90 0200007F:D431 01 00000000:00000000 00:0 0 0"
            " 0 4712 1\n")
        rows = list(sample.parse_proc_net(text))
        self.assertEqual(rows[0][:3], (10, 8080, 3))
        self.assertEqual(rows[1][:2], (1, 8080))
        port, address = rows[1][3]
        self.assertEqual((sample.address_text(address), port),
                         ("127.0.0.2", 54321))

    def test_ipv4_through_an_ipv6_socket(self):
        text = ("head\n 0: 0000000000000000FFFF00000100007F:0050"
                " 0000000000000000FFFF00000A00000A:1234 01 0:0 0 0 0 0 1\n")
        (_, port, _, (peer, address)), = sample.parse_proc_net(text)
        self.assertEqual((sample.address_text(address), peer, port),
                         ("10.0.0.10", 0x1234, 80))

    def test_netstat(self):
        text = ("TcpExt: SyncookiesSent ListenOverflows ListenDrops\n"
                "TcpExt: 1 22 33\nIpExt: A\nIpExt: 1\n")
        self.assertEqual(sample.parse_netstat(text), (22, 33))
        self.assertEqual(sample.parse_netstat(""), (0, 0))

    def test_stat_with_spaces_and_brackets_in_the_name(self):
        field = ["S", "7"] + ["0"] * 9 + ["100", "50", "20", "10", "0", "0",
                                          "27", "0", "9999", "0"]
        got = sample.parse_stat("42 (a) (b c) " + " ".join(field))
        tick = sample.TICK
        self.assertEqual(got, ("S", 7, 150 / tick, 30 / tick, 27, 9999))

    def test_smaps_rollup(self):
        text = ("5500-7ffd [rollup]\nRss:      4392 kB\nPss:      1100 kB\n"
                "Private_Dirty:      12 kB\nSwap: 0 kB\n")
        self.assertEqual(sample.parse_rollup(text), [4392, 1100, 12])

    def test_connections_are_followed(self):
        s = sample.Sockets.__new__(sample.Sockets)
        s.ports, s.open, s.turn, s.out = {80}, {}, 0, io.StringIO()
        a, b = (5000, bytes((10, 0, 0, 1))), (5001, bytes((10, 0, 0, 1)))
        turns = [[(10, 80, 2, (0, bytes(4))), (1, 80, 0, a), (3, 80, 0, b)],
                 [(10, 80, 0, (0, bytes(4))), (8, 80, 0, a), (1, 80, 0, b),
                  (1, 81, 0, a)],
                 [(10, 80, 0, (0, bytes(4))), (9, 80, 0, a), (1, 80, 0, b)]]
        rows = []
        for k, turn in enumerate(turns):
            s.listing = lambda t=turn: iter(t)
            rows.append(s.sample(k / 10))
        s.finish()
        self.assertEqual(rows[0], dict(
            accept_queue=2, syn_queue=1, sockets_established=1,
            sockets_close_wait=0, sockets_closing=0))
        self.assertEqual(rows[2]["sockets_closing"], 1)
        self.assertEqual(s.out.getvalue().splitlines(), [
            "10.0.0.1,5000,80,0.000,0.100", "10.0.0.1,5001,80,0.100,0.200"])


def line(begin, end, port, kept, state, size=100, method="GET", more=""):
    return (f"{round(begin * 1e6)} {round(end * 1e6)} 10.0.0.9 {port} 80 "
            f"{kept} {state} 200 {size} {method} HTTP/1.1{more}\n")


def quiet(function, *args):
    """FUNCTION's status and what it printed."""
    said = io.StringIO()
    with redirect_stderr(said):
        status = function(*args)
    return status, said.getvalue()


class TheAccessLog(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.dir = self.folder.name
        self.log = os.path.join(self.dir, "access.log")

    def tearDown(self):
        self.folder.cleanup()

    def convert(self, text, *options, meta=None, seen=None):
        with open(self.log, "w", encoding="ascii") as f:
            f.write(text)
        if meta:
            with open(os.path.join(self.dir, "meta.json"), "w",
                      encoding="ascii") as f:
                json.dump(meta, f)
        if seen:
            with open(os.path.join(self.dir, "connections.csv"), "w",
                      encoding="ascii") as f:
                f.write("address,port,local_port,first_s,last_s\n" + seen)
        return quiet(log2requests.main,
                     ["-o", self.dir, self.log, *options])

    def rows(self, name):
        with open(os.path.join(self.dir, name), encoding="ascii",
                  newline="") as f:
            return list(csv.DictReader(f))

    def test_a_kept_connection_is_one(self):
        # the last response closes, so %k repeats the number before
        status, said = self.convert(
            line(1000, 1000.02, 5000, 0, "+", more=" 15000") +
            line(1001, 1001.01, 5000, 1, "+", more=" -") +
            line(1001.5, 1001.51, 5001, 0, "-") +
            line(1002, 1002.05, 5000, 1, "-"), "--t0", "999")
        self.assertEqual(status, 0, said)
        rows = self.rows("trace.csv")
        self.assertEqual([(r["conn"], r["req"]) for r in rows],
                         [("0", "0"), ("0", "1"), ("0", "2"), ("1", "0")])
        self.assertEqual([r["start_s"] for r in rows], ["1"] * 3 + ["2.5"])
        self.assertEqual([r["think_s"] for r in rows],
                         ["0", "0.98", "0.99", "0"])
        self.assertEqual([r["sleep_ms"] for r in rows],
                         ["15", "10", "50", "10"])
        self.assertEqual([r["hold"] for r in rows], ["0"] * 4)
        got = self.rows("requests.csv")
        self.assertEqual(got[0]["t_first_byte"], "1.015000")
        self.assertEqual([r["close"] for r in got], ["0", "0", "1", "1"])

    def test_a_port_used_again_is_another_connection(self):
        self.convert(line(1000, 1001, 5000, 0, "+") +
                     line(1002, 1003, 5000, 0, "+") +
                     line(1100, 1101, 5000, 0, "-"))
        self.assertEqual([r["conn"] for r in self.rows("trace.csv")],
                         ["0", "1", "2"])

    def test_what_was_seen_of_a_connection_is_used(self):
        meta = {"t0_unix_s": 1000, "duration_s": 30, "interval_ms": 50}
        self.convert(
            line(1002, 1002.1, 5000, 0, "+") +  # waited 1 s for a worker
            line(1003, 1003.1, 5001, 0, "+") +  # held until the server closed
            line(1004, 1004.1, 5002, 0, "+"),   # never seen: short
            meta=meta, seen="10.0.0.9,5000,80,1.000,2.150\n"
                            "10.0.0.9,5001,80,3.020,8.100\n")
        rows = self.rows("trace.csv")
        self.assertEqual([r["start_s"] for r in rows], ["0.975", "3", "4"])
        self.assertEqual([r["hold"] for r in rows], ["0", "1", "0"])
        got = self.rows("requests.csv")
        self.assertEqual(got[0]["t_start"], "0.975000")
        self.assertEqual(got[0]["t_sent"], "2.000000")

    def test_connections_that_began_before_begin_with_the_recording(self):
        meta = {"t0_unix_s": 1000, "duration_s": 30, "interval_ms": 50}
        self.convert(line(999, 999.1, 5000, 0, "+") +
                     line(1002, 1002.1, 5000, 1, "+"), meta=meta,
                     seen="10.0.0.9,5000,80,-1.000,7.100\n")
        row, = self.rows("trace.csv")
        self.assertEqual((row["req"], row["start_s"], row["hold"]),
                         ("0", "2", "1"))

    def test_httpds_own_connections_are_left_out(self):
        own = ("1000000000 1000000100 127.0.0.1 4000 80 0 - 200 0 OPTIONS "
               "HTTP/1.0 -\n")
        silent = "1000000000 1000000100 10.0.0.9 4000 80 0 - 408 0 - - -\n"
        status, said = self.convert(own + silent + line(1001, 1002, 5, 0, "-"))
        self.assertEqual((status, len(self.rows("trace.csv"))), (0, 1))
        self.assertIn("1 internal dummy", said)
        self.assertIn("1 connections without a request", said)

    def test_an_aborted_response_is_an_error(self):
        self.convert(line(1000, 1001, 5000, 0, "X"))
        self.assertEqual(self.rows("requests.csv")[0]["err"], "reset")

    def test_another_format_is_refused_with_the_line_to_use(self):
        status, said = self.convert(
            '10.0.0.9 - - [01/Jan/2025:00:00:00 +0000] "GET /" 200 5\n')
        self.assertEqual(status, 3)
        self.assertIn("access.log:1: ", said)
        self.assertIn(log2requests.FORMAT, said)

    def test_a_log_of_another_time_is_told(self):
        status, said = self.convert(line(5000, 5001, 1, 0, "-"), meta={
            "t0_unix_s": 100, "duration_s": 60})
        self.assertEqual(status, 3)
        self.assertIn("none of its 1 requests", said)

    def test_missing_files_are_told(self):
        status, said = quiet(log2requests.main,
                             ["-o", self.dir, os.path.join(self.dir, "no")])
        self.assertEqual(status, 4)
        self.assertIn("No such file", said)

    @unittest.skipUnless(os.environ.get("MPMSIM"), "MPMSIM names no program")
    def test_the_scenario_runs_and_compares(self):
        program = os.path.abspath(os.environ["MPMSIM"])
        conf = os.path.join(self.dir, "httpd.conf")
        with open(conf, "w", encoding="ascii") as f:
            f.write("LoadModule mpm_event_module modules/mod_mpm_event.so\n"
                    "Listen 80\nKeepAliveTimeout 3\n")
        text = "".join(
            line(1000 + i / 10 + k, 1000.02 + i / 10 + k, 5000 + i, k, "+")
            for k in range(3) for i in range(10))
        status, said = self.convert(
            text, "--conf", conf, meta={
                "t0_unix_s": 999, "duration_s": 10, "mpm": "event",
                "httpd_start_s": -5.0, "httpd_cpus": 2, "case": "test"})
        self.assertEqual(status, 0, said)
        run = subprocess.run(
            [program, "run", "scenario.json", "-o", "out", "--no-plots",
             "-q"], cwd=self.dir, capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode, 0, run.stderr)
        run = subprocess.run(
            [program, "validate", "out/event", "."], cwd=self.dir,
            capture_output=True, text=True, check=False)
        self.assertIn(run.returncode, (0, 1), run.stderr)
        self.assertRegex(run.stdout, "requests_ok +30 +30")


class TheErrorLog(unittest.TestCase):
    DEFAULT = (
        "[Fri Nov 21 10:00:05.250000 2025] [mpm_prefork:info] [pid 7:tid 7] "
        'AH00162: server seems "busy", spawning 8 children\n'
        "[Fri Nov 21 10:00:06.000000 2025] [core:notice] [pid 7] AH00094: "
        "Command line: '/usr/sbin/apache2'\n"
        "[Fri Nov 21 10:00:07.000000 2025] [reqtimeout:info] [pid 8] [client "
        "10.0.0.9:5000] AH01382: Request header read timeout\n"
        "[Fri Nov 21 10:00:08.000000 2025] [core:warn] [pid 7] (22)Invalid "
        "argument: AH00056: connect to listener\n"
        "PHP Warning: something\n")
    SHORT = ("Fri Nov 21 10:00:05.250000 2025|mpm_event|notice|7|AH00489: "
             "Apache/2.4.71 configured\n")

    def convert(self, text, *options):
        with tempfile.TemporaryDirectory() as d:
            log = os.path.join(d, "error.log")
            with open(log, "w", encoding="ascii") as f:
                f.write(text)
            t0 = log2events.parse_time("Fri Nov 21 10:00:00.0 2025", True)
            status, said = quiet(log2events.main, [
                "-o", d, "--utc", "--t0", str(t0), log, *options])
            self.assertEqual(status, 0, said)
            with open(os.path.join(d, "events.csv"), encoding="ascii",
                      newline="") as f:
                return list(csv.DictReader(f))

    def test_the_default_format(self):
        rows = self.convert(self.DEFAULT)
        self.assertEqual([(r["t_s"], r["module"], r["level"], r["code"])
                          for r in rows],
                         [("5.250", "mpm_prefork", "info", "AH00162"),
                          ("8.000", "core", "warn", "AH00056")])
        self.assertEqual(rows[0]["message"],
                         "server seems 'busy', spawning 8 children")

    def test_everything_if_asked(self):
        self.assertEqual(len(self.convert(self.DEFAULT, "--all")), 4)

    def test_the_short_format(self):
        row, = self.convert(self.SHORT)
        self.assertEqual((row["t_s"], row["code"]), ("5.250", "AH00489"))

    def test_what_is_later_is_left_out(self):
        self.assertEqual(len(self.convert(self.DEFAULT, "--duration", "6")),
                         1)


class TheHelp(unittest.TestCase):
    def test_every_program_has_one(self):
        for name in ("sample_httpd", "log2requests", "log2events",
                     "host_costs"):
            run = subprocess.run(
                [sys.executable, "-B", os.path.join(TOOLS, name + ".py"),
                 "--help"], capture_output=True, text=True, check=False)
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertIn("usage:", run.stdout)

    def test_wrong_use_is_told(self):
        for options in (["--interval", "1"], ["--duration", "0"],
                        ["--pid", "1", "--pidfile", "x"],
                        ["--status", "http://x/status"], ["--t0", "soon"]):
            with redirect_stderr(io.StringIO()):
                with self.assertRaises(SystemExit) as e:
                    sample.options(options)
            self.assertEqual(e.exception.code, 2)

    def test_no_such_process(self):
        status, said = quiet(sample.main, ["--pid", "4194305"])
        self.assertEqual(status, 4)
        self.assertIn("no process 4194305", said)


if __name__ == "__main__":
    result = unittest.TextTestRunner(stream=io.StringIO()).run(
        unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__]))
    for test, text in result.failures + result.errors:
        print(f"FAILED  {test.id()}\n{text}")
    for test, why in result.skipped:
        print(f"skipped {test.id()}: {why}")
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad - len(result.skipped)} passed, "
          f"{bad} failed")
    sys.exit(bad > 0)
