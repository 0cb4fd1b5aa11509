"""Builds gateway._native, the C ABI as cffi sees it. Its declarations are the public headers themselves.

    gateway_build.py --include DIR --library DIR --out DIR

With no arguments, as for pip, pkg-config says where the library is.
"""

import argparse
import pathlib
import re
import subprocess

import cffi

HOST_FUNCTIONS = """
extern "Python" void gateway_py_log(void *user, gw_log_level level, gw_str line);
"""


def declarations(include):
    """The headers without what only a compiler needs; the compiler checks the result against the real ones."""
    gateway = pathlib.Path(include) / "gateway"
    order = re.findall(r'#include "gateway/(\w+\.h)"', (gateway / "gateway.h").read_text())
    text = "\n".join((gateway / name).read_text() for name in order)
    text = re.sub(r"#ifdef __cplusplus.*?#endif", "", text, flags=re.DOTALL)
    constants = re.findall(r"^#define (GW_NEVER|GW_PORT_ANY|GW_LENGTH_UNKNOWN)\b", text, flags=re.MULTILINE)
    text = re.sub(r"^ *#.*$", "", text, flags=re.MULTILINE).replace("GW_API ", "")
    return text + "".join(f"\n#define {name} ..." for name in constants)


def make(include, **link):
    ffi = cffi.FFI()
    ffi.cdef(declarations(include))
    ffi.cdef(HOST_FUNCTIONS)
    ffi.set_source("gateway._native", "#include <gateway/gateway.h>", include_dirs=[str(include)], libraries=["gateway"], **link)
    return ffi


def installed():
    """For setup.py: the library as pkg-config knows it."""
    def ask(variable):
        return subprocess.run(["pkg-config", f"--variable={variable}", "gateway"], check=True, capture_output=True, text=True).stdout.strip()
    library = ask("libdir")
    return make(ask("includedir"), library_dirs=[library], runtime_library_dirs=[library])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("--include", "--library", "--out"):
        parser.add_argument(name, required=True, type=pathlib.Path)
    given = parser.parse_args()
    library = str(given.library.resolve())  # cffi compiles in another directory
    make(given.include.resolve(), library_dirs=[library], runtime_library_dirs=[library]).compile(tmpdir=str(given.out))


if __name__ == "__main__":
    main()
