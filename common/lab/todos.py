"""A chapter's TODOs: which there are, and which are still open in a kernel file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from lab.chapters import Chapter
from lab.complaint import Complaint
from lab.project import Project
from markers import MarkerError, parse_regions

_HEADING = re.compile(r"\s*// TODO (?P<number>\d+\.\d+): (?P<text>.*)")
_OPEN = re.compile(r"\s*TODO\((?P<number>\d+\.\d+)\)")


@dataclass(frozen=True)
class Open:
    """A TODO that is open in a file: its number, the line to look at, what is to be done ("" where that is gone)."""

    number: str
    line: int
    text: str


def numbers(project: Project, chapter: Chapter) -> list[str]:
    """The numbers of a chapter's TODOs, as the reference marks them: 3.1, 3.2, ..."""
    path = project.solution(chapter.name)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        regions = parse_regions(lines, project.shown(path), int(chapter.number))
    except FileNotFoundError:
        raise Complaint(f"{project.shown(path)} is missing: the reference of {chapter.name} belongs there.") from None
    except MarkerError as error:
        raise Complaint(str(error)) from None
    return [f"{chapter.short}.{region.number}" for region in regions]


def open_in(kernel: Path) -> list[Open]:
    """The open TODOs of a kernel file, in its order."""
    found: list[Open] = []
    above: tuple[str, int, str] = ("", 0, "")  # the last heading
    for line_number, line in enumerate(kernel.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        if heading := _HEADING.fullmatch(line):
            above = heading["number"], line_number, heading["text"].strip()
        elif todo := _OPEN.match(line):
            found.append(Open(*above) if above[0] == todo["number"] else Open(todo["number"], line_number, ""))
    return found
