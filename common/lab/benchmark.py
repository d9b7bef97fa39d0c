"""Runs a chapter's Google Benchmark program and sums up its repetitions."""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import processes
from lab.complaint import Complaint

REPETITIONS = 9
_SECONDS = 900.0
MILLISECONDS = {"ns": 1e-6, "us": 1e-3, "ms": 1.0, "s": 1e3}
# How the names of a workload's own counters end: times that no kernel can beat, and what is done in a second.
BOUND = "_bound_ms"
BOUND_NAMES = {
    "dram": "DRAM",
    "l1": "L1",
    "issue": "issue",
    "tma": "TMA unit",
    "tensor": "tensor core",
    "exp": "exp",
}
RATE = "_per_second"
# What Google Benchmark writes of itself; every other number of a row is a counter of ours.
_NOT_COUNTERS = frozenset(
    (
        "family_index",
        "per_family_instance_index",
        "repetitions",
        "repetition_index",
        "iterations",
        "real_time",
        "cpu_time",
    )
)


@dataclass(frozen=True)
class Measurement:
    """One variant ("yours", "reference", "previous") at one shape: the median of its repetitions, `noise_ms` half
    their interquartile range. On the emulator the times mean nothing."""

    variant: str
    shape: str
    ms: float
    noise_ms: float
    repetitions: int
    counters: dict[str, float]
    unit: str = "ms"  # that the program gives the time in: "us"

    @property
    def bounds(self) -> dict[str, float]:
        """The milliseconds of each bound by its name: "dram"."""
        return {name.removesuffix(BOUND): value for name, value in self.counters.items() if name.endswith(BOUND)}

    @property
    def largest_bound(self) -> tuple[str, float]:
        """The name and the milliseconds of the bound that forbids most; ("", 0) when none was given."""
        key, milliseconds = max(self.bounds.items(), key=lambda bound: bound[1], default=("", 0.0))
        return BOUND_NAMES.get(key, key), milliseconds

    @property
    def rate(self) -> tuple[str, float]:
        """What is done in a second, and how much of it: ("points", 9.5e9); ("", 0) when that was not given."""
        rates = [(name.removesuffix(RATE), value) for name, value in self.counters.items() if name.endswith(RATE)]
        return rates[0] if rates else ("", 0.0)


@dataclass(frozen=True)
class Report:
    """What one run of a benchmark program said: its context (GPU, driver, ...) and the measurements in its order."""

    context: dict[str, str]
    measurements: list[Measurement]

    @property
    def shapes(self) -> list[str]:
        """The shapes in the program's order."""
        return list(dict.fromkeys(measurement.shape for measurement in self.measurements))

    def at(self, variant: str, shape: str) -> Measurement | None:
        """One measurement, or None where the variant does not exist (a first chapter has no "previous")."""
        for measurement in self.measurements:
            if (measurement.variant, measurement.shape) == (variant, shape):
                return measurement
        return None


def measure(
    program: Path, root: Path, on_gpu: bool, repetitions: int = REPETITIONS, names: str | None = None
) -> Report:
    """Runs the program: interleaved repetitions on a GPU, once on the emulator, whose counts never vary. `names` is a
    regular expression where not all of its benchmarks are to run."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "benchmark.json"
        command: list[str | Path] = [program, f"--benchmark_out={out}", "--benchmark_out_format=json"]
        if names:
            command.append(f"--benchmark_filter={names}")
        if on_gpu:
            command += [f"--benchmark_repetitions={repetitions}", "--benchmark_enable_random_interleaving=true"]
        ended = processes.run(command, cwd=root, seconds=_SECONDS)
        text = out.read_text(encoding="utf-8") if out.exists() else ""
    if ended.timed_out:
        raise Complaint(f"{program.name} did not end within {_SECONDS:.0f} s and was stopped.")
    if ended.code != 0:
        print("\n".join(ended.output.splitlines()[-15:]))
        raise Complaint(f"{program.name} measured nothing (exit code {ended.code}); its last words stand above.")
    return parse(text, program.name)


def parse(text: str, name: str) -> Report:
    """Sums up Google Benchmark's JSON; a row with an error, or no row at all, is a complaint in the name of `name`."""
    try:
        document = json.loads(text)
    except ValueError:
        raise Complaint(f"{name} wrote no readable results.") from None
    groups: dict[tuple[str, str], list[dict[str, object]]] = {}
    # In the order of the program, not in that of the random interleaving.
    for row in sorted(document.get("benchmarks", []), key=lambda row: row.get("family_index", 0)):
        if row.get("error_occurred"):
            raise Complaint(f"{name}, {row['name']}: {row.get('error_message', 'failed')}")
        if row.get("run_type") == "iteration":
            variant, shape = row["run_name"].split("/")[:2]  # Google Benchmark appends "/manual_time" and the like
            groups.setdefault(("yours" if variant == "given" else variant, shape), []).append(row)
    if not groups:
        raise Complaint(f"{name} measured nothing.")
    return Report(document.get("context", {}), [_sum_up(*key, rows) for key, rows in groups.items()])


def median_and_noise(values: Sequence[float]) -> tuple[float, float]:
    """The median, and half the interquartile range (0 for a single value)."""
    if len(values) < 2:
        return values[0], 0.0
    lower, middle, upper = statistics.quantiles(values, n=4, method="inclusive")
    return middle, (upper - lower) / 2


def _sum_up(variant: str, shape: str, rows: list[dict[str, object]]) -> Measurement:
    times = [_number(row["real_time"]) * MILLISECONDS[str(row.get("time_unit", "ns"))] for row in rows]
    ms, noise_ms = median_and_noise(times)
    names = [name for name, value in rows[0].items() if isinstance(value, (int, float)) and name not in _NOT_COUNTERS]
    counters = {name: median_and_noise([_number(row[name]) for row in rows])[0] for name in names}
    return Measurement(variant, shape, ms, noise_ms, len(rows), counters, str(rows[0].get("time_unit", "ns")))


def _number(value: object) -> float:
    if isinstance(value, (int, float)):
        return float(value)
    raise Complaint(f"a benchmark row has {value!r} where a number belongs.")
