"""Single keys, read without waiting for Enter."""

from __future__ import annotations

import os
import select
import sys
import termios
import time
import tty


class Keyboard:
    """The keys of a terminal, as a context in which it does not echo them. Where stdin is no terminal, no key comes."""

    def __init__(self) -> None:
        self.there = sys.stdin is not None and sys.stdin.isatty()

    def __enter__(self) -> Keyboard:
        if self.there:
            self._before = termios.tcgetattr(sys.stdin)
            tty.setcbreak(sys.stdin)
        return self

    def __exit__(self, *_: object) -> None:
        if self.there:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._before)

    def wait(self, seconds: float) -> str:
        """The next key, or "" where none comes within so many seconds."""
        if not self.there:
            time.sleep(seconds)
            return ""
        if not select.select([sys.stdin], [], [], seconds)[0]:
            return ""
        # Not sys.stdin.read(1): that takes all that was typed, and select would not see the rest.
        return os.read(sys.stdin.fileno(), 1).decode(errors="replace")
