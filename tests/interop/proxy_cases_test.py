#!/usr/bin/env python3
"""The case file of the guardrail proxy against gatewayd, through real sockets; streams also cut at every byte.

    proxy_cases_test.py gatewayd=PATH mock=PATH [ID ...]

The cases are GATEWAY_SPEC/egress-and-proxy-cases.jsonl, or ../shared/spec/ beside the project. One line per case. Names
such as api.openai.com are not reached from here: where a case goes to one, 502 is as good as an answer, and what counts is
the egress record. Every address of a stub is a mock of its own, registered as the provider that the case names.
"""

import concurrent.futures
import json
import os
import pathlib
import random
import re
import socket
import sys
import time

import accumulators
from case_checks import check_case
from common import PATIENCE_S, TOKEN
from processes import PATHS, SKIPPED, Mock, read_paths
from proxy_common import (MASTER_KEY, Exchange, ProxyGateway, closed_port, exchange, read_to_end, request_head, scripted,
                          sse_events)

# Cases of level `reference` whose answer is another one here on purpose.
DEVIATIONS = {
    "route-unknown-get": ({"status": 404}, "a probe of a path that does not exist is told so"),
    "egress-padded": ({"status_in": [204, 413]}, "8192 bytes are the limit, whatever they are"),
}
# The upstream has a name that cannot be reached from a test.
UNREACHABLE = {"target-unknown-shape-allowed", "target-path-entry-ok", "target-wildcard-ok"}
OLLAMA_PORT = 11434
CUT_ALL_BYTES = 600
CUT_SAMPLES = 64
CUT_WORKERS = 6
PLAIN_ANSWER = {"id": "r0", "object": "chat.completion", "model": "m1",
                "choices": [{"index": 0, "message": {"role": "assistant", "content": "Yes."}, "finish_reason": "stop"}]}


def spec_file():
    project = pathlib.Path(__file__).resolve().parents[2]
    folder = os.environ.get("GATEWAY_SPEC") or project.parent / "shared" / "spec"
    return pathlib.Path(folder) / "egress-and-proxy-cases.jsonl"


class Stubs:
    """A mock for each provider's name, started when a case needs it."""

    def __init__(self):
        self.mocks = {}
        self.holder, self.closed = closed_port()

    def add(self, name, *arguments):
        if name not in self.mocks:
            self.mocks[name] = Mock(*arguments)

    def upstreams(self):
        out = {f"127.0.0.1:{mock.port}": name for name, mock in self.mocks.items() if name != "at-ollama-port"}
        return {**out, f"127.0.0.1:{self.closed}": "openai"}

    def stop(self):
        for mock in self.mocks.values():
            mock.stop()
        self.holder.close()


class Case:
    def __init__(self, line, stubs):
        self.data = json.loads(line)
        self.id, self.level, self.expect = self.data["id"], self.data["level"], self.data["expect"]
        self.config = self.data.get("config", {})
        self.stubs = stubs
        if self.id in DEVIATIONS:
            self.expect = {**self.expect, "status": None, "body_empty": None, **DEVIATIONS[self.id][0]}
            self.expect = {key: value for key, value in self.expect.items() if value is not None}
        if self.id in UNREACHABLE:
            self.expect = {key: value for key, value in self.expect.items() if key != "upstream_called"}

    def names(self):
        """The provider names of the stubs that the case talks to."""
        text = json.dumps(self.data)
        out = set(re.findall(r"\$\{STUB_AS:(\w+)\}", text))
        return out | {"openai"} if "${STUB}" in text else out

    def fill(self, text):
        text = text.replace("${TOKEN}", TOKEN).replace("${TOKEN_FIRST_8}", TOKEN[:8]).replace("${MASTER_KEY}", MASTER_KEY)
        text = text.replace("${STUB_CLOSED}", f"http://127.0.0.1:{self.stubs.closed}").replace("${STUB}", "${STUB_AS:openai}")
        text = re.sub(r"\$\{STUB_AS:(\w+)\}", lambda found: f"http://127.0.0.1:{self.stubs.mocks[found[1]].port}", text)
        return re.sub(r"@REPEAT\((.),(\d+)\)", lambda found: found[1] * int(found[2]), text)

    def headers(self):
        out = {}
        for name, value in self.data["headers"].items():
            found = re.fullmatch(r"@(.*)\{(\d+)\.\.(\d+)\}", name)
            names = [name] if not found else [f"{found[1]}{n}" for n in range(int(found[2]), int(found[3]) + 1)]
            out.update({one: self.fill(value) for one in names})
        return out

    def body(self):
        if "body_text" in self.data:
            return self.fill(self.data["body_text"]).encode()
        if "body" in self.data:
            return json.dumps(self.data["body"], ensure_ascii=False).encode()
        return b"" if self.data["method"] in ("POST", "PUT") else None

    def mock(self):
        target = self.data["headers"].get("X-DC-Target-URL", "")
        named = re.search(r"\$\{STUB_AS:(\w+)\}", target)
        if target.endswith(f":{OLLAMA_PORT}"):
            return self.stubs.mocks["at-ollama-port"]
        return self.stubs.mocks.get(named[1] if named else "openai" if "${STUB}" in target else None)

    def is_stream(self):
        return bool({"sse", "sse_events"} & self.data.get("upstream", {}).keys())

    def upstream_body(self):
        upstream = self.data.get("upstream", {})
        if "sse" in upstream:
            return b"".join(b"data: " + (one if isinstance(one, str) else json.dumps(one)).encode() + b"\n\n" for one in upstream["sse"])
        if "sse_events" in upstream:
            return b"".join(f"event: {name}\ndata: {json.dumps(data)}\n\n".encode() for name, data in upstream["sse_events"])
        return json.dumps(upstream.get("body", PLAIN_ANSWER)).encode()

    def script(self, **more):
        upstream = self.data.get("upstream", {"status": 200, "headers": {"Content-Type": "application/json"}})
        fields = dict(upstream["headers"])
        framing = {} if self.is_stream() else {"framing": "length"}
        return scripted(self.upstream_body(), fields.pop("Content-Type"), headers=fields, status=upstream["status"], **framing, **more)

    def dialect(self):
        return "anthropic" if self.data["path"].endswith("/messages") else "openai-chat"

    def ask(self, gateway, **more):
        return exchange(gateway.proxy_port, self.data["method"], self.data["path"], {**self.headers(), **more}, self.body())


