"""`check N`: judges a kernel on the emulator, which explains, and then on the GPU where there is a capable one."""

from __future__ import annotations

import re
import shlex
import textwrap
from pathlib import Path

from lab import given, judging, machines, verdicts
from lab.build import Build
from lab.chapters import Chapter
from lab.complaint import Complaint
from lab.machines import Gpu, Machines
from lab.project import Project
from lab.terminal import WIDTH, Progress, paint, shorten
from lab.verdicts import Verdict
from testing.doctest_program import Case, Outcome

_SHOWN_LINES = 15  # of the first red case
_LAST_LINES = 6  # of these, where something in the middle is left out


def check(project: Project, chapter: Chapter, kernel: Path | None, replay: Path | None = None) -> int:
    """Judges the reader's kernel, or `kernel`; the exit code is 0 when everything is green.

    With `replay`, a file that the emulator wrote: only under the schedule in it, and not on a GPU.
    """
    found = machines.find()
    judged = Check(project, chapter, kernel, found, replay)
    return 0 if judged.run(quiet=False) else 1


class Check:
    """One kernel of one chapter, judged on one machine after the other."""

    def __init__(
        self, project: Project, chapter: Chapter, kernel: Path | None, found: Machines, replay: Path | None = None
    ) -> None:
        self._project = project
        self._chapter = chapter
        self._given = kernel
        self.kernel = kernel or project.kernel(chapter)
        self._machines = found
        self._replay = replay
        if not self.kernel.exists():
            raise Complaint(
                f"{project.shown(self.kernel)} is missing: `./lab reset {chapter.short}` puts the skeleton there."
            )
        self.target = f"{chapter.target}_given" if kernel else chapter.target

    def build(self, preset: str) -> Build:
        """The build of a preset, with the given file in its place."""
        build = Build(self._project, preset)
        build.configure()
        if self._given:
            given.copy(self._given, self._project.given(preset, self._chapter))
        return build

    def run(self, quiet: bool) -> bool:
        """Judges, remembers the verdict, and says it (`quiet`: only when something is red)."""
        kernel_hash = verdicts.hash_of(self.kernel)
        judged_on = ["the emulator"]
        outcome = self._judge("emulator", judged_on[0], quiet)
        if self._replay:
            return outcome.green
        gpu = self._machines.usable_gpu
        if outcome.green and gpu and gpu.can_run(self._chapter):
            on_gpu = self._judge("cuda", gpu.name, quiet)
            if not on_gpu.skipped:
                judged_on.append(gpu.name)
                outcome = on_gpu
        elif gpu and not quiet:
            print(self._why_not_on(gpu))
        if not judging.seed():
            self._remember(kernel_hash, outcome, judged_on)
        return outcome.green

    def _judge(self, preset: str, machine: str, quiet: bool) -> Outcome:
        build = self.build(preset)
        build.make(self.target, purpose=f"{self.target} ({preset})")
        with Progress(f"judging {self._project.shown(self.kernel)} on {machine}"):
            outcome = judging.judge(build.program(self.target), self._project, self._command, self._replay)
        if outcome.skipped:
            print(f"{machine}: {outcome.skipped}")
        elif not (quiet and outcome.green):
            print("\n".join(self._report(outcome, machine)))
        return outcome

    @property
    def _command(self) -> str:
        kernel = f" --kernel {shlex.quote(str(self._given))}" if self._given else ""
        return f"./lab check {self._chapter.short}{kernel}"

    def _why_not_on(self, gpu: Gpu) -> str:
        if gpu.can_run(self._chapter):
            return f"{gpu.name} gets its turn when the emulator is green."
        return f"{gpu.why_not(self._chapter)}: judged on the emulator only."

    def _report(self, outcome: Outcome, machine: str) -> list[str]:
        lines = [paint(f"{self._chapter.name} on {machine}: {self._project.shown(self.kernel)}", "bold")]
        first_red = outcome.reds[0] if outcome.reds else None
        for case in outcome.cases:
            lines += case_lines(case, _SHOWN_LINES if case is first_red else 0)
        if outcome.ending:
            lines.append(f"{outcome.ending}.")
        return lines + self._closing(outcome, machine)

    def _closing(self, outcome: Outcome, machine: str) -> list[str]:
        green, cases = len(outcome.cases) - len(outcome.reds), len(outcome.cases)
        if outcome.green:
            explored = f"the schedule of {self._replay}" if self._replay else judging.explored()
            claim = f": no finding in {explored}" if machine == "the emulator" else ""
            return [paint(f"{green} of {cases} green on {machine}{claim}", "green")]
        if not outcome.reds:
            return []
        red = outcome.reds[0]
        summary = shorten(f"{green} of {cases} green; first red: {red.name}", WIDTH)
        next_step = self._next_todo(red.open_todo) if red.open_todo else f"look at {self._project.shown(self.kernel)}"
        return [paint(summary, "red"), next_step]

    def _next_todo(self, number: str) -> str:
        heading = re.compile(rf"//\s*TODO {re.escape(number)}:\s*(.*)")
        for line_number, line in enumerate(self.kernel.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if found := heading.search(line):
                place = f"{self._project.shown(self.kernel)}:{line_number}"
                return shorten(f"next: TODO {number} at {place}: {found.group(1).strip()}", WIDTH)
        return f"next: TODO {number}"

    def _remember(self, kernel_hash: str, outcome: Outcome, judged_on: list[str]) -> None:
        first_red = outcome.reds[0].name if outcome.reds else outcome.ending
        verdict = Verdict(
            chapter=self._chapter.name,
            tests=verdicts.hash_of(self._project.tests(self._chapter)),
            green=len(outcome.cases) - len(outcome.reds),
            cases=len(outcome.cases),
            first_red=first_red,
            machines=judged_on,
        )
        verdicts.remember(self._project, kernel_hash, verdict)


def case_lines(case: Case, shown: int) -> list[str]:
    """A case as lines: its verdict and name, and for a red one the first `shown` lines of why (0: only its name)."""
    if case.green:
        return [f"  {paint('green', 'green')}  {shorten(case.name, WIDTH - 9)}"]
    if shown == 0:
        reason = f"   [{case.names[0]}]" if case.names else ""
        return [f"  {paint('red', 'red')}    {shorten(case.name, WIDTH - 9 - len(reason))}{reason}"]
    lines = [f"  {paint('red', 'red')}    {shorten(case.name, WIDTH - 9)}"]
    first, *others = [[part for line in why.splitlines() for part in _wrapped(line)] for why in case.messages] or [[]]
    why = _excerpt(first, shown)
    why += [line for other in others for line in other]
    lines += [f"         {line}".rstrip() for line in why[:shown]]
    if len(why) > shown:
        lines.append(f"         … {len(why) - shown} more lines")
    return lines


def _excerpt(lines: list[str], most: int) -> list[str]:
    """`lines`, or the first and the last: a finding begins with what and where, and ends with rule and schedule."""
    if len(lines) <= most:
        return lines
    first = most - 1 - _LAST_LINES
    return [*lines[:first], f"   … {len(lines) - most + 1} lines left out", *lines[-_LAST_LINES:]]


def _wrapped(line: str) -> list[str]:
    # Indented lines quote source code and point into it: they stay whole.
    return [line] if line.startswith(" ") else textwrap.wrap(line, WIDTH - 9, break_long_words=False) or [""]
