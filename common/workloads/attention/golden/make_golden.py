#!/usr/bin/env python3
"""Makes golden.txt: inputs and outputs of attention by PyTorch's scaled_dot_product_attention.

    python3 make_golden.py [FILE]        (needs torch; FILE is golden.txt beside this script by default)

The C++ reference is checked against this file, so nothing here shares code or formulas with it: the scale, the softmax
and the products are PyTorch's. The causal mask is given as a mask, because PyTorch's own is aligned at the top left where
there are more keys than queries. All inputs are exact in half (queries) and in float (quantizers); all computation is
in double precision, on the CPU.
"""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.nn.functional import scaled_dot_product_attention


@dataclass(frozen=True)
class Shape:
    batch: int
    heads: int
    queries: int
    keys: int
    dim: int
    causal: bool


@dataclass(frozen=True)
class Case:
    title: str
    shape: Shape
    query: torch.Tensor  # [batch, heads, queries, dim]
    key: torch.Tensor  # [batch, heads, keys, dim], whole numbers from 0 to 255
    value: torch.Tensor  # likewise
    key_quantizer: torch.Tensor  # [batch, heads, 2]: scale, zero point
    value_quantizer: torch.Tensor  # likewise


def dequantised(elements: torch.Tensor, quantizers: torch.Tensor) -> torch.Tensor:
    """What the elements stand for."""
    scale, zero_point = quantizers[..., 0, None, None], quantizers[..., 1, None, None]
    return (elements - zero_point) * scale


def attention(case: Case) -> torch.Tensor:
    """The output [batch, heads, queries, dim]."""
    shape = case.shape
    mask = torch.ones(shape.queries, shape.keys, dtype=torch.bool)
    if shape.causal:
        mask = mask.tril(diagonal=shape.keys - shape.queries)  # the last query sees the last key
    keys = dequantised(case.key, case.key_quantizer)
    values = dequantised(case.value, case.value_quantizer)
    return scaled_dot_product_attention(case.query, keys, values, attn_mask=mask)


def random_case(title: str, shape: Shape, seed: int) -> Case:
    """Random inputs for a shape."""
    numbers = random.Random(seed)

    def tensor(draw: list[float], *sizes: int) -> torch.Tensor:
        return torch.tensor(draw, dtype=torch.float64).reshape(shape.batch, shape.heads, *sizes)

    heads = shape.batch * shape.heads
    queries = [numbers.randint(-128, 128) / 64 for _ in range(heads * shape.queries * shape.dim)]
    elements = [[float(numbers.randint(0, 255)) for _ in range(heads * shape.keys * shape.dim)] for _ in range(2)]
    quantizers = [
        [number for _ in range(heads) for number in (numbers.randint(1, 64) / 4096, float(numbers.randint(90, 160)))]
        for _ in range(2)
    ]
    return Case(
        title,
        shape,
        tensor(queries, shape.queries, shape.dim),
        *(tensor(array, shape.keys, shape.dim) for array in elements),
        *(tensor(array, 2) for array in quantizers),
    )


def write(path: Path, cases: list[Case]) -> None:
    def line(numbers: list[float]) -> str:
        return " ".join(repr(int(number) if number == int(number) else number) for number in numbers)

    lines = [
        "# Attention in float64 by torch.nn.functional.scaled_dot_product_attention on the dequantised keys and values;",
        f"# made by make_golden.py with torch {torch.__version__}.",
        "# Numbers are separated by blanks; # begins a comment.",
        "# number of cases",
        str(len(cases)),
    ]
    for case in cases:
        shape = case.shape
        lines += ["", f"# {case.title}", "# batch heads queries keys dim causal"]
        lines += [line([shape.batch, shape.heads, shape.queries, shape.keys, shape.dim, shape.causal])]
        arrays = {
            "query [batch][heads][queries][dim]": case.query,
            "key [batch][heads][keys][dim]": case.key,
            "value [batch][heads][keys][dim]": case.value,
            "key quantizers [batch][heads][scale, zero point]": case.key_quantizer,
            "value quantizers [batch][heads][scale, zero point]": case.value_quantizer,
            "output [batch][heads][queries][dim]": attention(case),
        }
        for name, array in arrays.items():
            lines += [f"# {name}"]
            lines += [line(row) for row in array.reshape(-1, array.shape[-1]).tolist()]
    path.write_text("\n".join(lines) + "\n", encoding="ascii")


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent / "golden.txt"
    cases = [
        random_case("two in the batch, two heads, more keys than queries", Shape(2, 2, 2, 5, 64, False), seed=1),
        random_case("causal, more keys than queries", Shape(1, 2, 3, 5, 64, True), seed=2),
        random_case("causal, as many keys as queries", Shape(1, 1, 4, 4, 64, True), seed=3),
        random_case("more queries than keys, 128 dims", Shape(1, 1, 3, 2, 128, False), seed=4),
    ]
    write(path, cases)
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
