#!/usr/bin/env python3
"""A thousand streams at once: what does the guardrail proxy add to every event, and what does a stream cost?

    benchmarks/load/streams.py --gatewayd build/gatewayd/gatewayd --mock build/tests/mock_upstream --client build/tests/load_streams

The proxy is alone on core 0; core 1 has the clients and the upstream, which writes the time into every event
(streams_client.cpp). The same streams run directly, through nginx and through the guardrail proxy with every rule of the
default pack, in turns. Delay added = a percentile through the proxy minus the same percentile without one. CPU time and
memory are the proxy process's own, from /proc; memory per stream is what the process grew by, its peak minus before.
Then wrk asks for short answers, as run.py does. Needs wrk and nginx; builds nothing. Prints Markdown. Standard library only.
"""

import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

from servers import (CHAT, LOAD_CORE, QUESTION, WORKLOADS, Direct, GuardrailProxy, Nginx, Server, ask, cpu_s, find_nginx, first_answer, free_port,
                     load, machine, pinned, prepare_machine, rss_mb)

PERCENTILES = {"p50": "p50_us", "p99": "p99_us", "p99.9": "p999_us"}
RAMP_S, SETTLE_S = 1, 1
# row: (who, how the mock cuts its text). Models send " river", which may go on: a rule that redacts may have to see the
# next delta before it lets go of this one. "river " is over, so its delay is the proxy's work alone.
ROWS = {
    "mock alone": ("mock alone", "words"),
    "nginx": ("nginx", "words"),
    "gatewayd, guardrail": ("gatewayd, guardrail", "words"),
    "the same, words that may go on": ("gatewayd, guardrail", "prose"),
}


def peak_mb(pid):
    return int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1)) / 1024


