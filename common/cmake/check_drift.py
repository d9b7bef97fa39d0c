"""Checks that the committed skeleton of a chapter is the one that its solution gives today.

    check_drift.py --skeleton build/emulator/skeletons/01_baseline/kernel.cu --reader chapters/01_baseline/kernel.cu

The reader's file is the reader's: what counts is the committed version (without git, or before the first commit: the
file itself), and of that only the stamp in its first line, which says from which skeleton it was started. So solving,
breaking, or committing one's own work is never drift; a solution that changed without `./lab reset` is. Where the
environment variable CI is set nobody is a reader, and the committed file must equal the skeleton byte by byte.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

import common_folder  # before what lies there
from markers import body_hash, chapter_number, split_stamp


def committed(path: Path) -> str | None:
    """The file as HEAD has it, or None without git, without a commit, or where HEAD has no such file."""
    # A hook's GIT_DIR would make git look into another repository than the one that the file lies in.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        shown = subprocess.run(
            ["git", "-C", path.parent, "show", f"HEAD:./{path.name}"], env=environment, capture_output=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return shown.stdout.decode(errors="replace")


def verdict(skeleton: str, reader: str, chapter: str, strict: bool) -> tuple[bool, str]:
    """Whether the reader's committed text is fine for this skeleton, and the sentence that says so or why not."""
    file, number = f"chapters/{chapter}/kernel.cu", chapter_number(chapter)
    expected, _ = split_stamp(skeleton)
    stamp, body = split_stamp(reader)
    if stamp is None:
        return not strict, f"{file} has no stamp in its first line, so nothing says from which skeleton it was started."
    if stamp != expected:
        return False, (
            f"solutions/{chapter}/kernel.cu changed after {file} was cut from it: run ./lab reset {number} and commit."
        )
    if strict and reader != skeleton:
        return False, f"the committed skeleton {file} was edited by hand: run ./lab reset {number} and commit."
    if body_hash(body) != stamp:
        return True, f"{file} is being worked on; it was started from the current skeleton."
    return True, f"{file} is the current skeleton."


def main() -> None:
    parser = argparse.ArgumentParser(description="Checks that a committed skeleton still follows its solution.")
    parser.add_argument("--skeleton", type=Path, required=True, help="as just cut from the solution")
    parser.add_argument("--reader", type=Path, required=True, help="chapters/NN_name/kernel.cu")
    arguments = parser.parse_args()
    reader = arguments.reader.absolute()
    chapter = reader.parent.name
    try:
        skeleton = arguments.skeleton.read_bytes().decode()
        if split_stamp(skeleton)[0] is None:
            raise ValueError(f"{arguments.skeleton} is no skeleton: its first line is no stamp.")
        text = committed(reader)
        if text is None:
            text = reader.read_bytes().decode(errors="replace")
        fine, sentence = verdict(skeleton, text, chapter, strict=bool(os.environ.get("CI")))
    except ValueError as error:
        sys.exit(str(error))
    except FileNotFoundError as error:
        sys.exit(f"{error.filename} does not exist: run ./lab reset {chapter_number(chapter)} and commit.")
    if not fine:
        sys.exit(sentence)
    print(sentence)


if __name__ == "__main__":
    main()
