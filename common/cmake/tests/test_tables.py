"""tables.py: what it writes, what it leaves alone, and what it refuses."""

from __future__ import annotations

import json
from typing import Any

from .support import ToolTest

LOCAL = {
    "shape": "field local", "ms": 3.3142, "noise_ms": 0.0123, "points_per_second": 9.512e9, "dram_bound_ms": 0.1,
    "l1_bound_ms": 0.24, "issue_bound_ms": 0.22, "registers": 40, "shared_bytes": 0, "blocks_per_sm": 6,
    "relative_l2": 2.1e-4, "repetitions": 9,
}  # fmt: skip
UNIFORM = {**LOCAL, "shape": "field uniform", "ms": 12.345, "noise_ms": 0.001, "dram_bound_ms": 1.5}

LADDER = "<!-- table: ladder deformable_attention -->\n"
README = f"# Title\r\n\n{LADDER}old\n<!-- end of table -->\n\nText after, no newline at the end"
LIST = """tutorial_chapter(01_baseline PREVIOUS none WORKLOAD deformable_attention COMPUTE_CAPABILITY 8.0
                 LIMITS registers=64)
tutorial_chapter(02_tma PREVIOUS 01_baseline
                 WORKLOAD deformable_attention COMPUTE_CAPABILITY 9.0)
tutorial_chapter(05_stream PREVIOUS none WORKLOAD attention COMPUTE_CAPABILITY 8.0)
"""
PAGE = "# One\n<!-- table: results {} -->\n<!-- end of table -->\ntext\n"

HEADER = (
    "| chapter | field local | field uniform | of its largest bound (local) | registers |\n"
    "| :-- | --: | --: | --: | --: |\n"
)
CAPTION = "NVIDIA H200, driver 580.1, CUDA 13.0, 2026-11-21, commit abc1234: `./lab run --record`."


def recording(*results: dict[str, Any], **changes: str) -> dict[str, Any]:
    base = {
        "driver": "580.1",
        "cuda": "13.0",
        "date": "2026-11-21",
        "commit": "abc1234",
        "command": "./lab run --record",
    }
    return {**base, **changes, "results": list(results)}


class Tables(ToolTest):
    def setUp(self) -> None:
        super().setUp()
        self.write("README.md", README)
        self.write("CMakeLists.txt", LIST)
        for chapter in ("01_baseline", "02_tma"):
            self.write(f"chapters/{chapter}/README.md", PAGE.format(chapter))

    def record(self, gpu: str, **chapters: dict[str, Any]) -> None:
        named = {{"one": "01_baseline", "two": "02_tma"}.get(name, name): value for name, value in chapters.items()}
        self.write(f"docs/results/{gpu.lower().replace(' ', '-')}.json", json.dumps({"gpu": gpu, "chapters": named}))

    def read(self, name: str) -> str:
        return (self.folder / name).read_bytes().decode()

    def generate(self) -> str:
        """Writes the tables and returns README.md."""
        self.assert_passes(self.run_tool("tables.py", "--root", "."))
        self.assert_passes(self.run_tool("tables.py", "--root", ".", "--check"))
        return self.read("README.md")


