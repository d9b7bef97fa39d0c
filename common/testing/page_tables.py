"""What a test computes again of a chapter's page: the cells of its tables, and the numbers in its sentences.

For test_page.py of the chapters. A table follows a line of its own, `<!-- trace: 3 stages, 8 tiles -->`, which says
what it is and for which numbers.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path


class Difference(SystemExit):
    """Ends the program with a sentence; `right` is the row or the words that the page should hold."""

    def __init__(self, sentence: str, right: str) -> None:
        super().__init__(sentence)
        self.right = right


@dataclass(frozen=True)
class Table:
    """The rows below a marker, without the header, as cells."""

    page: Path
    marker: re.Match[str]
    first_line: int  # of the rows, counted from 1
    rows: list[list[str]]

    def compare(self, expected: list[list[str]], least: int) -> None:
        """Ends the program with a sentence where a cell is not as expected, or there are fewer than `least` rows."""
        for number, rows in enumerate(zip(self.rows, expected), self.first_line):
            row, right = (f"| {' | '.join(cells)} |" for cells in rows)
            if row != right:
                raise Difference(f"{self.page}:{number}: it should be {right}, and is {row}.", right)
        if len(self.rows) != len(expected) or len(self.rows) < least:
            wanted = max(len(expected), least)
            sys.exit(f"{self.page}:{self.first_line}: the table has {len(self.rows)} rows and should have {wanted}.")


def read(page: Path) -> str:
    """The page as it stands. All of this module looks at pages through it, so that a test can be shown another text."""
    return page.read_text(encoding="utf-8")


def find(page: Path, marker: str) -> Table:
    """The table below the line that `marker`, a pattern, matches. Ends the program with a sentence if there is none."""
    lines = read(page).splitlines()
    for index, line in enumerate(lines):
        match = re.fullmatch(marker, line)
        if not match:
            continue
        rows = []
        for row in lines[index + 3 :]:  # behind the header and its rule
            if not row.startswith("|"):
                break
            rows.append([cell.strip() for cell in row.strip("|").split("|")])
        return Table(page, match, index + 4, rows)
    sys.exit(f"{page}: no line is {marker}, so a table is missing.")


def number(cell: str) -> float:
    """The number that a cell begins with: "4,075,520", "25.1 µs", "50 %"."""
    return float(cell.split()[0].replace(",", ""))


def joined(text: str) -> str:
    """A page's text, its lines (also those of a quotation) joined by single spaces."""
    return " ".join(text.replace("\n> ", "\n").split())


def prose(page: Path) -> str:
    """The page, joined."""
    return joined(read(page))


def require(page: Path, *claims: str) -> None:
    """Ends the program with a sentence where the page's text lacks one of these."""
    text = prose(page)
    for claim in claims:
        if claim not in text:
            raise Difference(f"{page}: it should say “{claim}”, and does not.", claim)


def require_code(kernel: Path, *pieces: str) -> None:
    """Ends the program with a sentence where the kernel lacks one of these, on which a page's numbers rest."""
    code = kernel.read_text(encoding="utf-8")
    for piece in pieces:
        if piece not in code:
            sys.exit(f"{kernel}: `{piece}` is not there any more: compute the page's numbers again.")


def recorded(program: str) -> dict[tuple[str, str], float]:
    """What a sweep or an ablation measured on the H200 that the pages speak of: row and column give the value."""
    path = Path(__file__).resolve().parents[2] / f"docs/results/grids/{program}-nvidia-h200.json"
    grid = json.loads(path.read_text(encoding="utf-8"))
    return {(cell["row"], cell["column"]): cell["value"] for cell in grid["cells"]}
