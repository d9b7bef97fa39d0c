"""The chapter list, as the build writes it into chapters.json."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.complaint import USAGE, Complaint, guess


@dataclass(frozen=True)
class Chapter:
    """One entry of chapters.json; `previous` is the folder of the chapter before, "" where a part begins."""

    number: str
    name: str
    title: str
    previous: str
    workload: str
    compute_capability: str

    @property
    def target(self) -> str:
        """The CMake target of the reader's kernel; the chapter's other targets begin with it."""
        return f"ch{self.number}"

    @property
    def short(self) -> str:
        """The number as one types it."""
        return str(int(self.number))


def load(path: Path) -> list[Chapter]:
    """Reads chapters.json."""
    return [Chapter(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))]


def find(chapters: Sequence[Chapter], text: str) -> Chapter:
    """The chapter that the reader means by `text`: 1, 01 or 01_baseline."""
    for chapter in chapters:
        if text == chapter.name or (text.isascii() and text.isdigit() and int(text) == int(chapter.number)):
            return chapter
    names = [chapter.name for chapter in chapters]
    raise Complaint(f"there is no chapter {text}{guess(text, names)} {known(chapters)}", USAGE)


def known(chapters: Sequence[Chapter]) -> str:
    """The list of chapters as a sentence."""
    return "The chapters are " + ", ".join(f"{chapter.short} ({chapter.name})" for chapter in chapters) + "."
