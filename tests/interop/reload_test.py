#!/usr/bin/env python3
"""gatewayd and its configuration file: edits while it runs, restarts in place, the lock, old keys, the doctor, the log."""

import json
import os
import pathlib
import re
import signal
import socket
import tempfile
import time
import unittest

from common import CHAT, Raw, ask, chat_bytes, curl, question
from processes import PATHS, TOKEN, Mock, Process, chat_config, eventually, main


class Installation:
    """A state directory with a configuration, and gatewayds that use it."""

    def __init__(self, config=None, text=None):
        self.folder = tempfile.TemporaryDirectory()
        self.state = pathlib.Path(self.folder.name, "state")
        self.state.mkdir(mode=0o700)
        self.file = self.state / "openclaw.json"
        self.write(text if text is not None else json.dumps(config))

    def write(self, text):
        """As editors do: another file, renamed into place."""
        fresh = self.state / "editor.tmp"
        fresh.write_text(text)
        fresh.chmod(0o600)
        fresh.rename(self.file)

    def change(self, change):
        config = json.loads(self.file.read_text())
        change(config)
        self.write(json.dumps(config))

    def run(self, *arguments, port=0, **more):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("OPENCLAW_")}
        environment.update(OPENCLAW_STATE_DIR=str(self.state), HOME=self.folder.name, TMPDIR=self.folder.name,
                           MOCK_KEY="a-key", **more)
        return Process([PATHS["gatewayd"], *arguments, "--port", str(port)], env=environment)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.folder.cleanup()


def started(process):
    process.url = process.wait_until_listening()
    process.port = int(process.url.rsplit(":", 1)[1])
    return process


def times_started(process):
    return process.output.count("listening on")


class ReloadTest(unittest.TestCase):
    def test_what_can_be_applied_is(self):
        with Installation(chat_config()) as place, started(place.run()) as gateway:
            self.assertNotIn("second", curl(gateway.url + "/v1/models").text)
            place.change(lambda config: config["agents"]["list"].append({"id": "second"}))
            gateway.wait_for("the configuration changed: agents.list")
            eventually(lambda: "second" in curl(gateway.url + "/v1/models").text)
            self.assertEqual(times_started(gateway), 1)

    def test_a_bad_edit_changes_nothing(self):
        with Installation(chat_config()) as place, started(place.run()) as gateway:
            good = place.file.read_text()
            place.write(good.replace('"bind"', '\n"bnid"'))
            line = gateway.wait_for("gateway.bnid")
            self.assertIn("openclaw.json:2:1", line)
            self.assertIn('did you mean "bind"', line)
            gateway.wait_for("stays as it was")
            self.assertEqual(curl(gateway.url + "/healthz").status, 200)
            place.write("{ half")
            gateway.wait_for("is not JSON5")
            place.file.unlink()
            gateway.wait_for("cannot be read")
            place.write(good.replace('"main"', '"other"'))
            gateway.wait_for("the configuration changed: agents.list")
            self.assertEqual(times_started(gateway), 1)
            self.assertNotIn(TOKEN, gateway.output)

    def test_what_needs_a_restart_gets_one_on_the_same_port(self):
        with Installation(chat_config()) as place, started(place.run()) as gateway:
            self.assertEqual(ask(gateway).status, 200)
            place.change(lambda config: config["gateway"]["auth"].update(token="another-token-0123456789"))
            eventually(lambda: times_started(gateway) == 2)
            self.assertIn("the gateway will restart", gateway.output)
            self.assertEqual(ask(gateway).status, 401)
            self.assertEqual(curl(gateway.url + CHAT, body=question(), token="another-token-0123456789").status, 200)

    def test_a_restart_waits_for_what_is_running(self):
        with Mock("--options", "gap=100ms") as mock, Installation(chat_config(mock)) as place:
            with started(place.run()) as gateway, Raw(gateway.port, chat_bytes(question(stream=True))) as raw:
                raw.read_until(b"data:")
                place.change(lambda config: config["gateway"]["http"]["endpoints"].update(responses={"enabled": True}))
                gateway.wait_for("the restart waits")
                self.assertEqual(times_started(gateway), 1)
                self.assertIn(b"[DONE]", raw.read_to_end() if raw.received.find(b"[DONE]") < 0 else bytes(raw.received))
                eventually(lambda: times_started(gateway) == 2)

    def test_sigusr1(self):
        with Installation(chat_config()) as place, started(place.run()) as gateway:
            for count in (2, 3):
                gateway.signal(signal.SIGUSR1)
                eventually(lambda: times_started(gateway) == count)
                self.assertEqual(ask(gateway).status, 200)
            # Nobody restarts into a file that does not start.
            place.write("{ nope: 1 }")
            gateway.wait_for("stays as it was")
            gateway.signal(signal.SIGUSR1)
            time.sleep(0.5)
            self.assertEqual(ask(gateway).status, 200)
            self.assertEqual(times_started(gateway), 3)

    def test_off_and_hot(self):
        for mode, word in (("off", None), ("hot", "without effect until the next start: gateway.http")):
            config = chat_config(gateway={"reload": {"mode": mode, "debounceMs": 10}})
            with Installation(config) as place, started(place.run()) as gateway:
                place.change(lambda one: one["gateway"]["http"].update(securityHeaders={"strictTransportSecurity": "max-age=1"}))
                if word:
                    gateway.wait_for(word)
                else:
                    time.sleep(0.6)
                    self.assertNotIn("changed", gateway.output)
                self.assertEqual(times_started(gateway), 1)

    def test_many_edits_at_once_are_read_once(self):
        with Installation(chat_config()) as place, started(place.run()) as gateway:
            for number in range(20):
                place.change(lambda config: config["agents"]["list"].append({"id": f"a{number}"}))
                time.sleep(0.01)
            eventually(lambda: "a19" in curl(gateway.url + "/v1/models").text)
            self.assertLessEqual(gateway.output.count("the configuration changed"), 2)


