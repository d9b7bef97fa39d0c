"""`hint N [LEVEL]`: one hint for the TODO at which the reader stands: a question, the rule, the line with a hole."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass

from lab import memory, todos, verdicts
from lab.chapters import Chapter
from lab.complaint import USAGE, Complaint
from lab.project import Project
from lab.terminal import WIDTH, paint

_TODO = re.compile(r"^## (?P<number>\d+\.\d+) +(?P<title>.+)$", re.MULTILINE)
_LEVEL = re.compile(r"<details>\s*<summary>(?P<name>.*?)</summary>(?P<text>.*?)</details>", re.DOTALL)
_HARD_BLANK = "\xa0"


@dataclass(frozen=True)
class Hints:
    """The hints for one TODO: (name, text) of each level, the text in Markdown."""

    todo: str
    title: str
    levels: list[tuple[str, str]]


def hint(project: Project, chapter: Chapter, todo: str | None, level: str | None, *, is_red: bool = False) -> int:
    """Prints a hint for `todo`, or for the first that is open: of `level`, or the next that was not shown. Where none is
    open and the file is red, it prints which there are. `is_red`: it is known to be, whatever verdict is recorded."""
    hints = read(project, chapter)
    number = todo or _first_open(project, chapter)
    if number is None:
        if not is_red:
            _demand_red(project, chapter)
        print("\n".join(_choice(hints)))
        return 0
    if number not in hints:
        known = f"; there are hints for {', '.join(hints)}." if hints else "."
        raise Complaint(f"{project.shown(project.hints(chapter))} has no hint for TODO {number}{known}", USAGE)
    print("\n".join(show(project, chapter, hints[number], level)))
    return 0


def read(project: Project, chapter: Chapter) -> dict[str, Hints]:
    """All hints of a chapter, by the number of the TODO."""
    path = project.hints(chapter)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        shown = project.shown(path)
        raise Complaint(f"{shown} is missing: `git checkout -- {shown}` brings the chapter's hints back.") from None
    headings = list(_TODO.finditer(text))
    ends = [*(heading.start() for heading in headings), len(text)][1:]
    return {
        heading["number"]: Hints(
            heading["number"],
            heading["title"].strip(),
            [(found["name"], found["text"]) for found in _LEVEL.finditer(text, heading.end(), end)],
        )
        for heading, end in zip(headings, ends, strict=True)
    }


def show(project: Project, chapter: Chapter, hints: Hints, level: str | None = None) -> list[str]:
    """The lines of a hint: of `level`, or of the next that was not shown; remembers that it has been."""
    path, last = project.shown_hints, len(hints.levels)
    if not last:
        raise Complaint(f"{project.shown(project.hints(chapter))} has no hint under its heading {hints.todo}.")
    shown = memory.load(path)
    before = shown.get(hints.todo)
    number = min(before + 1, last) if isinstance(before, int) and before > 0 else 1
    if level is not None:
        if not (level.isascii() and level.isdigit() and 1 <= int(level) <= last):
            names = ", ".join(f"{n} ({name.lower()})" for n, (name, _) in enumerate(hints.levels, 1))
            raise Complaint(f"there is no hint {level} for TODO {hints.todo}: its levels are {names}.", USAGE)
        number = int(level)
    memory.save(path, shown | {hints.todo: number})
    name, text = hints.levels[number - 1]
    heading = paint(f"TODO {hints.todo}: {hints.title}. Hint {number} of {last}: {name[:1].lower()}{name[1:]}", "bold")
    if number < last:
        following = hints.levels[number][0]
        more = f"next hint: ./lab hint {hints.todo} {number + 1}   ({following[:1].lower()}{following[1:]})"
    else:
        more = f"This was the last one. The whole of it stands in {project.shown(project.solution(chapter.name))}."
    return [heading, "", *plain(text), "", more]


def _first_open(project: Project, chapter: Chapter) -> str | None:
    kernel = project.kernel(chapter)
    if not kernel.exists():
        raise Complaint(f"{project.shown(kernel)} is missing: `./lab reset {chapter.short}` puts the skeleton there.")
    still_open = todos.open_in(kernel)
    return still_open[0].number if still_open else None


def _demand_red(project: Project, chapter: Chapter) -> None:
    """Complains of a file that was not checked, or that is green."""
    kernel = project.kernel(chapter)
    shown, check = project.shown(kernel), f"./lab check {chapter.short}"
    verdict = verdicts.recall(project, chapter, kernel)
    if verdict is None:
        raise Complaint(f"no TODO is open in {shown}, and it was not checked as it is: {check} says what is red.")
    if verdict.all_green:
        raise Complaint(f"{shown} is green, so there is nothing to give a hint for.")


def _choice(hints: dict[str, Hints]) -> list[str]:
    # A case names the first TODO that it needs, and its message a line where it hurts. Neither is often the TODO with
    # the mistake (chapters/*/bugs), and a hint for another one misleads.
    return [
        "No TODO is open, so a line that is written is wrong. A red case's number names the first TODO that",
        "the case needs; the mistake may be in any. There are hints for each:",
        "",
        *(f"  ./lab hint {number}   {hints[number].title}" for number in hints),
    ]


def plain(markdown: str) -> list[str]:
    """Paragraphs and code blocks as lines for a terminal: paragraphs filled to its width, code indented."""
    lines: list[str] = []
    for index, part in enumerate(re.split(r"^```.*\n", markdown.strip() + "\n", flags=re.MULTILINE)):
        if index % 2:  # between two fences
            lines += [*(f"    {line}".rstrip() for line in part.splitlines()), ""]
            continue
        for paragraph in filter(None, (block.strip() for block in part.split("\n\n"))):
            # Code in a sentence stays in one piece.
            whole = re.sub("`[^`]*`", lambda code: code[0].replace(" ", _HARD_BLANK), " ".join(paragraph.split()))
            wrapped = textwrap.wrap(whole, WIDTH, break_on_hyphens=False)
            lines += [*(line.replace(_HARD_BLANK, " ") for line in wrapped), ""]
    return lines[:-1]
