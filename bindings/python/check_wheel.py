#!/usr/bin/env python3
"""Builds a wheel, installs it into an empty environment, and runs its tests there.

    check_wheel.py BUILD_DIR     the build folder of the library, which is installed somewhere for a while

Nothing is downloaded: setuptools, wheel and cffi are the distribution's."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import venv

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}")
    return done


def main():
    for module in ("pip", "setuptools", "wheel", "cffi", "ensurepip"):
        if subprocess.run([sys.executable, "-c", f"import {module}"], capture_output=True).returncode != 0:
            print(f"skipped: this Python has no {module}")
            sys.exit(SKIPPED)
    if shutil.which("pkg-config") is None:
        print("skipped: no pkg-config")
        sys.exit(SKIPPED)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        run("cmake", "--install", sys.argv[1], "--prefix", folder / "prefix")
        pkgconfig = next((folder / "prefix").rglob("gateway.pc")).parent
        shutil.copytree(HERE, folder / "source", ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))
        env = dict(os.environ, PKG_CONFIG_PATH=str(pkgconfig), GATEWAY_STATIC="1")
        env.pop("PYTHONPATH", None)
        run(sys.executable, "-m", "pip", "wheel", "--no-index", "--no-deps", "--no-build-isolation", "-w", folder / "wheels", folder / "source", env=env)
        (wheel,) = (folder / "wheels").iterdir()
        venv.create(folder / "venv", system_site_packages=True, with_pip=False)
        python = folder / "venv" / "bin" / "python"
        shutil.rmtree(folder / "prefix")  # the wheel carries the library
        run(python, "-m", "pip", "install", "--no-index", "--no-deps", wheel)
        env = dict(os.environ, GATEWAY_TEST_CONNS="2000")
        env.pop("PYTHONPATH", None)
        where = run(python, "-c", "import gateway; print(gateway.__file__)", cwd=folder).stdout
        if not where.startswith(str(folder / "venv")):
            sys.exit(f"the tests would not test the wheel, but {where}")
        done = run(python, "-m", "unittest", "discover", "-s", folder / "source" / "tests", cwd=folder, env=env)
        print(f"{wheel.name}, {wheel.stat().st_size // 1024} KiB: {done.stderr.strip().splitlines()[-3]}")


main()