class InstallationTest(unittest.TestCase):
    def test_old_keys_are_rewritten_with_a_backup(self):
        old = "{ // a comment\n gateway: { token: '%s', port: 1 }, identity: { name: 'Claw' } }" % TOKEN
        with Installation(text=old) as place, started(place.run()) as gateway:
            self.assertIn("gateway.token is now gateway.auth.token", gateway.output)
            written = json.loads(place.file.read_text())
            self.assertEqual(written["gateway"]["auth"]["token"], TOKEN)
            self.assertEqual(written["agents"]["list"], [{"id": "main", "identity": {"name": "Claw"}}])
            self.assertEqual((place.state / "openclaw.json.bak").read_text(), old)
            self.assertEqual(place.file.stat().st_mode & 0o777, 0o600)

    def test_check_changes_nothing(self):
        old = "{ gateway: { token: '%s' } }" % TOKEN
        with Installation(text=old) as place, place.run("--check") as check:
            self.assertEqual(check.wait(), 0)
            self.assertIn("gateway.token is now", check.output)
            self.assertEqual(place.file.read_text(), old)

    def test_one_gateway_at_a_time(self):
        with Installation(chat_config()) as place, started(place.run()) as first:
            with place.run() as second:
                second.wait_for(f"already running with this configuration (pid {first.pid})")
                first.signal(signal.SIGTERM)
                started(second)  # it waits for a moment
                lock = next(pathlib.Path(place.folder.name).glob("openclaw-*/gateway.*.lock"))
                self.assertRegex(lock.name, r"^gateway\.[0-9a-f]{8}\.lock$")
                found = json.loads(lock.read_text())
                self.assertEqual(found["pid"], second.pid)
                self.assertEqual(found["configPath"], str(place.file))
                with started(place.run(OPENCLAW_ALLOW_MULTI_GATEWAY="1")) as third:
                    self.assertEqual(curl(third.url + "/healthz").status, 200)

    def test_a_killed_gateway_leaves_no_lock(self):
        with Installation(chat_config()) as place:
            with started(place.run()) as gateway:
                gateway.signal(signal.SIGKILL)
                gateway.wait()
            with started(place.run()) as gateway:
                self.assertEqual(ask(gateway).status, 200)

    def test_a_port_that_is_taken_for_a_moment(self):
        with Installation(chat_config()) as place, socket.create_server(("127.0.0.1", 0)) as taken:
            with place.run(port=taken.getsockname()[1]) as gateway:
                time.sleep(0.3)
                taken.close()
                started(gateway)

    def test_doctor(self):
        with Installation(text="{ gateway: { token: '%s' } }" % TOKEN) as place:
            place.state.chmod(0o755)
            place.file.chmod(0o644)
            with place.run("doctor") as doctor:
                self.assertEqual(doctor.wait(), 0)
                for word in ("fixed: the state directory", "written as new ones", "ok: a gateway can start"):
                    self.assertIn(word, doctor.output)
                self.assertNotIn(TOKEN, doctor.output)
            for file in place.state.glob("openclaw.json*"):
                self.assertEqual(file.stat().st_mode & 0o777, 0o600, file)
            place.file.chmod(0o644)
            with place.run("doctor") as doctor:
                self.assertEqual(doctor.wait(), 0)
                self.assertIn("fixed: the configuration", doctor.output)
            self.assertEqual(place.state.stat().st_mode & 0o777, 0o700)
            self.assertEqual(place.file.stat().st_mode & 0o777, 0o600)
            with place.run("doctor") as doctor:
                self.assertEqual(doctor.wait(), 0)
                self.assertNotIn("fixed", doctor.output)
            with started(place.run()) as gateway, place.run("doctor") as doctor:
                self.assertEqual(doctor.wait(), 0)
                self.assertIn(f"a gateway is running with this configuration (pid {gateway.pid})", doctor.output)
            place.write("{ gateway: { prot: 1, tls: { enabled: true, certPath: '/no.pem', keyPath: '/no.pem' } } }")
            with place.run("doctor") as doctor:
                self.assertEqual(doctor.wait(), 1)
                self.assertIn("gateway.prot", doctor.output)
            place.write("{ gateway: { tls: { enabled: true, certPath: '/no.pem', keyPath: '/no.pem' } } }")
            with place.run("doctor") as doctor:
                self.assertEqual(doctor.wait(), 1)
                self.assertIn("problem: gateway.tls.certPath /no.pem cannot be read", doctor.output)
            place.write("{}")
            with socket.create_server(("127.0.0.1", 0)) as taken, place.run("doctor", port=taken.getsockname()[1]) as doctor:
                self.assertEqual(doctor.wait(), 1)
                self.assertIn("already in use", doctor.output)

    def test_the_log_of_the_day(self):
        config = {**chat_config(), "logging": {"level": "debug", "consoleLevel": "error"}}
        with Installation(config) as place, started(place.run()) as gateway:
            place.change(lambda one: one["agents"]["list"].append({"id": "second"}))
            eventually(lambda: "second" in curl(gateway.url + "/v1/models").text)
            self.assertNotIn("changed", gateway.output)
            (file,) = (place.state / "logs").iterdir()
            self.assertRegex(file.name, r"^openclaw-\d{4}-\d\d-\d\d\.log$")
            self.assertEqual(file.stat().st_mode & 0o777, 0o600)
            lines = [json.loads(line) for line in file.read_text().splitlines()]
            changed = [line for line in lines if "the configuration changed" in line["1"]]
            self.assertEqual(len(changed), 1)
            self.assertEqual(changed[0]["_meta"]["logLevelName"], "INFO")
            self.assertRegex(changed[0]["time"], r"^\d{4}-\d\d-\d\dT[\d:.]{12}Z$")
            self.assertNotIn(TOKEN, file.read_text())


if __name__ == "__main__":
    main(gatewayd="", mock="")
