"""`run [N]`: the references of all chapters on this computer, as a ladder; `--record` keeps a GPU's numbers."""

from __future__ import annotations

import datetime
import sys

import processes
from lab import benchmark, machines, results
from lab.benchmark import Measurement, Report
from lab.build import Build
from lab.chapters import Chapter
from lab.complaint import USAGE, Complaint
from lab.machines import Machines
from lab.project import Project
from lab.terminal import Progress, paint, table


def run(project: Project, chapters: list[Chapter], record: bool, command: str) -> int:
    """Measures the references of `chapters` on the GPU, or counts them on the emulator, and prints the ladder."""
    found = machines.find()
    gpu = found.usable_gpu
    if record and not gpu:
        needs = f"--record needs a GPU and nvcc {machines.LEAST_CUDA} or newer"
        raise Complaint(f"{needs}: {found.remark or 'there is no GPU here.'}", USAGE)
    if found.remark:
        print(found.remark)
    able = [chapter for chapter in chapters if not gpu or gpu.can_run(chapter)]
    reports = _measure(project, able, found)
    where = gpu.name if gpu else "the emulator: counts, not times"
    print(paint(f"The references on {where}", "bold"))
    print("\n".join(_times(reports) if gpu else _counts(reports)))
    for chapter in chapters:
        if gpu and chapter not in able:
            print(f"{gpu.why_not(chapter)}: not run.")
    if record and gpu:
        _record(project, reports, command)
    return 0


def _measure(project: Project, chapters: list[Chapter], found: Machines) -> dict[str, Report]:
    gpu = found.usable_gpu
    build = Build(project, "cuda" if gpu else "emulator")
    if chapters:
        build.make(*(f"{chapter.target}_bench" for chapter in chapters))
    reports: dict[str, Report] = {}
    for number, chapter in enumerate(chapters, 1):
        program = build.program(f"{chapter.target}_bench")
        with Progress(f"{'measuring' if gpu else 'counting'} {chapter.name} ({number} of {len(chapters)})"):
            reports[chapter.name] = benchmark.measure(program, project.root, on_gpu=gpu is not None)
    return reports


def _times(reports: dict[str, Report]) -> list[str]:
    rows = [["chapter", "shape", "ms", "per second", "largest bound", "reached", "relative L2"]]
    for name, measured in _references(reports):
        bound, bound_ms = measured.largest_bound
        things, rate = measured.rate
        rows.append(
            [
                name,
                measured.shape,
                f"{measured.ms:.4g} ± {measured.noise_ms:.1g}",
                f"{rate:.3g} {things}" if things else "-",
                f"{bound_ms:.3g} ms {bound}" if bound else "-",
                f"{bound_ms / measured.ms:.0%}" if bound else "-",
                f"{measured.counters.get('relative_l2', float('nan')):.1e}",
            ]
        )
    return table(rows, frozenset(range(2, 7)))


def _counts(reports: dict[str, Report]) -> list[str]:
    columns = {
        "loads": "global_loads",
        "loaded bytes": "global_load_bytes",
        "boxes": "tensor_copies",
        "box bytes": "tensor_copy_bytes",
        "cp.async": "cp_async_copies",
        "their bytes": "cp_async_bytes",
        "stores": "global_stores",
        "shared loads": "shared_loads",
    }
    measured = _references(reports)
    used = {name: key for name, key in columns.items() if any(m.counters.get(key, 0.0) for _, m in measured)}
    rows = [["chapter", "shape", *used, "relative L2"]]
    for chapter, m in measured:
        counted = [f"{m.counters.get(key, 0.0):,.0f}" for key in used.values()]
        rows.append([chapter, m.shape, *counted, f"{m.counters.get('relative_l2', float('nan')):.1e}"])
    return table(rows, frozenset(range(2, 3 + len(used))))


def _references(reports: dict[str, Report]) -> list[tuple[str, Measurement]]:
    return [
        (name, measured)
        for name, report in reports.items()
        for measured in report.measurements
        if measured.variant == "reference"
    ]


def _record(project: Project, reports: dict[str, Report], command: str) -> None:
    gpus = {report.context.get("gpu", "") for report in reports.values()}
    if len(gpus) != 1 or "" in gpus:
        raise Complaint("nothing was recorded: the benchmarks do not agree on the name of one GPU.")
    commit = results.commit(project.root)
    today = datetime.date.today()
    entries = {name: results.entry(report, commit, command, today) for name, report in reports.items()}
    path = results.merge(project.results, gpus.pop(), entries)
    tables = project.root / "common" / "cmake" / "tables.py"
    written = processes.run([sys.executable, tables, "--root", project.root])
    print(written.output, end="")
    if written.code != 0:
        raise Complaint(f"{project.shown(path)} is recorded, but the tables were not rewritten: see above.")
    print(f"recorded in {project.shown(path)}; the tables in the pages are rewritten from it.")
