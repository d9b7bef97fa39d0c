"""A trace as an SVG picture: small, on a background of its own, told apart by height as well as by colour."""

from __future__ import annotations

from dataclasses import replace
from html import escape

from lab.timeline import Row, Span, Timeline, Trace, folded

_WIDTH, _LEFT, _RIGHT = 880, 84, 60  # pixels: of the picture, of the labels, of the shares
_ROW, _BAR, _THIN = 22, 16, 6  # a row, what is done in it, what is waited in it
_HEAD, _GAP = 24, 14  # the line above a timeline, the room below
# Okabe and Ito's colours, which people with any kind of colour vision tell apart; grey by the parity of a phase.
_FILL = {
    "work": "#0072b2",
    "ask": "#e69f00",
    "wait": "#b5b5b5",
    "copies": "#009e73",
    "parity 0": "#f2f2f2",
    "parity 1": "#d9d9d9",
}
_LEGEND = (
    ("work", _BAR, "works"),
    ("ask", _BAR, "asks for copies"),
    ("wait", _THIN, "waits"),
    ("copies", _THIN, "copies on their way"),
)
_AXIS_STEPS = (1, 2, 5)


def render(trace: Trace, title: str) -> str:
    """The timelines below each other on one scale, and a legend. `title` is what a screen reader says."""
    end = max(1, *(timeline.end for timeline in trace.timelines))
    drawing = _Drawing((_WIDTH - _LEFT - _RIGHT) / end)
    for timeline in trace.timelines:
        drawing.timeline(timeline, trace.unit)
    drawing.axis(end, trace.unit)
    drawing.legend(trace)
    names = ", ".join(timeline.configuration for timeline in trace.timelines if timeline.configuration)
    what = f"{title}{f' ({names})' if names else ''}: what each warp does when"
    size = f'width="{_WIDTH}" height="{drawing.y}" viewBox="0 0 {_WIDTH} {drawing.y}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="title"',
            ' font-family="Helvetica, Arial, sans-serif" font-size="12">',
            f'<title id="title">{escape(what)}</title>',
            '<rect width="100%" height="100%" rx="6" fill="#ffffff"/>',
            *drawing.lines,
            "</svg>\n",
        ]
    )


