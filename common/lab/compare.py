"""`compare N`: yours beside the reference and the previous chapter, in one process; on the emulator, counted."""

from __future__ import annotations

from pathlib import Path

from lab import benchmark, machines
from lab.benchmark import RATE, Measurement, Report
from lab.chapters import Chapter
from lab.check import Check
from lab.complaint import Complaint
from lab.project import Project
from lab.terminal import Progress, paint, table



def compare(project: Project, chapter: Chapter, kernel: Path | None) -> int:
    """Prints the table for the reader's kernel, or for `kernel`, once its check is green."""
    checked = Check(project, chapter, kernel, machines.find())
    verdict = checked.recorded() or checked.judge(lambda *_: None)
    if not verdict.all_green:
        checked.tell(verdict.machines[-1], verdict.last)
        raise Complaint("only kernels that are green are compared: a wrong one proves nothing by being fast.")
    gpu = checked.gpu
    build = checked.build("cuda" if gpu else "emulator")
    target = f"{checked.target}_compare"
    build.make(target, purpose=f"{target} ({build.preset})")
    with Progress(f"{'measuring' if gpu else 'counting'} {chapter.name} on {gpu.name if gpu else 'the emulator'}"):
        report = benchmark.measure(build.program(target), project.root, on_gpu=gpu is not None)
    if gpu:
        print(paint(f"{chapter.name} on {gpu.name}: median ± noise of {benchmark.REPETITIONS}, in ms", "bold"))
        print("\n".join(times(report)))
    else:
        print(paint(f"{chapter.name} on the emulator: counts, not times", "bold"))
        print("\n".join(counts(report)))
    return 0


def times(report: Report) -> list[str]:
    """The table of times, a line a shape, and one sentence of verdict."""
    rows = [["shape", "yours", "reference", "previous", "largest bound", "yours/ref.", "yours/prev."]]
    for shape in report.shapes:
        yours, reference, previous = _variants(report, shape)
        bound, bound_ms = yours.largest_bound
        rows.append(
            [
                shape,
                _time(yours),
                _time(reference),
                _time(previous),
                f"{bound_ms:.3g} ms {bound}" if bound else "-",
                _ratio(yours, reference),
                _ratio(yours, previous),
            ]
        )
    verdicts = [_verdict(report, other) for other in ("reference", "previous")]
    return [*table(rows, frozenset(range(1, 7))), " ".join(filter(None, verdicts))]


def counts(report: Report) -> list[str]:
    """The table of the emulator's counts, a block a shape, and one sentence of verdict."""
    lines: list[str] = []
    differing: list[str] = []
    for shape in report.shapes:
        yours, reference, previous = _variants(report, shape)
        measured = [variant.counters if variant else {} for variant in (yours, reference, previous)]
        rows = [[shape, "yours", "reference", "previous", "yours/ref."]]
        for name in yours.counters:
            values = [counters.get(name) for counters in measured]
            # no counts: the judge's measure, and a time in disguise
            if name == "relative_l2" or name.endswith(RATE) or not any(values):
                continue
            mine, theirs, _ = values
            words = name.replace("_", " ")
            rows.append([words, *map(_count, values), f"{mine / theirs:.2f}x" if mine and theirs else "-"])
            if mine is not None and theirs is not None and mine != theirs:
                differing.append(f"{'more' if mine > theirs else 'fewer'} {words}")
        lines += table(rows, frozenset(range(1, 5)))
    if differing:
        return [*lines, f"Compared with the reference yours makes {', '.join(dict.fromkeys(differing))}."]
    return [*lines, "Yours does exactly as much as the reference."]


def _variants(report: Report, shape: str) -> tuple[Measurement, Measurement | None, Measurement | None]:
    yours = report.at("yours", shape)
    if yours is None:
        raise Complaint(f"the benchmark did not measure yours at the shape {shape}.")
    return yours, report.at("reference", shape), report.at("previous", shape)


def _verdict(report: Report, other: str) -> str:
    pairs = [
        (yours, them)
        for shape in report.shapes
        if (yours := report.at("yours", shape)) and (them := report.at(other, shape))
    ]
    if not pairs:
        return ""
    whose = {"reference": "the reference", "previous": "the previous chapter"}[other]
    if all(abs(yours.ms - them.ms) <= yours.noise_ms + them.noise_ms for yours, them in pairs):
        return f"Yours takes as long as {whose}, within the noise."
    ratios = sorted(yours.ms / them.ms for yours, them in pairs)
    spread = f"{ratios[0]:.2f}" + (f" to {ratios[-1]:.2f}" if f"{ratios[-1]:.2f}" != f"{ratios[0]:.2f}" else "")
    return f"Yours takes {spread} times as long as {whose}."


def _time(measurement: Measurement | None) -> str:
    return f"{measurement.ms:.4g} ± {measurement.noise_ms:.1g}" if measurement else "-"


def _ratio(yours: Measurement, other: Measurement | None) -> str:
    return f"{yours.ms / other.ms:.2f}x" if other else "-"


def _count(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}"
