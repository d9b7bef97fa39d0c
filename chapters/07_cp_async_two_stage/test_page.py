"""Checks the page's hand traces with a small model of cp.async groups, and the arithmetic of its tables and prose."""

from __future__ import annotations

import re
import sys
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parents[2] / "common"))
from testing import occupancy, page_tables  # noqa: E402

FOLDER = Path(__file__).parent
PAGE = FOLDER / "README.md"
KERNEL = FOLDER.parents[1] / "solutions" / FOLDER.name / "kernel.cu"

WARPS, WARP_QUERIES, TILE_KEYS, PAD, STAGES = 4, 16, 32, 8, 2
SHAPES = {"mission": (16, 512, 512), "long": (16, 2048, 2048)}  # heads of the batch, queries, keys


class Groups:
    """The groups of one thread: which tile's copies each has, if any."""

    def __init__(self) -> None:
        self.pending: list[int] = []
        self.committed: list[list[int]] = []

    def request(self, tile: int) -> None:
        self.pending.append(tile)

    def commit(self) -> None:
        self.committed.append(self.pending)
        self.pending = []

    def certain(self, left: int) -> str:
        """The tiles that have arrived behind wait_group<left>."""
        tiles = sum(self.committed[: len(self.committed) - left], [])
        if not tiles:
            return "nothing"
        return str(tiles[0]) if len(tiles) == 1 else f"{tiles[0]}–{tiles[-1]}"


def trace(stages: int, tiles: int) -> list[list[str]]:
    """The rows of a hand trace: the kernel's loop, and the same loop that commits no empty group."""
    right, wrong = Groups(), Groups()

    def ask(tile: int) -> list[str]:
        if tile < tiles:
            right.request(tile)
            wrong.request(tile)
            wrong.commit()
        right.commit()
        return [str(tile), str(tile % stages)] if tile < tiles else ["–", "–"]

    rows = []
    for tile in range(stages - 1):
        rows.append(["prologue", *ask(tile), str(len(right.committed)), "", "", str(len(wrong.committed)), ""])
    for tile in range(tiles):
        asked = ask(tile + stages - 1)
        certain, without = (groups.certain(stages - 1) for groups in (right, wrong))
        reads = f"{tile}, {tile % stages}"
        groups = len(right.committed), len(wrong.committed)
        rows.append([str(tile), *asked, str(groups[0]), certain, reads, str(groups[1]), without])
    return rows


def memory(dim: int, registers: int) -> list[str]:
    """What a block takes, and how many fit on an SM."""
    halves = (WARPS * WARP_QUERIES + 2 * TILE_KEYS) * (dim + PAD) * 2
    warp = WARP_QUERIES * ((TILE_KEYS + PAD) * 4 + (TILE_KEYS + PAD) * 2 + (16 + PAD) * 4)
    before, slot = halves + WARPS * warp, 2 * TILE_KEYS * dim
    block = before + STAGES * slot
    fit = occupancy.by_memory(block), occupancy.by_registers(WARPS * 32, registers)
    return [str(dim), f"{before:,}", f"{slot:,}", f"{block:,}", *map(str, fit)]


def numbers(cells: list[str]) -> list[float]:
    return [page_tables.number(cell) for cell in cells]


def microseconds(values: list[float]) -> list[str]:
    return [f"{value:.1f} µs" for value in values]


