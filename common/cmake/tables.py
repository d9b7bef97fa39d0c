"""Writes the tables of recorded results into README.md and other pages, from docs/results/*.json.

    tables.py --root .            writes them
    tables.py --root . --check    changes nothing, and fails where a table is not what it would write

A table stands between `<!-- table: NAME -->` and `<!-- end of table -->`, each alone on its line. NAME is
`ladder attention`, one row a chapter on this workload, or `results 01_baseline`, one row a shape that was recorded for
this chapter, or `emulator`, one row a figure of what the emulator costs, or `bugs`, one row a wrong program of
common/emulator/tests/bugs/, or `litmus`, one row a litmus test, or `grid ch03_sweep`, the rows and columns of what a
benchmark measured, or `peers attention`, our kernels beside PyTorch's. Each GPU that has a file in docs/results/ gets
its own table, and a caption with what a number is worth nothing without: driver, CUDA version, date, commit, command.
Nothing outside the markers is touched.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections.abc import Callable, Container
from pathlib import Path
from typing import Any

from result_files import (
    BOUNDS,
    BUGS,
    ENDINGS,
    GRIDS,
    RATES,
    RECORD,
    RECORD_BUGS,
    RECORD_EMULATOR,
    RECORD_LITMUS,
    RECORD_SANITIZER,
    SANITIZER_TOOLS,
    VERDICTS,
    Recording,
    Result,
    ResultError,
    Results,
    bounds_of,
    rates_of,
)

_START = re.compile(r"<!-- table: (?P<name>.+?) -->\s*")
_END = re.compile(r"<!-- end of table -->\s*")

LADDER_SHAPES = {"deformable_attention": ("field local", "field uniform"), "attention": ("mission", "long")}
UNITS = {"us": "µs"}  # that pages write otherwise than programs do


class TableError(Exception):
    """A page is not as it must be; the message is one sentence that begins with the file."""


def number(value: float) -> str:
    """The value with three significant digits: 12.3, 3.31, 0.0331; whole above 100."""
    return f"{value:.{_decimals(value)}f}"


def _decimals(value: float) -> int:
    return max(0, 2 - math.floor(math.log10(value))) if value > 0 else 0


def time(result: Result) -> str:
    """The median with its noise, both to the median's digits: "3.31 ± 0.01 ms"; noise that rounds to 0 is "<0.01"."""
    unit, factor = _unit(result)
    value, spread = factor * result["ms"], factor * result["noise_ms"]
    decimals = _decimals(value)
    step = 10.0**-decimals
    noise = f"{spread:.{decimals}f}" if spread >= step / 2 else f"<{step:.{decimals}f}"
    return f"{value:.{decimals}f} ± {noise} {unit}"


def _unit(result: Result) -> tuple[str, float]:
    """The unit that a result's times are shown in, and how many of it make a millisecond."""
    return ("µs", 1e3) if result["ms"] < 0.1 else ("ms", 1)


def bound(result: Result, key: str) -> str:
    """One of a result's bounds, in the unit of its time."""
    unit, factor = _unit(result)
    return f"{number(factor * result[key])} {unit}"


def of_bound(result: Result) -> str:
    """How much of the measured time its largest lower bound explains: "7 % (L1)"."""
    key = max(bounds_of(result), key=lambda bound: result[bound])
    return f"{100 * result[key] / result['ms']:.0f} % ({BOUNDS[key]})"


def markdown(header: list[str], rows: list[list[str]], left: int = 1) -> list[str]:
    """A table: so many columns to the left, the others to the right."""
    rule = [":--"] * left + ["--:"] * (len(header) - left)
    return ["| " + " | ".join(row) + " |" for row in [header, rule, *rows]]


def caption(gpu: str, recording: dict[str, Any]) -> str:
    """Where a recording comes from, without a full stop."""
    torch = f"PyTorch {recording['torch']}, cuDNN {recording['cudnn']}, " if "torch" in recording else ""
    return (
        f"{gpu}, driver {recording['driver']}, CUDA {recording['cuda']}, {torch}{recording['date']}, "
        f"commit {recording['commit']}: `{recording['command']}`"
    )


