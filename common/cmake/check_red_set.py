"""Checks that a skeleton is red in exactly the test cases that need an open TODO, and says which TODO.

    check_red_set.py build/emulator/bin/ch01_skeleton                all TODOs are open
    check_red_set.py build/emulator/bin/ch01_skeleton_2 --open 1.2   only TODO 1.2 is open

A test case declares what it needs by its doctest description, "needs TODO 1.1 1.2". It must be red if one of these is
open, with a failure that says "TODO 1.2 is not done yet", and green otherwise: a case that is green in spite of an open
TODO proves nothing about it. Status 77 (skipped: no capable GPU) is passed on.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from strict_run import Case, cases_of

_NEEDS = re.compile(r"needs TODO((?: \d+\.\d+)+)")


def needs(case: Case) -> set[str]:
    """The TODOs that the case declares to need; ValueError where the declaration cannot be read."""
    if not case.description.startswith("needs"):
        return set()
    match = _NEEDS.fullmatch(case.description)
    if not match:
        raise ValueError(f'"{case.name}" has the description "{case.description}": write it as "needs TODO 1.1 1.2".')
    return set(match[1].split())


def problems(cases: list[Case], opened: str) -> list[str]:
    """One sentence for each way in which the red cases are not the declared ones; `opened` is "all" or e.g. "1.2"."""
    which = "every TODO" if opened == "all" else f"only TODO {opened}"
    found: list[str] = []
    declared = 0
    for case in cases:
        try:
            blockers = needs(case) if opened == "all" else needs(case) & {opened}
        except ValueError as error:
            found.append(str(error))
            continue
        declared += bool(blockers)
        todos = "TODO " + " and ".join(sorted(blockers))
        if blockers and case.green:
            found.append(f'solved by accident: "{case.name}" passes although {todos} is open, which it says to need.')
        elif not case.green and not blockers:
            found.append(
                f'"{case.name}" is red with {which} open, but does not declare to need it: {_first_line(case)}'
            )
        elif blockers and not case.open_todo:
            found.append(f'"{case.name}" is red, but no message says that {todos} is not done yet: {_first_line(case)}')
        elif blockers and case.open_todo not in blockers:
            found.append(
                f'"{case.name}" names the wrong TODO: it says that TODO {case.open_todo} is not done yet, '
                f"but needs {todos}."
            )
    if not declared:
        found.append(
            f"no test case needs {'a TODO' if opened == 'all' else 'TODO ' + opened}: nothing would notice it."
        )
    return found


def _first_line(case: Case) -> str:
    return case.messages[0].splitlines()[0] if case.messages else "it failed without a message."


def main() -> None:
    parser = argparse.ArgumentParser(description="Checks that exactly the declared test cases of a skeleton are red.")
    parser.add_argument("program", type=Path)
    parser.add_argument("--open", default="all", metavar="N.K", help="the only open TODO, or all (the default)")
    parser.add_argument("--timeout", type=float, default=600, metavar="SECONDS")
    arguments = parser.parse_args()
    if not re.fullmatch(r"all|\d+\.\d+", arguments.open):
        parser.error(f"--open takes all or a TODO's number like 1.2, not {arguments.open}.")
    cases = cases_of(arguments.program, arguments.timeout)
    found = problems(cases, arguments.open)
    if found:
        sys.exit("\n".join(f"{arguments.program.name}: {sentence}" for sentence in found))
    red = sum(not case.green for case in cases)
    print(f"{arguments.program.name}: {red} of {len(cases)} cases are red, exactly those that need an open TODO.")


if __name__ == "__main__":
    main()