class Writing(Tables):
    def test_the_ladder_has_a_row_for_each_chapter_measured_or_not(self) -> None:
        self.record("NVIDIA H200", one=recording(LOCAL, UNIFORM))
        self.assertIn(
            f"<!-- table: ladder deformable_attention -->\n\n{HEADER}"
            "| [01_baseline](chapters/01_baseline/README.md) | 3.31 ± 0.01 ms | 12.3 ± <0.1 ms | 7 % (L1) | 40 |\n"
            "| [02_tma](chapters/02_tma/README.md) | – | – | – | – |\n"
            f"\n{CAPTION}\n\n<!-- end of table -->",
            self.generate(),
        )

    def test_a_chapter_page_has_a_row_for_each_recorded_shape(self) -> None:
        self.record("NVIDIA H200", one=recording(LOCAL, UNIFORM))
        self.generate()
        page = self.read("chapters/01_baseline/README.md")
        self.assertIn(
            "| field local | 3.31 ± 0.01 ms | 9.51 | 0.100 ms | 0.240 ms | 0.220 ms "
            "| 7 % (L1) | 40 | 0 B | 6 | 2.1e-04 |\n",
            page,
        )
        self.assertIn("| field uniform | 12.3 ± <0.1 ms | 9.51 | 1.50 ms | 0.240 ms | 0.220 ms | 12 % (DRAM) |", page)
        self.assertIn(f"\n\n{CAPTION}\n\n<!-- end of table -->\ntext\n", page)

    def test_a_workload_has_its_own_ladder_rate_and_bounds_and_short_times_are_in_microseconds(self) -> None:
        self.write("README.md", "<!-- table: ladder attention -->\n<!-- end of table -->\n")
        self.write("chapters/05_stream/README.md", PAGE.format("05_stream"))
        mission = {key: value for key, value in LOCAL.items() if "bound" not in key and "points" not in key}
        mission |= {"shape": "mission", "ms": 0.01234, "noise_ms": 0.00012, "flop_per_second": 4.5e14}
        mission |= {"dram_bound_ms": 0.00073, "tensor_bound_ms": 0.00136, "exp_bound_ms": 0.00113}
        long = {**mission, "shape": "long", "ms": 0.1234}
        self.write("docs/results/g.json", json.dumps({"gpu": "G", "chapters": {"05_stream": recording(mission, long)}}))
        readme = self.generate()
        self.assertIn("| chapter | mission | long | of its largest bound (mission) | registers |\n", readme)
        row = "12.3 ± 0.1 µs | 0.123 ± <0.001 ms | 11 % (tensor core) | 40 |\n"
        self.assertIn(f"| [05_stream](chapters/05_stream/README.md) | {row}", readme)
        self.assertNotIn("01_baseline", readme)
        page = self.read("chapters/05_stream/README.md")
        self.assertIn("| shape | time | TFLOP/s | DRAM bound | tensor core bound | exp bound | of the largest |", page)
        row = "12.3 ± 0.1 µs | 450 | 0.730 µs | 1.36 µs | 1.13 µs | 11 % (tensor core) | 40 |"
        self.assertIn(f"| mission | {row}", page)

    def test_a_second_gpu_gets_a_table_of_its_own(self) -> None:
        self.record("NVIDIA H200", one=recording(LOCAL))
        self.record("NVIDIA A100", one=recording({**LOCAL, "ms": 6.5}))
        readme = self.generate()
        self.assertEqual(readme.count(HEADER), 2)
        self.assertLess(readme.index("6.50 ± 0.01 ms"), readme.index("NVIDIA A100, driver"))
        self.assertLess(readme.index("NVIDIA A100, driver"), readme.index("3.31 ± 0.01 ms"))

    def test_chapters_recorded_apart_have_captions_apart(self) -> None:
        self.record("NVIDIA H200", one=recording(LOCAL), two=recording(LOCAL, commit="def5678"))
        readme = self.generate()
        self.assertIn(f"\n01_baseline: {CAPTION}  \n02_tma: {CAPTION.replace('abc1234', 'def5678')}\n", readme)

    def test_without_results_a_line_says_which_command_records_them(self) -> None:
        nothing = "Nothing is recorded yet: `./lab run --record` on a machine with a GPU fills this table.\n"
        readme = self.generate()
        self.assertIn(f"{HEADER}| [01_baseline](chapters/01_baseline/README.md) | – | – | – | – |\n", readme)
        self.assertIn(nothing, readme)
        self.assertIn(f"-->\n\n{nothing}\n<!-- end", self.read("chapters/02_tma/README.md"))

    def test_text_outside_the_markers_is_not_touched(self) -> None:
        readme = self.generate()
        before, after = README.split("old\n")
        self.assertTrue(readme.startswith(before))
        self.assertTrue(readme.endswith(after))

    def test_a_changed_result_changes_the_table(self) -> None:
        self.record("NVIDIA H200", one=recording(LOCAL))
        first = self.generate()
        self.record("NVIDIA H200", one=recording({**LOCAL, "ms": 2.61}))
        self.assertEqual(self.generate(), first.replace("3.31", "2.61").replace("7 %", "9 %"))


