"""Running test programs and reading doctest's reports: the data files are what doctest 2.4.9 wrote."""

from __future__ import annotations

import time
import unittest
from pathlib import Path

from lab.tests.fake import GREEN, FakeCheckout
from testing import doctest_program
from testing.doctest_program import Case, Outcome

_DATA = Path(__file__).parent / "data"
_RED = (_DATA / "red.xml").read_text()
_CUT = (_DATA / "cut_short.xml").read_text()


class Run(FakeCheckout):
    def outcome(self, report: str, code: int = 0, then: str = "", seconds: float = 10) -> Outcome:
        self.doctest_program("ch01", report, code, then=then)
        return doctest_program.run(self.project.build("emulator") / "bin" / "ch01", seconds)

    def test_a_program_that_ends_as_it_should(self) -> None:
        green = self.outcome(GREEN, then="echo said")
        self.assertEqual((green.green, green.ending, green.output, len(green.cases)), (True, "", "said\n", 2))
        red = self.outcome(_RED, code=1)
        self.assertEqual((red.green, red.ending, len(red.reds)), (False, "", 3))

    def test_of_one_case_the_name_is_its_filter_in_which_a_comma_begins_no_other(self) -> None:
        for only, said in ((None, ""), ("1.1 a, b\\c", "--test-case=1.1 a\\, b\\\\c")):
            self.program("ch01", 'printf %s "${3-}"; exit 77')
            outcome = doctest_program.run(self.project.build("emulator") / "bin/ch01", 10, only=only)
            self.assertEqual(outcome.skipped, said or "the program found no machine that it can run on")

    def test_a_program_that_hangs_is_stopped_with_all_it_started(self) -> None:
        started = time.monotonic()
        outcome = self.outcome(_CUT, then="sleep 60 & sleep 60", seconds=0.3)
        self.assertIn("did not end within 0.3 s and was stopped in “1.2 ends here”", outcome.ending)
        self.assertFalse(outcome.green)
        self.assertLess(time.monotonic() - started, 10)

    def test_a_crash_is_never_green_whatever_the_report_says(self) -> None:
        for report, where in ((GREEN, ""), (_CUT, " in “1.2 ends here”"), ("", "")):
            outcome = self.outcome(report, then="kill -ABRT $$")
            self.assertEqual(
                outcome.ending, f"the program crashed{where}: SIGABRT, Aborted; the cases after it did not run"
            )
            self.assertFalse(outcome.green)

    def test_a_signal_without_a_name(self) -> None:
        self.assertIn("the program crashed: signal 40, ", self.outcome("", then="kill -40 $$").ending)

    def test_each_other_way_to_give_no_verdict_has_its_sentence(self) -> None:
        no_case = "<doctest></doctest>"
        between_cases = GREEN[: GREEN.index('<TestCase name="1.2')]
        for report, code, sentence in (
            ("", 0, "the program ended before its first test case (exit code 0): last words"),
            (no_case, 0, "the program ran no test case (exit code 0): last words"),
            (_CUT, 1, "ended in the middle in “1.2 ends here” (exit code 1); the cases after it did not run"),
            (between_cases, 0, "the program ended in the middle (exit code 0); the cases after it did not run"),
            (GREEN, 3, "the program ended with exit code 3; a test program ends with 0, 1 or 77 (skipped)"),
            (_RED, 3, "the program ended with exit code 3; a test program ends with 0, 1 or 77 (skipped)"),
            (GREEN, 1, "the program ended with exit code 1 although no case is red"),
            (_RED, 0, "the program ended with exit code 0 although a case is red"),
        ):
            outcome = self.outcome(report, code, then="echo last words")
            self.assertTrue(outcome.ending.endswith(sentence), outcome.ending)
            self.assertFalse(outcome.green)

    def test_a_program_that_skips_itself_says_why(self) -> None:
        outcome = self.outcome("", 77, then="echo 'skipped: no GPU'")
        self.assertEqual((outcome.skipped, outcome.ending, outcome.green), ("skipped: no GPU", "", False))
        self.assertIn("found no machine", self.outcome("", 77).skipped)

    def test_a_program_that_is_not_there(self) -> None:
        outcome = doctest_program.run(Path("bin/nowhere"), 10)
        self.assertEqual(outcome.ending, "bin/nowhere cannot be run: No such file or directory; build it first")


