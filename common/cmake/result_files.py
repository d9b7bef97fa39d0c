"""What docs/results/ holds, for the tools that write it into pages or look numbers up: each file is checked when it is
read.

There are <gpu>.json, what `./lab run --record` measured; emulator.json, what the emulator costs
(common/emulator/tests/speed.py); bugs.json, what the emulator reports of the wrong programs (`bugs --record`);
sanitizer-<gpu>.json, what compute-sanitizer reports of them (sanitize.py); litmus-<gpu>.json, what the litmus tests saw
(`litmus --record`); in grids/ <program>-<gpu>.json, what one benchmark measured (common/bench/record_grid.py); and in
peers/ <workload>-<gpu>.json, what a program of common/bench/peers/ measured.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import common_folder  # before what lies there
from lab.benchmark import BOUND, BOUND_NAMES

BOUNDS = {name + BOUND: words for name, words in BOUND_NAMES.items()}
RATES = {"points_per_second": ("G points/s", 1e9), "flop_per_second": ("TFLOP/s", 1e12)}
RECORD = "`./lab run --record` on a machine with a GPU"
RECORD_EMULATOR = "`cmake --build --preset emulator --target record_emulator`"
BUGS = Path("common/emulator/tests/bugs")
RECORD_BUGS = "`build/emulator/bin/bugs --record docs/results/bugs.json`"
RECORD_SANITIZER = f"`python3 {BUGS}/sanitize.py build/cuda/bin/bugs` on a machine with a GPU"
RECORD_LITMUS = "`build/cuda/bin/litmus --record docs/results/litmus-<gpu>.json` on a machine with a GPU"
# How a table of rows and columns is recorded: of each kind its folder in docs/results/, and what fills it.
GRIDS = {
    "grid": ("grids", "`python3 common/bench/record_grid.py build/cuda/bin/{}` on a machine with a GPU"),
    "peers": ("peers", "`python3 common/bench/peers/{}.py --record` on a machine with a GPU and PyTorch"),
}
SANITIZER_TOOLS = ("racecheck", "synccheck", "memcheck")
# How a run without a tool ends, and what a tool does: the words of sanitize.py, and those of the page.
ENDINGS = {"right": "right", "wrong": "wrong output", "error": "error", "hang": "hangs"}
VERDICTS = {"reports": "**reports**", "silent": "silent", "hang": "hangs", "failed": "–"}

_SOURCE_KEYS = ("driver", "cuda", "date", "commit", "command")
_RECORDING_KEYS = (*_SOURCE_KEYS, "results")
_BUG_KEYS = ("mistake", "pitfall", "findings", "found", "first")
_EMULATOR_KEYS = ("machine", "compiler", "date", "commit", "command", "figures")
_LITMUS_KEYS = ("row", "kind", "asks", "finding", "verdict", "outcomes")
_NUMBERS = ("ms", "noise_ms", "registers", "shared_bytes", "blocks_per_sm", "relative_l2")
_RESULT_KEYS = ("shape", *_NUMBERS)
_WORKLOAD = re.compile(r"^tutorial_chapter\((\w+)\s[^)]*?\bWORKLOAD\s+(\w+)", re.MULTILINE)

Recording = dict[str, Any]  # what docs/results/<gpu>.json holds for one chapter
Result = dict[str, Any]  # one of its results


class ResultError(Exception):
    """A file is not as it must be; the message is one sentence that begins with it."""


class Results:
    """All recorded results: for each GPU's name its chapters' recordings, and the chapters that there are, with the
    workload that the build's list of chapters gives each."""

    def __init__(self, root: Path) -> None:
        self.chapters = sorted(page.parent.name for page in root.glob("chapters/*/README.md"))
        self.workloads = dict(_WORKLOAD.findall((root / "CMakeLists.txt").read_text(encoding="utf-8")))
        self.gpus: dict[str, dict[str, Recording]] = {}
        self.bugs: dict[str, Any] = {"schedules": 0, "bugs": {}}  # what bugs.json holds
        self.sanitizers: list[dict[str, Any]] = []  # what sanitizer-*.json hold
        self.litmus: list[dict[str, Any]] = []  # what litmus-*.json hold
        checks = {"grid": self._check_grid, "peers": self._check_peers}
        self.grids = {  # of each kind, what the files in its folder hold
            kind: [
                _load(path, root, checks[kind], record.format(path.name.split("-")[0]))
                for path in sorted(root.glob(f"docs/results/{folder}/*.json"))
            ]
            for kind, (folder, record) in GRIDS.items()
        }
        self.emulator: dict[str, Any] | None = None  # what emulator.json holds
        for path in sorted(root.glob("docs/results/*.json")):
            if path.name == "bugs.json":
                self.bugs = _load(path, root, self._check_bugs, RECORD_BUGS)
            elif path.name == "emulator.json":
                self.emulator = _load(path, root, self._check_emulator, RECORD_EMULATOR)
            elif path.name.startswith("sanitizer-"):
                self.sanitizers.append(_load(path, root, self._check_sanitizer, RECORD_SANITIZER))
            elif path.name.startswith("litmus-"):
                self.litmus.append(_load(path, root, self._check_litmus, RECORD_LITMUS))
            else:
                recorded = _load(path, root, self._check, RECORD)
                self.gpus[recorded["gpu"]] = recorded["chapters"]

    def _check(self, recorded: dict[str, Any]) -> None:
        """Raises a ValueError, TypeError or AttributeError where the tables could not be written from `recorded`."""
        _require(recorded, ("gpu", "chapters"), "the file")
        for chapter, recording in recorded["chapters"].items():
            if chapter not in self.chapters:
                raise ValueError(f"{chapter} is recorded, but is no folder in chapters/")
            _require(recording, _RECORDING_KEYS, chapter)
            for result in recording["results"]:
                _require(result, _RESULT_KEYS, chapter)
                where = f'of {chapter}, "{result["shape"]}",'
                if not (bounds_of(result) and len(rates_of(result)) == 1):
                    raise ValueError(f"the result {where} has no bound, or not one rate")
                for key in (*_NUMBERS, *bounds_of(result), *rates_of(result)):
                    if not math.isfinite(result[key]):
                        raise ValueError(f"{key} {where} is no number")
                if not result["ms"] > 0:
                    raise ValueError(f"ms {where} is not above 0")

    def _check_bugs(self, recorded: dict[str, Any]) -> None:
        _require(recorded, ("schedules", "bugs"), "the file")
        for name, bug in recorded["bugs"].items():
            _require(bug, _BUG_KEYS, name)

    def _check_emulator(self, recorded: dict[str, Any]) -> None:
        _require(recorded, _EMULATOR_KEYS, "the file")
        for figure in recorded["figures"]:
            _require(figure, ("what", "value", "unit", "target"), str(figure.get("what", "a figure")))
            if not (math.isfinite(figure["value"]) and figure["value"] > 0):
                raise ValueError(f"the value of \"{figure['what']}\" is not above 0")

    def _check_sanitizer(self, recorded: dict[str, Any]) -> None:
        _require(recorded, ("gpu", *_SOURCE_KEYS, "bugs"), "the file")
        for name, twins in recorded["bugs"].items():
            _require(twins, ("wrong", "fixed"), name)
            for twin, said in twins.items():
                where = f"{name} {twin}"
                _require(said, ("alone", *SANITIZER_TOOLS), where)
                outcomes = [said["alone"]["outcome"] in ENDINGS]
                outcomes += [said[tool]["outcome"] in VERDICTS for tool in SANITIZER_TOOLS]
                if not all(outcomes):
                    raise ValueError(f"{where} has an outcome that is none")

    def _check_grid(self, recorded: dict[str, Any]) -> None:
        _require(recorded, ("gpu", *_SOURCE_KEYS, "program", "rows", "columns", "unit", "cells"), "the file")
        for cell in recorded["cells"]:
            _require(cell, ("row", "column", "value"), "a cell")
            if not (math.isfinite(cell["value"]) and cell["value"] > 0):
                raise ValueError(f"the value of {cell['row']}, {cell['column']} is not above 0")

    def _check_peers(self, recorded: dict[str, Any]) -> None:
        _require(recorded, ("torch", "cudnn"), "the file")
        self._check_grid(recorded)

    def _check_litmus(self, recorded: dict[str, Any]) -> None:
        _require(recorded, ("gpu", *_SOURCE_KEYS, "rows"), "the file")
        for row in recorded["rows"]:
            _require(row, _LITMUS_KEYS, str(row.get("row", "a row")))
            if row["verdict"] == "violated":
                raise ValueError(f"{row['row']} is violated, which is an error and no result")
            if not row["outcomes"] or not all(count > 0 for count in row["outcomes"].values()):
                raise ValueError(f"{row['row']} has no outcome")


def _load(path: Path, root: Path, check: Callable[[dict[str, Any]], None], record: str) -> dict[str, Any]:
    """What a results file holds. `check` raises a ValueError, TypeError, KeyError or AttributeError where that is not
    as it must be; `record` is how to record it again."""
    try:
        recorded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        check(recorded)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ResultError(f"{path.relative_to(root)}: {error}: record it again with {record}.") from None
    return recorded


def _require(values: dict[str, Any], keys: tuple[str, ...], what: str) -> None:
    missing = [key for key in keys if key not in values]
    if missing:
        raise ValueError(f"{what} lacks {', '.join(missing)}")


def bounds_of(result: Result) -> list[str]:
    """The keys of the result's bounds."""
    return [bound for bound in BOUNDS if bound in result]


def rates_of(result: Result) -> list[str]:
    """The keys of its rates: one, in a result that was accepted."""
    return [rate for rate in RATES if rate in result]
