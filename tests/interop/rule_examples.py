"""What the default rule pack must match, read from its files, and fresh secrets of the same form.

The pack's YAML is regular, so that a few lines read the part that is needed here: id, severity, kind, pattern and the
examples of each rule. Patterns are RE2's; the few that Python's `re` does not know are left out.
"""

import pathlib
import random
import re
import string
import warnings

RULES = pathlib.Path(__file__).resolve().parents[2] / "libgateway" / "rules" / "default" / "rules"
# Validators that a random value of the same form satisfies.
MUTABLE = {"", "token", "mixed"}


class Rule:
    def __init__(self, category, lines):
        self.category = category
        text = "\n".join(lines)
        self.id = lines[0].split(":", 1)[1].strip()
        self.severity = find(r"^    severity: (\w+)", text)
        self.kind = find(r"^    kind: (\w+)", text)
        self.enabled = find(r"^    enabled: (\w+)", text) != "false"
        self.validator = find(r"^    validator: (.*)", text)
        self.directions = find(r"^    directions: \[(.*)\]", text)
        self.facts = "    facts:" in text
        self.pattern = compiled(unquote(find(r"^    pattern: (.*)", text)))
        self.examples = [one.replace("~~", "") for one in match_examples(text)]


def find(pattern, text):
    found = re.search(pattern, text, re.M)
    return found[1].strip() if found else ""


def match_examples(text):
    found = re.search(r"^      match:(.*)((?:\n        - .*)*)", text, re.M)
    quoted = re.compile(r"'((?:[^']|'')*)'|\"((?:[^\"\\]|\\.)*)\"")
    return [unquote(one[0]) for one in quoted.finditer(found[1] + found[2])] if found else []


def unquote(text):
    text = text.strip()
    if text.startswith("'"):
        return text[1:-1].replace("''", "'")
    if text.startswith('"'):
        codes = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "e": "\x1b"}

        def decode(found):
            code = found[0][1]
            return chr(int(found[0][2:], 16)) if code in "xuU" else codes.get(code, code)

        return re.sub(r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", decode, text[1:-1])
    return text


def compiled(pattern):
    """None where Python does not know the syntax."""
    flags = 0
    while found := re.match(r"\(\?([ims]+)\)", pattern):
        for letter in found[1]:
            flags |= {"i": re.I, "m": re.M, "s": re.S}[letter]
        pattern = pattern[found.end():]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return re.compile(pattern, flags | re.A)
    except (re.error, Warning):
        return None


def read_rules():
    rules = []
    for file in sorted(RULES.glob("*.yaml")):
        category, lines = "", []
        for line in [*file.read_text().splitlines(), "  - id: end"]:
            if line.startswith("category:"):
                category = line.split(":", 1)[1].strip()
            if line.startswith("  - id:"):
                if lines:
                    rules.append(Rule(category, lines))
                lines = []
            if lines or line.startswith("  - id:"):
                lines.append(line)
    return [rule for rule in rules if rule.enabled and rule.pattern and rule.examples]


# --- secrets ---

class Planted:
    """A text to plant; `secrets` are the runs in it that nobody may see, none where the whole match is what counts."""

    def __init__(self, rule, text, secrets=()):
        self.rule, self.text, self.secrets = rule, text, secrets


def fresh_secret(rule, example, source):
    """`example` with every letter and digit replaced that the pattern leaves open; nothing when no run of 8 is left."""
    found = rule.pattern.search(example)
    if not found:
        return None
    text, free = list(example), []
    mutable = rule.validator in MUTABLE or rule.validator.startswith(("[token", "[mixed")) or rule.validator.startswith("{entropy")
    for at in range(*found.span()):
        kind = next((letters for letters in (string.digits, string.ascii_lowercase, string.ascii_uppercase) if text[at] in letters), "")
        if not kind:
            continue
        if not mutable:
            free.append(at)
            continue
        old, text[at] = text[at], source.choice(kind.replace(text[at], ""))
        again = rule.pattern.search("".join(text))
        if again and again.span() == found.span():
            free.append(at)
        else:
            text[at] = old
    runs, begin = [], None
    for at in [*free, len(text) + 2]:
        if begin is None or at != last + 1:
            if begin is not None:
                runs.append((begin, last + 1))
            begin = at
        last = at
    long_runs = [run for run in ("".join(text[first:end]) for first, end in runs) if len(run) >= 8 and not run.isalpha()]
    return Planted(rule, "".join(text), long_runs) if long_runs else None


def secrets(count, seed):
    """Secrets of `count` kinds that are masked, CRITICAL and HIGH ones."""
    source = random.Random(seed)
    rules = [rule for rule in read_rules() if rule.kind == "mask" and rule.severity in ("CRITICAL", "HIGH")]
    source.shuffle(rules)
    out = []
    for rule in rules:
        planted = fresh_secret(rule, source.choice(rule.examples), source)
        if planted:
            out.append(planted)
        if len(out) == count:
            break
    return out


def attacks(count, seed):
    """Examples of CRITICAL rules that stop: texts of the content rules, and commands of the rules for tool calls."""
    source = random.Random(seed)
    rules = [rule for rule in read_rules() if rule.kind == "stop" and rule.severity == "CRITICAL"
             and rule.category in ("trust-exploit", "command", "sensitive-path", "c2")]
    out = [Planted(rule, example) for rule in rules for example in rule.examples if rule.pattern.search(example)]
    source.shuffle(out)
    return out[:count]
