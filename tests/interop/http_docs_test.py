#!/usr/bin/env python3
"""Every shell command in docs/http-api.md does what the page says: it is run against a gatewayd with the built-in agent."""

import os
import pathlib
import re
import subprocess
import unittest

from common import TOKEN
from processes import Gateway, chat_config, main, tool

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "http-api.md"


class HttpDocsTest(unittest.TestCase):
    def test_commands(self):
        bash = tool("bash")
        tool("curl")
        blocks = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        self.assertGreater(len(blocks), 4)
        config = chat_config()
        config["gateway"]["http"]["endpoints"]["responses"] = {"enabled": True}
        with Gateway(config) as gateway:
            for block in blocks:
                with self.subTest(command=block.strip().splitlines()[-1]):
                    script = 'curl() { command curl --fail-with-body --max-time 20 "$@"; }\n' + block.replace("127.0.0.1:18789", f"127.0.0.1:{gateway.port}")
                    done = subprocess.run([bash, "-eu", "-c", script], env={**os.environ, "TOKEN": TOKEN}, stdin=subprocess.DEVNULL,
                                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30)
                    self.assertEqual(done.returncode, 0, done.stdout)
                    self.assertTrue(done.stdout.strip(), "no answer")


if __name__ == "__main__":
    main(gatewayd="")
