"""Output: colours only on a terminal, aligned tables, one line of progress."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence

WIDTH = 100
_COLOURS = {"green": "32", "red": "31", "yellow": "33", "cyan": "36", "bold": "1", "dim": "2"}
_SECONDS_BETWEEN_LINES = 5.0


def coloured() -> bool:
    """Whether stdout takes colours: a terminal, and no NO_COLOR."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, colour: str) -> str:
    """`text` in a colour ("green", "red", "yellow", "cyan", "bold", "dim"), or unchanged where colours are off."""
    return f"\033[{_COLOURS[colour]}m{text}\033[0m" if coloured() else text


def shorten(text: str, width: int) -> str:
    """`text` in at most `width` columns."""
    return text if len(text) <= width else text[: width - 1] + "…"


def table(rows: Sequence[Sequence[str]], right: frozenset[int] = frozenset()) -> list[str]:
    """Aligned lines, two blanks between columns; the columns in `right` are flush right."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if index in right else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


class Progress:
    """One line that says how far long work is: rewritten on a terminal, repeated every few seconds elsewhere."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._live = sys.stdout.isatty()
        self._last = 0.0
        if self._live:
            self._rewrite(f"{label} …")

    def __enter__(self) -> Progress:
        """For work without steps: the line is there at once, and gone however the work ends."""
        self.update("…")
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def update(self, note: str) -> None:
        """Shows `note` behind the label."""
        if self._live:
            self._rewrite(f"{self._label} {note}")
        elif time.monotonic() - self._last >= _SECONDS_BETWEEN_LINES:
            self._last = time.monotonic()
            print(f"{self._label} {note}", flush=True)

    def close(self) -> None:
        """Takes the line away from a terminal."""
        if self._live:
            self._rewrite("")

    def _rewrite(self, text: str) -> None:
        print("\r\033[K" + shorten(text, WIDTH - 1), end="", flush=True)
