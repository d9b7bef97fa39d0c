"""A tiny checkout in a temporary folder, with shell scripts for programs: nothing is built, nobody's file touched."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import stat
import tempfile
import unittest
from collections.abc import Iterator
from pathlib import Path
from unittest import mock
from xml.sax.saxutils import escape

from lab.chapters import Chapter
from lab.project import Project
from markers import body_hash

CHAPTERS = [
    Chapter("01", "01_baseline", "One thread per output channel", "", "deformable_attention", "8.0"),
    Chapter("02", "02_next", "A box per point", "01_baseline", "deformable_attention", "9.0"),
]
SOLUTION = "int a;\n  // >>> 1.1 say what (1 line)\nint b;\n  // <<< 1.1\nint c;\n"
GREEN = """<?xml version="1.0"?><doctest><TestSuite>
<TestCase name="1.1 good"><OverallResultsAsserts test_case_success="true"/></TestCase>
<TestCase name="1.2 good too"><OverallResultsAsserts test_case_success="true"/></TestCase></TestSuite></doctest>"""
REAL_ROOT = Path(__file__).resolve().parents[3]


def skeleton(body: str = "int a;\nTODO(1.1);\nint c;\n") -> str:
    """A skeleton with its stamp."""
    return f"// Your kernel for chapter 01_baseline. `./lab check 1` judges it.   skeleton {body_hash(body)}\n{body}"


class FakeCheckout(unittest.TestCase):
    """A test with `self.project`, a checkout that counts as configured, and `self.tools`, first in PATH."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.project = Project(Path(folder.name).resolve() / "checkout with blank")
        self.tools = Path(folder.name).resolve() / "tools"
        root = self.project.root
        write(root / "CMakeLists.txt", "")
        for chapter in CHAPTERS:
            write(self.project.kernel(chapter), skeleton())
            write(self.project.tests(chapter), "tests\n")
            solution = SOLUTION.replace("1.1", f"{chapter.short}.1").replace("int c", f"int c{chapter.number}")
            write(self.project.solution(chapter.name), solution)
            write(self.project.skeleton(chapter), skeleton())
        for preset in ("emulator", "cuda"):
            write(self.project.build(preset) / "chapters.json", json.dumps([vars(chapter) for chapter in CHAPTERS]))
            write(self.project.build(preset) / "build.ninja", "")
        self.tool("cmake", "exit 0")
        self.tool("nvcc", "exit 1")  # unknown version: not usable
        self.tool("nvidia-smi", "exit 9")
        path = f"{self.tools}:{os.environ['PATH']}"
        self.environment = mock.patch.dict(os.environ, {"PATH": path, "LAB_MISSING": "", "NO_COLOR": "1"})
        self.environment.start()
        self.addCleanup(self.environment.stop)
        os.environ.pop("TUTORIAL_SCHEDULES", None)  # set where these tests are part of `./lab test`

    def tool(self, name: str, script: str) -> None:
        """Puts a program into PATH."""
        write_program(self.tools / name, script)

    def program(self, name: str, script: str, preset: str = "emulator") -> None:
        """Puts a program where the build would."""
        write_program(self.project.build(preset) / "bin" / name, script)

    def doctest_program(self, name: str, report: str, code: int = 0, preset: str = "emulator", then: str = "") -> None:
        """A doctest program that writes `report` and ends with `code`, after the shell commands `then`."""
        write(self.project.root / f"{name}.{preset}.xml", report)
        copy = f'cat "{self.project.root}/{name}.{preset}.xml" > "${{2#--out=}}"'
        self.program(name, f"{copy}\n{then}\nexit {code}", preset)

    def with_gpu(self) -> None:
        """Makes this computer one with CUDA 13.0 and an H200."""
        self.tool("nvcc", "echo 'Cuda compilation tools, release 13.0, V13.0.88'")
        self.tool("nvidia-smi", "echo 'NVIDIA H200, 9.0, 580.159.04'")

    def copy_of_lab(self) -> None:
        """Puts the real command line into the fake checkout, to be run from there."""
        ignored = shutil.ignore_patterns("__pycache__", "tests")
        for name in ("lab", "testing"):
            shutil.copytree(REAL_ROOT / "common" / name, self.project.root / "common" / name, ignore=ignored)
        for name in ("bugs.py", "markers.py", "processes.py"):
            shutil.copy(REAL_ROOT / "common" / name, self.project.root / "common" / name)


def red(name: str, *messages: str) -> str:
    """The report of a single case that is red for these reasons."""
    texts = (f'<Message type="ERROR"><Text>{escape(message)}</Text></Message>' for message in messages)
    verdict = '<OverallResultsAsserts test_case_success="false"/>'
    case = f'<TestCase name="{name}">{"".join(texts)}{verdict}</TestCase>'
    return f"<doctest><TestSuite>{case}</TestSuite></doctest>"


def write(path: Path, text: str) -> None:
    """Writes a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def write_program(path: Path, script: str) -> None:
    """Writes a shell script that can be run."""
    write(path, f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@contextlib.contextmanager
def printed() -> Iterator[io.StringIO]:
    """What is printed to stdout inside."""
    with contextlib.redirect_stdout(io.StringIO()) as stream:
        yield stream