class _Drawing:
    """The picture so far; `y` is where it ends."""

    def __init__(self, scale: float) -> None:
        self._scale = scale  # pixels a tick or cycle
        self.lines: list[str] = []
        self.y = 4

    def timeline(self, timeline: Timeline, unit: str) -> None:
        """A launch: a heading, and its rows."""
        name = f"{timeline.configuration}: " if timeline.configuration else ""
        stopped = f", stopped by {timeline.wrong.splitlines()[0].partition(':')[0]}" if timeline.wrong else ""
        self._text(8, self.y + 16, f"{name}{timeline.last:,} {unit}{stopped}", 'font-weight="bold"')
        self._text(_WIDTH - 8, self.y + 16, "waits", 'text-anchor="end"')
        self.y += _HEAD
        for block in timeline.blocks:
            for row in folded(block):
                self._row(row, timeline.end)
            self.y += _GAP // 2
        self.y += _GAP // 2

    def axis(self, end: int, unit: str) -> None:
        """The scale of all timelines."""
        step = next(n * 10**power for power in range(12) for n in _AXIS_STEPS if end / (n * 10**power) <= 10)
        for time in range(0, end + 1, step):
            x = self._x(time)
            self.lines.append(f'<path d="M{_short(x)} {self.y - _GAP}v5" stroke="#767676"/>')
            label = f"{time:,}" + (f" {unit}" if time == 0 else "")
            self._text(x, self.y + 4, label, 'text-anchor="middle" fill="#555555" font-size="11"')
        self.y += _HEAD - 8

    def legend(self, trace: Trace) -> None:
        """What colours and heights mean."""
        x, middle = 8.0, self.y + 10
        for kind, height, text in _LEGEND:
            self._rect(x, middle - height / 2, 18, height, _FILL[kind])
            self._text(x + 24, middle + 4, text)
            x += 40 + 6 * len(text)
        for parity in (0, 1):
            self._rect(x, middle - 8, 18, 16, _FILL[f"parity {parity}"])
            self._text(x + 6, middle + 4, str(parity))
            x += 18
        text = "an mbarrier's phase (of cp.async: a group)"
        self._text(x + 6, middle + 4, text)
        self._arrow(x + 24 + 6 * len(text), middle - 5, "arrives")
        self._text(x + 34 + 6 * len(text), middle + 4, "arrives")
        self.y += 24
        scale = f"{trace.machine}, {trace.shape}. {trace.caution}"
        self._text(8, self.y + 10, scale, 'fill="#555555" font-size="11"')
        self.y += 20

    def _row(self, row: Row, end: int) -> None:
        middle = self.y + _ROW / 2
        self._text(8 if row.is_warp else 20, middle + 4, row.label)
        match row.kind:
            case "warp":
                for span in sorted(self._visible(row.spans), key=lambda span: span.kind == "ask"):  # these on top
                    height, least = (_THIN, 0) if span.kind == "wait" else (_BAR, 2)
                    self._bar(span, middle, height, least)
                for mark in row.marks:
                    self._arrow(self._x(mark.time), middle, mark.text)
                self._text(_WIDTH - 8, middle + 4, f"{100 * row.share('wait'):.0f} %", 'text-anchor="end"')
            case "mbarrier":
                self._phases(row, middle, end)
                self._copies(row, middle + 5)
            case "groups":
                self._copies(row, middle + 5)
                for span, mark in zip(row.spans, row.marks, strict=True):
                    self._number(span.begin, mark.number, middle)
        self.y += _ROW

    def _arrow(self, x: float, middle: float, text: str) -> None:
        self.lines.append(
            f'<path d="M{_short(x)} {_short(middle + 2)}l4 8h-8z"><title>{escape(text)}</title></path>'
        )

    def _phases(self, row: Row, middle: float, end: int) -> None:
        """An mbarrier's phases as bands, shaded by parity."""
        begin, phase = 0, 0
        for mark in row.marks:
            self._bar(Span(f"parity {phase % 2}", begin, mark.time, f"phase {phase}"), middle, _ROW - 2)
            self._number(begin, phase, middle)
            begin, phase = mark.time, mark.number + 1
        self._bar(Span(f"parity {phase % 2}", begin, end, f"phase {phase}"), middle, _ROW - 2)
        if (end - begin) * self._scale > 12:
            self._number(begin, phase, middle)

    def _copies(self, row: Row, middle: float) -> None:
        for span in row.spans:
            self._bar(span, middle, _THIN)

    def _visible(self, spans: list[Span]) -> list[Span]:
        """The spans of a warp without waits that are too short to be seen: its work goes on across them."""
        seen: list[Span] = []
        for span in spans:
            is_short = span.kind == "wait" and (span.end - span.begin) * self._scale < 1
            if seen and seen[-1].kind == "work" and (is_short or span.kind == "work"):
                seen[-1] = replace(seen[-1], end=span.end, text="work")
            else:
                seen.append(span)
        return seen

    def _number(self, begin: int, number: int, middle: float) -> None:
        self._text(self._x(begin) + 3, middle, str(number), 'font-size="11"')

    def _bar(self, span: Span, middle: float, height: float, least_width: float = 0) -> None:
        x = self._x(span.begin)
        width = max(least_width, self._x(span.end) - x)
        self._rect(x, middle - height / 2, width, height, _FILL[span.kind], f"<title>{escape(span.text)}</title>")

    def _rect(self, x: float, y: float, width: float, height: float, fill: str, content: str = "") -> None:
        size = f'x="{_short(x)}" y="{_short(y)}" width="{_short(width)}" height="{_short(height)}" fill="{fill}"'
        self.lines.append(f"<rect {size}>{content}</rect>" if content else f"<rect {size}/>")

    def _text(self, x: float, y: float, text: str, style: str = "") -> None:
        place = f'x="{_short(x)}" y="{_short(y)}"'
        self.lines.append(f"<text {place}{' ' if style else ''}{style}>{escape(text)}</text>")

    def _x(self, time: int) -> float:
        return _LEFT + time * self._scale


def _short(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
