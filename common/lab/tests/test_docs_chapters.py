"""A chapter's page has the fixed sections, and its worksheet, its TODOs and its bugs are all there."""

from __future__ import annotations

import re
import unittest
from pathlib import Path

from testing import pages

ROOT = Path(__file__).resolve().parents[3]
SECTIONS = [
    "What you will see",
    "What changed since the last chapter",
    "The idea",
    "Trace it by hand",
    "Your TODOs",
    "Run it",
    "Predict, then measure",
    "Why: the bound",
    "When it does not help, and when it does",
    "Break it",
    "Further reading",
]
WORKSHEET = ("who produces", "who consumes", "who frees")  # what its rows begin with


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


PAGES = {page.parent: read(page) for page in sorted(ROOT.glob("chapters/*/README.md"))}  # of each chapter's folder


def section(text: str, title: str) -> str:
    """What stands below a heading of level 2."""
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def first_cells(text: str) -> list[str]:
    """The first cells of all rows of tables."""
    return re.findall(r"^\| *([^|]*?) *\|", text, re.MULTILINE)


class Chapters(unittest.TestCase):
    def test_the_pages_are_found(self) -> None:
        self.assertGreaterEqual(len(PAGES), 8)

    def test_a_page_has_the_fixed_sections_in_their_order(self) -> None:
        for chapter, page in PAGES.items():
            titles = [title for level, title in pages.headings(page) if level == 2]
            # Behind them a page may end with what concerns more than its chapter: where a part ends, a longer story.
            self.assertEqual(titles[: len(SECTIONS)], SECTIONS, chapter.name)
            for title in SECTIONS:
                self.assertGreater(len(section(page, title).strip()), 20, f"{chapter.name}: {title}")

    def test_a_page_begins_with_a_picture_and_a_number(self) -> None:
        for chapter, page in PAGES.items():
            first = section(page, SECTIONS[0])
            self.assertRegex(first, re.compile(r"^```$|^!\[", re.MULTILINE), chapter.name)
            self.assertIn(f"<!-- table: results {chapter.name} -->", first)

    def test_a_page_has_the_worksheet(self) -> None:
        for chapter, page in PAGES.items():
            rows = first_cells(section(page, "The idea"))
            for question in WORKSHEET:
                self.assertTrue([row for row in rows if row.startswith(question)], f"{chapter.name}: {question}?")

    def test_a_page_lists_the_todos_of_its_skeleton(self) -> None:
        for chapter, page in PAGES.items():
            regions = re.findall(r"// >>> (\d+\.\d+) ", read(ROOT / "solutions" / chapter.name / "kernel.cu"))
            listed = first_cells(section(page, "Your TODOs"))
            self.assertTrue(regions, chapter.name)
            self.assertEqual([cell for cell in listed if re.match(r"\d", cell)], regions, chapter.name)

    def test_a_page_asks_a_question_about_each_bug_and_about_no_other(self) -> None:
        for chapter, page in PAGES.items():
            bugs = sorted(bug.stem for bug in chapter.glob("bugs/*.cu"))
            asked = re.findall(r"^\| `(\w+)` \| \S", section(page, "Break it"), re.MULTILINE)
            self.assertTrue(bugs, chapter.name)
            self.assertEqual(sorted(asked), bugs, chapter.name)


if __name__ == "__main__":
    unittest.main()
