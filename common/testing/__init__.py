"""Test programs: what every one of them is linked with (C++), and how one is run and its report read (Python)."""
