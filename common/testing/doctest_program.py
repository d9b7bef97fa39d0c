"""Runs a doctest program and reads its XML report, also one that a crash has cut short."""

from __future__ import annotations

import re
import signal
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from xml.etree import ElementTree

import processes
from processes import Ended

SKIPPED = 77  # the exit code of a program that found no machine to run on (test_main.cpp)

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what XML forbids
_OPEN_TODO = re.compile(r"TODO (\d+\.\d+) is not done yet")
_NAME = re.compile(r"^(?:error|wrong)\[([a-z0-9-]+)\]", re.MULTILINE)
_FINDING = re.compile(r"^error\[", re.MULTILINE)
_NO_NEWS = "exception thrown in subcase - will translate later"  # doctest repeats the exception itself afterwards


@dataclass(frozen=True)
class Case:
    """One test case: `messages` say why it is red, an open TODO first; the report breaks off where not `finished`."""

    name: str
    description: str
    green: bool
    finished: bool
    messages: tuple[str, ...]

    @property
    def open_todo(self) -> str:
        """The number of the TODO that the case met and that is not done yet, or ""."""
        found = _OPEN_TODO.search(self.messages[0]) if self.messages else None
        return found[1] if found else ""

    @property
    def names(self) -> list[str]:
        """The names of the emulator's findings and the judge's rejections: "swapped-xy" of `wrong[swapped-xy]: ...`."""
        return _NAME.findall("\n".join(self.messages))

    @property
    def has_finding(self) -> bool:
        """Whether the emulator says why: it names lines and a rule, where the judge of an output can only guess."""
        return any(_FINDING.search(message) for message in self.messages)


@dataclass(frozen=True)
class Outcome:
    """What came of a program: `cases` as far as they ran, and what it printed.

    `ending` is a sentence, without its full stop, when the program did not end as a test program must; `skipped` is
    one when it found no machine to run on.
    """

    cases: list[Case]
    output: str = ""
    ending: str = ""
    skipped: str = ""

    @property
    def reds(self) -> list[Case]:
        """The red cases in order."""
        return [case for case in self.cases if not case.green]

    @property
    def telling_red(self) -> Case | None:
        """The red case to look at: the first one with a finding, or the first one where there is none."""
        return max(self.reds, key=lambda case: case.has_finding, default=None)

    @property
    def green(self) -> bool:
        """Whether every case ran and was green."""
        return bool(self.cases) and not self.reds and not self.ending


def run(
    program: Path,
    seconds: float,
    *,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    only: str | None = None,
) -> Outcome:
    """Runs the program, or of it the case called `only`, for at most `seconds`; whatever it does, or if it cannot be
    run at all, there is an outcome."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command: list[str | Path] = [program.absolute(), "--reporters=xml", f"--out={report}"]
        if only is not None:
            command.append("--test-case=" + re.sub(r"([\\,])", r"\\\1", only))  # a comma begins another name
        try:
            ended = processes.run(command, cwd=cwd, environment=environment, seconds=seconds)
        except OSError as error:
            return Outcome([], ending=f"{program} cannot be run: {error.strerror}; build it first")
        text = report.read_text(encoding="utf-8", errors="replace") if report.exists() else ""
    if ended.code == SKIPPED:
        return Outcome([], skipped=ended.output.strip() or "the program found no machine that it can run on")
    cases, whole = parse(text)
    return Outcome(cases, ended.output, _ending(ended, cases, whole, seconds))


def _ending(ended: Ended, cases: list[Case], whole: bool, seconds: float) -> str:
    all_green = all(case.green for case in cases)
    last = f" in “{cases[-1].name}”" if cases and not cases[-1].green else ""
    if ended.timed_out:
        return f"the program did not end within {seconds:g} s and was stopped{last}; the cases after it did not run"
    if ended.code < 0:
        number = -ended.code
        name = next((known.name for known in signal.Signals if known == number), f"signal {number}")
        return f"the program crashed{last}: {name}, {signal.strsignal(number)}; the cases after it did not run"
    if not cases:
        reason = ended.output.strip().partition("\n")[0]
        what = "ran no test case" if whole else "ended before its first test case"
        return f"the program {what} (exit code {ended.code})" + (f": {reason}" if reason else "")
    if not whole:
        return f"the program ended in the middle{last} (exit code {ended.code}); the cases after it did not run"
    if ended.code not in (0, 1):
        return f"the program ended with exit code {ended.code}; a test program ends with 0, 1 or {SKIPPED} (skipped)"
    if all_green != (ended.code == 0):
        return f"the program ended with exit code {ended.code} although {'no' if all_green else 'a'} case is red"
    return ""


def parse(text: str) -> tuple[list[Case], bool]:
    """The test cases of a report in the order they ran, without skipped ones, and whether the report is whole.

    Never raises on a damaged report: the case in which it breaks off is the last one, and not finished.
    """
    parser: ElementTree.XMLPullParser[ElementTree.Element] = ElementTree.XMLPullParser(events=("start", "end"))
    parser.feed(_UNPRINTABLE.sub("?", text))
    try:
        parser.close()
        whole = True
    except ElementTree.ParseError:
        whole = False
    cases: list[Case] = []
    running: ElementTree.Element | None = None
    try:
        for event, element in cast("Iterator[tuple[str, ElementTree.Element]]", parser.read_events()):
            if element.tag != "TestCase":
                continue
            if event == "start":
                running = element
            else:
                running = None
                if element.get("skipped") != "true":
                    cases.append(_case(element, finished=True))
    except ElementTree.ParseError:
        pass
    if running is not None:
        cases.append(_case(running, finished=False))
    return cases, whole


def _case(element: ElementTree.Element, finished: bool) -> Case:
    verdict = element.find("OverallResultsAsserts")
    messages = [message for part in element.iter() if (message := _failure(part))]
    messages.sort(key=lambda message: not _OPEN_TODO.search(message))
    return Case(
        name=element.get("name", "").strip(),
        description=element.get("description", "").strip(),
        green=finished and verdict is not None and verdict.get("test_case_success") == "true",
        finished=finished,
        messages=tuple(messages),
    )


def _failure(part: ElementTree.Element) -> str:
    if part.tag == "Message" and part.get("type") != "WARNING":
        return _words(part.find("Text")) + _circumstances(part)
    if part.tag == "Expression" and part.get("success") == "false":
        where = f"{part.get('filename')}:{part.get('line')}"
        claim, values = _words(part.find("Original")), _words(part.find("Expanded"))
        return f"{part.get('type')}( {claim} ) is not true: {values}  {where}" + _circumstances(part)
    if part.tag == "Exception":
        words = _words(part)
        return "" if words.startswith(_NO_NEWS) else words
    return ""


def _circumstances(part: ElementTree.Element) -> str:
    """What the test's INFO and CAPTURE say, as a last line."""
    said = "; ".join(_words(info).replace(" := ", " = ", 1) for info in part.iterfind("Info"))
    return f"\nwith {said}" if said else ""


def _words(element: ElementTree.Element | None) -> str:
    # doctest indents the first line of a text and leaves the others as they are.
    lines = (element.text or "").strip().splitlines() if element is not None else []
    return "\n".join(line.rstrip() for line in lines)
