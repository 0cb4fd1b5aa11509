#!/usr/bin/env python3
"""gatewayd beside nginx, end to end: what does one proxied chat answer cost?

    benchmarks/load/run.py --gatewayd build/gatewayd/gatewayd --mock build/tests/mock_upstream

Core 0 has the proxy, core 1 has wrk and the mock upstream. Rounds alternate between gatewayd and nginx, so that whatever
else the machine does meets both. CPU time is the proxy process's own, from /proc. Needs wrk and nginx; builds nothing.
Prints Markdown. Standard library only.
"""

import argparse
import json
import os
import pathlib
import platform
import re
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
CHAT = "/v1/chat/completions"
TOKEN = "load-token-0123456789abcdef"
PROXY_CORE, LOAD_CORE = "0", "1"
TICK_S = 1 / os.sysconf("SC_CLK_TCK")

# name: (body, how the mock behaves, connections)
QUESTION = {"model": "openclaw", "messages": [{"role": "user", "content": "Tell me about foxes, please."}]}
WORKLOADS = {
    "JSON, 1 KB": (QUESTION, "", 32),
    "stream, 34 events at once": ({**QUESTION, "stream": True}, "", 32),
    "stream, 34 events, 1 ms apart": ({**QUESTION, "stream": True}, "gap=1ms", 32),
}


class Server:
    """A pinned child; its output is read by a thread, so that it never blocks on a full pipe."""

    def __init__(self, core, command, env=None):
        self.lines = []
        self.spawned_at = time.perf_counter()
        self.child = subprocess.Popen(["taskset", "-c", core, *map(str, command)], env=env, text=True,
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.listening = threading.Event()
        self.listening_at = None
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.child.stdout:
            self.lines.append(line.strip())
            if "listening on" in line:
                self.listening_at = time.perf_counter()
                self.listening.set()
        self.listening.set()

    def wait(self):
        """The port that it printed."""
        if not self.listening.wait(20) or self.listening_at is None:
            raise SystemExit(f"{self.child.args} did not start:\n" + "\n".join(self.lines))
        return int(re.search(r"listening on .*?(\d+)\s*$", next(line for line in self.lines if "listening on" in line)).group(1))

    def stop(self):
        self.child.terminate()
        try:
            self.child.wait(10)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        self.child.stdout.close()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def cpu_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


def rss_mb(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1)) / 1024


def get(port, path, body=None, headers=()):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=body, headers=dict(headers))
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read()


def first_answer(port, since):
    """Seconds from `since` to the first 200 of /healthz."""
    while time.perf_counter() - since < 20:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
                client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                if client.recv(4096).startswith(b"HTTP/1.1 200"):
                    return time.perf_counter() - since
        except OSError:
            time.sleep(0.0002)
    raise SystemExit("no answer from /healthz")


class Gatewayd:
    name = "gatewayd"

    def __init__(self, program, folder, upstream, port):
        self.port = port
        config = {
            "gateway": {"auth": {"mode": "token", "token": TOKEN}, "http": {"endpoints": {"chatCompletions": {"enabled": True}}}},
            "agents": {"defaults": {"model": {"primary": "mock/test-model"}}, "list": [{"id": "main"}]},
            "models": {"providers": {"mock": {"baseUrl": f"http://127.0.0.1:{upstream}/v1", "apiKey": "mock-key",
                                              "api": "openai-completions", "models": [{"id": "test-model", "name": "Test"}]}}},
        }
        path = folder / "gateway.json"
        path.write_text(json.dumps(config))
        env = {key: value for key, value in os.environ.items() if not key.startswith("OPENCLAW_")}
        self.server = Server(PROXY_CORE, [program, "--config", path, "--port", port],
                             {**env, "OPENCLAW_STATE_DIR": str(folder / "state")})

    def pid(self):
        return self.server.child.pid  # taskset replaces itself

    def target(self, options):
        return CHAT, [f"mock/test-model+{options}"] if options else []


