"""What the tests of the guardrail proxy share: gatewayd with the proxy on, an exchange over a plain socket, streams."""

import base64
import hashlib
import json
import os
import pathlib
import socket
import tempfile

from common import PATIENCE_S, TOKEN, aws_events
from processes import Gateway, eventually

DEVICE_KEY = b"device-key-of-the-interop-tests"
MASTER_KEY = "sk-dc-" + hashlib.pbkdf2_hmac("sha256", DEVICE_KEY, b"defenseclaw-proxy-master-key", 100_000, 32).hex()


class ProxyGateway(Gateway):
    """gatewayd whose guardrail proxy may reach `upstreams`: {"127.0.0.1:8080": provider name}."""

    def __init__(self, upstreams, *, token=TOKEN, providers=None, **guardrail):
        self.keys = tempfile.TemporaryDirectory(prefix="gateway-keys-")
        key_file = pathlib.Path(self.keys.name) / "device.key"
        key_file.write_bytes(DEVICE_KEY)
        section = {
            "enabled": True, "port": 0, "device_key_file": str(key_file),
            "test_upstreams": [{"address": address, "provider": name} for address, name in upstreams.items()],
            "rate_limit": {"requests_per_second": 0}, "events": {"file": True}, **guardrail,
        }
        auth = {"mode": "token", "token": token} if token else {"mode": "none"}
        config = {"gateway": {"bind": "loopback", "auth": auth}, "guardrail": section,
                  "agents": {"list": [{"id": "main"}]}, **(providers or {})}
        env = {name: "" for name in os.environ if name.startswith("DEFENSECLAW_")}
        super().__init__(config, env=env)
        try:
            line = self.wait_for("the guardrail proxy listens on")
        except AssertionError:
            self.stop()
            raise
        self.proxy_url = line.split("listens on", 1)[1].split()[0]
        self.proxy_port = int(self.proxy_url.rsplit(":", 1)[1])

    def stop(self):
        try:
            return super().stop()
        finally:
            self.keys.cleanup()

    def records(self):
        """All event records so far, in order."""
        out = []
        for file in sorted(pathlib.Path(self.state.name).glob("events/*.jsonl")):
            whole, _, _ = file.read_bytes().rpartition(b"\n")
            out += [json.loads(line) for line in whole.splitlines() if line]
        return out

    def egress_records(self):
        return [{**one.get("egress", {}), "severity": one["severity"]}
                for one in self.records() if one["event_type"] == "egress"]


def closed_port():
    """A port of 127.0.0.1 that refuses connections as long as the returned socket, which only holds it, is open."""
    holder = socket.socket()
    holder.bind(("127.0.0.1", 0))
    return holder, holder.getsockname()[1]


class Exchange:
    """One answer: status, fields, body without its transfer coding, and whether it came to its proper end."""

    def __init__(self, raw):
        head, separator, rest = raw.partition(b"\r\n\r\n")
        self.raw = raw
        self.status, self.headers, self.whole = 0, {}, False
        if not separator:
            self.body = b""
            return
        first, *fields = head.decode("latin-1").split("\r\n")
        self.status = int(first.split()[1])
        for field in fields:
            name, _, value = field.partition(":")
            self.headers[name.lower()] = value.strip()
        self.body = rest
        if "chunked" in self.headers.get("transfer-encoding", ""):
            self.body, self.whole = dechunk(rest)
        elif "content-length" in self.headers:
            self.whole = len(rest) == int(self.headers["content-length"])
        else:
            self.whole = True

    @property
    def content_type(self):
        return self.headers.get("content-type", "").split(";")[0].strip().lower()

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def events(self):
        """[(event name or "", data)] of the stream, in whatever framing it came; data is text."""
        if self.content_type == "application/vnd.amazon.eventstream":
            return [(name, payload.decode()) for name, payload in aws_events(self.body)]
        if self.content_type == "application/x-ndjson":
            return [("", line) for line in self.body.decode().splitlines() if line]
        if self.content_type == "application/json":  # Gemini, asked without alt=sse
            value = json.loads(self.body)
            return [("", json.dumps(one)) for one in (value if isinstance(value, list) else [value])]
        return sse_events(self.body)


def dechunk(data):
    body, at = bytearray(), 0
    while True:
        end = data.find(b"\r\n", at)
        if end < 0:
            return bytes(body), False
        size = int(data[at:end].split(b";")[0], 16)
        if size == 0:
            return bytes(body), data.endswith(b"\r\n\r\n")
        if len(data) < end + 2 + size + 2:
            return bytes(body + data[end + 2:end + 2 + size]), False
        body += data[end + 2:end + 2 + size]
        at = end + 2 + size + 2


def sse_events(data):
    """HTML Living Standard 9.2.6, for a stream that has ended. What has no blank line behind it is not an event."""
    text = data.decode("utf-8").removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    events, name, lines = [], "", []
    for line in text.split("\n")[:-1]:
        if line == "":
            if lines:
                events.append((name, "\n".join(lines)))
            name, lines = "", []
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            lines.append(value)
    return events


def request_head(method, path, headers, body):
    """The bytes of a request; nothing in path or values is changed, so the test decides what is legal."""
    lines = [f"{method} {path} HTTP/1.1", "Host: proxy.test", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


def exchange(port, method, path, headers, body=None, timeout=PATIENCE_S):
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
        try:
            connection.sendall(request_head(method, path, headers, body))
        except (BrokenPipeError, ConnectionResetError):
            pass  # it answered before it had read everything
        return Exchange(read_to_end(connection))


def read_to_end(connection):
    received = bytearray()
    try:
        while data := connection.recv(65536):
            received += data
    except ConnectionResetError:
        pass
    return bytes(received)


def scripted(body, content_type, **more):
    """A mock's script that sends exactly these bytes."""
    headers = {"Content-Type": content_type, **more.pop("headers", {})}
    return {"raw_base64": base64.b64encode(body).decode(), "headers": headers, **more}


def wait_for_record(gateway, before, wanted):
    """The first egress record behind `before` that has what is `wanted`; else a sentence about those that came."""

    def fits(record):
        return all(str(record.get(key, "")) == str(value) for key, value in wanted.items())

    try:
        return eventually(lambda: next((one for one in gateway.egress_records()[before:] if fits(one)), None), timeout=3)
    except AssertionError:
        return f"no egress record has {wanted}; there are {gateway.egress_records()[before:]}"
