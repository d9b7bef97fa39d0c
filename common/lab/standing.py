"""`list` and plain `./lab`: where the reader stands, read off the files and the recorded verdicts."""

from __future__ import annotations

from pathlib import Path

from lab import report, verdicts
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


def show_list(project: Project, chapters: list[Chapter]) -> int:
    """Prints the chapters with their titles and states."""
    states = [state(project, chapter) for chapter in chapters]
    rows = [[f"{chapter.name}", chapter.title, word] for chapter, (word, _) in zip(chapters, states, strict=True)]
    for line, (word, detail) in zip(table(rows), states, strict=True):
        shown = shorten(line + (f": {detail}" if detail else ""), WIDTH)
        print(paint(shown, _COLOURS[word]) if word in _COLOURS else shown)
    return 0


def show_standing(project: Project, chapters: list[Chapter]) -> int:
    """Prints the list and the next command."""
    show_list(project, chapters)
    print()
    print(f"next: {next_step(project, chapters)}")
    print("all verbs: ./lab help")
    return 0


def next_step(project: Project, chapters: list[Chapter]) -> str:
    """What to do now: go on with the edited chapter, else begin the first that is untouched."""
    states = {chapter: state(project, chapter)[0] for chapter in chapters}
    for chapter in chapters:
        if states[chapter] == "edited":
            return f"./lab check {chapter.short}   (judges {project.shown(project.kernel(chapter))})"
    for chapter in chapters:
        if states[chapter] == "missing":
            return f"./lab reset {chapter.short}   (puts the skeleton there)"
        if states[chapter] == "untouched":
            page, kernel = project.shown(project.page(chapter)), project.shown(project.kernel(chapter))
            return f"read {page}, fill the TODOs of {kernel}, then ./lab check {chapter.short}"
    return f"everything is green; ./lab compare {chapters[-1].short} measures yours beside the reference"
