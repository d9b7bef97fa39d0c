"""docs/glossary.md: one row a term, in the order of the alphabet, and each leads to the place that explains it."""

from __future__ import annotations

import re
import unittest
from pathlib import Path

PAGE = Path(__file__).resolve().parents[3] / "docs/glossary.md"
_ROW = re.compile(r"^\| \*\*(.+?)\*\* \| \S.*\. \| \[[^\]]+\]\([^)]+\) \|$")


class Glossary(unittest.TestCase):
    def test_each_row_has_a_term_a_sentence_and_a_link_and_they_are_in_order(self) -> None:
        rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| **")]
        self.assertGreater(len(rows), 40)
        terms = [row[1].strip("`").lower() if (row := _ROW.match(line)) else f"no term: {line}" for line in rows]
        self.assertEqual(terms, sorted(set(terms)))


if __name__ == "__main__":
    unittest.main()