def captions(gpu: str, recordings: dict[str, Recording]) -> list[str]:
    """Where the numbers come from, one line for each set of chapters that were recorded together."""
    sources: dict[str, list[str]] = {}
    for chapter, recording in recordings.items():
        sources.setdefault(caption(gpu, recording), []).append(chapter)
    together = len(sources) == 1
    lines = [source if together else f"{', '.join(chapters)}: {source}" for source, chapters in sources.items()]
    return [f"{line}.  " for line in lines[:-1]] + [f"{lines[-1]}."]  # two blanks: a new line, not a new paragraph


def ladder(results: Results, workload: str) -> list[str]:
    """A row for each chapter on the workload, measured or not; a table for each GPU."""
    shapes = LADDER_SHAPES[workload]
    header = ["chapter", *shapes, f"of its largest bound ({shapes[0].split()[-1]})", "registers"]
    chapters = [chapter for chapter in results.chapters if results.workloads.get(chapter) == workload]
    links = {chapter: f"[{chapter}](chapters/{chapter}/README.md)" for chapter in chapters}
    gpus = {
        gpu: {chapter: recording for chapter, recording in recordings.items() if chapter in links}
        for gpu, recordings in results.gpus.items()
    }
    if not any(gpus.values()):
        rows = [[link, *["–"] * (len(header) - 1)] for link in links.values()]
        return [*markdown(header, rows), "", f"Nothing is recorded yet: {RECORD} fills this table."]
    lines: list[str] = []
    for gpu, recordings in gpus.items():
        rows = []
        for chapter, link in links.items():
            by_shape = {result["shape"]: result for result in recordings.get(chapter, {"results": []})["results"]}
            measured = [by_shape.get(shape) for shape in shapes]
            first = measured[0]
            rows.append(
                [
                    link,
                    *(time(result) if result else "–" for result in measured),
                    of_bound(first) if first else "–",
                    str(first["registers"]) if first else "–",
                ]
            )
        if recordings:
            lines += ["", *markdown(header, rows), "", *captions(gpu, recordings)]
    return lines[1:]


def chapter_results(results: Results, chapter: str) -> list[str]:
    """A row for each shape that was recorded for the chapter; a table for each GPU."""
    lines: list[str] = []
    for gpu, recordings in results.gpus.items():
        if chapter not in recordings or not recordings[chapter]["results"]:
            continue
        first = recordings[chapter]["results"][0]  # all shapes of a workload have the same rate and bounds
        (rate,), bounds = rates_of(first), bounds_of(first)
        header = ["shape", "time", RATES[rate][0], *(f"{BOUNDS[key]} bound" for key in bounds), "of the largest"]
        header += ["registers", "shared memory", "blocks per SM", "relative L2"]
        rows = [
            [
                result["shape"],
                time(result),
                number(result[rate] / RATES[rate][1]),
                *(bound(result, key) for key in bounds),
                of_bound(result),
                f"{result['registers']:.0f}",
                f"{result['shared_bytes']:.0f} B",
                f"{result['blocks_per_sm']:.0f}",
                f"{result['relative_l2']:.1e}",
            ]
            for result in recordings[chapter]["results"]
        ]
        lines += ["", *markdown(header, rows), "", *captions(gpu, {chapter: recordings[chapter]})]
    return lines[1:] or [f"Nothing is recorded yet: {RECORD} fills this table."]


def bugs(results: Results) -> list[str]:
    """A row for each wrong program; a table for each GPU on which compute-sanitizer was asked about them."""
    schedules, known = results.bugs["schedules"], results.bugs["bugs"]
    if not known:
        return [f"Nothing is recorded yet: {RECORD_BUGS} fills this table."]
    header = ["bug", "what is wrong", "finding", f"found in, of {schedules} schedules (first)", "on the GPU"]
    header += SANITIZER_TOOLS
    lines: list[str] = []
    for recorded in results.sanitizers or [None]:
        rows = []
        for name, bug in known.items():
            said = recorded["bugs"][name]["wrong"] if recorded and name in recorded["bugs"] else None
            rows.append(
                [
                    f"[{name}](../../{BUGS}/{name}.cu)",
                    bug["mistake"],
                    " or ".join(f"[{finding}]({finding}.md)" for finding in most_frequent_first(bug["findings"])),
                    f"{bug['found']} ({bug['first']})",
                    ENDINGS[said["alone"]["outcome"]] if said else "–",
                    *(VERDICTS[said[tool]["outcome"]] if said else "–" for tool in SANITIZER_TOOLS),
                ]
            )
        lines += ["", *markdown(header, rows, left=3), ""]
        if recorded:
            lines += [*reported(recorded, known), "", f"{caption(recorded['gpu'], recorded)}."]
        else:
            lines += [f"compute-sanitizer was not asked yet: {RECORD_SANITIZER} fills its columns."]
    return lines[1:]


