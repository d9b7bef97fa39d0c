"""common/bench/peers/: what is measured, and what becomes of it. PyTorch is a fake here."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

COMMON = Path(__file__).resolve().parents[1]
PEERS = COMMON / "bench" / "peers"
sys.path.insert(0, str(PEERS))

import attention  # noqa: E402
import comparison  # noqa: E402
import deformable_attention  # noqa: E402
from comparison import Cell, Workload  # noqa: E402

from lab import results  # noqa: E402
from lab.benchmark import Report  # noqa: E402
from lab.complaint import Complaint  # noqa: E402
from lab.project import Project  # noqa: E402

BENCH = """#!{python}
import json, sys
words = dict(word.split("=", 1) for word in sys.argv[1:])
def row(name, us):
    return {{"name": name, "run_name": name + "/manual_time", "run_type": "iteration", "real_time": us,
             "time_unit": "us", "relative_l2": 3e-4}}
json.dump({{"context": {{"gpu": "G", "driver": "580", "cuda": "13.0", "asked": words["--benchmark_filter"]}},
           "benchmarks": [row("reference/small", 8.5), row("reference/large", 8500.0)]}},
          open(words["--benchmark_out"], "w"))
"""


@dataclass(frozen=True)
class Shape:
    input_bytes: int


def workload(**calls: Callable[[Any], Any]) -> Workload:
    """Sets are their numbers, and an output is the list of its rows' errors."""
    return Workload(
        "attention",
        "us",
        {"small": Shape(60), "large": Shape(1000)},
        1e-2,
        lambda shape, count: list(range(count)),
        lambda first: (slice(1), 0.0),
        lambda shape: calls,
    )


def fake_torch(replay_ms: float = 10.0) -> mock.MagicMock:
    torch = mock.MagicMock(__version__="2.11.0")
    torch.cuda.get_device_properties(0).L2_cache_size = 100
    torch.cuda.Event().elapsed_time.return_value = replay_ms
    torch.backends.cudnn.version.return_value = 91900
    return torch


class Shapes(unittest.TestCase):
    """The sizes are those that our programs measure."""

    def functions(self, name: str) -> dict[str, str]:
        text = (COMMON / "workloads" / name / "shape.cpp").read_text(encoding="utf-8")
        return dict(re.findall(r"^Shape (\w+)_shape\([^)]*\) \{\s*return (.*?);", text, re.MULTILINE | re.DOTALL))

    def test_of_attention(self) -> None:
        functions = self.functions("attention")
        for name, shape in attention.SHAPES.items():
            sizes = dict(re.findall(r"\.(\w+) = (\w+)", functions[name.split()[0]]))
            wanted = {size: name.split()[1] if number == "dim" else number for size, number in sizes.items()}
            self.assertEqual({size: str(number) for size, number in vars(shape).items()}, wanted, name)

    def test_of_deformable_attention(self) -> None:
        functions = self.functions("deformable_attention")
        for name, shape in deformable_attention.SHAPES.items():
            text = functions[name.split()[0]]
            sizes = {size: int(number) for size, number in re.findall(r"\.(\w+) = (\d+)", text)}
            maps = tuple((int(height), int(width)) for height, width in re.findall(r"\{(\d+), (\d+)\}", text))
            self.assertEqual(vars(shape), {**sizes, "maps": maps}, name)