def stream_round(args, proxy, text):
    """All streams once; the proxy's CPU time between the lines "begin" and "end" of the clients."""
    words = f"{text}+stamp+rate={args.rate}+deltas={args.rate * (args.seconds + RAMP_S + SETTLE_S)}"
    path, headers = CHAT, proxy.headers(words)
    command = [args.client, "--port", proxy.port, "--path", path, "--body", json.dumps({**QUESTION, "stream": True}),
               "--streams", args.streams, "--seconds", args.seconds, "--ramp-ms", RAMP_S * 1000, "--settle-ms", SETTLE_S * 1000]
    for name, value in headers.items():
        command += ["--header", f"{name}: {value}"]
    cpu, result = {}, None
    pid = proxy.pid()
    before = rss_mb(pid)
    child = subprocess.Popen(pinned(LOAD_CORE, command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        for line in child.stdout:
            if line.startswith("{"):
                result = json.loads(line)
            else:
                cpu[line.strip()] = (cpu_s(pid), rss_mb(pid))
    finally:
        child.kill()
        child.wait()
    if not result or result["broken"]:
        raise SystemExit(f"{proxy.name}: {result or 'the clients failed'}")
    expected = args.streams * args.rate * args.seconds
    if not 0.95 * expected <= result["events"] <= 1.05 * expected or len(set(result["events_per_stream"])) != 1:
        raise SystemExit(f"{proxy.name}: {expected} events were asked for: {result}")
    used = cpu["end"][0] - cpu["begin"][0]
    return {**result, "cpu_share": used / args.seconds, "cpu_us_per_event": used / result["events"] * 1e6,
            "rss_before_mb": before, "rss_mb": cpu["end"][1], "load": os.getloadavg()[0]}


def measure_streams(args, make, rounds):
    """{name: [round, ...]}: fresh programs for every round, so that memory begins at the same place."""
    for number in range(args.rounds):
        for row, (name, text) in ROWS.items():
            with tempfile.TemporaryDirectory(prefix="gateway-load-") as folder:
                result = with_upstream(args, pathlib.Path(folder), name, make, lambda proxy, text=text: stream_round(args, proxy, text))
            rounds.setdefault(row, []).append(result)
            print(f"measured: streams, {row}, round {number + 1}: {result}", file=sys.stderr, flush=True)


def with_upstream(args, folder, name, make, measure):
    folder.chmod(0o755)
    mock = Server(LOAD_CORE, [args.mock, "--port", "0"])
    proxy = None
    try:
        upstream = mock.wait()
        proxy = make[name](folder, upstream, free_port()) if name in make else Direct(mock, upstream)
        if proxy.server is not mock:
            wait_for_port(proxy)
        ask(proxy, QUESTION, "")  # the upstream is reached, and the first page faults are behind us
        return measure(proxy)
    finally:
        if proxy and proxy.server is not mock:
            proxy.server.stop()
        mock.stop()


def wait_for_port(proxy):
    if not isinstance(proxy, GuardrailProxy):
        first_answer(proxy.port, time.perf_counter())


def measure_requests(args, make):
    """wrk's workloads, gatewayd and nginx in turns in front of one upstream."""
    workloads = {name: how for name, how in WORKLOADS.items() if "input" not in how[0]}
    results = {workload: {} for workload in workloads}
    running = []
    with tempfile.TemporaryDirectory(prefix="gateway-load-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        try:
            running.append(Server(LOAD_CORE, [args.mock, "--port", "0"]))
            upstream = running[0].wait()
            proxies = []
            for maker in make.values():
                proxies.append(maker(folder, upstream, free_port()))
                running.append(proxies[-1].server)
                wait_for_port(proxies[-1])
            for workload, (body, options, _) in workloads.items():
                if len({ask(proxy, body, options) for proxy in proxies}) != 1:
                    raise SystemExit(f"{workload}: the answers differ")
                for proxy in proxies:
                    load(proxy, workload, 1)  # warm
                for _ in range(args.request_rounds):
                    for proxy in proxies:
                        results[workload].setdefault(proxy.name, []).append(load(proxy, workload, args.request_seconds))
                print(f"measured: {workload}", file=sys.stderr, flush=True)
        finally:
            for server in reversed(running):
                server.stop()
    return results


def median(rounds, key):
    return statistics.median(entry[key] for entry in rounds)


def report(args, rounds, requests):
    version = subprocess.run([args.gatewayd, "--version"], capture_output=True, text=True).stdout.strip()
    nginx = subprocess.run([args.nginx, "-v"], capture_output=True, text=True).stderr.strip().rpartition("/")[2]
    realtime = ", measured with SCHED_FIFO" if args.realtime else ""
    loads = [entry["load"] for each in rounds.values() for entry in each]
    print(f"{version}, nginx {nginx}; {machine()}; {time.strftime('%Y-%m-%d')}; {args.streams} streams, {args.rate} events a second each, "
          f"{args.seconds} s, median of {args.rounds} rounds; load average {min(loads):.1f} to {max(loads):.1f}{realtime}.\n")
    print("| streams | delay ms: p50 | p99 | p99.9 | max | added ms: p50 | p99 | p99.9 | core | CPU µs an event | CPU a stream | RSS MB: before | during | KiB a stream |")
    print("| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |")
    direct = rounds["mock alone"]
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
    if not requests:
        return
    print("\n| request | CPU µs each: gatewayd, guardrail | nginx | ratio |\n| --- | --: | --: | --: |")
    for workload, by in requests.items():
        ours, theirs = by["gatewayd, guardrail"], by["nginx"]
        ratio = statistics.median(a["cpu_us"] / b["cpu_us"] for a, b in zip(ours, theirs))
        print(f"| {workload} | {median(ours, 'cpu_us'):.1f} | {median(theirs, 'cpu_us'):.1f} | {ratio:.2f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gatewayd", required=True, type=pathlib.Path)
    parser.add_argument("--mock", required=True, type=pathlib.Path)
    parser.add_argument("--client", required=True, type=pathlib.Path)
    parser.add_argument("--nginx", default=find_nginx())
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=60, help="how long the streams are measured")
    parser.add_argument("--rate", type=int, default=50, help="events per second and stream")
    parser.add_argument("--rounds", type=int, default=1, help="of the streams")
    parser.add_argument("--request-rounds", type=int, default=3, help="of wrk; 0: none")
    parser.add_argument("--request-seconds", type=int, default=3)
    parser.add_argument("--realtime", action="store_true", help="run all of it before everything else on the machine (SCHED_FIFO; needs root)")
    parser.add_argument("--json", type=pathlib.Path, help="write the figures there as well")
    args = parser.parse_args()
    prepare_machine("wrk", "taskset", args.nginx, realtime=args.realtime)
    make = {
        "nginx": lambda folder, upstream, port: Nginx(args.nginx, folder, upstream, port),
        "gatewayd, guardrail": lambda folder, upstream, port: GuardrailProxy(args.gatewayd, folder, upstream, port),
    }
    rounds = {}
    measure_streams(args, make, rounds)
    requests = measure_requests(args, make) if args.request_rounds else {}
    report(args, rounds, requests)
    if args.json:
        args.json.write_text(json.dumps({"streams": rounds, "requests": requests}, indent=1))


if __name__ == "__main__":
    main()
