#!/usr/bin/env python3
"""Checks a rule pack and tries it on ordinary text.

    check_pack.py [--pack DIR]                  form, examples, catalogue; exit 1 on any fault
    check_pack.py --scan NAME=PATH[,PATH] ...   hits per rule and per megabyte on files that should be quiet

A development aid. It runs the rules with Python's `re`, which finds leftmost-first matches; the library's own engine
decides. Facts need the shell reader and are not evaluated: of a rule with facts only the pattern is tried.
FORMAT.md beside the pack defines every key used here.
"""
import argparse
import bz2
import gzip
import os
import re
import sys
import warnings

try:
    import yaml
except ImportError:
    print("skipped: python3-yaml is not installed")
    sys.exit(0)

import validators

HERE = os.path.dirname(os.path.abspath(__file__))
DEFAULT_PACK = os.path.join(HERE, "..", "..", "libgateway", "rules", "default")
MARKER = "~~"

SEVERITIES = ("LOW", "MEDIUM", "HIGH", "CRITICAL")
DIRECTIONS = {"prompt", "completion", "tool_call", "tool_result"}
TOOL_CATEGORIES = {"command", "sensitive-path", "cognitive-file", "c2"}
REQUIRED = {"id", "pattern", "title", "severity", "confidence", "tags", "kind", "examples"}
OPTIONAL = {"enabled", "expression", "tool_call_only", "directions", "profiles", "validator", "require_context",
            "forbid_context", "demote_context", "demote_unless", "normalise", "facts", "public_opening", "local_list"}
CONTEXT_KEYS = {"words", "within", "where", "quoted", "to"}
FACT_KEYS = {"program", "has", "has_not", "subcommand", "pipe", "reads_path", "writes_path", "executes_path",
             "contacts_host", "contacts_path", "code_has", "sets_variable", "unsets_variable"}


def unmark(text):
    return text.replace(MARKER, "")


def to_python(pattern):
    """RE2 writes code points as \\x{10FFFF}; Python wants \\U0010FFFF."""
    return re.sub(r"\\x\{([0-9A-Fa-f]+)\}", lambda m: "\\U%08x" % int(m.group(1), 16), pattern)


def lint_pattern(pattern):
    if len(pattern.encode()) > 2048:
        yield "pattern longer than 2048 bytes"
    for bad, why in ((r"\(\?<?[=!]", "look-around"), (r"\\[1-9]", "back-reference"), (r"\(\?>", "atomic group"),
                     (r"[*+?}]\+", "possessive repeat"), (r"\(\?P?<", "named group")):
        if re.search(bad, re.sub(r"\[(?:\\.|[^\]\\])*\]", "[]", pattern)):
            yield why
    for low, high in re.findall(r"(?<!\\x)\{(\d+)(?:,(\d*))?\}", pattern):
        if int(low) > 1000 or (high and int(high) > 1000):
            yield "repeat above 1000"
    if re.match(r"(?:\(\?[a-z]+\))?(?:\.[*+]|\[\^[^\]]*\][*+]|\\s[*+])", pattern):
        yield "begins with an unbounded loop"


class Rule:
    def __init__(self, data, category, path):
        self.data, self.category, self.path = data, category, path
        self.id = data.get("id", "?")
        self.regex = None

    def context_ok(self, text, begin, end):
        need, forbid = self.data.get("require_context"), self.data.get("forbid_context")
        if need and not context_found(need, text, begin, end):
            return False
        return not (forbid and context_found(forbid, text, begin, end))

    def demoted(self, text, begin, end):
        """The lower severity that this match gets, or None."""
        context, unless = self.data.get("demote_context"), self.data.get("demote_unless")
        if unless and not validators.accepts(unless["validator"], text[begin:end], text, begin, end):
            return unless["to"]
        return context["to"] if context and context_found(context, text, begin, end) else None

    def matches(self, text):
        """Accepted matches as (begin, end)."""
        spec = self.data.get("validator")
        kinds = [] if spec is None else spec if isinstance(spec, list) else [spec]
        for m in self.regex.finditer(text):
            if m.end() == m.start() or not self.context_ok(text, m.start(), m.end()):
                continue
            if all(validators.accepts(kind, m.group(), text, m.start(), m.end()) for kind in kinds):
                yield m.start(), m.end()

    def tool_call_only(self):
        return bool(self.data.get("tool_call_only")) or self.category in TOOL_CATEGORIES


def context_found(spec, text, begin, end):
    within, where = spec["within"], spec.get("where", "before")
    if spec.get("quoted"):
        quotes = "\"'`"
        if text[begin - 1:begin] not in tuple(quotes) and not (text[begin] in quotes and text[begin + 1] not in " \t"):
            return False
    pieces = []
    if where in ("before", "around"):
        pieces.append(text[max(0, begin - within):begin])
    if where in ("after", "around"):
        pieces.append(text[end:end + within])
    if "regex" not in spec:
        words = "|".join(re.escape(w) for w in sorted(spec["words"], key=len, reverse=True))
        spec["regex"] = re.compile(r"(?i)(?<![A-Za-z0-9])(?:%s)(?![A-Za-z0-9])" % words)
    return any(spec["regex"].search(p) for p in pieces)


