"""`reset N`: starts a chapter over, and keeps the reader's file beside it."""

from __future__ import annotations

import datetime

from lab.build import Build
from lab.chapters import Chapter
from lab.complaint import Complaint
from lab.files import keep_copy, write_whole
from lab.project import Project


def reset(project: Project, chapter: Chapter) -> int:
    """Regenerates the skeleton and puts it in the reader's place."""
    Build(project, "emulator").make("skeletons", purpose="skeletons")
    put_skeleton(project, chapter, datetime.datetime.now())
    return 0


def put_skeleton(project: Project, chapter: Chapter, now: datetime.datetime) -> None:
    """Replaces the reader's file by the skeleton, after a copy of it is safe."""
    skeleton, kernel = project.skeleton(chapter), project.kernel(chapter)
    if not skeleton.exists():
        raise Complaint(f"{project.shown(skeleton)} is missing although its target was built; nothing was changed.")
    fresh = skeleton.read_bytes()
    if not kernel.exists():
        write_whole(kernel, fresh)
        print(f"{project.shown(kernel)} was missing; now it is the skeleton.")
    elif kernel.read_bytes() == fresh:
        print(f"{project.shown(kernel)} is the skeleton already; nothing to do.")
    else:
        kept = keep_copy(kernel, now)
        write_whole(kernel, fresh)
        print(f"your file is kept as {project.shown(kept)}; {project.shown(kernel)} is the skeleton again.")
