#!/usr/bin/env python3
"""The code in the pages about embedding is the code of files that the tests run.

usage: snippets_test.py SOURCE_DIR

In docs/embedding-{c,cpp,python}.md every block of code stands right behind a link to the file it comes from, and is a part of
it, line by line; what stands deeper in the file may stand further left in the page. Blocks for a shell are exempt.
"""
import pathlib
import re
import sys
import textwrap

SHELL = {"sh", "text", ""}


def problems_of(page, source):
    lines = page.read_text(encoding="utf-8").split("\n")
    link, at, count = None, 0, 0
    while at < len(lines):
        found = re.search(r"\]\(([^)#]+)\)", lines[at])
        if lines[at].startswith("```"):
            language = lines[at][3:].strip()
            end = next(i for i in range(at + 1, len(lines)) if lines[i].startswith("```"))
            block, begin = "\n".join(lines[at + 1:end]), at + 1
            at = end + 1
            if language in SHELL:
                continue
            count += 1
            if link is None:
                yield f"{page.name}:{begin}: no file is named in front of this block"
                continue
            file = (page.parent / link).resolve()
            text = file.read_text(encoding="utf-8") if file.is_file() else ""
            if not is_part(block, text):
                yield f"{page.name}:{begin}: this is not in {file.relative_to(source)}"
            link = None
            continue
        if found:
            link = found.group(1)
        elif lines[at].strip():
            link = None
        at += 1
    if count == 0:
        yield f"{page.name}: no code"


def is_part(block, text):
    wanted, lines = textwrap.dedent(block).split("\n"), text.split("\n")
    return any(textwrap.dedent("\n".join(lines[i:i + len(wanted)])).split("\n") == wanted for i in range(len(lines)))


def main():
    source = pathlib.Path(sys.argv[1]).resolve()
    problems = []
    for name in ("c", "cpp", "python"):
        problems += problems_of(source / "docs" / f"embedding-{name}.md", source)
    if problems:
        sys.exit("\n".join(problems))


if __name__ == "__main__":
    main()
