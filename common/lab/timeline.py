"""A trace as rows of spans: from what each lane did, as chNN_trace writes it, to what each warp did."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lab import gpu_records
from lab.events import CP_ASYNC, Event


@dataclass(frozen=True)
class Span:
    """Something that lasts: of a warp "work", "ask" or "wait", else "copies" on their way. `end` is that of the run
    where it has none of its own."""

    kind: str
    begin: int
    end: int
    text: str


@dataclass(frozen=True)
class Mark:
    """Something at a moment: an "arrival" of a warp, or a "phase" (of an mbarrier, or a group) that is complete."""

    kind: str
    time: int
    number: int
    text: str


@dataclass
class Row:
    """A "warp", an "mbarrier" with its copies, or "groups" of copies that report to none."""

    kind: str
    label: str
    number: int = -1  # of a warp
    spans: list[Span] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)

    @property
    def is_warp(self) -> bool:
        """Whether it is a warp's."""
        return self.kind == "warp"

    def share(self, kind: str) -> float:
        """How much of its time the row spends in spans of a kind, from 0 to 1."""
        total = sum(span.end - span.begin for span in self.spans)
        return sum(span.end - span.begin for span in self.spans if span.kind == kind) / total if total else 0


@dataclass
class Timeline:
    """One launch. `blocks` are its rows, block by block. They go to `end`: that is the `last` thing that happened, and
    a little more where somebody waits on."""

    configuration: str
    wrong: str
    last: int
    end: int
    blocks: list[list[Row]]
    left_out: int  # warps that have no part in it


@dataclass(frozen=True)
class Trace:
    """What one call of chNN_trace wrote."""

    machine: str
    unit: str
    copy_ticks: int
    shape: str
    timelines: list[Timeline]

    @property
    def caution(self) -> str:
        """What its lengths are not."""
        if self.unit == "ticks":
            return f"Ticks are no times: a call or an access takes 1, a copy {self.copy_ticks}."
        # Measured on an H200: common/gpu/trace.h.
        return "To record a call takes its warp about 200 cycles: untraced, the kernel is faster."


def load(path: Path, kernel: Path) -> Trace:
    """Reads what chNN_trace wrote of the kernel in the file `kernel`."""
    source = kernel.read_text(encoding="utf-8", errors="replace").splitlines()
    return read(json.loads(path.read_text(encoding="utf-8")), source)


def read(document: dict[str, Any], source: Sequence[str] = ()) -> Trace:
    """The same, of the parsed file and the kernel's lines."""
    unit = document["unit"]
    timelines: list[Timeline] = []
    for run in document["runs"]:
        events = [Event(**event) for event in run["events"]]
        if unit == "cycles":
            events = gpu_records.events_of(events, source)
        timelines.append(_timeline(run["configuration"], run["wrong"], events, unit))
    return Trace(document["machine"], unit, document["copy_ticks"], document["shape"], timelines)


def folded(rows: list[Row]) -> list[Row]:
    """The same rows, with warps that stand below each other and do the same at the same time as one: "warps 0-3"."""
    result: list[Row] = []
    first = 0
    for row in rows:
        before = result[-1] if result else None
        if before and row.is_warp and before.is_warp and (before.spans, before.marks) == (row.spans, row.marks):
            result[-1] = replace(row, label=f"warps {first}-{row.number}")
        else:
            result.append(row)
            first = row.number
    return result


def _timeline(configuration: str, wrong: str, events: list[Event], unit: str) -> Timeline:
    last = max((event.end or event.begin for event in events), default=0)
    end = last + last // 10 if any(event.kind == "wait" and event.end is None for event in events) else last
    merged = _merge_lanes(events)
    blocks: list[list[Row]] = []
    left_out = 0
    for block in sorted({event.block for event in merged}):
        rows, others = _rows([event for event in merged if event.block == block], end, unit)
        blocks.append(rows)
        left_out += others
    return Timeline(configuration, wrong, last, end, blocks, left_out)


def _merge_lanes(events: Iterable[Event]) -> list[Event]:
    """One event for what the lanes of a warp did alike: each lane's n-th of its kind.

    A warp waits when the last of its lanes has come, until the last of them goes on.
    """
    count: dict[tuple[object, ...], int] = defaultdict(int)
    merged: dict[tuple[object, ...], Event] = {}
    for event in events:
        alike = (event.kind, event.block, event.object, event.place, event.phase, event.line)
        nth = count[(event.thread, *alike)]
        count[(event.thread, *alike)] += 1
        key = (event.warp, nth, *alike)
        if key not in merged:
            merged[key] = replace(event, bytes=event.bytes * event.lanes)
            continue
        one = merged[key]
        one.thread = min(one.thread, event.thread)
        one.lanes += event.lanes
        one.bytes += event.bytes * event.lanes
        one.begin = min(one.begin, event.begin) if event.kind == "request" else max(one.begin, event.begin)
        one.end = None if one.end is None or event.end is None else max(one.end, event.end)
    return sorted(merged.values(), key=lambda event: event.begin)


