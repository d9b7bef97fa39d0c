"""docs/findings: every finding and every rejection is explained, and no page explains one that does not exist."""

from __future__ import annotations

import re
import unittest
from pathlib import Path

import bugs
from testing import pages

ROOT = Path(__file__).resolve().parents[3]
FINDINGS = ROOT / "docs/findings"
SECTIONS = ["What it means", "The rule", "Example", "How to fix it", "What a GPU does instead"]

_WORD = r'"([a-z]+(?:-[a-z]+)*)"'
# How the sources give a report or a verdict its name: first in braces, by assignment (of one or of two), or as a
# helper's first argument.
_NAMED = re.compile(
    rf"(?:\{{|\bname = |\babout\(|\bnot_finite\(|\bcheck_guard\()\s*{_WORD}\s*[,;]|"
    rf"\bname = \w+ \? {_WORD} : {_WORD};"
)
_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"(?:\s*"(?:[^"\\]|\\.)*")*')


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def named_in(*sources: Path) -> set[str]:
    """The names that C++ sources give to reports or verdicts."""
    return {name for source in sources for names in _NAMED.findall(read(source)) for name in names if name}


def strings_of(source: Path) -> list[str]:
    """The string literals of a C++ source, adjacent ones joined as the compiler joins them."""
    joined = (re.sub(r'"\s*"', "", literal)[1:-1] for literal in _STRINGS.findall(read(source)))
    return [text.replace('\\"', '"') for text in joined]


def findings() -> set[str]:
    return named_in(*(ROOT / "common/emulator").glob("*.cpp"))


def rejections() -> set[str]:
    return named_in(ROOT / "common/judge/judge.cpp", *(ROOT / "common/workloads").glob("*/mistakes.cpp"))


class Explained(unittest.TestCase):
    maxDiff = None

    def rows(self, link: str) -> list[str]:
        return re.findall(rf"^\| \[([a-z-]+)\]\({link}\) \|", read(FINDINGS / "README.md"), re.MULTILINE)

    def test_the_names_are_read_from_the_sources(self) -> None:
        self.assertLessEqual({"out-of-bounds", "data-race", "divergent-barrier", "deadlock", "todo"}, findings())
        self.assertLessEqual({"not-written", "nan", "guard-after", "wrong-elements", "swapped-xy"}, rejections())
        # Tests and bugs of the project expect names, too: none may be unknown.
        expected = set()
        for source in (ROOT / "common").glob("*/tests/*_tests.cpp"):
            expected |= set(re.findall(r'(?:finding|name)\(?\)? == "([a-z-]+)"', read(source)))
            expected |= set(re.findall(r'check_(?:says|always)\([^"]*?"([a-z-]+)",', read(source)))
        self.assertGreater(len(expected), 15)
        own = {"doubled", "outside"}  # hypotheses that the judge's tests make up
        self.assertEqual(expected - own - findings() - rejections(), set())
        broken = list(ROOT.glob("chapters/*/bugs/*.cu"))
        self.assertGreater(len(broken), 4)
        known = findings() | rejections() | {"timeout", "launch-failure"}  # what a GPU says
        for path in broken:
            header = bugs.header(read(path), path)
            self.assertLessEqual({*header.emulator, *header.gpu}, known, path.name)

    def test_each_finding_has_a_page_and_a_row_and_there_are_no_others(self) -> None:
        named = sorted(findings())
        self.assertEqual(sorted(page.stem for page in FINDINGS.glob("*.md")), sorted([*named, "README", "rejections"]))
        self.assertEqual(sorted(self.rows(r"\1\.md")), named)

    def test_each_rejection_has_a_paragraph_and_a_row_and_there_are_no_others(self) -> None:
        named = sorted(rejections())
        headings = re.findall(r"^### (.+)\n\n[^#\n]", read(FINDINGS / "rejections.md"), re.MULTILINE)
        self.assertEqual(sorted(headings), named)
        self.assertEqual(sorted(self.rows(r"rejections\.md#\1")), named)

    def test_each_page_has_the_fixed_sections_in_their_order(self) -> None:
        for name in findings():
            text = read(FINDINGS / f"{name}.md")
            self.assertEqual(pages.headings(text), [(1, name), *((2, section) for section in SECTIONS)])
            self.assertIn("Source: ", text, name)

    def test_the_message_on_each_page_is_of_this_finding_and_has_its_rule_word_for_word(self) -> None:
        texts = [text for source in (ROOT / "common/emulator").glob("*.cpp") for text in strings_of(source)]
        for name in findings():
            message = re.search(r"```text\n(.*?)```", read(FINDINGS / f"{name}.md"), re.DOTALL)
            assert message, f"{name}.md quotes no message"
            headline, *rest = message[1].splitlines()
            self.assertTrue(headline.startswith(f"error[{name}]: "), f"{name}.md: {headline}")
            self.assertTrue(any(len(t) > 14 and t in headline for t in texts), f"{name}.md: nothing says {headline}")
            rules = [line.partition("rule: ")[2] for line in rest if line.startswith("   rule: ")]
            self.assertEqual(len(rules), 0 if name == "todo" else 1, f"{name}.md")
            for rule in rules:
                self.assertIn(rule, texts, f"{name}.md quotes a rule that the emulator does not print")
        annotated = re.findall(r"^   rule: (.+?) +\(\d\)$", read(FINDINGS / "README.md"), re.MULTILINE)
        self.assertEqual(len(annotated), 1)
        self.assertIn(annotated[0], texts, "README.md annotates a rule that the emulator does not print")


if __name__ == "__main__":
    unittest.main()
