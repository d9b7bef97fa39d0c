"""check_red_set.py: a skeleton is red in exactly the declared cases, and everything else is reported as what it is."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from .support import ToolTest, case, report

FIRST = "TODO 1.1 is not done yet: the sum stays empty"
SECOND = "TODO 1.2 is not done yet"

GREEN = case("1.1 the input is read")
NEEDS_FIRST = case("1.2 one point", "needs TODO 1.1", FIRST)
NEEDS_BOTH = case("1.3 two points & <edges>", "needs TODO 1.1 1.2", SECOND)


class RedSet(ToolTest):
    def check(self, program: Path, *options: object) -> subprocess.CompletedProcess[str]:
        return self.run_tool("check_red_set.py", program, *options)

    def test_exactly_the_declared_cases_are_red(self) -> None:
        program = self.program(report(GREEN, NEEDS_FIRST, NEEDS_BOTH), 1)
        self.assert_passes(self.check(program), "2 of 3 cases are red")
        self.assert_passes(self.check(program, "--open", "all"))

    def test_with_one_todo_open_only_its_cases_are_red(self) -> None:
        solved = case("1.2 one point", "needs TODO 1.1")
        self.assert_passes(self.check(self.program(report(GREEN, solved, NEEDS_BOTH), 1), "--open", "1.2"))

    def test_with_one_todo_open_the_cases_of_another_must_be_green(self) -> None:
        done = self.check(self.program(report(GREEN, NEEDS_FIRST, NEEDS_BOTH), 1), "--open", "1.2")
        self.assert_refuses(done, '"1.2 one point" is red with only TODO 1.2 open, but does not declare to need it')

    def test_a_skeleton_that_is_solved_by_accident(self) -> None:
        lucky = case("1.3 two points", "needs TODO 1.1 1.2")
        done = self.check(self.program(report(GREEN, NEEDS_FIRST, lucky), 1))
        self.assert_refuses(done, 'solved by accident: "1.3 two points" passes although TODO 1.1 and 1.2 is open')

    def test_a_skeleton_that_is_solved_in_every_case(self) -> None:
        done = self.check(self.program(report(GREEN, case("1.2 one point", "needs TODO 1.1")), 0))
        self.assert_refuses(done, 'solved by accident: "1.2 one point" passes')

    def test_a_case_that_declares_nothing_but_is_red(self) -> None:
        done = self.check(self.program(report(NEEDS_FIRST, case("1.9 other", "", "wrong[zeros]: all are 0")), 1))
        self.assert_refuses(done, '"1.9 other" is red with every TODO open', "wrong[zeros]: all are 0")

    def test_a_message_that_names_no_todo(self) -> None:
        done = self.check(self.program(report(case("1.2 one point", "needs TODO 1.1", "wrong[zeros]: all are 0")), 1))
        self.assert_refuses(done, "no message says that TODO 1.1 is not done yet: wrong[zeros]: all are 0")

    def test_a_message_that_names_the_wrong_todo(self) -> None:
        done = self.check(self.program(report(case("1.2 one point", "needs TODO 1.1", SECOND)), 1))
        self.assert_refuses(done, '"1.2 one point" names the wrong TODO: it says that TODO 1.2', "but needs TODO 1.1")

    def test_with_one_todo_open_a_message_that_names_a_closed_one(self) -> None:
        done = self.check(self.program(report(case("1.3 both", "needs TODO 1.1 1.2", SECOND)), 1), "--open", "1.1")
        self.assert_refuses(done, '"1.3 both" names the wrong TODO')

    def test_a_failed_check_and_an_exception_name_their_todo_too(self) -> None:
        expression = case("1.2 one point", "needs TODO 1.1", "").replace(
            '<Message type="FATAL ERROR" filename="t.cpp" line="1">\n<Text>\n\n</Text>\n</Message>',
            '<SubCase name="a"><Expression success="false" type="CHECK"><Original>ok</Original>'
            f"<Expanded>false</Expanded><Info>\n{FIRST}\n</Info></Expression></SubCase>",
        )
        exception = case("1.3 two points", "needs TODO 1.2", "").replace(
            '<Message type="FATAL ERROR" filename="t.cpp" line="1">\n<Text>\n\n</Text>\n</Message>',
            f'<Exception crash="false">\n{SECOND}\n</Exception>',
        )
        self.assertIn("<Expression", expression)
        self.assertIn("<Exception", exception)
        self.assert_passes(self.check(self.program(report(expression, exception), 1)))

    def test_a_warning_is_no_failure_that_could_name_the_todo(self) -> None:
        warning = f'<Message type="WARNING"><Text>{FIRST}</Text></Message><Message type="ERROR">'
        xml = report(case("1.2 one point", "needs TODO 1.1", "odd")).replace(
            '<Message type="FATAL ERROR"', warning[:-1]
        )
        self.assertIn("WARNING", xml)
        self.assert_refuses(self.check(self.program(xml, 1)), "no message says that TODO 1.1 is not done yet: odd")

    def test_a_skipped_case_counts_for_nothing(self) -> None:
        skipped = '<TestCase name="1.4 later" description="needs TODO 1.1" skipped="true"/>'
        self.assert_passes(self.check(self.program(report(NEEDS_FIRST, skipped), 1)), "1 of 1 cases are red")

    def test_no_case_needs_the_open_todo(self) -> None:
        done = self.check(self.program(report(GREEN, case("1.2 one point", "needs TODO 1.1")), 0), "--open", "1.3")
        self.assert_refuses(done, "no test case needs TODO 1.3: nothing would notice it")

    def test_no_case_needs_any_todo(self) -> None:
        self.assert_refuses(self.check(self.program(report(GREEN), 0)), "no test case needs a TODO")

    def test_todo_1_1_is_not_todo_1_10(self) -> None:
        done = self.check(self.program(report(case("ten", "needs TODO 1.10")), 0), "--open", "1.1")
        self.assert_refuses(done, "no test case needs TODO 1.1")

    def test_a_declaration_that_cannot_be_read(self) -> None:
        done = self.check(self.program(report(case("1.2 one point", "needs 1.1", FIRST)), 1))
        self.assert_refuses(done, '"1.2 one point" has the description "needs 1.1"')

    def test_every_problem_is_reported_on_a_line_of_its_own(self) -> None:
        cases = report(case("a", "needs TODO 1.1"), case("b", "needs TODO 1.1", SECOND), case("c", "", "odd"))
        done = self.check(self.program(cases, 1))
        self.assert_refuses(done, 'solved by accident: "a"', '"b" names the wrong TODO', '"c" is red')
        self.assertEqual(len(done.stderr.splitlines()), 3)


class NoVerdict(ToolTest):
    """What gives no verdict is never a red test. Each way to fail: lab/tests/test_doctest_program.py."""

    def check(self, xml: str, status: int, first: str = "", *options: object) -> subprocess.CompletedProcess[str]:
        return self.run_tool("check_red_set.py", self.program(xml, status, first), *options)

    def test_a_skeleton_that_crashes_says_where_after_its_last_words(self) -> None:
        half = report(NEEDS_FIRST, NEEDS_BOTH).split("<Message")[0]
        crash = f"open(report, 'w').write({half!r}); print('my last words', flush=True); os.abort()"
        done = self.check("", 0, crash)
        self.assert_refuses(done, "my last words\nch01_fake: the program crashed in “1.2 one point”: SIGABRT")

    def test_a_crash_with_a_complete_report_is_still_a_crash(self) -> None:
        whole = report(NEEDS_FIRST)
        done = self.check("", 0, f"open(report, 'w').write({whole!r}); os.kill(os.getpid(), signal.SIGSEGV)")
        self.assert_refuses(done, "the program crashed", "SIGSEGV")

    def test_a_skeleton_that_hangs(self) -> None:
        started = time.monotonic()
        done = self.check("", 0, "time.sleep(60)", "--timeout", "0.3")
        self.assert_refuses(done, "did not end within 0.3 s")
        self.assertLess(time.monotonic() - started, 10)

    def test_a_report_that_stops_in_the_middle(self) -> None:
        half = report(NEEDS_FIRST).split("<Overall")[0]
        self.assert_refuses(self.check(half, 1), "ended in the middle in “1.2 one point” (exit code 1)")

    def test_no_report_or_no_case(self) -> None:
        self.assert_refuses(self.check("", 0, "sys.exit(0)"), "ended before its first test case (exit code 0)")
        self.assert_refuses(self.check(report(), 0), "ran no test case")

    def test_a_status_that_contradicts_the_report(self) -> None:
        self.assert_refuses(self.check(report(NEEDS_FIRST), 0), "exit code 0 although a case is red")
        self.assert_refuses(self.check(report(GREEN), 1), "exit code 1 although no case is red")
        self.assert_refuses(self.check(report(NEEDS_FIRST), 3), "exit code 3; a test program ends with 0, 1 or 77")

    def test_a_skipped_program_is_skipped_with_its_sentence(self) -> None:
        done = self.check("", 77, "print('There is no capable GPU here.')")
        self.assertEqual((done.returncode, done.stdout), (77, "There is no capable GPU here.\n"))

    def test_a_program_that_was_not_built(self) -> None:
        done = self.run_tool("check_red_set.py", "bin/ch09_skeleton")
        self.assert_refuses(done, "bin/ch09_skeleton cannot be run: No such file or directory; build it first")
