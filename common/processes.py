"""Runs other programs: line by line, with a time limit, and never leaving one behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Ended:
    """How a program ended: its exit code (negative: minus the signal), what it printed, and whether time ran out."""

    code: int
    output: str
    timed_out: bool


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    on_line: Callable[[str], None] | None = None,
    seconds: float | None = None,
) -> Ended:
    """Runs `command` without input, stdout and stderr as one stream; `on_line` sees each line as it comes.

    The program gets a session of its own, so that Ctrl-C and the time limit end everything it started.
    """
    out_of_time = threading.Event()
    lines: list[str] = []
    process: subprocess.Popen[str] | None = None
    limit: threading.Timer | None = None
    try:
        with _interrupted_afterwards():
            process = subprocess.Popen(
                [str(word) for word in command],
                cwd=cwd,
                env=None if environment is None else dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
            )
        if seconds is not None:
            limit = threading.Timer(seconds, _end_for_time, (process, out_of_time))
            limit.start()
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if on_line:
                on_line(line.rstrip("\n"))
        return Ended(process.wait(), "".join(lines), out_of_time.is_set())
    except BaseException:  # Ctrl-C, or a reader of our output that left
        if process:
            _end_by_force(process)
        raise
    finally:
        if limit:
            limit.cancel()
        if process and process.stdout:
            process.stdout.close()


@contextlib.contextmanager
def _interrupted_afterwards() -> Iterator[None]:
    """Holds Ctrl-C back while a program starts: one that nobody knows yet could not be ended."""
    interrupted = threading.Event()
    usual = signal.signal(signal.SIGINT, lambda *_: interrupted.set())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)
    if interrupted.is_set():
        raise KeyboardInterrupt


def _end_for_time(process: subprocess.Popen[str], out_of_time: threading.Event) -> None:
    out_of_time.set()
    _signal_all(process, signal.SIGKILL)


def _end_by_force(process: subprocess.Popen[str]) -> None:
    _signal_all(process, signal.SIGTERM)
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        _signal_all(process, signal.SIGKILL)
        process.wait()


def _signal_all(process: subprocess.Popen[str], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
