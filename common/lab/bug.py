"""`bug N`: deals one of the chapter's broken kernels, without its name, to find out what is wrong with it."""

from __future__ import annotations

import datetime
import random
import re
import textwrap
from pathlib import Path

import bugs
from bugs import Header
from lab import diff, memory
from lab.chapters import Chapter
from lab.complaint import Complaint
from lab.files import keep_copy, write_whole
from lab.project import Project
from lab.terminal import WIDTH, paint


def bug(project: Project, chapter: Chapter, answer: bool) -> int:
    """Puts another broken kernel into build/bug and asks the page's question about it; with `answer`, says what was
    wrong with the one that was dealt last."""
    names = sorted(path.stem for path in project.bugs(chapter).glob("*.cu"))
    if not names:
        raise Complaint(f"{project.shown(project.bugs(chapter))} holds no broken kernel: there is none to deal.")
    remembered = memory.load(project.dealt_bugs).get(chapter.name)
    # The names that were dealt in this round, the last one last. Files may have gone since, with a `git pull`.
    dealt = [name for name in remembered if name in names] if isinstance(remembered, list) else []
    if answer:
        if not dealt:
            raise Complaint(f"no broken kernel of chapter {chapter.short} was dealt: ./lab bug {chapter.short} does.")
        _answer(project, chapter, dealt[-1])
    else:
        _deal(project, chapter, names, dealt)
    return 0


def question(page: str, name: str) -> str:
    """What the page asks about the bug called `name` in its table "Break it", or ""."""
    row = re.search(rf"^\| *`{re.escape(name)}` *\| *(.+?) *\|$", page, re.MULTILINE)
    return row[1] if row else ""


def _deal(project: Project, chapter: Chapter, names: list[str], dealt: list[str]) -> None:
    last = dealt[-1:]
    if len(dealt) == len(names):  # all have been dealt: another round
        dealt = []
    rest = [name for name in names if name not in dealt]
    name = random.choice([name for name in rest if [name] != last] or rest)
    path = project.dealt_bug(chapter)
    _keep_if_edited(project, chapter, path, last)
    write_whole(path, _read(project, chapter, name)[1].encode())
    memory.save(project.dealt_bugs, memory.load(project.dealt_bugs) | {chapter.name: [*dealt, name]})
    number = f"{len(dealt) + 1} of {len(names)}"
    print(paint(f"{chapter.name}: a kernel with one mistake, {number}: {project.shown(path)}", "bold"))
    asked = question(project.page(chapter).read_text(encoding="utf-8"), name)
    if asked:
        print(f"To think about first: {asked}")
    print("Find the line, and guess what you will be told. Then ask:")
    print(f"  ./lab check {chapter.short} --kernel {project.shown(path)}")
    print(f"  ./lab bug {chapter.short} --answer")


def _keep_if_edited(project: Project, chapter: Chapter, path: Path, last: list[str]) -> None:
    """Keeps a copy of a dealt kernel in which the reader has written."""
    if not path.exists() or (last and path.read_text(encoding="utf-8") == _read(project, chapter, last[0])[1]):
        return
    kept = keep_copy(path, datetime.datetime.now())
    print(f"the one before, which you have edited, is kept as {project.shown(kept)}.")


def _answer(project: Project, chapter: Chapter, name: str) -> None:
    header, kernel = _read(project, chapter, name)
    print("\n".join(paint(line, "bold") for line in textwrap.wrap(f"{name}: {header.mistake}", WIDTH)))
    print(f"The emulator says {' or '.join(header.emulator)}; {_on_a_gpu(header)}.")
    print(f"The rule: {', '.join(dict.fromkeys(_finding_page(project, finding) for finding in header.emulator))}")
    reference, broken = diff.reference(project, chapter.name), diff.without_markers(kernel)
    solution, bug_file = project.solution(chapter.name), project.bugs(chapter) / f"{name}.cu"
    diff.print_diff(reference, broken, project.shown(solution), project.shown(bug_file))


def _on_a_gpu(header: Header) -> str:
    if not header.gpu:
        return "a GPU may not notice"
    return "a GPU does, too" if header.gpu == header.emulator else f"a GPU says {' or '.join(header.gpu)}"


def _finding_page(project: Project, name: str) -> str:
    page = project.findings / f"{name}.md"  # rejections share a page
    return project.shown(page if page.exists() else project.findings / "rejections.md")


def _read(project: Project, chapter: Chapter, name: str) -> tuple[Header, str]:
    """A bug file's header, and the kernel below it."""
    path = project.bugs(chapter) / f"{name}.cu"
    source = path.read_text(encoding="utf-8")
    try:
        return bugs.header(source, path), bugs.kernel(source)
    except ValueError as error:
        raise Complaint(str(error)) from None
