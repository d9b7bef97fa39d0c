"""`progress`: the reader's TODOs and verdicts, chapter by chapter, counted in the files and read off the records."""

from __future__ import annotations

from lab import standing, todos
from lab.chapters import Chapter
from lab.project import Project


def progress(project: Project, chapters: list[Chapter]) -> int:
    """Prints for each chapter how many TODOs are done and what its last check said, and the next command."""
    standing.show(project, chapters, [[_todos_done(project, chapter)] for chapter in chapters])
    return 0


def _todos_done(project: Project, chapter: Chapter) -> str:
    kernel = project.kernel(chapter)
    numbers = todos.numbers(project, chapter)
    still_open = {todo.number for todo in todos.open_in(kernel)} if kernel.exists() else set(numbers)
    return f"{len(set(numbers) - still_open)} of {len(numbers)} TODOs done"
