"""trace: from what lanes did to rows, and the three ways to draw them, on a ring of one slot and two tiles."""

from __future__ import annotations

import dataclasses
import json
import re
import xml.etree.ElementTree as xml
from pathlib import Path
from typing import Any

from lab import timeline, trace, trace_chrome, trace_svg, trace_text
from lab.complaint import Complaint
from lab.tests.fake import CHAPTERS, FakeCheckout, printed, write
from lab.timeline import Mark, Row, Span

_LINE = {"wait": 30, "request": 20, "arrival": 19}


def _event(kind: str, thread: int, begin: int, end: int | None = None, **other: Any) -> dict[str, Any]:
    event = {"kind": kind, "block": 0, "thread": thread, "lanes": 1, "begin": begin, "end": end, "object": ""}
    return {**event, "place": -1, "phase": 0, "bytes": 0, "line": _LINE.get(kind, 0), **other}


def _full(kind: str, thread: int, begin: int, end: int | None = None, phase: int = 0, size: int = 0) -> dict[str, Any]:
    return _event(kind, thread, begin, end, object="full", place=64, phase=phase, bytes=size)


# Lane 0 asks for two tiles, one after the other; lanes 0 and 1 of warp 0 wait for them; warp 1 leaves at once.
RING = [
    _event("exit", 32, 1),
    _full("arrival", 0, 4),
    _full("request", 0, 5, 25, size=100),
    _full("wait", 1, 3, 25),
    _full("wait", 0, 6, 25),
    _full("completion", -1, 25),
    _full("request", 0, 30, 50, phase=1, size=100),
    _full("wait", 0, 31, 50, phase=1),
    _full("wait", 1, 29, 50, phase=1),
    _full("completion", -1, 50, phase=1),
    _event("exit", 0, 60),
    _event("exit", 1, 58),
]


def _document(events: list[dict[str, Any]], wrong: str = "", name: str = "1 stage") -> dict[str, Any]:
    runs = [{"configuration": name, "wrong": wrong, "events": events}]
    return {"machine": "the emulator", "unit": "ticks", "copy_ticks": 20, "shape": "2 tiles", "runs": runs}


def _rows(events: list[dict[str, Any]]) -> list[Row]:
    return timeline.read(_document(events)).timelines[0].blocks[0]


def _spans(row: Row) -> list[tuple[str, int, int]]:
    return [(span.kind, span.begin, span.end) for span in row.spans]


