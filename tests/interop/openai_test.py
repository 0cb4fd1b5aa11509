#!/usr/bin/env python3
"""The official OpenAI SDK against gatewayd, over HTTP and over TLS: openai_test.mjs says what is asked."""

import os
import tempfile
import unittest

from common import TOKEN
from node_packages import run_node
from processes import PATHS, Gateway, Mock, chat_config, main, make_certificates, tool


class OpenAiSdkTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        tool("node")
        tool("npm")
        cls.mock = Mock()
        cls.addClassCleanup(cls.mock.stop)

    def run_against(self, gateway, **more):
        environment = {**os.environ, "BASE_URL": f"{gateway.url}/v1", "TOKEN": TOKEN, **more,
                       "MOCK_STATS": f"http://127.0.0.1:{self.mock.port}/stats"}
        run_node("openai_test.mjs", PATHS["node"], environment)

    def test_over_http(self):
        with Gateway(chat_config(self.mock)) as gateway:
            self.run_against(gateway)

    def test_over_tls(self):
        with tempfile.TemporaryDirectory(prefix="gateway-certs-") as folder:
            certificates = make_certificates(folder)
            tls = {"enabled": True, "certPath": str(certificates / "server.crt"), "keyPath": str(certificates / "server.key")}
            with Gateway(chat_config(self.mock, gateway={"tls": tls})) as gateway:
                self.run_against(gateway, NODE_EXTRA_CA_CERTS=str(certificates / "ca.crt"))


if __name__ == "__main__":
    main(gatewayd="", mock="", node="")
