"""`watch N`: judges the reader's kernel whenever it is saved: the first red case alone, until it is green."""

from __future__ import annotations

from lab import hint, machines, report, trace
from lab.chapters import Chapter
from lab.check import Check
from lab.complaint import Complaint
from lab.keyboard import Keyboard
from lab.project import Project
from lab.terminal import paint
from testing.doctest_program import Case, Outcome

_SECONDS_BETWEEN_LOOKS = 0.5


def watch(project: Project, chapter: Chapter) -> int:
    """Judges on each save until everything is green (0), or until the reader leaves with the key q (1)."""
    with Keyboard() as keyboard:
        return 0 if Watch(project, chapter, keyboard).run() else 1


class Watch:
    """The state of `watch`: which case is red, and on which machine."""

    def __init__(self, project: Project, chapter: Chapter, keyboard: Keyboard) -> None:
        self._project = project
        self._chapter = chapter
        self._keyboard = keyboard
        self._check = Check(project, chapter, None, machines.find())
        self._red: tuple[str, Case] | None = None  # the first red case, and the machine on which it is red

    def run(self) -> bool:
        """Whether everything became green."""
        judged: bytes | None = None
        while True:
            saved = self._contents()
            if saved is not None and saved != judged:  # None: an editor is just replacing it
                judged = saved
                if self._judge():
                    return True
                self._say_what_next()
            key = self._keyboard.wait(_SECONDS_BETWEEN_LOOKS)
            if key == "q":
                return False
            if key in ("h", "t"):
                self._answer(key)
                self._say_what_next()

    def _contents(self) -> bytes | None:
        # Not what inotify or time stamps say: on network file systems neither is certain.
        try:
            return self._check.kernel.read_bytes()
        except FileNotFoundError:
            return None

    def _judge(self) -> bool:
        """Judges the first red case, and where that is green now, everything; whether all is green."""
        try:
            if self._red:
                machine, case = self._red
                outcome = self._check.judge_on(machine, only=case.name)
                if outcome.reds:
                    self._show(machine, outcome)
                    return False
                print(paint(f"green on {machine}: {case.name}", "green"))
            verdict = self._check.recorded() or self._check.judge(lambda *_: None)
        except Complaint as complaint:  # it does not compile
            print(f"lab: {complaint.sentence}", flush=True)
            return False
        machine = verdict.machines[-1]
        if verdict.all_green:
            print(paint(f"{report.summary(verdict.last)} on {' and '.join(verdict.machines)}.", "green"))
            print(f"next: ./lab compare {self._chapter.short}")
            return True
        self._show(machine, verdict.last)
        print(report.summary(verdict.last))
        return False

    def _show(self, machine: str, outcome: Outcome) -> None:
        red = outcome.telling_red
        if not red:
            print(f"{outcome.ending}.")
            self._red = None
            return
        self._red = machine, red
        print(paint(f"{self._chapter.name} on {machine}", "bold"))
        print("\n".join([*report.red_lines(red), self._check.next_step(red)]))

    def _say_what_next(self) -> None:
        keys = "   h hint   t trace   q quit" if self._keyboard.there else ""
        print(paint(f"waiting until {self._project.shown(self._check.kernel)} is saved{keys}", "dim"), flush=True)

    def _answer(self, key: str) -> None:
        """What the keys h and t ask for."""
        try:
            if key == "t":
                trace.trace(self._project, self._chapter, None, ())
                return
            hint.hint(self._project, self._chapter, None, None, is_red=self._red is not None)
        except Complaint as complaint:
            print(f"lab: {complaint.sentence}")