class Bugs(Tables):
    """The table of the wrong programs: what the emulator reports of them, and what compute-sanitizer does."""

    PAGE = "# Findings\n<!-- table: bugs -->\n<!-- end of table -->\n"
    HEAD = (
        "| bug | what is wrong | finding | found in, of 64 schedules (first) "
        "| on the GPU | racecheck | synccheck | memcheck |\n"
    )
    EMULATOR = {
        "schedules": 64,
        "bugs": {
            "flips": {"mistake": "it flips", "pitfall": 1, "findings": {"read-in-flight": 64}, "found": 64, "first": 0},
            "waits": {
                "mistake": "it waits",
                "pitfall": 0,
                "findings": {"data-race": 1, "deadlock": 2, "livelock": 4},
                "found": 7,
                "first": 3,
            },
        },
    }

    def setUp(self) -> None:
        super().setUp()
        self.write("docs/findings/README.md", self.PAGE)

    def record_bugs(self) -> None:
        self.write("docs/results/bugs.json", json.dumps(self.EMULATOR))

    def sanitizer(self, **outcomes: tuple[list[str], list[str]]) -> dict[str, Any]:
        """A recording: for each bug the outcomes of the wrong and of the fixed program, alone and under the tools."""
        columns = ("alone", "racecheck", "synccheck", "memcheck")
        source = {key: value for key, value in recording().items() if key != "results"}
        return {
            "gpu": "NVIDIA H200",
            **source,
            "command": "sanitize.py",
            "bugs": {
                name: {
                    twin: {column: {"outcome": said} for column, said in zip(columns, words, strict=True)}
                    for twin, words in zip(("wrong", "fixed"), both, strict=True)
                }
                for name, both in outcomes.items()
            },
        }

    def page(self) -> str:
        self.generate()
        return self.read("docs/findings/README.md")

    def test_a_row_links_the_program_and_its_findings_and_counts_schedules(self) -> None:
        self.record_bugs()
        page = self.page()
        self.assertIn(
            f"{self.HEAD}| :-- | :-- | :-- | --: | --: | --: | --: | --: |\n"
            "| [flips](../../common/emulator/tests/bugs/flips.cu) | it flips | [read-in-flight](read-in-flight.md) "
            "| 64 (0) | – | – | – | – |\n"
            "| [waits](../../common/emulator/tests/bugs/waits.cu) | it waits "
            "| [livelock](livelock.md) or [deadlock](deadlock.md) or [data-race](data-race.md) "
            "| 7 (3) | – | – | – | – |\n",
            page,
        )
        self.assertIn("\ncompute-sanitizer was not asked yet: `python3 common/emulator/tests/bugs/sanitize.py ", page)

    def test_what_the_sanitizer_said_stands_beside_and_is_counted(self) -> None:
        self.record_bugs()
        good = ["right", "silent", "silent", "silent"]
        said = self.sanitizer(
            flips=(["wrong", "reports", "silent", "failed"], ["right", "reports", "silent", "silent"]),
            waits=(["hang", "hang", "reports", "silent"], good),
            renamed_since=(["wrong", "reports", "reports", "reports"], good),
        )
        self.write("docs/results/sanitizer-nvidia-h200.json", json.dumps(said))
        page = self.page()
        self.assertIn(" | 64 (0) | wrong output | **reports** | silent | – |\n", page)
        self.assertIn(" | 7 (3) | hangs | hangs | **reports** | silent |\n", page)
        self.assertIn(
            "\n* racecheck reports 1 of the 2 wrong programs, and 1 of the fixed ones (flips).\n"
            "* synccheck reports 1 of the 2 wrong programs, and 0 of the fixed ones.\n"
            "* memcheck reports 0 of the 2 wrong programs, and 0 of the fixed ones.\n\n"
            "NVIDIA H200, driver 580.1, CUDA 13.0, 2026-11-21, commit abc1234: `sanitize.py`.\n",
            page,
        )
        self.assertNotIn("renamed_since", page)

    def test_without_a_record_a_line_says_how_to_make_one(self) -> None:
        self.assertIn("Nothing is recorded yet: `build/emulator/bin/bugs --record docs/results/bugs.json`", self.page())

    def test_a_program_that_the_sanitizer_never_met_has_dashes(self) -> None:
        self.record_bugs()
        said = self.sanitizer(flips=(["right", "silent", "silent", "silent"],) * 2)
        self.write("docs/results/sanitizer-nvidia-h200.json", json.dumps(said))
        self.assertIn(" | 7 (3) | – | – | – | – |\n", self.page())

    def test_a_record_that_is_none_is_refused(self) -> None:
        good = ["right", "silent", "silent", "silent"]
        for name, recorded, sentence in (
            ("bugs.json", {"bugs": {}}, "docs/results/bugs.json: the file lacks schedules"),
            ("bugs.json", {"schedules": 64, "bugs": {"flips": {"found": 1}}}, "flips lacks mistake, pitfall, findings"),
            ("sanitizer-g.json", {"gpu": "G"}, "docs/results/sanitizer-g.json: the file lacks driver, cuda"),
            ("sanitizer-g.json", self.sanitizer(flips=(["odd", *good[1:]], good)), "flips wrong has an outcome"),
            ("sanitizer-g.json", {**self.sanitizer(), "bugs": {"flips": {"wrong": {}}}}, "flips lacks fixed"),
        ):
            with self.subTest(sentence):
                path = self.write(f"docs/results/{name}", json.dumps(recorded))
                done = self.run_tool("tables.py", "--root", ".")
                self.assert_refuses(done, sentence)
                path.unlink()


