"""skeleton.py: what it cuts, and which solutions it refuses."""

from __future__ import annotations

import hashlib
import os

from .support import ToolTest

SOLUTION = """\
// Chapter 1.
#include "gpu/gpu.h"

void f() {
  // >>> 1.1 read the location (about 1 line)
  x = location;
  // <<< 1.1
  between();
    // >>> 1.2 move it to pixels
    x = x * width;

    x -= 0.5f;
    // <<< 1.2
}
"""

ALL_OPEN = """\
// Chapter 1.
#include "gpu/gpu.h"

void f() {
  // TODO 1.1: read the location (about 1 line)
  TODO(1.1);
  between();
    // TODO 1.2: move it to pixels
    TODO(1.2);
}
"""

SECOND_OPEN = """\
// Chapter 1.
#include "gpu/gpu.h"

void f() {
  x = location;
  between();
    // TODO 1.2: move it to pixels
    TODO(1.2);
}
"""


class Cutting(ToolTest):
    def cut(self, *options: object, solution: str = SOLUTION) -> str:
        path = self.write("solution.cu", solution)
        self.assert_passes(self.run_tool("skeleton.py", path, "out/kernel.cu", "--chapter", "01_baseline", *options))
        return (self.folder / "out/kernel.cu").read_text(encoding="utf-8")

    def test_every_region_becomes_a_todo_with_the_indentation_of_its_marker(self) -> None:
        self.assertEqual(self.cut().split("\n", 1)[1], ALL_OPEN)

    def test_with_one_region_open_the_others_keep_their_code_and_lose_their_markers(self) -> None:
        self.assertEqual(self.cut("--open", 2).split("\n", 1)[1], SECOND_OPEN)

    def test_the_first_line_is_a_stamp_with_the_hash_of_the_text_below(self) -> None:
        stamp, body = self.cut().split("\n", 1)
        self.assertEqual(
            stamp,
            "// Your kernel for chapter 01_baseline. `./lab check 1` judges it, `./lab reset 1` starts over."
            "   skeleton " + hashlib.sha256(body.encode()).hexdigest()[:12],
        )

    def test_an_unchanged_output_keeps_its_time_and_a_changed_one_is_written(self) -> None:
        self.cut()
        output = self.folder / "out/kernel.cu"
        os.utime(output, (1, 1))
        self.cut()
        self.assertEqual(output.stat().st_mtime, 1)
        self.assertIn("changed", self.cut(solution=SOLUTION.replace("between", "changed")))
        self.assertNotEqual(output.stat().st_mtime, 1)

    def test_list_prints_the_number_of_each_region_on_a_line(self) -> None:
        done = self.run_tool("skeleton.py", self.write("solution.cu", SOLUTION), "--chapter", "01_baseline", "--list")
        self.assert_passes(done)
        self.assertEqual(done.stdout, "1.1\n1.2\n")


class Refusing(ToolTest):
    def refuse(self, solution: str, *sentences: str, options: tuple[object, ...] = ()) -> None:
        self.write("solution.cu", solution)
        done = self.run_tool("skeleton.py", "solution.cu", "kernel.cu", "--chapter", "01_baseline", *options)
        self.assert_refuses(done, *sentences)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertFalse((self.folder / "kernel.cu").exists())

    def test_a_region_that_is_not_closed(self) -> None:
        self.refuse("a\n// >>> 1.1 do it\n", "solution.cu:2: region 1.1 is never closed")

    def test_a_region_that_is_closed_but_was_not_opened(self) -> None:
        self.refuse("a\nb\n// <<< 1.1\n", "solution.cu:3: region 1.1 is closed but was never opened")

    def test_a_region_inside_another(self) -> None:
        nested = "// >>> 1.1 do it\n// >>> 1.2 and this\n// <<< 1.2\n// <<< 1.1\n"
        self.refuse(nested, "solution.cu:2: region 1.2 opens inside region 1.1 of line 1")

    def test_a_region_closed_with_another_number(self) -> None:
        self.refuse("// >>> 1.1 do it\n// <<< 1.2\n", "solution.cu:2: `// <<< 1.2` closes region 1.1 of line 1")

    def test_the_number_of_another_chapter(self) -> None:
        self.refuse("// >>> 2.1 do it\n// <<< 2.1\n", "solution.cu:1: region 2.1 stands in chapter 1")

    def test_numbers_out_of_order(self) -> None:
        self.refuse("// >>> 1.2 do it\n// <<< 1.2\n", "solution.cu:1: region 1.2 stands where 1.1 is expected")

    def test_a_number_used_twice(self) -> None:
        twice = "// >>> 1.1 do it\n// <<< 1.1\n" * 2
        self.refuse(twice, "solution.cu:3: region 1.1 stands where 1.2 is expected")

    def test_no_region_at_all(self) -> None:
        self.refuse("int x;\n", "solution.cu:1: there is no TODO region")

    def test_a_marker_that_is_only_nearly_one(self) -> None:
        for line in ("//>>> 1.1 do it", "// >>> 1.1", "x(); // >>> 1.1 do it", "// >>> do it"):
            self.refuse(f"{line}\n// <<< 1.1\n", "solution.cu:1: a marker stands alone on its line")

    def test_a_region_to_open_that_is_not_there(self) -> None:
        self.refuse(SOLUTION, "solution.cu has no region 1.3 to open", options=("--open", 3))

    def test_a_solution_that_is_not_there(self) -> None:
        done = self.run_tool("skeleton.py", "missing.cu", "kernel.cu", "--chapter", "01_baseline")
        self.assert_refuses(done, "missing.cu cannot be read")

    def test_a_chapter_without_a_number(self) -> None:
        done = self.run_tool("skeleton.py", self.write("s.cu", SOLUTION), "kernel.cu", "--chapter", "baseline")
        self.assert_refuses(done, "'baseline' is no chapter's folder name")
