#!/usr/bin/env python3
"""The gateway on the local network, over real sockets: a resolver that asks, a neighbour that listens, a second gateway.

All of it runs in a network of its own, which is one loopback device: nothing leaves the machine, and port 5353 is free.
"""

import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import unittest

import common  # noqa: F401, it says where the support files are
from common import curl
from processes import SKIPPED, TOKEN, Gateway, main

ADDRESS = "10.1.2.3"
GROUP, PORT = "224.0.0.251", 5353
SERVICE = "_openclaw-gw._tcp.local"
NETWORK = (f"ip link set lo up && ip link set lo multicast on && ip addr add {ADDRESS}/32 dev lo && "
           f"ip route add 224.0.0.0/4 dev lo src {ADDRESS}")
INSIDE = "GATEWAY_TEST_NETWORK"
PTR, TXT, SRV, A = 12, 16, 33, 1


def enter_network():
    """Goes on in a network of its own, or ends with what is missing."""
    if os.environ.get(INSIDE):
        return
    for name in ("unshare", "ip"):
        if shutil.which(name) is None:
            print(f"skipped: {name} is not installed", flush=True)
            sys.exit(SKIPPED)
    if subprocess.run(["unshare", "-rn", "sh", "-c", NETWORK], capture_output=True).returncode != 0:
        print("skipped: no network namespace can be made here", flush=True)
        sys.exit(SKIPPED)
    os.environ[INSIDE] = "1"
    os.execvp("unshare", ["unshare", "-rn", "sh", "-c", NETWORK + ' && exec "$0" "$@"', sys.executable, *sys.argv])


