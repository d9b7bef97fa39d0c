"""Checks that each time, rate and factor in the text of the pages comes from somewhere that can be looked up.

    check_claims.py --root .

Claims are times (ns, µs, ms), rates (TB/s, TFLOP/s, cycles a box), factors of speed ("1.34 times", "1.18 ×") and parts
of a time ("76 % of the time", "2.2 % slower"), in sentences and in tables that are written by hand. In the column of a
table whose heading ends with a unit each number is one. A claim is accepted if it is

* recorded: with the digits that are printed, it is a value in docs/results/. The value's GPU is named on the page. Its
  chapter is the page's own, or is named in the paragraph or its section ("chapter 03", `ch03_sweep`). Its shape is
  named in the paragraph or in the one before;
* computed: the chapter's test_page.py demands it. The test is run on the page with another number in its place, and
  must ask for this one;
* a quotient of two other claims of its paragraph, or of the one before;
* explained on a line above the paragraph or table, which repeats the number and says where it is from: the command
  that measures it, which the page shows to its readers (perhaps for another file), a citation, or the file that sets
  it;

      <!-- measured 1.15 ms: `./lab compare 2 --kernel chapters/02_tma_single_stage/variants/eight_arrivals.cu` -->
      <!-- quoted 693 µs, 698 µs: the notes of the team that Part II tells of -->
      <!-- set 20 ms: common/bench/bench.cpp -->

* said again: the page of a chapter that is named has a source for it, or the same page has computed or explained it
  elsewhere. (Not so if the test computes from it: that would be a circle.)
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import common_folder  # before what lies there
from result_files import BOUNDS, ResultError, Results, bounds_of
from testing import page_tables

_SECONDS = {"ns": 1e-9, "µs": 1e-6, "us": 1e-6, "ms": 1e-3}
_NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
_GAP = r"\s(?:>\s)?"  # a blank, or the end of a line, also of a quotation's
_UNIT = rf"(?:ns|µs|us|ms|[TG]B/s|TFLOP/s|cycles{_GAP}a{_GAP}box)(?![\w/])"
_FREE = r"(?<![\w.,:/-])"  # where a number begins that is no part of a name
_MEASURE = re.compile(rf"{_FREE}(?:{_NUMBER}(?: ?[–-] ?| to | and | or |, ))*{_NUMBER}{_GAP}{_UNIT}")
_HEADING_UNIT = re.compile(rf"(?:^|[ (])({_UNIT})\)?$")
_COMPARED = rf"(?:slower|faster|longer|shorter|(?:more|less|of{_GAP}(?:the|this|its)(?:{_GAP}kernel's)?){_GAP}time)"
_FACTOR = re.compile(
    rf"{_FREE}(?P<factor>\d+\.\d+|\d+(?=\stimes\sas))\s(?:times|×)|{_FREE}(?P<percent>{_NUMBER})\s%{_GAP}{_COMPARED}"
)
_HIDDEN = re.compile(r"^```.*?^```|^<!-- table: .*?^<!-- end of table -->", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_EXPLAINED = re.compile(r"<!-- (?P<kind>measured|quoted|set) (?P<claims>[^:]*): (?P<source>.*?) -->")
_NEAR = 0.05  # a record so much away, of a claim, may be what is meant
_FOLDERS = ("chapters/", "common/", "docs/", "solutions/")
_REPAIR = (
    "Write what is recorded and name its chapter and shape in the paragraph, or let the chapter's test_page.py compute "
    "it, or say above the paragraph where it is from: <!-- measured 20.3 µs: `COMMAND` -->, "
    "<!-- quoted 693 µs: WHOM --> or <!-- set 20 ms: FILE -->."
)


@dataclass(frozen=True)
class Record:
    """A value of docs/results/: seconds for the unit "time", else in its unit. `source` is a chapter's number, the
    program that measured it, or "PyTorch" if it ran beside; `shape` is None where there is but one."""

    value: float
    unit: str
    gpu: str
    source: str
    shape: str | None
    what: str


@dataclass(frozen=True)
class Claim:
    """A number on a page, at an offset of its text, with its unit as printed: "%" and "times" for parts and factors."""

    start: int
    number: str
    unit: str

    def __str__(self) -> str:
        return f"{self.number} {self.unit}"

    @property
    def value(self) -> float:
        return float(self.number.replace(",", "")) * _SECONDS.get(self.unit, 1)

    @property
    def tolerance(self) -> float:
        """Half of the last digit that is printed, and a tenth of the claim at most: "1 ms" is not 0.6 ms."""
        decimals = len(self.number.partition(".")[2])
        half_digit = 0.5 * 10.0**-decimals * _SECONDS.get(self.unit, 1) * (1 + 1e-9)
        return min(half_digit, self.value / 10)

    def is_about(self, value: float) -> bool:
        return abs(self.value - value) <= self.tolerance


@dataclass(frozen=True)
class Paragraph:
    """A paragraph, list or table of a page, with the comments above it; the text of the paragraph before it, and of its
    section."""

    start: int
    text: str
    before: str
    section: str


def records(results: Results) -> list[Record]:
    """Everything in docs/results/ that a page can quote."""
    found = []
    for gpu, recordings in results.gpus.items():
        for chapter, recording in recordings.items():
            for result in recording["results"]:
                for key in ("ms", *bounds_of(result)):
                    what = f"{chapter}, {result['shape']}{'' if key == 'ms' else ', ' + BOUNDS[key] + ' bound'}"
                    found.append(Record(result[key] * 1e-3, "time", gpu, chapter[:2], result["shape"], what))
    for recorded in (one for kind in results.grids.values() for one in kind):
        factor = _SECONDS.get(recorded["unit"])
        for cell in recorded["cells"]:
            program = re.match(r"ch(\d\d)_", recorded["program"])
            name = program[1] if program else "PyTorch" if "torch" in recorded else recorded["program"]
            shape = cell["column"] if recorded["columns"] == "shape" else None
            what = f"{recorded['program']}, {cell['row']}, {recorded['columns']} {cell['column']}"
            unit = "time" if factor else recorded["unit"]
            found.append(Record(cell["value"] * (factor or 1), unit, recorded["gpu"], name, shape, what))
    return found


def paragraphs(text: str) -> Iterator[Paragraph]:
    """What a page says outside fences and generated tables."""
    visible = _HIDDEN.sub(lambda hidden: re.sub(r"[^\n]", " ", hidden[0]), text)
    sections = [heading.start() for heading in re.finditer(r"^## ", text, re.MULTILINE)]
    position, before = 0, ""
    for part in re.split(r"(\n(?:>?[ ]*\n)+)", visible):
        if part.strip(" >\n"):
            first = max((start for start in sections if start <= position), default=0)
            last = min((start for start in sections if start > position), default=len(text))
            yield Paragraph(position, part, before, text[first:last])
            before = part
        position += len(part)


def _blanked(text: str) -> str:
    """The text without what comments say, each letter in its place."""
    return _COMMENT.sub(lambda comment: re.sub(r"[^\n]", " ", comment[0]), text)


def measures(text: str, start: int = 0) -> Iterator[Claim]:
    """The times and rates in a text, also those of a list that shares its unit ("25 to 30 µs")."""
    for found in _MEASURE.finditer(text):
        unit = re.search(rf"{_UNIT}$", found[0])
        assert unit
        words = " ".join(unit[0].replace(">", "").split())
        for number in re.finditer(_NUMBER, found[0][: unit.start()]):
            if not re.match(r"0\d", number[0]):  # a chapter's number in front of a list
                yield Claim(start + found.start() + number.start(), number[0], words)


def factors(text: str, start: int = 0) -> Iterator[Claim]:
    """The quotients in a text."""
    for found in _FACTOR.finditer(text):
        kind = "factor" if found["factor"] else "percent"
        yield Claim(start + found.start(kind), found[kind], "times" if found["factor"] else "%")


def column_measures(paragraph: Paragraph) -> Iterator[Claim]:
    """The numbers of a table's columns whose heading ends with a unit."""
    heading: list[str] | None = None
    offset = paragraph.start
    for line in paragraph.text.splitlines(keepends=True):
        cells = line.split("|")
        if line.startswith("|") and heading is None:
            heading = [cell.strip() for cell in cells]
        elif line.startswith("|") and heading:
            place = offset
            for cell, name in zip(cells, heading):
                unit, number = _HEADING_UNIT.search(name), re.fullmatch(rf"\s*({_NUMBER})\s*", cell)
                if unit and number:
                    yield Claim(place + number.start(1), number[1], unit[1])
                place += len(cell) + 1
        offset += len(line)