# --- one case, once ---

def run_case(case, gateway):
    """The problems of the case; none: it passed."""
    if "repeat" in case.expect:
        return run_repeated(case, gateway)
    mock = case.mock()
    if mock:
        mock.reset()
        if not case.expect.get("first_chunk_before_upstream_end"):
            mock.script(case.script())
    before = len(gateway.egress_records())
    if case.expect.get("first_chunk_before_upstream_end"):
        return run_first_chunk(case, gateway, mock)
    answer = case.ask(gateway)
    if case.id in UNREACHABLE and answer.status not in (502, 504):
        return [f"status {answer.status}; the name cannot be reached: 502 was expected"]
    return check_case(case, answer, gateway, mock, before)


def run_first_chunk(case, gateway, mock):
    """The stub sends its first event and then nothing more: the event must reach the client all the same."""
    first = case.upstream_body().index(b"\n\n") + 2
    mock.script(case.script(stall_after=first))
    head = request_head(case.data["method"], case.data["path"], case.headers(), case.body())
    received = b""
    with socket.create_connection(("127.0.0.1", gateway.proxy_port), timeout=PATIENCE_S) as connection:
        connection.sendall(head)
        try:
            while case.upstream_body()[:first] not in Exchange(received).body:
                received += connection.recv(65536) or (_ for _ in ()).throw(TimeoutError("it closed"))
        except TimeoutError as error:
            return [f"the first event did not come while the upstream waited ({error}): {received!r}"]
    deadline = time.monotonic() + PATIENCE_S
    while mock.requests()[0]["outcome"] != "left_early":
        if time.monotonic() > deadline:
            return ["the client has left, and the upstream is not told"]
        time.sleep(0.01)
    return []


