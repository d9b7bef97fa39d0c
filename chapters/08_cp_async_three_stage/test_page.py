"""Checks the numbers of the page that can be computed: the traces, shared memory, the prediction, the counters."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parents[2] / "common"))
from testing import occupancy, page_tables  # noqa: E402

FOLDER = Path(__file__).parent
PAGE = FOLDER / "README.md"
KERNEL = FOLDER.parents[1] / "solutions" / FOLDER.name / "kernel.cu"

GHZ = 1.98
WARPS, WARP_QUERIES, TILE_KEYS, PAD = 4, 16, 32, 8
QUERIES = WARPS * WARP_QUERIES
DECODE_TILES, MISSION_TILES, NO_LOADS_LAP = 8192 // TILE_KEYS, 512 // TILE_KEYS, 2
HALF, FLOAT = 2, 4
KEYS_AND_VALUES_US = 128 * 8192 * 2 * 64 / 4.814e12 * 1e6  # of decode, from DRAM


def trace(stages: int, tiles: int) -> list[list[str]]:
    """The rows of the hand trace, by keeping a list of groups as the kernel commits them."""
    groups: list[int | None] = []  # of each the tile that it brings
    slot_of: dict[int, int] = {}
    free = 0  # slots are filled in turn

    def request(tile: int) -> tuple[str, str]:
        nonlocal free
        groups.append(tile if tile < tiles else None)
        if tile >= tiles:
            return "–", "–"
        slot_of[tile], free = free, free + 1 if free + 1 < stages else 0
        return str(tile), str(slot_of[tile])

    first = [request(tile) for tile in range(stages - 1)]
    rows = [["prologue", *(", ".join(column) for column in zip(*first)), str(len(groups)), "", "", ""]]
    for tile in range(tiles):
        asked = request(tile + stages - 1)
        complete = groups[: len(groups) - (stages - 1)]
        newest = [one for one in complete if one is not None][-1]
        rows.append([str(tile), *asked, str(len(groups)), str(len(complete)), str(newest), str(slot_of[newest])])
    return rows


def ticks(stages: int, tiles: int, load: int, compute: int) -> int:
    """When a block has finished its tiles: it requests, waits for this tile's load, computes."""
    now, landed = 0, {tile: load for tile in range(stages - 1)}
    for tile in range(tiles):
        landed[tile + stages - 1] = now + load
        now = max(now, landed[tile]) + compute
    return now


def block_bytes(dim: int, stages: int) -> int:
    """sizeof(PipelineStorage<dim, stages>)."""
    query = QUERIES * (dim + PAD) * HALF
    key_and_value = 2 * TILE_KEYS * (dim + PAD) * HALF
    score = QUERIES * (TILE_KEYS + PAD) * FLOAT
    weight = QUERIES * (TILE_KEYS + PAD) * HALF
    factor = QUERIES * (16 + PAD) * FLOAT
    return query + key_and_value + score + weight + factor + stages * 2 * TILE_KEYS * dim


def memory(stages: int, registers: list[int]) -> list[str]:
    """How many blocks fit on an SM, at both dims."""
    row = [str(stages)]
    for dim, count in zip((64, 128), registers):
        used = block_bytes(dim, stages)
        fit = occupancy.by_memory(used), occupancy.by_registers(WARPS * 32, count)
        row += [f"{used:,}", *map(str, fit), str(min(fit))]
    return row


def prediction(row: list[str]) -> list[str]:
    """What follows from the measured cells of a row."""
    load, compute, two_stages = page_tables.number(row[1]), page_tables.number(row[2]), page_tables.number(row[4])
    gain = max(0.0, load - compute) / two_stages
    return [*row[:3], f"{load - compute:.1f} µs", row[4], f"{100 * gain:.0f} %"]


def counters(rows: list[list[str]], sms: float, l2: float) -> list[list[str]]:
    """The table with the shares that its counts give."""
    cells = {row[0]: row[1:] for row in rows}

    def counted(name: str) -> list[float]:
        if name not in cells:
            sys.exit(f"{PAGE}: the counters have no row “{name}”.")
        return [page_tables.number(cell) for cell in cells[name]]

    cycles = [sms * count for count in counted("cycles that an SM was active")]
    of_l2 = [1e6 * count / all_ for count, all_ in zip(counted("L2, megabytes"), cycles)]

    def share(counts: list[float], a_count: float) -> list[str]:
        return [f"{100 * a_count * count / all_:.0f} %" for count, all_ in zip(counts, cycles)]

    computed = {
        "– bytes a cycle and SM": [f"{one:.1f}" for one in of_l2],
        f"– of about {l2:g} (chapter 03)": [f"{100 * one / l2:.0f} %" for one in of_l2],
        "– of one each two cycles and SM": share(counted("exp2, warp instructions"), 2),
        "– of one a cycle and SM": share(counted("passes over shared memory"), 1),
    }
    if missing := computed.keys() - cells.keys():
        sys.exit(f"{PAGE}: the counters have no row “{missing.pop()}”.")
    return [[row[0], *computed.get(row[0], row[1:])] for row in rows]


def one_query(rows: list[list[str]]) -> None:
    """That what is predicted is the larger of the two, where both have been measured."""
    for row in rows:
        if not row[2]:
            continue
        no_loads, loads_alone, predicted = (page_tables.number(cell) for cell in row[1:4])
        if predicted != max(no_loads, loads_alone):
            sys.exit(f"{PAGE}: for {row[0]} of one query the prediction is not the larger one of its two times.")


def result(row: list[str]) -> list[str]:
    """What three stages take, of two."""
    return [*row[:5], f"{100 * (page_tables.number(row[3]) / page_tables.number(row[2]) - 1):+.1f} %"]


