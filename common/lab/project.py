"""Where things are: the one place of the command line that knows the repository's layout."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lab.chapters import Chapter


@dataclass(frozen=True)
class Project:
    """A checkout of the tutorial."""

    root: Path

    def build(self, preset: str) -> Path:
        """The build folder of a CMake preset."""
        return self.root / "build" / preset

    def kernel(self, chapter: Chapter) -> Path:
        """The reader's file."""
        return self.root / "chapters" / chapter.name / "kernel.cu"

    def page(self, chapter: Chapter) -> Path:
        """The chapter's lesson."""
        return self.root / "chapters" / chapter.name / "README.md"

    def tests(self, chapter: Chapter) -> Path:
        """The chapter's tests."""
        return self.root / "chapters" / chapter.name / "test.cpp"

    def solution(self, name: str) -> Path:
        """The reference kernel of the chapter called `name`."""
        return self.root / "solutions" / name / "kernel.cu"

    def skeleton(self, chapter: Chapter) -> Path:
        """The regenerated skeleton (target `skeletons`)."""
        return self.build("emulator") / "skeletons" / chapter.name / "kernel.cu"

    def given(self, preset: str, chapter: Chapter) -> Path:
        """Where the file of `--kernel FILE` is put for target chNN_given."""
        return self.build(preset) / "given" / chapter.name / "kernel.cu"

    def hints(self, chapter: Chapter) -> Path:
        """The chapter's hints."""
        return self.root / "chapters" / chapter.name / "hints.md"

    def bugs(self, chapter: Chapter) -> Path:
        """The folder of the chapter's broken kernels."""
        return self.root / "chapters" / chapter.name / "bugs"

    def dealt_bug(self, chapter: Chapter) -> Path:
        """Where `bug` puts a broken kernel, without its name."""
        return self.root / "build" / "bug" / f"{chapter.number}.cu"

    def verdicts(self, chapter: Chapter) -> Path:
        """What `check` remembers of a chapter's kernels."""
        return self.root / "build" / "lab" / "verdicts" / f"{chapter.name}.json"

    @property
    def shown_hints(self) -> Path:
        """What `hint` remembers."""
        return self.root / "build" / "lab" / "hints.json"

    @property
    def dealt_bugs(self) -> Path:
        """What `bug` remembers."""
        return self.root / "build" / "lab" / "bugs.json"

    @property
    def replays(self) -> Path:
        """Where the emulator puts the schedules of the findings that `check` shows."""
        return self.root / "build" / "replay"

    @property
    def traces(self) -> Path:
        """Where `trace` puts its pictures."""
        return self.root / "build" / "trace"

    @property
    def findings(self) -> Path:
        """The pages of the findings."""
        return self.root / "docs" / "findings"

    @property
    def results(self) -> Path:
        """Recorded measurements, a file a GPU."""
        return self.root / "docs" / "results"

    def shown(self, path: Path) -> str:
        """`path` as a reader wants to see it: relative to the checkout where it is inside."""
        try:
            return str(path.relative_to(self.root))
        except ValueError:
            return str(path)
