"""What the programs of this folder share: PyTorch's calls beside our kernels, in one run on one GPU.

PyTorch's calls are timed as bench/bench.cpp times our launches: one CUDA graph of many calls, over sets of inputs that
together are larger than twice the L2 cache, so that a call finds none of its inputs there.
"""

from __future__ import annotations

import argparse
import datetime
import itertools
import math
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "common"))

from lab import benchmark, chapters, results  # noqa: E402
from lab.complaint import Complaint  # noqa: E402
from lab.project import Project  # noqa: E402
from lab.terminal import Progress, paint, table  # noqa: E402

SKIPPED = 77
REPETITIONS = 3  # of our programs
REPLAYS = 9  # of a graph
GRAPH_MS = 20.0
MOST_CALLS = 1000  # in a graph

Call = Callable[[Any], "Tensor"]  # from a set of inputs to the output


@dataclass(frozen=True)
class Workload:
    """What PyTorch and our chapters both do, and how PyTorch does it."""

    name: str  # as chapters name it
    unit: str  # of the table's times: "us" or "ms"
    shapes: Mapping[str, Any]  # by the names in chNN_bench; each says its `input_bytes`
    tolerance: float  # of the relative L2 error of PyTorch's outputs
    make_sets: Callable[[Any, int], Sequence[Any]]  # so many sets of inputs of a shape
    expected: Callable[[Any], tuple[Any, Tensor]]  # in float64: the index of some of the output's rows, and these rows
    calls: Callable[[Any], Mapping[str, Call]]  # PyTorch's ways to do it at a shape, by name


@dataclass(frozen=True)
class Cell:
    """What was measured of a kernel (row) at a shape (column)."""

    row: str
    column: str
    value: float
    relative_l2: float


def compare(workload: Workload) -> None:
    """The whole program: measures, prints the table, and records it if asked to."""
    parser = argparse.ArgumentParser(description=f"Our kernels for {workload.name} beside PyTorch's.")
    parser.add_argument("--record", action="store_true", help="write docs/results/peers/, for the pages' tables")
    record: bool = parser.parse_args().record
    try:
        require_torch()
        programs = find_programs(Project(ROOT), workload)
        peers = measure_peers(workload)
        ours, report = measure_ours(programs, workload)
        cells = [*ours, *peers]
        print(paint(f"{workload.name} on {report.context['gpu']}: {workload.unit} a call", "bold"))
        print("\n".join(as_table(cells, list(workload.shapes))))
        print(
            "The last column is the largest relative L2 error against float64, on sampled rows; "
            f"of PyTorch's {workload.tolerance:g} is allowed."
        )
        if record:
            print(results.write_grid(ROOT, "peers", recording(workload, cells, report)))
    except Complaint as complaint:
        print(complaint.sentence, file=sys.stderr)
        sys.exit(complaint.code)


def require_torch() -> None:
    """A Complaint that means "skipped" where there is no PyTorch, or no GPU for it."""
    try:
        import torch
    except ImportError:
        sentence = "PyTorch is missing: `pip install torch`, and run this with the same Python."
        raise Complaint(sentence, SKIPPED) from None
    if not torch.cuda.is_available():
        needs = "run this on a machine with one, with a PyTorch that is made for CUDA"
        raise Complaint(f"PyTorch {torch.__version__} finds no GPU: {needs}.", SKIPPED)


def find_programs(project: Project, workload: Workload) -> dict[str, Path]:
    """For each chapter on the workload the program that measures its kernel, which must be built."""
    build = project.build("cuda")
    listed = build / "chapters.json"
    if not listed.exists():
        raise Complaint("Nothing is built for the GPU here: run `cmake --preset cuda`, then this again.")
    on_workload = [chapter for chapter in chapters.load(listed) if chapter.workload == workload.name]
    programs = {chapter.name: build / "bin" / f"{chapter.target}_bench" for chapter in on_workload}
    missing = " ".join(program.name for program in programs.values() if not program.exists())
    if missing:
        command = f"cmake --build --preset cuda --target {missing}"
        raise Complaint(f"Our kernels are not built: run `{command}`, then this again.")
    return programs