class Report(unittest.TestCase):
    def setUp(self) -> None:
        cases, self.whole = doctest_program.parse(_RED)
        self.cases = {case.name: case for case in cases}

    def test_cases_are_listed_in_order_and_skipped_ones_are_not(self) -> None:
        names = ["1.1 good", "1.2 todo", "1.3 wrong <x> & y", "1.4 throws", "1.6 only a remark"]
        self.assertEqual(list(self.cases), names)
        self.assertEqual(self.cases["1.2 todo"].description, "needs TODO 1.1 1.2")
        self.assertTrue(self.whole)

    def test_green_and_red_are_told_apart(self) -> None:
        self.assertEqual([case.green for case in self.cases.values()], [True, False, False, False, True])

    def test_an_open_todo_leads_and_a_remark_is_no_failure(self) -> None:
        case = self.cases["1.2 todo"]
        self.assertEqual(case.open_todo, "1.2")
        self.assertTrue(case.messages[0].startswith("TODO 1.2 is not done yet\n   chapters/01_baseline"))
        self.assertEqual(case.messages[1:], ("wrong[nothing-written]: the output is untouched",))
        self.assertEqual(self.cases["1.6 only a remark"].messages, ())

    def test_a_message_keeps_its_indentation_and_ends_with_its_circumstances(self) -> None:
        message, expression = self.cases["1.3 wrong <x> & y"].messages
        self.assertEqual(message, "wrong[swapped-xy]: x and y are swapped\n   in row 3\nwith ctx 3")
        self.assertEqual(expression, "CHECK( 1.0 == 2.0 ) is not true: 1 == 2  t.cpp:9")

    def test_names_are_those_of_findings_and_rejections(self) -> None:
        self.assertEqual(self.cases["1.3 wrong <x> & y"].names, ["swapped-xy"])
        messages = ("error[data-race]: tile[slot]\n   k.cu:3  error[i] = 0", "not wrong[zeros]", "wrong[nan]: 3 of 8")
        self.assertEqual(Case("c", "", False, True, messages).names, ["data-race", "nan"])

    def test_the_most_telling_red_case_is_the_first_with_a_finding(self) -> None:
        reasons = ["wrong[nan]: 3 of 3", "wrong[stale-tile]: x", "error[read-in-flight]: early", "error[deadlock]: x"]
        cases = [Case(reason, "", False, True, (reason,)) for reason in reasons]
        self.assertIs(Outcome(cases).telling_red, cases[2])
        self.assertIs(Outcome(cases[:2]).telling_red, cases[0], "none has one: the first")
        self.assertIsNone(Outcome([]).telling_red)

    def test_an_exception_is_reported_once(self) -> None:
        self.assertEqual(self.cases["1.4 throws"].messages, ("boom",))

    def test_of_a_report_cut_short_the_last_case_is_unfinished_and_red(self) -> None:
        (good, last), whole = doctest_program.parse(_CUT)
        self.assertTrue(good.green and good.finished)
        self.assertEqual((last.name, last.green, last.finished, whole), ("1.2 ends here", False, False, False))
        before_the_end = _RED[: _RED.index("</TestCase>")]
        self.assertFalse(doctest_program.parse(before_the_end)[0][0].green)

    def test_no_damage_raises_or_looks_whole(self) -> None:
        for length in range(0, len(_RED.rstrip()), 7):
            self.assertFalse(doctest_program.parse(_RED[:length])[1])
        self.assertEqual(doctest_program.parse("not XML at all"), ([], False))
        broken, whole = doctest_program.parse(_RED.replace("boom", "<boom"))
        self.assertEqual((len(broken), whole), (4, False), "the cases before the damage are kept")
        cases, whole = doctest_program.parse(_RED.replace("boom", "bo\x01m"))
        self.assertEqual((len(cases), whole), (5, True), "what a kernel prints may be unprintable")
