"""What the command line remembers from one call to the next: JSON under build/lab, which may be lost without harm."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from lab.complaint import Complaint
from lab.files import write_whole


def load(path: Path) -> dict[str, Any]:
    """What was saved; nothing where that was never, or where the file is damaged."""
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return entries if isinstance(entries, dict) else {}


def save(path: Path, entries: dict[str, Any]) -> None:
    """Replaces what was saved. Where that cannot be written, a sentence says so, and the verb goes on."""
    try:
        write_whole(path, json.dumps(entries, indent=1).encode())
    except Complaint as complaint:
        sys.stdout.flush()
        print(f"lab: this is not remembered: {complaint.sentence}", file=sys.stderr)
