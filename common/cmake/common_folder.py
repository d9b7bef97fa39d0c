"""Importing this lets a tool import what it shares with the lab: the modules in common/, the folder above."""

import sys
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parents[1]))