def _named(text: str) -> set[str]:
    """The sources of records that a text names."""
    chapters = re.findall(r"\b[Cc]hapters?\s(\d\d)\b|\bch(\d\d)_|\b(\d\d)_[a-z]|^\| (\d\d): ", text, re.MULTILINE)
    programs = {name for name in ("copy_rate", "PyTorch") if name in text}
    return {number for groups in chapters for number in groups if number} | programs


def _names_shape(text: str, shape: str | None) -> bool:
    """Whether the text names the shape; `field local` is meant where none is named."""
    if shape is None or shape == "field local":
        return True
    words = {"field uniform": ["uniform"], "detr local": ["detr"]}.get(shape, shape.split())
    return all(re.search(rf"\b{word}\b", text) for word in words)


class Page:
    """A page, its claims, and where each is from."""

    def __init__(self, root: Path, path: Path, known: list[Record]) -> None:
        self.root = root
        self.text = path.read_text(encoding="utf-8")
        said = " ".join(paragraph.text for paragraph in paragraphs(self.text))
        gpus = {gpu for gpu in {record.gpu for record in known} if re.search(rf"\b{gpu.split()[-1]}\b", said)}
        self.known = [record for record in known if record.gpu in gpus]
        self.name = str(path.relative_to(root))
        self.chapter = path.parent.name[:2] if path.parent.parent.name == "chapters" else ""
        test = path.with_name("test_page.py")
        self.test = _load(test) if test.exists() else None
        self.sourced: set[str] = set()  # claims that have a source on this page
        self.derived: set[str] = set()  # those of them that are computed or explained
        self.wrong: list[str] = []
        self._open: list[tuple[Paragraph, Claim, bool]] = []  # without a source so far; does the test start from it?

    def look(self) -> None:
        """Finds the sources that the page has itself."""
        for paragraph in paragraphs(self.text):
            self._look(paragraph)

    def ask(self, others: dict[str, Page]) -> None:
        """Finds the sources of what is left: pages of other chapters, or this page, elsewhere. The rest is wrong."""
        for paragraph, claim, is_input in self._open:
            named = (_named(paragraph.text) or _named(paragraph.section)) & others.keys()
            said_there = any(str(claim) in others[chapter].sourced for chapter in named - {self.chapter})
            if not (said_there or (str(claim) in self.derived and not is_input)):
                self.wrong.append(self._complaint(paragraph, claim))

    def _look(self, paragraph: Paragraph) -> None:
        visible = _blanked(paragraph.text)
        claims = [*measures(visible, paragraph.start), *column_measures(paragraph)]
        quotients = list(factors(visible, paragraph.start))
        explained = self._explained(paragraph, {str(claim) for claim in claims + quotients})
        values = [claim.value for claim in (*claims, *measures(_blanked(paragraph.before))) if claim.value > 0]
        for claim in claims + quotients:
            demanded, noticed = self._tested(claim)
            if demanded or str(claim) in explained:
                self.derived.add(str(claim))
            elif not (claim in quotients and _is_quotient(claim, values)) and not self._recorded(paragraph, claim):
                self._open.append((paragraph, claim, noticed))
                continue
            self.sourced.add(str(claim))

    def _candidates(self, paragraph: Paragraph, claim: Claim) -> list[Record]:
        """The records that the claim may be about."""
        unit = "time" if claim.unit in _SECONDS else claim.unit
        text = paragraph.before + paragraph.text
        sources = {self.chapter} | (_named(text) or _named(paragraph.section))
        sources |= set(re.findall(r"^<!-- table: grid (?:ch(?=\d))?(\d\d(?=_)|\w+)", self.text, re.MULTILINE))
        about = (record for record in self.known if record.unit == unit and record.source in sources)
        return [record for record in about if _names_shape(text, record.shape)]

    def _recorded(self, paragraph: Paragraph, claim: Claim) -> bool:
        return any(claim.is_about(record.value) for record in self._candidates(paragraph, claim))

    def _tested(self, claim: Claim) -> tuple[bool, bool]:
        """With another number in its place: whether the page's test demands the claim, and whether it notices."""
        if not self.test:
            return False, False
        other = claim.number[:-1] + str((int(claim.number[-1]) + 5) % 10)
        end = _run(self.test, self.text[: claim.start] + other + self.text[claim.start + len(claim.number) :])
        right = page_tables.joined(end.right) if isinstance(end, page_tables.Difference) else ""
        return bool(right) and right in page_tables.joined(self.text), end is not None

    def _explained(self, paragraph: Paragraph, claims: set[str]) -> set[str]:
        """What the comments above the paragraph account for. Notes what is wrong with them."""
        found: set[str] = set()
        for comment in _EXPLAINED.finditer(paragraph.text):
            kind, source = comment["kind"], comment["source"]
            stated = {str(claim) for claim in (*measures(comment["claims"]), *factors(comment["claims"]))}
            faults = [f"{idle} is {kind}, and the paragraph below does not say it" for idle in sorted(stated - claims)]
            if not stated:
                faults.append(f"this names no number with a unit: <!-- {kind} 20.3 µs: ... -->")
            faults += self._faults_of_source(kind, source)
            self.wrong += [f"{self.name}:{self._line(paragraph.start + comment.start())}: {fault}." for fault in faults]
            found |= stated
        return found

    def _faults_of_source(self, kind: str, source: str) -> list[str]:
        words = source.replace("`", "").split()
        files = [word for word in words if word.startswith(_FOLDERS)]
        faults = [f"there is no {file}" for file in files if not (self.root / file).is_file()]
        command = r"\s".join(r"\S+" if word in files else re.escape(word) for word in words)
        shown = page_tables.joined(_COMMENT.sub("", self.text).replace("\\\n", "\n"))
        if kind == "measured" and not re.search(command, shown):
            faults.append(f"the page does not show its readers the command {source}")
        if kind == "set" and not files:
            faults.append(f"{source} is no file of the project")
        return faults

    def _line(self, offset: int) -> int:
        return self.text.count("\n", 0, offset) + 1

    def _complaint(self, paragraph: Paragraph, claim: Claim) -> str:
        start = max(paragraph.start, claim.start - 40)
        quoted = " ".join(self.text[start : claim.start + 25].split())
        nearest = min(self._candidates(paragraph, claim), key=lambda one: abs(one.value - claim.value), default=None)
        hint = ""
        if nearest and abs(nearest.value - claim.value) < _NEAR * claim.value:
            value = nearest.value / _SECONDS.get(claim.unit, 1)
            hint = f" The nearest record is {value:.4g} {claim.unit}: {nearest.what}."
        return f"{self.name}:{self._line(claim.start)}: {claim} has no source, in “{quoted}”.{hint}"


