"""Reading doctest's reports: the data files are what doctest 2.4.9 wrote."""

from __future__ import annotations

import unittest
from pathlib import Path

from lab import doctest_xml

_DATA = Path(__file__).parent / "data"


class DoctestXml(unittest.TestCase):
    def setUp(self) -> None:
        self.cases = {case.name: case for case in doctest_xml.parse((_DATA / "red.xml").read_text())}

    def test_cases_are_listed_in_order_and_skipped_ones_are_not(self) -> None:
        names = ["1.1 good", "1.2 todo", "1.3 wrong <x> & y", "1.4 throws", "1.6 only a remark"]
        self.assertEqual(list(self.cases), names)

    def test_green_and_red_are_told_apart(self) -> None:
        self.assertEqual([case.green for case in self.cases.values()], [True, False, False, False, True])

    def test_an_open_todo_leads_and_a_remark_is_no_failure(self) -> None:
        case = self.cases["1.2 todo"]
        self.assertEqual(case.open_todo, "1.2")
        self.assertTrue(case.messages[0].startswith("TODO 1.2 is not done yet\n   chapters/01_baseline"))
        self.assertEqual(case.messages[1:], ("wrong[nothing-written]: the output is untouched",))
        self.assertEqual(self.cases["1.6 only a remark"].messages, ())

    def test_a_message_keeps_the_indentation_of_its_own_lines(self) -> None:
        message, expression = self.cases["1.3 wrong <x> & y"].messages
        self.assertEqual(message, "wrong[swapped-xy]: x and y are swapped\n   in row 3")
        self.assertEqual(expression, "CHECK( 1.0 == 2.0 ) is not true: 1 == 2  t.cpp:9")

    def test_an_exception_is_reported_once(self) -> None:
        self.assertEqual(self.cases["1.4 throws"].messages, ("boom",))

    def test_of_a_report_cut_short_the_last_case_is_unfinished_and_red(self) -> None:
        good, last = doctest_xml.parse((_DATA / "cut_short.xml").read_text())
        self.assertTrue(good.green and good.finished)
        self.assertEqual((last.name, last.green, last.finished), ("1.2 ends here", False, False))
        whole = (_DATA / "red.xml").read_text()
        before_the_end = whole[: whole.index("</TestCase>")]
        self.assertFalse(doctest_xml.parse(before_the_end)[0].green)

    def test_no_damage_raises(self) -> None:
        whole = (_DATA / "red.xml").read_text()
        for length in range(0, len(whole), 7):
            doctest_xml.parse(whole[:length])
        self.assertEqual(doctest_xml.parse("not XML at all"), [])
        self.assertEqual(len(doctest_xml.parse(whole.replace("boom", "bo\x01m"))), 5)
