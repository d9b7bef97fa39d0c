"""`test`: the whole test suite, on every machine that this computer has."""

from __future__ import annotations

import os

import processes
from lab import machines
from lab.build import Build
from lab.complaint import Complaint
from lab.project import Project
from lab.terminal import paint

_USUAL_SCHEDULES = "200"
_THOROUGH_SCHEDULES = "10000"
_READERS_LABEL = "^ch[0-9][0-9]$"  # the reader's own kernels are no part of the suite


def test(project: Project, thorough: bool) -> int:
    """Builds everything and runs ctest, preset by preset; 0 when all of it is green."""
    found = machines.find()
    if found.remark:
        print(found.remark)
    environment = dict(os.environ)
    environment.setdefault("TUTORIAL_SCHEDULES", _USUAL_SCHEDULES)
    if thorough:
        environment["TUTORIAL_SCHEDULES"] = _THOROUGH_SCHEDULES
    presets = ["emulator", "cuda"] if found.cuda else ["emulator"]
    red = [preset for preset in presets if not _green(project, preset, environment)]
    if red:
        raise Complaint(f"red: the tests of {' and '.join(red)}; see above.")
    without_gpu = " (no GPU here: built, its GPU tests skipped)" if found.cuda and not found.gpu else ""
    print(paint(f"green: the tests of {' and '.join(presets)}{without_gpu}.", "green"))
    return 0


def _green(project: Project, preset: str, environment: dict[str, str]) -> bool:
    build = Build(project, preset)
    try:
        build.make()
    except Complaint as complaint:
        print(f"lab: {complaint.sentence}", flush=True)
        return False
    print(f"testing {preset}", flush=True)
    cores = len(os.sched_getaffinity(0))
    command = ["ctest", "--test-dir", str(build.folder), "-LE", _READERS_LABEL, "--parallel", str(cores)]
    ended = processes.run(
        [*command, "--output-on-failure", "--no-tests=error"],
        cwd=project.root,
        environment=environment,
        on_line=lambda line: print(line, flush=True),
    )
    return ended.code == 0
