"""`trace N`: runs a kernel once, and draws what each warp did when: as text, as SVG, and for ui.perfetto.dev."""

from __future__ import annotations

import json
import re
import shlex
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
    found = machines.find()
    traced = Check(project, chapter, kernel, found)
    gpu = found.usable_gpu if found.usable_gpu and found.usable_gpu.can_run(chapter) else None
    build = traced.build("cuda" if gpu else "emulator")
    target = f"{traced.target}_trace"
    build.make(target, purpose=f"{target} ({build.preset})")
    events = project.traces / f"{chapter.number}-events.json"
    drawn = record(build.program(target), events, configurations)
    for run in drawn.timelines:
        if todo := _TODO.search(run.wrong):
            raise Complaint(f"{todo[0]}, and only a whole kernel has a timeline: ./lab check {chapter.short}")
    print(paint(f"{chapter.name} on {drawn.machine}: {project.shown(traced.kernel)}", "bold"))
    print(f"{drawn.shape}\n")
    print("\n".join(trace_text.render(drawn)))
    svg, chrome = project.traces / f"{chapter.number}.svg", project.traces / f"{chapter.number}.json"
    write_whole(svg, trace_svg.render(drawn, chapter.title).encode())
    write_whole(chrome, json.dumps(trace_chrome.convert(drawn), indent=0).encode())
    print(f"\npicture: {project.shown(svg)}     to zoom: open {project.shown(chrome)} in ui.perfetto.dev")
    if any(run.wrong for run in drawn.timelines):
        given = f" --kernel {shlex.quote(str(kernel))}" if kernel else ""
        print(f"The kernel is red: ./lab check {chapter.short}{given}")
        return 1
    return 0


def record(program: Path, events: Path, configurations: Sequence[str]) -> Trace:
    """Runs a program chNN_trace, which writes the file `events`; returns what is in it."""
    events.parent.mkdir(parents=True, exist_ok=True)
    with Progress(f"tracing with {program.name}"):
        ended = processes.run([program, events, *configurations], seconds=_SECONDS)
    if ended.timed_out:
        raise Complaint(f"{program.name} did not end within {_SECONDS:.0f} s.")
    if ended.code != 0:
        said = ended.output.strip().splitlines()
        raise Complaint(f"{said[-1].rstrip('.')}." if said else f"{program.name} ended with exit code {ended.code}.")
    return timeline.load(events)
