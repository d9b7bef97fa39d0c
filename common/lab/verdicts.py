"""What `check` remembers of a file: its verdict, found again by the contents, so that `git pull` loses nothing."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lab import memory
from lab.chapters import Chapter
from lab.project import Project
from testing.doctest_program import Case, Outcome

_KEPT = 20  # verdicts on one path
_SOURCES = (".h", ".cpp", ".cmake")
_NO_SOURCES = frozenset(("bench", "lab", "tests"))  # folders in common/ of which no test program of a chapter is built


@dataclass(frozen=True)
class Verdict:
    """What came of judging a file: on each machine, in the order of their turns, an outcome.

    `sources` is the fingerprint of what judged it, `explored` says under how many schedules.
    """

    sources: str
    explored: str
    outcomes: dict[str, Outcome]

    @property
    def last(self) -> Outcome:
        """The outcome on the last machine that had its turn: no machine comes after a red one."""
        return list(self.outcomes.values())[-1]

    @property
    def all_green(self) -> bool:
        """Whether nothing was red on any machine."""
        return self.last.green

    @property
    def machines(self) -> list[str]:
        """Where the file was judged."""
        return list(self.outcomes)


def hash_of(path: Path) -> str:
    """The sha256 of a file's contents; of a file that is not there, of nothing."""
    return hashlib.sha256(path.read_bytes() if path.exists() else b"").hexdigest()


def fingerprint(project: Project, chapter: Chapter) -> str:
    """A hash of all sources of the chapter's test program, beside the kernel itself."""
    hashes = [f"{project.shown(path)} {hash_of(path)}" for path in _sources(project, chapter)]
    return hashlib.sha256("\n".join(hashes).encode()).hexdigest()


def recall(project: Project, chapter: Chapter, kernel: Path) -> Verdict | None:
    """The verdict on this path with these contents, if there is one. Its tests may have changed since."""
    entry = memory.load(project.verdicts(chapter)).get(project.shown(kernel), {}).get(hash_of(kernel))
    try:
        return _from_json(entry) if entry else None
    except (AttributeError, KeyError, TypeError):  # an entry of another version of this program
        return None


def remember(project: Project, chapter: Chapter, kernel: Path, kernel_hash: str, verdict: Verdict) -> None:
    """Keeps a verdict beside the chapter's others."""
    entries = memory.load(project.verdicts(chapter))
    of_path = entries.setdefault(project.shown(kernel), {})
    of_path.pop(kernel_hash, None)  # so that it comes last, as the newest
    of_path[kernel_hash] = _to_json(verdict)
    entries[project.shown(kernel)] = dict(list(of_path.items())[-_KEPT:])
    memory.save(project.verdicts(chapter), entries)


def _sources(project: Project, chapter: Chapter) -> Iterator[Path]:
    yield project.tests(chapter)
    yield from (project.root / "CMakeLists.txt", project.root / "CMakePresets.json")
    for folder, folders, names in os.walk(project.root / "common"):
        folders[:] = sorted(set(folders) - _NO_SOURCES)
        yield from (Path(folder, name) for name in sorted(names) if name.endswith(_SOURCES) or name == "CMakeLists.txt")


def _to_json(verdict: Verdict) -> dict[str, Any]:
    outcomes = {
        machine: {"cases": [asdict(case) for case in outcome.cases], "ending": outcome.ending}
        for machine, outcome in verdict.outcomes.items()
    }
    return {"sources": verdict.sources, "explored": verdict.explored, "outcomes": outcomes}


def _from_json(entry: dict[str, Any]) -> Verdict | None:
    outcomes = {
        machine: Outcome([_case(case) for case in outcome["cases"]], ending=outcome["ending"])
        for machine, outcome in entry["outcomes"].items()
    }
    return Verdict(entry["sources"], entry["explored"], outcomes) if outcomes else None


def _case(entry: dict[str, Any]) -> Case:
    return Case(**entry | {"messages": tuple(entry["messages"])})