class Emulator(Tables):
    FIGURES = (
        ("a ring: random", 96412.0, "schedules per second", 50_000),
        ("a ring: every schedule", 7.59, "ms", 1_000),
        ("a read", 28.2, "ns", None),
    )

    def setUp(self) -> None:
        super().setUp()
        self.write("docs/emulator.md", "# E\n<!-- table: emulator -->\n<!-- end of table -->\n")

    def record_figures(self, **changes: object) -> None:
        figures = [dict(zip(("what", "value", "unit", "target"), figure, strict=True)) for figure in self.FIGURES]
        base = {"machine": "CPU", "compiler": "g++ 12", "date": "2026-11-21", "commit": "abc1234", "command": "record"}
        self.write("docs/results/emulator.json", json.dumps({**base, "figures": figures, **changes}))

    def test_a_row_has_the_figure_and_its_target(self) -> None:
        self.record_figures()
        self.generate()
        self.assertIn(
            "| what | measured, one core | target |\n| :-- | --: | --: |\n"
            "| a ring: random | 96,412 schedules per second | at least 50,000 |\n"
            "| a ring: every schedule | 7.59 ms | at most 1,000 |\n"
            "| a read | 28.2 ns | – |\n\nCPU, g++ 12, 2026-11-21, commit abc1234: `record`.\n",
            self.read("docs/emulator.md"),
        )

    def test_without_a_record_a_line_says_how_to_make_one(self) -> None:
        self.generate()
        self.assertIn("Nothing is recorded yet: `cmake --build --preset", self.read("docs/emulator.md"))

    def test_a_record_that_is_none_is_refused(self) -> None:
        broken: tuple[tuple[dict[str, object], str], ...] = (
            ({"figures": [{"what": "a read"}]}, "a read lacks value, unit, target"),
            ({"figures": [{"what": "a read", "value": float("nan"), "unit": "ns", "target": None}]}, "is not above 0"),
            ({"figures": [{"what": "a read", "value": 0, "unit": "ns", "target": None}]}, "is not above 0"),
            ({"figures": 1}, "docs/results/emulator.json: "),
        )
        for changes, sentence in broken:
            with self.subTest(sentence):
                self.record_figures(**changes)
                self.assert_refuses(self.run_tool("tables.py", "--root", "."), sentence)


class Litmus(Tables):
    """The table of the litmus tests."""

    ROWS = (
        {
            "row": "L01", "kind": "assertion", "asks": "a phase ends", "finding": "", "verdict": "ok",
            "outcomes": {"as promised": 30000},
        },
        {
            "row": "L14", "kind": "observation", "asks": "a slot is read", "finding": "unfenced-read or data-race",
            "verdict": "observed", "outcomes": {"overwritten": 124, "right": 29876},
        },
    )  # fmt: skip

    def setUp(self) -> None:
        super().setUp()
        self.write("docs/hardware-litmus.md", "# Litmus\n<!-- table: litmus -->\n<!-- end of table -->\n")

    def record_litmus(self, *rows: dict[str, Any]) -> None:
        recorded = {"gpu": "NVIDIA H200", **recording(command="litmus --record"), "rows": rows}
        self.write("docs/results/litmus-nvidia-h200.json", json.dumps(recorded))

    def test_a_row_has_its_outcomes_the_most_frequent_first_and_what_the_emulator_reports(self) -> None:
        self.record_litmus(*self.ROWS)
        self.generate()
        self.assertIn(
            "| row | what is asked | kind | outcome | the emulator reports | repeats |\n"
            "| :-- | :-- | :-- | :-- | :-- | --: |\n"
            "| L01 | a phase ends | assertion | as promised |  | 30000 |\n"
            "| L14 | a slot is read | observation | right: 29876, overwritten: 124 "
            "| [unfenced-read](findings/unfenced-read.md) or [data-race](findings/data-race.md) | 30000 |\n"
            f"\n{CAPTION.replace('./lab run', 'litmus')}\n",
            self.read("docs/hardware-litmus.md"),
        )

    def test_without_a_record_a_line_says_how_to_make_one(self) -> None:
        self.generate()
        self.assertIn("Nothing is recorded yet: `build/cuda/bin/litmus --record", self.read("docs/hardware-litmus.md"))

    def test_a_record_that_is_none_is_refused(self) -> None:
        good = self.ROWS[0]
        for row, sentence in (
            ({"row": "L01"}, "L01 lacks kind, asks, finding, verdict, outcomes"),
            ({**good, "verdict": "violated"}, "L01 is violated"),
            ({**good, "outcomes": {}}, "L01 has no outcome"),
            ({**good, "outcomes": {"as promised": 0}}, "L01 has no outcome"),
        ):
            with self.subTest(sentence):
                self.record_litmus(row)
                self.assert_refuses(self.run_tool("tables.py", "--root", "."), sentence)


