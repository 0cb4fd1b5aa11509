#!/usr/bin/env python3
"""The Debian package, unpacked into an empty folder: what is in it, and that it runs from there."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import common  # makes tests/support importable
from processes import PATHS, main, tool

SOURCE = pathlib.Path(__file__).resolve().parents[2]
FLAGS = os.environ.get("GATEWAY_TEST_FLAGS", "").split()  # as the library was built: sanitizers


def output(*command, **options):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=200, **options)
    if done.returncode != 0:
        raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


class PackageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for name in ("cpack", "dpkg-deb", "dpkg-shlibdeps"):
            tool(name)
        cls.folder = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls.folder.name) / "root"
        config = pathlib.Path(PATHS["build"]) / "CPackConfig.cmake"
        # cpack would build first: what is tested is what is built already.
        stage = f"{cls.folder.name}/stage"
        output("cmake", "--install", PATHS["build"], "--prefix", f"{stage}/usr")
        output("cpack", "--config", str(config), "-G", "DEB", "-B", cls.folder.name, "-D", "CPACK_INSTALL_CMAKE_PROJECTS=",
               "-D", "CPACK_DEBIAN_COMPRESSION_TYPE=gzip",  # fast: what is built with sanitizers is large
               "-D", f"CPACK_INSTALLED_DIRECTORIES={stage};/", "-D", f"CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS={stage}/usr/lib",
               cwd=cls.folder.name)
        cls.package = next(pathlib.Path(cls.folder.name).glob("*.deb"))
        output("dpkg-deb", "-x", str(cls.package), str(cls.root))
        cls.lib_path = next((cls.root / "usr").rglob("libgateway.so")).parent
        cls.env = dict(os.environ, LD_LIBRARY_PATH=str(cls.lib_path), HOME=cls.folder.name)
        for name in [name for name in cls.env if name.startswith(("OPENCLAW_", "DEFENSECLAW_"))]:
            del cls.env[name]

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_what_is_in_it(self):
        have = {str(path.relative_to(self.root / "usr")) for path in (self.root / "usr").rglob("*")}
        for wanted in ("bin/gatewayd", "bin/gateway-inspect", "include/gateway/gateway.h", "share/man/man1/gatewayd.1",
                       "share/man/man1/gateway-inspect.1", "lib/systemd/system/gatewayd.service"):
            self.assertTrue(any(name == wanted or name == wanted + ".gz" for name in have), wanted)
        for ending in ("gatewayConfig.cmake", "gateway.pc", "libgateway.so.0", "libgateway.a", "rules/default/suppressions.yaml"):
            self.assertTrue(any(name.endswith(ending) for name in have), ending)
        info = output("dpkg-deb", "-I", str(self.package))
        self.assertIn("Depends: lib", info)
        self.assertIn("Recommends: ca-certificates", info)

    def test_programs_run(self):
        gatewayd = str(self.root / "usr/bin/gatewayd")
        self.assertRegex(output(gatewayd, "--version", env=self.env), r"^gatewayd \d")
        self.assertIn("valid", output(gatewayd, "--check", env=self.env))
        text = pathlib.Path(self.folder.name) / "clean.txt"
        text.write_text("Glomma, Tana, Otra\n")
        output(str(self.root / "usr/bin/gateway-inspect"), str(text), env=self.env)

    @unittest.skipUnless(os.geteuid() == 0, "dpkg installs for root only")
    def test_it_is_installed_and_goes(self):
        """By dpkg, into a root where nothing is: so what it depends on is not there, and nothing else may be in the way."""
        root = pathlib.Path(self.folder.name) / "clean"
        for folder in ("info", "updates", "triggers"):
            (root / "var/lib/dpkg" / folder).mkdir(parents=True)
        for file in ("status", "available"):
            (root / "var/lib/dpkg" / file).touch()
        dpkg = tool("dpkg"), f"--root={root}", "--force-depends", "--force-script-chrootless"  # its ldconfig is the one of this machine
        output(*dpkg, "-i", str(self.package))
        self.assertIn("Status: install ok installed", output(*dpkg, "-s", "libgateway"))
        files = output(*dpkg, "-L", "libgateway").split()
        self.assertIn("/usr/bin/gatewayd", files)
        gatewayd = str(root / "usr/bin/gatewayd")
        lib_path = next((root / "usr").rglob("libgateway.so")).parent
        self.assertRegex(output(gatewayd, "--version", env=dict(self.env, LD_LIBRARY_PATH=str(lib_path))), r"^gatewayd \d")
        output(*dpkg, "-P", "libgateway")
        self.assertFalse((root / "usr").exists())

    def test_programs_of_the_docs_build(self):
        """docs/embedding-c.md and docs/embedding-cpp.md: their programs, by the commands that stand there."""
        env = dict(self.env, PKG_CONFIG_PATH=str(self.lib_path / "pkgconfig"))
        words = output(tool("pkg-config"), "--cflags", "--libs", "gateway", env=env).split()
        for compiler, standard, source, said in ((os.environ.get("CC", "cc"), "-std=c99", "no_socket.c", ""),
                                                 (os.environ.get("CXX", "c++"), "-std=c++20", "hello.cpp", "data: [DONE]")):
            program = str(pathlib.Path(self.folder.name) / "program")
            output(compiler, standard, str(SOURCE / "examples" / source), "-o", program, *FLAGS, *words, env=env)
            self.assertIn(said, output(program, env=self.env))

    def test_manuals_and_unit(self):
        if shutil.which("man"):
            for page in (self.root / "usr/share/man/man1").iterdir():
                self.assertEqual("", subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", str(page)], stdin=subprocess.DEVNULL,
                                                    stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=60).stderr)
        unit = self.root / "usr/lib/systemd/system/gatewayd.service"
        self.assertRegex(unit.read_text(), r"(?m)^ExecStart=gatewayd$")
        if shutil.which("systemd-analyze"):
            # It need not run here: only what it says about the unit's own lines counts.
            said = subprocess.run(["systemd-analyze", "verify", "--man=no", str(unit)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, timeout=60).stdout
            self.assertNotRegex(said, r"gatewayd\.service:\d+:")


if __name__ == "__main__":
    main(build=None)
