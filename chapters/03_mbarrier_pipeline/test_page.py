"""Checks the numbers of the page that can be computed: the hand trace, the tables of memory, the prediction."""

from __future__ import annotations

import re
import sys
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parents[2] / "common"))
from testing import occupancy, page_tables  # noqa: E402

FOLDER = Path(__file__).parent
PAGE = FOLDER / "README.md"
KERNEL = FOLDER.parents[1] / "solutions" / FOLDER.name / "kernel.cu"

BOX_BYTES, SHARES_BYTES, BARRIER_BYTES = 2 * 2 * 32 * 2, 2 * 2 * 4, 8
BLOCK_ALIGNMENT = 128  # alignas of Box
DEFAULT_BYTES = 48 * 1024  # of a block that asks for no more
SMS, CLOCK_HZ = 132, 1.98e9
FIELD_TILES = 4 * 8  # of a warp: levels x points
FIELD_POINTS = 48 * 20522 * FIELD_TILES
WARPS, QUERIES = 4, 8  # of a block, of a warp
STAGES = (1, 2, 3, 4, 8)


def trace(stages: int, tiles: int) -> list[list[str]]:
    """The rows of the hand trace, by walking round the ring and counting the phases of each slot's barrier."""
    rows = [["prologue", "", "", "", ", ".join(str(k) for k in range(min(stages, tiles))), ""]]
    phase = [0] * stages  # that each barrier is in
    slot = 0
    for k in range(tiles):
        parity = phase[slot] % 2
        refill = str(k + stages) if k + stages < tiles else "–"
        rows.append([str(k), str(slot), str(phase[slot]), str(parity), refill, "wrong" if parity else "right"])
        phase[slot] += 1  # the tile has landed
        slot = slot + 1 if slot + 1 < stages else 0
    return rows


def field_memory(stages: int, queries: int, warps: int) -> list[str]:
    """What the team's block took, without shares and without alignment."""
    boxes, barriers = stages * warps * queries * BOX_BYTES, stages * warps * BARRIER_BYTES
    together = boxes + barriers
    blocks = occupancy.by_memory(together)
    over = f"{100 * (together / DEFAULT_BYTES - 1):+.1f} %"
    return [str(warps), f"{boxes:,}", f"{barriers:,}", f"{together:,}", over, str(blocks), str(blocks * warps)]


