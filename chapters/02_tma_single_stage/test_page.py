"""Checks the numbers of the page's two hand traces, each from its own definition."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable
from pathlib import Path

CHANNELS, CHANNEL_BYTES, BOX_PIXELS = 32, 2, 2
BOX_BYTES = BOX_PIXELS * BOX_PIXELS * CHANNELS * CHANNEL_BYTES


class Mbarrier:
    """The counters of an mbarrier that expects one arrival a phase."""

    def __init__(self) -> None:
        self.phase, self.pending, self.tx = 0, 1, 0

    def arrive_expect_tx(self, count: int) -> None:
        self.tx += count
        self.pending -= 1
        self._complete()

    def land(self, count: int) -> None:
        self.tx -= count
        self._complete()

    def wait(self, parity: int) -> str:
        return "passes" if self.phase & 1 != parity else "blocks"

    def _complete(self) -> None:
        if self.pending == 0 and self.tx == 0:
            self.phase += 1
            self.pending = 1


def box_row(cells: list[str], height: int, width: int) -> list[str]:
    """The row of the point whose location the first cell gives."""
    x_location, y_location = (float(part) for part in cells[0].strip("()").split(","))
    x, y = x_location * width - 0.5, y_location * height - 0.5
    live = -1 < x < width and -1 < y < height
    left, top = (math.floor(x), math.floor(y)) if live else (-2, -2)
    pixels = [(left + dx, top + dy) for dy in range(BOX_PIXELS) for dx in range(BOX_PIXELS)]
    corners = [f"({px}, {py})" if 0 <= px < width and 0 <= py < height else "0" for px, py in pixels]
    return [cells[0], f"{x:g}", f"{y:g}", "yes" if live else "no", f"({left}, {top})", *corners, str(BOX_BYTES)]


def phase_row(cells: list[str], boxes: int) -> list[str]:
    """The row of tile k, which the first cell gives: all tiles before it have come and gone."""
    k, parity = int(cells[0]), int(cells[0]) & 1
    bar = Mbarrier()
    for _ in range(k):
        bar.arrive_expect_tx(boxes * BOX_BYTES)
        for _ in range(boxes):
            bar.land(BOX_BYTES)
    row = [str(k), str(bar.phase)]
    bar.arrive_expect_tx(boxes * BOX_BYTES)
    row += [str(bar.pending), str(bar.tx), str(parity)]
    always_parity_0 = bar.wait(0)
    for landed in range(1, boxes + 1):
        bar.land(BOX_BYTES)
        if landed == 5:
            row += [str(bar.tx), bar.wait(parity)]
    return [*row, str(bar.phase), bar.wait(parity), always_parity_0]


def check(page: Path, pattern: str, rows: int, expected: Callable[[list[str], list[int]], list[str]]) -> None:
    """Compares each row of the table below the marker with what `expected` makes of its first cell and the marker's
    numbers; there must be so many `rows`."""
    lines = page.read_text(encoding="utf-8").splitlines()
    start = next((i for i, line in enumerate(lines) if re.fullmatch(pattern, line)), None)
    if start is None:
        sys.exit(f"{page}: no line is {pattern}, so a trace is missing.")
    numbers = [int(number) for number in re.findall(r"\d+", lines[start])]
    found = 0
    for number, line in enumerate(lines[start + 3 :], start + 4):
        if not line.startswith("|"):
            break
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        wanted = expected(cells, numbers)
        if cells != wanted:
            sys.exit(f"{page}:{number}: the row is {' | '.join(wanted)}, the page says {' | '.join(cells)}.")
        found += 1
    if found != rows:
        sys.exit(f"{page}:{start + 1}: the trace has {found} rows instead of {rows}.")


def main() -> None:
    page = Path(__file__).with_name("README.md")
    check(page, r"<!-- trace: boxes, height \d+, width \d+ -->", 6, lambda cells, size: box_row(cells, *size))
    check(page, r"<!-- trace: phases, \d+ boxes -->", 6, lambda cells, boxes: phase_row(cells, *boxes))


if __name__ == "__main__":
    main()
