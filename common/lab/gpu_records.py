"""What a GPU's warps wrote down (common/gpu/trace.h), as the events that the emulator would have recorded.

A GPU says less. A barrier has an address and a line instead of a name, a wait names a parity instead of a phase, and
nobody sees when a copy lands or a phase ends: at the latest when the first wait for it has passed.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from lab.events import CP_ASYNC, Event

_INIT = re.compile(r"mbarrier_init\(\s*([^,]+),")
_OBJECTS = {"group wait": CP_ASYNC, "block barrier": "__syncthreads()"}


def events_of(records: Iterable[Event], source: Sequence[str]) -> list[Event]:
    """The events of one launch. `source` is the kernel file's lines."""
    blocks: dict[int, list[Event]] = defaultdict(list)
    for record in records:
        blocks[record.block].append(record)
    return [event for block in sorted(blocks) for event in _block(blocks[block], source)]


def _block(records: list[Event], source: Sequence[str]) -> list[Event]:
    start = min(record.begin for record in records)  # each SM has a clock of its own
    warps: dict[int, list[Event]] = defaultdict(list)
    for record in records:
        warps[record.warp].append(replace(record, begin=record.begin - start))
    events = [event for warp in warps.values() for event in _warp(warp)]
    names = _names([record for record in records if record.kind == "init"], source)
    passed = _passed(events)
    for event in events:
        if event.is_of_mbarrier:
            event.object = names.get(event.place, f"byte {event.place}")
            if event.kind != "wait":  # of the phase that ends next, as far as waits have seen
                event.phase = bisect_right(passed.get(event.place, []), event.begin)
            if event.kind == "request":
                ends = passed.get(event.place, [])
                event.end = ends[event.phase] if event.phase < len(ends) else None
    for place, times in passed.items():
        for phase, time in enumerate(times):
            ended = Event("completion", records[0].block, -1, 1, time, None, names.get(place, ""), place, phase, 0, 0)
            events.append(ended)
    return sorted(events, key=lambda event: event.begin)


def _warp(records: list[Event]) -> list[Event]:
    """The waits, requests and arrivals of a warp, with phases where it waits, and groups of cp.async."""
    events: list[Event] = []
    waiting: Event | None = None
    seen: dict[int, int] = defaultdict(lambda: -1)  # at each place: the last phase that was found complete
    group = 0  # the one that copies are in now
    for record in records:
        match record.kind:
            case "wait begins":
                if (seen[record.place] & 1) != record.phase:
                    seen[record.place] += 1
                waiting = replace(record, kind="wait", phase=seen[record.place])
                events.append(waiting)
            case "group wait begins" | "block barrier begins":
                what = record.kind.removesuffix(" begins")
                last = group - record.phase - 1 if what == "group wait" else 0
                waiting = replace(record, kind="wait", object=_OBJECTS[what], phase=last)
                events.append(waiting)
            # Where lanes of a warp have parted, one record may take the place of another, also that of a beginning.
            case "wait ends" | "group wait ends" | "block barrier ends" if waiting:
                waiting.end = record.begin
                if record.kind == "group wait ends":
                    for event in events:
                        if event.object == CP_ASYNC and event.kind == "request" and event.phase <= waiting.phase:
                            event.end = record.begin if event.end is None else event.end
            case "cp.async":
                events.append(replace(record, kind="request", object=CP_ASYNC, phase=group, bytes=record.phase))
            case "commit":
                group += 1
            case "request" | "arrival":
                events.append(record)
    return events


def _passed(events: list[Event]) -> dict[int, list[int]]:
    """For each mbarrier when the first wait for its phase 0, 1, 2, ... passed."""
    first: dict[int, dict[int, int]] = defaultdict(dict)
    for event in events:
        if event.kind == "wait" and event.is_of_mbarrier and event.phase >= 0 and event.end is not None:
            first[event.place][event.phase] = min(event.end, first[event.place].get(event.phase, event.end))
    return {place: [times[phase] for phase in sorted(times)] for place, times in first.items()}


def _names(inits: list[Event], source: Sequence[str]) -> dict[int, str]:
    """As the emulator names them: after what mbarrier_init was called with, and the place among those of its line."""
    siblings: dict[tuple[int, int], list[int]] = defaultdict(list)
    for init in sorted(inits, key=lambda init: init.place):
        siblings[(init.thread, init.line)].append(init.place)
    names: dict[int, str] = {}
    for (_, line), places in siblings.items():
        found = _INIT.search(source[line - 1]) if 0 < line <= len(source) else None
        name = re.split(r"[.>&*]", found[1].partition("[")[0])[-1].strip() if found else f"the barrier of line {line}"
        for index, place in enumerate(places):
            names[place] = f"{name}[{index}]" if len(places) > 1 else name
    return names
