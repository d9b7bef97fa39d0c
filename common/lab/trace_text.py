"""A trace as text: a column is a stretch of time, a character what happened in most of it."""

from __future__ import annotations

from lab.terminal import WIDTH, paint, shorten
from lab.timeline import Row, Timeline, Trace, folded

_WORK, _ASK, _WAIT, _COPIES = "#", ">", ".", "~"
_COLOURS = {_WORK: "cyan", _ASK: "yellow", _WAIT: "dim", _COPIES: "green"}
_SHARE = " 100 %"


def render(trace: Trace) -> list[str]:
    """The timelines below each other on one scale, in at most WIDTH columns, and a legend."""
    rows = [row for timeline in trace.timelines for block in timeline.blocks for row in folded(block)]
    labels = max((len(_label(row)) for row in rows), default=0) + 1
    room = WIDTH - labels - len(_SHARE)
    end = max(1, *(timeline.end for timeline in trace.timelines))
    lines: list[str] = []
    for timeline in trace.timelines:
        lines += [*_lines(timeline, trace.unit, labels, room, end), ""]
    return [*lines, *_legend(trace, end / room)]


def _lines(timeline: Timeline, unit: str, labels: int, room: int, end: int) -> list[str]:
    name = f"{timeline.configuration}: " if timeline.configuration else ""
    head = f"{name}{timeline.last:,} {unit}"
    rest = f"   (warps without copies and mbarriers, left out: {timeline.left_out})" if timeline.left_out else ""
    lines = [paint(head, "bold") + rest + "waits".rjust(WIDTH - len(head) - len(rest))]
    if timeline.wrong:
        lines.append(paint(shorten(f"stopped: {timeline.wrong.splitlines()[0]}", WIDTH), "red"))
    for number, block in enumerate(timeline.blocks):
        if len(timeline.blocks) > 1:
            lines.append(f"block {number}")
        for row in folded(block):
            share = f"{100 * row.share('wait'):.0f} %".rjust(len(_SHARE)) if row.is_warp else ""
            cells = _cells(row, room, end)
            lines.append((_label(row).ljust(labels) + _painted(cells) + " " * (room - len(cells)) + share).rstrip())
    return lines


def _label(row: Row) -> str:
    return row.label if row.is_warp else f"  {row.label}"


def _cells(row: Row, room: int, end: int) -> str:
    glyphs = {"work": _WORK, "ask": _ASK, "wait": _WAIT, "copies": _COPIES}
    cells = [" "] * room
    for column in range(room):
        begin, until = column * end, (column + 1) * end  # in units of 1 / room, to stay with whole numbers
        inside = [(min(until, span.end * room) - max(begin, span.begin * room), span) for span in row.spans]
        inside = [(length, span) for length, span in inside if length > 0]
        if inside:
            # A request is short: it is shown wherever it has a part.
            cells[column] = glyphs[max(inside, key=lambda part: (part[1].kind == "ask", part[0]))[1].kind]
    for mark in row.marks:
        if mark.kind == "phase":
            cells[min(mark.time * room // end, room - 1)] = str(mark.number % 10)
    return "".join(cells).rstrip()


def _painted(cells: str) -> str:
    painted, begin = "", 0
    for end in range(1, len(cells) + 1):
        if end == len(cells) or cells[end] != cells[begin]:
            colour = _COLOURS.get(cells[begin])
            painted += paint(cells[begin:end], colour) if colour else cells[begin:end]
            begin = end
    return painted


def _legend(trace: Trace, step: float) -> list[str]:
    signs = [
        f"{_painted(_WORK)} works",
        f"{_painted(_ASK)} asks for copies",
        f"{_painted(_WAIT)} waits",
        f"{_painted(_COPIES)} copies under way",
        "0 1 2 phase (cp.async: group) complete",
    ]
    return ["   ".join(signs), f"A column is {step:.3g} {trace.unit}. {trace.caution}"]
