#!/usr/bin/env python3
"""Compares what the library exports with tests/abi/abi.txt: every symbol, and size and offsets of every public struct.

usage: check_abi.py LIBRARY INCLUDE_DIR ABI_TXT [--update]

A difference fails the test. Additions that docs/abi.md allows are taken over with --update.
"""
import os
import re
import subprocess
import sys
import tempfile


def symbols(library):
    out = subprocess.run(["nm", "-D", "--defined-only", library], check=True, capture_output=True, text=True).stdout
    names = sorted(line.split()[2].split("@")[0] for line in out.splitlines() if len(line.split()) == 3)
    return [name for name in names if name != "LIBGATEWAY_0"]


def structs(include_dir):
    """Name -> members of every struct whose definition is public, in the headers' order."""
    found = {}
    for header in sorted(os.listdir(include_dir)):
        with open(os.path.join(include_dir, header), encoding="utf-8") as file:
            text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)
        for match in re.finditer(r"typedef struct (\w+) \{(.*?)\n\} (\w+);", text, flags=re.S):
            members = []
            for declaration in match.group(2).split(";"):
                declaration = " ".join(declaration.split())
                if not declaration:
                    continue
                function = re.match(r".*?\(\*(\w+)\)\(", declaration)
                if function:
                    members.append(function.group(1))
                else:
                    for part in declaration.split(","):
                        members.append(re.search(r"(\w+)(\[[^\]]*\])?$", part.strip()).group(1))
            found[match.group(3)] = members
    return found


def layouts(include_dir, compiler):
    lines = ["#include <gateway/gateway.h>", "#include <stddef.h>", "#include <stdio.h>", "int main(void) {"]
    for name, members in structs(include_dir).items():
        lines.append(f'printf("struct {name} size %zu\\n", sizeof({name}));')
        for member in members:
            lines.append(f'printf("struct {name} {member} %zu\\n", offsetof({name}, {member}));')
    lines.append("return 0; }")
    with tempfile.TemporaryDirectory() as folder:
        source, program = os.path.join(folder, "layout.c"), os.path.join(folder, "layout")
        with open(source, "w", encoding="utf-8") as file:
            file.write("\n".join(lines))
        subprocess.run([compiler, "-std=c99", "-I", os.path.dirname(include_dir), source, "-o", program], check=True)
        return subprocess.run([program], check=True, capture_output=True, text=True).stdout.splitlines()


def main():
    library, include_dir, expected_path = sys.argv[1:4]
    include_dir = os.path.join(include_dir.rstrip("/"), "gateway")
    now = [f"symbol {name}" for name in symbols(library)] + sorted(layouts(include_dir, os.environ.get("CC", "cc")))
    foreign = [line for line in now if line.startswith("symbol ") and not line.startswith("symbol gw_")]
    if foreign:
        sys.exit("exported, but not ours to export:\n" + "\n".join(foreign))
    if "--update" in sys.argv:
        with open(expected_path, "w", encoding="utf-8") as file:
            file.write("\n".join(now) + "\n")
        return
    with open(expected_path, encoding="utf-8") as file:
        expected = file.read().splitlines()
    gone = [line for line in expected if line not in set(now)]
    new = [line for line in now if line not in set(expected)]
    for line in gone:
        print("-", line)
    for line in new:
        print("+", line)
    if gone or new:
        sys.exit("the ABI differs from abi.txt; if docs/abi.md allows it: check_abi.py ... --update")
    print(f"{len(now)} lines agree")


if __name__ == "__main__":
    main()