def warp_tiles(shape: str) -> int:
    """How many times a warp computes a tile."""
    heads, queries, keys = SHAPES[shape]
    return heads * -(-queries // (WARPS * WARP_QUERIES)) * WARPS * -(-keys // TILE_KEYS)


def check_prediction() -> list[float]:
    """The table of the prediction, from its first two rows; returns what is predicted."""
    found = page_tables.find(PAGE, r"<!-- prediction: (\d+) cycles a µs; tiles (\d+), (\d+), (\d+) -->")
    cycles, *tiles = map(int, found.marker.groups())
    whole, bound = numbers(found.rows[0][1:]), numbers(found.rows[1][1:])
    loads = [round(a - b, 1) for a, b in zip(whole, bound)]
    predicted = [b + c / n for b, c, n in zip(bound, loads, tiles)]
    rows = [
        found.rows[0],
        found.rows[1],
        ["its loads", *microseconds(loads)],
        ["the same, cycles a tile", *(f"{cycles * c / n:.0f}" for c, n in zip(loads, tiles))],
        ["all else, cycles a tile", *(f"{cycles * b / n:.0f}" for b, n in zip(bound, tiles))],
        ["predicted for chapter 07", *microseconds(predicted)],
    ]
    found.compare(rows, least=6)
    return [round(value, 1) for value in predicted]


def check_parts() -> list[list[float]]:
    """The table of what is left out; returns its rows."""
    found = page_tables.find(PAGE, r"<!-- parts -->")
    rows = [numbers(row[1:]) for row in found.rows]
    before, no_loads, _, after, after_no_loads = rows[:5]
    right = list(found.rows)
    for name, first, second, index in (
        ("its loads", before, no_loads, 2),
        ("its loads", after, after_no_loads, 5),
        ("the way through shared memory", after_no_loads, no_loads, 6),
    ):
        right[index] = [name, *microseconds([a - b for a, b in zip(first, second)])]
    found.compare(right, least=7)
    return rows


def check_instructions() -> list[float]:
    """The table of instructions; returns how many more a warp's tile takes in chapter 07, for each shape."""
    found = page_tables.find(PAGE, r"<!-- instructions: mission (\d+) tiles of a warp, long (\d+) -->")
    tiles = [warp_tiles("mission"), warp_tiles("long")]
    if [int(number) for number in found.marker.groups()] != tiles:
        sys.exit(f"{PAGE}:{found.first_line}: a warp computes a tile {tiles[0]} and {tiles[1]} times.")
    counts = [numbers([row[1], row[3]]) for row in found.rows[:2]]
    rows = [
        [name, *(cell for count, n in zip(line, tiles) for cell in (f"{count:,.0f}", f"{count / n:.0f}"))]
        for name, line in zip(("chapter 06", "chapter 07"), counts)
    ]
    more = [(after - before) / n for before, after, n in zip(*counts, tiles)]
    percent = [100 * (after / before - 1) for before, after in zip(*counts)]
    rows.append(["more", *(cell for p, m in zip(percent, more) for cell in (f"{p:.0f} %", f"{m:.0f}"))])
    found.compare(rows, least=3)
    return more


def check_ratios() -> None:
    """The tables that end with one time over another."""
    found = page_tables.find(PAGE, r"<!-- overlap -->")
    one, two = (numbers(row[1:]) for row in found.rows[:2])
    ratios = ["1 stage takes so many times as long", *(f"{a / b:.2f}" for a, b in zip(one, two))]
    found.compare([*found.rows[:2], ratios], least=3)
    found = page_tables.find(PAGE, r"<!-- both chapters -->")
    rows = [[*row[:3], "{:.2f}".format(numbers(row[1:2])[0] / numbers(row[2:3])[0]), row[4]] for row in found.rows]
    found.compare(rows, least=6)


def main() -> None:
    for marker in (r"<!-- trace: (\d) stages, (4) tiles -->", r"<!-- trace: (\d) stages, (1) tile -->"):
        found = page_tables.find(PAGE, marker)
        found.compare(trace(int(found.marker[1]), int(found.marker[2])), least=2)
    found = page_tables.find(PAGE, r"<!-- memory: registers (\d+) and (\d+) -->")
    found.compare([memory(64, int(found.marker[1])), memory(128, int(found.marker[2]))], least=2)
    predicted = check_prediction()
    parts = check_parts()
    more = check_instructions()
    check_ratios()

    text = page_tables.prose(PAGE)
    issued = re.search(r"issues in ([\d.]+) % of its cycles: one instruction each ([\d.]+) cycles", text)
    if not issued or f"{100 / float(issued[1]):.2f}" != issued[2]:
        sys.exit(f"{PAGE}: it should say how many cycles an instruction are.")
    cycles = more[0] * float(issued[2])
    before, bound, _, after = parts[:4]
    page_tables.require(
        PAGE,
        f"The prediction said {predicted[0]} µs, and it is {after[0]} µs. {predicted[1]} µs, and it is {after[1]} µs",
        f"cost {parts[5][0]} µs of `mission` where they cost {parts[2][0]} µs",
        f"On `long` they cost {parts[5][1]} µs of {parts[2][1]} µs",
        f"{parts[5][2]} µs of `decode` where they cost {parts[2][2]} µs",
        f"{parts[6][0]} µs, {parts[6][1]} µs and {parts[6][2]} µs for a kernel that loads nothing",
        f"{more[0]:.0f} of them take {cycles:.0f} cycles a tile, {16 * cycles / 1980:.1f} µs for 16 tiles",
        f"makes 198 cycles a tile, {16 * 198 / 1980:.1f} µs for 16 tiles",
        f"of the {after[0] - predicted[0]:.1f} µs that the prediction missed",
        f"it is {before[0]} to {after[0]}, {before[0] / after[0]:.2f} times",
        f"what the bound allows: {before[0]} to {bound[0]}, {before[0] / bound[0]:.2f} times",
    )
    page_tables.require_code(
        KERNEL,
        f"constexpr int block_warps = {WARPS},",
        f"constexpr int warp_queries = {WARP_QUERIES},",
        f"constexpr int tile_keys = {TILE_KEYS};",
        f"constexpr int stages = {STAGES};",
        f"constexpr int pad = {PAD};",
        "__launch_bounds__(block_threads, 4)",
    )


if __name__ == "__main__":
    main()
