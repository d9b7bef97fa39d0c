"""Reads doctest's XML report, also one that a crash has cut short."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast
from xml.etree import ElementTree

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what XML forbids
_OPEN_TODO = re.compile(r"TODO (\d+\.\d+) is not done yet")
_NO_NEWS = "exception thrown in subcase - will translate later"  # doctest repeats the exception itself afterwards


@dataclass(frozen=True)
class Case:
    """One test case: `messages` say why it is red, an open TODO first; the report breaks off where not `finished`."""

    name: str
    description: str
    green: bool
    finished: bool
    messages: tuple[str, ...]

    @property
    def open_todo(self) -> str:
        """The number of the TODO that the case met and that is not done yet, or ""."""
        found = _OPEN_TODO.search(self.messages[0]) if self.messages else None
        return found.group(1) if found else ""


def parse(text: str) -> list[Case]:
    """The test cases of a report in the order they ran, without skipped ones; never raises on a damaged report."""
    parser: ElementTree.XMLPullParser[ElementTree.Element] = ElementTree.XMLPullParser(events=("start", "end"))
    cases: list[Case] = []
    running: ElementTree.Element | None = None
    try:
        parser.feed(_UNPRINTABLE.sub("?", text))
        for event, element in cast("Iterator[tuple[str, ElementTree.Element]]", parser.read_events()):
            if element.tag != "TestCase":
                continue
            if event == "start":
                running = element
            else:
                running = None
                if element.get("skipped") != "true":
                    cases.append(_case(element, finished=True))
    except ElementTree.ParseError:
        pass
    if running is not None:
        cases.append(_case(running, finished=False))
    return cases


def _case(element: ElementTree.Element, finished: bool) -> Case:
    verdict = element.find("OverallResultsAsserts")
    messages = [message for part in element.iter() if (message := _failure(part))]
    messages.sort(key=lambda message: not _OPEN_TODO.search(message))
    return Case(
        name=element.get("name", "").strip(),
        description=element.get("description", "").strip(),
        green=finished and verdict is not None and verdict.get("test_case_success") == "true",
        finished=finished,
        messages=tuple(messages),
    )


def _failure(part: ElementTree.Element) -> str:
    if part.tag == "Message" and part.get("type") != "WARNING":
        return _words(part.find("Text"))
    if part.tag == "Expression" and part.get("success") == "false":
        where = f"{part.get('filename')}:{part.get('line')}"
        claim, values = _words(part.find("Original")), _words(part.find("Expanded"))
        return f"{part.get('type')}( {claim} ) is not true: {values}  {where}"
    if part.tag == "Exception":
        words = _words(part)
        return "" if words.startswith(_NO_NEWS) else words
    return ""


def _words(element: ElementTree.Element | None) -> str:
    # doctest indents the first line of a text and leaves the others as they are.
    lines = (element.text or "").strip().splitlines() if element is not None else []
    return "\n".join(line.rstrip() for line in lines)