def _is_quotient(claim: Claim, values: list[float]) -> bool:
    """Whether the claim is one of the values over another, or for "%" also what is more or less."""
    for above in values:
        for below in values:
            quotient = above / below
            of_claim = [quotient] if claim.unit == "times" else [100 * quotient, 100 * abs(quotient - 1)]
            if above != below and any(claim.is_about(value) for value in of_claim):
                return True
    return False


def _load(test: Path) -> ModuleType:
    """A chapter's test_page.py, as a module."""
    name = f"test_page_{test.parent.name}"
    specification = importlib.util.spec_from_file_location(name, test)
    assert specification and specification.loader
    module = sys.modules[name] = importlib.util.module_from_spec(specification)  # dataclasses look there
    specification.loader.exec_module(module)
    return module


def _run(test: ModuleType, text: str) -> BaseException | None:
    """How a chapter's test ends on a page with this text; None if nothing is wrong."""
    read, page_tables.read = page_tables.read, lambda page: text
    try:
        test.main()
    except (SystemExit, Exception) as end:  # Exception: a page on which the test stumbles
        return end
    finally:
        page_tables.read = read
    return None


def check(root: Path) -> tuple[int, list[str]]:
    """How many claims the pages have, and what is wrong with them."""
    known = records(Results(root))
    paths = [root / "README.md", *sorted(root.glob("docs/*.md")), *sorted(root.glob("chapters/*/README.md"))]
    pages = [Page(root, path, known) for path in paths]
    for page in pages:
        page.look()
    others = {page.chapter: page for page in pages if page.chapter}
    for page in pages:
        page.ask(others)
    return sum(len(page.sourced) for page in pages), [sentence for page in pages for sentence in page.wrong]


def main() -> None:
    parser = argparse.ArgumentParser(description="Checks where the times and rates in the pages come from.")
    parser.add_argument("--root", type=Path, required=True, help="the repository")
    root: Path = parser.parse_args().root
    try:
        count, wrong = check(root.resolve())
    except ResultError as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"{error.filename} cannot be read: {error.strerror}.")
    if wrong:
        sys.exit("\n".join([*wrong, _REPAIR]))
    if not count:
        sys.exit(f"{root} has no page with a time in it: this checks nothing.")
    print(f"{count} times, rates and factors, each with a source.")


if __name__ == "__main__":
    main()
