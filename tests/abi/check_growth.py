#!/usr/bin/env python3
"""Every struct of the first headers is the beginning of today's, and nothing new lies where the old one had padding.

usage: check_growth.py OLD_INCLUDE_DIR INCLUDE_DIR

A caller of the first version never wrote to the padding at the end of its struct, so a field there would be read as garbage.
"""
import os
import re
import sys

from check_abi import layouts


def table(include_dir):
    found = {}
    for line in layouts(os.path.join(include_dir, "gateway"), os.environ.get("CC", "cc")):
        _, struct, member, number = line.split()
        members = found.setdefault(struct, {})
        members["sizeof" if not members else member] = int(number)  # the struct's own size comes first
    return found


def enumerators(include_dir):
    values = {}
    for name in sorted(os.listdir(os.path.join(include_dir, "gateway"))):
        with open(os.path.join(include_dir, "gateway", name), encoding="utf-8") as file:
            values.update(re.findall(r"\b(GW_[A-Z0-9_]+) = ([-0-9]+)", file.read()))
    return values


def main():
    old, new = table(sys.argv[1]), table(sys.argv[2])
    wrong = []
    for struct, members in old.items():
        for member, offset in members.items():
            if member != "sizeof" and new.get(struct, {}).get(member) != offset:
                wrong.append(f"{struct}.{member} has moved or gone")
        if "size" in members and struct in new:
            for member, offset in new[struct].items():
                if member not in members and offset < members["sizeof"]:
                    wrong.append(f"{struct}.{member} lies in the padding of the first version")
    was, now = enumerators(sys.argv[1]), enumerators(sys.argv[2])
    wrong += [f"{name} was {value}" for name, value in was.items() if now.get(name) != value]
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"{len(old)} structs and {len(was)} constants have kept")


main()
