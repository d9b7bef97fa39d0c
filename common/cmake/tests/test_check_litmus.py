"""check_litmus.py: what a GPU did must be what this machine can do."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from .support import ToolTest


def row(name: str, *outcomes: str, kind: str = "assertion", finding: str = "") -> dict[str, Any]:
    counts = {outcome: 10 for outcome in outcomes}
    return {"row": name, "kind": kind, "asks": "does it?", "finding": finding, "verdict": "ok", "outcomes": counts}


HERE = [
    row("L01", "as promised"),
    row("L06", "finding bytes-mismatch", finding="bytes-mismatch"),
    row("L14", "finding unfenced-read", kind="observation", finding="unfenced-read"),
]
THERE = [
    row("L01", "as promised"),
    row("L06", "timeout", finding="bytes-mismatch"),
    row("L14", "right", "overwritten", kind="observation", finding="unfenced-read"),
]


class Litmus(ToolTest):
    def check(self, recorded: object = None, status: int = 0) -> subprocess.CompletedProcess[str]:
        """With a program that records HERE, and a recording of a GPU if there is one."""
        program = self.write(
            "litmus",
            f"#!{sys.executable}\nimport sys\nassert sys.argv[1] == '--record'\n"
            f"open(sys.argv[2], 'w').write({json.dumps({'rows': HERE})!r})\nprint('3 rows')\nsys.exit({status})\n",
        )
        program.chmod(0o755)
        if recorded is not None:
            self.write("results/litmus-gpu.json", json.dumps(recorded))
        self.write("results/gpu.json", "{}")
        return self.run_tool("check_litmus.py", program, "--results", "results")

    def test_the_same_outcomes_agree_and_findings_stand_for_what_a_gpu_does(self) -> None:
        self.assert_passes(self.check({"rows": THERE}))

    def test_without_a_recording_the_rows_alone_decide(self) -> None:
        self.assert_passes(self.check(), "3 rows")

    def test_an_outcome_that_only_the_gpu_had(self) -> None:
        recorded = [row("L01", "as promised", "too early"), *THERE[1:]]
        done = self.check({"rows": recorded})
        self.assert_refuses(done, 'litmus-gpu.json: L01 had the outcome "too early" there, and never here.')

    def test_a_recording_of_other_rows_must_be_made_again(self) -> None:
        for recorded, sentence in (
            (THERE[1:], "lacks L01: record it again"),
            ([*THERE, row("L99", "x")], "has L99, which is no row any more"),
            ([{**THERE[0], "asks": "did it?"}, *THERE[1:]], "L01 asked something else then"),
            ([{**THERE[0], "kind": "observation"}, *THERE[1:]], "L01 asked something else then"),
        ):
            with self.subTest(sentence):
                self.assert_refuses(self.check({"rows": recorded}), sentence)

    def test_a_file_that_is_no_recording(self) -> None:
        for recorded in ([], {}, {"rows": [{}]}):
            self.assert_refuses(self.check(recorded), "results/litmus-gpu.json is no recording of litmus tests")

    def test_a_violated_row_and_a_skipped_program(self) -> None:
        self.assert_refuses(self.check(status=1), "litmus ended with exit code 1")
        self.assertEqual(self.check(status=77).returncode, 77)
