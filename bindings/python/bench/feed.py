"""What the border costs: one feed() of a 16-byte piece, and 1 MiB in pieces of 1 400 bytes, against the same loops in C.

    PYTHONPATH=... feed.py [BENCH_FEED]      the program bench_feed, which prints the figures of C"""

import subprocess
import sys
import time

from gateway import RuleSet

TEXT = (b"The quick brown fox jumps over the lazy dog and then goes home to sleep for a while, says the farmer. " * 10500)[:1 << 20]


def nanoseconds(rules, size, rounds):
    """The best of some rounds, for a piece: time of this thread, so that other programs do not count."""
    text = TEXT if size > 100 else TEXT[:65536]
    pieces = [text[i:i + size] for i in range(0, len(text), size)]
    best = float("inf")
    for _ in range(rounds):
        feed = rules.inspector().feed
        began = time.thread_time()
        for piece in pieces:
            feed(piece)
        best = min(best, (time.thread_time() - began) / len(pieces) * 1e9)
    return best


def main():
    rules = RuleSet()
    here = {size: nanoseconds(rules, size, 60) for size in (16, 1400)}
    there = {}
    if len(sys.argv) > 1:
        for line in subprocess.run([sys.argv[1]], check=True, capture_output=True, text=True).stdout.splitlines():
            size, figure = line.split()
            there[int(size)] = float(figure)
    for size, figure in here.items():
        compared = f", C {there[size]:.0f} ns: {figure - there[size]:.0f} ns more, x{figure / there[size]:.2f}" if size in there else ""
        print(f"{size} bytes: Python {figure:.0f} ns{compared}")


main()