def most_frequent_first(counts: dict[str, int]) -> list[str]:
    """The names, by how often each was counted."""
    return sorted(counts, key=lambda name: (-counts[name], name))


def reported(recorded: dict[str, Any], known: Container[str]) -> list[str]:
    """How many of the known wrong programs each tool of compute-sanitizer reports, and which fixed ones."""
    asked = {name: twins for name, twins in recorded["bugs"].items() if name in known}
    lines = []
    for tool in SANITIZER_TOOLS:
        wrong, fixed = (
            [name for name, twins in asked.items() if twins[twin][tool]["outcome"] == "reports"]
            for twin in ("wrong", "fixed")
        )
        alarms = f"{len(fixed)} of the fixed ones" + (f" ({', '.join(fixed)})" if fixed else "")
        lines.append(f"* {tool} reports {len(wrong)} of the {len(asked)} wrong programs, and {alarms}.")
    return lines


def emulator(results: Results) -> list[str]:
    """A row for each figure of what the emulator costs."""
    recorded = results.emulator
    if not recorded:
        return [f"Nothing is recorded yet: {RECORD_EMULATOR} fills this table."]
    rows = []
    for figure in recorded["figures"]:
        bound = "at least" if figure["unit"].endswith(" per second") else "at most"
        target = f"{bound} {figure['target']:,}" if figure["target"] else "–"
        value = f"{figure['value']:,.0f}" if figure["value"] >= 100 else f"{figure['value']:g}"
        rows.append([figure["what"], f"{value} {figure['unit']}", target])
    source = ", ".join(recorded[key] for key in ("machine", "compiler", "date"))
    return [
        *markdown(["what", "measured, one core", "target"], rows),
        "",
        f"{source}, commit {recorded['commit']}: `{recorded['command']}`.",
    ]


def litmus(results: Results) -> list[str]:
    """A row for each litmus test; a table for each GPU."""
    header = ["row", "what is asked", "kind", "outcome", "the emulator reports", "repeats"]
    lines: list[str] = []
    for recorded in results.litmus:
        rows = []
        for row in recorded["rows"]:
            outcomes = sorted(row["outcomes"].items(), key=lambda outcome: -outcome[1])
            rows.append(
                [
                    row["row"],
                    row["asks"],
                    row["kind"],
                    outcomes[0][0] if len(outcomes) == 1 else ", ".join(f"{name}: {count}" for name, count in outcomes),
                    " or ".join(f"[{one}](findings/{one}.md)" for one in row["finding"].split(" or ") if one),
                    str(sum(row["outcomes"].values())),
                ]
            )
        lines += ["", *markdown(header, rows, left=5), "", f"{caption(recorded['gpu'], recorded)}."]
    return lines[1:] or [f"Nothing is recorded yet: {RECORD_LITMUS} fills this table."]


def grid(results: Results, kind: str, program: str) -> list[str]:
    """The rows and columns of what a program measured; a table for each GPU."""
    lines: list[str] = []
    for recorded in (one for one in results.grids[kind] if one["program"] == program):
        cells = {(cell["row"], cell["column"]): cell for cell in recorded["cells"]}
        rows = list(dict.fromkeys(row for row, _ in cells))
        columns = list(dict.fromkeys(column for _, column in cells))
        columns.sort(key=lambda column: int(column) if column.isdigit() else math.inf)
        unit = UNITS.get(recorded["unit"], recorded["unit"])
        header = [f"{recorded['rows']} ({unit})", f"{recorded['columns']}: {columns[0]}", *columns[1:]]
        body = [[row, *(_cell(cells.get((row, column))) for column in columns)] for row in rows]
        lines += ["", *markdown(header, body), "", f"{caption(recorded['gpu'], recorded)}."]
    return lines[1:] or [f"Nothing is recorded yet: {GRIDS[kind][1].format(program)} fills this table."]


