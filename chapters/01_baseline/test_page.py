"""Checks the numbers of the page's hand trace, each from its own definition."""

from __future__ import annotations

import math
import re
import sys
from pathlib import Path


def expected_row(x_location: float, y_location: float, height: int, width: int) -> list[str]:
    """The table's cells after the location."""
    x, y = x_location * width - 0.5, y_location * height - 0.5
    cells = [f"{x:g}", f"{y:g}"]
    if not (-1 < x < width and -1 < y < height):
        return cells + ["no", "", "", "", "", ""]
    x0, y0 = math.floor(x), math.floor(y)
    inside = sum(0 <= x0 + dx < width and 0 <= y0 + dy < height for dx in (0, 1) for dy in (0, 1))
    return cells + ["yes", str(x0), str(y0), f"{x - x0:g}", f"{y - y0:g}", str(inside)]


def main() -> None:
    page = Path(__file__).with_name("README.md")
    lines = page.read_text(encoding="utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("<!-- trace: "))
    size = re.fullmatch(r"<!-- trace: height (\d+), width (\d+) -->", lines[start])
    assert size, f"{page}:{start + 1}: the trace's size cannot be read"
    rows = 0
    for number, line in enumerate(lines[start + 3 :], start + 4):
        if not line.startswith("|"):
            break
        location, *cells = [cell.strip() for cell in line.strip("|").split("|")]
        x, y = (float(part) for part in location.strip("()").split(","))
        expected = expected_row(x, y, int(size[1]), int(size[2]))
        if cells != expected:
            sys.exit(f"{page}:{number}: {location} has {' | '.join(expected)}, the page says {' | '.join(cells)}.")
        rows += 1
    if rows < 3:
        sys.exit(f"{page}:{start + 1}: the trace has {rows} rows, so this test would check nothing.")


if __name__ == "__main__":
    main()
