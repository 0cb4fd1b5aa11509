#!/usr/bin/env python3
"""Draws docs/inspector-growth.svg: what an answer costs by its length, for every engine.

    inspector_bench --benchmark_filter=growth/ --benchmark_out=growth.json --benchmark_out_format=json
    inspector_growth.py growth.json > docs/inspector-growth.svg

Both axes are logarithmic, so cost that is proportional to length is a line of slope one.
"""
import collections
import json
import math
import sys

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 760, 440, 80, 30, 190, 50
COLOURS = {"gateway": "#4c9be8", "gateway_normalised": "#1c5fa8", "vectorscan": "#3a9d5d", "re2_set_rescan": "#c77d1e",
           "rule_by_rule": "#b8433f"}
UNITS = {"ns": 1e-3, "us": 1.0, "ms": 1e3, "s": 1e6}


def read(name):
    """Engine and rules -> [(bytes, microseconds of CPU time)], the least of the repetitions."""
    lines = collections.defaultdict(dict)
    with open(name, encoding="utf-8") as file:
        for row in json.load(file)["benchmarks"]:
            parts = row["name"].split("/")
            if parts[0] != "growth" or row.get("error_occurred") or row.get("run_type") == "aggregate":
                continue
            series, size = (parts[1], parts[2]), int(parts[3])
            cost = row["cpu_time"] * UNITS[row["time_unit"]]
            lines[series][size] = min(cost, lines[series].get(size, math.inf))
    return {series: sorted(points.items()) for series, points in lines.items()}


def bytes_text(size):
    return f"{size >> 20} MiB" if size >= 1 << 20 else f"{size >> 10} KiB"


def time_text(power):
    return ("1 µs", "10 µs", "100 µs", "1 ms", "10 ms", "100 ms", "1 s", "10 s", "100 s")[power]


def draw(lines):
    sizes = [size for points in lines.values() for size, _ in points]
    costs = [cost for points in lines.values() for _, cost in points]
    low, high = math.log2(min(sizes)), math.log2(max(sizes))
    least, most = math.floor(math.log10(min(costs))), math.ceil(math.log10(max(costs)))

    def x(size):
        return LEFT + (math.log2(size) - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    def y(cost):
        return HEIGHT - BOTTOM - (math.log10(cost) - least) / (most - least) * (HEIGHT - TOP - BOTTOM)

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
           'font-size="12">', f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>']
    for power in range(least, most + 1):
        at = y(10.0 ** power)
        out.append(f'<path d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        out.append(f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{time_text(power)}</text>')
    for size in sorted(set(sizes)):
        out.append(f'<text x="{x(size):.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{bytes_text(size)}</text>')
    taken = []
    for (engine, rules), points in sorted(lines.items(), key=lambda line: -line[1][-1][1] / line[1][-1][0]):
        colour = COLOURS.get(engine, "#555")
        dash = "" if rules == "pack" else ' stroke-dasharray="5 3"'
        path = " ".join(f"{x(size):.1f},{y(cost):.1f}" for size, cost in points)
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')
        end_x, end_y = x(points[-1][0]) + 6, y(points[-1][1]) + 4
        while any(abs(end_y - other) < 14 for other in taken):
            end_y += 14
        taken.append(end_y)
        out.append(f'<text x="{end_x:.1f}" y="{end_y:.1f}" fill="{colour}">{engine}, {rules}</text>')
    out.append(f'<text x="{LEFT}" y="{TOP - 12}">CPU time of one answer, in pieces of 16 bytes, by its length</text>')
    out.append("</svg>")
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    sys.stdout.write(draw(read(sys.argv[1])))
