"""What the interop tests share: curl, raw sockets, and questions to ask."""

import json
import pathlib
import re
import socket
import struct
import subprocess
import sys
import time
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

from processes import PATIENCE_S, TOKEN, tool  # noqa: E402

CHAT = "/v1/chat/completions"


def question(text="one two three", *, stream=False, model="openclaw", **more):
    return {"model": model, "messages": [{"role": "user", "content": text}], **({"stream": True} if stream else {}), **more}


class Answer:
    """The last response of a curl run."""

    def __init__(self, raw, code):
        self.curl_code = code
        self.status, self.headers, self.body, self.interim = 0, {}, raw, []
        while self.body.startswith(b"HTTP/"):
            head, _, self.body = self.body.partition(b"\r\n\r\n")
            first, *fields = head.decode("latin-1").split("\r\n")
            if self.status:
                self.interim.append(self.status)
            self.status = int(first.split()[1])
            self.headers = {}
            for field in fields:
                name, _, value = field.partition(":")
                self.headers[name.lower()] = value.strip()

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def events(self):
        return [line[5:].strip() for line in self.text.splitlines() if line.startswith("data:")]

    @property
    def content(self):
        """The text of the answer, from a stream or a whole."""
        if self.headers.get("content-type", "").startswith("text/event-stream"):
            chunks = [json.loads(data) for data in self.events if data != "[DONE]"]
            return "".join(choice["delta"].get("content") or "" for chunk in chunks for choice in chunk.get("choices", ()))
        return self.json["choices"][0]["message"]["content"]


def curl(url, *arguments, body=None, token=TOKEN, timeout=PATIENCE_S):
    command = [tool("curl"), "-q", "-sS", "-i", "--max-time", str(timeout), *arguments]
    if not any(argument.startswith("Expect:") for argument in arguments):
        command += ["-H", "Expect:"]  # large bodies would get one
    if token:
        command += ["-H", f"Authorization: Bearer {token}"]
    data = None
    if body is not None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        command += ["-H", "Content-Type: application/json", "--data-binary", "@-"]
    done = subprocess.run([*command, url], input=data, stdin=None if data is not None else subprocess.DEVNULL,
                          capture_output=True, timeout=timeout + 5)
    return Answer(done.stdout, done.returncode)


def ask(gateway, *arguments, model=None, **more):
    """A chat request; `model` goes into x-openclaw-model and so chooses how the mock behaves: "mock/test-model+cut=3"."""
    if model:
        arguments = ("-H", f"x-openclaw-model: {model}", *arguments)
    token = more.pop("token", TOKEN)
    return curl(gateway.url + CHAT, *arguments, body=question(**more), token=token)


def request_bytes(method="GET", target="/healthz", fields=(), body=b""):
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", *fields]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def chat_bytes(body, fields=(), token=TOKEN):
    text = json.dumps(body).encode()
    return request_bytes("POST", CHAT, [f"Authorization: Bearer {token}", "Content-Type: application/json", *fields], text)


def statuses(received):
    """The status codes of all responses in `received`, in order."""
    return [int(code) for code in re.findall(rb"HTTP/1\.[01] (\d{3}) [A-Z]", received)]


class Raw:
    """A plain socket, for what no client library would send."""

    def __init__(self, port, data=b"", timeout=PATIENCE_S):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.received = bytearray()  # += on bytes would copy all of it each time
        if data:
            self.socket.sendall(data)

    def send(self, data):
        self.socket.sendall(data)

    def read_some(self):
        data = self.socket.recv(65536)
        self.received += data
        return data

    def read_until(self, text):
        while text not in self.received:
            if not self.read_some():
                raise AssertionError(f"the connection ended before {text!r}: {self.received!r}")
        return self.received

    def read_to_end(self):
        """Everything up to the peer's close; a reset counts as one."""
        try:
            while self.read_some():
                pass
        except ConnectionResetError:
            pass
        return self.received

    def reset_on_close(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def aws_events(data):
    """[(event type, payload)] of an AWS event stream, whose lengths and checksums must be right."""
    events = []
    while data:
        assert len(data) >= 16, f"{len(data)} bytes behind the last event"
        total, header_bytes, prelude_checksum = struct.unpack(">III", data[:12])
        assert zlib.crc32(data[:8]) == prelude_checksum, "checksum of the lengths"
        assert len(data) >= total, "the last event is cut"
        assert zlib.crc32(data[:total - 4]) == struct.unpack(">I", data[total - 4:total])[0], "checksum of the event"
        headers, at = {}, 12
        while at < 12 + header_bytes:
            name_end = at + 1 + data[at]
            assert data[name_end] == 7, "a header that is no string"
            value_end = name_end + 3 + struct.unpack(">H", data[name_end + 1:name_end + 3])[0]
            headers[data[at + 1:name_end].decode()] = data[name_end + 3:value_end].decode()
            at = value_end
        events.append((headers.get(":event-type") or headers.get(":exception-type"), data[12 + header_bytes:total - 4]))
        data = data[total:]
    return events


def seconds_since(start):
    return time.monotonic() - start
