"""Runs a benchmark whose names are ROW/COLUMN, and records its results as a grid.

    record_grid.py build/cuda/bin/ch03_sweep

writes docs/results/grids/ch03_sweep-<gpu>.json, from which common/cmake/tables.py makes the table `grid ch03_sweep`.
What the rows and the columns are the program says in its context. A value is the benchmark's counter `cycles_per_box`
where it has one, otherwise its time: in microseconds where the program gives all its times so, else in milliseconds;
the median of the repetitions. A benchmark that was to run with so many blocks on a multiprocessor (its column), and of
which fewer fit, is left out.
"""

from __future__ import annotations

import argparse
import datetime
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "common"))

from lab import benchmark, results  # noqa: E402
from lab.complaint import Complaint  # noqa: E402

REPETITIONS = 3


def grid(report: benchmark.Report) -> dict[str, Any]:
    """The unit of the values, and the cells in the program's order."""
    cells: list[dict[str, object]] = []
    unit = "us" if all(measured.unit == "us" for measured in report.measurements) else "ms"
    for measured in report.measurements:
        cell: dict[str, object] = {"row": measured.variant, "column": measured.shape}
        if "cycles_per_box" in measured.counters:
            unit = "cycles a box"
            cell["value"] = results.rounded(measured.counters["cycles_per_box"])
        else:
            blocks = measured.counters["blocks_per_sm"]
            if measured.shape.isdigit() and int(measured.shape) != blocks:
                continue
            value = results.rounded(measured.ms / benchmark.MILLISECONDS[unit])
            cell |= {"value": value, "blocks_per_sm": int(blocks)}
        cells.append(cell)
    return {"unit": unit, "cells": cells}


def main() -> None:
    parser = argparse.ArgumentParser(description="Records the results of a benchmark as a grid of rows and columns.")
    parser.add_argument("program", type=Path, help="build/cuda/bin/ch03_sweep, for example")
    program: Path = parser.parse_args().program
    try:
        report = benchmark.measure(program.resolve(), ROOT, on_gpu=True, repetitions=REPETITIONS)
        gpu = report.context.get("gpu")
        if not gpu:
            raise Complaint(f"{program} ran on no GPU: nothing is recorded.")
        command = f"python3 common/bench/record_grid.py build/cuda/bin/{program.name}"
        recorded = {
            "gpu": gpu,
            **results.source(report, results.commit(ROOT), command, datetime.date.today()),
            "program": program.name,
            "rows": report.context["rows"],
            "columns": report.context["columns"],
            **grid(report),
        }
        print(results.write_grid(ROOT, "grids", recorded))
    except Complaint as complaint:
        sys.exit(str(complaint))


if __name__ == "__main__":
    main()
