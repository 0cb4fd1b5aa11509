"""Builds gateway._native, the C ABI as cffi sees it. Its declarations are the public headers themselves.

    gateway_build.py --include DIR --library DIR --out DIR

With no arguments, as for pip, pkg-config says where the library is.
"""

import argparse
import os
import pathlib
import re
import subprocess

import cffi

NATIVE = pathlib.Path(__file__).resolve().parent / "gateway_native.c"


def declarations(include):
    """The headers without what only a compiler needs; the compiler checks the result against the real ones."""
    gateway = pathlib.Path(include) / "gateway"
    order = re.findall(r'#include "gateway/(\w+\.h)"', (gateway / "gateway.h").read_text())
    text = "\n".join((gateway / name).read_text() for name in order)
    text = re.sub(r"#ifdef __cplusplus.*?#endif", "", text, flags=re.DOTALL)
    constants = re.findall(r"^#define (GW_NEVER|GW_SYSTEM_TIME|GW_PORT_ANY|GW_LENGTH_UNKNOWN)\b", text, flags=re.MULTILINE)
    text = re.sub(r"^ *#.*$", "", text, flags=re.MULTILINE).replace("GW_API ", "")
    own = re.search(r"#if 0 +/\* declarations for cffi \*/(.*?)#endif /\* for cffi \*/", NATIVE.read_text(), flags=re.DOTALL).group(1)
    return text + "".join(f"\n#define {name} ..." for name in constants) + own


def make(include, **link):
    ffi = cffi.FFI()
    ffi.cdef(declarations(include))
    ffi.set_source("gateway._native", NATIVE.read_text(), include_dirs=[str(include)], **link)
    return ffi


def installed():
    """For setup.py: the library as pkg-config knows it. With GATEWAY_STATIC=1 the module carries it inside."""
    def ask(*what):
        return subprocess.run(["pkg-config", *what, "gateway"], check=True, capture_output=True, text=True).stdout.strip()
    include, library = ask("--variable=includedir"), ask("--variable=libdir")
    if os.environ.get("GATEWAY_STATIC") == "1":
        private = [word for word in ask("--static", "--libs").split() if word not in ("-lgateway", f"-L{library}")]
        return make(include, extra_link_args=[f"{library}/libgateway.a", *private])
    return make(include, libraries=["gateway"], library_dirs=[library], runtime_library_dirs=[library])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, place in (("--include", "headers"), ("--library", "objects"), ("--out", "out")):
        parser.add_argument(name, required=True, type=pathlib.Path, dest=place)
    given = parser.parse_args()
    folder = str(given.objects.resolve())  # cffi compiles in another directory
    make(given.headers.resolve(), libraries=["gateway"], library_dirs=[folder], runtime_library_dirs=[folder]).compile(tmpdir=str(given.out))


if __name__ == "__main__":
    main()
