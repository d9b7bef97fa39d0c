"""check_claims.py: what is a claim, which sources it may have, and what is said where it has none."""

from __future__ import annotations

import json

from .support import ToolTest

RESULT = {
    "shape": "mission", "ms": 0.02169, "noise_ms": 1e-5, "flop_per_second": 5e13, "exp_bound_ms": 0.001,
    "registers": 40, "shared_bytes": 0, "blocks_per_sm": 6, "relative_l2": 2.1e-4,
}  # fmt: skip
RECORDED = {"driver": "580.1", "cuda": "13.0", "date": "2026-11-21", "commit": "abc1234", "command": "./lab run"}
PAGE_TEST = """
from pathlib import Path
from testing import page_tables

def main():
    page = Path(__file__).with_name("README.md")
    found = page_tables.find(page, "<!-- halves -->")
    found.compare([[row[0], f"{page_tables.number(row[0]) / 2:g} µs"] for row in found.rows], least=1)
    page_tables.require(page, f"So it takes {3 * 14} µs")
"""


class CheckClaims(ToolTest):
    """A project with a chapter 06, which takes 21.69 µs and 123 µs, and a chapter 08, with 16.32 µs and a sweep."""

    def setUp(self) -> None:
        super().setUp()
        self.write("CMakeLists.txt", "")
        self.write("README.md", "# Title\n")
        self.write("chapters/08_three/README.md", "# Three\n")
        long = {**RESULT, "shape": "long", "ms": 0.1229}
        chapters = {
            "06_cores": {**RECORDED, "results": [RESULT, long]},
            "08_three": {**RECORDED, "results": [{**RESULT, "ms": 0.01632}]},
        }
        self.write("docs/results/gpu.json", json.dumps({"gpu": "GPU", "chapters": chapters}))
        cells = [{"row": "2 stages", "column": "mission", "value": 16.4}]
        grid = {"gpu": "GPU", **RECORDED, "program": "ch08_sweep", "rows": "kernel", "columns": "shape", "unit": "us"}
        self.write("docs/results/grids/ch08_sweep-gpu.json", json.dumps({**grid, "cells": cells}))
        copies = {**grid, "program": "copy_rate", "columns": "warps", "unit": "cycles a box"}
        copies["cells"] = [{"row": "2 x 2", "column": "32", "value": 7.051}]
        self.write("docs/results/grids/copy_rate-gpu.json", json.dumps(copies))

    def accepts(self, text: str, page: str = "chapters/06_cores/README.md") -> None:
        self.write(page, f"# Title, on a GPU\n\n{text}\n")
        self.assert_passes(self.run_tool("check_claims.py", "--root", "."), "each with a source")

    def refuses(self, text: str, *sentences: str, page: str = "chapters/06_cores/README.md") -> None:
        self.write(page, f"# Title, on a GPU\n\n{text}\n")
        self.assert_refuses(self.run_tool("check_claims.py", "--root", "."), *sentences)

    def test_a_time_is_recorded_with_the_digits_that_are_printed(self) -> None:
        for said in ("21.7 µs", "21.69 µs", "22 µs", "0.0217 ms", "21.7\nµs", "from 21.69 to 21.7 µs"):
            self.accepts(f"`mission` takes {said}.")
        self.refuses(
            "One.\n\n`mission` takes\n21.8 µs.",
            "chapters/06_cores/README.md:6: 21.8 µs has no source, in “`mission` takes 21.8 µs.”",
            "The nearest record is 21.69 µs: 06_cores, mission.",
            "let the chapter's test_page.py compute it",
        )
        self.refuses("`mission` takes 0 ms.", ": 0 ms has no source")
        self.refuses("`mission` takes from 21.6 to 21.7 µs.", ": 21.6 µs has no source")

    def test_a_record_is_of_the_gpu_that_the_page_names(self) -> None:
        self.write("chapters/06_cores/README.md", "# Title\n\n`mission` takes 21.7 µs.\n")
        self.assert_refuses(self.run_tool("check_claims.py", "--root", "."), ": 21.7 µs has no source")

    def test_a_record_is_of_the_shape_that_is_named(self) -> None:
        self.accepts("`mission` takes 21.7 µs, `long` 123 µs.")
        self.refuses("`mission` takes 123 µs.", ": 123 µs has no source")
        self.refuses("`long` takes 123 µs.\n\nAgain.\n\n`mission` takes 123 µs.", "README.md:7: 123 µs has no source")

    def test_a_record_is_of_the_page_s_chapter_or_of_one_that_is_named(self) -> None:
        self.refuses("`mission` takes 16.3 µs.", ": 16.3 µs has no source")
        self.accepts("`mission` takes 16.3 µs in chapter 08, and 16.4 µs in `ch08_sweep`.")
        self.accepts("## All of chapter 08\n\nIt computes.\n\n`mission` takes 16.3 µs.")
        self.accepts("[Three](../chapters/08_three/README.md) takes 16.3 µs for `mission`.", page="docs/other.md")

    def test_a_bound_and_a_rate_are_records(self) -> None:
        self.accepts("`mission` needs 1.00 µs of exp2. The unit (`copy_rate`) takes 7.05 cycles a box.")
        self.accepts("The unit (`copy_rate`) takes 7.1 cycles\na box.")
        self.refuses("The unit (`copy_rate`) takes 7.0 cycles\na box.", ": 7.0 cycles a box has no source")

    def test_tables_are_read_and_a_heading_s_unit_is_that_of_its_column(self) -> None:
        self.accepts("| | mission, µs | n |\n|--|--:|--:|\n| all | 21.7 | 99 |\n")
        self.refuses("| | mission, µs | n |\n|--|--:|--:|\n| all | 21.8 | 99 |\n", "README.md:5: 21.8 µs has no source")
        self.refuses("| | n |\n|--|--:|\n| mission | 21.8 µs |\n", "README.md:5: 21.8 µs has no source")

    def test_fences_and_generated_tables_are_left_out(self) -> None:
        table = "<!-- table: results 06_cores -->\n\n| mission |\n|--|\n| 9.99 µs |\n\n<!-- end of table -->"
        self.accepts(f"`mission` takes 21.7 µs.\n\n```\n9.99 µs\n```\n\n{table}")

    def test_factors_and_parts_are_quotients_of_times_beside_them(self) -> None:
        times = "`mission` takes 21.7 µs, and 16.3 µs in chapter 08"
        for said in ("1.33 times as fast", "1.33 × the time", "33 % slower", "75 % of the\ntime", "25 % faster"):
            self.accepts(f"{times}: {said}.")
        self.accepts(f"{times}.\n\nThat is 1.33 times as fast.")
        for said in ("1.34 times", "1.34 × the time", "34 % slower", "76 % of the time"):
            self.refuses(f"{times}: {said}.", "has no source")
        self.refuses(f"{times}, not 0 ms: 1.34 times.", ": 0 ms has no source", "1.34 times has no source")
        self.accepts(f"{times}, 512 times, with 50 % of all keys.")  # a count, and a part of something else

    def test_what_the_page_s_test_demands_is_computed_and_what_it_starts_from_is_not(self) -> None:
        self.write("chapters/06_cores/test_page.py", PAGE_TEST)
        table = "<!-- halves -->\n| all | half |\n|--:|--:|\n| {} µs | {} µs |"
        self.accepts("So it takes 42 µs.\n\n`mission`:\n\n" + table.format(21.7, 10.85))
        self.refuses("So it takes 42 µs.\n\n`mission`:\n\n" + table.format(30.2, 15.1), "README.md:10: 30.2 µs has")
        circle = "<!-- halves -->\n| all | half |\n|--:|--:|\n| {0} µs | {0} µs |"
        self.write("chapters/06_cores/test_page.py", PAGE_TEST.replace(" / 2", ""))
        self.refuses("So it takes 42 µs.\n\n`mission`:\n\n" + circle.format(30.2), "README.md:10: 30.2 µs has")
        self.write("chapters/06_cores/test_page.py", PAGE_TEST)
        self.refuses("So it takes 42 µs, not 43 µs.\n\n`mission`:\n\n" + table.format(21.7, 10.85), ": 43 µs has no")

    def test_a_comment_explains_the_numbers_that_it_repeats(self) -> None:
        self.write("chapters/06_cores/other.cu", "")
        file = "chapters/06_cores/other.cu"
        shown = f"\n\n```sh\n./lab compare 6 --kernel {file}\n```"
        comment = "<!-- measured 9.9 µs, 1.5 times: `./lab compare 6 --kernel {}` -->\n"
        said = "It takes 9.9 µs, 1.5 times as long."
        self.accepts(comment.format(file) + said + shown)
        self.accepts(comment.format(file) + said + shown.replace("other.cu", "another.cu"))
        self.accepts(comment.format(file) + said + shown.replace("compare 6 ", "compare 6 \\\n    "))
        self.accepts("<!-- quoted 693 µs: their notes -->\n> They found\n> 693 µs.")
        self.accepts("<!-- set 20 ms: CMakeLists.txt, docs/results/gpu.json -->\nA graph of 20 ms.")
        self.refuses(comment.format(file) + "It takes 9.8 µs, 1.5 times as long." + shown, "9.8 µs has no source")
        self.refuses(comment.format(file) + "1.5 times as long." + shown, "README.md:3: 9.9 µs is measured, and the")
        self.refuses(comment.format(file) + said, "does not show its readers the command `./lab compare 6 --kernel ch")
        self.refuses(comment.format("chapters/gone.cu") + said + shown, "README.md:3: there is no chapters/gone.cu.")
        self.refuses("<!-- quoted all: their notes -->\nThey found much.", "this names no number with a unit")
        self.refuses("<!-- set 20 ms: somewhere -->\nA graph of 20 ms.", "somewhere is no file of the project")

    def test_what_is_explained_may_be_said_again_on_the_page_and_of_its_chapter_elsewhere(self) -> None:
        first = "<!-- quoted 693 µs: their notes -->\nThey found 693 µs."
        self.accepts(f"{first}\n\nSo 693 µs.")
        self.accepts("[They](../chapters/06_cores/README.md) found 693 µs.", page="docs/other.md")
        self.accepts("## Chapter 06\n\nThey found 693 µs.", page="docs/other.md")
        self.refuses("They found 693 µs.", "docs/other.md:3: 693 µs has no source", page="docs/other.md")
        self.refuses("Chapter 08 found 693 µs.", "docs/other.md:3: 693 µs has no source", page="docs/other.md")

    def test_pages_without_a_time_and_broken_records_are_refused(self) -> None:
        self.refuses("Nothing.", "has no page with a time in it")
        self.write("docs/results/gpu.json", "{}")
        self.refuses("`mission` takes 21.7 µs.", "docs/results/gpu.json: the file lacks gpu, chapters")
        self.assert_refuses(self.run_tool("check_claims.py", "--root", "gone"), "cannot be read: No such file")
