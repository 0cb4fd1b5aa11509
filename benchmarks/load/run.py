#!/usr/bin/env python3
"""gatewayd beside nginx, end to end: what does one proxied chat answer cost?

    benchmarks/load/run.py --gatewayd build/gatewayd/gatewayd --mock build/tests/mock_upstream [--guardrail]

With --guardrail the requests go through gatewayd's inspecting proxy, with every rule of the default pack. Core 0 has the proxy, core 1 has wrk and the mock upstream. Rounds alternate between gatewayd and nginx, so that whatever
else the machine does meets both. CPU time is the proxy process's own, from /proc. Needs wrk and nginx; builds nothing.
Prints Markdown. Standard library only.
"""

import argparse
import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

from servers import (LOAD_CORE, WORKLOADS, Direct, Gatewayd, GuardrailProxy, Nginx, Server, ask, find_nginx, first_answer, free_port, load, machine,
                     prepare_machine, rss_mb)


def check_answers(proxies, workloads):
    """Before anything is measured: everybody says the same."""
    for name in workloads:
        body, options, _ = WORKLOADS[name]
        answers = {proxy.name: ask(proxy, body, options) for proxy in proxies}
        if "input" in body:  # a Response has ids of its own
            answers = {name: b"".join(re.findall(rb'"delta":"((?:[^"\\\\]|\\\\.)*)"', answer)) for name, answer in answers.items()}
        if len(set(answers.values())) != 1:
            raise SystemExit(f"{name}: the answers differ: { {key: len(value) for key, value in answers.items()} }")


def measure_start(make, rounds):
    """Milliseconds from spawn to the listening line (if it prints one) and to the first answer."""
    lines, answers = [], []
    for _ in range(rounds):
        port = free_port()
        with tempfile.TemporaryDirectory(prefix="gateway-load-") as folder:
            proxy = make(pathlib.Path(folder), port)
            answers.append(first_answer(port, proxy.server.spawned_at) * 1000)
            if proxy.server.listening.wait(0.05) and proxy.server.listening_at:
                lines.append((proxy.server.listening_at - proxy.server.spawned_at) * 1000)
            proxy.server.stop()
    return (statistics.median(lines) if lines else None), statistics.median(answers)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gatewayd", required=True, type=pathlib.Path)
    parser.add_argument("--mock", required=True, type=pathlib.Path)
    parser.add_argument("--nginx", default=find_nginx())
    parser.add_argument("--guardrail", action="store_true", help="gatewayd inspects what passes, with the default pack, and blocks")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3, help="length of a round")
    parser.add_argument("--starts", type=int, default=15, help="how often each program is started to time it")
    parser.add_argument("--only", help="workloads whose name contains this")
    parser.add_argument("--realtime", action="store_true", help="run all of it before everything else on the machine (SCHED_FIFO; needs root)")
    parser.add_argument("--json", type=pathlib.Path, help="write the figures there as well")
    args = parser.parse_args()
    prepare_machine("wrk", "taskset", args.nginx, realtime=args.realtime)
    # The guardrail proxy passes on what the upstream speaks; it makes no Response of a chat.
    workloads = [name for name, (body, _, _) in WORKLOADS.items()
                 if (not args.only or args.only in name) and not (args.guardrail and "input" in body)]
    gateway = GuardrailProxy if args.guardrail else Gatewayd

    running = []
    with tempfile.TemporaryDirectory(prefix="gateway-load-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        try:
            mock_server = Server(LOAD_CORE, [args.mock, "--port", "0"])
            running.append(mock_server)
            upstream = mock_server.wait()
            makers = {
                "gatewayd": lambda where, port: gateway(args.gatewayd, where, upstream, port),
                "nginx": lambda where, port: Nginx(args.nginx, where, upstream, port),
            }
            starts = {name: measure_start(make, args.starts) for name, make in makers.items()}

            proxies = []
            for make in makers.values():
                proxies.append(make(folder, free_port()))
                running.append(proxies[-1].server)
                proxies[-1].wait()
            time.sleep(0.3)
            memory = {proxy.name: [rss_mb(proxy.pid())] for proxy in proxies}
            direct = Direct(mock_server, upstream)
            check_answers([*proxies, direct], workloads)

            results = {workload: {} for workload in workloads}
            for workload in workloads:
                for proxy in proxies:
                    load(proxy, workload, 1)  # warm
                for _ in range(args.rounds):
                    for proxy in proxies:
                        results[workload].setdefault(proxy.name, []).append(load(proxy, workload, args.seconds))
                results[workload][direct.name] = [load(direct, workload, args.seconds)]
                print(f"measured: {workload}", file=sys.stderr, flush=True)
            for proxy in proxies:
                memory[proxy.name].append(rss_mb(proxy.pid()))
        finally:
            for server in reversed(running):
                server.stop()
    report(args, results, memory, starts)


def report(args, results, memory, starts):
    def median(rounds, key):
        return statistics.median(entry[key] for entry in rounds)

    version = subprocess.run([args.gatewayd, "--version"], capture_output=True, text=True).stdout.strip()
    nginx = subprocess.run([args.nginx, "-v"], capture_output=True, text=True).stderr.strip().rpartition("/")[2]
    print(f"{version}, nginx {nginx}; {machine()}; {time.strftime('%Y-%m-%d')}; median of {args.rounds} rounds of {args.seconds} s.\n")
    print("gatewayd inspects, all rules of the default pack, mode `action`.\n" if args.guardrail else "", end="")
    print("| workload | CPU µs each: gatewayd | nginx | ratio | per second: gatewayd | nginx | mock alone | p50/p99 ms: gatewayd | nginx |")
    print("| --- | --: | --: | --: | --: | --: | --: | --: | --: |")
    for workload, by in results.items():
        ours, theirs, direct = by["gatewayd"], by["nginx"], by["mock alone"]
        # Each round is compared with its neighbour in time.
        ratio = statistics.median(a["cpu_us"] / b["cpu_us"] for a, b in zip(ours, theirs))

        def latency(rounds):
            return f"{median(rounds, 'p50_us') / 1000:.2f} / {median(rounds, 'p99_us') / 1000:.2f}"

        print(f"| {workload} | {median(ours, 'cpu_us'):.1f} | {median(theirs, 'cpu_us'):.1f} | {ratio:.2f} "
              f"| {median(ours, 'per_s'):,.0f} | {median(theirs, 'per_s'):,.0f} | {median(direct, 'per_s'):,.0f} "
              f"| {latency(ours)} | {latency(theirs)} |")
    print("\n| | gatewayd | nginx |\n| --- | --: | --: |")
    for row, index in (("RSS idle, MB", 0), ("RSS after load, MB", 1)):
        print(f"| {row} | {memory['gatewayd'][index]:.1f} | {memory['nginx'][index]:.1f} |")
    line, answer = starts["gatewayd"]
    print(f"| start to `listening` line, ms | {line:.1f} | |" if line else "| start to `listening` line | none seen | |")
    print(f"| start to first answer, ms | {answer:.1f} | {starts['nginx'][1]:.1f} |")
    if args.json:
        args.json.write_text(json.dumps({"results": results, "memory_mb": memory, "starts_ms": starts}, indent=1))


if __name__ == "__main__":
    main()