def measure_ours(programs: Mapping[str, Path], workload: Workload) -> tuple[list[Cell], benchmark.Report]:
    """A row for each chapter's reference; and the last report, which says what it ran on."""
    cells: list[Cell] = []
    names = f"reference/({'|'.join(workload.shapes)})"
    for chapter, program in programs.items():
        with Progress(f"measuring {chapter}"):
            report = benchmark.measure(program, ROOT, on_gpu=True, repetitions=REPETITIONS, names=names)
        for measured in report.measurements:
            value = measured.ms / benchmark.MILLISECONDS[workload.unit]
            cells.append(Cell(chapter, measured.shape, value, measured.counters["relative_l2"]))
    return cells, report


def measure_peers(workload: Workload) -> list[Cell]:
    """A row for each of PyTorch's ways. Where it cannot go one of them at a shape, it says so, and there is no cell; a
    wrong output is a Complaint."""
    import torch

    torch.set_default_device("cuda")
    torch.manual_seed(1)
    cells: list[Cell] = []
    l2_bytes = torch.cuda.get_device_properties(0).L2_cache_size
    for name, shape in workload.shapes.items():
        with Progress(f"measuring PyTorch at {name}"), torch.inference_mode():
            sets = workload.make_sets(shape, 1 + math.ceil(2 * l2_bytes / shape.input_bytes))
            rows, expected = workload.expected(sets[0])
            for peer, call in workload.calls(shape).items():
                try:
                    error = relative_l2(call(sets[0])[rows], expected)
                    ms = milliseconds(call, sets)
                except RuntimeError as failure:
                    print(f"{peer} at {name}: no cell, because PyTorch says: {str(failure).partition(chr(10))[0]}")
                    continue
                if not error <= workload.tolerance:
                    wrong = f"its relative L2 error is {error:.2g}, and {workload.tolerance:g} is allowed"
                    raise Complaint(f"{peer} at {name} is wrong, and its time worth nothing: {wrong}.")
                cells.append(Cell(peer, name, ms / benchmark.MILLISECONDS[workload.unit], error))
    del sets
    torch.cuda.empty_cache()  # our programs need the memory
    return cells


def relative_l2(output: Tensor, expected: Tensor) -> float:
    """The norm of the error, divided by that of what is expected."""
    return float((output.double() - expected).norm() / expected.norm())


def milliseconds(call: Call, sets: Sequence[Any]) -> float:
    """The time of one of many calls in a CUDA graph, which takes the sets in turn: the median of its replays."""
    import torch

    def elapsed(work: Callable[[], object]) -> float:
        start, stop = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        work()
        stop.record()
        stop.synchronize()
        return float(start.elapsed_time(stop))

    for _ in range(3):  # libraries choose and load their kernels
        call(sets[0])
    calls = max(len(sets), min(MOST_CALLS, round(GRAPH_MS / elapsed(lambda: call(sets[0])))))
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for inputs in itertools.islice(itertools.cycle(sets), calls):
            call(inputs)
    graph.replay()
    return statistics.median(elapsed(graph.replay) for _ in range(REPLAYS)) / calls


def as_table(cells: Sequence[Cell], shapes: Sequence[str]) -> list[str]:
    """A line for each kernel, a column for each shape, and the kernel's largest error."""
    lines = [["kernel", *shapes, "relative L2"]]
    for row in dict.fromkeys(cell.row for cell in cells):
        of_row = {cell.column: cell for cell in cells if cell.row == row}
        values = [f"{results.rounded(of_row[shape].value):g}" if shape in of_row else "-" for shape in shapes]
        lines.append([row, *values, f"{max(cell.relative_l2 for cell in of_row.values()):.1e}"])
    return table(lines, frozenset(range(1, len(shapes) + 2)))


def recording(workload: Workload, cells: Sequence[Cell], report: benchmark.Report) -> dict[str, object]:
    """What common/cmake/tables.py makes the table `peers` from."""
    import torch

    command = f"python3 common/bench/peers/{workload.name}.py --record"
    numbers = ("value", "relative_l2")
    cudnn: int = torch.backends.cudnn.version()  # 91900 is 9.19.0
    return {
        "gpu": report.context["gpu"],
        **results.source(report, results.commit(ROOT), command, datetime.date.today()),
        "torch": str(torch.__version__),
        "cudnn": f"{cudnn // 10000}.{cudnn // 100 % 100}.{cudnn % 100}",
        "program": workload.name,
        "rows": "kernel",
        "columns": "shape",
        "unit": workload.unit,
        "cells": [asdict(cell) | {key: results.rounded(getattr(cell, key)) for key in numbers} for cell in cells],
    }
