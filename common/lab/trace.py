"""`trace N`: runs a kernel once, and draws what each warp did when: as text, as SVG, and for ui.perfetto.dev."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import processes
from lab import machines, timeline, trace_chrome, trace_svg, trace_text
from lab.chapters import Chapter
from lab.check import Check
from lab.complaint import Complaint
from lab.files import write_whole
from lab.project import Project
from lab.terminal import Progress, paint
from lab.timeline import Trace

_SECONDS = 120.0
_TODO = re.compile(r"TODO [\d.]+ is not done yet")


def trace(project: Project, chapter: Chapter, kernel: Path | None, configurations: Sequence[str]) -> int:
    """Traces the reader's kernel, or `kernel`, in its own configuration or in those that are named.

    The exit code is 1 where the kernel is red: then its timeline ends where it was stopped.
    """
    traced = Check(project, chapter, kernel, machines.find())
    program = traced.make("cuda" if traced.gpu else "emulator", "_trace")
    events = project.traces / f"{chapter.number}-events.json"
    drawn = record(program, events, configurations, traced.kernel)
    for run in drawn.timelines:
        if todo := _TODO.search(run.wrong):
            raise Complaint(f"{todo[0]}, and only a whole kernel has a timeline: {traced.command}")
    print(paint(f"{chapter.name} on {drawn.machine}: {project.shown(traced.kernel)}", "bold"))
    print(f"{drawn.shape}\n")
    print("\n".join(trace_text.render(drawn)))
    svg, chrome = project.traces / f"{chapter.number}.svg", project.traces / f"{chapter.number}.json"
    write_whole(svg, trace_svg.render(drawn, chapter.title).encode())
    write_whole(chrome, json.dumps(trace_chrome.convert(drawn), indent=0).encode())
    print(f"\npicture: {project.shown(svg)}     to zoom: open {project.shown(chrome)} in ui.perfetto.dev")
    if any(run.wrong for run in drawn.timelines):
        print(f"The kernel is red: {traced.command}")
        return 1
    return 0


def record(program: Path, events: Path, configurations: Sequence[str], kernel: Path) -> Trace:
    """Runs a program chNN_trace, made of the file `kernel`. It writes the file `events`; returns what is in it."""
    events.parent.mkdir(parents=True, exist_ok=True)
    with Progress(f"tracing with {program.name}"):
        ended = processes.run([program, events, *configurations], seconds=_SECONDS)
    if ended.timed_out:
        raise Complaint(f"{program.name} did not end within {_SECONDS:.0f} s.")
    if ended.code != 0:
        said = ended.output.strip().splitlines()
        raise Complaint(f"{said[-1].rstrip('.')}." if said else f"{program.name} ended with exit code {ended.code}.")
    return timeline.load(events, kernel)