def block_bytes(stages: int) -> int:
    """sizeof(SharedStorage<stages>)."""
    used = WARPS * stages * (QUERIES * (BOX_BYTES + SHARES_BYTES) + BARRIER_BYTES)
    return -(-used // BLOCK_ALIGNMENT) * BLOCK_ALIGNMENT


def blocks(stages: int, registers: int = 48) -> tuple[int, int]:
    """How many blocks fit on an SM: by shared memory, by registers."""
    return occupancy.by_memory(block_bytes(stages)), occupancy.by_registers(WARPS * 32, registers)


def memory(stages: int, registers: int) -> list[str]:
    """What a block of the chapter's kernel takes."""
    slots = WARPS * stages
    parts = [slots * QUERIES * BOX_BYTES, slots * QUERIES * SHARES_BYTES, slots * BARRIER_BYTES, block_bytes(stages)]
    fit = blocks(stages, registers)
    return [str(stages), *(f"{part:,}" for part in parts), *map(str, fit), str(min(fit) * WARPS)]


def prediction(stages: int, laws: dict[str, float]) -> list[str]:
    """Milliseconds with 1, 2, 4, 8 blocks on an SM and with all that fit."""

    def milliseconds(count: int) -> str:
        tile = QUERIES * laws["ask"] + laws["rest"] + (laws["latency"] if stages == 1 else 0)
        cycles = max(laws["unit"], laws["instructions"] / 4, tile / QUERIES / (count * WARPS))
        return f"{cycles * FIELD_POINTS / SMS / CLOCK_HZ * 1e3:.2f}"

    most = min(blocks(stages))
    return [str(stages), *(milliseconds(n) if n <= most else "–" for n in (1, 2, 4, 8)), milliseconds(most)]


def table(name: str) -> tuple[page_tables.Table, dict[str, float]]:
    """The table below `<!-- name: 3 stages, rest 400 -->`, and the marker's numbers."""
    found = page_tables.find(PAGE, rf"<!-- {name}: .* -->")
    numbers = re.findall(r"(?:([\d.]+) (\w+)|(\w+) ([\d.]+))(?:,| -->)", found.marker[0])
    return found, {before or after: float(first or last) for first, after, before, last in numbers}


def tile_cycles(text: str) -> list[int]:
    """What the page says in “3.77 ms are 1000 cycles a tile”, each checked: there 4 warps have an SM for themselves."""
    of_a_tile = CLOCK_HZ / 1e3 / (FIELD_POINTS / SMS / QUERIES / WARPS)  # in a millisecond, over the tiles of a warp
    said = [(ms, int(cycles)) for ms, cycles in re.findall(r"([\d.]+) ms are (\d+) cycles a tile", text)]
    for ms, cycles in said:
        if abs(float(ms) * of_a_tile - cycles) > 0.005 * of_a_tile + 0.5:  # the time has two decimals
            sys.exit(f"{PAGE}: {ms} ms are {float(ms) * of_a_tile:.0f} cycles a tile, not {cycles}.")
    return [cycles for _, cycles in said]


def check_prose(laws: dict[str, float]) -> None:
    """The arithmetic that stands in sentences, with its result."""
    measured = tile_cycles(page_tables.prose(PAGE))
    if len(measured) != 2:
        sys.exit(f"{PAGE}: it should say twice how many cycles a tile are, for two slots and for one.")
    two_slots, one_slot = measured
    requests = QUERIES * laws["ask"]
    ask = QUERIES * laws["ask"] + laws["rest"]
    kilobytes = [min(blocks(s)) * (block_bytes(s) + occupancy.RESERVED_BYTES) // 1024 for s in (1, 2)]
    page_tables.require(
        PAGE,
        f"{FIELD_TILES}: {FIELD_TILES * BARRIER_BYTES} bytes",
        f"{WARPS * FIELD_TILES * BARRIER_BYTES:,} bytes of a block instead of {WARPS * 2 * BARRIER_BYTES}",
        f"Ten blocks take {kilobytes[0]} KB of it with one stage, {kilobytes[1]} KB with two",
        f"(171 - {laws['ask']:g}) · 8 = {8 * (171 - laws['ask']):g} cycles, say {laws['latency']:g}",
        f"That is {ask:g} cycles for 8 boxes",
        f"{ask:g} / 8 / 4 = {ask / 32:g} cycles",
        f"{ask + laws['latency']:g} / 8 / 4 = {(ask + laws['latency']) / 32:g} cycles",
        f"= {FIELD_POINTS // SMS:,} boxes to fetch, at 1.98 GHz: {prediction(2, laws)[1]} ms",
        f"{(ask + laws['latency']) / 32:g} cycles, {prediction(1, laws)[1]} ms",
        f"1084 million instructions at 4 a cycle on {SMS} SMs take {1084e6 / 4 / SMS / CLOCK_HZ * 1e3:.2f} ms",
        f"{QUERIES} · {laws['ask']:g} = {requests:g} of them go to the requests",
        f"The other {two_slots - requests:g} are what the prediction took for {laws['rest']:g}",
        f"{one_slot - two_slots} more than with two slots, not {laws['latency']:g}",
        f"floor: {laws['instructions'] / 4:.1f} cycles",
        f"{BOX_BYTES} bytes each {laws['unit']:g} cycles would be {BOX_BYTES / laws['unit']:.1f} bytes a cycle",
        f"Boxes of {BOX_BYTES // 2} bytes ask for {BOX_BYTES / 2 / laws['unit']:.1f}",
        "from 300 to 600 has the same grounds, and gives {} to {} ms".format(
            *(prediction(2, {**laws, "rest": rest})[1] for rest in (300, 600))
        ),
    )


def check_kernel() -> None:
    """That the kernel still has the sizes from which the page's numbers are computed."""
    page_tables.require_code(
        KERNEL,
        f"constexpr int warps = {WARPS};",
        f"constexpr int box_channels = {BOX_BYTES // 8};",
        "constexpr int warp_queries = 32 / query_lanes;",
        f"struct alignas({BLOCK_ALIGNMENT}) Box {{",
        f"__launch_bounds__(block_threads, {blocks(1)[1]})",
        *(f"launch_mbarrier_pipeline<{stages}>" for stages in STAGES),
    )


def main() -> None:
    found, numbers = table("trace")
    found.compare(trace(int(numbers["stages"]), int(numbers["tiles"])), least=2)
    found, numbers = table("field's memory")
    stages, queries = int(numbers["stages"]), int(numbers["queries"])
    found.compare([field_memory(stages, queries, warps) for warps in (16, 8)], least=2)
    found, numbers = table("memory")
    found.compare([memory(stages, int(numbers["registers"])) for stages in STAGES], least=2)
    found, laws = table("prediction")
    found.compare([prediction(stages, laws) for stages in STAGES], least=2)
    check_prose(laws)
    check_kernel()


if __name__ == "__main__":
    main()
