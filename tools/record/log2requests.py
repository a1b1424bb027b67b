#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes requests.csv and trace.csv of an access log, for a recording.

    log2requests.py -o DIR [--conf httpd.conf] ACCESS_LOG

The log has to be written with this line (docs/record.md says why):

  LogFormat "FORMAT" mpmsim

%^FB at its end is optional (mod_logio with `LogIOTrackTTFB On`). DIR is a
folder that sample_httpd.py wrote: its meta.json says when t = 0 was and how
long to go on. Without one, t = 0 is the first request, unless --t0 says else.

Written into DIR: requests.csv (when each request was read, answered, how many
bytes), trace.csv (the same traffic as input of a simulation) and, with --conf,
scenario.json, which `mpmsim run` takes. Python 3.9 or later, nothing else.
"""

import argparse
import csv
import gzip
import json
import os
import re
import sys

FORMAT = ("%{begin:usec}t %{end:usec}t %{c}a %{remote}p %{local}p %k %X %>s "
          "%B %m %H %^FB")

REQUESTS = ("conn,req,attempt,t_sched,t_start,t_connected,t_tls,t_sent,"
            "t_first_byte,t_done,bytes,status,close,err,t_server_close")
TRACE = ("conn,start_s,tls,down_Bps,up_Bps,req,think_s,sleep_ms,cpu_ms,bytes,"
         "file,hold")


class Trouble(Exception):
    """Something the user can do something about."""


class Request:
    __slots__ = ("begin", "end", "key", "port", "kept", "state", "status",
                 "bytes", "method", "protocol", "first_byte")


def parse_line(line):
    """A Request of one line of the log, times in seconds; ValueError with
    what is wrong."""
    field = line.split()
    if len(field) not in (11, 12):
        raise ValueError(f"{len(field)} fields instead of 11 or 12")
    r = Request()
    try:
        r.begin, r.end = int(field[0]) / 1e6, int(field[1]) / 1e6
    except ValueError:
        raise ValueError("the first two fields are no times in "
                         "microseconds") from None
    try:
        r.key = (field[2], int(field[3]), int(field[4]))
        r.port, r.kept = int(field[4]), int(field[5])
        r.status, r.bytes = int(field[7]), int(field[8])
    except ValueError:
        raise ValueError("a port, %k, %>s or %B is no number") from None
    r.state = field[6]
    if r.state not in "X+-" or len(r.state) != 1:
        raise ValueError(f'"{field[6]}" is no %X (X, + or -)')
    if r.end < r.begin:
        raise ValueError("it ends before it begins")
    r.method, r.protocol = field[9], field[10]
    r.first_byte = None
    if len(field) == 12 and field[11] != "-":
        if not field[11].isdigit():
            raise ValueError(f'"{field[11]}" is no %^FB')
        r.first_byte = int(field[11]) / 1e6
    return r


def read_log(path, lenient):
    """The requests in the log, and notes on what was left out."""
    found, bad, silent, dummy, total = [], [], 0, 0, 0
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt", encoding="latin-1") as f:
        for number, line in enumerate(f, 1):
            if not line.strip():
                continue
            total += 1
            try:
                r = parse_line(line)
            except ValueError as e:
                bad.append(f"{path}:{number}: {e}")
                continue
            if r.method == "-":  # closed or timed out without a request
                silent += 1
            elif (r.method == "OPTIONS" and r.protocol == "HTTP/1.0" and
                  r.key[0] in ("127.0.0.1", "::1")):  # httpd wakes a child
                dummy += 1
            else:
                found.append(r)
    if bad and (len(bad) > 0.05 * total) and not lenient:
        raise Trouble(f"{bad[0]}\n  {len(bad)} of {total} lines are bad; the "
                      f"log needs LogFormat \"{FORMAT}\" (or --lenient)")
    notes = []
    if bad:
        notes.append(f"{len(bad)} bad lines left out, the first: {bad[0]}")
    if silent:
        notes.append(f"{silent} connections without a request left out")
    if dummy:
        notes.append(f"{dummy} internal dummy connections of httpd left out")
    return found, notes


def connections(requests, keepalive_timeout):
    """Lists of the requests of each connection, by the time of the first. A
    connection is known by the client's address and port. %k counts the
    requests that were answered with keep-alive: it is 0, 1, 2 ... on one
    connection, and a response that closes it repeats the number before."""
    current, done = {}, []
    for r in sorted(requests, key=lambda r: (r.begin, r.end)):
        rows = current.get(r.key)
        last = rows[-1] if rows else None
        if last is None or last.state != "+" or r.kept not in (
                {last.kept + 1} if r.state == "+" else
                {last.kept, last.kept + 1}) or (
                    r.begin - last.end > keepalive_timeout + 1):
            rows = []
            current[r.key] = rows
            done.append(rows)
        rows.append(r)
    return done


def trim(conns, t0, duration):
    """The part of each connection that lies within the recording. One that
    began before has its first request here told apart by `kept` > 0."""
    out = []
    for rows in conns:
        inside = [r for r in rows if 0 <= r.begin - t0 <= duration]
        if inside:
            if inside[0] is not rows[0]:
                inside[0].kept = max(1, inside[0].kept)
            out.append(inside)
    return out


def number(x):
    return f"{x:.6f}".rstrip("0").rstrip(".")


def write_requests(path, conns, places, t0, logged):
    """Times as the server sees them, but for the wait in the accept queue
    that connections.csv shows: the way to the client is not in a log. A
    complete response counts as 200 whatever its status, as in a simulation of
    the trace, unless LOGGED."""
    with open(path, "w", encoding="ascii") as f:
        f.write(REQUESTS + "\n")
        for c, rows in enumerate(conns):
            for k, r in enumerate(rows):
                begin, end = f"{r.begin - t0:.6f}", f"{r.end - t0:.6f}"
                first = ("" if r.first_byte is None else
                         f"{r.begin + r.first_byte - t0:.6f}")
                err = "reset" if r.state == "X" else ""
                status = r.status if logged or err else 200
                start = f"{places[c][0]:.6f}" if k == 0 else begin
                f.write(f"{c},{k},0,{start},{start},,,{begin},{first},{end},"
                        f"{r.bytes},{status},{int(r.state == '-')},{err},"
                        "\n")


def keepalive_timeout(conf):
    """KeepAliveTimeout of a configuration file in seconds, or httpd's 5."""
    found = []
    if conf:
        with open(conf, encoding="latin-1") as f:
            found = re.findall(r"^\s*KeepAliveTimeout\s+(\d+)(ms|s)?\s*$",
                               f.read(), re.M | re.I)
    if not found:
        return 5.0
    value, unit = found[-1]
    return int(value) / (1e3 if unit.lower() == "ms" else 1)


