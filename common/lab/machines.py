"""What this computer can run: the emulator always, CUDA builds with a new enough nvcc, GPU runs with a GPU."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import processes
from lab.chapters import Chapter

LEAST_CUDA = "13.0"
_USUAL_NVCC = Path("/usr/local/cuda/bin/nvcc")


def version_tuple(text: str) -> tuple[int, ...]:
    """The numbers of a version: "13.0.88" is (13, 0, 88), anything without numbers is ()."""
    return tuple(int(number) for number in re.findall(r"\d+", text))


@dataclass(frozen=True)
class Gpu:
    """The first GPU that the driver lists."""

    name: str
    capability: str
    driver: str

    def can_run(self, chapter: Chapter) -> bool:
        """Whether the GPU has the compute capability that the chapter declares."""
        return version_tuple(self.capability) >= version_tuple(chapter.compute_capability)

    def why_not(self, chapter: Chapter) -> str:
        """Why it cannot run the chapter, as the begin of a sentence."""
        needs = f"{chapter.name} needs compute capability {chapter.compute_capability}"
        return f"{needs}, and {self.name} has {self.capability}"


@dataclass(frozen=True)
class Nvcc:
    """The CUDA compiler found here."""

    path: Path
    version: str

    @property
    def usable(self) -> bool:
        """Whether it is new enough."""
        return version_tuple(self.version) >= version_tuple(LEAST_CUDA)


@dataclass(frozen=True)
class Machines:
    """What was found on this computer."""

    nvcc: Nvcc | None
    gpu: Gpu | None

    @property
    def cuda(self) -> bool:
        """Whether the cuda preset can be built."""
        return self.nvcc is not None and self.nvcc.usable

    @property
    def usable_gpu(self) -> Gpu | None:
        """The GPU, where kernels can also be built for it."""
        return self.gpu if self.cuda else None

    @property
    def remark(self) -> str:
        """One sentence where something is here and cannot be used, else ""."""
        if self.nvcc and not self.nvcc.usable:
            return (
                f"nvcc {self.nvcc.version or 'of unknown version'} ({self.nvcc.path}) is too old, CUDA {LEAST_CUDA} "
                "or newer is needed: only the emulator is used."
            )
        if self.gpu and not self.nvcc:
            return (
                f"{self.gpu.name} is here, but no nvcc (looked in PATH and at {_USUAL_NVCC}): "
                f"install CUDA {LEAST_CUDA} or newer to use it; only the emulator is used."
            )
        return ""


def find(usual_nvcc: Path = _USUAL_NVCC) -> Machines:
    """Looks for nvcc and a GPU; takes a fraction of a second."""
    found = shutil.which("nvcc") or (str(usual_nvcc) if os.access(usual_nvcc, os.X_OK) else None)
    return Machines(_ask_nvcc(Path(found)) if found else None, _ask_driver())


def _ask_nvcc(path: Path) -> Nvcc:
    ended = processes.run([path, "--version"], seconds=20)
    release = re.search(r"release (\d+\.\d+)", ended.output)
    return Nvcc(path, release.group(1) if release else "")


def _ask_driver() -> Gpu | None:
    program = shutil.which("nvidia-smi")
    if not program:
        return None
    query = "--query-gpu=name,compute_cap,driver_version"
    ended = processes.run([program, query, "--format=csv,noheader"], seconds=20)
    fields = ended.output.partition("\n")[0].split(", ")
    if ended.code != 0 or len(fields) != 3 or not version_tuple(fields[1]):
        return None
    return Gpu(*(field.strip() for field in fields))
