#!/usr/bin/env python3
"""gatewayd as a program: how it starts, what it refuses, how it ends."""

import os
import pathlib
import re
import resource
import signal
import socket
import tempfile
import time
import unittest

from common import CHAT, Raw, ask, chat_bytes, curl, question, request_bytes
from processes import PATHS, Gateway, Mock, Process, chat_config, eventually, main, tool


def run(*arguments, config=None, text=None, env=None):
    """Runs gatewayd to its end; its exit code and all that it printed."""
    with Gateway(config, *arguments, text=text, env=env, wait=False) as gateway:
        return gateway.wait(), gateway.output


class CommandLineTest(unittest.TestCase):
    def test_version_and_help(self):
        code, output = run("--version")
        self.assertEqual(code, 0)
        self.assertRegex(output, r"^gatewayd \d+\.\d+\.\d+")
        code, output = run("--help")
        self.assertEqual(code, 0)
        for word in ("--config", "--port", "--host", "--check", "--version", "--help"):
            self.assertIn(word, output)

    def test_arguments_that_are_wrong(self):
        for arguments in (["--no-such"], ["--port", "x"], ["--port", "70000"], ["--port", "-1"], ["extra"], ["--config"]):
            code, output = run(*arguments)
            self.assertEqual(code, 2, arguments)
            self.assertTrue(output)

    def test_check_accepts(self):
        for config in ({}, chat_config(), chat_config(token=None)):
            code, output = run("--check", config=config)
            self.assertEqual(code, 0, output)
        code, output = run("--check", text="// JSON5\n{gateway: {port: 0x4000, auth: {mode: 'token', token: 'abcdefgh',},},}")
        self.assertEqual(code, 0, output)

    def test_check_refuses_and_says_what_and_where(self):
        cases = [
            ("{gateway:", ["1:"]),
            ("{\n  gateway: {\n    port: 'x'\n  }\n}", ["gateway.port", "3"]),
            ("{gateway: {prot: 1}}", ["gateway.prot", "port"]),
            ("{gateway: {auth: {mode: 'nothing'}}}", ["gateway.auth.mode"]),
            ("{gateway: {bind: 'everywhere'}}", ["gateway.bind"]),
            ("{gateway: {http: {endpoints: {chatCompletions: {enabled: 'yes'}}}}}", ["gateway.http.endpoints.chatCompletions.enabled"]),
            ("[]", []),
        ]
        for text, words in cases:
            code, output = run("--check", text=text)
            self.assertEqual(code, 1, text)
            self.assertTrue(output, text)
            for word in words:
                self.assertIn(word, output, text)

    def test_a_missing_file(self):
        code, output = run("--check", "--config", "/no/such/file.json")
        self.assertEqual(code, 1)
        self.assertIn("/no/such/file.json", output)

    def test_secrets_are_not_printed(self):
        secret = "sk-very-secret-value"
        code, output = run("--check", text="{gateway: {auth: {mode: 'token', token: '%s', tokn: 1}}}" % secret)
        self.assertEqual(code, 1)
        self.assertNotIn(secret, output)

    def test_a_public_address_needs_authentication(self):
        for arguments, gateway in ((("--host", "0.0.0.0", "--port", "0"), {}), (("--port", "0"), {"bind": "lan"})):
            code, output = run(*arguments, config=chat_config(token=None, gateway=gateway))
            self.assertEqual(code, 1, output)
            self.assertIn("auth", output)

    def test_a_public_address_with_authentication(self):
        with Gateway(chat_config(), "--host", "0.0.0.0", "--port", "0") as gateway:
            with Raw(gateway.port, request_bytes(fields=["Connection: close"])) as raw:
                self.assertIn(b" 200 ", raw.read_to_end())

    def test_a_port_that_is_taken(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            code, output = run("--port", str(port), config=chat_config())
        self.assertEqual(code, 1, output)
        self.assertIn(str(port), output)

    def test_certificates_that_are_missing(self):
        tls = {"tls": {"enabled": True, "certPath": "/no/such.crt", "keyPath": "/no/such.key"}}
        code, output = run("--port", "0", config=chat_config(gateway=tls))
        self.assertEqual(code, 1, output)
        self.assertIn("/no/such", output)


class StateTest(unittest.TestCase):
    def start(self, state, **more):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("OPENCLAW_")}
        return Process([PATHS["gatewayd"], "--port", "0"], env={**environment, "OPENCLAW_STATE_DIR": state, "HOME": state, **more})

    def test_a_bare_start_makes_one_token_and_keeps_it(self):
        tool("curl")
        with tempfile.TemporaryDirectory() as state:
            tokens = []
            for _ in range(2):
                with self.start(state) as gateway:
                    url = gateway.wait_until_listening()
                    found = eventually(lambda: re.search(r"token[^\n]*?([A-Za-z0-9_-]{20,})", gateway.output))
                    tokens.append(found.group(1))
                    # The endpoint is off, so a right token leads to 404 and a wrong one never further.
                    self.assertEqual(curl(url + "/healthz", token=None).status, 200)
                    self.assertEqual(curl(url + CHAT, body=question(), token=tokens[-1]).status, 404)
            self.assertEqual(*tokens)
            for path in pathlib.Path(state).rglob("*"):
                if path.is_file() and tokens[0] in path.read_text(errors="replace"):
                    self.assertEqual(path.stat().st_mode & 0o077, 0, path)

    def test_the_file_in_the_state_directory(self):
        with tempfile.TemporaryDirectory() as state:
            pathlib.Path(state, "openclaw.json").write_text("{gateway: {auth: {mode: 'none'}, http: {endpoints: {chatCompletions: {enabled: true}}}}}")
            with self.start(state) as gateway:
                url = gateway.wait_until_listening()
                self.assertEqual(curl(url + CHAT, body=question(), token=None).status, 200)
            other = pathlib.Path(state, "other.json")
            other.write_text("{gateway: {auth: {mode: 'none'}}}")
            with self.start(state, OPENCLAW_CONFIG_PATH=str(other)) as gateway:
                url = gateway.wait_until_listening()
                self.assertEqual(curl(url + CHAT, body=question(), token=None).status, 404)