class Nginx:
    name = "nginx"

    def __init__(self, program, folder, upstream, port):
        self.port = port
        text = (HERE / "nginx.conf.in").read_text()
        values = {"FOLDER": folder, "UPSTREAM": upstream, "PORT": port, "USER": "user root;" if os.geteuid() == 0 else ""}
        for name, value in values.items():
            text = text.replace(f"@{name}@", str(value))
        path = folder / "nginx.conf"
        path.write_text(text)
        self.server = Server(PROXY_CORE, [program, "-p", folder, "-c", path])

    def pid(self):
        master = self.server.child.pid
        children = pathlib.Path(f"/proc/{master}/task/{master}/children").read_text().split()
        return int(children[0])  # the worker does the work

    def target(self, options):
        return (f"/+{options}" if options else "") + CHAT, []


class Direct:
    name = "mock alone"

    def __init__(self, server, port):
        self.server, self.port = server, port

    def pid(self):
        return self.server.child.pid

    target = Nginx.target


def load(proxy, workload, seconds):
    """One round of wrk: requests, requests per second, CPU microseconds per request, latencies."""
    body, options, connections = WORKLOADS[workload]
    path, extra = proxy.target(options)
    command = ["taskset", "-c", LOAD_CORE, "wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "-s", str(HERE / "chat.lua"),
               f"http://127.0.0.1:{proxy.port}{path}", "--", TOKEN, json.dumps(body), *extra]
    before = cpu_s(proxy.pid())
    output = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds + 30).stdout
    used = cpu_s(proxy.pid()) - before
    found = re.search(r"RESULT requests=(\d+) duration=(\d+) p50=(\d+) p99=(\d+) failed=(\d+)", output)
    if not found:
        raise SystemExit("wrk failed:\n" + output)
    requests, duration, p50, p99, failed = map(int, found.groups())
    if failed or not requests:
        raise SystemExit(f"{proxy.name}: {failed} of {requests} requests failed:\n{output}")
    return {"cpu_us": used / requests * 1e6, "per_s": requests / duration * 1e6, "p50_us": p50, "p99_us": p99}


def check_answers(proxies):
    """Before anything is measured: everybody says the same."""
    for name, (body, options, _) in WORKLOADS.items():
        answers = {}
        for proxy in proxies:
            path, extra = proxy.target(options)
            headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
            if extra:
                headers["x-openclaw-model"] = extra[0]
            answers[proxy.name] = get(proxy.port, path, json.dumps(body).encode(), headers)
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


def machine():
    model = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text())
    return f"{model.group(1) if model else platform.machine()}, {os.cpu_count()} cores, Linux {platform.release().split('-')[0]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gatewayd", required=True, type=pathlib.Path)
    parser.add_argument("--mock", required=True, type=pathlib.Path)
    parser.add_argument("--nginx", default=shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3, help="length of a round")
    parser.add_argument("--starts", type=int, default=15, help="how often each program is started to time it")
    parser.add_argument("--only", help="workloads whose name contains this")
    parser.add_argument("--json", type=pathlib.Path, help="write the figures there as well")
    args = parser.parse_args()
    missing = [name for name in ("wrk", "taskset") if not shutil.which(name)] + ([] if args.nginx else ["nginx"])
    if missing:
        raise SystemExit("missing: " + ", ".join(missing) + " (Debian: apt-get install wrk nginx-light util-linux)")
    if os.cpu_count() < 2:
        raise SystemExit("two cores are needed, one for the proxy and one for its clients and its upstream")
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    workloads = [name for name in WORKLOADS if not args.only or args.only in name]

    running = []
    with tempfile.TemporaryDirectory(prefix="gateway-load-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        try:
            mock_server = Server(LOAD_CORE, [args.mock, "--port", "0"])
            running.append(mock_server)
            upstream = mock_server.wait()
            makers = {
                "gatewayd": lambda where, port: Gatewayd(args.gatewayd, where, upstream, port),
                "nginx": lambda where, port: Nginx(args.nginx, where, upstream, port),
            }
            starts = {name: measure_start(make, args.starts) for name, make in makers.items()}

            proxies = []
            for make in makers.values():
                proxies.append(make(folder, free_port()))
                running.append(proxies[-1].server)
                first_answer(proxies[-1].port, time.perf_counter())
            time.sleep(0.3)
            memory = {proxy.name: [rss_mb(proxy.pid())] for proxy in proxies}
            direct = Direct(mock_server, upstream)
            check_answers([*proxies, direct])

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
