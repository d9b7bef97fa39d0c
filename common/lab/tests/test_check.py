"""check and what follows from it, with test programs that are shell scripts."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from unittest import mock

from lab import check, compare, ladder, progress, replays, standing, verdicts
from lab.complaint import Complaint
from lab.tests.fake import CHAPTERS, GREEN, REAL_ROOT, FakeCheckout, printed, red, skeleton, write
from lab.tests.test_benchmark import document, row

_FIRST, _SECOND = CHAPTERS
_RED = (Path(__file__).parent / "data" / "red.xml").read_text()
_CUT = (Path(__file__).parent / "data" / "cut_short.xml").read_text()


class Check(FakeCheckout):
    def check(self, again: bool = True) -> tuple[int, str]:
        with printed() as output:
            code = check.check(self.project, _FIRST, None, again=again)
        return code, output.getvalue()

    def test_all_green_says_what_was_explored_and_no_more(self) -> None:
        self.doctest_program("ch01", GREEN)
        code, output = self.check()
        self.assertEqual(code, 0)
        self.assertIn("\n2 of 2 green on the emulator: no finding in 24 schedules a case\n", output)

    def test_the_tests_run_in_the_checkout_with_few_schedules_or_as_many_as_wished(self) -> None:
        self.doctest_program("ch01", GREEN, then='echo "$TUTORIAL_SCHEDULES" >> schedules.log')
        for wished in ({}, {"TUTORIAL_SCHEDULES": "7"}):
            with mock.patch.dict(os.environ, wished):
                output = self.check()[1]
        self.assertEqual((self.project.root / "schedules.log").read_text(), "20\n7\n")
        self.assertIn("no finding in 8 schedules a case\n", output)

    def test_a_single_schedule_is_not_called_twenty(self) -> None:
        self.doctest_program("ch01", GREEN)
        with mock.patch.dict(os.environ, {"TUTORIAL_SEED": "7"}):
            self.assertIn("green on the emulator: no finding in the schedule of seed 7\n", self.check()[1])
        self.assertIsNone(verdicts.recall(self.project, _FIRST, self.project.kernel(_FIRST)), "one is no verdict")

    def test_red_shows_the_first_reason_and_the_next_todo(self) -> None:
        body = "int a;\n  // TODO 1.2: from here to there (about 2 lines)\n  TODO(1.2);\n"
        write(self.project.kernel(_FIRST), skeleton(body))
        self.doctest_program("ch01", _RED, code=1)
        code, output = self.check()
        self.assertEqual(code, 1)
        self.assertIn("2 of 5 green; first red: 1.2 todo\n", output)
        place = "chapters/01_baseline/kernel.cu:3"
        self.assertTrue(output.endswith(f"next: TODO 1.2 at {place}: from here to there (about 2 lines)\n"))
        self.assertIn(
            "    TODO 1.2 is not done yet\n       chapters/01_baseline/kernel.cu:31   TODO(1.2);\n", output
        )
        self.assertRegex(output, r"\n  red    1\.3.*   \[swapped-xy\]\n  red    1\.4", "later reds: one line")

    def test_long_sentences_are_wrapped_and_quoted_source_is_cut_off(self) -> None:
        quote = "   kernel.cu:61   sum += " + "x" * 120
        message = f"{'many words ' * 20}\n{quote}\n{'line' * 5}"
        self.doctest_program("ch01", red("1.1 c", message), code=1)
        code, output = self.check()
        self.assertEqual(code, 1)
        self.assertIn(f"\n    {quote[:95]}…\n", output)
        self.assertEqual(max(len(line) for line in output.splitlines()), 100)
        self.assertTrue(output.endswith("first red: 1.1 c\nlook at chapters/01_baseline/kernel.cu\n"), output)

    def test_of_a_long_finding_the_middle_is_left_out_and_never_its_rule_and_its_schedule(self) -> None:
        begin = ["error[deadlock]: nobody can go on", "   kernel.cu:61   mbarrier_wait_parity(full[0], 0);"]
        end = ["   rule: somebody must arrive", "   replay: ./lab check 1 --replay build/replay/deadlock-00001"]
        for details, left_out in ((9, 0), (10, 2), (40, 32)):
            message = "\n".join([*begin, *(f"   detail {i}" for i in range(details)), *end])
            self.doctest_program("ch01", red("1.1 c", message, "another\nof two lines"), code=1)
            lines = [line.removeprefix(" " * 4) for line in self.check()[1].splitlines()]
            shown = lines[lines.index("  red    1.1 c") : lines.index("0 of 1 green; first red: 1.1 c")]
            self.assertEqual(len(shown), 15, shown)
            self.assertEqual((shown[1:3], shown[-3:]), (begin, [*end, "… 2 more lines"]))
            self.assertEqual(f"   … {left_out} lines left out" in shown, left_out > 0, shown)

    def test_of_several_messages_each_line_is_shown_or_counted(self) -> None:
        for lines, last in ((12, "second 12"), (13, "second 13"), (14, "… 2 more lines"), (40, "… 28 more lines")):
            second = "\n".join(f"second {number}" for number in range(1, lines + 1))
            self.doctest_program("ch01", red("1.1 c", "first", second), code=1)
            shown = self.check()[1].partition("  red ")[2].partition("\n0 of 1 green")[0].splitlines()
            self.assertEqual((len(shown), shown[-1].strip()), (min(lines + 2, 15), last))

    def test_where_no_todo_is_to_blame_it_says_the_line_that_the_message_names(self) -> None:
        kernel = "chapters/01_baseline/kernel.cu"
        write(self.project.kernel(_FIRST), "a\n  TODO(1.9);\n")
        message = f"error[data-race]: x\n   other.h:3   y;\n   {kernel}:61   z;\n   {kernel}:7   z;"
        self.doctest_program("ch01", red("1.1 c", message), code=1)
        self.assertTrue(self.check()[1].endswith(f"\nlook at {kernel}:61\n"))

    def test_of_a_read_that_came_too_early_it_says_the_line_of_the_wait(self) -> None:
        kernel = "chapters/01_baseline/kernel.cu"
        write(self.project.kernel(_FIRST), "a\n")
        quoted = f"   {kernel}:254   cp_async_wait_group<1>();"
        told = "   the last wait for `full[0]` (kernel.cu:147) was for parity 0"
        for name, line, at in (
            ("read-in-flight", quoted, 254),
            ("read-in-flight", told, 147),
            ("read-in-flight", "   no word of it", 61),
            ("deadlock", quoted, 61),
        ):
            self.doctest_program("ch01", red("1.1 c", f"error[{name}]: x\n   {kernel}:61   z;\n{line}"), code=1)
            self.assertTrue(self.check()[1].endswith(f"\nlook at {kernel}:{at}\n"), (name, line))

    def test_next_is_the_first_open_todo_not_the_one_that_was_met_first(self) -> None:
        write(self.project.kernel(_FIRST), "  // TODO 1.1: begin (1 line)\n  TODO(1.1);\n  TODO(1.2);\n")
        self.doctest_program("ch01", _RED, code=1)
        output = self.check()[1]
        self.assertIn("TODO 1.2 is not done yet", output)
        self.assertTrue(output.endswith("\nnext: TODO 1.1 at chapters/01_baseline/kernel.cu:1: begin (1 line)\n"))

    def test_a_crash_is_one_sentence_and_never_green(self) -> None:
        self.doctest_program("ch01", _CUT, then="kill -SEGV $$")
        code, output = self.check()
        self.assertEqual(code, 1)
        self.assertIn("the program crashed in “1.2 ends here”: SIGSEGV, Segmentation fault; the cases after", output)

    def test_a_program_that_says_too_little_is_never_green(self) -> None:
        for report, exit_code in (("", 0), ("", 1), (_CUT, 0), (GREEN, 3), (_RED, 0)):
            self.doctest_program("ch01", report, exit_code)
            self.assertEqual(self.check()[0], 1, (report, exit_code))
        self.assertIn("the program ended with exit code 0 although a case is red.\n", self.check()[1])

    def test_the_gpu_comes_after_a_green_emulator_and_can_be_red(self) -> None:
        self.with_gpu()
        self.doctest_program("ch01", GREEN)
        self.doctest_program("ch01", _RED, code=1, preset="cuda")
        code, output = self.check()
        self.assertEqual(code, 1)
        self.assertIn("01_baseline on NVIDIA H200", output)
        self.doctest_program("ch01", _RED, code=1)
        code, output = self.check()
        self.assertIn("NVIDIA H200 gets its turn when the emulator is green.", output)
        self.assertNotIn("01_baseline on NVIDIA H200", output)

    def test_a_program_that_skips_itself_on_the_gpu_leaves_the_emulators_verdict(self) -> None:
        self.with_gpu()
        self.doctest_program("ch01", GREEN)
        self.program("ch01", "echo 'skipped: it is busy'; exit 77", preset="cuda")
        code, output = self.check()
        self.assertEqual(code, 0)
        self.assertIn("NVIDIA H200: skipped: it is busy\n", output)

    def test_a_given_kernel_is_judged_instead_of_the_readers(self) -> None:
        other = self.project.root / "other.cu"
        write(other, "int other;\n")
        self.doctest_program("ch01_given", GREEN)
        with printed() as output:
            self.assertEqual(check.check(self.project, _FIRST, other), 0)
        self.assertIn("01_baseline on the emulator: other.cu", output.getvalue())
        self.assertIn("int other;", self.project.given("emulator", _FIRST).read_text())

    def test_a_failed_build_shows_the_error_and_keeps_the_log(self) -> None:
        self.tool("cmake", "echo 'kernel.cu:3:1: error: no such thing'; exit 1")
        with printed() as output, self.assertRaisesRegex(Complaint, "ch01 .emulator. does not compile"):
            check.check(self.project, _FIRST, None)
        self.assertIn("kernel.cu:3:1: error: no such thing\n", output.getvalue())
        self.assertTrue((self.project.root / "build/lab/emulator.log").exists())


class Recorded(FakeCheckout):
    """A verdict is judged once, and then read."""

    def setUp(self) -> None:
        super().setUp()
        write(self.project.kernel(_FIRST), "solved")
        write(self.project.root / "common/gpu/mbarrier.h", "a header\n")
        write(self.project.root / "common/gpu/tests/test.cpp", "its test\n")
        self.program_says(GREEN)

    def program_says(self, report: str, code: int = 0, then: str = "") -> None:
        for name in ("ch01", "ch01_given"):
            self.doctest_program(name, report, code, then=f"echo run >> runs\n{then}")

    def check(self, kernel: Path | None = None, again: bool = False) -> tuple[int, str]:
        with printed() as output:
            code = check.check(self.project, _FIRST, kernel, again=again)
        return code, output.getvalue()

    def runs(self) -> int:
        """How often a test program has run since this was asked last."""
        log = self.project.root / "runs"
        number = len(log.read_text().splitlines()) if log.exists() else 0
        log.unlink(missing_ok=True)
        return number

    def test_what_has_not_changed_is_answered_from_the_record_and_says_so(self) -> None:
        for report, code in ((GREEN, 0), (_RED, 1)):
            self.program_says(report, code)
            first = self.check(again=True)
            self.assertEqual((first[0], self.runs()), (code, 1))
            second = self.check()
            self.assertEqual((second[0], self.runs()), (code, 0))
            said = "This is the recorded verdict: nothing has changed since. To judge again: ./lab check 1 --again\n"
            judged = first[1].partition("\n")[2]  # behind the progress
            self.assertEqual(second[1], judged + said, "the whole report, with the reasons")

    def test_whatever_a_verdict_depends_on_makes_it_judged_again(self) -> None:
        root = self.project.root
        self.check()
        for path, counts in (
            (self.project.kernel(_FIRST), True),
            (self.project.tests(_FIRST), True),
            (self.project.tests(_SECOND), False),
            (root / "common/gpu/mbarrier.h", True),
            (root / "common/gpu/new.cpp", True),
            (root / "common/cmake/Chapter.cmake", True),
            (root / "CMakeLists.txt", True),
            (root / "CMakePresets.json", True),
            (root / "common/gpu/tests/test.cpp", False),
            (root / "common/lab/tool.py", False),
            (root / "common/bench/bench.h", False),
        ):
            self.runs()
            write(path, f"changed {path}")
            self.check()
            self.assertEqual(self.runs(), int(counts), path)
        for variables in ({"TUTORIAL_SCHEDULES": "200"}, {"TUTORIAL_SEED": "7"}):
            with mock.patch.dict(os.environ, variables):
                self.check()
            self.assertEqual(self.runs(), 1, variables)
        self.with_gpu()
        self.doctest_program("ch01", GREEN, preset="cuda")
        self.assertIn("01_baseline on NVIDIA H200", self.check()[1], "a GPU that has not had its turn")
        self.runs()
        code, output = self.check()
        self.assertEqual((code, self.runs()), (0, 0))
        self.assertRegex(output, "(?s)2 of 2 green on the emulator: .*\n2 of 2 green on NVIDIA H200\n")

    def test_the_same_kernel_under_another_name_has_a_verdict_of_its_own(self) -> None:
        other = self.project.root / "other.cu"
        write(other, "solved")
        self.check()
        self.assertIn("emulator: other.cu\n", self.check(other)[1])
        self.assertEqual(self.runs(), 2)
        self.assertIn("To judge again: ./lab check 1 --kernel ", self.check(other)[1])
        self.assertEqual(self.runs(), 0)

    def test_a_program_that_crashed_is_run_again(self) -> None:
        self.program_says(_CUT, then="kill -SEGV $$")
        for _ in range(2):
            self.assertEqual(self.check()[0], 1)
            self.assertEqual(self.runs(), 1)

    def test_a_file_that_changed_while_it_was_judged_has_no_verdict(self) -> None:
        kernel = self.project.kernel(_FIRST)
        self.program_says(GREEN, then=f'echo edited > "{kernel}"')
        self.check()
        self.assertEqual(standing.state(self.project, _FIRST), ("edited", "not checked since"))
        write(kernel, "solved")
        self.assertEqual(standing.state(self.project, _FIRST), ("edited", "not checked since"))

    def test_of_many_edits_the_newest_verdicts_are_kept(self) -> None:
        for edit in range(25):
            write(self.project.kernel(_FIRST), f"edit {edit}")
            self.check()
        self.runs()
        for edit, runs in ((24, 0), (5, 0), (4, 1)):
            write(self.project.kernel(_FIRST), f"edit {edit}")
            self.check()
            self.assertEqual(self.runs(), runs, edit)

    def test_where_nothing_can_be_remembered_the_verdict_is_still_given(self) -> None:
        write(self.project.root / "build/lab", "a file where the folder belongs")
        with mock.patch("sys.stderr", io.StringIO()) as errors:
            self.assertEqual(self.check()[0], 0)
        said = errors.getvalue()
        self.assertRegex(said, r"^lab: this is not remembered: .*/01_baseline.json cannot be written .+\n$")


class Replay(FakeCheckout):
    def replay(self, file: Path, kernel: Path | None = None) -> tuple[int, str]:
        with printed() as output:
            code = check.check(self.project, _FIRST, kernel, file)
        return code, output.getvalue()

    def schedule(self, name: str) -> Path:
        path = self.project.replays / name
        write(path, "phase-by-phase schedule, version 1\nfinding data-race\n")
        return path

    def test_a_check_tells_the_emulator_its_command_and_where_schedules_go(self) -> None:
        words = "echo \"$TUTORIAL_COMMAND | $TUTORIAL_REPLAY_FOLDER | $TUTORIAL_REPLAY\" > said"
        kernel = self.project.root / "a kernel.cu"
        write(kernel, "int x;\n")
        self.doctest_program("ch01", GREEN, then=words)
        self.doctest_program("ch01_given", GREEN, then=words)
        for given, option in ((None, ""), (kernel, f" --kernel '{kernel}'")):
            with printed(), mock.patch.dict(os.environ, {"TUTORIAL_REPLAY": "left over"}):
                check.check(self.project, _FIRST, given)
            said = (self.project.root / "said").read_text()
            self.assertEqual(said, f"./lab check 1{option} | build/replay | \n", "relative to where the program runs")

    def test_only_the_given_schedule_is_run_and_the_gpu_left_out(self) -> None:
        self.with_gpu()
        self.doctest_program("ch01", GREEN, then='echo "$TUTORIAL_REPLAY" > said')
        code, output = self.replay(self.schedule("data-race-00001"))
        self.assertEqual(code, 0)
        self.assertEqual((self.project.root / "said").read_text(), "build/replay/data-race-00001\n")
        self.assertRegex(output, "on the emulator: no finding in the schedule of .*build/replay/data-race-00001\n$")
        self.assertIsNone(verdicts.recall(self.project, _FIRST, self.project.kernel(_FIRST)), "one is no verdict")
        self.doctest_program("ch01", _RED, code=1)
        self.assertEqual(self.replay(self.schedule("data-race-00001"))[0], 1)

    def test_a_schedule_that_no_launch_fits_is_not_green(self) -> None:
        sentence = "no launch here has the shape of the schedule in data-race-00001."
        self.doctest_program("ch01", GREEN, then=f"echo '{sentence}'")
        with self.assertRaisesRegex(Complaint, f"^{sentence}$"):
            self.replay(self.schedule("data-race-00001"))

    def test_what_is_no_schedule_is_one_sentence(self) -> None:
        path = self.schedule("data-race-00001")
        replays.read(path)
        for text in ("", "phase-by-phase schedule, version 12\n", "\xff"):
            path.write_bytes(text.encode("latin-1"))
            with self.assertRaisesRegex(Complaint, "is not a schedule that this emulator wrote") as raised:
                replays.read(path)
            self.assertEqual(raised.exception.code, 2)
        self.assertIn('"phase-by-phase schedule, version 1"', (REAL_ROOT / "common/emulator/replay.cpp").read_text())

    def test_the_newest_schedules_are_kept_and_a_replay_deletes_none(self) -> None:
        self.doctest_program("ch01", GREEN)
        files = [self.schedule(f"data-race-{number:05}") for number in range(25)]
        for age, file in enumerate(files):
            os.utime(file, (1_000_000 - age, 1_000_000 - age))
        self.replay(files[-1])
        self.assertEqual(len(list(self.project.replays.iterdir())), 25)
        with printed():
            check.check(self.project, _FIRST, None)
        self.assertEqual(sorted(self.project.replays.iterdir()), files[:20])


class Standing(FakeCheckout):
    def states(self) -> list[tuple[str, str]]:
        return [standing.state(self.project, chapter) for chapter in CHAPTERS]

    def next_step(self) -> str:
        words = {chapter: standing.state(self.project, chapter)[0] for chapter in CHAPTERS}
        return standing.next_step(self.project, CHAPTERS, words)

    def test_states_come_from_files_and_verdicts(self) -> None:
        self.assertEqual(self.states(), [("untouched", "")] * 2)
        self.assertRegex(self.next_step(), "^read chapters/01_baseline/README.md, .*check 1$")
        kernel = self.project.kernel(_FIRST)
        write(kernel, "solved")
        self.assertEqual(self.states()[0], ("edited", "not checked since"))
        self.assertRegex(self.next_step(), "^./lab check 1 ")
        self.doctest_program("ch01", _RED, code=1)
        with printed():
            check.check(self.project, _FIRST, None)
        self.assertEqual(self.states()[0], ("edited", "2 of 5 green; first red: 1.2 todo"))
        self.doctest_program("ch01", GREEN)
        with printed():
            check.check(self.project, _FIRST, None, again=True)
        self.assertEqual(self.states()[0], ("green", "on the emulator"))
        self.assertRegex(self.next_step(), "^read chapters/02_next")

    def test_next_is_the_chapter_that_was_edited_last_and_its_first_open_todo(self) -> None:
        write(self.project.kernel(_FIRST), "edited")
        write(self.project.kernel(_SECOND), "int a;\n  // TODO 2.1: say what (1 line)\n  TODO(2.1);\n")
        kernel = "chapters/02_next/kernel.cu"
        second = f"TODO 2.1 at {kernel}:2\n      ./lab hint 2 helps, "
        for newer, older, words in ((_FIRST, _SECOND, "./lab check 1 "), (_SECOND, _FIRST, second)):
            os.utime(self.project.kernel(newer))
            os.utime(self.project.kernel(older), (1_000_000, 1_000_000))
            self.assertTrue(self.next_step().startswith(words), self.next_step())

    def test_next_is_the_chapter_behind_the_last_green_one(self) -> None:
        for states, words in (
            (("untouched", "green"), "read chapters/01_baseline/README.md, "),
            (("green", "untouched"), "read chapters/02_next/README.md, "),
            (("green", "missing"), "./lab reset 2 "),
            (("green", "green"), "everything is green; ./lab compare 2 "),
        ):
            step = standing.next_step(self.project, CHAPTERS, dict(zip(CHAPTERS, states, strict=True)))
            self.assertTrue(step.startswith(words), step)

    def test_progress_counts_the_todos_in_the_files(self) -> None:
        write(self.project.solution(_FIRST.name), "".join(f"// >>> 1.{n} x\n// <<< 1.{n}\n" for n in (1, 2, 3)))
        write(self.project.kernel(_FIRST), "  TODO(1.2);\n  TODO(1.2);\n  TODO(1.9);\n")
        self.doctest_program("ch01", _RED, code=1)
        with printed():
            check.check(self.project, _FIRST, None)
        with printed() as output:
            progress.progress(self.project, CHAPTERS)
        first, second, _, following, *_ = output.getvalue().splitlines()
        self.assertRegex(first, r"^01_baseline +2 of 3 TODOs done +edited: 2 of 5 green; first red: 1\.2 todo$")
        self.assertRegex(second, r"^02_next +1 of 1 TODOs done +untouched$")  # its skeleton is that of 01
        self.assertEqual(following, "next: TODO 1.2 at chapters/01_baseline/kernel.cu:1")

    def test_a_verdict_holds_for_this_file_and_these_tests_only(self) -> None:
        kernel = self.project.kernel(_FIRST)
        write(kernel, "solved")
        self.doctest_program("ch01", GREEN)
        with printed():
            check.check(self.project, _FIRST, None)
        write(kernel, "changed")
        self.assertEqual(self.states()[0][0], "edited")
        write(kernel, "solved")
        self.assertEqual(self.states()[0], ("green", "on the emulator"), "changed back: the verdict holds again")
        write(self.project.tests(_FIRST), "stricter tests\n")
        since = "on the emulator; the tests have changed since: ./lab check 1"
        self.assertEqual(self.states()[0], ("green", since), "what was green before a `git pull` is not lost by it")

    def test_a_damaged_memory_is_no_verdict(self) -> None:
        write(self.project.kernel(_FIRST), "solved")
        path = "chapters/01_baseline/kernel.cu"
        entry = {"sources": "", "explored": "", "outcomes": {}}
        entries = {path: {verdicts.hash_of(self.project.kernel(_FIRST)): entry}}
        for text in ("{ half", "[]", "{}", json.dumps(entries), json.dumps(entries).replace("outcomes", "machines")):
            write(self.project.verdicts(_FIRST), text)
            self.assertEqual(self.states()[0], ("edited", "not checked since"))


class Measured(FakeCheckout):
    def benchmark(self, name: str, preset: str = "emulator", **counters: float) -> None:
        rows = [row("yours", 2.0, counters=counters), row("reference", 3.0, counters=counters)]
        write(self.project.root / "bench.json", document(*rows, gpu="NVIDIA H200", driver="580", cuda="13.0"))
        script = (
            f'echo "$@" > "{self.project.root}/words"; cat "{self.project.root}/bench.json" > "${{1#--benchmark_out=}}"'
        )
        self.program(name, script, preset)

    def test_compare_refuses_a_red_kernel(self) -> None:
        self.doctest_program("ch01", _RED, code=1)
        with printed() as output, self.assertRaisesRegex(Complaint, "only kernels that are green"):
            compare.compare(self.project, _FIRST, None)
        self.assertIn("first red: 1.2 todo", output.getvalue())

    def test_compare_counts_on_the_emulator_and_measures_on_a_gpu(self) -> None:
        self.doctest_program("ch01", GREEN)
        self.benchmark("ch01_compare", global_loads=10)
        with printed() as output:
            compare.compare(self.project, _FIRST, None)
        self.assertIn("on the emulator: counts, not times\n", output.getvalue())
        self.with_gpu()
        self.doctest_program("ch01", GREEN, preset="cuda")
        self.benchmark("ch01_compare", preset="cuda")
        with printed() as output:
            compare.compare(self.project, _FIRST, None)
        self.assertIn("on NVIDIA H200: median ± noise of 9, in ms\n", output.getvalue())
        words = (self.project.root / "words").read_text()
        self.assertIn("--benchmark_repetitions=9 --benchmark_enable_random_interleaving=true", words)

    def test_run_shows_counts_without_a_gpu_and_refuses_to_record_them(self) -> None:
        self.benchmark("ch01_bench", global_loads=1234567, relative_l2=2.1e-4)
        with printed() as output:
            ladder.run(self.project, [_FIRST], record=False, command="./lab run")
        # And no column of zeros.
        self.assertRegex(output.getvalue(), r"01_baseline +field local +1,234,567 +2\.1e-04\n")
        with self.assertRaisesRegex(Complaint, "--record needs a GPU") as raised:
            ladder.run(self.project, [_FIRST], record=True, command="./lab run --record")
        self.assertEqual(raised.exception.code, 2)

    def test_run_records_on_a_gpu_and_rewrites_the_tables(self) -> None:
        self.with_gpu()
        names = ("points_per_second", "dram_bound_ms", "l1_bound_ms", "issue_bound_ms", "registers", "shared_bytes")
        counters = {name: 0.3 for name in (*names, "blocks_per_sm", "relative_l2")}
        self.benchmark("ch01_bench", preset="cuda", **counters)
        write(self.project.root / "common/cmake/tables.py", "print('tables: called')")
        with printed() as output:
            ladder.run(self.project, [_FIRST], record=True, command="./lab run 1 --record")
        self.assertRegex(output.getvalue(), r"01_baseline +field local +3 ± 0 +0\.3 points +0\.3 ms DRAM +10% ")
        self.assertIn("tables: called", output.getvalue())
        recorded = json.loads((self.project.results / "nvidia-h200.json").read_text())
        self.assertEqual(recorded["chapters"]["01_baseline"]["command"], "./lab run 1 --record")

    def test_run_says_which_chapters_this_gpu_cannot_run(self) -> None:
        self.with_gpu()
        self.tool("nvidia-smi", "echo 'NVIDIA A100, 8.0, 580.1'")
        self.benchmark("ch01_bench", preset="cuda")
        with printed() as output:
            ladder.run(self.project, CHAPTERS, record=False, command="./lab run")
        self.assertIn("02_next needs compute capability 9.0, and NVIDIA A100 has 8.0: not run.\n", output.getvalue())
