"""What the load benchmarks share: the programs that are compared, each pinned to a core, and what they cost."""

import atexit
import json
import os
import pathlib
import platform
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
CHAT, RESPONSES = "/v1/chat/completions", "/v1/responses"
TOKEN = "load-token-0123456789abcdef"
PROXY_CORE, LOAD_CORE = "0", "1"
# What stands before every command: with `--realtime` no other program of the machine gets in the way.
priority = []
TICK_S = 1 / os.sysconf("SC_CLK_TCK")

# name: (body, how the mock behaves, connections)
QUESTION = {"model": "openclaw", "messages": [{"role": "user", "content": "Tell me about foxes, please."}]}
WORKLOADS = {
    "JSON, 1 KB": (QUESTION, "", 32),
    "stream, 34 events at once": ({**QUESTION, "stream": True}, "", 32),
    "stream, 34 events, 1 ms apart": ({**QUESTION, "stream": True}, "gap=1ms", 32),
    # The gateway makes a Response of the provider's chat; the upstream, asked directly, makes one itself.
    "response, 31 deltas at once": ({"model": "openclaw", "input": "Tell me about foxes, please.", "stream": True}, "", 32),
    "response, 31 deltas, 1 ms apart": ({"model": "openclaw", "input": "Tell me about foxes, please.", "stream": True}, "gap=1ms", 32),
}


def path_of(body):
    return RESPONSES if "input" in body else CHAT


def pinned(core, command):
    """Each of these replaces itself, so that the child is the program."""
    return [*priority, "taskset", "-c", core, *map(str, command)]


class Server:
    """A pinned child; its output is read by a thread, so that it never blocks on a full pipe."""

    def __init__(self, core, command, env=None):
        self.lines = []
        self.spawned_at = time.perf_counter()
        self.child = subprocess.Popen(pinned(core, command), env=env, text=True,
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


def stolen_s():
    """What the hypervisor took from the proxy's core for other machines."""
    line = re.search(rf"^cpu{PROXY_CORE} (.*)$", pathlib.Path("/proc/stat").read_text(), re.MULTILINE).group(1)
    return int(line.split()[7]) * TICK_S


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
    """The gateway in front of the upstream; `guardrail` is that section of the configuration."""

    name = "gatewayd"

    def __init__(self, program, folder, upstream, port, guardrail=None):
        self.port = port
        config = {
            "gateway": {"upstream": {"maxConnections": 65535}, "auth": {"mode": "token", "token": TOKEN}, "http": {"endpoints": {"chatCompletions": {"enabled": True}, "responses": {"enabled": True}}}},
            "agents": {"defaults": {"model": {"primary": "mock/test-model"}}, "list": [{"id": "main"}]},
            "models": {"providers": {"mock": {"baseUrl": f"http://127.0.0.1:{upstream}/v1", "apiKey": "mock-key",
                                              "api": "openai-completions", "models": [{"id": "test-model", "name": "Test"}]}}},
            **({"guardrail": guardrail} if guardrail else {}),
        }
        path = folder / "gateway.json"
        path.write_text(json.dumps(config))
        env = {key: value for key, value in os.environ.items() if not key.startswith(("OPENCLAW_", "DEFENSECLAW_"))}
        self.server = Server(PROXY_CORE, [program, "--config", path, "--port", port],
                             {**env, "OPENCLAW_STATE_DIR": str(folder / "state")})

    def wait(self):
        first_answer(self.port, time.perf_counter())

    def pid(self):
        return self.server.child.pid  # taskset replaces itself

    def headers(self, options):
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return {**headers, "x-openclaw-model": f"mock/test-model+{options}"} if options else headers


class GuardrailProxy(Gatewayd):
    """gatewayd's other side: the proxy that inspects, with all rules of the default pack, and blocks."""

    def __init__(self, program, folder, upstream, port, public_openings=False):
        self.upstream = f"127.0.0.1:{upstream}"
        proxy_port = free_port()
        super().__init__(program, folder, upstream, port, {
            "enabled": True, "mode": "action", "port": proxy_port, "rate_limit": {"requests_per_second": 0}, "public_openings": public_openings,
            "test_upstreams": [{"address": self.upstream, "provider": "openai"}]})
        super().wait()
        self.port = proxy_port

    def wait(self):
        """It did; the proxy's own port has no /healthz."""

    def headers(self, options):
        headers = {"X-DC-Auth": f"Bearer {TOKEN}", "X-DC-Target-URL": f"http://{self.upstream}", "Authorization": "Bearer mock-key"}
        return {**headers, "X-Mock": options} if options else headers


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

    wait = Gatewayd.wait

    def pid(self):
        master = self.server.child.pid
        children = pathlib.Path(f"/proc/{master}/task/{master}/children").read_text().split()
        return int(children[0])  # the worker does the work

    def headers(self, options):
        return {"Authorization": f"Bearer {TOKEN}", **({"X-Mock": options} if options else {})}


class Direct:
    """No proxy: whoever asks it asks the upstream."""

    name = "mock alone"

    def __init__(self, server, port):
        self.server, self.port = server, port

    def pid(self):
        return self.server.child.pid

    headers = Nginx.headers


def load(proxy, workload, seconds):
    """One round of wrk: requests, requests per second, CPU microseconds per request, latencies."""
    body, options, connections = WORKLOADS[workload]
    path, headers = path_of(body), proxy.headers(options)
    command = ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "-s", str(HERE / "chat.lua"),
               f"http://127.0.0.1:{proxy.port}{path}", "--", json.dumps(body), *(f"{name}: {value}" for name, value in headers.items())]
    before = cpu_s(proxy.pid())
    output = subprocess.run(pinned(LOAD_CORE, command), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds + 30).stdout
    used = cpu_s(proxy.pid()) - before
    found = re.search(r"RESULT requests=(\d+) duration=(\d+) p50=(\d+) p99=(\d+) failed=(\d+)", output)
    if not found:
        raise SystemExit("wrk failed:\n" + output)
    requests, duration, p50, p99, failed = map(int, found.groups())
    if failed or not requests:
        raise SystemExit(f"{proxy.name}: {failed} of {requests} requests failed:\n{output}")
    return {"cpu_us": used / requests * 1e6, "per_s": requests / duration * 1e6, "p50_us": p50, "p99_us": p99}


