"""Asks compute-sanitizer about each wrong program of this folder and its fixed twin, and records what it says.

    sanitize.py build/cuda/bin/bugs                     all of them; writes docs/results/sanitizer-<gpu>.json
    sanitize.py build/cuda/bin/bugs NAME... --out DIR   only these; writes into another folder

Each of the two kernels runs alone, and under racecheck, synccheck and memcheck. What came of a run is one of

    right, wrong, error, hang    alone: its output, an error of the GPU, or no end within the time limit
    reports, silent, hang        under a tool: it reported something, nothing, or did not end and had reported nothing
    failed                       the tool itself did not work

with the line that says so, where there is one.
"""

from __future__ import annotations

import argparse
import datetime
import json
import re
import shlex
import shutil
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
sys.path.insert(1, str(ROOT / "common"))

import processes  # noqa: E402
from lab import results  # noqa: E402

TOOLS = ("racecheck", "synccheck", "memcheck")
TWINS = ("wrong", "fixed")
ALONE = {0: "right", 1: "wrong", 2: "error"}  # by the exit code of the program

_SUMMARY = re.compile(r"^========= (?:RACECHECK|ERROR) SUMMARY: (\d+) ", re.MULTILINE)
# The tool's own words: neither its frame nor the program's ending is a report.
_FRAME = r"COMPUTE-SANITIZER|Target application|RACECHECK SUMMARY|ERROR SUMMARY"
_REPORT = re.compile(rf"^========= (?!{_FRAME})(\S.*)", re.MULTILINE)

Said = dict[str, str]  # "outcome", and "says" where something was said


def alone(program: Path, name: str, twin: str, seconds: float) -> Said:
    """Runs the program without a tool."""
    ended = processes.run([program, name, twin], seconds=seconds)
    if ended.timed_out:
        return {"outcome": "hang"}
    outcome = ALONE.get(ended.code, "error")
    return {"outcome": outcome} if outcome == "right" else {"outcome": outcome, "says": first_line(ended.output)}


def under(tool: str, program: Path, name: str, twin: str, seconds: float) -> Said:
    """Runs the program under one of compute-sanitizer's tools."""
    sanitizer = shutil.which("compute-sanitizer") or "/usr/local/cuda/bin/compute-sanitizer"
    ended = processes.run([sanitizer, "--tool", tool, program, name, twin], seconds=seconds)
    return heard(ended.output, ended.timed_out)


def heard(output: str, timed_out: bool) -> Said:
    """What a tool's output means."""
    summary = _SUMMARY.search(output)
    report = _REPORT.search(output)
    if report and (int(summary[1]) > 0 if summary else timed_out):
        return {"outcome": "reports", "says": report[1].strip()}
    if timed_out:
        return {"outcome": "hang"}
    return {"outcome": "silent"} if summary else {"outcome": "failed", "says": first_line(output)}


def first_line(text: str) -> str:
    """The first line with something in it."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def main() -> None:
    parser = argparse.ArgumentParser(description="Records what compute-sanitizer says of the collection of bugs.")
    parser.add_argument("program", type=Path, help="the program `bugs` of a cuda build")
    parser.add_argument("names", nargs="*", help="only these bugs")
    parser.add_argument("--out", type=Path, default=ROOT / "docs/results", help="the folder of the result")
    parser.add_argument("--seconds", type=float, default=30, help="the limit of one run")
    parser.add_argument("-j", "--jobs", type=int, default=4, help="so many runs side by side")
    arguments = parser.parse_args()
    program: Path = arguments.program.absolute()
    try:
        device = json.loads(processes.run([program, "--device"], seconds=60).output)
        known = processes.run([program, "--list"], seconds=60).output.split()
    except (OSError, ValueError) as error:
        build = "cmake --build --preset cuda --target bugs"
        sys.exit(f"{program} does not say what it is ({error}): build it with `{build}`.")
    if unknown := sorted(set(arguments.names) - set(known)):
        sys.exit(f"there is no bug {', '.join(unknown)}: {program} --list shows them all.")
    names = arguments.names or known

    said: dict[str, dict[str, dict[str, Said]]] = {name: {twin: {} for twin in TWINS} for name in names}
    try:
        with ProcessPoolExecutor(arguments.jobs) as pool:  # processes.run belongs to a main thread, so no threads
            waiting = {
                (name, twin, how): (
                    pool.submit(alone, program, name, twin, arguments.seconds)
                    if how == "alone"
                    else pool.submit(under, how, program, name, twin, arguments.seconds)
                )
                for name in names
                for twin in TWINS
                for how in ("alone", *TOOLS)
            }
            for (name, twin, how), run in waiting.items():
                said[name][twin][how] = run.result()
    except OSError as error:
        sys.exit(f"{error.filename} cannot be run: {error.strerror}; it comes with the CUDA toolkit.")

    for name in names:
        for twin in TWINS:
            heard_there = ", ".join(f"{how} {what['outcome']}" for how, what in said[name][twin].items())
            print(f"{name} {twin}: {heard_there}")
    recorded = {
        **device,
        "date": datetime.date.today().isoformat(),
        "commit": results.commit(ROOT),
        "command": f"python3 common/emulator/tests/bugs/sanitize.py {shlex.join(sys.argv[1:])}",
        "bugs": said,
    }
    path = arguments.out / f"sanitizer-{results.file_name(device['gpu'])}"
    path.write_text(json.dumps(recorded, indent=2) + "\n", encoding="utf-8")
    print(f"recorded in {path}")


if __name__ == "__main__":
    main()
