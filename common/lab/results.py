"""Recorded measurements: docs/results/<gpu>.json, merged so that nobody's numbers are lost."""

from __future__ import annotations

import datetime
import json
import os
import shutil
from pathlib import Path

import processes
from lab.benchmark import BOUND, RATE, Measurement, Report
from lab.complaint import Complaint
from lab.files import write_whole

_COUNTERS = ("registers", "shared_bytes", "blocks_per_sm", "relative_l2")


def file_name(gpu: str) -> str:
    """The file of a GPU: "NVIDIA H200" is nvidia-h200.json."""
    return gpu.lower().replace(" ", "-").replace("/", "-") + ".json"


def entry(report: Report, commit: str, command: str, date: datetime.date) -> dict[str, object]:
    """What is recorded of one chapter: where, when and how it was measured, and the reference's numbers."""
    return {
        **source(report, commit, command, date),
        "results": [_result(measured) for measured in report.measurements if measured.variant == "reference"],
    }


def source(report: Report, commit: str, command: str, date: datetime.date) -> dict[str, str]:
    """Where, when and how a program was measured: what its numbers are worth nothing without."""
    missing = [name for name in ("driver", "cuda") if not report.context.get(name)]
    if missing:
        raise Complaint(f"nothing was recorded: the benchmark does not say its {' and '.join(missing)}.")
    return {
        "driver": report.context["driver"],
        "cuda": report.context["cuda"],
        "date": date.isoformat(),
        "commit": commit,
        "command": command,
    }


def write_grid(root: Path, folder: str, grid: dict[str, object]) -> str:
    """Writes docs/results/`folder`/<program>-<gpu>.json, rows and columns of which the pages make a table; returns the
    sentence that says so."""
    path = root / "docs" / "results" / folder / f"{grid['program']}-{file_name(str(grid['gpu']))}"
    write_whole(path, (json.dumps(grid, indent=2) + "\n").encode())
    tables = "`python3 common/cmake/tables.py --root .` brings the pages up to date"
    return f"recorded in {path.relative_to(root)}; {tables}."


def merge(folder: Path, gpu: str, entries: dict[str, dict[str, object]]) -> Path:
    """Replaces the chapters in `entries` in the GPU's file and leaves everything else as it is; returns the file."""
    path = folder / file_name(gpu)
    recorded: dict[str, object] = {"gpu": gpu, "chapters": {}}
    if path.exists():
        try:
            recorded = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            raise Complaint(f"nothing was recorded: {path} is not valid JSON; mend it or move it away.") from None
    chapters = recorded.get("chapters")
    if recorded.get("gpu") != gpu or not isinstance(chapters, dict):
        raise Complaint(f"nothing was recorded: {path} does not hold the results of {gpu}; move it away.")
    recorded["chapters"] = dict(sorted((chapters | entries).items()))
    write_whole(path, (json.dumps(recorded, indent=2) + "\n").encode())
    return path


def commit(root: Path) -> str:
    """The checkout's short commit, "-dirty" when tracked files differ; without git TUTORIAL_COMMIT or "unknown"."""
    if shutil.which("git"):
        head = processes.run(["git", "rev-parse", "--short", "HEAD"], cwd=root, seconds=20)
        if head.code == 0:
            changed = processes.run(["git", "status", "--porcelain", "--untracked-files=no"], cwd=root, seconds=60)
            return head.output.strip() + ("-dirty" if changed.output.strip() else "")
    return os.environ.get("TUTORIAL_COMMIT", "unknown")


def _result(measured: Measurement) -> dict[str, object]:
    missing = [name for name in _COUNTERS if name not in measured.counters]
    if not measured.bounds:
        missing.append("a bound")
    if not measured.rate[0]:
        missing.append("a rate")
    if missing:
        raise Complaint(f"nothing was recorded: the benchmark at {measured.shape} does not count {', '.join(missing)}.")
    names = (measured.rate[0] + RATE, *(name + BOUND for name in measured.bounds), *_COUNTERS)
    counters = {name: rounded(measured.counters[name]) for name in names}
    times = {"ms": rounded(measured.ms), "noise_ms": rounded(measured.noise_ms)}
    return {"shape": measured.shape, **times, **counters, "repetitions": measured.repetitions}


def rounded(value: float) -> float | int:
    """The value with four significant digits; a small whole number as an int."""
    short = float(f"{value:.4g}")
    return int(value) if value == int(value) and abs(value) < 1e6 else short
