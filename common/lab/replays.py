"""Schedules with a finding: the files that the emulator writes, and that `check N --replay FILE` runs again."""

from __future__ import annotations

from pathlib import Path

from lab import given
from lab.complaint import USAGE, Complaint

_FIRST_LINE = b"phase-by-phase schedule, version 1"  # common/emulator/replay.cpp
_KEPT = 20


def read(path: Path) -> None:
    """Complains about a file that is no schedule; of what is in it the emulator speaks."""
    if given.read("--replay", path).partition(b"\n")[0] != _FIRST_LINE:
        raise Complaint(
            f"--replay: {path} is not a schedule that this emulator wrote; a finding's last line names its file.", USAGE
        )


def tidy(folder: Path) -> None:
    """Deletes all but the newest files of the folder."""
    files = [path for path in folder.glob("*") if path.is_file()]
    for old in sorted(files, key=lambda path: path.stat().st_mtime, reverse=True)[_KEPT:]:
        old.unlink(missing_ok=True)
