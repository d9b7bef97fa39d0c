"""A broken kernel, chapters/*/bugs/*.cu: what its header announces, and how it differs from its solution.

It begins with two lines, `// bug: what was done wrong` and `// caught by: swapped-xy`. Below them it is the solution
with a few lines changed; indentation, blank lines and TODO markers do not count.

A GPU cannot tell what the emulator can. Where it says something else, the header names that, too: `// caught by:
deadlock; on a GPU: timeout`. Where it says nothing, or not every time: `// caught by: unfenced-read; a GPU may not
notice`.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from pathlib import Path

from markers import is_marker

_NAMES = r"[a-z0-9-]+(?: or [a-z0-9-]+)*"
_ON_A_GPU = rf"; on a GPU: (?P<gpu>{_NAMES})|(?P<silent>; a GPU may not notice)"
_HEADER = re.compile(rf"// bug: (?P<mistake>\S.*)\n// caught by: (?P<emulator>{_NAMES})(?:{_ON_A_GPU})?[ \t]*\n")
_HEADER_LINES = 2


@dataclass(frozen=True)
class Header:
    """The mistake in a sentence without its dot, and the names under which it is caught on the emulator and on a GPU:
    none where a GPU may not notice."""

    mistake: str
    emulator: tuple[str, ...]
    gpu: tuple[str, ...]


@dataclass(frozen=True)
class Change:
    """Neighbouring lines that differ: `lines` as in a diff from the bug to its solution, each with "-", "+" or " " in
    front. `first_line` of the bug file, counted from 1, is the first that differs, or the one before which lines are
    missing."""

    first_line: int
    lines: tuple[str, ...]


def header(source: str, path: Path) -> Header:
    """What the bug file announces; ValueError, a sentence with `path`, where its header is not as it must be."""
    found = _HEADER.match(source)
    if not found:
        raise ValueError(
            f"{path}:1: a bug file begins with two lines, `// bug: what is wrong` and `// caught by: finding-name`, "
            "which may go on with `; on a GPU: finding-name` or `; a GPU may not notice`."
        )
    emulator = tuple(found["emulator"].split(" or "))
    gpu = tuple(found["gpu"].split(" or ")) if found["gpu"] else emulator
    return Header(found["mistake"].rstrip(), emulator, () if found["silent"] else gpu)


def kernel(source: str) -> str:
    """The broken kernel alone, without the header that gives it away."""
    return "".join(source.splitlines(keepends=True)[_HEADER_LINES:])


def changed_lines(source: str, solution: str) -> int:
    """How many lines of the bug file differ from the solution."""
    opcodes = _matcher(source, solution)[2].get_opcodes()
    return sum(max(i2 - i1, j2 - j1) for tag, i1, i2, j1, j2 in opcodes if tag != "equal")


def changes(source: str, solution: str, context: int) -> list[Change]:
    """What repairs the bug: its differences from the solution, each with up to `context` equal lines around it."""
    bug, good, matcher = _matcher(source, solution)
    result = []
    for group in matcher.get_grouped_opcodes(context):
        lines: list[str] = []
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                lines += [f" {text}" for _, text in bug[i1:i2]]
            else:
                lines += [f"-{text}" for _, text in bug[i1:i2]]
                lines += [f"+{text}" for _, text in good[j1:j2]]
        first = next(i1 for tag, i1, *_ in group if tag != "equal")
        result.append(Change(bug[min(first, len(bug) - 1)][0], tuple(lines)))
    return result


_Numbered = list[tuple[int, str]]  # lines that count, with their numbers in the file, from 1


def _matcher(source: str, solution: str) -> tuple[_Numbered, _Numbered, difflib.SequenceMatcher[str]]:
    bug, good = _code(source, _HEADER_LINES), _code(solution, 0)
    stripped = [[text.strip() for _, text in lines] for lines in (bug, good)]
    return bug, good, difflib.SequenceMatcher(None, *stripped, autojunk=False)


def _code(text: str, skipped: int) -> _Numbered:
    lines = list(enumerate(text.splitlines(), 1))[skipped:]
    return [(number, line) for number, line in lines if line.strip() and not is_marker(line)]
