"""record_grid.py: what becomes a cell."""

from __future__ import annotations

import unittest

from record_grid import grid  # before what it makes importable

from lab.benchmark import Measurement, Report


def measured(row: str, column: str, ms: float, unit: str = "ms", **counters: float) -> Measurement:
    return Measurement(row, column, ms, 0.01, 3, counters, unit)


class Grid(unittest.TestCase):
    def test_a_time_is_kept_with_the_blocks_that_fitted(self) -> None:
        made = grid(Report({}, [measured("2 stages", "all", 1.23456, blocks_per_sm=10)]))
        cell = {"row": "2 stages", "column": "all", "value": 1.235, "blocks_per_sm": 10}
        self.assertEqual(made, {"unit": "ms", "cells": [cell]})

    def test_times_are_in_microseconds_where_the_program_gives_them_all_so(self) -> None:
        mission = measured("2 stages", "mission", 0.02225, unit="us", blocks_per_sm=4)
        long = measured("2 stages", "long", 0.1, unit="us", blocks_per_sm=4)
        large = measured("2 stages", "large", 8.4, unit="ms", blocks_per_sm=4)
        for rows, unit, values in (([mission, long], "us", [22.25, 100]), ([mission, large], "ms", [0.02225, 8.4])):
            made = grid(Report({}, rows))
            self.assertEqual((made["unit"], [cell["value"] for cell in made["cells"]]), (unit, values))

    def test_where_fewer_blocks_fit_than_the_column_says_there_is_no_cell(self) -> None:
        rows = [measured("8 stages", column, 2.0, blocks_per_sm=3) for column in ("2", "3", "4")]
        self.assertEqual([cell["column"] for cell in grid(Report({}, rows))["cells"]], ["3"])

    def test_a_rate_is_recorded_in_place_of_the_time(self) -> None:
        made = grid(Report({}, [measured("2 x 2, 1 stage", "16", 9.0, cycles_per_box=7.0412)]))
        cell = {"row": "2 x 2, 1 stage", "column": "16", "value": 7.041}
        self.assertEqual(made, {"unit": "cycles a box", "cells": [cell]})


if __name__ == "__main__":
    unittest.main()
