"""Starts and stops the programs of the interop tests: gatewayd, the mock upstream, a TLS proxy, certificates.

Standard library only. Everything runs on free loopback ports, with its own state directory, and ends with the test.
"""

import base64
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request

SUPPORT = pathlib.Path(__file__).resolve().parent
SKIPPED = 77  # ctest's SKIP_RETURN_CODE
TOKEN = "interop-token-0123456789abcdef"
# Sanitized builds on a busy machine start slowly.
PATIENCE_S = 20


def tool(name):
    """The path of a program, or a skipped test that says which one is missing."""
    path = shutil.which(name)
    if path is None:
        raise unittest.SkipTest(f"{name} is not installed")
    return path


def read_paths(**paths):
    """Takes name=path arguments into PATHS, ends with 77 when a program is missing; returns the other arguments."""
    for argument in sys.argv[1:]:
        name, _, value = argument.partition("=")
        if name in paths:
            paths[name] = value
    PATHS.update(paths)
    for name, value in paths.items():
        if not value or not pathlib.Path(value).exists():
            print(f"skipped: no {name} at '{value}'", flush=True)
            sys.exit(SKIPPED)
    return [argument for argument in sys.argv[1:] if "=" not in argument]


def main(**paths):
    """Runs the tests of the calling file; its arguments are paths of programs. Exit code 77 when all were skipped."""
    program = unittest.main(argv=[sys.argv[0], "-v", *read_paths(**paths)], exit=False)
    result = program.result
    if not result.wasSuccessful():
        sys.exit(1)
    if result.skipped and (result.testsRun == len(result.skipped) or result.testsRun == 0):
        print("skipped: " + "; ".join(sorted({reason for _, reason in result.skipped})), flush=True)
        sys.exit(SKIPPED)
    if result.testsRun == 0:
        print("no test ran", flush=True)
        sys.exit(1)


PATHS = {}


class Process:
    """A child whose output is collected line by line."""

    def __init__(self, command, *, env=None):
        self.command = [str(part) for part in command]
        self.lines = []
        self.started_at = time.monotonic()
        self.child = subprocess.Popen(self.command, env=env, text=True, errors="replace",
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.changed = threading.Condition()
        self.readers = [threading.Thread(target=self._read, args=(stream,), daemon=True)
                        for stream in (self.child.stdout, self.child.stderr)]
        for reader in self.readers:
            reader.start()

    def _read(self, stream):
        for line in stream:
            with self.changed:
                self.lines.append(line.rstrip("\n"))
                self.changed.notify_all()
        stream.close()
        with self.changed:
            self.changed.notify_all()

    @property
    def pid(self):
        return self.child.pid

    @property
    def output(self):
        with self.changed:
            return "\n".join(self.lines)

    def wait_for(self, text, timeout=PATIENCE_S):
        """The first line that contains `text`."""
        deadline = time.monotonic() + timeout
        with self.changed:
            while True:
                for line in self.lines:
                    if text in line:
                        return line
                left = deadline - time.monotonic()
                ended = not any(reader.is_alive() for reader in self.readers)
                if left <= 0 or ended:
                    raise AssertionError(f"{self.command[0]} did not print '{text}':\n" + "\n".join(self.lines))
                self.changed.wait(min(left, 0.2))

    def wait_until_listening(self):
        """What follows "listening on"; a program that does not get there is stopped."""
        try:
            return self.wait_for("listening on").split("listening on", 1)[1].split()[0]
        except AssertionError:
            self.stop()
            raise

    def signal(self, number):
        if self.child.poll() is None:
            self.child.send_signal(number)

    def wait(self, timeout=PATIENCE_S):
        code = self.child.wait(timeout)
        for reader in self.readers:
            reader.join(5)
        return code

    def stop(self):
        """Asks it to end, insists after a while; returns the exit code."""
        self.signal(signal.SIGTERM)
        try:
            return self.wait()
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGKILL)
            return self.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def get_json(url, timeout=PATIENCE_S):
    with urllib.request.urlopen(url, timeout=timeout) as answer:
        return json.load(answer)


