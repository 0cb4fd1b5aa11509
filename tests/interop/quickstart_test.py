#!/usr/bin/env python3
"""examples/quickstart.sh with a gatewayd that is built already: what it prints, and that it leaves nothing behind."""

import os
import pathlib
import re
import signal
import tempfile
import time
import unittest

import common  # noqa: F401  (finds processes)
from processes import PATHS, Process, eventually, main, tool

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "examples" / "quickstart.sh"


class QuickstartTest(unittest.TestCase):
    def setUp(self):
        tool("curl")
        tool("bash")
        self.folder = tempfile.TemporaryDirectory(prefix="gateway-quickstart-")
        self.addCleanup(self.folder.cleanup)

    def start(self):
        # A token of the user's own must not get into the trial.
        env = {**os.environ, "GATEWAYD": PATHS["gatewayd"], "TMPDIR": self.folder.name, "OPENCLAW_GATEWAY_TOKEN": "of-the-user"}
        return Process(["bash", SCRIPT], env=env)

    def assert_nothing_is_left(self, pid):
        self.assertEqual(list(pathlib.Path(self.folder.name).iterdir()), [])
        eventually(lambda: not pathlib.Path(f"/proc/{pid}").exists())

    def test_an_answer_arrives(self):
        with self.start() as script:
            self.assertEqual(script.wait(), 0, script.output)
            output = script.output
        self.assertIn("agent: You said: Hello gateway, is anybody there?", output)
        self.assertRegex(output, r"curl -N http://127\.0\.0\.1:\d+/v1/chat/completions")
        self.assertRegex(output, r"Authorization: Bearer [A-Za-z0-9_-]{20,}'")
        self.assert_nothing_is_left(int(re.search(r"\(process (\d+)\)", output).group(1)))

    def test_interrupted(self):
        with self.start() as script:
            pid = int(re.search(r"\(process (\d+)\)", script.wait_for("listens on")).group(1))
            time.sleep(0.1)
            script.signal(signal.SIGTERM)
            self.assertNotEqual(script.wait(), 0)
        self.assert_nothing_is_left(pid)


if __name__ == "__main__":
    main(gatewayd="")
