"""Checks the numbers of the page that can be computed: both hand traces, what a tile costs, and the prediction."""

from __future__ import annotations

import math
import re
import struct
import sys
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parents[2] / "common"))
from testing import page_tables  # noqa: E402

FOLDER = Path(__file__).parent
PAGE = FOLDER / "README.md"
KERNEL = FOLDER.parents[1] / "solutions" / FOLDER.name / "kernel.cu"

SMS, CLOCK_MHZ = 132, 1980
WARP_QUERIES = 16
INSTRUCTIONS = 444  # of a warp, for a tile: counted in the machine code
BASELINE_INSTRUCTIONS = 1081  # of chapter 05's warp, for one query and 32 keys
FACTOR_COLUMNS = 16
LAUNCH_US, LOAD_CYCLES, CYCLES_AN_INSTRUCTION = 3.2, 700, 3


def half(number: float) -> float:
    """The half that is nearest to `number`."""
    return struct.unpack("e", struct.pack("e", number))[0]


def short(number: float) -> str:
    """Six decimals, without the zeros at the end."""
    return f"{number:.6f}".rstrip("0").rstrip(".")


def byte_rows(zero_point: int, elements: list[int]) -> list[list[str]]:
    """What becomes of a byte, by the bits of a half."""
    rows = []
    for u in elements:
        number = struct.unpack("e", struct.pack("H", 0x6400 | u))[0]
        rows.append([str(u), f"0x64{u:02x}", f"{number:g}", f"{half(number - half(1024 + zero_point)):g}"])
    return rows


def permuted(word: int, selector: int) -> int:
    """__byte_perm(word, 0x64, selector)."""
    taken = word.to_bytes(4, "little") + (0x64).to_bytes(4, "little")
    return int.from_bytes(bytes(taken[selector >> 4 * i & 7] for i in range(4)), "little")


def permutation_row(word: int, selector: int) -> list[str]:
    names = [f"byte {d}" if d < 4 else "0x64" for d in (selector >> 4 * i & 7 for i in range(4))]
    return [f"0x{selector:04x}", ", ".join(names), f"0x{permuted(word, selector):08x}"]


class Softmax:
    """A row's softmax, tile by tile, as the kernel computes it; `unrounded` sums the weights before rounding."""

    def __init__(self) -> None:
        self.largest, self.sum, self.unrounded, self.output = -math.inf, 0.0, 0.0, 0.0

    def add(self, scores: list[float], values: list[float]) -> list[str]:
        """Takes a tile. Returns the cells that the page shows of it, without the tile's number."""
        largest = max(self.largest, *scores)
        rescale = 2 ** (self.largest - largest)
        weights = [2 ** (score - largest) for score in scores]
        rounded = [half(weight) for weight in weights]
        self.largest = largest
        self.sum = self.sum * rescale + sum(rounded)
        self.unrounded = self.unrounded * rescale + sum(weights)
        self.output = self.output * rescale + sum(w * v for w, v in zip(rounded, values))
        lists = (", ".join(map(short, numbers)) for numbers in (weights, rounded))
        return [
            ", ".join(f"{score:g}" for score in scores),
            f"{largest:g}",
            short(rescale),
            *lists,
            short(self.sum),
            short(self.output),
        ]


def numbers(text: str) -> list[list[float]]:
    """A list for each tile of a text like `1.5 1 / 3.25 2`."""
    return [[float(number) for number in tile.split()] for tile in text.split(" / ")]


def shared_rows(queries: int, keys: int, dims: int, warps: int) -> list[list[str]]:
    """Bytes of shared memory for a tile, and their sum: halves have 2 bytes, floats 4."""
    kinds = [
        ("keys and values, stored as halves", 2 * keys * dims * 2),
        ("queries, loaded by each warp its own", queries * dims * 2),
        ("keys, loaded by each warp all", warps * keys * dims * 2),
        ("scores, stored and loaded", 2 * queries * keys * 4),
        ("weights, stored and loaded", 2 * queries * keys * 2),
        ("factors, stored and loaded", 2 * queries * FACTOR_COLUMNS * 4),
        ("values, loaded by each warp all", warps * keys * dims * 2),
    ]
    rows = [[name, f"{count:,}"] for name, count in kinds]
    return [*rows, ["**together**", f"{sum(count for _, count in kinds):,}"]]


def resource_rows(queries: int, keys: int, dims: int, warps: int, shared_bytes: int) -> list[list[str]]:
    needs = [
        ("tensor cores", 2 * 2 * queries * keys * dims, " multiplications and additions", 4096),
        ("exp2", queries * keys, "", 16),
        ("L2", 2 * keys * dims, " bytes", 35),
        ("instructions", warps * INSTRUCTIONS, "", 4),
        ("shared memory", shared_bytes, " bytes", 128),
    ]
    return [[name, f"{need:,}{unit}", f"{rate:,}", f"{need / rate:.0f}"] for name, need, unit, rate in needs]


