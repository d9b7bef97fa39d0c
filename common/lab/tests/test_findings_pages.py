"""The pages tell the truth about names and places: every finding and every rejection is explained, no page explains one
that does not exist, and every link and every file that a page mentions is there."""

from __future__ import annotations

import functools
import os
import re
import tempfile
import unittest
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

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
_FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(
    r"""\]\(\s*<?([^()\s<>]+)>?(?:\s+["'][^"']*["'])?\s*\)|^ *\[[^\]]+\]:\s*(\S+)|(?:src|href)=["']([^"']+)""",
    re.MULTILINE,
)
_CODE = re.compile(r"`([^`\n]+)`")
_PLACEHOLDER = re.compile(r"NN|NAME|\bN\b|[<>{}$…]|\.\.\.")


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


def anchors(text: str) -> list[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    seen: Counter[str] = Counter()
    result: list[str] = []
    for heading in re.findall(r"^#{1,6} +(.+?)(?: +#+)?$", _FENCE.sub("", text), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        result.append(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return result


def linked(text: str) -> Iterator[str]:
    """What a page links to."""
    for groups in _LINK.findall(_CODE.sub("", _FENCE.sub("", text))):
        yield next(group for group in groups if group)


def mentioned(text: str) -> Iterator[str]:
    """Words in `code` that may be paths, without the line behind them; none that holds a placeholder."""
    for code in _CODE.findall(_FENCE.sub("", text)):
        if re.fullmatch(r"[\w./*-]+(?::\d+)?", code) and not _PLACEHOLDER.search(code):
            yield code.partition(":")[0]


def is_there(target: Path, root: Path) -> bool:
    """Whether a fresh clone has it: a file, or a folder with something in it (git keeps no empty ones), and no output
    of a build."""
    inside = target.resolve().is_relative_to(root) and not target.resolve().is_relative_to(root / "build")
    return inside and (target.is_file() or (target.is_dir() and any(target.iterdir())))


@functools.cache
def file_names(root: Path) -> frozenset[str]:
    """The names of all files of the project."""
    names: set[str] = set()
    for _, folders, files in os.walk(root):
        folders[:] = [folder for folder in folders if folder not in ("build", ".git")]
        names.update(files)
    return frozenset(names)


def wrong_link(page: Path, link: str, root: Path) -> bool:
    if re.match(r"[a-z]+:", link):
        return False  # another site: looked up by nobody here
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    return not is_there(target, root) or bool(anchor and anchor not in anchors(read(target)))


def wrong_mention(page: Path, word: str, root: Path) -> bool:
    """A word with a slash is a path if its first part is a folder of the project or beside the page. A name alone is a
    file's if it ends like one, and may lie anywhere in the project."""
    word = word.removeprefix("./").rstrip("/")
    first, slash, _ = word.partition("/")
    if not slash:
        return bool(re.search(r"\w\.(md|cu|cpp|h|py|cmake|json|txt)$", word)) and word not in file_names(root)
    homes = [home for home in (root, page.parent) if first not in ("", "build") and (home / first).is_dir()]
    return bool(homes) and not any(is_there(found, root) for home in homes for found in home.glob(word))


def wrong_places(page: Path, root: Path) -> list[str]:
    """The links and mentions of a page that lead nowhere."""
    text = read(page)
    wrong = [link for link in linked(text) if wrong_link(page, link, root)]
    return wrong + [word for word in mentioned(text) if wrong_mention(page, word, root)]


def pages() -> list[Path]:
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("chapters/**/*.md")]


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
        bugs = list(ROOT.glob("chapters/*/bugs/*.cu"))
        self.assertGreater(len(bugs), 4)
        for bug in bugs:
            names = re.sub(r" or |; on a GPU: |; a GPU may not notice", " ", read(bug).splitlines()[1])
            caught = re.findall(r"[a-z-]+", names.partition("caught by:")[2])
            known = findings() | rejections() | {"timeout", "launch-failure"}  # what a GPU says
            self.assertTrue(caught and set(caught) <= known, f"{bug.name}: caught by {caught}")

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
            text = _FENCE.sub("", read(FINDINGS / f"{name}.md"))
            self.assertEqual(re.findall(r"^#.*", text, re.MULTILINE), [f"# {name}", *(f"## {s}" for s in SECTIONS)])
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


class Places(unittest.TestCase):
    def test_every_link_and_every_file_that_a_page_mentions_is_there(self) -> None:
        wrong = {str(page.relative_to(ROOT)): places for page in pages() if (places := wrong_places(page, ROOT))}
        self.assertEqual(wrong, {})

    def test_the_pages_are_found_and_do_have_links_and_mention_files(self) -> None:
        self.assertGreaterEqual(len(pages()), 16)
        self.assertGreater(sum(1 for page in pages() for _ in linked(read(page))), 50)
        self.assertGreater(sum(1 for page in pages() for word in mentioned(read(page)) if "/" in word), 10)

    def test_what_is_there_passes_and_what_is_not_is_named(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder).resolve()
            for name in ("docs/other.md", "common/gpu/half.h", "docs/bugs/one.cu", "build/made.md"):
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text("# One `code` heading!\n```\n# no heading\n```\n## Twice\n## Twice\n")
            (root / "docs/empty").mkdir()
            page = root / "docs/page.md"
            for text in (
                "[a](other.md) [b](other.md#one-code-heading) [c](other.md#twice-1) [d](#here)\n# Here",
                "[a](https://example.com/x.md) ![b](../common/gpu/half.h 'x')" ' <img src="other.md">',
                "`common/gpu/half.h` `common/gpu/half.h:12` `common/gpu/` `bugs/*.cu` `bugs/one.cu` `other.md`",
                "`half.h` `chapters/NN_name/kernel.cu` `docs/results/<gpu>.json`",
                "`x/y` `a / b` `build/emulator` `1/2` `/`",
                "```\n[a](gone.md) `common/gone.h`\n```\n`[a](gone.md)`",
            ):
                page.write_text(text)
                self.assertEqual(wrong_places(page, root), [], text)
            for text, place in (
                ("[a](gone.md)", "gone.md"),
                ("[a][b]\n\n[b]: gone.md", "gone.md"),
                ('<a href="gone.md">', "gone.md"),
                ("[a](other.md#no-heading)", "other.md#no-heading"),
                ("[a](other.md#twice-2)", "other.md#twice-2"),
                ("[a](#here)", "#here"),
                ("[a](empty)", "empty"),
                ("[a](../build/made.md)", "../build/made.md"),
                ("[a](../../etc)", "../../etc"),
                ("`common/gpu/gone.h`", "common/gpu/gone.h"),
                ("`common/gpu/gone.h:3`", "common/gpu/gone.h"),
                ("`bugs/*.cpp`", "bugs/*.cpp"),
                ("`gone.md`", "gone.md"),
                ("`made.md`", "made.md"),
            ):
                page.write_text(text)
                self.assertEqual(wrong_places(page, root), [place], text)


if __name__ == "__main__":
    unittest.main()
