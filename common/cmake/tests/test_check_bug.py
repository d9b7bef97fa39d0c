"""check_bug.py: a bug is caught by the name it announces, and stays close to its solution."""

from __future__ import annotations

import subprocess

from .support import ToolTest, case, report

SOLUTION = (
    "// Chapter 1.\nvoid f() {\n  // >>> 1.1 read it\n  int x = location.x;\n\n  // <<< 1.1\n"
    + "".join(f"  step_{i}(x);\n" for i in range(12))
    + "}\n"
)
HEADER = "// bug: x and y are swapped\n// caught by: swapped-xy\n"
BUG = HEADER + SOLUTION.replace("location.x", "location.y")
CAUGHT = report(case("1.1 read", "", "error[data-race]: two writes"), case("1.2 xy", "", "wrong[swapped-xy]: x is y"))


class Bug(ToolTest):
    def check(
        self,
        xml: str = CAUGHT,
        status: int = 1,
        bug: str = BUG,
        first: str = "",
        solution: str = SOLUTION,
        machine: str = "emulator",
    ) -> subprocess.CompletedProcess[str]:
        self.write("bug.cu", bug)
        self.write("solution.cu", solution)
        return self.run_tool(
            "check_bug.py", self.program(xml, status, first), "--source", "bug.cu", "--solution", "solution.cu",
            "--machine", machine, "--timeout", "5",
        )  # fmt: skip

    def test_a_bug_that_is_caught_by_its_name(self) -> None:
        self.assert_passes(self.check(), "caught by [swapped-xy]; changed lines: 1.")

    def test_one_of_two_announced_names_is_enough(self) -> None:
        two = BUG.replace("caught by: swapped-xy", "caught by: out-of-bounds or swapped-xy")
        self.assert_passes(self.check(bug=two), "caught by [swapped-xy]")
        done = self.check(report(case("1.2 xy", "", "wrong[zeros]: all")), bug=two)
        self.assert_refuses(done, "expected [out-of-bounds] or [swapped-xy], got [zeros]")

    def test_what_a_gpu_says_in_place_of_it_counts_on_a_gpu_alone(self) -> None:
        hung = BUG.replace("caught by: swapped-xy", "caught by: swapped-xy; on a GPU: timeout")
        timeout = report(case("1.2 xy", "", "error[timeout]: 32 threads"))
        self.assert_passes(self.check(bug=hung), "caught by [swapped-xy]")
        self.assert_refuses(self.check(timeout, bug=hung), "expected [swapped-xy], got [timeout]")
        self.assert_passes(self.check(timeout, bug=hung, machine="cuda"), "caught by [timeout]")
        self.assert_refuses(self.check(bug=hung, machine="cuda"), "expected [timeout], got")

    def test_a_bug_that_a_gpu_may_not_notice_is_skipped_there(self) -> None:
        silent = BUG.replace("caught by: swapped-xy", "caught by: swapped-xy; a GPU may not notice")
        self.assert_passes(self.check(bug=silent), "caught by [swapped-xy]")
        green = report(case("1.2 xy"))
        self.assertEqual(self.check(green, 0, bug=silent, machine="cuda").returncode, 77)
        self.assert_refuses(self.check(green, 0, bug=silent), "the bug is not caught")

    def test_a_bug_that_is_caught_by_another_name(self) -> None:
        done = self.check(report(case("1.2 xy", "", "wrong[wrong-elements]: 3 of 8")))
        self.assert_refuses(done, "expected [swapped-xy], got [wrong-elements]")

    def test_a_bug_that_fails_without_a_name(self) -> None:
        done = self.check(report(case("1.2 xy", "", "swapped-xy, tile[slot]")))
        self.assert_refuses(done, "expected [swapped-xy], got no named finding", "tile[slot]")

    def test_a_bug_that_is_not_caught(self) -> None:
        self.assert_refuses(self.check(report(case("1.2 xy")), 0), "the bug is not caught", "all 1 cases are green")

    def test_a_bug_that_crashes_is_not_caught(self) -> None:
        done = self.check(first="print('wrong[swapped-xy]', flush=True); os.kill(os.getpid(), signal.SIGSEGV)")
        self.assert_refuses(done, "the program crashed: SIGSEGV")

    def test_a_name_in_a_green_case_does_not_count(self) -> None:
        note = case("note", "", "wrong[swapped-xy]").replace('test_case_success="false"', 'test_case_success="true"')
        done = self.check(report(note, case("1.2 xy", "", "wrong[zeros]: all")))
        self.assert_refuses(done, "expected [swapped-xy], got [zeros]")

    def test_a_skipped_program_is_skipped(self) -> None:
        self.assertEqual(self.check("", 77).returncode, 77)

    def test_a_header_that_announces_nothing(self) -> None:
        for header in (
            "// bug: swapped\n",
            "// caught by: swapped-xy\n// bug: swapped\n",
            "// bug:\n// caught by: x\n",
            "// bug: swapped\n// caught by: swapped-xy; on a GPU\n",
        ):
            done = self.check(bug=header + SOLUTION.replace("location.x", "location.y"))
            self.assert_refuses(done, "bug.cu:1: a bug file begins with two lines")

    def test_a_bug_that_equals_its_solution(self) -> None:
        self.assert_refuses(self.check(bug=HEADER + SOLUTION), "bug.cu differs from solution.cu in 0 lines")

    def test_markers_blank_lines_and_indentation_are_no_difference(self) -> None:
        same = "\n".join(
            "\t" + line.strip() + "\n" for line in SOLUTION.splitlines() if ">>>" not in line and "<<<" not in line
        )
        self.assert_refuses(self.check(bug=HEADER + same), "in 0 lines")

    def test_eight_changed_lines_are_a_bug_and_nine_are_not(self) -> None:
        def changed(count: int) -> str:
            bug = SOLUTION
            for i in range(count):
                bug = bug.replace(f"step_{i}(x)", f"skip_{i}(x)")
            return HEADER + bug

        self.assert_passes(self.check(bug=changed(8)), "changed lines: 8.")
        self.assert_refuses(
            self.check(bug=changed(9)), "differs from solution.cu in 9 lines", "make it from the solution again"
        )

    def test_a_solution_that_is_not_there(self) -> None:
        self.write("bug.cu", BUG)
        program = self.program(CAUGHT, 1)
        done = self.run_tool(
            "check_bug.py", program, "--source", "bug.cu", "--solution", "solution.cu", "--machine", "emulator",
        )  # fmt: skip
        self.assert_refuses(done, "solution.cu cannot be read")