class Missing(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.project = Project(Path(folder.name))
        self.build = self.project.build("cuda")

    def configure(self) -> None:
        keys = ("number", "name", "title", "previous", "workload", "compute_capability")
        chapters = [("01", "01_other", "", "", "other", "8.0"), ("05", "05_ours", "", "", "attention", "8.0")]
        (self.build / "bin").mkdir(parents=True)
        (self.build / "chapters.json").write_text(json.dumps([dict(zip(keys, chapter)) for chapter in chapters]))

    def test_without_pytorch_a_program_is_skipped_with_a_sentence(self) -> None:
        for name in ("attention", "deformable_attention"):
            # -S: without packages
            command = [sys.executable, "-B", "-S", PEERS / f"{name}.py", "--record"]
            ended = subprocess.run(command, capture_output=True, text=True)
            self.assertEqual((ended.returncode, ended.stdout), (77, ""))
            self.assertRegex(ended.stderr, r"\APyTorch is missing: `pip install torch`.*\.\n\Z")

    def test_without_a_gpu_it_is_skipped_too(self) -> None:
        torch = fake_torch()
        torch.cuda.is_available.return_value = False
        with mock.patch.dict(sys.modules, torch=torch), self.assertRaisesRegex(Complaint, "finds no GPU") as skipped:
            comparison.require_torch()
        self.assertEqual(skipped.exception.code, 77)

    def test_without_our_programs_the_command_that_builds_them_is_named(self) -> None:
        with self.assertRaisesRegex(Complaint, "`cmake --preset cuda`"):
            comparison.find_programs(self.project, workload())
        self.configure()
        with self.assertRaisesRegex(Complaint, "`cmake --build --preset cuda --target ch05_bench`"):
            comparison.find_programs(self.project, workload())

    def test_programs_are_those_of_the_workload(self) -> None:
        self.configure()
        program = self.build / "bin" / "ch05_bench"
        program.touch()
        self.assertEqual(comparison.find_programs(self.project, workload()), {"05_ours": program})


class Measuring(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def peers(self, errors: list[float], **calls: Callable[[Any], Any]) -> tuple[list[Cell], mock.MagicMock]:
        """The cells of PyTorch's calls, with these errors one after the other; and what was timed."""
        with (
            mock.patch.dict(sys.modules, torch=fake_torch()),
            mock.patch.object(comparison, "relative_l2", side_effect=errors),
            mock.patch.object(comparison, "milliseconds", return_value=0.25) as timed,
            mock.patch("builtins.print") as self.printed,
        ):
            return comparison.measure_peers(workload(**calls)), timed

    def test_inputs_are_larger_than_twice_the_cache_and_times_in_the_tables_unit(self) -> None:
        cells, timed = self.peers([1e-3, 2e-3], SDPA=lambda number: [0])
        self.assertEqual(cells, [Cell("SDPA", "small", 250, 1e-3), Cell("SDPA", "large", 250, 2e-3)])
        # of 60 and of 1000 bytes beside a cache of 100; one more, because the last one used is still there
        self.assertEqual([len(call.args[1]) for call in timed.call_args_list], [5, 2])

    def test_a_wrong_output_is_no_result(self) -> None:
        for error in (0.02, float("nan")):
            with self.assertRaisesRegex(Complaint, "SDPA at small is wrong"):
                self.peers([error], SDPA=lambda number: [0])

    def test_what_pytorch_cannot_do_has_no_cell_and_is_said(self) -> None:
        def refuse(number: int) -> None:
            raise RuntimeError("No available kernel.\nA long story.")

        cells, _ = self.peers([1e-3, 1e-3], FLASH=refuse, SDPA=lambda number: [0])
        self.assertEqual({cell.row for cell in cells}, {"SDPA"})
        self.printed.assert_any_call("FLASH at small: no cell, because PyTorch says: No available kernel.")

    def test_a_graph_takes_the_sets_in_turn_and_its_time_is_shared_by_its_calls(self) -> None:
        for replay_ms, calls in ((10.0, 3), (4.0, 5), (1e-3, 1000)):
            taken: list[int] = []
            with mock.patch.dict(sys.modules, torch=fake_torch(replay_ms)):
                self.assertAlmostEqual(comparison.milliseconds(taken.append, [7, 8, 9]), replay_ms / calls)
            self.assertEqual(taken[4 : 4 + calls], ([7, 8, 9] * calls)[:calls])  # behind those that warm up
            self.assertEqual(len(taken), 4 + calls)

    def test_our_references_are_measured_at_the_tables_shapes(self) -> None:
        program = self.folder / "ch05_bench"
        program.write_text(BENCH.format(python=sys.executable))
        program.chmod(0o755)
        with mock.patch("builtins.print"):
            cells, report = comparison.measure_ours({"05_ours": program}, workload())
        self.assertEqual([(cell.row, cell.column) for cell in cells], [("05_ours", "small"), ("05_ours", "large")])
        self.assertEqual([round(cell.value, 6) for cell in cells], [8.5, 8500])
        self.assertEqual(report.context["asked"], "reference/(small|large)")


class Showing(unittest.TestCase):
    CELLS = (
        Cell("05_ours", "small", 8.51234, 3e-4),
        Cell("05_ours", "large", 183247.4, 2e-4),
        Cell("SDPA", "large", 80, 4e-4),
    )

    def test_the_table_has_a_dash_where_nothing_was_measured_and_the_largest_error(self) -> None:
        self.assertEqual(
            comparison.as_table(self.CELLS, ["small", "large"]),
            [
                "kernel   small   large  relative L2",
                "05_ours  8.512  183200      3.0e-04",
                "SDPA         -      80      4.0e-04",
            ],
        )

    def test_what_is_recorded_becomes_a_table_of_the_pages(self) -> None:
        report = Report({"gpu": "NVIDIA H200", "driver": "580.1", "cuda": "13.0"}, [])
        with tempfile.TemporaryDirectory() as folder, mock.patch.dict(sys.modules, torch=fake_torch()):
            root = Path(folder)
            (root / "CMakeLists.txt").touch()
            page = root / "README.md"
            page.write_text("<!-- table: peers attention -->\n<!-- end of table -->\n")
            said = results.write_grid(root, "peers", comparison.recording(workload(), self.CELLS, report))
            self.assertIn("recorded in docs/results/peers/attention-nvidia-h200.json;", said)
            command = [sys.executable, "-B", COMMON / "cmake" / "tables.py", "--root", root]
            subprocess.run(command, check=True)
            text = page.read_text(encoding="utf-8")
        self.assertIn("| kernel (µs) | shape: small | large |\n", text)
        self.assertIn("| 05_ours | 8.51 | 183200 |\n| SDPA | – | 80.0 |\n", text)
        self.assertIn("CUDA 13.0, PyTorch 2.11.0, cuDNN 9.19.0, ", text)
        self.assertIn("`python3 common/bench/peers/attention.py --record`.", text)


if __name__ == "__main__":
    unittest.main()