def _rows(events: list[Event], end: int, unit: str) -> tuple[list[Row], int]:
    """The rows of a block, and how many of its warps have none."""
    every = sorted({event.warp for event in events if event.thread >= 0})
    involved = sorted({e.warp for e in events if e.thread >= 0 and (e.is_of_mbarrier or e.object == CP_ASYNC)})
    warps = involved or every
    users: dict[int, set[int]] = defaultdict(set)  # of the mbarrier at each place
    for event in events:
        if event.is_of_mbarrier:
            users[event.place] |= {event.warp} if event.thread >= 0 else set()
    rows: list[Row] = []
    for warp in warps:
        rows.append(_warp_row(warp, [event for event in events if event.thread >= 0 and event.warp == warp], end, unit))
        rows += [_barrier_row(events, place, end, unit) for place in sorted(users) if users[place] == {warp}]
    rows += [_barrier_row(events, place, end, unit) for place in sorted(users) if len(users[place]) != 1]
    return rows + _group_rows(events, end, unit), len(every) - len(warps)


def _warp_row(warp: int, events: list[Event], end: int, unit: str) -> Row:
    """Its waits and requests; what is left of its time is work."""
    row = Row("warp", f"warp {warp}", warp)
    done = 0  # up to where the row is filled
    last = end

    def fill(kind: str, begin: int, until: int, text: str) -> None:
        nonlocal done
        begin = max(begin, done)
        if until <= begin:  # a wait for what was there already
            return
        if begin > done:
            row.spans.append(Span("work", done, begin, f"work: {begin - done} {unit}"))
        row.spans.append(Span(kind, begin, until, text))
        done = until

    fed = {event.place for event in events if event.kind == "request"}  # mbarriers that it asks copies to report to
    asked: list[Event] = []  # since the last wait

    def ask() -> None:
        if asked:
            begin, until = asked[0].begin, asked[-1].begin + 1
            copies = sum(event.lanes for event in asked)
            fill("ask", begin, until, f"asks for {copies} copies, {sum(e.bytes for e in asked)} bytes{_line(asked[0])}")
            asked.clear()

    for event in events:
        if event.kind == "request":
            asked.append(event)
        elif event.kind == "wait":
            ask()
            until = end if event.end is None else event.end
            long = "without end" if event.end is None else f"{until - event.begin} {unit}"
            fill("wait", event.begin, until, f"waits for {_what(event)}{_line(event)}: {long}")
        elif event.kind == "arrival" and event.place not in fed:
            row.marks.append(Mark("arrival", event.begin, event.phase, f"arrives at {_what(event)}{_line(event)}"))
        elif event.kind == "exit":
            last = event.begin
    ask()
    if last > done:
        row.spans.append(Span("work", done, last, f"work: {last - done} {unit}"))
    return row


def _barrier_row(events: list[Event], place: int, end: int, unit: str) -> Row:
    """An mbarrier: its copies on their way, phase by phase, and when its phases ended."""
    own = [event for event in events if event.place == place]
    row = Row("mbarrier", own[0].object)
    row.spans = [span for _, span in _flights(own, end, unit)]
    row.marks = [
        Mark("phase", event.begin, event.phase, f"phase {event.phase} of {event.object} is complete")
        for event in own
        if event.kind == "completion"
    ]
    return row


def _group_rows(events: list[Event], end: int, unit: str) -> list[Row]:
    """Groups of cp.async, those of all warps with the same number together; in as few rows as have room for them."""
    rows: list[Row] = []
    for group, span in _flights([event for event in events if event.object == CP_ASYNC], end, unit):
        row = next((row for row in rows if row.spans[-1].end <= span.begin), None)
        if row is None:
            row = Row("groups", CP_ASYNC)
            rows.append(row)
        row.spans.append(span)
        row.marks.append(Mark("phase", span.end, group, f"group {group} has landed"))
    return rows


def _flights(events: list[Event], end: int, unit: str) -> list[tuple[int, Span]]:
    """For each phase or group its copies: from the first request to the last landing."""
    phases: dict[int, list[Event]] = defaultdict(list)
    for event in events:
        if event.kind == "request":
            phases[event.phase].append(event)
    flights = []
    for phase, requests in sorted(phases.items()):
        begin = min(event.begin for event in requests)
        until = max(end if event.end is None else event.end for event in requests)
        copies, size = sum(event.lanes for event in requests), sum(event.bytes for event in requests)
        text = f"{copies} copies, {size} bytes, for {_what(requests[0])}: {until - begin} {unit}"
        flights.append((phase, Span("copies", begin, until, text)))
    return flights


def _what(event: Event) -> str:
    if event.object == CP_ASYNC:
        return f"group {event.phase}"
    return f"phase {event.phase} of {event.object}" if event.is_of_mbarrier else event.object


def _line(event: Event) -> str:
    return f" (line {event.line})"
