"""The two lines that a bug file begins with: what was done wrong, and which finding or rejection says so.

    // bug: the last tile's slot is never waited for
    // caught by: data-race or read-in-flight; on a GPU: timeout
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_NAMES = r"[a-z0-9-]+(?: or [a-z0-9-]+)*"
_ON_A_GPU = rf"; on a GPU: (?P<gpu>{_NAMES})|(?P<silent>; a GPU may not notice)"
_HEADER = re.compile(rf"// bug: (?P<what>\S.*)\n// caught by: (?P<emulator>{_NAMES})(?:{_ON_A_GPU})?[ \t]*\n")


@dataclass(frozen=True)
class BugHeader:
    """`what` was done wrong; of the names one is reported `on_emulator`, one `on_gpu` (none: a GPU may not notice).

    `body` is the kernel below the header.
    """

    what: str
    on_emulator: list[str]
    on_gpu: list[str]
    body: str


def split(source: str, path: Path) -> BugHeader:
    """Reads a bug file; ValueError, with a sentence that begins with `path`, where the header is not as it must be."""
    header = _HEADER.match(source)
    if not header:
        raise ValueError(
            f"{path}:1: a bug file begins with two lines, `// bug: what is wrong` and `// caught by: finding-name`, "
            "which may go on with `; on a GPU: finding-name` or `; a GPU may not notice`."
        )
    on_gpu = [] if header["silent"] else (header["gpu"] or header["emulator"]).split(" or ")
    return BugHeader(header["what"].strip(), header["emulator"].split(" or "), on_gpu, source[header.end() :])
