#!/usr/bin/env python3
"""Makes golden.txt: inputs and outputs of multi-scale deformable attention by PyTorch's grid_sample.

    python3 make_golden.py [FILE]        (needs torch; FILE is golden.txt beside this script by default)

The C++ reference is checked against this file, so nothing here shares code or formulas with it: the conversion from
locations to pixels, the borders and the bilinear mixture are PyTorch's. All inputs are exact in half (values, weights)
and in float (locations); all computation is in double precision.
"""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.nn.functional import grid_sample


@dataclass(frozen=True)
class Shape:
    batch: int
    queries: int
    heads: int
    channels: int
    points: int
    pixels: int
    levels: list[tuple[int, int, int]]  # height, width, first pixel


@dataclass(frozen=True)
class Case:
    title: str
    shape: Shape
    value: torch.Tensor  # [batch, pixels, heads, channels]
    locations: torch.Tensor  # [batch, queries, heads, levels, points, 2], (x, y) from 0 to 1
    weights: torch.Tensor  # [batch, queries, heads, levels, points]


def deformable_attention(case: Case) -> torch.Tensor:
    """The output [batch, queries, heads, channels]: one grid_sample per level, then the weighted sum."""
    shape = case.shape
    images = shape.batch * shape.heads  # grid_sample knows no heads: each is an image of its own
    output = torch.zeros(images, shape.channels, shape.queries, dtype=torch.float64)
    for index, (height, width, start) in enumerate(shape.levels):
        rows = case.value[:, start : start + height * width]
        maps = rows.permute(0, 2, 3, 1).reshape(images, shape.channels, height, width)
        grid = 2 * case.locations[:, :, :, index] - 1  # grid_sample's coordinates run from -1 to 1
        grid = grid.permute(0, 2, 1, 3, 4).reshape(images, shape.queries, shape.points, 2)
        samples = grid_sample(maps, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
        weights = case.weights[:, :, :, index].permute(0, 2, 1, 3).reshape(images, 1, shape.queries, shape.points)
        output = output + (samples * weights).sum(dim=3)
    return output.reshape(shape.batch, shape.heads, shape.channels, shape.queries).permute(0, 3, 1, 2)


def tensor(numbers: list[float], *sizes: int) -> torch.Tensor:
    return torch.tensor(numbers, dtype=torch.float64).reshape(*sizes)


def random_location(numbers: random.Random, size: int) -> float:
    """A coordinate in or near the map; every fourth lies exactly on a border or a pixel's centre, where it can."""
    if numbers.randrange(4) == 0 and size & (size - 1) == 0:  # others have no exact float there
        pixel = numbers.choice([-1, -0.5, 0, 0.5, size - 1, size - 0.5, size])
        return (pixel + 0.5) / size
    return numbers.randint(-256, 1280) / 1024


def random_case(title: str, shape: Shape, seed: int) -> Case:
    """Random inputs for a shape."""
    numbers = random.Random(seed)
    rows = shape.batch * shape.queries * shape.heads
    values = [numbers.randint(-128, 128) / 64 for _ in range(shape.batch * shape.pixels * shape.heads * shape.channels)]
    coordinates: list[float] = []
    for _ in range(rows):
        for height, width, _start in shape.levels:
            for _ in range(shape.points):
                coordinates += [random_location(numbers, width), random_location(numbers, height)]
    count = len(shape.levels) * shape.points
    weights = [numbers.randint(0, 64) / 64 for _ in range(rows * count)]
    leading = (shape.batch, shape.queries, shape.heads, len(shape.levels), shape.points)
    return Case(
        title,
        shape,
        tensor(values, shape.batch, shape.pixels, shape.heads, shape.channels),
        tensor(coordinates, *leading, 2),
        tensor(weights, *leading),
    )


def write(path: Path, cases: list[Case]) -> None:
    def line(numbers: list[float]) -> str:
        return " ".join(repr(int(number) if number == int(number) else number) for number in numbers)

    lines = [
        "# Multi-scale deformable attention in float64 by torch.nn.functional.grid_sample (bilinear, zeros,",
        f"# align_corners=False); made by make_golden.py with torch {torch.__version__}.",
        "# Numbers are separated by blanks; # begins a comment.",
        "# number of cases",
        str(len(cases)),
    ]
    for case in cases:
        shape = case.shape
        lines += ["", f"# {case.title}", "# batch queries heads channels points pixels levels"]
        sizes = [shape.batch, shape.queries, shape.heads, shape.channels, shape.points, shape.pixels, len(shape.levels)]
        lines += [line(sizes)]
        lines += ["# height width start of each level", *(line(list(level)) for level in shape.levels)]
        arrays = {
            "value [batch][pixels][heads][channels]": case.value,
            "locations [batch][queries][heads][levels][points][x, y]": case.locations,
            "weights [batch][queries][heads][levels][points]": case.weights,
            "output [batch][queries][heads][channels]": deformable_attention(case),
        }
        for name, array in arrays.items():
            lines += [f"# {name}"]
            lines += [line(row) for row in array.reshape(-1, array.shape[-1]).tolist()]
    path.write_text("\n".join(lines) + "\n", encoding="ascii")


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent / "golden.txt"
    cases = [
        random_case(
            "levels without gaps, two images, two heads",
            Shape(2, 5, 2, 8, 3, 3 * 5 + 4 * 8 + 1 * 2, [(3, 5, 0), (4, 8, 15), (1, 2, 47)]),
            seed=1,
        ),
        random_case(
            "levels in another order and with gaps that must not be read",
            Shape(2, 3, 1, 16, 2, 60, [(4, 8, 21), (2, 4, 7)]),
            seed=2,
        ),
    ]
    write(path, cases)
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
