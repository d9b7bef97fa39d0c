"""Versions, nvcc, GPUs, and a build's first errors."""

from __future__ import annotations

import unittest
from pathlib import Path

from lab import machines
from lab.build import first_errors
from lab.machines import Gpu
from lab.tests.fake import CHAPTERS, FakeCheckout

_NOWHERE = Path("/nonexistent/nvcc")


class Versions(unittest.TestCase):
    def test_versions_compare_by_number(self) -> None:
        self.assertGreater(machines.version_tuple("13.0.88"), machines.version_tuple("13.0"))
        self.assertGreater(machines.version_tuple("10.0"), machines.version_tuple("9.0"))
        self.assertEqual(machines.version_tuple("unknown"), ())

    def test_a_gpu_runs_chapters_up_to_its_capability(self) -> None:
        first, second = CHAPTERS  # need 8.0 and 9.0
        self.assertEqual([Gpu("G", "8.9", "1").can_run(chapter) for chapter in (first, second)], [True, False])
        self.assertEqual([Gpu("G", "12.0", "1").can_run(chapter) for chapter in (first, second)], [True, True])


class Find(FakeCheckout):
    def test_a_gpu_and_a_new_nvcc_are_found(self) -> None:
        self.with_gpu()
        found = machines.find(_NOWHERE)
        self.assertTrue(found.cuda)
        self.assertEqual(found.usable_gpu, Gpu("NVIDIA H200", "9.0", "580.159.04"))
        self.assertEqual(found.remark, "")

    def test_an_old_nvcc_is_refused_with_both_versions(self) -> None:
        self.with_gpu()
        self.tool("nvcc", "echo 'Cuda compilation tools, release 12.4, V12.4.1'")
        found = machines.find(_NOWHERE)
        self.assertFalse(found.cuda)
        self.assertIsNone(found.usable_gpu)
        self.assertRegex(found.remark, r"^nvcc 12\.4 .* 13\.0 or newer is needed: only the emulator is used\.$")

    def test_a_driver_that_fails_is_no_gpu(self) -> None:
        for said, code in (("NVIDIA-SMI has failed because it could not communicate", 0), ("H200, 9.0, 580.1", 9)):
            self.tool("nvidia-smi", f"echo '{said}'; exit {code}")
            self.assertIsNone(machines.find(_NOWHERE).gpu)


class FirstErrors(unittest.TestCase):
    LOG = """-- Configuring done
[1/3] Building CXX object x.o
FAILED: x.o
/usr/bin/c++ -DERROR error -c kernel.cu
In file included from a.h:1,
                 from kernel.cu:2:
kernel.cu: In function 'void f()':
kernel.cu:3:1: error: 'y' was not declared in this scope
    3 |   y = 1;
ninja: build stopped: subcommand failed.
"""

    def test_only_the_compilers_words_remain(self) -> None:
        lines = first_errors(self.LOG)
        self.assertEqual(lines[0], "In file included from a.h:1,")
        self.assertEqual(lines[-1], "    3 |   y = 1;")
        self.assertEqual(len(lines), 5)

    def test_warnings_before_the_first_error_are_left_out_and_the_rest_is_cut(self) -> None:
        log = "kernel.cu:1:1: warning: w\n" + "kernel.cu:2:1: error: e\n" * 100
        self.assertEqual(first_errors(log, shown=3), ["kernel.cu:2:1: error: e"] * 3)

    def test_a_log_without_errors_shows_its_end(self) -> None:
        self.assertEqual(first_errors("one\ntwo\n", shown=1), ["two"])
