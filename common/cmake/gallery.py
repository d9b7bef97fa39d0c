"""Writes docs/bug-gallery.md from the broken kernels, chapters/*/bugs/*.cu.

    gallery.py --root .            writes it
    gallery.py --root . --check    changes nothing, and fails where the page is not what it would write

What a bug's header announces, how it differs from its solution, and what the tables of docs/findings/README.md say of
the names become the page: symptom, cause, finding, fix.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import common_folder  # before what lies there
import bugs

PAGE = Path("docs/bug-gallery.md")
CONTEXT = 2  # equal lines around a change
INTRODUCTION = """\
<!-- made by common/cmake/gallery.py from chapters/*/bugs/*.cu: change those, and run it again -->

# The bug gallery

All broken kernels of the chapters, {count} of them. Each is a chapter's solution with a few lines changed, each is a
mistake that somebody makes, and the test suite checks that each is caught by the names that stand here.

Come here with a kernel of your own that misbehaves, and look for its symptom. If you want to diagnose these kernels
first, do not read on: here stand the answers to the sections "Break it" of the chapters.

A mistake has two symptoms. The one on the emulator is a *finding* or a *rejection*: it names a broken rule, or what the
output looks like ([all names](findings/README.md#all-findings)). The one on a GPU is what you would meet without an
emulator: a kernel that hangs, a wrong output, or nothing at all.
"""
SYMPTOMS = """\
## By symptom

What a GPU shows comes first, then what the emulator says of the same kernel. A mistake that shows in several ways
stands in several rows.
"""
# What a GPU shows, by the name under which a test there is red; every other name is that of a wrong output.
ON_A_GPU = {
    "timeout": "it hangs",
    "launch-failure": "the GPU stops it",
    "nan": "NaN in the output",
    "zeros": "an output of zeros",
}
WRONG, SILENT = "a wrong output", "nothing, or not each time"
ORDER = (*ON_A_GPU.values(), WRONG, SILENT)
_ROW = re.compile(r"^\| \[(?P<name>[a-z-]+)\]\((?P<link>[^)]+)\) \| (?P<says>.+) \|$", re.MULTILINE)


class GalleryError(Exception):
    """The page cannot be made; the message is one sentence."""


@dataclass(frozen=True)
class Exhibit:
    """A broken kernel; `chapter` is its chapter's folder."""

    chapter: str
    name: str
    header: bugs.Header
    changes: list[bugs.Change]

    @property
    def link(self) -> str:
        """To its paragraph, from anywhere on the page."""
        return f"[{self.chapter[:2]} {self.name}](#{self.chapter[:2]}-{self.name})"

    @property
    def symptoms(self) -> list[str]:
        """What a GPU shows."""
        if not self.header.gpu:
            return [SILENT]
        return list(dict.fromkeys(ON_A_GPU.get(name, WRONG) for name in self.header.gpu))


def exhibits(root: Path) -> list[Exhibit]:
    """All broken kernels, in the order of the chapters. Errors: ValueError or OSError for a file that is not as it must
    be."""
    found = []
    for path in sorted(root.glob("chapters/*/bugs/*.cu")):
        chapter = path.parts[-3]
        source = path.read_text(encoding="utf-8")
        solution = (root / "solutions" / chapter / "kernel.cu").read_text(encoding="utf-8")
        header = bugs.header(source, path.relative_to(root))
        found.append(Exhibit(chapter, path.stem, header, bugs.changes(source, solution, CONTEXT)))
    if not found:
        raise GalleryError(f"{root} has no chapters/*/bugs/*.cu, so there is nothing to show.")
    return found


class Names:
    """What docs/findings/README.md says of each finding and rejection."""

    def __init__(self, root: Path) -> None:
        page = root / "docs/findings/README.md"
        self._rows = {row["name"]: row for row in _ROW.finditer(page.read_text(encoding="utf-8"))}

    def link(self, name: str) -> str:
        """To the page that explains it."""
        return f"[{name}](findings/{self._row(name)['link']})"

    def is_rejection(self, name: str) -> bool:
        """Whether the judge gives this name, which it does on a GPU, too."""
        return str(self._row(name)["link"]).startswith("rejections.md")

    def says(self, name: str) -> str:
        """What happened, in half a sentence."""
        return self._row(name)["says"]

    def _row(self, name: str) -> re.Match[str]:
        if name not in self._rows:
            raise GalleryError(f"docs/findings/README.md has no row for {name}, by which a bug is caught: add one.")
        return self._rows[name]


def page(root: Path) -> str:
    """The whole page. Errors: GalleryError, ValueError, OSError."""
    shown, names = exhibits(root), Names(root)
    for exhibit in shown:
        for name in exhibit.header.gpu:
            if name not in ON_A_GPU and not names.is_rejection(name):
                raise GalleryError(
                    f"chapters/{exhibit.chapter}/bugs/{exhibit.name}.cu:2: a GPU does not say {name}: "
                    "the line must go on with `; on a GPU: finding-name` or `; a GPU may not notice`."
                )
    lines = [INTRODUCTION.format(count=len(shown)), SYMPTOMS.rstrip(), *_by_symptom(shown, names)]
    for chapter in dict.fromkeys(exhibit.chapter for exhibit in shown):
        lines += ["", f"## Chapter [{chapter}](../chapters/{chapter}/README.md#break-it)"]
        for exhibit in shown:
            if exhibit.chapter == chapter:
                lines += ["", *_paragraph(exhibit, names)]
    return "\n".join(lines) + "\n"


def _by_symptom(shown: list[Exhibit], names: Names) -> Iterator[str]:
    for symptom in ORDER:
        there = [exhibit for exhibit in shown if symptom in exhibit.symptoms]
        if not there:
            continue
        yield f"\n### A GPU shows: {symptom}\n"
        yield "| the emulator reports | that is | broken kernels |"
        yield "| :-- | :-- | :-- |"
        for name in sorted({name for exhibit in there for name in exhibit.header.emulator}):
            links = ", ".join(exhibit.link for exhibit in there if name in exhibit.header.emulator)
            yield f"| {names.link(name)} | {names.says(name)} | {links} |"


def _paragraph(exhibit: Exhibit, names: Names) -> Iterator[str]:
    said = [f"{names.link(name)}, {names.says(name)}" for name in exhibit.header.emulator]
    on_a_gpu = f" (`{'`, `'.join(exhibit.header.gpu)}`)" if exhibit.header.gpu else ""
    yield f"### {exhibit.chapter[:2]} {exhibit.name}"
    yield ""
    yield f"* **On a GPU:** {' or '.join(exhibit.symptoms)}{on_a_gpu}"
    yield f"* **On the emulator:** {'; or '.join(said)}"
    yield f"* **Cause:** {exhibit.header.mistake}"
    file = f"../chapters/{exhibit.chapter}/bugs/{exhibit.name}.cu"
    places = ", ".join(f"[line {change.first_line}]({file}#L{change.first_line})" for change in exhibit.changes)
    yield f"* **Fix,** at {places}:"
    yield ""
    yield "```diff"
    for number, change in enumerate(exhibit.changes):
        if number:
            yield " ..."
        yield from change.lines
    yield "```"


def main() -> None:
    parser = argparse.ArgumentParser(description="Writes the gallery of broken kernels.")
    parser.add_argument("--root", type=Path, required=True, help="the repository")
    parser.add_argument("--check", action="store_true", help="change nothing; fail where the page differs")
    arguments = parser.parse_args()
    there = arguments.root / PAGE
    try:
        made = page(arguments.root)
        if not arguments.check:
            there.write_text(made, encoding="utf-8")
        elif not there.exists() or there.read_text(encoding="utf-8") != made:
            sys.exit(f"{PAGE} is not what the bugs give: run python3 common/cmake/gallery.py --root . and commit.")
    except (GalleryError, ValueError) as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"{error.filename} cannot be read or written: {error.strerror}.")


if __name__ == "__main__":
    main()