def seen_connections(path):
    """{client and port: [(first, last) time it was seen open]}, or None."""
    if not os.path.exists(path):
        return None
    seen = {}
    with open(path, encoding="ascii", newline="") as f:
        for row in csv.DictReader(f):
            key = (row["address"], int(row["port"]), int(row["local_port"]))
            seen.setdefault(key, []).append(
                (float(row["first_s"]), float(row["last_s"])))
    return seen


def place(conns, t0, seen, o):
    """When each connection began, and whether its client kept it open after
    the last response. The log has the moment a worker read the first request;
    the connection may have waited for a worker before. connections.csv knows,
    to one sampling period."""
    out, found = [], 0
    for rows in conns:
        first, last = rows[0].begin - t0, rows[-1].end - t0
        start, hold = first, rows[-1].state == "+"
        for low, high in (seen or {}).get(rows[0].key, ()):
            if low - o.step <= last and high + o.step >= first:
                found += 1
                if low < first - o.step and rows[0].kept == 0:
                    start = low - o.step / 2
                hold = hold and high - last > o.keepalive_timeout / 2
                break
        else:  # too short to be seen
            hold = hold and seen is None
        if o.hold is not None:
            hold = o.hold == "yes"
        out.append((start, int(hold)))
    return out, found


def write_trace(path, conns, places, o):
    """The same traffic as input. What a log does not tell is chosen by the
    options."""
    with open(path, "w", encoding="ascii") as f:
        f.write(TRACE + "\n")
        rows = []
        for c, requests in enumerate(conns):
            tls = int(requests[0].port in o.tls_ports)
            trips = 1.5 + tls
            start = max(0.0, places[c][0] - trips * o.rtt)
            before = None
            for k, r in enumerate(requests):
                think = 0.0
                if before is not None:
                    think = max(0.0, r.begin - before - o.rtt)
                before = r.end
                service = r.end - r.begin
                if r.first_byte is not None:
                    service = min(service, r.first_byte)
                service = max(0.0, service * 1e3 - o.overhead)
                cpu = service * o.cpu_share
                last = int(k == len(requests) - 1) * places[c][1]
                rows.append((start, c, k, f"{c},{number(start)},{tls},"
                             f"{number(o.down)},0,{k},{number(think)},"
                             f"{number(service - cpu)},{number(cpu)},"
                             f"{r.bytes},{int(o.bodies == 'file')},{last}\n"))
        for row in sorted(rows):
            f.write(row[3])


