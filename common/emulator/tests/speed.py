"""What the emulator costs: compares it with its targets, or records it for docs/emulator.md.

    speed.py check build/emulator/bin/emulator_bench     fails where the emulator is far from a target
    speed.py record build/emulator/bin/emulator_bench    writes docs/results/emulator.json and the table made from it

The targets are for one core of a quiet machine of 2024. A test may find itself on an older core (half as fast), on one
that another program shares (half as fast again), and at the wrong moment: it fails below a fifth of a target. Processor
time is measured, so waiting for a turn costs nothing.
"""

from __future__ import annotations

import datetime
import json
import sys
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(1, str(_ROOT / "common"))
import processes  # noqa: E402
from lab import benchmark, results  # noqa: E402
from lab.benchmark import Measurement, Report  # noqa: E402
from lab.complaint import Complaint  # noqa: E402
from lab.files import write_whole  # noqa: E402

SLACK = 5
COMMAND = "cmake --build --preset emulator --target record_emulator"
FILE = _ROOT / "docs" / "results" / "emulator.json"


@dataclass(frozen=True)
class Figure:
    """One figure, from the benchmark `name`: so many `unit`s, at least or (of a time) at most `target`."""

    name: str
    what: str
    unit: str
    target: float | None

    def of(self, measured: Measurement) -> float:
        """The figure that was measured."""
        per_second = measured.counters["per_second"]
        return per_second if self._is_rate else {"ms": 1e3, "ns": 1e9}[self.unit] / per_second

    def is_missed(self, value: float) -> bool:
        """Whether a value is so far from the target that no busy machine explains it."""
        if self.target is None:
            return False
        return not (value * SLACK >= self.target if self._is_rate else value <= self.target * SLACK)

    @property
    def _is_rate(self) -> bool:
        return self.unit.endswith(" per second")


_SMALL = "ring of 2 stages, 3 threads, 5 tiles"
_LARGE = "ring of 4 stages, 256 threads, 16 tiles"
FIGURES = (
    Figure("two stages/random", f"{_SMALL}: random", "schedules per second", 50_000),
    Figure("two stages/pct", f"{_SMALL}: PCT", "schedules per second", 50_000),
    Figure("four stages/random", f"{_LARGE}: one schedule, random", "ms", 10),
    Figure("four stages/pct", f"{_LARGE}: one schedule, PCT", "ms", 10),
    Figure("two stages/exhaustive", "ring of 2 stages, 3 threads, 3 tiles: every schedule", "ms", 1_000),
    Figure("shared memory/read", "a read of shared memory, all checks included", "ns", None),
)


def figures(report: Report) -> list[tuple[Figure, Measurement]]:
    """Each figure with its measurement."""
    by_name = {f"{measured.variant}/{measured.shape}": measured for measured in report.measurements}
    missing = [figure.name for figure in FIGURES if figure.name not in by_name]
    if missing:
        raise Complaint(f"the benchmark did not measure {' and '.join(missing)}.")
    return [(figure, by_name[figure.name]) for figure in FIGURES]


def check(report: Report) -> list[str]:
    """A sentence for each target that is missed by far."""
    return [
        f"{figure.what}: {figure.of(measured):,.4g} {figure.unit}, and the target is {figure.target:,} "
        f"(a slow or busy machine may miss it {SLACK} times)."
        for figure, measured in figures(report)
        if figure.is_missed(figure.of(measured))
    ]


def entry(report: Report, machine: str, commit: str, date: datetime.date) -> dict[str, object]:
    """What is recorded: where, when and how it was measured, and each figure."""
    measured = [
        {
            "what": figure.what + _size(measurement),
            "value": float(f"{figure.of(measurement):.3g}"),
            "unit": figure.unit,
            "target": figure.target,
        }
        for figure, measurement in figures(report)
    ]
    return {
        "machine": machine,
        "compiler": report.context["compiler"],
        "date": date.isoformat(),
        "commit": commit,
        "command": COMMAND,
        "figures": measured,
    }


def _size(measured: Measurement) -> str:
    """How much an exhaustive search went through."""
    if "states" not in measured.counters:
        return ""
    return f" ({measured.counters['schedules']:,.0f} runs, {measured.counters['states']:,.0f} states)"


def _machine() -> str:
    """The processor's name."""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return value.strip()
    return "unknown processor"


def main() -> None:
    verb, program = sys.argv[1], Path(sys.argv[2])
    try:
        report = benchmark.measure(program, _ROOT, on_gpu=False)
        for figure, measured in figures(report):
            print(f"{figure.what}: {figure.of(measured):,.4g} {figure.unit}")
        if verb == "check":
            sys.exit("\n".join(check(report)) or 0)
        recorded = entry(report, _machine(), results.commit(_ROOT), datetime.date.today())
    except Complaint as complaint:
        sys.exit(complaint.sentence)
    write_whole(FILE, (json.dumps(recorded, indent=2) + "\n").encode())
    tables = processes.run([sys.executable, _ROOT / "common" / "cmake" / "tables.py", "--root", _ROOT])
    sys.exit(tables.output if tables.code else 0)


if __name__ == "__main__":
    main()
