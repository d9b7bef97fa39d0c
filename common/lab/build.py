"""Drives CMake: configures a preset, builds targets, and shows of a failed build what the reader needs to see."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import processes
from lab import chapters
from lab.chapters import Chapter
from lab.complaint import Complaint
from lab.project import Project
from lab.terminal import Progress

_SHOWN_LINES = 15
_STEP = re.compile(r"\[(\d+)/(\d+)\]")
_ERROR = re.compile(r"\berror\b|undefined reference|multiple definition|CMake Error")
_LEADS_TO_ERROR = re.compile(r"In file included from|^\s+from |: In |: At |required from|required by")


class Build:
    """The build folder of one preset ("emulator" or "cuda")."""

    def __init__(self, project: Project, preset: str) -> None:
        self.project = project
        self.preset = preset
        self.folder = project.build(preset)

    def configure(self) -> None:
        """Runs CMake's configure step where it never ran or its inputs are newer."""
        if self._is_configured():
            return
        progress = Progress(f"configuring {self.preset}")
        progress.update("with CMake")
        self._run(["cmake", "--preset", self.preset], progress, f"CMake could not configure the preset {self.preset}")

    def make(self, *targets: str, purpose: str = "") -> None:
        """Builds `targets` (none: everything) with progress; a failure shows the first errors and ends the verb."""
        self.configure()
        progress = Progress(f"building {purpose or self.preset}")
        chosen = ["--target", *targets] if targets else []
        what = f"{' '.join(targets) or 'the tutorial'} ({self.preset})"
        self._run(["cmake", "--build", str(self.folder), *chosen], progress, f"{what} does not compile")

    def program(self, name: str) -> Path:
        """The program that target `name` makes."""
        return self.folder / "bin" / name

    def chapters(self) -> list[Chapter]:
        """The chapter list of this build; configures first where that is needed."""
        self.configure()
        return chapters.load(self.folder / "chapters.json")

    def _is_configured(self) -> bool:
        # CMake rewrites build.ninja whenever it configures; chapters.json may rightly stay as it is.
        written = self.folder / "build.ninja"
        if not written.exists() or not (self.folder / "chapters.json").exists():
            return False
        root = self.project.root
        # Where a reader has deleted his file, configuring puts the skeleton there.
        if not all(self.project.kernel(chapter).exists() for chapter in chapters.load(self.folder / "chapters.json")):
            return False
        inputs = [root / "CMakeLists.txt", root / "CMakePresets.json", *root.glob("common/cmake/*.cmake")]
        return all(file.stat().st_mtime <= written.stat().st_mtime for file in inputs if file.exists())

    def _run(self, command: list[str], progress: Progress, failure: str) -> None:
        if not shutil.which("cmake"):
            raise Complaint("cmake is missing: `./lab run` installs what is needed, `./lab doctor` says what it is.")

        def show_step(line: str) -> None:
            if (step := _STEP.match(line)) and step.group(1) != "0":  # 0: only looking whether there is work
                progress.update(f"[{step.group(1)}/{step.group(2)}]")

        environment = os.environ | {"NINJA_STATUS": "[%f/%t] "}
        ended = processes.run(command, cwd=self.project.root, environment=environment, on_line=show_step)
        progress.close()
        if ended.code == 0:
            return
        log = self.project.root / "build" / "lab" / f"{self.preset}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(ended.output, encoding="utf-8")
        print("\n".join(first_errors(ended.output)))
        raise Complaint(f"{failure}: the first errors stand above, all of them in {self.project.shown(log)}.")


def first_errors(log: str, shown: int = _SHOWN_LINES) -> list[str]:
    """The compiler's first errors out of a build's output, without Ninja's and CMake's own lines."""
    lines: list[str] = []
    command_follows = False
    for line in log.splitlines():
        if command_follows:  # the command line that Ninja prints after FAILED
            command_follows = False
        elif line.startswith("FAILED:"):
            command_follows = True
        elif not _STEP.match(line) and not line.startswith(("ninja: build stopped", "-- ")):
            lines.append(line)
    first = next((index for index, line in enumerate(lines) if _ERROR.search(line)), None)
    if first is None:
        return (lines or log.splitlines())[-shown:]
    while first > 0 and _LEADS_TO_ERROR.search(lines[first - 1]):
        first -= 1
    return lines[first : first + shown]
