#!/usr/bin/env python3
"""The control pages of both published releases, served by gatewayd, in headless Chromium: control_pages_test.mjs."""

import os
import pathlib
import shutil
import unittest

from common import TOKEN
from gateway_ws import Client
from node_packages import run_node
from openclaw_packages import RELEASES, control_pages
from processes import PATHS, Gateway, Mock, chat_config, main, tool

SHOTS = pathlib.Path(os.environ.get("GATEWAY_SCREENSHOTS", "/tmp/gateway-screenshots"))
# What a page cannot do without.
NEEDED = {"2026.3.13": {"chat.send", "chat.history", "sessions.list", "agents.list"},
          "2026.9.6": {"chat.send", "chat.startup", "sessions.list", "sessions.subscribe", "agents.list", "models.list"}}


def chromium():
    for name in ("chromium", "chromium-browser", "google-chrome", "chrome"):
        if shutil.which(name):
            return shutil.which(name)
    raise unittest.SkipTest("chromium is not installed")


class ControlPagesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        tool("node")
        tool("npm")
        chromium()
        cls.mock = Mock()
        cls.addClassCleanup(cls.mock.stop)

    def listed_methods(self, gateway):
        client = Client(gateway.port)
        answer = client.connect({"minProtocol": 3, "maxProtocol": 4, "role": "operator", "scopes": [], "auth": {"token": TOKEN},
                                 "client": {"id": "gateway-client", "version": "1", "platform": "linux", "mode": "backend"}})
        client.close()
        return set(answer["payload"]["features"]["methods"])

    def against(self, release):
        pages = control_pages(release)
        config = chat_config(self.mock, gateway={"controlUi": {"root": str(pages)}})
        with Gateway(config) as gateway:
            missing = NEEDED[release] - self.listed_methods(gateway)
            environment = {**os.environ, "GATEWAY": gateway.url, "TOKEN": TOKEN, "RELEASE": release, "CHROMIUM": chromium(),
                           "SHOTS": str(SHOTS), "CHAT": "" if missing else "yes", "HOME": gateway.state.name}
            run_node("control_pages_test.mjs", PATHS["node"], environment, timeout=240, packages_of="node_clients")
            if missing:
                self.skipTest(f"the page was served; it cannot chat without {', '.join(sorted(missing))}")


def add_tests():
    for release in RELEASES:
        def test(self, release=release):
            self.against(release)
        setattr(ControlPagesTest, f"test_{release.replace('.', '_')}", test)


add_tests()

if __name__ == "__main__":
    main(gatewayd="", mock="", node="")
