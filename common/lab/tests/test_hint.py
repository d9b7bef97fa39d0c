"""hint: the right TODO, the next level, and what a reader sees who has none of it; todos."""

from __future__ import annotations

import io
import unittest
from unittest import mock

from lab import check, hint, todos
from lab.chapters import Chapter
from lab.complaint import Complaint
from lab.project import Project
from lab.tests.fake import CHAPTERS, GREEN, REAL_ROOT, FakeCheckout, printed, skeleton, write

_FIRST = CHAPTERS[0]
_HINTS = """# Hints for chapter 01

## 1.1 Begin

<details><summary>A question</summary>

Where does `x
+ 1` begin? And *why*?

A second paragraph.

</details>
<details><summary>The rule</summary>

At 0.

</details>
<details><summary>The line, with a hole</summary>

```cpp
if (x) {
  int x = ______;
}
```

</details>

## 1.2 End

<details><summary>A question</summary>

Where does it end?

</details>

## 1.3 Nothing yet
"""
_RED_IN_1_2 = """<doctest><TestSuite>
<TestCase name="1.1 good"><OverallResultsAsserts test_case_success="true"/></TestCase>
<TestCase name="1.2 bad"><Message type="ERROR"><Text>wrong</Text></Message>
<OverallResultsAsserts test_case_success="false"/></TestCase></TestSuite></doctest>"""


class Hint(FakeCheckout):
    def setUp(self) -> None:
        super().setUp()
        write(self.project.hints(_FIRST), _HINTS)

    def hint(self, todo: str | None = None, level: str | None = None) -> str:
        with printed() as output:
            self.assertEqual(hint.hint(self.project, _FIRST, todo, level), 0)
        return output.getvalue()

    def complaint(self, todo: str | None = None, level: str | None = None) -> Complaint:
        with printed() as output, self.assertRaises(Complaint) as raised:
            hint.hint(self.project, _FIRST, todo, level)
        self.assertEqual(output.getvalue(), "")
        return raised.exception

    def check(self, report: str, code: int) -> None:
        self.doctest_program("ch01", report, code)
        with printed():
            check.check(self.project, _FIRST, None)

    def test_a_line_never_ends_inside_code(self) -> None:
        self.assertEqual(hint.plain("x" * 95 + " `1 - fx`, and `y`"), ["x" * 95, "`1 - fx`, and `y`"])

    def test_each_call_shows_the_next_level_and_says_how_to_get_more(self) -> None:
        self.assertEqual(
            self.hint(),
            "TODO 1.1: Begin. Hint 1 of 3: a question\n\n"
            "Where does `x + 1` begin? And *why*?\n\nA second paragraph.\n\n"
            "next hint: ./lab hint 1.1 2   (the rule)\n",
        )
        self.assertIn("Hint 2 of 3: the rule\n\nAt 0.\n\nnext hint: ./lab hint 1.1 3   (the line, with", self.hint())
        for _ in range(2):  # the last one again
            self.assertEqual(
                self.hint(),
                "TODO 1.1: Begin. Hint 3 of 3: the line, with a hole\n\n"
                "    if (x) {\n      int x = ______;\n    }\n\n"
                "This was the last one. The whole of it stands in solutions/01_baseline/kernel.cu.\n",
            )

    def test_before_the_last_level_nothing_is_said_of_the_solution(self) -> None:
        self.assertNotIn("solution", self.hint() + self.hint())

    def test_a_level_can_be_named_and_the_next_one_follows_it(self) -> None:
        self.assertIn("Hint 2 of 3", self.hint(level="2"))
        self.assertIn("Hint 3 of 3", self.hint())
        self.assertIn("Hint 1 of 3", self.hint(level="1"))

    def test_it_is_for_the_first_open_todo_and_where_none_is_it_says_which_there_are(self) -> None:
        kernel = self.project.kernel(_FIRST)
        write(kernel, "int x;\n  TODO(1.2);\n")
        self.assertIn("TODO 1.2: End", self.hint())
        write(kernel, "all is written\n  // TODO(1.1);\n")
        self.assertRegex(self.complaint().sentence, "no TODO is open .* not checked as it is: ./lab check 1 says")
        self.check(_RED_IN_1_2, 1)
        choice = self.hint()
        self.assertTrue(choice.startswith("No TODO is open, so a line that is written is wrong."), choice)
        self.assertIn("\n  ./lab hint 1.1   Begin\n  ./lab hint 1.2   End\n", choice)
        self.assertIn("TODO 1.1: Begin", self.hint(todo="1.1"), "a TODO that was named")
        write(kernel, "all is right\n")
        self.check(GREEN, 0)
        self.assertIn("is green, so there is nothing to give a hint for", self.complaint().sentence)
        write(kernel, "it crashes\n")
        self.check("", 3)
        self.assertEqual(self.hint(), choice)
        kernel.unlink()
        self.assertIn("kernel.cu is missing: `./lab reset 1` puts the skeleton there", self.complaint().sentence)

    def test_what_is_not_there_is_one_sentence(self) -> None:
        unknown = self.complaint(todo="1.9")
        self.assertEqual(unknown.code, 2)
        self.assertIn("has no hint for TODO 1.9; there are hints for 1.1, 1.2, 1.3.", unknown.sentence)
        for level in ("0", "4", "x", "²", "-1"):
            wrong = self.complaint(level=level)
            levels = "1 (a question), 2 (the rule), 3 (the line, with a hole)"
            sentence = f"there is no hint {level} for TODO 1.1: its levels are {levels}."
            self.assertEqual((wrong.code, wrong.sentence), (2, sentence))
        self.assertIn("has no hint under its heading 1.3", self.complaint(todo="1.3").sentence)
        write(self.project.hints(_FIRST), "")
        self.assertTrue(self.complaint().sentence.endswith("hints.md has no hint for TODO 1.1."))
        self.project.hints(_FIRST).unlink()
        self.assertIn("`git checkout -- chapters/01_baseline/hints.md` brings", self.complaint().sentence)

    def test_a_lost_memory_is_harmless(self) -> None:
        for text in ("{ half", "[]", '{"1.1": "x"}', '{"1.1": -3}'):
            write(self.project.shown_hints, text)
            self.assertIn("Hint 1 of 3", self.hint(), text)
        write(self.project.shown_hints, '{"1.1": 99}')
        self.assertIn("Hint 3 of 3", self.hint())
        self.project.shown_hints.unlink()
        self.project.shown_hints.parent.rmdir()
        write(self.project.root / "build/lab", "a file where the folder belongs")
        with mock.patch("sys.stderr", io.StringIO()) as errors:
            self.assertIn("next hint: ./lab hint 1.1 2", self.hint())
        self.assertIn("lab: this is not remembered", errors.getvalue())


