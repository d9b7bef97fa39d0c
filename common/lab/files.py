"""Writing files without losing any."""

from __future__ import annotations

import datetime
import os
from pathlib import Path

from lab.complaint import Complaint


def write_whole(path: Path, contents: bytes) -> None:
    """Writes a file so that it is at every moment the old one or the new one; a complaint where that cannot be."""
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            beside.write_bytes(contents)
            os.replace(beside, path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise Complaint(f"{path} cannot be written ({error.strerror}): mend that, then call ./lab again.") from None


def keep_copy(path: Path, now: datetime.datetime) -> Path:
    """Copies `path` to `path`.bak-DATE-TIME, with a suffix where that name is taken; returns the copy's path."""
    stamp = now.strftime("%Y%m%d-%H%M%S")
    contents = path.read_bytes()
    suffix = 1
    while True:
        copy = path.with_name(f"{path.name}.bak-{stamp}" + (f"-{suffix}" if suffix > 1 else ""))
        try:
            with open(copy, "xb") as file:  # "x" refuses a name that is taken, also by somebody else just now
                file.write(contents)
            return copy
        except FileExistsError:
            suffix += 1