class Grid(Tables):
    def setUp(self) -> None:
        super().setUp()
        tables = ("grid ch03_sweep", "peers attention")
        self.write("README.md", "".join(f"<!-- table: {table} -->\n<!-- end of table -->\n" for table in tables))

    def record_grid(self, *cells: dict[str, Any], **changes: Any) -> None:
        recorded = {"gpu": "NVIDIA H200", **recording(), "program": "ch03_sweep"}
        recorded |= {"rows": "configuration", "columns": "blocks per SM", "unit": "ms", "cells": list(cells), **changes}
        self.write("docs/results/grids/ch03_sweep-nvidia-h200.json", json.dumps(recorded))

    def record_peers(self, *cells: tuple[str, str, float], **changes: Any) -> None:
        recorded = {"gpu": "NVIDIA H200", **recording(), "torch": "2.11", "cudnn": "9.19", "program": "attention"}
        recorded |= {"rows": "kernel", "columns": "shape", "unit": "us", **changes}
        recorded["cells"] = [dict(zip(("row", "column", "value"), cell, strict=True)) for cell in cells]
        recorded = {key: value for key, value in recorded.items() if value is not ...}
        self.write("docs/results/peers/attention-nvidia-h200.json", json.dumps(recorded))

    def test_columns_are_in_rising_order_and_a_missing_cell_is_a_dash(self) -> None:
        cells = [("2 stages", "all", 1.25, 10), ("2 stages", "1", 4.132, 1), ("8 stages", "2", 2.4, 2)]
        self.record_grid(*({"row": r, "column": c, "value": v, "blocks_per_sm": b} for r, c, v, b in cells))
        page = self.generate()
        self.assertIn("| configuration (ms) | blocks per SM: 1 | 2 | all |\n", page)
        self.assertIn("| 2 stages | 4.13 | – | 1.25 (10) |\n", page)
        self.assertIn("| 8 stages | – | 2.40 | – |\n", page)
        self.assertIn(CAPTION, page)

    def test_peers_stand_beside_ours_and_the_caption_names_their_versions(self) -> None:
        self.record_peers(("08_ours", "small", 9.0), ("08_ours", "large 64", 8441.2), ("SDPA", "small", 6.5))
        page = self.generate()
        self.assertIn("| kernel (µs) | shape: small | large 64 |\n", page)
        self.assertIn("| 08_ours | 9.00 | 8441 |\n| SDPA | 6.50 | – |\n", page)
        self.assertIn(CAPTION.replace("CUDA 13.0,", "CUDA 13.0, PyTorch 2.11, cuDNN 9.19,"), page)

    def test_without_a_record_a_line_says_how_to_make_one(self) -> None:
        page = self.generate()
        self.assertIn("record_grid.py build/cuda/bin/ch03_sweep", page)
        self.assertIn("Nothing is recorded yet: `python3 common/bench/peers/attention.py --record`", page)

    def test_a_record_of_peers_that_is_none_is_refused(self) -> None:
        for value, changes, sentence in ((0, {}, "SDPA, small is not above 0"), (1, {"cudnn": ...}, "lacks cudnn")):
            with self.subTest(sentence):
                self.record_peers(("SDPA", "small", value), **changes)
                again = "peers/attention.py --record"
                self.assert_refuses(self.run_tool("tables.py", "--root", "."), "attention-nvidia-h200", sentence, again)

    def test_a_record_that_is_none_is_refused(self) -> None:
        for cell in ({"row": "a", "column": "1"}, {"row": "a", "column": "1", "value": 0}):
            self.record_grid(cell)
            done = self.run_tool("tables.py", "--root", ".")
            self.assert_refuses(done, "ch03_sweep-nvidia-h200.json", "record it again")


