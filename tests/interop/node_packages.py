"""Node and the packages of tests/interop/node*/, each installed once into a folder of the build."""

import fcntl
import pathlib
import shutil
import subprocess
import unittest

from processes import tool

HERE = pathlib.Path(__file__).resolve().parent


def run_node(script, packages, environment, timeout=50, packages_of="node"):
    """Runs one .mjs of this folder, which finds its packages through createRequire(PACKAGES)."""
    node = tool("node")
    install(packages, packages_of)
    done = subprocess.run([node, HERE / script], env={**environment, "PACKAGES": f"{packages}/"}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout)
    if done.returncode != 0:
        raise AssertionError(f"{script} failed:\n{done.stdout}")
    print(done.stdout)


def install(folder, packages_of):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two tests may want the packages at the same time
        wanted = (HERE / packages_of / "package-lock.json").read_bytes()
        stamp = folder / "node_modules" / "installed"
        if stamp.exists() and stamp.read_bytes() == wanted:
            return
        npm = tool("npm")
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / packages_of / name, folder)
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1", "--fetch-timeout=20000"]
        try:
            done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  text=True, timeout=90)
        except subprocess.TimeoutExpired:
            raise unittest.SkipTest("npm could not fetch the packages in time") from None
        if done.returncode != 0:
            raise unittest.SkipTest("npm could not install the packages: " + done.stdout.strip().splitlines()[-1])
        stamp.write_bytes(wanted)
