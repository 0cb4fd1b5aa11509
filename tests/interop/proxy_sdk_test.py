#!/usr/bin/env python3
"""The SDKs of the providers through the guardrail proxy: proxy_sdk_test.mjs says what is asked."""

import json
import os
import unittest

from common import TOKEN
from node_packages import run_node
from processes import PATHS, Mock, main, tool
from proxy_common import ProxyGateway

PROVIDERS = ("openai", "anthropic", "gemini", "bedrock", "ollama")


class ProxySdkTest(unittest.TestCase):
    def test_every_sdk(self):
        tool("node")
        tool("npm")
        mocks = {}
        for provider in PROVIDERS:
            mocks[provider] = Mock()
            self.addCleanup(mocks[provider].stop)
        upstreams = {f"127.0.0.1:{mock.port}": provider for provider, mock in mocks.items()}
        with ProxyGateway(upstreams, mode="action") as gateway:
            urls = {provider: f"http://127.0.0.1:{mock.port}" for provider, mock in mocks.items()}
            environment = {**os.environ, "PROXY": gateway.proxy_url, "TOKEN": TOKEN, "UPSTREAMS": json.dumps(urls)}
            run_node("proxy_sdk_test.mjs", PATHS["node"], environment, packages_of="node_proxy", timeout=120)


if __name__ == "__main__":
    main(gatewayd="", mock="", node="")
