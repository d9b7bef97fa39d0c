"""Attention: the kernels of our chapters beside PyTorch's scaled_dot_product_attention (SDPA), in microseconds a call.

    attention.py [--record]          (needs a GPU, PyTorch, and our programs built; takes two to three minutes)

SDPA reads keys and values in half precision. So it is measured alone, in each of its implementations ("backends"), on
keys and values that are halves already; and behind a conversion from 8 bits, as our kernels get them. --record writes
docs/results/peers/attention-<gpu>.json, from which common/cmake/tables.py makes the table `peers attention`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from comparison import Call, Workload, compare

if TYPE_CHECKING:
    from torch import Tensor

BACKENDS = ("FLASH_ATTENTION", "CUDNN_ATTENTION", "EFFICIENT_ATTENTION")
MOST_SCORE_BYTES = 4 << 30  # what the backend MATH may take for the scores, of which it keeps several copies


@dataclass(frozen=True)
class Shape:
    """Sizes, as in workloads/attention/shape.h; none has a causal mask."""

    batch: int
    heads: int
    queries: int  # per head
    keys: int  # per head
    dim: int

    @property
    def input_bytes(self) -> int:
        """What a kernel reads that gets keys and values in 8 bits: PyTorch on halves reads more."""
        return self.batch * self.heads * self.dim * 2 * (self.queries + self.keys)

    @property
    def score_bytes(self) -> int:
        """The scores, as floats."""
        return 4 * self.batch * self.heads * self.queries * self.keys


SHAPES = {
    "small": Shape(2, 8, 32, 32, 64),
    "mission": Shape(2, 8, 512, 512, 64),
    "long": Shape(2, 8, 2048, 2048, 64),
    "large 64": Shape(4, 16, 8192, 8192, 64),
    "large 128": Shape(4, 16, 8192, 8192, 128),
    "decode": Shape(8, 16, 1, 8192, 64),
}


@dataclass(frozen=True)
class Quantised:
    """Keys or values in 8 bits: element u stands for scale * (u - zero_point)."""

    elements: Tensor  # uint8 [batch, heads, keys, dim]
    scale: Tensor  # float [batch, heads, 1, 1]
    zero_point: Tensor  # whole numbers as halves, likewise

    def half(self) -> Tensor:
        """What the elements stand for: an exact subtraction in half, then a product that is rounded to half."""
        return (self.elements - self.zero_point).mul_(self.scale)

    def double(self) -> Tensor:
        """Likewise, without rounding."""
        return (self.elements.double() - self.zero_point.double()) * self.scale.double()


@dataclass(frozen=True)
class Inputs:
    """One set: keys and values in 8 bits, and in half."""

    query: Tensor  # half [batch, heads, queries, dim]
    quantised_key: Quantised
    quantised_value: Quantised
    key: Tensor  # half [batch, heads, keys, dim]
    value: Tensor  # likewise


def make_sets(shape: Shape, count: int) -> list[Inputs]:
    """Normal numbers; keys and values quantised head by head, as workloads/attention/quantizer.cpp does."""
    import torch

    def quantised() -> list[Quantised]:
        numbers = torch.randn(count, shape.batch, shape.heads, shape.keys, shape.dim)
        least = numbers.amin((-2, -1), keepdim=True).clamp(max=0)
        largest = numbers.amax((-2, -1), keepdim=True).clamp(min=0)
        scale = (largest - least) / 255
        zero_point = (-least / scale).round()
        elements = (numbers / scale + zero_point).round().clamp(0, 255).to(torch.uint8)
        return [Quantised(*arrays) for arrays in zip(elements, scale, zero_point.half(), strict=True)]

    queries = torch.randn(count, shape.batch, shape.heads, shape.queries, shape.dim, dtype=torch.half)
    arrays = zip(queries, quantised(), quantised(), strict=True)
    return [Inputs(query, key, value, key.half(), value.half()) for query, key, value in arrays]


def expected(inputs: Inputs) -> tuple[Any, Tensor]:
    """About 64 rows of each of four heads or so, an odd number apart, so that they lie anywhere in a kernel's tiles."""
    import torch

    _, heads, queries, dim = inputs.query.shape
    head, row = slice(None, None, heads // 4 | 1), slice(None, None, queries // 64 | 1)
    key, value = inputs.quantised_key.double()[:, head], inputs.quantised_value.double()[:, head]
    scores = inputs.query[:, head, row].double() @ key.transpose(-2, -1) / dim**0.5
    return (slice(None), head, row), torch.softmax(scores, -1) @ value


def calls(shape: Shape) -> Mapping[str, Call]:
    """SDPA as PyTorch chooses, by each backend, and behind a conversion of keys and values from 8 bits."""
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.nn.functional import scaled_dot_product_attention as sdpa

    def by(backend: str) -> Call:
        def call(inputs: Inputs) -> Tensor:
            with sdpa_kernel(getattr(SDPBackend, backend)):
                return sdpa(inputs.query, inputs.key, inputs.value)

        return call

    backends = [*BACKENDS, *(["MATH"] if shape.score_bytes <= MOST_SCORE_BYTES else [])]
    return {
        "SDPA on halves": lambda inputs: sdpa(inputs.query, inputs.key, inputs.value),
        **{f"SDPA on halves, {backend.removesuffix('_ATTENTION')}": by(backend) for backend in backends},
        "8 bits to half, SDPA": lambda inputs: sdpa(
            inputs.query, inputs.quantised_key.half(), inputs.quantised_value.half()
        ),
    }


WORKLOAD = Workload("attention", "us", SHAPES, 1e-2, make_sets, expected, calls)

if __name__ == "__main__":
    compare(WORKLOAD)
