"""`doctor`: what this computer has, what is missing, and what runs where."""

from __future__ import annotations

import os
import platform
import re
import shutil

import processes
from lab import machines
from lab.chapters import Chapter
from lab.machines import Machines
from lab.project import Project
from lab.terminal import paint, table


def doctor(project: Project, chapters: list[Chapter], missing: str) -> int:
    """Prints what was found; `missing` are the start script's words, which knows what is needed. 1 if there are any."""
    found = machines.find()
    for line in table(_tools(found, missing)):
        print(line)
    if found.remark:
        print(found.remark)
    print()
    if chapters:
        print("\n".join(table([["chapter", "emulator", "GPU"], *(_where(chapter, found) for chapter in chapters)])))
    else:
        print("The chapters are listed once the tools are here.")
    print()
    if missing:
        print(paint(f"missing: {missing}", "red"))
        print("`./lab run` installs it, or says the command that does.")
        return 1
    print(paint("nothing that is needed is missing.", "green"))
    return 0


def _libraries(missing: str) -> str:
    names = ("doctest", "Google Benchmark", "Boost.Context")
    return ", ".join(f"{name} {'missing' if name in missing else 'found'}" for name in names)


def _tools(found: Machines, missing: str) -> list[list[str]]:
    gpu = f"{found.gpu.name}, capability {found.gpu.capability}, driver {found.gpu.driver}" if found.gpu else "none"
    nvcc = f"{found.nvcc.version} ({found.nvcc.path})" if found.nvcc else "none"
    return [
        ["compiler", _version(os.environ.get("CXX", "g++"))],
        ["cmake", _version("cmake")],
        ["ninja", _version("ninja")],
        ["python", platform.python_version()],
        ["libraries", _libraries(missing)],
        ["git", _version("git") + " (only `run --record` asks it)"],
        ["nvcc", nvcc],
        ["GPU", gpu],
    ]


def _version(program: str) -> str:
    path = shutil.which(program)
    if not path:
        return "none"
    first_line = processes.run([path, "--version"], seconds=20).output.partition("\n")[0]
    version = re.search(r"\d+(\.\d+)+", first_line)
    return f"{version.group() if version else 'unknown version'} ({path})"


def _where(chapter: Chapter, found: Machines) -> list[str]:
    needs = f"needs {chapter.compute_capability}"
    if not found.cuda:
        return [chapter.name, "runs", f"{needs}; no usable nvcc here"]
    if not found.gpu:
        return [chapter.name, "runs", f"{needs}; no GPU here: compiles, does not run"]
    verdict = "runs" if found.gpu.can_run(chapter) else "compiles, does not run"
    return [chapter.name, "runs", f"{needs}, here is {found.gpu.capability}: {verdict}"]
