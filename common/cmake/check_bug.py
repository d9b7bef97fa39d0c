"""Checks that a broken kernel is caught, by the name that its file announces, and that it still follows its solution.

    check_bug.py build/emulator/bin/ch01_bug_swapped_xy --source chapters/01_baseline/bugs/swapped_xy.cu
                 --solution solutions/01_baseline/kernel.cu --machine emulator

A bug file begins with two lines, `// bug: what was done wrong` and `// caught by: swapped-xy`. Below them it is the
solution with 1 to 8 lines changed (indentation, blank lines and TODO markers do not count): so a bug that was forgotten
when its solution changed is noticed. The tests must fail, and one failure must be an announced `error[...]` of the
emulator or the watchdog, or `wrong[...]` of the judge.

A GPU cannot tell what the emulator can. Where it says something else, the header names that, too: `// caught by:
deadlock; on a GPU: timeout`. Where it says nothing, or not every time: `// caught by: unfenced-read; a GPU may not
notice`; there the check is skipped. Status 77 (skipped: no capable GPU) is passed on.
"""

from __future__ import annotations

import argparse
import difflib
import sys
from pathlib import Path

import common_folder  # before what lies there
import bug_header
from markers import is_marker
from strict_run import cases_of

MOST_CHANGED_LINES = 8


def changed_lines(kernel: str, solution: str) -> int:
    """How many lines of the broken kernel differ from the solution."""
    bug, good = _code(kernel.splitlines()), _code(solution.splitlines())
    changes = difflib.SequenceMatcher(None, good, bug, autojunk=False).get_opcodes()
    return sum(max(i2 - i1, j2 - j1) for tag, i1, i2, j1, j2 in changes if tag != "equal")


def _code(lines: list[str]) -> list[str]:
    return [line.strip() for line in lines if line.strip() and not is_marker(line)]


def main() -> None:
    parser = argparse.ArgumentParser(description="Checks that a broken kernel is caught by the name that it announces.")
    parser.add_argument("program", type=Path)
    parser.add_argument("--source", type=Path, required=True, help="the bug file")
    parser.add_argument("--solution", type=Path, required=True)
    parser.add_argument("--machine", choices=("emulator", "cuda"), required=True)
    parser.add_argument("--timeout", type=float, default=600, metavar="SECONDS")
    arguments = parser.parse_args()
    name = arguments.program.name
    try:
        bug = bug_header.split(arguments.source.read_text(encoding="utf-8"), arguments.source)
        expected = bug.on_emulator if arguments.machine == "emulator" else bug.on_gpu
        changed = changed_lines(bug.body, arguments.solution.read_text(encoding="utf-8"))
        if not 1 <= changed <= MOST_CHANGED_LINES:
            raise ValueError(
                f"{arguments.source} differs from {arguments.solution} in {changed} lines: "
                f"a bug is its solution with 1 to {MOST_CHANGED_LINES} lines changed, "
                "so make it from the solution again."
            )
    except ValueError as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"{error.filename} cannot be read: {error.strerror}.")

    if not expected:
        print(f"{name}: a GPU may not notice this bug, the emulator does.")
        sys.exit(77)
    cases = cases_of(arguments.program, arguments.timeout)
    reds = [case for case in cases if not case.green]
    found = sorted({one for case in reds for one in case.names})
    wanted = " or ".join(f"[{one}]" for one in expected)
    if not reds:
        sys.exit(f"{name}: the bug is not caught: expected {wanted}, but all {len(cases)} cases are green.")
    caught = [one for one in expected if one in found]
    if not caught:
        got = ", ".join(f"[{other}]" for other in found) or "no named finding"
        print("\n".join(message for case in reds for message in case.messages), file=sys.stderr)
        sys.exit(f"{name}: expected {wanted}, got {got}.")
    print(f"{name}: caught by [{caught[0]}]; changed lines: {changed}.")


if __name__ == "__main__":
    main()
