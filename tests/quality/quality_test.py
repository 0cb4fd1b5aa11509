#!/usr/bin/env python3
"""What the default pack finds, and what it should leave alone: recall and false positives over labelled corpora.

    quality_test.py inspect=PATH                    compare with expected.json; exit 1 if anything became worse
    quality_test.py inspect=PATH --update           write expected.json
    quality_test.py inspect=PATH pack=FOLDER ...    with a pack over the built-in one
    quality_test.py inspect=PATH --missed [WORD]    the items that are not as labelled, of categories with WORD in the name
    quality_test.py inspect=PATH --documentation [FOLDER...]
                                                    ordinary texts of this machine, paragraph by paragraph

An item is right when what was done is at least what is `expected`: block, alert, redact (its `secret` did not leave) or
none (nothing is reported). README.md says where the corpora come from.
"""
import bz2
import collections
import gzip
import json
import os
import pathlib
import re
import subprocess
import sys
import zlib

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
EXPECTED = HERE / "expected.json"
RECALL_LOSS_MAX = 1.0  # percentage points
MARKER = "~~"
LEVEL = {"allow": 0, "alert": 1, "confirm": 2, "block": 3}


def items_of(name):
    with open(HERE / "corpora" / name, encoding="utf-8") as lines:
        return [json.loads(line.replace(MARKER, "")) for line in lines]


def inspect(program, items):
    """One verdict an item, in their order."""
    lines = (json.dumps({key: item[key] for key in ("id", "direction", "text", "tool_name", "args") if key in item})
             for item in items)
    # A pipe to each side at once would need threads; corpora are small, texts of a machine come in batches.
    done = subprocess.run([*program, "--jsonl"], input="\n".join(lines) + "\n", capture_output=True, encoding="utf-8",
                          errors="replace", timeout=600)
    if done.returncode not in (0, 1):
        sys.exit(f"gateway-inspect failed: {done.stderr}")
    verdicts = [json.loads(line) for line in done.stdout.splitlines()]
    for item, verdict in zip(items, verdicts):
        if verdict["id"] != item["id"] or "error" in verdict:
            sys.exit(f"gateway-inspect answered {verdict} to {item['id']}")
    if len(verdicts) != len(items):
        sys.exit("gateway-inspect did not answer every line")
    return verdicts


def as_labelled(item, verdict):
    if item["expected"] == "redact":
        return not any(line in verdict["released"] for line in item["secret"].split("\n") if len(line) >= 6)
    if item["expected"] == "none":
        return LEVEL[verdict["action"]] == 0 and verdict["redactions"] == 0
    return LEVEL[verdict["action"]] >= LEVEL[item["expected"]]


def judged(program):
    names = sorted(path.name for path in (HERE / "corpora").glob("*.jsonl"))
    items = [item for name in names for item in items_of(name)]
    if len({item["id"] for item in items}) != len(items):
        sys.exit("an id stands twice in the corpora")
    return list(zip(items, inspect(program, items)))


def figures(results):
    attacks, benign = {}, {}
    for item, verdict in results:
        if item["expected"] == "none":
            row = benign.setdefault(item["category"], {"items": 0, "blocks": 0, "alerts": 0})
            row["items"] += 1
            row["blocks"] += verdict["action"] == "block"
            row["alerts"] += verdict["action"] != "block" and not as_labelled(item, verdict)
        else:
            row = attacks.setdefault(item["category"], {"items": 0, "found": 0})
            row["items"] += 1
            row["found"] += as_labelled(item, verdict)
    return {"attacks": dict(sorted(attacks.items())), "benign": dict(sorted(benign.items()))}


def sums(rows):
    total = collections.Counter()
    for row in rows.values():
        total.update(row)
    return total


def percent(row):
    return 100.0 * row["found"] / row["items"]


def show(now):
    print("| attacks and leaks | items | found | recall |\n| --- | ---: | ---: | ---: |")
    for name, row in [*now["attacks"].items(), ("**together**", sums(now["attacks"]))]:
        print(f"| {name} | {row['items']} | {row['found']} | {percent(row):.1f} % |")
    print("\n| ordinary texts | items | blocks | alerts |\n| --- | ---: | ---: | ---: |")
    for name, row in [*now["benign"].items(), ("**together**", sums(now["benign"]))]:
        print(f"| {name} | {row['items']} | {row['blocks']} | {row['alerts']} |")