def check_softmax() -> None:
    found = page_tables.find(PAGE, r"<!-- softmax: scores (.*), values (.*) -->")
    tiles = list(zip(numbers(found.marker[1]), numbers(found.marker[2])))
    softmax = Softmax()
    found.compare([[str(i), *softmax.add(*tile)] for i, tile in enumerate(tiles)], least=2)
    pairs = [(2**score, value) for scores, values in tiles for score, value in zip(scores, values)]
    exact = sum(weight * value for weight, value in pairs) / sum(weight for weight, _ in pairs)
    zero_point = 140
    folded = (softmax.output + zero_point * softmax.sum) / softmax.unrounded - zero_point
    quotient = softmax.output / softmax.sum
    page_tables.require(
        PAGE,
        f"{softmax.output:.6f} / {softmax.sum:.6f} = {quotient:.6f}. Without any rounding it would be {exact:.6f}",
        f"It would be {softmax.unrounded:.6f}, 1 part in {softmax.sum / (softmax.unrounded - softmax.sum):,.0f} more, "
        f"and the output {softmax.output / softmax.unrounded:.6f}",
        f"({softmax.output:.6f} + {zero_point} · {softmax.sum:.6f}) / {softmax.unrounded:.6f}",
        f"makes {folded:.6f}: the error is now {(exact - folded) / (softmax.output / softmax.unrounded - exact):.1f} times",
    )


def check_prediction(shared_cycles: float) -> None:
    """Time of a busiest SM's tiles, and of a lone warp's chain."""
    tile = CYCLES_AN_INSTRUCTION * INSTRUCTIONS + LOAD_CYCLES
    mission = LAUNCH_US + 15 * tile / CLOCK_MHZ
    tiles = -(-16 * 2048 // 64 // SMS) * 2048 // 32
    long = tiles * shared_cycles
    page_tables.require(
        PAGE,
        f"= {tiles} tiles: {long:,.0f} cycles, {long / CLOCK_MHZ:.1f} µs at",
        f"{INSTRUCTIONS} · {CYCLES_AN_INSTRUCTION} = {CYCLES_AN_INSTRUCTION * INSTRUCTIONS:,} cycles",
        f"{tile:,} cycles a tile, {tile / CLOCK_MHZ:.2f} µs",
        f"{LAUNCH_US} + 15 · {tile / CLOCK_MHZ:.2f} = {mission:.1f} µs",
        f"| mission | {mission:.1f} µs |",
        f"| long | at least {long / CLOCK_MHZ:.1f} µs |",
        f"chapter 06 {INSTRUCTIONS} for {WARP_QUERIES} queries: "
        f"{BASELINE_INSTRUCTIONS / INSTRUCTIONS * WARP_QUERIES:.0f} times fewer",
    )


def check_measured() -> None:
    """What follows from the measured times: quotients of the table, and cycles a tile."""
    text = page_tables.prose(PAGE)
    for shape, time, before, factor in re.findall(
        r"\| (mission|long) \| [^|]* \| ([\d.]+) µs \| ([\d.]+) µs \| ([\d.]+) times \|", text
    ):
        if abs(float(before) / float(time) / float(factor) - 1) > 0.01:
            sys.exit(f"{PAGE}: {shape}: {before} / {time} is {float(before) / float(time):.1f}, not {factor}.")
    said = re.search(r"From \(([\d.]+) - ([\d.]+)\) / 15 = ", text)
    if not said:
        sys.exit(f"{PAGE}: it should say how many cycles a tile follow from the times of mission and small.")
    microseconds = (float(said[1]) - float(said[2])) / 15
    cycles = f"{round(microseconds * CLOCK_MHZ, -1):,.0f} cycles"
    page_tables.require(PAGE, f"From ({said[1]} - {said[2]}) / 15 = {microseconds:.2f} µs follow {cycles}")


def check_kernel(queries: int, keys: int, warps: int) -> None:
    """That the kernel still has the sizes from which the page's numbers are computed."""
    if queries != warps * WARP_QUERIES:
        sys.exit(f"{PAGE}: {warps} warps of {WARP_QUERIES} queries do not make a block of {queries}.")
    page_tables.require_code(
        KERNEL,
        f"constexpr int block_warps = {warps},",
        f"constexpr int warp_queries = {WARP_QUERIES},",
        f"constexpr int tile_keys = {keys};",
        f"[warp_queries][{FACTOR_COLUMNS} + pad]",
        "0x64, 0x4140",
        "0x64, 0x4342",
    )


def main() -> None:
    found = page_tables.find(PAGE, r"<!-- bytes: zero_point (\d+) -->")
    found.compare(byte_rows(int(found.marker[1]), [int(row[0]) for row in found.rows]), least=3)
    word = bytes(int(row[0]) for row in found.rows[:4])
    found = page_tables.find(PAGE, r"<!-- permutation: (0x[0-9a-f]{8}) -->")
    if int(found.marker[1], 16) != int.from_bytes(word, "little"):
        sys.exit(f"{PAGE}: the first four bytes of the table are the word 0x{int.from_bytes(word, 'little'):08x}.")
    page_tables.require(PAGE, f"as the word `{found.marker[1]}`")
    found.compare([permutation_row(int(found.marker[1], 16), selector) for selector in (0x4140, 0x4342)], least=2)
    check_softmax()

    found = page_tables.find(PAGE, r"<!-- shared memory: (\d+) queries, (\d+) keys, (\d+) dims, (\d+) warps -->")
    sizes = [int(size) for size in found.marker.groups()]
    rows = shared_rows(*sizes)
    found.compare(rows, least=8)
    count = {name: int(cell.replace(",", "")) for name, cell in rows}
    wall = sum(count[f"{name}, stored and loaded"] for name in ("scores", "weights", "factors"))
    share = f"{100 * wall / count['**together**']:.0f} %"
    page_tables.require(PAGE, f"scores, weights and factors are {share} of the bytes")
    page_tables.find(PAGE, r"<!-- resources -->").compare(resource_rows(*sizes, count["**together**"]), least=5)
    check_prediction(count["**together**"] / 128)
    check_measured()
    check_kernel(sizes[0], sizes[1], sizes[3])


if __name__ == "__main__":
    main()
