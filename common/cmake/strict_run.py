"""Runs a doctest program that must give a verdict.

What check_red_set.py and check_bug.py share: a program that crashed, hung, or contradicts its own report is an error
with a sentence, never a red test.
"""

from __future__ import annotations

import sys
from pathlib import Path

import common_folder  # before what lies there
from testing import doctest_program
from testing.doctest_program import SKIPPED, Case

__all__ = ["Case", "cases_of"]


def cases_of(program: Path, seconds: float) -> list[Case]:
    """All cases of the program; leaves with a sentence where it gave no verdict, with 77 where it skipped itself."""
    outcome = doctest_program.run(program, seconds)
    if outcome.skipped:
        print(outcome.skipped)
        sys.exit(SKIPPED)
    if outcome.ending:
        last_words = outcome.output.splitlines()[-20:]
        sys.exit("\n".join([*last_words, f"{program.name}: {outcome.ending}."]))
    return outcome.cases
