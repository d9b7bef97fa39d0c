"""check_resources.py: what ptxas gave a kernel, against limits; on real kernels too, where nvcc is."""

from __future__ import annotations

import json
import shutil
import subprocess
import unittest

from .support import ToolTest

NVCC = shutil.which("nvcc") or shutil.which("nvcc", path="/usr/local/cuda/bin")

PLAIN = """
namespace {
template <int Factor> __global__ void scale(float* x) { x[threadIdx.x] *= Factor; }
}
void launch(float* x) { scale<3><<<1, 32>>>(x); }
"""
STACK = """
__global__ void indexed(float* x, int n) {
  float local[16];
  for (int i = 0; i < 16; ++i) local[i] = x[i];
  for (int i = 0; i < n; ++i) local[(i * 7) & 15] += x[i];
  x[threadIdx.x] = local[n & 15];
}
"""
# 64 values that live at once, in the 32 registers that the launch bounds leave.
SPILLS = """
__global__ void __launch_bounds__(1024, 2) crowded(float* x) {
  float local[64];
#pragma unroll
  for (int i = 0; i < 64; ++i) local[i] = x[i * 1024 + threadIdx.x];
  __syncthreads();
#pragma unroll
  for (int i = 0; i < 64; ++i) x[i * 1024 + threadIdx.x] = local[(i * 17 + 5) % 64] * local[(i * 3) % 64];
}
"""
# A stack frame in a function that is not inlined: the kernel's own frame is empty.
CALL = """
__device__ __noinline__ float look_up(const float* x, int n) {
  float local[16];
  for (int i = 0; i < 16; ++i) local[i] = x[i];
  for (int i = 0; i < n; ++i) local[(i * 7) & 15] += x[i];
  return local[n & 15];
}
__global__ void caller(float* x, int n) { x[threadIdx.x] = look_up(x, n) + look_up(x + 1, n + 1); }
"""


class Resources(ToolTest):
    def check(
        self, command: str, limits: str = "registers=64 stack=0 spills=0", *more: str
    ) -> subprocess.CompletedProcess[str]:
        """Checks the object kernel.o that `command` makes in the folder."""
        entry = {"directory": str(self.folder), "command": command, "file": "kernel.cu"}
        self.write("compile_commands.json", json.dumps([{**entry, "command": "g++ -c a.cpp -o a.o"}, entry]))
        return self.run_tool(
            "check_resources.py", "--object", self.folder / "kernel.o", "--compile-commands", "compile_commands.json",
            "--limits", limits, *more,
        )  # fmt: skip


@unittest.skipUnless(NVCC, "there is no nvcc here")
class WithNvcc(Resources):
    def compile_and_check(
        self, source: str, limits: str = "registers=64 stack=0 spills=0", options: str = ""
    ) -> subprocess.CompletedProcess[str]:
        self.write("kernel.cu", source)
        architecture = "-gencode arch=compute_90a,code=sm_90a"
        return self.check(
            f"{NVCC} -forward-unknown-to-host-compiler {architecture} {options} -x cu -c kernel.cu -o kernel.o", limits
        )

    def test_a_frugal_kernel_passes_and_is_listed_with_its_plain_name(self) -> None:
        done = self.compile_and_check(PLAIN)
        self.assert_passes(done)
        header, row = done.stdout.splitlines()
        self.assertEqual(header.split(), ["kernel", "arch", "registers", "shared", "stack", "spills"])
        self.assertRegex(row, r"^scale<3>  sm_90a +\d+ +0 +0 +0$")
        self.assertEqual(len(header), len(row))
        self.assertFalse((self.folder / "kernel.o").exists(), "the build's object is not written again")

    def test_a_stack_frame_is_refused(self) -> None:
        self.assert_refuses(self.compile_and_check(STACK), "indexed takes 64 bytes of stack on sm_90a; the limit is 0.")

    def test_spills_are_refused_though_the_stack_they_lie_on_is_allowed(self) -> None:
        done = self.compile_and_check(SPILLS, "registers=32 stack=1000 spills=0")
        self.assert_refuses(done, "bytes of spills on sm_90a; the limit is 0.")
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)

    def test_the_stack_of_a_called_function_counts(self) -> None:
        self.assert_refuses(self.compile_and_check(CALL, "stack=0"), "caller takes 64 bytes of stack")

    def test_every_architecture_is_checked(self) -> None:
        done = self.compile_and_check(PLAIN, "registers=1", options="-gencode arch=compute_80,code=sm_80")
        self.assert_refuses(done, "on sm_80; the limit is 1.", "on sm_90a; the limit is 1.")

    def test_an_object_without_a_kernel_is_refused(self) -> None:
        self.assert_refuses(self.compile_and_check("int f() { return 3; }\n"), "kernel.o holds no kernel")

    def test_a_kernel_that_does_not_compile(self) -> None:
        self.assert_refuses(self.compile_and_check("int f() { return }\n"), "kernel.o does not compile", "error")