class EndTest(unittest.TestCase):
    def test_an_idle_gateway_ends_at_once(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with Gateway(chat_config()) as gateway:
                gateway.signal(number)
                self.assertEqual(gateway.wait(5), 0)

    def test_kept_connections_do_not_hold_it(self):
        with Gateway(chat_config()) as gateway, Raw(gateway.port, request_bytes()) as raw:
            raw.read_until(b'"ok":true')
            gateway.signal(signal.SIGTERM)
            self.assertEqual(gateway.wait(5), 0)
            raw.read_to_end()

    def test_a_running_stream_is_finished(self):
        with Mock("--options", "gap=40ms") as mock, Gateway(chat_config(mock)) as gateway:
            with Raw(gateway.port, chat_bytes(question(stream=True))) as raw:
                raw.read_until(b"data:")
                gateway.signal(signal.SIGTERM)
                time.sleep(0.2)
                with self.assertRaises(OSError):
                    socket.create_connection(("127.0.0.1", gateway.port), 1).close()
                self.assertIn(b"[DONE]", raw.read_to_end())
            self.assertEqual(gateway.wait(5), 0)

    def test_a_second_signal_does_not_wait(self):
        with Mock("--options", "stall=2") as mock, Gateway(chat_config(mock)) as gateway:
            with Raw(gateway.port, chat_bytes(question(stream=True))) as raw:
                raw.read_until(b"data:")
                gateway.signal(signal.SIGTERM)
                time.sleep(0.3)
                self.assertIsNone(gateway.child.poll())
                start = time.monotonic()
                gateway.signal(signal.SIGTERM)
                gateway.wait(5)
                self.assertLess(time.monotonic() - start, 2)
                raw.read_to_end()


class ShortageTest(unittest.TestCase):
    def test_no_file_descriptors_left(self):
        """It goes on answering those it has, and takes new ones when there is room again."""
        few = 48
        with Mock() as mock, Gateway(chat_config(mock)) as gateway:
            # Connections of every kind come and go before the limit: UBSan opens a pipe to look at a kind of object that
            # it meets for the first time, and takes the failure for a bad object.
            for stream in (False, True):
                self.assertEqual(ask(gateway, stream=stream).status, 200)
            for raw in [Raw(gateway.port) for _ in range(3)]:
                raw.close()
            resource.prlimit(gateway.pid, resource.RLIMIT_NOFILE, (few, few))
            first = Raw(gateway.port, request_bytes())
            first.read_until(b'"ok":true')
            crowd = [Raw(gateway.port) for _ in range(few * 2)]
            time.sleep(0.3)
            first.received.clear()
            first.send(request_bytes())
            first.read_until(b'"ok":true')
            used_s = self.cpu_s(gateway.pid)
            time.sleep(1)
            # Waiting for a descriptor is not a busy loop.
            self.assertLess(self.cpu_s(gateway.pid) - used_s, 0.5)
            for raw in crowd:
                raw.close()
            eventually(lambda: ask(gateway).status == 200)
            first.close()

    @staticmethod
    def cpu_s(pid):
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def test_a_reader_that_vanishes(self):
        """Writing to a reset connection is an error code, not a signal."""
        with Mock("--options", "bytes=20000") as mock, Gateway(chat_config(mock)) as gateway:
            for _ in range(10):
                raw = Raw(gateway.port, chat_bytes(question(stream=True)))
                raw.read_until(b"data:")
                raw.reset_on_close()
                raw.close()
            self.assertEqual(ask(gateway).status, 200)

    def test_output_that_nobody_takes(self):
        """A full disk or a closed pipe behind stdout and stderr does not stop it."""
        config = chat_config()
        with Gateway(config) as gateway:
            state = pathlib.Path(gateway.state.name)
            path = state / "full.sh"
            path.write_text('#!/bin/sh\nexec "$1" --config "$2" --port "$3" >/dev/full 2>/dev/full\n')
            with socket.create_server(("127.0.0.1", 0)) as free:
                port = free.getsockname()[1]
            # The same file as the first one: that is meant here.
            environment = {**os.environ, "OPENCLAW_STATE_DIR": str(state / "full"), "OPENCLAW_ALLOW_MULTI_GATEWAY": "1"}
            with Process(["sh", path, PATHS["gatewayd"], state / "test.json5", port], env=environment) as silent:
                eventually(lambda: curl(f"http://127.0.0.1:{port}/healthz").status == 200)
                self.assertEqual(curl(f"http://127.0.0.1:{port}{CHAT}", body=question()).status, 200)
                self.assertEqual(silent.stop(), 0)


if __name__ == "__main__":
    main(gatewayd="", mock="")
