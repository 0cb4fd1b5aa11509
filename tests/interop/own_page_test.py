#!/usr/bin/env python3
"""Our own control page, as gatewayd serves it, in headless Chromium: own_page_test.mjs, own_page_doors.mjs."""

import os
import pathlib
import shutil
import socket
import tempfile
import unittest

from common import TOKEN
from node_packages import run_node
from processes import PATHS, Gateway, chat_config, main, make_certificates, tool

SHOTS = pathlib.Path(os.environ.get("GATEWAY_SCREENSHOTS", "/tmp/gateway-screenshots"))
RULE = """version: 1
category: test
rules:
  - {id: TEST-BLUEBIRD, title: The secret project, severity: HIGH, confidence: 0.9, tags: [test], directions: [completion],
     pattern: 'project bluebird', kind: stop}
"""


def chromium():
    for name in ("chromium", "chromium-browser", "google-chrome", "chrome"):
        if shutil.which(name):
            return shutil.which(name)
    raise unittest.SkipTest("chromium is not installed")


def own_address():
    """An address of this machine under which it is not local."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(("198.51.100.1", 9))  # sends nothing
            address = probe.getsockname()[0]
    except OSError:
        address = "127.0.0.1"
    if address.startswith("127."):
        raise unittest.SkipTest("this machine has no address but its own loopback")
    return address


def free_port():
    with socket.socket() as probe:
        probe.bind(("", 0))
        return probe.getsockname()[1]


class OwnPageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        tool("node")
        tool("npm")
        chromium()

    def test_page(self):
        with tempfile.TemporaryDirectory(prefix="gateway-canvas-") as canvas:
            (pathlib.Path(canvas) / "index.html").write_text("<!doctype html><p id=shown>first</p>")
            (pathlib.Path(canvas) / ".rules" / "rules").mkdir(parents=True)
            (pathlib.Path(canvas) / ".rules" / "rules" / "test.yaml").write_text(RULE)
            config = chat_config()
            config["guardrail"] = {"enabled": True, "mode": "action", "port": 0, "block_from": "HIGH",
                                   "rule_pack_dir": str(pathlib.Path(canvas) / ".rules")}
            config["canvasHost"] = {"root": canvas}
            with Gateway(config, "--port", free_port()) as gateway:
                environment = {**os.environ, "GATEWAY": gateway.url, "TOKEN": TOKEN, "PID": str(gateway.pid), "CHROMIUM": chromium(), "SHOTS": str(SHOTS),
                               "CANVAS": canvas, "HOME": gateway.state.name}
                run_node("own_page_test.mjs", PATHS["node"], environment, timeout=300, packages_of="node_page")

    def door(self, name, gateway, page=None, secret=TOKEN):
        environment = {**os.environ, "DOOR": name, "PAGE": page or gateway.url,
                       "LOCAL": f"{gateway.url.split(':')[0]}://127.0.0.1:{gateway.port}", "SECRET": secret, "CHROMIUM": chromium(),
                       "SHOTS": str(SHOTS), "HOME": gateway.state.name}
        run_node("own_page_doors.mjs", PATHS["node"], environment, timeout=100, packages_of="node_page")

    def test_without_a_credential(self):
        with Gateway(chat_config(token=None)) as gateway:
            self.door("open", gateway)

    def test_with_a_password(self):
        with Gateway({"gateway": {"bind": "loopback", "auth": {"mode": "password", "password": "a password"}}}) as gateway:
            self.door("password", gateway, secret="a password")

    def from_elsewhere(self, scheme, tls=None):
        address, port = own_address(), free_port()
        page = f"{scheme}://{address}:{port}"
        config = chat_config(gateway={"bind": "lan", "controlUi": {"allowedOrigins": [page]}, **({"tls": tls} if tls else {})})
        return page, Gateway(config, "--port", port)

    def test_over_plain_http_from_elsewhere(self):
        page, gateway = self.from_elsewhere("http")
        with gateway:
            self.door("insecure", gateway, page)

    def test_a_browser_that_nobody_knows(self):
        with tempfile.TemporaryDirectory(prefix="gateway-certs-") as folder:
            certificates = make_certificates(folder)
            tls = {"enabled": True, "certPath": str(certificates / "server.crt"), "keyPath": str(certificates / "server.key")}
            page, gateway = self.from_elsewhere("https", tls)
            with gateway:
                self.door("pairing", gateway, page)


if __name__ == "__main__":
    main(gatewayd="", node="")
