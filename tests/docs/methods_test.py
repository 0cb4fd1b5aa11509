#!/usr/bin/env python3
"""docs/protocol.md lists the methods that there are: read from the tables in libgateway/src/method. --update writes them."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/protocol.md"
BEGIN, END = "<!-- methods -->\n", "<!-- end of methods -->\n"


TEXT = r'(?:R"\(.*?\)"|"(?:[^"\\]|\\.)*")'


def parameters(text, constants):
    """The schema of a row: adjacent strings, or the name of a constant."""
    name = re.match(r"\s*([a-z_]+)\s*,", text)
    if name:
        text = constants[name.group(1)]
    parts = re.findall(TEXT, text)
    return "".join(part[3:-2] if part.startswith("R") else part[1:-1].replace('\\"', '"') for part in parts)


def methods():
    for path in sorted((ROOT / "libgateway/src/method").glob("*_methods.cpp")):
        source = path.read_text()
        constants = dict(re.findall(r"constexpr std::string_view (\w+) =\s*((?:" + TEXT + r"\s*)+);", source))
        row = r'\{"([a-zA-Z.\-]+)",\s*(?:rpc::)?Scope::(\w+),\s*((?:' + TEXT + r'\s*)+,|\w+,)\s*(\w+)([^}]*)\}'
        for name, scope, schema, _, rest in re.findall(row, source):
            yield name, scope, parameters(schema, constants), rest


def table():
    lines = ["| Method | Scope | Parameters |\n", "|---|---|---|\n"]
    for name, scope, schema, rest in sorted(methods()):
        who = "role node" if "Role::node" in rest else "" if scope == "any" else scope.replace("_", ".")
        shown = f"`{schema}`".replace("|", "\\|") if schema and schema != "*" else ("any" if schema == "*" else "")
        lines.append(f"| `{name}` | {who} | {shown} |\n")
    return "".join(lines)


def main():
    page = PAGE.read_text()
    head, rest = page.split(BEGIN)
    written, tail = rest.split(END)
    found = table()
    if found.count("\n") < 100:
        sys.exit("the tables of methods could not be read")
    if "--update" in sys.argv:
        PAGE.write_text(head + BEGIN + found + END + tail)
    elif written != found:
        sys.exit("docs/protocol.md does not list the methods that there are: tests/docs/methods_test.py --update")


main()