def write_scenario(path, meta, o):
    mpm = meta.get("mpm") or None
    start = max(meta.get("httpd_start_s", -10.0),
                meta.get("httpd_restart_s", -1e9))
    if start < -60:  # it was up long before: a pool at rest
        start = -10.0
    network = {"rtt": f"{number(o.rtt * 1e3)}ms" if o.rtt else "50us"}
    for key in ("tcp_syn_linear_timeouts", "somaxconn",
                "tcp_abort_on_overflow"):
        if meta.get(key) is not None:
            network[key] = meta[key]
    server = {"name": mpm or "httpd", "httpd_conf": os.path.relpath(
        o.conf, os.path.dirname(path)), "start": f"{number(min(0.0, start))}s"}
    if mpm:
        server["mpm"] = mpm
    with open(path, "w", encoding="utf-8") as f:
        json.dump({
            "title": f"As recorded: {meta.get('case', 'httpd')}",
            "duration": f"{number(meta['duration_s'])}s",
            "machine": {"cpus": meta.get("httpd_cpus", os.cpu_count())},
            "network": network,
            "workload": {"trace": "trace.csv"},
            "servers": [server],
            "outputs": {"interval": "50ms", "requests": True},
        }, f, indent=4)
        f.write("\n")


def options(argv):
    p = argparse.ArgumentParser(
        description=__doc__.replace("FORMAT", FORMAT),
        formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("log", metavar="ACCESS_LOG", help="plain or .gz")
    p.add_argument("-o", "--output", required=True, metavar="DIR",
                   help="the recording's folder")
    p.add_argument("--conf", metavar="FILE", help="the server's httpd.conf: "
                   "write scenario.json as well")
    p.add_argument("--t0", type=float, metavar="S",
                   help="t = 0 in seconds since 1970")
    p.add_argument("--duration", type=float, metavar="S",
                   help="leave out what begins later")
    p.add_argument("--rtt", type=float, default=0.0, metavar="MS",
                   help="round trip to the clients in ms, taken out of the "
                   "gaps between requests (default 0)")
    p.add_argument("--tls-ports", default={443, 8443}, metavar="P,P",
                   type=lambda s: {int(x) for x in s.split(",")},
                   help="ports that speak TLS (default 443,8443)")
    p.add_argument("--cpu-share", type=float, default=0.0, metavar="X",
                   help="share of the service time that is CPU time "
                   "(default 0: all of it is waiting)")
    p.add_argument("--overhead", type=float, default=0.0, metavar="MS",
                   help="httpd's own part of a service time, which the "
                   "simulation adds by itself (default 0)")
    p.add_argument("--bodies", choices=("memory", "file"), default="memory",
                   help="where bodies come from (default memory)")
    p.add_argument("--hold", choices=("yes", "no"),
                   help="do clients keep a connection open after their last "
                   "request until httpd closes it? (default: those that did "
                   "by DIR/connections.csv; without that file, all that "
                   "httpd left open)")
    p.add_argument("--keepalive-timeout", type=float, metavar="S",
                   help="of httpd: a client that stays half as long has kept "
                   "the connection (default: of --conf, else 5)")
    p.add_argument("--statuses", choices=("answered", "logged"),
                   default="answered", help="status in requests.csv: 200 for "
                   "every complete response, as in a simulation of the "
                   "trace, or what was logged (default answered)")
    p.add_argument("--down", type=float, default=0.0, metavar="BPS",
                   help="bytes per second at which clients read (default 0: "
                   "no limit)")
    p.add_argument("--lenient", action="store_true",
                   help="leave out bad lines, however many")
    o = p.parse_args(argv)
    o.rtt /= 1e3
    if not 0 <= o.cpu_share <= 1:
        p.error("--cpu-share: from 0 to 1")
    if o.keepalive_timeout is None:
        o.keepalive_timeout = keepalive_timeout(o.conf)
    return o


def convert(o):
    meta_path, meta = os.path.join(o.output, "meta.json"), {}
    if os.path.exists(meta_path):
        with open(meta_path, encoding="utf-8") as f:
            meta = json.load(f)
    requests, notes = read_log(o.log, o.lenient)
    if not requests:
        raise Trouble(f"{o.log}: no requests in there")
    t0 = o.t0 if o.t0 is not None else meta.get(
        "t0_unix_s", min(r.begin for r in requests))
    if o.duration is None:
        o.duration = meta.get("duration_s", max(
            r.end for r in requests) - t0 + 1)
    meta.setdefault("duration_s", round(o.duration, 3))
    conns = trim(connections(requests, o.keepalive_timeout), t0, o.duration)
    inside = [r for rows in conns for r in rows]
    if not inside:
        raise Trouble(f"{o.log}: none of its {len(requests)} requests lies "
                      "within the recording; is it the log of that time?")
    if len(inside) < len(requests):
        notes.append(f"{len(requests) - len(inside)} requests outside the "
                     "recording left out")
    h2 = sum(r.protocol == "HTTP/2.0" for r in inside)
    if h2:
        notes.append(f"{h2} requests of HTTP/2, which is not modelled: each "
                     "counts as a connection of its own")
    os.makedirs(o.output, exist_ok=True)
    o.step = meta.get("interval_ms", 50) / 1e3
    seen = seen_connections(os.path.join(o.output, "connections.csv"))
    places, found = place(conns, t0, seen, o)
    if seen is None:
        notes.append("no connections.csv beside it: when clients connected "
                     "and left is not known")
    write_requests(os.path.join(o.output, "requests.csv"), conns, places, t0,
                   o.statuses == "logged")
    write_trace(os.path.join(o.output, "trace.csv"), conns, places, o)
    if o.conf:
        write_scenario(os.path.join(o.output, "scenario.json"), meta, o)
    for note in notes:
        print(f"log2requests: {note}", file=sys.stderr)
    print(f"{o.output}: {len(inside)} requests on {len(conns)} connections"
          + (f", {found} of them seen open" if seen else ""), file=sys.stderr)


def main(argv=None):
    try:
        convert(options(argv))
    except Trouble as e:
        print(f"log2requests: {e}", file=sys.stderr)
        return 3
    except (OSError, EOFError) as e:
        print(f"log2requests: {e}", file=sys.stderr)
        return 4
    return 0


if __name__ == "__main__":
    sys.exit(main())
