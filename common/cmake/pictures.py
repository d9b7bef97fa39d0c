"""Draws the timelines of a page again, or with --check says whether they still are what its kernel does.

    pictures.py [--check] PAGE KERNEL PROGRAM

A picture `![...](FILE.svg)` follows a line of its own, `<!-- timeline: --configuration "1 stage" -->`, which holds what
one would write behind `./lab trace N`. PROGRAM is chNN_solution_trace of the emulator, made of KERNEL.
"""

from __future__ import annotations

import argparse
import re
import shlex
import sys
import tempfile
from pathlib import Path

import common_folder  # before what lies there
from lab import arguments, trace, trace_svg
from lab.complaint import Complaint

_MARKER = re.compile(r"<!-- timeline: ?(?P<options>.*?) ?-->")
_PICTURE = re.compile(r"!\[[^\]]+\]\((?P<file>[\w.-]+\.svg)\)")
_TITLE = re.compile(r"# (?:\d+ *)?(?P<title>.+)")


def pictures(page: Path) -> dict[Path, tuple[str, ...]]:
    """The pictures of a page, and the configurations that each shows. Ends with a sentence where a marker has none."""
    found: dict[Path, tuple[str, ...]] = {}
    lines = page.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        if not (marker := _MARKER.fullmatch(line)):
            continue
        picture = _PICTURE.match(lines[number + 1]) if number + 1 < len(lines) else None
        if not picture:
            sys.exit(f"{page}:{number + 1}: below this line a picture is missing: ![what it shows](timeline.svg)")
        asked = arguments.parse(["trace", "N", *shlex.split(marker["options"])])
        found[page.parent / picture["file"]] = asked.configurations
    return found


def draw(page: Path, kernel: Path, program: Path, configurations: tuple[str, ...]) -> str:
    """What the picture should be."""
    title = _TITLE.match(page.read_text(encoding="utf-8"))
    if not title:
        sys.exit(f"{page}: its first line should be its title: # 03 A ring of slots")
    with tempfile.TemporaryDirectory() as folder:
        drawn = trace.record(program, Path(folder) / "events.json", configurations, kernel)
    if wrong := next((run.wrong for run in drawn.timelines if run.wrong), ""):
        sys.exit(f"{program.name}: the kernel is red, and only a right one is drawn:\n{wrong}")
    return trace_svg.render(drawn, title["title"])


def draw_all(page: Path, kernel: Path, program: Path, is_check: bool) -> None:
    """Draws a page's pictures, or ends with a sentence where one is not what it should be."""
    found = pictures(page)
    if not found:
        sys.exit(f"{page} has no line <!-- timeline: -->.")
    for file, configurations in found.items():
        drawing = draw(page, kernel, program, configurations)
        if not is_check:
            file.write_text(drawing, encoding="utf-8")
        elif not file.exists() or file.read_text(encoding="utf-8") != drawing:
            sys.exit(f"{file} is not what the kernel does now: cmake --build --preset emulator --target pictures")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("page", type=Path)
    parser.add_argument("kernel", type=Path)
    parser.add_argument("program", type=Path)
    options = parser.parse_args()
    try:
        draw_all(options.page, options.kernel, options.program, options.check)
    except Complaint as complaint:
        sys.exit(f"{options.page}: {complaint.sentence}")


if __name__ == "__main__":
    main()
