"""Runs a chapter's test program as `check` does."""

from __future__ import annotations

import os
from pathlib import Path

from testing import doctest_program
from testing.doctest_program import Outcome

_SECONDS = 300.0
_USUAL_SCHEDULES = "20"


def schedules() -> str:
    """How many schedules the emulator explores for each case of `check`."""
    return os.environ.get("TUTORIAL_SCHEDULES", _USUAL_SCHEDULES)


def explored() -> str:
    """What a run without a finding has explored, in words."""
    seed = os.environ.get("TUTORIAL_SEED")
    return f"the schedule of seed {seed}" if seed else f"{schedules()} schedules a case"


def judge(program: Path, root: Path) -> Outcome:
    """Runs the test program in the checkout `root` with a time limit."""
    environment = os.environ | {"TUTORIAL_SCHEDULES": schedules()}
    return doctest_program.run(program, _SECONDS, cwd=root, environment=environment)
