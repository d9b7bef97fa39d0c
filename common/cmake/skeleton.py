"""Cuts a chapter's skeleton, the file that the reader edits, from its solution.

    skeleton.py solutions/01_baseline/kernel.cu kernel.cu   --chapter 01_baseline             all TODOs are open
    skeleton.py solutions/01_baseline/kernel.cu kernel_2.cu --chapter 01_baseline --open 2    only TODO 1.2 is open
    skeleton.py solutions/01_baseline/kernel.cu --chapter 01_baseline --list                  prints 1.1, 1.2, ...

An open region becomes a comment and `TODO(1.2);`; a region that is not open keeps its code and loses its markers. An
output that would not change is not written, so that nothing is rebuilt for it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import common_folder  # before what lies there
from markers import MarkerError, Region, chapter_number, parse_regions, stamped


def cut(lines: list[str], regions: list[Region], chapter: str, only: int | None) -> str:
    """The skeleton's text, stamp line included, with region `only` open, or all of them for None."""
    number = chapter_number(chapter)
    body: list[str] = []
    position = 0
    for region in regions:
        body += lines[position : region.first]
        if only in (None, region.number):
            name = f"{number}.{region.number}"
            body += [f"{region.indent}// TODO {name}: {region.text}", f"{region.indent}TODO({name});"]
        else:
            body += lines[region.first + 1 : region.last]
        position = region.last + 1
    body += lines[position:]
    return stamped(chapter, "\n".join(body) + "\n")


def write_if_changed(path: Path, text: str) -> None:
    """Writes `text`, unless the file holds exactly that already: its time stamp then stays."""
    if path.is_file() and path.read_bytes() == text.encode():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())


def main() -> None:
    parser = argparse.ArgumentParser(description="Cuts a chapter's skeleton from its solution.")
    parser.add_argument("solution", type=Path)
    parser.add_argument("output", type=Path, nargs="?")
    parser.add_argument("--chapter", required=True, help="the chapter's folder name, e.g. 01_baseline")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--open", type=int, metavar="K", help="open only region N.K (without it: all)")
    what.add_argument("--list", action="store_true", help="print the regions' numbers N.K instead of cutting")
    arguments = parser.parse_args()
    if arguments.list == (arguments.output is not None):
        parser.error("name an output file, or --list without one.")

    try:
        lines = arguments.solution.read_text(encoding="utf-8").splitlines()
        regions = parse_regions(lines, str(arguments.solution), chapter_number(arguments.chapter))
    except (MarkerError, ValueError) as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"{arguments.solution} cannot be read: {error.strerror}.")
    if arguments.list:
        number = chapter_number(arguments.chapter)
        print(*(f"{number}.{region.number}" for region in regions), sep="\n")
        return
    if arguments.open is not None and arguments.open not in [region.number for region in regions]:
        sys.exit(f"{arguments.solution} has no region {chapter_number(arguments.chapter)}.{arguments.open} to open.")
    write_if_changed(arguments.output, cut(lines, regions, arguments.chapter, arguments.open))


if __name__ == "__main__":
    main()
