"""Checks that a broken kernel is caught, by the name that its file announces, and that it still follows its solution.

    check_bug.py build/emulator/bin/ch01_bug_swapped_xy --source chapters/01_baseline/bugs/swapped_xy.cu
                 --solution solutions/01_baseline/kernel.cu --machine emulator

common/bugs.py says how a bug file is written: its header, and below it the solution with 1 to 8 lines changed, so that
a bug that was forgotten when its solution changed is noticed. The tests must fail, and one failure must be an announced
`error[...]` of the emulator or the watchdog, or `wrong[...]` of the judge. Where a GPU may not notice the bug, the
check is skipped there. Status 77 (skipped: no capable GPU) is passed on.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import common_folder  # before what lies there
import bugs
from strict_run import cases_of

MOST_CHANGED_LINES = 8


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
        source = arguments.source.read_text(encoding="utf-8")
        header = bugs.header(source, arguments.source)
        expected = header.emulator if arguments.machine == "emulator" else header.gpu
        changed = bugs.changed_lines(source, arguments.solution.read_text(encoding="utf-8"))
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
