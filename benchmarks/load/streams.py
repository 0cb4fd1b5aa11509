#!/usr/bin/env python3
"""A thousand streams at once: what does the guardrail proxy add to every event, and what does a stream cost?

    benchmarks/load/streams.py --gatewayd build/gatewayd/gatewayd --load build/tests/load_streams --realtime

The proxy is alone on core 0; core 1 has both ends of the streams, one program (load_streams.cpp). The same streams run
directly, through nginx and through the guardrail proxy with every rule of the default pack, in turns. Delay added = a
percentile through the proxy minus the same percentile without one. CPU time and memory are the proxy process's own, from
/proc; memory per stream is what the process grew by. Needs nginx; builds nothing. Prints Markdown. Standard library only.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from servers import CHAT, LOAD_CORE, QUESTION, GuardrailProxy, Nginx, cpu_s, find_nginx, free_port, machine, pinned, prepare_machine, rss_mb, stolen_s

PERCENTILES = {"p50": "p50_us", "p99": "p99_us", "p99.9": "p999_us"}
RAMP_S, SETTLE_S = 1, 1
# row: (who, how the upstream cuts its text). Models send " river", which may go on: a rule that redacts may have to see
# the next delta before it lets go of this one, unless it may let go of what the rule spells out. "river " is over, so its
# delay is the proxy's work alone.
ROWS = {
    "no proxy": (None, "words"),
    "nginx": ("nginx", "words"),
    "gatewayd, guardrail": ("gatewayd", "words"),
    "the same, words that may go on": ("gatewayd", "prose"),
    "and public openings": ("gatewayd, open", "prose"),
}


def stream_round(args, proxy, port, upstream, text):
    """All streams once; the proxy's CPU time between the lines "begin" and "end"."""
    command = [args.load, "--upstream-port", upstream, "--port", port, "--path", CHAT, "--body", json.dumps({**QUESTION, "stream": True}),
               "--options", f"{text}+stamp", "--streams", args.streams, "--rate", args.rate, "--seconds", args.seconds,
               "--ramp-ms", RAMP_S * 1000, "--settle-ms", SETTLE_S * 1000]
    for name, value in (proxy.headers("") if proxy else {}).items():
        command += ["--header", f"{name}: {value}"]

    def look():
        return (*((cpu_s(proxy.pid()), rss_mb(proxy.pid())) if proxy else (0, 0)), stolen_s())

    seen, result = {"before": look()}, None
    child = subprocess.Popen(pinned(LOAD_CORE, command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        for line in child.stdout:
            if line.startswith("{"):
                result = json.loads(line)
            else:
                seen[line.strip()] = look()
    finally:
        child.kill()
        child.wait()
    if not result or result["broken"]:
        raise SystemExit(f"a stream broke: {result}")
    expected = args.streams * args.rate * args.seconds
    if not 0.95 * expected <= result["events"] <= 1.05 * expected or len(set(result["events_per_stream"])) != 1:
        raise SystemExit(f"{expected} events were asked for: {result}")
    used = seen["end"][0] - seen["begin"][0]
    return {**result, "cpu_share": used / args.seconds, "cpu_us_per_event": used / result["events"] * 1e6,
            "rss_before_mb": seen["before"][1], "rss_mb": seen["end"][1],
            "stolen": (seen["end"][2] - seen["begin"][2]) / args.seconds, "load": os.getloadavg()[0]}


def measure(args, make):
    """{row: [round, ...]}: fresh programs for every round, so that memory begins at the same place."""
    rounds = {}
    for number in range(args.rounds):
        for row, (name, text) in ROWS.items():
            with tempfile.TemporaryDirectory(prefix="gateway-load-") as path:
                folder, upstream, port = pathlib.Path(path), free_port(), free_port()
                folder.chmod(0o755)
                proxy = make[name](folder, upstream, port) if name else None
                try:
                    if proxy:
                        proxy.wait()
                    result = stream_round(args, proxy, proxy.port if proxy else upstream, upstream, text)
                finally:
                    if proxy:
                        proxy.server.stop()
            rounds.setdefault(row, []).append(result)
            print(f"measured: {row}, round {number + 1}: {result}", file=sys.stderr, flush=True)
    return rounds


def median(rounds, key):
    return statistics.median(entry[key] for entry in rounds)


def report(args, rounds):
    version = subprocess.run([args.gatewayd, "--version"], capture_output=True, text=True).stdout.strip()
    nginx = subprocess.run([args.nginx, "-v"], capture_output=True, text=True).stderr.strip().rpartition("/")[2]
    realtime = ", measured with SCHED_FIFO" if args.realtime else ""
    loads = [entry["load"] for each in rounds.values() for entry in each]
    print(f"{version}, nginx {nginx}; {machine()}; {time.strftime('%Y-%m-%d')}; {args.streams} streams, {args.rate} events a second each, "
          f"{args.seconds} s, median of {args.rounds} rounds; load average {min(loads):.1f} to {max(loads):.1f}{realtime}.\n")
    print("| streams | delay ms: p50 | p99 | p99.9 | max | added ms: p50 | p99 | p99.9 | core | CPU µs an event | CPU a stream | RSS MB: before | during | KiB a stream |")
    print("| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |")
    direct = rounds["no proxy"]
    for name, each in rounds.items():
        delays = [median(each, key) / 1000 for key in [*PERCENTILES.values(), "max_us"]]
        cells = [f"{delay:.2f}" for delay in delays]
        if each is direct:
            cells += [""] * 9
        else:
            # Each round is compared with its neighbour in time.
            cells += [f"{statistics.median(a[key] - b[key] for a, b in zip(each, direct)) / 1000:.2f}" for key in PERCENTILES.values()]
            share, grown = median(each, "cpu_share"), median(each, "rss_mb") - median(each, "rss_before_mb")
            cells += [f"{share:.0%}", f"{median(each, 'cpu_us_per_event'):.1f}", f"{share / args.streams:.3%}",
                      f"{median(each, 'rss_before_mb'):.1f}", f"{median(each, 'rss_mb'):.1f}", f"{grown * 1024 / args.streams:.1f}"]
        print(f"| {name} | " + " | ".join(cells) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gatewayd", required=True, type=pathlib.Path)
    parser.add_argument("--load", required=True, type=pathlib.Path)
    parser.add_argument("--nginx", default=find_nginx())
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=60, help="how long the streams are measured")
    parser.add_argument("--rate", type=int, default=50, help="events per second and stream")
    parser.add_argument("--rounds", type=int, default=1, help="of all rows")
    parser.add_argument("--realtime", action="store_true", help="run all of it before everything else on the machine (SCHED_FIFO; needs root)")
    parser.add_argument("--json", type=pathlib.Path, help="write the figures there as well")
    args = parser.parse_args()
    prepare_machine("taskset", args.nginx, realtime=args.realtime)
    make = {
        "nginx": lambda folder, upstream, port: Nginx(args.nginx, folder, upstream, port),
        "gatewayd": lambda folder, upstream, port: GuardrailProxy(args.gatewayd, folder, upstream, port),
        "gatewayd, open": lambda folder, upstream, port: GuardrailProxy(args.gatewayd, folder, upstream, port, public_openings=True),
    }
    rounds = measure(args, make)
    report(args, rounds)
    if args.json:
        args.json.write_text(json.dumps(rounds, indent=1))


if __name__ == "__main__":
    main()