def _cell(cell: dict[str, Any] | None) -> str:
    """The value, and how many blocks fit where their number was not prescribed: "1.25 (10)"."""
    if cell is None:
        return "–"
    fitted = "blocks_per_sm" in cell and not cell["column"].isdigit()
    return number(cell["value"]) + (f" ({cell['blocks_per_sm']})" if fitted else "")


def table(name: str, results: Results) -> list[str] | None:
    """The lines of the table called `name`, or None if there is no such table."""
    kind, _, chapter = name.partition(" ")
    if kind == "ladder" and chapter in LADDER_SHAPES:
        return ladder(results, chapter)
    if name == "emulator":
        return emulator(results)
    if name == "bugs":
        return bugs(results)
    if name == "litmus":
        return litmus(results)
    if kind in GRIDS and chapter:
        return grid(results, kind, chapter)
    if kind == "results" and chapter in results.chapters:
        return chapter_results(results, chapter)
    return None


def rewrite(text: str, file: str, make: Callable[[str], list[str] | None]) -> tuple[str, list[str]]:
    """The page with every table replaced by what `make` gives, and the names of those that changed."""
    lines: list[str] = []
    changed: list[str] = []
    start: tuple[int, str] | None = None  # line and name of the table that waits for its end
    old: list[str] = []  # what it holds so far
    for index, line in enumerate(text.splitlines(keepends=True)):
        if opening := _START.fullmatch(line):
            if start:
                raise TableError(f"{file}:{start[0] + 1}: the table {start[1]} has no `<!-- end of table -->`.")
            start, old = (index, opening["name"]), []
            lines.append(line)
        elif _END.fullmatch(line):
            if not start:
                raise TableError(f"{file}:{index + 1}: a table ends here that never began.")
            made = make(start[1])
            if made is None:
                raise TableError(
                    f"{file}:{start[0] + 1}: there is no table {start[1]}: "
                    "use `ladder` with a workload, `emulator`, `bugs`, `litmus`, `grid` with a program, "
                    "`peers` with a workload, or `results` with a chapter's folder."
                )
            new = ["\n", *(f"{row}\n" for row in made), "\n"]
            if new != old:
                changed.append(start[1])
            lines += [*new, line]
            start = None
        elif start:
            old.append(line)
        else:
            lines.append(line)
    if start:
        raise TableError(f"{file}:{start[0] + 1}: the table {start[1]} has no `<!-- end of table -->`.")
    return "".join(lines), changed


def main() -> None:
    parser = argparse.ArgumentParser(description="Writes the tables of recorded results into the pages.")
    parser.add_argument("--root", type=Path, required=True, help="the repository")
    parser.add_argument("--check", action="store_true", help="change nothing; fail where a table differs")
    arguments = parser.parse_args()
    root: Path = arguments.root
    differing: list[str] = []
    tables = 0
    try:
        results = Results(root)
        others = ("chapters/*/README.md", "docs/findings/README.md", "docs/*.md")
        for page in [root / "README.md", *(page for other in others for page in sorted(root.glob(other)))]:
            file = str(page.relative_to(root))
            text = page.read_bytes().decode()
            new, changed = rewrite(text, file, lambda name: table(name, results))
            tables += len(_START.findall(text))
            differing += [f"{file}: the table {name} is not what docs/results/ gives" for name in changed]
            if changed and not arguments.check:
                page.write_bytes(new.encode())
    except (ResultError, TableError) as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"{error.filename} cannot be read: {error.strerror}.")
    if not tables:
        needed = "`<!-- table: ladder attention -->` and `<!-- end of table -->`"
        sys.exit(f"{root} has no table: README.md needs {needed}.")
    if arguments.check and differing:
        repair = "run python3 common/cmake/tables.py --root . and commit"
        sys.exit("\n".join(f"{sentence}: {repair}." for sentence in differing))


if __name__ == "__main__":
    main()
