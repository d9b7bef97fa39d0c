"""Runs a chapter's test program as `check` does."""

from __future__ import annotations

import os
import re
from pathlib import Path

from lab import replays
from lab.complaint import USAGE, Complaint
from lab.project import Project
from testing import doctest_program
from testing.doctest_program import Outcome

_SECONDS = 300.0
_USUAL_SCHEDULES = "20"
_NOT_REPLAYED = re.compile(r"^no launch .*", re.MULTILINE)  # common/emulator/replay.cpp


def schedules() -> str:
    """How many random schedules the emulator explores for each case of `check`."""
    return os.environ.get("TUTORIAL_SCHEDULES", _USUAL_SCHEDULES)


def seed() -> str:
    """The seed of the only schedule that is asked for, or ""."""
    return os.environ.get("TUTORIAL_SEED", "")


def explored() -> str:
    """What a run without a finding has explored, in words."""
    if seed():
        return f"the schedule of seed {seed()}"
    number = int(schedules())
    return f"{number + number // 5} schedules a case"  # gpu::for_each_schedule: random ones, and a fifth more by PCT


def judge(program: Path, project: Project, command: str, replay: Path | None, only: str | None = None) -> Outcome:
    """Runs the test program in the checkout, with a time limit, under the schedule in `replay` or under all usual ones;
    with `only`, no other case than that of this name.

    A finding's message says how to see it again: with `command`, which was typed, and a file of `project.replays`.
    """
    environment = os.environ | {
        "TUTORIAL_SCHEDULES": schedules(),
        "TUTORIAL_COMMAND": command,
        "TUTORIAL_REPLAY_FOLDER": project.shown(project.replays),
    }
    environment.pop("TUTORIAL_REPLAY", None)
    if replay:
        environment["TUTORIAL_REPLAY"] = project.shown(replay.resolve())
    else:
        replays.tidy(project.replays)
    outcome = doctest_program.run(program, _SECONDS, cwd=project.root, environment=environment, only=only)
    if replay and (found := _NOT_REPLAYED.search(outcome.output)):
        raise Complaint(found[0], USAGE)
    return outcome
