"""What `check` remembers of a file: its verdict, found again by the contents, so that `git pull` loses nothing."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lab.chapters import Chapter
from lab.files import write_whole
from lab.project import Project


@dataclass(frozen=True)
class Verdict:
    """`green` of `cases` were green in `chapter` on `machines`, judged by the tests with the hash `tests`."""

    chapter: str
    tests: str
    green: int
    cases: int
    first_red: str
    machines: list[str]

    @property
    def all_green(self) -> bool:
        """Whether nothing was red."""
        return self.cases > 0 and self.green == self.cases and not self.first_red


def hash_of(path: Path) -> str:
    """The sha256 of a file's contents; of a file that is not there, of nothing."""
    return hashlib.sha256(path.read_bytes() if path.exists() else b"").hexdigest()


def recall(project: Project, chapter: Chapter, kernel: Path) -> Verdict | None:
    """The verdict on this very file by these very tests, if there is one."""
    entry = _load(project.verdicts).get(hash_of(kernel), {})
    try:
        verdict = Verdict(**entry)
    except TypeError:  # no entry, or one of another version of this program
        return None
    if (verdict.chapter, verdict.tests) == (chapter.name, hash_of(project.tests(chapter))):
        return verdict
    return None


def remember(project: Project, kernel_hash: str, verdict: Verdict) -> None:
    """Writes a verdict beside those of other files."""
    entries = _load(project.verdicts) | {kernel_hash: asdict(verdict)}
    write_whole(project.verdicts, json.dumps(entries, indent=1).encode())


def _load(path: Path) -> dict[str, Any]:
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # never written, or cut short: only memories are lost
        return {}
    return entries if isinstance(entries, dict) else {}
