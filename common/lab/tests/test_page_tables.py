"""page_tables.py: what is a table, and what differs."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

from testing import page_tables

PAGE = "# Title\n<!-- trace: 3 stages -->\n| k | slot |\n|--:|--:|\n| 0 | 0 |\n| 1 | 1 |\n\n| 2 | of another table |\n"
MARKER = r"<!-- trace: (\d+) stages -->"


class PageTables(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.page = Path(folder.name) / "README.md"
        self.page.write_text(PAGE, encoding="utf-8")

    def test_the_rows_stand_below_the_marker_and_its_header(self) -> None:
        table = page_tables.find(self.page, MARKER)
        self.assertEqual((table.marker[1], table.first_line, table.rows), ("3", 5, [["0", "0"], ["1", "1"]]))
        table.compare([["0", "0"], ["1", "1"]], least=2)

    def test_a_cell_that_differs_is_named_with_its_line(self) -> None:
        with self.assertRaisesRegex(SystemExit, r"README.md:6: it should be \| 1 \| 2 \|, and is \| 1 \| 1 \|"):
            page_tables.find(self.page, MARKER).compare([["0", "0"], ["1", "2"]], least=2)

    def test_a_table_with_too_few_or_too_many_rows_is_refused(self) -> None:
        table = page_tables.find(self.page, MARKER)
        for expected, least in (([["0", "0"]], 1), ([["0", "0"], ["1", "1"], ["2", "2"]], 1), (table.rows, 3)):
            with self.assertRaisesRegex(SystemExit, "the table has 2 rows and should have"):
                table.compare(expected, least)

    def test_a_missing_table_is_refused(self) -> None:
        with self.assertRaisesRegex(SystemExit, "so a table is missing"):
            page_tables.find(self.page, "<!-- trace: 4 stages -->")
