"""Recording: other chapters' and other GPUs' numbers are never lost."""

from __future__ import annotations

import datetime
import json
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from lab import benchmark, results
from lab.complaint import Complaint
from lab.tests.test_benchmark import document, row

_COUNTERS = {name: 1.0 for name in ("points_per_second", "dram_bound_ms", "l1_bound_ms", "issue_bound_ms")}
_COUNTERS |= {"registers": 40.0, "shared_bytes": 0.0, "blocks_per_sm": 6.0, "relative_l2": 2.13456e-4}


def entry(ms: float) -> dict[str, object]:
    """A recorded chapter."""
    rows = [row("reference", ms, counters=_COUNTERS), row("previous", 9.0)]
    report = benchmark.parse(document(*rows, driver="580", cuda="13.0"), "b")
    return results.entry(report, "abc1234", "./lab run --record", datetime.date(2026, 11, 21))


class Results(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def recorded(self, name: str) -> dict[str, dict[str, dict[str, list[dict[str, object]]]]]:
        content: dict[str, dict[str, dict[str, list[dict[str, object]]]]] = json.loads((self.folder / name).read_text())
        return content

    def test_an_entry_holds_the_references_numbers_and_where_they_come_from(self) -> None:
        recorded = entry(3.3)
        self.assertEqual(recorded["date"], "2026-11-21")
        numbers = {"ms": 3.3, "noise_ms": 0, "registers": 40, "relative_l2": 0.0002135, "repetitions": 1}
        # one shape, and "previous" is not recorded
        self.assertEqual(recorded["results"], [{"shape": "field local", **_COUNTERS, **numbers}])

    def test_merging_replaces_one_chapter_and_leaves_the_others_and_other_gpus(self) -> None:
        results.merge(self.folder, "NVIDIA A100", {"01_baseline": entry(9.0)})
        results.merge(self.folder, "NVIDIA H200", {"02_next": entry(2.0), "01_baseline": entry(3.0)})
        path = results.merge(self.folder, "NVIDIA H200", {"01_baseline": entry(1.0)})
        self.assertEqual(path.name, "nvidia-h200.json")
        chapters = self.recorded("nvidia-h200.json")["chapters"]
        self.assertEqual(list(chapters), ["01_baseline", "02_next"])
        self.assertEqual([chapters[name]["results"][0]["ms"] for name in chapters], [1, 2])
        self.assertEqual(self.recorded("nvidia-a100.json")["chapters"]["01_baseline"]["results"][0]["ms"], 9)

    def test_a_file_that_is_not_understood_is_left_alone(self) -> None:
        path = self.folder / "nvidia-h200.json"
        for text in ("{ half", '{"gpu": "another", "chapters": {}}', '{"gpu": "NVIDIA H200"}'):
            path.write_text(text)
            with self.assertRaisesRegex(Complaint, "nothing was recorded"):
                results.merge(self.folder, "NVIDIA H200", {"01_baseline": entry(1.0)})
            self.assertEqual(path.read_text(), text)

    def test_a_missing_counter_records_nothing(self) -> None:
        report = benchmark.parse(document(row("reference", 1.0), driver="580", cuda="13.0"), "b")
        with self.assertRaisesRegex(Complaint, "does not count registers, .*, a bound, a rate"):
            results.entry(report, "abc", "./lab run --record", datetime.date(2026, 11, 21))

    @unittest.skipUnless(shutil.which("git"), "git is not installed")
    def test_the_commit_says_when_tracked_files_differ(self) -> None:
        def git(*words: str) -> None:
            identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
            subprocess.run(["git", *identity, *words], cwd=self.folder, check=True, capture_output=True)

        with mock.patch.dict("os.environ", {"TUTORIAL_COMMIT": "from outside", "GIT_CEILING_DIRECTORIES": "/tmp"}):
            self.assertEqual(results.commit(self.folder), "from outside")
            git("init")
            (self.folder / "file").write_text("1")
            git("add", "file")
            git("commit", "-m", "first")
            (self.folder / "untracked").write_text("")
            self.assertRegex(results.commit(self.folder), "^[0-9a-f]{7,}$")
            (self.folder / "file").write_text("2")
            self.assertRegex(results.commit(self.folder), "^[0-9a-f]{7,}-dirty$")
