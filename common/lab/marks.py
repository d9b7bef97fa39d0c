"""The marks in kernel files as the build tools know them: common/cmake/markers.py is the one place that does."""

import sys
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parents[1] / "cmake"))

from markers import body_hash, is_marker, split_stamp  # needs the path above

__all__ = ["body_hash", "is_marker", "split_stamp"]
