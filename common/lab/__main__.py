"""The reader's command line: hands each verb to the module of its name."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from lab import (
    arguments,
    bug,
    chapters,
    check,
    compare,
    diff,
    doctor,
    given,
    hint,
    ladder,
    progress,
    replays,
    reset,
    standing,
    suite,
    trace,
    watch,
)
from lab.arguments import Arguments
from lab.build import Build
from lab.chapters import Chapter
from lab.complaint import USAGE, Complaint
from lab.project import Project

_INTERRUPTED = 130
_TODO = re.compile(r"([0-9]+)\.([0-9]+)")


def main(words: Sequence[str]) -> int:
    """Runs one command; returns its exit code: 0 done or green, 1 red or failed, 2 a wrong command, 130 Ctrl-C."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without UTF-8 gets a "?" rather than an exception
    try:
        code = _do(Project(Path(__file__).resolve().parents[2]), arguments.parse(words), words)
        sys.stdout.flush()
        return code
    except Complaint as complaint:
        sys.stdout.flush()
        print(f"lab: {complaint.sentence}", file=sys.stderr)
        return complaint.code
    except KeyboardInterrupt:
        print("\nlab: interrupted.", file=sys.stderr)
        return _INTERRUPTED
    except BrokenPipeError:  # the reader of our output left (`./lab | head -1`)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        sys.stdout.flush()
        print(f"lab: {error.filename or 'a file'} cannot be used: {error.strerror}.", file=sys.stderr)
        return 1


def _do(project: Project, asked: Arguments, words: Sequence[str]) -> int:
    missing = os.environ.get("LAB_MISSING", "")
    match asked.verb:
        case "help":
            print(arguments.usage())
            return 0
        case "test":
            return suite.test(project, asked.thorough)
        case "run":
            chosen = _chapters(project) if asked.chapter is None else [_chapter(project, asked)]
            return ladder.run(project, chosen, asked.record, " ".join(("./lab", *words)))
        case "check" | "compare" | "trace":
            if asked.kernel:
                given.read("--kernel", asked.kernel)  # before anything is built
            if asked.replay:
                replays.read(asked.replay)
            chapter = _chapter(project, asked)
            if asked.verb == "check":
                return check.check(project, chapter, asked.kernel, asked.replay, asked.again)
            if asked.verb == "trace":
                return trace.trace(project, chapter, asked.kernel, asked.configurations)
            return compare.compare(project, chapter, asked.kernel)
        case "hint":
            return hint.hint(project, _chapter(project, asked), _todo(asked), asked.word)
        case "watch":
            return watch.watch(project, _chapter(project, asked))
        case "bug":
            return bug.bug(project, _chapter(project, asked), asked.answer)
        case "diff":
            return diff.diff(project, _chapter(project, asked))
        case "reset":
            return reset.reset(project, _chapter(project, asked))
        case "doctor":
            return doctor.doctor(project, [] if missing else _chapters(project), missing)
    if missing:
        print(f"Nothing is built here yet, and some tools are missing: {missing}.")
        print("next: ./lab run   (installs them, saying so, and shows the first results)")
        return 0
    show = progress.progress if asked.verb == "progress" else standing.show_standing
    return show(project, _chapters(project))


def _chapters(project: Project) -> list[Chapter]:
    return Build(project, "emulator").chapters()


def _chapter(project: Project, asked: Arguments) -> Chapter:
    every = _chapters(project)
    if asked.chapter is None:
        raise Complaint(f"{asked.verb} needs a chapter, like ./lab {asked.verb} 1. {chapters.known(every)}", USAGE)
    return chapters.find(every, _TODO.sub(r"\1", asked.chapter) if asked.verb == "hint" else asked.chapter)


def _todo(asked: Arguments) -> str | None:
    """The TODO that `hint` is asked for: 3.2 of `hint 3.2` and `hint 03.2`, none of `hint 3`."""
    named = _TODO.fullmatch(asked.chapter or "")
    return f"{int(named[1])}.{int(named[2])}" if named else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