class Rows(FakeCheckout):
    def test_a_warp_waits_when_its_last_lane_has_come_and_works_when_it_does_nothing_else(self) -> None:
        warp, barrier = _rows(RING)
        self.assertEqual(warp.label, "warp 0")
        asks = [("work", 0, 5), ("ask", 5, 6), ("wait", 6, 25), ("work", 25, 30), ("ask", 30, 31), ("wait", 31, 50)]
        self.assertEqual(_spans(warp), [*asks, ("work", 50, 60)])
        self.assertAlmostEqual(warp.share("wait"), (19 + 19) / 60)
        self.assertEqual(warp.spans[2].text, "waits for phase 0 of full (line 30): 19 ticks")
        self.assertEqual((barrier.kind, barrier.label), ("mbarrier", "full"))
        self.assertEqual(_spans(barrier), [("copies", 5, 25), ("copies", 30, 50)])
        self.assertEqual([(mark.time, mark.number) for mark in barrier.marks], [(25, 0), (50, 1)])

    def test_the_copies_of_a_phase_are_one_span_from_the_first_request_to_the_last_landing(self) -> None:
        events = [_full("request", lane, 5 + lane, 25 + lane, size=100) for lane in range(3)]
        text = "3 copies, 300 bytes, for phase 0 of full: 22 ticks"
        self.assertEqual(_rows(events)[1].spans, [Span("copies", 5, 27, text)])

    def test_warps_without_copies_are_left_out_unless_there_is_no_other(self) -> None:
        read = timeline.read(_document(RING)).timelines[0]
        self.assertEqual(read.left_out, 1)
        alone = timeline.read(_document([RING[0]])).timelines[0]
        self.assertEqual(([row.label for row in alone.blocks[0]], alone.left_out), (["warp 1"], 0))

    def test_an_arrival_is_marked_where_the_warp_asks_for_nothing(self) -> None:
        self.assertEqual(_rows(RING)[0].marks, [])
        release = _event("arrival", 0, 55, object="empty", place=72)
        arrival = Mark("arrival", 55, 0, "arrives at phase 0 of empty (line 19)")
        self.assertEqual(_rows([*RING, release])[0].marks, [arrival])

    def test_a_barrier_of_several_warps_stands_below_them(self) -> None:
        other = _event("arrival", 40, 9, object="full", place=64)
        self.assertEqual([row.label for row in _rows([*RING, other])], ["warp 0", "warp 1", "full"])

    def test_barriers_of_one_name_in_several_places_are_several(self) -> None:
        twin = {**_full("request", 32, 5, 25), "place": 128}
        self.assertEqual([row.label for row in _rows([*RING, twin])], ["warp 0", "full", "warp 1", "full"])

    def test_a_warp_goes_on_with_the_last_of_its_lanes_in_whatever_order_they_are_told(self) -> None:
        lanes = [_full("wait", 0, 5, 40), _full("wait", 1, 5, 30), _event("exit", 0, 50)]
        for events in (lanes, [lanes[1], lanes[0], lanes[2]]):
            self.assertEqual(_spans(_rows(events)[0]), [("work", 0, 5), ("wait", 5, 40), ("work", 40, 50)])

    def test_a_wait_for_what_is_there_leaves_the_work_in_one_piece(self) -> None:
        warp = _rows([_full("wait", 0, 20, 20), _event("exit", 0, 50)])[0]
        self.assertEqual(_spans(warp), [("work", 0, 50)])

    def test_a_launch_that_recorded_nothing_has_no_rows(self) -> None:
        read = timeline.read(_document([], wrong="error: it asks for too much shared memory"))
        self.assertEqual(read.timelines[0].blocks, [])
        self.assertEqual(trace_text.render(read)[1], "stopped: error: it asks for too much shared memory")
        xml.fromstring(trace_svg.render(read, "A ring"))

    def test_a_wait_or_a_copy_that_does_not_end_lasts_to_the_end(self) -> None:
        rows = _rows([_full("request", 0, 5), _full("wait", 0, 6), _event("exit", 40, 80)])
        self.assertEqual(_spans(rows[0]), [("work", 0, 5), ("ask", 5, 6), ("wait", 6, 88)])
        self.assertEqual(rows[0].spans[-1].text, "waits for phase 0 of full (line 30): without end")
        self.assertEqual(_spans(rows[1]), [("copies", 5, 88)])

    def test_a_wait_that_nothing_follows_is_to_be_seen_and_the_run_is_as_long_as_it_was(self) -> None:
        read = timeline.read(_document([_event("arrival", 0, 10), _full("wait", 0, 100)])).timelines[0]
        self.assertEqual(_spans(read.blocks[0][0]), [("work", 0, 100), ("wait", 100, 110)])
        self.assertEqual((read.last, read.end), (100, 110))

    def test_groups_of_cp_async_take_as_many_rows_as_are_on_their_way_together(self) -> None:
        def request(group: int, begin: int) -> dict[str, Any]:
            return _event("request", 0, begin, begin + 20, object="cp.async", phase=group)

        rows = _rows([request(0, 5), request(1, 10), request(2, 25), request(3, 46)])[1:]
        self.assertEqual([row.label for row in rows], ["cp.async", "cp.async"])
        self.assertEqual([mark.number for mark in rows[0].marks], [0, 2, 3])
        self.assertEqual([mark.number for mark in rows[1].marks], [1])

    def test_warps_that_do_the_same_are_folded_and_others_are_not(self) -> None:
        def waits(warp: int, end: int) -> list[dict[str, Any]]:
            return [_event("wait", 32 * warp, 5, end, object="cp.async"), _event("exit", 32 * warp, 60)]

        rows = _rows([*waits(0, 20), *waits(1, 20), *waits(2, 20), *waits(3, 21)])
        self.assertEqual([row.label for row in timeline.folded(rows)], ["warps 0-2", "warp 3"])
        self.assertEqual(len(rows), 4)


