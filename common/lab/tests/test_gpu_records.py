"""A GPU's records as events: phases from parities, landings from waits, names from the kernel's source."""

from __future__ import annotations

import unittest

from lab import gpu_records
from lab.events import Event

_SOURCE = ["// a kernel", "    mbarrier_init(shared.full[slot], 8);", "    mbarrier_init(shared->empty, 1);"]


def _record(kind: str, clock: int, place: int = -1, value: int = 0, thread: int = 0, lanes: int = 32) -> Event:
    return Event(kind, 0, thread, lanes, 1000 + clock, None, "", place, value, 0, 2)


def _wait(clock: int, until: int, place: int, parity: int) -> list[Event]:
    return [_record("wait begins", clock, place, parity), _record("wait ends", until, place, parity)]


def _of(records: list[Event], kind: str) -> list[Event]:
    return [event for event in gpu_records.events_of(records, _SOURCE) if event.kind == kind]


class Mbarriers(unittest.TestCase):
    def test_each_wait_is_for_the_phase_whose_turn_it_is_and_a_second_one_for_the_same(self) -> None:
        parities = (0, 0, 1, 0)
        waits = [record for k, parity in enumerate(parities) for record in _wait(100 * k, 100 * k + 40, 64, parity)]
        self.assertEqual([wait.phase for wait in _of(waits, "wait")], [0, 0, 1, 2])

    def test_a_fresh_barrier_needs_no_phase_for_parity_1(self) -> None:
        waits = [*_wait(0, 1, 64, 1), *_wait(10, 50, 64, 0), *_wait(60, 90, 64, 1)]
        self.assertEqual([wait.phase for wait in _of(waits, "wait")], [-1, 0, 1])
        self.assertEqual([ended.phase for ended in _of(waits, "completion")], [0, 1])

    def test_the_clock_begins_with_the_blocks_first_record(self) -> None:
        wait = _of([_record("init", 7, 64), *_wait(10, 30, 64, 0)], "wait")[0]
        self.assertEqual((wait.begin, wait.end), (3, 23))

    def test_a_copy_lands_at_the_latest_when_the_first_wait_for_its_phase_passes(self) -> None:
        records = [_record("request", 0, 64), *_wait(10, 50, 64, 0), _record("request", 60, 64), *_wait(70, 99, 64, 1)]
        records += [_record("wait begins", 5, 64, 0, thread=32), _record("wait ends", 45, 64, 0, thread=32)]
        requests = _of(records, "request")
        self.assertEqual([(request.phase, request.end) for request in requests], [(0, 45), (1, 99)])
        self.assertEqual([ended.begin for ended in _of(records, "completion")], [45, 99])

    def test_a_copy_that_nobody_has_waited_for_has_no_end(self) -> None:
        self.assertIsNone(_of([_record("request", 0, 64)], "request")[0].end)

    def test_a_wait_that_does_not_pass_has_no_end(self) -> None:
        self.assertIsNone(_of([_record("wait begins", 0, 64)], "wait")[0].end)

    def test_an_end_whose_beginning_is_not_there_is_no_wait(self) -> None:
        for end in ("wait ends", "group wait ends", "block barrier ends"):
            self.assertEqual(gpu_records.events_of([_record(end, 0, 64)], _SOURCE), [])

    def test_names_are_the_emulators(self) -> None:
        inits = [_record("init", 0, place) for place in (72, 64)]
        other = _record("init", 1, 80)
        other.line = 3
        unknown = _record("init", 2, 88)
        unknown.line = 99
        waits = [record for place in (64, 72, 80, 88, 96) for record in _wait(10, 20, place, 0)]
        names = [wait.object for wait in _of([*inits, other, unknown, *waits], "wait")]
        self.assertEqual(names, ["full[0]", "full[1]", "empty", "the barrier of line 99", "byte 96"])


class Groups(unittest.TestCase):
    def test_a_group_lands_at_the_latest_when_a_wait_for_it_passes(self) -> None:
        records: list[Event] = []
        for clock in (0, 10, 20):
            records += [_record("cp.async", clock, value=16), _record("commit", clock + 1)]
        records += [_record("group wait begins", 30, value=1), _record("group wait ends", 60, value=1)]
        records += [_record("group wait begins", 70), _record("group wait ends", 90)]
        requests = _of(records, "request")
        landed = [(request.phase, request.end, request.bytes) for request in requests]
        self.assertEqual(landed, [(0, 60, 16), (1, 60, 16), (2, 90, 16)])
        waits = [(wait.object, wait.phase) for wait in _of(records, "wait")]
        self.assertEqual(waits, [("cp.async", 1), ("cp.async", 2)])

    def test_block_barriers_are_waits(self) -> None:
        wait = _of([_record("block barrier begins", 0), _record("block barrier ends", 30)], "wait")[0]
        self.assertEqual((wait.object, wait.begin, wait.end, wait.place), ("__syncthreads()", 0, 30, -1))
