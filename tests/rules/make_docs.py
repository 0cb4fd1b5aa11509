#!/usr/bin/env python3
"""Writes docs/rules.md from the default pack. With --check: exit 1 if the file is stale."""
import os
import sys

try:
    import yaml
except ImportError:
    print("skipped: python3-yaml is not installed")
    sys.exit(0)

HERE = os.path.dirname(os.path.abspath(__file__))
PACK = os.path.join(HERE, "..", "..", "libgateway", "rules", "default")
OUT = os.path.join(HERE, "..", "..", "docs", "rules.md")

HEAD = """# Rules of the default pack

Made by tests/rules/make_docs.py from libgateway/rules/default; edit the rules, not this file. How to write a rule, and what
the validators and facts mean: libgateway/rules/default/FORMAT.md. Severity and state are those of the default profile.

*mask*: no byte of a match leaves. *stop*: no complete match leaves. *Checks*: v validator, c context word, f facts of the
shell reader, d lowered in stated cases. Off: only with the strict profile.
"""


def checks(rule):
    return "".join(letter for letter, keys in (
        ("v", ("validator",)), ("c", ("require_context", "forbid_context")), ("f", ("facts",)),
        ("d", ("demote_context", "demote_unless"))) if any(k in rule for k in keys))


def main():
    parts, summary, total = [], [], 0
    folder = os.path.join(PACK, "rules")
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), encoding="utf-8") as f:
            document = yaml.load(f, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        rules = document["rules"]
        total += len(rules)
        masks = sum(r["kind"] == "mask" for r in rules)
        summary.append("| [%s](#%s) | %d | %d | %d |" % (document["category"], document["category"], len(rules), masks,
                                                     sum(r.get("enabled") is False for r in rules)))
        parts.append("\n## %s\n\n| id | title | severity | kind | checks |\n| --- | --- | --- | --- | --- |" %
                     document["category"])
        for r in rules:
            parts.append("| %s | %s | %s%s | %s | %s |" % (
                r["id"], r["title"], r["severity"], " (off)" if r.get("enabled") is False else "", r["kind"], checks(r)))
    text = HEAD + "\n| category | rules | mask | off |\n| --- | ---: | ---: | ---: |\n" + "\n".join(summary)
    text += "\n| **together** | **%d** | | |\n" % total + "\n".join(parts) + "\n"
    if "--check" in sys.argv[1:]:
        with open(OUT, encoding="utf-8") as f:
            if f.read() != text:
                print("docs/rules.md is stale: run tests/rules/make_docs.py")
                return 1
        return 0
    with open(OUT, "w", encoding="utf-8") as f:
        f.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