def worse(now, before):
    for name, old in before["attacks"].items():
        new = now["attacks"].get(name)
        if new is None:
            yield f"{name}: no item is left"
        elif percent(new) < percent(old) - RECALL_LOSS_MAX:
            yield f"{name}: recall fell from {percent(old):.1f} % to {percent(new):.1f} %"
    for name, old in before["benign"].items():
        new = now["benign"].get(name)
        if new is None:
            yield f"{name}: no item is left"
            continue
        if new["blocks"] > old["blocks"]:
            yield f"{name}: blocks rose from {old['blocks']} to {new['blocks']}"
        # A block that became an alert is no new alarm.
        if sum((new["blocks"], new["alerts"])) > sum((old["blocks"], old["alerts"])):
            yield f"{name}: alarms rose from {old['blocks'] + old['alerts']} to {new['blocks'] + new['alerts']}"
    for side in ("attacks", "benign"):
        for name in now[side].keys() - before[side].keys():
            yield f"{name}: not in expected.json, run with --update"


# ---- ordinary texts of a machine -----------------------------------------------------------------------------------

OPENERS = {".gz": gzip.open, ".bz2": bz2.open}
TEXT = re.compile(r"\.(?:md|txt|rst|html?|[ch]|cpp|hpp|cc|py|sh|js|ts|java|go|rs|yaml|yml|json|toml|cmake|xml|css|tex|pod|"
                  r"[1-8](?:[a-z]+)?)$|(?:^|/)(?:README|NEWS|changelog|copyright|TODO|AUTHORS|FAQ|HACKING|INSTALL)[^/]*$", re.I)
# Rules and tests hold attacks and credentials on purpose.
NOT_OURS = re.compile(r"/(?:\.git|build[^/]*|tests|rules/default|node_modules)(?:/|$)")


def files_of(folder):
    for where, names, files in os.walk(folder):
        if NOT_OURS.search(where):
            names.clear()
            continue
        for name in files:
            path = os.path.join(where, name)
            plain, suffix = os.path.splitext(path)
            if TEXT.search(plain if suffix in OPENERS else path) and not os.path.islink(path):
                yield path


def paragraphs_of(folders, bytes_max=20 << 20):
    """Of each folder up to so many bytes, its files in an order that is the same every time and mixes them."""
    for folder in folders:
        left = bytes_max
        for path in sorted(files_of(folder), key=lambda path: zlib.crc32(path.encode())):
            try:
                with OPENERS.get(os.path.splitext(path)[1], open)(path, "rb") as file:
                    text = file.read(1 << 20).decode("utf-8")
            except (OSError, UnicodeDecodeError, EOFError):
                continue
            for number, paragraph in enumerate(re.split(r"\n\s*\n", text)):
                if len(paragraph) > 20:
                    left -= len(paragraph)
                    yield f"{path}#{number}", paragraph
            if left < 0:
                break


def documentation(program, folders):
    count = blocks = alerts = 0
    rules = collections.Counter()
    batch = []

    def flush():
        nonlocal blocks, alerts
        for item, verdict in zip(batch, inspect(program, batch)):
            if verdict["action"] == "allow":
                continue
            blocks += verdict["action"] == "block"
            alerts += verdict["action"] != "block"
            ids = sorted({finding["rule_id"] for finding in verdict["detailed_findings"] if finding["action"] != "allow"})
            rules.update(ids)
            print(f"{verdict['action']}: {item['id']}: {', '.join(ids)}")
        batch.clear()

    for name, paragraph in paragraphs_of(folders):
        count += 1
        batch.append({"id": name, "direction": "tool_result" if count % 2 else "completion", "text": paragraph})
        if len(batch) == 5000:
            flush()
    if batch:
        flush()
    print(f"{count} paragraphs, {blocks} blocks, {alerts} alerts ({1000 * alerts / max(count, 1):.3f} in 1000)")
    for rule, times in rules.most_common():
        print(f"  {rule} {times}")
    return 1 if blocks or alerts * 1000 >= count else 0


def main(arguments):
    paths = dict(a.split("=", 1) for a in arguments if a.startswith(("inspect=", "pack=")))
    rest = [a for a in arguments if not a.startswith(("inspect=", "pack="))]
    if "inspect" not in paths:
        sys.exit(__doc__)
    program = [paths["inspect"], *(["--pack", paths["pack"]] if "pack" in paths else [])]
    if rest[:1] == ["--documentation"]:
        return documentation(program, rest[1:] or ["/usr/share/man", "/usr/share/doc", str(ROOT)])
    results = judged(program)
    if rest[:1] == ["--missed"]:
        word = rest[1] if len(rest) > 1 else ""
        for item, verdict in results:
            if word in item["category"] and not as_labelled(item, verdict):
                print(item["id"], item["expected"], verdict["action"], [f["rule_id"] for f in verdict["detailed_findings"]],
                      json.dumps(item.get("text") or item.get("args"), ensure_ascii=False)[:400], item.get("kind", ""))
        return 0
    now = figures(results)
    show(now)
    if rest == ["--update"]:
        EXPECTED.write_text(json.dumps(now, indent=1) + "\n", encoding="utf-8")
        return 0
    faults = list(worse(now, json.loads(EXPECTED.read_text(encoding="utf-8"))))
    for fault in faults:
        print("worse:", fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
