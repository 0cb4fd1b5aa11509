#!/usr/bin/env python3
"""Writes regex_unicode_tables.inc: categories and case folding from Python's unicodedata, scripts from Perl's
Unicode::UCD (Python has none). Both must know the same version of Unicode. Run it where the .inc shall be renewed."""
import subprocess
import sys
import unicodedata

CATEGORIES = "Cc Cf Cn Co Cs Ll Lm Lo Lt Lu Mc Me Mn Nd Nl No Pc Pd Pe Pf Pi Po Ps Sc Sk Sm So Zl Zp Zs".split()
SCRIPTS = "Arabic Cyrillic Greek Han Hangul Hebrew Hiragana Katakana Latin".split()
LAST = 0x10FFFF


def perl(code):
    return subprocess.run(["perl", "-MUnicode::UCD=prop_invlist", "-e", code], check=True,
                          capture_output=True, text=True).stdout


def rows(values, per_line, form):
    for i in range(0, len(values), per_line):
        yield "    " + " ".join(form(v) + "," for v in values[i:i + per_line])


def fold(c):
    """The simple folding (status C and S of CaseFolding.txt) of one code point."""
    for text in (chr(c).casefold(), chr(c).lower()):
        if len(text) == 1:
            return ord(text)
    return c


def main():
    version = unicodedata.unidata_version
    assert perl("print Unicode::UCD::UnicodeVersion()") == version, "Perl and Python disagree on the version of Unicode"
    out = [f"// Made by regex_unicode_tables.py from Unicode {version}; not edited by hand.", "",
           "// Start of a run of code points << 5 | its category, in the order of `Category`.",
           "constexpr std::uint32_t category_runs[] = {"]
    runs = []
    for c in range(LAST + 1):
        category = CATEGORIES.index(unicodedata.category(chr(c)))
        if not runs or runs[-1] & 31 != category:
            runs.append(c << 5 | category)
    out += rows(runs, 12, lambda v: f"{v:#x}")
    out += ["};", ""]

    names = []
    for script in SCRIPTS:
        edges = [int(e) for e in perl(f'print join " ", prop_invlist("Script={script}")').split()]
        if len(edges) % 2:
            edges.append(LAST + 1)
        pairs = [(edges[i], edges[i + 1] - 1) for i in range(0, len(edges), 2)]
        out.append(f"constexpr Range script_{script.lower()}[] = {{")
        out += rows(pairs, 6, lambda p: f"{{{p[0]:#x}, {p[1]:#x}}}")
        out += ["};", ""]
        names.append((script, f"script_{script.lower()}"))
    out.append("constexpr Script scripts[] = {")
    out += [f'    {{"{name}", {table}}},' for name, table in names]
    out += ["};", ""]

    # Every code point's next in the circle of those that fold alike, as runs of equal distance and stride 1 or 2.
    circles = {}
    for c in range(LAST + 1):
        circles.setdefault(fold(c), []).append(c)
    following = {}
    for members in circles.values():
        if len(members) > 1:
            for i, c in enumerate(members):
                following[c] = members[(i + 1) % len(members)]
    folds = []
    for c in sorted(following):
        delta = following[c] - c
        for run in folds[-2:][::-1]:
            stride = c - run[1]
            if run[2] == delta and stride in (1, 2) and run[3] in (0, stride):
                run[1], run[3] = c, stride
                break
        else:
            folds.append([c, c, delta, 0])
    folds.sort()
    out += ["// From, to, distance to the next code point that folds alike, stride.", "constexpr FoldRun fold_runs[] = {"]
    out += rows([(a, b, d, s or 1) for a, b, d, s in folds], 5, lambda f: f"{{{f[0]:#x}, {f[1]:#x}, {f[2]}, {f[3]}}}")
    out += ["};"]
    with open(sys.argv[1] if len(sys.argv) > 1 else "regex_unicode_tables.inc", "w", encoding="ascii") as file:
        file.write("\n".join(out) + "\n")


main()
