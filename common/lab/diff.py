"""`diff N`: what the reference changed since the previous chapter."""

from __future__ import annotations

import difflib

from lab.chapters import Chapter
from lab.complaint import Complaint
from lab.project import Project
from lab.terminal import paint
from markers import is_marker


def diff(project: Project, chapter: Chapter) -> int:
    """Prints the unified diff of the two references, without the markers that cut the skeletons."""
    if not chapter.previous:
        print(f"{chapter.name} begins a part: there is no chapter before it to compare with.")
        return 0
    before, after = (reference(project, name) for name in (chapter.previous, chapter.name))
    old, new = (project.shown(project.solution(name)) for name in (chapter.previous, chapter.name))
    body = print_diff(before, after, old, new)
    added, removed = (sum(line.startswith(sign) for line in body) for sign in "+-")
    print(f"{added + removed} lines changed: {added} added, {removed} removed.")
    return 0


def print_diff(before: list[str], after: list[str], old: str, new: str) -> list[str]:
    """Prints the unified diff of two files that are called `old` and `new`; returns its lines behind the two names."""
    lines = list(difflib.unified_diff(before, after, old, new, lineterm=""))
    for line in lines:
        print(_painted(line))
    return lines[2:]


def without_markers(text: str) -> list[str]:
    """The lines of a reference without the marker lines of its TODO regions."""
    return [line for line in text.splitlines() if not is_marker(line)]


def reference(project: Project, name: str) -> list[str]:
    """The lines of the reference of the chapter called `name`, without markers."""
    path = project.solution(name)
    if not path.exists():
        raise Complaint(f"{project.shown(path)} is missing: the reference of {name} belongs there.")
    return without_markers(path.read_text(encoding="utf-8"))


def _painted(line: str) -> str:
    colours = {"+": "green", "-": "red", "@": "cyan"}
    return paint(line, colours[line[0]]) if line and line[0] in colours else line
