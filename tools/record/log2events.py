#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes events.csv of an error log: what httpd said about its processes.

    log2events.py -o DIR ERROR_LOG

Reads httpd 2.4's default ErrorLogFormat and the short one

  ErrorLogFormat "%{u}t|%m|%l|%P|%M"

LogLevel must be info or finer for the messages of process management. DIR is
a folder that sample_httpd.py wrote: its meta.json says when t = 0 was. Only
messages of the MPM, the core and mod_reqtimeout that concern no single client
are taken (--all: everything), so that no address or file name gets in. Times
in the log are local; give --utc if the server's clock was set to UTC and this
machine's is not. Python 3.9 or later, nothing else.
"""

import argparse
import calendar
import gzip
import json
import os
import re
import sys
import time

DEFAULT = re.compile(
    r"\[(?P<time>\w{3} \w{3} +\d+ [\d:.]+ \d{4})\] "
    r"\[(?P<module>[\w-]*):(?P<level>\w+)\] \[pid \d+(?::tid \d+)?\] "
    r"(?:\S+\(\d+\): )?(?:\(\d+\)[^:]*: )?"
    r"(?P<client>\[(?:client|remote) [^]]*\] )?(?P<text>.*)")
SHORT = re.compile(
    r"(?P<time>\w{3} \w{3} +\d+ [\d:.]+ \d{4})\|(?P<module>[\w-]*)\|"
    r"(?P<level>\w+)\|\d*\|(?P<client>)(?P<text>.*)")
CODE = re.compile(r"(AH\d{5}): (.*)")
MONTHS = {m: i for i, m in enumerate(
    "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}
# the core's lines that tell a command line or a file name
PRIVATE = ("AH00094", "AH00098", "AH00099")
MOST = 100000


def parse_time(text, utc):
    """Seconds since 1970 of "Fri Nov 21 10:42:29.902022 2025"."""
    _, month, day, clock, year = text.split()
    hours, minutes, seconds = clock.split(":")
    whole, _, fraction = seconds.partition(".")
    when = (int(year), MONTHS[month], int(day), int(hours), int(minutes),
            int(whole), 0, 0, -1)
    base = calendar.timegm(when) if utc else time.mktime(when)
    return base + float("0." + (fraction or "0"))


def parse_line(line, utc):
    """(time, module, level, code, text, about a client) or None."""
    m = DEFAULT.match(line) or SHORT.match(line)
    if not m:
        return None
    try:
        when = parse_time(m["time"], utc)
    except (KeyError, ValueError, OverflowError):
        return None
    code, text = "", m["text"].strip()
    split = CODE.match(text)
    if split:
        code, text = split.groups()
    return when, m["module"], m["level"], code, text, bool(m["client"])


def wanted(event):
    _, module, _, code, _, client = event
    return (not client and code and code not in PRIVATE and
            (module.startswith("mpm_") or module in ("core", "reqtimeout")))


def convert(o):
    t0, lines, strange, rows = o.t0, 0, 0, []
    if t0 is None:
        with open(os.path.join(o.output, "meta.json"), encoding="utf-8") as f:
            meta = json.load(f)
        t0 = meta["t0_unix_s"]
        if o.duration is None:
            o.duration = meta.get("duration_s")
    opener = gzip.open if o.log.endswith(".gz") else open
    with opener(o.log, "rt", encoding="utf-8", errors="replace") as f:
        for line in f:
            lines += 1
            event = parse_line(line.rstrip("\n"), o.utc)
            if event is None:
                strange += 1
                continue
            t = event[0] - t0
            if t < -o.before or (o.duration is not None and t > o.duration):
                continue
            if o.all or wanted(event):
                rows.append((t, *event[1:5]))
    with open(os.path.join(o.output, "events.csv"), "w",
              encoding="utf-8") as f:
        f.write("t_s,module,level,code,message\n")
        for t, module, level, code, text in rows[:MOST]:
            text = text.replace('"', "'")
            f.write(f'{t:.3f},{module},{level},{code},"{text}"\n')
    if lines and strange == lines:
        print(f"log2events: {o.log}: no line looks like httpd 2.4's error log "
              "(see --help for the formats)", file=sys.stderr)
        return 3
    if len(rows) > MOST:
        print(f"log2events: {len(rows)} messages, the first {MOST} are kept",
              file=sys.stderr)
    print(f"{o.output}: {min(len(rows), MOST)} messages of {lines} lines",
          file=sys.stderr)
    return 0


def main(argv=None):
    p = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("log", metavar="ERROR_LOG", help="plain or .gz")
    p.add_argument("-o", "--output", required=True, metavar="DIR",
                   help="the recording's folder")
    p.add_argument("--t0", type=float, metavar="S",
                   help="t = 0 in seconds since 1970 (default: meta.json)")
    p.add_argument("--duration", type=float, metavar="S",
                   help="leave out what is later (default: meta.json)")
    p.add_argument("--before", type=float, default=60, metavar="S",
                   help="how long before t = 0 to begin (default 60)")
    p.add_argument("--utc", action="store_true", help="the log is in UTC")
    p.add_argument("--all", action="store_true", help="every message")
    o = p.parse_args(argv)
    try:
        return convert(o)
    except (OSError, EOFError, KeyError, json.JSONDecodeError) as e:
        print(f"log2events: {e}; needs the meta.json of a recording in "
              f"{o.output}, or --t0", file=sys.stderr)
        return 4


if __name__ == "__main__":
    sys.exit(main())
