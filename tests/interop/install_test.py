#!/usr/bin/env python3
"""A program builds against a fresh install, by pkg-config and by find_package, and runs."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import common  # makes tests/support importable
from processes import PATHS, main

FLAGS = os.environ.get("GATEWAY_TEST_FLAGS", "")  # as the library was built: sanitizers
SOURCE = pathlib.Path(__file__).resolve().parents[2]
PROJECT = """cmake_minimum_required(VERSION 3.22)
project(user C CXX)
find_package(gateway 0.2 REQUIRED)
add_executable(shared {example})
target_link_libraries(shared PRIVATE gateway::shared)
add_executable(static {example})
target_link_libraries(static PRIVATE gateway::static)
set_target_properties(static PROPERTIES LINKER_LANGUAGE CXX)
"""


def run(*command, **options):
    subprocess.run(command, check=True, timeout=200, stdout=subprocess.DEVNULL, **options)


class InstallTest(unittest.TestCase):
    def test_fresh_install(self):
        example = SOURCE / "examples" / "no_socket.c"
        flags = FLAGS.split()
        with tempfile.TemporaryDirectory() as folder:
            prefix = os.path.join(folder, "prefix")
            run("cmake", "--install", PATHS["build"], "--prefix", prefix)
            pkgconfig = next(pathlib.Path(prefix).rglob("gateway.pc")).parent
            library = next(pathlib.Path(prefix).rglob("libgateway.so")).parent
            env = dict(os.environ, PKG_CONFIG_PATH=str(pkgconfig), LD_LIBRARY_PATH=str(library))
            if shutil.which("pkg-config"):
                for kind in ("--shared", "--static"):
                    words = subprocess.run(["pkg-config", kind, "--cflags", "--libs", "gateway"], check=True, capture_output=True, text=True, env=env).stdout.split()
                    if kind == "--static":
                        words = [str(library / "libgateway.a") if word == "-lgateway" else word for word in words]
                    program = os.path.join(folder, "by_pkg_config" + kind)
                    run(os.environ.get("CC", "cc"), "-std=c99", str(example), "-o", program, *flags, *words)
                    run(program, env=env)
            with open(os.path.join(folder, "CMakeLists.txt"), "w", encoding="utf-8") as file:
                file.write(PROJECT.format(example=example))
            build = os.path.join(folder, "build")
            run("cmake", "-G", "Ninja", "-S", folder, "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}", f"-DCMAKE_C_FLAGS={FLAGS}", f"-DCMAKE_CXX_FLAGS={FLAGS}")
            run("cmake", "--build", build)
            for program in ("shared", "static"):
                run(os.path.join(build, program))


if __name__ == "__main__":
    main(build=None)
