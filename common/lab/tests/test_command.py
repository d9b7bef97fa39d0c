"""The command as the shell sees it: sentences, exit codes, and the suite's two presets."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from unittest import mock

from lab.tests.fake import CHAPTERS, GREEN, FakeCheckout, write


class RealCommand(FakeCheckout):
    """A checkout with the real command line in it, run as a program of its own."""

    def setUp(self) -> None:
        super().setUp()
        self.copy_of_lab()

    def start(self, *words: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-B", "-m", "lab", *words],
            env=os.environ | {"PYTHONPATH": str(self.project.root / "common")},
            cwd=self.tools,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def lab(self, *words: str) -> tuple[int, str, str]:
        process = self.start(*words)
        out, err = process.communicate(timeout=30)
        return process.returncode, out, err


class Command(RealCommand):
    def test_a_wrong_command_is_one_sentence_and_exit_code_2(self) -> None:
        for words, sentence in (
            ("chekc 1", "no verb chekc; did you mean check?"),
            ("frobnicate", "The verbs are run, test, check"),
            ("check", "check needs a chapter, like ./lab check 1. The chapters are 1 (01_baseline), 2 (02_next)."),
            ("check 9", "no chapter 9. The chapters are 1 (01_baseline), 2 (02_next)."),
            ("check 02_nxet", "no chapter 02_nxet; did you mean 02_next?"),
            ("check ²", "no chapter ²."),
            ("check 1 2", "one chapter, and you wrote 1 and 2"),
            ("check 1 --kernal=x", "no option --kernal=x; did you mean --kernel?"),
            ("check 1 --kernel", "--kernel wants a file: ./lab check N [--kernel FILE] [--replay FILE] [--again]"),
            ("check 1 --kernel nowhere.cu", "there is no file nowhere.cu"),
            ("compare 1 --kernel .", ". is a directory"),
            ("check 1 --replay", "--replay wants a file: ./lab check N [--kernel FILE] [--replay FILE] [--again]"),
            ("check 1 --replay nowhere", "--replay: there is no file nowhere."),
            ("check 1 --replay nvcc", "nvcc is not a schedule that this emulator wrote; a finding's last line names"),
            ("compare 1 --replay nvcc", "compare has no option --replay"),
            ("diff 1 --kernel x", "diff has no option --kernel. It takes none: ./lab diff N"),
            ("test 1", "test takes no chapter, and you wrote 1: ./lab test [--thorough]"),
            ("run --record", "--record needs a GPU"),
            ("hint", "hint needs a chapter, like ./lab hint 1."),
            ("hint 9.1", "there is no chapter 9."),
            ("hint 1. 2", "there is no chapter 1."),
            ("hint 1 2 3", "one chapter and one LEVEL, and you wrote 1 and 2 and 3: ./lab hint N [LEVEL]"),
            ("bug 1 --anwser", "no option --anwser; did you mean --answer? It is written ./lab bug N [--answer]"),
            ("progress 1", "progress takes no chapter, and you wrote 1: ./lab progress"),
            ("list", "there is no verb list"),
        ):
            code, out, err = self.lab(*words.split())
            self.assertEqual((code, out, err.count("\n")), (2, "", 1), f"{words}: {out}{err}")
            self.assertIn(sentence, err)

    def test_the_number_of_a_chapter_can_be_written_in_three_ways(self) -> None:
        self.doctest_program("ch02", GREEN)
        for number in ("2", "02", "02_next"):
            code, out, err = self.lab("check", number)
            self.assertEqual(code, 0, out + err)
            self.assertIn("02_next on the emulator", out)

    def test_a_todo_can_be_named_with_its_chapter(self) -> None:
        hints = "## 1.1 Begin\n<details><summary>A question</summary>\nwhy – so?\n</details>\n"
        write(self.project.hints(CHAPTERS[0]), hints)
        for number in ("1", "01", "01_baseline", "1.1", "01.1", "1.01"):
            code, out, err = self.lab("hint", number)
            self.assertEqual((code, err), (0, ""), number)
            self.assertTrue(out.startswith("TODO 1.1: Begin. Hint 1 of 1: a question\n"), out)
        with mock.patch.dict(os.environ, {"PYTHONIOENCODING": "ascii"}):
            self.assertIn("\nwhy ? so?\n", self.lab("hint", "1")[1], "a terminal without UTF-8")
        self.assertEqual(self.lab("hint", "1.2")[0], 2)

    def test_a_file_that_cannot_be_read_is_one_sentence(self) -> None:
        kernel = self.project.kernel(CHAPTERS[0])
        kernel.unlink()
        kernel.mkdir()
        write(self.project.hints(CHAPTERS[0]), "")
        for words in ("check 1", "hint 1", "progress", "watch 1"):
            code, _, err = self.lab(*words.split())
            self.assertEqual((code, err.count("\n")), (1, 1), f"{words}: {err}")
            self.assertIn("01_baseline/kernel.cu cannot be used: Is a directory.", err)

    def test_plain_progress_and_help_succeed_and_touch_nothing(self) -> None:
        before = sorted(self.project.root.rglob("*"))
        self.assertIn("next: read chapters/01_baseline/README.md", self.lab()[1])
        self.assertRegex(self.lab()[1], r"(?m)^02_next +A box per point +untouched$")
        self.assertRegex(self.lab("progress")[1], r"(?m)^01_baseline +0 of 1 TODOs done +untouched$")
        for words in (("help",), ("--help",), ("check", "-h")):
            code, out, err = self.lab(*words)
            self.assertEqual((code, err), (0, ""))
            self.assertLessEqual(max(map(len, out.splitlines())), 100)
            self.assertIn("./lab check N [--kernel FILE] [--replay FILE] [--again]", out)
        self.assertEqual(sorted(self.project.root.rglob("*")), before)

    def test_doctor_says_what_is_missing_and_what_runs_where(self) -> None:
        code, out, _ = self.lab("doctor")
        self.assertEqual(code, 0)
        self.assertRegex(out, r"(?m)^02_next +runs +needs 9\.0; no usable nvcc here$")
        os.environ["LAB_MISSING"] = "ninja, Boost.Context"
        code, out, _ = self.lab("doctor")
        self.assertEqual(code, 1)
        self.assertIn("doctest found, Google Benchmark found, Boost.Context missing\n", out)
        self.assertIn("missing: ninja, Boost.Context\n", out)
        self.assertIn("some tools are missing: ninja, Boost.Context.\nnext: ./lab run", self.lab()[1])

    def test_an_old_configuration_is_made_again_and_a_fresh_one_is_not(self) -> None:
        log = self.project.root / "cmake.log"
        self.tool("cmake", f'echo "$@" >> "{log}"')
        self.lab("progress")
        self.assertFalse(log.exists())
        write(self.project.root / "common/cmake/Chapter.cmake", "")
        later = time.time() + 10
        os.utime(self.project.root / "common/cmake/Chapter.cmake", (later, later))
        self.lab("progress")
        self.assertEqual(log.read_text(), "--preset emulator\n")

    def test_ctrl_c_ends_with_130_and_leaves_nothing_running(self) -> None:
        started, ended = self.project.root / "started", self.project.root / "ended"
        # `wait`, because a shell runs its trap at once there, and only after a program that it runs in front.
        self.tool("cmake", f'trap \'touch "{ended}"; exit\' TERM; sleep 30 & touch "{started}"; wait')
        process = self.start("check", "1")
        while not started.exists():
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=10)
        self.assertEqual(process.returncode, 130)
        self.assertEqual(err, "\nlab: interrupted.\n")
        self.assertTrue(ended.exists())


class Suite(RealCommand):
    def setUp(self) -> None:
        super().setUp()
        self.log = self.project.root / "log"
        self.tool("cmake", f'echo "cmake $@" >> "{self.log}"')
        self.tool("ctest", f'echo "ctest $@ $TUTORIAL_SCHEDULES" >> "{self.log}"; echo "100% tests passed out of 3"')

    def run_suite(self, *options: str) -> tuple[int, str, list[str]]:
        """Exit code and output of `./lab test`, and how it called cmake and ctest."""
        self.log.unlink(missing_ok=True)
        code, out, err = self.lab("test", *options)
        return code, out + err, self.log.read_text().splitlines()

    def test_the_readers_kernels_are_no_part_of_it_and_ctests_summary_is_shown(self) -> None:
        code, output, log = self.run_suite()
        self.assertEqual(code, 0)
        self.assertIn("100% tests passed out of 3\n", output)
        self.assertEqual([line.split()[0] for line in log], ["cmake", "ctest"])
        self.assertRegex(log[1], r"-LE \^ch\[0-9\]\[0-9\]\$ --parallel \d+ --output-on-failure --no-tests=error 200$")

    def test_thorough_explores_more(self) -> None:
        self.assertTrue(self.run_suite("--thorough")[2][1].endswith(" 10000"))
        os.environ["TUTORIAL_SCHEDULES"] = "7"
        self.assertTrue(self.run_suite()[2][1].endswith(" 7"))

    def test_with_nvcc_both_presets_are_tested_and_one_red_one_is_enough(self) -> None:
        self.with_gpu()
        code, output, log = self.run_suite()
        self.assertEqual((code, len(log)), (0, 4), output)
        self.tool("ctest", f'echo "ctest $@" >> "{self.log}"; case "$@" in *emulator*) exit 8;; esac')
        code, output, log = self.run_suite()
        self.assertEqual((code, len(log)), (1, 4), "the second preset is tested although the first is red")
        self.assertIn("lab: red: the tests of emulator; see above.", output)

    def test_a_readers_deleted_file_is_put_back_by_configuring(self) -> None:
        self.project.kernel(CHAPTERS[0]).unlink()
        self.assertEqual([line.split()[1] for line in self.run_suite()[2]], ["--preset", "--build", "--test-dir"])

    def test_a_failed_build_is_red(self) -> None:
        self.tool("cmake", f'echo "cmake $@" >> "{self.log}"; echo "x: error: y"; exit 1')
        code, output, log = self.run_suite()
        self.assertEqual((code, len(log)), (1, 1))
        self.assertIn("x: error: y", output)