def wire_name(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def read_name(message, at):
    labels, behind = [], None
    while message[at]:
        if message[at] >= 0xC0:
            behind = behind or at + 2
            at = struct.unpack_from(">H", message, at)[0] & 0x3FFF
            continue
        labels.append(message[at + 1:at + 1 + message[at]].decode())
        at += 1 + message[at]
    return ".".join(labels), behind or at + 1


class Message:
    """One message: the questions as (name, type), the records as (name, type, ttl, data)."""

    def __init__(self, raw):
        self.id, self.flags, questions, *counts = struct.unpack_from(">6H", raw)
        self.questions, self.records, at = [], [], 12
        for _ in range(questions):
            name, at = read_name(raw, at)
            self.questions.append((name, struct.unpack_from(">H", raw, at)[0]))
            at += 4
        for _ in range(sum(counts)):
            name, at = read_name(raw, at)
            kind, _, ttl, size = struct.unpack_from(">HHIH", raw, at)
            at += 10
            self.records.append((name, kind, ttl, self._data(raw, kind, at, size)))
            at += size
        assert at == len(raw), "bytes behind the last record"

    @staticmethod
    def _data(raw, kind, at, size):
        if kind == PTR:
            return read_name(raw, at)[0]
        if kind == SRV:
            return struct.unpack_from(">H", raw, at + 4)[0], read_name(raw, at + 6)[0]
        if kind == A:
            return socket.inet_ntoa(raw[at:at + 4])
        if kind == TXT:
            texts, end = {}, at + size
            while at < end:
                key, _, value = raw[at + 1:at + 1 + raw[at]].decode().partition("=")
                texts[key] = value
                at += 1 + raw[at]
            return texts
        return raw[at:at + size]

    def data(self, kind, name=None):
        return [data for owner, type_, _, data in self.records if type_ == kind and name in (None, owner)]


def resolve(name, kind, timeout=5):
    """Asks as a simple resolver does, from a port of its own. None: nobody answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.settimeout(timeout)
        asker.sendto(struct.pack(">6H", 0x4711, 0x0100, 1, 0, 0, 0) + wire_name(name) + struct.pack(">HH", kind, 1),
                     ("127.0.0.1", PORT))
        try:
            return Message(asker.recv(9000))
        except (TimeoutError, ConnectionRefusedError):
            return None


def listener():
    """A neighbour that hears what is said to all."""
    ears = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    ears.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    ears.bind((GROUP, PORT))
    ears.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(GROUP) + socket.inet_aton(ADDRESS))
    ears.settimeout(20)
    return ears


def gateway(name, **more):
    config = {"gateway": {"bind": "lan", "auth": {"mode": "token", "token": TOKEN}, **more.pop("gateway", {})},
              "ui": {"assistant": {"name": name}}}
    return Gateway(config, env={"OPENCLAW_DISABLE_BONJOUR": "", **more.pop("env", {})}, **more)


class DiscoveryTest(unittest.TestCase):
    def test_a_resolver_finds_it(self):
        with gateway("Robin") as one:
            one.wait_for('announced on the local network: "Robin (OpenClaw)", openclaw.local, ' + ADDRESS)
            answer = resolve(SERVICE, PTR)
            self.assertEqual(answer.id, 0x4711)
            self.assertEqual(answer.questions, [(SERVICE, PTR)])
            instance = "Robin (OpenClaw)." + SERVICE
            self.assertEqual(answer.data(PTR, SERVICE), [instance])
            self.assertEqual(answer.data(SRV, instance), [(one.port, "openclaw.local")])
            self.assertEqual(answer.data(A, "openclaw.local"), [ADDRESS])
            said = answer.data(TXT, instance)[0]
            self.assertEqual((said["role"], said["gatewayPort"], said["displayName"]), ("gateway", str(one.port), "Robin"))
            self.assertNotIn(TOKEN, str(answer.records))
            self.assertTrue(all(ttl <= 10 for _, _, ttl, _ in answer.records))
            self.assertEqual(resolve("_openclaw._tcp.local", PTR).data(PTR), ["Robin (OpenClaw)._openclaw._tcp.local"])
            self.assertEqual(resolve("_services._dns-sd._udp.local", PTR).data(PTR), [SERVICE, "_openclaw._tcp.local"])
            # The address that was found is the gateway's.
            self.assertEqual(curl(f"http://{ADDRESS}:{one.port}/healthz").status, 200)

    def test_neighbours_hear_it_come_and_go(self):
        with listener() as ears:
            def next_pointer():
                while True:
                    message = Message(ears.recv(9000))
                    for owner, kind, ttl, _ in message.records:
                        if message.flags & 0x8000 and owner == SERVICE and kind == PTR:
                            return ttl
            with gateway("Robin") as one:
                one.wait_until_listening()
                self.assertEqual([next_pointer(), next_pointer()], [4500, 4500])
                one.signal(signal.SIGUSR1)
                self.assertEqual([next_pointer(), next_pointer(), next_pointer()], [0, 4500, 4500])
            self.assertEqual(next_pointer(), 0)

    def test_two_of_one_name(self):
        with gateway("Robin") as one:
            one.wait_for("announced on the local network")
            with gateway("Robin") as two:
                two.wait_for('"Robin (OpenClaw)" is taken on the local network')
                two.wait_for('announced on the local network: "Robin (OpenClaw) (2)", openclaw.local, ' + ADDRESS)
            self.assertNotIn("is taken", one.output)

    def test_loopback_is_not_announced(self):
        with gateway("Robin", gateway={"bind": "loopback"}):
            self.assertIsNone(resolve(SERVICE, PTR, timeout=1))
        with gateway("Robin", env={"OPENCLAW_DISABLE_BONJOUR": "1"}):
            self.assertIsNone(resolve(SERVICE, PTR, timeout=1))

    def test_a_port_that_is_taken_is_a_warning(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as selfish:
            selfish.bind(("0.0.0.0", PORT))
            with gateway("Robin") as one:
                line = one.wait_for("not announced on the local network")
                self.assertIn("address already in use", line)
                self.assertEqual(curl(one.url.replace("0.0.0.0", "127.0.0.1") + "/healthz").status, 200)


if __name__ == "__main__":
    enter_network()
    main(gatewayd="")