class Checking(Tables):
    def test_a_table_that_differs_is_named_with_its_file_and_the_repair(self) -> None:
        self.generate()
        self.write("README.md", self.read("README.md").replace("| – |", "| 1 ms |", 1))
        self.record("NVIDIA H200", one=recording(LOCAL))
        before = self.read("README.md")
        done = self.run_tool("tables.py", "--root", ".", "--check")
        repair = "run python3 common/cmake/tables.py --root . and commit."
        self.assert_refuses(
            done,
            f"README.md: the table ladder deformable_attention is not what docs/results/ gives: {repair}",
            f"chapters/01_baseline/README.md: the table results 01_baseline is not what docs/results/ gives: {repair}",
        )
        self.assertNotIn("02_tma", done.stderr)
        self.assertEqual(self.read("README.md"), before)

    def test_an_edit_outside_the_tables_is_no_difference(self) -> None:
        self.generate()
        self.write("README.md", self.read("README.md") + "more")
        self.assert_passes(self.run_tool("tables.py", "--root", ".", "--check"))


class Refusing(Tables):
    def refuse(self, *sentences: str) -> None:
        done = self.run_tool("tables.py", "--root", ".")
        self.assert_refuses(done, *sentences)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)

    def test_an_unknown_table(self) -> None:
        for name in ("steps", "results 09_none", "results", "ladder", "ladder 2"):
            self.write("README.md", f"\n<!-- table: {name} -->\n<!-- end of table -->\n")
            self.refuse(f"README.md:2: there is no table {name}")

    def test_a_table_without_an_end(self) -> None:
        self.write("README.md", f"a\n\n{LADDER}b\n")
        self.refuse("README.md:3: the table ladder deformable_attention has no `<!-- end of table -->`")
        self.write("README.md", f"{LADDER}{LADDER}<!-- end of table -->\n")
        self.refuse("README.md:1: the table ladder deformable_attention has no")

    def test_an_end_without_a_table(self) -> None:
        self.write("README.md", "<!-- end of table -->\n")
        self.refuse("README.md:1: a table ends here that never began")

    def test_no_table_anywhere(self) -> None:
        for page in ("README.md", "chapters/01_baseline/README.md", "chapters/02_tma/README.md"):
            self.write(page, "text\n")
        self.refuse("has no table")

    def test_no_readme(self) -> None:
        (self.folder / "README.md").unlink()
        self.refuse("README.md cannot be read")

    def test_results_that_are_not_a_recording(self) -> None:
        broken: list[tuple[object, str]] = [
            ([], "docs/results/gpu.json: "),
            ({"gpu": "G"}, "docs/results/gpu.json: the file lacks chapters"),
            (
                {"gpu": "G", "chapters": {"01_baseline": {"results": []}}},
                "01_baseline lacks driver, cuda, date, commit, command",
            ),
            ({"gpu": "G", "chapters": {"01_baseline": recording({"shape": "x"})}}, "01_baseline lacks ms, noise_ms"),
            (
                {"gpu": "G", "chapters": {"09_gone": recording(LOCAL)}},
                "09_gone is recorded, but is no folder in chapters/",
            ),
            (
                {"gpu": "G", "chapters": {"01_baseline": recording({**LOCAL, "ms": 0})}},
                'ms of 01_baseline, "field local", is not above 0',
            ),
            ({"gpu": "G", "chapters": {"01_baseline": recording({**LOCAL, "ms": float("nan")})}}, "is no number"),
            (
                {"gpu": "G", "chapters": {"01_baseline": recording({**LOCAL, "l1_bound_ms": float("inf")})}},
                "l1_bound_ms of",
            ),
            (
                {"gpu": "G", "chapters": {"01_baseline": recording({**LOCAL, "flop_per_second": 1.0})}},
                'the result of 01_baseline, "field local", has no bound, or not one rate',
            ),
            (
                {"gpu": "G", "chapters": {"01_baseline": recording({**LOCAL, "registers": "40"})}},
                "docs/results/gpu.json: ",
            ),
        ]
        for recorded, sentence in broken:
            with self.subTest(sentence):
                self.write("docs/results/gpu.json", json.dumps(recorded))
                self.refuse(sentence)
        self.write("docs/results/gpu.json", "{")
        self.refuse("docs/results/gpu.json: ")
