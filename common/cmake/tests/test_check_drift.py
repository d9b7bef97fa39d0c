"""check_drift.py: only a solution that changed without a reset is drift; a reader can do nothing that is."""

from __future__ import annotations

import shutil
import subprocess
import unittest

from .support import ENVIRONMENT, ToolTest

SOLUTION = "void f() {\n  // >>> 1.1 read it\n  int x = 3;\n  // <<< 1.1\n  g(x);\n}\n"
READER = "chapters/01_baseline/kernel.cu"
DRIFT = (
    "solutions/01_baseline/kernel.cu changed after chapters/01_baseline/kernel.cu was cut from it: "
    "run ./lab reset 1 and commit."
)


class DriftTest(ToolTest):
    """A folder with a solution and the skeleton that was cut from it, as a fresh clone has it."""

    def setUp(self) -> None:
        super().setUp()
        self.build(SOLUTION)
        self.reset()

    def build(self, solution: str) -> None:
        path = self.write("solutions/01_baseline/kernel.cu", solution)
        self.assert_passes(self.run_tool("skeleton.py", path, "build/kernel.cu", "--chapter", "01_baseline"))

    def reset(self) -> None:
        self.write(READER, (self.folder / "build/kernel.cu").read_text(encoding="utf-8"))

    def check(self, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.run_tool("check_drift.py", "--skeleton", "build/kernel.cu", "--reader", READER, **environment)

    def change_solution(self) -> None:
        self.build(SOLUTION.replace("g(x)", "h(x)"))

    def solve(self, code: str = "int x = 3;") -> None:
        skeleton = (self.folder / READER).read_text(encoding="utf-8")
        self.assertIn("TODO(1.1);", skeleton)
        self.write(READER, skeleton.replace("TODO(1.1);", code))


@unittest.skipUnless(shutil.which("git"), "git is not installed")
class InARepository(DriftTest):
    def setUp(self) -> None:
        super().setUp()
        self.git("init", "--quiet")
        self.commit()

    def git(self, *arguments: str) -> None:
        identity = {f"GIT_{who}_{what}": "someone" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        subprocess.run(["git", *arguments], cwd=self.folder, env={**ENVIRONMENT, **identity}, check=True)

    def commit(self) -> None:
        self.git("add", "solutions", "chapters")
        self.git("commit", "--quiet", "--message", "state")

    def test_an_untouched_clone(self) -> None:
        self.assert_passes(self.check(), "is the current skeleton")
        self.assert_passes(self.check(CI="1"))

    def test_a_reader_who_solved_half_solved_or_broke_the_chapter(self) -> None:
        for code in ("int x = 3;", "int x = 3; TODO(1.1);", "int x = ;"):
            self.git("checkout", "--", READER)
            self.solve(code)
            self.assert_passes(self.check(), "is the current skeleton")

    def test_a_working_file_that_is_empty_or_gone(self) -> None:
        self.write(READER, "")
        self.assert_passes(self.check())
        (self.folder / READER).unlink()
        self.assert_passes(self.check())

    def test_a_reader_who_committed_a_solution(self) -> None:
        self.solve()
        self.commit()
        self.assert_passes(self.check(), "is being worked on; it was started from the current skeleton")

    def test_a_reader_who_committed_and_then_went_on(self) -> None:
        self.solve()
        self.commit()
        self.write(READER, "broken")
        self.assert_passes(self.check(), "is being worked on")

    def test_a_solution_changed_without_a_reset(self) -> None:
        self.change_solution()
        self.commit()
        self.assert_refuses(self.check(), DRIFT)
        self.assert_refuses(self.check(CI="1"), DRIFT)

    def test_a_solution_changed_under_a_committed_attempt(self) -> None:
        self.solve()
        self.change_solution()
        self.commit()
        self.assert_refuses(self.check(), DRIFT)

    def test_a_solution_changed_and_reset_but_not_committed(self) -> None:
        self.change_solution()
        self.reset()
        self.assert_refuses(self.check(), DRIFT)
        self.commit()
        self.assert_passes(self.check())

    def test_a_skeleton_edited_by_hand_is_refused_where_nobody_is_a_reader(self) -> None:
        self.solve()
        self.commit()
        self.assert_refuses(self.check(CI="true"), "the committed skeleton", "was edited by hand", "./lab reset 1")
        self.assert_passes(self.check(CI=""))

    def test_a_stamp_line_whose_words_were_edited_is_refused_where_nobody_is_a_reader(self) -> None:
        self.write(READER, (self.folder / READER).read_text(encoding="utf-8").replace("starts over", "starts again"))
        self.commit()
        self.assert_passes(self.check())
        self.assert_refuses(self.check(CI="1"), "was edited by hand")

    def test_a_file_without_a_stamp_is_a_notice_and_refused_where_nobody_is_a_reader(self) -> None:
        self.write(READER, "my own kernel\n")
        self.commit()
        self.assert_passes(self.check(), "has no stamp in its first line")
        self.assert_refuses(self.check(CI="1"), "has no stamp in its first line")

    def test_a_file_that_head_does_not_have_counts_as_it_lies_there(self) -> None:
        self.git("rm", "--quiet", "--cached", READER)
        self.git("commit", "--quiet", "--message", "gone")
        self.assert_passes(self.check(), "is the current skeleton")
        self.change_solution()
        self.assert_refuses(self.check(), DRIFT)

    def test_the_git_dir_of_a_hook_does_not_matter(self) -> None:
        self.write(READER, "")
        self.assert_passes(self.check(GIT_DIR="/nowhere"), "is the current skeleton")


class WithoutARepository(DriftTest):
    def test_the_file_itself_is_compared(self) -> None:
        self.assert_passes(self.check(), "is the current skeleton")
        self.solve()
        self.assert_passes(self.check(), "is being worked on")
        self.change_solution()
        self.assert_refuses(self.check(), DRIFT)

    def test_git_is_not_installed(self) -> None:
        self.assert_passes(self.check(PATH="/nowhere"), "is the current skeleton")

    def test_no_file_at_all(self) -> None:
        (self.folder / READER).unlink()
        self.assert_refuses(self.check(), "does not exist: run ./lab reset 1 and commit")

    def test_something_else_than_a_skeleton(self) -> None:
        self.write("other.cu", SOLUTION)
        done = self.run_tool("check_drift.py", "--skeleton", "other.cu", "--reader", READER)
        self.assert_refuses(done, "other.cu is no skeleton")
