"""A trace in Chrome's format (the "Trace Event Format"), which ui.perfetto.dev and chrome://tracing open.

Each block is a process, and each warp a thread. Copies on their way are asynchronous slices, ends of phases instants.
A tick, which is no time, is shown as a microsecond.
"""

from __future__ import annotations

from typing import Any

from lab.timeline import Row, Trace

_NAMES = {"work": "works", "ask": "asks for copies", "wait": "waits"}


def convert(trace: Trace) -> dict[str, Any]:
    """The document, to be written as JSON."""
    per_microsecond = 1000 if trace.unit == "ns" else 1
    events: list[dict[str, Any]] = []
    process = 0
    for timeline in trace.timelines:
        for number, block in enumerate(timeline.blocks):
            name = f"{timeline.configuration}, block {number}" if timeline.configuration else f"block {number}"
            events.append({"ph": "M", "name": "process_name", "pid": process, "tid": 0, "args": {"name": name}})
            for index, row in enumerate(block):
                events += _row(row, process, index, per_microsecond)
            process += 1
    return {"traceEvents": events, "displayTimeUnit": "ns"}


def _row(row: Row, process: int, index: int, per_microsecond: int) -> list[dict[str, Any]]:
    place = {"pid": process, "tid": index}
    events: list[dict[str, Any]] = []
    if row.is_warp:
        events.append({"ph": "M", "name": "thread_name", **place, "args": {"name": row.label}})
    for number, span in enumerate(row.spans):
        begin, end = span.begin / per_microsecond, span.end / per_microsecond
        details = {"args": {"what": span.text}}
        if row.is_warp:
            name = _NAMES[span.kind]
            events.append({"ph": "X", "name": name, "cat": span.kind, "ts": begin, "dur": end - begin, **place, **details})
        else:  # a pair of events, which an id joins
            both = {"name": row.label, "cat": "copies", "id": f"{process}.{index}.{number}", **place}
            events += [{"ph": "b", "ts": begin, **both, **details}, {"ph": "e", "ts": end, **both}]
    for mark in row.marks:
        instant = {"ph": "i", "s": "t" if row.is_warp else "p", "name": mark.text, "cat": mark.kind}
        events.append({**instant, "ts": mark.time / per_microsecond, **place})
    return events
