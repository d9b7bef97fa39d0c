"""page_tables.py: what is a table, what differs, what a page or a kernel lacks; occupancy.py: how many blocks fit."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

from testing import occupancy, page_tables

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

    def test_a_number_stands_in_front_of_its_unit(self) -> None:
        numbers = [page_tables.number(cell) for cell in ("4,075,520", "25.1 µs", "50 %")]
        self.assertEqual(numbers, [4075520, 25.1, 50])

    def test_a_claim_may_be_broken_into_lines_and_stand_in_a_quotation(self) -> None:
        self.page.write_text("It takes\n24.9 µs.\n\n> Who\n> asks?\n", encoding="utf-8")
        page_tables.require(self.page, "It takes 24.9 µs.", "Who asks?")
        with self.assertRaisesRegex(SystemExit, "README.md: it should say “25 µs”, and does not"):
            page_tables.require(self.page, "It takes", "25 µs")

    def test_a_record_is_found_by_its_row_and_column(self) -> None:
        sweep = page_tables.recorded("ch03_sweep")
        self.assertGreater(sweep["1 stage", "1"], sweep["1 stage", "all"])
        self.assertNotIn(("1 stage", "3"), sweep)

    def test_a_piece_that_the_kernel_lacks_is_named(self) -> None:
        kernel = self.page.with_name("kernel.cu")
        kernel.write_text("constexpr int warps = 4;\n", encoding="utf-8")
        page_tables.require_code(kernel, "int warps = 4;")
        with self.assertRaisesRegex(SystemExit, "kernel.cu: `int warps = 8;` is not there any more"):
            page_tables.require_code(kernel, "int warps = 4;", "int warps = 8;")


class Occupancy(unittest.TestCase):
    def test_a_block_takes_a_kilobyte_more_than_it_asks_for(self) -> None:
        self.assertEqual([occupancy.by_memory(kilobytes * 1024) for kilobytes in (56, 57)], [4, 3])

    def test_registers_are_dealt_out_in_eights(self) -> None:
        self.assertEqual([occupancy.by_registers(128, registers) for registers in (122, 128, 129)], [4, 4, 3])
