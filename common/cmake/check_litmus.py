"""Runs the litmus tests on this machine and compares them with what was recorded on GPUs.

    check_litmus.py build/emulator/bin/litmus --results docs/results

It fails where a row of this machine is violated; where a recording has other rows than the program, so that it must be
made again; and where a GPU had an outcome of an assertion that this machine does not have: the emulator must be able to
do what a GPU does. What a GPU does where a rule is broken is written down, and no promise. Status 77 (skipped: no
capable GPU) is passed on.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

SKIPPED = 77
RECORD = "record it again with `build/cuda/bin/litmus --record`"

Rows = dict[str, dict[str, Any]]  # by name


def rows_in(file: Path) -> Rows:
    """The rows of a recording; ValueError where it is none."""
    try:
        return {row["row"]: row for row in json.loads(file.read_text(encoding="utf-8"))["rows"]}
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{file} is no recording of litmus tests ({error}): {RECORD}.") from None


def differences(here: Rows, recorded: Rows, file: Path) -> list[str]:
    """One sentence for each way in which the recording contradicts this machine."""
    found = []
    for name in sorted({*here, *recorded}):
        if name not in recorded:
            found.append(f"{file} lacks {name}: {RECORD}.")
        elif name not in here:
            found.append(f"{file} has {name}, which is no row any more: {RECORD}.")
        elif any(here[name][key] != recorded[name][key] for key in ("kind", "asks", "finding")):
            found.append(f"{file}: {name} asked something else then: {RECORD}.")
        elif here[name]["kind"] == "assertion" and not here[name]["finding"]:
            missing = set(recorded[name]["outcomes"]) - set(here[name]["outcomes"])
            found += [f'{file}: {name} had the outcome "{one}" there, and never here.' for one in sorted(missing)]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Runs the litmus tests and compares them with recordings.")
    parser.add_argument("program", type=Path)
    parser.add_argument("--results", type=Path, required=True, help="the folder with litmus-<gpu>.json files")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "here.json"
        code = subprocess.run([arguments.program.absolute(), "--record", record]).returncode
        if code == SKIPPED:
            sys.exit(SKIPPED)
        if code != 0:
            sys.exit(f"{arguments.program.name} ended with exit code {code}: the rows above say why.")
        try:
            here = rows_in(record)
            found = []
            for file in sorted(arguments.results.glob("litmus-*.json")):
                found += differences(here, rows_in(file), file)
        except (OSError, ValueError) as error:
            sys.exit(str(error))
    if found:
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main()