class WithoutNvcc(Resources):
    """What needs no compiler: a script that says what ptxas said."""

    def says(self, text: str) -> str:
        """A command that prints `text`, if it is asked to be verbose and to write elsewhere than to kernel.o."""
        script = self.write(
            "compiler",
            '#!/bin/sh\ncase "$*" in *" -o kernel.o"*) exit 5;; *"-Xptxas -v"*) ;; *) exit 6;; esac\n'
            f"cat <<'END'\n{text}\nEND\n",
        )
        script.chmod(0o755)
        return f"{script} -c kernel.cu -o kernel.o"

    def test_registers_stack_spills_and_shared_memory_are_read(self) -> None:
        done = self.check(
            self.says(
                "ptxas info    : Compiling entry function '_Z5callsPf' for 'sm_90a'\n"
                "ptxas info    : Function properties for _Z5callsPf\n"
                "    8 bytes stack frame, 384 bytes spill stores, 392 bytes spill loads\n"
                "ptxas info    : Used 255 registers, used 1 barriers, 72 bytes cumulative stack size, 400 bytes smem\n"
                "ptxas info    : Function properties for _Z6helperPf\n"
                "    64 bytes stack frame, 4 bytes spill stores, 0 bytes spill loads"
            )
        )
        self.assert_refuses(
            done,
            "calls takes 255 registers on sm_90a; the limit is 64.",
            "calls takes 72 bytes of stack on sm_90a; the limit is 0.",
            "calls takes 776 bytes of spills on sm_90a; the limit is 0.",
            "helper takes 64 bytes of stack on sm_90a; the limit is 0.",
            "helper takes 4 bytes of spills on sm_90a; the limit is 0.",
        )
        self.assertRegex(done.stdout, r"calls +sm_90a +255 +400 +72 +776\n")
        self.assertRegex(done.stdout, r"helper +sm_90a +- +0 +64 +4\n")

    def test_a_limit_that_is_just_reached_is_kept_and_one_less_is_exceeded(self) -> None:
        command = self.says(
            "ptxas info    : Compiling entry function '_Z5callsPf' for 'sm_90a'\n"
            "ptxas info    : Function properties for _Z5callsPf\n"
            "    16 bytes stack frame, 4 bytes spill stores, 8 bytes spill loads\n"
            "ptxas info    : Used 40 registers"
        )
        self.assert_passes(self.check(command, "registers=40 stack=16 spills=12"))
        for limit in ("registers=39", "stack=15", "spills=11"):
            self.assert_refuses(self.check(command, limit), f"the limit is {limit.split('=')[1]}.")

    def test_limits_may_hold_on_one_architecture_alone(self) -> None:
        command = self.says(
            "".join(
                f"ptxas info    : Compiling entry function '_Z5callsPf' for '{architecture}'\n"
                f"ptxas info    : Used {registers} registers\n"
                for architecture, registers in (("sm_90a", 40), ("sm_120", 80))
            )
        )
        limit = "registers=64"
        self.assert_refuses(self.check(command, limit), "80 registers on sm_120")
        done = self.check(command, limit, "--on", "sm_90a")
        self.assert_passes(done)
        self.assertIn("sm_120", done.stdout)  # shown all the same
        self.assert_refuses(self.check(command, limit, "--on", "sm_120"), "80 registers on sm_120")
        self.assertEqual(self.check(command, limit, "--on", "sm_100").returncode, 77)

    def test_every_object_is_checked(self) -> None:
        command = self.says(
            "ptxas info    : Compiling entry function '_Z5callsPf' for 'sm_90a'\nptxas info    : Used 40 registers"
        ).replace("kernel.cu -o kernel.o", "kernel.cu -o {}")
        entries = [{"directory": str(self.folder), "command": command.format(name)} for name in ("a.o", "b.o")]
        self.write("compile_commands.json", json.dumps(entries))
        done = self.run_tool(
            "check_resources.py", "--object", "a.o", "b.o", "--compile-commands", "compile_commands.json",
            "--limits", "registers=40",
        )  # fmt: skip
        self.assert_passes(done)
        self.assertEqual(done.stdout.count("calls"), 2)

    def test_a_compiler_that_says_nothing_is_no_pass(self) -> None:
        self.assert_refuses(self.check(self.says("")), "holds no kernel")

    def test_limits_that_cannot_be_read(self) -> None:
        for limits, sentence in (
            ("", "no limit is given"),
            ("register=64", "'register=64' is no limit"),
            ("stack=many", "'stack=many' is no limit"),
        ):
            self.assert_refuses(self.check(self.says(""), limits), sentence)

    def test_an_object_that_no_command_makes(self) -> None:
        self.assert_refuses(self.check("g++ -c b.cpp -o b.o"), "compile_commands.json has no command that makes")

    def test_no_compile_commands(self) -> None:
        done = self.run_tool(
            "check_resources.py", "--object", "kernel.o", "--compile-commands", "none.json", "--limits", "stack=0"
        )
        self.assert_refuses(done, "none.json: No such file or directory")