def ask(proxy, body, options):
    headers = {**proxy.headers(options), "Content-Type": "application/json"}
    return get(proxy.port, path_of(body), json.dumps(body).encode(), headers)


def prepare_machine(*programs, realtime=False):
    """Says what is missing; as many descriptors as may be."""
    if realtime:
        priority.extend(["chrt", "-f", "10"])
        programs = (*programs, "chrt")
    missing = [name for name in programs if not name or not shutil.which(name)]
    if missing:
        raise SystemExit("missing: " + ", ".join(name or "nginx" for name in missing) + " (Debian: apt-get install wrk nginx-light util-linux)")
    if os.cpu_count() < 2:
        raise SystemExit("two cores are needed, one for the proxy and one for its clients and its upstream")
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    if realtime:
        raise_network_threads()
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(12))  # who reads the clocks


def raise_network_threads():
    """What loopback cannot deliver at once it leaves to the kernel's ksoftirqd, which would wait, tens of milliseconds, for
    every program of the machine that is no benchmark. As it was at the end."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # or nothing is put back
    for entry in pathlib.Path("/proc").glob("[0-9]*/comm"):
        if not entry.read_text().startswith("ksoftirqd/"):
            continue
        pid = int(entry.parent.name)
        atexit.register(os.sched_setscheduler, pid, os.sched_getscheduler(pid), os.sched_getparam(pid))
        os.sched_setscheduler(pid, os.SCHED_FIFO, os.sched_param(11))


def find_nginx():
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


def machine():
    model = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text())
    return f"{model.group(1) if model else platform.machine()}, {os.cpu_count()} cores, Linux {platform.release().split('-')[0]}"
