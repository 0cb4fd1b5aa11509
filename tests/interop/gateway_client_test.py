#!/usr/bin/env python3
"""The published gateway client against gatewayd, every frame checked by the published schema: gateway_client_test.mjs."""

import os
import unittest

from common import TOKEN
from node_packages import run_node
from processes import PATHS, Gateway, Mock, chat_config, main, tool

PASSWORD = "interop-password-0123456789"


class GatewayClientTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        tool("node")
        tool("npm")
        cls.mock = Mock()
        cls.addClassCleanup(cls.mock.stop)

    def run_part(self, part, config):
        with Gateway(config) as gateway:
            environment = {**os.environ, "GATEWAY": gateway.url, "TOKEN": TOKEN, "PASSWORD": PASSWORD, "PART": part}
            run_node("gateway_client_test.mjs", PATHS["node"], environment, timeout=120, packages_of="node_clients")

    def test_token(self):
        self.run_part("token", chat_config(self.mock))

    def test_password(self):
        self.run_part("password", chat_config(self.mock, gateway={"auth": {"mode": "password", "password": PASSWORD}}))

    def test_device(self):
        self.run_part("device", chat_config(self.mock))

    def test_chat(self):
        self.run_part("chat", chat_config(self.mock))

    def test_sessions(self):
        self.run_part("sessions", chat_config(self.mock))

    def test_every_listed_method_answers_as_the_schema_says(self):
        self.run_part("schema", chat_config(self.mock))


if __name__ == "__main__":
    main(gatewayd="", mock="", node="")
