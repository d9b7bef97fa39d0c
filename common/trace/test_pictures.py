"""The pages' timelines: which a page has, and when it must be drawn again."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

_TOOL = Path(__file__).with_name("pictures.py")
_PAGE = """# 03 A ring

<!-- timeline: --configuration "1 stage" -->
![One slot](timeline.svg) shows it.
"""


class Pictures(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.picture = self.folder / "timeline.svg"
        (self.folder / "kernel.cu").write_text("")
        self.kernel()

    def kernel(self, end: int = 60, wrong: str = "") -> None:
        """A program chNN_solution_trace, whose kernel takes so many ticks."""
        exits = {"kind": "exit", "block": 0, "thread": 0, "lanes": 1, "begin": end, "end": None, "object": ""}
        event = {**exits, "place": -1, "phase": 0, "bytes": 0, "line": 0}
        runs = [{"configuration": "1 stage", "wrong": wrong, "events": [event]}]
        document = {"machine": "the emulator", "unit": "ticks", "copy_ticks": 20, "shape": "2 tiles", "runs": runs}
        program = self.folder / "trace"
        script = f"[ \"$2\" = '1 stage' ] || exit 3\ncat > \"$1\" <<'END'\n{json.dumps(document)}\nEND\n"
        program.write_text(f"#!/bin/sh\n{script}")
        program.chmod(0o755)

    def run_on(self, page: str, *options: str) -> tuple[int, str]:
        (self.folder / "README.md").write_text(page)
        command = [sys.executable, "-B", _TOOL, *options]
        command += [self.folder / "README.md", self.folder / "kernel.cu", self.folder / "trace"]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        return ended.returncode, ended.stderr

    def test_it_draws_and_is_content_until_the_kernel_changes(self) -> None:
        code, said = self.run_on(_PAGE, "--check")
        self.assertEqual((code, "is not what the kernel does now" in said), (1, True), "there is no picture yet")
        self.assertEqual(self.run_on(_PAGE)[0], 0)
        self.assertIn("A ring (1 stage): what each warp does when", self.picture.read_text())
        self.assertEqual(self.run_on(_PAGE, "--check"), (0, ""))
        self.kernel(end=61)
        before = self.picture.read_text()
        self.assertEqual(self.run_on(_PAGE, "--check")[0], 1)
        self.assertEqual(self.picture.read_text(), before, "--check changes nothing")

    def test_a_red_kernel_is_no_picture_of_a_page(self) -> None:
        self.kernel(wrong="error[deadlock]: nobody can go on")
        code, said = self.run_on(_PAGE)
        self.assertEqual((code, "error[deadlock]" in said, self.picture.exists()), (1, True, False))

    def test_a_marker_without_a_picture_and_a_page_without_a_marker_are_errors(self) -> None:
        self.assertIn("README.md:3: below this line a picture is missing", self.run_on(_PAGE.replace("![", "["))[1])
        self.assertIn("has no line <!-- timeline: -->", self.run_on("# 03 A ring\n")[1])
        misspelt = _PAGE.replace("--configuration", "--stages")
        self.assertRegex(self.run_on(misspelt)[1], r"^\S*README.md: trace has no option --stages")


if __name__ == "__main__":
    unittest.main()
