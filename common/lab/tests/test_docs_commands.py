"""What the pages promise of the command line and of its messages: commands that are understood, and real messages."""

from __future__ import annotations

import re
import shlex
import unittest
from pathlib import Path

from lab import arguments
from lab.complaint import Complaint
from testing import pages

ROOT = Path(__file__).resolve().parents[3]
_COMMAND = re.compile(r"\./lab\b(?: +[^`#\n|]*)?")


def commands(text: str) -> list[str]:
    """What a page tells to type, without `./lab`, prompts' comments and quotation marks."""
    return [found[0].removeprefix("./lab").strip() for found in _COMMAND.finditer(text)]


def is_understood(command: str) -> bool:
    """Whether the command line is; N and NN stand for a chapter."""
    words = ["3" if word in ("N", "NN") else word for word in shlex.split(command)]
    try:
        arguments.parse(words)
    except Complaint:
        return False
    return True


class Commands(unittest.TestCase):
    def test_every_command_of_a_page_is_understood(self) -> None:
        texts = [(page, page.read_text(encoding="utf-8")) for page in pages.every(ROOT)]
        found = [(page, command) for page, text in texts for command in commands(text)]
        self.assertGreater(len(found), 50)
        wrong = [f"{page.relative_to(ROOT)}: ./lab {words}" for page, words in found if not is_understood(words)]
        self.assertEqual(wrong, [])

    def test_a_command_that_does_not_exist_is_noticed(self) -> None:
        self.assertEqual(commands("`./lab` and `./lab chekc 3`, `X=1 ./lab run  # all`"), ["", "chekc 3", "run"])
        understood = [is_understood(words) for words in ("", "check N", "chekc 3", "check 3 --fast")]
        self.assertEqual(understood, [True, True, False, False])

    def test_the_message_on_the_front_page_is_one_that_a_finding_s_page_quotes(self) -> None:
        front = (ROOT / "README.md").read_text(encoding="utf-8")
        message = re.search(r"```text\n(error\[([a-z-]+)\].*?)```", front, re.DOTALL)
        assert message, "README.md shows no message"
        quoted = (ROOT / f"docs/findings/{message[2]}.md").read_text(encoding="utf-8").splitlines()
        for line in message[1].splitlines():
            begin = line.removesuffix("...")  # the rest is left out
            self.assertTrue([one for one in quoted if one == line or (begin != line and one.startswith(begin))], line)


if __name__ == "__main__":
    unittest.main()
