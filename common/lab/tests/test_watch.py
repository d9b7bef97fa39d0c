"""watch: what is judged on which save, what the keys do, and how it ends; with a keyboard that plays a script."""

from __future__ import annotations

import os
import pty
import shutil
import signal
import time
import tty
from collections.abc import Callable
from pathlib import Path

from lab import keyboard, standing, verdicts, watch
from lab.tests.fake import CHAPTERS, FakeCheckout, printed, write
from lab.tests.test_command import RealCommand

_FIRST = CHAPTERS[0]
_NAMES = ("1.1 one, with a comma", "1.2 two", "1.3 three")


class Script(keyboard.Keyboard):
    """Keys and edits, one for each look at the keyboard; at its end the key q."""

    def __init__(self, *steps: str | Callable[[], None], there: bool = True) -> None:
        self.there = there
        self._steps = list(steps)

    def wait(self, seconds: float) -> str:
        step = self._steps.pop(0) if self._steps else "q"
        if isinstance(step, str):
            return step
        step()
        return ""


class Watch(FakeCheckout):
    def setUp(self) -> None:
        super().setUp()
        self.kernel = self.project.kernel(_FIRST)
        self.log = self.project.root / "runs"
        # Each case is green whose number stands in the file, and a run says which filter it got.
        self.program(
            "ch01",
            f"""case_of() {{
  grep -q "${{1%% *}}" "{self.kernel}" && green=true || green=false
  echo "<TestCase name='$1'>"
  $green || echo "<Message type='ERROR'><Text>why ${{1%% *}}</Text></Message>"
  echo "<OverallResultsAsserts test_case_success='$green'/></TestCase>"
}}
filter=${{3-all}} report=${{2#--out=}}
echo "$filter" >> "{self.log}"
{{
  echo "<doctest><TestSuite>"
  for name in {' '.join(f"'{name}'" for name in _NAMES)}; do
    case "$filter" in all | *"${{name%% *}}"*) case_of "$name" ;; esac
  done
  echo "</TestSuite></doctest>"
}} > "$report"
! grep -q "success='false'" "$report\"""",
        )
        write(self.kernel, "nothing")

    def save(self, text: str) -> Callable[[], None]:
        return lambda: write(self.kernel, text)

    def watch(self, *steps: str | Callable[[], None], there: bool = True) -> tuple[bool, str, list[str]]:
        """Whether all became green, what was printed, and how the test program was called."""
        self.log.unlink(missing_ok=True)
        with printed() as output:
            green = watch.Watch(self.project, _FIRST, Script(*steps, there=there)).run()
        runs = self.log.read_text().splitlines() if self.log.exists() else []
        return green, output.getvalue(), runs

    def test_a_save_runs_the_first_red_case_alone_and_then_finds_the_next(self) -> None:
        green, output, runs = self.watch(
            self.save("a mistake"), self.save("1.1"), self.save("1.1 1.2 with a mistake"), self.save("1.1 1.2 1.3")
        )
        self.assertTrue(green)
        one, two, three = (f"--test-case={name}".replace(",", "\\,") for name in _NAMES)
        self.assertEqual(runs, ["all", one, one, "all", two, "all", three, "all"])
        self.assertRegex(output, "(?s)why 1.1.*why 1.1.*green on the emulator: 1.1 one, with a comma\n.*why 1.2")
        self.assertTrue(output.endswith("3 of 3 green on the emulator.\nnext: ./lab compare 1\n"), output)
        self.assertEqual(standing.state(self.project, _FIRST), ("green", "on the emulator"), "the verdict is recorded")

    def test_nothing_is_judged_without_a_save_or_twice_for_the_same_text(self) -> None:
        runs = self.watch("", "", self.save("nothing"), "")[2]
        self.assertEqual(runs, ["all"])
        self.assertEqual(self.watch("")[2], [], "the recorded verdict")

    def test_a_single_case_that_is_green_is_no_verdict(self) -> None:
        self.watch(self.save("1.2 1.3"), self.save("1.3"))
        verdict = verdicts.recall(self.project, _FIRST, self.kernel)
        self.assertIsNone(verdict, "only one red case was judged")

    def test_a_case_that_is_red_on_the_gpu_alone_is_run_there(self) -> None:
        self.with_gpu()
        shutil.copytree(self.project.build("emulator") / "bin", self.project.build("cuda") / "bin")
        self.program("ch01", (self.project.build("cuda") / "bin/ch01").read_text().replace("green=false", "green=true"))
        green, output, runs = self.watch(self.save("1.1 1.3"), self.save("1.1 1.2 1.3"))
        self.assertTrue(green)
        one, two = (f"--test-case={name}".replace(",", "\\,") for name in _NAMES[:2])
        self.assertEqual(runs, ["all", "all", one, "all", "all", two, "all", "all"], "everything: on both machines")
        where = "on NVIDIA H200"
        self.assertRegex(output, f"(?s)01_baseline {where}\n.*green {where}: 1.1 .*green {where}: 1.2")
        self.assertIn("3 of 3 green on the emulator and NVIDIA H200.\n", output)

    def test_what_does_not_compile_is_said_and_waited_for(self) -> None:
        def broken() -> None:
            self.tool("cmake", "echo 'kernel.cu:3:1: error: no such thing'; exit 1")
            write(self.kernel, "1.1 1.2 1.3 broken")

        def mended() -> None:
            self.tool("cmake", "exit 0")
            write(self.kernel, "1.1 1.2 1.3")

        green, output, _ = self.watch(broken, mended)
        self.assertTrue(green)
        self.assertRegex(output, r"error: no such thing\nlab: ch01 \(emulator\) does not compile: .*\nwaiting until ")

    def test_a_file_that_is_gone_for_a_moment_is_waited_for(self) -> None:
        green, _, runs = self.watch(self.kernel.unlink, "", self.save("1.1 1.2 1.3"))
        self.assertTrue(green)
        self.assertEqual(len(runs), 3)

    def test_the_keys_give_a_hint_and_a_trace_and_leave(self) -> None:
        write(self.project.hints(_FIRST), "## 1.1 Begin\n<details><summary>A question</summary>\nwhy?\n</details>\n")
        self.program("ch01_trace", "echo 'no trace today'; exit 1")
        green, output, runs = self.watch("h", "t", "x")
        self.assertFalse(green)
        self.assertIn("\n  ./lab hint 1.1   Begin\n", output, "no TODO is open")
        self.assertIn("lab: no trace today.\n", output)
        self.assertEqual(output.count("h hint   t trace   q quit\n"), 3, "again behind each answer")
        self.assertEqual(runs, ["all"])
        write(self.kernel, "  TODO(1.1);\n")
        self.assertIn("TODO 1.1: Begin. Hint 1 of 1: a question\n\nwhy?\n", self.watch("h")[1])
        self.project.hints(_FIRST).unlink()
        self.assertIn("lab: chapters/01_baseline/hints.md is missing", self.watch("h")[1])

    def test_without_a_terminal_no_keys_are_offered(self) -> None:
        self.assertNotIn("quit", self.watch(there=False)[1])


class Keyboard(RealCommand):
    def test_a_key_comes_without_enter_and_the_terminal_is_left_as_it_was(self) -> None:
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        self.addCleanup(os.close, theirs)
        before = tty.tcgetattr(theirs)
        self.program("ch01", "exit 3")
        process = self.start("watch", "1", stdin=theirs)
        self.addCleanup(process.kill)
        assert process.stdout
        while "q quit" not in (line := process.stdout.readline()):
            self.assertTrue(line, "it ended before it offered its keys")
        os.write(ours, b"\x1b[Aq")  # an arrow is several characters, which say nothing here
        out, err = process.communicate(timeout=20)
        self.assertEqual((process.returncode, out, err), (1, "", ""))
        self.assertEqual(tty.tcgetattr(theirs), before)

    def test_ctrl_c_ends_it(self) -> None:
        self.program("ch01", f'touch "{self.project.root}/judged"; exit 3')
        process = self.start("watch", "1")
        while not Path(self.project.root / "judged").exists():
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        self.assertEqual((process.returncode, err), (130, "\nlab: interrupted.\n"), out)
