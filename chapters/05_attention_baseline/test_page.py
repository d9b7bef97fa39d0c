"""Checks the numbers of the page that can be computed: the hand traces, the tables of reads, bounds and instructions."""

from __future__ import annotations

import math
import re
import sys
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parents[2] / "common"))
from testing import page_tables  # noqa: E402

FOLDER = Path(__file__).parent
PAGE = FOLDER / "README.md"
KERNEL = FOLDER.parents[1] / "solutions" / FOLDER.name / "kernel.cu"

SMS, CLOCK_HZ, DRAM_BYTES_PER_S = 132, 1.98e9, 4.814e12
EXP_LANES, FMA_LANES, TENSOR_FLOP = 16, 128, 4096  # of an SM, a cycle
SCHEDULERS = 4
DIM, TILE = 64, 32
# heads of all batches, queries, keys
SHAPES = {"mission": (16, 512, 512), "long": (16, 2048, 2048), "decode": (128, 1, 8192)}


def round_half_away(number: float) -> int:
    return math.floor(abs(number) + 0.5) * (1 if number >= 0 else -1)


def quantisers(number: float, least: float, largest: float) -> list[str]:
    """A number written and read by the workload's rule, and by the field's."""
    scale = (largest - least) / 255
    zero_point = round_half_away(-least / scale)
    u = round_half_away(number / scale + zero_point)
    back = scale * (u - zero_point)
    field_u = round_half_away((number / largest + 1) * 127.5)
    field_back = (field_u - 128) / 127 * largest
    return [f"{number:g}", str(u), *(f"{x + 0:.4f}" for x in (back, back - number + 1e-12)), str(field_u)] + [
        f"{x + 0:.4f}" for x in (field_back, field_back - number + 1e-12)
    ]


def trace(scores: list[list[float]], values: list[list[float]]) -> list[list[str]]:
    """The rows of the recurrence, each computed from its definition over all keys so far."""
    rows, seen, largest, forgetful = [], [], -math.inf, 0.0
    for tile, (tile_scores, tile_values) in enumerate(zip(scores, values)):
        seen += zip(tile_scores, tile_values)
        new_largest = max(score for score, _ in seen)
        weights = [2 ** (score - new_largest) for score in tile_scores]
        total = sum(2 ** (score - new_largest) for score, _ in seen)
        output = sum(2 ** (score - new_largest) * value for score, value in seen)
        forgetful += sum(weights)
        rows.append(
            [str(tile), *(", ".join(_number(x) for x in numbers) for numbers in (tile_scores, tile_values))]
            + [_number(new_largest), _number(2 ** (largest - new_largest))]
            + [", ".join(_number(x) for x in weights), _number(total), _number(output), _number(forgetful)]
        )
        largest = new_largest
    return rows


def _number(number: float) -> str:
    return "-∞" if number == -math.inf else f"{number:.10g}"


def exp2_in_float(difference: float) -> str:
    """What exp2f gives, as the page writes it."""
    if math.isnan(difference):
        return "NaN"
    if difference >= 128:
        return "∞"
    return "0" if difference < -150 else f"{2**difference:g}"


def minus(score: float, largest: float) -> list[str]:
    difference = score - largest  # -inf - -inf is NaN in Python as well
    return [_number(difference).replace("nan", "NaN"), exp2_in_float(difference)]


def parse(cell: str) -> float:
    return float(cell.replace("∞", "inf").replace(",", ""))


def significant(number: float) -> str:
    """Three digits."""
    return f"{number:.{max(0, 2 - math.floor(math.log10(number)))}f}"


def bounds() -> list[list[str]]:
    """Microseconds that each resource needs at least."""
    rows = []
    for resource, seconds in (
        ("DRAM", lambda n, q, k: n * DIM * (4 * q + 2 * k) / DRAM_BYTES_PER_S),
        ("tensor cores", lambda n, q, k: n * q * k * 4 * DIM / TENSOR_FLOP / SMS / CLOCK_HZ),
        ("exponentials", lambda n, q, k: n * q * k / EXP_LANES / SMS / CLOCK_HZ),
        ("multiply-adds", lambda n, q, k: n * q * k * 2 * DIM / FMA_LANES / SMS / CLOCK_HZ),
    ):
        rows.append([resource, *(significant(1e6 * seconds(*shape)) for shape in SHAPES.values())])
    return rows


