#!/usr/bin/env python3
"""openssl s_client against gatewayd's TLS: versions, ALPN, resumption, clean close, and clients that speak it badly."""

import hashlib
import json
import pathlib
import re
import ssl
import subprocess
import tempfile
import unittest

from common import TOKEN, Raw, request_bytes
from gateway_ws import Client, Device, Refused
from processes import PATIENCE_S, Gateway, chat_config, main, make_certificates, tool

REQUEST = request_bytes(fields=["Connection: close"])


class OpensslTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        tool("openssl")
        folder = tempfile.TemporaryDirectory(prefix="gateway-certs-")
        cls.addClassCleanup(folder.cleanup)
        cls.certificates = make_certificates(folder.name)
        tls = {"enabled": True, "certPath": str(cls.certificates / "server.crt"), "keyPath": str(cls.certificates / "server.key")}
        cls.gateway = Gateway(chat_config(gateway={"tls": tls}))
        cls.addClassCleanup(cls.gateway.stop)

    def client(self, *arguments, data=REQUEST):
        command = [tool("openssl"), "s_client", "-connect", f"127.0.0.1:{self.gateway.port}", "-servername", "localhost",
                   "-CAfile", self.certificates / "ca.crt", "-verify_return_error", "-ign_eof", *arguments]
        done = subprocess.run(command, input=data, capture_output=True, timeout=PATIENCE_S)
        return done.returncode, (done.stdout + done.stderr).decode(errors="replace")

    def context(self):
        return ssl.create_default_context(cafile=self.certificates / "ca.crt")

    def connect(self, context=None, session=None):
        plain = Raw(self.gateway.port)
        plain.socket = (context or self.context()).wrap_socket(plain.socket, server_hostname="localhost", session=session)
        return plain

    def test_a_request(self):
        code, output = self.client()
        self.assertEqual(code, 0, output)
        self.assertIn("Verify return code: 0 (ok)", output)
        self.assertIn("HTTP/1.1 200 OK", output)
        # The end is told by close_notify, not by a cut.
        self.assertNotIn("unexpected eof", output)
        self.assertNotRegex(output, r"errno=[1-9]")

    def test_versions(self):
        for arguments in (["-tls1"], ["-tls1_1"]):
            code, output = self.client(*arguments, "-cipher", "ALL:@SECLEVEL=0")
            self.assertNotEqual(code, 0, output)
            self.assertNotIn("HTTP/1.1", output)
        code, output = self.client("-tls1_2")
        self.assertEqual(code, 0, output)
        self.assertRegex(output, r"Protocol\s*:\s*TLSv1\.2")
        self.assertRegex(output, r"Cipher\s*:\s*ECDHE-\S+(GCM|POLY1305)")

    def test_weak_ciphers_are_refused(self):
        for cipher in ("AES128-SHA", "ECDHE-ECDSA-AES128-SHA", "NULL", "AES128-GCM-SHA256"):
            code, output = self.client("-tls1_2", "-cipher", cipher + ":@SECLEVEL=0")
            self.assertNotEqual(code, 0, cipher)
            self.assertNotIn("HTTP/1.1", output)

    def test_alpn(self):
        code, output = self.client("-alpn", "h2,http/1.1")
        self.assertEqual(code, 0, output)
        self.assertIn("ALPN protocol: http/1.1", output)
        code, output = self.client("-alpn", "http/1.1")
        self.assertIn("ALPN protocol: http/1.1", output)
        # RFC 7301 3.2: with nothing in common the handshake ends with no_application_protocol.
        code, output = self.client("-alpn", "h2")
        self.assertNotIn("HTTP/1.1 200", output)

    def test_resumption(self):
        with tempfile.TemporaryDirectory() as folder:
            session = pathlib.Path(folder, "session.pem")
            code, output = self.client("-tls1_2", "-sess_out", session)
            self.assertEqual(code, 0, output)
            self.assertRegex(output, r"(?m)^New, ")
            code, output = self.client("-tls1_2", "-sess_in", session)
            self.assertEqual(code, 0, output)
            self.assertRegex(output, r"(?m)^Reused, ")
            self.assertIn("HTTP/1.1 200 OK", output)

    def test_no_renegotiation(self):
        code, output = self.client("-tls1_2", data=b"R\n" + REQUEST)
        self.assertFalse(re.search(r"RENEGOTIATING\s+depth", output), output)

    def test_clean_close_from_the_client(self):
        client = self.connect()
        client.send(request_bytes())
        client.read_until(b'"ok":true')
        plain = client.socket.unwrap()  # waits for the server's close_notify
        plain.close()

    def test_one_byte_at_a_time(self):
        client = self.connect()
        for index in range(len(REQUEST)):
            client.send(REQUEST[index:index + 1])
        self.assertIn(b"HTTP/1.1 200", client.read_to_end())
        client.close()

    def test_peers_that_speak_something_else(self):
        for data in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"\0" * 100, b"\x80\x2e\x01\0\x02", b"\0" * 1000):
            with Raw(self.gateway.port, data) as raw:
                raw.socket.shutdown(1)
                self.assertNotIn(b"HTTP/1.1 200", raw.read_to_end())
        self.assertEqual(self.client()[0], 0)

    def test_handshakes_that_never_end(self):
        idle = [Raw(self.gateway.port, b"\x16\x03\x01") for _ in range(50)]
        self.assertEqual(self.client()[0], 0)
        for raw in idle:
            raw.close()


