"""Deformable attention: the kernels of our chapters beside PyTorch's grid_sample, in milliseconds a call.

    deformable_attention.py [--record]          (needs a GPU, PyTorch, and our programs built; takes about a minute)

The formulation is that of the published models: each level is sampled with grid_sample, the samples of all levels are
weighted and summed. It keeps every sample in memory: 12 GB at `field` in float. --record writes
docs/results/peers/deformable_attention-<gpu>.json, from which common/cmake/tables.py makes the table
`peers deformable_attention`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from comparison import Call, Workload, compare

if TYPE_CHECKING:
    from torch import Tensor, dtype

# grid_sample wants coordinates in the type of the values, and a half in [-1, 1] places a sample in a map of 162 pixels
# only to 0.02 pixels: that alone is an error of 0.9 %.
TOLERANCE = 3e-2


@dataclass(frozen=True)
class Shape:
    """Sizes, as in workloads/deformable_attention/shape.h."""

    batch: int
    queries: int
    heads: int
    channels: int  # per head
    points: int  # per level
    maps: tuple[tuple[int, int], ...]  # height and width of each level; they follow one another without gaps

    @property
    def pixels(self) -> int:
        """Of an image, all levels together."""
        return sum(height * width for height, width in self.maps)

    @property
    def input_bytes(self) -> int:
        """Values and weights as halves, locations as two floats."""
        points = self.queries * len(self.maps) * self.points
        return self.batch * self.heads * (2 * self.pixels * self.channels + 10 * points)


SHAPES = {
    "field local": Shape(48, 20522, 1, 32, 8, ((94, 162), (48, 82), (25, 42), (14, 22))),
    "detr local": Shape(2, 17821, 8, 32, 4, ((100, 134), (50, 67), (25, 34), (13, 17))),
}


@dataclass(frozen=True)
class Inputs:
    """One set."""

    shape: Shape
    value: Tensor  # half [batch, pixels, heads, channels]
    locations: Tensor  # float [batch, queries, heads, levels, points, 2], (x, y) in units of the map
    weights: Tensor  # half [batch, queries, heads, levels, points]


def make_sets(shape: Shape, count: int) -> list[Inputs]:
    """Normal values; points with a standard deviation of 2 pixels around the query's own pixel; positive weights with
    the sum 1: as `local` in workloads/deformable_attention/inputs.cpp."""
    import torch

    centres = [
        torch.stack(torch.meshgrid((torch.arange(w) + 0.5) / w, (torch.arange(h) + 0.5) / h, indexing="xy"), -1)
        for h, w in shape.maps
    ]
    pixels = torch.cat([level.reshape(-1, 2) for level in centres])
    own = pixels[torch.arange(shape.queries) % shape.pixels].reshape(shape.queries, 1, 1, 1, 2)
    sizes = torch.tensor([[width, height] for height, width in shape.maps], dtype=torch.float)

    def one() -> Inputs:
        points = (shape.batch, shape.queries, shape.heads, len(shape.maps), shape.points)
        value = torch.randn(shape.batch, shape.pixels, shape.heads, shape.channels, dtype=torch.half)
        locations = own + 2 * torch.randn(*points, 2) / sizes[:, None]
        weights = (6 * torch.rand(points)).flatten(-2).softmax(-1).reshape(points)
        return Inputs(shape, value, locations, weights.half())

    return [one() for _ in range(count)]


def deformable_attention(inputs: Inputs, precision: dtype) -> Tensor:
    """The output [batch, queries, heads, channels]: values, coordinates and samples in the given type."""
    import torch
    from torch.nn.functional import grid_sample

    shape, queries = inputs.shape, inputs.locations.shape[1]
    images = shape.batch * shape.heads  # grid_sample knows no heads: each is an image of its own
    grids = (2 * inputs.locations - 1).to(precision)  # its coordinates run from -1 to 1
    levels = inputs.value.to(precision).split([height * width for height, width in shape.maps], dim=1)
    samples = [
        grid_sample(
            level.permute(0, 2, 3, 1).reshape(images, shape.channels, *size),
            grids[:, :, :, index].transpose(1, 2).reshape(images, queries, shape.points, 2),
            padding_mode="zeros",
            align_corners=False,
        )
        for index, (level, size) in enumerate(zip(levels, shape.maps, strict=True))
    ]
    weights = inputs.weights.transpose(1, 2).reshape(images, 1, queries, -1)
    output = (torch.cat(samples, dim=-1) * weights).sum(-1)  # [images, channels, queries]
    return output.reshape(shape.batch, shape.heads, shape.channels, queries).permute(0, 3, 1, 2).contiguous()


def expected(inputs: Inputs) -> tuple[Any, Tensor]:
    """About 128 queries of each image; by the same formulation, which is also that of the workload's golden vectors."""
    import torch

    rows = (slice(None), slice(None, None, inputs.shape.queries // 128 | 1))
    few = replace(inputs, locations=inputs.locations[rows], weights=inputs.weights[rows])
    return rows, deformable_attention(few, torch.double)


def calls(_: Shape) -> Mapping[str, Call]:
    """In half, and in float, which PyTorch's automatic mixed precision takes for grid_sample."""
    import torch

    return {
        "grid_sample in half": lambda inputs: deformable_attention(inputs, torch.half),
        "grid_sample in float": lambda inputs: deformable_attention(inputs, torch.float),
    }


WORKLOAD = Workload("deformable_attention", "ms", SHAPES, TOLERANCE, make_sets, expected, calls)

if __name__ == "__main__":
    compare(WORKLOAD)
