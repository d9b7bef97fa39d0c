"""Every link, every anchor, every line and every file that a page of the project names is there."""

from __future__ import annotations

import functools
import os
import re
import tempfile
import unittest
from pathlib import Path

from testing import pages

ROOT = Path(__file__).resolve().parents[3]


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


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


def is_place(target: Path, anchor: str) -> bool:
    """Whether the file has this place: a heading of a page, or lines, as in `L12` and `L12-L20`."""
    lines = re.fullmatch(r"L(\d+)(?:-L(\d+))?", anchor)
    if not lines:
        return target.suffix == ".md" and anchor in pages.anchors(read(target))
    first, last = int(lines[1]), int(lines[2] or lines[1])
    return target.is_file() and 1 <= first <= last <= len(read(target).splitlines())


def wrong_link(page: Path, link: str, root: Path) -> bool:
    if re.match(r"[a-z]+:", link):
        return False  # another site: looked up by nobody here
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    return not is_there(target, root) or bool(anchor and not is_place(target, anchor))


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
    wrong = [link for link in pages.linked(text) if wrong_link(page, link, root)]
    return wrong + [word for word in pages.mentioned(text) if wrong_mention(page, word, root)]


class Places(unittest.TestCase):
    maxDiff = None

    def test_every_link_and_every_file_that_a_page_mentions_is_there(self) -> None:
        places = {str(page.relative_to(ROOT)): wrong_places(page, ROOT) for page in pages.every(ROOT)}
        self.assertEqual({page: wrong for page, wrong in places.items() if wrong}, {})

    def test_the_pages_are_found_and_do_have_links_and_mention_files(self) -> None:
        texts = [read(page) for page in pages.every(ROOT)]
        self.assertGreaterEqual(len(texts), 16)
        self.assertGreater(sum(1 for text in texts for _ in pages.linked(text)), 50)
        self.assertGreater(sum(1 for text in texts for link in pages.linked(text) if "#L" in link), 50)
        self.assertGreater(sum(1 for text in texts for word in pages.mentioned(text) if "/" in word), 10)

    def test_each_page_in_docs_is_linked_from_another_page(self) -> None:
        targets = {
            (page.parent / link.partition("#")[0]).resolve()
            for page in pages.every(ROOT)
            for link in pages.linked(read(page))
            if not link.startswith("#")
        }
        self.assertEqual([page.name for page in ROOT.glob("docs/**/*.md") if page.resolve() not in targets], [])

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
                "[a](bugs/one.cu#L1) [b](bugs/one.cu#L6) [c](bugs/one.cu#L2-L6)",
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
                ("[a](bugs/one.cu#L7)", "bugs/one.cu#L7"),
                ("[a](bugs/one.cu#L0)", "bugs/one.cu#L0"),
                ("[a](bugs/one.cu#L3-L2)", "bugs/one.cu#L3-L2"),
                ("[a](bugs/one.cu#twice)", "bugs/one.cu#twice"),
                ("[a](bugs#L1)", "bugs#L1"),
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
