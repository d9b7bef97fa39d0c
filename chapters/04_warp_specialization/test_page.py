"""Checks the page's hand trace with a small model of two barriers a slot, and the arithmetic of its prediction."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parents[2] / "common"))
from testing import occupancy, page_tables  # noqa: E402
from testing.mbarrier import Mbarrier  # noqa: E402

PAGE = Path(__file__).with_name("README.md")


@dataclass
class Ring:
    """The barriers of a block with so many stages, and what the roles do with them."""

    stages: int
    full: list[Mbarrier] = field(init=False)
    empty: list[Mbarrier] = field(init=False)

    def __post_init__(self) -> None:
        self.full = [Mbarrier(16) for _ in range(self.stages)]
        self.empty = [Mbarrier(2) for _ in range(self.stages)]

    def fill(self, k: int) -> None:
        for _ in range(16):
            self.full[k % self.stages].arrive()

    def release(self, k: int) -> None:
        for _ in range(2):
            self.empty[k % self.stages].arrive()


def needed_release(stages: int, k: int, parity: int) -> str:
    """Which tile has to be released for the producer's wait for tile k to pass, all its earlier waits having passed."""
    ring = Ring(stages)
    released = max(0, k - stages)  # what the wait for tile k - 1 has made sure of
    for tile in range(released):
        ring.release(tile)
    if ring.empty[k % stages].passes(parity):
        return "nothing"
    ring.release(released)
    return f"tile {released}" if ring.empty[k % stages].passes(parity) else "more than one tile"


def trace_rows(stages: int, tiles: int, rows: int) -> list[list[str]]:
    ring = Ring(stages)
    expected = []
    for k in range(rows):
        slot, lap = k % stages, k // stages
        waits = {"empty": lap & 1 ^ 1, "full": lap & 1}
        cells = [str(k // tiles), str(k), str(slot), f"parity {waits['empty']}"]
        cells.append(needed_release(stages, k, waits["empty"]))
        assert ring.empty[slot].passes(waits["empty"]) and not ring.full[slot].passes(waits["full"])
        ring.fill(k)
        assert ring.full[slot].passes(waits["full"])
        ring.release(k)
        cells += [f"parity {waits['full']}", f"phase {ring.full[slot].phase}", f"phase {ring.empty[slot].phase}"]
        expected.append(cells)
    return expected


BOXES = 48 * 20522 * 32 / 132  # of an SM
GHZ = 1.98


def prediction_row(ratio: str, blocks: int, law: dict[str, float]) -> list[str]:
    producers, consumers = (int(number) for number in ratio.split(":"))
    boxes = 8 * consumers / producers  # of a producer's tile
    own = law["two rounds"] if boxes > 32 else law["producer"]
    instructions = law["consumer"] / 8 + own / boxes + law["box"]

    def cycles(blocks: int) -> tuple[float, float]:
        ask = law["ask"] / (producers * blocks)
        return ask, max(ask, instructions / 4, law["unit"])

    ask, most = cycles(blocks)
    ms = [f"{BOXES * of_a_box / GHZ / 1e6:.2f} ms" for of_a_box in (most, cycles(1)[1])]
    numbers = [f"{ask:.2f}", f"{boxes:.1f}", f"{instructions:.1f}", f"{instructions / 4:.1f}", f"{law['unit']:g}"]
    return [ratio, str(blocks), str(producers * blocks), *numbers, *ms]


MOST_BLOCKS = 16  # of 1:2 on an SM, by registers
LATENCY = 680  # cycles: chapter 03


def storage(stages: int) -> int:
    """sizeof(SharedStorage<1, 2, stages>): 16 boxes and shares, two barriers a slot, in multiples of alignas(Box)."""
    return -(-stages * (16 * (256 + 16) + 2 * 8) // 128) * 128


def blocks(stages: int) -> int:
    """How many blocks of 1:2 fit on an SM."""
    return min(MOST_BLOCKS, occupancy.by_memory(storage(stages)))


def check_prose(law: dict[str, float]) -> None:
    """The arithmetic that stands in sentences, with its result."""
    asking = 16 * law["ask"]
    turn = asking + LATENCY
    of_a_box = turn / (MOST_BLOCKS * 16)
    two, three = (blocks(stages) * (storage(stages) + occupancy.RESERVED_BYTES) // 1024 for stages in (2, 3))
    page_tables.require(
        PAGE,
        f"(16 · {law['ask']:g} = {asking:g} cycles)",
        f"{turn:g} / ({MOST_BLOCKS} · 16) = {of_a_box:.1f} cycles, at the least {BOXES * of_a_box / GHZ / 1e6:.2f} ms",
        f"each takes {storage(4):,} bytes now: {blocks(4)} producers, {law['ask'] / blocks(4):g} cycles",
        f"The copies alone take {BOXES * law['unit'] / GHZ / 1e6:.3f} ms",
        f"leaves the unit's {law['unit']:g} cycles: {BOXES * law['unit'] / GHZ / 1e6:.2f} ms",
        f"{law['ask'] / blocks(4):g} cycles, {BOXES * law['ask'] / blocks(4) / GHZ / 1e6:.2f} ms",
        f"{blocks(3)} blocks still fit. But they take {three} KB of the 256 KB",
        f"in place of {two} KB",
        f"a producer needs {law['producer'] / 2:g} + {8 * law['box']:g} = {law['producer'] / 2 + 8 * law['box']:g}",
    )


def beside_row(row: list[str], predicted: tuple[int, str] | None) -> list[str]:
    """What was measured with all blocks that fit, also in cycles a box; where the table of the prediction has the
    configuration, with what it says, and with the cycles that each of its producers has for a box."""
    milliseconds = page_tables.recorded("ch04_sweep")[row[0], "all"]
    cycles = milliseconds * GHZ * 1e6 / BOXES
    producers, promised = predicted or (0, row[1])
    own = f"{producers * cycles:.0f}" if producers else ""
    return [row[0], promised, f"{milliseconds:.2f} ms", f"{cycles:.1f}", own]


def main() -> None:
    trace = page_tables.find(PAGE, r"<!-- trace: stages (\d+), tiles (\d+) -->")
    stages, tiles = int(trace.marker[1]), int(trace.marker[2])
    trace.compare(trace_rows(stages, tiles, len(trace.rows)), least=tiles + 1)

    prediction = page_tables.find(PAGE, r"<!-- prediction: (.*) -->")
    law = {name: float(value) for name, value in (part.rsplit(" ", 1) for part in prediction.marker[1].split(", "))}
    prediction.compare([prediction_row(row[0], int(row[1]), law) for row in prediction.rows], least=6)
    check_prose(law)

    beside = page_tables.find(PAGE, r"<!-- beside the prediction -->")
    predicted = {f"{row[0]}, 2 stages": (int(row[2]), row[-2]) for row in prediction.rows}
    beside.compare([beside_row(row, predicted.get(row[0])) for row in beside.rows], least=9)


if __name__ == "__main__":
    main()
