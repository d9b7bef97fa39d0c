"""Reads the command line: one table of verbs, and one helpful sentence for everything that is not in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.complaint import USAGE, Complaint, guess


@dataclass(frozen=True)
class Verb:
    """A verb: whether it takes a chapter ("no", "optional", "needed"), its options, what it does in a line, and what
    word may follow the chapter."""

    name: str
    chapter: str
    options: tuple[str, ...]
    summary: str
    word: str = ""

    @property
    def usage(self) -> str:
        """How one writes it."""
        words = {"no": "", "optional": " [N]", "needed": " N"}[self.chapter] + (f" [{self.word}]" if self.word else "")
        values = {option: f" {_VALUES[option]}" if option in _VALUES else "" for option in self.options}
        options = "".join(f" [{o}{value}]{'...' if o in _REPEATED else ''}" for o, value in values.items())
        return f"./lab {self.name}{words}{options}"


_VALUES = {"--kernel": "FILE", "--replay": "FILE", "--configuration": "NAME"}
_REPEATED = frozenset({"--configuration"})
VERBS = (
    Verb("run", "optional", ("--record",), "the references on this computer: the ladder"),
    Verb("test", "no", ("--thorough",), "the whole test suite (without your kernels)"),
    Verb("check", "needed", ("--kernel", "--replay", "--again"), "judge YOUR kernel of chapter N, or FILE"),
    Verb("hint", "needed", (), "the next hint for your TODO, or for N = 3.2", "LEVEL"),
    Verb("watch", "needed", (), "judge the first red case on each save"),
    Verb("compare", "needed", ("--kernel",), "yours beside the reference and chapter N-1"),
    Verb("trace", "needed", ("--kernel", "--configuration"), "what each warp of your kernel does when"),
    Verb("diff", "needed", (), "what the reference changed since N-1"),
    Verb("bug", "needed", ("--answer",), "deals you a broken kernel to diagnose"),
    Verb("reset", "needed", (), "start chapter N over; your file is kept"),
    Verb("progress", "no", (), "your TODOs and verdicts, chapter by chapter"),
    Verb("doctor", "no", (), "what is here, what is missing, what runs"),
    Verb("help", "no", (), "this list"),
)


@dataclass(frozen=True)
class Arguments:
    """A command line that was understood; `verb` is "" for plain ./lab."""

    verb: str
    chapter: str | None = None
    word: str | None = None
    kernel: Path | None = None
    replay: Path | None = None
    configurations: tuple[str, ...] = ()
    record: bool = False
    thorough: bool = False
    again: bool = False
    answer: bool = False


def parse(words: Sequence[str]) -> Arguments:
    """Reads the words behind ./lab."""
    if any(word in ("-h", "--help") for word in words):
        return Arguments("help")
    if not words:
        return Arguments("")
    verb = next((verb for verb in VERBS if verb.name == words[0]), None)
    if verb is None:
        names = [known.name for known in VERBS]
        raise Complaint(f"there is no verb {words[0]}{guess(words[0], names)} The verbs are {', '.join(names)}.", USAGE)
    places: list[str] = []
    options: dict[str, list[str]] = {}
    rest = list(words[1:])
    while rest:
        word = rest.pop(0)
        if word.startswith("-"):
            name, equals, value = word.partition("=")
            if name not in verb.options or (equals and name not in _VALUES):
                raise Complaint(f"{verb.name} has no option {word}{guess(name, verb.options)} {_takes(verb)}", USAGE)
            if name in _VALUES and not equals:
                value = rest.pop(0) if rest else ""
            if name in _VALUES and not value:
                raise Complaint(f"{name} wants a {_VALUES[name].lower()}: {verb.usage}", USAGE)
            options[name] = [*(options.get(name, []) if name in _REPEATED else []), value]
        elif verb.chapter == "no":
            raise Complaint(f"{verb.name} takes no chapter, and you wrote {word}: {verb.usage}", USAGE)
        elif len(places) == (2 if verb.word else 1):
            most = "one chapter" + (f" and one {verb.word}" if verb.word else "")
            written = " and ".join([*places, word])
            raise Complaint(f"{verb.name} takes {most}, and you wrote {written}: {verb.usage}", USAGE)
        else:
            places.append(word)
    return Arguments(
        verb=verb.name,
        chapter=places[0] if places else None,
        word=places[1] if len(places) > 1 else None,
        kernel=Path(options["--kernel"][0]) if "--kernel" in options else None,
        replay=Path(options["--replay"][0]) if "--replay" in options else None,
        configurations=tuple(options.get("--configuration", [])),
        record="--record" in options,
        thorough="--thorough" in options,
        again="--again" in options,
        answer="--answer" in options,
    )


def usage() -> str:
    """The list of verbs."""
    width = max(len(verb.usage) for verb in VERBS) + 2
    lines = [f"{'./lab':<{width}}where am I, what next"]
    lines += [f"{verb.usage:<{width}}{verb.summary}" for verb in VERBS]
    return "\n".join([*lines, "", "N is a chapter: 1, 01 or 01_baseline."])


def _takes(verb: Verb) -> str:
    return f"It is written {verb.usage}" if verb.options else f"It takes none: {verb.usage}"