_GOLDEN = """\
1 stage: 60 ticks   (warps without copies and mbarriers, left out: 1)                          waits
warp 0 #######>>...........................#######>>............................##############  63 %
  full        ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~0      ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~1

# works   > asks for copies   . waits   ~ copies under way   0 1 2 phase (cp.async: group) complete
A column is 0.69 ticks. Ticks are no times: a call or an access takes 1, a copy 20.
"""


class Drawings(FakeCheckout):
    def test_the_text_is_what_it_was(self) -> None:
        lines = trace_text.render(timeline.read(_document(RING)))
        self.assertEqual("\n".join(lines) + "\n", _GOLDEN)

    def test_several_launches_have_one_scale(self) -> None:
        document = _document(RING)
        document["runs"].append(_document([_event("wait", 0, 2, 28), _event("exit", 0, 30)], name="short")["runs"][0])
        lines = trace_text.render(timeline.read(document))
        long, short = (next(line for line in lines[at:] if line.startswith("warp")) for at in (0, 4))
        self.assertEqual(len(long[7:-6].rstrip()), 2 * len(short[7:-6].rstrip()) - 1)

    def test_a_red_kernel_says_what_stopped_it(self) -> None:
        read = timeline.read(_document(RING, wrong="error[deadlock]: nobody can go on\n   more"))
        self.assertEqual(trace_text.render(read)[1], "stopped: error[deadlock]: nobody can go on")
        self.assertIn("1 stage: 60 ticks, stopped by error[deadlock]<", trace_svg.render(read, "A ring"))

    def test_the_picture_is_well_formed_and_speaks(self) -> None:
        root = xml.fromstring(trace_svg.render(timeline.read(_document(RING)), "Rings & slots"))
        kind = "{http://www.w3.org/2000/svg}"
        self.assertEqual(root.findtext(f"{kind}title"), "Rings & slots (1 stage): what each warp does when")
        self.assertEqual(root.attrib["role"], "img")
        rects = {rect.findtext(f"{kind}title"): rect.attrib for rect in root.iter(f"{kind}rect")}
        scale = (880 - 84 - 60) / 60
        wait = rects["waits for phase 0 of full (line 30): 19 ticks"]
        place = (wait["x"], wait["width"], wait["height"])
        self.assertEqual(place, (f"{84 + 6 * scale:.1f}", f"{19 * scale:.1f}", "6"))
        self.assertNotEqual(rects["phase 0"]["fill"], rects["phase 1"]["fill"])
        self.assertEqual(rects["phase 0"]["fill"], rects["phase 2"]["fill"])
        sizes = [float(text.attrib.get("font-size", "12")) for text in root.iter(f"{kind}text")]
        self.assertGreaterEqual(min(sizes), 11)

    def test_waits_too_short_to_be_seen_leave_no_gap_and_requests_stay(self) -> None:
        wait = _event("wait", 0, 1000, 1001, object="__syncthreads()")
        events = [wait, _event("request", 0, 2000, 2500, object="cp.async"), _event("exit", 0, 9000)]
        root = xml.fromstring(trace_svg.render(timeline.read(_document(events)), "A ring"))
        titles = [title.text or "" for title in root.iter("{http://www.w3.org/2000/svg}title")]
        self.assertEqual([title for title in titles if "__syncthreads" in title], [])
        self.assertEqual(len([title for title in titles if title.startswith("asks for")]), 1)

    def test_chromes_format_has_a_thread_a_warp_and_pairs_of_events_for_copies(self) -> None:
        events = trace_chrome.convert(timeline.read(_document(RING)))["traceEvents"]
        names = [event["args"]["name"] for event in events if event["ph"] == "M"]
        self.assertEqual(names, ["1 stage, block 0", "warp 0"])
        waits = [(event["ts"], event["dur"]) for event in events if event.get("cat") == "wait"]
        self.assertEqual(waits, [(6, 19), (31, 19)])
        begins = {event["id"]: event["ts"] for event in events if event["ph"] == "b"}
        ends = {event["id"]: event["ts"] for event in events if event["ph"] == "e"}
        self.assertEqual([(begins[key], ends[key]) for key in begins], [(5, 25), (30, 50)])
        instants = [(event["name"], event["ts"]) for event in events if event["ph"] == "i"]
        self.assertEqual(instants, [("phase 0 of full is complete", 25), ("phase 1 of full is complete", 50)])

    def test_cycles_are_shown_as_nanoseconds(self) -> None:
        read = dataclasses.replace(timeline.read(_document(RING)), unit="cycles")
        events = trace_chrome.convert(read)["traceEvents"]
        self.assertEqual([event["ts"] for event in events if event.get("cat") == "wait"], [0.006, 0.031])


