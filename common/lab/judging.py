"""Runs a chapter's test program and says what came of it."""

from __future__ import annotations

import os
import signal
import tempfile
from dataclasses import dataclass
from pathlib import Path

from lab import doctest_xml, processes
from lab.doctest_xml import Case
from lab.processes import Ended

SKIPPED = 77
_SECONDS = 300.0
_USUAL_SCHEDULES = "20"


@dataclass(frozen=True)
class Outcome:
    """`cases` as far as they ran; `ending` is a sentence when the program did not end as it should, `skipped` when
    it found no machine to run on."""

    cases: list[Case]
    ending: str = ""
    skipped: str = ""

    @property
    def reds(self) -> list[Case]:
        """The red cases in order."""
        return [case for case in self.cases if not case.green]

    @property
    def green(self) -> bool:
        """Whether every case ran and was green."""
        return bool(self.cases) and not self.reds and not self.ending


def schedules() -> str:
    """How many schedules the emulator explores for each case of `check`."""
    return os.environ.get("TUTORIAL_SCHEDULES", _USUAL_SCHEDULES)


def judge(program: Path, root: Path, seconds: float = _SECONDS) -> Outcome:
    """Runs the test program in the checkout `root` with a time limit."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        ended = processes.run(
            [program, "--reporters=xml", f"--out={report}"],
            cwd=root,
            environment=os.environ | {"TUTORIAL_SCHEDULES": schedules()},
            seconds=seconds,
        )
        text = report.read_text(encoding="utf-8", errors="replace") if report.exists() else ""
    if ended.code == SKIPPED:
        return Outcome([], skipped=ended.output.strip() or "the program found no machine that it can run on")
    cases = doctest_xml.parse(text)
    return Outcome(cases, _ending(ended, cases, seconds))


def _ending(ended: Ended, cases: list[Case], seconds: float) -> str:
    last = f" in “{cases[-1].name}”" if cases and not cases[-1].green else ""
    if ended.timed_out:
        return f"the program did not end within {seconds:.0f} s and was stopped{last}; the cases after it did not run"
    if ended.code < 0:
        number = -ended.code
        name = signal.Signals(number).name if number in signal.valid_signals() else f"signal {number}"
        return f"the program crashed{last}: {name}, {signal.strsignal(number)}; the cases after it did not run"
    if cases and not cases[-1].finished:
        return f"the program ended in the middle{last} (exit code {ended.code}); the cases after it did not run"
    if not cases:
        reason = ended.output.strip().partition("\n")[0]
        return f"the program ran no test case (exit code {ended.code})" + (f": {reason}" if reason else "")
    if ended.code != 0 and all(case.green for case in cases):
        return f"the program ended with exit code {ended.code} although no case is red"
    if ended.code == 0 and not all(case.green for case in cases):
        return "the program ended with exit code 0 although a case is red"
    return ""
