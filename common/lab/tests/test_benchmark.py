"""Summing up repetitions, tables of compare and run."""

from __future__ import annotations

import json
import unittest

from lab import benchmark, compare
from lab.complaint import Complaint


def row(variant: str, ms: float, counters: dict[str, float] | None = None, **more: float) -> dict[str, object]:
    """One repetition as Google Benchmark 1.7.1 writes it."""
    name = f"{variant}/field local/manual_time"
    own = {"name": name, "run_name": name, "run_type": "iteration", "repetition_index": 0, "iterations": 3}
    return {**own, "real_time": ms * 1e3, "cpu_time": 7.0, "time_unit": "us", **(counters or {}), **more}


def document(*rows: dict[str, object], **context: str) -> str:
    """A whole result file."""
    return json.dumps({"context": context, "benchmarks": rows})


class Benchmark(unittest.TestCase):
    def test_median_and_half_the_interquartile_range(self) -> None:
        self.assertEqual(benchmark.median_and_noise([9, 1, 2, 3, 4, 5, 6, 7, 100]), (5, 2))
        self.assertEqual(benchmark.median_and_noise([3.5]), (3.5, 0.0))

    def test_raw_repetitions_are_summed_up_and_aggregates_left_out(self) -> None:
        aggregate = row("reference", 77.0) | {"run_type": "aggregate"}
        rows = [row("reference", ms, dram_bound_ms=1.0, l1_bound_ms=1.5, registers=40) for ms in (2.0, 4.0, 3.0)]
        report = benchmark.parse(document(*rows, aggregate, row("given", 5.0), gpu="G"), "ch01_compare")
        reference = report.at("reference", "field local")
        assert reference
        self.assertEqual((reference.ms, reference.noise_ms, reference.repetitions), (3.0, 0.5, 3))
        self.assertEqual(reference.unit, "us")
        self.assertEqual(reference.counters["registers"], 40)
        self.assertEqual(reference.largest_bound, ("L1", 1.5))
        self.assertEqual(report.context["gpu"], "G")
        self.assertIsNotNone(report.at("yours", "field local"), "a given kernel is measured as yours")
        self.assertIsNone(report.at("previous", "field local"))

    def test_an_error_or_nothing_measured_is_a_complaint(self) -> None:
        failed = row("yours", 1.0) | {"error_occurred": True, "error_message": "wrong after timing"}
        for text, sentence in (
            (document(failed), "wrong after timing"),
            (document(), "measured nothing"),
            ("{", "no readable results"),
        ):
            with self.assertRaisesRegex(Complaint, sentence):
                benchmark.parse(text, "ch01_bench")


class Compare(unittest.TestCase):
    def verdict(self, *rows: dict[str, object]) -> str:
        return compare.times(benchmark.parse(document(*rows), "b"), "chapter 02")[-1]

    def test_times_name_both_ratios_and_the_bound(self) -> None:
        rows = [row("yours", 3.0, l1_bound_ms=0.3), row("reference", 2.0), row("previous", 4.0)]
        lines = compare.times(benchmark.parse(document(*rows), "b"), "chapter 02")
        self.assertRegex(lines[1], r"^field local +3 ± 0 +2 ± 0 +4 ± 0 +0.3 ms L1 +1\.50x +0\.75x$")
        self.assertLessEqual(len(lines[1]), 100)
        speeds = "Yours is 1.33x as fast as chapter 02 and 0.67x as fast as the reference"
        self.assertEqual(lines[-1], f"{speeds}; at field local it reaches 10 % of its nearest bound (L1).")

    def test_over_several_shapes_the_speeds_are_a_range_and_the_bound_is_the_nearest(self) -> None:
        rows = [row("yours", 2.0, l1_bound_ms=0.3, dram_bound_ms=0.1), row("reference", 2.0)]
        for other in (row("yours", 2.0, l1_bound_ms=0.2, dram_bound_ms=1.8), row("reference", 3.0)):
            rows.append(other | {key: str(other[key]).replace("field", "detr") for key in ("name", "run_name")})
        speeds = "Yours is 1.00x to 1.50x as fast as the reference"
        self.assertEqual(self.verdict(*rows), f"{speeds}; at detr local it reaches 90 % of its nearest bound (DRAM).")

    def test_a_difference_within_the_noise_is_called_that(self) -> None:
        rows = [row("yours", ms) for ms in (1.0, 2.0, 3.0)] + [row("reference", ms) for ms in (1.1, 2.1, 3.1)]
        self.assertEqual(self.verdict(*rows), "Yours is as fast as the reference, within the noise.")

    def test_counts_show_no_time_and_name_what_differs(self) -> None:
        same = {"stores": 5.0, "registers": 0.0, "points_per_second": 789.0}
        rows = [row("yours", 123.0, same, global_loads=2000), row("reference", 456.0, same, global_loads=1000)]
        text = "\n".join(compare.counts(benchmark.parse(document(*rows), "b")))
        self.assertRegex(text, r"global loads +2,000 +1,000 +- +2\.00x")
        self.assertIn("Compared with the reference yours makes more global loads.", text)
        self.assertNotRegex(text, "123|456|789|registers")