class Verb(FakeCheckout):
    def trace(
        self, document: dict[str, Any], preset: str = "emulator", kernel: Path | None = None
    ) -> tuple[int, str]:
        recorded = self.project.root / "recorded.json"
        recorded.write_text(json.dumps(document))
        name = "ch01_given_trace" if kernel else "ch01_trace"
        self.program(name, f'cp "{recorded}" "$1"; [ "$2" = "1 stage" ]', preset)
        with printed() as output:
            code = trace.trace(self.project, CHAPTERS[0], kernel, ("1 stage",))
        return code, output.getvalue()

    def test_a_gpu_is_used_where_there_is_one_and_the_page_says_cycles(self) -> None:
        self.with_gpu()
        records = [
            _event("request", 0, 1000, place=64),
            _event("wait begins", 0, 1010, place=64),
            _event("wait ends", 0, 1900, place=64),
        ]
        document = {**_document(records), "machine": "NVIDIA H200", "unit": "cycles", "copy_ticks": 0}
        code, output = self.trace(document, "cuda")
        self.assertEqual(code, 0)
        self.assertIn("01_baseline on NVIDIA H200: ", output)
        self.assertIn("\n1 stage: 900 cycles ", output)
        self.assertIn("\n  byte 64 ~~~", output)
        self.assertNotIn("Ticks", output)
        self.assertIn(" cycles. To record a call takes its warp about 200 cycles: ", output)

    def test_it_draws_and_says_where(self) -> None:
        code, output = self.trace(_document(RING))
        self.assertEqual(code, 0)
        self.assertIn("01_baseline on the emulator: chapters/01_baseline/kernel.cu\n2 tiles\n", output)
        self.assertIn("\npicture: build/trace/01.svg ", output)
        self.assertTrue((self.project.traces / "01.svg").read_text().startswith("<svg"))
        self.assertIn("traceEvents", json.loads((self.project.traces / "01.json").read_text()))
        self.assertLessEqual(max(map(len, output.splitlines())), 100)

    def test_a_red_kernel_is_drawn_and_is_red(self) -> None:
        code, output = self.trace(_document(RING, wrong="error[deadlock]: nobody can go on"))
        self.assertEqual(code, 1)
        self.assertIn("warp 0 ###", output)
        self.assertTrue(output.endswith("The kernel is red: ./lab check 1\n"), output)

    def test_an_open_todo_is_one_sentence_and_no_picture(self) -> None:
        with self.assertRaisesRegex(Complaint, r"^TODO 1.2 is not done yet, and only a whole kernel"):
            self.trace(_document([], wrong="error[todo]: TODO 1.2 is not done yet\n   kernel.cu:3"))
        self.assertFalse((self.project.traces / "01.svg").exists())

    def test_of_another_kernel_it_says_how_to_check_that_one(self) -> None:
        other = self.project.root / "other.cu"
        write(other, "int other;\n")
        command = re.escape(f"./lab check 1 --kernel '{other}'")
        code, output = self.trace(_document(RING, wrong="error[deadlock]: nobody can go on"), kernel=other)
        self.assertEqual(code, 1)
        self.assertRegex(output, f"The kernel is red: {command}\n$")
        with self.assertRaisesRegex(Complaint, f": {command}$"):
            self.trace(_document([], wrong="error[todo]: TODO 1.2 is not done yet"), kernel=other)

    def test_what_the_program_says_when_it_fails_is_the_sentence(self) -> None:
        said = 'the kernel has no configuration "5 stages": it registers "1 stage"'
        self.program("ch01_trace", f"echo '{said}' >&2; exit 1")
        with self.assertRaisesRegex(Complaint, '^the kernel has no configuration "5 stages": it registers "1 stage".$'):
            trace.trace(self.project, CHAPTERS[0], None, ("5 stages",))
        self.program("ch01_trace", "exit 3")
        with self.assertRaisesRegex(Complaint, "^ch01_trace ended with exit code 3.$"):
            trace.trace(self.project, CHAPTERS[0], None, ())
