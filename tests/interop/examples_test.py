#!/usr/bin/env python3
"""The examples do what they say: a conversation without sockets, and a stream over plain poll()."""

import json
import os
import socket
import subprocess
import tempfile
import threading
import unittest
import urllib.request

import common  # makes tests/support importable
from processes import PATHS, main


class ExamplesTest(unittest.TestCase):
    def test_no_socket(self):
        runs = [subprocess.run([PATHS["no_socket"]], check=True, capture_output=True, timeout=30).stdout for _ in range(2)]
        self.assertTrue(runs[0].startswith(b"HTTP/1.1 200 OK\r\n"))
        self.assertIn(b"data: [DONE]\n\n", runs[0])
        # Only the ids of the request and of the answer are random.
        same = [[line for line in run.split(b"\r\n") if b"chatcmpl_" not in line and b"X-Request-Id" not in line] for run in runs]
        self.assertEqual(same[0], same[1])

    def test_poll_server(self):
        with subprocess.Popen([PATHS["poll_server"], "0"], stdout=subprocess.PIPE, text=True) as server:
            try:
                url = server.stdout.readline().split()[-1]
                body = json.dumps({"stream": True, "messages": [{"role": "user", "content": "one two"}]}).encode()
                with urllib.request.urlopen(urllib.request.Request(url + "/v1/chat/completions", body), timeout=20) as answer:
                    text = answer.read().decode()
                self.assertIn('" one"', text)
                self.assertTrue(text.endswith("data: [DONE]\n\n"))
            finally:
                server.kill()


    def test_hello(self):
        out = subprocess.run([PATHS["hello"]], check=True, capture_output=True, timeout=60).stdout
        self.assertTrue(out.startswith(b"HTTP/1.1 200 OK\r\n"))
        self.assertIn(b"data: [DONE]\n\n", out)

    def test_host_auth(self):
        out = subprocess.run([PATHS["host_auth"]], check=True, capture_output=True, timeout=60).stdout
        known, unknown, rest = out.split(b"\n---\n")
        self.assertTrue(known.startswith(b"HTTP/1.1 200 OK\r\n") and known.endswith(b"\r\n\r\nhello, ann\n"), known)
        self.assertTrue(unknown.startswith(b"HTTP/1.1 401 Unauthorized\r\n"), unknown)
        self.assertEqual(rest, b"")

    def test_record_replay(self):
        with tempfile.TemporaryDirectory() as folder:
            record = os.path.join(folder, "record")
            runs = [subprocess.run([PATHS["record_replay"], mode, record], check=True, capture_output=True, timeout=60).stdout
                    for mode in ("record", "replay", "replay")]
        for sign in (b"data: [DONE]", b"401 Unauthorized", b"400 Bad Request", b"[0] closed", b"[1] closed"):
            self.assertIn(sign, runs[0])
        self.assertEqual(runs[0], runs[1])
        self.assertEqual(runs[0], runs[2])

    def test_inspect_stdin(self):
        key = b"AKIA" + b"IA2Q7MZK4TPLW9XRBC"
        text = b"the key " + key + b" and so on\n"
        cases = (
            ((), b"Hello, world.\n", 0, b"Hello, world.\n", b""),
            (("completion", "redact"), text, 0, b" and so on\n", b"8-30 SEC-AWS-KEY"),
            ((), text, 3, b"the key ", b"SEC-AWS-KEY"),
            (("tool",), b'{"command":"rm -rf / --no-preserve-root"}', 3, b'{"command":"', b"CMD-RM-RF"),
        )
        for arguments, given, code, sign, found in cases:
            with self.subTest(arguments=arguments, given=given):
                run = subprocess.run([PATHS["inspect_stdin"], *arguments], input=given, capture_output=True, timeout=60)
                self.assertEqual(run.returncode, code)
                self.assertIn(sign, run.stdout)
                self.assertNotIn(key, run.stdout)
                self.assertIn(found, run.stderr)

    def test_sse_relay(self):
        """Comments and unknown fields stay behind, a silence is filled, and events are whole however they came."""
        heartbeat, asked = threading.Event(), []

        def serve():
            conn, _ = source.accept()
            with conn:
                asked.append(conn.recv(65536))
                conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: hi\n\ndata: a\nfoo: 1\n\nevent: x\nid: 7\nda")
                heartbeat.wait(30)
                conn.sendall(b"ta: b\r\n\r\ndata: cut off")

        with socket.create_server(("127.0.0.1", 0)) as source:
            threading.Thread(target=serve, daemon=True).start()
            with subprocess.Popen([PATHS["sse_relay"], "0", str(source.getsockname()[1])], stdout=subprocess.PIPE, text=True) as relay:
                try:
                    url = relay.stdout.readline().split()[-1]
                    with urllib.request.urlopen(url + "/events?x=1", timeout=60) as answer:
                        self.assertEqual(answer.headers["Content-Type"], "text/event-stream")
                        got = b""
                        while b": still here\n\n" not in got:
                            got += answer.read1(65536)
                        heartbeat.set()
                        got += answer.read()
                finally:
                    relay.kill()
        self.assertTrue(asked[0].startswith(b"GET /events?x=1 HTTP/1.1\r\n"))
        self.assertEqual(got.replace(b": still here\n\n", b""), b"data: a\n\nevent: x\nid: 7\ndata: b\n\n")


if __name__ == "__main__":
    main(hello=None, host_auth=None, inspect_stdin=None, no_socket=None, poll_server=None, record_replay=None, sse_relay=None)