class Chapters(unittest.TestCase):
    def test_every_todo_of_every_chapter_has_its_three_hints_and_they_fit_a_terminal(self) -> None:
        project = Project(REAL_ROOT)
        folders = sorted(path.name for path in (REAL_ROOT / "solutions").iterdir())
        self.assertGreaterEqual(len(folders), 8)
        for name in folders:
            chapter = Chapter(name[:2], name, "", "", "", "")
            hints = hint.read(project, chapter)
            self.assertEqual(list(hints), todos.numbers(project, chapter))
            for todo, of_todo in hints.items():
                levels = [level for level, _ in of_todo.levels]
                self.assertEqual(levels, ["A question", "The rule", "The line, with a hole"], todo)
                for level, text in of_todo.levels:
                    lines = hint.plain(text)
                    self.assertGreater(len("".join(lines)), 20, (todo, level))
                    self.assertNotRegex("\n".join(lines), r"</?(details|summary)>|```|\]\(")
                    self.assertNotRegex(text, r"(?m)^([*-]|\d+\.) |^\|", "lists and tables are no paragraphs")
                    if level != "The line, with a hole":
                        self.assertLessEqual(max(map(len, lines)), 100, (todo, level))


class Todos(FakeCheckout):
    def test_open_ones_are_found_in_the_order_of_the_file_with_their_headings(self) -> None:
        kernel = self.project.kernel(_FIRST)
        body = "a\n  // TODO 1.2: do this (1 line)\n  TODO(1.2);\nb\n  TODO(1.1);\n// TODO(1.3);\nx = TODO(1.4);\n"
        write(kernel, skeleton(body))
        found = [todos.Open("1.2", 3, "do this (1 line)"), todos.Open("1.1", 6, "")]
        self.assertEqual(todos.open_in(kernel), found)

    def test_a_damaged_reference_is_one_sentence(self) -> None:
        self.assertEqual(todos.numbers(self.project, _FIRST), ["1.1"])
        write(self.project.solution(_FIRST.name), "no marker\n")
        with self.assertRaisesRegex(Complaint, "^solutions/01_baseline/kernel.cu:1: there is no TODO region"):
            todos.numbers(self.project, _FIRST)
        self.project.solution(_FIRST.name).unlink()
        with self.assertRaisesRegex(Complaint, "^solutions/01_baseline/kernel.cu is missing"):
            todos.numbers(self.project, _FIRST)
