"""Which Markdown pages there are, and what tests read out of one: its headings and their anchors, where it links to,
which files it mentions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

_FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^(#{1,6}) +(.+?)(?: +#+)?$", re.MULTILINE)
_LINK = re.compile(
    r"""\]\(\s*<?([^()\s<>]+)>?(?:\s+["'][^"']*["'])?\s*\)|^ *\[[^\]]+\]:\s*(\S+)|(?:src|href)=["']([^"']+)""",
    re.MULTILINE,
)
_CODE = re.compile(r"`([^`\n]+)`")
_PLACEHOLDER = re.compile(r"NN|NAME|\bN\b|[<>{}$…]|\.\.\.")


def every(root: Path) -> list[Path]:
    """All pages of the project in `root`."""
    folders = ("docs", "chapters", "common", "solutions", ".github", ".devcontainer")
    return [*root.glob("*.md"), *(page for folder in folders for page in sorted(root.glob(f"{folder}/**/*.md")))]


def headings(text: str) -> list[tuple[int, str]]:
    """The page's headings in their order, each with its level, 1 to 6."""
    return [(len(marks), heading) for marks, heading in _HEADING.findall(_FENCE.sub("", text))]


def anchors(text: str) -> list[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    seen: Counter[str] = Counter()
    result: list[str] = []
    for _, heading in headings(text):
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
