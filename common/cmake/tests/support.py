"""What the tests of the tools share: each test runs a tool as the build does, in a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from xml.sax.saxutils import quoteattr

TOOLS = Path(__file__).resolve().parent.parent

# The tools and git see neither the caller's repository (git runs hooks with GIT_DIR set) nor whether this is a CI run.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") and name != "CI"}


class ToolTest(unittest.TestCase):
    """A test with a folder, and with assertions about what a tool said."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
        return path

    def run_tool(self, tool: str, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        # -S: nothing but the standard library, which also starts faster.
        return subprocess.run(
            [sys.executable, "-B", "-S", TOOLS / tool, *map(str, arguments)],
            cwd=self.folder,
            env={**ENVIRONMENT, **environment},
            capture_output=True,
            text=True,
        )

    def assert_passes(self, done: subprocess.CompletedProcess[str], *sentences: str) -> None:
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        for sentence in sentences:
            self.assertIn(sentence, done.stdout)

    def assert_refuses(self, done: subprocess.CompletedProcess[str], *sentences: str) -> None:
        self.assertNotIn("Traceback", done.stderr)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        for sentence in sentences:
            self.assertIn(sentence, done.stderr)

    def program(self, xml: str, status: int, first: str = "") -> Path:
        """An executable that runs the Python statements `first`, writes `xml` as its report and ends with `status`."""
        path = self.write(
            "ch01_fake",
            f"#!{sys.executable}\nimport os, signal, sys, time\n"
            f'report = [word[len("--out="):] for word in sys.argv if word.startswith("--out=")][0]\n'
            f'assert "--reporters=xml" in sys.argv\n'
            f"{first}\nopen(report, 'w').write({xml!r})\nsys.exit({status})\n",
        )
        path.chmod(0o755)
        return path


def case(name: str, needs: str = "", failure: str | None = None) -> str:
    """A test case as doctest 2.4.9 reports it: red with the message `failure`, green for None."""
    message = ""
    if failure is not None:
        message = f'<Message type="FATAL ERROR" filename="t.cpp" line="1">\n<Text>\n{failure}\n</Text>\n</Message>\n'
    description = f" description={quoteattr(needs)}" if needs else ""
    return (
        f'<TestCase name={quoteattr(name)} filename="t.cpp" line="1"{description}>\n{message}'
        f'<OverallResultsAsserts successes="1" failures="{int(failure is not None)}" '
        f'test_case_success="{"true" if failure is None else "false"}"/>\n</TestCase>\n'
    )


def report(*cases: str) -> str:
    """The whole report."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<doctest binary="ch01" version="2.4.9">\n<TestSuite>\n'
        + "".join(cases)
        + "</TestSuite>\n</doctest>\n"
    )
