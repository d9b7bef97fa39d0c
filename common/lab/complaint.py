"""What goes wrong in a way that the reader can mend is one sentence and an exit code."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

USAGE = 2


class Complaint(Exception):
    """Ends the verb: `sentence` goes to stderr, `code` to the shell (2: the command itself was wrong)."""

    def __init__(self, sentence: str, code: int = 1) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.code = code


def guess(word: str, known: Sequence[str]) -> str:
    """The end of a sentence about a word that is not known: "; did you mean check?" where one is near, else a stop."""
    near = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {near[0]}?" if near else "."
