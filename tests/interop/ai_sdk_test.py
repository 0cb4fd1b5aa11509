#!/usr/bin/env python3
"""The Vercel AI SDK against gatewayd, as chat completions and as responses: ai_sdk_test.mjs says what is asked."""

import os
import unittest

from common import TOKEN
from node_packages import run_node
from processes import PATHS, Gateway, Mock, chat_config, main, tool


class AiSdkTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        tool("node")
        tool("npm")
        cls.mock = Mock()
        cls.addClassCleanup(cls.mock.stop)

    def test_over_http(self):
        with Gateway(self.config(self.mock)) as gateway, Gateway(self.config()) as builtin:
            run_node("ai_sdk_test.mjs", PATHS["node"], {
                **os.environ, "TOKEN": TOKEN, "BASE_URL": f"{gateway.url}/v1", "BUILTIN_URL": f"{builtin.url}/v1",
                "MOCK_URL": f"http://127.0.0.1:{self.mock.port}"}, timeout=150, packages_of="node_ai")

    @staticmethod
    def config(mock=None):
        config = chat_config(mock)
        config["gateway"]["http"]["endpoints"]["responses"] = {"enabled": True}
        return config


if __name__ == "__main__":
    main(gatewayd="", mock="", node="")
