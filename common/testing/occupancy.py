"""How many blocks fit on a multiprocessor of compute capability 9.0. For test_page.py of the chapters.

CUDA C++ Programming Guide, "Compute Capabilities".
"""

from __future__ import annotations

SM_BYTES = 228 * 1024  # of shared memory, of a multiprocessor
RESERVED_BYTES = 1024  # that each block takes beside what it asks for
SM_REGISTERS = 65536


def by_memory(shared_bytes: int) -> int:
    """Blocks of so much shared memory."""
    return SM_BYTES // (shared_bytes + RESERVED_BYTES)


def by_registers(threads: int, registers: int) -> int:
    """Blocks of so many threads, with so many registers each, which are dealt out in eights."""
    return SM_REGISTERS // (-(-registers // 8) * 8 * threads)