def cycles_a_tile(microseconds: float, tiles: int) -> str:
    return f"{round(microseconds * GHZ * 1e3 / tiles, -1):,.0f}"


def check_result(rows: list[list[str]], noise: float, one_query_rows: list[list[str]]) -> None:
    """The sentences that repeat what the table of results and its noise say."""
    times = {row[0]: [page_tables.number(cell) for cell in row[1:5]] for row in rows}
    one, two, three, four = times["mission"]
    query_two, query_three, query_four = (page_tables.number(row[-1]) for row in one_query_rows)
    page_tables.require(
        PAGE,
        f"takes {two:.1f} µs with two stages, {three:.1f} µs with three and {four:.1f} µs with four",
        f"takes {query_two} µs with two stages and {query_three} µs with three: {query_two / query_three:.2f} times",
        f"The fourth stage wins another {query_three - query_four:.1f} µs",
        f"makes it {query_two / query_three:.2f} times as fast",
        f"So {noise:.2f} µs, {100 * noise / three:.1f} %, is noise",
        f"pays: {one / two:.2f} times at `mission`, {times['decode'][0] / times['decode'][1]:.2f} times at `decode`",
        f"It pays {100 * (times['long'][0] / times['long'][1] - 1):.0f} % at `long`",
        f"with one block {100 * (one / two - 1):.0f} %",
        f"stages at `mission` differ by {abs(three - two):.2f} µs",
    )


def check_prose(measured: dict[str, list[float]]) -> None:
    """The arithmetic that stands in sentences, with its result."""
    load, compute, _, two_stages = measured["decode"]
    mission_load, mission_compute, _, mission_two = measured["mission"]
    asked_later = DECODE_TILES - NO_LOADS_LAP
    page_tables.require(
        PAGE,
        f"{load} µs / {DECODE_TILES}, or {cycles_a_tile(load, DECODE_TILES)} cycles",
        f"{compute} µs / {DECODE_TILES}, or {cycles_a_tile(compute, DECODE_TILES)}.",
        f"{mission_load} + {mission_compute} - 3.3 = {mission_load + mission_compute - 3.3:.1f} µs",
        f"{two_stages} - {compute} µs, over the {asked_later} tiles",
        f"are about {cycles_a_tile(two_stages - compute, asked_later)} cycles a tile",
        f"At `mission`, over {MISSION_TILES - NO_LOADS_LAP} tiles",
        f"still cost {mission_two - mission_compute:.1f} µs",
        f"as halves they take twice that, {2 * KEYS_AND_VALUES_US:.1f} µs",
        f"Why {mission_two} µs and not {mission_compute} µs?",
        f"656 µs for 16 tiles are {656 / 16:.0f} µs a tile",
        f"behind {656 / 16:.0f} µs gains {100 / (656 / 16):.1f} % at most",
        f"1 / 0.282 = {1 / 0.282:.1f} cycles",
    )


def check_kernel() -> None:
    """That the kernel still has the sizes from which the page's numbers are computed."""
    page_tables.require_code(
        KERNEL,
        f"constexpr int block_warps = {WARPS},",
        f"constexpr int warp_queries = {WARP_QUERIES},",
        f"constexpr int tile_keys = {TILE_KEYS};",
        f"constexpr int pad = {PAD};",
        "alignas(32) half query[block_queries][Dim + pad];",
        "alignas(32) float score[block_warps][warp_queries][tile_keys + pad];",
        "alignas(32) half weight[block_warps][warp_queries][tile_keys + pad];",
        "alignas(32) float factor[block_warps][warp_queries][16 + pad];",
        "cp_async_wait_group<Stages - 1>();",
        *(f"launch_stages<{stages}>" for stages in (1, 2, 3, 4)),
    )


def main() -> None:
    found = page_tables.find(PAGE, r"<!-- memory: registers (\d+) and (\d+) -->")
    registers = [int(found.marker[1]), int(found.marker[2])]
    found.compare([memory(stages, registers) for stages in range(1, 6)], least=5)
    found = page_tables.find(PAGE, r"<!-- trace: (\d+) stages, (\d+) tiles -->")
    found.compare(trace(int(found.marker[1]), int(found.marker[2])), least=2)
    found = page_tables.find(PAGE, r"<!-- ring: (\d+) tiles -->")
    loops = [(int(row[0]), int(row[1])) for row in found.rows]
    found.compare(
        [[*map(str, one), *(str(ticks(s, int(found.marker[1]), *one)) for s in range(1, 6))] for one in loops], least=2
    )
    found = page_tables.find(PAGE, r"<!-- counters: (\d+) SMs, L2 (\d+) -->")
    found.compare(counters(found.rows, float(found.marker[1]), float(found.marker[2])), least=11)
    busy = {row[0]: row[1:] for row in found.rows}
    page_tables.require(
        PAGE,
        f"The tensor cores are busy for {page_tables.number(busy['tensor cores, of their peak'][0]):.0f} % of this time",
        f"is in use for {busy['– of one a cycle and SM'][1]} of the time",
    )
    queries = page_tables.find(PAGE, r"<!-- one query -->").rows
    one_query(queries)
    found = page_tables.find(PAGE, r"<!-- prediction: two stages -->")
    found.compare([prediction(row) for row in found.rows], least=3)
    measured = {row[0]: [page_tables.number(cell) for cell in row[1:5]] for row in found.rows}
    check_prose(measured)
    found = page_tables.find(PAGE, r"<!-- result -->")
    found.compare([result(row) for row in found.rows], least=3)
    twice = [[page_tables.number(cell) for cell in row[1:]] for row in page_tables.find(PAGE, r"<!-- A/A -->").rows]
    noise = max(max(abs(first - second), spread) for first, second, spread in twice)
    check_result(found.rows, noise, queries)
    check_kernel()


if __name__ == "__main__":
    main()
