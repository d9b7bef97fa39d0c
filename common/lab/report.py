"""Outcomes of test programs as lines for a terminal: of the most telling red case the reason, of others the name."""

from __future__ import annotations

import re
import textwrap

from lab.terminal import WIDTH, paint, shorten
from testing.doctest_program import Case, Outcome

MOST_LINES = 15  # of a red case, its name included
_LEAST_BEGIN = 3  # lines of a message, however long its rule is
_NAME_AT = len("  green  ")
_INDENT = " " * 4  # of the reason
_RULE = re.compile(r"\s+rule: ")
_QUOTE = re.compile(r"\s+\S+:\d+  +\S")  # a line of source code, behind its place
_GAP = re.compile(r"(?<=\S) {5}(?=\S)")  # between two things that a line says


def outcome_lines(outcome: Outcome) -> list[str]:
    """All cases, the most telling red one with its reason, and how the program ended where it should not have."""
    telling_red = outcome.telling_red
    lines: list[str] = []
    for case in outcome.cases:
        lines += red_lines(case) if case is telling_red else [_name_line(case)]
    return [*lines, f"{outcome.ending}."] if outcome.ending else lines


def red_lines(case: Case) -> list[str]:
    """A red case with why it is red, in at most MOST_LINES lines."""
    name = f"  {paint('red', 'red')}    {shorten(case.name, WIDTH - _NAME_AT)}"
    return [name, *(f"{_INDENT}{line}".rstrip() for line in _why(case.messages, MOST_LINES - 1))]


def summary(outcome: Outcome) -> str:
    """How many cases are green, and which is the first that is not; no more than a line."""
    green = len(outcome.cases) - len(outcome.reds)
    first = f"; first red: {outcome.reds[0].name}" if outcome.reds else ""
    return shorten(f"{green} of {len(outcome.cases)} green{first}", WIDTH)


def place_to_look_at(case: Case, file: str) -> str:
    """Where in `file` the cause of a red case may be: with the line, where the messages name one."""
    said, here = "\n".join(case.messages), re.escape(file)
    # Who reads too early is told where the read is first. What is to be mended is the wait before it.
    waited = "read-in-flight" in case.names and (
        re.search(rf"{here}:(\d+) +\w*wait", said) or re.search(r"last wait [^\n]*?\(\S+?:(\d+)\)", said)
    )
    place = waited or re.search(rf"{here}:(\d+)", said)
    return f"{file}:{place[1]}" if place else file


def _name_line(case: Case) -> str:
    if case.green:
        return f"  {paint('green', 'green')}  {shorten(case.name, WIDTH - _NAME_AT)}"
    reason = f"   [{case.names[0]}]" if case.names else ""
    return f"  {paint('red', 'red')}    {shorten(case.name, WIDTH - _NAME_AT - len(reason))}{reason}"


def _why(messages: tuple[str, ...], most: int) -> list[str]:
    first, *others = messages or ("",)
    rest = [part for why in others for line in why.splitlines() for part in _fitted(line)]
    if len(rest) <= 1:
        return [*_excerpt(first, most - len(rest)), *rest]
    shown = _excerpt(first, most - 1)
    more = rest[: most - 1 - len(shown)]
    left_out = len(rest) - len(more)
    return [*shown, *rest] if left_out <= 1 else [*shown, *more, f"… {left_out} more lines"]


def _excerpt(message: str, most: int) -> list[str]:
    """A message in at most so many lines, its middle left out: it begins with what and where, and a finding ends with
    its rule and its schedule."""
    lines = message.splitlines()
    rule = next((index for index, line in enumerate(lines) if _RULE.match(line)), len(lines))
    begin = [part for line in lines[:rule] for part in _fitted(line)]
    end = [part for line in lines[rule:] for part in _fitted(line)]
    if len(begin) + len(end) <= most:
        return begin + end
    end = end[: most - _LEAST_BEGIN - 1]
    kept = begin[: most - 1 - len(end)]
    return [*kept, f"   … {len(begin) - len(kept)} lines left out", *end]


def _fitted(line: str) -> list[str]:
    """A line of a message in the terminal's width: source code is cut off, sentences go on below. Where a line says two
    things, the second gets a line of its own."""
    width = WIDTH - len(_INDENT)
    if _QUOTE.match(line):
        return [shorten(line, width)]
    indent = line[: len(line) - len(line.lstrip())]
    if len(line) > width and len(parts := _GAP.split(line)) > 1:
        return [part for one in (parts[0], *(indent + rest for rest in parts[1:])) for part in _fitted(one)]
    hanging = indent + "   " if indent else ""
    whole_words = {"break_long_words": False, "break_on_hyphens": False}  # a path, an option, a finding's name
    return textwrap.wrap(line, width, subsequent_indent=hanging, **whole_words) or [""]
