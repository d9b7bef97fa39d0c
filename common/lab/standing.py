"""Plain `./lab`: where the reader stands, read off the files and the recorded verdicts."""

from __future__ import annotations

from pathlib import Path

from lab import report, todos, verdicts
from lab.chapters import Chapter
from lab.project import Project
from lab.terminal import WIDTH, paint, shorten, table
from markers import body_hash, split_stamp

_COLOURS = {"green": "green", "edited": "yellow"}


def untouched(kernel: Path) -> bool:
    """Whether a file is a skeleton as it was cut: the stamp in its first line is the hash of what stands below."""
    stamp, body = split_stamp(kernel.read_bytes().decode(errors="replace"))
    return stamp == body_hash(body)


def state(project: Project, chapter: Chapter) -> tuple[str, str]:
    """The chapter's state ("missing", "untouched", "edited", "green") and what is known beyond it."""
    kernel = project.kernel(chapter)
    if not kernel.exists():
        return "missing", f"./lab reset {chapter.short} puts the skeleton there"
    if untouched(kernel):
        return "untouched", ""
    verdict = verdicts.recall(project, chapter, kernel)
    if verdict is None:
        return "edited", "not checked since"
    tests_changed = verdict.sources != verdicts.fingerprint(project, chapter)
    since = f"; the tests have changed since: ./lab check {chapter.short}" if tests_changed else ""
    if verdict.all_green:
        return "green", f"on {' and '.join(verdict.machines)}{since}"
    return "edited", (report.summary(verdict.last) if verdict.last.reds else verdict.last.ending) + since


def show_standing(project: Project, chapters: list[Chapter]) -> int:
    """Prints the chapters with their titles and states, and the next command."""
    show(project, chapters, [[chapter.title] for chapter in chapters])
    print("all verbs: ./lab help")
    return 0


def show(project: Project, chapters: list[Chapter], columns: list[list[str]]) -> None:
    """Prints a line for each chapter: its name, its `columns` and its state; then the next command."""
    states = {chapter: state(project, chapter) for chapter in chapters}
    rows = [[chapter.name, *cells, states[chapter][0]] for chapter, cells in zip(chapters, columns, strict=True)]
    for line, (word, detail) in zip(table(rows), states.values(), strict=True):
        shown = shorten(line + (f": {detail}" if detail else ""), WIDTH)
        print(paint(shown, _COLOURS[word]) if word in _COLOURS else shown)
    print()
    print(f"next: {next_step(project, chapters, {chapter: word for chapter, (word, _) in states.items()})}")


def next_step(project: Project, chapters: list[Chapter], states: dict[Chapter, str]) -> str:
    """What to do now: go on with the chapter that was edited last, else begin the one behind the last that is green."""
    edited = [chapter for chapter in chapters if states[chapter] == "edited"]
    if edited:
        chapter = max(edited, key=lambda chapter: project.kernel(chapter).stat().st_mtime)
        kernel = project.kernel(chapter)
        if still_open := todos.open_in(kernel):
            verbs = {"hint": "helps", "check": "judges", "watch": "judges on each save"}
            helping = ", ".join(f"./lab {verb} {chapter.short} {does}" for verb, does in verbs.items())
            return f"TODO {still_open[0].number} at {project.shown(kernel)}:{still_open[0].line}\n      {helping}"
        return f"./lab check {chapter.short}   (judges {project.shown(kernel)})"
    last_green = max((index for index, chapter in enumerate(chapters) if states[chapter] == "green"), default=-1)
    for chapter in [*chapters[last_green + 1 :], *chapters[: last_green + 1]]:
        if states[chapter] == "missing":
            return f"./lab reset {chapter.short}   (puts the skeleton there)"
        if states[chapter] == "untouched":
            page = project.shown(project.page(chapter))
            return f"read {page}, fill in its kernel.cu, then ./lab check {chapter.short}"
    return f"everything is green; ./lab compare {chapters[-1].short} measures yours beside the reference"