class ClientCertificateTest(unittest.TestCase):
    """A device that shows a certificate instead of a signature."""

    @classmethod
    def setUpClass(cls):
        tool("openssl")
        folder = tempfile.TemporaryDirectory(prefix="gateway-certs-")
        cls.addClassCleanup(folder.cleanup)
        cls.certificates = make_certificates(folder.name)

    def gateway(self, state):
        tls = {"enabled": True, **{key: str(self.certificates / name) for key, name in
                                   (("certPath", "server.crt"), ("keyPath", "server.key"), ("caPath", "ca.crt"))}}
        return Gateway(chat_config(gateway={"tls": tls}), env={"OPENCLAW_STATE_DIR": str(state)})

    def client(self, gateway, shows=None):
        context = ssl.create_default_context(cafile=self.certificates / "ca.crt")
        if shows:
            context.load_cert_chain(self.certificates / f"{shows}.crt", self.certificates / f"{shows}.key")
        client = Client(gateway.port, tls=context)
        self.addCleanup(client.close)
        return client

    @staticmethod
    def params(**auth):
        return {"minProtocol": 4, "maxProtocol": 4, "role": "operator", "scopes": ["operator.read"], "auth": auth,
                "client": {"id": "openclaw-ios", "version": "1", "platform": "ios", "mode": "ui"}}

    def test_a_device_is_known_by_it_also_after_a_restart(self):
        folder = tempfile.TemporaryDirectory(prefix="gateway-state-")
        self.addCleanup(folder.cleanup)
        state = pathlib.Path(folder.name)
        der = ssl.PEM_cert_to_DER_cert((self.certificates / "client.crt").read_text())
        with self.gateway(state) as gateway:
            device = Device()
            paired = self.client(gateway, "client").connect(self.params(token=TOKEN), device)
            self.assertTrue(paired["ok"], paired)
            token = paired["payload"]["auth"]["deviceToken"]
            records = json.loads((state / "devices" / "paired.json").read_text())
            self.assertEqual(records[device.id]["certFingerprintSha256"], hashlib.sha256(der).hexdigest())
        with self.gateway(state) as gateway:
            known = self.client(gateway, "client").connect(self.params(token=TOKEN))
            self.assertEqual(known["payload"]["auth"]["scopes"], ["operator.read"], known)
            by_token = self.client(gateway, "client").connect(self.params(deviceToken=token))
            self.assertEqual(by_token["payload"]["auth"]["method"], "device-token", by_token)
            # The token of a device is nothing without the device, and the certificate nothing without a token.
            self.assertFalse(self.client(gateway).connect(self.params(deviceToken=token))["ok"])
            self.assertFalse(self.client(gateway, "client").connect(self.params())["ok"])
            nobody = self.client(gateway).connect(self.params(token=TOKEN))
            self.assertEqual(nobody["payload"]["auth"]["scopes"], [], nobody)

    def test_one_of_another_authority_ends_the_handshake(self):
        with tempfile.TemporaryDirectory() as state, self.gateway(state) as gateway:
            with self.assertRaises((ssl.SSLError, ConnectionError, Refused)):
                self.client(gateway, "stranger")
            self.assertEqual(self.client(gateway).connect(self.params(token="wrong"))["ok"], False)


if __name__ == "__main__":
    main(gatewayd="")