def check_prose(last_row: list[str]) -> None:
    """The arithmetic that stands in sentences, with its result; `last_row` is that of the recurrence's trace."""
    text = page_tables.prose(PAGE)
    heads, queries, keys = SHAPES["mission"]
    rows, tiles = heads * queries, heads * queries * keys // TILE
    per_instruction = tiles / (SCHEDULERS * SMS * CLOCK_HZ) * 1e6  # microseconds for one instruction a tile
    instructions = _claimed(text, r"([\d,]+) warp instructions are \S+ a tile")
    at_full_rate = instructions / tiles * per_instruction
    issued = _claimed(text, r"in ([\d.]+) % of all cycles")
    planned = sum(int(row[-1]) for row in page_tables.find(PAGE, r"<!-- instructions -->").rows[:-1])
    xu = _claimed(text, r"executes ([\d,]+) instructions there")
    decode = _claimed(text, r"`decode` takes ([\d,]+) µs")
    decode_tiles = SHAPES["decode"][2] // TILE
    decode_cycles = decode / decode_tiles * CLOCK_HZ / 1e6
    large = 64 * 8192 * 8192
    measured = _claimed(text, r"each\) takes (\d+) µs on an H200")
    page_tables.require(
        PAGE,
        f"The output is {last_row[7]} / {last_row[6]} = {float(last_row[7]) / float(last_row[6]):g}",
        f"{measured:.0f} µs, not {planned * per_instruction:.0f}. Where does the factor of "
        f"{measured / (planned * per_instruction):.1f} come from",
        f"multiply-adds alone would take {float(bounds()[3][1]):.0f} µs there",
        f"each array once, at {DRAM_BYTES_PER_S / 1e12:.1f} TB/s",
        f"That is all but {measured - round(at_full_rate / issued * 100):.0f} of the {measured:.0f}.",
        f"{rows:,} queries with {keys // TILE} tiles each: {tiles:,} tiles",
        f"{tiles:,} · {planned} / (4 · 132 · 1.98 GHz) = {planned * per_instruction:.0f} µs",
        f"are {instructions / tiles:,.0f} a tile",
        f"they would take {at_full_rate:.1f} µs",
        f"{at_full_rate:.1f} / {issued / 100:.3f} = {at_full_rate / issued * 100:.0f} µs",
        f"{128 / (instructions / tiles) * 100:.0f} % of them",
        f"{xu / tiles:.0f} a tile",
        f"{xu * 2 / SMS / CLOCK_HZ * 1e6:.0f} µs",
        f"{decode_tiles} tiles, one after the other: {decode / decode_tiles:.1f} µs or {round(decode_cycles, -2):,.0f} cycles",
        f"about {round(decode_cycles / 17, -1):.0f} cycles each",
        f"{large * 4 / 1e9:.1f} GB",
        f"{large * 8 / DRAM_BYTES_PER_S * 1e3:.1f} ms",
        f"{rows * 2 * keys * DIM / 1e6:.0f} MB",
        f"{heads * queries // 8:,} blocks · {2 * keys * DIM // 1024} KB = {heads * queries // 8 * 2 * keys * DIM / 1e6:.0f} MB",
    )


def _claimed(text: str, pattern: str) -> float:
    found = re.search(pattern, text)
    if not found:
        sys.exit(f"{PAGE}: nothing in it is {pattern}.")
    return float(found[1].replace(",", ""))


def check_kernel() -> None:
    """That the kernel still has the sizes from which the page's numbers are computed."""
    page_tables.require_code(KERNEL, "constexpr int block_warps = 8;", f"first += {TILE}")


def main() -> None:
    found = page_tables.find(PAGE, r"<!-- quantisers: from (\S+) to (\S+) -->")
    least, largest = float(found.marker[1]), float(found.marker[2])
    found.compare([quantisers(float(row[0]), least, largest) for row in found.rows], least=4)

    found = page_tables.find(PAGE, r"<!-- trace -->")
    scores, values = ([[parse(x) for x in row[column].split(", ")] for row in found.rows] for column in (1, 2))
    last_row = trace(scores, values)[-1]
    found.compare(trace(scores, values), least=3)

    found = page_tables.find(PAGE, r"<!-- minus infinity -->")
    found.compare([row[:2] + minus(parse(row[0]), parse(row[1])) + row[4:] for row in found.rows], least=5)

    found = page_tables.find(PAGE, r"<!-- reads: (\d+) keys -->")
    keys = int(found.marker[1])
    rows = SHAPES["mission"][0] * SHAPES["mission"][1]
    counts = (2 * DIM, keys * DIM, keys * DIM, keys, 2 * keys, 2 * DIM * keys)
    found.compare(
        [[row[0], f"{count:,}", f"{count * rows / 1e6:,.1f}", row[3]] for row, count in zip(found.rows, counts)], least=6
    )

    page_tables.find(PAGE, r"<!-- bounds -->").compare(bounds(), least=4)

    found = page_tables.find(PAGE, r"<!-- instructions -->")
    parts = (DIM * 4, DIM // 4, DIM // 16, 32, TILE * (1 + DIM // 32 * 4))
    found.compare(
        [[*row[:2], str(part)] for row, part in zip(found.rows, parts)] + [["together", "", str(sum(parts))]], least=6
    )

    check_prose(last_row)
    check_kernel()


if __name__ == "__main__":
    main()
