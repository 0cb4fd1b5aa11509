#!/usr/bin/env python3
"""index.d.ts of the Node package, as the TypeScript compiler understands it: bindings/node/test/typed.mts is a typed program."""

import pathlib
import shutil
import subprocess
import tempfile
import unittest

import common  # noqa: F401  where processes is
from node_packages import install
from processes import PATHS, main, tool

PACKAGE = pathlib.Path(__file__).resolve().parents[2] / "bindings" / "node"
OPTIONS = ("--noEmit", "--strict", "--exactOptionalPropertyTypes", "--target", "esnext", "--lib", "esnext", "--module", "nodenext", "--types", "node")


class TypesTest(unittest.TestCase):
    def test_a_typed_program(self):
        node, packages = tool("node"), pathlib.Path(PATHS["node"])
        install(packages, "node_types")
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "node_modules" / "libgateway").mkdir(parents=True)
            (folder / "node_modules" / "@types").symlink_to((packages / "node_modules" / "@types").resolve())
            for file in ("index.d.ts", "package.json"):
                shutil.copy(PACKAGE / file, folder / "node_modules" / "libgateway")
            shutil.copy(PACKAGE / "test" / "typed.mts", folder)
            done = subprocess.run([node, packages / "node_modules" / "typescript" / "lib" / "tsc.js", *OPTIONS, "typed.mts"], cwd=folder,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
        self.assertEqual((done.returncode, done.stdout), (0, ""))


if __name__ == "__main__":
    main(node=None)
