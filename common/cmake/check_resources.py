"""Checks what ptxas gave the kernels of an object file: registers, stack and spills, against a chapter's limits.

    check_resources.py --object build/cuda/.../kernel.cu.o --compile-commands build/cuda/compile_commands.json
                       --limits "registers=64 stack=0 spills=0"

The object is compiled once more, by its own command from compile_commands.json with `-Xptxas -v` added, into a
temporary file: only ptxas says how many bytes were spilled. (`cuobjdump --dump-resource-usage` knows the stack, where
spills lie beside local arrays; STL and LDL in the machine code mix up the two as well; and neither disassembler is in
every CUDA installation, while ptxas is wherever nvcc is.)

Limits are per kernel and architecture: `registers` a thread; `stack` in bytes a thread, with the functions that are
called; `spills` in bytes, stores and loads together. A function that was not inlined is listed, and limited, as a
kernel is, but has no registers of its own. The shared memory shown is the static one. With `--on sm_90a` the limits
hold on this architecture alone, for which the kernels were tuned; the others are shown. Without code for it the status
is 77 (skipped).
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

_ENTRY = re.compile(r"Compiling entry function '(\S+)' for '(\w+)'")
_FUNCTION = re.compile(r"Function properties for (\S+)")
_MEMORY = re.compile(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads")
_USED = re.compile(r"Used (\d+) registers")
_CUMULATIVE = re.compile(r"(\d+) bytes cumulative stack size")
_SHARED = re.compile(r"(\d+) bytes smem")


@dataclass
class Usage:
    """What one kernel, or one function that was not inlined, takes on one architecture; sizes in bytes."""

    function: str  # mangled
    architecture: str
    registers: int | None = None
    shared: int = 0
    stack: int = 0
    spills: int = 0


def parse_limits(text: str) -> dict[str, int]:
    """`"registers=64 stack=0"` as a dictionary; ValueError for anything else."""
    limits = {}
    for word in text.split():
        match = re.fullmatch(r"(registers|stack|spills)=(\d+)", word)
        if not match:
            raise ValueError(f"'{word}' is no limit: write registers=N, stack=N or spills=N.")
        limits[match[1]] = int(match[2])
    if not limits:
        raise ValueError('no limit is given: write for example --limits "registers=64 stack=0 spills=0".')
    return limits


def compile_command(commands: Path, target: Path) -> tuple[Path, list[str], int]:
    """The folder and the words of the command that made `target`, and the index of its output's name among them."""
    for entry in json.loads(commands.read_text(encoding="utf-8")):
        folder = Path(entry["directory"])
        words = shlex.split(entry["command"])
        output = words.index("-o") + 1 if "-o" in words else len(words)
        if output < len(words) and (folder / words[output]).resolve() == target.resolve():
            return folder, words, output
    raise ValueError(f"{commands} has no command that makes {target}: configure and build again.")


def compile_verbosely(commands: Path, target: Path) -> str:
    """What ptxas says while `target` is compiled once more, to a temporary file."""
    folder, words, output = compile_command(commands, target)
    with tempfile.TemporaryDirectory() as scratch:
        words[output] = str(Path(scratch) / "kernel.o")
        done = subprocess.run(
            [*words, "-Xptxas", "-v"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
    if done.returncode != 0:
        print(done.stdout, file=sys.stderr)
        raise ValueError(f"{target} does not compile: the messages above say why.")
    return done.stdout


def parse(report: str) -> list[Usage]:
    """The usages in ptxas's report, in its order."""
    usages: list[Usage] = []
    architecture = ""
    for line in report.splitlines():
        if match := _ENTRY.search(line):
            architecture = match[2]
            usages.append(Usage(match[1], architecture))
        elif match := _FUNCTION.search(line):
            if not usages or usages[-1].function != match[1]:  # not the kernel just announced, but one that it calls
                usages.append(Usage(match[1], architecture))
        elif match := _MEMORY.search(line):
            usages[-1].stack = int(match[1])
            usages[-1].spills = int(match[2]) + int(match[3])
        elif match := _USED.search(line):
            usage = usages[-1]
            usage.registers = int(match[1])
            usage.stack = max(usage.stack, *(int(size) for size in _CUMULATIVE.findall(line)), 0)
            usage.shared = sum(int(size) for size in _SHARED.findall(line))
    return usages


def demangle(names: list[str]) -> list[str]:
    """The names as the source has them, without parameters."""
    done = subprocess.run(["c++filt", "-p"], input="\n".join(names), capture_output=True, text=True, check=True)
    return [name.replace("(anonymous namespace)::", "") for name in done.stdout.splitlines()]


def print_table(rows: list[list[str]]) -> None:
    """Prints the rows with their columns aligned: the first two to the left, numbers to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row[:2], widths[:2], strict=True)]
        cells += [cell.rjust(width) for cell, width in zip(row[2:], widths[2:], strict=True)]
        print("  ".join(cells))


def main() -> None:
    parser = argparse.ArgumentParser(description="Checks the registers, stack and spills of kernels against limits.")
    parser.add_argument("--object", type=Path, nargs="+", required=True, metavar="FILE.o")
    parser.add_argument("--compile-commands", type=Path, required=True, metavar="compile_commands.json")
    parser.add_argument("--limits", required=True, metavar='"registers=64 stack=0 spills=0"')
    parser.add_argument("--on", metavar="sm_90a", help="the one architecture on which the limits hold")
    arguments = parser.parse_args()
    usages: list[Usage] = []
    try:
        limits = parse_limits(arguments.limits)
        for target in arguments.object:
            found = parse(compile_verbosely(arguments.compile_commands, target))
            if not any(usage.registers is not None for usage in found):
                raise ValueError(f"{target} holds no kernel, so there is nothing that a limit could hold for.")
            usages += found
    except ValueError as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"{error.filename}: {error.strerror}.")

    if arguments.on and all(usage.architecture != arguments.on for usage in usages):
        print(f"skipped: there is no code for {arguments.on}, where the limits hold.")
        sys.exit(77)
    names = demangle([usage.function for usage in usages])
    rows = [["kernel", "arch", "registers", "shared", "stack", "spills"]]
    exceeded: list[str] = []
    for name, usage in zip(names, usages, strict=True):
        values = (usage.registers, usage.shared, usage.stack, usage.spills)
        rows.append([name, usage.architecture, *("-" if value is None else str(value) for value in values)])
        for resource, limit in limits.items():
            value: int | None = getattr(usage, resource)
            if value is not None and value > limit and arguments.on in (None, usage.architecture):
                unit = "registers" if resource == "registers" else f"bytes of {resource}"
                exceeded.append(f"{name} takes {value} {unit} on {usage.architecture}; the limit is {limit}.")
    print_table(rows)
    if exceeded:
        sys.stdout.flush()
        sys.exit("\n".join(exceeded))


if __name__ == "__main__":
    main()
