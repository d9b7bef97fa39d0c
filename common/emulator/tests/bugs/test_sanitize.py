"""sanitize.py: what it makes of each way in which a program and a tool can end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import sanitize

RACE = """========= COMPUTE-SANITIZER
========= Error: Race reported between Write access at kernel.cu:10 and Read access at kernel.cu:11 [31 hazards]
=========
========= RACECHECK SUMMARY: 1 hazard displayed (1 error, 0 warnings)
"""
BARRIER = """========= COMPUTE-SANITIZER
========= Barrier error detected. Missing wait.
=========     at kernel+0x140 in kernel.cu:20
========= ERROR SUMMARY: 3 errors
"""
SILENT = """========= COMPUTE-SANITIZER
the output is right
========= ERROR SUMMARY: 0 errors
"""
WRONG = """========= COMPUTE-SANITIZER
element 3 of tile 2 was never written
========= Target application returned an error
========= RACECHECK SUMMARY: 0 hazards displayed (0 errors, 0 warnings)
"""

# Stands for the program `bugs`, and for compute-sanitizer: does what the bug's name says.
PROGRAM = """#!{python}
import sys, time
if sys.argv[1] == "--device":
    print('{{"gpu": "Some GPU", "driver": "580.1", "cuda": "13.0"}}')
elif sys.argv[1] == "--list":
    print("racy\\nhanging\\nfine")
elif sys.argv[2] == "wrong" and sys.argv[1] == "hanging":
    time.sleep(60)
elif sys.argv[2] == "wrong" and sys.argv[1] == "racy":
    print("element 0 of tile 1 was never written")
    sys.exit(1)
"""
TOOL = """#!{python}
import sys, time
name, twin = sys.argv[4:6]
if twin == "wrong" and name == "hanging":
    time.sleep(60)
print({race!r} if (twin, name, sys.argv[2]) == ("wrong", "racy", "racecheck") else {silent!r})
"""


class Hearing(unittest.TestCase):
    def test_a_report_is_told_from_silence_and_from_the_programs_own_ending(self) -> None:
        race = "Error: Race reported between Write access at kernel.cu:10 and Read access at kernel.cu:11 [31 hazards]"
        self.assertEqual(sanitize.heard(RACE, False), {"outcome": "reports", "says": race})
        self.assertEqual(
            sanitize.heard(BARRIER, False), {"outcome": "reports", "says": "Barrier error detected. Missing wait."}
        )
        self.assertEqual(sanitize.heard(SILENT, False), {"outcome": "silent"})
        self.assertEqual(sanitize.heard(WRONG, False), {"outcome": "silent"})

    def test_what_was_reported_before_a_hang_counts(self) -> None:
        self.assertEqual(sanitize.heard("========= COMPUTE-SANITIZER\n", True), {"outcome": "hang"})
        self.assertEqual(sanitize.heard("", True), {"outcome": "hang"})
        cut = BARRIER.partition("========= ERROR SUMMARY")[0]
        self.assertEqual(sanitize.heard(cut, True)["outcome"], "reports")

    def test_a_tool_that_does_not_work_is_not_silent(self) -> None:
        said = sanitize.heard("\n========= Error: No attachable process found\n", False)
        self.assertEqual(said, {"outcome": "failed", "says": "========= Error: No attachable process found"})


class Recording(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.executable("bugs", PROGRAM)
        self.executable("compute-sanitizer", TOOL)

    def executable(self, name: str, text: str) -> None:
        path = self.folder / name
        path.write_text(text.format(python=sys.executable, race=RACE, silent=SILENT))
        path.chmod(0o755)

    def run_tool(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-B", sanitize.__file__, "bugs", *arguments, "--out", ".", "--seconds", "1", "-j", "8"],
            cwd=self.folder,
            env={**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
        )

    def test_each_bug_and_each_tool_has_its_outcome(self) -> None:
        done = self.run_tool()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        recorded = json.loads((self.folder / "sanitizer-some-gpu.json").read_text())
        self.assertEqual((recorded["gpu"], recorded["driver"], recorded["cuda"]), ("Some GPU", "580.1", "13.0"))
        outcomes = {
            (name, twin): [recorded["bugs"][name][twin][how]["outcome"] for how in ("alone", *sanitize.TOOLS)]
            for name in ("racy", "hanging", "fine")
            for twin in sanitize.TWINS
        }
        good = ["right", "silent", "silent", "silent"]
        self.assertEqual(
            outcomes,
            {
                ("racy", "wrong"): ["wrong", "reports", "silent", "silent"],
                ("hanging", "wrong"): ["hang"] * 4,
                ("fine", "wrong"): good,
                **{(name, "fixed"): good for name in ("racy", "hanging", "fine")},
            },
        )
        self.assertEqual(recorded["bugs"]["racy"]["wrong"]["alone"]["says"], "element 0 of tile 1 was never written")

    def test_only_the_bugs_that_are_asked_for_are_run(self) -> None:
        self.assertEqual(self.run_tool("fine").returncode, 0)
        self.assertEqual(list(json.loads((self.folder / "sanitizer-some-gpu.json").read_text())["bugs"]), ["fine"])

    def test_what_cannot_be_run_is_said(self) -> None:
        done = self.run_tool("gone")
        self.assertEqual(done.returncode, 1)
        self.assertIn("there is no bug gone: ", done.stderr)
        (self.folder / "compute-sanitizer").write_text("#!/no/such/program\n")
        done = self.run_tool("fine")
        self.assertEqual(done.returncode, 1)
        self.assertIn("compute-sanitizer cannot be run: ", done.stderr)
        self.assertNotIn("Traceback", done.stderr)
        (self.folder / "bugs").unlink()
        self.assertIn("build it with `cmake --build --preset cuda --target bugs`", self.run_tool().stderr)


if __name__ == "__main__":
    unittest.main()
