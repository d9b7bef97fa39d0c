"""`check N`: judges a kernel on the emulator, which explains, and then on the GPU where there is a capable one."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

from lab import given, judging, machines, report, todos, verdicts
from lab.build import Build
from lab.chapters import Chapter
from lab.complaint import Complaint
from lab.machines import Gpu, Machines
from lab.project import Project
from lab.terminal import WIDTH, Progress, paint, shorten
from lab.verdicts import Verdict
from testing.doctest_program import Case, Outcome

EMULATOR = "the emulator"


def check(
    project: Project, chapter: Chapter, kernel: Path | None, replay: Path | None = None, again: bool = False
) -> int:
    """Judges the reader's kernel, or `kernel`; the exit code is 0 when everything is green.

    What was judged before, and has not changed since, is answered from the recorded verdict, unless `again`. With
    `replay`, a file that the emulator wrote: only under the schedule in it, and not on a GPU.
    """
    checked = Check(project, chapter, kernel, machines.find(), replay)
    verdict = None if again else checked.recorded()
    if verdict:
        for machine, outcome in verdict.outcomes.items():
            checked.tell(machine, outcome)
        print(f"This is the recorded verdict: nothing has changed since. To judge again: {checked.command} --again")
    else:
        verdict = checked.judge(checked.tell)
    return 0 if verdict.all_green else 1


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

    @property
    def command(self) -> str:
        """What one types to judge this kernel."""
        kernel = f" --kernel {shlex.quote(str(self._given))}" if self._given else ""
        return f"./lab check {self._chapter.short}{kernel}"

    @property
    def gpu(self) -> Gpu | None:
        """The GPU that has its turn after the emulator."""
        gpu = self._machines.usable_gpu
        return gpu if gpu and gpu.can_run(self._chapter) else None

    def make(self, preset: str, suffix: str = "") -> Path:
        """Builds the kernel's test program, or with a suffix ("_compare") another program of it; returns its path."""
        build = Build(self._project, preset)
        target = self._chapter.target
        if self._given:
            given.copy(self._given, self._project.given(preset, self._chapter))
            target += "_given"
        target += suffix
        build.make(target, purpose=f"{target} ({preset})")
        return build.program(target)

    def recorded(self) -> Verdict | None:
        """The recorded verdict, where judging again would do the same as then."""
        if self._replay or judging.seed():
            return None
        verdict = verdicts.recall(self._project, self._chapter, self.kernel)
        if not verdict or verdict.explored != judging.explored() or verdict.last.ending:
            return None
        if verdict.all_green and self.gpu and self.gpu.name not in verdict.outcomes:
            return None
        return verdict if verdict.sources == verdicts.fingerprint(self._project, self._chapter) else None

    def judge(self, tell: Callable[[str, Outcome], None]) -> Verdict:
        """Judges, with a call of `tell` for each machine and its outcome, and remembers the verdict."""
        before = self._judged_files()
        outcomes = {EMULATOR: self.judge_on(EMULATOR)}
        tell(EMULATOR, outcomes[EMULATOR])
        if self.gpu and outcomes[EMULATOR].green and not self._replay:
            on_gpu = self.judge_on(self.gpu.name)
            tell(self.gpu.name, on_gpu)
            if not on_gpu.skipped:
                outcomes[self.gpu.name] = on_gpu
        kernel_hash, sources = before
        verdict = Verdict(sources, judging.explored(), outcomes)
        # One schedule is no verdict, and neither is that on a file which has changed while it was judged.
        if not self._replay and not judging.seed() and before == self._judged_files():
            verdicts.remember(self._project, self._chapter, self.kernel, kernel_hash, verdict)
        return verdict

    def judge_on(self, machine: str, only: str | None = None) -> Outcome:
        """Builds for a machine and runs the tests on it, or the case called `only`; remembers nothing."""
        program = self.make("emulator" if machine == EMULATOR else "cuda")
        with Progress(f"judging {self._project.shown(self.kernel)} on {machine}"):
            return judging.judge(program, self._project, self.command, self._replay, only)

    def tell(self, machine: str, outcome: Outcome) -> None:
        """Prints what came of a machine's turn."""
        if outcome.skipped:
            print(f"{machine}: {outcome.skipped}")
            return
        print(paint(f"{self._chapter.name} on {machine}: {self._project.shown(self.kernel)}", "bold"))
        print("\n".join([*report.outcome_lines(outcome), *self._closing(outcome, machine)]))
        gpu = self._machines.usable_gpu
        if machine == EMULATOR and gpu and not self._replay:
            if not self.gpu:
                print(f"{gpu.why_not(self._chapter)}: judged on the emulator only.")
            elif not outcome.green:
                print(f"{gpu.name} gets its turn when the emulator is green.")

    def _judged_files(self) -> tuple[str, str]:
        return verdicts.hash_of(self.kernel), verdicts.fingerprint(self._project, self._chapter)

    def _closing(self, outcome: Outcome, machine: str) -> list[str]:
        if outcome.green:
            explored = f"the schedule of {self._replay}" if self._replay else judging.explored()
            claim = f": no finding in {explored}" if machine == EMULATOR else ""
            return [paint(f"{report.summary(outcome)} on {machine}{claim}", "green")]
        red = outcome.telling_red
        return [paint(report.summary(outcome), "red"), self.next_step(red)] if red else []

    def next_step(self, red: Case) -> str:
        """Where to go on after a red case: at the first open TODO where one is to blame, else at the line it names."""
        shown = self._project.shown(self.kernel)
        still_open = todos.open_in(self.kernel) if red.open_todo else []
        if still_open:
            todo = still_open[0]
            what = f": {todo.text}" if todo.text else ""
            return shorten(f"next: TODO {todo.number} at {shown}:{todo.line}{what}", WIDTH)
        return f"look at {report.place_to_look_at(red, shown)}"