def check_context(spec, key):
    if set(spec) - CONTEXT_KEYS:
        yield "%s: unknown keys %s" % (key, sorted(set(spec) - CONTEXT_KEYS))
    if not spec.get("words") or not all(isinstance(w, str) and w for w in spec["words"]):
        yield "%s: words missing or not text" % key
    if not 1 <= spec.get("within", 0) <= 128:
        yield "%s: within must be 1 to 128" % key
    if spec.get("where", "before") not in ("before", "after", "around"):
        yield "%s: where" % key


def check_facts(facts):
    for alternative in facts.get("any", []) or [{}]:
        if not alternative:
            yield "facts: empty alternative"
        if set(alternative) - FACT_KEYS:
            yield "facts: unknown keys %s" % sorted(set(alternative) - FACT_KEYS)
        for key, value in alternative.items():
            if key == "pipe":
                if set(value) != {"from", "to"}:
                    yield "facts: pipe needs from and to"
            elif not isinstance(value, list) or not all(isinstance(v, str) for v in value):
                yield "facts: %s must be a list of texts" % key
    if set(facts) != {"any"}:
        yield "facts: only `any` is known"


def load(pack):
    rules, faults = [], []
    folder = os.path.join(pack, "rules")
    seen = {}
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        with open(path, encoding="utf-8") as f:
            document = yaml.load(f, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        if set(document) != {"version", "category", "rules"} or document["version"] != 1:
            faults.append("%s: head" % name)
        for data in document["rules"]:
            rule = Rule(data, document["category"], name)
            where = "%s: %s: " % (name, rule.id)
            if rule.id in seen:
                faults.append(where + "also in " + seen[rule.id])
            seen[rule.id] = name
            if REQUIRED - set(data):
                faults.append(where + "missing %s" % sorted(REQUIRED - set(data)))
                continue
            if set(data) - REQUIRED - OPTIONAL:
                faults.append(where + "unknown %s" % sorted(set(data) - REQUIRED - OPTIONAL))
            if data["severity"] not in SEVERITIES or not 0 < data["confidence"] <= 1:
                faults.append(where + "severity or confidence")
            if data["kind"] not in ("mask", "stop"):
                faults.append(where + "kind")
            if set(data.get("directions", [])) - DIRECTIONS:
                faults.append(where + "directions")
            for key in ("require_context", "forbid_context", "demote_context"):
                if key in data:
                    faults += [where + f for f in check_context(data[key], key)]
            if "facts" in data:
                faults += [where + f for f in check_facts(data["facts"])]
            spec = data.get("validator")
            for kind in [] if spec is None else spec if isinstance(spec, list) else [spec]:
                if not validators.known(kind):
                    faults.append(where + "unknown validator %r" % kind)
            faults += [where + f for f in lint_pattern(data["pattern"])]
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("error")
                    rule.regex = re.compile(to_python(data["pattern"]), re.ASCII)
            except (re.error, Warning) as e:
                faults.append(where + "pattern: %s" % e)
                continue
            rules.append(rule)
    return rules, faults


def check_examples(rule):
    examples = rule.data["examples"]
    if set(examples) - {"match", "near_miss", "facts_near_miss"}:
        yield "examples: unknown keys"
    for key in ("match", "near_miss"):
        if len(examples.get(key, [])) < 2:
            yield "examples: fewer than two in %s" % key
    for text in examples.get("match", []):
        if not any(rule.matches(unmark(text))):
            yield "does not match: %r" % text
    for text in examples.get("near_miss", []):
        for begin, end in rule.matches(unmark(text)):
            yield "matches near miss: %r at %r" % (text, unmark(text)[begin:end])
            break
    for text in examples.get("facts_near_miss", []):
        if "facts" not in rule.data:
            yield "facts_near_miss without facts"


def check_catalogue(rules):
    """catalogue.txt: id, severity, category. Policies in use name these ids."""
    have = {r.id: r for r in rules}
    with open(os.path.join(HERE, "catalogue.txt"), encoding="utf-8") as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                rule_id, severity, category = line.split()
                if rule_id not in have:
                    yield "%s: missing" % rule_id
                elif have[rule_id].data["severity"] != severity or have[rule_id].category != category:
                    yield "%s: severity or category differs from the catalogue" % rule_id


def check_other_files(pack, rules):
    ids = {r.id for r in rules}
    for name in ("local-patterns.yaml", "sensitive-tools.yaml", "suppressions.yaml"):
        path = os.path.join(pack, name)
        if not os.path.exists(path):
            yield "%s: missing" % name
            continue
        with open(path, encoding="utf-8") as f:
            document = yaml.safe_load(f)
        if document.get("version") != 1:
            yield "%s: version" % name
        for item in document.get("finding_suppressions", []) or []:
            for key in ("finding_pattern", "entity_pattern"):
                if key in item:
                    re.compile(to_python(item[key]))
        for item in document.get("rule_suppressions", []) or []:
            if item["rule"] not in ids:
                yield "%s: no such rule %s" % (name, item["rule"])
    for name in sorted(os.listdir(os.path.join(pack, "judge"))):
        with open(os.path.join(pack, "judge", name), encoding="utf-8") as f:
            document = yaml.safe_load(f)
        if document.get("version") != 1 or not document.get("system_prompt") or not document.get("categories"):
            yield "judge/%s: version, system_prompt or categories" % name


def texts(path, limit):
    """Readable files below a path, man pages without their markup."""
    files = [path] if os.path.isfile(path) else sorted(
        os.path.join(d, f) for d, _, fs in os.walk(path) for f in fs)
    total = 0
    for name in files:
        if total >= limit:
            return
        try:
            opener = gzip.open if name.endswith(".gz") else bz2.open if name.endswith(".bz2") else open
            with opener(name, "rb") as f:
                raw = f.read(4 << 20)
        except (OSError, EOFError):
            continue
        if b"\0" in raw[:4096]:
            continue
        text = raw.decode("utf-8", "replace")
        if "/man/" in name:
            text = re.sub(r"\\f[A-Z]|\\f\([A-Z]{2}|^\.[A-Za-z]{1,3} ?|\\&", "", text, flags=re.M).replace("\\-", "-")
        total += len(text)
        yield name, text


def scan(rules, corpora, limit, show):
    for name, paths in corpora:
        size = paragraphs = alerting = blocking = 0
        hits, samples = {}, {}
        for path in paths:
            for file, text in texts(path, limit):
                size += len(text)
                starts = [m.end() for m in re.finditer(r"\n[ \t]*\n", text)]
                paragraphs += len(starts) + 1
                marked = {}
                for rule in rules:
                    if rule.data.get("enabled") is False:
                        continue
                    for begin, end in rule.matches(text):
                        severity = rule.demoted(text, begin, end) or rule.data["severity"]
                        hits[rule.id] = hits.get(rule.id, 0) + 1
                        samples.setdefault(rule.id, []).append((file, text[begin:end][:100]))
                        if not rule.tool_call_only() and severity != "LOW":
                            paragraph = sum(1 for s in starts if s <= begin)
                            marked[paragraph] = max(marked.get(paragraph, 0), SEVERITIES.index(severity))
                alerting += len(marked)
                blocking += sum(1 for s in marked.values() if s == 3)
        megabytes = max(size / 1e6, 1e-9)
        print("%s: %.1f MB, %d paragraphs, content alerts in %d (1 in %s), blocks in %d" % (
            name, megabytes, paragraphs, alerting, paragraphs // alerting if alerting else "-", blocking))
        tools = {r.id for r in rules if r.tool_call_only()}
        for rule_id, count in sorted(hits.items(), key=lambda h: -h[1]):
            print("  %-36s %6d  %8.2f/MB%s" % (rule_id, count, count / megabytes,
                                               "  (tool calls only)" if rule_id in tools else ""))
            for file, text in samples[rule_id][:show]:
                print("      %s: %r" % (file, text))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pack", default=DEFAULT_PACK)
    parser.add_argument("--scan", action="append", default=[], metavar="NAME=PATH[,PATH]")
    parser.add_argument("--limit-mb", type=float, default=4, help="text read per path")
    parser.add_argument("--show", type=int, default=0, help="samples per rule")
    parser.add_argument("--content-only", action="store_true", help="leave out the rules for tool calls")
    args = parser.parse_args()

    rules, faults = load(args.pack)
    if args.scan:
        if args.content_only:
            rules = [r for r in rules if not r.tool_call_only()]
        corpora = [(s.split("=", 1)[0], s.split("=", 1)[1].split(",")) for s in args.scan]
        scan(rules, corpora, args.limit_mb * 1e6, args.show)
        return 0
    for rule in rules:
        faults += ["%s: %s: %s" % (rule.path, rule.id, f) for f in check_examples(rule)]
    faults += check_catalogue(rules)
    faults += check_other_files(args.pack, rules)
    for fault in faults:
        print(fault)
    counts = {}
    for rule in rules:
        counts[rule.category] = counts.get(rule.category, 0) + 1
    for category, count in sorted(counts.items()):
        print("%-22s %4d" % (category, count))
    print("%d rules, %d faults" % (len(rules), len(faults)))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
