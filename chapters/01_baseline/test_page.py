"""Checks the numbers of the page's hand trace and of its bounds, each from its own definition."""

from __future__ import annotations

import math
import sys
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parents[2] / "common"))
from testing import page_tables  # noqa: E402


SMS, CLOCK_HZ, DRAM_BYTES_PER_S = 132, 1.98e9, 4.814e12
POINTS = 48 * 20522 * 32  # of field
POINT_BYTES = 2 + 2 + 8 + 2  # values and output, each 32 halves for 32 points; a location; a weight


def expected_row(x_location: float, y_location: float, height: int, width: int) -> list[str]:
    """The table's cells after the location."""
    x, y = x_location * width - 0.5, y_location * height - 0.5
    cells = [f"{x:g}", f"{y:g}"]
    if not (-1 < x < width and -1 < y < height):
        return cells + ["no", "", "", "", "", ""]
    x0, y0 = math.floor(x), math.floor(y)
    inside = sum(0 <= x0 + dx < width and 0 <= y0 + dy < height for dx in (0, 1) for dy in (0, 1))
    return cells + ["yes", str(x0), str(y0), f"{x - x0:g}", f"{y - y0:g}", str(inside)]


def check_prose(page: Path) -> None:
    """The bounds, as far as sentences compute them."""
    page_tables.require(
        page,
        f"At the {DRAM_BYTES_PER_S / 1e12:.1f} TB/s that the memory's clock and bus width allow, that takes "
        f"{POINTS * POINT_BYTES / DRAM_BYTES_PER_S * 1e3:.2f} ms",
        f"Divided among {SMS} SMs at 1.98 GHz that is {2 * POINTS / SMS / CLOCK_HZ * 1e3:.2f} ms",
        f"2.64 · 10⁹ instructions at 4 a cycle on {SMS} SMs take {2.64e9 / 4 / SMS / CLOCK_HZ * 1e3:.2f} ms",
    )


def main() -> None:
    page = Path(__file__).with_name("README.md")
    table = page_tables.find(page, r"<!-- trace: height (\d+), width (\d+) -->")
    height, width = int(table.marker[1]), int(table.marker[2])
    expected = []
    for location, *_ in table.rows:
        x, y = (float(part) for part in location.strip("()").split(","))
        expected.append([location, *expected_row(x, y, height, width)])
    table.compare(expected, least=3)
    check_prose(page)


if __name__ == "__main__":
    main()
