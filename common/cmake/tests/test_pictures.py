"""pictures.py: which timelines a page has, and when they must be drawn again."""

from __future__ import annotations

import json
import subprocess

from .support import ToolTest

_PAGE = """# 03 A ring

<!-- timeline: --configuration "1 stage" -->
![One slot](timeline.svg) shows it.
"""


class Pictures(ToolTest):
    def setUp(self) -> None:
        super().setUp()
        self.picture = self.folder / "timeline.svg"
        self.write("kernel.cu", "")
        self.kernel()

    def kernel(self, end: int = 60, wrong: str = "") -> None:
        """A program chNN_solution_trace, whose kernel takes so many ticks."""
        exits = {"kind": "exit", "block": 0, "thread": 0, "lanes": 1, "begin": end, "end": None, "object": ""}
        event = {**exits, "place": -1, "phase": 0, "bytes": 0, "line": 0}
        runs = [{"configuration": "1 stage", "wrong": wrong, "events": [event]}]
        document = {"machine": "the emulator", "unit": "ticks", "copy_ticks": 20, "shape": "2 tiles", "runs": runs}
        script = f"[ \"$2\" = '1 stage' ] || exit 3\ncat > \"$1\" <<'END'\n{json.dumps(document)}\nEND\n"
        self.write("trace", f"#!/bin/sh\n{script}").chmod(0o755)

    def run_on(self, page: str, *options: str) -> subprocess.CompletedProcess[str]:
        files = [self.write("README.md", page), self.folder / "kernel.cu", self.folder / "trace"]
        return self.run_tool("pictures.py", *options, *files)

    def test_it_draws_and_is_content_until_the_kernel_changes(self) -> None:
        self.assert_refuses(self.run_on(_PAGE, "--check"), "is not what the kernel does now")  # there is none yet
        self.assert_passes(self.run_on(_PAGE))
        self.assertIn("A ring (1 stage): what each warp does when", self.picture.read_text())
        self.assert_passes(self.run_on(_PAGE, "--check"))
        self.kernel(end=61)
        before = self.picture.read_text()
        self.assert_refuses(self.run_on(_PAGE, "--check"), "is not what the kernel does now")
        self.assertEqual(self.picture.read_text(), before, "--check changes nothing")

    def test_a_red_kernel_is_no_picture_of_a_page(self) -> None:
        self.kernel(wrong="error[deadlock]: nobody can go on")
        self.assert_refuses(self.run_on(_PAGE), "error[deadlock]")
        self.assertFalse(self.picture.exists())

    def test_a_marker_without_a_picture_and_a_page_without_a_marker_are_errors(self) -> None:
        self.assert_refuses(self.run_on(_PAGE.replace("![", "[")), "README.md:3: below this line a picture is missing")
        self.assert_refuses(self.run_on("# 03 A ring\n"), "has no line <!-- timeline: -->")
        misspelt = _PAGE.replace("--configuration", "--stages")
        self.assert_refuses(self.run_on(misspelt), "README.md: trace has no option --stages")
