"""A model of an mbarrier, with which tests compute a page's hand trace again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Mbarrier:
    """An mbarrier that is initialised with `expected` arrivals: its phase, and what that still waits for."""

    expected: int
    phase: int = 0
    bytes: int = 0  # that are announced and have not landed

    def __post_init__(self) -> None:
        self.arrivals = self.expected  # that are outstanding

    def arrive(self, announced: int = 0) -> None:
        """One arrival, which may announce bytes."""
        self.bytes += announced
        self.arrivals -= 1
        self._complete()

    def land(self, landed: int) -> None:
        """Bytes of a copy have landed."""
        self.bytes -= landed
        self._complete()

    def passes(self, parity: int) -> bool:
        """Whether a wait for this parity goes on at once."""
        return self.phase % 2 != parity

    def answer(self, parity: int) -> str:
        """The same as the pages say it."""
        return "passes" if self.passes(parity) else "blocks"

    def _complete(self) -> None:
        if self.arrivals == 0 and self.bytes == 0:
            self.phase, self.arrivals = self.phase + 1, self.expected
