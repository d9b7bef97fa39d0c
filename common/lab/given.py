"""`--kernel FILE`: any file, judged in the place of the reader's."""

from __future__ import annotations

import os
from pathlib import Path

from lab.complaint import USAGE, Complaint
from lab.files import write_whole


def read(option: str, path: Path) -> bytes:
    """The contents of the file behind `option`, or the sentence that says why it cannot be read."""
    if path.is_dir():
        raise Complaint(f"{option} wants a file, and {path} is a directory.", USAGE)
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise Complaint(f"{option}: there is no file {path}.", USAGE) from None
    except OSError as error:
        raise Complaint(f"{option}: {path} cannot be read ({error.strerror}).", USAGE) from None


def copy(path: Path, destination: Path) -> None:
    """Puts the file where target chNN_given reads it; messages name the original's path and lines.

    An unchanged copy is left alone, so that nothing is compiled again.
    """
    shown = str(path.absolute()).replace("\\", "\\\\").replace('"', '\\"')
    contents = os.fsencode(f'#line 1 "{shown}"\n') + read("--kernel", path)
    if not destination.exists() or destination.read_bytes() != contents:
        write_whole(destination, contents)
