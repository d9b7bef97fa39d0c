"""Checks the numbers of the page's two hand traces and of its bounds, each from its own definition."""

from __future__ import annotations

import math
import sys
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parents[2] / "common"))
from testing import page_tables  # noqa: E402
from testing.mbarrier import Mbarrier  # noqa: E402

CHANNELS, CHANNEL_BYTES, BOX_PIXELS = 32, 2, 2
BOX_BYTES = BOX_PIXELS * BOX_PIXELS * CHANNELS * CHANNEL_BYTES
SMS, CLOCK_HZ = 132, 1.98e9
SM_BOXES = -(-48 * 20522 * 32 // SMS)  # of field, a point each
UNIT_CYCLES, L2_BYTES_A_CYCLE = 7.05, 35  # copy_rate


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
    bar = Mbarrier(1)
    for _ in range(k):
        bar.arrive(boxes * BOX_BYTES)
        for _ in range(boxes):
            bar.land(BOX_BYTES)
    row = [str(k), str(bar.phase)]
    bar.arrive(boxes * BOX_BYTES)
    row += [str(bar.arrivals), str(bar.bytes), str(parity)]
    always_parity_0 = bar.answer(0)
    for landed in range(1, boxes + 1):
        bar.land(BOX_BYTES)
        if landed == 5:
            row += [str(bar.bytes), bar.answer(parity)]
    return [*row, str(bar.phase), bar.answer(parity), always_parity_0]


def check_prose(page: Path) -> None:
    """The bounds: what an SM's boxes take at so many cycles each."""

    def ms(cycles: float) -> float:
        return SM_BOXES * cycles / CLOCK_HZ * 1e3

    inside = 0.91 * BOX_BYTES  # of a box, on average
    instructions = 76 / 8 + 8 + 11
    page_tables.require(
        page,
        f"{SM_BOXES:,} · {UNIT_CYCLES} cycles are {ms(UNIT_CYCLES):.3f} ms",
        f"leaves {inside:.0f} bytes, {inside / L2_BYTES_A_CYCLE:.1f} cycles: {ms(inside / L2_BYTES_A_CYCLE):.2f} ms",
        f"That makes {instructions}, at 4 a cycle {instructions / 4:.1f} cycles: {ms(instructions / 4):.2f} ms",
        f"Four corners a tile make 32 cycles, {32 / 8} a point: {ms(32 / 8):.2f} ms",
        f"0.92 · 10⁹ instructions at 4 a cycle on {SMS} SMs take {0.92e9 / 4 / SMS / CLOCK_HZ * 1e3:.2f} ms",
    )


def main() -> None:
    page = Path(__file__).with_name("README.md")
    check_prose(page)
    boxes = page_tables.find(page, r"<!-- trace: boxes, height (\d+), width (\d+) -->")
    height, width = int(boxes.marker[1]), int(boxes.marker[2])
    boxes.compare([box_row(cells, height, width) for cells in boxes.rows], least=6)
    phases = page_tables.find(page, r"<!-- trace: phases, (\d+) boxes -->")
    phases.compare([phase_row(cells, int(phases.marker[1])) for cells in phases.rows], least=6)


if __name__ == "__main__":
    main()
