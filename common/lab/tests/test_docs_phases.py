"""docs/phases.md: each table of the page that a barrier can be asked for is computed again, cell by cell."""

from __future__ import annotations

import re
import unittest
from pathlib import Path

from testing import page_tables
from testing.mbarrier import Mbarrier

PAGE = Path(__file__).resolve().parents[3] / "docs/phases.md"
TILE_BYTES = 16  # any number will do


def one_barrier(events: list[str]) -> list[list[str]]:
    """The rows of the first trace, from what happens."""
    rows = []
    barrier = Mbarrier(0)
    for event in events:
        if init := re.fullmatch(r"init with (\d+) arrivals", event):
            barrier = Mbarrier(int(init[1]))
        elif landed := re.fullmatch(r"(\d+) bytes land", event):
            barrier.land(int(landed[1]))
        elif arrival := re.fullmatch(r"[A-Z] (?:announces (\d+) bytes and )?arrives", event):
            barrier.arrive(int(arrival[1] or 0))
        else:
            raise ValueError(f"{PAGE}: “{event}” is nothing that can happen to a barrier.")
        answers = [barrier.answer(parity) for parity in (0, 1)]
        rows.append([event, str(barrier.arrivals), str(barrier.bytes), f"phase {barrier.phase}", *answers])
    return rows


def meant(phases: int) -> list[list[str]]:
    """What a wait that means a phase gets to hear while another one is running."""

    def heard(running: int, phase: int) -> str:
        passes = Mbarrier(1, running).passes(phase % 2)
        if passes == (phase < running):
            return "passes" if passes else "blocks"
        return "**passes too early**" if passes else "**blocks for a phase that is over**"

    return [[f"phase {running}", *(heard(running, phase) for phase in range(phases))] for running in range(phases)]


def ring(slots: int, turns: list[tuple[str, int]]) -> list[list[str]]:
    """The rows of the ring's trace: what each turn of the producer, a copy or the consumer meets and leaves behind."""
    full, empty = [Mbarrier(1) for _ in range(slots)], [Mbarrier(1) for _ in range(slots)]
    rows = []
    for who, tile in turns:
        slot, lap = tile % slots, tile // slots
        wait = ["", "", "", ""]
        if who == "copy":
            full[slot].land(TILE_BYTES)
        else:
            name, barrier, phase = ("empty", empty[slot], lap - 1) if who == "producer" else ("full", full[slot], lap)
            wait = [f"`{name}[{slot}]`", str(phase % 2), str(phase), barrier.answer(phase % 2)]
            if barrier.passes(phase % 2):
                full[slot].arrive(TILE_BYTES) if who == "producer" else empty[slot].arrive()
        rows.append([who, str(tile), str(slot), *wait, *(str(barrier.phase) for barrier in (*full, *empty))])
    return rows


class Phases(unittest.TestCase):
    def test_one_barrier(self) -> None:
        table = page_tables.find(PAGE, r"<!-- trace: one barrier -->")
        table.compare(one_barrier([row[0] for row in table.rows]), least=6)

    def test_what_a_wait_hears_that_means_another_phase(self) -> None:
        page_tables.find(PAGE, r"<!-- meant -->").compare(meant(4), least=4)

    def test_the_ring(self) -> None:
        table = page_tables.find(PAGE, r"<!-- trace: (\d+) slots -->")
        slots = int(table.marker[1])
        turns = [(who, int(tile)) for who, tile, *_ in table.rows]
        table.compare(ring(slots, turns), least=4 * slots)
        # Each tile is asked for, lands and is read, and the ring goes round at least twice.
        tiles = range(max(tile for _, tile in turns) + 1)
        self.assertGreater(len(tiles), 2 * slots)
        for who in ("producer", "copy", "consumer"):
            done = [int(row[1]) for row in table.rows if row[0] == who and row[6] != "blocks"]
            self.assertEqual(sorted(done), list(tiles), who)
        self.assertEqual({row[6] for row in table.rows}, {"passes", "blocks", ""})


if __name__ == "__main__":
    unittest.main()
