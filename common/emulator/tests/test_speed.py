"""speed.py: when a figure counts as missed, and what is recorded."""

from __future__ import annotations

import datetime
import unittest

import speed
from lab.benchmark import Measurement, Report
from lab.complaint import Complaint

# As the benchmark gives them: so many a second.
RATES = {
    "two stages/random": 50_000.0,
    "two stages/pct": 50_000.0,
    "two stages/exhaustive": 1.0,
    "four stages/random": 100.0,
    "four stages/pct": 100.0,
    "shared memory/read": 1e7,
}


def report(**changes: float) -> Report:
    measurements = []
    for name, rate in (RATES | changes).items():
        counters = {"per_second": rate}
        if name == "two stages/exhaustive":
            counters |= {"schedules": 1234.0, "states": 567.0}
        measurements.append(Measurement(*name.split("/"), 1.0, 0.0, 5, counters))
    return Report({"compiler": "g++ 12.2.0"}, measurements)


class Speed(unittest.TestCase):
    def test_a_fifth_of_each_target_passes_and_less_does_not(self) -> None:
        self.assertEqual(speed.check(report(**{name: rate / 4.99 for name, rate in RATES.items()})), [])
        for name, rate in RATES.items():
            missed = speed.check(report(**{name: rate / 5.01}))
            self.assertEqual(len(missed), 0 if name == "shared memory/read" else 1, missed)

    def test_what_is_no_number_is_missed(self) -> None:
        for name in ("two stages/random", "four stages/pct"):
            self.assertEqual(len(speed.check(report(**{name: float("nan")}))), 1)

    def test_a_missed_target_is_told_with_its_figure(self) -> None:
        slow = speed.check(report(**{"four stages/pct": 10}))[0]
        self.assertIn("one schedule, PCT: 100 ms, and the target is 10 (", slow)
        slow = speed.check(report(**{"two stages/random": 1_000}))[0]
        self.assertIn("tiles: random: 1,000 schedules per second, and the target is 50,000 (", slow)

    def test_a_benchmark_that_is_missing_is_a_complaint(self) -> None:
        less = report()
        less.measurements.pop()
        with self.assertRaisesRegex(Complaint, "did not measure shared memory/read"):
            speed.check(less)

    def test_a_record_holds_rounded_figures_and_where_they_come_from(self) -> None:
        fast = report(**{"two stages/random": 98_765.4, "shared memory/read": 4e7})
        recorded = speed.entry(fast, "CPU", "abc1234", datetime.date(2026, 11, 21))
        self.assertEqual(recorded["date"], "2026-11-21")
        self.assertEqual(recorded["compiler"], "g++ 12.2.0")
        figures = recorded["figures"]
        assert isinstance(figures, list)
        self.assertEqual((figures[0]["value"], figures[0]["target"]), (98_800, 50_000))
        self.assertIn("(1,234 runs, 567 states)", figures[4]["what"])
        self.assertEqual((figures[5]["value"], figures[5]["unit"]), (25, "ns"))


if __name__ == "__main__":
    unittest.main()
