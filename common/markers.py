"""The marks in kernel files: TODO regions in a solution, the stamp line of a skeleton.

A solution marks what the reader shall write:

    // >>> 1.2 from the location in [0, 1] to pixel coordinates (about 2 lines)
    x = ...;
    // <<< 1.2

A skeleton's first line carries the hash of everything below it, so that it can be seen later whether the skeleton is
still the one that the build cuts, and whether anybody has written in it.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

_ANY_MARKER = re.compile(r"//\s*(>>>|<<<)")
_OPENING = re.compile(r"(?P<indent>\s*)// >>> (?P<chapter>\d+)\.(?P<number>\d+) (?P<text>\S.*)")
_CLOSING = re.compile(r"\s*// <<< (?P<chapter>\d+)\.(?P<number>\d+)\s*")
_STAMP = re.compile(r"// Your kernel for chapter .* skeleton (?P<hash>[0-9a-f]{12})\s*")


class MarkerError(Exception):
    """A solution's markers are wrong; the message is one sentence that begins with file and line."""


@dataclass(frozen=True)
class Region:
    """One TODO region; `first` and `last` are the indices of its marker lines."""

    number: int
    text: str
    indent: str
    first: int
    last: int


def chapter_number(chapter: str) -> int:
    """The number in a chapter's folder name: 1 for `01_baseline`; ValueError where it has none."""
    match = re.match(r"(\d+)_", chapter)
    if not match:
        raise ValueError(f"'{chapter}' is no chapter's folder name: it must look like 01_baseline.")
    return int(match[1])


def is_marker(line: str) -> bool:
    """Whether the line opens or closes a region."""
    return bool(_OPENING.fullmatch(line) or _CLOSING.fullmatch(line))


def parse_regions(lines: list[str], path: str, chapter: int) -> list[Region]:
    """The regions of the solution `path`, numbered 1, 2, ... in its order; MarkerError for any other shape."""
    regions: list[Region] = []
    opened: tuple[int, re.Match[str]] | None = None  # the opening marker that waits for its end
    for index, line in enumerate(lines):
        if not _ANY_MARKER.search(line):
            continue
        where = f"{path}:{index + 1}"
        opening, closing = _OPENING.fullmatch(line), _CLOSING.fullmatch(line)
        marker = opening or closing
        if not marker:
            raise MarkerError(
                f"{where}: a marker stands alone on its line and looks like `// >>> {chapter}.1 what to do` or "
                f"`// <<< {chapter}.1`, not `{line.strip()}`."
            )
        name = f"{marker['chapter']}.{marker['number']}"
        if int(marker["chapter"]) != chapter:
            raise MarkerError(
                f"{where}: region {name} stands in chapter {chapter}: number it {chapter}.{marker['number']}."
            )
        if opening:
            if opened:
                raise MarkerError(
                    f"{where}: region {name} opens inside region {chapter}.{opened[1]['number']} "
                    f"of line {opened[0] + 1}: regions do not nest, so close that one first."
                )
            expected = len(regions) + 1
            if int(opening["number"]) != expected:
                raise MarkerError(
                    f"{where}: region {name} stands where {chapter}.{expected} is expected: "
                    f"regions are numbered {chapter}.1, {chapter}.2, ... in the order of the file, each once."
                )
            opened = (index, opening)
        elif not opened:
            raise MarkerError(f"{where}: region {name} is closed but was never opened: add `// >>> {name} what to do`.")
        else:
            first, start = opened
            if marker["number"] != start["number"]:
                raise MarkerError(
                    f"{where}: `// <<< {name}` closes region {chapter}.{start['number']} of line {first + 1}: "
                    "both markers carry the same number."
                )
            regions.append(Region(int(start["number"]), start["text"].rstrip(), start["indent"], first, index))
            opened = None
    if opened:
        name = f"{chapter}.{opened[1]['number']}"
        raise MarkerError(f"{path}:{opened[0] + 1}: region {name} is never closed: add `// <<< {name}`.")
    if not regions:
        raise MarkerError(f"{path}:1: there is no TODO region: mark at least one with `// >>> {chapter}.1 what to do`.")
    return regions


def body_hash(body: str) -> str:
    """The hash that a stamp carries for the text below it."""
    return hashlib.sha256(body.encode()).hexdigest()[:12]


def stamped(chapter: str, body: str) -> str:
    """`body` below the stamp line of `chapter`."""
    number = chapter_number(chapter)
    return (
        f"// Your kernel for chapter {chapter}. `./lab check {number}` judges it, `./lab reset {number}` starts over."
        f"   skeleton {body_hash(body)}\n{body}"
    )


def split_stamp(text: str) -> tuple[str | None, str]:
    """The hash in the text's stamp line (None without such a line), and the text below its first line."""
    first, _, body = text.partition("\n")
    match = _STAMP.fullmatch(first)
    return (match["hash"] if match else None), body
