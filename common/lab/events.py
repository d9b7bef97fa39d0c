"""What a lane, a copy or an mbarrier did: an entry of the file that chNN_trace writes."""

from __future__ import annotations

from dataclasses import dataclass

_WARP = 32
CP_ASYNC = "cp.async"


@dataclass
class Event:
    """What a lane did, as common/trace/trace.h says; those of a warp's lanes that are alike become one."""

    kind: str
    block: int
    thread: int
    lanes: int
    begin: int
    end: int | None
    object: str
    place: int
    phase: int
    bytes: int
    line: int

    @property
    def warp(self) -> int:
        """The warp that did it; -1: none."""
        return self.thread // _WARP

    @property
    def is_of_mbarrier(self) -> bool:
        """Whether an mbarrier is what it is about."""
        return self.place >= 0
