"""Nobody's file is lost: reset, the copy of --kernel, what counts as untouched; and diff."""

from __future__ import annotations

import datetime

from lab import diff, given, reset, standing
from lab.complaint import Complaint
from lab.tests.fake import CHAPTERS, FakeCheckout, printed, skeleton, write

_FIRST, _SECOND = CHAPTERS
_NOW = datetime.datetime(2026, 11, 21, 3, 4, 5)


class Reset(FakeCheckout):
    def test_the_readers_file_is_kept_and_the_skeleton_put_in_its_place(self) -> None:
        kernel = self.project.kernel(_FIRST)
        for edit in ("first try", "second try", "third try"):  # within one second
            write(kernel, edit)
            with printed() as output:
                reset.put_skeleton(self.project, _FIRST, _NOW)
            self.assertEqual(kernel.read_text(), skeleton())
        kept = {path.name: path.read_text() for path in kernel.parent.glob("*.bak-*")}
        stem = "kernel.cu.bak-20261121-030405"
        self.assertEqual(kept, {stem: "first try", f"{stem}-2": "second try", f"{stem}-3": "third try"})
        self.assertIn(f"chapters/01_baseline/{stem}-3", output.getvalue())
        self.assertIn("chapters/01_baseline/kernel.cu is", output.getvalue())

    def test_an_untouched_file_is_left_alone(self) -> None:
        before = self.project.kernel(_FIRST).stat().st_mtime_ns
        with printed() as output:
            reset.reset(self.project, _FIRST)
        self.assertIn("nothing to do", output.getvalue())
        self.assertEqual(self.project.kernel(_FIRST).stat().st_mtime_ns, before)
        self.assertEqual(list(self.project.kernel(_FIRST).parent.glob("*.bak-*")), [])

    def test_a_missing_skeleton_changes_nothing(self) -> None:
        write(self.project.kernel(_FIRST), "mine")
        self.project.skeleton(_FIRST).unlink()
        with self.assertRaisesRegex(Complaint, "nothing was changed"):
            reset.put_skeleton(self.project, _FIRST, _NOW)
        self.assertEqual(self.project.kernel(_FIRST).read_text(), "mine")

    def test_a_missing_file_becomes_the_skeleton(self) -> None:
        self.project.kernel(_FIRST).unlink()
        with printed():
            reset.put_skeleton(self.project, _FIRST, _NOW)
        self.assertEqual(self.project.kernel(_FIRST).read_text(), skeleton())


class Given(FakeCheckout):
    def test_the_copy_names_the_original_and_an_unchanged_one_is_left_alone(self) -> None:
        original = self.project.root / 'a "quoted" kernel.cu'
        write(original, "int x;\n")
        copy = self.project.given("emulator", _FIRST)
        given.copy(original, copy)
        quoted = str(original).replace('"', '\\"')
        self.assertEqual(copy.read_text(), f'#line 1 "{quoted}"\nint x;\n')
        before = copy.stat().st_mtime_ns
        given.copy(original, copy)
        self.assertEqual(copy.stat().st_mtime_ns, before)
        write(original, "int y;\n")
        given.copy(original, copy)
        self.assertIn("int y;", copy.read_text())

    def test_what_cannot_be_read_is_one_sentence_and_exit_code_2(self) -> None:
        for path, sentence in (("nowhere.cu", "there is no file"), (".", "is a directory")):
            with self.assertRaisesRegex(Complaint, sentence) as raised:
                given.read("--kernel", self.project.root / path)
            self.assertEqual(raised.exception.code, 2)


class Untouched(FakeCheckout):
    def test_a_skeleton_is_untouched_until_one_byte_changes(self) -> None:
        kernel = self.project.kernel(_FIRST)
        self.assertTrue(standing.untouched(kernel))
        for text in (skeleton() + " ", skeleton().replace("int a", "int b"), "int a;\n", ""):
            write(kernel, text)
            self.assertFalse(standing.untouched(kernel), text)
        kernel.write_bytes(b"\xff\xfe not text")
        self.assertFalse(standing.untouched(kernel))


class Diff(FakeCheckout):
    def test_the_markers_are_no_part_of_it_and_changed_lines_are_counted(self) -> None:
        with printed() as output:
            self.assertEqual(diff.diff(self.project, _SECOND), 0)
        lines = output.getvalue().splitlines()
        self.assertEqual(lines[:2], ["--- solutions/01_baseline/kernel.cu", "+++ solutions/02_next/kernel.cu"])
        self.assertEqual(
            lines[3:], [" int a;", " int b;", "-int c01;", "+int c02;", "2 lines changed: 1 added, 1 removed."]
        )

    def test_a_chapter_that_begins_a_part_has_none(self) -> None:
        with printed() as output:
            self.assertEqual(diff.diff(self.project, _FIRST), 0)
        self.assertEqual(
            output.getvalue(), "01_baseline begins a part: there is no chapter before it to compare with.\n"
        )
