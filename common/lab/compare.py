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
    program = checked.make("cuda" if gpu else "emulator", "_compare")
    with Progress(f"{'measuring' if gpu else 'counting'} {chapter.name} on {gpu.name if gpu else 'the emulator'}"):
        report = benchmark.measure(program, project.root, on_gpu=gpu is not None)
    if gpu:
        print(paint(f"{chapter.name} on {gpu.name}: median ± noise of {benchmark.REPETITIONS}, in ms", "bold"))
        print("\n".join(times(report, f"chapter {chapter.previous[:2]}")))
    else:
        print(paint(f"{chapter.name} on the emulator: counts, not times", "bold"))
        print("\n".join(counts(report)))
    return 0


def times(report: Report, chapter_before: str) -> list[str]:
    """The table of times, a line a shape, and one sentence of verdict, which says `chapter_before` for "previous"."""
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
    return [*table(rows, frozenset(range(1, 7))), _verdict(report, chapter_before)]


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


def _verdict(report: Report, chapter_before: str) -> str:
    speeds = [_speed(report, "previous", chapter_before), _speed(report, "reference", "the reference")]
    sentence = f"Yours is {' and '.join(filter(None, speeds))}"
    yours = [measured for measured in report.measurements if measured.variant == "yours" and measured.bounds]
    if yours:
        nearest = max(yours, key=_reached)
        share, bound = 100 * _reached(nearest), nearest.largest_bound[0]
        sentence += f"; at {nearest.shape} it reaches {share:.0f} % of its nearest bound ({bound})"
    return f"{sentence}."


def _speed(report: Report, variant: str, name: str) -> str:
    """How fast yours is, where `variant`, which is called `name`, is 1: over all shapes."""
    pairs = [
        (yours, other)
        for shape in report.shapes
        if (yours := report.at("yours", shape)) and (other := report.at(variant, shape))
    ]
    if not pairs:
        return ""
    if all(abs(yours.ms - other.ms) <= yours.noise_ms + other.noise_ms for yours, other in pairs):
        return f"as fast as {name}, within the noise"
    speeds = sorted(other.ms / yours.ms for yours, other in pairs)
    least, most = f"{speeds[0]:.2f}x", f"{speeds[-1]:.2f}x"
    return f"{least if least == most else f'{least} to {most}'} as fast as {name}"


def _reached(measured: Measurement) -> float:
    return measured.largest_bound[1] / measured.ms


def _time(measurement: Measurement | None) -> str:
    return f"{measurement.ms:.4g} ± {measurement.noise_ms:.1g}" if measurement else "-"


def _ratio(yours: Measurement, other: Measurement | None) -> str:
    return f"{yours.ms / other.ms:.2f}x" if other else "-"


def _count(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}"
