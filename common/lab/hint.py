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
_CASE = re.compile(r"(\d+\.\d+) ")


@dataclass(frozen=True)
class Hints:
    """The hints for one TODO: (name, text) of each level, the text in Markdown."""

    todo: str
    title: str
    levels: list[tuple[str, str]]


def hint(project: Project, chapter: Chapter, todo: str | None, level: str | None) -> int:
    """Prints a hint for `todo`, or for that at which the reader stands: of `level`, or the next that was not shown."""
    hints = read(project, chapter)
    number = todo or where_the_reader_stands(project, chapter)
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


def where_the_reader_stands(project: Project, chapter: Chapter, first_red: str | None = None) -> str:
    """The number of the first TODO that is open in the reader's file; if none is, of the one that the first red case is
    about: `first_red` is its name, without it that of the recorded verdict."""
    kernel = project.kernel(chapter)
    shown, check = project.shown(kernel), f"./lab check {chapter.short}"
    if not kernel.exists():
        raise Complaint(f"{shown} is missing: `./lab reset {chapter.short}` puts the skeleton there.")
    if still_open := todos.open_in(kernel):
        return still_open[0].number
    if first_red is None:
        verdict = verdicts.recall(project, chapter, kernel)
        if verdict is None:
            raise Complaint(f"no TODO is open in {shown}, and it was not checked as it is: {check} says what is red.")
        if verdict.all_green:
            raise Complaint(f"{shown} is green, so there is nothing to give a hint for.")
        first_red = verdict.last.reds[0].name if verdict.last.reds else ""
    if named := _CASE.match(first_red):
        return named[1]
    example = f"./lab hint {chapter.short}.1"
    raise Complaint(f"what is red in {shown} belongs to no single TODO: name one, like {example}.")


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