def post_json(url, value, timeout=PATIENCE_S):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        return json.load(answer)


def eventually(check, timeout=PATIENCE_S):
    """Waits until `check()` is true, and returns what it returned."""
    deadline = time.monotonic() + timeout
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError("it did not happen in time")
        time.sleep(0.01)


class Mock(Process):
    """tests/support/mock_upstream.cpp."""

    def __init__(self, *arguments):
        super().__init__([PATHS["mock"], "--port", "0", *arguments])
        self.port = int(self.wait_until_listening())
        self.url = f"http://127.0.0.1:{self.port}/v1"

    def stats(self):
        return get_json(f"http://127.0.0.1:{self.port}/stats")

    def script(self, script):
        """What to answer, byte by byte: mock_script.h says how. One script or a list."""
        return post_json(f"http://127.0.0.1:{self.port}/_mock/script", script)

    def requests(self, id=None):
        """What was asked for the answers that were scripted, with the body as bytes."""
        asked = get_json(f"http://127.0.0.1:{self.port}/_mock/requests" + (f"?id={id}" if id else ""))
        for one in asked:
            one["body"] = base64.b64decode(one["body"])
        return asked

    def reset(self):
        post_json(f"http://127.0.0.1:{self.port}/_mock/reset", {})


class TlsProxy(Process):
    """tests/support/tls_proxy.py in front of a mock."""

    def __init__(self, target_port, certificates, name="server"):
        super().__init__([sys.executable, SUPPORT / "tls_proxy.py", "--target", target_port,
                          "--cert", certificates / f"{name}.crt", "--key", certificates / f"{name}.key"])
        self.port = int(self.wait_until_listening())
        self.url = f"https://127.0.0.1:{self.port}/v1"


def make_certificates(folder):
    tool("openssl")
    subprocess.run([SUPPORT / "make_certs.sh", folder], check=True, stdin=subprocess.DEVNULL)
    return pathlib.Path(folder)


def provider(base_url, key="mock-key", **more):
    return {"baseUrl": base_url, "apiKey": key, "api": "openai-completions",
            "models": [{"id": "test-model", "name": "Test"}], **more}


def chat_config(mock=None, *, token=TOKEN, providers=None, gateway=None):
    """A configuration with the chat endpoint on; with a mock, it is the provider "mock" of the main agent."""
    config = {
        "gateway": {
            "bind": "loopback",
            "auth": {"mode": "token", "token": token} if token else {"mode": "none"},
            "http": {"endpoints": {"chatCompletions": {"enabled": True}}},
            **(gateway or {}),
        },
        "agents": {"list": [{"id": "main"}]},
    }
    providers = dict(providers or {})
    if mock is not None:
        providers["mock"] = provider(mock.url, key="${MOCK_KEY}")
    if providers:
        config["agents"]["defaults"] = {"model": {"primary": f"{next(iter(reversed(providers)))}/test-model"}}
        config["models"] = {"providers": providers}
    return config


class Gateway(Process):
    """gatewayd with a configuration, in a state directory of its own."""

    def __init__(self, config=None, *arguments, env=None, wait=True, text=None):
        self.state = tempfile.TemporaryDirectory(prefix="gateway-interop-")
        state = pathlib.Path(self.state.name)
        environment = {key: value for key, value in os.environ.items() if not key.startswith("OPENCLAW_")}
        environment.update({"OPENCLAW_STATE_DIR": str(state), "HOME": str(state), "MOCK_KEY": "mock-key-from-env",
                            "OPENCLAW_DISABLE_BONJOUR": "1"})  # tests stay on loopback
        environment.update(env or {})
        command = [PATHS["gatewayd"]]
        if config is not None or text is not None:
            (state / "test.json5").write_text(json.dumps(config, indent=1) if text is None else text)
            command += ["--config", state / "test.json5"]
        super().__init__([*command, *(arguments or ("--port", "0"))], env=environment)
        if wait:
            self.url = self.wait_until_listening()
            self.port = int(self.url.rsplit(":", 1)[1])

    def stop(self):
        try:
            return super().stop()
        finally:
            self.state.cleanup()
