#!/usr/bin/env python3
"""Visitors who come through Tailscale: gatewayd asks a tailscaled over its unix socket who they are.

gatewayd runs in a mount namespace of its own, where /run/tailscale/tailscaled.sock is the daemon of this test.
"""

import json
import os
import pathlib
import socket
import subprocess
import tempfile
import threading
import unittest

import common  # noqa: F401, it says where the support files are
from gateway_ws import Client
from processes import PATHS, Gateway, main, tool

ENTER = "mount -t tmpfs none /run && mkdir /run/tailscale && ln -s {socket} /run/tailscale/tailscaled.sock"
ORIGIN = "https://box.tail.ts.net"
CONFIG = {"gateway": {"auth": {"mode": "token", "token": "secret-token-1", "allowTailscale": True},
                      "controlUi": {"allowedOrigins": [ORIGIN], "dangerouslyDisableDeviceAuth": True}}}


class Daemon:
    """The part of tailscaled's local API that says who has an address."""

    def __init__(self, path):
        self.path = str(path)
        self.asked = []
        self.answers = {"100.64.0.7:0": "ann@example.org", "[fd7a:115c::8]:0": "bob@example.org"}
        self.listener = None
        self.start()

    def start(self):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen()
        threading.Thread(target=self._serve, args=(self.listener,), daemon=True).start()

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        os.unlink(self.path)

    def _serve(self, listener):
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(peer,), daemon=True).start()

    def _answer(self, peer):
        with peer:
            head = b""
            while b"\r\n\r\n" not in head:
                piece = peer.recv(65536)
                if not piece:
                    return
                head += piece
            lines = head.decode().split("\r\n")
            self.asked.append(lines)
            address = lines[0].split("addr=", 1)[1].split(" ")[0].replace("%5B", "[").replace("%5D", "]")
            if address.startswith("100.64.0.99"):
                peer.recv(1)  # silent until the other side gives up
                return
            login = self.answers.get(address)
            if login is None:
                peer.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 20\r\n\r\nno match for IP:port")
                return
            body = json.dumps({"Node": {"Name": "phone.tail.ts.net."}, "UserProfile": {"ID": 7, "LoginName": login}}).encode()
            # In chunks, one of them in two pieces.
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
            peer.sendall(b"%x\r\n" % len(body) + body[:10])
            peer.sendall(body[10:] + b"\r\n0\r\n\r\n")


class TailscaleTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        unshare = tool("unshare")
        folder = tempfile.TemporaryDirectory(prefix="gateway-tailscale-")
        cls.addClassCleanup(folder.cleanup)
        path = pathlib.Path(folder.name, "tailscaled.sock")
        enter = ENTER.format(socket=path)
        if subprocess.run([unshare, "-rm", "sh", "-c", enter], capture_output=True).returncode != 0:
            raise unittest.SkipTest("no mount namespace can be made here")
        cls.daemon = Daemon(path)
        cls.addClassCleanup(cls.daemon.stop)
        wrapped = pathlib.Path(folder.name, "gatewayd")
        wrapped.write_text(f'#!/bin/sh\nexec {unshare} -rm sh -c \'{enter} && exec "$0" "$@"\' {PATHS["gatewayd"]} "$@"\n')
        wrapped.chmod(0o755)
        own = PATHS["gatewayd"]
        PATHS["gatewayd"] = wrapped
        try:
            cls.gateway = Gateway(CONFIG)
        finally:
            PATHS["gatewayd"] = own
        cls.addClassCleanup(cls.gateway.stop)

    def knock(self, login, address, *more):
        fields = [f"Origin: {ORIGIN}", f"X-Forwarded-For: {address}", "X-Forwarded-Proto: https",
                  "X-Forwarded-Host: box.tail.ts.net", f"Tailscale-User-Login: {login}", *more]
        client = Client(self.gateway.port, fields=fields)
        self.addCleanup(client.close)
        return client.connect({"minProtocol": 4, "maxProtocol": 4, "role": "operator", "scopes": ["operator.admin"],
                               "client": {"id": "openclaw-control-ui", "version": "1", "platform": "web", "mode": "webchat"}})

    def code(self, answer):
        self.assertFalse(answer["ok"], answer)
        return answer["error"]["details"]["code"]

    def test_who_is_known_comes_in(self):
        for login, address in (("ann@example.org", "100.64.0.7"), ("Bob@example.org", "fd7a:115c::8")):
            hello = self.knock(login, address)
            self.assertTrue(hello["ok"], hello)
            self.assertEqual(hello["payload"]["auth"]["method"], "tailscale")
        lines = self.daemon.asked[0]
        self.assertIn("Host: local-tailscaled.sock", lines)
        self.assertFalse([line for line in lines if "secret-token" in line or line.lower().startswith("authorization")])

    def test_who_is_somebody_else_or_nobody_does_not(self):
        self.assertEqual(self.code(self.knock("eve@example.org", "100.64.0.7")), "AUTH_TAILSCALE_IDENTITY_MISMATCH")
        self.assertEqual(self.code(self.knock("ann@example.org", "100.64.0.8")), "AUTH_TAILSCALE_WHOIS_FAILED")
        self.assertEqual(self.code(self.knock("ann@example.org", "not-an-address")), "AUTH_TAILSCALE_PROXY_MISSING")

    def test_a_daemon_that_says_nothing(self):
        self.assertEqual(self.code(self.knock("ann@example.org", "100.64.0.99")), "AUTH_TAILSCALE_WHOIS_FAILED")

    def test_a_daemon_that_is_gone_and_comes_again(self):
        self.daemon.stop()
        self.assertEqual(self.code(self.knock("cy@example.org", "100.64.0.9")), "AUTH_TAILSCALE_WHOIS_FAILED")
        self.daemon.answers["100.64.0.10:0"] = "cy@example.org"
        self.daemon.start()
        self.assertTrue(self.knock("cy@example.org", "100.64.0.10")["ok"])
        self.gateway.wait_for("tailscaled cannot be asked")


if __name__ == "__main__":
    main(gatewayd="")
