#!/usr/bin/env python3
"""The real command line of both releases against gatewayd. Commands whose methods hello-ok does not list are named."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from common import TOKEN
from gateway_ws import Client, Device
from openclaw_packages import RELEASES, command_line
from processes import Gateway, Mock, chat_config, main, tool

# The programs need 8 s of processor time to load, and minutes on a busy machine; the gateway's part is 0.1 s. Their own
# limits, most of them 10 s from the first byte on, count time in which they are not run, too: so they are told more.
COMMAND_S = 600
LIMIT = ["--timeout", "120000"]
# What to say, the methods it takes, and what the answer must look like.
DIRECT = [
    (["gateway", "call", "health", "--json"], ["health"], lambda out: json_of(out)["ok"] is True),
    (["gateway", "call", "status", "--json"], ["status"], lambda out: isinstance(json_of(out), dict)),
    (["gateway", "call", "sessions.list", "--params", '{"limit":5}', "--json"], ["sessions.list"],
     lambda out: isinstance(json_of(out)["sessions"], list)),
    (["gateway", "health", "--json"], ["health"], lambda out: json_of(out)["ok"] is True),
    (["nodes", "status", "--json"], ["node.list"], lambda out: isinstance(json_of(out)["nodes"], list)),
    (["nodes", "list", "--json"], ["node.pair.list", "node.list"], lambda out: isinstance(json_of(out), dict)),
    (["devices", "list", "--json"], ["device.pair.list"], lambda out: isinstance(json_of(out)["paired"], list)),
    (["approvals", "get", "--gateway", "--json"], ["exec.approvals.get"], lambda out: isinstance(json_of(out), dict)),
    (["system", "presence", "--json"], ["system-presence"], lambda out: isinstance(json_of(out), list)),
]
# The same with a configuration that names the gateway as remote.
REMOTE = [
    (["health", "--json", *LIMIT], ["health"], lambda out: json_of(out)["ok"] is True),
    (["status", "--json", *LIMIT], ["status", "health"], lambda out: isinstance(json_of(out), dict)),
    (["agent", "--agent", "main", "-m", "one two three", "--json"], ["agent", "agent.wait"],
     lambda out: "alpha beta" in json.dumps(json_of(out))),
]


def json_of(text):
    """The JSON in what a command printed, which may have lines for people in front."""
    for match in re.finditer(r"^[\[{]", text, re.MULTILINE):
        try:
            return json.JSONDecoder().raw_decode(text[match.start():])[0]
        except ValueError:
            continue
    raise AssertionError(f"no JSON in:\n{text[:2000]}")


class CommandLineTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        tool("npm")
        cls.mock = Mock()
        cls.addClassCleanup(cls.mock.stop)

    def run_command(self, command, arguments, state, more=()):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("OPENCLAW_")}
        environment.update({"OPENCLAW_STATE_DIR": str(state), "HOME": str(state), "NO_COLOR": "1"})
        return subprocess.run([*map(str, command), *arguments, *more], env=environment, cwd=state, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=COMMAND_S)

    def listed_methods(self, gateway):
        client = Client(gateway.port)
        params = {"minProtocol": 3, "maxProtocol": 4, "role": "operator", "scopes": ["operator.read"], "auth": {"token": TOKEN},
                  "client": {"id": "gateway-client", "version": "1", "platform": "linux", "mode": "backend"}}
        answer = client.connect(params, Device())
        client.close()
        return set(answer["payload"]["features"]["methods"])

    def check(self, command, arguments, fits, state, more):
        done = self.run_command(command, arguments, state, more)
        what = f"{' '.join(arguments)}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        self.assertEqual(done.returncode, 0, what)
        self.assertTrue(fits(done.stdout), what)

    def against(self, release):
        command = command_line(release)
        with Gateway(chat_config(self.mock)) as gateway, tempfile.TemporaryDirectory() as folder:
            state = pathlib.Path(folder)
            url = gateway.url.replace("http", "ws")
            listed = self.listed_methods(gateway)
            flags = ["--url", url, "--token", TOKEN, *LIMIT]
            left_out = []
            for arguments, methods, fits in DIRECT:
                if set(methods) - listed:
                    left_out.append(" ".join(arguments))
                    continue
                with self.subTest(command=" ".join(arguments)):
                    self.check(command, arguments, fits, state, flags)
            with self.subTest(command="an unknown method"):
                done = self.run_command(command, ["gateway", "call", "nope", "--json"], state, flags)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn("unknown method: nope", done.stdout + done.stderr)
            with self.subTest(command="a wrong token"):
                done = self.run_command(command, ["gateway", "call", "health", "--json"], state, ["--url", url, "--token", "wrong", *LIMIT])
                self.assertNotEqual(done.returncode, 0)
                self.assertRegex(done.stdout + done.stderr, "(?i)unauthorized|token mismatch")
            (state / "openclaw.json").write_text(json.dumps(
                {"gateway": {"mode": "remote", "remote": {"url": url, "token": TOKEN}}}))
            for arguments, methods, fits in REMOTE:
                if set(methods) - listed:
                    left_out.append(" ".join(arguments))
                    continue
                with self.subTest(command=" ".join(arguments)):
                    self.check(command, arguments, fits, state, [])
            if left_out:
                print(f"{release}: left out, their methods are not in hello-ok: {'; '.join(left_out)}", flush=True)


def add_tests():
    for release in RELEASES:
        def test(self, release=release):
            self.against(release)
        setattr(CommandLineTest, f"test_{release.replace('.', '_')}", test)


add_tests()

if __name__ == "__main__":
    main(gatewayd="", mock="")
