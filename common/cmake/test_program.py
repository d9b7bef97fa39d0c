"""Runs a doctest program and reads what its XML reporter wrote.

The one thing that check_red_set.py and check_bug.py share: a program that crashed, hung, or contradicts its own report
is an error with a sentence, never a red test.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml
from dataclasses import dataclass
from pathlib import Path

SKIPPED = 77  # the exit status of a program that found no capable GPU


class ProgramError(Exception):
    """The program gave no verdict; the message is one sentence that says why."""


@dataclass(frozen=True)
class Case:
    """One test case that ran: `failures` holds the text of each failed assertion, message and exception."""

    name: str
    description: str
    red: bool
    failures: list[str]


def run(program: Path, timeout: float) -> list[Case]:
    """Runs the program's tests and returns the cases; leaves with status 77 where the program skipped itself."""
    with tempfile.TemporaryDirectory() as folder:
        report, output = Path(folder) / "report.xml", Path(folder) / "output.txt"
        status = _run(program, report, output, timeout)
        said = output.read_text(encoding="utf-8", errors="replace").rstrip()
        if status == SKIPPED:
            print(said)
            sys.exit(SKIPPED)
        try:
            cases = _verdict(program.name, status, report)
        except ProgramError:
            if said:
                print("\n".join(said.splitlines()[-20:]), file=sys.stderr)  # its last words
            raise
    return cases


def _run(program: Path, report: Path, output: Path, timeout: float) -> int:
    with output.open("wb") as sink:
        try:
            process = subprocess.Popen(
                [program.resolve(), "--reporters=xml", f"--out={report}"],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise ProgramError(f"{program} cannot be run: {error.strerror}; build it first.") from None
        try:
            return process.wait(timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise ProgramError(
                f"{program.name} did not end within {timeout:g} s{_last_case(report)}: it hangs where it must fail."
            ) from None


def _verdict(name: str, status: int, report: Path) -> list[Case]:
    if status < 0:
        raise ProgramError(f"{name} crashed with {signal.Signals(-status).name}{_last_case(report)}.")
    if status not in (0, 1):
        raise ProgramError(f"{name} ended with status {status}; a test program ends with 0, 1, or {SKIPPED} (skipped).")
    try:
        tree = xml.parse(report)
    except FileNotFoundError:
        raise ProgramError(f"{name} wrote no XML report, though it ended with status {status}.") from None
    except xml.ParseError:
        raise ProgramError(
            f"{name} ended with status {status} in the middle of its XML report{_last_case(report)}: "
            "something left the program early."
        ) from None
    cases = [_case(element) for element in tree.iter("TestCase") if element.get("skipped") != "true"]
    if not cases:
        raise ProgramError(f"{name} ran no test case.")
    red = sum(case.red for case in cases)
    if (status == 1) != (red > 0):
        raise ProgramError(f"{name} ended with status {status}, but {red} of its {len(cases)} cases are red.")
    return cases


def _case(element: xml.Element) -> Case:
    failed = [node for node in element.iter("Message") if node.get("type") != "WARNING"]
    failed += [node for node in element.iter("Expression") if node.get("success") == "false"]
    failed += element.iter("Exception")
    result = element.find("OverallResultsAsserts")
    return Case(
        name=element.get("name", ""),
        description=element.get("description", ""),
        red=result is None or result.get("test_case_success") != "true",
        failures=["\n".join(line.strip() for line in node.itertext() if line.strip()) for node in failed],
    )


def _last_case(report: Path) -> str:
    """The test case in which an unfinished report ends, as the end of a sentence."""
    name = None
    try:
        for _, element in xml.iterparse(report, events=("start",)):
            name = element.get("name") if element.tag == "TestCase" else name
    except (OSError, xml.ParseError):
        pass  # a truncated report is what this is for
    return f' in the case "{name}"' if name else ""