def run_repeated(case, gateway):
    """Many requests at once on a few kept connections; some of them must get the status."""
    expect, statuses, limited, connections = case.expect, [], None, 8
    one = request_head(case.data["method"], case.data["path"], case.headers(), case.body()).replace(b"Connection: close\r\n", b"")
    last = one.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
    sockets = [socket.create_connection(("127.0.0.1", gateway.proxy_port), timeout=PATIENCE_S) for _ in range(connections)]
    for connection in sockets:
        connection.sendall(one * (expect["repeat"] // connections - 1) + last)
    for connection in sockets:
        raw = read_to_end(connection)
        connection.close()
        for part in re.split(rb"(?=HTTP/1\.1 \d{3} )", raw):
            if part:
                answer = Exchange(part)
                statuses.append(answer.status)
                if answer.status == expect["some_status"]:
                    limited = answer
    problems = []
    if limited is None:
        return [f"{len(statuses)} answers, none with status {expect['some_status']}"]
    for name, value in expect["headers"].items():
        if limited.headers.get(name.lower()) != value:
            problems.append(f"{name}: {limited.headers.get(name.lower())!r}")
    if expect["text_contains"] not in limited.text:
        problems.append(f"body {limited.body!r}")
    if statuses.count(200) < 200:
        problems.append(f"a burst of 200 is allowed, {statuses.count(200)} passed")
    return problems


# --- a stream in other pieces ---

def run_cuts(case, gateway, whole):
    """The answers when the upstream's bytes come in two pieces, and byte by byte, and in other forms of the same events."""
    mock, body = case.mock(), case.upstream_body()
    sampled = list(range(1, len(body))) if len(body) < CUT_ALL_BYTES else sorted(random.Random(1).sample(range(1, len(body)), CUT_SAMPLES))
    variants = [{"cut": [at], "delay_ms": 2} for at in sampled] + [{"cut": 1}, {"cut": 7, "framing": "until_close"}]
    scripts = [case.script(id=f"cut{index}", **variant) for index, variant in enumerate(variants)]
    for change in (lambda text: text.replace(b"\n", b"\r\n"), lambda text: text.replace(b"\n", b"\r"),
                   lambda text: b"".join(b": here\n\n" + event + b"\n\n" for event in text.split(b"\n\n")[:-1]),
                   lambda text: b"\xef\xbb\xbf" + text, lambda text: text.replace(b"data: ", b"data:")):
        changed = scripted(change(body), "text/event-stream", id=f"cut{len(scripts)}")
        variants.append({"form": change(body[:20])})
        scripts.append(changed)
    mock.reset()
    mock.script(scripts)
    expected = outcome(case, whole)
    problems = []

    def one(index):
        answer = case.ask(gateway, **{"X-Mock-Script": f"cut{index}"})
        got = outcome(case, answer)
        # The bytes themselves where the case wants them, in the forms that did not change them.
        if case.expect.get("body_bytes_equal_upstream") and "form" not in variants[index] and answer.body != body:
            return f"{variants[index]}: the bytes are not the upstream's: {answer.body!r}"
        return f"{variants[index]}: {got} in place of {expected}" if got != expected else None

    with concurrent.futures.ThreadPoolExecutor(CUT_WORKERS) as pool:
        problems = [problem for problem in pool.map(one, range(len(scripts))) if problem]
    return len(scripts), problems


def outcome(case, answer):
    read = accumulators.read(case.dialect(), sse_events(answer.body))
    return {"status": answer.status, "whole": answer.whole, **read.summary}


# --- all of them ---

def run_group(config, cases, stubs):
    """Cases of one configuration, with one gatewayd."""
    settings = {"mode": "observe", **config}
    token = settings.pop("gateway_token", TOKEN)
    if any("repeat" in case.expect for case in cases):
        settings["rate_limit"] = {"requests_per_second": 100, "burst": 200}
    failed = 0
    with ProxyGateway(stubs.upstreams(), token=token, **settings) as gateway:
        for case in cases:
            started = time.monotonic()
            if case.mock() is stubs.mocks.get("at-ollama-port", 0) and "at-ollama-port" not in stubs.mocks:
                print(f"skip {case.id}: port {OLLAMA_PORT} is in use", flush=True)
                continue
            try:
                problems, count = run_case(case, gateway), 0
                if not problems and case.is_stream() and not case.expect.get("first_chunk_before_upstream_end"):
                    case.mock().reset()
                    case.mock().script(case.script())
                    count, problems = run_cuts(case, gateway, case.ask(gateway))
            except Exception as error:  # noqa: BLE001: a case that breaks the test is a failed case
                problems, count = [f"{type(error).__name__}: {error}"], 0
            note = f", {count} cuts and forms" if count else ""
            note += f", differs on purpose: {DEVIATIONS[case.id][1]}" if case.id in DEVIATIONS else ""
            print(f"{'FAIL' if problems else 'ok  '} {case.level:9} {case.id}{note} ({time.monotonic() - started:.2f} s)", flush=True)
            for problem in problems[:3]:
                print(f"       {problem[:600]}")
            if len(problems) > 3:
                print(f"       and {len(problems) - 3} more")
            failed += bool(problems)
            if gateway.child.poll() is not None:
                print("FAIL gatewayd has ended:\n" + gateway.output[-6000:])
                return failed + 1
    report = [line for line in gateway.lines if "runtime error" in line or "Sanitizer" in line]
    if report:
        print("FAIL gatewayd reports:\n" + "\n".join(report))
    return failed + bool(report)


def main():
    chosen = read_paths(gatewayd="", mock="")
    if not spec_file().exists():
        print(f"skipped: there is no {spec_file()}")
        sys.exit(SKIPPED)
    stubs = Stubs()
    try:
        cases = [Case(line, stubs) for line in spec_file().read_text().splitlines() if line]
        if chosen:
            cases = [case for case in cases if case.id in chosen]
        for name in sorted(set().union(*(case.names() for case in cases))):
            stubs.add(name)
        try:
            with socket.socket() as free:
                free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                free.bind(("127.0.0.1", OLLAMA_PORT))
            stubs.add("at-ollama-port", "--port", str(OLLAMA_PORT))
        except OSError:
            pass
        groups = {}
        for case in cases:
            key = json.dumps([case.config, "repeat" in case.expect], sort_keys=True)
            groups.setdefault(key, []).append(case)
        failed = sum(run_group(json.loads(key)[0], group, stubs) for key, group in groups.items())
    finally:
        stubs.stop()
    print(f"{len(cases)} cases, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
