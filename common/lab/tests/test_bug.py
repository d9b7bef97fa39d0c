"""bug: each broken kernel once before one comes again, without its name, and nobody's file lost."""

from __future__ import annotations

import re
import unittest
from pathlib import Path

import bugs
from lab import bug
from lab.complaint import Complaint
from lab.tests.fake import CHAPTERS, REAL_ROOT, FakeCheckout, printed, write

_FIRST = CHAPTERS[0]
_PAGE = "| bug | question |\n|---|---|\n| `first_bug` | where is `a`? |\n| `second_bug` | who waits? |\n"


class Bug(FakeCheckout):
    def setUp(self) -> None:
        super().setUp()
        write(self.project.page(_FIRST), _PAGE)
        self.names = ["first_bug", "second_bug", "third_bug"]
        for name in self.names:
            header = f"// bug: what {name} does\n// caught by: data-race; on a GPU: timeout\n"
            write(self.broken(name), f"{header}int a;\nint b{len(name)};  // {self.names.index(name)}\nint c01;\n")
        write(self.project.findings / "data-race.md", "")
        self.dealt = self.project.dealt_bug(_FIRST)

    def broken(self, name: str) -> Path:
        return self.project.bugs(_FIRST) / f"{name}.cu"

    def bug(self, answer: bool = False) -> str:
        with printed() as output:
            self.assertEqual(bug.bug(self.project, _FIRST, answer), 0)
        return output.getvalue()

    def deal(self) -> str:
        """Deals one, and returns its name, which only its contents tell."""
        output = self.bug()
        self.assertNotRegex(output, "first_bug|second_bug|third_bug")
        text = self.dealt.read_text()
        self.assertNotIn("// bug:", text)
        self.assertNotIn("caught by", text)
        self.assertIn("./lab check 1 --kernel build/bug/01.cu\n", output)
        name = next(name for name in self.names if self.broken(name).read_text().endswith(text))
        asked = {"first_bug": "where is `a`?", "second_bug": "who waits?"}.get(name, "")
        self.assertEqual(asked in output and "To think about first" in output, bool(asked))
        return name

    def test_all_are_dealt_before_one_comes_again_and_never_one_twice_running(self) -> None:
        orders = set()
        last = ""
        for _ in range(12):
            order = [self.deal() for _ in self.names]
            self.assertEqual(sorted(order), self.names)
            self.assertNotEqual(order[0], last)
            last = order[-1]
            orders.add(tuple(order))
        self.assertGreater(len(orders), 1, "12 times the same order by chance: once in ten million")

    def test_the_readers_own_kernel_is_left_alone(self) -> None:
        before = self.project.kernel(_FIRST).read_bytes()
        self.deal()
        self.assertEqual(self.project.kernel(_FIRST).read_bytes(), before)

    def test_an_edited_one_is_kept_when_the_next_is_dealt(self) -> None:
        for edit in ("mine", "mine, too"):
            self.deal()
            write(self.dealt, edit)
            self.assertIn("which you have edited, is kept as build/bug/01.cu.bak-", self.bug())
        kept = sorted(path.read_text() for path in self.dealt.parent.glob("*.bak-*"))
        self.assertEqual(kept, ["mine", "mine, too"])
        self.project.dealt_bugs.unlink()  # the memory is lost: whose file this is, nobody knows
        self.assertIn("is kept as", self.bug())

    def test_the_answer_tells_name_sentence_finding_and_difference(self) -> None:
        name = self.deal()
        output = self.bug(answer=True)
        self.assertTrue(output.startswith(f"{name}: what {name} does\n"), output)
        self.assertIn("The emulator says data-race; a GPU says timeout.\n", output)
        self.assertIn("The rule: docs/findings/data-race.md\n", output)
        self.assertRegex(output, rf"(?m)^-int b;\n\+int b{len(name)};  // \d$")
        self.assertNotIn(">>>", output)

    def test_what_a_gpu_says_and_where_the_rule_stands(self) -> None:
        for header, sentence in (
            ("nan", "The emulator says nan; a GPU does, too.\nThe rule: docs/findings/rejections.md\n"),
            ("nan or zeros; a GPU may not notice", "The emulator says nan or zeros; a GPU may not notice.\n"),
        ):
            for name in self.names:
                write(self.broken(name), f"// bug: x\n// caught by: {header}\nint a;\n")
            self.bug()
            self.assertIn(sentence, self.bug(answer=True))

    def test_what_is_not_there_is_one_sentence(self) -> None:
        with self.assertRaisesRegex(Complaint, "^no broken kernel of chapter 1 was dealt: ./lab bug 1 does.$"):
            self.bug(answer=True)
        for text in ("{ half", '{"01_baseline": 3}', '{"01_baseline": ["gone"]}'):
            write(self.project.dealt_bugs, text)
            with self.assertRaisesRegex(Complaint, "was dealt"):
                self.bug(answer=True)
        for name in self.names:
            write(self.broken(name), "int a;\n")
        with self.assertRaisesRegex(Complaint, r"_bug\.cu:1: a bug file begins with two lines"):
            self.bug()
        for name in self.names:
            self.broken(name).unlink()
        with self.assertRaisesRegex(Complaint, "chapters/01_baseline/bugs holds no broken kernel"):
            self.bug()

    def test_where_nothing_can_be_written_it_is_one_sentence(self) -> None:
        write(self.project.root / "build/bug", "a file where the folder belongs")
        with self.assertRaisesRegex(Complaint, "build/bug/01.cu cannot be written"):
            self.bug()


class Pages(unittest.TestCase):
    def test_every_bug_of_every_chapter_has_a_question_and_does_not_say_its_name(self) -> None:
        files = sorted((REAL_ROOT / "chapters").glob("*/bugs/*.cu"))
        self.assertGreater(len(files), 50)
        for path in files:
            page = (path.parents[1] / "README.md").read_text(encoding="utf-8")
            self.assertRegex(bug.question(page, path.stem), r"\?", path)
            kernel = bugs.kernel(path.read_text(encoding="utf-8"))
            self.assertIsNone(re.search(rf"\b{path.stem}\b|\bbug\b|caught by", kernel), path)
